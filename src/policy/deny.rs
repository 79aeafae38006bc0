//! Why a packet or an event may not pass: the numbered codes, and what is said with them.
//!
//! All failing codes are returned together; the lowest number is the primary one. What accompanies a code is only what the
//! sender itself submitted, so that an answer never tells whom else the person agreed to.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::code::{FieldId, NotACode, PurposeCode};

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $error:ident: $($variant:ident, $code:literal, $title:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(
                #[doc = $title]
                $variant,
            )*
        }

        impl $name {
            /// Every code, lowest first.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as it is written.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// One sentence for the reader.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = NotACode;

            fn from_str(text: &str) -> Result<Self, NotACode> {
                match text {
                    $($code => Ok(Self::$variant),)*
                    _ => Err($error),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

numbered! {
    /// Why something may not pass.
    Deny, NOT_A_DENY:
    D001, "D001", "The envelope does not have the expected form, or its version is not known.";
    D002, "D002", "This packet id was used before with other content.";
    D003, "D003", "The sender's signature does not verify.";
    D004, "D004", "The sender's signing key was not valid at that moment.";
    D005, "D005", "Whoever signed may not send for this organisation.";
    D006, "D006", "A recipient key is outdated, revoked or belongs to another role.";
    D007, "D007", "The cryptographic profile is not one of those allowed.";
    D008, "D008", "The packet has expired, or the clocks differ too much.";
    D009, "D009", "The packet is about more than one person.";
    D010, "D010", "The envelope shows personal data or free text.";
    D011, "D011", "The manifest is missing, or is not the one that was signed.";
    D012, "D012", "A field or the dictionary version is not known here.";
    D013, "D013", "A field is sealed in a compartment it does not belong to.";
    D101, "D101", "The sender is not an active member.";
    D102, "D102", "The recipient is not an active member.";
    D103, "D103", "Sender and recipient are the same organisation.";
    D104, "D104", "The recipient does not list this service.";
    D105, "D105", "The person is outside who the service says it is for.";
    D106, "D106", "The person is outside the area the service covers.";
    D107, "D107", "The service is full and keeps no waiting list.";
    D108, "D108", "The receiving unit is barred for safeguarding reasons.";
    D109, "D109", "The recipient may not be involved in this person's case.";
    D201, "D201", "No agreement covers data from this sender to this recipient.";
    D202, "D202", "The agreement is not in force.";
    D203, "D203", "The agreement is suspended.";
    D204, "D204", "The cited version of the agreement is not the current one.";
    D205, "D205", "A signature under the agreement is missing or does not verify.";
    D206, "D206", "The agreement does not name this purpose.";
    D207, "D207", "The agreement does not name this service.";
    D208, "D208", "The agreement does not list every field that was sent.";
    D209, "D209", "The agreement does not open a sensitive category that was sent.";
    D210, "D210", "A most sensitive field lacks its opening, its reader role or its two approvals.";
    D211, "D211", "Retention is not stated, or is longer than agreed.";
    D212, "D212", "The agreement does not say how data is destroyed.";
    D213, "D213", "The packet allows more passing on than the agreement.";
    D214, "D214", "The agreement does not cover data between these two countries.";
    D215, "D215", "Authorities of the country of origin are blocked while protection needs are possible.";
    D216, "D216", "This purpose is prohibited.";
    D217, "D217", "A body with an enforcement mandate may not receive this for this purpose.";
    D218, "D218", "The agreement covers the other direction only.";
    D219, "D219", "The review of the agreement is overdue beyond its grace.";
    D220, "D220", "The agreed volume is used up.";
    D221, "D221", "The impact assessment is missing or out of date.";
    D301, "D301", "No scope certificate accompanies the packet.";
    D302, "D302", "The scope certificate is not the one cited, or its signature does not verify.";
    D303, "D303", "The certificate is about another person.";
    D304, "D304", "The consent is not valid at present.";
    D305, "D305", "The consent does not cover this moment.";
    D306, "D306", "The person did not name this recipient for this sender.";
    D307, "D307", "The person did not agree to this purpose.";
    D308, "D308", "The person did not agree to every field that was sent.";
    D309, "D309", "The person excluded a field that was sent.";
    D310, "D310", "The agreement has become wider since the person agreed.";
    D311, "D311", "The person was not told everything that must be told.";
    D312, "D312", "How the person agreed is not evidenced well enough.";
    D313, "D313", "The interpreter's declaration is missing or conflicted.";
    D314, "D314", "Capacity or representation is not in order.";
    D315, "D315", "The person did not agree to be contacted in this round.";
    D316, "D316", "The consent was bundled, or made a condition of help.";
    D317, "D317", "A recipient named in the consent is no organisation of the directory.";
    D318, "D318", "Data about other people is sent without a basis.";
    D319, "D319", "Reporting to law enforcement needs its own explicit consent.";
    D401, "D401", "For a child: no guardian's consent, waiver or decision of an authority.";
    D402, "D402", "The guardian's mandate is not verified or has ended.";
    D403, "D403", "The guardian has a conflict of interest.";
    D404, "D404", "The child's assent is missing, or its refusal is not resolved.";
    D405, "D405", "A best-interests assessment is required and has not begun.";
    D406, "D406", "A best-interests determination is required and does not support this.";
    D407, "D407", "The recipient is not cleared for children, or serves adults only.";
    D408, "D408", "The child-protection authority was not told alongside.";
    D409, "D409", "A person whose age is disputed was handled as an adult.";
    D410, "D410", "The waiver lacks its number or issuer, or has ended.";
    D501, "D501", "The emergency is not described completely.";
    D502, "D502", "Fields go beyond what an emergency allows.";
    D503, "D503", "The second person who must authorise is missing.";
    D504, "D504", "The recipient is not prepared for emergencies.";
    D505, "D505", "An emergency may not repeat a disclosure the person refused.";
    D506, "D506", "The record of the legal duty is not complete.";
    D507, "D507", "The assessment of harm is missing, or finds harm.";
    D508, "D508", "The cited law does not bind this organisation.";
    D509, "D509", "The request comes from an authority the cited law does not reach.";
    D510, "D510", "The review of an earlier emergency is overdue.";
    D601, "D601", "Free text was not reviewed or is too long.";
    D602, "D602", "A field beyond the service's minimum set has no justification.";
    D603, "D603", "A biometric or an image was not opened by name.";
    D604, "D604", "Internal funding data never goes through the hub.";
    D605, "D605", "A worker who asked to stay anonymous is named.";
    D606, "D606", "A precise place or a shelter's address is not opened.";
    D607, "D607", "A file has the wrong type, carries metadata or failed its scan.";
    D608, "D608", "A referral to this recipient for this service is already open.";
    D701, "D701", "The referral cannot do this in its present state.";
    D702, "D702", "This actor may not do this.";
    D703, "D703", "The reason is missing or from another list.";
    D704, "D704", "Something happened to the referral in between.";
    D705, "D705", "The referral has ended.";
    D706, "D706", "Passing on is not covered by the referral it continues.";
    D707, "D707", "A withdrawal or restriction is under way.";
    D708, "D708", "Something that must come first has not happened.";
}

numbered! {
    /// What passes, and should be looked at.
    Warning, NOT_A_WARNING:
    W101, "W101", "Eligibility was overridden with a code.";
    W201, "W201", "The review of the agreement is overdue, within its grace.";
    W301, "W301", "The consent ends within 14 days.";
    W401, "W401", "The guardian's mandate ends within 14 days.";
    W501, "W501", "The person was not told of mandatory reporting before the service.";
    W602, "W602", "A field beyond the minimum set was sent with a justification.";
}

/// Who may be told that a code was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Sender and recipient.
    Parties,
    /// The sender alone: the code tells something of what a person agreed to, of a complaint, or of a referral the recipient is no side of.
    Sender,
}

impl Deny {
    /// Who may be told. The recipient never learns of a code that speaks of consent, of a complaint, or of the referral that is continued.
    pub fn audience(self) -> Audience {
        let of_others = matches!(self, Self::D109 | Self::D706) || self.code().starts_with("D3");
        if of_others { Audience::Sender } else { Audience::Parties }
    }

    /// Whether the sender may go on by giving an override code.
    pub const fn is_soft(self) -> bool {
        matches!(self, Self::D105 | Self::D106 | Self::D107)
    }
}

impl Warning {
    /// Who may be told.
    pub fn audience(self) -> Audience {
        if self.code().starts_with("W3") { Audience::Sender } else { Audience::Parties }
    }
}

/// What is missing for a code to be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Who and where the person is: that lies sealed, the hub is not told, and the sender's gateway does not know the service's rules.
    Person,
    /// Which units are barred for safeguarding reasons, and complaints: nobody keeps either yet.
    Complaints,
    /// Rules for children and represented adults. A consent that would need them is refused.
    Children,
    /// Disclosure in an emergency. The mode is refused as a whole, under D501.
    Emergency,
    /// Disclosure because a law demands it. The mode is refused as a whole, under D506.
    Legal,
}

/// The deny codes that nothing raises for what they say, and why. Those of modes that are not built are not silently skipped: the mode is
/// refused. The rule has the conditions for the others, and no facts that could fail them (`Offer::told` in `consent`).
pub const NOT_RAISED: &[(Deny, Missing)] = &[
    (Deny::D105, Missing::Person),
    (Deny::D106, Missing::Person),
    (Deny::D108, Missing::Complaints),
    (Deny::D109, Missing::Complaints),
    (Deny::D401, Missing::Children),
    (Deny::D405, Missing::Children),
    (Deny::D406, Missing::Children),
    (Deny::D407, Missing::Children),
    (Deny::D408, Missing::Children),
    (Deny::D501, Missing::Emergency),
    (Deny::D502, Missing::Emergency),
    (Deny::D503, Missing::Emergency),
    (Deny::D504, Missing::Emergency),
    (Deny::D505, Missing::Emergency),
    (Deny::D506, Missing::Legal),
    (Deny::D507, Missing::Legal),
    (Deny::D508, Missing::Legal),
    (Deny::D509, Missing::Legal),
    (Deny::D510, Missing::Emergency),
];

/// The warnings that belong to what is not built yet.
pub const WARNINGS_NOT_RAISED: &[(Warning, Missing)] =
    &[(Warning::W401, Missing::Children), (Warning::W501, Missing::Legal)];

/// One code, with the parts of the sender's own submission it is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denial {
    /// The code.
    pub deny: Deny,
    /// A finer code, such as the status of a consent (D304) or the number of a check of the packet (D0xx).
    pub subcode: Option<String>,
    /// The fields it is about, sorted, each once.
    pub fields: Vec<FieldId>,
    /// The purpose it is about.
    pub purpose: Option<PurposeCode>,
}

