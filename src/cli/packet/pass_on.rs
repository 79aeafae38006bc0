//! `throughline packet pass-on`: what was received, sealed for another organisation, in a referral that continues the first.
//!
//! Who passes on has the packet and not the person's record: the agreements, the fields and what the hub shows of the certificate are
//! judged here, and whether the person named the next organisation is judged by the hub.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use chrono::TimeDelta;
use clap::Args;
use serde_json::json;

use super::{
    super::{
        CliError, Output, agreement,
        consent::untold::{Continued, HeardArgs, follow},
        files,
        home::Home,
    },
    continued::{brought_by, continues},
    form::{Contents, Said, filled},
    reach::{Gateway, covering, offered},
    receipt_beside,
    seal::denied,
    unusable,
};
use crate::{
    agreements::Terms,
    consent::{
        CitedAgreement, CitedCertificate, Course, Facts, FieldSource, FormFacts, Onwards, Parent,
        ProtectionSignal, Release, Wanted, WantedField, release_seen,
    },
    crypto::DecryptionKey,
    kernel::{
        Timestamp,
        id::{OrganisationId, PacketId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{Desk, DraftFile, Envelope, Letter, Opened, PacketKind, Reading, Sealed, inspect, open, seal},
    policy::{
        Field, FieldId, FilledForm, FormValue, Language, OnwardCode, Policy, RetentionCode, ServiceCode,
        UrgencyCode,
    },
};

#[derive(Args)]
pub(super) struct PassOnArgs {
    /// The packet that brought it, as it was fetched. It was opened here before.
    packet: PathBuf,
    /// The hub's receipt for it; the file that `fetch` wrote beside the packet without it.
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// Who gets it. The person named them, and so does the agreement under which it came.
    #[arg(long)]
    to: OrganisationId,
    /// A field of the packet that they need. May be given several times; nothing else of it is passed on.
    #[arg(long = "field", value_name = "FIELD", required = true)]
    fields: Vec<FieldId>,
    /// A filled form with what this organisation found out itself and adds.
    #[arg(long, value_name = "FILE")]
    own: Option<PathBuf>,
    /// What the person is referred to, such as SV12.
    #[arg(long)]
    service: ServiceCode,
    /// How fast, such as U2.
    #[arg(long)]
    urgency: UrgencyCode,
    /// How long they may keep it: no longer than this organisation may. Without it, as long.
    #[arg(long)]
    retention: Option<RetentionCode>,
    /// Whether they may pass it on once more.
    #[arg(long, default_value = "OW00")]
    onward: OnwardCode,
    /// The agreement with them, as it was signed: dsa_…, dsa_…@2 or a file. Without it, a kept one that has the way and the service.
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    /// The referral to them, when it is there already.
    #[arg(long, requires = "update_of")]
    referral: Option<ReferralId>,
    /// It adds to a referral that is there: the packet that began it.
    #[arg(long, value_name = "PACKET", requires = "referral")]
    update_of: Option<PacketId>,
    #[command(flatten)]
    said: Said,
    /// The person does not want whoever sent the packet to hear that it was passed on. It is kept: what is passed on of the same referral
    /// later is untold as well, until --told.
    #[arg(long)]
    untold: bool,
    #[command(flatten)]
    heard: HeardArgs,
}

/// What is sealed: what was received, and what this organisation adds.
struct Passed {
    received: BTreeMap<FieldId, FormValue>,
    files: Vec<DraftFile>,
    own: Option<FilledForm>,
}

impl Passed {
    fn received_ids(&self) -> BTreeSet<FieldId> {
        self.received.keys().chain(self.files.iter().map(|file| &file.field)).cloned().collect()
    }

    fn values<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = (&'a Field, &'a FormValue)> {
        let received = self.received.iter().filter_map(|(id, value)| Some((policy.field(id)?, value)));
        received.chain(self.own.iter().flat_map(|form| form.travelling(policy)))
    }
}

impl PassOnArgs {
    pub(super) async fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let body = files::bytes(&self.packet)?;
        let claimed = inspect(&body)?.envelope;
        let (passphrase, said) = (home.passphrase("Passphrase: ")?, self.heard.said(self.untold)?);
        let keyring = home.keyring(&passphrase)?;
        let mut gateway = Gateway::reach(home, keyring, &[claimed.iss, self.to]).await?;
        let opened = self.opened(home, (claimed.jti, &body), &mut gateway)?;
        let policy = &gateway.policy;
        let passed = self.passed(&opened, policy)?;
        let first = &opened.envelope;
        let of = Continued { referral: first.referral, subject: first.sub, consent: None };
        let onwards = continues(follow(home, &passphrase, of, said)?.as_ref(), said, output);
        let received = opened.manifest.fields.iter().map(|field| field.f.clone()).collect();
        let parent = brought_by(first, Some(received), (home, &gateway)).await?;
        let cited = first.scope.as_ref().map(|scope| CitedCertificate { id: scope.id, digest: scope.h });
        let cited = cited.ok_or_else(|| {
            unusable("the packet rests on no consent, so nothing can be passed on under it")
        })?;
        let seen = gateway.certificate(cited.id).await?;
        let now = SystemClock.now();
        let facts = self.facts(
            (first, cited, parent),
            (self.wanted(&passed, policy), onwards),
            (home, &gateway),
            now,
        )?;
        let release = release_seen(&seen, &self.form_facts(&passed, policy), &facts)
            .map_err(|denials| denied(&denials))?;
        let letter = self.letter(first, passed, &release, &gateway)?;
        let child = letter.referral;
        let sealed = seal(&release, letter, &gateway.keyring.signing, policy, &SystemIds)?;
        files::replace(&self.said.out, &sealed.body)?;
        self.tell(first, child, &sealed, output)
    }

    /// The packet, opened once more: it must be ours, and have been opened before.
    fn opened(
        &self,
        home: &Home,
        (id, body): (PacketId, &[u8]),
        gateway: &mut Gateway,
    ) -> Result<Opened, CliError> {
        let before = files::text(home.folder("opened")?.join(id.to_string())).map_err(|_ignored| {
            unusable("this packet was not opened here yet; read it first, with throughline packet open")
        })?;
        let digest =
            before.trim().parse().map_err(|_ignored| unusable("its mark in `opened` cannot be read"))?;
        let beside = self.receipt.clone().unwrap_or_else(|| receipt_beside(&self.packet));
        let receipt = files::text(&beside).map_err(|_ignored| {
            unusable(format!("the hub's receipt {} cannot be read; name it with --receipt", beside.display()))
        })?;
        let readers = std::mem::take(&mut gateway.keyring.readers);
        let keys: Vec<DecryptionKey> = readers.into_iter().map(|(_, key)| key).collect();
        let desk = Desk {
            organisation: gateway.organisation,
            keys: &keys,
            signer: &gateway.keyring.signing,
            node: &gateway.node,
            policy: &gateway.policy,
            ids: &SystemIds,
            now: SystemClock.now(),
        };
        let opened = open(body, receipt.trim(), Reading::Again(digest), &desk, &mut gateway.keys)?;
        if opened.envelope.aud.contains(&gateway.organisation) {
            Ok(opened)
        } else {
            Err(unusable("this packet was not sent to this organisation; only its recipient passes it on"))
        }
    }

    /// What was asked for, of what is inside.
    fn passed(&self, opened: &Opened, policy: &Policy) -> Result<Passed, CliError> {
        let own = self.own.as_deref().map(|file| filled(file, policy)).transpose()?;
        let mut passed = Passed { received: BTreeMap::new(), files: Vec::new(), own };
        for field in &self.fields {
            let value = opened.documents.iter().find_map(|document| document.fields.get(field));
            let files: Vec<DraftFile> =
                opened.files.iter().filter(|file| file.field == *field).map(draft_file).collect();
            if value.is_none() && files.is_empty() {
                return Err(unusable(format!("{field} is not in the packet, or not for this reader")));
            }
            passed.files.extend(files);
            if let Some(value) = value {
                passed.received.insert(field.clone(), value.clone());
            }
        }
        let received = passed.received_ids();
        let mut own = passed.own.iter().flat_map(|form| form.travelling(policy));
        let twice = own.find(|(field, _)| received.contains(&field.id)).map(|(field, _)| field.id.clone());
        drop(own);
        match twice {
            Some(twice) => {
                Err(unusable(format!("{twice} is named by --field and stands in the form as well")))
            }
            None => Ok(passed),
        }
    }

    fn wanted(&self, passed: &Passed, policy: &Policy) -> Vec<WantedField> {
        let received = passed.received_ids();
        let own = passed.own.iter().flat_map(|form| form.travelling(policy)).map(|(field, _)| field);
        let own = own.map(|field| self.said.field(field, Some(FieldSource::Own)));
        let received = received.iter().filter_map(|id| policy.field(id));
        received.map(|field| self.said.field(field, Some(FieldSource::Received))).chain(own).collect()
    }

    fn form_facts(&self, passed: &Passed, policy: &Policy) -> FormFacts {
        let mut facts = self.said.facts(passed.values(policy));
        facts.files.extend(passed.files.iter().map(|file| self.said.attached(&file.field, &file.mime)));
        facts
    }

    fn facts(
        &self,
        (first, cited, parent): (&Envelope, CitedCertificate, Parent),
        (fields, onwards): (Vec<WantedField>, Onwards),
        (home, gateway): (&Home, &Gateway),
        now: Timestamp,
    ) -> Result<Facts, CliError> {
        let (policy, terms) = (&gateway.policy, self.terms(home, gateway)?);
        let wanted = Wanted {
            sender: gateway.organisation,
            recipient: Some(self.to),
            mode: first.mode,
            purpose: first.purpose.clone(),
            service: self.service.clone(),
            urgency: self.urgency.clone(),
            retention: self.retention.clone().unwrap_or_else(|| first.retention.clone()),
            onward: self.onward.clone(),
            profile: String::from("rp1"),
            dictionary: policy.dictionary().to_owned(),
            fields,
            language: Language::Common,
            approvals: self.said.approvals,
            signal: first.att.signal.unwrap_or(ProtectionSignal::NotScreened),
            subject: first.sub,
            agreement: Some(CitedAgreement {
                id: terms.id(),
                version: terms.version(),
                digest: terms.digest(),
            }),
            certificate: Some(cited),
            round: first.att.round,
            overrides: BTreeSet::new(),
            worker_anonymous: self.said.worker_anonymous,
            onwards,
            course: if self.update_of.is_some() { Course::Continues } else { Course::Begins },
        };
        Ok(Facts {
            at: now,
            proposal: wanted.on(policy),
            sender: gateway.member(gateway.organisation, now),
            recipient: gateway.member(self.to, now),
            offer: offered(),
            agreement: covering(&terms),
            certificate: None,
            open_referral: false,
            withdrawal_running: false,
            parent: Some(parent),
        })
    }

    /// The agreement with the next organisation: a kept one that has the way and the service.
    fn terms(&self, home: &Home, gateway: &Gateway) -> Result<Arc<Terms>, CliError> {
        if let Some(which) = &self.agreement {
            return agreement::kept::named(home, which);
        }
        let has_way = |terms: &&Arc<Terms>| {
            let flow = terms.flow(gateway.organisation, self.to);
            flow.is_some_and(|flow| flow.services.contains(&self.service))
        };
        let mut kept = agreement::kept::all(home)?;
        kept.sort_by_key(|terms| terms.version());
        kept.iter().rev().find(has_way).cloned().ok_or_else(|| {
            unusable("no agreement that this home keeps has a way to them for this service; name it with --agreement")
        })
    }

    fn letter(
        &self,
        first: &Envelope,
        passed: Passed,
        release: &Release,
        gateway: &Gateway,
    ) -> Result<Letter, CliError> {
        let received = passed.received_ids();
        let own = passed.own.as_ref().map(|form| self.said.contents(form, release)).transpose()?;
        let Contents { mut values, mut files } = own.unwrap_or_default();
        values.extend(passed.received);
        files.extend(passed.files);
        let minset = gateway.policy.minimum_set(&self.service).map(|set| set.id.clone());
        Ok(Letter {
            kind: if self.update_of.is_some() { PacketKind::Update } else { PacketKind::Referral },
            re: self.update_of,
            made: release.at(),
            expires: release.at().plus(TimeDelta::days(i64::from(self.said.days))),
            referral: self.referral.unwrap_or_else(|| ReferralId::new(&SystemIds, release.at())),
            parent: Some(first.referral),
            received,
            minset: minset
                .ok_or_else(|| unusable(format!("there is no minimum set for {}", self.service)))?,
            values,
            files,
            readers: gateway.readers(release.recipient(), release.at()),
        })
    }

    fn tell(
        &self,
        first: &Envelope,
        child: ReferralId,
        sealed: &Sealed,
        output: &Output,
    ) -> Result<(), CliError> {
        let out = &self.said.out;
        let made = json!({
            "packet": sealed.id, "referral": child, "parent": first.referral, "to": self.to,
            "envelope_digest": sealed.envelope, "file": out, "fields": sealed.manifest.fields.len(),
        });
        output.data(&made, |_| {
            format!(
                "Sealed {} fields in {} ({}, for {child}, which continues {}).\nNext: throughline packet send {}",
                sealed.manifest.fields.len(),
                out.display(),
                sealed.id,
                first.referral,
                out.display()
            )
        })
    }
}

fn draft_file(file: &crate::packets::OpenedFile) -> DraftFile {
    DraftFile {
        field: file.field.clone(),
        name: file.name.clone(),
        mime: file.mime.clone(),
        bytes: file.bytes.expose().clone(),
        justification: None,
    }
}
