//! Finding a service: by need, by place, in words, and for a person of whom nothing is kept. As a list, or as a map with a list.

use std::collections::HashMap;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use chrono::NaiveDate;

use super::{
    form::{Form, Wrongs},
    frame::{Frame, Place, page},
    gap,
    map::{self, Degrees, Map, Placed, Within},
    service::{Card, card},
    visit::{Signed, Visit},
    words::Words,
};
use crate::{
    access::Actor,
    directory::{
        self, Brief, DirectoryError,
        areas::{Area, AreaMode, AreasWanted, InArea},
        eligibility::{self, Facts},
        search::{Around, Found, Nothing, Results, Search},
    },
    http::{Door, Problem},
    kernel::{Timestamp, id::ServiceId, page::Asked},
    policy::ServiceCode,
    storage::Db,
};

/// How many services stand on a page: as many as somebody reads on a telephone.
const PER_PAGE: u16 = 20;

/// How many areas are offered to choose from.
const MOST_AREAS: u16 = 200;

/// How many kilometres around a place may be asked for.
const WITHIN: [u32; 4] = [10, 25, 50, 100];

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
    /// That the place was put in without anybody asking.
    own: Option<Own>,
    within: Vec<Choice>,
    needs: Vec<Choice>,
    areas: Vec<String>,
    doubtful: bool,
    about: About,
    heading: String,
    /// Services, each with what is said where the map lacks it.
    cards: Vec<(Card, String)>,
    /// The other way to look at the same.
    view: View,
    map: Option<Map>,
    /// What a form sends to search for the same again, the person included.
    hidden: Vec<(&'static str, String)>,
    left_out: Option<String>,
    nothing: Option<Empty>,
    next: Option<Next>,
    /// The way to note that nobody is suitable, for whoever may.
    note: Option<String>,
}

/// How it is looked at, and the ways to look at it otherwise.
struct View {
    is_map: bool,
    as_list: String,
    as_map: String,
    /// The ways to look at the map from closer and from farther.
    looks: Vec<Look>,
    /// The page that a form asks for again; empty for the first.
    after: String,
}

/// A way to look at the map: how close, where it is, its sign, and what it is called.
struct Look {
    closer: u8,
    address: String,
    sign: &'static str,
    word: String,
}

/// The place that was put in, in a sentence, and the way to the search without it.
struct Own {
    sentence: String,
    without: String,
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
    let form = Form::of_query(request.query_string());
    // The field of the place comes with every search, empty or not.
    let is_bare =
        ["text", "service", "near", "within", "doubtful", "after"].iter().all(|name| !form.has(name));
    show(visit, door, form, is_bare).await
}

/// Finds for a person, with what was said of them in the body.
pub(super) async fn find_for(visit: Signed, door: Data<Door>, form: Form) -> Result<HttpResponse, Problem> {
    show(visit, door, form, false).await
}

/// What is read for the page in one go.
struct Read {
    areas: Vec<Area>,
    results: Results,
    /// What was written where a place is asked for, and is none.
    no_such_place: bool,
    /// The place that was put in, because nothing was asked and somebody's organisation works there.
    own: Option<String>,
    /// The circle that was asked for.
    within: Option<Within>,
    /// Where what was found is, when a map was asked for.
    pins: HashMap<ServiceId, Vec<Degrees>>,
    /// For whom what was found is and how fast it answers, when it is shown on cards.
    briefs: HashMap<ServiceId, Brief>,
}

/// What is looked for.
struct Wanted {
    actor: Actor,
    search: Search,
    near: String,
    /// How many kilometres around it, instead of what serves it.
    within: Option<u32>,
    /// Whether nothing was asked at all.
    is_bare: bool,
    is_map: bool,
    asked: Asked,
    words: Words,
}

