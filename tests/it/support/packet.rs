//! A mechanism of three organisations with an agreement in force, people who consented, and packets handed in and fetched over the
//! API as gateways do it.

use std::sync::Arc;

use serde_json::{Value, json};
use throughline::{
    agreements::Document,
    consent::{Attested, Claims, Made, Record},
    crypto::{DecryptionKey, Typ, sign_compact},
    kernel::{
        Digest,
        id::{CertificateId, Ids as _, PacketId, ReferralId, SubjectToken, SystemIds},
    },
    packets::{
        AgreementRef, Desk, Draft, DraftField, KeyLookup, KnownKey, Opened, PacketError, PacketKind, Reader,
        Reading, ScopeRef, Sealed, open, press,
    },
    policy::{Field, FieldId, FormValue, Mode, Policy, Shape},
};

use super::{
    Org, Response, TestHub,
    agreement::{Agreed, agreed, document},
    client, listed, send,
};

/// Something no hub may ever hold.
pub(crate) const CANARY: &str = "Wezi-Canary-Banda";

const RECORD: &str = include_str!("../../../schemas/consent/examples/valid/record.v1.thumbprint.json");

/// Who sends, who treats, who gives legal aid, and what they signed.
pub(crate) struct Mechanism {
    pub(crate) hub: TestHub,
    pub(crate) harbour: Org,
    pub(crate) clinic: Org,
    pub(crate) lawyers: Org,
    pub(crate) agreed: Agreed,
}

/// A person who agreed to something.
pub(crate) struct Person {
    pub(crate) record: Value,
    pub(crate) subject: SubjectToken,
    /// What stands on the person's receipt.
    pub(crate) code: String,
}

/// A certificate that is registered.
#[derive(Clone)]
pub(crate) struct Certified {
    pub(crate) id: CertificateId,
    pub(crate) digest: Digest,
    pub(crate) token: String,
}

/// What the hub serves of a packet.
pub(crate) struct Served {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) receipt: String,
}

impl Served {
    /// The stable code of a problem.
    pub(crate) fn code(&self) -> String {
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        problem["code"].as_str().unwrap().to_owned()
    }
}

impl Mechanism {
    pub(crate) async fn new() -> Self {
        Self::agreeing(|_| {}).await
    }

    /// With a change to what the parties sign. The clinic may write back about what it was sent for.
    pub(crate) async fn agreeing(edit: impl FnOnce(&mut Value)) -> Self {
        Self::on(TestHub::new(), edit).await
    }

    /// On a hub of one's own.
    pub(crate) async fn on(hub: TestHub, edit: impl FnOnce(&mut Value)) -> Self {
        let harbour = hub.org("Harbour Aid").await;
        let clinic = hub.org("Clinic of the Lake").await;
        let lawyers = hub.org("Advocates of the Bay").await;
        let mut text = document(&hub, [&harbour, &clinic, &lawyers]);
        let mut back = text["flows"][0].clone();
        back["from"] = json!(clinic.id);
        back["to"] = json!(harbour.id);
        back["purposes"].as_array_mut().unwrap().truncate(1);
        text["flows"].as_array_mut().unwrap().push(back);
        edit(&mut text);
        let agreed = agreed(&hub, &[&harbour, &clinic, &lawyers], &text).await;
        let mechanism = Self { hub, harbour, clinic, lawyers, agreed };
        mechanism.offers(&mechanism.clinic, "SV07").await;
        mechanism.offers(&mechanism.lawyers, "SV12").await;
        mechanism
    }

    /// Those who keep the directory list a service of one of them.
    pub(crate) async fn offers(&self, org: &Org, service: &str) -> Response {
        let body = json!({ "organisation": org.id, "service": service, "name": "A service", "description": "What it is" });
        let body = listed(&self.hub, &body).await;
        Response { status: 201, headers: reqwest::header::HeaderMap::new(), body }
    }

    /// Somebody the harbour asked, as the worked example answers.
    pub(crate) fn person(&self) -> Person {
        self.person_who(|_| {})
    }

