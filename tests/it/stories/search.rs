//! People find services by words with mistakes in them, and near a place; and what is hidden is not even counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use throughline::{
    access::Actor,
    directory::{
        self, Outcome, Visibility,
        fold::fold,
        search::{self, Around, Results, Search},
    },
    kernel::page::{Asked, Cursor},
    storage::Db,
};

use super::hsds::shared;
use crate::support::{
    Org, Response, TestHub, import_package, restrict, send, service_of_row, verify, write_package,
};

const ORGANISATION: &str = "11111111-1111-4111-8111-111111111111";

/// A service of a package.
#[derive(Clone, Default)]
struct Entry {
    name: String,
    alternate: String,
    description: String,
    label: String,
    places: Vec<(f64, f64)>,
}

fn entry(name: &str) -> Entry {
    Entry { name: name.to_owned(), ..Entry::default() }
}

fn uuid(kind: u32, number: usize) -> String {
    format!("{kind:08}-0000-4000-8000-{number:012}")
}

fn id(number: usize) -> String {
    format!("svc_{}", uuid(2, number).replace('-', ""))
}

fn package(folder: &Path, entries: &[Entry]) {
    let (mut services, mut terms, mut attributes) = (String::new(), String::new(), String::new());
    let (mut locations, mut places) = (String::new(), String::new());
    for (number, entry) in entries.iter().enumerate() {
        let service = uuid(2, number);
        let Entry { name, alternate, description, label, .. } = entry;
        writeln!(services, "{service},{ORGANISATION},\"{name}\",\"{alternate}\",\"{description}\",active")
            .unwrap();
        if !label.is_empty() {
            writeln!(terms, "{},{label},t1", uuid(4, number)).unwrap();
            writeln!(attributes, "x{number},{service},service,{}", uuid(4, number)).unwrap();
        }
        for (place, (latitude, longitude)) in entry.places.iter().enumerate() {
            let number = number * 100 + place;
            writeln!(locations, "{},physical,{latitude},{longitude}", uuid(3, number)).unwrap();
            writeln!(places, "{},{service},{}", uuid(5, number), uuid(3, number)).unwrap();
        }
    }
    let files = [
        ("organization", "id,name", format!("{ORGANISATION},Harbour Aid\n")),
        ("taxonomy", "id,name", String::from("t1,Needs\n")),
        ("taxonomy_term", "id,name,taxonomy_id", terms),
        ("service", "id,organization_id,name,alternate_name,description,status", services),
        ("location", "id,location_type,latitude,longitude", locations),
        ("service_at_location", "id,service_id,location_id", places),
        ("attribute", "id,link_id,link_entity,taxonomy_term_id", attributes),
    ];
    write_package(folder, files);
}

async fn import(hub: &TestHub, folder: PathBuf) {
    let report = import_package(hub, folder, ("test", Visibility::Public)).await;
    assert_eq!(report.refused, 0, "{:?}", report.problems);
}

/// A hub with these services, and somebody who looks for them.
async fn directory(entries: &[Entry]) -> (TestHub, Org, tempfile::TempDir) {
    let hub = TestHub::new();
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), entries);
    import(&hub, folder.path().into()).await;
    let org = hub.org("Lakeside").await;
    (hub, org, folder)
}

/// A text as it stands in an address.
fn encoded(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    bytes.concat()
}

async fn find(hub: &TestHub, org: &Org, query: &str) -> Response {
    org.get(hub, &format!("/api/v1/services?{query}")).await
}

async fn find_text(hub: &TestHub, org: &Org, text: &str) -> Value {
    find(hub, org, &format!("limit=200&text={}", encoded(text))).await.expect(200).body
}

fn names(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

fn found_ids(body: &Value) -> Vec<&str> {
    body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(u32::try_from(self.below(1_000_001)).unwrap()) / 1_000_000.0
    }

    /// The text with one mistake in a letter: left out, put in, exchanged or swapped with the next.
    fn mistake(&mut self, text: &str) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        loop {
            let place = self.below(letters.len());
            if !letters[place].is_alphanumeric() {
                continue;
            }
            let letter = char::from(b'a' + u8::try_from(self.below(26)).unwrap());
            match self.below(4) {
                0 => drop(letters.remove(place)),
                1 => letters.insert(place, letter),
                2 => letters[place] = letter,
                _ if letters.get(place + 1).is_some_and(|next| next.is_alphanumeric()) => {
                    letters.swap(place, place + 1);
                }
                _ => continue,
            }
            let typed: String = letters.iter().collect();
            if typed != text {
                return typed;
            }
            letters = text.chars().collect();
        }
    }
}

