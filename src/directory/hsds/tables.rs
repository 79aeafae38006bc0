//! What the tables of an HSDS 3.x package must hold, and those of this project's profile of it, in the order in which they can be checked: a
//! table stands behind those it refers to.
//!
//! Columns that are not listed are kept as they are: HSDS lets anybody add some.

/// What is asked of one table.
#[derive(Debug)]
pub struct Rule {
    /// Its name in the descriptor.
    pub name: &'static str,
    /// Columns that may not be empty, beside `id`.
    pub required: &'static [&'static str],
    /// Columns that name a row of another table.
    pub references: &'static [(&'static str, &'static str)],
    /// Columns with a closed list of values.
    pub closed: &'static [(&'static str, &'static [&'static str])],
    /// Whether other tables refer to it, so that its ids are remembered while reading.
    pub is_referred_to: bool,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rule {}

/// The rule of a table, by its name in the descriptor.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// Whether a column of a table names a row.
pub fn is_reference(table: &str, column: &str) -> bool {
    let named = rule(table).is_some_and(|rule| rule.references.iter().any(|(via, _)| *via == column));
    named || (column == "link_id" && LINKED.contains(&table))
}

/// Tables that are left out on purpose, with the reason that stands in the report.
pub const LEFT_OUT: &[(&str, &str)] = &[
    (
        "contact",
        "names and numbers of people are personal data and are not imported; contacts are entered on this hub, by the member whose people they are. \
         How an office is reached goes into phone, or into email of the service or organization, without a name",
    ),
    ("metadata", "the change log of the other system is not imported; this hub keeps its own"),
    ("meta_table_description", "descriptions of tables carry no service"),
];

const SERVICE_STATUS: &[&str] = &["active", "inactive", "defunct", "temporarily closed"];
const PLACE_KIND: &[&str] = &["physical", "postal", "virtual"];

const PARENTS: &[(&str, &str)] = &[
    ("organization_id", "organization"),
    ("program_id", "program"),
    ("service_id", "service"),
    ("location_id", "location"),
    ("service_at_location_id", "service_at_location"),
    ("phone_id", "phone"),
];

const YES_NO: &[&str] = &["yes", "no"];
const YES_NO_UNKNOWN: &[&str] = &["yes", "no", "unknown"];

/// What keeps people from a service (IOM Guidance on Referral Mechanisms, Annex 1 part 4, and what case workers meet besides).
const BARRIERS: &[&str] = &[
    "eligibility",
    "identity_document",
    "status",
    "location",
    "safety",
    "time",
    "financial",
    "language",
    "disability_access",
    "gender_of_staff",
    "discrimination",
    "reporting_to_authorities",
    "capacity",
];

const CHANNELS: &[&str] =
    &["this_hub", "email", "telephone", "other_system", "walk_in", "outreach", "inter_agency_form"];

/// Kinds of agreements between organisations.
const AGREEMENTS: &[&str] = &["mou", "bilateral", "service_agreement", "sop", "directive", "data_sharing"];

/// Tables whose rows name what they belong to with `link_entity` and `link_id`.
pub const LINKED: &[&str] = &["attribute", "translation"];

