//! Finding a service: by need, by place, in words, and for a person of whom nothing is kept.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    service::{Card, card},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Actor,
    directory::{
        self, DirectoryError,
        areas::{Area, AreaMode, AreasWanted, InArea},
        eligibility::{self, Facts},
        search::{Nothing, Results, Search},
    },
    http::{Door, Problem},
    kernel::{Timestamp, page::Asked},
    policy::ServiceCode,
    storage::Db,
};

/// How many services stand on a page: as many as somebody reads on a telephone.
const PER_PAGE: u16 = 20;

/// How many areas are offered to choose from.
const MOST_AREAS: u16 = 200;

/// Something to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) word: String,
    pub(super) chosen: bool,
}

#[derive(Template)]
#[template(path = "find.html")]
struct FindPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    text: String,
    near: String,
    needs: Vec<Choice>,
    areas: Vec<String>,
    doubtful: bool,
    about: About,
    heading: String,
    cards: Vec<Card>,
    left_out: Option<String>,
    nothing: Option<Empty>,
    next: Option<Next>,
}

/// The panel about the person, as it was filled.
struct About {
    /// Whether something was said.
    is_said: bool,
    age: String,
    sexes: Vec<Choice>,
    populations: Vec<Choice>,
    language: String,
}

/// Where the next page is: an address, or what a form sends again where something was said of a person.
struct Next {
    address: String,
    after: String,
}

/// Why nothing was found, and what to do.
struct Empty {
    why: String,
    ways: Vec<Way>,
}

struct Way {
    word: String,
    address: String,
}

/// Finds, with what was asked for in the address: nothing of a person.
pub(super) async fn find(
    visit: Signed,
    door: Data<Door>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    show(visit, door, Form::of_query(request.query_string())).await
}

/// Finds for a person, with what was said of them in the body.
pub(super) async fn find_for(visit: Signed, door: Data<Door>, form: Form) -> Result<HttpResponse, Problem> {
    show(visit, door, form).await
}

/// What is read for the page in one go.
struct Read {
    areas: Vec<Area>,
    results: Results,
    /// What was written where a place is asked for, and is none.
    no_such_place: bool,
}

async fn show(Signed(visit): Signed, door: Data<Door>, form: Form) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let (actor, now) = (visit.asking.caller.actor.clone(), hub.now());
    let mut wrongs = Wrongs::default();
    let search = Search {
        text: form.one("text").to_owned(),
        service: form.one("service").parse::<ServiceCode>().ok(),
        person: facts(&form, now, words, &mut wrongs),
        doubtful: form.says("doubtful", "1"),
        lang: words.language.tag().parse().ok(),
        ..Search::default()
    };
    let (near, asked) = (form.one("near").to_owned(), Asked::new(Some(PER_PAGE), form.after()));
    let turn = door.searching().await?;
    let wanted = search.clone();
    let read = hub.read(move |db| read(db, (&actor, wanted), (&near, &asked), now)).await?;
    drop(turn);
    if read.no_such_place {
        wrongs.note("near", words.with("find-no-such-place", "place", form.one("near")));
    }
    let status = if wrongs.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(status, &filled(&visit, (&form, &search), read, wrongs))
}

/// The page with what was found.
fn filled(
    visit: &Visit,
    (form, search): (&Form, &Search),
    Read { areas, results, .. }: Read,
    wrongs: Wrongs,
) -> FindPage {
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let needs = policy.services().map(|service| Choice {
        value: service.code.to_string(),
        word: words.code(service.code.as_str(), &service.label),
        chosen: search.service.as_ref() == Some(&service.code),
    });
    let next = results.next.as_ref().map(|next| Next {
        address: address(form, &[("after", &next.to_string())], &[]),
        after: next.to_string(),
    });
    let (shown, is_all) = (results.items.len(), next.is_none() && form.after().is_none());
    let left_out = results.not_eligible.filter(|count| *count > 0);
    let frame = visit.frame(Place::Find, words.t("find-title"));
    FindPage {
        f: if wrongs.is_empty() { frame } else { frame.with_error() },
        w: words,
        wrongs,
        text: search.text.clone(),
        near: form.one("near").to_owned(),
        needs: needs.collect(),
        areas: areas.iter().map(|area| name_in(area, words)).collect(),
        doubtful: search.doubtful,
        about: about(form, &policy, words, search.person.is_some()),
        heading: if is_all {
            words.with("find-count", "count", shown)
        } else {
            words.with("find-some", "count", shown)
        },
        cards: results.items.iter().map(|found| card(found, words)).collect(),
        left_out: left_out.map(|count| words.with("find-left-out", "count", count)),
        nothing: results.nothing.as_ref().map(|nothing| empty(nothing, form, words)),
        next,
    }
}

