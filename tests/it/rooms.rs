//! The arrows between rooms, and what may be named where. The table is the architecture: a new arrow is a new word here.

use std::{fs, path::Path};

/// Room, and the rooms it may use beside `kernel`.
const MAY_USE: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("config", &["storage"]),
    ("crypto", &[]),
    ("policy", &[]),
    ("storage", &[]),
    ("access", &["config", "crypto", "policy", "storage"]),
    ("audit", &["access", "crypto", "storage"]),
    ("outbox", &["access", "storage"]),
    ("factors", &["access", "audit", "crypto", "storage"]),
    ("members", &["access", "audit", "config", "crypto", "factors", "outbox", "policy", "storage"]),
    ("custody", &["access", "audit", "crypto", "members", "storage"]),
    ("directory", &["access", "audit", "config", "members", "outbox", "policy", "storage"]),
    ("agreements", &["access", "audit", "crypto", "directory", "members", "outbox", "policy", "storage"]),
    (
        "consent",
        &["access", "agreements", "audit", "crypto", "directory", "members", "outbox", "policy", "storage"],
    ),
    (
        "packets",
        &[
            "access",
            "agreements",
            "audit",
            "consent",
            "crypto",
            "directory",
            "members",
            "outbox",
            "policy",
            "storage",
        ],
    ),
    (
        "referrals",
        &[
            "access",
            "agreements",
            "audit",
            "consent",
            "crypto",
            "directory",
            "members",
            "outbox",
            "packets",
            "policy",
            "storage",
        ],
    ),
    (
        "feedback",
        &[
            "access",
            "audit",
            "config",
            "consent",
            "crypto",
            "members",
            "outbox",
            "policy",
            "referrals",
            "storage",
        ],
    ),
    ("hub", &["access", "audit", "config", "crypto", "factors", "policy", "storage"]),
    ("http", &["access", "config", "crypto", "factors", "hub", "members", "storage"]),
];

/// Entrances and jobs may use every room; not one another.
const ENTRANCES: &[&str] = &["jobs", "api", "cli", "web"];
/// The command line starts servers and jobs, so it is the one entrance that names the others.
const ASSEMBLES: &[&str] = &["cli"];

fn rust_files(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string().replace('\\', "/"), text));
        }
    }
    found
}

fn sources() -> Vec<(String, String)> {
    rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .into_iter()
        .map(|(path, text)| (path.rsplit_once("/src/").unwrap().1.to_owned(), text))
        .collect()
}

fn room_of(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap()
}

/// What is compiled outside tests, without comments: each item under `#[cfg(test)]` is left out up to its own end, and what stands behind
/// it is looked at.
pub(crate) fn code(text: &str) -> String {
    let (mut kept, mut leaving_out) = (Vec::new(), None);
    for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let indent = line.len() - line.trim_start().len();
        match leaving_out {
            None if line.trim() == "#[cfg(test)]" => leaving_out = Some(indent),
            None => kept.push(line),
            Some(of_item) => {
                let last = line.trim() == "}" || line.ends_with([';', ',']);
                if indent == of_item && last && !line.trim_start().starts_with("#[") {
                    leaving_out = None;
                }
            }
        }
    }
    kept.join("\n")
}

#[test]
fn what_stands_behind_a_module_of_tests_is_looked_at_and_what_is_in_it_is_not() {
    let text = "use a;\n#[cfg(test)]\nmod forge;\nuse b;\n    #[cfg(test)]\n    #[expect(x)]\n    fn f(\n        c: C,\n    ) {\n        \
        c;\n    }\n    fn g() {}\n// d\n#[cfg(test)]\nmod tests {\n    use e;\n\n    fn h() {\n    }\n}\nuse i;\n";
    assert_eq!(code(text), "use a;\nuse b;\n    fn g() {}\nuse i;");
}

