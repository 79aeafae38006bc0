//! What everybody reads of the directory over HTTP: points on a map, who does what where, and a page to print.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use throughline::directory::{self, Availability, Intake, SetAvailability, Visibility};

use super::areas::{AREAS, take_areas};
use crate::support::{
    Response, TestHub, as_keeper, available, import_package,
    process::Machine,
    restrict, send, service_of_row,
    tools::{installed, pip},
    write_package,
};

/// More than one portion holds.
const PLACES: usize = 450;

/// Codes of terms that services bear in turn: sectors, an area of one, a service of the policy, something else, nothing.
const CODES: [&str; 6] = ["HEA", "PRO", "PRO-HTS", "SV05", "XX", ""];

const HIDDEN: &str = "22222222-2222-4222-8222-222222222222";

fn package(folder: &Path) {
    let mut files: BTreeMap<&str, String> = [
        ("organization", "id,name,legal_status\no1,Harbour Aid,NGO\n"),
        ("taxonomy_term", "id,name,code\n"),
        ("service", "id,organization_id,name,status\n"),
        ("location", "id,location_type,latitude,longitude,external_identifier,external_identifier_type\n"),
        ("service_at_location", "id,service_id,location_id\n"),
        ("address", "id,location_id,address_1,city,state_province,country,address_type\n"),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id\n"),
    ]
    .map(|(table, head)| (table, head.to_owned()))
    .into();
    let mut add = |table: &str, row: String| files.get_mut(table).unwrap().extend([row.as_str(), "\n"]);
    for (at, code) in CODES.into_iter().enumerate().filter(|(_, code)| !code.is_empty()) {
        add("taxonomy_term", format!("t{at},Term {at},{code}"));
    }
    for at in 0..PLACES {
        let town = if at % 2 == 0 { "Port" } else { "Lusaka" };
        add("service", format!("s{at},o1,Service {at},active"));
        add("location", format!("l{at},physical,-15.4,28.3,ZM{at:04},P-CODE"));
        add("service_at_location", format!("p{at},s{at},l{at}"));
        add("address", format!("a{at},l{at},Quay {at},{town},Coast,ZM,physical"));
        if !CODES[at % CODES.len()].is_empty() {
            add("attribute", format!("x{at},s{at},service,t{}", at % CODES.len()));
        }
    }
    add("service", format!("{HIDDEN},o1,Canary shelter,active"));
    add("location", String::from("lh,physical,-15.5,28.4,,"));
    add("service_at_location", format!("ph,{HIDDEN},lh"));
    add("address", String::from("ah,lh,Canary street,Port,Coast,ZM,physical"));
    add("attribute", format!("xh,{HIDDEN},service,t0"));
    let tables = files.iter().map(|(table, text)| {
        let (columns, rows) = text.split_once('\n').unwrap();
        (*table, columns, rows.to_owned())
    });
    write_package(folder, tables);
}

async fn directory() -> TestHub {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    restrict(&hub, HIDDEN).await;
    hub
}

async fn get(hub: &TestHub, path: &str) -> Response {
    send(hub, None, "GET", &format!("/api/v1/directory/{path}"), &[], None).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers[name].to_str().unwrap()
}

async fn text(hub: &TestHub, path: &str) -> String {
    let body = get(hub, path).await.expect(200).body;
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    assert!(!text.contains("Canary") && !text.contains(HIDDEN) && !text.contains("-15.5"), "{path}");
    text
}

/// The rows below the hashtags, by hashtag.
fn rows(table: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    let mut records = reader.records().map(Result::unwrap);
    let (_names, tags) = (records.next().unwrap(), records.next().unwrap());
    records.map(|row| tags.iter().map(str::to_owned).zip(row.iter().map(str::to_owned)).collect()).collect()
}

