//! The tables that memory is filled from.

use diesel::{prelude::*, sql_types::Text};

use super::segment::Body;
use crate::{
    directory::{Availability, Listing, Standing, Visibility, upkeep::LastCheck},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
    },
    storage::{
        Conn, Db, StorageError, natively, read,
        schema::directory::{directory_entered, directory_touched, services},
    },
};

/// How many services are read at once.
const AT_ONCE: i64 = 2_000;

/// How many ids stand in one statement.
const IDS_AT_ONCE: usize = 500;

/// Which services changed, and up to where that is all there will ever be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Touches {
    /// No change comes under a number as low as this any more.
    pub(super) floor: i64,
    /// Services that were changed or deleted under higher numbers than asked for, with the number, in order.
    pub(super) services: Vec<Touch>,
}

/// A service, and the number of its last change.
pub(super) type Touch = (String, i64);

diesel::define_sql_function! {
    /// The highest number below every transaction that still runs.
    fn directory_floor() -> BigInt;
}

diesel::define_sql_function! {
    /// The lowest number that no transaction has had. What a copy of another server's tables brought along may be higher, and is older than
    /// anything.
    fn directory_ceiling() -> BigInt;
}

/// The highest number under which nothing changes any more.
pub(super) fn floor(db: &mut Db<'_>) -> Result<i64, StorageError> {
    Ok(match db.conn() {
        Conn::Sqlite(conn) => {
            let last = directory_touched::table.select(diesel::dsl::max(directory_touched::touched));
            last.first::<Option<i64>>(conn)?.unwrap_or(0)
        }
        Conn::Postgres(conn) => diesel::select(directory_floor()).first(conn)?,
    })
}

/// What changed under numbers above one.
pub(super) fn touches(db: &mut Db<'_>, above: i64) -> Result<Touches, StorageError> {
    let changed = directory_touched::table
        .filter(directory_touched::touched.gt(above))
        .select((directory_touched::service, directory_touched::touched));
    let mut services: Vec<Touch> = match db.conn() {
        Conn::Sqlite(conn) => changed.load(conn)?,
        // Numbers are those of transactions: one that still runs may bring a lower one than was seen already.
        Conn::Postgres(conn) => diesel::select((FLOOR.into_sql::<Text>(), directory_floor()))
            .union_all(changed.filter(directory_touched::touched.lt(directory_ceiling())))
            .load(conn)?,
    };
    // One writer counts: what is behind the last number is not there yet.
    let last = services.iter().map(|(_, touched)| *touched).max();
    let of_all = services.iter().position(|(id, _)| id == FLOOR);
    let floor = match of_all {
        Some(place) => services.swap_remove(place).1,
        None => last.unwrap_or(above),
    };
    services.sort_unstable();
    Ok(Touches { floor, services })
}

/// What stands in the place of an id where a number is about all services. No id looks like this.
const FLOOR: &str = "floor";

/// A service, with what it is found by.
pub(super) struct Read {
    pub(super) id: ServiceId,
    pub(super) sort_key: String,
    pub(super) is_offered: bool,
    pub(super) visibility: Visibility,
    pub(super) standing: Standing,
    pub(super) member: Option<OrganisationId>,
    pub(super) code: Option<String>,
    pub(super) updated_at: i64,
    pub(super) verified_at: Option<i64>,
    pub(super) is_flagged: bool,
    /// From when on nobody should rely on its last verification.
    pub(super) stale_at: Option<i64>,
    pub(super) availability: Availability,
    pub(super) available_until: Option<Timestamp>,
    /// What was entered of it; empty when it waits to be entered.
    pub(super) body: Body,
}

#[derive(Queryable)]
struct ServiceRow {
    id: String,
    sort_key: String,
    status: String,
    visibility: String,
    standing: String,
    member: Option<String>,
    service_code: Option<String>,
    updated_at: i64,
    missing_since: Option<i64>,
    availability: String,
    availability_until: Option<i64>,
    verified_at: Option<i64>,
    verify_by: Option<i64>,
    flagged_at: Option<i64>,
    body: Option<String>,
}

impl ServiceRow {
    /// The service; nothing when its row cannot be understood: one such row is no reason to find nothing at all.
    fn read(self) -> Option<Read> {
        let id = self.id.clone();
        match self.into_read() {
            Ok(read) => Some(read),
            Err(error) => {
                tracing::error!(service = id, %error, "a service is left out of searches: its row cannot be read");
                None
            }
        }
    }

    fn into_read(self) -> Result<Read, StorageError> {
        let unreadable = StorageError::Unreadable;
        let moment = |at: Option<i64>| at.map(Timestamp::from_micros);
        let check = LastCheck::of(moment(self.verified_at), moment(self.verify_by));
        Ok(Read {
            id: read(&self.id, "services.id")?,
            sort_key: self.sort_key,
            is_offered: self.status == Listing::Active.name() && self.missing_since.is_none(),
            visibility: Visibility::from_name(&self.visibility).ok_or(unreadable("services.visibility"))?,
            standing: Standing::from_name(&self.standing).ok_or(unreadable("services.standing"))?,
            member: self.member.map(|member| read(&member, "services.member")).transpose()?,
            code: self.service_code,
            updated_at: self.updated_at,
            verified_at: self.verified_at,
            is_flagged: self.flagged_at.is_some(),
            stale_at: check.stale_at().map(Timestamp::micros),
            availability: Availability::from_name(&self.availability)
                .ok_or(unreadable("services.availability"))?,
            available_until: self.availability_until.map(Timestamp::from_micros),
            body: match self.body {
                Some(body) => {
                    serde_json::from_str(&body).map_err(|_reason| unreadable("directory_entered.body"))?
                }
                None => Body::default(),
            },
        })
    }
}

/// Services with what they are found by; what stands behind them is chosen by the caller.
macro_rules! entered {
    () => {
        services::table
            .left_join(directory_entered::table.on(directory_entered::service.eq(services::id)))
            .select((
                services::id,
                services::sort_key,
                services::status,
                services::visibility,
                services::standing,
                services::member,
                services::service_code,
                services::updated_at,
                services::missing_since,
                services::availability,
                services::availability_until,
                services::verified_at,
                services::verify_by,
                services::flagged_at,
                directory_entered::body.nullable(),
            ))
    };
}

/// Every service, in portions.
pub(super) fn all(db: &mut Db<'_>, mut take: impl FnMut(Read)) -> Result<(), StorageError> {
    let mut after = String::new();
    loop {
        let query = entered!().filter(services::id.gt(&after)).order(services::id).limit(AT_ONCE);
        let rows: Vec<ServiceRow> = natively!(db, conn => query.load(conn))?;
        let Some(last) = rows.last() else { return Ok(()) };
        after.clone_from(&last.id);
        rows.into_iter().filter_map(ServiceRow::read).for_each(&mut take);
    }
}

/// Services by their ids. Those that are not there any more are left out.
pub(super) fn these(db: &mut Db<'_>, ids: &[String], mut take: impl FnMut(Read)) -> Result<(), StorageError> {
    for ids in ids.chunks(IDS_AT_ONCE) {
        let query = entered!().filter(services::id.eq_any(ids));
        let rows: Vec<ServiceRow> = query.load(db.conn())?;
        rows.into_iter().filter_map(ServiceRow::read).for_each(&mut take);
    }
    Ok(())
}
