//! Packages of HSDS 1.x and 2.x as ones of 3.1: other names of tables and columns, addresses in two tables, a weekday in the place of a rule.
//!
//! Such a package is known by the names of its tables. It is turned in memory, so it has a limit of its own; rows keep their ids and lines.

mod hours;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hours::{days, time};

use super::{
    HsdsError, LeftOut, Made, Problem, Remarks, Severity, TableFile,
    read::{left_out, plain_rows},
    tables::rule,
};

/// What it is called in a report.
pub(super) const READ_AS: &str = "HSDS 2.0";

/// How large the tables may be together.
const BYTES_MAX: u64 = 256 * 1024 * 1024;

type Cells = BTreeMap<Arc<str>, String>;

/// A table of the older form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Old {
    /// As it is, under this name.
    Same(&'static str),
    PhysicalAddress,
    PostalAddress,
    RegularSchedule,
    HolidaySchedule,
    ServiceAttribute,
    OtherAttribute,
    Taxonomy,
    Eligibility,
    PaymentAccepted,
}

/// What tables and their files are called. The singular and the plural were both in use.
const NAMES: &[(&str, Old)] = &[
    ("physical_address", Old::PhysicalAddress),
    ("physical_addresses", Old::PhysicalAddress),
    ("postal_address", Old::PostalAddress),
    ("postal_addresses", Old::PostalAddress),
    ("regular_schedule", Old::RegularSchedule),
    ("regular_schedules", Old::RegularSchedule),
    ("holiday_schedule", Old::HolidaySchedule),
    ("holiday_schedules", Old::HolidaySchedule),
    ("service_taxonomy", Old::ServiceAttribute),
    ("services_taxonomy", Old::ServiceAttribute),
    ("service_attribute", Old::ServiceAttribute),
    ("service_attributes", Old::ServiceAttribute),
    ("services_attributes", Old::ServiceAttribute),
    ("other_attribute", Old::OtherAttribute),
    ("other_attributes", Old::OtherAttribute),
    ("eligibility", Old::Eligibility),
    ("eligibilities", Old::Eligibility),
    ("payment_accepted", Old::PaymentAccepted),
    ("payments_accepted", Old::PaymentAccepted),
    ("accessibility_for_disabilities", Old::Same("accessibility")),
    ("services_at_location", Old::Same("service_at_location")),
    ("services_at_locations", Old::Same("service_at_location")),
    ("taxonomy", Old::Taxonomy),
    ("taxonomies", Old::Taxonomy),
];

/// Tables that there are in both, and what their files are called.
pub(super) const FILES: &[(&str, &str)] = &[
    ("organizations", "organization"),
    ("programs", "program"),
    ("services", "service"),
    ("locations", "location"),
    ("phones", "phone"),
    ("contacts", "contact"),
    ("addresses", "address"),
    ("schedules", "schedule"),
    ("languages", "language"),
    ("funding", "funding"),
    ("service_areas", "service_area"),
    ("required_documents", "required_document"),
    ("cost_options", "cost_option"),
    ("taxonomies", "taxonomy"),
    ("taxonomy_terms", "taxonomy_term"),
    ("attributes", "attribute"),
    ("organization_identifiers", "organization_identifier"),
    ("units", "unit"),
    ("service_capacities", "service_capacity"),
    ("urls", "url"),
];

/// Columns that were called otherwise: the table, then, now.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("organization", "url", "website"),
    ("service", "fees", "fees_description"),
    ("language", "language", "name"),
    ("service_area", "service_area", "name"),
    ("accessibility", "accessibility", "description"),
    ("taxonomy_term", "term", "name"),
    ("attribute", "taxonomy_id", "taxonomy_term_id"),
    ("attribute", "taxonomy_detail", "value"),
    ("attribute", "link_type", "link_entity"),
];

fn known(name: &str) -> Option<Old> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, old)| *old)
}

