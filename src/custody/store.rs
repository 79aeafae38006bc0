//! Rows of this room to types and back.

use diesel::prelude::*;

use super::{CustodyError, DeviceView, Handed, KeyringView, MemberKeyView, PaperKind, PaperView};
use crate::{
    access::{AccessError, Tx},
    crypto::{Kid, PublicJwk},
    kernel::{
        Timestamp,
        id::{OrganisationId, PaperId, StaffId},
        page::Asked,
    },
    storage::{
        Db, StorageError, read,
        schema::custody::{device_keys, kept_papers, keyrings, member_keys},
    },
};

fn written<T: serde::Serialize>(value: &T, column: &'static str) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|_ignored| StorageError::Unreadable(column))
}

fn understood<T: serde::de::DeserializeOwned>(text: &str, column: &'static str) -> Result<T, StorageError> {
    serde_json::from_str(text).map_err(|_ignored| StorageError::Unreadable(column))
}

/// One row, no more and no less; another number means that somebody was quicker.
fn one(changed: usize) -> Result<(), CustodyError> {
    if changed == 1 { Ok(()) } else { Err(CustodyError::Changed) }
}

/// What a key that is there already is told as.
fn known<T>(inserted: Result<T, diesel::result::Error>, otherwise: CustodyError) -> Result<(), CustodyError> {
    match inserted.map_err(StorageError::from) {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(otherwise),
        Err(error) => Err(error.into()),
    }
}

// Member keys

#[derive(Queryable, Selectable)]
#[diesel(table_name = member_keys)]
struct MemberKeyRow {
    jwk: String,
    passphrase: String,
    recovery: String,
    made_at: i64,
    version: i64,
}

