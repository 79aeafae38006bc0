//! `throughline packet`

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{
    CliError, Output, block_on,
    client::HubClient,
    home::{Home, HomeArgs, Keyring, replace},
    known::{KnownKeys, node_key},
};
use crate::{
    agreements::{Standing, Terms},
    consent::{
        AgreementVersion, Area, Attached, Availability, CitedAgreement, CitedCertificate, Claims, Course,
        Covering, Eligibility, Facts, FormFacts, MAX_CLAIMS_BYTES, Member, Narrative, Offer, Onwards,
        Presented, ProtectionSignal, Record, Release, Wanted, WantedField, WhenThePersonSaidNo, release,
    },
    crypto::{DecryptionKey, Typ, VerifyingKey, verify_compact},
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{OrganisationId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{
        Desk, DraftFile, Letter, Opened, PacketError, PacketKind, Reader, Reading, check, inspect, open, seal,
    },
    policy::{
        Denials, FieldId, FilledForm, FormValue, JustificationCode, Language, Mode, OnwardCode, Policy,
        PurposeCode, RetentionCode, ServiceCode, Shape, UrgencyCode,
    },
};

/// Packets: sealed referrals. Sealing, opening and verifying happen here, at the gateway; the hub only passes them on.
#[derive(Args)]
pub(super) struct Packet {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Seal a filled form for one recipient. What the agreement or the consent does not cover is refused, field by field.
    #[command(after_help = "Example:
  throughline packet seal --form form.json --consent record.json --certificate scope.jws \\
    --agreement agreement.json --to org_… --purpose P01 --service SV07 --urgency U2 --retention RT02 --out referral.rp1")]
    Seal(Box<SealArgs>),
    /// Open a packet that was fetched from the hub. Nothing is shown unless every check has passed; what the manifest does not
    /// list is quarantined and a signed report is written beside the packet.
    Open(OpenArgs),
    /// Check signature, manifest and parts of a packet without opening it.
    Verify {
        /// The packet.
        packet: PathBuf,
        /// The hub's receipt for it.
        #[arg(long, value_name = "FILE")]
        receipt: Option<PathBuf>,
    },
    /// Show what anybody can see of a packet, without keys and without believing it.
    Inspect {
        /// The packet.
        packet: PathBuf,
    },
}

#[derive(Args)]
struct SealArgs {
    /// The filled form.
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
    /// The consent record.
    #[arg(long, value_name = "FILE")]
    consent: PathBuf,
    /// The scope certificate for this recipient.
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The agreement document, as it was signed.
    #[arg(long, value_name = "FILE")]
    agreement: PathBuf,
    /// An earlier version of the agreement, when the person agreed under it. May be given several times.
    #[arg(long = "earlier-agreement", value_name = "FILE")]
    earlier: Vec<PathBuf>,
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
    /// How many days the packet may wait for its recipient.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u8).range(1..=30))]
    days: u8,
    /// Where to write the packet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Args)]
struct OpenArgs {
    /// The packet.
    packet: PathBuf,
    /// The hub's receipt for it.
    #[arg(long, value_name = "FILE")]
    receipt: PathBuf,
    /// It was opened here before, and is opened again on purpose.
    #[arg(long)]
    again: bool,
    /// Folder for the files that are inside; without it they are listed only.
    #[arg(long, value_name = "FOLDER")]
    files: Option<PathBuf>,
    /// Where to write the signed statement that it was opened.
    #[arg(long, value_name = "FILE")]
    answer: Option<PathBuf>,
}

fn justification(text: &str) -> Result<(FieldId, JustificationCode), String> {
    let (field, code) = text.split_once('=').ok_or("expected FIELD=CODE, such as CF.pregnancy=JC05")?;
    let field = field.parse().map_err(|error: crate::policy::NotACode| error.to_string())?;
    Ok((field, code.parse().map_err(|error: crate::policy::NotACode| error.to_string())?))
}

impl Packet {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::Seal(args) => seal_form(&home, &args, output),
            What::Open(args) => open_packet(&home, &args, output),
            What::Verify { packet, receipt } => verify_packet(&home, &packet, receipt.as_deref(), output),
            What::Inspect { packet } => {
                let seen = inspect(&fs::read(packet)?)?;
                output.data(&seen, |seen| {
                    format!("Not verified.\n{}", serde_json::to_string_pretty(seen).unwrap_or_default())
                })
            }
        }
    }
}

