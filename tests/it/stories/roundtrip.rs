//! What is exported comes in elsewhere as it was, and goes out again as the same bytes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{
        self, DirectoryError, Documents, Given, Target, Visibility,
        hsds::{Package, Report},
        sheet::{self, Sheet},
    },
    storage::Db,
};

use super::frictionless::{corrected, faults};
use crate::support::{TestHub, import_read, listed, process::Machine, restrict};

const HIDDEN: &str = "22222222-2222-4222-8222-222222222222";

/// Something of every table, in no order, with ids of every kind and cells that are easily broken.
const TABLES: &[(&str, &str)] = &[
    (
        "organization",
        "name,id,description,parent_organization_id,x_local,acronym,org_type,is_informal\n\
         \"Harbour, \"\"Aid\"\"\",o2,\"two\nlines\",,\"=1+1\",KMFX,22,no\n\
         Zażółć,11111111-1111-4111-8111-111111111111,,o2,'t Hooft,,informal,yes\n\
         Child of the hidden,o3,,o9,,,,\n\
         Canary house,o9,,,,Canary,,\n",
    ),
    ("taxonomy", "id,name\nt1,Needs\n"),
    ("taxonomy_term", "id,name,taxonomy_id,parent_id,code\nt11,Dentist,t1,t10,B\nt10,Health,t1,,A\n"),
    ("program", "id,name,organization_id\np1,Coast,o2\n"),
    (
        "service",
        "status,id,organization_id,program_id,name,description,minimum_age,assured_date,assurer_email,delivery_modes,\
         is_mobile,who_can_refer,response_time_code\n\
         active,s2,o2,p1,خدمة قانونية,\u{202b}نص\u{202c},16,2026-01-02,person@example.org,online,no,member,longer\n\
         temporarily closed,s1,o2,,Asylum advice,<b>bold</b>,,,,\"in_person, home_visit\",yes,\"self, professional\",one_day\n\
         active,s3,o3,,\"@SUM(A1)\",,,,,,,,\n\
         active,22222222-2222-4222-8222-222222222222,o9,,Canary shelter,,,,,,,,\n",
    ),
    (
        "location",
        "id,location_type,latitude,longitude,name,admin_area,iana_timezone,confidential,plus_code,coord_precision\n\
         l2,physical,-15.40,28.3,Quay,ZM109,Africa/Lusaka,no,5GPRHRJX+8F,street\nl1,virtual,,,,,,,,\n\
         l3,physical,0,0,Nowhere,,,,HRJX+8F Port,area\n",
    ),
    ("service_at_location", "id,service_id,location_id\nat2,s1,l1\nat3,s1,l3\nat1,s2,l2\n"),
    (
        "address",
        "id,location_id,address_1,city,country,address_type,state_province,postal_code\na1,l2,Quay 1,Port,ZM,physical,,\n",
    ),
    (
        "phone",
        "id,number,service_id,channel,24h\n\
         ph1,+260 211 000000 ext 2,s1,\"voice, sms\",yes\nph2,+44 (0)20 7946-0000,s2,,no\n",
    ),
    ("organization_identifier", "id,organization_id,identifier_type,identifier\ni1,o2,Charity,-12\n"),
    ("unit", "id,name\nu1,bed\n"),
    (
        "service_capacity",
        "id,service_id,unit_id,available,updated,population_term_id\nc1,s1,u1,3,2026-03-01T00:00:00Z,t11\n",
    ),
    (
        "schedule",
        "id,service_id,freq,byday,opens_at,closes_at,on_request,exceptions\n\
         sc1,s1,WEEKLY,\"MO,TU\",08:00,16:00,no,2026-12-25\nsc2,,,,,,,\nsc3,s2,WEEKLY,WE,09:00,12:00,yes,\n",
    ),
    (
        "language",
        "id,service_id,code,via_interpreter,sign_language\nla1,,,,\nla2,s1,ti,yes,no\nla3,s1,,,yes\n",
    ),
    (
        "service_area",
        "id,service_id,name,extent,admin_area\nsa1,s1,Port,\"{\"\"type\"\": \"\"Point\"\"}\",ZM/1/ZM109\n",
    ),
    ("required_document", "id,service_id,document,alternative_accepted,waivable\nrd1,s1,None,yes,no\n"),
    ("accessibility", "id,location_id,description\nac1,l2,Ramp\n"),
    ("funding", "id,service_id,source\nf1,s1,Donations\n"),
    ("cost_option", "id,service_id,amount,payer,financing_note\nco1,s1,-0.50,fund,Of the coast\n"),
    ("url", "id,service_id,url\nw1,s1,https://example.org\n"),
    ("attribute", "id,link_id,link_entity,taxonomy_term_id,value\nx1,s1,service,t11,\n"),
    (
        "eligibility_rule",
        "id,service_id,service_at_location_id,group_no,attribute,operator,values,kind,text\n\
         e1,s1,,1,sex,in,female,required,\ne2,s1,,1,age_months,between,\",359\",required,Under 30\n\
         e3,s1,,2,population,in,PG04,required,Children alone\ne4,s1,,1,migration_status,in,asylum_seeker,excluded,Who has a permit\n\
         e5,,at1,1,sex,in,male,required,Men at the quay\n",
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

/// Columns that only the profile has.
const OF_THE_PROFILE: [&str; 25] = [
    "24h",
    "acronym",
    "admin_area",
    "alternative_accepted",
    "channel",
    "confidential",
    "coord_precision",
    "crosswalk",
    "delivery_modes",
    "exceptions",
    "financing_note",
    "iana_timezone",
    "is_informal",
    "is_mobile",
    "on_request",
    "org_type",
    "payer",
    "plus_code",
    "population_term_id",
    "response_time_code",
    "sign_language",
    "text_language",
    "via_interpreter",
    "waivable",
    "who_can_refer",
];

pub(super) fn package(folder: &Path) {
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

/// Holds a folder against a descriptor, where there is a validator for it.
#[track_caller]
fn require_sound(folder: &Path, descriptor: &Value) {
    if let Some(found) = faults(folder, descriptor) {
        assert_eq!(found, Vec::<String>::new());
    }
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
    require_sound(first.path(), &own);
    let resource = |own: &Value, name: &str| -> Value {
        own["resources"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    let fields = |own: &Value, table: &str| resource(own, table)["schema"]["fields"].clone();
    assert_eq!(fields(&own, "service")[0]["format"], Value::Null);
    let keys = resource(&own, "taxonomy_term")["schema"]["foreignKeys"].clone();
    assert!(keys.as_array().unwrap().iter().any(|key| key["reference"]["resource"] == ""), "{keys}");
    assert!(
        files["service.csv"].contains(",<b>bold</b>,"),
        "markup leaves as it came: {}",
        files["service.csv"]
    );
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
    require_sound(second.path(), &own);
    let id = fields(&own, "service")[0].clone();
    assert_eq!(
        id,
        json!({ "name": "id", "type": "string", "format": "uuid", "constraints": { "required": true, "unique": true } })
    );
    let Some(standard) = super::hsds::shared("data/hsds/spec-3.1") else { return };
    let standard = corrected(descriptor(&standard));
    if let Some(found) = faults(second.path(), &standard) {
        // Hours stay as the source wrote them; the standard's descriptor wants seconds.
        let hours = ["closes_at: type-error: 12:00", "closes_at: type-error: 16:00"]
            .into_iter()
            .chain(["opens_at: type-error: 08:00", "opens_at: type-error: 09:00"]);
        let hours: BTreeSet<_> = hours.map(|hour| format!("schedule.{hour}")).collect();
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), hours);
        let found = faults(first.path(), &standard).unwrap();
        let wrong = found.iter().filter(|fault| fault.starts_with("service.id: type-error"));
        assert!(wrong.count() > 0, "these ids are no UUIDs: {found:?}");
    }
    let mut dashes = BTreeSet::new();
    for (table, row, column) in filled(&files) {
        let resources = standard["resources"].as_array().unwrap();
        let resource = resources.iter().find(|one| one["name"] == *table).unwrap();
        let fields = resource["schema"]["fields"].as_array().unwrap();
        let field = fields.iter().find(|field| field["name"] == *column).unwrap();
        assert_eq!(field["constraints"]["required"], true, "{table}.{column} may be empty");
        assert_eq!(given_by_source(&table, &row, &column), "", "{table}.{column} of {row}");
        dashes.insert(table);
    }
    let expected = ["address", "organization", "program", "taxonomy", "taxonomy_term"];
    assert_eq!(dashes, expected.map(str::to_owned).into());
}

/// The rows of a table as CSV, by id.
fn by_id(text: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        header.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect::<BTreeMap<_, _>>()
    });
    rows.map(|row| (row["id"].clone(), row)).collect()
}

/// The cells of a package in which a dash stands for nothing: table, row and column.
fn filled(files: &BTreeMap<String, String>) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (file, text) in files {
        let Some(table) = file.strip_suffix(".csv") else { continue };
        for (id, row) in by_id(text) {
            let dashes = row.into_iter().filter(|(_, cell)| cell == "-");
            found.extend(dashes.map(|(column, _)| (table.to_owned(), id.clone(), column)));
        }
    }
    found
}

