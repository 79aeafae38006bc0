//! Finding a service on the pages.

use std::fmt::Write as _;

use chrono::TimeDelta;
use serde_json::json;
use throughline::{
    access::{Actor, Role, Tx},
    directory::{self, Outcome, Visibility, sheet::Sheet},
    kernel::{Id, id::SystemIds},
};

use super::visitor::{Shown, Visitor};
use crate::support::{
    Org, Response, TestHub, import_package, link_to, packet::Mechanism, restrict, service_of_row, verify,
    write_package,
};

const ROW: &str = "66666666-6666-4666-8666-666666666601";

/// A directory of two services.
pub(crate) async fn directory(hub: &TestHub) {
    let tables = [
        (
            "organization",
            "id,name,description\n66666666-6666-4666-8666-666666666600,House of the Open Door,Runs shelters\n",
        ),
        (
            "service",
            "id,organization_id,name,description,status,url\n\
             66666666-6666-4666-8666-666666666601,66666666-6666-4666-8666-666666666600,Shelter <b>by the sea</b>,Beds and a door that locks,active,\n\
             66666666-6666-4666-8666-666666666602,66666666-6666-4666-8666-666666666600,Kitchen,Meals for everybody,active,\n",
        ),
        (
            "phone",
            "id,service_id,number,extension\n66666666-6666-4666-8666-666666666603,66666666-6666-4666-8666-666666666601,+260 211 000 000,7\n",
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind,text\n\
             66666666-6666-4666-8666-666666666604,66666666-6666-4666-8666-666666666601,1,sex,in,female,required,women only\n",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let split = tables.map(|(table, text)| {
        let (columns, rows) = text.split_once('\n').unwrap();
        (table, columns, rows.to_owned())
    });
    write_package(folder.path(), split);
    import_package(hub, folder.path().to_owned(), ("list", Visibility::Public)).await;
}

async fn worker(hub: &TestHub) -> (Org, Visitor) {
    let org = hub.org("Harbour Aid").await;
    let visitor = Visitor::signed_in(hub, &org, &["case_worker"]).await;
    (org, visitor)
}

#[actix_web::test]
async fn a_service_is_found_by_words_and_looked_at() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    worker.get("/find").await.expect(200).says("The directory holds no services yet");
    directory(&hub).await;
    let found = worker.get("/find?text=sheltr").await.expect(200).says("1 service");
    let found = found
        .says("Shelter &#60;b&#62;by the sea")
        .says("Nobody said whether they report")
        .does_not_say("Kitchen");
    let id = service_of_row(ROW).to_string();
    let page = found.says(&id).text;
    assert!(page.contains("House of the Open Door"), "{page}");
    let shown = worker.get(&format!("/services/{id}")).await.expect(200);
    shown
        .says("women only")
        .says("tel:+260211000000\"")
        .says("ext. 7")
        .says("Nobody has checked this entry yet");
}

