//! Every reason not to pass something on, each alone; and the one way in which it may be.

use super::*;
use crate::{
    agreements::{Document, Onward, sample as agreement},
    consent::{
        Extent, Fall, Status, Wanted, judge,
        release::FormFacts,
        reply::{SeenCertificate, release_seen},
        sample::{at, certified, facts_of, fields, record_with, wanted},
    },
};

/// The agreement, with a way from the clinic to the lawyers, who are listed for passing on.
fn terms(edit: impl FnOnce(&mut Document)) -> Terms {
    agreement::terms(|d| {
        let mut way = d.flows[0].clone();
        (way.from, way.to) = (agreement::clinic(), agreement::lawyers());
        d.flows.push(way);
        d.onward = Onward { rule: OnwardRule::Listed, organisations: vec![agreement::lawyers()], hops: 1 };
        edit(d);
    })
}

/// The clinic passes on to the lawyers what harbour sent it, as the person and the agreement allow.
fn facts() -> Facts {
    let record = record_with(|r| {
        r["lines"][0]["line"]["onward"] = serde_json::json!([agreement::lawyers()]);
        r["lines"].as_array_mut().unwrap().remove(1);
    });
    let names = ["CF.name", "CF.phone", "CF.need"];
    let mut facts = facts_of(Wanted { fields: fields(&names), ..wanted() }, &record, terms(|_| {}));
    let held = facts.certificate.as_mut().unwrap();
    let version = *held.at_consent.keys().next().unwrap();
    held.at_consent.insert(version, Arc::new(terms(|_| {})));
    let link = Link { cited: Arc::new(terms(|_| {})), newest: Arc::new(terms(|_| {})), stands: true };
    facts.parent = Some(Parent {
        sender: agreement::harbour(),
        recipient: agreement::clinic(),
        untouched: true,
        serving: true,
        purpose: facts.proposal.purpose.clone(),
        onward: OnwardRule::Listed,
        keep: facts.proposal.keep,
        certificate: Some(held.claims.id),
        links: vec![link],
        received: Some(names[..2].iter().map(|id| id.parse().unwrap()).collect()),
    });
    facts.sender = facts.recipient.clone();
    facts.recipient.as_mut().unwrap().id = agreement::lawyers();
    let proposal = &mut facts.proposal;
    proposal.sender = agreement::clinic();
    proposal.recipient = Some(agreement::lawyers());
    proposal.onwards = Onwards::Yes;
    for field in &mut proposal.fields {
        let received = field.id.as_str() != "CF.need";
        field.source = Some(if received { FieldSource::Received } else { FieldSource::Own });
    }
    facts
}

fn changed(edit: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = facts();
    edit(&mut facts);
    facts
}

fn parent(edit: impl FnOnce(&mut Parent)) -> Facts {
    changed(|f| edit(f.parent.as_mut().unwrap()))
}

fn cited(edit: impl FnOnce(&mut Document)) -> Facts {
    parent(|p| p.links[0].cited = Arc::new(terms(edit)))
}

#[track_caller]
fn refused(facts: &Facts, expected: &[(Deny, Option<&str>)]) {
    let found = judge(facts).err().unwrap_or_default();
    let found: Vec<_> = found.iter().map(|denial| (denial.deny, denial.subcode.as_deref())).collect();
    assert_eq!(found, expected);
}

#[track_caller]
fn not_covered(facts: &Facts, subcode: &str) {
    refused(facts, &[(Deny::D706, Some(subcode))]);
}

#[test]
fn what_the_person_the_agreements_and_the_first_packet_allow_is_passed_on() {
    let permission = judge(&facts()).unwrap();
    assert_eq!(permission.until(), Some(at("2026-09-01T00:00:00Z")));
}

#[test]
fn a_referral_that_is_unknown_or_another_s_is_not_continued_and_looks_the_same() {
    refused(&changed(|f| f.parent = None), &[(Deny::D306, None), (Deny::D706, Some("parent"))]);
    let others = parent(|p| p.recipient = agreement::lawyers());
    refused(&others, &[(Deny::D306, None), (Deny::D706, Some("parent"))]);
}

