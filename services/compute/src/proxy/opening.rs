//! Opening channels where there is none: one at a time, each once, and no more in all than is allowed.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use noema_chain_client::SubmitError;
use noema_compute_primitives::ServiceId;
use noema_session::{Grant, Limits};

use super::{
    market::{Account, Listing},
    OpeningPolicy, Proxy,
};
use crate::chain::{ChannelState, ComputeChain, Opening, Room, ServiceInfo};

/// How long a request waits for a channel that was opened to be seen.
const SEEN: Duration = Duration::from_secs(20);
/// How long a channel of which it is not known whether it was opened is counted as one: longer than a transaction can wait to be included.
const UNSURE: Duration = Duration::from_secs(30 * 60);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(250);

/// A channel that was opened, or perhaps was, and was not seen yet.
#[derive(Clone, Copy, Debug)]
struct Unseen {
    cap: u128,
    until: Instant,
}

/// Channels that were opened and not seen yet. Held by whoever opens one.
#[derive(Debug, Default)]
pub(super) struct Openings(HashMap<ServiceId, Unseen>);

impl Openings {
    /// Units that are reserved, by what is seen and by what is not seen yet.
    fn reserved(&mut self, listing: &Listing, now: Instant) -> u128 {
        self.0.retain(|service, unseen| {
            !listing.accounts.contains_key(service) && unseen.until > now
        });
        let open = listing.channels.values();
        let open = open.filter(|info| !matches!(info.state, ChannelState::Settled { .. }));
        let seen = open.fold(0_u128, |sum, info| sum.saturating_add(info.left));
        let unseen = self.0.values();
        unseen.fold(seen, |sum, unseen| sum.saturating_add(unseen.cap))
    }
}

impl<C: ComputeChain> Proxy<C> {
    /// Opens a channel for a service, if this proxy may, for a request that costs `maximum` at most, and waits until it is seen. Goes on when whoever waits for it has gone: a call that was submitted is
    /// not taken back.
    pub(super) async fn open_for(
        self: &Arc<Self>,
        service: &ServiceInfo,
        maximum: u128,
    ) -> Vec<Account> {
        let Some(policy) = self.settings.opening else {
            return Vec::new();
        };
        let (proxy, service) = (self.clone(), service.clone());
        let opening = self.tasks.spawn(async move {
            let provider = service.provider;
            match proxy.open(policy, &service, maximum).await {
                Ok(accounts) => accounts,
                Err(reason) => {
                    tracing::warn!(%provider, %reason, "no channel is opened");
                    Vec::new()
                }
            }
        });
        opening.await.unwrap_or_default()
    }

    async fn open(
        &self,
        policy: OpeningPolicy,
        service: &ServiceInfo,
        maximum: u128,
    ) -> Result<Vec<Account>, String> {
        // One at a time: whoever waits here finds the channel that the one before opened.
        let mut openings = self.opening.lock().await;
        let found = |listing: &Listing| listing.accounts.get(&service.service).cloned();
        let listing = self.market.listing();
        if let Some(accounts) = found(&listing) {
            return Ok(accounts);
        }
        let reserved = openings.reserved(&listing, Instant::now());
        if openings.0.contains_key(&service.service) {
            return Err("a channel was opened, or perhaps was, and is not seen yet".to_owned());
        }
        let cap = self.cap(policy, service).await?;
        if maximum > cap {
            return Err(format!(
                "{cap} units can be reserved; the request may cost {maximum}"
            ));
        }
        if reserved.saturating_add(cap) > policy.total {
            return Err(format!(
                "{reserved} units are reserved in channels, and {cap} more would be above the limit of {}",
                policy.total
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
        // Before it is submitted: whatever becomes of this program's attention, it is not opened twice.
        let until = Instant::now() + UNSURE;
        openings.0.insert(service.service, Unseen { cap, until });
        if let Err(error) = self.chain.open(opening).await {
            let is_unsure = matches!(
                error,
                SubmitError::NotFinalized { .. } | SubmitError::Stopped | SubmitError::Chain(_)
            );
            if !is_unsure {
                openings.0.remove(&service.service);
            }
            return Err(error.to_string());
        }
        let provider = service.provider;
        tracing::info!(%provider, service = service.service, cap, "a channel is opened");
        let until = Instant::now() + SEEN;
        loop {
            self.market.refresh().await.map_err(|e| e.to_string())?;
            if let Some(accounts) = found(&self.market.listing()) {
                openings.0.remove(&service.service);
                return Ok(accounts);
            }
            if Instant::now() >= until {
                return Err("the channel was opened and is not seen yet".to_owned());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Units that can be reserved for a service.
    async fn cap(&self, policy: OpeningPolicy, service: &ServiceInfo) -> Result<u128, String> {
        let standing = self.chain.provider(&service.provider).await;
        let standing = standing.map_err(|e| e.to_string())?;
        let room = match standing.room {
            Room::UpTo(room) => room,
            other => return Err(format!("no channel can be opened to it now: {other:?}")),
        };
        let constants = self.chain.constants().await.map_err(|e| e.to_string())?;
        // For certain are payers made whole only where the bond covers all that is reserved, so many times.
        let factor = u128::from(constants.slash_factor.max(1));
        let covered = (standing.bond / factor).saturating_sub(standing.reserved);
        let room = match policy.covered_only {
            true => room.min(covered),
            false => room,
        };
        let cap = policy.cap.min(room);
        if cap < constants.min_cap {
            return Err(format!(
                "its bond stands behind {cap} more units; expected {} at least",
                constants.min_cap
            ));
        }
        Ok(cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_yet_is_counted_until_it_is_seen_or_dead() {
        let now = Instant::now();
        let mut openings = Openings::default();
        for (service, cap, seconds) in [(1, 10, 60), (2, 20, 60), (3, 40, 5)] {
            let until = now + Duration::from_secs(seconds);
            openings.0.insert(service, Unseen { cap, until });
        }
        let mut listing = Listing::default();
        assert_eq!(openings.reserved(&listing, now), 70);
        listing.accounts.insert(2, Vec::new());
        assert_eq!(openings.reserved(&listing, now), 50);
        let later = now + Duration::from_secs(6);
        assert_eq!(openings.reserved(&listing, later), 10);
    }
}
