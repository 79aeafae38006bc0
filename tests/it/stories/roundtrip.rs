//! What is exported comes in elsewhere as it was, and goes out again as the same bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{self, DirectoryError, Documents, Given, Target, Visibility, hsds::Package, hsds::Report},
    storage::Db,
};

use super::frictionless::{corrected, faults};
use crate::support::{TestHub, restrict};

const HIDDEN: &str = "22222222-2222-4222-8222-222222222222";

/// Something of every table, in no order, with ids of every kind and cells that are easily broken.
const TABLES: &[(&str, &str)] = &[
    (
        "organization",
        "name,id,description,parent_organization_id,x_local\n\
         \"Harbour, \"\"Aid\"\"\",o2,\"two\nlines\",,\"=1+1\"\n\
         Zażółć,11111111-1111-4111-8111-111111111111,,o2,'t Hooft\n\
         Child of the hidden,o3,,o9,\n\
         Canary house,o9,,,\n",
    ),
    ("taxonomy", "id,name\nt1,Needs\n"),
    ("taxonomy_term", "id,name,taxonomy_id,parent_id,code\nt11,Dentist,t1,t10,B\nt10,Health,t1,,A\n"),
    ("program", "id,name,organization_id\np1,Coast,o2\n"),
    (
        "service",
        "status,id,organization_id,program_id,name,description,minimum_age,assured_date,assurer_email\n\
         active,s2,o2,p1,خدمة قانونية,\u{202b}نص\u{202c},16,2026-01-02,person@example.org\n\
         temporarily closed,s1,o2,,Asylum advice,<b>bold</b>,,,\n\
         active,s3,o3,,\"@SUM(A1)\",,,,\n\
         active,22222222-2222-4222-8222-222222222222,o9,,Canary shelter,,,,\n",
    ),
    (
        "location",
        "id,location_type,latitude,longitude,name\nl2,physical,-15.40,28.3,Quay\nl1,virtual,,,\nl3,physical,0,0,Nowhere\n",
    ),
    ("service_at_location", "id,service_id,location_id\nat2,s1,l1\nat3,s1,l3\nat1,s2,l2\n"),
    (
        "address",
        "id,location_id,address_1,city,country,address_type,state_province,postal_code\na1,l2,Quay 1,Port,ZM,physical,,\n",
    ),
    ("phone", "id,number,service_id\nph1,+260 211 000000 ext 2,s1\nph2,+44 (0)20 7946-0000,s2\n"),
    ("organization_identifier", "id,organization_id,identifier_type,identifier\ni1,o2,Charity,-12\n"),
    ("unit", "id,name\nu1,bed\n"),
    ("service_capacity", "id,service_id,unit_id,available,updated\nc1,s1,u1,3,2026-03-01T00:00:00Z\n"),
    (
        "schedule",
        "id,service_id,freq,byday,opens_at,closes_at\nsc1,s1,WEEKLY,\"MO,TU\",08:00,16:00\nsc2,,,,,\n",
    ),
    ("language", "id\nla1\n"),
    ("service_area", "id,service_id,name,extent\nsa1,s1,Port,\"{\"\"type\"\": \"\"Point\"\"}\"\n"),
    ("required_document", "id,service_id,document\nrd1,s1,None\n"),
    ("accessibility", "id,location_id,description\nac1,l2,Ramp\n"),
    ("funding", "id,service_id,source\nf1,s1,Donations\n"),
    ("cost_option", "id,service_id,amount\nco1,s1,-0.50\n"),
    ("url", "id,service_id,url\nw1,s1,https://example.org\n"),
    ("attribute", "id,link_id,link_entity,taxonomy_term_id,value\nx1,s1,service,t11,\n"),
    (
        "eligibility_rule",
        "id,service_id,group_no,attribute,operator,values,kind,text\n\
         e1,s1,1,sex,in,female,required,\ne2,s1,1,age_months,between,\",359\",required,Under 30\n",
    ),
    ("access_barrier", "id,service_id,barrier_type,severity\nb1,s1,financial,high\n"),
    ("referral_requirement", "id,service_id,reports_to_authorities\nr1,s1,unknown\n"),
    ("referral_channel", "id,service_id,channel,address\nrc1,s1,telephone,+260 1\n"),
    ("outgoing_referral", "id,organization_id,to_organization_id,to_service_id\nor1,o2,o9,s1\n"),
    (
        "agreement",
        "id,agreement_type,title,level,target_groups,exclusions,financing,valid_from,valid_to,status\n\
         ag1,sop,Procedure of the coast,local,\"PG01, PG04\",\"=none\",,2026-01-01,2026-12-31,active\n\
         ag2,mou,Canary memorandum,,,,,,,active\n\
         ag3,directive,Directive on shelters,national,,,,,,ended\n",
    ),
    (
        "agreement_party",
        "id,agreement_id,organization_id,role,signed_on,signatory_role\n\
         ap1,ag1,o2,refers,2026-01-01,Director\nap2,ag1,11111111-1111-4111-8111-111111111111,,,\nap3,ag1,o9,,,\n\
         ap4,ag2,o2,,,\nap5,ag2,o9,,,\nap6,ag3,o3,,,\n",
    ),
    (
        "agreement_service",
        "id,agreement_id,service_id\nas1,ag1,s1\nas2,ag1,22222222-2222-4222-8222-222222222222\n",
    ),
    (
        "translation",
        "id,link_entity,link_id,field,language,text\ntr1,service,s1,name,fr,\"Conseil, d'asile\"\n",
    ),
];

