//! Countries, provinces, districts: the units of administration that services are in and serve.
//!
//! # Decisions
//!
//! - A unit is known by its country, its level and its code (a P-code, or whatever the country uses), and by since when. The unit it lies in
//!   is named by its own row: in real lists the codes of children do not always begin with those of their parents.
//! - Boundaries move. What ended stays, with what replaced it: lists of services that still name the old code are found under the new one.
//! - Names are for people. Nothing is matched by them.
//! - That a service is in a unit and that it serves one are two things: a hotline is in the capital and serves the country.
//!
//! Sources: OCHA's rules for P-codes and common operational datasets; IOM Guidance on Referral Mechanisms, 6.2 (service mapping).

mod known;
mod read;
mod store;

use std::collections::BTreeMap;

use chrono::NaiveDate;
pub(super) use known::{Known, unknown};
use serde::{Deserialize, Serialize};
pub(super) use store::last_turn;
use uuid::Uuid;

use super::{
    DirectoryError,
    fold::fold,
    hsds::{Problem, Report, TableReport},
    sheet::Sheet,
};
use crate::{
    access::{Actor, Permission, Tx},
    audit::{self, Record},
    kernel::page::{Asked, Page},
    storage::Db,
};

/// The longest code, in characters.
const CODE_MAX: usize = 40;

/// The longest way to name a unit: a country of two letters, a level of one digit, a code, and what parts them.
const KEY_MAX: usize = "ZM/9/".len() + CODE_MAX;

/// As much of what was asked for as could name a unit: to tell whoever asked.
fn clipped(asked: &str) -> String {
    asked.chars().filter(|sign| !sign.is_control()).take(KEY_MAX).collect()
}

/// A unit of administration.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Area {
    /// Identifies the row.
    pub id: Uuid,
    /// How it is named where its code alone would not do: country, level and code.
    pub key: String,
    /// The country, ISO 3166-1 alpha-2.
    pub country: String,
    /// 0 for a country, and one more for each level below.
    pub level: u8,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its names in other languages, by BCP 47.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// The unit it lies in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Uuid>,
    /// Since when there is such a unit; absent when it was always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<NaiveDate>,
    /// Since when there is none any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<NaiveDate>,
    /// The code of the unit that took its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// Latitude of its middle in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Longitude of its middle in degrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
}

impl Area {
    /// Whether there is such a unit on a day.
    fn is_valid_on(&self, day: NaiveDate) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }

    /// What lists of units are sorted by.
    fn sort_key(&self) -> String {
        let name: String = fold(&self.name).chars().take(80).collect();
        format!("{}/{}/{name}|{}", self.country, self.level, self.id)
    }
}

/// How services belong to a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AreaMode {
    /// They say that they serve it, or something it lies in.
    #[default]
    Serves,
    /// They are in it, whomever they serve.
    Located,
}

impl std::str::FromStr for AreaMode {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "serves" => Ok(Self::Serves),
            "located" => Ok(Self::Located),
            _ => Err("expected serves or located"),
        }
    }
}

/// A unit that services are looked for in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InArea {
    /// Its code, or its key.
    pub code: String,
    /// How services belong to it.
    pub mode: AreaMode,
}

/// The code or key by which a row of a package names the unit that it lies in, or that is served. Locations may name it by the identifier
/// that HSDS has for them.
pub(super) fn named_by<'a>(table: &str, cells: &'a BTreeMap<String, String>) -> Option<&'a str> {
    if !matches!(table, "location" | "service_area") {
        return None;
    }
    let cell = |column: &str| cells.get(column).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
    let is_code = |kind: &&str| fold(kind).replace(' ', "") == "pcode";
    let identifier =
        || cell("external_identifier_type").filter(is_code).and_then(|_| cell("external_identifier"));
    cell("admin_area").or_else(identifier)
}

