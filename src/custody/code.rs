//! The code that two people compare: whose key it is, and which device.

use std::{fmt, str::FromStr};

use crate::{
    crypto::Kid,
    kernel::{
        Digest,
        id::{OrganisationId, StaffId},
    },
};

/// Twelve letters and digits of Crockford's alphabet, 60 bits.
///
/// A hub that shows a holder another key than the person's would have to make more keys than anybody can until one has the same code.
#[derive(Clone, PartialEq, Eq)]
pub struct ComparisonCode(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code is twelve letters and digits, such as 4K7Q-X9M2-PC6D")]
pub struct NotACode;

/// Eight letters and digits that the key holder reads back: the person's device learns by them that it sees the root key that the holder
/// has, and not one that the hub made.
#[derive(Clone, PartialEq, Eq)]
pub struct AnswerCode(String);

/// Sixteen letters and digits, 80 bits: an organisation's root key, for people who cannot read each other a thumbprint over a telephone.
///
/// Longer than the others: it is the same for everybody, so whoever looks for a key with the same code has years.
#[derive(Clone, PartialEq, Eq)]
pub struct RootCode(String);

const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 12;
const ANSWER: usize = 8;
const ROOT: usize = 16;

/// The code of a person's member key and of the device that shows it, under the organisation's root key as both see it.
pub fn comparison_code(
    organisation: (OrganisationId, &Kid),
    person: StaffId,
    keys: (&Kid, &Kid),
) -> ComparisonCode {
    ComparisonCode(spoken("member key", organisation, person, keys, LENGTH))
}

/// What the key holder reads back of the same.
pub fn answer_code(organisation: (OrganisationId, &Kid), person: StaffId, keys: (&Kid, &Kid)) -> AnswerCode {
    AnswerCode(spoken("key holder's answer", organisation, person, keys, ANSWER))
}

/// What is read aloud of an organisation's root key.
pub fn root_code(organisation: OrganisationId, root: &Kid) -> RootCode {
    RootCode(letters(&format!("throughline root key\n{organisation}\n{root}"), ROOT))
}

fn spoken(
    what: &str,
    (organisation, root): (OrganisationId, &Kid),
    person: StaffId,
    (member, device): (&Kid, &Kid),
    length: usize,
) -> String {
    letters(&format!("throughline {what}\n{organisation}\n{root}\n{person}\n{member}\n{device}"), length)
}

/// The first letters of a digest, five bits each.
fn letters(text: &str, length: usize) -> String {
    let digest = Digest::of(text);
    let mut bits = 0u128;
    for byte in digest.as_bytes().iter().take(16) {
        bits = (bits << 8) | u128::from(*byte);
    }
    let letters = (0..length).map(|place| {
        let shift = 123_usize.saturating_sub(place.saturating_mul(5));
        let letter = usize::try_from((bits >> shift) & 31).unwrap_or_default();
        char::from(LETTERS.get(letter).copied().unwrap_or(b'0'))
    });
    letters.collect()
}

fn grouped(letters: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            f.write_str("-")?;
        }
        write!(f, "{letter}")?;
    }
    Ok(())
}

impl fmt::Display for AnswerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grouped(&self.0, f)
    }
}

impl fmt::Debug for AnswerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RootCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grouped(&self.0, f)
    }
}

impl fmt::Debug for RootCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ComparisonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        grouped(&self.0, f)
    }
}

impl fmt::Debug for ComparisonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ComparisonCode {
    type Err = NotACode;

    /// As somebody wrote down what they heard: case, blanks and hyphens do not matter, and O, I and L are the digits they look like.
    fn from_str(text: &str) -> Result<Self, NotACode> {
        let letters: String = text
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(|letter| match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            })
            .collect();
        let fits = letters.len() == LENGTH && letters.bytes().all(|letter| LETTERS.contains(&letter));
        if fits { Ok(Self(letters)) } else { Err(NotACode) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        crypto::{DecryptionKey, SigningKey},
        kernel::{Timestamp, id::SystemIds},
    };

    #[test]
    fn a_code_is_of_one_key_on_one_device_of_one_person_under_one_root() {
        let at = Timestamp::from_seconds(1);
        let (org, person) = (OrganisationId::new(&SystemIds, at), StaffId::new(&SystemIds, at));
        let member = DecryptionKey::generate(&SystemIds).unwrap();
        let [root, one, other] = [(); 3].map(|()| SigningKey::generate(&SystemIds).unwrap());
        let code = comparison_code((org, root.kid()), person, (member.kid(), one.kid()));
        assert_eq!(code, comparison_code((org, root.kid()), person, (member.kid(), one.kid())));
        assert_ne!(code, comparison_code((org, root.kid()), person, (member.kid(), other.kid())));
        assert_ne!(code, comparison_code((org, other.kid()), person, (member.kid(), one.kid())));
        let another = StaffId::new(&SystemIds, at);
        assert_ne!(code, comparison_code((org, root.kid()), another, (member.kid(), one.kid())));
        assert_ne!(code, comparison_code((org, root.kid()), person, (other.kid(), one.kid())));
    }

    #[test]
    fn a_code_is_read_as_it_was_heard() {
        let code: ComparisonCode = "4k7q x9m2-pcol".parse().unwrap();
        assert_eq!(code.to_string(), "4K7Q-X9M2-PC01");
        for wrong in ["", "4K7Q-X9M2-PC6", "4K7Q-X9M2-PC6DD", "4K7Q-X9M2-PC6U", "4K7Q-X9M2-PC6é"] {
            assert_eq!(wrong.parse::<ComparisonCode>(), Err(NotACode), "{wrong}");
        }
    }
}
