//! Where an organisation works, as far as the services say it that it offers here.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use super::index;
use crate::{
    access::{Actor, Permission},
    directory::{
        DirectoryError, Viewer,
        areas::{Area, Known},
    },
    storage::Db,
};

/// By what services say where they are of use: what they serve, and only where none says that, where they are.
const SAY: [&str; 2] = ["serves", "located"];

/// The area in which most services of the actor's organisation are of use: a province or something smaller. Nothing when it offers none here,
/// when they say none, and when several say it equally: then the hub does not know. A country is none: what serves all of it is little of what
/// is in it.
pub fn own_area(db: &mut Db<'_>, actor: &Actor, today: NaiveDate) -> Result<Option<Area>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let Some(organisation) = actor.organisation() else { return Ok(None) };
    let (held, viewer) = (index::current(db)?, Viewer::of(actor));
    for facet in SAY {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for layer in held.layers() {
            let own = layer
                .entries()
                .filter(|(_, entry)| entry.member == Some(organisation) && entry.is_open(viewer))
                .map(|(number, _)| number);
            let own: HashSet<u32> = own.collect();
            if own.is_empty() {
                continue;
            }
            for (key, numbers) in layer.segment.facet(facet) {
                let theirs = numbers.iter().filter(|number| own.contains(number)).count();
                if theirs > 0 {
                    let count = counts.entry(key.to_owned()).or_default();
                    *count = count.saturating_add(theirs);
                }
            }
        }
        let known = Known::load(db, counts.keys().map(String::as_str))?;
        let areas = counts.iter().filter_map(|(key, count)| Some((known.resolve(key, today).ok()?, *count)));
        let areas: Vec<(&Area, usize)> = areas.filter(|(area, _)| area.level > 0).collect();
        if !areas.is_empty() {
            return Ok(foremost(areas).cloned());
        }
    }
    Ok(None)
}

/// The area that counts most; of those that count alike the smallest. Nothing when there are several.
fn foremost(mut areas: Vec<(&Area, usize)>) -> Option<&Area> {
    let worth = |(area, count): &(&Area, usize)| (*count, area.level);
    areas.sort_by_key(|area| std::cmp::Reverse(worth(area)));
    match areas.as_slice() {
        [first, next, ..] if worth(first) == worth(next) => None,
        [(first, _), ..] => Some(*first),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn area(level: u8, code: &str) -> Area {
        Area {
            id: Uuid::nil(),
            key: format!("ZM/{level}/{code}"),
            country: String::from("ZM"),
            level,
            code: code.to_owned(),
            name: code.to_owned(),
            names: BTreeMap::new(),
            parent: None,
            valid_from: None,
            valid_to: None,
            replaced_by: None,
            latitude: None,
            longitude: None,
        }
    }

    #[test]
    fn what_most_services_say_is_where_an_organisation_works_and_a_tie_is_nothing() {
        let (province, here, there) = (area(1, "P"), area(2, "H"), area(2, "T"));
        let first = |areas: Vec<(&Area, usize)>| foremost(areas).map(|area| area.code.clone());
        assert_eq!(first(vec![(&here, 1), (&province, 2), (&there, 1)]).as_deref(), Some("P"));
        assert_eq!(first(vec![(&province, 1), (&here, 1)]).as_deref(), Some("H"), "the smaller of two");
        assert_eq!(first(vec![(&here, 1), (&there, 1)]), None);
        assert_eq!(first(vec![]), None);
    }
}
