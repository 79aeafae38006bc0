//! `throughline referral`

mod act;
mod correct;
mod notes;
mod oversee;
mod show;
mod verbs;

use chrono::NaiveDate;
use clap::{Args, Subcommand, ValueEnum};

use super::{
    CliError, Output, block_on,
    home::{Home, HomeArgs},
    policy,
};
use crate::kernel::{
    Code, Fault,
    id::{CorrectionId, ReferralId},
};
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
    /// List what persons asked this organisation to have put right: which kinds of thing, since when, until when it must answer.
    #[command(after_help = "Examples:
  throughline referral corrections --open     what is not answered yet
  throughline referral corrections            also what is")]
    Corrections {
        /// Only what is not answered yet.
        #[arg(long)]
        open: bool,
    },
    /// Say what became of what a person asked to have put right. What is put right stays so; what is disputed stays marked.
    #[command(after_help = "Example:
  throughline referral answer-correction cor_… put-right")]
    AnswerCorrection {
        /// What the person asked, as corrections lists it.
        correction: CorrectionId,
        /// What became of it.
        #[arg(value_enum)]
        answer: correct::Said,
    },
    /// Show what the person and this organisation left for each other: which sentences, and whether they were read.
    #[command(after_help = "Examples:
  throughline referral notes ref_…            what was left
  throughline referral notes ref_… --read     and say that it was read, which the person sees")]
    Notes {
        /// The referral.
        referral: ReferralId,
        /// Say that somebody here read what the person left.
        #[arg(long)]
        read: bool,
    },
    /// Leave a note for the person, which they read with their code: a sentence of a list, in their language.
    #[command(after_help = "Examples:
  throughline referral leave-note ref_… please-call
  throughline referral leave-note ref_… please-come --day 2026-03-09")]
    LeaveNote {
        /// The referral.
        referral: ReferralId,
        /// What the person should know.
        #[arg(value_enum)]
        kind: notes::Kind,
        /// The day they should come, with please-come.
        #[arg(long, value_name = "DAY")]
        day: Option<NaiveDate>,
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
            What::Corrections { open } => block_on(correct::list(&home, open, output))?,
            What::AnswerCorrection { correction, answer } => {
                block_on(correct::answer(&home, correction, answer, output))?
            }
            What::Notes { referral, read } => block_on(notes::list(&home, referral, read, output))?,
            What::LeaveNote { referral, kind, day } => {
                block_on(notes::leave(&home, referral, (kind, day), output))?
            }
            What::Oversee(asked) => block_on(oversee::oversee(&home, asked, output))?,
            What::Move(verb) => block_on(act::act(&home, verb.into_request(&policy::of(&home)?)?, output))?,
        }
    }
}

fn unclear(sentence: &str) -> CliError {
    CliError::new(Code::new("referral.unclear", Fault::Malformed), sentence)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::{
        cli::{Cli, Command},
        policy::Policy,
        referrals::{By, Move, state::tests::moves},
    };

    /// The command with these words.
    fn command(words: &[&str]) -> clap::Command {
        words.iter().fold(Cli::command(), |at, word| at.find_subcommand(word).unwrap().clone())
    }

    /// The move that a command line asks for, if it asks for one.
    fn asked(line: &str) -> Option<Move> {
        let whole = line.split("    ").next().unwrap().replace('…', "00000000000000000000000000000001");
        let parsed = Cli::try_parse_from(whole.split_whitespace()).unwrap_or_else(|e| panic!("{line}: {e}"));
        let Command::Referral(referral) = parsed.command else { panic!("{line}") };
        match referral.what {
            What::List { .. }
            | What::Show { .. }
            | What::Corrections { .. }
            | What::AnswerCorrection { .. }
            | What::Notes { .. }
            | What::LeaveNote { .. } => None,
            What::Move(verb) => Some(verb.into_request(Policy::builtin()).unwrap().asked),
            What::Oversee(oversee) => oversee.asks_for(Policy::builtin()).unwrap(),
        }
    }

    /// The moves that the commands below these words ask for in their examples, each under its own name.
    fn moves_of(words: &[&str]) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for command in command(words).get_subcommands().filter(|command| !command.has_subcommands()) {
            let begin = format!("throughline {} {} ", words.join(" "), command.get_name());
            let help = command.get_after_help().unwrap().to_string();
            let lines: Vec<&str> = help.lines().map(str::trim).filter(|l| l.starts_with(&begin)).collect();
            assert!(!lines.is_empty(), "{begin}has no example");
            for asked in lines.into_iter().filter_map(asked) {
                assert_eq!(asked.name().replace('_', "-"), command.get_name());
                found.insert(asked.name().to_owned());
            }
        }
        found
    }

    /// The names of the moves that somebody in one of these parts may ask for.
    fn moves_by(parts: &[By]) -> BTreeSet<String> {
        let all = moves();
        let theirs = all.iter().filter(|asked| asked.actors().iter().any(|by| parts.contains(by)));
        theirs.map(|asked| asked.name().to_owned()).collect()
    }

    #[test]
    fn whatever_an_organisation_may_ask_for_has_a_verb_and_nothing_else_has() {
        let (at_the_node, at_a_gateway): (Vec<By>, Vec<By>) =
            By::ALL.into_iter().partition(|by| matches!(by, By::Hub | By::Coordinator));
        let mut verbs = moves_of(&["referral"]);
        // Handing in the packet that begins a referral submits it.
        command(&["packet", "send"]);
        verbs.insert(Move::Submit {}.name().to_owned());
        assert_eq!(verbs, moves_by(&at_a_gateway));
        assert_eq!(moves_of(&["referral", "oversee"]), moves_by(&[By::Coordinator]));
        assert_eq!(at_the_node, [By::Hub, By::Coordinator]);
    }
}
