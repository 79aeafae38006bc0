//! What an entry says, as a form, and the draft that a form makes of it. What the form does not ask about stays as it was.

use std::collections::BTreeMap;

use super::rows::{self, DAYS, REPORTS, Week};
use crate::{
    directory::{Begun, Edit, EntryPlace, Reporting, Service, Standing, Visibility},
    members::Country,
    web::{
        form::{Form, Wrongs},
        words::Words,
    },
};

type Cells = BTreeMap<String, String>;

/// A field of the form.
pub(super) struct Asked {
    /// Its name, which is that of the column.
    pub(super) name: &'static str,
    /// How long it may be, in characters.
    pub(super) most: usize,
    /// How it is typed: as words, as more than one line of words, or as something that is the same in every language.
    pub(super) typed: Typed,
    /// Whether something is said of what belongs there.
    pub(super) has_help: bool,
}

/// How a field is typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Typed {
    /// A line.
    Line,
    /// Several lines.
    Lines,
    /// An address or a number, for a keyboard of this kind.
    Plain(&'static str),
}

const fn asked(name: &'static str, most: usize, typed: Typed, has_help: bool) -> Asked {
    Asked { name, most, typed, has_help }
}

/// What is asked of the service; all but the telephone are columns of its row.
pub(super) const SERVICE: [Asked; 7] = [
    asked("name", 160, Typed::Line, false),
    asked("description", 2_000, Typed::Lines, true),
    asked(PHONE, 60, Typed::Plain("tel"), true),
    asked("email", 200, Typed::Plain("email"), true),
    asked("url", 500, Typed::Plain("url"), true),
    asked("eligibility_description", 2_000, Typed::Lines, true),
    asked("application_process", 2_000, Typed::Lines, true),
];

/// What is asked of rows that belong to it.
pub(super) const ROWS: [Asked; 2] =
    [asked(HOURS, 500, Typed::Lines, true), asked(LANGUAGES, 800, Typed::Lines, true)];

/// What is asked of its place.
pub(super) const PLACE: [Asked; 8] = [
    asked("address_1", 200, Typed::Line, false),
    asked("address_2", 200, Typed::Line, false),
    asked("city", 100, Typed::Line, false),
    asked("state_province", 100, Typed::Line, false),
    asked("country", 2, Typed::Plain("text"), true),
    asked("latitude", 20, Typed::Plain("text"), true),
    asked("longitude", 20, Typed::Plain("text"), false),
    asked(ACCESS, 1_000, Typed::Lines, true),
];

/// The number of the first telephone.
const PHONE: &str = "phone";

/// The languages that are spoken, one in each line.
const LANGUAGES: &str = "languages";

/// What there is to add to the times of a week.
pub(super) const HOURS: &str = "hours";

/// The tables whose rows a form asks about beside telephones.
const REQUIREMENT: &str = "referral_requirement";
const LANGUAGE: &str = "language";
const SCHEDULE: &str = "schedule";

/// What is said of how one gets in.
const ACCESS: &str = "access";

/// Whether the place is kept secret.
pub(super) const SECRET: &str = "secret";

/// Who may be asked to find a service.
pub(super) const VISIBILITY: [(Visibility, &str); 2] =
    [(Visibility::Members, "members"), (Visibility::Public, "public")];

/// Whether urgent referrals are taken.
pub(super) const URGENT: &str = "urgent";

/// What can be said of that.
pub(super) const URGENT_SAID: [&str; 3] = ["yes", "no", "unknown"];

/// The column of requirements that it stands in.
const ACCEPTS_URGENT: &str = "accepts_emergency";

/// What a form begins with.
pub(super) struct Base {
    says: Edit,
    before: Edit,
    /// Who is to find it, where that is asked.
    visibility: Option<Visibility>,
}

impl Base {
    /// Of a service that nobody entered yet.
    pub(super) fn new() -> Self {
        let says = Edit { places: Some(Vec::new()), ..Edit::default() };
        Self { says, before: Edit::default(), visibility: Some(Visibility::Members) }
    }

    /// Of an entry and its draft.
    pub(super) fn of(service: &Service, begun: &Begun) -> Self {
        let before = begun.draft.as_ref().map(|draft| draft.edit.clone()).unwrap_or_default();
        let asks = service.standing == Standing::Proposed;
        let visibility = asks.then(|| before.visibility.unwrap_or(Visibility::Members));
        Self { says: begun.says.clone(), before, visibility }
    }

    /// Whether the form asks who is to find it.
    pub(super) fn asks_visibility(&self) -> bool {
        self.visibility.is_some()
    }

