//! The program as a process: killed, stopped, started wrongly, and with its database or disk failing.

mod full;
mod gone;
mod import;
mod jobs;
mod kill;
mod lifecycle;
#[cfg(target_os = "linux")]
mod lines;
mod log;
mod ready;
mod start;
mod stop;
mod tls;

use serde_json::{Value, json};
use throughline::{crypto::SigningKey, kernel::id::SystemIds};

use crate::support::process::{Member, Running, send};

/// A write that can be counted afterwards: registers a machine client with a key of its own.
fn new_client(name: &str) -> Value {
    let key = SigningKey::generate(&SystemIds).unwrap();
    json!({ "name": name, "roles": ["intake"], "key": key.public() })
}

/// Where such a write goes.
fn path(member: &Member) -> String {
    format!("/api/v1/organisations/{}/clients", member.id)
}

/// Everything those writes have made, as the hub tells it.
async fn made(hub: &Running, member: &Member) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), String::new());
    loop {
        let page = format!("{}?limit=200{after}", path(member));
        let page = send(&hub.url, Some(&member.token), &page).await.unwrap().expect(200).body;
        items.extend(
            page["items"].as_array().unwrap().iter().filter(|item| item["name"] != "gateway").cloned(),
        );
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return items,
        }
    }
}
