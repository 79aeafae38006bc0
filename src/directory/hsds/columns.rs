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
            "acronym",
            "org_type",
            "is_informal",
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
            "delivery_modes",
            "is_mobile",
            "who_can_refer",
            "response_time_code",
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
            "plus_code",
            "coord_precision",
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
            "channel",
            "24h",
        ],
    ),
    (
        "organization_identifier",
        &["id", "organization_id", "identifier_scheme", "identifier_type", "identifier"],
    ),
    ("unit", &["id", "name", "scheme", "identifier", "uri"]),
    (
        "service_capacity",
        &[
            "id",
            "service_id",
            "unit_id",
            "available",
            "maximum",
            "description",
            "updated",
            "population_term_id",
        ],
    ),
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
    (
        "language",
        &[
            "id",
            "service_id",
            "location_id",
            "phone_id",
            "name",
            "code",
            "note",
            "via_interpreter",
            "sign_language",
        ],
    ),
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
    ("required_document", &["id", "service_id", "document", "uri", "alternative_accepted", "waivable"]),
    ("accessibility", &["id", "location_id", "description", "details", "url"]),
    ("funding", &["id", "organization_id", "service_id", "source"]),
    (
        "cost_option",
        &[
            "id",
            "service_id",
            "valid_from",
            "valid_to",
            "option",
            "currency",
            "amount",
            "amount_description",
            "payer",
            "financing_note",
        ],
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

/// A column of the profile whose words come from a list. A row with others is taken, because much hangs on it; its cell is kept as it came and
/// told by nothing.
#[derive(Debug)]
pub(in crate::directory) struct Listed {
    pub(in crate::directory) table: &'static str,
    pub(in crate::directory) column: &'static str,
    pub(in crate::directory) words: &'static [&'static str],
    /// Whether a cell may hold several, parted by commas.
    pub(in crate::directory) holds_several: bool,
}

impl Listed {
    const fn one(table: &'static str, column: &'static str, words: &'static [&'static str]) -> Self {
        Self { table, column, words, holds_several: false }
    }

    const fn several(table: &'static str, column: &'static str, words: &'static [&'static str]) -> Self {
        Self { holds_several: true, ..Self::one(table, column, words) }
    }

    /// Whether a cell holds words of the list and nothing else.
    fn holds(&self, cell: &str) -> bool {
        let is_listed = |word: &str| self.words.contains(&word.trim_matches(' '));
        if self.holds_several { cell.split(',').all(is_listed) } else { is_listed(cell) }
    }
}

const YES_NO: &[&str] = &["yes", "no"];

/// IATI's codes of organisations, and two kinds that it has no code for.
const ORG_TYPES: &[&str] = &[
    "10",
    "11",
    "15",
    "21",
    "22",
    "23",
    "24",
    "30",
    "40",
    "60",
    "70",
    "71",
    "72",
    "73",
    "80",
    "90",
    "informal",
    "community",
];

/// Columns whose words come from a list.
pub(in crate::directory) const LISTED: &[Listed] = &[
    Listed::one("organization", "org_type", ORG_TYPES),
    Listed::one("organization", "is_informal", YES_NO),
    Listed::several(
        "service",
        "delivery_modes",
        &["in_person", "home_visit", "telephone", "messaging", "online"],
    ),
    Listed::one("service", "is_mobile", YES_NO),
    Listed::several("service", "who_can_refer", &["self", "member", "professional"]),
    Listed::one(
        "service",
        "response_time_code",
        &["immediate", "one_day", "three_days", "one_week", "two_weeks", "one_month", "longer"],
    ),
    Listed::one("location", "coord_precision", &["exact", "street", "settlement", "area"]),
    Listed::several("phone", "channel", &["voice", "sms", "messaging"]),
    Listed::one("phone", "24h", YES_NO),
    Listed::one("language", "via_interpreter", YES_NO),
    Listed::one("language", "sign_language", YES_NO),
    Listed::one("cost_option", "payer", &["user", "referring_agency", "fund"]),
    Listed::one("required_document", "alternative_accepted", YES_NO),
    Listed::one("required_document", "waivable", YES_NO),
];

