//! What a member organisation offers: entering it, its availability, and the facts the authorisation rule asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    DirectoryError, Listing, Service, Visibility,
    hsds::{Row, tables},
    rows, search, store,
};
use crate::{
    access::{Actor, Permission, Tx},
    kernel::{
        id::{OrganisationId, ServiceId},
        text::Line,
    },
    members,
    policy::{Policy, ServiceCode},
    storage::{Db, StorageError},
};

/// The source of what is entered at this node.
const HERE: &str = "node";

/// Whether a service takes people at present.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Takes people.
    Open,
    /// Puts people on a waiting list.
    Waitlist,
    /// Takes nobody and has no waiting list.
    Full,
    /// Nobody has said.
    Unknown,
}

impl Availability {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waitlist => "waitlist",
            Self::Full => "full",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        [Self::Open, Self::Waitlist, Self::Full, Self::Unknown].into_iter().find(|value| value.name() == word)
    }
}

/// A service that a member organisation offers for referral.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListService {
    /// The organisation.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// The service code.
    #[schema(value_type = String)]
    pub service: ServiceCode,
    /// What it is called.
    #[schema(value_type = String, max_length = 160)]
    pub name: Line<160>,
    /// What it is.
    #[schema(value_type = String, max_length = 2000)]
    pub description: Line<2000>,
    /// The area it is for.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 120)]
    pub area: Option<Line<120>>,
    /// Who may find it; members when left out.
    #[serde(default = "members_only")]
    pub visibility: Visibility,
}

const fn members_only() -> Visibility {
    Visibility::Members
}

/// Enters a service. Those who keep the directory may, and the organisation's administrator for their own.
pub fn list_service(tx: &mut Tx<'_>, cmd: &ListService, policy: &Policy) -> Result<Service, DirectoryError> {
    may_keep(tx.actor(), cmd.organisation)?;
    if policy.service(&cmd.service).is_none() {
        return Err(DirectoryError::UnknownService(cmd.service.to_string()));
    }
    let provider = members::find_active(tx.db(), cmd.organisation)?;
    let service = Service {
        id: tx.id(),
        source: HERE.to_owned(),
        name: cmd.name.to_string(),
        provider: provider.name.to_string(),
        description: cmd.description.to_string(),
        url: None,
        status: Listing::Active,
        visibility: cmd.visibility,
        member: Some(cmd.organisation),
        service: Some(cmd.service.clone()),
        area: cmd.area.as_ref().map(ToString::to_string),
        availability: Availability::Open,
        missing_since: None,
        updated_at: tx.now(),
        version: 1,
    };
    let place = enter(tx, &service, cmd.organisation)?;
    store::insert_service(tx, &service, place)?;
    search::enter_here(tx, HERE)?;
    Ok(service)
}

/// Writes the rows that stand behind a service that is entered here: it, and once its organisation. Answers the place of the service.
fn enter(tx: &mut Tx<'_>, service: &Service, provider: OrganisationId) -> Result<i64, DirectoryError> {
    tx.take_turn(&["directory"])?;
    let first = rows::store::next_place(tx.db())?;
    let organization = row(provider.uuid(), &[("name", &service.provider)], BTreeMap::new());
    let offered = row(
        service.id.uuid(),
        &[("name", &service.name), ("description", &service.description), ("status", "active")],
        BTreeMap::from([("organization_id", provider.uuid())]),
    );
    let known = store::known(tx.db(), HERE, "organization", &[organization.id.to_string()])?;
    if known.is_empty() {
        store::insert_rows(tx, (HERE, "organization"), &[&organization], first)?;
    }
    let place = first.saturating_add(1);
    store::insert_rows(tx, (HERE, "service"), &[&offered], place)?;
    let links = tables::rule("service").map_or_else(Vec::new, |rule| rows::of_row(rule, &offered));
    rows::store::insert_links(tx, HERE, &links)?;
    Ok(place)
}

