//! `throughline packet seal`: a filled form, held against consent and agreement, and sealed for one recipient.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    sync::Arc,
};

use chrono::TimeDelta;
use clap::Args;
use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, agreement,
        consent::{certify, records::Records, register},
        home::{Home, replace},
    },
    reach::Gateway,
    unusable,
};
use crate::{
    agreements::{Standing, Terms},
    consent::{
        AgreementVersion, Area, Attached, Availability, CitedAgreement, CitedCertificate, Claims, Course,
        Covering, DeniedPart, Effect, Eligibility, Extent, Facts, Fall, FormFacts, MAX_CLAIMS_BYTES, Named,
        Narrative, Offer, Onwards, Presented, ProtectionSignal, Record, Release, Wanted, WantedField,
        WhenThePersonSaidNo, release,
    },
    crypto::{Passphrase, Typ, verify_compact},
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{AgreementId, ConsentId, OrganisationId, PacketId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{DraftFile, Letter, PacketKind, Sealed, seal},
    policy::{
        Denials, Deny, FieldId, FilledForm, FormValue, JustificationCode, Language, Mode, OnwardCode, Policy,
        PurposeCode, RetentionCode, ServiceCode, Shape, UrgencyCode,
    },
};

#[derive(Args)]
pub(super) struct SealArgs {
    /// The filled form.
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
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
    /// Folder with the files that the form names.
    #[arg(long, value_name = "FOLDER")]
    attachments: Option<PathBuf>,
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
    /// Why a field beyond the minimum set is needed: FIELD=JC05. May be given several times.
    #[arg(long = "because", value_name = "FIELD=CODE", value_parser = justification)]
    because: Vec<(FieldId, JustificationCode)>,
    /// Leave out what the person said no to, instead of refusing the whole.
    #[arg(long)]
    leave_out: bool,
    /// The free texts were read again for what they tell beyond need.
    #[arg(long)]
    reviewed: bool,
    /// The files were scanned, and place, device and author were removed from them.
    #[arg(long)]
    cleaned: bool,
    /// How many people here approved it; what is most sensitive needs two.
    #[arg(long, default_value_t = 1)]
    approvals: u8,
    /// Whether somebody looked for a need of international protection, and what was found: absent or present.
    #[arg(long, value_parser = signal)]
    signal: Option<ProtectionSignal>,
    /// The round of follow-up, for P08.
    #[arg(long)]
    round: Option<u16>,
    /// A soft refusal that is overridden on purpose, such as D107. May be given several times.
    #[arg(long = "override", value_name = "CODE")]
    overrides: Vec<Deny>,
    /// The worker asked not to be named.
    #[arg(long)]
    worker_anonymous: bool,
    /// How many days the packet may wait for its recipient.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=30))]
    days: u8,
    /// Where to write the packet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn signal(word: &str) -> Result<ProtectionSignal, String> {
    match word {
        "absent" => Ok(ProtectionSignal::Absent),
        "present" => Ok(ProtectionSignal::Present),
        _ => Err(String::from("expected absent or present; leave it out when nobody looked")),
    }
}

fn justification(text: &str) -> Result<(FieldId, JustificationCode), String> {
    let (field, code) = text.split_once('=').ok_or("expected FIELD=CODE, such as CF.pregnancy=JC05")?;
    let field = field.parse().map_err(|error: crate::policy::NotACode| error.to_string())?;
    Ok((field, code.parse().map_err(|error: crate::policy::NotACode| error.to_string())?))
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
        let policy = Policy::builtin();
        let form = FilledForm::parse(&fs::read(&self.form)?, policy)?;
        let passphrase = home.passphrase("Passphrase: ")?;
        let rests = self.rests_on(home, &passphrase)?;
        let gateway = Gateway::reach(home, home.keyring(&passphrase)?, &[self.to]).await?;
        let now = SystemClock.now();
        let certificate = certificate(&rests, &gateway)?;
        let facts = facts(self, &form, &rests, certificate, (&gateway, now));
        let refused =
            if self.leave_out { WhenThePersonSaidNo::LeaveOut } else { WhenThePersonSaidNo::Refuse };
        let form_facts = form_facts(self, &form, policy);
        let release = release(&rests.record, rests.digest, &form_facts, &facts, (policy, refused))
            .map_err(|denials| denied(&denials))?;
        let letter = letter(self, &form, &release, &gateway, now)?;
        let referral = letter.referral;
        let sealed = seal(&release, letter, &gateway.keyring.signing, policy, &SystemIds)?;
        replace(&self.out, &sealed.body)?;
        self.tell(&sealed, &release, referral, output)
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
            "packet": sealed.id, "referral": referral, "envelope_digest": sealed.envelope, "file": self.out,
            "fields": sealed.manifest.fields.len(), "left_out": dropped,
            "warnings": release.warnings().map(|w| json!(w)).collect::<Vec<_>>(),
        });
        output.data(&made, |_| {
            let mut lines = vec![format!(
                "Sealed {} fields in {} ({}, for {referral}).",
                sealed.manifest.fields.len(),
                self.out.display(),
                sealed.id
            )];
            for left in release.dropped() {
                lines.push(format!("Left out {}: {} {}", left.field, left.deny.code(), left.deny.title()));
            }
            lines.push(format!("Next: throughline packet send {}", self.out.display()));
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
        let record = Record::parse(&fs::read(&self.consent)?).map_err(|error| unusable(error.to_string()))?;
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
        let given = self.certificate.as_ref().map(fs::read_to_string).transpose()?;
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
    let claims = Claims::parse(verified.payload()).map_err(|error| unusable(error.to_string()))?;
    let policy = Policy::builtin();
    let names_most_sensitive = claims
        .permits()
        .flat_map(|line| &line.scope.fields)
        .any(|id| policy.field(id).is_some_and(crate::policy::Field::is_most_sensitive));
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
    form: &FilledForm,
    rests: &RestsOn,
    certificate: Presented,
    (gateway, now): (&Gateway, Timestamp),
) -> Facts {
    let (policy, terms) = (Policy::builtin(), &rests.terms);
    let because =
        |id: &FieldId| args.because.iter().find(|(field, _)| field == id).map(|(_, code)| code.clone());
    let fields = form.travelling(policy).map(|(field, _)| WantedField {
        id: field.id.clone(),
        compartment: Some(field.compartment.clone()),
        justification: because(&field.id),
    });
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
        fields: fields.collect(),
        language: Language::Common,
        approvals: args.approvals,
        signal: args.signal.unwrap_or(ProtectionSignal::NotScreened),
        subject: rests.record.subject,
        agreement: Some(CitedAgreement { id: terms.id(), version: terms.version(), digest: terms.digest() }),
        certificate: Some(CitedCertificate { id: certificate.claims.id, digest: certificate.digest }),
        round: args.round,
        overrides: args.overrides.iter().copied().collect(),
        worker_anonymous: args.worker_anonymous,
        onwards: Onwards::No,
        course: if args.update_of.is_some() { Course::Continues } else { Course::Begins },
    };
    Facts {
        at: now,
        proposal: wanted.on(policy),
        sender: gateway.member(gateway.organisation, now),
        recipient: gateway.member(args.to, now),
        offer: Offer {
            listed: true,
            eligibility: Eligibility::Unknown,
            area: Area::Unknown,
            availability: Availability::Open,
            barred: false,
            accused: false,
        },
        agreement: Covering {
            terms: Some(Arc::clone(terms)),
            standing: Standing::Active,
            flow_stopped: false,
            signed: true,
            current_version: Some(terms.version()),
            reverse: false,
            sent_today: 0,
        },
        certificate: Some(certificate),
        open_referral: false,
        withdrawal_running: false,
    }
}

