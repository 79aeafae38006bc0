//! The story, step by step. Each step says what happens, does it, and must hold.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::{
    super::{CliError, Output, client::http},
    broken,
    country::{CLINIC, HARBOUR},
    directory,
    gateway::Letter,
    holdings::Holdings,
    people::{self, Asking, Person, SECRETS},
    stage::{Member, Stage, Tour},
};
use crate::{
    access::Role,
    agreements::Document,
    audit::{self, AuditError, Held},
    crypto::{Typ, sign_compact},
    jobs,
    kernel::{
        Id,
        id::{AgreementId, ReferralId, ServiceId, StaffId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    policy::{Deny, Policy},
    referrals::{By, Move, NextStep, Number, Report, Told},
};

/// Tells and performs it.
pub(super) async fn tell(stage: &Stage, output: &Output) -> Result<Tour, CliError> {
    let teller = Teller { output };
    let scene = mechanism(stage, &teller).await?;
    let (ibrahim, treated) = referral(stage, &scene, &teller).await?;
    let waiting = refusals(&scene, &teller).await?;
    child(&scene, &teller).await?;
    withdrawal(&scene, &ibrahim, &waiting, &teller).await?;
    teller.chapter("What the hub knows, and what it cannot take back");
    teller.step("The log verifies: every entry, every checkpoint", verify(stage)).await?;
    let seen = "What members told everybody is found in the hub's database and log, plain and encoded";
    let holdings = teller.step(seen, async { everything_seen(stage, &scene) }).await?;
    let nowhere =
        "Looked for in the same way, nothing of what was sealed and no private key is in any file of the hub";
    teller.step(nowhere, async { nothing_readable(&holdings, &scene) }).await?;
    output.say("\nEvery step held.");
    to_look_around(stage, &scene, treated).await
}

/// People who can sign in, and what the person was given.
async fn to_look_around(stage: &Stage, scene: &Scene, referral: ReferralId) -> Result<Tour, CliError> {
    let slip = scene.harbour.post(&format!("/api/v1/referrals/{referral}/person-code"), &json!({})).await?;
    let text = |name: &str| slip.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (harbour, clinic) = (&scene.harbour, &scene.clinic);
    let mut sign_ins = Vec::new();
    for (who, of, name, role) in [
        ("Case worker, Harbour Aid Association", Some(harbour), "w.harbour", Role::CaseWorker),
        ("Intake worker, Clinic of the Lake", Some(clinic), "w.clinic", Role::Intake),
        ("Administrator, Harbour Aid Association", Some(harbour), "a.harbour", Role::Administrator),
        ("Data protection, Harbour Aid Association", Some(harbour), "d.harbour", Role::DataProtection),
        ("Coordinator of the mechanism", None, "coordinator", Role::Coordinator),
    ] {
        sign_ins.push((who.to_owned(), stage.worker(of, name, role).await?));
    }
    let gateways =
        [harbour, clinic].map(|member| (member.home.clone(), member.passphrase_file.clone())).to_vec();
    Ok(Tour { sign_ins, code: text("code"), pin: text("pin"), gateways })
}

/// Everybody and what they agreed.
struct Scene {
    harbour: Member,
    clinic: Member,
    agreement: Document,
    signed: String,
    policy: Arc<Policy>,
}

impl Scene {
    fn asking(&self) -> Asking {
        Asking {
            from: self.harbour.organisation.id,
            to: self.clinic.organisation.id,
            agreement: self.agreement.id,
            at: SystemClock.now(),
        }
    }
}

struct Teller<'a> {
    output: &'a Output,
}

impl Teller<'_> {
    fn chapter(&self, title: &str) {
        self.output.say(format!("\n{title}"));
    }

    async fn step<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T, CliError>>,
    ) -> Result<T, CliError> {
        match work.await {
            Ok(done) => {
                self.output.say(format!("  ✓ {what}"));
                Ok(done)
            }
            Err(error) => {
                self.output.say(format!("  ✗ {what}"));
                Err(error)
            }
        }
    }
}

