//! What the entrances show of certificates and withdrawals.

use serde::Serialize;

use super::{
    duty::DutyView,
    error::ConsentError,
    status::Status,
    store::{self, Registered, Shown},
    withdraw::{HolderRow, WithdrawalRow},
    withdrawal::{DeniedPart, Extent, Holding, Step},
};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::{
        Digest, Timestamp,
        id::{CertificateId, OrganisationId, SubjectToken, WithdrawalId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// A registered certificate, for its two sides.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CertificateView {
    /// The certificate.
    #[schema(value_type = String)]
    pub id: CertificateId,
    /// Who took the consent.
    #[schema(value_type = String)]
    pub issuer: OrganisationId,
    /// The one recipient it is for.
    #[schema(value_type = String)]
    pub recipient: OrganisationId,
    /// The person's pseudonym.
    #[schema(value_type = String)]
    pub subject: SubjectToken,
    /// Digest of the token, as packets cite it.
    #[schema(value_type = String)]
    pub digest: Digest,
    /// Version of the consent record.
    pub record_version: u32,
    /// Where the consent stands.
    pub status: Status,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// What was taken back of it.
    #[schema(value_type = Vec<Object>)]
    pub denied: Vec<DeniedPart>,
    /// When its last yes ends.
    #[schema(value_type = String, format = DateTime)]
    pub expires: Timestamp,
    /// When it was registered.
    #[schema(value_type = String, format = DateTime)]
    pub registered: Timestamp,
}

impl CertificateView {
    pub(super) fn of(registered: &Registered) -> Self {
        Self {
            id: registered.id,
            issuer: registered.issuer,
            recipient: registered.recipient,
            subject: registered.subject,
            digest: registered.digest,
            record_version: registered.record_version,
            status: registered.status,
            since: registered.status_since,
            denied: registered.denied.clone(),
            expires: registered.expires,
            registered: registered.since,
        }
    }
}

/// A certificate, for the organisation that issued it and the one it is for. Recipients look here before they go on using data.
pub fn find_certificate(
    db: &mut Db<'_>,
    actor: &Actor,
    id: CertificateId,
) -> Result<CertificateView, ConsentError> {
    let organisation = actor.for_organisation()?;
    let registered = store::find(db, id)?.ok_or(AccessError::NotFound)?;
    if registered.issuer == organisation || registered.recipient == organisation {
        Ok(CertificateView::of(&registered))
    } else {
        Err(AccessError::NotFound.into())
    }
}

/// A holder, and what it did.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct HolderView {
    /// Who.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// How far it had come.
    pub holding: Holding,
    /// What it owes.
    #[serde(flatten)]
    pub duty: DutyView,
}

/// A withdrawal on its way to every holder.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WithdrawalView {
    /// The withdrawal.
    #[schema(value_type = String)]
    pub id: WithdrawalId,
    /// The person's pseudonym; not shown to whoever only oversees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub subject: Option<SubjectToken>,
    /// What was taken back; not shown to whoever only oversees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub extent: Option<Extent>,
    /// From this moment.
    #[schema(value_type = String, format = DateTime)]
    pub withdrawn: Timestamp,
    /// When every answer was in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed: Option<Timestamp>,
    /// Answers were still missing after the last deadline.
    pub breached: bool,
    /// Until when the person must be told the outcome.
    #[schema(value_type = String, format = DateTime)]
    pub tell_the_person_by: Timestamp,
    /// Who must answer. A holder sees itself only.
    pub holders: Vec<HolderView>,
}

impl HolderView {
    fn of(holder: &HolderRow, now: Timestamp) -> Self {
        Self {
            organisation: holder.organisation,
            holding: holder.holding,
            duty: DutyView::of(&holder.duty, now),
        }
    }
}

impl WithdrawalView {
    /// For the organisation that took the consent, for a holder, or for whoever oversees (`reader` is none).
    pub(super) fn of(
        row: &WithdrawalRow,
        holders: &[HolderRow],
        reader: Option<OrganisationId>,
        now: Timestamp,
    ) -> Self {
        let sees = |holder: &&HolderRow| {
            holder.withdrawal == row.id
                && reader.is_none_or(|reader| reader == row.issuer || reader == holder.organisation)
        };
        Self {
            id: row.id,
            subject: reader.map(|_| row.subject),
            extent: reader.map(|_| row.extent.clone()),
            withdrawn: row.withdrawn,
            closed: row.closed,
            breached: row.breach.is_some(),
            tell_the_person_by: Step::W12.due(row.withdrawn),
            holders: holders.iter().filter(sees).map(|holder| HolderView::of(holder, now)).collect(),
        }
    }
}

/// A withdrawal, for the organisation that took the consent, for one that must answer, and for whoever oversees.
pub fn find_withdrawal(
    db: &mut Db<'_>,
    actor: &Actor,
    id: WithdrawalId,
    now: Timestamp,
) -> Result<WithdrawalView, ConsentError> {
    let row = store::withdrawal(db, id)?;
    let holders = store::holders(db, &[id])?;
    let reader = reader(actor)?;
    let theirs = reader.is_none_or(|reader| {
        reader == row.issuer || holders.iter().any(|holder| holder.organisation == reader)
    });
    if theirs {
        Ok(WithdrawalView::of(&row, &holders, reader, now))
    } else {
        Err(AccessError::NotFound.into())
    }
}

/// Withdrawals that concern the actor's organisation; all of them for whoever oversees. `open_only` leaves out what is closed.
pub fn list_withdrawals(
    db: &mut Db<'_>,
    actor: &Actor,
    open_only: bool,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<WithdrawalView>, ConsentError> {
    let reader = reader(actor)?;
    let shown = reader.map_or(Shown::All, Shown::Concerning);
    let rows = store::list_withdrawals(db, shown, open_only, (asked.after(), asked.rows_to_load()))?;
    let ids: Vec<WithdrawalId> = rows.iter().map(|row| row.id).collect();
    let holders = store::holders(db, &ids)?;
    let page = asked.page(rows, |row| row.id.to_string());
    Ok(page.map(|row| WithdrawalView::of(&row, &holders, reader, now)))
}

/// Withdrawals in which somebody has not answered in time: the actor's organisation, or somebody who must answer to it. The oldest first.
pub fn late_withdrawals(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<WithdrawalView>, ConsentError> {
    actor.may(Permission::WithdrawConsent)?;
    let own = actor.for_organisation()?;
    let rows = store::late_withdrawals(db, own, now, (asked.after_moment(), asked.rows_to_load()))?;
    let ids: Vec<WithdrawalId> = rows.iter().map(|row| row.id).collect();
    let holders = store::holders(db, &ids)?;
    let page = asked.page(rows, |row| format!("{} {}", row.withdrawn.micros(), row.id));
    Ok(page.map(|row| WithdrawalView::of(&row, &holders, Some(own), now)))
}

/// The organisation that reads; none for whoever oversees.
fn reader(actor: &Actor) -> Result<Option<OrganisationId>, AccessError> {
    if actor.may(Permission::ReadAllReferrals).is_ok() {
        return Ok(None);
    }
    actor.may(Permission::WithdrawConsent)?;
    actor.for_organisation().map(Some)
}
