//! `/api/v1/referrals` and `/api/v1/needs`.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    answer,
    consents::HolderSays,
    reply::{note_read, respond},
};
use crate::{
    consent::Said,
    directory,
    http::{Asking, Body, Expected, Paging, Problem, ProblemDocument},
    hub::Reply,
    kernel::{
        Timestamp,
        id::{CorrectionId, ReferralId, SubjectToken},
        page::Cursor,
    },
    policy::ReasonCode,
    referrals::{
        self, Act, CorrectionAnswer, CorrectionView, DestructionView, Disclosures, Listing, MAX_EVENT,
        Mailbox, NeedView, Number, OrganisationNote, Oversee, Oversight, RecordNeed, ReferralError,
        ReferralView, Stated, Tray, Whose,
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        list,
        find,
        act,
        oversee,
        say_destroyed,
        list_destructions,
        answer_correction,
        list_corrections,
        mailbox,
        leave_note,
        read_notes,
        disclose,
        record_need,
        list_needs
    ),
    components(schemas(Tray))
)]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/referrals", web::get().to(list))
        .route("/api/v1/referrals/{referral}", web::get().to(find))
        .route("/api/v1/referrals/{referral}/events", web::post().to(act))
        .route("/api/v1/referrals/{referral}/oversight", web::post().to(oversee))
        .route("/api/v1/referrals/{referral}/destruction", web::post().to(say_destroyed))
        .route("/api/v1/destructions", web::get().to(list_destructions))
        .route("/api/v1/corrections", web::get().to(list_corrections))
        .route("/api/v1/corrections/{correction}/answer", web::post().to(answer_correction))
        .route("/api/v1/referrals/{referral}/notes", web::get().to(mailbox))
        .route("/api/v1/referrals/{referral}/notes", web::post().to(leave_note))
        .route("/api/v1/referrals/{referral}/notes/read", web::post().to(read_notes))
        .route("/api/v1/disclosures", web::post().to(disclose))
        .route("/api/v1/needs", web::post().to(record_need))
        .route("/api/v1/needs", web::get().to(list_needs));
}

/// Which list, and which page of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listed {
    /// `inbox`, `sent`, or for coordinators `overdue`.
    tray: Tray,
    /// Also what is over; left out means no.
    #[serde(default)]
    ended: bool,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// A signed event.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SignedEvent {
    /// The event, a compact JWS of type rp1-event+jws.
    #[schema(max_length = 4096)]
    event: String,
}

/// What a coordinator asks.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum AskedOversight {
    /// Somebody further up must look.
    Escalate {},
    /// It should never have been sent (ER).
    DeclareError {
        /// Why.
        #[schema(value_type = String, example = "ER01")]
        reason: ReasonCode,
    },
}

/// What an event led to.
#[derive(Serialize, utoipa::ToSchema)]
struct ActAnswer {
    /// The event's place in the referral's chain.
    seq: i64,
    /// The row of the table it was.
    number: Number,
    /// The node's signed receipt.
    receipt: String,
    /// The referral after it.
    referral: ReferralView,
}

/// Referrals your organisation received or sent.
#[utoipa::path(get, path = "/api/v1/referrals", tag = "Referrals", params(Listed),
    responses((status = 200, body = [ReferralView]), (status = 403, body = ProblemDocument)))]
