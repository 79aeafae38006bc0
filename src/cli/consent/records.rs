//! Where the records lie: a folder of the gateway's home with one encrypted file for each consent.
//!
//! The files' key is kept beside them, wrapped under the home's passphrase like the private keys. A file's name is the consent's
//! random id and says nothing.

use std::{
    fmt::Display,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::untold::Wishes;

use crate::{
    cli::{CliError, files, home::Home},
    consent::{Extent, Record},
    crypto::{FileKey, Passphrase},
    kernel::{
        Code, Digest, Fault, Timestamp,
        id::{CertificateId, ConsentId, OrganisationId, ReferralId, SystemIds, WithdrawalId},
        time::{Clock as _, SystemClock},
    },
};

const FOLDER: &str = "consents";
const KEY: &str = "consents/key.json";

/// The records of this organisation.
pub(in crate::cli) struct Records {
    folder: PathBuf,
    key: FileKey,
}

/// A certificate that was signed for one of its recipients.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Issued {
    /// The certificate.
    pub(in crate::cli) id: CertificateId,
    /// Whom it is for.
    pub(in crate::cli) recipient: OrganisationId,
    /// The version of the record it was made from.
    pub(in crate::cli) version: u32,
    /// When it was signed.
    pub(in crate::cli) at: Timestamp,
    /// When it ends.
    pub(in crate::cli) until: Timestamp,
    /// The signed certificate.
    pub(in crate::cli) token: String,
    /// When the hub took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) registered: Option<Timestamp>,
}

/// What the person took back of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct TakenBack {
    /// The version of the record it counts for, and those before.
    pub(in crate::cli) version: u32,
    /// When this gateway heard it.
    pub(in crate::cli) at: Timestamp,
    /// What of it.
    pub(in crate::cli) extent: Extent,
    /// The withdrawal at the hub; none when the hub never knew of this consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) withdrawal: Option<WithdrawalId>,
}

/// One consent with all its versions, and what was signed from it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Held {
    id: ConsentId,
    /// The exact bytes of each version, oldest first: their digests stand in certificates.
    versions: Vec<String>,
    certificates: Vec<Issued>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    taken_back: Vec<TakenBack>,
}

impl Drop for Held {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.versions.iter_mut().for_each(String::zeroize);
    }
}

impl Held {
    /// The consent.
    pub(in crate::cli) fn id(&self) -> ConsentId {
        self.id
    }

    /// The version that counts.
    pub(in crate::cli) fn current(&self) -> Result<Record, CliError> {
        self.versions
            .last()
            .and_then(|bytes| Record::parse(bytes.as_bytes()).ok())
            .ok_or_else(|| unreadable(self.id))
    }

    /// Digest of the version that counts.
    pub(in crate::cli) fn digest(&self) -> Digest {
        self.versions.last().map_or_else(|| Digest::of([]), Digest::of)
    }

    /// What was signed from it, oldest first.
    pub(in crate::cli) fn certificates(&self) -> &[Issued] {
        &self.certificates
    }

    /// Notes what was signed.
    pub(in crate::cli) fn issue(&mut self, issued: Issued) {
        self.certificates.push(issued);
    }

    /// The certificate of the present version for a recipient, while it holds: the one the hub has, or else the newest.
    pub(in crate::cli) fn certificate(
        &self,
        recipient: OrganisationId,
        at: Timestamp,
    ) -> Result<Option<&Issued>, CliError> {
        let version = self.current()?.version;
        let fits = |one: &&Issued| one.recipient == recipient && one.version == version && at < one.until;
        let registered = self.certificates.iter().filter(fits).find(|one| one.registered.is_some());
        Ok(registered.or_else(|| self.certificates.iter().rev().find(fits)))
    }

    /// Notes that the hub took a certificate.
    pub(in crate::cli) fn registered(&mut self, id: CertificateId, at: Timestamp) {
        for one in self.certificates.iter_mut().filter(|one| one.id == id) {
            one.registered.get_or_insert(at);
        }
    }

    /// What the person took back of the present version, oldest first.
    pub(in crate::cli) fn taken_back(&self) -> Result<Vec<&TakenBack>, CliError> {
        let version = self.current()?.version;
        Ok(self.taken_back.iter().filter(|one| version <= one.version).collect())
    }

