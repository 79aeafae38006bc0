//! What everybody may see of a source, in the forms that others read: points on a map, who does what where, and a list on paper.
//!
//! # Invariants
//!
//! - Nothing stands in it that somebody without a token does not see at `/hsds`: what is restricted, and whatever belongs to it, is left out
//!   by the same rule.
//! - Nobody's name is in it: people are not imported.
//! - What came from outside is text: spreadsheets calculate none of it, and pages run none of it.

mod gather;
mod geojson;
mod print;
mod who;

use std::io::Write;

use gather::{Offered, each_offered};

use super::{DirectoryError, Listing, fold::fold, hsds::HsdsError, store};
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
    /// Where it came from.
    pub source: String,
    /// As what.
    pub form: Form,
    /// Only places of this country, province, region or town.
    pub area: Option<String>,
}

/// Writes what everybody may see of a source; answers how many services at places were written.
pub fn publish(
    db: &mut Db<'_>,
    actor: &Actor,
    (what, now): (&Publish, Timestamp),
    into: &mut dyn Write,
) -> Result<u64, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    if !store::has_source(db, &what.source)? {
        return Err(AccessError::NotFound.into());
    }
    let area = what.area.as_deref().map(fold);
    let mut writer: Box<dyn Writes> = match what.form {
        Form::GeoJson => Box::new(geojson::Points::default()),
        Form::WhoDoesWhatWhere => Box::new(who::Rows::default()),
        Form::Print => Box::new(print::Page::default()),
    };
    writer.begin(into).map_err(unwritten)?;
    each_offered(db, (&what.source, now), |offered| {
        let is_there = area.as_deref().is_none_or(|area| offered.is_in(area));
        let is_open = what.form == Form::WhoDoesWhatWhere || offered.service.status == Listing::Active;
        if is_there && is_open { writer.take(offered, into).map_err(unwritten) } else { Ok(()) }
    })?;
    let written = writer.end(into).map_err(unwritten)?;
    into.flush().map_err(unwritten)?;
    Ok(written)
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
