//! Consent and release in a page: of records, agreements and forms drawn at random the scripts find what we find, code by code and field
//! by field.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    agreements::{Document, Standing, SuspensionReason, Terms},
    consent::{
        AgreementVersion, Attached, Attested, Availability, CitedAgreement, CitedCertificate, Claims, Course,
        Covering, DeniedPart, Facts, FormFacts, Made, Member, Narrative, Offer, Onwards, Presented,
        ProtectionSignal, Record, SeenCertificate, Status, Wanted, WantedField, WhenThePersonSaidNo, release,
        release_seen,
    },
    crypto::{Typ, peek},
    kernel::{Digest, Timestamp, id::OrganisationId},
    policy::{Denials, Deny, FieldId, Language, Mode, Policy},
};

use super::browser::{Scripts, dictionary, secret};
use crate::support::packet::Mechanism;

const RECORD: &str = include_str!("../../../schemas/consent/examples/valid/record.v1.thumbprint.json");
const AGREEMENT: &str =
    include_str!("../../../schemas/agreements/examples/valid/agreement.v1.health-and-legal.json");
const HARBOUR: &str = "org_0192f0c1000070008000000000000001";
const CLINIC: &str = "org_0192f0c1000070008000000000000002";
const LAWYERS: &str = "org_0192f0c1000070008000000000000003";
const NOBODY: &str = "org_0192f0c1000070008000000000000009";
const AGREED: &str = "dsa_0192f0c1000070008000000000000010";
const CERTIFICATE: &str = "cer_0192f0c1000070008000000000000051";

/// How many times the dice are thrown for a test. Each number is a seed and says by itself what was drawn.
const DRAWS: u64 = 600;

/// Numbers that look random, and are the same each time (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(count).unwrap()).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn org(text: &str) -> OrganisationId {
    text.parse().unwrap()
}

type Edit = fn(&mut Value, &mut Dice);

/// Throws each of these with a chance of one in so many.
fn edited(text: &str, edits: &[Edit], rarely: usize, dice: &mut Dice) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap();
    edit(&mut value, edits, rarely, dice);
    value
}

fn edit(value: &mut Value, edits: &[Edit], rarely: usize, dice: &mut Dice) {
    for edit in edits {
        if dice.one_in(rarely) {
            edit(value, dice);
        }
    }
}

fn array(value: &mut Value) -> &mut Vec<Value> {
    value.as_array_mut().unwrap()
}

fn some_line<'a>(record: &'a mut Value, dice: &mut Dice) -> &'a mut Value {
    let place = dice.below(record["lines"].as_array().unwrap().len());
    &mut record["lines"][place]["line"]
}

