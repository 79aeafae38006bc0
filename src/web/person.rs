//! The pages of the person concerned: where it stands and what was left for them, leaving a note, taking back consent, asking that something be
//! put right, saying how it was. By code and PIN, without an account, without a script.
//!
//! Code and PIN come with every form and are kept nowhere, in no cookie either: the telephone is borrowed. The words tell a bystander nothing.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use fluent_bundle::FluentArgs;

use super::{
    assets,
    find::Choice,
    form::{Form, Wrongs},
    frame::page,
    language,
    words::{Language, Words},
};
use crate::{
    access::Tx,
    config,
    consent::{Extent, Whose, Withdraw, is_withdrawal_code},
    feedback::{
        self, Correct, FeedbackError, LeaveNote, Pauses, Presented, Rate, Rating, WhereItStands, Word,
    },
    http::{Asking, Problem},
    kernel::{Fault, Secret},
    referrals::{
        self, CorrectionAsked, CorrectionKind, CorrectionStanding, LastLeft, LeftForPerson, PersonNote,
    },
};

/// What a page of the person's needs.
struct Around {
    words: Words,
    title: String,
    style: String,
    leave: String,
    /// Whom one can complain to beside the agency.
    complaints: Option<Complaints>,
    is_error: bool,
}

/// A body that takes complaints and is no member of the mechanism.
struct Complaints {
    name: String,
    /// As it is read, and as it is dialled.
    telephone: Option<(String, String)>,
    address: String,
}

impl Complaints {
    /// The one that the settings name, if they do.
    fn named(settings: &config::Complaints) -> Option<Self> {
        let telephone = settings.telephone.trim();
        let dialled: String = telephone.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
        settings.is_named().then(|| Self {
            name: settings.name.trim().to_owned(),
            telephone: (!telephone.is_empty()).then(|| (telephone.to_owned(), dialled)),
            address: settings.address.trim().to_owned(),
        })
    }
}

impl Around {
    fn new(asking: &Asking, request: &HttpRequest, title: &str) -> Self {
        let words = Words { language: language::of_request(request) };
        Self {
            words,
            title: words.t(title),
            style: assets::address("css/person.css"),
            leave: asking.hub.settings().server.leave_to.clone(),
            complaints: Complaints::named(&asking.hub.settings().complaints),
            is_error: false,
        }
    }

    fn direction(&self) -> &'static str {
        self.words.language.direction()
    }

    fn language(&self) -> &'static str {
        self.words.language.tag()
    }

    fn others(&self) -> Vec<(&'static str, &'static str)> {
        let other = Language::ALL.into_iter().filter(|language| *language != self.words.language);
        other.map(|language| (language.tag(), language.own_name())).collect()
    }
}

/// Code and PIN as they were written, to be sent along with the next form.
struct Written {
    code: String,
    pin: String,
}

impl Written {
    fn of(form: &Form) -> Self {
        Self { code: form.one("code").to_owned(), pin: form.one("pin").to_owned() }
    }

    /// The code on the receipt of a consent, which takes it back and shows nothing; it needs no PIN.
    fn of_consent(&self) -> Option<Secret<String>> {
        let is_one = self.pin.trim().is_empty() && is_withdrawal_code(&self.code);
        is_one.then(|| Secret::new(self.code.clone()))
    }

    fn presented(&self, asking: &Asking) -> Presented {
        let secret = |text: &str| Secret::new(text.to_owned());
        Presented::new(&asking.hub.keys().person, &secret(&self.code), &secret(&self.pin))
    }
}

#[derive(Template)]
#[template(path = "my.html")]
struct Door {
    a: Around,
    w: Words,
    wrongs: Wrongs,
    code: String,
}

#[derive(Template)]
#[template(path = "my-stands.html")]
struct Stands {
    a: Around,
    w: Words,
    given: Written,
    sentence: String,
    notes: Vec<Shown>,
    /// Whether the last that the person left was read, in a sentence.
    last_left: Option<String>,
    /// What the person asked to have put right, in a sentence each.
    corrections: Vec<String>,
    can_take_back: bool,
    can_rate: bool,
    just: &'static str,
}

/// Something that was left for the person.
struct Shown {
    sentence: String,
    left: String,
    is_new: bool,
}

#[derive(Template)]
#[template(path = "my-take-back.html")]
struct TakeBack {
    a: Around,
    w: Words,
    given: Written,
}

#[derive(Template)]
#[template(path = "my-taken-back.html")]
struct TakenBack {
    a: Around,
    w: Words,
}

