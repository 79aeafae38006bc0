//! Rows of verifications, and of what runs out.

use std::collections::HashMap;

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{BigInt, Bool},
};

use super::{Checked, Met, Outcome, Verification, assured::SOURCE_DAYS, remind::Clock};
use crate::{
    access::Tx,
    directory::{Listing, Service, search::store::quoted},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
    },
    storage::{
        Db, StorageError,
        schema::directory::{directory_reports, directory_verifications, services},
    },
};

/// Values in one statement: SQLite takes 32,766, PostgreSQL 65,535.
const AT_ONCE: usize = 500;

type Row = (i64, String, String, String, String, Option<String>, i64, Option<i64>);

fn verification(row: Row) -> Result<Verification, StorageError> {
    let unreadable = StorageError::Unreadable;
    let (version, method, outcome, fields, by, organisation, at, next_due) = row;
    let fields = fields.split_whitespace().map(str::parse::<Checked>).collect::<Result<Vec<_>, _>>();
    let organisation = organisation.map(|id| id.parse::<OrganisationId>()).transpose();
    Ok(Verification {
        version,
        method: method.parse().map_err(|_word| unreadable("directory_verifications.method"))?,
        outcome: outcome.parse().map_err(|_word| unreadable("directory_verifications.outcome"))?,
        fields: fields.map_err(|_word| unreadable("directory_verifications.fields"))?,
        by,
        organisation: organisation.map_err(|_word| unreadable("directory_verifications.organisation"))?,
        at: Timestamp::from_micros(at),
        next_due: next_due.map(Timestamp::from_micros),
    })
}

/// Verifications of a service before a version, newest first.
pub(super) fn verifications(
    db: &mut Db<'_>,
    service: ServiceId,
    before: i64,
    limit: i64,
) -> Result<Vec<Verification>, StorageError> {
    use directory_verifications as table;
    let rows: Vec<Row> = table::table
        .filter(table::service.eq(service.to_string()).and(table::version.lt(before)))
        .order(table::version.desc())
        .limit(limit)
        .select((
            table::version,
            table::method,
            table::outcome,
            table::fields,
            table::verified_by,
            table::organisation,
            table::at,
            table::next_due,
        ))
        .load(db.conn())?;
    rows.into_iter().map(verification).collect()
}

