//! `throughline init`

use clap::Args;
use serde::Serialize;

use super::{CliError, Output, block_on, node::make_database, open_hub};
use crate::{
    access::{Actor, Role},
    config::Settings,
    hub::{Caller, NodeKeys},
    kernel::{
        Code, Fault,
        id::{RequestId, SystemIds},
    },
    members::{self, EnrolStaff, Enrolment},
};

/// Makes the keys (in node.keys) and the database (database.url), and enrols the first coordinator, who gets a code to choose a
/// passphrase with.
#[derive(Args)]
pub(super) struct Init {
    /// Name the first coordinator signs in with.
    #[arg(long, default_value = "coordinator")]
    coordinator: String,
}

#[derive(Serialize)]
struct Made {
    node: String,
    keys: String,
    coordinator: String,
    enrolment: Enrolment,
}

impl Init {
    pub(super) fn run(self, settings: &Settings, output: &Output) -> Result<(), CliError> {
        let name = self.coordinator.parse().map_err(|error: crate::kernel::text::NotALine| {
            CliError::new(Code::new("init.name", Fault::Malformed), format!("--coordinator: {error}"))
        })?;
        NodeKeys::require_none(&settings.node.keys)?;
        // The database first: keys are made once, and what can be tried again should not come after them.
        block_on(make_database(settings))??;
        NodeKeys::create(&settings.node.keys, &SystemIds)?;
        output.say(format!(
            "Made the node's keys in {}. Keep a copy where only you can read it.",
            settings.node.keys.display()
        ));
        let hub = open_hub(settings.clone())?;
        let caller = Caller { actor: Actor::operator(), request: RequestId::new(hub.ids(), hub.now()) };
        let (command, hours) =
            (EnrolStaff { name, roles: vec![Role::Coordinator] }, settings.access.enrolment_hours);
        let enrolment = block_on(hub.write("members.enrol_staff", &caller, move |tx| {
            members::enrol_staff(tx, None, &command, hours)
        }))??;
        hub.store().close();
        let made = Made {
            node: settings.node.name.clone(),
            keys: settings.node.keys.display().to_string(),
            coordinator: self.coordinator,
            enrolment,
        };
        output.data(&made, |made| {
            format!(
                "The node {} is ready.\n\nFirst coordinator: {}\nEnrolment code:    {}\nGood until:        {}\n\nNext: throughline serve",
                made.node, made.coordinator, made.enrolment.code, made.enrolment.until
            )
        })
    }
}
