//! The scope certificate: what the hub sees of a consent. Signed by the organisation that took it, pseudonymous, and for one
//! recipient only, so that neither the hub nor the recipient learns whom else the person agreed to.

use serde::{Deserialize, Serialize};

use super::{
    grant::{AgreementVersion, Bounds, Effect, GrantLine, MOST_LINES, Named},
    record::{Choice, Companion, ExpressionMethod, Record, SubjectClass, ThirdParties},
    status::Status,
};
use crate::{
    crypto::closed,
    kernel::{
        Digest, Timestamp,
        id::{CertificateId, OrganisationId, SubjectToken},
        text::Line,
    },
    policy::{ConsentLimits, Denials, Deny, Policy},
};

/// The longest payload of a certificate, in bytes.
pub const MAX_CLAIMS_BYTES: usize = 24_576;

/// How deep its objects and arrays nest.
const DEPTH: u8 = 6;

/// What a certificate says. The set is closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Form of the certificate: 1.
    pub v: u8,
    /// The certificate.
    pub id: CertificateId,
    /// Version of the record it was made from.
    pub ver: u32,
    /// Digest of that record.
    pub record: Digest,
    /// The organisation that took the consent and signs.
    pub iss: OrganisationId,
    /// The one recipient it is for.
    pub aud: OrganisationId,
    /// The random pseudonym of the person with the issuer and case.
    pub sub: SubjectToken,
    /// What rules apply to the person.
    pub class: SubjectClass,
    /// What the issuer attests.
    pub flags: Flags,
    /// The recipient's yes lines, and the no lines that touch it.
    pub lines: Vec<GrantLine>,
    /// Whether codes about the person may be counted.
    pub statistics: Choice,
    /// Where the consent stood when this was signed.
    pub status: Status,
    /// Version of the notice the person was given.
    pub notice: Line<32>,
    /// Digest of the code by which the person can take it back.
    pub withdrawal: Digest,
    /// When it was signed, in seconds.
    pub iat: i64,
    /// When the last yes ends, in seconds.
    pub exp: i64,
}

/// What the issuer attests. The hub cannot see the evidence; an audit can.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a separate attestation that partners read by name"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flags {
    /// An unaccompanied or separated child.
    #[serde(default, skip_serializing_if = "is_false")]
    pub uasc: bool,
    /// In what way a guardian agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian_mode: Option<Line<32>>,
    /// What the child said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assent: Option<Line<32>>,
    /// Everything that must be told was told, and understanding was checked.
    pub info_complete: bool,
    /// How the person expressed it.
    pub method: ExpressionMethod,
    /// The staff attests it.
    pub attested: bool,
    /// A witness or the interpreter attests it.
    pub second_attested: bool,
    /// There was no interpreter, or one whose declarations are in order.
    pub interpreter_ok: bool,
    /// The person could decide, or who acts for them could.
    pub representative_ok: bool,
    /// Whether the person was asked alone.
    pub companion_present: Companion,
    /// Every line was answered on its own, and none was a condition of help.
    pub separate: bool,
    /// A paper form names recipients that are no organisation of the directory.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unresolved: bool,
    /// Whether a basis exists for what is told of other people.
    pub third_parties: ThirdParties,
    /// The lines were agreed after protection advice.
    #[serde(default, skip_serializing_if = "is_false")]
    pub protection_advice: bool,
    /// Digest of the reference of a best-interests assessment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bia_ref: Option<Digest>,
    /// Digest of the reference of a best-interests determination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bid_ref: Option<Digest>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// The payload is not that of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACertificate {
    /// Longer than [`MAX_CLAIMS_BYTES`].
    #[error("a certificate has at most {MAX_CLAIMS_BYTES} bytes")]
    TooLong,
    /// Not JSON of the expected form.
    #[error("not a scope certificate of form 1")]
    Malformed,
    /// A line is not sound, or names somebody the certificate is not for.
    #[error("a line of the certificate is not sound, or is about another recipient")]
    Line,
    /// The end lies before the beginning, beyond what the policy allows, or is not the end of the last yes.
    #[error("the certificate's times do not fit its lines")]
    Times,
    /// It says that it allows nothing.
    #[error("a certificate is made for a consent that was given")]
    Status,
    /// The code by which the person could take it back is empty.
    #[error("the code by which the person can take it back is empty")]
    Code,
}