/// A list of sentences that the person chooses from.
struct List {
    title: &'static str,
    how: &'static [&'static str],
    which: &'static str,
    /// Where the answer goes.
    to: &'static str,
    /// What sort of field chooses: one, or several.
    input: &'static str,
    /// What the words of its choices begin with.
    words: &'static str,
    choices: fn() -> Vec<&'static str>,
}

/// What is wrong.
const WRONG: List = List {
    title: "my-correct",
    how: &["my-correct-how", "my-correct-when"],
    which: "my-correct-which",
    to: "/my/corrected",
    input: "checkbox",
    words: "my-wrong",
    choices: || CorrectionKind::ALL.map(CorrectionKind::name).into(),
};

/// What to leave.
const SAYS: List = List {
    title: "my-write",
    how: &["my-write-how"],
    which: "my-write-which",
    to: "/my/written",
    input: "radio",
    words: "my-says",
    choices: || PersonNote::ALL.map(PersonNote::name).into(),
};

#[derive(Template)]
#[template(path = "my-choose.html")]
struct Choosing {
    a: Around,
    w: Words,
    given: Written,
    wrongs: Wrongs,
    list: &'static List,
    kinds: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "my-rate.html")]
struct HowItWas {
    a: Around,
    w: Words,
    given: Written,
    wrongs: Wrongs,
    met: Vec<Choice>,
    questions: Vec<Question>,
}

/// A question that is answered with yes or no, or not at all.
struct Question {
    name: &'static str,
    word: String,
    yes: bool,
    no: bool,
}

/// Asks for code and PIN.
pub(super) async fn door(asking: Asking, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let a = Around::new(&asking, &request, "my-title");
    page(StatusCode::OK, &Door { w: a.words, a, wrongs: Wrongs::default(), code: String::new() })
}

/// Where it stands.
pub(super) async fn stands(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let given = Written::of(&form);
    // With the code of a consent there is one thing to do, and whether there is such a consent is not told before.
    if given.of_consent().is_some() {
        return ask_whether(&asking, &request, given);
    }
    look(&asking, &request, given, "").await
}

/// Shows where it stands, and what was done just now.
async fn look(
    asking: &Asking,
    request: &HttpRequest,
    given: Written,
    just: &'static str,
) -> Result<HttpResponse, Problem> {
    let (presented, pauses) = (given.presented(asking), Pauses::from(&asking.hub.settings().access));
    let looking = move |tx: &mut Tx<'_>| feedback::look(tx, &presented, &pauses);
    let seen = asking.hub.write("feedback.look", &asking.caller.as_the_person(), looking).await;
    match opened(seen.map_err(Problem::from))? {
        Some(seen) => shown(asking, request, given, (seen, just)),
        None => refused(asking, request, &given),
    }
}

/// Asks whether it is meant: what follows cannot be undone.
pub(super) async fn ask_take_back(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    ask_whether(&asking, &request, Written::of(&form))
}

fn ask_whether(asking: &Asking, request: &HttpRequest, given: Written) -> Result<HttpResponse, Problem> {
    let a = Around::new(asking, request, "my-take-back");
    page(StatusCode::OK, &TakeBack { w: a.words, a, given })
}

/// Takes a consent back by the code on its receipt.
async fn take_consent_back(
    asking: &Asking,
    request: &HttpRequest,
    (given, code): (Written, Secret<String>),
) -> Result<HttpResponse, Problem> {
    let (command, policy) =
        (Withdraw { whose: Whose::Code(code), extent: Extent::default() }, asking.hub.policy());
    let taking = move |tx: &mut Tx<'_>| referrals::take_back(tx, &command, &policy);
    match asking.hub.write("consent.withdraw", &asking.caller.as_the_person(), taking).await {
        Ok(_withdrawal) => {
            let a = Around::new(asking, request, "my-take-back");
            page(StatusCode::OK, &TakenBack { w: a.words, a })
        }
        Err(error) => {
            let problem = Problem::from(error);
            let is_unknown = problem.code().fault() == Fault::NotFound;
            if is_unknown { refused(asking, request, &given) } else { Err(problem) }
        }
    }
}

/// Takes back everything that whoever got the referral may have.
pub(super) async fn take_back(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let given = Written::of(&form);
    if let Some(code) = given.of_consent() {
        return take_consent_back(&asking, &request, (given, code)).await;
    }
    let (presented, pauses, policy) =
        (given.presented(&asking), Pauses::from(&asking.hub.settings().access), asking.hub.policy());
    let taking = move |tx: &mut Tx<'_>| feedback::take_back(tx, &presented, &pauses, &policy);
    let taken = asking.hub.write("feedback.take_back", &asking.caller.as_the_person(), taking).await;
    match opened(taken.map_err(Problem::from))? {
        Some(seen) => shown(&asking, &request, given, (seen, "my-just-taken-back")),
        None => refused(&asking, &request, &given),
    }
}

