//! The directory as HSDS has it: what everybody may see, what members may, and that both hold to the standard.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    api::routes::openapi,
    directory::{self, Visibility},
};

use crate::{
    api::description::faults,
    support::{Response, TestHub, import_package, listed, restrict, send, write_package},
};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";
const CLINIC: &str = "22222222-2222-4222-8222-222222222221";
const SHELTER: &str = "22222222-2222-4222-8222-222222222222";
const HARBOUR: &str = "33333333-3333-4333-8333-333333333331";
const HIDDEN: &str = "33333333-3333-4333-8333-333333333332";
/// The plus codes of the two places.
const OPEN_CODE: &str = "5GPRHRJX+8F";
const SECRET_CODE: &str = "5GJCF22C+2G";
const HEALTH: &str = "44444444-4444-4444-8444-444444444441";

/// What must not be told of the shelter.
const SECRETS: [&str; 7] = ["Canary", "xx-canary", SHELTER, HIDDEN, "+260211999999", "-15.5", SECRET_CODE];

/// A package with something of every table.
fn package(folder: &Path) {
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("taxonomy", "id,name", String::from("t1,Needs\n")),
        (
            "taxonomy_term",
            "id,name,taxonomy_id,parent_id",
            format!("{HEALTH},Health,t1,\nt12,Dentist,t1,{HEALTH}\n"),
        ),
        (
            "program",
            "id,name,organization_id",
            format!("p1,Coast,{ORGANISATION}\np2,Canary program,{ORGANISATION}\n"),
        ),
        (
            "service",
            "id,organization_id,program_id,name,status,minimum_age,url,local_code",
            format!(
                "{CLINIC},{ORGANISATION},p1,Clínica do Porto,active,16,https://clinic.example,X9\n\
                 {SHELTER},{ORGANISATION},p2,Canary shelter,active,,,\n"
            ),
        ),
        (
            "location",
            "id,location_type,organization_id,latitude,longitude,plus_code,coord_precision",
            format!(
                "{HARBOUR},physical,{ORGANISATION},-15.4,28.3,{OPEN_CODE},street\n\
                 {HIDDEN},physical,{ORGANISATION},-15.5,28.4,{SECRET_CODE},settlement\n"
            ),
        ),
        (
            "service_at_location",
            "id,service_id,location_id",
            format!("at1,{CLINIC},{HARBOUR}\nat2,{SHELTER},{HIDDEN}\n"),
        ),
        (
            "address",
            "id,location_id,address_1,city,country,address_type",
            format!("a1,{HARBOUR},Quay 1,Port,ZM,physical\na2,{HIDDEN},Canary street,Port,ZM,physical\n"),
        ),
        (
            "phone",
            "id,number,service_id,location_id",
            format!(
                "ph1,+260211000000,{CLINIC},\nph2,+260211999999,,{HIDDEN}\nph3,+260211999999,{SHELTER},{HARBOUR}\n"
            ),
        ),
        ("schedule", "id,service_id,freq,byday,opens_at", format!("s1,{CLINIC},WEEKLY,MO,08:00\n")),
        ("language", "id,phone_id,code", String::from("l1,ph1,fr\nl2,ph3,xx-canary\n")),
        ("unit", "id,name", String::from("u1,bed\n")),
        (
            "service_capacity",
            "id,service_id,unit_id,available,updated",
            format!("c1,{CLINIC},u1,3,2026-03-01T00:00:00Z\nc2,{CLINIC},u1,3,lately\n"),
        ),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", format!("x1,{CLINIC},service,{HEALTH}\n")),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf, source: &'static str) {
    let report = import_package(hub, folder, (source, Visibility::Public)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
}

/// A directory of which everybody sees the clinic, and nobody the shelter.
async fn directory() -> (TestHub, tempfile::TempDir) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import(&hub, folder.path().into(), "coast").await;
    restrict(&hub, SHELTER).await;
    (hub, folder)
}

async fn get(hub: &TestHub, path: &str) -> Response {
    send(hub, None, "GET", &format!("/hsds{path}"), &[], None).await
}

