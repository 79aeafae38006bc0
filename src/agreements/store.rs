//! Rows of this room to types and back.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use super::{
    Agreement, AgreementError, Checked, Ending, State, StoppedFlow, SuspensionReason, Validity,
    sign::Signature,
};
use crate::{
    access::{AccessError, Tx},
    crypto::Kid,
    kernel::{
        Timestamp,
        id::{AgreementId, OrganisationId},
    },
    storage::{
        Conn, Db, StorageError, natively, read,
        schema::agreements::{agreement_flows, agreement_parties, agreement_signatures, agreements},
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = agreements)]
#[expect(clippy::struct_field_names, reason = "the fields are the columns")]
struct Row {
    id: String,
    version: i32,
    digest: String,
    drafted_by: String,
    valid_from: i64,
    valid_until: i64,
    review_months: i32,
    grace_days: i32,
    state: String,
    since: Option<i64>,
    in_force_since: Option<i64>,
    reviewed_at: Option<i64>,
    reason: Option<String>,
    suspended_by: Option<String>,
    notice_until: Option<i64>,
    superseded_by: Option<i32>,
    stopped_flows: String,
    row_version: i64,
}

fn count(number: i32, what: &'static str) -> Result<u32, StorageError> {
    u32::try_from(number).map_err(|_ignored| StorageError::Unreadable(what))
}

fn number(version: u32) -> Result<i32, StorageError> {
    i32::try_from(version).map_err(|_ignored| StorageError::Unreadable("agreements.version"))
}

impl Row {
    fn into_agreement(self, parties: Vec<OrganisationId>) -> Result<Agreement, StorageError> {
        let state = self.state()?;
        Ok(Agreement {
            id: read(&self.id, "agreements.id")?,
            version: count(self.version, "agreements.version")?,
            digest: read(&self.digest, "agreements.digest")?,
            drafted_by: read(&self.drafted_by, "agreements.drafted_by")?,
            parties,
            validity: Validity {
                from: Timestamp::from_micros(self.valid_from),
                until: Timestamp::from_micros(self.valid_until),
                review_months: count(self.review_months, "agreements.review_months")?,
                grace_days: count(self.grace_days, "agreements.grace_days")?,
            },
            state,
            suspended_by: self.suspended_by.map(|id| read(&id, "agreements.suspended_by")).transpose()?,
            stopped: serde_json::from_str(&self.stopped_flows)
                .map_err(|_ignored| StorageError::Unreadable("agreements.stopped_flows"))?,
            row_version: self.row_version,
        })
    }

    fn state(&self) -> Result<State, StorageError> {
        let wrong = || StorageError::Unreadable("agreements.state");
        let moment = |micros: Option<i64>| micros.map(Timestamp::from_micros).ok_or_else(wrong);
        if self.state == State::Draft.name() {
            return Ok(State::Draft);
        }
        let since = moment(self.since)?;
        Ok(match self.state.as_str() {
            "offered" => State::Offered { since },
            "signed" => State::Signed { since },
            "in_force" => {
                State::InForce { since: moment(self.in_force_since)?, reviewed: moment(self.reviewed_at)? }
            }
            "suspended" => State::Suspended {
                since,
                reason: self.reason.as_deref().and_then(SuspensionReason::named).ok_or_else(wrong)?,
                in_force: moment(self.in_force_since)?,
                reviewed: moment(self.reviewed_at)?,
            },
            "terminated" => State::Terminated {
                since,
                ending: self
                    .notice_until
                    .map_or(Ending::Breach, |until| Ending::Notice { until: Timestamp::from_micros(until) }),
            },
            "expired" => State::Expired { since },
            "superseded" => State::Superseded {
                since,
                by: count(self.superseded_by.ok_or_else(wrong)?, "agreements.superseded_by")?,
            },
            _ => return Err(wrong()),
        })
    }
}

/// The columns of a state.
#[derive(Default)]
struct Columns {
    since: Option<Timestamp>,
    in_force: Option<Timestamp>,
    reviewed: Option<Timestamp>,
    reason: Option<SuspensionReason>,
    notice_until: Option<Timestamp>,
    superseded_by: Option<u32>,
}

