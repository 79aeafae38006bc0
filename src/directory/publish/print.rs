//! A page to print: by country, province and town, each service once with its places there. It stands alone: no script, nothing from elsewhere.

use std::{collections::BTreeMap, io::Write};

use super::{
    Offered, Writes,
    gather::{Heard, REFERRERS},
    hours, whom,
    words::{self, Words},
};
use crate::directory::{
    Freshness, Service,
    eligibility::{Said, Whom},
    fold::fold,
    tongue::{Told, Tongue},
};

/// Where something is, then what it is called: what the page is sorted by.
type Key = (String, String, String, String);

/// A page while it is put together. It is sorted, so it is written at the end.
pub(super) struct Page {
    words: &'static Words,
    entries: BTreeMap<Key, Entry>,
    areas: BTreeMap<String, String>,
    places: u64,
}

/// A service in a town. All of it is safe to stand in a page.
struct Entry {
    name: String,
    about: Vec<String>,
    places: Vec<String>,
}

impl Page {
    /// An empty one.
    pub(super) fn new(lang: Option<&Tongue>) -> Self {
        Self { words: words::of(lang), entries: BTreeMap::new(), areas: BTreeMap::new(), places: 0 }
    }

    /// What is said of a service itself.
    fn about(&self, offered: &Offered) -> Vec<String> {
        let (service, paper, words) = (&offered.service, &offered.paper, self.words);
        let url = service.url.as_deref().map(|url| format!("<bdi dir=\"ltr\">{}</bdi>", escaped(url)));
        let spoken: Vec<String> = paper.languages.iter().map(|heard| spoken(heard, words)).collect();
        let languages = (!spoken.is_empty()).then(|| format!("{}: {}", words.languages, spoken.join(", ")));
        let referrers = REFERRERS.into_iter().zip(words.referrers);
        let referrers = referrers.filter(|(code, _)| paper.referrers.contains(code));
        let referrers: Vec<String> = referrers.map(|(_, word)| escaped(word)).collect();
        let referrers =
            (!referrers.is_empty()).then(|| format!("{}: {}", words.who_can_refer, referrers.join(", ")));
        let [of_service, _] = &paper.whom;
        let whom = self.whom(of_service);
        let texts = [
            Some(marked(&paper.description, words)),
            (!whom.is_empty()).then(|| whom.join(". ")),
            url,
            self.open(paper.hours.first()),
            languages,
            referrers,
            Some(freshness(service, words)),
            Some(filled(words.entry_of, &day_of(&service.updated_at.to_string()))),
        ];
        texts.into_iter().flatten().filter(|text| !text.is_empty()).collect()
    }

    /// Whom it takes, and whom it does not.
    fn whom(&self, whom: &Whom<Told>) -> Vec<String> {
        let part = |said: &Said<Told>| match said {
            Said::Text(told) => marked(told, self.words),
            Said::Age { .. }
            | Said::OneOf(..)
            | Said::NoneOf(..)
            | Said::Any(_)
            | Said::Without(_)
            | Said::Everybody
            | Said::Ask => isolated(&whom::generated(said, self.words)),
        };
        whom::lines(whom, self.words, part)
    }

    /// When it is open.
    fn open(&self, times: Option<&Vec<hours::Times>>) -> Option<String> {
        let said = |times: &hours::Times| {
            let parts = [isolated(&times.say(self.words)), marked(times.description(), self.words)];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
        };
        let said: Vec<String> = times?.iter().map(said).filter(|said| !said.is_empty()).collect();
        (!said.is_empty()).then(|| format!("{}: {}", self.words.hours, said.join("; ")))
    }

