//! From bytes to a caller and a parsed command. Bad input ends here.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header, web};
use serde::de::DeserializeOwned;

use super::{
    Problem, caller,
    door::{Door, Place},
    unassembled,
};
use crate::{
    hub::{Caller, Hub, Remember},
    kernel::{
        Code, Digest, Fault,
        id::RequestId,
        page::{Asked, Cursor},
    },
};

pub(crate) type Coming<T> = Pin<Box<dyn Future<Output = Result<T, Problem>>>>;

/// The hub, the caller, and what the caller said about repeating.
pub struct Asking {
    /// The workbench.
    pub hub: web::Data<Hub>,
    /// Who calls.
    pub caller: Caller,
}

impl FromRequest for Asking {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let hub = hub_of(&request)?;
            let id = request_id(&request, &hub);
            let actor = caller::actor_of(&hub, &request).await?;
            Ok(Self { hub, caller: Caller { actor, request: id } })
        })
    }
}

/// The id the guard gave this request.
pub(crate) fn request_id(request: &HttpRequest, hub: &Hub) -> RequestId {
    let given = request.extensions().get::<RequestId>().copied();
    given.unwrap_or_else(|| RequestId::new(hub.ids(), hub.now()))
}

pub(crate) fn hub_of(request: &HttpRequest) -> Result<web::Data<Hub>, Problem> {
    request.app_data::<web::Data<Hub>>().cloned().ok_or_else(unassembled)
}

/// A JSON body of type `T`: bounded, UTF-8, no unknown members (the type says so), and its digest for remembering.
#[derive(Debug)]
pub struct Body<T> {
    /// What was asked.
    pub value: T,
    remember: Option<Remember>,
}

impl<T> Body<T> {
    /// The command, and what must be remembered.
    pub fn into_parts(self) -> (T, Option<Remember>) {
        (self.value, self.remember)
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let limit = hub_of(&request)?.settings().limits.body_bytes;
            require_json(&request)?;
            let holder = holder(&request);
            let bytes = read(&request, &mut payload, limit, holder).await?;
            let remember = remembered(&request, &bytes)?;
            let value = parse(&bytes)?;
            Ok(Self { value, remember })
        })
    }
}

/// Whose a body is while it is in hand: whoever comes from that place.
pub(crate) fn holder(request: &HttpRequest) -> String {
    request.extensions().get::<Place>().map_or_else(String::new, |place| place.0.to_string())
}

/// The `Idempotency-Key` of a request whose body is not JSON, or empty.
pub struct Remembered(pub Option<Remember>);

impl FromRequest for Remembered {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        std::future::ready(remembered(request, &[]).map(Self))
    }
}

/// Reads a body of at most `limit` bytes; more is refused before it is read. Its room is the holder's until the answer is dropped.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
    holder: String,
) -> Result<web::Bytes, Problem> {
    let too_large = || {
        Problem::new(
            Code::new("api.body_too_large", Fault::TooLarge),
            format!("The body may hold at most {limit} bytes."),
        )
    };
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let door = request.app_data::<web::Data<Door>>().cloned().ok_or_else(unassembled)?;
    let held = door.room(holder, announced.unwrap_or(limit))?;
    request.extensions_mut().insert(held);
    let body = actix_web::body::to_bytes_limited(
        actix_web::body::BodyStream::new(std::mem::replace(payload, Payload::None)),
        limit,
    );
    match body.await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_broken)) => Err(Problem::new(
            Code::new("api.body_broken", Fault::Malformed),
            "The body ended before it was complete; send it again.",
        )),
        Err(_too_much) => Err(too_large()),
    }
}

fn require_json(request: &HttpRequest) -> Result<(), Problem> {
    match request.mime_type() {
        Ok(Some(mime)) if mime.subtype() == "json" || mime.suffix().is_some_and(|s| s == "json") => Ok(()),
        _ => Err(Problem::new(
            Code::new("api.not_json", Fault::Malformed),
            "The body must be JSON, with Content-Type: application/json.",
        )),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_ignored| {
        Problem::new(Code::new("api.not_utf8", Fault::Malformed), "The body must be UTF-8.")
    })?;
    if text.contains('\0') || text.contains("\\u0000") {
        return Err(Problem::new(
            Code::new("api.nul", Fault::Malformed),
            "Text may not hold the NUL character.",
        ));
    }
    serde_json::from_str(text).map_err(|error| {
        Problem::new(Code::new("api.body_malformed", Fault::Malformed), without_values(&error))
    })
}

/// What serde says, without the values the caller sent: they may be about a person.
fn without_values(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let at = format!("line {}, column {}", error.line(), error.column());
    let names_a_member =
        ["unknown field", "missing field", "duplicate field"].iter().any(|start| said.starts_with(start));
    if names_a_member {
        return format!("The body does not fit: {said}.");
    }
    match said.split_once("expected ") {
        Some((_value, expected)) => {
            let expected = expected.split(" at line").next().unwrap_or_default();
            format!("The body does not fit at {at}: expected {expected}.")
        }
        None => format!("The body does not fit at {at}."),
    }
}

pub(crate) fn remembered(request: &HttpRequest, body: &[u8]) -> Result<Option<Remember>, Problem> {
    let Some(value) = request.headers().get("idempotency-key") else { return Ok(None) };
    let key = value
        .to_str()
        .ok()
        .filter(|k| (1..=200).contains(&k.len()) && k.bytes().all(|b| b.is_ascii_graphic()));
    let Some(key) = key else {
        return Err(Problem::new(
            Code::new("idempotency.key_malformed", Fault::Malformed),
            "An Idempotency-Key is 1 to 200 visible ASCII characters.",
        ));
    };
    let digest = Digest::of_parts([
        request.method().as_str().as_bytes(),
        b"\n",
        request.uri().path_and_query().map_or("", |asked| asked.as_str()).as_bytes(),
        b"\n",
        request.headers().get(header::IF_MATCH).map_or(&[][..], |version| version.as_bytes()),
        b"\n",
        body,
    ]);
    Ok(Some(Remember { key: key.to_owned(), request: digest }))
}

/// The version named by `If-Match`.
#[derive(Clone, Copy, Debug)]
pub struct Expected(pub i64);

impl FromRequest for Expected {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let value = request.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok());
        let version = value.and_then(|v| v.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        std::future::ready(version.map(Self).ok_or_else(|| {
            Problem::new(
                Code::new("api.if_match_missing", Fault::Malformed),
                "Say which version you are changing: If-Match with the ETag you read.",
            )
        }))
    }
}

/// `?limit=` and `?after=` of a list.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many rows, 1 to 200; 50 when left out.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    after: Option<Cursor>,
}

impl Paging {
    /// The page asked for.
    pub fn asked(self) -> Asked {
        Asked::new(self.limit, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only parsed")]
    struct Sample {
        count: u8,
    }

    #[test]
    fn a_complaint_names_the_member_but_never_the_value() {
        let complaint = parse::<Sample>(br#"{"count":"canary"}"#).unwrap_err().to_string();
        assert!(complaint.contains("expected u8") && !complaint.contains("canary"), "{complaint}");
        let complaint = parse::<Sample>(br#"{"cuont":1}"#).unwrap_err().to_string();
        assert!(complaint.contains("unknown field `cuont`"), "{complaint}");
    }

    #[test]
    fn nul_is_refused_because_postgresql_would() {
        assert_eq!(parse::<String>(br#""a\u0000b""#).unwrap_err().code().name(), "api.nul");
    }
}