async fn show(
    Signed(visit): Signed,
    door: Data<Door>,
    form: Form,
    is_bare: bool,
) -> Result<HttpResponse, Problem> {
    let (words, hub) = (visit.words, &visit.asking.hub);
    let now = hub.now();
    let mut wrongs = Wrongs::default();
    let search = Search {
        text: form.one("text").to_owned(),
        service: form.one("service").parse::<ServiceCode>().ok(),
        person: facts(&form, now, words, &mut wrongs),
        doubtful: form.says("doubtful", "1"),
        lang: words.language.tag().parse().ok(),
        ..Search::default()
    };
    let wanted = Wanted {
        actor: visit.asking.caller.actor.clone(),
        search: search.clone(),
        near: form.one("near").to_owned(),
        within: form.one("within").parse::<u32>().ok().filter(|within| WITHIN.contains(within)),
        is_bare,
        is_map: form.says("view", "map"),
        asked: Asked::new(Some(PER_PAGE), form.after()),
        words,
    };
    let turn = door.searching().await?;
    let read = hub.read(move |db| read(db, wanted, now)).await?;
    drop(turn);
    if read.no_such_place {
        wrongs.note("near", words.with("find-no-such-place", "place", form.one("near")));
    }
    if read.within.is_none() && !read.no_such_place && !form.one("within").is_empty() {
        wrongs.note("within", words.t("find-within-where"));
    }
    let form = match &read.own {
        Some(own) => form.with("near", own),
        None => form,
    };
    let status = if wrongs.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page(status, &filled(&visit, (&form, &search), read, wrongs))
}

/// The page with what was found.
fn filled(
    visit: &Visit,
    (form, search): (&Form, &Search),
    Read { areas, results, own, within, pins, briefs, .. }: Read,
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
    let is_map = form.says("view", "map");
    let closer = form.one("closer").parse().unwrap_or(0);
    let drawn = is_map.then(|| map::draw(&placed(&results, &pins), within, closer, words)).flatten();
    let lacking = |id: ServiceId| {
        let is_lacking = is_map && !pins.contains_key(&id);
        if is_lacking { words.t("map-not-shown") } else { String::new() }
    };
    let frame = visit.frame(Place::Find, words.t("find-title"));
    FindPage {
        f: if wrongs.is_empty() { frame } else { frame.with_error() },
        w: words,
        wrongs,
        text: search.text.clone(),
        near: form.one("near").to_owned(),
        own: own.map(|own| Own {
            sentence: words.with("find-own-area", "place", own),
            without: address(form, &[("near", "")], &[]),
        }),
        within: WITHIN
            .map(|within| Choice {
                value: within.to_string(),
                word: words.with("find-within-km", "km", i64::from(within)),
                chosen: form.one("within") == within.to_string(),
            })
            .into(),
        needs: needs.collect(),
        areas: areas.iter().map(|area| name_in(area, words)).collect(),
        doubtful: search.doubtful,
        about: about(form, &policy, words, search.person.is_some()),
        heading: if is_all {
            words.with("find-count", "count", shown)
        } else {
            words.with("find-some", "count", shown)
        },
        cards: results
            .items
            .iter()
            .map(|found| {
                let (id, actor) = (found.service.id, &visit.asking.caller.actor);
                (card(found, briefs.get(&id), actor, (&policy, words)), lacking(id))
            })
            .collect(),
        view: View {
            is_map,
            as_list: address(form, &[], &["view"]),
            as_map: address(form, &[("view", "map")], &[]),
            looks: drawn.as_ref().map(|map| looks(map, form, words)).unwrap_or_default(),
            after: form.after().map(|after| after.to_string()).unwrap_or_default(),
        },
        map: drawn,
        hidden: hidden(form),
        left_out: left_out.map(|count| words.with("find-left-out", "count", count)),
        nothing: results.nothing.as_ref().map(|nothing| empty(nothing, form, words)),
        next,
        note: gap::may_note(&visit.asking.caller.actor)
            .then(|| gap::way(form.one("service"), form.one("near"), &address(form, &[], &[]))),
    }
}

/// The ways to look at a map from closer and from farther. They lead to the same page of what was found.
fn looks(map: &Map, form: &Form, words: Words) -> Vec<Look> {
    let farther = map.closer.checked_sub(1).map(|closer| (closer, "−", "map-farther"));
    let closer = map.may_closer.then(|| (map.closer.saturating_add(1), "+", "map-closer"));
    let after = form.after().map(|after| after.to_string());
    let look = |(closer, sign, key): (u8, &'static str, &str)| {
        let asked = closer.to_string();
        let mut with = vec![("view", "map"), ("closer", asked.as_str())];
        with.extend(after.as_deref().map(|after| ("after", after)));
        let address = address(form, &with, &[]) + "#map";
        Look { closer, address, sign, word: words.t(key) }
    };
    farther.into_iter().chain(closer).map(look).collect()
}

/// What was found, with its places, as it is numbered in the list.
fn placed(results: &Results, pins: &HashMap<ServiceId, Vec<Degrees>>) -> Vec<Placed> {
    let numbered = (1usize..).zip(&results.items);
    let placed = numbered.filter_map(|(number, found)| {
        let places = pins.get(&found.service.id)?.clone();
        Some(Placed { number, name: found.service.name.clone(), places })
    });
    placed.collect()
}