#[actix_web::test]
async fn a_service_is_found_in_spite_of_accents_mistakes_and_half_words() {
    let (hub, org, _folder) = directory(&[
        Entry { alternate: String::from("Women's refuge"), ..entry("Clínica do Porto") },
        Entry { label: String::from("Dentist"), ..entry("Lakeside surgery") },
        Entry {
            description: String::from("Advice in Amharic"), ..entry("العيادة القانونية")
        },
        entry("難民支援協会"),
        entry("คลินิกกฎหมาย"),
        entry("የሕግ ድጋፍ"),
    ])
    .await;
    for (typed, number) in [
        ("clinica", Some(0)),
        ("CLINICA porto", Some(0)),
        ("clnica", Some(0)),
        ("cilnica prto", Some(0)),
        ("clin", Some(0)),
        ("refgue", Some(0)),
        ("dentits", Some(1)),
        ("surgery lake", Some(1)),
        ("ahmaric", Some(2)),
        ("القانونيه", Some(2)),
        ("支援", Some(3)),
        ("難民", Some(3)),
        ("支民", None),
        ("กฎหมาย", Some(4)),
        ("คลินิก\u{200b}กฎหมาย", Some(4)),
        ("กฎคลินิก", None),
        ("ድጋፍ", Some(5)),
        ("የህግ ድጋፍ", Some(5)),
        ("ድጋ", Some(5)),
        ("clinica dentist", None),
        ("xyzzyx", None),
        ("clnca", None),
    ] {
        let body = find_text(&hub, &org, typed).await;
        let expected: Vec<String> = number.into_iter().map(id).collect();
        assert_eq!(found_ids(&body), expected, "{typed}");
        let path = format!("/hsds/services?search={}", encoded(typed));
        let listed = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
        assert_eq!(listed["total_items"], expected.len(), "{typed}");
    }
    let body = find_text(&hub, &org, "harbour aid").await;
    assert_eq!(body["items"].as_array().unwrap().len(), 6, "their provider");
}

#[actix_web::test]
async fn what_changes_at_the_source_is_found_by_its_new_words_only() {
    let (hub, org, folder) =
        directory(&[Entry { label: String::from("Dentist"), ..entry("Lake surgery") }]).await;
    let new = Entry { label: String::from("Optician"), ..entry("River surgery") };
    package(folder.path(), std::slice::from_ref(&new));
    import(&hub, folder.path().into()).await;
    for (typed, found) in [("lake", 0), ("dentist", 0), ("river", 1), ("optician", 1)] {
        assert_eq!(found_ids(&find_text(&hub, &org, typed).await).len(), found, "{typed}");
    }
    package(folder.path(), &[Entry { places: vec![(10.0, 10.0)], ..new }]);
    import(&hub, folder.path().into()).await;
    let near = "lat=10&lon=10&proximity=0";
    assert_eq!(found_ids(&find(&hub, &org, near).await.expect(200).body), [id(0)]);
    hub.hub
        .write("directory.forget_source", &hub.operator(), |tx| directory::forget_source(tx, "test"))
        .await
        .unwrap();
    assert_eq!(found_ids(&find_text(&hub, &org, "river").await).len(), 0);
    import(&hub, folder.path().into()).await;
    assert_eq!(found_ids(&find_text(&hub, &org, "river").await), [id(0)]);
}

/// Two services of one provider and one of another, with what else the first is called: its other name, and versions of its names.
fn of_provider(folder: &Path, other_name: &str, versions: &[(&str, &str, &str)]) {
    let (aid, relief) = (uuid(1, 1), uuid(1, 2));
    let mut translations = String::new();
    for (number, (field, language, text)) in versions.iter().enumerate() {
        writeln!(translations, "n{number},{aid},organization,{field},{language},{text}").unwrap();
    }
    let services = [(0, &aid, "Night shelter"), (1, &aid, "Day clinic"), (2, &relief, "Legal advice")];
    let services = services.map(|(number, of, name)| format!("{},{of},{name},active\n", uuid(2, number)));
    let files = [
        (
            "organization",
            "id,name,alternate_name,description,acronym",
            format!("{aid},Harbour Aid,{other_name},Ferrymen,KMFX\n{relief},Inland Relief,,,\n"),
        ),
        ("service", "id,organization_id,name,status", services.concat()),
        ("translation", "id,link_id,link_entity,field,language,text", translations),
    ];
    write_package(folder, files);
}

