//! Every route of the API, called as nobody, as a stranger and as a party. A route without an entry fails the test, and so does an
//! entry without a route.
//!
//! Each entry is asked in that order with the same path, version and body, so that a stranger is refused for being one and for
//! nothing else, and so that what the stranger asked for has plainly not happened when the party asks. Entries of one object stand
//! in the order of its life.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use throughline::{
    api::routes::openapi,
    audit::{self, Record},
    crypto::{DecryptionKey, PublicJwk, SigningKey},
    kernel::{Digest, id::SystemIds},
    members::KeyState,
    referrals::{By as Part, Move, Number},
};

use super::{
    custody::{keyring, member_key, paper_for, paper_id, signed_in},
    feedback::issue,
};
use crate::{
    stories::{destruction::cancelled, referral::Story},
    support::{
        Org, Response,
        agreement::{agreed, document, offered, signature},
        coordinator, listed,
        packet::{Mechanism, fetch, opened, seal, take_back},
        send,
    },
};

/// What nobody in particular is answered.
enum Nobody {
    /// 401.
    SignIn,
    /// 404: the route is open, and there is nothing for them.
    Nothing,
    /// The same as everybody, with this status: the route is open.
    Open(u16),
}

/// What an organisation is answered that the object has nothing to do with.
enum Stranger {
    /// 404: to strangers there is nothing.
    Nothing,
    /// 403: no organisation has the role for it.
    MayNot,
    /// A list with nothing in it, where the party's has something.
    Empty,
    /// What every member may see or do, with this status; nobody else's affairs are in it.
    AsAMember(u16),
    /// This status and code, which say that it is not theirs.
    Refused(u16, &'static str),
}

#[derive(Clone, Copy)]
enum Party {
    Harbour,
    Clinic,
    Coordinator,
    /// A person of the harbour who signed in.
    Worker,
    /// Another one, who signs out in the end.
    Leaver,
}

struct Entry {
    /// Method and path as the description has them.
    route: &'static str,
    path: String,
    body: Option<(&'static str, Vec<u8>)>,
    /// Where to read the version that `If-Match` names.
    seen_at: Option<String>,
    nobody: Nobody,
    stranger: Stranger,
    party: (Party, u16),
}

/// An entry for the harbour, which strangers find nothing of.
fn entry(route: &'static str, path: impl Into<String>, status: u16) -> Entry {
    Entry {
        route,
        path: path.into(),
        body: None,
        seen_at: None,
        nobody: Nobody::SignIn,
        stranger: Stranger::Nothing,
        party: (Party::Harbour, status),
    }
}

/// An entry of a route for which nobody needs to sign in.
fn open(route: &'static str, status: u16) -> Entry {
    let path = route.split_once(' ').unwrap().1;
    Entry { nobody: Nobody::Open(status), ..entry(route, path, status) }
}

impl Entry {
    fn by(self, party: Party) -> Self {
        Self { party: (party, self.party.1), ..self }
    }

    fn stranger(self, stranger: Stranger) -> Self {
        Self { stranger, ..self }
    }

    fn bytes(self, kind: &'static str, body: Vec<u8>) -> Self {
        Self { body: Some((kind, body)), ..self }
    }

    fn json(self, body: &Value) -> Self {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    fn seen_at(self, path: &str) -> Self {
        Self { seen_at: Some(path.to_owned()), ..self }
    }
}

struct World {
    mechanism: Mechanism,
    stranger: Org,
    /// The cookie of somebody who runs the mechanism.
    coordinator: String,
    /// The cookie of a case worker of the harbour.
    worker: String,
    /// The cookie of another one.
    leaver: String,
}

const PASSPHRASE: &str = "four unrelated words here";

impl World {
    async fn new() -> Self {
        let mechanism = Mechanism::new().await;
        let stranger = mechanism.hub.org("Passer-by").await;
        let coordinator = coordinator(&mechanism.hub).await;
        let worker = signed_in(&mechanism.hub, &mechanism.harbour, &["case_worker"]).await;
        let leaver = signed_in(&mechanism.hub, &mechanism.harbour, &["case_worker"]).await;
        Self { mechanism, stranger, coordinator, worker, leaver }
    }

    fn org(&self, path: &str) -> String {
        format!("/api/v1/organisations/{}{path}", self.mechanism.harbour.id)
    }

