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
//! - Pages travel compressed, but for those that hold a code.
//! - Pages are kept by nobody, but for the one that a browser shows while the hub cannot be reached: it is the same for everybody.
//!
//! # What it does not do
//!
//! It decides nothing: rooms do. A handler reads what it shows in one go, and turns it into the strings of a view.

mod account;
mod agreements;
mod assets;
mod audit;
mod cases;
mod compose;
mod consents;
mod contacts;
mod corrections;
mod disclosures;
mod duties;
mod find;
mod form;
mod frame;
mod gap;
mod key;
mod language;
mod letter;
mod map;
mod members;
mod notes;
mod notices;
mod offer;
mod offline;
mod overdue;
mod own_services;
mod people;
mod person;
mod picture;
mod refusal;
mod review;
mod script;
mod second_step;
mod service;
mod sign_in;
mod trays;
mod visit;
mod whom;
mod words;

use actix_web::{
    middleware::from_fn,
    web::{self, ServiceConfig},
};
pub use refusal::page as refusal;

use crate::http::packed;

/// Every route of this entrance.
pub fn configure(config: &mut ServiceConfig) {
    with_secrets(config);
    config.service(web::scope("").wrap(from_fn(packed)).configure(light));
}

/// What answers with a code: never compressed, where the length of an answer tells what repeats in it (BREACH).
fn with_secrets(config: &mut ServiceConfig) {
    config
        .route("/people/new", web::post().to(people::invite))
        .route("/people/{staff}/code", web::post().to(people::renew))
        .route("/members/new", web::post().to(members::enrol))
        .route("/members/{organisation}/administrator", web::post().to(members::invite))
        .route("/account/second-step/app", web::post().to(second_step::begin))
        .route("/account/second-step/app/confirm", web::post().to(second_step::confirm))
        .route("/account/second-step/passkeys", web::post().to(second_step::add))
        .route("/account/second-step/codes", web::post().to(second_step::renew))
        .route("/my", web::post().to(person::stands))
        .route("/my/take-back", web::post().to(person::ask_take_back))
        .route("/my/taken-back", web::post().to(person::take_back))
        .route("/my/correct", web::post().to(person::ask_correct))
        .route("/my/corrected", web::post().to(person::correct))
        .route("/my/write", web::post().to(person::ask_write))
        .route("/my/written", web::post().to(person::write))
        .route("/my/rate", web::post().to(person::ask_rate))
        .route("/my/rated", web::post().to(person::rate));
}

