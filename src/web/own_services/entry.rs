//! Offering a service, and saying what is wrong in an entry: forms that make drafts, which those who keep the directory take or refuse.

use actix_web::{HttpResponse, http::StatusCode, web::Path};
use askama::Template;

use super::{
    says::{Asked, Base, PLACE, SECRET, SERVICE, Typed, VISIBILITY},
    verified,
};
use crate::{
    access::{AccessError, Actor, Permission},
    directory::{
        self, Begun, Checked, DirectoryError, Draft, DraftState, Edit, ListService, Listing, Method, Outcome,
        Reporting, Service, Standing, Verified, Verify, Visibility, WriteDraft,
    },
    http::Problem,
    kernel::{Code, Coded, Digest, Fault, id::ServiceId, page::Asked as AskedPage, text::Line},
    policy::ServiceCode,
    storage::StorageError,
    web::{
        find::Choice,
        form::{Form, Wrongs},
        frame::{Frame, Place, page},
        people,
        service::{Tag, standing},
        sign_in::see,
        visit::{Signed, Visit},
        words::Words,
    },
};

/// How many decisions are looked at for the reason of the last.
const DECISIONS: u16 = 5;

/// What somebody confirms who says that an entry is right as the form shows it.
const SHOWN: [Checked; 5] =
    [Checked::Name, Checked::Description, Checked::Contact, Checked::Place, Checked::Eligibility];

/// A field as the page shows it.
struct Field {
    name: &'static str,
    word: String,
    help: String,
    /// What holds now, where somebody was faster and it is not what stands in the form.
    now: Option<String>,
    value: String,
    most: usize,
    /// The keyboard for it, where it is the same in every language.
    plain: Option<&'static str>,
    is_long: bool,
    is_needed: bool,
    /// What describes it.
    described: String,
}

/// What is known of an entry that is there already.
struct Known {
    id: String,
    name: String,
    kind: String,
    /// How it stands, and what waits or was refused.
    tags: Vec<Tag>,
    /// Why something was refused, or is not listed.
    why: Option<String>,
    is_outdated: bool,
    has_draft: bool,
    verified: String,
    version: i64,
    may_confirm: bool,
}

#[derive(Template)]
#[template(path = "own-entry.html")]
struct EntryPage {
    f: Frame,
    w: Words,
    wrongs: Wrongs,
    /// Where the form goes.
    to: String,
    sheet: String,
    seen: String,
    entry: Option<Known>,
    kinds: Vec<Choice>,
    about: Vec<Field>,
    visibility: Vec<Choice>,
    place: Vec<Field>,
    asks_place: bool,
    is_secret: bool,
    other_places: Vec<String>,
    is_stale: bool,
}

/// Why what was offered was not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error(transparent)]
    Form(#[from] people::Refused),
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        DirectoryError::from(error).into()
    }
}

impl Coded for Refused {
    fn code(&self) -> Code {
        match self {
            Self::Directory(error) => error.code(),
            Self::Form(error) => error.code(),
        }
    }
}

/// Whether the actor offers services for their organisation.
pub(super) fn may_offer(actor: &Actor) -> bool {
    actor.organisation().is_some() && actor.may(Permission::ManageStaff).is_ok()
}

/// Whether the actor says what entries of their organisation should say.
pub(super) fn may_edit(actor: &Actor) -> bool {
    let speaks = [Permission::ReceiveReferrals, Permission::ManageStaff];
    actor.organisation().is_some() && speaks.into_iter().any(|may| actor.may(may).is_ok())
}

/// The form to offer a service.
pub(in crate::web) async fn ask(Signed(visit): Signed) -> Result<HttpResponse, Problem> {
    require_offer(&visit)?;
    let base = Base::new();
    let form = base.filled(&visit.asking.hub.settings().node.country);
    offer_page(&visit, (&base, &form, Wrongs::default()), StatusCode::OK)
}

