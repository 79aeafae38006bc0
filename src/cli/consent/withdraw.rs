//! `throughline consent withdraw`: the person takes back what they agreed to, whole or in part.
//!
//! The hub hears it first and this home second: what is noted here holds there already.

use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output,
        home::Home,
        session::{Session, part},
    },
    Held, Records,
    records::TakenBack,
};
use crate::{
    consent::{Extent, code_digest},
    kernel::{
        Secret,
        id::{ConsentId, OrganisationId, WithdrawalId},
        time::{Clock as _, SystemClock},
    },
    policy::{CategoryCode, FieldId, PurposeCode},
};

#[derive(Args)]
pub(super) struct WithdrawArgs {
    /// The consent, when it is kept here.
    #[arg(required_unless_present = "code")]
    consent: Option<ConsentId>,
    /// The code on the person's receipt, whoever took the consent.
    #[arg(long, conflicts_with = "consent")]
    code: Option<String>,
    /// Only what this recipient may have.
    #[arg(long, value_name = "ORG")]
    recipient: Option<OrganisationId>,
    /// Only what is for this purpose, such as P01.
    #[arg(long)]
    purpose: Option<PurposeCode>,
    /// Only this category, such as K14. May be given several times.
    #[arg(long = "category", value_name = "CATEGORY")]
    categories: Vec<CategoryCode>,
    /// Only this field, such as CF.phone. May be given several times.
    #[arg(long = "field", value_name = "FIELD")]
    fields: Vec<FieldId>,
}

impl WithdrawArgs {
    pub(super) async fn run(self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let records = Records::open(home, &passphrase)?;
        let code = self.code.map(Secret::new);
        let concerned = match (self.consent, &code) {
            (Some(consent), _) => vec![records.find(consent)?],
            (None, Some(code)) => of_code(&records, code)?,
            (None, None) => Vec::new(),
        };
        let extent = Extent {
            recipient: self.recipient,
            purpose: self.purpose,
            categories: self.categories.into_iter().collect(),
            fields: self.fields.into_iter().collect(),
        };
        let session = Session::open_with(home, &passphrase, output).await?;
        let withdrawal = match (&code, concerned.first()) {
            (Some(code), _) => Some(by(&session, "code", &json!(code.expose()), &extent).await?),
            (None, Some(held)) => at_hub(&session, held, &extent).await?,
            (None, None) => None,
        };
        for mut held in concerned {
            let version = held.current()?.version;
            held.take_back(TakenBack { version, at: SystemClock.now(), extent: extent.clone(), withdrawal });
            records.keep(&held)?;
        }
        tell(withdrawal, &extent, output)
    }
}

/// The consents of this home with a code on their receipt.
fn of_code(records: &Records, code: &Secret<String>) -> Result<Vec<Held>, CliError> {
    let asked = code_digest(code.expose());
    let mut found = Vec::new();
    for held in records.all()? {
        if code_digest(held.current()?.withdrawal.code.expose()) == asked {
            found.push(held);
        }
    }
    Ok(found)
}

/// Tells the hub, by the code of the record, or by the pseudonym where an older code is known there. Nothing when the hub was never
/// told of this consent.
async fn at_hub(
    session: &Session<'_>,
    held: &Held,
    extent: &Extent,
) -> Result<Option<WithdrawalId>, CliError> {
    let record = held.current()?;
    let whose = [("code", json!(record.withdrawal.code.expose())), ("subject", json!(record.subject))];
    let mut unknown = None;
    for (name, value) in whose {
        match by(session, name, &value, extent).await {
            Err(error) if error.code() == "access.not_found" => unknown = Some(error),
            settled => return settled.map(Some),
        }
    }
    match unknown {
        Some(error) if held.certificates().iter().any(|one| one.registered.is_some()) => Err(error),
        Some(_) | None => Ok(None),
    }
}

async fn by(
    session: &Session<'_>,
    name: &str,
    value: &Value,
    extent: &Extent,
) -> Result<WithdrawalId, CliError> {
    let body = json!({ name: value, "extent": extent });
    part(&session.hub.post("/api/v1/withdrawals", &body).await?.body, "withdrawal")
}

fn tell(withdrawal: Option<WithdrawalId>, extent: &Extent, output: &Output) -> Result<(), CliError> {
    output.data(&json!({ "withdrawal": withdrawal, "extent": extent }), |_| {
        let what = if extent.is_whole() { "Everything is taken back" } else { "That part is taken back" };
        match withdrawal {
            Some(id) => format!(
                "{what} ({id}). Nothing more passes under it, and everybody who has data is asked to answer. See: throughline \
                 consent withdrawals"
            ),
            None => format!("{what}. The hub was never told of this consent, so there is nobody else to tell."),
        }
    })
}
