//! Files that prove something without this node: one entry with its way up to a signed checkpoint (C2SP `tlog-proof`), and
//! bundles of entries as they stand beside the tiles.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{AuditError, Checkpoint, Entry, LogVerifier, entry, tree};
use crate::kernel::Digest;

/// The largest proof that is read.
pub const PROOF_MAX: usize = 64 * 1024;

/// One entry and its way up to a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The entry's bytes; absent where whoever asked holds a receipt and may not read the log.
    pub entry: Option<Vec<u8>>,
    /// Its place.
    pub index: u64,
    /// Hashes from the leaf's neighbour up to the root's child.
    pub path: Vec<Digest>,
    /// The checkpoint as it was signed.
    pub checkpoint: String,
}

/// What a proof has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The entry, when the file carried its bytes.
    pub entry: Option<Entry>,
    /// Its leaf.
    pub leaf: Digest,
    /// Its place.
    pub index: u64,
    /// The checkpoint it is in.
    pub checkpoint: Checkpoint,
}

impl Proof {
    /// Writes the file.
    pub fn to_text(&self) -> String {
        let mut text = String::from(HEADER);
        text.push('\n');
        if let Some(entry) = &self.entry {
            text.push_str("extra ");
            text.push_str(&STANDARD.encode(entry));
            text.push('\n');
        }
        text.push_str("index ");
        text.push_str(&self.index.to_string());
        text.push('\n');
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint);
        text
    }

    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self, AuditError> {
        if text.len() > PROOF_MAX {
            return Err(bad("it is too long"));
        }
        let (head, checkpoint) = text.split_once("\n\n").ok_or(bad("it has no checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(bad("its first line names another format"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let entry = extra
            .and_then(|line| line.strip_prefix("extra "))
            .map(|text| STANDARD.decode(text))
            .transpose()
            .map_err(|_reason| bad("the entry is not base64"))?;
        let number =
            lines.next().and_then(|line| line.strip_prefix("index ")).ok_or(bad("it has no index"))?;
        let index: u64 = number.parse().map_err(|_reason| bad("its index is not a number"))?;
        let mut path = Vec::new();
        for line in lines {
            let bytes = STANDARD.decode(line).map_err(|_reason| bad("a hash is not base64"))?;
            path.push(Digest::from_slice(&bytes).map_err(|_reason| bad("a hash has the wrong length"))?);
        }
        if path.len() > 64 || index.to_string() != number {
            return Err(bad("its index or its path is out of range"));
        }
        Ok(Self { entry, index, path, checkpoint: checkpoint.to_owned() })
    }

    /// Checks signature, path and entry. `leaf` is what the reader holds, from a receipt for example; it is needed when the
    /// file has no entry, and must fit when it has one.
    pub fn check(&self, verifier: &LogVerifier, leaf: Option<Digest>) -> Result<Proven, AuditError> {
        let entry = self.entry.clone().map(Entry::from_bytes).transpose()?;
        let found = match (&entry, leaf) {
            (Some(entry), None) => entry.leaf(),
            (Some(entry), Some(leaf)) if entry.leaf() == leaf => leaf,
            (None, Some(leaf)) => leaf,
            (Some(_), Some(_)) => return Err(AuditError::BadProof),
            (None, None) => return Err(bad("it has no entry, so the leaf must be given")),
        };
        let checkpoint = verifier.open(&self.checkpoint)?;
        tree::check_inclusion(&self.path, (checkpoint.size, checkpoint.root), (self.index, found))?;
        Ok(Proven { entry, leaf: found, index: self.index, checkpoint })
    }
}

/// Writes entries one after the other, each behind its length in two bytes, as C2SP wants a bundle.
pub fn bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, AuditError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len())
            .map_err(|_reason| AuditError::Malformed { what: "bundle", reason: "an entry is too long" })?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The leaves of a bundle's entries.
pub fn leaves_of_bundle(bundle: &[u8]) -> Result<Vec<Digest>, AuditError> {
    let short = AuditError::Malformed { what: "bundle", reason: "it ends in the middle of an entry" };
    let mut leaves = Vec::new();
    let mut rest = bundle;
    while !rest.is_empty() {
        let Some((length, behind)) = rest.split_first_chunk::<2>() else { return Err(short) };
        let Some((entry, behind)) = behind.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            return Err(short);
        };
        leaves.push(entry::leaf(entry));
        rest = behind;
        if leaves.len() > 256 {
            return Err(AuditError::Malformed { what: "bundle", reason: "it has more than 256 entries" });
        }
    }
    Ok(leaves)
}

