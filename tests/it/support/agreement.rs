//! Agreements between test organisations, made through the API as their gateways would.

use serde_json::{Value, json};
use throughline::{
    crypto::{Typ, sign_compact},
    kernel::{
        Digest,
        id::{AgreementId, SystemIds},
    },
};

use super::{Org, Response, TestHub, send};

const EXAMPLE: &str =
    include_str!("../../../schemas/agreements/examples/valid/agreement.v1.health-and-legal.json");

/// An agreement that is in force.
pub(crate) struct Agreed {
    pub(crate) id: AgreementId,
    pub(crate) version: u32,
    pub(crate) digest: Digest,
    pub(crate) document: String,
}

impl Agreed {
    pub(crate) fn path(&self) -> String {
        format!("/api/v1/agreements/{}/versions/{}", self.id, self.version)
    }
}

/// The example document with these organisations in it: who sends, who treats, who gives legal aid.
pub(crate) fn document(hub: &TestHub, parties: [&Org; 3]) -> Value {
    let mut text = hub.moved(EXAMPLE);
    for (n, org) in parties.iter().enumerate() {
        let example = format!("org_0192f0c100007000800000000000000{}", n + 1);
        text = text.replace(&example, &org.id.to_string());
    }
    let mut document: Value = serde_json::from_str(&text).unwrap();
    document["id"] = json!(AgreementId::new(&SystemIds, hub.now()));
    document
}

/// Signs the bytes for an organisation.
pub(crate) fn signature(org: &Org, document: &str) -> Value {
    let token = sign_compact(&org.signing, Typ::Agreement, document.as_bytes()).unwrap();
    json!({ "token": token, "signatory": "A. Director", "office": "Director", "authority": "Statute, section 4" })
}

/// Drafts and offers a document.
pub(crate) async fn offered(hub: &TestHub, drafter: &Org, document: &Value) -> Agreed {
    let text = serde_json::to_string_pretty(document).unwrap();
    let draft = drafter.post(hub, "/api/v1/agreements", &json!({ "document": text })).await.expect(201);
    let agreed = Agreed {
        id: draft.body["id"].as_str().unwrap().parse().unwrap(),
        version: u32::try_from(draft.body["version"].as_u64().unwrap()).unwrap(),
        digest: Digest::of(&text),
        document: text,
    };
    change(hub, drafter, "PUT", &format!("{}/offer", agreed.path()), &draft, None).await.expect(200);
    agreed
}

/// Drafts, offers and has everybody sign.
pub(crate) async fn agreed(hub: &TestHub, parties: &[&Org], document: &Value) -> Agreed {
    let agreed = offered(hub, parties[0], document).await;
    for party in parties {
        let path = format!("{}/signatures", agreed.path());
        party.post(hub, &path, &signature(party, &agreed.document)).await.expect(201);
    }
    agreed
}

/// Changes something, naming the version that was read.
pub(crate) async fn change(
    hub: &TestHub,
    org: &Org,
    method: &str,
    path: &str,
    read: &Response,
    body: Option<&Value>,
) -> Response {
    let etag = read.headers["etag"].to_str().unwrap();
    send(hub, Some(&org.token), method, path, &[("if-match", etag)], body).await
}
