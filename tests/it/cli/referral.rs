//! Packets and referrals by command, beside the straight way that docs/gateway.md walks.

use serde_json::{Value, json};
use throughline::kernel::time::{Clock as _, SystemClock};

use super::{
    agreement::{agree, agree_both_ways},
    consent::write_record,
    gateway::{Gateway, Ran, hub},
};
use crate::support::{TestHub, packet::CANARY, send};

pub(crate) const WORKER: &str = "stf_0192f0c1000070008000000000000021";

/// Two organisations that agree, and a person who consented to what they agree on; the certificate is registered.
pub(crate) struct Story {
    pub(crate) hub: TestHub,
    pub(crate) harbour: Gateway,
    pub(crate) lakeside: Gateway,
    pub(crate) consent: String,
}

impl Story {
    pub(crate) async fn new() -> Self {
        Self::at(hub()).await
    }

    pub(crate) async fn at(hub: TestHub) -> Self {
        let harbour = Gateway::enrolled(&hub, "Harbour").await;
        let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
        lakeside.offers(&hub, "--service SV07 --name Clinic --description Care").await;
        let agreement = agree_both_ways(&hub, &harbour, &lakeside).await;
        for gateway in [&harbour, &lakeside] {
            gateway.run(&hub, &format!("agreement fetch {agreement}")).await.expect(0);
        }
        let asked = write_record(&hub, &harbour, &lakeside, &agreement, |_| {}).await;
        harbour.run(&hub, "consent add record.json").await.expect(0);
        let certify = format!("consent certify {} --recipient {} --register", asked.id, lakeside.id);
        harbour.run(&hub, &certify).await.expect(0);
        let form = json!({ "form": "CF", "version": "1", "values": {
            "CF.case_token": "H-1", "CF.name": CANARY, "CF.age_band": "25_39", "CF.phone": "+260 970" } });
        std::fs::write(harbour.file("form.json"), form.to_string()).unwrap();
        Self { hub, harbour, lakeside, consent: asked.id }
    }

    pub(crate) fn seal(&self, more: &str) -> String {
        format!(
            "packet seal --form form.json --consent {} --to {} --purpose P01 --service SV07 --urgency U2 --retention RT02 --out \
             out.rp1 {more}",
            self.consent, self.lakeside.id
        )
    }

    /// Seals and sends; packet and referral.
    pub(crate) async fn send(&self, more: &str) -> (String, String) {
        let sealed = self.harbour.json(&self.hub, &self.seal(more)).await;
        self.harbour.run(&self.hub, "packet send out.rp1").await.expect(0);
        let text = |name: &str| sealed[name].as_str().unwrap().to_owned();
        (text("packet"), text("referral"))
    }

    /// Sends, fetches, opens and acknowledges.
    pub(crate) async fn acknowledged(&self) -> (String, String) {
        let (packet, referral) = self.send("").await;
        self.lakeside.run(&self.hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
        self.lakeside.run(&self.hub, "packet open in.rp1").await.expect(0);
        self.lakeside_does(&format!("acknowledge {referral} --worker {WORKER}")).await;
        (packet, referral)
    }

    /// The person is asked again and says the same: the next version of the record.
    async fn ask_again(&self, mut record: Value) {
        let shown = self.harbour.json(&self.hub, &format!("consent show {}", self.consent)).await;
        record["version"] = 2.into();
        record["supersedes"] = shown["digest"].clone();
        record["collected"]["at"] = json!(SystemClock.now());
        std::fs::write(self.harbour.file("record.json"), record.to_string()).unwrap();
        self.harbour.run(&self.hub, "consent add record.json").await.expect(0);
    }

    /// A move of the recipient; the state after it.
    pub(crate) async fn lakeside_does(&self, words: &str) -> Value {
        self.lakeside.json(&self.hub, &format!("referral {words}")).await["referral"]["state"].clone()
    }

    pub(crate) async fn state(&self, referral: &str) -> Value {
        self.harbour.json(&self.hub, &format!("referral show {referral}")).await["state"].clone()
    }
}

/// What became of it, with this field beside the case.
fn write_report(by: &Gateway, field: &str) {
    let mut form = json!({ "form": "CF", "version": "1", "values": { "CF.case_token": "H-1" } });
    form["values"][field] = "Canary report".into();
    std::fs::write(by.file("report.json"), form.to_string()).unwrap();
}

#[actix_web::test]
async fn who_is_told_of_people_is_shown_before_anything_is_sent() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    harbour.json(hub, &story.seal("")).await;
    let asked = harbour.run(hub, "packet send out.rp1").await.expect(0).err;
    assert!(asked.contains("does not say whether the recipient tells the authorities"), "{asked}");