impl Columns {
    fn of(state: &State) -> Self {
        match *state {
            State::Draft => Self::default(),
            State::Offered { since } | State::Signed { since } | State::Expired { since } => {
                Self { since: Some(since), ..Self::default() }
            }
            State::InForce { since, reviewed } => Self {
                since: Some(since),
                in_force: Some(since),
                reviewed: Some(reviewed),
                ..Self::default()
            },
            State::Suspended { since, reason, in_force, reviewed } => Self {
                since: Some(since),
                in_force: Some(in_force),
                reviewed: Some(reviewed),
                reason: Some(reason),
                ..Self::default()
            },
            State::Terminated { since, ending } => Self {
                since: Some(since),
                notice_until: match ending {
                    Ending::Notice { until } => Some(until),
                    Ending::Breach => None,
                },
                ..Self::default()
            },
            State::Superseded { since, by } => {
                Self { since: Some(since), superseded_by: Some(by), ..Self::default() }
            }
        }
    }
}

fn parties(db: &mut Db<'_>, id: &str, version: i32) -> Result<Vec<OrganisationId>, StorageError> {
    let rows: Vec<String> = agreement_parties::table
        .filter(agreement_parties::agreement.eq(id).and(agreement_parties::version.eq(version)))
        .order(agreement_parties::organisation)
        .select(agreement_parties::organisation)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "agreement_parties.organisation")).collect()
}

/// The version of an agreement whose parties may be known by the digest of its document; they are read when they are not.
pub(super) fn find_knowing(
    db: &mut Db<'_>,
    id: AgreementId,
    version: u32,
    known: impl FnOnce(&str) -> Option<Vec<OrganisationId>>,
) -> Result<Option<Agreement>, AgreementError> {
    // What no column can hold is not there.
    let Ok(version) = number(version) else { return Ok(None) };
    let found =
        agreements::table.filter(agreements::id.eq(id.to_string()).and(agreements::version.eq(version)));
    let row: Option<Row> = natively!(db, conn => found.select(Row::as_select()).first(conn))
        .optional()
        .map_err(StorageError::from)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(match known(&row.digest) {
        Some(parties) => row.into_agreement(parties)?,
        None => with_parties(db, row)?,
    }))
}

fn with_parties(db: &mut Db<'_>, row: Row) -> Result<Agreement, StorageError> {
    let parties = parties(db, &row.id, row.version)?;
    row.into_agreement(parties)
}

pub(super) fn find_optional(
    db: &mut Db<'_>,
    id: AgreementId,
    version: u32,
) -> Result<Option<Agreement>, AgreementError> {
    find_knowing(db, id, version, |_digest| None)
}

pub(super) fn find(db: &mut Db<'_>, id: AgreementId, version: u32) -> Result<Agreement, AgreementError> {
    find_optional(db, id, version)?.ok_or_else(|| AccessError::NotFound.into())
}

pub(super) fn document(db: &mut Db<'_>, id: AgreementId, version: u32) -> Result<Vec<u8>, AgreementError> {
    Ok(agreements::table
        .filter(agreements::id.eq(id.to_string()).and(agreements::version.eq(number(version)?)))
        .select(agreements::document)
        .first(db.conn())
        .map_err(StorageError::from)?)
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    agreement: &Agreement,
    checked: &Checked,
) -> Result<(), AgreementError> {
    let (id, version) = (agreement.id.to_string(), number(agreement.version)?);
    let audit = tx.entry().to_string();
    let row = (
        agreements::id.eq(&id),
        agreements::version.eq(version),
        agreements::digest.eq(agreement.digest.to_string()),
        agreements::document.eq(checked.bytes()),
        agreements::drafted_by.eq(agreement.drafted_by.to_string()),
        agreements::valid_from.eq(agreement.validity.from.micros()),
        agreements::valid_until.eq(agreement.validity.until.micros()),
        agreements::review_months.eq(number(agreement.validity.review_months)?),
        agreements::grace_days.eq(number(agreement.validity.grace_days)?),
        agreements::state.eq(agreement.state.name()),
        agreements::stopped_flows.eq(stopped(&agreement.stopped)?),
        agreements::row_version.eq(agreement.row_version),
        agreements::audit_id.eq(audit),
    );
    let inserted = tx.savepoint(|db| {
        diesel::insert_into(agreements::table).values(row).execute(db.conn()).map_err(StorageError::from)
    });
    match inserted {
        Ok(_) => {}
        // Somebody drafted the same version, or the same bytes, a moment ago.
        Err(StorageError::Duplicate(_)) => return Err(AgreementError::VersionTaken),
        Err(error) => return Err(error.into()),
    }
    for party in &agreement.parties {
        diesel::insert_into(agreement_parties::table)
            .values((
                agreement_parties::agreement.eq(&id),
                agreement_parties::version.eq(version),
                agreement_parties::organisation.eq(party.to_string()),
            ))
            .execute(tx.db().conn())
            .map_err(StorageError::from)?;
    }
    for flow in &checked.document().flows {
        diesel::insert_into(agreement_flows::table)
            .values((
                agreement_flows::agreement.eq(&id),
                agreement_flows::version.eq(version),
                agreement_flows::discloses.eq(flow.from.to_string()),
                agreement_flows::receives.eq(flow.to.to_string()),
            ))
            .execute(tx.db().conn())
            .map_err(StorageError::from)?;
    }
    Ok(())
}

