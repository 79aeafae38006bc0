//! What the person and the organisations of their referral leave for each other: which of a few sentences, never words.
//!
//! The hub reads nothing of a person, and what the person reads tells a bystander nothing. What a person says goes to the sender, and to the
//! recipient as soon as it has a letter. Left again, a sentence counts from then on, and it takes the place of what it contradicts, so that
//! there are never more than there are sentences. What was read goes after a while; what was left is forgotten with the referral.

mod kinds;
mod store;

use std::{cmp::Reverse, collections::BTreeMap};

use chrono::{NaiveDate, TimeDelta};
pub use kinds::{OrganisationNote, PersonNote};
use serde::Serialize;

use super::{
    apply::say,
    correct::may_answer,
    error::ReferralError,
    forget::{found, nothing},
    holders::holders,
    referral::{Referral, reads_of},
    state::State,
    store as ledger,
};
use crate::{
    access::{AccessError, Actor, Tx},
    kernel::{
        Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
    },
    packets,
    storage::Db,
};

/// How many notes one step lets go of.
pub const NOTE_BATCH: i64 = 100;

/// Who left a note, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// An organisation, with the day it names.
    Organisation(OrganisationNote, Option<NaiveDate>),
    /// The person.
    Person(PersonNote),
}

impl Says {
    const fn kind(self) -> &'static str {
        match self {
            Self::Organisation(note, _) => note.name(),
            Self::Person(note) => note.name(),
        }
    }

    /// The kinds that it takes the place of.
    fn replaces(self) -> Vec<&'static str> {
        let other = match self {
            Self::Organisation(note, _) => note.contradicts().map(OrganisationNote::name),
            Self::Person(note) => note.contradicts().map(PersonNote::name),
        };
        [self.kind()].into_iter().chain(other).collect()
    }
}

/// A note between the person and one organisation.
#[derive(Clone, Copy, Debug)]
struct Note {
    referral: ReferralId,
    organisation: OrganisationId,
    says: Says,
    left: Timestamp,
    read: Option<Timestamp>,
}

impl Note {
    fn by_organisation(&self) -> Option<LeftForPerson> {
        let Says::Organisation(kind, day) = self.says else { return None };
        Some(LeftForPerson { kind, day, left: self.left, read: self.read })
    }

    fn by_person(&self) -> Option<LeftByPerson> {
        let Says::Person(kind) = self.says else { return None };
        Some(LeftByPerson { kind, left: self.left, read: self.read })
    }
}

/// What an organisation left for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeftForPerson {
    /// Which sentence.
    pub kind: OrganisationNote,
    /// The day it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub day: Option<NaiveDate>,
    /// When it was left.
    #[schema(value_type = String, format = DateTime)]
    pub left: Timestamp,
    /// When the person first saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read: Option<Timestamp>,
}

/// What the person left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LeftByPerson {
    /// Which sentence.
    pub kind: PersonNote,
    /// When it was left.
    #[schema(value_type = String, format = DateTime)]
    pub left: Timestamp,
    /// When the organisation said that it read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read: Option<Timestamp>,
}

/// What an organisation and the person left for each other about a referral, the newest first.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Mailbox {
    /// What the person left.
    pub from_person: Vec<LeftByPerson>,
    /// What the organisation left; what the other one did is not shown.
    pub for_person: Vec<LeftForPerson>,
    /// Whether its reader may leave something: for the organisation, which holds something of the person, and from whom nothing was taken
    /// back.
    pub can_leave: bool,
}

impl Mailbox {
    /// Since when calling the person's number puts them in danger.
    pub fn not_to_be_called(&self) -> Option<Timestamp> {
        self.from_person.iter().find(|note| note.kind.warns()).map(|note| note.left)
    }

    /// When the newest was left that nobody of the organisation has read.
    pub fn unread(&self) -> Option<Timestamp> {
        self.from_person.iter().filter(|note| note.read.is_none()).map(|note| note.left).max()
    }
}

/// The last that a person left, as they see it: not what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LastLeft {
    /// When they left it.
    #[schema(value_type = String, format = DateTime)]
    pub left: Timestamp,
    /// Whether somebody has read it.
    pub was_read: bool,
}

