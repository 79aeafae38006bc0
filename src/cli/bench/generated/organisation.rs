//! One organisation, with its services and its places.

use uuid::Uuid;

use super::dice::Dice;

/// An organisation.
pub(super) struct Organisation {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// What people would look for: its name without what every second one has.
    pub(super) called: String,
    pub(super) web: Option<String>,
    pub(super) locations: Vec<Location>,
    pub(super) services: Vec<Service>,
}

/// Where something is offered.
pub(super) struct Location {
    pub(super) id: Uuid,
    pub(super) street: String,
    pub(super) town: String,
    pub(super) telephone: Option<String>,
    /// Latitude and longitude, where somebody looked them up.
    pub(super) at: Option<(f64, f64)>,
}

/// A service, offered at the first so many of the organisation's locations.
pub(super) struct Service {
    pub(super) id: Uuid,
    pub(super) category: &'static str,
    pub(super) places: usize,
}

/// Organisations of a country: it has some 8,650 places.
const OF_A_COUNTRY: u64 = 2_486;

/// The one of a country that offers something at 367 places.
const LARGEST: u64 = 1_243;
const LARGEST_PLACES: usize = 367;

/// Kinds of dice.
const ORGANISATIONS: u64 = 1;
const TOWNS: u64 = 2;

impl Organisation {
    /// The organisation with this number.
    pub(super) fn with(number: u64) -> Self {
        let mut dice = Dice::of(ORGANISATIONS, number);
        let country = number.checked_div(OF_A_COUNTRY).unwrap_or(0);
        let is_largest = number.checked_rem(OF_A_COUNTRY) == Some(LARGEST);
        let id = dice.id();
        let (called, name) = name(&mut dice);
        let web = dice
            .happens(62)
            .then(|| format!("https://www.{}.example", called.replace(' ', "-").to_lowercase()));
        let mut services = services(&mut dice);
        if let (true, Some(service)) = (is_largest, services.first_mut()) {
            service.places = LARGEST_PLACES;
        }
        let most = services.iter().map(|service| service.places).max().unwrap_or(1);
        let locations = (0..most).map(|_each| Location::somewhere(country, &mut dice)).collect();
        let kind = dice.weighted(KINDS);
        Self { id, name, kind, called, web, locations, services }
    }
}

fn services(dice: &mut Dice) -> Vec<Service> {
    let mut services: Vec<Service> = Vec::new();
    for _each in 0..dice.weighted(SERVICES) {
        let category = dice.weighted(CATEGORIES);
        // Nobody offers the same twice.
        if services.iter().all(|service| service.category != category) {
            services.push(Service { id: dice.id(), category, places: dice.weighted(PLACES) });
        }
    }
    services
}

/// What people call it, and its whole name.
fn name(dice: &mut Dice) -> (String, String) {
    let mut called = surname(dice);
    if dice.happens(30) {
        called = format!("{called} {} {}", if dice.happens(80) { "&" } else { "and" }, surname(dice));
    }
    let ending = dice.weighted(ENDINGS);
    let name = format!("{called} {ending}").trim_end().to_owned();
    (called, name)
}

