//! What a person asks to have put right about themselves (GDPR article 16), and what whoever holds it answers.
//!
//! The hub reads nothing of a person, so it takes no words: it is told which kinds of thing are wrong, and what is right the person tells those
//! who know them. The sender must answer, and the recipient as soon as it has a letter; each for what it holds and for whom it passed it on to.
//! What was asked is forgotten with the referral.

mod store;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    apply::say,
    error::ReferralError,
    holders::holders,
    referral::{Referral, reads_of},
    store as ledger,
    views::Eyes,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    kernel::{
        Timestamp,
        id::{CorrectionId, OrganisationId, ReferralId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// How many overdue corrections one step tells of.
pub const CORRECTION_BATCH: i64 = 100;

/// A kind of thing that can be wrong.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionKind {
    /// The name.
    Name,
    /// The date of birth, or the age.
    Birth,
    /// How the person is reached.
    Reach,
    /// Something about their health.
    Health,
    /// Something about their family.
    Family,
    /// What they need.
    Need,
    /// Something that puts them in danger.
    Danger,
    /// Something else.
    Other,
}

impl CorrectionKind {
    /// Every kind, in the order in which a person is asked.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Birth,
        Self::Reach,
        Self::Health,
        Self::Family,
        Self::Need,
        Self::Danger,
        Self::Other,
    ];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Birth => "birth",
            Self::Reach => "reach",
            Self::Health => "health",
            Self::Family => "family",
            Self::Need => "need",
            Self::Danger => "danger",
            Self::Other => "other",
        }
    }

    /// The kind a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// How long an answer may take: where a mistake can hurt somebody at once, a day.
    pub const fn within(self) -> TimeDelta {
        match self {
            Self::Reach | Self::Health | Self::Danger => TimeDelta::hours(24),
            Self::Name | Self::Birth | Self::Family | Self::Need | Self::Other => TimeDelta::days(15),
        }
    }
}

/// What an organisation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionAnswer {
    /// It is put right, and whoever it was passed on to was told.
    PutRight,
    /// The person could not be reached to hear what is right.
    NotReached,
    /// It is not wrong, as far as the organisation can tell: from now on it is marked as disputed (RX5).
    Disputed,
}

impl CorrectionAnswer {
    /// Every answer, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::PutRight, Self::NotReached, Self::Disputed];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PutRight => "put_right",
            Self::NotReached => "not_reached",
            Self::Disputed => "disputed",
        }
    }

    /// The answer a word names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|answer| answer.name() == word)
    }

    /// Whether this may be said after `before`: what is put right stays so, and what is disputed stays disputed until it is put right.
    pub const fn may_follow(self, before: Self) -> bool {
        match before {
            Self::NotReached => true,
            Self::Disputed => matches!(self, Self::PutRight),
            Self::PutRight => false,
        }
    }
}

/// What one organisation must answer.
#[derive(Clone, Debug)]
struct Correction {
    id: CorrectionId,
    organisation: OrganisationId,
    referral: ReferralId,
    kinds: BTreeSet<CorrectionKind>,
    asked: Timestamp,
    due: Timestamp,
    escalated: Option<Timestamp>,
    answer: Option<(Timestamp, CorrectionAnswer)>,
    version: i64,
}

impl Correction {
    fn is_overdue(&self, now: Timestamp) -> bool {
        self.answer.is_none() && self.due < now
    }

    /// Takes an answer; false when it was given before.
    fn take(&mut self, said: CorrectionAnswer, now: Timestamp) -> Result<bool, ReferralError> {
        match self.answer {
            Some((_, before)) if before == said => Ok(false),
            Some((_, before)) if !said.may_follow(before) => Err(ReferralError::CorrectionAnswered),
            Some(_) | None => {
                self.answer = Some((now, said));
                Ok(true)
            }
        }
    }
}

/// What an organisation must answer, for the two sides of the referral and for coordinators.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CorrectionView {
    /// What the person asked; the same for both organisations.
    #[schema(value_type = String)]
    pub id: CorrectionId,
    /// The referral.
    #[schema(value_type = String)]
    pub referral: ReferralId,
    /// Who must answer.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// Which kinds of thing are wrong; only for the two sides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<CorrectionKind>,
    /// When the person asked.
    #[schema(value_type = String, format = DateTime)]
    pub asked: Timestamp,
    /// Until when the answer is due.
    #[schema(value_type = String, format = DateTime)]
    pub answer_by: Timestamp,
    /// The answer is late.
    pub overdue: bool,
    /// When it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub answered: Option<Timestamp>,
    /// What was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<CorrectionAnswer>,
}

