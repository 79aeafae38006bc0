//! The agreement as the parties write and sign it: one JSON document, closed and bounded.
//!
//! Nothing is symmetric, nothing is implied: a field that is not listed for a direction and a purpose does not flow. The bytes
//! as received are what is signed and digested; they are never written again from the parsed form.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    crypto::closed,
    kernel::{
        Digest, Timestamp,
        id::{AgreementId, OrganisationId},
        text::Line,
    },
    members::Country,
    policy::{CategoryCode, FieldId, PurposeCode, ReaderRole, ServiceCode, Tier, Trigger},
};

/// The longest document taken, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 65_536;

/// The form of the document this version reads and writes.
pub(super) const DOCUMENT_FORM: u8 = 1;

/// How deep its objects and arrays nest.
const DEPTH: u8 = 8;

/// One version of a data-sharing agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Form of the document: 1.
    pub v: u8,
    /// The agreement; all its versions share it.
    pub id: AgreementId,
    /// Which version of the agreement this is, from 1.
    pub version: u32,
    /// Digest of the document of the version before; absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Digest>,
    /// The memorandum of understanding it stands under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_mou: Option<Line<200>>,
    /// Language of its texts, as a BCP 47 tag.
    pub language: Line<35>,
    /// The organisations that sign.
    pub parties: Vec<Party>,
    /// What may flow from whom to whom.
    pub flows: Vec<Flow>,
    /// What opens sensitive data.
    pub sensitive: Sensitive,
    /// What holds for children's data.
    pub children: Children,
    /// Why each party may process, by law.
    pub legal_bases: Vec<LegalBasis>,
    /// Law, place, and authorities of origin.
    pub jurisdiction: Jurisdiction,
    /// What allows data to cross borders.
    #[serde(default)]
    pub transfers: Vec<Transfer>,
    /// How long each purpose may keep data.
    pub retention: Vec<Retention>,
    /// How data is destroyed.
    pub destruction: Destruction,
    /// Whether a recipient may pass data on.
    pub onward: Onward,
    /// The cryptography the parties hold themselves to.
    pub crypto: Crypto,
    /// How much may flow.
    pub volumes: Volumes,
    /// How requests of data subjects are answered.
    pub rights: Rights,
    /// What happens after an incident.
    pub incidents: Incidents,
    /// Confidentiality.
    pub confidentiality: Confidentiality,
    /// Auditing of one another.
    pub audit: AuditRights,
    /// The impact assessment; required with sensitive or children's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpia: Option<Dpia>,
    /// From when to when, and how often it is looked at again.
    pub validity: Validity,
}

/// An organisation that signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// The member organisation.
    pub org: OrganisationId,
    /// Its name in law.
    pub legal_name: Line<200>,
    /// What it is in law.
    pub nature: Nature,
    /// The country whose law it stands under.
    pub country: Country,
    /// Its role for the data.
    pub role: ControllerRole,
    /// Whom to ask about data protection.
    pub data_protection_contact: Line<200>,
    /// Who investigates, outside the referral line.
    pub oversight_contact: Line<200>,
    /// Whether privileges and immunities protect it.
    pub immunities: bool,
}

/// What an organisation is in law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// Part of a state.
    StateBody,
    /// A non-governmental organisation.
    Ngo,
    /// An organisation of states.
    InternationalOrganisation,
    /// A company or a private practice.
    Private,
    /// A body of a community, such as a migrants' association.
    CommunityBody,
}

/// The role of a party for the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControllerRole {
    /// Decides by itself.
    IndependentController,
    /// Decides together with another party.
    JointController,
    /// Acts on another party's instruction.
    Processor,
}

/// One direction between two parties.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Who discloses.
    pub from: OrganisationId,
    /// Who receives.
    pub to: OrganisationId,
    /// Units of the recipient, when not all of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<Line<64>>,
    /// For which services.
    pub services: Vec<ServiceCode>,
    /// For which purposes, and what.
    pub purposes: Vec<Purpose>,
    /// Whether many persons may be sent at once, as in a transfer of cases.
    #[serde(default)]
    pub bulk: bool,
}

