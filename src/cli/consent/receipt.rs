//! `throughline consent receipt`: the person's copy, in plain words.
//!
//! Carrying a paper can endanger: the safe form names no organisation, no service and nothing of what was agreed.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{
    super::{CliError, Output, files, home::Home, session::Names},
    Stands, names, open, show,
};
use crate::{
    consent::{Choice, Effect, Record},
    kernel::{
        id::ConsentId,
        time::{Clock as _, SystemClock},
    },
};

#[derive(Args)]
pub(super) struct ReceiptArgs {
    /// The consent.
    consent: ConsentId,
    /// The neutral form: a code and a telephone number, no names, nothing of what was agreed.
    #[arg(long, requires = "phone")]
    safe: bool,
    /// The number on the neutral form.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// Where to write; standard output without it.
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ReceiptArgs {
    pub(super) fn run(&self, home: &Home, output: &Output) -> Result<(), CliError> {
        let (held, now) = (open(home)?.find(self.consent)?, SystemClock.now());
        let record = held.current()?;
        let text = match &self.phone {
            Some(phone) if self.safe => safe(&record, phone),
            _ => {
                let names = names(home)?;
                let taken = held.taken_back()?.into_iter().map(|one| show::taken(one, &names)).collect();
                full(&record, &names, show::stands(&held, now)?, taken)
            }
        };
        if !record.notice.language.to_lowercase().starts_with("en") {
            output.say(format!(
                "The person was informed in {}. This text is English: read it to them in their language.",
                record.notice.language
            ));
        }
        let Some(file) = &self.out else { return output.data(&json!({ "receipt": text }), |_| text.clone()) };
        files::replace(file, text.as_bytes())?;
        output.data(&json!({ "file": file }), |_| format!("Wrote {}.", file.display()))
    }
}

fn safe(record: &Record, phone: &str) -> String {
    format!("{}\n{phone}\n", record.withdrawal.code.expose())
}

fn full(record: &Record, names: &Names, stands: Stands, taken_back: Vec<String>) -> String {
    let us = names.of(record.collected.org);
    let mut lines = vec![
        String::from("YOUR COPY"),
        format!("\nOn {} you talked with {us} about your information.", show::day(record.collected.at)),
    ];
    lines.extend(opening(stands));
    for (effect, heading) in [(Effect::Permit, "YOU SAID YES TO"), (Effect::Deny, "YOU SAID NO TO")] {
        let answers: Vec<_> = record.lines.iter().filter(|answer| answer.line.effect == effect).collect();
        if !answers.is_empty() {
            lines.push(format!("\n{heading}"));
        }
        for answer in answers {
            lines.push(String::new());
            lines.extend(show::of_line(&answer.line, names).into_iter().map(|line| format!("  {line}")));
            if let Some(condition) = &answer.condition {
                lines.push(format!("  As you asked: {}", condition.expose()));
            }
        }
    }
    if !taken_back.is_empty() {
        lines.push(String::from("\nYOU TOOK BACK"));
        lines.extend(taken_back.into_iter().map(|line| format!("  {line}")));
    }
    lines.push(String::from("\nWhat you were not asked, or did not answer, counts as no."));
    lines.push(counted(record));
    lines.push(String::from("\nYOU CAN CHANGE YOUR MIND AT ANY TIME"));
    lines.push(String::from(
        "You need not say why. Saying no, now or later, does not take away any other help.",
    ));
    lines.push(format!("What to do: {}", record.withdrawal.method.expose()));
    lines.push(format!("Your code: {}", record.withdrawal.code.expose()));
    lines.push(String::from(
        "The code works without your name. What was passed on before cannot be taken back unread, but everybody who has it is told to \
         stop.",
    ));
    lines.push(format!(
        "\nThis is kept until {} at the latest, and then destroyed.",
        show::day(record.retention_ceiling)
    ));
    lines.push(format!("For the staff: {} version {}", record.id, record.version));
    lines.join("\n") + "\n"
}

/// What comes first, so that nobody reads a yes into a paper that is none any more.
fn opening(stands: Stands) -> Vec<String> {
    let text = match stands {
        Stands::Given(_) | Stands::InPart(_) => "You decided what may be passed on, to whom, and for what.",
        Stands::NotBegun(_) => {
            "You decided what may be passed on, to whom, and for what. It has not begun yet."
        }
        Stands::Ended(_) => "What you agreed to has ended. Nothing more is passed on unless you agree again.",
        Stands::Refused => "You said no. Nothing is passed on.",
        Stands::As(_) => "What is written below does not hold at present. Nothing is passed on.",
    };
    vec![text.to_owned()]
}

fn counted(record: &Record) -> String {
    let counted = match record.statistics {
        Choice::Permit => "You agreed that you are counted in statistics, without your name.",
        Choice::Deny => "You are not counted in statistics by what you told.",
        Choice::NotAsked => "You were not asked about statistics, so nothing you told is counted there.",
    };
    counted.to_owned()
}
