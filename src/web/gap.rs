//! Noting that a need stays unmet: in codes and without anything of the person, so that a gap shows even where nobody could be asked.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use chrono::NaiveDate;

use super::{
    find::{Choice, place_named},
    form::{Form, Wrongs, here},
    frame::{Frame, Place, page},
    sign_in::see,
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::{Actor, Permission},
    directory::{
        self, DirectoryError,
        areas::{Area, AreasWanted},
    },
    http::Problem,
    kernel::{Fault, page::Asked},
    members::MemberError,
    policy::{Policy, PopulationCode, ReasonCode, ReasonSet, ServiceCode, UrgencyCode},
    referrals::{self, NeedKind, RecordNeed},
    storage::Db,
};

/// How many countries and how many provinces are offered to choose from.
const MOST_AREAS: u16 = 200;

#[derive(Template)]
#[template(path = "gap.html")]
struct GapPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    services: Vec<Choice>,
    areas: Vec<Choice>,
    urgencies: Vec<Choice>,
    populations: Vec<Choice>,
    reasons: Vec<Choice>,
    /// The search that found nobody suitable.
    back: String,
}

#[derive(Template)]
#[template(path = "gap-noted.html")]
struct NotedPage {
    f: Frame,
    w: Words,
    back: String,
}

/// Whether somebody notes needs: whoever refers, for their organisation.
pub(super) fn may_note(actor: &Actor) -> bool {
    actor.may(Permission::SendReferrals).is_ok() && actor.organisation().is_some()
}

