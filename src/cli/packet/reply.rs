//! `throughline packet reply`: a filled form, sealed for whoever sent the packet it answers, in the same referral.
//!
//! Who answers has neither the person's record nor the certificate: the agreement, the form and what the hub shows of the certificate
//! are judged here, and the person's yes to what goes back is judged by the hub.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use super::{
    super::{CliError, Output, agreement, files, home::Home},
    form::{Contents, FormArgs},
    reach::{Gateway, covering, offered},
    receipt_beside,
    seal::denied,
    unusable,
};
use crate::{
    agreements::Terms,
    consent::{
        CitedAgreement, CitedCertificate, Course, Facts, Onwards, ProtectionSignal, Release, Wanted,
        WantedField, release_seen,
    },
    kernel::{
        Timestamp,
        id::SystemIds,
        time::{Clock as _, SystemClock},
    },
    packets::{Envelope, Letter, PacketKind, Sealed, check, inspect, seal},
    policy::{FilledForm, Language},
};

#[derive(Args)]
pub(super) struct ReplyArgs {
    /// The packet that is answered, as it was fetched.
    packet: PathBuf,
    /// The hub's receipt for it; the file that `fetch` wrote beside the packet without it.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// The agreement, as it was signed: dsa_…, dsa_…@2 or a file. Without it, the newest kept version of the one the packet cites.
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    #[command(flatten)]
    filled: FormArgs,
}

impl ReplyArgs {
    pub(super) async fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
        let body = files::bytes(&self.packet)?;
        let sender = inspect(&body)?.envelope.iss;
        let mut gateway = Gateway::reach(home, keyring, &[sender]).await?;
        let (now, first) = (SystemClock.now(), self.believed(&body, &mut gateway)?);
        let policy = &gateway.policy;
        let form = self.filled.read(policy)?;
        let terms = match &self.agreement {
            Some(which) => agreement::kept::named(home, which)?,
            None => agreement::kept::named(home, &first.dsa.id.to_string())?,
        };
        let cited = first.scope.as_ref().map(|scope| CitedCertificate { id: scope.id, digest: scope.h });
        let cited = cited.ok_or_else(|| {
            unusable("the packet rests on no consent, so nothing can be written back under it")
        })?;
        let seen = gateway.certificate(cited.id).await?;
        let fields = self.filled.said.wanted(form.travelling(policy));
        let facts = self.facts((&first, cited, fields), &terms, &gateway, now);
        let release = release_seen(&seen, &self.filled.said.facts(form.travelling(policy)), &facts)
            .map_err(|denials| denied(&denials))?;
        let letter = self.letter(&first, &form, &release, &gateway)?;
        let sealed = seal(&release, letter, &gateway.keyring.signing, policy, &SystemIds)?;
        files::replace(&self.filled.said.out, &sealed.body)?;
        self.tell(&first, &sealed, output)
    }

    /// The envelope of the packet that is answered: verified, and addressed to us.
    fn believed(&self, body: &[u8], gateway: &mut Gateway) -> Result<Envelope, CliError> {
        let beside = self.receipt.clone().unwrap_or_else(|| receipt_beside(&self.packet));
        let token = receipt(&beside)?;
        let receipt = Some((token.trim(), &gateway.node));
        let first = check(body, receipt, SystemClock.now(), &mut gateway.keys, &gateway.policy)?.envelope;
        if first.aud.contains(&gateway.organisation) {
            Ok(first)
        } else {
            Err(unusable("this packet was not sent to this organisation; only its recipient answers it"))
        }
    }

    fn facts(
        &self,
        (first, cited, fields): (&Envelope, CitedCertificate, Vec<WantedField>),
        terms: &std::sync::Arc<Terms>,
        gateway: &Gateway,
        now: Timestamp,
    ) -> Facts {
        let policy = &gateway.policy;
        let wanted = Wanted {
            sender: gateway.organisation,
            recipient: Some(first.iss),
            mode: first.mode,
            purpose: first.purpose.clone(),
            service: first.service.clone(),
            urgency: first.urgency.clone(),
            retention: first.retention.clone(),
            onward: first.onward.clone(),
            profile: String::from("rp1"),
            dictionary: policy.dictionary().to_owned(),
            fields,
            language: Language::Common,
            approvals: self.filled.said.approvals,
            signal: ProtectionSignal::NotScreened,
            subject: first.sub,
            agreement: Some(CitedAgreement {
                id: terms.id(),
                version: terms.version(),
                digest: terms.digest(),
            }),
            certificate: Some(cited),
            round: first.att.round,
            overrides: std::collections::BTreeSet::new(),
            worker_anonymous: self.filled.said.worker_anonymous,
            onwards: Onwards::No,
            course: Course::Answers,
        };
        Facts {
            at: now,
            proposal: wanted.on(policy),
            sender: gateway.member(gateway.organisation, now),
            recipient: gateway.member(first.iss, now),
            offer: offered(),
            agreement: covering(terms),
            certificate: None,
            open_referral: false,
            withdrawal_running: false,
            parent: None,
        }
    }

    fn letter(
        &self,
        first: &Envelope,
        form: &FilledForm,
        release: &Release,
        gateway: &Gateway,
    ) -> Result<Letter, CliError> {
        let Contents { values, files } = self.filled.said.contents(form, release)?;
        let minset = gateway.policy.minimum_set(&first.service).map(|set| set.id.clone());
        Ok(Letter {
            kind: PacketKind::Reply,
            re: Some(first.jti),
            made: release.at(),
            expires: release.at().plus(TimeDelta::days(i64::from(self.filled.said.days))),
            referral: first.referral,
            parent: None,
            received: std::collections::BTreeSet::new(),
            minset: minset
                .ok_or_else(|| unusable(format!("there is no minimum set for {}", first.service)))?,
            values,
            files,
            readers: gateway.readers(release.recipient(), release.at()),
        })
    }

    fn tell(&self, first: &Envelope, sealed: &Sealed, output: &Output) -> Result<(), CliError> {
        let out = &self.filled.said.out;
        let made = json!({
            "packet": sealed.id, "referral": first.referral, "re": first.jti, "to": first.iss,
            "envelope_digest": sealed.envelope, "file": out, "fields": sealed.manifest.fields.len(),
        });
        output.data(&made, |_| {
            format!(
                "Sealed {} fields in {} ({}, an answer to {} for {}).\nNext: throughline packet send {}",
                sealed.manifest.fields.len(),
                out.display(),
                sealed.id,
                first.jti,
                first.referral,
                out.display()
            )
        })
    }
}

fn receipt(file: &Path) -> Result<String, CliError> {
    files::text(file).map_err(|_ignored| {
        unusable(format!("the hub's receipt {} cannot be read; name it with --receipt", file.display()))
    })
}