#[actix_web::test]
async fn services_are_found_by_whatever_their_provider_is_called_in_any_language() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    let folder = tempfile::tempdir().unwrap();
    let french = ("name", "fr", "Secours portuaire");
    let versions = [
        french,
        ("name", "ar", "إغاثة المرفأ"),
        ("alternate_name", "fr", "Quayside"),
        ("acronym", "fr", "VLPQ"),
        ("description", "fr", "Passeurs"),
    ];
    of_provider(folder.path(), "Mooring", &versions);
    import(&hub, folder.path().into()).await;
    let theirs = [id(0), id(1)];
    for typed in
        ["harbour", "mooring", "moorign", "secours", "portuaire shelter", "اغاثة", "quayside", "kmfx", "vlpq"]
    {
        let found = find_text(&hub, &org, typed).await;
        let found: BTreeSet<&str> = found_ids(&found).into_iter().collect();
        let wanted: BTreeSet<&str> =
            theirs.iter().take(if typed.contains(' ') { 1 } else { 2 }).map(String::as_str).collect();
        assert_eq!(found, wanted, "{typed}");
    }
    for typed in ["ferrymen", "passeurs"] {
        assert!(
            found_ids(&find_text(&hub, &org, typed).await).is_empty(),
            "{typed}: what it does is no name"
        );
    }
    for typed in ["harbour", "mooring", "secours", "kmfx"] {
        let found = find_text(&hub, &org, typed).await;
        assert_eq!(found["items"][0]["match"]["text"], 0.6, "{typed}: a provider's name, whichever it is");
    }

    // Another version alone, then another name alone, then none: its services follow.
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    of_provider(folder.path(), "Mooring", &[("name", "fr", "Entraide maritime")]);
    import(&hub, folder.path().into()).await;
    for (typed, count) in [("secours", 0), ("quayside", 0), ("vlpq", 0), ("entraide", 2), ("mooring", 2)] {
        assert_eq!(found_ids(&find_text(&hub, &org, typed).await).len(), count, "{typed}");
    }
    hub.clock.advance(chrono::TimeDelta::seconds(1));
    of_provider(folder.path(), "Anchorage", &[]);
    import(&hub, folder.path().into()).await;
    for (typed, count) in [("entraide", 0), ("mooring", 0), ("anchorage", 2), ("inland", 1)] {
        assert_eq!(found_ids(&find_text(&hub, &org, typed).await).len(), count, "{typed}");
    }
}

#[actix_web::test]
async fn what_a_provider_is_also_called_finds_nothing_that_the_viewer_may_not_see() {
    let hub = TestHub::new();
    let org = hub.org("Lakeside").await;
    let folder = tempfile::tempdir().unwrap();
    of_provider(folder.path(), "Mooring", &[("name", "fr", "Secours portuaire")]);
    import(&hub, folder.path().into()).await;
    for number in [0, 1] {
        restrict(&hub, &uuid(2, number)).await;
    }
    for typed in ["mooring", "secours", "harbour", "kmfx"] {
        assert!(found_ids(&find_text(&hub, &org, typed).await).is_empty(), "{typed}");
        let path = format!("/hsds/services?search={typed}");
        let listed = send(&hub, None, "GET", &path, &[], None).await.expect(200).body;
        assert_eq!(listed["total_items"], 0, "{typed}");
    }
}