/// What the person finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForPerson {
    /// What was left for them: first what is new, the newest first.
    pub notes: Vec<LeftForPerson>,
    /// The last that they left.
    pub last_left: Option<LastLeft>,
}

impl ForPerson {
    /// What is shown of all that was left, and the last that the person left.
    fn of(rows: &[Note], shown: &[&Note]) -> Self {
        let notes = shown.iter().filter_map(|note| note.by_organisation()).collect();
        let mine: Vec<LeftByPerson> = rows.iter().filter_map(Note::by_person).collect();
        let last_left = mine.iter().map(|note| note.left).max().map(|left| LastLeft {
            left,
            was_read: mine.iter().any(|note| note.left == left && note.read.is_some()),
        });
        Self { notes, last_left }
    }
}

/// Something a person left that nobody of an organisation has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadNote {
    /// The referral.
    pub referral: ReferralId,
    /// Which sentence.
    pub kind: PersonNote,
    /// When it was left.
    pub left: Timestamp,
}

/// Leaves what an organisation wants the person to know.
pub fn leave_note(
    tx: &mut Tx<'_>,
    id: ReferralId,
    (kind, day): (OrganisationNote, Option<NaiveDate>),
) -> Result<(), ReferralError> {
    let (organisation, left) = (tx.actor().for_organisation()?, tx.now());
    let referral = found(tx, id)?;
    if !may_answer(tx.actor()) {
        return Err(AccessError::Forbidden.into());
    }
    if day.is_some_and(|day| !kind.takes_day() || !is_near(day, left)) {
        return Err(ReferralError::NoteDay);
    }
    if !reaches(tx.db(), organisation, &referral)? {
        return Err(ReferralError::HoldsNothing);
    }
    let says = Says::Organisation(kind, day);
    store::take_away(tx, id, Some(organisation), says)?;
    store::insert(tx, &Note { referral: id, organisation, says, left, read: None })?;
    Ok(())
}

/// Leaves what the person says, for everybody who holds something, and tells them that there is something; not again where the same was said
/// before and nobody has read it. Whom the person took it back from hears a warning alone.
pub fn leave_persons_note(tx: &mut Tx<'_>, id: ReferralId, kind: PersonNote) -> Result<(), ReferralError> {
    let referral = ledger::find_to_move(tx, id)?;
    let (says, left) = (Says::Person(kind), tx.now());
    let before = store::of_referral(tx.db(), id)?;
    store::take_away(tx, id, None, says)?;
    for organisation in holders(tx.db(), &referral)? {
        // Whom the person took it back from hears nothing new of them but what keeps them safe.
        if !kind.warns() && !reaches(tx.db(), organisation, &referral)? {
            continue;
        }
        store::insert(tx, &Note { referral: id, organisation, says, left, read: None })?;
        let waits =
            |note: &Note| note.organisation == organisation && note.says == says && note.read.is_none();
        if !before.iter().any(waits) {
            tell(tx, id, organisation)?;
        }
    }
    Ok(())
}

/// Leaves for the recipient of a referral, as soon as it has a letter, what the person said before. With a further letter no more than a warning
/// that it does not have: what it read and what went since does not come back.
pub(super) fn tell_new_holder(
    tx: &mut Tx<'_>,
    referral: &Referral,
    letter: PacketId,
) -> Result<(), ReferralError> {
    let (id, organisation) = (referral.id(), referral.origin.recipient);
    let is_first = packets::is_first_fetched(tx.db(), (id, letter), organisation)?;
    let rows = store::of_referral(tx.db(), id)?;
    let by_person = |whose| {
        let rows = rows.iter().filter(move |row| row.organisation == whose);
        rows.filter_map(Note::by_person).map(|note| (note.kind, note.left)).collect::<BTreeMap<_, _>>()
    };
    let (said, known) = (by_person(referral.origin.sender), by_person(organisation));
    let is_new = |kind: &PersonNote| !known.contains_key(kind) && (is_first || kind.warns());
    let new: Vec<_> = said.into_iter().filter(|(kind, _)| is_new(kind)).collect();
    for (kind, left) in &new {
        let says = Says::Person(*kind);
        store::insert(tx, &Note { referral: id, organisation, says, left: *left, read: None })?;
    }
    if new.is_empty() { Ok(()) } else { tell(tx, id, organisation) }
}

