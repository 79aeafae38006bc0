//! `/api/v1/directory/sources`: lists of services that come in over the API, go out as packages, and are forgotten; for whoever keeps the
//! directory.
//!
//! What comes in lies in a folder of its own until it was read, and is gone with the answer. Larger lists, folders, mappings of columns
//! and areas are for the commands on the node's machine.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes, ServiceConfig},
};
use futures_util::{Stream, stream};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{
    access::Permission,
    directory::{
        self, DirectoryError, Given, Target, Visibility,
        hsds::{Package, Report},
        sheet::{self, Sheet},
    },
    http::{Asking, Problem, ProblemDocument, read},
    kernel::{Code, Fault},
    storage::Db,
};

#[derive(utoipa::OpenApi)]
#[openapi(paths(import, package, forget))]
pub(super) struct Doc;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/api/v1/directory/sources/{source}/package", web::post().to(import))
        .route("/api/v1/directory/sources/{source}/package", web::get().to(package))
        .route("/api/v1/directory/sources/{source}", web::delete().to(forget));
}

/// The largest list that comes in over the API, in bytes.
const MOST: usize = 8 * 1024 * 1024;
/// How much of a package is read at once on its way out, in bytes.
const CHUNK: usize = 64 * 1024;

/// In which form a list comes, and the name of a file of that form.
const FORMS: [(&str, &str); 4] = [
    ("application/zip", "package.zip"),
    ("application/json", "list.json"),
    ("application/x-ndjson", "list.ndjson"),
    ("text/csv", "list.csv"),
];

/// What is to become of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Take it. Left out, it is looked at alone, and nothing changes.
    #[serde(default)]
    take: bool,
    /// Who may find services that are new with it; `members` when left out. What was decided of others stays.
    visibility: Option<Visibility>,
}

/// What came of a list.
#[derive(Serialize, utoipa::ToSchema)]
struct Imported {
    /// Whether it was taken; `false` as well where everything was there already.
    imported: bool,
    /// Rows by table, and what is wrong or doubtful with some of them and what to do about it.
    #[schema(value_type = Object)]
    report: Report,
}

/// How much went.
#[derive(Serialize, utoipa::ToSchema)]
struct Gone {
    /// Services that the directory does not have any more.
    services: usize,
}

/// Look at a list of services, or take it: an HSDS package (zip), HSDS objects (JSON, or one on each line), or a CSV file whose columns are
/// called what they mean. At most 8 MiB. Nothing changes without `take=true`; then all of it is taken or nothing, and what the source gave
/// before and does not give now is marked as missing.
#[utoipa::path(post, path = "/api/v1/directory/sources/{source}/package", tag = "Directory",
    params(("source" = String, Path, description = "A name for where it comes from, such as national-list"), Wanted),
    request_body(content((String = "application/zip"), (String = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"))),
    responses((status = 200, body = Imported), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 413, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
async fn import(
    asking: Asking,
    source: web::Path<String>,
    wanted: web::Query<Wanted>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (Asking { hub, caller }, source, wanted) = (asking, source.into_inner(), wanted.into_inner());
    // Nobody else's list is read at all.
    caller.actor.may(Permission::ManageDirectory).map_err(DirectoryError::from)?;
    let name = form(&request)?;
    let holder = caller.actor.to_string();
    let bytes = read(&request, &mut payload.into_inner(), MOST, holder).await?;
    let (package, folder) = on_disk(move || Ok(open(name, &bytes))).await??;
    let package = Arc::new(package);
    let (actor, now) = (caller.actor.clone(), hub.now());
    let (from, looked_at) = (source.clone(), Arc::clone(&package));
    let report = hub
        .read::<_, DirectoryError>(move |db| {
            directory::dry_run(db, &actor, (&looked_at, &from, now), &mut |_progress| {})
        })
        .await?;
    let differs = report.changes() > 0 || report.missing() > 0;
    if !(wanted.take && differs && report.stopped.is_none()) {
        return match report.stopped {
            Some(reason) if wanted.take => Err(DirectoryError::Stopped(reason).into()),
            _ => Ok(HttpResponse::Ok().json(Imported { imported: false, report })),
        };
    }
    let visibility = wanted.visibility.unwrap_or(Visibility::Members);
    let report = hub
        .write("directory.import", &caller, move |tx| {
            directory::import(
                tx,
                Given { package: &package, source: &source, visibility },
                &mut |_progress| {},
            )
        })
        .await?;
    drop(folder);
    Ok(HttpResponse::Ok().json(Imported { imported: true, report }))
}

/// A source as an HSDS package: what import takes. What a member without clearance may not see is left out.
#[utoipa::path(get, path = "/api/v1/directory/sources/{source}/package", tag = "Directory",
    params(("source" = String, Path)),
    responses((status = 200, content_type = "application/zip", body = Vec<u8>), (status = 400, body = ProblemDocument),
        (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
async fn package(asking: Asking, source: web::Path<String>) -> Result<HttpResponse, Problem> {
    let (actor, source) = (asking.caller.actor.clone(), source.into_inner());
    actor.may(Permission::ManageDirectory).map_err(DirectoryError::from)?;
    let (file, path, folder) = on_disk(|| {
        let folder = TempDir::new()?;
        let path = folder.path().join("package.zip");
        Ok((File::create_new(&path)?, path, folder))
    })
    .await?;
    let named = source.clone();
    let writing = move |db: &mut Db<'_>| directory::export(db, &actor, &named, Target::zip(file));
    asking.hub.read::<_, DirectoryError>(writing).await?;
    let file = on_disk(move || File::open(path)).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/zip")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{source}.zip\"")))
        .streaming(sent(file, folder)))
}

/// Forget everything that came from a source. Refused while members are linked to some of it, or some is restricted: what comes in again
/// would not be.
#[utoipa::path(delete, path = "/api/v1/directory/sources/{source}", tag = "Directory",
    params(("source" = String, Path)),
    responses((status = 200, body = Gone), (status = 400, body = ProblemDocument), (status = 403, body = ProblemDocument),
        (status = 409, body = ProblemDocument)))]
