//! The log: who did what and when, newest first, for those who may read it. That somebody read it stands in it as well.

use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;

use super::{
    form::Form,
    frame::{Frame, Place, page},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Role, Tx},
    audit::{self, EntryView, Record, Who},
    http::Problem,
    kernel::{
        id::{OrganisationId, ReferralId, StaffId},
        page::Asked,
    },
    members::{self, MemberError, Name},
    storage::Db,
};

/// How many entries stand on a page.
const PER_PAGE: u16 = 50;

struct Row {
    place: u64,
    when: String,
    what: String,
    /// What was done, as the log has it.
    action: String,
    who: String,
    organisation: String,
    /// The code it was refused with.
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    f: Frame,
    w: Words,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether this is not the first page.
    is_older: bool,
}

/// Names that are shown with entries; the log has none.
#[derive(Default)]
struct Names {
    organisations: HashMap<OrganisationId, Name>,
    /// People of the node. Those of organisations are shown by their role.
    people: HashMap<StaffId, Name>,
}

/// The entries, page by page, newest first.
pub(super) async fn list(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let (words, form) = (visit.words, Form::of_query(request.query_string()));
    let (hub, caller, after) = (&visit.asking.hub, &visit.asking.caller, form.after());
    let (is_older, asked) = (after.is_some(), Asked::new(Some(PER_PAGE), after));
    let found = hub.write("audit.read_entries", caller, move |tx| audit::read_entries(tx, &asked)).await?;
    let next = found.next.as_ref().map(|next| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("/audit?{}", query.append_pair("after", &next.to_string()).finish())
    });
    let (actor, entries) = (caller.actor.clone(), found.items);
    let (entries, names) = hub
        .read(move |db| {
            let names = names(db, &actor, &entries)?;
            Ok::<_, MemberError>((entries, names))
        })
        .await?;
    let shown = AuditPage {
        f: visit.frame(Place::Audit, words.t("audit-title")),
        w: words,
        rows: entries.iter().map(|entry| row(entry, &names, words)).collect(),
        next,
        is_older,
    };
    page(StatusCode::OK, &shown)
}

/// Notes that somebody of the node looked at a referral, which is a matter of others; what a party reads of its own leaves no entry.
pub(super) async fn note_read(visit: &Visit, referral: ReferralId) -> Result<(), Problem> {
    let caller = &visit.asking.caller;
    if caller.actor.organisation().is_some() {
        return Ok(());
    }
    let object = referral.to_string();
    let noting = move |tx: &mut Tx<'_>| audit::record(tx, &Record::about(&object)).map(drop);
    visit.asking.hub.write("referrals.read", caller, noting).await?;
    Ok(())
}

fn names(db: &mut Db<'_>, actor: &Actor, entries: &[EntryView]) -> Result<Names, MemberError> {
    let concerned: BTreeSet<OrganisationId> =
        entries.iter().filter_map(|entry| entry.facts.organisation).collect();
    let organisations = members::names_of(db, &concerned.into_iter().collect::<Vec<_>>())?;
    // The id of somebody who is not there any more stands for them.
    let of_the_node = entries.iter().filter(|entry| entry.facts.organisation.is_none());
    let people: BTreeSet<StaffId> = of_the_node
        .filter_map(|entry| if let Who::Staff(id) = entry.facts.actor { Some(id) } else { None })
        .collect();
    let people = members::names_of_staff(db, actor, &people.into_iter().collect::<Vec<_>>())?;
    Ok(Names { organisations, people })
}

fn row(entry: &EntryView, names: &Names, words: Words) -> Row {
    let facts = &entry.facts;
    let organisation = facts
        .organisation
        .map(|id| names.organisations.get(&id).map_or_else(|| id.to_string(), ToString::to_string));
    Row {
        place: entry.place,
        when: words.moment(facts.at),
        what: what(&facts.action, words),
        action: facts.action.clone(),
        who: who(facts.actor, &facts.role, names, words),
        organisation: organisation.unwrap_or_default(),
        refused: facts.refused.clone(),
    }
}

/// What was done, in words; nothing where there are none, and the log's own name stands alone.
fn what(action: &str, words: Words) -> String {
    let key = format!("audit-did-{}", action.replace(['.', '_'], "-"));
    let said = words.t(&key);
    if said == key { String::new() } else { said }
}

/// Who did it: by name only where somebody runs the node, otherwise by role.
fn who(actor: Who, role: &str, names: &Names, words: Words) -> String {
    let known = role.parse::<Role>().ok();
    let role = known.map(|role| words.word("role", role.name()));
    match actor {
        Who::Nobody => words.t("audit-nobody"),
        Who::Hub => words.t("audit-hub"),
        Who::Operator => words.t("audit-operator"),
        Who::Person => words.t("audit-person"),
        Who::Client(_) => words.t("audit-machine"),
        Who::Staff(id) => match (names.people.get(&id), role) {
            (Some(name), Some(role)) => format!("{name}, {role}"),
            (Some(name), None) => name.to_string(),
            (None, role) => format!("{} {}", role.unwrap_or_default(), end_of(id)).trim().to_owned(),
        },
    }
}

/// The end of an id: enough to tell two people apart, and to look for them in the log.
fn end_of(id: StaffId) -> String {
    let id = id.to_string();
    id.get(id.len().saturating_sub(6)..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    #[test]
    fn who_works_for_an_organisation_is_shown_by_role_and_not_by_name() {
        let words = Words { language: Language::En };
        let id: StaffId = "stf_01920000000070008000000000abcdef".parse().unwrap();
        let nobody = Names::default();
        assert_eq!(who(Who::Staff(id), "case_worker", &nobody, words), "Case worker abcdef");
        let known = Names { people: HashMap::from([(id, "m.tembo".parse().unwrap())]), ..Names::default() };
        assert_eq!(who(Who::Staff(id), "coordinator", &known, words), "m.tembo, Coordinator");
        assert_eq!(who(Who::Staff(id), "", &nobody, words), "abcdef");
        assert_ne!(who(Who::Person, "", &nobody, words), who(Who::Nobody, "", &nobody, words));
    }

    #[test]
    fn what_there_are_no_words_for_keeps_the_name_that_the_log_has() {
        for language in Language::ALL {
            let words = Words { language };
            assert_ne!(what("members.suspend", words), "");
            assert_eq!(what("moon.rise", words), "");
        }
    }
}
