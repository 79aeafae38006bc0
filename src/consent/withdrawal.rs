//! What a withdrawal asks of everybody, as data; and which certificates it reaches. Pure.
//!
//! A withdrawal needs no reason, works from any state and is never turned away. Taking back a part (a recipient, a purpose, a
//! category, a field) is the same procedure on a subset.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::certificate::Claims;
use crate::{
    kernel::{
        Timestamp,
        id::{CertificateId, OrganisationId},
    },
    policy::{CategoryCode, FieldId, PurposeCode},
};

/// The most categories or fields one withdrawal names.
pub(super) const MOST_PARTS: usize = 256;

/// What is taken back. Empty means everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// Only what this recipient may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<OrganisationId>,
    /// Only this purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeCode>,
    /// Only these categories.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CategoryCode>,
    /// Only these fields.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<FieldId>,
}

/// What a withdrawal does to one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fall {
    /// It is not valid any more.
    Whole(CertificateId),
    /// A part of it is denied from now on.
    Part(CertificateId, DeniedPart),
}

impl Fall {
    /// The certificate it is about.
    pub const fn certificate(&self) -> CertificateId {
        match self {
            Self::Whole(id) | Self::Part(id, _) => *id,
        }
    }

    /// The organisation that nothing is passed on to any more, when that is all it does.
    pub fn onward(&self) -> Option<OrganisationId> {
        match self {
            Self::Whole(_) => None,
            Self::Part(_, part) => part.onward,
        }
    }
}

/// A part of a certificate that was taken back. Read like a no line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeniedPart {
    /// Passing on to this organisation, whatever it is; the rest of the certificate is not touched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onward: Option<OrganisationId>,
    /// Only for this purpose; for every purpose when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<PurposeCode>,
    /// These categories.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<CategoryCode>,
    /// These fields.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub fields: BTreeSet<FieldId>,
}

impl DeniedPart {
    /// Whether the purpose as a whole was taken back.
    pub fn takes_purpose(&self, purpose: &PurposeCode) -> bool {
        let whole = self.categories.is_empty() && self.fields.is_empty();
        self.onward.is_none() && self.purpose.as_ref() == Some(purpose) && whole
    }

    /// Whether passing on to this organisation was taken back.
    pub fn takes_onward(&self, to: OrganisationId) -> bool {
        self.onward == Some(to)
    }

    /// Whether the field was taken back for the purpose.
    pub fn takes(&self, field: &FieldId, category: Option<&CategoryCode>, purpose: &PurposeCode) -> bool {
        let for_purpose = self.purpose.as_ref().is_none_or(|named| named == purpose);
        let by_category = category.is_some_and(|category| self.categories.contains(category));
        self.onward.is_none() && for_purpose && (self.fields.contains(field) || by_category)
    }
}

impl Extent {
    /// Whether it names more than one withdrawal may.
    pub fn is_too_long(&self) -> bool {
        self.categories.len() > MOST_PARTS || self.fields.len() > MOST_PARTS
    }

    /// Whether everything is taken back.
    pub fn is_whole(&self) -> bool {
        *self == Self::default()
    }

    /// What this does to the certificates of a person.
    pub fn reaches<'c>(&self, certificates: impl IntoIterator<Item = &'c Claims>) -> Vec<Fall> {
        certificates
            .into_iter()
            .filter_map(|claims| match self.recipient.filter(|recipient| *recipient != claims.aud) {
                None => self.reach(claims),
                Some(other) => Self::reach_onward(claims, other),
            })
            .collect()
    }

    /// What this does to a certificate of which only the recipient is still known: whatever it may concern, it does.
    pub(super) fn reaches_unread(&self, id: CertificateId, recipient: OrganisationId) -> Option<Fall> {
        if self.recipient.is_some_and(|named| named != recipient) {
            return None;
        }
        let narrow = !self.categories.is_empty() || !self.fields.is_empty();
        Some(if narrow { Fall::Part(id, self.part()) } else { Fall::Whole(id) })
    }

    /// Whoever takes back what an organisation may have means what was to be passed on to it as well, all of it.
    fn reach_onward(claims: &Claims, to: OrganisationId) -> Option<Fall> {
        let named = claims.permits().any(|line| line.onward.contains(&to));
        named.then(|| Fall::Part(claims.id, DeniedPart { onward: Some(to), ..DeniedPart::default() }))
    }

    fn part(&self) -> DeniedPart {
        DeniedPart {
            onward: None,
            purpose: self.purpose.clone(),
            categories: self.categories.clone(),
            fields: self.fields.clone(),
        }
    }

    fn reach(&self, claims: &Claims) -> Option<Fall> {
        let narrow = !self.categories.is_empty() || !self.fields.is_empty();
        match &self.purpose {
            Some(purpose) => {
                let concerned = claims.permits().any(|line| line.purpose.names(purpose));
                let only = claims.permits().all(|line| line.purpose.names(purpose));
                match (concerned, only && !narrow) {
                    (false, _) => None,
                    (true, true) => Some(Fall::Whole(claims.id)),
                    (true, false) => Some(Fall::Part(claims.id, self.part())),
                }
            }
            None if narrow => Some(Fall::Part(claims.id, self.part())),
            None => Some(Fall::Whole(claims.id)),
        }
    }
}