#[actix_web::test]
async fn a_service_that_was_not_checked_for_long_or_did_not_fit_says_so_in_list_and_map() {
    let hub = TestHub::new();
    let (mut org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let service = service_of_row(ROW);
    let never = "Due to be checked";
    let paths = ["/find?text=shelter", "/find?text=shelter&view=map"];
    for path in paths {
        worker.get(path).await.expect(200).says(never);
    }
    verify(&hub, (service, 1), Outcome::Confirmed).await;
    let (stale, flagged) =
        ("Not checked for long: confirm first", "Did not fit what people met: confirm first");
    for (days, tag) in [(0, None), (100, Some("Due to be checked")), (90, Some(stale))] {
        hub.clock.advance(TimeDelta::days(days));
        org.sign_in(&hub).await;
        worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
        let is_stale = tag == Some(stale);
        for path in paths {
            if is_stale {
                worker.get(path).await.expect(200).says("Nothing found").does_not_say("by the sea");
            }
            let doubtful = if is_stale { "&doubtful=1" } else { "" };
            let shown = worker.get(&format!("{path}{doubtful}")).await.expect(200).says("by the sea");
            for other in [never, stale, flagged] {
                assert_eq!(shown.text.contains(other), tag == Some(other), "{days} {path} {other}");
            }
        }
    }
    verify(&hub, (service, 2), Outcome::Confirmed).await;
    for name in ["Lake Aid", "Hill Aid", "River Aid"] {
        let reports = format!("/api/v1/services/{service}/reports");
        hub.org(name).await.post(&hub, &reports, &json!({ "met": "closed" })).await.expect(200);
    }
    for path in paths {
        worker.get(path).await.expect(200).says("Nothing found");
        worker.get(&format!("{path}&doubtful=1")).await.expect(200).says("by the sea").says(flagged);
    }
    worker.get(&format!("/services/{service}")).await.expect(200).says(flagged);
    hub.run_jobs().await;
}

const DESK: &str = "88888888-8888-4888-8888-888888888801";

/// Texts that would do something if a page took them for its own; a second time where they are cut for a list.
fn markup() -> String {
    let text = "<img src=x onerror=alert(1)><b>bold</b> [a](javascript:x)";
    format!("{text} {}<i title='{}'>cut", "word ".repeat(30), "x".repeat(60))
}

/// A directory of one service, which reports people.
async fn desk(hub: &TestHub) {
    let tables = [
        ("organization", "id,name", String::from("88888888-8888-4888-8888-888888888800,Desk <u>house</u>\n")),
        (
            "service",
            "id,organization_id,name,status,description",
            format!("{DESK},88888888-8888-4888-8888-888888888800,Desk,active,\"{}\"\n", markup()),
        ),
        (
            "referral_requirement",
            "id,service_id,reports_to_authorities",
            format!("88888888-8888-4888-8888-888888888802,{DESK},yes\n"),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    write_package(folder.path(), tables);
    import_package(hub, folder.path().to_owned(), ("desk", Visibility::Public)).await;
}

const SHELTER: &str = "99999999-9999-4999-8999-999999999901";

/// A directory of three services: one with rules and two ways to refer, one with ages and a description, and one that says nothing.
async fn told_in_short(hub: &TestHub) {
    let [shelter, boys, silent] =
        [SHELTER, "99999999-9999-4999-8999-999999999902", "99999999-9999-4999-8999-999999999903"];
    let organisation = "99999999-9999-4999-8999-999999999900";
    let tables = [
        ("organization", "id,name", format!("{organisation},House of the Open Door\n")),
        (
            "service",
            "id,organization_id,name,status,minimum_age,maximum_age,eligibility_description",
            format!(
                "{shelter},{organisation},Shelter,active,,,not said twice\n\
                 {boys},{organisation},Hostel,active,12,17,boys on <b>their own</b>\n\
                 {silent},{organisation},Silent house,active,,,\n"
            ),
        ),
        (
            "eligibility_rule",
            "id,service_id,group_no,attribute,operator,values,kind,text",
            format!(
                "er1,{shelter},1,sex,in,female,required,\n\
                 er2,{shelter},1,population,in,PG01,required,victims of trafficking\n\
                 er3,{shelter},2,population,in,PG04,excluded,\n\
                 er4,{shelter},3,population,in,PG10,priority,the ill come first\n"
            ),
        ),
        (
            "referral_channel",
            "id,service_id,channel,order,response_time",
            format!("rc1,{shelter},email,2,two weeks\nrc2,{shelter},telephone,1,within a day\n"),
        ),
        (
            "translation",
            "id,link_id,link_entity,field,language,text,machine_made",
            String::from("tr1,er2,eligibility_rule,text,fr,victimes de la traite,no\n"),
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    write_package(folder.path(), tables);
    import_package(hub, folder.path().to_owned(), ("short", Visibility::Public)).await;
}

#[actix_web::test]
async fn a_card_says_for_whom_a_service_is_and_how_fast_it_answers() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    told_in_short(&hub).await;
    let list = worker.get("/find?near=").await.expect(200).says("Silent house");
    let list = list
        .says("For: victims of trafficking, and women and girls</p>")
        .says("Not for: Unaccompanied child")
        .says("Answer: within a day");
    let list = list
        .says("For: aged 12 years to 17 years, and boys on &#60;b&#62;their own")
        .does_not_say("two weeks");
    let list = list.does_not_say("not said twice").does_not_say("the ill come first");
    assert_eq!(
        list.text.matches("<p class=\"small\">").count(),
        4,
        "what says nothing has no line: {}",
        list.text
    );
    worker.get("/find?near=&view=map").await.expect(200).does_not_say("Answer: within a day");
    worker.get("/language/fr?then=%2Ffind").await.expect(303);
    let french = worker
        .get("/find?near=")
        .await
        .expect(200)
        .says("Pour\u{a0}: victimes de la traite, et femmes et filles");
    french.says("12 ans").says("Pas pour\u{a0}: Enfant non accompagné").says("Réponse\u{a0}: within a day");
}

#[actix_web::test]
async fn what_is_said_in_short_of_a_restricted_service_is_said_to_nobody_else() {
    let hub = TestHub::new();
    let (org, _worker) = worker(&hub).await;
    told_in_short(&hub).await;
    let service = service_of_row(SHELTER);
    restrict(&hub, SHELTER).await;
    let case_worker =
        Actor::staff(Id::new(&SystemIds, hub.now()), Some(org.id), vec![Role::CaseWorker].into());
    for (actor, is_said) in [(case_worker, false), (Actor::operator(), true)] {
        let read = hub.hub.read(move |db| directory::briefs(db, &actor, (&[service], None)));
        assert_eq!(read.await.unwrap().contains_key(&service), is_said);
    }
}

#[actix_web::test]
async fn nobody_is_led_to_refer_to_their_own_organisation() {
    let mechanism = Mechanism::new().await;
    let Mechanism { hub, harbour, clinic, .. } = &mechanism;
    let id_of = |response: Response| response.body["id"].as_str().unwrap().to_owned();
    let own = id_of(mechanism.offers(harbour, "SV06").await);
    let other = id_of(mechanism.offers(clinic, "SV06").await);
    let (own, other) = (format!("/services/{own}"), format!("/services/{other}"));
    let (refer, gateway) = ("href=\"/referrals/new?service=", format!("--to {} --service SV06", clinic.id));
    let mut worker = Visitor::signed_in(hub, harbour, &["case_worker"]).await;
    let shown = worker.get(&own).await.expect(200).does_not_say(refer).does_not_say("/consents/new?service=");
    shown.says("It is your own organisation’s").does_not_say("--to ");
    let shown =
        worker.get(&other).await.expect(200).says(refer).says("/consents/new?service=").says(&gateway);
    shown.says("with the button above").does_not_say("your own organisation’s");
    let mut intake = Visitor::signed_in(hub, harbour, &["intake"]).await;
    let shown = intake.get(&other).await.expect(200).does_not_say(refer).does_not_say("--to ");
    shown.says("by case workers of other members").does_not_say("with the button above");
}

#[actix_web::test]
async fn a_service_that_reports_people_says_so_in_the_list_in_the_map_and_on_its_page() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    desk(&hub).await;
    for path in ["/find", "/find?view=map&near=", &format!("/services/{}", service_of_row(DESK))] {
        let shown = worker.get(path).await.expect(200).says("Reports people to police or immigration");
        let shown = shown.says("<p class=\"duty tells\">").does_not_say("Does not report to police");
        shown.does_not_say("Nobody said whether they report");
    }
}

const HOUSE: &str = "99999999-9999-4999-8999-999999999901";

/// A directory of one house whose rules have hardly any words, with a place for men and one that is secret.
async fn house(hub: &TestHub) {
    let organisation = "99999999-9999-4999-8999-999999999900";
    let rules = format!(
        "e1,{HOUSE},,1,sex,in,female,required,\n\
         e2,{HOUSE},,1,age_months,between,\"216,\",required,\n\
         e3,{HOUSE},,2,population,in,PG04,required,\n\
         e4,{HOUSE},,1,migration_status,in,asylum_seeker,excluded,Whoever <b>asked</b> for asylum\n\
         e5,{HOUSE},,2,sex,in,other,excluded,\n\
         e6,{HOUSE},,1,health,in,trauma,priority,\n\
         e7,,at1,1,sex,in,male,required,\n\
         e8,,at2,1,other,in,x,required,Canary men\n"
    );
    let tables = [
        ("organization", "id,name", format!("{organisation},House of the Open Door\n")),
        (
            "service",
            "id,organization_id,name,status,minimum_age,maximum_age,who_can_refer",
            format!("{HOUSE},{organisation},House,active,,64,\"self, professional\"\n"),
        ),
        (
            "language",
            "id,service_id,name,via_interpreter,sign_language",
            format!("la1,{HOUSE},Tigrinya,yes,no\nla2,{HOUSE},,,yes\n"),
        ),
        (
            "required_document",
            "id,service_id,document,alternative_accepted,waivable",
            format!("rd1,{HOUSE},Passport,yes,\nrd2,{HOUSE},Permit,no,yes\n"),
        ),
        (
            "location",
            "id,location_type,name,confidential",
            String::from("l1,physical,Quay,\nl2,physical,Canary cellar,yes\n"),
        ),
        ("service_at_location", "id,service_id,location_id", format!("at1,{HOUSE},l1\nat2,{HOUSE},l2\n")),
        (
            "eligibility_rule",
            "id,service_id,service_at_location_id,group_no,attribute,operator,values,kind,text",
            rules,
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    write_package(folder.path(), tables);
    import_package(hub, folder.path().to_owned(), ("house", Visibility::Public)).await;
}

#[actix_web::test]
async fn a_page_says_whom_a_service_takes_and_whom_it_does_not_in_its_own_language() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    house(&hub).await;
    let path = format!("/services/{}", service_of_row(HOUSE));
    let shown = worker.get(&path).await.expect(200).does_not_say("Canary").does_not_say("Not said");
    let takes = "<dt>Takes</dt><dd><ul><li>under 65 years, and women and girls, and aged 18 years or more</li>\
                 <li>or: under 65 years, and Unaccompanied child</li></ul></dd>";
    shown
        .says(takes)
        .says("<dt>Does not take</dt><dd><ul><li>Whoever &#60;b&#62;asked&#60;/b&#62; for asylum</li><li>or: another sex</li></ul></dd>")
        .says("<dt>Takes first</dt><dd><ul><li>health: trauma</li></ul></dd>")
        .says("<dt>Takes at: Quay</dt><dd><ul><li>men and boys</li></ul></dd>");
    worker.get("/language/fr?then=%2Ffind").await.expect(303);
    let french = worker.get(&path).await.expect(200).does_not_say("Canary").does_not_say("women");
    french.says("femmes et filles, et 18 ans ou plus").says("<dt>N’accueille pas</dt>");
    for (language, says) in [("es", "mujeres y niñas"), ("ar", "النساء والفتيات")] {
        worker.get(&format!("/language/{language}?then=%2Ffind")).await.expect(303);
        worker.get(&path).await.expect(200).says(says).does_not_say("whom-").does_not_say("Canary");
    }
}

#[actix_web::test]
async fn a_page_says_who_can_refer_that_an_interpreter_is_there_and_whether_another_paper_is_taken() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    house(&hub).await;
    let path = format!("/services/{}", service_of_row(HOUSE));
    worker
        .get(&path)
        .await
        .expect(200)
        .says("<dt>Who can refer</dt><dd>the person, professionals</dd>")
        .says("Tigrinya (through an interpreter)")
        .says("sign language")
        .says("Passport (another paper is taken instead)")
        .says("Permit (no other paper is taken instead, possible without it)");
    for (language, says) in [
        ("fr", "Tigrinya (avec interprète)"),
        ("es", "Tigrinya (con intérprete)"),
        ("ar", "Tigrinya (عبر مترجم شفوي)"),
    ] {
        worker.get(&format!("/language/{language}?then=%2Ffind")).await.expect(303);
        worker.get(&path).await.expect(200).says(says).does_not_say("service-can-refer");
    }
}

#[actix_web::test]
async fn markup_in_what_came_from_outside_is_text_on_every_page() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    desk(&hub).await;
    let page = format!("/services/{}", service_of_row(DESK));
    for (path, is_described) in [("/find", true), ("/find?view=map&near=", false), (&page, true)] {
        let shown = worker.get(path).await.expect(200).says("Desk &#60;u&#62;house");
        let escaped = "&#60;img src=x onerror=alert(1)&#62;&#60;b&#62;bold";
        assert_eq!(shown.text.contains(escaped), is_described, "{path}: {}", shown.text);
        for element in ["<img src=x", "<b>bold", "<u>house", "<i title", "href=\"javascript:"] {
            assert!(!shown.text.contains(element), "{path}: {element}");
        }
    }
}

#[actix_web::test]
async fn what_is_said_of_a_person_is_judged_and_stands_in_no_address() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let men =
        worker.post("/find", &[("age", "34"), ("sex", "male"), ("population", "PG13")]).await.expect(200);
    let men = men.says("Kitchen").says("1 more is left out").does_not_say("by the sea").says("value=\"34\"");
    for address in men.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        for said in ["=34", "male", "PG13"] {
            assert!(!address.contains(said), "{address}");
        }
    }
    worker.post("/find", &[("sex", "female")]).await.expect(200).says("Fits.").says("women only");
    worker
        .post("/find", &[("age", "canary")])
        .await
        .expect(422)
        .says("Write the age as a number")
        .says("Error:");
    let stored = hub.everything_stored();
    assert!(!stored.contains("PG13"));
}

