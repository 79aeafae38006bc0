//! The node's own keys: one for receipts and events, one for access tokens, one for the log.
//!
//! They lie in a folder that only the hub's user may read, because a hub must start by itself after a power cut. Organisations' keys
//! are never here.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    access::Node,
    audit,
    crypto::{KeyError, SigningKey},
    factors::FactorKey,
    kernel::{Code, Coded, Fault, Secret, id::Ids},
};

/// The node's keys, loaded.
#[derive(Clone)]
pub struct NodeKeys {
    /// The node's name and receipt key.
    pub node: Arc<Node>,
    /// Signs access tokens.
    pub tokens: Arc<SigningKey>,
    /// Seed of the Ed25519 key that signs the log's checkpoints.
    pub log_seed: Secret<Vec<u8>>,
    /// HMAC key over the codes that persons hold; what second steps lie under follows from it.
    pub person: Secret<Vec<u8>>,
}

/// Why the node's keys cannot be used. Each is a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// A key is not there.
    #[error(
        "the node's key {0} is missing; for a new node run `throughline init`, for an old one set node.keys to the folder that has it"
    )]
    Missing(PathBuf),
    /// The folder has keys already.
    #[error("{0} has keys already; they are not overwritten")]
    There(PathBuf),
    /// Others can read it.
    #[error("others can read {0}; run chmod 600 on it")]
    Open(PathBuf),
    /// Others can put keys of theirs into the folder.
    #[error("others can replace the keys in {0}; run chmod 700 on it")]
    Replaceable(PathBuf),
    /// It cannot be read or written.
    #[error(
        "{path} cannot be used: {source}; let the hub's user own the folder node.keys names, or name another"
    )]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a key.
    #[error("{path} holds no usable key: {source}; put your copy of the key folder in its place")]
    Key {
        /// Which.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// It is not a seed.
    #[error("{0} must hold exactly 32 bytes; put your copy of the key folder in its place")]
    Seed(PathBuf),
}

impl Coded for KeyFault {
    fn code(&self) -> Code {
        match self {
            Self::Missing(_) => Code::new("node_keys.missing", Fault::Unavailable),
            Self::There(_) => Code::new("node_keys.exist", Fault::Conflict),
            Self::Open(_) => Code::new("node_keys.readable_by_others", Fault::Unavailable),
            Self::Replaceable(_) => Code::new("node_keys.replaceable_by_others", Fault::Unavailable),
            Self::File { .. } => Code::new("node_keys.file", Fault::Unavailable),
            Self::Key { .. } | Self::Seed(_) => Code::new("node_keys.malformed", Fault::Unavailable),
        }
    }
}

const RECEIPTS: &str = "receipts.jwk";
const TOKENS: &str = "tokens.jwk";
const LOG: &str = "log.seed";
const PERSON: &str = "person.key";
/// Bytes of a seed.
const SEED: usize = 32;

impl NodeKeys {
    /// Makes the keys of a new node. Overwrites nothing.
    pub fn create(folder: &Path, ids: &dyn Ids) -> Result<(), KeyFault> {
        Self::require_none(folder)?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| KeyFault::File { path: folder.to_owned(), source })?;
        let mut made = Vec::new();
        let outcome = make(folder, ids, &mut made);
        if outcome.is_err() {
            // Half a set would be in the way of the next try, and none of it was used. What was there before stays.
            for path in made {
                let _stays = fs::remove_file(path);
            }
        }
        outcome
    }

    /// Refuses a folder that has keys.
    pub fn require_none(folder: &Path) -> Result<(), KeyFault> {
        if Self::exist_in(folder) { Err(KeyFault::There(folder.to_owned())) } else { Ok(()) }
    }

    /// Loads the keys of a node.
    pub fn load(folder: &Path, name: &str) -> Result<Self, KeyFault> {
        if fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & 0o022 != 0) {
            return Err(KeyFault::Replaceable(folder.to_owned()));
        }
        let jwk = |file: &str| {
            let path = folder.join(file);
            let text = String::from_utf8(take(&path)?.expose().clone()).unwrap_or_default();
            SigningKey::from_secret_jwk(&Secret::new(text)).map_err(|source| KeyFault::Key { path, source })
        };
        let seed = |file: &str| {
            let path = folder.join(file);
            let bytes = take(&path)?;
            if bytes.expose().len() == SEED { Ok(bytes) } else { Err(KeyFault::Seed(path)) }
        };
        Ok(Self {
            node: Arc::new(Node { name: name.to_owned(), receipts: jwk(RECEIPTS)? }),
            tokens: Arc::new(jwk(TOKENS)?),
            log_seed: seed(LOG)?,
            person: seed(PERSON)?,
        })
    }

    /// The key that signs the checkpoints of this node's log.
    pub fn log_key(&self) -> Result<audit::LogKey, audit::AuditError> {
        audit::LogKey::new(&format!("{}/operations", self.node.name), &self.log_seed)
    }

    /// What second steps of people lie under. It follows from the key over the codes of persons; nothing that is stored of those is the same.
    pub fn factors(&self) -> FactorKey {
        FactorKey::of(&self.person)
    }

    /// Whether there are any in this folder.
    pub fn exist_in(folder: &Path) -> bool {
        folder.join(RECEIPTS).exists()
    }

    /// Whether they sign, and lie in the folder as they were loaded from it: whatever is started there next is still this node.
    pub fn are_usable(&self, folder: &Path) -> bool {
        crate::crypto::sign_compact(&self.node.receipts, crate::crypto::Typ::Receipt, b"{}").is_ok()
            && Self::load(folder, &self.node.name).is_ok_and(|there| self.are_those(&there))
    }

    fn are_those(&self, other: &Self) -> bool {
        self.node.receipts.kid() == other.node.receipts.kid()
            && self.tokens.kid() == other.tokens.kid()
            && self.log_seed.expose() == other.log_seed.expose()
            && self.person.expose() == other.person.expose()
    }
}