/// Keeps a verification and what follows from it for the service. An older one than the newest good one changes no dates.
pub(in crate::directory) fn enter_verification(
    tx: &mut Tx<'_>,
    was: &Service,
    version: i64,
    kept: &Verification,
) -> Result<(), StorageError> {
    let closed: Option<i64> = services::table
        .filter(services::id.eq(was.id.to_string()))
        .select(services::closed_at)
        .first(tx.db().conn())?;
    let good = kept.outcome.is_good();
    let newest = was.upkeep.verified_at.is_none_or(|known| kept.at >= known);
    // That somebody found it does not list what those who keep the directory do not list.
    let found = kept.outcome.listing(closed.is_some() && was.standing.is_listed());
    let status = found.unwrap_or(was.status);
    let closed = match kept.outcome {
        Outcome::Closed => Some(kept.at.micros()),
        Outcome::Confirmed | Outcome::Corrected => None,
        Outcome::Unreachable => closed,
    };
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    let changed = diesel::update(
        services::table.filter(services::id.eq(was.id.to_string()).and(services::version.eq(version))),
    )
    .set((
        services::status.eq(status.name()),
        services::closed_at.eq(closed),
        services::version.eq(kept.version),
        services::updated_at.eq(now),
        services::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())?;
    if changed != 1 {
        return Err(StorageError::Conflict);
    }
    if good && newest {
        diesel::update(services::table.filter(services::id.eq(was.id.to_string())))
            .set((
                services::verified_at.eq(Some(kept.at.micros())),
                services::verify_by.eq(kept.next_due.map(Timestamp::micros)),
                services::verify_told.eq(0),
                services::mismatches.eq(0),
                services::flagged_at.eq(None::<i64>),
            ))
            .execute(tx.db().conn())?;
    }
    insert(tx, was.id, kept)
}

fn insert(tx: &mut Tx<'_>, service: ServiceId, kept: &Verification) -> Result<(), StorageError> {
    use directory_verifications as table;
    let fields: Vec<&str> = kept.fields.iter().map(|field| field.name()).collect();
    let (now, audit) = (tx.now().micros(), tx.entry().to_string());
    diesel::insert_into(table::table)
        .values((
            table::service.eq(service.to_string()),
            table::version.eq(kept.version),
            table::method.eq(kept.method.name()),
            table::outcome.eq(kept.outcome.name()),
            table::fields.eq(fields.join(" ")),
            table::verified_by.eq(&kept.by),
            table::organisation.eq(kept.organisation.map(|id| id.to_string())),
            table::at.eq(kept.at.micros()),
            table::next_due.eq(kept.next_due.map(Timestamp::micros)),
            table::entered_at.eq(now),
            table::audit_id.eq(audit),
        ))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Forgets the verifications and reports of everything that came from a source. While its services are still there.
pub(in crate::directory) fn forget(tx: &mut Tx<'_>, source: &str) -> Result<(), StorageError> {
    let theirs = format!("service IN (SELECT id FROM services WHERE source = {})", quoted(source));
    diesel::delete(directory_verifications::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    diesel::delete(directory_reports::table.filter(sql::<Bool>(&theirs))).execute(tx.db().conn())?;
    Ok(())
}

/// How long a day is, in microseconds.
const DAY: i64 = 86_400_000_000;

/// Keeps what somebody met: of each organisation the last of a day. Answers whether it is new that it says so today.
pub(super) fn enter_report(
    tx: &mut Tx<'_>,
    was: &Service,
    organisation: Option<OrganisationId>,
    met: Met,
) -> Result<bool, StorageError> {
    use directory_reports as table;
    let (at, audit) = (tx.now().micros(), tx.entry().to_string());
    let (service, day) = (was.id.to_string(), at.div_euclid(DAY));
    let organisation = organisation.map_or_else(String::new, |organisation| organisation.to_string());
    let key = table::service.eq(&service).and(table::organisation.eq(&organisation)).and(table::day.eq(day));
    let before: Option<String> =
        table::table.filter(key).select(table::met).first(tx.db().conn()).optional()?;
    let known = diesel::update(table::table.filter(key))
        .set((table::met.eq(met.name()), table::at.eq(at), table::audit_id.eq(&audit)))
        .execute(tx.db().conn())?;
    if known == 0 {
        diesel::insert_into(table::table)
            .values((
                table::service.eq(&service),
                table::organisation.eq(&organisation),
                table::day.eq(day),
                table::met.eq(met.name()),
                table::at.eq(at),
                table::audit_id.eq(&audit),
            ))
            .execute(tx.db().conn())?;
    }
    Ok(before.as_deref() != Some(met.name()))
}

/// The last good verification of each of these services: when, and when it is due next. What a source says is none.
pub(in crate::directory) fn last_good(
    db: &mut Db<'_>,
    services: &[String],
) -> Result<HashMap<String, (i64, Option<i64>)>, StorageError> {
    use directory_verifications as table;
    let mut last = HashMap::new();
    for ids in services.chunks(AT_ONCE) {
        let good = [Outcome::Confirmed, Outcome::Corrected].map(Outcome::name);
        let rows: Vec<(String, i64, Option<i64>)> = table::table
            .filter(table::service.eq_any(ids).and(table::outcome.eq_any(good)))
            .order((table::at, table::version))
            .select((table::service, table::at, table::next_due))
            .load(db.conn())?;
        last.extend(rows.into_iter().map(|(service, at, due)| (service, (at, due))));
    }
    Ok(last)
}

/// Says of services when they were last checked: at a moment, and by when they must be again, if somebody here said it.
pub(in crate::directory) fn set_last_check(
    tx: &mut Tx<'_>,
    (at, by): (Option<i64>, Option<i64>),
    services: &[String],
) -> Result<(), StorageError> {
    for ids in services.chunks(AT_ONCE) {
        diesel::update(services::table.filter(services::id.eq_any(ids)))
            .set((services::verified_at.eq(at), services::verify_by.eq(by), services::verify_told.eq(0)))
            .execute(tx.db().conn())?;
    }
    Ok(())
}

/// How many times an entry did not fit since it was last verified here.
pub(super) fn mismatches(db: &mut Db<'_>, was: &Service) -> Result<i64, StorageError> {
    use directory_reports as table;
    let service = was.id.to_string();
    let since = last_good(db, std::slice::from_ref(&service))?.get(&service).map_or(i64::MIN, |(at, _)| *at);
    Ok(table::table
        .filter(table::service.eq(service).and(table::at.ge(since)))
        .filter(table::met.ne(Met::Reached.name()))
        .count()
        .get_result(db.conn())?)
}

/// Says how often an entry did not fit, and whether it is flagged. That somebody doubts an entry makes it no newer.
pub(super) fn set_trust(
    tx: &mut Tx<'_>,
    was: &Service,
    mismatches: i64,
    flagged: bool,
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    let since = flagged.then(|| was.upkeep.flagged_at.map_or(now, Timestamp::micros));
    diesel::update(services::table.filter(services::id.eq(was.id.to_string())))
        .set((services::mismatches.eq(mismatches), services::flagged_at.eq(since)))
        .execute(tx.db().conn())?;
    Ok(())
}

/// Services that did not fit, worst first, behind a count and an id.
pub(super) fn doubted(
    db: &mut Db<'_>,
    own: Option<OrganisationId>,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<(i64, String)>, StorageError> {
    let mut query = services::table
        .filter(services::mismatches.gt(0).and(services::missing_since.is_null()))
        .order((services::mismatches.desc(), services::id))
        .limit(limit)
        .select((services::mismatches, services::id))
        .into_boxed();
    if let Some(own) = own {
        query = query.filter(services::member.assume_not_null().eq(own.to_string()));
    }
    if let Some((count, id)) = after {
        let behind = services::mismatches.eq(count).and(services::id.gt(id.to_owned()));
        query = query.filter(services::mismatches.lt(count).or(behind));
    }
    Ok(query.load(db.conn())?)
}

/// By when a service has to be verified, in a form that sorts: what nobody verified stands behind everything. An index is on exactly this.
fn verify_by() -> String {
    let after = SOURCE_DAYS.saturating_mul(DAY);
    format!(
        "(CASE WHEN verified_at IS NULL THEN {NEVER} ELSE COALESCE(verify_by, verified_at + {after}) END)"
    )
}

/// By when something has to be verified that nobody ever verified.
const NEVER: i64 = i64::MAX;

/// Services that are offered and have to be verified by now, or that nobody verified, behind such a moment and an id.
pub(super) fn due(
    db: &mut Db<'_>,
    own: Option<OrganisationId>,
    (now, after): (Timestamp, Option<(i64, &str)>),
    limit: i64,
) -> Result<Vec<(i64, String)>, StorageError> {
    let by = verify_by();
    let mut rows = Vec::new();
    if after.is_none_or(|(at, _)| at < NEVER) {
        let upto = format!("{by} <= {}", now.micros());
        let behind =
            after.map(|(at, id)| format!("{upto} AND {by} >= {at} AND ({by} > {at} OR id > {})", quoted(id)));
        rows = to_verify(db, own, (&behind.unwrap_or(upto), &format!("{by}, id")), limit)?;
    }
    let left = limit.saturating_sub(i64::try_from(rows.len()).unwrap_or(limit));
    if left > 0 {
        let behind = after.filter(|(at, _)| *at == NEVER).map_or("", |(_, id)| id);
        let never = format!("{by} = {NEVER} AND id > {}", quoted(behind));
        rows.extend(to_verify(db, own, (&never, "id"), left)?);
    }
    Ok(rows)
}

/// Services that are offered, among those of which a condition holds, in an order; and by when they have to be verified.
fn to_verify(
    db: &mut Db<'_>,
    own: Option<OrganisationId>,
    (condition, order): (&str, &str),
    limit: i64,
) -> Result<Vec<(i64, String)>, StorageError> {
    let by = verify_by();
    let offered = [Listing::Active, Listing::TemporarilyClosed].map(Listing::name);
    let mut query = services::table
        .filter(services::missing_since.is_null().and(services::status.eq_any(offered)))
        .filter(sql::<Bool>(&format!("({condition})")))
        .order(sql::<BigInt>(order))
        .limit(limit)
        .select((sql::<BigInt>(&by), services::id))
        .into_boxed();
    if let Some(own) = own {
        query = query.filter(services::member.assume_not_null().eq(own.to_string()));
    }
    Ok(query.load(db.conn())?)
}

/// Which reminder a provider had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// That it runs out soon.
    Soon,
    /// That it is over.
    Over,
}

impl Told {
    const fn number(self) -> i64 {
        match self {
            Self::Soon => 1,
            Self::Over => 2,
        }
    }
}

/// Something that runs out, of a member's service.
pub(super) struct RunningOut {
    pub(super) service: ServiceId,
    pub(super) member: OrganisationId,
    pub(super) at: Timestamp,
}

/// What ran out by now or will soon, without the reminder that is due.
pub(super) fn running_out(
    db: &mut Db<'_>,
    clock: Clock,
    (now, soon): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<RunningOut>, StorageError> {
    let offered = services::table
        .filter(services::status.eq(Listing::Active.name()).and(services::missing_since.is_null()))
        .filter(services::member.is_not_null())
        .limit(limit);
    let rows: Vec<(String, Option<String>, Option<i64>)> = match clock {
        Clock::Availability => {
            let over = services::availability_until.le(now.micros()).and(services::availability_told.lt(2));
            let near = services::availability_until.le(soon.micros()).and(services::availability_told.lt(1));
            offered
                .filter(over.or(near))
                .order((services::availability_until, services::id))
                .select((services::id, services::member, services::availability_until))
                .load(db.conn())?
        }
        Clock::Verification => {
            let over = services::verify_by.le(now.micros()).and(services::verify_told.lt(2));
            let near = services::verify_by.le(soon.micros()).and(services::verify_told.lt(1));
            offered
                .filter(over.or(near))
                .order((services::verify_by, services::id))
                .select((services::id, services::member, services::verify_by))
                .load(db.conn())?
        }
    };
    let unreadable = StorageError::Unreadable;
    rows.into_iter()
        .filter_map(|(id, member, at)| Some((id, member?, at?)))
        .map(|(id, member, at)| {
            Ok(RunningOut {
                service: id.parse().map_err(|_reason| unreadable("services.id"))?,
                member: member.parse().map_err(|_reason| unreadable("services.member"))?,
                at: Timestamp::from_micros(at),
            })
        })
        .collect()
}

/// Notes which reminder a provider had of an end that still stands. This is no change of the entry and makes no version.
pub(super) fn note_told(
    tx: &mut Tx<'_>,
    clock: Clock,
    due: &RunningOut,
    told: Told,
) -> Result<(), StorageError> {
    let (id, at, told) = (due.service.to_string(), due.at.micros(), told.number());
    // What its provider renewed meanwhile is reminded of anew.
    match clock {
        Clock::Availability => diesel::update(
            services::table.filter(services::id.eq(id).and(services::availability_until.eq(at))),
        )
        .set(services::availability_told.eq(told))
        .execute(tx.db().conn())?,
        Clock::Verification => {
            diesel::update(services::table.filter(services::id.eq(id).and(services::verify_by.eq(at))))
                .set(services::verify_told.eq(told))
                .execute(tx.db().conn())?
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn what_is_due_is_read_in_the_order_of_an_index() {
        for engine in ["sqlite", "postgres"] {
            let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let files = fs::read_dir(all).unwrap().map(|folder| folder.unwrap().path().join("up.sql"));
            let made = files.map(|file| fs::read_to_string(file).unwrap_or_default());
            let made = made.filter(|up| up.contains("CREATE INDEX services_by_due ON services")).last();
            assert!(made.unwrap().contains(&verify_by()), "{engine}: the index is on something else");
        }
    }
}
