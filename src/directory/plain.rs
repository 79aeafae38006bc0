//! What the profile adds to HSDS, as words in columns of the plain standard: for who reads nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveTime;

use super::{
    eligibility::{Rule, ages, maximum_age, minimum_age},
    hsds::{
        columns::{COLUMNS, fits, lists},
        tables::is_reference,
    },
    rows::is_for_members,
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

/// Columns that only the profile has.
const PROFILE_COLUMNS: &[(&str, &[&str])] = &[
    ("organization", &["acronym", "org_type", "is_informal", "text_language"]),
    ("taxonomy_term", &["crosswalk"]),
    ("program", &["text_language"]),
    ("service", &["delivery_modes", "is_mobile", "who_can_refer", "response_time_code", "text_language"]),
    (
        "location",
        &["admin_area", "confidential", "iana_timezone", "plus_code", "coord_precision", "text_language"],
    ),
    ("service_at_location", &["text_language"]),
    ("schedule", &["on_request", "exceptions"]),
    ("service_area", &["admin_area"]),
    ("phone", &["channel", "24h"]),
    ("language", &["via_interpreter", "sign_language"]),
    ("cost_option", &["payer", "financing_note"]),
    ("required_document", &["alternative_accepted", "waivable"]),
    ("service_capacity", &["population_term_id"]),
];

/// Where words about a row stand in tables that the standard gives no description.
const WORDS_IN: &[(&str, &str)] =
    &[("language", "note"), ("cost_option", "amount_description"), ("required_document", "document")];

/// What a row of the profile says of another row.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    /// Of which people something is said, how it begins and by its group: within one group all of it holds, and one group is enough.
    Rule(&'static str, u64, String),
    /// Anything else.
    Other(String),
}

/// What rows of the profile say of other rows: by table and id there, the column and the words.
#[derive(Default)]
pub(super) struct Words {
    said: HashMap<(String, String), BTreeSet<(&'static str, Said)>>,
    /// What organisations, services and terms are called, by column that names them and id.
    names: HashMap<(&'static str, String), String>,
    /// What is asked of the people whom a service takes.
    rules: HashMap<String, Vec<Rule>>,
}

impl Words {
    /// Notes what an organisation, a service or a term is called.
    pub(super) fn name(&mut self, table: &str, cells: &Cells) {
        let via = match table {
            "organization" => "to_organization_id",
            "taxonomy_term" => POPULATION,
            _ => "to_service_id",
        };
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

    /// Notes a row of the profile. What is for members is noted by nobody: in a description it would go wherever that goes.
    pub(super) fn note(&mut self, table: &str, cells: &Cells) {
        if is_for_members(table) {
            return;
        }
        let about = |column: &str, of: &'static str| Some((of.to_owned(), cells.get(column)?.clone()));
        let service = about("service_id", "service");
        let other = Said::Other;
        let (about, column, said) = match table {
            "eligibility_rule" => {
                let of = service.map(|of| (of, "eligibility_description"));
                let at = || Some((about("service_at_location_id", "service_at_location")?, "description"));
                let Some((of, column)) = of.or_else(at) else { return };
                let group = cells.get("group_no").and_then(|group| group.parse().ok()).unwrap_or(0);
                let rule = Rule::of_cells("", cells);
                if let Some(service) = cells.get("service_id") {
                    self.rules.entry(service.clone()).or_default().push(rule.clone());
                }
                let (begin, text) = rule.words();
                (Some(of), column, Said::Rule(begin, group, text))
            }
            "referral_requirement" => {
                (service, "application_process", other(told("Needed for a referral", table, cells)))
            }
            "outgoing_referral" => {
                (about("organization_id", "organization"), "description", other(self.onward(cells)))
            }
            "translation" => {
                let cell = |column: &str| cells.get(column).map_or("", String::as_str);
                let of = (cell("link_entity").to_owned(), cell("link_id").to_owned());
                let words = format!("[{}] {}: {}", cell("language"), cell("field"), cell("text"));
                (Some(of), "description", other(words))
            }
            _ => return,
        };
        self.said.entry(about.unwrap_or_default()).or_default().insert((column, said));
    }

    /// What the profile's columns of a row say, in words. What a column cannot hold says nothing.
    fn of_columns(&self, table: &str, cells: &Cells) -> Vec<String> {
        let columns =
            PROFILE_COLUMNS.iter().filter(|(known, _)| *known == table).flat_map(|(_, columns)| *columns);
        let words = columns.filter_map(|column| {
            let cell = cells.get(*column)?;
            if *column == POPULATION {
                return self.names.get(&(POPULATION, cell.clone())).map(|name| format!("For: {name}"));
            }
            in_words(column, cell).filter(|_| fits(table, column, cell))
        });
        words.collect()
    }

    /// Puts what is said of a row into it, and takes out what the standard does not know.
    pub(super) fn tell(&self, table: &str, cells: &mut Cells) {
        let within = WORDS_IN.iter().find(|(known, _)| *known == table).map_or("description", |(_, to)| *to);
        for words in self.of_columns(table, cells) {
            add(cells, within, &words);
        }
        cells.retain(|column, _| {
            let is_known = lists(COLUMNS, table, column) && !lists(PROFILE_COLUMNS, table, column);
            is_known || column == "assurer_email"
        });
        for column in HOURS {
            // The descriptor of the standard wants seconds.
            if let Some(hour) = cells.get_mut(column).filter(|hour| is_hour(hour)) {
                hour.push_str(":00");
            }
        }
        let key = (table.to_owned(), cells.get("id").cloned().unwrap_or_default());
        if let Some(rules) = self.rules.get(&key.1).filter(|_| table == "service") {
            let (from, to) = ages(rules);
            for (column, years) in
                [("minimum_age", from.map(minimum_age)), ("maximum_age", to.map(maximum_age))]
            {
                let is_given = cells.get(column).is_some_and(|cell| !cell.trim().is_empty());
                cells.extend(years.filter(|_| !is_given).map(|years| (column.to_owned(), years)));
            }
        }
        let mut last = None;
        for (column, said) in self.said.get(&key).into_iter().flatten() {
            let words = match said {
                Said::Rule(begin, group, text) => match last.replace((*begin, *group)) {
                    Some(before) if before == (*begin, *group) => format!("and: {text}"),
                    Some((before, _)) if before == *begin => format!("or: {text}"),
                    _ => format!("{begin}: {text}"),
                },
                Said::Other(words) => words.clone(),
            };
            // A row of another kind has nowhere to say it.
            if lists(COLUMNS, table, column) {
                add(cells, column, &words);
            }
        }
    }
}

/// Columns that hold the hour of a day.
const HOURS: [&str; 2] = ["opens_at", "closes_at"];

/// Whether it is an hour and a minute, and no more.
fn is_hour(text: &str) -> bool {
    text.len() == 5 && NaiveTime::parse_from_str(text, "%H:%M").is_ok()
}

/// Adds words to a cell, on a line of their own.
fn add(cells: &mut Cells, column: &str, words: &str) {
    let cell = cells.entry(column.to_owned()).or_default();
    *cell = [cell.as_str(), words].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
}

/// The column that names whom room is for.
const POPULATION: &str = "population_term_id";

/// What a column of the profile says, in words; nothing where it says nothing that helps.
fn in_words(column: &str, cell: &str) -> Option<String> {
    Some(match (column, cell) {
        ("on_request", "yes") => String::from("On request only"),
        ("exceptions", _) => format!("Not on: {cell}"),
        ("admin_area", _) => format!("Area: {cell}"),
        ("iana_timezone", _) => format!("Time zone: {cell}"),
        ("plus_code", _) => format!("Plus code: {cell}"),
        ("coord_precision", _) => format!("The coordinates are of: {}", plainly(PRECISION, cell)),
        ("text_language", _) => format!("Language of the texts: {cell}"),
        ("crosswalk", _) => format!("Called elsewhere: {cell}"),
        ("acronym", _) => format!("Acronym: {cell}"),
        ("org_type", _) => format!("Kind of organisation: {}", plainly(ORG_TYPES, cell)),
        ("is_informal", "yes") => String::from("An informal organisation"),
        ("delivery_modes", _) => format!("Given: {}", each(cell)),
        ("is_mobile", "yes") => String::from("Comes to different places"),
        ("who_can_refer", _) => format!("Who can refer: {}", plainly_each(REFERRERS, cell)),
        ("response_time_code", _) => format!("Answers: {}", plainly(ANSWERS, cell)),
        ("channel", _) => format!("Takes: {}", each(cell)),
        ("24h", "yes") => String::from("Day and night"),
        ("via_interpreter", "yes") => String::from("Through an interpreter"),
        ("sign_language", "yes") => String::from("A sign language"),
        ("payer", _) => format!("Paid by: {}", plainly(PAYERS, cell)),
        ("financing_note", _) => cell.to_owned(),
        ("alternative_accepted", "yes") => String::from("Another paper is taken instead"),
        ("alternative_accepted", "no") => String::from("No other paper is taken instead"),
        ("waivable", "yes") => String::from("Can be done without"),
        // Of what is confidential nothing leaves.
        _ => return None,
    })
}

type Plain = &'static [(&'static str, &'static str)];

const PRECISION: Plain = &[
    ("exact", "the place itself"),
    ("street", "the street"),
    ("settlement", "the town or village"),
    ("area", "an area"),
];

/// IATI's codes of organisations.
const ORG_TYPES: Plain = &[
    ("10", "government"),
    ("11", "local government"),
    ("15", "other public sector"),
    ("21", "international NGO"),
    ("22", "national NGO"),
    ("23", "regional NGO"),
    ("24", "NGO based in a partner country"),
    ("30", "public private partnership"),
    ("40", "multilateral"),
    ("60", "foundation"),
    ("70", "private sector"),
    ("71", "private sector in the country of the provider"),
    ("72", "private sector in the country that is aided"),
    ("73", "private sector in a third country"),
    ("80", "academic, training and research"),
    ("90", "other"),
    ("informal", "informal group"),
    ("community", "community organisation"),
];

const REFERRERS: Plain =
    &[("self", "the person"), ("member", "members of the mechanism"), ("professional", "professionals")];

const ANSWERS: Plain = &[
    ("immediate", "at once"),
    ("one_day", "within a day"),
    ("three_days", "within three days"),
    ("one_week", "within a week"),
    ("two_weeks", "within two weeks"),
    ("one_month", "within a month"),
    ("longer", "after more than a month"),
];

const PAYERS: Plain =
    &[("user", "the person"), ("referring_agency", "the organisation that refers"), ("fund", "a fund")];

fn plainly(words: Plain, cell: &str) -> &str {
    words.iter().find(|(code, _)| *code == cell).map_or(cell, |(_, plain)| *plain)
}

fn plainly_each(words: Plain, cell: &str) -> String {
    let each = cell.split(',').map(|code| plainly(words, code.trim()));
    each.collect::<Vec<_>>().join(", ")
}

fn each(cell: &str) -> String {
    plainly_each(&[], cell).replace('_', " ")
}

/// A row in words: what each column is called and says.
fn told(begin: &str, table: &str, cells: &Cells) -> String {
    format!("{begin} ({})", said(table, cells).collect::<Vec<_>>().join("; "))
}

fn said<'a>(table: &'a str, cells: &'a Cells) -> impl Iterator<Item = String> + 'a {
    let columns = COLUMNS.iter().filter(move |(known, _)| *known == table).flat_map(|(_, columns)| *columns);
    columns
        .filter(move |column| **column != "id" && **column != "order" && !is_reference(table, column))
        .filter_map(|column| Some(format!("{}: {}", column.replace('_', " "), cells.get(*column)?)))
}
