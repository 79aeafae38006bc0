//! `throughline referral`

mod act;
mod oversee;
mod show;
mod verbs;

use clap::{Args, Subcommand, ValueEnum};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    policy,
};
use crate::kernel::{Code, Fault, id::ReferralId};
pub(super) use act::add_child;
use oversee::Oversee;
use verbs::Verb;

/// Referrals: what came in, what went out, and every move of either side. Each move is an event, signed with this organisation's key.
#[derive(Args)]
#[command(after_help = "From delivered to closed:
  throughline referral acknowledge ref_… --worker stf_…           the recipient has looked at it
  throughline referral accept ref_… --assignee stf_…              and takes it on
  throughline referral start ref_… --since 2026-03-09
  throughline referral complete ref_… --outcome OC1
  throughline referral acknowledge-outcome ref_… --need-met       the sender has seen it
  throughline referral inform-person ref_… --how in-person        the person knows
  throughline referral close ref_… --reason CL01
A reason that does not fit is answered with the list of those that do.")]
pub(super) struct Referral {
    #[command(flatten)]
    home: HomeArgs,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List referrals: what this organisation received, by what is due, or what it sent, overdue first.
    #[command(after_help = "Examples:
  throughline referral list                  what came in
  throughline referral list sent --ended     also what is over")]
    List {
        /// Which.
        #[arg(value_enum, default_value_t = Tray::Inbox)]
        tray: Tray,
        /// Also what is over.
        #[arg(long)]
        ended: bool,
    },
    /// Show one referral with its events: where it stands, what is due, who did what when.
    #[command(after_help = "Example:
  throughline referral show ref_…")]
    Show {
        /// The referral.
        referral: ReferralId,
    },
    /// Coordinator: have somebody look at any referral, or declare with data protection that it was an error. The node signs the event.
    #[command(subcommand)]
    Oversee(Oversee),
    #[command(flatten)]
    Move(Box<Verb>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tray {
    /// What came in.
    Inbox,
    /// What went out.
    Sent,
}

impl Tray {
    const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Sent => "sent",
        }
    }
}

impl Referral {
    pub(super) fn run(self, output: &Output) -> Result<(), CliError> {
        let home = Home::at(&self.home);
        match self.what {
            What::List { tray, ended } => block_on(show::list(&home, (tray.name(), ended), output))?,
            What::Show { referral } => block_on(show::one(&home, referral, output))?,
            What::Oversee(asked) => block_on(oversee::oversee(&home, asked, output))?,
            What::Move(verb) => block_on(act::act(&home, verb.into_request(&policy::of(&home)?)?, output))?,
        }
    }
}

fn unclear(sentence: &str) -> CliError {
    CliError::new(Code::new("referral.unclear", Fault::Malformed), sentence)
}
