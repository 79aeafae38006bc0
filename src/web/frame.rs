//! What is around every page: its head, its places, who is signed in, the languages.

use actix_web::{HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    assets, duties,
    form::here,
    notices,
    visit::Visit,
    words::{Language, Words},
};
use crate::{
    access::{Actor, Permission},
    http::Problem,
    kernel::{Code, Fault, id::StaffId},
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
    /// The organisation's people, under nicknames.
    Cases,
    /// What is overdue on the node, or in the organisation.
    Overdue,
    /// What the organisation must destroy.
    Duties,
    /// Reviewing the directory.
    Directory,
    /// The member organisations.
    Members,
    /// Who works for the organisation, or for the node.
    People,
    /// What the organisation offers.
    Services,
    /// Whom others call.
    Contacts,
    /// What organisations agreed.
    Agreements,
    /// What happened.
    Notices,
    /// What was disclosed.
    Disclosures,
    /// The log.
    Audit,
}

/// A place in the menu.
pub(super) struct Way {
    pub(super) address: &'static str,
    pub(super) word: String,
    pub(super) icon: &'static str,
    pub(super) here: bool,
    /// Whether a small screen has it in the row under the header; the others are in the menu there.
    pub(super) in_row: bool,
}

/// Who is signed in, in words.
pub(super) struct Who {
    pub(super) name: String,
    pub(super) roles: String,
    pub(super) organisation: String,
}

/// The sign of one's key, for people of organisations.
pub(super) struct Chip {
    /// Whose key it is: where the device keeps it.
    pub(super) staff: StaffId,
    /// What looks whether it is open, on pages that have no script of their own: those look themselves.
    pub(super) script: assets::Script,
    /// What is said when keys end.
    pub(super) ends: Ends,
    /// What is said of letters that wait.
    pub(super) to_go: ToGo,
    /// Whether they manage the organisation's keys.
    pub(super) holds: bool,
}

/// What a page says when keys end soon, or have ended; the script fills in the day.
pub(super) struct Ends {
    pub(super) own: String,
    pub(super) own_over: String,
    pub(super) readers: String,
    pub(super) readers_over: String,
}

/// What a page says of letters that wait on the device, and of those that went; the script fills in how many.
pub(super) struct ToGo {
    pub(super) waiting: String,
    pub(super) gone: String,
}

impl Ends {
    fn new(words: Words) -> Self {
        let said = |key| words.with(key, "day", "{day}");
        Self {
            own: said("frame-ends-own"),
            own_over: said("frame-ends-own-over"),
            readers: said("frame-ends-readers"),
            readers_over: said("frame-ends-readers-over"),
        }
    }
}

