//! Agreements on pages: offering one, renewing it, suspending, resuming and ending it, and who may.

use serde_json::{Value, json};
use throughline::{access::Role, agreements, kernel::Digest};

use super::visitor::{PASSPHRASE, Shown, Visitor};
use crate::support::{
    Org, TestHub,
    agreement::{self, Agreed, document, offered, signature},
    enrolled_at_node,
};

/// A form as a browser would send it, before somebody fills it in.
#[derive(Clone)]
struct Sheet(Vec<(String, String)>);

impl Sheet {
    /// The form of a page that is sent to an address.
    fn of(shown: &Shown, action: &str) -> Self {
        let (_, form) = shown.text.split_once(&format!("method=\"post\" action=\"{action}\"")).unwrap();
        let form = form.split_once("</form>").unwrap().0;
        let mut fields = Vec::new();
        for part in form.split('<').skip(1) {
            let tag = part.split_once('>').unwrap().0;
            let (name, value) = (attribute(tag, "name"), attribute(tag, "value").unwrap_or_default());
            if tag.starts_with("input") {
                let is_choice = tag.contains("checkbox") || tag.contains("radio");
                if let Some(name) = name.filter(|_| !is_choice || tag.ends_with(" checked")) {
                    fields.push((name, value));
                }
            } else if tag.starts_with("select") {
                fields.push((name.unwrap(), String::from("\0")));
            } else if tag.starts_with("option") {
                let last = fields.last_mut().unwrap();
                if last.1 == "\0" || tag.ends_with(" selected") {
                    last.1 = value;
                }
            }
        }
        Self(fields)
    }

    fn value(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(field, _)| field != name);
        self.and(name, value)
    }

    fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(field, held)| field != name || held != value);
        self
    }

    /// What only the parties know.
    fn completed(self) -> Self {
        let safeguards: Vec<String> = self
            .0
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| name.starts_with("safeguard-"))
            .collect();
        let sheet = self
            .with("p0-data", "data@harbour.example")
            .with("p0-oversight", "board@harbour.example")
            .with("p1-data", "privacy@clinic.example")
            .with("p1-oversight", "inspectorate@health.example")
            .with("assessment", "Both keep data in the country; its law applies")
            .with("dpia", "DPIA 2026-1")
            .with("rights", "rights@harbour.example");
        safeguards.iter().fold(sheet, |sheet, name| sheet.with(name, "Only health staff open it"))
    }

    async fn post(&self, visitor: &mut Visitor, path: &str) -> Shown {
        let fields: Vec<(&str, &str)> =
            self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        visitor.post(path, &fields).await
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
    let plain = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    Some(plain.iter().fold(value.to_owned(), |text, (entity, one)| text.replace(entity, one)))
}

/// The address that a page sends on to, without what was done.
fn address(shown: &Shown) -> String {
    shown.header("location").split('?').next().unwrap().to_owned()
}

/// The document of a version, as its parties get it.
async fn detail(hub: &TestHub, org: &Org, page: &str) -> (Value, Value) {
    let [_, id, version] = *page.trim_start_matches('/').split('/').collect::<Vec<_>>() else {
        panic!("{page}")
    };
    let path = format!("/api/v1/agreements/{id}/versions/{version}");
    let detail = org.get(hub, &path).await.expect(200).body;
    let document = serde_json::from_str(detail["document"].as_str().unwrap()).unwrap();
    (detail, document)
}

/// Two organisations, an administrator of each, and the form of the terms between them.
struct Between {
    hub: TestHub,
    harbour: Org,
    clinic: Org,
    ours: Visitor,
    theirs: Visitor,
}

impl Between {
    async fn new() -> Self {
        let hub = TestHub::new();
        let (harbour, clinic) = (hub.org("Harbour Aid").await, hub.org("Clinic & Ward").await);
        let ours = Visitor::signed_in(&hub, &harbour, &["administrator"]).await;
        let theirs = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
        Self { hub, harbour, clinic, ours, theirs }
    }

    async fn terms(&mut self) -> Sheet {
        let asked = format!(
            "/agreements/new?with={}&way=there&service=SV06&service=SV07&purpose=P01",
            self.clinic.id
        );
        Sheet::of(&self.ours.get(&asked).await.expect(200), "/agreements/new")
    }
}

