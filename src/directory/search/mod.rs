//! Finding services by words, by place, or by name.
//!
//! # Decisions
//!
//! - What services are found by lies in memory (`index`), and everything that looks and judges (folding, likeness, distance, score) is done
//!   here. Both engines have a full-text search, but no two of them cut, fold and rank alike; so the same query finds the same in the same
//!   order everywhere.
//! - What looks like a typed word is looked for among the words of the directory, not among its services: there are few words, few enough
//!   to be gone through whole.
//! - A word that is found as typed does not keep words that look like it from being found: otherwise a word of a restricted service would
//!   show by what is missing.

mod agreed;
mod away;
mod bare;
mod enter;
mod facets;
mod index;
mod nothing;
mod own;
mod rank;
mod sift;
mod sphere;
pub(super) mod store;
mod words;

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

use agreed::Agreed;
use away::Here;
pub use away::{Band, Reach};
pub use bare::Bare;
use chrono::NaiveDate;
pub(super) use enter::{enter_here, enter_source};
pub use enter::{enter_searched, follow_areas};
pub use facets::{Facet, Facets};
use index::{AGREEMENT, CODE, Entry, Held, SERVES};
pub use nothing::{COUNTED, Nothing, Wider, Without};
pub use own::own_area;
pub use rank::Match;
use rank::Parts;
use serde::{Deserialize, Serialize};
use sift::{Fitting, Judged, Sift};
pub use sphere::{Around, Point};
use uuid::Uuid;

use super::{
    Availability, DirectoryError, Listing, Service, TextLanguage, Tongue, Viewer,
    agreements::{Agreements, InForce},
    areas::{AreaMode, InArea, Known},
    eligibility::{Eligibility, Facts},
    hours::{Open, When},
    service::put_into,
    store as entries,
};
use crate::{
    access::{Actor, Permission},
    kernel::{
        Timestamp,
        id::ServiceId,
        page::{Asked, Cursor},
    },
    policy::ServiceCode,
    storage::{Db, StorageError},
};

/// How many words count as one that was typed, beside those that begin with it.
const MOST_ALIKE: usize = 200;

/// What to search for. All of it must fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// Words in names, provider, labels or description; accents, capitals and small mistakes do not matter.
    pub text: String,
    /// A service code.
    pub service: Option<ServiceCode>,
    /// Only what one can refer to through this hub.
    pub members_only: bool,
    /// Only what is offered at a place near another, or need not be near.
    pub around: Option<Around>,
    /// The area that this place lies in, by its code or its key, as far as it is known; then what serves that area or its country need not be
    /// near.
    pub lies_in: Option<String>,
    /// Only what bears a taxonomy term.
    pub term: Option<Term>,
    /// Only where this language is spoken, BCP 47; a language finds what is said of its regions.
    pub language: Option<String>,
    /// Only what serves an area, or is in it.
    pub area: Option<InArea>,
    /// Only what takes people in this way at present.
    pub availability: Option<Availability>,
    /// Only what was verified then or later.
    pub verified_since: Option<Timestamp>,
    /// Only what is not shut to a person of whom this is known. Judged and forgotten.
    pub person: Option<Facts>,
    /// Also what is flagged, and what nobody verified for twice as long as a verification holds.
    pub doubtful: bool,
    /// Only what is not closed at a moment.
    pub open_at: Option<When>,
    /// Only what this agreement covers. One that the searcher may not see covers nothing.
    pub agreement: Option<Uuid>,
    /// Whether to count what was found by service code, term and language.
    pub facets: bool,
    /// In which order.
    pub sort: Sort,
    /// The language of texts. It narrows nothing.
    pub lang: Option<Tongue>,
}

/// In which order what was found stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// What fits best first; by name when nothing was asked for by which some fit better.
    #[default]
    Best,
    /// What is nearest first.
    Distance,
    /// What was verified or changed last first.
    Freshness,
    /// By name.
    Name,
}

impl Search {
    /// Everything, also what is doubtful.
    pub fn everything() -> Self {
        Self { doubtful: true, ..Self::default() }
    }

    /// Whether there is something that does not fit.
    fn narrows(&self) -> bool {
        *self != Self { facets: self.facets, sort: self.sort, lang: self.lang.clone(), ..Self::everything() }
    }
}

