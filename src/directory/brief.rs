//! What a list says of services beside their entries: for whom they are, and how long an answer takes. A page of them costs the same few
//! statements however many there are.

use std::collections::{BTreeMap, HashMap};

use super::{
    DirectoryError, Tongue, Viewer,
    eligibility::Whom,
    rows::{self, Withheld},
    tongue::{Versions, own_language},
};
use crate::{
    access::{Actor, Permission},
    kernel::id::ServiceId,
    storage::Db,
};

type Cells = BTreeMap<String, String>;

/// What is said of a service in short.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brief {
    /// Whom it takes, and whom it does not.
    pub whom: Whom,
    /// How long an answer takes, by the first way to refer that says so.
    pub answers_in: Option<String>,
}

/// What is said of services in short, as far as the viewer may see it; texts in the language that was asked for where there is one. Nothing of a
/// service that says nothing.
pub fn briefs(
    db: &mut Db<'_>,
    actor: &Actor,
    (services, lang): (&[ServiceId], Option<&Tongue>),
) -> Result<HashMap<ServiceId, Brief>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let owners: Vec<String> = services.iter().map(|id| id.uuid().to_string()).collect();
    let mut parts = rows::store::parts(db, &owners, &["eligibility_rule", "referral_channel"])?;
    parts.retain(|link| link.via == "service_id");
    let mut all: Vec<String> = parts.iter().map(|link| link.id.clone()).chain(owners).collect();
    let mut withheld = Withheld::new(Viewer::of(actor));
    withheld.judge(db, &all)?;
    all.retain(|id| !withheld.is(id));
    let cells = rows::store::cells(db, &all)?;
    let versions = match lang {
        Some(lang) => Some(Versions::load(db, lang.clone(), &all, &mut withheld)?),
        None => None,
    };
    let shown = Shown { cells, versions };
    let mut of: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for link in &parts {
        of.entry(link.parent.as_str()).or_default().push((link.table.as_str(), link.id.as_str()));
    }
    let briefs = services.iter().map(|id| {
        let owner = id.uuid().to_string();
        let theirs = of.get(owner.as_str()).map_or(&[][..], Vec::as_slice);
        (*id, shown.brief(&owner, theirs))
    });
    Ok(briefs.filter(|(_, brief)| *brief != Brief::default()).collect())
}

/// Rows that may be seen, with their texts in other languages.
struct Shown {
    cells: HashMap<String, Cells>,
    versions: Option<Versions>,
}

impl Shown {
    fn brief(&self, service: &str, parts: &[(&str, &str)]) -> Brief {
        let mut rules = self.rows(parts, "eligibility_rule", "group_no");
        let mut ways = self.rows(parts, "referral_channel", "order");
        rules.sort_unstable_by_key(|(place, id, _)| (*place, *id));
        ways.sort_unstable_by_key(|(place, id, _)| (*place, *id));
        let own = self.cells.get(service);
        let whom =
            Whom::of_rules(rules.iter().map(|(_, id, cells)| (*cells, self.text((id, service), "text"))));
        // What the provider says of all of it comes where no rule does.
        let words =
            self.text((service, service), "eligibility_description").filter(|_words| rules.is_empty());
        let whom = own.map_or_else(Whom::default, |cells| whom.with(cells, words));
        let answers_in = ways.iter().find_map(|(_, id, _)| self.text((id, service), "response_time"));
        Brief { whom, answers_in }
    }

    /// The rows of a table among the parts of a service, each with its place in an order.
    fn rows<'a>(
        &'a self,
        parts: &[(&str, &'a str)],
        table: &str,
        order: &str,
    ) -> Vec<(i64, &'a str, &'a Cells)> {
        let rows = parts.iter().filter(|(of, _)| *of == table);
        let rows = rows.filter_map(|(_, id)| {
            let cells = self.cells.get(*id)?;
            let place = cells.get(order).and_then(|cell| cell.trim().parse().ok()).unwrap_or(i64::MAX);
            Some((place, *id, cells))
        });
        rows.collect()
    }

    /// A text of a row in the language that was asked for; the row is a part of a service.
    fn text(&self, (row, service): (&str, &str), field: &str) -> Option<String> {
        let cells = self.cells.get(row)?;
        let original = cells.get(field).map_or("", |cell| cell.trim());
        let language = |row: &str| self.cells.get(row).and_then(own_language);
        let told = match &self.versions {
            Some(versions) => {
                let own = language(row).or_else(|| language(service));
                versions.tell((row, own), field, original).text
            }
            None => original.to_owned(),
        };
        Some(told).filter(|text| !text.is_empty())
    }
}
