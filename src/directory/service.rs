//! A service as people find it.

use std::{collections::BTreeMap, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    Availability, DirectoryError, TextLanguage, Tongue, Upkeep, rows,
    rows::Withheld,
    store,
    tongue::{Told, Versions, own_language},
};
use crate::{
    access::{AccessError, Actor, Permission},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
    },
    policy::ServiceCode,
    storage::Db,
};

/// Who may find an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody, without signing in.
    Public,
    /// Member organisations.
    Members,
    /// Nobody but those who keep the directory and the provider itself.
    Restricted,
}

impl Visibility {
    /// Its word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Members => "members",
            Self::Restricted => "restricted",
        }
    }

    /// Whether more find it than with another.
    pub const fn is_wider_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Public, Self::Members | Self::Restricted) | (Self::Members, Self::Restricted) => true,
            (Self::Public, Self::Public)
            | (Self::Members, Self::Public | Self::Members)
            | (Self::Restricted, _) => false,
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        [Self::Public, Self::Members, Self::Restricted].into_iter().find(|value| value.name() == word)
    }
}

impl FromStr for Visibility {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_name(word).ok_or("expected public, members or restricted")
    }
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Viewer {
    /// Nobody that is known: what is public.
    Anybody,
    /// A member: all but what is restricted, and everything of their own organisation.
    Member(Option<OrganisationId>),
    /// Who keeps the directory: everything.
    Keeper,
}

impl Viewer {
    /// What the actor may see.
    pub fn of(actor: &Actor) -> Self {
        if actor.may(Permission::ManageDirectory).is_ok() {
            return Self::Keeper;
        }
        match actor.may(Permission::ReadDirectory) {
            Ok(()) => Self::Member(actor.organisation()),
            Err(_nobody) => Self::Anybody,
        }
    }

    /// Whether they may know the secret places of an entry of a member.
    pub(super) fn knows_places_of(self, member: Option<OrganisationId>) -> bool {
        match self {
            Self::Keeper => true,
            Self::Member(own) => member.is_some() && member == own,
            Self::Anybody => false,
        }
    }

    /// Whether an entry of a visibility, of a standing and of a member may be seen. Lists hold to the same by a condition of their own.
    pub(super) fn sees(
        self,
        (visibility, standing): (Visibility, Standing),
        member: Option<OrganisationId>,
    ) -> bool {
        match self {
            Self::Keeper => true,
            Self::Anybody => visibility == Visibility::Public && standing.is_listed(),
            Self::Member(own) => {
                let is_open = visibility != Visibility::Restricted && standing != Standing::Proposed;
                is_open || (member.is_some() && member == own)
            }
        }
    }
}

/// Whether an entry stands. The words are those of HSDS, with an underscore for the blank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Listing {
    /// Offered.
    Active,
    /// Not offered.
    Inactive,
    /// Will not be offered again.
    Defunct,
    /// Not offered for now.
    TemporarilyClosed,
}

impl Listing {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Defunct => "defunct",
            Self::TemporarilyClosed => "temporarily_closed",
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        let word = word.replace(' ', "_");
        [Self::Active, Self::Inactive, Self::Defunct, Self::TemporarilyClosed]
            .into_iter()
            .find(|value| value.name() == word)
    }
}

/// Whether those who keep the directory list an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// They do.
    #[default]
    Listed,
    /// Not yet: a member offered it, and they did not decide so far. Nobody but they and the member see it.
    Proposed,
    /// Not for now.
    Suspended,
    /// Not any more.
    Archived,
}

impl Standing {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Proposed => "proposed",
            Self::Suspended => "suspended",
            Self::Archived => "archived",
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        [Self::Listed, Self::Proposed, Self::Suspended, Self::Archived]
            .into_iter()
            .find(|value| value.name() == word)
    }

    /// Whether it is listed.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(super) fn is_listed(&self) -> bool {
        *self == Self::Listed
    }

    /// Whether an entry of this standing is offered: what is listed is what its source says, unless somebody found it closed.
    pub(super) fn listing(self, closed: bool, given: Option<Listing>) -> Listing {
        given.filter(|_given| self.is_listed() && !closed).unwrap_or(Listing::Inactive)
    }
}

impl FromStr for Standing {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let decided = Self::from_name(word).filter(|standing| *standing != Self::Proposed);
        decided.ok_or("expected listed, suspended or archived")
    }
}

/// Whether a provider tells the authorities of people who come, or has to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reporting {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// Nobody said.
    #[default]
    Unknown,
}

impl Reporting {
    /// Its word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        [Self::Yes, Self::No, Self::Unknown].into_iter().find(|value| value.name() == word)
    }
}

impl FromStr for Reporting {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::from_name(word).ok_or("expected yes, no or unknown")
    }
}

