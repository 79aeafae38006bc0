//! A node as those who run it have it: the program as a process, with a folder and a database of its own. It can be killed.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{Connection as _, connection::SimpleConnection as _};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use throughline::{
    access::{Actor, Role},
    config,
    crypto::{SigningKey, Typ, sign_compact},
    hub::{Caller, Hub, NodeKeys},
    kernel::{
        Digest,
        id::{Ids as _, OrganisationId, RequestId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    members::{self, EnrolOrganisation, RegisterClient},
    policy::Policy,
    storage::Store,
};

use super::{Org, Response, TestHub, available, database};

/// How long anything that must happen may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A machine with everything a node needs, on which the program can be started.
pub(crate) struct Machine {
    environment: BTreeMap<String, String>,
    /// Words before each command.
    inside: Vec<String>,
    lease: Arc<database::Lease>,
    folder: Arc<tempfile::TempDir>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// With settings of one's own, as environment variables give them.
    pub(crate) fn with(overrides: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lease = database::lease(folder.path());
        Self::on(folder, lease, overrides)
    }

    /// With a SQLite file, whatever the other tests run on: for what is asked of files.
    pub(crate) fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lease = database::lease_sqlite(folder.path());
        Self::on(folder, lease, &[])
    }

    /// With the database and the keys of a hub that served until now.
    pub(crate) async fn taking_over(hub: &TestHub) -> Self {
        hub.stop().await;
        hub.hub.store().close();
        Self::with_keys(Arc::clone(&hub.folder), Arc::clone(&hub.database), &[])
    }

    fn on(folder: tempfile::TempDir, lease: database::Lease, overrides: &[(&str, &str)]) -> Self {
        NodeKeys::create(&folder.path().join("keys"), &SystemIds).unwrap();
        Self::with_keys(Arc::new(folder), Arc::new(lease), overrides)
    }

    fn with_keys(
        folder: Arc<tempfile::TempDir>,
        lease: Arc<database::Lease>,
        overrides: &[(&str, &str)],
    ) -> Self {
        let keys = folder.path().join("keys").display().to_string();
        let environment = [
            ("DATABASE__URL", lease.url.as_str()),
            ("DATABASE__READERS", "2"),
            ("DATABASE__WRITERS", "2"),
            ("DATABASE__FREE_DISK_MEGABYTES", "1"),
            ("SERVER__ADDRESS", "127.0.0.1:0"),
            ("SERVER__PUBLIC_URL", "http://hub.test"),
            ("SERVER__WORKERS", "2"),
            ("NODE__NAME", "rhn:zm:national"),
            ("NODE__COUNTRY", "ZM"),
            ("NODE__KEYS", &keys),
            ("ACCESS__TOKEN_SECONDS", "3600"),
            ("LIMITS__ORGANISATION_REQUESTS_PER_SECOND", "100000"),
            ("LIMITS__ORGANISATION_BURST", "100000"),
            ("LIMITS__STRANGER_REQUESTS_PER_SECOND", "100000"),
            ("LIMITS__STRANGER_BURST", "100000"),
        ]
        .iter()
        .chain(overrides)
        .map(|(key, value)| (format!("THROUGHLINE__{key}"), (*value).to_owned()))
        .collect();
        Self { environment, inside: Vec::new(), lease, folder }
    }

    /// Where the program runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The address of its database.
    pub(crate) fn database(&self) -> &str {
        &self.lease.url
    }

    /// Changes a setting for what is started from now on.
    pub(crate) fn set(&mut self, setting: &str, value: &str) {
        self.environment.insert(format!("THROUGHLINE__{setting}"), value.to_owned());
    }

    /// Runs the program by way of another from now on.
    pub(crate) fn inside(&mut self, words: Vec<String>) {
        self.inside = words;
    }

    /// Runs statements on the database behind the program's back.
    pub(crate) fn sql(&self, statements: &str) {
        database::execute(&self.lease.url, statements);
    }

    /// Takes the write lock of the SQLite file, as another program may, until it is dropped.
    pub(crate) fn lock(&self) -> diesel::SqliteConnection {
        let mut conn =
            diesel::SqliteConnection::establish(self.lease.url.strip_prefix("sqlite:").unwrap()).unwrap();
        // The hub may be writing at this moment.
        conn.batch_execute("PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE").unwrap();
        conn
    }

    /// Everything the database holds.
    pub(crate) fn stored(&self) -> String {
        database::contents(&self.lease.url)
    }

    /// Takes every table away.
    pub(crate) fn revert_all(&self) {
        let store = Store::open(database::opening(&self.lease.url)).unwrap();
        store.revert_all().unwrap();
        store.close();
        self.sql("DROP TABLE __diesel_schema_migrations");
    }

    fn command(&self, words: &str) -> Command {
        let mut all = self.inside.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_throughline")]);
        let mut command = Command::new(all.next().unwrap());
        command.args(all).args(words.split_whitespace()).current_dir(self.folder.path());
        command.env_clear().envs(&self.environment).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; words are parted by blanks.
    pub(crate) fn run(&self, words: &str) -> Ended {
        let output = self.command(words).output().unwrap();
        Ended { status: output.status, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs a command to its end at a terminal of its own, where there is one to be had; what it writes there is what it printed.
    pub(crate) fn run_at_terminal(&self, words: &str) -> Option<Ended> {
        let there = Command::new("script").arg("--version").output();
        available("the program script", there.map_err(|error| error.to_string()))?;
        let mut command = Command::new("script");
        command.args(["-qec", &format!("{} {words}", env!("CARGO_BIN_EXE_throughline")), "/dev/null"]);
        command.current_dir(self.folder.path()).env_clear().envs(&self.environment).env("TERM", "xterm");
        // While somebody could still type, the terminal shows no end of what is typed.
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let _keyboard = child.stdin.take();
        let output = child.wait_with_output().unwrap();
        Some(Ended { status: output.status, out: text(output.stdout), err: String::new() })
    }

    /// Starts the hub, and does not wait for it.
    pub(crate) fn start(&self) -> Running {
        self.start_with("serve")
    }

    /// Starts the program with any words, and does not wait for it.
    pub(crate) fn start_with(&self, words: &str) -> Running {
        let log = tempfile::Builder::new().prefix("log").tempfile_in(self.folder.path()).unwrap();
        let (stderr, log) = log.keep().unwrap();
        let child = self.command(words).stdout(Stdio::null()).stderr(Stdio::from(stderr)).spawn().unwrap();
        Running { child, log, url: String::new() }
    }

    /// Starts the hub and waits until it says that it is ready.
    pub(crate) async fn serve(&self) -> Running {
        let mut running = self.start();
        running.until_ready().await;
        running
    }

    /// Enrols an organisation with a machine client, as the operator does on the node's machine, and gives it a token.
    ///
    /// The hub must not serve.
    pub(crate) async fn enrol(&self, name: &str) -> Member {
        let settings = config::load_with(None, &self.environment).unwrap();
        let store = Store::open(settings.database.opening()).unwrap();
        store.require_migrated().unwrap();
        let keys = NodeKeys::load(&settings.node.keys, &settings.node.name).unwrap();
        let policy = Policy::load(&settings.policy.profiles).unwrap();
        let hub = Hub::new(store, settings, keys, policy, (Arc::new(SystemClock), Arc::new(SystemIds)));
        let caller =
            Caller { actor: Actor::operator(), request: RequestId::new(&SystemIds, SystemClock.now()) };
        let (root, key) =
            (SigningKey::generate(&SystemIds).unwrap(), SigningKey::generate(&SystemIds).unwrap());
        let command: EnrolOrganisation = serde_json::from_value(json!({
            "name": name, "kind": "ngo", "country": "ZM", "roles": ["identify", "manage_cases", "provide_services"],
            "root": root.public(),
        }))
        .unwrap();
        let enrolled = hub
            .write("members.enrol", &caller, move |tx| members::enrol_organisation(tx, &command))
            .await
            .unwrap();
        let id = enrolled.id;
        let command = RegisterClient {
            name: "gateway".parse().unwrap(),
            roles: vec![Role::CaseWorker, Role::Intake, Role::Administrator, Role::DataProtection],
            key: key.public().clone(),
        };
        let client = hub
            .write("members.register_client", &caller, move |tx| members::register_client(tx, id, &command))
            .await
            .unwrap();
        hub.store().close();
        Member { id, client: client.id.to_string(), key, token: String::new() }
    }
}

/// What a command came back with.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.out, self.err);
        self
    }

    /// The refusal has this code.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: &str) {
        assert!(self.err.contains(&format!("error[{code}]: ")), "{}", self.err);
    }
}

