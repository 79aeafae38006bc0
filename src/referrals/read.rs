//! Read referrals: what came in, what went out, what is overdue, and one with its events.

use super::{
    correct,
    destroy::owed,
    error::ReferralError,
    forget::nothing,
    referral::Referral,
    store::{self, Of},
    timers::Timer,
    views::{Eyes, HeldView, PersonView, ReferralView, person_view},
};
use crate::{
    access::{Actor, Permission},
    kernel::{
        Timestamp,
        id::{ReferralId, StaffId},
        page::{Asked, Page},
    },
    packets,
    storage::Db,
};

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tray {
    /// What the organisation received and has not finished, by what is due.
    Inbox,
    /// What the organisation sent and whose loop is not closed, overdue first.
    Sent,
    /// Everything overdue on this node; for coordinators.
    Overdue,
}

/// On which side of a referral an organisation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It received it.
    Recipient,
    /// It sent it.
    Sender,
}

/// Whose referrals of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All of the organisation's.
    Team,
    /// What this person has taken on, and behind it what waits for somebody to take it. Nothing that is over: of that nobody keeps who had it.
    Of(StaffId),
}

/// Which list, and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// Which list.
    pub tray: Tray,
    /// Whether what is over is in it.
    pub ended: bool,
    /// Whose; it narrows an inbox and nothing else.
    pub whose: Whose,
}

/// A page of a list.
pub fn list_referrals(
    db: &mut Db<'_>,
    actor: &Actor,
    listing: Listing,
    asked: &Asked,
) -> Result<Page<ReferralView>, ReferralError> {
    let (of, eyes) = match listing.tray {
        Tray::Overdue => {
            actor.may(Permission::ReadAllReferrals)?;
            (Of::Overdue, Eyes::Overseer)
        }
        Tray::Inbox => match listing.whose {
            Whose::Team => (Of::Inbox(own(actor)?), Eyes::Party),
            Whose::Of(staff) => (Of::Taken(own(actor)?, staff), Eyes::Party),
        },
        Tray::Sent => (Of::Sent(own(actor)?), Eyes::Party),
    };
    let names_assignees = listing.tray == Tray::Inbox;
    listed(db, (&of, eyes), (listing.ended, names_assignees), asked)
}

/// What something is overdue of among what the actor's organisation received or sent, what is overdue longest first.
pub fn late_referrals(
    db: &mut Db<'_>,
    actor: &Actor,
    side: Side,
    asked: &Asked,
) -> Result<Page<ReferralView>, ReferralError> {
    let own = own(actor)?;
    let (of, is_received) = match side {
        Side::Recipient => (Of::LateReceived(own), true),
        Side::Sender => (Of::LateSent(own), false),
    };
    listed(db, (&of, Eyes::Party), (false, is_received), asked)
}

fn listed(
    db: &mut Db<'_>,
    (of, eyes): (&Of, Eyes),
    (ended, names_assignees): (bool, bool),
    asked: &Asked,
) -> Result<Page<ReferralView>, ReferralError> {
    let after = asked.after().and_then(place);
    let rows = store::list(db, of, ended, after, asked.rows_to_load())?;
    let page = asked.page(rows, |(_, (first, due, id))| format!("{first} {due} {id}"));
    let ids: Vec<ReferralId> = page.items.iter().map(|(referral, _)| referral.id()).collect();
    let timers = store::timers_of(db, &ids)?;
    Ok(page.map(|(referral, _)| {
        let own: Vec<Timer> =
            timers.iter().filter(|(id, _)| *id == referral.id()).map(|(_, timer)| timer.clone()).collect();
        let assignee = referral.standing.state.assignee().filter(|_staff| names_assignees);
        ReferralView::of(&referral, &own, eyes).with_assignee(assignee)
    }))
}

/// One referral with its events, for its two sides and for coordinators.
pub fn find_referral(
    db: &mut Db<'_>,
    actor: &Actor,
    id: ReferralId,
    now: Timestamp,
) -> Result<ReferralView, ReferralError> {
    let Some(referral) = store::find_known(db, id)? else { return Err(nothing(db, actor, id)?) };
    referral.visible_to(actor)?;
    let timers = store::timers(db, id)?;
    let timeline = store::timeline(db, id)?;
    let destruction = owed(db, id, now)?;
    let corrections = correct::of_referral(db, actor, (id, eyes_of(&referral, actor)), now)?;
    let shown = view(&referral, &timers, actor).with_timeline(timeline).with_held(held(db, actor, id)?);
    Ok(ReferralView { destruction, corrections, ..shown })
}

/// What the sender of a referral sent of the same person since, newest first: what a need that was not met may have become. Nobody else
/// may know that these are about one person.
pub fn later_referrals(
    db: &mut Db<'_>,
    actor: &Actor,
    referral: &ReferralView,
) -> Result<Vec<ReferralView>, ReferralError> {
    let own = own(actor)?;
    let (Some(party), true) = (&referral.party, own == referral.sender) else { return Ok(Vec::new()) };
    let later = store::sent_after(db, (party.subject, own), referral.id, MOST_LATER)?;
    Ok(later.iter().map(|one| ReferralView::of(one, &[], Eyes::Party)).collect())
}

/// How many later referrals are shown to choose from.
const MOST_LATER: i64 = 10;

/// What an organisation handed in and its recipient does not get. The codes may be about the consent: nobody else hears of them.
fn held(db: &mut Db<'_>, actor: &Actor, id: ReferralId) -> Result<Vec<HeldView>, ReferralError> {
    let Some(own) = actor.organisation() else { return Ok(Vec::new()) };
    let held = packets::held_back(db, id, own)?;
    Ok(held.into_iter().map(|(packet, denials)| HeldView { packet, denials }).collect())
}

/// A referral as this actor sees it after moving it.
pub fn view_of(db: &mut Db<'_>, actor: &Actor, referral: &Referral) -> Result<ReferralView, ReferralError> {
    let timers = store::timers(db, referral.id())?;
    Ok(view(referral, &timers, actor))
}

/// What the person sees, for whoever has looked at their code.
pub fn find_for_person(db: &mut Db<'_>, id: ReferralId) -> Result<PersonView, ReferralError> {
    let referral = store::find(db, id)?;
    let timers = store::timers(db, id)?;
    Ok(person_view(&referral, &timers))
}

fn view(referral: &Referral, timers: &[Timer], actor: &Actor) -> ReferralView {
    ReferralView::of(referral, timers, eyes_of(referral, actor))
}

fn eyes_of(referral: &Referral, actor: &Actor) -> Eyes {
    let is_party = actor.organisation().is_some_and(|organisation| referral.is_party(organisation));
    if is_party { Eyes::Party } else { Eyes::Overseer }
}

fn own(actor: &Actor) -> Result<crate::kernel::id::OrganisationId, ReferralError> {
    actor.may(Permission::ReadReferrals)?;
    Ok(actor.for_organisation()?)
}

fn place(key: &str) -> Option<store::Place> {
    let mut parts = key.splitn(3, ' ');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.to_owned()))
}
