//! Providers correct their entries: as drafts, which those who keep the directory take or refuse.
//!
//! # Decisions
//!
//! - A draft says what an entry should say: cells of the service, and for each table that it names all rows that belong to the service. It is
//!   checked as rows of an import are, when it is written and again when it is taken.
//! - One draft for each service is open. It is of the entry as it was: when the entry changed meanwhile, the draft has to be looked at again.
//! - What was taken outlives imports: a source that still gives what its provider corrected does not undo it.
//! - Whether something is listed at all is decided by those who keep the directory, by the inclusion criteria that the steering committee
//!   adopted; each decision is kept with the version of the criteria.
//! - What a member offers is not listed before that: it begins with a draft that says what the entry says and who is to find it. Until
//!   that is taken nobody but they and the member see the service; where it is refused the member may write it again.
//! - They suspend an entry, archive it and take it up again in the same way. No import, no draft and no verification lists what they do not.
//! - They may list what is offered for others than its provider asked; for more only with a reason, which it reads.
//! - Those who keep the directory are told when something begins to wait for them, and not again when it is written anew meanwhile.
//! - That a service takes urgent referrals is only taken while somebody is on call: see `contacts`.
//! - A draft of what is listed cannot say who sees the service, and none who provides it: these are decided elsewhere.
//! - Places are said of what was entered here, and belong to its service alone. Those of what a source gives, and whether they are secret,
//!   are its source's. A draft is read by the provider and those who keep the directory, who know of secret places anyway.
//!
//! Source: IOM Guidance on Referral Mechanisms, 6.5 (keeping service maps up to date, inclusion criteria).

mod begin;
mod edit;
mod overrides;
mod places;
mod review;
mod standing;
mod store;

pub use begin::{Begun, begun, draft_states};
use chrono::TimeDelta;
pub use edit::Edit;
pub(super) use overrides::{Overridden, store::forget};
pub use places::EntryPlace;
pub use review::{Altered, FieldAltered, Review, RowBecomes, Waiting, review, waiting};
use serde::{Deserialize, Serialize};
pub use standing::{SetStanding, set_standing};

use super::{
    DirectoryError, Method, Outcome, Service, Standing, Verification, Visibility, contacts, find_service,
    upkeep,
};
use crate::{
    access::{AccessError, Actor, Permission, Tx},
    config::DirectorySettings,
    kernel::{
        Digest, Timestamp,
        id::{OrganisationId, ServiceId},
        page::{Asked, Page},
        text::Line,
    },
    outbox::{self, Event},
    storage::Db,
};

/// How far a draft has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// The provider still writes it.
    Draft,
    /// It waits for those who keep the directory.
    Submitted,
    /// It was refused, with a reason; it can be changed and submitted again.
    Rejected,
}

impl DraftState {
    const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Rejected => "rejected",
        }
    }

    fn from_name(word: &str) -> Option<Self> {
        [Self::Draft, Self::Submitted, Self::Rejected].into_iter().find(|state| state.name() == word)
    }
}

/// What a provider wants its entry to say.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Draft {
    /// Which service.
    #[schema(value_type = String)]
    pub service: ServiceId,
    /// How far it has come.
    pub state: DraftState,
    /// What the entry should say.
    pub edit: Edit,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the entry changed since the draft was written; then it has to be written again.
    pub is_outdated: bool,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// A draft to be kept.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteDraft {
    /// What the entry should say.
    pub edit: Edit,
    /// Whether those who keep the directory should look at it now.
    #[serde(default)]
    pub submit: bool,
}

/// What is decided about a draft.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether the entry says so from now on.
    pub approve: bool,
    /// The version of the inclusion criteria that it was held against.
    #[schema(value_type = String, max_length = 60)]
    pub criteria: Line<60>,
    /// Why; must be said of what is refused. Nothing about a person.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    pub reason: Option<Line<500>>,
    /// Who is to find what is offered, once it is listed; as its provider asked when left out. More than it asked needs a reason.
    #[serde(default)]
    pub visibility: Option<Visibility>,
}