/// That there is something. Which sentence it is stays here, where it is forgotten with the referral; a message is kept longer.
fn tell(tx: &mut Tx<'_>, id: ReferralId, organisation: OrganisationId) -> Result<(), ReferralError> {
    say(tx, "referral.note_left", Some(organisation), serde_json::json!({ "referral": id }))
}

/// Notes that an organisation has read what the person left until a moment.
pub fn read_notes(tx: &mut Tx<'_>, id: ReferralId, until: Timestamp) -> Result<(), ReferralError> {
    let organisation = tx.actor().for_organisation()?;
    found(tx, id)?;
    if !may_answer(tx.actor()) {
        return Err(AccessError::Forbidden.into());
    }
    Ok(store::mark_read_by_organisation(tx, (id, organisation), until)?)
}

/// What the actor's organisation and the person left for each other.
pub fn mailbox(db: &mut Db<'_>, actor: &Actor, id: ReferralId) -> Result<Mailbox, ReferralError> {
    let own = actor.for_organisation()?;
    let Some(referral) = ledger::find_known(db, id)? else { return Err(nothing(db, actor, id)?) };
    referral.visible_to(actor)?;
    let rows = store::of_referral(db, id)?;
    let rows: Vec<&Note> = rows.iter().filter(|row| row.organisation == own).collect();
    Ok(Mailbox {
        from_person: rows.iter().filter_map(|row| row.by_person()).collect(),
        for_person: rows.iter().filter_map(|row| row.by_organisation()).collect(),
        can_leave: may_answer(actor) && reaches(db, own, &referral)?,
    })
}

/// What persons left that nobody of the actor's organisation has read, the oldest first. At most so many.
pub fn unread_notes(db: &mut Db<'_>, actor: &Actor, most: u16) -> Result<Vec<UnreadNote>, ReferralError> {
    let Some(own) = reads_of(actor) else { return Err(AccessError::Forbidden.into()) };
    let rows = store::unread(db, own, i64::from(most))?;
    let unread = rows.iter().filter_map(|row| {
        let note = row.by_person()?;
        Some(UnreadNote { referral: row.referral, kind: note.kind, left: note.left })
    });
    Ok(unread.collect())
}

/// What the person finds about a referral; what is shown to them counts as read from now on.
pub fn look_into_mailbox(tx: &mut Tx<'_>, id: ReferralId) -> Result<ForPerson, ReferralError> {
    // Nobody leaves anything between looking and marking.
    ledger::find_to_move(tx, id)?;
    let rows = store::of_referral(tx.db(), id)?;
    let shown = shown_of(&rows);
    let mut new: BTreeMap<OrganisationId, Vec<&'static str>> = BTreeMap::new();
    for note in shown.iter().filter(|note| note.read.is_none()) {
        new.entry(note.organisation).or_default().push(note.says.kind());
    }
    for (organisation, kinds) in new {
        store::mark_read_by_person(tx, (id, organisation), kinds)?;
    }
    Ok(ForPerson::of(&rows, &shown))
}

/// What a person is shown at once of what was left for them.
fn shown_of(rows: &[Note]) -> Vec<&Note> {
    let mut notes: Vec<&Note> = rows.iter().filter(|note| note.by_organisation().is_some()).collect();
    notes.sort_by_key(|note| (note.read.is_some(), Reverse(note.left)));
    notes.truncate(MOST_SHOWN);
    notes
}

/// Whether an organisation can leave the person something: it holds something of them, and they did not take that back.
fn reaches(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    referral: &Referral,
) -> Result<bool, ReferralError> {
    let standing = &referral.standing;
    let taken_back = standing.flags.withdrawal || matches!(standing.state, State::Withdrawn { .. });
    let is_sender = organisation == referral.origin.sender;
    Ok((is_sender || !taken_back) && holders(db, referral)?.contains(&organisation))
}

/// Whether a day is one that somebody can still come on. Where the person is, it may still be the day before.
fn is_near(day: NaiveDate, now: Timestamp) -> bool {
    let away = day.signed_duration_since(now.datetime().date_naive()).num_days();
    (-1..=FARTHEST_DAYS).contains(&away)
}

