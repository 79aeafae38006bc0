//! Rows of this room to types and back.

use diesel::{
    prelude::*,
    sql_types::{Binary, Integer},
};

use super::{
    PacketError, PacketKind, ReceiptEvent, VerifiedPacket,
    deliver::{Handed, Waiting},
    disclosed::DisclosedTo,
};
use crate::{
    access::{AccessError, Tx},
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, PacketId, ReferralId},
    },
    storage::{
        Db, StorageError, natively, read,
        schema::packets::{packet_bodies, packet_recipients, packets},
    },
};

/// A packet as the hub keeps it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) id: PacketId,
    pub(super) issuer: OrganisationId,
    pub(super) referral: ReferralId,
    pub(super) envelope: String,
    pub(super) digest: Digest,
    pub(super) receipt: String,
    pub(super) received: Timestamp,
    pub(super) purged: Option<Timestamp>,
}

type Columns = (String, String, String, String, String, String, i64, Option<i64>);

/// What is read of a packet, in the order of [`Columns`].
const COLUMNS: (
    packets::id,
    packets::issuer,
    packets::referral,
    packets::envelope,
    packets::envelope_digest,
    packets::receipt,
    packets::received_at,
    packets::purged_at,
) = (
    packets::id,
    packets::issuer,
    packets::referral,
    packets::envelope,
    packets::envelope_digest,
    packets::receipt,
    packets::received_at,
    packets::purged_at,
);

impl Row {
    fn of(
        (id, issuer, referral, envelope, digest, receipt, received, purged): Columns,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            id: read(&id, "packets.id")?,
            issuer: read(&issuer, "packets.issuer")?,
            referral: read(&referral, "packets.referral")?,
            envelope,
            digest: read(&digest, "packets.envelope_digest")?,
            receipt,
            received: Timestamp::from_micros(received),
            purged: purged.map(Timestamp::from_micros),
        })
    }
}

pub(super) fn find(db: &mut Db<'_>, id: PacketId) -> Result<Option<Row>, StorageError> {
    let query = packets::table.filter(packets::id.eq(id.to_string())).select(COLUMNS);
    let row: Option<Columns> = natively!(db, conn => query.first(conn)).optional()?;
    row.map(Row::of).transpose()
}

/// Packets after an id, by id.
pub(super) fn after(db: &mut Db<'_>, after: &str, limit: i64) -> Result<Vec<Row>, StorageError> {
    let rows: Vec<Columns> = packets::table
        .filter(packets::id.gt(after))
        .order(packets::id)
        .limit(limit)
        .select(COLUMNS)
        .load(db.conn())?;
    rows.into_iter().map(Row::of).collect()
}

/// What is kept of a packet beside itself.
pub(super) struct NewRow<'a> {
    /// The node's receipt.
    pub(super) receipt: &'a str,
    /// When its ciphertext goes at the latest.
    pub(super) purge_at: Timestamp,
    /// Everything but the envelope.
    pub(super) body: &'a [u8],
    /// Packets sent in its direction before it on the same day.
    pub(super) sent_before: u32,
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    packet: &VerifiedPacket,
    kept: &NewRow<'_>,
) -> Result<(), StorageError> {
    let envelope = packet.envelope();
    let (id, audit) = (envelope.jti.to_string(), tx.entry().to_string());
    let insert = diesel::insert_into(packets::table).values((
        packets::id.eq(&id),
        packets::issuer.eq(envelope.iss.to_string()),
        packets::kind.eq(envelope.kind.name()),
        packets::referral.eq(envelope.referral.to_string()),
        packets::envelope.eq(packet.envelope_token()),
        packets::envelope_digest.eq(packet.envelope_digest().to_string()),
        packets::manifest_digest.eq(envelope.manifest.to_string()),
        packets::receipt.eq(kept.receipt),
        packets::received_at.eq(packet.received().micros()),
        packets::expires_at.eq(envelope.expires().micros()),
        packets::purge_at.eq(kept.purge_at.micros()),
        packets::audit_id.eq(audit),
    ));
    natively!(tx.db(), conn => insert.execute(conn))?;
    let insert = diesel::insert_into(packet_bodies::table)
        .values((packet_bodies::packet.eq(&id), packet_bodies::body.eq(kept.body)));
    natively!(tx.db(), conn => insert.execute(conn))?;
    let day = day_of(packet.received());
    for recipient in &envelope.aud {
        let insert = diesel::insert_into(packet_recipients::table).values((
            packet_recipients::packet.eq(&id),
            packet_recipients::organisation.eq(recipient.to_string()),
            packet_recipients::sender.eq(envelope.iss.to_string()),
            packet_recipients::day.eq(day),
            packet_recipients::ordinal.eq(i64::from(kept.sent_before).saturating_add(1)),
        ));
        natively!(tx.db(), conn => insert.execute(conn))?;
    }
    Ok(())
}