/// What only the hub can tell a gateway: keys, and whether the others take part.
struct Gateway {
    keyring: Keyring,
    organisation: OrganisationId,
    keys: KnownKeys,
    node: Arc<VerifyingKey>,
    members: BTreeMap<OrganisationId, Value>,
}

impl Gateway {
    async fn reach(home: &Home, keyring: Keyring, others: &[OrganisationId]) -> Result<Self, CliError> {
        let hub = HubClient::sign_in(&home.connection()?, &keyring, &SystemClock, &SystemIds).await?;
        let organisation = hub.organisation;
        let (mut keys, mut members) = (KnownKeys::default(), BTreeMap::new());
        for id in others.iter().chain([&organisation]) {
            keys.add(home, &hub, *id).await?;
            members.insert(*id, hub.get(&format!("/api/v1/organisations/{id}")).await?.body);
        }
        let node = node_key(home, &hub).await?;
        Ok(Self { keyring, organisation, keys, node, members })
    }

    fn member(&self, id: OrganisationId, now: Timestamp) -> Option<Member> {
        let known = self.members.get(&id)?;
        let text = |name: &str| known.get(name).and_then(Value::as_str);
        Some(Member {
            id,
            active: text("standing") == Some("active"),
            country: text("country")?.parse().ok()?,
            enforcement: known.get("enforcement").and_then(Value::as_bool).unwrap_or(false),
            authority_of: text("authority_of").and_then(|country| country.parse().ok()),
            roles: self.keys.readers(id, now).into_iter().filter_map(|key| key.role.parse().ok()).collect(),
        })
    }

    /// Every role of the recipient, and one key of ours to read our own packet again.
    fn readers(&self, recipient: OrganisationId, now: Timestamp) -> Vec<Reader> {
        let reader = |key: &crate::members::KeyRecord| {
            let encrypter = key.jwk.encrypter()?;
            Some(Reader { organisation: key.organisation, role: key.role.parse().ok()?, key: encrypter })
        };
        let own = self.keys.readers(self.organisation, now);
        let own = own.iter().find(|key| key.role == "case_worker").or(own.first()).copied();
        self.keys.readers(recipient, now).into_iter().chain(own).filter_map(reader).collect()
    }
}

fn seal_form(home: &Home, args: &SealArgs, output: &Output) -> Result<(), CliError> {
    let policy = Policy::builtin();
    let form = FilledForm::parse(&fs::read(&args.form)?, policy)?;
    let record = Record::parse(&fs::read(&args.consent)?).map_err(|error| unusable(error.to_string()))?;
    let terms = agreement(&args.agreement)?;
    let earlier = args.earlier.iter().map(|path| agreement(path)).collect::<Result<Vec<_>, _>>()?;
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let gateway = block_on(Gateway::reach(home, keyring, &[args.to]))??;
    let now = SystemClock.now();
    let token = fs::read_to_string(&args.certificate)?;
    let certificate = certificate(token.trim(), &gateway, &terms, earlier)?;
    let facts = facts(args, &form, &record, certificate, (&terms, &gateway, now));
    let digest =
        Digest::of(record.bytes().map_err(|_ignored| unusable("the consent record".into()))?.expose());
    let refused = if args.leave_out { WhenThePersonSaidNo::LeaveOut } else { WhenThePersonSaidNo::Refuse };
    let release = release(&record, digest, &form_facts(args, &form, policy), &facts, (policy, refused))
        .map_err(|denials| denied(&denials))?;
    let letter = letter(args, &form, &release, &gateway, now)?;
    let sealed = seal(&release, letter, &gateway.keyring.signing, policy, &SystemIds)?;
    replace(&args.out, &sealed.body)?;
    let dropped: Vec<Value> = release
        .dropped()
        .iter()
        .map(|dropped| json!({ "field": dropped.field, "code": dropped.deny }))
        .collect();
    let made = json!({
        "packet": sealed.id, "envelope_digest": sealed.envelope, "file": args.out, "fields": sealed.manifest.fields.len(),
        "left_out": dropped, "warnings": release.warnings().map(|w| json!(w)).collect::<Vec<_>>(),
    });
    output.data(&made, |_| {
        let mut lines = vec![format!(
            "Sealed {} fields in {} ({}).",
            sealed.manifest.fields.len(),
            args.out.display(),
            sealed.id
        )];
        for left in release.dropped() {
            lines.push(format!("Left out {}: {} {}", left.field, left.deny.code(), left.deny.title()));
        }
        lines.join("\n")
    })
}