impl Claims {
    /// Reads the payload of a certificate and checks what can be checked without looking anything up.
    pub fn parse(payload: &[u8], policy: &Policy) -> Result<Self, NotACertificate> {
        if payload.len() > MAX_CLAIMS_BYTES {
            return Err(NotACertificate::TooLong);
        }
        let claims: Self = closed::read(payload, DEPTH).map_err(|_ignored| NotACertificate::Malformed)?;
        claims.check(&policy.limits().consent)?;
        Ok(claims)
    }

    /// The payload's bytes, to be signed.
    pub fn bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    fn check(&self, limits: &ConsentLimits) -> Result<(), NotACertificate> {
        if self.v != 1 || self.ver == 0 {
            return Err(NotACertificate::Malformed);
        }
        let sound = (1..=MOST_LINES).contains(&self.lines.len())
            && self.lines.iter().all(|line| self.is_its_own(line));
        if !sound {
            return Err(NotACertificate::Line);
        }
        let last = self.permits().map(|line| line.until.seconds()).max().unwrap_or(self.exp);
        let longest = limits.certificate().num_seconds();
        if self.exp != last || self.exp <= self.iat || self.exp.saturating_sub(self.iat) > longest {
            return Err(NotACertificate::Times);
        }
        if self.withdrawal == code_digest("") {
            return Err(NotACertificate::Code);
        }
        if self.status.allows_disclosure() { Ok(()) } else { Err(NotACertificate::Status) }
    }

    fn is_its_own(&self, line: &GrantLine) -> bool {
        let about_it = match &line.recipient {
            Named::One(recipient) => *recipient == self.aud,
            Named::All => line.effect == Effect::Deny,
        };
        about_it && line.is_sound()
    }

    /// The yes lines.
    pub fn permits(&self) -> impl Iterator<Item = &GrantLine> {
        self.lines.iter().filter(|line| line.effect == Effect::Permit)
    }

    /// When the last yes ends.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_seconds(self.exp)
    }

    /// Makes the certificate of a record for one recipient, or says why the record supports none. `ends` tells when an
    /// agreement ends; a yes never outlives it.
    pub fn of(
        record: &Record,
        recipient: OrganisationId,
        made: Made<'_>,
        ends: impl Fn(AgreementVersion) -> Option<Timestamp>,
    ) -> Result<Self, Denials> {
        let mut found = record.defects(made.policy, made.at);
        let lines = lines_for(record, recipient, &made.policy.limits().consent, ends);
        if !lines.iter().any(|line| line.effect == Effect::Permit) {
            found.raise(Deny::D306);
            if !record.resolved() {
                found.raise(Deny::D317);
            }
        }
        found.into_result()?;
        let until = lines.iter().filter(|line| line.effect == Effect::Permit).map(|line| line.until).max();
        let exp = until.unwrap_or(made.at).seconds();
        if exp <= made.at.seconds() {
            return Err(Denials::from_iter([Deny::D305.into()]));
        }
        let highest = record.highest_level(made.policy);
        Ok(Self {
            v: 1,
            id: made.id,
            ver: record.version,
            record: made.record,
            iss: record.collected.org,
            aud: recipient,
            sub: record.subject,
            class: record.subject_class,
            flags: Flags {
                uasc: false,
                guardian_mode: None,
                assent: None,
                info_complete: record.informed(),
                method: record.expression.method,
                attested: record.staff_attestation.is_some(),
                second_attested: record.second_attestation.is_some(),
                interpreter_ok: record.interpreter_in_order(highest),
                representative_ok: record.decided_by_who_may(made.at),
                companion_present: record.companion,
                separate: record.unbundled(),
                unresolved: !record.resolved(),
                third_parties: record.third_parties,
                protection_advice: record.protection_advice_at.is_some_and(|at| at <= record.collected.at),
                bia_ref: None,
                bid_ref: None,
            },
            lines,
            statistics: record.statistics,
            status: record.status,
            notice: record.notice.version.clone(),
            withdrawal: code_digest(record.withdrawal.code.expose()),
            iat: made.at.seconds(),
            exp,
        })
    }
}

