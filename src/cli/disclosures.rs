//! `throughline audit disclosures`: what the hub states was disclosed about a person, believed only when the node signed it.

use std::{collections::BTreeMap, path::PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    consent::records::Records,
    files,
    home::{Home, HomeArgs},
    known::node_key,
    policy,
    session::{Names, Session, text},
};
use crate::{
    crypto::{GateError, Passphrase},
    kernel::{
        Code, Fault,
        id::{CertificateId, ConsentId, OrganisationId, SubjectToken},
    },
    packets::{Disclosed, DisclosedTo},
    referrals::{Disclosures, Stated},
};

#[derive(Args)]
pub(super) struct DisclosuresArgs {
    #[command(flatten)]
    home: HomeArgs,
    /// The person's pseudonym (sub_…), as `throughline referral show` and `throughline consent show` print it.
    subject: SubjectToken,
    /// Where to write the signed statement, to hand it on: whoever knows the node's key can verify it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl DisclosuresArgs {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        block_on(self.ask(&home, output))?
    }

    async fn ask(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let session = Session::open_with(home, &passphrase, output).await?;
        let node = node_key(home, &session.hub).await?;
        let answer = session.hub.post("/api/v1/disclosures", &json!({ "subject": self.subject })).await?.body;
        // What the answer says beside the statement is nobody's word, and is not looked at.
        let stated =
            Stated::verify(text(&answer, "statement"), &node, (session.organisation(), self.subject))
                .map_err(not_believed)?;
        if let Some(file) = &self.out {
            files::replace(file, stated.token.as_bytes())?;
        }
        let consents = consents(home, &passphrase)?;
        let names = session.names(concerned(&stated.disclosures)).await?;
        output.data(&with_consents(&stated, &consents), |_| {
            let mut lines = told(&stated.disclosures, &names, &consents);
            lines.extend(self.out.as_ref().map(|file| format!("\nThe statement is {}.", file.display())));
            lines.join("\n")
        })
    }
}

/// The consent behind each certificate that was signed here.
type Consents = BTreeMap<CertificateId, ConsentId>;

fn consents(home: &Home, passphrase: &Passphrase) -> Result<Consents, CliError> {
    let held = Records::open(home, passphrase)?.all()?;
    let issued = held.iter().flat_map(|held| held.certificates().iter().map(|one| (one.id, held.id())));
    Ok(issued.collect())
}

fn concerned(stated: &Disclosures) -> impl Iterator<Item = OrganisationId> {
    stated.disclosed.iter().flat_map(|one| one.to.iter().map(|to| to.organisation).chain([one.from]))
}

/// The statement's own words, the signed statement, and which consents of this home the certificates are of.
fn with_consents(stated: &Stated, consents: &Consents) -> Value {
    let cited = stated.disclosures.disclosed.iter().filter_map(|one| one.consent.as_ref());
    let known: BTreeMap<String, ConsentId> =
        cited.filter_map(|cited| Some((cited.id.to_string(), *consents.get(&cited.id)?))).collect();
    let mut shown = json!(stated.disclosures);
    if let Some(members) = shown.as_object_mut() {
        members.insert(String::from("statement"), json!(stated.token));
        members.insert(String::from("consents"), json!(known));
    }
    shown
}

fn told(stated: &Disclosures, names: &Names, consents: &Consents) -> Vec<String> {
    let mut lines = vec![format!(
        "Disclosed about {}, as {} states at {} under the node's signature:",
        stated.sub, stated.iss, stated.at
    )];
    if stated.disclosed.is_empty() {
        lines.push(String::from("  nothing that this organisation is a side of"));
    }
    for one in &stated.disclosed {
        lines.push(String::new());
        lines.extend(
            rows(one, names, consents).into_iter().map(|(label, row)| format!("  {label:<10} {row}")),
        );
    }
    if stated.more {
        lines.push(String::from(
            "\nThere is more than one statement names; ask the coordinator for the rest.",
        ));
    }
    lines
}

fn rows(one: &Disclosed, names: &Names, consents: &Consents) -> Vec<(&'static str, String)> {
    let label = policy::service(one.service.as_str());
    let what = format!(
        "{} {} of {}, for {} and {} {label}, keep {}, pass on {}",
        one.kind.name(),
        one.packet,
        one.referral,
        one.purpose,
        one.service,
        one.retention,
        one.onward
    );
    let purged = one.purged.map_or(String::new(), |at| format!("; the hub deleted it {at}"));
    let mut rows = vec![("What", what), ("When", format!("{}{purged}", one.received))];
    rows.push(("From", names.of(one.from)));
    rows.extend(one.to.iter().map(|to| ("To", format!("{}, {}", names.of(to.organisation), reached(to)))));
    rows.push(("Agreement", format!("{} version {}", one.agreement.id, one.agreement.ver)));
    rows.push((
        "Consent",
        match &one.consent {
            Some(cited) => match consents.get(&cited.id) {
                Some(consent) => format!("{consent}, certificate {}", cited.id),
                None => format!("certificate {}", cited.id),
            },
            None => String::from("none is cited"),
        },
    ));
    rows
}

/// Whether a recipient had it. One that never fetched it learned nothing from it.
fn reached(to: &DisclosedTo) -> String {
    match (to.delivered, to.answered) {
        (None, _) => String::from("not fetched"),
        (Some(delivered), None) => format!("fetched {delivered}"),
        (Some(delivered), Some(answered)) => format!("fetched {delivered}, answered {answered}"),
    }
}

fn not_believed(error: GateError) -> CliError {
    let why = match error {
        GateError::UnknownKey => "it is signed with another key than the node's that this gateway knows",
        GateError::Signature => "its signature is wrong",
        GateError::Shape | GateError::Header | GateError::Algorithm | GateError::Type | GateError::Sealed => {
            "it is not the statement that was asked for"
        }
    };
    CliError::new(
        Code::new("audit.statement_refused", Fault::Refused),
        format!(
            "the hub's statement is not to be believed: {why}. Nothing of it was kept; tell the coordinator"
        ),
    )
}
