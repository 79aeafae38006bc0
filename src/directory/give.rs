//! Give an import back as HSDS objects: every service with everything nested in it, columns that HSDS does not know included.
//!
//! Services and what is nested in an object stand in the order of their ids, and an object names nothing that is in no object, so that what comes in elsewhere goes out as the same
//! bytes. What hangs on no service (a term that none bears, an organisation that offers none) is in a package only.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use serde_json::Value;

use super::{
    DirectoryError, Viewer,
    hsds::{
        HsdsError,
        tables::{RULES, is_reference},
    },
    rows::{Withheld, compose_whole},
    store,
};
use crate::{
    access::{AccessError, Actor, Permission},
    storage::Db,
};

/// How objects follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    /// In one page, as HSDS lists have it.
    Page,
    /// One on each line.
    Lines,
}

/// How many services are put together at once.
const AT_ONCE: usize = 20;

/// Writes a source's services as objects; answers how many. What a member without clearance may not see is left out.
pub fn give(
    db: &mut Db<'_>,
    actor: &Actor,
    (source, form): (&str, Documents),
    into: &mut dyn Write,
) -> Result<u64, DirectoryError> {
    actor.may(Permission::ManageDirectory)?;
    if !store::has_source(db, source)? {
        return Err(AccessError::NotFound.into());
    }
    let viewer = Viewer::Member(None);
    let (mut withheld, mut after, mut written) = (Withheld::new(viewer), String::new(), 0u64);
    begin(form, into).map_err(unwritten)?;
    loop {
        let page = store::present(db, source, "service", &after)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        let mut ids: Vec<String> = page.into_iter().map(|row| row.id).collect();
        withheld.judge(db, &ids)?;
        ids.retain(|id| !withheld.is(id));
        for ids in ids.chunks(AT_ONCE) {
            for mut document in compose_whole(db, viewer, source, ids)? {
                close(&mut document);
                entry((form, written), &document, into).map_err(unwritten)?;
                written = written.saturating_add(1);
            }
        }
    }
    end((form, written), into).map_err(unwritten)?;
    Ok(written)
}

fn begin(form: Documents, into: &mut dyn Write) -> io::Result<()> {
    if form == Documents::Page { into.write_all(b"{\"contents\":[") } else { Ok(()) }
}

fn entry((form, before): (Documents, u64), document: &Value, into: &mut dyn Write) -> io::Result<()> {
    match (form, before) {
        (Documents::Lines, _) => writeln!(into, "{document}"),
        (Documents::Page, 0) => write!(into, "\n{document}"),
        (Documents::Page, _) => write!(into, ",\n{document}"),
    }
}

fn end((form, written): (Documents, u64), into: &mut dyn Write) -> io::Result<()> {
    if form == Documents::Page {
        let pages = written.min(1);
        write!(
            into,
            "\n],\"total_items\":{written},\"total_pages\":{pages},\"page_number\":1,\"size\":{written},\
             \"first_page\":true,\"last_page\":true,\"empty\":{}}}\n",
            written == 0
        )?;
    }
    into.flush()
}

/// Takes the names of what stands nowhere in the document out of it. Services stand in documents of their own.
fn close(document: &mut Value) {
    let mut here = BTreeSet::new();
    each(document, &mut |object| here.extend(object.get("id").and_then(Value::as_str).map(str::to_owned)));
    each(document, &mut |object| {
        object.retain(|member, value| {
            let names = value.as_str().filter(|_| member != "to_service_id" && names_a_row(member));
            names.is_none_or(|named| here.contains(named))
        });
    });
}

fn names_a_row(member: &str) -> bool {
    member.ends_with("_id") && RULES.iter().any(|rule| is_reference(rule.name, member))
}

fn each(value: &mut Value, see: &mut impl FnMut(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            see(object);
            object.values_mut().for_each(|inner| each(inner, see));
        }
        Value::Array(all) => all.iter_mut().for_each(|inner| each(inner, see)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unwritten(source: io::Error) -> DirectoryError {
    HsdsError::File { file: String::from("that is written"), source }.into()
}
