//! Figures of a seat for Prometheus.

use noema_transport::GateStats;
use prometheus::{
    Encoder, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::store::StoreStats;

/// All figures of a seat.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: IntCounterVec,
    pub(crate) uploaded_bytes: IntCounter,
    pub(crate) served_bytes: IntCounter,
    /// Shards by what came of them.
    pub(crate) shards: IntCounterVec,
    pub(crate) damaged: IntCounter,
    pub(crate) read_refusals: IntCounterVec,
    pub(crate) finalized_block: IntGauge,
    pub(crate) finalized_lag: IntGauge,
    pub(crate) committee_seat: IntGauge,
    pub(crate) challenges: IntCounterVec,
    pub(crate) lacking: IntGauge,
    pub(crate) deleted: IntCounter,
    held: IntGauge,
    bytes: IntGauge,
    waiting: IntGauge,
    waiting_bytes: IntGauge,
    free: IntGauge,
    connections: IntGauge,
    dropped_connections: IntCounterVec,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(format!("noema_da_seat_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let counters = |name: &str, help: &str, labels: &[&str], values: &[&str]| {
            let metric =
                IntCounterVec::new(Opts::new(format!("noema_da_seat_{name}"), help), labels)?;
            registry.register(Box::new(metric.clone()))?;
            // They begin at zero, so that the first is an increase.
            for value in values {
                metric.with_label_values(&[*value]);
            }
            Ok::<_, prometheus::Error>(metric)
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(format!("noema_da_seat_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let info = IntGaugeVec::new(
            Opts::new("noema_da_seat_build_info", "1; the version is in the label"),
            &["version"],
        )?;
        registry.register(Box::new(info.clone()))?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self {
            requests: counters("requests_total", "HTTP requests", &["route", "status"], &[])?,
            uploaded_bytes: counter("uploaded_bytes_total", "Bytes of shards that came")?,
            served_bytes: counter(
                "served_bytes_total",
                "Bytes of rows and combinations served",
            )?,
            shards: counters(
                "shards_total",
                "Shards that were sent, by what came of them",
                &["result"],
                &["signed", "wrong", "slow", "ended", "failed"],
            )?,
            damaged: counter(
                "damaged_reads_total",
                "Reads of rows that are damaged on the disk",
            )?,
            read_refusals: counters(
                "read_refusals_total",
                "Reads that were over a limit",
                &["limit"],
                &["rows", "bytes"],
            )?,
            finalized_block: gauge("finalized_block", "The newest finalised block seen")?,
            finalized_lag: gauge("finalized_lag_seconds", "How long ago it was seen")?,
            committee_seat: gauge(
                "committee_seat",
                "The seat in the running era's committee, counted from 0; -1 without one",
            )?,
            challenges: counters(
                "challenges_total",
                "Rows that audits asked for",
                &["result"],
                &["answered", "unanswerable"],
            )?,
            lacking: gauge(
                "audit_answers_lacking",
                "Rows asked for in the running round that cannot be shown",
            )?,
            deleted: counter("deleted_shards_total", "Shards whose window is over")?,
            held: gauge("shards", "Shards that are held")?,
            bytes: gauge("bytes", "Bytes of these")?,
            waiting: gauge("waiting", "Submissions that wait for attestation")?,
            waiting_bytes: gauge("waiting_bytes", "Bytes of their shards")?,
            free: gauge("free_bytes", "Bytes that are free on the disk")?,
            connections: gauge("connections", "Connections open now")?,
            dropped_connections: counters(
                "dropped_connections_total",
                "Connections refused or closed to make room, by reason",
                &["reason"],
                &["peer", "barred", "full", "displaced"],
            )?,
            registry,
        })
    }

    pub(crate) fn store(&self, stats: &StoreStats) {
        self.held.set(to_gauge(stats.shards));
        self.bytes.set(to_gauge(stats.bytes));
        self.waiting.set(to_gauge(stats.waiting as u64));
        self.waiting_bytes.set(to_gauge(stats.waiting_bytes));
        self.free.set(to_gauge(stats.free));
    }

    pub(crate) fn connections(&self, stats: &GateStats) {
        self.connections.set(to_gauge(stats.open as u64));
        for (reason, count) in [
            ("peer", stats.over_peer_limit),
            ("barred", stats.barred),
            ("full", stats.full),
            ("displaced", stats.displaced),
        ] {
            let counter = self.dropped_connections.with_label_values(&[reason]);
            counter.inc_by(count.saturating_sub(counter.get()));
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8(text).unwrap_or_default()
    }
}

fn to_gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