/// What may flow for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The purpose.
    pub purpose: PurposeCode,
    /// Every field that may flow for it. What is not listed is denied.
    pub items: Vec<Item>,
}

/// One field that may flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// The field.
    pub field: FieldId,
    /// Why it is needed.
    pub reason: Line<200>,
    /// A stricter tier than the dictionary's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<StricterTier>,
}

/// A tier that is stricter than the dictionary's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StricterTier {
    /// Only with a justification.
    Justified,
    /// Only with the person's permission for this very field.
    Restricted,
}

/// What opens sensitive data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitive {
    /// Opened categories, each with its safeguard.
    #[serde(default)]
    pub categories: Vec<OpenCategory>,
    /// Opened fields of the highest level, one by one.
    #[serde(default)]
    pub fields: Vec<OpenField>,
}

/// A sensitive category that is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenCategory {
    /// The category.
    pub category: CategoryCode,
    /// What protects it at the recipient.
    pub safeguard: Line<400>,
}

/// A field of the highest level that is opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenField {
    /// The field.
    pub field: FieldId,
    /// The role at the recipient that may read it.
    pub role: ReaderRole,
    /// That two people at the sender approve each disclosure. Must be true.
    pub dual_approval: bool,
}

/// What holds for children's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Children {
    /// Whether children's data may flow.
    pub included: bool,
    /// The safeguarding clearance of each recipient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clearances: Vec<Clearance>,
}

/// A recipient's clearance to work with children.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clearance {
    /// The recipient.
    pub org: OrganisationId,
    /// Where the clearance can be looked up.
    pub reference: Line<200>,
    /// When it ends.
    pub until: Timestamp,
}

/// Why a party may process for a purpose, by law.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalBasis {
    /// The party.
    pub org: OrganisationId,
    /// The purpose.
    pub purpose: PurposeCode,
    /// Article 6 basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article6: Option<Article6>,
    /// Article 9 basis, for sensitive data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article9: Option<Article9>,
    /// The national law behind a public task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_law: Option<Line<200>>,
    /// The internal policy of an organisation with immunities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_policy: Option<Line<200>>,
}

/// Bases of GDPR article 6 (1), and what corresponds to them elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Article6 {
    /// Consent.
    #[serde(rename = "A6-1-a")]
    Consent,
    /// Contract.
    #[serde(rename = "A6-1-b")]
    Contract,
    /// Legal obligation.
    #[serde(rename = "A6-1-c")]
    LegalObligation,
    /// Vital interests.
    #[serde(rename = "A6-1-d")]
    VitalInterest,
    /// Public task.
    #[serde(rename = "A6-1-e")]
    PublicTask,
    /// Legitimate interest.
    #[serde(rename = "A6-1-f")]
    LegitimateInterest,
}

/// Bases of GDPR article 9 (2), and what corresponds to them elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Article9 {
    /// Explicit consent.
    #[serde(rename = "A9-2-a")]
    ExplicitConsent,
    /// Social protection law.
    #[serde(rename = "A9-2-b")]
    SocialProtection,
    /// Vital interests.
    #[serde(rename = "A9-2-c")]
    VitalInterest,
    /// Activities of a foundation or association.
    #[serde(rename = "A9-2-d")]
    Association,
    /// Legal claims.
    #[serde(rename = "A9-2-f")]
    LegalClaim,
    /// Substantial public interest.
    #[serde(rename = "A9-2-g")]
    PublicInterest,
    /// Health and social care.
    #[serde(rename = "A9-2-h")]
    Care,
    /// Public health.
    #[serde(rename = "A9-2-i")]
    PublicHealth,
    /// Statistics and research.
    #[serde(rename = "A9-2-j")]
    Statistics,
}

