//! `throughline packet seal`: a filled form, held against consent and agreement, and sealed for one recipient.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use chrono::TimeDelta;
use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, agreement,
        consent::{
            certify,
            records::Records,
            register,
            untold::{Continued, HeardArgs, follow},
        },
        files,
        home::Home,
    },
    continued::{brought_by, continues},
    form::{Contents, FormArgs},
    reach::{Gateway, covering, offered},
    unusable,
};
use crate::{
    agreements::Terms,
    consent::{
        AgreementVersion, CitedAgreement, CitedCertificate, Claims, Course, DeniedPart, Effect, Extent,
        Facts, Fall, FieldSource, MAX_CLAIMS_BYTES, Named, Onwards, Parent, Presented, ProtectionSignal,
        Record, Release, Wanted, WantedField, WhenThePersonSaidNo, release,
    },
    crypto::{Passphrase, Typ, verify_compact},
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{AgreementId, ConsentId, OrganisationId, PacketId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{Letter, PacketKind, Sealed, seal},
    policy::{
        Denials, Deny, Field, FieldId, FilledForm, Language, Mode, OnwardCode, Policy, PurposeCode,
        RetentionCode, ServiceCode, UrgencyCode,
    },
};

#[derive(Args)]
pub(super) struct SealArgs {
    #[command(flatten)]
    filled: FormArgs,
    /// The consent: con_… that this home keeps, or the file of a record.
    #[arg(long, value_name = "CONSENT")]
    consent: String,
    /// The scope certificate for this recipient. Without it, the one this home keeps.
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The agreement, as it was signed: dsa_…, dsa_…@2 or a file. Without it, the kept one the person agreed under.
    #[arg(long, value_name = "AGREEMENT")]
    agreement: Option<String>,
    /// An earlier version of the agreement, when the person agreed under it. May be given several times.
    #[arg(long = "earlier-agreement", value_name = "AGREEMENT")]
    earlier: Vec<String>,
    /// The recipient.
    #[arg(long)]
    to: OrganisationId,
    /// Why the data is shared, such as P01.
    #[arg(long)]
    purpose: PurposeCode,
    /// What the person is referred to, such as SV07.
    #[arg(long)]
    service: ServiceCode,
    /// How fast, such as U2.
    #[arg(long)]
    urgency: UrgencyCode,
    /// How long the recipient may keep it, such as RT02.
    #[arg(long)]
    retention: RetentionCode,
    /// Whether the recipient may pass it on.
    #[arg(long, default_value = "OW00")]
    onward: OnwardCode,
    /// The referral; a new one without it.
    #[arg(long)]
    referral: Option<ReferralId>,
    /// It adds to a referral that is there: the packet that began it.
    #[arg(long, value_name = "PACKET", requires = "referral")]
    update_of: Option<PacketId>,
    /// It passes something on: the referral that this organisation received and continues, resting on a consent that it took itself. What
    /// is added to it later names the same one.
    #[arg(long, value_name = "REFERRAL")]
    parent: Option<ReferralId>,
    /// A field of the form that this organisation knows from that referral; it says of every other one that it found it out itself. May be
    /// given several times.
    #[arg(long = "received", value_name = "FIELD", requires = "parent")]
    received: Vec<FieldId>,
    /// The person does not want whoever sent that referral to hear that something was passed on. It is kept: what is passed on of it later is
    /// untold as well, until --told.
    #[arg(long, requires = "parent")]
    untold: bool,
    #[command(flatten)]
    heard: HeardArgs,
    /// Leave out what the person said no to, instead of refusing the whole.
    #[arg(long)]
    leave_out: bool,
    /// Whether somebody looked for a need of international protection, and what was found: absent or present.
    #[arg(long, value_parser = signal)]
    signal: Option<ProtectionSignal>,
    /// The round of follow-up, for P08.
    #[arg(long)]
    round: Option<u16>,
    /// A soft refusal that is overridden on purpose, such as D107. May be given several times.
    #[arg(long = "override", value_name = "CODE")]
    overrides: Vec<Deny>,
}

fn signal(word: &str) -> Result<ProtectionSignal, String> {
    match word {
        "absent" => Ok(ProtectionSignal::Absent),
        "present" => Ok(ProtectionSignal::Present),
        _ => Err(String::from("expected absent or present; leave it out when nobody looked")),
    }
}

/// What a packet rests on.
struct RestsOn {
    record: Record,
    digest: Digest,
    certificate: String,
    /// What the person took back since.
    taken_back: Vec<Extent>,
    terms: Arc<Terms>,
    /// Agreements the person agreed under.
    earlier: Vec<Arc<Terms>>,
}

impl SealArgs {
    pub(super) async fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let passphrase = home.passphrase("Passphrase: ")?;
        let rests = self.rests_on(home, &passphrase)?;
        let gateway = Gateway::reach(home, home.keyring(&passphrase)?, &[self.to]).await?;
        let (now, policy) = (SystemClock.now(), &gateway.policy);
        let form = self.filled.read(policy)?;
        let certificate = certificate(&rests, &gateway)?;
        let fields = self.wanted(&form, policy)?;
        let parent = self.continued(home, &gateway).await?;
        let onwards = self.onwards((home, &passphrase), &rests, output)?;
        let mut facts = facts(self, (fields, onwards), &rests, certificate, (&gateway, now));
        facts.parent = parent;
        let refused =
            if self.leave_out { WhenThePersonSaidNo::LeaveOut } else { WhenThePersonSaidNo::Refuse };
        let form_facts = self.filled.said.facts(form.travelling(policy));
        let release = release(&rests.record, rests.digest, &form_facts, &facts, (policy, refused))
            .map_err(|denials| denied(&denials))?;
        let letter = letter(self, &form, &release, &gateway, now)?;
        let referral = letter.referral;
        let sealed = seal(&release, letter, &gateway.keyring.signing, policy, &SystemIds)?;
        files::replace(&self.filled.said.out, &sealed.body)?;
        self.tell(&sealed, &release, referral, output)
    }

    /// The fields of the form; where something is passed on, each says where it is from.
    fn wanted(&self, form: &FilledForm, policy: &Policy) -> Result<Vec<WantedField>, CliError> {
        let travelling: Vec<_> = form.travelling(policy).collect();
        let is_there = |id: &FieldId| travelling.iter().any(|(field, _)| field.id == *id);
        if let Some(absent) = self.received.iter().find(|id| !is_there(id)) {
            return Err(unusable(format!("{absent} is named by --received and is not in the form")));
        }
        let source = |field: &Field| {
            let received = self.received.contains(&field.id);
            self.parent.map(|_| if received { FieldSource::Received } else { FieldSource::Own })
        };
        let said = &self.filled.said;
        Ok(travelling.into_iter().map(|(field, _)| said.field(field, source(field))).collect())
    }

    /// The referral that is continued.
    async fn continued(&self, home: &Home, gateway: &Gateway) -> Result<Option<Parent>, CliError> {
        let Some(parent) = self.parent else { return Ok(None) };
        let first = gateway.envelope(parent).await?;
        if !first.aud.contains(&gateway.organisation) {
            return Err(unusable(format!(
                "{parent} was not sent to this organisation; only its recipient continues it"
            )));
        }
        // What was in it, the hub knows.
        brought_by(&first, None, (home, gateway)).await.map(Some)
    }

    /// How it continues that, by what the person says now or said before about telling its sender.
    fn onwards(
        &self,
        (home, passphrase): (&Home, &Passphrase),
        rests: &RestsOn,
        output: &Output,
    ) -> Result<Onwards, CliError> {
        let said = self.heard.said(self.untold)?;
        match (self.parent, said) {
            (None, None) => Ok(Onwards::No),
            (None, Some(_)) => Err(unusable("--told comes with --parent")),
            (Some(referral), _) => {
                let (subject, consent) = (rests.record.subject, Some(rests.record.id));
                let wishes = follow(home, passphrase, Continued { referral, subject, consent }, said)?;
                Ok(continues(wishes.as_ref(), said, output))
            }
        }
    }

    fn tell(
        &self,
        sealed: &Sealed,
        release: &Release,
        referral: ReferralId,
        output: &Output,
    ) -> Result<(), CliError> {
        let dropped: Vec<Value> = release
            .dropped()
            .iter()
            .map(|dropped| json!({ "field": dropped.field, "code": dropped.deny }))
            .collect();
        let made = json!({
            "packet": sealed.id, "referral": referral, "parent": self.parent, "envelope_digest": sealed.envelope, "file": self.filled.said.out,
            "fields": sealed.manifest.fields.len(), "left_out": dropped,
            "warnings": release.warnings().map(|w| json!(w)).collect::<Vec<_>>(),
        });
        output.data(&made, |_| {
            let mut lines = vec![format!(
                "Sealed {} fields in {} ({}, for {referral}).",
                sealed.manifest.fields.len(),
                self.filled.said.out.display(),
                sealed.id
            )];
            for left in release.dropped() {
                lines.push(format!("Left out {}: {} {}", left.field, left.deny.code(), left.deny.title()));
            }
            lines.push(format!("Next: throughline packet send {}", self.filled.said.out.display()));
            lines.join("\n")
        })
    }

    fn rests_on(&self, home: &Home, passphrase: &Passphrase) -> Result<RestsOn, CliError> {
        match self.consent.parse::<ConsentId>() {
            Ok(consent) => self.kept(home, passphrase, consent),
            Err(_no_id) => self.of_files(home),
        }
    }

    /// Everything from files: what another system keeps can be sealed as well.
    fn of_files(&self, home: &Home) -> Result<RestsOn, CliError> {
        let record =
            Record::parse(&files::bytes(&self.consent)?).map_err(|error| unusable(error.to_string()))?;
        let bytes = record.bytes().map_err(|_ignored| unusable("the consent record cannot be read"))?;
        let certificate = self.certificate_given()?;
        let certificate =
            certificate.ok_or_else(|| unusable("a consent from a file needs its --certificate as well"))?;
        let terms = self.agreement.as_ref().map(|which| agreement::kept::named(home, which)).transpose()?;
        let terms = terms.ok_or_else(|| unusable("a consent from a file needs the --agreement as well"))?;
        let digest = Digest::of(bytes.expose());
        Ok(RestsOn {
            record,
            digest,
            certificate,
            taken_back: Vec::new(),
            terms,
            earlier: self.earlier(home)?,
        })
    }

    /// What this home keeps; what is named beside it wins.
    fn kept(&self, home: &Home, passphrase: &Passphrase, consent: ConsentId) -> Result<RestsOn, CliError> {
        let held = Records::open(home, passphrase)?.find(consent)?;
        if held.is_taken_back()? {
            return Err(certify::taken_back());
        }
        let record = held.current()?;
        let certificate = match self.certificate_given()? {
            Some(given) => given,
            None => held
                .certificate(self.to, SystemClock.now())?
                .map(|issued| issued.token.clone())
                .ok_or_else(|| register::not_certified(consent, self.to))?,
        };
        let known = certify::cited(home, &record)?;
        let terms = match &self.agreement {
            Some(which) => agreement::kept::named(home, which)?,
            None => self.agreement_of(home, &record)?,
        };
        let mut earlier = self.earlier(home)?;
        earlier.extend(known.into_values());
        let taken_back = held.taken_back()?.into_iter().map(|one| one.extent.clone()).collect();
        Ok(RestsOn { digest: held.digest(), record, certificate, taken_back, terms, earlier })
    }

    fn certificate_given(&self) -> Result<Option<String>, CliError> {
        let given = self.certificate.as_ref().map(files::text).transpose()?;
        Ok(given.map(|token| token.trim().to_owned()))
    }

    fn earlier(&self, home: &Home) -> Result<Vec<Arc<Terms>>, CliError> {
        self.earlier.iter().map(|which| agreement::kept::named(home, which)).collect()
    }

    /// The newest kept version of an agreement the person agreed under that lets this flow.
    fn agreement_of(&self, home: &Home, record: &Record) -> Result<Arc<Terms>, CliError> {
        let lines = record.lines.iter().map(|answer| &answer.line).filter(|line| {
            line.effect == Effect::Permit && matches!(line.recipient, Named::One(one) if one == self.to)
        });
        let ids: BTreeSet<AgreementId> = lines.filter_map(|line| Some(line.agreement?.id)).collect();
        let mut first = None;
        for id in ids {
            let terms = agreement::kept::named(home, &id.to_string())?;
            let flow = terms.flow(record.collected.org, self.to);
            if flow.is_some_and(|flow| flow.services.contains(&self.service)) {
                return Ok(terms);
            }
            first.get_or_insert(terms);
        }
        // What no agreement lets pass is refused by the rule, with its code.
        first.ok_or_else(|| unusable("the person agreed to nothing for this recipient under an agreement; name it with --agreement"))
    }
}