fn agreement(path: &Path) -> Result<Arc<Terms>, CliError> {
    let bytes = fs::read(path)?;
    let document = crate::agreements::Document::parse(&bytes).map_err(|error| unusable(error.to_string()))?;
    Ok(Arc::new(Terms::of(document, Digest::of(&bytes))))
}

/// The certificate as the rule wants it. It must be our own: only who took the consent seals under it.
fn certificate(
    token: &str,
    gateway: &Gateway,
    terms: &Arc<Terms>,
    earlier: Vec<Arc<Terms>>,
) -> Result<Presented, CliError> {
    let own = gateway.keyring.signing.verifier();
    let max = MAX_CLAIMS_BYTES.saturating_mul(2);
    let verified =
        verify_compact(token, Typ::Scope, max, |kid| (kid == own.kid()).then(|| Arc::clone(&own)))?;
    let claims = Claims::parse(verified.payload()).map_err(|error| unusable(error.to_string()))?;
    let policy = Policy::builtin();
    let names_most_sensitive = claims
        .permits()
        .flat_map(|line| &line.scope.fields)
        .any(|id| policy.field(id).is_some_and(crate::policy::Field::is_most_sensitive));
    let at_consent = earlier
        .into_iter()
        .chain([Arc::clone(terms)])
        .map(|terms| (AgreementVersion { id: terms.id(), version: terms.version() }, terms))
        .collect();
    Ok(Presented {
        status: claims.status,
        claims: Arc::new(claims),
        digest: Digest::of(token),
        genuine: true,
        denied: Vec::new(),
        names_most_sensitive,
        at_consent,
    })
}