    /// Whether nothing of the present version is left.
    pub(in crate::cli) fn is_taken_back(&self) -> Result<bool, CliError> {
        Ok(self.taken_back()?.iter().any(|one| one.extent.is_whole()))
    }

    /// The newest version that was there at a moment: a withdrawal says nothing of what the person agreed to afterwards.
    fn version_at(&self, at: Timestamp) -> Result<Option<u32>, CliError> {
        let read = |bytes: &String| Record::parse(bytes.as_bytes()).map_err(|_ignored| unreadable(self.id));
        let records = self.versions.iter().map(read).collect::<Result<Vec<Record>, _>>()?;
        let then = records.iter().filter(|record| record.collected.at <= at);
        Ok(then.map(|record| record.version).max())
    }

    /// Notes a withdrawal that the hub knows of, whoever heard it. Answers whether it was new here.
    pub(in crate::cli) fn heard(
        &mut self,
        withdrawal: WithdrawalId,
        at: Timestamp,
        extent: Extent,
    ) -> Result<bool, CliError> {
        let Some(version) = self.version_at(at)? else { return Ok(false) };
        let before = self.taken_back.len();
        self.take_back(TakenBack { version, at, extent, withdrawal: Some(withdrawal) });
        Ok(self.taken_back.len() > before)
    }

    /// Notes what the person took back. The same again changes nothing.
    pub(in crate::cli) fn take_back(&mut self, taken: TakenBack) {
        let known = |one: &TakenBack| (one.version, &one.extent) == (taken.version, &taken.extent);
        if !self.taken_back.iter().any(known) {
            self.taken_back.push(taken);
        }
    }
}

impl Records {
    /// Opens the records, making their key the first time.
    pub(in crate::cli) fn open(home: &Home, passphrase: &Passphrase) -> Result<Self, CliError> {
        let folder = home.folder(FOLDER)?;
        if !folder.join("key.json").exists() {
            make_key(home, &folder, passphrase)?;
        }
        let bytes: Vec<u8> = home.open_wrapped(KEY, passphrase)?;
        let key = FileKey::from_bytes(bytes).ok_or_else(|| {
            CliError::new(
                Code::new("consent.unreadable", Fault::Malformed),
                "the key of the consent records cannot be read; restore it from your copy",
            )
        })?;
        Ok(Self { folder, key })
    }

    /// One consent.
    pub(in crate::cli) fn find(&self, id: ConsentId) -> Result<Held, CliError> {
        self.read(id)?.ok_or_else(|| {
            CliError::new(
                Code::new("consent.not_here", Fault::NotFound),
                format!("this gateway keeps no {id}; see throughline consent list"),
            )
        })
    }

    /// Every consent, oldest first.
    pub(in crate::cli) fn all(&self) -> Result<Vec<Held>, CliError> {
        self.ids()?.into_iter().map(|id| self.find(id)).collect()
    }

    /// Adds a record: a new consent, or the next version of one that is here. The same bytes again are no harm.
    pub(in crate::cli) fn add(&self, record: &Record) -> Result<Held, CliError> {
        let bytes = record.bytes().map_err(|_ignored| unreadable(record.id))?;
        let text = String::from_utf8_lossy(bytes.expose()).into_owned();
        let Some(mut held) = self.read(record.id)? else {
            if record.version != 1 {
                return Err(version_refused(
                    "an earlier version of this consent is not here; add that first",
                ));
            }
            let held = Held {
                id: record.id,
                versions: vec![text],
                certificates: Vec::new(),
                taken_back: Vec::new(),
            };
            self.keep(&held)?;
            return Ok(held);
        };
        if held.versions.last() == Some(&text) {
            return Ok(held);
        }
        let last = held.current()?;
        if last.version.checked_add(1) != Some(record.version) || record.supersedes != Some(held.digest()) {
            return Err(version_refused(&format!(
                "the next version of this consent is {}, and it names in supersedes the digest {}",
                last.version.saturating_add(1),
                held.digest()
            )));
        }
        if last.subject != record.subject {
            return Err(version_refused("a consent stays with one person: subject is another one"));
        }
        held.versions.push(text);
        self.keep(&held)?;
        Ok(held)
    }