fn given_by_source(table: &str, id: &str, column: &str) -> String {
    let (_, text) = TABLES.iter().find(|(known, _)| *known == table).unwrap();
    by_id(text)[id].get(column).cloned().unwrap_or_default()
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
    require_sound(out.path(), &own);
    for resource in own["resources"].as_array().unwrap() {
        let name = resource["name"].as_str().unwrap();
        assert!(
            !name.contains("rule") && !name.contains("barrier") && !name.contains("translation"),
            "{name}"
        );
        assert!(!name.contains("agreement"), "{name}");
        let text = std::fs::read_to_string(out.path().join(resource["path"].as_str().unwrap())).unwrap();
        for row in by_id(&text).into_values() {
            for column in row.keys() {
                assert!(!OF_THE_PROFILE.contains(&column.as_str()), "{name}.{column}");
            }
        }
        assert!(!text.contains("x_local") && !text.contains("Canary") && !text.contains(HIDDEN), "{text}");
    }
    let services = std::fs::read_to_string(out.path().join("service.csv")).unwrap();
    for said in [
        "For: Under 30\nand: sex: female\nor: Children alone\nNot for: Who has a permit",
        "Needed for a referral (reports to authorities: unknown)",
        "[fr] name: Conseil, d'asile",
    ] {
        assert!(services.contains(said), "{said}: {services}");
    }
    // What is for members is in no description, which goes wherever the package goes.
    let organizations = std::fs::read_to_string(out.path().join("organization.csv")).unwrap();
    for kept in ["financial", "telephone", "Procedure of the coast", "Director"] {
        assert!(
            !services.contains(kept) && !organizations.contains(kept),
            "{kept}: {services}{organizations}"
        );
    }
    let hours = std::fs::read_to_string(out.path().join("schedule.csv")).unwrap();
    let hours = by_id(&hours);
    assert_eq!((&*hours["sc1"]["opens_at"], &*hours["sc1"]["closes_at"]), ("08:00:00", "16:00:00"));
    for (table, id, column, said) in [
        (
            "organization",
            "o2",
            "description",
            "two\nlines\nAcronym: KMFX\nKind of organisation: national NGO",
        ),
        ("phone", "ph1", "description", "Takes: voice, sms\nDay and night"),
        ("language", "la2", "note", "Through an interpreter"),
        ("language", "la3", "note", "A sign language"),
        ("cost_option", "co1", "amount_description", "Paid by: a fund\nOf the coast"),
        ("required_document", "rd1", "document", "None\nAnother paper is taken instead"),
        ("service_capacity", "c1", "description", "For: Dentist"),
    ] {
        let text = std::fs::read_to_string(out.path().join(format!("{table}.csv"))).unwrap();
        let told = &by_id(&text)[id][column];
        assert!(told.starts_with(said), "{table}: {told}");
    }
    for said in [
        "Given: in person, home visit",
        "Comes to different places",
        "Who can refer: the person, professionals",
        "Answers: within a day",
    ] {
        assert!(services.contains(said), "{said}: {services}");
    }
    for (table, id, said) in [
        ("service_at_location", "at1", "For: Men at the quay"),
        ("schedule", "sc1", "Not on: 2026-12-25"),
        ("schedule", "sc3", "On request only"),
        (
            "location",
            "l2",
            "Area: ZM109\nTime zone: Africa/Lusaka\nPlus code: 5GPRHRJX+8F\nThe coordinates are of: the street",
        ),
        ("service_area", "sa1", "Area: ZM/1/ZM109"),
    ] {
        let text = std::fs::read_to_string(out.path().join(format!("{table}.csv"))).unwrap();
        assert_eq!(by_id(&text)[id]["description"], said, "{table}");
    }
    if let Some(standard) = super::hsds::shared("data/hsds/spec-3.1") {
        // The descriptor of the standard knows every column, beside those that it forgot.
        let standard = corrected(descriptor(&standard));
        for resource in own["resources"].as_array().unwrap() {
            let known = standard["resources"].as_array().unwrap();
            let known = known.iter().find(|one| one["name"] == resource["name"]).unwrap();
            let names = |resource: &Value| -> BTreeSet<String> {
                let fields = resource["schema"]["fields"].as_array().unwrap();
                fields.iter().map(|field| field["name"].as_str().unwrap().to_owned()).collect()
            };
            let unknown: Vec<String> = names(resource).difference(&names(known)).cloned().collect();
            assert_eq!(unknown, Vec::<String>::new(), "{}", resource["name"]);
        }
        // Of a source whose ids are such as the standard wants nothing is left to complain of.
        let uuids = TestHub::new();
        let (_folder, path, _) = given(&hub, Documents::Lines).await;
        import(&uuids, path).await;
        let out = tempfile::tempdir().unwrap();
        let into = out.path().to_owned();
        let export =
            move |db: &mut Db<'_>| directory::export_plain(db, &Actor::operator(), "coast", into.as_path());
        uuids.hub.read::<_, DirectoryError>(export).await.unwrap();
        if let Some(found) = faults(out.path(), &standard) {
            assert_eq!(found, Vec::<String>::new());
        }
    }
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
        assert_eq!(advice["organization"]["acronym"], "KMFX");
        assert_eq!(advice["capacities"][0]["population_term"]["name"], "Dentist");
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
        ("location.json", "location"),
        ("organization_list.json", "organization"),
        ("taxonomy.json", "taxonomy"),
        ("taxonomy_list.json", "taxonomy"),
        ("taxonomy_term_list.json", "taxonomy_term"),
    ] {
        let report = look(&TestHub::new(), examples.join(name)).await;
        let rows = report.table(table).map_or(0, |table| table.new);
        assert!(rows > 0 && report.stopped.is_none(), "{name}: {report:#?}");
    }
}