/// Law, place, and authorities of origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jurisdiction {
    /// The law that governs, or that immunities are preserved.
    pub law: Line<200>,
    /// Where data is kept.
    pub data_location: Country,
    /// The assessment of the recipient country's law and practice, the safety of data subjects included.
    pub assessment: Line<400>,
    /// Whether authorities of a country of origin may receive data after protection advice and permission field by field.
    #[serde(default)]
    pub origin_override: bool,
}

/// What allows data to cross a border.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// From where.
    pub from: Country,
    /// To where.
    pub to: Country,
    /// By what mechanism.
    pub mechanism: Mechanism,
    /// The safeguard, where GDPR does not apply or a document carries the mechanism.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Line<200>>,
}

/// Mechanisms of GDPR chapter V, and an equivalent outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mechanism {
    /// Adequacy decision.
    #[serde(rename = "A45-3")]
    Adequacy,
    /// Instrument between public bodies.
    #[serde(rename = "A46-2-a")]
    PublicInstrument,
    /// Binding corporate rules.
    #[serde(rename = "A46-2-b")]
    CorporateRules,
    /// Standard clauses of the Commission.
    #[serde(rename = "A46-2-c")]
    StandardClauses,
    /// Standard clauses of an authority.
    #[serde(rename = "A46-2-d")]
    AuthorityClauses,
    /// Code of conduct.
    #[serde(rename = "A46-2-e")]
    CodeOfConduct,
    /// Certification.
    #[serde(rename = "A46-2-f")]
    Certification,
    /// Contract clauses an authority approved.
    #[serde(rename = "A46-3-a")]
    ApprovedClauses,
    /// Administrative arrangement.
    #[serde(rename = "A46-3-b")]
    AdministrativeArrangement,
    /// Explicit consent to the transfer.
    #[serde(rename = "A49-1-a")]
    ExplicitConsent,
    /// Important public interest.
    #[serde(rename = "A49-1-d")]
    PublicInterest,
    /// Vital interests.
    #[serde(rename = "A49-1-f")]
    VitalInterest,
    /// GDPR does not apply; an equivalent safeguard is named.
    #[serde(rename = "equivalent")]
    Equivalent,
}

/// How long a purpose may keep data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The purpose.
    pub purpose: PurposeCode,
    /// What starts the period.
    pub trigger: Trigger,
    /// The period, in days from the trigger.
    pub days: u32,
    /// The latest end, in days from delivery, whatever happens.
    pub ceiling_days: u32,
}

/// How data is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destruction {
    /// A method for each medium.
    pub methods: Vec<DestructionMethod>,
    /// The form in which destruction is certified.
    pub certificate: Line<200>,
    /// Within how many days it happens.
    pub within_days: u32,
}

/// A method for a medium.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DestructionMethod {
    /// On what.
    pub medium: Medium,
    /// How.
    pub method: Method,
}

/// On what data stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// Encrypted storage.
    EncryptedStorage,
    /// Other electronic storage.
    Storage,
    /// Paper.
    Paper,
}

/// How data is destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The key is destroyed and the ciphertext deleted.
    KeyDestruction,
    /// Overwritten.
    Overwrite,
    /// Shredded.
    Shredding,
}

/// Whether a recipient may pass data on. Always needs the person's permission as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Onward {
    /// To whom.
    pub rule: OnwardRule,
    /// The organisations, when they are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organisations: Vec<OrganisationId>,
    /// How many times it may be passed on.
    #[serde(default)]
    pub hops: u8,
}

/// To whom data may be passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnwardRule {
    /// To nobody.
    None,
    /// Within the same legal person.
    SameLegalPerson,
    /// To listed organisations.
    Listed,
}

impl StricterTier {
    /// The tier of the dictionary it stands for.
    pub const fn as_tier(self) -> Tier {
        match self {
            Self::Justified => Tier::Justified,
            Self::Restricted => Tier::Restricted,
        }
    }
}