async fn forget(asking: Asking, source: web::Path<String>) -> Result<HttpResponse, Problem> {
    let source = source.into_inner();
    let forgetting = move |tx: &mut crate::access::Tx<'_>| directory::forget_source(tx, &source);
    let services = asking.hub.write("directory.forget_source", &asking.caller, forgetting).await?;
    Ok(HttpResponse::Ok().json(Gone { services }))
}

/// The name of a file of the form that the request says its body has.
fn form(request: &HttpRequest) -> Result<&'static str, Problem> {
    let mime = request.mime_type().ok().flatten();
    let named = mime.as_ref().map(actix_web::mime::Mime::essence_str);
    let found = FORMS.iter().find(|(kind, _)| named == Some(*kind));
    found.map(|(_, name)| *name).ok_or_else(|| {
        let kinds = FORMS.map(|(kind, _)| kind).join(", ");
        Problem::new(
            Code::new("directory.media_type", Fault::Malformed),
            format!("Say what the body is: Content-Type is one of {kinds}."),
        )
    })
}

/// The package in a body. The folder must be kept as long as it is read.
fn open(name: &str, bytes: &Bytes) -> Result<(Package, TempDir), Problem> {
    let laid_out = || {
        let folder = TempDir::new()?;
        let path = folder.path().join(name);
        std::fs::write(&path, bytes)?;
        Ok::<_, io::Error>((folder, path))
    };
    let (folder, path) = laid_out().map_err(|error| interrupted(&error))?;
    let is_list = Path::new(name).extension().is_some_and(|ending| ending == "csv");
    let package = if is_list { sheet::package(Sheet::open(&path)?, None)?.0 } else { Package::open(&path)? };
    Ok((package, folder))
}

/// Does something with files of the hub's own where nobody waits for it.
async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = web::block(work).await.unwrap_or_else(|gone| Err(io::Error::other(gone)));
    done.map_err(|error| interrupted(&error))
}

/// A folder or a file of the hub's own could not be made or read.
fn interrupted(error: &io::Error) -> Problem {
    tracing::error!(error = %error, "a list of services could not be laid out on the disk or read there");
    Problem::new(
        Code::new("directory.interrupted", Fault::Internal),
        "The hub could not lay the list out on its disk. Nothing was changed; whoever runs the hub should look at its temporary folder.",
    )
}

/// What a file holds, a piece at a time; the folder goes with the last of it.
fn sent(file: File, folder: TempDir) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((file, folder), |(mut file, folder)| async move {
        let read = web::block(move || {
            let mut piece = Vec::new();
            file.by_ref().take(u64::try_from(CHUNK).unwrap_or(u64::MAX)).read_to_end(&mut piece)?;
            Ok::<_, io::Error>((piece, file))
        });
        let (piece, file) = read.await.map_err(io::Error::other)??;
        Ok((!piece.is_empty()).then(|| (Bytes::from(piece), (file, folder))))
    })
}
