//! What HSDS nests in what (its schemas for one object and for lists), and what the profile adds.

/// An object and what stands in it.
#[derive(Debug)]
pub(super) struct Node {
    /// Its table.
    pub(super) table: &'static str,
    /// Members that hold one object: the member, the column that names it, the object.
    pub(super) one: &'static [Named],
    /// Members that hold a list: the member, the column by which the objects name this one, the object.
    pub(super) many: &'static [Named],
}

/// A member, the column, the object.
pub(super) type Named = (&'static str, &'static str, &'static Node);

const fn leaf(table: &'static str) -> Node {
    Node { table, one: &[], many: ATTRIBUTES }
}

/// What may hang on everything.
const ATTRIBUTES: &[(&str, &str, &Node)] =
    &[("attributes", "link_id", &ATTRIBUTE), ("translations", "link_id", &TRANSLATION)];

static TRANSLATION: Node = Node { table: "translation", one: &[], many: &[] };
static ELIGIBILITY: Node = leaf("eligibility_rule");
static BARRIER: Node = leaf("access_barrier");
static REQUIREMENT: Node = leaf("referral_requirement");
static CHANNEL: Node = leaf("referral_channel");
static OUTGOING: Node = leaf("outgoing_referral");
static PARTY_LISTED: Node = leaf("agreement_party");
/// An agreement in what it is about: with its parties, and without the services in scope, which may be many.
static AGREEMENT_NAMED: Node = Node {
    table: "agreement",
    one: &[],
    many: &[
        ("agreement_parties", "agreement_id", &PARTY_LISTED),
        ("attributes", "link_id", &ATTRIBUTE),
        ("translations", "link_id", &TRANSLATION),
    ],
};
static PARTY: Node = Node {
    table: "agreement_party",
    one: &[("agreement", "agreement_id", &AGREEMENT_NAMED)],
    many: ATTRIBUTES,
};
static IN_SCOPE: Node = Node {
    table: "agreement_service",
    one: &[("agreement", "agreement_id", &AGREEMENT_NAMED)],
    many: ATTRIBUTES,
};

static ATTRIBUTE: Node =
    Node { table: "attribute", one: &[("taxonomy_term", "taxonomy_term_id", &TERM)], many: &[] };
static LANGUAGE: Node = leaf("language");
static SCHEDULE: Node = leaf("schedule");
static AREA: Node = leaf("service_area");
static URL: Node = leaf("url");
static FUNDING: Node = leaf("funding");
static COST: Node = leaf("cost_option");
static DOCUMENT: Node = leaf("required_document");
static ADDRESS: Node = leaf("address");
static ACCESSIBILITY: Node = leaf("accessibility");
static IDENTIFIER: Node = leaf("organization_identifier");
static PROGRAM: Node = leaf("program");
static PHONE: Node = Node {
    table: "phone",
    one: &[],
    many: &[("languages", "phone_id", &LANGUAGE), ("attributes", "link_id", &ATTRIBUTE)],
};
static UNIT: Node = leaf("unit");
static CAPACITY: Node = Node {
    table: "service_capacity",
    one: &[("unit", "unit_id", &UNIT), ("population_term", "population_term_id", &TERM)],
    many: ATTRIBUTES,
};
static LOCATION: Node = Node {
    table: "location",
    one: &[],
    many: &[
        ("languages", "location_id", &LANGUAGE),
        ("addresses", "location_id", &ADDRESS),
        ("accessibility", "location_id", &ACCESSIBILITY),
        ("phones", "location_id", &PHONE),
        ("schedules", "location_id", &SCHEDULE),
        ("attributes", "link_id", &ATTRIBUTE),
        ("translations", "link_id", &TRANSLATION),
    ],
};

/// What every whole form of an organisation nests, apart from its services.
macro_rules! organization_lists {
    ($($more:expr),*) => {
        &[
            ("additional_websites", "organization_id", &URL),
            ("funding", "organization_id", &FUNDING),
            ("phones", "organization_id", &PHONE),
            ("locations", "organization_id", &LOCATION),
            ("programs", "organization_id", &PROGRAM),
            ("organization_identifiers", "organization_id", &IDENTIFIER),
            ("attributes", "link_id", &ATTRIBUTE),
            ("translations", "link_id", &TRANSLATION),
            ("outgoing_referrals", "organization_id", &OUTGOING),
            ("agreement_parties", "organization_id", &PARTY),
            $($more),*
        ]
    };
}

static ORGANIZATION_IN_SERVICE: Node = Node { table: "organization", one: &[], many: organization_lists!() };
static PLACE_IN_SERVICE: Node = Node {
    table: "service_at_location",
    one: &[("location", "location_id", &LOCATION)],
    many: &[
        ("service_areas", "service_at_location_id", &AREA),
        ("phones", "service_at_location_id", &PHONE),
        ("schedules", "service_at_location_id", &SCHEDULE),
        ("eligibility_rules", "service_at_location_id", &ELIGIBILITY),
        ("attributes", "link_id", &ATTRIBUTE),
        ("translations", "link_id", &TRANSLATION),
    ],
};

/// What every form of a service nests, apart from its places.
macro_rules! service_lists {
    ($($more:expr),*) => {
        &[
            ("additional_urls", "service_id", &URL),
            ("phones", "service_id", &PHONE),
            ("schedules", "service_id", &SCHEDULE),
            ("service_areas", "service_id", &AREA),
            ("languages", "service_id", &LANGUAGE),
            ("funding", "service_id", &FUNDING),
            ("cost_options", "service_id", &COST),
            ("required_documents", "service_id", &DOCUMENT),
            ("capacities", "service_id", &CAPACITY),
            ("eligibility_rules", "service_id", &ELIGIBILITY),
            ("access_barriers", "service_id", &BARRIER),
            ("referral_requirements", "service_id", &REQUIREMENT),
            ("referral_channels", "service_id", &CHANNEL),
            ("agreement_services", "service_id", &IN_SCOPE),
            ("attributes", "link_id", &ATTRIBUTE),
            ("translations", "link_id", &TRANSLATION),
            $($more),*
        ]
    };
}

/// A service with everything.
pub(super) static SERVICE: Node = Node {
    table: "service",
    one: &[
        ("organization", "organization_id", &ORGANIZATION_IN_SERVICE),
        ("program", "program_id", &PROGRAM),
    ],
    many: service_lists!(("service_at_locations", "service_id", &PLACE_IN_SERVICE)),
};
static SERVICE_IN_ORGANIZATION: Node = Node {
    table: "service",
    one: &[("program", "program_id", &PROGRAM)],
    many: service_lists!(("service_at_locations", "service_id", &PLACE_IN_SERVICE)),
};
static SERVICE_IN_PLACE: Node = Node {
    table: "service",
    one: &[
        ("organization", "organization_id", &ORGANIZATION_IN_SERVICE),
        ("program", "program_id", &PROGRAM),
    ],
    many: service_lists!(),
};
/// An organisation in a list.
pub(super) static ORGANIZATION_LISTED: Node = Node { table: "organization", one: &[], many: &[] };
static PROGRAM_PLAIN: Node = Node { table: "program", one: &[], many: &[] };
static LOCATION_PLAIN: Node = Node { table: "location", one: &[], many: &[] };
static SERVICE_ID: Node = Node { table: "service", one: &[], many: &[] };

/// A service in a list.
pub(super) static SERVICE_LISTED: Node = Node {
    table: "service",
    one: &[
        ("organization", "organization_id", &ORGANIZATION_LISTED),
        ("program", "program_id", &PROGRAM_PLAIN),
    ],
    many: &[],
};
/// A service at a place with everything.
pub(super) static PLACE: Node = Node {
    table: "service_at_location",
    one: &[("location", "location_id", &LOCATION), ("service", "service_id", &SERVICE_IN_PLACE)],
    many: PLACE_IN_SERVICE.many,
};
/// A service at a place in a list.
pub(super) static PLACE_LISTED: Node = Node {
    table: "service_at_location",
    one: &[("location", "location_id", &LOCATION_PLAIN), ("service", "service_id", &SERVICE_LISTED)],
    many: &[],
};

/// An organisation with everything, and of its services what they are called.
pub(super) static ORGANIZATION: Node = Node {
    table: "organization",
    one: &[],
    many: organization_lists!(("services", "organization_id", &SERVICE_ID)),
};
/// An organisation with everything, its services too.
pub(super) static ORGANIZATION_WITH_SERVICES: Node = Node {
    table: "organization",
    one: &[],
    many: organization_lists!(("services", "organization_id", &SERVICE_IN_ORGANIZATION)),
};
static PARTY_OF: Node = Node {
    table: "agreement_party",
    one: &[("organization", "organization_id", &ORGANIZATION_LISTED)],
    many: ATTRIBUTES,
};
static COVERED_BY: Node =
    Node { table: "agreement_service", one: &[("service", "service_id", &SERVICE_LISTED)], many: ATTRIBUTES };
/// An agreement in a list.
pub(super) static AGREEMENT_LISTED: Node = Node { table: "agreement", one: &[], many: &[] };
/// An agreement with its parties and the services in scope.
pub(super) static AGREEMENT: Node = Node {
    table: "agreement",
    one: &[],
    many: &[
        ("agreement_parties", "agreement_id", &PARTY_OF),
        ("agreement_services", "agreement_id", &COVERED_BY),
        ("attributes", "link_id", &ATTRIBUTE),
        ("translations", "link_id", &TRANSLATION),
    ],
};
/// A taxonomy.
pub(super) static TAXONOMY: Node = Node { table: "taxonomy", one: &[], many: &[] };
/// A term of a taxonomy.
pub(super) static TERM: Node =
    Node { table: "taxonomy_term", one: &[("taxonomy_detail", "taxonomy_id", &TAXONOMY)], many: &[] };

/// What an object names and HSDS does not nest in it, for documents that name nothing that is not in them.
pub(super) fn named_by(table: &str) -> &'static [Named] {
    static OF_TERM: [Named; 1] = [("parent", "parent_id", &TERM)];
    static OF_ORGANIZATION: [Named; 1] =
        [("parent_organization", "parent_organization_id", &ORGANIZATION_LISTED)];
    static OF_OUTGOING: [Named; 1] = [("to_organization", "to_organization_id", &ORGANIZATION_LISTED)];
    static OF_PARTY: [Named; 1] = [("organization", "organization_id", &ORGANIZATION_LISTED)];
    match table {
        "taxonomy_term" => &OF_TERM,
        "organization" => &OF_ORGANIZATION,
        "outgoing_referral" => &OF_OUTGOING,
        "agreement_party" => &OF_PARTY,
        _ => &[],
    }
}