#[actix_web::test]
async fn an_agreement_is_offered_from_a_form_and_its_draft_says_who_may_send_what_to_whom() {
    let mut between = Between::new().await;
    let asked = between.ours.get("/agreements/new").await.expect(200).says("Clinic &#38; Ward");
    asked.says("value=\"P01\" checked").does_not_say("Harbour Aid (").says("value=\"SV06\"");
    let missing = between.ours.get("/agreements/new?with=&purpose=P01").await.expect(422).says("Error:");
    missing.says("Choose the organisation").says("Choose at least one service").says("one direction");

    let sheet = between.terms().await;
    assert_eq!((sheet.value("p0-name"), sheet.value("p1-name")), ("Harbour Aid", "Clinic & Ward"));
    assert_eq!((sheet.value("r-P01-days"), sheet.value("place")), ("183", "ZM"));
    assert_eq!(sheet.value("b0-P01-6"), "A6-1-a", "as the policy names it first");
    let ticked: Vec<&str> =
        sheet.0.iter().filter(|(name, _)| name == "f0-P01").map(|(_, value)| value.as_str()).collect();
    assert!(ticked.contains(&"CF.name") && ticked.contains(&"CF.phone"), "{ticked:?}");
    assert!(!ticked.contains(&"CF.nationality"), "only what the services need is ticked: {ticked:?}");

    let refused = sheet.post(&mut between.ours, "/agreements/new").await.expect(422).says("Error:");
    refused.says("href=\"#p1-oversight\"").says("id=\"safeguard-K08-e\"").says("Fill this in");
    let sheet = between.terms().await.completed();
    let other = between.terms().await.completed().with("p0-oversight", "data@harbour.example");
    let refused = other.post(&mut between.ours, "/agreements/new").await.expect(422);
    refused.says("href=\"#p0-oversight\"").says("outside the referral line").says("value=\"DPIA 2026-1\"");

    let drafted = sheet.post(&mut between.ours, "/agreements/new").await.expect(303);
    let page = address(&drafted);
    let again = sheet.post(&mut between.ours, "/agreements/new").await.expect(303);
    assert_eq!(address(&again), page, "the same form is the same draft");
    let shown = between.ours.get(&page).await.expect(200).says("This is a draft");
    let shown = shown
        .says("Harbour Aid may send Clinic &#38; Ward, of people who are referred for Urgent medical care");
    let shown = shown.says("Clinic &#38; Ward may send Harbour Aid nothing").says("Offer it for signature");
    let shown = shown.says("Only health staff open it").does_not_say("and not listed");
    between.theirs.get(&page).await.expect(404);
    between.ours.get("/agreements").await.expect(200).says("Your drafts");

    Sheet::of(&shown, &format!("{page}/offer"))
        .post(&mut between.ours, &format!("{page}/offer"))
        .await
        .expect(303);
    let shown =
        between.ours.get(&page).await.expect(200).says("data-place=\"sign\"").says("Take the offer back");
    between.theirs.get(&page).await.expect(200).says("Decline the offer").says("data-place=\"sign\"");
    between.theirs.get("/agreements").await.expect(200).says("Waiting for signatures");
    Sheet::of(&shown, &format!("{page}/retract"))
        .post(&mut between.ours, &format!("{page}/retract"))
        .await
        .expect(303);
    between.theirs.get(&page).await.expect(404);
}

#[actix_web::test]
async fn a_draft_says_what_its_services_need_and_is_not_listed_and_can_be_changed() {
    let mut between = Between::new().await;
    let sheet = between.terms().await.completed().without("f0-P01", "CF.name");
    let drafted = sheet.and("flow", "1").with("f1-P01", "CF.need");
    let page = address(&drafted.post(&mut between.ours, "/agreements/new").await.expect(303));
    let shown = between.ours.get(&page).await.expect(200).says("Needed by the services, and not listed");
    shown.says("Name the person uses").says("Clinic &#38; Ward to Harbour Aid");
    let edit = format!("/agreements/new?base={}", page.trim_start_matches("/agreements/"));
    let sheet = Sheet::of(&between.ours.get(&edit).await.expect(200), "/agreements/new");
    assert_eq!(sheet.value("p1-data"), "privacy@clinic.example");
    let until = sheet.value("until").to_owned();
    let sheet = sheet.without("flow", "1").and("f0-P01", "CF.name");
    assert_eq!(address(&sheet.post(&mut between.ours, "/agreements/new").await.expect(303)), page);
    between.ours.get(&page).await.expect(200).does_not_say("and not listed");
    let (_, document) = detail(&between.hub, &between.harbour, &page).await;
    assert_eq!(document["flows"].as_array().unwrap().len(), 1);
    let day: chrono::NaiveDate = until.parse().unwrap();
    let end = format!("{}T00:00:00", day.succ_opt().unwrap());
    let until = document["validity"]["until"].as_str().unwrap();
    assert!(until.starts_with(&end), "the last day is in it: {until}");
}

