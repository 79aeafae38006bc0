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
    step(tx, was, &Move::Terminate { ending, longest_notice }, None)
}