impl CorrectionView {
    fn of(row: &Correction, eyes: Eyes, now: Timestamp) -> Self {
        let (answered, answer) = row.answer.unzip();
        let kinds = if eyes == Eyes::Party { row.kinds.iter().copied().collect() } else { Vec::new() };
        Self {
            id: row.id,
            referral: row.referral,
            organisation: row.organisation,
            kinds,
            asked: row.asked,
            answer_by: row.due,
            overdue: row.is_overdue(now),
            answered,
            answer,
        }
    }
}

/// How far something is that a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionStanding {
    /// It waits for an answer.
    Asked,
    /// The answer is late.
    Late,
    /// Somebody tried to reach the person, and could not.
    NotReached,
    /// Somebody does not agree.
    Disputed,
    /// It is put right.
    PutRight,
}

impl CorrectionStanding {
    /// What a person most needs to hear of what several organisations said.
    fn of(rows: &[Correction], now: Timestamp) -> Self {
        let said = |answer| rows.iter().any(|row| row.answer.is_some_and(|(_, given)| given == answer));
        if said(CorrectionAnswer::NotReached) {
            Self::NotReached
        } else if rows.iter().any(|row| row.is_overdue(now)) {
            Self::Late
        } else if rows.iter().any(|row| row.answer.is_none()) {
            Self::Asked
        } else if said(CorrectionAnswer::Disputed) {
            Self::Disputed
        } else {
            Self::PutRight
        }
    }
}

/// What a person sees of something they asked for: neither what it is about, nor who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct CorrectionAsked {
    /// How far it is.
    pub standing: CorrectionStanding,
    /// When they asked.
    #[schema(value_type = String, format = DateTime)]
    pub asked: Timestamp,
    /// When they hear at the latest.
    #[schema(value_type = String, format = DateTime)]
    pub answer_by: Timestamp,
}

/// Notes what a person asks to have put right, and tells whoever must answer. Of what an organisation has not answered yet, it is asked
/// once.
pub fn ask_correction(
    tx: &mut Tx<'_>,
    id: ReferralId,
    kinds: &BTreeSet<CorrectionKind>,
) -> Result<(), ReferralError> {
    let referral = ledger::find_to_move(tx, id)?;
    let before = store::of_referral(tx.db(), id)?;
    let wish: CorrectionId = tx.id();
    for organisation in holders(tx.db(), &referral)? {
        let open = before.iter().filter(|row| row.organisation == organisation && row.answer.is_none());
        let open: BTreeSet<CorrectionKind> = open.flat_map(|row| row.kinds.iter().copied()).collect();
        let new: BTreeSet<CorrectionKind> = kinds.difference(&open).copied().collect();
        begin(tx, &referral, organisation, (wish, new))?;
    }
    Ok(())
}

/// Tells the recipient of a referral, as soon as it has a letter, what the person asked for before.
pub(super) fn tell_new_holder(tx: &mut Tx<'_>, referral: &Referral) -> Result<(), ReferralError> {
    let recipient = referral.origin.recipient;
    let asked = store::of_referral(tx.db(), referral.id())?;
    if asked.iter().any(|row| row.organisation == recipient) {
        return Ok(());
    }
    for row in asked {
        begin(tx, referral, recipient, (row.id, row.kinds))?;
    }
    Ok(())
}

/// The strictest of the kinds says until when.
fn begin(
    tx: &mut Tx<'_>,
    referral: &Referral,
    organisation: OrganisationId,
    (id, kinds): (CorrectionId, BTreeSet<CorrectionKind>),
) -> Result<(), ReferralError> {
    let Some(within) = kinds.iter().map(|kind| kind.within()).min() else { return Ok(()) };
    let (referral, asked, due) = (referral.id(), tx.now(), tx.now().plus(within));
    // What it is about stays here, where it is forgotten with the referral; a message is kept longer.
    let payload = serde_json::json!({ "correction": id, "referral": referral, "answer_by": due });
    let (escalated, answer, version) = (None, None, 1);
    store::insert(
        tx,
        &Correction { id, organisation, referral, kinds, asked, due, escalated, answer, version },
    )?;
    say(tx, "referral.correction_asked", Some(organisation), payload)
}

