//! Where the provider stands: strike points, rounds that are not settled, what is owed and what was paid. A round that is passed settles itself with its last answer,
//! and whatever is over before it; nobody has to claim anything.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{
    AuditLimits, AuditRound, AuditStanding, Balance, Call, ChainError, Finalized, RoundIndex,
};

use crate::{
    chain_view::{ChainView, StateView},
    converge::Shared,
};

/// How often standing and pay are read.
const REFRESH: Duration = Duration::from_secs(10);
/// The least time between two pokes for the own rounds.
const POKE_PAUSE: Duration = Duration::from_secs(60);
/// Units in a NOEMA.
const NOEMA: f64 = 1e18;

/// What was read last.
#[derive(Default)]
pub(super) struct Standing {
    known: Option<AuditStanding>,
    /// Whether anything is owed to the provider.
    is_owed: bool,
    /// What the next round pays, in the smallest unit.
    rate: Balance,
    read_at: Option<Instant>,
    poked_at: Option<Instant>,
    /// The round in which it was looked whether rounds are left to settle while nothing is asked.
    settled_in: Option<RoundIndex>,
}

impl Standing {
    /// Reads standing and pay anew if that was long ago.
    pub(super) async fn refresh<C: ChainView>(
        &mut self,
        shared: &Shared<C>,
        state: &C::State,
        limits: &AuditLimits,
        round: Option<&AuditRound>,
    ) -> Result<(), ChainError> {
        if self.read_at.is_some_and(|at| at.elapsed() < REFRESH) {
            return Ok(());
        }
        self.refresh_now(shared, state, limits).await?;
        if let Some(round) = round {
            shared
                .metrics
                .audits
                .ticks_left
                .set(i64::try_from(round.ticks_left()).unwrap_or(i64::MAX));
        }
        Ok(())
    }

    /// Reads standing and pay anew, and tells of strikes.
    pub(super) async fn refresh_now<C: ChainView>(
        &mut self,
        shared: &Shared<C>,
        state: &C::State,
        limits: &AuditLimits,
    ) -> Result<(), ChainError> {
        let standing = state.audit_standing(&shared.provider).await?;
        let pay = state.provider_pay(&shared.provider).await?;
        let metrics = &shared.metrics.audits;
        let before = self.known.map_or(0, |known| known.points);
        let points = standing.map_or(0, |known| known.points);
        if points > before && self.read_at.is_some() {
            tracing::error!(
                points,
                drop_at = limits.drop_points,
                "the provider was struck for a missed round: with so many points everything is dropped"
            );
        }
        let dropping = standing.is_some_and(|known| known.dropping);
        if dropping && !self.is_dropping() {
            tracing::error!("too many rounds were missed: the chain takes everything from this provider, which is jailed; when nothing is left and the term is over, `noema provider unjail`");
        }
        metrics.strike_points.set(points.into());
        metrics.drop_points.set(limits.drop_points.into());
        metrics.dropping.set(dropping.into());
        metrics
            .unsettled_rounds
            .set(standing.map_or(0, |known| known.unsettled.into()));
        self.is_owed = pay.as_ref().is_some_and(|pay| pay.owed > 0);
        let owed = pay.as_ref().map_or(0, |pay| pay.owed);
        metrics.pay_owed.set(noema(owed));
        let carried = pay.as_ref().map_or(0, |pay| pay.carried);
        metrics.pay_carried.set(noema(carried));
        let next = standing.map_or(0, |known| known.next);
        let rate = pay.and_then(|pay| pay.rate_in(next.max(pay.settled.saturating_add(1))));
        self.rate = rate.unwrap_or(0);
        metrics.pay_rate.set(noema(self.rate));
        self.known = standing;
        self.read_at = Some(Instant::now());
        Ok(())
    }

    /// What the next round paid then, in the smallest unit.
    pub(super) fn rate(&self) -> Balance {
        self.rate
    }

    /// Strike points when it was read last.
    pub(super) fn points(&self) -> u32 {
        self.known.map_or(0, |known| known.points)
    }

    /// The first round that was not settled then.
    pub(super) fn next(&self) -> Option<RoundIndex> {
        self.known.map(|known| known.next)
    }

    /// Whether everything was being taken from the provider then.
    pub(super) fn is_dropping(&self) -> bool {
        self.known.is_some_and(|known| known.dropping)
    }

    /// Settles what is left when nothing is asked any more: whoever is asked settles with its answers. Once a round, in the second half of the window, so that nobody
    /// pays for what another does.
    pub(super) fn settle_when_idle<C: ChainView>(
        &mut self,
        shared: &Arc<Shared<C>>,
        round: &AuditRound,
        idle: bool,
    ) {
        let unsettled = self.known.is_some_and(|known| known.unsettled > 0);
        if !idle || !unsettled || !self.is_owed || !round.is_late(2) {
            return;
        }
        if self.settled_in == Some(round.index) {
            return;
        }
        self.settled_in = Some(round.index);
        self.poke(
            shared,
            "nothing is asked any more, and rounds are left to settle",
        );
    }

    /// Settles rounds of the provider that are over.
    pub(super) fn poke<C: ChainView>(&mut self, shared: &Arc<Shared<C>>, why: &'static str) {
        if self.poked_at.is_some_and(|at| at.elapsed() < POKE_PAUSE) {
            return;
        }
        self.poked_at = Some(Instant::now());
        let (shared, provider) = (shared.clone(), shared.provider);
        tracing::info!(why, "settling the provider's rounds");
        tokio::spawn(async move {
            let result = shared.chain.submit(Call::Poke { provider }).await;
            let label = if result.is_ok() { "ok" } else { "failed" };
            shared
                .metrics
                .calls
                .with_label_values(&["poke", label])
                .inc();
            match result {
                Ok(done) => count_earned(&shared, &done),
                Err(error) => tracing::warn!(%error, "cannot settle the provider's rounds"),
            }
        });
    }
}

/// Rounds of the provider that are over and not settled.
pub(super) async fn unsettled<C: ChainView>(
    shared: &Shared<C>,
    state: &C::State,
) -> Result<u32, ChainError> {
    let standing = state.audit_standing(&shared.provider).await?;
    Ok(standing.map_or(0, |known| known.unsettled))
}

/// Counts what a call of this provider brought it.
pub(super) fn count_earned<C>(shared: &Shared<C>, done: &Finalized) {
    let own = format!("0x{}", noema_chain_client::FileId(shared.provider.0));
    for event in &done.events {
        let field = |name: &str| event.fields.get(name);
        let is_own = field("provider").and_then(|who| who.as_str()) == Some(&own);
        if !is_own || !event.is("Storage", "RoundPaid") {
            continue;
        }
        let Some(amount) = field("amount").and_then(amount) else {
            continue;
        };
        shared.metrics.audits.pay_earned.inc_by(noema(amount));
        let round = field("round").and_then(|round| round.as_u64());
        tracing::info!(
            ?round,
            amount,
            "paid for a round, in the smallest unit, delegators' part included"
        );
    }
}

/// A number of an event: beyond 2^53 they are text.
pub(super) fn amount(value: &serde_json::Value) -> Option<Balance> {
    match value {
        serde_json::Value::String(text) => text.parse().ok(),
        value => value.as_u64().map(Balance::from),
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "figures of Prometheus are floating-point numbers"
)]
fn noema(amount: Balance) -> f64 {
    amount as f64 / NOEMA
}