fn read(
    db: &mut Db<'_>,
    (actor, mut search): (&Actor, Search),
    (near, asked): (&str, &Asked),
    now: Timestamp,
) -> Result<Read, DirectoryError> {
    let today = now.datetime().date_naive();
    let areas = |db: &mut Db<'_>, text: &str| {
        let wanted = AreasWanted { text: text.to_owned(), country: None, level: None, parent: None };
        directory::areas::areas(db, (&wanted, &Asked::new(Some(MOST_AREAS), None)), today)
    };
    let offered = areas(db, "")?.items;
    let mut no_such_place = false;
    if !near.is_empty() {
        let of_name = |area: &Area| {
            let is = |name: &str| directory::fold::fold(name) == directory::fold::fold(near);
            is(&area.name) || is(&area.code) || area.names.values().any(|name| is(name))
        };
        let found = areas(db, near)?.items;
        // A name that is written whole; otherwise the one place that has it as a part.
        let chosen = found.iter().find(|area| of_name(area)).or(match found.as_slice() {
            [only] => Some(only),
            _ => None,
        });
        no_such_place = chosen.is_none();
        search.area = chosen.map(|area| InArea { code: area.key.clone(), mode: AreaMode::Serves });
    }
    let results = directory::search::search(db, actor, &search, asked, now)?;
    Ok(Read { areas: offered, results, no_such_place })
}

/// The name of an area in the language of the page.
fn name_in(area: &Area, words: Words) -> String {
    area.names.get(words.language.tag()).unwrap_or(&area.name).clone()
}

/// What was said of the person; nothing when nothing was.
fn facts(form: &Form, now: Timestamp, words: Words, wrongs: &mut Wrongs) -> Option<Facts> {
    let age = form.one("age");
    let years = if age.is_empty() { None } else { age.parse::<u32>().ok() };
    if !age.is_empty() && years.is_none() {
        wrongs.note("age", words.t("find-bad-age"));
        return None;
    }
    let list = |name: &str| {
        let chosen: Vec<String> =
            form.all(name).filter(|value| !value.is_empty()).map(str::to_owned).collect();
        (!chosen.is_empty()).then_some(chosen)
    };
    let asked = eligibility::Asked {
        age: years,
        sex: Some(form.one("sex").to_owned()).filter(|sex| !sex.is_empty()),
        population: list("population"),
        language: list("speaks"),
        ..eligibility::Asked::default()
    };
    if asked == eligibility::Asked::default() {
        return None;
    }
    match asked.facts(now.datetime().date_naive()) {
        Ok(facts) => Some(facts),
        Err(_refused) => {
            wrongs.note("age", words.t("find-bad-age"));
            None
        }
    }
}

fn about(form: &Form, policy: &crate::policy::Policy, words: Words, is_said: bool) -> About {
    let sexes = ["female", "male", "other"].map(|sex| Choice {
        value: sex.to_owned(),
        word: words.word("find-sex", sex),
        chosen: form.one("sex") == sex,
    });
    let populations = policy.populations().map(|population| Choice {
        value: population.code.to_string(),
        word: words.code(population.code.as_str(), &population.label),
        chosen: form.says("population", population.code.as_str()),
    });
    About {
        is_said,
        age: form.one("age").to_owned(),
        sexes: sexes.into(),
        populations: populations.collect(),
        language: form.one("speaks").to_owned(),
    }
}

/// The address of the same search with something else; never with anything of a person.
fn address(form: &Form, with: &[(&str, &str)], without: &[&str]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for name in ["text", "service", "near", "doubtful"] {
        let value = form.one(name);
        if !value.is_empty() && !without.contains(&name) && !with.iter().any(|(other, _)| *other == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in with {
        query.append_pair(name, value);
    }
    format!("/find?{}", query.finish())
}

/// Which filter leaves nothing, and the searches that find something.
fn empty(nothing: &Nothing, form: &Form, words: Words) -> Empty {
    if nothing.services == 0 {
        return Empty { why: words.t("find-empty-directory"), ways: Vec::new() };
    }
    let field = |filter: &str| match filter {
        "text" | "word" => Some("text"),
        "service" => Some("service"),
        "area" => Some("near"),
        "person" => Some("person"),
        "doubtful" => Some("doubtful"),
        _ => None,
    };
    let mut without: Vec<_> =
        nothing.without.iter().filter(|without| without.services > 0 && without.word.is_none()).collect();
    without.sort_by_key(|without| std::cmp::Reverse(without.services));
    let ways = without.iter().filter_map(|without| {
        let field = field(without.filter)?;
        let word = words.with(&format!("find-without-{field}"), "count", without.services);
        let address = match field {
            "doubtful" => address(form, &[("doubtful", "1")], &[]),
            "person" => address(form, &[], &[]),
            field => address(form, &[], &[field]),
        };
        Some(Way { word, address })
    });
    let ways: Vec<Way> = ways.collect();
    let why = match without.first().and_then(|without| field(without.filter)) {
        Some(field) => words.t(&format!("find-blame-{field}")),
        None => words.t("find-blame-several"),
    };
    Empty { why, ways }
}