fn package(folder: &Path) {
    let mut resources = Vec::new();
    for (table, text) in TABLES {
        std::fs::write(folder.join(format!("{table}.csv")), text).unwrap();
        resources.push(json!({ "name": table, "path": format!("{table}.csv") }));
    }
    let descriptor = json!({ "name": "test", "resources": resources });
    std::fs::write(folder.join("datapackage.json"), descriptor.to_string()).unwrap();
}

async fn import(hub: &TestHub, from: PathBuf) -> Report {
    let package = Package::open(&from).unwrap();
    let report = hub
        .hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source: "coast", visibility: Visibility::Members };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .unwrap();
    assert_eq!(report.refused, 0, "{:?}", report.problems);
    report
}

/// The files of a package by their names.
async fn exported(hub: &TestHub, source: &'static str) -> (tempfile::TempDir, BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().to_owned();
    let export = move |db: &mut Db<'_>| directory::export(db, &Actor::operator(), source, into.as_path());
    hub.hub.read::<_, DirectoryError>(export).await.unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|file| {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    });
    let files = files.collect();
    (folder, files)
}

#[actix_web::test]
async fn a_package_that_is_exported_comes_in_elsewhere_and_goes_out_as_the_same_bytes() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let came = import(&hub, folder.path().to_owned()).await;
    restrict(&hub, HIDDEN).await;
    let (first, files) = exported(&hub, "coast").await;
    let all: String = files.values().map(String::as_str).collect();
    for secret in ["Canary", HIDDEN, "o9"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    let taken = import(&other, first.path().to_owned()).await;
    let (_second, again) = exported(&other, "coast").await;
    assert_eq!(files, again);
    // Everything is there but the hidden organisation and its service, and what was agreed with it: an agreement, three parties, one in scope.
    assert_eq!((files.len(), taken.rows()), (TABLES.len() + 1, came.rows() - 7));
    assert!(all.contains("person@example.org") && all.contains("x_local"), "what the standard does not know");
    assert!(all.contains("sc2") && all.contains("la1"), "rows with nothing but an id");

    restrict_nothing_and_compare(&hub, first.path()).await;
}

/// What was exported is what is there: taking it again where it came from changes nothing, beside what was hidden.
async fn restrict_nothing_and_compare(hub: &TestHub, folder: &Path) {
    let package = Package::open(folder).unwrap();
    let now = hub.hub.now();
    let look = move |db: &mut Db<'_>| {
        directory::dry_run(db, &Actor::operator(), (&package, "coast", now), &mut |_| {})
    };
    let report = hub.hub.read::<_, DirectoryError>(look).await.unwrap();
    let changed: Vec<&str> =
        report.tables.iter().filter(|t| t.changed + t.new > 0).map(|t| t.table.as_str()).collect();
    assert_eq!(changed, ["organization", "outgoing_referral"], "they named what is hidden");
    assert_eq!(report.missing(), 7);
}

/// What is given of a source as objects, in a file with this ending.
async fn given(hub: &TestHub, form: Documents) -> (tempfile::TempDir, PathBuf, String) {
    let give = move |db: &mut Db<'_>| {
        let mut into = Vec::new();
        directory::give(db, &Actor::operator(), ("coast", form), &mut into)?;
        Ok::<_, DirectoryError>(String::from_utf8(into).unwrap())
    };
    let text = hub.hub.read(give).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let ending = if form == Documents::Page { "json" } else { "ndjson" };
    let path = folder.path().join(format!("services.{ending}"));
    std::fs::write(&path, &text).unwrap();
    (folder, path, text)
}

fn descriptor(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("datapackage.json")).unwrap()).unwrap()
}

