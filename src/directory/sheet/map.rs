//! Which column means what.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Sheet, SheetError, cells, countries, hxl, words};
use crate::directory::Tongue;

/// What a column may mean.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The source's own name for the row. A row with it is known by it alone.
    Id,
    /// Who provides the service.
    Organisation,
    /// What the service is called.
    Service,
    /// What it does.
    Description,
    /// Telephone numbers.
    Telephone,
    /// An e-mail address of the service.
    Email,
    /// A page about it.
    Web,
    /// Street and number.
    Street,
    /// City, town or village.
    City,
    /// Country, by code or by name.
    Country,
    /// Region, province, governorate.
    AdminArea,
    /// Degrees north.
    Latitude,
    /// Degrees east.
    Longitude,
    /// Whether it is active.
    Status,
    /// When it is open, in words.
    OpeningHours,
    /// Languages spoken there.
    Languages,
    /// Who may come, in words.
    Eligibility,
    /// What it costs, in words.
    Cost,
    /// The day on which somebody last looked whether all this is so.
    LastChecked,
}

/// What stands first in dates such as 03/04/2026.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Dates {
    /// 3 April.
    DayFirst,
    /// 4 March.
    MonthFirst,
}

/// Which column means what: `schemas/directory/sheet-map.v1.schema.json`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Map {
    v: String,
    pub(super) columns: BTreeMap<Field, String>,
    /// The country of rows that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dates: Option<Dates>,
    /// The language that its texts are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<Tongue>,
    /// Columns that are not taken. For who reads the map: a column it does not name is not taken either.
    #[serde(default)]
    not_taken: Vec<String>,
}

/// A map as the names of the columns suggest it.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The map.
    pub map: Map,
    /// What is not clear from the names alone, and what to do; a map without any can be used as it is.
    pub unclear: Vec<String>,
}

impl Map {
    /// Reads a map that was kept.
    pub fn parse(text: &[u8]) -> Result<Self, SheetError> {
        if text.len() > MAP_MAX {
            return Err(SheetError::Map(String::from("it is larger than 1 MiB")));
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(text);
        let map: Self = serde_json::from_slice(text).map_err(|reason| SheetError::Map(reason.to_string()))?;
        if map.v != VERSION {
            return Err(SheetError::Map(format!("v must be {VERSION}")));
        }
        Ok(map)
    }

    /// Suggests a map. Nothing is taken for sure that is not.
    pub fn suggest(sheet: &Sheet) -> Suggestion {
        let mut map = Self {
            v: String::from(VERSION),
            columns: hxl::meant(sheet),
            country: None,
            dates: None,
            language: None,
            not_taken: Vec::new(),
        };
        let mut unclear = Vec::new();
        for name in sheet.columns.iter().filter(|name| !name.is_empty()) {
            if words::is_person(name) {
                map.not_taken.push(name.clone());
                continue;
            }
            if map.columns.values().any(|known| known == name) {
                continue;
            }
            let field = words::field(name);
            let is_free = field.is_some_and(|field| !map.columns.contains_key(&field));
            if sheet.tag(name).is_some_and(|tag| tag.is_known() || !is_free) {
                // It is understood, and nothing that a list has a place for.
                map.not_taken.push(name.clone());
                continue;
            }
            let doubt = match field {
                _ if sheet.column(name).is_none() => "its name stands twice; rename one of the two",
                None => "not understood; name it in `columns` or leave it among `not_taken`",
                Some(field) if map.columns.contains_key(&field) => {
                    "another column seems to hold the same; choose one"
                }
                Some(field) => {
                    map.columns.insert(field, name.clone());
                    continue;
                }
            };
            unclear.push(format!("\"{name}\": {doubt}"));
            if !map.not_taken.contains(name) {
                map.not_taken.push(name.clone());
            }
        }
        map.dates = map.column(sheet, Field::LastChecked).and_then(|place| {
            cells::order_of_dates(
                sheet.rows.iter().filter_map(|row| row.cells.get(place)).map(String::as_str),
            )
        });
        unclear.extend(map.lacking());
        Suggestion { map, unclear }
    }

    /// Whether the map fits the list.
    pub(super) fn check(&self, sheet: &Sheet) -> Result<(), SheetError> {
        for name in self.columns.values() {
            if words::is_person(name) {
                return Err(SheetError::Map(format!(
                    "\"{name}\" speaks of a person; names and numbers of people are not imported"
                )));
            }
            if sheet.column(name).is_none() {
                return Err(SheetError::Map(format!(
                    "the list has no column \"{name}\", or has it twice; its columns are: {}",
                    sheet.columns.join(", ")
                )));
            }
        }
        if let Some(code) = &self.country
            && (code.len() != 2 || countries::code(code).is_none_or(|known| known != code))
        {
            return Err(SheetError::Map(String::from(
                "country must be a code of two capital letters, such as TN",
            )));
        }
        match self.lacking().into_iter().next() {
            Some(lacking) => Err(SheetError::Map(lacking)),
            None => Ok(()),
        }
    }

    /// Where the column stands that has this meaning.
    pub(super) fn column(&self, sheet: &Sheet, field: Field) -> Option<usize> {
        sheet.column(self.columns.get(&field)?)
    }

    /// What a list cannot do without.
    fn lacking(&self) -> Vec<String> {
        let has = |field: Field| self.columns.contains_key(&field);
        let mut lacking = Vec::new();
        for (field, says) in [
            (Field::Organisation, "no column is the organisation; name it in `columns`"),
            (Field::Service, "no column is the name of the service; name it in `columns`"),
        ] {
            if !has(field) {
                lacking.push(String::from(says));
            }
        }
        let has_place = [Field::Street, Field::City, Field::AdminArea].into_iter().any(has);
        if has_place && !has(Field::Country) && self.country.is_none() {
            lacking.push(String::from(
                "no column is the country; write \"country\": \"TN\", with the code of yours",
            ));
        }
        lacking
    }
}

const VERSION: &str = "throughline-sheet-map-1";
const MAP_MAX: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(text: &str) -> Sheet {
        Sheet::of(String::from("list.csv"), text.as_bytes()).unwrap()
    }