#[actix_web::test]
async fn nobody_offers_or_writes_over_a_draft_that_they_did_not_see() {
    let mut between = Between::new().await;
    let page = address(
        &between.terms().await.completed().post(&mut between.ours, "/agreements/new").await.expect(303),
    );
    let edit = format!("/agreements/new?base={}", page.trim_start_matches("/agreements/"));
    let mut colleague = Visitor::signed_in(&between.hub, &between.harbour, &["administrator"]).await;
    let seen = colleague.get(&page).await.expect(200);
    let begun = Sheet::of(&colleague.get(&edit).await.expect(200), "/agreements/new");
    let mine = Sheet::of(&between.ours.get(&edit).await.expect(200), "/agreements/new");
    let mine = mine.with("rights", "others@harbour.example");
    mine.post(&mut between.ours, "/agreements/new").await.expect(303);

    let offer = format!("{page}/offer");
    let sheet = Sheet::of(&seen, &offer);
    sheet.post(&mut colleague, &offer).await.expect(412).says("Somebody changed this agreement meanwhile");
    let told = begun.with("rights", "mine@harbour.example").post(&mut colleague, "/agreements/new").await;
    let told = told.expect(412).says("Somebody changed it meanwhile").says("mine@harbour.example");
    let (_, document) = detail(&between.hub, &between.harbour, &page).await;
    assert_eq!(document["rights"]["contact"], "others@harbour.example", "nothing was written over");
    // Whoever was told may.
    Sheet::of(&told, "/agreements/new").post(&mut colleague, "/agreements/new").await.expect(303);
    let (_, document) = detail(&between.hub, &between.harbour, &page).await;
    assert_eq!(document["rights"]["contact"], "mine@harbour.example");

    let sheet = Sheet::of(&colleague.get(&page).await.expect(200), &offer);
    sheet.post(&mut colleague, &offer).await.expect(303);
    colleague.get(&edit).await.expect(409);
}

#[actix_web::test]
async fn what_is_in_no_list_or_on_several_lines_is_refused_and_a_code_counts_once() {
    let mut between = Between::new().await;
    let sheet = between.terms().await.completed();
    for (field, value) in [
        ("mou", "MoU\t7"),
        ("b0-P01-law", "Law\t3"),
        ("b0-P01-6", "A6-1-x"),
        ("b1-P01-9", "A9-2-x"),
        ("r-P01-trigger", "whenever"),
    ] {
        sheet.clone().with(field, value).post(&mut between.ours, "/agreements/new").await.expect(422);
    }
    let often = sheet.and("f0-purpose", "P01").and("f0-service", "SV06").and("f0-purpose", "P77");
    let page = address(&often.post(&mut between.ours, "/agreements/new").await.expect(303));
    let (_, document) = detail(&between.hub, &between.harbour, &page).await;
    let flow = &document["flows"][0];
    assert_eq!(flow["services"], json!(["SV06", "SV07"]));
    assert_eq!(flow["purposes"].as_array().unwrap().len(), 1);

    // An address says what is chosen, and nothing of what is typed.
    let asked = format!(
        "/agreements/new?with={}&way=there&service=SV06&purpose=P01&terms=1&law=Typed+by+a+link",
        between.clinic.id
    );
    between.ours.get(&asked).await.expect(200).does_not_say("Typed by a link");
}

