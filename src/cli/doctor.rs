//! `throughline doctor`

use serde::Serialize;

use super::{CliError, Output, block_on};
use crate::{
    config::Settings,
    hub::NodeKeys,
    jobs::{self, LastLook},
    kernel::{
        Code, Fault,
        time::{Clock as _, SystemClock},
    },
    policy::Policy,
    storage::Store,
};

/// Looks at policy, the processes at work, keys, database, migrations, disk, TLS, whom people can complain to and what the last look at the log found, and says for each what is wrong and what to do.
pub(super) fn run(settings: &Settings, output: &Output) -> Result<(), CliError> {
    let findings = [
        policy(settings),
        processes(settings),
        keys(settings),
        database(settings),
        disk(settings),
        tls(settings),
        complaints(settings),
        log(settings),
    ];
    output.data(&findings, |findings| {
        let lines = findings
            .iter()
            .map(|f| format!("{} {:<10} {}", if f.good { "ok " } else { "BAD" }, f.what, f.said));
        lines.collect::<Vec<_>>().join("\n")
    })?;
    if findings.iter().all(|finding| finding.good) {
        return Ok(());
    }
    Err(CliError::new(
        Code::new("doctor.not_well", Fault::Unavailable),
        "something needs to be mended before this node can serve",
    ))
}

#[derive(Serialize)]
struct Finding {
    what: &'static str,
    good: bool,
    said: String,
}

fn policy(settings: &Settings) -> Finding {
    match Policy::load(&settings.policy.profiles) {
        Ok(policy) => Finding { what: "policy", good: true, said: policy.dictionary().to_owned() },
        Err(error) => Finding { what: "policy", good: false, said: error.to_string() },
    }
}

/// Whether the processes that serve now judge as these settings say.
fn processes(settings: &Settings) -> Finding {
    let looked = migrated(settings)
        .and_then(|store| block_on(store.read(|db| jobs::policies_in_use(db, SystemClock.now()))).ok());
    // What is wrong with the database or the policy is said beside this.
    let serving = looked.and_then(Result::ok).unwrap_or_default();
    let ours = Policy::load(&settings.policy.profiles).ok();
    let is_other = |policy: &&String| ours.as_ref().is_some_and(|ours| ours.dictionary() != *policy);
    let others: Vec<&str> = serving.iter().filter(is_other).map(String::as_str).collect();
    let said = if others.is_empty() {
        format!("{} at work", if serving.is_empty() { "none" } else { "all judge by this policy and are" })
    } else {
        format!(
            "some judge by {}; give all of them the same policy.profiles and start them anew",
            others.join(", ")
        )
    };
    Finding { what: "processes", good: others.is_empty(), said }
}

fn migrated(settings: &Settings) -> Option<Store> {
    let store = Store::open_existing(settings.database.opening()).ok()?;
    store.require_migrated().ok()?;
    Some(store)
}

fn keys(settings: &Settings) -> Finding {
    match NodeKeys::load(&settings.node.keys, &settings.node.name) {
        Ok(_) => Finding { what: "keys", good: true, said: format!("in {}", settings.node.keys.display()) },
        Err(error) => Finding { what: "keys", good: false, said: error.to_string() },
    }
}

fn database(settings: &Settings) -> Finding {
    let looked = Store::open_existing(settings.database.opening()).and_then(|store| {
        store.require_writable()?;
        if settings.database.migrate_on_start && store.migrations()?.unknown.is_empty() {
            return Ok(store.engine());
        }
        store.require_migrated().map(|()| store.engine())
    });
    match looked {
        Ok(engine) => Finding { what: "database", good: true, said: engine.name().to_owned() },
        Err(error) => Finding { what: "database", good: false, said: error.to_string() },
    }
}

fn disk(settings: &Settings) -> Finding {
    let floor = settings.database.free_disk_megabytes;
    let free =
        Store::open_existing(settings.database.opening()).ok().and_then(|store| store.health().free_bytes);
    let Some(free) = free else {
        return Finding { what: "disk", good: true, said: String::from("not on this machine") };
    };
    let free = free / 1_048_576;
    let said = if free >= floor {
        format!("{free} MB free")
    } else {
        format!("{free} MB free, less than {floor}; make room")
    };
    Finding { what: "disk", good: free >= floor, said }
}

fn log(settings: &Settings) -> Finding {
    // What is wrong with the database is said above.
    let looked = migrated(settings).and_then(|store| block_on(store.read(jobs::last_look_at_log)).ok());
    let last = looked.and_then(Result::ok).flatten();
    let (good, said) = match last {
        None => (true, String::from("not looked at yet; `throughline audit verify` does")),
        Some(LastLook { at, failed: false }) => (true, format!("nothing was wrong on {at}")),
        Some(LastLook { at, failed: true }) => (
            false,
            format!(
                "the look of {at} failed or found something wrong; run `throughline audit verify` and keep the database as it is"
            ),
        ),
    };
    Finding { what: "log", good, said }
}

/// A hub serves without anybody who takes complaints, so what is missing is said and stops nothing.
fn complaints(settings: &Settings) -> Finding {
    let named = &settings.complaints;
    let said = if named.is_named() {
        format!("people can turn to {}", named.name)
    } else {
        String::from(
            "nobody is named to whom people can complain beside the agency; set complaints.name with a telephone or an address",
        )
    };
    Finding { what: "complaints", good: true, said }
}

fn tls(settings: &Settings) -> Finding {
    let server = &settings.server;
    let configured = !server.tls_certificate.as_os_str().is_empty();
    let local = server.address.ip().is_loopback();
    let said = match (configured, local) {
        (true, _) => format!("certificate {}", server.tls_certificate.display()),
        (false, true) => {
            String::from("none; only this machine can reach the hub, or something in front of it serves TLS")
        }
        (false, false) => String::from(
            "none, and the address can be reached from outside; set server.tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy",
        ),
    };
    Finding { what: "tls", good: configured || local, said }
}
