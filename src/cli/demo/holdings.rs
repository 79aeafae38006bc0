//! What lies in the hub's files, byte by byte, and how to look for a word in it however it is written down.
//!
//! Looking and finding nothing proves something only when the same look finds what is there. So whoever looks has to have had files to
//! look at, and names first what must be found.

use std::path::{Path, PathBuf};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};

use super::{
    super::{CliError, files},
    broken,
};

/// Every file of the hub, as it lies there.
pub(super) struct Holdings {
    /// Path and bytes; a byte is the character of its number, because the standard library looks quickly for text alone.
    files: Vec<(PathBuf, String)>,
}

impl Holdings {
    /// Reads everything in the folder of the hub but what its members keep in theirs. Database, log and keys must be among it, and not
    /// be empty.
    pub(super) fn of(folder: &Path) -> Result<Self, CliError> {
        let mut waiting = vec![folder.to_owned()];
        let mut files: Vec<(PathBuf, String)> = Vec::new();
        while let Some(next) = waiting.pop() {
            for name in files::names_in(&next)? {
                let path = next.join(name);
                if path == folder.join(MEMBERS) {
                    continue;
                }
                if path.is_dir() {
                    waiting.push(path);
                } else {
                    let text = characters(&files::bytes(&path)?);
                    files.push((path, text));
                }
            }
        }
        for needed in NEEDED.map(|name| folder.join(name)) {
            if !files.iter().any(|(path, text)| path.starts_with(&needed) && !text.is_empty()) {
                return Err(broken(format!("there is nothing to look at in {}", needed.display())));
            }
        }
        Ok(Self { files })
    }

    /// The first file that holds the word, plain, in hexadecimal digits or in base64, wherever in an encoded text it stands.
    /// Refuses a word that is too short to be told from chance: not to find it would prove nothing.
    pub(super) fn find(&self, word: &[u8]) -> Result<Option<&Path>, CliError> {
        if word.len() < SHORTEST {
            return Err(broken("a word to look for is too short to prove anything"));
        }
        let plain = std::iter::once(characters(word));
        Ok(self.find_any(&plain.chain(hexadecimal(word)).chain(encoded(word)).collect::<Vec<_>>()))
    }

    /// The first file that holds the word in base64.
    pub(super) fn find_encoded(&self, word: &[u8]) -> Option<&Path> {
        self.find_any(&encoded(word))
    }

    /// Whether the word is read as it is in a file whose name begins so: what a database was told last lies in a file beside it.
    pub(super) fn reads(&self, name: &str, word: &str) -> bool {
        let named =
            |path: &Path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name));
        self.files.iter().any(|(path, text)| named(path) && holds(text, &characters(word.as_bytes())))
    }

    fn find_any(&self, ways: &[String]) -> Option<&Path> {
        let found = self.files.iter().find(|(_, text)| ways.iter().any(|way| holds(text, way)));
        found.map(|(path, _)| path.as_path())
    }
}

fn characters(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn hexadecimal(word: &[u8]) -> [String; 2] {
    let lower = word.iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    [lower.to_uppercase(), lower]
}

/// The word in both alphabets of base64, at each of the three places in a group where it can begin: only the characters that the word alone
/// decides.
fn encoded(word: &[u8]) -> Vec<String> {
    let mut ways = Vec::new();
    for before in 0..3 {
        let text = [vec![0; before], word.to_owned()].concat();
        let (first, end) = ((before * 8).div_ceil(6), text.len() * 8 / 6);
        for whole in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            ways.extend(whole.get(first..end).map(str::to_owned));
        }
    }
    ways
}

/// An empty word, or one too short to be told from chance, is held by nothing.
fn holds(text: &str, word: &str) -> bool {
    word.len() >= SHORTEST && text.contains(word)
}

/// Where the members' gateways are: what is in there is theirs, and readable.
const MEMBERS: &str = "gateways";

const NEEDED: [&str; 3] = ["hub.db", "hub.log", "node-keys"];

const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const WORD: &str = "Ibrahim Canary";

    fn hub() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for sub in ["node-keys", "gateways"] {
            fs::create_dir(folder.path().join(sub)).unwrap();
        }
        for file in ["hub.db", "hub.log", "node-keys/log.seed", "gateways/form.json"] {
            fs::write(folder.path().join(file), "nothing of note").unwrap();
        }
        folder
    }

    fn finds(planted: &str) -> bool {
        let hub = hub();
        fs::create_dir(hub.path().join("left")).unwrap();
        fs::write(hub.path().join("left/behind"), format!("before {planted} behind")).unwrap();
        Holdings::of(hub.path()).unwrap().find(WORD.as_bytes()).unwrap().is_some()
    }

    #[test]
    fn a_word_is_found_plain_in_digits_and_in_base64_wherever_it_begins_and_whatever_stands_around_it() {
        assert!(!finds("nothing"));
        assert!(finds(WORD));
        assert!(finds("496272616869 6d2043616e617279".replace(' ', "").as_str()));
        assert!(finds("496272616869 6D2043616E617279".replace(' ', "").as_str()));
        for before in ["", "x", "xy", "xyz", "\u{ff}\u{fe}"] {
            for behind in ["", "?", "??", "\u{ff}~"] {
                let text = format!("{before}{WORD}{behind}");
                assert!(finds(&STANDARD.encode(&text)), "{text}");
                assert!(finds(&URL_SAFE_NO_PAD.encode(&text)), "{text}");
            }
        }
    }

    #[test]
    fn what_members_keep_is_theirs() {
        let hub = hub();
        fs::write(hub.path().join("gateways/form.json"), WORD).unwrap();
        assert!(Holdings::of(hub.path()).unwrap().find(WORD.as_bytes()).unwrap().is_none());
    }

    #[test]
    fn where_database_log_or_keys_are_missing_or_empty_nothing_is_said_to_hold_nothing() {
        for needed in NEEDED {
            let hub = hub();
            let path = hub.path().join(needed);
            if path.is_dir() {
                fs::remove_dir_all(&path).unwrap();
            } else {
                fs::write(&path, "").unwrap();
            }
            assert!(Holdings::of(hub.path()).is_err(), "{needed}");
        }
    }

    #[test]
    fn the_control_for_encoded_words_is_not_met_by_a_plain_one() {
        let hub = hub();
        fs::write(hub.path().join("hub.db"), WORD).unwrap();
        assert!(Holdings::of(hub.path()).unwrap().find_encoded(WORD.as_bytes()).is_none());
        fs::write(hub.path().join("hub.db"), STANDARD.encode(WORD)).unwrap();
        assert!(Holdings::of(hub.path()).unwrap().find_encoded(WORD.as_bytes()).is_some());
    }
}