/// What is around a page.
pub(super) struct Frame {
    pub(super) words: Words,
    pub(super) title: String,
    pub(super) node: String,
    pub(super) style: String,
    pub(super) ways: Vec<Way>,
    pub(super) who: Option<Who>,
    pub(super) chip: Option<Chip>,
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
            roles: visit.words.list(who.roles.iter().map(|role| visit.words.word("role", role.name()))),
            organisation: who.organisation.clone().unwrap_or_else(|| node.name.clone()),
        });
        let actor = &visit.asking.caller.actor;
        let chip = actor.signed_in().filter(|_staff| actor.organisation().is_some()).map(|staff| Chip {
            staff,
            script: assets::Script::of("pages/chip.ts"),
            ends: Ends::new(visit.words),
            to_go: ToGo {
                waiting: visit.words.with("frame-to-go", "count", "{count}"),
                gone: visit.words.with("frame-gone", "count", "{count}"),
            },
            holds: actor.may(Permission::ManageKeys).is_ok(),
        });
        Self {
            ways: ways.unwrap_or_default(),
            who,
            chip,
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
            chip: None,
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

    /// The places that a small screen has in its menu.
    pub(super) fn in_menu(&self) -> Vec<&Way> {
        self.ways.iter().filter(|way| !way.in_row).collect()
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
    use Permission as P;
    let may = |permission| actor.may(permission).is_ok();
    // The node's people manage its own, and look after all agreements.
    let is_of_the_node = actor.organisation().is_none();
    let manages = if is_of_the_node { P::ManageMembers } else { P::ManageStaff };
    let agrees = if is_of_the_node { P::OverseeAgreements } else { P::ManageAgreements };
    let oversees = if is_of_the_node { P::ReadAllReferrals } else { P::ManageStaff };
    // Intake workers say how much room there is; administrators see what is said.
    let offers = !is_of_the_node && (may(P::ReceiveReferrals) || may(P::ManageStaff));
    let all = [
        (Place::Find, may(P::ReadDirectory), "/find", "frame-find", FIND),
        (Place::Inbox, may(P::ReadReferrals), "/inbox", "frame-inbox", INBOX),
        (Place::Sent, may(P::ReadReferrals), "/sent", "frame-sent", SENT),
        (Place::Cases, may(P::SendReferrals), "/cases", "frame-cases", CASES),
        (Place::Overdue, may(oversees), "/overdue", "frame-overdue", OVERDUE),
        (Place::Duties, duties::are_looked_at_by(actor), "/duties", "duties-title", DUTIES),
        (Place::Services, offers, "/services", "own-title", SERVICES),
        (Place::Contacts, offers, "/contacts", "contacts-title", CONTACTS),
        (Place::Directory, may(P::ManageDirectory), "/directory", "review-title", DIRECTORY),
        (Place::Members, may(P::ManageMembers), "/members", "members-title", MEMBERS),
        (Place::People, may(manages), "/people", "people-title", PEOPLE),
        (Place::Agreements, may(agrees), "/agreements", "agreements-title", AGREEMENTS),
        (Place::Notices, notices::are_looked_at_by(actor), "/notices", "notices-title", NOTICES),
        (Place::Disclosures, may(P::ReadDisclosures), "/disclosures", "frame-disclosures", DISCLOSURES),
        (Place::Audit, may(P::ReadAudit), "/audit", "audit-title", AUDIT),
    ];
    let shown = all.into_iter().filter(|(_, is_theirs, ..)| *is_theirs);
    shown
        .enumerate()
        .map(|(nth, (way, _, address, key, icon))| {
            let here = way == place;
            Way { address, word: words.t(key), icon, here, in_row: here || nth < IN_ROW }
        })
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

/// How many places the row of a small screen begins with; the one where somebody is stands there too.
const IN_ROW: usize = 4;

/// Icons, as the paths in a square of 24.
const FIND: &str = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm5 11.5 5 5";
const INBOX: &str = "M3 13h5l1.5 3h5L16 13h5M5.5 5h13L21 13v6H3v-6z";
const SENT: &str = "M21 3 10 14M21 3l-7 18-4-7-7-4z";
const CASES: &str = "M4 20c0-4 3.600-6 8-6s8 2 8 6M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z";
const OVERDUE: &str = "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 4.5V12l3.500 2";
const DUTIES: &str = "M4 7h16M9.500 7V4h5v3M6 7l1 13.500h10L18 7M10 11v6M14 11v6";
const SERVICES: &str = "M4 20V9l8-5 8 5v11zM9.500 20v-6h5v6";
const CONTACTS: &str = "M6 3h3l1.500 5L8 9.500a12 12 0 0 0 6.500 6.500l1.500-2.500 5 1.500v3c0 1.500-1 3-2.500 3C10.500 21 3 13.500 3 5.500 3 4 4.500 3 6 3z";
const DIRECTORY: &str = "M5 3h12l2 2v16H5zM8.500 8h7M8.500 12h4M9 16.500l2 2 4.500-4.500";
const MEMBERS: &str = "M4 20V9h7v11M11 20V4h9v16M3 20h18M14 8h3M14 12h3M14 16h3M6.500 13h2M6.500 16.500h2";
const PEOPLE: &str = "M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM2.500 20c0-3.500 3-5 6.500-5s6.500 1.500 6.500 5M16 5.500a3 3 0 0 1 0 6M18 15c2.500.500 3.500 2.500 3.500 5";
const AGREEMENTS: &str = "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6";
const DISCLOSURES: &str = "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z";
const NOTICES: &str = "M6 17V11a6 6 0 0 1 12 0v6l1.500 2h-15zM10 21.500h4";
const AUDIT: &str = "M5 3h14v18H5zM8.500 8h7M8.500 12h7M8.500 16h4";
