//! Redeeming what lanes owe: many in one call, and in time.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{ChainError, SubmitError};

use super::{ledger::Due, Gateway};
use crate::{
    chain::{ChannelInfo, ChannelSessions, ChannelState, Claim, ComputeChain, Tick},
    wire::sign_demand,
    JournalError,
};

/// Pause after a call that failed.
const PAUSE: Duration = Duration::from_secs(30);

/// When something is redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemPolicy {
    /// The longest that something waits.
    pub interval: Duration,
    /// Units that do not wait: as soon as so much is due in all.
    pub at: u128,
    /// Ticks before the last at which something can be redeemed from when on it does not wait.
    pub urgent: Tick,
}

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The first tick at which a claim is worth nothing.
fn ends(due: &Due, info: &ChannelInfo) -> Tick {
    let session = info.session(due.key.session);
    let session = session.map_or(0, |session| session.ends);
    let channel = match info.state {
        ChannelState::Open => Tick::MAX,
        ChannelState::Closing { until } => until,
        ChannelState::Settled { .. } => 0,
    };
    let voucher = due.answered.voucher.voucher.expires;
    session.min(channel).min(voucher)
}

/// Whether now is the time.
pub(super) fn is_time(
    policy: &RedeemPolicy,
    waited: Duration,
    now: Tick,
    due: impl Iterator<Item = (u128, Tick)>,
) -> bool {
    let urgent = now.saturating_add(policy.urgent);
    let mut sum = 0_u128;
    let mut any_urgent = false;
    for (units, ends) in due {
        sum = sum.saturating_add(units);
        // What is worth nothing any more hurries nobody.
        any_urgent |= ends > now && ends <= urgent;
    }
    sum > 0 && (any_urgent || sum >= policy.at || waited >= policy.interval)
}

impl<C: ComputeChain> Gateway<C> {
    /// Follows the chain until told to stop: reads it anew every now and then, and redeems when it is time.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut redeemed_at = Instant::now();
        let mut paused_until = Instant::now();
        loop {
            let round = self.round(&mut redeemed_at, paused_until);
            if let Err(error) = round.await {
                tracing::warn!(%error, "the gateway cannot follow the chain or redeem; it tries again");
                if matches!(error, RoundError::Submit(_)) {
                    self.core
                        .metrics
                        .redemptions
                        .with_label_values(&["failed"])
                        .inc();
                    paused_until = Instant::now() + PAUSE;
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.look) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn round(
        &self,
        redeemed_at: &mut Instant,
        paused_until: Instant,
    ) -> Result<(), RoundError> {
        let known = self.core.ledger.known();
        self.directory.refresh(&known, self.settings.look).await?;
        let Ok(now) = self.directory.now() else {
            return Ok(());
        };
        let mut all = Vec::new();
        for channel in known {
            match self.directory.seen(channel) {
                Some(info) if matches!(info.state, ChannelState::Settled { .. }) => {
                    self.core.ledger.forget(channel).await?;
                    tracing::info!(channel, "a channel is settled");
                }
                Some(info) => {
                    let due = self.core.ledger.due(channel, &info).into_iter();
                    all.extend(due.map(|due| (ends(&due, &info), due)));
                }
                // Perhaps the node is behind. What has expired is worth nothing either way.
                None if self.core.ledger.is_expired(channel, now) => {
                    self.core.ledger.forget(channel).await?;
                    tracing::info!(channel, "a channel is gone");
                }
                None => {}
            }
        }
        let lanes = i64::try_from(all.len()).unwrap_or(i64::MAX);
        self.core.metrics.lanes_due.set(lanes);
        let waited = redeemed_at.elapsed();
        let due = all.iter().map(|(ends, due)| (due.due, *ends));
        if Instant::now() < paused_until || !is_time(&self.settings.redeem, waited, now, due) {
            return Ok(());
        }
        // What ends first, first.
        all.retain(|(ends, _)| *ends > now);
        all.sort_by_key(|(ends, due)| (*ends, due.key));
        let most = self.constants.max_claims.max(1) as usize;
        for some in all.chunks(most) {
            let claims: Vec<_> = some.iter().map(|(_, due)| self.claim(due)).collect();
            let count = claims.len();
            let Some(redeemed) = self.while_following(self.chain.redeem(claims)).await else {
                return Ok(());
            };
            // Whatever came of it, what is due is another sum now.
            let mut channels: Vec<_> = some.iter().map(|(_, due)| due.key.channel).collect();
            channels.dedup();
            for channel in channels {
                self.directory.look(channel).await?;
            }
            redeemed?;
            tracing::trace!(target: "noema_compute::durable", step = "redeemed");
            self.core
                .metrics
                .redemptions
                .with_label_values(&["done"])
                .inc();
            tracing::info!(claims = count, "redeemed");
        }
        *redeemed_at = Instant::now();
        Ok(())
    }

    /// Follows the chain while a call waits for finality, which may take longer than what is known may be old. None when told to stop: the call goes its way, and what
    /// it redeems is found in finalised state at the next start.
    async fn while_following<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        let mut call = std::pin::pin!(call);
        loop {
            tokio::select! {
                done = &mut call => return Some(done),
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(self.settings.look) => {}
            }
            if let Err(error) = self.directory.refresh(&[], self.settings.look).await {
                tracing::warn!(%error, "the chain cannot be read");
            }
        }
    }

    fn claim(&self, due: &Due) -> Claim {
        let signed = due.answered.voucher;
        let amount = due.answered.receipt.receipt.cumulative;
        let core = &self.core;
        Claim {
            voucher: signed.voucher,
            amount,
            signature: signed.signature,
            demand: Some(sign_demand(
                &core.service_key,
                &core.genesis,
                &signed.voucher,
                amount,
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RedeemPolicy = RedeemPolicy {
        interval: Duration::from_secs(60),
        at: 100,
        urgent: 10,
    };

    fn now_is_time(waited: u64, due: &[(u128, Tick)]) -> bool {
        let waited = Duration::from_secs(waited);
        is_time(&POLICY, waited, 50, due.iter().copied())
    }

    #[test]
    fn nothing_due_is_never_redeemed() {
        assert!(!now_is_time(1_000, &[]));
        assert!(!now_is_time(1_000, &[(0, 55)]));
    }

    #[test]
    fn much_or_long_or_urgent_is_redeemed() {
        assert!(!now_is_time(59, &[(49, 1_000), (50, 1_000)]));
        assert!(now_is_time(59, &[(50, 1_000), (50, 1_000)]));
        assert!(now_is_time(60, &[(1, 1_000)]));
        assert!(now_is_time(0, &[(1, 60)]));
        assert!(!now_is_time(0, &[(1, 61)]));
        assert!(!now_is_time(0, &[(1, 50)]), "it is too late for that one");
    }
}
