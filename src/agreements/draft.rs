//! Draft an agreement: write a document the mechanism's rules allow.

use serde::Deserialize;

use super::{Agreement, AgreementError, Checked, Complaint, State, store};
use crate::{
    access::{Permission, Tx},
    kernel::id::{AgreementId, OrganisationId},
    members,
    policy::Policy,
};

/// A document, as text: its exact bytes are what the parties will sign.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The agreement document (see its JSON schema), byte for byte.
    #[schema(max_length = 65_536)]
    pub document: String,
}

/// Keeps a draft. The same version may be drafted again by the same party until it is offered.
pub fn draft(tx: &mut Tx<'_>, cmd: &Draft, policy: &Policy) -> Result<Agreement, AgreementError> {
    tx.actor().may(Permission::ManageAgreements)?;
    let organisation = tx.actor().for_organisation()?;
    let checked =
        Checked::read(cmd.document.clone().into_bytes(), policy).map_err(AgreementError::Document)?;
    require_members(tx, &checked, organisation)?;
    let document = checked.document();
    follows(tx, document.id, &checked)?;
    let was = store::find_optional(tx.db(), document.id, document.version)?;
    let agreement = Agreement {
        id: document.id,
        version: document.version,
        digest: checked.digest(),
        drafted_by: organisation,
        parties: document.signatories().into_iter().collect(),
        validity: document.validity,
        state: State::Draft,
        suspended_by: None,
        stopped: Vec::new(),
        // What takes the place of a draft is a change of it: whoever looks at the one before offers nothing unseen.
        row_version: was.as_ref().map_or(1, |was| was.row_version.saturating_add(1)),
    };
    match was {
        None => {}
        Some(was) if was.state == State::Draft && was.drafted_by == organisation => {
            store::remove_draft(tx, &was)?;
        }
        Some(_) => return Err(AgreementError::VersionTaken),
    }
    store::insert(tx, &agreement, &checked)?;
    Ok(agreement)
}

/// Every party is a member, in the country the document says, and the drafter is one of them.
fn require_members(
    tx: &mut Tx<'_>,
    checked: &Checked,
    organisation: OrganisationId,
) -> Result<(), AgreementError> {
    let mut complaints = Vec::new();
    let mut say = |at: String, rule, says: &str| {
        complaints.push(Complaint { at, rule, code: None, says: says.to_owned() });
    };
    if !checked.document().has_party(organisation) {
        say(
            String::from("/parties"),
            "drafter_no_party",
            "an organisation drafts only what it will sign itself",
        );
    }
    let actor = tx.actor();
    for (n, party) in checked.document().parties.iter().enumerate() {
        match members::find_organisation(tx.db(), actor, party.org) {
            Ok(member) if member.country == party.country => {}
            Ok(_) => {
                say(format!("/parties/{n}/country"), "party_country", "the member is established elsewhere");
            }
            Err(members::MemberError::Access(_)) => {
                say(format!("/parties/{n}/org"), "party_unknown", "this organisation is no member");
            }
            Err(error) => return Err(error.into()),
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(AgreementError::Document(complaints)) }
}

/// A version after the first names the digest of the one before, and is drafted by one of its parties.
fn follows(tx: &mut Tx<'_>, id: AgreementId, checked: &Checked) -> Result<(), AgreementError> {
    let document = checked.document();
    let Some(before) = document.version.checked_sub(1).filter(|before| *before > 0) else { return Ok(()) };
    let was = store::find_optional(tx.db(), id, before)?.ok_or(AgreementError::BrokenChain)?;
    was.visible_to(tx.actor())?;
    if document.supersedes == Some(was.digest) && was.state != State::Draft {
        Ok(())
    } else {
        Err(AgreementError::BrokenChain)
    }
}
