//! Finding services by words, by place, or by name.
//!
//! # Decisions
//!
//! - Words and places stand in plain tables, and everything that judges (folding, likeness, distance, score) is done here. Both engines
//!   have a full-text search, but no two of them cut, fold and rank alike; so the same query finds the same in the same order everywhere.
//! - What looks like a typed word is looked for among the words of the directory, not among its services: there are few words, few enough
//!   to be kept in memory and gone through whole.
//! - A word that is found as typed does not keep words that look like it from being found: otherwise a word of a restricted service would
//!   show by what is missing.

mod bare;
mod enter;
mod facets;
mod nothing;
mod rank;
mod sphere;
pub(super) mod store;
mod vocabulary;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

pub use bare::Bare;
use chrono::NaiveDate;
pub use enter::enter_searched;
pub(super) use enter::{enter_here, enter_source};
pub use facets::{Facet, Facets};
pub use nothing::{Nothing, Wider, Without};
pub use rank::Match;
use rank::Parts;
use serde::Serialize;
pub use sphere::{Around, Point};
use store::{By, Candidate};
use uuid::Uuid;

use super::{
    DirectoryError, Service, Viewer,
    areas::{AreaMode, InArea, Known},
    eligibility::{Answer, Eligibility, Facts, Terms, judge},
    hours::{Hours, Open, When},
    store as entries,
};
use crate::{
    access::{Actor, Permission},
    kernel::{
        Timestamp,
        page::{Asked, Cursor},
    },
    policy::ServiceCode,
    storage::{Db, StorageError},
};

/// How many services are ranked at most. Of more that fit, those with the lowest ids; say more to have fewer.
pub const MOST_RANKED: i64 = 50_000;

/// Services that are named one by one in a query, and not by what they must fit; more would make a statement too long.
const FEW: usize = 1_000;

/// So few that it is not worth while to look for fewer.
const ENOUGH: usize = 100;

/// How many words count as one that was typed, beside those that begin with it.
const MOST_ALIKE: usize = 200;

/// What to search for. All of it must fit.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Words in names, provider, labels or description; accents, capitals and small mistakes do not matter.
    pub text: String,
    /// A service code.
    pub service: Option<ServiceCode>,
    /// Only what one can refer to through this hub.
    pub members_only: bool,
    /// Only what is offered at a place near another.
    pub around: Option<Around>,
    /// Only what bears a taxonomy term.
    pub term: Option<Term>,
    /// Only where this language is spoken, BCP 47; a language finds what is said of its regions.
    pub language: Option<String>,
    /// Only what serves an area, or is in it.
    pub area: Option<InArea>,
    /// Only what is not shut to a person of whom this is known. Judged and forgotten.
    pub person: Option<Facts>,
    /// Also what is flagged, and what nobody verified for twice as long as a verification holds.
    pub doubtful: bool,
    /// Only what is not closed at a moment.
    pub open_at: Option<When>,
    /// Whether to count what was found by service code, term and language.
    pub facets: bool,
}

/// A taxonomy term that is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The term.
    pub id: Uuid,
    /// Whether terms below it count as well.
    pub below: bool,
}

/// A service, and why it stands where it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Found {
    /// The service.
    #[serde(flatten)]
    pub service: Service,
    /// Why it stands where it stands; absent when it stands by its name.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub fit: Option<Match>,
    /// Whether it is for the person; absent when nothing was said of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligibility: Option<Eligibility>,
    /// Whether it is open at the moment asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Open>,
}

/// What was found: a page of it, and when that is nothing, why.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Results {
    /// The services: best first when words or a place were asked for, otherwise by name.
    pub items: Vec<Found>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub next: Option<Cursor>,
    /// How many services fit otherwise and are not for the person; absent when nothing was said of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_eligible: Option<usize>,
    /// How many services fit otherwise and are closed at the moment asked for; absent when none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed: Option<usize>,
    /// What was found on all pages, counted; with the first page, when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facets: Option<Facets>,
    /// Why nothing was found, and what would be found by asking for less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nothing: Option<Nothing>,
}