#[actix_web::test]
async fn an_empty_page_names_what_leaves_nothing_and_the_way_to_more() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let nothing = worker.get("/find?text=zzzzqqq&service=").await.expect(200).says("Nothing found");
    nothing.says("It is the words").says("href=\"/find?near=\"").says("2 without the words");
    let no_place = worker.get("/find?near=Atlantis").await.expect(422);
    no_place.says("No place is called “Atlantis”").says("id=\"near-e\"").says("Kitchen");
}

#[actix_web::test]
async fn what_somebody_met_reaches_those_who_keep_the_directory_as_a_code() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let id = service_of_row(ROW).to_string();
    let path = format!("/services/{id}/reports");
    let done = worker.post(&path, &[("met", "closed")]).await.expect(303);
    worker.get(done.header("location")).await.expect(200).says("Thank you");
    worker.post(&path, &[("met", "canary")]).await.expect(303);
    assert_eq!(hub.logged("directory.report").await.len(), 1);
}

const HERE: &str = "77777777-7777-4777-8777-777777777701";

/// A directory of two provinces: a clinic and a refuge in one, of which it is secret where the refuge is, a kitchen and a store in the other.
pub(crate) async fn provinces(hub: &TestHub) {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("areas.csv");
    let areas = "country,level,code,name,name_fr,parent,latitude,longitude\n\
        ZM,0,ZM,Zambia,Zambie,,-13.1,27.8\n\
        ZM,1,ZM109,Southern,Méridionale,ZM,-16.8,26.9\n\
        ZM,1,ZM105,Lusaka,,ZM,-15.4,28.3\n";
    std::fs::write(&list, areas).unwrap();
    let sheet = Sheet::open(&list).unwrap();
    let taking = move |tx: &mut Tx<'_>| directory::areas::import_areas(tx, &sheet);
    hub.hub.write("directory.import_areas", &hub.operator(), taking).await.unwrap();
    std::fs::remove_file(&list).unwrap();
    let id = |kind: u8, number: u8| format!("77777777-7777-4777-87{kind:02}-7777777777{number:02}");
    let organisation = id(0, 0);
    let [mut services, mut areas, mut locations, mut places] = [const { String::new() }; 4];
    let given = [
        ("Clinic", "ZM109", "-16.80,26.90", ""),
        ("Kitchen", "ZM105", "-15.40,28.30", ""),
        ("Refuge", "ZM109", "-16.77,26.95", "yes"),
        ("Store", "ZM105", "-15.41,28.31", ""),
    ];
    for (number, (name, serves, at, secret)) in (1u8..).zip(given) {
        let (service, location) = (id(77, number), id(3, number));
        writeln!(services, "{service},{organisation},{name},active").unwrap();
        writeln!(areas, "{},{service},{serves}", id(4, number)).unwrap();
        writeln!(locations, "{location},physical,{organisation},{at},{serves},P-Code,{secret}").unwrap();
        writeln!(places, "{},{service},{location}", id(5, number)).unwrap();
    }
    let tables = [
        ("organization", "id,name", format!("{organisation},House of the Open Door\n")),
        ("service", "id,organization_id,name,status", services),
        (
            "location",
            "id,location_type,organization_id,latitude,longitude,external_identifier,external_identifier_type,confidential",
            locations,
        ),
        ("service_at_location", "id,service_id,location_id", places),
        ("service_area", "id,service_id,admin_area", areas),
    ];
    write_package(folder.path(), tables);
    import_package(hub, folder.path().to_owned(), ("provinces", Visibility::Public)).await;
    while hub.hub.tend("directory.enter_searched", directory::search::enter_searched).await.unwrap() {}
}