/// How well a service fits, worked out from everything there is.
fn reference(entry: &Entry, typed: &str) -> Option<u32> {
    let provider = String::from("Harbour Aid");
    let fields = [
        (&entry.name, 80),
        (&entry.alternate, 65),
        (&provider, 60),
        (&entry.label, 50),
        (&entry.description, 25),
    ];
    let mut words: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (text, weight) in fields {
        let folded = fold(text);
        for word in folded.split(' ').collect::<BTreeSet<_>>() {
            words.entry(word.to_owned()).or_default().push(weight);
        }
    }
    let typed: BTreeSet<String> = fold(typed).split(' ').map(str::to_owned).collect();
    let mut sum = 0;
    for sought in &typed {
        let letters = sought.chars().count();
        let likeness = |word: &str| match (strsim::osa_distance(sought, word), letters) {
            (0, _) => 100,
            _ if word.starts_with(sought.as_str()) => 80,
            (1, 3..) => 60,
            (1, 2) if word.chars().count() == 3 => 60,
            (2, 6..) => 40,
            _ => 0,
        };
        let worth = words.iter().map(|(word, weights)| {
            let further = 5 * (u32::try_from(weights.len()).unwrap() - 1);
            (weights.iter().max().unwrap() + further) * likeness(word)
        });
        sum += worth.max().filter(|worth| *worth > 0)?;
    }
    Some(sum / u32::try_from(typed.len()).unwrap())
}

#[actix_web::test]
async fn a_search_finds_what_looking_at_every_word_finds_in_the_same_order() {
    let mut dice = Dice(7);
    let parts = ["an", "bel", "ca", "dor", "el", "fi", "gan", "ho", "mir", "ra", "so", "tu"];
    let text = |dice: &mut Dice, most: usize| {
        let count = dice.below(most + 1);
        let word = |dice: &mut Dice| {
            let length = 2 + dice.below(4);
            (0..length).map(|_| parts[dice.below(parts.len())]).collect::<String>()
        };
        (0..count).map(|_| word(dice)).collect::<Vec<_>>().join(" ")
    };
    let entries: Vec<Entry> = (0..120)
        .map(|number| Entry {
            name: format!("s{number} {}", text(&mut dice, 3)),
            alternate: text(&mut dice, 1),
            description: text(&mut dice, 6),
            label: text(&mut dice, 1),
            places: Vec::new(),
        })
        .collect();
    let (hub, org, _folder) = directory(&entries).await;
    let mut most = 0;
    for _ in 0..60 {
        let source = &entries[dice.below(entries.len())];
        let words: Vec<&str> = source.name.split(' ').chain(source.description.split(' ')).collect();
        let mut typed = words[dice.below(words.len())].to_owned();
        if dice.below(3) == 0 {
            typed = format!("{typed} {}", words[dice.below(words.len())]);
        }
        if typed.trim().is_empty() {
            continue;
        }
        if dice.below(2) == 0 {
            typed = dice.mistake(&typed);
        }
        let fits = entries
            .iter()
            .enumerate()
            .filter_map(|(number, entry)| Some((u32::MAX - reference(entry, &typed)?, id(number))));
        let fits: BTreeSet<(u32, String)> = fits.collect();
        let expected: Vec<&str> = fits.iter().map(|(_, id)| id.as_str()).collect();
        let body = find_text(&hub, &org, &typed).await;
        let found: BTreeSet<&str> = found_ids(&body).into_iter().collect();
        assert_eq!(found, expected.iter().copied().collect(), "{typed}");
        // Scores are sorted, and where two are the same, ids.
        let order: Vec<(f64, &str)> = body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| (-item["match"]["score"].as_f64().unwrap(), item["id"].as_str().unwrap()))
            .collect();
        assert!(order.is_sorted(), "{typed}: {order:?}");
        most = most.max(expected.len());
        if typed.contains(' ') {
            continue;
        }
        assert_eq!(found_ids(&body), expected, "{typed}");
    }
    assert!(most > 10, "{most}");
}

pub(super) fn haversine((lat, lon): (f64, f64), (lat2, lon2): (f64, f64)) -> f64 {
    let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
    let a = half(lat, lat2) + lat.to_radians().cos() * lat2.to_radians().cos() * half(lon, lon2);
    2.0 * 6_371_008.8 * a.sqrt().min(1.0).asin()
}