async fn mechanism(stage: &Stage, teller: &Teller<'_>) -> Result<Scene, CliError> {
    teller.chapter("A mechanism of two agencies");
    let harbour = teller
        .step("Harbour Aid makes its keys, is enrolled, publishes its public keys", stage.enrol(&HARBOUR))
        .await?;
    let clinic = teller.step("The Clinic of the Lake does the same", stage.enrol(&CLINIC)).await?;
    let offered =
        teller.step("Both offer what they do to the referral directory", offer(&[&harbour, &clinic])).await?;
    let listed = "The coordinator holds it against the inclusion criteria, and lists it";
    teller.step(listed, directory::list(stage, offered)).await?;
    let mapping = "A mapping exercise in two countries brings 37 more, with whom they take and what they ask";
    teller.step(mapping, directory::import(stage)).await?;
    let kept = "Everybody sees them but the two shelters for women and girls, which members alone find";
    teller.step(kept, directory::shelters_are_kept(&harbour)).await?;
    teller.step("A case worker at the harbour finds the clinic", find(&harbour)).await?;
    teller.step("A stranger's token is no token", stranger(&harbour)).await?;
    let agreement =
        "They sign a data-sharing agreement: which fields, for what, for how long. It is in force";
    let (agreement, signed) = teller.step(agreement, agree(&harbour, &clinic)).await?;
    Ok(Scene { harbour, clinic, agreement, signed, policy: stage.hub.policy() })
}

async fn referral(
    stage: &Stage,
    scene: &Scene,
    teller: &Teller<'_>,
) -> Result<(Person, ReferralId), CliError> {
    let Scene { harbour, clinic, .. } = scene;
    teller.chapter("Ibrahim is home after twenty years, and his medicines are running out");
    let ibrahim = people::ibrahim(scene.asking())?;
    teller
        .step(
            "He says yes to the clinic, and no to anybody's hearing of his past illness",
            consent(scene, &ibrahim),
        )
        .await?;
    let form = people::form("SV07", &[]);
    let seal = async {
        let sealed = harbour.seal(&form, clinic.organisation.id, "SV07").await?;
        sealed.map_err(|refusal| broken(format!("sealing was refused: {}", refusal.denials)))
    };
    let letter = teller.step("The harbour's gateway seals what both allow, and only that", seal).await?;
    let send = taken(harbour, &letter);
    let referral = teller.step("The hub judges what it cannot read, keeps it, signs a receipt", send).await?;
    teller.step("The clinic fetches it, opens it, and reads his name", read(clinic, &letter)).await?;
    teller.step("It accepts him, treats him, and says that the need is met", treat(clinic, referral)).await?;
    teller
        .step("The harbour hears of it, tells him, and closes the referral", close(harbour, referral))
        .await?;
    let rating = "With code and PIN from a borrowed phone, Ibrahim says how it went";
    teller.step(rating, rate(stage, scene, referral)).await?;
    Ok((ibrahim, referral))
}

/// Four ways in which nothing passes. Answers the packet that may pass in the end, and waits at the hub.
async fn refusals(scene: &Scene, teller: &Teller<'_>) -> Result<Letter, CliError> {
    let Scene { harbour, clinic, .. } = scene;
    let to = clinic.organisation.id;
    teller.chapter("What is refused");
    let nationality = people::form("SV08", &[("CF.nationality", "Elsewhere")]);
    teller
        .step(
            "His nationality is not in the agreement: the gateway refuses to seal it (D208)",
            refused(harbour, &nationality, to, ("D208", "CF.nationality")),
        )
        .await?;
    let history = people::form("SV08", &[("CF.mental_action", "counselling")]);
    teller
        .step(
            "His past illness is in the agreement, and he said no: refused (D309)",
            refused(harbour, &history, to, ("D309", "CF.mental_action")),
        )
        .await?;
    let seal = async {
        let sealed = harbour.seal(&people::form("SV08", &[]), to, "SV08").await?;
        sealed.map_err(|refusal| broken(format!("sealing was refused: {}", refusal.denials)))
    };
    let letter = teller.step("Without both, a referral to the counsellors can be sealed", seal).await?;
    let suspended = "The clinic suspends the agreement; the hub refuses what was sealed before (D203)";
    teller.step(suspended, suspended_meanwhile(scene, &letter)).await?;
    teller.step("It resumes, and the same packet passes", taken(harbour, &letter)).await?;
    Ok(letter)
}

async fn child(scene: &Scene, teller: &Teller<'_>) -> Result<(), CliError> {
    teller.chapter("Mary is sixteen and came alone");
    let search = "A search for her, misspelt, names the home that takes her first and forgets what was asked";
    teller.step(search, directory::search_for_mary(&scene.harbour)).await?;
    let stop = async {
        let asking = scene.asking();
        let mary = people::mary(asking)?;
        let made = people::certificate(&mary, asking.to, &scene.agreement, asking.at, &scene.policy)?;
        match made {
            Err(denials) if denials.holds(Deny::D401) => Ok(()),
            Err(denials) => Err(broken(format!("another refusal than the one for children: {denials}"))),
            Ok(_) => Err(broken("a child's own yes was taken for enough")),
        }
    };
    teller
        .step("Her own yes is not enough to send anything: a guardian must be there first (D401)", stop)
        .await?;
    let need = async {
        let need = json!({ "kind": "unreferred", "service": "SV15", "urgency": "U1", "reason": "NP01" });
        scene.harbour.post("/api/v1/needs", &need).await.map(drop)
    };
    teller
        .step("That she needs a guardian and nobody offers one is counted, without a word about her", need)
        .await
}