    async fn ask(&self, entry: &Entry, headers: &[(&str, String)]) -> Response {
        let method = entry.route.split_once(' ').unwrap().0;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request =
            client.request(method.parse().unwrap(), format!("{}{}", self.mechanism.hub.url, entry.path));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if let Some((kind, body)) = &entry.body {
            request = request.header("content-type", *kind).body(body.clone());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Response { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    fn credentials(&self, party: Party) -> (&'static str, String) {
        match party {
            Party::Harbour => ("authorization", format!("Bearer {}", self.mechanism.harbour.token)),
            Party::Clinic => ("authorization", format!("Bearer {}", self.mechanism.clinic.token)),
            Party::Coordinator => ("cookie", self.coordinator.clone()),
            Party::Worker => ("cookie", self.worker.clone()),
            Party::Leaver => ("cookie", self.leaver.clone()),
        }
    }

    /// What is wrong with the answers to an entry.
    async fn complaints(&self, entry: &Entry) -> Vec<String> {
        let party = self.credentials(entry.party.0);
        let mut seen = Vec::new();
        if let Some(path) = &entry.seen_at {
            let read = send(&self.mechanism.hub, None, "GET", path, &[(party.0, &party.1)], None).await;
            let etag = read.headers.get("etag").unwrap_or_else(|| panic!("{path}: {}", read.body));
            seen.push(("if-match", etag.to_str().unwrap().to_owned()));
        }
        let mut found = Vec::new();
        let mut say = |who: &str, response: &Response, expected: bool| {
            if !expected {
                found.push(format!("{}: {who} got {} {}", entry.route, response.status, response.body));
            }
        };
        let nobody = self.ask(entry, &seen).await;
        match entry.nobody {
            Nobody::Open(status) => {
                say("nobody", &nobody, nobody.status == status);
                return found;
            }
            Nobody::Nothing => say("nobody", &nobody, is(&nobody, 404, "access.not_found")),
            Nobody::SignIn => say("nobody", &nobody, is(&nobody, 401, "access.unauthenticated")),
        }
        let bearer = ("authorization", format!("Bearer {}", self.stranger.token));
        let stranger = self.ask(entry, &[seen.clone(), vec![bearer]].concat()).await;
        let expected = match entry.stranger {
            Stranger::Nothing => stranger.status == 404 && stranger.code() != "api.no_such_route",
            Stranger::MayNot => is(&stranger, 403, "access.forbidden"),
            Stranger::Empty => stranger.status == 200 && stranger.body["items"] == json!([]),
            Stranger::AsAMember(status) => stranger.status == status,
            Stranger::Refused(status, code) => is(&stranger, status, code),
        };
        say("a stranger", &stranger, expected);
        let party = self.ask(entry, &[seen, vec![party]].concat()).await;
        let something = !matches!(entry.stranger, Stranger::Empty) || party.body["items"][0].is_object();
        say("a party", &party, party.status == entry.party.1 && something);
        found
    }
}

fn is(response: &Response, status: u16, code: &str) -> bool {
    response.status == status && response.code() == code
}

fn fresh_key() -> PublicJwk {
    SigningKey::generate(&SystemIds).unwrap().public().clone()
}

/// Open to everybody, or opened by a secret that is in the request.
async fn open_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, .. } = &world.mechanism;
    let person = json!({ "name": "w.banda", "roles": ["case_worker"] });
    let enrolment = harbour.post(hub, &world.org("/staff"), &person).await.expect(201).body;
    let slip = issue(hub, harbour, None).await;
    let (.., referral) = world.mechanism.referred().await;
    let own = issue(hub, harbour, Some(referral)).await;
    let own = json!({ "code": own.code, "pin": own.pin });
    let assertion = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}",
        harbour.assertion(hub)
    );
    vec![
        open("GET /health/live", 204),
        open("GET /health/ready", 200),
        open("GET /metrics", 200),
        open("GET /.well-known/throughline-node", 200),
        open("GET /api/openapi.json", 200),
        open("GET /api/v1/policy", 200),
        open("GET /api/v1/audit/key", 200),
        open("POST /oauth/token", 200).bytes("application/x-www-form-urlencoded", assertion.into_bytes()),
        open("POST /api/v1/passphrase", 204)
            .json(&json!({ "code": enrolment["code"], "passphrase": PASSPHRASE })),
        open("POST /api/v1/session", 200)
            .json(&json!({ "name": enrolment["name"], "passphrase": PASSPHRASE })),
        open("DELETE /api/v1/session", 204),
        // Of a passphrase only whoever is signed in may choose another.
        open("PUT /api/v1/passphrase", 401).json(&json!({ "old": PASSPHRASE, "new": PASSPHRASE })),
        open("POST /api/v1/person/status", 200).json(&own),
        open("POST /api/v1/person/withdrawal", 200).json(&own),
        open("POST /api/v1/person/correction", 200)
            .json(&json!({ "code": own["code"], "pin": own["pin"], "kinds": ["name"] })),
        open("POST /api/v1/person/note", 200)
            .json(&json!({ "code": own["code"], "pin": own["pin"], "kind": "am_well" })),
        open("POST /api/v1/person/rating", 204)
            .json(&json!({ "code": slip.code, "pin": slip.pin, "rating": { "need_met": 4 } })),
    ]
}

async fn members_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, .. } = &world.mechanism;
    let client = || json!({ "name": "second", "roles": ["intake"], "key": fresh_key() });
    let other = harbour.post(hub, &world.org("/clients"), &client()).await.expect(201).body;
    let person = json!({ "name": "k.zulu", "roles": ["intake"] });
    let gone = harbour.post(hub, &world.org("/staff"), &person).await.expect(201).body;
    let (of_client, of_person) =
        (format!("/clients/{}", text(&other, "id")), format!("/staff/{}", text(&gone, "id")));
    let spare = hub.org("Suspended Aid").await;
    let spare = format!("/api/v1/organisations/{}", spare.id);
    let newcomer = json!({ "name": "Newcomers", "kind": "ngo", "country": "ZM", "roles": ["identify"], "root": fresh_key() });
    let statement = json!({ "statement": harbour.statement(hub, KeyState::Active) });
    let suspension = format!("{spare}/suspension");
    vec![
        entry("GET /api/v1/organisations", "/api/v1/organisations", 200).stranger(Stranger::AsAMember(200)),
        entry("POST /api/v1/organisations", "/api/v1/organisations", 201)
            .json(&newcomer)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("GET /api/v1/organisations/{organisation}", world.org(""), 200)
            .stranger(Stranger::AsAMember(200)),
        entry("GET /api/v1/organisations/{organisation}/calendar", world.org("/calendar"), 200)
            .stranger(Stranger::AsAMember(200)),
        entry("PUT /api/v1/organisations/{organisation}/calendar", world.org("/calendar"), 200)
            .seen_at(&world.org(""))
            .json(&json!({ "utc_offset": "+02:00", "week": [{ "day": "mon", "from": "08:00", "to": "17:00" }] })),
        entry("GET /api/v1/organisations/{organisation}/clients", world.org("/clients"), 200),
        entry("POST /api/v1/organisations/{organisation}/clients", world.org("/clients"), 201)
            .json(&client()),
        entry("DELETE /api/v1/organisations/{organisation}/clients/{client}", world.org(&of_client), 204),
        entry("GET /api/v1/organisations/{organisation}/staff", world.org("/staff"), 200),
        entry("POST /api/v1/organisations/{organisation}/staff", world.org("/staff"), 201)
            .json(&json!({ "name": "b.phiri", "roles": ["intake"] })),
        entry(
            "POST /api/v1/organisations/{organisation}/staff/{staff}/enrolment",
            world.org(&format!("{of_person}/enrolment")),
            201,
        ),
        entry(
            "PUT /api/v1/organisations/{organisation}/staff/{staff}/roles",
            world.org(&format!("{of_person}/roles")),
            200,
        )
        .json(&json!({ "roles": ["intake", "case_worker"] })),
        entry("DELETE /api/v1/organisations/{organisation}/staff/{staff}", world.org(&of_person), 204),
        entry("GET /api/v1/organisations/{organisation}/keys", world.org("/keys"), 200)
            .stranger(Stranger::AsAMember(200)),
        entry("POST /api/v1/organisations/{organisation}/keys", world.org("/keys"), 201).json(&statement),
        entry("GET /api/v1/organisations/{organisation}/jwks.json", world.org("/jwks.json"), 200)
            .stranger(Stranger::AsAMember(200)),
        entry("PUT /api/v1/organisations/{organisation}/suspension", suspension.clone(), 200)
            .seen_at(&spare)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("DELETE /api/v1/organisations/{organisation}/suspension", suspension, 200)
            .seen_at(&spare)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
    ]
}

