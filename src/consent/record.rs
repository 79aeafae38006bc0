//! The consent record: the whole evidence that a person agreed or refused. It stays with the organisation that took it, in an
//! encrypted file; the hub never sees it.
//!
//! Nothing is filled in for the person: what was not answered is a no, and an answer that was given in a bundle or ticked
//! beforehand is a defect.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    certificate::is_withdrawal_code,
    grant::{Effect, GrantLine, MOST_LINES, Named},
    private::Private,
    status::Status,
};
use crate::{
    kernel::{
        Digest, Secret, Timestamp,
        id::{ConsentId, OrganisationId, StaffId, SubjectToken},
        text::Line,
    },
    members::Country,
    policy::{Denial, Denials, Deny, Level, Policy, Purpose, PurposeCode},
};

/// The longest record taken, in bytes.
pub const MAX_RECORD_BYTES: usize = 131_072;

/// What a person said, how it was asked, and how that is evidenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Form of the record: 1.
    pub v: u8,
    /// The consent; all versions share it.
    pub id: ConsentId,
    /// Which version this is, from 1. A version replaces every line of the one before.
    pub version: u32,
    /// Digest of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Digest>,
    /// Who took it.
    pub collected: Collected,
    /// The random pseudonym of the person with this organisation and case.
    pub subject: SubjectToken,
    /// What rules apply to the person.
    pub subject_class: SubjectClass,
    /// How the age is known.
    pub age_basis: AgeBasis,
    /// What the person was shown or read.
    pub notice: Notice,
    /// What the person was told; the consent is valid with all of it only.
    pub information_given: BTreeSet<Information>,
    /// How it was checked that the person understood.
    pub understanding: Understanding,
    /// How the person expressed it.
    pub expression: Expression,
    /// Who of the staff attests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_attestation: Option<Attestation>,
    /// A witness or the interpreter who attests it as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_attestation: Option<SecondAttestation>,
    /// Who interpreted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<Interpreter>,
    /// Whether somebody came along and the person was not asked alone.
    #[serde(default)]
    pub companion: Companion,
    /// Who acts for the person, where somebody must.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub representatives: Vec<Representative>,
    /// Who decided for a child, or why nobody could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<Guardian>,
    /// What the child said to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assent: Option<Assent>,
    /// Whether the person can decide this, when there was reason to look. A diagnosis alone is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<Capacity>,
    /// The answers, one by one. Without a yes among them the record is a refusal.
    pub lines: Vec<Answer>,
    /// Whether codes about the person may be counted.
    pub statistics: Choice,
    /// Whether anonymised output may be researched.
    pub research: Choice,
    /// Follow-up, asked round by round.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow_up: Vec<FollowUp>,
    /// How the person can be reached without danger.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact_conditions: Vec<ContactCondition>,
    /// Whether a basis exists for what the form tells of other people.
    #[serde(default)]
    pub third_parties: ThirdParties,
    /// Whether the person had protection advice before agreeing to an authority of a country of origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protection_advice_at: Option<Timestamp>,
    /// The legal basis of each controller, which may differ from consent.
    pub legal_bases: Vec<ControllerBasis>,
    /// Whose law applies.
    pub jurisdiction: Country,
    /// Where the record is kept.
    pub storage_location: Country,
    /// The latest destruction date the person was told.
    pub retention_ceiling: Timestamp,
    /// How the person can take it back.
    pub withdrawal: WithdrawalWay,
    /// Where it stands.
    pub status: Status,
    /// Since when.
    pub status_since: Timestamp,
    /// The person was told before the service that an emergency can break confidence.
    pub emergency_notice_given: bool,
    /// The person was told before the service that a law can break confidence.
    pub legal_duty_notice_given: bool,
    /// Where it comes from.
    #[serde(default)]
    pub source: Source,
}

/// Who took the consent, where and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collected {
    /// The organisation.
    pub org: OrganisationId,
    /// The person of its staff, who holds the role for it.
    pub by: StaffId,
    /// Where.
    pub place: Private<120>,
    /// When.
    pub at: Timestamp,
}