async fn withdrawal(
    scene: &Scene,
    ibrahim: &Person,
    waiting: &Letter,
    teller: &Teller<'_>,
) -> Result<(), CliError> {
    let Scene { harbour, clinic, .. } = scene;
    teller.chapter("Ibrahim takes it back");
    let withdrawn = take_back(harbour, ibrahim);
    let withdrawal =
        teller.step("The code on his receipt is enough: no name, no reason, no account", withdrawn).await?;
    teller.step("What waited for the counsellors is gone before they saw it", gone(clinic, waiting)).await?;
    let stopped = async {
        let form = people::form("SV07", &[]);
        let sealed = harbour.seal(&form, clinic.organisation.id, "SV07").await?;
        let letter = sealed.map_err(|refusal| broken(format!("sealing was refused: {}", refusal.denials)))?;
        match harbour.send(&letter).await? {
            Err(problem) if names(&problem, "D304") => Ok(()),
            Err(problem) => Err(broken(problem.to_string())),
            Ok(_) => Err(broken("a packet passed without a consent")),
        }
    };
    teller
        .step("A gateway that has not heard yet seals once more; the hub refuses it (D304)", stopped)
        .await?;
    let answer = async {
        let path = format!("/api/v1/withdrawals/{withdrawal}/answers");
        let until = SystemClock.now().plus(chrono::TimeDelta::days(365));
        let kept = json!({ "said": "kept", "exception": "WX3", "until": until });
        let view = clinic.post(&path, &kept).await?;
        if view.get("closed").is_some() { Ok(()) } else { Err(broken("the withdrawal was not closed")) }
    };
    teller
        .step("The clinic, which treated him, answers: the medical record stays, and for how long", answer)
        .await
}

/// Offers what the members do. Answers what waits to be listed.
async fn offer(members: &[&Member]) -> Result<Vec<ServiceId>, CliError> {
    let mut offered = Vec::new();
    for member in members {
        for (service, name, description) in member.agency.offers {
            let body = json!({ "organisation": member.organisation.id, "service": service, "name": name, "description": description });
            let made = member.post("/api/v1/services", &body).await?;
            let id = made.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            offered.push(id.ok_or_else(|| broken("what was offered has no id"))?);
        }
    }
    Ok(offered)
}

async fn find(worker: &Member) -> Result<(), CliError> {
    let found = worker.get("/api/v1/services?text=medicines").await?;
    let first = found.pointer("/items/0/provider").and_then(|p| p.as_str()).unwrap_or_default();
    if first == CLINIC.name { Ok(()) } else { Err(broken("the clinic was not found")) }
}

async fn stranger(member: &Member) -> Result<(), CliError> {
    match member.line.without_token().get("/api/v1/services").await {
        Err(error) if error.code() == "access.bad_token" => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(broken("a made-up token was taken")),
    }
}

/// Drafts, offers and signs. Answers the agreement and its exact bytes.
async fn agree(harbour: &Member, clinic: &Member) -> Result<(Document, String), CliError> {
    let at = SystemClock.now();
    let (from, to) = (harbour.organisation.id, clinic.organisation.id);
    let agreement = AgreementId::new(&SystemIds, at);
    let text = people::agreement(Asking { from, to, agreement, at })?.to_string();
    let document = Document::parse(text.as_bytes()).map_err(|error| broken(error.to_string()))?;
    let draft = harbour.post("/api/v1/agreements", &json!({ "document": text })).await?;
    let seen = draft.get("row_version").and_then(Value::as_i64).unwrap_or_default();
    let path = format!("/api/v1/agreements/{agreement}/versions/1");
    harbour.line.change(reqwest::Method::PUT, &format!("{path}/offer"), None, seen).await?;
    for party in [harbour, clinic] {
        let token = sign_compact(&party.keyring.signing, Typ::Agreement, text.as_bytes())?;
        let signature = json!({ "token": token, "signatory": "The director", "office": "Director", "authority": "Statute" });
        party.post(&format!("{path}/signatures"), &signature).await?;
    }
    let stands = clinic.get(&path).await?;
    match stands.get("state").and_then(Value::as_str) {
        Some("in_force") => Ok((document, text)),
        other => Err(broken(format!("the agreement is {other:?}"))),
    }
}