    /// Somebody the harbour asked, with other answers.
    pub(crate) fn person_who(&self, edit: impl FnOnce(&mut Value)) -> Person {
        let mut text = self.hub.moved(RECORD);
        for (n, org) in [&self.harbour, &self.clinic, &self.lawyers].into_iter().enumerate() {
            text =
                text.replace(&format!("org_0192f0c100007000800000000000000{}", n + 1), &org.id.to_string());
        }
        text = text.replace("dsa_0192f0c1000070008000000000000010", &self.agreed.id.to_string());
        let mut record: Value = serde_json::from_str(&text).unwrap();
        let subject = SubjectToken::new(&SystemIds, self.hub.now());
        let mut random = [0_u8; 8];
        SystemIds.random(&mut random);
        let four = |n: usize| format!("{:04}", u16::from_le_bytes([random[n], random[n + 1]]) % 10_000);
        let code = format!("{}-{}-{}-{}", four(0), four(2), four(4), four(6));
        record["subject"] = json!(subject);
        record["withdrawal"]["code"] = json!(code);
        edit(&mut record);
        Person { record, subject, code }
    }

    /// What the certificate of a record for one recipient says.
    pub(crate) fn claims(&self, person: &Person, recipient: &Org) -> Claims {
        let bytes = serde_json::to_vec(&person.record).unwrap();
        let record = Record::parse(&bytes).unwrap();
        let agreement = Document::parse(self.agreed.document.as_bytes()).unwrap();
        let made = Made {
            id: CertificateId::new(&SystemIds, self.hub.now()),
            record: Digest::of(record.bytes().unwrap().expose()),
            at: self.hub.now(),
            policy: Policy::builtin(),
        };
        Claims::of(&record, recipient.id, made, |_| Some(agreement.validity.until)).unwrap()
    }

    /// The certificate of a record for one recipient, signed and not registered.
    pub(crate) fn certificate(&self, person: &Person, recipient: &Org) -> Certified {
        let claims = self.claims(person, recipient);
        let token = sign_compact(&self.harbour.signing, Typ::Scope, &claims.bytes().unwrap()).unwrap();
        Certified { id: claims.id, digest: Digest::of(&token), token }
    }

    /// Registers a certificate of the harbour's.
    pub(crate) async fn register(&self, certified: &Certified) -> Response {
        self.harbour.post(&self.hub, "/api/v1/certificates", &json!({ "certificate": certified.token })).await
    }

    /// Makes and registers the certificate for a recipient.
    pub(crate) async fn certify(&self, person: &Person, recipient: &Org) -> Certified {
        let certified = self.certificate(person, recipient);
        self.register(&certified).await.expect(201);
        certified
    }

    /// The referral of a person to the clinic, with every field the person and the agreement allow.
    pub(crate) fn draft(&self, person: &Person, certified: &Certified) -> Draft {
        let at = self.hub.now();
        let fields =
            ["CF.case_token", "CF.name", "CF.age_band", "CF.phone", "CF.language", "CF.need", "CF.pregnancy"];
        Draft {
            kind: PacketKind::Referral,
            re: None,
            sender: self.harbour.id,
            recipients: vec![self.clinic.id],
            made: at,
            expires: at.plus(chrono::TimeDelta::days(20)),
            referral: ReferralId::new(&SystemIds, at),
            parent: None,
            received: std::collections::BTreeSet::new(),
            subject: person.subject,
            agreement: AgreementRef { id: self.agreed.id, ver: self.agreed.version, h: self.agreed.digest },
            mode: Mode::Consent,
            scope: Some(ScopeRef { id: certified.id, h: certified.digest }),
            purpose: "P01".parse().unwrap(),
            service: "SV07".parse().unwrap(),
            urgency: "U2".parse().unwrap(),
            retention: "RT02".parse().unwrap(),
            onward: "OW00".parse().unwrap(),
            attested: Attested::default(),
            minset: "ms_health".parse().unwrap(),
            fields: fields.map(field).into(),
            files: Vec::new(),
            readers: readers(&[&self.harbour, &self.clinic]),
        }
    }

    /// The referral of a person to the lawyers, with a most sensitive field.
    pub(crate) fn legal_draft(&self, person: &Person, certified: &Certified) -> Draft {
        let mut trafficking = field("ZR.6c");
        trafficking.justification = Some("JC05".parse().unwrap());
        Draft {
            recipients: vec![self.lawyers.id],
            purpose: "P07".parse().unwrap(),
            service: "SV12".parse().unwrap(),
            minset: Policy::builtin().minimum_set(&"SV12".parse().unwrap()).unwrap().id.clone(),
            fields: vec![field("CF.name"), field("CF.phone"), field("CF.nationality"), trafficking],
            readers: readers(&[&self.harbour, &self.lawyers]),
            ..self.draft(person, certified)
        }
    }

