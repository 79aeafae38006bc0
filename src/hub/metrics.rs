//! Counters and histograms for `/metrics`. Labels are names of actions and codes: never an id, never anything about a person.

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

use crate::policy::Policy;

/// The node's metrics.
pub struct Metrics {
    registry: Registry,
    /// Writes by action and outcome code.
    pub writes: IntCounterVec,
    /// Seconds from a write's arrival to its commit, by action.
    pub write_seconds: HistogramVec,
    /// Requests by method, route pattern and status.
    pub requests: IntCounterVec,
    /// Seconds a request took, by route pattern.
    pub request_seconds: HistogramVec,
    /// Runs of jobs by name and outcome.
    pub jobs: IntCounterVec,
    log_looked_at: IntGauge,
    log_wrong: IntGauge,
    policy: IntGaugeVec,
    other_policies: IntGauge,
    /// Passphrases worked on: each takes memory and tens of milliseconds.
    pub passphrases: IntCounter,
    /// Packets refused or held, by deny code: one packet counts under each of its codes.
    denials: IntCounterVec,
}

const SECONDS: [f64; 13] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

impl Metrics {
    /// Fresh metrics, all at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, labels: &[&str]| {
            let made = IntCounterVec::new(Opts::new(name, help), labels);
            register(&registry, made)
        };
        let histogram = |name: &str, help: &str, labels: &[&str]| {
            let made = HistogramVec::new(HistogramOpts::new(name, help).buckets(SECONDS.to_vec()), labels);
            register(&registry, made)
        };
        Self {
            writes: counter(
                "throughline_writes_total",
                "Writes by action and outcome.",
                &["action", "outcome"],
            ),
            write_seconds: histogram(
                "throughline_write_seconds",
                "Seconds from arrival to commit.",
                &["action"],
            ),
            requests: counter("throughline_requests_total", "HTTP requests.", &["method", "route", "status"]),
            request_seconds: histogram("throughline_request_seconds", "Seconds a request took.", &["route"]),
            jobs: counter("throughline_job_runs_total", "Runs of background jobs.", &["job", "outcome"]),
            log_looked_at: register(
                &registry,
                IntGauge::new(
                    "throughline_log_verified_timestamp_seconds",
                    "When this process last looked at the whole log; 0 for not yet.",
                ),
            ),
            log_wrong: register(
                &registry,
                IntGauge::new("throughline_log_findings", "What was wrong with the log at that moment."),
            ),
            policy: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new("throughline_policy_info", "The policy this process judges by; always 1."),
                    &["dictionary"],
                ),
            ),
            other_policies: register(
                &registry,
                IntGauge::new(
                    "throughline_other_policies",
                    "How many other policies the processes on this database judge by; anything but 0 is to be mended.",
                ),
            ),
            passphrases: register(
                &registry,
                IntCounter::new("throughline_passphrases_total", "Passphrases worked on."),
            ),
            denials: counter(
                "throughline_denials_total",
                "Packets refused or held, by deny code.",
                &["code"],
            ),
            registry,
        }
    }

    /// Notes a look at the whole log: when, and how many things were wrong.
    pub fn looked_at_log(&self, at: i64, wrong: u64) {
        self.log_looked_at.set(at);
        self.log_wrong.set(i64::try_from(wrong).unwrap_or(i64::MAX));
    }

    /// Notes which policy this process judges by.
    pub fn judges_by(&self, policy: &Policy) {
        self.policy.with_label_values(&[policy.dictionary()]).set(1);
    }

    /// Notes how many other policies processes on the same database judge by.
    pub fn judged_otherwise(&self, others: usize) {
        self.other_policies.set(i64::try_from(others).unwrap_or(i64::MAX));
    }

    /// Whether every process on the database judges by the same policy, as far as this one has heard.
    pub fn policies_are_alike(&self) -> bool {
        self.other_policies.get() == 0
    }

    /// Whether the last look at the log found nothing wrong, as far as this process has looked.
    pub fn log_is_sound(&self) -> bool {
        self.log_wrong.get() == 0
    }

    /// Counts a refused packet under each of its deny codes.
    pub fn denied(&self, codes: impl IntoIterator<Item = &'static str>) {
        for code in codes {
            self.denials.with_label_values(&[code]).inc();
        }
    }

    /// All metrics in the Prometheus text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        if encoded.is_err() {
            text.clear();
        }
        String::from_utf8(text).unwrap_or_default()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::expect_used, reason = "names and labels are literals of this file; a test renders them all")]
fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> C {
    let collector = made.expect("a literal name");
    registry.register(Box::new(collector.clone())).expect("a name used once");
    collector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_renders() {
        let metrics = Metrics::new();
        metrics.writes.with_label_values(&["members.enrol", "done"]).inc();
        assert!(
            metrics
                .render()
                .contains("throughline_writes_total{action=\"members.enrol\",outcome=\"done\"} 1")
        );
    }
}