/// The table a file name stands for, in either form.
pub(super) fn table_of(stem: &str) -> Option<&'static str> {
    let of_both = FILES.iter().find(|(known, _)| *known == stem).map(|(_, table)| *table);
    of_both.or_else(|| NAMES.iter().find(|(known, _)| *known == stem).map(|(known, _)| *known))
}

fn what(table: &TableFile) -> Option<Old> {
    let name = table.name().to_ascii_lowercase();
    let stem = table.file().rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or_default();
    known(&name).filter(|old| *old != Old::Taxonomy).or_else(|| known(stem)).or_else(|| known(&name))
}

/// Whether a package is of the older form.
pub(super) fn is_older(tables: &[TableFile]) -> bool {
    // A taxonomy and services at locations are in both, under names that were both in use.
    let only_old = |old: Old| !matches!(old, Old::Taxonomy | Old::Same("service_at_location"));
    tables.iter().filter_map(what).any(only_old)
}

/// The package in the form of today.
pub(super) fn turn(tables: &[TableFile]) -> Result<(Vec<Made<Arc<str>>>, Remarks), HsdsError> {
    let bytes: u64 = tables.iter().map(TableFile::bytes).sum();
    if bytes > BYTES_MAX {
        return Err(HsdsError::Descriptor(String::from(
            "its tables are those of HSDS 2.0, and larger than 256 MiB together; part the package",
        )));
    }
    let mut turning = Turning {
        has_terms: tables.iter().any(|table| table.name() == "taxonomy_term"),
        ..Turning::default()
    };
    for table in tables {
        turning.table(table)?;
    }
    turning.tell_services();
    let Turning { made, problems, left_out, .. } = turning;
    Ok((made.into_values().collect(), Remarks { problems, left_out, read_as: Some(READ_AS) }))
}

#[derive(Default)]
struct Turning {
    made: BTreeMap<&'static str, Made<Arc<str>>>,
    problems: Vec<Problem>,
    left_out: Vec<LeftOut>,
    /// Names of columns, each once.
    columns: BTreeSet<Arc<str>>,
    /// Whether terms have a table of their own. Before they had, taxonomies were terms.
    has_terms: bool,
    /// Whom services take, and what they take, by service: the line, the text.
    eligibility: Told,
    payment: Told,
}

type Told = BTreeMap<String, Vec<(u64, String)>>;

impl Turning {
    fn table(&mut self, table: &TableFile) -> Result<(), HsdsError> {
        let old = what(table);
        let name = match old {
            None => {
                let Some(rule) = rule(table.name()) else {
                    self.left_out.extend(left_out(table.name()));
                    return Ok(());
                };
                rule.name
            }
            Some(Old::Same(name)) => name,
            Some(Old::PhysicalAddress | Old::PostalAddress) => "address",
            Some(Old::RegularSchedule | Old::HolidaySchedule) => "schedule",
            Some(Old::ServiceAttribute | Old::OtherAttribute) => "attribute",
            Some(Old::Taxonomy) if self.has_terms => "taxonomy",
            Some(Old::Taxonomy) => "taxonomy_term",
            Some(Old::Eligibility | Old::PaymentAccepted) => "service",
        };
        let mut problems = Vec::new();
        let rows = plain_rows(table, name, &mut problems)?;
        self.problems.extend(problems);
        for (line, cells) in rows {
            match old {
                Some(Old::Eligibility) => tell(&mut self.eligibility, (line, cells), "eligibility"),
                Some(Old::PaymentAccepted) => tell(&mut self.payment, (line, cells), "payment"),
                _ => self.row((name, old), table.file(), line, cells),
            }
        }
        Ok(())
    }