const OF_THE_RECORD: &[Edit] = &[
    |r, dice| drop(array(&mut r["information_given"]).remove(dice.below(18))),
    |r, _| r["understanding"]["teach_back"] = false.into(),
    |r, dice| {
        r["expression"]["method"] = (*dice.of(&["verbal", "mark", "written_signature"])).into();
    },
    |r, _| drop(r.as_object_mut().unwrap().remove("staff_attestation")),
    |r, _| drop(r.as_object_mut().unwrap().remove("second_attestation")),
    |r, dice| r["companion"] = (*dice.of(&["present", "present_and_confirmed_in_private"])).into(),
    |r, dice| {
        let member = *dice.of(&["vetted", "competence_declared", "accuracy_declared"]);
        r["interpreter"][member] = false.into();
    },
    |r, dice| {
        r["interpreter"]["relation"] =
            (*dice.of(&["family_member", "companion", "employer", "staff"])).into();
        r["interpreter"]["chosen_in_private"] = dice.one_in(2).into();
    },
    |r, _| drop(r.as_object_mut().unwrap().remove("interpreter")),
    |r, dice| {
        let finding = *dice.of(&["capable", "capable_with_support", "not_capable"]);
        r["capacity"] = json!({ "finding": finding, "by": "stf_0192f0c1000070008000000000000021" });
    },
    |r, dice| r["subject_class"] = (*dice.of(&["child", "adult_with_representative"])).into(),
    |r, dice| {
        r["representatives"] = json!([{ "reference": "sister", "mandate_verified": !dice.one_in(4),
            "mandate_until": dice.of(&["2026-02-01T00:00:00Z", "2027-02-01T00:00:00Z"]), "person_objects": dice.one_in(4) }]);
    },
    |r, dice| {
        let place = dice.below(r["lines"].as_array().unwrap().len());
        r["lines"][place]["given"] = (*dice.of(&["bundled", "preselected", "conditioned"])).into();
    },
    |r, dice| r["status"] = (*dice.of(&["withdrawn", "renewed", "superseded", "refused"])).into(),
    |r, _| r["third_parties"] = "based".into(),
    |r, dice| {
        r["protection_advice_at"] = (*dice.of(&["2026-02-01T00:00:00Z", "2026-04-01T00:00:00.500Z"])).into();
    },
    |r, _| r["source"] = json!({ "kind": "paper_form", "form": "A6", "unresolved": ["NGOs"] }),
    |r, dice| {
        r["retention_ceiling"] =
            (*dice.of(&["2026-03-20T00:00:00.250Z", "2026-02-01T00:00:00Z", "2029-01-01T00:00:00Z"])).into();
    },
    |r, dice| {
        let scope = ["K01", "K02", "K03", "K06", "K08", "K09", "K14", "K17", "K20", "K24", "K28", "K29"];
        let more = (*dice.of(&scope)).into();
        let line = some_line(r, dice);
        line["scope"]["categories"].as_array_mut().unwrap().push(more);
    },
    |r, dice| {
        let fields: Vec<&FieldId> = Policy::builtin().fields().map(|field| &field.id).collect();
        let fields: Vec<Value> = (0..3).map(|_| json!(dice.of(&fields))).collect();
        some_line(r, dice)["scope"]["fields"] = fields.into();
    },
    |r, dice| {
        let line = some_line(r, dice);
        line["exclude"] = json!([dice.of(&["CF.name", "CF.need", "CF.pregnancy", "ZR.6c"])]);
    },
    |r, dice| {
        some_line(r, dice)["from"] =
            (*dice.of(&["2026-03-01T12:00:00Z", "2026-04-01T00:00:00.000001Z"])).into();
    },
    |r, dice| {
        some_line(r, dice)["until"] =
            (*dice.of(&["2026-05-01T00:00:00.750Z", "2030-01-01T00:00:00Z"])).into();
    },
    |r, dice| {
        let line = some_line(r, dice);
        if line["effect"] == "permit" {
            line["agreement"]["version"] = 2.into();
        } else {
            line["recipient"] = (*dice.of(&[CLINIC, LAWYERS])).into();
            line["purpose"] = (*dice.of(&["P01", "P07"])).into();
        }
    },
    |r, dice| {
        let line = some_line(r, dice);
        line["service"] = (*dice.of(&["SV07", "SV12", "SV06"])).into();
    },
    |r, dice| {
        let line = some_line(r, dice);
        if line["effect"] == "permit" {
            line["purpose"] = (*dice.of(&["P01", "P07", "P12", "P08", "P14"])).into();
            line["operations"] = json!(["disclose", "follow_up_contact"]);
            line["round"] = dice.below(3).into();
            line["onward"] = json!([LAWYERS, CLINIC, NOBODY]);
        }
    },
    |r, dice| some_line(r, dice)["unit"] = "ward 3".into(),
    |r, dice| {
        let mut again = r["lines"][0].clone();
        again["line"]["scope"] = json!({ "fields": ["CF.medication", "CF.name", "ZP.12"] });
        again["line"]["exclude"] = json!([]);
        let place = dice.below(3);
        array(&mut r["lines"]).insert(place, again);
    },
    |r, _| drop(array(&mut r["lines"]).remove(0)),
];

/// What is drawn for some records beside the rest, so that the others stay what they were.
const OF_A_CHILD: &[Edit] = &[
    |r, _| r["age_basis"] = "disputed".into(),
    |r, dice| {
        r["subject_class"] = "child".into();
        let mode = dice.of(&["present_consents", "remote_consents", "unreachable_waiver", "denied"]);
        r["guardian"] = json!({ "mode": mode, "conflict": dice.one_in(3) });
        let until = *dice.of(&["2026-02-01T00:00:00Z", "2026-03-01T12:00:00.500Z", "2027-02-01T00:00:00Z"]);
        if !dice.one_in(3) {
            let evidence = dice.of(&["legal_order", "customary_statement", "authority_designation"]);
            r["guardian"]["mandate"] =
                json!({ "evidence": evidence, "verified": !dice.one_in(3), "until": until });
        }
        if !dice.one_in(3) {
            r["guardian"]["waiver"] = json!({ "issuer": "office", "number": "12/26", "until": until });
        }
        let said = *dice.of(&["assented", "dissented", "not_sought", "not_capable"]);
        r["assent"] = json!({ "said": said });
        if dice.one_in(2) {
            r["assent"]["reason"] = (*dice.of(&["too_young", "unwell"])).into();
        }
    },
];

