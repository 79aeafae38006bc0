//! Record that a person takes a consent back: nothing more passes under it from this transaction on.
//!
//! What follows for referrals, ciphertexts and holders is carried out by `referrals`, in the same transaction.

use super::{
    certificate::Claims,
    code_digest,
    duty::Duty,
    error::ConsentError,
    status::{ConsentMove, Status},
    store::{self, Registered},
    withdrawal::{Extent, Fall, Holding},
};
use crate::{
    access::{AccessError, Permission, Tx},
    crypto::{Typ, closed, peek},
    kernel::{
        Secret, Timestamp,
        id::{CertificateId, OrganisationId, SubjectToken, WithdrawalId},
    },
    outbox,
};

/// How whoever heard it says whose consent is taken back.
#[derive(Debug)]
pub enum Whose {
    /// By the code on the person's receipt. Needs nothing else, and nobody has to be signed in.
    Code(Secret<String>),
    /// By the pseudonym, for an organisation that took the consent or may have data under it.
    Subject(SubjectToken),
    /// By a certificate that a referral of the acting person rests on.
    Certificate(CertificateId),
}

/// A withdrawal as it was heard.
#[derive(Debug)]
pub struct Withdraw {
    /// Whose consent.
    pub whose: Whose,
    /// What of it. Everything when nothing is named.
    pub extent: Extent,
}

/// A withdrawal that is recorded.
#[derive(Clone, Debug)]
pub struct Withdrawn {
    /// Its id.
    pub id: WithdrawalId,
    /// What it did to which certificate. Empty when everything it names had been taken back before.
    pub falls: Vec<Fall>,
    /// It was not heard before.
    pub new: bool,
}

/// A withdrawal's row.
#[derive(Clone, Debug)]
pub(super) struct WithdrawalRow {
    pub(super) id: WithdrawalId,
    pub(super) issuer: OrganisationId,
    pub(super) subject: SubjectToken,
    /// The newest version of the consent that was known: it and all before are reached.
    pub(super) record_version: u32,
    /// Nothing when the person did it by code.
    pub(super) heard_by: Option<OrganisationId>,
    pub(super) extent: Extent,
    pub(super) withdrawn: Timestamp,
    pub(super) closed: Option<Timestamp>,
    pub(super) breach: Option<Timestamp>,
    pub(super) version: i64,
}

/// Somebody who has data, and what they did about it.
#[derive(Clone, Debug)]
pub(super) struct HolderRow {
    pub(super) withdrawal: WithdrawalId,
    pub(super) organisation: OrganisationId,
    pub(super) holding: Holding,
    pub(super) duty: Duty,
}

/// Records a withdrawal. It needs no reason, and no state of a consent turns it away; the same one again finds the first.
pub fn withdraw(tx: &mut Tx<'_>, cmd: &Withdraw) -> Result<Withdrawn, ConsentError> {
    if cmd.extent.is_too_long() {
        return Err(ConsentError::TooManyParts);
    }
    let (issuer, subject) = person(tx, &cmd.whose)?;
    let (newest, _) = store::newest(tx, issuer, subject)?.ok_or(AccessError::NotFound)?;
    let before = store::withdrawals_of(tx.db(), issuer, subject)?;
    let same = before.iter().find(|was| was.extent == cmd.extent && was.record_version == newest);
    if let Some(same) = same {
        return Ok(Withdrawn { id: same.id, falls: Vec::new(), new: false });
    }
    let row = WithdrawalRow {
        id: tx.id(),
        issuer,
        subject,
        record_version: newest,
        heard_by: tx.actor().organisation(),
        extent: cmd.extent.clone(),
        withdrawn: tx.now(),
        closed: None,
        breach: None,
        version: 1,
    };
    store::insert_withdrawal(tx, &row)?;
    let mut falls = Vec::new();
    for certificate in store::of_person(tx.db(), issuer, subject)? {
        if let Some(fall) = fell(tx, &certificate, &row)? {
            falls.push(fall);
        }
    }
    let certificates: Vec<CertificateId> = falls.iter().map(Fall::certificate).collect();
    let payload =
        serde_json::json!({ "withdrawal": row.id, "certificates": certificates, "extent": row.extent });
    outbox::say(tx, &outbox::Event { topic: "consent.withdrawn", organisation: Some(issuer), payload })?;
    Ok(Withdrawn { id: row.id, falls, new: true })
}

/// Whoever has the code needs nothing else. Everybody else must know the person.
fn person(tx: &mut Tx<'_>, whose: &Whose) -> Result<(OrganisationId, SubjectToken), ConsentError> {
    let nothing = || ConsentError::from(AccessError::NotFound);
    match whose {
        Whose::Code(code) => store::person_of_code(tx.db(), code_digest(code.expose()))?.ok_or_else(nothing),
        Whose::Subject(subject) => {
            tx.actor().may(Permission::WithdrawConsent)?;
            let organisation = tx.actor().for_organisation()?;
            let issuer = store::person_known_to(tx.db(), *subject, organisation)?.ok_or_else(nothing)?;
            Ok((issuer, *subject))
        }
        Whose::Certificate(certificate) => {
            tx.actor().may(Permission::WithdrawConsent)?;
            let known = store::find(tx.db(), *certificate)?.ok_or_else(nothing)?;
            Ok((known.issuer, known.subject))
        }
    }
}

/// What the withdrawal does to one certificate, written down. Nothing when it had been taken back whole before.
fn fell(tx: &mut Tx<'_>, was: &Registered, withdrawal: &WithdrawalRow) -> Result<Option<Fall>, ConsentError> {
    if was.status == Status::Withdrawn {
        return Ok(None);
    }
    let extent = &withdrawal.extent;
    let fall = match was.claims() {
        Some(claims) => extent.reaches([&claims]).pop(),
        None => extent.reaches_unread(was.id, was.recipient),
    };
    let Some(fall) = fall else { return Ok(None) };
    let mut denied = was.denied.clone();
    let (status, whole_with) = match &fall {
        // What a newer version replaced, or a court took back, keeps its name; what rests on it still falls.
        Fall::Whole(_) => (was.status.step(ConsentMove::Withdraw).unwrap_or(was.status), Some(withdrawal.id)),
        Fall::Part(_, part) => {
            if denied.len() >= MOST_PIECES {
                return Err(ConsentError::TooManyPieces);
            }
            denied.push(part.clone());
            (was.status, None)
        }
    };
    store::note_fall(tx, was, status, &denied, whole_with)?;
    Ok(Some(fall))
}

impl Registered {
    /// What the certificate says. It was verified when it was registered; nothing when its token is gone.
    pub(super) fn claims(&self) -> Option<Claims> {
        let peeked = peek(self.token.as_deref()?, Typ::Scope, super::MAX_CERTIFICATE).ok()?;
        closed::read(peeked.unverified(), CLAIMS_DEPTH).ok()
    }
}

/// How often a person may take a part of one certificate back before the whole must go.
const MOST_PIECES: usize = 64;

/// How deep a certificate's objects nest.
const CLAIMS_DEPTH: u8 = 6;
