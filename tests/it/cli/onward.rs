//! From one gateway to a second and on to a third, by command: A asks the person, B serves, and C gets what the person let go on.

use serde_json::{Value, json};
use throughline::kernel::time::{Clock as _, SystemClock};

use super::{
    agreement::agree_with,
    consent::write_record,
    gateway::{Gateway, hub_behind},
    referral::WORKER,
};
use crate::support::{TestHub, meddler::Meddler};

/// Harbour referred somebody to Lakeside, who has fetched it and may pass on to Hillside.
struct Ground {
    hub: TestHub,
    harbour: Gateway,
    lakeside: Gateway,
    hillside: Gateway,
    /// Between Lakeside and Hillside.
    agreement: String,
    /// The referral.
    parent: String,
}

fn form(values: &Value) -> String {
    json!({ "form": "CF", "version": "1", "values": values }).to_string()
}

async fn ground(meddler: &Meddler) -> Ground {
    let hub = hub_behind(meddler);
    let harbour = Gateway::enrolled(&hub, "Harbour").await;
    let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
    let hillside = Gateway::enrolled(&hub, "Hillside").await;
    for (gateway, name) in [(&lakeside, "Clinic"), (&hillside, "Hospital")] {
        gateway.offers(&hub, &format!("--service SV07 --name {name} --description Care")).await;
    }
    let onward = json!({ "rule": "listed", "organisations": [hillside.id], "hops": 1 });
    let first = agree_with(&hub, (&harbour, &lakeside), "", |document| document["onward"] = onward).await;
    let second = agree_with(&hub, (&lakeside, &hillside), "", |_| {}).await;
    for (gateway, agreement) in
        [(&harbour, &first), (&lakeside, &first), (&lakeside, &second), (&hillside, &second)]
    {
        gateway.run(&hub, &format!("agreement fetch {agreement}")).await.expect(0);
    }
    let named = hillside.id;
    let asked = write_record(&hub, &harbour, &lakeside, &first, |record| {
        record["lines"][0]["line"]["onward"] = json!([named]);
    });
    let consent = asked.await.id;
    harbour.run(&hub, "consent add record.json").await.expect(0);
    let certify = format!("consent certify {consent} --recipient {} --register", lakeside.id);
    harbour.run(&hub, &certify).await.expect(0);
    let values = json!({ "CF.case_token": "H-1", "CF.name": "Canary", "CF.phone": "+260 970" });
    std::fs::write(harbour.file("form.json"), form(&values)).unwrap();
    let seal = format!(
        "packet seal --form form.json --consent {consent} --to {} --purpose P01 --service SV07 --urgency U2 --retention RT02 \
         --onward OW02 --out out.rp1",
        lakeside.id
    );
    let sealed = harbour.json(&hub, &seal).await;
    harbour.run(&hub, "packet send out.rp1").await.expect(0);
    let packet = sealed["packet"].as_str().unwrap();
    lakeside.run(&hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
    let parent = sealed["referral"].as_str().unwrap().to_owned();
    Ground { hub, harbour, lakeside, hillside, agreement: second, parent }
}

impl Ground {
    async fn does(&self, words: String) {
        self.lakeside.run(&self.hub, &format!("referral {words}")).await.expect(0);
    }

    async fn accepts(&self) {
        let parent = &self.parent;
        self.does(format!("acknowledge {parent} --worker {WORKER}")).await;
        self.does(format!("accept {parent} --assignee {WORKER}")).await;
    }

    async fn starts(&self) {
        let today = SystemClock.now().datetime().format("%F");
        self.does(format!("start {} --since {today}", self.parent)).await;
    }

    /// How often it stands on the first referral that something was passed on.
    async fn noted(&self) -> usize {
        let shown = self.harbour.json(&self.hub, &format!("referral show {}", self.parent)).await;
        assert_eq!(shown["state"], "in_service");
        shown["timeline"].as_array().unwrap().iter().filter(|event| event["number"] == "T35").count()
    }
}

#[actix_web::test]
async fn what_came_from_one_organisation_is_passed_on_to_a_second_that_the_person_named() {
    let meddler = Meddler::new();
    let ground = ground(&meddler).await;
    let Ground { hub, harbour, lakeside, hillside, parent, .. } = &ground;
    std::fs::write(lakeside.file("found.json"), form(&json!({ "CF.age_band": "25_39" }))).unwrap();
    let pass_on = |more: &str| {
        format!(
            "packet pass-on in.rp1 --to {} --field CF.name --own found.json --service SV07 --urgency U2 --out onward.rp1 {more}",
            hillside.id
        )
    };
    let unread = lakeside.run(hub, &pass_on("")).await.expect(65).err;
    assert!(unread.contains("packet open"), "{unread}");
    lakeside.run(hub, "packet open in.rp1").await.expect(0);
    ground.accepts().await;
    let early = lakeside.run(hub, &pass_on("")).await.expect(65).err;
    assert!(early.contains("D706") && early.contains("not_in_service"), "{early}");
    ground.starts().await;

    let absent = lakeside.run(hub, &pass_on("--field CF.need_text")).await.expect(65).err;
    assert!(absent.contains("CF.need_text is not in the packet"), "{absent}");
    let twice = lakeside.run(hub, &pass_on("--field CF.age_band")).await.expect(65).err;
    assert!(twice.contains("CF.age_band"), "{twice}");
    let longer = lakeside.run(hub, &pass_on("--retention RT01")).await.expect(65).err;
    assert!(longer.contains("D706") && !lakeside.file("onward.rp1").exists(), "{longer}");

    let passed = lakeside.json(hub, &pass_on("")).await;
    assert_eq!((&passed["parent"], &passed["fields"]), (&json!(parent), &json!(2)));
    let is_event = |path: &str| path.ends_with("/events");
    meddler.before(move |_, path| {
        is_event(path)
            .then(|| (422, json!({ "code": "referral.move_refused", "detail": "not in this state" })))
    });
    let sent = lakeside.run(hub, "packet send onward.rp1").await.expect(0);
    assert!(sent.out.contains("The hub has"), "{}", sent.out);
    assert!(sent.err.contains("not noted") && sent.err.contains("not in this state"), "{}", sent.err);
    meddler.rest();
    meddler.after(move |answered| {
        if is_event(&answered.path) {
            answered.status = 502;
            answered.body.clear();
        }
    });
    let lost = lakeside.run(hub, "packet send onward.rp1").await.expect(0).err;
    assert!(lost.contains("not noted"), "{lost}");
    meddler.rest();
    for _again in 0..2 {
        let sent = lakeside.run(hub, "packet send onward.rp1").await.expect(0).err;
        assert!(!sent.contains("not noted"), "{sent}");
    }
    assert_eq!(ground.noted().await, 1);

    let (packet, child) = (passed["packet"].as_str().unwrap(), passed["referral"].as_str().unwrap());
    hillside.run(hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
    let read = hillside.json(hub, "packet open in.rp1").await;
    assert_eq!(read["fields"], json!({ "CF.name": "Canary", "CF.age_band": "25_39" }));
    assert_eq!(hillside.json(hub, &format!("referral show {child}")).await["state"], "delivered");
    harbour.run(hub, &format!("referral show {child}")).await.expect(69);
    assert!(!hub.everything_stored().contains("Canary"));
}

#[actix_web::test]
async fn what_lakeside_asked_the_person_itself_is_passed_on_under_its_own_consent_and_untold_when_they_want_that()
 {
    let meddler = Meddler::new();
    let ground = ground(&meddler).await;
    let Ground { hub, harbour, lakeside, hillside, agreement, parent } = &ground;
    lakeside.run(hub, "packet open in.rp1").await.expect(0);
    let consent = write_record(hub, lakeside, hillside, agreement, |_| {}).await.id;
    lakeside.run(hub, "consent add record.json").await.expect(0);
    let certify = format!("consent certify {consent} --recipient {} --register", hillside.id);
    lakeside.run(hub, &certify).await.expect(0);
    let values = json!({ "CF.case_token": "L-1", "CF.name": "Canary", "CF.age_band": "25_39" });
    std::fs::write(lakeside.file("form.json"), form(&values)).unwrap();
    let seal = |more: &str| {
        format!(
            "packet seal --form form.json --consent {consent} --to {} --purpose P01 --service SV07 --urgency U2 --retention RT02 \
             --out onward.rp1 {more}",
            hillside.id
        )
    };
    let continues = format!("--parent {parent} --received CF.name");
    ground.accepts().await;
    let early = lakeside.run(hub, &seal(&continues)).await.expect(65).err;
    assert!(early.contains("D706") && early.contains("not_in_service"), "{early}");
    ground.starts().await;

    let alone = lakeside.run(hub, &seal("--untold")).await.expect(2).err;
    assert!(alone.contains("--parent"), "{alone}");
    let absent =
        lakeside.run(hub, &seal(&format!("--parent {parent} --received CF.phone"))).await.expect(65).err;
    assert!(absent.contains("CF.phone"), "{absent}");

    for (more, noted) in [("--untold", 0), ("", 0), ("--told", 1)] {
        let sealed = lakeside.json(hub, &seal(&format!("{continues} {more}"))).await;
        assert_eq!(sealed["parent"], json!(parent));
        let sent = lakeside.run(hub, "packet send onward.rp1").await.expect(0);
        assert!(!sent.err.contains("not noted"), "{}", sent.err);
        assert_eq!(ground.noted().await, noted, "{more}");
        let (packet, child) = (sealed["packet"].as_str().unwrap(), sealed["referral"].as_str().unwrap());
        hillside.run(hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
        let manifest = hillside.json(hub, "packet verify in.rp1").await["manifest"].clone();
        let sources: Vec<_> =
            manifest["fields"].as_array().unwrap().iter().map(|field| (&field["f"], &field["s"])).collect();
        let (own, received) = (json!("own"), json!("received"));
        assert!(sources.contains(&(&json!("CF.name"), &received)), "{manifest}");
        assert!(sources.contains(&(&json!("CF.age_band"), &own)), "{manifest}");
        hillside.run(hub, "packet open in.rp1").await.expect(0);
        harbour.run(hub, &format!("referral show {child}")).await.expect(69);
        lakeside.run(hub, &format!("referral cancel {child} --reason CX01")).await.expect(0);
    }
    let shown = lakeside.json(hub, &format!("consent show {consent}")).await;
    let heard = &shown["passed_on"][0];
    assert_eq!((&heard["referral"], &heard["subject"]), (&json!(parent), &shown["subject"]));
    let wishes: Vec<_> = heard["heard"].as_array().unwrap().iter().map(|one| &one["wish"]).collect();
    assert_eq!(wishes, ["untold", "told"]);
    let alone = lakeside.run(hub, &seal("--told")).await.expect(65).err;
    assert!(alone.contains("--parent"), "{alone}");
    assert!(!hub.everything_stored().contains("Canary"));
}

#[actix_web::test]
async fn what_the_person_wants_untold_is_kept_and_kept_to_until_they_say_otherwise() {
    let meddler = Meddler::new();
    let ground = ground(&meddler).await;
    let Ground { hub, lakeside, hillside, parent, .. } = &ground;
    lakeside.run(hub, "packet open in.rp1").await.expect(0);
    ground.accepts().await;
    ground.starts().await;
    let pass_on = |out: &str, more: &str| {
        format!(
            "packet pass-on in.rp1 --to {} --field CF.name --service SV07 --urgency U2 --out {out} {more}",
            hillside.id
        )
    };
    let ends = async |passed: &Value| {
        let child = passed["referral"].as_str().unwrap();
        lakeside.run(hub, &format!("referral cancel {child} --reason CX01")).await.expect(0);
    };
    let show = format!("consent show {parent}");
    assert!(lakeside.run(hub, &show).await.expect(69).err.contains("consent.not_here"));
    let unheard =
        lakeside.run(hub, &pass_on("first.rp1", &format!("--heard-by {WORKER}"))).await.expect(65).err;
    assert!(unheard.contains("consent.heard_nothing"), "{unheard}");

    let told = lakeside.json(hub, &pass_on("told.rp1", "")).await;
    let first = lakeside.json(hub, &pass_on("first.rp1", &format!("--untold --heard-by {WORKER}"))).await;
    lakeside.run(hub, "packet send first.rp1").await.expect(0);
    let shown = lakeside.json(hub, &show).await;
    let said = &shown["heard"][0];
    assert_eq!((&said["wish"], &said["by"]), (&json!("untold"), &json!(WORKER)));
    let of = lakeside.json(hub, &format!("referral show {parent}")).await;
    assert_eq!((&shown["referral"], &shown["subject"]), (&json!(parent), &of["party"]["subject"]));
    let words = lakeside.run(hub, &show).await.expect(0).out;
    let at = said["at"].as_str().unwrap().split('.').next().unwrap();
    for part in [parent.as_str(), "is not to hear", shown["subject"].as_str().unwrap(), at, WORKER] {
        assert!(words.contains(part), "{part} is not in {words}");
    }

    // What was sealed before would tell, and so would a note on the referral.
    let add_child = format!("referral add-child {parent} --child {}", first["referral"].as_str().unwrap());
    for tells in ["packet send told.rp1", &add_child] {
        let refused = lakeside.run(hub, tells).await.expect(65).err;
        assert!(refused.contains("error[consent.untold]") && refused.contains(parent), "{refused}");
    }
    ends(&first).await;

    // Nobody says it again, and it is kept to.
    let second = lakeside.run(hub, &pass_on("second.rp1", "")).await.expect(0).err;
    assert!(second.contains("must not hear"), "{second}");
    let second = lakeside.json(hub, &pass_on("second.rp1", "")).await;
    lakeside.run(hub, "packet send second.rp1").await.expect(0);
    assert_eq!(ground.noted().await, 0);
    ends(&second).await;

    // The person does not mind any more, which is kept as well.
    let third = lakeside.json(hub, &pass_on("third.rp1", "--told")).await;
    for packet in ["third.rp1", "third.rp1"] {
        lakeside.run(hub, &format!("packet send {packet}")).await.expect(0);
    }
    assert_eq!(ground.noted().await, 1);
    let wishes = lakeside.json(hub, &show).await["heard"].clone();
    assert_eq!((&wishes[0]["wish"], &wishes[1]["wish"]), (&json!("untold"), &json!("told")));
    ends(&third).await;
    lakeside.run(hub, "packet send told.rp1").await.expect(0);
    assert_ne!(told["referral"], third["referral"]);
}
