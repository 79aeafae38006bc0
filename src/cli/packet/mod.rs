//! `throughline packet`

mod continued;
mod form;
mod held;
mod open;
mod pass_on;
mod reach;
mod reply;
mod seal;
mod send;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    CliError, Output, block_on, files,
    home::{Home, HomeArgs},
};
use crate::{
    kernel::{
        Code, Fault,
        id::PacketId,
        time::{Clock as _, SystemClock},
    },
    packets::{check, inspect},
};
pub(super) use held::{of as held_of, sentence as held_sentence};
use reach::Gateway;

/// Packets: sealed referrals. Sealing, opening and verifying happen here, at the gateway; the hub only passes them on.
#[derive(Args)]
#[command(after_help = "From a filled form to the other side:
  throughline packet seal --form form.json --consent con_… --to org_… --purpose P01 --service SV07 --urgency U2 \\
    --retention RT02 --out referral.rp1
  throughline packet send referral.rp1                  the node's receipt is kept beside it
And there:
  throughline packet inbox
  throughline packet fetch pkt_… --out in.rp1
  throughline packet open in.rp1                        shows it, and tells the hub that it was opened
  throughline packet reply in.rp1 --form report.json --out reply.rp1
  throughline packet send reply.rp1                     goes back to the first sender")]
pub(super) struct Packet {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Seal a filled form for one recipient. What the agreement or the consent does not cover is refused, field by field.
    #[command(after_help = "Examples:
  throughline packet seal --form form.json --consent con_… --to org_… --purpose P01 --service SV07 --urgency U2 \\
    --retention RT02 --out referral.rp1                 with what this home keeps: record, certificate, agreement
  throughline packet seal --form form.json --consent record.json --certificate scope.jws \\
    --agreement agreement.json --to org_… --purpose P01 --service SV07 --urgency U2 --retention RT02 --out referral.rp1
  throughline packet seal … --update-of pkt_… --referral ref_… --out more.rp1     something more for a referral that is there
  throughline packet seal … --parent ref_… --received CF.name --out onward.rp1
                                                        passed on under a consent that this organisation took itself
What the sender attests travels in the signed envelope: --approvals 2, --signal absent, --round 1, --override D107, --worker-anonymous.")]
    Seal(Box<seal::SealArgs>),
    /// Seal an answer to a packet that was received, such as a report of what became of it: for its sender, in the same referral. What the
    /// agreement does not carry back is refused here; whether the person agreed to it, the hub knows.
    #[command(after_help = "Examples:
  throughline packet reply in.rp1 --form report.json --out reply.rp1
  throughline packet send reply.rp1
  throughline referral complete ref_… --outcome OC1 --note pkt_…     the report names the packet that says more
Who sent the first packet finds the answer in `throughline packet inbox`, and fetches and opens it like any other.")]
    Reply(Box<reply::ReplyArgs>),
    /// Pass on what was received to another organisation, in a referral of its own that continues the first: chosen fields of the packet, and
    /// what this organisation adds. What an agreement on the way does not let pass is refused here; whether the person named that
    /// organisation, the hub knows. Who sent the first packet is told by codes that something was passed on, not what.
    #[command(after_help = "Examples:
  throughline packet pass-on in.rp1 --to org_… --field CF.name --field CF.phone --service SV12 --urgency U2 --out onward.rp1
  throughline packet pass-on in.rp1 --to org_… --field CF.name --own found.json --service SV12 --urgency U2 --out onward.rp1
  throughline packet pass-on in.rp1 … --untold          the person does not want the first sender to hear of it, now or later
  throughline packet send onward.rp1        also notes on the first referral that it was passed on, unless it is untold
The referral it came with is in service: throughline referral start ref_… --since DAY
With a consent that this organisation took itself: throughline packet seal --parent ref_…")]
    PassOn(Box<pass_on::PassOnArgs>),
    /// Hand a sealed packet in at the hub, verify the node's receipt, and keep it beside the packet. The same packet again gets the same
    /// receipt.
    #[command(after_help = "Example:
  throughline packet send referral.rp1        writes referral.receipt.jws")]
    Send {
        /// The packet.
        packet: PathBuf,
        /// Send it although the provider tells the authorities of people who come: the person was told, and wants it.
        #[arg(long)]
        reports_known: bool,
    },
    /// List the packets that wait for this organisation.
    #[command(after_help = "Example:
  throughline packet inbox --json")]
    Inbox,
    /// List the packets of this organisation that the hub holds back from their recipients, because what was allowed when they were handed in
    /// is not any more: every code that stands against each, and what to do.
    #[command(after_help = "Example:
  throughline packet held --json")]
    Held,
    /// Fetch a packet, verify the node's receipt, and write both.
    #[command(after_help = "Example:
  throughline packet fetch pkt_… --out in.rp1     writes in.rp1 and in.receipt.jws")]
    Fetch {
        /// The packet.
        packet: PacketId,
        /// Where to write it; the receipt is written beside it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Open a packet that was fetched from the hub. Nothing is shown unless every check has passed; what the manifest does not
    /// list is quarantined and a signed report is written beside the packet. The hub is told, signed, what was found.
    #[command(after_help = "Examples:
  throughline packet open in.rp1 --files attachments
  throughline packet open in.rp1 --again          once more; also hands in a receipt that did not get through
  throughline packet open in.rp1 --no-receipt     without telling the hub")]
    Open(open::OpenArgs),
    /// Check signature, manifest and parts of a packet without opening it.
    #[command(after_help = "Example:
  throughline packet verify in.rp1 --receipt in.receipt.jws")]
    Verify {
        /// The packet.
        packet: PathBuf,
        /// The hub's receipt for it.
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
    },
    /// Show what anybody can see of a packet, without keys and without believing it.
    #[command(after_help = "Example:
  throughline packet inspect in.rp1")]
    Inspect {
        /// The packet.
        packet: PathBuf,
    },
}

impl Packet {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Seal(args) => block_on(args.run(&home, output))?,
            What::PassOn(args) => block_on(args.run(&home, output))?,
            What::Reply(args) => block_on(args.run(&home, output))?,
            What::Send { packet, reports_known } => {
                block_on(send::send(&home, (&packet, reports_known), output))?
            }
            What::Inbox => block_on(send::inbox(&home, output))?,
            What::Held => block_on(held::held(&home, output))?,
            What::Fetch { packet, out } => block_on(send::fetch(&home, packet, &out, output))?,
            What::Open(args) => block_on(args.run(&home, output))?,
            What::Verify { packet, receipt } => {
                block_on(verify_packet(&home, &packet, receipt.as_deref(), output))?
            }
            What::Inspect { packet } => {
                let seen = inspect(&files::bytes(packet)?)?;
                output.data(&seen, |seen| {
                    format!("Not verified.\n{}", serde_json::to_string_pretty(seen).unwrap_or_default())
                })
            }
        }
    }
}