/// A name that many have, or one that is put together.
fn surname(dice: &mut Dice) -> String {
    if dice.happens(35) {
        return dice.pick(COMMON).to_owned();
    }
    let mut made = String::new();
    for _each in 0..dice.weighted(&[(1u64, 2), (2, 6), (3, 2)]) {
        made.push_str(dice.pick(SYLLABLES));
    }
    made.push_str(dice.pick(LAST));
    let mut letters = made.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

impl Location {
    fn somewhere(country: u64, dice: &mut Dice) -> Self {
        let (town, (latitude, longitude)) = town(country, dice);
        // Twice a sum of throws is near enough to a bell; large towns are wide.
        let width = if town.1 == 0 { 0.10 } else { 0.02 };
        let mut off = || (dice.part() + dice.part() + dice.part() - 1.5) * width;
        let at = (latitude + off(), longitude + off() * 1.6);
        let number = dice.below(180).saturating_add(1);
        let street = format!("{number} {} {}", surname(dice), dice.pick(STREETS));
        let telephone =
            dice.happens(66).then(|| format!("0{} {}", dice.below(900) + 100, dice.below(900_000) + 100_000));
        let at = dice.below(1_000).ge(&41).then_some(at);
        Self { id: dice.id(), street, town: town.0, telephone, at }
    }
}

/// A town of a country by chance: the capital 13 times in a hundred, and the others the seldomer the further back they stand.
fn town(country: u64, dice: &mut Dice) -> ((String, u64), (f64, f64)) {
    let rank = if dice.happens(13) {
        0
    } else {
        // Of 900 towns, so that the share of one with rank r falls with the power 0.6 of r.
        let part = dice.part().powf(2.5) * 900.0;
        (1..=900u32).find(|rank| f64::from(*rank) > part).map_or(900, u64::from)
    };
    let mut dice = Dice::of(TOWNS, country.wrapping_mul(1_000).wrapping_add(rank));
    let (row, column) = (country.checked_div(18).unwrap_or(0), country.checked_rem(18).unwrap_or(0));
    let corner = |from: f64, of: u64, width: f64| from + f64::from(u32::try_from(of).unwrap_or(0)) * width;
    let at = (corner(50.1, row, -5.7) + dice.part() * 5.7, corner(-175.0, column, 19.0) + dice.part() * 7.3);
    ((surname(&mut dice), rank), at)
}

/// How many services an organisation has, and how often.
const SERVICES: &[(u64, u64)] = &[
    (0, 24),
    (1, 1_424),
    (2, 592),
    (3, 244),
    (4, 96),
    (5, 54),
    (6, 24),
    (7, 11),
    (8, 4),
    (9, 4),
    (10, 2),
    (11, 4),
    (12, 3),
];

/// At how many places a service is offered, and how often; beside the one with 367.
const PLACES: &[(usize, u64)] = &[
    (1, 2_963),
    (2, 809),
    (3, 236),
    (4, 128),
    (5, 66),
    (6, 44),
    (7, 22),
    (8, 17),
    (9, 12),
    (10, 12),
    (11, 12),
    (12, 3),
    (13, 9),
    (14, 11),
    (15, 5),
    (16, 2),
    (18, 7),
    (20, 4),
    (21, 4),
    (23, 2),
    (26, 3),
    (29, 3),
    (34, 3),
    (37, 2),
    (39, 1),
    (55, 2),
];

/// Whom services take, and how often: attribute, operator, values and kind of a rule. Nobody asks the real ones; half of these say nothing.
pub(super) const RULES: &[((&str, &str, &str, &str), u64)] = &[
    (("", "", "", ""), 50),
    (("age_months", "between", "216,", "required"), 14),
    (("age_months", "between", ",215", "required"), 6),
    (("sex", "in", "female", "required"), 8),
    (("population", "in", "PG01", "required"), 6),
    (("population", "in", "PG04,PG05", "required"), 6),
    (("population", "in", "PG02", "excluded"), 5),
    (("nationality", "in", "ZZ,XX", "required"), 3),
    (("population", "in", "PG03", "priority"), 2),
];

/// A population that somebody belongs to.
pub(super) fn population(dice: &mut Dice) -> &'static str {
    dice.pick(&["PG01", "PG02", "PG03", "PG04", "PG05", "PG06"])
}

/// What services are about, and how often.
pub(super) const CATEGORIES: &[(&str, u64)] = &[
    ("Crime", 1_332),
    ("Family", 1_175),
    ("Debt", 316),
    ("Prison law", 313),
    ("Housing", 307),
    ("Family mediation", 217),
    ("Immigration or asylum", 184),
    ("Mental health", 173),
    ("Clinical negligence", 97),
    ("Public law", 89),
    ("Community care", 88),
    ("Claims Against Public Authorities", 61),
    ("Welfare benefits", 13),
    ("Discrimination", 12),
    ("Education", 6),
];

