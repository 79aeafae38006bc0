//! Packages of the directory, written and imported.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use serde_json::{Value, json};
use throughline::{
    access::Tx,
    directory::{
        self, Decision, DirectoryError, Given, Link, LinkService, ListService, Method, Outcome,
        SetVisibility, Verified, Verify, Visibility,
        hsds::{Package, Report},
    },
    hub::Failure,
    kernel::{id::ServiceId, page::Asked},
    storage::Db,
};

use super::{Org, TestHub};

/// Writes a package into a folder: each table with its columns and its rows.
pub(crate) fn write_package<'a>(folder: &Path, tables: impl IntoIterator<Item = (&'a str, &'a str, String)>) {
    let mut resources = Vec::new();
    for (table, columns, rows) in tables {
        std::fs::write(folder.join(format!("{table}.csv")), format!("{columns}\n{rows}")).unwrap();
        resources.push(json!({ "name": table, "path": format!("{table}.csv") }));
    }
    let descriptor = json!({ "name": "test", "resources": resources }).to_string();
    std::fs::write(folder.join("datapackage.json"), descriptor).unwrap();
}

/// Imports what is in a folder, or a file.
pub(crate) async fn import_package(
    hub: &TestHub,
    from: PathBuf,
    (source, visibility): (&'static str, Visibility),
) -> Report {
    import_read(hub, Package::open(&from).unwrap(), (source, visibility)).await
}

/// Imports a package.
pub(crate) async fn import_read(
    hub: &TestHub,
    package: Package,
    (source, visibility): (&'static str, Visibility),
) -> Report {
    hub.hub
        .write("directory.import", &hub.operator(), move |tx| {
            let given = Given { package: &package, source, visibility };
            directory::import(tx, given, &mut |_| {})
        })
        .await
        .unwrap()
}

/// The version of what stands at a path of the API.
pub(crate) async fn version_at(hub: &TestHub, org: &Org, path: &str) -> i64 {
    org.get(hub, path).await.expect(200).body["version"].as_i64().unwrap()
}

/// What those who keep the directory do a second later, or why it is refused.
pub(crate) async fn as_keeper<T: Send + 'static>(
    hub: &TestHub,
    what: &'static str,
    act: impl Fn(&mut Tx<'_>) -> Result<T, DirectoryError> + Send + Sync + 'static,
) -> Result<T, DirectoryError> {
    hub.clock.advance(TimeDelta::seconds(1));
    hub.hub.write(what, &hub.operator(), act).await.map_err(|failure| {
        let Failure::Refused(error) = failure else { panic!("{failure}") };
        error
    })
}

/// Says what came of it when somebody looked at a service, of which this version is known.
pub(crate) async fn verify(hub: &TestHub, (service, version): (ServiceId, i64), outcome: Outcome) {
    let found = Verified { method: Method::Visit, outcome, fields: Vec::new(), at: None, next_due: None };
    let (command, settings) = (Verify { service, version, found }, hub.hub.settings().directory.clone());
    hub.hub
        .write("directory.verify", &hub.operator(), move |tx| directory::verify(tx, &command, &settings))
        .await
        .unwrap();
}

/// Keeps a service, as it came in, from everybody without clearance.
pub(crate) async fn restrict(hub: &TestHub, service: &str) {
    let service = service_of_row(service);
    let command = SetVisibility { service, version: 1, visibility: Visibility::Restricted };
    hub.hub
        .write("directory.set_visibility", &hub.operator(), move |tx| directory::set_visibility(tx, &command))
        .await
        .unwrap();
}

/// Says that a service, as it came in, is the one that a member offers under a code.
pub(crate) async fn link_to(hub: &TestHub, service: &str, (org, code): (&Org, &str)) {
    let link = Some(Link { organisation: org.id, service: code.parse().unwrap() });
    let command = LinkService { service: service_of_row(service), version: 1, link };
    let policy = hub.hub.policy();
    hub.hub
        .write("directory.link", &hub.operator(), move |tx| directory::link_service(tx, &command, &policy))
        .await
        .unwrap();
}

/// Enters a service for a member, as those who keep the directory do, from the body of a request: it is listed at once.
pub(crate) async fn listed(hub: &TestHub, body: &Value) -> Value {
    let command: ListService = serde_json::from_value(body.clone()).unwrap();
    let (policy, settings) = (hub.hub.policy(), hub.hub.settings().directory.clone());
    let keeper = hub.operator();
    let entered = hub.hub.write("directory.list_service", &keeper, move |tx| {
        directory::list_service(tx, &command, (&policy, &settings))
    });
    serde_json::to_value(entered.await.unwrap()).unwrap()
}

/// Lists everything that members offered and that waits for those who keep the directory.
pub(crate) async fn list_offered(hub: &TestHub) {
    let (keeper, asked) = (hub.operator(), Asked::new(Some(200), None));
    let actor = keeper.actor.clone();
    let read = move |db: &mut Db<'_>| directory::drafts(db, &actor, &asked);
    let waiting = hub.hub.read::<_, DirectoryError>(read).await.unwrap();
    for draft in waiting.items {
        let decision =
            Decision { approve: true, criteria: "2026-1".parse().unwrap(), reason: None, visibility: None };
        let settings = hub.hub.settings().directory.clone();
        hub.hub
            .write("directory.decide", &keeper, move |tx| {
                directory::decide(tx, (draft.service, draft.version), (&decision, &settings))
            })
            .await
            .unwrap();
    }
}

/// The service that is made of a row with this id.
pub(crate) fn service_of_row(id: &str) -> ServiceId {
    format!("svc_{}", id.replace('-', "")).parse().unwrap()
}
