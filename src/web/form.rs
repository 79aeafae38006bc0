//! Forms as they come in, and what is wrong with them.

use std::borrow::Cow;

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, mime};

use crate::{
    http::{Coming, Problem, holder, hub_of, read, refuse_forged},
    kernel::{Code, Fault, page::Cursor},
};

/// How many fields a form may have.
const MOST_FIELDS: usize = 2_000;

/// The fields of a form, in the order they came in. Nothing of them is ever printed.
#[derive(Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A form as it stands before somebody fills it in.
    pub(super) fn begun(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The fields of a query, which forms that change nothing and say nothing of a person send.
    pub(super) fn of_query(query: &str) -> Self {
        Self(url_fields(query.as_bytes()))
    }

    /// The same form with something else in a field.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.retain(|(field, _)| field != name);
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Whether there is a field, filled in or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }

    /// What stands in a field, trimmed; nothing when it is not there.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// The same as it was typed: a passphrase may begin with a blank.
    pub(super) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// All that stands in fields of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.trim())
    }

    /// Where the page that is asked for begins; nothing for the first, and where that cannot be read.
    pub(super) fn after(&self) -> Option<Cursor> {
        let after = self.one("after");
        if after.is_empty() { None } else { after.parse().ok() }
    }

    /// Whether something was chosen.
    pub(super) fn says(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|given| given == value)
    }
}

impl FromRequest for Form {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let hub = hub_of(&request)?;
            refuse_forged(&hub, &request)?;
            let is_form = matches!(request.mime_type(), Ok(Some(kind)) if kind.essence_str() == mime::APPLICATION_WWW_FORM_URLENCODED.as_ref());
            if !is_form {
                return Err(Problem::new(
                    Code::new("web.not_a_form", Fault::Malformed),
                    "This address takes the form of its page.",
                ));
            }
            let limit = hub.settings().limits.body_bytes;
            let bytes = read(&request, &mut payload, limit, holder(&request)).await?;
            Ok(Self(url_fields(&bytes)))
        })
    }
}

fn url_fields(bytes: &[u8]) -> Vec<(String, String)> {
    let pairs = form_urlencoded::parse(bytes).take(MOST_FIELDS);
    // What no database takes is no part of a word.
    pairs.map(|(name, value)| (name.into_owned(), value.replace('\0', ""))).collect()
}

/// Something wrong with a form, said beside a field and at the top of the page.
pub(super) struct Wrong {
    /// The id of the field.
    pub(super) field: Cow<'static, str>,
    /// What to do.
    pub(super) sentence: String,
}

/// What is wrong with a form.
#[derive(Default)]
pub(super) struct Wrongs(pub(super) Vec<Wrong>);

impl Wrongs {
    /// Notes something.
    pub(super) fn note(&mut self, field: impl Into<Cow<'static, str>>, sentence: String) {
        self.0.push(Wrong { field: field.into(), sentence });
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is wrong with a field.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|wrong| wrong.field == field).map(|wrong| wrong.sentence.as_str())
    }
}

/// An address on this hub, and nothing that leads elsewhere: a path of its own, without a host.
pub(super) fn here(path: &str) -> Option<&str> {
    let rest = path.strip_prefix('/')?;
    let is_plain = path.len() <= 300
        && !rest.starts_with(['/', '\\'])
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_plain.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_to_another_site() {
        for path in
            ["//evil.example", "/\\evil.example", "https://evil.example", "", "find", "/a\r\nb: c", "/a\\b"]
        {
            assert_eq!(here(path), None, "{path}");
        }
        assert_eq!(here("/find?service=SV01"), Some("/find?service=SV01"));
    }

    #[test]
    fn fields_are_read_as_they_were_chosen() {
        let form = Form::of_query("a=1&b=x+y&a=%002&c=%20z%20");
        assert_eq!(
            (form.one("a"), form.one("b"), form.one("c"), form.raw("c"), form.one("d")),
            ("1", "x y", "z", " z ", "")
        );
        assert!(form.says("a", "2") && form.has("b") && !form.has("d"));
        let form = form.with("a", "3").with("d", "");
        assert!(form.says("a", "3") && !form.says("a", "1") && form.has("d"));
    }
}