pub(super) fn member_key(db: &mut Db<'_>, person: StaffId) -> Result<Option<MemberKeyView>, StorageError> {
    let row: Option<MemberKeyRow> = member_keys::table
        .filter(member_keys::staff.eq(person.to_string()))
        .select(MemberKeyRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(|row| {
        Ok(MemberKeyView {
            jwk: understood(&row.jwk, "member_keys.jwk")?,
            passphrase: understood(&row.passphrase, "member_keys.passphrase")?,
            recovery: understood(&row.recovery, "member_keys.recovery")?,
            made_at: Timestamp::from_micros(row.made_at),
            version: row.version,
        })
    })
    .transpose()
}

pub(super) fn insert_member_key(
    tx: &mut Tx<'_>,
    (person, organisation): (StaffId, OrganisationId),
    key: &MemberKeyView,
) -> Result<(), CustodyError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(member_keys::table)
        .values((
            member_keys::staff.eq(person.to_string()),
            member_keys::organisation.eq(organisation.to_string()),
            member_keys::kid.eq(key.jwk.kid().to_string()),
            member_keys::jwk.eq(written(&key.jwk, "member_keys.jwk")?),
            member_keys::passphrase.eq(written(&key.passphrase, "member_keys.passphrase")?),
            member_keys::recovery.eq(written(&key.recovery, "member_keys.recovery")?),
            member_keys::made_at.eq(key.made_at.micros()),
            member_keys::version.eq(key.version),
            member_keys::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    known(inserted, CustodyError::KeyKnown)
}

pub(super) fn update_member_key(
    tx: &mut Tx<'_>,
    person: StaffId,
    key: &MemberKeyView,
    expected: i64,
) -> Result<(), CustodyError> {
    let audit = tx.entry().to_string();
    let as_seen = member_keys::staff.eq(person.to_string()).and(member_keys::version.eq(expected));
    let updated = diesel::update(member_keys::table.filter(as_seen))
        .set((
            member_keys::kid.eq(key.jwk.kid().to_string()),
            member_keys::jwk.eq(written(&key.jwk, "member_keys.jwk")?),
            member_keys::passphrase.eq(written(&key.passphrase, "member_keys.passphrase")?),
            member_keys::recovery.eq(written(&key.recovery, "member_keys.recovery")?),
            member_keys::made_at.eq(key.made_at.micros()),
            member_keys::version.eq(key.version),
            member_keys::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    match updated.map_err(StorageError::from) {
        Ok(changed) => one(changed),
        Err(StorageError::Duplicate(_)) => Err(CustodyError::KeyKnown),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn delete_member_key(tx: &mut Tx<'_>, person: StaffId) -> Result<(), StorageError> {
    diesel::delete(member_keys::table.filter(member_keys::staff.eq(person.to_string())))
        .execute(tx.db().conn())?;
    Ok(())
}

/// The member keys of an organisation, and whose they are.
pub(super) fn member_keys(
    db: &mut Db<'_>,
    organisation: OrganisationId,
) -> Result<Vec<(StaffId, PublicJwk)>, StorageError> {
    let rows: Vec<(String, String)> = member_keys::table
        .filter(member_keys::organisation.eq(organisation.to_string()))
        .select((member_keys::staff, member_keys::jwk))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(staff, jwk)| Ok((read(&staff, "member_keys.staff")?, understood(&jwk, "member_keys.jwk")?)))
        .collect()
}

/// The thumbprints of an organisation's member keys.
pub(super) fn member_kids(db: &mut Db<'_>, organisation: OrganisationId) -> Result<Vec<Kid>, StorageError> {
    let rows: Vec<String> = member_keys::table
        .filter(member_keys::organisation.eq(organisation.to_string()))
        .select(member_keys::kid)
        .load(db.conn())?;
    rows.iter().map(|kid| read(kid, "member_keys.kid")).collect()
}

/// Whose these keys are, among the member keys and devices of an organisation; nobody's where a device was given up.
pub(super) fn owners(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    kids: &[String],
) -> Result<Vec<(String, Option<StaffId>)>, StorageError> {
    let mut owners = Vec::new();
    let of_members: Vec<(String, String)> = member_keys::table
        .filter(member_keys::organisation.eq(organisation.to_string()).and(member_keys::kid.eq_any(kids)))
        .select((member_keys::kid, member_keys::staff))
        .load(db.conn())?;
    for (kid, staff) in of_members {
        owners.push((kid, Some(read(&staff, "member_keys.staff")?)));
    }
    let of_devices: Vec<(String, String, Option<i64>)> = device_keys::table
        .filter(device_keys::organisation.eq(organisation.to_string()).and(device_keys::kid.eq_any(kids)))
        .select((device_keys::kid, device_keys::staff, device_keys::given_up_at))
        .load(db.conn())?;
    for (kid, staff, given_up) in of_devices {
        let staff = read(&staff, "device_keys.staff")?;
        owners.push((kid, given_up.is_none().then_some(staff)));
    }
    Ok(owners)
}

// Devices

#[derive(Queryable, Selectable)]
#[diesel(table_name = device_keys)]
struct DeviceRow {
    staff: String,
    jwk: String,
    name: String,
    added_at: i64,
    given_up_at: Option<i64>,
}

impl DeviceRow {
    fn into_device(self) -> Result<(StaffId, DeviceView), StorageError> {
        let device = DeviceView {
            jwk: understood(&self.jwk, "device_keys.jwk")?,
            name: read(&self.name, "device_keys.name")?,
            added_at: Timestamp::from_micros(self.added_at),
            state: None,
            given_up: self.given_up_at.is_some(),
        };
        Ok((read(&self.staff, "device_keys.staff")?, device))
    }
}

pub(super) fn devices_of(db: &mut Db<'_>, person: StaffId) -> Result<Vec<DeviceView>, StorageError> {
    let rows: Vec<DeviceRow> = device_keys::table
        .filter(device_keys::staff.eq(person.to_string()))
        .order((device_keys::added_at, device_keys::kid))
        .select(DeviceRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(|row| row.into_device().map(|(_, device)| device)).collect()
}

/// The devices of an organisation's people, and whose they are.
pub(super) fn devices(
    db: &mut Db<'_>,
    organisation: OrganisationId,
) -> Result<Vec<(StaffId, DeviceView)>, StorageError> {
    let rows: Vec<DeviceRow> = device_keys::table
        .filter(device_keys::organisation.eq(organisation.to_string()))
        .order((device_keys::added_at, device_keys::kid))
        .select(DeviceRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(DeviceRow::into_device).collect()
}

pub(super) fn insert_device(
    tx: &mut Tx<'_>,
    (person, organisation): (StaffId, OrganisationId),
    device: &DeviceView,
) -> Result<(), CustodyError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(device_keys::table)
        .values((
            device_keys::kid.eq(device.jwk.kid().to_string()),
            device_keys::staff.eq(person.to_string()),
            device_keys::organisation.eq(organisation.to_string()),
            device_keys::jwk.eq(written(&device.jwk, "device_keys.jwk")?),
            device_keys::name.eq(device.name.as_str()),
            device_keys::added_at.eq(device.added_at.micros()),
            device_keys::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    known(inserted, CustodyError::KeyKnown)
}

pub(super) fn give_up_device(tx: &mut Tx<'_>, kid: &Kid) -> Result<(), CustodyError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::update(device_keys::table.filter(device_keys::kid.eq(kid.to_string())))
        .set((device_keys::given_up_at.eq(Some(now)), device_keys::audit_id.eq(audit)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

pub(super) fn give_up_devices_of(tx: &mut Tx<'_>, person: StaffId) -> Result<(), CustodyError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let still = device_keys::staff.eq(person.to_string()).and(device_keys::given_up_at.is_null());
    diesel::update(device_keys::table.filter(still))
        .set((device_keys::given_up_at.eq(Some(now)), device_keys::audit_id.eq(audit)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

// Keyrings

pub(super) fn keyrings(db: &mut Db<'_>, member: &Kid) -> Result<Vec<KeyringView>, StorageError> {
    let rows: Vec<(String, String, String)> = keyrings::table
        .filter(keyrings::member.eq(member.to_string()))
        .order((keyrings::role, keyrings::at.desc(), keyrings::kid))
        .select((keyrings::role, keyrings::kid, keyrings::token))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(role, kid, token)| Ok(KeyringView { role, kid: read(&kid, "keyrings.kid")?, token }))
        .collect()
}

/// Which keys were handed to which member keys of an organisation.
pub(super) fn handed(db: &mut Db<'_>, organisation: OrganisationId) -> Result<Vec<(Kid, Kid)>, StorageError> {
    let rows: Vec<(String, String)> = keyrings::table
        .filter(keyrings::organisation.eq(organisation.to_string()))
        .select((keyrings::member, keyrings::kid))
        .load(db.conn())?;
    rows.iter()
        .map(|(member, kid)| Ok((read(member, "keyrings.member")?, read(kid, "keyrings.kid")?)))
        .collect()
}

pub(super) fn count_handed(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    role: &str,
) -> Result<i64, StorageError> {
    let of_role = keyrings::organisation.eq(organisation.to_string()).and(keyrings::role.eq(role.to_owned()));
    Ok(keyrings::table.filter(of_role).count().get_result(db.conn())?)
}

pub(super) fn put_keyring(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    handed: &Handed,
) -> Result<(), StorageError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let the_same =
        keyrings::member.eq(handed.member.to_string()).and(keyrings::kid.eq(handed.kid.to_string()));
    diesel::delete(keyrings::table.filter(the_same)).execute(tx.db().conn())?;
    diesel::insert_into(keyrings::table)
        .values((
            keyrings::member.eq(handed.member.to_string()),
            keyrings::kid.eq(handed.kid.to_string()),
            keyrings::organisation.eq(organisation.to_string()),
            keyrings::role.eq(&handed.role),
            keyrings::token.eq(&handed.token),
            keyrings::at.eq(now),
            keyrings::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

pub(super) fn delete_keyrings(tx: &mut Tx<'_>, member: &Kid) -> Result<(), StorageError> {
    diesel::delete(keyrings::table.filter(keyrings::member.eq(member.to_string())))
        .execute(tx.db().conn())?;
    Ok(())
}

// Papers

#[derive(Queryable, Selectable)]
#[diesel(table_name = kept_papers)]
struct PaperRow {
    id: String,
    kind: String,
    kid: String,
    sealed: String,
    changed_at: i64,
    version: i64,
}

impl PaperRow {
    fn into_paper(self) -> Result<PaperView, StorageError> {
        Ok(PaperView {
            id: read(&self.id, "kept_papers.id")?,
            kind: PaperKind::from_name(&self.kind).ok_or(StorageError::Unreadable("kept_papers.kind"))?,
            kid: read(&self.kid, "kept_papers.kid")?,
            sealed: self.sealed,
            changed_at: Timestamp::from_micros(self.changed_at),
            version: self.version,
        })
    }
}

/// Sorts after the id of every paper, which go on in hexadecimal digits.
const AFTER_ALL_PAPERS: &str = "kpt_g";

/// An id begins with the time at which it was made, so the highest is of the newest.
pub(super) fn papers(
    db: &mut Db<'_>,
    (organisation, kind): (OrganisationId, PaperKind),
    asked: &Asked,
) -> Result<Vec<PaperView>, StorageError> {
    let rows: Vec<PaperRow> = kept_papers::table
        .filter(kept_papers::organisation.eq(organisation.to_string()))
        .filter(kept_papers::kind.eq(kind.name()))
        .filter(kept_papers::id.lt(asked.after().unwrap_or(AFTER_ALL_PAPERS).to_owned()))
        .order(kept_papers::id.desc())
        .limit(asked.rows_to_load())
        .select(PaperRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(PaperRow::into_paper).collect()
}

pub(super) fn paper(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    id: PaperId,
) -> Result<Option<PaperView>, StorageError> {
    let row: Option<PaperRow> = kept_papers::table
        .filter(kept_papers::id.eq(id.to_string()))
        .filter(kept_papers::organisation.eq(organisation.to_string()))
        .select(PaperRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(PaperRow::into_paper).transpose()
}

pub(super) fn count_papers(db: &mut Db<'_>, organisation: OrganisationId) -> Result<i64, StorageError> {
    let of_it = kept_papers::table.filter(kept_papers::organisation.eq(organisation.to_string()));
    Ok(of_it.count().get_result(db.conn())?)
}

pub(super) fn insert_paper(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    paper: &PaperView,
) -> Result<(), CustodyError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(kept_papers::table)
        .values((
            kept_papers::id.eq(paper.id.to_string()),
            kept_papers::organisation.eq(organisation.to_string()),
            kept_papers::kind.eq(paper.kind.name()),
            kept_papers::kid.eq(paper.kid.to_string()),
            kept_papers::sealed.eq(&paper.sealed),
            kept_papers::changed_at.eq(paper.changed_at.micros()),
            kept_papers::version.eq(paper.version),
            kept_papers::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    known(inserted, CustodyError::Exists)
}

pub(super) fn update_paper(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    paper: &PaperView,
    expected: i64,
) -> Result<(), CustodyError> {
    require_paper(tx, organisation, paper.id)?;
    let audit = tx.entry().to_string();
    let as_seen = kept_papers::id
        .eq(paper.id.to_string())
        .and(kept_papers::kind.eq(paper.kind.name()))
        .and(kept_papers::version.eq(expected));
    let changed = diesel::update(kept_papers::table.filter(as_seen))
        .set((
            kept_papers::kid.eq(paper.kid.to_string()),
            kept_papers::sealed.eq(&paper.sealed),
            kept_papers::changed_at.eq(paper.changed_at.micros()),
            kept_papers::version.eq(paper.version),
            kept_papers::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    one(changed)
}

pub(super) fn delete_paper(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    id: PaperId,
    expected: i64,
) -> Result<(), CustodyError> {
    require_paper(tx, organisation, id)?;
    let as_seen = kept_papers::id.eq(id.to_string()).and(kept_papers::version.eq(expected));
    let deleted = diesel::delete(kept_papers::table.filter(as_seen))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    one(deleted)
}

/// To others than its organisation there is no such paper.
fn require_paper(tx: &mut Tx<'_>, organisation: OrganisationId, id: PaperId) -> Result<(), CustodyError> {
    let theirs =
        kept_papers::id.eq(id.to_string()).and(kept_papers::organisation.eq(organisation.to_string()));
    let found: i64 =
        kept_papers::table.filter(theirs).count().get_result(tx.db().conn()).map_err(StorageError::from)?;
    if found == 1 { Ok(()) } else { Err(AccessError::NotFound.into()) }
}
