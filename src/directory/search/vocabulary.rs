//! Which words there are, kept in memory between searches.
//!
//! A word with two mistakes may share no part with what was meant, so what looks like it is looked for by comparing it with every word. Of
//! each word it is known which letters it has: most are ruled out by that, and the rest are compared. The words are those of the whole
//! directory, whoever may see which: only whether a service has one says anything about it.

use std::sync::{Arc, Mutex, PoisonError};

use super::words;

/// How many directories are kept in mind: that of this process, and what it was a moment ago.
const KEPT: usize = 4;

static KNOWN: Mutex<Vec<(i64, Arc<Vocabulary>)>> = Mutex::new(Vec::new());

/// The words of a directory.
#[derive(Debug)]
pub(super) struct Vocabulary(Vec<Known>);

#[derive(Debug)]
struct Known {
    letters: u64,
    length: usize,
    word: Box<str>,
}

impl Vocabulary {
    /// Of these words.
    pub(super) fn of(words: Vec<String>) -> Self {
        let known = |word: String| Known {
            letters: letters(&word),
            length: word.chars().count(),
            word: word.into_boxed_str(),
        };
        Self(words.into_iter().map(known).collect())
    }

    /// The one with a mark, if it is kept.
    pub(super) fn kept(mark: i64) -> Option<Arc<Self>> {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(kept, _)| *kept == mark).map(|(_, vocabulary)| Arc::clone(vocabulary))
    }

    /// Keeps it under its mark, in the place of the oldest.
    pub(super) fn keep(self: &Arc<Self>, mark: i64) {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(kept, _)| *kept != mark);
        if known.len() >= KEPT {
            known.remove(0);
        }
        known.push((mark, Arc::clone(self)));
    }

    /// The words that differ from one in so many places at most, with the number of places.
    pub(super) fn alike<'a>(
        &'a self,
        typed: &'a str,
        most: usize,
    ) -> impl Iterator<Item = (usize, &'a str)> + 'a {
        let (own, length) = (letters(typed), typed.chars().count());
        // Each mistake takes one letter away at most, and brings one in.
        let few =
            move |letters: u64| usize::try_from(letters.count_ones()).is_ok_and(|differ| differ <= most);
        self.0
            .iter()
            .filter(move |known| known.length.abs_diff(length) <= most)
            .filter(move |known| few(own & !known.letters) && few(known.letters & !own))
            .filter_map(move |known| Some((words::edits(typed, &known.word)?, &*known.word)))
    }
}

/// Which letters a word has, in 64 classes.
fn letters(word: &str) -> u64 {
    word.chars().fold(0, |letters, letter| letters | (1 << (u32::from(letter) % 64)))
}

/// What a word adds to the mark of a vocabulary that it comes into.
pub(super) fn worth(word: &str) -> i64 {
    let digest = crate::kernel::Digest::of(word);
    let number = digest.as_bytes().iter().take(8).fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    i64::try_from(number % MARKS.unsigned_abs()).unwrap_or(0)
}

/// Two marks together, or one and what moves it.
pub(super) const fn add(mark: i64, worth: i64) -> i64 {
    mark.wrapping_add(worth) % MARKS
}

/// Marks are below this: two of them together are a number for both engines.
pub(super) const MARKS: i64 = 1 << 62;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_word_is_found_that_differs_in_as_few_places(
            typed in "[a-e\u{e9}]{2,9}", others in proptest::collection::vec("[a-e\u{e9}]{1,9}", 1..60),
        ) {
            let Some(most) = words::most_edits(&typed) else { return Ok(()) };
            let mut wanted: Vec<&str> =
                others.iter().map(String::as_str).filter(|other| words::edits(&typed, other).is_some()).collect();
            let vocabulary = Vocabulary::of(others.clone());
            let mut found: Vec<&str> = vocabulary.alike(&typed, most).map(|(_, word)| word).collect();
            wanted.sort_unstable();
            found.sort_unstable();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn few_vocabularies_are_kept() {
        for mark in 1..=20 {
            Arc::new(Vocabulary::of(vec![format!("word{mark}")])).keep(-mark);
        }
        assert!(KNOWN.lock().unwrap().len() <= KEPT && Vocabulary::kept(-1).is_none());
        assert!(Vocabulary::kept(-20).is_some_and(|kept| kept.alike("word2", 1).count() == 1));
    }
}