    /// Whether the form asks where it is: of one place that was entered here.
    pub(super) fn asks_place(&self) -> bool {
        self.places().is_some_and(|places| places.len() <= 1)
    }

    /// Whether it is kept secret where it is.
    pub(super) fn is_secret(&self) -> bool {
        self.place().is_some_and(|place| is_secret(&place))
    }

    /// When it is open, where a form can ask about that.
    pub(super) fn week(&self) -> Option<Week> {
        let week = Week::of(&self.rows(SCHEDULE))?;
        Some(Week { words: plain(&week.words), ..week })
    }

    /// What it says of the authorities.
    pub(super) fn reporting(&self) -> Reporting {
        rows::reporting(&self.rows(REQUIREMENT))
    }

    /// The addresses of places that the form does not ask about.
    pub(super) fn other_places(&self) -> Vec<String> {
        if self.asks_place() {
            return Vec::new();
        }
        let columns = ["address_1", "address_2", "city", "state_province", "country"];
        let line = |place: &EntryPlace| {
            let cells = columns.iter().filter_map(|column| place.address.get(*column));
            cells.map(String::as_str).collect::<Vec<_>>().join(", ")
        };
        self.places().unwrap_or_default().iter().map(line).filter(|line| !line.is_empty()).collect()
    }

    /// The form as it stands before somebody changes it.
    pub(super) fn filled(&self, country: &str) -> Form {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut fill = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
        for asked in SERVICE {
            fill(asked.name, &self.held(asked.name));
        }
        for asked in ROWS {
            fill(asked.name, &self.held(asked.name));
        }
        fill(REPORTS, self.reporting().name());
        for (day, (from, to)) in DAYS.iter().zip(self.week().unwrap_or_default().days) {
            fill(&rows::opens(day), &from);
            fill(&rows::closes(day), &to);
        }
        let has_place = self.place().is_some();
        for asked in PLACE {
            let held = self.held(asked.name);
            let begins_here = asked.name == "country" && !has_place;
            fill(asked.name, if begins_here { country } else { &held });
        }
        if self.is_secret() {
            fill(SECRET, "yes");
        }
        fill(URGENT, self.urgent());
        let visibility = VISIBILITY.iter().find(|(visibility, _)| Some(*visibility) == self.visibility);
        if let Some((_, word)) = visibility {
            fill("visibility", word);
        }
        Form::begun(fields)
    }

    /// What a field holds before it is changed.
    pub(super) fn held(&self, name: &str) -> String {
        let held = if name == PHONE {
            self.rows(PHONE).first().and_then(|phone| phone.get("number")).cloned()
        } else if name == LANGUAGES {
            Some(rows::languages(&self.rows(LANGUAGE)))
        } else if name == HOURS {
            self.week().map(|week| week.words)
        } else if let Some(asked) = PLACE.iter().find(|asked| asked.name == name) {
            self.place().and_then(|mut place| {
                let (cells, column) = cells_of(&mut place, asked.name);
                cells.remove(column)
            })
        } else {
            self.before.service.get(name).or_else(|| self.says.service.get(name)).cloned()
        };
        held.map(|held| plain(&held)).unwrap_or_default()
    }

