//! What an organisation still owes after withdrawals: those it must answer, and those under which it keeps something until a day.

use super::{
    duty::{Duty, Owed},
    error::ConsentError,
    store::{self, Reached},
    withdraw::{HolderRow, WithdrawalRow},
    withdrawal::{Extent, Holding},
};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::id::{CertificateId, OrganisationId, WithdrawalId},
    policy::PurposeCode,
    storage::Db,
};

/// A withdrawal as an organisation sees it that must answer it.
#[derive(Clone, Debug)]
pub struct OwedWithdrawal {
    /// The withdrawal.
    pub id: WithdrawalId,
    /// What was taken back.
    pub extent: Extent,
    /// How far the organisation had come.
    pub holding: Holding,
    /// What it owes.
    pub duty: Duty,
    /// The certificates that are concerned. What the organisation received under them must go, as far as the purpose is.
    pub certificates: Vec<CertificateId>,
}

impl OwedWithdrawal {
    fn of(holder: &HolderRow, row: &WithdrawalRow, reached: &[Reached]) -> Self {
        let named = |one: &&Reached| {
            one.withdrawal == row.id && row.extent.may_name(one.recipient, holder.organisation)
        };
        Self {
            id: row.id,
            extent: row.extent.clone(),
            holding: holder.holding,
            duty: holder.duty,
            certificates: reached.iter().filter(named).map(|one| one.certificate).collect(),
        }
    }

    /// Whether it is about what was received for a purpose.
    pub fn concerns(&self, purpose: &PurposeCode) -> bool {
        self.extent.purpose.as_ref().is_none_or(|named| named == purpose)
    }
}

impl Extent {
    /// Whether it can be about what a holder has under a certificate for a recipient: its own, or one that something was passed on under.
    fn may_name(&self, recipient: OrganisationId, holder: OrganisationId) -> bool {
        self.recipient.is_none_or(|named| named == recipient || named == holder)
    }
}

/// Withdrawals of which this is still open for the actor's organisation, what is due first on top, after a moment and an id.
pub fn owed_withdrawals(
    db: &mut Db<'_>,
    actor: &Actor,
    owed: Owed,
    page: (Option<(i64, &str)>, i64),
) -> Result<Vec<OwedWithdrawal>, ConsentError> {
    let own = answers_for(actor)?;
    let holders = store::owed(db, own, owed, page)?;
    with_extents(db, &holders)
}

/// One that the actor's organisation must answer, or has.
pub fn owed_withdrawal(
    db: &mut Db<'_>,
    actor: &Actor,
    id: WithdrawalId,
) -> Result<OwedWithdrawal, ConsentError> {
    let own = answers_for(actor)?;
    let mut holders = store::holders(db, &[id])?;
    holders.retain(|holder| holder.organisation == own);
    let found = with_extents(db, &holders)?.pop();
    Ok(found.ok_or(AccessError::NotFound)?)
}

/// Those that are about a certificate, answered or not.
pub fn owed_withdrawals_of(
    db: &mut Db<'_>,
    actor: &Actor,
    certificate: CertificateId,
) -> Result<Vec<OwedWithdrawal>, ConsentError> {
    let own = answers_for(actor)?;
    let Some(known) = store::find(db, certificate)? else { return Ok(Vec::new()) };
    let of_person = store::withdrawals_of(db, known.issuer, known.subject)?;
    let ids: Vec<WithdrawalId> = of_person.iter().map(|row| row.id).collect();
    let mut holders = store::holders(db, &ids)?;
    holders.retain(|holder| holder.organisation == own);
    let mut found = with_extents(db, &holders)?;
    found.retain(|one| one.certificates.contains(&certificate));
    Ok(found)
}

fn answers_for(actor: &Actor) -> Result<OrganisationId, AccessError> {
    actor.may(Permission::WithdrawConsent)?;
    actor.for_organisation()
}

fn with_extents(db: &mut Db<'_>, holders: &[HolderRow]) -> Result<Vec<OwedWithdrawal>, ConsentError> {
    let ids: Vec<WithdrawalId> = holders.iter().map(|holder| holder.withdrawal).collect();
    let (rows, reached) = (store::withdrawals_among(db, &ids)?, store::reached(db, &ids)?);
    let found = holders.iter().filter_map(|holder| {
        let row = rows.iter().find(|row| row.id == holder.withdrawal)?;
        Some(OwedWithdrawal::of(holder, row, &reached))
    });
    Ok(found.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreements::sample::{clinic, lawyers};

    #[test]
    fn what_one_recipient_may_not_have_any_more_is_about_it_and_about_what_it_passed_on() {
        let extent = Extent { recipient: Some(lawyers()), ..Extent::default() };
        assert!(extent.may_name(lawyers(), lawyers()), "its own certificate");
        assert!(extent.may_name(clinic(), lawyers()), "what was passed on to it");
        assert!(extent.may_name(lawyers(), clinic()), "what it passed on");
        assert!(!extent.may_name(clinic(), clinic()), "another one's");
        assert!(Extent::default().may_name(clinic(), clinic()));
    }
}
