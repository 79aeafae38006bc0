//! What a member's gateway does in the story. Sealing and opening are done by this program's own commands, run as a member would, each in
//! the folder of its member; what has no file is said over the member's line to the hub.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use super::{broken, people::Person, stage::Member};
use crate::{
    cli::{CliError, client::http, files},
    consent::Claims,
    crypto::{Typ, sign_compact},
    kernel::{
        id::{OrganisationId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    referrals::{By, Event, Move, Number},
};

/// A sealed packet in a member's folder.
pub(super) struct Letter {
    /// Its file.
    pub(super) file: PathBuf,
    /// Its id.
    pub(super) packet: String,
}

/// What a command of ours came back with when it refused.
pub(super) struct Refusal {
    /// The numbered codes, with the fields they name.
    pub(super) denials: Value,
}

impl Refusal {
    /// Whether a code is among them and names this field.
    pub(super) fn names(&self, code: &str, field: &str) -> bool {
        let denials = self.denials.as_array().into_iter().flatten();
        denials.into_iter().any(|denial| {
            let fields = denial.get("fields").and_then(Value::as_array).into_iter().flatten();
            denial.get("code") == Some(&json!(code)) && fields.into_iter().any(|named| named == field)
        })
    }
}

impl Member {
    /// A file of this member's.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Keeps record, certificate and agreement as files, and registers the certificate at the hub.
    pub(super) async fn register(
        &self,
        person: &Person,
        claims: &Claims,
        agreement: &str,
    ) -> Result<(), CliError> {
        let payload = claims.bytes().map_err(|error| broken(error.to_string()))?;
        let token = sign_compact(&self.keyring.signing, Typ::Scope, &payload)?;
        files::replace(self.file("consent.json"), person.record.to_string().as_bytes())?;
        files::replace(self.file("scope.jws"), token.as_bytes())?;
        files::replace(self.file("agreement.json"), agreement.as_bytes())?;
        self.post("/api/v1/certificates", &json!({ "certificate": token })).await?;
        Ok(())
    }

    /// `throughline packet seal`, on a form.
    pub(super) async fn seal(
        &self,
        form: &Value,
        to: OrganisationId,
        service: &str,
    ) -> Result<Result<Letter, Refusal>, CliError> {
        let (form_file, out) =
            (self.file(&format!("{service}.form.json")), self.file(&format!("{service}.rp1")));
        files::replace(&form_file, form.to_string().as_bytes())?;
        let mut command = self.command(&["packet", "seal"]);
        command.arg("--form").arg(&form_file).arg("--consent").arg(self.file("consent.json"));
        command.arg("--certificate").arg(self.file("scope.jws"));
        command.arg("--agreement").arg(self.file("agreement.json"));
        command.args(["--purpose", "P01", "--service", service, "--urgency", "U2", "--retention", "RT02"]);
        command.arg("--to").arg(to.to_string()).arg("--out").arg(&out);
        match run(command).await? {
            Ok(made) => {
                let packet = made.get("packet").and_then(Value::as_str).map(str::to_owned);
                let packet = packet.ok_or_else(|| broken("the command named no packet"))?;
                Ok(Ok(Letter { file: out, packet }))
            }
            Err(problem) => match problem.get("denials") {
                Some(denials) => Ok(Err(Refusal { denials: denials.clone() })),
                None => Err(broken(problem.to_string())),
            },
        }
    }

    /// Hands a sealed packet in. What the hub refuses comes back with its codes.
    pub(super) async fn send(&self, letter: &Letter) -> Result<Result<Value, Value>, CliError> {
        let body = files::bytes(&letter.file)?;
        let request = http()?
            .post(format!("{}/api/v1/packets", self.hub_url))
            .bearer_auth(self.line.token())
            .header("content-type", "application/rp1+json")
            .body(body);
        let response = request.send().await.map_err(|error| broken(error.to_string()))?;
        let taken = response.status().is_success();
        let answer: Value = response.json().await.map_err(|error| broken(error.to_string()))?;
        Ok(if taken { Ok(answer) } else { Err(answer) })
    }

    /// Fetches a packet into a file, with the hub's receipt beside it. The status, when the hub gives none.
    pub(super) async fn fetch(&self, packet: &str) -> Result<Result<PathBuf, Value>, CliError> {
        let request =
            http()?.get(format!("{}/api/v1/packets/{packet}", self.hub_url)).bearer_auth(self.line.token());
        let response = request.send().await.map_err(|error| broken(error.to_string()))?;
        let served = response.status().is_success();
        let receipt = response.headers().get("throughline-receipt").cloned();
        let body = response.bytes().await.map_err(|error| broken(error.to_string()))?;
        if !served {
            return Ok(Err(serde_json::from_slice(&body).map_err(|error| broken(error.to_string()))?));
        }
        let file = self.file("fetched.rp1");
        files::replace(&file, &body)?;
        let receipt = receipt.ok_or_else(|| broken("the packet came without a receipt"))?;
        files::replace(self.file("fetched.receipt"), receipt.as_bytes())?;
        Ok(Ok(file))
    }

    /// `throughline packet open`, and the signed receipt for the hub.
    pub(super) async fn open(&self, packet: &str, file: &Path) -> Result<Value, CliError> {
        let answer = self.file("opened.jws");
        let mut command = self.command(&["packet", "open"]);
        command.arg(file).arg("--receipt").arg(self.file("fetched.receipt")).arg("--answer").arg(&answer);
        let opened = run(command).await?.map_err(|problem| broken(problem.to_string()))?;
        let receipt = files::text(answer)?;
        self.post(&format!("/api/v1/packets/{packet}/receipts"), &json!({ "receipt": receipt.trim() }))
            .await?;
        Ok(opened)
    }

    /// Signs and hands in one move of a referral.
    pub(super) async fn moves(
        &self,
        referral: ReferralId,
        (role, number): (By, Number),
        asked: Move,
    ) -> Result<Value, CliError> {
        let path = format!("/api/v1/referrals/{referral}");
        let view = self.get(&path).await?;
        let head = view.pointer("/party/head").and_then(Value::as_str).and_then(|head| head.parse().ok());
        let now = SystemClock.now();
        let event = Event {
            id: crate::kernel::Id::new(&SystemIds, now),
            referral,
            prev: head,
            issuer: self.organisation.id.to_string(),
            role,
            number,
            asked,
            occurred: now,
        };
        let token = event.sign(&self.keyring.signing)?;
        self.post(&format!("{path}/events"), &json!({ "event": token })).await
    }

    /// This program, run as this member's gateway.
    fn command(&self, words: &[&str]) -> Command {
        let program = std::env::current_exe().unwrap_or_else(|_error| PathBuf::from("throughline"));
        let mut command = Command::new(program);
        command.arg("--json").args(words).arg("--home").arg(&self.home);
        command.arg("--passphrase-file").arg(&self.passphrase_file);
        command
    }
}

/// Runs a command to its end: what it printed, or what it says went wrong.
async fn run(mut command: Command) -> Result<Result<Value, Value>, CliError> {
    let ran = tokio::task::spawn_blocking(move || command.output());
    let ran = ran.await.map_err(|error| broken(error.to_string()))??;
    let text = if ran.status.success() { &ran.stdout } else { &ran.stderr };
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let last = text.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty()).and_then(read);
    let said = read(text).or(last);
    let said = said.ok_or_else(|| broken(String::from_utf8_lossy(text).into_owned()))?;
    Ok(if ran.status.success() { Ok(said) } else { Err(said) })
}