/// A hub that was started. Dropping it kills it.
pub(crate) struct Running {
    child: Child,
    log: PathBuf,
    /// Where it serves, once it says so.
    pub(crate) url: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

impl Running {
    /// Waits until the hub serves and says that it is ready.
    pub(crate) async fn until_ready(&mut self) {
        self.until_served().await;
        until("the hub is ready", async || {
            send(&self.url, None, "/health/ready").await.is_ok_and(|r| r.status == 200)
        })
        .await;
    }

    /// Waits until the hub has said where it serves.
    pub(crate) async fn until_served(&mut self) {
        let end = Instant::now() + PATIENCE;
        while self.url.is_empty() {
            let said = self.said();
            if let Some(at) =
                said.lines().find_map(|line| line.strip_suffix(". Ctrl-C stops it.")?.rsplit(' ').next())
            {
                self.url = format!("http://{at}");
            } else if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the hub ended with {status} instead of serving:\n{said}");
            }
            assert!(Instant::now() < end, "the hub does not serve:\n{said}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the process a signal.
    pub(crate) fn tell(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until the process has ended by itself.
    pub(crate) async fn ended(&mut self) -> Ended {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Ended { status, out: String::new(), err: self.said() };
            }
            assert!(Instant::now() < end, "the process does not end:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What the hub has written to standard error.
    pub(crate) fn said(&self) -> String {
        read(&self.log)
    }

    /// Ends the process without a word (SIGKILL).
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A member organisation with a machine client.
pub(crate) struct Member {
    pub(crate) id: OrganisationId,
    client: String,
    key: SigningKey,
    pub(crate) token: String,
}

impl From<&Org> for Member {
    fn from(org: &Org) -> Self {
        let key = SigningKey::from_secret_jwk(&org.client_key.to_secret_jwk()).unwrap();
        Self { id: org.id, client: org.client.to_string(), key, token: String::new() }
    }
}

impl Member {
    /// Gets an access token from a hub that serves.
    pub(crate) async fn sign_in(&mut self, hub: &Running) {
        let mut jti = [0u8; 16];
        SystemIds.random(&mut jti);
        let now = SystemClock.now().seconds();
        let claims = json!({
            "iss": self.client, "sub": self.client, "aud": "http://hub.test/oauth/token",
            "exp": now + 120, "iat": now, "jti": Digest::of(jti),
        });
        let assertion = sign_compact(&self.key, Typ::ClientAssertion, claims.to_string().as_bytes()).unwrap();
        let body = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        );
        let request = client().post(format!("{}/oauth/token", hub.url));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = answer(request.send().await.unwrap()).await.unwrap().expect(200);
        self.token = answer.body["access_token"].as_str().unwrap().to_owned();
    }

    /// Prepares a write with an Idempotency-Key.
    pub(crate) fn write(
        &self,
        client: &reqwest::Client,
        path: &str,
        key: &str,
        body: &Value,
    ) -> reqwest::RequestBuilder {
        client.request(Method::POST, path).bearer_auth(&self.token).header("idempotency-key", key).json(body)
    }
}

/// A client that keeps its connections.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// Gets something.
pub(crate) async fn send(url: &str, token: Option<&str>, path: &str) -> reqwest::Result<Response> {
    let mut request = client().get(format!("{url}{path}"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    answer(request.send().await?).await
}

/// Reads an answer to its end.
pub(crate) async fn answer(response: reqwest::Response) -> reqwest::Result<Response> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Response { status, headers, body })
}

/// Waits until something holds, and fails when it does not within [`PATIENCE`].
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn read(path: &Path) -> String {
    let mut all = Vec::new();
    std::io::Read::read_to_end(&mut File::open(path).unwrap(), &mut all).unwrap();
    text(all)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}