#[actix_web::test]
async fn what_is_near_is_what_measuring_every_place_says() {
    let mut dice = Dice(11);
    let mut entries: Vec<Entry> = (0..70)
        .map(|number| {
            let count = dice.below(3);
            let places = (0..count).map(|_| (dice.between(-90.0, 90.0), dice.between(-180.0, 180.0)));
            Entry { places: places.collect(), ..entry(&format!("Place {number}")) }
        })
        .collect();
    for (number, places) in [
        vec![(90.0, 0.0), (-90.0, 77.0)],
        vec![(89.99, 120.0)],
        vec![(10.0, 179.99)],
        vec![(10.0, -179.99)],
        vec![(10.0, 180.0)],
        vec![(52.5, 13.4), (52.6, 13.4)],
    ]
    .into_iter()
    .enumerate()
    {
        entries.push(Entry { places, ..entry(&format!("Edge {number}")) });
    }
    let (hub, org, _folder) = directory(&entries).await;
    let mut asked = vec![
        ((90.0, -45.0), 0.0),
        ((90.0, 5.0), 2_000.0),
        ((-90.0, 0.0), 0.0),
        ((10.0, -180.0), 0.0),
        ((10.0, 179.999), 3_000.0),
        ((10.0, -179.999), 3_000.0),
        ((52.5, 13.4), 0.0),
        ((0.0, 0.0), 10_007_557.0),
        ((45.0, 90.0), 30_000_000.0),
        ((45.0, 90.0), 20_015_115.0),
    ];
    for _ in 0..25 {
        let at = (dice.between(-90.0, 90.0), dice.between(-180.0, 180.0));
        asked.push((at, dice.between(1.0, 8_000_000.0)));
    }
    for (at, metres) in asked {
        let mut near: BTreeMap<String, f64> = BTreeMap::new();
        let mut places = 0;
        for (number, entry) in entries.iter().enumerate() {
            for place in &entry.places {
                let away = haversine(at, *place);
                if away <= metres + 0.001 {
                    places += 1;
                    let known = near.entry(id(number)).or_insert(away);
                    *known = known.min(away);
                }
            }
        }
        let query = format!("lat={}&lon={}&proximity={metres}", at.0, at.1);
        let body = find(&hub, &org, &format!("limit=200&{query}")).await.expect(200).body;
        let found: BTreeMap<String, f64> = body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| {
                (item["id"].as_str().unwrap().to_owned(), item["match"]["distance"].as_f64().unwrap())
            })
            .collect();
        assert_eq!(found.keys().collect::<Vec<_>>(), near.keys().collect::<Vec<_>>(), "{query}");
        for (id, away) in &near {
            assert!((found[id] - away).abs() < 1.0, "{query} {id}");
        }
        let order: Vec<f64> = body["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["match"]["distance"].as_f64().unwrap())
            .collect();
        assert!(order.iter().filter(|away| **away < 100_000.0).is_sorted(), "{query}: {order:?}");
        for (list, count) in [("services", near.len()), ("service_at_locations", places)] {
            let page = send(&hub, None, "GET", &format!("/hsds/{list}?{query}"), &[], None).await.expect(200);
            assert_eq!(page.body["total_items"], count, "{list} {query}");
        }
    }
    for wrong in
        ["lat=1", "lat=91&lon=0", "lat=0&lon=181", "lat=NaN&lon=0", "lat=0&lon=0&proximity=-1", "proximity=5"]
    {
        let refused = find(&hub, &org, wrong).await.expect(400);
        assert_eq!(refused.body["code"], "directory.bad_place", "{wrong}");
        send(&hub, None, "GET", &format!("/hsds/services?{wrong}"), &[], None).await.expect(400);
    }
}