    #[test]
    fn a_map_is_suggested_from_what_columns_are_called() {
        let sheet = sheet(
            "Organisation;Service;Ville;Pays;Vérifié le;Personne de contact;;Remarque;Tél;Telefono\nA;B;C;TN;28/02/2026;X;;;1;2\n",
        );
        let suggestion = Map::suggest(&sheet);
        let expected = serde_json::json!({
            "v": VERSION,
            "columns": {
                "organisation": "Organisation",
                "service": "Service",
                "telephone": "Tél",
                "city": "Ville",
                "country": "Pays",
                "last_checked": "Vérifié le",
            },
            "dates": "day_first",
            "not_taken": ["Personne de contact", "Remarque", "Telefono"],
        });
        assert_eq!(serde_json::to_value(&suggestion.map).unwrap(), expected);
        assert_eq!(suggestion.unclear.len(), 2, "{:?}", suggestion.unclear);
        assert!(suggestion.unclear[0].contains("Remarque") && suggestion.unclear[1].contains("Telefono"));
        suggestion.map.check(&sheet).unwrap();
        let kept = serde_json::to_vec(&suggestion.map).unwrap();
        assert_eq!(Map::parse(&kept).unwrap(), suggestion.map);
    }

    #[test]
    fn hashtags_say_what_columns_hold_before_their_names_do() {
        let list = "Partner,What,Updated,Checked on,Where,Hours,Beds,Contact person,Notes\n\
             #org+prov,#activity,#date+updated,#date+verified,#adm1+name,#x_hours,#capacity+num,#contact+phone,\n\
             A,B,2026-02-01,2026-01-01,C,Always,3,D,E\n";
        let suggestion = Map::suggest(&sheet(list));
        let columns = serde_json::json!({
            "organisation": "Partner",
            "service": "What",
            "admin_area": "Where",
            "opening_hours": "Hours",
            "last_checked": "Checked on",
        });
        let map = serde_json::to_value(&suggestion.map).unwrap();
        assert_eq!(map["columns"], columns);
        assert_eq!(map["not_taken"], serde_json::json!(["Updated", "Beds", "Contact person", "Notes"]));
        assert_eq!(
            suggestion.unclear.len(),
            2,
            "a column without a hashtag, and the country: {suggestion:?}"
        );
    }

    #[test]
    fn a_map_that_does_not_fit_says_what_to_write() {
        let sheet = sheet("Qui;Quoi;Ville;Focal point;Twice;Twice\nA;B;C;D;E;F\n");
        for (columns, more, says) in [
            (r#""organisation":"Qui""#, "", "name of the service"),
            (r#""organisation":"Qui","service":"Quoi","city":"Ville""#, "", "\"country\": \"TN\""),
            (r#""organisation":"Qui","service":"Quoi""#, r#","country":"Tunisie""#, "two capital letters"),
            (r#""organisation":"Qui","service":"Quoi","city":"City""#, "", "no column \"City\""),
            (r#""organisation":"Qui","service":"Twice""#, "", "twice"),
            (r#""organisation":"Qui","service":"Quoi","description":"Focal point""#, "", "a person"),
            (r#""organisation":"Qui","person":"Focal point""#, "", "unknown variant"),
            (r#""organisation":"Qui","service":"Quoi""#, r#","language":"French!""#, "BCP 47"),
        ] {
            let text = format!(r#"{{"v":"{VERSION}","columns":{{{columns}}}{more}}}"#);
            let refused =
                Map::parse(text.as_bytes()).and_then(|map| map.check(&sheet)).unwrap_err().to_string();
            assert!(refused.contains(says), "{says}: {refused}");
        }
        assert!(Map::parse(br#"{"v":"2","columns":{}}"#).is_err());
        assert!(Map::parse(&vec![b' '; MAP_MAX + 1]).is_err());
    }

    #[test]
    fn the_schema_knows_every_field_and_takes_what_is_suggested() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../schemas/directory/sheet-map.v1.schema.json"))
                .unwrap();
        let fields = schema["properties"]["columns"]["properties"].as_object().unwrap();
        assert_eq!(fields.len(), 19);
        for field in fields.keys() {
            serde_json::from_value::<Field>(field.as_str().into()).unwrap();
        }
        let map = Map::suggest(&sheet("Organisation;Service;Date de vérification\nA;B;28/02/2026\n")).map;
        jsonschema::validate(&schema, &serde_json::to_value(map).unwrap()).unwrap();
    }
}
