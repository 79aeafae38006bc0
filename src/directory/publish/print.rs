//! A page to print: by country, province and town, each service once with its places there. It stands alone: no script, nothing from elsewhere.

use std::{collections::BTreeMap, io::Write};

use super::{Offered, Writes};
use crate::directory::fold::fold;

/// Where something is, then what it is called: what the page is sorted by.
type Key = (String, String, String, String);

/// A page while it is put together. It is sorted, so it is written at the end.
#[derive(Default)]
pub(super) struct Page {
    entries: BTreeMap<Key, Entry>,
    areas: BTreeMap<String, String>,
    places: u64,
}

/// A service in a town.
struct Entry {
    name: String,
    about: Vec<String>,
    places: Vec<String>,
}

impl Writes for Page {
    fn begin(&mut self, into: &mut dyn Write) -> std::io::Result<()> {
        into.write_all(HEAD.as_bytes())
    }

    fn take(&mut self, offered: Offered, _into: &mut dyn Write) -> std::io::Result<()> {
        let parts = ["country", "state_province", "city"].map(|column| offered.address(column));
        let area = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
        let area = if area.is_empty() { String::from("Without an address") } else { area };
        let folded = fold(&area);
        self.areas.entry(folded.clone()).or_insert(area);
        let service = &offered.service;
        let key = (folded, fold(&service.provider), fold(&service.name), service.id.to_string());
        let entry = self.entries.entry(key).or_insert_with(|| Entry {
            name: format!("{} — {}", service.provider, service.name),
            about: about(&offered),
            places: Vec::new(),
        });
        let place = [offered.location("name"), offered.address("address_1"), &offered.telephones.join(", ")]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · ");
        if !place.is_empty() && !entry.places.contains(&place) {
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
                writeln!(into, "<h2>{}</h2>", escaped(name))?;
                area = Some(of);
            }
            writeln!(into, "<article><h3>{}</h3>", escaped(&entry.name))?;
            for text in &entry.about {
                writeln!(into, "<p>{}</p>", escaped(text))?;
            }
            for place in &entry.places {
                writeln!(into, "<p class=\"place\">{}</p>", escaped(place))?;
            }
            writeln!(into, "</article>")?;
        }
        into.write_all(FOOT.as_bytes())?;
        Ok(self.places)
    }
}

/// What is said of a service itself.
fn about(offered: &Offered) -> Vec<String> {
    let service = &offered.service;
    let day: String = service.updated_at.to_string().chars().take(10).collect();
    let texts =
        [service.description.clone(), service.url.clone().unwrap_or_default(), format!("Entry of {day}")];
    texts.into_iter().filter(|text| !text.is_empty()).collect()
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

const HEAD: &str = "<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>Directory of services</title>
<style>
body { font: 11pt/1.4 sans-serif; margin: 2em auto; max-width: 46em; }
h2 { border-bottom: 1px solid; break-after: avoid; }
h3 { margin: 0; } p { margin: 0.1em 0; unicode-bidi: plaintext; } .place { padding-left: 1em; }
article { break-inside: avoid; margin: 0 0 1em; }
</style></head><body>
<h1>Directory of services</h1>
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