async fn verify_packet(
    home: &Home,
    packet: &Path,
    receipt: Option<&Path>,
    output: &Output,
) -> Result<(), CliError> {
    let body = files::bytes(packet)?;
    let sender = inspect(&body)?.envelope.iss;
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let mut gateway = Gateway::reach(home, keyring, &[sender]).await?;
    let receipt = receipt.map(files::text).transpose()?;
    let receipt = receipt.as_deref().map(|token| (token.trim(), &gateway.node));
    let checked = check(&body, receipt, SystemClock.now(), &mut gateway.keys, &gateway.policy)?;
    let shown = json!({
        "verified": true, "envelope_digest": checked.envelope_digest, "received": checked.received,
        "envelope": checked.envelope, "manifest": checked.manifest,
    });
    output.data(&shown, |_| {
        format!(
            "Signature, manifest and parts are right: {} fields from {}, received {}.",
            checked.manifest.fields.len(),
            checked.envelope.iss,
            checked.received
        )
    })
}

/// Where the node's receipt for a packet lies.
fn receipt_beside(packet: &Path) -> PathBuf {
    packet.with_extension("receipt.jws")
}

fn unusable(sentence: impl Into<String>) -> CliError {
    CliError::new(Code::new("packet.unusable_input", Fault::Malformed), sentence)
}
