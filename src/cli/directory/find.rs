//! Searching the directory.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use uuid::Uuid;

use super::line;
use crate::{
    cli::{CliError, Output, files},
    directory::{
        self, Availability, DirectoryError, Freshness, Tongue,
        areas::{AreaMode, InArea},
        eligibility::{self, Answer, Facts},
        hours::{Open, When},
        search::{Around, Band, COUNTED, Found, Match, Nothing, Reach, Search, Sort},
    },
    hub::{Caller, Hub},
    kernel::{Code, Fault, page::Asked},
    policy::ServiceCode,
};

/// What is searched for.
#[derive(Args)]
pub(in crate::cli) struct Wanted {
    /// Words in names, provider, labels or description.
    words: Vec<String>,
    /// Latitude of a place in degrees; what is near it.
    #[arg(long, requires = "lon", allow_negative_numbers = true)]
    lat: Option<f64>,
    /// Longitude of that place in degrees.
    #[arg(long, requires = "lat", allow_negative_numbers = true)]
    lon: Option<f64>,
    /// How far from there, in metres; 50000 when left out.
    #[arg(long, requires = "lat")]
    proximity: Option<f64>,
    /// The code of the area that this place lies in; then what serves its country, or is given there by telephone or online, is found as well.
    #[arg(long, requires = "lat", value_name = "AREA")]
    lies_in: Option<String>,
    /// A service code, such as SV07.
    #[arg(long)]
    service: Option<ServiceCode>,
    /// Only where this language is spoken, such as fr.
    #[arg(long)]
    language: Option<String>,
    /// Only what takes people in this way at present: open, waitlist, full, assessment or unknown.
    #[arg(long, value_parser = availability)]
    availability: Option<Availability>,
    /// Also what is flagged or stale; confirm it before anybody is referred there.
    #[arg(long)]
    doubtful: bool,
    /// Only what is not closed then, as the clock at the place shows it, such as 2026-03-02T09:30.
    #[arg(long)]
    open_at: Option<When>,
    /// The code of an area; what serves it, or is in it.
    #[arg(long)]
    area: Option<String>,
    /// serves, or located for what is in the area.
    #[arg(long, default_value = "serves")]
    area_mode: AreaMode,
    /// Only what this agreement covers, by its id.
    #[arg(long, value_name = "ID")]
    agreement: Option<Uuid>,
    /// What is known of a person, as JSON, from a file or - for standard input; what is shut to them is left out. It is kept nowhere.
    #[arg(long, value_name = "FILE")]
    person: Option<PathBuf>,
    /// Only what one can refer to through this hub.
    #[arg(long)]
    members_only: bool,
    /// In which order: best, distance (needs --lat and --lon), freshness or name.
    #[arg(long, default_value = "best", value_parser = sort)]
    sort: Sort,
    /// The language of names and descriptions, such as fr. Where there is none, the original stands.
    #[arg(long)]
    lang: Option<Tongue>,
    /// How many at most, 1 to 200.
    #[arg(long, default_value_t = 20)]
    pub(super) limit: u16,
}

impl Wanted {
    pub(super) fn search(self, hub: &Hub) -> Result<Search, CliError> {
        Ok(Search {
            text: self.words.join(" "),
            service: self.service,
            members_only: self.members_only,
            around: Around::asked(self.lat, self.lon, self.proximity)?,
            lies_in: self.lies_in,
            language: self.language,
            area: self.area.map(|code| InArea { code, mode: self.area_mode }),
            person: self.person.map(|from| facts(&from, hub)).transpose()?,
            availability: self.availability,
            doubtful: self.doubtful,
            open_at: self.open_at,
            sort: self.sort,
            lang: self.lang,
            agreement: self.agreement,
            ..Search::default()
        })
    }
}

/// Whether a service takes people, in a word.
fn availability(word: &str) -> Result<Availability, &'static str> {
    serde_json::from_value(serde_json::Value::from(word))
        .map_err(|_unknown| "expected open, waitlist, full, assessment or unknown")
}

/// An order, in a word.
fn sort(word: &str) -> Result<Sort, &'static str> {
    serde_json::from_value(serde_json::Value::from(word))
        .map_err(|_unknown| "expected best, distance, freshness or name")
}

pub(super) async fn find(
    hub: &Hub,
    caller: &Caller,
    search: Search,
    limit: u16,
    output: &Output,
) -> Result<(), CliError> {
    let (actor, asked) = (caller.actor.clone(), Asked::new(Some(limit), None));
    let now = hub.now();
    let found = hub
        .read::<_, DirectoryError>(move |db| directory::search::search(db, &actor, &search, &asked, now))
        .await?;
    output.data(&found, |found| {
        if let Some(nothing) = &found.nothing {
            return why(nothing);
        }
        let shut = found.not_eligible.filter(|shut| *shut > 0);
        let shut = shut.map(|shut| format!("{shut} more are not for this person."));
        found.items.iter().map(found_line).chain(shut).collect::<Vec<_>>().join("\n")
    })
}

