//! Figures for Prometheus, all named `noema_proxy_…`.

use noema_compute_primitives::{Receipt, Usage};
use prometheus::{Encoder, IntCounter, IntCounterVec, Opts, Registry, TextEncoder};

/// The figures. Cloning is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    tokens: IntCounterVec,
    /// Providers that were asked and gave no answer that can be used.
    pub(crate) failovers: IntCounter,
    /// Lies that were found.
    pub(crate) liars: IntCounter,
    /// Receipts of answers that did not arrive as a whole: payable, response unverified.
    pub(crate) unseen: IntCounter,
    /// Redemptions that were too much and were reported.
    pub(crate) reports: IntCounter,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("noema_proxy".to_owned()), None)?;
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
        Ok(Self {
            requests: counters("requests_total", "Requests", &["route", "status"])?,
            tokens: counters("tokens_total", "Tokens paid for", &["kind"])?,
            failovers: counter(
                "failovers_total",
                "Providers that were asked and gave no answer that can be used",
            )?,
            liars: counter("lies_total", "Lies of providers that were found")?,
            unseen: counter(
                "unseen_total",
                "Receipts of answers that did not arrive as a whole",
            )?,
            reports: counter("reports_total", "Redemptions that were reported")?,
            registry,
        })
    }

    pub(crate) fn request(&self, route: &str, status: &str) {
        self.requests.with_label_values(&[route, status]).inc();
    }

    pub(crate) fn answered(&self, receipt: &Receipt) {
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

    /// Everything in Prometheus' text format.
    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail; a figure that cannot be encoded is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}
