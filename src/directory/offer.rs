//! What a member organisation offers: entering it, its availability, and the facts the authorisation rule asks for.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Checked, DirectoryError, Freshness, Listing, Method, Outcome, Reporting, Service, Standing, Upkeep,
    Verification, Viewer, Visibility, changes, drafts,
    hsds::{Row, tables},
    rows, search, store, upkeep,
};
use crate::{
    access::{Actor, Permission, Tx},
    config::DirectorySettings,
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
        page::{Asked, Page},
        text::Line,
    },
    members,
    policy::{Policy, ServiceCode},
    storage::{Db, StorageError},
};

/// The source of what is entered at this node.
pub(super) const HERE: &str = "node";

/// How far off the end may be of what is said of a service's room, in days.
const MOST_DAYS: i64 = 366;

/// How many services are named to whom a recipient did not answer, and how many are looked at for them.
const MOST_ALTERNATIVES: usize = 5;
const MOST_OFFERED: i64 = 100;

/// How many places one can say there are.
const MOST_PLACES: u32 = 1_000_000;

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
    /// Takes people after an assessment of its own.
    Assessment,
    /// Nobody has said, or it ran out.
    Unknown,
}

impl Availability {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waitlist => "waitlist",
            Self::Full => "full",
            Self::Assessment => "assessment",
            Self::Unknown => "unknown",
        }
    }

    /// The code of FHIR's SDOH Clinical Care, as the profile of HSDS has it.
    pub(super) const fn intake_status(self) -> &'static str {
        match self {
            Self::Open => "capacity",
            Self::Waitlist => "waitlist",
            Self::Full => "no-capacity",
            Self::Assessment => "additional-assessment-required",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn from_name(word: &str) -> Option<Self> {
        [Self::Open, Self::Waitlist, Self::Full, Self::Assessment, Self::Unknown]
            .into_iter()
            .find(|value| value.name() == word)
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
    /// Whether the provider tells the authorities of people who come, or has to.
    #[serde(default)]
    pub reports_to_authorities: Reporting,
    /// Who may find it once it is listed; members when left out.
    #[serde(default = "members_only")]
    pub visibility: Visibility,
}

const fn members_only() -> Visibility {
    Visibility::Members
}

/// What else a sender can refer to for the same code when one recipient did not answer: of other members, as far as the sender sees it, and
/// without what is full or doubtful. Ids alone; whoever is told looks up what they stand for with their own eyes.
///
/// This is part of a write, so it asks the database and not what searches hold in memory, which knows only what has been committed.
pub fn alternatives(
    db: &mut Db<'_>,
    (service, policy): (&ServiceCode, &Policy),
    (sender, recipient): (OrganisationId, OrganisationId),
    now: Timestamp,
) -> Result<Vec<ServiceId>, DirectoryError> {
    let viewer = Viewer::Member(Some(sender));
    let offered = store::offered_by_members(db, &codes(service, policy), (MOST_OFFERED, now))?;
    let mut named = Vec::new();
    for found in offered {
        let Some(member) = found.member.filter(|member| ![sender, recipient].contains(member)) else {
            continue;
        };
        let is_sound = found.upkeep.flagged_at.is_none() && found.upkeep.verification != Freshness::Stale;
        let takes = is_sound && found.availability != Availability::Full;
        let is_seen = viewer.sees((found.visibility, found.standing), found.member);
        if takes && is_seen && members::is_active(db, member)? {
            named.push(found.id);
        }
        if named.len() == MOST_ALTERNATIVES {
            break;
        }
    }
    Ok(named)
}

/// Enters a service. What those who keep the directory enter is listed, and verified: they have just looked. What the organisation's
/// administrator enters is offered: nobody else finds it before those who keep the directory took its draft.
pub fn list_service(
    tx: &mut Tx<'_>,
    cmd: &ListService,
    (policy, settings): (&Policy, &DirectorySettings),
) -> Result<Service, DirectoryError> {
    let standing = may_enter(tx.actor(), cmd.organisation)?;
    if policy.service(&cmd.service).is_none() {
        return Err(DirectoryError::UnknownService(cmd.service.to_string()));
    }
    let provider = members::find_active(tx.db(), cmd.organisation)?;
    let is_listed = standing.is_listed();
    let (now, fields) = (tx.now(), vec![Checked::Name, Checked::Description]);
    let until = now.plus(TimeDelta::days(settings.availability_days));
    let due = now.plus(TimeDelta::days(settings.verification_days));
    let service = Service {
        id: tx.id(),
        source: HERE.to_owned(),
        name: cmd.name.to_string(),
        provider: provider.name.to_string(),
        description: cmd.description.to_string(),
        url: None,
        status: standing.listing(false, Some(Listing::Active)),
        standing,
        visibility: if is_listed { cmd.visibility } else { Visibility::Restricted },
        member: Some(cmd.organisation),
        service: Some(cmd.service.clone()),
        area: cmd.area.as_ref().map(ToString::to_string),
        availability: Availability::Open,
        reports_to_authorities: cmd.reports_to_authorities,
        upkeep: Upkeep { availability_until: Some(until), ..Upkeep::default() },
        missing_since: None,
        updated_at: tx.now(),
        version: i64::from(!is_listed),
    };
    let place = enter(tx, &service, cmd.organisation)?;
    store::insert_service(tx, &service, place)?;
    search::enter_here(tx, HERE)?;
    if !is_listed {
        drafts::propose(tx, &service, cmd.visibility)?;
        return store::service(tx.db(), service.id, now);
    }
    let entered = Verification {
        version: 1,
        method: Method::ProviderUpdate,
        outcome: Outcome::Confirmed,
        fields,
        by: tx.actor().log_name(),
        organisation: tx.actor().organisation(),
        at: now,
        next_due: Some(due),
    };
    upkeep::store::enter_verification(tx, &service, 0, &entered)?;
    store::service(tx.db(), service.id, now)
}

/// Writes the rows that stand behind a service that is entered here: it, and once its organisation. Answers the place of the service.
fn enter(tx: &mut Tx<'_>, service: &Service, provider: OrganisationId) -> Result<i64, DirectoryError> {
    tx.take_turn(&["directory"])?;
    let now = tx.now();
    let first = rows::store::next_place(tx.db(), now)?;
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
    require(tx, service, place)?;
    Ok(place)
}

/// Writes what a referral there has to know, if something was said of it.
fn require(tx: &mut Tx<'_>, service: &Service, place: i64) -> Result<(), DirectoryError> {
    let reporting = service.reports_to_authorities;
    if reporting == Reporting::Unknown {
        return Ok(());
    }
    let says = row(
        tx.id::<crate::kernel::id::Service>().uuid(),
        &[("reports_to_authorities", reporting.name())],
        BTreeMap::from([("service_id", service.id.uuid())]),
    );
    store::insert_rows(tx, (HERE, "referral_requirement"), &[&says], place.saturating_add(1))?;
    let links = tables::rule("referral_requirement").map_or_else(Vec::new, |rule| rows::of_row(rule, &says));
    Ok(rows::store::insert_links(tx, HERE, &links)?)
}

/// Writes the rows of a service that an earlier release entered without any. Answers whether there may be more.
pub fn enter_listed(tx: &mut Tx<'_>) -> Result<bool, DirectoryError> {
    let now = tx.now();
    let Some(service) = store::without_rows(tx.db(), HERE, now)? else {
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

/// What the actor's organisation offers, by id: also what is doubtful, restricted or not offered at present, for it is theirs to mend.
pub fn own_services(
    db: &mut Db<'_>,
    actor: &Actor,
    asked: &Asked,
    now: Timestamp,
) -> Result<Page<Service>, DirectoryError> {
    actor.may(Permission::ReadDirectory)?;
    let rows = store::of_member(db, actor.for_organisation()?, asked, now)?;
    Ok(asked.page(rows, |service| service.id.to_string()))
}

/// Whether a service takes people now.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Intake {
    /// From now on.
    pub availability: Availability,
    /// What there is to add, in one line; nothing about a person.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200)]
    pub note: Option<Line<200>>,
    /// How many it can take.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    pub places: Option<u32>,
    /// Until when that holds, a year at most; for the time in the hub's settings when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub valid_until: Option<Timestamp>,
}

impl From<Availability> for Intake {
    fn from(availability: Availability) -> Self {
        Self { availability, note: None, places: None, valid_until: None }
    }
}

/// Whether a service takes people now, at the version the caller saw.
#[derive(Clone, Debug)]
pub struct SetAvailability {
    /// Which service.
    pub service: ServiceId,
    /// The version the caller saw.
    pub version: i64,
    /// From now on.
    pub said: Intake,
}

/// Says whether a service takes people now, and until when that holds. What is unknown has no end.
pub fn set_availability(
    tx: &mut Tx<'_>,
    cmd: &SetAvailability,
    settings: &DirectorySettings,
) -> Result<Service, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = super::find_service(tx.db(), actor, cmd.service, now)?;
    let own = was.member.is_some() && was.member == actor.organisation();
    if !(own && actor.may(Permission::ReceiveReferrals).is_ok()) {
        actor.may(Permission::ManageDirectory)?;
    }
    let holds = TimeDelta::days(settings.availability_days);
    let until = cmd.said.valid_until.unwrap_or_else(|| now.plus(holds));
    if until <= now || until > now.plus(TimeDelta::days(MOST_DAYS)) {
        return Err(DirectoryError::BadMoment("valid_until is later than now, and at most a year off"));
    }
    if cmd.said.places.is_some_and(|places| places > MOST_PLACES) {
        return Err(DirectoryError::TooManyPlaces);
    }
    let known = cmd.said.availability != Availability::Unknown;
    let said = Intake { valid_until: known.then_some(until), ..cmd.said.clone() };
    let room = |availability: Availability| availability.name().to_owned();
    changes::note_service(tx, &was, &[("availability", room(was.availability), room(said.availability))])?;
    store::set_availability(tx, &SetAvailability { said, ..*cmd })?;
    super::find_service(tx.db(), actor, cmd.service, now)
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
    let (actor, now) = (tx.actor(), tx.now());
    actor.may(Permission::ManageDirectory)?;
    let was = super::find_service(tx.db(), actor, cmd.service, now)?;
    if let Some(link) = &cmd.link {
        if policy.service(&link.service).is_none() {
            return Err(DirectoryError::UnknownService(link.service.to_string()));
        }
        members::find_active(tx.db(), link.organisation)?;
    }
    store::link(tx, cmd)?;
    let after = super::find_service(tx.db(), actor, cmd.service, now)?;
    let member = |service: &Service| service.member.map_or_else(String::new, |member| member.to_string());
    let code = |service: &Service| service.service.as_ref().map_or_else(String::new, ToString::to_string);
    let changed = [("member", member(&was), member(&after)), ("service_code", code(&was), code(&after))];
    changes::note_service(tx, &was, &changed)?;
    Ok(after)
}

/// How what the actor enters for an organisation stands.
fn may_enter(actor: &Actor, organisation: OrganisationId) -> Result<Standing, DirectoryError> {
    if actor.may(Permission::ManageDirectory).is_ok() {
        return Ok(Standing::Listed);
    }
    actor.must_act_for(organisation)?;
    actor.may(Permission::ManageStaff)?;
    Ok(Standing::Proposed)
}

/// What the authorisation rule asks of the directory about a recipient and a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferFacts {
    /// The best availability among the entries that offer it.
    pub availability: Availability,
}

/// The codes of what may be meant by one: a packet may carry a broader code in the place of one that would give the need away.
pub(super) fn codes(service: &ServiceCode, policy: &Policy) -> Vec<String> {
    policy
        .services()
        .filter(|known| known.code == *service || known.route_as.as_ref() == Some(service))
        .map(|known| known.code.to_string())
        .collect()
}

/// Whether the organisation offers the service, and whether it takes people now. Nothing when no active entry says so.
pub fn offer(
    db: &mut Db<'_>,
    organisation: OrganisationId,
    service: &ServiceCode,
    policy: &Policy,
    now: Timestamp,
) -> Result<Option<OfferFacts>, DirectoryError> {
    let found = store::availabilities(db, organisation, &codes(service, policy), now)?;
    let order = [
        Availability::Open,
        Availability::Assessment,
        Availability::Unknown,
        Availability::Waitlist,
        Availability::Full,
    ];
    let best = order.into_iter().find(|availability| found.contains(availability));
    Ok(best.map(|availability| OfferFacts { availability }))
}
