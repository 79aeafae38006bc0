//! The door: who stands before it, how often they come, and what they may carry at once.
//!
//! Everybody pays with the rate of the address they come from before anything is looked at or looked up. Whoever shows a token or a
//! session that was good a moment ago does not: they have the rate of their organisation.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    HttpMessage as _,
    cookie::Cookie,
    dev::ServiceRequest,
    http::header::{self, HeaderMap},
};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{Problem, caller::COOKIE};
use crate::{
    access::Actor,
    config::{Networks, Settings},
    crypto::Kid,
    kernel::{Code, Digest, Fault, Timestamp},
};

const MAX_KNOWN: usize = 20_000;
/// How long somebody who asks for work on a passphrase waits for others.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of all bodies one caller may hold: one part in this many.
const SHARE: usize = 4;

/// What this process knows about those who come.
pub(crate) struct Door {
    /// Tokens that were verified.
    pub(super) tokens: Known<Seen>,
    /// Sessions that were good a moment ago.
    pub(super) sessions: Known<()>,
    callers: DefaultKeyedRateLimiter<String>,
    strangers: DefaultKeyedRateLimiter<IpAddr>,
    proxies: Networks,
    hashing: Arc<Semaphore>,
    searching: Semaphore,
    bodies: Arc<Bodies>,
    header_bytes: usize,
}

/// What a verified token says, and when its client was last looked up.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) actor: Actor,
    pub(super) kid: Kid,
    pub(super) checked: Timestamp,
}

/// Where a request comes from, as its rate goes: an IPv4 address, or a network of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(pub(super) IpAddr);

impl Door {
    /// With the limits of the settings.
    pub(super) fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let quota = |rate: u32, burst: u32| {
            let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Quota::per_second(rate).allow_burst(burst)
        };
        Self {
            tokens: Known::default(),
            sessions: Known::default(),
            callers: RateLimiter::keyed(quota(
                limits.organisation_requests_per_second,
                limits.organisation_burst,
            )),
            strangers: RateLimiter::keyed(quota(limits.stranger_requests_per_second, limits.stranger_burst)),
            proxies: settings.server.trusted_proxies.clone(),
            hashing: Arc::new(Semaphore::new(settings.access.passphrases_at_once)),
            searching: Semaphore::new(searches_at_once(settings)),
            bodies: Arc::new(Bodies { most: limits.bodies_bytes, held: Mutex::default() }),
            header_bytes: limits.header_bytes,
        }
    }

    /// Notes where the request comes from and counts it, unless it shows something that was good a moment ago.
    pub(super) fn admit(&self, request: &ServiceRequest, now: Timestamp) -> Result<(), Problem> {
        let peer = request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let place = Place(network_of(caller_of(peer, request.headers(), &self.proxies)));
        request.extensions_mut().insert(place);
        let size: usize = request
            .headers()
            .iter()
            .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
            .sum();
        if size > self.header_bytes {
            return Err(Problem::new(
                Code::new("api.headers_too_large", Fault::TooLarge),
                format!("The headers may hold at most {} bytes altogether.", self.header_bytes),
            ));
        }
        let shows = match bearer(request.headers()) {
            Some(token) => self.tokens.of(&Digest::of(token), now).is_some(),
            None => request.cookie(COOKIE).is_some_and(|cookie: Cookie<'_>| {
                self.sessions.of(&Digest::of(cookie.value()), now).is_some()
            }),
        };
        if shows || self.strangers.check_key(&place.0).is_ok() { Ok(()) } else { Err(too_many()) }
    }

    /// Counts a request of somebody known: an organisation has one rate, a person of the node one of their own.
    pub(crate) fn count(&self, actor: &Actor) -> Result<(), Problem> {
        let key =
            actor.organisation().map_or_else(|| actor.log_name(), |organisation| organisation.to_string());
        self.callers.check_key(&key).map_err(|_too_many| too_many())
    }

    /// A turn to work on a passphrase: that takes memory and tens of milliseconds, so only a few do it at once.
    pub(crate) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.hashing).acquire_owned();
        match tokio::time::timeout(PATIENCE, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// A turn to search the directory, in the order in which they came. A search works the whole time, so more at once than there are cores
    /// would only be slower each.
    pub(crate) async fn searching(&self) -> Result<SemaphorePermit<'_>, Problem> {
        match tokio::time::timeout(PATIENCE, self.searching.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Room for a body, until what is answered is dropped.
    pub(super) fn room(&self, holder: String, bytes: usize) -> Result<Held, Problem> {
        Bodies::hold(&self.bodies, holder, bytes).ok_or_else(busy)
    }

    /// Forgets rates of callers that are back to full. A job calls it.
    pub(super) fn tidy(&self) {
        self.callers.retain_recent();
        self.strangers.retain_recent();
    }
}

/// As many searches as there are cores; where the database is another process, some wait for it meanwhile.
fn searches_at_once(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if settings.database.url.starts_with("sqlite:") { cores } else { cores.saturating_mul(2) }
}

/// The token after `Bearer`, in a header that is text.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The last address that is not of a trusted proxy: what stands before it in `X-Forwarded-For` anybody may have written.
fn caller_of(peer: IpAddr, headers: &HeaderMap, proxies: &Networks) -> IpAddr {
    let mut caller = peer;
    let lines: Vec<&str> =
        headers.get_all("x-forwarded-for").map(|line| line.to_str().unwrap_or_default()).collect();
    for named in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        if !proxies.contain(caller) {
            break;
        }
        let named = named.trim();
        let with_port = || named.parse::<SocketAddr>().ok().map(|address| address.ip());
        let Some(before) = named.parse().ok().or_else(with_port) else { break };
        caller = before;
    }
    caller
}

