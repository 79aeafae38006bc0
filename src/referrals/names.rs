//! The words for states on the wire and in the database.

/// The name of a [`State`](super::state::State), without its facts.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "explained at the states themselves")]
pub enum StateName {
    Draft,
    Submitted,
    Delivered,
    Acknowledged,
    InfoRequested,
    Accepted,
    Waitlisted,
    Scheduled,
    InService,
    OnHold,
    Completed,
    Declined,
    Redirected,
    Cancelled,
    Withdrawn,
    Expired,
    Failed,
    Transferred,
    EnteredInError,
}

impl StateName {
    /// Every state, in the order of the table.
    pub const ALL: [Self; 19] = [
        Self::Draft,
        Self::Submitted,
        Self::Delivered,
        Self::Acknowledged,
        Self::InfoRequested,
        Self::Accepted,
        Self::Waitlisted,
        Self::Scheduled,
        Self::InService,
        Self::OnHold,
        Self::Completed,
        Self::Declined,
        Self::Redirected,
        Self::Cancelled,
        Self::Withdrawn,
        Self::Expired,
        Self::Failed,
        Self::Transferred,
        Self::EnteredInError,
    ];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::InfoRequested => "info_requested",
            Self::Accepted => "accepted",
            Self::Waitlisted => "waitlisted",
            Self::Scheduled => "scheduled",
            Self::InService => "in_service",
            Self::OnHold => "on_hold",
            Self::Completed => "completed",
            Self::Declined => "declined",
            Self::Redirected => "redirected",
            Self::Cancelled => "cancelled",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Transferred => "transferred",
            Self::EnteredInError => "entered_in_error",
        }
    }

    /// The state a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }

    /// Whether nothing more happens to the request.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Draft
            | Self::Submitted
            | Self::Delivered
            | Self::Acknowledged
            | Self::InfoRequested
            | Self::Accepted
            | Self::Waitlisted
            | Self::Scheduled
            | Self::InService
            | Self::OnHold => false,
            Self::Completed
            | Self::Declined
            | Self::Redirected
            | Self::Cancelled
            | Self::Withdrawn
            | Self::Expired
            | Self::Failed
            | Self::Transferred
            | Self::EnteredInError => true,
        }
    }
}

impl std::fmt::Display for StateName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a [`Loop`](super::state::Loop) state.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "explained at the states themselves")]
pub enum LoopName {
    Open,
    OutcomeKnown,
    SenderAcknowledged,
    PersonInformed,
    Closed,
}

impl LoopName {
    /// Every state of the loop, in order.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::OutcomeKnown, Self::SenderAcknowledged, Self::PersonInformed, Self::Closed];

    /// The word on the wire and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::OutcomeKnown => "outcome_known",
            Self::SenderAcknowledged => "sender_acknowledged",
            Self::PersonInformed => "person_informed",
            Self::Closed => "closed",
        }
    }

    /// The state a word names.
    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == word)
    }
}

impl std::fmt::Display for LoopName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