/// Which terms count for one that is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TermMode {
    /// It alone.
    #[default]
    Exact,
    /// It and those below it.
    Descendants,
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
    /// Which language `name`, `provider` and `description` are in; only when a language was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<&'static str, TextLanguage>,
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
    /// The services, in the order asked for: without one, best first when words or a place were asked for, otherwise by name.
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

/// Reads the directory into memory, so that nobody's search has to.
pub fn warm(db: &mut Db<'_>) -> Result<(), StorageError> {
    index::current(db).map(drop)
}

/// Services that fit, in the order asked for.
pub fn search(
    db: &mut Db<'_>,
    actor: &Actor,
    search: &Search,
    asked: &Asked,
    now: Timestamp,
) -> Result<Results, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let viewer = Viewer::of(actor);
    let by = search.sort;
    if by == Sort::Distance && search.around.is_none() {
        return Err(DirectoryError::NearWhat);
    }
    let held = index::current(db)?;
    let sieve = Sieve::of(db, &held, (viewer, search), now)?;
    let found = Fits::of(&sieve, &held);
    let (mut items, next) = if by == Sort::Name || (by == Sort::Best && sieve.is_by_name()) {
        found.by_name(db, (asked, now))?
    } else {
        let agreements = held.agreements(db, (viewer, actor.organisation()))?;
        found.by_worth(db, (by, &agreements), (asked, now))?
    };
    if let Some(lang) = search.lang.clone() {
        let mut services: Vec<&mut Service> = items.iter_mut().map(|found| &mut found.service).collect();
        let texts = put_into(db, viewer, lang, &mut services)?;
        items.iter_mut().zip(texts).for_each(|(found, texts)| found.texts = texts);
    }
    let is_first = asked.after().is_none();
    let nothing = (items.is_empty() && is_first).then(|| nothing::explain(&sieve, &held));
    let facets = (search.facets && is_first).then(|| facets::count(&found.layers));
    let left_out =
        |how_many: fn(&Judged) -> usize| found.layers.iter().map(|(_, judged)| how_many(judged)).sum();
    let not_eligible = sieve.person.is_some().then(|| left_out(|judged| judged.not_eligible));
    let closed = sieve.open_at.is_some().then(|| left_out(|judged| judged.closed));
    Ok(Results { items, next, not_eligible, closed, facets, nothing })
}

type FoundPage = (Vec<Found>, Option<Cursor>);

/// What fits, layer by layer.
struct Fits<'a> {
    viewer: Viewer,
    layers: Vec<(Sift<'a>, Judged)>,
}

impl<'a> Fits<'a> {
    fn of(sieve: &'a Sieve, held: &'a Held) -> Self {
        let layers = held.layers().iter().map(|layer| {
            let sift = Sift::new(sieve, layer, None);
            let judged = sift.judged();
            (sift, judged)
        });
        Self { viewer: sieve.viewer, layers: layers.collect() }
    }