/// Asks what is wrong.
pub(super) async fn ask_correct(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    choose(&asking, &request, (&WRONG, &form))
}

/// Notes what is wrong, and has whoever holds it told.
pub(super) async fn correct(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let given = Written::of(&form);
    let command = Correct {
        presented: given.presented(&asking),
        kinds: form.all("kind").filter_map(CorrectionKind::named).collect(),
    };
    let pauses = Pauses::from(&asking.hub.settings().access);
    let asked = move |tx: &mut Tx<'_>| feedback::correct(tx, &command, &pauses);
    let asked = asking.hub.write("feedback.correct", &asking.caller.as_the_person(), asked).await;
    match opened(asked.map_err(Problem::from)) {
        Ok(Some(seen)) => shown(&asking, &request, given, (seen, "my-just-asked")),
        Ok(None) => refused(&asking, &request, &given),
        Err(problem) if problem.code().fault() == Fault::Refused => {
            nothing_chosen(&asking, &request, (&WRONG, &form), problem.status())
        }
        Err(problem) => Err(problem),
    }
}

/// Asks what to leave.
pub(super) async fn ask_write(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    choose(&asking, &request, (&SAYS, &form))
}

/// Leaves it for those who help.
pub(super) async fn write(asking: Asking, request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let given = Written::of(&form);
    let Some(kind) = PersonNote::named(form.one("kind")) else {
        return nothing_chosen(&asking, &request, (&SAYS, &form), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let command = LeaveNote { presented: given.presented(&asking), kind };
    let pauses = Pauses::from(&asking.hub.settings().access);
    let leaving = move |tx: &mut Tx<'_>| feedback::leave_note(tx, &command, &pauses);
    let left = asking.hub.write("feedback.leave_note", &asking.caller.as_the_person(), leaving).await;
    match opened(left.map_err(Problem::from))? {
        Some(seen) => shown(&asking, &request, given, (seen, "my-just-left")),
        None => refused(&asking, &request, &given),
    }
}

/// Asks how it was.
pub(super) async fn ask_rate(
    asking: Asking,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Problem> {
    how_it_was(&asking, &request, &form, Wrongs::default(), StatusCode::OK)
}

/// Takes what the person says.
pub(super) async fn rate(asking: Asking, request: HttpRequest, form: Form) -> Result<HttpResponse, Problem> {
    let given = Written::of(&form);
    let said = |name: &str| match form.one(name) {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let rating = Rating {
        reached_service: said("reached_service"),
        time_acceptable: said("time_acceptable"),
        respectful: said("respectful"),
        information_clear: said("information_clear"),
        asked_consent: said("asked_consent"),
        need_met: form.one("need_met").parse().ok(),
    };
    let (command, pauses) =
        (Rate { presented: given.presented(&asking), rating }, Pauses::from(&asking.hub.settings().access));
    let taken = asking
        .hub
        .write("feedback.rate", &asking.caller.as_the_person(), move |tx| {
            feedback::rate(tx, &command, &pauses)
        })
        .await;
    match opened(taken.map_err(Problem::from)) {
        Ok(Some(_)) => look(&asking, &request, given, "my-just-rated").await,
        Ok(None) => refused(&asking, &request, &given),
        Err(problem)
            if problem.code().fault() == Fault::Refused || problem.code().fault() == Fault::Malformed =>
        {
            let words = Words { language: language::of_request(&request) };
            let mut wrongs = Wrongs::default();
            wrongs.note("need_met", words.t("my-nothing-said"));
            how_it_was(&asking, &request, &form, wrongs, problem.status())
        }
        Err(problem) if problem.code().fault() == Fault::Conflict => {
            look(&asking, &request, given, "my-rated-before").await
        }
        Err(problem) => Err(problem),
    }
}

/// What was opened; nothing where code and PIN do not fit.
fn opened<T>(outcome: Result<Option<T>, Problem>) -> Result<Option<T>, Problem> {
    match outcome {
        Err(problem) if problem.code() == Problem::from(FeedbackError::NotOpened).code() => Ok(None),
        outcome => outcome,
    }
}

fn shown(
    asking: &Asking,
    request: &HttpRequest,
    given: Written,
    (seen, just): (WhereItStands, &'static str),
) -> Result<HttpResponse, Problem> {
    let a = Around::new(asking, request, "my-stands");
    let words = a.words;
    let shown = Stands {
        a,
        w: words,
        given,
        sentence: words.word("my-word", name(seen.word)),
        notes: seen.notes.iter().map(|note| note_shown(note, words)).collect(),
        last_left: seen.last_left.map(|last| last_left(last, words)),
        corrections: seen.corrections.iter().map(|asked| how_far(asked, words)).collect(),
        can_take_back: seen.can_take_back,
        can_rate: seen.can_rate,
        just,
    };
    page(StatusCode::OK, &shown)
}

/// The same answer for a wrong code, a wrong PIN and a pause.
fn refused(asking: &Asking, request: &HttpRequest, given: &Written) -> Result<HttpResponse, Problem> {
    let a = Around { is_error: true, ..Around::new(asking, request, "my-title") };
    let mut wrongs = Wrongs::default();
    wrongs.note("code", a.words.t("my-refused"));
    page(StatusCode::UNAUTHORIZED, &Door { w: a.words, a, wrongs, code: given.code.clone() })
}

/// How far something is that the person asked for. What it is about stands nowhere: somebody may look over their shoulder.
fn how_far(asked: &CorrectionAsked, words: Words) -> String {
    let mut arguments = FluentArgs::new();
    arguments.set("day", words.day(asked.asked));
    arguments.set("moment", words.moment(asked.answer_by));
    let key = match asked.standing {
        CorrectionStanding::Asked => "my-correction-asked",
        CorrectionStanding::Late => "my-correction-late",
        CorrectionStanding::NotReached => "my-correction-not-reached",
        CorrectionStanding::Disputed => "my-correction-disputed",
        CorrectionStanding::PutRight => "my-correction-put-right",
    };
    words.filled(key, &arguments)
}

/// What was left for the person, and when. Who left it stands nowhere either.
fn note_shown(note: &LeftForPerson, words: Words) -> Shown {
    let sentence = match note.day {
        Some(day) => words.with("my-note-please-come-on", "day", words.date(day)),
        None => words.word("my-note", note.kind.name()),
    };
    Shown {
        sentence,
        left: words.with("my-note-left", "day", words.day(note.left)),
        is_new: note.read.is_none(),
    }
}

fn last_left(last: LastLeft, words: Words) -> String {
    let key = if last.was_read { "my-last-read" } else { "my-last-unread" };
    words.with(key, "day", words.day(last.left))
}

fn choose(
    asking: &Asking,
    request: &HttpRequest,
    (list, form): (&'static List, &Form),
) -> Result<HttpResponse, Problem> {
    let a = Around::new(asking, request, list.title);
    chosen_from(a, (list, form), Wrongs::default(), StatusCode::OK)
}

/// The same list again, because nothing of it was chosen.
fn nothing_chosen(
    asking: &Asking,
    request: &HttpRequest,
    (list, form): (&'static List, &Form),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let a = Around { is_error: true, ..Around::new(asking, request, list.title) };
    let mut wrongs = Wrongs::default();
    wrongs.note("kinds", a.words.t("my-nothing-chosen"));
    chosen_from(a, (list, form), wrongs, status)
}

fn chosen_from(
    a: Around,
    (list, form): (&'static List, &Form),
    wrongs: Wrongs,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let words = a.words;
    let choice = |name: &str| Choice {
        value: name.to_owned(),
        word: words.word(list.words, name),
        chosen: form.says("kind", name),
    };
    let kinds = (list.choices)().into_iter().map(choice).collect();
    page(status, &Choosing { a, w: words, given: Written::of(form), wrongs, list, kinds })
}

fn how_it_was(
    asking: &Asking,
    request: &HttpRequest,
    form: &Form,
    wrongs: Wrongs,
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let a = Around { is_error: !wrongs.is_empty(), ..Around::new(asking, request, "my-rate") };
    let words = a.words;
    let met = ["1", "2", "3", "4", "5"].map(|value| Choice {
        value: value.to_owned(),
        word: words.word("my-met", value),
        chosen: form.one("need_met") == value,
    });
    let questions =
        ["reached_service", "time_acceptable", "respectful", "information_clear", "asked_consent"];
    let questions = questions.map(|name| Question {
        name,
        word: words.word("my-question", name),
        yes: form.one(name) == "yes",
        no: form.one(name) == "no",
    });
    let given = Written::of(form);
    page(status, &HowItWas { a, w: words, given, wrongs, met: met.into(), questions: questions.into() })
}

const fn name(word: Word) -> &'static str {
    match word {
        Word::Sent => "sent",
        Word::LookedAt => "looked-at",
        Word::Accepted => "accepted",
        Word::Waiting => "waiting",
        Word::Arranged => "arranged",
        Word::UnderWay => "under-way",
        Word::Paused => "paused",
        Word::Done => "done",
        Word::NotPossible => "not-possible",
        Word::Stopped => "stopped",
        Word::TakenBack => "taken-back",
    }
}
