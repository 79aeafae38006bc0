//! The directory as it lies in memory, between searches.
//!
//! # Decisions
//!
//! - Searches run in memory, on both engines by the same code: what takes a database a statement for each word, each circle and each facet takes
//!   memory a few hundred microseconds, and both find the same in the same order because nothing else looks.
//! - Memory holds what a service is found by and nothing that is shown of it: that is read from the database for the page that is asked for,
//!   and what may not be seen any more by then is not shown.
//! - It is never behind: each search first asks which services changed since (one statement, which answers nothing most of the time), and
//!   reads these before it looks. They lie in layers above the first, in which they are passed over; when there are many layers they become
//!   one, and when many services changed all are read anew.
//! - Several searches may find at once that something changed. One of them reads; the others wait for it, and not for long: what they would
//!   wait with is a connection that others need.
//! - A row that cannot be understood is left out and named in the log: it must not keep the rest from being found.
//! - Words lead to their services and services to their words: what is left of a search by its rarest word, or by a place, is asked for its own
//!   words when it is less than what a common word would lead to.
//!
//! Given up: memory, one and a half to seven kilobytes for each service, its words included; a process begins with reading all of them.

pub(super) mod segment;
mod store;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use segment::Making;
pub(super) use segment::{AGREEMENT, Body, CODE, Entry, REACH, SERVES, Segment, Spellings};
use store::{Touch, Touches};

use crate::{
    directory::{Viewer, agreements::Agreements},
    kernel::id::{OrganisationId, ServiceId},
    storage::{Db, StorageError},
};

/// So many services may have changed before all are read anew; or an eighth of all.
const MOST_LATE: usize = 2_000;

/// How many layers lie above each other before those above the first become one.
const MOST_LAYERS: usize = 8;

/// What is remembered of changes before it is worth while to remember less.
const MOST_REMEMBERED: usize = 64;

/// How often what changes while it is read is read again, before a search takes it as it is.
const ATTEMPTS: usize = 3;

/// Of how many viewers it is remembered what they may see.
const MOST_KNOWING: usize = 64;

/// How long a search waits for another that reads.
const PATIENCE: Duration = Duration::from_secs(3);

/// The directory of one database in memory.
#[derive(Debug, Default)]
pub(super) struct Index {
    held: Mutex<Option<Arc<Held>>>,
    is_reading: Mutex<bool>,
    read: Condvar,
}

/// The directory at a moment.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// What was read at once, the oldest first.
    layers: Vec<Layer>,
    /// Nothing changes under a number as low as this any more, and what did is in the layers.
    floor: i64,
    /// What is in the layers of changes above that, in order.
    seen: Vec<Touch>,
    /// What viewers were told since something changed.
    knowing: Arc<Knowing>,
}

/// What viewers may see, as far as they asked.
#[derive(Debug, Default)]
struct Knowing {
    /// The agreements that each may see, and that bind each organisation: whatever changes of an agreement touches services.
    agreements: Mutex<HashMap<(Viewer, Option<OrganisationId>), Arc<Agreements>>>,
    /// How many services are offered.
    open: Mutex<HashMap<Viewer, usize>>,
}

/// A segment, and the services in it that are not so any more.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) segment: Arc<Segment>,
    stale: Arc<HashSet<u32>>,
}

impl Layer {
    fn new(making: Making) -> Self {
        Self { segment: Arc::new(making.done()), stale: Arc::default() }
    }

    /// Whether a service is as it stands here.
    pub(super) fn holds(&self, number: u32) -> bool {
        !self.stale.contains(&number)
    }

    /// The services that are as they stand here, with their numbers.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        (0u32..).zip(self.segment.entries()).filter(|(number, _)| self.holds(*number))
    }

    fn pass_over(&mut self, services: &[ServiceId]) {
        let numbers: Vec<u32> = services.iter().filter_map(|id| self.segment.number(*id)).collect();
        if !numbers.is_empty() {
            Arc::make_mut(&mut self.stale).extend(numbers);
        }
    }
}

/// The directory as it is now.
pub(super) fn current(db: &mut Db<'_>) -> Result<Arc<Held>, StorageError> {
    let index = db.kept::<Index>();
    if let Some(held) = index.held()
        && held.is_current(&store::touches(db, held.floor)?)
    {
        return Ok(held);
    }
    let _turn = index.turn()?;
    let held = match index.held() {
        // Somebody may have read it meanwhile.
        Some(held) if held.is_current(&store::touches(db, held.floor)?) => return Ok(held),
        Some(held) => held.renewed(db)?,
        None => Held::load(db)?,
    };
    let held = Arc::new(held);
    *lock(&index.held) = Some(Arc::clone(&held));
    Ok(held)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Held by whoever reads.
struct Turn<'a>(&'a Index);

impl Index {
    fn held(&self) -> Option<Arc<Held>> {
        lock(&self.held).clone()
    }

    /// Waits until nobody reads.
    fn turn(&self) -> Result<Turn<'_>, StorageError> {
        let waited = self.read.wait_timeout_while(lock(&self.is_reading), PATIENCE, |is| *is);
        let (mut is_reading, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *is_reading {
            return Err(StorageError::Busy);
        }
        *is_reading = true;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *lock(&self.0.is_reading) = false;
        self.0.read.notify_all();
    }
}

