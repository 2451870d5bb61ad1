//! Figures for Prometheus, all named `noema_gateway_…`.

use std::time::Duration;

use noema_compute_primitives::{Receipt, Usage};
use noema_transport::GateStats;
use prometheus::{Encoder, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder};

/// The figures. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    tokens: IntCounterVec,
    answered: IntCounter,
    /// Requests whose client went away before the end.
    pub(crate) cut_off: IntCounter,
    /// Times that an engine did not answer as it should.
    pub(crate) engine_errors: IntCounter,
    /// Calls that redeem, by how they ended.
    pub(crate) redemptions: IntCounterVec,
    /// Lanes that owe something which is not redeemed.
    pub(crate) lanes_due: IntGauge,
    connections: IntGauge,
    chain_age: IntGauge,
    ledger_works: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("noema_gateway".to_owned()), None)?;
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok::<_, prometheus::Error>(counter)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok::<_, prometheus::Error>(counters)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok::<_, prometheus::Error>(gauge)
        };
        let redemptions = counters("redemptions_total", "Calls that redeem", &["outcome"])?;
        for outcome in ["done", "failed"] {
            // So that its first one is an increase.
            redemptions.with_label_values(&[outcome]).reset();
        }
        Ok(Self {
            requests: counters("requests_total", "Requests", &["route", "status"])?,
            tokens: counters("tokens_total", "Tokens charged", &["kind"])?,
            answered: counter("receipts_total", "Receipts signed")?,
            cut_off: counter(
                "cut_off_total",
                "Requests whose client went away before the end",
            )?,
            engine_errors: counter(
                "engine_errors_total",
                "Times that an engine did not answer as it should",
            )?,
            redemptions,
            lanes_due: gauge("lanes_due", "Lanes that owe what is not redeemed")?,
            connections: gauge("connections", "Connections open now")?,
            chain_age: gauge(
                "chain_age_seconds",
                "Since when no newer finalised block was seen",
            )?,
            ledger_works: gauge("ledger_works", "1 while the ledger can be written")?,
            registry,
        })
    }

    pub(crate) fn request(&self, route: &str, status: &str) {
        self.requests.with_label_values(&[route, status]).inc();
    }

    pub(crate) fn answered(&self, receipt: &Receipt) {
        self.answered.inc();
        if let Usage::Tokens {
            input,
            cached,
            output,
        } = receipt.usage
        {
            for (kind, count) in [("input", input), ("cached", cached), ("output", output)] {
                self.tokens.with_label_values(&[kind]).inc_by(count);
            }
        }
    }

    pub(crate) fn set_connections(&self, stats: &GateStats) {
        let open = i64::try_from(stats.open).unwrap_or(i64::MAX);
        self.connections.set(open);
    }

    pub(crate) fn set_standing(&self, chain_age: Duration, ledger_works: bool) {
        let age = i64::try_from(chain_age.as_secs()).unwrap_or(i64::MAX);
        self.chain_age.set(age);
        self.ledger_works.set(i64::from(ledger_works));
    }

    /// Everything in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail; a figure that cannot be encoded is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}
