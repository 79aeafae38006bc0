//! Ask everybody who has data to answer a withdrawal, take their answers, and close it when all are in.

use super::{
    error::ConsentError,
    store,
    views::WithdrawalView,
    withdraw::{HolderAnswer, HolderRow, WithdrawalRow},
    withdrawal::{ESCALATE_AFTER, Holding, Step},
};
use crate::{
    access::{AccessError, Permission, Tx},
    kernel::{
        Timestamp,
        id::{CertificateId, OrganisationId, WithdrawalId},
    },
    outbox,
};

/// What an organisation says about a withdrawal that reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// It heard it, and stopped.
    Acknowledged,
    /// What it did with the data.
    Done(HolderAnswer),
}

/// A withdrawal after an answer, and the certificates whose withdrawal is settled with it: none while an answer is missing.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The withdrawal.
    pub view: WithdrawalView,
    /// Certificates that fell whole, once every answer is in.
    pub settled: Vec<CertificateId>,
}

/// Tells every holder what to do until when. Without any holder the withdrawal is closed at once: its certificates are answered.
pub fn ask_holders(
    tx: &mut Tx<'_>,
    id: WithdrawalId,
    holders: &[(OrganisationId, Holding)],
) -> Result<Vec<CertificateId>, ConsentError> {
    let row = store::withdrawal(tx.db(), id)?;
    for (organisation, holding) in holders {
        let holder = HolderRow {
            withdrawal: id,
            organisation: *organisation,
            holding: *holding,
            due: holding.certificate_due(row.withdrawn),
            acknowledged: None,
            escalated: None,
            answer: None,
        };
        store::insert_holder(tx, &holder)?;
        let steps: Vec<&str> = holding.steps().iter().map(|step| step.code()).collect();
        let payload = serde_json::json!({
            "withdrawal": id, "subject": row.subject, "extent": row.extent, "holding": holding.name(),
            "steps": steps, "acknowledge_by": row.withdrawn.plus(ESCALATE_AFTER), "answer_by": holder.due,
        });
        say(tx, "consent.withdrawal_asked", Some(*organisation), payload)?;
    }
    if holders.is_empty() { close(tx, row) } else { Ok(Vec::new()) }
}

/// Takes what a holder says. The same again changes nothing; another answer than before is refused.
pub fn answer(tx: &mut Tx<'_>, id: WithdrawalId, said: Said) -> Result<Answered, ConsentError> {
    tx.actor().may(Permission::WithdrawConsent)?;
    let organisation = tx.actor().for_organisation()?;
    let row = store::withdrawal(tx.db(), id)?;
    let mut holders = store::holders(tx.db(), &[id])?;
    let now = tx.now();
    let holder = holders.iter_mut().find(|holder| holder.organisation == organisation);
    let holder = holder.ok_or(AccessError::NotFound)?;
    if !take(holder, said, now)? {
        let settled = Vec::new();
        return Ok(Answered { view: WithdrawalView::of(&row, &holders, Some(organisation), now), settled });
    }
    store::advance_withdrawal(tx, &row)?;
    let row = WithdrawalRow { version: row.version.saturating_add(1), ..row };
    store::put_holder(tx, holder)?;
    let payload = serde_json::json!({
        "withdrawal": id, "by": organisation, "answer": holder.answer.map(|(_, answer)| answer.name()),
    });
    say(tx, "consent.withdrawal_answered", Some(row.issuer), payload)?;
    let settled =
        if holders.iter().all(|holder| holder.answer.is_some()) { close(tx, row)? } else { Vec::new() };
    let row = store::withdrawal(tx.db(), id)?;
    Ok(Answered { view: WithdrawalView::of(&row, &holders, Some(organisation), now), settled })
}

