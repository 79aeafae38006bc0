//! Lists of documents as HSDS has them: pages with numbers, or one row behind the other.

pub(super) mod store;

use serde::Serialize;
use serde_json::{Value, json};
use store::{Listed, Window};
use uuid::Uuid;

use super::{
    DirectoryError, Viewer, agreements, fold,
    rows::{Depth, Kind, compose, compose_as_given},
    search::{self, Among, Of, Search},
    tongue::Tongue,
};
use crate::{
    access::{AccessError, Actor},
    kernel::Timestamp,
    storage::Db,
};

/// The most that stands on a page.
pub const MOST_PER_PAGE: u32 = 100;

/// How much stands on a page when nobody says.
pub const PER_PAGE: u32 = 50;

/// How many words of a search count.
const MOST_WORDS: usize = 8;

/// What a list holds; all of it must fit.
#[derive(Clone, Debug)]
pub struct Narrowed {
    /// What services and services at locations are searched by; of others only the words, as parts of words in name or description, and of
    /// organisations the agreement that binds them.
    pub search: Search,
    /// The moment that it is asked.
    pub now: Timestamp,
    /// Services of this organisation.
    pub organization: Option<Uuid>,
    /// What bears this term.
    pub term: Option<Uuid>,
    /// What bears any term of this taxonomy; terms of this taxonomy.
    pub taxonomy: Option<Uuid>,
    /// Terms under this one.
    pub parent: Option<Uuid>,
    /// Terms without one above them.
    pub top_only: bool,
    /// What changed then or later, itself or something nested in it.
    pub modified_after: Option<Timestamp>,
    /// The language of texts. It narrows nothing.
    pub lang: Option<Tongue>,
}

impl Default for Narrowed {
    fn default() -> Self {
        Self {
            search: Search::everything(),
            now: Timestamp::from_micros(0),
            organization: None,
            term: None,
            taxonomy: None,
            parent: None,
            top_only: false,
            modified_after: None,
            lang: None,
        }
    }
}

/// What a list is narrowed to, ready for statements.
pub(in crate::directory) struct Sieve {
    narrowed: Narrowed,
    /// Folded parts of words, for what is no service.
    words: Vec<String>,
    /// Services and their places that a search found.
    among: Among,
    /// Rows of the list's own table to which it is narrowed, as an array of ids in JSON.
    rows: Option<String>,
}

impl Sieve {
    fn of(
        db: &mut Db<'_>,
        viewer: Viewer,
        (kind, narrowed): (Kind, Narrowed),
    ) -> Result<Self, DirectoryError> {
        let of = match kind {
            Kind::Service => Of::Services,
            Kind::Place => Of::Places,
            Kind::Organization | Kind::Taxonomy | Kind::Term | Kind::Agreement => {
                let words = fold::words(&narrowed.search.text, MOST_WORDS);
                let rows = match (kind, narrowed.search.agreement) {
                    (Kind::Agreement, _) => agreements::listed(db, viewer)?,
                    (Kind::Organization, Some(agreement)) => {
                        Some(agreements::parties(db, viewer, agreement)?)
                    }
                    _ => None,
                };
                let rows = rows.map(|rows| json!(rows).to_string());
                return Ok(Self { narrowed, words, among: Among::default(), rows });
            }
        };
        let among = search::among(db, of, (viewer, &narrowed.search), narrowed.now)?;
        Ok(Self { narrowed, words: Vec::new(), among, rows: None })
    }

    fn nothing() -> Self {
        Self { narrowed: Narrowed::default(), words: Vec::new(), among: Among::default(), rows: None }
    }
}

/// A list that was asked for, searched once for all its pages and lines.
pub struct List {
    viewer: Viewer,
    kind: Kind,
    shown: Shown,
    sieve: Sieve,
}

/// What is asked of each document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Its id, and when it last changed.
    Minimal,
    /// The document.
    Document(Depth),
}

/// A page of a list (HSDS, `Page`).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NumberedPage {
    /// How many there are altogether.
    pub total_items: i64,
    /// How many pages.
    pub total_pages: i64,
    /// Which page this is; the first is 1.
    pub page_number: u32,
    /// How many stand on this page.
    pub size: usize,
    /// Whether it is the first.
    pub first_page: bool,
    /// Whether there is none behind it.
    pub last_page: bool,
    /// Whether nothing stands on it.
    pub empty: bool,
    /// What stands on it.
    #[schema(value_type = Vec<Object>)]
    pub contents: Vec<Value>,
}