    /// Writes what is held of a consent.
    pub(in crate::cli) fn keep(&self, held: &Held) -> Result<(), CliError> {
        self.shut(held.id, held)
    }

    /// What a person said about telling whoever sent a referral; nothing when they said nothing.
    pub(super) fn wishes(&self, referral: ReferralId) -> Result<Option<Wishes>, CliError> {
        let Some(wishes) = self.unshut::<Wishes>(referral)? else { return Ok(None) };
        if wishes.referral == referral { Ok(Some(wishes)) } else { Err(unreadable(referral)) }
    }

    /// All that was said about that.
    pub(super) fn all_wishes(&self) -> Result<Vec<Wishes>, CliError> {
        self.ids()?.into_iter().filter_map(|id| self.wishes(id).transpose()).collect()
    }

    /// Writes what a person said about that.
    pub(super) fn keep_wishes(&self, wishes: &Wishes) -> Result<(), CliError> {
        self.shut(wishes.referral, wishes)
    }

    /// Whether this home keeps anything that was said of a referral. Needs no passphrase.
    pub(super) fn keep_some_of(home: &Home, referral: ReferralId) -> Result<bool, CliError> {
        // What cannot be looked at is not taken for nothing: somebody would be told against the person's word.
        Ok(home.folder(FOLDER)?.join(format!("{referral}.jwe")).try_exists()?)
    }

    fn shut<T: Serialize>(&self, id: impl Display + Copy, what: &T) -> Result<(), CliError> {
        let plain = crate::kernel::Secret::new(serde_json::to_vec(what).map_err(|_ignored| unreadable(id))?);
        let token = self.key.shut(&SystemIds, plain.expose())?;
        files::replace(self.path(id), token.as_bytes())
    }

    fn unshut<T: DeserializeOwned>(&self, id: impl Display + Copy) -> Result<Option<T>, CliError> {
        let Some(token) = files::text_if_there(self.path(id))? else { return Ok(None) };
        let plain = self.key.open(&token).map_err(|_ignored| unreadable(id))?;
        serde_json::from_slice(plain.expose()).map(Some).map_err(|_ignored| unreadable(id))
    }

    fn read(&self, id: ConsentId) -> Result<Option<Held>, CliError> {
        let Some(held) = self.unshut::<Held>(id)? else { return Ok(None) };
        // A file under another's name would put one person's consent in another's place.
        if held.id == id { Ok(Some(held)) } else { Err(unreadable(id)) }
    }

    /// What there is a file for, of one kind, oldest first.
    fn ids<I: FromStr + Ord>(&self) -> Result<Vec<I>, CliError> {
        let names = files::names_in(&self.folder)?;
        let mut ids: Vec<I> =
            names.iter().filter_map(|name| name.strip_suffix(".jwe")?.parse().ok()).collect();
        ids.sort();
        Ok(ids)
    }

    fn path(&self, id: impl Display) -> PathBuf {
        self.folder.join(format!("{id}.jwe"))
    }
}

/// Makes the key of the records. Two commands at once make one key, not two.
fn make_key(home: &Home, folder: &Path, passphrase: &Passphrase) -> Result<(), CliError> {
    // Only the passphrase that opens the organisation's keys, so that a slip does not make a second one.
    home.keyring(passphrase)?;
    let key = FileKey::random(&SystemIds);
    let name = format!("{}.json", ConsentId::new(&SystemIds, SystemClock.now()));
    home.keep_wrapped(&format!("{FOLDER}/{name}"), &SystemIds, passphrase, &key.as_bytes())?;
    let linked = fs::hard_link(folder.join(&name), folder.join("key.json"));
    fs::remove_file(folder.join(&name))?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn unreadable(id: impl Display) -> CliError {
    CliError::new(
        Code::new("consent.unreadable", Fault::Malformed),
        format!(
            "the record {id} cannot be read: it was changed, or belongs to another home. Restore it from your copy"
        ),
    )
}

fn version_refused(sentence: &str) -> CliError {
    CliError::new(Code::new("consent.version_refused", Fault::Refused), sentence)
}
