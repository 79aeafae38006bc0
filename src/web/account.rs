//! One's own account: who one is here, and another passphrase.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Query},
};
use askama::Template;
use serde::Deserialize;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    http::{Door, Problem, session},
    kernel::Secret,
    members::{ChangePassphrase, LEAST_PASSPHRASE},
};

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    name: String,
    roles: String,
    organisation: String,
    least: usize,
    was_changed: bool,
    /// Whether they have a key of their own.
    has_key: bool,
}

/// What was done before the page is shown.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Shown {
    changed: String,
}

/// The account.
pub(super) async fn show(Signed(visit): Signed, shown: Query<Shown>) -> Result<HttpResponse, Problem> {
    account_page(&visit, (Wrongs::default(), !shown.changed.is_empty()), StatusCode::OK)
}

fn account_page(
    visit: &Visit,
    (wrongs, was_changed): (Wrongs, bool),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let frame = visit.frame(Place::Elsewhere, words.t("account-title"));
    let f = if wrongs.is_empty() { frame } else { frame.with_error() };
    let who = f.who.as_ref();
    let (name, roles, organisation) =
        who.map(|who| (who.name.clone(), who.roles.clone(), who.organisation.clone())).unwrap_or_default();
    let shown = AccountPage {
        w: words,
        wrongs,
        name,
        roles,
        organisation,
        least: LEAST_PASSPHRASE,
        was_changed,
        has_key: f.chip.is_some(),
        f,
    };
    page(status, &shown)
}

/// Puts a new passphrase in the place of the old one.
pub(super) async fn change(
    Signed(visit): Signed,
    request: HttpRequest,
    door: Data<Door>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let words = visit.words;
    let (old, new) = (form.raw("old"), form.raw("passphrase"));
    let mut wrongs = Wrongs::default();
    if old.is_empty() {
        wrongs.note("old", words.t("account-no-old"));
    }
    if new.chars().count() < LEAST_PASSPHRASE {
        wrongs.note("passphrase", words.with("passphrase-short", "least", LEAST_PASSPHRASE));
    } else if new != form.raw("again") {
        wrongs.note("again", words.t("passphrase-differs"));
    }
    if !wrongs.is_empty() {
        return account_page(&visit, (wrongs, false), StatusCode::UNPROCESSABLE_ENTITY);
    }
    let command = ChangePassphrase { old: Secret::new(old.to_owned()), new: Secret::new(new.to_owned()) };
    let Err(problem) = session::change_passphrase(&visit.asking, (&door, &request), command).await else {
        return Ok(see("/account?changed=1"));
    };
    match problem.code().name() {
        "member.sign_in_refused" => wrongs.note("old", words.t("account-wrong-old")),
        "member.passphrase_too_long" => wrongs.note("passphrase", words.t("passphrase-long")),
        _ => return Err(problem),
    }
    account_page(&visit, (wrongs, false), problem.status())
}
