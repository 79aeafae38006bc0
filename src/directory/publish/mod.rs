//! What everybody may see of a source, in the forms that others read: points on a map, who does what where, and a list on paper; and one
//! service as whoever asks may read it.
//!
//! # Invariants
//!
//! - Nothing stands in what is published that somebody without a token does not see at `/hsds`: what is restricted, and whatever belongs to it, is left out
//!   by the same rule.
//! - Nobody's name is in it: people are not imported.
//! - What came from outside is text: spreadsheets calculate none of it, and pages run none of it.

mod gather;
mod geojson;
mod hours;
mod leaf;
mod print;
mod sectors;
mod who;
pub(super) mod whom;
pub(super) mod words;

use std::io::Write;

use gather::{Offered, Reading, each_offered};
pub use leaf::{Channel, Leaf, PaperAsked, Spoken, Spot, leaf};
pub use sectors::Sector;

use super::{DirectoryError, Listing, fold::fold, hsds::HsdsError, store, tongue::Tongue};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::Timestamp,
    storage::Db,
};

/// A form in which others read a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Points on a map (RFC 7946).
    GeoJson,
    /// Who does what where: a table with a row of HXL hashtags.
    WhoDoesWhatWhere,
    /// A page to print, without scripts and without anything from elsewhere.
    Print,
}

/// What is published.
#[derive(Clone, Debug)]
pub struct Publish {
    /// As what.
    pub form: Form,
    /// Only places of this country, province, region or town, by its name or by the code of an area.
    pub area: Option<String>,
    /// Only services of this sector.
    pub sector: Option<Sector>,
    /// The language that a page is asked for in.
    pub lang: Option<Tongue>,
}

impl Publish {
    /// Everything, in a form.
    pub const fn all(form: Form) -> Self {
        Self { form, area: None, sector: None, lang: None }
    }

    fn holds(&self, offered: &Offered) -> bool {
        let is_there = self.area.as_deref().is_none_or(|area| offered.is_in(&fold(area)));
        let is_open = self.form == Form::WhoDoesWhatWhere || offered.service.status == Listing::Active;
        is_there && is_open && self.sector.is_none_or(|sector| sector.is_among(&offered.sectors))
    }

    fn writer(&self) -> Box<dyn Writes + Send> {
        match self.form {
            Form::GeoJson => Box::new(geojson::Points::default()),
            Form::WhoDoesWhatWhere => Box::new(who::Rows::default()),
            Form::Print => Box::new(print::Page::new(self.lang.as_ref())),
        }
    }

    fn reading(&self, now: Timestamp) -> Reading<'_> {
        Reading { now, form: self.form, lang: self.lang.as_ref() }
    }
}

/// Writes what everybody may see of a source; answers how many services at places were written.
pub fn publish(
    db: &mut Db<'_>,
    actor: &Actor,
    (source, what, now): (&str, &Publish, Timestamp),
    into: &mut dyn Write,
) -> Result<u64, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    if !store::has_source(db, source)? {
        return Err(AccessError::NotFound.into());
    }
    let mut writer = what.writer();
    writer.begin(into).map_err(unwritten)?;
    each_offered(db, (source, what.reading(now)), |offered| {
        if what.holds(&offered) { writer.take(offered, into).map_err(unwritten) } else { Ok(()) }
    })?;
    let written = writer.end(into).map_err(unwritten)?;
    into.flush().map_err(unwritten)?;
    Ok(written)
}

/// How many services at places are read for one portion.
const PORTION: i64 = 200;

/// How many places are printed at once: a page is sorted, so all of it is in memory.
const PRINTED_MAX: usize = 5_000;

/// What everybody may see, of whatever source, in portions.
pub struct Portions {
    what: Publish,
    writer: Box<dyn Writes + Send>,
    /// Behind which place to go on; nothing at the end.
    place: Option<i64>,
    has_begun: bool,
    taken: usize,
}

impl Portions {
    /// Before the first.
    pub fn of(what: Publish) -> Self {
        Self { writer: what.writer(), what, place: Some(0), has_begun: false, taken: 0 }
    }

    /// Whether there is nothing more.
    pub const fn is_through(&self) -> bool {
        self.place.is_none()
    }

    /// The next portion, which may be empty.
    pub fn next(&mut self, db: &mut Db<'_>, now: Timestamp) -> Result<Vec<u8>, DirectoryError> {
        let mut into = Vec::new();
        let Some(place) = self.place else { return Ok(into) };
        if !self.has_begun {
            self.writer.begin(&mut into).map_err(unwritten)?;
            self.has_begun = true;
        }
        let found = gather::behind(db, (place, PORTION), self.what.reading(now))?;
        self.place = found.as_ref().map(|(_, last)| *last);
        for offered in found.into_iter().flat_map(|(offered, _)| offered) {
            if self.what.holds(&offered) {
                self.taken = self.taken.saturating_add(1);
                self.writer.take(offered, &mut into).map_err(unwritten)?;
            }
        }
        if self.what.form == Form::Print && self.taken > PRINTED_MAX {
            return Err(DirectoryError::TooMuchToPrint(PRINTED_MAX));
        }
        if self.place.is_none() {
            self.writer.end(&mut into).map_err(unwritten)?;
        }
        Ok(into)
    }
}

/// A form while it is written.
trait Writes {
    fn begin(&mut self, into: &mut dyn Write) -> std::io::Result<()>;
    fn take(&mut self, offered: Offered, into: &mut dyn Write) -> std::io::Result<()>;
    /// Answers how many were written.
    fn end(&mut self, into: &mut dyn Write) -> std::io::Result<u64>;
}

fn unwritten(source: std::io::Error) -> DirectoryError {
    HsdsError::File { file: String::from("that is written"), source }.into()
}