/// One's own account, which machines do not have.
async fn account_routes(world: &World) -> Vec<Entry> {
    let hub = &world.mechanism.hub;
    let cookie = [("cookie", world.leaver.as_str())];
    let sessions = send(hub, None, "GET", "/api/v1/sessions", &cookie, None).await.expect(200).body;
    let session = format!("/api/v1/sessions/{}", text(&sessions["items"][0], "id"));
    let own = |route: &'static str, path: &str, status| {
        entry(route, path, status).stranger(Stranger::MayNot).by(Party::Leaver)
    };
    let passphrase = json!({ "passphrase": PASSPHRASE });
    let begun =
        send(hub, None, "POST", "/api/v1/second-step/app", &cookie, Some(&passphrase)).await.expect(201).body;
    let code =
        json!({ "code": super::second_step::code_at(text(&begun, "secret"), hub.hub.now().seconds()) });
    let confirmation = "/api/v1/second-step/app/confirmation";
    send(hub, None, "POST", confirmation, &cookie, Some(&code)).await.expect(200);
    let of_passkey = format!("/api/v1/second-step/passkeys/{}/removal", Digest::of("no passkey"));
    // Of the form of what a browser answers, and signed by nothing.
    let response = json!({ "attestationObject": "AAAA", "clientDataJSON": "AAAA" });
    let made = json!({ "id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response, "extensions": {} });
    let made = json!({ "name": "my telephone", "credential": made });
    let second = |route: &'static str, status| {
        let path = route.split_once(' ').unwrap().1;
        own(route, path, status)
    };
    vec![
        second("GET /api/v1/second-step", 200),
        // This hub's address is not one that browsers make passkeys for.
        second("POST /api/v1/second-step/passkeys/question", 422).json(&passphrase),
        second("POST /api/v1/second-step/passkeys", 422).json(&made),
        own("POST /api/v1/second-step/passkeys/{passkey}/removal", &of_passkey, 404).json(&passphrase),
        second("POST /api/v1/second-step/recovery-codes", 200).json(&passphrase),
        second("POST /api/v1/second-step/removal", 204).json(&passphrase),
        second("POST /api/v1/second-step/app", 201).json(&passphrase),
        second("POST /api/v1/second-step/app/confirmation", 422).json(&json!({ "code": "000000" })),
        own("GET /api/v1/sessions", "/api/v1/sessions", 200),
        own("DELETE /api/v1/sessions", "/api/v1/sessions", 204),
        own("DELETE /api/v1/sessions/{session}", &session, 204),
    ]
}