#[actix_web::test]
async fn a_new_version_begins_from_what_was_agreed_and_keeps_what_the_form_does_not_ask() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let (clinic, lawyers) = (hub.org("Clinic").await, hub.org("Lawyers").await);
    let first = agreement::agreed(
        &hub,
        &[&harbour, &clinic, &lawyers],
        &document(&hub, [&harbour, &clinic, &lawyers]),
    )
    .await;
    let page = format!("/agreements/{}/{}", first.id, first.version);
    let mut administrator = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    let edit = format!("/agreements/new?base={}/{}", first.id, first.version);
    administrator.get(&page).await.expect(200).says(&edit);
    let sheet = Sheet::of(&administrator.get(&edit).await.expect(200), "/agreements/new");
    let drafted = sheet.with("r-P01-days", "90").without("f0-P01", "CF.phone");
    let next = address(&drafted.post(&mut administrator, "/agreements/new").await.expect(303));
    assert_eq!(next, format!("/agreements/{}/2", first.id));
    let (detail, made) = detail(&hub, &clinic, &next).await;
    let before: Value = serde_json::from_str(&first.document).unwrap();
    assert_eq!(made["supersedes"], json!(first.digest));
    for part in ["parties", "sensitive", "crypto", "legal_bases", "children", "parent_mou"] {
        assert_eq!(made[part], before[part], "{part}");
    }
    for part in ["services", "purposes"] {
        let (made, before) = (&made["flows"][1][part], &before["flows"][1][part]);
        assert_eq!(made, before, "with the field that is opened by itself, and each reason");
    }
    let narrower = json!([
        { "what": "field", "from": harbour.id, "to": clinic.id, "purpose": "P01", "field": "CF.phone" },
        { "what": "retention", "purpose": "P01", "days": 183 },
    ]);
    assert_eq!((&detail["changes"]["wider"], &detail["changes"]["narrower"]), (&json!([]), &narrower));

    // Somebody else's draft of the same version is in the way, and nobody sees it.
    let mut other = Visitor::signed_in(&hub, &harbour, &["administrator"]).await;
    let sheet = Sheet::of(&other.get(&edit).await.expect(200), "/agreements/new");
    sheet.post(&mut other, "/agreements/new").await.expect(409).says("Somebody made this version already");
}

#[actix_web::test]
async fn a_document_that_is_ready_is_taken_byte_for_byte_and_what_is_wrong_in_it_has_its_place() {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let (clinic, lawyers) = (hub.org("Clinic").await, hub.org("Lawyers").await);
    let mut administrator = Visitor::signed_in(&hub, &harbour, &["administrator"]).await;
    let mut written = document(&hub, [&harbour, &clinic, &lawyers]);
    written["flows"][0]["purposes"][0]["purpose"] = json!("P99");
    written["parties"][0]["oversight_contact"] = written["parties"][0]["data_protection_contact"].clone();
    let path = "/agreements/new/document";
    let text = written.to_string();
    let shown = administrator.post(path, &[("document", text.as_str())]).await.expect(422).says("Error:");
    let shown =
        shown.says("/flows/0/purposes/0/purpose").says("closed list").says("/parties/0/oversight_contact");
    shown.says("&#34;P99&#34;");
    administrator.post(path, &[("document", " ")]).await.expect(422).says("Paste the document");
    administrator.post(path, &[("document", "{")]).await.expect(422).says("no agreement in the form");
    let text = serde_json::to_string_pretty(&document(&hub, [&harbour, &clinic, &lawyers])).unwrap();
    let typed = text.replace('\n', "\r\n");
    let page = address(&administrator.post(path, &[("document", typed.as_str())]).await.expect(303));
    let shown =
        administrator.get(&page).await.expect(200).says("This is a draft").says("Open Door Legal Aid");
    shown.says(&Digest::of(&text).to_string());
}

#[actix_web::test]
async fn an_agreement_is_suspended_with_a_reason_and_goes_on_when_whoever_suspended_it_lets_it() {
    let (hub, agreed, [harbour, clinic, _]) = in_force().await;
    let page = format!("/agreements/{}/{}", agreed.id, agreed.version);
    let mut ours = Visitor::signed_in(&hub, &harbour, &["administrator"]).await;
    let mut theirs = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    let shown = ours.get(&page).await.expect(200).says("held for 72 hours").says("Harbour Aid to Clinic");
    let (suspend, resume) = (format!("{page}/suspend"), format!("{page}/resume"));
    let sheet = Sheet::of(&shown, &suspend);
    assert_eq!(sheet.value("which"), "all");
    let asked = sheet.post(&mut ours, &suspend).await.expect(422).says("Error:").says("Choose the reason");
    let sheet = Sheet::of(&asked, &suspend).with("reason", "security_incident");
    sheet.post(&mut ours, &suspend).await.expect(303);
    let late = sheet.with("reason", "political_risk").post(&mut theirs, &suspend).await.expect(412);
    late.says("Somebody changed this agreement meanwhile").says("Suspended");
    ours.get("/agreements").await.expect(200).says("Suspended or stopped").says("A security incident");

    let shown =
        theirs.get(&page).await.expect(200).says("A security incident").says("Harbour Aid suspended it");
    let shown = shown.says("or the coordinator").does_not_say(&format!("action=\"{resume}\""));
    shown.does_not_say(&format!("action=\"{suspend}\""));
    let version = Sheet::of(&ours.get(&page).await.expect(200), &resume).value("seen").to_owned();
    theirs.post(&resume, &[("seen", version.as_str())]).await.expect(403);
    ours.post(&resume, &[("seen", version.as_str())]).await.expect(303);
    let shown =
        ours.get(&format!("{page}?done=resumed")).await.expect(200).says("In force").says("It goes on");

    let flow = format!("{}/{}", harbour.id, clinic.id);
    let one = Sheet::of(&shown, &suspend).with("reason", "failed_audit").with("which", &flow);
    one.post(&mut ours, &suspend).await.expect(303);
    let shown = ours.get(&page).await.expect(200).says("In force").says("This direction is stopped");
    theirs.get("/agreements").await.expect(200).says("one direction is stopped");
    let one = Sheet::of(&shown, &resume);
    assert_eq!(one.value("which"), flow);
    one.post(&mut ours, &resume).await.expect(303);
    ours.get(&page).await.expect(200).does_not_say("This direction is stopped");
}