/// What rules apply to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectClass {
    /// An adult who decides.
    Adult,
    /// A child, or somebody whose age is disputed or unknown near 18.
    Child,
    /// An adult with a representative.
    AdultWithRepresentative,
}

/// How the age is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgeBasis {
    /// Exactly.
    Exact,
    /// Estimated.
    Estimated,
    /// Disputed.
    Disputed,
    /// Unknown.
    Unknown,
}

/// What the person was shown or read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Which notice.
    pub id: Line<64>,
    /// Which version of it.
    pub version: Line<32>,
    /// In which language, as a BCP 47 tag.
    pub language: Line<35>,
    /// How.
    pub medium: NoticeMedium,
}

/// How a notice is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeMedium {
    /// Read by the person.
    Read,
    /// Read aloud.
    ReadAloud,
    /// In sign language.
    SignLanguage,
    /// In pictures.
    Pictorial,
    /// As a recording.
    Audio,
}

/// What must be told before a consent is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Information {
    /// Who collects.
    WhoCollects,
    /// The purpose of each line.
    PurposePerLine,
    /// Who receives, by name.
    RecipientsByName,
    /// Which data by category, and the most sensitive one by one.
    DataByCategory,
    /// Benefits and known risks.
    BenefitsAndRisks,
    /// Alternatives, going there oneself with contact details included.
    Alternatives,
    /// The right to refuse all or part.
    RightToRefuse,
    /// That refusing one thing does not affect other services.
    NoConditioning,
    /// The right to take it back, how, and what cannot be undone.
    RightToWithdraw,
    /// How long it is kept and how it is destroyed.
    Retention,
    /// The rights to see, correct, delete and complain.
    DataRights,
    /// That serious, foreseeable, imminent harm limits confidence.
    HarmLimit,
    /// That legal duties here limit confidence.
    LegalLimit,
    /// That help is not guaranteed.
    NoGuarantee,
    /// Whom to tell of misconduct.
    MisconductContacts,
    /// That statistics and research are asked separately.
    StatisticsSeparate,
    /// That there was room for questions.
    Questions,
    /// That it was in a language understood, and understanding was checked.
    LanguageUnderstood,
}

impl Information {
    /// The whole checklist.
    pub const ALL: [Self; 18] = [
        Self::WhoCollects,
        Self::PurposePerLine,
        Self::RecipientsByName,
        Self::DataByCategory,
        Self::BenefitsAndRisks,
        Self::Alternatives,
        Self::RightToRefuse,
        Self::NoConditioning,
        Self::RightToWithdraw,
        Self::Retention,
        Self::DataRights,
        Self::HarmLimit,
        Self::LegalLimit,
        Self::NoGuarantee,
        Self::MisconductContacts,
        Self::StatisticsSeparate,
        Self::Questions,
        Self::LanguageUnderstood,
    ];
}

/// How it was checked that the person understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Understanding {
    /// The person said in their own words what was agreed.
    pub teach_back: bool,
    /// Who checked.
    pub by: StaffId,
}

/// How the person expressed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// How.
    pub method: ExpressionMethod,
    /// Where the evidence lies. Pictures of marks or thumbprints never leave the organisation.
    pub evidence: Evidence,
}

/// How a person expresses consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpressionMethod {
    /// A signature.
    WrittenSignature,
    /// A mark.
    Mark,
    /// A thumbprint on paper.
    ThumbprintOnPaper,
    /// Spoken.
    Verbal,
}

/// Where evidence lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// A reference of the organisation's own.
    pub reference: Private<120>,
    /// Digest of the evidence.
    pub digest: Digest,
}

/// Somebody of the staff attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// Who.
    pub by: StaffId,
    /// When.
    pub at: Timestamp,
}

/// Somebody else attests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondAttestation {
    /// As what.
    #[serde(rename = "as")]
    pub capacity: SecondAttester,
    /// A reference of the organisation's own.
    pub reference: Private<120>,
    /// When.
    pub at: Timestamp,
}

