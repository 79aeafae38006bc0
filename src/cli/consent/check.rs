//! Holds a filled record against every rule, and names each place where it breaks one. No value of it is ever repeated.

use serde_json::Value;

use super::{Complaint, shape};
use crate::{
    consent::{
        CapacityFinding, Companion, Effect, ExpressionMethod, Given, GrantLine, GuardianMode, Information,
        MAX_RECORD_BYTES, Named, Record, Status, SubjectClass,
    },
    crypto::closed,
    kernel::{Timestamp, id::OrganisationId},
    policy::{Denials, Deny, Level, Policy, Purpose},
};

/// What stands in a template where only the person, or who was there, knows the answer.
const TO_FILL_IN: &str = "to be filled in";

/// How deep a record nests, explanations included.
const DEPTH: u8 = 8;

/// Whether a text is left of the template.
pub(super) fn is_left_open(text: &str) -> bool {
    text.starts_with(TO_FILL_IN)
}

/// A record that keeps every rule there is for it.
pub(super) fn read(
    bytes: &[u8],
    own: OrganisationId,
    at: Timestamp,
    policy: &Policy,
) -> Result<Record, Vec<Complaint>> {
    let written = without_explanations(bytes)?;
    let mut found = shape::left(&written);
    found.extend(shape::complaints(&written));
    found.extend(unsound_lines(&written));
    for complaint in &mut found {
        if complaint.at.ends_with("/line/purpose") && complaint.code.is_none() {
            complaint.code = Some(Deny::D216);
        }
    }
    if !found.is_empty() {
        return Err(in_order(found));
    }
    let record = Record::parse(written.to_string().as_bytes())
        .map_err(|error| vec![says("", None, &error.to_string())])?;
    found.extend(contradictions(&record, own, at));
    if !is_a_no(&record) {
        found.extend(defects(&record, policy, at));
    }
    if found.is_empty() { Ok(record) } else { Err(in_order(found)) }
}

/// Whether nothing may be sent under it anyway: then how it was asked is told, and is no reason to lose the record.
fn is_a_no(record: &Record) -> bool {
    record.is_refusal() || !record.status.allows_disclosure()
}

fn in_order(mut found: Vec<Complaint>) -> Vec<Complaint> {
    found.sort();
    found.dedup();
    found
}

/// The document as written, without the members that only explain.
fn without_explanations(bytes: &[u8]) -> Result<Value, Vec<Complaint>> {
    if bytes.len() > MAX_RECORD_BYTES {
        return Err(vec![says("", None, &format!("a record has at most {MAX_RECORD_BYTES} bytes"))]);
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| {
        let place = format!("this is not JSON at line {}, column {}", error.line(), error.column());
        vec![says("", None, &place)]
    })?;
    let mut written: Value = closed::read(bytes, DEPTH).map_err(|_ignored| {
        vec![says("", None, "a member stands twice, is null, or is a number that is not whole")]
    })?;
    strip(&mut written);
    Ok(written)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !name.starts_with("//"));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with each answer, looked at by itself.
fn unsound_lines(written: &Value) -> Vec<Complaint> {
    let lines = written.get("lines").and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for (n, line) in lines.enumerate().filter_map(|(n, answer)| Some((n, answer.get("line")?))) {
        let Ok(line) = serde_json::from_value::<GrantLine>(line.clone()) else { continue };
        if line.is_sound() {
            continue;
        }
        let mut says = |member: &str, what: &str| {
            found.push(says(&format!("/lines/{n}/line/{member}"), None, what));
        };
        let yes = line.effect == Effect::Permit;
        if yes && line.recipient == Named::All {
            says("recipient", "a yes names one organisation");
        }
        if yes && line.purpose == Named::All {
            says("purpose", "a yes names one purpose");
        }
        if yes && line.agreement.is_none() {
            says("agreement", "a yes names the agreement in force when the person agreed");
        }
        if yes && line.operations.is_empty() {
            says("operations", "a yes says what may be done: disclose, follow_up_contact, feedback_return");
        }
        if line.from >= line.until {
            says("until", "it ends before it begins");
        }
        if line.scope.categories.is_empty() && line.scope.fields.is_empty() {
            says("scope", "it says nothing about what; name categories or fields");
        }
    }
    found
}

/// What does not fit together, or not with this gateway.
fn contradictions(record: &Record, own: OrganisationId, at: Timestamp) -> Vec<Complaint> {
    let mut found = Vec::new();
    if record.collected.org != own {
        found.push(says("/collected/org", None, &format!("this gateway keeps the records of {own}")));
    }
    if record.collected.at > at {
        found.push(says("/collected/at", None, "this lies in the future"));
    }
    if (record.version > 1) != record.supersedes.is_some() {
        let what = "from version 2 on, and only then, a record names the digest of the version before";
        found.push(says("/supersedes", None, what));
    }
    if record.status == Status::Refused && !record.is_refusal() {
        found.push(says("/status", None, "it is not refused while a line says permit"));
    }
    found
}

