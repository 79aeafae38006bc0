//! The referral that a packet continues, as far as a gateway knows it. What came before it, and whether it was withdrawn or restricted,
//! the hub knows.

use std::collections::BTreeSet;

use super::{
    super::{
        CliError, Output, agreement,
        consent::untold::{Said, Wishes},
        home::Home,
    },
    reach::Gateway,
};
use crate::{
    consent::{Link, Onwards, Parent, promised},
    packets::Envelope,
    policy::FieldId,
};

/// How a packet continues a referral, by what the person said about telling its sender. What they said another time is brought to mind.
pub(super) fn continues(wishes: Option<&Wishes>, says_so_now: Option<Said>, output: &Output) -> Onwards {
    let Some((wishes, since)) = wishes.and_then(|wishes| Some((wishes, wishes.untold_since()?))) else {
        return Onwards::Yes;
    };
    if says_so_now.is_none() {
        output.say(format!(
            "The person said on {since} that whoever sent {} must not hear that it is passed on: they do not.",
            wishes.referral
        ));
    }
    Onwards::Untold
}

/// The referral that a packet brought to this organisation; `received` is what was in it, where that is at hand.
pub(super) async fn brought_by(
    first: &Envelope,
    received: Option<BTreeSet<FieldId>>,
    (home, gateway): (&Home, &Gateway),
) -> Result<Parent, CliError> {
    let (onward, keep) = promised(&first.onward, &first.retention, &gateway.policy);
    let cited = agreement::kept::named(home, &format!("{}@{}", first.dsa.id, first.dsa.ver))?;
    let newest = agreement::kept::named(home, &first.dsa.id.to_string())?;
    Ok(Parent {
        sender: first.iss,
        recipient: gateway.organisation,
        untouched: true,
        serving: gateway.serves(first.referral).await?,
        purpose: first.purpose.clone(),
        onward,
        keep,
        certificate: first.scope.as_ref().map(|scope| scope.id),
        links: vec![Link { cited, newest, stands: true }],
        received,
    })
}
