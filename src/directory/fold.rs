//! Text as searches compare it: small letters, no accents, words parted by single blanks.
//!
//! Both databases search in a column that holds this form, so that they find the same. Done here and not in SQL because the
//! two engines fold differently, and neither folds `ł`.

use icu_normalizer::{DecomposingNormalizerBorrowed, properties::CanonicalCombiningClassMapBorrowed};
use icu_properties::{
    CodePointMapData,
    props::{GeneralCategory, GeneralCategoryGroup},
};

/// The longest folded text that is kept, in characters.
pub const FOLDED_MAX: usize = 4_000;

/// Folds a text.
pub fn fold(text: &str) -> String {
    let marks = CanonicalCombiningClassMapBorrowed::new();
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd();
    let mut folded = String::with_capacity(text.len());
    let mut length = 0usize;
    let mut gap = false;
    // Small letters come after taking apart: some capitals show only then.
    let letters = decomposed.normalize_iter(text.chars()).flat_map(char::to_lowercase).map(of_one_sound);
    let is_mark = |letter: char| marks.get_u8(letter) != 0 || is_sign(letter);
    for letter in letters.filter(|letter| !is_mark(*letter) && !is_invisible(*letter)) {
        let plain = plain(letter);
        if !plain.chars.iter().take(plain.count).all(|c| c.is_alphanumeric()) {
            gap = true;
            continue;
        }
        if length >= FOLDED_MAX {
            break;
        }
        if gap && !folded.is_empty() {
            folded.push(' ');
            length = length.saturating_add(1);
        }
        gap = false;
        folded.extend(plain.chars.iter().take(plain.count));
        length = length.saturating_add(plain.count);
    }
    folded
}

/// The words of a query, folded, at most `most` of them.
pub fn words(query: &str, most: usize) -> Vec<String> {
    fold(query).split(' ').filter(|word| !word.is_empty()).take(most).map(str::to_owned).collect()
}

struct Plain {
    chars: [char; 2],
    count: usize,
}

/// Letters that Unicode does not take apart, and that people type without their stroke or as another form.
const fn plain(letter: char) -> Plain {
    match letter {
        'ß' => Plain { chars: ['s', 's'], count: 2 },
        'æ' => Plain { chars: ['a', 'e'], count: 2 },
        'œ' => Plain { chars: ['o', 'e'], count: 2 },
        'þ' => Plain { chars: ['t', 'h'], count: 2 },
        other => Plain { chars: [simple(other), ' '], count: 1 },
    }
}

const fn simple(letter: char) -> char {
    match letter {
        'ł' => 'l',
        'ø' => 'o',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ŧ' => 't',
        'ς' => 'σ',
        'ة' => 'ه',
        'ى' | 'ی' => 'ي',
        'ک' => 'ك',
        other => other,
    }
}

/// Signs above and below letters that are no accents by their class and no vowels either, as Thai has them: a word goes on behind them.
fn is_sign(c: char) -> bool {
    let is_mark = || GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c));
    !c.is_ascii() && !c.is_alphanumeric() && is_mark()
}

/// Letters of Amharic that sound the same, of which each writer chooses one: the series for h, s, ts' and the vowels alone, and in those
/// for h and the vowels the first and the fourth letter. Tigrinya hears some of them apart; there a word finds more than it should.
fn of_one_sound(letter: char) -> char {
    let (series, kept) = match letter {
        'ሐ'..='ሗ' => ('ሐ', 'ሀ'),
        'ኀ'..='ኇ' => ('ኀ', 'ሀ'),
        'ኸ'..='ኾ' => ('ኸ', 'ሀ'),
        'ሠ'..='ሧ' => ('ሠ', 'ሰ'),
        'ዐ'..='ዖ' => ('ዐ', 'አ'),
        'ፀ'..='ፇ' => ('ፀ', 'ጸ'),
        other => (other, other),
    };
    let place = u32::from(letter).saturating_sub(u32::from(series));
    match char::from_u32(u32::from(kept).saturating_add(place)).unwrap_or(letter) {
        'ሃ' => 'ሀ',
        'ኣ' => 'አ',
        other => other,
    }
}

/// Marks of writing direction and joining, soft hyphens, and the line that only stretches Arabic words.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{640}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_people_type_finds_what_is_written() {
        for (written, typed) in [
            ("Zażółć gęślą jaźń", "zazolc gesla jazn"),
            ("Côte d'Ivoire", "cote d ivoire"),
            ("STRAßE", "strasse"),
            ("İstanbul", "istanbul"),
            ("ISPARTA", "isparta"),
            ("Đà Nẵng", "da nang"),
            ("إدارة", "اداره"),
            ("کتاب", "كتاب"),
            ("محـــمد", "محمد"),
            ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
            ("ﬁne", "fine"),
            ("ΟΔΟΣ", "οδος"),
            // Thai: a vowel is a letter, what shortens or silences one is a mark.
            ("ศูนย์เด็กเล็ก", "ศูนยเดกเลก"),
            ("ሐኪም", "ሃኪም"),
            ("ሠላም", "ሰላም"),
            ("ፀሐይ", "ጸሀይ"),
            ("ዓለም", "አለም"),
            ("ኀይል", "ኃይል"),
            ("የሕግ፡ድጋፍ።", "የህግ ድጋፍ"),
            ("คลินิก\u{200b}กฎหมาย", "คลินิกกฎหมาย"),
        ] {
            assert_eq!(fold(written), fold(typed), "{written}");
        }
        assert_eq!(fold("  a,b--c  "), "a b c");
        // Which signs of one way to write Chinese are which of the other takes a dictionary.
        assert_ne!(fold("難民"), fold("难民"));
        // Vowels of Thai are letters.
        assert_ne!(fold("กฎหมาย"), fold("กฎหมย"));
        for (one, other) in [("ሁለት", "ሀለት"), ("ሰላም", "ጸላም"), ("በላ", "ባላ")] {
            assert_ne!(fold(one), fold(other), "they sound different");
        }
    }

    #[test]
    fn a_query_of_signs_only_has_no_words() {
        assert_eq!(words("%%% '\"; -- ", 8), Vec::<String>::new());
        assert_eq!(words("a b c", 2), ["a", "b"]);
    }

    #[test]
    fn a_long_text_is_cut() {
        assert!(fold(&"ab ".repeat(10_000)).chars().count() <= FOLDED_MAX + 2);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
