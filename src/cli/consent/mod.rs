//! `throughline consent`

pub(super) mod certify;
mod check;
mod receipt;
pub(super) mod records;
pub(super) mod register;
mod shape;
mod show;
mod template;
pub(super) mod untold;
mod withdraw;
pub(super) mod withdrawals;

use std::{collections::BTreeMap, path::PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::{
    CliError, Output, agreement, block_on, files,
    home::{Home, HomeArgs},
    policy,
    session::Names,
};
use crate::{
    kernel::{
        Code, Fault,
        id::{ConsentId, OrganisationId, ReferralId},
        time::{Clock as _, SystemClock},
    },
    policy::Deny,
};
use records::{Held, Records};
use show::Stands;

/// Consents: what persons agreed to or refused, in full, encrypted in this home. The hub sees certificates, never a record.
#[derive(Args)]
#[command(after_help = "From a conversation to a certificate:
  throughline agreement fetch dsa_…                              once for each agreement
  throughline consent template --to org_… --service SV07 --agreement dsa_… --by stf_… --out record.json
                                                                 fill it in with the person
  throughline consent add record.json                            checks it and keeps it; then remove record.json
  throughline consent receipt con_…                              the person's copy, in plain words
  throughline consent certify con_… --recipient org_… --register what one recipient and the hub may know
  throughline packet seal --consent con_… …
When the person changes their mind:
  throughline consent withdraw con_…                             stops everything, everywhere
When somebody else's person changes theirs:
  throughline consent withdrawals                                what the hub asks of this organisation
  throughline consent answer wdr_… destroyed")]
pub(super) struct Consent {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a record to fill in, with what each member means. Nothing is answered for the person.
    #[command(after_help = "Example:
  throughline consent template --to org_… --purpose P01 --service SV07 --agreement dsa_… --by stf_… --out record.json")]
    Template(template::TemplateArgs),
    /// Check a filled record against every rule, and keep it encrypted. Every rule it breaks is named with its place.
    #[command(after_help = "Examples:
  throughline consent add record.json --check     only checks
  throughline consent add record.json             checks and keeps; remove the file afterwards
A later version of the same consent counts version up, names in supersedes the digest that `consent show` prints, and replaces every
answer of the one before.")]
    Add {
        /// The record.
        file: PathBuf,
        /// Only check it.
        #[arg(long)]
        check: bool,
    },
    /// List the consents: how each stands today, until when, how many times yes and no. Names nobody.
    #[command(after_help = "Example:
  throughline consent list --json")]
    List,
    /// Show one consent, answer by answer: what still holds, what has ended, what was refused; or what the person of a referral that was
    /// passed on said about telling whoever sent it.
    #[command(after_help = "Examples:
  throughline consent show con_…
  throughline consent show ref_…     whether whoever sent this referral may hear that it was passed on")]
    Show {
        /// The consent, or the referral.
        #[arg(value_name = "CONSENT|REFERRAL", value_parser = which)]
        which: Which,
    },
    /// The person's copy, in plain words: what was agreed, with whom, for what, until when, and how to take it back.
    #[command(after_help = "Examples:
  throughline consent receipt con_… --out copy.txt
  throughline consent receipt con_… --safe --phone \"0800 123 123\"     neutral: no names, only a code and a number")]
    Receipt(receipt::ReceiptArgs),
    /// Sign the certificate for one recipient: pseudonymous, with that recipient's answers only.
    #[command(after_help = "Example:
  throughline consent certify con_… --recipient org_… --agreement dsa_… -o scope.jws
  throughline consent certify con_… --recipient org_… --register     and register it; may be repeated")]
    Certify(certify::CertifyArgs),
    /// Register a certificate that was signed here at the hub. The same one again changes nothing.
    #[command(after_help = "Example:
  throughline consent register con_… --recipient org_…")]
    Register(register::RegisterArgs),
    /// Take a consent back at the hub and here, or a part of it. Needs no reason and counts at once; again, it changes nothing.
    #[command(after_help = "Examples:
  throughline consent withdraw con_…                                     everything
  throughline consent withdraw con_… --recipient org_…                   what one recipient may have
  throughline consent withdraw con_… --category K14 --field CF.phone     some of it
  throughline consent withdraw --code 4K7Q-9M2P-0000-1111                a consent another organisation took")]
    Withdraw(withdraw::WithdrawArgs),
    /// List withdrawals: what this organisation must answer, and what became of those it is concerned with. Those of consents that are
    /// kept here are noted here, so that nothing more is sealed under them.
    #[command(after_help = "Example:
  throughline consent withdrawals --open     only those with answers missing")]
    Withdrawals(withdrawals::ListArgs),
    /// Answer a withdrawal, or the end of a referral this organisation received: it was heard, the data is destroyed, or it is kept under an exception until a day.
    #[command(after_help = "Examples:
  throughline consent answer wdr_… acknowledged
  throughline consent answer wdr_… destroyed
  throughline consent answer wdr_… kept --exception WX3 --until 2031-01-01
  throughline consent answer ref_… destroyed     after a referral was declined, cancelled, withdrawn or expired
