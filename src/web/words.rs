//! What pages say, in every language: Project Fluent's files under `locales/`.

use std::{
    borrow::{Borrow, Cow},
    sync::LazyLock,
};

use chrono::{Datelike as _, NaiveDate};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

use crate::kernel::Timestamp;

/// A language that the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Arabic.
    Ar,
}

type Bundle = FluentBundle<FluentResource>;

macro_rules! files {
    ($language:literal: $($file:literal),*) => {
        &[$(($file, include_str!(concat!("locales/", $language, "/", $file, ".ftl")))),*]
    };
}

impl Language {
    /// All, in the order in which they are offered.
    pub(super) const ALL: [Self; 4] = [Self::En, Self::Fr, Self::Es, Self::Ar];

    /// Its tag, BCP 47.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Ar => "ar",
        }
    }

    /// What those who speak it call it.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Fr => "Français",
            Self::Es => "Español",
            Self::Ar => "العربية",
        }
    }

    /// The direction of its script.
    pub(super) const fn direction(self) -> &'static str {
        match self {
            Self::Ar => "rtl",
            Self::En | Self::Fr | Self::Es => "ltr",
        }
    }

    /// The language of a tag, whatever its region.
    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.tag()))
    }

    /// The first that a browser asks for and the pages speak (RFC 9110 section 12.5.4); English otherwise.
    pub(super) fn accepted(header: &str) -> Self {
        let mut best: Option<(Self, f32)> = None;
        for part in header.split(',').take(32) {
            let mut pieces = part.split(';');
            let Some(language) = pieces.next().and_then(Self::of_tag) else { continue };
            let weight =
                pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if weight > best.map_or(0.0, |(_, weight)| weight) {
                best = Some((language, weight));
            }
        }
        best.map_or(Self::En, |(language, _)| language)
    }

    const fn files(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::En => {
                files!("en": "frame", "sign-in", "second", "find", "service", "contacts", "person", "referral", "refusal", "key", "letter", "consent", "compose", "choices", "admin", "members", "notices", "review", "audit", "agreements", "gap", "whom", "overdue", "duties")
            }
            Self::Fr => {
                files!("fr": "frame", "sign-in", "second", "find", "service", "contacts", "person", "referral", "refusal", "key", "letter", "consent", "compose", "choices", "admin", "members", "notices", "review", "audit", "agreements", "gap", "whom", "overdue", "duties", "policy")
            }
            Self::Es => {
                files!("es": "frame", "sign-in", "second", "find", "service", "contacts", "person", "referral", "refusal", "key", "letter", "consent", "compose", "choices", "admin", "members", "notices", "review", "audit", "agreements", "gap", "whom", "overdue", "duties", "policy")
            }
            Self::Ar => {
                files!("ar": "frame", "sign-in", "second", "find", "service", "contacts", "person", "referral", "refusal", "key", "letter", "consent", "compose", "choices", "admin", "members", "notices", "review", "audit", "agreements", "gap", "whom", "overdue", "duties", "policy")
            }
        }
    }

    fn bundle(self) -> Bundle {
        let tag: LanguageIdentifier = self.tag().parse().unwrap_or_default();
        let mut bundle = Bundle::new_concurrent(vec![tag]);
        // Marks around what is put in: only where scripts of two directions meet.
        bundle.set_use_isolating(self == Self::Ar);
        if self == Self::Fr {
            bundle.set_transform(Some(unbroken));
        }
        for (_, text) in self.files() {
            let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(partly, _)| partly);
            bundle.add_resource_overriding(resource);
        }
        bundle
    }
}

/// French has a space before signs of two parts and inside its quotation marks: no line ends there.
fn unbroken(text: &str) -> Cow<'_, str> {
    const SIGNS: [(&str, &str); 6] = [
        (" :", "\u{a0}:"),
        (" ;", "\u{a0};"),
        (" ?", "\u{a0}?"),
        (" !", "\u{a0}!"),
        (" »", "\u{a0}»"),
        ("« ", "«\u{a0}"),
    ];
    SIGNS.iter().fold(Cow::Borrowed(text), |text, (loose, tight)| {
        if text.contains(loose) { Cow::Owned(text.replace(loose, tight)) } else { text }
    })
}

static BUNDLES: LazyLock<[(Language, Bundle); 4]> =
    LazyLock::new(|| Language::ALL.map(|language| (language, language.bundle())));

