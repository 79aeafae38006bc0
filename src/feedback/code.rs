//! The code and the PIN as a person writes them down.

use std::fmt;

use crate::kernel::{Secret, id::Ids};

/// Ten characters, the last of which finds typing errors. Shown as `4K7QX-9M2PC`.
pub struct PersonCode(Secret<String>);

/// Six digits.
pub struct Pin(Secret<String>);

impl PersonCode {
    /// A new code.
    pub fn random(ids: &dyn Ids) -> Self {
        let mut bytes = [0u8; LENGTH - 1];
        ids.random(&mut bytes);
        let mut code: Vec<u8> = bytes.iter().map(|byte| byte % BASE).collect();
        code.push(check(&code));
        Self(Secret::new(code.iter().filter_map(|value| letter(*value)).collect()))
    }

    /// Reads a code as people write it: with or without hyphen and blanks, in any case, O for nought and I or L for one.
    /// `None` when it cannot be a code.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > LENGTH * 4 {
            return None;
        }
        let values: Vec<u8> =
            text.chars().filter(|c| !matches!(c, ' ' | '-')).map(value).collect::<Option<_>>()?;
        let (last, rest) = values.split_last()?;
        (values.len() == LENGTH && check(rest) == *last)
            .then(|| Self(Secret::new(values.iter().filter_map(|value| letter(*value)).collect())))
    }

    /// The code in two groups, for the slip the person gets.
    pub fn written(&self) -> Secret<String> {
        let code = self.0.expose();
        let (front, back) = code.split_at_checked(LENGTH / 2).unwrap_or((code, ""));
        Secret::new(format!("{front}-{back}"))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl Pin {
    /// A new PIN.
    pub fn random(ids: &dyn Ids) -> Self {
        let mut bytes = [0u8; 8];
        ids.random(&mut bytes);
        Self(Secret::new(format!("{:06}", u64::from_be_bytes(bytes) % 1_000_000)))
    }

    /// Reads a PIN. `None` when it cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Self(Secret::new(digits)))
    }

    /// The PIN, for the slip the person gets.
    pub fn written(&self) -> Secret<String> {
        self.0.clone()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose().as_bytes()
    }
}

impl fmt::Debug for PersonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonCode(…)")
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(…)")
    }
}

/// The Luhn sum in base 32: finds any one wrong character and nearly every swap of neighbours.
fn check(values: &[u8]) -> u8 {
    let sum: u8 = values
        .iter()
        .rev()
        .enumerate()
        .map(|(place, value)| {
            let weighed = if place % 2 == 0 { value * 2 } else { *value };
            weighed / BASE + weighed % BASE
        })
        .fold(0, |sum, part| (sum + part) % BASE);
    (BASE - sum) % BASE
}

fn letter(value: u8) -> Option<char> {
    ALPHABET.get(usize::from(value)).map(|byte| char::from(*byte))
}

fn value(letter: char) -> Option<u8> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|known| char::from(*known) == letter).and_then(|place| u8::try_from(place).ok())
}

const LENGTH: usize = 10;
const BASE: u8 = 32;
/// Crockford's: without I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

#[cfg(test)]
mod tests {
    use crate::kernel::id::SystemIds;

    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = PersonCode::random(&SystemIds);
        let written = code.written();
        let text = written.expose();
        assert_eq!(text.len(), 11);
        for variant in [
            text.clone(),
            text.to_lowercase(),
            text.replace('-', " "),
            text.replace('0', "o").replace('1', "l"),
        ] {
            assert_eq!(PersonCode::read(&variant).unwrap().bytes(), code.bytes(), "a variant was not read");
        }
    }

    #[test]
    fn one_wrong_character_is_found() {
        for _ in 0..50 {
            let code = PersonCode::random(&SystemIds).written();
            let letters: Vec<char> = code.expose().chars().filter(|c| *c != '-').collect();
            for place in 0..letters.len() {
                for other in
                    ALPHABET.iter().map(|byte| char::from(*byte)).filter(|other| *other != letters[place])
                {
                    let mut wrong = letters.clone();
                    wrong[place] = other;
                    assert!(PersonCode::read(&wrong.iter().collect::<String>()).is_none());
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_a_code_or_a_pin_is_not_one() {
        for text in ["", "0", "00000000000", "UUUUU-UUUUU", "éééééééééé", &"0".repeat(1_000)] {
            assert!(PersonCode::read(text).is_none(), "{text}");
        }
        for text in ["", "12345", "1234567", "12345a", "١٢٣٤٥٦"] {
            assert!(Pin::read(text).is_none(), "{text}");
        }
        assert_eq!(Pin::read("123 456").unwrap().bytes(), b"123456");
    }

    #[test]
    fn neither_shows_itself() {
        let (code, pin) = (PersonCode::random(&SystemIds), Pin::random(&SystemIds));
        let shown = format!("{code:?} {pin:?} {:?} {:?}", code.written(), pin.written());
        assert!(!shown.contains(pin.written().expose()) && !shown.contains(code.written().expose()));
    }
}
