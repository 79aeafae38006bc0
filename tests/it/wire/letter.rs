//! A packet to send from one test organisation to another.

use throughline::{
    consent::Attested,
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, CertificateId, Ids as _, ReferralId, SubjectToken, SystemIds},
    },
    packets::{AgreementRef, Draft, DraftField, DraftFile, PacketKind, Reader, ScopeRef, Sealed, press},
    policy::{FormValue, Mode, Policy},
};

use crate::support::Org;

/// Something no hub may ever hold.
pub(crate) const CANARY: &str = "Amina-Canary-Phiri";

/// A draft with fields in several compartments and a file.
pub(crate) fn draft(from: &Org, to: &Org, at: Timestamp) -> Draft {
    let text = |text: &str| FormValue::Text(text.to_owned());
    let field = |id: &str, value| DraftField { field: id.parse().unwrap(), value, justification: None };
    let mut noise = vec![0u8; 4_000];
    SystemIds.random(&mut noise);
    Draft {
        kind: PacketKind::Referral,
        re: None,
        sender: from.id,
        recipients: vec![to.id],
        made: at,
        expires: Timestamp::from_seconds(at.seconds() + 86_400),
        referral: ReferralId::new(&SystemIds, at),
        parent: None,
        received: std::collections::BTreeSet::new(),
        subject: SubjectToken::new(&SystemIds, at),
        agreement: AgreementRef { id: AgreementId::new(&SystemIds, at), ver: 1, h: Digest::of("agreement") },
        mode: Mode::Consent,
        scope: Some(ScopeRef { id: CertificateId::new(&SystemIds, at), h: Digest::of("scope") }),
        purpose: "P01".parse().unwrap(),
        service: "SV07".parse().unwrap(),
        urgency: "U2".parse().unwrap(),
        retention: "RT01".parse().unwrap(),
        onward: "OW00".parse().unwrap(),
        attested: Attested::default(),
        minset: "ms_health".parse().unwrap(),
        fields: vec![
            field("ZP.1a", text(CANARY)),
            field("ZP.4", text("female")),
            field("CF.phone", text("+260 000 canary")),
            field("ZP.13d", text("canary: asthma \"é\" \\ \u{2028} \u{1F600}")),
            field("ZP.13p", FormValue::Flag(true)),
        ],
        files: vec![DraftFile {
            field: "CF.attachment".parse().unwrap(),
            name: "canary letter.pdf".into(),
            mime: "application/pdf".into(),
            bytes: noise,
            justification: None,
        }],
        readers: [from, to]
            .iter()
            .flat_map(|org| {
                org.readers.iter().map(|(role, key)| Reader {
                    organisation: org.id,
                    role: role.parse().unwrap(),
                    key: key.public().encrypter().unwrap(),
                })
            })
            .collect(),
    }
}

pub(crate) fn sealed(from: &Org, to: &Org, at: Timestamp) -> Sealed {
    press(draft(from, to, at), &from.signing, Policy::builtin(), &SystemIds).unwrap()
}