/// A decision as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Decided {
    /// What was decided: of a draft `approved` or `rejected`, of the entry `suspended`, `archived` or `listed`.
    pub state: String,
    /// The version of the inclusion criteria.
    pub criteria: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who decided: an id.
    pub by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

#[derive(Serialize)]
struct Payload {
    service: ServiceId,
}

/// What those who keep the directory are told.
#[derive(Serialize)]
struct Waits {
    service: ServiceId,
    organisation: Option<OrganisationId>,
}

/// Tells those who keep the directory that something waits for their decision.
fn tell_keepers(tx: &mut Tx<'_>, of: &Service) -> Result<(), DirectoryError> {
    let topic = if of.standing == Standing::Proposed { "service.offered" } else { "service.draft_submitted" };
    let payload = Waits { service: of.id, organisation: of.member };
    Ok(outbox::say(tx, &Event { topic, organisation: None, payload })?)
}

/// Keeps the first draft of a service that is offered. It waits for those who keep the directory.
pub(super) fn propose(
    tx: &mut Tx<'_>,
    service: &Service,
    visibility: Visibility,
) -> Result<(), DirectoryError> {
    let edit = Edit::of_offer(service, visibility);
    let entry = edit::Entry::load(tx.db(), service)?;
    edit.check(&entry)?;
    store::put(tx, service, (DraftState::Submitted, &edit, entry.digest()))?;
    tell_keepers(tx, service)
}

/// Writes the draft of a service, in the place of the one there was. For its provider.
pub fn write_draft(tx: &mut Tx<'_>, service: ServiceId, cmd: &WriteDraft) -> Result<Draft, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = find_service(tx.db(), actor, service, now)?;
    own(actor, &was)?;
    let before = store::find(tx.db(), service)?.map(|(draft, _of)| draft);
    let did_wait = before.as_ref().is_some_and(|draft| draft.state == DraftState::Submitted);
    let visibility = before.and_then(|draft| draft.edit.visibility);
    let edit = cmd.edit.clone().with_ids(tx, &was)?.shown_to(&was, visibility)?;
    let entry = edit::Entry::load(tx.db(), &was)?;
    edit.check(&entry)?;
    contacts::require_on_call(tx.db(), &was, &edit, now)?;
    let state = if cmd.submit { DraftState::Submitted } else { DraftState::Draft };
    store::put(tx, &was, (state, &edit, entry.digest()))?;
    if cmd.submit && !did_wait {
        tell_keepers(tx, &was)?;
    }
    find_draft(tx.db(), actor, service, now)
}

/// The draft of a service. For its provider, and once it was submitted for those who keep the directory.
pub fn find_draft(
    db: &mut Db<'_>,
    actor: &Actor,
    service: ServiceId,
    now: Timestamp,
) -> Result<Draft, DirectoryError> {
    let service = find_service(db, actor, service, now)?;
    upkeep::may_verify(actor, &service)?;
    let (draft, of) = store::find(db, service.id)?.ok_or(AccessError::NotFound)?;
    let is_theirs = draft.state == DraftState::Submitted || own(actor, &service).is_ok();
    if !is_theirs {
        return Err(AccessError::NotFound.into());
    }
    let is_outdated = edit::Entry::load(db, &service)?.digest() != of;
    Ok(Draft { is_outdated, ..draft })
}

/// Throws the draft of a service away. For its provider.
pub fn drop_draft(tx: &mut Tx<'_>, service: ServiceId) -> Result<(), DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = find_service(tx.db(), actor, service, now)?;
    own(actor, &was)?;
    if store::remove(tx, service)? { Ok(()) } else { Err(AccessError::NotFound.into()) }
}

