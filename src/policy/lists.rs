//! The plain lists: purposes, categories, services, populations, compartments, forms.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    code::{
        CategoryCode, CompartmentCode, FieldId, Mode, PopulationCode, PurposeCode, ReaderRole, ServiceCode,
    },
    level::{Level, Tier},
};

/// Why data may flow. What is prohibited has no code and can therefore not be written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The code.
    pub code: PurposeCode,
    /// A few words for people.
    pub label: String,
    /// Terms of the Data Privacy Vocabulary.
    pub dpv: Vec<String>,
    /// Points of article 6 (GDPR) the disclosing side usually relies on.
    pub article_6: Vec<String>,
    /// Points of article 9 (GDPR) for special categories.
    pub article_9: Vec<String>,
    /// Bases for a transfer to another country.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfer: Vec<String>,
    /// The mode it belongs to. Only purposes of the consent mode can be granted by a person.
    pub mode: Mode,
    /// Whether the person is asked again for each round.
    #[serde(default, skip_serializing_if = "is_false")]
    pub each_round: bool,
    /// Whether the consent must name this purpose by itself, apart from any other.
    #[serde(default, skip_serializing_if = "is_false")]
    pub explicit: bool,
}

impl Purpose {
    /// Whether a person can grant it.
    pub fn is_grantable(&self) -> bool {
        self.mode == Mode::Consent
    }
}

/// A kind of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Category {
    /// The code.
    pub code: CategoryCode,
    /// A few words for people.
    pub label: String,
    /// The level of a field unless the dictionary says otherwise.
    pub level: Level,
    /// The tiers its fields may have.
    pub tiers: Vec<Tier>,
    /// Whether its fields are as a rule kept from enforcement bodies.
    pub enforcement_sensitive: bool,
    /// Whether its fields are about people other than the person referred.
    #[serde(default, skip_serializing_if = "is_false")]
    pub third_party: bool,
    /// Terms of the Data Privacy Vocabulary.
    pub dpv: Vec<String>,
    /// Something to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What a person can be referred to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The code.
    pub code: ServiceCode,
    /// A few words for people.
    pub label: String,
    /// How much the service by itself tells of a person.
    pub level: Level,
    /// The code the envelope carries in its place, because this one by itself would give the need away; this one travels sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route_as: Option<ServiceCode>,
    /// What paper forms call it: per form the choices or items that mean it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crosswalk: BTreeMap<String, Vec<String>>,
}

/// A population group. Presumptive, and for statistics only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The code.
    pub code: PopulationCode,
    /// A few words for people.
    pub label: String,
    /// Finer words that may qualify it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualifiers: Vec<String>,
    /// Whether it is told in sealed data alone: it says that somebody was trafficked or harmed, or something of their health.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
}

/// A reader role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// The code.
    pub code: ReaderRole,
    /// A few words for people.
    pub label: String,
}

/// Fields that are sealed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compartment {
    /// The code.
    pub code: CompartmentCode,
    /// A few words for people.
    pub label: String,
    /// Who may open it.
    pub readers: Vec<ReaderRole>,
    /// Which fields are sealed in it.
    pub holds: Vec<Holding>,
}

/// Fields of these categories and levels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holding {
    /// The categories.
    pub categories: Vec<CategoryCode>,
    /// The levels.
    pub levels: Vec<Level>,
}

/// A paper form, entered against the dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    /// The prefix of its fields.
    pub code: String,
    /// The version of the form.
    pub version: String,
    /// What it is called.
    pub title: String,
    /// Where it comes from.
    pub source: String,
    /// Whether a filled form may hold fields of other forms too.
    #[serde(default, skip_serializing_if = "is_false")]
    pub takes_any_field: bool,
    /// Its items, in the order of the paper.
    pub items: Vec<FormItem>,
}

/// One item of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormItem {
    /// The item as printed.
    pub item: String,
    /// The fields it became.
    pub fields: Vec<FieldId>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}