#[actix_web::test]
async fn everybody_reads_the_public_directory_as_points_as_a_table_and_on_paper() {
    let hub = directory().await;
    let points = get(&hub, "places.geojson").await.expect(200);
    assert_eq!(header(&points, "content-type"), "application/geo+json");
    assert_eq!(header(&points, "content-disposition"), "attachment; filename=\"places.geojson\"");
    let points: Value = serde_json::from_str(&text(&hub, "places.geojson").await).unwrap();
    assert_eq!(points["features"].as_array().unwrap().len(), PLACES, "each once, over all portions");
    let table = get(&hub, "3w.csv").await.expect(200);
    assert_eq!(header(&table, "content-type"), "text/csv; charset=utf-8");
    assert_eq!(rows(&text(&hub, "3w.csv").await).len(), PLACES);

    let page = get(&hub, "page.html?area=lusaka").await.expect(200);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    let policy = header(&page, "content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
    let page = text(&hub, "page.html?area=lusaka").await;
    assert_eq!(page.matches("<article>").count(), PLACES / 2);
    assert!(page.ends_with("</body></html>\n"));
    let unknown = get(&hub, "3w.csv?somewhere=else").await;
    assert_eq!(header(&unknown.expect(400), "content-type"), "application/problem+json");
}

#[actix_web::test]
async fn the_table_of_who_does_what_where_counts_what_is_there_and_a_sector_by_itself() {
    let hub = directory().await;
    let table = text(&hub, "3w.csv").await;
    let tags: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
    // A hashtag, then attributes, each in small letters: what an HXL reader takes for one.
    let is_tag = |tag: &&str| {
        let mut parts = tag.strip_prefix('#').unwrap_or_default().split('+');
        parts.all(|part| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    assert!(tags.iter().all(is_tag), "{tags:?}");
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for row in rows(&table) {
        assert!(row["#loc+code"].starts_with("ZM") && row["#org+type"] == "NGO", "{row:?}");
        *counted.entry(row["#sector+code+list"].clone()).or_default() += 1;
    }
    let each = PLACES / CODES.len();
    let expected = [("", 2 * each), ("HEA", each), ("PRO", each), ("PRO-HTS", each), ("WSH", each)];
    assert_eq!(counted, expected.map(|(code, count)| (code.to_owned(), count)).into());
    for (asked, count) in [
        ("sector=PRO", each),
        ("sector=pro-hts", each),
        ("sector=PRO&sector_mode=descendants", 2 * each),
        ("sector=WSH&area=Port", 0),
        ("sector=WSH&area=LUSAKA", each),
        ("sector=EDU", 0),
    ] {
        assert_eq!(rows(&text(&hub, &format!("3w.csv?{asked}")).await).len(), count, "{asked}");
    }
    let refused = get(&hub, "3w.csv?sector=PROT").await.expect(400);
    assert_eq!(refused.code(), "directory.unknown_sector");
}

#[actix_web::test]
async fn the_library_of_hxl_reads_and_validates_the_table_of_who_does_what_where() {
    let files = ["requirements.txt", "read.py"];
    let installed = installed(Path::new("tests/it/stories/hxl"), &files, &pip);
    let Some(reader) = available("the library of HXL (libhxl)", installed) else { return };
    let hub = directory().await;
    let folder = tempfile::tempdir().unwrap();
    let table = folder.path().join("3w.csv");
    std::fs::write(&table, text(&hub, "3w.csv").await).unwrap();
    let read = std::process::Command::new(reader.join("venv/bin/python"))
        .arg(reader.join("read.py"))
        .arg(&table)
        .output()
        .unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!((&read["is_valid"], &read["issues"]), (&json!(true), &json!([])));
    let tags: Vec<&str> = read["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
    assert!(tags.len() > 5 && tags.iter().all(|tag| tag.starts_with('#')), "{tags:?}");
    assert_eq!(read["rows"], json!(PLACES));
    let each = PLACES / CODES.len();
    let sectors = json!([["", 2 * each], ["HEA", each], ["PRO", each], ["PRO-HTS", each], ["WSH", each]]);
    assert_eq!(read["sectors"], sectors);
}

const HOUSE: &str = "33333333-3333-4333-8333-333333333333";

/// The term for a national organisation that is none of a government.
const NATIONAL: &str = "63d2ccb8-b326-576a-aa4e-9528a394a0e9";

/// A house in a district and an office in a province, by their codes, and a place that is kept secret.
fn in_areas(folder: &Path) {
    let rules = format!(
        "e1,{HOUSE},,1,sex,in,female,required\n\
         e2,{HOUSE},,2,population,in,\"pg04,PG01.presumed\",required\n\
         e3,{HOUSE},,3,population,in,PG03,excluded\n\
         e4,{HOUSE},,4,population,in,PG10,priority\n\
         e5,,p1,1,population,in,PG14,required\n\
         e6,s3,,1,population,in,PG01,required\n"
    );
    let tables = [
        (
            "organization",
            "id,name,alternate_name,legal_status",
            String::from("o1,Harbour Aid,HAid,NGO\no2,Hill Aid,Help on the Hill,\n"),
        ),
        (
            "service",
            "id,organization_id,name,status",
            format!("{HOUSE},o1,House,active\ns2,o2,Office,active\ns3,o1,Canary shelter,active\n"),
        ),
        ("taxonomy_term", "id,name", format!("{NATIONAL},National NGO\n")),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", format!("x1,o1,organization,{NATIONAL}\n")),
        (
            "location",
            "id,location_type,name,admin_area,external_identifier,external_identifier_type,confidential",
            String::from(
                "l1,physical,Quay,ZM109012,,,\nl2,physical,Hill,,ZM105,P-CODE,\n\
                 l3,physical,Canary cellar,ZM109012,,,yes\n",
            ),
        ),
        ("service_at_location", "id,service_id,location_id", format!("p1,{HOUSE},l1\np2,s2,l2\np3,s3,l3\n")),
        (
            "address",
            "id,location_id,city,state_province,country,address_type",
            String::from(
                "a1,l1,Port,Southland,ZM,physical\na2,l2,Town,,ZM,physical\na3,l3,Port,,ZM,physical\n",
            ),
        ),
        (
            "eligibility_rule",
            "id,service_id,service_at_location_id,group_no,attribute,operator,values,kind",
            rules,
        ),
    ];
    write_package(folder, tables);
}

async fn directory_in_areas() -> TestHub {
    let hub = TestHub::new();
    take_areas(&hub, AREAS).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    in_areas(folder.path());
    let report = import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    assert_eq!((report.refused, report.warned), (0, 0), "{:?}", report.problems);
    hub
}

/// Cells of the row of a service.
fn cells(table: &str, service: &str, tags: &[&str]) -> Vec<String> {
    let row = rows(table).into_iter().find(|row| row["#service+name"] == service).unwrap();
    tags.iter().map(|tag| row[*tag].clone()).collect()
}

#[actix_web::test]
async fn the_table_says_areas_by_code_population_groups_and_of_which_day_it_is() {
    let hub = directory_in_areas().await;
    let table = text(&hub, "3w.csv").await;
    assert_eq!(rows(&table).len(), 2, "{table}");
    let of = ["#org+acronym+prov", "#org+type", "#org+type+code", "#country+code", "#beneficiary+type"];
    assert_eq!(cells(&table, "House", &of), ["HAid", "NGO", "22", "ZM", "PG01.presumed|PG04|PG14"]);
    assert_eq!(cells(&table, "Office", &of), ["", "", "", "ZM", ""], "another name is no acronym");
    let of = ["#adm1+code", "#adm1+name", "#adm2+code", "#adm2+name", "#loc+code"];
    let house = ["ZM109", "Southland", "ZM109012", "Siavonga", "ZM109012"];
    assert_eq!(cells(&table, "House", &of), house, "the provider's own name of the province stays");
    assert_eq!(cells(&table, "Office", &of), ["ZM105", "Lusaka", "", "", "ZM105"]);
    let today = hub.now().datetime().date_naive().to_string();
    assert_eq!(cells(&table, "House", &["#date+start", "#date+end"]), [today.clone(), today]);

    // Codes are those of what is there today.
    let moved = "country,level,code,name,parent,valid_to,replaced_by\n\
        ZM,0,ZM,Zambia,,,\n\
        ZM,1,ZM109,Southern,ZM,,\n\
        ZM,2,ZM109012,Siavonga,ZM109,2020-01-01,ZM109013\n\
        ZM,2,ZM109013,Lakeside,ZM109,,\n";
    take_areas(&hub, moved).await.unwrap();
    let table = text(&hub, "3w.csv").await;
    assert_eq!(cells(&table, "House", &["#adm2+code", "#adm2+name"]), ["ZM109013", "Lakeside"]);
    assert_eq!(rows(&text(&hub, "3w.csv?area=ZM109013").await).len(), 1);
    assert_eq!(rows(&text(&hub, "3w.csv?area=ZM109012").await).len(), 0);
}

#[actix_web::test]
async fn an_area_is_asked_for_by_what_the_address_says_and_by_the_code_or_name_of_what_the_place_lies_in() {
    let hub = directory_in_areas().await;
    for (area, services) in [
        ("ZM", &["House", "Office"][..]),
        ("zambia", &["House", "Office"]),
        ("ZM109", &["House"]),
        ("zm109012", &["House"]),
        ("ZM/2/ZM109012", &["House"]),
        ("Siavonga", &["House"]),
        ("m%C3%A9ridionale", &["House"]),
        ("Southland", &["House"]),
        ("port", &["House"]),
        ("ZM105", &["Office"]),
        ("ZM777", &[]),
    ] {
        let table = text(&hub, &format!("3w.csv?area={area}")).await;
        let mut named: Vec<String> =
            rows(&table).into_iter().map(|row| row["#service+name"].clone()).collect();
        named.sort();
        assert_eq!(named, services, "{area}");
        let page = text(&hub, &format!("page.html?area={area}")).await;
        assert_eq!(page.matches("<article>").count(), services.len(), "{area}");
    }
}

#[actix_web::test]
async fn the_table_says_whether_people_are_taken_until_that_runs_out_and_never_in_words() {
    let hub = directory_in_areas().await;
    let of = ["#status+capacity", "#capacity+num+avail"];
    assert_eq!(cells(&text(&hub, "3w.csv").await, "House", &of), ["", ""], "nobody said");
    let said = Intake {
        availability: Availability::Waitlist,
        note: Some("Canary words for members".parse().unwrap()),
        places: Some(4),
        valid_until: None,
    };
    let command = SetAvailability { service: service_of_row(HOUSE), version: 1, said };
    let settings = hub.hub.settings().directory.clone();
    as_keeper(&hub, "directory.set_availability", move |tx| {
        directory::set_availability(tx, &command, &settings).map(drop)
    })
    .await
    .unwrap();
    assert_eq!(cells(&text(&hub, "3w.csv").await, "House", &of), ["waitlist", "4"]);
    assert_eq!(cells(&text(&hub, "3w.csv").await, "Office", &of), ["", ""]);
    hub.clock.advance(chrono::TimeDelta::days(31));
    assert_eq!(cells(&text(&hub, "3w.csv").await, "House", &of), ["", ""], "it ran out");
}

/// A service of a town whose rules have hardly any words, and one of which nothing is said.
fn ruled(folder: &Path) {
    let rule = |number: u8, rest: &str| format!("99999999-9999-4999-8999-9999999990{number:02},{rest}\n");
    let rules = [
        rule(1, "s1,,1,sex,in,female,required,"),
        rule(2, "s1,,1,age_months,between,\"216,\",required,"),
        rule(3, "s1,,2,population,in,PG04,required,"),
        rule(4, "s1,,1,migration_status,in,asylum_seeker,excluded,Whoever <b>asked</b> for asylum"),
        rule(5, "s1,,1,health,in,trauma,priority,"),
        rule(6, ",p1,1,sex,in,male,required,"),
        rule(7, ",p3,1,sex,in,male,required,Canary men"),
    ];
    let tables = [
        ("organization", "id,name", String::from("o1,Harbour Aid\n")),
        (
            "service",
            "id,organization_id,name,status,minimum_age,who_can_refer",
            String::from(
                "s1,o1,House,active,,\"professional,self\"\ns2,o1,Office,active,,friends\ns3,o1,School,active,6,\n",
            ),
        ),
        (
            "language",
            "id,service_id,name,via_interpreter,sign_language",
            String::from("la1,s1,Tigrinya,yes,\nla2,s1,,no,yes\nla3,s1,,yes,\n"),
        ),
        (
            "location",
            "id,location_type,name,confidential",
            String::from("l1,physical,Quay,\nl2,physical,Hill,\nl3,physical,Canary cellar,yes\n"),
        ),
        (
            "service_at_location",
            "id,service_id,location_id",
            String::from("p1,s1,l1\np2,s2,l2\np3,s1,l3\np4,s3,l2\n"),
        ),
        (
            "address",
            "id,location_id,city,country,address_type",
            String::from("a1,l1,Port,ZM,physical\na2,l2,Port,ZM,physical\na3,l3,Canary,ZM,physical\n"),
        ),
        (
            "eligibility_rule",
            "id,service_id,service_at_location_id,group_no,attribute,operator,values,kind,text",
            rules.concat(),
        ),
    ];
    write_package(folder, tables);
}

#[actix_web::test]
async fn paper_says_whom_a_service_takes_and_whom_it_does_not() {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    ruled(folder.path());
    import_package(&hub, folder.path().into(), ("coast", Visibility::Public)).await;
    let page = text(&hub, "page.html").await;
    let entry = |page: &str, name: &str| {
        let name = format!("<bdi>{name}</bdi>");
        page.split("<article>").find(|entry| entry.contains(&name)).unwrap().to_owned()
    };
    let house = entry(&page, "House");
    for said in [
        "Takes: <bdi>women and girls</bdi>, and <bdi>18 years or older</bdi>; or <bdi>Unaccompanied child</bdi>. ",
        "Does not take: <bdi>Whoever &lt;b&gt;asked&lt;/b&gt; for asylum</bdi>. ",
        "Takes first: <bdi>health: trauma</bdi></p>",
        "<bdi>Quay</bdi> · Takes: <bdi>men and boys</bdi></p>",
    ] {
        assert!(house.contains(said), "{said}: {house}");
    }
    assert!(!entry(&page, "Office").contains("Takes"), "nothing is made up: {page}");
    assert!(entry(&page, "School").contains("Takes: <bdi>6 years or older</bdi></p>"), "{page}");
    let french = entry(&text(&hub, "page.html?lang=fr").await, "House");
    assert!(
        french.contains("Accueille: <bdi>femmes et filles</bdi>, et <bdi>18 ans ou plus</bdi>"),
        "{french}"
    );
    assert!(french.contains("N’accueille pas: <bdi>Whoever"), "{french}");

    // And who can refer, and how people are understood there.
    for said in [
        "<p>Languages: sign language, <bdi>Tigrinya</bdi> (through an interpreter)</p>",
        "<p>Who can refer: the person, professionals</p>",
    ] {
        assert!(house.contains(said), "{said}: {house}");
    }
    assert!(french.contains("Qui peut orienter: la personne elle-même, des professionnels"), "{french}");
    assert!(
        !entry(&page, "Office").contains("Who can refer"),
        "what is no word of the list says nothing: {page}"
    );
}

#[tokio::test]
async fn a_form_that_takes_no_notice_of_an_option_refuses_it() {
    let machine = Machine::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path());
    machine
        .run(&format!(
            "directory import {} --source coast --visibility public --yes",
            folder.path().display()
        ))
        .expect(0);
    let to = folder.path().join("out").display().to_string();
    for (form, option) in [
        ("hsds", "--lang fr"),
        ("3w", "--lang fr"),
        ("geojson", "--lang fr"),
        ("plain", "--area Port"),
        ("ndjson", "--sector HEA"),
    ] {
        let refused = machine.run(&format!("directory export coast {to} --as {form} {option}")).expect(65);
        refused.expect_code("cli.argument");
        assert!(!Path::new(&to).exists(), "{form} {option}");
    }
    machine.run(&format!("directory export coast {to} --as print --area Port --lang fr")).expect(0);
    assert!(std::fs::read_to_string(&to).unwrap().contains("Répertoire"));
}
