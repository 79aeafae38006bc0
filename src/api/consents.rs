//! `/api/v1/certificates` and `/api/v1/withdrawals`: what the hub may know of consents, and what people take back.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};

use super::answer;
use crate::{
    access::{AccessError, Who},
    consent::{
        self, CertificateView, ConsentError, Exception, Extent, HolderAnswer, Register, Said, Whose,
        Withdraw, WithdrawalView,
    },
    http::{Asking, Body, Problem, ProblemDocument},
    hub::{Caller, Reply},
    kernel::{
        Secret, Timestamp,
        id::{CertificateId, SubjectToken, WithdrawalId},
    },
    referrals::{self, ReferralError},
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(register, certificate, withdraw, list, find, say))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/certificates", web::post().to(register))
        .route("/api/v1/certificates/{certificate}", web::get().to(certificate))
        .route("/api/v1/withdrawals", web::post().to(withdraw))
        .route("/api/v1/withdrawals", web::get().to(list))
        .route("/api/v1/withdrawals/{withdrawal}", web::get().to(find))
        .route("/api/v1/withdrawals/{withdrawal}/answers", web::post().to(say));
}

/// Register the scope certificate of a consent your organisation took, so that packets may cite it.
#[utoipa::path(post, path = "/api/v1/certificates", tag = "Consent", request_body = Register,
    responses((status = 201, body = CertificateView), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn register(asking: Asking, body: Body<Register>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("consent.register", &asking.caller, remember, move |tx| {
        Ok::<_, ConsentError>(Reply::created(consent::register(tx, &command, &policy)?)?)
    });
    answer(outcome.await)
}

/// A certificate, for the organisation that issued it and the one it is for: whether the consent still stands.
#[utoipa::path(get, path = "/api/v1/certificates/{certificate}", tag = "Consent", params(("certificate" = String, Path)),
    responses((status = 200, body = CertificateView), (status = 404, body = ProblemDocument)))]
async fn certificate(asking: Asking, id: Path<CertificateId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let view = asking.hub.read(move |db| consent::find_certificate(db, &actor, id)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// What a person takes back, and how whoever sends this knows whose consent it is: by the code on the receipt, for which nobody needs to
/// sign in, or by the pseudonym, for an organisation that knows it.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct TakenBack {
    /// The code on the person's receipt, with or without hyphens.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 64)]
    code: Option<Secret<String>>,
    /// The person's pseudonym.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    subject: Option<SubjectToken>,
    /// What is taken back. Everything when left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    extent: Extent,
}

/// That a withdrawal is recorded.
#[derive(Serialize, utoipa::ToSchema)]
struct Recorded {
    /// The withdrawal.
    #[schema(value_type = String)]
    withdrawal: WithdrawalId,
}

/// Take a consent back, or a part of it. Needs no reason; counts from this moment; heard again, it changes nothing.
#[utoipa::path(post, path = "/api/v1/withdrawals", tag = "Consent", request_body = TakenBack,
    responses((status = 201, body = Recorded), (status = 400, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn withdraw(asking: Asking, body: Body<TakenBack>) -> Result<HttpResponse, Problem> {
    let (taken, _never_remembered) = body.into_parts();
    let whose = match (taken.code, taken.subject) {
        (Some(code), None) => Whose::Code(code),
        (None, Some(subject)) => Whose::Subject(subject),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::new(
                crate::kernel::Code::new("consent.whose", crate::kernel::Fault::Malformed),
                "Say whose consent is taken back: either the code or the subject.",
            ));
        }
    };
    let (caller, command) = (heard(&asking.caller, &whose)?, Withdraw { whose, extent: taken.extent });
    // Heard twice it is one withdrawal, so nothing is remembered: an answer would be stored under a code that is a secret.
    let policy = asking.hub.policy();
    let withdrawal = asking
        .hub
        .write("consent.withdraw", &caller, move |tx| referrals::take_back(tx, &command, &policy))
        .await?;
    Ok(HttpResponse::Created().json(Recorded { withdrawal }))
}

/// Whoever comes with a code and nothing else is the person.
fn heard(caller: &Caller, whose: &Whose) -> Result<Caller, AccessError> {
    match (caller.actor.who(), whose) {
        (Who::Nobody, Whose::Code(_)) => Ok(caller.as_the_person()),
        (Who::Nobody, Whose::Subject(_) | Whose::Certificate(_)) => Err(AccessError::Unauthenticated),
        (Who::Staff(_) | Who::Client(_) | Who::Person | Who::Hub | Who::Operator, _) => Ok(caller.clone()),
    }
}

/// Which withdrawals.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Listed {
    /// Only those with answers missing; left out means all.
    #[serde(default)]
    open: bool,
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<crate::kernel::page::Cursor>,
}

/// Withdrawals of consents your organisation took, and those it must answer; for coordinators all of them, without anything about a
/// person.
#[utoipa::path(get, path = "/api/v1/withdrawals", tag = "Consent", params(Listed),
    responses((status = 200, body = [WithdrawalView])))]
async fn list(asking: Asking, listed: web::Query<Listed>) -> Result<HttpResponse, Problem> {
    let (actor, listed, now) = (asking.caller.actor, listed.into_inner(), asking.hub.now());
    let asked = crate::kernel::page::Asked::new(listed.limit, listed.after);
    let page =
        asking.hub.read(move |db| consent::list_withdrawals(db, &actor, listed.open, &asked, now)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One withdrawal: who must answer, until when, and what they did.
#[utoipa::path(get, path = "/api/v1/withdrawals/{withdrawal}", tag = "Consent", params(("withdrawal" = String, Path)),
    responses((status = 200, body = WithdrawalView), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, id: Path<WithdrawalId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor, id.into_inner(), asking.hub.now());
    let view = asking.hub.read(move |db| consent::find_withdrawal(db, &actor, id, now)).await?;
    Ok(HttpResponse::Ok().json(view))
}

/// What a holder says about data it was asked to destroy.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(tag = "said", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum HolderSays {
    /// It heard it, and stopped using the data.
    Acknowledged,
    /// Everything that was asked for is destroyed: a certificate of destruction.
    Destroyed,
    /// It is kept, apart and under restricted access.
    Kept {
        /// The exception it is kept under.
        exception: Exception,
        /// Until when.
        #[schema(value_type = String, format = DateTime)]
        until: Timestamp,
    },
}

impl From<HolderSays> for Said {
    fn from(says: HolderSays) -> Self {
        match says {
            HolderSays::Acknowledged => Self::Acknowledged,
            HolderSays::Destroyed => Self::Done(HolderAnswer::Destroyed),
            HolderSays::Kept { exception, until } => Self::Done(HolderAnswer::Kept { exception, until }),
        }
    }
}

/// Answer a withdrawal that reached your organisation: acknowledge it, certify that the data is destroyed, or say under which exception
/// it is kept and until when.
#[utoipa::path(post, path = "/api/v1/withdrawals/{withdrawal}/answers", tag = "Consent", params(("withdrawal" = String, Path)),
    request_body = HolderSays,
    responses((status = 200, body = WithdrawalView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn say(
    asking: Asking,
    id: Path<WithdrawalId>,
    body: Body<HolderSays>,
) -> Result<HttpResponse, Problem> {
    let ((said, remember), id) = (body.into_parts(), id.into_inner());
    let said = Said::from(said);
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("consent.answer_withdrawal", &asking.caller, remember, move |tx| {
        let view = referrals::answer_withdrawal(tx, id, said, &policy)?;
        Ok::<_, ReferralError>(Reply::ok(view)?)
    });
    answer(outcome.await)
}