#[actix_web::test]
async fn an_exported_package_holds_to_its_descriptor_and_to_the_one_of_the_standard() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().to_owned()).await;
    restrict(&hub, HIDDEN).await;
    // Ids of a source that are no UUIDs stay as they are, and the descriptor does not say otherwise.
    let (first, files) = exported(&hub, "coast").await;
    let own = descriptor(first.path());
    assert_eq!(faults(first.path(), &own), Vec::<String>::new());
    let resource = |own: &Value, name: &str| -> Value {
        own["resources"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let fields = |own: &Value, table: &str| resource(own, table)["schema"]["fields"].clone();
    assert_eq!(fields(&own, "service")[0]["format"], Value::Null);
    let keys = resource(&own, "taxonomy_term")["schema"]["foreignKeys"].clone();
    assert!(keys.as_array().unwrap().iter().any(|key| key["reference"]["resource"] == ""), "{keys}");
    // Where the standard has nothing empty there is a dash, and nowhere else.
    let dashes: Vec<&str> =
        files["address.csv"].lines().filter(|line| line.split(',').any(|cell| cell == "-")).collect();
    assert_eq!(dashes.len(), 1, "{dashes:?}");
    assert!(!files["phone.csv"].split([',', '\n']).any(|cell| cell == "-"));

    // The same as objects has UUIDs, and then everything is as the standard says.
    let (_folder, path, _) = given(&hub, Documents::Lines).await;
    import(&other, path).await;
    let (second, _) = exported(&other, "coast").await;
    let own = descriptor(second.path());
    assert_eq!(faults(second.path(), &own), Vec::<String>::new());
    let id = fields(&own, "service")[0].clone();
    assert_eq!(
        id,
        json!({ "name": "id", "type": "string", "format": "uuid", "constraints": { "required": true, "unique": true } })
    );
    let Some(standard) = super::hsds::shared("data/hsds/spec-3.1") else { return };
    let standard = corrected(descriptor(&standard));
    let found = faults(second.path(), &standard);
    // Hours stay as the source wrote them; the standard's descriptor wants seconds.
    let hours = ["schedule.closes_at: 16:00 is no \"time\"", "schedule.opens_at: 08:00 is no \"time\""];
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), hours.map(str::to_owned).into());
    assert!(!faults(first.path(), &standard).is_empty(), "these ids are no UUIDs");
}

#[actix_web::test]
async fn a_plain_package_tells_in_words_what_only_the_profile_has_tables_for() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().to_owned()).await;
    restrict(&hub, HIDDEN).await;
    let out = tempfile::tempdir().unwrap();
    let into = out.path().to_owned();
    let export =
        move |db: &mut Db<'_>| directory::export_plain(db, &Actor::operator(), "coast", into.as_path());
    hub.hub.read::<_, DirectoryError>(export).await.unwrap();
    let own = descriptor(out.path());
    assert_eq!(faults(out.path(), &own), Vec::<String>::new());
    for resource in own["resources"].as_array().unwrap() {
        let name = resource["name"].as_str().unwrap();
        assert!(
            !name.contains("rule") && !name.contains("barrier") && !name.contains("translation"),
            "{name}"
        );
        assert!(!name.contains("agreement"), "{name}");
        let text = std::fs::read_to_string(out.path().join(resource["path"].as_str().unwrap())).unwrap();
        assert!(!text.contains("x_local") && !text.contains("Canary") && !text.contains(HIDDEN), "{text}");
        assert!(!text.contains("Procedure of the coast"), "what was agreed is for members: {text}");
    }
    let services = std::fs::read_to_string(out.path().join("service.csv")).unwrap();
    for said in [
        "For: sex: female",
        "For: Under 30",
        "What keeps people away (barrier type: financial; severity: high)",
        "Needed for a referral (reports to authorities: unknown)",
        "How to refer (channel: telephone; address: +260 1)",
        "[fr] name: Conseil, d'asile",
    ] {
        assert!(services.contains(said), "{said}: {services}");
    }
    let organizations = std::fs::read_to_string(out.path().join("organization.csv")).unwrap();
    assert!(organizations.contains("Refers people on to: Asylum advice"), "{organizations}");
    let other = TestHub::new();
    import(&other, out.path().to_owned()).await;
}

#[actix_web::test]
async fn services_given_as_objects_come_in_elsewhere_and_go_out_as_the_same_bytes() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().to_owned()).await;
    restrict(&hub, HIDDEN).await;
    for form in [Documents::Page, Documents::Lines] {
        let other = TestHub::new();
        let (_folder, path, text) = given(&hub, form).await;
        for secret in ["Canary", HIDDEN] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let report = import(&other, path).await;
        assert_eq!(report.read_as, Some("HSDS 3 as JSON"));
        assert_eq!(report.warned, 3, "three formulas, and nothing else: {:#?}", report.problems);
        assert_eq!(given(&other, form).await.2, text);
        let documents: Vec<Value> = match form {
            Documents::Page => {
                serde_json::from_str::<Value>(&text).unwrap()["contents"].as_array().unwrap().clone()
            }
            Documents::Lines => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        };
        assert_eq!(documents.len(), 3);
        let advice = documents.iter().find(|one| one["name"] == "Asylum advice").unwrap();
        assert_eq!(advice["attributes"][0]["taxonomy_term"]["parent"]["name"], "Health");
        assert_eq!(advice["service_at_locations"].as_array().unwrap().len(), 2);
        assert_eq!(advice["organization"]["x_local"], "=1+1", "no spreadsheet reads this");
    }
}

