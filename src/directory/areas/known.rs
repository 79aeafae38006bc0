//! Codes to units, and what each lies in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Area, KEY_MAX, clipped, store};
use crate::{
    directory::{
        DirectoryError,
        hsds::{Problem, Severity},
    },
    storage::{Db, StorageError},
};

/// How many times one unit may have taken the place of another.
const MOST_REPLACED: usize = 4;

/// How many levels there are.
const DEEPEST: usize = 10;

/// Why a code names no unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::directory) enum Unresolved {
    /// There is none with this code.
    Unknown,
    /// There are several.
    Several,
}

impl Unresolved {
    pub(in crate::directory) fn error(self, code: &str) -> DirectoryError {
        let code = clipped(code);
        match self {
            Self::Unknown => DirectoryError::UnknownArea(code),
            Self::Several => DirectoryError::SeveralAreas(code),
        }
    }
}

/// Units that were asked for, with what they lie in and what took their place.
#[derive(Default)]
pub(in crate::directory) struct Known {
    by_code: HashMap<String, Vec<Uuid>>,
    by_id: HashMap<Uuid, Area>,
}

/// A code, or country, level and code.
struct Named<'a> {
    country: Option<&'a str>,
    level: Option<u8>,
    code: &'a str,
}

fn named(text: &str) -> Option<Named<'_>> {
    let text = text.trim();
    // Nothing has such a code, and no database is asked for it.
    if text.is_empty() || text.chars().count() > KEY_MAX || text.chars().any(char::is_control) {
        return None;
    }
    let mut parts = text.splitn(3, '/');
    if let (Some(country), Some(level), Some(code)) = (parts.next(), parts.next(), parts.next())
        && let Ok(level) = level.parse()
    {
        return Some(Named { country: Some(country), level: Some(level), code });
    }
    Some(Named { country: None, level: None, code: text })
}