#[actix_web::test]
async fn where_nothing_is_asked_the_place_is_that_of_ones_own_organisation_and_it_is_said() {
    let hub = TestHub::new();
    let (org, mut worker) = worker(&hub).await;
    provinces(&hub).await;
    let all = worker.get("/find").await.expect(200).says("Clinic").says("Kitchen");
    all.does_not_say("where your organisation works");
    link_to(&hub, HERE, (&org, "SV06")).await;
    let own = worker.get("/find").await.expect(200).says("Clinic").does_not_say("Kitchen");
    let own = own.says("Shown is what serves Southern, where your organisation works");
    own.says("maxlength=\"120\" value=\"Southern\"").says("href=\"/find?near=\"");
    for asked in ["/find?near=", "/find?text=kitchen", "/find?near=Lusaka", "/find?service="] {
        let shown = worker.get(asked).await.expect(200).does_not_say("where your organisation works");
        assert!(shown.text.contains("Kitchen"), "{asked}");
    }
    worker.get("/language/fr?then=%2Ffind").await.expect(303);
    worker.get("/find").await.expect(200).says("maxlength=\"120\" value=\"Méridionale\"").says("Clinic");
}

/// The markup of the map, or nothing.
fn drawn(shown: &Shown) -> &str {
    let (_, rest) = shown.text.split_once("<figure class=\"map plain\">").unwrap_or_default();
    rest.split("</figure>").next().unwrap()
}

