//! What everybody reads of the directory over HTTP: points on a map, who does what where, and a page to print.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Value, json};
use throughline::directory::Visibility;

use crate::support::{
    Response, TestHub, available, import_package,
    process::Machine,
    restrict, send,
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
