//! Which columns the tables of HSDS 3.1 and of the profile have.

/// The columns of HSDS 3.1 and of the profile. What a source adds stays in its rows: nobody has looked whether it may be published.
pub(in crate::directory) const COLUMNS: &[(&str, &[&str])] = &[
    (
        "organization",
        &[
            "id",
            "name",
            "alternate_name",
            "description",
            "email",
            "website",
            "tax_status",
            "tax_id",
            "year_incorporated",
            "legal_status",
            "logo",
            "uri",
            "parent_organization_id",
            "text_language",
        ],
    ),
    ("taxonomy", &["id", "name", "description", "uri", "version"]),
    (
        "taxonomy_term",
        &[
            "id",
            "code",
            "name",
            "description",
            "parent_id",
            "taxonomy",
            "language",
            "taxonomy_id",
            "term_uri",
            "crosswalk",
        ],
    ),
    ("program", &["id", "organization_id", "name", "alternate_name", "description", "text_language"]),
    (
        "service",
        &[
            "id",
            "organization_id",
            "program_id",
            "name",
            "alternate_name",
            "description",
            "url",
            "email",
            "status",
            "interpretation_services",
            "application_process",
            "fees_description",
            "wait_time",
            "fees",
            "accreditations",
            "eligibility_description",
            "minimum_age",
            "maximum_age",
            "assured_date",
            "licenses",
            "alert",
            "last_modified",
            "text_language",
        ],
    ),
    (
        "location",
        &[
            "id",
            "location_type",
            "url",
            "organization_id",
            "name",
            "alternate_name",
            "description",
            "transportation",
            "latitude",
            "longitude",
            "external_identifier",
            "external_identifier_type",
            "admin_area",
            "confidential",
            "iana_timezone",
            "text_language",
        ],
    ),
    ("service_at_location", &["id", "service_id", "location_id", "description", "text_language"]),
    (
        "address",
        &[
            "id",
            "location_id",
            "attention",
            "address_1",
            "address_2",
            "city",
            "region",
            "state_province",
            "postal_code",
            "country",
            "address_type",
        ],
    ),
    (
        "phone",
        &[
            "id",
            "location_id",
            "service_id",
            "organization_id",
            "service_at_location_id",
            "number",
            "extension",
            "type",
            "description",
        ],
    ),
    (
        "organization_identifier",
        &["id", "organization_id", "identifier_scheme", "identifier_type", "identifier"],
    ),
    ("unit", &["id", "name", "scheme", "identifier", "uri"]),
    ("service_capacity", &["id", "service_id", "unit_id", "available", "maximum", "description", "updated"]),
    (
        "schedule",
        &[
            "id",
            "service_id",
            "location_id",
            "service_at_location_id",
            "valid_from",
            "valid_to",
            "dtstart",
            "timezone",
            "until",
            "count",
            "wkst",
            "freq",
            "interval",
            "byday",
            "byweekno",
            "bymonthday",
            "byyearday",
            "description",
            "opens_at",
            "closes_at",
            "schedule_link",
            "attending_type",
            "notes",
            "on_request",
            "exceptions",
        ],
    ),
    ("language", &["id", "service_id", "location_id", "phone_id", "name", "code", "note"]),
    (
        "service_area",
        &[
            "id",
            "service_id",
            "service_at_location_id",
            "name",
            "description",
            "extent",
            "extent_type",
            "uri",
            "admin_area",
        ],
    ),
    ("required_document", &["id", "service_id", "document", "uri"]),
    ("accessibility", &["id", "location_id", "description", "details", "url"]),
    ("funding", &["id", "organization_id", "service_id", "source"]),
    (
        "cost_option",
        &["id", "service_id", "valid_from", "valid_to", "option", "currency", "amount", "amount_description"],
    ),
    ("url", &["id", "label", "url", "organization_id", "service_id"]),
    ("attribute", &["id", "link_id", "taxonomy_term_id", "link_type", "link_entity", "value", "label"]),
    (
        "eligibility_rule",
        &[
            "id",
            "service_id",
            "service_at_location_id",
            "group_no",
            "attribute",
            "operator",
            "values",
            "kind",
            "text",
            "source",
        ],
    ),
    (
        "access_barrier",
        &[
            "id",
            "service_id",
            "barrier_type",
            "severity",
            "affects",
            "description",
            "mitigation",
            "observed_on",
        ],
    ),
    (
        "referral_requirement",
        &[
            "id",
            "service_id",
            "form",
            "consent_evidence",
            "prior_status_determination",
            "guardian_consent",
            "minimum_data",
            "accepts_emergency",
            "accepts_self_referral",
            "reports_to_authorities",
        ],
    ),
    (
        "referral_channel",
        &[
            "id",
            "service_id",
            "channel",
            "order",
            "address",
            "hours",
            "next_step",
            "acknowledgement_time",
            "response_time",
            "feedback_method",
            "feedback_time",
            "complaints_mechanism",
        ],
    ),
    (
        "outgoing_referral",
        &["id", "organization_id", "to_organization_id", "to_service_id", "service_type", "note"],
    ),
    (
        "agreement",
        &[
            "id",
            "agreement_type",
            "title",
            "level",
            "target_groups",
            "exclusions",
            "financing",
            "valid_from",
            "valid_to",
            "status",
        ],
    ),
    ("agreement_party", &["id", "agreement_id", "organization_id", "role", "signed_on", "signatory_role"]),
    ("agreement_service", &["id", "agreement_id", "service_id"]),
    (
        "translation",
        &["id", "link_id", "link_entity", "field", "language", "text", "machine_made", "reviewed"],
    ),
];