#[actix_web::test]
async fn a_restricted_service_is_neither_found_nor_hinted_at() {
    let (hub, org, _folder) = directory(&[
        Entry { places: vec![(10.0, 10.0)], ..entry("Clinic") },
        Entry { places: vec![(20.0, 20.0)], ..entry("Canary shelter") },
    ])
    .await;
    restrict(&hub, &uuid(2, 1)).await;
    for query in [
        "text=canary",
        "text=canray",
        "text=shel",
        "text=canary&lat=20&lon=20&proximity=10",
        "lat=20&lon=20&proximity=1000",
        "lat=20.1&lon=20.1&proximity=1000000",
        "text=clinic%20canary",
    ] {
        let body = find(&hub, &org, query).await.expect(200).body;
        assert_eq!(found_ids(&body).len(), 0, "{query}");
        assert_eq!(body["nothing"]["services"], 1, "{query}");
        for without in body["nothing"]["without"].as_array().unwrap() {
            assert!(without["services"].as_u64().unwrap() <= 1, "{query}: {without}");
        }
        if query.starts_with("lat") {
            let clinic = haversine((10.0, 10.0), (20.0, 20.0));
            assert!(
                body["nothing"]["wider"]["proximity"].as_f64().unwrap() > clinic * 0.9,
                "{query}: {body}"
            );
        }
        for list in ["services", "service_at_locations"] {
            let path = format!("/hsds/{list}?{}", query.replace("text", "search"));
            assert_eq!(
                send(&hub, None, "GET", &path, &[], None).await.expect(200).body["total_items"],
                0,
                "{path}"
            );
        }
    }
    // What is hidden and what never was are answered alike.
    let alike = [(uuid(2, 1), uuid(5, 100), id(1)), (uuid(2, 77), uuid(5, 7_700), id(77))];
    let [hidden, made_up] = alike.map(|(service, place, id)| {
        let of_service = |part: &str| format!("/api/v1/services/{id}{part}");
        [
            ("GET", format!("/hsds/services/{service}"), None),
            ("GET", format!("/hsds/service_at_locations/{place}"), None),
            ("GET", of_service(""), None),
            ("GET", of_service("/changes"), None),
            ("GET", of_service("/verifications"), None),
            ("POST", of_service("/reports"), Some(json!({ "met": "closed" }))),
            ("PUT", of_service("/availability"), Some(json!({ "availability": "open" }))),
            ("POST", of_service("/verifications"), Some(json!({ "method": "visit", "outcome": "closed" }))),
        ]
    });
    for ((method, path, body), (_, other, _)) in hidden.iter().zip(&made_up) {
        let mut said = Vec::new();
        for path in [path, other] {
            let if_match = [("if-match", "\"2\"")];
            let (token, headers) = if path.starts_with("/hsds") {
                (None, &[][..])
            } else {
                (Some(org.token.as_str()), &if_match[..])
            };
            let answer = send(&hub, token, method, path, headers, body.as_ref()).await.expect(404);
            let of = |member: &str| answer.body[member].to_string();
            said.push(["type", "title", "code", "detail"].map(of));
        }
        assert_eq!(said[0], said[1], "{method} {path}");
    }
    // What looks like it is found as well as if it were not there.
    assert_eq!(found_ids(&find_text(&hub, &org, "clnic").await), [id(0)]);
    let search = Search { text: String::from("canray"), ..Search::default() };
    let (now, asked) = (hub.now(), Asked::new(None, None));
    let look = move |db: &mut Db<'_>| search::search(db, &Actor::operator(), &search, &asked, now);
    assert_eq!(hub.hub.read(look).await.unwrap().items.len(), 1, "those who keep the directory find it");
}

#[actix_web::test]
async fn an_empty_answer_says_what_to_ask_for_instead() {
    let (hub, org, _folder) = directory(&[
        Entry { places: vec![(10.0, 10.0)], ..entry("Lake clinic") },
        Entry { places: vec![(10.0, 11.0)], ..entry("River clinic") },
        entry("Legal advice"),
    ])
    .await;
    let body = find(&hub, &org, "text=clinic%20zzzzz&members_only=true&service=SV07").await.expect(200).body;
    assert_eq!(
        body["nothing"],
        json!({ "services": 3, "without": [
            { "filter": "text", "services": 0 },
            { "filter": "word", "word": "clinic", "services": 0 },
            { "filter": "word", "word": "zzzzz", "services": 0 },
            { "filter": "service", "services": 0 },
            { "filter": "members_only", "services": 0 },
        ]})
    );
    let body = find(&hub, &org, "text=clinic%20zzzzz").await.expect(200).body;
    assert_eq!(body["nothing"]["without"][2], json!({ "filter": "word", "word": "zzzzz", "services": 2 }));
    let body = find(&hub, &org, "text=clinic&lat=10&lon=10.5&proximity=10000").await.expect(200).body;
    assert_eq!(body["nothing"]["wider"], json!({ "proximity": 80_000.0, "services": 2 }));
    assert_eq!(body["nothing"]["without"][1], json!({ "filter": "proximity", "services": 2 }));
    let body = find(&hub, &org, "text=clinic").await.expect(200).body;
    assert_eq!(body.get("nothing"), None);
}