#[actix_web::test]
async fn an_agreement_ends_with_notice_or_for_breach_and_an_offer_is_declined() {
    let (hub, agreed, [harbour, clinic, lawyers]) = in_force().await;
    let page = format!("/agreements/{}/{}", agreed.id, agreed.version);
    let end = format!("{page}/end");
    let mut ours = Visitor::signed_in(&hub, &harbour, &["administrator"]).await;
    let shown = ours.get(&page).await.expect(200).says("destroyed within 7 days");
    let sheet = Sheet::of(&shown, &end);
    sheet.post(&mut ours, &end).await.expect(422).says("Choose how it ends").says("Error:");
    let far = sheet.with("how", "notice").with("until", "2099-01-01");
    let far = far
        .post(&mut ours, &end)
        .await
        .expect(422)
        .says("Name a day from today")
        .says("value=\"2099-01-01\"");
    let tomorrow = (hub.now().datetime().date_naive() + chrono::Days::new(1)).to_string();
    let sheet = Sheet::of(&far, &end);
    assert_eq!(sheet.value("how"), "notice", "what was chosen stays");
    sheet.with("until", &tomorrow).post(&mut ours, &end).await.expect(303);
    let shown = ours.get(&page).await.expect(200).says("Ended").says("may finish until");
    shown.does_not_say(&format!("action=\"{end}\"")).says("Begin a new version");

    let offer = offered(&hub, &harbour, &document(&hub, [&harbour, &clinic, &lawyers])).await;
    let page = format!("/agreements/{}/1", offer.id);
    let end = format!("{page}/end");
    let mut theirs = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    let sheet = Sheet::of(&theirs.get(&page).await.expect(200), &end);
    sheet.post(&mut theirs, &end).await.expect(303);
    ours.get(&page).await.expect(200).says("Ended").does_not_say("data-place=\"sign\"");
}

/// A hub with three organisations and an agreement that they have signed.
async fn in_force() -> (TestHub, Agreed, [Org; 3]) {
    let hub = TestHub::new();
    let harbour = hub.org("Harbour Aid").await;
    let (clinic, lawyers) = (hub.org("Clinic").await, hub.org("Lawyers").await);
    let agreed = agreement::agreed(
        &hub,
        &[&harbour, &clinic, &lawyers],
        &document(&hub, [&harbour, &clinic, &lawyers]),
    )
    .await;
    (hub, agreed, [harbour, clinic, lawyers])
}