#[actix_web::test]
async fn the_map_shows_what_the_list_holds_and_no_place_that_is_secret() {
    let hub = TestHub::new();
    let (org, mut worker) = worker(&hub).await;
    provinces(&hub).await;
    let list = worker.get("/find?near=&service=").await.expect(200).says("href=\"/find?near=&#38;view=map\"");
    assert_eq!(drawn(&list), "");
    let shown = worker.get("/find?near=&view=map").await.expect(200).says("aria-current=\"true\">Map");
    let shown = shown.says("name=\"view\" value=\"map\"").says("Borders are not shown");
    for name in ["Clinic", "Kitchen", "Refuge", "Store"] {
        assert!(shown.text.contains(&format!(">{name}</a>")), "{name} is in the list");
    }
    let map = drawn(&shown);
    assert!(map.contains("<title id=\"map-t\">") && map.contains(" km</text>"), "{map}");
    assert!(map.contains("aria-label=\"1 Clinic\"") && map.contains("href=\"#found-1\""), "{map}");
    assert!(map.contains("2 services close together: 2 Kitchen, 4 Store"), "{map}");
    assert!(!map.contains("Refuge") && map.matches("<circle").count() == 2, "{map}");
    assert!(shown.text.contains("id=\"found-3\"") && shown.text.contains("Place not shown on the map"));
    assert_eq!(shown.text.matches("Place not shown on the map").count(), 1);
    assert!(!shown.text.contains("<script>") && !shown.text.contains(" style="));
    // Whoever keeps the secret is not shown it on a map either.
    link_to(&hub, "77777777-7777-4777-8777-777777777703", (&org, "SV01")).await;
    let own = worker.get("/find?near=&view=map").await.expect(200).says("Refuge");
    assert!(!drawn(&own).contains("Refuge"));
    let alone = worker.get("/find?text=refuge&near=&view=map").await.expect(200).says("Refuge");
    alone.says("None of these places can be shown on a map").does_not_say("<figure");
}