/// What a certificate is made with.
#[derive(Clone, Copy)]
pub struct Made<'a> {
    /// Its id.
    pub id: CertificateId,
    /// Digest of the record's bytes.
    pub record: Digest,
    /// The moment.
    pub at: Timestamp,
    /// The dictionary.
    pub policy: &'a Policy,
}

/// The fewest letters and digits of a withdrawal code. Whoever has it needs nothing else, so nobody may guess it.
const LEAST_CODE: usize = 16;

/// Whether a text is a withdrawal code: enough letters A to Z and digits, and nothing else but blanks and hyphens. Anything else would
/// not count in [`code_digest`], and people would share a digest.
pub fn is_withdrawal_code(text: &str) -> bool {
    let counts = |c: &char| c.is_ascii_alphanumeric();
    text.chars().all(|c| counts(&c) || c == ' ' || c == '-')
        && text.chars().filter(counts).count() >= LEAST_CODE
}

/// Digest of a withdrawal code, as the person may write it: case, blanks and dashes do not matter.
pub fn code_digest(code: &str) -> Digest {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    Digest::of_parts([b"throughline withdrawal code ".as_slice(), plain.as_bytes()])
}

fn lines_for(
    record: &Record,
    recipient: OrganisationId,
    limits: &ConsentLimits,
    ends: impl Fn(AgreementVersion) -> Option<Timestamp>,
) -> Vec<GrantLine> {
    let all = || record.lines.iter().map(|answer| &answer.line);
    // The no lines about others are not told, so whoever was refused anything is not one to pass on to.
    let refused = |to: &OrganisationId| {
        all().any(|line| line.effect == Effect::Deny && line.recipient == Named::One(*to))
    };
    let without_refused = |mut line: GrantLine| {
        line.onward.retain(|to| !refused(to));
        line
    };
    let yes: Vec<GrantLine> = all()
        .filter(|line| line.effect == Effect::Permit && line.recipient == Named::One(recipient))
        .filter_map(|line| bounded(line, record, limits, &ends))
        .map(without_refused)
        .collect();
    let touches = |line: &&GrantLine| {
        line.effect == Effect::Deny
            && line.recipient.names(&recipient)
            && match &line.purpose {
                Named::All => true,
                Named::One(purpose) => yes.iter().any(|granted| granted.purpose.names(purpose)),
            }
    };
    let no: Vec<GrantLine> = all().filter(touches).cloned().collect();
    yes.into_iter().chain(no).collect()
}

