//! See to it that what a recipient had is destroyed after the end of a referral: ask, take its answer, and let silence show.
//!
//! The duty is the one a withdrawal makes ([`consent::Duty`]). Where a withdrawal asks the same recipient for the same data, its answer
//! there is the answer, and nothing is asked here.

use serde::Serialize;

use super::{apply::say, error::ReferralError, referral::Referral, store};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    consent::{Duty, DutyView, Said},
    kernel::{
        Timestamp,
        id::{CertificateId, OrganisationId, ReferralId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// How many duties one step looks at.
pub const DESTRUCTION_BATCH: i64 = 100;

/// A recipient's duty, as it is kept. It outlives the referral it comes from: an exception may be longer than the ledger.
#[derive(Clone, Debug)]
pub(super) struct Destruction {
    pub(super) referral: ReferralId,
    pub(super) sender: OrganisationId,
    pub(super) recipient: OrganisationId,
    pub(super) duty: Duty,
    pub(super) version: i64,
}

/// What a recipient owes after the end of a referral, for its two sides and for coordinators.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DestructionView {
    /// The referral.
    #[schema(value_type = String)]
    pub referral: ReferralId,
    /// Who sent it.
    #[schema(value_type = String)]
    pub sender: OrganisationId,
    /// Who had it, and must answer.
    #[schema(value_type = String)]
    pub recipient: OrganisationId,
    /// What it owes.
    #[serde(flatten)]
    pub duty: DutyView,
}

impl DestructionView {
    fn of(row: &Destruction, now: Timestamp) -> Self {
        let (referral, sender, recipient) = (row.referral, row.sender, row.recipient);
        Self { referral, sender, recipient, duty: DutyView::of(&row.duty, now) }
    }
}

/// Asks the recipient of a referral to destroy what it had. Asked twice, the earlier deadline counts.
pub(super) fn ask(tx: &mut Tx<'_>, referral: &Referral, by: Timestamp) -> Result<(), ReferralError> {
    let origin = &referral.origin;
    let now = tx.now();
    match store::destruction(tx.db(), origin.id)? {
        Some(was) if was.duty.answer.is_some() || was.duty.due <= by => return Ok(()),
        Some(was) => store::put_destruction(tx, &Destruction { duty: Duty { due: by, ..was.duty }, ..was })?,
        None => {
            let duty = Duty::new(now, by);
            let (referral, sender, recipient) = (origin.id, origin.sender, origin.recipient);
            store::insert_destruction(tx, &Destruction { referral, sender, recipient, duty, version: 1 })?;
        }
    }
    let asked = serde_json::json!({ "referral": origin.id, "packet": origin.packet, "by": by });
    say(tx, "referral.destruction_asked", Some(origin.recipient), asked)
}

/// A withdrawal asks these holders for everything under a certificate: they need not answer twice.
pub(super) fn leave_to_withdrawal(
    tx: &mut Tx<'_>,
    certificate: CertificateId,
    asked: &[OrganisationId],
) -> Result<(), ReferralError> {
    for referral in store::under_certificate(tx.db(), certificate)? {
        let duty = store::destruction(tx.db(), referral)?;
        let duty = duty.filter(|row| row.duty.answer.is_none() && asked.contains(&row.recipient));
        if duty.is_some() {
            store::drop_destruction(tx, referral)?;
        }
    }
    Ok(())
}

/// Takes what the recipient says. The same again changes nothing; another answer than before is refused.
pub fn answer_destruction(
    tx: &mut Tx<'_>,
    id: ReferralId,
    said: Said,
) -> Result<DestructionView, ReferralError> {
    tx.actor().may(Permission::WithdrawConsent)?;
    let organisation = tx.actor().for_organisation()?;
    let now = tx.now();
    let row = store::destruction(tx.db(), id)?.filter(|row| row.recipient == organisation);
    let mut row = row.ok_or(AccessError::NotFound)?;
    if row.duty.take(said, now)? {
        store::put_destruction(tx, &row)?;
        let payload = serde_json::json!({
            "referral": id, "by": organisation, "answer": row.duty.answer.map(|(_, answer)| answer.name()),
        });
        say(tx, "referral.destruction_answered", Some(row.sender), payload)?;
    }
    Ok(DestructionView::of(&row, now))
}

/// What recipients owe to the actor's organisation and it to others; everything for coordinators. `open_only` leaves out what is
/// destroyed.
pub fn list_destructions(
    db: &mut Db<'_>,
    actor: &Actor,
    open_only: bool,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<DestructionView>, ReferralError> {
    let rows = store::destructions(db, side(actor)?, open_only, (asked.after(), asked.rows_to_load()))?;
    let page = asked.page(rows, |row| row.referral.to_string());
    Ok(page.map(|row| DestructionView::of(&row, now)))
}

/// Of the same what was not answered in time, what is late longest first.
pub fn late_destructions(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<DestructionView>, ReferralError> {
    let place = (asked.after_moment(), asked.rows_to_load());
    let rows = store::late_destructions(db, side(actor)?, now, place)?;
    let page = asked.page(rows, |row| format!("{} {}", row.duty.due.micros(), row.referral));
    Ok(page.map(|row| DestructionView::of(&row, now)))
}

/// Whose duties the actor sees; everybody's for coordinators.
fn side(actor: &Actor) -> Result<Option<OrganisationId>, ReferralError> {
    if actor.may(Permission::ReadAllReferrals).is_ok() {
        return Ok(None);
    }
    actor.may(Permission::ReadReferrals)?;
    Ok(Some(actor.for_organisation()?))
}

/// What the recipient of a referral owes after its end.
pub(super) fn owed(
    db: &mut Db<'_>,
    id: ReferralId,
    now: Timestamp,
) -> Result<Option<DutyView>, ReferralError> {
    Ok(store::destruction(db, id)?.map(|row| DutyView::of(&row.duty, now)))
}

/// Whether a duty has become overdue, or an exception has ended. Asked before [`follow_destructions`].
pub fn has_due_destructions(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ReferralError> {
    Ok(!store::due_destructions(db, now, 1)?.is_empty())
}

/// Tells of what is overdue, once, and asks again where an exception has ended.
pub fn follow_destructions(tx: &mut Tx<'_>) -> Result<(), ReferralError> {
    let now = tx.now();
    for mut row in store::due_destructions(tx.db(), now, DESTRUCTION_BATCH)? {
        let (referral, recipient) = (row.referral, row.recipient);
        if let Some(ended) = row.duty.ended(now) {
            row.duty = row.duty.again(now);
            store::put_destruction(tx, &row)?;
            let payload = serde_json::json!({ "referral": referral, "by": row.duty.due, "ended": ended });
            say(tx, "referral.destruction_asked_again", Some(recipient), payload)?;
            let payload = serde_json::json!({ "referral": referral, "holder": recipient, "ended": ended });
            say(tx, "referral.exception_ended", Some(row.sender), payload)?;
        } else {
            row.duty.escalated = Some(now);
            store::put_destruction(tx, &row)?;
            let payload =
                serde_json::json!({ "referral": referral, "holder": recipient, "due": row.duty.due });
            for whom in [Some(recipient), Some(row.sender), None] {
                say(tx, "referral.destruction_overdue", whom, payload.clone())?;
            }
        }
    }
    Ok(())
}