/// Keys of people: those of a machine are in its gateway, so to any client there is nothing to do here.
async fn custody_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, .. } = &world.mechanism;
    let worker = |route: &'static str, path: &str, status| {
        entry(route, path, status).stranger(Stranger::MayNot).by(Party::Worker)
    };
    let member = DecryptionKey::generate(&SystemIds).unwrap();
    let (device, gone) = (fresh_key(), fresh_key());
    let cookie = [("cookie", world.worker.as_str())];
    let add = json!({ "jwk": gone, "name": "an old telephone" });
    send(hub, None, "POST", "/api/v1/custody/devices", &cookie, Some(&add)).await.expect(201);
    let gone = format!("/api/v1/custody/devices/{}", gone.kid());
    let (kept, paper) = (paper_id(), paper_for(harbour));
    let path = format!("/api/v1/papers/{kept}");
    send(hub, Some(&harbour.token), "PUT", &path, &[], Some(&paper)).await.expect(200);
    let fresh = format!("/api/v1/papers/{}", paper_id());
    let keyring = keyring(harbour, &member);
    vec![
        worker("GET /api/v1/custody", "/api/v1/custody", 200),
        worker("PUT /api/v1/custody/member-key", "/api/v1/custody/member-key", 200)
            .json(&member_key(&member)),
        worker("POST /api/v1/custody/devices", "/api/v1/custody/devices", 201)
            .json(&json!({ "jwk": device, "name": "a telephone" })),
        worker("DELETE /api/v1/custody/devices/{key}", &gone, 204),
        entry("GET /api/v1/organisations/{organisation}/custody", world.org("/custody"), 200),
        // That a keyring of a confirmed key is taken stands among the stories of custody.
        entry("POST /api/v1/organisations/{organisation}/keyrings", world.org("/keyrings"), 422)
            .json(&json!({ "keyrings": [keyring] })),
        entry("GET /api/v1/papers", "/api/v1/papers?kind=consent", 200).stranger(Stranger::Empty),
        entry("GET /api/v1/papers/{paper}", path.clone(), 200),
        entry("PUT /api/v1/papers/{paper}", fresh, 200)
            .json(&paper)
            .stranger(Stranger::Refused(422, "custody.no_such_key")),
        entry("DELETE /api/v1/papers/{paper}", path.clone(), 204).seen_at(&path),
    ]
}