#[test]
fn each_reason_against_passing_on_is_told_by_its_name() {
    not_covered(&parent(|p| p.serving = false), "not_in_service");
    not_covered(&parent(|p| p.untouched = false), "not_in_service");
    not_covered(&parent(|p| p.purpose = "P07".parse().unwrap()), "purpose");
    not_covered(&parent(|p| p.onward = OnwardRule::None), "onward_code");
    not_covered(&parent(|p| p.onward = OnwardRule::SameLegalPerson), "onward_code");
    not_covered(&parent(|p| p.links[0].stands = false), "agreement");
    not_covered(&parent(|p| p.keep.as_mut().unwrap().days = 1), "retention");
    not_covered(&parent(|p| p.keep = None), "retention");
}

#[test]
fn what_was_passed_on_goes_on_when_the_service_ended_and_stops_when_it_was_taken_back() {
    let later = |edit: fn(&mut Parent)| {
        let mut facts = parent(edit);
        facts.proposal.course = Course::Continues;
        facts
    };
    refused(&later(|p| p.serving = false), &[]);
    not_covered(&later(|p| p.untouched = false), "not_in_service");
}

#[test]
fn of_several_promises_the_shortest_counts_and_what_cannot_be_compared_is_none() {
    let keep = |trigger, days| Some(Keep { trigger, days });
    let (fulfilled, received) = (Trigger::PurposeFulfilled, Trigger::Received);
    let both_ways = |one, other, expected| {
        assert_eq!((shorter(one, other), shorter(other, one)), (expected, expected));
    };
    both_ways(keep(fulfilled, 30), keep(fulfilled, 183), keep(fulfilled, 30));
    both_ways(keep(received, 30), keep(fulfilled, 30), keep(received, 30));
    both_ways(keep(received, 90), keep(fulfilled, 30), None);
    both_ways(None, keep(fulfilled, 30), None);
}

#[test]
fn an_agreement_that_lists_others_or_nobody_lets_nothing_on_to_this_one() {
    not_covered(&cited(|d| d.onward.organisations = vec![agreement::clinic()]), "not_listed");
    not_covered(&cited(|d| d.onward.rule = OnwardRule::SameLegalPerson), "not_listed");
    let narrowed = parent(|p| p.links[0].newest = Arc::new(terms(|d| d.onward.organisations.clear())));
    not_covered(&narrowed, "not_listed");
}

#[test]
fn every_agreement_on_the_way_counts_the_steps_since() {
    not_covered(&cited(|d| d.onward.hops = 0), "hops");
    let twice = |hops| {
        parent(|p| {
            let before = Arc::new(terms(|d| d.onward.hops = hops));
            p.links.push(Link { cited: Arc::clone(&before), newest: before, stands: true });
        })
    };
    not_covered(&twice(1), "hops");
    refused(&twice(2), &[]);
}

#[test]
fn a_field_says_where_it_is_from_and_was_there() {
    let about = |facts: &Facts, subcode: &str, field: &str| {
        not_covered(facts, subcode);
        let denials = judge(facts).unwrap_err();
        assert_eq!(denials.primary().unwrap().fields, [field.parse().unwrap()]);
    };
    about(&changed(|f| f.proposal.fields[0].source = None), "no_source", "CF.name");
    let claimed = changed(|f| f.proposal.fields[2].source = Some(FieldSource::Received));
    about(&claimed, "not_received", "CF.need");
    let gone = |facts: &mut Facts| facts.parent.as_mut().unwrap().received = None;
    refused(&changed(gone), &[]);
    let mut never = cited(|d| drop(d.flows[0].purposes[0].items.remove(1)));
    gone(&mut never);
    about(&never, "not_received", "CF.name");
}