impl Denial {
    /// A code alone.
    pub const fn new(deny: Deny) -> Self {
        Self { deny, subcode: None, fields: Vec::new(), purpose: None }
    }

    /// With a finer code.
    #[must_use]
    pub fn subcode(self, subcode: impl Into<String>) -> Self {
        Self { subcode: Some(subcode.into()), ..self }
    }

    /// About these fields.
    #[must_use]
    pub fn fields(self, fields: impl IntoIterator<Item = FieldId>) -> Self {
        let mut fields: Vec<_> = fields.into_iter().collect();
        fields.sort();
        fields.dedup();
        Self { fields, ..self }
    }

    /// About this purpose.
    #[must_use]
    pub fn purpose(self, purpose: PurposeCode) -> Self {
        Self { purpose: Some(purpose), ..self }
    }
}

impl From<Deny> for Denial {
    fn from(deny: Deny) -> Self {
        Self::new(deny)
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.deny, self.deny.title())
    }
}

#[derive(Serialize, Deserialize)]
struct DenialOnTheWire {
    code: Deny,
    #[serde(default, skip_deserializing)]
    title: &'static str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subcode: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purpose: Option<PurposeCode>,
}

impl Serialize for Denial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { deny, subcode, fields, purpose } = self.clone();
        DenialOnTheWire { code: deny, title: deny.title(), subcode, fields, purpose }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Denial {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let DenialOnTheWire { code, subcode, fields, purpose, title: _ } =
            DenialOnTheWire::deserialize(deserializer)?;
        Ok(Self { deny: code, subcode, fields: Vec::new(), purpose }.fields(fields))
    }
}