const OF_THE_AGREEMENT: &[Edit] = &[
    |d, dice| {
        let items = array(&mut d["flows"][0]["purposes"][0]["items"]);
        items.remove(dice.below(items.len()));
    },
    |d, dice| {
        let (flow, item) = (dice.below(2), dice.below(7));
        d["flows"][flow]["purposes"][0]["items"][item]["tier"] =
            (*dice.of(&["justified", "restricted"])).into();
    },
    |d, dice| {
        let fields: Vec<&FieldId> = Policy::builtin().fields().map(|field| &field.id).collect();
        for _more in 0..20 {
            let flow = dice.below(2);
            let item = json!({ "field": dice.of(&fields), "reason": "drawn" });
            array(&mut d["flows"][flow]["purposes"][0]["items"]).push(item);
        }
    },
    |d, dice| drop(array(&mut d["sensitive"]["categories"]).remove(dice.below(2))),
    |d, _| d["sensitive"]["fields"][0]["dual_approval"] = false.into(),
    |d, _| d["sensitive"]["fields"][0]["role"] = "medical".into(),
    |d, dice| d["onward"]["rule"] = (*dice.of(&["same_legal_person", "listed"])).into(),
    |d, _| d["transfers"] = json!([{ "from": "ZM", "to": "MW", "mechanism": "A45-3" }]),
    |d, dice| d["volumes"]["fields_per_packet"] = dice.below(8).into(),
    |d, _| d["volumes"]["packets_per_day"] = 2.into(),
    |d, _| drop(d.as_object_mut().unwrap().remove("dpia")),
    |d, _| {
        if let Some(dpia) = d.get_mut("dpia") {
            dpia["until"] = "2026-03-15T00:00:00Z".into();
        }
    },
    |d, _| d["destruction"]["methods"] = json!([]),
    |d, _| d["crypto"]["profiles"] = json!(["rp2"]),
    |d, dice| {
        d["retention"][0]["days"] = dice.below(100).into();
        d["retention"][0]["trigger"] = "received".into();
    },
    |d, _| drop(array(&mut d["retention"]).remove(0)),
    |d, _| d["jurisdiction"]["origin_override"] = true.into(),
    |d, dice| d["flows"][0]["services"] = json!([dice.of(&["SV06", "SV07"])]),
    |d, dice| drop(array(&mut d["flows"]).remove(dice.below(2))),
    |d, _| {
        let flow = &mut d["flows"][0];
        (flow["from"], flow["to"]) = (flow["to"].take(), flow["from"].take());
    },
    |d, _| d["version"] = 2.into(),
];

fn terms(value: &Value) -> (Arc<Terms>, Value) {
    let text = serde_json::to_string_pretty(value).unwrap();
    let digest = Digest::of(&text);
    let document = Document::parse(text.as_bytes()).unwrap();
    (Arc::new(Terms::of(document, digest)), json!({ "document": value, "digest": digest }))
}

/// What the scripts say of what stands against something, without titles, which pages have in their own words.
fn told(denials: &Denials) -> Value {
    let mut told = serde_json::to_value(denials.iter().collect::<Vec<_>>()).unwrap();
    for denial in array(&mut told) {
        denial.as_object_mut().unwrap().remove("title");
    }
    json!({ "denials": told })
}

fn ends(version: AgreementVersion) -> Option<Timestamp> {
    (version.version == 1).then(|| at("2028-12-31T00:00:00Z"))
}

fn made(at: Timestamp, record: Digest) -> Made<'static> {
    Made { id: CERTIFICATE.parse().unwrap(), record, at, policy: Policy::builtin() }
}

fn with_policies(scripts: &mut Scripts) {
    for (service, purpose) in
        [("SV07", "P01"), ("SV12", "P07"), ("SV07", "P08"), ("SV12", "P12"), ("SV02", "P01")]
    {
        let policy = dictionary(service, purpose);
        scripts.ask("policy", json!({ "name": format!("{service} {purpose}"), "policy": policy }));
    }
}

#[test]
fn a_page_makes_the_same_certificates_of_a_record_or_finds_the_same_against_it() {
    let Some(mut scripts) = Scripts::start() else { return };
    with_policies(&mut scripts);
    let ends_there = json!({ format!("{AGREED} 1"): ends_of_one() });
    let mut given = 0;
    for seed in 0..DRAWS + DRAWS / 4 {
        let mut dice = Dice(seed);
        let mut value = edited(RECORD, OF_THE_RECORD, 14, &mut dice);
        if seed >= DRAWS {
            edit(&mut value, OF_A_CHILD, 2, &mut dice);
        }
        // What the page writes is what the digest is of.
        let bytes = serde_json::to_vec(&value).unwrap();
        let recipient = *dice.of(&[CLINIC, LAWYERS, NOBODY]);
        let said: &&str = dice.of(&[
            "2026-03-01T00:00:00Z",
            "2026-03-01T12:00:00.500Z",
            "2026-08-31T23:59:59Z",
            "2027-01-01T00:00:00Z",
        ]);
        let moment = at(said);
        let task = json!({ "record": value, "recipient": recipient, "at": moment.micros(), "policy": "SV07 P01", "ends": ends_there });
        let mut theirs = scripts.ask("claims", task);
        let record = Record::parse(&bytes).unwrap();
        let ours = match Claims::of(&record, org(recipient), made(moment, Digest::of(&bytes)), ends) {
            Ok(claims) => {
                given += 1;
                theirs["id"] = json!(CERTIFICATE);
                Claims::parse(&serde_json::to_vec(&theirs).unwrap(), Policy::builtin()).unwrap();
                // The order of members and of what is a set does not count.
                let digest = theirs["record"].take();
                let mut ours = serde_json::to_value(&claims).unwrap();
                assert!(digest.is_string());
                ours["record"] = Value::Null;
                sorted(&mut theirs);
                sorted(&mut ours);
                ours
            }
            Err(denials) => told(&denials),
        };
        assert_eq!(theirs, ours, "seed {seed}");
    }
    assert!((DRAWS / 10..DRAWS).contains(&given), "{given} of {DRAWS} certificates");
}

