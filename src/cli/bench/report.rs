//! What was measured, as a row of a table and as an object.

use std::time::Duration;

use serde::Serialize;

/// The share of the tighter limit that a hub should reach.
const AIM: f64 = 0.6;
/// How many times as long as the middle request the slowest of a hundred may take.
const AIM_P99: f64 = 10.0;
/// How much memory may grow while the load lasts.
const AIM_MEMORY: f64 = 1.25;

/// One configuration and what came of it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What was done.
    pub(super) scenario: &'static str,
    /// On which engine.
    pub(super) database: &'static str,
    /// With what.
    pub(super) parameters: Parameters,
    /// How many a second.
    pub(super) measured: f64,
    /// Of what.
    pub(super) unit: &'static str,
    /// The tighter limit, in the same unit.
    pub(super) limit: f64,
    /// What part of it was reached.
    pub(super) ratio: f64,
    /// Half of the requests took at most so long.
    pub(super) p50_ms: f64,
    /// So did 95 of a hundred.
    pub(super) p95_ms: f64,
    /// And 99 of a hundred.
    pub(super) p99_ms: f64,
    /// The most memory the hub had.
    pub(super) peak_rss_mb: f64,
    /// Where the time goes.
    pub(super) details: Details,
}

/// What a configuration is made of.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Parameters {
    /// What a packet holds.
    pub(super) content_kb: u8,
    /// What it is on the wire, on average.
    pub(super) wire_bytes: usize,
    /// How many were handed in and counted.
    pub(super) packets: usize,
    /// Over how many connections at once.
    pub(super) connections: usize,
    /// Cores that hub, load and, on the same machine, the database server share.
    pub(super) cores: usize,
    /// Writers of the hub.
    pub(super) writers: u32,
    /// Writes in one commit at most.
    pub(super) batch: usize,
    /// Rows that one packet leaves.
    pub(super) rows: usize,
}

/// What is behind the numbers.
#[derive(Debug, Serialize)]
pub(super) struct Details {
    /// Durable transactions a second with the same rows, without a hub.
    pub(super) durable_per_second: f64,
    /// Verifications a second: those of one core times cores.
    pub(super) verified_per_second: f64,
    /// Requests that were refused.
    pub(super) refused: usize,
    /// Processor time of the hub for each packet.
    pub(super) hub_cpu_ms: f64,
    /// Processor time of the load for each packet.
    pub(super) load_cpu_ms: f64,
    /// Memory of the hub when counting began.
    pub(super) rss_mb_at_start: f64,
    /// The most memory the load had.
    pub(super) load_peak_rss_mb: f64,
}

impl Row {
    /// A line below [`heading`].
    pub(super) fn line(&self) -> String {
        let Parameters { content_kb, wire_bytes, .. } = &self.parameters;
        let wire = per(*wire_bytes, 1_000.0);
        format!(
            "{:<9} {content_kb:>4} KB {wire:>6.1} KB {:>9.0} {:>8.1} {:>8.1} {:>8.1} {:>9.0} {:>9.0} {:>6.2} {:>6.0} MB",
            self.database,
            self.measured,
            self.p50_ms,
            self.p95_ms,
            self.p99_ms,
            self.details.durable_per_second,
            self.details.verified_per_second,
            self.ratio,
            self.peak_rss_mb,
        )
    }

    /// What is not as it should be, in sentences.
    pub(super) fn complaints(&self) -> Vec<String> {
        let of = format!("{} KB on {}", self.parameters.content_kb, self.database);
        let mut complaints = Vec::new();
        if self.ratio < AIM {
            complaints.push(format!("{of}: {:.2} of the tighter limit; the aim is {AIM}", self.ratio));
        }
        if self.p99_ms >= self.p50_ms * AIM_P99 {
            complaints.push(format!("{of}: p99 is not below {AIM_P99} times p50"));
        }
        let start = self.details.rss_mb_at_start;
        if start > 0.0 && self.peak_rss_mb > start * AIM_MEMORY {
            complaints.push(format!("{of}: memory grew from {start:.0} to {:.0} MB", self.peak_rss_mb));
        }
        if self.details.refused > 0 {
            complaints.push(format!("{of}: {} requests were refused", self.details.refused));
        }
        complaints
    }
}

/// The heading of the table.
pub(super) fn heading() -> String {
    format!(
        "{:<9} {:>7} {:>9} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9} {:>6} {:>9}",
        "database",
        "content",
        "wire",
        "accepted",
        "p50",
        "p95",
        "p99",
        "durable",
        "verified",
        "ratio",
        "memory"
    ) + &format!(
        "\n{:<9} {:>7} {:>9} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9} {:>6} {:>9}",
        "", "", "", "/s", "ms", "ms", "ms", "/s", "/s", "", "at most"
    )
}

/// The value below which so many of a hundred lie; `sorted` begins with the smallest.
pub(super) fn percentile(sorted: &[Duration], of_a_hundred: usize) -> Duration {
    let place = sorted.len().saturating_mul(of_a_hundred).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// So many for each of so many.
pub(super) fn per(count: usize, each: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / each
}

/// Milliseconds.
pub(super) fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_value_that_was_measured() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        let of = |hundredth| percentile(&sorted, hundredth).as_millis();
        assert_eq!([of(50), of(95), of(99), of(100)], [100, 190, 198, 200]);
        assert_eq!(percentile(&[], 99), Duration::ZERO);
        assert_eq!(percentile(&[Duration::from_millis(7)], 50), Duration::from_millis(7));
    }
}
