//! What is handed in: packets sealed beforehand, each about a person of its own and under a certificate of its own, as the hub allows
//! one open referral for each person, service and recipient.
//!
//! They are sealed with `packets::press`, because there is no consent record behind them to be held against: nobody in them exists.
//! The hub judges them like any other. They and their certificates lie in files, of which only the places are kept in memory: some
//! twenty bytes for each, so that a million of them can be handed in without the load taking the memory from the hub.

use std::{
    fs::File,
    io::Write as _,
    os::unix::fs::FileExt as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::TimeDelta;
use clap::ValueEnum;
use serde_json::json;

use super::{
    super::CliError,
    unfit,
    world::{Party, World},
};
use crate::{
    consent::Attested,
    crypto::{Typ, sign_compact},
    kernel::{
        Digest, Timestamp,
        id::{CertificateId, Ids as _, ReferralId, SubjectToken, SystemIds},
        time::{Clock as _, SystemClock},
    },
    packets::{AgreementRef, Draft, DraftField, PacketKind, Reader, ScopeRef, press},
    policy::{FormValue, Mode, NotACode},
};

/// How much a packet holds: the sum of its documents, each padded to 2 or 8 KiB. On the wire it is about four kilobytes and then two
/// and a half times that: what is sealed is signed and encrypted in base64, twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Content {
    /// What reception needs: one document of 2 KiB. No packet is smaller.
    #[value(name = "2")]
    Two,
    /// And how to reach the person, a fact of health, and the family: four documents of 2 KiB.
    #[value(name = "8")]
    Eight,
    /// And a page each on health and family: two of 2 KiB, two of 8 KiB.
    #[value(name = "20")]
    Twenty,
}

impl Content {
    /// Kilobytes.
    pub(super) const fn kilobytes(self) -> u8 {
        match self {
            Self::Two => 2,
            Self::Eight => 8,
            Self::Twenty => 20,
        }
    }

    fn fields(self) -> Result<Vec<DraftField>, NotACode> {
        let text = |text: &str| FormValue::Text(text.to_owned());
        // A page in a script that takes three bytes a character.
        let page = || FormValue::Text("ጤና እና ቤተሰብ ".chars().cycle().take(999).collect());
        let (health, family) = match self {
            Self::Two => {
                return general().into_iter().map(|(id, value)| field(id, text(value), None)).collect();
            }
            Self::Eight => (field("CF.pregnancy", FormValue::Flag(true), None), text("A daughter of six")),
            Self::Twenty => (field("CF.health", page(), None), page()),
        };
        let mut fields = Self::Two.fields()?;
        fields.push(field("CF.phone", text("+000 00 000 000, after six"), None)?);
        fields.push(health?);
        fields.push(field("CF.family", family, Some("JC01"))?);
        Ok(fields)
    }
}

fn general() -> [(&'static str, &'static str); 5] {
    [
        ("CF.case_token", "case-of-a-benchmark"),
        ("CF.name", "Nobody Atall"),
        ("CF.age_band", "25_39"),
        ("CF.language", "am"),
        ("CF.need", "SV07"),
    ]
}

fn field(id: &str, value: FormValue, because: Option<&str>) -> Result<DraftField, NotACode> {
    Ok(DraftField { field: id.parse()?, value, justification: because.map(str::parse).transpose()? })
}

/// Packets and their certificates, ready to hand in.
pub(super) struct Letters {
    places: Vec<Place>,
}

/// Where a packet lies, and behind it its certificate.
struct Place {
    file: Arc<File>,
    offset: u64,
    packet: u32,
    certificate: u32,
}

impl Place {
    fn read(&self, offset: u64, length: u32, into: &mut Vec<u8>) -> std::io::Result<()> {
        into.resize(usize::try_from(length).unwrap_or_default(), 0);
        self.file.read_exact_at(into, offset)
    }
}