    /// Whether urgent referrals are taken; of several requirements one that says yes counts first.
    pub(super) fn urgent(&self) -> &'static str {
        let rows = self.rows(REQUIREMENT);
        let says =
            |word: &str| rows.iter().any(|row| row.get(ACCEPTS_URGENT).is_some_and(|cell| cell == word));
        URGENT_SAID.into_iter().find(|word| says(word)).unwrap_or("unknown")
    }

    /// The rows of a table as the draft has them, or the entry.
    fn rows(&self, table: &str) -> Vec<Cells> {
        let rows = self.before.parts.get(table).or_else(|| self.says.parts.get(table));
        rows.cloned().unwrap_or_default()
    }

    /// Puts rows into a draft; nothing where the entry has them so.
    fn put(&self, edit: &mut Edit, table: &str, rows: Vec<Cells>) {
        let is_as_it_was = self.says.parts.get(table).map_or(rows.is_empty(), |said| *said == rows);
        if is_as_it_was {
            edit.parts.remove(table);
        } else {
            edit.parts.insert(table.to_owned(), rows);
        }
    }

    /// What is said in rows. A form that does not ask about it leaves it as it was.
    fn put_rows(&self, edit: &mut Edit, form: &Form, (words, wrongs): (Words, &mut Wrongs)) {
        let mut requirements = self.with_urgent(self.rows(REQUIREMENT), form);
        if form.has(REPORTS) {
            match form.one(REPORTS).parse::<Reporting>() {
                Ok(said) if said == self.reporting() => {}
                Ok(said) => requirements = rows::with_reporting(requirements, said),
                Err(_) => wrongs.note(REPORTS, words.t("own-entry-reports-wrong")),
            }
        }
        self.put(edit, REQUIREMENT, requirements);
        let typed = plain(form.one(LANGUAGES));
        if form.has(LANGUAGES) && typed != self.held(LANGUAGES) {
            if rows::are_languages(&typed) {
                self.put(edit, LANGUAGE, rows::with_languages(self.rows(LANGUAGE), &typed));
            } else {
                wrongs.note(LANGUAGES, words.t("own-entry-languages-wrong"));
            }
        }
        let Some(held) = self.week().filter(|_| form.has(HOURS)) else { return };
        let said = Week::read(form, &plain(form.one(HOURS)), (words, wrongs));
        if said != held {
            self.put(edit, SCHEDULE, said.rows(&self.rows(SCHEDULE)));
        }
    }

    fn places(&self) -> Option<Vec<EntryPlace>> {
        self.before.places.clone().or_else(|| self.says.places.clone())
    }

    fn place(&self) -> Option<EntryPlace> {
        self.places().filter(|places| places.len() <= 1)?.pop()
    }

    /// The draft that a form makes; what is wrong with the form is noted.
    pub(super) fn edit(&self, form: &Form, words: Words, wrongs: &mut Wrongs) -> Edit {
        let mut edit = self.before.clone();
        for asked in &SERVICE {
            self.check(asked, form, words, wrongs);
            if asked.name != PHONE {
                self.set_cell(&mut edit, asked.name, plain(form.one(asked.name)));
            }
        }
        self.put(&mut edit, PHONE, self.phones_of(form));
        for asked in &ROWS {
            self.check(asked, form, words, wrongs);
        }
        self.put_rows(&mut edit, form, (words, wrongs));
        if self.asks_place() {
            let places: Vec<EntryPlace> = self.place_of(form, words, wrongs).into_iter().collect();
            edit.places = (self.says.places.as_ref() != Some(&places)).then_some(places);
        }
        if self.asks_visibility() {
            let chosen = VISIBILITY.iter().find(|(_, word)| *word == form.one("visibility"));
            edit.visibility = chosen.map(|(visibility, _)| *visibility);
            if chosen.is_none() {
                wrongs.note("visibility", words.t("own-entry-visibility-wrong"));
            }
        }
        edit
    }

    /// Notes what is wrong with a field by itself. What a list says longer, or in another way, may stay as it is.
    fn check(&self, asked: &Asked, form: &Form, words: Words, wrongs: &mut Wrongs) {
        let typed = plain(form.one(asked.name));
        if !typed.is_empty() && typed == self.held(asked.name) {
            return;
        }
        if typed.chars().count() > asked.most {
            wrongs.note(asked.name, words.with("own-entry-long", "most", asked.most));
        } else if typed.chars().any(|c| c.is_control() && (c != '\n' || asked.typed != Typed::Lines)) {
            wrongs.note(asked.name, words.t("own-entry-one-line"));
        } else if !is_good(asked.name, &typed) {
            wrongs.note(asked.name, words.t(&format!("own-entry-{}-wrong", asked.name)));
        }
    }

    /// What is typed in the place of a cell. Those who keep the directory read name and description of what is not listed yet in its draft.
    fn set_cell(&self, edit: &mut Edit, column: &str, typed: String) {
        let is_as_it_was =
            self.says.service.get(column).map_or_else(String::new, |cell| plain(cell)) == typed;
        let is_read_there = self.asks_visibility() && ["name", "description"].contains(&column);
        if is_as_it_was && !is_read_there {
            edit.service.remove(column);
        } else {
            edit.service.insert(column.to_owned(), typed);
        }
    }

    /// The requirements with what is said of urgent referrals, which then stands in the first alone.
    fn with_urgent(&self, mut rows: Vec<Cells>, form: &Form) -> Vec<Cells> {
        let said = URGENT_SAID.into_iter().find(|word| *word == form.one(URGENT));
        let Some(said) = said.filter(|word| *word != self.urgent()) else { return rows };
        for row in &mut rows {
            row.remove(ACCEPTS_URGENT);
        }
        if rows.is_empty() {
            rows.push(Cells::new());
        }
        if let Some(first) = rows.first_mut() {
            first.insert(ACCEPTS_URGENT.to_owned(), said.to_owned());
        }
        rows
    }

    fn phones_of(&self, form: &Form) -> Vec<Cells> {
        let (mut phones, typed) = (self.rows(PHONE), form.one(PHONE));
        match phones.first_mut() {
            Some(_) if typed.is_empty() => {
                phones.remove(0);
            }
            Some(phone) => {
                phone.insert(String::from("number"), typed.to_owned());
            }
            None if typed.is_empty() => {}
            None => phones.push(Cells::from([(String::from("number"), typed.to_owned())])),
        }
        phones
    }

    /// The place that a form says; none where nothing is said of it but a country.
    fn place_of(&self, form: &Form, words: Words, wrongs: &mut Wrongs) -> Option<EntryPlace> {
        let says = |asked: &Asked| asked.name != "country" && !form.one(asked.name).is_empty();
        if !PLACE.iter().any(says) && !form.has(SECRET) {
            return None;
        }
        let mut place = self.place().unwrap_or_default();
        for asked in &PLACE {
            self.check(asked, form, words, wrongs);
            let typed = plain(form.one(asked.name));
            let typed = if asked.name == "country" { typed.to_uppercase() } else { typed };
            let (cells, column) = cells_of(&mut place, asked.name);
            if typed.is_empty() {
                cells.remove(column);
            } else {
                cells.insert(column.to_owned(), typed);
            }
        }
        let is_country = form.one("country").to_uppercase().parse::<Country>().is_ok();
        if !is_country && wrongs.at("country").is_none() {
            wrongs.note("country", words.t("own-entry-country-wrong"));
        }
        let is_point = is_a_point(form.one("latitude"), form.one("longitude"));
        if !is_point && wrongs.at("latitude").is_none() {
            wrongs.note("latitude", words.t("own-entry-latitude-wrong"));
        }
        if form.has(SECRET) {
            place.location.insert(String::from("confidential"), String::from("yes"));
        } else if is_secret(&place) {
            place.location.remove("confidential");
        }
        Some(place)
    }
}