/// What a form sends to search for the same again.
fn hidden(form: &Form) -> Vec<(&'static str, String)> {
    let one = ["text", "service", "near", "within", "doubtful", "age", "speaks", "sex"];
    let one = one.into_iter().map(|name| (name, form.one(name)));
    let all = one.chain(form.all("population").map(|value| ("population", value)));
    all.filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.to_owned())).collect()
}

fn read(db: &mut Db<'_>, wanted: Wanted, now: Timestamp) -> Result<Read, DirectoryError> {
    let Wanted { actor, mut search, near, within, is_bare, is_map, asked, words } = wanted;
    let today = now.datetime().date_naive();
    let offered = areas(db, "", today)?;
    let own = if is_bare { directory::search::own_area(db, &actor, today)? } else { None };
    // Found again by its name, as it is when the form comes back with it.
    let mut own = own.map(|area| name_in(&area, words));
    let near = own.clone().unwrap_or(near);
    let place = place_named(db, &near, today)?;
    let no_such_place = place.is_none() && !near.is_empty();
    let middle = place.as_ref().and_then(|area| Some((area.latitude?, area.longitude?)));
    let within = middle.zip(within).map(|(middle, within)| Within { middle, kilometres: f64::from(within) });
    search.around = within.and_then(|within| Around::new(within.middle, within.kilometres * 1_000.0));
    search.lies_in = place.as_ref().filter(|_| within.is_some()).map(|area| area.key.clone());
    // A circle is asked for instead of what serves the place.
    search.area =
        place.filter(|_| within.is_none()).map(|area| InArea { code: area.key, mode: AreaMode::Serves });
    let mut results = directory::search::search(db, &actor, &search, &asked, now)?;
    if own.is_some() && results.items.is_empty() {
        // What nobody asked for must not leave the page empty.
        (own, search.area) = (None, None);
        results = directory::search::search(db, &actor, &search, &asked, now)?;
    }
    let found: Vec<ServiceId> = results.items.iter().map(|found| found.service.id).collect();
    let drawn = results.items.iter().filter(|found| is_drawn(found)).map(|found| found.service.id);
    let drawn: Vec<ServiceId> = drawn.collect();
    let pins = if is_map { directory::pins(db, &actor, &drawn)? } else { HashMap::new() };
    let lang = search.lang.as_ref();
    let briefs = if is_map { HashMap::new() } else { directory::briefs(db, &actor, (&found, lang))? };
    Ok(Read { areas: offered, results, no_such_place, own, within, pins, briefs })
}

/// Whether the map shows where a service is: what is found without being near may be anywhere.
fn is_drawn(found: &Found) -> bool {
    found.fit.is_none_or(|fit| fit.reach.is_none() || fit.distance.is_some())
}

/// Areas that have a text in their name or code.
fn areas(db: &mut Db<'_>, text: &str, today: NaiveDate) -> Result<Vec<Area>, DirectoryError> {
    let wanted = AreasWanted { text: text.to_owned(), ..AreasWanted::default() };
    let asked = Asked::new(Some(MOST_AREAS), None);
    directory::areas::areas(db, (&wanted, &asked), today).map(|page| page.items)
}

/// The area that somebody means: one whose name or code is written whole; otherwise the one that has it as a part.
pub(super) fn place_named(
    db: &mut Db<'_>,
    near: &str,
    today: NaiveDate,
) -> Result<Option<Area>, DirectoryError> {
    if near.is_empty() {
        return Ok(None);
    }
    let is = |name: &str| directory::fold::fold(name) == directory::fold::fold(near);
    let of_name = |area: &Area| is(&area.name) || is(&area.code) || area.names.values().any(|name| is(name));
    let found = areas(db, near, today)?;
    let chosen = found.iter().find(|area| of_name(area)).or(match found.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    Ok(chosen.cloned())
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
    for name in ["text", "service", "near", "within", "doubtful", "view"] {
        // A search without a place says so: one that asks nothing at all is answered for the place of one's organisation.
        let value = if without.contains(&name) { "" } else { form.one(name) };
        let is_named = with.iter().any(|(other, _)| *other == name);
        if (!value.is_empty() || name == "near") && !is_named {
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
        "proximity" => Some("within"),
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
            "near" | "within" => address(form, &[], &["near", "within"]),
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