/// A duty that begins with a withdrawal.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
pub enum Step {
    /// Whoever hears it records, signs and submits it.
    W1,
    /// The hub stops new packets and holds what was not delivered.
    W2,
    /// The hub purges what was not delivered.
    W3,
    /// The hub tells the sender and every holder, until each acknowledged.
    W4,
    /// The sender stops sharing, offers alternatives, tells the person what can still happen.
    W5,
    /// A recipient that has not accepted destroys everything and certifies it.
    W6,
    /// A recipient that serves stops other use, asks the person whether the service should go on, keeps the data apart.
    W7,
    /// A recipient destroys or returns what no exception covers, and certifies it.
    W8,
    /// A recipient that passed data on sees to it that the next ones do the same.
    W9,
    /// A recipient that keeps data under an exception says which, for what, until when.
    W10,
    /// The hub closes the withdrawal when every certificate or exception is in, otherwise raises a breach.
    W11,
    /// The person is told the outcome by the agreed safe way.
    W12,
}

/// Who has a duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Whoever heard it first.
    Receiver,
    /// The hub.
    Hub,
    /// The sender of the referral.
    Sender,
    /// Whoever holds data.
    Recipient,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 12] = [
        Self::W1,
        Self::W2,
        Self::W3,
        Self::W4,
        Self::W5,
        Self::W6,
        Self::W7,
        Self::W8,
        Self::W9,
        Self::W10,
        Self::W11,
        Self::W12,
    ];

    /// The step's code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::W1 => "W1",
            Self::W2 => "W2",
            Self::W3 => "W3",
            Self::W4 => "W4",
            Self::W5 => "W5",
            Self::W6 => "W6",
            Self::W7 => "W7",
            Self::W8 => "W8",
            Self::W9 => "W9",
            Self::W10 => "W10",
            Self::W11 => "W11",
            Self::W12 => "W12",
        }
    }

    /// Who has the duty.
    pub const fn party(self) -> Party {
        match self {
            Self::W1 => Party::Receiver,
            Self::W2 | Self::W3 | Self::W4 | Self::W11 => Party::Hub,
            Self::W5 | Self::W12 => Party::Sender,
            Self::W6 | Self::W7 | Self::W8 | Self::W9 | Self::W10 => Party::Recipient,
        }
    }

    /// How long after the withdrawal it must be done.
    pub const fn within(self) -> TimeDelta {
        match self {
            Self::W1 => TimeDelta::minutes(15),
            Self::W2 => TimeDelta::seconds(60),
            Self::W3 | Self::W4 => TimeDelta::hours(1),
            Self::W5 | Self::W7 => TimeDelta::hours(24),
            Self::W6 => TimeDelta::hours(72),
            Self::W8 | Self::W10 => TimeDelta::days(7),
            Self::W9 | Self::W11 | Self::W12 => TimeDelta::days(14),
        }
    }

    /// When it must be done by.
    pub fn due(self, withdrawn_at: Timestamp) -> Timestamp {
        withdrawn_at.plus(self.within())
    }
}

/// How far a holder had come when the withdrawal arrived.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// Nothing was delivered.
    Undelivered,
    /// Delivered, not accepted.
    NotAccepted,
    /// Accepted or in service.
    Accepted,
}