    /// A row under the names of today.
    fn row(
        &mut self,
        (name, old): (&'static str, Option<Old>),
        file: &str,
        line: u64,
        cells: BTreeMap<String, String>,
    ) {
        let mut cells = self.renamed(name, cells);
        match old {
            Some(Old::PhysicalAddress) => self.set(&mut cells, "address_type", "physical"),
            Some(Old::PostalAddress) => {
                self.set(&mut cells, "address_type", "postal");
                self.mark_id(&mut cells, "postal");
            }
            Some(Old::ServiceAttribute) => {
                if let Some(service) = cells.remove("service_id") {
                    self.set(&mut cells, "link_id", &service);
                    self.set(&mut cells, "link_entity", "service");
                }
            }
            Some(Old::OtherAttribute) => self.mark_id(&mut cells, "other"),
            Some(Old::RegularSchedule) => self.weekly(&mut cells, line),
            Some(Old::HolidaySchedule) => {
                self.holiday(&mut cells);
                self.mark_id(&mut cells, "holiday");
            }
            _ => {}
        }
        match name {
            "location" if !cells.contains_key("location_type") => {
                self.set(&mut cells, "location_type", "physical");
            }
            "language" => self.code(&mut cells),
            "phone" => self.spoken(&mut cells, file, line),
            _ => {}
        }
        self.keep(name, file, line, cells);
    }

    fn keep(&mut self, name: &'static str, file: &str, line: u64, cells: Cells) {
        let made = self.made.entry(name).or_insert_with(|| Made {
            name,
            file: file.to_owned(),
            rows: Vec::new(),
            called: BTreeMap::new(),
        });
        if !made.file.split(", ").any(|one| one == file) {
            made.file.push_str(", ");
            made.file.push_str(file);
        }
        made.rows.push((line, cells));
    }

    fn renamed(&mut self, name: &str, cells: BTreeMap<String, String>) -> Cells {
        let now = |column: &str| COLUMNS.iter().find(|(table, then, _)| *table == name && *then == column);
        let mut renamed = Cells::new();
        for (column, cell) in cells {
            let column = now(&column).map_or(column.as_str(), |(_, _, now)| now);
            renamed.entry(self.column(column)).or_insert(cell);
        }
        renamed
    }

    fn column(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.columns.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        self.columns.insert(Arc::clone(&new));
        new
    }

    fn set(&mut self, cells: &mut Cells, column: &str, to: &str) {
        let column = self.column(column);
        cells.insert(column, to.to_owned());
    }

    /// Ids of two tables come into one: those of the second say where they are from, unless they are alone in the world.
    fn mark_id(&mut self, cells: &mut Cells, from: &str) {
        let id =
            cells.get("id").filter(|id| uuid::Uuid::try_parse(id).is_err()).map(|id| format!("{from}:{id}"));
        if let Some(id) = id {
            self.set(cells, "id", &id);
        }
    }

    /// A weekday with times as a rule that recurs.
    fn weekly(&mut self, cells: &mut Cells, line: u64) {
        self.times(cells);
        let Some(weekday) = cells.remove("weekday") else { return };
        if let Some(days) = days(&weekday) {
            self.set(cells, "freq", "WEEKLY");
            self.set(cells, "byday", &days);
            return;
        }
        let text =
            cells.get("description").map_or_else(|| weekday.clone(), |told| format!("{weekday}: {told}"));
        self.set(cells, "description", &text);
        self.problems.push(Problem {
            severity: Severity::Warned,
            code: "weekday",
            table: String::from("schedule"),
            line: Some(line),
            column: Some(String::from("weekday")),
            what: String::from("this is not surely a day of the week; it is kept as a description"),
            remedy: "write the English name of the day",
        });
    }

    fn times(&mut self, cells: &mut Cells) {
        for column in ["opens_at", "closes_at"] {
            if let Some(at) = cells.get(column).and_then(|cell| time(cell)) {
                self.set(cells, column, &at);
            }
        }
    }

    /// Days on which other hours hold, or none.
    fn holiday(&mut self, cells: &mut Cells) {
        self.times(cells);
        for (then, now) in [("start_date", "valid_from"), ("end_date", "valid_to")] {
            if let Some(day) = cells.remove(then) {
                self.set(cells, now, &day);
            }
        }
        let closed = cells.remove("closed").unwrap_or_default().to_ascii_lowercase();
        if matches!(closed.as_str(), "true" | "yes" | "y" | "1" | "t") {
            cells.remove("opens_at");
            cells.remove("closes_at");
            self.set(cells, "description", "Closed");
        } else if !cells.contains_key("description") {
            self.set(cells, "description", "Other hours");
        }
    }

    /// What looks like the code of a language is one.
    fn code(&mut self, cells: &mut Cells) {
        let code = cells.get("name").filter(|name| is_code(name)).cloned();
        if let Some(code) = code.filter(|_| !cells.contains_key("code")) {
            self.set(cells, "code", &code);
        }
    }

    /// The languages of a telephone are rows of their own.
    fn spoken(&mut self, cells: &mut Cells, file: &str, line: u64) {
        let (Some(spoken), Some(phone)) = (cells.remove("language"), cells.get("id").cloned()) else {
            return;
        };
        for name in spoken.split([',', ';']).map(str::trim).filter(|name| !name.is_empty()) {
            let mut language = Cells::new();
            self.set(&mut language, "id", &format!("{phone}:{name}"));
            self.set(&mut language, "phone_id", &phone);
            self.set(&mut language, "name", name);
            self.code(&mut language);
            self.keep("language", file, line, language);
        }
    }

    /// Writes into services what had tables of its own.
    fn tell_services(&mut self) {
        for (told, column) in [
            (std::mem::take(&mut self.eligibility), "eligibility_description"),
            (std::mem::take(&mut self.payment), "fees_description"),
        ] {
            self.tell(told, column);
        }
    }

    fn tell(&mut self, mut told: Told, column: &'static str) {
        let key = self.column(column);
        for (_, cells) in self.made.get_mut("service").into_iter().flat_map(|made| &mut made.rows) {
            let Some(texts) = cells.get("id").and_then(|id| told.remove(id)) else { continue };
            let mut texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
            texts.sort_unstable();
            texts.dedup();
            let all: Vec<String> = cells.get(&key).cloned().into_iter().chain(texts).collect();
            cells.insert(Arc::clone(&key), all.join("; "));
        }
        // What is told of no service of the package is named, as any other broken reference.
        let lost = told.into_values().flatten().map(|(line, _)| Problem {
            severity: Severity::Refused,
            code: "broken_reference",
            table: column.to_owned(),
            line: Some(line),
            column: Some(String::from("service_id")),
            what: String::from("there is no such row in service, or it was refused"),
            remedy: "add the row it names, or correct the id",
        });
        self.problems.extend(lost);
    }
}

fn tell(told: &mut Told, (line, mut cells): (u64, BTreeMap<String, String>), column: &str) {
    let Some(text) = cells.remove(column) else { return };
    told.entry(cells.remove("service_id").unwrap_or_default()).or_default().push((line, text));
}

fn is_code(name: &str) -> bool {
    let first = name.split('-').next().unwrap_or_default();
    matches!(first.len(), 2 | 3)
        && first.bytes().all(|letter| letter.is_ascii_lowercase())
        && name.len() <= 35
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::directory::hsds::{Package, Report, Row, Tally, read};

    const FILES: &[(&str, &str)] = &[
        (
            "organizations.csv",
            "id,name,description,url,tax_id\no1,Harbour Aid,x,https://harbour.example,77\n",
        ),
        (
            "services.csv",
            "id,organization_id,name,status,fees,x_local\ns1,o1,Legal aid,active,None,kept\ns2,o1,Shelter,active,,\n",
        ),
        ("locations.csv", "id,organization_id,name,latitude,longitude\nl1,o1,Quay,-15.4,28.3\n"),
        ("services_at_location.csv", "id,service_id,location_id\np1,s1,l1\n"),
        (
            "physical_addresses.csv",
            "id,location_id,address_1,city,state_province,postal_code,country\n1,l1,Quay 1,Port,Coast,100,ZM\n",
        ),
        (
            "postal_addresses.csv",
            "id,location_id,address_1,city,state_province,postal_code,country\n1,l1,PO Box 7,Port,Coast,100,ZM\n",
        ),
        ("phones.csv", "id,service_id,number,language\nph1,s1,+260211000000,\"en, Bemba\"\n"),
        (
            "regular_schedules.csv",
            "id,service_id,weekday,opens_at,closes_at\n\
             1,s1,Monday,9:00 AM,5:30 pm\n2,s1,Tue-Thu,09:00,17:00\n3,s1,0,09:00,17:00\n4,s2,7,,\n",
        ),
        (
            "holiday_schedules.csv",
            "id,service_id,closed,start_date,end_date\n1,s1,true,2026-12-25,2026-12-26\n",
        ),
        ("taxonomy.csv", "id,name,parent_id,vocabulary\nt1,Law,,local\nt2,Asylum,t1,local\n"),
        ("services_taxonomy.csv", "id,service_id,taxonomy_id,taxonomy_detail\nx1,s1,t2,urgent\n"),
        ("eligibility.csv", "id,service_id,eligibility\ne2,s1,Women\ne1,s1,Children\ne3,s9,Nobody\n"),
        ("payment_accepted.csv", "id,service_id,payment\npa1,s2,Cash\n"),
        ("languages.csv", "id,service_id,language\nla1,s1,fr\nla2,s2,French\n"),
        ("service_areas.csv", "id,service_id,service_area\nsa1,s1,Port\n"),
        ("accessibility_for_disabilities.csv", "id,location_id,accessibility,details\nac1,l1,Ramp,wide\n"),
        ("contacts.csv", "id,name\nc1,Canary Person\n"),
    ];

    fn taken(folder: &Path) -> (Report, BTreeMap<&'static str, Vec<Row>>) {
        let package = Package::open(folder).unwrap();
        let mut rows: BTreeMap<&'static str, Vec<Row>> = BTreeMap::new();
        let report = read::<HsdsError>(
            &package,
            "test",
            &mut |rule, chunk| {
                rows.entry(rule.name).or_default().extend(chunk);
                Ok(Tally::default())
            },
            &mut |_| {},
        )
        .unwrap();
        for rows in rows.values_mut() {
            rows.sort_by_key(|row| row.id);
        }
        (report, rows)
    }

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    /// Cells of a row by its id.
    fn cells<'a>(
        rows: &'a BTreeMap<&'static str, Vec<Row>>,
        table: &str,
        id: &str,
    ) -> Vec<(&'a str, &'a str)> {
        let row = rows[table].iter().find(|row| row.cell("id") == Some(id)).unwrap();
        row.cells
            .iter()
            .filter(|(column, _)| *column != "id")
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect()
    }

