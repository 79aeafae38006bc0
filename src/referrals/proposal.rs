//! What a verified packet proposes, in the words the rule knows.

use super::{error::ReferralError, referral::Referral};
use crate::{
    consent::{
        self, CitedAgreement, CitedCertificate, Counted, Course, Facts, Onwards, ProtectionSignal, Wanted,
        WantedField,
    },
    kernel::Timestamp,
    packets::{Envelope, Manifest, ManifestField},
    policy::{CompartmentCode, Language, Policy},
    storage::Db,
};

/// The packet profile of this format.
const PROFILE: &str = "rp1";

/// Envelope and manifest as a proposal.
pub(super) fn wanted(envelope: &Envelope, manifest: &Manifest, course: Course) -> Wanted {
    let compartment = |field: &ManifestField| -> Option<CompartmentCode> {
        Some(envelope.sections.get(field.sec.place())?.role.clone())
    };
    let fields = manifest
        .fields
        .iter()
        .map(|field| WantedField {
            id: field.f.clone(),
            compartment: compartment(field),
            justification: field.j.clone(),
            source: field.s,
        })
        .collect();
    let attested = &envelope.att;
    Wanted {
        sender: envelope.iss,
        recipient: envelope.aud.first().copied(),
        mode: envelope.mode,
        purpose: envelope.purpose.clone(),
        service: envelope.service.clone(),
        urgency: envelope.urgency.clone(),
        retention: envelope.retention.clone(),
        onward: envelope.onward.clone(),
        profile: PROFILE.to_owned(),
        dictionary: manifest.dict.to_string(),
        fields,
        // Whether a language is rare where the person is, only the sender knows.
        language: Language::Common,
        approvals: attested.approvals,
        signal: attested.signal.unwrap_or(ProtectionSignal::NotScreened),
        subject: envelope.sub,
        agreement: Some(CitedAgreement {
            id: envelope.dsa.id,
            version: envelope.dsa.ver,
            digest: envelope.dsa.h,
        }),
        certificate: envelope.scope.as_ref().map(|scope| CitedCertificate { id: scope.id, digest: scope.h }),
        round: attested.round,
        overrides: attested.overrides.clone(),
        worker_anonymous: attested.anonymous,
        onwards: match envelope.parent {
            None => Onwards::No,
            Some(_) if attested.untold => Onwards::Untold,
            Some(_) => Onwards::Yes,
        },
        course,
    }
}

/// What a packet that belongs to an open referral is within it: its sender adds, its recipient answers.
pub(super) fn course_within(referral: &Referral, envelope: &Envelope) -> Course {
    if envelope.iss == referral.origin.sender { Course::Continues } else { Course::Answers }
}

/// The facts about a proposal at a moment.
pub(super) fn facts(
    db: &mut Db<'_>,
    wanted: Wanted,
    at: Timestamp,
    counted: Counted,
    policy: &Policy,
) -> Result<Facts, ReferralError> {
    Ok(consent::gather(db, wanted, at, counted, policy)?)
}
