//! Hashtags of the Humanitarian Exchange Language: a row of them stands below the names of the columns, or in their place, and says what each
//! column holds. The table of who does what where that is published here has one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Field, Sheet, words};

/// A hashtag with its attributes, in small letters: `#loc+town+name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    name: String,
    attributes: BTreeSet<String>,
}

impl Tag {
    fn parse(cell: &str) -> Option<Self> {
        let mut parts = cell.trim().strip_prefix('#')?.split('+').map(word);
        Some(Self { name: parts.next()??, attributes: parts.collect::<Option<_>>()? })
    }

    /// Whether it is this one, with these attributes at least.
    fn is(&self, (name, attributes): (&str, &[&str])) -> bool {
        let has = |attribute: &str| self.attributes.contains(attribute);
        self.name == name
            && attributes.iter().all(|attribute| has(attribute))
            && !OTHER.iter().any(|other| has(other) && !attributes.contains(other))
    }

    /// Whether it is one of those that a list is understood by.
    pub(super) fn is_known(&self) -> bool {
        MEANT.iter().flat_map(|(_, tags)| *tags).any(|(name, _)| *name == self.name)
    }
}

/// A word of a hashtag.
fn word(text: &str) -> Option<String> {
    let word = text.trim();
    let is_plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_word = is_plain && word.starts_with(|letter: char| letter.is_ascii_alphabetic());
    is_word.then(|| word.to_ascii_lowercase())
}

/// The hashtags of a row; nothing when it is not one of hashtags.
pub(super) fn tags<'a>(cells: impl Iterator<Item = &'a str>) -> Option<Vec<Option<Tag>>> {
    let mut tags = Vec::new();
    for cell in cells {
        let is_empty = cell.trim().is_empty();
        let tag = Tag::parse(cell);
        if tag.is_none() && !is_empty {
            return None;
        }
        tags.push(tag);
    }
    tags.iter().any(Option::is_some).then_some(tags)
}

/// The columns of a list by what their hashtags say. Those that speak of a person are none.
pub(super) fn meant(sheet: &Sheet) -> BTreeMap<Field, String> {
    let names = sheet.columns.iter().filter(|name| !name.is_empty() && !words::is_person(name));
    let mut left: Vec<(&String, &Tag)> = names.filter_map(|name| Some((name, sheet.tag(name)?))).collect();
    let mut meant = BTreeMap::new();
    for (field, wanted) in MEANT {
        let place = wanted.iter().find_map(|wanted| left.iter().position(|(_, tag)| tag.is(*wanted)));
        if let Some(place) = place {
            let (name, _) = left.remove(place);
            meant.insert(*field, name.clone());
        }
    }
    meant
}

/// Attributes with which a hashtag is about something else, unless it is asked for with them.
const OTHER: &[&str] = &[
    "acronym",
    "capacity",
    "code",
    "count",
    "description",
    "focal",
    "funder",
    "id",
    "list",
    "num",
    "person",
    "type",
    "url",
    "verification",
];

/// What stands for each meaning, the best first. Of a list without a town, the place is one; of one with a town, it is where in the town.
const MEANT: &[(Field, &[(&str, &[&str])])] = &[
    (Field::Id, &[("service", &["id"]), ("meta", &["id"])]),
    (Field::Organisation, &[("org", &["prov"]), ("org", &["impl"]), ("org", &["name"]), ("org", &[])]),
    (
        Field::Service,
        &[
            ("service", &["name"]),
            ("service", &[]),
            ("activity", &["name"]),
            ("activity", &[]),
            ("subsector", &[]),
            ("sector", &["name"]),
            ("sector", &[]),
        ],
    ),
    (
        Field::Description,
        &[("service", &["description"]), ("activity", &["description"]), ("description", &[])],
    ),
    (Field::Telephone, &[("contact", &["phone"]), ("contact", &["tel"])]),
    (Field::Email, &[("contact", &["email"])]),
    (Field::Web, &[("contact", &["url"]), ("contact", &["web"])]),
    (Field::Country, &[("country", &["code"]), ("country", &["name"]), ("country", &[])]),
    (
        Field::AdminArea,
        &[("adm1", &["name"]), ("adm1", &[]), ("adm1", &["code"]), ("adm2", &["name"]), ("adm2", &[])],
    ),
    (Field::City, &[("loc", &["town"]), ("loc", &["city"]), ("loc", &["name"]), ("loc", &[])]),
    (Field::Street, &[("loc", &["address"]), ("loc", &["street"]), ("loc", &["name"])]),
    (Field::Latitude, &[("geo", &["lat"])]),
    (Field::Longitude, &[("geo", &["lon"])]),
    (Field::Status, &[("status", &[])]),
    (Field::Languages, &[("language", &[])]),
    (Field::LastChecked, &[("date", &["verified"]), ("date", &["checked"]), ("date", &["updated"])]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_hashtags_is_told_from_one_of_a_list() {
        for (row, is) in [
            (&["#org+name+prov", "#geo+lat"][..], true),
            (&["#Org +name", "", " # adm1 "], true),
            (&["#org", "Clinic"], false),
            (&["#1", "#2"], false),
            (&["#", "#org"], false),
            (&["#org+", "#sector"], false),
            (&["#org name", "#sector"], false),
            (&["", ""], false),
        ] {
            assert_eq!(tags(row.iter().copied()).is_some(), is, "{row:?}");
        }
    }

    #[test]
    fn columns_are_known_by_their_hashtags_the_best_first() {
        let of = |text: &str| {
            let sheet = Sheet::of(String::from("list.csv"), text.as_bytes()).unwrap();
            let meant = meant(&sheet).into_iter();
            meant.map(|(field, name)| format!("{field:?} {name}")).collect::<Vec<_>>()
        };
        let ours = "A,B,C,D,E,F,G,H,I\n\
             #org+type,#org+name+prov,#service+code,#service+name,#loc+town+name,#loc+name,#loc+code,#date+updated,#date+verified\n";
        assert_eq!(of(ours), ["Organisation B", "Service D", "Street F", "City E", "LastChecked I"]);
        let theirs = "#org,#sector,#adm1+name,#loc+name,#geo+lat,#geo+lon,#contact+phone,#contact+name,#status+verification\n";
        let expected = [
            "Organisation #org",
            "Service #sector",
            "Telephone #contact+phone",
            "City #loc+name",
            "AdminArea #adm1+name",
            "Latitude #geo+lat",
            "Longitude #geo+lon",
        ];
        assert_eq!(of(theirs), expected);
        let of_people = "Focal point,Line\n#org,#contact+phone+focal\n";
        assert_eq!(of(of_people), [""; 0]);
    }
}