#[actix_web::test]
async fn members_that_nobody_knows_survive_with_their_kinds() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let strange = json!({ "list": [1, 2.5, null, { "deep": true }], "empty": {} });
    let service = json!({
        "id": "22222222-2222-4222-8222-222222222229", "name": "Clinic", "status": "active",
        "organization": { "id": "11111111-1111-4111-8111-111111111119", "name": "Lake", "description": "", "x_number": 5 },
        "contacts": [{ "id": "c1", "name": "Canary Person" }],
        "x_object": strange, "x_yes": true, "x_text": "5", "x_padded": " a ", "x_empty": "", "x_long": "1.10",
        "x_quoted": "\"q\"", "x_word": "null", "x_number": -7, "x_null": null,
        "schedules": [{ "id": "55555555-5555-4555-8555-555555555551", "freq": "WEEKLY", "byday": "MO", "x_zone": "Africa/Lusaka" }],
    });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.json");
    std::fs::write(&path, service.to_string()).unwrap();
    let report = import(&hub, path).await;
    assert_eq!(report.left_out[0].table, "contact");
    let (_folder, lines, text) = given(&hub, Documents::Lines).await;
    let one: Value = serde_json::from_str(&text).unwrap();
    for member in
        ["x_object", "x_yes", "x_text", "x_padded", "x_empty", "x_long", "x_quoted", "x_word", "x_number"]
    {
        assert_eq!(one[member], service[member], "{member}");
    }
    assert_eq!(one["organization"]["x_number"], 5);
    assert_eq!(one["schedules"][0]["x_zone"], "Africa/Lusaka");
    assert!(!text.contains("Canary"));
    import(&other, lines).await;
    assert_eq!(given(&other, Documents::Lines).await.2, text);
    let (package, _) = exported(&hub, "coast").await;
    let third = TestHub::new();
    import(&third, package.path().to_owned()).await;
    assert_eq!(given(&third, Documents::Lines).await.2, text, "a package keeps them too");
}

#[actix_web::test]
async fn the_examples_of_the_standard_come_in() {
    let Some(examples) = super::hsds::shared("data/hsds/spec-3.1/examples") else { return };
    for (name, table) in [
        ("service_full.json", "service"),
        ("service_list.json", "service"),
        ("organization_full.json", "organization"),
        ("service_at_location_full.json", "service_at_location"),
        ("service_at_location_list.json", "service_at_location"),
        ("taxonomy_term.json", "taxonomy_term"),
    ] {
        let (path, hub) = (examples.join(name), TestHub::new());
        let now = hub.hub.now();
        let look = move |db: &mut Db<'_>| {
            let package = Package::open(&path)?;
            directory::dry_run(db, &Actor::operator(), (&package, "coast", now), &mut |_| {})
        };
        let report = hub.hub.read::<_, DirectoryError>(look).await.unwrap();
        let rows = report.table(table).map_or(0, |table| table.new);
        assert!(rows > 0 && report.stopped.is_none(), "{name}: {report:#?}");
    }
}

#[actix_web::test]
async fn a_package_in_a_zip_is_the_package_in_the_folder() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().to_owned()).await;
    let mut zips = Vec::new();
    for name in ["one.zip", "two.zip"] {
        let path = folder.path().join(name);
        let target = Target::zip(std::fs::File::create_new(&path).unwrap());
        let export = move |db: &mut Db<'_>| directory::export(db, &Actor::operator(), "coast", target);
        hub.hub.read::<_, DirectoryError>(export).await.unwrap();
        zips.push(path);
    }
    assert_eq!(std::fs::read(&zips[0]).unwrap(), std::fs::read(&zips[1]).unwrap());
    import(&other, zips.remove(0)).await;
    assert_eq!(exported(&hub, "coast").await.1, exported(&other, "coast").await.1);
}

#[actix_web::test]
async fn what_was_entered_here_goes_out_with_its_ids() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let org = hub.org("Lake Clinic").await;
    let body =
        json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care" });
    org.post(&hub, "/api/v1/services", &body).await.expect(201);
    let (folder, files) = exported(&hub, "node").await;
    assert!(files["service.csv"].starts_with("id,description,name,organization_id,status\n"), "{files:?}");
    assert_eq!(import(&other, folder.path().to_owned()).await.rows(), 2);
    let (_folder, again) = exported(&other, "coast").await;
    assert_eq!(files["service.csv"], again["service.csv"]);
}