async fn agreements_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, clinic, lawyers, .. } = &world.mechanism;
    let parties = [harbour, clinic, lawyers];
    let text = document(hub, parties).to_string();
    let drafted = document(hub, parties);
    let draft = json!({ "document": drafted.to_string() });
    let one = harbour.post(hub, "/api/v1/agreements", &draft).await.expect(201).body;
    let drafted = format!("/api/v1/agreements/{}/versions/1", self::text(&one, "id"));
    let waiting = offered(hub, harbour, &document(hub, parties)).await;
    let signed = signature(clinic, &waiting.document);
    let waiting = waiting.path();
    let in_force = agreed(hub, &parties, &document(hub, parties)).await.path();
    let change =
        |route: &'static str, one: &str, path: &str| entry(route, format!("{one}{path}"), 200).seen_at(one);
    let reason = json!({ "reason": "failed_audit" });
    vec![
        entry("GET /api/v1/agreements", "/api/v1/agreements", 200).stranger(Stranger::Empty),
        entry("POST /api/v1/agreements", "/api/v1/agreements", 201)
            .json(&json!({ "document": text }))
            .stranger(Stranger::Refused(422, "agreement.document_refused")),
        entry("GET /api/v1/agreements/{agreement}/versions/{version}", drafted.clone(), 200),
        change("PUT /api/v1/agreements/{agreement}/versions/{version}/offer", &drafted, "/offer"),
        change("DELETE /api/v1/agreements/{agreement}/versions/{version}/offer", &drafted, "/offer"),
        entry(
            "POST /api/v1/agreements/{agreement}/versions/{version}/signatures",
            format!("{waiting}/signatures"),
            201,
        )
        .json(&signed)
        .by(Party::Clinic),
        change("POST /api/v1/agreements/{agreement}/versions/{version}/reviews", &in_force, "/reviews"),
        change("PUT /api/v1/agreements/{agreement}/versions/{version}/suspension", &in_force, "/suspension")
            .json(&reason),
        change(
            "DELETE /api/v1/agreements/{agreement}/versions/{version}/suspension",
            &in_force,
            "/suspension",
        ),
        change(
            "PUT /api/v1/agreements/{agreement}/versions/{version}/termination",
            &in_force,
            "/termination",
        )
        .json(&json!({})),
    ]
}

async fn directory_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, clinic, .. } = &world.mechanism;
    let service = json!({
        "organisation": harbour.id, "service": "SV01", "name": "Shelter", "description": "A bed", "visibility": "restricted",
    });
    let kept = listed(hub, &service).await;
    let one = format!("/api/v1/services/{}", text(&kept, "id"));
    let link = format!("{one}/link");
    let mut entries = hsds_routes(text(&kept, "id"));
    entries.extend(contact_routes(world, text(&kept, "id")).await);
    entries.extend([
        open("GET /api/v1/areas", 200),
        entry(
            "POST /api/v1/directory/sources/{source}/package",
            "/api/v1/directory/sources/a-list/package?take=true",
            200,
        )
        .bytes("text/csv", b"Organisation,Service\nHarbour House,Soup kitchen\n".to_vec())
        .stranger(Stranger::MayNot)
        .by(Party::Coordinator),
        entry(
            "GET /api/v1/directory/sources/{source}/package",
            "/api/v1/directory/sources/a-list/package",
            200,
        )
        .stranger(Stranger::MayNot)
        .by(Party::Coordinator),
        entry("DELETE /api/v1/directory/sources/{source}", "/api/v1/directory/sources/a-list", 200)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("GET /api/v1/directory/doubted", "/api/v1/directory/doubted", 200)
            .stranger(Stranger::AsAMember(200)),
        entry("GET /api/v1/directory/due", "/api/v1/directory/due", 200).stranger(Stranger::AsAMember(200)),
        entry("GET /api/v1/directory/drafts", "/api/v1/directory/drafts", 200)
            .stranger(Stranger::AsAMember(200)),
        entry("PUT /api/v1/services/{service}/draft", format!("{one}/draft"), 200)
            .json(&json!({ "edit": { "service": { "name": "Night shelter" } }, "submit": true })),
        entry("GET /api/v1/services/{service}/draft", format!("{one}/draft"), 200),
        entry("POST /api/v1/services/{service}/draft/decision", format!("{one}/draft/decision"), 200)
            .seen_at(&format!("{one}/draft"))
            .json(&json!({ "approve": false, "criteria": "2026-1", "reason": "Say which nights" }))
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("DELETE /api/v1/services/{service}/draft", format!("{one}/draft"), 204),
        entry("GET /api/v1/services/{service}/decisions", format!("{one}/decisions"), 200),
        entry("GET /api/v1/services/{service}/changes", format!("{one}/changes"), 200),
        entry("POST /api/v1/services/{service}/reports", format!("{one}/reports"), 200)
            .json(&json!({ "met": "reached" })),
        entry("GET /api/v1/services", "/api/v1/services?text=Shelter", 200).stranger(Stranger::Empty),
        entry("POST /api/v1/services/search", "/api/v1/services/search", 200)
            .json(&json!({ "query": { "text": "Shelter" }, "person": { "age": 20 } }))
            .stranger(Stranger::Empty),
        entry("POST /api/v1/services", "/api/v1/services", 201).json(&service),
        entry("GET /api/v1/services/{service}", one.clone(), 200),
        entry("PUT /api/v1/services/{service}/availability", format!("{one}/availability"), 200)
            .seen_at(&one)
            .json(&json!({ "availability": "full" })),
        entry("PUT /api/v1/services/{service}/visibility", format!("{one}/visibility"), 200)
            .seen_at(&one)
            .json(&json!({ "visibility": "restricted" })),
        entry("POST /api/v1/services/{service}/verifications", format!("{one}/verifications"), 200)
            .seen_at(&one)
            .json(&json!({ "method": "visit", "outcome": "confirmed" })),
        entry("GET /api/v1/services/{service}/verifications", format!("{one}/verifications"), 200),
        entry("PUT /api/v1/services/{service}/standing", format!("{one}/standing"), 200)
            .seen_at(&one)
            .json(&json!({ "standing": "suspended", "criteria": "2026-1", "reason": "Under review" }))
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("PUT /api/v1/services/{service}/note", format!("{one}/note"), 204)
            .json(&json!({ "text": "Safe by day" }))
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("GET /api/v1/services/{service}/note", format!("{one}/note"), 200)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("DELETE /api/v1/services/{service}/note", format!("{one}/note"), 204)
            .seen_at(&format!("{one}/note"))
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("PUT /api/v1/services/{service}/link", link.clone(), 200)
            .seen_at(&one)
            .json(&json!({ "organisation": clinic.id, "service": "SV01" }))
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
        entry("DELETE /api/v1/services/{service}/link", link, 200)
            .seen_at(&one)
            .stranger(Stranger::MayNot)
            .by(Party::Coordinator),
    ]);
    entries
}