/// The facts as far as a gateway has them. What only the hub knows (how the agreement stands today, what the directory says, what is
/// open or withdrawn) is taken to be in order here: the hub judges the same rule again with what it knows.
fn facts(
    args: &SealArgs,
    form: &FilledForm,
    record: &Record,
    certificate: Presented,
    (terms, gateway, now): (&Arc<Terms>, &Gateway, Timestamp),
) -> Facts {
    let policy = Policy::builtin();
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
        signal: ProtectionSignal::NotScreened,
        subject: record.subject,
        agreement: Some(CitedAgreement { id: terms.id(), version: terms.version(), digest: terms.digest() }),
        certificate: Some(CitedCertificate { id: certificate.claims.id, digest: certificate.digest }),
        round: None,
        overrides: BTreeSet::new(),
        worker_anonymous: false,
        onwards: Onwards::No,
        course: Course::Begins,
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
        kind: PacketKind::Referral,
        re: None,
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

fn verify_packet(
    home: &Home,
    packet: &Path,
    receipt: Option<&Path>,
    output: &Output,
) -> Result<(), CliError> {
    let body = fs::read(packet)?;
    let sender = inspect(&body)?.envelope.iss;
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let mut gateway = block_on(Gateway::reach(home, keyring, &[sender]))??;
    let receipt = receipt.map(fs::read_to_string).transpose()?;
    let receipt = receipt.as_deref().map(|token| (token.trim(), &gateway.node));
    let checked = check(&body, receipt, SystemClock.now(), &mut gateway.keys, Policy::builtin())?;
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

fn open_packet(home: &Home, args: &OpenArgs, output: &Output) -> Result<(), CliError> {
    let body = fs::read(&args.packet)?;
    let receipt = fs::read_to_string(&args.receipt)?;
    let claimed = inspect(&body)?;
    let seen = home.folder("opened")?.join(claimed.envelope.jti.to_string());
    let reading = reading(&seen, args.again)?;
    let keyring = home.keyring(&home.passphrase("Passphrase: ")?)?;
    let mut gateway = block_on(Gateway::reach(home, keyring, &[claimed.envelope.iss]))??;
    let readers = std::mem::take(&mut gateway.keyring.readers);
    let keys: Vec<DecryptionKey> = readers.into_iter().map(|(_, key)| key).collect();
    let desk = Desk {
        organisation: gateway.organisation,
        keys: &keys,
        signer: &gateway.keyring.signing,
        node: &gateway.node,
        policy: Policy::builtin(),
        ids: &SystemIds,
        now: SystemClock.now(),
    };
    let opened = open(&body, receipt.trim(), reading, &desk, &mut gateway.keys)
        .map_err(|error| quarantined(error, &args.packet))?;
    replace(&seen, opened.envelope_digest.to_string().as_bytes())?;
    if let Some(answer) = &args.answer {
        replace(answer, opened.receipt(&desk)?.as_bytes())?;
    }
    let files = write_files(&opened, args.files.as_deref())?;
    // Showing what is inside is what this command is for; it goes to the terminal or the pipe and nowhere else.
    let mut fields = serde_json::Map::new();
    for document in &opened.documents {
        for (field, value) in &document.fields {
            fields.insert(field.to_string(), value.expose_json());
        }
    }
    let shown = json!({
        "packet": opened.envelope.jti, "from": opened.envelope.iss, "referral": opened.envelope.referral,
        "received": opened.received, "fields": fields, "files": files, "not_for_us": opened.not_for_us,
    });
    output.data(&shown, |_| {
        let label = |id: &str| {
            let id: Option<FieldId> = id.parse().ok();
            id.and_then(|id| Policy::builtin().field(&id)).map_or(String::new(), |field| field.label.clone())
        };
        let mut lines = vec![format!("From {}, received {}\n", opened.envelope.iss, opened.received)];
        for (id, value) in &fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            lines.push(format!("{id:<14} {}: {value}", label(id)));
        }
        for file in &files {
            lines.push(format!("file           {file}"));
        }
        if !opened.not_for_us.is_empty() {
            lines.push(format!("\n{} sections are for other readers.", opened.not_for_us.len()));
        }
        lines.join("\n")
    })
}

fn reading(seen: &Path, again: bool) -> Result<Reading, CliError> {
    match fs::read_to_string(seen) {
        Ok(before) if again => before
            .trim()
            .parse()
            .map(Reading::Again)
            .map_err(|_ignored| unusable(format!("{} cannot be read", seen.display()))),
        Ok(_) => Ok(Reading::Repeated),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Reading::First),
        Err(error) => Err(error.into()),
    }
}

/// Writes the files under names of our own: what the sender calls a file is not a path.
fn write_files(opened: &Opened, folder: Option<&Path>) -> Result<Vec<String>, CliError> {
    let mut told = Vec::new();
    for (place, file) in opened.files.iter().enumerate() {
        let extension = match file.mime.as_str() {
            "application/pdf" => "pdf",
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "text/plain" => "txt",
            _ => "bin",
        };
        let size = file.bytes.expose().len();
        let Some(folder) = folder else {
            told.push(format!("{} ({size} bytes, not written)", file.field));
            continue;
        };
        fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}-{}-{place}.{extension}", opened.envelope.jti, file.field));
        replace(&path, file.bytes.expose())?;
        told.push(path.display().to_string());
    }
    Ok(told)
}

/// A quarantined packet leaves its signed report beside it.
fn quarantined(error: PacketError, packet: &Path) -> CliError {
    let PacketError::Quarantined(violation) = &error else { return error.into() };
    let report = packet.with_extension("violation.jws");
    match replace(&report, violation.report.as_bytes()) {
        Ok(()) => CliError::new(
            Code::new("packet.outside_manifest", Fault::Refused),
            format!("{error}. Send the report {} to the hub; do not use the packet", report.display()),
        ),
        Err(failed) => failed,
    }
}

fn denied(denials: &Denials) -> CliError {
    let mut facts = serde_json::Map::new();
    facts.insert(String::from("denials"), json!(denials));
    CliError::new(Code::new("packet.denied", Fault::Refused), "this may not be sent").with(Some(facts))
}

fn unusable(sentence: String) -> CliError {
    CliError::new(Code::new("packet.unusable_input", Fault::Malformed), sentence)
}
