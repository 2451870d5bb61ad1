//! What a proxy does in the background: reads the chain, asks for receipts that did not come, opens channels, reports redemptions that are too much.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use noema_compute_primitives::ChannelId;
use noema_session::{Grant, Limits};

use super::{
    lanes::BuyerLane,
    market::{Account, Listing},
    Proxy,
};
use crate::{
    chain::{
        redemption_of, ChannelInfo, ChannelSessions, ComputeChain, Evidence, Opening, Room,
        ServiceInfo, SessionLanes,
    },
    gateway::LaneKey,
};

/// How often receipts that did not come are asked for, at first; doubled each time, and at most.
const FIRST_RETRY: Duration = Duration::from_millis(250);
const LAST_RETRY: Duration = Duration::from_secs(15);
/// Receipts asked for at the same time.
const TOGETHER: usize = 32;
/// How long a channel that was opened may take to be seen.
const SEEN: Duration = Duration::from_secs(20);

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
) -> Option<(Evidence, u128)> {
    let redeemed = info.session(key.session)?.lane(key.lane)?;
    let redemption = redemption_of(redeemed);
    let shown = lane.receipts().filter_map(|signed| {
        let receipt = &signed.receipt;
        let excess = redemption.excess(receipt.nonce, receipt.cumulative)?;
        Some((signed, excess))
    });
    let (signed, excess) = shown.max_by_key(|(_, excess)| *excess)?;
    (excess > redeemed.punished).then(|| {
        let evidence = Evidence {
            receipt: signed.receipt.clone(),
            signature: signed.signature,
        };
        (evidence, excess)
    })
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

    /// Asks for receipts that did not come, until told to stop.
    pub(super) async fn resolve_all(self: Arc<Self>) {
        let mut retries: HashMap<LaneKey, Retry> = HashMap::new();
        loop {
            let orphans = self.book.orphans();
            retries.retain(|key, _| orphans.iter().any(|(orphan, _)| orphan == key));
            let now = Instant::now();
            let due: Vec<_> = orphans
                .iter()
                .filter(|(key, pending)| {
                    let nonce = pending.signed.voucher.nonce;
                    let retry = retries.get(key).filter(|retry| retry.nonce == nonce);
                    retry.is_none_or(|retry| retry.at <= now)
                })
                .take(TOGETHER)
                .collect();
            let asked = due.iter().map(|(key, pending)| async {
                match self.resolve(key, pending).await {
                    Ok(settled) => settled,
                    Err(failure) => {
                        let channel = pending.signed.voucher.channel;
                        tracing::debug!(channel, %failure, "a receipt did not come");
                        false
                    }
                }
            });
            let settled = futures::future::join_all(asked).await;
            for ((key, pending), _) in due.iter().zip(settled).filter(|(_, settled)| !settled) {
                let nonce = pending.signed.voucher.nonce;
                let before = retries.get(key).filter(|retry| retry.nonce == nonce);
                let pause = before.map_or(FIRST_RETRY, |retry| (retry.pause * 2).min(LAST_RETRY));
                let at = Instant::now() + pause;
                retries.insert(*key, Retry { nonce, pause, at });
            }
            let next = retries.values().map(|retry| retry.at).min();
            let wait = next.map_or(LAST_RETRY, |at| {
                at.saturating_duration_since(Instant::now())
            });
            tokio::select! {
                () = tokio::time::sleep(wait.max(Duration::from_millis(10))) => {}
                () = self.book.orphaned.notified() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Opens a channel for a service, if this proxy may, and waits until it is seen.
    pub(super) async fn open_for(&self, service: &ServiceInfo) -> Vec<Account> {
        let Some(policy) = self.settings.opening else {
            return Vec::new();
        };
        // One at a time: whoever waits here finds the channel that the one before opened.
        let _turn = self.opening.lock().await;
        let found = |listing: &Listing| listing.accounts.get(&service.service).cloned();
        if let Some(accounts) = found(&self.market.listing()) {
            return accounts;
        }
        let provider = service.provider;
        let opened = async {
            let standing = self
                .chain
                .provider(&provider)
                .await
                .map_err(|e| e.to_string())?;
            let room = match standing.room {
                Room::UpTo(room) => room,
                other => return Err(format!("no channel can be opened to it now: {other:?}")),
            };
            let constants = self.chain.constants().await.map_err(|e| e.to_string())?;
            // For certain are payers made whole only where the bond covers all that is reserved, so many times.
            let factor = u128::from(constants.slash_factor.max(1));
            let covered = (standing.bond / factor).saturating_sub(standing.reserved);
            let room = if policy.covered_only {
                room.min(covered)
            } else {
                room
            };
            let cap = policy.cap.min(room);
            if cap < constants.min_cap {
                return Err(format!(
                    "its bond stands behind {cap} more units; expected {} at least",
                    constants.min_cap
                ));
            }
            let now = self.chain.now().await.map_err(|e| e.to_string())?.tick;
            let grant = Grant {
                key: self.session_key.account(),
                scope: (),
                limits: Limits {
                    per_use: self.settings.per_request.min(cap),
                    total: cap,
                },
                expires: now.saturating_add(policy.ticks),
            };
            let opening = Opening {
                service: service.service,
                cap,
                lanes: policy.lanes,
                grant,
            };
            self.chain.open(opening).await.map_err(|e| e.to_string())?;
            tracing::info!(%provider, service = service.service, cap, "a channel is opened");
            let until = Instant::now() + SEEN;
            loop {
                self.market.refresh().await.map_err(|e| e.to_string())?;
                if let Some(accounts) = found(&self.market.listing()) {
                    return Ok(accounts);
                }
                if Instant::now() >= until {
                    return Err("the channel was opened and is not seen yet".to_owned());
                }
                tokio::time::sleep(FIRST_RETRY).await;
            }
        };
        match opened.await {
            Ok(accounts) => accounts,
            Err(reason) => {
                tracing::warn!(%provider, %reason, "no channel is opened");
                Vec::new()
            }
        }
    }
}
