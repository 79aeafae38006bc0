//! The gateway's side of HTTP: signs in with the client's key, and turns problems into failures of the command.

use std::{path::Path, time::Duration};

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use super::{
    CliError, files,
    home::{Connection, Keyring},
};
use crate::{
    crypto::{Kid, Passphrase, Typ, sign_compact},
    kernel::{
        Code, Digest, Fault, Secret,
        id::{ClientId, Ids, OrganisationId},
        time::Clock,
    },
};

/// How much of an answer is read at most, in bytes: the largest packet and some room.
const MAX_ANSWER: usize = 16 * 1_048_576;

/// How many pages of a history are asked for at most: it is held in memory.
const MAX_PAGES: u32 = 200;

/// A hub, signed in to.
pub(super) struct HubClient {
    http: reqwest::Client,
    base: String,
    token: String,
    /// The organisation this gateway acts for.
    pub(super) organisation: OrganisationId,
    /// Its root key, as this home holds it.
    pub(super) root: Kid,
}

/// What a hub answered.
pub(super) struct Answer {
    /// The body, when it is JSON.
    pub(super) body: Value,
}

/// An HTTP client with this project's limits: rustls, no redirects, time limits.
pub(super) fn http() -> Result<reqwest::Client, CliError> {
    http_for(&Connection::default())
}

/// The same with the certificates of a connection.
fn http_for(connection: &Connection) -> Result<reqwest::Client, CliError> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_secs(60))
        .user_agent(concat!("throughline/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = &connection.hub_ca {
        let authorities = reqwest::Certificate::from_pem_bundle(&files::bytes(path)?);
        builder = builder.tls_certs_only(authorities.map_err(|_ignored| unusable(path))?);
    }
    if let Some(path) = &connection.identity {
        let identity = reqwest::Identity::from_pem(&files::bytes(path)?);
        builder = builder.identity(identity.map_err(|_ignored| unusable(path))?);
    }
    builder.build().map_err(|error| unreachable("this machine's network", &error))
}

fn unusable(path: &Path) -> CliError {
    CliError::new(
        Code::new("home.certificate", Fault::Malformed),
        format!(
            "{} holds nothing in PEM that can be used for TLS; name another with throughline key connect",
            path.display()
        ),
    )
}

impl HubClient {
    /// The same line with a token nobody gave out.
    pub(super) fn without_token(&self) -> Self {
        Self {
            http: self.http.clone(),
            base: self.base.clone(),
            token: String::from("nobody.gave.this"),
            organisation: self.organisation,
            root: self.root.clone(),
        }
    }

    /// Signs in with the client's key.
    pub(super) async fn sign_in(
        connection: &Connection,
        keyring: &Keyring,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<Self, CliError> {
        let (Some(hub), Some(organisation), Some(client)) =
            (&connection.hub, connection.organisation, connection.client)
        else {
            return Err(CliError::new(
                Code::new("home.not_connected", Fault::Refused),
                "this gateway does not know its hub yet; run `throughline key connect --hub URL --organisation ID --client ID`",
            ));
        };
        let http = http_for(connection)?;
        let token = token(&http, hub, client, keyring, clock, ids).await?;
        let root = keyring.root.kid().clone();
        Ok(Self { http, base: hub.clone(), token, organisation, root })
    }

    /// The access token, for a client that must be plainer than this one.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, CliError> {
        self.send(Method::GET, path, None, &[]).await
    }

