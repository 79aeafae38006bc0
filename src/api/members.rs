//! `/api/v1/organisations`, their people, machines and keys; `/api/v1/session`.

use actix_web::{
    HttpRequest, HttpResponse, guard,
    middleware::from_fn,
    web::{self, Path, ServiceConfig},
};

use super::{answer, reply::respond};
use crate::{
    access::Tx,
    custody::{self, CustodyError},
    http::{Asking, Body, Door, Expected, Paging, Problem, ProblemDocument, Remembered, packed, session},
    hub::Reply,
    kernel::id::{ClientId, OrganisationId, StaffId},
    members::{
        self, Calendar, CalendarView, ChangePassphrase, ClientView, EnrolOrganisation, EnrolStaff, Enrolment,
        KeyHistory, MemberError, Organisation, PublishKeys, RegisterClient, SetCalendar, SetPassphrase,
        SetRoles, SignIn, StaffView, Suspend,
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    enrol,
    list,
    find,
    suspend,
    reinstate,
    calendar,
    set_calendar,
    enrol_staff,
    list_staff,
    remove_staff,
    reenrol_staff,
    set_roles,
    register_client,
    list_clients,
    revoke_client,
    publish_keys,
    keys,
    jwks,
    set_passphrase,
    change_passphrase,
    sign_in,
    sign_out
))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/organisations", web::post().to(enrol))
        .route("/api/v1/organisations", web::get().to(list))
        .route("/api/v1/organisations/{organisation}", web::get().to(find))
        .route("/api/v1/organisations/{organisation}/suspension", web::put().to(suspend))
        .route("/api/v1/organisations/{organisation}/suspension", web::delete().to(reinstate))
        .route("/api/v1/organisations/{organisation}/calendar", web::get().to(calendar))
        .route("/api/v1/organisations/{organisation}/calendar", web::put().to(set_calendar))
        .route("/api/v1/organisations/{organisation}/staff", web::post().to(enrol_staff))
        .route("/api/v1/organisations/{organisation}/staff", web::get().to(list_staff))
        .route("/api/v1/organisations/{organisation}/staff/{staff}", web::delete().to(remove_staff))
        .route("/api/v1/organisations/{organisation}/staff/{staff}/enrolment", web::post().to(reenrol_staff))
        .route("/api/v1/organisations/{organisation}/staff/{staff}/roles", web::put().to(set_roles))
        .route("/api/v1/organisations/{organisation}/clients", web::post().to(register_client))
        .route("/api/v1/organisations/{organisation}/clients", web::get().to(list_clients))
        .route("/api/v1/organisations/{organisation}/clients/{client}", web::delete().to(revoke_client))
        .route("/api/v1/organisations/{organisation}/keys", web::post().to(publish_keys))
        // Pages ask for it on slow telephones. Public as it is, its length tells nothing (BREACH).
        .service(
            web::resource("/api/v1/organisations/{organisation}/keys")
                .guard(guard::Get())
                .route(web::get().to(keys))
                .wrap(from_fn(packed)),
        )
        .route("/api/v1/organisations/{organisation}/jwks.json", web::get().to(jwks))
        .route("/api/v1/passphrase", web::post().to(set_passphrase))
        .route("/api/v1/passphrase", web::put().to(change_passphrase))
        .route("/api/v1/session", web::post().to(sign_in))
        .route("/api/v1/session", web::delete().to(sign_out));
}

/// Enrol an organisation. For coordinators.
#[utoipa::path(post, path = "/api/v1/organisations", tag = "Members", request_body = EnrolOrganisation,
    responses((status = 201, body = Organisation), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument)))]
async fn enrol(asking: Asking, body: Body<EnrolOrganisation>) -> Result<HttpResponse, Problem> {
    let (command, remember) = body.into_parts();
    let outcome = asking.hub.answer("members.enrol", &asking.caller, remember, move |tx| {
        let organisation = members::enrol_organisation(tx, &command)?;
        Ok::<_, MemberError>(Reply::created(&organisation)?.version(organisation.version))
    });
    answer(outcome.await)
}

/// The member organisations.
#[utoipa::path(get, path = "/api/v1/organisations", tag = "Members", params(Paging),
    responses((status = 200, body = [Organisation])))]