    lakeside.offers(hub, "--service SV07 --name Ward --description Care --reports-to-authorities yes").await;
    let refused = harbour.run(hub, "packet send out.rp1").await.expect(65).err;
    assert!(
        refused.contains("packet.reports_to_authorities") && refused.contains("--reports-known"),
        "{refused}"
    );
    let sent = harbour.run(hub, "packet send out.rp1 --reports-known").await.expect(0).err;
    assert!(sent.contains("The recipient tells the authorities"), "{sent}");
    let found = harbour.run(hub, "service list --service SV07").await.expect(0).out;
    assert!(found.contains("tells the authorities"), "{found}");
}

#[actix_web::test]
async fn a_question_is_answered_with_a_packet_and_a_wrong_reason_with_the_list_of_right_ones() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (packet, referral) = story.acknowledged().await;
    assert_eq!(story.lakeside_does(&format!("ask {referral} --reason IX02")).await, "info_requested");
    let (update, _) = story.send(&format!("--update-of {packet} --referral {referral}")).await;
    let answered = harbour.json(hub, &format!("referral answer {referral} --packet {update}")).await;
    assert_eq!(
        (&answered["number"], &answered["referral"]["state"]),
        (&json!("T05"), &json!("acknowledged"))
    );
    let waiting = lakeside.json(hub, "packet inbox").await;
    assert_eq!((&waiting[0]["id"], &waiting[0]["kind"]), (&json!(update), &json!("update")));

    let wrong = lakeside.run(hub, &format!("referral decline {referral} --reason CX01")).await.expect(65).err;
    assert!(wrong.contains("error[referral.reason_refused]: CX01 is no reason to decline"), "{wrong}");
    assert!(wrong.contains("\n  DR01 ") && !wrong.contains("CX02"), "{wrong}");
    let theirs =
        harbour.run(hub, &format!("referral accept {referral} --assignee {WORKER}")).await.expect(65);
    assert!(theirs.err.contains("only the recipient of this referral can accept"), "{}", theirs.err);
    let too_early = lakeside.run(hub, &format!("referral agree-cancel {referral}")).await.expect(65);
    assert!(too_early.err.contains("referral.move_refused"), "{}", too_early.err);
    assert_eq!(story.lakeside_does(&format!("decline {referral} --reason DR01")).await, "declined");
    let shown = harbour.json(hub, &format!("referral show {referral}")).await;
    assert!(shown["destruction"]["answer_by"].is_string(), "{shown}");
    let said = lakeside.json(hub, &format!("consent answer {referral} destroyed")).await;
    assert_eq!((&said["referral"], &said["answer"]), (&json!(referral), &json!("destroyed")));
    let theirs = harbour.run(hub, &format!("consent answer {referral} destroyed")).await.expect(69).err;
    assert!(theirs.contains("access.not_found"), "{theirs}");
    let sent = harbour.json(hub, "referral list sent").await;
    assert_eq!((&sent[0]["id"], &sent[0]["reason"]), (&json!(referral), &json!("DR01")));
    assert_eq!(lakeside.json(hub, "referral list inbox").await, json!([]));
    assert_eq!(lakeside.json(hub, "referral list inbox --ended").await.as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn the_third_missed_appointment_is_meant_as_the_end_it_is() {
    let story = Story::new().await;
    let (_, referral) = story.acknowledged().await;
    story.lakeside_does(&format!("accept {referral} --assignee {WORKER}")).await;
    let tomorrow = SystemClock.now().plus(chrono::TimeDelta::days(1)).datetime().format("%F").to_string();
    assert_eq!(story.lakeside_does(&format!("schedule {referral} --on {tomorrow}")).await, "scheduled");
    for state in ["scheduled", "scheduled", "failed"] {
        assert_eq!(story.lakeside_does(&format!("no-show {referral} --reason NX02")).await, state);
    }
}

#[actix_web::test]
async fn a_packet_is_opened_again_on_purpose_only_and_its_receipt_is_one_and_the_same() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (packet, referral) = story.send("").await;
    let again = harbour.json(hub, "packet send out.rp1").await;
    assert_eq!((&again["packet"], &again["again"]), (&json!(packet), &json!(true)));
    lakeside.run(hub, &format!("packet fetch {packet} --out in.rp1")).await.expect(0);
    lakeside.run(hub, "packet verify in.rp1 --receipt in.receipt.jws").await.expect(0);
    let opened = lakeside.json(hub, "packet open in.rp1 --no-receipt").await;
    assert_eq!(opened["fields"]["CF.name"], CANARY);
    assert_eq!(story.state(&referral).await, "submitted", "nobody was told");
    let refused = lakeside.run(hub, "packet open in.rp1").await.expect(65).err;
    assert!(refused.contains("packet.receipt"), "{refused}");
    for _ in 0..2 {
        lakeside.run(hub, "packet open in.rp1 --again").await.expect(0);
        assert_eq!(story.state(&referral).await, "delivered");
    }
    let read_back = harbour.run(hub, "packet open out.rp1").await.expect(0);
    assert!(!read_back.err.contains("The hub knows"), "our own packet is nobody's delivery");

    let receipt = lakeside.file("in.receipt.jws");
    let token = std::fs::read_to_string(&receipt).unwrap();
    std::fs::write(&receipt, token.replacen("eyJ", "eyK", 1)).unwrap();
    lakeside.run(hub, "packet open in.rp1 --again").await.expect(65);
    std::fs::remove_file(&receipt).unwrap();
    let missing = lakeside.run(hub, "packet open in.rp1 --again").await.expect(65).err;
    assert!(missing.contains("--receipt"), "{missing}");
}

