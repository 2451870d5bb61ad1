//! What a proxy does in the background: reads the chain, asks for receipts that did not come, reports redemptions that are too much.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use noema_compute_primitives::ChannelId;
use tokio::task::JoinSet;

use super::{lanes::BuyerLane, market::Listing, Proxy};
use crate::{
    chain::{redemption_of, ChannelInfo, ChannelSessions, ComputeChain, SessionLanes},
    gateway::LaneKey,
    SignedReceipt,
};

/// How often receipts that did not come are asked for, at first; doubled each time, and at most.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(15);
/// Receipts asked for at the same time.
const TOGETHER: usize = 32;

/// When a receipt is asked for again.
#[derive(Clone, Copy, Debug)]
struct Retry {
    nonce: u64,
    pause: Duration,
    at: Instant,
}

/// What of a lane's redemption can be proven to be too much: the receipt, and the excess that it shows, if that is more than was punished.
pub(super) fn evidence(
    info: &ChannelInfo,
    key: &LaneKey,
    lane: &BuyerLane,
) -> Option<(SignedReceipt, u128)> {
    let redeemed = info.session(key.session)?.lane(key.lane)?;
    let redemption = redemption_of(redeemed);
    let shown = lane.receipts().filter_map(|signed| {
        let receipt = &signed.receipt;
        let excess = redemption.excess(receipt.nonce, receipt.cumulative)?;
        Some((signed, excess))
    });
    let (signed, excess) = shown.max_by_key(|(_, excess)| *excess)?;
    (excess > redeemed.punished).then(|| (signed.clone(), excess))
}

impl<C: ComputeChain> Proxy<C> {
    /// Follows the chain until told to stop.
    pub(super) async fn follow(self: Arc<Self>) {
        let mut reported: HashMap<LaneKey, u128> = HashMap::new();
        loop {
            match self.market.refresh().await {
                Ok(()) => self.report_all(&mut reported).await,
                Err(error) => {
                    tracing::warn!(%error, "the chain cannot be read; the proxy tries again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(self.settings.look) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn report_all(&self, reported: &mut HashMap<LaneKey, u128>) {
        let listing: Arc<Listing> = self.market.listing();
        for (channel, info) in &listing.channels {
            for (key, lane) in self.lanes_of(*channel, info) {
                let Some((evidence, excess)) = evidence(info, &key, &lane) else {
                    continue;
                };
                if reported.get(&key).is_some_and(|before| *before >= excess) {
                    continue;
                }
                let provider = info.provider;
                tracing::error!(%provider, channel, excess, "a provider redeemed more than its receipts say; it is reported");
                match self.chain.report(evidence).await {
                    Ok(()) => {
                        self.metrics.reports.inc();
                        reported.insert(key, excess);
                    }
                    Err(error) => tracing::error!(%error, "the report failed; it is tried again"),
                }
            }
        }
    }

    fn lanes_of(&self, channel: ChannelId, info: &ChannelInfo) -> Vec<(LaneKey, BuyerLane)> {
        let places = info.sessions.iter().flat_map(|session| {
            let number = session.session;
            session.redeemed.iter().map(move |lane| LaneKey {
                channel,
                session: number,
                lane: lane.lane,
            })
        });
        let lanes = places.filter_map(|key| Some((key, self.book.lane(&key)?)));
        lanes.collect()
    }

    /// Asks for receipts that did not come, until told to stop. Each lane by itself: a gateway that takes its time keeps no other waiting.
    pub(super) async fn resolve_all(self: Arc<Self>) {
        let mut retries: HashMap<LaneKey, Retry> = HashMap::new();
        let mut asking: JoinSet<(LaneKey, u64, bool)> = JoinSet::new();
        let mut asked: HashSet<LaneKey> = HashSet::new();
        loop {
            let orphans = self.book.orphans();
            retries.retain(|key, _| orphans.iter().any(|(orphan, _)| orphan == key));
            let now = Instant::now();
            let retry_of = |key: &LaneKey, nonce| {
                let retry = retries.get(key);
                retry.filter(|retry| retry.nonce == nonce).copied()
            };
            let mut due: Vec<_> = orphans
                .into_iter()
                .filter(|(key, _)| !asked.contains(key))
                .map(|(key, pending)| {
                    let retry = retry_of(&key, pending.signed.voucher.nonce);
                    (retry.map(|retry| retry.at), key, pending)
                })
                .filter(|(at, ..)| at.is_none_or(|at| at <= now))
                .collect();
            // Those that were never asked for first, then those that wait longest.
            due.sort_by_key(|(at, key, _)| (*at, *key));
            for (_, key, pending) in due.into_iter().take(TOGETHER.saturating_sub(asked.len())) {
                asked.insert(key);
                let proxy = self.clone();
                asking.spawn(async move {
                    let nonce = pending.signed.voucher.nonce;
                    let settled = proxy.resolve(&key, &pending).await;
                    if let Err(failure) = &settled {
                        tracing::debug!(channel = key.channel, %failure, "a receipt did not come");
                    }
                    (key, nonce, settled.unwrap_or(false))
                });
            }
            let waits = |key: &LaneKey| !asked.contains(key);
            let waiting = retries.iter().filter(|(key, _)| waits(key));
            let next = waiting.map(|(_, retry)| retry.at).min();
            let wait = next.map_or(LAST_RETRY, |at| {
                at.saturating_duration_since(Instant::now())
            });
            let done = tokio::select! {
                Some(done) = asking.join_next() => done,
                () = tokio::time::sleep(wait.max(Duration::from_millis(10))) => continue,
                () = self.book.orphaned.notified() => continue,
                () = self.stop.cancelled() => return,
            };
            let Ok((key, nonce, settled)) = done else {
                // One that panicked is not known by its lane: all are asked again.
                tracing::error!("asking for a receipt broke off");
                asking.abort_all();
                while asking.join_next().await.is_some() {}
                asked.clear();
                continue;
            };
            asked.remove(&key);
            if !settled {
                let before = retries.get(&key).filter(|retry| retry.nonce == nonce);
                let pause = before.map_or(FIRST_RETRY, |retry| (retry.pause * 2).min(LAST_RETRY));
                let at = Instant::now() + pause;
                retries.insert(key, Retry { nonce, pause, at });
            }
        }
    }
}