async fn list(asking: Asking, paging: web::Query<Paging>) -> Result<HttpResponse, Problem> {
    let (actor, asked) = (asking.caller.actor, paging.into_inner().asked());
    let page = asking.hub.read(move |db| members::list_organisations(db, &actor, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// One organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}", tag = "Members",
    params(("organisation" = String, Path)),
    responses((status = 200, body = Organisation), (status = 404, body = ProblemDocument)))]
async fn find(asking: Asking, id: Path<OrganisationId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let organisation = asking.hub.read(move |db| members::find_organisation(db, &actor, id)).await?;
    Ok(respond(&Reply::ok(&organisation)?.version(organisation.version)))
}

/// Suspend an organisation: at once it authenticates nobody, sends nothing and receives nothing.
#[utoipa::path(put, path = "/api/v1/organisations/{organisation}/suspension", tag = "Members",
    params(("organisation" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Organisation), (status = 409, body = ProblemDocument)))]
async fn suspend(
    asking: Asking,
    id: Path<OrganisationId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let command = Suspend { organisation: id.into_inner(), version: expected.0 };
    stand("members.suspend", members::suspend_organisation, asking, remembered, command).await
}

/// Let a suspended organisation take part again.
#[utoipa::path(delete, path = "/api/v1/organisations/{organisation}/suspension", tag = "Members",
    params(("organisation" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = Organisation), (status = 409, body = ProblemDocument)))]
async fn reinstate(
    asking: Asking,
    id: Path<OrganisationId>,
    expected: Expected,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let command = Suspend { organisation: id.into_inner(), version: expected.0 };
    stand("members.reinstate", members::reinstate_organisation, asking, remembered, command).await
}

/// What suspending and reinstating have in common: everything but the use case.
async fn stand(
    action: &'static str,
    verb: fn(&mut Tx<'_>, &Suspend) -> Result<Organisation, MemberError>,
    asking: Asking,
    remembered: Remembered,
    command: Suspend,
) -> Result<HttpResponse, Problem> {
    let outcome = asking.hub.answer(action, &asking.caller, remembered.0, move |tx| {
        let organisation = verb(tx, &command)?;
        Ok::<_, MemberError>(Reply::ok(&organisation)?.version(organisation.version))
    });
    answer(outcome.await)
}

/// When an organisation works.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/calendar", tag = "Members",
    params(("organisation" = String, Path)),
    responses((status = 200, body = CalendarView), (status = 404, body = ProblemDocument)))]
async fn calendar(asking: Asking, id: Path<OrganisationId>) -> Result<HttpResponse, Problem> {
    let (actor, id) = (asking.caller.actor, id.into_inner());
    let view = asking.hub.read(move |db| members::find_calendar(db, &actor, id)).await?;
    Ok(respond(&Reply::ok(&view)?.version(view.version)))
}

/// Say when an organisation works. What is due within working days on referrals from now on follows it. For its administrator.
#[utoipa::path(put, path = "/api/v1/organisations/{organisation}/calendar", tag = "Members",
    params(("organisation" = String, Path), ("If-Match" = String, Header)), request_body = Calendar,
    responses((status = 200, body = CalendarView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn set_calendar(
    asking: Asking,
    id: Path<OrganisationId>,
    expected: Expected,
    body: Body<Calendar>,
) -> Result<HttpResponse, Problem> {
    let (calendar, remember) = body.into_parts();
    let command = SetCalendar { organisation: id.into_inner(), version: expected.0, calendar };
    let outcome = asking.hub.answer("members.set_calendar", &asking.caller, remember, move |tx| {
        let view = members::set_calendar(tx, &command)?;
        Ok::<_, MemberError>(Reply::ok(&view)?.version(view.version))
    });
    answer(outcome.await)
}

/// Enrol a person; the answer holds the code with which they choose a passphrase, once.
#[utoipa::path(post, path = "/api/v1/organisations/{organisation}/staff", tag = "Members",
    params(("organisation" = String, Path)), request_body = EnrolStaff,
    responses((status = 201, body = Enrolment), (status = 422, body = ProblemDocument)))]
async fn enrol_staff(
    asking: Asking,
    id: Path<OrganisationId>,
    body: Body<EnrolStaff>,
) -> Result<HttpResponse, Problem> {
    // Not remembered: the answer holds a secret, and secrets are not stored.
    let (command, _remember) = body.into_parts();
    let (id, hours) = (id.into_inner(), asking.hub.settings().access.enrolment_hours);
    let enrolment = asking
        .hub
        .write("members.enrol_staff", &asking.caller, move |tx| {
            members::enrol_staff(tx, Some(id), &command, hours)
        })
        .await?;
    Ok(HttpResponse::Created().json(enrolment))
}