fn stopped(flows: &[StoppedFlow]) -> Result<String, StorageError> {
    serde_json::to_string(flows).map_err(|_ignored| StorageError::Unreadable("agreements.stopped_flows"))
}

/// Takes a draft away, to put a better one in its place.
pub(super) fn remove_draft(tx: &mut Tx<'_>, was: &Agreement) -> Result<(), AgreementError> {
    let (id, version) = (was.id.to_string(), number(was.version)?);
    let conn = tx.db().conn();
    diesel::delete(
        agreement_flows::table
            .filter(agreement_flows::agreement.eq(&id).and(agreement_flows::version.eq(version))),
    )
    .execute(conn)
    .map_err(StorageError::from)?;
    diesel::delete(
        agreement_parties::table
            .filter(agreement_parties::agreement.eq(&id).and(agreement_parties::version.eq(version))),
    )
    .execute(conn)
    .map_err(StorageError::from)?;
    let removed = diesel::delete(
        agreements::table
            .filter(agreements::id.eq(&id).and(agreements::version.eq(version)))
            .filter(agreements::state.eq(State::Draft.name()))
            .filter(agreements::row_version.eq(was.row_version)),
    )
    .execute(conn)
    .map_err(StorageError::from)?;
    if removed == 1 { Ok(()) } else { Err(StorageError::Conflict.into()) }
}

/// Writes the state, naming the version it was read at.
pub(super) fn advance(tx: &mut Tx<'_>, now: Agreement) -> Result<Agreement, AgreementError> {
    let next = now.row_version.saturating_add(1);
    let columns = Columns::of(&now.state);
    let micros = |moment: Option<Timestamp>| moment.map(Timestamp::micros);
    let audit = tx.entry().to_string();
    let changed = diesel::update(
        agreements::table
            .filter(agreements::id.eq(now.id.to_string()).and(agreements::version.eq(number(now.version)?)))
            .filter(agreements::row_version.eq(now.row_version)),
    )
    .set((
        agreements::state.eq(now.state.name()),
        agreements::since.eq(micros(columns.since)),
        agreements::in_force_since.eq(micros(columns.in_force)),
        agreements::reviewed_at.eq(micros(columns.reviewed)),
        agreements::reason.eq(columns.reason.map(SuspensionReason::name)),
        agreements::suspended_by.eq(now.suspended_by.map(|id| id.to_string())),
        agreements::notice_until.eq(micros(columns.notice_until)),
        agreements::superseded_by.eq(columns.superseded_by.map(number).transpose()?),
        agreements::stopped_flows.eq(stopped(&now.stopped)?),
        agreements::row_version.eq(next),
        agreements::audit_id.eq(audit),
    ))
    .execute(tx.db().conn())
    .map_err(StorageError::from)?;
    if changed == 1 { Ok(Agreement { row_version: next, ..now }) } else { Err(StorageError::Conflict.into()) }
}