/// Takes what the actor's organisation answers, and tells the other side. The same again changes nothing.
pub fn answer_correction(
    tx: &mut Tx<'_>,
    id: CorrectionId,
    said: CorrectionAnswer,
) -> Result<CorrectionView, ReferralError> {
    let (organisation, now) = (tx.actor().for_organisation()?, tx.now());
    let mut row = store::find(tx.db(), id, organisation)?.ok_or(AccessError::NotFound)?;
    if !may_answer(tx.actor()) {
        return Err(AccessError::Forbidden.into());
    }
    if row.take(said, now)? {
        store::put(tx, &row)?;
        let others = store::of_referral(tx.db(), row.referral)?;
        let payload = serde_json::json!({
            "correction": id, "referral": row.referral, "by": organisation, "answer": said,
        });
        for other in others.iter().filter(|other| other.id == id && other.organisation != organisation) {
            say(tx, "referral.correction_answered", Some(other.organisation), payload.clone())?;
        }
    }
    Ok(CorrectionView::of(&row, Eyes::Party, now))
}

/// Whether somebody answers for their organisation: as one who sends or receives, or as one who answers for data protection.
pub fn may_answer(actor: &Actor) -> bool {
    let answers = [Permission::SendReferrals, Permission::ReceiveReferrals, Permission::ReadDisclosures];
    answers.into_iter().any(|permission| actor.may(permission).is_ok())
}

