//! Whoever opens a page.

use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::{
    frame::{Frame, Place},
    language,
    words::Words,
};
use crate::{
    access::AccessError,
    http::{Asking, Coming, Problem},
    members::{self, Colleague, MemberError},
};

/// A visit of a page, by somebody who may be signed in.
pub(super) struct Visit {
    /// The hub and the caller.
    pub(super) asking: Asking,
    /// In their language.
    pub(super) words: Words,
    /// Who is signed in.
    pub(super) who: Option<Colleague>,
    /// The path of the page, without anything that was asked.
    pub(super) path: String,
}

/// A visit of somebody who is signed in.
pub(super) struct Signed(pub(super) Visit);

impl Visit {
    /// The frame of a page.
    pub(super) fn frame(&self, place: Place, title: String) -> Frame {
        Frame::new(self, place, title)
    }
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let asking = Asking::extract(&request).await?;
            let words = Words { language: language::of_request(&request) };
            let actor = asking.caller.actor.clone();
            let who = asking.hub.read(move |db| members::colleague(db, &actor)).await?;
            Ok(Self { asking, words, who, path: request.path().to_owned() })
        })
    }
}

impl FromRequest for Signed {
    type Error = Problem;
    type Future = Coming<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visit = Visit::from_request(request, payload);
        Box::pin(async move {
            let visit = visit.await?;
            match visit.who {
                Some(_) => Ok(Self(visit)),
                None => Err(MemberError::from(AccessError::Unauthenticated).into()),
            }
        })
    }
}