/// What an import of a file or a folder would do.
async fn look(hub: &TestHub, from: PathBuf) -> Report {
    let now = hub.hub.now();
    let look = move |db: &mut Db<'_>| {
        let package = Package::open(&from)?;
        directory::dry_run(db, &Actor::operator(), (&package, "coast", now), &mut |_| {})
    };
    hub.hub.read::<_, DirectoryError>(look).await.unwrap()
}

/// The standard's example of tables, from its files or from the one that holds them as objects, in a folder with its descriptor.
fn example_tables(standard: &Path, as_objects: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(standard.join("datapackage.json"), folder.path().join("datapackage.json")).unwrap();
    if !as_objects {
        for file in std::fs::read_dir(standard.join("examples/csv")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "csv") {
                std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        return folder;
    }
    let text = std::fs::read_to_string(standard.join("examples/tabular.json")).unwrap();
    let tables: BTreeMap<String, Vec<BTreeMap<String, Value>>> = serde_json::from_str(&text).unwrap();
    // It lacks some of the tables, and a descriptor names those that are there.
    let mut described = descriptor(standard);
    let resources = described["resources"].as_array_mut().unwrap();
    resources.retain(|resource| tables.contains_key(resource["path"].as_str().unwrap()));
    std::fs::write(folder.path().join("datapackage.json"), described.to_string()).unwrap();
    for (file, rows) in tables {
        let header: BTreeSet<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
        let mut table = csv::Writer::from_path(folder.path().join(file)).unwrap();
        table.write_record(&header).unwrap();
        for row in &rows {
            let cells = header.iter().map(|column| match row.get(*column) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            });
            table.write_record(cells).unwrap();
        }
        table.flush().unwrap();
    }
    folder
}