/// Whom one calls: who is told of the service is told of those on call for it, and nobody else of either.
async fn contact_routes(world: &World, service: &str) -> [Entry; 5] {
    let Mechanism { hub, harbour, .. } = &world.mechanism;
    let contact = json!({ "label": "Night desk", "telephone": "+260 211 000 000", "service": service });
    let added = harbour.post(hub, "/api/v1/directory/contacts", &contact).await.expect(201).body;
    let called = format!("/api/v1/directory/contacts/{}", text(&added, "id"));
    let to_harbour = format!("/api/v1/directory/contacts?organisation={}", harbour.id);
    [
        entry("GET /api/v1/directory/contacts", to_harbour.clone(), 200).stranger(Stranger::Empty),
        entry("POST /api/v1/directory/contacts", to_harbour, 201).json(&contact),
        entry("GET /api/v1/directory/contacts/{contact}", called.clone(), 200),
        entry("PUT /api/v1/directory/contacts/{contact}", called.clone(), 200)
            .seen_at(&called)
            .json(&contact),
        entry("DELETE /api/v1/directory/contacts/{contact}", called.clone(), 204).seen_at(&called),
    ]
}

/// The open directory: everybody is answered, and nobody finds what is restricted. The harbour's shelter is its own.
fn hsds_routes(service: &str) -> Vec<Entry> {
    let shelter = service.trim_start_matches("svc_").to_owned();
    let lists = [
        ("GET /hsds/services", "POST /hsds/services"),
        ("GET /hsds/organizations", "POST /hsds/organizations"),
        ("GET /hsds/service_at_locations", "POST /hsds/service_at_locations"),
        ("GET /hsds/agreements", "POST /hsds/agreements"),
        ("GET /hsds/taxonomies", "POST /hsds/taxonomies"),
        ("GET /hsds/taxonomy_terms", "POST /hsds/taxonomy_terms"),
    ];
    let mut entries = vec![open("GET /hsds", 200), open("GET /hsds/profile", 200)];
    let file = String::from("/hsds/profile/service.json");
    entries.push(Entry { path: file, ..open("GET /hsds/profile/{file}", 200) });
    entries.extend([
        open("GET /api/v1/directory/places.geojson", 200),
        open("GET /api/v1/directory/3w.csv", 200),
        open("GET /api/v1/directory/page.html", 200),
    ]);
    for (asked, posted) in lists {
        entries.push(open(asked, 200));
        entries.push(open(posted, 200).json(&json!({})));
    }
    for route in [
        "GET /hsds/organizations/{id}",
        "GET /hsds/service_at_locations/{id}",
        "GET /hsds/agreements/{id}",
        "GET /hsds/taxonomies/{id}",
        "GET /hsds/taxonomy_terms/{id}",
    ] {
        let path = route.split_once(' ').unwrap().1.replace("{id}", "00000000-0000-4000-8000-000000000000");
        entries.push(Entry { path, ..open(route, 404) });
    }
    let one = entry("GET /hsds/services/{id}", format!("/hsds/services/{shelter}"), 200);
    entries.push(Entry { nobody: Nobody::Nothing, ..one });
    entries
}