impl Retention {
    /// Whether a period of a packet is no longer than this one. A period that runs from receipt always ends before one of the
    /// same length that runs from the end of the purpose, never the other way round.
    pub fn covers(&self, keep: Keep) -> bool {
        let comparable = keep.trigger == Trigger::Received || self.trigger == Trigger::PurposeFulfilled;
        comparable && keep.days <= self.days
    }
}

/// How long a packet says its recipient may keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// What starts the period.
    pub trigger: Trigger,
    /// The period, in days.
    pub days: u32,
}

impl OnwardRule {
    /// Whether a packet under this rule allows no more than `other` does.
    pub const fn within(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::None, _)
                | (Self::SameLegalPerson, Self::SameLegalPerson | Self::Listed)
                | (Self::Listed, Self::Listed)
        )
    }
}

/// The cryptography the parties hold themselves to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crypto {
    /// Allowed packet profiles, such as `rp1`.
    pub profiles: Vec<Line<32>>,
    /// How long a key may live, in days.
    pub key_lifetime_days: u32,
    /// Within how many minutes a revocation reaches everybody.
    pub revocation_minutes: u32,
    /// How long evidence is kept, in months.
    pub evidence_months: u32,
}

/// How much may flow in one direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Volumes {
    /// Packets a day and direction.
    pub packets_per_day: u32,
    /// Fields in one packet.
    pub fields_per_packet: u32,
}

/// How requests of data subjects are answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// The one point a person can turn to.
    pub contact: Line<200>,
    /// The party that answers.
    pub answers: OrganisationId,
    /// Within how many days the parties help one another.
    pub cooperation_days: u32,
}

/// What happens after an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incidents {
    /// Within how many hours the other parties are told.
    pub parties_hours: u32,
    /// Within how many hours the authority is told, where the law asks for it.
    pub authority_hours: u32,
    /// That persons are told in a way that does them no harm. Must be true.
    pub do_no_harm: bool,
}

/// Confidentiality.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confidentiality {
    /// The clause.
    pub clause: Line<600>,
    /// Whether data protection principles are annexed. Required with an international organisation.
    pub principles_annexed: bool,
}

/// Auditing of one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRights {
    /// Whether the parties may audit one another.
    pub right: bool,
    /// How long logs are kept, in months.
    pub log_months: u32,
}

/// The impact assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dpia {
    /// Where it can be looked up.
    pub reference: Line<200>,
    /// When it must be done again.
    pub until: Timestamp,
}

/// From when to when, and how often it is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validity {
    /// From this moment.
    pub from: Timestamp,
    /// Until just before this moment; at most three years later.
    pub until: Timestamp,
    /// Months between reviews, at most 12.
    pub review_months: u32,
    /// Days a review may be late before nothing new flows, at most 60.
    pub grace_days: u32,
}

/// The bytes are no agreement document.
#[derive(Debug, thiserror::Error)]
pub enum NotADocument {
    /// Longer than [`MAX_DOCUMENT_BYTES`].
    #[error("an agreement document has at most {MAX_DOCUMENT_BYTES} bytes")]
    TooLong,
    /// Not JSON of the expected form. The sentence names the place.
    #[error("{0}")]
    Malformed(String),
}

