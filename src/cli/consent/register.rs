//! `throughline consent register`: a certificate reaches the hub, and packets may cite it.

use clap::Args;
use serde_json::json;

use super::{
    super::{CliError, Output, block_on, home::Home, session::Session},
    Held, Records,
    certify::taken_back,
    records::Issued,
};
use crate::{
    crypto::Passphrase,
    kernel::{
        Code, Fault,
        id::{ConsentId, OrganisationId},
        time::{Clock as _, SystemClock},
    },
};

#[derive(Args)]
pub(super) struct RegisterArgs {
    /// The consent.
    consent: ConsentId,
    /// The one recipient the certificate is for.
    #[arg(long, value_name = "ORG")]
    recipient: OrganisationId,
}

impl RegisterArgs {
    pub(super) fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let records = Records::open(home, &passphrase)?;
        let mut held = records.find(self.consent)?;
        if held.is_taken_back()? {
            return Err(taken_back());
        }
        let issued = held.certificate(self.recipient, SystemClock.now())?.cloned();
        let issued = issued.ok_or_else(|| not_certified(self.consent, self.recipient))?;
        block_on(at_hub((home, &passphrase, &records), &mut held, &issued, output))??;
        let shown = json!({
            "certificate": issued.id, "consent": held.id(), "recipient": issued.recipient, "until": issued.until, "registered": true,
        });
        output.data(&shown, |_| {
            format!(
                "The hub has the certificate {} until {}. Next: throughline packet seal --consent {} --to {} ...",
                issued.id, issued.until, self.consent, self.recipient
            )
        })
    }
}

/// There is nothing to cite for this recipient.
pub(in crate::cli) fn not_certified(consent: ConsentId, recipient: OrganisationId) -> CliError {
    CliError::new(
        Code::new("consent.not_certified", Fault::NotFound),
        format!(
            "no certificate of the present version for {recipient} is kept here that still holds; run throughline consent certify \
             {consent} --recipient {recipient} --register"
        ),
    )
}

/// Registers a certificate, and notes that the hub has it. The hub takes the same one any number of times.
pub(super) async fn at_hub(
    (home, passphrase, records): (&Home, &Passphrase, &Records),
    held: &mut Held,
    issued: &Issued,
    output: &Output,
) -> Result<(), CliError> {
    let session = Session::open_with(home, passphrase, output).await?;
    session.hub.post("/api/v1/certificates", &json!({ "certificate": issued.token })).await?;
    held.registered(issued.id, SystemClock.now());
    records.keep(held)
}