/// Services that fit: by score when words or a place were asked for, otherwise by name.
pub fn search(
    db: &mut Db<'_>,
    actor: &Actor,
    search: &Search,
    asked: &Asked,
    now: Timestamp,
) -> Result<Results, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let sieve = Sieve::of(db, Viewer::of(actor), search, now)?;
    let is_first = asked.after().is_none();
    let is_judged = sieve.person.is_some() || sieve.open_at.is_some();
    let is_by_name = sieve.words.is_empty() && sieve.around.is_none() && !is_judged;
    let conditions = sieve.narrow(db)?;
    let judged = sieve.judged(db, &conditions, None)?;
    let (items, next) = if is_by_name {
        by_name(db, &conditions, (asked, now))?
    } else {
        by_score(db, &sieve, (asked, now), (&conditions, &judged))?
    };
    let nothing = if items.is_empty() && is_first { Some(nothing::explain(db, &sieve)?) } else { None };
    let facets =
        if search.facets && is_first { Some(facets::count(db, &conditions, &judged)?) } else { None };
    let not_eligible = sieve.person.is_some().then_some(judged.not_eligible.len());
    let closed = sieve.open_at.is_some().then_some(judged.closed.len());
    Ok(Results { items, next, not_eligible, closed, facets, nothing })
}

type FoundPage = (Vec<Found>, Option<Cursor>);

fn by_name(
    db: &mut Db<'_>,
    conditions: &str,
    (asked, now): (&Asked, Timestamp),
) -> Result<FoundPage, DirectoryError> {
    let window = (asked.after().unwrap_or_default(), asked.rows_to_load());
    let rows = entries::by_name(db, conditions, window, now)?;
    let page = asked.page(rows, |(_, key)| key.clone());
    Ok((
        page.items
            .into_iter()
            .map(|(service, _)| Found { service, fit: None, eligibility: None, hours: None })
            .collect(),
        page.next,
    ))
}

fn by_score(
    db: &mut Db<'_>,
    sieve: &Sieve,
    (asked, now): (&Asked, Timestamp),
    (conditions, judged): (&str, &Judged),
) -> Result<FoundPage, DirectoryError> {
    let after = asked.after().map(|text| Place::read(text).ok_or(DirectoryError::BadCursor)).transpose()?;
    // Entries age while somebody turns pages: all pages are ranked as of the first.
    let now = after.as_ref().map_or(now, |after| after.now);
    let ranked = sieve.rank(db, now, (conditions, judged))?;
    let mut places: Vec<(Place, Match)> =
        ranked.into_iter().map(|(id, fit)| (Place { now, score: fit.score, id }, fit)).collect();
    places.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let loaded = usize::try_from(asked.rows_to_load()).unwrap_or(usize::MAX);
    let rows: Vec<(Place, Match)> = places
        .into_iter()
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place.cmp(after).is_gt()))
        .take(loaded)
        .collect();
    let page = asked.page(rows, |(place, _)| place.write());
    let ids: Vec<String> = page.items.iter().map(|(place, _)| place.id.clone()).collect();
    let mut services = entries::by_ids(db, &ids, now)?;
    let found = page.items.into_iter().filter_map(|(place, fit)| {
        let eligibility = sieve.person.as_ref().map(|facts| judged.of(&place.id, facts));
        let hours = sieve.open_at.map(|_| judged.open(&place.id));
        Some(Found { service: services.remove(&place.id)?, fit: Some(fit), eligibility, hours })
    });
    Ok((found.collect(), page.next))
}

/// Where a service stands in a ranking.
struct Place {
    now: Timestamp,
    score: f64,
    id: String,
}

impl Place {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.score.total_cmp(&self.score).then_with(|| self.id.cmp(&other.id))
    }

    fn write(&self) -> String {
        format!("{} {} {}", self.now.micros(), self.score, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let now = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let score = parts.next()?.parse().ok()?;
        Some(Self { now, score, id: parts.next()?.to_owned() })
    }
}

/// A word that was typed, and the words of the directory that look like it, with the number of places in which they differ.
#[derive(Debug)]
pub(super) struct Sought {
    word: String,
    alike: BTreeMap<String, usize>,
}