fn ends_of_one() -> i64 {
    at("2028-12-31T00:00:00Z").micros()
}

/// Sets are written in any order, and an empty one may be left out.
fn sorted(claims: &mut Value) {
    for line in array(&mut claims["lines"]) {
        for part in ["/exclude", "/operations", "/onward", "/scope/categories", "/scope/fields"] {
            if let Some(set) = line.pointer_mut(part) {
                array(set).sort_by_key(ToString::to_string);
                array(set).dedup();
            }
        }
        if let Some(members) = line.as_object_mut() {
            members.retain(|_, member| *member != json!([]));
        }
    }
}

/// Facts drawn at random, as we take them and as the scripts do.
struct Drawn {
    facts: Facts,
    theirs: Value,
    policy: String,
}

fn member(id: OrganisationId, dice: &mut Dice) -> (Option<Member>, Value) {
    if dice.one_in(60) {
        return (None, Value::Null);
    }
    let roles = ["intake", "case_worker", "medical", "legal"];
    let roles: Vec<&str> = roles.into_iter().filter(|_| !dice.one_in(10)).collect();
    let country = if dice.one_in(12) { "MW" } else { "ZM" };
    let authority = dice.one_in(15).then(|| *dice.of(&["MW", "ZM"]));
    let member = Member {
        id,
        active: !dice.one_in(30),
        country: country.parse().unwrap(),
        enforcement: dice.one_in(15),
        authority_of: authority.map(|country| country.parse().unwrap()),
        roles: roles.iter().map(|role| role.parse().unwrap()).collect(),
        calendar: None,
    };
    let mut theirs = json!({ "id": id, "active": member.active, "country": country, "enforcement": member.enforcement, "roles": roles });
    if let Some(country) = authority {
        theirs["authority_of"] = country.into();
    }
    (Some(member), theirs)
}

fn standing(dice: &mut Dice) -> Standing {
    if !dice.one_in(8) {
        return Standing::Active;
    }
    *dice.of(&[
        Standing::NotEffective,
        Standing::ReviewLate,
        Standing::ReviewOverdue,
        Standing::Suspended(SuspensionReason::FailedAudit),
        Standing::Expired,
        Standing::EndedForBreach,
        Standing::Superseded(2),
    ])
}