    fn by_name(
        &self,
        db: &mut Db<'_>,
        (asked, now): (&Asked, Timestamp),
    ) -> Result<FoundPage, DirectoryError> {
        let after = asked.after().unwrap_or_default();
        let mut rows: Vec<(&Entry, &Sift<'a>, Fitting)> = Vec::new();
        for (sift, judged) in &self.layers {
            let behind = sift.behind(after);
            let theirs = judged.fitting.iter().skip_while(|fitting| fitting.number < behind);
            let theirs = theirs.take(to_load(asked));
            rows.extend(theirs.filter_map(|fitting| Some((sift.entry(fitting.number)?, sift, *fitting))));
        }
        rows.sort_unstable_by(|(one, ..), (other, ..)| one.key.cmp(&other.key));
        rows.truncate(to_load(asked));
        let page = asked.page(rows, |(entry, ..)| entry.key.to_string());
        let ids: Vec<ServiceId> = page.items.iter().map(|(entry, ..)| entry.id).collect();
        let mut services = self.services(db, &ids, now)?;
        let found = page.items.into_iter().filter_map(|(entry, sift, fitting)| {
            let (service, eligibility) = (services.remove(&entry.id)?, sift.eligibility(fitting.number));
            Some(Found { service, texts: BTreeMap::new(), fit: None, eligibility, hours: fitting.open })
        });
        Ok((found.collect(), page.next))
    }

    fn by_worth(
        &self,
        db: &mut Db<'_>,
        (by, agreements): (Sort, &Agreements),
        (asked, now): (&Asked, Timestamp),
    ) -> Result<FoundPage, DirectoryError> {
        let after =
            asked.after().map(|text| Place::read(text).ok_or(DirectoryError::BadCursor)).transpose()?;
        // Entries age while somebody turns pages: all pages are ranked as of the first, and shown as they are.
        let of_first = after.as_ref().map_or(now, |after| after.now);
        let in_force = agreements.in_force(of_first.datetime().date_naive());
        let ranked = self.ranked((by, of_first), (after.as_ref(), to_load(asked)), &in_force);
        let page = asked.page(ranked, |ranked| ranked.place.write());
        let ids: Vec<ServiceId> = page.items.iter().map(|ranked| ranked.place.id).collect();
        let mut services = self.services(db, &ids, now)?;
        let found = page.items.into_iter().filter_map(|ranked| {
            let service = services.remove(&ranked.place.id)?;
            let eligibility = ranked.sift.eligibility(ranked.fitting.number);
            let (fit, hours) = (Some(ranked.fit), ranked.fitting.open);
            Some(Found { service, texts: BTreeMap::new(), fit, eligibility, hours })
        });
        Ok((found.collect(), page.next))
    }

    /// The best of what fits behind a place in the ranking, with what it counts, in order.
    fn ranked(
        &self,
        (by, now): (Sort, Timestamp),
        (after, most): (Option<&Place>, usize),
        in_force: &InForce,
    ) -> Vec<Ranked<'_, 'a>> {
        // The worst on top.
        let mut ranked: BinaryHeap<Ranked<'_, 'a>> = BinaryHeap::new();
        for (sift, judged) in &self.layers {
            let (agreed, mut counts) = (Agreed::of(sift, in_force), sift.counts());
            for fitting in &judged.fitting {
                let Some(entry) = sift.entry(fitting.number) else { continue };
                let (text, away) = counts(fitting.number);
                let open = fitting.open.map(rank::open);
                let agreement = agreed.as_ref().map(|agreed| agreed.count(fitting.number));
                let parts = Parts { text, away, eligible: fitting.eligible, open, agreement };
                let fit = Match::of((entry.fresh_at(), entry.availability(now)), parts, now);
                let worth = match by {
                    // Farther is worth less.
                    Sort::Distance => -away.unwrap_or_default().sorts(),
                    Sort::Freshness => fit.freshness,
                    Sort::Best | Sort::Name => fit.score,
                };
                let place = Place { now, worth, id: entry.id };
                let is_full = ranked.len() >= most;
                let is_late = is_full && ranked.peek().is_none_or(|worst| place > worst.place);
                if is_late || after.is_some_and(|after| place <= *after) {
                    continue;
                }
                if is_full {
                    ranked.pop();
                }
                ranked.push(Ranked { place, fit, sift, fitting: *fitting });
            }
        }
        ranked.into_sorted_vec()
    }

    /// What is shown of services. What may not be seen any more since memory was looked at is not there.
    fn services(
        &self,
        db: &mut Db<'_>,
        ids: &[ServiceId],
        now: Timestamp,
    ) -> Result<HashMap<ServiceId, Service>, StorageError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let services = entries::by_ids(db, &ids, now)?.into_values();
        let seen = services.filter(|service| {
            let is_offered = service.status == Listing::Active && service.missing_since.is_none();
            is_offered && self.viewer.sees((service.visibility, service.standing), service.member)
        });
        Ok(seen.map(|service| (service.id, service)).collect())
    }
}

/// A service and why it stands where it stands.
struct Ranked<'b, 'a> {
    place: Place,
    fit: Match,
    sift: &'b Sift<'a>,
    fitting: Fitting,
}

impl Ord for Ranked<'_, '_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place.cmp(&other.place)
    }
}

