//! Terminate an agreement, with notice or for breach.

use serde::Deserialize;

use super::{
    Agreement, AgreementError, Ending, Move,
    agreement::{Which, for_party, step},
};
use crate::{access::Tx, kernel::Timestamp, policy::Policy};

/// How it ends.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Terminate {
    /// Until when open referrals may finish, at most the policy's longest notice from now; absent for breach, which ends everything
    /// at once.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub notice_until: Option<Timestamp>,
}

/// Ends it. New packets are refused from now on; what is under way follows the ending.
pub fn terminate(
    tx: &mut Tx<'_>,
    which: Which,
    cmd: Terminate,
    policy: &Policy,
) -> Result<Agreement, AgreementError> {
    let (was, _organisation) = for_party(tx, which)?;
    let ending = cmd.notice_until.map_or(Ending::Breach, |until| Ending::Notice { until });
    let longest_notice = policy.agreement_limits().longest_notice();
    let now = tx.now();
    // Whether the agreement can be ended at all comes first: then only the notice can be wrong.
    let breach = Move::Terminate { ending: Ending::Breach, longest_notice };
    let can_end = was.state.clone().step(&breach, now).is_ok();
    if can_end && !ending.is_timely(now, longest_notice) {
        let at_most = now.plus(longest_notice);
        return Err(AgreementError::Notice { days: longest_notice.num_days(), at_most });
    }
    step(tx, was, &Move::Terminate { ending, longest_notice }, None)
}