#[expect(
    clippy::too_many_lines,
    reason = "one throw of the dice after another; in parts it would only hand them around"
)]
fn drawn(record: &Record, digest: Digest, dice: &mut Dice) -> Drawn {
    let policy = Policy::builtin();
    let usual = !dice.one_in(3);
    let (service, purpose, recipient, fields): (&str, &str, &str, &[&str]) =
        match dice.below(if usual { 2 } else { 6 }) {
            0 => (
                "SV07",
                "P01",
                CLINIC,
                &[
                    "CF.case_token",
                    "CF.name",
                    "CF.age_band",
                    "CF.phone",
                    "CF.language",
                    "CF.need",
                    "CF.pregnancy",
                ],
            ),
            1 => ("SV12", "P07", LAWYERS, &["CF.name", "CF.phone", "CF.nationality", "ZR.6c"]),
            2 => ("SV07", "P08", CLINIC, &["CF.case_token", "CF.phone"]),
            3 => ("SV12", "P12", LAWYERS, &["CF.name", "ZR.6c"]),
            4 => ("SV02", "P01", CLINIC, &["CF.name"]),
            _ => ("SV07", "P01", HARBOUR, &["CF.name"]),
        };
    let mut fields: Vec<String> =
        fields.iter().filter(|_| !dice.one_in(12)).map(|id| (*id).to_owned()).collect();
    if dice.one_in(3) {
        let all: Vec<&FieldId> = policy.fields().map(|field| &field.id).collect();
        for _more in 0..dice.below(6) {
            let more = dice.of(&all).to_string();
            if !fields.contains(&more) {
                fields.push(more);
            }
        }
    }
    if dice.one_in(4) && !fields.iter().any(|id| id == "CF.medication") {
        fields.push("CF.medication".into());
    }
    if dice.one_in(40) {
        fields.push("ZP.none".into());
    }
    let justified: Vec<(String, Option<&str>)> = fields
        .into_iter()
        .map(|id| {
            let needs = id == "ZR.6c" || dice.one_in(4);
            (id, (needs && !dice.one_in(8)).then(|| *dice.of(&["JC05", "JC01", "JC02", "JC07"])))
        })
        .collect();
    let recipient_id = if dice.one_in(60) { None } else { Some(org(recipient)) };
    let (now_terms, now_json) = terms(&edited(AGREEMENT, OF_THE_AGREEMENT, 24, dice));
    let known = (!dice.one_in(40)).then(|| Arc::clone(&now_terms));
    let (old_terms, old_json) = terms(&edited(AGREEMENT, &OF_THE_AGREEMENT[..20], 30, dice));
    let at_consent = !dice.one_in(20);
    let said: &&str = dice.of(&[
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00Z",
        "2026-03-01T00:00:00Z",
        "2026-05-25T00:00:00Z",
        "2026-02-28T23:59:59.999999Z",
        "2026-06-01T00:00:00Z",
    ]);
    let moment = at(said);
    // A certificate that was good once, and whatever else an issuer may have written.
    let claims = Claims::of(record, org(recipient), made(at("2026-03-01T00:00:00Z"), digest), ends).ok();
    let claims = claims.map(|claims| {
        let mut value = serde_json::to_value(&claims).unwrap();
        if dice.one_in(10) {
            let flag = *dice.of(&[
                "info_complete",
                "attested",
                "second_attested",
                "interpreter_ok",
                "representative_ok",
                "separate",
            ]);
            value["flags"][flag] = false.into();
        }
        if dice.one_in(30) {
            value["flags"]["method"] = "verbal".into();
        }
        if dice.one_in(30) {
            value["sub"] = "sub_0192f0c1000070008000000000000099".into();
        }
        if dice.one_in(30) {
            value["iss"] = NOBODY.into();
        }
        if dice.one_in(30) {
            value["ver"] = 2.into();
        }
        if dice.one_in(15) {
            let lines = array(&mut value["lines"]);
            let place = dice.below(lines.len());
            lines[place]["scope"] = json!({ "categories": ["K03", "K13"], "fields": ["ZR.6c", "CF.name"] });
        }
        // A yes to the categories of everything that was drawn: what is most sensitive is not reached by it.
        if dice.one_in(4) {
            let fields = justified.iter().filter_map(|(id, _)| policy.field(&id.parse().ok()?));
            let categories: Vec<Value> = fields.map(|field| json!(field.category)).collect();
            let scope = &mut array(&mut value["lines"])[0]["scope"];
            if scope.get("categories").is_none() {
                scope["categories"] = json!([]);
            }
            array(&mut scope["categories"]).extend(categories);
        }
        // Purposes that are asked again each round, or by themselves, are seldom in a record.
        if matches!(purpose, "P08" | "P12") && dice.one_in(2) {
            let line = &mut array(&mut value["lines"])[0];
            line["purpose"] = purpose.into();
            line["round"] = dice.below(3).into();
        }
        if dice.one_in(30) {
            value["exp"] = moment.seconds().into();
        }
        value
    });
    let token = Digest::of(claims.as_ref().map(ToString::to_string).unwrap_or_default());
    let cited = (!dice.one_in(40)).then(|| CitedCertificate {
        id: CERTIFICATE.parse().unwrap(),
        digest: if dice.one_in(40) { Digest::of("another") } else { token },
    });
    let status = if dice.one_in(20) { Status::Withdrawn } else { Status::Given };
    let denied: Vec<Value> = if dice.one_in(10) {
        vec![
            dice.of(&[
                json!({ "purpose": "P01" }),
                json!({ "categories": ["K14"] }),
                json!({ "purpose": "P07", "fields": ["CF.name"] }),
                json!({ "onward": LAWYERS }),
            ])
            .clone(),
        ]
    } else {
        Vec::new()
    };
    let names_most_sensitive = claims.as_ref().is_some_and(|value| {
        let claims: Claims = serde_json::from_value(value.clone()).unwrap();
        claims
            .permits()
            .flat_map(|line| &line.scope.fields)
            .any(|id| policy.field(id).is_some_and(throughline::policy::Field::is_most_sensitive))
    });
    let genuine = !dice.one_in(40);
    let presented = claims.clone().map(|value| Presented {
        claims: Arc::new(serde_json::from_value(value).unwrap()),
        digest: token,
        genuine,
        status,
        denied: denied
            .iter()
            .map(|part| serde_json::from_value::<DeniedPart>(part.clone()).unwrap())
            .collect(),
        names_most_sensitive,
        at_consent: if at_consent {
            BTreeMap::from([(
                AgreementVersion { id: old_terms.id(), version: old_terms.version() },
                Arc::clone(&old_terms),
            )])
        } else {
            BTreeMap::new()
        },
    });
    let attested = Attested {
        approvals: if service == "SV12" && !dice.one_in(8) { 2 } else { 1 },
        signal: (!dice.one_in(2)).then_some(ProtectionSignal::Absent),
        round: dice.one_in(2).then_some(1),
        overrides: if dice.one_in(8) { [Deny::D107].into() } else { [].into() },
        anonymous: dice.one_in(12),
        untold: false,
    };
    let agreement = (!dice.one_in(40)).then(|| CitedAgreement {
        id: now_terms.id(),
        version: now_terms.version(),
        digest: if dice.one_in(30) { Digest::of("another") } else { now_terms.digest() },
    });
    let retention = *dice.of(&["RT01", "RT02", "RT02", "RT05"]);
    let onward = if dice.one_in(10) { *dice.of(&["OW01", "OW02"]) } else { "OW00" };
    let begins = !dice.one_in(5);
    let rare = dice.one_in(4);
    let wanted = Wanted {
        sender: org(HARBOUR),
        recipient: recipient_id,
        mode: Mode::Consent,
        purpose: purpose.parse().unwrap(),
        service: service.parse().unwrap(),
        urgency: "U2".parse().unwrap(),
        retention: retention.parse().unwrap(),
        onward: onward.parse().unwrap(),
        profile: "rp1".into(),
        dictionary: policy.dictionary().into(),
        fields: justified
            .iter()
            .map(|(id, reason)| WantedField {
                id: id.parse().unwrap(),
                compartment: None,
                justification: reason.map(|reason| reason.parse().unwrap()),
                source: None,
            })
            .collect(),
        language: if rare { Language::Rare } else { Language::Common },
        approvals: attested.approvals,
        signal: attested.signal.unwrap_or(ProtectionSignal::NotScreened),
        subject: if dice.one_in(40) {
            "sub_0192f0c1000070008000000000000099".parse().unwrap()
        } else {
            record.subject
        },
        agreement,
        certificate: cited,
        round: attested.round,
        overrides: attested.overrides.clone(),
        worker_anonymous: attested.anonymous,
        onwards: Onwards::No,
        course: if begins { Course::Begins } else { Course::Continues },
    };
    let (sender, sender_json) = member(org(HARBOUR), dice);
    let (recipient_member, recipient_json) =
        if recipient_id.is_some() { member(org(recipient), dice) } else { (None, Value::Null) };
    let (listed, full) = (!dice.one_in(20), dice.one_in(12));
    let covering = Covering {
        terms: known.clone(),
        standing: standing(dice),
        flow_stopped: dice.one_in(30),
        signed: !dice.one_in(30),
        current_version: (!dice.one_in(10)).then(|| if dice.one_in(15) { 7 } else { now_terms.version() }),
        reverse: dice.one_in(10),
        sent_today: u32::try_from(dice.below(4)).unwrap(),
    };
    let (open_referral, withdrawal_running) = (dice.one_in(20), dice.one_in(20));
    let mut theirs = json!({
        "at": moment.micros(),
        "wanted": {
            "sender": HARBOUR, "recipient": recipient_id, "urgency": "U2", "retention": retention, "onward": onward,
            "fields": justified.iter().map(|(id, reason)| present(json!({ "id": id, "justification": reason }))).collect::<Vec<_>>(),
            "rare_language": rare, "attested": attested, "subject": wanted.subject, "begins": begins,
            "agreement": agreement.map(|cited| json!({ "id": cited.id, "version": cited.version, "digest": cited.digest })),
            "certificate": cited.map(|cited| json!({ "id": cited.id, "digest": cited.digest })),
        },
        "sender": sender_json, "recipient": recipient_json, "offer": { "listed": listed, "full": full },
        "agreement": {
            "terms": known.as_ref().map(|_| now_json), "standing": covering.standing.name(), "flow_stopped": covering.flow_stopped,
            "signed": covering.signed, "current_version": covering.current_version, "reverse": covering.reverse,
            "sent_today": covering.sent_today,
        },
        "certificate": claims.map(|claims| json!({
            "claims": claims, "digest": token, "genuine": genuine, "status": status, "denied": denied,
            "at_consent": if at_consent { vec![old_json] } else { Vec::new() },
        })),
        "open_referral": open_referral, "withdrawal_running": withdrawal_running,
    });
    for part in ["/wanted", "/agreement", ""] {
        let value = theirs.pointer_mut(part).unwrap();
        *value = present(value.take());
    }
    let facts = Facts {
        at: moment,
        proposal: wanted.on(policy),
        sender,
        recipient: recipient_member,
        offer: Offer::told(listed, if full { Availability::Full } else { Availability::Open }),
        agreement: covering,
        certificate: presented,
        open_referral,
        withdrawal_running,
        parent: None,
    };
    Drawn { facts, theirs, policy: format!("{service} {purpose}") }
}