/// Every table that is read.
pub static RULES: &[Rule] = &[
    Rule {
        name: "organization",
        required: &["name"],
        references: &[("parent_organization_id", "organization")],
        closed: &[],
        is_referred_to: true,
    },
    Rule { name: "taxonomy", required: &["name"], references: &[], closed: &[], is_referred_to: true },
    Rule {
        name: "taxonomy_term",
        required: &["name"],
        references: &[("taxonomy_id", "taxonomy"), ("parent_id", "taxonomy_term")],
        closed: &[],
        is_referred_to: true,
    },
    Rule {
        name: "program",
        required: &["name", "organization_id"],
        references: PARENTS,
        closed: &[],
        is_referred_to: true,
    },
    Rule {
        name: "service",
        required: &["name", "status", "organization_id"],
        references: PARENTS,
        closed: &[("status", SERVICE_STATUS)],
        is_referred_to: true,
    },
    Rule {
        name: "location",
        required: &["location_type"],
        references: PARENTS,
        closed: &[("location_type", PLACE_KIND), ("confidential", YES_NO)],
        is_referred_to: true,
    },
    Rule {
        name: "service_at_location",
        required: &["service_id", "location_id"],
        references: PARENTS,
        closed: &[],
        is_referred_to: true,
    },
    Rule {
        name: "address",
        // HSDS also wants state_province and postal_code; many countries have none, and fillers in their place help nobody.
        required: &["country", "address_type"],
        references: PARENTS,
        closed: &[("address_type", PLACE_KIND)],
        is_referred_to: false,
    },
    Rule { name: "phone", required: &["number"], references: PARENTS, closed: &[], is_referred_to: true },
    Rule {
        name: "organization_identifier",
        required: &["organization_id", "identifier_type", "identifier"],
        references: PARENTS,
        closed: &[],
        is_referred_to: false,
    },
    Rule { name: "unit", required: &["name"], references: &[], closed: &[], is_referred_to: true },
    Rule {
        name: "service_capacity",
        required: &["service_id", "available"],
        references: &[
            ("service_id", "service"),
            ("unit_id", "unit"),
            ("population_term_id", "taxonomy_term"),
        ],
        closed: &[],
        is_referred_to: false,
    },
    Rule {
        name: "schedule",
        required: &[],
        references: PARENTS,
        closed: &[("freq", &["WEEKLY", "MONTHLY"]), ("on_request", YES_NO)],
        is_referred_to: false,
    },
    Rule { name: "language", required: &[], references: PARENTS, closed: &[], is_referred_to: false },
    Rule { name: "service_area", required: &[], references: PARENTS, closed: &[], is_referred_to: false },
    Rule {
        name: "required_document",
        required: &[],
        references: PARENTS,
        closed: &[],
        is_referred_to: false,
    },
    Rule { name: "accessibility", required: &[], references: PARENTS, closed: &[], is_referred_to: false },
    Rule { name: "funding", required: &[], references: PARENTS, closed: &[], is_referred_to: false },
    Rule {
        name: "cost_option",
        required: &["service_id"],
        references: PARENTS,
        closed: &[],
        is_referred_to: false,
    },
    Rule { name: "url", required: &["url"], references: PARENTS, closed: &[], is_referred_to: false },
    Rule {
        name: "attribute",
        required: &["link_id", "link_entity", "taxonomy_term_id"],
        references: &[("taxonomy_term_id", "taxonomy_term")],
        closed: &[],
        is_referred_to: false,
    },
    // The profile.
    Rule {
        name: "eligibility_rule",
        required: &["attribute", "operator", "kind"],
        references: PARENTS,
        closed: &[
            ("attribute", crate::directory::eligibility::ATTRIBUTES),
            ("operator", crate::directory::eligibility::OPERATORS),
            ("kind", crate::directory::eligibility::KINDS),
        ],
        is_referred_to: false,
    },
    Rule {
        name: "access_barrier",
        required: &["service_id", "barrier_type"],
        references: PARENTS,
        closed: &[("barrier_type", BARRIERS), ("severity", &["low", "medium", "high"])],
        is_referred_to: false,
    },
    Rule {
        name: "referral_requirement",
        required: &["service_id"],
        references: PARENTS,
        closed: &[
            ("consent_evidence", YES_NO_UNKNOWN),
            ("prior_status_determination", YES_NO_UNKNOWN),
            ("guardian_consent", YES_NO_UNKNOWN),
            ("accepts_emergency", YES_NO_UNKNOWN),
            ("accepts_self_referral", YES_NO_UNKNOWN),
            ("reports_to_authorities", YES_NO_UNKNOWN),
        ],
        is_referred_to: false,
    },
    Rule {
        name: "referral_channel",
        required: &["service_id", "channel"],
        references: PARENTS,
        closed: &[("channel", CHANNELS)],
        is_referred_to: false,
    },
    Rule {
        name: "outgoing_referral",
        required: &["organization_id"],
        references: &[
            ("organization_id", "organization"),
            ("to_organization_id", "organization"),
            ("to_service_id", "service"),
        ],
        closed: &[],
        is_referred_to: false,
    },
    Rule {
        name: "agreement",
        required: &["title", "agreement_type", "status"],
        references: &[],
        closed: &[
            ("agreement_type", AGREEMENTS),
            ("level", &["local", "national", "transnational"]),
            ("status", &["draft", "active", "suspended", "ended"]),
        ],
        is_referred_to: true,
    },
    Rule {
        name: "agreement_party",
        required: &["agreement_id", "organization_id"],
        references: &[("agreement_id", "agreement"), ("organization_id", "organization")],
        closed: &[],
        is_referred_to: false,
    },
    Rule {
        name: "agreement_service",
        required: &["agreement_id", "service_id"],
        references: &[("agreement_id", "agreement"), ("service_id", "service")],
        closed: &[],
        is_referred_to: false,
    },
    Rule {
        name: "translation",
        required: &["link_id", "link_entity", "field", "language", "text"],
        references: &[],
        closed: &[("machine_made", YES_NO), ("reviewed", YES_NO)],
        is_referred_to: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_stands_behind_those_it_refers_to() {
        for (place, rule) in RULES.iter().enumerate() {
            for (column, target) in rule.references {
                let to = RULES.iter().position(|other| other.name == *target).unwrap();
                let is_optional_forward = to > place && !rule.required.contains(column);
                assert!(to <= place || is_optional_forward, "{}.{column}", rule.name);
                assert!(RULES[to].is_referred_to, "{target}");
            }
            assert!(LEFT_OUT.iter().all(|(name, _)| *name != rule.name));
        }
    }
}