const fn bad(reason: &'static str) -> AuditError {
    AuditError::Malformed { what: "proof", reason }
}

const HEADER: &str = "c2sp.org/tlog-proof@v1";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit::{EntryDraft, Outcome, Who, checkpoint::tests::key, tree::Edge},
        kernel::{
            Timestamp,
            id::{EntryId, RequestId},
        },
    };

    fn entry(n: u8) -> Entry {
        let draft = EntryDraft {
            id: EntryId::from_uuid(uuid::Uuid::from_u128(u128::from(n))),
            at: Timestamp::from_seconds(i64::from(n)),
            actor: Who::Hub,
            organisation: None,
            role: "",
            action: "tests.one",
            object: None,
            before: None,
            after: None,
            request: RequestId::from_uuid(uuid::Uuid::nil()),
            outcome: Outcome::Done,
            salt: [n; 32],
        };
        draft.encode().unwrap()
    }

    fn proof(index: u8) -> Proof {
        let leaves: Vec<Digest> = (0..5).map(|n| entry(n).leaf()).collect();
        let mut edge = Edge::default();
        for leaf in &leaves {
            edge.push(*leaf, |_| {});
        }
        let path = tree::prove_inclusion(5, u64::from(index), &mut |_tile| Ok(leaves.clone())).unwrap();
        let checkpoint = key("hub.example/audit").sign(5, edge.root()).unwrap();
        Proof { entry: Some(entry(index).into_bytes()), index: u64::from(index), path, checkpoint }
    }

    #[test]
    fn a_proof_holds_from_its_file_alone() {
        let key = key("hub.example/audit");
        for index in 0..5 {
            let file = proof(index).to_text();
            let read = Proof::parse(&file).unwrap();
            assert_eq!(read, proof(index));
            let proven = read.check(key.verifier(), None).unwrap();
            assert_eq!(proven.entry, Some(entry(index)));
            assert_eq!(proven.checkpoint.size, 5);
        }
    }

    #[test]
    fn a_proof_without_its_entry_holds_for_the_leaf_of_a_receipt_only() {
        let key = key("hub.example/audit");
        let bare = Proof { entry: None, ..proof(2) };
        let bare = Proof::parse(&bare.to_text()).unwrap();
        assert!(bare.check(key.verifier(), None).is_err());
        assert!(bare.check(key.verifier(), Some(entry(2).leaf())).is_ok());
        assert!(matches!(bare.check(key.verifier(), Some(entry(3).leaf())), Err(AuditError::BadProof)));
    }

    #[test]
    fn another_entry_another_place_and_another_checkpoint_are_refused() {
        let key = key("hub.example/audit");
        let bent = [
            Proof { entry: proof(3).entry, ..proof(2) },
            Proof { index: 3, ..proof(2) },
            Proof { index: 5, ..proof(2) },
            Proof { path: proof(3).path, ..proof(2) },
            Proof { checkpoint: key.sign(5, Digest::of(b"other")).unwrap(), ..proof(2) },
            Proof { checkpoint: key.sign(6, Digest::of(b"other")).unwrap(), ..proof(2) },
        ];
        for proof in bent {
            assert!(proof.check(key.verifier(), None).is_err(), "{proof:?}");
        }
        assert!(matches!(proof(2).check(key.verifier(), Some(entry(3).leaf())), Err(AuditError::BadProof)));
    }

    #[test]
    fn files_that_are_not_proofs_are_refused() {
        let good = proof(2).to_text();
        for text in [
            String::new(),
            good.replace("tlog-proof@v1", "tlog-proof@v2"),
            good.replace("index 2", "index 02"),
            good.replace("index 2", "index two"),
            good.replace("index 2\n", ""),
            good.replace("extra ", "extra !"),
            good.replace("\n\n", "\n"),
            "x".repeat(PROOF_MAX + 1),
        ] {
            assert!(matches!(Proof::parse(&text), Err(AuditError::Malformed { .. })), "{text}");
        }
    }

    #[test]
    fn a_bundle_gives_back_its_leaves() {
        let entries: Vec<Entry> = (0..3).map(entry).collect();
        let bytes = bundle(entries.iter().map(Entry::bytes)).unwrap();
        let leaves: Vec<Digest> = entries.iter().map(Entry::leaf).collect();
        assert_eq!(leaves_of_bundle(&bytes).unwrap(), leaves);
        assert!(leaves_of_bundle(&bytes[..bytes.len() - 1]).is_err());
    }
}