/// The people of an organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/staff", tag = "Members",
    params(("organisation" = String, Path), Paging), responses((status = 200, body = [StaffView])))]
async fn list_staff(
    asking: Asking,
    id: Path<OrganisationId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let (actor, id, asked) = (asking.caller.actor, id.into_inner(), paging.into_inner().asked());
    let page = asking.hub.read(move |db| members::list_staff(db, &actor, Some(id), &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Give a person who lost the passphrase a new enrolment code. The old passphrase is worth nothing from now on, and their sessions end, and
/// their second step is taken away.
#[utoipa::path(post, path = "/api/v1/organisations/{organisation}/staff/{staff}/enrolment", tag = "Members",
    params(("organisation" = String, Path), ("staff" = String, Path)),
    responses((status = 201, body = Enrolment), (status = 404, body = ProblemDocument)))]
async fn reenrol_staff(
    asking: Asking,
    ids: Path<(OrganisationId, StaffId)>,
) -> Result<HttpResponse, Problem> {
    let ((organisation, staff), hours) = (ids.into_inner(), asking.hub.settings().access.enrolment_hours);
    let enrolment = asking
        .hub
        .write("members.reenrol_staff", &asking.caller, move |tx| {
            members::reenrol_staff(tx, Some(organisation), staff, hours)
        })
        .await?;
    Ok(HttpResponse::Created().json(enrolment))
}

/// Remove a person; their sessions end now.
#[utoipa::path(delete, path = "/api/v1/organisations/{organisation}/staff/{staff}", tag = "Members",
    params(("organisation" = String, Path), ("staff" = String, Path)), responses((status = 204)))]
async fn remove_staff(
    asking: Asking,
    ids: Path<(OrganisationId, StaffId)>,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let (organisation, staff) = ids.into_inner();
    let outcome = asking.hub.answer("members.remove_staff", &asking.caller, remembered.0, move |tx| {
        members::remove_staff(tx, Some(organisation), staff)?;
        custody::forget_person(tx, staff)?;
        Ok::<_, CustodyError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// Give a person other roles. Their sessions go on and may do what the new roles allow, at once. Somebody must remain who manages people.
#[utoipa::path(put, path = "/api/v1/organisations/{organisation}/staff/{staff}/roles", tag = "Members",
    params(("organisation" = String, Path), ("staff" = String, Path)), request_body = SetRoles,
    responses((status = 200, body = StaffView), (status = 404, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn set_roles(
    asking: Asking,
    ids: Path<(OrganisationId, StaffId)>,
    body: Body<SetRoles>,
) -> Result<HttpResponse, Problem> {
    let ((organisation, staff), (command, remember)) = (ids.into_inner(), body.into_parts());
    let outcome = asking.hub.answer("members.set_roles", &asking.caller, remember, move |tx| {
        Ok::<_, MemberError>(Reply::ok(members::set_roles(tx, Some(organisation), staff, &command)?)?)
    });
    answer(outcome.await)
}

/// Register a machine client with its public key.
#[utoipa::path(post, path = "/api/v1/organisations/{organisation}/clients", tag = "Members",
    params(("organisation" = String, Path)), request_body = RegisterClient,
    responses((status = 201, body = ClientView), (status = 409, body = ProblemDocument)))]
async fn register_client(
    asking: Asking,
    id: Path<OrganisationId>,
    body: Body<RegisterClient>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let outcome = asking.hub.answer("members.register_client", &asking.caller, remember, move |tx| {
        Ok::<_, MemberError>(Reply::created(members::register_client(tx, id, &command)?)?)
    });
    answer(outcome.await)
}

/// The machine clients of an organisation.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/clients", tag = "Members",
    params(("organisation" = String, Path), Paging), responses((status = 200, body = [ClientView])))]
async fn list_clients(
    asking: Asking,
    id: Path<OrganisationId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let (actor, id, asked) = (asking.caller.actor, id.into_inner(), paging.into_inner().asked());
    let page = asking.hub.read(move |db| members::list_clients(db, &actor, id, &asked)).await?;
    Ok(HttpResponse::Ok().json(page))
}

/// Revoke a machine client; its tokens stop counting within seconds.
#[utoipa::path(delete, path = "/api/v1/organisations/{organisation}/clients/{client}", tag = "Members",
    params(("organisation" = String, Path), ("client" = String, Path)), responses((status = 204)))]
