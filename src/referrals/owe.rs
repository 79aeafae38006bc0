//! What the actor's organisation still owes: what must be destroyed after a withdrawal or after the end of a referral, in one list.

use std::{collections::BTreeSet, fmt, str::FromStr};

use super::{
    destroy::Destruction,
    error::ReferralError,
    store::{self, Received},
};
use crate::{
    access::{AccessError, Actor, Permission},
    consent::{self, Duty, DutyView, Extent, Holding, Owed, OwedWithdrawal},
    kernel::{
        Timestamp,
        id::{OrganisationId, ReferralId, WithdrawalId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// What a duty comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A withdrawal.
    Withdrawal(WithdrawalId),
    /// The end of a referral.
    Referral(ReferralId),
}

/// The text names neither a withdrawal nor a referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a withdrawal (wdr_…) or a referral (ref_…)")]
pub struct NotADuty;

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withdrawal(id) => id.fmt(f),
            Self::Referral(id) => id.fmt(f),
        }
    }
}

impl FromStr for About {
    type Err = NotADuty;

    fn from_str(text: &str) -> Result<Self, NotADuty> {
        let withdrawal = text.parse().map(Self::Withdrawal);
        withdrawal.or_else(|_not_one| text.parse().map(Self::Referral)).map_err(|_neither| NotADuty)
    }
}

/// A duty of the organisation that reads.
#[derive(Clone, Debug)]
pub struct OwedView {
    /// What it comes from.
    pub about: About,
    /// After a withdrawal: what was taken back, and how far the organisation had come.
    pub withdrawn: Option<(Extent, Holding)>,
    /// Who sent what must go.
    pub senders: BTreeSet<OrganisationId>,
    /// The referrals it came with, as far as they are still here.
    pub referrals: Vec<ReferralId>,
    /// How it stands.
    pub duty: DutyView,
}

/// A duty before it is known which referrals it is about.
enum Row {
    Withdrawal(OwedWithdrawal),
    End(Destruction),
}

impl Row {
    const fn about(&self) -> About {
        match self {
            Self::Withdrawal(one) => About::Withdrawal(one.id),
            Self::End(one) => About::Referral(one.referral),
        }
    }

    const fn duty(&self) -> &Duty {
        match self {
            Self::Withdrawal(one) => &one.duty,
            Self::End(one) => &one.duty,
        }
    }

    /// Its place in the list: what must be answered comes before what is kept, and what is due first comes first.
    fn place(&self) -> (Option<(Owed, Timestamp)>, String) {
        (self.duty().owed(), self.about().to_string())
    }

    fn is_about(&self, received: &Received) -> bool {
        match self {
            Self::Withdrawal(one) => {
                one.concerns(&received.purpose)
                    && received.certificate.is_some_and(|certificate| one.certificates.contains(&certificate))
            }
            Self::End(one) => one.referral == received.id,
        }
    }

    fn view(self, received: &[Received], now: Timestamp) -> OwedView {
        let concerned = || received.iter().filter(|one| self.is_about(one));
        let mut senders: BTreeSet<OrganisationId> = concerned().map(|one| one.sender).collect();
        let referrals = concerned().map(|one| one.id).collect();
        let (about, duty) = (self.about(), DutyView::of(self.duty(), now));
        let withdrawn = match self {
            Self::Withdrawal(one) => Some((one.extent, one.holding)),
            Self::End(one) => {
                senders.insert(one.sender);
                None
            }
        };
        OwedView { about, withdrawn, senders, referrals, duty }
    }
}

