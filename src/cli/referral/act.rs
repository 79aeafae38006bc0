//! One move: read where the referral stands, sign what is asked, hand it in, and believe only the node's signed receipt.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::{
        CliError, Output, consent, files,
        home::Home,
        known::node_key,
        policy,
        session::{Session, part, text},
    },
    show,
    verbs::Request,
};
use crate::{
    crypto::VerifyingKey,
    kernel::{
        Code, Digest, Fault,
        id::{OrganisationId, ReferralEventId, ReferralId, SystemIds},
        time::{Clock as _, SystemClock},
    },
    policy::{Policy, Reason, ReasonCode},
    referrals::{By, Event, EventReceipt, Move, Number, Seen, StateName},
};

/// Carries a move out.
pub(super) async fn act(home: &Home, asked: Request, output: &Output) -> Result<(), CliError> {
    let policy = policy::of(home)?;
    check_reason(&asked.asked, &policy)?;
    let passphrase = home.passphrase("Passphrase: ")?;
    if matches!(asked.asked, Move::AddChild { .. }) {
        consent::untold::may_be_told(home, &passphrase, asked.referral)?;
    }
    let session = Session::open_with(home, &passphrase, output).await?;
    let node = node_key(home, &session.hub).await?;
    let answer = match once(&session, &asked, &node).await {
        // Nothing may stand between a person and a withdrawal; any other move is for a person to decide again.
        Err(error) if error.code() == "referral.stale" && matches!(asked.asked, Move::Withdraw { .. }) => {
            once(&session, &asked, &node).await?
        }
        settled => settled?,
    };
    let referral: Value = part(&answer, "referral")?;
    output.data(&answer, |_| show::stands(&referral))
}

/// Notes on a referral that something was passed on from it, in another one. What stands there already is not noted twice: the hub's
/// answer may have been lost.
pub(in crate::cli) async fn add_child(
    session: &Session<'_>,
    referral: ReferralId,
    child: ReferralId,
    node: &Arc<VerifyingKey>,
) -> Result<(), CliError> {
    let asked = Request { referral, asked: Move::AddChild { child }, as_data_protection: false };
    match once(session, &asked, node).await {
        // Something else happened to it meanwhile, which does not change that it was passed on.
        Err(error) if error.code() == "referral.stale" => once(session, &asked, node).await.map(drop),
        settled => settled.map(drop),
    }
}

async fn once(session: &Session<'_>, asked: &Request, node: &Arc<VerifyingKey>) -> Result<Value, CliError> {
    let found = session.hub.get(&format!("/api/v1/referrals/{}", asked.referral)).await?.body;
    if matches!(asked.asked, Move::AddChild { .. }) && was_done(&found, &asked.asked) {
        return Ok(found);
    }
    let event = event(&found, asked, session.organisation(), &policy::of(session.home)?)?;
    let token = event.sign(&session.keyring.signing)?;
    let path = format!("/api/v1/referrals/{}/events", asked.referral);
    let answer = session.hub.post(&path, &json!({ "event": token })).await?.body;
    let receipt = text(&answer, "receipt");
    believed(receipt, node, &event, &token)?;
    files::replace(session.home.folder("receipts")?.join(format!("{}.jws", event.id)), receipt.as_bytes())?;
    Ok(answer)
}

/// What is signed: the move in this organisation's part, behind the event that is the last now.
fn event(found: &Value, asked: &Request, own: OrganisationId, policy: &Policy) -> Result<Event, CliError> {
    let (party, sender): (Value, OrganisationId) = (part(found, "party")?, part(found, "sender")?);
    let (head, state): (Digest, StateName) = (part(&party, "head")?, part(found, "state")?);
    let now = SystemClock.now();
    let seen = Seen { state, no_shows: no_shows(found) };
    Ok(Event {
        id: ReferralEventId::new(&SystemIds, now),
        referral: asked.referral,
        prev: Some(head),
        issuer: own.to_string(),
        role: role(asked, sender == own)?,
        number: asked.asked.row(seen, policy),
        asked: asked.asked.clone(),
        occurred: now,
    })
}

fn timeline(found: &Value) -> impl Iterator<Item = &Value> {
    found.get("timeline").and_then(Value::as_array).into_iter().flatten()
}

/// Whether this very move stands in the timeline.
fn was_done(found: &Value, asked: &Move) -> bool {
    timeline(found).any(|event| Event::claimed(text(event, "token")).is_ok_and(|event| event.asked == *asked))
}

fn no_shows(found: &Value) -> u8 {
    let missed = timeline(found).filter(|event| text(event, "number") == Number::T17.code());
    u8::try_from(missed.count()).unwrap_or(u8::MAX)
}