async fn post(hub: &TestHub, path: &str, body: &Value) -> Response {
    send(hub, None, "POST", &format!("/hsds{path}"), &[], Some(body)).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["contents"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// The schemas of the standard, when they are here.
struct Schemas(PathBuf);

impl jsonschema::Retrieve for Schemas {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.path().as_str().rsplit('/').next().unwrap_or_default().to_owned();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

pub(super) fn shared(part: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("THROUGHLINE_TEST_SHARED").map_or(beside, PathBuf::from).join(part);
    if folder.exists() {
        return Some(folder);
    }
    let may_skip = std::env::vars().all(|(name, _)| name != "THROUGHLINE_TEST_NO_SKIP");
    assert!(may_skip, "{} is missing", folder.display());
    eprintln!("SKIPPED: {} is not here", folder.display());
    None
}

pub(super) fn validator(folder: &Path, name: &str) -> jsonschema::Validator {
    jsonschema::options()
        .with_retriever(Schemas(folder.to_owned()))
        .with_base_uri(format!("https://hsds.example/{name}"))
        .should_validate_formats(true)
        .build(&serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap())
        .unwrap()
}

/// What judges objects of each of these kinds under the name of its schema. What schemas share is made once, which is most of the work.
fn validator_of_all(folder: &Path, names: &[&str]) -> jsonschema::Validator {
    let each = names.iter().map(|name| ((*name).to_owned(), json!({ "$ref": name })));
    let all = json!({ "properties": each.collect::<serde_json::Map<_, _>>(), "additionalProperties": false });
    jsonschema::options()
        .with_retriever(Schemas(folder.to_owned()))
        .with_base_uri("https://hsds.example/all.json")
        .should_validate_formats(true)
        .build(&all)
        .unwrap()
}

pub(super) fn require_valid(judge: &jsonschema::Validator, document: &Value) {
    let wrong: Vec<String> =
        judge.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\n{document:#}");
}

#[actix_web::test]
async fn everybody_reads_what_is_public_nested_as_the_standard_says() {
    let (hub, _folder) = directory().await;
    let about = get(&hub, "").await.expect(200).body;
    assert_eq!(get(&hub, "/").await.expect(200).body, about, "a base and a slash are the base");
    assert_eq!((&about["version"], &about["publisher"]["name"]), (&json!("3.1"), &json!("rhn:zm:national")));
    assert!(about["description"].as_str().is_some_and(|text| !text.is_empty()));
    for (link, says) in [("openapi_url", "\"/hsds/services\""), ("profile", "/hsds/profile/service.json")] {
        let path = about[link].as_str().unwrap().strip_prefix("http://hub.test").unwrap();
        let there = send(&hub, None, "GET", path, &[], None).await.expect(200).body.to_string();
        assert!(there.contains(says), "{link} leads to what lacks {says}");
    }

    let listed = get(&hub, "/services").await.expect(200).body;
    assert_eq!(ids(&listed), [CLINIC]);
    assert_eq!(listed["contents"][0]["organization"]["name"], "Harbour Aid");
    assert_eq!(listed["contents"][0].get("phones"), None, "a list holds what there is one of");

    let whole = get(&hub, &format!("/services/{CLINIC}")).await.expect(200).body;
    assert_eq!(whole["minimum_age"], 16);
    assert_eq!(whole.get("local_code"), None, "what the standard does not know is not published");
    assert_eq!(whole["phones"][0]["languages"][0]["code"], "fr");
    assert_eq!(whole["schedules"][0]["byday"], "MO");
    assert_eq!(whole["program"]["name"], "Coast");
    assert_eq!(whole["capacities"].as_array().unwrap().len(), 1, "one has no moment and is no capacity");
    assert_eq!(whole["capacities"][0]["unit"]["name"], "bed");
    assert_eq!(whole["attributes"][0]["taxonomy_term"]["taxonomy_detail"]["name"], "Needs");
    let place = &whole["service_at_locations"][0];
    assert_eq!(place["location"]["addresses"][0]["address_1"], "Quay 1");
    assert_eq!(place["location"]["latitude"], -15.4);
    assert_eq!(
        (&place["location"]["plus_code"], &place["location"]["coord_precision"]),
        (&json!(OPEN_CODE), &json!("street"))
    );

    let place =
        get(&hub, &format!("/service_at_locations/{}", place["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(place.body["service"]["id"], CLINIC);
    let full = get(&hub, &format!("/organizations/{ORGANISATION}?full_service=true")).await.expect(200).body;
    assert_eq!(full["services"][0]["phones"][0]["number"], "+260211000000");
    assert_eq!(full["programs"][0]["name"], "Coast");
    let terms = get(&hub, "/taxonomy_terms?top_only=true").await.expect(200).body;
    assert_eq!(ids(&terms), [HEALTH]);
    let under = get(&hub, &format!("/taxonomy_terms?parent_id={HEALTH}")).await.expect(200).body;
    assert_eq!(under["contents"][0]["name"], "Dentist");
    assert_eq!(get(&hub, "/taxonomies?search=needs").await.expect(200).body["total_items"], 1);
}

#[actix_web::test]
async fn a_confidential_place_is_in_no_answer_to_those_it_is_hidden_from() {
    let (hub, _folder) = directory().await;
    let member = hub.org("Lakeside").await;
    let place = get(&hub, "/service_at_locations").await.expect(200).body["contents"][0]["id"].to_string();
    let place = place.trim_matches('"');
    let all = [
        String::from("/services?full=true"),
        String::from("/services?format=ndjson&full=true"),
        String::from("/services?search=canary"),
        String::from("/services?minimal=true"),
        format!("/services?taxonomy_term_id={HEALTH}"),
        format!("/services?organization_id={ORGANISATION}&full=true"),
        String::from("/organizations?full=true"),
        String::from("/organizations?full_service=true"),
        String::from("/organizations?search=canary"),
        format!("/organizations/{ORGANISATION}?full_service=true"),
        String::from("/service_at_locations?full=true"),
        String::from("/service_at_locations?search=shelter"),
        format!("/service_at_locations/{place}"),
    ];
    for path in all {
        let answers = [get(&hub, &path).await, member.get(&hub, &format!("/hsds{path}")).await];
        for text in answers.map(|answer| answer.body.to_string()) {
            for secret in SECRETS {
                assert!(!text.contains(secret), "{path} says {secret}: {text}");
            }
        }
    }
    get(&hub, &format!("/services/{SHELTER}")).await.expect(404);
    let counted = get(&hub, "/services").await.expect(200).body;
    assert_eq!((&counted["total_items"], &counted["total_pages"]), (&json!(1), &json!(1)));
}

#[actix_web::test]
async fn an_export_says_nothing_of_a_confidential_place_and_keeps_what_the_standard_does_not_know() {
    let (hub, _folder) = directory().await;
    let out = tempfile::tempdir().unwrap();
    let into = out.path().to_owned();
    let export = move |db: &mut throughline::storage::Db<'_>| {
        directory::export(db, &throughline::access::Actor::operator(), "coast", into.as_path())
    };
    hub.hub.read::<_, directory::DirectoryError>(export).await.unwrap();
    let mut all = String::new();
    for file in std::fs::read_dir(out.path()).unwrap() {
        all.push_str(&std::fs::read_to_string(file.unwrap().path()).unwrap());
    }
    for secret in SECRETS {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    assert!(all.contains("X9") && all.contains("Quay 1") && all.contains("+260211000000"), "{all}");
}

/// What is published of the source, as text.
async fn published(hub: &TestHub, form: directory::Form, area: Option<&str>) -> (u64, String) {
    let what = directory::Publish { area: area.map(str::to_owned), ..directory::Publish::all(form) };
    let now = hub.now();
    let publish = move |db: &mut throughline::storage::Db<'_>| {
        let mut into = Vec::new();
        let actor = throughline::access::Actor::operator();
        let written = directory::publish(db, &actor, ("coast", &what, now), &mut into)?;
        Ok::<_, directory::DirectoryError>((written, String::from_utf8(into).unwrap()))
    };
    hub.hub.read(publish).await.unwrap()
}

#[actix_web::test]
async fn what_is_published_in_any_form_holds_what_everybody_may_see_and_nothing_else() {
    let (hub, _folder) = directory().await;
    for form in [directory::Form::GeoJson, directory::Form::WhoDoesWhatWhere, directory::Form::Print] {
        let (written, text) = published(&hub, form, None).await;
        assert_eq!(written, 1, "{form:?}: {text}");
        for shown in ["Clínica do Porto", "Harbour Aid"] {
            assert!(text.contains(shown), "{form:?} lacks {shown}: {text}");
        }
        for secret in SECRETS {
            assert!(!text.contains(secret), "{form:?} says {secret}: {text}");
        }
        assert_eq!(published(&hub, form, Some("port")).await.0, 1, "{form:?}");
        assert_eq!(published(&hub, form, Some("elsewhere")).await.0, 0, "{form:?}");
    }
    let (_, points) = published(&hub, directory::Form::GeoJson, None).await;
    let points: Value = serde_json::from_str(&points).unwrap();
    assert_eq!(points["features"][0]["geometry"]["coordinates"], json!([28.3, -15.4]));
    let (_, table) = published(&hub, directory::Form::WhoDoesWhatWhere, None).await;
    let rows: Vec<&str> = table.lines().collect();
    assert!(
        rows[1].starts_with("#org+name+prov,#org+acronym+prov,#org+type,#org+type+code,#service+name,"),
        "{table}"
    );
    assert_eq!((rows.len(), rows[0].split(',').count()), (3, rows[1].split(',').count()), "{table}");
}

#[actix_web::test]
async fn text_from_outside_is_calculated_by_no_spreadsheet_and_obeyed_by_no_page() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    let services = folder.path().join("service.csv");
    let text = std::fs::read_to_string(&services).unwrap();
    let description = "<img src=x onerror=alert(1)><b>bold</b> [a](javascript:x)";
    let text = text.replace("Clínica do Porto", "=cmd()<script>x</script>");
    let text =
        text.replace("local_code", "local_code,description").replace(",X9", &format!(",X9,{description}"));
    std::fs::write(&services, text.replace("shelter,active,,,", "shelter,active,,,,")).unwrap();
    import(&hub, folder.path().to_owned(), "coast").await;
    let (_, table) = published(&hub, directory::Form::WhoDoesWhatWhere, None).await;
    assert!(table.contains(",'=cmd()") && !table.contains(",=cmd()"), "{table}");
    let (_, page) = published(&hub, directory::Form::Print, None).await;
    assert!(page.contains("=cmd()&lt;script&gt;x&lt;/script&gt;") && !page.contains("<script"), "{page}");
    assert!(
        page.contains("&lt;img src=x onerror=alert(1)&gt;&lt;b&gt;bold&lt;/b&gt; [a](javascript:x)"),
        "{page}"
    );
    for element in ["<img", "<b>", "href=", "<a ", "<script"] {
        assert!(!page.contains(element), "{element}: {page}");
    }
    let (_, points) = published(&hub, directory::Form::GeoJson, None).await;
    let points: Value = serde_json::from_str(&points).unwrap();
    let told = points["features"].as_array().unwrap().iter().map(|point| &point["properties"]["description"]);
    assert!(told.clone().any(|told| told == description), "kept as the text that it is: {points}");
}

/// Changes a file of the package and imports it again; answers what changed since, for everybody.
async fn changed(hub: &TestHub, folder: &Path, file: &str, (from, to): (&str, &str)) -> usize {
    hub.clock.advance(chrono::TimeDelta::hours(1));
    let now = hub.now().to_string();
    let path = folder.join(file);
    let before = std::fs::read_to_string(&path).unwrap();
    assert!(before.contains(from), "{before}");
    std::fs::write(&path, before.replace(from, to)).unwrap();
    import(hub, folder.into(), "coast").await;
    let page = get(hub, &format!("/services?modified_after={now}")).await.expect(200).body;
    ids(&page).len()
}

#[actix_web::test]
async fn that_a_confidential_place_changed_shows_nowhere() {
    let (hub, folder) = directory().await;
    let folder = folder.path();
    assert_eq!(changed(&hub, folder, "address.csv", ("Canary street", "Canary road")).await, 0);
    assert_eq!(changed(&hub, folder, "phone.csv", ("ph3,+260211999999", "ph3,+260211999998")).await, 0);
    assert_eq!(changed(&hub, folder, "address.csv", ("Quay 1", "Quay 3")).await, 1);
    let (with, without) = (format!("ph1,+260211000000,{CLINIC},"), "ph1,+260211000000,,");
    assert_eq!(changed(&hub, folder, "phone.csv", (&with, without)).await, 1, "where it was looks different");
}

#[actix_web::test]
async fn a_place_stays_hidden_when_the_open_service_there_moves_away() {
    let (hub, folder) = directory().await;
    let folder = folder.path();
    let path = folder.join("service_at_location.csv");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{before}at3,{CLINIC},{HIDDEN}\n")).unwrap();
    import(&hub, folder.into(), "coast").await;
    let open = get(&hub, &format!("/organizations/{ORGANISATION}")).await.expect(200).body.to_string();
    assert!(open.contains(HIDDEN), "the clinic is there as well");
    hub.clock.advance(chrono::TimeDelta::hours(1));
    std::fs::write(&path, before).unwrap();
    import(&hub, folder.into(), "coast").await;
    let hidden = get(&hub, &format!("/organizations/{ORGANISATION}")).await.expect(200).body.to_string();
    assert!(!hidden.contains(HIDDEN), "{hidden}");
}

#[actix_web::test]
async fn a_shelter_under_another_name_and_id_is_not_open_to_everybody_and_is_not_forgotten_by_mistake() {
    let (hub, folder) = directory().await;
    let folder = folder.path();
    let path = folder.join("service.csv");
    let renamed = "22222222-2222-4222-8222-222222222229";
    for file in ["service.csv", "service_at_location.csv", "phone.csv"] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap().replace(SHELTER, renamed);
        std::fs::write(&path, text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap().contains(renamed));
    import(&hub, folder.into(), "coast").await;
    get(&hub, &format!("/services/{renamed}")).await.expect(404);
    let forgotten = hub
        .hub
        .write("directory.forget", &hub.operator(), move |tx| directory::forget_source(tx, "coast"))
        .await;
    assert!(forgotten.unwrap_err().to_string().contains("restricted"));
}

#[actix_web::test]
async fn words_of_a_source_are_for_those_who_may_see_one_of_its_services() {
    let (hub, _folder) = directory().await;
    let member = hub.org("Lakeside").await;
    hub.hub
        .write("directory.set_source_visibility", &hub.operator(), move |tx| {
            directory::set_source_visibility(tx, "coast", Visibility::Members)
        })
        .await
        .unwrap();
    for path in ["/hsds/taxonomies", "/hsds/taxonomy_terms"] {
        let open = send(&hub, None, "GET", path, &[], None).await.expect(200).body;
        assert_eq!(open["total_items"], 0, "{path}");
        assert_ne!(member.get(&hub, path).await.expect(200).body["total_items"], 0, "{path}");
    }
}

/// Organisations of the coast beside the one with the clinic: one that offers nothing, and one with nothing but a hidden shelter.
const IDLE: &str = "11111111-1111-4111-8111-111111111112";
const HOST: &str = "11111111-1111-4111-8111-111111111113";

/// The package with these two, and with the shelter at the second while it is given.
fn with_others(folder: &Path, shelter: &str) {
    package(folder);
    let organizations = format!("id,name\n{ORGANISATION},Harbour Aid\n{IDLE},Idle Aid\n{HOST},Canary host\n");
    std::fs::write(folder.join("organization.csv"), organizations).unwrap();
    let path = folder.join("service.csv");
    let services = std::fs::read_to_string(&path).unwrap();
    let clinic: Vec<&str> = services.lines().filter(|line| !line.contains(SHELTER)).collect();
    std::fs::write(&path, format!("{}\n{shelter}", clinic.join("\n"))).unwrap();
    for (file, column) in [("service_at_location.csv", "at2"), ("phone.csv", "ph3"), ("language.csv", "l2")] {
        let path = folder.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(column)).collect();
        std::fs::write(&path, kept.join("\n")).unwrap();
    }
}

async fn organizations(hub: &TestHub, token: Option<&str>, asked: &str) -> Vec<String> {
    let path = format!("/hsds/organizations?{asked}");
    let page = send(hub, token, "GET", &path, &[], None).await.expect(200).body;
    let mut found: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
    assert_eq!(page["total_items"], found.len(), "{asked}");
    found.sort_unstable();
    found
}

#[actix_web::test]
async fn who_offers_nothing_is_listed_and_who_offers_what_is_hidden_is_not() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let shelter = format!("{SHELTER},{HOST},,Canary shelter,active,,,\n");
    with_others(folder.path(), &shelter);
    import(&hub, folder.path().into(), "coast").await;
    restrict(&hub, SHELTER).await;
    let member = hub.org("Lakeside").await;
    for token in [None, Some(member.token.as_str())] {
        for asked in ["", "full=true", "full_service=true"] {
            assert_eq!(organizations(&hub, token, asked).await, [ORGANISATION, IDLE], "{asked}");
        }
        assert_eq!(organizations(&hub, token, "search=idle").await, [IDLE]);
        assert_eq!(organizations(&hub, token, "search=canary").await, [""; 0]);
        let of_term = format!("taxonomy_term_id={HEALTH}");
        assert_eq!(organizations(&hub, token, &of_term).await, [ORGANISATION], "what is asked of services");
        for (id, status) in [(IDLE, 200), (HOST, 404)] {
            send(&hub, token, "GET", &format!("/hsds/organizations/{id}"), &[], None).await.expect(status);
        }
        let page = send(&hub, token, "GET", "/hsds/organizations?per_page=1&page=2", &[], None).await;
        let page = page.expect(200).body;
        assert_eq!((ids(&page), &page["total_pages"]), (vec![IDLE], &json!(2)));
    }
    let idle = get(&hub, &format!("/organizations/{IDLE}")).await.expect(200).body;
    assert_eq!((&idle["name"], idle.get("services")), (&json!("Idle Aid"), None));
    if let Some(schemas) = shared("data/hsds/spec-3.1/schema") {
        require_valid(&validator(&schemas, "organization.json"), &idle);
    }
    let lines = get(&hub, "/organizations?format=ndjson").await.expect(200).body.to_string();
    assert!(lines.contains(IDLE) && !lines.contains(HOST), "{lines}");

    // The shelter is not given any more: who offered it is told as little as before.
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    with_others(folder.path(), "");
    import(&hub, folder.path().into(), "coast").await;
    assert_eq!(organizations(&hub, None, "").await, [ORGANISATION, IDLE]);
    assert_eq!(organizations(&hub, Some(member.token.as_str()), "").await, [ORGANISATION, IDLE]);
    get(&hub, &format!("/organizations/{HOST}")).await.expect(404);
}

#[actix_web::test]
async fn who_offers_nothing_is_there_for_those_who_may_see_something_of_its_source() {
    let hub = TestHub::new();
    let member = hub.org("Lakeside").await;
    let folder = tempfile::tempdir().unwrap();
    with_others(folder.path(), "");
    import_package(&hub, folder.path().into(), ("coast", Visibility::Members)).await;
    // Nobody said of a list without services that it is for everybody.
    let other = tempfile::tempdir().unwrap();
    let ministry = "11111111-1111-4111-8111-111111111119";
    write_package(other.path(), [("organization", "id,name", format!("{ministry},Ministry\n"))]);
    import(&hub, other.path().into(), "ministries").await;
    let token = Some(member.token.as_str());
    assert_eq!(organizations(&hub, None, "").await, [""; 0]);
    assert_eq!(organizations(&hub, token, "").await, [ORGANISATION, IDLE, HOST, ministry]);
    for id in [IDLE, HOST, ministry] {
        get(&hub, &format!("/organizations/{id}")).await.expect(404);
    }
    hub.hub
        .write("directory.set_source_visibility", &hub.operator(), move |tx| {
            directory::set_source_visibility(tx, "coast", Visibility::Public)
        })
        .await
        .unwrap();
    assert_eq!(organizations(&hub, None, "").await, [ORGANISATION, IDLE, HOST]);
    restrict_at(&hub, CLINIC, 2).await;
    assert_eq!(organizations(&hub, None, "").await, [""; 0]);
    assert_eq!(organizations(&hub, token, "").await, [ministry], "nothing of the list is for members");
}

/// Restricts a service of which this version is known.
async fn restrict_at(hub: &TestHub, row: &str, version: i64) {
    let command = directory::SetVisibility {
        service: crate::support::service_of_row(row),
        version,
        visibility: Visibility::Restricted,
    };
    hub.hub
        .write("directory.set_visibility", &hub.operator(), move |tx| directory::set_visibility(tx, &command))
        .await
        .unwrap();
}

#[actix_web::test]
async fn pages_add_up_and_what_cannot_be_a_page_is_refused() {
    let (hub, _folder) = directory().await;
    for (path, of, pages, size) in [
        ("/taxonomy_terms?per_page=1", 2, 2, 1),
        ("/taxonomy_terms?per_page=2", 2, 1, 2),
        ("/taxonomy_terms?per_page=100", 2, 1, 2),
        ("/taxonomy_terms?page=2&per_page=1", 2, 2, 1),
        ("/taxonomy_terms?page=3&per_page=1", 2, 2, 0),
        ("/taxonomy_terms?page=4294967295&per_page=100", 2, 1, 0),
        ("/taxonomy_terms?search=nothing-like-it", 0, 0, 0),
        ("/services", 1, 1, 1),
        ("/organizations?per_page=1", 1, 1, 1),
    ] {
        let page = get(&hub, path).await.expect(200).body;
        let number = page["page_number"].as_u64().unwrap();
        assert_eq!(
            (page["total_items"].as_u64(), page["total_pages"].as_u64(), page["size"].as_u64()),
            (Some(of), Some(pages), Some(size)),
            "{path}"
        );
        assert_eq!(page["first_page"], number == 1, "{path}");
        assert_eq!(page["last_page"], number >= pages, "{path}");
        assert_eq!(page["empty"], size == 0, "{path}");
    }
    for path in
        ["?page=0", "?page=-1", "?page=x", "?page=99999999999", "?per_page=0", "?per_page=101", "?sort=name"]
    {
        let refused = get(&hub, &format!("/services{path}")).await.expect(400);
        assert!(refused.body["code"].is_string(), "{path}");
    }
    get(&hub, "/services/not-a-uuid").await.expect(404);
}

#[actix_web::test]
async fn filters_narrow_together_whichever_two_are_asked_and_what_is_no_filter_is_refused() {
    let (hub, _folder) = directory().await;
    let filters = [
        "search=porto".to_owned(),
        "search=nobody".to_owned(),
        format!("organization_id={ORGANISATION}"),
        format!("organization_id={CLINIC}"),
        format!("taxonomy_term_id={HEALTH}"),
        format!("taxonomy_term_id={HARBOUR}"),
        "lat=-15.4&lon=28.3&proximity=100".to_owned(),
        "lat=15.4&lon=28.3&proximity=100".to_owned(),
        "modified_after=2000-01-01T00:00:00Z".to_owned(),
        "modified_after=2100-01-01T00:00:00Z".to_owned(),
    ];
    let found = async |query: &str| -> Vec<String> {
        let page = get(&hub, &format!("/services?{query}")).await.expect(200).body;
        ids(&page).into_iter().map(str::to_owned).collect()
    };
    for (one, other) in filters.iter().flat_map(|one| filters.iter().map(move |other| (one, other))) {
        if one.split('=').next() == other.split('=').next() {
            continue;
        }
        let (first, second) = (found(one).await, found(other).await);
        let both: Vec<String> = first.into_iter().filter(|id| second.contains(id)).collect();
        assert_eq!(found(&format!("{one}&{other}")).await, both, "{one} {other}");
    }
    for unknown in ["minimum_age=16", "colour=red"] {
        assert_eq!(get(&hub, &format!("/services?{unknown}")).await.status, 400, "{unknown}");
    }
}

#[actix_web::test]
async fn who_asks_for_a_postcode_is_told_what_to_ask_for_instead() {
    let hub = TestHub::new();
    for list in ["/services", "/service_at_locations"] {
        for (asked, body) in [
            ("postcode=10101", json!({ "postcode": "10101" })),
            ("postcode=10101&proximity=100", json!({ "postcode": 10_101, "proximity": 100 })),
            ("postcode=&format=ndjson", json!({ "postcode": null, "format": "ndjson" })),
        ] {
            for refused in [get(&hub, &format!("{list}?{asked}")).await, post(&hub, list, &body).await] {
                let refused = refused.expect(400);
                assert_eq!(refused.code(), "hsds.postcode", "{list} {asked}");
                let detail = refused.body["detail"].as_str().unwrap();
                for word in ["postcode", "lat", "proximity", "area"] {
                    assert!(detail.contains(word), "{detail}");
                }
            }
        }
    }
}

#[actix_web::test]
async fn pages_show_each_entry_once_while_others_come_in_and_change() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let service = |number: usize, name: &str| {
        format!("22222222-2222-4222-8222-{number:012},{ORGANISATION},{name} {number},active\n")
    };
    let write = |first: usize, name: &str| {
        let rows: String = (first..30).map(|number| service(number, name)).collect();
        let files = [
            ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
            ("service", "id,organization_id,name,status", rows),
        ];
        write_package(folder.path(), files);
    };
    write(10, "Zeta");
    import(&hub, folder.path().into(), "coast").await;
    let mut seen: Vec<String> = Vec::new();
    for page in 1.. {
        let body = get(&hub, &format!("/services?per_page=7&page={page}")).await.expect(200).body;
        seen.extend(ids(&body).into_iter().map(str::to_owned));
        if body["last_page"] == true {
            break;
        }
        // Others come in that would stand before these by name and by id, and these get other names.
        write(10 - page.min(10), if page % 2 == 0 { "Alpha" } else { "Omega" });
        hub.clock.advance(chrono::TimeDelta::seconds(1));
        import(&hub, folder.path().into(), "coast").await;
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "none twice");
    assert!(
        (10..30).all(|number| seen.iter().any(|id| id.ends_with(&format!("{number:012}")))),
        "none left out"
    );
}

#[actix_web::test]
async fn a_change_of_anything_nested_is_a_change_of_the_service() {
    let (hub, folder) = directory().await;
    let modified = async |at: &str| {
        let page = get(&hub, &format!("/services?modified_after={at}")).await.expect(200).body;
        ids(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = get(&hub, "/services?minimal=true").await.expect(200).body["contents"][0].clone();
    let at = first["modified_date"].as_str().unwrap().to_owned();
    assert_eq!(first, json!({ "id": CLINIC, "modified_date": at, "last_modified": at }));
    assert_eq!(modified(&at).await, [CLINIC], "the moment itself counts");
    for (file, from, to) in [
        ("address.csv", "Quay 1", "Quay 2"),
        ("language.csv", "fr", "pt"),
        ("taxonomy_term.csv", "Health,", "Health care,"),
        ("schedule.csv", "08:00", "09:00"),
    ] {
        hub.clock.advance(chrono::TimeDelta::hours(1));
        let now = hub.now().to_string();
        assert!(modified(&now).await.is_empty());
        let path = folder.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap().replace(from, to);
        std::fs::write(&path, text).unwrap();
        import(&hub, folder.path().into(), "coast").await;
        assert_eq!(modified(&now).await, [CLINIC], "{file}");
    }
    // A row that comes, and one that goes.
    let path = folder.path().join("schedule.csv");
    let before = std::fs::read_to_string(&path).unwrap();
    for text in [format!("{before}s2,{CLINIC},WEEKLY,TU,09:00\n"), before] {
        hub.clock.advance(chrono::TimeDelta::hours(1));
        let now = hub.now().to_string();
        std::fs::write(&path, text).unwrap();
        import(&hub, folder.path().into(), "coast").await;
        assert_eq!(modified(&now).await, [CLINIC]);
    }
}

#[actix_web::test]
async fn a_query_in_a_body_is_the_same_query() {
    let (hub, _folder) = directory().await;
    for (path, query, body) in [
        ("/services", "search=clinica&full=true", json!({ "search": "clinica", "full": true })),
        ("/services", "per_page=1&minimal=true", json!({ "per_page": 1, "minimal": true })),
        ("/organizations", "full_service=true", json!({ "full_service": true })),
        ("/service_at_locations", "full=true", json!({ "full": true })),
        ("/taxonomies", "search=needs", json!({ "search": "needs" })),
        ("/taxonomy_terms", "top_only=true", json!({ "top_only": true })),
    ] {
        let asked = get(&hub, &format!("{path}?{query}")).await.expect(200).body;
        let posted = post(&hub, path, &body).await.expect(200).body;
        assert_eq!(asked, posted, "{path}");
        assert_ne!(asked["total_items"], 0, "{path}");
    }
    post(&hub, "/services", &json!({ "sort": 1 })).await.expect(400);
}

#[actix_web::test]
async fn what_did_not_change_is_not_sent_again_and_other_origins_may_read() {
    let (hub, folder) = directory().await;
    let first = get(&hub, "/services").await.expect(200);
    let header = |name: &str| first.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("content-type"), "application/json");
    assert!(header("vary").contains("Authorization"));
    for (tag, status) in [(header("etag"), 304), (String::from("\"else\""), 200)] {
        send(&hub, None, "GET", "/hsds/services", &[("if-none-match", &tag)], None).await.expect(status);
    }
    // Of one document as well, until something of it changes.
    let path = format!("/hsds/services/{CLINIC}");
    let document = send(&hub, None, "GET", &path, &[], None).await.expect(200);
    let tag = document.headers["etag"].to_str().unwrap().to_owned();
    let asked = async || send(&hub, None, "GET", &path, &[("if-none-match", &tag)], None).await;
    asked().await.expect(304);
    let described = folder.path().join("service.csv");
    let text = std::fs::read_to_string(&described).unwrap();
    std::fs::write(&described, text.replacen("do Porto", "do Cais", 1)).unwrap();
    import(&hub, folder.path().into(), "coast").await;
    asked().await.expect(200);
}

#[actix_web::test]
async fn pages_of_other_origins_read_every_answer_and_may_send_a_query() {
    let (hub, _folder) = directory().await;
    let tag = get(&hub, "/services").await.expect(200).headers["etag"].to_str().unwrap().to_owned();
    for (path, headers, status) in [
        ("/services", vec![], 200),
        ("/services?format=ndjson", vec![], 200),
        ("/services", vec![("if-none-match", tag.as_str())], 304),
        ("/services?nothing=1", vec![], 400),
        ("/services/00000000-0000-4000-8000-000000000000", vec![], 404),
        ("/profile", vec![], 200),
        ("", vec![], 200),
    ] {
        let answer = send(&hub, None, "GET", &format!("/hsds{path}"), &headers, None).await.expect(status);
        assert_eq!(answer.headers["access-control-allow-origin"], "*", "{path}");
        let is_refused = status >= 400;
        let shown = answer.headers.get("access-control-expose-headers").map(|shown| shown.to_str().unwrap());
        assert_eq!(shown, (!is_refused).then_some("ETag"), "{path}");
    }
    for path in ["/hsds", "/hsds/services", "/hsds/taxonomy_terms"] {
        let asks = [("origin", "https://other.example"), ("access-control-request-method", "POST")];
        let allowed = send(&hub, None, "OPTIONS", path, &asks, None).await.expect(204);
        assert_eq!(allowed.headers["access-control-allow-origin"], "*");
        assert!(allowed.headers["access-control-allow-methods"].to_str().unwrap().contains("POST"));
        assert!(allowed.headers["access-control-allow-headers"].to_str().unwrap().contains("Content-Type"));
        assert!(
            !allowed.headers.contains_key("access-control-allow-credentials"),
            "nobody is signed in there"
        );
    }
}

#[actix_web::test]
async fn answers_go_compressed_to_those_who_take_that_and_are_the_same() {
    let (hub, _folder) = directory().await;
    for path in ["/hsds/services?full=true", "/hsds/services?format=ndjson&full=true"] {
        let plain = send(&hub, None, "GET", path, &[], None).await.expect(200);
        assert!(!plain.headers.contains_key("content-encoding"));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let asked = client.get(format!("{}{path}", hub.url)).header("accept-encoding", "gzip");
        let packed = asked.send().await.unwrap();
        let header = |name: &str| {
            packed
                .headers()
                .get_all(name)
                .iter()
                .map(|one| one.to_str().unwrap().to_lowercase())
                .collect::<String>()
        };
        assert_eq!(header("content-encoding"), "gzip", "{path}");
        assert!(
            header("vary").contains("accept-encoding") && header("vary").contains("authorization"),
            "{path}"
        );
        assert_eq!(packed.headers().get("etag"), plain.headers.get("etag"), "{path}");
        let bytes = packed.bytes().await.unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert!(bytes.len() < text.len() / 2, "{path}");
        let same = serde_json::from_str(&text).unwrap_or(Value::String(text));
        assert_eq!(same, plain.body, "{path}");
    }
}

#[actix_web::test]
async fn a_service_entered_here_is_there_too_and_its_organisation_once() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    for (name, visibility) in
        [("Lake clinic", "public"), ("Canary house", "restricted"), ("Advice", "members")]
    {
        let body = json!({ "organisation": org.id, "service": "SV07", "name": name, "description": "x",
            "visibility": visibility });
        listed(&hub, &body).await;
    }
    let listed = get(&hub, "/services").await.expect(200).body;
    assert_eq!(
        (listed["total_items"].as_u64(), &listed["contents"][0]["name"]),
        (Some(1), &json!("Lake clinic"))
    );
    assert_eq!(get(&hub, "/organizations").await.expect(200).body["total_items"], 1);
    assert_eq!(org.get(&hub, "/hsds/services").await.expect(200).body["total_items"], 3);
    let other = hub.org("Lakeside").await;
    assert_eq!(other.get(&hub, "/hsds/services").await.expect(200).body["total_items"], 2);
}

/// Where the standard's description of the API says what `/` answers, and what stands around the objects of a list.
const ABOUT: &str = "/paths/~1/get/responses/200/content/application~1json/schema";
const PAGE: &str = "/components/schemas/Page";

/// A schema that stands within the standard's description of the API. It asks for no member; here all it knows have to be there.
fn described(schemas: &Path, pointer: &str) -> jsonschema::Validator {
    let whole: Value = serde_json::from_slice(&std::fs::read(schemas.join("openapi.json")).unwrap()).unwrap();
    let mut part = whole.pointer(pointer).unwrap().clone();
    part["required"] = part["properties"].as_object().unwrap().keys().cloned().collect();
    jsonschema::options().should_validate_formats(true).build(&part).unwrap()
}

#[test]
fn the_examples_of_the_standard_are_valid() {
    let Some(standard) = shared("data/hsds/spec-3.1") else { return };
    let schemas = standard.join("schema");
    let mut seen = 0;
    for file in std::fs::read_dir(standard.join("examples")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        // Tables are held against the descriptor: `stories::roundtrip`.
        if ["csv", "tabular"].contains(&name) {
            continue;
        }
        seen += 1;
        let document: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        if name == "base" {
            require_valid(&described(&schemas, ABOUT), &document);
            continue;
        }
        let of = name.trim_end_matches("_full").trim_end_matches("_list");
        let judge = validator(&schemas, &format!("{of}.json"));
        match document["contents"].as_array() {
            Some(all) => {
                require_valid(&described(&schemas, PAGE), &document);
                for one in all {
                    require_valid(&judge, one);
                }
            }
            None => require_valid(&judge, &document),
        }
    }
    assert_eq!(seen, 12);
}

/// The objects of an answer that has one on each line.
pub(super) fn lines(body: &Value) -> Vec<Value> {
    match body {
        Value::Null => Vec::new(),
        Value::String(text) => text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => vec![body.clone()],
    }
}

/// Each list, the schema of what is in it, and the forms it comes in.
const LISTS: &[(&str, &str, &[&str])] = &[
    ("/services", "service.json", &["", "full=true"]),
    ("/organizations", "organization.json", &["", "full=true", "full_service=true"]),
    ("/service_at_locations", "service_at_location.json", &["", "full=true"]),
    ("/taxonomies", "taxonomy.json", &[""]),
    ("/taxonomy_terms", "taxonomy_term.json", &[""]),
    ("/agreements", "agreement.json", &["", "full=true"]),
];

#[actix_web::test]
async fn everything_that_is_answered_holds_to_the_standard() {
    let Some(schemas) = shared("data/hsds/spec-3.1/schema") else { return };
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    super::roundtrip::package(folder.path());
    import(&hub, folder.path().into(), "coast").await;
    let org = hub.org("Lakeside").await;
    let merged = with_profile(&hub).await.unwrap();
    require_valid(&described(&schemas, ABOUT), &get(&hub, "").await.expect(200).body);
    let around = described(&schemas, PAGE);
    // Everybody by the standard alone, members by what the profile makes of it.
    for (schemas, asker) in [(schemas.as_path(), None), (merged.path(), Some(&org))] {
        let ask = async |path: String| -> Value {
            let answer = match asker {
                Some(org) => org.get(&hub, &format!("/hsds{path}")).await,
                None => get(&hub, &path).await,
            };
            answer.expect(200).body
        };
        let names: Vec<&str> =
            LISTS.iter().map(|(_, schema, _)| *schema).filter(|name| schemas.join(name).exists()).collect();
        let judge = validator_of_all(schemas, &names);
        assert!(names.iter().all(|name| !judge.is_valid(&json!({ (*name): {} }))));
        for (path, schema, forms) in LISTS {
            // The standard knows no agreements, and nobody but members sees one.
            if !names.contains(schema) {
                assert_eq!(ask((*path).to_owned()).await["empty"], true);
                continue;
            }
            let holds = |document: &Value| {
                let named = [((*schema).to_owned(), document.clone())];
                require_valid(&judge, &named.into_iter().collect());
            };
            for form in *forms {
                let page = ask(format!("{path}?{form}")).await;
                require_valid(&around, &page);
                assert_ne!(page["size"], 0, "{path}");
                let all = page["contents"].as_array().unwrap();
                assert_eq!(lines(&ask(format!("{path}?{form}&format=ndjson")).await), *all, "{path} {form}");
                for document in all {
                    holds(document);
                    let one = format!("{path}/{}", document["id"].as_str().unwrap());
                    if form.is_empty() || *form == "full_service=true" {
                        holds(&ask(format!("{one}?{form}")).await);
                    }
                }
            }
        }
        // The standard's schema of a service asks for more than ids and days.
        let minimal = ask(String::from("/services?minimal=true")).await;
        require_valid(&around, &minimal);
        for one in minimal["contents"].as_array().unwrap() {
            let moment = one["modified_date"].as_str().unwrap();
            assert!(chrono::DateTime::parse_from_rfc3339(moment).is_ok(), "{one}");
            assert!(uuid::Uuid::try_parse(one["id"].as_str().unwrap()).is_ok(), "{one}");
            assert_eq!(*one, json!({ "id": one["id"], "modified_date": moment, "last_modified": moment }));
        }
    }
}

#[actix_web::test]
async fn what_the_profile_adds_to_rows_is_told_where_it_stands() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    super::roundtrip::package(folder.path());
    import(&hub, folder.path().into(), "coast").await;
    let page = get(&hub, "/services?full=true").await.expect(200).body;
    let advice = page["contents"].as_array().unwrap().iter().find(|one| one["name"] == "Asylum advice");
    let advice = advice.unwrap();
    for (path, says) in [
        ("/delivery_modes", "in_person, home_visit"),
        ("/is_mobile", "yes"),
        ("/who_can_refer", "self, professional"),
        ("/response_time_code", "one_day"),
        ("/organization/acronym", "KMFX"),
        ("/organization/org_type", "22"),
        ("/organization/is_informal", "no"),
        ("/phones/0/channel", "voice, sms"),
        ("/phones/0/24h", "yes"),
        ("/languages/0/via_interpreter", "yes"),
        ("/languages/1/sign_language", "yes"),
        ("/cost_options/0/payer", "fund"),
        ("/cost_options/0/financing_note", "Of the coast"),
        ("/required_documents/0/alternative_accepted", "yes"),
        ("/required_documents/0/waivable", "no"),
        ("/capacities/0/population_term/name", "Dentist"),
    ] {
        assert_eq!(advice.pointer(path), Some(&json!(says)), "{path}: {advice:#}");
    }
    let capacity = &advice["capacities"][0];
    assert_eq!(capacity["population_term"]["id"], capacity["population_term_id"]);
    let named = get(&hub, "/organizations?search=kmfx").await.expect(200).body;
    assert_eq!(named["total_items"], 1, "an organisation is found by its acronym");
}

#[actix_web::test]
async fn a_word_that_is_not_of_a_column_s_list_is_kept_and_told_by_nothing() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("organization", "id,name,org_type", format!("{ORGANISATION},Harbour Aid,A big one\n")),
        (
            "service",
            "id,organization_id,name,status,who_can_refer,is_mobile",
            format!("{CLINIC},{ORGANISATION},Clinic,active,\"self, friends\",yes\n"),
        ),
        ("location", "id,location_type,plus_code", format!("{HARBOUR},physical,by the quay\n")),
        ("service_at_location", "id,service_id,location_id", format!("at1,{CLINIC},{HARBOUR}\n")),
    ];
    write_package(folder.path(), files);
    let report = import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    assert_eq!((report.refused, report.warned), (0, 3), "{:#?}", report.problems);
    for (table, column) in
        [("organization", "org_type"), ("service", "who_can_refer"), ("location", "plus_code")]
    {
        let is_named = report.problems.iter().any(|problem| {
            (problem.code, problem.table.as_str(), problem.column.as_deref())
                == ("not_shown", table, Some(column))
        });
        assert!(is_named, "{table}.{column}: {:#?}", report.problems);
    }
    let whole = get(&hub, &format!("/services/{CLINIC}")).await.expect(200).body;
    assert_eq!((whole.get("who_can_refer"), &whole["is_mobile"]), (None, &json!("yes")));
    let text = whole.to_string();
    for untold in ["A big one", "friends", "by the quay"] {
        assert!(!text.contains(untold), "{untold}: {text}");
    }
    // What came goes out again, and the descriptor does not say that it is of the list.
    let out = tempfile::tempdir().unwrap();
    let into = out.path().to_owned();
    let export = move |db: &mut throughline::storage::Db<'_>| {
        directory::export(db, &throughline::access::Actor::operator(), "coast", into.as_path())
    };
    hub.hub.read::<_, directory::DirectoryError>(export).await.unwrap();
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    assert!(read("organization.csv").contains("A big one") && read("service.csv").contains("self, friends"));
    let described: Value = serde_json::from_str(&read("datapackage.json")).unwrap();
    let of = |table: &str, column: &str| -> Value {
        let resource = described["resources"].as_array().unwrap().iter().find(|one| one["name"] == table);
        let fields = resource.unwrap()["schema"]["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == column).unwrap()["constraints"]["enum"].clone()
    };
    assert_eq!(of("organization", "org_type"), Value::Null);
    assert_eq!(of("service", "is_mobile"), json!(["yes", "no"]));
}