impl Letters {
    /// Seals so many on all cores; `each` is asked before each whether to go on.
    pub(super) fn seal(
        world: &World,
        content: Content,
        packets: usize,
        folder: &Path,
        each: &(impl Fn() -> bool + Sync),
    ) -> Result<Self, CliError> {
        let threads = super::limits::cores().min(packets).max(1);
        let next = AtomicUsize::new(0);
        let desks = std::thread::scope(|scope| {
            let work = |number: usize| {
                let (next, path) = (&next, folder.join(format!("packets-{number}")));
                scope.spawn(move || {
                    seal_to(world, content, &path, || {
                        let taken = next.fetch_add(1, Ordering::Relaxed);
                        (taken < packets && each()).then_some(taken)
                    })
                })
            };
            let working: Vec<_> = (0..threads).map(work).collect();
            working
                .into_iter()
                .map(|desk| desk.join().map_err(|_panicked| unfit("sealing panicked"))?)
                .collect::<Result<Vec<_>, CliError>>()
        })?;
        Ok(Self { places: desks.into_iter().flatten().collect() })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// How long they are on the wire, on average.
    pub(super) fn mean_bytes(&self) -> usize {
        let all: u64 = self.places.iter().map(|place| u64::from(place.packet)).sum();
        let number = u64::try_from(self.len()).unwrap_or(u64::MAX);
        all.checked_div(number).and_then(|mean| usize::try_from(mean).ok()).unwrap_or_default()
    }

    /// One packet, read into `into`. False when there is none with this number.
    pub(super) fn read(&self, number: usize, into: &mut Vec<u8>) -> std::io::Result<bool> {
        let Some(place) = self.places.get(number) else { return Ok(false) };
        place.read(place.offset, place.packet, into)?;
        Ok(true)
    }

    /// The scope certificate of one packet.
    pub(super) fn certificate(&self, number: usize) -> std::io::Result<Option<String>> {
        let Some(place) = self.places.get(number) else { return Ok(None) };
        let mut token = Vec::new();
        let offset = place.offset.saturating_add(u64::from(place.packet));
        place.read(offset, place.certificate, &mut token)?;
        String::from_utf8(token).map(Some).map_err(std::io::Error::other)
    }
}

/// Seals what `next` gives into a file, one behind the other.
fn seal_to(
    world: &World,
    content: Content,
    path: &Path,
    mut next: impl FnMut() -> Option<usize>,
) -> Result<Vec<Place>, CliError> {
    let file = Arc::new(File::options().read(true).write(true).create_new(true).open(path)?);
    let (mut places, mut offset) = (Vec::new(), 0u64);
    while let Some(number) = next() {
        let Some((recipient, agreement)) = world.recipients.get(number % world.recipients.len().max(1))
        else {
            break;
        };
        let now = SystemClock.now();
        let subject = SubjectToken::new(&SystemIds, now);
        let (scope, certificate) = certify(&world.sender, recipient, agreement, subject, now)?;
        let draft = draft((&world.sender, recipient), content, agreement, (subject, scope), now)?;
        let sealed = press(draft, &world.sender.keyring.signing, &world.policy, &SystemIds)?;
        let (packet, behind) =
            (length_of(&sealed.body).map_err(unfit)?, length_of(certificate.as_bytes()).map_err(unfit)?);
        (&*file).write_all(&sealed.body)?;
        (&*file).write_all(certificate.as_bytes())?;
        places.push(Place { file: Arc::clone(&file), offset, packet, certificate: behind });
        offset = offset.saturating_add(u64::from(packet)).saturating_add(u64::from(behind));
    }
    // What is still on its way to the disk would stand in the way of the hub's commits.
    file.sync_all()?;
    Ok(places)
}

fn length_of(bytes: &[u8]) -> Result<u32, std::num::TryFromIntError> {
    u32::try_from(bytes.len())
}

fn certify(
    sender: &Party,
    recipient: &Party,
    agreement: &AgreementRef,
    subject: SubjectToken,
    now: Timestamp,
) -> Result<(ScopeRef, String), CliError> {
    let id = CertificateId::new(&SystemIds, now);
    let mut random = [0u8; 32];
    SystemIds.random(&mut random);
    let from = Timestamp::from_seconds(now.seconds().saturating_sub(60));
    let until = from.plus(TimeDelta::days(30));
    let claims = json!({
        "v": 1, "id": id, "ver": 1, "record": Digest::of(random), "iss": sender.id, "aud": recipient.id, "sub": subject, "class": "adult",
        "flags": {
            "info_complete": true, "method": "written_signature", "attested": true, "second_attested": true, "interpreter_ok": true,
            "representative_ok": true, "companion_present": "none", "separate": true, "third_parties": "based",
        },
        "lines": [{
            "effect": "permit", "recipient": recipient.id, "purpose": "P01", "service": "SV07",
            "scope": { "categories": ["K01", "K03", "K04", "K08", "K10", "K11", "K13", "K14"] },
            "operations": ["disclose", "feedback_return"], "from": from, "until": until,
            "agreement": { "id": agreement.id, "version": agreement.ver },
        }],
        "statistics": "permit", "status": "given", "notice": "bench", "withdrawal": Digest::of(subject.to_string()),
        "iat": from.seconds(), "exp": until.seconds(),
    });
    let token = sign_compact(&sender.keyring.signing, Typ::Scope, claims.to_string().as_bytes())?;
    Ok((ScopeRef { id, h: Digest::of(&token) }, token))
}

fn draft(
    (sender, recipient): (&Party, &Party),
    content: Content,
    agreement: &AgreementRef,
    (subject, scope): (SubjectToken, ScopeRef),
    now: Timestamp,
) -> Result<Draft, CliError> {
    let readers = [sender, recipient].into_iter().flat_map(|party| {
        party.keyring.readers.iter().map(|(role, key)| {
            let encrypter = key.public().encrypter().ok_or_else(|| unfit("a reader's key cannot encrypt"))?;
            Ok(Reader { organisation: party.id, role: role.parse().map_err(unfit)?, key: encrypter })
        })
    });
    Ok(Draft {
        kind: PacketKind::Referral,
        re: None,
        sender: sender.id,
        recipients: vec![recipient.id],
        made: now,
        expires: now.plus(TimeDelta::days(7)),
        referral: ReferralId::new(&SystemIds, now),
        parent: None,
        received: std::collections::BTreeSet::new(),
        subject,
        agreement: agreement.clone(),
        mode: Mode::Consent,
        scope: Some(scope),
        purpose: "P01".parse().map_err(unfit)?,
        service: "SV07".parse().map_err(unfit)?,
        urgency: "U2".parse().map_err(unfit)?,
        retention: "RT02".parse().map_err(unfit)?,
        onward: "OW00".parse().map_err(unfit)?,
        attested: Attested::default(),
        minset: "ms_health".parse().map_err(unfit)?,
        fields: content.fields().map_err(unfit)?,
        files: Vec::new(),
        readers: readers.collect::<Result<_, CliError>>()?,
    })
}