/// The certificate as the rule wants it. It must be our own: only who took the consent seals under it.
fn certificate(rests: &RestsOn, gateway: &Gateway) -> Result<Presented, CliError> {
    let (token, own) = (rests.certificate.as_str(), gateway.keyring.signing.verifier());
    let max = MAX_CLAIMS_BYTES.saturating_mul(2);
    let verified =
        verify_compact(token, Typ::Scope, max, |kid| (kid == own.kid()).then(|| Arc::clone(&own)))?;
    let policy = &gateway.policy;
    let claims = Claims::parse(verified.payload(), policy).map_err(|error| unusable(error.to_string()))?;
    let names_most_sensitive = claims
        .permits()
        .flat_map(|line| &line.scope.fields)
        .any(|id| policy.field(id).is_some_and(Field::is_most_sensitive));
    let at_consent = rests
        .earlier
        .iter()
        .chain([&rests.terms])
        .map(|terms| (AgreementVersion { id: terms.id(), version: terms.version() }, Arc::clone(terms)))
        .collect();
    Ok(Presented {
        status: claims.status,
        denied: still_denied(&claims, &rests.taken_back)?,
        claims: Arc::new(claims),
        digest: Digest::of(token),
        genuine: true,
        names_most_sensitive,
        at_consent,
    })
}

