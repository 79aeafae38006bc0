//! Verifying a service: somebody asked, looked or read, and says what they found.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{Met, report, store};
use crate::{
    access::{Actor, Permission, Tx},
    config::DirectorySettings,
    directory::{DirectoryError, Listing, Service, changes, find_service},
    kernel::{
        Timestamp,
        id::{OrganisationId, ServiceId},
        page::{Asked, Page},
    },
    storage::Db,
};

/// How long ago a verification may be that is entered now, and how far off the next, in days.
const MOST_DAYS: i64 = 3_660;

/// How it was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Somebody called.
    Telephone,
    /// Somebody was there.
    Visit,
    /// Somebody wrote and was answered.
    Email,
    /// The provider said so of its own accord.
    ProviderUpdate,
    /// A document said so.
    Document,
    /// It came with a list that somebody answers for.
    Import,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All that was checked is right.
    Confirmed,
    /// It is right now: what was wrong was corrected.
    Corrected,
    /// Nobody could be reached.
    Unreachable,
    /// It is not offered any more.
    Closed,
}

/// What was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// Its name.
    Name,
    /// What it is.
    Description,
    /// Telephone, mail and address of pages.
    Contact,
    /// Where it is.
    Place,
    /// When it is open.
    Hours,
    /// Whom it is for.
    Eligibility,
    /// Whether it takes people.
    Capacity,
    /// What it costs.
    Cost,
    /// In which languages it is offered.
    Languages,
}

/// Every pair of a value and its word on the wire and in the database.
macro_rules! words {
    ($name:ident, $($value:ident = $word:literal),+) => {
        impl $name {
            /// Its word on the wire and in the database.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $word),+ }
            }

            fn from_name(word: &str) -> Option<Self> {
                [$(Self::$value),+].into_iter().find(|value| value.name() == word)
            }
        }

        impl std::str::FromStr for $name {
            type Err = &'static str;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                Self::from_name(word).ok_or(concat!("expected one of" $(, " ", $word)+))
            }
        }
    };
}

words!(
    Method,
    Telephone = "telephone",
    Visit = "visit",
    Email = "email",
    ProviderUpdate = "provider_update",
    Document = "document",
    Import = "import"
);
words!(
    Outcome,
    Confirmed = "confirmed",
    Corrected = "corrected",
    Unreachable = "unreachable",
    Closed = "closed"
);
words!(
    Checked,
    Name = "name",
    Description = "description",
    Contact = "contact",
    Place = "place",
    Hours = "hours",
    Eligibility = "eligibility",
    Capacity = "capacity",
    Cost = "cost",
    Languages = "languages"
);

/// What somebody found.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// How.
    pub method: Method,
    /// What came of it.
    pub outcome: Outcome,
    /// What was checked.
    #[serde(default)]
    #[schema(max_items = 9)]
    pub fields: Vec<Checked>,
    /// When; now when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// When it is due next; after the period in the hub's settings when left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due: Option<Timestamp>,
}

/// What somebody found of a service, at the version they saw.
#[derive(Clone, Debug)]
pub struct Verify {
    /// Which service.
    pub service: ServiceId,
    /// The version they saw.
    pub version: i64,
    /// What they found.
    pub found: Verified,
}

/// A verification as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Verification {
    /// The version of the service that it made.
    pub version: i64,
    /// How.
    pub method: Method,
    /// What came of it.
    pub outcome: Outcome,
    /// What was checked.
    pub fields: Vec<Checked>,
    /// Who verified: an id.
    pub by: String,
    /// The organisation they act for; absent for those who keep the directory.
    #[schema(value_type = Option<String>)]
    pub organisation: Option<OrganisationId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// When it is due next; absent when nothing was confirmed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_due: Option<Timestamp>,
}