/// Whether the public does not see rows of a table: what keeps people away, how dangerous it is, by which way colleagues are reached, and
/// what they agreed with one another.
pub(in crate::directory) fn is_for_members(table: &str) -> bool {
    let agreed = ["agreement", "agreement_party", "agreement_service"];
    matches!(table, "access_barrier" | "referral_channel") || agreed.contains(&table)
}

/// Whether a row that names another through this column is shown inside it.
pub(super) fn is_part(table: &str, via: &str) -> bool {
    let tables: &[&str] = match via {
        "link_id" | "phone_id" | "service_at_location_id" => return true,
        "location_id" => &["language", "address", "accessibility", "phone", "schedule"],
        "organization_id" => &[
            "url",
            "funding",
            "phone",
            "location",
            "program",
            "organization_identifier",
            "outgoing_referral",
            "agreement_party",
        ],
        "agreement_id" => &["agreement_party"],
        "service_id" => &[
            "service_at_location",
            "url",
            "phone",
            "schedule",
            "service_area",
            "language",
            "funding",
            "cost_option",
            "required_document",
            "service_capacity",
            "eligibility_rule",
            "access_barrier",
            "referral_requirement",
            "referral_channel",
            "agreement_service",
        ],
        _ => &[],
    };
    tables.contains(&table)
}