    /// POST of a JSON body.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Answer, CliError> {
        self.send(Method::POST, path, Some(("application/json", body.to_string().into_bytes())), &[]).await
    }

    /// PUT of a JSON body, whatever was there.
    pub(super) async fn put(&self, path: &str, body: &Value) -> Result<Answer, CliError> {
        self.send(Method::PUT, path, Some(("application/json", body.to_string().into_bytes())), &[]).await
    }

    /// DELETE of what is there.
    pub(super) async fn delete(&self, path: &str) -> Result<Answer, CliError> {
        self.send(Method::DELETE, path, None, &[]).await
    }

    /// A change of something that was read: it counts only while nobody else changed it.
    pub(super) async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        seen: i64,
    ) -> Result<Answer, CliError> {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.send(method, path, body, &[("if-match", &format!("\"{seen}\""))]).await
    }

    /// Every row of a list, page after page.
    pub(super) async fn all(&self, path: &str) -> Result<Vec<Value>, CliError> {
        every_row((&self.base, path), async |page: String| Ok(self.get(&page).await?.body)).await
    }

    /// Everything an organisation ever said about its keys, as the hub hands it out, its pages put together.
    pub(super) async fn key_history(&self, organisation: OrganisationId) -> Result<Value, CliError> {
        let path = format!("/api/v1/organisations/{organisation}/keys?limit=50");
        let mut history = self.get(&path).await?.body;
        let mut pages = 1;
        while let Some(next) = history.get("next").and_then(Value::as_str) {
            if pages == MAX_PAGES {
                return Err(CliError::new(
                    Code::new("hub.answer_too_large", Fault::TooLarge),
                    format!("the hub's list of what {organisation} said about its keys does not end"),
                ));
            }
            pages += 1;
            let mut page = self.get(&format!("{path}&after={next}")).await?.body;
            let mut statements = Vec::new();
            for part in [&mut history, &mut page] {
                if let Some(part) = part.get_mut("statements").and_then(Value::as_array_mut) {
                    statements.append(part);
                }
            }
            if let Some(page) = page.as_object_mut() {
                page.insert(String::from("statements"), statements.into());
            }
            history = page;
        }
        Ok(history)
    }

    /// POST of something that is not JSON.
    pub(super) async fn post_bytes(&self, path: &str, body: (&str, Vec<u8>)) -> Result<Answer, CliError> {
        self.send(Method::POST, path, Some(body), &[]).await
    }

    /// GET of something that is not JSON: its bytes, and a header that came with it.
    pub(super) async fn get_with(
        &self,
        path: &str,
        header: &str,
    ) -> Result<(Vec<u8>, Option<String>), CliError> {
        let (headers, bytes) = self.exchange(Method::GET, path, None, &[]).await?;
        let value = headers.get(header).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok((bytes, value))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, CliError> {
        let (_, bytes) = self.exchange(method, path, body, headers).await?;
        Ok(Answer { body: understood(&self.base, &bytes)? })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Result<(HeaderMap, Vec<u8>), CliError> {
        let request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        exchange(&self.base, request, body, headers).await
    }
}

/// A person of the node, signed in with a name and a passphrase.
pub(super) struct PersonClient {
    http: reqwest::Client,
    base: String,
    session: Secret<String>,
}

impl PersonClient {
    /// Signs in.
    pub(super) async fn sign_in(
        connection: &Connection,
        name: &str,
        passphrase: &Passphrase,
    ) -> Result<Self, CliError> {
        let base = connection.hub.clone().unwrap_or_default();
        may_be_told(&base)?;
        let http = http_for(connection)?;
        let body = json!({ "name": name, "passphrase": passphrase.expose() }).to_string().into_bytes();
        let request = http.post(format!("{base}/api/v1/session"));
        let (headers, _) = exchange(&base, request, Some(("application/json", body)), &[]).await?;
        let cookie = headers.get("set-cookie").and_then(|value| value.to_str().ok());
        let session =
            cookie.and_then(|cookie| cookie.split(';').next()).filter(|session| !session.is_empty());
        let session = session.ok_or_else(|| not_understood(&base, StatusCode::OK))?;
        let session = Secret::new(session.to_owned());
        Ok(Self { http, base, session })
    }

    /// GET.
    pub(super) async fn get(&self, path: &str) -> Result<Value, CliError> {
        self.send(Method::GET, path, None, &[]).await
    }

    /// Every row of a list, page after page.
    pub(super) async fn all(&self, path: &str) -> Result<Vec<Value>, CliError> {
        every_row((&self.base, path), async |page: String| self.get(&page).await).await
    }

    /// A change of something that was read: it counts only while nobody else changed it.
    pub(super) async fn change(&self, path: &str, body: &Value, seen: i64) -> Result<Value, CliError> {
        let body = ("application/json", body.to_string().into_bytes());
        self.send(Method::POST, path, Some(body), &[("if-match", &format!("\"{seen}\""))]).await
    }

    /// Signs out.
    pub(super) async fn sign_out(self) -> Result<(), CliError> {
        self.send(Method::DELETE, "/api/v1/session", None, &[]).await.map(drop)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
        headers: &[(&str, &str)],
    ) -> Result<Value, CliError> {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.header("cookie", self.session.expose());
        let (_, bytes) = exchange(&self.base, request, body, headers).await?;
        understood(&self.base, &bytes)
    }
}

/// Every row of a list, page after page.
async fn every_row(
    (hub, path): (&str, &str),
    get: impl AsyncFn(String) -> Result<Value, CliError>,
) -> Result<Vec<Value>, CliError> {
    let separator = if path.contains('?') { '&' } else { '?' };
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(format!("{path}{separator}limit=200{after}")).await?;
        let items = page.get("items").and_then(Value::as_array).cloned();
        let items = items.ok_or_else(|| not_understood(hub, StatusCode::OK))?;
        let ended = items.is_empty();
        rows.extend(items);
        match page.get("next").and_then(Value::as_str) {
            Some(next) if !ended => after = format!("&after={next}"),
            _ => return Ok(rows),
        }
    }
}