/// The way to note that a search found nobody suitable: with the service, the place and the way back, and nothing of a person.
pub(super) fn way(service: &str, near: &str, back: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in [("service", service), ("near", near), ("then", back)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    format!("/needs/new?{}", query.finish())
}

/// Asks what is noted.
pub(super) async fn ask(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let form = Form::of_query(request.query_string());
    show(&visit, &form, Wrongs::default(), StatusCode::OK).await
}

/// Notes it; a form that is refused comes back as it was filled.
pub(super) async fn record(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    require(&visit)?;
    let policy = visit.asking.hub.policy();
    let need = match filled(&form, &policy, visit.words) {
        Ok(need) => need,
        Err(wrongs) => return show(&visit, &form, wrongs, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    let noted = visit
        .asking
        .hub
        .write("referrals.record_need", &visit.asking.caller, move |tx| {
            referrals::record_need(tx, &need, &policy).map(drop)
        })
        .await;
    match noted.map_err(Problem::from) {
        Ok(()) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("then", &back(&form));
            Ok(see(&format!("/needs/noted?{}", query.finish())))
        }
        Err(problem) if problem.code().fault() == Fault::Refused => {
            let mut wrongs = Wrongs::default();
            wrongs.note("service", visit.words.t("gap-refused"));
            show(&visit, &form, wrongs, problem.status()).await
        }
        Err(problem) => Err(problem),
    }
}

/// Says that it is noted, and leads back.
pub(super) async fn noted(Signed(visit): Signed, request: HttpRequest) -> Result<HttpResponse, Problem> {
    require(&visit)?;
    let words = visit.words;
    let back = back(&Form::of_query(request.query_string()));
    let shown = NotedPage { f: visit.frame(Place::Find, words.t("gap-noted")), w: words, back };
    page(StatusCode::OK, &shown)
}

/// Refuses whoever does not note needs, as the room would.
fn require(visit: &Visit) -> Result<(), Problem> {
    let actor = &visit.asking.caller.actor;
    actor.may(Permission::SendReferrals).map_err(MemberError::from)?;
    actor.for_organisation().map_err(MemberError::from)?;
    Ok(())
}

/// The search that one came from; the empty one when that is no search of this hub.
fn back(form: &Form) -> String {
    let then = here(form.one("then")).filter(|then| *then == "/find" || then.starts_with("/find?"));
    then.unwrap_or("/find").to_owned()
}

async fn show(
    visit: &Visit,
    form: &Form,
    wrongs: Wrongs,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    require(visit)?;
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (policy, today) = (hub.policy(), hub.now().datetime().date_naive());
    let near = form.one("near").to_owned();
    let known = hub.read(move |db| coarse_areas(db, &near, today)).await?;
    let frame = visit.frame(Place::Find, words.t("gap-title"));
    let shown = GapPage {
        f: if wrongs.is_empty() { frame } else { frame.with_error() },
        w: words,
        wrongs,
        services: policy
            .services()
            .map(|service| {
                let code = service.code.as_str();
                choice(form, "service", code, words.code(code, &service.label))
            })
            .collect(),
        areas: areas(form, known, words, &hub.settings().node.country),
        urgencies: policy
            .urgencies()
            .map(|urgency| {
                let code = urgency.code.as_str();
                choice(form, "urgency", code, words.code(code, &urgency.label))
            })
            .collect(),
        // One that says much by itself is told in sealed data alone.
        populations: policy
            .populations()
            .filter(|population| !population.sealed)
            .map(|population| {
                let code = population.code.as_str();
                choice(form, "population", code, words.code(code, &population.label))
            })
            .collect(),
        reasons: policy
            .reasons(ReasonSet::Np)
            .map(|reason| {
                let code = reason.code.as_str();
                choice(form, "reason", code, reason_word(words, code, &reason.label))
            })
            .collect(),
        back: back(form),
    };
    page(status, &shown)
}

fn choice(form: &Form, field: &str, value: &str, word: String) -> Choice {
    Choice { value: value.to_owned(), word, chosen: form.one(field) == value }
}

/// What a reason is called: as the language of the page has it, otherwise as the policy does.
fn reason_word(words: Words, code: &str, label: &str) -> String {
    let key = format!("gap-{code}");
    let said = words.t(&key);
    if said == key { label.to_owned() } else { said }
}

/// The areas that the directory knows, no finer than a province, and that of the search.
struct Coarse {
    known: Vec<Area>,
    /// The area of the search, or the province or country it is in.
    near: Option<String>,
}

fn coarse_areas(db: &mut Db<'_>, near: &str, today: NaiveDate) -> Result<Coarse, DirectoryError> {
    let mut of_level = |level: u8| {
        let wanted = AreasWanted { level: Some(level), ..AreasWanted::default() };
        let asked = Asked::new(Some(MOST_AREAS), None);
        directory::areas::areas(db, (&wanted, &asked), today).map(|page| page.items)
    };
    let (mut known, provinces) = (of_level(0)?, of_level(1)?);
    known.extend(provinces);
    let near = place_named(db, near, today)?.map(|area| {
        let itself = known.iter().find(|unit| unit.id == area.id);
        let around = itself.or_else(|| known.iter().find(|unit| Some(unit.id) == area.parent));
        around.and_then(coarse).unwrap_or(area.country)
    });
    Ok(Coarse { known, near })
}

/// An area as a need may name it: a country, or the country and what the code of its province says beside it. Nothing where that does not
/// have the shape of one.
fn coarse(area: &Area) -> Option<String> {
    let said = if area.level == 0 {
        area.country.clone()
    } else {
        let own = area.code.strip_prefix(area.country.as_str()).unwrap_or(&area.code);
        format!("{}-{}", area.country, own.trim_start_matches('-').to_uppercase())
    };
    said.parse::<referrals::Area>().ok().map(|area| area.to_string())
}

/// The areas to choose from. The country of the node is always there, whether or not the directory knows areas.
fn areas(form: &Form, Coarse { known, near }: Coarse, words: Words, country: &str) -> Vec<Choice> {
    let given = form.one("area");
    let chosen = if form.has("area") { Some(given.to_owned()) } else { near };
    let mut choices: Vec<Choice> = Vec::new();
    for area in &known {
        let Some(value) = coarse(area) else { continue };
        let name = area.names.get(words.language.tag()).unwrap_or(&area.name);
        let word = format!("{name} ({value})");
        if choices.iter().all(|choice| choice.value != value) {
            choices.push(Choice { chosen: chosen.as_ref() == Some(&value), value, word });
        }
    }
    if choices.iter().all(|choice| choice.value != country) {
        let own = Choice {
            value: country.to_owned(),
            word: country.to_owned(),
            chosen: chosen.as_deref() == Some(country),
        };
        choices.insert(0, own);
    }
    choices
}

/// What is noted, or what is wrong with it.
fn filled(form: &Form, policy: &Policy, words: Words) -> Result<RecordNeed, Wrongs> {
    let mut wrongs = Wrongs::default();
    let service = form.one("service").parse::<ServiceCode>().ok();
    let service = service.and_then(|code| policy.service(&code));
    if service.is_none() {
        wrongs.note("service", words.t("gap-no-service"));
    }
    let area = match form.one("area") {
        "" => Ok(None),
        text => text.parse::<referrals::Area>().map(Some),
    };
    let gives_away = service.is_some_and(|service| service.route_as.is_some());
    if area.is_err() {
        wrongs.note("area", words.t("gap-bad-area"));
    } else if gives_away && form.one("area").contains('-') {
        wrongs.note("area", words.t("gap-country-only"));
    }
    let urgency = form.one("urgency").parse::<UrgencyCode>().ok();
    let urgency = urgency.filter(|code| policy.urgency(code).is_some());
    if urgency.is_none() {
        wrongs.note("urgency", words.t("gap-no-urgency"));
    }
    let said = form.one("population");
    let population = said.parse::<PopulationCode>().ok();
    let population =
        population.filter(|code| policy.population(code).is_some_and(|population| !population.sealed));
    if population.is_none() && !said.is_empty() {
        wrongs.note("population", words.t("gap-bad-population"));
    }
    let reason = form.one("reason").parse::<ReasonCode>().ok();
    let reason = reason.filter(|code| policy.reason(ReasonSet::Np, code).is_some());
    if reason.is_none() {
        wrongs.note("reason", words.t("gap-no-reason"));
    }
    match (service, urgency, area, reason) {
        (Some(service), Some(urgency), Ok(area), Some(reason)) if wrongs.is_empty() => Ok(RecordNeed {
            kind: NeedKind::Unreferred,
            service: service.code.clone(),
            urgency,
            area,
            population,
            reason: reason.to_string(),
        }),
        _ => Err(wrongs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    const WORDS: Words = Words { language: Language::En };

    fn area(level: u8, code: &str) -> Area {
        Area {
            id: uuid::Uuid::nil(),
            key: String::new(),
            country: String::from("ZM"),
            level,
            code: code.to_owned(),
            name: String::from("Somewhere"),
            names: std::collections::BTreeMap::new(),
            parent: None,
            valid_from: None,
            valid_to: None,
            replaced_by: None,
            latitude: None,
            longitude: None,
        }
    }

    #[test]
    fn an_area_is_named_as_a_country_or_as_a_part_of_one() {
        for (level, code, said) in [
            (0, "ZM", Some("ZM")),
            (1, "ZM-09", Some("ZM-09")),
            (1, "zm109", None),
            (1, "ZM109", Some("ZM-109")),
            (1, "09", Some("ZM-09")),
            (1, "ZM", None),
            (1, "ZM10901", None),
        ] {
            assert_eq!(coarse(&area(level, code)).as_deref(), said, "{code}");
        }
    }

    fn wrong(query: &str) -> Vec<String> {
        match filled(&Form::of_query(query), Policy::builtin(), WORDS) {
            Ok(_) => Vec::new(),
            Err(wrongs) => wrongs.0.iter().map(|wrong| wrong.field.to_string()).collect(),
        }
    }

    #[test]
    fn what_is_missing_or_says_too_much_is_named_at_its_field() {
        assert_eq!(wrong(""), ["service", "urgency", "reason"]);
        assert_eq!(wrong("service=SV01&urgency=U2&reason=NP01&area=ZM-09"), [""; 0]);
        assert_eq!(wrong("service=SV01&urgency=U2&reason=NP01&area=Lusaka"), ["area"]);
        assert_eq!(wrong("service=SV01&urgency=U2&reason=NP99&population=nobody"), ["population", "reason"]);
        let policy = Policy::builtin();
        let telling = policy.services().find(|service| service.route_as.is_some()).unwrap();
        let asked = |area: &str| format!("service={}&urgency=U2&reason=NP01&area={area}", telling.code);
        assert_eq!(wrong(&asked("ZM-09")), ["area"]);
        assert_eq!(wrong(&asked("ZM")), [""; 0]);
        let sealed = policy.populations().find(|population| population.sealed).unwrap();
        let asked = format!("service=SV01&urgency=U2&reason=NP01&population={}", sealed.code);
        assert_eq!(wrong(&asked), ["population"]);
    }

    #[test]
    fn the_way_back_leads_to_a_search_and_nowhere_else() {
        let led = |then: &str| back(&Form::of_query(&format!("then={then}")));
        assert_eq!(led("%2Ffind%3Fservice%3DSV01"), "/find?service=SV01");
        for elsewhere in ["%2Ffinder", "%2Finbox", "%2F%2Fevil.example", "https%3A%2F%2Fevil.example", ""] {
            assert_eq!(led(elsewhere), "/find", "{elsewhere}");
        }
    }
}
