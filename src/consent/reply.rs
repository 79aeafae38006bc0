//! Release by a recipient: what it may write back or pass on, held against what a recipient can know.
//!
//! The record stays with whoever asked the person, and the certificate is between them and the hub. So the yes to what goes back or on is
//! judged by the hub; everything else that stands against it is found here, before anything is encrypted.

use super::{
    release::{FormFacts, Release},
    rule::{CitedCertificate, Facts, judge_reply},
    status::Status,
    withdrawal::DeniedPart,
};
use crate::{
    kernel::{Timestamp, id::SubjectToken},
    policy::{Denials, Deny},
};

/// A certificate as the one it is for sees it: whether the consent still stands, and not what the person said.
#[derive(Clone, Debug)]
pub struct SeenCertificate {
    /// Which.
    pub cited: CitedCertificate,
    /// The person's pseudonym.
    pub subject: SubjectToken,
    /// Where the consent stands.
    pub status: Status,
    /// What was taken back of it.
    pub denied: Vec<DeniedPart>,
    /// When its last yes ends.
    pub expires: Timestamp,
}

/// Holds what answers a packet or passes it on against agreement, minimum set, the referral it continues and what is known of the consent:
/// the release, or every code with the fields it is about.
pub fn release_seen(seen: &SeenCertificate, form: &FormFacts, facts: &Facts) -> Result<Release, Denials> {
    let mut found = form.denials(facts);
    let permission = match judge_reply(facts, seen) {
        Ok(permission) => Some(permission),
        Err(denials) => {
            found.extend(denials);
            None
        }
    };
    found.into_result()?;
    permission
        .and_then(|permission| Release::of(facts, &permission, Vec::new()))
        .ok_or_else(|| Denials::from_iter([Deny::D301.into()]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::{
            Course, Facts, Wanted,
            sample::{facts_of, fields, record, wanted},
        },
        policy::FieldId,
    };

    /// The clinic of the example writes back to who sent, when the agreement has the way back.
    fn answering(back: bool, names: &[&str]) -> Facts {
        let terms = crate::agreements::sample::terms(|document| {
            if back {
                let mut flow = document.flows[0].clone();
                std::mem::swap(&mut flow.from, &mut flow.to);
                document.flows.push(flow);
            }
        });
        let first = wanted();
        let (sender, recipient) = (first.recipient.unwrap(), first.sender);
        let mut facts = facts_of(Wanted { fields: fields(names), ..first }, &record(), terms);
        std::mem::swap(&mut facts.sender, &mut facts.recipient);
        facts.proposal.sender = sender;
        facts.proposal.recipient = Some(recipient);
        facts.proposal.course = Course::Answers;
        facts.certificate = None;
        facts
    }

    fn seen(facts: &Facts) -> SeenCertificate {
        SeenCertificate {
            cited: facts.proposal.certificate.unwrap(),
            subject: facts.proposal.subject,
            status: Status::Given,
            denied: Vec::new(),
            expires: facts.at.plus(chrono::TimeDelta::days(30)),
        }
    }

    fn form() -> FormFacts {
        FormFacts { subjects: 1, ..FormFacts::default() }
    }

    const NAMES: [&str; 2] = ["CF.case_token", "CF.need"];

    #[test]
    fn an_answer_the_agreement_carries_back_is_released_until_the_consent_ends() {
        let facts = answering(true, &NAMES);
        let seen = seen(&facts);
        let release = release_seen(&seen, &form(), &facts).unwrap();
        let released: Vec<FieldId> =
            release.fields().values().flatten().map(|one| one.field.clone()).collect();
        assert_eq!(released, NAMES.map(|name| name.parse().unwrap()));
        assert_eq!((release.until(), release.certificate()), (Some(seen.expires), seen.cited));
    }

    #[test]
    fn without_a_way_back_nothing_goes_back() {
        let facts = answering(false, &NAMES);
        assert_eq!(release_seen(&seen(&facts), &form(), &facts).unwrap_err().codes(), [Deny::D218]);
    }

    #[test]
    fn what_was_taken_back_or_is_over_or_another_s_stands_against_it() {
        let facts = answering(true, &NAMES);
        let refused = |edit: &dyn Fn(&mut SeenCertificate)| {
            let mut seen = seen(&facts);
            edit(&mut seen);
            release_seen(&seen, &form(), &facts).unwrap_err().codes()
        };
        assert_eq!(refused(&|seen| seen.status = Status::Withdrawn), [Deny::D304]);
        assert_eq!(refused(&|seen| seen.expires = facts.at), [Deny::D305]);
        assert_eq!(refused(&|seen| seen.cited.digest = crate::kernel::Digest::of("another")), [Deny::D302]);
        let other = "sub_0192f0c1000070008000000000000099".parse().unwrap();
        assert_eq!(refused(&|seen| seen.subject = other), [Deny::D303]);
        let part = |text: &str| -> DeniedPart { serde_json::from_str(text).unwrap() };
        let field = part(r#"{"fields":["CF.need"]}"#);
        assert_eq!(refused(&|seen| seen.denied = vec![field.clone()]), [Deny::D309]);
        let purpose = part(&format!(r#"{{"purpose":"{}"}}"#, facts.proposal.purpose));
        assert_eq!(refused(&|seen| seen.denied = vec![purpose.clone()]), [Deny::D307]);
        let mut uncited = facts.clone();
        uncited.proposal.certificate = None;
        assert_eq!(release_seen(&seen(&facts), &form(), &uncited).unwrap_err().codes(), [Deny::D301]);
    }

    #[test]
    fn a_form_is_held_against_the_same_rules_as_any_other() {
        let facts = answering(true, &NAMES);
        let two = FormFacts { subjects: 2, ..form() };
        assert_eq!(release_seen(&seen(&facts), &two, &facts).unwrap_err().codes(), [Deny::D009]);
    }
}
