//! Changing what an entry says: drafts that are kept, handed in or thrown away, and saying that it is right as it stands.

use actix_web::{HttpResponse, http::StatusCode, web::Path};

use super::{
    entry::{EntryPage, Known, draft_tag, form_page},
    says::{Base, URGENT},
    verified,
};
use crate::{
    directory::{
        self, Begun, Checked, DirectoryError, Draft, Edit, Listing, Method, Outcome, Service, Standing,
        Verified, Verify, WriteDraft,
    },
    http::Problem,
    kernel::{Digest, Fault, id::ServiceId, page::Asked},
    storage::StorageError,
    web::{
        form::{Form, Wrongs},
        frame::page,
        service::standing,
        sign_in::see,
        visit::{Signed, Visit},
    },
};

/// How many decisions are looked at for the reason of the last.
const DECISIONS: u16 = 5;

/// What somebody confirms who says that an entry is right as the form shows it.
const SHOWN: [Checked; 6] = [
    Checked::Name,
    Checked::Description,
    Checked::Contact,
    Checked::Place,
    Checked::Eligibility,
    Checked::Languages,
];

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
                let asked = Asked::new(Some(DECISIONS), None);
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
        // What somebody made secret meanwhile stays so, unless the tick is taken away again.
        shown.is_secret |= base.is_secret();
        shown.note_what_holds(base, form, visit.words);
        for field in shown.about.iter_mut().chain(&mut shown.rows).chain(&mut shown.place) {
            let held = base.held(field.name);
            if held == field.value.replace("\r\n", "\n") {
                continue;
            }
            field.now = Some(if held.is_empty() {
                visit.words.t("own-entry-now-nothing")
            } else {
                visit.words.with("own-entry-now", "says", held)
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
    match problem.code().name() {
        "directory.nobody_on_call" => wrongs.note(URGENT, words.t("own-entry-urgent-wrong")),
        "directory.bad_draft" => {
            wrongs.note("form", words.with("own-entry-refused", "why", problem.sentence()));
        }
        _ => return Err(problem),
    }
    edit_page((&visit, &loaded), (&base, &form), (wrongs, false), problem.status())
}

/// Writes a draft of what was seen.
async fn put(visit: &Visit, (id, seen): (ServiceId, Digest), draft: WriteDraft) -> Result<(), Problem> {
    visit
        .asking
        .hub
        .write("directory.write_draft", &visit.asking.caller, move |tx| {
            // Who writes at the same moment waits, and then finds that somebody was faster.
            tx.take_turn(&["draft", &id.to_string()])?;
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

/// Says that an entry is right as it stands, and as it was seen.
pub(in crate::web) async fn confirm(
    Signed(visit): Signed,
    id: Path<ServiceId>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let (id, settings) = (id.into_inner(), visit.asking.hub.settings().directory.clone());
    let (asked, version) = (form.one("seen").to_owned(), form.one("version").parse::<i64>().unwrap_or(-1));
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
            if directory::begun(tx.db(), actor, id, now)?.seen.to_string() != asked {
                return Err(StorageError::Conflict.into());
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