#[actix_web::test]
async fn the_profile_merges_into_the_standard_and_describes_what_is_answered() {
    let hub = TestHub::new();
    let about = get(&hub, "").await.expect(200).body;
    assert_eq!(about["profile"], "http://hub.test/hsds/profile");
    let index = get(&hub, "/profile").await.expect(200).body;
    get(&hub, "/profile/secrets.json").await.expect(404);
    assert!(index["files"].as_array().unwrap().len() >= 10);
    let Some(merged) = with_profile(&hub).await else { return };
    for file in std::fs::read_dir(merged.path()).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let whole: Value =
            serde_json::from_slice(&std::fs::read(merged.path().join(&name)).unwrap()).unwrap();
        // What describes the API is no schema.
        if whole.get("openapi").is_some() {
            continue;
        }
        let draft = whole.get("$schema");
        assert!(draft.is_none_or(|draft| draft == "https://json-schema.org/draft/2020-12/schema"), "{name}");
        jsonschema::meta::validate(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let folder = tempfile::tempdir().unwrap();
    super::eligibility::package(folder.path());
    import(&hub, folder.path().into(), "coast").await;
    let judge = validator(merged.path(), "service.json");
    let page = get(&hub, "/services?full=true").await.expect(200).body;
    let mut rules = 0;
    for document in page["contents"].as_array().unwrap() {
        require_valid(&judge, document);
        assert_eq!((&document["verification"], document.get("verify_by")), (&json!("unverified"), None));
        rules += document["eligibility_rules"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(rules, 7);
    let mut broken = page["contents"][0].clone();
    broken["eligibility_rules"][0]["operator"] = json!("about");
    assert!(!judge.is_valid(&broken), "the profile is looked at");
}

#[actix_web::test]
async fn what_rules_say_is_told_to_who_knows_no_rules_and_what_a_source_gives_stands() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    super::eligibility::package(folder.path());
    import(&hub, folder.path().into(), "coast").await;
    let row = |number: u8| format!("22222222-2222-4222-8222-22222222222{number}");
    let ages =
        |document: &Value| (document.get("minimum_age").cloned(), document.get("maximum_age").cloned());
    for whole in [true, false] {
        let page = get(&hub, &format!("/services?full={whole}")).await.expect(200).body;
        let of = |number: u8| {
            let all = page["contents"].as_array().unwrap().iter();
            all.clone().find(|one| one["id"] == json!(row(number))).unwrap().clone()
        };
        let women = of(1);
        assert_eq!(ages(&women), (None, Some(json!(29))), "{women}");
        let said = women["eligibility_description"].as_str().unwrap();
        assert!(said.starts_with("Takes: ") && !said.contains("Does not take"), "{said}");
        for part in ["women and girls", "victims of trafficking", "up to 29 years"] {
            assert!(said.contains(part), "{said}");
        }
        let boys = of(2);
        assert_eq!(ages(&boys), (Some(json!(12)), Some(json!(17))), "as they are given");
        assert_eq!(boys["eligibility_description"], "Takes: men and boys");
        let clinic = of(3);
        assert_eq!(ages(&clinic), (None, None));
        assert!(
            clinic["eligibility_description"]
                .as_str()
                .unwrap()
                .starts_with("Takes: everybody\nTakes first: ")
        );
        assert_eq!(of(4)["eligibility_description"], "by appointment", "as it is given");
    }
    let french = get(&hub, &format!("/services/{}?lang=fr", row(2))).await.expect(200).body;
    assert_eq!(french["eligibility_description"], "Accueille: hommes et garçons");
    assert_eq!(french["texts"]["eligibility_description"], json!({ "language": "fr", "fallback": false }));
    let mixed = get(&hub, &format!("/services/{}?lang=fr", row(1))).await.expect(200).body;
    assert_eq!(
        mixed["texts"]["eligibility_description"],
        json!({ "fallback": true }),
        "a part has no French"
    );

    // What is made is no column of the source: the package gives what came, and comes in again as it was.
    let (out, plain) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (into, plainly) = (out.path().to_owned(), plain.path().to_owned());
    let export = move |db: &mut throughline::storage::Db<'_>| {
        let operator = throughline::access::Actor::operator();
        directory::export(db, &operator, "coast", into.as_path())?;
        directory::export_plain(db, &operator, "coast", plainly.as_path())
    };
    hub.hub.read::<_, directory::DirectoryError>(export).await.unwrap();
    let services = std::fs::read_to_string(out.path().join("service.csv")).unwrap();
    assert!(!services.contains("women and girls") && !services.contains("29"), "{services}");
    for from in [folder.path(), out.path()] {
        let report = import_package(&hub, from.to_owned(), ("coast", Visibility::Public)).await;
        let different: u64 = report.tables.iter().map(|table| table.new + table.changed).sum();
        assert_eq!(different, 0, "{:?}", report.tables);
    }
    let mut reader = csv::Reader::from_path(plain.path().join("service.csv")).unwrap();
    let rows: Vec<std::collections::BTreeMap<String, String>> =
        reader.deserialize().map(Result::unwrap).collect();
    let women = rows.iter().find(|one| one["id"] == row(1)).unwrap();
    assert_eq!((women["minimum_age"].as_str(), women["maximum_age"].as_str()), ("", "29"));
    let boys = rows.iter().find(|one| one["id"] == row(2)).unwrap();
    assert_eq!((boys["minimum_age"].as_str(), boys["maximum_age"].as_str()), ("12", "17"));
}

#[actix_web::test]
async fn the_description_of_the_standard_with_the_profile_is_valid_and_says_what_can_be_asked() {
    let hub = TestHub::new();
    let Some(merged) = with_profile(&hub).await else { return };
    let text = std::fs::read(merged.path().join("openapi.json")).unwrap();
    let mut merged: Value = serde_json::from_slice(&text).unwrap();
    let (described, mut calls) = (serde_json::to_value(openapi()).unwrap(), 0);
    for (path, methods) in described["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/hsds").filter(|path| path.starts_with('/')) else { continue };
        if path.starts_with("/profile") {
            continue;
        }
        for (method, call) in methods.as_object().unwrap() {
            let there = &merged["paths"][path][method];
            let names = |call: &Value| -> Vec<String> {
                let parameters = call["parameters"].as_array().into_iter().flatten();
                parameters.map(|parameter| parameter["name"].to_string()).collect()
            };
            assert_eq!(names(there), names(call), "{method} {path}");
            assert_eq!(there["requestBody"], call["requestBody"], "{method} {path}");
            assert!(there["responses"]["200"]["description"].is_string(), "{method} {path}");
            calls += 1;
        }
    }
    assert_eq!(calls, 18);
    let answer = "/paths/~1services/get/responses/200/content/application~1json/schema/properties/contents";
    assert!(merged.pointer(answer).is_some(), "what is answered is as the standard has it");
    // What the standard refers to elsewhere is judged by its schemas, as they are here.
    forget_elsewhere(&mut merged);
    if let Some(found) = faults(&merged) {
        assert_eq!(found, "");
    }
}