async fn referrals_routes(world: &World) -> Vec<Entry> {
    let Mechanism { hub, harbour, clinic, .. } = &world.mechanism;
    let (_, ended) = cancelled(&world.mechanism).await;
    let ended = format!("/api/v1/referrals/{ended}");
    let story = Story::new(hub, harbour, clinic, "U2").await;
    let worker = throughline::kernel::id::StaffId::new(&SystemIds, hub.now());
    let event = story.event(hub, Part::Intake, Number::T03, Move::Acknowledge { worker }, clinic);
    let one = story.path();
    let need = json!({ "kind": "unreferred", "service": "SV01", "urgency": "U2", "reason": "NP01" });
    harbour.post(hub, "/api/v1/needs", &need).await.expect(201);
    let (.., wrong) = world.mechanism.referred().await;
    let slip = issue(hub, harbour, Some(wrong)).await;
    let asked = json!({ "code": slip.code, "pin": slip.pin, "kinds": ["name"] });
    send(hub, None, "POST", "/api/v1/person/correction", &[], Some(&asked)).await.expect(200);
    let asked = harbour.get(hub, "/api/v1/corrections").await.expect(200).body;
    let answer = format!("/api/v1/corrections/{}/answer", text(&asked["items"][0], "id"));
    let ratings = format!("/api/v1/ratings?provider={}&service=SV07&quarter=2025-Q4", harbour.id);
    vec![
        entry("GET /api/v1/referrals", "/api/v1/referrals?tray=sent", 200).stranger(Stranger::Empty),
        entry("GET /api/v1/referrals/{referral}", one.clone(), 200),
        entry("POST /api/v1/referrals/{referral}/events", format!("{one}/events"), 200)
            .json(&json!({ "event": event }))
            .by(Party::Clinic),
        entry("POST /api/v1/referrals/{referral}/person-code", format!("{one}/person-code"), 201),
        entry("POST /api/v1/referrals/{referral}/oversight", format!("{one}/oversight"), 200)
            .seen_at(&one)
            .json(&json!({ "escalate": {} }))
            .by(Party::Coordinator),
        entry("POST /api/v1/referrals/{referral}/destruction", format!("{ended}/destruction"), 200)
            .json(&json!({ "said": "acknowledged" }))
            .by(Party::Clinic),
        entry("GET /api/v1/destructions", "/api/v1/destructions", 200).stranger(Stranger::Empty),
        entry("GET /api/v1/corrections", "/api/v1/corrections", 200).stranger(Stranger::Empty),
        entry("POST /api/v1/corrections/{correction}/answer", answer, 200)
            .json(&json!({ "answer": "put_right" })),
        entry("GET /api/v1/referrals/{referral}/notes", format!("{one}/notes"), 200),
        entry("POST /api/v1/referrals/{referral}/notes", format!("{one}/notes"), 204)
            .json(&json!({ "kind": "please_call" })),
        entry("POST /api/v1/referrals/{referral}/notes/read", format!("{one}/notes/read"), 204)
            .json(&json!({ "until": hub.now().to_string() })),
        entry("POST /api/v1/disclosures", "/api/v1/disclosures", 200)
            .json(&json!({ "subject": throughline::kernel::id::SubjectToken::new(&SystemIds, hub.now()) }))
            .stranger(Stranger::AsAMember(200)),
        entry("GET /api/v1/needs", "/api/v1/needs", 200).stranger(Stranger::Empty),
        entry("POST /api/v1/needs", "/api/v1/needs", 201).json(&need).stranger(Stranger::AsAMember(201)),
        entry("GET /api/v1/ratings", ratings, 204),
        entry("GET /api/v1/notices", "/api/v1/notices", 200).stranger(Stranger::Empty),
        // What the node was told, here of the need above, is for whoever oversees it.
        entry("GET /api/v1/notices", "/api/v1/notices", 200).stranger(Stranger::Empty).by(Party::Coordinator),
    ]
}

async fn packets_routes(world: &World) -> Vec<Entry> {
    let mechanism = &world.mechanism;
    let Mechanism { hub, harbour, clinic, .. } = mechanism;
    let person = mechanism.person();
    let certified = mechanism.certify(&person, clinic).await;
    let new = seal(harbour, mechanism.draft(&person, &certified));
    let (.., waiting, _) = mechanism.referred().await;
    let waiting = format!("/api/v1/packets/{}", waiting.id);
    let (.., read, _) = mechanism.referred().await;
    let (_, receipt) = opened(hub, clinic, harbour, &fetch(hub, clinic, read.id).await).await;
    let receipts = format!("/api/v1/packets/{}/receipts", read.id);
    vec![
        entry("POST /api/v1/packets", "/api/v1/packets", 201)
            .bytes("application/rp1+json", new.body)
            .stranger(Stranger::Refused(403, "packet.not_the_caller")),
        entry("GET /api/v1/packets", "/api/v1/packets", 200).stranger(Stranger::Empty).by(Party::Clinic),
        entry("GET /api/v1/packets/{packet}", waiting.clone(), 200).by(Party::Clinic),
        entry("GET /api/v1/packets/{packet}/evidence", format!("{waiting}/evidence"), 200),
        entry("POST /api/v1/packets/{packet}/receipts", receipts, 200)
            .json(&json!({ "receipt": receipt }))
            .by(Party::Clinic),
    ]
}

