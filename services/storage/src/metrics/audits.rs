//! Figures of the audits: challenges, rounds, strikes and pay.

use prometheus::{Counter, Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

/// How challenges are counted, each once: when it is seen, and by how it ended.
const CHALLENGES: [&str; 4] = ["seen", "answered", "late", "unanswerable"];
/// How rounds end in which something was asked.
const ROUNDS: [&str; 2] = ["passed", "missed"];

/// Figures of the audits.
#[derive(Clone, Debug)]
pub(crate) struct AuditMetrics {
    challenges: IntCounterVec,
    rounds: IntCounterVec,
    pub(crate) round: IntGauge,
    pub(crate) ticks_left: IntGauge,
    pub(crate) last_passed: IntGauge,
    pub(crate) answers_lacking: IntGauge,
    pub(crate) strike_points: IntGauge,
    pub(crate) drop_points: IntGauge,
    pub(crate) dropping: IntGauge,
    pub(crate) unsettled_rounds: IntGauge,
    pub(crate) pay_earned: Counter,
    pub(crate) pay_owed: Gauge,
    pub(crate) pay_carried: Gauge,
    pub(crate) pay_rate: Gauge,
    pub(crate) files_below_replicas: IntGauge,
    pub(crate) uncovered: IntGauge,
    pub(crate) to_hand_over: IntGauge,
}

impl AuditMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        // They begin at zero, so that the first one that is missed is an increase.
        let counters = |name: &str, help: &str, values: &[&str]| {
            let opts = Opts::new(format!("noema_storage_{name}"), help);
            let metric = IntCounterVec::new(opts, &["result"])?;
            registry.register(Box::new(metric.clone()))?;
            for value in values {
                metric.with_label_values(&[*value]);
            }
            Ok::<_, prometheus::Error>(metric)
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(format!("noema_storage_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let amount = |name: &str, help: &str| {
            let metric = Gauge::new(format!("noema_storage_{name}"), help)?;
            registry.register(Box::new(metric.clone()))?;
            Ok::<_, prometheus::Error>(metric)
        };
        let pay_earned = Counter::new(
            "noema_storage_pay_earned_noema_total",
            "Paid for rounds that this daemon settled since its start, in NOEMA, delegators' part included",
        )?;
        registry.register(Box::new(pay_earned.clone()))?;
        Ok(Self {
            challenges: counters(
                "challenges_total",
                "Challenges of audits: seen, answered, late (could be proven, not in time), unanswerable (data not there)",
                &CHALLENGES,
            )?,
            rounds: counters(
                "audit_rounds_total",
                "Rounds of audits in which this provider was challenged, by how they ended",
                &ROUNDS,
            )?,
            round: gauge("audit_round", "The running round of audits")?,
            ticks_left: gauge(
                "audit_ticks_left",
                "Ticks in which the running round can be answered; 0 if it cannot",
            )?,
            last_passed: gauge(
                "audit_last_passed_round",
                "The last round that this daemon saw passed since its start",
            )?,
            answers_lacking: gauge(
                "audit_answers_lacking",
                "Challenges of the running round that cannot be proven at present",
            )?,
            strike_points: gauge("strike_points", "Strike points on chain")?,
            drop_points: gauge(
                "drop_points",
                "Strike points with which everything is dropped",
            )?,
            dropping: gauge(
                "being_dropped",
                "1 while the chain takes everything from this provider, else 0",
            )?,
            unsettled_rounds: gauge(
                "unsettled_rounds",
                "Rounds that are over and not settled for this provider",
            )?,
            pay_earned,
            pay_owed: amount(
                "pay_owed_noema",
                "Owed for rounds to come and not settled, if all are passed, in NOEMA",
            )?,
            pay_carried: amount(
                "pay_carried_noema",
                "Of skipped rounds, paid with the next one that is passed, in NOEMA",
            )?,
            pay_rate: amount(
                "pay_per_round_noema",
                "What the next round pays if it is passed, in NOEMA",
            )?,
            uncovered: gauge(
                "uncovered_bytes",
                "Bytes that this provider holds beyond what its stake covers",
            )?,
            to_hand_over: gauge(
                "to_hand_over_bytes",
                "Of these, bytes beyond the replicas that it is leaving already",
            )?,
            files_below_replicas: gauge(
                "files_below_replicas",
                "Files of this provider of which fewer replicas are held than their owners want",
            )?,
        })
    }

    /// Challenges with this result.
    pub(crate) fn challenges(&self, result: &str) -> IntCounter {
        self.challenges.with_label_values(&[result])
    }

    /// Rounds with this result.
    pub(crate) fn rounds(&self, result: &str) -> IntCounter {
        self.rounds.with_label_values(&[result])
    }
}