/// What the actor's organisation must answer, or has; everybody's for coordinators. `open_only` leaves out what is answered.
pub fn list_corrections(
    db: &mut Db<'_>,
    actor: &Actor,
    open_only: bool,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<CorrectionView>, ReferralError> {
    let own = reads_of(actor);
    if own.is_none() {
        actor.may(Permission::ReadAllReferrals)?;
    }
    let eyes = if own.is_some() { Eyes::Party } else { Eyes::Overseer };
    let rows = store::list(db, own, open_only, (asked.after(), asked.rows_to_load()))?;
    let page = asked.page(rows, |row| format!("{} {}", row.id, row.organisation));
    Ok(page.map(|row| CorrectionView::of(&row, eyes, now)))
}

/// What the actor's organisation must answer first, by when it is due; for whoever oversees the node what is late, whosever it is. At most so
/// many.
pub fn pressing_corrections(
    db: &mut Db<'_>,
    actor: &Actor,
    most: u16,
    now: Timestamp,
) -> Result<Vec<CorrectionView>, ReferralError> {
    let own = reads_of(actor);
    if own.is_none() {
        actor.may(Permission::ReadAllReferrals)?;
    }
    let (eyes, late) = if own.is_some() { (Eyes::Party, None) } else { (Eyes::Overseer, Some(now)) };
    let rows = store::pressing(db, own, late, (None, i64::from(most)))?;
    Ok(rows.iter().map(|row| CorrectionView::of(row, eyes, now)).collect())
}

/// What the actor's organisation has not answered in time, what is late longest first.
pub fn late_corrections(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<CorrectionView>, ReferralError> {
    let own = reads_of(actor).ok_or(AccessError::Forbidden)?;
    let place = (asked.after_moment(), asked.rows_to_load());
    let rows = store::pressing(db, Some(own), Some(now), place)?;
    let page = asked.page(rows, |row| format!("{} {}", row.due.micros(), row.id));
    Ok(page.map(|row| CorrectionView::of(&row, Eyes::Party, now)))
}

/// What was asked about a referral, the newest first. A side that was not asked, because it holds nothing, does not hear of it.
pub(super) fn of_referral(
    db: &mut Db<'_>,
    actor: &Actor,
    (id, eyes): (ReferralId, Eyes),
    now: Timestamp,
) -> Result<Vec<CorrectionView>, ReferralError> {
    let rows = store::of_referral(db, id)?;
    let own: BTreeSet<CorrectionId> =
        rows.iter().filter(|row| actor.organisation() == Some(row.organisation)).map(|row| row.id).collect();
    let heard = rows.iter().filter(|row| eyes == Eyes::Overseer || own.contains(&row.id));
    Ok(heard.map(|row| CorrectionView::of(row, eyes, now)).collect())
}

/// What the person asked about a referral, as they see it, the newest first.
pub fn corrections_asked(
    db: &mut Db<'_>,
    id: ReferralId,
    now: Timestamp,
) -> Result<Vec<CorrectionAsked>, ReferralError> {
    let mut wishes: BTreeMap<CorrectionId, Vec<Correction>> = BTreeMap::new();
    for row in store::of_referral(db, id)? {
        wishes.entry(row.id).or_default().push(row);
    }
    let told = wishes.values().rev().take(CorrectionKind::ALL.len()).filter_map(|rows| {
        let asked = rows.iter().map(|row| row.asked).min()?;
        let open = rows.iter().filter(|row| row.answer.is_none()).map(|row| row.due).max();
        let answer_by = open.or_else(|| rows.iter().map(|row| row.due).max())?;
        Some(CorrectionAsked { standing: CorrectionStanding::of(rows, now), asked, answer_by })
    });
    Ok(told.collect())
}

/// Whether something was not answered in time and nobody was told. Asked before [`follow_corrections`].
pub fn has_overdue_corrections(db: &mut Db<'_>, now: Timestamp) -> Result<bool, ReferralError> {
    Ok(!store::overdue(db, now, 1)?.is_empty())
}

/// Tells of what was not answered in time, once: whoever must answer, the sender, and whoever oversees the node.
pub fn follow_corrections(tx: &mut Tx<'_>) -> Result<(), ReferralError> {
    let now = tx.now();
    for mut row in store::overdue(tx.db(), now, CORRECTION_BATCH)? {
        row.escalated = Some(now);
        store::put(tx, &row)?;
        let payload = serde_json::json!({
            "correction": row.id, "referral": row.referral, "holder": row.organisation, "due": row.due,
        });
        let referral = ledger::find_known(tx.db(), row.referral)?;
        let sender = referral.map(|referral| referral.origin.sender);
        let sides: BTreeSet<OrganisationId> = sender.into_iter().chain([row.organisation]).collect();
        for whom in sides.into_iter().map(Some).chain([None]) {
            say(tx, "referral.correction_overdue", whom, payload.clone())?;
        }
    }
    Ok(())
}

/// Lets go of what was asked about a referral that is forgotten.
pub(super) fn forget(tx: &mut Tx<'_>, id: ReferralId) -> Result<(), ReferralError> {
    Ok(store::forget(tx, id)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::{Id, SystemIds};

    fn row(answer: Option<CorrectionAnswer>) -> Correction {
        let asked = Timestamp::from_seconds(1_700_000_000);
        Correction {
            id: Id::new(&SystemIds, asked),
            organisation: Id::new(&SystemIds, asked),
            referral: Id::new(&SystemIds, asked),
            kinds: [CorrectionKind::Name].into(),
            asked,
            due: asked.plus(CorrectionKind::Name.within()),
            escalated: None,
            answer: answer.map(|answer| (asked, answer)),
            version: 1,
        }
    }

    #[test]
    fn what_can_hurt_somebody_is_due_within_a_day_and_the_rest_within_fifteen() {
        let days = CorrectionKind::ALL.map(|kind| (kind.name(), kind.within().num_days()));
        let urgent: Vec<&str> = days.iter().filter(|(_, days)| *days == 1).map(|(name, _)| *name).collect();
        assert_eq!(urgent, ["reach", "health", "danger"]);
        assert!(days.iter().all(|(_, days)| [1, 15].contains(days)));
    }

    #[test]
    fn every_word_is_read_back_and_stands_the_same_on_the_wire() {
        for kind in CorrectionKind::ALL {
            assert_eq!(CorrectionKind::named(kind.name()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.name());
        }
        for answer in CorrectionAnswer::ALL {
            assert_eq!(CorrectionAnswer::named(answer.name()), Some(answer));
            assert_eq!(serde_json::json!(answer), answer.name());
        }
    }

    #[test]
    fn what_is_put_right_stays_so_and_what_is_disputed_can_only_be_put_right() {
        let now = Timestamp::from_seconds(1_700_000_100);
        let mut table = Vec::new();
        for before in [None].into_iter().chain(CorrectionAnswer::ALL.map(Some)) {
            table.push(CorrectionAnswer::ALL.map(|said| row(before).take(said, now).ok()));
        }
        let (taken, same, refused) = (Some(true), Some(false), None);
        assert_eq!(
            table,
            [[taken, taken, taken], [same, refused, refused], [taken, same, taken], [taken, refused, same],]
        );
    }

    #[test]
    fn a_person_hears_first_what_they_have_to_do_and_last_that_all_is_well() {
        use CorrectionAnswer::{Disputed, NotReached, PutRight};
        let now = Timestamp::from_seconds(1_700_000_100);
        let late = now.plus(TimeDelta::days(16));
        let standing = |answers: &[Option<CorrectionAnswer>], now| {
            let rows: Vec<Correction> = answers.iter().copied().map(row).collect();
            CorrectionStanding::of(&rows, now)
        };
        assert_eq!(standing(&[None, Some(NotReached)], late), CorrectionStanding::NotReached);
        assert_eq!(standing(&[None, Some(PutRight)], late), CorrectionStanding::Late);
        assert_eq!(standing(&[None, Some(Disputed)], now), CorrectionStanding::Asked);
        assert_eq!(standing(&[Some(PutRight), Some(Disputed)], late), CorrectionStanding::Disputed);
        assert_eq!(standing(&[Some(PutRight), Some(PutRight)], late), CorrectionStanding::PutRight);
    }
}
