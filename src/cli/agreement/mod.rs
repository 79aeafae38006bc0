//! `throughline agreement`

mod draft;
pub(super) mod kept;
mod show;
mod sign;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    output::Yes,
    policy,
    session::{Session, part, text},
};
use crate::{
    agreements::SuspensionReason,
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{AgreementId, OrganisationId},
    },
};

/// Data-sharing agreements: documents that say which fields may flow to whom for what. The hub refuses what none covers.
#[derive(Args)]
#[command(after_help = "From nothing to an agreement in force:
  throughline agreement draft --template --with org_… --service SV07 --out agreement.json
  throughline agreement draft --from agreement.json         checks it and leaves it at the hub as a draft
  throughline agreement offer dsa_…                         from now on its bytes are fixed
  throughline agreement sign dsa_… --signatory \"A. Banda\" --office Director --authority \"Statute, section 4\"
The partner runs the last command as well; with the last signature the agreement is in force.")]
pub(super) struct Agreement {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a document to begin with, or check one and leave it at the hub as a draft. Every rule it breaks is named.
    #[command(after_help = "Examples:
  throughline agreement draft --template --with org_… --service SV06 --service SV07 --out agreement.json
  throughline agreement draft --from agreement.json --check     only checks, without keys and without a hub
  throughline agreement draft --from agreement.json")]
    Draft(draft::DraftArgs),
    /// Show an agreement so that people can read it: who may send what to whom for what, until when, and how it stands.
    #[command(after_help = "Examples:
  throughline agreement show dsa_…
  throughline agreement show agreement.json      a file, without keys and without a hub")]
    Show {
        /// The agreement at the hub, or a file.
        what: String,
        /// Which version; the newest without it.
        #[arg(long)]
        version: Option<u32>,
    },
    /// List the agreements of this organisation and how they stand.
    #[command(after_help = "Example:
  throughline agreement list --json")]
    List,
    /// Offer a draft for signature. From now on its bytes are fixed.
    #[command(after_help = "Example:
  throughline agreement offer dsa_…")]
    Offer(Which),
    /// Take an offer back, to draft it again. Its signatures fall.
    #[command(after_help = "Example:
  throughline agreement retract dsa_…")]
    Retract(Which),
    /// Sign for this organisation: the exact bytes are fetched, held against every rule, shown, and signed.
    #[command(after_help = "Example:
  throughline agreement sign dsa_… --signatory \"A. Banda\" --office Director --authority \"Statute, section 4\"")]
    Sign(sign::SignArgs),
    /// Verify a document and its signatures with the keys this gateway has pinned. Needs no hub.
    #[command(after_help = "Example:
  throughline agreement fetch dsa_… --out agreement.json
  throughline agreement verify agreement.json")]
    Verify(sign::VerifyArgs),
    /// Keep the exact bytes of a document and its signatures in this home, so that consents and packets can name it by its id, also
    /// without the hub. With --out also write them to files.
    #[command(after_help = "Examples:
  throughline agreement fetch dsa_…
  throughline agreement fetch dsa_… --version 2 --out agreement.json     the same, and to a file")]
    Fetch {
        #[command(flatten)]
        which: Which,
        /// Where to write the document; its signatures are written beside it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Stop new packets at once, in every direction or in one.
    #[command(after_help = "Example:
  throughline agreement suspend dsa_… --reason security_incident")]
    Suspend {
        #[command(flatten)]
        which: Which,
        /// Why.
        #[arg(long, value_parser = suspension)]
        reason: SuspensionReason,
        #[command(flatten)]
        flow: Direction,
    },
    /// Go on after a suspension.
    #[command(after_help = "Examples:
  throughline agreement resume dsa_…
  throughline agreement resume dsa_… --from org_… --to org_…     one direction only")]
    Resume {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        flow: Direction,
    },
    /// End it: with notice, so that open referrals may finish, or at once for breach.
    #[command(after_help = "Examples:
  throughline agreement terminate dsa_… --notice-until 2026-12-31T00:00:00Z
  throughline agreement terminate dsa_… --for-breach")]
    Terminate {
        #[command(flatten)]
        which: Which,
        /// Until when open referrals may finish; how far ahead that may be is a limit of the policy.
        #[arg(long, value_name = "TIME", required_unless_present = "for_breach")]
        notice_until: Option<Timestamp>,
        /// For breach: everything ends at once, and what was received is destroyed.
        #[arg(long, conflicts_with = "notice_until")]
        for_breach: bool,
        #[command(flatten)]
        answer: Yes,
    },
    /// Note that the parties have reviewed it.
    #[command(after_help = "Example:
  throughline agreement review dsa_…")]
    Review(Which),
}

/// Which version of which agreement.
#[derive(Args, Clone, Copy)]
pub(super) struct Which {
    /// The agreement.
    agreement: AgreementId,
    /// Which version; the newest without it.
    #[arg(long)]
    version: Option<u32>,
}

/// One direction of an agreement.
#[derive(Args, Clone, Copy)]
struct Direction {
    /// One direction only: who discloses.
    #[arg(long, requires = "to")]
    from: Option<OrganisationId>,
    /// One direction only: who receives.
    #[arg(long, requires = "from")]
    to: Option<OrganisationId>,
}

fn suspension(word: &str) -> Result<SuspensionReason, String> {
    serde_json::from_value(Value::String(word.to_owned())).map_err(|_ignored| {
        String::from(
            "expected security_incident, safeguarding, change_of_control, legal_change, failed_audit, withdrawal_unanswered or \
             political_risk",
        )
    })
}

