//! Loading: defaults, then a file, then the environment; then every complaint at once.

use std::{collections::BTreeMap, fmt, path::Path};

use toml::{Table, Value};

use super::Settings;
use crate::kernel::{Code, Coded, Fault};

/// The compiled-in defaults.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

const PREFIX: &str = "THROUGHLINE__";

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The setting, such as `limits.body_bytes`, or the file.
    pub setting: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// The settings cannot be used. Holds every complaint.
#[derive(Debug, thiserror::Error)]
#[error("the settings cannot be used:{}", lines(complaints))]
pub struct ConfigError {
    /// Everything that is wrong.
    pub complaints: Vec<Complaint>,
}

impl Coded for ConfigError {
    fn code(&self) -> Code {
        Code::new("config.invalid", Fault::Malformed)
    }
}

fn lines(complaints: &[Complaint]) -> String {
    complaints.iter().fold(String::new(), |lines, c| lines + "\n  " + &c.setting + ": " + &c.problem)
}

/// Loads the settings for this process: defaults, the file if one is named, the process's environment.
pub fn load(file: Option<&Path>) -> Result<Settings, ConfigError> {
    let text = match file {
        None => None,
        Some(path) => Some(std::fs::read_to_string(path).map_err(|error| ConfigError {
            complaints: vec![Complaint {
                setting: path.display().to_string(),
                problem: format!("cannot be read ({error}); name a readable file with --config"),
            }],
        })?),
    };
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    load_with(text.as_deref(), &environment)
}

/// Loads the settings from a text and an environment that are handed in.
pub fn load_with(
    file: Option<&str>,
    environment: &BTreeMap<String, String>,
) -> Result<Settings, ConfigError> {
    let mut complaints = Vec::new();
    let mut settings = parse("config/default.toml", DEFAULTS, &mut complaints);
    let shape = settings.clone();
    if let Some(text) = file {
        let given = parse("the settings file", text, &mut complaints);
        overlay(&mut settings, &shape, given, &mut complaints);
    }
    for (name, value) in environment {
        if let Some(path) = name.strip_prefix(PREFIX) {
            override_one(&mut settings, &shape, path, value, &mut complaints);
        }
    }
    let parsed: Option<Settings> = match Value::Table(settings).try_into() {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            if complaints.is_empty() {
                complaints.push(Complaint { setting: String::from("settings"), problem: error.to_string() });
            }
            None
        }
    };
    if let Some(parsed) = &parsed {
        judge(parsed, &mut complaints);
    }
    match parsed {
        Some(parsed) if complaints.is_empty() => Ok(parsed),
        _ => Err(ConfigError { complaints }),
    }
}

fn parse(name: &str, text: &str, complaints: &mut Vec<Complaint>) -> Table {
    text.parse().unwrap_or_else(|error: toml::de::Error| {
        complaints.push(Complaint { setting: name.to_owned(), problem: error.message().to_owned() });
        Table::new()
    })
}

fn overlay(settings: &mut Table, shape: &Table, given: Table, complaints: &mut Vec<Complaint>) {
    for (section, value) in given {
        let Some(Value::Table(known)) = shape.get(&section) else {
            complaints.push(unknown(&section, shape));
            continue;
        };
        let Value::Table(given) = value else {
            complaints.push(Complaint {
                setting: section.clone(),
                problem: format!("is a section; write it as [{section}] with settings below"),
            });
            continue;
        };
        for (key, value) in given {
            let setting = format!("{section}.{key}");
            match known.get(&key) {
                None => complaints.push(unknown_in(&setting, &key, known)),
                Some(example) if example.same_type(&value) => put(settings, &section, &key, value),
                Some(example) => complaints.push(wrong_type(&setting, example)),
            }
        }
    }
}

fn override_one(
    settings: &mut Table,
    shape: &Table,
    path: &str,
    text: &str,
    complaints: &mut Vec<Complaint>,
) {
    let path = path.to_ascii_lowercase();
    let Some((section, key)) = path.split_once("__") else {
        complaints.push(Complaint {
            setting: format!("{PREFIX}{}", path.to_ascii_uppercase()),
            problem: format!("has no setting; write {PREFIX}SECTION__KEY"),
        });
        return;
    };
    let setting = format!("{section}.{key}");
    let Some(Value::Table(known)) = shape.get(section) else {
        complaints.push(unknown(section, shape));
        return;
    };
    let Some(example) = known.get(key) else {
        complaints.push(unknown_in(&setting, key, known));
        return;
    };
    let value = match example {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::String(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
            Some(Value::String(text.to_owned()))
        }
    };
    match value {
        Some(value) => put(settings, section, key, value),
        None => complaints.push(wrong_type(&setting, example)),
    }
}

fn put(settings: &mut Table, section: &str, key: &str, value: Value) {
    if let Some(Value::Table(table)) = settings.get_mut(section) {
        table.insert(key.to_owned(), value);
    }
}

fn unknown(section: &str, shape: &Table) -> Complaint {
    let known: Vec<&str> = shape.keys().map(String::as_str).collect();
    Complaint {
        setting: section.to_owned(),
        problem: format!("is no section; sections are {}", known.join(", ")),
    }
}

fn unknown_in(setting: &str, key: &str, known: &Table) -> Complaint {
    let near = known.keys().min_by_key(|candidate| distance(candidate, key));
    let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Complaint { setting: setting.to_owned(), problem: format!("is no setting{hint}") }
}

fn wrong_type(setting: &str, example: &Value) -> Complaint {
    Complaint {
        setting: setting.to_owned(),
        problem: format!("must be of the kind of its default, {example} ({})", example.type_str()),
    }
}