async fn exchange(
    hub: &str,
    mut request: reqwest::RequestBuilder,
    body: Option<(&str, Vec<u8>)>,
    headers: &[(&str, &str)],
) -> Result<(HeaderMap, Vec<u8>), CliError> {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some((kind, bytes)) = body {
        request = request.header("content-type", kind).body(bytes);
    }
    let response = request.send().await.map_err(|error| unreachable(hub, &error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = read(hub, response).await?;
    if status.is_success() {
        return Ok((headers, bytes));
    }
    Err(refused(hub, status, &serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

/// What a hub answered with success: JSON, or nothing at all.
fn understood(hub: &str, bytes: &[u8]) -> Result<Value, CliError> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).map_err(|_ignored| not_understood(hub, StatusCode::OK))
}

/// A passphrase is told over TLS, or to this machine itself.
fn may_be_told(hub: &str) -> Result<(), CliError> {
    let here = |url: &reqwest::Url| {
        url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"))
    };
    match reqwest::Url::parse(hub) {
        Ok(url) if url.scheme() == "https" || url.scheme() == "http" && here(&url) => Ok(()),
        _ => Err(CliError::new(
            Code::new("hub.not_private", Fault::Malformed),
            format!("{hub} is no https:// address; your passphrase could be read on the way there"),
        )),
    }
}

async fn token(
    http: &reqwest::Client,
    hub: &str,
    client: ClientId,
    keyring: &Keyring,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<String, CliError> {
    let mut random = [0u8; 16];
    ids.random(&mut random);
    let now = clock.now().seconds();
    let claims = json!({
        "iss": client, "sub": client, "aud": format!("{hub}/oauth/token"),
        "iat": now, "exp": now.saturating_add(120), "jti": Digest::of(random),
    });
    let assertion = sign_compact(&keyring.client, Typ::ClientAssertion, claims.to_string().as_bytes())?;
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let response = http
        .post(format!("{hub}/oauth/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .map_err(|error| unreachable(hub, &error))?;
    let status = response.status();
    let body: Value = serde_json::from_slice(&read(hub, response).await?).unwrap_or(Value::Null);
    match body.get("access_token").and_then(Value::as_str) {
        Some(token) if status.is_success() => Ok(token.to_owned()),
        _ => Err(refused(hub, status, &body)),
    }
}

async fn read(hub: &str, mut response: reqwest::Response) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(hub, &error))? {
        if bytes.len().saturating_add(chunk.len()) > MAX_ANSWER {
            return Err(CliError::new(
                Code::new("hub.answer_too_large", Fault::TooLarge),
                "the hub's answer is too large",
            ));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// The refusal of a hub. What it is hangs on its code: an answer without one comes from something between here and the hub, or
/// from something that is no hub, and its status says nothing about what was asked.
fn refused(hub: &str, status: StatusCode, body: &Value) -> CliError {
    match body.get("code").and_then(Value::as_str) {
        Some(code) => CliError::of_problem(fault_of(code, status), body),
        None => not_understood(hub, status),
    }
}

fn not_understood(hub: &str, status: StatusCode) -> CliError {
    CliError::new(
        Code::new("hub.not_understood", Fault::Unavailable),
        format!(
            "what answered at {hub} with status {status} does not speak as a hub does: look at the address, or at what \
             stands before the hub. Nothing is lost: run the same command again"
        ),
    )
}

/// The kind of a code. Every kind has a status of its own but for one; a code this release does not know goes by its status.
fn fault_of(code: &str, status: StatusCode) -> Fault {
    if code == "storage.outcome_unknown" {
        return Fault::Unsure;
    }
    match status.as_u16() {
        401 => Fault::Unauthenticated,
        403 => Fault::Forbidden,
        404 => Fault::NotFound,
        409 => Fault::Conflict,
        412 => Fault::Stale,
        413 => Fault::TooLarge,
        422 => Fault::Refused,
        429 => Fault::TooMany,
        400..=499 => Fault::Malformed,
        503 => Fault::Unavailable,
        _ => Fault::Internal,
    }
}

fn unreachable(hub: &str, error: &reqwest::Error) -> CliError {
    let why = if error.is_timeout() { "it did not answer in time" } else { "no connection" };
    CliError::new(
        Code::new("hub.unreachable", Fault::Unavailable),
        format!("{hub} cannot be reached ({why}). Nothing is lost: run the same command again when it can"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_code_is_not_taken_for_a_hub_s() {
        let gateway_page = refused("https://hub.test", StatusCode::NOT_FOUND, &Value::Null);
        assert_eq!(gateway_page.code(), "hub.not_understood");
        assert!(gateway_page.to_string().contains("404"), "{gateway_page}");
        let problem = json!({ "code": "access.not_found", "detail": "nothing here" });
        let refused = refused("https://hub.test", StatusCode::NOT_FOUND, &problem);
        assert_eq!((refused.code(), refused.to_string().as_str()), ("access.not_found", "nothing here"));
    }

    #[actix_web::test]
    async fn a_list_that_is_none_is_not_taken_for_an_empty_one() {
        for page in [Value::Null, json!({}), json!({ "items": "none" }), json!([])] {
            let rows = every_row(("https://hub.test", "/x"), async |_page: String| Ok(page.clone())).await;
            assert_eq!(rows.unwrap_err().code(), "hub.not_understood", "{page}");
        }
        let empty = async |_page: String| Ok(json!({ "items": [] }));
        assert!(every_row(("https://hub.test", "/x"), empty).await.unwrap().is_empty());
        let page = understood("https://hub.test", b"<html>Please sign in</html>").unwrap_err();
        assert_eq!(page.code(), "hub.not_understood");
        assert_eq!(understood("https://hub.test", b"").unwrap(), Value::Null, "nothing is an answer");
    }

    #[test]
    fn a_passphrase_is_told_over_tls_or_to_this_machine() {
        for told in ["https://hub.example", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"] {
            may_be_told(told).unwrap();
        }
        for untold in ["http://hub.example", "http://localhost.example", "hub.example", ""] {
            assert_eq!(may_be_told(untold).unwrap_err().code(), "hub.not_private", "{untold}");
        }
    }

    #[test]
    fn not_knowing_whether_it_was_done_is_told_from_not_now_by_the_code() {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(fault_of("storage.outcome_unknown", status), Fault::Unsure);
        assert_eq!(fault_of("storage.busy", status), Fault::Unavailable);
        assert_eq!(fault_of("a.code_of_a_later_release", StatusCode::CONFLICT), Fault::Conflict);
    }
}