/// An object without the members that are null: absent is absent.
fn present(mut value: Value) -> Value {
    value.as_object_mut().unwrap().retain(|_, member| !member.is_null());
    value
}

fn form(fields: &[FieldId], dice: &mut Dice) -> (FormFacts, Value) {
    let mut form = FormFacts { subjects: if dice.one_in(30) { 2 } else { 1 }, ..FormFacts::default() };
    let (mut narratives, mut files) = (Vec::new(), Vec::new());
    for field in fields {
        if dice.one_in(25) {
            let (chars, reviewed) = (*dice.of(&[10, 4_000, 4_001]), !dice.one_in(4));
            narratives.push(json!({ "field": field, "chars": chars, "reviewed": reviewed }));
            form.narratives.push(Narrative { field: field.clone(), chars, reviewed });
        }
        if dice.one_in(25) {
            let media = *dice.of(&["image/png", "text/html"]);
            let (clean, scanned) = (!dice.one_in(4), !dice.one_in(4));
            files.push(
                json!({ "field": field, "media_type": media, "metadata_removed": clean, "scanned": scanned }),
            );
            let attached =
                Attached { field: field.clone(), media_type: media.into(), metadata_removed: clean, scanned };
            form.files.push(attached);
        }
    }
    let theirs = json!({ "subjects": form.subjects, "narratives": narratives, "files": files });
    (form, theirs)
}