impl Held {
    fn load(db: &mut Db<'_>) -> Result<Self, StorageError> {
        let floor = store::floor(db)?;
        let before = store::touches(db, floor)?;
        let mut making = Making::default();
        store::all(db, |read| making.take(read))?;
        let mut held =
            Self { layers: vec![Layer::new(making)], floor, seen: before.services, knowing: Arc::default() };
        held.renew(db)?;
        Ok(held)
    }

    fn renewed(&self, db: &mut Db<'_>) -> Result<Self, StorageError> {
        let now = store::touches(db, self.floor)?;
        let all: usize = self.layers.iter().map(|layer| layer.segment.len()).sum();
        // Numbers that fall come from a database that was put in the place of another.
        if now.floor < self.floor || self.news(&now).len() > MOST_LATE.max(all / 8) {
            return Self::load(db);
        }
        let mut held = Self { knowing: Arc::default(), ..self.clone() };
        held.renew(db)?;
        let late = held.layers.iter().skip(1).flat_map(Layer::entries);
        let late: Vec<String> = late.map(|(_, entry)| entry.id.to_string()).collect();
        if late.len() > MOST_LATE.max(all / 8) {
            return Self::load(db);
        }
        if held.layers.len() > MOST_LAYERS {
            held.layers.truncate(1);
            held.layers.push(read(db, &late)?);
        }
        Ok(held)
    }

    /// Reads what changed until nothing did meanwhile.
    fn renew(&mut self, db: &mut Db<'_>) -> Result<(), StorageError> {
        for _ in 0..ATTEMPTS {
            let mut now = store::touches(db, self.floor)?;
            let news = self.news(&now);
            if !news.is_empty() {
                let ids: Vec<ServiceId> = news.iter().filter_map(|id| id.parse().ok()).collect();
                for layer in &mut self.layers {
                    layer.pass_over(&ids);
                }
                self.layers.push(read(db, &news)?);
            }
            let is_done = news.is_empty();
            // Nothing comes under the floor any more, so nothing below it needs to be remembered.
            let floor = now.floor;
            now.services.retain(|(_, touched)| *touched > floor);
            (self.floor, self.seen) = (floor, now.services);
            if is_done {
                break;
            }
        }
        Ok(())
    }

    /// Services that changed and were not read since.
    fn news(&self, now: &Touches) -> Vec<String> {
        let new = now.services.iter().filter(|touch| self.seen.binary_search(touch).is_err());
        new.map(|(id, _)| id.clone()).collect()
    }

    fn is_current(&self, now: &Touches) -> bool {
        let is_long = now.services.len() > MOST_REMEMBERED && now.floor > self.floor;
        now.floor >= self.floor && !is_long && self.news(now).is_empty()
    }

    /// The agreements that cover something, as far as a viewer may see them; with those that bind an organisation.
    pub(super) fn agreements(
        &self,
        db: &mut Db<'_>,
        asking: (Viewer, Option<OrganisationId>),
    ) -> Result<Arc<Agreements>, StorageError> {
        if let Some(known) = lock(&self.knowing.agreements).get(&asking) {
            return Ok(Arc::clone(known));
        }
        // Only those on services that the viewer may see: that there are others must not show in a score.
        let all = self.layers.iter().flat_map(|layer| {
            let seen = |number: &u32| {
                let entry = layer.segment.entry(*number).filter(|_| layer.holds(*number));
                entry.is_some_and(|entry| entry.is_seen(asking.0))
            };
            let named = layer.segment.facet(AGREEMENT);
            named.filter(move |(_, numbers)| numbers.iter().any(seen)).map(|(id, _)| id)
        });
        let all: BTreeSet<&str> = all.collect();
        if all.is_empty() {
            return Ok(Arc::default());
        }
        let all: Vec<String> = all.into_iter().map(str::to_owned).collect();
        let known = Arc::new(Agreements::load(db, asking, &all)?);
        let mut knowing = lock(&self.knowing.agreements);
        if knowing.len() >= MOST_KNOWING {
            knowing.clear();
        }
        knowing.insert(asking, Arc::clone(&known));
        Ok(known)
    }

    /// How many services are offered that a viewer may see.
    pub(super) fn open(&self, viewer: Viewer) -> usize {
        if let Some(known) = lock(&self.knowing.open).get(&viewer) {
            return *known;
        }
        let entries = self.layers.iter().flat_map(Layer::entries);
        let open = entries.filter(|(_, entry)| entry.is_open(viewer)).count();
        let mut knowing = lock(&self.knowing.open);
        if knowing.len() >= MOST_KNOWING {
            knowing.clear();
        }
        knowing.insert(viewer, open);
        open
    }

    /// A directory of such segments.
    #[cfg(test)]
    pub(super) fn of(segments: Vec<Segment>) -> Self {
        let layer = |segment| Layer { segment: Arc::new(segment), stale: Arc::default() };
        let layers = segments.into_iter().map(layer).collect();
        Self { layers, floor: 0, seen: Vec::new(), knowing: Arc::default() }
    }

    /// What was read at once, the oldest first.
    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

/// Services as they are now, in a layer of their own.
fn read(db: &mut Db<'_>, ids: &[String]) -> Result<Layer, StorageError> {
    let mut making = Making::default();
    store::these(db, ids, |read| making.take(read))?;
    Ok(Layer::new(making))
}