/// Which units are listed. All of it must fit.
#[derive(Clone, Debug, Default)]
pub struct AreasWanted {
    /// Part of a name or of the code.
    pub text: String,
    /// Of this country.
    pub country: Option<String>,
    /// Of this level.
    pub level: Option<u8>,
    /// Those that lie in this one.
    pub parent: Option<Uuid>,
}

/// Units that there are on a day, by country, level and name. For everybody: the open directory is asked with their codes.
pub fn areas(
    db: &mut Db<'_>,
    (wanted, asked): (&AreasWanted, &Asked),
    today: NaiveDate,
) -> Result<Page<Area>, DirectoryError> {
    let is_country =
        |country: &String| country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_alphabetic());
    if let Some(country) = wanted.country.as_ref().filter(|country| !is_country(country)) {
        return Err(DirectoryError::UnknownArea(clipped(country)));
    }
    let rows = store::list(db, wanted, (asked.after().unwrap_or_default(), asked.rows_to_load()), today)?;
    Ok(asked.page(rows, Area::sort_key))
}

/// Reads a list of units and compares it with those that are there; changes nothing.
pub fn look_at_areas(db: &mut Db<'_>, actor: &Actor, sheet: &Sheet) -> Result<Report, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    Ok(compare(db, sheet)?.0)
}

/// Takes a list of units: all of it or nothing. Units that it does not name stay as they are. Where services are is worked out anew for the
/// whole directory, by [`enter_searched`](super::search::enter_searched).
pub fn import_areas(tx: &mut Tx<'_>, sheet: &Sheet) -> Result<Report, DirectoryError> {
    tx.actor().may(Permission::ManageDirectory)?;
    tx.take_turn(&["directory"])?;
    let (report, mut changes) = compare(tx.db(), sheet)?;
    if let Some(reason) = report.stopped {
        return Err(DirectoryError::Stopped(reason));
    }
    // What something lies in comes before it.
    changes.sort_by_key(|(area, _)| area.level);
    let new: Vec<&Area> = changes.iter().filter(|(_, is_new)| *is_new).map(|(area, _)| area).collect();
    store::insert(tx, &new)?;
    for (area, _) in changes.iter().filter(|(_, is_new)| !is_new) {
        store::replace(tx, area)?;
    }
    if !changes.is_empty() {
        super::search::store::unsearch_all(tx)?;
    }
    audit::record(tx, &Record::about("areas"))?;
    Ok(report)
}

/// What differs, each with whether it is new.
type Changes = Vec<(Area, bool)>;

fn compare(db: &mut Db<'_>, sheet: &Sheet) -> Result<(Report, Changes), DirectoryError> {
    let (given, mut problems) = read::rows(sheet)?;
    let countries = read::countries(&given);
    let known = store::of_countries(db, &countries)?;
    let areas = read::check(given, &known, &mut problems);
    let known: BTreeMap<Uuid, &Area> = known.iter().map(|area| (area.id, area)).collect();
    let mut table = TableReport {
        table: String::from("admin_area"),
        file: sheet.file.clone(),
        rows: count(sheet.rows.len()),
        refused: count(problems.len()),
        ..TableReport::default()
    };
    let mut changes = Vec::new();
    for area in areas {
        let counter = match known.get(&area.id) {
            None => {
                changes.push((area, true));
                &mut table.new
            }
            Some(was) if **was == area => &mut table.unchanged,
            Some(_) => {
                changes.push((area, false));
                &mut table.changed
            }
        };
        *counter = counter.saturating_add(1);
    }
    Ok((report(table, problems), changes))
}

/// The longest list of problems.
const MOST_PROBLEMS: usize = 1_000;

fn report(table: TableReport, mut problems: Vec<Problem>) -> Report {
    let refused = count(problems.len());
    let stopped = (refused > 0)
        .then(|| format!("{refused} rows are wrong, and a list of areas is taken whole; mend them first"));
    problems.truncate(MOST_PROBLEMS);
    Report {
        source: String::from("areas"),
        tables: vec![table],
        problems,
        refused,
        stopped,
        ..Report::default()
    }
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}