/// The day of a moment, UTC, in days since 1970.
fn day_of(at: Timestamp) -> i64 {
    at.seconds().div_euclid(86_400)
}

/// The highest number a packet from one organisation to another has on the day of this moment. Two taken at the same moment on
/// PostgreSQL may have the same number: the count may be short by as many as there are writers.
pub(super) fn sent_on(
    db: &mut Db<'_>,
    from: OrganisationId,
    to: OrganisationId,
    at: Timestamp,
) -> Result<i64, StorageError> {
    let query = packet_recipients::table
        .filter(packet_recipients::sender.eq(from.to_string()))
        .filter(packet_recipients::organisation.eq(to.to_string()))
        .filter(packet_recipients::day.eq(day_of(at)))
        .order(packet_recipients::ordinal.desc())
        .select(packet_recipients::ordinal);
    let highest: Option<i64> = natively!(db, conn => query.first(conn)).optional()?;
    Ok(highest.unwrap_or_default())
}

pub(super) fn body(db: &mut Db<'_>, id: PacketId) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(packet_bodies::table
        .filter(packet_bodies::packet.eq(id.to_string()))
        .select(packet_bodies::body)
        .first(db.conn())
        .optional()?)
}

/// The first bytes of a body.
pub(super) fn body_up_to(db: &mut Db<'_>, id: PacketId, most: i32) -> Result<Option<Vec<u8>>, StorageError> {
    Ok(packet_bodies::table
        .filter(packet_bodies::packet.eq(id.to_string()))
        .select(substr(packet_bodies::body, 1, most))
        .first(db.conn())
        .optional()?)
}

diesel::define_sql_function! {
    /// So many bytes from a place on, counted from 1.
    fn substr(bytes: Binary, from: Integer, most: Integer) -> Binary;
}

/// Where a packet stands for an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is not addressed to it.
    NotForIt,
    /// It waits to be fetched.
    Waiting,
    /// It was fetched before.
    Fetched,
}

/// Where a packet stands for this organisation.
pub(super) fn standing(
    db: &mut Db<'_>,
    id: PacketId,
    organisation: OrganisationId,
) -> Result<Standing, StorageError> {
    let row: Option<Option<i64>> = packet_recipients::table
        .filter(packet_recipients::packet.eq(id.to_string()))
        .filter(packet_recipients::organisation.eq(organisation.to_string()))
        .select(packet_recipients::delivered_at)
        .first(db.conn())
        .optional()?;
    Ok(match row {
        None => Standing::NotForIt,
        Some(None) => Standing::Waiting,
        Some(Some(_)) => Standing::Fetched,
    })
}

pub(super) fn set_delivered(
    tx: &mut Tx<'_>,
    id: PacketId,
    organisation: OrganisationId,
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    diesel::update(
        packet_recipients::table
            .filter(packet_recipients::packet.eq(id.to_string()))
            .filter(packet_recipients::organisation.eq(organisation.to_string()))
            .filter(packet_recipients::delivered_at.is_null()),
    )
    .set((packet_recipients::delivered_at.eq(now), packet_recipients::held.eq(None::<String>)))
    .execute(tx.db().conn())?;
    Ok(())
}

/// Keeps why a packet is held back from an organisation that has not got it. Answers whether that is new.
pub(super) fn set_held(
    tx: &mut Tx<'_>,
    id: PacketId,
    organisation: OrganisationId,
    why: &str,
) -> Result<bool, StorageError> {
    let changed = diesel::update(
        packet_recipients::table
            .filter(packet_recipients::packet.eq(id.to_string()))
            .filter(packet_recipients::organisation.eq(organisation.to_string()))
            .filter(packet_recipients::delivered_at.is_null())
            .filter(packet_recipients::held.is_null().or(packet_recipients::held.ne(why))),
    )
    .set(packet_recipients::held.eq(why))
    .execute(tx.db().conn())?;
    Ok(changed > 0)
}

/// Why a packet is held back, if it is: what was kept of it last.
pub(super) fn held(db: &mut Db<'_>, id: PacketId) -> Result<Option<String>, StorageError> {
    Ok(packet_recipients::table
        .filter(packet_recipients::packet.eq(id.to_string()))
        .filter(packet_recipients::held.is_not_null())
        .order(packet_recipients::organisation)
        .select(packet_recipients::held.assume_not_null())
        .first(db.conn())
        .optional()?)
}