async fn consent(scene: &Scene, person: &Person) -> Result<(), CliError> {
    let asking = scene.asking();
    let made = people::certificate(person, asking.to, &scene.agreement, asking.at, &scene.policy)?;
    let claims = made.map_err(|denials| broken(format!("no certificate: {denials}")))?;
    scene.harbour.register(person, &claims, &scene.signed).await
}

/// Sends, and looks at what the hub promises. Answers the referral.
async fn taken(sender: &Member, letter: &Letter) -> Result<ReferralId, CliError> {
    let taken = sender.send(letter).await?.map_err(|problem| broken(problem.to_string()))?;
    let text = |name: &str| taken.get(name).and_then(Value::as_str);
    let promised = text("packet") == Some(&letter.packet) && text("receipt").is_some();
    let referral = text("referral").and_then(|id| id.parse().ok()).filter(|_| promised);
    referral.ok_or_else(|| broken("the hub's answer names another packet, or has no receipt"))
}

async fn read(recipient: &Member, letter: &Letter) -> Result<(), CliError> {
    let file = recipient.fetch(&letter.packet).await?.map_err(|problem| broken(problem.to_string()))?;
    let opened = recipient.open(&letter.packet, &file).await?;
    let name = opened.pointer("/fields/CF.name").and_then(Value::as_str);
    if name == SECRETS.first().copied() { Ok(()) } else { Err(broken("the clinic read another name")) }
}

async fn treat(clinic: &Member, referral: ReferralId) -> Result<(), CliError> {
    let worker: StaffId = Id::new(&SystemIds, SystemClock.now());
    let today: NaiveDate = SystemClock.now().datetime().date_naive();
    let outcome = "OC1".parse().map_err(|_not| broken("OC1"))?;
    let done = Move::Complete { outcome, report: Report { from: Some(today), ..Report::default() } };
    clinic.moves(referral, (By::Intake, Number::T03), Move::Acknowledge { worker }).await?;
    clinic.moves(referral, (By::Intake, Number::T07), Move::Accept { assignee: worker }).await?;
    clinic.moves(referral, (By::CaseWorker, Number::T16), Move::Start { since: today }).await?;
    clinic.moves(referral, (By::CaseWorker, Number::T21), done).await.map(drop)
}

async fn close(harbour: &Member, referral: ReferralId) -> Result<(), CliError> {
    let heard = Move::AcknowledgeOutcome { next: NextStep::NeedMet {} };
    let told = Move::InformPerson { told: Told::InPerson {} };
    let reason = "CL01".parse().map_err(|_not| broken("CL01"))?;
    harbour.moves(referral, (By::Sender, Number::L2), heard).await?;
    harbour.moves(referral, (By::Sender, Number::L3), told).await?;
    let closed = harbour
        .moves(referral, (By::Sender, Number::L4), Move::Close { reason, case: None, need: None })
        .await?;
    let stands = closed.pointer("/referral/loop").and_then(Value::as_str);
    if stands == Some("closed") { Ok(()) } else { Err(broken(format!("the loop is {stands:?}"))) }
}

/// The harbour hands out code and PIN; the person uses them.
async fn rate(stage: &Stage, scene: &Scene, referral: ReferralId) -> Result<(), CliError> {
    let slip = scene.harbour.post(&format!("/api/v1/referrals/{referral}/person-code"), &json!({})).await?;
    let said = json!({ "reached_service": true, "respectful": true, "asked_consent": true, "need_met": 5 });
    let body = json!({ "code": slip.get("code"), "pin": slip.get("pin"), "rating": said });
    let url = format!("{}/api/v1/person/rating", stage.url());
    let answer = http()?.post(url).json(&body).send().await;
    let status = answer.map_err(|error| broken(error.to_string()))?.status();
    if status == reqwest::StatusCode::NO_CONTENT {
        Ok(())
    } else {
        Err(broken(format!("the hub said {status}")))
    }
}

/// The gateway must refuse to seal the form, with this code about this field.
async fn refused(
    sender: &Member,
    form: &Value,
    to: crate::kernel::id::OrganisationId,
    (code, field): (&str, &str),
) -> Result<(), CliError> {
    match sender.seal(form, to, "SV08").await? {
        Err(refusal) if refusal.names(code, field) => Ok(()),
        Err(refusal) => Err(broken(format!("another refusal: {}", refusal.denials))),
        Ok(_) => Err(broken("it was sealed")),
    }
}

