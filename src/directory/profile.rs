//! The profile of HSDS that this directory follows: what it adds, as files that are merged into the standard's schemas.
//!
//! A file with the name of one of the standard's is a JSON Merge Patch (RFC 7396) of it; the others are objects of their own, which the
//! patches refer to by file name, as the standard does. Nothing of the standard is taken away or made stricter: every document is valid by
//! the plain standard as well.
//!
//! Of what this hub finds out or decides itself a service says how fresh it is (`verification`, `verify_by`, `flagged_at`) and whether it takes
//! people (`intake`). Who verified it and how, each report of what people met, and why it is listed or not are objects of no file here: they are
//! for the provider and for those who keep the directory. Units of administration are named by their codes and are one list for all. The table
//! "What is told where" in `docs/directory.md` has all of it.

/// Its version, counted by itself.
pub const VERSION: &str = "0.1";

/// The files: name and text.
pub const FILES: &[(&str, &str)] = &[
    ("access_barrier.json", include_str!("../../schemas/hsds-profile/access_barrier.json")),
    ("agreement.json", include_str!("../../schemas/hsds-profile/agreement.json")),
    ("agreement_party.json", include_str!("../../schemas/hsds-profile/agreement_party.json")),
    ("agreement_service.json", include_str!("../../schemas/hsds-profile/agreement_service.json")),
    ("cost_option.json", include_str!("../../schemas/hsds-profile/cost_option.json")),
    ("eligibility_rule.json", include_str!("../../schemas/hsds-profile/eligibility_rule.json")),
    ("language.json", include_str!("../../schemas/hsds-profile/language.json")),
    ("location.json", include_str!("../../schemas/hsds-profile/location.json")),
    ("organization.json", include_str!("../../schemas/hsds-profile/organization.json")),
    ("outgoing_referral.json", include_str!("../../schemas/hsds-profile/outgoing_referral.json")),
    ("phone.json", include_str!("../../schemas/hsds-profile/phone.json")),
    ("program.json", include_str!("../../schemas/hsds-profile/program.json")),
    ("referral_channel.json", include_str!("../../schemas/hsds-profile/referral_channel.json")),
    ("referral_requirement.json", include_str!("../../schemas/hsds-profile/referral_requirement.json")),
    ("required_document.json", include_str!("../../schemas/hsds-profile/required_document.json")),
    ("schedule.json", include_str!("../../schemas/hsds-profile/schedule.json")),
    ("service.json", include_str!("../../schemas/hsds-profile/service.json")),
    ("service_area.json", include_str!("../../schemas/hsds-profile/service_area.json")),
    ("service_at_location.json", include_str!("../../schemas/hsds-profile/service_at_location.json")),
    ("service_capacity.json", include_str!("../../schemas/hsds-profile/service_capacity.json")),
    ("taxonomy_term.json", include_str!("../../schemas/hsds-profile/taxonomy_term.json")),
    ("translation.json", include_str!("../../schemas/hsds-profile/translation.json")),
];

/// The text of a file.
pub fn file(name: &str) -> Option<&'static str> {
    FILES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::directory::hsds::{
        columns::{LISTED, fits},
        tables::rule,
    };

    #[test]
    fn the_objects_of_the_profile_say_what_a_package_may_hold() {
        for table in [
            "access_barrier",
            "agreement",
            "agreement_party",
            "agreement_service",
            "eligibility_rule",
            "outgoing_referral",
            "referral_channel",
            "referral_requirement",
            "translation",
        ] {
            let schema: Value = serde_json::from_str(file(&format!("{table}.json")).unwrap()).unwrap();
            jsonschema::meta::validate(&schema).unwrap();
            let rule = rule(table).unwrap();
            let required: BTreeSet<&str> =
                schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let expected: BTreeSet<&str> = rule.required.iter().copied().chain(["id"]).collect();
            assert_eq!(required, expected, "{table}");
            for (column, values) in rule.closed {
                assert_eq!(
                    schema["properties"][column]["enum"],
                    serde_json::json!(values),
                    "{table}.{column}"
                );
            }
        }
    }

    #[test]
    fn the_words_of_a_list_are_those_that_the_profile_names() {
        for listed in LISTED {
            let patch: Value =
                serde_json::from_str(file(&format!("{}.json", listed.table)).unwrap()).unwrap();
            let of_column = &patch["properties"][listed.column];
            if !listed.holds_several {
                assert_eq!(of_column["enum"], serde_json::json!(listed.words), "{}", listed.column);
            }
            let judge = jsonschema::validator_for(of_column).unwrap();
            let all = listed.words.join(", ");
            for cell in [listed.words[0], all.as_str(), "something else", "", " ,"] {
                let is_valid = judge.is_valid(&cell.into());
                assert_eq!(is_valid, fits(listed.table, listed.column, cell), "{}: {cell}", listed.column);
            }
        }
    }

    #[test]
    fn a_plus_code_of_the_profile_is_one_that_is_told() {
        let patch: Value = serde_json::from_str(file("location.json").unwrap()).unwrap();
        let judge = jsonschema::validator_for(&patch["properties"]["plus_code"]).unwrap();
        for text in [
            "5GPRHRJX+8F",
            "5GPRHRJX+",
            "5GPR0000+",
            "5GPR0000+8F",
            "HRJX+8F Lusaka",
            "HRJX+8F",
            "5GPRHRIX+8F",
            "Quay 1",
        ] {
            assert_eq!(judge.is_valid(&text.into()), fits("location", "plus_code", text), "{text}");
        }
    }
}