/// Writes into the holder what it said; false when it had said that before.
fn take(holder: &mut HolderRow, said: Said, now: Timestamp) -> Result<bool, ConsentError> {
    match (said, holder.answer) {
        (Said::Acknowledged, _) if holder.acknowledged.is_some() => Ok(false),
        (Said::Acknowledged, _) => {
            holder.acknowledged = Some(now);
            Ok(true)
        }
        (Said::Done(answer), Some((_, before))) if before == answer => Ok(false),
        // What was kept may be destroyed later; what is destroyed stays so.
        (Said::Done(HolderAnswer::Kept { .. }), Some(_)) => Err(ConsentError::Answered),
        (Said::Done(answer), _) => {
            let in_bounds = match answer {
                HolderAnswer::Destroyed => true,
                HolderAnswer::Kept { until, .. } => now < until && until < now.plus(LONGEST_KEPT),
            };
            if !in_bounds {
                return Err(ConsentError::KeptUntil);
            }
            holder.acknowledged = holder.acknowledged.or(Some(now));
            holder.answer = Some((now, answer));
            Ok(true)
        }
    }
}

fn close(tx: &mut Tx<'_>, row: WithdrawalRow) -> Result<Vec<CertificateId>, ConsentError> {
    if row.closed.is_some() {
        return Ok(Vec::new());
    }
    let closed = WithdrawalRow { closed: Some(tx.now()), ..row };
    store::advance_withdrawal(tx, &closed)?;
    let payload =
        serde_json::json!({ "withdrawal": closed.id, "tell_the_person_by": Step::W12.due(closed.withdrawn) });
    say(tx, "consent.withdrawal_closed", Some(closed.issuer), payload)?;
    Ok(store::fallen_with(tx.db(), closed.id)?)
}

/// Escalates holders that have been silent, and notes a breach where answers are missing after the last deadline. Answers how many
/// withdrawals were looked at, and after which to go on.
pub fn escalate(tx: &mut Tx<'_>, after: Option<WithdrawalId>) -> Result<Option<WithdrawalId>, ConsentError> {
    let now = tx.now();
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let open = store::open_since(tx.db(), now.minus(ESCALATE_AFTER), &after, ESCALATE_BATCH)?;
    let ids: Vec<WithdrawalId> = open.iter().map(|row| row.id).collect();
    let mut holders = store::holders(tx.db(), &ids)?;
    for row in &open {
        let theirs = holders.iter_mut().filter(|holder| holder.withdrawal == row.id);
        let silent: Vec<&mut HolderRow> =
            theirs.filter(|holder| holder.acknowledged.is_none() && holder.escalated.is_none()).collect();
        let in_breach = row.breach.is_none() && Step::W11.due(row.withdrawn) <= now;
        if silent.is_empty() && !in_breach {
            continue;
        }
        let breach = if in_breach { Some(now) } else { row.breach };
        store::advance_withdrawal(tx, &WithdrawalRow { breach, ..row.clone() })?;
        for holder in silent {
            holder.escalated = Some(now);
            store::put_holder(tx, holder)?;
            let payload = serde_json::json!({ "withdrawal": row.id, "holder": holder.organisation });
            say(tx, "consent.withdrawal_unheard", Some(holder.organisation), payload.clone())?;
            say(tx, "consent.withdrawal_unheard", None, payload)?;
        }
        if in_breach {
            let payload = serde_json::json!({ "withdrawal": row.id });
            say(tx, "consent.withdrawal_breached", Some(row.issuer), payload.clone())?;
            say(tx, "consent.withdrawal_breached", None, payload)?;
        }
    }
    let full = i64::try_from(open.len()).is_ok_and(|found| found == ESCALATE_BATCH);
    Ok(open.last().map(|row| row.id).filter(|_id| full))
}

fn say(
    tx: &mut Tx<'_>,
    topic: &'static str,
    organisation: Option<OrganisationId>,
    payload: serde_json::Value,
) -> Result<(), ConsentError> {
    Ok(outbox::say(tx, &outbox::Event { topic, organisation, payload })?)
}

/// How many open withdrawals one call looks at.
const ESCALATE_BATCH: i64 = 100;

/// How long an exception may keep data: ten years.
const LONGEST_KEPT: chrono::TimeDelta = chrono::TimeDelta::days(3_652);