fn forget_elsewhere(within: &mut Value) {
    if within["$ref"].as_str().is_some_and(|named| named.starts_with("https://")) {
        *within = json!({ "type": "object" });
    }
    match within {
        Value::Object(members) => members.values_mut().for_each(forget_elsewhere),
        Value::Array(items) => items.iter_mut().for_each(forget_elsewhere),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schemas of the standard with the profile merged into them, when they are here.
pub(super) async fn with_profile(hub: &TestHub) -> Option<tempfile::TempDir> {
    let standard = shared("data/hsds/spec-3.1/schema")?;
    let merged = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(&standard).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, merged.path().join(path.file_name().unwrap())).unwrap();
    }
    for file in get(hub, "/profile").await.expect(200).body["files"].as_array().unwrap() {
        let name = file.as_str().unwrap().rsplit('/').next().unwrap();
        let patch = get(hub, &format!("/profile/{name}")).await.expect(200).body;
        let file = merged.path().join(name);
        let mut whole: Value =
            std::fs::read(&file).map_or(json!({}), |bytes| serde_json::from_slice(&bytes).unwrap());
        merge(&mut whole, &patch);
        std::fs::write(&file, whole.to_string()).unwrap();
    }
    Some(merged)
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let target = target.as_object_mut().unwrap();
    for (member, value) in patch {
        if value.is_null() {
            target.remove(member);
        } else {
            merge(target.entry(member).or_insert(Value::Null), value);
        }
    }
}

