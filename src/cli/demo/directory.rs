//! The demo's directory: services of two fictional countries, as a mapping exercise would bring them, with what a search for somebody needs.
//! Nobody in it exists.

use serde_json::{Value, json};

use super::{
    super::{CliError, client::http, files},
    broken,
    stage::{Member, Stage},
};
use crate::{
    access::{Actor, Tx},
    directory::{self, Decision, Given, SetVisibility, Visibility, hsds::Package, sheet::Sheet},
    hub::{Caller, Hub},
    kernel::id::{RequestId, ServiceId},
};

/// A name for where it comes from.
const SOURCE: &str = "mapping-of-two-countries";

/// The version of the inclusion criteria.
const CRITERIA: &str = "2026-1";

/// Houses whose guests somebody looks for: members find them, nobody else does, and no address is written down.
const SHELTERS: [&str; 2] = ["574c0f97-3dbb-58f8-9560-c5e543cab237", "02f1c63f-b503-5a04-ae1e-6a07057ddb72"];

macro_rules! tables {
    ($($name:literal),* $(,)?) => { &[$(($name, include_str!(concat!("directory/", $name, ".csv")))),*] };
}

const TABLES: &[(&str, &str)] = tables![
    "organization",
    "taxonomy",
    "taxonomy_term",
    "service",
    "location",
    "service_at_location",
    "service_area",
    "address",
    "phone",
    "schedule",
    "language",
    "attribute",
    "eligibility_rule",
    "referral_requirement",
    "access_barrier",
    "translation",
];

/// The provinces of both countries.
const AREAS: &str = include_str!("directory/areas.csv");

/// Writes the package and takes it in, as `directory import` does; then says of the shelters that members alone find them.
pub(super) async fn import(stage: &Stage) -> Result<(), CliError> {
    let folder = stage.folder.join("directory");
    files::make_folder(&folder)?;
    let mut resources = Vec::new();
    for (name, text) in TABLES {
        files::write(folder.join(format!("{name}.csv")), text.as_bytes())?;
        resources.push(json!({ "name": name, "path": format!("{name}.csv") }));
    }
    let descriptor = json!({ "name": SOURCE, "resources": resources });
    files::write(folder.join("datapackage.json"), descriptor.to_string().as_bytes())?;
    let package = Package::open(&folder).map_err(directory::DirectoryError::from)?;
    let hub = &stage.hub;
    let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
    let list = folder.join("areas.csv");
    files::write(&list, AREAS.as_bytes())?;
    let areas = Sheet::open(&list).map_err(directory::DirectoryError::from)?;
    hub.write("directory.import_areas", &caller, move |tx| directory::areas::import_areas(tx, &areas))
        .await?;
    let report = hub
        .write("directory.import", &caller, move |tx| {
            let given = Given { package: &package, source: SOURCE, visibility: Visibility::Members };
            directory::import(tx, given, &mut |_progress| {})
        })
        .await?;
    show(hub, &caller, Visibility::Restricted).await?;
    // What is restricted stays so when everything else is opened.
    hub.write("directory.set_source_visibility", &caller, move |tx| {
        directory::set_source_visibility(tx, SOURCE, Visibility::Public)
    })
    .await?;
    show(hub, &caller, Visibility::Members).await?;
    if report.refused > 0 || report.warned > 0 {
        return Err(broken(format!("the directory of the demo is not clean: {:?}", report.problems.first())));
    }
    Ok(())
}

/// Lists what members offered, as a coordinator would who held it against the inclusion criteria.
pub(super) async fn list(stage: &Stage, offered: Vec<ServiceId>) -> Result<(), CliError> {
    for service in offered {
        let criteria = CRITERIA.parse().map_err(|_not_a_line| broken(CRITERIA))?;
        let decision = Decision { approve: true, criteria, reason: None, visibility: None };
        let settings = stage.hub.settings().directory.clone();
        let decide = move |tx: &mut Tx<'_>| {
            let (actor, now) = (tx.actor(), tx.now());
            let version = directory::find_draft(tx.db(), actor, service, now)?.version;
            directory::decide(tx, (service, version), (&decision, &settings))
        };
        stage.hub.write("directory.decide", &stage.operator(), decide).await?;
    }
    Ok(())
}

/// Says who finds the shelters.
async fn show(hub: &Hub, caller: &Caller, visibility: Visibility) -> Result<(), CliError> {
    for id in SHELTERS {
        let service: ServiceId =
            format!("svc_{}", id.replace('-', "")).parse().map_err(|_id| broken(id.to_owned()))?;
        let set = move |tx: &mut Tx<'_>| {
            let (actor, now) = (tx.actor(), tx.now());
            let version = directory::find_service(tx.db(), actor, service, now)?.version;
            directory::set_visibility(tx, &SetVisibility { service, version, visibility })
        };
        hub.write("directory.set_visibility", caller, set).await?;
    }
    Ok(())
}

/// A search, with a mistake, for a girl of sixteen who came alone.
pub(super) async fn search_for_mary(worker: &Member) -> Result<(), CliError> {
    let asked = json!({
        "query": { "text": "childern shelter", "area": "ZZ01" },
        "person": { "age": 16, "sex": "female", "population": ["PG04"] },
    });
    let found = worker.post("/api/v1/services/search", &asked).await?;
    let first = found.pointer("/items/0");
    let says = |pointer: &str| first.and_then(|item| item.pointer(pointer)).and_then(Value::as_str);
    match (says("/name"), says("/eligibility/answer")) {
        (Some("Transit home for children"), Some("eligible")) => Ok(()),
        other => Err(broken(format!("the transit home for children was not found first: {other:?}"))),
    }
}

/// What everybody sees, and what a member does.
pub(super) async fn shelters_are_kept(worker: &Member) -> Result<(), CliError> {
    let count = |page: &Value| page.pointer("/total_items").and_then(Value::as_u64).unwrap_or_default();
    let seen = worker.get("/hsds/services?per_page=1").await?;
    let public = http()?.get(format!("{}/hsds/services?per_page=1", worker.hub_url)).send().await;
    let public = public.map_err(|error| broken(error.to_string()))?.json().await;
    let public: Value = public.map_err(|error| broken(error.to_string()))?;
    match count(&seen).checked_sub(count(&public)) {
        // The shelters, and what both offer to members.
        Some(5) => Ok(()),
        other => Err(broken(format!("the public should see five services fewer, and sees {other:?}"))),
    }
}