/// Every defect that keeps the record from being relied on, with its place.
pub(super) fn defects(record: &Record, policy: &Policy, at: Timestamp) -> Vec<Complaint> {
    let denials = record.defects(policy, at);
    let mut found = places(record, &denials, policy, at);
    // A code whose place is not known here is told all the same.
    let codes = denials.codes().into_iter();
    let unplaced: Vec<Deny> =
        codes.filter(|code| !found.iter().any(|place| place.code == Some(*code))).collect();
    found.extend(unplaced.into_iter().map(|code| says("", Some(code), code.title())));
    in_order(found)
}

fn places(record: &Record, denials: &Denials, policy: &Policy, at: Timestamp) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut place = |code: Deny, at: &str, what: &str| {
        found.extend(denials.holds(code).then(|| says(at, Some(code), what)));
    };
    place(Deny::D304, "/status", "nothing may be sent while it stands like this");
    place(
        Deny::D313,
        "/interpreter",
        "who interprets is vetted, declares competence and accuracy, and is nobody to the person; a relative only when chosen in \
         private and for nothing sensitive",
    );
    uninformed(record, &mut |at, what| place(Deny::D311, at, what));
    unevidenced(record, record.highest_level(policy), &mut |at, what| place(Deny::D312, at, what));
    undecided(record, at, &mut |at, what| place(Deny::D314, at, what));
    place(
        Deny::D401,
        "/subject_class",
        "the rules for children are not there yet; nothing is sent on a child's own yes",
    );
    if record.guardian.as_ref().is_none_or(|guardian| guardian.mode == GuardianMode::Denied) {
        place(Deny::D401, "/guardian", "a guardian agrees, or an authority stands in for one");
    }
    place(Deny::D402, "/guardian/mandate", "a mandate that was seen and has not ended");
    place(Deny::D403, "/guardian/conflict", "who may have harmed the child decides nothing for it");
    place(
        Deny::D404,
        "/assent",
        "the child agrees, or there is a reason why it was not asked or could not say",
    );
    place(Deny::D409, "/age_basis", "whose age is disputed is treated as a child");
    place(Deny::D410, "/guardian/waiver", "a waiver names who gave it and its number, and has not ended");
    for (n, answer) in record.lines.iter().enumerate() {
        if answer.given != Given::Separately {
            let at = format!("/lines/{n}/given");
            place(Deny::D316, &at, "each answer stands by itself; ask again, one by one");
        }
        let grantable = match &answer.line.purpose {
            Named::All => true,
            Named::One(purpose) => policy.purpose(purpose).is_some_and(Purpose::is_grantable),
        };
        if !grantable {
            let at = format!("/lines/{n}/line/purpose");
            place(Deny::D216, &at, "no person can be asked to agree to this");
        }
    }
    found
}

fn uninformed(record: &Record, place: &mut impl FnMut(&str, &str)) {
    let word = |item: &Information| serde_json::to_value(item).ok()?.as_str().map(str::to_owned);
    let lacking: Vec<String> = Information::ALL
        .iter()
        .filter(|item| !record.information_given.contains(item))
        .filter_map(word)
        .collect();
    if !lacking.is_empty() {
        place("/information_given", &format!("the person was not told: {}", lacking.join(", ")));
    }
    if !record.understanding.teach_back {
        place("/understanding/teach_back", "the person says in their own words what was agreed");
    }
}

fn unevidenced(record: &Record, highest: Level, place: &mut impl FnMut(&str, &str)) {
    if record.staff_attestation.is_none() {
        place("/staff_attestation", "who took the consent attests it");
    }
    let verbal = record.expression.method == ExpressionMethod::Verbal;
    if record.second_attestation.is_none() && (verbal || highest == Level::S4) {
        let why =
            "what was spoken, and what is most sensitive, needs a witness or the interpreter who attests it";
        place("/second_attestation", why);
    }
    if record.companion == Companion::Present && highest == Level::S4 {
        place("/companion", "what is most sensitive is confirmed by the person in private");
    }
}

fn undecided(record: &Record, at: Timestamp, place: &mut impl FnMut(&str, &str)) {
    match record.subject_class {
        SubjectClass::Adult => place("/capacity/finding", "the person cannot decide this now"),
        SubjectClass::Child => {}
        SubjectClass::AdultWithRepresentative if record.representatives.is_empty() => {
            place("/representatives", "somebody with a mandate must act for the person");
        }
        SubjectClass::AdultWithRepresentative => {
            for (n, one) in record.representatives.iter().enumerate() {
                if !one.mandate_verified || one.mandate_until <= at || one.person_objects {
                    place(
                        &format!("/representatives/{n}"),
                        "a mandate that was seen, has not ended, and to which the person does not object",
                    );
                }
            }
        }
    }
    let not_capable = record.capacity.as_ref().is_some_and(|c| c.finding == CapacityFinding::NotCapable);
    if not_capable && record.subject_class != SubjectClass::Adult {
        place("/capacity/finding", "the person cannot decide this now");
    }
}

