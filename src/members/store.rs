//! Rows of this room to types and back.

use std::{collections::HashMap, sync::Arc};

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{
    Calendar, ClientView, FormerRoot, KeyRecord, KeyState, KeyUse, MechanismRoles, MemberError, Name,
    Organisation, OrganisationKind, SessionView, StaffView, Standing,
    publish::MEMBER_ROLE,
    sign_in::{Candidate, Try},
};
use crate::{
    access::{AccessError, Actor, Role, Roles, Tx},
    crypto::{Kid, PassphraseHash, PublicJwk},
    kernel::{
        Digest, Timestamp,
        id::{ClientId, OrganisationId, Session, SessionId, StaffId},
        page::Asked,
    },
    storage::{
        Conn, Db, StorageError, natively, read,
        schema::members::{
            clients, former_roots, half_sessions, key_statements, organisation_keys, organisations, sessions,
            staff,
        },
    },
};

fn unreadable(what: &'static str) -> impl Fn() -> StorageError {
    move || StorageError::Unreadable(what)
}

fn not_found(error: diesel::result::Error) -> MemberError {
    if error == diesel::result::Error::NotFound {
        AccessError::NotFound.into()
    } else {
        StorageError::from(error).into()
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = organisations)]
struct OrganisationRow {
    id: String,
    name: String,
    kind: String,
    country: String,
    roles: String,
    enforcement: i16,
    authority_of: Option<String>,
    standing: String,
    root_kid: String,
    enrolled_at: i64,
    calendar: Option<String>,
    version: i64,
}

impl OrganisationRow {
    fn into_organisation(self) -> Result<Organisation, StorageError> {
        Ok(Organisation {
            id: read(&self.id, "organisations.id")?,
            name: read(&self.name, "organisations.name")?,
            kind: OrganisationKind::from_name(&self.kind).ok_or_else(unreadable("organisations.kind"))?,
            country: read(&self.country, "organisations.country")?,
            roles: MechanismRoles::from_words(&self.roles).ok_or_else(unreadable("organisations.roles"))?,
            enforcement: self.enforcement != 0,
            authority_of: self
                .authority_of
                .map(|country| read(&country, "organisations.authority_of"))
                .transpose()?,
            standing: Standing::from_name(&self.standing).ok_or_else(unreadable("organisations.standing"))?,
            root: self.root_kid,
            enrolled_at: Timestamp::from_micros(self.enrolled_at),
            calendar: self.calendar.map(|text| Calendar::from_kept(&text).map(Arc::new)).transpose()?,
            version: self.version,
        })
    }
}