async fn consents_routes(world: &World) -> Vec<Entry> {
    let mechanism = &world.mechanism;
    let Mechanism { hub, clinic, .. } = mechanism;
    let new = mechanism.certificate(&mechanism.person(), clinic);
    let (taking_back, certified, ..) = mechanism.referred().await;
    let (known, ..) = mechanism.referred().await;
    let (person, _, sealed, _) = mechanism.referred().await;
    mechanism.clinic_opens(&sealed).await;
    let taken_back = take_back(hub, &person, json!({})).await.expect(201).body;
    let withdrawal = format!("/api/v1/withdrawals/{}", text(&taken_back, "withdrawal"));
    vec![
        entry("POST /api/v1/certificates", "/api/v1/certificates", 201)
            .json(&json!({ "certificate": new.token }))
            .stranger(Stranger::Refused(422, "consent.signer_refused")),
        entry(
            "GET /api/v1/certificates/{certificate}",
            format!("/api/v1/certificates/{}", certified.id),
            200,
        ),
        // The code on a person's receipt opens it; a pseudonym does so only for an organisation that knows the person.
        open("POST /api/v1/withdrawals", 201).json(&json!({ "code": taking_back.code })),
        entry("POST /api/v1/withdrawals", "/api/v1/withdrawals", 201)
            .json(&json!({ "subject": known.subject })),
        entry("GET /api/v1/withdrawals", "/api/v1/withdrawals", 200).stranger(Stranger::Empty),
        entry("GET /api/v1/withdrawals/{withdrawal}", withdrawal.clone(), 200),
        entry("POST /api/v1/withdrawals/{withdrawal}/answers", format!("{withdrawal}/answers"), 200)
            .json(&json!({ "said": "acknowledged" }))
            .by(Party::Clinic),
    ]
}

async fn audit_routes(world: &World) -> Vec<Entry> {
    let hub = &world.mechanism.hub;
    let operator = hub.operator();
    let noted = hub.hub.write("tests.note", &operator, |tx| audit::record(tx, &Record::about("nothing")));
    let leaf = noted.await.unwrap();
    hub.run_jobs().await;
    let note = hub.hub.read(audit::checkpoint).await.unwrap();
    let tile = format!("/api/v1/audit/tile/entries/000.p/{}", note.lines().nth(1).unwrap());
    vec![
        entry("GET /api/v1/audit/checkpoint", "/api/v1/audit/checkpoint", 200)
            .stranger(Stranger::AsAMember(200)),
        // Whoever holds a leaf has it from a receipt.
        entry("GET /api/v1/audit/proofs/{leaf}", format!("/api/v1/audit/proofs/{leaf}"), 200)
            .stranger(Stranger::AsAMember(200)),
        entry("GET /api/v1/audit/{tile}", tile, 200).stranger(Stranger::MayNot).by(Party::Coordinator),
    ]
}

fn text<'a>(body: &'a Value, member: &str) -> &'a str {
    body[member].as_str().unwrap()
}

/// Method and path of every route in the description.
fn described() -> BTreeSet<String> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    calls.collect()
}

#[actix_web::test]
async fn every_route_answers_nobody_a_stranger_and_a_party_as_its_entry_says() {
    let world = World::new().await;
    let mut entries = open_routes(&world).await;
    entries.extend(members_routes(&world).await);
    entries.extend(custody_routes(&world).await);
    entries.extend(account_routes(&world).await);
    entries.extend(agreements_routes(&world).await);
    entries.extend(directory_routes(&world).await);
    entries.extend(referrals_routes(&world).await);
    entries.extend(packets_routes(&world).await);
    entries.extend(consents_routes(&world).await);
    // Last: the log grows with everything above.
    entries.extend(audit_routes(&world).await);
    world.mechanism.hub.clock.advance(chrono::TimeDelta::seconds(3));

    let listed: BTreeSet<String> = entries.iter().map(|entry| entry.route.to_owned()).collect();
    let missing: Vec<_> = described().symmetric_difference(&listed).cloned().collect();
    assert!(missing.is_empty(), "without an entry, or without a route: {missing:#?}");
    let mut complaints = Vec::new();
    for entry in &entries {
        complaints.extend(world.complaints(entry).await);
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// Pages for people, which describe nothing, and the second way to write an address that is described.
const PAGES: usize = 3;

#[test]
fn every_route_is_in_the_description() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let routes: usize =
        files.map(|path| std::fs::read_to_string(path).unwrap().matches(".route(").count()).sum();
    assert_eq!(routes, described().len() + PAGES, "a route that is not described has no entry above either");
}