impl PartialOrd for Ranked<'_, '_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Ranked<'_, '_> {}

impl PartialEq for Ranked<'_, '_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

fn to_load(asked: &Asked) -> usize {
    usize::try_from(asked.rows_to_load()).unwrap_or(usize::MAX)
}

/// Where a service stands in a ranking.
struct Place {
    now: Timestamp,
    worth: f64,
    id: ServiceId,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        other.worth.total_cmp(&self.worth).then_with(|| self.id.cmp(&other.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Place {}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Place {
    fn write(&self) -> String {
        format!("{} {} {}", self.now.micros(), self.worth, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let now = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let worth = parts.next()?.parse().ok()?;
        Some(Self { now, worth, id: parts.next()?.parse().ok()? })
    }
}

/// A word that was typed, and the words of the directory that look like it, with the number of places in which they differ.
#[derive(Debug)]
pub(super) struct Sought {
    word: String,
    alike: BTreeMap<String, usize>,
}

impl Sought {
    fn of(held: &Held, viewer: Viewer, word: String) -> Self {
        let Some(most) = words::most_edits(&word) else {
            return Self { word, alike: BTreeMap::new() };
        };
        // A word that only stands where the viewer may not look must not keep others from being found.
        let mut alike: Vec<(usize, &str)> = Vec::new();
        for layer in held.layers() {
            let passes = |number| {
                let entry = layer.segment.entry(number).filter(|_| layer.holds(number));
                entry.is_some_and(|entry| entry.is_seen(viewer))
            };
            alike.extend(layer.segment.alike(&word, most, passes));
        }
        alike.sort_unstable();
        alike.dedup();
        alike.truncate(MOST_ALIKE);
        let alike = alike.into_iter().map(|(edits, word)| (word.to_owned(), edits)).collect();
        Self { word, alike }
    }
}

/// The condition that a service serves an area, or is in it, as areas are on a day.
fn in_area(db: &mut Db<'_>, area: &InArea, day: NaiveDate) -> Result<Narrow, DirectoryError> {
    let known = Known::load(db, std::iter::once(area.code.as_str()))?;
    let found = known.resolve(&area.code, day).map_err(|why| why.error(&area.code))?;
    Ok(match area.mode {
        // What serves a country serves its provinces; what is in a province was entered for the country as well.
        AreaMode::Serves => {
            Narrow::Facet(&[SERVES], known.chain(found, day).map(|area| area.key.clone()).collect())
        }
        AreaMode::Located => Narrow::Facet(&["located"], vec![found.key.clone()]),
    })
}

/// What lists of documents are narrowed to, as arrays of ids in JSON; absent when a search narrows nothing.
#[derive(Debug, Default)]
pub(super) struct Among {
    /// These services.
    pub(super) services: Option<String>,
    /// These services at locations.
    pub(super) places: Option<String>,
}

/// Which documents a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Services.
    Services,
    /// Services at locations.
    Places,
}

/// The services that fit a search, offered or not, and their places near the place it names: only what is near, as the standard says it. What
/// else of them a list shows is the list's to say.
pub(super) fn among(
    db: &mut Db<'_>,
    of: Of,
    (viewer, search): (Viewer, &Search),
    now: Timestamp,
) -> Result<Among, DirectoryError> {
    if !search.narrows() {
        return Ok(Among::default());
    }
    let held = index::current(db)?;
    let sieve = Sieve { offered_only: false, here: None, ..Sieve::of(db, &held, (viewer, search), now)? };
    let around = search.around.filter(|_| of == Of::Places);
    let (mut services, mut places) = (Vec::new(), Vec::new());
    for layer in held.layers() {
        let sift = Sift::new(&sieve, layer, None);
        let fitting = sift.judged().fitting;
        services.extend(fitting.into_iter().filter_map(|fitting| Some(sift.entry(fitting.number)?.id)));
        let near = around.into_iter().flat_map(|around| layer.segment.within(around));
        places.extend(near.filter(|near| layer.holds(near.number)).map(|near| near.place));
    }
    let places = around.map(|_| serde_json::json!(places).to_string());
    Ok(Among { services: Some(serde_json::json!(services).to_string()), places })
}

/// What services must fit, one condition beside the other.
#[derive(Debug)]
struct Sieve {
    /// Who asks.
    viewer: Viewer,
    /// Whether only what is offered counts.
    offered_only: bool,
    now: Timestamp,
    words: Vec<Sought>,
    /// Plain conditions, each with the name of what asked for it.
    narrowed: Vec<(&'static str, Narrow)>,
    around: Option<Around>,
    /// Where that is; nothing where only what is near counts.
    here: Option<Here>,
    person: Option<Facts>,
    open_at: Option<When>,
}

/// A plain condition.
#[derive(Debug)]
enum Narrow {
    /// Neither flagged nor stale.
    Trusted,
    /// Offered by a member.
    Member,
    /// Takes people in this way at present.
    Available(Availability),
    /// Verified then or later.
    VerifiedSince(Timestamp),
    /// Has one of some values of one of some facets.
    Facet(&'static [&'static str], Vec<String>),
}

impl Narrow {
    /// Whether a service passes, by what shows on it; facets are looked up elsewhere.
    fn lets(&self, entry: &Entry, now: Timestamp) -> bool {
        match self {
            Self::Trusted => entry.is_trusted(now),
            Self::Member => entry.member.is_some(),
            Self::Available(available) => entry.availability(now) == *available,
            Self::VerifiedSince(since) => entry.verified_at.is_some_and(|at| at >= since.micros()),
            Self::Facet(..) => true,
        }
    }
}

impl Sieve {
    fn of(
        db: &mut Db<'_>,
        held: &Held,
        (viewer, search): (Viewer, &Search),
        now: Timestamp,
    ) -> Result<Self, DirectoryError> {
        let facet = |facets: &'static [&'static str], value: String| Narrow::Facet(facets, vec![value]);
        let doubtful = (!search.doubtful).then_some(("doubtful", Narrow::Trusted));
        let service = search.service.as_ref().map(|code| ("service", facet(&[CODE], code.to_string())));
        let members = search.members_only.then_some(("members_only", Narrow::Member));
        let term = search.term.map(|term| {
            let facets: &[&str] = if term.below { &["term", "under"] } else { &["term"] };
            ("taxonomy_term", facet(facets, term.id.to_string()))
        });
        let language = search.language.as_ref();
        let language =
            language.map(|language| ("language", facet(&["language"], language.trim().to_lowercase())));
        let available = search.availability.map(|available| ("availability", Narrow::Available(available)));
        let verified = search.verified_since.map(|since| ("verified_since", Narrow::VerifiedSince(since)));
        let area = match &search.area {
            Some(area) => Some(("area", in_area(db, area, now.datetime().date_naive())?)),
            None => None,
        };
        let agreement = match search.agreement.map(|id| id.to_string()) {
            Some(id) => {
                let is_seen = held.agreements(db, (viewer, None))?.has(&id);
                let covering = if is_seen { vec![id] } else { Vec::new() };
                Some(("agreement_id", Narrow::Facet(&[AGREEMENT], covering)))
            }
            None => None,
        };
        Ok(Self {
            viewer,
            offered_only: true,
            now,
            words: words::of_query(&search.text)
                .into_iter()
                .map(|word| Sought::of(held, viewer, word))
                .collect(),
            narrowed: [doubtful, service, members, term, language, available, verified, area, agreement]
                .into_iter()
                .flatten()
                .collect(),
            around: search.around,
            here: Here::of(db, search, now.datetime().date_naive())?,
            person: search.person.clone(),
            open_at: search.open_at,
        })
    }

    /// Whether nothing was asked for by which some fit better than others.
    const fn is_by_name(&self) -> bool {
        self.words.is_empty() && self.around.is_none() && self.person.is_none() && self.open_at.is_none()
    }

    /// Whether a service counts for whoever asks.
    fn shows(&self, entry: &Entry) -> bool {
        if self.offered_only { entry.is_open(self.viewer) } else { entry.is_seen(self.viewer) }
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

impl Filter<'_> {
    /// Whether this is another filter, or all filters of its kind.
    fn covers(self, other: Filter<'_>) -> bool {
        self == other || (self == Filter::Text && matches!(other, Filter::Word(_)))
    }
}
