//! What the profile adds to HSDS, as words in columns of the plain standard: for who reads nothing else. Agreements are not among it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    eligibility::Rule,
    hsds::{
        columns::{COLUMNS, lists},
        tables::is_reference,
    },
};

type Cells = BTreeMap<String, String>;

/// Tables that only the profile has.
pub(super) const PROFILE: &[&str] = &[
    "eligibility_rule",
    "access_barrier",
    "referral_requirement",
    "referral_channel",
    "outgoing_referral",
    "agreement",
    "agreement_party",
    "agreement_service",
    "translation",
];

/// What rows of the profile say of other rows: by table and id there, the column and the words.
#[derive(Default)]
pub(super) struct Words {
    said: HashMap<(String, String), BTreeSet<(u64, &'static str, String)>>,
    /// What organisations and services are called, by column that names them and id.
    names: HashMap<(&'static str, String), String>,
}

impl Words {
    /// Notes what an organisation or a service is called.
    pub(super) fn name(&mut self, table: &str, cells: &Cells) {
        let via = if table == "organization" { "to_organization_id" } else { "to_service_id" };
        if let (Some(id), Some(name)) = (cells.get("id"), cells.get("name")) {
            self.names.insert((via, id.clone()), name.clone());
        }
    }

    /// Where somebody refers people on to.
    fn onward(&self, cells: &Cells) -> String {
        let named = ["to_organization_id", "to_service_id"];
        let named = named.into_iter().filter_map(|via| self.names.get(&(via, cells.get(via)?.clone())));
        let rest = ["service_type", "note"].into_iter().filter_map(|column| cells.get(column));
        format!("Refers people on to: {}", named.chain(rest).cloned().collect::<Vec<_>>().join("; "))
    }

    /// Notes a row of the profile.
    pub(super) fn note(&mut self, table: &str, cells: &Cells) {
        let about = |column: &str, of: &'static str| Some((of.to_owned(), cells.get(column)?.clone()));
        let service = about("service_id", "service");
        let (about, column, words) = match table {
            "eligibility_rule" => {
                let of = service.map(|of| (of, "eligibility_description"));
                let at = || Some((about("service_at_location_id", "service_at_location")?, "description"));
                let Some((of, column)) = of.or_else(at) else { return };
                (Some(of), column, Rule::of_cells("", cells).words())
            }
            "referral_requirement" => {
                (service, "application_process", told("Needed for a referral", table, cells))
            }
            "referral_channel" => (service, "application_process", told("How to refer", table, cells)),
            "access_barrier" => (service, "description", told("What keeps people away", table, cells)),
            "outgoing_referral" => {
                (about("organization_id", "organization"), "description", self.onward(cells))
            }
            "translation" => {
                let cell = |column: &str| cells.get(column).map_or("", String::as_str);
                let of = (cell("link_entity").to_owned(), cell("link_id").to_owned());
                (
                    Some(of),
                    "description",
                    format!("[{}] {}: {}", cell("language"), cell("field"), cell("text")),
                )
            }
            _ => return,
        };
        let group = cells.get("group_no").and_then(|group| group.parse().ok()).unwrap_or(0);
        self.said.entry(about.unwrap_or_default()).or_default().insert((group, column, words));
    }

    /// Puts what is said of a row into it, and takes out what the standard does not know.
    pub(super) fn tell(&self, table: &str, cells: &mut Cells) {
        cells.retain(|column, _| lists(COLUMNS, table, column) || column == "assurer_email");
        let key = (table.to_owned(), cells.get("id").cloned().unwrap_or_default());
        for (_, column, words) in self.said.get(&key).into_iter().flatten() {
            // A row of another kind has nowhere to say it.
            if lists(COLUMNS, table, column) {
                let cell = cells.entry((*column).to_owned()).or_default();
                *cell = [cell.as_str(), words]
                    .into_iter()
                    .filter(|text| !text.is_empty())
                    .collect::<Vec<_>>()
                    .join("\n");
            }
        }
    }
}

/// A row in words: what each column is called and says.
fn told(begin: &str, table: &str, cells: &Cells) -> String {
    let columns = COLUMNS.iter().filter(|(known, _)| *known == table).flat_map(|(_, columns)| *columns);
    let said = columns
        .filter(|column| **column != "id" && **column != "order" && !is_reference(table, column))
        .filter_map(|column| Some(format!("{}: {}", column.replace('_', " "), cells.get(*column)?)));
    format!("{begin} ({})", said.collect::<Vec<_>>().join("; "))
}
