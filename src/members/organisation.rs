//! A member organisation: what it is, where, and what it does in the mechanism.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{MemberError, store};
use crate::{
    access::{Actor, Permission},
    kernel::{
        Timestamp,
        id::OrganisationId,
        page::{Asked, Page},
        text::Line,
    },
    policy::WorkingCalendar,
    storage::Db,
};

/// A name of an organisation or of a person who works for one.
pub type Name = Line<120>;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The word on the wire and in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
            /// The value a word stands for.
            pub fn from_name(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == word)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What kind of body an organisation is.
    OrganisationKind {
        /// A ministry, an office, a municipality.
        Government = "government",
        /// A non-governmental organisation.
        Ngo = "ngo",
        /// An international organisation, whose immunities are preserved.
        International = "international",
        /// A body of the community.
        Community = "community",
        /// A private provider.
        Private = "private",
    }
}

words! {
    /// What an organisation does in the mechanism.
    MechanismRole {
        /// May identify persons in need of protection.
        Identify = "identify",
        /// May determine status or case type.
        DetermineStatus = "determine_status",
        /// May manage cases.
        ManageCases = "manage_cases",
        /// Provides services.
        ProvideServices = "provide_services",
        /// Coordinates the mechanism.
        Coordinate = "coordinate",
    }
}

words! {
    /// Whether an organisation takes part at present.
    Standing {
        /// Takes part.
        Active = "active",
        /// Does not, for now.
        Suspended = "suspended",
    }
}

/// A country, ISO 3166-1 alpha-2 in capitals.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// The text is not two capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a country is two capital letters (ISO 3166-1 alpha-2)")]
pub struct NotACountry;

impl FromStr for Country {
    type Err = NotACountry;

    fn from_str(text: &str) -> Result<Self, NotACountry> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(NotACountry),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b] = self.0;
        write!(f, "{}{}", char::from(a), char::from(b))
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What an organisation does in the mechanism; may be several things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct MechanismRoles(Vec<MechanismRole>);

impl MechanismRoles {
    /// Whether it does this.
    pub fn contains(&self, role: MechanismRole) -> bool {
        self.0.contains(&role)
    }

    pub(super) fn to_words(&self) -> String {
        let mut roles = self.0.clone();
        roles.sort_unstable();
        roles.dedup();
        roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn from_words(words: &str) -> Option<Self> {
        words.split_whitespace().map(MechanismRole::from_name).collect::<Option<Vec<_>>>().map(Self)
    }
}

impl From<Vec<MechanismRole>> for MechanismRoles {
    fn from(roles: Vec<MechanismRole>) -> Self {
        Self(roles)
    }
}

/// A member organisation.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Organisation {
    /// Its id.
    #[schema(value_type = String, example = "org_01920000000070008000000000000000")]
    pub id: OrganisationId,
    /// Its name.
    #[schema(value_type = String)]
    pub name: Name,
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Where it is established.
    #[schema(value_type = String, example = "ZM")]
    pub country: Country,
    /// What it does in the mechanism.
    pub roles: MechanismRoles,
    /// It has a mandate to enforce immigration or criminal law: some fields never go to it.
    pub enforcement: bool,
    /// It is an authority or consulate of this country: persons who may need protection from that country are not
    /// disclosed to it.
    #[schema(value_type = Option<String>)]
    pub authority_of: Option<Country>,
    /// Whether it takes part at present.
    pub standing: Standing,
    /// Thumbprint (RFC 7638) of its root key.
    pub root: String,
    /// When it was enrolled.
    #[schema(value_type = String, format = DateTime)]
    pub enrolled_at: Timestamp,
    /// When it works, once it has said so.
    #[serde(skip)]
    #[schema(ignore)]
    pub calendar: Option<Arc<WorkingCalendar>>,
    /// Counts its changes.
    pub version: i64,
}

impl Organisation {
    /// Whether it takes part.
    pub fn is_active(&self) -> bool {
        self.standing == Standing::Active
    }
}

/// One organisation. Members may see each other: whom one can refer to is no secret among them.
pub fn find_organisation(
    db: &mut Db<'_>,
    actor: &Actor,
    id: OrganisationId,
) -> Result<Organisation, MemberError> {
    actor.may(Permission::ReadDirectory)?;
    store::organisation(db, id)
}

/// One organisation that takes part, for rooms that enter something about it.
pub fn find_active(db: &mut Db<'_>, id: OrganisationId) -> Result<Organisation, MemberError> {
    let organisation = store::organisation(db, id)?;
    if organisation.is_active() { Ok(organisation) } else { Err(MemberError::Suspended) }
}

/// One organisation, whether it takes part or not; `None` when nobody enrolled it. For rooms that judge what others hand in.
pub fn find_known(db: &mut Db<'_>, id: OrganisationId) -> Result<Option<Organisation>, MemberError> {
    Ok(find_known_two(db, [id, id])?.0)
}

/// Two organisations, read together; nothing for one that is not there.
pub fn find_known_two(
    db: &mut Db<'_>,
    [one, other]: [OrganisationId; 2],
) -> Result<(Option<Organisation>, Option<Organisation>), MemberError> {
    let found = store::two_organisations(db, [one, other])?;
    let with = |id| found.iter().find(|organisation| organisation.id == id).cloned();
    Ok((with(one), with(other)))
}

/// What these organisations are called, as far as they are known.
pub fn names_of(
    db: &mut Db<'_>,
    ids: &[OrganisationId],
) -> Result<HashMap<OrganisationId, Name>, MemberError> {
    store::names_of(db, ids)
}

/// Whether there is such an organisation and it takes part. For rooms that judge what others hand in.
pub fn is_active(db: &mut Db<'_>, id: OrganisationId) -> Result<bool, MemberError> {
    store::is_active(db, id)
}

/// The organisations, by id.
pub fn list_organisations(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
) -> Result<Page<Organisation>, MemberError> {
    actor.may(Permission::ReadDirectory)?;
    let rows = store::organisations(db, asked.after(), asked.rows_to_load())?;
    Ok(asked.page(rows, |organisation| organisation.id.to_string()))
}
