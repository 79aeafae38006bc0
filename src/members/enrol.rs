//! Enrol an organisation.

use serde::Deserialize;

use super::{
    Country, MechanismRole, MemberError, Name, Organisation, OrganisationKind, Standing, client::require_new,
    store,
};
use crate::{
    access::{Permission, Tx},
    crypto::PublicJwk,
    outbox::{self, Event},
};

/// What is known of an organisation when it joins.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnrolOrganisation {
    /// Its name, up to 120 characters.
    #[schema(value_type = String, max_length = 120)]
    pub name: Name,
    /// What kind of body it is.
    pub kind: OrganisationKind,
    /// Where it is established, ISO 3166-1 alpha-2.
    #[schema(value_type = String)]
    pub country: Country,
    /// What it does in the mechanism.
    #[schema(max_items = 5)]
    pub roles: Vec<MechanismRole>,
    /// It has a mandate to enforce immigration or criminal law.
    #[serde(default)]
    pub enforcement: bool,
    /// It is an authority or consulate of this country.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub authority_of: Option<Country>,
    /// Its root key as a public JWK (P-256, use `sig`). Compare its thumbprint with the organisation by another channel first.
    #[schema(value_type = Object)]
    pub root: PublicJwk,
}

/// Enrols the organisation; it takes part at once.
pub fn enrol_organisation(tx: &mut Tx<'_>, cmd: &EnrolOrganisation) -> Result<Organisation, MemberError> {
    tx.actor().may(Permission::ManageMembers)?;
    require_new(tx.db(), cmd.root.kid())?;
    let organisation = Organisation {
        id: tx.id(),
        name: cmd.name.clone(),
        kind: cmd.kind,
        country: cmd.country,
        roles: cmd.roles.clone().into(),
        enforcement: cmd.enforcement,
        authority_of: cmd.authority_of,
        standing: Standing::Active,
        root: cmd.root.kid().to_string(),
        enrolled_at: tx.now(),
        calendar: None,
        version: 1,
    };
    store::insert_organisation(tx, &organisation, &cmd.root)?;
    outbox::say(
        tx,
        &Event {
            topic: "member.enrolled",
            organisation: None,
            payload: serde_json::json!({ "organisation": organisation.id }),
        },
    )?;
    Ok(organisation)
}