Exceptions: WX1 a law demands it, WX2 a legal claim, WX3 a medical record, WX4 an emergency that goes on, WX5 a child-protection file.")]
    Answer(withdrawals::AnswerArgs),
}

/// What is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Consent(ConsentId),
    Referral(ReferralId),
}

fn which(text: &str) -> Result<Which, String> {
    let consent = text.parse().map(Which::Consent);
    consent
        .or_else(|_not_one| text.parse().map(Which::Referral))
        .map_err(|_neither| String::from("expected a consent (con_…) or a referral (ref_…)"))
}

fn nothing_said(referral: ReferralId) -> CliError {
    CliError::new(
        Code::new("consent.not_here", Fault::NotFound),
        format!("nothing is kept here of what the person of {referral} said about telling whoever sent it"),
    )
}

/// A rule that a record breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Complaint {
    /// A JSON pointer (RFC 6901).
    at: String,
    /// The code a packet would meet.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Deny>,
    /// What to do about it.
    says: String,
}

impl Consent {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Template(args) => args.run(&home, output),
            What::Add { file, check } => add(&home, &file, check, output),
            What::List => show::list(&open(&home)?.all()?, output),
            What::Show { which: Which::Consent(consent) } => {
                let records = open(&home)?;
                let wishes =
                    records.all_wishes()?.into_iter().filter(|wishes| wishes.concern(consent)).collect();
                show::one(&records.find(consent)?, (wishes, &names(&home)?), output)
            }
            What::Show { which: Which::Referral(referral) } => {
                show::said_of(&open(&home)?.wishes(referral)?.ok_or_else(|| nothing_said(referral))?, output)
            }
            What::Receipt(args) => args.run(&home, output),
            What::Certify(args) => args.run(&home, output),
            What::Register(args) => args.run(&home, output),
            What::Withdraw(args) => block_on(args.run(&home, output))?,
            What::Withdrawals(args) => block_on(args.run(&home, output))?,
            What::Answer(args) => block_on(args.run(&home, output))?,
        }
    }
}

fn add(home: &Home, file: &std::path::Path, only_check: bool, output: &Output) -> Result<(), CliError> {
    let (bytes, own, policy) = (files::bytes(file)?, own(home)?, policy::of(home)?);
    let record = check::read(&bytes, own, SystemClock.now(), &policy).map_err(|complaints| {
        let code = Code::new("consent.record_refused", Fault::Refused);
        refused(code, "the record breaks these rules and is not kept:", &complaints)
    })?;
    if only_check {
        return output.data(&json!({ "sound": true, "id": record.id, "version": record.version }), |_| {
            format!("{} is sound. Next: throughline consent add {}", file.display(), file.display())
        });
    }
    let held = open(home)?.add(&record)?;
    let added = show::summary(&held)?;
    output.data(&added, |_| {
        format!(
            "Kept {} version {}: {}.\n{} still holds what the person said in clear; remove it when nothing else needs it.\nNext: \
             throughline consent receipt {}",
            record.id,
            record.version,
            show::standing(&record, SystemClock.now()).sentence(),
            file.display(),
            record.id
        )
    })
}

/// Asks for the passphrase and opens the records.
fn open(home: &Home) -> Result<Records, CliError> {
    Records::open(home, &home.passphrase("Passphrase: ")?)
}

/// The organisation of this home.
fn own(home: &Home) -> Result<OrganisationId, CliError> {
    home.connection()?.organisation.ok_or_else(|| {
        CliError::new(
            Code::new("home.not_connected", Fault::Refused),
            "this gateway does not know its organisation yet; run `throughline key connect --hub URL --organisation ID --client ID`",
        )
    })
}

/// Names of organisations, as the agreements of this home give them. Needs no hub.
fn names(home: &Home) -> Result<Names, CliError> {
    let mut names = BTreeMap::new();
    for terms in agreement::kept::all(home)? {
        for party in &terms.document().parties {
            names.insert(party.org, party.legal_name.as_str().to_owned());
        }
    }
    Ok(names.into_iter().collect())
}

fn refused(code: Code, sentence: &str, complaints: &[Complaint]) -> CliError {
    let mut facts = serde_json::Map::new();
    facts.insert(String::from("complaints"), json!(complaints));
    CliError::new(code, sentence).with(Some(facts))
}
