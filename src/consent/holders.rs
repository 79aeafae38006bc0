//! Ask everybody who has data to answer a withdrawal, take their answers, and close it when all are in.

use super::{
    duty::{Duty, Said},
    error::ConsentError,
    store,
    views::WithdrawalView,
    withdraw::{HolderRow, WithdrawalRow},
    withdrawal::{Holding, Step},
};
use crate::{
    access::{AccessError, Permission, Tx},
    kernel::{
        Timestamp,
        id::{CertificateId, OrganisationId, WithdrawalId},
    },
    outbox,
    policy::Policy,
    storage::Db,
};

/// What is settled when a withdrawal closes: what rests on one certificate, as far as this withdrawal asked for it and no other one
/// that did still waits for its recipient.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The certificate.
    pub certificate: CertificateId,
    /// Only what this organisation received, where no more was taken back.
    only: Option<OrganisationId>,
    /// Who has yet to answer another withdrawal of the same.
    waits_for: Vec<OrganisationId>,
}

impl Settled {
    /// Whether it settles what this organisation received.
    pub fn covers(&self, recipient: OrganisationId) -> bool {
        self.only.is_none_or(|only| only == recipient) && !self.waits_for.contains(&recipient)
    }
}

/// A withdrawal after an answer, and what is settled with it: nothing while an answer is missing.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The withdrawal.
    pub view: WithdrawalView,
    /// What is settled, once every answer is in.
    pub settled: Vec<Settled>,
}

/// Tells every holder what to do until when. Without any holder the withdrawal is closed at once: its certificates are answered.
pub fn ask_holders(
    tx: &mut Tx<'_>,
    id: WithdrawalId,
    holders: &[(OrganisationId, Holding)],
    policy: &Policy,
) -> Result<Vec<Settled>, ConsentError> {
    let row = store::withdrawal(tx.db(), id)?;
    for (organisation, holding) in holders {
        let holder = HolderRow {
            withdrawal: id,
            organisation: *organisation,
            holding: *holding,
            duty: Duty::new(row.withdrawn, holding.certificate_due(row.withdrawn)),
        };
        store::insert_holder(tx, &holder)?;
        say(tx, "consent.withdrawal_asked", Some(*organisation), asked(&row, &holder, policy))?;
    }
    if holders.is_empty() { close(tx, row) } else { Ok(Vec::new()) }
}

fn asked(row: &WithdrawalRow, holder: &HolderRow, policy: &Policy) -> serde_json::Value {
    let acknowledge_by = holder.duty.asked.plus(policy.limits().withdrawal.unheard());
    let steps: Vec<&str> = holder.holding.steps().iter().map(|step| step.code()).collect();
    serde_json::json!({
        "withdrawal": row.id, "subject": row.subject, "extent": row.extent, "holding": holder.holding.name(),
        "steps": steps, "acknowledge_by": acknowledge_by, "answer_by": holder.duty.due,
    })
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
    if !holder.duty.take(said, now)? {
        let settled = Vec::new();
        return Ok(Answered { view: WithdrawalView::of(&row, &holders, Some(organisation), now), settled });
    }
    store::advance_withdrawal(tx, &row)?;
    let row = WithdrawalRow { version: row.version.saturating_add(1), ..row };
    store::put_holder(tx, holder)?;
    let payload = serde_json::json!({
        "withdrawal": id, "by": organisation, "answer": holder.duty.answer.map(|(_, answer)| answer.name()),
    });
    say(tx, "consent.withdrawal_answered", Some(row.issuer), payload)?;
    let settled =
        if holders.iter().all(|holder| holder.duty.answer.is_some()) { close(tx, row)? } else { Vec::new() };
    let row = store::withdrawal(tx.db(), id)?;
    Ok(Answered { view: WithdrawalView::of(&row, &holders, Some(organisation), now), settled })
}

fn close(tx: &mut Tx<'_>, row: WithdrawalRow) -> Result<Vec<Settled>, ConsentError> {
    if row.closed.is_some() {
        return Ok(Vec::new());
    }
    let closed = WithdrawalRow { closed: Some(tx.now()), ..row };
    store::advance_withdrawal(tx, &closed)?;
    // Once it was closed before, the outcome is what came of asking again.
    let from = last_asked(tx, &closed)?;
    let payload = serde_json::json!({ "withdrawal": closed.id, "tell_the_person_by": Step::W12.due(from) });
    say(tx, "consent.withdrawal_closed", Some(closed.issuer), payload)?;
    let mut settled: Vec<Settled> = taken_back(tx.db(), &closed)?
        .into_iter()
        .map(|(certificate, only)| Settled { certificate, only, waits_for: Vec::new() })
        .collect();
    for other in store::withdrawals_of(tx.db(), closed.issuer, closed.subject)? {
        if other.closed.is_some() || other.id == closed.id {
            continue;
        }
        let waits_for = silent(tx.db(), &other)?;
        for (certificate, only) in taken_back(tx.db(), &other)? {
            for one in settled.iter_mut().filter(|one| one.certificate == certificate) {
                let theirs = waits_for.iter().filter(|holder| only.is_none_or(|only| only == **holder));
                one.waits_for.extend(theirs);
            }
        }
    }
    Ok(settled)
}

