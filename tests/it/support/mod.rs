//! A world of its own for each test: a node with its own database, a clock that stands still, and organisations with keys.
//!
//! On SQLite unless `THROUGHLINE_TEST_DATABASE_URL` names a PostgreSQL server; then each test leases one of a few databases there.

pub(crate) mod agreement;
pub(crate) mod database;
mod directory;
pub(crate) mod disk;
pub(crate) mod meddler;
mod org;
pub(crate) mod packet;
pub(crate) mod passkey;
pub(crate) mod process;
pub(crate) mod proxy;
pub(crate) mod tools;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use chrono::TimeDelta;
use serde_json::Value;
use throughline::{
    access::{Actor, Role},
    audit::{
        self,
        entry::{Facts, LENGTH},
    },
    config::{self, Settings},
    crypto::SigningKey,
    http::Serving,
    hub::{Caller, Hub, NodeKeys},
    jobs,
    kernel::{
        Id, Timestamp,
        id::{RequestId, SystemIds},
        page::{Asked, MAX_PAGE},
        time::{Clock as _, FixedClock},
    },
    members::{self, EnrolOrganisation, Organisation},
    outbox,
    policy::Policy,
    storage::Store,
};

pub(crate) use database::{lease, opening, postgres, wait_for_a_lock};
pub(crate) use directory::{
    as_keeper, import_package, import_read, link_to, list_offered, listed, restrict, service_of_row, verify,
    version_at, write_package,
};
pub(crate) use org::{Org, coordinator, enrolled_at_node, request_form, request_token};

/// The moment every test begins at.
pub(crate) const START: &str = "2026-03-02T09:00:00Z";

/// What a test needs of the machine, or nothing after saying why it is left out; where nothing may be left out it fails.
pub(crate) fn available<T>(what: &str, found: Result<T, String>) -> Option<T> {
    match found {
        Ok(found) => Some(found),
        Err(why) if std::env::var_os("THROUGHLINE_TEST_NO_SKIP").is_some() => panic!("{what}: {why}"),
        Err(why) => {
            eprintln!("SKIPPED: {what} is not here: {why}");
            None
        }
    }
}

/// Whether this is the run on PostgreSQL. A browser, the scripts of the pages and validators of others do not see which database there is, and take
/// minutes: they are asked in the other run.
pub(crate) fn is_for_the_other_run() -> bool {
    std::env::var_os("THROUGHLINE_TEST_DATABASE_URL").is_some()
}

/// A node of one's own, served on a loopback port.
pub(crate) struct TestHub {
    pub(crate) hub: Hub,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) url: String,
    began: Timestamp,
    serving: Serving,
    database: Arc<database::Lease>,
    folder: Arc<tempfile::TempDir>,
}

impl TestHub {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With settings of one's own, as environment variables would give them.
    pub(crate) fn with(overrides: &[(&str, &str)]) -> Self {
        Self::made(START.parse().unwrap(), overrides)
    }

    /// That begins at another moment.
    pub(crate) fn at(began: Timestamp) -> Self {
        Self::made(began, &[])
    }

    fn made(began: Timestamp, overrides: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = lease(folder.path());
        let mut environment: BTreeMap<String, String> = [
            ("DATABASE__URL", database.url.as_str()),
            ("DATABASE__READERS", "2"),
            ("DATABASE__WRITERS", "2"),
            ("SERVER__ADDRESS", "127.0.0.1:0"),
            ("SERVER__PUBLIC_URL", "http://hub.test"),
            ("SERVER__WORKERS", "1"),
            ("NODE__NAME", "rhn:zm:national"),
            ("NODE__COUNTRY", "ZM"),
            ("LIMITS__ORGANISATION_REQUESTS_PER_SECOND", "100000"),
            ("LIMITS__ORGANISATION_BURST", "100000"),
            ("LIMITS__STRANGER_REQUESTS_PER_SECOND", "100000"),
            ("LIMITS__STRANGER_BURST", "100000"),
        ]
        .iter()
        .chain(overrides)
        .map(|(key, value)| (format!("THROUGHLINE__{key}"), (*value).to_owned()))
        .collect();
        let keys = folder.path().join("keys");
        environment.insert("THROUGHLINE__NODE__KEYS".into(), keys.display().to_string());
        let settings = config::load_with(None, &environment).unwrap();
        NodeKeys::create(&keys, &SystemIds).unwrap();
        let clock = Arc::new(FixedClock::at(began));
        let hub = open(settings, &keys, &clock);
        let serving = throughline::serve(&hub).unwrap();
        let url = format!("http://{}", serving.address);
        let (database, folder) = (Arc::new(database), Arc::new(folder));
        Self { hub, clock, url, began, serving, database, folder }
    }