/// Whether a field can hold what was typed.
fn is_good(name: &str, typed: &str) -> bool {
    match name {
        "name" | "description" => !typed.is_empty(),
        _ if typed.is_empty() => true,
        PHONE => typed.chars().filter(char::is_ascii_digit).count() >= 3,
        "email" => typed.contains('@') && !typed.contains(char::is_whitespace),
        "url" => {
            let lower = typed.to_lowercase();
            let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty()) && !typed.contains(char::is_whitespace)
        }
        _ => true,
    }
}

/// Whether two coordinates are a point, or nothing.
fn is_a_point(latitude: &str, longitude: &str) -> bool {
    if latitude.is_empty() && longitude.is_empty() {
        return true;
    }
    let degrees = |typed: &str, most: f64| {
        typed.parse::<f64>().ok().filter(|degrees| degrees.is_finite() && degrees.abs() <= most)
    };
    match (degrees(latitude, 90.0), degrees(longitude, 180.0)) {
        (Some(latitude), Some(longitude)) => latitude.abs() > 0.0 || longitude.abs() > 0.0,
        (None, _) | (_, None) => false,
    }
}

fn is_secret(place: &EntryPlace) -> bool {
    place.location.get("confidential").is_some_and(|said| said.trim() == "yes")
}

/// The cells that a field of the place belongs to, and its column there.
fn cells_of<'a>(place: &'a mut EntryPlace, name: &'static str) -> (&'a mut Cells, &'static str) {
    match name {
        "latitude" | "longitude" => (&mut place.location, name),
        ACCESS => (&mut place.accessibility, "description"),
        _ => (&mut place.address, name),
    }
}