#[actix_web::test]
async fn the_tables_of_the_standard_s_example_hold_to_its_descriptor_but_for_what_they_name() {
    let Some(standard) = super::hsds::shared("data/hsds/spec-3.1") else { return };
    for as_objects in [false, true] {
        let folder = example_tables(&standard, as_objects);
        let whole = descriptor(&standard);
        let mut judge = corrected(whole.clone());
        for (resource, original) in
            judge["resources"].as_array_mut().unwrap().iter_mut().zip(whole["resources"].as_array().unwrap())
        {
            resource["path"] = original["path"].clone();
        }
        if let Some(found) = faults(folder.path(), &judge) {
            // The example names rows that it does not give.
            let (broken, other): (Vec<String>, Vec<String>) =
                found.into_iter().partition(|fault| fault.contains(": foreign-key: "));
            assert_eq!(other, Vec::<String>::new());
            assert!(broken.iter().any(|fault| fault.starts_with("location.organization_id")), "{broken:?}");
        }
        // So it is read whole, with each of these named.
        let report = look(&TestHub::new(), folder.path().to_owned()).await;
        assert!(report.rows() > 15, "{report:#?}");
        let named = |table: &str, column: &str| {
            report.problems.iter().any(|problem| {
                (problem.code, problem.table.as_str(), problem.column.as_deref())
                    == ("broken_reference", table, Some(column))
            })
        };
        for (table, column) in [("location", "organization_id"), ("taxonomy_term", "taxonomy_id")] {
            assert!(named(table, column), "{table}.{column}: {:#?}", report.problems);
        }
    }
}

