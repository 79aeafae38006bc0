//! Which row of the table a move would be, as far as one of the sides can see: what it writes into its event. If the referral stands
//! elsewhere by then, it is another row, and the event is refused instead of meaning something nobody meant.

use super::{
    moves::{Move, Number},
    names::StateName,
    state::ALWAYS_CANCELS,
};
use crate::policy::Policy;

/// Where a side sees a referral stand.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The state.
    pub state: StateName,
    /// How many appointments were missed so far.
    pub no_shows: u8,
}

impl Move {
    /// The row this move would be.
    pub fn row(&self, seen: Seen, policy: &Policy) -> Number {
        use Number as N;
        use StateName as S;
        match (self, seen.state) {
            (Self::Submit {}, _) => N::T01,
            (Self::Deliver {}, _) => N::T02,
            (Self::Acknowledge { .. }, _) => N::T03,
            (Self::Ask { .. }, _) => N::T04,
            (Self::Answer { .. }, _) => N::T05,
            (Self::Decline { .. }, S::InfoRequested) => N::T06,
            (Self::Decline { .. }, S::Waitlisted) => N::T12,
            (Self::Decline { .. }, _) => N::T09,
            (Self::Accept { .. }, S::Waitlisted) => N::T11,
            (Self::Accept { .. }, _) => N::T07,
            (Self::Waitlist { .. }, _) => N::T08,
            (Self::Redirect { .. }, _) => N::T10,
            (Self::Reconfirm { .. }, _) => N::T13,
            (Self::Schedule { .. }, _) => N::T14,
            (Self::Reschedule { .. }, _) => N::T15,
            (Self::Start { .. }, _) => N::T16,
            (Self::NoShow { .. }, _) => {
                let last = seen.no_shows.saturating_add(1) >= policy.timers().no_show_limit;
                if last { N::T18 } else { N::T17 }
            }
            (Self::Fail { unsafe_to_continue: true, .. }, S::Scheduled) => N::T18,
            (Self::Fail { .. }, _) => N::T22,
            (Self::Hold { .. }, _) => N::T19,
            (Self::Resume { .. }, _) => N::T20,
            (Self::Complete { .. }, _) => N::T21,
            (Self::Progress { .. }, _) => N::T23,
            (Self::Cancel { reason }, _) if ALWAYS_CANCELS.contains(&reason.as_str()) => N::T26,
            (Self::Cancel { .. }, _) => N::T24,
            (Self::AskCancel { .. } | Self::AgreeCancel {} | Self::RefuseCancel { .. }, _) => N::T25,
            (Self::Expire { .. }, S::Submitted | S::Delivered) => N::T27,
            (Self::Expire { .. }, _) => N::T28,
            (Self::Transfer { .. }, _) => N::T29,
            (Self::Withdraw { .. }, state) if state.is_terminal() => N::T31,
            (Self::Withdraw { .. }, _) => N::T30,
            (Self::DeclareError { .. }, _) => N::T32,
            (Self::Suspend {} | Self::Unsuspend {}, _) => N::T33,
            (Self::Escalate {}, _) => N::T34,
            (Self::AddChild { .. }, _) => N::T35,
            (Self::AcknowledgeOutcome { .. }, _) => N::L2,
            (Self::InformPerson { .. }, _) => N::L3,
            (Self::Close { .. }, _) => N::L4,
            (Self::Restrict {}, _) => N::O1,
            (Self::LiftRestriction {}, _) => N::O2,
            (Self::HoldLegal {}, _) => N::O3,
            (Self::ReleaseLegal {}, _) => N::O4,
            (Self::SettleWithdrawal {}, _) => N::O5,
        }
    }
}
