//! Rows of this room to types and back.

use diesel::prelude::*;

use super::{About, Opened, Quarter, Rating};
use crate::{
    access::Tx,
    kernel::{
        Digest, Timestamp,
        id::{FeedbackId, OrganisationId, ReferralId},
    },
    policy::ServiceCode,
    storage::{
        Db, StorageError, read,
        schema::feedback::{person_keys, ratings},
    },
};

/// A code and PIN as they are stored.
pub(super) struct Key {
    pub(super) code: Digest,
    pub(super) pin: Digest,
    pub(super) referral: ReferralId,
    pub(super) provider: OrganisationId,
    pub(super) service: ServiceCode,
    pub(super) until: Timestamp,
    pub(super) tries: i32,
    pub(super) paused_until: Option<Timestamp>,
    pub(super) rated: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = person_keys)]
struct KeyRow {
    code: String,
    pin: String,
    referral: String,
    provider: String,
    service: String,
    until: i64,
    tries: i32,
    paused_until: Option<i64>,
    rated: i16,
}

impl KeyRow {
    fn into_key(self) -> Result<Key, StorageError> {
        Ok(Key {
            code: read(&self.code, "person_keys.code")?,
            pin: read(&self.pin, "person_keys.pin")?,
            referral: read(&self.referral, "person_keys.referral")?,
            provider: read(&self.provider, "person_keys.provider")?,
            service: read(&self.service, "person_keys.service")?,
            until: Timestamp::from_micros(self.until),
            tries: self.tries,
            paused_until: self.paused_until.map(Timestamp::from_micros),
            rated: self.rated != 0,
        })
    }
}

pub(super) fn key(db: &mut Db<'_>, code: Digest) -> Result<Option<Key>, StorageError> {
    let row: Option<KeyRow> = person_keys::table
        .filter(person_keys::code.eq(code.to_string()))
        .select(KeyRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(KeyRow::into_key).transpose()
}

pub(super) fn insert_key(tx: &mut Tx<'_>, key: &Key) -> Result<(), StorageError> {
    let audit = tx.entry().to_string();
    diesel::insert_into(person_keys::table)
        .values((
            person_keys::code.eq(key.code.to_string()),
            person_keys::pin.eq(key.pin.to_string()),
            person_keys::referral.eq(key.referral.to_string()),
            person_keys::provider.eq(key.provider.to_string()),
            person_keys::service.eq(key.service.as_str()),
            person_keys::until.eq(key.until.micros()),
            person_keys::tries.eq(key.tries),
            person_keys::paused_until.eq(key.paused_until.map(Timestamp::micros)),
            person_keys::rated.eq(i16::from(key.rated)),
            person_keys::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Takes the key of a referral away; answers whether a rating was given with it.
pub(super) fn take_away(tx: &mut Tx<'_>, referral: ReferralId) -> Result<bool, StorageError> {
    let of_it = || person_keys::table.filter(person_keys::referral.eq(referral.to_string()));
    let rated: Option<i16> = of_it().select(person_keys::rated).first(tx.db().conn()).optional()?;
    diesel::delete(of_it()).execute(tx.db().conn())?;
    Ok(rated.is_some_and(|rated| rated != 0))
}

/// Notes the outcome of a try and answers whether it was noted. For a code nobody has it changes nothing, at the same cost. It
/// names the tries it expects: of several tries at the same moment one counts and the others were not looked at.
pub(super) fn note_try(
    tx: &mut Tx<'_>,
    code: Digest,
    expected: i32,
    tries: i32,
    paused_until: Option<Timestamp>,
) -> Result<bool, StorageError> {
    let as_seen = person_keys::code.eq(code.to_string()).and(person_keys::tries.eq(expected));
    let changed = diesel::update(person_keys::table.filter(as_seen))
        .set((
            person_keys::tries.eq(tries),
            person_keys::paused_until.eq(paused_until.map(Timestamp::micros)),
        ))
        .execute(tx.db().conn())?;
    Ok(changed == 1)
}

pub(super) fn mark_rated(tx: &mut Tx<'_>, code: Digest) -> Result<(), StorageError> {
    let unrated = person_keys::code.eq(code.to_string()).and(person_keys::rated.eq(0));
    let changed = diesel::update(person_keys::table.filter(unrated))
        .set(person_keys::rated.eq(1))
        .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

pub(super) fn forget_before(tx: &mut Tx<'_>, moment: Timestamp) -> Result<usize, StorageError> {
    let past = person_keys::table.filter(person_keys::until.lt(moment.micros()));
    Ok(diesel::delete(past).execute(tx.db().conn())?)
}

pub(super) fn insert_rating(
    tx: &mut Tx<'_>,
    id: FeedbackId,
    about: &Opened,
    quarter: Quarter,
    rating: Rating,
) -> Result<(), StorageError> {
    let yes = |answer: Option<bool>| answer.map(i16::from);
    diesel::insert_into(ratings::table)
        .values((
            ratings::id.eq(id.to_string()),
            ratings::provider.eq(about.provider.to_string()),
            ratings::service.eq(about.service.as_str()),
            ratings::quarter.eq(quarter.to_string()),
            ratings::reached.eq(yes(rating.reached_service)),
            ratings::in_time.eq(yes(rating.time_acceptable)),
            ratings::respectful.eq(yes(rating.respectful)),
            ratings::clear.eq(yes(rating.information_clear)),
            ratings::asked.eq(yes(rating.asked_consent)),
            ratings::need_met.eq(rating.need_met.map(i16::from)),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ratings)]
struct RatingRow {
    reached: Option<i16>,
    in_time: Option<i16>,
    respectful: Option<i16>,
    clear: Option<i16>,
    asked: Option<i16>,
    need_met: Option<i16>,
}

pub(super) fn ratings(db: &mut Db<'_>, about: &About) -> Result<Vec<Rating>, StorageError> {
    let rows: Vec<RatingRow> = ratings::table
        .filter(
            ratings::provider
                .eq(about.provider.to_string())
                .and(ratings::service.eq(about.service.as_str()))
                .and(ratings::quarter.eq(about.quarter.to_string())),
        )
        .select(RatingRow::as_select())
        .load(db.conn())?;
    let yes = |answer: Option<i16>| answer.map(|answer| answer != 0);
    Ok(rows
        .into_iter()
        .map(|row| Rating {
            reached_service: yes(row.reached),
            time_acceptable: yes(row.in_time),
            respectful: yes(row.respectful),
            information_clear: yes(row.clear),
            asked_consent: yes(row.asked),
            need_met: row.need_met.and_then(|met| u8::try_from(met).ok()),
        })
        .collect())
}
