//! The worked example to test with: a person who agreed to health care at a clinic and to legal aid, and to nothing else.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    AgreementVersion, Availability, CitedAgreement, CitedCertificate, Claims, Course, Covering, Facts, Made,
    Member, Offer, Onwards, Presented, ProtectionSignal, Record, Status, Wanted, WantedField,
};
use crate::{
    agreements::{Standing, Terms, sample as agreement},
    kernel::{Digest, Timestamp, id::OrganisationId},
    policy::{Language, Mode, Policy},
};

pub(crate) const RECORD: &[u8] =
    include_bytes!("../../schemas/consent/examples/valid/record.v1.thumbprint.json");

/// Noon on the first day of the consent.
pub(crate) const NOON: &str = "2026-03-01T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The record.
pub(crate) fn record() -> Record {
    Record::parse(RECORD).unwrap()
}

/// The record with a change made to its JSON.
pub(crate) fn record_with(edit: impl FnOnce(&mut serde_json::Value)) -> Record {
    let mut value: serde_json::Value = serde_json::from_slice(RECORD).unwrap();
    edit(&mut value);
    Record::parse(&serde_json::to_vec(&value).unwrap()).unwrap()
}

/// The certificate of a record for one recipient.
pub(crate) fn certify(
    record: &Record,
    recipient: OrganisationId,
    now: &str,
) -> Result<Claims, crate::policy::Denials> {
    let made = Made {
        id: "cer_0192f0c1000070008000000000000051".parse().unwrap(),
        record: Digest::of(record.bytes().unwrap().expose()),
        at: at(now),
        policy: Policy::builtin(),
    };
    Claims::of(record, recipient, made, |_| Some(at("2028-12-31T00:00:00Z")))
}

fn member(id: OrganisationId) -> Member {
    Member {
        id,
        active: true,
        country: "ZM".parse().unwrap(),
        enforcement: false,
        authority_of: None,
        roles: ["intake", "case_worker", "medical", "legal"]
            .iter()
            .map(|role| role.parse().unwrap())
            .collect(),
        calendar: None,
    }
}

/// Fields by their ids; `id=JC05` gives a justification.
pub(crate) fn fields(ids: &[&str]) -> Vec<WantedField> {
    ids.iter()
        .map(|id| {
            let (id, justification) = id.split_once('=').map_or((*id, None), |(id, j)| (id, Some(j)));
            WantedField {
                id: id.parse().unwrap(),
                compartment: None,
                justification: justification.map(|j| j.parse().unwrap()),
                source: None,
            }
        })
        .collect()
}

/// What harbour wants to send to the clinic.
pub(crate) fn wanted() -> Wanted {
    Wanted {
        sender: agreement::harbour(),
        recipient: Some(agreement::clinic()),
        mode: Mode::Consent,
        purpose: "P01".parse().unwrap(),
        service: "SV07".parse().unwrap(),
        urgency: "U2".parse().unwrap(),
        retention: "RT02".parse().unwrap(),
        onward: "OW00".parse().unwrap(),
        profile: "rp1".into(),
        dictionary: Policy::builtin().dictionary().into(),
        fields: fields(&[
            "CF.case_token",
            "CF.name",
            "CF.age_band",
            "CF.phone",
            "CF.language",
            "CF.need",
            "CF.pregnancy",
        ]),
        language: Language::Common,
        approvals: 1,
        signal: ProtectionSignal::NotScreened,
        subject: record().subject,
        agreement: None,
        certificate: None,
        round: None,
        overrides: [].into(),
        worker_anonymous: false,
        onwards: Onwards::No,
        course: Course::Begins,
    }
}

/// Everything that is needed for the proposal, all in order.
pub(crate) fn facts_of(wanted: Wanted, record: &Record, terms: Terms) -> Facts {
    let recipient = wanted.recipient.unwrap();
    let claims = Arc::new(certify(record, recipient, "2026-03-01T00:00:00Z").unwrap());
    let digest = Digest::of(claims.bytes().unwrap());
    let policy = Policy::builtin();
    let wanted = Wanted {
        agreement: Some(CitedAgreement { id: terms.id(), version: terms.version(), digest: terms.digest() }),
        certificate: Some(CitedCertificate { id: claims.id, digest }),
        ..wanted
    };
    let names_most_sensitive = claims
        .permits()
        .flat_map(|line| &line.scope.fields)
        .any(|id| policy.field(id).is_some_and(crate::policy::Field::is_most_sensitive));
    let terms = Arc::new(terms);
    let original = Arc::new(agreement::terms(|_| {}));
    let at_consent: BTreeMap<AgreementVersion, Arc<Terms>> =
        [(AgreementVersion { id: original.id(), version: original.version() }, original)].into();
    Facts {
        at: at(NOON),
        sender: Some(member(wanted.sender)),
        recipient: Some(member(recipient)),
        proposal: wanted.on(policy),
        offer: Offer::told(true, Availability::Open),
        agreement: Covering {
            current_version: Some(terms.version()),
            terms: Some(terms),
            standing: Standing::Active,
            flow_stopped: false,
            signed: true,
            reverse: false,
            sent_today: 0,
        },
        certificate: Some(Presented {
            claims,
            digest,
            genuine: true,
            status: Status::Given,
            denied: Vec::new(),
            names_most_sensitive,
            at_consent,
        }),
        open_referral: false,
        withdrawal_running: false,
        parent: None,
    }
}

/// The referral to the clinic.
pub(crate) fn health() -> Facts {
    facts_of(wanted(), &record(), agreement::terms(|_| {}))
}

/// The referral to the clinic with other fields.
pub(crate) fn health_with(ids: &[&str]) -> Facts {
    facts_of(Wanted { fields: fields(ids), ..wanted() }, &record(), agreement::terms(|_| {}))
}

/// What harbour wants to send to the lawyers, with a most sensitive field and two approvals.
pub(crate) fn wanted_legal() -> Wanted {
    Wanted {
        recipient: Some(agreement::lawyers()),
        purpose: "P07".parse().unwrap(),
        service: "SV12".parse().unwrap(),
        fields: fields(&["CF.name", "CF.phone", "CF.nationality", "ZR.6c=JC05"]),
        approvals: 2,
        ..wanted()
    }
}

/// The referral to the lawyers.
pub(crate) fn legal() -> Facts {
    facts_of(wanted_legal(), &record(), agreement::terms(|_| {}))
}

/// Changes what a certificate says; the digest stays the one that was cited.
pub(crate) fn certified(facts: &mut Facts, edit: impl FnOnce(&mut Claims)) {
    let held = facts.certificate.as_mut().unwrap();
    let mut claims = Claims::clone(&held.claims);
    edit(&mut claims);
    held.claims = Arc::new(claims);
}