impl Document {
    /// Reads a document out of its exact bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotADocument> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(NotADocument::TooLong);
        }
        // What is signed must read the same everywhere; the second reading only finds the words for what is wrong.
        closed::read(bytes, DEPTH).map_err(|_ignored| {
            let says = serde_json::from_slice::<Self>(bytes).err().map_or_else(
                || String::from("a member is repeated, null, or an array where an object belongs"),
                |error| error.to_string(),
            );
            NotADocument::Malformed(says)
        })
    }

    /// Whether the organisation is a party.
    pub fn has_party(&self, org: OrganisationId) -> bool {
        self.parties.iter().any(|party| party.org == org)
    }

    /// The organisations that must sign.
    pub fn signatories(&self) -> BTreeSet<OrganisationId> {
        self.parties.iter().map(|party| party.org).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreements::sample;

    const SCHEMA: &str = include_str!("../../schemas/agreements/agreement.v1.schema.json");

    fn examples(kind: &str) -> Vec<(String, Vec<u8>)> {
        let folder = format!("{}/schemas/agreements/examples/{kind}", env!("CARGO_MANIFEST_DIR"));
        let mut files: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.into_iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect()
    }

    fn validator() -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap()
    }

    #[test]
    fn the_schema_takes_the_valid_examples_and_so_do_we() {
        for (name, bytes) in examples("valid") {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert!(validator().is_valid(&value), "{name}: {:?}", validator().validate(&value).err());
            let document = Document::parse(&bytes).unwrap();
            let ours = serde_json::to_value(&document).unwrap();
            assert!(validator().is_valid(&ours), "{name}: what we write is not what we read");
            assert_eq!(Document::parse(&serde_json::to_vec(&document).unwrap()).unwrap(), document);
        }
    }

    #[test]
    fn the_schema_refuses_the_invalid_examples_and_so_do_the_checks() {
        for (name, bytes) in examples("invalid") {
            let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert!(!validator().is_valid(&value), "{name} passes the schema");
            assert!(
                super::super::Checked::read(bytes, crate::policy::Policy::builtin()).is_err(),
                "{name} passes"
            );
        }
    }

    #[test]
    fn every_property_of_the_schema_is_described_and_bounded() {
        fn walk(at: &str, schema: &serde_json::Value) {
            let Some(object) = schema.as_object() else { return };
            let kind = object.get("type").and_then(|kind| kind.as_str());
            let bounded = match kind {
                Some("string") => object.contains_key("maxLength"),
                Some("array") => object.contains_key("maxItems"),
                Some("object") => object.get("additionalProperties") == Some(&false.into()),
                _ => true,
            };
            assert!(bounded, "{at} has no bound");
            assert!(
                object.get("description").is_some_and(|d| !d.as_str().unwrap().is_empty()),
                "{at} is not described"
            );
            for (name, property) in object.get("properties").and_then(|p| p.as_object()).into_iter().flatten()
            {
                walk(&format!("{at}/{name}"), property);
            }
            if let Some(items) = object.get("items") {
                walk(&format!("{at}/*"), items);
            }
        }
        walk("", &serde_json::from_str(SCHEMA).unwrap());
    }

    #[test]
    fn a_repeated_member_and_an_oversized_document_are_refused() {
        let text = std::str::from_utf8(sample::BYTES).unwrap();
        let twice = text.replacen("\"v\": 1,", "\"v\": 1, \"v\": 1,", 1);
        assert!(matches!(Document::parse(twice.as_bytes()), Err(NotADocument::Malformed(_))));
        let padded = format!("{text}{}", " ".repeat(MAX_DOCUMENT_BYTES));
        assert!(matches!(Document::parse(padded.as_bytes()), Err(NotADocument::TooLong)));
    }

    #[test]
    fn a_period_from_receipt_fits_one_from_the_end_of_the_purpose_and_not_the_other_way() {
        let agreed =
            |trigger, days| Retention { purpose: "P01".parse().unwrap(), trigger, days, ceiling_days: 365 };
        let keep = |trigger, days| Keep { trigger, days };
        assert!(agreed(Trigger::PurposeFulfilled, 90).covers(keep(Trigger::Received, 90)));
        assert!(agreed(Trigger::PurposeFulfilled, 90).covers(keep(Trigger::PurposeFulfilled, 90)));
        assert!(!agreed(Trigger::PurposeFulfilled, 90).covers(keep(Trigger::PurposeFulfilled, 91)));
        assert!(!agreed(Trigger::Received, 90).covers(keep(Trigger::PurposeFulfilled, 30)));
    }
}
