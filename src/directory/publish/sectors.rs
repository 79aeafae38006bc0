//! Sectors, as humanitarian tables count by them, and which the services of the policy belong to.

use std::collections::BTreeSet;

use crate::{
    directory::{DirectoryError, taxonomies::codes},
    policy::ServiceCode,
};

/// The codes of OCHA's list and of its areas of protection. An area is not its sector: who counts protection does not count these unless
/// they say so.
pub(super) const SECTORS: &[(&str, &str)] = &[
    ("CCM", "Camp coordination and camp management"),
    ("CSS", "Coordination and common services"),
    ("EDU", "Education"),
    ("ERY", "Early recovery and livelihoods"),
    ("FSC", "Food security"),
    ("HEA", "Health"),
    ("LOG", "Logistics"),
    ("MPC", "Multi-purpose cash"),
    ("MS", "Multi-sector"),
    ("NUT", "Nutrition"),
    ("OTH", "Other"),
    ("PRO", "Protection"),
    ("PRO-CPN", "Child protection"),
    ("PRO-GBV", "Gender-based violence"),
    ("PRO-HLP", "Housing, land and property"),
    ("PRO-HTS", "Human trafficking and smuggling"),
    ("PRO-MIN", "Mine action"),
    ("SHL", "Shelter and household items"),
    ("TEL", "Emergency telecommunications"),
    ("WSH", "Water, sanitation and hygiene"),
];

/// Where the services of the policy stand in that list.
const OF_SERVICES: &[(&str, &[&str])] = &[
    ("SV01", &["SHL"]),
    ("SV02", &["PRO-GBV", "PRO-HTS"]),
    ("SV03", &["FSC", "NUT"]),
    ("SV04", &["SHL"]),
    ("SV05", &["WSH"]),
    ("SV06", &["HEA"]),
    ("SV07", &["HEA"]),
    ("SV08", &["HEA", "PRO"]),
    ("SV09", &["HEA"]),
    ("SV10", &["PRO"]),
    ("SV11", &["PRO"]),
    ("SV12", &["PRO"]),
    ("SV13", &["PRO"]),
    ("SV14", &["PRO-HTS"]),
    ("SV15", &["PRO-CPN"]),
    ("SV16", &["PRO-CPN"]),
    ("SV17", &["PRO-CPN"]),
    ("SV18", &["PRO-CPN"]),
    ("SV19", &["EDU"]),
    ("SV20", &["ERY"]),
    ("SV21", &["ERY", "MPC"]),
    ("SV22", &["PRO"]),
    ("SV23", &["MS"]),
    ("SV24", &["MS"]),
    ("SV25", &["MS"]),
    ("SV26", &["PRO"]),
    ("SV27", &["CSS"]),
    ("SV28", &["PRO"]),
    ("SV99", &["OTH"]),
];

/// Which sector is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sector {
    code: &'static str,
    below: bool,
}

impl Sector {
    /// A sector by its code, and the areas below it only if that is asked for.
    pub fn asked(code: &str, below: bool) -> Result<Self, DirectoryError> {
        let known = SECTORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(code));
        let (code, _) = known.ok_or(DirectoryError::UnknownSector)?;
        Ok(Self { code, below })
    }

    /// Whether one of these is it.
    pub(super) fn is_among(self, codes: &BTreeSet<&str>) -> bool {
        let is_below = |code: &str| code.strip_prefix(self.code).is_some_and(|rest| rest.starts_with('-'));
        codes.iter().any(|code| *code == self.code || (self.below && is_below(code)))
    }
}

/// A term that a service bears: its code, and what it is called elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Borne<'a> {
    pub(super) code: &'a str,
    pub(super) crosswalk: &'a str,
}

/// The sectors of a service: by its code, and by terms that are sectors or services themselves, or lead to some.
pub(super) fn sectors<'a>(
    service: Option<&'a ServiceCode>,
    terms: impl Iterator<Item = Borne<'a>>,
) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    let led = |term: Borne<'a>| std::iter::once(term.code).chain(codes(term.crosswalk, "ocha"));
    for code in service.map(ServiceCode::as_str).into_iter().chain(terms.flat_map(led)) {
        let own = OF_SERVICES.iter().filter(|(known, _)| *known == code).flat_map(|(_, sectors)| *sectors);
        let named = SECTORS.iter().map(|(known, _)| known).filter(|known| **known == code);
        found.extend(own.chain(named).copied());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;

    #[test]
    fn every_service_of_the_policy_has_sectors_of_the_list() {
        for (service, sectors) in OF_SERVICES {
            let code: ServiceCode = service.parse().unwrap();
            assert!(Policy::builtin().service(&code).is_some(), "{service}");
            assert!(!sectors.is_empty());
            assert!(sectors.iter().all(|code| SECTORS.iter().any(|(known, _)| known == code)), "{service}");
        }
        let all: Vec<&str> = Policy::builtin().services().map(|service| service.code.as_str()).collect();
        assert_eq!(all, OF_SERVICES.iter().map(|(code, _)| *code).collect::<Vec<_>>());
    }

    #[test]
    fn a_sector_is_not_the_areas_below_it_unless_they_are_asked_for() {
        let code: ServiceCode = "SV02".parse().unwrap();
        let terms = ["EDU", "EDUCATION", "SV05"].map(|code| Borne { code, ..Borne::default() });
        let own = sectors(Some(&code), terms.into_iter());
        assert_eq!(own, BTreeSet::from(["EDU", "PRO-GBV", "PRO-HTS", "WSH"]));
        assert!(!Sector::asked("PRO", false).unwrap().is_among(&own));
        assert!(Sector::asked("pro", true).unwrap().is_among(&own));
        assert!(Sector::asked("PRO-HTS", false).unwrap().is_among(&own));
        assert!(Sector::asked("PROT", true).is_err());
        assert!(sectors(None, [].into_iter()).is_empty());
        let led = Borne { code: "FOOD", crosswalk: "ocha:FSC; ocha:NUT; ocha:XX; policy:SV01" };
        assert_eq!(sectors(None, [led].into_iter()), BTreeSet::from(["FSC", "NUT"]));
    }
}
