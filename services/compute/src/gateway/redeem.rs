//! Redeeming what lanes owe: many in one call, and in time.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, SubmitError};
use noema_compute_primitives::Voucher;

use super::{lanes::LaneKey, ledger::Due, Core, Gateway};
use crate::{
    chain::{ChannelInfo, ChannelSessions, ChannelState, Claim, ComputeChain, SessionLanes, Tick},
    JournalError,
};

/// Pause after a call that could not be made, and before a claim is made again that was refused, at first; doubled each time, and at most.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// Lanes set aside from which on those are forgotten whose pause is over.
const MOST_ASIDE: usize = 65_536;

/// When something is redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedeemPolicy {
    /// The longest that something waits.
    pub interval: Duration,
    /// Units below which nothing is redeemed, not even what ends: a call costs a fee, and a buyer may owe less, again and again.
    pub least: u128,
    /// Units that do not wait: as soon as so much is due in all.
    pub at: u128,
    /// Ticks before the last at which something can be redeemed from when on it does not wait.
    pub urgent: Tick,
}

/// Why a round came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum RoundError {
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The first tick at which a claim is worth nothing.
fn ends(due: &Due, info: &ChannelInfo) -> Tick {
    last_tick(&due.answered.voucher.voucher, info)
}

/// The first tick at which a voucher is worth nothing, by what is known of its channel.
pub(super) fn last_tick(voucher: &Voucher, info: &ChannelInfo) -> Tick {
    let session = info.session(voucher.session);
    let session = session.map_or(0, |session| session.ends);
    let channel = match info.state {
        ChannelState::Open => Tick::MAX,
        ChannelState::Closing { until } => until,
        ChannelState::Settled { .. } => 0,
    };
    session.min(channel).min(voucher.expires)
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
    // What is worth nothing any more hurries nobody.
    for (units, ends) in due.filter(|(_, ends)| *ends > now) {
        sum = sum.saturating_add(units);
        any_urgent |= ends <= urgent;
    }
    sum >= policy.least.max(1) && (any_urgent || sum >= policy.at || waited >= policy.interval)
}