async fn list(asking: Asking, listed: web::Query<Listed>) -> Result<HttpResponse, Problem> {
    let (actor, listed) = (asking.caller.actor, listed.into_inner());
    let asked = crate::kernel::page::Asked::new(listed.limit, listed.after);
    let listing = Listing { tray: listed.tray, ended: listed.ended, whose: Whose::Team };
    let page = asking.hub.read(move |db| referrals::list_referrals(db, &actor, listing, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One referral with its events, for its two sides and for coordinators. To anybody else there is nothing here.
#[utoipa::path(get, path = "/api/v1/referrals/{referral}", tag = "Referrals", params(("referral" = String, Path)),
    responses((status = 200, body = ReferralView), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, id: Path<ReferralId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor.clone(), id.into_inner(), asking.hub.now());
    let of_the_node = actor.organisation().is_none();
    let view = asking.hub.read(move |db| referrals::find_referral(db, &actor, id, now)).await?;
    if of_the_node {
        note_read(&asking, "referrals.read", &id.to_string()).await?;
    }
    Ok(respond(&Reply::ok(&view)?.version(view.version)))
}

/// Hand in a signed event: acknowledge, accept, decline and every other move of an organisation. The event cites the one before it,
/// so nothing needs `If-Match`; the same event again gets the same receipt.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/events", tag = "Referrals", params(("referral" = String, Path)),
    request_body = SignedEvent,
    responses((status = 200, body = ActAnswer), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 422, body = ProblemDocument)))]
async fn act(asking: Asking, id: Path<ReferralId>, body: Body<SignedEvent>) -> Result<HttpResponse, Problem> {
    let ((signed, remember), referral) = (body.into_parts(), id.into_inner());
    let command = Act { referral, event: within(signed.event)? };
    let (policy, settings) = (asking.hub.policy(), asking.hub.settings().directory.clone());
    let outcome = asking.hub.answer("referrals.act", &asking.caller, remember, move |tx| {
        let moved = referrals::act(tx, &command, &policy)?;
        if let Some(declined) = moved.declined() {
            directory::report_declined(tx, declined, (&policy, &settings))?;
        }
        let actor = tx.actor();
        let view = referrals::view_of(tx.db(), actor, &moved.referral)?;
        let version = view.version;
        let answer =
            ActAnswer { seq: moved.seq, number: moved.number, receipt: moved.receipt, referral: view };
        Ok::<_, ReferralError>(Reply::ok(&answer)?.version(version))
    });
    answer(outcome.await)
}

