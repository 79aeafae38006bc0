//! Loading: defaults, then a file, then the environment; then every complaint at once.

use std::{collections::BTreeMap, fmt, path::Path};

use toml::{Table, Value};
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use super::{Settings, ranges};
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
    ranges::judge(&mut settings, &shape, &mut complaints);
    judge_alone(&mut settings, &shape, &mut complaints);
    let parsed: Option<Settings> = match Value::Table(settings).try_into() {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            complaints.push(Complaint { setting: String::from("settings"), problem: error.to_string() });
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
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        complaints.push(Complaint {
            setting: name.to_owned(),
            problem: format!("cannot be understood in line {line}: {}", error.message()),
        });
        Table::new()
    })
}

/// Tries each value that is not the default alone. What cannot be used is named, and the default takes its place, so that the others
/// are looked at as well.
fn judge_alone(settings: &mut Table, shape: &Table, complaints: &mut Vec<Complaint>) {
    for (section, known) in shape {
        for (key, default) in known.as_table().into_iter().flatten() {
            let Some(value) = settings.get(section).and_then(|table| table.get(key)).cloned() else {
                continue;
            };
            if value == *default {
                continue;
            }
            let mut trial = shape.clone();
            put(&mut trial, section, key, value);
            if let Err(error) = Value::Table(trial).try_into::<Settings>() {
                complaints.push(Complaint {
                    setting: format!("{section}.{key}"),
                    problem: format!("cannot be used: {}", error.message()),
                });
                put(settings, section, key, default.clone());
            }
        }
    }
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

pub(super) fn put(settings: &mut Table, section: &str, key: &str, value: Value) {
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
    let body = &settings.complaints;
    let is_reached = !body.telephone.trim().is_empty() || !body.address.trim().is_empty();
    if body.is_named() != is_reached {
        complain(
            "complaints.name",
            String::from("goes with a telephone or an address: set it and one of them, or none of the three"),
        );
    }
    if !body.telephone.chars().all(|c| c.is_ascii_digit() || "+ -()".contains(c)) {
        complain("complaints.telephone", String::from("must be digits, such as +260 211 000 000"));
    }
    if !settings.server.leave_to.starts_with("https://") {
        complain("server.leave_to", String::from("must begin with https://"));
    }
    let url = &settings.server.public_url;
    if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
        complain("server.public_url", String::from("must begin with http:// or https:// and not end with /"));
    }
    let tls = (&settings.server.tls_certificate, &settings.server.tls_key);
    if tls.0.as_os_str().is_empty() != tls.1.as_os_str().is_empty() {
        complain("server.tls_key", String::from("and tls_certificate go together: set both or neither"));
    }
    if tls.0.as_os_str().is_empty() && !settings.server.client_ca.as_os_str().is_empty() {
        complain("server.client_ca", String::from("needs TLS: set tls_certificate and tls_key as well"));
    }
    let database = &settings.database.url;
    let known = ["sqlite:", "postgres://", "postgresql://"].iter().any(|start| database.starts_with(start));
    if !known || database == "sqlite:" {
        complain("database.url", String::from("must be sqlite:PATH or postgres://USER@HOST/NAME"));
    }
    if !is_level(&settings.log.level) {
        complain(
            "log.level",
            String::from(
                "must be off, error, warn, info, debug or trace; for one module module=level, parted by commas",
            ),
        );
    }
}

/// Whether tracing understands it, and every word without a module is a level: tracing takes a misspelt level for a module's name and
/// logs nothing else.
fn is_level(text: &str) -> bool {
    let mut bare = text.split(',').filter(|part| !part.contains(['=', '[']));
    EnvFilter::try_new(text).is_ok()
        && bare.all(|part| !part.is_empty() && part.parse::<LevelFilter>().is_ok())
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
                "database.queue",
                "node.country"
            ]
        );
        assert!(complaints.iter().any(|c| c.problem.contains("did you mean body_bytes?")));
    }

    fn complaint_about(file: &str) -> String {
        let complaints = load_with(Some(file), &BTreeMap::new()).unwrap_err().complaints;
        let said: Vec<_> = complaints.iter().map(|c| format!("{}: {}", c.setting, c.problem)).collect();
        said.join(" | ")
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named_and_hides_no_other() {
        let said = complaint_about(
            "[server]\naddress = \"here\"\n[log]\nformat = \"xml\"\n[node]\ncountry = \"Z\"\n",
        );
        for setting in
            ["server.address: cannot be used", "log.format: cannot be used", "node.country: must be"]
        {
            assert!(said.contains(setting), "{said}");
        }
    }

    #[test]
    fn certificates_of_callers_cannot_be_asked_for_without_tls() {
        let said = complaint_about("[server]\nclient_ca = \"ca.pem\"\n");
        assert!(said.starts_with("server.client_ca: needs TLS"), "{said}");
    }

    #[test]
    fn whoever_takes_complaints_has_a_name_and_can_be_reached() {
        for file in ["name = \"Ombudsman\"", "telephone = \"+260 211\"", "address = \"1 High Street\""] {
            let said = complaint_about(&format!("[complaints]\n{file}\n"));
            assert!(said.starts_with("complaints.name: goes with"), "{said}");
        }
        let said = complaint_about("[complaints]\nname = \"O\"\ntelephone = \"ask inside\"\n");
        assert!(said.starts_with("complaints.telephone: must be digits"), "{said}");
        let file = "[complaints]\nname = \"Ombudsman\"\ntelephone = \"+260 (211) 000-000\"\n";
        assert!(load_with(Some(file), &BTreeMap::new()).unwrap().complaints.is_named());
        assert!(!load_with(None, &BTreeMap::new()).unwrap().complaints.is_named());
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_complained_about_with_its_line() {
        let said = complaint_about("[node]\nname = \"rhn:zz:x\"\ncountry = ZZ\n");
        assert!(said.starts_with("the settings file: cannot be understood in line 3: "), "{said}");
    }

    #[test]
    fn a_misspelt_log_level_is_no_name_of_a_module() {
        for level in ["inof", "info,hub=loud", "=", ",", ""] {
            let said = complaint_about(&format!("[log]\nlevel = \"{level}\"\n"));
            assert!(said.starts_with("log.level: must be"), "{level}: {said}");
        }
        for level in ["off", "WARN", "info,throughline::storage=debug", "info,actix_server=trace"] {
            load_with(Some(&format!("[log]\nlevel = \"{level}\"\n")), &BTreeMap::new()).unwrap();
        }
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