impl Sought {
    fn of(db: &mut Db<'_>, word: String) -> Result<Self, StorageError> {
        let Some(most) = words::most_edits(&word) else {
            return Ok(Self { word, alike: BTreeMap::new() });
        };
        let vocabulary = store::vocabulary(db)?;
        let mut alike: Vec<(usize, &str)> = vocabulary.alike(&word, most).collect();
        alike.sort_unstable();
        alike.truncate(MOST_ALIKE);
        let alike = alike.into_iter().map(|(edits, word)| (word.to_owned(), edits)).collect();
        Ok(Self { word, alike })
    }

    fn has_word(&self, by: By) -> String {
        store::has_word(&self.word, &self.alike, by)
    }

    /// The condition that a service has the word.
    fn condition(&self, by: By) -> String {
        let has_word = self.has_word(by);
        match by {
            By::Words => format!("id IN (SELECT service FROM directory_words WHERE {has_word})"),
            By::Services => {
                format!("EXISTS (SELECT 1 FROM directory_words WHERE service = services.id AND {has_word})")
            }
        }
    }
}

/// The typed words, with what looks like them.
fn sought(db: &mut Db<'_>, text: &str) -> Result<Vec<Sought>, StorageError> {
    words::of_query(text).into_iter().map(|word| Sought::of(db, word)).collect()
}

/// Which column names what lists are narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Services.
    Services,
    /// Services at locations.
    Places,
}

/// The condition that a service serves an area, or is in it, as areas are on a day.
fn in_area(db: &mut Db<'_>, (id, area): (&str, &InArea), day: NaiveDate) -> Result<String, DirectoryError> {
    let known = Known::load(db, std::iter::once(area.code.as_str()))?;
    let found = known.resolve(&area.code, day).map_err(|why| why.error(&area.code))?;
    Ok(match area.mode {
        // What serves a country serves its provinces; what is in a province was entered for the country as well.
        AreaMode::Serves => {
            let keys: Vec<&str> = known.chain(found).map(|area| area.key.as_str()).collect();
            store::has_facet(id, &["serves"], &keys)
        }
        AreaMode::Located => store::has_facet(id, &["located"], &[&found.key]),
    })
}

/// Conditions that lists of documents are narrowed by: words of the service, that it, or the place itself, is near, and its area on a day.
pub(super) fn conditions(
    db: &mut Db<'_>,
    of: Of,
    (text, around): (&str, Option<Around>),
    (area, day): (Option<&InArea>, NaiveDate),
) -> Result<Vec<String>, DirectoryError> {
    let area = match area {
        Some(area) => Some(in_area(db, ("services.id", area), day)?),
        None => None,
    };
    let words = sought(db, text)?;
    let words = words.iter().map(|word| {
        format!("services.id IN (SELECT service FROM directory_words WHERE {})", word.has_word(By::Words))
    });
    let near = around.map(|around| {
        let (id, column) = match of {
            Of::Services => ("services.id", "service"),
            Of::Places => ("directory_rows.id", "place"),
        };
        format!("{id} IN (SELECT {column} FROM directory_places WHERE {})", store::is_within(around))
    });
    Ok(words.chain(near).chain(area).collect())
}

/// What services must fit, one condition beside the other.
struct Sieve {
    open: String,
    words: Vec<Sought>,
    /// Plain conditions, each with the name of what asked for it.
    narrowed: Vec<(&'static str, String)>,
    around: Option<Around>,
    person: Option<Facts>,
    open_at: Option<When>,
}

/// What services say of whom they take and when they are open, and which of them are not for the person, or closed.
#[derive(Default)]
struct Judged {
    terms: HashMap<String, Terms>,
    not_eligible: HashSet<String>,
    closed: HashSet<String>,
    open: HashSet<String>,
}

impl Judged {
    /// Whether a service is not found, although it fits.
    fn leaves_out(&self, service: &str) -> bool {
        self.not_eligible.contains(service) || self.closed.contains(service)
    }

    /// How many are not found, although they fit.
    fn left_out(&self) -> usize {
        self.not_eligible.union(&self.closed).count()
    }

    /// Whether a service is open.
    fn open(&self, service: &str) -> Open {
        if self.open.contains(service) {
            Open::Open
        } else if self.closed.contains(service) {
            Open::Closed
        } else {
            Open::NotKnown
        }
    }