/// Adds a signature and answers who has signed.
pub(super) fn add_signature(
    tx: &mut Tx<'_>,
    agreement: &Agreement,
    signature: &Signature,
) -> Result<BTreeSet<OrganisationId>, AgreementError> {
    let (id, version) = (agreement.id.to_string(), number(agreement.version)?);
    let audit = tx.entry().to_string();
    let row = (
        agreement_signatures::agreement.eq(&id),
        agreement_signatures::version.eq(version),
        agreement_signatures::organisation.eq(signature.organisation.to_string()),
        agreement_signatures::kid.eq(&signature.kid),
        agreement_signatures::token.eq(&signature.token),
        agreement_signatures::signatory.eq(&signature.signatory),
        agreement_signatures::office.eq(&signature.office),
        agreement_signatures::authority.eq(&signature.authority),
        agreement_signatures::signed_at.eq(signature.at.micros()),
        agreement_signatures::audit_id.eq(audit),
    );
    let inserted = tx.savepoint(|db| {
        diesel::insert_into(agreement_signatures::table)
            .values(row)
            .execute(db.conn())
            .map_err(StorageError::from)
    });
    match inserted {
        Ok(_) => {}
        Err(StorageError::Duplicate(_)) => return Err(AgreementError::SignedAlready),
        Err(error) => return Err(error.into()),
    }
    let signed: Vec<String> = agreement_signatures::table
        .filter(agreement_signatures::agreement.eq(&id).and(agreement_signatures::version.eq(version)))
        .select(agreement_signatures::organisation)
        .load(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(signed.iter().map(|id| read(id, "agreement_signatures.organisation")).collect::<Result<_, _>>()?)
}

pub(super) fn forget_signatures(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<(), AgreementError> {
    let of_it = agreement_signatures::agreement
        .eq(agreement.id.to_string())
        .and(agreement_signatures::version.eq(number(agreement.version)?));
    diesel::delete(agreement_signatures::table.filter(of_it))
        .execute(tx.db().conn())
        .map_err(StorageError::from)?;
    Ok(())
}

/// Who signed a version with which key, and when.
pub(super) fn signed_with(
    db: &mut Db<'_>,
    id: AgreementId,
    version: u32,
) -> Result<Vec<(OrganisationId, Kid, Timestamp)>, AgreementError> {
    let version = number(version)?;
    let signed =
        (agreement_signatures::organisation, agreement_signatures::kid, agreement_signatures::signed_at);
    let query = agreement_signatures::table
        .filter(agreement_signatures::agreement.eq(id.to_string()))
        .filter(agreement_signatures::version.eq(version))
        .select(signed);
    let rows: Vec<(String, String, i64)> =
        natively!(db, conn => query.load(conn)).map_err(StorageError::from)?;
    rows.into_iter()
        .map(|(party, kid, at)| {
            let party = read(&party, "agreement_signatures.organisation")?;
            Ok((party, read(&kid, "agreement_signatures.kid")?, Timestamp::from_micros(at)))
        })
        .collect()
}

pub(super) fn signatures(
    db: &mut Db<'_>,
    id: AgreementId,
    version: u32,
) -> Result<Vec<Signature>, AgreementError> {
    type Signed = (String, String, String, String, String, String, i64);
    let rows: Vec<Signed> = agreement_signatures::table
        .filter(agreement_signatures::agreement.eq(id.to_string()))
        .filter(agreement_signatures::version.eq(number(version)?))
        .order(agreement_signatures::signed_at)
        .select((
            agreement_signatures::organisation,
            agreement_signatures::kid,
            agreement_signatures::token,
            agreement_signatures::signatory,
            agreement_signatures::office,
            agreement_signatures::authority,
            agreement_signatures::signed_at,
        ))
        .load(db.conn())
        .map_err(StorageError::from)?;
    rows.into_iter()
        .map(|(organisation, kid, token, signatory, office, authority, at)| {
            Ok(Signature {
                organisation: read(&organisation, "agreement_signatures.organisation")?,
                kid,
                token,
                signatory,
                office,
                authority,
                at: Timestamp::from_micros(at),
            })
        })
        .collect()
}

pub(super) fn has_flow(
    db: &mut Db<'_>,
    agreement: &Agreement,
    from: OrganisationId,
    to: OrganisationId,
) -> Result<bool, AgreementError> {
    let found: i64 = agreement_flows::table
        .filter(
            agreement_flows::discloses.eq(from.to_string()).and(agreement_flows::receives.eq(to.to_string())),
        )
        .filter(agreement_flows::agreement.eq(agreement.id.to_string()))
        .filter(agreement_flows::version.eq(number(agreement.version)?))
        .count()
        .get_result(db.conn())
        .map_err(StorageError::from)?;
    Ok(found > 0)
}

/// The versions before this one.
pub(super) fn older_versions(
    db: &mut Db<'_>,
    id: AgreementId,
    version: u32,
) -> Result<Vec<Agreement>, AgreementError> {
    let rows: Vec<Row> = agreements::table
        .filter(agreements::id.eq(id.to_string()).and(agreements::version.lt(number(version)?)))
        .order(agreements::version)
        .select(Row::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(|row| with_parties(db, row)).collect::<Result<_, _>>()?)
}

/// What the calendar makes due.
pub(super) fn due(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<Agreement>, AgreementError> {
    let begins = agreements::state.eq("signed").and(agreements::valid_from.le(now.micros()));
    let ends = agreements::state
        .eq_any(["offered", "signed", "in_force", "suspended"])
        .and(agreements::valid_until.le(now.micros()));
    let rows: Vec<Row> = agreements::table
        .filter(begins.or(ends))
        .order((agreements::id, agreements::version))
        .limit(limit)
        .select(Row::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(|row| with_parties(db, row)).collect::<Result<_, _>>()?)
}

/// What was suspended or ended since a moment.
pub(super) fn stopped_since(db: &mut Db<'_>, since: Timestamp) -> Result<Vec<Agreement>, AgreementError> {
    let rows: Vec<Row> = agreements::table
        .filter(agreements::state.eq_any(["suspended", "terminated", "expired"]))
        .filter(agreements::since.ge(since.micros()))
        .order((agreements::id, agreements::version))
        .select(Row::as_select())
        .load(db.conn())
        .map_err(StorageError::from)?;
    Ok(rows.into_iter().map(|row| with_parties(db, row)).collect::<Result<_, _>>()?)
}

/// What took effect and covers a direction, newest version first.
pub(super) fn in_force_between(
    db: &mut Db<'_>,
    from: OrganisationId,
    to: OrganisationId,
) -> Result<Vec<Agreement>, AgreementError> {
    let of_pair: Vec<(String, i32)> = agreement_flows::table
        .filter(
            agreement_flows::discloses.eq(from.to_string()).and(agreement_flows::receives.eq(to.to_string())),
        )
        .order((agreement_flows::agreement, agreement_flows::version.desc()))
        .limit(100)
        .select((agreement_flows::agreement, agreement_flows::version))
        .load(db.conn())
        .map_err(StorageError::from)?;
    let mut found = Vec::new();
    for (id, version) in of_pair {
        let row: Option<Row> = agreements::table
            .filter(agreements::id.eq(&id).and(agreements::version.eq(version)))
            .filter(agreements::state.eq_any(["in_force", "suspended"]))
            .select(Row::as_select())
            .first(db.conn())
            .optional()
            .map_err(StorageError::from)?;
        if let Some(row) = row {
            found.push(with_parties(db, row)?);
        }
    }
    Ok(found)
}

/// A place in the list: id and version, sortable as text.
pub(super) fn place(id: AgreementId, version: u32) -> String {
    format!("{id}/{version:04}")
}

/// Which versions a list holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Among<'a> {
    /// Those after a place, by id and version.
    After(Option<&'a str>),
    /// Those that ask for something: drafts, offers, what is suspended or stopped in part, and what ends by this moment. What ends first
    /// comes first.
    Pressing(Timestamp),
    /// Those that end by a moment or have ended since another, behind a place of such a list. What ends first comes first.
    Ending { since: Timestamp, soon: Timestamp, after: Option<(i64, &'a str, i32)> },
}

/// What a list shows of a version beside where it stands.
pub(super) struct Listed {
    pub(super) agreement: Agreement,
    pub(super) document: Vec<u8>,
    pub(super) signed: BTreeSet<OrganisationId>,
}

/// A statement on agreements that is still being put together.
type Query = agreements::BoxedQuery<'static, <Conn as Connection>::Backend>;

/// The versions that an organisation may see, or everybody's.
fn visible(of: Option<OrganisationId>, among: Among<'_>, limit: i64) -> Query {
    let mut query = agreements::table.into_boxed().limit(limit);
    query = match among {
        Among::After(after) => {
            let (after_id, after_version) = after
                .and_then(|place| place.split_once('/'))
                .and_then(|(id, version)| Some((id.to_owned(), version.parse::<i32>().ok()?)))
                .unwrap_or_default();
            let beyond = agreements::id
                .gt(after_id.clone())
                .or(agreements::id.eq(after_id).and(agreements::version.gt(after_version)));
            query.filter(beyond).order((agreements::id, agreements::version))
        }
        Among::Pressing(ends) => {
            let open = agreements::state.eq_any(["draft", "offered", "suspended"]);
            let partly = agreements::valid_until.le(ends.micros()).or(agreements::stopped_flows.ne("[]"));
            let soon = agreements::state.eq("in_force").and(partly);
            let order = (agreements::valid_until, agreements::id, agreements::version);
            query.filter(open.or(soon)).order(order)
        }
        Among::Ending { since, soon, after } => {
            let ends = agreements::state
                .eq_any(["in_force", "suspended"])
                .and(agreements::valid_until.le(soon.micros()));
            let ended = agreements::state.eq("expired").and(agreements::valid_until.ge(since.micros()));
            let order = (agreements::valid_until, agreements::id, agreements::version);
            let (until, id, version) = after.unwrap_or((i64::MIN, "", 0));
            let beyond = agreements::id
                .gt(id.to_owned())
                .or(agreements::id.eq(id.to_owned()).and(agreements::version.gt(version)));
            let further = agreements::valid_until.eq(until).and(beyond);
            query.filter(ends.or(ended)).filter(agreements::valid_until.gt(until).or(further)).order(order)
        }
    };
    match of {
        Some(organisation) => {
            let organisation = organisation.to_string();
            let theirs = agreement_parties::table
                .filter(agreement_parties::organisation.eq(organisation.clone()))
                .filter(agreement_parties::agreement.eq(agreements::id))
                .filter(agreement_parties::version.eq(agreements::version))
                .select(agreement_parties::agreement);
            query
                .filter(diesel::dsl::exists(theirs))
                .filter(agreements::state.ne(State::Draft.name()).or(agreements::drafted_by.eq(organisation)))
        }
        None => query.filter(agreements::state.ne(State::Draft.name())),
    }
}

pub(super) fn list(
    db: &mut Db<'_>,
    of: Option<OrganisationId>,
    among: Among<'_>,
    limit: i64,
) -> Result<Vec<Agreement>, AgreementError> {
    let query = visible(of, among, limit).select(Row::as_select());
    let rows: Vec<Row> = query.load(db.conn()).map_err(StorageError::from)?;
    let mut parties = parties_of(db, rows.iter().map(|row| row.id.clone()))?;
    let agreement = |row: Row| {
        let theirs = parties.remove(&(row.id.clone(), row.version)).unwrap_or_default();
        row.into_agreement(theirs)
    };
    Ok(rows.into_iter().map(agreement).collect::<Result<_, _>>()?)
}

/// The same with what a list says of each: one statement for the versions, one for their parties, one for their signatures.
pub(super) fn listed(
    db: &mut Db<'_>,
    of: Option<OrganisationId>,
    among: Among<'_>,
    limit: i64,
) -> Result<Vec<Listed>, AgreementError> {
    let query = visible(of, among, limit).select((Row::as_select(), agreements::document));
    let rows: Vec<(Row, Vec<u8>)> = query.load(db.conn()).map_err(StorageError::from)?;
    let ids = || rows.iter().map(|(row, _)| row.id.clone());
    let (mut parties, mut signed) = (parties_of(db, ids())?, signed_of(db, ids())?);
    let listed = |(row, document): (Row, Vec<u8>)| {
        let version = (row.id.clone(), row.version);
        let signed = signed.remove(&version).unwrap_or_default().into_iter().collect();
        let agreement = row.into_agreement(parties.remove(&version).unwrap_or_default())?;
        Ok::<_, StorageError>(Listed { agreement, document, signed })
    };
    Ok(rows.into_iter().map(listed).collect::<Result<_, _>>()?)
}

type ByVersion = HashMap<(String, i32), Vec<OrganisationId>>;

/// The parties of every version of these agreements, in their order.
fn parties_of(db: &mut Db<'_>, ids: impl Iterator<Item = String>) -> Result<ByVersion, StorageError> {
    let rows = agreement_parties::table
        .filter(agreement_parties::agreement.eq_any(ids.collect::<BTreeSet<_>>()))
        .order(agreement_parties::organisation)
        .select((agreement_parties::agreement, agreement_parties::version, agreement_parties::organisation))
        .load(db.conn())?;
    by_version(rows, "agreement_parties.organisation")
}

/// Who signed every version of these agreements.
fn signed_of(db: &mut Db<'_>, ids: impl Iterator<Item = String>) -> Result<ByVersion, StorageError> {
    let signed =
        (agreement_signatures::agreement, agreement_signatures::version, agreement_signatures::organisation);
    let rows = agreement_signatures::table
        .filter(agreement_signatures::agreement.eq_any(ids.collect::<BTreeSet<_>>()))
        .select(signed)
        .load(db.conn())?;
    by_version(rows, "agreement_signatures.organisation")
}

fn by_version(rows: Vec<(String, i32, String)>, what: &'static str) -> Result<ByVersion, StorageError> {
    let mut found = ByVersion::new();
    for (id, version, organisation) in rows {
        found.entry((id, version)).or_default().push(read(&organisation, what)?);
    }
    Ok(found)
}
