//! Record a need that did not become a referral, so that a gap shows even where nobody could be asked.

use serde::{Deserialize, Serialize};

use super::{apply, error::ReferralError, referral::Referral, store};
use crate::{
    access::{Actor, Permission, Tx},
    kernel::{
        Timestamp,
        id::NeedId,
        page::{Asked, Page},
        text::Line,
    },
    policy::{Policy, PopulationCode, ReasonCode, ReasonSet, ServiceCode, UrgencyCode},
    storage::Db,
};

/// Why there is a need and no referral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NeedKind {
    /// Nobody could be referred to (NP).
    Unreferred,
    /// The person got an address and goes alone.
    InformationOnly,
    /// The hub noted that the same need was redirected again and again.
    Bounced,
}

impl NeedKind {
    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreferred => "unreferred",
            Self::InformationOnly => "information_only",
            Self::Bounced => "bounced",
        }
    }

    /// The kind a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        [Self::Unreferred, Self::InformationOnly, Self::Bounced].into_iter().find(|kind| kind.name() == word)
    }
}

/// A coarse area: a country, or a first-level subdivision of it (ISO 3166-2).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Area(Line<6>);

impl std::str::FromStr for Area {
    type Err = NotAnArea;

    fn from_str(text: &str) -> Result<Self, NotAnArea> {
        let (country, rest) = text.split_at_checked(2).ok_or(NotAnArea)?;
        let country_fits = country.bytes().all(|b| b.is_ascii_uppercase());
        let rest_fits = rest.is_empty()
            || rest.strip_prefix('-').is_some_and(|part| {
                (1..=3).contains(&part.len())
                    && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            });
        if country_fits && rest_fits {
            text.parse().map(Self).map_err(|_ignored| NotAnArea)
        } else {
            Err(NotAnArea)
        }
    }
}

impl Area {
    /// Whether it is a part of a country.
    fn is_part(&self) -> bool {
        self.0.contains('-')
    }
}

/// The text names no area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an area is a country like ZM or a part of it like ZM-09")]
pub struct NotAnArea;

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Area {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A need, in codes. There is no place for anything about the person.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordNeed {
    /// Why there is no referral: `unreferred` or `information_only`.
    pub kind: NeedKind,
    /// The service that is needed.
    #[schema(value_type = String, example = "SV01")]
    pub service: ServiceCode,
    /// How fast.
    #[schema(value_type = String, example = "U2")]
    pub urgency: UrgencyCode,
    /// Where, coarsely; a country alone for a service that tells much by itself.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "ZM-09")]
    pub area: Option<Area>,
    /// The group the person belongs to. One that says that somebody was trafficked or harmed, or something of their health, is refused.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "PG04")]
    pub population: Option<PopulationCode>,
    /// For `unreferred` a code NP01 to NP06; for `information_only` one of refused_sharing, self_referral, no_agreement,
    /// no_provider.
    #[schema(max_length = 32)]
    pub reason: String,
}

/// A recorded need.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct NeedView {
    /// Its id.
    #[schema(value_type = String)]
    pub id: NeedId,
    /// Why there is no referral.
    pub kind: NeedKind,
    /// The service.
    #[schema(value_type = String)]
    pub service: ServiceCode,
    /// How fast.
    #[schema(value_type = String)]
    pub urgency: UrgencyCode,
    /// Where, coarsely.
    #[schema(value_type = Option<String>)]
    pub area: Option<Area>,
    /// The group the person belongs to.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationCode>,
    /// The reason.
    pub reason: String,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Timestamp,
}