    /// What is said of a place.
    fn place(&self, offered: &Offered) -> String {
        let telephones: Vec<String> = offered
            .telephones
            .iter()
            .map(|number| format!("<bdi dir=\"ltr\">{}</bdi>", escaped(number)))
            .collect();
        let texts = [
            marked(&offered.paper.location, self.words),
            isolated(offered.address("address_1")),
            telephones.join(", "),
            self.open(offered.paper.hours.last()).unwrap_or_default(),
        ];
        let [_, here] = &offered.paper.whom;
        let texts = texts.into_iter().chain(self.whom(here));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

impl Writes for Page {
    fn begin(&mut self, into: &mut dyn Write) -> std::io::Result<()> {
        let Words { tag, title, .. } = self.words;
        write!(
            into,
            "<!doctype html>\n<html lang=\"{tag}\" dir=\"{}\"><head><meta charset=\"utf-8\">\n<title>{title}</title>\n{HEAD}<h1>{title}</h1>\n",
            direction(tag)
        )
    }

    fn take(&mut self, offered: Offered, _into: &mut dyn Write) -> std::io::Result<()> {
        let parts = ["country", "state_province", "city"].map(|column| offered.address(column));
        let area = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let area = if area.is_empty() { self.words.no_address.to_owned() } else { area };
        let folded = fold(&area);
        self.areas.entry(folded.clone()).or_insert(area);
        let (service, words) = (&offered.service, self.words);
        let key = (folded, fold(&service.provider), fold(&service.name), service.id.to_string());
        let place = self.place(&offered);
        if !self.entries.contains_key(&key) {
            let names = [&offered.paper.provider, &offered.paper.name].map(|told| marked(told, words));
            let entry = Entry { name: names.join(" — "), about: self.about(&offered), places: Vec::new() };
            self.entries.insert(key.clone(), entry);
        }
        if let Some(entry) = self.entries.get_mut(&key)
            && !place.is_empty()
            && !entry.places.contains(&place)
        {
            entry.places.push(place);
        }
        self.places = self.places.saturating_add(1);
        Ok(())
    }

    fn end(&mut self, into: &mut dyn Write) -> std::io::Result<u64> {
        let mut area = None;
        for ((of, ..), entry) in &self.entries {
            if area != Some(of) {
                let name = self.areas.get(of).map_or("", String::as_str);
                writeln!(into, "<h2>{}</h2>", isolated(name))?;
                area = Some(of);
            }
            writeln!(into, "<article><h3>{}</h3>", entry.name)?;
            for text in &entry.about {
                writeln!(into, "<p>{text}</p>")?;
            }
            for place in &entry.places {
                writeln!(into, "<p class=\"place\">{place}</p>")?;
            }
            writeln!(into, "</article>")?;
        }
        into.write_all(FOOT.as_bytes())?;
        Ok(self.places)
    }
}

/// A language, and whether it is spoken through an interpreter or is signed.
fn spoken(heard: &Heard, words: &Words) -> String {
    let more =
        [heard.via_interpreter.then_some(words.interpreter), heard.is_signed.then_some(words.sign_language)];
    let more: Vec<String> = more.into_iter().flatten().map(escaped).collect();
    let (name, more) = (marked(&heard.told, words), more.join(", "));
    match (name.is_empty(), more.is_empty()) {
        (_, true) => name,
        (true, false) => more,
        (false, false) => format!("{name} ({more})"),
    }
}

/// How true an entry still is. What is doubtful stands out.
fn freshness(service: &Service, words: &Words) -> String {
    let upkeep = &service.upkeep;
    let on = upkeep.verified_at.map(|at| filled(words.verified, &day_of(&at.to_string())));
    let state = match upkeep.verification {
        Freshness::Verified => None,
        Freshness::Due => Some(words.due),
        Freshness::Stale => Some(words.stale),
        Freshness::Unverified => Some(words.never),
    };
    let doubts = [state, upkeep.flagged_at.map(|_| words.flagged)];
    let doubts = doubts.into_iter().flatten().map(|doubt| format!("<strong>{}</strong>", escaped(doubt)));
    on.into_iter().chain(doubts).collect::<Vec<_>>().join(" · ")
}

/// A sentence of the page with a day in it.
fn filled(sentence: &str, day: &str) -> String {
    escaped(sentence).replace("{}", &format!("<bdi dir=\"ltr\">{day}</bdi>"))
}

fn day_of(moment: &str) -> String {
    moment.chars().take(10).collect()
}

const fn side(is_from_right: bool) -> &'static str {
    if is_from_right { "rtl" } else { "ltr" }
}

fn direction(tag: &str) -> &'static str {
    side(tag.parse().is_ok_and(|tongue: Tongue| tongue.is_from_right()))
}

/// A text of which nobody knows the language: it runs as its letters do, and nothing around it does.
fn isolated(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<bdi>{}</bdi>", escaped(text)) }
}

/// A text with its language and direction, and a mark where it is not what was asked for.
fn marked(told: &Told, words: &Words) -> String {
    if told.text.is_empty() {
        return String::new();
    }
    let about = &told.about;
    let text = match &about.language {
        Some(tag) => {
            format!("<bdi lang=\"{}\" dir=\"{}\">{}</bdi>", escaped(tag), direction(tag), escaped(&told.text))
        }
        None => isolated(&told.text),
    };
    let language = about.language.as_ref().map(|tag| format!(": {}", escaped(tag))).unwrap_or_default();
    let mark = if about.fallback {
        Some(format!("{}{language}", words.original))
    } else {
        about.machine_made.then(|| words.by_machine.to_owned())
    };
    mark.map_or_else(|| text.clone(), |mark| format!("{text} <small>[{mark}]</small>"))
}

/// A text as it stands in a page: whatever it holds is shown and nothing of it is obeyed.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

const HEAD: &str = "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<style>
body { font: 11pt/1.4 sans-serif; margin: 2em auto; max-width: 46em; padding-inline: 1em; }
@media print { body { margin: 0; padding: 0; } }
h2 { border-bottom: 1px solid; break-after: avoid; }
h3 { margin: 0; } p { margin: 0.1em 0; } .place { padding-inline-start: 1em; }
article { break-inside: avoid; margin: 0 0 1em; }
</style></head><body>
";

const FOOT: &str = "</body></html>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_is_obeyed_by_a_page() {
        let text = "<script>alert('x')</script> & \"more\"";
        let safe = escaped(text);
        assert!(!safe.contains(['<', '>', '"', '\'']), "{safe}");
        assert_eq!(safe, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;more&quot;");
    }
}