/// Whether something was read so long ago that it goes. Asked before [`forget_read_notes`].
pub fn has_read_notes(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ReferralError> {
    Ok(!store::read_before(db, now, 1)?.is_empty())
}

/// Lets go of what was read long ago. A day that is named is waited for, and a warning stays until the person takes it back.
pub fn forget_read_notes(tx: &mut Tx<'_>) -> Result<(), ReferralError> {
    let now = tx.now();
    for note in store::read_before(tx.db(), now, NOTE_BATCH)? {
        store::forget_one(tx, &note)?;
    }
    Ok(())
}

/// Lets go of what was left about a referral that is forgotten.
pub(super) fn forget(tx: &mut Tx<'_>, id: ReferralId) -> Result<(), ReferralError> {
    Ok(store::forget(tx, id)?)
}

/// How many notes a person is shown at once.
const MOST_SHOWN: usize = 10;

/// How long something stays after it was read.
const KEPT_AFTER_READING: TimeDelta = TimeDelta::days(30);

/// How far ahead a day may be.
const FARTHEST_DAYS: i64 = 366;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::{Id, SystemIds};

    fn note(says: Says, left: i64, read: bool) -> Note {
        let at = Timestamp::from_seconds(1_700_000_000 + left);
        Note {
            referral: Id::new(&SystemIds, at),
            organisation: Id::new(&SystemIds, at),
            says,
            left: at,
            read: read.then_some(at),
        }
    }

    #[test]
    fn what_contradicts_something_is_contradicted_by_it_and_a_warning_by_one_sentence_alone() {
        for note in OrganisationNote::ALL {
            assert_eq!(
                note.contradicts().and_then(OrganisationNote::contradicts),
                note.contradicts().map(|_| note)
            );
        }
        for note in PersonNote::ALL {
            assert_eq!(
                note.contradicts().and_then(PersonNote::contradicts),
                note.contradicts().map(|_| note)
            );
        }
        let lift = |note: &PersonNote| {
            *note != PersonNote::DoNotCall && Says::Person(*note).replaces().contains(&"do_not_call")
        };
        let lifting: Vec<PersonNote> = PersonNote::ALL.into_iter().filter(lift).collect();
        assert_eq!(
            lifting,
            [PersonNote::CallMe],
            "whoever wants to talk may still be in danger on the telephone"
        );
    }

    #[test]
    fn a_person_finds_first_what_is_new_and_never_more_than_they_can_read() {
        let call = |left, read| note(Says::Organisation(OrganisationNote::PleaseCall, None), left, read);
        let mut rows: Vec<Note> = (0..12).map(|left| call(left, true)).collect();
        rows.extend([call(-2, false), call(-1, false)]);
        let found = ForPerson::of(&rows, &shown_of(&rows)).notes;
        assert_eq!(found.len(), MOST_SHOWN);
        let first: Vec<bool> = found.iter().map(|note| note.read.is_some()).take(3).collect();
        assert_eq!(first, [false, false, true]);
        assert!(
            found
                .windows(2)
                .all(|two| two[0].read.is_some() != two[1].read.is_some() || two[0].left >= two[1].left)
        );
    }

    #[test]
    fn a_person_hears_whether_the_last_that_they_left_was_read() {
        let left = |at, read| note(Says::Person(PersonNote::AmWell), at, read);
        let last = |rows: &[Note]| ForPerson::of(rows, &[]).last_left.map(|last| last.was_read);
        assert_eq!(last(&[]), None);
        assert_eq!(last(&[left(1, true), left(2, false)]), Some(false));
        assert_eq!(last(&[left(2, false), left(2, true)]), Some(true), "one of two has");
    }

    #[test]
    fn a_day_is_one_that_somebody_can_come_on() {
        let now: Timestamp = "2026-03-02T23:30:00Z".parse().unwrap();
        let near = |day: &str| is_near(day.parse().unwrap(), now);
        assert!(near("2026-03-01") && near("2026-03-02") && near("2027-03-03"));
        assert!(!near("2026-02-28") && !near("2027-03-04") && !near("9999-12-31"));
    }
}