/// As what somebody attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondAttester {
    /// A witness.
    Witness,
    /// The interpreter.
    Interpreter,
}

/// Who interpreted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interpreter {
    /// Into which language.
    pub language: Line<35>,
    /// Who, as a reference of the organisation's own; never sent.
    pub reference: Private<120>,
    /// Looked at beforehand.
    pub vetted: bool,
    /// Declared to be able to.
    pub competence_declared: bool,
    /// Declared to have interpreted truly.
    pub accuracy_declared: bool,
    /// What they are to the person.
    pub relation: InterpreterRelation,
    /// The person chose this relative in private.
    #[serde(default)]
    pub chosen_in_private: bool,
}

/// What an interpreter is to the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InterpreterRelation {
    /// Nobody to them.
    None,
    /// Staff of the organisation.
    Staff,
    /// Somebody they travel with.
    Companion,
    /// A relative.
    FamilyMember,
    /// Their employer.
    Employer,
    /// Who recruited them.
    Recruiter,
    /// Who may have harmed them.
    SuspectedPerpetrator,
    /// Another person who is helped here.
    OtherBeneficiary,
}

/// Whether the person was asked alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Companion {
    /// Asked alone.
    #[default]
    None,
    /// Somebody was there.
    Present,
    /// Somebody was there, and the person confirmed it again in private.
    PresentAndConfirmedInPrivate,
}

/// Who acts for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Representative {
    /// Who, as a reference of the organisation's own.
    pub reference: Private<120>,
    /// The mandate was seen.
    pub mandate_verified: bool,
    /// When the mandate ends.
    pub mandate_until: Timestamp,
    /// The person themselves objects.
    pub person_objects: bool,
}

/// Who decided for a child, and by what right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guardian {
    /// How a guardian came to say yes, or that none did.
    pub mode: GuardianMode,
    /// Who, as a reference of the organisation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Private<120>>,
    /// What they are to the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<GuardianRelation>,
    /// By what they are the guardian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<Mandate>,
    /// They may have harmed the child, or have an interest against it: then they decide nothing for it.
    pub conflict: bool,
    /// What stands in for a guardian whom nobody can reach.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
}

/// How a guardian came to say yes, or that none did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardianMode {
    /// Was there and agreed.
    PresentConsents,
    /// Agreed from somewhere else.
    RemoteConsents,
    /// Could not be reached; an authority stands in.
    UnreachableWaiver,
    /// Said no.
    Denied,
}

/// What a guardian is to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardianRelation {
    /// Mother or father.
    Parent,
    /// Another relative.
    Relative,
    /// Somebody who takes care of the child by custom.
    CustomaryCaregiver,
    /// Whom a court or an authority appointed.
    Appointed,
    /// An authority itself.
    Authority,
}

/// By what somebody is a guardian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mandate {
    /// What was shown for it.
    pub evidence: MandateEvidence,
    /// Somebody of the staff has seen it.
    pub verified: bool,
    /// When it ends: the eighteenth birthday at the latest.
    pub until: Timestamp,
}

/// What is shown for a mandate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateEvidence {
    /// An order of a court, or a paper that says who the parents are.
    LegalOrder,
    /// A statement of who takes care of the child by custom.
    CustomaryStatement,
    /// An authority designated them.
    AuthorityDesignation,
}

/// What an authority gives where no guardian can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Who gave it.
    pub issuer: Private<120>,
    /// Its number.
    pub number: Private<60>,
    /// When it ends.
    pub until: Timestamp,
}

/// What a child said, or why it was not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assent {
    /// What.
    pub said: Assented,
    /// Why it was not asked, or could not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<NotAsked>,
}

/// What a child said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assented {
    /// Yes.
    Assented,
    /// No.
    Dissented,
    /// Nobody asked.
    NotSought,
    /// The child could not say.
    NotCapable,
}

/// Why a child was not asked, or could not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAsked {
    /// Too young.
    TooYoung,
    /// Was not there.
    NotThere,
    /// Asking would have put the child in danger.
    UnsafeToAsk,
    /// Ill, hurt or too upset.
    Unwell,
}

