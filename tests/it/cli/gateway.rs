//! A member organisation that has nothing but the program, a folder and a passphrase.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};
use throughline::{
    access::Role,
    crypto::PublicJwk,
    kernel::{
        id::{ClientId, OrganisationId},
        time::{Clock as _, SystemClock},
    },
    members::{self, EnrolOrganisation, RegisterClient},
};

use crate::support::{TestHub, list_offered, meddler::Meddler, send};

/// What a command came back with.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// What it printed with `--json`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }
}

/// A hub whose address is the one its tokens name, and whose clock shows the time of this machine.
pub(crate) fn hub() -> TestHub {
    hub_with(&[])
}

/// The same with settings of one's own.
pub(crate) fn hub_with(settings: &[(&str, &str)]) -> TestHub {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let url = format!("http://{address}");
    let own = [("SERVER__ADDRESS", address.as_str()), ("SERVER__PUBLIC_URL", url.as_str())];
    let hub = TestHub::with(&[&own, settings].concat());
    keep_time(&hub);
    hub
}

/// The same hub behind something that may change what it says.
pub(crate) fn hub_behind(meddler: &Meddler) -> TestHub {
    let mut hub = TestHub::with(&[("SERVER__PUBLIC_URL", &meddler.url)]);
    meddler.lead_to(&hub.url);
    hub.url.clone_from(&meddler.url);
    keep_time(&hub);
    hub
}

/// Sets the hub's clock to this machine's.
pub(crate) fn keep_time(hub: &TestHub) {
    let ahead = SystemClock.now().since(hub.now());
    if ahead > chrono::TimeDelta::zero() {
        hub.clock.advance(ahead);
    }
}

pub(crate) struct Gateway {
    pub(crate) id: OrganisationId,
    pub(crate) client: ClientId,
    folder: tempfile::TempDir,
}

impl Gateway {
    /// Makes keys, is enrolled by the coordinator with the two public ones, connects and publishes.
    pub(crate) async fn enrolled(hub: &TestHub, name: &str) -> Self {
        let gateway = Self::connected(hub, name).await;
        gateway.run(hub, "key publish").await.expect(0);
        gateway
    }

    /// The same without having published.
    pub(crate) async fn connected(hub: &TestHub, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("passphrase"), format!("{name} four unrelated words\n")).unwrap();
        let run =
            |words: &'static str| run(hub, folder.path(), words.split(' ').map(str::to_owned).collect());
        run("key init").await.expect(0);
        let jwk = |file: &str| -> PublicJwk {
            serde_json::from_slice(&std::fs::read(folder.path().join("home").join(file)).unwrap()).unwrap()
        };
        let (root, client) = (jwk("root.jwk"), jwk("client.jwk"));
        let command: EnrolOrganisation = serde_json::from_value(json!({
            "name": name, "kind": "ngo", "country": "ZM", "roles": ["identify", "manage_cases", "provide_services"],
            "root": root,
        }))
        .unwrap();
        let organisation = hub
            .hub
            .write("members.enrol", &hub.operator(), move |tx| members::enrol_organisation(tx, &command))
            .await
            .unwrap();
        let id = organisation.id;
        let command = RegisterClient {
            name: "gateway".parse().unwrap(),
            roles: vec![Role::CaseWorker, Role::Intake, Role::Administrator, Role::DataProtection],
            key: client,
        };
        let client = hub
            .hub
            .write("members.register_client", &hub.operator(), move |tx| {
                members::register_client(tx, id, &command)
            })
            .await
            .unwrap();
        let gateway = Self { id, client: client.id, folder };
        let connect =
            format!("key connect --hub {} --organisation {id} --client {}", hub.url, gateway.client);
        gateway.run(hub, &connect).await.expect(0);
        gateway
    }

    /// Offers a service, which those who keep the directory list.
    pub(crate) async fn offers(&self, hub: &TestHub, what: &str) {
        let offered = self.run(hub, &format!("service offer {what}")).await.expect(0).out;
        assert!(offered.contains("not listed yet"), "{offered}");
        list_offered(hub).await;
    }

    /// A file in this organisation's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command; words are parted by blanks.
    pub(crate) async fn run(&self, hub: &TestHub, words: &str) -> Ran {
        run(hub, self.folder.path(), words.split_whitespace().map(str::to_owned).collect()).await
    }

    /// Runs a command of these words.
    pub(crate) async fn run_words(&self, hub: &TestHub, words: Vec<String>) -> Ran {
        run(hub, self.folder.path(), words).await
    }

    /// Runs a command and reads what it prints with `--json`.
    pub(crate) async fn json(&self, hub: &TestHub, words: &str) -> Value {
        self.run(hub, &format!("{words} --json")).await.expect(0).json()
    }

    /// Every file of the home, one after the other.
    pub(crate) fn everything_kept(&self) -> String {
        fn read(folder: &Path, all: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, all);
                } else {
                    all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
                }
            }
        }
        let mut all = String::new();
        read(&self.file("home"), &mut all);
        all
    }
}

/// Runs the program in a folder with a home and a passphrase file.
async fn run(hub: &TestHub, folder: &Path, words: Vec<String>) -> Ran {
    keep_time(hub);
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let output = Command::new(env!("CARGO_BIN_EXE_throughline"))
            .args(words)
            .current_dir(&folder)
            .env_clear()
            .env("THROUGHLINE_HOME", folder.join("home"))
            .env("THROUGHLINE_PASSPHRASE_FILE", folder.join("passphrase"))
            .output()
            .unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    })
    .await
    .unwrap()
}

#[actix_web::test]
async fn a_service_is_offered_with_the_area_it_is_for_and_with_who_is_to_find_it() {
    let hub = hub();
    let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
    let offer = "service offer --service SV07 --description Care";
    let open = lakeside.json(&hub, &format!("{offer} --name Clinic --area ZM109 --visibility public")).await;
    assert_eq!((&open["area"], &open["standing"]), (&json!("ZM109"), &json!("proposed")));
    let draft = lakeside.json(&hub, &format!("service draft {}", open["id"].as_str().unwrap())).await;
    assert_eq!(draft["edit"]["visibility"], "public", "{draft}");
    let plain = lakeside.json(&hub, &format!("{offer} --name Office")).await;
    assert_eq!(plain["area"], Value::Null);
    assert_ne!(lakeside.run(&hub, &format!("{offer} --name Odd --visibility everybody")).await.code, 0);
    list_offered(&hub).await;
    let seen = send(&hub, None, "GET", "/hsds/services", &[], None).await.expect(200).body;
    assert_eq!((&seen["total_items"], &seen["contents"][0]["name"]), (&json!(1), &json!("Clinic")));
}
