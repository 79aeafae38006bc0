//! Countries, provinces, districts.

use std::{path::Path, sync::Arc};

use super::{
    super::{CliError, Output},
    exchange::tell,
};
use crate::{
    access::Tx,
    directory::{
        self, DirectoryError,
        areas::{Area, AreasWanted},
        sheet::Sheet,
    },
    hub::{Caller, Hub},
    kernel::page::Asked,
};

pub(super) async fn areas(
    hub: &Hub,
    (wanted, limit): (AreasWanted, u16),
    output: &Output,
) -> Result<(), CliError> {
    let asked = Asked::new(Some(limit), None);
    let today = hub.now().datetime().date_naive();
    let page = hub
        .read::<_, DirectoryError>(move |db| directory::areas::areas(db, (&wanted, &asked), today))
        .await?;
    output.data(&page, |page| {
        if page.items.is_empty() {
            return String::from(
                "There are none. They come in with throughline directory areas --import FILE",
            );
        }
        page.items.iter().map(area_line).collect::<Vec<_>>().join("\n")
    })
}

fn area_line(area: &Area) -> String {
    format!("{}  {}", area.key, area.name)
}

/// Takes a list of areas, and works out anew where services are.
pub(super) async fn import_areas(
    hub: &Hub,
    caller: &Caller,
    (list, take): (&Path, bool),
    output: &Output,
) -> Result<(), CliError> {
    let sheet = Arc::new(Sheet::open(list)?);
    let (actor, looked_at) = (caller.actor.clone(), Arc::clone(&sheet));
    let report = hub
        .read::<_, DirectoryError>(move |db| directory::areas::look_at_areas(db, &actor, &looked_at))
        .await?;
    if !take || report.stopped.is_some() || report.changes() == 0 {
        return tell(&report, false, output);
    }
    let importing = move |tx: &mut Tx<'_>| directory::areas::import_areas(tx, &sheet);
    let report = hub.write("directory.import_areas", caller, importing).await?;
    output.say("working out where services are");
    while hub.tend("directory.enter_searched", directory::search::enter_searched).await? {}
    tell(&report, true, output)
}
