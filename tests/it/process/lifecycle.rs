//! What an administrator lives through: a gateway that is lost or stolen, a lost root key, a passphrase to change, people who come and go.
//! All of it by command, beside a hub that serves.

use std::{fs, net::TcpListener};

use serde_json::Value;

use crate::support::process::{Machine, Running};

/// A node that serves, and a passphrase in a file.
async fn node() -> (Machine, Running) {
    let mut machine = Machine::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    machine.set("SERVER__ADDRESS", &format!("127.0.0.1:{port}"));
    machine.set("SERVER__PUBLIC_URL", &format!("http://127.0.0.1:{port}"));
    fs::write(machine.folder().join("words"), "four unrelated words here\n").unwrap();
    let hub = machine.serve().await;
    (machine, hub)
}

fn json(machine: &Machine, words: &str) -> Value {
    let ended = machine.run(&format!("{words} --json")).expect(0);
    serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{words}: {}", ended.out))
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name}: {value}")).to_owned()
}

/// A gateway's command, in a home.
fn key(home: &str, words: &str) -> String {
    format!("key --home {home} --passphrase-file words {words}")
}

/// Registers the client of a home, connects it and publishes its keys. Answers the client's id.
fn connect(machine: &Machine, hub: &Running, organisation: &str, home: &str) -> String {
    let client = json(
        machine,
        &format!("member client {organisation} --name gateway --role administrator --key {home}/client.jwk"),
    );
    let client = text(&client, "id");
    machine
        .run(&key(
            home,
            &format!("connect --hub {} --organisation {organisation} --client {client}", hub.url),
        ))
        .expect(0);
    client
}

/// States of the keys of a role, as the organisation published them.
fn states(machine: &Machine, home: &str, role: &str) -> Vec<String> {
    let keys = json(machine, &key(home, "history"));
    let mut of_role: Vec<String> = keys
        .as_array()
        .unwrap()
        .iter()
        .filter(|key| key["role"] == role)
        .map(|key| text(key, "status"))
        .collect();
    of_role.sort();
    of_role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stolen_gateway_is_shut_out_and_a_lost_root_key_replaced() {
    let (machine, hub) = node().await;
    json(&machine, &key("home", "init"));
    let added = json(
        &machine,
        "member add --name Harbour --kind ngo --country ZM --does identify --root home/root.jwk",
    );
    let organisation = text(&added, "id");
    let client = connect(&machine, &hub, &organisation, "home");
    machine.run(&key("home", "publish")).expect(0);

    // Somebody may have had the signing key since midnight, and a reader key.
    let revoked = json(&machine, &key("home", "revoke sign --compromised-at 2026-03-02T00:00:00Z"));
    assert_eq!(text(&revoked, "renewed"), "sign");
    json(&machine, &key("home", "revoke medical"));
    for role in ["sign", "medical"] {
        assert_eq!(states(&machine, "home", role), ["active", "revoked"], "{role}");
    }
    json(&machine, &key("home", "rotate legal"));
    assert_eq!(states(&machine, "home", "legal"), ["active", "retired"]);
    let keys = json(&machine, &key("home", "history"));
    let retired = keys.as_array().unwrap().iter().find(|key| key["status"] == "retired").unwrap();
    let thumbprint = json(&machine, &key("home", "list"))
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .find(|pair| pair[0] == "legal")
        .unwrap()[1]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(retired["role"], "legal");
    json(&machine, &key("home", &format!("revoke {thumbprint}")));
    assert_eq!(states(&machine, "home", "legal"), ["active", "revoked"], "an older key by its thumbprint");
    machine.run(&key("home", "revoke root")).expect(65).expect_code("key.not_published");
    machine.run(&key("home", "revoke nothing")).expect(69).expect_code("key.unknown");

    // The thief is out; the organisation comes back with a new client key in the same home.
    json(&machine, &format!("member revoke-client {organisation} {client}"));
    machine.run(&key("home", "publish")).expect(77).expect_code("token.assertion_refused");
    json(&machine, &key("home", "rotate client"));
    connect(&machine, &hub, &organisation, "home");
    machine.run(&key("home", "publish")).expect(0);
    let clients = json(&machine, &format!("member clients {organisation}"));
    let revoked: Vec<bool> =
        clients.as_array().unwrap().iter().map(|c| c["revoked"].as_bool().unwrap()).collect();
    assert_eq!(revoked, [true, false]);

    // Everything is lost: a new home, and a new root that was compared on the telephone.
    let anew = json(&machine, &key("anew", "init"));
    let (old, root) = (text(&added, "root"), text(&anew, "root"));
    let replace =
        |told: &str| format!("member replace-root {organisation} --root anew/root.jwk --thumbprint {told}");
    machine.run(&replace(&old)).expect(65).expect_code("cli.thumbprint");
    assert_eq!(text(&json(&machine, &replace(&root)), "root"), root);
    machine.run(&key("home", "publish")).expect(65).expect_code("known.changed");
    machine.run(&key("home", &format!("trust {organisation} {root}"))).expect(0);
    machine.run(&key("home", "publish")).expect(65).expect_code("member.statement_refused");
    connect(&machine, &hub, &organisation, "anew");
    let refused = machine.run(&key("anew", "publish")).expect(65);
    refused.expect_code("known.changed");
    assert!(refused.err.contains(&old), "{}", refused.err);
    machine.run(&key("anew", &format!("trust {organisation} {old}"))).expect(0);
    machine.run(&key("anew", "publish")).expect(0);
    assert_eq!(states(&machine, "anew", "sign"), ["active", "revoked", "revoked"]);
    assert_eq!(states(&machine, "anew", "intake"), ["active", "revoked"]);
    machine.run(&key("anew", "rotate intake")).expect(0);
    assert_eq!(states(&machine, "anew", "intake"), ["active", "retired", "revoked"]);
    machine.run(&replace(&root)).expect(75).expect_code("member.key_known");
    machine.run("audit verify").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_gets_another_passphrase_and_the_old_one_opens_nothing() {
    let (machine, _hub) = node().await;
    json(&machine, &key("home", "init"));
    fs::write(machine.folder().join("new"), "four other words to use\n").unwrap();
    fs::write(machine.folder().join("short"), "short\n").unwrap();
    machine
        .run(&key("home", "passphrase --new-passphrase-file short"))
        .expect(65)
        .expect_code("home.passphrase_too_weak");
    let change = key("home", "passphrase --new-passphrase-file new");
    machine.run(&change).expect(0);
    machine.run(&change).expect(0);
    machine.run(&key("home", "list")).expect(77).expect_code("home.wrong_passphrase");
    machine.run("key --home home --passphrase-file new list").expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn coordinators_come_and_go_and_lose_their_passphrases() {
    let (machine, _hub) = node().await;
    let first = json(&machine, "member coordinator --name m.tembo");
    machine.run("member coordinator --name m.tembo").expect(75).expect_code("member.name_taken");
    json(&machine, "member coordinator --name the.next");
    let again = json(&machine, &format!("member reenrol {}", text(&first, "id")));
    assert_ne!(text(&again, "code"), text(&first, "code"));
    machine.run(&format!("member remove {}", text(&first, "id"))).expect(0);
    machine.run(&format!("member reenrol {}", text(&first, "id"))).expect(69).expect_code("access.not_found");
    json(&machine, "member coordinator --name m.tembo");
    let people = json(&machine, "member people");
    let removed = people.as_array().unwrap().iter().filter(|person| person["removed"] == true).count();
    assert_eq!((people.as_array().unwrap().len(), removed), (3, 1));
}