impl<C: ComputeChain> Gateway<C> {
    /// Follows the chain until told to stop: reads it anew every now and then, and redeems when it is time.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut redeeming = Redeeming::new();
        loop {
            if let Err(error) = self.round(&mut redeeming).await {
                tracing::warn!(%error, "the gateway cannot follow the chain or redeem; it tries again");
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.look) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn round(&self, redeeming: &mut Redeeming) -> Result<(), RoundError> {
        let known = self.core.ledger.known();
        if let Err(error) = self.directory.refresh(&known, self.settings.look).await {
            // What is known already can be redeemed, as long as the clock is not too old.
            tracing::warn!(%error, "the chain cannot be read");
        }
        let Ok(now) = self.directory.now() else {
            return Ok(());
        };
        for channel in known {
            match self.directory.seen(channel) {
                Some(info) if matches!(info.state, ChannelState::Settled { .. }) => {
                    self.core.ledger.forget(channel).await?;
                    tracing::info!(channel, "a channel is settled");
                }
                // Perhaps the node is behind. What has expired is worth nothing either way.
                None if self.core.ledger.is_expired(channel, now) => {
                    self.core.ledger.forget(channel).await?;
                    tracing::info!(channel, "a channel is gone");
                }
                _ => {}
            }
        }
        let (all, claims) = self.claims(now, redeeming);
        self.core.metrics.lanes_due.set(all);
        let due = claims.iter().map(|claim| (claim.payable, claim.ends));
        let waited = redeeming.at.elapsed();
        if !is_time(&self.settings.redeem, waited, now, due) {
            return Ok(());
        }
        let urgent = now.saturating_add(self.settings.redeem.urgent);
        if Instant::now() < redeeming.paused_until && claims.iter().all(|one| one.ends > urgent) {
            return Ok(());
        }
        let wanted = claims.iter().map(|claim| claim.due.key).collect();
        self.redeem_all(redeeming, wanted).await
    }

    /// What can be claimed at the tick `now`, what ends first, first; and how many lanes owe something, claimed or not.
    fn claims(&self, now: Tick, redeeming: &Redeeming) -> (i64, Vec<Claimable>) {
        let (mut lanes, mut claims) = (0_i64, Vec::new());
        for channel in self.core.ledger.known() {
            let Some(info) = self.directory.seen(channel) else {
                continue;
            };
            let has_key = self.core.key(&info.key).is_some();
            for due in self.core.ledger.due(channel, &info) {
                lanes = lanes.saturating_add(1);
                let session = info.session(due.key.session);
                let payable = due.due.min(info.left);
                let payable = payable.min(session.map_or(0, SessionLanes::left));
                let ends = ends(&due, &info);
                if payable == 0 || ends <= now || redeeming.is_aside(&due.key) {
                    continue;
                }
                if !has_key {
                    tracing::error!(channel, units = due.due, key = %info.key, "something is due to a service key that this gateway does not have: give it as old-service-key");
                    continue;
                }
                claims.push(Claimable {
                    key: info.key,
                    payable,
                    ends,
                    due,
                });
            }
        }
        claims.sort_by_key(|claim| (claim.ends, claim.due.key));
        (lanes, claims)
    }

    /// Redeems what lanes owe, many in one call, until each of those that are wanted was claimed once. What becomes urgent meanwhile goes first.
    async fn redeem_all(
        &self,
        redeeming: &mut Redeeming,
        wanted: HashSet<LaneKey>,
    ) -> Result<(), RoundError> {
        let most = self.constants.max_claims.max(1) as usize;
        // What a lane owes anew meanwhile is for another round.
        let mut claimed: HashSet<LaneKey> = HashSet::new();
        loop {
            let Ok(now) = self.directory.now() else {
                return Ok(());
            };
            let urgent = now.saturating_add(self.settings.redeem.urgent);
            let (_, mut claims) = self.claims(now, redeeming);
            claims.retain(|one| wanted.contains(&one.due.key) || one.ends <= urgent);
            claims.retain(|one| !claimed.contains(&one.due.key));
            claims.truncate(most);
            if claims.is_empty() {
                redeeming.at = Instant::now();
                return Ok(());
            }
            let signed = claims.iter().filter_map(|one| self.core.claim(one));
            let calling = self.chain.redeem(signed.collect());
            let Some(redeemed) = self.while_following(calling).await else {
                return Ok(());
            };
            let outcome = if redeemed.is_ok() { "done" } else { "failed" };
            let calls = &self.core.metrics.redemptions;
            calls.with_label_values(&[outcome]).inc();
            match redeemed {
                Ok(()) => {
                    tracing::trace!(target: "noema_compute::durable", step = "redeemed");
                    tracing::info!(claims = claims.len(), "redeemed");
                }
                // Executed, and every claim of it refused: no reason to keep the others waiting.
                Err(error @ SubmitError::Dispatch { .. }) => {
                    tracing::warn!(%error, claims = claims.len(), "a call that redeems failed");
                }
                Err(error) => {
                    redeeming.paused_until = Instant::now() + PAUSE;
                    return Err(error.into());
                }
            }
            // Whatever came of it, what is due is another sum now.
            let mut channels: Vec<_> = claims.iter().map(|one| one.due.key.channel).collect();
            channels.dedup();
            for channel in channels {
                if let Err(error) = self.directory.look(channel).await {
                    tracing::warn!(%error, channel, "a channel cannot be asked for");
                }
            }
            for one in &claims {
                claimed.insert(one.due.key);
                let redeemed = self.redeemed(&one.due.key);
                redeeming.note(one.due.key, redeemed >= one.owed());
            }
        }
    }

    /// What a lane has paid, as far as it was seen.
    fn redeemed(&self, key: &LaneKey) -> u128 {
        let seen = self.directory.seen(key.channel);
        let session = seen.as_ref().and_then(|info| info.session(key.session));
        session.map_or(0, |session| session.redeemed(key.lane))
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
}

impl Core {
    /// The claim of what a lane owes, by the key that its channel froze.
    fn claim(&self, one: &Claimable) -> Option<Claim> {
        let key = self.key(&one.key)?;
        Some(Claim::of(one.due.answered.voucher, one.owed()).demanded(key, &self.genesis))
    }
}

/// Something that can be claimed.
struct Claimable {
    due: Due,
    /// The key that its channel froze.
    key: AccountId,
    /// Units of what is due that channel and session have left.
    payable: u128,
    /// The first tick at which it is worth nothing.
    ends: Tick,
}

impl Claimable {
    /// What the lane owes in all.
    const fn owed(&self) -> u128 {
        self.due.answered.receipt.receipt.cumulative
    }
}

/// What is kept between rounds.
struct Redeeming {
    /// When everything was last redeemed.
    at: Instant,
    /// Until when nothing but what is urgent is redeemed, since a call could not be made.
    paused_until: Instant,
    /// Lanes whose claim was refused: claimed again later and later, since each time costs a fee.
    aside: HashMap<LaneKey, Aside>,
}

#[derive(Clone, Copy, Debug)]
struct Aside {
    until: Instant,
    pause: Duration,
}

impl Redeeming {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            at: now,
            paused_until: now,
            aside: HashMap::new(),
        }
    }

