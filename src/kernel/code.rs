//! Stable codes for everything that can be refused.
//!
//! Each room has one error enum; each variant of it answers one [`Code`]. The entrances translate: `api` to a status and a
//! problem document (RFC 9457), `cli` to an exit status, `web` to a page. A code never changes its meaning once released.

use std::fmt;

/// What kind of refusal a code is. The entrances choose status, exit code and tone by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The input is malformed. HTTP 400, exit 65.
    Malformed,
    /// Nobody, or not who they say. HTTP 401, exit 77.
    Unauthenticated,
    /// Known, but not allowed. HTTP 403, exit 77.
    Forbidden,
    /// Not there, or not for this reader: both look the same. HTTP 404, exit 69.
    NotFound,
    /// Something else happened first. HTTP 409, exit 75.
    Conflict,
    /// `If-Match` names another version. HTTP 412, exit 75.
    Stale,
    /// More than the named limit. HTTP 413, exit 65.
    TooLarge,
    /// Well formed, and refused by a rule. HTTP 422, exit 65.
    Refused,
    /// Too often. HTTP 429, exit 75.
    TooMany,
    /// Not now; try again. HTTP 503, exit 75.
    Unavailable,
    /// Nobody can say whether it was done; ask again with the same `Idempotency-Key`. HTTP 503, exit 75.
    Unsure,
    /// Ours. HTTP 500, exit 70.
    Internal,
}

/// A stable name such as `referral.move_refused`, with the kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    name: &'static str,
    fault: Fault,
}

impl Code {
    /// Names a code: `room.reason` in lower case.
    pub const fn new(name: &'static str, fault: Fault) -> Self {
        Self { name, fault }
    }

    /// The stable name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The kind of refusal.
    pub const fn fault(self) -> Fault {
        self.fault
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An error that answers a stable [`Code`].
pub trait Coded: std::error::Error + Send + Sync + 'static {
    /// The stable code.
    fn code(&self) -> Code;

    /// Facts for the reader beyond the sentence, such as the list of deny codes. Must hold nothing the reader did not
    /// send or may not know. Becomes extension members of the problem document.
    fn facts(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        None
    }
}