/// Every code that was raised, lowest first, each code and sub-code once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Denials(Vec<Denial>);

impl Denials {
    /// Nothing raised so far.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether nothing was raised.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many codes were raised.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The lowest code.
    pub fn primary(&self) -> Option<&Denial> {
        self.0.first()
    }

    /// Every code, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = &Denial> {
        self.0.iter()
    }

    /// The codes alone, lowest first.
    pub fn codes(&self) -> Vec<Deny> {
        let mut codes: Vec<_> = self.iter().map(|denial| denial.deny).collect();
        codes.dedup();
        codes
    }

    /// Whether a code was raised.
    pub fn holds(&self, deny: Deny) -> bool {
        self.iter().any(|denial| denial.deny == deny)
    }

    /// Raises a code. The same code again, about other fields, is put together with the first.
    pub fn raise(&mut self, denial: impl Into<Denial>) {
        self.extend([denial.into()]);
    }

    /// What the recipient may be told.
    #[must_use]
    pub fn for_recipient(&self) -> Self {
        self.iter().filter(|denial| denial.deny.audience() == Audience::Parties).cloned().collect()
    }

    /// `Ok` when nothing was raised.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Extend<Denial> for Denials {
    fn extend<I: IntoIterator<Item = Denial>>(&mut self, denials: I) {
        let mut merged: BTreeMap<_, Vec<FieldId>> = BTreeMap::new();
        for Denial { deny, subcode, fields, purpose } in self.0.drain(..).chain(denials) {
            merged.entry((deny, subcode, purpose)).or_default().extend(fields);
        }
        self.0 = merged
            .into_iter()
            .map(|((deny, subcode, purpose), fields)| {
                Denial { deny, subcode, fields: Vec::new(), purpose }.fields(fields)
            })
            .collect();
    }
}

