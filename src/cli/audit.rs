//! `throughline audit`

use std::path::PathBuf;

use clap::Subcommand;

use super::{CliError, Output, block_on, disclosures::DisclosuresArgs, files, open_hub};
use crate::{
    audit::{
        self, AuditError, Detail, Entry, Held, LogVerifier, Proof, Verification, Wanted, proof::PROOF_MAX,
    },
    config::Settings,
    hub::Hub,
    kernel::{Code, Digest, Fault, id::EntryId},
    packets::{self, PacketError},
};

#[derive(Subcommand)]
pub(super) enum Audit {
    /// Compute the whole log again from its entries and hold everything against it: tiles, checkpoints, signatures, the entries
    /// that rows of other tables name, and what you hold yourself. Ends with 65 when something is wrong.
    #[command(after_help = "Examples:
  throughline audit verify
  throughline audit verify --checkpoint kept.txt --leaf LEAF     also against what you hold")]
    Verify {
        /// A file with a checkpoint that somebody kept. May be given several times.
        #[arg(long = "checkpoint", value_name = "FILE")]
        checkpoints: Vec<PathBuf>,
        /// A leaf that a receipt promised. May be given several times.
        #[arg(long = "leaf", value_name = "LEAF", allow_hyphen_values = true)]
        leaves: Vec<Digest>,
    },
    /// Write the proof that an entry is in the log. It holds without this node.
    #[command(after_help = "Example:
  throughline audit prove aud_… --out proof.txt")]
    Prove {
        /// The entry's id (aud_…), or the leaf from a receipt.
        #[arg(allow_hyphen_values = true)]
        entry: String,
        /// Leave the entry's bytes out: the reader must have the leaf.
        #[arg(long)]
        without_entry: bool,
        /// Where to write; standard output when left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check a proof, on any machine: needs no node, no settings and no network.
    #[command(after_help = "Example:
  throughline audit verify-proof proof.txt --key KEY --leaf LEAF")]
    VerifyProof {
        /// The proof.
        file: PathBuf,
        /// The log's public key, as `throughline audit key` prints it.
        #[arg(long)]
        key: String,
        /// The leaf from your receipt.
        #[arg(long, allow_hyphen_values = true)]
        leaf: Option<Digest>,
    },
    /// Ask the hub, from an organisation's gateway, what was disclosed about a person: what, to whom, when, and under which consent
    /// and agreement. The answer is a statement signed by the node, and shown only when the signature is right.
    #[command(after_help = "Examples:
  throughline audit disclosures sub_…
  throughline audit disclosures sub_… --json
  throughline audit disclosures sub_… --out statement.jws     the signed statement, to hand on")]
    Disclosures(DisclosuresArgs),
    /// Print the newest checkpoint. Give it to somebody who does not depend on you.
    #[command(after_help = "Example:
  throughline audit checkpoint > checkpoint.txt")]
    Checkpoint,
    /// Print the log's public key.
    #[command(after_help = "Example:
  throughline audit key")]
    Key,
}

impl Audit {
    /// Runs the command. `settings` are loaded only where a node is needed.
    pub(super) fn run(
        self,
        settings: impl FnOnce() -> Result<Settings, CliError>,
        output: &Output,
    ) -> Result<(), CliError> {
        match self {
            Self::VerifyProof { file, key, leaf } => verify_proof(&file, &key, leaf, output),
            Self::Disclosures(args) => args.run(output),
            Self::Verify { .. } | Self::Prove { .. } | Self::Checkpoint | Self::Key => {
                let hub = open_hub(settings()?)?;
                let outcome = block_on(self.act(&hub, output));
                hub.store().close();
                outcome?
            }
        }
    }