fn make(folder: &Path, ids: &dyn Ids, made: &mut Vec<PathBuf>) -> Result<(), KeyFault> {
    for name in [TOKENS, RECEIPTS] {
        let path = folder.join(name);
        let key = SigningKey::generate(ids).map_err(|source| KeyFault::Key { path: path.clone(), source })?;
        put(path, key.to_secret_jwk().expose().as_bytes(), made)?;
    }
    for name in [LOG, PERSON] {
        let mut seed = [0u8; SEED];
        ids.random(&mut seed);
        put(folder.join(name), &seed, made)?;
    }
    Ok(())
}

fn put(path: PathBuf, bytes: &[u8], made: &mut Vec<PathBuf>) -> Result<(), KeyFault> {
    let wrong = |source| KeyFault::File { path: path.clone(), source };
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(wrong)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).map_err(wrong);
    made.push(path);
    written
}

fn take(path: &Path) -> Result<Secret<Vec<u8>>, KeyFault> {
    let wrong = |source: std::io::Error| {
        if source.kind() == std::io::ErrorKind::NotFound {
            KeyFault::Missing(path.to_owned())
        } else {
            KeyFault::File { path: path.to_owned(), source }
        }
    };
    let mode = fs::metadata(path).map_err(wrong)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyFault::Open(path.to_owned()));
    }
    fs::read(path).map(Secret::new).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::id::SystemIds;

    #[test]
    fn keys_that_could_not_be_made_leave_nothing_and_touch_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(LOG), "somebody's").unwrap();
        assert!(matches!(NodeKeys::create(folder.path(), &SystemIds), Err(KeyFault::File { .. })));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [LOG]);
        assert_eq!(fs::read(folder.path().join(LOG)).unwrap(), b"somebody's");
    }

    #[test]
    fn keys_are_made_once_and_only_their_owner_can_read_them() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        assert!(matches!(NodeKeys::load(&keys, "rhn:zz:test"), Err(KeyFault::Missing(_))));
        NodeKeys::create(&keys, &SystemIds).unwrap();
        assert!(matches!(NodeKeys::create(&keys, &SystemIds), Err(KeyFault::There(_))));
        assert!(NodeKeys::load(&keys, "rhn:zz:test").unwrap().are_usable(&keys));
        fs::set_permissions(keys.join(RECEIPTS), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(NodeKeys::load(&keys, "rhn:zz:test"), Err(KeyFault::Open(_))));
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o720)).unwrap();
        assert!(matches!(NodeKeys::load(&keys, "rhn:zz:test"), Err(KeyFault::Replaceable(_))));
    }

    #[test]
    fn keys_are_usable_only_where_every_one_of_them_lies_as_it_was_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, others) = (folder.path().join("ours"), folder.path().join("others"));
        for keys in [&ours, &others] {
            NodeKeys::create(keys, &SystemIds).unwrap();
        }
        let loaded = NodeKeys::load(&ours, "rhn:zz:test").unwrap();
        for name in [RECEIPTS, TOKENS, LOG, PERSON] {
            let whole = fs::read(ours.join(name)).unwrap();
            fs::write(ours.join(name), fs::read(others.join(name)).unwrap()).unwrap();
            assert!(!loaded.are_usable(&ours), "another node's {name}");
            fs::write(ours.join(name), whole).unwrap();
            assert!(loaded.are_usable(&ours));
        }
    }
}