async fn suspended_meanwhile(scene: &Scene, letter: &Letter) -> Result<(), CliError> {
    let path = format!("/api/v1/agreements/{}/versions/1", scene.agreement.id);
    let clinic = &scene.clinic;
    let seen = |view: &Value| view.get("row_version").and_then(Value::as_i64).unwrap_or_default();
    let before = seen(&clinic.get(&path).await?);
    let (suspension, why) = (format!("{path}/suspension"), json!({ "reason": "security_incident" }));
    clinic.line.change(reqwest::Method::PUT, &suspension, Some(&why), before).await?;
    let answer = scene.harbour.send(letter).await?;
    let now = seen(&clinic.get(&path).await?);
    clinic.line.change(reqwest::Method::DELETE, &suspension, None, now).await?;
    match answer {
        Err(problem) if names(&problem, "D203") => Ok(()),
        Err(problem) => Err(broken(problem.to_string())),
        Ok(_) => Err(broken("it passed although the agreement was suspended")),
    }
}

fn names(problem: &Value, code: &str) -> bool {
    let denials = problem.get("denials").and_then(Value::as_array).into_iter().flatten();
    denials.into_iter().any(|denial| denial.get("code") == Some(&json!(code)))
}

/// With the code and nothing else, from no account.
async fn take_back(harbour: &Member, person: &Person) -> Result<String, CliError> {
    let url = format!("{}/api/v1/withdrawals", harbour.hub_url);
    let answer = http()?.post(url).json(&json!({ "code": person.code })).send().await;
    let answer: Value = answer
        .map_err(|error| broken(error.to_string()))?
        .json()
        .await
        .map_err(|error| broken(error.to_string()))?;
    let withdrawal = answer.get("withdrawal").and_then(Value::as_str).map(str::to_owned);
    withdrawal.ok_or_else(|| broken(answer.to_string()))
}

async fn gone(clinic: &Member, waiting: &Letter) -> Result<(), CliError> {
    match clinic.fetch(&waiting.packet).await? {
        Err(problem) if problem.get("code") == Some(&json!("packet.purged")) => Ok(()),
        Err(problem) => Err(broken(problem.to_string())),
        Ok(_) => Err(broken("the clinic still gets it")),
    }
}

async fn verify(stage: &Stage) -> Result<(), CliError> {
    jobs::run_all(&stage.hub).await.map_err(|error| broken(error.to_string()))?;
    let verifier = stage.hub.keys().log_key()?.verifier().clone();
    let found = stage
        .hub
        .read::<_, AuditError>(move |db| audit::verify(db, &verifier, &Held::default(), &mut |_, _| {}))
        .await?;
    if found.is_sound() { Ok(()) } else { Err(broken("the log does not verify")) }
}

/// The look that will be had for what nobody may find, had first for what must be there: what the clinic offers, which organisation it is
/// (in what was signed, so in base64), and that the hub was asked.
fn everything_seen(stage: &Stage, scene: &Scene) -> Result<Holdings, CliError> {
    let holdings = stage.holdings()?;
    let clinic = &scene.clinic;
    let id = clinic.organisation.id.to_string();
    let offered = clinic.agency.offers.iter().all(|(_, _, what)| holdings.reads("hub.db", what));
    if !offered {
        Err(broken(
            "what the clinic offers was not found in the hub's database, so looking there proves nothing",
        ))
    } else if holdings.find_encoded(id.as_bytes()).is_none() {
        Err(broken("the clinic was not found in anything that was signed, so looking there proves nothing"))
    } else if !holdings.reads("hub.log", "/api/v1/packets") {
        Err(broken("no packet was found in the hub's log, so looking there proves nothing"))
    } else {
        Ok(holdings)
    }
}

fn nothing_readable(holdings: &Holdings, scene: &Scene) -> Result<(), CliError> {
    let members = [&scene.harbour, &scene.clinic];
    let texts: Vec<String> =
        members.into_iter().flat_map(|member| member.keyring.private_numbers()).collect();
    if texts.is_empty() {
        return Err(broken("the members have no private keys to look for"));
    }
    let numbers = texts.iter().filter_map(|text| URL_SAFE_NO_PAD.decode(text).ok());
    let words = SECRETS.into_iter().map(|secret| secret.as_bytes().to_vec());
    for secret in words.chain(numbers).chain(texts.iter().map(|text| text.clone().into_bytes())) {
        if let Some(file) = holdings.find(&secret)? {
            let file = file.display();
            return Err(broken(format!("something that must stay with the members is in {file}")));
        }
    }
    Ok(())
}