#[test]
fn a_page_releases_the_same_fields_or_finds_the_same_against_them() {
    let Some(mut scripts) = Scripts::start() else { return };
    with_policies(&mut scripts);
    let (mut passed, mut met) = (0, BTreeMap::<String, usize>::new());
    for seed in 0..DRAWS * 5 {
        let mut dice = Dice(seed + 1_000_000);
        // Most records are in order, or nothing would ever pass.
        let rarely = if dice.one_in(2) { 60 } else { 1_000 };
        let mut value = edited(RECORD, OF_THE_RECORD, rarely, &mut dice);
        if seed >= DRAWS * 4 {
            edit(&mut value, OF_A_CHILD, 2, &mut dice);
        }
        let bytes = serde_json::to_vec(&value).unwrap();
        let (record, digest) = (Record::parse(&bytes).unwrap(), Digest::of(&bytes));
        let Drawn { facts, theirs, policy } = drawn(&record, digest, &mut dice);
        let ids: Vec<FieldId> = facts.proposal.fields.iter().map(|field| field.id.clone()).collect();
        let (form, form_there) = form(&ids, &mut dice);
        let leave_out = dice.one_in(2);
        let said_no = if leave_out { WhenThePersonSaidNo::LeaveOut } else { WhenThePersonSaidNo::Refuse };
        let task = json!({
            "record": value, "digest": digest, "form": form_there, "facts": theirs, "policy": policy,
            "said_no": if leave_out { "leave_out" } else { "refuse" },
        });
        let found = scripts.ask("release", task);
        match release(&record, digest, &form, &facts, (Policy::builtin(), said_no)) {
            Ok(release) => {
                passed += 1;
                let mut fields: Vec<&FieldId> =
                    release.fields().values().flatten().map(|released| &released.field).collect();
                fields.sort();
                let mut there: Vec<&str> = found["fields"]
                    .as_array()
                    .unwrap_or_else(|| panic!("seed {seed}: {found}"))
                    .iter()
                    .map(|field| field["field"].as_str().unwrap())
                    .collect();
                there.sort_unstable();
                assert_eq!(json!(there), json!(fields), "seed {seed}");
                let dropped: Vec<Value> = release
                    .dropped()
                    .iter()
                    .map(|dropped| json!({ "field": dropped.field, "code": dropped.deny }))
                    .collect();
                assert_eq!(found["dropped"], json!(dropped), "seed {seed}");
                assert_eq!(found["warnings"], json!(release.warnings().collect::<Vec<_>>()), "seed {seed}");
                assert_eq!(found["until"], json!(release.until().unwrap().micros()), "seed {seed}");
                assert_eq!(found["attested"], json!(release.attested()), "seed {seed}");
            }
            Err(denials) => {
                for denial in denials.iter() {
                    *met.entry(denial.deny.to_string()).or_default() += 1;
                }
                assert_eq!(found, told(&denials), "seed {seed}");
            }
        }
    }
    assert!(passed > 50, "{passed} passed");
    // What the dice must meet for this to say anything.
    let expected = [
        "D007", "D009", "D010", "D012", "D101", "D102", "D103", "D104", "D107", "D201", "D202", "D203",
        "D204", "D205", "D206", "D207", "D208", "D209", "D210", "D211", "D212", "D213", "D214", "D215",
        "D216", "D217", "D218", "D219", "D220", "D221", "D301", "D302", "D303", "D304", "D305", "D306",
        "D307", "D308", "D309", "D310", "D311", "D312", "D313", "D314", "D315", "D316", "D317", "D318",
        "D319", "D401", "D601", "D602", "D603", "D604", "D605", "D606", "D607", "D608", "D707",
    ];
    let missing: Vec<_> = expected.into_iter().filter(|code| !met.contains_key(*code)).collect();
    assert_eq!(missing, [""; 0], "never drawn; {passed} passed, {met:?}");
}