fn says(at: &str, code: Option<Deny>, says: &str) -> Complaint {
    Complaint { at: at.to_owned(), code, says: says.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const RECORD: &str = include_str!("../../../schemas/consent/examples/valid/record.v1.thumbprint.json");
    const NOON: &str = "2026-03-01T12:00:00Z";

    fn harbour() -> OrganisationId {
        "org_0192f0c1000070008000000000000001".parse().unwrap()
    }

    fn found(edit: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut record: Value = serde_json::from_str(RECORD).unwrap();
        edit(&mut record);
        let complaints =
            read(record.to_string().as_bytes(), harbour(), NOON.parse().unwrap(), Policy::builtin());
        let told = |complaint: Complaint| {
            format!("{} {}", complaint.at, complaint.code.map_or("", Deny::code)).trim().to_owned()
        };
        complaints.err().unwrap_or_default().into_iter().map(told).collect()
    }

    #[test]
    fn a_sound_record_and_a_refusal_are_taken() {
        assert_eq!(found(|_| {}), [""; 0]);
        let refusal = |r: &mut Value| {
            r["lines"].as_array_mut().unwrap().drain(..2);
            r["status"] = "refused".into();
            r["information_given"] = json!([]);
        };
        assert_eq!(found(refusal), [""; 0], "a no is kept however it was asked");
    }

    #[test]
    fn explanations_are_not_kept_and_a_member_does_not_stand_twice() {
        let explained = |r: &mut Value| {
            r["//"] = "what this is".into();
            r["lines"][0]["//line"] = json!({ "//": "how" });
        };
        assert_eq!(found(explained), [""; 0]);
        let twice = RECORD.replacen("\"version\": 1,", "\"version\": 1, \"version\": 1,", 1);
        assert!(read(twice.as_bytes(), harbour(), NOON.parse().unwrap(), Policy::builtin()).is_err());
    }

    #[test]
    fn every_rule_that_is_broken_is_named_with_its_place() {
        let broken = |r: &mut Value| {
            r["information_given"].as_array_mut().unwrap().pop();
            r["understanding"]["teach_back"] = false.into();
            r.as_object_mut().unwrap().remove("second_attestation");
            r["interpreter"]["vetted"] = false.into();
            r["capacity"] = json!({ "finding": "not_capable", "by": "stf_0192f0c1000070008000000000000021" });
            r["lines"][0]["given"] = "bundled".into();
            r["lines"][2]["given"] = "conditioned".into();
        };
        assert_eq!(
            found(broken),
            [
                "/capacity/finding D314",
                "/information_given D311",
                "/interpreter D313",
                "/lines/0/given D316",
                "/lines/2/given D316",
                "/second_attestation D312",
                "/understanding/teach_back D311",
            ]
        );
        assert_eq!(
            found(|r| r["lines"][0]["line"]["purpose"] = "P14".into()),
            ["/lines/0/line/purpose D216"]
        );
        assert_eq!(
            found(|r| r["subject_class"] = "child".into()),
            ["/assent D404", "/guardian D401", "/subject_class D401"]
        );
        let harmed = |r: &mut Value| {
            r["subject_class"] = "child".into();
            r["guardian"] = json!({ "mode": "present_consents", "conflict": true });
            r["assent"] = json!({ "said": "assented" });
        };
        assert_eq!(
            found(harmed),
            ["/guardian/conflict D403", "/guardian/mandate D402", "/subject_class D401"]
        );
        assert_eq!(found(|r| r["age_basis"] = "disputed".into()), ["/age_basis D409"]);
    }

    #[test]
    fn a_yes_that_names_too_little_is_told_what_it_lacks() {
        let vague = |r: &mut Value| {
            let line = r["lines"][0]["line"].as_object_mut().unwrap();
            line.remove("agreement");
            line.insert("recipient".into(), "*".into());
            line.insert("operations".into(), json!([]));
            line.insert("until".into(), "2026-03-01T00:00:00Z".into());
            r["lines"][2]["line"]["scope"] = json!({});
        };
        assert_eq!(
            found(vague),
            [
                "/lines/0/line/agreement",
                "/lines/0/line/operations",
                "/lines/0/line/recipient",
                "/lines/0/line/until",
                "/lines/2/line/scope",
            ]
        );
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let other = "org_0192f0c1000070008000000000000002";
        assert_eq!(found(|r| r["collected"]["org"] = other.into()), ["/collected/org"]);
        assert_eq!(found(|r| r["collected"]["at"] = "2027-03-01T00:00:00Z".into()), ["/collected/at"]);
        assert_eq!(found(|r| r["version"] = 2.into()), ["/supersedes"]);
        assert_eq!(found(|r| r["status"] = "refused".into()), ["/status"]);
    }
}
