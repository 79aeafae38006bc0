//! Texts in the language that is asked for: which of their versions comes nearest, and what is known of the one that is shown.
//!
//! # Decisions
//!
//! - A version is a row of `translation`. A language finds what is said of its regions, and a region what is said of its language; another
//!   region of the same language is another language.
//! - Where several fit, the nearest counts, then one that somebody wrote or looked through, before one that a machine made.
//! - Where none fits, the original stands, and it is marked. Which language an original is in is known only where its row says so, or the
//!   row that it is a part of: the times of a service are in the language of the service.

use std::{
    collections::{BTreeMap, HashMap},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use super::rows::{self, Withheld};
use crate::storage::{Db, StorageError};

type Cells = BTreeMap<String, String>;

/// A language that is asked for (BCP 47), in small letters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Tongue(String);

/// How a language is written.
const EXPECTED: &str = "expected a language such as fr, pt-BR or zh-Hant (BCP 47)";

/// The longest name of a language that anybody needs.
const LONGEST: usize = 35;

impl FromStr for Tongue {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let tag = text.trim().replace('_', "-").to_lowercase();
        let is_part = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(is_plain);
        let first = tag.split('-').next().unwrap_or_default();
        let is_language = (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_lowercase());
        if tag.len() <= LONGEST && is_language && tag.split('-').all(is_part) {
            Ok(Self(tag))
        } else {
            Err(EXPECTED)
        }
    }
}

impl TryFrom<String> for Tongue {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Languages that are written from right to left when nobody says in which script.
const FROM_RIGHT: &[&str] =
    &["ar", "arc", "ckb", "dv", "fa", "he", "iw", "khw", "nqo", "prs", "ps", "sd", "syr", "ug", "ur", "yi"];

/// Scripts that are.
const SCRIPTS_FROM_RIGHT: &[&str] = &["adlm", "arab", "aran", "hebr", "nkoo", "rohg", "syrc", "thaa"];

impl Tongue {
    /// Its tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language itself, whatever is said of region and script.
    pub(in crate::directory) fn broad(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// Whether it is written from right to left.
    pub(in crate::directory) fn is_from_right(&self) -> bool {
        // A script has four letters; nothing else behind the language has.
        let script = self.0.split('-').skip(1).find(|part| part.len() == 4);
        script
            .map_or_else(|| FROM_RIGHT.contains(&self.broad()), |script| SCRIPTS_FROM_RIGHT.contains(&script))
    }

    /// How far a language is from this one; nothing when it is another.
    fn distance(&self, other: &Self) -> Option<(usize, bool)> {
        let parts = |tag: &str| tag.split('-').count();
        let (own, others) = (parts(&self.0), parts(&other.0));
        let is_same = self.0.split('-').zip(other.0.split('-')).all(|(one, two)| one == two);
        is_same.then_some((own.abs_diff(others), others > own))
    }
}

/// What is known of the language of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
pub struct TextLanguage {
    /// The language it is in, BCP 47; absent when nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether it is the original in the place of a version in the language that was asked for.
    pub fallback: bool,
    /// Whether a machine made it and nobody looked it through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub machine_made: bool,
}

/// A text as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::directory) struct Told {
    pub(in crate::directory) text: String,
    pub(in crate::directory) about: TextLanguage,
}

/// The versions of the texts of some rows.
#[derive(Debug)]
pub(in crate::directory) struct Versions {
    asked: Tongue,
    /// Rows of translations, by the row they are of.
    of: HashMap<String, Vec<Cells>>,
}

impl Versions {
    /// Loads those of these rows, as far as they may be seen.
    pub(in crate::directory) fn load(
        db: &mut Db<'_>,
        asked: Tongue,
        owners: &[String],
        withheld: &mut Withheld,
    ) -> Result<Self, StorageError> {
        let mut links = rows::store::parts(db, owners, &["translation"])?;
        let ids: Vec<String> = links.iter().map(|link| link.id.clone()).collect();
        withheld.judge(db, &ids)?;
        links.retain(|link| link.via == "link_id" && !withheld.is(&link.id));
        links.sort_unstable_by(|one, two| one.id.cmp(&two.id));
        let mut cells = rows::store::cells(db, &ids)?;
        let mut of: HashMap<String, Vec<Cells>> = HashMap::new();
        for link in links {
            of.entry(link.parent).or_default().extend(cells.remove(&link.id));
        }
        Ok(Self { asked, of })
    }

    /// The fields of a row that stand in other languages.
    pub(in crate::directory) fn fields(&self, row: &str) -> impl Iterator<Item = &str> {
        self.of.get(row).into_iter().flatten().filter_map(|cells| Some(cells.get("field")?.trim()))
    }

