//! What holds for every page: headers, languages, ways in and out, refusals.

use throughline::kernel::Digest;

use super::visitor::{PASSPHRASE, Visitor};
use crate::{
    api::custody::{paper_for, paper_id},
    support::{TestHub, send},
};

/// What scripts, styles and frames may do on a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types hub";

#[actix_web::test]
async fn every_page_is_kept_by_nobody_and_runs_nothing_from_elsewhere() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    for path in ["/find", "/sign-in", "/passphrase", "/services/nonsense", "/nothing/here"] {
        let shown = worker.get(path).await;
        assert_eq!(shown.header("content-security-policy"), POLICY, "{path}");
        assert_eq!(shown.header("cache-control"), "no-store", "{path}");
        assert_eq!(shown.header("referrer-policy"), "no-referrer", "{path}");
        for bad in [" style=", "<style", "onclick", "javascript:", "http://", "https://"] {
            assert!(!shown.text.contains(bad), "{path}: {bad}");
        }
        assert!(!shown.text.contains("<script>"), "{path}");
    }
}

#[actix_web::test]
async fn nobody_who_is_not_signed_in_sees_a_page_of_members() {
    let hub = TestHub::new();
    let mut nobody = Visitor::new(&hub);
    let referral = "/referrals/ref_01920000000070008000000000000000";
    let service = "/services/svc_01920000000070008000000000000000";
    let duty = "/duties/wdr_01920000000070008000000000000000";
    for path in
        ["/find", "/find?text=shelter", "/inbox", "/sent", "/overdue", "/duties", duty, referral, service]
    {
        let sent_on = nobody.get(path).await.expect(303);
        assert!(sent_on.header("location").starts_with("/sign-in?then=%2F"), "{path}");
        assert!(
            !sent_on.header("location").contains("shelter"),
            "what was asked for stands in no other address"
        );
    }
    for path in ["/find", duty, &format!("{service}/reports")] {
        nobody.post(path, &[("age", "34")]).await.expect(303);
    }
}

#[actix_web::test]
async fn scripts_and_styles_are_kept_for_ever_under_names_of_their_content() {
    let hub = TestHub::new();
    let mut anybody = Visitor::new(&hub);
    let page = anybody.get("/sign-in").await.expect(200);
    let style = page.text.split("href=\"").find_map(|rest| rest.strip_prefix("/assets/")).unwrap();
    let style = format!("/assets/{}", style.split('"').next().unwrap());
    let sent = anybody.get_with(&style, &[("accept-encoding", "gzip, br")]).await.expect(200);
    assert_eq!(sent.header("content-encoding"), "br");
    assert_eq!(sent.header("content-type"), "text/css; charset=utf-8");
    assert!(sent.header("cache-control").contains("immutable"));
    anybody.get("/assets/manifest.json").await.expect(404);
}

#[actix_web::test]
async fn what_a_browser_keeps_for_when_there_is_no_network_is_the_same_for_everybody() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let mut nobody = Visitor::new(&hub);
    let kept = [("/sw.js", "text/javascript; charset=utf-8"), ("/offline/fr", "text/html; charset=utf-8")];
    for (path, kind) in kept {
        let theirs = worker.get(path).await.expect(200);
        let shown = nobody.get(path).await.expect(200);
        assert_eq!(shown.text, theirs.text, "{path}");
        assert_eq!(theirs.header("content-type"), kind, "{path}");
        assert_eq!(theirs.header("cache-control"), "no-cache", "{path}");
        assert_eq!(theirs.header("set-cookie"), "", "{path}");
        assert_eq!(theirs.header("content-security-policy"), POLICY, "{path}");
    }
    nobody.get("/offline/fr").await.says("lang=\"fr\"");
    nobody.get("/offline/nonsense").await.expect(200).says("lang=\"en\"");
}

