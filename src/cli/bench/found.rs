//! What was measured of a directory, as a row of a table and as an object.

use serde::Serialize;

/// How long 95 of a hundred searches may take at most, up to how many places.
const AIMS: [(usize, f64); 2] = [(100_000, 20.0), (usize::MAX, 100.0)];
/// SQLite may take so many times as long.
const AIM_SQLITE: f64 = 2.0;
/// How many seconds an import of so many places may take.
const AIM_IMPORT: (usize, f64) = (100_000, 120.0);

/// One kind of question, or the import, and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What was done.
    pub(super) scenario: String,
    /// On which engine.
    pub(super) database: &'static str,
    /// With what.
    pub(super) parameters: Parameters,
    /// How many a second.
    pub(super) measured: f64,
    /// Of what.
    pub(super) unit: &'static str,
    /// How often a second the candidates are found and no more; nothing for an import.
    pub(super) limit: Option<f64>,
    /// What part of that was reached.
    pub(super) ratio: Option<f64>,
    /// Half of the searches took at most so long; of an import the whole.
    pub(super) p50_ms: f64,
    /// So did 95 of a hundred.
    pub(super) p95_ms: f64,
    /// And 99 of a hundred.
    pub(super) p99_ms: f64,
    /// The most memory that the process had which did it.
    pub(super) peak_rss_mb: f64,
    /// Where the time goes.
    pub(super) details: Details,
}

/// What the directory is made of, and how it was asked.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Parameters {
    /// Services at places.
    pub(super) places: usize,
    /// Services.
    pub(super) services: usize,
    /// Organisations.
    pub(super) organisations: u64,
    /// Searches that were counted.
    pub(super) searches: usize,
    /// Over how many connections at once.
    pub(super) connections: usize,
    /// Cores that hub, load and, on the same machine, the database server share.
    pub(super) cores: usize,
}

/// What is behind the numbers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Details {
    /// How many candidates are found, on average.
    pub(super) candidates: f64,
    /// How long it takes to find them, alone, in the middle case.
    pub(super) bare_p50_ms: f64,
    /// And 95 of a hundred.
    pub(super) bare_p95_ms: f64,
    /// Searches that were refused.
    pub(super) refused: usize,
    /// Bytes of an answer, on average.
    pub(super) answer_bytes: f64,
    /// Processor time of the hub for each search.
    pub(super) hub_cpu_ms: f64,
    /// Processor time of the load for each search.
    pub(super) load_cpu_ms: f64,
}

impl Row {
    /// A line below [`heading`].
    pub(super) fn line(&self) -> String {
        let or_none =
            |value: Option<f64>| value.map_or_else(|| String::from("-"), |value| format!("{value:.2}"));
        format!(
            "{:<9} {:>9} {:<9} {:>9.0} {:>9.1} {:>9.1} {:>9.1} {:>10.0} {:>9.2} {:>9} {:>6.0} MB",
            self.database,
            self.parameters.places,
            self.scenario.trim_start_matches("directory."),
            self.measured,
            self.p50_ms,
            self.p95_ms,
            self.p99_ms,
            self.details.candidates,
            self.details.bare_p50_ms,
            or_none(self.ratio),
            self.peak_rss_mb,
        )
    }

    /// What is not as it should be, in sentences.
    pub(super) fn complaints(&self) -> Vec<String> {
        let Parameters { places, .. } = self.parameters;
        let of = format!(
            "{} of {places} places on {}",
            self.scenario.trim_start_matches("directory."),
            self.database
        );
        let mut complaints = Vec::new();
        if self.limit.is_none() {
            let (many, seconds) = AIM_IMPORT;
            let (took, allowed) = (self.p50_ms / 1_000.0, seconds * ratio(places, many).max(1.0));
            if took > allowed {
                complaints.push(format!("{of}: {took:.0} s; the aim is {allowed:.0} s"));
            }
            return complaints;
        }
        let aim = AIMS.iter().find(|(up_to, _)| places <= *up_to).map_or(f64::MAX, |(_, aim)| *aim);
        let aim = if self.database == "sqlite" { aim * AIM_SQLITE } else { aim };
        if self.p95_ms > aim {
            complaints
                .push(format!("{of}: 95 of a hundred took up to {:.1} ms; the aim is {aim} ms", self.p95_ms));
        }
        if self.details.refused > 0 {
            complaints.push(format!("{of}: {} searches were refused", self.details.refused));
        }
        complaints
    }
}

fn ratio(one: usize, other: usize) -> f64 {
    super::report::per(one, super::report::per(other, 1.0))
}

/// The heading of the table.
pub(super) fn heading() -> String {
    let line = |cells: [&str; 11]| {
        let [database, places, what, measured, p50, p95, p99, candidates, bare, ratio, memory] = cells;
        format!(
            "{database:<9} {places:>9} {what:<9} {measured:>9} {p50:>9} {p95:>9} {p99:>9} {candidates:>10} {bare:>9} {ratio:>9} {memory:>9}"
        )
    };
    let first = [
        "database",
        "places",
        "what",
        "a second",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "candidates",
        "bare ms",
        "ratio",
        "memory",
    ];
    line(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(places: usize, database: &'static str, (limit, p95_ms): (Option<f64>, f64)) -> Row {
        let parameters =
            Parameters { places, services: 1, organisations: 1, searches: 1, connections: 1, cores: 1 };
        let (scenario, details) = (String::from("directory.text"), Details::default());
        let (ratio, p50_ms, p99_ms) = (limit, p95_ms, p95_ms);
        let (measured, unit, peak_rss_mb) = (1.0, "searches/s", 1.0);
        Row {
            scenario,
            database,
            parameters,
            measured,
            unit,
            limit,
            ratio,
            p50_ms,
            p95_ms,
            p99_ms,
            peak_rss_mb,
            details,
        }
    }

    #[test]
    fn what_is_slower_than_the_aim_is_said() {
        let complains = |row: Row| !row.complaints().is_empty();
        assert!(complains(row(100_000, "postgres", (Some(1.0), 20.1))));
        assert!(!complains(row(100_000, "postgres", (Some(1.0), 19.9))));
        assert!(!complains(row(100_000, "sqlite", (Some(1.0), 39.9))));
        assert!(complains(row(1_000_000, "postgres", (Some(1.0), 100.1))));
        assert!(!complains(row(1_000_000, "sqlite", (Some(1.0), 199.0))));
        assert!(complains(row(100_000, "sqlite", (None, 121_000.0))));
        assert!(!complains(row(1_000_000, "sqlite", (None, 1_100_000.0))));
    }
}
