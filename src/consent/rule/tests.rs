//! The rule by its codes, by its decision table, by the worked example and by the acceptance tests.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;

use super::*;
use crate::{
    agreements::{Document, SuspensionReason, sample as agreement},
    consent::{
        Effect, Extent, Fall, Scope, Wanted,
        sample::{
            at, certified, facts_of, fields, health, health_with, legal, record, record_with, wanted,
            wanted_legal,
        },
    },
    policy::{Missing, NOT_RAISED, Policy, WARNINGS_NOT_RAISED},
};

fn codes(facts: &Facts) -> Vec<Deny> {
    judge(facts).err().map(|denials| denials.codes()).unwrap_or_default()
}

#[track_caller]
fn denied(facts: &Facts, expected: &[Deny]) {
    assert_eq!(codes(facts), expected);
}

#[track_caller]
fn about(facts: &Facts, deny: Deny, expected: &[&str]) {
    let denials = judge(facts).unwrap_err();
    let found = denials.iter().find(|denial| denial.deny == deny).unwrap();
    assert_eq!(found.fields.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}

fn changed(edit: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = health();
    edit(&mut facts);
    facts
}

fn legal_changed(edit: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = legal();
    edit(&mut facts);
    facts
}

fn under(edit: impl FnOnce(&mut Document)) -> Facts {
    facts_of(wanted(), &record(), agreement::terms(edit))
}

fn wanting(edit: impl FnOnce(&mut Wanted)) -> Facts {
    let mut wanted = wanted();
    edit(&mut wanted);
    facts_of(wanted, &record(), agreement::terms(|_| {}))
}

fn attested(edit: impl FnOnce(&mut crate::consent::Flags)) -> Facts {
    changed(|f| certified(f, |claims| edit(&mut claims.flags)))
}

/// A referral of a P08 follow-up call: the only one that asks for rounds.
fn follow_up(agreed: Option<u16>, asked: Option<u16>) -> Facts {
    let record = record_with(|r| {
        let line = &mut r["lines"][0]["line"];
        line["purpose"] = "P08".into();
        line["operations"] = serde_json::json!(["disclose", "follow_up_contact"]);
        if let Some(round) = agreed {
            line["round"] = round.into();
        }
    });
    let wanted = Wanted {
        purpose: "P08".parse().unwrap(),
        fields: fields(&["CF.case_token", "CF.phone"]),
        retention: "RT07".parse().unwrap(),
        round: asked,
        ..wanted()
    };
    facts_of(wanted, &record, agreement::terms(|_| {}))
}

/// Reporting to law enforcement: agreed by name, or with its category only.
fn report(by_name: bool) -> Facts {
    let record = record_with(|r| {
        let line = &mut r["lines"][0]["line"];
        line["purpose"] = "P12".into();
        line["scope"] = if by_name {
            serde_json::json!({ "fields": ["CF.name"] })
        } else {
            serde_json::json!({ "categories": ["K03"] })
        };
    });
    let terms = agreement::terms(|d| {
        d.flows[0].purposes[0].purpose = "P12".parse().unwrap();
        d.retention[0].purpose = "P12".parse().unwrap();
    });
    let wanted = Wanted { purpose: "P12".parse().unwrap(), fields: fields(&["CF.name"]), ..wanted() };
    facts_of(wanted, &record, terms)
}

/// The fields of other people, listed by the agreement and granted by the person.
fn with_family(based: bool) -> Facts {
    let record = record_with(|r| {
        r["lines"][0]["line"]["scope"]["categories"].as_array_mut().unwrap().push("K11".into());
        r["third_parties"] = if based { "based".into() } else { "no_basis".into() };
    });
    with_listed("CF.family=JC09", &record, &["K11"])
}

/// The referral to the clinic with one more field, which the agreement lists; `open` are categories it opens.
fn with_listed(field: &str, record: &crate::consent::Record, open: &[&str]) -> Facts {
    let mut ids = vec!["CF.name", field];
    let id = field.split('=').next().unwrap();
    let terms = agreement::terms(|d| {
        let mut item = d.flows[0].purposes[0].items[0].clone();
        item.field = id.parse().unwrap();
        d.flows[0].purposes[0].items.push(item);
        for category in open {
            let mut opened = d.sensitive.categories[0].clone();
            opened.category = category.parse().unwrap();
            d.sensitive.categories.push(opened);
        }
    });
    ids.dedup();
    let mut facts = facts_of(Wanted { fields: fields(&ids), ..wanted() }, record, terms.clone());
    let held = facts.certificate.as_mut().unwrap();
    held.at_consent = held.at_consent.keys().map(|version| (*version, Arc::new(terms.clone()))).collect();
    facts
}

fn granting(category: &str) -> crate::consent::Record {
    record_with(|r| {
        r["lines"][0]["line"]["scope"]["categories"].as_array_mut().unwrap().push(category.into());
    })
}

fn granting_field(field: &str) -> crate::consent::Record {
    record_with(|r| r["lines"][0]["line"]["scope"]["fields"] = serde_json::json!([field]))
}

type Case = (Deny, fn() -> Facts);

/// One set of facts for each code whose condition stands in the rule.
const CASES: &[Case] = &[
    (Deny::D007, || wanting(|w| w.profile = "rp0".into())),
    (Deny::D010, || changed(|f| f.proposal.routed_as = Some("SV01".parse().unwrap()))),
    (Deny::D012, || wanting(|w| w.dictionary = "another-7".into())),
    (Deny::D013, || wanting(|w| w.fields[6].compartment = Some("general".parse().unwrap()))),
    (Deny::D101, || changed(|f| f.sender.as_mut().unwrap().active = false)),
    (Deny::D102, || changed(|f| f.recipient.as_mut().unwrap().active = false)),
    (Deny::D103, || changed(|f| f.proposal.sender = f.proposal.recipient.unwrap())),
    (Deny::D104, || changed(|f| f.offer.listed = false)),
    (Deny::D105, || changed(|f| f.offer.eligibility = Eligibility::Outside)),
    (Deny::D106, || changed(|f| f.offer.area = Area::Outside)),
    (Deny::D107, || changed(|f| f.offer.availability = Availability::Full)),
    (Deny::D108, || changed(|f| f.offer.barred = true)),
    (Deny::D109, || changed(|f| f.offer.accused = true)),
    (Deny::D201, || changed(|f| f.agreement = Covering::none())),
    (Deny::D202, || changed(|f| f.agreement.standing = Standing::Expired)),
    (Deny::D203, || changed(|f| f.agreement.standing = Standing::Suspended(SuspensionReason::FailedAudit))),
    (Deny::D204, || changed(|f| f.agreement.current_version = Some(2))),
    (Deny::D205, || changed(|f| f.agreement.signed = false)),
    (Deny::D206, || under(|d| d.flows[0].purposes[0].purpose = "P06".parse().unwrap())),
    (Deny::D207, || under(|d| d.flows[0].services = vec!["SV06".parse().unwrap()])),
    (Deny::D208, || under(|d| drop(d.flows[0].purposes[0].items.remove(8)))),
    (Deny::D209, || under(|d| drop(d.sensitive.categories.remove(1)))),
    (Deny::D210, || legal_changed(|f| f.proposal.approvals = 1)),
    (Deny::D211, || wanting(|w| w.retention = "RT01".parse().unwrap())),
    (Deny::D212, || under(|d| d.destruction.methods.clear())),
    (Deny::D213, || wanting(|w| w.onward = "OW01".parse().unwrap())),
    (Deny::D214, || changed(|f| f.recipient.as_mut().unwrap().country = "MW".parse().unwrap())),
    (Deny::D215, || changed(|f| f.recipient.as_mut().unwrap().authority_of = Some("CD".parse().unwrap()))),
    (Deny::D216, || changed(|f| f.proposal.purpose_listed = false)),
    (Deny::D217, || {
        let mut facts = with_listed("CF.nationality=JC01", &granting("K06"), &[]);
        facts.recipient.as_mut().unwrap().enforcement = true;
        facts
    }),
    (Deny::D218, || {
        changed(|f| {
            f.agreement = Covering { reverse: true, ..Covering::none() };
        })
    }),
    (Deny::D219, || changed(|f| f.agreement.standing = Standing::ReviewOverdue)),
    (Deny::D220, || changed(|f| f.agreement.sent_today = 200)),
    (Deny::D221, || under(|d| d.dpia = None)),
    (Deny::D301, || changed(|f| f.proposal.certificate = None)),
    (Deny::D302, || changed(|f| f.certificate.as_mut().unwrap().genuine = false)),
    (Deny::D303, || {
        changed(|f| f.proposal.subject = "sub_0192f0c1000070008000000000000099".parse().unwrap())
    }),
    (Deny::D304, || changed(|f| f.certificate.as_mut().unwrap().status = Status::Withdrawn)),
    (Deny::D305, || changed(|f| f.at = at("2026-09-01T00:00:00Z"))),
    (Deny::D306, || changed(|f| certified(f, |c| c.lines.retain(|line| line.effect == Effect::Deny)))),
    (Deny::D307, || changed(|f| certified(f, |c| c.lines[0].purpose = Named::One("P06".parse().unwrap())))),
    (Deny::D308, || {
        changed(|f| {
            certified(f, |c| {
                c.lines[0].scope.categories.remove("K14");
            });
        })
    }),
    (Deny::D309, || health_with(&["CF.name", "CF.medication"])),
    (Deny::D310, || changed(|f| f.certificate.as_mut().unwrap().at_consent.clear()).with_newer_agreement()),
    (Deny::D311, || attested(|flags| flags.info_complete = false)),
    (Deny::D312, || attested(|flags| flags.attested = false)),
    (Deny::D313, || attested(|flags| flags.interpreter_ok = false)),
    (Deny::D314, || attested(|flags| flags.representative_ok = false)),
    (Deny::D315, || follow_up(Some(1), Some(2))),
    (Deny::D316, || attested(|flags| flags.separate = false)),
    (Deny::D317, || {
        changed(|f| {
            certified(f, |c| {
                c.flags.unresolved = true;
                c.lines.retain(|line| line.effect == Effect::Deny);
            });
        })
    }),
    (Deny::D318, || with_family(false)),
    (Deny::D319, || report(false)),
    (Deny::D602, || {
        let mut facts = with_listed("CF.birth_date", &record(), &[]);
        facts.proposal.fields[1].justification = None;
        facts
    }),
    (Deny::D603, || with_listed("CF.document_copy=JC01", &granting_field("CF.document_copy"), &[])),
    (Deny::D604, || with_listed("A8.4c", &granting("K29"), &[])),
    (Deny::D605, || {
        let mut facts = with_listed("CF.worker=JC06", &granting("K02"), &[]);
        facts.proposal.worker_anonymous = true;
        facts
    }),
    (Deny::D606, || with_listed("CF.shelter_address=JC03", &granting_field("CF.shelter_address"), &[])),
    (Deny::D608, || changed(|f| f.open_referral = true)),
    (Deny::D706, || changed(|f| f.proposal.onwards = Onwards::Yes)),
    (Deny::D707, || changed(|f| f.withdrawal_running = true)),
];

/// Codes that never come alone: what causes them causes another as well.
const NEVER_ALONE: &[Deny] = &[Deny::D103, Deny::D317, Deny::D603, Deny::D604, Deny::D606];

/// Codes that consent and information-only referrals can meet and that other places raise and test.
const ELSEWHERE: &[(&str, &[Deny])] = &[
    (
        "packets",
        &[Deny::D001, Deny::D002, Deny::D003, Deny::D004, Deny::D005, Deny::D006, Deny::D008, Deny::D011],
    ),
    ("consent::record", &[Deny::D402, Deny::D403, Deny::D404, Deny::D409, Deny::D410]),
    ("consent::release", &[Deny::D009, Deny::D601, Deny::D607]),
    ("referrals", &[Deny::D701, Deny::D702, Deny::D703, Deny::D704, Deny::D705, Deny::D708]),
];

trait WithNewerAgreement {
    fn with_newer_agreement(self) -> Facts;
}

impl WithNewerAgreement for Facts {
    /// The same terms as version 2, so that the permission was given under another version.
    fn with_newer_agreement(mut self) -> Facts {
        let terms = Arc::new(agreement::terms(|d| d.version = 2));
        self.proposal.agreement = Some(CitedAgreement { id: terms.id(), version: 2, digest: terms.digest() });
        self.agreement.current_version = Some(2);
        self.agreement.terms = Some(terms);
        self
    }
}

#[test]
fn the_facts_to_start_from_are_in_order() {
    for facts in [health(), legal(), follow_up(Some(1), Some(1)), report(true), with_family(true)] {
        denied(&facts, &[]);
    }
}

#[test]
fn each_code_is_raised_by_its_own_defect() {
    for (deny, facts) in CASES {
        let found = codes(&facts());
        assert!(found.contains(deny), "expected {deny}, found {found:?}");
        if !NEVER_ALONE.contains(deny) {
            assert_eq!(found, [*deny], "{deny} brings others along");
        }
    }
}

#[test]
fn every_code_has_its_condition_here_is_raised_elsewhere_or_belongs_to_a_mode_that_is_refused() {
    let here: BTreeSet<Deny> = CASES.iter().map(|(deny, _)| *deny).collect();
    let elsewhere: BTreeSet<Deny> = ELSEWHERE.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
    let modes = |missing: &Missing| !matches!(missing, Missing::Person | Missing::Complaints);
    let waiting: BTreeSet<Deny> =
        NOT_RAISED.iter().filter(|(_, missing)| modes(missing)).map(|(deny, _)| *deny).collect();
    for deny in Deny::ALL {
        let places = [&here, &elsewhere, &waiting].iter().filter(|set| set.contains(deny)).count();
        assert_eq!(places, 1, "{deny}");
    }
}

/// The conditions stand in the rule, and neither hub nor gateway has the facts. When somebody gives them, the list and the documents change.
#[test]
fn codes_about_who_and_where_the_person_is_and_about_complaints_are_listed_as_not_raised_and_are_not() {
    let factless = NOT_RAISED.iter().filter(|(_, m)| matches!(m, Missing::Person | Missing::Complaints));
    let factless: BTreeSet<Deny> = factless.map(|(deny, _)| *deny).collect();
    let mut raised = BTreeSet::new();
    for listed in [true, false] {
        for availability in [Availability::Open, Availability::Waitlist, Availability::Full] {
            raised.extend(codes(&changed(|f| f.offer = Offer::told(listed, availability))));
        }
    }
    let of_the_directory: BTreeSet<Deny> =
        Deny::ALL.iter().copied().filter(|deny| (Deny::D104..=Deny::D109).contains(deny)).collect();
    assert_eq!(&of_the_directory - &factless, raised);
}

#[test]
fn every_warning_is_given_or_waits_for_a_mode() {
    let cases: [(Warning, Facts); 4] = [
        (
            Warning::W101,
            changed(|f| {
                f.offer.availability = Availability::Full;
                f.proposal.overrides = [Deny::D107].into();
            }),
        ),
        (Warning::W201, changed(|f| f.agreement.standing = Standing::ReviewLate)),
        (Warning::W301, changed(|f| f.at = at("2026-08-20T00:00:00Z"))),
        (Warning::W602, with_listed("CF.birth_date=JC02", &record(), &[])),
    ];
    for (warning, facts) in &cases {
        assert_eq!(judge(facts).unwrap().warnings().collect::<Vec<_>>(), [*warning]);
    }
    let given: BTreeSet<Warning> = cases.iter().map(|(warning, _)| *warning).collect();
    for warning in Warning::ALL {
        let waits = WARNINGS_NOT_RAISED.iter().any(|(waiting, _)| waiting == warning);
        assert!(given.contains(warning) != waits, "{warning}");
    }
}

#[test]
fn only_soft_refusals_can_be_overridden() {
    let facts = changed(|f| {
        f.offer.listed = false;
        f.offer.barred = true;
        f.proposal.overrides = Deny::ALL.iter().copied().collect();
    });
    denied(&facts, &[Deny::D104, Deny::D108]);
}

/// The decision table for adults who agreed: each row keeps everything to its left in order and breaks one thing.
#[test]
fn each_row_of_the_decision_table_holds() {
    let rows: Vec<(u8, Facts, &[Deny])> = vec![
        (1, health(), &[]),
        (2, changed(|f| f.agreement = Covering::none()), &[Deny::D201]),
        (2, changed(|f| f.agreement.standing = Standing::NotEffective), &[Deny::D202]),
        (
            2,
            changed(|f| f.agreement.standing = Standing::Suspended(SuspensionReason::Safeguarding)),
            &[Deny::D203],
        ),
        (3, under(|d| d.flows[0].purposes[0].purpose = "P06".parse().unwrap()), &[Deny::D206]),
        (3, under(|d| d.flows[0].services.clear()), &[Deny::D207]),
        (3, under(|d| (d.flows[0].from, d.flows[0].to) = (d.flows[0].to, d.flows[0].from)), &[Deny::D218]),
        (4, under(|d| drop(d.flows[0].purposes[0].items.remove(8))), &[Deny::D208]),
        (5, under(|d| drop(d.sensitive.categories.remove(1))), &[Deny::D209]),
        (6, legal_changed(|f| f.proposal.approvals = 1), &[Deny::D210]),
        (
            6,
            legal_changed(|f| {
                f.recipient.as_mut().unwrap().roles.remove("legal");
            }),
            &[Deny::D210],
        ),
        (7, changed(|f| f.certificate.as_mut().unwrap().status = Status::Revoked), &[Deny::D304]),
        (8, changed(|f| f.at = at("2026-02-28T23:59:59Z")), &[Deny::D305]),
        (9, changed(|f| certified(f, |c| c.lines.clear())), &[Deny::D306]),
        (
            10,
            changed(|f| certified(f, |c| c.lines[0].service = Some("SV06".parse().unwrap()))),
            &[Deny::D307],
        ),
        (
            11,
            changed(|f| {
                certified(f, |c| {
                    c.lines[0].scope.categories.remove("K14");
                });
            }),
            &[Deny::D308],
        ),
        (11, health_with(&["CF.name", "CF.medication"]), &[Deny::D309]),
        (12, with_listed("CF.birth_date", &record(), &[]), &[Deny::D602]),
    ];
    for (row, facts, expected) in rows {
        assert_eq!(codes(&facts), expected, "row {row}");
    }
    let justified = with_listed("CF.birth_date=JC02", &record(), &[]);
    assert_eq!(judge(&justified).unwrap().warnings().collect::<Vec<_>>(), [Warning::W602]);
}

#[test]
fn the_worked_example_comes_out_as_written() {
    denied(&health(), &[]);
    let mut with_medication = wanted();
    with_medication.fields.extend(fields(&["CF.medication"]));
    let facts = facts_of(with_medication, &record(), agreement::terms(|_| {}));
    denied(&facts, &[Deny::D309]);
    about(&facts, Deny::D309, &["CF.medication"]);
    denied(&legal_changed(|f| f.proposal.approvals = 1), &[Deny::D210]);
    about(&legal_changed(|f| f.proposal.approvals = 1), Deny::D210, &["ZR.6c"]);
    denied(&changed(|f| f.at = at("2026-09-01T00:00:00Z")), &[Deny::D305]);
    let other: OrganisationId = "org_0192f0c1000070008000000000000007".parse().unwrap();
    let facts = changed(|f| {
        f.agreement.terms = Some(Arc::new(agreement::terms(|d| d.flows[0].to = other)));
        f.proposal.recipient = Some(other);
        f.recipient.as_mut().unwrap().id = other;
        f.proposal.agreement.as_mut().unwrap().digest = f.agreement.terms.as_ref().unwrap().digest();
    });
    denied(&facts, &[Deny::D306]);
    // Passing on: the line for the lawyers lets the first sender disclose, not the clinic.
    let onward = legal_changed(|f| {
        let clinic = agreement::clinic();
        let terms = Arc::new(agreement::terms(|d| d.flows[1].from = clinic));
        f.proposal.agreement.as_mut().unwrap().digest = terms.digest();
        f.agreement.terms = Some(terms);
        f.proposal.sender = clinic;
        f.sender.as_mut().unwrap().id = clinic;
        f.proposal.onwards = Onwards::Yes;
    });
    denied(&onward, &[Deny::D306, Deny::D706]);
}

// The acceptance tests of the specification, by number.

#[test]
fn at01_an_agreement_without_a_certificate_is_not_enough() {
    denied(&changed(|f| f.certificate = None), &[Deny::D301]);
    denied(&changed(|f| f.proposal.certificate = None), &[Deny::D301]);
}

#[test]
fn at02_a_permission_for_one_organisation_does_not_reach_another() {
    let terms = agreement::terms(|_| {});
    let mut facts = facts_of(wanted_legal(), &record(), terms);
    facts.certificate = health().certificate;
    facts.proposal.certificate = health().proposal.certificate;
    denied(&facts, &[Deny::D306]);
}

#[test]
fn at03_a_purpose_must_be_in_both_and_both_are_reported() {
    let facts = changed(|f| f.proposal.purpose = "P08".parse().unwrap());
    assert!(codes(&facts).contains(&Deny::D307) && !codes(&facts).contains(&Deny::D206));
    denied(&changed(|f| f.proposal.purpose = "P06".parse().unwrap()), &[Deny::D206, Deny::D307]);
}

#[test]
fn at04_an_excluded_field_is_named() {
    about(&health_with(&["CF.name", "CF.medication"]), Deny::D309, &["CF.medication"]);
}

#[test]
fn at05_a_later_no_beats_a_yes_in_the_same_version() {
    let facts = changed(|f| {
        certified(f, |c| {
            c.lines[1].scope = Scope { fields: ["CF.phone".parse().unwrap()].into(), ..Scope::default() };
        });
    });
    denied(&facts, &[Deny::D309]);
}

#[test]
fn at06_an_unanswered_line_is_a_no() {
    let facts = changed(|f| certified(f, |c| c.lines[0].operations.clear()));
    denied(&facts, &[Deny::D306]);
}

#[test]
fn at07_a_most_sensitive_field_granted_with_its_category_is_not_granted() {
    let facts = legal_changed(|f| {
        certified(f, |c| {
            c.lines[0].scope.fields.clear();
            c.lines[0].scope.categories.insert("K17".parse().unwrap());
        });
    });
    denied(&facts, &[Deny::D308]);
    about(&facts, Deny::D308, &["ZR.6c"]);
}

#[test]
fn at08_a_permission_ends_just_before_its_end() {
    let until = |f: &mut Facts| certified(f, |c| c.lines[0].until = at("2026-03-01T12:00:00Z"));
    denied(&changed(until), &[Deny::D305]);
    denied(
        &changed(|f| {
            until(f);
            f.at = f.at.minus(TimeDelta::seconds(1));
        }),
        &[],
    );
}

#[test]
fn at09_refusing_statistics_does_not_stop_help() {
    denied(&changed(|f| certified(f, |c| c.statistics = crate::consent::Choice::Deny)), &[]);
}

#[test]
fn at10_information_only_is_no_packet_whatever_would_be_in_it() {
    let info = |fields| {
        changed(|f| {
            f.proposal.mode = Mode::Info;
            f.proposal.fields = fields;
        })
    };
    for fields in [Vec::new(), health().proposal.fields] {
        let denials = judge(&info(fields)).unwrap_err();
        let only: Vec<_> = denials.iter().map(|d| (d.deny, d.subcode.as_deref())).collect();
        assert_eq!(only, [(Deny::D301, Some("information_moves_no_data"))]);
    }
    let stranger = changed(|f| {
        *f = info(Vec::new());
        f.sender = None;
    });
    denied(&stranger, &[Deny::D101, Deny::D301]);
}

#[test]
fn a_service_that_gives_the_need_away_is_not_written_on_an_envelope() {
    for (service, may) in [("SV02", false), ("SV09", false), ("SV01", true), ("SV07", true)] {
        let denials = judge(&wanting(|w| w.service = service.parse().unwrap())).err().unwrap_or_default();
        assert_eq!(denials.holds(Deny::D010), !may, "{service}");
    }
}

#[test]
fn a_proposal_to_nobody_is_refused() {
    let nobody = changed(|f| {
        f.proposal.recipient = None;
        f.recipient = None;
    });
    assert!(judge(&nobody).unwrap_err().holds(Deny::D102));
}

#[test]
fn at11_spoken_consent_needs_the_staff_and_a_second_person() {
    let verbal = |attested_by: (bool, bool)| {
        attested(|flags| {
            flags.method = ExpressionMethod::Verbal;
            (flags.attested, flags.second_attested) = attested_by;
        })
    };
    denied(&verbal((false, true)), &[Deny::D312]);
    denied(&verbal((true, false)), &[Deny::D312]);
    denied(&verbal((true, true)), &[]);
    denied(&legal_changed(|f| certified(f, |c| c.flags.second_attested = false)), &[Deny::D312]);
    denied(
        &legal_changed(|f| certified(f, |c| c.flags.companion_present = Companion::Present)),
        &[Deny::D312],
    );
}

#[test]
fn at12_and_13_interpreter_and_information_are_attested() {
    denied(&attested(|flags| flags.interpreter_ok = false), &[Deny::D313]);
    denied(&attested(|flags| flags.info_complete = false), &[Deny::D311]);
}

#[test]
fn at16_a_field_added_later_is_not_covered_by_an_older_permission() {
    let newer = |ids: &[&str]| {
        let terms = agreement::terms(|d| {
            d.version = 2;
            let mut item = d.flows[0].purposes[0].items[0].clone();
            item.field = "CF.alias".parse().unwrap();
            d.flows[0].purposes[0].items.push(item);
        });
        facts_of(Wanted { fields: fields(ids), ..wanted() }, &record(), terms)
    };
    denied(&newer(&["CF.name", "CF.alias"]), &[Deny::D310]);
    about(&newer(&["CF.name", "CF.alias"]), Deny::D310, &["CF.alias"]);
    denied(&newer(&["CF.name"]), &[]);
}

#[test]
fn what_else_grew_since_the_person_agreed_is_not_covered_either() {
    let grown = |edit: fn(&mut Document)| {
        let terms = agreement::terms(|d| {
            d.version = 2;
            edit(d);
        });
        (terms, Wanted { fields: fields(&["CF.name"]), ..wanted() })
    };
    let (terms, wanted) = grown(|d| d.retention[0].days = 365);
    let longer = Wanted { retention: "RT01".parse().unwrap(), ..wanted };
    denied(&facts_of(longer, &record(), terms), &[Deny::D310]);
    let (terms, wanted) = grown(|d| d.onward.rule = OnwardRule::SameLegalPerson);
    let wider = Wanted { onward: "OW01".parse().unwrap(), ..wanted };
    denied(&facts_of(wider, &record(), terms), &[Deny::D310]);
}

#[test]
fn at17_a_field_taken_out_of_the_agreement_is_refused_although_the_person_agreed() {
    let mut facts = facts_of(
        wanted(),
        &record(),
        agreement::terms(|d| {
            d.version = 2;
            d.flows[0].purposes[0].items.retain(|item| item.field.as_str() != "CF.phone");
        }),
    );
    denied(&facts, &[Deny::D208]);
    facts.proposal.fields.retain(|field| field.id.as_str() != "CF.phone");
    denied(&facts, &[]);
}

#[test]
fn at22_a_part_that_was_taken_back_is_refused_and_the_rest_passes() {
    let extent = Extent { categories: ["K14".parse().unwrap()].into(), ..Extent::default() };
    let mut facts = health();
    let claims = Arc::clone(&facts.certificate.as_ref().unwrap().claims);
    for fall in extent.reaches([&*claims]) {
        let Fall::Part(id, part) = fall else { panic!("the whole certificate fell") };
        assert_eq!(id, claims.id);
        facts.certificate.as_mut().unwrap().denied.push(part);
    }
    denied(&facts, &[Deny::D309]);
    about(&facts, Deny::D309, &["CF.pregnancy"]);
    facts.proposal.fields.retain(|field| field.id.as_str() != "CF.pregnancy");
    denied(&facts, &[]);
}

#[test]
fn a_purpose_that_was_taken_back_is_not_granted() {
    let facts = changed(|f| {
        let part = DeniedPart { purpose: Some("P01".parse().unwrap()), ..no_part() };
        f.certificate.as_mut().unwrap().denied.push(part);
    });
    denied(&facts, &[Deny::D307]);
}

fn no_part() -> DeniedPart {
    DeniedPart::default()
}

#[test]
fn at25_and_26_without_an_agreement_or_against_its_direction_nothing_passes() {
    denied(&changed(|f| f.agreement = Covering::none()), &[Deny::D201]);
    let reversed = changed(|f| {
        let terms = agreement::terms(|d| (d.flows[0].from, d.flows[0].to) = (d.flows[0].to, d.flows[0].from));
        f.proposal.agreement.as_mut().unwrap().digest = terms.digest();
        f.agreement.terms = Some(Arc::new(terms));
    });
    denied(&reversed, &[Deny::D218]);
}

#[test]
fn at27_a_missing_signature_and_a_document_that_is_not_the_signed_one_are_refused() {
    denied(&changed(|f| f.agreement.signed = false), &[Deny::D205]);
    denied(&changed(|f| f.proposal.agreement.as_mut().unwrap().digest = Digest::of("x")), &[Deny::D205]);
}

#[test]
fn at28_a_suspended_agreement_or_direction_stops_new_packets() {
    denied(
        &changed(|f| f.agreement.standing = Standing::Suspended(SuspensionReason::LegalChange)),
        &[Deny::D203],
    );
    denied(&changed(|f| f.agreement.flow_stopped = true), &[Deny::D203]);
}

#[test]
fn at29_a_field_is_listed_by_itself_or_not_at_all() {
    let facts = health_with(&["CF.name", "CF.alias"]);
    denied(&facts, &[Deny::D208]);
    about(&facts, Deny::D208, &["CF.alias"]);
}

#[test]
fn at30_to_33_the_agreement_s_own_limits_hold() {
    denied(&under(|d| drop(d.sensitive.categories.remove(1))), &[Deny::D209]);
    denied(&legal_changed(|f| f.proposal.approvals = 1), &[Deny::D210]);
    denied(&wanting(|w| w.retention = "RT01".parse().unwrap()), &[Deny::D211]);
    denied(&wanting(|w| w.retention = "RT99".parse().unwrap()), &[Deny::D211]);
    denied(&changed(|f| f.recipient.as_mut().unwrap().country = "MW".parse().unwrap()), &[Deny::D214]);
}

#[test]
fn at34_authorities_of_origin_are_blocked_until_everything_is_in_place() {
    let consulate = |signal, overridden: bool, advised: bool, by_name: bool| {
        let record = record_with(|r| {
            if by_name {
                r["lines"][0]["line"]["scope"] = serde_json::json!({ "fields": ["CF.name"] });
            }
            if advised {
                r["protection_advice_at"] = "2026-02-28T00:00:00Z".into();
            }
        });
        let terms = agreement::terms(|d| d.jurisdiction.origin_override = overridden);
        let wanted = Wanted { fields: fields(&["CF.name"]), signal, ..wanted() };
        let mut facts = facts_of(wanted, &record, terms);
        facts.recipient.as_mut().unwrap().authority_of = Some("CD".parse().unwrap());
        facts
    };
    for signal in [ProtectionSignal::Present, ProtectionSignal::NotScreened] {
        denied(&consulate(signal, false, false, false), &[Deny::D215]);
        denied(&consulate(signal, true, false, true), &[Deny::D215]);
        denied(&consulate(signal, true, true, false), &[Deny::D215]);
        denied(&consulate(signal, false, true, true), &[Deny::D215]);
        denied(&consulate(signal, true, true, true), &[]);
    }
    denied(&consulate(ProtectionSignal::Absent, false, false, false), &[]);
    let at_home = changed(|f| f.recipient.as_mut().unwrap().authority_of = Some("ZM".parse().unwrap()));
    denied(&at_home, &[]);
}

#[test]
fn at36_enforcement_gets_no_enforcement_sensitive_field() {
    let mut facts = with_listed("CF.nationality=JC01", &granting("K06"), &[]);
    denied(&facts, &[]);
    facts.recipient.as_mut().unwrap().enforcement = true;
    denied(&facts, &[Deny::D217]);
    about(&facts, Deny::D217, &["CF.nationality"]);
    // For the purposes that are open to enforcement, the person must have named the field.
    facts.proposal.enforcement_opened = true;
    denied(&facts, &[Deny::D217]);
    let mut named = with_listed(
        "CF.nationality=JC01",
        &record_with(|r| {
            r["lines"][0]["line"]["scope"]["fields"] = serde_json::json!(["CF.nationality"]);
        }),
        &[],
    );
    named.recipient.as_mut().unwrap().enforcement = true;
    named.proposal.enforcement_opened = true;
    denied(&named, &[]);
}

#[test]
fn at37_all_codes_come_together_and_the_recipient_hears_nothing_of_consent() {
    let facts = changed(|f| {
        f.agreement.standing = Standing::ReviewOverdue;
        f.certificate.as_mut().unwrap().status = Status::Withdrawn;
        f.offer.listed = false;
        f.open_referral = true;
    });
    let denials = judge(&facts).unwrap_err();
    assert_eq!(denials.codes(), [Deny::D104, Deny::D219, Deny::D304, Deny::D608]);
    assert_eq!(denials.primary().unwrap().deny, Deny::D104);
    assert!(!denials.for_recipient().holds(Deny::D304));
}

#[test]
fn at38_a_late_review_warns_first_and_refuses_then() {
    assert_eq!(
        judge(&changed(|f| f.agreement.standing = Standing::ReviewLate))
            .unwrap()
            .warnings()
            .collect::<Vec<_>>(),
        [Warning::W201]
    );
    denied(&changed(|f| f.agreement.standing = Standing::ReviewOverdue), &[Deny::D219]);
}

#[test]
fn at42_and_43_the_minimum_set_and_funding_hold() {
    denied(&with_listed("CF.birth_date", &record(), &[]), &[Deny::D602]);
    assert!(codes(&with_listed("A8.4c", &granting("K29"), &[])).contains(&Deny::D604));
}

#[test]
fn an_unknown_field_is_reported_once_and_not_judged_further() {
    let facts = health_with(&["CF.name", "CF.nonsense"]);
    assert_eq!(codes(&facts), [Deny::D012, Deny::D208]);
    about(&facts, Deny::D012, &["CF.nonsense"]);
}

#[test]
fn three_traits_that_tell_who_somebody_is_are_sensitive_together() {
    let ids = ["CF.birth_date=JC02", "CF.nationality=JC01", "CF.district=JC01"];
    let record = record_with(|r| {
        let categories = r["lines"][0]["line"]["scope"]["categories"].as_array_mut().unwrap();
        categories.extend(["K06".into(), "K09".into()]);
    });
    let terms = |d: &mut Document| {
        for id in ids {
            let mut item = d.flows[0].purposes[0].items[0].clone();
            item.field = id.split('=').next().unwrap().parse().unwrap();
            d.flows[0].purposes[0].items.push(item);
        }
    };
    let with = |ids: &[&str]| {
        let terms = agreement::terms(terms);
        let mut facts = facts_of(Wanted { fields: fields(ids), ..wanted() }, &record, terms.clone());
        let held = facts.certificate.as_mut().unwrap();
        held.at_consent = held.at_consent.keys().map(|version| (*version, Arc::new(terms.clone()))).collect();
        facts
    };
    denied(&with(&ids[..2]), &[]);
    let together = with(&ids);
    assert!(codes(&together).contains(&Deny::D209));
    about(&together, Deny::D209, &["CF.birth_date", "CF.district", "CF.nationality"]);
}

#[test]
fn modes_that_are_not_built_and_children_are_refused_as_a_whole() {
    denied(&changed(|f| f.proposal.mode = Mode::Emergency), &[Deny::D501]);
    denied(&changed(|f| f.proposal.mode = Mode::Legal), &[Deny::D506]);
    denied(&changed(|f| certified(f, |c| c.class = SubjectClass::Child)), &[Deny::D401]);
}

#[test]
fn a_stricter_tier_of_the_agreement_asks_for_a_reason_and_for_the_field_by_name() {
    let stricter = |tier| under(|d| d.flows[0].purposes[0].items[1].tier = Some(tier));
    denied(&stricter(StricterTier::Justified), &[Deny::D602]);
    denied(&stricter(StricterTier::Restricted), &[Deny::D308, Deny::D602]);
}

#[test]
fn judging_is_the_same_whatever_the_order_of_fields() {
    let mut facts = health_with(&["CF.name", "CF.alias", "CF.medication", "CF.phone"]);
    let first = judge(&facts);
    facts.proposal.fields.reverse();
    assert_eq!(judge(&facts), first);
    let policy = Policy::builtin();
    assert!(policy.field(&"CF.alias".parse().unwrap()).is_some());
}
