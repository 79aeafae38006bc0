//! What the entrances show of an agreement.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    Agreement, AgreementError, Changes, Document, Ending, State, StoppedFlow, review_due,
    store::{self, Among, Listed},
};
use crate::{
    access::{Actor, Permission},
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
        page::{Asked, Page},
    },
    policy::ServiceCode,
    storage::{Db, StorageError},
};

/// A version of an agreement, without its document.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AgreementView {
    /// The agreement.
    #[schema(value_type = String)]
    pub id: AgreementId,
    /// The version.
    pub version: u32,
    /// Digest of the document's exact bytes, as packets cite it.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Who drafted it.
    #[schema(value_type = String)]
    pub drafted_by: OrganisationId,
    /// Who signs.
    #[schema(value_type = Vec<String>)]
    pub parties: Vec<OrganisationId>,
    /// The state: `draft`, `offered`, `signed`, `in_force`, `suspended`, `terminated`, `expired` or `superseded`.
    pub state: &'static str,
    /// How it stands at this moment, the calendar included.
    pub standing: &'static str,
    /// From when it is valid.
    #[schema(value_type = String, format = DateTime)]
    pub valid_from: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub valid_until: Timestamp,
    /// When the next review is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub review_due: Option<Timestamp>,
    /// Why it is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Who suspended it and may resume it; left out when the coordinator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub suspended_by: Option<OrganisationId>,
    /// Until when open referrals may finish after a termination.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub notice_until: Option<Timestamp>,
    /// The version that replaced it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<u32>,
    /// Directions that are stopped while the rest goes on.
    pub stopped_flows: Vec<StoppedFlowView>,
    /// Counts its changes; the `ETag`.
    pub row_version: i64,
}

/// A direction that is stopped.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StoppedFlowView {
    /// Who discloses.
    #[schema(value_type = String)]
    pub from: OrganisationId,
    /// Who receives.
    #[schema(value_type = String)]
    pub to: OrganisationId,
    /// Why.
    pub reason: &'static str,
    /// Who stopped it and may let it go on; left out when the coordinator did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub by: Option<OrganisationId>,
}

impl StoppedFlowView {
    fn of(flow: &StoppedFlow) -> Self {
        Self { from: flow.from, to: flow.to, reason: flow.reason.name(), by: flow.by }
    }
}

/// A signature.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SignatureView {
    /// The party.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// Thumbprint of the key.
    pub kid: String,
    /// Who signed for the organisation.
    pub signatory: String,
    /// In which office.
    pub office: String,
    /// What shows that this person may.
    pub authority: String,
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The token: verify it yourself.
    pub token: String,
}

/// A version of an agreement with all there is about it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AgreementDetail {
    /// Where it stands.
    #[serde(flatten)]
    pub agreement: AgreementView,
    /// The document, byte for byte.
    pub document: String,
    /// The signatures that are there.
    pub signatures: Vec<SignatureView>,
    /// What changed against the version before: `wider` is what older permissions do not cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub changes: Option<Changes>,
}

impl AgreementView {
    /// What to show at a moment.
    pub fn of(agreement: &Agreement, at: Timestamp) -> Self {
        let standing = agreement.standing(at);
        let (mut due, mut reason, mut notice, mut by) = (None, None, None, None);
        match &agreement.state {
            State::InForce { reviewed, .. } => due = Some(review_due(*reviewed, &agreement.validity)),
            State::Suspended { reason: why, .. } => reason = Some(why.name()),
            State::Terminated { ending: Ending::Notice { until }, .. } => notice = Some(*until),
            State::Superseded { by: version, .. } => by = Some(*version),
            State::Draft
            | State::Offered { .. }
            | State::Signed { .. }
            | State::Terminated { ending: Ending::Breach, .. }
            | State::Expired { .. } => {}
        }
        Self {
            id: agreement.id,
            version: agreement.version,
            digest: agreement.digest,
            drafted_by: agreement.drafted_by,
            parties: agreement.parties.clone(),
            state: agreement.state.name(),
            standing: standing.name(),
            valid_from: agreement.validity.from,
            valid_until: agreement.validity.until,
            review_due: due,
            reason,
            suspended_by: agreement.suspended_by,
            notice_until: notice,
            superseded_by: by,
            stopped_flows: agreement.stopped.iter().map(StoppedFlowView::of).collect(),
            row_version: agreement.row_version,
        }
    }
}

/// One version with its document and signatures, for a party or the coordinator.
pub fn find_agreement(
    db: &mut Db<'_>,
    actor: &Actor,
    (id, version): (AgreementId, u32),
    now: Timestamp,
) -> Result<AgreementDetail, AgreementError> {
    let agreement = store::find(db, id, version)?;
    agreement.visible_to(actor)?;
    let bytes = store::document(db, id, version)?;
    let signatures = store::signatures(db, id, version)?
        .into_iter()
        .map(|signature| SignatureView {
            organisation: signature.organisation,
            kid: signature.kid,
            signatory: signature.signatory,
            office: signature.office,
            authority: signature.authority,
            at: signature.at,
            token: signature.token,
        })
        .collect();
    let changes = changes_since_before(db, &agreement, &bytes)?;
    let document =
        String::from_utf8(bytes).map_err(|_ignored| StorageError::Unreadable("agreements.document"))?;
    Ok(AgreementDetail { agreement: AgreementView::of(&agreement, now), document, signatures, changes })
}

