//! The form of what an entry says: to offer a service, and to change what an entry says that is there.

use askama::Template;

use super::{
    rows::{DAYS, REPORTING, REPORTS, closes, opens},
    says::{Asked, Base, HOURS, PLACE, ROWS, SECRET, SERVICE, Typed, URGENT, URGENT_SAID, VISIBILITY},
};
use crate::{
    access::{Actor, Permission},
    directory::{DraftState, Service, Standing, Visibility},
    web::{
        find::Choice,
        form::{Form, Wrongs},
        frame::{Frame, Place},
        service::Tag,
        visit::Visit,
        words::Words,
    },
};

/// A field as the page shows it.
pub(super) struct Field {
    pub(super) name: &'static str,
    word: String,
    help: String,
    /// What holds now, where somebody was faster and it is not what stands in the form.
    pub(super) now: Option<String>,
    pub(super) value: String,
    most: usize,
    /// The keyboard for it, where it is the same in every language.
    plain: Option<&'static str>,
    is_long: bool,
    is_needed: bool,
    /// What describes it.
    described: String,
}

/// A day of the week as the page shows it.
pub(super) struct Day {
    word: String,
    /// The field, and what stands in it.
    opens: (String, String),
    closes: (String, String),
    /// When it is open now, where somebody was faster and the form says something else.
    now: Option<String>,
}

/// What is known of an entry that is there already.
pub(super) struct Known {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: String,
    /// How it stands, and what waits or was refused.
    pub(super) tags: Vec<Tag>,
    /// Why something was refused, or is not listed.
    pub(super) why: Option<String>,
    pub(super) is_outdated: bool,
    pub(super) has_draft: bool,
    pub(super) verified: String,
    pub(super) version: i64,
    pub(super) may_confirm: bool,
}

#[derive(Template)]
#[template(path = "own-entry.html")]
pub(super) struct EntryPage {
    pub(super) f: Frame,
    pub(super) w: Words,
    pub(super) wrongs: Wrongs,
    /// Where the form goes.
    pub(super) to: String,
    pub(super) sheet: String,
    pub(super) seen: String,
    pub(super) entry: Option<Known>,
    pub(super) kinds: Vec<Choice>,
    pub(super) about: Vec<Field>,
    pub(super) reports: Vec<Choice>,
    /// What holds now of that, where somebody was faster and the form says something else.
    pub(super) reports_now: Option<String>,
    pub(super) rows: Vec<Field>,
    /// When it is open; no day where it says more than a form asks.
    pub(super) week: Vec<Day>,
    pub(super) visibility: Vec<Choice>,
    pub(super) urgent: Vec<Choice>,
    /// What holds now of urgent referrals, where somebody was faster.
    pub(super) urgent_now: Option<String>,
    pub(super) place: Vec<Field>,
    pub(super) asks_place: bool,
    pub(super) is_secret: bool,
    pub(super) other_places: Vec<String>,
    pub(super) is_stale: bool,
}

impl EntryPage {
    /// Says beside what somebody chose what holds now, where that is something else.
    pub(super) fn note_what_holds(&mut self, base: &Base, form: &Form, words: Words) {
        let urgent = base.urgent();
        if !form.says(URGENT, urgent) {
            self.urgent_now =
                Some(words.with("own-entry-now", "says", words.word("own-entry-urgent", urgent)));
        }
        let held = base.reporting().name();
        if self.reports.iter().any(|choice| choice.chosen && choice.value != held) {
            self.reports_now =
                Some(words.with("own-entry-now", "says", words.word("own-entry-reports", held)));
        }
        for (day, (from, to)) in self.week.iter_mut().zip(base.week().unwrap_or_default().days) {
            if (&day.opens.1, &day.closes.1) != (&from, &to) {
                day.now = Some(if from.is_empty() {
                    words.t("own-entry-now-nothing")
                } else {
                    words.with("own-entry-now", "says", format!("{from} – {to}"))
                });
            }
        }
    }
}

/// Whether the actor says what entries of their organisation should say.
pub(in crate::web) fn may_edit(actor: &Actor) -> bool {
    let speaks = [Permission::ReceiveReferrals, Permission::ManageStaff];
    actor.organisation().is_some() && speaks.into_iter().any(|may| actor.may(may).is_ok())
}