/// Refuses before a form is filled in what would be refused after it.
fn require_offer(visit: &Visit) -> Result<(), Problem> {
    let actor = &visit.asking.caller.actor;
    actor.for_organisation().map_err(DirectoryError::from)?;
    Ok(actor.may(Permission::ManageStaff).map_err(DirectoryError::from)?)
}

fn offer_page(
    visit: &Visit,
    (base, form, wrongs): (&Base, &Form, Wrongs),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let kinds = policy.services().map(|service| {
        let code = service.code.as_str();
        let chosen = form.one("service") == code;
        Choice { value: code.to_owned(), word: words.code(code, &service.label), chosen }
    });
    let shown = EntryPage {
        kinds: kinds.collect(),
        sheet: people::sheet(visit),
        ..form_page(visit, (base, form, wrongs), ("/services/new", "own-offer"))
    };
    page(status, &shown)
}

/// The page of a form, without what is known of an entry.
fn form_page(
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
    EntryPage {
        about: fields(&SERVICE),
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

/// Offers a service. It waits for those who keep the directory; the same form counts once.
pub(in crate::web) async fn offer(Signed(visit): Signed, form: Form) -> Result<HttpResponse, Problem> {
    require_offer(&visit)?;
    let Ok(sheet) = form.one("sheet").parse::<Digest>() else { return Ok(see("/services/new")) };
    let (base, mut wrongs) = (Base::new(), Wrongs::default());
    let Some((command, edit)) = offered(&visit, (&base, &form), &mut wrongs) else {
        return offer_page(&visit, (&base, &form, wrongs), StatusCode::UNPROCESSABLE_ENTITY);
    };
    let (hub, draft) = (&visit.asking.hub, WriteDraft { edit, submit: true });
    let (policy, settings) = (hub.policy(), hub.settings().directory.clone());
    let entered = hub
        .write("directory.list_service", &visit.asking.caller, move |tx| {
            people::once(tx, sheet)?;
            let service = directory::list_service(tx, &command, (&policy, &settings))?;
            directory::write_draft(tx, service.id, &draft)?;
            Ok::<_, Refused>(())
        })
        .await;
    let Err(problem) = entered.map_err(Problem::from) else { return Ok(see("/services?done=offered")) };
    match problem.code().name() {
        "web.sent_already" => Ok(see("/services?done=sent")),
        "directory.bad_draft" => {
            wrongs.note("form", visit.words.with("own-entry-refused", "why", problem.sentence()));
            offer_page(&visit, (&base, &form, wrongs), problem.status())
        }
        _ => Err(problem),
    }
}

/// What a form offers; nothing, and what is wrong, when it cannot be taken.
fn offered(visit: &Visit, (base, form): (&Base, &Form), wrongs: &mut Wrongs) -> Option<(ListService, Edit)> {
    let (words, policy) = (visit.words, visit.asking.hub.policy());
    let service = form.one("service").parse::<ServiceCode>().ok();
    let service = service.filter(|code| policy.service(code).is_some());
    if service.is_none() {
        wrongs.note("service", words.t("own-entry-service-wrong"));
    }
    let edit = base.edit(form, words, wrongs);
    if !wrongs.is_empty() {
        return None;
    }
    let description = form.one("description").split_whitespace().collect::<Vec<_>>().join(" ");
    let command = ListService {
        organisation: visit.asking.caller.actor.organisation()?,
        service: service?,
        name: form.one("name").parse::<Line<160>>().ok()?,
        description: description.parse::<Line<2000>>().ok()?,
        area: None,
        reports_to_authorities: Reporting::Unknown,
        visibility: edit.visibility?,
    };
    Some((command, edit))
}

/// An entry with what a draft of it begins with.
struct Loaded {
    service: Service,
    begun: Begun,
    why: Option<String>,
}

impl Loaded {
    async fn of(visit: &Visit, id: ServiceId) -> Result<Self, Problem> {
        let (hub, actor) = (&visit.asking.hub, visit.asking.caller.actor.clone());
        let now = hub.now();
        let loaded = hub
            .read(move |db| {
                let begun = directory::begun(db, &actor, id, now)?;
                let service = directory::find_service(db, &actor, id, now)?;
                let asked = AskedPage::new(Some(DECISIONS), None);
                let decided = directory::decisions(db, &actor, (id, &asked), now)?.items;
                let is_down = matches!(service.standing, Standing::Suspended | Standing::Archived);
                let taken_down = |state: &str| ["suspended", "archived"].contains(&state);
                let down = decided.into_iter().find(|one| is_down && taken_down(&one.state));
                let refused = begun.draft.as_ref().and_then(|draft| draft.reason.clone());
                let why = refused.or_else(|| down.and_then(|one| one.reason));
                Ok::<_, DirectoryError>(Self { service, begun, why })
            })
            .await?;
        Ok(loaded)
    }

    fn known(&self, visit: &Visit) -> Known {
        let (words, service) = (visit.words, &self.service);
        let draft = self.begun.draft.as_ref();
        let policy = visit.asking.hub.policy();
        let kind = service.service.as_ref().map(|code| {
            words.code(code.as_str(), policy.service(code).map_or("", |known| known.label.as_str()))
        });
        let is_offered = service.standing == Standing::Listed && service.status == Listing::Active;
        Known {
            id: service.id.to_string(),
            name: service.name.clone(),
            kind: kind.unwrap_or_default(),
            tags: standing(service, words)
                .into_iter()
                .chain(draft_tag(draft.map(|draft| draft.state), service, words))
                .collect(),
            why: self.why.clone(),
            is_outdated: draft.is_some_and(|draft: &Draft| draft.is_outdated),
            has_draft: draft.is_some(),
            verified: verified(service, words),
            version: service.version,
            may_confirm: is_offered && draft.is_none(),
        }
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

/// What an entry says, as a form.
pub(in crate::web) async fn show(
    Signed(visit): Signed,
    id: Path<ServiceId>,
) -> Result<HttpResponse, Problem> {
    let loaded = Loaded::of(&visit, id.into_inner()).await?;
    begun_page(&visit, &loaded, false)
}

/// The form as the entry and its draft have it.
fn begun_page(visit: &Visit, loaded: &Loaded, is_stale: bool) -> Result<HttpResponse, Problem> {
    let base = Base::of(&loaded.service, &loaded.begun);
    let form = base.filled(&visit.asking.hub.settings().node.country);
    let status = if is_stale { StatusCode::CONFLICT } else { StatusCode::OK };
    edit_page((visit, loaded), (&base, &form), (Wrongs::default(), is_stale), status)
}

fn edit_page(
    (visit, loaded): (&Visit, &Loaded),
    (base, form): (&Base, &Form),
    (wrongs, is_stale): (Wrongs, bool),
    status: StatusCode,
) -> Result<HttpResponse, Problem> {
    let path = format!("/services/{}/edit", loaded.service.id);
    let shown = form_page(visit, (base, form, wrongs), (&path, "own-entry-edit"));
    let mut shown = EntryPage {
        f: if is_stale { shown.f.with_error() } else { shown.f },
        seen: loaded.begun.seen.to_string(),
        entry: Some(loaded.known(visit)),
        is_stale,
        ..shown
    };
    if is_stale {
        for field in shown.about.iter_mut().chain(&mut shown.place) {
            let held = base.held(field.name);
            let differs = held != field.value.replace("\r\n", "\n");
            field.now = differs.then(|| match held.as_str() {
                "" => visit.words.t("own-entry-now-nothing"),
                held => visit.words.with("own-entry-now", "says", held),
            });
        }
    }
    page(status, &shown)
}

/// Keeps what a form says as a draft, or hands it to those who keep the directory.
pub(in crate::web) async fn write(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (words, id) = (visit.words, id.into_inner());
    let loaded = Loaded::of(&visit, id).await?;
    let (base, mut wrongs) = (Base::of(&loaded.service, &loaded.begun), Wrongs::default());
    let edit = base.edit(&form, words, &mut wrongs);
    let seen = loaded.begun.seen;
    if form.one("seen") != seen.to_string() {
        return edit_page((&visit, &loaded), (&base, &form), (wrongs, true), StatusCode::CONFLICT);
    }
    if wrongs.is_empty() && edit == Edit::default() {
        wrongs.note("form", words.t("own-entry-nothing"));
    }
    if !wrongs.is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return edit_page((&visit, &loaded), (&base, &form), (wrongs, false), status);
    }
    let submit = !form.says("then", "keep");
    let done = if submit { "submitted" } else { "kept" };
    let Err(problem) = put(&visit, (id, seen), WriteDraft { edit, submit }).await else {
        return Ok(see(&format!("/services?done={done}")));
    };
    if problem.code().fault() == Fault::Conflict {
        let loaded = Loaded::of(&visit, id).await?;
        let base = Base::of(&loaded.service, &loaded.begun);
        return edit_page((&visit, &loaded), (&base, &form), (wrongs, true), problem.status());
    }
    if problem.code().name() != "directory.bad_draft" {
        return Err(problem);
    }
    wrongs.note("form", words.with("own-entry-refused", "why", problem.sentence()));
    edit_page((&visit, &loaded), (&base, &form), (wrongs, false), problem.status())
}

/// Writes a draft of what was seen.
async fn put(visit: &Visit, (id, seen): (ServiceId, Digest), draft: WriteDraft) -> Result<(), Problem> {
    visit
        .asking
        .hub
        .write("directory.write_draft", &visit.asking.caller, move |tx| {
            let (actor, now) = (tx.actor(), tx.now());
            if directory::begun(tx.db(), actor, id, now)?.seen != seen {
                return Err(StorageError::Conflict.into());
            }
            directory::write_draft(tx, id, &draft)?;
            Ok::<_, DirectoryError>(())
        })
        .await?;
    Ok(())
}

/// Throws a draft away.
pub(in crate::web) async fn drop_draft(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (id, asked) = (id.into_inner(), form.one("seen").to_owned());
    let dropped = visit
        .asking
        .hub
        .write("directory.drop_draft", &visit.asking.caller, move |tx| {
            let (actor, now) = (tx.actor(), tx.now());
            if directory::begun(tx.db(), actor, id, now)?.seen.to_string() != asked {
                return Err(StorageError::Conflict.into());
            }
            directory::drop_draft(tx, id)
        })
        .await;
    settled(&visit, (id, "dropped"), dropped.map_err(Problem::from)).await
}

/// Says that an entry is right as it stands, at the version that was seen.
pub(in crate::web) async fn confirm(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (id, settings) = (id.into_inner(), visit.asking.hub.settings().directory.clone());
    let version = form.one("version").parse::<i64>().unwrap_or(-1);
    let found = Verified {
        method: Method::ProviderUpdate,
        outcome: Outcome::Confirmed,
        fields: SHOWN.into(),
        at: None,
        next_due: None,
    };
    let command = Verify { service: id, version, found };
    let confirmed = visit
        .asking
        .hub
        .write("directory.verify", &visit.asking.caller, move |tx| {
            let (actor, now) = (tx.actor(), tx.now());
            // Those who keep the directory verify elsewhere, and say how.
            if directory::find_service(tx.db(), actor, id, now)?.member != Some(actor.for_organisation()?) {
                return Err(AccessError::Forbidden.into());
            }
            directory::verify(tx, &command, &settings).map(drop)
        })
        .await;
    settled(&visit, (id, "confirmed"), confirmed.map_err(Problem::from)).await
}

/// Goes on to the list, or shows the entry as it is now to whom somebody was faster than.
async fn settled(
    visit: &Visit,
    (id, done): (ServiceId, &str),
    outcome: Result<(), Problem>,
) -> Result<HttpResponse, Problem> {
    match outcome {
        Ok(()) => Ok(see(&format!("/services?done={done}"))),
        Err(problem) if problem.code().fault() == Fault::Conflict => {
            let loaded = Loaded::of(visit, id).await?;
            begun_page(visit, &loaded, true)
        }
        Err(problem) => Err(problem),
    }
}