/// The words of one language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    /// The language.
    pub(super) language: Language,
}

/// Something to put into a sentence.
pub(super) trait Fill<'a> {
    /// As Fluent takes it.
    fn fill(self) -> FluentValue<'a>;
}

impl<'a> Fill<'a> for &'a str {
    fn fill(self) -> FluentValue<'a> {
        FluentValue::from(self)
    }
}

impl<'a> Fill<'a> for &'a &str {
    fn fill(self) -> FluentValue<'a> {
        FluentValue::from(*self)
    }
}

impl Fill<'static> for String {
    fn fill(self) -> FluentValue<'static> {
        FluentValue::from(self)
    }
}

impl<'a> Fill<'a> for &'a String {
    fn fill(self) -> FluentValue<'a> {
        FluentValue::from(self.as_str())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Fill<'static> for $number {
            fn fill(self) -> FluentValue<'static> {
                FluentValue::from(self)
            }
        }

        impl Fill<'static> for &$number {
            fn fill(self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        }
    )*};
}
numbers!(usize, i64);

impl Words {
    /// What stands under a key; the key itself where nothing does, which a test keeps from happening.
    pub(super) fn t(self, key: &str) -> String {
        self.say(key, None)
    }

    /// The same with something put in.
    pub(super) fn with<'a>(self, key: &str, name: &'static str, value: impl Fill<'a>) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set(name, value.fill());
        self.say(key, Some(&arguments))
    }

    /// The same with several things put in.
    pub(super) fn filled(self, key: &str, arguments: &FluentArgs<'_>) -> String {
        self.say(key, Some(arguments))
    }

    /// Several things one after another, with what the language puts between them.
    pub(super) fn list<T: Borrow<str>>(self, all: impl IntoIterator<Item = T>) -> String {
        all.into_iter().collect::<Vec<_>>().join(&self.t("frame-between"))
    }

    /// A key made of a room and a word of it, such as `availability-open`, with underscores as hyphens.
    pub(super) fn word(self, room: &str, word: &str) -> String {
        self.t(&format!("{room}-{}", word.replace('_', "-")))
    }

    /// What a code of the policy is called: as the language of the page has it, otherwise as the policy does.
    pub(super) fn code(self, code: &str, label: &str) -> String {
        let key = format!("policy-{code}");
        let said = self.t(&key);
        if said == key { label.to_owned() } else { said }
    }

    /// A moment in words. Clocks of the mechanism's parties differ, so it says which it is.
    pub(super) fn moment(self, at: Timestamp) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("day", FluentValue::from(self.day(at)));
        arguments.set("time", FluentValue::from(at.datetime().format("%H:%M").to_string()));
        self.say("frame-moment", Some(&arguments))
    }

    /// The day of a moment in words.
    pub(super) fn day(self, at: Timestamp) -> String {
        self.date(at.datetime().date_naive())
    }

    /// A day of the calendar in words.
    pub(super) fn date(self, day: NaiveDate) -> String {
        let mut arguments = FluentArgs::new();
        arguments.set("day", FluentValue::from(day.day()));
        arguments.set("month", FluentValue::from(day.month()));
        // A year is no number that is grouped.
        arguments.set("year", FluentValue::from(day.year().to_string()));
        self.say("frame-day", Some(&arguments))
    }

    fn say(self, key: &str, arguments: Option<&FluentArgs<'_>>) -> String {
        let bundle =
            BUNDLES.iter().find(|(language, _)| *language == self.language).map(|(_, bundle)| bundle);
        let pattern = bundle.and_then(|bundle| Some((bundle, bundle.get_message(key)?.value()?)));
        let Some((bundle, pattern)) = pattern else { return key.to_owned() };
        bundle.format_pattern(pattern, arguments, &mut Vec::new()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use fluent_bundle::FluentResource;

    use super::*;
    use crate::{
        access::Role,
        agreements::SuspensionReason,
        consent::{Exception, Holding},
        directory::search::{COUNTED, Reach},
        policy::{Deny, Policy, ReasonSet, Shape},
        referrals::{CorrectionKind, OrganisationNote, PersonNote, StateName, TimerKind},
        web::offer::choice,
    };

    fn keys(text: &str) -> Vec<String> {
        let starts = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        text.lines().filter(starts).filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect()
    }

    #[test]
    fn every_file_of_words_can_be_read_and_no_key_stands_twice() {
        for language in Language::ALL {
            let mut seen = BTreeSet::new();
            for (name, text) in language.files() {
                let read = FluentResource::try_new((*text).to_owned());
                assert!(
                    read.is_ok(),
                    "{}/{name}: {:?}",
                    language.tag(),
                    read.err().map(|(_, errors)| errors)
                );
                for key in keys(text) {
                    assert!(seen.insert(key.clone()), "{}: {key} stands twice", language.tag());
                }
            }
        }
    }

    #[test]
    fn every_language_says_the_same_things_with_the_same_gaps() {
        let gaps = |text: &str| -> BTreeSet<(String, BTreeSet<String>)> {
            let mut found = BTreeSet::new();
            let mut entry: Option<(String, BTreeSet<String>)> = None;
            for line in text.lines() {
                if line.starts_with(|c: char| c.is_ascii_lowercase()) {
                    found.extend(entry.take());
                    entry = line.split_once(" =").map(|(key, _)| (key.to_owned(), BTreeSet::new()));
                }
                let names = line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()
                });
                if let Some((_, gaps)) = &mut entry {
                    gaps.extend(names);
                }
            }
            found.extend(entry);
            found
        };
        let of = |language: Language| -> BTreeSet<(String, BTreeSet<String>)> {
            let files = language.files().iter().filter(|(name, _)| *name != "policy");
            files.flat_map(|(_, text)| gaps(text)).collect()
        };
        let english = of(Language::En);
        for language in [Language::Fr, Language::Es, Language::Ar] {
            let theirs = of(language);
            let missing: Vec<_> = english.symmetric_difference(&theirs).collect();
            assert!(missing.is_empty(), "{}: {missing:#?}", language.tag());
        }
    }

    #[test]
    fn a_moment_runs_from_right_to_left_where_the_sentence_does() {
        // Nothing but gaps and Latin letters would turn it around.
        let words = Words { language: Language::Ar };
        let at = Timestamp::from_micros(1_772_442_000_000_000);
        assert!(words.day(at).starts_with('\u{200f}') && words.moment(at).starts_with('\u{200f}'));
    }

    #[test]
    fn no_line_begins_with_a_sign_in_french() {
        let words = Words { language: Language::Fr };
        assert!(words.t("my-write-which").contains("savoir\u{a0}?"));
        assert!(words.with("overdue-with", "who", "Clinic").contains("\u{a0}: "));
        assert!(words.t("contacts-help-label").contains("«\u{a0}"));
    }

    #[test]
    fn a_list_is_divided_as_its_language_divides_it() {
        let said = |language| Words { language }.list(["Arabic", "Tigrinya"]);
        assert_eq!(said(Language::En), "Arabic, Tigrinya");
        assert_eq!(said(Language::Ar), "Arabic، Tigrinya");
        assert_eq!(Words { language: Language::Ar }.list(Vec::<String>::new()), "");
    }

    /// What the policy names and `policy.ftl` has words for: services, people, urgencies, purposes, kinds of data, fields, reasons, and what
    /// stands against a letter.
    fn named_by(policy: &Policy) -> BTreeSet<String> {
        let mut codes: BTreeSet<String> = policy.services().map(|one| one.code.to_string()).collect();
        codes.extend(policy.populations().map(|one| one.code.to_string()));
        codes.extend(policy.urgencies().map(|one| one.code.to_string()));
        codes.extend(policy.purposes().map(|one| one.code.to_string()));
        codes.extend(policy.categories().map(|one| one.code.to_string()));
        codes.extend(policy.justifications().map(|one| one.code.to_string()));
        codes.extend(policy.fields().map(|field| field.id.as_str().replace('.', "-")));
        // Why a need has no referral is called as the page says that notes it.
        let sets = policy.reason_sets().filter(|set| *set != ReasonSet::Np);
        codes.extend(sets.flat_map(|set| policy.reasons(set)).map(|reason| reason.code.to_string()));
        codes.extend(Deny::ALL.iter().map(|deny| deny.code().to_owned()));
        codes
    }

    #[test]
    fn what_the_policy_names_has_a_name_in_every_language() {
        let codes = named_by(Policy::builtin());
        assert!(
            codes.contains("DR01") && codes.contains("CF-name") && codes.len() > 1_000,
            "{}",
            codes.len()
        );
        for language in [Language::Fr, Language::Es, Language::Ar] {
            let words = Words { language };
            let missing: Vec<&String> = codes.iter().filter(|code| words.code(code, "").is_empty()).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", language.tag());
        }
    }

    #[test]
    fn nothing_has_a_name_that_the_policy_does_not_name() {
        let codes = named_by(Policy::builtin());
        for language in [Language::Fr, Language::Es, Language::Ar] {
            let (_, text) = language.files().iter().find(|(name, _)| *name == "policy").unwrap();
            let unknown: Vec<String> = keys(text)
                .into_iter()
                .filter(|key| !key.strip_prefix("policy-").is_some_and(|code| codes.contains(code)))
                .collect();
            assert!(unknown.is_empty(), "{}: {unknown:?}", language.tag());
        }
    }

    #[test]
    fn what_can_be_chosen_and_who_may_read_has_a_name_in_every_language() {
        let policy = Policy::builtin();
        let lists = policy.fields().filter_map(|field| {
            if let Shape::Code { choices } = &field.shape { Some(choices) } else { None }
        });
        let choices: BTreeSet<&String> = lists.flat_map(|list| &list.codes).collect();
        assert!(choices.len() > 300, "{}", choices.len());
        for language in Language::ALL {
            let words = Words { language };
            let is_there = |key: &str| words.t(key) != key;
            let unnamed = |code: &&&String| {
                let key = format!("choice-{}", code.replace('_', "-"));
                !is_there(&key) && choice(code, policy, words) == code.replace('_', " ")
            };
            let missing: Vec<_> = choices.iter().filter(unnamed).collect();
            assert!(missing.is_empty(), "{}: {missing:?}", language.tag());
            for role in policy.roles() {
                let said = words.word("reader", role.code.as_str());
                assert!(!said.starts_with("reader-"), "{said} in {}", language.tag());
            }
            for reason in policy.reasons(ReasonSet::Np) {
                assert!(is_there(&format!("gap-{}", reason.code)), "{} in {}", reason.code, language.tag());
            }
        }
    }

    /// Keys that are named in templates and in the code, as far as they stand there whole.
    fn named(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            for start in ["w.t(\"", "words.t(\"", "w.with(\"", "words.with(\""] {
                let keys = text.split(start).skip(1).filter_map(|rest| rest.split('"').next());
                found.extend(keys.map(str::to_owned));
            }
        }
    }

    #[test]
    fn what_pages_say_is_there() {
        let mut wanted = BTreeSet::new();
        let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
        named(&web, &mut wanted);
        assert!(wanted.len() > 20, "{}", wanted.len());
        let words = Words { language: Language::En };
        let missing: Vec<&String> = wanted.iter().filter(|key| words.t(key) == **key).collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    /// What a template says itself, and not by a key: its text without tags, gaps and code.
    fn of_its_own(template: &str) -> Vec<String> {
        let mut text = template.to_owned();
        for (begin, end) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<code>", "</code>"), ("<", ">")] {
            let mut rest = text.as_str();
            let mut kept = String::new();
            while let Some((before, behind)) = rest.split_once(begin) {
                kept.extend([before, " "]);
                rest = behind.split_once(end).unwrap_or_default().1;
            }
            kept.push_str(rest);
            text = kept;
        }
        let is_word = |word: &&str| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
        text.split_whitespace().filter(is_word).map(str::to_owned).collect()
    }

    #[test]
    fn templates_say_nothing_that_is_not_in_the_files_of_words() {
        assert_eq!(
            of_its_own("<p title=\"x\">Hello {{ w.t(\"a-key\") }}</p>{% if a %}there{% endif %}"),
            ["Hello", "there"]
        );
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let mut own = of_its_own(&fs::read_to_string(&path).unwrap());
            // The name of the program, the class of pages without a menu, and options of commands.
            own.retain(|word| word != "Throughline" && word != "task" && !word.starts_with("--"));
            assert_eq!(own, Vec::<String>::new(), "{name}");
        }
    }

    /// Keys that are put together of a room and a word.
    #[test]
    fn every_word_that_can_come_from_a_room_is_there() {
        let channels =
            ["this_hub", "email", "telephone", "other_system", "walk_in", "outreach", "inter_agency_form"];
        let met = ["closed", "unreachable", "refused", "wrong_information", "reached"];
        let policy = Policy::builtin();
        let rooms: [(&str, Vec<&str>); 25] = [
            ("role", Role::ALL.iter().map(|role| role.name()).collect()),
            ("state", StateName::ALL.iter().map(|state| state.name()).collect()),
            ("due", TimerKind::ALL.iter().map(|kind| kind.name()).collect()),
            ("channel", channels.into()),
            ("service-met", met.into()),
            ("find-serves", [Reach::Remote, Reach::Country, Reach::Area].map(Reach::name).into()),
            ("service-can-refer", vec!["self", "member", "professional"]),
            ("consent-told", vec!["who", "whom", "good", "no", "kept", "must"]),
            ("people-may", Role::ALL.iter().map(|role| role.name()).collect()),
            ("people-why", vec!["left", "roles", "passphrase", "device"]),
            ("own-availability", vec!["open", "waitlist", "assessment", "full", "unknown"]),
            (
                "agreements-state",
                vec![
                    "draft",
                    "offered",
                    "signed",
                    "in_force",
                    "suspended",
                    "terminated",
                    "expired",
                    "superseded",
                ],
            ),
            ("agreements-reason", SuspensionReason::ALL.iter().map(|reason| reason.name()).collect()),
            ("disclosures-kind", vec!["referral", "update", "reply", "withdraw"]),
            ("disclosures-mode", vec!["consent", "emergency", "legal", "info"]),
            ("my-wrong", CorrectionKind::ALL.iter().map(|kind| kind.name()).collect()),
            ("correction-kind", CorrectionKind::ALL.iter().map(|kind| kind.name()).collect()),
            ("correction-says", vec!["nothing", "put_right", "not_reached", "disputed"]),
            ("my-note", OrganisationNote::ALL.iter().map(|note| note.name()).collect()),
            ("my-says", PersonNote::ALL.iter().map(|note| note.name()).collect()),
            ("note-for", OrganisationNote::ALL.iter().map(|note| note.name()).collect()),
            ("note-from", PersonNote::ALL.iter().map(|note| note.name()).collect()),
            ("duties-exception", Exception::ALL.iter().map(|exception| exception.code()).collect()),
            ("duties-holding", [Holding::NotAccepted, Holding::Accepted].map(Holding::name).into()),
            ("reader", policy.roles().map(|role| role.code.as_str()).collect()),
        ];
        let words = Words { language: Language::En };
        for (room, names) in rooms {
            for name in names {
                let said = words.word(room, name);
                assert!(!said.starts_with(room), "{said} is not there");
            }
        }
    }

    #[test]
    fn a_browser_gets_the_first_language_that_it_asks_for() {
        assert_eq!(Language::accepted("de, fr-CA;q=0.8, en;q=0.9"), Language::En);
        assert_eq!(Language::accepted("ar-EG, en;q=0.5"), Language::Ar);
        assert_eq!(Language::accepted("de"), Language::En);
        assert_eq!(Language::accepted("es;q=0, fr;q=0.1"), Language::Fr);
    }

    #[test]
    fn numbers_choose_the_form_of_each_language() {
        let said = |language, count: usize| Words { language }.with("find-count", "count", count);
        assert_eq!(said(Language::En, 1), "1 service");
        assert_eq!(said(Language::En, 2), "2 services");
        let arabic: BTreeSet<String> = [0, 1, 2, 3, 11].map(|count| said(Language::Ar, count)).into();
        assert_eq!(arabic.len(), 5, "{arabic:?}");
    }

    #[test]
    fn where_counting_ends_is_said_as_so_many_or_more() {
        for language in Language::ALL {
            let words = Words { language };
            for filter in ["text", "service", "near", "within", "person", "doubtful"] {
                let key = format!("find-without-{filter}");
                let said = |count: usize| -> String {
                    words.with(&key, "count", count).chars().filter(|c| c.is_alphabetic()).collect()
                };
                assert_ne!(said(COUNTED), said(COUNTED - 1), "{key} in {}", language.tag());
                assert_eq!(said(COUNTED + 1), said(COUNTED - 1), "{key} in {}", language.tag());
            }
        }
    }
}