/// Writes the rows of a service that an earlier release entered without any. Answers whether there may be more.
pub fn enter_listed(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let Some(service) = store::without_rows(tx.db(), HERE)? else {
        tx.leaves_no_entry();
        return Ok(false);
    };
    let provider = service.member.ok_or(StorageError::Unreadable("services.member"))?;
    let place = enter(tx, &service, provider)?;
    store::set_place(tx, service.id, place)?;
    Ok(true)
}

fn row(id: Uuid, cells: &[(&str, &str)], references: BTreeMap<&'static str, Uuid>) -> Row {
    let names = references.iter().map(|(column, id)| ((*column).to_owned(), id.to_string()));
    let cells = cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).chain(names);
    Row { id, line: 0, cells: cells.collect(), references }
}

/// Whether a service takes people now, at the version the caller saw.
#[derive(Clone, Copy, Debug)]
pub struct SetAvailability {
    /// Which service.
    pub service: ServiceId,
    /// The version the caller saw.
    pub version: i64,
    /// From now on.
    pub availability: Availability,
}

/// Says whether a service takes people now.
pub fn set_availability(tx: &mut Tx<'_>, cmd: &SetAvailability) -> Result<Service, DirectoryError> {
    let actor = tx.actor();
    let was = super::find_service(tx.db(), actor, cmd.service)?;
    let own = was.member.is_some() && was.member == actor.organisation();
    if !(own && actor.may(Permission::ReceiveReferrals).is_ok()) {
        actor.may(Permission::ManageDirectory)?;
    }
    store::set_availability(tx, cmd)?;
    let now = tx.now();
    Ok(Service {
        availability: cmd.availability,
        version: cmd.version.saturating_add(1),
        updated_at: now,
        ..was
    })
}

/// Which member provides a service that was imported, and what kind of service it is; nobody, to take that back.
#[derive(Clone, Debug)]
pub struct LinkService {
    /// Which service.
    pub service: ServiceId,
    /// The version the caller saw.
    pub version: i64,
    /// The member and the code to refer with.
    pub link: Option<Link>,
}

/// A member and the service code to refer with.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The organisation.
    #[schema(value_type = String)]
    pub organisation: OrganisationId,
    /// The service code.
    #[schema(value_type = String)]
    pub service: ServiceCode,
}

/// Links an imported service to the member that provides it, so that people can be referred there through this hub. For those
/// who keep the directory. The link outlives later imports.
pub fn link_service(tx: &mut Tx<'_>, cmd: &LinkService, policy: &Policy) -> Result<Service, DirectoryError> {
    let actor = tx.actor();
    actor.may(Permission::ManageDirectory)?;
    super::find_service(tx.db(), actor, cmd.service)?;
    if let Some(link) = &cmd.link {
        if policy.service(&link.service).is_none() {
            return Err(DirectoryError::UnknownService(link.service.to_string()));
        }
        members::find_active(tx.db(), link.organisation)?;
    }
    store::link(tx, cmd)?;
    super::find_service(tx.db(), actor, cmd.service)
}

fn may_keep(actor: &Actor, organisation: OrganisationId) -> Result<(), DirectoryError> {
    if actor.may(Permission::ManageDirectory).is_ok() {
        return Ok(());
    }
    actor.must_act_for(organisation)?;
    Ok(actor.may(Permission::ManageStaff)?)
}

/// What the authorisation rule asks of the directory about a recipient and a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// The best availability among the entries that offer it.
    pub availability: Availability,
}

/// Whether the organisation offers the service, and whether it takes people. Nothing when no active entry says so.
pub fn offer(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    service: &ServiceCode,
    policy: &Policy,
) -> Result<Option<OfferFacts>, DirectoryError> {
    // A packet may carry a broader code in the place of one that would give the need away.
    let codes: Vec<String> = policy
        .services()
        .filter(|known| known.code == *service || known.route_as.as_ref() == Some(service))
        .map(|known| known.code.to_string())
        .collect();
    let found = store::availabilities(db, organisation, &codes)?;
    let best = [Availability::Open, Availability::Unknown, Availability::Waitlist, Availability::Full]
        .into_iter()
        .find(|availability| found.contains(availability));
    Ok(best.map(|availability| OfferFacts { availability }))
}
