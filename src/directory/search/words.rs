//! The words of services and of queries, and which words look alike.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::fold::fold;

/// How many words of a query count.
const MOST_WORDS: usize = 8;

/// How many pieces of those, where a script writes words without blanks.
const MOST_PIECES: usize = 24;

/// How many letters of a word count.
const MOST_LETTERS: usize = 40;

/// Words with fewer letters are found as they are or by how they begin, never by what looks like them; words of two letters also when one
/// was left out, as in `lp` for `llp`.
const FEWEST_ALIKE: usize = 2;

/// Words with more letters may differ in two places, others in one.
const SHORT: usize = 5;

/// Where a word stands. In the name it counts most, in the description least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    AlternateName,
    Provider,
    Label,
    Description,
}

/// How much each field adds in which a word stands as well.
const FURTHER: u8 = 5;

impl Field {
    /// What a word counts that stands here; out of 100, together with all [`FURTHER`] fields.
    const fn weight(self) -> u8 {
        match self {
            Self::Name => 80,
            Self::AlternateName => 65,
            Self::Provider => 60,
            Self::Label => 50,
            Self::Description => 25,
        }
    }
}

/// The words of a service and what they count, out of 100: what the best field gives, and a little for each further one.
pub(super) fn of_service<'a>(texts: impl Iterator<Item = (Field, &'a str)>) -> BTreeMap<String, u8> {
    let mut fields: BTreeMap<String, BTreeSet<u8>> = BTreeMap::new();
    for (field, text) in texts {
        for word in pieces(&fold(text)) {
            fields.entry(word).or_default().insert(field.weight());
        }
    }
    let weigh = |fields: &BTreeSet<u8>| {
        let further = u8::try_from(fields.len().saturating_sub(1)).unwrap_or(0);
        fields.last().copied().unwrap_or(0).saturating_add(further.saturating_mul(FURTHER))
    };
    fields.into_iter().map(|(word, fields)| (word, weigh(&fields))).collect()
}

/// The words of a query, in its order, each once.
pub(super) fn of_query(text: &str) -> Vec<String> {
    let folded = fold(text);
    let few = folded.split(' ').take(MOST_WORDS).collect::<Vec<_>>().join(" ");
    let mut seen = BTreeSet::new();
    pieces(&few).filter(|word| seen.insert(word.clone())).take(MOST_PIECES).collect()
}

/// Words as they are kept: what is written without blanks in pairs of letters that overlap, everything else as it stands.
fn pieces(folded: &str) -> impl Iterator<Item = String> {
    let mut pieces = Vec::new();
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().take(word.len()).collect();
        for run in letters.chunk_by(|a, b| has_no_blanks(*a) == has_no_blanks(*b)) {
            if run.len() > 1 && run.iter().copied().all(has_no_blanks) {
                pieces.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
            } else {
                pieces.push(run.iter().take(MOST_LETTERS).collect());
            }
        }
    }
    pieces.into_iter()
}

/// Letters of scripts that do not part words: Thai, Lao, Burmese, Khmer, kana, Chinese.
const fn has_no_blanks(letter: char) -> bool {
    matches!(letter, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// How many letters a word has.
pub(super) fn letters(word: &str) -> i64 {
    i64::try_from(word.chars().count()).unwrap_or(i64::MAX)
}

/// In how many places a word may differ from the one that was typed; nothing when only the word itself will do.
pub(super) fn most_edits(word: &str) -> Option<usize> {
    match word.chars().count() {
        0..FEWEST_ALIKE => None,
        FEWEST_ALIKE..=SHORT => Some(1),
        _ => Some(2),
    }
}

/// In how many places another word differs from the one that was typed, if these are few enough that it may stand for it: a letter put in,
/// left out, exchanged, or swapped with the next.
pub(super) fn edits(typed: &str, other: &str, most: usize) -> Option<usize> {
    let edits = strsim::osa_distance(typed, other);
    let is_near = edits > 0 && edits <= most;
    (is_near && (letters(typed) > 2 || letters(other) > letters(typed))).then_some(edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_counts_most_where_it_stands_best_and_a_little_more_for_other_fields() {
        let texts = [(Field::Description, "A clinic, Coast"), (Field::Name, "Clínica Coast")];
        let words = of_service(texts.into_iter());
        let weights: Vec<(&str, u8)> = words.iter().map(|(word, weight)| (word.as_str(), *weight)).collect();
        assert_eq!(weights, [("a", 25), ("clinic", 25), ("clinica", 80), ("coast", 85)]);
    }

    #[test]
    fn words_without_blanks_are_found_by_any_part_of_them() {
        let words = of_service([(Field::Name, "難民支援協会 Tokyo")].into_iter());
        for part in ["支援", "難民支援", "協会"] {
            assert!(of_query(part).iter().all(|piece| words.contains_key(piece)), "{part}");
        }
        assert!(!of_query("支民").iter().all(|piece| words.contains_key(piece)));
        let words = of_service([(Field::Name, "คลินิกกฎหมาย")].into_iter());
        for part in ["กฎหมาย", "คลินิก", "คลินิก\u{200b}กฎหมาย"]
        {
            assert!(of_query(part).iter().all(|piece| words.contains_key(piece)), "{part}");
        }
        assert!(!of_query("กฎคลินิก").iter().all(|piece| words.contains_key(piece)));
    }

    #[test]
    fn a_sign_of_thai_does_not_part_the_word_it_stands_in() {
        let words = of_service([(Field::Name, "ศูนย์เด็กเล็ก คลินิกกฎหมาย")].into_iter());
        for part in ["เด็ก", "ศูนย์", "กฎหมาย"] {
            let pieces = of_query(part);
            assert!(pieces.iter().all(|piece| words.contains_key(piece)), "{part}");
            assert!(pieces.iter().all(|piece| piece.chars().count() == 2), "{part} is parted: {pieces:?}");
        }
    }

    #[test]
    fn a_query_of_anything_has_few_and_short_words() {
        assert_eq!(of_query("%_'\"; -- \u{202e}\u{0}"), Vec::<String>::new());
        assert_eq!(of_query(&"x".repeat(10_000)), ["x".repeat(MOST_LETTERS)]);
        assert_eq!(of_query(&"難".repeat(9_000)).len(), 1);
        assert_eq!(of_query("b a b"), ["b", "a"]);
    }
}