pub(super) fn insert_organisation(
    tx: &mut Tx<'_>,
    organisation: &Organisation,
    root: &PublicJwk,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(organisations::table)
        .values((
            organisations::id.eq(organisation.id.to_string()),
            organisations::name.eq(organisation.name.as_str()),
            organisations::kind.eq(organisation.kind.name()),
            organisations::country.eq(organisation.country.to_string()),
            organisations::roles.eq(organisation.roles.to_words()),
            organisations::enforcement.eq(i16::from(organisation.enforcement)),
            organisations::authority_of.eq(organisation.authority_of.map(|c| c.to_string())),
            organisations::standing.eq(organisation.standing.name()),
            organisations::root_kid.eq(&organisation.root),
            organisations::root_jwk.eq(jwk_text(root)?),
            organisations::enrolled_at.eq(organisation.enrolled_at.micros()),
            organisations::version.eq(organisation.version),
            organisations::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    match inserted.map_err(StorageError::from) {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(MemberError::KeyKnown),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn organisation(db: &mut Db<'_>, id: OrganisationId) -> Result<Organisation, MemberError> {
    let row: OrganisationRow = organisations::table
        .filter(organisations::id.eq(id.to_string()))
        .select(OrganisationRow::as_select())
        .first(db.conn())
        .map_err(not_found)?;
    Ok(row.into_organisation()?)
}

/// What these organisations are called, as far as they are known.
pub(super) fn names_of(
    db: &mut Db<'_>,
    ids: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Name>, MemberError> {
    let ids: Vec<String> = ids.iter().map(OrganisationId::to_string).collect();
    let found = organisations::table.filter(organisations::id.eq_any(ids));
    let rows: Vec<OrganisationRow> =
        natively!(db, conn => found.select(OrganisationRow::as_select()).load(conn))
            .map_err(StorageError::from)?;
    let known = rows.into_iter().map(OrganisationRow::into_organisation).collect::<Result<Vec<_>, _>>()?;
    Ok(known.into_iter().map(|organisation| (organisation.id, organisation.name)).collect())
}

/// Those of the two that are known, in any order.
pub(super) fn two_organisations(
    db: &mut Db<'_>,
    [one, other]: [OrganisationId; 2],
) -> Result<Vec<Organisation>, MemberError> {
    let found = organisations::table
        .filter(organisations::id.eq(one.to_string()).or(organisations::id.eq(other.to_string())));
    let rows: Vec<OrganisationRow> =
        natively!(db, conn => found.select(OrganisationRow::as_select()).load(conn))
            .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(OrganisationRow::into_organisation).collect::<Result<_, _>>()?)
}

pub(super) fn is_active(db: &mut Db<'_>, id: OrganisationId) -> Result<bool, MemberError> {
    let query =
        organisations::table.filter(organisations::id.eq(id.to_string())).select(organisations::standing);
    let standing: Option<String> =
        natively!(db, conn => query.first(conn)).optional().map_err(StorageError::from)?;
    Ok(standing.is_some_and(|standing| standing == Standing::Active.name()))
}

pub(super) fn organisations(
    db: &mut Db<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Organisation>, MemberError> {
    let rows: Vec<OrganisationRow> = organisations::table
        .filter(organisations::id.gt(after.unwrap_or_default()))
        .order(organisations::id)
        .limit(limit)
        .select(OrganisationRow::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(OrganisationRow::into_organisation).collect::<Result<_, _>>()?)
}

pub(super) fn set_standing(
    tx: &mut Tx<'_>,
    was: &Organisation,
    expected: i64,
    standing: Standing,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let changed = diesel::update(
        organisations::table
            .filter(organisations::id.eq(was.id.to_string()).and(organisations::version.eq(expected))),
    )
    .set((
        organisations::standing.eq(standing.name()),
        organisations::version.eq(expected.saturating_add(1)),
        organisations::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Puts another calendar in the place of the organisation's.
pub(super) fn set_calendar(
    tx: &mut Tx<'_>,
    was: &Organisation,
    expected: i64,
    calendar: &Calendar,
) -> Result<(), MemberError> {
    let (audit, kept) = (tx.entry().to_string(), calendar.kept()?);
    let seen = organisations::id.eq(was.id.to_string()).and(organisations::version.eq(expected));
    let changed = diesel::update(organisations::table.filter(seen))
        .set((
            organisations::calendar.eq(kept),
            organisations::version.eq(expected.saturating_add(1)),
            organisations::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

pub(super) fn root_key(db: &mut Db<'_>, id: OrganisationId) -> Result<PublicJwk, MemberError> {
    let jwk: String = organisations::table
        .filter(organisations::id.eq(id.to_string()))
        .select(organisations::root_jwk)
        .first(db.conn())
        .map_err(not_found)?;
    jwk_of(&jwk)
}

/// Puts another root key in the place of the organisation's, which becomes a former one, and takes back every key it stood for.
pub(super) fn replace_root(
    tx: &mut Tx<'_>,
    was: &Organisation,
    expected: i64,
    root: &PublicJwk,
) -> Result<(), MemberError> {
    let (now, audit, id) = (tx.now().micros(), tx.entry().to_string(), was.id.to_string());
    let former = jwk_text(&root_key(tx.db(), was.id)?)?;
    let last_seq = last_statement(tx.db(), was.id)?.map_or(0, |(seq, _)| seq);
    diesel::insert_into(former_roots::table)
        .values((
            former_roots::kid.eq(&was.root),
            former_roots::organisation.eq(&id),
            former_roots::jwk.eq(former),
            former_roots::last_seq.eq(last_seq),
            former_roots::replaced_at.eq(now),
            former_roots::audit_id.eq(&audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    let changed = diesel::update(
        organisations::table.filter(organisations::id.eq(&id).and(organisations::version.eq(expected))),
    )
    .set((
        organisations::root_kid.eq(root.kid().to_string()),
        organisations::root_jwk.eq(jwk_text(root)?),
        organisations::version.eq(expected.saturating_add(1)),
        organisations::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    if changed != 1 {
        return Err(StorageError::Conflict.into());
    }
    let theirs = organisation_keys::organisation.eq(id).and(organisation_keys::revoked_at.is_null());
    diesel::update(organisation_keys::table.filter(theirs))
        .set((
            organisation_keys::state.eq(KeyState::Revoked.name()),
            organisation_keys::revoked_at.eq(now),
            organisation_keys::audit_id.eq(tx.entry().to_string()),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Root keys the organisation had before, oldest first.
pub(super) fn former_roots(db: &mut Db<'_>, id: OrganisationId) -> Result<Vec<FormerRoot>, MemberError> {
    let rows: Vec<(String, i64, i64)> = former_roots::table
        .filter(former_roots::organisation.eq(id.to_string()))
        .order((former_roots::replaced_at, former_roots::last_seq))
        .select((former_roots::jwk, former_roots::last_seq, former_roots::replaced_at))
        .load(db.conn())
        .map_err(StorageError::from)?;
    rows.into_iter()
        .map(|(jwk, last_seq, at)| {
            Ok(FormerRoot { root: jwk_of(&jwk)?, last_seq, replaced_at: Timestamp::from_micros(at) })
        })
        .collect()
}

/// Whether a key is known for anything, of anybody.
pub(super) fn key_is_known(db: &mut Db<'_>, kid: &Kid) -> Result<bool, MemberError> {
    let kid = kid.to_string();
    let as_root = organisations::table.filter(organisations::root_kid.eq(&kid));
    let as_former = former_roots::table.filter(former_roots::kid.eq(&kid));
    let as_client = clients::table.filter(clients::kid.eq(&kid));
    let as_key = organisation_keys::table.filter(organisation_keys::kid.eq(&kid));
    let counts = [
        as_root.count().get_result::<i64>(db.conn()),
        as_former.count().get_result(db.conn()),
        as_client.count().get_result(db.conn()),
        as_key.count().get_result(db.conn()),
    ];
    for count in counts {
        if count.map_err(StorageError::from)? > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

fn jwk_text(jwk: &PublicJwk) -> Result<String, StorageError> {
    serde_json::to_string(jwk).map_err(|_ignored| StorageError::Unreadable("jwk"))
}

fn jwk_of(text: &str) -> Result<PublicJwk, MemberError> {
    Ok(serde_json::from_str(text).map_err(|_ignored| StorageError::Unreadable("jwk"))?)
}

// People

pub(super) fn insert_staff(
    tx: &mut Tx<'_>,
    person: &StaffView,
    code: Digest,
    until: Timestamp,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(staff::table)
        .values((
            staff::id.eq(person.id.to_string()),
            staff::organisation.eq(person.organisation.map(|o| o.to_string())),
            staff::name.eq(person.name.as_str()),
            staff::roles.eq(Roles::from(person.roles.clone()).to_string()),
            staff::enrolment.eq(code.to_string()),
            staff::enrolment_until.eq(until.micros()),
            staff::tries.eq(0),
            staff::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    match inserted.map_err(StorageError::from) {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(MemberError::NameTaken),
        Err(error) => Err(error.into()),
    }
}

/// Whether somebody who was not removed has this name.
pub(super) fn name_is_taken(db: &mut Db<'_>, name: &Name) -> Result<bool, MemberError> {
    let taken: i64 = staff::table
        .filter(staff::name.eq(name.as_str()).and(staff::removed_at.is_null()))
        .count()
        .get_result(db.conn())
        .map_err(StorageError::from)?;
    Ok(taken > 0)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = staff)]
struct StaffRow {
    id: String,
    organisation: Option<String>,
    name: String,
    roles: String,
    passphrase: Option<String>,
    removed_at: Option<i64>,
}

impl StaffRow {
    fn into_view(self) -> Result<StaffView, StorageError> {
        Ok(StaffView {
            id: read(&self.id, "staff.id")?,
            organisation: self.organisation.map(|o| read(&o, "staff.organisation")).transpose()?,
            name: read(&self.name, "staff.name")?,
            roles: read::<Roles>(&self.roles, "staff.roles")?.into(),
            enrolled: self.passphrase.is_some(),
            removed: self.removed_at.is_some(),
        })
    }
}

/// People of an organisation, or of the node, by id.
pub(super) fn staff_of(
    db: &mut Db<'_>,
    organisation: Option<OrganisationId>,
    asked: &Asked,
) -> Result<Vec<StaffView>, MemberError> {
    let all = staff::table
        .filter(staff::id.gt(asked.after().unwrap_or_default().to_owned()))
        .order(staff::id)
        .limit(asked.rows_to_load())
        .select(StaffRow::as_select());
    let rows: Vec<StaffRow> = match organisation {
        Some(organisation) => all.filter(staff::organisation.eq(organisation.to_string())).load(db.conn()),
        None => all.filter(staff::organisation.is_null()).load(db.conn()),
    }
    .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(StaffRow::into_view).collect::<Result<_, _>>()?)
}

pub(super) fn find_staff(db: &mut Db<'_>, id: StaffId) -> Result<StaffView, MemberError> {
    let row: StaffRow = staff::table
        .filter(staff::id.eq(id.to_string()))
        .select(StaffRow::as_select())
        .first(db.conn())
        .map_err(not_found)?;
    Ok(row.into_view()?)
}

/// What these people of an organisation are called.
pub(super) fn staff_names(
    db: &mut Db<'_>,
    organisation: Option<OrganisationId>,
    ids: &[StaffId],
) -> Result<HashMap<StaffId, Name>, MemberError> {
    let ids: Vec<String> = ids.iter().map(StaffId::to_string).collect();
    let named = staff::table.filter(staff::id.eq_any(ids)).into_boxed();
    let theirs = match organisation {
        Some(organisation) => named.filter(staff::organisation.eq(organisation.to_string())),
        None => named.filter(staff::organisation.is_null()),
    };
    let rows: Vec<StaffRow> =
        theirs.select(StaffRow::as_select()).load(db.conn()).map_err(StorageError::from)?;
    let known = rows.into_iter().map(StaffRow::into_view).collect::<Result<Vec<_>, _>>()?;
    Ok(known.into_iter().map(|person| (person.id, person.name)).collect())
}

/// Whether somebody else of the organisation, or of the node, can sign in with one of these roles.
pub(super) fn others_with_role(
    db: &mut Db<'_>,
    person: &StaffView,
    wanted: impl Fn(Role) -> bool,
) -> Result<bool, MemberError> {
    let others = staff::table
        .filter(staff::id.ne(person.id.to_string()).and(staff::removed_at.is_null()))
        .filter(staff::passphrase.is_not_null())
        .select(staff::roles);
    let found: Vec<String> = match person.organisation {
        Some(organisation) => others.filter(staff::organisation.eq(organisation.to_string())).load(db.conn()),
        None => others.filter(staff::organisation.is_null()).load(db.conn()),
    }
    .map_err(StorageError::from)?;
    for roles in found {
        if read::<Roles>(&roles, "staff.roles")?.iter().any(&wanted) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Puts roles in the place of those that were seen.
pub(super) fn set_roles(tx: &mut Tx<'_>, was: &StaffView, roles: &[Role]) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let seen = Roles::from(was.roles.clone()).to_string();
    let theirs = staff::id.eq(was.id.to_string()).and(staff::roles.eq(seen));
    let changed = diesel::update(staff::table.filter(theirs.and(staff::removed_at.is_null())))
        .set((staff::roles.eq(Roles::from(roles.to_vec()).to_string()), staff::audit_id.eq(audit)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Takes the passphrase away, puts a new enrolment code in its place, and ends every session.
pub(super) fn reenrol_staff(
    tx: &mut Tx<'_>,
    id: StaffId,
    code: Digest,
    until: Timestamp,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let changed =
        diesel::update(staff::table.filter(staff::id.eq(id.to_string()).and(staff::removed_at.is_null())))
            .set((
                staff::passphrase.eq(None::<String>),
                staff::enrolment.eq(code.to_string()),
                staff::enrolment_until.eq(until.micros()),
                staff::tries.eq(0),
                staff::paused_until.eq(None::<i64>),
                staff::audit_id.eq(audit),
            ))
            .execute(tx.db().conn())
            .map_err(StorageError::from)?;
    if changed != 1 {
        return Err(AccessError::NotFound.into());
    }
    end_sessions(tx, id, None)
}

/// Ends the sessions of a person, but for one, and what stands between the steps of signing in.
pub(super) fn end_sessions(tx: &mut Tx<'_>, id: StaffId, but: Option<Digest>) -> Result<(), MemberError> {
    let but = but.map(|token| token.to_string()).unwrap_or_default();
    diesel::delete(sessions::table.filter(sessions::staff.eq(id.to_string()).and(sessions::token.ne(but))))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    diesel::delete(half_sessions::table.filter(half_sessions::staff.eq(id.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Puts one passphrase in the place of another. Every session but one ends.
pub(super) fn change_passphrase(
    tx: &mut Tx<'_>,
    id: StaffId,
    was: &PassphraseHash,
    hash: &PassphraseHash,
    session: Digest,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let theirs = staff::id.eq(id.to_string()).and(staff::passphrase.eq(was.as_str()));
    let changed = diesel::update(staff::table.filter(theirs.and(staff::removed_at.is_null())))
        .set((staff::passphrase.eq(hash.as_str()), staff::audit_id.eq(audit)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    if changed != 1 {
        return Err(StorageError::Conflict.into());
    }
    end_sessions(tx, id, Some(session))
}

pub(super) fn remove_staff(tx: &mut Tx<'_>, id: StaffId) -> Result<(), MemberError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::update(staff::table.filter(staff::id.eq(id.to_string())))
        .set((
            staff::removed_at.eq(now),
            staff::enrolment.eq(None::<String>),
            staff::enrolment_until.eq(None::<i64>),
            staff::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    end_sessions(tx, id, None)
}

/// Whose enrolment code it is, while it is good.
pub(super) fn find_enrolment(
    db: &mut Db<'_>,
    code: Digest,
    now: Timestamp,
) -> Result<Option<StaffId>, MemberError> {
    let found: Option<String> = staff::table
        .filter(staff::enrolment.eq(code.to_string()))
        .filter(staff::enrolment_until.gt(now.micros()).and(staff::removed_at.is_null()))
        .select(staff::id)
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(found.map(|id| read(&id, "staff.id")).transpose()?)
}

pub(super) fn use_enrolment_code(
    tx: &mut Tx<'_>,
    code: Digest,
    hash: &PassphraseHash,
    now: Timestamp,
) -> Result<StaffId, MemberError> {
    let audit = tx.entry().to_string();
    let Some(id) = find_enrolment(tx.db(), code, now)? else { return Err(MemberError::EnrolmentRefused) };
    let used = diesel::update(staff::table.filter(staff::enrolment.eq(code.to_string())))
        .set((
            staff::passphrase.eq(hash.as_str()),
            staff::enrolment.eq(None::<String>),
            staff::enrolment_until.eq(None::<i64>),
            staff::tries.eq(0),
            staff::paused_until.eq(None::<i64>),
            staff::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    if used != 1 {
        return Err(MemberError::EnrolmentRefused);
    }
    Ok(id)
}

pub(super) fn candidate(db: &mut Db<'_>, name: &Name) -> Result<Option<Candidate>, MemberError> {
    let row: Option<CandidateRow> = staff::table
        .filter(staff::name.eq(name.as_str()).and(staff::removed_at.is_null()))
        .select((staff::id, staff::passphrase, staff::paused_until))
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    row.map(candidate_of).transpose()
}

/// The same of somebody who is signed in.
pub(super) fn candidate_by_id(db: &mut Db<'_>, id: StaffId) -> Result<Candidate, MemberError> {
    let row: CandidateRow = staff::table
        .filter(staff::id.eq(id.to_string()).and(staff::removed_at.is_null()))
        .select((staff::id, staff::passphrase, staff::paused_until))
        .first(db.conn())
        .map_err(not_found)?;
    candidate_of(row)
}

type CandidateRow = (String, Option<String>, Option<i64>);

fn candidate_of((id, hash, paused): CandidateRow) -> Result<Candidate, MemberError> {
    Ok(Candidate {
        staff: read(&id, "staff.id")?,
        hash: hash.map(PassphraseHash::from_stored),
        paused_until: paused.map(Timestamp::from_micros),
    })
}

/// Counts a try. Answers whether the person may go on now: known, what they gave fits, not removed, not in a pause, organisation
/// active. The first of two steps neither counts nor takes away what counted before: otherwise whoever knows the passphrase could guess codes for
/// ever. The statements are the same for everybody, and for nobody: how long they take tells nothing.
pub(super) fn note_try(
    tx: &mut Tx<'_>,
    id: Option<StaffId>,
    outcome: Try,
    limit: i32,
    pause_until: Timestamp,
) -> Result<bool, MemberError> {
    type Row = (i32, Option<i64>, Option<i64>, Option<String>);
    let now = tx.now().micros();
    let id = id.map(|id| id.to_string()).unwrap_or_default();
    // On PostgreSQL two tries may be noted at once: each waits for the one before, and counts on from it.
    let theirs = staff::table.filter(staff::id.eq(&id)).select((
        staff::tries,
        staff::paused_until,
        staff::removed_at,
        staff::organisation,
    ));
    let row: Option<Row> = match tx.db().conn() {
        Conn::Sqlite(conn) => theirs.first(conn).optional(),
        Conn::Postgres(conn) => theirs.for_update().first(conn).optional(),
    }
    .map_err(StorageError::from)?;
    let known = row.is_some();
    let (tries, paused, removed, organisation) = row.unwrap_or_default();
    let standing: Option<String> = organisations::table
        .filter(organisations::id.eq(organisation.unwrap_or_default()))
        .select(organisations::standing)
        .first(tx.db().conn())
        .optional()
        .map_err(StorageError::from)?;
    let suspended = standing.is_some_and(|s| s == Standing::Suspended.name());
    let open = known && paused.is_none_or(|until| until <= now) && removed.is_none() && !suspended;
    let tries_now = match outcome {
        Try::Right => 0,
        Try::Half => tries,
        Try::Wrong => tries.saturating_add(1),
    };
    let after = match (open, tries_now >= limit) {
        (false, _) => (tries, paused),
        (true, true) => (0, Some(pause_until.micros())),
        (true, false) => (tries_now, None),
    };
    diesel::update(staff::table.filter(staff::id.eq(&id)))
        .set((staff::tries.eq(after.0), staff::paused_until.eq(after.1)))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(outcome != Try::Wrong && open)
}

pub(super) fn insert_session(
    tx: &mut Tx<'_>,
    token: Digest,
    id: StaffId,
    until: Timestamp,
) -> Result<(), MemberError> {
    let (now, session) = (tx.now().micros(), tx.id::<Session>().to_string());
    diesel::insert_into(sessions::table)
        .values((
            sessions::token.eq(token.to_string()),
            sessions::id.eq(session),
            sessions::since.eq(now),
            sessions::staff.eq(id.to_string()),
            sessions::seen.eq(now),
            sessions::until.eq(until.micros()),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Somebody who gave the right passphrase and is asked for the second step until then.
pub(super) fn insert_half_session(
    tx: &mut Tx<'_>,
    token: Digest,
    id: StaffId,
    until: Timestamp,
) -> Result<(), MemberError> {
    diesel::insert_into(half_sessions::table)
        .values((
            half_sessions::token.eq(token.to_string()),
            half_sessions::staff.eq(id.to_string()),
            half_sessions::until.eq(until.micros()),
        ))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

pub(super) fn half_session(
    db: &mut Db<'_>,
    token: Digest,
    now: Timestamp,
) -> Result<Option<StaffId>, MemberError> {
    let found: Option<String> = half_sessions::table
        .filter(half_sessions::token.eq(token.to_string()).and(half_sessions::until.gt(now.micros())))
        .select(half_sessions::staff)
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    Ok(found.map(|id| read(&id, "half_sessions.staff")).transpose()?)
}

pub(super) fn delete_half_session(tx: &mut Tx<'_>, token: Digest) -> Result<(), MemberError> {
    diesel::delete(half_sessions::table.filter(half_sessions::token.eq(token.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

pub(super) fn delete_session(tx: &mut Tx<'_>, token: Digest) -> Result<(), MemberError> {
    diesel::delete(sessions::table.filter(sessions::token.eq(token.to_string())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// The person behind a session that was used after `idle_since`, and when it was last seen used.
pub(super) fn session(
    db: &mut Db<'_>,
    token: Digest,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<Option<(Actor, Timestamp)>, MemberError> {
    type Row = (String, Option<String>, String, Option<String>, i64);
    let row: Option<Row> = sessions::table
        .inner_join(staff::table.left_join(organisations::table))
        .filter(sessions::token.eq(token.to_string()).and(sessions::until.gt(now.micros())))
        .filter(sessions::seen.gt(idle_since.micros()))
        .filter(staff::removed_at.is_null())
        .select((
            staff::id,
            staff::organisation,
            staff::roles,
            organisations::standing.nullable(),
            sessions::seen,
        ))
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    let Some((id, organisation, roles, standing, seen)) = row else { return Ok(None) };
    if standing.is_some_and(|s| s == Standing::Suspended.name()) {
        return Ok(None);
    }
    let organisation = organisation.map(|o| read(&o, "staff.organisation")).transpose()?;
    let actor = Actor::staff(read(&id, "staff.id")?, organisation, read(&roles, "staff.roles")?);
    Ok(Some((actor, Timestamp::from_micros(seen))))
}

/// Sessions of a person that count, the one used last first.
pub(super) fn sessions_of(
    db: &mut Db<'_>,
    id: StaffId,
    (now, idle_since): (Timestamp, Timestamp),
    rows: i64,
) -> Result<Vec<(SessionView, Digest)>, MemberError> {
    let rows: Vec<(String, String, i64, i64, i64)> = sessions::table
        .filter(sessions::staff.eq(id.to_string()).and(sessions::until.gt(now.micros())))
        .filter(sessions::seen.gt(idle_since.micros()))
        .order((sessions::seen.desc(), sessions::since.desc(), sessions::id))
        .limit(rows)
        .select((sessions::token, sessions::id, sessions::since, sessions::seen, sessions::until))
        .load(db.conn())
        .map_err(StorageError::from)?;
    let view = |(token, id, since, seen, until): (String, String, i64, i64, i64)| {
        let view = SessionView {
            id: read(&id, "sessions.id")?,
            since: Timestamp::from_micros(since),
            last_used: Timestamp::from_micros(seen),
            until: Timestamp::from_micros(until),
            current: false,
        };
        Ok((view, read(&token, "sessions.token")?))
    };
    Ok(rows.into_iter().map(view).collect::<Result<_, StorageError>>()?)
}

/// Ends one session of a person. Answers whether there was such a one.
pub(super) fn end_session(tx: &mut Tx<'_>, id: StaffId, session: SessionId) -> Result<bool, MemberError> {
    let theirs = sessions::staff.eq(id.to_string()).and(sessions::id.eq(session.to_string()));
    let ended = diesel::delete(sessions::table.filter(theirs)).execute(tx.db().conn());
    Ok(ended.map_err(StorageError::from)? == 1)
}

/// Notes that a session is in use. Time only moves forward, and a session that is over stays over.
pub(super) fn mark_seen(tx: &mut Tx<'_>, token: Digest) -> Result<(), MemberError> {
    let now = tx.now().micros();
    let theirs = sessions::table.filter(sessions::token.eq(token.to_string()).and(sessions::seen.lt(now)));
    diesel::update(theirs).set(sessions::seen.eq(now)).execute(tx.db().conn()).map_err(StorageError::from)?;
    Ok(())
}

/// Deletes sessions that were over by `now` or were not used after `idle_since`, and what was left between the steps.
pub(super) fn forget_sessions(
    tx: &mut Tx<'_>,
    now: Timestamp,
    idle_since: Timestamp,
) -> Result<usize, MemberError> {
    diesel::delete(half_sessions::table.filter(half_sessions::until.le(now.micros())))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    let over = sessions::until.le(now.micros()).or(sessions::seen.le(idle_since.micros()));
    Ok(diesel::delete(sessions::table.filter(over)).execute(tx.db().conn()).map_err(StorageError::from)?)
}

// Machine clients

pub(super) fn insert_client(
    tx: &mut Tx<'_>,
    client: &ClientView,
    key: &PublicJwk,
) -> Result<(), MemberError> {
    let audit = tx.entry().to_string();
    let inserted = diesel::insert_into(clients::table)
        .values((
            clients::id.eq(client.id.to_string()),
            clients::organisation.eq(client.organisation.to_string()),
            clients::name.eq(client.name.as_str()),
            clients::roles.eq(Roles::from(client.roles.clone()).to_string()),
            clients::kid.eq(&client.kid),
            clients::jwk.eq(jwk_text(key)?),
            clients::registered_at.eq(client.registered_at.micros()),
            clients::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    match inserted.map_err(StorageError::from) {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(MemberError::KeyKnown),
        Err(error) => Err(error.into()),
    }
}

type ClientRow = (String, String, String, String, String, i64, Option<i64>);

fn client((id, organisation, name, roles, kid, at, revoked): ClientRow) -> Result<ClientView, StorageError> {
    Ok(ClientView {
        id: read(&id, "clients.id")?,
        organisation: read(&organisation, "clients.organisation")?,
        name: read(&name, "clients.name")?,
        roles: read::<Roles>(&roles, "clients.roles")?.into(),
        kid,
        revoked: revoked.is_some(),
        registered_at: Timestamp::from_micros(at),
    })
}

pub(super) fn clients(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    asked: &Asked,
) -> Result<Vec<ClientView>, MemberError> {
    let rows: Vec<ClientRow> = clients::table
        .filter(clients::organisation.eq(organisation.to_string()))
        .filter(clients::id.gt(asked.after().unwrap_or_default().to_owned()))
        .order(clients::id)
        .limit(asked.rows_to_load())
        .select((
            clients::id,
            clients::organisation,
            clients::name,
            clients::roles,
            clients::kid,
            clients::registered_at,
            clients::revoked_at,
        ))
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(client).collect::<Result<_, _>>()?)
}

pub(super) fn revoke_client(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    id: ClientId,
) -> Result<(), MemberError> {
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let revoked = diesel::update(
        clients::table
            .filter(clients::id.eq(id.to_string()).and(clients::organisation.eq(organisation.to_string())))
            .filter(clients::revoked_at.is_null()),
    )
    .set((clients::revoked_at.eq(now), clients::audit_id.eq(audit)))
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    if revoked == 1 { Ok(()) } else { Err(AccessError::NotFound.into()) }
}

pub(super) fn client_by_kid(
    db: &mut Db<'_>,
    kid: &Kid,
) -> Result<Option<(ClientView, PublicJwk)>, MemberError> {
    let row: Option<(ClientRow, String)> = clients::table
        .inner_join(organisations::table)
        .filter(clients::kid.eq(kid.to_string()).and(clients::revoked_at.is_null()))
        .filter(organisations::standing.eq(Standing::Active.name()))
        .select((
            (
                clients::id,
                clients::organisation,
                clients::name,
                clients::roles,
                clients::kid,
                clients::registered_at,
                clients::revoked_at,
            ),
            clients::jwk,
        ))
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    row.map(|(row, jwk)| Ok((client(row)?, jwk_of(&jwk)?))).transpose()
}

// Keys

pub(super) fn last_statement(
    db: &mut Db<'_>,
    organisation: OrganisationId,
) -> Result<Option<(i64, Digest)>, MemberError> {
    let row: Option<(i64, String)> = key_statements::table
        .filter(key_statements::organisation.eq(organisation.to_string()))
        .order(key_statements::seq.desc())
        .select((key_statements::seq, key_statements::digest))
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    row.map(|(seq, digest)| Ok((seq, read(&digest, "key_statements.digest")?))).transpose()
}

/// Statements after a number, oldest first, each with its number.
pub(super) fn statements(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    after: i64,
    rows: i64,
) -> Result<Vec<(i64, String)>, MemberError> {
    Ok(key_statements::table
        .filter(key_statements::organisation.eq(organisation.to_string()).and(key_statements::seq.gt(after)))
        .order(key_statements::seq)
        .limit(rows)
        .select((key_statements::seq, key_statements::statement))
        .load(db.conn())
        .map_err(StorageError::from)?)
}

pub(super) fn insert_statement(
    tx: &mut Tx<'_>,
    organisation: OrganisationId,
    seq: i64,
    digest: Digest,
    statement: &str,
) -> Result<(), MemberError> {
    let (at, audit) = (tx.now().micros(), tx.entry().to_string());
    let inserted = diesel::insert_into(key_statements::table)
        .values((
            key_statements::organisation.eq(organisation.to_string()),
            key_statements::seq.eq(seq),
            key_statements::digest.eq(digest.to_string()),
            key_statements::statement.eq(statement),
            key_statements::at.eq(at),
            key_statements::audit_id.eq(audit),
        ))
        .execute(tx.db().conn());
    match inserted.map_err(StorageError::from) {
        Ok(_) => Ok(()),
        Err(StorageError::Duplicate(_)) => Err(StorageError::Conflict.into()),
        Err(error) => Err(error.into()),
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = organisation_keys, treat_none_as_null = true)]
struct KeyRow {
    kid: String,
    organisation: String,
    key_use: String,
    role: String,
    jwk: String,
    state: String,
    valid_from: i64,
    valid_until: i64,
    retired_at: Option<i64>,
    revoked_at: Option<i64>,
    compromised_at: Option<i64>,
}

impl KeyRow {
    fn of(record: &KeyRecord) -> Result<Self, StorageError> {
        Ok(Self {
            kid: record.jwk.kid().to_string(),
            organisation: record.organisation.to_string(),
            key_use: record.r#use.name().to_owned(),
            role: record.role.clone(),
            jwk: jwk_text(&record.jwk)?,
            state: record.state.name().to_owned(),
            valid_from: record.from.micros(),
            valid_until: record.until.micros(),
            retired_at: record.retired_at.map(Timestamp::micros),
            revoked_at: record.revoked_at.map(Timestamp::micros),
            compromised_at: record.compromised_at.map(Timestamp::micros),
        })
    }

    fn into_record(self) -> Result<KeyRecord, MemberError> {
        Ok(KeyRecord {
            jwk: jwk_of(&self.jwk)?,
            organisation: read(&self.organisation, "organisation_keys.organisation")?,
            r#use: KeyUse::from_name(&self.key_use).ok_or_else(unreadable("organisation_keys.key_use"))?,
            role: self.role,
            state: KeyState::from_name(&self.state).ok_or_else(unreadable("organisation_keys.state"))?,
            from: Timestamp::from_micros(self.valid_from),
            until: Timestamp::from_micros(self.valid_until),
            retired_at: self.retired_at.map(Timestamp::from_micros),
            revoked_at: self.revoked_at.map(Timestamp::from_micros),
            compromised_at: self.compromised_at.map(Timestamp::from_micros),
        })
    }
}

pub(super) fn put_key(tx: &mut Tx<'_>, record: &KeyRecord, known: bool) -> Result<(), MemberError> {
    let row = KeyRow::of(record)?;
    let entry = organisation_keys::audit_id.eq(tx.entry().to_string());
    let put = if known {
        diesel::update(
            organisation_keys::table.filter(
                organisation_keys::kid
                    .eq(row.kid.clone())
                    .and(organisation_keys::organisation.eq(row.organisation.clone())),
            ),
        )
        .set((&row, entry))
        .execute(tx.db().conn())
    } else {
        diesel::insert_into(organisation_keys::table).values((&row, entry)).execute(tx.db().conn())
    };
    match put.map_err(StorageError::from) {
        Ok(1) => Ok(()),
        Ok(_) => Err(StorageError::Conflict.into()),
        Err(StorageError::Duplicate(_)) => Err(MemberError::KeyKnown),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn keys(db: &mut Db<'_>, organisation: OrganisationId) -> Result<Vec<KeyRecord>, MemberError> {
    let rows: Vec<KeyRow> = organisation_keys::table
        .filter(organisation_keys::organisation.eq(organisation.to_string()))
        .order((organisation_keys::valid_from, organisation_keys::kid))
        .select(KeyRow::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    rows.into_iter().map(KeyRow::into_record).collect()
}

/// Keys in use that end by a moment, what ends first comes first, behind a place. Of the reader keys of a role only the newest counts.
pub(super) fn ending_keys(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    by: Timestamp,
    (after, limit): (Option<(i64, &str)>, i64),
) -> Result<Vec<KeyRecord>, MemberError> {
    let newest = "NOT EXISTS (SELECT 1 FROM organisation_keys newer \
        WHERE newer.organisation = organisation_keys.organisation AND newer.role = organisation_keys.role \
        AND newer.key_use = organisation_keys.key_use AND newer.state = 'active' \
        AND newer.valid_from > organisation_keys.valid_from)";
    let is_of_one =
        organisation_keys::key_use.eq(KeyUse::Sign.name()).or(organisation_keys::role.eq(MEMBER_ROLE));
    let (until, kid) = after.unwrap_or((i64::MIN, ""));
    let further = organisation_keys::valid_until.eq(until).and(organisation_keys::kid.gt(kid.to_owned()));
    let rows: Vec<KeyRow> = organisation_keys::table
        .filter(organisation_keys::organisation.eq(organisation.to_string()))
        .filter(organisation_keys::state.eq(KeyState::Active.name()))
        .filter(organisation_keys::valid_until.le(by.micros()))
        .filter(is_of_one.or(sql::<Bool>(newest)))
        .filter(organisation_keys::valid_until.gt(until).or(further))
        .order((organisation_keys::valid_until, organisation_keys::kid))
        .limit(limit)
        .select(KeyRow::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    rows.into_iter().map(KeyRow::into_record).collect()
}

/// As [`KeyRecord::may_encrypt_at`] says, of every key of the organisation at once.
pub(super) fn reader_roles(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    at: Timestamp,
    grace: chrono::TimeDelta,
) -> Result<Vec<String>, MemberError> {
    let (now, graced) = (at.micros(), at.minus(grace).micros());
    let query = organisation_keys::table
        .filter(organisation_keys::organisation.eq(organisation.to_string()))
        .filter(organisation_keys::key_use.eq(KeyUse::Encrypt.name()))
        .filter(organisation_keys::state.ne(KeyState::Announced.name()))
        .filter(organisation_keys::valid_from.le(now).and(organisation_keys::valid_until.gt(now)))
        .filter(organisation_keys::retired_at.is_null().or(organisation_keys::retired_at.gt(graced)))
        .filter(organisation_keys::compromised_at.is_null().or(organisation_keys::compromised_at.gt(now)))
        .filter(organisation_keys::revoked_at.is_null().or(organisation_keys::revoked_at.gt(now)))
        .order(organisation_keys::role)
        .select(organisation_keys::role)
        .distinct();
    Ok(natively!(db, conn => query.load(conn)).map_err(StorageError::from)?)
}

/// How many people of these organisations are enrolled and were not removed.
pub(super) fn people_of(
    db: &mut Db<'_>,
    ids: &[OrganisationId],
) -> Result<Vec<(OrganisationId, i64)>, MemberError> {
    let ids: Vec<String> = ids.iter().map(OrganisationId::to_string).collect();
    let query = staff::table
        .filter(staff::organisation.eq_any(ids))
        .filter(staff::removed_at.is_null())
        .group_by(staff::organisation)
        .select((staff::organisation, diesel::dsl::count_star()));
    let rows: Vec<(Option<String>, i64)> =
        natively!(db, conn => query.load(conn)).map_err(StorageError::from)?;
    let of_one = |(organisation, people): (Option<String>, i64)| {
        Ok((read(&organisation.unwrap_or_default(), "staff.organisation")?, people))
    };
    rows.into_iter().map(of_one).collect()
}

/// Until when the reader roles of these organisations can be sealed to: the key in use that ends last counts. Keys of people are left out.
pub(super) fn readers_of(
    db: &mut Db<'_>,
    ids: &[OrganisationId],
) -> Result<Vec<(OrganisationId, String, Timestamp)>, MemberError> {
    let ids: Vec<String> = ids.iter().map(OrganisationId::to_string).collect();
    let query = organisation_keys::table
        .filter(organisation_keys::organisation.eq_any(ids))
        .filter(organisation_keys::key_use.eq(KeyUse::Encrypt.name()))
        .filter(organisation_keys::state.eq(KeyState::Active.name()))
        .filter(organisation_keys::role.ne(MEMBER_ROLE))
        .group_by((organisation_keys::organisation, organisation_keys::role))
        .select((
            organisation_keys::organisation,
            organisation_keys::role,
            diesel::dsl::max(organisation_keys::valid_until),
        ));
    let rows: Vec<(String, String, Option<i64>)> =
        natively!(db, conn => query.load(conn)).map_err(StorageError::from)?;
    let of_one = |(organisation, role, until): (String, String, Option<i64>)| {
        let until = Timestamp::from_micros(until.unwrap_or_default());
        Ok((read(&organisation, "organisation_keys.organisation")?, role, until))
    };
    rows.into_iter().map(of_one).collect()
}

pub(super) fn key(db: &mut Db<'_>, kid: &Kid) -> Result<Option<KeyRecord>, MemberError> {
    let found = organisation_keys::table.filter(organisation_keys::kid.eq(kid.to_string()));
    let row: Option<KeyRow> = natively!(db, conn => found.select(KeyRow::as_select()).first(conn))
        .optional()
        .map_err(StorageError::from)?;
    row.map(KeyRow::into_record).transpose()
}

/// Those of these keys that are known, in any order.
pub(super) fn keys_among(db: &mut Db<'_>, kids: &[&Kid]) -> Result<Vec<KeyRecord>, MemberError> {
    let conn = match db.conn() {
        // Nothing is between the program and its file, and a list in a statement would have SQLite prepare it anew each time.
        Conn::Sqlite(_) => {
            let found = kids.iter().map(|kid| key(db, kid));
            return found.filter_map(Result::transpose).collect();
        }
        Conn::Postgres(conn) => conn,
    };
    let kids: Vec<String> = kids.iter().map(ToString::to_string).collect();
    let rows: Vec<KeyRow> = organisation_keys::table
        .filter(organisation_keys::kid.eq_any(kids))
        .select(KeyRow::as_select())
        .load(conn)
        .map_err(StorageError::from)?;
    rows.into_iter().map(KeyRow::into_record).collect()
}
