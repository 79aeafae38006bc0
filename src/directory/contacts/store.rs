//! Rows of contacts.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;

use super::{Contact, PhoneChannel};
use crate::{
    access::Tx,
    kernel::{
        Timestamp,
        id::{ContactId, OrganisationId, ServiceId},
    },
    storage::{
        Db, StorageError, read,
        schema::directory::{directory_contacts, services},
    },
};

/// Services in one statement.
const AT_ONCE: usize = 500;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = directory_contacts)]
struct ContactRow {
    id: String,
    organisation: String,
    service: Option<String>,
    label: String,
    name: Option<String>,
    role: Option<String>,
    is_focal_point: i64,
    is_on_call: i64,
    telephone: String,
    channel: String,
    day_and_night: i64,
    languages: String,
    valid_until: i64,
    told: i64,
    created_at: i64,
    updated_at: i64,
    version: i64,
    audit_id: String,
}

impl ContactRow {
    fn into_contact(self) -> Result<Contact, StorageError> {
        let service = self.service.map(|id| read(&id, "directory_contacts.service")).transpose()?;
        let channel = PhoneChannel::from_name(&self.channel);
        Ok(Contact {
            id: read(&self.id, "directory_contacts.id")?,
            organisation: read(&self.organisation, "directory_contacts.organisation")?,
            service,
            label: self.label,
            name: self.name,
            role: self.role,
            is_focal_point: self.is_focal_point == 1,
            is_on_call: self.is_on_call == 1,
            telephone: read(&self.telephone, "directory_contacts.telephone")?,
            channel: channel.ok_or(StorageError::Unreadable("directory_contacts.channel"))?,
            day_and_night: self.day_and_night == 1,
            languages: read(&self.languages, "directory_contacts.languages")?,
            valid_until: Timestamp::from_micros(self.valid_until),
            updated_at: Timestamp::from_micros(self.updated_at),
            version: self.version,
        })
    }
}

