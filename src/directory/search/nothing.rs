//! Why nothing was found: what there would be without each thing that was asked for. Counts hold only what the viewer may see.

use serde::Serialize;

use super::{Filter, Sieve, Sought, sphere::Around, store};
use crate::storage::{Db, StorageError};

/// Why nothing was found.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Nothing {
    /// How many services there are to find without any filter.
    pub services: i64,
    /// How many would be found with one filter left out.
    pub without: Vec<Without>,
    /// The next wider circle in which something is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wider: Option<Wider>,
}

/// How many would be found with one filter left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Without {
    /// The filter: `doubtful` (what is flagged or stale is left out), `text`, `word`, `service`, `members_only`, `taxonomy_term`, `language`, `area`, `proximity`, `open_at` or
    /// `person`.
    pub filter: &'static str,
    /// Which word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// How many there would be.
    pub services: i64,
}

/// A wider circle.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Wider {
    /// Its radius in metres.
    pub proximity: f64,
    /// How many services are in it.
    pub services: i64,
}

impl Filter<'_> {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Word(_) => "word",
            Self::Narrowed(name) => name,
            Self::Place => "proximity",
            Self::Person => "person",
            Self::Hours => "open_at",
        }
    }
}

/// Counts what there would be.
pub(super) fn explain(db: &mut Db<'_>, sieve: &Sieve) -> Result<Nothing, StorageError> {
    let mut without = Vec::new();
    for filter in filters(sieve) {
        let around = sieve.around.filter(|_| filter != Filter::Place);
        let services = sieve.count(db, &sieve.but(Some(filter), around), Some(filter))?;
        let word = if let Filter::Word(word) = filter { Some(word.to_owned()) } else { None };
        // What is doubtful was not asked away by anybody: worth a word only when there is some.
        if services > 0 || filter != Filter::Narrowed("doubtful") {
            without.push(Without { filter: filter.name(), word, services });
        }
    }
    Ok(Nothing { services: store::count(db, &sieve.open)?, without, wider: wider(db, sieve)? })
}

fn filters(sieve: &Sieve) -> Vec<Filter<'_>> {
    let text = (!sieve.words.is_empty()).then_some(Filter::Text);
    let words =
        sieve.words.iter().filter(|_| sieve.words.len() > 1).map(|Sought { word, .. }| Filter::Word(word));
    let narrowed = sieve.narrowed.iter().map(|(name, _)| Filter::Narrowed(name));
    let person = sieve.person.as_ref().map(|_| Filter::Person);
    let place = sieve.around.map(|_| Filter::Place);
    let hours = sieve.open_at.map(|_| Filter::Hours);
    text.into_iter().chain(words).chain(narrowed).chain(place).chain(hours).chain(person).collect()
}

fn wider(db: &mut Db<'_>, sieve: &Sieve) -> Result<Option<Wider>, StorageError> {
    let mut next = sieve.around.and_then(Around::wider);
    while let Some(around) = next {
        let services = sieve.count(db, &sieve.but(None, Some(around)), None)?;
        if services > 0 {
            return Ok(Some(Wider { proximity: around.metres, services }));
        }
        next = around.wider();
    }
    Ok(None)
}
