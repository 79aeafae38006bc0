//! Rows of notes to types and back.

use diesel::prelude::*;

use super::{KEPT_AFTER_READING, Note, OrganisationNote, PersonNote, Says};
use crate::{
    access::Tx,
    kernel::{
        Timestamp,
        id::{OrganisationId, ReferralId},
    },
    storage::{Db, StorageError, read, schema::referrals::referral_notes},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_notes)]
struct NoteRow {
    referral: String,
    organisation: String,
    author: String,
    kind: String,
    day: Option<String>,
    left_at: i64,
    read_at: Option<i64>,
}

impl NoteRow {
    fn into_note(self) -> Result<Note, StorageError> {
        let day = self.day.map(|day| read(&day, "referral_notes.day")).transpose()?;
        let says = match self.author.as_str() {
            ORGANISATION => OrganisationNote::named(&self.kind).map(|note| Says::Organisation(note, day)),
            PERSON => PersonNote::named(&self.kind).map(Says::Person),
            _ => None,
        };
        Ok(Note {
            referral: read(&self.referral, "referral_notes.referral")?,
            organisation: read(&self.organisation, "referral_notes.organisation")?,
            says: says.ok_or(StorageError::Unreadable("referral_notes.kind"))?,
            left: Timestamp::from_micros(self.left_at),
            read: self.read_at.map(Timestamp::from_micros),
        })
    }
}

fn notes_in(rows: Vec<NoteRow>) -> Result<Vec<Note>, StorageError> {
    rows.into_iter().map(NoteRow::into_note).collect()
}

const fn author(says: Says) -> &'static str {
    match says {
        Says::Organisation(..) => ORGANISATION,
        Says::Person(_) => PERSON,
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, note: &Note) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    let day = match note.says {
        Says::Organisation(_, day) => day.map(|day| day.to_string()),
        Says::Person(_) => None,
    };
    diesel::insert_into(referral_notes::table)
        .values((
            referral_notes::referral.eq(note.referral.to_string()),
            referral_notes::organisation.eq(note.organisation.to_string()),
            referral_notes::author.eq(author(note.says)),
            referral_notes::kind.eq(note.says.kind()),
            referral_notes::day.eq(day),
            referral_notes::left_at.eq(note.left.micros()),
            referral_notes::read_at.eq(note.read.map(Timestamp::micros)),
            referral_notes::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Takes away what is said anew and what it contradicts, between the person and one organisation or all of them. Whoever calls keeps others
/// from the referral.
pub(super) fn take_away(
    tx: &mut Tx<'_>,
    referral: ReferralId,
    organisation: Option<OrganisationId>,
    says: Says,
) -> Result<(), StorageError> {
    let found = referral_notes::table
        .filter(referral_notes::referral.eq(referral.to_string()))
        .filter(referral_notes::author.eq(author(says)))
        .filter(referral_notes::kind.eq_any(says.replaces()));
    match organisation {
        Some(one) => diesel::delete(found.filter(referral_notes::organisation.eq(one.to_string())))
            .execute(tx.db().conn())?,
        None => diesel::delete(found).execute(tx.db().conn())?,
    };
    Ok(())
}

/// All that was left about a referral, the newest first. There are never more than two organisations have sentences.
pub(super) fn of_referral(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<Note>, StorageError> {
    let rows: Vec<NoteRow> = referral_notes::table
        .filter(referral_notes::referral.eq(referral.to_string()))
        .order((
            referral_notes::left_at.desc(),
            referral_notes::organisation,
            referral_notes::author,
            referral_notes::kind,
        ))
        .limit(MOST_LOADED)
        .select(NoteRow::as_select())
        .load(db.conn())?;
    notes_in(rows)
}

/// What persons left for an organisation and nobody there has read, the oldest first.
pub(super) fn unread(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    limit: i64,
) -> Result<Vec<Note>, StorageError> {
    let rows: Vec<NoteRow> = referral_notes::table
        .filter(referral_notes::organisation.eq(organisation.to_string()))
        .filter(referral_notes::author.eq(PERSON))
        .filter(referral_notes::read_at.is_null())
        .order((referral_notes::left_at, referral_notes::referral, referral_notes::kind))
        .limit(limit)
        .select(NoteRow::as_select())
        .load(db.conn())?;
    notes_in(rows)
}

/// What is read is not read anew: nothing that somebody else wrote meanwhile is lost.
pub(super) fn mark_read_by_organisation(
    tx: &mut Tx<'_>,
    (referral, organisation): (ReferralId, OrganisationId),
    until: Timestamp,
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    diesel::update(
        referral_notes::table
            .filter(referral_notes::referral.eq(referral.to_string()))
            .filter(referral_notes::organisation.eq(organisation.to_string()))
            .filter(referral_notes::author.eq(PERSON))
            .filter(referral_notes::read_at.is_null())
            .filter(referral_notes::left_at.le(until.micros())),
    )
    .set(referral_notes::read_at.eq(Some(now)))
    .execute(tx.db().conn())?;
    Ok(())
}

/// The same, of what the person was shown.
pub(super) fn mark_read_by_person(
    tx: &mut Tx<'_>,
    (referral, organisation): (ReferralId, OrganisationId),
    kinds: Vec<&'static str>,
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    diesel::update(
        referral_notes::table
            .filter(referral_notes::referral.eq(referral.to_string()))
            .filter(referral_notes::organisation.eq(organisation.to_string()))
            .filter(referral_notes::author.eq(ORGANISATION))
            .filter(referral_notes::kind.eq_any(kinds))
            .filter(referral_notes::read_at.is_null()),
    )
    .set(referral_notes::read_at.eq(Some(now)))
    .execute(tx.db().conn())?;
    Ok(())
}

/// What was read so long ago that it goes, the oldest first.
pub(super) fn read_before(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<Note>, StorageError> {
    // As days stand in the table, their texts have the order of the days.
    let today = now.datetime().date_naive().to_string();
    let rows: Vec<NoteRow> = referral_notes::table
        .filter(referral_notes::read_at.lt(now.minus(KEPT_AFTER_READING).micros()))
        .filter(referral_notes::kind.ne(PersonNote::DoNotCall.name()))
        .filter(referral_notes::day.is_null().or(referral_notes::day.lt(today)))
        .order(referral_notes::read_at)
        .limit(limit)
        .select(NoteRow::as_select())
        .load(db.conn())?;
    notes_in(rows)
}

/// Lets go of a note, unless it was left anew since it was loaded.
pub(super) fn forget_one(tx: &mut Tx<'_>, note: &Note) -> Result<(), StorageError> {
    diesel::delete(
        referral_notes::table
            .filter(referral_notes::referral.eq(note.referral.to_string()))
            .filter(referral_notes::organisation.eq(note.organisation.to_string()))
            .filter(referral_notes::author.eq(author(note.says)))
            .filter(referral_notes::kind.eq(note.says.kind()))
            .filter(referral_notes::left_at.eq(note.left.micros())),
    )
    .execute(tx.db().conn())?;
    Ok(())
}

/// Lets go of what was left about a referral.
pub(super) fn forget(tx: &mut Tx<'_>, referral: ReferralId) -> Result<(), StorageError> {
    diesel::delete(referral_notes::table.filter(referral_notes::referral.eq(referral.to_string())))
        .execute(tx.db().conn())?;
    Ok(())
}

const ORGANISATION: &str = "organisation";
const PERSON: &str = "person";

/// Two organisations, and more than all sentences of both and of the person.
const MOST_LOADED: i64 = 100;