#[actix_web::test]
async fn pages_travel_compressed_but_for_those_that_hold_a_code() {
    const ACCEPTS: [(&str, &str); 2] = [("accept-encoding", "gzip"), ("sec-fetch-site", "same-origin")];
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut administrator = Visitor::signed_in(&hub, &org, &["administrator", "case_worker"]).await;
    for path in ["/find", "/inbox", "/people", "/people/new", "/account", "/my"] {
        let plain = administrator.get(path).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let packed = administrator.get_with(path, &ACCEPTS).await.expect(200);
        assert_eq!(packed.header("content-encoding"), "gzip", "{path}");
        assert_eq!(packed.header("vary"), "accept-encoding", "{path}");
        assert_eq!(packed.header("content-security-policy"), POLICY, "{path}");
        assert!(packed.bytes * 3 < plain.bytes * 2, "{path}: {} bytes", packed.bytes);
    }
    // What scripts ask for on slow telephones: signed, wrapped and sealed things.
    let keys = format!("/api/v1/organisations/{}/keys", org.id);
    let paper = format!("/api/v1/papers/{}", paper_id());
    send(&hub, Some(&org.token), "PUT", &paper, &[], Some(&paper_for(&org))).await.expect(200);
    for path in [&keys, "/api/v1/custody", "/api/v1/papers?kind=consent", &paper] {
        let (packed, plain) = (administrator.get_with(path, &ACCEPTS).await, administrator.get(path).await);
        assert_eq!(packed.expect(200).header("content-encoding"), "gzip", "{path}");
        assert_eq!(plain.expect(200).header("content-encoding"), "", "{path}");
    }
    let sheets = ["one", "another"].map(|form| Digest::of(form).to_string());
    let someone = [("sheet", sheets[0].as_str()), ("name", "w.phiri"), ("roles", "intake")];
    let invited = administrator.post_with(&ACCEPTS, "/people/new", &someone).await.expect(200);
    assert_eq!(invited.header("content-encoding"), "");
    invited.says("w.phiri");
    let staff = administrator.get("/people").await.expect(200).text;
    let staff = staff.split("href=\"/people/").find(|rest| rest.starts_with("stf_")).unwrap();
    let renewed = format!("/people/{}/code", staff.split('"').next().unwrap());
    let given = [("sheet", sheets[1].as_str()), ("code", "AAAAA-AAAAA"), ("pin", "000000")];
    let of_the_person = [
        "/my",
        "/my/take-back",
        "/my/taken-back",
        "/my/correct",
        "/my/corrected",
        "/my/write",
        "/my/written",
        "/my/rate",
        "/my/rated",
    ];
    for path in [&*renewed].into_iter().chain(of_the_person) {
        let shown = administrator.post_with(&ACCEPTS, path, &given).await;
        assert!(shown.text.starts_with("<!doctype html>"), "{path}: {}", shown.status);
        assert_eq!(shown.header("content-encoding"), "", "{path}");
    }
}

#[actix_web::test]
async fn somebody_signs_in_goes_on_where_they_wanted_to_and_out_again() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let shown = worker.get("/find").await.expect(200).says("w.banda").says("Harbour Aid").says("Case worker");
    assert!(!shown.text.contains("Sign in"), "{}", shown.text);
    worker.post("/sign-out", &[]).await.expect(303);
    let sent_on = worker.get("/find").await.expect(303);
    assert_eq!(sent_on.header("location"), "/sign-in?then=%2Ffind");
    worker.get("/sign-in?then=%2Ffind").await.expect(200).says("value=\"/find\"");
    for elsewhere in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let asked = format!("/sign-in?then={}", super::visitor::encoded(elsewhere));
        worker.get(&asked).await.expect(200).does_not_say("evil.example");
    }
}

#[actix_web::test]
async fn a_wrong_passphrase_a_wrong_name_and_no_name_look_the_same() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let _worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    let mut texts = Vec::new();
    for name in ["w.banda-0000", "nobody", ""] {
        let fields = [("name", name), ("passphrase", "canary passphrase that is wrong")];
        let shown = Visitor::new(&hub).post("/sign-in", &fields).await.expect(401);
        let shown = shown.says("Error:").says("do not belong together").does_not_say("canary");
        texts.push(shown.text.replace(&format!("value=\"{name}\""), ""));
    }
    assert!(texts.iter().all(|text| *text == texts[0]));
}

#[actix_web::test]
async fn what_another_site_sends_is_refused_on_pages_and_in_the_api() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        worker.post_with(&[header], "/sign-out", &[]).await.expect(403);
        let fields = [("name", "x"), ("passphrase", PASSPHRASE)];
        Visitor::new(&hub).post_with(&[header], "/sign-in", &fields).await.expect(403);
    }
    worker.get("/find").await.expect(200);
    let session = worker.cookie("throughline_session");
    let headers = [("cookie", session.as_str()), ("sec-fetch-site", "cross-site")];
    let refused = send(&hub, None, "DELETE", "/api/v1/session", &headers, None).await.expect(403);
    assert_eq!(refused.code(), "access.other_site");
    worker.get("/find").await.expect(200);
    worker.post_with(&[("origin", "http://hub.test")], "/sign-out", &[]).await.expect(303);
}