#[actix_web::test]
async fn the_map_can_be_looked_at_from_closer_and_the_list_holds_all_of_it_and_no_secret_place_shows() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    provinces(&hub).await;
    let nearer = |closer: u8| format!("href=\"/find?near=&#38;view=map&#38;closer={closer}#map\"");
    let whole = worker.get("/find?near=&view=map").await.expect(200).says(&nearer(1));
    let whole = whole.says("aria-label=\"Look closer\"").does_not_say("Look from farther away");
    let whole = whole.does_not_say("outside of this part");
    let once =
        worker.get("/find?near=&view=map&closer=1").await.expect(200).says(&nearer(0)).says(&nearer(2));
    assert_ne!(drawn(&once), drawn(&whole));
    for closer in ["3", "5", "9", "250"] {
        let near = worker.get(&format!("/find?near=&view=map&closer={closer}")).await.expect(200);
        for name in ["Clinic", "Kitchen", "Refuge", "Store"] {
            assert!(near.text.contains(&format!(">{name}</a>")), "{name} is in the list");
        }
        assert!(!drawn(&near).contains("Refuge") && drawn(&near).contains("<circle"), "{}", near.text);
    }
    let nearest = worker.get("/find?near=&view=map&closer=9").await.expect(200).says(&nearer(4));
    let nearest = nearest.does_not_say("Look closer").says("1 service of the list lies outside of this part");
    let map = drawn(&nearest);
    assert!(map.contains("aria-label=\"2 Kitchen\"") && map.contains("aria-label=\"4 Store\""), "{map}");
    assert!(!map.contains("Clinic"), "{map}");
    for nonsense in ["-1", "256", "x", ""] {
        let shown = worker.get(&format!("/find?near=&view=map&closer={nonsense}")).await.expect(200);
        assert_eq!(drawn(&shown), drawn(&whole), "{nonsense}");
    }
    // The list does not keep how close the map was looked at.
    once.says("href=\"/find?near=\">List");
}