#[actix_web::test]
async fn a_certificate_that_a_page_signs_is_registered_by_the_hub() {
    let Some(mut scripts) = Scripts::start() else { return };
    with_policies(&mut scripts);
    let mechanism = Mechanism::new().await;
    let person = mechanism.person();
    let moment = mechanism.hub.now();
    let until = moment.plus(TimeDelta::days(700)).micros();
    let task = json!({
        "record": person.record, "recipient": mechanism.clinic.id, "at": moment.micros(), "policy": "SV07 P01",
        "signing": secret(&mechanism.harbour.signing.to_secret_jwk()), "ends": { format!("{} 1", mechanism.agreed.id): until },
    });
    let made = scripts.ask("certify", task);
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["digest"], json!(Digest::of(token)));
    let payload = peek(token, Typ::Scope, 65_536).unwrap();
    let said = String::from_utf8_lossy(payload.unverified()).into_owned();
    assert!(!said.contains(&person.code) && !said.contains(&mechanism.lawyers.id.to_string()));
    let body = json!({ "certificate": token });
    mechanism.harbour.post(&mechanism.hub, "/api/v1/certificates", &body).await.expect(201);
    // And it carries a packet.
    let certified = crate::support::packet::Certified {
        id: made["id"].as_str().unwrap().parse().unwrap(),
        digest: Digest::of(token),
        token: token.to_owned(),
    };
    mechanism.refer(&person, &certified).await;
}

#[test]
fn a_page_of_the_recipient_may_write_back_the_same_or_finds_the_same_against_it() {
    let Some(mut scripts) = Scripts::start() else { return };
    with_policies(&mut scripts);
    let (mut passed, mut met) = (0, BTreeMap::<String, usize>::new());
    for seed in 0..DRAWS * 2 {
        let mut dice = Dice(seed + 5_000_000);
        let record = Record::parse(RECORD.as_bytes()).unwrap();
        let drawn = drawn(&record, Digest::of(RECORD), &mut dice);
        let Drawn { mut facts, mut theirs, policy } = drawn;
        // Whoever writes back has neither the record nor the certificate.
        facts.proposal.course = Course::Answers;
        facts.certificate = None;
        theirs["wanted"]["begins"] = false.into();
        theirs.as_object_mut().unwrap().remove("certificate");
        let cited = facts.proposal.certificate;
        let seen_as = CitedCertificate {
            id: CERTIFICATE.parse().unwrap(),
            digest: cited.map_or_else(|| Digest::of("none"), |cited| cited.digest),
        };
        let seen_as = if dice.one_in(20) {
            CitedCertificate { digest: Digest::of("another"), ..seen_as }
        } else {
            seen_as
        };
        let subject = if dice.one_in(20) { record.subject } else { facts.proposal.subject };
        let status = if dice.one_in(8) { Status::Withdrawn } else { Status::Given };
        let parts = [
            json!([]),
            json!([]),
            json!([{ "fields": ["CF.need"] }]),
            json!([{ "categories": ["K03"] }]),
            json!([{ "purpose": "P01" }]),
            json!([{ "purpose": "P07", "fields": ["CF.name"] }]),
        ];
        let denied = dice.of(&parts).clone();
        let expires = if dice.one_in(10) { facts.at } else { at("2026-08-01T00:00:00Z") };
        let seen = SeenCertificate {
            cited: seen_as,
            subject,
            status,
            denied: serde_json::from_value(denied.clone()).unwrap(),
            expires,
        };
        let ids: Vec<FieldId> = facts.proposal.fields.iter().map(|field| field.id.clone()).collect();
        let (form, form_there) = form(&ids, &mut dice);
        let task = json!({
            "form": form_there, "facts": theirs, "policy": policy,
            "seen": { "id": seen_as.id, "digest": seen_as.digest, "subject": subject, "status": status, "denied": denied,
                "expires": expires.micros() },
        });
        let found = scripts.ask("answer", task);
        match release_seen(&seen, &form, &facts) {
            Ok(release) => {
                passed += 1;
                let fields: Vec<&FieldId> =
                    release.fields().values().flatten().map(|released| &released.field).collect();
                let there = found["fields"].as_array().unwrap_or_else(|| panic!("seed {seed}: {found}"));
                assert_eq!(there.len(), fields.len(), "seed {seed}");
                assert_eq!(found["until"], json!(release.until().unwrap().micros()), "seed {seed}");
            }
            Err(denials) => {
                for denial in denials.iter() {
                    *met.entry(denial.deny.to_string()).or_default() += 1;
                }
                assert_eq!(found, told(&denials), "seed {seed}");
            }
        }
    }
    assert!(passed > 20, "{passed} passed, {met:?}");
    for code in
        ["D208", "D210", "D218", "D301", "D302", "D303", "D304", "D305", "D307", "D309", "D601", "D602"]
    {
        assert!(met.contains_key(code), "{code} was never drawn; {met:?}");
    }
}