/// The page of a form, without what is known of an entry.
pub(super) fn form_page(
    visit: &Visit,
    (base, form, wrongs): (&Base, &Form, Wrongs),
    (path, title): (&str, &str),
) -> EntryPage {
    let words = visit.words;
    let frame = visit.frame(Place::Services, words.t(title));
    let fields = |asked: &[Asked]| asked.iter().map(|asked| field(asked, form, &wrongs, words)).collect();
    let choice = |(_, word): &(Visibility, &'static str)| Choice {
        value: (*word).to_owned(),
        word: words.word("own-entry-visibility", word),
        chosen: form.says("visibility", word),
    };
    let asks_hours = base.week().is_some();
    let reports = REPORTING.map(|said| Choice {
        value: said.name().to_owned(),
        word: words.word("own-entry-reports", said.name()),
        chosen: form.says(REPORTS, said.name()),
    });
    let day = |day: &&str| {
        let value = |name: String| (form.one(&name).to_owned(), name);
        let ((from, opens), (to, closes)) = (value(opens(day)), value(closes(day)));
        Day {
            word: words.word("own-entry-day", &day.to_lowercase()),
            opens: (opens, from),
            closes: (closes, to),
            now: None,
        }
    };
    let urgent = URGENT_SAID.map(|said| Choice {
        value: said.to_owned(),
        word: words.word("own-entry-urgent", said),
        chosen: form.says(URGENT, said),
    });
    EntryPage {
        urgent: urgent.into(),
        urgent_now: None,
        about: fields(&SERVICE),
        reports: reports.into(),
        reports_now: None,
        rows: ROWS
            .iter()
            .filter(|asked| asks_hours || asked.name != HOURS)
            .map(|asked| field(asked, form, &wrongs, words))
            .collect(),
        week: if asks_hours { DAYS.iter().map(day).collect() } else { Vec::new() },
        place: fields(&PLACE),
        visibility: if base.asks_visibility() { VISIBILITY.iter().map(choice).collect() } else { Vec::new() },
        f: Frame { path: path.to_owned(), ..if wrongs.is_empty() { frame } else { frame.with_error() } },
        w: words,
        wrongs,
        to: path.to_owned(),
        sheet: String::new(),
        seen: String::new(),
        entry: None,
        kinds: Vec::new(),
        asks_place: base.asks_place(),
        is_secret: form.has(SECRET),
        other_places: base.other_places(),
        is_stale: false,
    }
}

fn field(asked: &Asked, form: &Form, wrongs: &Wrongs, words: Words) -> Field {
    let name = asked.name;
    let help = if asked.has_help { words.word("own-entry-help", name) } else { String::new() };
    let helps = asked.has_help.then(|| format!("{name}-h"));
    let wrong = wrongs.at(name).map(|_| format!("{name}-e"));
    Field {
        name,
        word: words.word("own-entry", name),
        help,
        now: None,
        value: form.one(name).to_owned(),
        most: asked.most,
        plain: match asked.typed {
            Typed::Plain(keyboard) => Some(keyboard),
            Typed::Line | Typed::Lines => None,
        },
        is_long: asked.typed == Typed::Lines,
        is_needed: ["name", "description"].contains(&name),
        described: helps.into_iter().chain(wrong).collect::<Vec<_>>().join(" "),
    }
}

/// What waits for whom of an entry.
pub(super) fn draft_tag(state: Option<DraftState>, service: &Service, words: Words) -> Option<Tag> {
    let (tone, key) = match state {
        Some(DraftState::Submitted) if service.standing == Standing::Proposed => return None,
        Some(DraftState::Submitted) => ("warn", "own-draft-submitted"),
        Some(DraftState::Draft) => ("warn", "own-draft-kept"),
        Some(DraftState::Rejected) => ("bad", "own-draft-rejected"),
        None if service.standing == Standing::Proposed => ("warn", "own-draft-none"),
        None => return None,
    };
    Some(Tag { tone, word: words.t(key) })
}