    /// A worked example with its days moved from those around [`START`] to those around the beginning.
    pub(crate) fn moved(&self, example: &str) -> String {
        let days = TimeDelta::days(self.began.since(START.parse().unwrap()).num_days());
        let moved = |piece: &str| match piece.parse::<Timestamp>() {
            Ok(moment) => moment.plus(days).to_string(),
            Err(_other) => piece.to_owned(),
        };
        example.split('"').map(moved).collect::<Vec<_>>().join("\"")
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Whoever runs the node's machine.
    pub(crate) fn operator(&self) -> Caller {
        Caller { actor: Actor::operator(), request: RequestId::new(self.hub.ids(), self.now()) }
    }

    /// Runs every job once.
    pub(crate) async fn run_jobs(&self) {
        jobs::run_all(&self.hub).await.unwrap();
    }

    /// What the log says about an action; entries of one moment come in any order. For logs of fewer than 256 entries.
    pub(crate) async fn logged(&self, action: &str) -> Vec<Facts> {
        self.run_jobs().await;
        let note = self.hub.read(audit::checkpoint).await.unwrap();
        let size = note.lines().nth(1).unwrap();
        let name = format!("tile/entries/000.p/{size}").parse().unwrap();
        let bytes = self.hub.read(move |db| audit::tile(db, name)).await.unwrap();
        let entries = bytes.chunks(LENGTH + 2).map(|chunk| Facts::decode(&chunk[2..]).unwrap());
        entries.filter(|facts| facts.action == action).collect()
    }

    /// The payloads of what the node itself was told about this topic, as a coordinator reads them.
    pub(crate) async fn told(&self, topic: &str) -> Vec<Value> {
        self.clock.advance(TimeDelta::seconds(5));
        let id = Id::new(&SystemIds, self.now());
        let (actor, now) = (Actor::staff(id, None, vec![Role::Coordinator].into()), self.now());
        let asked = Asked::new(Some(MAX_PAGE), None);
        let read = self.hub.read(move |db| outbox::notices(db, &actor, &asked, now)).await.unwrap();
        let told = read.items.into_iter().filter(|notice| notice.topic == topic);
        told.map(|notice| notice.payload).collect()
    }

    /// Stops serving, letting what is in flight finish.
    pub(crate) async fn stop(&self) {
        self.serving.handle.stop(true).await;
    }

    /// The same node, stopped and started again with a profile.
    pub(crate) async fn restarted(self, profile: &Value) -> Self {
        self.stop().await;
        let Self { hub, clock, began, serving, database, folder, .. } = self;
        serving.ended.await.unwrap().unwrap();
        let mut settings = hub.settings().clone();
        settings.policy.profiles = folder.path().join("profile.json");
        std::fs::write(&settings.policy.profiles, profile.to_string()).unwrap();
        hub.store().close();
        drop(hub);
        let hub = open(settings, &folder.path().join("keys"), &clock);
        let serving = throughline::serve(&hub).unwrap();
        let url = format!("http://{}", serving.address);
        Self { hub, clock, url, began, serving, database, folder }
    }

    /// Enrols an organisation with a machine client for every role and a full set of keys.
    pub(crate) async fn org(&self, name: &str) -> Org {
        self.org_like(serde_json::json!({
            "name": name, "kind": "ngo", "country": "ZM", "roles": ["identify", "manage_cases", "provide_services"],
        }))
        .await
    }

    /// Enrols an organisation from the members of the command, without `root`.
    pub(crate) async fn org_like(&self, mut command: Value) -> Org {
        let root = SigningKey::generate(&SystemIds).unwrap();
        command["root"] = serde_json::to_value(root.public()).unwrap();
        let command: EnrolOrganisation = serde_json::from_value(command).unwrap();
        let organisation: Organisation = self
            .hub
            .write("members.enrol", &self.operator(), move |tx| members::enrol_organisation(tx, &command))
            .await
            .unwrap();
        Org::new(self, organisation, root).await
    }

    /// Everything the database holds, as one string of bytes shown lossily: to search for what must not be there.
    pub(crate) fn everything_stored(&self) -> String {
        database::dump(&self.hub, &self.database)
    }

    /// The rows of every table, without what a file holds of rows that are gone: to see that something is kept no longer.
    pub(crate) fn rows(&self) -> String {
        database::contents(&self.database.url)
    }
}

fn open(settings: Settings, keys: &std::path::Path, clock: &Arc<FixedClock>) -> Hub {
    let store = Store::open(settings.database.opening()).unwrap();
    store.require_migrated().unwrap();
    let keys = NodeKeys::load(keys, &settings.node.name).unwrap();
    let policy = Policy::load(&settings.policy.profiles).unwrap();
    Hub::new(store, settings, keys, policy, (clock.clone(), Arc::new(SystemIds)))
}

/// What a request came back with.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Response {
    /// The stable code of a problem.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or("")
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

/// One for all tests: making a client reads every certificate that the machine trusts. It keeps no connection, so that each test has its own.
static CLIENT: LazyLock<reqwest::Client> =
    LazyLock::new(|| reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap());

/// A client that opens a connection for each request.
pub(crate) fn client() -> &'static reqwest::Client {
    &CLIENT
}

/// Sends a request as anybody.
pub(crate) async fn send(
    hub: &TestHub,
    token: Option<&str>,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Response {
    let mut request = client().request(method.parse().unwrap(), format!("{}{path}", hub.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(if text.is_empty() {
        Value::Null
    } else {
        Value::String(text)
    });
    Response { status, headers, body }
}