    fn of(&self, service: &str, facts: &Facts) -> Eligibility {
        self.terms.get(service).map_or_else(|| judge(&Terms::default(), facts), |terms| judge(terms, facts))
    }
}

impl Sieve {
    fn of(db: &mut Db<'_>, viewer: Viewer, search: &Search, now: Timestamp) -> Result<Self, DirectoryError> {
        let code = search.service.as_ref().map(|code| store::quoted(code.as_str()));
        let service = code.map(|code| ("service", format!("service_code = {code}")));
        let doubtful = (!search.doubtful).then(|| ("doubtful", store::is_trusted(now)));
        let members = search.members_only.then(|| ("members_only", String::from("member IS NOT NULL")));
        let term = search.term.map(|term| {
            let facets: &[&str] = if term.below { &["term", "under"] } else { &["term"] };
            ("taxonomy_term", store::has_facet("id", facets, &[&term.id.to_string()]))
        });
        let language = search.language.as_ref().map(|language| {
            ("language", store::has_facet("id", &["language"], &[&language.trim().to_lowercase()]))
        });
        let area = match &search.area {
            Some(area) => Some(("area", in_area(db, ("id", area), now.datetime().date_naive())?)),
            None => None,
        };
        Ok(Self {
            open: store::is_open(viewer),
            words: sought(db, &search.text)?,
            narrowed: [doubtful, service, members, term, language, area].into_iter().flatten().collect(),
            around: search.around,
            person: search.person.clone(),
            open_at: search.open_at,
        })
    }

    /// All of them as one.
    fn conditions(&self) -> String {
        self.but(None, self.around)
    }

    /// All of them but one, and another place.
    fn but(&self, left_out: Option<Filter<'_>>, around: Option<Around>) -> String {
        let words = self.words.iter().filter(|word| match left_out {
            Some(Filter::Text) => false,
            Some(Filter::Word(other)) => word.word != other,
            _ => true,
        });
        let narrowed = self.narrowed.iter().filter(|(name, _)| left_out != Some(Filter::Narrowed(name)));
        let narrowed = narrowed.map(|(_, condition)| condition.clone());
        let near = around.map(|around| {
            format!("id IN (SELECT service FROM directory_places WHERE {})", store::is_within(around))
        });
        let all = [self.open.clone()].into_iter().chain(words.map(|word| word.condition(By::Words)));
        all.chain(narrowed).chain(near).collect::<Vec<_>>().join(" AND ")
    }

    /// All of them as one, told in the way that is quickest: when one word, or the place, has few services, these are named, and the other
    /// words are looked for among theirs. What fits is the same.
    fn narrow(&self, db: &mut Db<'_>) -> Result<String, StorageError> {
        let mut best: Option<(Option<&str>, BTreeSet<String>)> = None;
        let mut most = FEW;
        if let Some(around) = self.around
            && let Some(near) = store::few(db, ("directory_places", &store::is_within(around)), most)?
        {
            most = near.len().saturating_sub(1);
            best = Some((None, near));
        }
        // What is near is few enough; to ask of a common word how few have it would take longer than to look at these.
        let words = if best.is_none() { self.words.as_slice() } else { &[] };
        for word in words {
            if most < ENOUGH {
                break;
            }
            if let Some(theirs) = store::few(db, ("directory_words", &word.has_word(By::Words)), most)? {
                most = theirs.len().saturating_sub(1);
                best = Some((Some(&word.word), theirs));
            }
        }
        let Some((named_by, few)) = best else { return Ok(self.conditions()) };
        let words = self.words.iter().filter(|word| named_by != Some(&word.word));
        let near = self.around.filter(|_| named_by.is_some()).map(|around| {
            let within = store::is_within(around);
            format!("EXISTS (SELECT 1 FROM directory_places WHERE service = services.id AND {within})")
        });
        let narrowed = self.narrowed.iter().map(|(_, condition)| condition.clone());
        let all = [store::is_one_of("id", few.iter()), self.open.clone()].into_iter();
        let all = all.chain(words.map(|word| word.condition(By::Services))).chain(narrowed).chain(near);
        Ok(all.collect::<Vec<_>>().join(" AND "))
    }