#[actix_web::test]
async fn a_circle_is_drawn_and_the_map_of_a_person_is_asked_for_by_a_form() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    provinces(&hub).await;
    let near = worker.get("/find?near=Lusaka&within=25&view=map").await.expect(200).says("Kitchen");
    let near = near.does_not_say("Clinic").says("value=\"25\" selected");
    assert!(drawn(&near).contains("<ellipse class=\"ring\""), "{}", near.text);
    let nowhere = worker.get("/find?near=&within=25").await.expect(422).says("id=\"within-e\"");
    nowhere.says("Choose a place from the list to search around it");
    let fields = [("near", "Lusaka"), ("within", "25"), ("sex", "female"), ("population", "PG13")];
    let list = worker.post("/find", &fields).await.expect(200).says("<button name=\"view\" value=\"map\">");
    list.says("name=\"population\" value=\"PG13\"").does_not_say("<figure");
    let mut again = fields.to_vec();
    again.push(("view", "map"));
    let map = worker.post("/find", &again).await.expect(200).says("<ellipse");
    let map = map.says("<form method=\"post\" action=\"/find#map\">");
    let map = map.says("<button name=\"closer\" value=\"1\" aria-label=\"Look closer\">");
    again.push(("closer", "1"));
    worker.post("/find", &again).await.expect(200).says("Look from farther away").says("Kitchen");
    for address in map.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(!address.contains("female") && !address.contains("PG13"), "{address}");
    }
}