/// The part this organisation acts in.
fn role(asked: &Request, is_sender: bool) -> Result<By, CliError> {
    let parts = asked.asked.actors();
    let fits = |by: &&By| match by {
        By::Sender => is_sender && !asked.as_data_protection,
        By::Intake | By::CaseWorker => !is_sender,
        By::Person => true,
        By::DataProtection => {
            asked.as_data_protection || !parts.contains(&By::Person) && !parts.contains(&By::Sender)
        }
        By::Hub | By::Coordinator => false,
    };
    parts.iter().find(fits).copied().ok_or_else(|| {
        let side = if is_sender { "recipient" } else { "sender" };
        CliError::new(
            Code::new("referral.actor_refused", Fault::Refused),
            format!("only the {side} of this referral can {}", asked.asked.name().replace('_', "-")),
        )
    })
}

/// A reason of another list is refused before anything is signed, with the list that fits.
pub(super) fn check_reason(asked: &Move, policy: &Policy) -> Result<(), CliError> {
    let Some(reason) = asked.reason() else { return Ok(()) };
    let (sets, only) = asked.reasons();
    let fits = |known: &&Reason| only.is_empty() || only.contains(&known.code.as_str());
    let allowed: Vec<&Reason> = sets.iter().flat_map(|set| policy.reasons(*set)).filter(fits).collect();
    if allowed.iter().any(|known| known.code == *reason) {
        Ok(())
    } else {
        Err(not_fitting(asked, reason, &allowed))
    }
}

fn not_fitting(asked: &Move, reason: &ReasonCode, allowed: &[&Reason]) -> CliError {
    let list: Vec<String> =
        allowed.iter().map(|known| format!("\n  {} {}", known.code, known.label)).collect();
    let mut facts = serde_json::Map::new();
    let codes: Vec<&ReasonCode> = allowed.iter().map(|known| &known.code).collect();
    facts.insert(String::from("allowed"), json!(codes));
    CliError::new(
        Code::new("referral.reason_refused", Fault::Refused),
        format!("{reason} is no reason to {}; these are:{}", asked.name().replace('_', "-"), list.concat()),
    )
    .with(Some(facts))
}

/// The node must have signed that it recorded this very event.
fn believed(
    receipt: &str,
    node: &Arc<VerifyingKey>,
    event: &Event,
    token: &str,
) -> Result<EventReceipt, CliError> {
    let stated = EventReceipt::verify(receipt, node).ok().filter(|stated| {
        let about: (ReferralEventId, ReferralId) = (stated.re, stated.referral);
        about == (event.id, event.referral) && stated.h == Digest::of(token)
    });
    stated.ok_or_else(|| {
        CliError::new(
            Code::new("referral.receipt_refused", Fault::Refused),
            "the hub's receipt is not signed with the node's key, or is about another event; look at the referral again, and tell \
             the coordinator",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn asked(asked: Move) -> Request {
        Request { referral: Id::new(&SystemIds, SystemClock.now()), asked, as_data_protection: false }
    }

    fn reason(code: &str) -> ReasonCode {
        code.parse().unwrap()
    }

    #[test]
    fn everybody_acts_in_the_part_of_their_side() {
        let close = asked(Move::Close { reason: reason("CL01"), case: None, need: None });
        assert_eq!(role(&close, true).unwrap(), By::Sender);
        let refused = role(&close, false).unwrap_err();
        assert_eq!(refused.to_string(), "only the sender of this referral can close");
        assert_eq!(role(&asked(Move::AgreeCancel {}), false).unwrap(), By::CaseWorker);
        assert!(role(&asked(Move::AgreeCancel {}), true).is_err());
        for is_sender in [true, false] {
            assert_eq!(role(&asked(Move::Withdraw { reason: None }), is_sender).unwrap(), By::Person);
            assert_eq!(role(&asked(Move::HoldLegal {}), is_sender).unwrap(), By::DataProtection);
        }
        let error = asked(Move::DeclareError { reason: reason("ER01") });
        assert_eq!(role(&error, true).unwrap(), By::Sender);
        assert!(role(&error, false).is_err());
        let as_data_protection = Request { as_data_protection: true, ..error };
        assert_eq!(role(&as_data_protection, false).unwrap(), By::DataProtection);
    }

    #[test]
    fn a_reason_of_another_list_is_answered_with_those_that_fit() {
        let check = |asked: Move| check_reason(&asked, Policy::builtin());
        assert!(check(Move::Decline { reason: reason("DR01"), note: None }).is_ok());
        let wrong = check(Move::Hold { reason: reason("DR01"), resume: chrono::NaiveDate::default() });
        let wrong = wrong.unwrap_err();
        assert_eq!(wrong.code(), "referral.reason_refused");
        assert!(wrong.to_string().contains("\n  HX01 "), "{wrong}");
        let narrow = Move::Waitlist { reason: reason("DR03"), estimate: chrono::NaiveDate::default() };
        let narrow = check(narrow).unwrap_err().to_string();
        assert!(narrow.contains("DR02") && !narrow.contains("DR04"), "{narrow}");
    }
}
