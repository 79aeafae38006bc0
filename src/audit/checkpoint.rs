//! A checkpoint: origin, size and root of the tree, signed as a note (C2SP `tlog-checkpoint` and `signed-note`).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use signed_note::{Note, NoteError, StandardSigner, StandardVerifier, Verifier as _, VerifierList};
use zeroize::Zeroizing;

use super::AuditError;
use crate::{
    crypto,
    kernel::{Digest, Secret},
};

/// What the node says about its log at one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log: a name without scheme, such as `hub.example/audit`.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
}

/// The key the node signs its checkpoints with: Ed25519, under the log's origin.
pub struct LogKey {
    signer: StandardSigner,
    verifier: LogVerifier,
}

/// The public half, written as C2SP's `vkey`: origin, key id and key, joined by plus signs.
#[derive(Clone)]
pub struct LogVerifier {
    vkey: String,
    verifier: StandardVerifier,
}

impl LogKey {
    /// The key with this seed of 32 bytes, for the log of this origin.
    pub fn new(origin: &str, seed: &Secret<Vec<u8>>) -> Result<Self, AuditError> {
        let public =
            crypto::ed25519_public(seed).map_err(|_reason| AuditError::BadKey("a seed has 32 bytes"))?;
        let verifier = LogVerifier::from_public(origin, &public)?;
        let mut tagged = Zeroizing::new(vec![ED25519]);
        tagged.extend_from_slice(seed.expose());
        let id = verifier.verifier.key_id();
        let text = Zeroizing::new(format!("PRIVATE+KEY+{origin}+{id:08x}+{}", STANDARD.encode(&*tagged)));
        let signer = StandardSigner::new(&text)
            .map_err(|_reason| AuditError::BadKey("its two halves do not belong to each other"))?;
        Ok(Self { signer, verifier })
    }

    /// The public half.
    pub const fn verifier(&self) -> &LogVerifier {
        &self.verifier
    }

    /// Says that the log has this size and this root, and signs it.
    pub fn sign(&self, size: u64, root: Digest) -> Result<String, AuditError> {
        let origin = self.verifier.origin();
        let checkpoint = tlog_tiles::Checkpoint::new(origin, size, tlog_tiles::Hash(*root.as_bytes()), "")
            .map_err(|_reason| AuditError::BadKey("its origin cannot stand in a checkpoint"))?;
        let mut note = Note::new(&checkpoint.to_bytes(), &[]).map_err(|_reason| not_a_checkpoint("text"))?;
        note.add_sigs(&[&self.signer]).map_err(|_reason| AuditError::BadKey("it does not sign"))?;
        String::from_utf8(note.to_bytes()).map_err(|_reason| not_a_checkpoint("text"))
    }
}

impl std::fmt::Debug for LogKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogKey").field(&self.verifier.vkey).finish()
    }
}

impl std::fmt::Debug for LogVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogVerifier").field(&self.vkey).finish()
    }
}

impl std::fmt::Display for LogVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.vkey)
    }
}

impl LogVerifier {
    /// Reads a `vkey`.
    pub fn parse(vkey: &str) -> Result<Self, AuditError> {
        let verifier = StandardVerifier::new(vkey)
            .map_err(|_reason| AuditError::BadKey("expected name+id+key as C2SP writes it"))?;
        Ok(Self { vkey: vkey.to_owned(), verifier })
    }

    /// The verifier of a bare Ed25519 key.
    pub fn from_public(origin: &str, public: &[u8; 32]) -> Result<Self, AuditError> {
        if origin.chars().any(char::is_control) || !signed_note::is_key_name_valid(origin) {
            return Err(AuditError::BadKey("an origin has no blanks, plus signs or control characters"));
        }
        let mut tagged = vec![ED25519];
        tagged.extend_from_slice(public);
        let id = signed_note::key_id(origin, &tagged);
        Self::parse(&format!("{origin}+{id:08x}+{}", STANDARD.encode(&tagged)))
    }

    /// Which log it belongs to.
    pub fn origin(&self) -> &str {
        self.verifier.name()
    }