/// Whether a person can decide this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    /// The finding, about this decision.
    pub finding: CapacityFinding,
    /// Who looked.
    pub by: StaffId,
}

/// Whether a person can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapacityFinding {
    /// Can.
    Capable,
    /// Can, with support that was given.
    CapableWithSupport,
    /// Cannot decide this now.
    NotCapable,
}

/// One answer, and how it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// What the answer covers.
    pub line: GrantLine,
    /// How it was given.
    pub given: Given,
    /// How the recipient must handle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Private<300>>,
}

/// How an answer was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// On its own.
    Separately,
    /// Together with others.
    Bundled,
    /// It was ticked before the person was asked.
    Preselected,
    /// As a condition of help.
    Conditioned,
}

/// Yes, no, or not asked, which counts as no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// Yes.
    Permit,
    /// No.
    Deny,
    /// Not asked.
    NotAsked,
}

/// The answer about one round of follow-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// Which round, from 1.
    pub round: u16,
    /// The answer.
    pub choice: Choice,
}

/// How the person can be reached without danger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactCondition {
    /// By what.
    pub channel: Private<120>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Private<120>>,
    /// Who may answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who_may_answer: Option<Private<120>>,
    /// A word by which the caller is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_word: Option<Private<60>>,
}

/// Whether a basis exists for what is told of other people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThirdParties {
    /// Nothing was looked at.
    #[default]
    NoBasis,
    /// They agreed, or there is another basis, noted at the organisation.
    Based,
}

/// The legal basis of one controller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllerBasis {
    /// The controller.
    pub org: OrganisationId,
    /// A DPV or GDPR code, such as A6-1-e.
    pub basis: Line<64>,
}

/// How the person can take it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithdrawalWay {
    /// What the person was told to do.
    pub method: Private<200>,
    /// The code on the receipt; it works without saying who one is.
    pub code: Private<40>,
}

/// Where a record comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Source {
    /// The person was asked line by line.
    #[default]
    Asked,
    /// A paper form of before.
    PaperForm {
        /// Which form.
        form: Line<32>,
        /// Recipients it names that are no organisation of the directory, such as "NGOs". They authorise nothing.
        #[serde(default)]
        unresolved: Vec<Private<200>>,
    },
}

/// The bytes are no consent record. The sentence tells the place, never a value.
#[derive(Debug, thiserror::Error)]
pub enum NotARecord {
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("a consent record has at most {MAX_RECORD_BYTES} bytes")]
    TooLong,
    /// Not JSON of the expected form.
    #[error("not a consent record of form 1 (line {line}, column {column})")]
    Malformed {
        /// Line of the file.
        line: usize,
        /// Column of the line.
        column: usize,
    },
    /// Too many lines, or a line that is not sound.
    #[error(
        "an answer is not sound: a yes names its recipient, purpose, agreement and operations; an interval is not empty"
    )]
    UnsoundLine,
    /// The withdrawal code is too short, or holds what cannot be compared.
    #[error(
        "a withdrawal code has at least 16 letters A to Z or digits, and nothing else but blanks and hyphens"
    )]
    Code,
}

