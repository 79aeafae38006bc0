//! Who does what where: a row for each service at a place, below a row of HXL hashtags.

use std::io::Write;

use super::{Offered, Writes};
use crate::{
    directory::{Availability, areas::Area, export::defuse, hsds::columns::fits},
    kernel::Timestamp,
};

/// What parts several codes in one cell.
const PARTED: &str = "|";

/// The longest acronym, in letters.
const ACRONYM_MAX: usize = 15;

/// The columns: what people call them, and what machines do.
const COLUMNS: [(&str, &str); 26] = [
    ("Organisation", "#org+name+prov"),
    ("Acronym", "#org+acronym+prov"),
    ("Organisation type", "#org+type"),
    ("Organisation type code", "#org+type+code"),
    ("Service", "#service+name"),
    ("Service code", "#service+code"),
    ("Sector", "#sector+code+list"),
    ("Status", "#status"),
    ("Country", "#country+code"),
    ("Admin 1 code", "#adm1+code"),
    ("Admin 1", "#adm1+name"),
    ("Admin 2 code", "#adm2+code"),
    ("Admin 2", "#adm2+name"),
    ("Town", "#loc+town+name"),
    ("Place", "#loc+name"),
    ("P-code", "#loc+code"),
    ("Latitude", "#geo+lat"),
    ("Longitude", "#geo+lon"),
    ("Population groups", "#beneficiary+type"),
    ("Takes people", "#status+capacity"),
    ("Places free", "#capacity+num+avail"),
    ("Period from", "#date+start"),
    ("Period to", "#date+end"),
    ("Updated", "#date+updated"),
    ("Verified", "#date+verified"),
    ("Verification", "#status+verification"),
];

/// Rows while they are written.
#[derive(Default)]
pub(super) struct Rows(u64);

impl Writes for Rows {
    fn begin(&mut self, into: &mut dyn Write) -> std::io::Result<()> {
        record(COLUMNS.iter().map(|(name, _)| (*name).to_owned()), into)?;
        record(COLUMNS.iter().map(|(_, tag)| (*tag).to_owned()), into)
    }

    fn take(&mut self, offered: Offered, into: &mut dyn Write) -> std::io::Result<()> {
        // Numbers are ours; what came from outside a spreadsheet must not calculate.
        let texts = texts(&offered).into_iter().map(|text| defuse(&text));
        let groups = offered.populations.iter().map(String::as_str).collect::<Vec<_>>().join(PARTED);
        let row = texts.chain(place(&offered)).chain([defuse(&groups)]).chain(standing(&offered));
        record(row, into)?;
        self.0 = self.0.saturating_add(1);
        Ok(())
    }

    fn end(&mut self, _into: &mut dyn Write) -> std::io::Result<u64> {
        Ok(self.0)
    }
}

/// What came from outside: who, what, and where in words and codes.
fn texts(offered: &Offered) -> [String; 16] {
    let service = &offered.service;
    let is_p_code = offered.location("external_identifier_type").eq_ignore_ascii_case("P-CODE");
    let stated = if is_p_code { offered.location("external_identifier") } else { "" };
    let code = |area: Option<&Area>| area.map_or_else(String::new, |area| area.code.clone());
    // A provider's own names of provinces and districts are kept; where it gives none, the list of areas does.
    let name = |area: Option<&Area>| area.map_or_else(String::new, |area| area.name.clone());
    let either = |own: &str, known: String| if own.is_empty() { known } else { own.to_owned() };
    let said = Some(offered.organisation("org_type")).filter(|kind| fits("organization", "org_type", kind));
    let mut kinds: Vec<&str> = offered.kinds.iter().map(String::as_str).collect();
    kinds.extend(said.filter(|kind| !kind.is_empty() && !offered.kinds.contains(*kind)));
    let (smallest, province, district) = (offered.smallest(), offered.area(1), offered.area(2));
    let country = smallest.map_or_else(String::new, |area| area.country.clone());
    [
        service.provider.clone(),
        either(offered.organisation("acronym"), acronym(offered.organisation("alternate_name")).to_owned()),
        offered.organisation("legal_status").to_owned(),
        kinds.join(PARTED),
        service.name.clone(),
        service.service.as_ref().map_or_else(String::new, ToString::to_string),
        offered.sectors.iter().copied().collect::<Vec<_>>().join(PARTED),
        service.status.name().to_owned(),
        either(offered.address("country"), country),
        code(province),
        either(offered.address("state_province"), name(province)),
        code(district),
        either(offered.address("region"), name(district)),
        offered.address("city").to_owned(),
        offered.location("name").to_owned(),
        either(stated, code(smallest)),
    ]
}

/// Degrees of latitude and longitude.
fn place(offered: &Offered) -> [String; 2] {
    let degrees = |of: Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
    let (latitude, longitude) = offered.at.unzip();
    [degrees(latitude), degrees(longitude)]
}

/// Whether people are taken, of which day all this is, and when somebody last looked. The provider's words on its room are for members.
fn standing(offered: &Offered) -> [String; 7] {
    let service = &offered.service;
    let (upkeep, today) = (&service.upkeep, offered.day.to_string());
    let day = |at: Timestamp| at.datetime().date_naive().to_string();
    let is_known = service.availability != Availability::Unknown;
    let room = if is_known { service.availability.intake_status() } else { "" };
    let places = upkeep.availability_places.filter(|_| is_known);
    let state = if upkeep.flagged_at.is_some() { "flagged" } else { upkeep.verification.name() };
    [
        room.to_owned(),
        places.map_or_else(String::new, |places| places.to_string()),
        today.clone(),
        today,
        day(service.updated_at),
        upkeep.verified_at.map_or_else(String::new, day),
        state.to_owned(),
    ]
}

/// Another name of an organisation, if it is an acronym: one word, with more than one capital in it.
fn acronym(name: &str) -> &str {
    let capitals = name.chars().filter(|letter| letter.is_uppercase()).count();
    let is_acronym =
        capitals > 1 && name.chars().count() <= ACRONYM_MAX && !name.contains(char::is_whitespace);
    if is_acronym { name } else { "" }
}

fn record(cells: impl Iterator<Item = String>, into: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(into);
    writer.write_record(cells.collect::<Vec<_>>())?;
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_one_word_with_capitals_is_an_acronym() {
        for (name, is) in [
            ("IOM", "IOM"),
            ("UNHCR", "UNHCR"),
            ("Cáritas", ""),
            ("Aid Harbour", ""),
            ("HdA", "HdA"),
            ("", ""),
        ] {
            assert_eq!(acronym(name), is, "{name}");
        }
    }
}