/// What of a referral is held back of what this organisation handed in, oldest first, each with why.
pub(super) fn held_of(
    db: &mut Db<'_>,
    referral: ReferralId,
    issuer: OrganisationId,
) -> Result<Vec<(PacketId, String)>, StorageError> {
    let rows: Vec<(String, String)> = packet_recipients::table
        .inner_join(packets::table.on(packets::id.eq(packet_recipients::packet)))
        .filter(packets::referral.eq(referral.to_string()).and(packets::issuer.eq(issuer.to_string())))
        .filter(packet_recipients::held.is_not_null().and(packets::purged_at.is_null()))
        .order((packets::id, packet_recipients::organisation))
        .select((packets::id, packet_recipients::held.assume_not_null()))
        .load(db.conn())?;
    rows.into_iter().map(|(id, why)| Ok((read(&id, "packets.id")?, why))).collect()
}

/// Packets waiting for an organisation, oldest first.
pub(super) fn waiting(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Waiting>, StorageError> {
    let rows: Vec<(String, String, String, String, i64, i64)> = packet_recipients::table
        .inner_join(packets::table.on(packets::id.eq(packet_recipients::packet)))
        .filter(packet_recipients::organisation.eq(organisation.to_string()))
        .filter(packet_recipients::delivered_at.is_null().and(packets::purged_at.is_null()))
        .filter(packet_recipients::packet.gt(after.unwrap_or_default()))
        .order(packet_recipients::packet)
        .limit(limit)
        .select((
            packets::id,
            packets::referral,
            packets::issuer,
            packets::kind,
            packets::received_at,
            packets::expires_at,
        ))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(id, referral, sender, kind, received, expires)| {
            Ok(Waiting {
                id: read(&id, "packets.id")?,
                referral: read(&referral, "packets.referral")?,
                sender: read(&sender, "packets.issuer")?,
                kind: PacketKind::named(&kind).ok_or(StorageError::Unreadable("packets.kind"))?,
                received: Timestamp::from_micros(received),
                expires: Timestamp::from_micros(expires),
            })
        })
        .collect()
}

/// Whether a packet was handed in as this one, takes nothing back, and reached its recipient or still can.
pub(super) fn is_handed_in(
    db: &mut Db<'_>,
    id: PacketId,
    Handed { referral, from, since }: Handed,
) -> Result<bool, StorageError> {
    let found: Option<String> = packets::table
        .inner_join(packet_recipients::table.on(packets::id.eq(packet_recipients::packet)))
        .filter(packets::id.eq(id.to_string()))
        .filter(packets::referral.eq(referral.to_string()).and(packets::issuer.eq(from.to_string())))
        .filter(packets::kind.ne(PacketKind::Withdraw.name()))
        .filter(packets::received_at.ge(since.micros()))
        .filter(packets::purged_at.is_null().or(packet_recipients::delivered_at.is_not_null()))
        .select(packets::id)
        .first(db.conn())
        .optional()?;
    Ok(found.is_some())
}

/// Whether anything of a referral has been fetched by this organisation, beside a packet where one is named.
pub(super) fn has_fetched(
    db: &mut Db<'_>,
    (referral, organisation): (ReferralId, OrganisationId),
    beside: Option<PacketId>,
) -> Result<bool, StorageError> {
    let mut query = packet_recipients::table
        .inner_join(packets::table.on(packets::id.eq(packet_recipients::packet)))
        .filter(packets::referral.eq(referral.to_string()))
        .filter(packet_recipients::organisation.eq(organisation.to_string()))
        .filter(packet_recipients::delivered_at.is_not_null())
        .select(packet_recipients::packet)
        .into_boxed();
    if let Some(beside) = beside {
        query = query.filter(packet_recipients::packet.ne(beside.to_string()));
    }
    let found: Option<String> = query.first(db.conn()).optional()?;
    Ok(found.is_some())
}

/// The packets of a referral with what is kept of them, oldest first.
pub(super) fn rows_of(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<Row>, StorageError> {
    let rows: Vec<Columns> = packets::table
        .filter(packets::referral.eq(referral.to_string()))
        .order(packets::id)
        .select(COLUMNS)
        .load(db.conn())?;
    rows.into_iter().map(Row::of).collect()
}

/// Who a packet went to.
pub(super) fn recipients(db: &mut Db<'_>, id: PacketId) -> Result<Vec<DisclosedTo>, StorageError> {
    let rows: Vec<(String, Option<i64>, Option<i64>)> = packet_recipients::table
        .filter(packet_recipients::packet.eq(id.to_string()))
        .order(packet_recipients::organisation)
        .select((
            packet_recipients::organisation,
            packet_recipients::delivered_at,
            packet_recipients::answered_at,
        ))
        .load(db.conn())?;
    rows.into_iter()
        .map(|(organisation, delivered, answered)| {
            Ok(DisclosedTo {
                organisation: read(&organisation, "packet_recipients.organisation")?,
                delivered: delivered.map(Timestamp::from_micros),
                answered: answered.map(Timestamp::from_micros),
            })
        })
        .collect()
}

/// The packets of a referral, oldest first.
pub(super) fn of_referral(db: &mut Db<'_>, referral: ReferralId) -> Result<Vec<PacketId>, StorageError> {
    let rows: Vec<String> = packets::table
        .filter(packets::referral.eq(referral.to_string()))
        .order(packets::id)
        .select(packets::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "packets.id")).collect()
}

