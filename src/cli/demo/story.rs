//! The story, step by step. Each step says what happens, does it, and must hold.

use serde_json::json;

use super::{
    super::{CliError, Output},
    country::{CLINIC, HARBOUR},
    stage::{Member, Stage},
};
use crate::{
    audit::{self, AuditError, Held},
    jobs,
    kernel::{Code, Fault},
};

/// Tells and performs it.
pub(super) async fn tell(stage: &Stage, output: &Output) -> Result<(), CliError> {
    let teller = Teller { output };
    teller.chapter("A mechanism of two agencies");
    let harbour = teller
        .step("Harbour Aid makes its keys, is enrolled, publishes its public keys", stage.enrol(&HARBOUR))
        .await?;
    let clinic = teller.step("The Clinic of the Lake does the same", stage.enrol(&CLINIC)).await?;
    teller.step("Both enter what they offer in the referral directory", offer(&[&harbour, &clinic])).await?;
    teller.step("A case worker at the harbour finds the clinic", find(&harbour)).await?;
    teller.step("A stranger's token is no token", stranger(&harbour)).await?;
    teller.chapter("What the hub knows, and what it cannot take back");
    teller.step("The log verifies: every entry, every checkpoint", verify(stage)).await?;
    teller
        .step("No private key of a member is anywhere at the hub", async {
            secrets(stage, &[&harbour, &clinic])
        })
        .await?;
    output.say("\nEvery step held.");
    Ok(())
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

/// A step that did not come out as it must.
fn broken(why: impl Into<String>) -> CliError {
    CliError::new(Code::new("demo.step", Fault::Internal), why)
}

async fn offer(members: &[&Member]) -> Result<(), CliError> {
    for member in members {
        for (service, name, description) in member.agency.offers {
            let body = json!({ "organisation": member.organisation.id, "service": service, "name": name, "description": description });
            member.post("/api/v1/services", &body).await?;
        }
    }
    Ok(())
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

async fn verify(stage: &Stage) -> Result<(), CliError> {
    jobs::run_all(&stage.hub).await.map_err(|error| broken(error.to_string()))?;
    let verifier = stage.hub.keys().log_key()?.verifier().clone();
    let found = stage
        .hub
        .read::<_, AuditError>(move |db| audit::verify(db, &verifier, &Held::default(), &mut |_, _| {}))
        .await?;
    if found.is_sound() { Ok(()) } else { Err(broken("the log does not verify")) }
}

fn secrets(stage: &Stage, members: &[&Member]) -> Result<(), CliError> {
    for member in members {
        for secret in member.keyring.private_numbers() {
            if let Some(file) = stage.hub_holds(&secret)? {
                return Err(broken(format!(
                    "a private key of {} is in {}",
                    member.agency.name,
                    file.display()
                )));
            }
        }
    }
    Ok(())
}