/// Kinds of organisations, and how often.
pub(super) const KINDS: &[(&str, u64)] =
    &[("Solicitor", 1_859), ("Private Company", 486), ("Charity or Voluntary Org", 110), ("Mediation", 31)];

/// How names end, and how often.
const ENDINGS: &[(&str, u64)] = &[
    ("Solicitors", 814),
    ("& Co", 290),
    ("Ltd", 290),
    ("LLP", 322),
    ("Law", 120),
    ("Law Ltd", 60),
    ("& Co Solicitors", 200),
    ("Family Mediation", 84),
    ("Law Centre", 49),
    ("Advice Bureau", 41),
    ("& Partners", 30),
    ("Partnership", 26),
    ("Chambers", 13),
    ("", 147),
];

const COMMON: &[&str] = &[
    "Jones",
    "Smith",
    "Lewis",
    "Taylor",
    "Evans",
    "Brown",
    "Thomas",
    "Harris",
    "Davies",
    "Williams",
    "Roberts",
    "Walker",
    "Wright",
    "Green",
    "Hall",
    "Wood",
    "Clarke",
    "Jackson",
    "Turner",
    "Cooper",
    "Hill",
    "Ward",
    "Morris",
    "Moore",
    "Clark",
    "Baker",
    "Morgan",
    "Allen",
    "James",
    "Scott",
    "Phillips",
    "Watson",
    "Davis",
    "Parker",
    "Bennett",
    "Young",
    "Price",
    "Griffiths",
    "Mitchell",
    "Kelly",
    "Cook",
    "Carter",
    "Shaw",
    "Bailey",
    "Richardson",
    "Collins",
    "Bell",
    "Miller",
    "Hughes",
    "Edwards",
    "David",
    "John",
    "Qureshi",
    "Khan",
    "Ahmed",
    "Patel",
    "Singh",
];

const SYLLABLES: &[&str] = &[
    "ab", "al", "an", "ar", "as", "bal", "bel", "ber", "bo", "bra", "bu", "ca", "cha", "co", "cor", "da",
    "del", "du", "dun", "ed", "el", "em", "fa", "fen", "fol", "ga", "gil", "go", "gra", "ha", "hol", "hu",
    "il", "in", "ja", "jo", "ka", "ken", "ki", "la", "len", "lo", "ma", "mar", "mo", "na", "nor", "o", "or",
    "pa", "pel", "pri", "ra", "ro", "sa", "sel", "sha", "sto", "ta", "tor", "tra", "ul", "va", "wal", "wes",
    "ya",
];

const LAST: &[&str] = &[
    "ton", "ley", "man", "son", "ford", "well", "ham", "ing", "ner", "ard", "field", "worth", "ski", "ez",
    "oud", "ian", "ock", "by", "den", "ett",
];

const STREETS: &[&str] = &["Street", "Road", "Lane", "Square", "Place", "Avenue"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_country_has_the_distributions_of_the_real_one() {
        let (mut services, mut places, mut locations, mut without) = (0, 0, 0, 0);
        for number in 0..OF_A_COUNTRY {
            let organisation = Organisation::with(number);
            services += organisation.services.len();
            places += organisation.services.iter().map(|service| service.places).sum::<usize>();
            locations += organisation.locations.len();
            without += organisation.locations.iter().filter(|location| location.at.is_none()).count();
        }
        // 4,383, 8,650, 5,864 and 240 in the real one.
        let about = |is: usize, real: usize| is * 100 > real * 85 && is * 100 < real * 115;
        assert!(about(services, 4_383) && about(places, 8_650), "{services} services, {places} places");
        assert!(about(locations, 5_864) && about(without, 240), "{locations} locations, {without} without");
    }

    #[test]
    fn the_same_number_is_the_same_organisation() {
        let of = |number| {
            let made = Organisation::with(number);
            (
                made.id,
                made.name,
                made.locations.first().map(|location| location.at.map(|(lat, _)| lat.to_bits())),
            )
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7).0, of(8).0);
    }
}