fn changes_since_before(
    db: &mut Db<'_>,
    agreement: &Agreement,
    bytes: &[u8],
) -> Result<Option<Changes>, AgreementError> {
    let Some(before) = agreement.version.checked_sub(1).filter(|before| *before > 0) else { return Ok(None) };
    let older = store::document(db, agreement.id, before)?;
    let read = |bytes: &[u8]| {
        Document::parse(bytes).map_err(|_ignored| StorageError::Unreadable("agreements.document"))
    };
    Ok(Some(Changes::between(&read(&older)?, &read(bytes)?)))
}

/// An agreement in a list: where it stands, for which services it is, and who has signed.
#[derive(Clone, Debug)]
pub struct ListedAgreement {
    /// Where it stands.
    pub agreement: AgreementView,
    /// The services of all its directions.
    pub services: BTreeSet<ServiceCode>,
    /// Who has signed it so far.
    pub signed: BTreeSet<OrganisationId>,
}

/// What a list reads of a document: it was checked as a whole when it was drafted.
#[derive(Deserialize)]
struct Outline {
    flows: Vec<OutlineOfFlow>,
}

#[derive(Deserialize)]
struct OutlineOfFlow {
    services: Vec<ServiceCode>,
}

impl ListedAgreement {
    fn of(listed: Listed, at: Timestamp) -> Result<Self, StorageError> {
        let outline: Outline = serde_json::from_slice(&listed.document)
            .map_err(|_ignored| StorageError::Unreadable("agreements.document"))?;
        Ok(Self {
            agreement: AgreementView::of(&listed.agreement, at),
            services: outline.flows.into_iter().flat_map(|flow| flow.services).collect(),
            signed: listed.signed,
        })
    }
}

/// Within how many days before its end an agreement asks to be renewed.
pub const ENDS_SOON_DAYS: i64 = 60;

/// How many agreements are listed first, at most; each is read with its document.
pub const MOST_PRESSING: usize = 100;

/// The agreements that ask for something: one's drafts, offers that wait for signatures, what is suspended or stopped in part, and what
/// ends within [`ENDS_SOON_DAYS`].
pub fn pressing(
    db: &mut Db<'_>,
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<ListedAgreement>, AgreementError> {
    let soon = now.plus(TimeDelta::days(ENDS_SOON_DAYS));
    let found = store::listed(
        db,
        whose(actor)?,
        Among::Pressing(soon),
        i64::try_from(MOST_PRESSING).unwrap_or(i64::MAX),
    )?;
    Ok(found.into_iter().map(|listed| ListedAgreement::of(listed, now)).collect::<Result<_, _>>()?)
}

/// The agreements as [`list_agreements`] has them, with what a list of them says of each.
pub fn look_through(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<ListedAgreement>, AgreementError> {
    let found = store::listed(db, whose(actor)?, Among::After(asked.after()), asked.rows_to_load())?;
    let listed =
        found.into_iter().map(|listed| ListedAgreement::of(listed, now)).collect::<Result<Vec<_>, _>>()?;
    Ok(asked.page(listed, |one| store::place(one.agreement.id, one.agreement.version)))
}

/// Whose agreements the actor sees: their organisation's, or everybody's.
fn whose(actor: &Actor) -> Result<Option<OrganisationId>, AgreementError> {
    let oversees = actor.may(Permission::OverseeAgreements).is_ok();
    Ok(if oversees { None } else { Some(actor.for_organisation()?) })
}

/// The agreements a party has, newest id last; all but drafts for the coordinator.
pub fn list_agreements(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<AgreementView>, AgreementError> {
    let rows = store::list(db, whose(actor)?, Among::After(asked.after()), asked.rows_to_load())?;
    let page = asked.page(rows, |agreement| store::place(agreement.id, agreement.version));
    Ok(page.map(|agreement| AgreementView::of(&agreement, now)))
}

/// How many days after its end an agreement is still listed among those that end.
const ENDED_DAYS: i64 = 30;

/// The agreements that end within [`ENDS_SOON_DAYS`] or ended lately, what ends first comes first.
pub fn ending(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<AgreementView>, AgreementError> {
    let after = asked.after_moment().and_then(|(until, one)| {
        let (id, version) = one.split_once('/')?;
        Some((until, id, version.parse().ok()?))
    });
    let among = Among::Ending {
        since: now.minus(TimeDelta::days(ENDED_DAYS)),
        soon: now.plus(TimeDelta::days(ENDS_SOON_DAYS)),
        after,
    };
    let rows = store::list(db, whose(actor)?, among, asked.rows_to_load())?;
    let until = |one: &Agreement| one.validity.until.micros();
    let page = asked.page(rows, |one| format!("{} {}", until(one), store::place(one.id, one.version)));
    Ok(page.map(|agreement| AgreementView::of(&agreement, now)))
}