/// What the person took back of this certificate.
fn still_denied(claims: &Claims, taken_back: &[Extent]) -> Result<Vec<DeniedPart>, CliError> {
    let falls = taken_back.iter().flat_map(|extent| extent.reaches([claims]));
    falls
        .map(|fall| match fall {
            Fall::Whole(_) => Err(certify::taken_back()),
            Fall::Part(_, part) => Ok(part),
        })
        .collect()
}

/// The facts as far as a gateway has them. What only the hub knows (how the agreement stands today, what the directory says, what is
/// open or withdrawn) is taken to be in order here: the hub judges the same rule again with what it knows.
fn facts(
    args: &SealArgs,
    (fields, onwards): (Vec<WantedField>, Onwards),
    rests: &RestsOn,
    certificate: Presented,
    (gateway, now): (&Gateway, Timestamp),
) -> Facts {
    let (policy, terms) = (&gateway.policy, &rests.terms);
    let wanted = Wanted {
        sender: gateway.organisation,
        recipient: Some(args.to),
        mode: Mode::Consent,
        purpose: args.purpose.clone(),
        service: args.service.clone(),
        urgency: args.urgency.clone(),
        retention: args.retention.clone(),
        onward: args.onward.clone(),
        profile: String::from("rp1"),
        dictionary: policy.dictionary().to_owned(),
        fields,
        language: Language::Common,
        approvals: args.filled.said.approvals,
        signal: args.signal.unwrap_or(ProtectionSignal::NotScreened),
        subject: rests.record.subject,
        agreement: Some(CitedAgreement { id: terms.id(), version: terms.version(), digest: terms.digest() }),
        certificate: Some(CitedCertificate { id: certificate.claims.id, digest: certificate.digest }),
        round: args.round,
        overrides: args.overrides.iter().copied().collect(),
        worker_anonymous: args.filled.said.worker_anonymous,
        onwards,
        course: if args.update_of.is_some() { Course::Continues } else { Course::Begins },
    };
    Facts {
        at: now,
        proposal: wanted.on(policy),
        sender: gateway.member(gateway.organisation, now),
        recipient: gateway.member(args.to, now),
        offer: offered(),
        agreement: covering(terms),
        certificate: Some(certificate),
        open_referral: false,
        withdrawal_running: false,
        parent: None,
    }
}

fn letter(
    args: &SealArgs,
    form: &FilledForm,
    release: &Release,
    gateway: &Gateway,
    now: Timestamp,
) -> Result<Letter, CliError> {
    let Contents { values, files } = args.filled.said.contents(form, release)?;
    let minset = gateway.policy.minimum_set(&args.service).map(|set| set.id.clone());
    Ok(Letter {
        kind: if args.update_of.is_some() { PacketKind::Update } else { PacketKind::Referral },
        re: args.update_of,
        made: now,
        expires: now.plus(TimeDelta::days(i64::from(args.filled.said.days))),
        referral: args.referral.unwrap_or_else(|| ReferralId::new(&SystemIds, now)),
        parent: args.parent,
        received: args.received.iter().cloned().collect(),
        minset: minset.ok_or_else(|| unusable(format!("there is no minimum set for {}", args.service)))?,
        values,
        files,
        readers: gateway.readers(release.recipient(), now),
    })
}

pub(super) fn denied(denials: &Denials) -> CliError {
    let mut facts = serde_json::Map::new();
    facts.insert(String::from("denials"), json!(denials));
    CliError::new(Code::new("packet.denied", Fault::Refused), "this may not be sent").with(Some(facts))
}
