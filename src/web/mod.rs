//! The pages: finding a service, taking consent, referring, receiving, and what runs the mechanism. Rendered here; scripts only where a letter
//! is sealed or opened.
//!
//! # Invariants
//!
//! - Every word that a page says is in `locales/`, in every language.
//! - What describes a person stands in no address: it comes in the body of a form, and is judged and forgotten.
//! - A form that is refused comes back as it was filled, with what to do at its fields.
//! - Pages need no script, but where keys are worked with.
//! - What changes something is asked by POST from a page of this hub: see `http::refuse_forged`.
//!
//! # What it does not do
//!
//! It decides nothing: rooms do. A handler reads what it shows in one go, and turns it into the strings of a view.

mod assets;
mod find;
mod form;
mod frame;
mod language;
mod person;
mod refusal;
mod service;
mod sign_in;
mod trays;
mod visit;
mod words;

use actix_web::web::{self, ServiceConfig};
pub use refusal::page as refusal;

/// Every route of this entrance.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(sign_in::home))
        .route("/icon.svg", web::get().to(assets::icon))
        .route("/favicon.ico", web::get().to(assets::no_icon))
        .route("/assets/{file}", web::get().to(assets::file))
        .route("/language/{language}", web::get().to(language::choose))
        .route("/sign-in", web::get().to(sign_in::ask))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/passphrase", web::get().to(sign_in::ask_passphrase))
        .route("/passphrase", web::post().to(sign_in::choose_passphrase))
        .route("/find", web::get().to(find::find))
        .route("/find", web::post().to(find::find_for))
        .route("/services/{service}", web::get().to(service::show))
        .route("/services/{service}/reports", web::post().to(service::report))
        .route("/inbox", web::get().to(trays::inbox))
        .route("/sent", web::get().to(trays::sent))
        .route("/overdue", web::get().to(trays::overdue))
        .route("/referrals/{referral}", web::get().to(trays::referral))
        .route("/my", web::get().to(person::door))
        .route("/my", web::post().to(person::stands))
        .route("/my/take-back", web::post().to(person::ask_take_back))
        .route("/my/taken-back", web::post().to(person::take_back))
        .route("/my/rate", web::post().to(person::ask_rate))
        .route("/my/rated", web::post().to(person::rate));
}
