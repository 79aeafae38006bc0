//! Somebody with a browser: keeps cookies, follows nothing by itself, and says where a request comes from as browsers do.

use std::collections::BTreeMap;

use serde_json::json;

use crate::support::{Org, TestHub, send};

/// What everybody's passphrase is.
pub(crate) const PASSPHRASE: &str = "four unrelated words here";

/// A page that came back.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
    /// How many bytes it travelled as, without the headers.
    pub(crate) bytes: usize,
}

impl Shown {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.text.contains(text), "no “{text}” in: {}", self.text);
        self
    }

    #[track_caller]
    pub(crate) fn does_not_say(self, text: &str) -> Self {
        assert!(!self.text.contains(text), "“{text}” in: {}", self.text);
        self
    }
}

/// Somebody with a browser.
pub(crate) struct Visitor {
    client: reqwest::Client,
    url: String,
    cookies: BTreeMap<String, String>,
}

impl Visitor {
    pub(crate) fn new(hub: &TestHub) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { client: client.build().unwrap(), url: hub.url.clone(), cookies: BTreeMap::new() }
    }

    /// Somebody of an organisation who has signed in.
    pub(crate) async fn signed_in(hub: &TestHub, org: &Org, roles: &[&str]) -> Self {
        Self::named(hub, &enrolled(hub, org, roles).await).await
    }

    /// Somebody who signs in by a name.
    pub(crate) async fn named(hub: &TestHub, name: &str) -> Self {
        let mut visitor = Self::new(hub);
        visitor.post("/sign-in", &[("name", name), ("passphrase", PASSPHRASE)]).await.expect(303);
        visitor
    }

    /// A cookie that is kept, as it is sent.
    pub(crate) fn cookie(&self, name: &str) -> String {
        format!("{name}={}", self.cookies[name])
    }

    pub(crate) async fn get(&mut self, path: &str) -> Shown {
        self.ask("GET", path, &[], None).await
    }

    pub(crate) async fn get_with(&mut self, path: &str, headers: &[(&str, &str)]) -> Shown {
        self.ask("GET", path, headers, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Shown {
        self.ask("POST", path, &[("sec-fetch-site", "same-origin")], Some(fields)).await
    }

    /// As it is sent with these headers alone: who posts says where from.
    pub(crate) async fn post_with(
        &mut self,
        headers: &[(&str, &str)],
        path: &str,
        fields: &[(&str, &str)],
    ) -> Shown {
        self.ask("POST", path, headers, Some(fields)).await
    }

    async fn ask(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        fields: Option<&[(&str, &str)]>,
    ) -> Shown {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(fields) = fields {
            let body = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.collect::<Vec<_>>().join("&"));
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Shown { status, headers, text: String::from_utf8_lossy(&body).into_owned(), bytes: body.len() }
    }
}

/// Enrols somebody with the passphrase of everybody; answers the name to sign in with.
pub(crate) async fn enrolled(hub: &TestHub, org: &Org, roles: &[&str]) -> String {
    let staff = format!("/api/v1/organisations/{}/staff", org.id);
    let enrolment = org.post(hub, &staff, &json!({ "name": "w.banda", "roles": roles })).await.expect(201);
    let choice = json!({ "code": enrolment.body["code"], "passphrase": PASSPHRASE });
    send(hub, None, "POST", "/api/v1/passphrase", &[], Some(&choice)).await.expect(204);
    enrolment.body["name"].as_str().unwrap().to_owned()
}

/// As a form is sent.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let part = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(part).collect()
}