/// Whether a row that names another through this column shows it inside itself. A party shows its agreement, which shows its parties.
pub(super) fn is_shown_by(table: &str, via: &str) -> bool {
    matches!(
        (table, via),
        ("service", "organization_id" | "program_id")
            | ("service_at_location", "location_id")
            | ("attribute", "taxonomy_term_id")
            | ("taxonomy_term", "taxonomy_id")
            | ("service_capacity", "unit_id" | "population_term_id")
            | ("agreement_party" | "agreement_service", "agreement_id")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(node: &'static Node, see: &mut impl FnMut(&Node)) {
        see(node);
        for (_, _, inner) in node.one.iter().chain(node.many) {
            each(inner, see);
        }
    }

    #[test]
    fn a_change_is_looked_for_wherever_something_is_nested_in_a_service() {
        each(&SERVICE, &mut |node| {
            for (member, via, inner) in node.many {
                assert!(is_part(inner.table, via), "{}.{member}", node.table);
                let both = (inner.table, *via) == ("agreement_party", "agreement_id");
                assert_eq!(is_shown_by(inner.table, via), both, "{}.{member}", node.table);
            }
            for (member, via, _) in node.one {
                assert!(is_shown_by(node.table, via), "{}.{member}", node.table);
                let both = (node.table, *via) == ("agreement_party", "agreement_id");
                assert_eq!(is_part(node.table, via), both, "{}.{member}", node.table);
            }
        });
    }
}