#[actix_web::test]
async fn a_card_says_how_far_away_a_service_is_and_of_a_secret_place_no_more_than_a_band() {
    let hub = TestHub::new();
    let (org, mut worker) = worker(&hub).await;
    provinces(&hub).await;
    let (service, area) = ("77777777-7777-4777-8766-777777777701", "77777777-7777-4777-8766-777777777702");
    let house = "77777777-7777-4777-8766-777777777700";
    let (office, desk) = ("77777777-7777-4777-8766-777777777703", "77777777-7777-4777-8766-777777777704");
    let tables = [
        ("organization", "id,name", format!("{house},House of Calls\n")),
        (
            "service",
            "id,organization_id,name,status,delivery_modes",
            format!("{service},{house},Hotline,active,\"telephone, messaging\"\n"),
        ),
        ("service_area", "id,service_id,admin_area", format!("{area},{service},ZM\n")),
        ("location", "id,location_type,latitude,longitude", format!("{office},physical,-15.4,28.3\n")),
        ("service_at_location", "id,service_id,location_id", format!("{desk},{service},{office}\n")),
    ];
    let folder = tempfile::tempdir().unwrap();
    write_package(folder.path(), tables);
    import_package(&hub, folder.path().to_owned(), ("calls", Visibility::Public)).await;
    let path = "/find?near=Southern&within=25";
    for view in ["", "&view=map"] {
        let shown = worker.get(&format!("{path}{view}")).await.expect(200).says("Less than 1 km away");
        let shown = shown.says("Refuge").says("Less than 10 km away").says("By telephone or online");
        let shown = shown.does_not_say("Kitchen").does_not_say("find-away").does_not_say("find-serves");
        assert_eq!(shown.text.matches("Less than 1 km away").count(), 1, "{view}: the clinic");
        assert_eq!(drawn(&shown).is_empty(), view.is_empty());
        assert!(!drawn(&shown).contains("Hotline"), "its office is elsewhere: {}", shown.text);
    }
    worker.get("/find?near=").await.expect(200).says("Hotline").does_not_say("By telephone or online");
    let refuge = "77777777-7777-4777-8777-777777777703";
    link_to(&hub, refuge, (&org, "SV01")).await;
    let own = worker.get(path).await.expect(200).says("Refuge").does_not_say("Less than 10 km away");
    assert_eq!(own.text.matches("Less than 1 km away").count(), 2, "the provider knows where it is");
    for (language, says) in [
        ("fr", "Par téléphone ou en ligne"),
        ("es", "Por teléfono o en línea"),
        ("ar", "بالهاتف أو عبر الإنترنت"),
    ] {
        worker.get(&format!("/language/{language}?then=%2Ffind")).await.expect(303);
        worker.get(path).await.expect(200).says(says).does_not_say("find-away").does_not_say("find-serves");
    }
}