impl Agreement {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match &self.what {
            What::Verify(args) => return sign::verify(&home, args, output),
            What::Draft(args) if args.needs_no_hub() => {
                return args.check(&policy::of(&home)?, output).map(drop);
            }
            What::Show { what, .. } if !what.starts_with("dsa_") => return show::file(what, output),
            What::Draft(_)
            | What::Show { .. }
            | What::List
            | What::Offer(_)
            | What::Retract(_)
            | What::Sign(_)
            | What::Fetch { .. }
            | What::Suspend { .. }
            | What::Resume { .. }
            | What::Terminate { .. }
            | What::Review(_) => {}
        }
        block_on(at_hub(&home, self.what, output))?
    }
}

async fn at_hub(home: &Home, what: What, output: &Output) -> Result<(), CliError> {
    let session = Session::open(home, output).await?;
    match what {
        What::Draft(args) => args.run(&session, output).await,
        What::Show { what, version } => {
            let agreement = what.parse().map_err(|_ignored| unusable("this is no id of an agreement"))?;
            show::detail(&session, &find(&session, Which { agreement, version }).await?, output).await
        }
        What::List => list(&session, output).await,
        What::Offer(which) => change(&session, which, (Method::PUT, "/offer", None), output).await,
        What::Retract(which) => change(&session, which, (Method::DELETE, "/offer", None), output).await,
        What::Sign(args) => sign::sign(&session, args, output).await,
        What::Fetch { which, out } => sign::fetch(&session, which, out.as_deref(), output).await,
        What::Suspend { which, reason, flow } => {
            let mut body = json!({ "reason": reason.name() });
            if let (Some(from), Some(to), Some(members)) = (flow.from, flow.to, body.as_object_mut()) {
                members.insert(String::from("flow"), json!({ "from": from, "to": to }));
            }
            change(&session, which, (Method::PUT, "/suspension", Some(body)), output).await
        }
        What::Resume { which, flow } => {
            let query = match (flow.from, flow.to) {
                (Some(from), Some(to)) => format!("/suspension?from={from}&to={to}"),
                _ => String::from("/suspension"),
            };
            change(&session, which, (Method::DELETE, &query, None), output).await
        }
        What::Terminate { which, notice_until, for_breach: _, answer } => {
            answer.confirm("This ends the agreement for good. Go on?")?;
            let body = notice_until.map_or_else(|| json!({}), |until| json!({ "notice_until": until }));
            change(&session, which, (Method::PUT, "/termination", Some(body)), output).await
        }
        What::Review(which) => change(&session, which, (Method::POST, "/reviews", None), output).await,
        What::Verify(args) => sign::verify(home, &args, output),
    }
}

/// A version of an agreement as the hub has it, its bytes held against its digest.
async fn find(session: &Session<'_>, which: Which) -> Result<Value, CliError> {
    let version = match which.version {
        Some(version) => version,
        None => newest(session, which.agreement).await?,
    };
    let found = session.hub.get(&path(which.agreement, version)).await?.body;
    let (document, digest): (String, Digest) = (part(&found, "document")?, part(&found, "digest")?);
    if Digest::of(&document) == digest {
        Ok(found)
    } else {
        Err(CliError::new(
            Code::new("agreement.bytes_changed", Fault::Refused),
            "the hub shows a document that is not the one it names; do not sign it, and tell the coordinator",
        ))
    }
}

async fn newest(session: &Session<'_>, agreement: AgreementId) -> Result<u32, CliError> {
    let rows = session.hub.all("/api/v1/agreements").await?;
    let versions = rows.iter().filter(|row| text(row, "id") == agreement.to_string());
    let newest = versions.filter_map(|row| row.get("version")?.as_u64()).max();
    newest.and_then(|version| u32::try_from(version).ok()).ok_or_else(|| {
        CliError::new(
            Code::new("agreement.not_there", Fault::NotFound),
            format!("the hub has no {agreement} for this organisation; see throughline agreement list"),
        )
    })
}

fn path(agreement: AgreementId, version: u32) -> String {
    format!("/api/v1/agreements/{agreement}/versions/{version}")
}

async fn change(
    session: &Session<'_>,
    which: Which,
    (method, under, body): (Method, &str, Option<Value>),
    output: &Output,
) -> Result<(), CliError> {
    let found = find(session, which).await?;
    let path = path(which.agreement, part(&found, "version")?);
    let changed = session
        .hub
        .change(method, &format!("{path}{under}"), body.as_ref(), part(&found, "row_version")?)
        .await?;
    output.data(&changed.body, stands)
}

/// Where an agreement stands, in a sentence.
fn stands(view: &Value) -> String {
    let version = view.get("version").and_then(Value::as_u64).unwrap_or_default();
    let mut line = format!("{} version {version}: {}", text(view, "id"), text(view, "state"));
    if text(view, "standing") != text(view, "state") {
        line = format!("{line} ({})", text(view, "standing"));
    }
    if !text(view, "reason").is_empty() {
        line = format!("{line}, because of {}", text(view, "reason"));
    }
    line
}

async fn list(session: &Session<'_>, output: &Output) -> Result<(), CliError> {
    let rows = session.hub.all("/api/v1/agreements").await?;
    let parties = |row: &Value| part::<Vec<OrganisationId>>(row, "parties").unwrap_or_default();
    let names = session.names(rows.iter().flat_map(parties)).await?;
    output.data(&rows, |rows| {
        if rows.is_empty() {
            return String::from(
                "No agreements. Begin with: throughline agreement draft --template --with org_…",
            );
        }
        let line = |row: &Value| {
            let others = parties(row).into_iter().filter(|party| *party != session.organisation());
            let others: Vec<String> = others.map(|party| names.of(party)).collect();
            format!("{}, with {}, until {}", stands(row), others.join(" and "), text(row, "valid_until"))
        };
        rows.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn unusable(sentence: impl Into<String>) -> CliError {
    CliError::new(Code::new("agreement.unusable_input", Fault::Malformed), sentence)
}
