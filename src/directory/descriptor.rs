//! What `datapackage.json` says of a table that is exported: its columns as HSDS 3.1.1 has them.
//!
//! A kind, or that a cell may not be empty, is said of a column where it holds for every cell: sources give ids that are no UUIDs and ages that
//! are words, and a package that its own descriptor refuses helps nobody. Two of the standard's demands are faults and not said: that a program's
//! organisation and a term's code are unique.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    hsds::{
        columns::{
            ADDRESSES, DAYS, FILLER, INSISTED, MAILS, MOMENTS, NUMBERS, REQUIRED, TIMES, fits, listed, lists,
        },
        tables::{Rule, is_reference},
    },
    rows::hsds_json::{is_mail, is_safe},
};

/// What a cell should be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Id,
    Number,
    Address,
    Mail,
    Moment,
    Day,
    Time,
    Text,
}

impl Kind {
    fn of(table: &str, column: &str) -> Self {
        if column == "id" || is_reference(table, column) {
            return Self::Id;
        }
        let is_coordinate = table == "location" && matches!(column, "latitude" | "longitude");
        if is_coordinate || lists(NUMBERS, table, column) {
            return Self::Number;
        }
        let all = [
            (ADDRESSES, Self::Address),
            (MAILS, Self::Mail),
            (MOMENTS, Self::Moment),
            (DAYS, Self::Day),
            (TIMES, Self::Time),
        ];
        all.into_iter().find(|(of, _)| lists(of, table, column)).map_or(Self::Text, |(_, kind)| kind)
    }

    fn fits(self, cell: &str) -> bool {
        match self {
            Self::Id => cell.len() == 36 && uuid::Uuid::try_parse(cell).is_ok(),
            Self::Number => {
                let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-');
                cell.chars().all(plain) && cell.parse::<f64>().is_ok()
            }
            Self::Address => is_safe(cell),
            Self::Mail => is_mail(cell) && cell.is_ascii(),
            Self::Moment => {
                cell.ends_with('Z')
                    && chrono::NaiveDateTime::parse_from_str(cell, "%Y-%m-%dT%H:%M:%SZ").is_ok()
            }
            Self::Day => cell.len() == 10 && chrono::NaiveDate::parse_from_str(cell, "%Y-%m-%d").is_ok(),
            Self::Time => cell.len() == 8 && chrono::NaiveTime::parse_from_str(cell, "%H:%M:%S").is_ok(),
            Self::Text => true,
        }
    }

    /// Type and format, as descriptors call them.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Id => ("string", Some("uuid")),
            Self::Number => ("number", None),
            Self::Address => ("string", Some("uri")),
            Self::Mail => ("string", Some("email")),
            Self::Moment => ("datetime", None),
            Self::Day => ("date", None),
            Self::Time => ("time", None),
            Self::Text => ("string", None),
        }
    }
}

/// The columns of a table, as far as its rows were seen.
pub(super) struct Columns {
    rule: &'static Rule,
    rows: u64,
    seen: BTreeMap<String, Seen>,
}

struct Seen {
    kind: Kind,
    filled: u64,
    /// Whether every cell is a word of the column's list, as far as it has one.
    is_of_list: bool,
}

impl Columns {
    pub(super) const fn of(rule: &'static Rule) -> Self {
        Self { rule, rows: 0, seen: BTreeMap::new() }
    }

    /// Notes a row, as it is written.
    pub(super) fn see(&mut self, cells: &BTreeMap<String, String>) {
        self.rows = self.rows.saturating_add(1);
        for (column, cell) in cells {
            let seen = self.seen.entry(column.clone());
            let seen = seen.or_insert_with(|| Seen {
                kind: Kind::of(self.rule.name, column),
                filled: 0,
                is_of_list: true,
            });
            seen.filled = seen.filled.saturating_add(1);
            seen.is_of_list &= fits(self.rule.name, column, cell);
            if !seen.kind.fits(cell) {
                seen.kind = Kind::Text;
            }
        }
    }

    /// Their names: the id, then the others as they are sorted. None when there is no row.
    pub(super) fn names(&self) -> Vec<&str> {
        let others = self.seen.keys().map(String::as_str).filter(|name| *name != "id");
        self.seen.get_key_value("id").map(|(id, _)| id.as_str()).into_iter().chain(others).collect()
    }

    /// What a descriptor says of the table. Tables that are written are known by then.
    pub(super) fn resource(&self, file: &str, tables: &BTreeSet<&str>) -> Value {
        let fields: Vec<Value> = self.names().into_iter().filter_map(|name| self.field(name)).collect();
        let mut schema = json!({ "primaryKey": "id", "fields": fields });
        let keys: Vec<Value> = self.rule.references.iter().filter_map(|key| self.key(*key, tables)).collect();
        if let Some(schema) = schema.as_object_mut().filter(|_| !keys.is_empty()) {
            schema.insert(String::from("foreignKeys"), keys.into());
        }
        json!({
            "name": self.rule.name, "path": file, "profile": "tabular-data-resource", "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "schema": schema,
        })
    }

    fn field(&self, name: &str) -> Option<Value> {
        let seen = self.seen.get(name)?;
        let (kind, format) = seen.kind.words();
        let mut field = Map::new();
        field.insert(String::from("name"), name.into());
        field.insert(String::from("type"), kind.into());
        if let Some(format) = format {
            field.insert(String::from("format"), format.into());
        }
        let mut constraints = Map::new();
        let table = self.rule.name;
        let is_required = name == "id"
            || self.rule.required.contains(&name)
            || lists(INSISTED, table, name)
            || lists(REQUIRED, table, name);
        if is_required && seen.filled == self.rows {
            constraints.insert(String::from("required"), true.into());
        }
        if name == "id" {
            constraints.insert(String::from("unique"), true.into());
        }
        let closed = self.rule.closed.iter().find(|(column, _)| *column == name).map(|(_, words)| *words);
        let listed = listed(table, name).filter(|listed| !listed.holds_several && seen.is_of_list);
        if let Some(words) = closed.or_else(|| listed.map(|listed| listed.words)) {
            constraints.insert(String::from("enum"), json!(words));
        }
        if !constraints.is_empty() {
            field.insert(String::from("constraints"), constraints.into());
        }
        Some(field.into())
    }

    fn key(&self, (column, target): (&str, &str), tables: &BTreeSet<&str>) -> Option<Value> {
        let is_there = self.seen.contains_key(column) && tables.contains(target);
        // A table calls itself nothing.
        let resource = if target == self.rule.name { "" } else { target };
        is_there.then(|| json!({ "fields": column, "reference": { "resource": resource, "fields": "id" } }))
    }
}

/// Fills what HSDS insists on.
pub(super) fn fill(table: &str, cells: &mut BTreeMap<String, String>) {
    for column in INSISTED.iter().filter(|(known, _)| *known == table).flat_map(|(_, columns)| *columns) {
        cells.entry((*column).to_owned()).or_insert_with(|| FILLER.to_owned());
    }
}
