//! `/api/v1/packets`: hand in, see what waits, fetch.
//!
//! A packet's body is its own format and no JSON of ours: it is read within its own limit, and verified before a transaction begins.

use std::sync::Arc;

use actix_web::{
    FromRequest, HttpMessage as _, HttpRequest, HttpResponse,
    dev::Payload,
    http::header,
    web::{self, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};

use super::{answer, reply::note_read};
use crate::{
    access::{Permission, Setting, Tx},
    http::{Asking, Body, Coming, Paging, Problem, ProblemDocument, read, remembered},
    hub::{Answer, Failure, Hub, Remember, Reply},
    kernel::{
        Code, Fault, Timestamp,
        id::{PacketId, ReferralId},
    },
    packets::{
        self, Arrival, Delivered, Evidence, MAX_BODY, MEDIA_TYPE, PacketError, PacketFault, Registry,
        VerifiedPacket, Verifiers, Waiting,
    },
    policy::{Denials, Deny, Warning},
    referrals::{self, Deliver, ReferralError, SignedAhead, Taken},
    storage::Db,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(submit, waiting, fetch, evidence, receipt))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/packets", web::post().to(submit))
        .route("/api/v1/packets", web::get().to(waiting))
        .route("/api/v1/packets/{packet}", web::get().to(fetch))
        .route("/api/v1/packets/{packet}/evidence", web::get().to(evidence))
        .route("/api/v1/packets/{packet}/receipts", web::post().to(receipt));
}

/// The header that carries the node's receipt beside a packet.
const RECEIPT_HEADER: &str = "throughline-receipt";

/// A packet's bytes, and what must be remembered. Read only for a caller who acts for an organisation.
struct PacketBody {
    bytes: web::Bytes,
    remember: Option<Remember>,
}

impl PacketBody {
    async fn read(asking: &Asking, request: &HttpRequest, payload: &mut Payload) -> Result<Self, Problem> {
        let organisation = asking.caller.actor.for_organisation()?;
        let is_packet =
            request.mime_type().is_ok_and(|mime| mime.is_some_and(|mime| mime.essence_str() == MEDIA_TYPE));
        if !is_packet {
            return Err(Problem::new(
                Code::new("packet.media_type", Fault::Malformed),
                format!("A packet is sent with Content-Type: {MEDIA_TYPE}."),
            ));
        }
        let limit = asking.hub.settings().limits.packet_bytes.min(MAX_BODY);
        let bytes = read(request, payload, limit, organisation.to_string()).await?;
        let remember = remembered(request, &bytes)?;
        Ok(Self { bytes, remember })
    }
}

/// A caller and the packet they hand in.
struct HandedIn {
    asking: Asking,
    packet: PacketBody,
}

impl FromRequest for HandedIn {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let asking = Asking::extract(&request).await.map_err(numbered)?;
            match PacketBody::read(&asking, &request, &mut payload).await {
                Ok(packet) => Ok(Self { asking, packet }),
                Err(problem) if problem.code().fault() == Fault::TooLarge => {
                    Err(refused(&asking, PacketFault::TooLarge.into()).await)
                }
                Err(problem) => Err(numbered(problem)),
            }
        })
    }
}

/// Who calls is found out by the entrance and refused with its codes; the number of that check stands beside them.
fn numbered(problem: Problem) -> Problem {
    if matches!(problem.code().fault(), Fault::Unauthenticated | Fault::TooMany) {
        problem.with("check", PacketFault::Caller.number())
    } else {
        problem
    }
}

/// Notes in the log that a check refused a packet: who, when and the check's code, and nothing of the packet.
async fn refused(asking: &Asking, error: PacketError) -> Problem {
    let PacketError::Refused(fault) = error else { return error.into() };
    count_denied(&asking.hub, &fault.denials());
    let refusing = move |_tx: &mut Tx<'_>| Err::<(), _>(PacketError::from(fault));
    match asking.hub.write("packets.submit", &asking.caller, refusing).await {
        Ok(()) => fault.into(),
        Err(failure) => failure.into(),
    }
}

fn count_denied(hub: &Hub, denials: &Denials) {
    hub.metrics().denied(denials.codes().into_iter().map(Deny::code));
}