#[actix_web::test]
async fn what_was_taken_back_is_not_sealed_and_what_is_attested_travels() {
    let story = Story::new().await;
    let Story { hub, harbour, consent, .. } = &story;
    let attested = "--approvals 2 --signal absent --round 1 --override D107 --worker-anonymous";
    story.send(attested).await;
    let seen = harbour.json(hub, "packet inspect out.rp1").await;
    let expected =
        json!({ "approvals": 2, "signal": "absent", "round": 1, "overrides": ["D107"], "anonymous": true });
    let text = seen["envelope"].to_string();
    let found = seen["envelope"].as_object().unwrap().values().any(|value| *value == expected);
    assert!(found, "{text}");

    harbour.run(hub, &format!("consent withdraw {consent} --field CF.phone")).await.expect(0);
    let refused = harbour.run(hub, &story.seal("")).await.expect(65).err;
    assert!(refused.contains("packet.denied") && refused.contains("CF.phone"), "{refused}");
    let without = harbour.json(hub, &story.seal("--leave-out")).await;
    assert_eq!(without["left_out"][0]["field"], "CF.phone");
    harbour.run(hub, &format!("consent withdraw {consent}")).await.expect(0);
    let refused = harbour.run(hub, &story.seal("")).await.expect(65).err;
    assert!(refused.contains("consent.taken_back"), "{refused}");
}

#[actix_web::test]
async fn a_recipient_that_hears_a_withdrawal_passes_it_on_and_is_asked_itself() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let withdrawn = lakeside.json(hub, &format!("referral withdraw {referral}")).await;
    assert_eq!(withdrawn["referral"]["state"], "withdrawn");
    let asked = lakeside.run(hub, "consent withdrawals --open").await.expect(0).out;
    assert!(asked.contains("<- yours"), "{asked}");
    let told = harbour.json(hub, "consent withdrawals").await;
    let id = told[0]["id"].as_str().unwrap();
    let kept = format!("consent answer {id} kept --exception WX3 --until 2031-01-01");
    assert!(lakeside.run(hub, &kept).await.expect(0).out.contains("kept until 2031-01-01"));
    harbour.run(hub, &format!("consent answer {id} destroyed")).await.expect(69);
}