/// A page of a ranking, at this moment.
async fn ranked(hub: &TestHub, around: Option<Around>, limit: u16, after: Option<Cursor>) -> Results {
    let search = Search { text: String::from("clinic"), around, ..Search::default() };
    let (now, asked) = (hub.now(), Asked::new(Some(limit), after));
    let look = move |db: &mut Db<'_>| search::search(db, &Actor::operator(), &search, &asked, now);
    hub.hub.read(look).await.unwrap()
}

#[actix_web::test]
async fn pages_of_a_ranking_show_each_service_once_while_entries_age() {
    let mut entries: Vec<Entry> = (0..23)
        .map(|number| Entry { places: vec![(10.0, 10.0 + f64::from(number) / 400.0)], ..entry("Clinic") })
        .collect();
    let (hub, _, folder) = directory(&entries).await;
    for number in (1..23).step_by(2) {
        hub.clock.advance(chrono::TimeDelta::days(40));
        entries[number].description = String::from("More of it");
        package(folder.path(), &entries);
        import(&hub, folder.path().into()).await;
    }
    for around in [None, Around::new((10.0, 10.0), 50_000.0)] {
        let ids = |results: &Results| -> Vec<String> {
            results.items.iter().map(|found| found.service.id.to_string()).collect()
        };
        let whole = ids(&ranked(&hub, around, 200, None).await);
        assert_eq!(whole.len(), 23);
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = ranked(&hub, around, 5, after).await;
            seen.extend(ids(&page));
            hub.clock.advance(chrono::TimeDelta::days(90));
            let Some(next) = page.next else { break };
            after = Some(next);
        }
        assert_eq!(seen, whole);
    }
    let org = hub.org("Hillside").await;
    let by_name = find(&hub, &org, "limit=5").await.expect(200).body;
    let after = by_name["next"].as_str().unwrap();
    let refused = find(&hub, &org, &format!("text=clinic&after={after}")).await.expect(400);
    assert_eq!(refused.body["code"], "directory.bad_cursor");
}

#[actix_web::test]
async fn the_answer_says_why_each_service_stands_where_it_stands() {
    let (hub, org, _folder) = directory(&[
        Entry { places: vec![(10.0, 10.0)], ..entry("Clinic") },
        Entry { description: String::from("A clinic"), places: vec![(10.0, 10.0)], ..entry("House") },
        Entry { places: vec![(10.0, 10.2)], ..entry("Clinic") },
    ])
    .await;
    let body = find(&hub, &org, "text=clinic&lat=10&lon=10").await.expect(200).body;
    assert_eq!(found_ids(&body), [id(0), id(2), id(1)]);
    assert_eq!(
        body["items"][0]["match"],
        json!({ "text": 0.8, "distance": 0.0, "freshness": 1.0, "availability": 0.5, "score": 0.855 })
    );
    assert_eq!(body["items"][2]["match"]["text"], 0.25);
    let body = find(&hub, &org, "text=clinic").await.expect(200).body;
    assert_eq!(body["items"][0]["match"]["distance"], Value::Null);
    let body = find(&hub, &org, "").await.expect(200).body;
    assert_eq!((names(&body), body["items"][0].get("match")), (vec!["Clinic", "Clinic", "House"], None));
}

#[actix_web::test]
async fn what_is_found_stands_in_the_order_asked_for_page_by_page() {
    let (hub, mut org, _folder) = directory(&[
        Entry { places: vec![(10.0, 10.2)], ..entry("Clinic B") },
        Entry { places: vec![(10.0, 10.1)], ..entry("Clinic A") },
        Entry {
            description: String::from("Beside the clinic"),
            places: vec![(10.0, 10.0)],
            ..entry("House")
        },
    ])
    .await;
    hub.clock.advance(chrono::TimeDelta::days(30));
    verify(&hub, (service_of_row(&uuid(2, 1)), 1), Outcome::Confirmed).await;
    org.sign_in(&hub).await;
    for (sort, expected) in [
        ("best", [id(1), id(0), id(2)]),
        ("distance", [id(2), id(1), id(0)]),
        ("freshness", [id(1), id(0), id(2)]),
        ("name", [id(1), id(0), id(2)]),
    ] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let query = format!("text=clinic&lat=10&lon=10&sort={sort}&limit=1{after}");
            let page = find(&hub, &org, &query).await.expect(200).body;
            seen.extend(found_ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(seen, expected, "{sort}");
    }
    // For a person, too, each says whether it is for her.
    let asked = json!({ "query": { "sort": "name" }, "person": { "age": 30 } });
    let path = "/api/v1/services/search";
    let for_her = send(&hub, Some(&org.token), "POST", path, &[], Some(&asked)).await.expect(200).body;
    assert_eq!(names(&for_her), ["Clinic A", "Clinic B", "House"]);
    assert_eq!(for_her["items"][0]["eligibility"]["answer"], "not_known");
    let nowhere = find(&hub, &org, "text=clinic&sort=distance").await.expect(400).body;
    assert_eq!(nowhere["code"], "directory.near_what");
    find(&hub, &org, "sort=luck").await.expect(400);
}