#[actix_web::test]
async fn what_asks_for_something_stands_first_and_coordinators_see_it_of_everybody() {
    let (hub, agreed, [harbour, clinic, lawyers]) = in_force().await;
    let waiting = offered(&hub, &harbour, &document(&hub, [&harbour, &clinic, &lawyers])).await;
    let path = format!("{}/signatures", waiting.path());
    lawyers.post(&hub, &path, &signature(&lawyers, &waiting.document)).await.expect(201);
    let mut ending = document(&hub, [&harbour, &clinic, &lawyers]);
    let soon = hub.now().plus(chrono::TimeDelta::days(59));
    ending["validity"]["until"] = json!(soon);
    let ending = agreement::agreed(&hub, &[&harbour, &clinic, &lawyers], &ending).await;
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    let suspend = format!("/agreements/{}/{}/suspend", agreed.id, agreed.version);
    let shown = coordinator.get(suspend.trim_end_matches("/suspend")).await.expect(200);
    let shown = shown.does_not_say("Begin a new version").does_not_say("/end\"");
    let sheet = Sheet::of(&shown, &suspend).with("reason", "legal_change");
    sheet.post(&mut coordinator, &suspend).await.expect(303);
    let list = coordinator.get("/agreements").await.expect(200).does_not_say("Offer an agreement");
    let headings =
        ["Waiting for signatures", "Suspended or stopped", "Ending within 60 days", "All agreements"];
    let places: Vec<usize> = headings.map(|heading| list.text.find(heading).expect(heading)).into();
    assert!(places.is_sorted(), "{places:?}");
    let part =
        |n: usize| list.text.get(places[n]..places.get(n + 1).copied().unwrap_or(list.text.len())).unwrap();
    assert!(part(0).contains(&waiting.id.to_string()) && !part(0).contains(&agreed.id.to_string()));
    assert!(part(0).contains("Signatures: 1 of 3") && part(0).contains("waiting for "));
    assert!(part(1).contains(&agreed.id.to_string()) && part(1).contains("The law changed"));
    assert!(part(2).contains(&ending.id.to_string()) && !part(2).contains(&waiting.id.to_string()));
    for one in [&waiting, &agreed, &ending] {
        assert!(part(3).contains(&one.id.to_string()));
    }
    let theirs = Visitor::signed_in(&hub, &clinic, &["administrator"])
        .await
        .get(suspend.trim_end_matches("/suspend"))
        .await;
    theirs.expect(200).says("The coordinator suspended it").does_not_say("/resume\"");
}

#[actix_web::test]
async fn where_more_waits_than_can_stand_first_the_list_says_so() {
    let (hub, _agreed, [harbour, clinic, lawyers]) = in_force().await;
    let mut visitor = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    for _ in 1..agreements::MOST_PRESSING {
        offered(&hub, &harbour, &document(&hub, [&harbour, &clinic, &lawyers])).await;
    }
    visitor.get("/agreements").await.expect(200).does_not_say("stand first");
    offered(&hub, &harbour, &document(&hub, [&harbour, &clinic, &lawyers])).await;
    visitor.get("/agreements").await.expect(200).says("only 100 of them stand first");
}

#[actix_web::test]
async fn who_may_not_offer_or_move_agreements_gets_the_answer_they_get_elsewhere() {
    let (hub, agreed, [harbour, clinic, _]) = in_force().await;
    let page = format!("/agreements/{}/{}", agreed.id, agreed.version);
    let stranger = hub.org("Far Away").await;
    let moves = ["offer", "retract", "suspend", "resume", "end"].map(|way| format!("{page}/{way}"));
    let fields = [("seen", "1"), ("reason", "legal_change"), ("how", "breach")];
    let mut nobody = Visitor::new(&hub);
    assert_eq!(
        nobody.get("/agreements/new").await.expect(303).header("location"),
        "/sign-in?then=%2Fagreements%2Fnew"
    );
    nobody.post("/agreements/new", &[]).await.expect(303);
    let mut elsewhere = Visitor::signed_in(&hub, &stranger, &["administrator"]).await;
    let mut worker = Visitor::signed_in(&hub, &harbour, &["case_worker"]).await;
    for path in &moves {
        assert!(nobody.post(path, &fields).await.expect(303).header("location").starts_with("/sign-in"));
        elsewhere.post(path, &fields).await.expect(404);
        worker.post(path, &fields).await.expect(403);
    }
    let from = format!("/agreements/new?base={}/{}", agreed.id, agreed.version);
    elsewhere.get(&from).await.expect(404);
    worker.get(&from).await.expect(403);
    worker.get(&page).await.expect(200).does_not_say("/suspend\"").does_not_say("Begin a new version");
    worker.get("/agreements").await.expect(200).does_not_say("/agreements/new");
    enrolled_at_node(&hub, "m.tembo", (Role::Coordinator, PASSPHRASE)).await;
    let mut coordinator = Visitor::named(&hub, "m.tembo").await;
    for visitor in [&mut worker, &mut coordinator] {
        visitor.get("/agreements/new").await.expect(403);
        visitor.post("/agreements/new", &[]).await.expect(403);
        visitor.post("/agreements/new/document", &[("document", "{}")]).await.expect(403);
    }
    coordinator.post(&moves[4], &fields).await.expect(403);
    let mut administrator = Visitor::signed_in(&hub, &clinic, &["administrator"]).await;
    administrator.post_with(&[("sec-fetch-site", "cross-site")], &moves[2], &fields).await.expect(403);
    administrator.get(&page).await.expect(200).says("In force");
}