    /// Reads a checkpoint and checks its signature and its origin. Signatures of keys we do not know are passed over, as the
    /// format wants it: a witness may have added one.
    pub fn open(&self, note: &str) -> Result<Checkpoint, AuditError> {
        let parsed = Note::from_bytes(note.as_bytes()).map_err(|_reason| not_a_checkpoint("note"))?;
        let known = VerifierList::new(vec![Box::new(self.verifier.clone())]);
        parsed.verify(&known).map_err(|reason| match reason {
            NoteError::MalformedNote => not_a_checkpoint("note"),
            NoteError::InvalidSigner
            | NoteError::InvalidSignature { .. }
            | NoteError::MismatchedVerifier
            | NoteError::UnverifiedNote
            | NoteError::VerificationError(_)
            | NoteError::SignatureError(_) => AuditError::BadSignature,
        })?;
        let body = tlog_tiles::Checkpoint::from_bytes(parsed.text())
            .map_err(|_reason| not_a_checkpoint("three lines"))?;
        if body.to_bytes() != parsed.text() {
            return Err(not_a_checkpoint("three lines"));
        }
        if body.origin() != self.origin() {
            return Err(AuditError::BadSignature);
        }
        Ok(Checkpoint {
            origin: body.origin().to_owned(),
            size: body.size(),
            root: Digest::from_bytes(body.hash().0),
        })
    }
}

const fn not_a_checkpoint(reason: &'static str) -> AuditError {
    AuditError::Malformed { what: "checkpoint", reason }
}

const ED25519: u8 = 1;

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The first key pair of RFC 8032, section 7.1.
    pub(in crate::audit) fn key(origin: &str) -> LogKey {
        let seed = vec![
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
            0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ];
        LogKey::new(origin, &Secret::new(seed)).unwrap()
    }

    #[test]
    fn a_checkpoint_is_signed_and_opened() {
        let key = key("hub.example/audit");
        let note = key.sign(5, Digest::of(b"root")).unwrap();
        insta::assert_snapshot!(note, @"
        hub.example/audit
        5
        SBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=

        — hub.example/audit DnEAoFwr8rnFgq6K9mXDDf3qoJk7mLAaxP9omv2PyS79+cOWLURMt8GpHulMYJnJn/ba3iwDlh2DO1WFxrwjfoxOigQ=
        ");
        let opened = LogVerifier::parse(&key.verifier().to_string()).unwrap().open(&note).unwrap();
        assert_eq!((opened.size, opened.root), (5, Digest::of(b"root")));
    }

    #[test]
    fn a_seed_of_another_length_is_refused() {
        let short = LogKey::new("hub.example/audit", &Secret::new(vec![7; 31]));
        assert!(matches!(short, Err(AuditError::BadKey(_))));
        assert!(matches!(LogKey::new("hub example", &Secret::new(vec![7; 32])), Err(AuditError::BadKey(_))));
    }

    #[test]
    fn another_key_another_origin_and_every_changed_byte_are_refused() {
        let (key, other) = (key("hub.example/audit"), key("other.example/audit"));
        let note = key.sign(5, Digest::of(b"root")).unwrap();
        assert!(matches!(other.verifier().open(&note), Err(AuditError::BadSignature)));
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(bent) = String::from_utf8(bytes) else { continue };
            assert!(key.verifier().open(&bent).is_err(), "byte {at}");
        }
        for extra in ["x", "\n", "\n\n"] {
            assert!(key.verifier().open(&format!("{note}{extra}")).is_err(), "{extra:?}");
        }
    }

    #[test]
    fn a_witness_may_add_its_signature() {
        let (key, witness) = (key("hub.example/audit"), key("witness.example"));
        let note = key.sign(5, Digest::of(b"root")).unwrap();
        let mut parsed = Note::from_bytes(note.as_bytes()).unwrap();
        parsed.add_sigs(&[&witness.signer]).unwrap();
        let both = String::from_utf8(parsed.to_bytes()).unwrap();
        assert_eq!(key.verifier().open(&both).unwrap().size, 5);
        assert!(witness.verifier().open(&both).is_err());
    }

    #[test]
    fn a_log_key_does_not_show_its_seed() {
        assert!(!format!("{:?}", key("hub.example/audit")).contains("PRIVATE"));
    }
}