/// What an organisation answered, if it did: the event and the receipt.
pub(super) fn answer(
    db: &mut Db<'_>,
    id: PacketId,
    organisation: OrganisationId,
) -> Result<Option<String>, PacketError> {
    let row: Option<Option<String>> = packet_recipients::table
        .filter(packet_recipients::packet.eq(id.to_string()))
        .filter(packet_recipients::organisation.eq(organisation.to_string()))
        .select(packet_recipients::receipt)
        .first(db.conn())
        .optional()
        .map_err(StorageError::from)?;
    row.ok_or_else(|| AccessError::NotFound.into())
}

pub(super) fn set_answer(
    tx: &mut Tx<'_>,
    id: PacketId,
    organisation: OrganisationId,
    (event, receipt): (ReceiptEvent, &str),
) -> Result<(), StorageError> {
    let now = tx.now().micros();
    let changed = diesel::update(
        packet_recipients::table
            .filter(packet_recipients::packet.eq(id.to_string()))
            .filter(packet_recipients::organisation.eq(organisation.to_string()))
            .filter(packet_recipients::answer.is_null()),
    )
    .set((
        packet_recipients::answer.eq(event.name()),
        packet_recipients::answered_at.eq(now),
        packet_recipients::receipt.eq(receipt),
    ))
    .execute(tx.db().conn())?;
    if changed == 1 { Ok(()) } else { Err(StorageError::Conflict) }
}

/// How many recipients have not answered.
pub(super) fn unanswered(db: &mut Db<'_>, id: PacketId) -> Result<i64, StorageError> {
    Ok(packet_recipients::table
        .filter(packet_recipients::packet.eq(id.to_string()))
        .filter(packet_recipients::answer.is_null())
        .count()
        .get_result(db.conn())?)
}

/// Brings the moment of deletion forward; never back.
pub(super) fn purge_by(tx: &mut Tx<'_>, id: PacketId, at: Timestamp) -> Result<(), StorageError> {
    diesel::update(
        packets::table.filter(packets::id.eq(id.to_string()).and(packets::purge_at.gt(at.micros()))),
    )
    .set(packets::purge_at.eq(at.micros()))
    .execute(tx.db().conn())?;
    Ok(())
}

/// Deletes the ciphertext and keeps the envelope. Answers whether there was one.
pub(super) fn purge(tx: &mut Tx<'_>, id: PacketId) -> Result<bool, StorageError> {
    let now = tx.now().micros();
    let conn = tx.db().conn();
    let deleted = diesel::delete(packet_bodies::table.filter(packet_bodies::packet.eq(id.to_string())))
        .execute(conn)?;
    diesel::update(packets::table.filter(packets::id.eq(id.to_string()).and(packets::purged_at.is_null())))
        .set((packets::purge_at.eq(None::<i64>), packets::purged_at.eq(now)))
        .execute(conn)?;
    Ok(deleted > 0)
}

/// Deletes a packet with everything that is kept of it.
pub(super) fn forget(tx: &mut Tx<'_>, id: PacketId) -> Result<(), StorageError> {
    let id = id.to_string();
    let conn = tx.db().conn();
    diesel::delete(packet_bodies::table.filter(packet_bodies::packet.eq(&id))).execute(conn)?;
    diesel::delete(packet_recipients::table.filter(packet_recipients::packet.eq(&id))).execute(conn)?;
    diesel::delete(packets::table.filter(packets::id.eq(&id))).execute(conn)?;
    Ok(())
}

pub(super) fn due(db: &mut Db<'_>, now: Timestamp, limit: i64) -> Result<Vec<PacketId>, StorageError> {
    let rows: Vec<String> = packets::table
        .filter(packets::purge_at.le(now.micros()))
        .order(packets::purge_at)
        .limit(limit)
        .select(packets::id)
        .load(db.conn())?;
    rows.iter().map(|id| read(id, "packets.id")).collect()
}