impl FromIterator<Denial> for Denials {
    fn from_iter<I: IntoIterator<Item = Denial>>(denials: I) -> Self {
        let mut all = Self::none();
        all.extend(denials);
        all
    }
}

impl IntoIterator for Denials {
    type Item = Denial;
    type IntoIter = std::vec::IntoIter<Denial>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de> Deserialize<'de> for Denials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Denial>::deserialize(deserializer).map(|denials| denials.into_iter().collect())
    }
}

impl fmt::Display for Denials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, deny) in self.codes().into_iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{deny}")?;
        }
        Ok(())
    }
}

const NOT_A_DENY: NotACode = NotACode::new("a deny code like D306");
const NOT_A_WARNING: NotACode = NotACode::new("a warning code like W301");

#[cfg(test)]
mod tests {
    use super::*;

    fn field(id: &str) -> FieldId {
        id.parse().unwrap()
    }

    #[test]
    fn every_code_is_listed_once_in_order_and_survives_its_text() {
        assert_eq!(Deny::ALL.len(), 98);
        assert!(Deny::ALL.is_sorted_by(|a, b| a.code() < b.code() && a < b));
        assert!(Warning::ALL.is_sorted_by(|a, b| a.code() < b.code() && a < b));
        for deny in Deny::ALL {
            assert_eq!(deny.code().parse(), Ok(*deny));
            assert!(deny.title().ends_with('.') && deny.title().len() < 90, "{deny}");
        }
        assert!("D999".parse::<Deny>().is_err());
    }

    #[test]
    fn the_families_are_complete() {
        for (family, count) in
            [("D0", 13), ("D1", 9), ("D2", 21), ("D3", 19), ("D4", 10), ("D5", 10), ("D6", 8), ("D7", 8)]
        {
            assert_eq!(Deny::ALL.iter().filter(|d| d.code().starts_with(family)).count(), count, "{family}");
        }
    }

    #[test]
    fn the_recipient_hears_nothing_of_consent_complaints_or_the_referral_that_is_continued() {
        let all: Denials = Deny::ALL.iter().copied().map(Denial::new).collect();
        let told = all.for_recipient();
        assert!(told.iter().all(|d| !d.deny.code().starts_with("D3")));
        assert!(!told.holds(Deny::D109) && !told.holds(Deny::D706));
        assert_eq!(told.len(), all.len() - 21);
    }

    #[test]
    fn nothing_of_the_modes_that_are_not_built_is_raised() {
        let unraised: Vec<_> = NOT_RAISED.iter().map(|(deny, _)| *deny).collect();
        assert!(unraised.is_sorted());
        // What a child's record lacks is told of the record, and nothing is sent on one.
        let of_records = [Deny::D402, Deny::D403, Deny::D404, Deny::D409, Deny::D410];
        let families = Deny::ALL.iter().filter(|d| d.code().starts_with("D4") || d.code().starts_with("D5"));
        assert!(families.filter(|deny| !of_records.contains(deny)).all(|deny| unraised.contains(deny)));
    }

    #[test]
    fn denials_are_sorted_and_put_together() {
        let mut denials = Denials::none();
        denials.raise(Denial::new(Deny::D308).fields([field("ZP.9b"), field("ZP.7")]));
        denials.raise(Deny::D201);
        denials.raise(Denial::new(Deny::D308).fields([field("ZP.7"), field("ZP.12")]));
        assert_eq!(denials.codes(), [Deny::D201, Deny::D308]);
        assert_eq!(denials.primary().map(|d| d.deny), Some(Deny::D201));
        assert_eq!(denials.to_string(), "D201, D308");
        assert_eq!(
            serde_json::to_value(&denials).unwrap(),
            serde_json::json!([
                { "code": "D201", "title": Deny::D201.title() },
                { "code": "D308", "title": Deny::D308.title(), "fields": ["ZP.12", "ZP.7", "ZP.9b"] },
            ])
        );
        let back: Denials = serde_json::from_value(serde_json::to_value(&denials).unwrap()).unwrap();
        assert_eq!(back, denials);
    }
}