/// With lines as a database has them; browsers send them another way.
fn plain(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    const WORDS: Words = Words { language: Language::En };

    fn cells(cells: &[(&str, &str)]) -> Cells {
        cells.iter().map(|(column, cell)| ((*column).to_owned(), (*cell).to_owned())).collect()
    }

    /// An entry that says more than the form asks, with one place that is secret.
    fn base() -> Base {
        let place = EntryPlace {
            id: Some(String::from("here")),
            location: cells(&[("name", "Pier house"), ("confidential", "yes")]),
            address: cells(&[("address_1", "Pier Road 2"), ("postal_code", "10101"), ("country", "ZM")]),
            accessibility: Cells::new(),
        };
        let says = Edit {
            service: cells(&[
                ("name", "Shelter"),
                ("description", "Beds\nand meals"),
                ("alert", "Ring twice"),
            ]),
            parts: BTreeMap::from([(
                PHONE.to_owned(),
                vec![cells(&[("id", "1"), ("number", "112")]), cells(&[("id", "2"), ("number", "113")])],
            )]),
            places: Some(vec![place]),
            visibility: None,
        };
        Base { says, before: Edit::default(), visibility: None }
    }

    fn edited(base: &Base, changes: &[(&str, &str)]) -> (Edit, Vec<String>) {
        let begun = base.filled("ZM");
        let form = changes.iter().fold(begun, |form, (name, value)| form.with(name, value));
        let mut wrongs = Wrongs::default();
        let edit = base.edit(&form, WORDS, &mut wrongs);
        (edit, wrongs.0.iter().map(|wrong| wrong.field.to_string()).collect())
    }

    #[test]
    fn a_form_that_nobody_changed_says_nothing() {
        assert_eq!(edited(&base(), &[]), (Edit::default(), Vec::new()));
        // As browsers send lines.
        assert_eq!(edited(&base(), &[("description", "Beds\r\nand meals")]).0, Edit::default());
    }

    #[test]
    fn what_is_changed_is_said_and_what_is_not_asked_stays() {
        let (edit, wrongs) =
            edited(&base(), &[("name", "Night shelter"), ("phone", ""), ("city", "Siavonga")]);
        assert_eq!(wrongs, [""; 0]);
        assert_eq!(edit.service, cells(&[("name", "Night shelter")]));
        assert_eq!(edit.parts[PHONE], [cells(&[("id", "2"), ("number", "113")])]);
        let places = edit.places.unwrap();
        assert_eq!(places[0].id.as_deref(), Some("here"));
        assert_eq!(places[0].location, cells(&[("name", "Pier house"), ("confidential", "yes")]));
        assert_eq!(
            (&places[0].address["city"], &places[0].address["postal_code"]),
            (&"Siavonga".into(), &"10101".into())
        );
    }

    #[test]
    fn urgent_referrals_are_said_in_one_requirement_and_the_others_stay() {
        assert_eq!(base().urgent(), "unknown");
        let (edit, wrongs) = edited(&base(), &[(URGENT, "yes")]);
        assert_eq!(
            edit.parts,
            BTreeMap::from([(REQUIREMENT.to_owned(), vec![cells(&[(ACCEPTS_URGENT, "yes")])])])
        );
        assert_eq!(wrongs, [""; 0]);
        let rows = vec![
            cells(&[("id", "1"), ("form", "F1"), (ACCEPTS_URGENT, "no")]),
            cells(&[("id", "2"), (ACCEPTS_URGENT, "yes")]),
        ];
        let mut base = base();
        base.says.parts.insert(REQUIREMENT.to_owned(), rows);
        assert_eq!(base.urgent(), "yes");
        assert_eq!(edited(&base, &[]).0, Edit::default());
        assert_eq!(
            edited(&base, &[(URGENT, "perhaps")]).0,
            Edit::default(),
            "what nobody can choose changes nothing"
        );
        let (edit, _) = edited(&base, &[(URGENT, "no")]);
        let expected = [cells(&[("id", "1"), ("form", "F1"), (ACCEPTS_URGENT, "no")]), cells(&[("id", "2")])];
        assert_eq!(edit.parts[REQUIREMENT], expected);
    }

    #[test]
    fn a_place_stays_secret_until_the_tick_is_taken_away() {
        let begun = base().filled("ZM");
        assert!(begun.has(SECRET));
        let fields = SERVICE
            .iter()
            .chain(&PLACE)
            .map(|asked| (asked.name.to_owned(), begun.one(asked.name).to_owned()));
        let edit = base().edit(&Form::begun(fields.collect()), WORDS, &mut Wrongs::default());
        assert!(!edit.places.unwrap()[0].location.contains_key("confidential"));
    }

    #[test]
    fn what_cannot_be_kept_is_named_at_its_field() {
        for (name, value) in [
            ("name", ""),
            ("description", ""),
            ("name", "two\nlines"),
            ("phone", "nobody"),
            ("email", "somebody"),
            ("url", "example.org"),
            ("url", "https://"),
            ("country", "Zambia"),
            ("latitude", "-15.42"),
        ] {
            let (_, wrongs) = edited(&base(), &[(name, value)]);
            assert!(
                !wrongs.is_empty() && wrongs.iter().all(|field| field == name),
                "{name} {value}: {wrongs:?}"
            );
        }
        for (point, is_good) in [
            (("", ""), true),
            (("-15.42", "28.28"), true),
            (("0", "0"), false),
            (("95", "1"), false),
            (("-15,42", "28,28"), false),
        ] {
            assert_eq!(is_a_point(point.0, point.1), is_good, "{point:?}");
        }
    }
}
