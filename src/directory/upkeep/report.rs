//! What people met who went by an entry: it feeds how far the entry is trusted.
//!
//! # Decisions
//!
//! - A report is a code and a day, and never a word: nothing about a person can stand in it.
//! - One organisation counts once a day, so that one angry day is no verdict.
//! - What does not fit the entry asks the provider for a correction, and after some times the entry is flagged: searches leave it out
//!   until somebody verifies it. A flag takes nothing away: the service can still be found by its id, and referred to.
//! - A referral that is declined because the service is not offered, or ended, says the same without anybody writing it. Other reasons
//!   to decline speak of the person, or of room, and say nothing of the entry.

use serde::{Deserialize, Serialize};

use super::{ranked::ranked, store};
use crate::{
    access::{Actor, Permission, Tx},
    config::DirectorySettings,
    directory::{DirectoryError, Service, find_service},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
        page::{Asked, Page},
    },
    outbox::{self, Event},
    policy::{Policy, ReasonCode, ServiceCode},
    storage::Db,
};

/// What somebody met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Met {
    /// It was as the entry says.
    Reached,
    /// Nobody could be reached.
    Unreachable,
    /// People were sent away whom it takes, by the entry.
    Refused,
    /// It is closed.
    Closed,
    /// Something in the entry is wrong.
    WrongInformation,
}

impl Met {
    /// Its word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::WrongInformation => "wrong_information",
        }
    }

    /// What a reason to decline a referral says of the entry; most say nothing.
    fn of_decline(reason: &ReasonCode) -> Option<Self> {
        match reason.as_str() {
            // The programme ended.
            "DR04" => Some(Self::Closed),
            // The service is not offered; there is no mandate for it.
            "DR11" | "DR23" => Some(Self::WrongInformation),
            _ => None,
        }
    }
}

impl std::str::FromStr for Met {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        [Self::Reached, Self::Unreachable, Self::Refused, Self::Closed, Self::WrongInformation]
            .into_iter()
            .find(|met| met.name() == word)
            .ok_or("expected reached, unreachable, refused, closed or wrong_information")
    }
}

/// What somebody met, of a service. Nothing about a person belongs here, and there is no place for it.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Meeting {
    /// What.
    pub met: Met,
}

#[derive(Serialize)]
struct Payload {
    service: ServiceId,
    met: Met,
    flagged: bool,
}

/// Reports what somebody met who went by an entry. For whoever may read the directory.
pub fn report(
    tx: &mut Tx<'_>,
    (service, meeting): (ServiceId, Meeting),
    settings: &DirectorySettings,
) -> Result<Service, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    actor.may(Permission::ReadDirectory)?;
    let was = find_service(tx.db(), actor, service, now)?;
    enter(tx, &was, (actor.organisation(), meeting.met), settings)?;
    find_service(tx.db(), actor, service, now)
}

/// Reports what the decline of a referral says of the entry of its service. Where the recipient has several for the code, nobody knows which
/// is meant, and nothing is reported.
pub fn report_declined(
    tx: &mut Tx<'_>,
    (recipient, service, reason): (OrganisationId, &ServiceCode, &ReasonCode),
    (policy, settings): (&Policy, &DirectorySettings),
) -> Result<(), DirectoryError> {
    let Some(met) = Met::of_decline(reason) else { return Ok(()) };
    let codes = crate::directory::offer::codes(service, policy);
    let now = tx.now();
    let offered = crate::directory::store::offered(tx.db(), recipient, &codes, now)?;
    let [one] = offered.as_slice() else { return Ok(()) };
    enter(tx, one, (Some(recipient), met), settings)
}

/// Keeps a report, and does what follows from it.
pub(super) fn enter(
    tx: &mut Tx<'_>,
    was: &Service,
    (organisation, met): (Option<OrganisationId>, Met),
    settings: &DirectorySettings,
) -> Result<(), DirectoryError> {
    let is_news = store::enter_report(tx, was, organisation, met)?;
    let mismatches = store::mismatches(tx.db(), was)?;
    let flagged = was.upkeep.flagged_at.is_some() || mismatches >= settings.flag_after;
    store::set_trust(tx, was, mismatches, flagged)?;
    if let (Some(member), true) = (was.member, met != Met::Reached && is_news) {
        let topic = if flagged { "service.flagged" } else { "service.correction_asked" };
        let payload = Payload { service: was.id, met, flagged };
        outbox::say(tx, &Event { topic, organisation: Some(member), payload })?;
    }
    Ok(())
}

/// Services whose entries do not fit what people met, worst first. Those who keep the directory see all of them, a provider its own.
pub fn doubted(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Service>, DirectoryError> {
    ranked(db, actor, (asked, now), store::doubted)
}