impl Known {
    /// Loads what codes or keys name.
    pub(in crate::directory) fn load<'a>(
        db: &mut Db<'_>,
        texts: impl Iterator<Item = &'a str>,
    ) -> Result<Self, StorageError> {
        let mut known = Self::default();
        let mut wanted: BTreeSet<String> =
            texts.filter_map(|text| Some(named(text)?.code.to_uppercase())).collect();
        for _ in 0..=MOST_REPLACED {
            if wanted.is_empty() {
                break;
            }
            for code in &wanted {
                known.by_code.entry(code.clone()).or_default();
            }
            let asked: Vec<String> = wanted.into_iter().collect();
            for area in store::by_codes(db, &asked)? {
                known.by_code.entry(area.code.to_uppercase()).or_default().push(area.id);
                known.by_id.insert(area.id, area);
            }
            known.load_above(db)?;
            // What took the place of any of them, of what they lie in as well.
            let codes =
                known.by_id.values().filter_map(|area| Some(area.replaced_by.as_ref()?.to_uppercase()));
            wanted = codes.filter(|code| !known.by_code.contains_key(code)).collect();
        }
        Ok(known)
    }

    fn load_above(&mut self, db: &mut Db<'_>) -> Result<(), StorageError> {
        for _ in 0..DEEPEST {
            let above: BTreeSet<Uuid> = self
                .by_id
                .values()
                .filter_map(|area| area.parent)
                .filter(|parent| !self.by_id.contains_key(parent))
                .collect();
            if above.is_empty() {
                break;
            }
            let ids: Vec<String> = above.iter().map(ToString::to_string).collect();
            self.by_id.extend(store::by_ids(db, &ids)?.into_iter().map(|area| (area.id, area)));
        }
        Ok(())
    }

    /// The unit that a code or a key names on a day. What ended by then is the unit that took its place.
    pub(in crate::directory) fn resolve(&self, text: &str, day: NaiveDate) -> Result<&Area, Unresolved> {
        self.follow(named(text).ok_or(Unresolved::Unknown)?, day)
    }

    /// What a code or a key that was said on a day names today: what it named then, or what took the place of that since. A code may be used
    /// again for another unit, and nobody who said it before meant that one. Without a day it is what it names today.
    pub(in crate::directory) fn meant(
        &self,
        text: &str,
        said: Option<NaiveDate>,
        today: NaiveDate,
    ) -> Result<&Area, Unresolved> {
        match said.and_then(|day| self.resolve(text, day).ok()) {
            Some(area) => self.present(area, today),
            None => self.resolve(text, today),
        }
    }

    /// A unit that there was, or what took its place by a day.
    fn present<'a>(&'a self, mut area: &'a Area, day: NaiveDate) -> Result<&'a Area, Unresolved> {
        for _ in 0..=MOST_REPLACED {
            let Some(ended) = area.valid_to.filter(|ended| *ended <= day) else { return Ok(area) };
            let code = area.replaced_by.as_deref().ok_or(Unresolved::Unknown)?;
            area = self.follow(Named { country: Some(&area.country), level: None, code }, ended)?;
        }
        Err(Unresolved::Unknown)
    }

    fn follow<'a: 'b, 'b>(&'a self, mut named: Named<'b>, day: NaiveDate) -> Result<&'a Area, Unresolved> {
        for _ in 0..=MOST_REPLACED {
            let fitting: Vec<&Area> = self
                .by_code
                .get(&named.code.to_uppercase())
                .into_iter()
                .flatten()
                .filter_map(|id| self.by_id.get(id))
                .filter(|area| named.country.is_none_or(|country| area.country.eq_ignore_ascii_case(country)))
                .filter(|area| named.level.is_none_or(|level| area.level == level))
                .collect();
            let valid: Vec<&&Area> = fitting.iter().filter(|area| area.is_valid_on(day)).collect();
            match valid.as_slice() {
                [one] => return Ok(one),
                [] => {}
                _ => return Err(Unresolved::Several),
            }
            let over = fitting.into_iter().filter(|area| area.valid_to.is_some_and(|to| to <= day));
            let last = over.max_by_key(|area| area.valid_to).ok_or(Unresolved::Unknown)?;
            let code = last.replaced_by.as_deref().ok_or(Unresolved::Unknown)?;
            named = Named { country: Some(&last.country), level: None, code };
        }
        Err(Unresolved::Unknown)
    }

    /// A unit and those it lies in on a day, from small to large. What a list says that it lies in may have ended, and something else be there.
    pub(in crate::directory) fn chain<'a>(
        &'a self,
        area: &'a Area,
        day: NaiveDate,
    ) -> impl Iterator<Item = &'a Area> {
        let above = move |area: &&'a Area| {
            let stated = self.by_id.get(&area.parent?)?;
            Some(self.present(stated, day).unwrap_or(stated))
        };
        let is_there = move |area: &&'a Area| area.valid_to.is_none_or(|to| day < to);
        std::iter::successors(Some(area), above).take(DEEPEST).filter(is_there)
    }
}

/// Codes that rows of an import name, and no unit has: what to tell whoever imports. Nothing while this hub knows no units at all.
pub(in crate::directory) fn unknown(
    db: &mut Db<'_>,
    stated: &BTreeMap<String, (&'static str, u64)>,
    day: NaiveDate,
) -> Result<Vec<Problem>, StorageError> {
    if stated.is_empty() || !store::has_any(db)? {
        return Ok(Vec::new());
    }
    let known = Known::load(db, stated.keys().map(String::as_str))?;
    let wrong = stated.iter().filter_map(|(code, at)| Some((code, at, known.resolve(code, day).err()?)));
    Ok(wrong
        .map(|(code, (table, line), why)| Problem {
            severity: Severity::Warned,
            code: "area_unknown",
            table: (*table).to_owned(),
            line: Some(*line),
            column: Some(String::from("admin_area")),
            what: match why {
                Unresolved::Unknown => {
                    format!("no area has the code {code}; searches by area will not find this")
                }
                Unresolved::Several => format!("several areas have the code {code};"),
            },
            remedy: match why {
                Unresolved::Unknown => {
                    "look it up with throughline directory areas, or import the areas it is from"
                }
                Unresolved::Several => "write country, level and code, such as LB/3/10101",
            },
        })
        .collect())
}
