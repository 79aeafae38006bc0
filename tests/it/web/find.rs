//! Finding a service on the pages.

use super::visitor::Visitor;
use throughline::directory::Visibility;

use crate::support::{Org, TestHub, import_package, service_of_row, write_package};

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
async fn what_is_said_of_a_person_is_judged_and_stands_in_no_address() {
    let hub = TestHub::new();
    let (_org, mut worker) = worker(&hub).await;
    directory(&hub).await;
    let men =
        worker.post("/find", &[("age", "34"), ("sex", "male"), ("population", "PG13")]).await.expect(200);
    let men = men.says("Kitchen").says("1 more is left out").does_not_say("by the sea").says("value=\"34\"");
    for address in men.text.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        for said in ["34", "male", "PG13"] {
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
    nothing.says("It is the words").says("href=\"/find?\"").says("2 without the words");
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