/// Records a need.
pub fn record_need(tx: &mut Tx<'_>, cmd: &RecordNeed, policy: &Policy) -> Result<NeedView, ReferralError> {
    tx.actor().may(Permission::SendReferrals)?;
    let organisation = tx.actor().for_organisation()?;
    let (service, group) =
        (policy.service(&cmd.service), cmd.population.as_ref().map(|code| policy.population(code)));
    let is_known = service.is_some() && policy.urgency(&cmd.urgency).is_some() && group != Some(None);
    if !is_known {
        return Err(ReferralError::NeedRefused("name a service, an urgency and a population of the policy"));
    }
    if group.flatten().is_some_and(|group| group.sealed) {
        return Err(ReferralError::NeedRefused(
            "this population is told in sealed data alone; leave it out of a need",
        ));
    }
    let gives_away = service.is_some_and(|service| service.route_as.is_some());
    if gives_away && cmd.area.as_ref().is_some_and(Area::is_part) {
        return Err(ReferralError::NeedRefused(
            "with a service that tells much by itself, name a country and no part of it",
        ));
    }
    let reason_fits = match cmd.kind {
        NeedKind::Unreferred => {
            cmd.reason.parse::<ReasonCode>().is_ok_and(|code| policy.reason(ReasonSet::Np, &code).is_some())
        }
        NeedKind::InformationOnly => WHY_INFORMATION_ONLY.contains(&cmd.reason.as_str()),
        NeedKind::Bounced => return Err(ReferralError::NeedRefused("only the hub notes a bounced need")),
    };
    if !reason_fits {
        return Err(ReferralError::NeedRefused("the reason is not one of this kind of need"));
    }
    let need = NeedView {
        id: tx.id(),
        kind: cmd.kind,
        service: cmd.service.clone(),
        urgency: cmd.urgency.clone(),
        area: cmd.area.clone(),
        population: cmd.population.clone(),
        reason: cmd.reason.clone(),
        recorded_at: tx.now(),
    };
    store::insert_need(tx, organisation, &need)?;
    apply::say(tx, "need.recorded", None, serde_json::json!({ "need": need.id }))?;
    Ok(need)
}

/// The needs an organisation recorded, oldest first.
pub fn list_needs(db: &mut Db<'_>, actor: &Actor, asked: &Asked) -> Result<Page<NeedView>, ReferralError> {
    actor.may(Permission::ReadReferrals)?;
    let organisation = actor.for_organisation()?;
    let rows = store::needs_of(db, organisation, asked.after(), asked.rows_to_load())?;
    Ok(asked.page(rows, |need| need.id.to_string()))
}

/// What the actor's organisation noted last for a service that nobody could be found for: what a referral can be closed with whose need
/// stays unmet. Newest first.
pub fn recent_needs(
    db: &mut Db<'_>,
    actor: &Actor,
    service: &ServiceCode,
) -> Result<Vec<NeedView>, ReferralError> {
    actor.may(Permission::ReadReferrals)?;
    Ok(store::unreferred(db, actor.for_organisation()?, service, MOST_RECENT)?)
}

/// After the third redirect of the same need: a gap, and somebody looks at it.
pub(super) fn note_bounce(
    tx: &mut Tx<'_>,
    referral: &Referral,
    policy: &Policy,
) -> Result<(), ReferralError> {
    let origin = &referral.origin;
    let redirects = store::redirects(tx.db(), origin.subject, &origin.service)?;
    if redirects != i64::from(policy.timers().redirect_limit) {
        return Ok(());
    }
    let need = NeedView {
        id: tx.id(),
        kind: NeedKind::Bounced,
        service: origin.service.clone(),
        urgency: origin.urgency.clone(),
        area: None,
        population: None,
        reason: String::from("redirected"),
        recorded_at: tx.now(),
    };
    store::insert_need(tx, origin.sender, &need)?;
    let payload = serde_json::json!({ "referral": origin.id, "need": need.id, "redirects": redirects });
    apply::say(tx, "referral.bounced", Some(origin.sender), payload.clone())?;
    apply::say(tx, "referral.bounced", None, payload)
}

/// How many needs are shown to choose from.
const MOST_RECENT: i64 = 10;

const WHY_INFORMATION_ONLY: [&str; 4] = ["refused_sharing", "self_referral", "no_agreement", "no_provider"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_no_finer_than_a_province() {
        for text in ["ZM", "ZM-09", "GB-ENG"] {
            assert_eq!(text.parse::<Area>().unwrap().to_string(), text);
        }
        for text in ["", "Z", "zm", "ZM-", "ZM-0901", "ZM 09", "Lusaka", "ZÉ"] {
            assert!(text.parse::<Area>().is_err(), "{text}");
        }
    }
}