/// What the actor's organisation must answer, and behind it what it keeps under an exception.
pub fn list_owed(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<OwedView>, ReferralError> {
    let own = answers_for(actor)?;
    let (after, limit) = (asked.after().and_then(place), asked.rows_to_load());
    let mut rows: Vec<Row> = Vec::new();
    for owed in [Owed::Answer, Owed::Kept] {
        let is_full = i64::try_from(rows.len()).is_ok_and(|found| found >= limit);
        if is_full || after.as_ref().is_some_and(|(last, ..)| *last > owed) {
            continue;
        }
        let from = after.as_ref().filter(|(last, ..)| *last == owed).map(|(_, at, id)| (*at, id.as_str()));
        let withdrawn = consent::owed_withdrawals(db, actor, owed, (from, limit))?;
        rows.extend(withdrawn.into_iter().map(Row::Withdrawal));
        rows.extend(store::owed_destructions(db, own, owed, (from, limit))?.into_iter().map(Row::End));
    }
    rows.sort_by_cached_key(Row::place);
    let page = asked.page(rows, key);
    let received = received(db, own, &page.items)?;
    Ok(page.map(|row| row.view(&received, now)))
}

/// One duty of the actor's organisation, whatever it answered.
pub fn find_owed(
    db: &mut Db<'_>,
    actor: &Actor,
    about: About,
    now: Timestamp,
) -> Result<OwedView, ReferralError> {
    let own = answers_for(actor)?;
    let row = match about {
        About::Withdrawal(id) => Row::Withdrawal(consent::owed_withdrawal(db, actor, id)?),
        About::Referral(id) => {
            let found = store::destruction(db, id)?.filter(|row| row.recipient == own);
            Row::End(found.ok_or(AccessError::NotFound)?)
        }
    };
    let received = received(db, own, std::slice::from_ref(&row))?;
    Ok(row.view(&received, now))
}

/// What the actor's organisation must still answer about one referral; nothing for whoever cannot.
pub fn owed_about(
    db: &mut Db<'_>,
    actor: &Actor,
    id: ReferralId,
    now: Timestamp,
) -> Result<Vec<(About, DutyView)>, ReferralError> {
    let Ok(own) = answers_for(actor) else { return Ok(Vec::new()) };
    let known = store::find_known(db, id)?.filter(|referral| referral.origin.recipient == own);
    let Some(origin) = known.map(|referral| referral.origin) else { return Ok(Vec::new()) };
    let withdrawn = match origin.certificate {
        Some(certificate) => consent::owed_withdrawals_of(db, actor, certificate)?,
        None => Vec::new(),
    };
    let withdrawn = withdrawn.into_iter().filter(|one| one.concerns(&origin.purpose)).map(Row::Withdrawal);
    let mut rows: Vec<Row> = withdrawn.chain(store::destruction(db, id)?.map(Row::End)).collect();
    rows.retain(|row| row.duty().answer.is_none());
    rows.sort_by_cached_key(Row::place);
    Ok(rows.iter().map(|row| (row.about(), DutyView::of(row.duty(), now))).collect())
}

fn answers_for(actor: &Actor) -> Result<OrganisationId, AccessError> {
    actor.may(Permission::WithdrawConsent)?;
    actor.for_organisation()
}

/// What the organisation received of what these are about.
fn received(db: &mut Db<'_>, own: OrganisationId, rows: &[Row]) -> Result<Vec<Received>, ReferralError> {
    let (mut ids, mut certificates) = (Vec::new(), BTreeSet::new());
    for row in rows {
        match row {
            Row::Withdrawal(one) => certificates.extend(one.certificates.iter().copied()),
            Row::End(one) => ids.push(one.referral),
        }
    }
    Ok(store::received(db, own, (&ids, &certificates))?)
}

fn key(row: &Row) -> String {
    let (owed, about) = row.place();
    let kept = owed.is_some_and(|(owed, _)| owed == Owed::Kept);
    let at = owed.map_or(0, |(_, at)| at.micros());
    format!("{} {at} {about}", u8::from(kept))
}

fn place(key: &str) -> Option<(Owed, i64, String)> {
    let mut parts = key.splitn(3, ' ');
    let owed = if parts.next()? == "0" { Owed::Answer } else { Owed::Kept };
    Some((owed, parts.next()?.parse().ok()?, parts.next()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duty_is_named_by_what_it_comes_from() {
        for id in ["wdr_01920000000070008000000000000000", "ref_01920000000070008000000000000000"] {
            assert_eq!(id.parse::<About>().unwrap().to_string(), id);
        }
        for other in ["", "ref_1", "org_01920000000070008000000000000000"] {
            assert_eq!(other.parse::<About>(), Err(NotADuty));
        }
    }
}
