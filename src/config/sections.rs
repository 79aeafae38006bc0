//! The sections, one struct each. What a setting means stands beside its default in `config/default.toml`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Networks, RoleNames};

/// All settings.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The node itself.
    pub node: NodeSettings,
    /// Whom the person concerned can complain to.
    pub complaints: Complaints,
    /// What the mechanism tightens.
    pub policy: PolicySettings,
    /// The HTTP server.
    pub server: Server,
    /// The database.
    pub database: Database,
    /// Limits on what comes from outside.
    pub limits: Limits,
    /// Tokens, sessions and passphrases.
    pub access: Access,
    /// What keeps the directory true.
    pub directory: DirectorySettings,
    /// Background jobs.
    pub jobs: Jobs,
    /// The log.
    pub log: Log,
}

/// `[node]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeSettings {
    /// The node's name in the federation.
    pub name: String,
    /// Country the node serves.
    pub country: String,
    /// Folder of the node's keys.
    pub keys: PathBuf,
}

/// `[complaints]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complaints {
    /// A body that is no member; empty for none.
    pub name: String,
    /// Its telephone.
    pub telephone: String,
    /// Where one goes or writes.
    pub address: String,
}

impl Complaints {
    /// Whether there is somebody to complain to.
    pub fn is_named(&self) -> bool {
        !self.name.trim().is_empty()
    }
}

/// `[policy]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// A profile, or a folder of profiles; empty for none.
    pub profiles: PathBuf,
}

/// `[server]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Where to listen.
    pub address: SocketAddr,
    /// How others reach this hub.
    pub public_url: String,
    /// Where “Leave this page” leads on the pages of the person concerned: a site of which nobody asks why it was opened.
    pub leave_to: String,
    /// Certificate chain in PEM; empty for none.
    pub tls_certificate: PathBuf,
    /// Private key in PEM; empty for none.
    pub tls_key: PathBuf,
    /// Authorities whose certificates callers must show, in PEM; empty for none.
    pub client_ca: PathBuf,
    /// What stands in front of the hub and says in `X-Forwarded-For` whom it speaks for.
    pub trusted_proxies: Networks,
    /// Serving threads; 0 means one per core.
    pub workers: usize,
    /// Grace for requests in flight at shutdown.
    pub shutdown_seconds: u64,
}

/// `[database]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`. May hold a password: hidden when shown.
    pub url: String,
    /// Apply missing migrations at start.
    pub migrate_on_start: bool,
    /// Reading connections.
    pub readers: u32,
    /// Writing connections on PostgreSQL.
    pub writers: u32,
    /// Writes per commit.
    pub batch: usize,
    /// Writes that may wait.
    pub queue: usize,
    /// Statement limit on PostgreSQL.
    pub statement_timeout_seconds: u64,
    /// Limit for locks and for a free reader.
    pub lock_timeout_seconds: u64,
    /// Below this the node is not ready.
    pub free_disk_megabytes: u64,
}

impl Database {
    /// How to open the store these settings describe.
    pub fn opening(&self) -> crate::storage::Opening {
        crate::storage::Opening {
            url: self.url.clone(),
            readers: self.readers,
            writers: self.writers,
            batch: self.batch,
            queue: self.queue,
            statement_timeout: Duration::from_secs(self.statement_timeout_seconds),
            lock_timeout: Duration::from_secs(self.lock_timeout_seconds),
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a packet's body.
    pub packet_bytes: usize,
    /// Bytes of any other body.
    pub body_bytes: usize,
    /// Bytes of all bodies that are being read or worked on; one caller may hold a quarter.
    pub bodies_bytes: usize,
    /// Bytes of a request's headers.
    pub header_bytes: usize,
    /// Seconds for a request's headers.
    pub header_seconds: u64,
    /// Seconds for a whole request.
    pub request_seconds: u64,
    /// Connections at once.
    pub connections: usize,
    /// Seconds an idle connection is kept.
    pub keep_alive_seconds: u64,
    /// Steady rate of one organisation.
    pub organisation_requests_per_second: u32,
    /// Burst of one organisation.
    pub organisation_burst: u32,
    /// Steady rate of one address, of requests whose token or session is not known yet.
    pub stranger_requests_per_second: u32,
    /// Burst of one address, of such requests.
    pub stranger_burst: u32,
}

/// `[access]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Seconds an access token lives.
    pub token_seconds: i64,
    /// Minutes a session lives without use, less up to one: use is noted once a minute.
    pub session_idle_minutes: i64,
    /// Hours a session lives altogether.
    pub session_hours: i64,
    /// Wrong passphrases before a pause.
    pub passphrase_tries: i32,
    /// Minutes of that pause.
    pub passphrase_pause_minutes: i64,
    /// Passphrases worked on at once.
    pub passphrases_at_once: usize,
    /// Hours an enrolment code is good.
    pub enrolment_hours: i64,
    /// Roles whose people must have a second step when they sign in.
    pub second_step_for: RoleNames,
}

/// `[directory]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectorySettings {
    /// Days that what is said of a service's room holds.
    pub availability_days: i64,
    /// Days between two verifications of a service.
    pub verification_days: i64,
    /// Days before either ends at which its provider is reminded.
    pub remind_days: i64,
    /// After how many mismatches an entry is flagged.
    pub flag_after: i64,
}

/// `[jobs]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// Whether this process runs jobs.
    pub enabled: bool,
    /// Seconds a claim outlives its process.
    pub claim_lease_seconds: i64,
    /// Hours a remembered answer is kept.
    pub idempotency_hours: i64,
    /// Days a notice is kept.
    pub outbox_days: i64,
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// How much this program says; modules and libraries that are named as tracing's `EnvFilter` reads them.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}