fn found_line(found: &Found) -> String {
    let away = found.fit.as_ref().map(away).unwrap_or_default();
    let judged = found.eligibility.as_ref().map(|judged| match judged.answer {
        Answer::Eligible if judged.priority => String::from("  eligible, with priority"),
        Answer::Eligible => String::from("  eligible"),
        Answer::NotEligible => String::from("  not eligible"),
        Answer::NotKnown if judged.decided_by.is_empty() => {
            String::from("  ask: says nothing of whom it takes")
        }
        Answer::NotKnown => {
            let asks: Vec<&str> = judged.decided_by.iter().map(|rule| rule.text.as_str()).collect();
            format!("  ask: {}", asks.join("; "))
        }
    });
    let hours = match found.hours {
        Some(Open::Open) => "  open",
        Some(Open::NotKnown) => "  ask when it is open",
        Some(Open::Closed) | None => "",
    };
    let doubt = doubt(&found.service);
    format!("{}{away}{hours}{}{doubt}", line(&found.service), judged.unwrap_or_default())
}

/// How far away a service is, and why it need not be near; nothing when no place was asked for.
fn away(fit: &Match) -> String {
    let distance = fit.distance.map(|metres| format!("  {:.1} km", metres / 1_000.0));
    let band = fit.band.map(|Band { from, to }| match (from / 1_000, to) {
        (0, Some(to)) => format!("  under {} km", to / 1_000),
        (from, Some(to)) => format!("  {from} to {} km", to / 1_000),
        (from, None) => format!("  over {from} km"),
    });
    let reach = fit.reach.map(|reach| match reach {
        Reach::Remote => "  by telephone or online",
        Reach::Country => "  whole country",
        Reach::Area => "  serves the area",
    });
    distance.or(band).unwrap_or_default() + reach.unwrap_or_default()
}

/// That an entry may not be true any more; nothing of one that was verified lately.
fn doubt(service: &directory::Service) -> &'static str {
    match service.upkeep.verification {
        _ if service.upkeep.flagged_at.is_some() => "  did not fit what people met: confirm first",
        Freshness::Stale => "  not verified for long: confirm first",
        Freshness::Due => "  due to be verified",
        Freshness::Unverified => "  never verified",
        Freshness::Verified => "",
    }
}

/// The longest file of facts in bytes.
const FACTS_MAX: u64 = 16 * 1024;

/// What is known of a person, out of a file or standard input.
fn facts(from: &Path, hub: &Hub) -> Result<Facts, CliError> {
    let text = if from == Path::new("-") {
        let mut said = String::new();
        std::io::stdin().take(FACTS_MAX).read_to_string(&mut said)?;
        said
    } else {
        files::beginning(from, FACTS_MAX)?
    };
    let asked: eligibility::Asked = serde_json::from_str(&text).map_err(|reason| {
        // Where it is wrong, and nothing of what it says.
        let at = format!("line {}, column {}", reason.line(), reason.column());
        CliError::new(
            Code::new("directory.bad_facts", Fault::Malformed),
            format!(
                "what is known of the person cannot be read at {at}; see the API's description of PersonFacts"
            ),
        )
    })?;
    Ok(asked.facts(hub.now().datetime().date_naive()).map_err(DirectoryError::from)?)
}

/// Why nothing was found, in sentences.
fn why(nothing: &Nothing) -> String {
    let mut lines = vec![String::from("Nothing found.")];
    lines.extend(nothing.without.iter().map(|without| {
        let what = match (without.filter, &without.word) {
            ("word", Some(word)) => format!("the word {word}"),
            ("text", _) => String::from("any words"),
            ("proximity", _) => String::from("--lat, --lon and --proximity"),
            ("person", _) => String::from("what was said of the person"),
            ("agreement_id", _) => String::from("--agreement"),
            (filter, _) => format!("--{}", filter.replace('_', "-")),
        };
        format!("Without {what} there would be {}.", counted(without.services))
    }));
    if let Some(wider) = &nothing.wider {
        lines.push(format!("Within {:.0} m there would be {}.", wider.proximity, counted(wider.services)));
    }
    lines.push(format!("There are {} to be found altogether.", nothing.services));
    lines.push(String::from(
        "If nobody can help, a member records it without a word about the person: throughline need record",
    ));
    lines.join("\n")
}

fn counted(services: usize) -> String {
    if services < COUNTED { services.to_string() } else { format!("at least {COUNTED}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_counting_ends_is_said_as_so_many_or_more() {
        assert_eq!([COUNTED - 1, COUNTED].map(counted), ["999", "at least 1000"]);
    }
}
