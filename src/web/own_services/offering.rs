//! Offering a service: a proposal and its draft, which those who keep the directory take or refuse.

use actix_web::{HttpResponse, http::StatusCode};

use super::{
    entry::{EntryPage, form_page},
    says::{Base, URGENT},
};
use crate::{
    access::{Actor, Permission},
    directory::{self, DirectoryError, Edit, ListService, Reporting, WriteDraft},
    http::Problem,
    kernel::{Code, Coded, Digest, text::Line},
    policy::ServiceCode,
    storage::StorageError,
    web::{
        find::Choice,
        form::{Form, Wrongs},
        frame::page,
        people,
        sign_in::see,
        visit::{Signed, Visit},
    },
};

/// Why what was offered was not taken.
#[derive(Debug, thiserror::Error)]
pub(in crate::web) enum Refused {
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
        "directory.nobody_on_call" => {
            wrongs.note(URGENT, visit.words.t("own-entry-urgent-wrong"));
            offer_page(&visit, (&base, &form, wrongs), problem.status())
        }
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
