//! The walk-through of docs/gateway.md, run as it is written there: two organisations, a hub, and nothing but the program.

use std::collections::BTreeMap;

use serde_json::Value;
use throughline::kernel::{
    id::{StaffId, SystemIds},
    time::{Clock as _, SystemClock},
};

use super::{
    consent::fill_in,
    gateway::{Gateway, Ran, hub},
};
use crate::support::{TestHub, list_offered};

const DOCUMENT: &str = include_str!("../../../docs/gateway.md");

/// A block of the document: whose it is, and its lines.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut parts = DOCUMENT.split("```");
    let mut found = Vec::new();
    while let (Some(_prose), Some(block)) = (parts.next(), parts.next()) {
        let mut lines = block.lines();
        let whose = lines.next().unwrap().strip_prefix("sh ").expect("every block says whose it is");
        found.push((whose, lines.collect()));
    }
    found
}

/// As much of a shell as the document uses.
struct Shell<'h> {
    hub: &'h TestHub,
    known: BTreeMap<String, String>,
}

impl Shell<'_> {
    fn fill(&self, line: &str) -> String {
        let now = SystemClock.now();
        let tomorrow = now.plus(chrono::TimeDelta::days(1)).datetime().format("%FT09:30:00Z").to_string();
        let mut line = line.replace("$(date -u -d tomorrow +%FT09:30:00Z)", &tomorrow);
        line = line.replace("$(date -u +%F)", &now.datetime().format("%F").to_string());
        for (name, value) in &self.known {
            line = line.replace(&format!("${name}"), value);
        }
        line
    }

    async fn program(&self, by: &Gateway, line: &str) -> Ran {
        let words = words(&self.fill(line).replacen("throughline ", "", 1));
        by.run_words(self.hub, words).await
    }

    async fn run(&mut self, by: &Gateway, lines: &[&str]) {
        let mut lines = lines.iter();
        while let Some(line) = lines.next() {
            if let Some(name) = line.strip_prefix("cat > ") {
                let name = name.strip_suffix(" <<'END'").unwrap();
                let text: Vec<&str> = lines.by_ref().take_while(|line| **line != "END").copied().collect();
                std::fs::write(by.file(name), text.join("\n")).unwrap();
            } else if let Some(rest) = line.strip_prefix("sed -i 's/") {
                let (what, file) = rest.split_once("/' ").unwrap();
                let (from, to) = what.split_once('/').unwrap();
                let text = std::fs::read_to_string(by.file(file)).unwrap();
                std::fs::write(by.file(file), text.replace(from, to)).unwrap();
            } else if let Some(file) = line.strip_prefix("rm ") {
                std::fs::remove_file(by.file(file)).unwrap();
            } else if line.starts_with("# fill in record.json") {
                let mut record: Value =
                    serde_json::from_slice(&std::fs::read(by.file("record.json")).unwrap()).unwrap();
                fill_in(&mut record);
                std::fs::write(by.file("record.json"), record.to_string()).unwrap();
            } else if let Some((name, rest)) = line.split_once("=$(") {
                let (command, path) = rest.strip_suffix(')').unwrap().split_once(" | jq -r ").unwrap();
                let printed = self.program(by, command).await.expect(0).json();
                let path = path.replace(['[', ']'], "").replace('.', "/");
                let value = printed.pointer(&path).and_then(Value::as_str);
                let value = value.unwrap_or_else(|| panic!("{line}\n{printed}"));
                self.known.insert(name.to_owned(), value.to_owned());
            } else {
                assert!(line.starts_with("throughline "), "what is this? {line}");
                let ran = self.program(by, line).await;
                assert_eq!(ran.code, 0, "{line}\n{}\n{}", ran.out, ran.err);
            }
        }
    }
}

/// Words of a line; those in double quotes belong together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    let words = parts.flat_map(|(n, part)| -> Vec<String> {
        if n % 2 == 1 { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() }
    });
    words.collect()
}

#[actix_web::test]
async fn the_walk_through_leads_from_keys_to_a_closed_referral_and_a_closed_withdrawal() {
    let hub = hub();
    let harbour = Gateway::enrolled(&hub, "Harbour").await;
    let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
    let worker = StaffId::new(&SystemIds, SystemClock.now());
    let known = [("LAKESIDE", lakeside.id.to_string()), ("WORKER", worker.to_string())];
    let known = known.map(|(name, value)| (name.to_owned(), value)).into();
    let mut shell = Shell { hub: &hub, known };
    let mut seen = 0;
    for (whose, lines) in blocks() {
        match whose {
            "harbour" => shell.run(&harbour, &lines).await,
            "lakeside" => shell.run(&lakeside, &lines).await,
            // `Gateway::enrolled` has done the same: making, connecting and publishing keys, and enrolling.
            // A third organisation has a test of its own.
            "keys" | "third" => continue,
            // What was offered is listed.
            "node" => {
                list_offered(&hub).await;
                continue;
            }
            other => panic!("whose is {other}?"),
        }
        seen += 1;
    }
    assert!(seen > 10, "the blocks are there");

    let shown = harbour.json(&hub, &format!("referral show {}", shell.known["REFERRAL"])).await;
    assert_eq!((&shown["state"], &shown["loop"]), (&"completed".into(), &"closed".into()));
    let withdrawals = harbour.json(&hub, "consent withdrawals").await;
    assert!(withdrawals[0]["closed"].is_string(), "{withdrawals}");
    let stored = hub.everything_stored();
    assert!(!stored.contains("Wezi Banda") && !stored.contains("260 970"), "the hub holds nothing readable");
}

#[actix_web::test]
async fn every_command_the_walk_through_only_names_is_one() {
    let hub = hub();
    let harbour = Gateway::enrolled(&hub, "Harbour").await;
    let named = blocks().into_iter().filter(|(whose, _)| matches!(*whose, "keys" | "node" | "third"));
    for line in named.flat_map(|(_, lines)| lines).filter(|line| line.starts_with("throughline ")) {
        let id = "0192f0c1000070008000000000000041";
        let line = line.replace("$HUB", "https://hub.test").replace("$ORGANISATION", &format!("org_{id}"));
        let line = line.replace("$HILLSIDE", &format!("org_{id}"));
        let line = line.replace("$SERVICE", &format!("svc_{id}"));
        let line = line.replace("$CLIENT", &format!("cli_{id}")).replacen("throughline ", "", 1);
        // The words are taken before help is given, so a wrong one ends with 2.
        let mut words = words(&line);
        words.push(String::from("--help"));
        let helped = harbour.run_words(&hub, words).await.expect(0);
        assert!(helped.out.contains("Usage:"), "{line}");
    }
}
