//! Keyed digests (HMAC-SHA256, RFC 2104): for what is looked up by something that must not be found by trying.

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::kernel::{Digest, Secret};

const BLOCK: usize = 64;

/// The keyed digest of several pieces. Each piece is preceded by its length, so that no two lists of pieces are the same bytes.
pub fn keyed_digest(key: &Secret<Vec<u8>>, parts: &[&[u8]]) -> Digest {
    let mut message = Secret::new(Vec::new());
    for part in parts {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        message = Secret::new([message.expose().as_slice(), &length.to_be_bytes(), part].concat());
    }
    hmac(key.expose(), message.expose())
}

/// Whether two digests are the same, in a time that does not tell where they differ.
pub fn same_digest(one: &Digest, other: &Digest) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

fn hmac(key: &[u8], message: &[u8]) -> Digest {
    let short = if key.len() > BLOCK { Sha256::digest(key).to_vec() } else { key.to_vec() };
    let pad = |with: u8| {
        let bytes = short.iter().copied().chain(std::iter::repeat(0)).take(BLOCK).map(|byte| byte ^ with);
        Secret::new(bytes.collect::<Vec<u8>>())
    };
    let inner = Digest::of_parts([pad(0x36).expose().as_slice(), message]);
    Digest::of_parts([pad(0x5c).expose().as_slice(), inner.as_bytes()])
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn the_digests_are_those_of_the_standard() {
        let hex = |digest: Digest| {
            let mut text = String::new();
            for byte in digest.as_bytes() {
                write!(text, "{byte:02x}").unwrap();
            }
            text
        };
        assert_eq!(
            hex(hmac(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(hmac(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(hmac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn pieces_do_not_run_into_one_another() {
        let key = Secret::new(vec![7; 32]);
        assert_ne!(keyed_digest(&key, &[b"ab", b"c"]), keyed_digest(&key, &[b"a", b"bc"]));
        assert_ne!(keyed_digest(&key, &[b"ab"]), keyed_digest(&Secret::new(vec![8; 32]), &[b"ab"]));
        assert!(same_digest(&keyed_digest(&key, &[b"ab"]), &keyed_digest(&key, &[b"ab"])));
        assert!(!same_digest(&keyed_digest(&key, &[b"ab"]), &keyed_digest(&key, &[b"ac"])));
    }
}
