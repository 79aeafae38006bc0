//! A member organisation with its keys and a machine client, as its gateway would have them.

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::{Role, Tx},
    crypto::{DecryptionKey, PublicJwk, SigningKey, Typ, sign_compact},
    kernel::{
        Digest, Timestamp,
        id::{ClientId, Ids as _, OrganisationId, SystemIds},
    },
    members::{self, EnrolStaff, KeyState, Organisation, RegisterClient, StatedKey, Statement},
};

use super::{Response, TestHub, client, send};

const PASSPHRASE: &str = "four unrelated words here";

/// Reader roles every test organisation has a key for.
pub(crate) const READER_ROLES: [&str; 6] =
    ["intake", "medical", "protection", "legal", "child_protection", "case_worker"];

pub(crate) struct Org {
    pub(crate) id: OrganisationId,
    pub(crate) root: SigningKey,
    pub(crate) signing: SigningKey,
    /// Reader role and key.
    pub(crate) readers: Vec<(&'static str, DecryptionKey)>,
    pub(crate) client: ClientId,
    pub(crate) client_key: SigningKey,
    pub(crate) token: String,
    pub(crate) statements: Vec<String>,
    /// Signing keys it had before, and from when on they were somebody else's as well.
    stolen: Vec<(PublicJwk, Timestamp)>,
    /// Keys of its people that it states, with their roles.
    pub(crate) people: Vec<(PublicJwk, &'static str)>,
    /// When its keys begin.
    made: Timestamp,
}

impl Org {
    pub(super) async fn new(hub: &TestHub, organisation: Organisation, root: SigningKey) -> Self {
        let client_key = SigningKey::generate(&SystemIds).unwrap();
        let command = RegisterClient {
            name: "gateway".parse().unwrap(),
            roles: vec![Role::CaseWorker, Role::Intake, Role::Administrator, Role::DataProtection],
            key: client_key.public().clone(),
        };
        let id = organisation.id;
        let client = hub
            .hub
            .write("members.register_client", &hub.operator(), move |tx| {
                members::register_client(tx, id, &command)
            })
            .await
            .unwrap();
        let mut org = Self {
            id,
            root,
            signing: SigningKey::generate(&SystemIds).unwrap(),
            readers: READER_ROLES
                .iter()
                .map(|role| (*role, DecryptionKey::generate(&SystemIds).unwrap()))
                .collect(),
            client: client.id,
            client_key,
            token: String::new(),
            statements: Vec::new(),
            stolen: Vec::new(),
            people: Vec::new(),
            made: hub.now(),
        };
        org.sign_in(hub).await;
        org.publish(hub, KeyState::Active).await.expect(201);
        org
    }

    /// Gets a fresh access token.
    pub(crate) async fn sign_in(&mut self, hub: &TestHub) {
        let response = request_token(hub, &self.assertion(hub)).await.expect(200);
        self.token = response.body["access_token"].as_str().unwrap().to_owned();
    }

    /// Goes on as another client of the same organisation, with this role and no other.
    pub(crate) async fn sign_in_only_as(&mut self, hub: &TestHub, role: Role) {
        let (id, client_key) = (self.id, SigningKey::generate(&SystemIds).unwrap());
        let key = client_key.public().clone();
        let command = RegisterClient { name: role.name().parse().unwrap(), roles: vec![role], key };
        let register = move |tx: &mut Tx<'_>| members::register_client(tx, id, &command);
        let client = hub.hub.write("members.register_client", &hub.operator(), register).await.unwrap();
        (self.client, self.client_key) = (client.id, client_key);
        self.sign_in(hub).await;
    }

    /// The payloads of what it was told about this topic.
    pub(crate) async fn told(&self, hub: &TestHub, topic: &str) -> Vec<Value> {
        hub.clock.advance(TimeDelta::seconds(5));
        let notices = self.get(hub, "/api/v1/notices?limit=200").await.expect(200).body;
        let told = notices["items"].as_array().unwrap().iter().filter(|notice| notice["topic"] == topic);
        told.map(|notice| notice["payload"].clone()).collect()
    }

    /// An assertion for the token endpoint.
    pub(crate) fn assertion(&self, hub: &TestHub) -> String {
        let mut jti = [0u8; 16];
        SystemIds.random(&mut jti);
        let aud = format!("{}/oauth/token", hub.hub.settings().server.public_url);
        let claims = json!({
            "iss": self.client, "sub": self.client, "aud": aud,
            "exp": hub.now().seconds() + 120, "iat": hub.now().seconds(), "jti": Digest::of(jti),
        });
        sign_compact(&self.client_key, Typ::ClientAssertion, claims.to_string().as_bytes()).unwrap()
    }

    /// Publishes the next statement, with every key in this state.
    pub(crate) async fn publish(&mut self, hub: &TestHub, state: KeyState) -> Response {
        let statement = self.statement(hub, state);
        self.state(hub, statement).await
    }

    /// Takes another signing key, because the one before turned out to have been stolen at a moment.
    pub(crate) async fn was_robbed(&mut self, hub: &TestHub, at: Timestamp) {
        let new = SigningKey::generate(&SystemIds).unwrap();
        let old = std::mem::replace(&mut self.signing, new);
        self.stolen.push((old.public().clone(), at));
        self.publish(hub, KeyState::Active).await.expect(201);
    }

    /// The next statement, with every key in this state.
    pub(crate) fn statement(&self, hub: &TestHub, state: KeyState) -> String {
        self.statement_with(hub, |key| key.status = state)
    }

    /// The next statement, with every key active until `change` has looked at it.
    pub(crate) fn statement_with(&self, hub: &TestHub, change: impl Fn(&mut StatedKey)) -> String {
        let key = |jwk: &PublicJwk, role: &str| {
            let mut key = StatedKey {
                jwk: jwk.clone(),
                role: role.to_owned(),
                nbf: self.made.seconds() - 60,
                exp: self.made.seconds() + 300 * 86_400,
                status: KeyState::Active,
                compromised_at: None,
            };
            change(&mut key);
            key
        };
        let mut keys = vec![key(self.signing.public(), "sign")];
        keys.extend(self.stolen.iter().map(|(jwk, at)| StatedKey {
            status: KeyState::Revoked,
            compromised_at: Some(at.seconds()),
            ..key(jwk, "sign")
        }));
        keys.extend(self.readers.iter().map(|(role, reader)| key(reader.public(), role)));
        keys.extend(self.people.iter().map(|(jwk, role)| key(jwk, role)));
        let statement = Statement {
            v: 1,
            org: self.id,
            seq: i64::try_from(self.statements.len()).unwrap() + 1,
            prev: self.statements.last().map(Digest::of),
            keys,
            iat: hub.now().seconds(),
        };
        sign_compact(&self.root, Typ::Directory, &serde_json::to_vec(&statement).unwrap()).unwrap()
    }

    /// Publishes a statement that was made before.
    pub(crate) async fn state(&mut self, hub: &TestHub, statement: String) -> Response {
        let path = format!("/api/v1/organisations/{}/keys", self.id);
        let response = self.post(hub, &path, &json!({ "statement": statement })).await;
        if response.status == 201 {
            self.statements.push(statement);
        }
        response
    }

    pub(crate) async fn get(&self, hub: &TestHub, path: &str) -> Response {
        send(hub, Some(&self.token), "GET", path, &[], None).await
    }

    pub(crate) async fn post(&self, hub: &TestHub, path: &str, body: &Value) -> Response {
        send(hub, Some(&self.token), "POST", path, &[], Some(body)).await
    }
}

/// Asks for a token with an assertion.
pub(crate) async fn request_token(hub: &TestHub, assertion: &str) -> Response {
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    request_form(hub, form).await
}

/// Sends a form to the token endpoint.
pub(crate) async fn request_form(hub: &TestHub, form: String) -> Response {
    let response = client()
        .post(format!("{}/oauth/token", hub.url))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Response { status, headers, body: response.json().await.unwrap() }
}

/// Enrols a person of the node, who chooses a passphrase.
pub(crate) async fn enrolled_at_node(hub: &TestHub, name: &str, (role, passphrase): (Role, &str)) {
    let command = EnrolStaff { name: name.parse().unwrap(), roles: vec![role] };
    let enrolment = hub
        .hub
        .write("members.enrol_staff", &hub.operator(), move |tx| members::enrol_staff(tx, None, &command, 24))
        .await
        .unwrap();
    let choice = json!({ "code": enrolment.code, "passphrase": passphrase });
    send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
}

/// The cookie of a coordinator who has just come in.
pub(crate) async fn coordinator(hub: &TestHub) -> String {
    enrolled_at_node(hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let name = json!({ "name": "m.tembo", "passphrase": PASSPHRASE });
    let signed = send(hub, None, "POST", "/api/v1/session", &[], Some(&name)).await.expect(200);
    let cookie = signed.headers["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}