/// Everything else, compressed as the browser takes it.
fn light(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(sign_in::home))
        .route("/icon.svg", web::get().to(assets::icon))
        .route("/favicon.ico", web::get().to(assets::no_icon))
        .route("/assets/{file}", web::get().to(assets::file))
        .route("/sw.js", web::get().to(assets::worker))
        .route("/offline/{language}", web::get().to(offline::show))
        .route("/language/{language}", web::get().to(language::choose))
        .route("/sign-in", web::get().to(sign_in::ask))
        .route("/sign-in", web::post().to(sign_in::sign_in))
        .route("/sign-in/code", web::get().to(second_step::ask))
        .route("/sign-in/code", web::post().to(second_step::give))
        .route("/sign-in/passkey", web::post().to(second_step::question))
        .route("/sign-out", web::post().to(sign_in::sign_out))
        .route("/passphrase", web::get().to(sign_in::ask_passphrase))
        .route("/passphrase", web::post().to(sign_in::choose_passphrase))
        .route("/find", web::get().to(find::find))
        .route("/find", web::post().to(find::find_for))
        .route("/services/new", web::get().to(own_services::offering::ask))
        .route("/services/new", web::post().to(own_services::offering::offer))
        .route("/services/{service}", web::get().to(service::show))
        .route("/services/{service}/reports", web::post().to(service::report))
        .route("/services/{service}/note", web::post().to(service::note))
        .route("/key", web::get().to(key::show))
        .route("/key/people", web::get().to(key::people))
        .route("/key/root", web::get().to(key::root))
        .route("/people", web::get().to(people::list))
        .route("/people/new", web::get().to(people::ask))
        .route("/people/{staff}", web::get().to(people::show))
        .route("/people/{staff}/roles", web::post().to(people::set_roles))
        .route("/people/{staff}/remove", web::post().to(people::remove))
        .route("/members", web::get().to(members::list))
        .route("/members/new", web::get().to(members::ask))
        .route("/members/{organisation}", web::get().to(members::show))
        .route("/members/{organisation}/suspend", web::post().to(members::suspend))
        .route("/members/{organisation}/resume", web::post().to(members::resume))
        .route("/notices", web::get().to(notices::list))
        .route("/directory", web::get().to(review::list))
        .route("/directory/{service}", web::get().to(review::show))
        .route("/directory/{service}/decision", web::post().to(review::decide))
        .route("/directory/{service}/verifications", web::post().to(review::verify))
        .route("/audit", web::get().to(audit::list))
        .route("/services", web::get().to(own_services::list))
        .route("/services/{service}/room", web::get().to(own_services::ask))
        .route("/services/{service}/room", web::post().to(own_services::say))
        .route("/services/{service}/edit", web::get().to(own_services::editing::show))
        .route("/services/{service}/edit", web::post().to(own_services::editing::write))
        .route("/services/{service}/drop", web::post().to(own_services::editing::drop_draft))
        .route("/services/{service}/confirm", web::post().to(own_services::editing::confirm))
        .route("/contacts", web::get().to(contacts::list))
        .route("/contacts/new", web::get().to(contacts::ask))
        .route("/contacts/new", web::post().to(contacts::add))
        .route("/contacts/{contact}", web::get().to(contacts::show))
        .route("/contacts/{contact}", web::post().to(contacts::change))
        .route("/contacts/{contact}/remove", web::post().to(contacts::remove))
        .route("/agreements", web::get().to(agreements::list))
        .route("/agreements/new", web::get().to(agreements::offering::ask))
        .route("/agreements/new", web::post().to(agreements::offering::draft))
        .route("/agreements/new/document", web::post().to(agreements::offering::take))
        .route("/agreements/{agreement}/{version}/offer", web::post().to(agreements::moves::offer))
        .route("/agreements/{agreement}/{version}/retract", web::post().to(agreements::moves::retract))
        .route("/agreements/{agreement}/{version}/suspend", web::post().to(agreements::moves::suspend))
        .route("/agreements/{agreement}/{version}/resume", web::post().to(agreements::moves::resume))
        .route("/agreements/{agreement}/{version}/end", web::post().to(agreements::moves::end))
        .route("/agreements/{agreement}/{version}", web::get().to(agreements::show))
        .route("/disclosures", web::get().to(disclosures::ask))
        .route("/disclosures", web::post().to(disclosures::state))
        .route("/account", web::get().to(account::show))
        .route("/account", web::post().to(account::change))
        .route("/account/second-step", web::get().to(second_step::show))
        .route("/account/second-step/passkeys/remove", web::post().to(second_step::remove))
        .route("/account/second-step/off", web::post().to(second_step::turn_off))
        .route("/account/sessions/end", web::post().to(account::end_sessions))
        .route("/account/sessions/{session}/end", web::post().to(account::end_session))
        .route("/needs/new", web::get().to(gap::ask))
        .route("/needs", web::post().to(gap::record))
        .route("/needs/noted", web::get().to(gap::noted))
        .route("/inbox", web::get().to(trays::inbox))
        .route("/sent", web::get().to(trays::sent))
        .route("/overdue", web::get().to(overdue::list))
        .route("/duties", web::get().to(duties::list))
        .route("/duties/{about}", web::get().to(duties::show))
        .route("/duties/{about}", web::post().to(duties::answer))
        .route("/consents/new", web::get().to(consents::ask))
        .route("/referrals/new", web::get().to(compose::compose))
        .route("/cases", web::get().to(cases::show))
        .route("/referrals/{referral}", web::get().to(letter::show))
        .route("/referrals/{referral}/corrections/{correction}", web::post().to(corrections::answer))
        .route("/referrals/{referral}/notes", web::post().to(notes::leave))
        .route("/referrals/{referral}/notes/read", web::post().to(notes::read))
        .route("/my", web::get().to(person::door));
}