/// Columns that hold numbers.
pub(in crate::directory) const NUMBERS: &[(&str, &[&str])] = &[
    ("organization", &["year_incorporated"]),
    ("service", &["minimum_age", "maximum_age"]),
    ("phone", &["extension"]),
    ("schedule", &["timezone", "count", "interval"]),
    ("cost_option", &["amount"]),
    ("service_capacity", &["available", "maximum"]),
    ("eligibility_rule", &["group_no"]),
    ("referral_channel", &["order"]),
];

/// The columns of a table.
pub(in crate::directory) fn columns(table: &str) -> &'static [&'static str] {
    COLUMNS.iter().find(|(known, _)| *known == table).map_or(&[], |(_, columns)| columns)
}

/// Whether a table of columns lists one.
pub(in crate::directory) fn lists(of: &[(&str, &[&str])], table: &str, column: &str) -> bool {
    of.iter().any(|(name, columns)| *name == table && columns.contains(&column))
}

/// Columns that hold addresses of pages.
pub(in crate::directory) const ADDRESSES: &[(&str, &[&str])] = &[
    ("organization", &["website", "uri", "logo"]),
    ("service", &["url"]),
    ("location", &["url"]),
    ("accessibility", &["url"]),
    ("required_document", &["uri"]),
    ("schedule", &["schedule_link"]),
    ("taxonomy", &["uri"]),
    ("taxonomy_term", &["term_uri"]),
    ("unit", &["uri"]),
    ("url", &["url"]),
];

/// Columns that hold addresses of mail.
pub(in crate::directory) const MAILS: &[(&str, &[&str])] =
    &[("organization", &["email"]), ("service", &["email", "assurer_email"])];

/// Columns that hold moments.
pub(in crate::directory) const MOMENTS: &[(&str, &[&str])] =
    &[("service", &["last_modified"]), ("service_capacity", &["updated"])];

/// Columns that hold days.
pub(in crate::directory) const DAYS: &[(&str, &[&str])] = &[
    ("service", &["assured_date"]),
    ("schedule", &["valid_from", "valid_to", "dtstart", "until"]),
    ("cost_option", &["valid_from", "valid_to"]),
    ("access_barrier", &["observed_on"]),
    ("agreement", &["valid_from", "valid_to"]),
    ("agreement_party", &["signed_on"]),
];

/// Columns that hold times of the day.
pub(in crate::directory) const TIMES: &[(&str, &[&str])] = &[("schedule", &["opens_at", "closes_at"])];

/// Columns that HSDS insists on and that many countries and sources have nothing for. In objects they are empty texts; in tables, which
/// may have no empty cell there, [`FILLER`].
pub(in crate::directory) const INSISTED: &[(&str, &[&str])] = &[
    ("organization", &["description"]),
    ("program", &["description"]),
    ("taxonomy", &["description"]),
    ("taxonomy_term", &["description"]),
    ("address", &["address_1", "city", "state_province", "postal_code"]),
];

/// What stands for nothing where a table may not have it.
pub(in crate::directory) const FILLER: &str = "-";

/// Columns that HSDS insists on in tables, beside those that are asked for here.
pub(in crate::directory) const REQUIRED: &[(&str, &[&str])] =
    &[("service_capacity", &["unit_id", "updated"])];
