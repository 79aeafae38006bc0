//! One entry of the field dictionary.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    code::{CategoryCode, CompartmentCode, ConceptCode, FieldId, PurposeCode, ServiceCode},
    deny::Deny,
    level::{Level, Tier},
};

/// What the dictionary says about one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The id, such as `ZP.9b`.
    pub id: FieldId,
    /// Its place in the dictionary, which is the order in which people are asked and read.
    pub place: usize,
    /// The form it stands on, such as `ZP`.
    pub form: String,
    /// The item of that form, as printed.
    pub item: String,
    /// A few words for people.
    pub label: String,
    /// What it means whatever the form; fields of the same concept ask for the same thing.
    pub concept: Option<ConceptCode>,
    /// The kind of data.
    pub category: CategoryCode,
    /// How sensitive it is.
    pub level: Level,
    /// How far it may go.
    pub tier: Tier,
    /// Whether a body with an enforcement mandate is kept from it.
    pub enforcement_sensitive: bool,
    /// With which code it is refused, when it never travels.
    pub refused_with: Option<Deny>,
    /// What a value looks like.
    pub shape: Shape,
    /// How many values one field may hold; `None` is a single value.
    pub many: Option<u16>,
    /// The compartment it is sealed in.
    pub compartment: CompartmentCode,
    /// For which purposes it may travel; empty is any.
    pub only_purposes: Vec<PurposeCode>,
    /// For which services it may travel; empty is any.
    pub only_services: Vec<ServiceCode>,
    /// Terms of the Data Privacy Vocabulary and its personal-data extension.
    pub dpv: Vec<String>,
}

impl Field {
    /// Whether it may travel for this purpose at all.
    pub fn fits_purpose(&self, purpose: &PurposeCode) -> bool {
        self.only_purposes.is_empty() || self.only_purposes.contains(purpose)
    }

    /// Whether it may travel for this service at all.
    pub fn fits_service(&self, service: &ServiceCode) -> bool {
        self.only_services.is_empty() || self.only_services.contains(service)
    }

    /// Whether it must be granted, opened and approved by itself: a grant for its category does not reach it.
    pub fn is_most_sensitive(&self) -> bool {
        self.level == Level::S4
    }
}

/// What one value of a field looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One line.
    Text {
        /// The limit in characters.
        max: usize,
    },
    /// Several lines.
    Prose {
        /// The limit in characters.
        max: usize,
    },
    /// A day, `2026-03-01`.
    Date,
    /// A month, `2026-03`.
    Month,
    /// An hour of the day, `14:30`.
    Time,
    /// A whole number from nought.
    Count {
        /// The limit.
        max: u32,
    },
    /// True or false.
    Flag,
    /// One of a list.
    Code {
        /// The list.
        choices: Arc<Choices>,
    },
    /// A file beside the form.
    File {
        /// The limit in bytes.
        max: u64,
        /// The media types taken.
        media: Vec<String>,
    },
}

impl Shape {
    /// A few words that say what is expected.
    pub fn expected(&self) -> String {
        match self {
            Self::Text { max } => format!("one line of at most {max} characters"),
            Self::Prose { max } => format!("text of at most {max} characters"),
            Self::Date => String::from("a day like 2026-03-01"),
            Self::Month => String::from("a month like 2026-03"),
            Self::Time => String::from("an hour like 14:30"),
            Self::Count { max } => format!("a whole number from 0 to {max}"),
            Self::Flag => String::from("true or false"),
            Self::Code { choices } => format!("one of {}", choices.codes.join(", ")),
            Self::File { media, .. } => format!("a file name and a media type, one of {}", media.join(", ")),
        }
    }
}

/// A list of codes several fields share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// The name of the list.
    pub name: String,
    /// The codes.
    pub codes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenField {
    pub(super) id: FieldId,
    pub(super) label: String,
    pub(super) concept: Option<ConceptCode>,
    pub(super) category: CategoryCode,
    pub(super) level: Level,
    pub(super) tier: Tier,
    #[serde(default)]
    pub(super) enforcement_sensitive: bool,
    pub(super) refused_with: Option<Deny>,
    pub(super) shape: WrittenShape,
    #[serde(default)]
    pub(super) only: Only,
    #[serde(default)]
    pub(super) dpv: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Only {
    #[serde(default)]
    pub(super) purposes: Vec<PurposeCode>,
    #[serde(default)]
    pub(super) services: Vec<ServiceCode>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenShape {
    kind: Kind,
    max: Option<u32>,
    choices: Option<String>,
    media: Option<Vec<String>>,
    pub(super) many: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Prose,
    Date,
    Month,
    Time,
    Count,
    Flag,
    Code,
    File,
}

impl WrittenShape {
    /// The shape, or what is wrong with how it is written.
    pub(super) fn resolve<'a>(
        &self,
        lists: impl Fn(&str) -> Option<Arc<Choices>> + 'a,
    ) -> Result<Shape, &'static str> {
        let Self { kind, max, choices, media, many: _ } = self;
        let shape = match (kind, max, choices, media) {
            (Kind::Text, Some(max), None, None) => {
                Shape::Text { max: usize::try_from(*max).unwrap_or(usize::MAX) }
            }
            (Kind::Prose, Some(max), None, None) => {
                Shape::Prose { max: usize::try_from(*max).unwrap_or(usize::MAX) }
            }
            (Kind::Date, None, None, None) => Shape::Date,
            (Kind::Month, None, None, None) => Shape::Month,
            (Kind::Time, None, None, None) => Shape::Time,
            (Kind::Count, Some(max), None, None) => Shape::Count { max: *max },
            (Kind::Flag, None, None, None) => Shape::Flag,
            (Kind::Code, None, Some(name), None) => {
                Shape::Code { choices: lists(name).ok_or("names a list of codes that does not exist")? }
            }
            (Kind::File, Some(max), None, Some(media)) => {
                Shape::File { max: u64::from(*max), media: media.clone() }
            }
            _ => return Err("has a shape whose parts do not belong together"),
        };
        Ok(shape)
    }
}