#[actix_web::test]
async fn a_code_from_the_administrator_becomes_a_passphrase_once() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let body = serde_json::json!({ "name": "w.mwila", "roles": ["intake"] });
    let enrolled = org.post(&hub, &staff, &body).await.expect(201).body;
    let (code, name) = (enrolled["code"].as_str().unwrap(), enrolled["name"].as_str().unwrap());
    let mut visitor = Visitor::new(&hub);
    let chosen = |passphrase, again| [("code", code), ("passphrase", passphrase), ("again", again)];
    let short = visitor.post("/passphrase", &chosen("short", "short")).await.expect(422);
    assert!(short.says("at least 12").says(code).text.contains("aria-invalid"));
    visitor.post("/passphrase", &chosen(PASSPHRASE, "something else")).await.expect(422).says("not the same");
    let done = visitor.post("/passphrase", &chosen(PASSPHRASE, PASSPHRASE)).await.expect(303);
    assert_eq!(done.header("location"), "/sign-in?chosen=1");
    visitor.post("/passphrase", &chosen(PASSPHRASE, PASSPHRASE)).await.expect(401).says("not good any more");
    visitor.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]).await.expect(303);
    visitor.get("/find").await.expect(200).says("Intake worker");
}

#[actix_web::test]
async fn pages_speak_the_language_that_was_chosen_and_keep_it() {
    let hub = TestHub::new();
    let mut visitor = Visitor::new(&hub);
    visitor
        .get_with("/sign-in", &[("accept-language", "fr-CA, en;q=0.3")])
        .await
        .says("lang=\"fr\" dir=\"ltr\"");
    let chosen = visitor.get("/language/ar?then=%2Fsign-in").await.expect(303);
    assert_eq!(chosen.header("location"), "/sign-in");
    let shown = visitor.get_with("/sign-in", &[("accept-language", "fr")]).await.expect(200);
    shown.says("lang=\"ar\" dir=\"rtl\"").says("تسجيل الدخول").says("hreflang=\"en\"");
    let elsewhere = visitor.get("/language/es?then=%2F%2Fevil.example").await.expect(303);
    assert_eq!(elsewhere.header("location"), "/");
    visitor
        .get("/nothing/here")
        .await
        .expect(404)
        .says("Aquí no hay nada")
        .says("api.no_such_route")
        .says("req_");
}

#[actix_web::test]
async fn a_small_screen_has_few_places_under_the_header_and_the_others_in_the_menu() {
    let hub = TestHub::new();
    let org = hub.org("Harbour Aid").await;
    let all = ["case_worker", "intake", "administrator", "data_protection"];
    let mut everything = Visitor::signed_in(&hub, &org, &all).await;
    let shown = everything.get("/agreements").await.expect(200);
    let (menu, rail) = shown.text.split_once("<nav class=\"rail\"").unwrap();
    let others = menu.split_once("<ul class=\"narrow\"").unwrap().1.split_once("</ul>").unwrap().0;
    for daily in ["/find", "/inbox", "/sent", "/cases", "/agreements"] {
        assert!(rail.contains(&format!("<li><a href=\"{daily}\"")), "{daily}");
        assert!(!others.contains(&format!("href=\"{daily}\"")), "{daily}");
    }
    for other in ["/overdue", "/duties", "/services", "/contacts", "/people", "/notices", "/disclosures"] {
        assert!(rail.contains(&format!("<li class=\"wide\"><a href=\"{other}\"")), "{other}");
        assert!(others.contains(&format!("<li><a href=\"{other}\">")), "{other}");
    }
    let mut worker = Visitor::signed_in(&hub, &org, &["case_worker"]).await;
    worker.get("/find").await.expect(200).does_not_say("class=\"narrow\"").does_not_say("class=\"wide\"");
}

#[actix_web::test]
async fn documents_stay_documents_where_the_api_is() {
    let hub = TestHub::new();
    for path in ["/api/v1/nothing", "/hsds/nothing", "/health/nothing"] {
        let answer = Visitor::new(&hub).get_with(path, &[("accept", "text/html")]).await.expect(404);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
    }
    let page = Visitor::new(&hub).get("/apiary").await.expect(404);
    assert!(page.header("content-type").starts_with("text/html"));
}
