//! What is around every page: its head, its places, who is signed in, the languages.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    assets,
    form::here,
    visit::Visit,
    words::{Language, Words},
};
use crate::{
    access::{Actor, Permission},
    http::Problem,
    kernel::{Code, Fault},
};

/// Where in the pages a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// None of the places of the menu.
    Elsewhere,
    /// Finding a service.
    Find,
    /// What the organisation received.
    Inbox,
    /// What the organisation sent.
    Sent,
    /// What is overdue on the node.
    Overdue,
}

/// A place in the menu.
pub(super) struct Way {
    pub(super) address: &'static str,
    pub(super) word: String,
    pub(super) icon: &'static str,
    pub(super) here: bool,
}

/// Who is signed in, in words.
pub(super) struct Who {
    pub(super) name: String,
    pub(super) roles: String,
    pub(super) organisation: String,
}

/// What is around a page.
pub(super) struct Frame {
    pub(super) words: Words,
    pub(super) title: String,
    pub(super) node: String,
    pub(super) style: String,
    pub(super) ways: Vec<Way>,
    pub(super) who: Option<Who>,
    pub(super) path: String,
    pub(super) release: &'static str,
    /// Whether the title begins with "Error".
    pub(super) is_error: bool,
}

impl Frame {
    /// The frame of a visit.
    pub(super) fn new(visit: &Visit, place: Place, title: String) -> Self {
        let node = &visit.asking.hub.settings().node;
        let ways = visit.who.as_ref().map(|_| ways(&visit.asking.caller.actor, visit.words, place));
        let who = visit.who.as_ref().map(|who| Who {
            name: who.name.to_string(),
            roles: who
                .roles
                .iter()
                .map(|role| visit.words.word("role", role.name()))
                .collect::<Vec<_>>()
                .join(", "),
            organisation: who.organisation.clone().unwrap_or_else(|| node.name.clone()),
        });
        Self {
            ways: ways.unwrap_or_default(),
            who,
            ..Self::bare(visit.words, title, &node.name, &visit.path)
        }
    }

    /// A frame without anybody in it.
    pub(super) fn bare(words: Words, title: String, node: &str, path: &str) -> Self {
        Self {
            words,
            title,
            node: node.to_owned(),
            style: assets::address("css/app.css"),
            ways: Vec::new(),
            who: None,
            path: here(path).unwrap_or("/").to_owned(),
            release: env!("CARGO_PKG_VERSION"),
            is_error: false,
        }
    }

    /// The same for a page that says what is wrong.
    #[must_use]
    pub(super) fn with_error(mut self) -> Self {
        self.is_error = true;
        self
    }

    pub(super) fn direction(&self) -> &'static str {
        self.words.language.direction()
    }

    pub(super) fn language(&self) -> &'static str {
        self.words.language.tag()
    }

    pub(super) fn own_name(&self) -> &'static str {
        self.words.language.own_name()
    }

    /// The other languages: tag, name.
    pub(super) fn others(&self) -> Vec<(&'static str, &'static str)> {
        let other = Language::ALL.into_iter().filter(|language| *language != self.words.language);
        other.map(|language| (language.tag(), language.own_name())).collect()
    }
}

fn ways(actor: &Actor, words: Words, place: Place) -> Vec<Way> {
    let all = [
        (Place::Find, Permission::ReadDirectory, "/find", "frame-find", FIND),
        (Place::Inbox, Permission::ReadReferrals, "/inbox", "frame-inbox", INBOX),
        (Place::Sent, Permission::ReadReferrals, "/sent", "frame-sent", SENT),
        (Place::Overdue, Permission::ReadAllReferrals, "/overdue", "frame-overdue", OVERDUE),
    ];
    let may = all.into_iter().filter(|(_, permission, ..)| actor.may(*permission).is_ok());
    may.map(|(way, _, address, key, icon)| Way { address, word: words.t(key), icon, here: way == place })
        .collect()
}

/// A page as it is sent.
pub(super) fn page(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(error = %error, "a page could not be made");
        Problem::new(Code::new("web.page", Fault::Internal), "The page could not be made.")
    })?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// Icons, as the paths in a square of 24.
const FIND: &str = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm5 11.5 5 5";
const INBOX: &str = "M3 13h5l1.5 3h5L16 13h5M5.5 5h13L21 13v6H3v-6z";
const SENT: &str = "M21 3 10 14M21 3l-7 18-4-7-7-4z";
const OVERDUE: &str = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4.5V12l3.500 2";