#[actix_web::test]
async fn what_is_wrong_in_an_object_is_named_with_its_line_its_table_and_its_member() {
    let service = |id: Value, more: Value| {
        let mut service = json!({
            "id": id, "name": "Clinic", "status": "active",
            "organization": { "id": "11111111-1111-4111-8111-111111111119", "name": "Lake", "description": "" },
        });
        service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service
    };
    let schedule = |freq: &str| json!([{ "id": "55555555-5555-4555-8555-555555555551", "freq": freq }]);
    let mut nameless = service(
        json!("22222222-2222-4222-8222-222222222222"),
        json!({ "schedules": schedule("DAILY"), "status": "open" }),
    );
    nameless.as_object_mut().unwrap().remove("name");
    let all = [
        service(json!("22222222-2222-4222-8222-222222222221"), json!({})),
        nameless,
        // Numbers are ids of their source, as words are; what is neither is none.
        service(json!(7), json!({ "phones": [{ "id": 8, "number": "+260 1" }] })),
        service(json!({ "id": 9 }), json!({})),
        service(json!(true), json!({})),
        service(Value::Null, json!({})),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("services.ndjson");
    std::fs::write(&path, all.map(|service| service.to_string()).join("\n")).unwrap();
    let report = look(&TestHub::new(), path).await;
    for (code, table, line, column) in [
        ("required", "service", 2, "name"),
        ("not_in_list", "service", 2, "status"),
        ("not_in_list", "schedule", 2, "freq"),
        ("blank_id", "service", 4, "id"),
        ("blank_id", "service", 5, "id"),
        ("blank_id", "service", 6, "id"),
    ] {
        let is_named = report.problems.iter().any(|problem| {
            (problem.code, problem.table.as_str(), problem.line, problem.column.as_deref())
                == (code, table, Some(line), Some(column))
        });
        assert!(is_named, "{code} {table} {line} {column}: {:#?}", report.problems);
    }
    let new = |table: &str| report.table(table).map_or(0, |table| table.new);
    assert_eq!((new("service"), new("phone"), new("organization")), (2, 1, 1), "{report:#?}");
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

/// A package of version 3 with a person, and with what belongs to them.
const WITH_A_PERSON: [(&str, &str); 5] = [
    ("organization", "id,name\no1,Harbour Aid\n"),
    ("service", "id,organization_id,name,status\ns1,o1,Clinic,active\n"),
    ("contact", "id,organization_id,name,title,email\nc1,o1,Canary Person,Director,canary@example.org\n"),
    ("phone", "id,number,service_id,contact_id\nt1,+260211000000,s1,\nt2,+260977CANARY,s1,c1\n"),
    ("language", "id,phone_id,name\nl1,t2,Canary language\n"),
];

/// The same as an object.
fn object_with_a_person() -> Value {
    let person = json!({ "id": "c1", "name": "Canary Person", "email": "canary@example.org",
        "phones": [{ "id": "t3", "number": "+260977CANARY" }] });
    json!({
        "id": "s1", "name": "Clinic", "status": "active", "contacts": [person], "contact": person,
        "organization": { "id": "o1", "name": "Harbour Aid", "contacts": [person] },
        "phones": [{ "id": "t1", "number": "+260211000000" }, { "id": "t2", "number": "+260977CANARY", "contact_id": "c1" }],
        "service_at_locations": [{ "id": "p1", "contacts": [person],
            "location": { "id": "l1", "location_type": "physical", "contacts": [person] } }],
    })
}

/// The same in version 2.0.
const OLDER_WITH_A_PERSON: [(&str, &str); 4] = [
    ("organizations.csv", "id,name,description\no1,Harbour Aid,Help\n"),
    ("services.csv", "id,organization_id,name,status\ns1,o1,Clinic,active\n"),
    ("contacts.csv", "id,organization_id,name,email\nc1,o1,Canary Person,canary@example.org\n"),
    ("phones.csv", "id,number,service_id,contact_id\nt1,+260211000000,s1,\nt2,+260977CANARY,,c1\n"),
];

/// The same as a list.
const LIST_WITH_A_PERSON: &str = "Organisation;Service;Ville;Pays;Téléphone;Personne de contact;Téléphone (personne de contact);Nom du contact\n\
    Harbour Aid;Clinic;Port;ZM;+260211000000;Canary Person;+260977CANARY;Canary Director\n";

#[actix_web::test]
async fn nothing_of_a_person_is_kept_whatever_they_come_in() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["package", "older"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    let resource = |(table, _): &(&str, &str)| json!({ "name": table, "path": format!("{table}.csv") });
    let resources: Vec<Value> = WITH_A_PERSON.iter().map(resource).collect();
    let described = json!({ "name": "test", "resources": resources }).to_string();
    let mut zip = zip::ZipWriter::new(std::fs::File::create_new(at("package.zip")).unwrap());
    let files = WITH_A_PERSON.map(|(table, text)| (format!("{table}.csv"), text));
    for (name, text) in files
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .chain([("datapackage.json", described.as_str())])
    {
        std::fs::write(at("package").join(name), text).unwrap();
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    for (name, text) in OLDER_WITH_A_PERSON {
        std::fs::write(at("older").join(name), text).unwrap();
    }
    std::fs::write(at("one.json"), object_with_a_person().to_string()).unwrap();
    std::fs::write(at("lines.ndjson"), object_with_a_person().to_string()).unwrap();
    std::fs::write(at("list.csv"), LIST_WITH_A_PERSON).unwrap();
    for name in ["package", "package.zip", "older", "one.json", "lines.ndjson", "list.csv"] {
        let hub = TestHub::new();
        let package = if name == "list.csv" {
            sheet::package(Sheet::open(&at(name)).unwrap(), None).unwrap().0
        } else {
            Package::open(&at(name)).unwrap()
        };
        let report = import_read(&hub, package, ("coast", Visibility::Public)).await;
        assert!(!report.left_out.is_empty(), "{name}: {report:?}");
        let stored = hub.everything_stored();
        assert!(stored.contains("Clinic") && stored.contains("260211000000"), "{name}: {report:?}");
        let (said, given) = (format!("{report:?}"), given(&hub, Documents::Page).await.2);
        for (what, text) in [("the report", said), ("what is stored", stored), ("what is given", given)] {
            for canary in ["Canary", "CANARY", "canary"] {
                assert!(!text.contains(canary), "{name}: {canary} in {what}");
            }
        }
    }
}

#[actix_web::test]
async fn what_was_entered_here_goes_out_with_its_ids() {
    let (hub, other) = (TestHub::new(), TestHub::new());
    let org = hub.org("Lake Clinic").await;
    let body =
        json!({ "organisation": org.id, "service": "SV07", "name": "Lake clinic", "description": "Care" });
    listed(&hub, &body).await;
    let (folder, files) = exported(&hub, "node").await;
    assert!(files["service.csv"].starts_with("id,description,name,organization_id,status\n"), "{files:?}");
    assert_eq!(import(&other, folder.path().to_owned()).await.rows(), 2);
    let (_folder, again) = exported(&other, "coast").await;
    assert_eq!(files["service.csv"], again["service.csv"]);
}

/// What is in a folder, by the names of its files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), std::fs::read(file.path()).unwrap())).collect()
}

#[tokio::test]
async fn a_package_goes_from_one_engine_to_the_other_and_back_as_the_same_bytes() {
    let (one, other) = (Machine::new(), Machine::on_sqlite());
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let take = |machine: &Machine, from: &Path| {
        let from = from.display();
        machine.run(&format!("directory import {from} --source coast --visibility public --yes")).expect(0);
    };
    let give = |machine: &Machine, to: &str| -> BTreeMap<String, Vec<u8>> {
        let to = folder.path().join(to);
        machine.run(&format!("directory export coast {}", to.display())).expect(0);
        contents(&to)
    };
    take(&one, folder.path());
    let first = give(&one, "first");
    take(&other, &folder.path().join("first"));
    let second = give(&other, "second");
    assert!(first.len() > 10 && first == second);
    let third = Machine::new();
    take(&third, &folder.path().join("second"));
    assert!(first == give(&third, "third"));
}