/// For coordinators: have somebody look at it, or declare with data protection that it was an error.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/oversight", tag = "Referrals",
    params(("referral" = String, Path), ("If-Match" = String, Header)), request_body = AskedOversight,
    responses((status = 200, body = ReferralView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn oversee(
    asking: Asking,
    id: Path<ReferralId>,
    expected: Expected,
    body: Body<AskedOversight>,
) -> Result<HttpResponse, Problem> {
    let ((asked, remember), referral) = (body.into_parts(), id.into_inner());
    let what = match asked {
        AskedOversight::Escalate {} => Oversight::Escalate,
        AskedOversight::DeclareError { reason } => Oversight::DeclareError(reason),
    };
    let command = Oversee { referral, version: expected.0, what };
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("referrals.oversee", &asking.caller, remember, move |tx| {
        let moved = referrals::oversee(tx, &command, &policy)?;
        let actor = tx.actor();
        let view = referrals::view_of(tx.db(), actor, &moved.referral)?;
        Ok::<_, ReferralError>(Reply::ok(&view)?.version(view.version))
    });
    answer(outcome.await)
}

/// Say what became of the data after the end of a referral your organisation received: acknowledge that it must go, certify that it is
/// destroyed, or say under which exception it is kept and until when.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/destruction", tag = "Referrals", params(("referral" = String, Path)),
    request_body = HolderSays,
    responses((status = 200, body = DestructionView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn say_destroyed(
    asking: Asking,
    id: Path<ReferralId>,
    body: Body<HolderSays>,
) -> Result<HttpResponse, Problem> {
    let ((said, remember), id) = (body.into_parts(), id.into_inner());
    let said = Said::from(said);
    let outcome = asking.hub.answer("referrals.answer_destruction", &asking.caller, remember, move |tx| {
        Ok::<_, ReferralError>(Reply::ok(referrals::answer_destruction(tx, id, said)?)?)
    });
    answer(outcome.await)
}

/// Which duties.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Owed {
    /// Only what is not destroyed yet; left out means all.
    #[serde(default)]
    open: bool,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// What must be destroyed after the end of referrals your organisation sent or received, and what was said about it; for coordinators
/// all of it.
#[utoipa::path(get, path = "/api/v1/destructions", tag = "Referrals", params(Owed),
    responses((status = 200, body = [DestructionView])))]
async fn list_destructions(asking: Asking, owed: web::Query<Owed>) -> Result<HttpResponse, Problem> {
    let (actor, owed, now) = (asking.caller.actor, owed.into_inner(), asking.hub.now());
    let asked = crate::kernel::page::Asked::new(owed.limit, owed.after);
    let page =
        asking.hub.read(move |db| referrals::list_destructions(db, &actor, owed.open, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Which corrections.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ToAnswer {
    /// Only what is not answered yet; left out means all.
    #[serde(default)]
    open: bool,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

/// What persons asked your organisation to have put right, oldest first: which kinds of thing, since when, until when; for coordinators
/// everybody's, without the kinds.
#[utoipa::path(get, path = "/api/v1/corrections", tag = "Referrals", params(ToAnswer),
    responses((status = 200, body = [CorrectionView]), (status = 403, body = ProblemDocument)))]
async fn list_corrections(asking: Asking, which: web::Query<ToAnswer>) -> Result<HttpResponse, Problem> {
    let (actor, which, now) = (asking.caller.actor, which.into_inner(), asking.hub.now());
    let asked = crate::kernel::page::Asked::new(which.limit, which.after);
    let page =
        asking.hub.read(move |db| referrals::list_corrections(db, &actor, which.open, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// What your organisation answers.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswersCorrection {
    /// What became of it.
    answer: CorrectionAnswer,
}

/// Say what became of what a person asked to have put right, for your organisation. What is put right stays so; what is disputed stays
/// marked until it is put right. The same again changes nothing.
#[utoipa::path(post, path = "/api/v1/corrections/{correction}/answer", tag = "Referrals",
    params(("correction" = String, Path)), request_body = AnswersCorrection,
    responses((status = 200, body = CorrectionView), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn answer_correction(
    asking: Asking,
    id: Path<CorrectionId>,
    body: Body<AnswersCorrection>,
) -> Result<HttpResponse, Problem> {
    let ((said, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("referrals.answer_correction", &asking.caller, remember, move |tx| {
        Ok::<_, ReferralError>(Reply::ok(referrals::answer_correction(tx, id, said.answer)?)?)
    });
    answer(outcome.await)
}

/// What your organisation and the person of a referral left for each other, the newest first: which sentences, and when they were read. What
/// the other organisation left is not shown.
#[utoipa::path(get, path = "/api/v1/referrals/{referral}/notes", tag = "Referrals", params(("referral" = String, Path)),
    responses((status = 200, body = Mailbox), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn mailbox(asking: Asking, id: Path<ReferralId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let found = asking.hub.read(move |db| referrals::mailbox(db, &actor, id)).await?;
    Ok(HttpResponse::Ok().json(found))
}

/// Which sentence.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LeavesNote {
    /// The sentence.
    kind: OrganisationNote,
    /// The day the person should come, with `please_come` alone: from today, and within a year.
    #[schema(value_type = Option<String>, format = Date)]
    day: Option<NaiveDate>,
}

/// Leave a note for the person, which they read with their code: a sentence of a list. The same again counts from now, and it takes the place
/// of what it contradicts.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/notes", tag = "Referrals", params(("referral" = String, Path)),
    request_body = LeavesNote,
    responses((status = 204, description = "Left"), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn leave_note(
    asking: Asking,
    id: Path<ReferralId>,
    body: Body<LeavesNote>,
) -> Result<HttpResponse, Problem> {
    let ((note, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("referrals.leave_note", &asking.caller, remember, move |tx| {
        referrals::leave_note(tx, id, (note.kind, note.day))?;
        Ok::<_, ReferralError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// Until when.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ReadNotes {
    /// When the newest was left that was read.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Say that somebody of your organisation read what the person left until a moment. The person sees that it was read.
#[utoipa::path(post, path = "/api/v1/referrals/{referral}/notes/read", tag = "Referrals", params(("referral" = String, Path)),
    request_body = ReadNotes,
    responses((status = 204, description = "Noted"), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn read_notes(
    asking: Asking,
    id: Path<ReferralId>,
    body: Body<ReadNotes>,
) -> Result<HttpResponse, Problem> {
    let ((ReadNotes { until }, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("referrals.read_notes", &asking.caller, remember, move |tx| {
        referrals::read_notes(tx, id, until)?;
        Ok::<_, ReferralError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// About whom.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AboutWhom {
    /// The person's pseudonym.
    #[schema(value_type = String)]
    subject: SubjectToken,
}

/// What was disclosed about a person, and the node's signature over it.
#[derive(Serialize, utoipa::ToSchema)]
struct DisclosureStatement {
    /// The statement as a compact JWS of type rp1-disclosures+jws, signed with the node's receipt key.
    statement: String,
    /// What it says.
    #[serde(flatten)]
    disclosures: Disclosures,
}

/// For data protection: what was disclosed about a person to whom, when, and under which agreement and consent. A statement one can hand
/// on. The pseudonym travels in the body, so that it stands in no address; nothing of the answer is remembered.
#[utoipa::path(post, path = "/api/v1/disclosures", tag = "Referrals", request_body = AboutWhom,
    responses((status = 200, body = DisclosureStatement), (status = 403, body = ProblemDocument)))]
async fn disclose(asking: Asking, body: Body<AboutWhom>) -> Result<HttpResponse, Problem> {
    let (AboutWhom { subject }, _never_remembered) = body.into_parts();
    let stated = asking
        .hub
        .write("referrals.disclosures", &asking.caller, move |tx| referrals::disclosures(tx, subject))
        .await?;
    let Stated { disclosures, token } = stated;
    Ok(HttpResponse::Ok().json(DisclosureStatement { statement: token, disclosures }))
}

/// Record a need that did not become a referral: nobody to refer to, or the person goes alone with an address.
#[utoipa::path(post, path = "/api/v1/needs", tag = "Referrals", request_body = RecordNeed,
    responses((status = 201, body = NeedView), (status = 422, body = ProblemDocument)))]
async fn record_need(asking: Asking, body: Body<RecordNeed>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("referrals.record_need", &asking.caller, remember, move |tx| {
        Ok::<_, ReferralError>(Reply::created(referrals::record_need(tx, &command, &policy)?)?)
    });
    answer(outcome.await)
}

/// The needs your organisation recorded, oldest first.
#[utoipa::path(get, path = "/api/v1/needs", tag = "Referrals", params(Paging), responses((status = 200, body = [NeedView])))]
async fn list_needs(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    let (actor, asked) = (asking.caller.actor, paging.into_inner().asked());
    let page = asking.hub.read(move |db| referrals::list_needs(db, &actor, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

fn within(event: String) -> Result<String, Problem> {
    if event.len() <= MAX_EVENT {
        return Ok(event);
    }
    Err(Problem::new(
        crate::kernel::Code::new("referral.event_too_long", crate::kernel::Fault::TooLarge),
        format!("An event may have at most {MAX_EVENT} characters."),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::referrals::{By, Move, state::tests::moves};

    #[test]
    fn whatever_a_coordinator_may_ask_for_can_be_asked_for_here() {
        // Whoever names something else is told what there is.
        let refused = serde_json::from_str::<AskedOversight>(r#"{"vanish":{}}"#).unwrap_err().to_string();
        let there: BTreeSet<&str> = refused.split('`').skip(3).step_by(2).collect();
        let all = moves();
        let theirs = all.iter().filter(|asked| asked.actors().contains(&By::Coordinator)).map(Move::name);
        assert_eq!(theirs.collect::<BTreeSet<_>>(), there);
    }
}