impl List {
    /// Searches for what a list is narrowed to. Refuses what cannot be asked for.
    pub fn ask(
        db: &mut Db<'_>,
        actor: &Actor,
        (kind, narrowed, shown): (Kind, Narrowed, Shown),
    ) -> Result<Self, DirectoryError> {
        let viewer = Viewer::of(actor);
        Ok(Self { viewer, kind, shown, sieve: Sieve::of(db, viewer, (kind, narrowed))? })
    }

    /// A page by its number. Behind the last one there are empty pages.
    pub fn page(
        &self,
        db: &mut Db<'_>,
        (page, per_page): (u32, u32),
    ) -> Result<NumberedPage, DirectoryError> {
        let take = i64::from(per_page.clamp(1, MOST_PER_PAGE));
        let skip = i64::from(page.saturating_sub(1)).saturating_mul(take);
        let total = store::count(db, self.viewer, (self.kind, &self.sieve))?;
        let window = Window::Numbered { skip, take };
        let listed = store::list(db, self.viewer, (self.kind, &self.sieve), window)?;
        let contents = self.documents(db, &listed)?;
        let pages = total.saturating_add(take - 1).checked_div(take).unwrap_or(0);
        Ok(NumberedPage {
            total_items: total,
            total_pages: pages,
            page_number: page,
            size: contents.len(),
            first_page: page == 1,
            last_page: i64::from(page) >= pages,
            empty: contents.is_empty(),
            contents,
        })
    }

    /// The documents behind a place, and the place of the last; nothing when there are no more.
    pub fn behind(&self, db: &mut Db<'_>, place: i64) -> Result<Option<(Vec<Value>, i64)>, DirectoryError> {
        let window = Window::Behind { place, take: i64::from(PER_PAGE) };
        let listed = store::list(db, self.viewer, (self.kind, &self.sieve), window)?;
        let Some(last) = listed.last().map(|row| row.place) else { return Ok(None) };
        Ok(Some((self.documents(db, &listed)?, last)))
    }

    fn documents(&self, db: &mut Db<'_>, listed: &[Listed]) -> Result<Vec<Value>, DirectoryError> {
        let narrowed = &self.sieve.narrowed;
        documents(db, (self.viewer, narrowed.now), (self.kind, self.shown, narrowed.lang.as_ref()), listed)
    }
}

/// Services at locations that everybody may see, behind a place: each with its own.
pub(in crate::directory) fn places_behind(
    db: &mut Db<'_>,
    (place, take): (i64, i64),
) -> Result<Vec<(String, i64)>, DirectoryError> {
    let what = (Kind::Place, &Sieve::nothing());
    let listed = store::list(db, Viewer::Anybody, what, Window::Behind { place, take })?;
    Ok(listed.into_iter().map(|row| (row.id, row.place)).collect())
}

/// One document, with texts in the language that is asked for. What the viewer may not see is not there.
pub fn find_document(
    db: &mut Db<'_>,
    (actor, now): (&Actor, Timestamp),
    (kind, depth, lang): (Kind, Depth, Option<&Tongue>),
    id: Uuid,
) -> Result<Value, DirectoryError> {
    let viewer = Viewer::of(actor);
    let one = store::list(db, viewer, (kind, &Sieve::nothing()), Window::One(id))?;
    let found = documents(db, (viewer, now), (kind, Shown::Document(depth), lang), &one)?.pop();
    Ok(found.ok_or(AccessError::NotFound)?)
}

/// The same with nothing in it that was made of its rules: for who reads the rules themselves.
pub(super) fn find_as_given(
    db: &mut Db<'_>,
    (actor, now): (&Actor, Timestamp),
    of: (Kind, Depth, Option<&Tongue>),
    id: Uuid,
) -> Result<Value, DirectoryError> {
    let viewer = Viewer::of(actor);
    let one = store::list(db, viewer, (of.0, &Sieve::nothing()), Window::One(id))?;
    let ids: Vec<String> = one.into_iter().map(|row| row.id).collect();
    Ok(compose_as_given(db, (viewer, now), of, &ids)?.pop().ok_or(AccessError::NotFound)?)
}

fn documents(
    db: &mut Db<'_>,
    (viewer, now): (Viewer, Timestamp),
    (kind, shown, lang): (Kind, Shown, Option<&Tongue>),
    listed: &[Listed],
) -> Result<Vec<Value>, DirectoryError> {
    match shown {
        Shown::Minimal => Ok(listed
            .iter()
            .map(|row| {
                let at = Timestamp::from_micros(row.changed);
                json!({ "id": row.id, "modified_date": at, "last_modified": at })
            })
            .collect()),
        Shown::Document(depth) => {
            let ids: Vec<String> = listed.iter().map(|row| row.id.clone()).collect();
            compose(db, (viewer, now), (kind, depth, lang), &ids)
        }
    }
}
