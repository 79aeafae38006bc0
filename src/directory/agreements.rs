//! What organisations agreed with one another, as the directory tells of it: memoranda, agreements on services, procedures, directives.
//!
//! These are entries that help to choose where to refer. What packets travel under is another thing: the data-sharing agreements that
//! their parties sign at this hub.
//!
//! # Decisions
//!
//! - An agreement, its parties and its scope are for members, titles, exclusions and financing included; the public sees none of it. Who made
//!   an agreement with the police or with a shelter is nothing for everybody.
//! - A service in scope, and a party, that a viewer may not see is left out of an agreement. An agreement of which nothing in scope, or one
//!   party alone, would be left is not there for that viewer (`rows::withheld`), and then neither a search nor a list finds anything by it. What
//!   must be kept secret from members does not belong in a title all the same.
//! - An agreement covers the services in scope; one that names none covers all services of its parties.
//! - It is in force when it is active, on and between its first and its last day. One with a day that cannot be read is not: nobody should
//!   rely on it.
//! - The plain form of an export has no agreements, in tables or in words: it is read by those who are not members.

use std::collections::BTreeMap;

use chrono::NaiveDate;

type Cells = BTreeMap<String, String>;

/// The tables of agreements.
pub(super) const TABLES: &[&str] = &["agreement", "agreement_party", "agreement_service"];

/// Why a row of an agreement is doubtful, and in which column.
pub(super) fn doubt(table: &str, cells: &Cells) -> Option<(&'static str, &'static str)> {
    let days: &[&'static str] = match table {
        "agreement" => &["valid_from", "valid_to"],
        "agreement_party" => &["signed_on"],
        _ => return None,
    };
    let unread = days.iter().find(|column| day(cells, column).is_err());
    if let Some(column) = unread {
        return Some((column, "this is no day in the form 2026-02-28"));
    }
    let (from, to) = (day(cells, "valid_from").ok().flatten(), day(cells, "valid_to").ok().flatten());
    let is_never = from.zip(to).is_some_and(|(from, to)| to < from);
    is_never.then_some(("valid_to", "the agreement ends before it begins"))
}

/// The day that a cell says; nothing when it is empty.
fn day(cells: &Cells, column: &str) -> Result<Option<NaiveDate>, chrono::ParseError> {
    cells.get(column).map(|cell| NaiveDate::parse_from_str(cell.trim(), "%Y-%m-%d")).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_cannot_be_are_pointed_out() {
        let cells = |pairs: &[(&str, &str)]| -> Cells {
            pairs.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
        };
        for (table, pairs, column) in [
            ("agreement", &[("valid_from", "1 May 2026")][..], Some("valid_from")),
            ("agreement", &[("valid_from", "2026-01-01"), ("valid_to", "2026-02-30")], Some("valid_to")),
            ("agreement", &[("valid_from", "2026-03-01"), ("valid_to", "2026-02-28")], Some("valid_to")),
            ("agreement", &[("valid_from", "2026-03-01"), ("valid_to", "2026-03-01")], None),
            ("agreement", &[], None),
            ("agreement_party", &[("signed_on", "lately")], Some("signed_on")),
            ("service", &[("valid_from", "lately")], None),
        ] {
            assert_eq!(doubt(table, &cells(pairs)).map(|(column, _)| column), column, "{table} {pairs:?}");
        }
    }
}