    /// Something the harbour adds to a referral.
    pub(crate) fn update(first: &Sealed, draft: Draft) -> Draft {
        Draft { kind: PacketKind::Update, re: Some(first.id), ..draft }
    }

    /// Something the clinic writes back.
    pub(crate) fn reply(&self, first: &Sealed, draft: Draft) -> Draft {
        Draft {
            kind: PacketKind::Reply,
            re: Some(first.id),
            sender: self.clinic.id,
            recipients: vec![self.harbour.id],
            fields: vec![field("CF.case_token"), field("CF.need")],
            ..draft
        }
    }

    /// Hands a draft in, sealed by its sender.
    pub(crate) async fn hand_in(&self, sender: &Org, draft: Draft) -> (Sealed, Response) {
        let sealed = seal(sender, draft);
        let response = submit(&self.hub, sender, &sealed.body).await;
        (sealed, response)
    }

    /// The same mechanism, its node started again with a profile.
    pub(crate) async fn restarted(self, profile: &Value) -> Self {
        Self { hub: self.hub.restarted(profile).await, ..self }
    }

    /// Refers a person to the clinic.
    pub(crate) async fn refer(&self, person: &Person, certified: &Certified) -> (Sealed, ReferralId) {
        let draft = self.draft(person, certified);
        let referral = draft.referral;
        let (sealed, response) = self.hand_in(&self.harbour, draft).await;
        response.expect(201);
        (sealed, referral)
    }

    /// Refers somebody new to the clinic.
    pub(crate) async fn referred(&self) -> (Person, Certified, Sealed, ReferralId) {
        let person = self.person();
        let certified = self.certify(&person, &self.clinic).await;
        let (sealed, referral) = self.refer(&person, &certified).await;
        (person, certified, sealed, referral)
    }

    /// Fetches and opens at the clinic, and hands its receipt in.
    pub(crate) async fn clinic_opens(&self, sealed: &Sealed) -> Opened {
        let served = fetch(&self.hub, &self.clinic, sealed.id).await;
        assert_eq!(served.status, 200, "{}", String::from_utf8_lossy(&served.body));
        let (opened, receipt) = opened(&self.hub, &self.clinic, &self.harbour, &served).await;
        let path = format!("/api/v1/packets/{}/receipts", sealed.id);
        self.clinic.post(&self.hub, &path, &json!({ "receipt": receipt })).await.expect(200);
        opened.unwrap()
    }

    /// What a party sees of a referral.
    pub(crate) async fn seen(&self, by: &Org, referral: ReferralId) -> Value {
        by.get(&self.hub, &format!("/api/v1/referrals/{referral}")).await.expect(200).body
    }

    /// The topics an organisation was told of since the beginning.
    pub(crate) async fn told(&self, org: &Org) -> Vec<String> {
        self.hub.clock.advance(chrono::TimeDelta::seconds(5));
        let notices = org.get(&self.hub, "/api/v1/notices?limit=200").await.expect(200).body;
        let items = notices["items"].as_array().unwrap();
        items.iter().map(|notice| notice["topic"].as_str().unwrap().to_owned()).collect()
    }
}

/// Every reader role of these organisations.
pub(crate) fn readers(orgs: &[&Org]) -> Vec<Reader> {
    let of = |org: &Org| -> Vec<Reader> {
        let keys = org.readers.iter().map(|(role, key)| Reader {
            organisation: org.id,
            role: role.parse().unwrap(),
            key: key.public().encrypter().unwrap(),
        });
        keys.collect()
    };
    orgs.iter().flat_map(|org| of(org)).collect()
}

/// A field with some value of its shape.
pub(crate) fn field(id: &str) -> DraftField {
    let id: FieldId = id.parse().unwrap();
    let value = value(Policy::builtin().field(&id).unwrap());
    DraftField { field: id, value, justification: None }
}

