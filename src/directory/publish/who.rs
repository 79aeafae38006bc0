//! Who does what where: a row for each service at a place, below a row of HXL hashtags.

use std::io::Write;

use super::{Offered, Writes};
use crate::directory::export::defuse;

/// The columns: what people call them, and what machines do.
const COLUMNS: [(&str, &str); 17] = [
    ("Organisation", "#org+name+prov"),
    ("Organisation type", "#org+type"),
    ("Service", "#service+name"),
    ("Service code", "#service+code"),
    ("Sector", "#sector+code+list"),
    ("Status", "#status"),
    ("Country", "#country+code"),
    ("Admin 1", "#adm1+name"),
    ("Admin 2", "#adm2+name"),
    ("Town", "#loc+town+name"),
    ("Place", "#loc+name"),
    ("P-code", "#loc+code"),
    ("Latitude", "#geo+lat"),
    ("Longitude", "#geo+lon"),
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
        let service = &offered.service;
        let degrees = |of: Option<f64>| of.map(|of| of.to_string()).unwrap_or_default();
        let (latitude, longitude) = offered.at.unzip();
        let is_p_code = offered.location("external_identifier_type").eq_ignore_ascii_case("P-CODE");
        let code = if is_p_code { offered.location("external_identifier") } else { "" };
        let day: String = service.updated_at.to_string().chars().take(10).collect();
        let sectors = offered.sectors.iter().copied().collect::<Vec<_>>().join("|");
        let texts = [
            service.provider.as_str(),
            offered.organisation("legal_status"),
            &service.name,
            service.service.as_ref().map_or("", |code| code.as_str()),
            &sectors,
            service.status.name(),
            offered.address("country"),
            offered.address("state_province"),
            offered.address("region"),
            offered.address("city"),
            offered.location("name"),
            code,
        ];
        // Numbers are ours; what came from outside a spreadsheet must not calculate.
        let verified = service.upkeep.verified_at.map(|at| at.to_string().chars().take(10).collect());
        let is_flagged = service.upkeep.flagged_at.is_some();
        let state = if is_flagged { "flagged" } else { service.upkeep.verification.name() }.to_owned();
        let numbers = [degrees(latitude), degrees(longitude), day, verified.unwrap_or_default(), state];
        record(texts.into_iter().map(defuse).chain(numbers), into)?;
        self.0 = self.0.saturating_add(1);
        Ok(())
    }

    fn end(&mut self, _into: &mut dyn Write) -> std::io::Result<u64> {
        Ok(self.0)
    }
}

fn record(cells: impl Iterator<Item = String>, into: &mut dyn Write) -> std::io::Result<()> {
    let mut writer = csv::Writer::from_writer(into);
    writer.write_record(cells.collect::<Vec<_>>())?;
    writer.flush()
}