impl Holding {
    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::NotAccepted => "not_accepted",
            Self::Accepted => "accepted",
        }
    }

    /// The one of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Undelivered, Self::NotAccepted, Self::Accepted].into_iter().find(|one| one.name() == name)
    }

    /// The holder's own duties.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Undelivered => &[],
            Self::NotAccepted => &[Step::W6],
            Self::Accepted => &[Step::W7, Step::W8],
        }
    }

    /// When the holder's certificate of destruction, or its exception, must be in.
    pub fn certificate_due(self, withdrawn_at: Timestamp) -> Timestamp {
        let last = self.steps().iter().map(|step| step.within()).max();
        withdrawn_at.plus(last.unwrap_or_else(TimeDelta::zero))
    }
}

/// Why a holder keeps data after a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Exception {
    /// A law demands that it is kept.
    WX1,
    /// A legal claim.
    WX2,
    /// A medical record.
    WX3,
    /// An emergency that goes on.
    WX4,
    /// A child-protection file.
    WX5,
}

impl Exception {
    /// Every exception.
    pub const ALL: [Self; 5] = [Self::WX1, Self::WX2, Self::WX3, Self::WX4, Self::WX5];

    /// The exception's code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::WX1 => "WX1",
            Self::WX2 => "WX2",
            Self::WX3 => "WX3",
            Self::WX4 => "WX4",
            Self::WX5 => "WX5",
        }
    }

    /// The exception of this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|exception| exception.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreements::sample::{clinic, lawyers},
        consent::sample::{NOON, at, certify, record, record_with},
    };

    fn both() -> [Claims; 2] {
        let mut legal = certify(&record(), lawyers(), NOON).unwrap();
        legal.id = "cer_0192f0c1000070008000000000000052".parse().unwrap();
        [certify(&record(), clinic(), NOON).unwrap(), legal]
    }

    #[test]
    fn taking_everything_back_reaches_every_certificate() {
        let certificates = both();
        let falls = Extent::default().reaches(&certificates);
        assert_eq!(falls, certificates.map(|claims| Fall::Whole(claims.id)));
    }

    #[test]
    fn taking_a_recipient_back_reaches_only_that_one() {
        let [health, legal] = both();
        let extent = Extent { recipient: Some(lawyers()), ..Extent::default() };
        assert_eq!(extent.reaches([&health, &legal]), [Fall::Whole(legal.id)]);
    }

    #[test]
    fn taking_a_purpose_back_fells_what_has_only_that_one_and_narrows_the_rest() {
        let purpose = Some("P01".parse().unwrap());
        let extent = Extent { purpose: purpose.clone(), ..Extent::default() };
        let [health, legal] = both();
        assert_eq!(extent.reaches([&health, &legal]), [Fall::Whole(health.id)]);
        let two = record_with(|r| {
            let mut line = r["lines"][0].clone();
            line["line"]["purpose"] = "P08".into();
            r["lines"].as_array_mut().unwrap().push(line);
        });
        let both_purposes = certify(&two, clinic(), NOON).unwrap();
        let [Fall::Part(id, part)] = &extent.reaches([&both_purposes])[..] else { panic!("expected a part") };
        assert_eq!(*id, both_purposes.id);
        assert!(part.takes_purpose(&"P01".parse().unwrap()));
        assert!(!part.takes_purpose(&"P08".parse().unwrap()));
    }

    #[test]
    fn taking_a_field_back_narrows() {
        let extent = Extent { fields: ["CF.phone".parse().unwrap()].into(), ..Extent::default() };
        let [health, _] = both();
        let [Fall::Part(_, part)] = &extent.reaches([&health])[..] else { panic!("expected a part") };
        let purpose = "P01".parse().unwrap();
        assert!(part.takes(&"CF.phone".parse().unwrap(), None, &purpose));
        assert!(!part.takes(&"CF.name".parse().unwrap(), Some(&"K03".parse().unwrap()), &purpose));
        assert!(!part.takes_purpose(&purpose));
    }

    #[test]
    fn every_step_has_its_deadline() {
        let from = at(NOON);
        let table: Vec<String> = Step::ALL
            .iter()
            .map(|step| format!("{} {:?} {}", step.code(), step.party(), step.due(from)))
            .collect();
        insta::assert_snapshot!(table.join("\n"));
    }

    #[test]
    fn what_a_holder_must_do_depends_on_how_far_it_had_come() {
        let from = at(NOON);
        assert_eq!(Holding::Undelivered.certificate_due(from), from);
        assert_eq!(Holding::NotAccepted.certificate_due(from), at("2026-03-04T12:00:00Z"));
        assert_eq!(Holding::Accepted.certificate_due(from), at("2026-03-08T12:00:00Z"));
    }
}