impl Record {
    /// Reads a record out of its exact bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotARecord> {
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(NotARecord::TooLong);
        }
        let record: Self = serde_json::from_slice(bytes)
            .map_err(|error| NotARecord::Malformed { line: error.line(), column: error.column() })?;
        let sound =
            record.lines.len() <= MOST_LINES && record.lines.iter().all(|answer| answer.line.is_sound());
        if !sound || record.v != 1 {
            return Err(NotARecord::UnsoundLine);
        }
        if is_withdrawal_code(record.withdrawal.code.expose()) { Ok(record) } else { Err(NotARecord::Code) }
    }

    /// The bytes to seal and to digest.
    pub fn bytes(&self) -> Result<Secret<Vec<u8>>, serde_json::Error> {
        serde_json::to_vec(self).map(Secret::new)
    }

    /// Whether the person said no to everything. That is a record like any other.
    pub fn is_refusal(&self) -> bool {
        !self.lines.iter().any(|answer| answer.line.effect == Effect::Permit)
    }

    /// Whether the rules for children apply: under 18, or nobody can say.
    pub fn is_child(&self) -> bool {
        self.subject_class == SubjectClass::Child
    }

    /// Whether everything that must be told was told.
    pub fn informed(&self) -> bool {
        self.understanding.teach_back
            && Information::ALL.iter().all(|item| self.information_given.contains(item))
    }

    /// Whether every answer stood on its own.
    pub fn unbundled(&self) -> bool {
        self.lines.iter().all(|answer| answer.given == Given::Separately)
    }

    /// Whether the interpreter, if there was one, is as they must be. A relative is allowed only when the person chose them in
    /// private and nothing sensitive is granted.
    pub fn interpreter_in_order(&self, highest: Level) -> bool {
        self.interpreter.as_ref().is_none_or(|interpreter| {
            let declared =
                interpreter.vetted && interpreter.competence_declared && interpreter.accuracy_declared;
            let free = match interpreter.relation {
                InterpreterRelation::None | InterpreterRelation::Staff => true,
                InterpreterRelation::FamilyMember => interpreter.chosen_in_private && highest < Level::S3,
                InterpreterRelation::Companion
                | InterpreterRelation::Employer
                | InterpreterRelation::Recruiter
                | InterpreterRelation::SuspectedPerpetrator
                | InterpreterRelation::OtherBeneficiary => false,
            };
            declared && free
        })
    }

    /// Whether how the person agreed is evidenced well enough for what they granted.
    pub fn evidenced(&self, highest: Level) -> bool {
        let second = self.second_attestation.is_some();
        let verbal = self.expression.method == ExpressionMethod::Verbal;
        let in_private = self.companion != Companion::Present;
        self.staff_attestation.is_some()
            && (second || !(verbal || highest == Level::S4))
            && (in_private || highest < Level::S4)
    }

    /// Whether the person, or who acts for them, could decide this.
    pub fn decided_by_who_may(&self, at: Timestamp) -> bool {
        let capable =
            self.capacity.as_ref().is_none_or(|capacity| capacity.finding != CapacityFinding::NotCapable);
        let mandated = self.representatives.iter().any(|representative| {
            representative.mandate_verified
                && at < representative.mandate_until
                && !representative.person_objects
        });
        match self.subject_class {
            SubjectClass::Adult => capable,
            SubjectClass::AdultWithRepresentative => mandated,
            SubjectClass::Child => false,
        }
    }

    /// The highest level any yes reaches, by categories or by single fields.
    pub fn highest_level(&self, policy: &Policy) -> Level {
        let lines = self.lines.iter().map(|answer| &answer.line).filter(|line| line.effect == Effect::Permit);
        lines
            .flat_map(|line| {
                let fields =
                    line.scope.fields.iter().filter_map(|id| policy.field(id).map(|field| field.level));
                let categories = line.scope.categories.iter().filter_map(|code| {
                    // A category never reaches most sensitive fields, so it counts as S3 at most.
                    policy.category(code).map(|category| category.level.min(Level::S3))
                });
                fields.chain(categories).collect::<Vec<_>>()
            })
            .max()
            .unwrap_or(Level::S0)
    }

    /// Every defect that keeps the record from being relied on.
    pub fn defects(&self, policy: &Policy, at: Timestamp) -> Denials {
        let highest = self.highest_level(policy);
        let mut found = Denials::none();
        let mut unless = |holds: bool, deny: Deny| {
            if !holds {
                found.raise(deny);
            }
        };
        unless(self.informed(), Deny::D311);
        unless(self.evidenced(highest), Deny::D312);
        unless(self.interpreter_in_order(highest), Deny::D313);
        unless(self.is_child() || self.decided_by_who_may(at), Deny::D314);
        unless(self.unbundled(), Deny::D316);
        let grantable = |purpose: &PurposeCode| policy.purpose(purpose).is_some_and(Purpose::is_grantable);
        let listed = self.lines.iter().all(|answer| match &answer.line.purpose {
            Named::All => true,
            Named::One(purpose) => grantable(purpose),
        });
        unless(listed, Deny::D216);
        unless(self.is_child() || self.age_basis != AgeBasis::Disputed, Deny::D409);
        if self.is_child() {
            self.of_a_child(at, &mut found);
        }
        if !self.status.allows_disclosure() {
            found.raise(Denial::new(Deny::D304).subcode(self.status.name()));
        }
        found
    }

    /// What of a child's record does not hold by itself. More is asked than a record can show, so that nothing is sent on one at all.
    fn of_a_child(&self, at: Timestamp, found: &mut Denials) {
        found.raise(Denial::new(Deny::D401).subcode("children_not_supported"));
        let mut unless = |holds: bool, deny: Deny| {
            if !holds {
                found.raise(deny);
            }
        };
        if let Some(guardian) = &self.guardian {
            let mandated = guardian.mandate.is_some_and(|mandate| mandate.verified && at < mandate.until);
            let waived = guardian.waiver.as_ref().is_some_and(|waiver| at < waiver.until);
            match guardian.mode {
                GuardianMode::PresentConsents | GuardianMode::RemoteConsents => unless(mandated, Deny::D402),
                GuardianMode::UnreachableWaiver => unless(waived, Deny::D410),
                GuardianMode::Denied => {}
            }
            unless(!guardian.conflict, Deny::D403);
        }
        unless(self.assent.is_some_and(Assent::settles), Deny::D404);
    }

    /// Whether every recipient a paper form names is an organisation of the directory. Those that are not authorise nothing.
    pub fn resolved(&self) -> bool {
        match &self.source {
            Source::Asked => true,
            Source::PaperForm { unresolved, .. } => unresolved.is_empty(),
        }
    }
}

