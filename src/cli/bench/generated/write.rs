//! Writes a generated directory as an HSDS package, an organisation at a time.

use std::{fs::File, io::BufWriter, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{
    dice::Dice,
    organisation::{CATEGORIES, KINDS, Organisation, RULES},
};
use crate::cli::CliError;

/// What was written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(in crate::cli::bench) struct Written {
    /// Organisations.
    pub(in crate::cli::bench) organisations: u64,
    /// Services.
    pub(in crate::cli::bench) services: usize,
    /// Services at locations.
    pub(in crate::cli::bench) places: usize,
}

/// Writes so many places, with whoever offers something there. `each` is told of places as they are written.
pub(in crate::cli::bench) fn write(
    folder: &Path,
    places: usize,
    each: &dyn Fn(usize) -> bool,
) -> Result<Written, CliError> {
    let mut tables = Tables::make(folder)?;
    tables.taxonomies()?;
    let mut written = Written::default();
    while written.places < places {
        let mut organisation = Organisation::with(written.organisations);
        let mut left = places.saturating_sub(written.places);
        for service in &mut organisation.services {
            service.places = service.places.min(left);
            left = left.saturating_sub(service.places);
        }
        organisation.services.retain(|service| service.places > 0);
        tables.organisation(written.organisations, &organisation)?;
        let more: usize = organisation.services.iter().map(|service| service.places).sum();
        written.organisations = written.organisations.saturating_add(1);
        written.services = written.services.saturating_add(organisation.services.len());
        written.places = written.places.saturating_add(more);
        if !each(more) {
            break;
        }
    }
    tables.finish()?;
    Ok(written)
}

/// The tables that are written, with their columns.
const TABLES: [(&str, &[&str]); 10] = [
    ("organization", &["id", "name", "description", "website", "legal_status"]),
    ("organization_identifier", &["id", "organization_id", "identifier_type", "identifier"]),
    ("service", &["id", "organization_id", "name", "description", "url", "status"]),
    ("location", &["id", "location_type", "organization_id", "name", "latitude", "longitude"]),
    ("address", &["id", "location_id", "address_1", "city", "country", "address_type"]),
    ("phone", &["id", "location_id", "number", "type"]),
    ("service_at_location", &["id", "service_id", "location_id", "description"]),
    ("attribute", &["id", "link_id", "taxonomy_term_id", "link_entity"]),
    ("taxonomy_term", &["id", "name", "description", "taxonomy_id"]),
    ("eligibility_rule", &["id", "service_id", "group_no", "attribute", "operator", "values", "kind"]),
];

type Table = csv::Writer<BufWriter<File>>;

struct Tables {
    files: Vec<(&'static str, Table)>,
    taxonomy: Table,
}

/// Dice for ids beside those of organisations.
const PARTS: u64 = 21;
const TERMS: u64 = 22;

fn term(name: &str) -> Uuid {
    let known = CATEGORIES.iter().chain(KINDS).position(|(known, _)| *known == name);
    Dice::of(TERMS, known.and_then(|known| u64::try_from(known).ok()).unwrap_or(u64::MAX)).id()
}

impl Tables {
    fn make(folder: &Path) -> Result<Self, CliError> {
        std::fs::create_dir_all(folder)?;
        let mut files = Vec::new();
        for (name, columns) in TABLES {
            files.push((name, table(folder, name, columns)?));
        }
        let taxonomy = table(folder, "taxonomy", &["id", "name", "description"])?;
        let names = TABLES.iter().map(|(name, _)| *name).chain(["taxonomy"]);
        let resources: Vec<_> = names
            .map(|name| json!({ "name": name, "path": format!("{name}.csv"), "encoding": "utf-8" }))
            .collect();
        let descriptor =
            json!({ "name": "generated", "profile": "tabular-data-package", "resources": resources });
        std::fs::write(folder.join("datapackage.json"), descriptor.to_string())?;
        Ok(Self { files, taxonomy })
    }

    fn row(&mut self, of: &str, cells: &[&str]) -> Result<(), CliError> {
        let table = self.files.iter_mut().find(|(name, _)| *name == of);
        table.map_or(Ok(()), |(_, table)| table.write_record(cells)).map_err(unwritten)
    }

    fn taxonomies(&mut self) -> Result<(), CliError> {
        let taxonomy = Dice::of(TERMS, u64::MAX).id().to_string();
        self.taxonomy
            .write_record([&taxonomy, "Generated", "Categories and kinds of a generated directory"])
            .map_err(unwritten)?;
        for (name, _) in CATEGORIES.iter().chain(KINDS) {
            let about = format!("Legal aid category of law: {name}");
            self.row("taxonomy_term", &[&term(name).to_string(), name, &about, &taxonomy])?;
        }
        Ok(())
    }

    fn organisation(&mut self, number: u64, of: &Organisation) -> Result<(), CliError> {
        let mut dice = Dice::of(PARTS, number);
        let (id, web) = (of.id.to_string(), of.web.clone().unwrap_or_default());
        let about = format!("Legal aid provider. Type: {}", of.kind);
        self.row("organization", &[&id, &of.name, &about, &web, of.kind])?;
        let identifier = [&dice.id().to_string(), &id, "Legal Aid Agency firm number", &number.to_string()];
        self.row("organization_identifier", &identifier)?;
        self.row("attribute", &[&dice.id().to_string(), &id, &term(of.kind).to_string(), "organization"])?;
        let used = of.services.iter().map(|service| service.places).max().unwrap_or(0);
        for location in of.locations.iter().take(used) {
            let (place, name) = (location.id.to_string(), format!("{}, {}", location.street, location.town));
            let degrees = |of: Option<f64>| of.map(|of| format!("{of:.6}")).unwrap_or_default();
            let (up, round) = location.at.unzip();
            self.row("location", &[&place, "physical", &id, &name, &degrees(up), &degrees(round)])?;
            let address =
                [&dice.id().to_string(), &place, &location.street, &location.town, "ZZ", "physical"];
            self.row("address", &address)?;
            if let Some(number) = &location.telephone {
                self.row("phone", &[&dice.id().to_string(), &place, number, "voice"])?;
            }
        }
        for service in &of.services {
            let (its, category) = (service.id.to_string(), service.category);
            let name = format!("Legal aid: {category}");
            let about = format!(
                "Publicly funded legal advice and representation. Category of law: {category}. Provider: {}",
                of.name
            );
            self.row("service", &[&its, &id, &name, &about, &web, "active"])?;
            self.row("attribute", &[&dice.id().to_string(), &its, &term(category).to_string(), "service"])?;
            let (attribute, operator, values, kind) = dice.weighted(RULES);
            if !attribute.is_empty() {
                let rule = [&dice.id().to_string(), &its, "1", attribute, operator, values, kind];
                self.row("eligibility_rule", &rule)?;
            }
            for location in of.locations.iter().take(service.places) {
                let place = [&dice.id().to_string(), &its, &location.id.to_string(), "Office"];
                self.row("service_at_location", &place)?;
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), CliError> {
        for (_, table) in &mut self.files {
            table.flush()?;
        }
        Ok(self.taxonomy.flush()?)
    }
}

fn table(folder: &Path, name: &str, columns: &[&str]) -> Result<Table, CliError> {
    let mut table =
        csv::Writer::from_writer(BufWriter::new(File::create(folder.join(format!("{name}.csv")))?));
    table.write_record(columns).map_err(unwritten)?;
    Ok(table)
}

fn unwritten(error: csv::Error) -> CliError {
    std::io::Error::other(error).into()
}
