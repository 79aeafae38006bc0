//! What rules say of a service whose source gives no words and no ages: for readers that know no rules. What a source gives stands.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::{Withheld, store};
use crate::{
    directory::{
        eligibility::{Rule, Said, Whom, ages, maximum_age, minimum_age},
        publish::{
            whom::{generated, lines},
            words,
        },
        tongue::{TextLanguage, Told, Tongue, Versions, own_language},
    },
    storage::{Db, StorageError},
};

type Cells = BTreeMap<String, String>;

/// The members that are made, where they are not given.
const MADE: [&str; 3] = ["eligibility_description", "minimum_age", "maximum_age"];

/// The rules of services that lack something.
pub(super) struct Derived {
    lang: Option<Tongue>,
    /// By service, in the order of their ids.
    rules: HashMap<String, Vec<(String, Cells)>>,
}

impl Derived {
    /// For documents in the language that is asked for.
    pub(super) fn new(lang: Option<&Tongue>) -> Self {
        Self { lang: lang.cloned(), rules: HashMap::new() }
    }

    /// Reads the rules of those services that lack something; answers their ids.
    pub(super) fn read<'a>(
        &mut self,
        db: &mut Db<'_>,
        withheld: &mut Withheld,
        services: impl Iterator<Item = (&'a str, &'a Cells)>,
    ) -> Result<Vec<String>, StorageError> {
        let lacking = services.filter(|(_, cells)| MADE.iter().any(|column| is_blank(cells, column)));
        let mut lacking: Vec<String> = lacking.map(|(id, _)| id.to_owned()).collect();
        lacking.sort_unstable();
        let mut links = store::parts(db, &lacking, &["eligibility_rule"])?;
        links.retain(|link| link.via == "service_id");
        links.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        let ids: Vec<String> = links.iter().map(|link| link.id.clone()).collect();
        withheld.judge(db, &ids)?;
        let mut cells = store::cells(db, &ids)?;
        for link in links.into_iter().filter(|link| !withheld.is(&link.id)) {
            if let Some(cells) = cells.remove(&link.id) {
                self.rules.entry(link.parent).or_default().push((link.id, cells));
            }
        }
        Ok(ids)
    }

    /// Puts in what the rules of a service say and its source does not.
    pub(super) fn tell(
        &self,
        (service, cells): (&str, &Cells),
        versions: Option<&Versions>,
        object: &mut Map<String, Value>,
    ) {
        let Some(rules) = self.rules.get(service) else { return };
        let understood: Vec<Rule> = rules.iter().map(|(id, cells)| Rule::of_cells(id, cells)).collect();
        let (from, to) = ages(&understood);
        for (member, years) in [("minimum_age", from.map(minimum_age)), ("maximum_age", to.map(maximum_age))]
        {
            let years = years.filter(|_| is_blank(cells, member)).and_then(|years| years.parse().ok());
            object.extend(years.map(|years: serde_json::Number| (member.to_owned(), Value::Number(years))));
        }
        if is_blank(cells, "eligibility_description") {
            self.describe((rules, cells), versions, object);
        }
    }

    fn describe(
        &self,
        (rules, service): (&[(String, Cells)], &Cells),
        versions: Option<&Versions>,
        object: &mut Map<String, Value>,
    ) {
        let told = |(id, cells): &(String, Cells)| -> Option<Told> {
            let text = cells.get("text").map(|text| text.trim()).filter(|text| !text.is_empty())?;
            let own = own_language(cells).or_else(|| own_language(service));
            Some(match versions {
                Some(versions) => versions.tell((id, own), "text", text),
                None => Told { text: text.to_owned(), ..Told::default() },
            })
        };
        let whom = Whom::of_rules(rules.iter().map(|rule| (&rule.1, told(rule))));
        let own = words::of(self.lang.as_ref());
        let part = |said: &Said<Told>| match said {
            Said::Text(told) => told.text.clone(),
            Said::Age { .. }
            | Said::OneOf(..)
            | Said::NoneOf(..)
            | Said::Any(_)
            | Said::Without(_)
            | Said::Everybody
            | Said::Ask => generated(said, own),
        };
        let text = lines(&whom, own, part).join("\n");
        object.insert(String::from("eligibility_description"), text.into());
        let Some(lang) = self.lang.as_ref().filter(|_| versions.is_some()) else { return };
        let is_other = own.tag != lang.broad();
        let made =
            TextLanguage { language: Some(own.tag.to_owned()), fallback: is_other, machine_made: false };
        let all = [&whom.takes, &whom.refuses, &whom.first].into_iter().flatten().flatten();
        let about = all.map(|said| if let Said::Text(told) = said { &told.about } else { &made });
        note(about, object);
    }
}

/// Says of the description which language it is in: of its parts when they are all in one, and none when not.
fn note<'a>(about: impl Iterator<Item = &'a TextLanguage>, object: &mut Map<String, Value>) {
    let about: Vec<&TextLanguage> = about.collect();
    let languages: BTreeSet<Option<&str>> = about.iter().map(|one| one.language.as_deref()).collect();
    let language = if languages.len() == 1 { languages.into_iter().flatten().next() } else { None };
    let whole = TextLanguage {
        language: language.map(str::to_owned),
        fallback: about.iter().any(|one| one.fallback),
        machine_made: about.iter().any(|one| one.machine_made),
    };
    let texts = object.entry("texts").or_insert_with(|| Map::new().into());
    if let (Some(texts), Ok(whole)) = (texts.as_object_mut(), serde_json::to_value(whole)) {
        texts.insert(String::from("eligibility_description"), whole);
    }
}

fn is_blank(cells: &Cells, column: &str) -> bool {
    cells.get(column).is_none_or(|cell| cell.trim().is_empty())
}