    /// The text of a field of a row, as it is shown in the language that was asked for. `original` is what stands without one, in the
    /// language `own` where that is known.
    pub(in crate::directory) fn tell(
        &self,
        (row, own): (&str, Option<Tongue>),
        field: &str,
        original: &str,
    ) -> Told {
        if original.is_empty() && !self.of.contains_key(row) {
            return Told::default();
        }
        let original_is = own.as_ref().and_then(|own| self.asked.distance(own));
        let versions = self.of.get(row).into_iter().flatten().filter(|version| is(version, "field", field));
        let fitting = versions.filter_map(|version| {
            let language: Tongue = version.get("language")?.parse().ok()?;
            let text = version.get("text").filter(|text| !text.trim().is_empty())?;
            let by_machine = is(version, "machine_made", "yes") && !is(version, "reviewed", "yes");
            Some((self.asked.distance(&language)?, by_machine, language, text))
        });
        let nearest = fitting.min_by(|one, two| (one.0, one.1).cmp(&(two.0, two.1)));
        match nearest {
            Some((distance, machine_made, language, text))
                if original_is.is_none_or(|original| distance < original) =>
            {
                let about = TextLanguage { language: Some(language.0), fallback: false, machine_made };
                Told { text: text.clone(), about }
            }
            _ if original.is_empty() => Told::default(),
            _ => {
                let language = own.map(|own| own.0);
                let about = TextLanguage { language, fallback: original_is.is_none(), machine_made: false };
                Told { text: original.to_owned(), about }
            }
        }
    }
}

/// The language that the texts of a row are in, where it says so. The row `language` says what is spoken, not what it is written in.
pub(in crate::directory) fn own_language(cells: &Cells) -> Option<Tongue> {
    // A term has a column of the standard for it.
    ["text_language", "language"].iter().find_map(|column| cells.get(*column)?.parse().ok())
}

fn is(cells: &Cells, column: &str, word: &str) -> bool {
    cells.get(column).is_some_and(|cell| cell.trim() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tongue(text: &str) -> Tongue {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_no_language_is_refused() {
        for good in ["fr", "pt-BR", "zh_Hant", "ckb", "sr-Latn-RS"] {
            assert_eq!(tongue(good).as_str(), good.replace('_', "-").to_lowercase());
        }
        let long = "fr-".to_owned() + &"a-".repeat(40) + "b";
        for bad in ["", "f", "French!", "fr--CD", "1fr", "fr-", "\"><b", long.as_str()] {
            assert!(bad.parse::<Tongue>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_script_says_more_of_its_direction_than_a_language() {
        for (tag, is_from_right) in [
            ("ar", true),
            ("fa-AF", true),
            ("ku-Arab", true),
            ("ar-Latn", false),
            ("fr", false),
            ("pa-PK", false),
        ] {
            assert_eq!(tongue(tag).is_from_right(), is_from_right, "{tag}");
        }
    }

    fn row(cells: &[(&str, &str)]) -> Cells {
        cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
    }

    #[test]
    fn the_nearest_version_stands_and_what_stands_in_its_place_is_marked() {
        let version = |language, text, by_machine| {
            let cells =
                [("field", "name"), ("language", language), ("text", text), ("machine_made", by_machine)];
            row(&cells)
        };
        let all = vec![
            version("fr-BE", "belge", "no"),
            version("fr", "machine", "yes"),
            version("fr", "français", "no"),
            version("ar", "عربي", "yes"),
            version("nonsense!", "x", "no"),
        ];
        let of = HashMap::from([("r".to_owned(), all)]);
        let told = |asked: &str, cells: &Cells| {
            let versions = Versions { asked: tongue(asked), of: of.clone() };
            let told = versions.tell(("r", own_language(cells)), "name", "original");
            (told.text, told.about.language.unwrap_or_default(), told.about.fallback, told.about.machine_made)
        };
        let (plain, english) = (row(&[]), row(&[("text_language", "en-GB")]));
        let is = |text: &str, language: &str, fallback, by_machine| {
            (text.to_owned(), language.to_owned(), fallback, by_machine)
        };
        assert_eq!(told("fr", &plain), is("français", "fr", false, false));
        assert_eq!(told("fr-CD", &plain), is("français", "fr", false, false));
        assert_eq!(told("fr-BE", &plain), is("belge", "fr-be", false, false));
        assert_eq!(told("ar-LB", &plain), is("عربي", "ar", false, true));
        assert_eq!(told("es", &plain), is("original", "", true, false));
        assert_eq!(told("es", &english), is("original", "en-gb", true, false));
        assert_eq!(told("en", &english), is("original", "en-gb", false, false));
        let versions = Versions { asked: tongue("es"), of };
        assert_eq!(versions.tell(("r", None), "description", ""), Told::default(), "no text is no fallback");
    }
}