    async fn act(self, hub: &Hub, output: &Output) -> Result<(), CliError> {
        let verifier = hub.keys().log_key()?.verifier().clone();
        match self {
            Self::Verify { checkpoints, leaves } => {
                let notes = checkpoints.iter().map(files::text).collect::<Result<_, _>>()?;
                verify(hub, verifier, Held { leaves, checkpoints: notes }, output).await
            }
            Self::Prove { entry, without_entry, out } => {
                let wanted = wanted(&entry)?;
                let detail = if without_entry { Detail::Path } else { Detail::Whole };
                let proof = hub
                    .read::<_, AuditError>(move |db| audit::prove(db, &verifier, wanted, detail))
                    .await?
                    .to_text();
                match out {
                    Some(file) => {
                        files::write(&file, proof.as_bytes())?;
                        output.say(format!("Wrote {}.", file.display()));
                        Ok(())
                    }
                    None => output.data(&serde_json::json!({ "proof": proof }), |_| proof.clone()),
                }
            }
            Self::Checkpoint => {
                let note = hub.read::<_, AuditError>(audit::checkpoint).await?;
                output.data(&serde_json::json!({ "checkpoint": note }), |_| note.clone())
            }
            Self::Key | Self::VerifyProof { .. } | Self::Disclosures(_) => {
                let facts = serde_json::json!({ "key": verifier.to_string(), "origin": verifier.origin() });
                output.data(&facts, |_| verifier.to_string())
            }
        }
    }
}

async fn verify(hub: &Hub, verifier: LogVerifier, held: Held, output: &Output) -> Result<(), CliError> {
    let progress = output.progress("verifying", 0);
    let tell = progress.teller();
    let mut found = hub
        .read::<_, AuditError>(move |db| audit::verify(db, &verifier, &held, &mut |done, of| tell(done, of)))
        .await?;
    drop(progress);
    let key = hub.node().receipts.verifier();
    let found = hub
        .read::<_, PacketError>(move |db| {
            packets::hold_promises(db, &key, &mut found)?;
            Ok(found)
        })
        .await?;
    output.data(&found, describe)?;
    if found.is_sound() { Ok(()) } else { Err(AuditError::Unsound(found.wrong).into()) }
}

fn describe(found: &Verification) -> String {
    let mut lines = vec![
        found.origin.clone(),
        format!(
            "{} entries, {} checkpoints and {} tiles computed again; {} rows of other tables and {} receipts and outside checkpoints held against it; {} entries wait for their place.",
            found.entries, found.checkpoints, found.tiles, found.rows, found.held_against, found.pending
        ),
    ];
    lines.extend(found.findings.iter().map(|finding| {
        let place = finding.place.map_or_else(String::new, |place| format!(" at {place}"));
        format!("  {:?}{place}: {}", finding.kind, finding.what)
    }));
    lines.push(if found.is_sound() {
        String::from("Nothing is wrong.")
    } else {
        format!("{} things are wrong.", found.wrong)
    });
    lines.join("\n")
}

fn wanted(text: &str) -> Result<Wanted, CliError> {
    if let Ok(id) = text.parse::<EntryId>() {
        return Ok(Wanted::Entry(id));
    }
    text.parse().map(Wanted::Leaf).map_err(|_neither| {
        CliError::new(
            Code::new("cli.argument", Fault::Malformed),
            "expected the id of an entry (aud_ and 32 digits) or a leaf (43 characters)",
        )
    })
}

fn verify_proof(file: &PathBuf, key: &str, leaf: Option<Digest>, output: &Output) -> Result<(), CliError> {
    let verifier = LogVerifier::parse(key)?;
    let most = u64::try_from(PROOF_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let text = files::beginning(file, most)?;
    let proven = Proof::parse(&text)?.check(&verifier, leaf)?;
    let entry = proven.entry.as_ref().map(Entry::facts).transpose().map_err(AuditError::from)?;
    let facts = serde_json::json!({
        "origin": proven.checkpoint.origin,
        "size": proven.checkpoint.size,
        "root": proven.checkpoint.root,
        "index": proven.index,
        "leaf": proven.leaf,
        "entry": entry.as_ref().map(|entry| serde_json::json!({
            "id": entry.id, "at": entry.at, "action": entry.action, "role": entry.role,
            "organisation": entry.organisation, "request": entry.request, "refused": entry.refused,
        })),
    });
    output.data(&facts, |_| {
        let said = entry.as_ref().map_or_else(String::new, |entry| {
            let outcome = entry
                .refused
                .as_deref()
                .map_or_else(|| String::from("done"), |code| format!("refused: {code}"));
            format!("\n{} {} ({outcome})\n{}", entry.at, entry.action, entry.id)
        });
        format!(
            "Holds: entry {} of {} in {}\nleaf {}{said}",
            proven.index, proven.checkpoint.size, proven.checkpoint.origin, proven.leaf
        )
    })
}