/// Verifies a service: those who keep the directory may, and the provider its own. What is confirmed or corrected is good until it is due
/// next; what is closed is not offered any more; that nobody was reached changes nothing but the history.
pub fn verify(
    tx: &mut Tx<'_>,
    cmd: &Verify,
    settings: &DirectorySettings,
) -> Result<Service, DirectoryError> {
    let (actor, now) = (tx.actor(), tx.now());
    let was = find_service(tx.db(), actor, cmd.service, now)?;
    may_verify(actor, &was)?;
    let kept = kept(actor, cmd, settings, now)?;
    store::enter_verification(tx, &was, cmd.version, &kept)?;
    if kept.outcome == Outcome::Unreachable {
        report::enter(tx, &was, (kept.organisation, Met::Unreachable), settings)?;
    }
    let after = find_service(tx.db(), actor, cmd.service, now)?;
    let status = (was.status.name().to_owned(), after.status.name().to_owned());
    changes::note_service(tx, &was, &[("status", status.0, status.1)])?;
    find_service(tx.db(), actor, cmd.service, now)
}

/// The verification as it will be kept.
fn kept(
    actor: &Actor,
    cmd: &Verify,
    settings: &DirectorySettings,
    now: Timestamp,
) -> Result<Verification, DirectoryError> {
    let Verified { method, outcome, fields, at, next_due } = cmd.found.clone();
    let at = at.unwrap_or(now);
    let far = TimeDelta::days(MOST_DAYS);
    if at > now || at < now.minus(far) {
        return Err(DirectoryError::BadMoment("at is now or earlier, and at most ten years ago"));
    }
    let due = next_due.unwrap_or_else(|| at.plus(TimeDelta::days(settings.verification_days)));
    if due <= at || due > now.plus(far) {
        return Err(DirectoryError::BadMoment("next_due is later than at, and at most ten years off"));
    }
    let mut fields = fields;
    fields.sort_unstable();
    fields.dedup();
    Ok(Verification {
        version: cmd.version.saturating_add(1),
        method,
        outcome,
        fields,
        by: actor.log_name(),
        organisation: actor.organisation(),
        at,
        next_due: outcome.is_good().then_some(due),
    })
}

impl Outcome {
    /// Whether the entry is right now.
    pub(super) const fn is_good(self) -> bool {
        matches!(self, Self::Confirmed | Self::Corrected)
    }

    /// What becomes of whether a service is offered: nothing, unless it is found closed, or found open after it was closed so.
    pub(super) const fn listing(self, was_closed: bool) -> Option<Listing> {
        match self {
            Self::Closed => Some(Listing::Inactive),
            Self::Confirmed | Self::Corrected if was_closed => Some(Listing::Active),
            Self::Confirmed | Self::Corrected | Self::Unreachable => None,
        }
    }
}

/// Whether the actor keeps the directory, or speaks for the provider of this service.
pub(in crate::directory) fn may_verify(actor: &Actor, service: &Service) -> Result<(), DirectoryError> {
    let own = service.member.is_some() && service.member == actor.organisation();
    if own && speaks(actor) {
        return Ok(());
    }
    Ok(actor.may(Permission::ManageDirectory)?)
}

/// Whether the actor speaks for their organisation of what it provides.
pub(in crate::directory) fn speaks(actor: &Actor) -> bool {
    [Permission::ReceiveReferrals, Permission::ManageStaff].into_iter().any(|may| actor.may(may).is_ok())
}

/// How a service was verified so far, newest first. For those who may verify it.
pub fn verifications(
    db: &mut Db<'_>,
    actor: &Actor,
    (service, asked): (ServiceId, &Asked),
    now: Timestamp,
) -> Result<Page<Verification>, DirectoryError> {
    let service = find_service(db, actor, service, now)?;
    may_verify(actor, &service)?;
    let before = asked.after().and_then(|key| key.parse().ok()).unwrap_or(i64::MAX);
    let rows = store::verifications(db, service.id, before, asked.rows_to_load())?;
    Ok(asked.page(rows, |verification| verification.version.to_string()))
}
