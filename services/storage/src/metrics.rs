//! Figures for Prometheus.

mod audits;

use noema_chain_client::AccountId;
use noema_transport::GateStats;
use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

use crate::{
    prove::ProveError,
    store::{Room, StoreError, StoreStats},
};
pub(crate) use audits::AuditMetrics;

/// All figures of a daemon.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) requests: IntCounterVec,
    pub(crate) uploaded_bytes: IntCounter,
    pub(crate) served_bytes: IntCounter,
    pub(crate) pulled_bytes: IntCounter,
    pub(crate) rejected_segments: IntCounter,
    pub(crate) damaged_segments: IntCounter,
    healed_segments: IntCounter,
    unhealed_segments: IntGauge,
    pub(crate) scrubbed_bytes: IntCounter,
    pub(crate) scrubbed_segments: IntCounter,
    pub(crate) scrub_damaged_segments: IntCounter,
    pub(crate) scrub_position: Gauge,
    pub(crate) scrub_round_seconds: IntGauge,
    pub(crate) scrub_round_ended: IntGauge,
    pub(crate) put_seconds: Histogram,
    pub(crate) finalized_block: IntGauge,
    pub(crate) finalized_lag: IntGauge,
    files: IntGauge,
    bytes: IntGauge,
    free_bytes: IntGauge,
    writable: IntGauge,
    pub(crate) operator_registered: IntGauge,
    pub(crate) endpoint_pinned: IntGauge,
    pub(crate) connections: IntGauge,
    dropped_connections: IntCounterVec,
    pub(crate) declared_bytes: IntGauge,
    pub(crate) reserved_bytes: IntGauge,
    holdable_bytes: IntGauge,
    promised_bytes: IntGauge,
    disk_reserve_bytes: IntGauge,
    pub(crate) files_without_room: IntGauge,
    pub(crate) slots: IntGaugeVec,
    pub(crate) incomplete_files: IntGauge,
    pub(crate) calls: IntCounterVec,
    pub(crate) deleted_files: IntCounter,
    bad_peer: IntCounterVec,
    pub(crate) audits: AuditMetrics,
}

impl Metrics {
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(format!("noema_storage_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let opts = Opts::new(format!("noema_storage_{name}"), help);
            let metric = IntCounterVec::new(opts, labels)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(format!("noema_storage_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let scrub_position = Gauge::new(
            "noema_storage_scrub_position",
            "How much of the scrub's round is done, from 0 to 1",
        )?;
        registry.register(Box::new(scrub_position.clone()))?;
        let calls = counters(
            "calls_total",
            "Calls submitted by name and result",
            &["call", "result"],
        )?;
        // They begin at zero, so that the first failure is an increase.
        for call in [
            "ready",
            "prove",
            "resign",
            "answer",
            "poke",
            "poke-others",
            "hand-over",
            "hand-over-others",
        ] {
            for result in ["ok", "failed"] {
                calls.with_label_values(&[call, result]);
            }
        }
        let info = IntGaugeVec::new(
            Opts::new("noema_storage_build_info", "1; the version is in the label"),
            &["version"],
        )?;
        registry.register(Box::new(info.clone()))?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let slots = IntGaugeVec::new(
            Opts::new("noema_storage_slots", "Slots of this provider by state"),
            &["state"],
        )?;
        registry.register(Box::new(slots.clone()))?;
        let dropped_connections = counters(
            "dropped_connections_total",
            "Connections refused or closed to make room, by reason",
            &["reason"],
        )?;
        let put_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "noema_storage_put_seconds",
                "Time from a verified segment to its durable record",
            )
            .buckets(vec![
                0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
            ]),
        )?;
        registry.register(Box::new(put_seconds.clone()))?;
        Ok(Self {
            requests: counters(
                "requests_total",
                "HTTP requests by route and status",
                &["route", "status"],
            )?,
            uploaded_bytes: counter("uploaded_bytes_total", "Bytes of segments from owners")?,
            served_bytes: counter("served_bytes_total", "Bytes of files and segments served")?,
            pulled_bytes: counter("pulled_bytes_total", "Bytes of segments from peers")?,
            rejected_segments: counter(
                "rejected_segments_total",
                "Segments from owners that did not belong to the file",
            )?,
            damaged_segments: counter(
                "damaged_segments_total",
                "Segments found damaged on the disk, by whoever read them",
            )?,
            healed_segments: counter(
                "healed_segments_total",
                "Damaged segments that were taken again",
            )?,
            unhealed_segments: gauge(
                "unhealed_segments",
                "Damaged segments that wait to be fetched again",
            )?,
            scrubbed_bytes: counter("scrubbed_bytes_total", "Bytes that the scrub found sound")?,
            scrubbed_segments: counter("scrubbed_segments_total", "Segments that the scrub checked")?,
            scrub_damaged_segments: counter(
                "scrub_damaged_segments_total",
                "Segments that the scrub found damaged",
            )?,
            scrub_position,
            scrub_round_seconds: gauge(
                "scrub_round_seconds",
                "How long the last full round of the scrub took",
            )?,
            scrub_round_ended: gauge(
                "scrub_round_ended_seconds",
                "When the last full round of the scrub ended, in seconds since 1970; 0 if there was none",
            )?,
            put_seconds,
            finalized_block: gauge("finalized_block", "Newest finalised block seen")?,
            finalized_lag: gauge(
                "finalized_lag_seconds",
                "Seconds since a new finalised block was seen",
            )?,
            files: gauge("files", "Files known, complete or not")?,
            bytes: gauge("bytes", "Bytes of segments held")?,
            free_bytes: gauge("free_bytes", "Free bytes on the disk")?,
            writable: gauge("writable", "1 if the store can be written, else 0")?,
            declared_bytes: gauge(
                "declared_bytes",
                "Capacity that the provider declared on chain",
            )?,
            reserved_bytes: gauge(
                "reserved_bytes",
                "Bytes that the chain has reserved at this provider",
            )?,
            holdable_bytes: gauge(
                "holdable_bytes",
                "Bytes of files that the disk can hold in all, those held included",
            )?,
            promised_bytes: gauge(
                "promised_bytes",
                "Bytes that are to come for files that are not complete",
            )?,
            disk_reserve_bytes: gauge("disk_reserve_bytes", "Bytes that stay free on the disk")?,
            files_without_room: gauge(
                "files_without_room",
                "Files of current deals that do not fit on the disk",
            )?,
            operator_registered: gauge(
                "operator_registered",
                "1 if the chain names this daemon's operator key for its provider, else 0",
            )?,
            endpoint_pinned: gauge(
                "endpoint_pinned",
                "1 if the endpoint on chain pins this daemon's TLS key or it has none, else 0",
            )?,
            connections: gauge("connections", "Connections open now")?,
            dropped_connections,
            slots,
            incomplete_files: gauge(
                "incomplete_files",
                "Files of current deals of which segments are missing",
            )?,
            calls,
            deleted_files: counter("deleted_files_total", "Files deleted for want of a deal")?,
            bad_peer: counters(
                "bad_peer_total",
                "Wrong segments served by a peer",
                &["provider"],
            )?,
            audits: AuditMetrics::new(&registry)?,
            registry,
        })
    }