/// A packet that the hub has taken.
#[derive(Serialize, utoipa::ToSchema)]
struct PacketTaken {
    /// The packet.
    #[schema(value_type = String)]
    packet: PacketId,
    /// Its referral.
    #[schema(value_type = String)]
    referral: ReferralId,
    /// The node's signed receipt, a compact JWS of type rp1-receipt+jws.
    receipt: String,
    /// It had been taken before; the receipt is the first one.
    again: bool,
    /// What should be looked at although it passed.
    #[schema(value_type = Vec<String>, example = json!(["W301"]))]
    warnings: Vec<Warning>,
}

impl From<Taken> for PacketTaken {
    fn from(taken: Taken) -> Self {
        let Taken { packet, referral, receipt, again, warnings } = taken;
        Self { packet, referral, receipt, again, warnings }
    }
}

/// Hand in a sealed packet: a new referral, an update, a reply, or one that takes another back. Refused with every code that stands
/// against it. The same packet again gets the same receipt, with or without an `Idempotency-Key`.
#[utoipa::path(post, path = "/api/v1/packets", tag = "Packets",
    request_body(content = String, content_type = "application/rp1+json", description = "The container"),
    responses((status = 201, body = PacketTaken), (status = 400, body = ProblemDocument), (status = 409, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn submit(handed: HandedIn) -> Result<HttpResponse, Problem> {
    let HandedIn { asking, packet: PacketBody { bytes, remember } } = handed;
    let Ready { packet, setting, ahead } = match ready(&asking, bytes).await {
        Ok(ready) => ready,
        Err(error) => return Err(refused(&asking, error).await),
    };
    let taking = Arc::clone(&packet);
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer_in(setting, remember, move |tx| {
        let taken = referrals::take(tx, &taking, ahead.as_ref(), &policy)?;
        Ok::<_, ReferralError>(Reply::created(PacketTaken::from(taken))?)
    });
    let outcome = match outcome.await {
        Err(Failure::Refused(error)) if error.may_be_taken() => again(&asking.hub, packet, error).await,
        Err(Failure::Storage(error)) => again(&asking.hub, packet, error.into()).await,
        settled => settled,
    };
    if let Err(Failure::Refused(error)) = &outcome {
        count_denied(&asking.hub, &error.denials());
    }
    answer(outcome)
}

/// A packet whose form, keys and signature are right, and everything that can be made ready before its write.
struct Ready {
    packet: Arc<VerifiedPacket>,
    setting: Setting,
    ahead: Option<SignedAhead>,
}

async fn ready(asking: &Asking, bytes: web::Bytes) -> Result<Ready, PacketError> {
    let (hub, caller) = (asking.hub.clone(), asking.caller.clone());
    let arrival = Arrival { caller: caller.actor.for_organisation()?, at: hub.now() };
    let verifying = move |db: &mut Db<'_>| {
        let mut view = Registry::new(db, Verifiers::shared());
        let packet = packets::verify(&bytes, arrival, &mut view, &hub.policy())?;
        let setting = hub.setting("packets.submit", &caller);
        let ahead = referrals::sign_ahead(&setting, &packet);
        Ok(Ready { packet: Arc::new(packet), setting, ahead })
    };
    asking.hub.read(verifying).await
}

/// What came in between may have been the same packet: then its receipt is the answer, otherwise the refusal stays.
async fn again(
    hub: &Hub,
    packet: Arc<VerifiedPacket>,
    error: ReferralError,
) -> Result<Answer, Failure<ReferralError>> {
    let taken = hub.read(move |db| referrals::taken_before(db, &packet)).await;
    match taken {
        Ok(Some(taken)) => Ok(Answer { reply: Reply::created(PacketTaken::from(taken))?, replayed: false }),
        Ok(None) | Err(_) => Err(Failure::Refused(error)),
    }
}

/// Packets that wait for your organisation, oldest first.
#[utoipa::path(get, path = "/api/v1/packets", tag = "Packets", params(Paging), responses((status = 200, body = [Waiting])))]
async fn waiting(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    let (actor, asked) = (asking.caller.actor, paging.into_inner().asked());
    let page = asking.hub.read(move |db| packets::waiting(db, &actor, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Fetch a packet your organisation received or sent. The first time, a recipient gets it only if it may still pass. The node's receipt is in
/// the header `Throughline-Receipt`; sections that none of your keys open are `null`.
#[utoipa::path(get, path = "/api/v1/packets/{packet}", tag = "Packets", params(("packet" = String, Path)),
    responses((status = 200, content_type = "application/rp1+json", body = String), (status = 404, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
async fn fetch(asking: Asking, id: Path<PacketId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor.clone(), id.into_inner());
    actor.may(Permission::ReceiveReferrals).or_else(|_forbidden| actor.may(Permission::SendReferrals))?;
    let policy = asking.hub.policy();
    let reading = Arc::clone(&policy);
    let found = asking.hub.read(move |db| packets::fetch(db, &actor, id, &reading)).await?;
    if found.first {
        let judging = move |tx: &mut Tx<'_>| referrals::fetch(tx, id, &policy);
        let judged = asking.hub.write("packets.fetch", &asking.caller, judging).await;
        if let Err(Failure::Refused(error)) = &judged {
            count_denied(&asking.hub, &error.denials());
            if let ReferralError::Held(denials) = error {
                tell_held(&asking, id, denials.clone()).await;
            }
        }
        judged?;
    } else {
        note_read(&asking, "packets.fetch_again", &id.to_string()).await?;
    }
    Ok(served_as(found))
}

/// A refusal leaves nothing behind, so that its sender is told is a write of its own. When it fails, the recipient hears of the refusal
/// all the same, and the sender when the recipient asks again.
async fn tell_held(asking: &Asking, id: PacketId, denials: Denials) {
    let telling = move |tx: &mut Tx<'_>| referrals::tell_held(tx, id, &denials);
    if let Err(error) = asking.hub.write("packets.held", &asking.caller, telling).await {
        tracing::warn!(error = %error, "the sender of a held packet could not be told why");
    }
}

fn served_as(served: Delivered) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((header::HeaderName::from_static(RECEIPT_HEADER), served.receipt))
        .body(served.body)
}

/// What the hub keeps of a packet when its ciphertext is gone.
#[derive(Serialize, utoipa::ToSchema)]
struct PacketEvidence {
    /// The envelope, as its sender signed it.
    envelope: String,
    /// The node's signed receipt.
    receipt: String,
    /// When the hub received it.
    #[schema(value_type = String, format = DateTime)]
    received: Timestamp,
    /// When the ciphertext was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    purged: Option<Timestamp>,
    /// For its sender: the codes that it is held back for, since its recipient last asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    held: Option<serde_json::Value>,
}

/// Envelope and receipt of a packet, for its two sides, also after its ciphertext was deleted.
#[utoipa::path(get, path = "/api/v1/packets/{packet}/evidence", tag = "Packets", params(("packet" = String, Path)),
    responses((status = 200, body = PacketEvidence), (status = 404, body = ProblemDocument)))]
async fn evidence(asking: Asking, id: Path<PacketId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor.clone(), id.into_inner());
    actor.may(Permission::ReadReferrals)?;
    let Evidence { envelope, receipt, received, purged, held } =
        asking.hub.read(move |db| packets::evidence(db, &actor, id)).await?;
    note_read(&asking, "packets.evidence", &id.to_string()).await?;
    Ok(HttpResponse::Ok().json(PacketEvidence { envelope, receipt, received, purged, held }))
}

/// A gateway's signed receipt.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PacketReceipt {
    /// The receipt, a compact JWS of type rp1-receipt+jws.
    #[schema(max_length = 16384)]
    receipt: String,
}

/// Hand in the gateway's signed receipt about a packet: opened and sound, or a violation report. With the receipt for the packet that began it, a
/// referral counts as delivered.
#[utoipa::path(post, path = "/api/v1/packets/{packet}/receipts", tag = "Packets", params(("packet" = String, Path)),
    request_body = PacketReceipt,
    responses((status = 200, description = "Taken"), (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn receipt(
    asking: Asking,
    id: Path<PacketId>,
    body: Body<PacketReceipt>,
) -> Result<HttpResponse, Problem> {
    let ((signed, remember), id) = (body.into_parts(), id.into_inner());
    let command = Deliver { packet: id, receipt: signed.receipt };
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("packets.receipt", &asking.caller, remember, move |tx| {
        referrals::deliver(tx, &command, &policy)?;
        Ok::<_, ReferralError>(Reply::ok(serde_json::Value::Null)?)
    });
    answer(outcome.await)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config;

    #[test]
    fn no_setting_allows_a_packet_that_the_format_does_not_know() {
        let with = |bytes: usize| {
            config::load_with(Some(&format!("[limits]\npacket_bytes = {bytes}\n")), &BTreeMap::new())
        };
        with(MAX_BODY).unwrap();
        with(MAX_BODY + 1).unwrap_err();
    }
}
