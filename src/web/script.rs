//! What a page carries for its script: words in the page's language, and data as JSON.

use std::collections::BTreeMap;

use fluent_bundle::FluentArgs;
use serde::Serialize;

use super::words::Words;
use crate::{
    http::Problem,
    kernel::{Code, Fault},
};

/// What a script calls a sentence, under which key it stands, and which gaps it fills in itself.
pub(super) type Said<'a> = (&'a str, &'a str, &'a [&'static str]);

/// Sentences for a script, as JSON that may stand in a page. A gap stays one, written `{gap}`; one that is named `gap=5` is
/// filled in here, where the number chooses the form of the words beside it.
pub(super) fn script(words: Words, said: &[Said<'_>]) -> String {
    let sentences: BTreeMap<&str, String> = said
        .iter()
        .map(|(name, key, gaps)| {
            let mut arguments = FluentArgs::new();
            for gap in *gaps {
                match gap.split_once('=').and_then(|(name, number)| Some((name, number.parse::<i64>().ok()?)))
                {
                    Some((name, number)) => arguments.set(name, number),
                    None => arguments.set(*gap, format!("{{{gap}}}")),
                }
            }
            (*name, words.filled(key, &arguments))
        })
        .collect();
    json(&sentences).unwrap_or_else(|_unlikely| String::from("{}"))
}

/// A value as JSON that may stand in a page: nothing in it ends the element or begins another.
pub(super) fn json(value: &impl Serialize) -> Result<String, Problem> {
    let text = serde_json::to_string(value).map_err(|_ignored| {
        Problem::new(Code::new("web.data", Fault::Internal), "The page could not be made.")
    })?;
    Ok(text.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Language;

    #[test]
    fn nothing_in_the_data_of_a_page_ends_its_element() {
        let text = json(&"</script><!--").map_err(|_problem| ()).unwrap();
        assert_eq!(text, r#""\u003c/script>\u003c!--""#);
    }

    #[test]
    fn a_gap_stays_one_for_the_script_to_fill() {
        let words = Words { language: Language::En };
        let text = script(words, &[("late", "tray-silent", &["moment"])]);
        assert!(text.contains("{moment}"), "{text}");
    }

    #[test]
    fn a_number_that_is_known_chooses_the_form_of_its_word() {
        let words = Words { language: Language::Ar };
        let text =
            script(words, &[("soon", "key-ready", &["number=5"]), ("later", "key-ready", &["number=30"])]);
        assert!(text.contains("دقائق") && text.contains("دقيقة"), "{text}");
        assert!(!text.contains("{number"), "{text}");
    }
}