    /// Counts the segment for which a proof could not be made, if it was damaged.
    pub(crate) fn count_damage(&self, error: &ProveError) {
        if matches!(error, ProveError::Store(StoreError::Damaged { .. })) {
            self.damaged_segments.inc();
        }
    }

    /// Counts a wrong segment of a peer.
    pub(crate) fn bad_peer(&self, provider: &AccountId) {
        self.bad_peer
            .with_label_values(&[&provider.to_string()])
            .inc();
    }

    /// Takes over what the store says of itself.
    pub(crate) fn store(&self, stats: &StoreStats) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.files.set(gauge(stats.files));
        self.bytes.set(gauge(stats.bytes));
        self.free_bytes.set(gauge(stats.free_bytes));
        self.writable.set(stats.writable.into());
        self.unhealed_segments.set(gauge(stats.damaged));
        // The store counts; this is its figure as it is now.
        self.healed_segments.reset();
        self.healed_segments.inc_by(stats.healed);
    }

    /// Takes over what the disk holds and can hold.
    pub(crate) fn room(&self, room: &Room) {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.holdable_bytes.set(gauge(room.holdable));
        self.promised_bytes.set(gauge(room.promised));
        self.disk_reserve_bytes.set(gauge(room.reserve));
    }

    /// Takes over what the gate has counted.
    pub(crate) fn connections(&self, stats: &GateStats) {
        let open = i64::try_from(stats.open).unwrap_or(i64::MAX);
        self.connections.set(open);
        for (reason, count) in [
            ("over_peer_limit", stats.over_peer_limit),
            ("barred", stats.barred),
            ("full", stats.full),
            ("displaced", stats.displaced),
        ] {
            let dropped = self.dropped_connections.with_label_values(&[reason]);
            // The gate counts; this is its figure as it is now.
            dropped.reset();
            dropped.inc_by(count);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_appear_with_their_labels() {
        let metrics = Metrics::new().unwrap();
        metrics.uploaded_bytes.inc_by(7);
        metrics.bad_peer(&AccountId([1; 32]));
        let text = metrics.text();
        assert!(
            text.contains("noema_storage_uploaded_bytes_total 7"),
            "{text}"
        );
        let provider = AccountId([1; 32]);
        let line = format!("noema_storage_bad_peer_total{{provider=\"{provider}\"}} 1");
        assert!(text.contains(&line), "{text}");
    }
}