#[actix_web::test]
async fn no_text_makes_a_search_fail() {
    let (hub, org, _folder) = directory(&[entry("Clinic O'Hara 100%")]).await;
    let long = "clinic ".repeat(1_500);
    for text in [
        "'",
        "\"",
        "%",
        "_",
        "\\",
        "' OR 1=1 --",
        "o'hara",
        "clinic*",
        "NEAR(a b)",
        "a:b",
        "AND",
        "\u{202e}cinilc",
        "\u{feff}",
        "!?.,;",
        "\u{10ffff}",
        "😀",
        "ｃｌｉｎｉｃ",
        "\u{300}\u{301}",
        "\u{7}clinic",
        "cli\u{1b}[2Jnic",
        "clinic\u{7f}",
        "\u{85}",
        "\u{2066}clinic\u{2069}",
        "\r\n\t",
        &"a".repeat(10_240),
        &long,
        &"'; ".repeat(3_500),
        &"難".repeat(3_500),
        &"é".repeat(5_200),
    ] {
        find(&hub, &org, &format!("text={}", encoded(text))).await.expect(200);
        send(&hub, None, "POST", "/hsds/services", &[], Some(&json!({ "search": text }))).await.expect(200);
        send(&hub, None, "POST", "/hsds/taxonomies", &[], Some(&json!({ "search": text }))).await.expect(200);
    }
    assert_eq!(found_ids(&find_text(&hub, &org, "o'hara 100%").await), [id(0)]);
    let huge = json!({ "search": "clinic' %_\u{202e}".repeat(800) });
    send(&hub, None, "POST", "/hsds/services", &[], Some(&huge)).await.expect(200);
    // NUL is in no text: a body says so, and in an address it parts words as any sign does.
    for text in ["\u{0}", "clinic\u{0}o'hara"] {
        let refused = send(&hub, None, "POST", "/hsds/services", &[], Some(&json!({ "search": text }))).await;
        assert_eq!(refused.expect(400).code(), "api.nul");
        find(&hub, &org, &format!("text={}", encoded(text))).await.expect(200);
    }
}

#[actix_web::test]
async fn names_with_one_mistake_are_found_in_a_real_directory() {
    let Some(folder) = shared("data/hsds/laalaa") else { return };
    let hub = TestHub::new();
    import(&hub, folder.clone()).await;
    let org = hub.org("Lakeside").await;
    let mut reader = csv::Reader::from_path(folder.join("organizations.csv")).unwrap();
    let services = std::fs::read_to_string(folder.join("services.csv")).unwrap();
    let providers: BTreeSet<&str> = services.lines().filter_map(|line| line.split(',').nth(1)).collect();
    let rows = reader.records().map(Result::unwrap).filter(|row| providers.contains(&row[0]));
    let names: Vec<String> = rows.map(|row| row[1].to_owned()).collect();
    let mut dice = Dice(3);
    let (mut first, mut missed) = (0, Vec::new());
    for _ in 0..300 {
        let name = &names[dice.below(names.len())];
        let typed = dice.mistake(name);
        let body = find(&hub, &org, &format!("limit=5&text={}", encoded(&typed))).await.expect(200).body;
        let found = body["items"].as_array().unwrap().iter().any(|item| item["provider"] == name.as_str());
        if found { first += 1 } else { missed.push((typed, name)) }
    }
    assert!(first * 100 >= 300 * 95, "{first} of 300; missed {missed:#?}");
}