fn form_facts(args: &SealArgs, form: &FilledForm, policy: &Policy) -> FormFacts {
    let mut facts = FormFacts { subjects: 1, ..FormFacts::default() };
    for (field, value) in form.travelling(policy) {
        if let (Shape::Prose { .. }, FormValue::Text(text)) = (&field.shape, value) {
            let (field, chars) = (field.id.clone(), text.chars().count());
            facts.narratives.push(Narrative { field, chars, reviewed: args.reviewed });
        }
        for (_, media) in value.files() {
            facts.files.push(Attached {
                field: field.id.clone(),
                media_type: media.to_owned(),
                metadata_removed: args.cleaned,
                scanned: args.cleaned,
            });
        }
    }
    facts
}

fn letter(
    args: &SealArgs,
    form: &FilledForm,
    release: &Release,
    gateway: &Gateway,
    now: Timestamp,
) -> Result<Letter, CliError> {
    let policy = Policy::builtin();
    let (mut values, mut files) = (BTreeMap::new(), Vec::new());
    for released in release.fields().values().flatten() {
        let Some(value) = form.value(&released.field) else { continue };
        let named = value.files();
        if named.is_empty() {
            values.insert(released.field.clone(), value.clone());
        }
        for (name, media) in named {
            let folder = args.attachments.as_deref().ok_or_else(|| {
                unusable(format!(
                    "the form names a file in {}; say where it is with --attachments",
                    released.field
                ))
            })?;
            files.push(DraftFile {
                field: released.field.clone(),
                name: name.to_owned(),
                mime: media.to_owned(),
                bytes: fs::read(folder.join(name))?,
                justification: None,
            });
        }
    }
    let minset = policy.minimum_set(&args.service).map(|set| set.id.clone());
    Ok(Letter {
        kind: if args.update_of.is_some() { PacketKind::Update } else { PacketKind::Referral },
        re: args.update_of,
        made: now,
        expires: now.plus(TimeDelta::days(i64::from(args.days))),
        referral: args.referral.unwrap_or_else(|| ReferralId::new(&SystemIds, now)),
        parent: None,
        minset: minset.ok_or_else(|| unusable(format!("there is no minimum set for {}", args.service)))?,
        values,
        files,
        readers: gateway.readers(release.recipient(), now),
    })
}

fn denied(denials: &Denials) -> CliError {
    let mut facts = serde_json::Map::new();
    facts.insert(String::from("denials"), json!(denials));
    CliError::new(Code::new("packet.denied", Fault::Refused), "this may not be sent").with(Some(facts))
}