/// What a service may come to that is offered at some hundreds of places, in bytes: what a telephone loads without anybody waiting.
const DOCUMENT_MAX: usize = 1024 * 1024;

/// The service that is offered at most places.
fn largest_service(folder: &Path) -> String {
    let text = std::fs::read_to_string(folder.join("service_at_location.csv")).unwrap();
    let column = text.lines().next().unwrap().split(',').position(|name| name == "service_id").unwrap();
    let mut places = std::collections::BTreeMap::<&str, usize>::new();
    for line in text.lines().skip(1) {
        *places.entry(line.split(',').nth(column).unwrap()).or_default() += 1;
    }
    places.into_iter().max_by_key(|(_, count)| *count).unwrap().0.to_owned()
}

#[actix_web::test]
async fn a_real_directory_is_walked_page_by_page_and_line_by_line() {
    let (Some(folder), Some(schemas)) = (shared("data/hsds/laalaa"), shared("data/hsds/spec-3.1/schema"))
    else {
        return;
    };
    let hub = TestHub::new();
    import(&hub, folder.clone(), "laalaa").await;
    let judge = validator(&schemas, "service.json");
    let mut seen = std::collections::BTreeSet::new();
    let pages = get(&hub, "/services?per_page=100").await.expect(200).body["total_pages"].as_u64().unwrap();
    assert_eq!(pages, 44);
    for page in 1..=pages {
        let listed = get(&hub, &format!("/services?per_page=100&page={page}")).await.expect(200).body;
        for id in ids(&listed) {
            assert!(seen.insert(id.to_owned()), "{id} twice");
        }
        if page == 7 {
            // Somebody adds to it meanwhile.
            let folder = tempfile::tempdir().unwrap();
            package(folder.path());
            import(&hub, folder.path().into(), "coast").await;
        }
    }
    assert_eq!(
        seen.len(),
        4_385 - 2 + usize::from(seen.contains(CLINIC)) + usize::from(seen.contains(SHELTER))
    );
    let lines = get(&hub, "/services?format=ndjson").await.expect(200);
    assert_eq!(lines.headers["content-type"], "application/x-ndjson");
    let text = lines.body.as_str().unwrap();
    assert_eq!(text.lines().count(), 4_385);
    let mut most = 0;
    for page in [1, 20, 44] {
        let listed =
            get(&hub, &format!("/services?full=true&per_page=50&page={page}")).await.expect(200).body;
        for service in listed["contents"].as_array().unwrap() {
            require_valid(&judge, service);
            most = most.max(service["service_at_locations"].as_array().map_or(0, Vec::len));
        }
    }
    assert!(most > 1, "{most}");
    let largest = largest_service(&folder);
    let whole = get(&hub, &format!("/services/{largest}")).await.expect(200).body;
    assert_eq!(whole["service_at_locations"].as_array().unwrap().len(), 367);
    let bytes = whole.to_string().len();
    assert!(bytes < DOCUMENT_MAX, "{bytes}");
    require_valid(&judge, &whole);
    let places = get(&hub, "/service_at_locations?per_page=1").await.expect(200).body;
    assert_eq!(places["total_items"], 8_652);
    let organizations = get(&hub, "/organizations?per_page=1").await.expect(200).body;
    assert_eq!(organizations["total_items"], 2_487, "24 of them offer nothing");
}