/// Every room named after `crate::`, also inside braces.
fn rooms_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for rest in code.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut word) = (0, String::new());
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        named.push(word.split("::").next().unwrap().trim().to_owned());
                        word.clear();
                        continue;
                    }
                    _ => {}
                }
                if depth == 0 {
                    word.push(c);
                }
            }
            named.push(word.split("::").next().unwrap().trim().to_owned());
        } else {
            named.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    named.retain(|word| !word.is_empty());
    named
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room_of(&path);
        if ["lib", "main"].contains(&room) || ASSEMBLES.contains(&room) {
            continue;
        }
        for named in rooms_named(&code(&text)) {
            let is_room =
                MAY_USE.iter().any(|(name, _)| *name == named) || ENTRANCES.contains(&named.as_str());
            if !is_room || named == room || named == "kernel" {
                continue;
            }
            let allowed = match MAY_USE.iter().find(|(name, _)| *name == room) {
                Some((_, may)) => may.contains(&named.as_str()),
                None => !ENTRANCES.contains(&named.as_str()),
            };
            if !allowed {
                wrong.push(format!("{path} uses {named}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_in_the_table() {
    for (path, _) in sources() {
        let room = room_of(&path);
        let known = MAY_USE.iter().any(|(name, _)| *name == room)
            || ENTRANCES.contains(&room)
            || ["lib", "main"].contains(&room);
        assert!(known, "{path}");
    }
}

#[test]
fn tables_and_drivers_are_named_in_stores_only() {
    for (path, text) in sources() {
        let may = room_of(&path) == "storage" || path.ends_with("/store.rs");
        let code = code(&text);
        let names = ["storage::schema", "schema::", "diesel::"].iter().any(|word| code.contains(word));
        assert!(may || !names, "{path} names the database");
    }
}

#[test]
fn domain_rooms_neither_wait_nor_know_the_web() {
    for (path, text) in sources() {
        let room = room_of(&path);
        let domain =
            MAY_USE.iter().any(|(name, _)| *name == room) && !["http", "hub", "storage"].contains(&room);
        let code = code(&text);
        for word in ["async fn", ".await", "actix_web", "reqwest", "tokio::"] {
            assert!(!domain || !code.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn only_crypto_names_josekit_and_nobody_calls_its_parsers() {
    for (path, text) in sources() {
        let code = code(&text);
        if room_of(&path) != "crypto" {
            for word in ["josekit", "openssl::"] {
                assert!(!code.contains(word), "{path} has {word}");
            }
        }
        for word in [
            "josekit::jwt",
            "JwkSet",
            "JwtPayloadValidator",
            "deserialize_compact",
            "deserialize_json",
            "JwsContext",
            "JweContext",
        ] {
            assert!(!code.contains(word), "{path} has {word}");
        }
    }
}

#[test]
fn only_the_second_step_names_webauthn() {
    for (path, text) in sources() {
        assert!(
            room_of(&path) == "factors" || !code(&text).contains("webauthn_rs"),
            "{path} has webauthn_rs"
        );
    }
}

/// Sealing what nobody released is for packets that are about nobody.
#[test]
fn only_the_benchmark_seals_without_a_release() {
    for (path, text) in sources() {
        let code = code(&text);
        let may = room_of(&path) == "packets" || path.starts_with("cli/bench/");
        let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        assert!(may || !words.contains(&"press"), "{path} names packets::press");
    }
}

/// Files that are compiled for tests alone, by the place where they are named.
fn files_for_tests(sources: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources {
        let folder = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap();
        for after in text.split("#[cfg(test)]\n").skip(1) {
            let line = after.lines().next().unwrap();
            if let Some((_, name)) = line.strip_suffix(';').and_then(|line| line.split_once("mod ")) {
                found.push(format!("{folder}/{name}.rs"));
            }
        }
    }
    found
}

/// A process judges by the policy it loaded at its start, with its profiles; the one compiled in is where that begins.
#[test]
fn nobody_judges_by_the_policy_compiled_in() {
    let sources = sources();
    let for_tests = files_for_tests(&sources);
    for (path, text) in &sources {
        // The gateway's file, and what is said on paper of whom a service takes, take words from it, never a judgement.
        let takes_words = ["cli/policy.rs", "directory/publish/whom.rs"].contains(&path.as_str());
        let may = room_of(path) == "policy" || takes_words || for_tests.contains(path);
        assert!(
            may || !code(text).contains("builtin()"),
            "{path} asks the policy compiled in; take the one that is handed in"
        );
    }
}

/// A file that somebody names is not there more often than anything else goes wrong: one place says which, and what to do.
#[test]
fn commands_read_and_write_files_in_one_place() {
    for (path, text) in sources() {
        // The benchmark makes its files itself.
        let may = !path.starts_with("cli/") || path.starts_with("cli/bench/") || path == "cli/files.rs";
        let code = code(&text);
        for bare in ["fs::read", "fs::write", "fs::create_dir", "DirBuilder", "File::open", "File::create"] {
            let only_syncs = path == "cli/db.rs" && bare == "File::open";
            let makes_the_demo = path == "cli/demo/mod.rs" && bare == "fs::create_dir";
            assert!(
                may || only_syncs || makes_the_demo || !code.contains(bare),
                "{path} names {bare}; see cli/files.rs"
            );
        }
    }
}

#[test]
fn rooms_do_not_reach_past_their_neighbours() {
    for (path, text) in sources() {
        assert!(!code(&text).contains("super::super"), "{path}");
    }
}