#[test]
fn nothing_is_written_back_under_the_consent_of_another() {
    let answer = changed(|f| f.proposal.course = Course::Answers);
    assert!(judge(&answer).unwrap_err().iter().any(|denial| denial.subcode.as_deref() == Some("answer")));
}

#[test]
fn at59_an_organisation_that_the_person_did_not_name_gets_nothing_passed_on() {
    let unnamed = changed(|f| {
        certified(f, |claims| claims.lines[0].onward = [agreement::harbour()].into());
    });
    refused(&unnamed, &[(Deny::D306, None)]);
    let to_another = changed(|f| {
        certified(f, |claims| claims.lines[0].recipient = crate::consent::Named::One(agreement::lawyers()));
    });
    refused(&to_another, &[(Deny::D306, None)]);
}

#[test]
fn a_consent_of_its_own_carries_it_as_well_and_changes_nothing_else() {
    let own = |f: &mut Facts| {
        certified(f, |claims| {
            claims.iss = agreement::clinic();
            claims.lines[0].recipient = crate::consent::Named::One(agreement::lawyers());
            claims.lines[0].onward.clear();
        });
        f.parent.as_mut().unwrap().certificate = None;
    };
    refused(&changed(own), &[]);
    let mut unlisted = cited(|d| d.onward.organisations.clear());
    own(&mut unlisted);
    not_covered(&unlisted, "not_listed");
}

#[test]
fn what_the_agreement_of_consent_time_did_not_let_on_is_not_passed_on_later() {
    let then = |edit: fn(&mut Document)| {
        changed(|f| {
            let held = f.certificate.as_mut().unwrap();
            let version = *held.at_consent.keys().next().unwrap();
            held.at_consent.insert(version, Arc::new(terms(edit)));
        })
    };
    refused(&then(|d| d.onward.organisations.clear()), &[(Deny::D310, None)]);
    refused(&then(|d| d.retention[0].days = 1), &[(Deny::D310, None)]);
    let field = then(|d| drop(d.flows[0].purposes[0].items.remove(1)));
    assert_eq!(judge(&field).unwrap_err().primary().unwrap().fields, ["CF.name".parse().unwrap()]);
}

#[test]
fn who_takes_back_what_an_organisation_may_have_means_what_was_to_be_passed_on_too() {
    let mut facts = facts();
    let held = facts.certificate.as_mut().unwrap();
    let extent = Extent { recipient: Some(agreement::lawyers()), ..Extent::default() };
    let fall = extent.reaches([held.claims.as_ref()]).pop();
    let Some(Fall::Part(_, part)) = fall else { panic!("the whole certificate fell") };
    held.denied.push(part.clone());
    refused(&facts, &[(Deny::D306, None)]);
    let seen = SeenCertificate {
        cited: facts.proposal.certificate.unwrap(),
        subject: facts.proposal.subject,
        status: Status::Given,
        denied: vec![part],
        expires: at("2026-09-01T00:00:00Z"),
    };
    let form = FormFacts { subjects: 1, ..FormFacts::default() };
    assert_eq!(release_seen(&seen, &form, &facts).unwrap_err().codes(), [Deny::D306]);
    let untouched = SeenCertificate { denied: Vec::new(), ..seen };
    release_seen(&untouched, &form, &facts).unwrap();
}

#[test]
fn whom_the_person_refused_anything_is_left_out_of_a_certificate_s_list() {
    let onward = |refused: bool| {
        let record = record_with(|r| {
            r["lines"][0]["line"]["onward"] = serde_json::json!([agreement::lawyers()]);
            if refused {
                r["lines"][2]["line"]["recipient"] = serde_json::json!(agreement::lawyers());
            }
        });
        let claims = crate::consent::sample::certify(&record, agreement::clinic(), "2026-03-01T00:00:00Z");
        claims.unwrap().lines[0].onward.clone()
    };
    assert_eq!(onward(false), [agreement::lawyers()].into());
    assert!(onward(true).is_empty());
}