/// The certificates under which a withdrawal ended something, and for whom only, where it ended what was passed on to one organisation.
fn taken_back(
    db: &mut Db<'_>,
    row: &WithdrawalRow,
) -> Result<Vec<(CertificateId, Option<OrganisationId>)>, ConsentError> {
    let whole = store::fallen_with(db, row.id)?;
    let mut found: Vec<_> = whole.into_iter().map(|certificate| (certificate, None)).collect();
    if let Some(to) = row.extent.recipient {
        let of_person = store::of_person(db, row.issuer, row.subject)?;
        let passed_on =
            of_person.into_iter().filter(|held| held.denied.iter().any(|part| part.takes_onward(to)));
        found.extend(passed_on.map(|held| (held.id, Some(to))));
    }
    Ok(found)
}

/// Who has not answered a withdrawal yet.
fn silent(db: &mut Db<'_>, row: &WithdrawalRow) -> Result<Vec<OrganisationId>, ConsentError> {
    let holders = store::holders(db, &[row.id])?.into_iter();
    Ok(holders.filter(|holder| holder.duty.answer.is_none()).map(|holder| holder.organisation).collect())
}

fn last_asked(tx: &mut Tx<'_>, row: &WithdrawalRow) -> Result<Timestamp, ConsentError> {
    let asked = store::holders(tx.db(), &[row.id])?.into_iter().map(|holder| holder.duty.asked).max();
    Ok(asked.unwrap_or(row.withdrawn))
}

/// Whether an exception has ended under which somebody keeps data. Asked before [`ask_again`], so that nothing to do leaves no entry in
/// the log.
pub fn has_ended_exceptions(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ConsentError> {
    Ok(!store::with_ended_exceptions(db, now, 1)?.is_empty())
}

/// Asks holders again whose exception has ended: what was closed is open until they have answered once more.
pub fn ask_again(tx: &mut Tx<'_>, policy: &Policy) -> Result<(), ConsentError> {
    let now = tx.now();
    let ids = store::with_ended_exceptions(tx.db(), now, ESCALATE_BATCH)?;
    let mut holders = store::holders(tx.db(), &ids)?;
    for id in ids {
        let row = store::withdrawal(tx.db(), id)?;
        store::advance_withdrawal(tx, &WithdrawalRow { closed: None, ..row.clone() })?;
        for holder in holders.iter_mut().filter(|holder| holder.withdrawal == id) {
            let Some(exception) = holder.duty.ended(now) else { continue };
            holder.duty = holder.duty.again(now);
            store::put_holder(tx, holder)?;
            let mut payload = asked(&row, holder, policy);
            if let Some(members) = payload.as_object_mut() {
                members.insert(String::from("ended"), serde_json::json!(exception));
            }
            say(tx, "consent.withdrawal_asked_again", Some(holder.organisation), payload)?;
            let payload =
                serde_json::json!({ "withdrawal": id, "holder": holder.organisation, "ended": exception });
            say(tx, "consent.exception_ended", Some(row.issuer), payload)?;
        }
    }
    Ok(())
}

/// Escalates holders that have been silent, and notes a breach where answers are missing after the last deadline. Answers how many
/// withdrawals were looked at, and after which to go on.
pub fn escalate(
    tx: &mut Tx<'_>,
    after: Option<WithdrawalId>,
    policy: &Policy,
) -> Result<Option<WithdrawalId>, ConsentError> {
    let (now, limits) = (tx.now(), policy.limits().withdrawal);
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let open = store::open_since(tx.db(), now.minus(limits.unheard()), &after, ESCALATE_BATCH)?;
    let ids: Vec<WithdrawalId> = open.iter().map(|row| row.id).collect();
    let mut holders = store::holders(tx.db(), &ids)?;
    let mut noted = 0_usize;
    for row in &open {
        let theirs = || holders.iter().filter(|holder| holder.withdrawal == row.id);
        let in_breach = theirs().any(|holder| {
            holder.duty.is_breached(now) && row.breach.is_none_or(|noted| noted < holder.duty.asked)
        });
        let silent: Vec<&mut HolderRow> = holders
            .iter_mut()
            .filter(|holder| holder.withdrawal == row.id && holder.duty.is_unheard(now, limits))
            .collect();
        if silent.is_empty() && !in_breach {
            continue;
        }
        noted = noted.saturating_add(1);
        let breach = if in_breach { Some(now) } else { row.breach };
        store::advance_withdrawal(tx, &WithdrawalRow { breach, ..row.clone() })?;
        for holder in silent {
            holder.duty.escalated = Some(now);
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
    if noted == 0 {
        tx.leaves_no_entry();
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