async fn revoke_client(
    asking: Asking,
    ids: Path<(OrganisationId, ClientId)>,
    remembered: Remembered,
) -> Result<HttpResponse, Problem> {
    let (organisation, client) = ids.into_inner();
    let outcome = asking.hub.answer("members.revoke_client", &asking.caller, remembered.0, move |tx| {
        members::revoke_client(tx, organisation, client)?;
        Ok::<_, MemberError>(Reply::with(204, ())?)
    });
    answer(outcome.await)
}

/// Publish a statement about the organisation's keys, signed by its root key.
#[utoipa::path(post, path = "/api/v1/organisations/{organisation}/keys", tag = "Keys",
    params(("organisation" = String, Path)), request_body = PublishKeys,
    responses((status = 201, description = "Taken"), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn publish_keys(
    asking: Asking,
    id: Path<OrganisationId>,
    body: Body<PublishKeys>,
) -> Result<HttpResponse, Problem> {
    let ((command, remember), id) = (body.into_parts(), id.into_inner());
    let policy = asking.hub.policy();
    let outcome = asking.hub.answer("members.publish_keys", &asking.caller, remember, move |tx| {
        let seq = members::publish_keys(tx, id, &command, &policy)?;
        Ok::<_, MemberError>(Reply::created(serde_json::json!({ "seq": seq }))?)
    });
    answer(outcome.await)
}

/// Every statement the organisation ever made about its keys, oldest first, page by page. Verify the chain yourself: that is what it
/// is for.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/keys", tag = "Keys",
    params(("organisation" = String, Path), Paging), responses((status = 200, body = KeyHistory)))]
async fn keys(
    asking: Asking,
    id: Path<OrganisationId>,
    paging: web::Query<Paging>,
) -> Result<HttpResponse, Problem> {
    let (actor, id, asked) = (asking.caller.actor, id.into_inner(), paging.into_inner().asked());
    let history = asking.hub.read(move |db| members::key_history(db, &actor, id, &asked)).await?;
    Ok(HttpResponse::Ok().json(history))
}

/// The organisation's usable keys as a JWK Set.
#[utoipa::path(get, path = "/api/v1/organisations/{organisation}/jwks.json", tag = "Keys",
    params(("organisation" = String, Path)), responses((status = 200, description = "JWK Set (RFC 7517)")))]
async fn jwks(asking: Asking, id: Path<OrganisationId>) -> Result<HttpResponse, Problem> {
    let (actor, id, now) = (asking.caller.actor, id.into_inner(), asking.hub.now());
    let set = asking.hub.read(move |db| members::jwks_of(db, &actor, id, now)).await?;
    Ok(HttpResponse::Ok().json(set))
}

/// Choose a passphrase with an enrolment code.
#[utoipa::path(post, path = "/api/v1/passphrase", tag = "Sign in", request_body = SetPassphrase,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn set_passphrase(
    asking: Asking,
    door: web::Data<Door>,
    body: Body<SetPassphrase>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    session::choose_passphrase(&asking, &door, command).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Choose another passphrase while signed in. Every other session ends; a wrong old passphrase counts as a wrong try to sign in does.
#[utoipa::path(put, path = "/api/v1/passphrase", tag = "Sign in", request_body = ChangePassphrase,
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn change_passphrase(
    asking: Asking,
    request: HttpRequest,
    door: web::Data<Door>,
    body: Body<ChangePassphrase>,
) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    session::change_passphrase(&asking, (&door, &request), command).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Sign in with name and passphrase; the answer sets the session cookie. Whoever has a second step gives its code as well; without it they are
/// answered `member.second_step_needed`, once the passphrase is right.
#[utoipa::path(post, path = "/api/v1/session", tag = "Sign in", request_body = SignIn,
    responses((status = 200, description = "Signed in"), (status = 401, body = ProblemDocument)))]
async fn sign_in(asking: Asking, door: web::Data<Door>, body: Body<SignIn>) -> Result<HttpResponse, Problem> {
    let (command, _never_remembered) = body.into_parts();
    let (signed, cookie) = session::sign_in(&asking, &door, command).await?;
    let answer = serde_json::json!({ "staff": signed.staff, "until": signed.until });
    Ok(HttpResponse::Ok().cookie(cookie).json(answer))
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "Sign in", responses((status = 204)))]
async fn sign_out(asking: Asking, request: HttpRequest) -> Result<HttpResponse, Problem> {
    match session::sign_out(&asking, &request).await? {
        Some(over) => Ok(HttpResponse::NoContent().cookie(over).finish()),
        None => Ok(HttpResponse::NoContent().finish()),
    }
}