/// How many letters differ, roughly: enough to suggest a name.
fn distance(a: &str, b: &str) -> usize {
    let same = a.chars().zip(b.chars()).filter(|(x, y)| x == y).count();
    a.len().max(b.len()).saturating_sub(same)
}

fn judge(settings: &Settings, complaints: &mut Vec<Complaint>) {
    let mut complain = |setting: &str, problem: String| {
        complaints.push(Complaint { setting: setting.to_owned(), problem });
    };
    let node: Vec<&str> = settings.node.name.split(':').collect();
    let plain = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    if !matches!(node.as_slice(), ["rhn", country, name] if country.len() == 2 && plain(country) && plain(name))
    {
        complain("node.name", String::from("must look like rhn:zz:national"));
    }
    let country = &settings.node.country;
    if country.len() != 2 || !country.chars().all(|c| c.is_ascii_uppercase()) {
        complain("node.country", String::from("must be two capital letters (ISO 3166-1 alpha-2)"));
    }
    let url = &settings.server.public_url;
    if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
        complain("server.public_url", String::from("must begin with http:// or https:// and not end with /"));
    }
    let tls = (&settings.server.tls_certificate, &settings.server.tls_key);
    if tls.0.as_os_str().is_empty() != tls.1.as_os_str().is_empty() {
        complain("server.tls_key", String::from("and tls_certificate go together: set both or neither"));
    }
    let database = &settings.database.url;
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|start| database.starts_with(start));
    if !known || database == "sqlite:" {
        complain("database.url", String::from("must be sqlite:PATH or postgres://USER@HOST/NAME"));
    }
    let positive: [(&str, bool); 12] = [
        ("database.readers", settings.database.readers > 0),
        ("database.writers", settings.database.writers > 0),
        ("database.batch", settings.database.batch > 0),
        ("database.queue", settings.database.queue > 0),
        ("limits.packet_bytes", settings.limits.packet_bytes > 0),
        ("limits.body_bytes", settings.limits.body_bytes > 0),
        ("limits.request_seconds", settings.limits.request_seconds > 0),
        ("limits.connections", settings.limits.connections > 0),
        ("limits.organisation_requests_per_second", settings.limits.organisation_requests_per_second > 0),
        ("limits.organisation_burst", settings.limits.organisation_burst > 0),
        ("limits.stranger_requests_per_second", settings.limits.stranger_requests_per_second > 0),
        ("limits.stranger_burst", settings.limits.stranger_burst > 0),
    ];
    for (setting, good) in positive {
        if !good {
            complain(setting, String::from("must be more than 0"));
        }
    }
    if !(60..=3_600).contains(&settings.access.token_seconds) {
        complain("access.token_seconds", String::from("must be between 60 and 3600"));
    }
    // Use is noted once a minute: less than two minutes would end sessions that are in use.
    if settings.access.session_idle_minutes < 2 {
        complain("access.session_idle_minutes", String::from("must be at least 2"));
    }
    if settings.jobs.claim_lease_seconds < 5 {
        complain("jobs.claim_lease_seconds", String::from("must be at least 5"));
    }
}

impl fmt::Display for Settings {
    /// The settings in force as TOML, with the password in `database.url` hidden.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.clone();
        shown.database.url = hide_password(&shown.database.url);
        match toml::to_string_pretty(&shown) {
            Ok(text) => f.write_str(&text),
            Err(_ignored) => Err(fmt::Error),
        }
    }
}

fn hide_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let Some((user, _password)) = login.split_once(':') else { return url.to_owned() };
    format!("{scheme}://{user}:…@{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn the_defaults_are_good_settings() {
        let settings = load_with(None, &BTreeMap::new()).unwrap();
        assert_eq!(settings.server.address.port(), 8080);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let file = "[limits]\nbody_bytes = 1000\nconnections = 7\n";
        let env = environment(&[("THROUGHLINE__LIMITS__CONNECTIONS", "9"), ("UNRELATED", "x")]);
        let settings = load_with(Some(file), &env).unwrap();
        assert_eq!((settings.limits.body_bytes, settings.limits.connections), (1000, 9));
    }

    #[test]
    fn every_complaint_is_reported_at_once() {
        let file =
            "[limits]\nbody_byte = 1\nconnections = \"many\"\n[lost]\nx = 1\n[node]\ncountry = \"zambia\"\n";
        let env = environment(&[("THROUGHLINE__DATABASE__QUEUE", "0"), ("THROUGHLINE__JOBS", "1")]);
        let complaints = load_with(Some(file), &env).unwrap_err().complaints;
        let settings: Vec<&str> = complaints.iter().map(|c| c.setting.as_str()).collect();
        assert_eq!(
            settings,
            [
                "limits.body_byte",
                "limits.connections",
                "lost",
                "THROUGHLINE__JOBS",
                "node.country",
                "database.queue"
            ]
        );
        assert!(complaints.iter().any(|c| c.problem.contains("did you mean body_bytes?")));
    }

    #[test]
    fn every_default_has_a_comment_above_it() {
        let lines: Vec<&str> = DEFAULTS.lines().collect();
        let mut commented = false;
        for line in lines {
            if line.starts_with('#') {
                commented = true;
            } else if line.starts_with('[') || line.is_empty() {
                commented = false;
            } else {
                assert!(commented, "no comment above: {line}");
            }
        }
    }

    #[test]
    fn a_shown_password_is_hidden() {
        let env = environment(&[("THROUGHLINE__DATABASE__URL", "postgres://hub:canary@db/hub")]);
        let shown = load_with(None, &env).unwrap().to_string();
        assert!(!shown.contains("canary") && shown.contains("postgres://hub:…@db/hub"));
    }
}