#[actix_web::test]
async fn a_recipient_writes_back_sealed_and_the_first_sender_reads_it() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (packet, referral) = story.acknowledged().await;
    write_report(lakeside, "CF.need_text");
    let sealed = lakeside.json(hub, "packet reply in.rp1 --form report.json --out reply.rp1").await;
    assert_eq!((&sealed["re"], &sealed["referral"]), (&json!(packet), &json!(referral)));
    assert_eq!((&sealed["to"], &sealed["fields"]), (&json!(harbour.id), &json!(2)));
    lakeside.run(hub, "packet send reply.rp1").await.expect(0);
    let again = lakeside.json(hub, "packet send reply.rp1").await;
    assert_eq!(again["again"], true);

    let waiting = harbour.json(hub, "packet inbox").await;
    assert_eq!((&waiting[0]["id"], &waiting[0]["kind"]), (&sealed["packet"], &json!("reply")));
    let fetch = format!("packet fetch {} --out answer.rp1", waiting[0]["id"].as_str().unwrap());
    harbour.run(hub, &fetch).await.expect(0);
    let opened = harbour.run(hub, "packet open answer.rp1").await.expect(0);
    assert!(opened.out.contains("Canary report") && opened.err.contains("The hub knows"), "{}", opened.out);
    assert!(opened.out.contains(&format!("referral show {referral}")), "{}", opened.out);
    assert_eq!(harbour.json(hub, "packet inbox").await, json!([]));
    let read_back = lakeside.json(hub, "packet open reply.rp1").await;
    assert_eq!(read_back["fields"]["CF.need_text"], "Canary report");
    assert!(!hub.everything_stored().contains("Canary report"));
    assert_eq!(story.state(&referral).await, "acknowledged", "an answer moves nothing by itself");
}

#[actix_web::test]
async fn an_answer_is_refused_where_it_is_written_when_nothing_may_go_back() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, consent, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let reply = "packet reply in.rp1 --form report.json --out reply.rp1";
    let refused = |gateway, with: &'static str, why: &'static str| async move {
        let Ran { err, .. } = Gateway::run(gateway, hub, &format!("{reply} {with}")).await.expect(65);
        assert!(err.contains(why), "{err}");
        assert!(!gateway.file("reply.rp1").exists());
    };
    write_report(lakeside, "CF.remarks");
    refused(lakeside, "", "D208").await;
    write_report(lakeside, "CF.need_text");
    write_report(harbour, "CF.need_text");
    for name in ["rp1", "receipt.jws"] {
        std::fs::copy(lakeside.file(&format!("in.{name}")), harbour.file(&format!("in.{name}"))).unwrap();
    }
    refused(harbour, "", "only its recipient answers it").await;
    refused(lakeside, "--receipt report.json", "packet.receipt").await;
    let one_way = agree(hub, harbour, lakeside).await;
    lakeside.run(hub, &format!("agreement fetch {one_way}")).await.expect(0);
    let words = format!("{reply} --agreement {one_way}");
    let no_way_back = lakeside.run(hub, &words).await.expect(65).err;
    assert!(no_way_back.contains("D218"), "{no_way_back}");

    harbour.run(hub, &format!("consent withdraw {consent} --field CF.need_text")).await.expect(0);
    refused(lakeside, "", "D309").await;
    lakeside.run(hub, &format!("referral withdraw {referral}")).await.expect(0);
    refused(lakeside, "", "D304").await;
}

