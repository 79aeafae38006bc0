//! Throughline: the federation hub of a referral mechanism.
//!
//! The rooms, in reading order. A room may use what stands above it, nothing below; the table lives in `tests/it/rooms.rs`.
//!
//! # Words
//!
//! - **packet**: a sealed referral as it travels: envelope, manifest, grants, sections.
//! - **envelope**: what the hub can read of a packet. **Manifest**: which fields are inside, with salted commitments.
//! - **compartment**: fields of a packet that one reader role may open.
//! - **scope certificate**: the signed, pseudonymous extract of a consent for one recipient.
//! - **data-sharing agreement (DSA)**: what two organisations signed about which fields may flow for which purpose.
//! - **gateway**: the sender's or recipient's side, where plaintext and private keys are: this binary's commands, or a browser.
//! - **loop**: whether everybody knows how a referral ended, the person included.

pub mod kernel;

pub mod config;
pub mod crypto;
pub mod policy;
pub mod storage;

pub mod access;
pub mod audit;
pub mod outbox;

pub mod factors;

pub mod members;

pub mod custody;

pub mod directory;

pub mod agreements;

pub mod consent;

pub mod packets;

pub mod referrals;

pub mod feedback;

pub mod hub;
pub mod jobs;

pub mod http;

pub mod api;
pub mod cli;
#[cfg(feature = "web")]
pub mod web;

/// Serves this hub: every entrance there is, under one address.
pub fn serve(hub: &hub::Hub) -> Result<http::Serving, http::ServeError> {
    http::serve(hub, routes)
}

fn routes(config: &mut actix_web::web::ServiceConfig) {
    api::configure(config);
    #[cfg(feature = "web")]
    {
        config.app_data(actix_web::web::Data::new(http::Pages(web::refusal)));
        web::configure(config);
    }
    #[cfg(not(feature = "web"))]
    config.route("/", actix_web::web::get().to(api::routes::front));
    config.default_service(actix_web::web::to(api::routes::nothing_here));
}