/// All that an organisation has and that hold.
pub(super) fn of_organisation(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    now: Timestamp,
) -> Result<Vec<Contact>, StorageError> {
    use directory_contacts as table;
    let rows: Vec<ContactRow> = table::table
        .filter(table::organisation.eq(organisation.to_string()).and(table::valid_until.gt(now.micros())))
        .select(ContactRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(ContactRow::into_contact).collect()
}

/// One that holds.
pub(super) fn find(db: &mut Db<'_>, id: ContactId, now: Timestamp) -> Result<Option<Contact>, StorageError> {
    use directory_contacts as table;
    let row: Option<ContactRow> = table::table
        .filter(table::id.eq(id.to_string()).and(table::valid_until.gt(now.micros())))
        .select(ContactRow::as_select())
        .first(db.conn())
        .optional()?;
    row.map(ContactRow::into_contact).transpose()
}

/// Those of these services that somebody is on call for, or for the whole member that provides them.
pub(super) fn with_on_call(
    db: &mut Db<'_>,
    asked: &[ServiceId],
    now: Timestamp,
) -> Result<HashSet<ServiceId>, StorageError> {
    use directory_contacts as table;
    let mut found = HashSet::new();
    for asked in asked.chunks(AT_ONCE) {
        let ids: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let provided: Vec<(String, Option<String>)> = services::table
            .filter(services::id.eq_any(&ids).and(services::member.is_not_null()))
            .select((services::id, services::member))
            .load(db.conn())?;
        let members: BTreeSet<&String> =
            provided.iter().filter_map(|(_service, member)| member.as_ref()).collect();
        if members.is_empty() {
            continue;
        }
        let on_call: Vec<(String, Option<String>)> = table::table
            .filter(table::organisation.eq_any(members))
            .filter(table::is_on_call.eq(1).and(table::valid_until.gt(now.micros())))
            .select((table::organisation, table::service))
            .load(db.conn())?;
        let on_call: HashSet<(String, Option<String>)> = on_call.into_iter().collect();
        for (service, member) in provided {
            let Some(member) = member else { continue };
            let is_covered = on_call.contains(&(member.clone(), None))
                || on_call.contains(&(member, Some(service.clone())));
            if is_covered {
                found.insert(read(&service, "services.id")?);
            }
        }
    }
    Ok(found)
}

pub(super) fn insert(tx: &mut Tx<'_>, contact: &Contact) -> Result<(), StorageError> {
    let row = ContactRow {
        id: contact.id.to_string(),
        organisation: contact.organisation.to_string(),
        service: contact.service.map(|service| service.to_string()),
        label: contact.label.clone(),
        name: contact.name.clone(),
        role: contact.role.clone(),
        is_focal_point: i64::from(contact.is_focal_point),
        is_on_call: i64::from(contact.is_on_call),
        telephone: contact.telephone.as_str().to_owned(),
        channel: contact.channel.name().to_owned(),
        day_and_night: i64::from(contact.day_and_night),
        languages: contact.languages.to_string(),
        valid_until: contact.valid_until.micros(),
        told: 0,
        created_at: contact.updated_at.micros(),
        updated_at: contact.updated_at.micros(),
        version: contact.version,
        audit_id: tx.entry().to_string(),
    };
    diesel::insert_into(directory_contacts::table).values(&row).execute(tx.db().conn())?;
    Ok(())
}

/// Puts another in the place of one of this version. What holds until another day is told of anew.
pub(super) fn change(
    tx: &mut Tx<'_>,
    (was, version): (&Contact, i64),
    contact: &Contact,
) -> Result<(), StorageError> {
    use directory_contacts as table;
    let (id, audit) = (contact.id.to_string(), tx.entry().to_string());
    let changed = diesel::update(table::table.filter(table::id.eq(&id).and(table::version.eq(version))))
        .set((
            table::service.eq(contact.service.map(|service| service.to_string())),
            table::label.eq(&contact.label),
            table::name.eq(&contact.name),
            table::role.eq(&contact.role),
            table::is_focal_point.eq(i64::from(contact.is_focal_point)),
            table::is_on_call.eq(i64::from(contact.is_on_call)),
            table::telephone.eq(contact.telephone.as_str()),
            table::channel.eq(contact.channel.name()),
            table::day_and_night.eq(i64::from(contact.day_and_night)),
            table::languages.eq(contact.languages.to_string()),
            table::valid_until.eq(contact.valid_until.micros()),
            table::updated_at.eq(contact.updated_at.micros()),
            table::version.eq(contact.version),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    if changed != 1 {
        return Err(StorageError::Conflict);
    }
    if was.valid_until != contact.valid_until {
        diesel::update(table::table.filter(table::id.eq(&id)))
            .set(table::told.eq(0))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, (id, version): (ContactId, i64)) -> Result<(), StorageError> {
    use directory_contacts as table;
    let gone =
        diesel::delete(table::table.filter(table::id.eq(id.to_string()).and(table::version.eq(version))))
            .execute(tx.db().conn())?;
    if gone == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// Those that end by a moment, and of whose end nobody was told. What has ended is among them: whoever asks as of when a job began sees no
/// other contacts than whoever tells a moment later.
pub(super) fn ending(db: &mut Db<'_>, by: Timestamp, limit: i64) -> Result<Vec<Contact>, StorageError> {
    use directory_contacts as table;
    let rows: Vec<ContactRow> = table::table
        .filter(table::valid_until.le(by.micros()).and(table::told.eq(0)))
        .order((table::valid_until, table::id))
        .limit(limit)
        .select(ContactRow::as_select())
        .load(db.conn())?;
    rows.into_iter().map(ContactRow::into_contact).collect()
}

/// Notes of whose end somebody was told. This is no change of the contact and makes no version.
pub(super) fn note_told(tx: &mut Tx<'_>, ids: &[ContactId]) -> Result<(), StorageError> {
    use directory_contacts as table;
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    diesel::update(table::table.filter(table::id.eq_any(&ids)))
        .set(table::told.eq(1))
        .execute(tx.db().conn())?;
    Ok(())
}

/// The ids of some that do not hold any more.
pub(super) fn over(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>, StorageError> {
    use directory_contacts as table;
    let over =
        table::table.filter(table::valid_until.le(now.micros())).order((table::valid_until, table::id));
    Ok(over.limit(limit).select(table::id).load(db.conn())?)
}

/// Deletes contacts.
pub(super) fn forget(tx: &mut Tx<'_>, ids: &[String]) -> Result<(), StorageError> {
    use directory_contacts as table;
    diesel::delete(table::table.filter(table::id.eq_any(ids))).execute(tx.db().conn())?;
    Ok(())
}

/// Deletes the contacts of all services that came from a source. While its services are still there.
pub(in crate::directory) fn forget_source(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    use directory_contacts as table;
    let theirs = services::table.filter(services::source.eq(source)).select(services::id.nullable());
    diesel::delete(table::table.filter(table::service.eq_any(theirs))).execute(tx.db().conn())?;
    Ok(())
}
