//! `/api/v1/directory/contacts`: whom one calls at members, for whoever is signed in.
//!
//! What is answered to a change holds no name and no number: answers are remembered, and contacts go with their day.

use actix_web::{
    HttpResponse,
    web::{self, Path, ServiceConfig},
};
use serde::{Deserialize, Serialize};

use super::{answer, reply::respond};
use crate::{
    directory::{self, Contact, ContactSays, ContactsOf, DirectoryError},
    http::{Asking, Body, Expected, Problem, ProblemDocument, Remembered},
    hub::Reply,
    kernel::{
        Timestamp,
        id::{ContactId, OrganisationId, ServiceId},
        page::Page,
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(list, add, find, change, remove))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/directory/contacts", web::get().to(list))
        .route("/api/v1/directory/contacts", web::post().to(add))
        .route("/api/v1/directory/contacts/{contact}", web::get().to(find))
        .route("/api/v1/directory/contacts/{contact}", web::put().to(change))
        .route("/api/v1/directory/contacts/{contact}", web::delete().to(remove));
}

/// Whose contacts.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// Of this organisation; of one's own when neither is given.
    #[param(value_type = Option<String>)]
    organisation: Option<OrganisationId>,
    /// Of this service, and of the whole organisation that provides it.
    #[param(value_type = Option<String>)]
    service: Option<ServiceId>,
}

/// Of which organisation a contact is.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
struct Of {
    /// This one; one's own when left out.
    #[param(value_type = Option<String>)]
    organisation: Option<OrganisationId>,
}

/// A contact that was added or changed.
#[derive(Serialize, utoipa::ToSchema)]
struct ContactKept {
    /// Its id.
    #[schema(value_type = String)]
    id: ContactId,
    /// Until when it holds.
    #[schema(value_type = String, format = DateTime)]
    valid_until: Timestamp,
    /// Counts its changes.
    version: i64,
}

impl From<Contact> for ContactKept {
    fn from(contact: Contact) -> Self {
        Self { id: contact.id, valid_until: contact.valid_until, version: contact.version }
    }
}

/// Whom one calls: of one's own organisation, of another or of a service, first who is on call, then focal points. All of them stand on one page;
/// an organisation has at most 50. Contacts of a service are for those who may see it; where it is kept secret where it is, for its provider and
/// for those who keep the directory.
#[utoipa::path(get, path = "/api/v1/directory/contacts", tag = "Directory", params(Whose),
    responses((status = 200, body = [Contact]), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn list(asking: Asking, query: web::Query<Whose>) -> Result<HttpResponse, Problem> {
    let of = match query.into_inner() {
        Whose { service: Some(service), .. } => ContactsOf::Service(service),
        Whose { organisation: Some(organisation), .. } => ContactsOf::Organisation(organisation),
        Whose { .. } => ContactsOf::Own,
    };
    let (actor, now) = (asking.caller.actor, asking.hub.now());
    let items = asking.hub.read(move |db| directory::contacts(db, &actor, of, now)).await?;
    Ok(HttpResponse::Ok().json(Page { items, next: None }))
}

/// Add somebody whom others call. For who speaks for the organisation, and for those who keep the directory. Who answers when something is
/// urgent is `is_on_call`; only then can a service take urgent referrals.
#[utoipa::path(post, path = "/api/v1/directory/contacts", tag = "Directory", params(Of), request_body = ContactSays,
    responses((status = 201, body = ContactKept), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn add(
    asking: Asking,
    query: web::Query<Of>,
    body: Body<ContactSays>,
) -> Result<HttpResponse, Problem> {
    let ((says, remember), of) = (body.into_parts(), query.into_inner().organisation);
    let outcome = asking.hub.answer("directory.add_contact", &asking.caller, remember, move |tx| {
        let kept = ContactKept::from(directory::add_contact(tx, of, &says)?);
        Ok::<_, DirectoryError>(Reply::created(&kept)?.version(kept.version))
    });
    answer(outcome.await)
}

/// One contact, while it holds.
#[utoipa::path(get, path = "/api/v1/directory/contacts/{contact}", tag = "Directory", params(("contact" = String, Path)),
    responses((status = 200, body = Contact), (status = 401, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, id: Path<ContactId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor, id.into_inner(), asking.hub.now());
    let contact = asking.hub.read(move |db| directory::find_contact(db, &actor, id, now)).await?;
    Ok(respond(&Reply::ok(&contact)?.version(contact.version)))
}

/// Say something else of a contact: all of it, and until when it holds from now on.
#[utoipa::path(put, path = "/api/v1/directory/contacts/{contact}", tag = "Directory",
    params(("contact" = String, Path), ("If-Match" = String, Header)), request_body = ContactSays,
    responses((status = 200, body = ContactKept), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn change(
    asking: Asking,
    id: Path<ContactId>,
    expected: Expected,
    body: Body<ContactSays>,
) -> Result<HttpResponse, Problem> {
    let ((says, remember), seen) = (body.into_parts(), (id.into_inner(), expected.0));
    let outcome = asking.hub.answer("directory.change_contact", &asking.caller, remember, move |tx| {
        let kept = ContactKept::from(directory::change_contact(tx, seen, &says)?);
        Ok::<_, DirectoryError>(Reply::ok(&kept)?.version(kept.version))
    });
    answer(outcome.await)
}

/// Take a contact away. Nothing of it is kept.
#[utoipa::path(delete, path = "/api/v1/directory/contacts/{contact}", tag = "Directory",
    params(("contact" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn remove(
    asking: Asking,
    id: Path<ContactId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let seen = (id.into_inner(), expected.0);
    let outcome = asking.hub.answer("directory.remove_contact", &asking.caller, remembered.0, move |tx| {
        directory::remove_contact(tx, seen)?;
        Ok::<_, DirectoryError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}
