//! What a person said about telling whoever sent a referral that it was passed on. It lies beside the consent records, encrypted as they are,
//! by the referral: whoever passes on need not have a record of the person.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::records::Records;
use crate::{
    cli::{CliError, home::Home},
    crypto::Passphrase,
    kernel::{
        Code, Fault, Timestamp,
        id::{ConsentId, ReferralId, StaffId, SubjectToken},
        time::{Clock as _, SystemClock},
    },
};

/// What is said beside `--untold`, where something is passed on.
#[derive(Args)]
pub(in crate::cli) struct HeardArgs {
    /// The person said before that whoever sent the first referral must not hear of it, and does not mind any more.
    #[arg(long, conflicts_with = "untold")]
    told: bool,
    /// With --untold or --told: who of the staff heard the person say so, for the record.
    #[arg(long, value_name = "STAFF")]
    heard_by: Option<StaffId>,
}

impl HeardArgs {
    /// What the person says now; nothing when they say nothing. `untold` is the flag of that name.
    pub(in crate::cli) fn said(&self, untold: bool) -> Result<Option<Said>, CliError> {
        let wish = match (untold, self.told) {
            (true, _) => Wish::Untold,
            (false, true) => Wish::Told,
            (false, false) if self.heard_by.is_none() => return Ok(None),
            (false, false) => {
                return Err(CliError::new(
                    Code::new("consent.heard_nothing", Fault::Malformed),
                    "--heard-by comes with --untold or --told",
                ));
            }
        };
        Ok(Some(Said { wish, by: self.heard_by }))
    }
}

/// What a person said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Said {
    wish: Wish,
    by: Option<StaffId>,
}

/// Whether whoever sent a referral may hear that it was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Wish {
    /// They must not.
    Untold,
    /// The person does not mind any more.
    Told,
}

/// A wish, and how it came here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Heard {
    /// The wish.
    pub(in crate::cli) wish: Wish,
    /// When it was noted.
    pub(in crate::cli) at: Timestamp,
    /// Who of the staff heard it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) by: Option<StaffId>,
    /// The consent of this organisation's own under which was to be passed on; none where that was the first sender's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) consent: Option<ConsentId>,
}

/// What a person said of one referral, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::cli) struct Wishes {
    /// The referral that this organisation received.
    pub(in crate::cli) referral: ReferralId,
    /// Whose wishes these are.
    pub(in crate::cli) subject: SubjectToken,
    /// The wishes.
    pub(in crate::cli) heard: Vec<Heard>,
}

impl Wishes {
    /// The one that counts: the last.
    pub(in crate::cli) fn stands(&self) -> Option<&Heard> {
        self.heard.last()
    }

    /// Since when whoever sent the referral must not hear of it; nothing when they may.
    pub(in crate::cli) fn untold_since(&self) -> Option<Timestamp> {
        self.stands().filter(|heard| heard.wish == Wish::Untold).map(|heard| heard.at)
    }

    /// Whether something was said of it under this consent.
    pub(in crate::cli) fn concern(&self, consent: ConsentId) -> bool {
        self.heard.iter().any(|heard| heard.consent == Some(consent))
    }
}

/// A referral that is continued: whose it is, and under which consent of this organisation's own, if under one.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Continued {
    pub(in crate::cli) referral: ReferralId,
    pub(in crate::cli) subject: SubjectToken,
    pub(in crate::cli) consent: Option<ConsentId>,
}

/// Notes what the person says now, and gives what counts: that, or what they said before. The same again changes nothing.
pub(in crate::cli) fn follow(
    home: &Home,
    passphrase: &Passphrase,
    of: Continued,
    said: Option<Said>,
) -> Result<Option<Wishes>, CliError> {
    let Some(said) = said else { return look(home, passphrase, of.referral) };
    let records = Records::open(home, passphrase)?;
    let none = || Wishes { referral: of.referral, subject: of.subject, heard: Vec::new() };
    let mut wishes = records.wishes(of.referral)?.unwrap_or_else(none);
    if wishes.stands().map(|heard| heard.wish) != Some(said.wish) {
        let (at, consent) = (SystemClock.now(), of.consent);
        wishes.heard.push(Heard { wish: said.wish, at, by: said.by, consent });
        records.keep_wishes(&wishes)?;
    }
    Ok(Some(wishes))
}

/// Refuses to let whoever sent a referral hear that it was passed on, when the person objects.
pub(in crate::cli) fn may_be_told(
    home: &Home,
    passphrase: &Passphrase,
    referral: ReferralId,
) -> Result<(), CliError> {
    let Some(since) = look(home, passphrase, referral)?.and_then(|wishes| wishes.untold_since()) else {
        return Ok(());
    };
    Err(CliError::new(
        Code::new("consent.untold", Fault::Refused),
        format!(
            "the person said on {since} that whoever sent {referral} must not hear that it was passed on. Nothing was sent; a packet that \
             tells is sealed again, and is untold then"
        ),
    ))
}

fn look(home: &Home, passphrase: &Passphrase, referral: ReferralId) -> Result<Option<Wishes>, CliError> {
    // Most homes keep none, and opening the records takes its time.
    if Records::keep_some_of(home, referral)? {
        Records::open(home, passphrase)?.wishes(referral)
    } else {
        Ok(None)
    }
}