impl Assent {
    /// Whether nothing of the child's own stands against it: a no does, and so does that nobody says why it was not asked.
    pub fn settles(self) -> bool {
        match self.said {
            Assented::Assented => true,
            Assented::Dissented => false,
            Assented::NotSought | Assented::NotCapable => self.reason.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::consent::{
        Claims,
        sample::{NOON, RECORD, at, record, record_with},
    };

    const SCHEMAS: [(&str, &str); 2] = [
        ("record.v1.", include_str!("../../schemas/consent/record.v1.schema.json")),
        ("certificate.v1.", include_str!("../../schemas/consent/certificate.v1.schema.json")),
    ];

    fn examples(kind: &str, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let folder = format!("{}/schemas/consent/examples/{kind}", env!("CARGO_MANIFEST_DIR"));
        let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let of_kind = paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
        let mut found: Vec<_> =
            of_kind.map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
        found.sort();
        found
    }

    fn validator(schema: &str) -> jsonschema::Validator {
        jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
    }

    fn defects(edit: impl FnOnce(&mut Value)) -> Vec<Deny> {
        record_with(edit).defects(Policy::builtin(), at(NOON)).codes()
    }

    /// What we write of an example again, or nothing when we do not take it.
    fn ours(prefix: &str, bytes: &[u8]) -> Option<Value> {
        if prefix == "record.v1." {
            let record = Record::parse(bytes).ok()?;
            let purposes = record.defects(Policy::builtin(), at(NOON));
            (!purposes.holds(Deny::D216)).then(|| serde_json::to_value(&record).unwrap())
        } else {
            Claims::parse(bytes, Policy::builtin()).ok().map(|claims| serde_json::to_value(&claims).unwrap())
        }
    }

    #[test]
    fn the_schemas_and_we_take_and_refuse_the_same_examples() {
        for (prefix, schema) in SCHEMAS {
            for (name, bytes) in examples("valid", prefix) {
                let value: Value = serde_json::from_slice(&bytes).unwrap();
                assert!(
                    validator(schema).is_valid(&value),
                    "{name}: {:?}",
                    validator(schema).validate(&value).err()
                );
                let written = ours(prefix, &bytes).unwrap_or_else(|| panic!("{name} is not taken"));
                assert!(validator(schema).is_valid(&written), "{name}: what we write is not what we read");
            }
            for (name, bytes) in examples("invalid", prefix) {
                let value: Value = serde_json::from_slice(&bytes).unwrap();
                assert!(!validator(schema).is_valid(&value), "{name} passes the schema");
                assert_eq!(ours(prefix, &bytes), None, "{name} passes");
            }
        }
    }

    #[test]
    fn every_property_of_the_schemas_is_described_and_bounded() {
        fn walk(at: &str, schema: &Value) {
            let bounded = match schema["type"].as_str() {
                Some("string") => schema.get("maxLength").is_some(),
                Some("array") => schema.get("maxItems").is_some(),
                Some("object") => schema["additionalProperties"] == false,
                _ => true,
            };
            assert!(bounded, "{at} has no bound");
            assert!(
                schema["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{at} is not described"
            );
            for (name, property) in schema["properties"].as_object().into_iter().flatten() {
                walk(&format!("{at}/{name}"), property);
            }
            if let Some(items) = schema.get("items") {
                walk(&format!("{at}/*"), items);
            }
        }
        for (name, schema) in SCHEMAS {
            walk(name, &serde_json::from_str(schema).unwrap());
        }
    }

    #[test]
    fn the_example_has_no_defect() {
        assert_eq!(defects(|_| {}), []);
    }

    #[test]
    fn each_missing_piece_of_information_is_a_defect() {
        for n in 0..Information::ALL.len() {
            assert_eq!(
                defects(|r| drop(r["information_given"].as_array_mut().unwrap().remove(n))),
                [Deny::D311]
            );
        }
        assert_eq!(defects(|r| r["understanding"]["teach_back"] = false.into()), [Deny::D311]);
    }

    #[test]
    fn spoken_consent_and_most_sensitive_grants_need_a_second_person() {
        let without = |r: &mut Value, member: &str| drop(r.as_object_mut().unwrap().remove(member));
        assert_eq!(defects(|r| without(r, "staff_attestation")), [Deny::D312]);
        // The line for the lawyers names a most sensitive field.
        assert_eq!(defects(|r| without(r, "second_attestation")), [Deny::D312]);
        let ordinary = |r: &mut Value| {
            without(r, "second_attestation");
            r["lines"].as_array_mut().unwrap().remove(1);
        };
        assert_eq!(defects(ordinary), []);
        assert_eq!(
            defects(|r| {
                ordinary(r);
                r["expression"]["method"] = "verbal".into();
            }),
            [Deny::D312]
        );
        assert_eq!(defects(|r| r["companion"] = "present".into()), [Deny::D312]);
        assert_eq!(defects(|r| r["companion"] = "present_and_confirmed_in_private".into()), []);
    }

    #[test]
    fn an_interpreter_declares_and_is_nobody_to_the_person() {
        for declaration in ["vetted", "competence_declared", "accuracy_declared"] {
            assert_eq!(
                defects(|r| r["interpreter"][declaration] = false.into()),
                [Deny::D313],
                "{declaration}"
            );
        }
        for relation in ["companion", "employer", "recruiter", "suspected_perpetrator", "other_beneficiary"] {
            assert_eq!(
                defects(|r| r["interpreter"]["relation"] = relation.into()),
                [Deny::D313],
                "{relation}"
            );
        }
        let relative = |r: &mut Value, private: bool, scope: Value| {
            r["interpreter"]["relation"] = "family_member".into();
            r["interpreter"]["chosen_in_private"] = private.into();
            let lines = r["lines"].as_array_mut().unwrap();
            lines.remove(1);
            lines[0]["line"]["scope"] = scope;
        };
        let ordinary = || json!({ "categories": ["K03", "K10"] });
        assert_eq!(defects(|r| relative(r, true, ordinary())), []);
        assert_eq!(defects(|r| relative(r, false, ordinary())), [Deny::D313]);
        assert_eq!(defects(|r| relative(r, true, json!({ "categories": ["K14"] }))), [Deny::D313]);
    }

    #[test]
    fn capacity_bundling_and_status_are_looked_at() {
        let capacity =
            |finding: &str| json!({ "finding": finding, "by": "stf_0192f0c1000070008000000000000021" });
        assert_eq!(defects(|r| r["capacity"] = capacity("not_capable")), [Deny::D314]);
        assert_eq!(defects(|r| r["capacity"] = capacity("capable_with_support")), []);
        assert_eq!(defects(|r| r["subject_class"] = "adult_with_representative".into()), [Deny::D314]);
        for given in ["bundled", "preselected", "conditioned"] {
            assert_eq!(defects(|r| r["lines"][0]["given"] = given.into()), [Deny::D316], "{given}");
        }
        assert_eq!(defects(|r| r["status"] = "withdrawn".into()), [Deny::D304]);
        assert_eq!(defects(|r| r["lines"][0]["line"]["purpose"] = "P14".into()), [Deny::D216]);
    }

    #[test]
    fn a_childs_record_names_who_decides_and_what_the_child_said() {
        let child = |edit: &dyn Fn(&mut Value)| {
            defects(|r| {
                r["subject_class"] = "child".into();
                r["guardian"] = json!({
                    "mode": "present_consents", "reference": "file 7", "relation": "parent", "conflict": false,
                    "mandate": { "evidence": "legal_order", "verified": true, "until": "2027-01-01T00:00:00Z" },
                });
                r["assent"] = json!({ "said": "assented" });
                edit(r);
            })
        };
        assert_eq!(
            child(&|_| {}),
            [Deny::D401],
            "all that is asked of the record is there, and more is asked"
        );
        assert_eq!(child(&|r| r["guardian"]["mandate"]["verified"] = false.into()), [Deny::D401, Deny::D402]);
        let over = |r: &mut Value| r["guardian"]["mandate"]["until"] = NOON.into();
        assert_eq!(child(&over), [Deny::D401, Deny::D402]);
        assert_eq!(child(&|r| r["guardian"]["conflict"] = true.into()), [Deny::D401, Deny::D403]);
        assert_eq!(child(&|r| r["assent"]["said"] = "dissented".into()), [Deny::D401, Deny::D404]);
        assert_eq!(child(&|r| r["assent"]["said"] = "not_capable".into()), [Deny::D401, Deny::D404]);
        let young = json!({ "said": "not_sought", "reason": "too_young" });
        assert_eq!(child(&|r| r["assent"] = young.clone()), [Deny::D401]);
        let waived = |until: &'static str| {
            move |r: &mut Value| {
                let waiver = json!({ "issuer": "office", "number": "12/26", "until": until });
                r["guardian"] = json!({ "mode": "unreachable_waiver", "conflict": false, "waiver": waiver });
            }
        };
        assert_eq!(child(&waived("2026-03-14T00:00:00Z")), [Deny::D401]);
        assert_eq!(child(&waived("2026-03-01T00:00:00Z")), [Deny::D401, Deny::D410]);
    }

    #[test]
    fn whose_age_is_disputed_is_no_adult() {
        assert_eq!(defects(|r| r["age_basis"] = "disputed".into()), [Deny::D409]);
    }

    #[test]
    fn a_record_of_refusals_is_a_record() {
        let refusal = record_with(|r| drop(r["lines"].as_array_mut().unwrap().drain(..2)));
        assert!(refusal.is_refusal());
        assert!(!record().is_refusal());
    }

    #[test]
    fn nothing_about_the_person_shows_in_debug_output_or_in_errors() {
        let shown = format!("{:?}", record());
        for canary in ["room 2", "library", "K7QM", "weekday", "register 12"] {
            assert!(!shown.contains(canary), "{canary}");
        }
        let broken = String::from_utf8(RECORD.to_vec()).unwrap().replace("\"adult\"", "\"canary\"");
        let error = Record::parse(broken.as_bytes()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
