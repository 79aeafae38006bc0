//! What keeps the directory true.

use super::{
    super::{CliError, Output},
    line, seen,
};
use crate::{
    access::Tx,
    directory::{
        self, Change, Decision, DirectoryError, Draft, Link, LinkService, SetStanding, Verification,
        Verified, Verify, Visibility,
    },
    hub::{Caller, Hub},
    kernel::{id::ServiceId, page::Asked},
};

pub(super) async fn verify(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    found: Verified,
    output: &Output,
) -> Result<(), CliError> {
    let was = seen(hub, caller, service).await?;
    let command = Verify { service, version: was.version, found };
    let settings = hub.settings().directory.clone();
    let verifying = move |tx: &mut Tx<'_>| directory::verify(tx, &command, &settings);
    let now = hub.write("directory.verify", caller, verifying).await?;
    output.data(&now, line)
}

pub(super) async fn verifications(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(200), None), hub.now());
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::verifications(db, &actor, (service, &asked), now))
        .await?;
    output.data(&page, |page| page.items.iter().map(verification_line).collect::<Vec<_>>().join("\n"))
}

fn verification_line(kept: &Verification) -> String {
    let fields: Vec<&str> = kept.fields.iter().map(|field| field.name()).collect();
    let due = kept.next_due.map(|due| format!(", next by {due}")).unwrap_or_default();
    format!(
        "{}  {} by {}: {}{due}  {}",
        kept.at,
        kept.outcome.name(),
        kept.method.name(),
        fields.join(" "),
        kept.by
    )
}

pub(super) async fn changes(
    hub: &Hub,
    caller: &Caller,
    (service, limit): (ServiceId, u16),
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(limit), None), hub.now());
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::changes(db, &actor, (service, &asked), now))
        .await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("Nothing changed since it was entered.");
        }
        page.items.iter().map(change_line).collect::<Vec<_>>().join("\n")
    })
}

fn change_line(change: &Change) -> String {
    let Change { at, table, field, before, after, by, .. } = change;
    format!("{at}  {table}.{field}: {before:?} → {after:?}  {by}")
}

pub(super) async fn drafts(hub: &Hub, caller: &Caller, output: &Output) -> Result<(), CliError> {
    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(200), None));
    let page = hub.read::<_, DirectoryError>(move |db| directory::drafts(db, &actor, &asked)).await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("No draft waits.");
        }
        page.items.iter().map(draft_line).collect::<Vec<_>>().join("\n")
    })
}

fn draft_line(draft: &Draft) -> String {
    let cells = draft.edit.service.iter().map(|(column, cell)| format!("{column}: {cell}"));
    let tables = draft.edit.parts.iter().map(|(table, rows)| format!("{table}: {} rows", rows.len()));
    let places = draft.edit.places.iter().map(|places| format!("places: {}", places.len()));
    let offered = draft.edit.visibility.map(|visibility| {
        let who = match visibility {
            Visibility::Public => "everybody",
            Visibility::Members => "members",
            Visibility::Restricted => "nobody but its provider",
        };
        format!("offered, to be found by {who}")
    });
    format!(
        "{}  {}",
        draft.service,
        cells.chain(tables).chain(places).chain(offered).collect::<Vec<_>>().join("; ")
    )
}

pub(super) async fn decide(
    hub: &Hub,
    caller: &Caller,
    (service, decision): (ServiceId, Decision),
    output: &Output,
) -> Result<(), CliError> {
    let (actor, now) = (caller.actor.clone(), hub.now());
    let draft =
        hub.read::<_, DirectoryError>(move |db| directory::find_draft(db, &actor, service, now)).await?;
    let settings = hub.settings().directory.clone();
    let deciding =
        move |tx: &mut Tx<'_>| directory::decide(tx, (service, draft.version), (&decision, &settings));
    let now = hub.write("directory.decide", caller, deciding).await?;
    output.data(&now, line)
}

pub(super) async fn stand(
    hub: &Hub,
    caller: &Caller,
    (service, command): (ServiceId, SetStanding),
    output: &Output,
) -> Result<(), CliError> {
    let was = seen(hub, caller, service).await?;
    let standing = move |tx: &mut Tx<'_>| directory::set_standing(tx, (service, was.version), &command);
    let now = hub.write("directory.set_standing", caller, standing).await?;
    output.data(&now, line)
}

pub(super) async fn doubted(hub: &Hub, caller: &Caller, limit: u16, output: &Output) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(limit), None), hub.now());
    let page = hub.read::<_, DirectoryError>(move |db| directory::doubted(db, &actor, &asked, now)).await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("Every entry fits what people met.");
        }
        page.items.iter().map(doubted_line).collect::<Vec<_>>().join("\n")
    })
}

pub(super) fn doubted_line(service: &directory::Service) -> String {
    let flagged = if service.upkeep.flagged_at.is_some() { "  flagged" } else { "" };
    format!("{}  did not fit {} times{flagged}", line(service), service.upkeep.mismatches)
}

pub(super) async fn due(hub: &Hub, caller: &Caller, limit: u16, output: &Output) -> Result<(), CliError> {
    let (actor, asked, now) = (caller.actor.clone(), Asked::new(Some(limit), None), hub.now());
    let page = hub.read::<_, DirectoryError>(move |db| directory::due(db, &actor, &asked, now)).await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from("No entry has to be verified.");
        }
        page.items.iter().map(due_line).collect::<Vec<_>>().join("\n")
    })
}

fn due_line(service: &directory::Service) -> String {
    let by = service.upkeep.verified_at.and(service.upkeep.verify_by);
    let due = by.map_or_else(|| String::from("nobody verified it"), |by| format!("due since {by}"));
    format!("{}  {due}", line(service))
}

pub(super) async fn link(
    hub: &Hub,
    caller: &Caller,
    service: ServiceId,
    link: Option<Link>,
    output: &Output,
) -> Result<(), CliError> {
    let was = seen(hub, caller, service).await?;
    let command = LinkService { service, version: was.version, link };
    let policy = hub.policy();
    let linking = move |tx: &mut Tx<'_>| directory::link_service(tx, &command, &policy);
    let now = hub.write("directory.link", caller, linking).await?;
    output.data(&now, line)
}
