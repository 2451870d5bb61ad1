//! Figures of a gateway for Prometheus.

use noema_transport::GateStats;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// All figures of a gateway.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: IntCounterVec,
    pub(crate) received_bytes: IntCounter,
    pub(crate) served_bytes: IntCounter,
    /// Blobs by what came of them.
    pub(crate) blobs: IntCounterVec,
    /// What seats did that was of no use, seen at the end of a blob or of a read.
    pub(crate) seat_faults: IntCounterVec,
    pub(crate) coding_seconds: Histogram,
    pub(crate) active: IntGauge,
    pub(crate) waiting_bytes: IntGauge,
    pub(crate) finalized_block: IntGauge,
    pub(crate) finalized_lag: IntGauge,
    connections: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let name = |name: &str| format!("noema_da_gateway_{name}");
        let counter = |what: &str, help: &str| {
            let metric = IntCounter::new(name(what), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let counters = |what: &str, help: &str, labels: &[&str], values: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name(what), help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            // They begin at zero, so that the first is an increase.
            for value in values {
                metric.with_label_values(&[*value]);
            }
            Ok::<_, prometheus::Error>(metric)
        };
        let gauge = |what: &str, help: &str| {
            let metric = IntGauge::new(name(what), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let info = IntGaugeVec::new(
            Opts::new(name("build_info"), "1; the version is in the label"),
            &["version"],
        )?;
        registry.register(Box::new(info.clone()))?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let coding_seconds = Histogram::with_opts(HistogramOpts::new(
            name("coding_seconds"),
            "From the spool to a coded blob",
        ))?;
        registry.register(Box::new(coding_seconds.clone()))?;
        Ok(Self {
            requests: counters("requests_total", "HTTP requests", &["route", "status"], &[])?,
            received_bytes: counter("received_bytes_total", "Bytes of blobs that were taken")?,
            served_bytes: counter("served_bytes_total", "Bytes of blobs that were served")?,
            blobs: counters(
                "blobs_total",
                "Blobs and bundles by what came of them",
                &["result"],
                &["available", "failed"],
            )?,
            seat_faults: counters(
                "seat_faults_total",
                "Seats that gave nothing of use, by what they did",
                &["fault"],
                &[
                    "unreachable",
                    "too_slow",
                    "refused",
                    "malformed",
                    "wrong_row",
                    "wrong_signature",
                ],
            )?,
            coding_seconds,
            active: gauge("active", "Blobs and bundles that are worked on")?,
            waiting_bytes: gauge("waiting_bytes", "Bytes in the spool")?,
            finalized_block: gauge("finalized_block", "The newest finalised block seen")?,
            finalized_lag: gauge("finalized_lag_seconds", "How long ago it was seen")?,
            connections: gauge("connections", "Connections open now")?,
            registry,
        })
    }

    pub(crate) fn connections(&self, stats: &GateStats) {
        self.connections.set(stats.open as i64);
    }

    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}