    #[test]
    fn a_package_of_an_older_form_becomes_one_of_today_and_the_report_says_so() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), FILES);
        let (report, rows) = taken(folder.path());
        assert_eq!(report.read_as, Some(READ_AS));
        let schedule = |id: &str| cells(&rows, "schedule", id);
        assert_eq!(
            schedule("1"),
            [
                ("byday", "MO"),
                ("closes_at", "17:30"),
                ("freq", "WEEKLY"),
                ("opens_at", "09:00"),
                ("service_id", "s1")
            ]
        );
        assert!(schedule("2").contains(&("byday", "TU,WE,TH")));
        assert_eq!(schedule("4"), [("byday", "SU"), ("freq", "WEEKLY"), ("service_id", "s2")]);
        assert!(
            schedule("3").contains(&("description", "0")) && !schedule("3").iter().any(|(c, _)| *c == "freq")
        );
        assert_eq!(
            schedule("holiday:1"),
            [
                ("description", "Closed"),
                ("service_id", "s1"),
                ("valid_from", "2026-12-25"),
                ("valid_to", "2026-12-26")
            ]
        );
        assert!(cells(&rows, "address", "1").contains(&("address_type", "physical")));
        assert!(cells(&rows, "address", "postal:1").contains(&("address_1", "PO Box 7")));
        assert!(cells(&rows, "organization", "o1").contains(&("website", "https://harbour.example")));
        assert_eq!(
            cells(&rows, "service", "s1"),
            [
                ("eligibility_description", "Children; Women"),
                ("fees_description", "None"),
                ("name", "Legal aid"),
                ("organization_id", "o1"),
                ("status", "active"),
                ("x_local", "kept")
            ]
        );
        assert!(cells(&rows, "service", "s2").contains(&("fees_description", "Cash")));
        assert!(cells(&rows, "location", "l1").contains(&("location_type", "physical")));
        assert!(cells(&rows, "taxonomy_term", "t2").contains(&("parent_id", "t1")));
        assert_eq!(
            cells(&rows, "attribute", "x1"),
            [("link_entity", "service"), ("link_id", "s1"), ("taxonomy_term_id", "t2"), ("value", "urgent")]
        );
        assert_eq!(cells(&rows, "language", "ph1:Bemba"), [("name", "Bemba"), ("phone_id", "ph1")]);
        assert!(cells(&rows, "language", "la1").contains(&("code", "fr")));
        assert!(cells(&rows, "accessibility", "ac1").contains(&("description", "Ramp")));
        assert_eq!(rows["service_at_location"].len(), 1);
        assert_eq!(report.left_out[0].table, "contact");

        let problems: Vec<(&str, Option<u64>)> =
            report.problems.iter().map(|problem| (problem.code, problem.line)).collect();
        assert_eq!(problems, [("weekday", Some(4)), ("broken_reference", Some(4))], "{report:?}");
        assert_eq!((report.refused, report.stopped), (1, None));
    }

    #[test]
    fn it_is_known_by_its_tables_with_a_descriptor_as_well_and_today_s_packages_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), FILES);
        let listed = FILES.iter().map(|(file, _)| {
            let stem = file.trim_end_matches(".csv");
            // What the descriptor of 2.0 calls its tables.
            let name = match stem {
                "services_at_location" => "service_at_location",
                "physical_addresses" => "physical_address",
                "postal_addresses" => "postal_address",
                "services_taxonomy" => "service_taxonomy",
                "eligibility" | "payment_accepted" | "taxonomy" | "accessibility_for_disabilities" => stem,
                other => other.trim_end_matches('s'),
            };
            serde_json::json!({ "name": name, "path": file })
        });
        let descriptor = serde_json::json!({ "resources": listed.collect::<Vec<_>>() });
        let without = taken(folder.path()).1;
        write(folder.path(), &[("datapackage.json", &descriptor.to_string())]);
        let (report, with) = taken(folder.path());
        assert_eq!((report.read_as, with), (Some(READ_AS), without));

        let today = tempfile::tempdir().unwrap();
        write(today.path(), &[("organizations.csv", "id,name\no1,One\n")]);
        write(
            today.path(),
            &[("services.csv", "id,organization_id,name,status,fees\ns1,o1,Aid,active,None\n")],
        );
        write(today.path(), &[("taxonomies.csv", "id,name\nt1,Needs\n")]);
        let (report, rows) = taken(today.path());
        assert_eq!((report.read_as, rows["taxonomy"].len()), (None, 1));
        assert!(cells(&rows, "service", "s1").contains(&("fees", "None")));
        fs::remove_file(today.path().join("services.csv")).unwrap();
        assert!(matches!(Package::open(today.path()), Err(HsdsError::NoPackage { .. })));
    }
}