#[actix_web::test]
async fn a_withdrawal_that_somebody_else_heard_is_noted_and_nothing_more_is_sealed() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, consent, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let record: Value = serde_json::from_slice(&std::fs::read(harbour.file("record.json")).unwrap()).unwrap();
    let code = record["withdrawal"]["code"].as_str().unwrap();
    lakeside.run(hub, &format!("consent withdraw --code {code} --field CF.phone")).await.expect(0);
    harbour.run(hub, &story.seal("")).await.expect(0);
    let told = harbour.run(hub, "consent withdrawals").await.expect(0).err;
    assert!(told.contains(consent), "{told}");
    let told = harbour.run(hub, "consent withdrawals").await.expect(0).err;
    assert!(!told.contains(consent), "noted once: {told}");
    let refused = harbour.run(hub, &story.seal("")).await.expect(65).err;
    assert!(refused.contains("D309") && refused.contains("CF.phone"), "{refused}");
    harbour.run(hub, &story.seal("--leave-out")).await.expect(0);

    lakeside.run(hub, &format!("referral withdraw {referral}")).await.expect(0);
    harbour.run(hub, "consent withdrawals").await.expect(0);
    let shown = harbour.json(hub, &format!("consent show {consent}")).await;
    assert_eq!(shown["taken_back"][1]["extent"], json!({ "recipient": lakeside.id }));
    let nothing_left = harbour.run(hub, &story.seal("--leave-out")).await.expect(65).err;
    assert!(nothing_left.contains("consent.taken_back"), "{nothing_left}");
    assert_eq!(
        lakeside.json(hub, "consent list").await,
        json!([]),
        "a recipient has no consent to note it in"
    );

    story.ask_again(record).await;
    harbour.run(hub, "consent withdrawals").await.expect(0);
    let shown = harbour.json(hub, &format!("consent show {consent}")).await;
    assert_eq!(
        (&shown["version"], &shown["taken_back"]),
        (&json!(2), &json!([])),
        "a new yes is not taken back"
    );
}

#[actix_web::test]
async fn a_need_that_stays_unmet_is_recorded_and_named_when_the_referral_is_closed() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    story.lakeside_does(&format!("decline {referral} --reason DR01")).await;
    for done in ["acknowledge-outcome {} --pending SV07", "inform-person {} --how phone"] {
        harbour.run(hub, &format!("referral {}", done.replace("{}", &referral))).await.expect(0);
    }
    let close = format!("referral close {referral} --reason CL10");
    let nothing = harbour.run(hub, &close).await.expect(65).err;
    assert!(nothing.contains("throughline need record"), "{nothing}");
    let record = "need record --service SV07 --urgency U2 --area ZM-09 --reason NP01";
    let others = lakeside.json(hub, record).await["id"].as_str().unwrap().to_owned();
    let not_ours = harbour.run(hub, &format!("{close} --need {others}")).await.expect(65).err;
    assert!(not_ours.contains("not recorded"), "{not_ours}");
    let need = harbour.json(hub, record).await;
    assert_eq!(
        (&need["kind"], &need["reason"], &need["area"]),
        (&json!("unreferred"), &json!("NP01"), &json!("ZM-09"))
    );
    let id = need["id"].as_str().unwrap();
    let beside = harbour
        .run(hub, &format!("referral close {referral} --reason CL01 --need {id}"))
        .await
        .expect(65)
        .err;
    assert!(beside.contains("CL10"), "{beside}");
    let closed = harbour.json(hub, &format!("{close} --need {id}")).await;
    assert_eq!(closed["referral"]["loop"], "closed");
}

#[actix_web::test]
async fn a_need_is_recorded_in_codes_with_the_reason_of_its_kind() {
    let hub = hub();
    let harbour = Gateway::enrolled(&hub, "Harbour").await;
    let record = "need record --service SV12 --urgency U2";
    let none = harbour.run(&hub, "need list").await.expect(0).out;
    assert!(none.contains("No needs"), "{none}");
    let wrong = harbour.run(&hub, &format!("{record} --reason CL10")).await.expect(65).err;
    assert!(wrong.contains("\n  NP01 ") && wrong.contains("\n  NP06 ") && !wrong.contains("CL01"), "{wrong}");
    for unclear in ["", "--reason NP01 --information-only self-referral", "--reason NP01 --area Lusaka"] {
        harbour.run(&hub, &format!("{record} {unclear}")).await.expect(2);
    }
    harbour.run(&hub, "need record --service SV98 --urgency U2 --reason NP01").await.expect(65);
    assert_eq!(harbour.json(&hub, "need list").await, json!([]));
    harbour.run(&hub, &format!("{record} --information-only refused-sharing")).await.expect(0);
    let told = harbour.run(&hub, &format!("{record} --reason NP06")).await.expect(0).out;
    assert!(told.contains("unreferred: NP06 Cost or transport"), "{told}");
    let rows = harbour.json(&hub, "need list").await;
    let rows: Vec<_> = rows.as_array().unwrap().iter().map(|row| (&row["kind"], &row["reason"])).collect();
    assert_eq!(
        rows,
        [(&json!("information_only"), &json!("refused_sharing")), (&json!("unreferred"), &json!("NP06"))]
    );
}

