//! What the numbers may be. Beyond these a value is a slip of the pen, or something below would give up over it.

use toml::{Table, Value};

use super::{Complaint, load::put};

/// Setting, smallest and greatest value.
const RANGES: [(&str, &str, i64, i64); 35] = [
    ("server", "workers", 0, 512),
    ("server", "shutdown_seconds", 0, 3_600),
    ("database", "readers", 1, 1_000),
    ("database", "writers", 1, 1_000),
    ("database", "batch", 1, 10_000),
    ("database", "queue", 1, 1_000_000),
    ("database", "statement_timeout_seconds", 1, 3_600),
    ("database", "lock_timeout_seconds", 1, 3_600),
    ("database", "free_disk_megabytes", 0, 1_000_000_000),
    // The format of packets knows no larger ones.
    ("limits", "packet_bytes", 1, LARGEST),
    ("limits", "body_bytes", 1, LARGEST),
    // A caller's quarter holds the largest body.
    ("limits", "bodies_bytes", 4 * LARGEST, 1_000_000_000_000),
    // The parser below gives up beyond.
    ("limits", "header_bytes", 8_192, 98_304),
    ("limits", "header_seconds", 1, 3_600),
    ("limits", "request_seconds", 1, 3_600),
    ("limits", "connections", 1, 1_000_000),
    ("limits", "keep_alive_seconds", 1, 86_400),
    ("limits", "organisation_requests_per_second", 1, 1_000_000),
    ("limits", "organisation_burst", 1, 1_000_000),
    ("limits", "stranger_requests_per_second", 1, 1_000_000),
    ("limits", "stranger_burst", 1, 1_000_000),
    ("access", "token_seconds", 60, 3_600),
    // Use is noted once a minute: less than two minutes would end sessions that are in use.
    ("access", "session_idle_minutes", 2, 10_080),
    ("access", "session_hours", 1, 720),
    ("access", "passphrase_tries", 1, 1_000),
    ("access", "passphrase_pause_minutes", 1, 10_080),
    ("access", "passphrases_at_once", 1, 512),
    ("access", "enrolment_hours", 1, 8_760),
    ("directory", "availability_days", 1, 366),
    ("directory", "verification_days", 1, 3_660),
    ("directory", "remind_days", 0, 366),
    ("directory", "flag_after", 1, 1_000),
    ("jobs", "claim_lease_seconds", 5, 86_400),
    ("jobs", "idempotency_hours", 1, 8_760),
    ("jobs", "outbox_days", 1, 36_500),
];

/// The largest body, in bytes: 12 MiB, a packet's.
const LARGEST: i64 = 12 * 1_048_576;

/// Complains about numbers out of their range and puts the default in their place.
pub(super) fn judge(settings: &mut Table, shape: &Table, complaints: &mut Vec<Complaint>) {
    for (section, key, least, most) in RANGES {
        let value = |table: &Table| table.get(section)?.get(key)?.as_integer();
        if value(settings).is_some_and(|value| !(least..=most).contains(&value)) {
            complaints.push(Complaint {
                setting: format!("{section}.{key}"),
                problem: format!("must be between {least} and {most}"),
            });
            put(settings, section, key, Value::Integer(value(shape).unwrap_or(least)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{DEFAULTS, load_with};

    #[test]
    fn every_number_has_a_range_and_its_ends_can_be_used() {
        let shape: Table = DEFAULTS.parse().unwrap();
        for (section, settings) in &shape {
            for (key, value) in settings.as_table().unwrap() {
                let known = RANGES.iter().find(|range| (range.0, range.1) == (section, key));
                assert_eq!(value.is_integer(), known.is_some(), "{section}.{key}");
                let Some((_, _, least, most)) = known else { continue };
                let with = |number: i64| {
                    load_with(Some(&format!("[{section}]\n{key} = {number}\n")), &BTreeMap::new())
                };
                with(*least).unwrap();
                with(*most).unwrap();
                for beyond in [least - 1, most + 1, i64::MIN, i64::MAX] {
                    let refused = with(beyond).unwrap_err();
                    let said = refused.to_string();
                    assert!(
                        said.ends_with(&format!("{section}.{key}: must be between {least} and {most}")),
                        "{said}"
                    );
                    assert_eq!(refused.complaints.len(), 1);
                }
            }
        }
    }
}