    /// What services that fit conditions say of whom they take, if somebody was said something of, and when they are open, if that was
    /// asked for.
    fn judged(
        &self,
        db: &mut Db<'_>,
        conditions: &str,
        left_out: Option<Filter<'_>>,
    ) -> Result<Judged, StorageError> {
        let mut judged = Judged::default();
        if let Some(when) = self.open_at.filter(|_| left_out != Some(Filter::Hours)) {
            for (service, body) in store::hours_of(db, conditions)? {
                let hours: Hours = serde_json::from_str(&body)
                    .map_err(|_reason| StorageError::Unreadable("directory_hours.body"))?;
                match hours.at(when) {
                    Open::Open => judged.open.insert(service),
                    Open::Closed => judged.closed.insert(service),
                    Open::NotKnown => false,
                };
            }
        }
        let Some(facts) = self.person.as_ref().filter(|_| left_out != Some(Filter::Person)) else {
            return Ok(judged);
        };
        for (service, body) in store::terms_of(db, conditions)? {
            let terms: Terms = serde_json::from_str(&body)
                .map_err(|_reason| StorageError::Unreadable("directory_terms.body"))?;
            if judge(&terms, facts).answer == Answer::NotEligible {
                judged.not_eligible.insert(service);
            } else {
                judged.terms.insert(service, terms);
            }
        }
        Ok(judged)
    }

    /// How many services fit conditions, are not shut to the person and not closed; with one filter left out.
    fn count(
        &self,
        db: &mut Db<'_>,
        conditions: &str,
        left_out: Option<Filter<'_>>,
    ) -> Result<i64, StorageError> {
        let all = store::count(db, conditions)?;
        let shut = self.judged(db, conditions, left_out)?.left_out();
        Ok(all.saturating_sub(i64::try_from(shut).unwrap_or(i64::MAX)))
    }

    /// Everything that fits and is not shut to the person, with what it counts.
    fn rank(
        &self,
        db: &mut Db<'_>,
        now: Timestamp,
        (conditions, judged): (&str, &Judged),
    ) -> Result<Vec<(String, Match)>, StorageError> {
        let mut candidates = store::candidates(db, conditions, MOST_RANKED, now)?;
        let (by, of_services) = if candidates.len() <= FEW {
            (By::Services, store::is_one_of("service", candidates.iter().map(|candidate| &candidate.id)))
        } else {
            (By::Words, format!("service IN (SELECT id FROM services WHERE {conditions})"))
        };
        candidates.retain(|candidate| !judged.leaves_out(&candidate.id));
        let mut texts: HashMap<String, i64> = HashMap::new();
        for word in &self.words {
            let mut best: HashMap<String, i64> = HashMap::new();
            for (service, found, weight) in store::words_of(db, &word.has_word(by), &of_services)? {
                let counts = weight.saturating_mul(rank::likeness(word, &found));
                let known = best.entry(service).or_insert(0);
                *known = counts.max(*known);
            }
            for (service, counts) in best {
                let sum = texts.entry(service).or_insert(0);
                *sum = counts.saturating_add(*sum);
            }
        }
        let distances = self.distances(db, &of_services)?;
        let words = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        let text = |id: &str| {
            let sum = u32::try_from(texts.get(id).copied().unwrap_or(0)).unwrap_or(0);
            (words > 0).then(|| f64::from(sum) / (f64::from(words) * 10_000.0))
        };
        let ranked = candidates.into_iter().map(|candidate: Candidate| {
            let parts = Parts {
                text: text(&candidate.id),
                distance: distances.get(&candidate.id).copied(),
                eligible: self.person.as_ref().map(|facts| rank::eligible(&judged.of(&candidate.id, facts))),
                open: self.open_at.map(|_| rank::open(judged.open(&candidate.id))),
            };
            let fit = Match::of(&candidate, parts, now);
            (candidate.id, fit)
        });
        Ok(ranked.collect())
    }

    /// How far the nearest place of each service is.
    fn distances(&self, db: &mut Db<'_>, of_services: &str) -> Result<HashMap<String, f64>, StorageError> {
        let mut nearest = HashMap::new();
        let Some(around) = self.around else { return Ok(nearest) };
        for (service, place) in store::places_of(db, around, of_services)? {
            let metres = around.middle.metres_to(place);
            let known = nearest.entry(service).or_insert(metres);
            *known = metres.min(*known);
        }
        Ok(nearest)
    }
}

/// One thing that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filter<'a> {
    Text,
    Word(&'a str),
    Narrowed(&'static str),
    Place,
    Person,
    Hours,
}