/// The line with its end brought within every bound; nothing when no time is left, or when its agreement is not known.
fn bounded(
    line: &GrantLine,
    record: &Record,
    limits: &ConsentLimits,
    ends: impl Fn(AgreementVersion) -> Option<Timestamp>,
) -> Option<GrantLine> {
    let bounds = Bounds {
        collected_at: record.collected.at,
        agreement_until: ends(line.agreement?)?,
        retention_ceiling: record.retention_ceiling,
        eighteenth_birthday: None,
        limits: *limits,
    };
    // Certificates carry whole seconds; rounding down never lengthens a yes.
    let until = Timestamp::from_seconds(line.until.min(bounds.latest()).seconds());
    (line.from < until).then(|| GrantLine { until, ..line.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        agreements::sample::{clinic, harbour, lawyers},
        consent::sample::{NOON, at, certify, record, record_with},
    };

    #[test]
    fn a_certificate_tells_a_recipient_nothing_about_another() {
        let claims = certify(&record(), clinic(), NOON).unwrap();
        assert_eq!((claims.iss, claims.aud, claims.lines.len()), (harbour(), clinic(), 2));
        let text = String::from_utf8(claims.bytes().unwrap()).unwrap();
        assert!(!text.contains(&lawyers().to_string()));
        assert!(!text.contains("K7QM") && !text.contains("library"));
        assert_eq!(Claims::parse(text.as_bytes(), Policy::builtin()), Ok(claims));
    }

    #[test]
    fn a_no_that_names_another_recipient_or_another_purpose_is_left_out() {
        let with_no = |recipient: &str, purpose: &str| {
            let record = record_with(|r| {
                r["lines"][2]["line"]["recipient"] = recipient.into();
                r["lines"][2]["line"]["purpose"] = purpose.into();
            });
            certify(&record, clinic(), NOON).unwrap().lines.len()
        };
        assert_eq!(with_no(&lawyers().to_string(), "*"), 1);
        assert_eq!(with_no("*", "P07"), 1);
        assert_eq!(with_no("*", "P01"), 2);
        assert_eq!(with_no(&clinic().to_string(), "*"), 2);
    }

    #[test]
    fn an_end_is_brought_within_its_bounds() {
        let record = record_with(|r| {
            r["lines"][0]["line"]["until"] = "2030-01-01T00:00:00Z".into();
            r["retention_ceiling"] = "2026-05-01T00:00:00Z".into();
        });
        assert_eq!(certify(&record, clinic(), NOON).unwrap().expires(), at("2026-05-01T00:00:00Z"));
        let record = record_with(|r| r["lines"][0]["line"]["until"] = "2030-01-01T00:00:00Z".into());
        assert_eq!(certify(&record, clinic(), NOON).unwrap().expires(), at("2027-03-01T00:00:00Z"));
    }

    #[test]
    fn a_recipient_the_person_did_not_name_gets_no_certificate() {
        let refused = |record: &Record| certify(record, harbour(), NOON).unwrap_err().codes();
        assert_eq!(refused(&record()), [Deny::D306]);
        let paper = record_with(|r| {
            r["source"] = serde_json::json!({ "kind": "paper_form", "form": "A6", "unresolved": ["NGOs"] });
        });
        assert_eq!(refused(&paper), [Deny::D306, Deny::D317]);
        assert!(certify(&paper, clinic(), NOON).is_ok(), "what the form resolves to still holds");
    }

    #[test]
    fn a_consent_that_is_over_or_defective_gets_no_certificate() {
        assert_eq!(certify(&record(), clinic(), "2026-09-01T00:00:00Z").unwrap_err().codes(), [Deny::D305]);
        let bundled = record_with(|r| r["lines"][0]["given"] = "bundled".into());
        assert_eq!(certify(&bundled, clinic(), NOON).unwrap_err().codes(), [Deny::D316]);
    }

    #[test]
    fn claims_that_reach_beyond_themselves_are_refused() {
        let good = certify(&record(), clinic(), NOON).unwrap();
        let refused = |edit: fn(&mut Claims)| {
            let mut claims = good.clone();
            edit(&mut claims);
            Claims::parse(&claims.bytes().unwrap(), Policy::builtin()).unwrap_err()
        };
        assert_eq!(refused(|c| c.lines[0].recipient = Named::One(lawyers())), NotACertificate::Line);
        assert_eq!(refused(|c| c.lines[0].recipient = Named::All), NotACertificate::Line);
        assert_eq!(refused(|c| c.lines.clear()), NotACertificate::Line);
        assert_eq!(refused(|c| c.exp += 1), NotACertificate::Times);
        assert_eq!(refused(|c| c.iat -= 400 * 86_400), NotACertificate::Times);
        assert_eq!(refused(|c| c.status = Status::Withdrawn), NotACertificate::Status);
        assert_eq!(refused(|c| c.v = 2), NotACertificate::Malformed);
        assert_eq!(refused(|c| c.withdrawal = code_digest("- -")), NotACertificate::Code);
    }

    #[test]
    fn a_withdrawal_code_may_be_written_as_the_person_likes() {
        assert_eq!(code_digest("K7QM-2W9D-XR4T-8PVB"), code_digest("k7qm 2w9d xr4t 8pvb"));
        assert_ne!(code_digest("K7QM-2W9D-XR4T-8PVB"), code_digest("K7QM-2W9D-XR4T-8PVC"));
    }

    #[test]
    fn a_withdrawal_code_is_one_that_nobody_guesses_and_nobody_shares() {
        for code in ["K7QM-2W9D-XR4T-8PVB", "k7qm 2w9d xr4t 8pvb", "1234567890123456"] {
            assert!(is_withdrawal_code(code), "{code}");
        }
        for text in ["-", "", "K7QM", "K7QM-2W9D-XR4T-8PV", "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥", "K7QM-2W9D-XR4T-8PVB-ش"]
        {
            assert!(!is_withdrawal_code(text), "{text}");
        }
    }
}