/// The list of a column, where it has one.
pub(in crate::directory) fn listed(table: &str, column: &str) -> Option<&'static Listed> {
    LISTED.iter().find(|listed| listed.table == table && listed.column == column)
}

/// Whether a column of the profile can hold what a cell says: words of its list, or a plus code. Of other columns nothing is asked here.
pub(in crate::directory) fn fits(table: &str, column: &str, cell: &str) -> bool {
    if is_plus(table, column) {
        return is_plus_code(cell.trim());
    }
    listed(table, column).is_none_or(|listed| listed.holds(cell.trim()))
}

/// Whether a column holds plus codes.
fn is_plus(table: &str, column: &str) -> bool {
    table == "location" && column == "plus_code"
}

/// Whether a text is an Open Location Code: whole, of an area with zeros at its end, or short with the town that it is in behind it.
fn is_plus_code(text: &str) -> bool {
    let (code, town) = text.split_once(' ').unwrap_or((text, ""));
    let Some((before, after)) = code.split_once('+') else { return false };
    let digits = before.trim_end_matches('0');
    let are_digits = [digits, after].iter().all(|part| part.chars().all(is_plus_digit));
    let ends_well = after.is_empty() || (2..=7).contains(&after.len());
    let is_whole = before.len() == 8 && town.is_empty() && matches!(digits.len(), 2 | 4 | 6 | 8);
    let is_area = digits.len() < before.len();
    let is_short = matches!(before.len(), 2 | 4 | 6)
        && !is_area
        && !after.is_empty()
        && !town.trim().is_empty()
        && !town.contains(['\n', '\r']);
    let is_plain = is_whole && (!is_area || after.is_empty());
    are_digits && ends_well && (is_plain || is_short) && text.chars().count() <= MOST_OF_A_PLUS_CODE
}

fn is_plus_digit(c: char) -> bool {
    "23456789CFGHJMPQRVWX".contains(c.to_ascii_uppercase())
}

/// The longest plus code in characters, with its town.
const MOST_OF_A_PLUS_CODE: usize = 120;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_with_a_list_are_columns_and_hold_words_of_it() {
        for listed in LISTED {
            assert!(columns(listed.table).contains(&listed.column), "{}.{}", listed.table, listed.column);
        }
        for (table, column, cell, passes) in [
            ("service", "delivery_modes", "in_person, telephone", true),
            ("service", "delivery_modes", "in_person,telephone", true),
            ("service", "delivery_modes", "in_person,", false),
            ("service", "delivery_modes", "by post", false),
            ("service", "is_mobile", "yes, no", false),
            ("organization", "org_type", "21", true),
            ("organization", "org_type", "INGO", false),
            ("phone", "24h", "yes", true),
            ("referral_channel", "channel", "telephone", true),
            ("cost_option", "financing_note", "anything", true),
        ] {
            assert_eq!(fits(table, column, cell), passes, "{table}.{column}: {cell}");
        }
    }

    #[test]
    fn a_plus_code_is_whole_or_has_its_town_behind_it() {
        for (text, passes) in [
            ("5GPRHRJX+8F", true),
            ("5gprhrjx+8f", true),
            ("5GPRHRJX+", true),
            ("5GPR0000+", true),
            ("HRJX+8F Lusaka", true),
            ("HRJX+8F New Town", true),
            ("HRJX+8F", false),
            ("HRJX+ Lusaka", false),
            ("5GPR0000+8F", false),
            ("5GPRHRJX+8", false),
            ("5GPRHRJX", false),
            ("5GPRHRIX+8F", false),
            ("Quay 1", false),
            ("", false),
            ("é+", false),
        ] {
            assert_eq!(fits("location", "plus_code", text), passes, "{text}");
        }
    }
}
