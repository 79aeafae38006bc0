//! `throughline consent certify`: what one recipient and the hub may know of a consent, signed.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::json;

use super::{
    super::{
        CliError, Output, agreement, block_on, files,
        home::{Home, Keyring},
        policy,
    },
    Complaint, Held, Records, check,
    records::Issued,
    refused, register,
};
use crate::{
    agreements::Terms,
    consent::{AgreementVersion, Claims, Effect, Made, Named, Record},
    crypto::{Typ, sign_compact},
    kernel::{
        Code, Digest, Fault,
        id::{CertificateId, ConsentId, OrganisationId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    policy::{Denials, Deny, Policy},
};

/// Agreements by version, as far as they are known.
pub(in crate::cli) type Known = BTreeMap<AgreementVersion, Arc<Terms>>;

#[derive(Args)]
pub(super) struct CertifyArgs {
    /// The consent.
    consent: ConsentId,
    /// The one recipient it is for.
    #[arg(long, value_name = "ORG")]
    recipient: OrganisationId,
    /// The agreement the person agreed under: dsa_…, dsa_…@2 or a file. Without it, what this home keeps. May be given several times.
    #[arg(long = "agreement", value_name = "AGREEMENT")]
    agreements: Vec<String>,
    /// Also register it at the hub, so that packets may cite it. A certificate that was signed before and still holds is taken.
    #[arg(long)]
    register: bool,
    /// Where to write the certificate. It is kept here in any case.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl CertifyArgs {
    pub(super) fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let records = Records::open(home, &passphrase)?;
        let mut held = records.find(self.consent)?;
        let mut known = cited(home, &held.current()?)?;
        for which in &self.agreements {
            let terms = agreement::kept::named(home, which)?;
            known.insert(AgreementVersion { id: terms.id(), version: terms.version() }, terms);
        }
        let before = if self.register { held.certificate(self.recipient, SystemClock.now())? } else { None };
        let (issued, signed) = if let Some(before) = before.cloned() {
            (before, false)
        } else {
            let keyring = home.keyring(&passphrase)?;
            (sign(&held, (self.recipient, &known), &keyring, &policy::of(home)?)?, true)
        };
        if let Some(file) = &self.out {
            files::replace(file, issued.token.as_bytes())?;
        }
        if signed {
            held.issue(issued.clone());
            records.keep(&held)?;
        }
        if self.register {
            block_on(register::at_hub((home, &passphrase, &records), &mut held, &issued, output))??;
        }
        self.tell(&held, &issued, output)
    }

    fn tell(&self, held: &Held, issued: &Issued, output: &Output) -> Result<(), CliError> {
        let made = json!({
            "certificate": issued.id, "digest": Digest::of(&issued.token), "recipient": issued.recipient, "until": issued.until,
            "consent": held.id(), "version": issued.version, "file": self.out, "registered": self.register,
        });
        output.data(&made, |_| {
            let wrote =
                self.out.as_ref().map_or(String::new(), |file| format!(" Wrote {}.", file.display()));
            let next = if self.register {
                format!(
                    " The hub has it. Next: throughline packet seal --consent {} --to {} ...",
                    held.id(),
                    self.recipient
                )
            } else {
                format!(" Next: throughline consent register {} --recipient {}", held.id(), self.recipient)
            };
            format!(
                "Signed the certificate for {} until {}. It is pseudonymous, and says nothing of anybody else the person \
                 agreed to.{wrote}{next}",
                self.recipient, issued.until
            )
        })
    }
}

/// The agreements the record's answers name, as far as this home keeps them.
pub(in crate::cli) fn cited(home: &Home, record: &Record) -> Result<Known, CliError> {
    let mut known = Known::new();
    for version in record.lines.iter().filter_map(|answer| answer.line.agreement) {
        if let Some(terms) = agreement::kept::version_of(home, version.id, version.version)? {
            known.insert(version, terms);
        }
    }
    Ok(known)
}

/// Makes and signs the certificate of what is held, for one recipient, or names each place that stands against it.
pub(in crate::cli) fn sign(
    held: &Held,
    (recipient, known): (OrganisationId, &Known),
    keyring: &Keyring,
    policy: &Policy,
) -> Result<Issued, CliError> {
    let (record, now) = (held.current()?, SystemClock.now());
    if held.is_taken_back()? {
        return Err(taken_back());
    }
    all_known(&record, recipient, known)?;
    let id = CertificateId::new(&SystemIds, now);
    let made = Made { id, record: held.digest(), at: now, policy };
    let ends = |version| known.get(&version).map(|terms| terms.document().validity.until);
    let claims = Claims::of(&record, recipient, made, ends)
        .map_err(|denials| not_covered(&record, recipient, &denials, policy))?;
    let payload = claims.bytes().map_err(|_ignored| unusable("the certificate could not be written"))?;
    // What partners would refuse is not signed.
    Claims::parse(&payload, policy).map_err(|error| unusable(&error.to_string()))?;
    let token = sign_compact(&keyring.signing, Typ::Scope, &payload)?;
    Ok(Issued {
        id,
        recipient,
        version: record.version,
        at: now,
        until: claims.expires(),
        token,
        registered: None,
    })
}

/// A yes under an agreement that nobody has here would silently fall away; so it is asked for.
fn all_known(record: &Record, recipient: OrganisationId, known: &Known) -> Result<(), CliError> {
    let lines = record.lines.iter().map(|answer| &answer.line);
    let cited = lines.filter(|line| line.effect == Effect::Permit && line.recipient == Named::One(recipient));
    match cited.filter_map(|line| line.agreement).find(|version| !known.contains_key(version)) {
        None => Ok(()),
        Some(AgreementVersion { id, version }) => Err(CliError::new(
            Code::new("consent.agreement_unknown", Fault::NotFound),
            format!(
                "the person agreed under {id} version {version}, which this home does not keep; run throughline agreement fetch \
                 {id} --version {version}, or name the file with --agreement"
            ),
        )),
    }
}

fn not_covered(record: &Record, recipient: OrganisationId, denials: &Denials, policy: &Policy) -> CliError {
    let mut complaints = check::defects(record, policy, SystemClock.now());
    for code in denials.codes() {
        if complaints.iter().any(|complaint| complaint.code == Some(code)) {
            continue;
        }
        let places = if code == Deny::D317 {
            vec![String::from("/source/unresolved")]
        } else if matches!(code, Deny::D305 | Deny::D306) {
            spent(record, recipient)
        } else {
            vec![String::new()]
        };
        let says = |at: String| Complaint { at, code: Some(code), says: code.title().to_owned() };
        complaints.extend(places.into_iter().map(says));
    }
    complaints.sort();
    refused(
        Code::new("consent.not_covered", Fault::Refused),
        "what the person said does not support this certificate:",
        &complaints,
    )
}

/// The answers that name the recipient and have no time left; the answers as a whole when none names it.
fn spent(record: &Record, recipient: OrganisationId) -> Vec<String> {
    let named = record.lines.iter().enumerate().filter(|(_, answer)| {
        answer.line.effect == Effect::Permit && answer.line.recipient == Named::One(recipient)
    });
    let places: Vec<String> = named.map(|(n, _)| format!("/lines/{n}/line/until")).collect();
    if places.is_empty() { vec![String::from("/lines")] } else { places }
}

/// The person took it back; the hub says the same.
pub(in crate::cli) fn taken_back() -> CliError {
    CliError::new(
        Code::new("consent.taken_back", Fault::Refused),
        "the person took this consent back; ask again, and a new yes is a new version of the record",
    )
}

fn unusable(sentence: &str) -> CliError {
    CliError::new(Code::new("consent.unusable_certificate", Fault::Refused), sentence)
}