    fn is_aside(&self, lane: &LaneKey) -> bool {
        let aside = self.aside.get(lane);
        aside.is_some_and(|aside| aside.until > Instant::now())
    }

    /// Notes what came of a claim.
    fn note(&mut self, lane: LaneKey, is_paid: bool) {
        if is_paid {
            self.aside.remove(&lane);
            return;
        }
        let before = self.aside.get(&lane);
        let pause = before.map_or(PAUSE, |aside| (aside.pause * 2).min(LONGEST_PAUSE));
        let until = Instant::now() + pause;
        tracing::warn!(
            channel = lane.channel,
            lane = lane.lane,
            seconds = pause.as_secs(),
            "a claim was not paid in full; it is set aside"
        );
        if self.aside.len() >= MOST_ASIDE {
            self.aside.retain(|_, aside| aside.until > Instant::now());
        }
        self.aside.insert(lane, Aside { until, pause });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RedeemPolicy = RedeemPolicy {
        interval: Duration::from_secs(60),
        least: 1,
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
        assert!(
            !now_is_time(1_000, &[(500, 50)]),
            "it is too late for that one"
        );
    }

    #[test]
    fn much_or_long_or_urgent_is_redeemed() {
        assert!(!now_is_time(59, &[(49, 1_000), (50, 1_000)]));
        assert!(now_is_time(59, &[(50, 1_000), (50, 1_000)]));
        assert!(now_is_time(60, &[(1, 1_000)]));
        assert!(now_is_time(0, &[(1, 60)]));
        assert!(!now_is_time(0, &[(1, 61)]));
        assert!(!now_is_time(0, &[(1, 50)]), "it is too late for that one");
        assert!(!now_is_time(0, &[(500, 50), (1, 1_000)]), "it adds nothing");
    }

    #[test]
    fn what_is_worth_less_than_the_fee_is_not_redeemed() {
        let policy = RedeemPolicy {
            least: 10,
            ..POLICY
        };
        let long = Duration::from_secs(1_000);
        assert!(!is_time(
            &policy,
            long,
            50,
            [(4, 55), (5, 1_000)].into_iter()
        ));
        assert!(is_time(
            &policy,
            Duration::ZERO,
            50,
            [(4, 55), (6, 1_000)].into_iter()
        ));
    }

    #[test]
    fn a_claim_that_is_refused_is_made_again_later_and_later() {
        let lane = LaneKey {
            channel: 1,
            session: 2,
            lane: 3,
        };
        let mut redeeming = Redeeming::new();
        let mut pauses = Vec::new();
        for _ in 0..9 {
            redeeming.note(lane, false);
            assert!(redeeming.is_aside(&lane));
            pauses.push(redeeming.aside[&lane].pause.as_secs());
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
        redeeming.note(lane, true);
        assert!(!redeeming.is_aside(&lane));
    }
}