/// A service of the directory.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Service {
    /// Its id.
    #[schema(value_type = String)]
    pub id: ServiceId,
    /// Where the entry comes from: `node` for what was entered here, otherwise the name of an import.
    pub source: String,
    /// What it is called.
    pub name: String,
    /// Who provides it.
    pub provider: String,
    /// What it is. Plain text; show it as text.
    pub description: String,
    /// More about it. Only http and https.
    pub url: Option<String>,
    /// Whether it is offered.
    pub status: Listing,
    /// Whether those who keep the directory list it; absent when they do. What they do not is inactive, and only members see it; what they did
    /// not decide about yet only its provider.
    #[serde(skip_serializing_if = "Standing::is_listed")]
    pub standing: Standing,
    /// Who may find it.
    pub visibility: Visibility,
    /// The member organisation to refer to; absent when it is only known of, and has to be called.
    #[schema(value_type = Option<String>)]
    pub member: Option<OrganisationId>,
    /// The service code to refer with.
    #[schema(value_type = Option<String>)]
    pub service: Option<ServiceCode>,
    /// The area it is for, in words or as a code.
    pub area: Option<String>,
    /// Whether it takes people at present.
    pub availability: Availability,
    /// Whether the provider tells the authorities of people. Look at it before anybody is referred there.
    pub reports_to_authorities: Reporting,
    /// Until when that holds, and how the entry was verified.
    #[serde(flatten)]
    pub upkeep: Upkeep,
    /// Since when its source no longer lists it. Such an entry is not found by search and not referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub missing_since: Option<Timestamp>,
    /// When the entry last changed.
    #[schema(value_type = String, format = DateTime)]
    pub updated_at: Timestamp,
    /// Counts its changes.
    pub version: i64,
}

/// One service as it is now; a restricted one looks like none to everybody without clearance.
pub fn find_service(
    db: &mut Db<'_>,
    actor: &Actor,
    id: ServiceId,
    now: Timestamp,
) -> Result<Service, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let service = store::service(db, id, now)?;
    if Viewer::of(actor).sees((service.visibility, service.standing), service.member) {
        Ok(service)
    } else {
        Err(AccessError::NotFound.into())
    }
}

/// A service with its texts in the language that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ServiceInLanguage {
    /// The service.
    #[serde(flatten)]
    pub service: Service,
    /// Which language `name`, `provider` and `description` are in; only when a language was asked for.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<&'static str, TextLanguage>,
}

/// One service as it is now, with its texts in a language. Where there is none in it, the original stands.
pub fn find_service_in(
    db: &mut Db<'_>,
    actor: &Actor,
    (id, lang): (ServiceId, Option<Tongue>),
    now: Timestamp,
) -> Result<ServiceInLanguage, DirectoryError> {
    let mut service = find_service(db, actor, id, now)?;
    let texts = match lang {
        Some(lang) => put_into(db, Viewer::of(actor), lang, &mut [&mut service])?.pop().unwrap_or_default(),
        None => Texts::new(),
    };
    Ok(ServiceInLanguage { service, texts })
}

/// Which language each text is in.
pub(super) type Texts = BTreeMap<&'static str, TextLanguage>;

/// Puts the texts of services into a language. Where there is none in it, the original stands. Answers for each service which they are in.
pub(super) fn put_into(
    db: &mut Db<'_>,
    viewer: Viewer,
    lang: Tongue,
    services: &mut [&mut Service],
) -> Result<Vec<Texts>, DirectoryError> {
    let mut owners: Vec<String> = services.iter().map(|service| service.id.uuid().to_string()).collect();
    let links = rows::store::names(db, &owners)?;
    let links = links.into_iter().filter(|link| link.via == "organization_id");
    let providers: BTreeMap<String, String> = links.map(|link| (link.id, link.parent)).collect();
    owners.extend(providers.values().cloned());
    owners.sort_unstable();
    owners.dedup();
    let cells = rows::store::cells(db, &owners)?;
    let versions = Versions::load(db, lang, &owners, &mut Withheld::new(viewer))?;
    let tell = |row: &str, field: &str, original: &str| {
        versions.tell((row, cells.get(row).and_then(own_language)), field, original)
    };
    let mut all = Vec::with_capacity(services.len());
    for service in services {
        let row = service.id.uuid().to_string();
        let provider = providers.get(&row).map_or("", String::as_str);
        let mut texts = Texts::new();
        for (member, told, text) in [
            ("name", tell(&row, "name", &service.name), &mut service.name),
            ("description", tell(&row, "description", &service.description), &mut service.description),
            ("provider", tell(provider, "name", &service.provider), &mut service.provider),
        ] {
            let Told { text: shown, about } = told;
            *text = shown;
            texts.insert(member, about);
        }
        all.push(texts);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_and_not_found_closed_is_what_its_source_says() {
        let given = Some(Listing::TemporarilyClosed);
        assert_eq!(Standing::Listed.listing(false, given), Listing::TemporarilyClosed);
        assert_eq!(Standing::Listed.listing(false, None), Listing::Inactive);
        for (standing, closed) in [
            (Standing::Listed, true),
            (Standing::Proposed, false),
            (Standing::Suspended, false),
            (Standing::Archived, false),
        ] {
            assert_eq!(standing.listing(closed, Some(Listing::Active)), Listing::Inactive);
        }
    }

    #[test]
    fn what_nobody_decided_about_yet_is_seen_by_its_provider_and_those_who_keep_the_directory() {
        let ids = crate::kernel::id::SystemIds;
        let now = Timestamp::from_seconds(1_772_442_000);
        let (own, other) = (OrganisationId::new(&ids, now), OrganisationId::new(&ids, now));
        for visibility in [Visibility::Public, Visibility::Members, Visibility::Restricted] {
            let is_seen = |viewer: Viewer| viewer.sees((visibility, Standing::Proposed), Some(own));
            assert!(is_seen(Viewer::Keeper) && is_seen(Viewer::Member(Some(own))));
            for viewer in [Viewer::Anybody, Viewer::Member(None), Viewer::Member(Some(other))] {
                assert!(!is_seen(viewer), "{viewer:?} sees what is {visibility:?}");
            }
        }
    }
}