#[actix_web::test]
async fn what_a_person_asks_to_have_put_right_is_listed_and_answered_by_command() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let slip = harbour.json(hub, &format!("feedback code {referral}")).await;
    let asked = json!({ "code": slip["code"], "pin": slip["pin"], "kinds": ["family", "need"] });
    send(hub, None, "POST", "/api/v1/person/correction", &[], Some(&asked)).await.expect(200);
    let rows = lakeside.json(hub, "referral corrections --open").await;
    assert_eq!((&rows[0]["referral"], &rows[0]["kinds"]), (&json!(referral), &json!(["family", "need"])));
    let id = rows[0]["id"].as_str().unwrap();
    let said = lakeside.json(hub, &format!("referral answer-correction {id} disputed")).await;
    assert_eq!((&said["answer"], &said["overdue"]), (&json!("disputed"), &json!(false)));
    assert_eq!(lakeside.json(hub, "referral corrections --open").await, json!([]));
    let shown = harbour.run(hub, &format!("referral show {referral}")).await.expect(0).out;
    assert!(shown.contains("To put right by") && shown.contains("disputed at"), "{shown}");
    let unknown = "referral answer-correction cor_0192f0c1000070008000000000000041 put-right";
    harbour.run(hub, unknown).await.expect(69);
}

#[actix_web::test]
async fn what_is_left_for_a_person_and_by_them_is_listed_and_left_by_command() {
    let story = Story::new().await;
    let Story { hub, harbour, lakeside, .. } = &story;
    let (_, referral) = story.acknowledged().await;
    let slip = harbour.json(hub, &format!("feedback code {referral}")).await;
    let nothing = lakeside.run(hub, &format!("referral notes {referral}")).await.expect(0).out;
    assert!(nothing.contains("Nothing was left."), "{nothing}");
    lakeside.run(hub, &format!("referral leave-note {referral} please-call")).await.expect(0);
    let said = json!({ "code": slip["code"], "pin": slip["pin"], "kind": "do_not_call" });
    let seen = send(hub, None, "POST", "/api/v1/person/note", &[], Some(&said)).await.expect(200).body;
    assert_eq!(seen["notes"][0]["kind"], "please_call");
    let listed = lakeside.run(hub, &format!("referral notes {referral} --read")).await.expect(0).out;
    assert!(listed.contains("From the person: do_not_call") && listed.contains("NOT READ"), "{listed}");
    assert!(listed.contains("For the person: please_call"), "{listed}");
    let read = lakeside.json(hub, &format!("referral notes {referral}")).await;
    assert!(read["from_person"][0]["read"].is_string(), "{read}");
    let shown = lakeside.run(hub, &format!("referral show {referral}")).await.expect(0).out;
    assert!(shown.contains("DO NOT CALL the person"), "{shown}");
    let day = format!("referral leave-note {referral} please-call --day 2026-03-09");
    let refused = harbour.run(hub, &day).await.expect(65);
    assert!(refused.err.contains("referral.note_day"), "{}", refused.err);
    let unknown = "referral notes ref_0192f0c1000070008000000000000041";
    harbour.run(hub, unknown).await.expect(69);
}

#[actix_web::test]
async fn numbers_of_a_quarter_are_not_shown_while_there_are_too_few() {
    let hub = hub();
    let lakeside = Gateway::enrolled(&hub, "Lakeside").await;
    let none = lakeside.run(&hub, "feedback ratings --service SV07 --quarter 2025-Q1").await.expect(0).out;
    assert!(none.contains("Too few"), "{none}");
    let wrong = lakeside.run(&hub, "feedback ratings --service SV07 --quarter spring&x=1").await.expect(65);
    assert!(wrong.err.contains("feedback.not_a_quarter"), "{}", wrong.err);
    let unknown = "feedback code ref_0192f0c1000070008000000000000041";
    lakeside.run(&hub, unknown).await.expect(69);
}