/// Whoever has one IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// What was found good, each until its moment. Never more than a fixed number.
pub(super) struct Known<T>(Mutex<HashMap<Digest, (Timestamp, T)>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Known<T> {
    pub(super) fn of(&self, digest: &Digest, now: Timestamp) -> Option<(T, Timestamp)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(digest).filter(|(until, _)| now < *until).map(|(until, known)| (known.clone(), *until))
    }

    pub(super) fn remember(&self, digest: Digest, until: Timestamp, known: T, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_KNOWN {
            all.retain(|_, (until, _)| now < *until);
            if all.len() >= MAX_KNOWN {
                all.clear();
            }
        }
        all.insert(digest, (until, known));
    }

    pub(super) fn forget(&self, digest: &Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(digest);
    }
}

/// How many bytes of bodies each holder has, and how many there may be.
struct Bodies {
    most: usize,
    held: Mutex<HashMap<String, usize>>,
}

/// Room for one body; given back when dropped.
pub(super) struct Held {
    bodies: Arc<Bodies>,
    holder: String,
    bytes: usize,
}

impl Bodies {
    fn hold(bodies: &Arc<Self>, holder: String, bytes: usize) -> Option<Held> {
        let mut held = bodies.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let theirs = held.get(&holder).copied().unwrap_or(0).saturating_add(bytes);
        if all.saturating_add(bytes) > bodies.most || theirs > bodies.most / SHARE {
            return None;
        }
        held.insert(holder.clone(), theirs);
        drop(held);
        Some(Held { bodies: Arc::clone(bodies), holder, bytes })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = self.bodies.held.lock().unwrap_or_else(PoisonError::into_inner);
        let left = held.get(&self.holder).copied().unwrap_or(0).saturating_sub(self.bytes);
        if left == 0 {
            held.remove(&self.holder);
        } else {
            held.insert(self.holder.clone(), left);
        }
    }
}

fn too_many() -> Problem {
    Problem::new(Code::new("api.too_many_requests", Fault::TooMany), "Too many requests; wait a moment.")
        .after(1)
}

fn busy() -> Problem {
    Problem::new(
        Code::new("api.busy", Fault::Unavailable),
        "The hub has more of such work than it does at once. Nothing was changed; try again in a moment.",
    )
    .after(1)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_str(line).unwrap());
        }
        caller_of(peer.parse().unwrap(), &headers, &proxies.parse().unwrap()).to_string()
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_caller() {
        let proxies = "10.0.0.0/8";
        assert_eq!(seen("10.0.0.1", &["198.51.100.7"], proxies), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 198.51.100.7, 10.0.0.2"], proxies), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "198.51.100.7:4711"], proxies), "198.51.100.7");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, [2001:db8::1]:80"], proxies), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, who knows"], proxies), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[], proxies), "10.0.0.1");
    }

    #[test]
    fn a_stranger_is_not_believed_about_where_they_come_from() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.7"], "10.0.0.0/8"), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.7"], ""), "203.0.113.9");
    }

    #[test]
    fn a_network_of_ipv6_is_one_caller_and_so_is_an_address_of_ipv4() {
        let of = |text: &str| network_of(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }

    #[test]
    fn one_caller_holds_a_quarter_and_gives_it_back() {
        let bodies = Arc::new(Bodies { most: 100, held: Mutex::default() });
        let hold = |who: &str, bytes| Bodies::hold(&bodies, who.to_owned(), bytes);
        let first = hold("a", 20).unwrap();
        assert!(hold("a", 6).is_none(), "more than a quarter");
        let others: Vec<Held> = ["b", "c", "d"].map(|who| hold(who, 25).unwrap()).into();
        assert!(hold("e", 6).is_none(), "more than there is");
        drop(first);
        assert!(hold("a", 25).is_some());
        drop(others);
        assert!(bodies.held.lock().unwrap().is_empty());
    }

    #[test]
    fn what_is_known_is_forgotten_at_its_moment_and_never_grows_beyond_its_bound() {
        let known = Known::default();
        let at = Timestamp::from_seconds;
        for number in 0..=MAX_KNOWN {
            known.remember(Digest::of(number.to_string()), at(10), (), at(1));
        }
        assert!(known.0.lock().unwrap().len() <= MAX_KNOWN);
        let last = Digest::of(MAX_KNOWN.to_string());
        assert!(known.of(&last, at(9)).is_some());
        assert!(known.of(&last, at(10)).is_none());
    }

    #[actix_web::test]
    async fn passphrases_are_worked_on_in_turn() {
        let text = "[access]\npassphrases_at_once = 1\n";
        let door =
            Door::new(&crate::config::load_with(Some(text), &std::collections::BTreeMap::new()).unwrap());
        let first = door.turn().await.unwrap();
        let soon = Duration::from_millis(50);
        assert!(tokio::time::timeout(soon, door.turn()).await.is_err(), "two at once");
        drop(first);
        assert!(tokio::time::timeout(soon, door.turn()).await.unwrap().is_ok());
    }
}