fn value(field: &Field) -> FormValue {
    let one = match &field.shape {
        Shape::Flag => FormValue::Flag(true),
        Shape::Count { .. } => FormValue::Count(1),
        Shape::Code { choices } => FormValue::Text(choices.codes[0].clone()),
        Shape::Date => FormValue::Text("2026-03-01".into()),
        Shape::Month => FormValue::Text("2026-03".into()),
        Shape::Time => FormValue::Text("14:30".into()),
        Shape::Text { .. } | Shape::Prose { .. } | Shape::File { .. } => FormValue::Text(CANARY.into()),
    };
    if field.many.is_some() { FormValue::Many(vec![one]) } else { one }
}

pub(crate) fn seal(sender: &Org, draft: Draft) -> Sealed {
    press(draft, &sender.signing, Policy::builtin(), &SystemIds).unwrap()
}

/// Hands a packet's bytes in.
pub(crate) async fn submit(hub: &TestHub, by: &Org, body: &[u8]) -> Response {
    submit_with(hub, Some(&by.token), body, &[("content-type", "application/rp1+json")]).await
}

/// The same with headers of one's own.
pub(crate) async fn submit_with(
    hub: &TestHub,
    token: Option<&str>,
    body: &[u8],
    headers: &[(&str, &str)],
) -> Response {
    let mut request = client().post(format!("{}/api/v1/packets", hub.url)).body(body.to_vec());
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    Response { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

/// Fetches a packet.
pub(crate) async fn fetch(hub: &TestHub, by: &Org, id: PacketId) -> Served {
    let request = client().get(format!("{}/api/v1/packets/{id}", hub.url)).bearer_auth(&by.token);
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let receipt = response.headers().get("throughline-receipt");
    let receipt = receipt.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Served { status, body: response.bytes().await.unwrap().to_vec(), receipt }
}

/// A recipient's own copy of the keys it trusts.
struct Known(Vec<KnownKey>);

impl KeyLookup for Known {
    fn key(&mut self, kid: &throughline::crypto::Kid) -> Result<Option<Arc<KnownKey>>, PacketError> {
        Ok(self.0.iter().find(|key| key.record.jwk.kid() == kid).cloned().map(Arc::new))
    }
}

/// Opens what was served, and signs that it was opened.
pub(crate) async fn opened(
    hub: &TestHub,
    by: &Org,
    from: &Org,
    served: &Served,
) -> (Result<Opened, PacketError>, String) {
    opened_by(Policy::builtin(), hub, (by, from), served).await
}

/// The same by a policy of one's own.
pub(crate) async fn opened_by(
    policy: &Policy,
    hub: &TestHub,
    (by, from): (&Org, &Org),
    served: &Served,
) -> (Result<Opened, PacketError>, String) {
    let kid = from.signing.kid().clone();
    let record = hub.hub.read(move |db| throughline::members::find_key(db, &kid)).await.unwrap().unwrap();
    let keys: Vec<DecryptionKey> = by
        .readers
        .iter()
        .map(|(_, key)| DecryptionKey::from_secret_jwk(&key.to_secret_jwk()).unwrap())
        .collect();
    let node = hub.hub.node().receipts.verifier();
    let desk = Desk {
        organisation: by.id,
        keys: &keys,
        signer: &by.signing,
        node: &node,
        policy,
        ids: &SystemIds,
        now: hub.now(),
    };
    let mut known = Known(vec![KnownKey::new(record)]);
    let opened = open(&served.body, &served.receipt, Reading::First, &desk, &mut known);
    let receipt = opened.as_ref().map(|opened| opened.receipt(&desk).unwrap()).unwrap_or_default();
    (opened, receipt)
}

/// The numbered codes of a refusal.
pub(crate) fn denials(response: &Response) -> Vec<&str> {
    let denials = response.body["denials"].as_array().unwrap_or_else(|| panic!("{}", response.body));
    denials.iter().map(|denial| denial["code"].as_str().unwrap()).collect()
}

/// Takes a consent back as the person would, with the code on the receipt and nothing else.
pub(crate) async fn take_back(hub: &TestHub, person: &Person, extent: Value) -> Response {
    let body = json!({ "code": person.code, "extent": extent });
    send(hub, None, "POST", "/api/v1/withdrawals", &[], Some(&body)).await
}