/// Takes a draft or refuses it. For those who keep the directory.
pub fn decide(
    tx: &mut Tx<'_>,
    (service, version): (ServiceId, i64),
    (cmd, settings): (&Decision, &DirectorySettings),
) -> Result<Service, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    actor.may(Permission::ManageDirectory)?;
    // No import comes between looking at the entry and changing it.
    tx.take_turn(&["directory"])?;
    let was = find_service(tx.db(), actor, service, now)?;
    let draft = find_draft(tx.db(), actor, service, now)?;
    if draft.state != DraftState::Submitted {
        return Err(AccessError::NotFound.into());
    }
    if draft.version != version {
        return Err(crate::storage::StorageError::Conflict.into());
    }
    let reason = cmd.reason.as_ref().map(ToString::to_string);
    let (word, topic) = if cmd.approve {
        if draft.is_outdated {
            return Err(DirectoryError::DraftOutdated);
        }
        let is_new = was.standing == Standing::Proposed;
        let edit = draft.edit.decided(cmd, is_new)?;
        contacts::require_on_call(tx.db(), &was, &edit, now)?;
        edit.apply(tx, &was)?;
        store::remove(tx, service)?;
        if is_new {
            standing::list(tx, service, &edit)?;
        }
        let outcome = if is_new { Outcome::Confirmed } else { Outcome::Corrected };
        verified(tx, (service, outcome), settings)?;
        ("approved", "service.draft_approved")
    } else {
        let reason = reason.clone().ok_or(DirectoryError::ReasonMissing)?;
        store::reject(tx, service, &reason)?;
        ("rejected", "service.draft_rejected")
    };
    store::note_decision(tx, service, (word, cmd.criteria.as_str(), reason.as_deref()))?;
    if let Some(member) = was.member {
        outbox::say(tx, &Event { topic, organisation: Some(member), payload: Payload { service } })?;
    }
    find_service(tx.db(), actor, service, now)
}

/// What its provider said of its entry is right as of now.
fn verified(
    tx: &mut Tx<'_>,
    (service, outcome): (ServiceId, Outcome),
    settings: &DirectorySettings,
) -> Result<(), DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = find_service(tx.db(), actor, service, now)?;
    let kept = Verification {
        version: was.version.saturating_add(1),
        method: Method::ProviderUpdate,
        outcome,
        fields: Vec::new(),
        by: actor.log_name(),
        organisation: was.member,
        at: now,
        next_due: Some(now.plus(TimeDelta::days(settings.verification_days))),
    };
    Ok(upkeep::store::enter_verification(tx, &was, was.version, &kept)?)
}

/// Drafts that wait, the longest waiting first. Those who keep the directory see all that were submitted, a provider all of its own.
pub fn drafts(db: &mut Db<'_>, actor: &Actor, asked: &Asked) -> Result<Page<Draft>, DirectoryError> {
    let own: Option<OrganisationId> = match actor.may(Permission::ManageDirectory) {
        Ok(()) => None,
        Err(refused) => Some(actor.organisation().ok_or(refused)?),
    };
    actor.may(Permission::ReadDirectory)?;
    let rows = store::list(db, own, asked)?;
    Ok(asked.page(rows, |draft| format!("{} {}", draft.updated_at.micros(), draft.service)))
}

/// What was decided about a service so far, newest first. For its provider and those who keep the directory.
pub fn decisions(
    db: &mut Db<'_>,
    actor: &Actor,
    (service, asked): (ServiceId, &Asked),
    now: Timestamp,
) -> Result<Page<Decided>, DirectoryError> {
    let service = find_service(db, actor, service, now)?;
    upkeep::may_verify(actor, &service)?;
    let before = asked.after().and_then(|key| key.parse().ok()).unwrap_or(i64::MAX);
    let rows = store::decisions(db, service.id, before, asked.rows_to_load())?;
    Ok(asked.page(rows, |decided| decided.at.micros().to_string()))
}

/// Whether the actor speaks for the provider of a service.
fn own(actor: &Actor, service: &Service) -> Result<(), DirectoryError> {
    let is_own = service.member.is_some() && service.member == actor.organisation();
    if is_own {
        return upkeep::may_verify(actor, service);
    }
    // Those who keep the directory write no drafts: they bring lists in, and decide.
    Err(AccessError::Forbidden.into())
}

/// The digest of an entry that a draft was written of.
type Of = Digest;
