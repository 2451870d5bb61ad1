//! What finalised state says of this gateway's services and of the channels that pay it. Requests are answered from here; only a channel that is new is asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{Duration, Instant},
};

use futures::StreamExt;
use noema_chain_client::{AccountId, ChainError};
use noema_compute_primitives::{ChannelId, Price, ServiceId, SessionId};
use tokio::sync::Semaphore;

use crate::chain::{ChannelInfo, ChannelSessions, ComputeChain, ServiceInfo, Tick};

/// Questions about channels at the same time.
const QUESTIONS: usize = 8;
/// Requests that ask or wait until they may; those beyond are sent away.
const WAITING: usize = 64;
/// Numbers of channels that are remembered not to pay this gateway, and how long.
const MISSES: usize = 4096;
const MISS_TIME: Duration = Duration::from_secs(6);
/// How old what is known of a channel must be for it to be asked for again when it has not the session that is named: a key may have been granted since.
const GRANT_TIME: Duration = Duration::from_secs(1);

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory<C> {
    chain: C,
    provider: AccountId,
    /// The keys that sign this gateway's receipts.
    keys: Vec<AccountId>,
    services: Vec<ServiceId>,
    stale_after: Duration,
    price_leniency: Tick,
    state: RwLock<State>,
    begun: Instant,
    misses: Mutex<HashMap<ChannelId, Instant>>,
    questions: Semaphore,
    waiting: Semaphore,
}

#[derive(Debug, Default)]
struct State {
    clock: Option<Clock>,
    offers: HashMap<ServiceId, Offer>,
    channels: HashMap<ChannelId, Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Clock {
    now: Tick,
    seen: Instant,
}

#[derive(Clone, Debug)]
struct Seen {
    info: Arc<ChannelInfo>,
    at: Instant,
}

/// A service as the chain has it, and which prices are good for it.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) info: ServiceInfo,
    /// The price before, and until when it is still taken.
    before: Option<(Price, Tick)>,
}

impl Offer {
    /// Whether a voucher may bind the price now.
    pub(crate) fn accepts(&self, price: &Price, now: Tick, leniency: Tick) -> bool {
        let announced = self
            .info
            .next
            .is_some_and(|next| next.price == *price && next.from <= now.saturating_add(leniency));
        *price == self.info.descriptor.price
            || announced
            || self
                .before
                .is_some_and(|(before, until)| before == *price && now < until)
    }
}

/// Why nothing is known of something.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Unknown {
    #[error("there is no such channel of this provider, by the finalised state of the chain")]
    Channel,
    #[error("the gateway asks for too many channels already; try again")]
    Busy,
    #[error("the gateway has not seen a new finalised block for {seconds} s; try again")]
    Stale { seconds: u64 },
    #[error("the chain cannot be asked: {0}")]
    Chain(#[from] ChainError),
}

/// What a directory is made for.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) provider: AccountId,
    pub(crate) keys: Vec<AccountId>,
    pub(crate) services: Vec<ServiceId>,
    pub(crate) stale_after: Duration,
    pub(crate) price_leniency: Tick,
}

impl<C: ComputeChain> Directory<C> {
    pub(crate) fn new(chain: C, wanted: Wanted) -> Self {
        Self {
            chain,
            provider: wanted.provider,
            keys: wanted.keys,
            services: wanted.services,
            stale_after: wanted.stale_after,
            price_leniency: wanted.price_leniency,
            state: RwLock::default(),
            begun: Instant::now(),
            misses: Mutex::default(),
            questions: Semaphore::new(QUESTIONS),
            waiting: Semaphore::new(WAITING),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Since when no newer finalised block was seen; since the start, when none was.
    pub(crate) fn age(&self) -> Duration {
        let clock = self.read().clock;
        clock.map_or(self.begun, |clock| clock.seen).elapsed()
    }

    /// The present tick, if it was seen lately.
    pub(crate) fn now(&self) -> Result<Tick, Unknown> {
        let clock = self.read().clock;
        match clock {
            Some(clock) if clock.seen.elapsed() <= self.stale_after => Ok(clock.now),
            clock => Err(Unknown::Stale {
                seconds: clock.map_or(0, |clock| clock.seen.elapsed().as_secs()),
            }),
        }
    }

    /// A service of this gateway that the chain has.
    pub(crate) fn offer(&self, service: ServiceId) -> Option<Offer> {
        self.read().offers.get(&service).cloned()
    }

    /// Whether a price may be bound to the service now.
    pub(crate) fn accepts(&self, offer: &Offer, price: &Price, now: Tick) -> bool {
        offer.accepts(price, now, self.price_leniency)
    }

    /// A channel of this provider, as it was lately; as it is now, when it had no such session.
    pub(crate) async fn channel(
        &self,
        channel: ChannelId,
        session: SessionId,
    ) -> Result<Arc<ChannelInfo>, Unknown> {
        if let Some(known) = self.known(channel, session) {
            return known;
        }
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Unknown::Busy);
        };
        // The semaphore is never closed; an error would let one more ask.
        let _turn = self.questions.acquire().await;
        // Whoever had a turn before perhaps asked the same.
        if let Some(known) = self.known(channel, session) {
            return known;
        }
        let found = self.look(channel).await?;
        if found.is_none() {
            self.note_miss(channel);
        }
        found.ok_or(Unknown::Channel)
    }

    /// What is known of a channel without a question, if that is enough.
    fn known(
        &self,
        channel: ChannelId,
        session: SessionId,
    ) -> Option<Result<Arc<ChannelInfo>, Unknown>> {
        let seen = self.read().channels.get(&channel).cloned();
        if let Some(seen) = seen.filter(|seen| seen.at.elapsed() <= self.stale_after) {
            let known = seen.info.session(session).is_some();
            if known || seen.at.elapsed() < GRANT_TIME {
                return Some(Ok(seen.info));
            }
        }
        self.is_missed(channel).then_some(Err(Unknown::Channel))
    }

    /// Whether a channel is for a service and a key that this gateway works with. What the others owe is redeemed, and nothing more.
    pub(crate) fn works_for(&self, info: &ChannelInfo) -> bool {
        self.keys.contains(&info.key) && self.services.contains(&info.service)
    }

    /// A channel of this provider, as it was when it was last asked for.
    pub(crate) fn seen(&self, channel: ChannelId) -> Option<Arc<ChannelInfo>> {
        let state = self.read();
        state.channels.get(&channel).map(|seen| seen.info.clone())
    }

    /// Asks the chain for a channel. None when there is none of this provider. What is configured here does not count: something may be due from before it was changed.
    pub(crate) async fn look(
        &self,
        channel: ChannelId,
    ) -> Result<Option<Arc<ChannelInfo>>, ChainError> {
        let at = Instant::now();
        let found = self.chain.channel(channel).await?;
        let ours = found.filter(|info| info.provider == self.provider);
        let Some(info) = ours.map(Arc::new) else {
            self.write().channels.remove(&channel);
            return Ok(None);
        };
        let seen = Seen {
            info: info.clone(),
            at,
        };
        self.write().channels.insert(channel, seen);
        Ok(Some(info))
    }

    fn is_missed(&self, channel: ChannelId) -> bool {
        let misses = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        misses
            .get(&channel)
            .is_some_and(|at| at.elapsed() < MISS_TIME)
    }

    fn note_miss(&self, channel: ChannelId) {
        let mut misses = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        if misses.len() >= MISSES {
            misses.retain(|_, at| at.elapsed() < MISS_TIME);
        }
        if misses.len() < MISSES {
            misses.insert(channel, Instant::now());
        }
    }

    /// Reads clock and services anew, and the channels that are known, and `more`, of those that were not read for `pause`.
    pub(crate) async fn refresh(
        &self,
        more: &[ChannelId],
        pause: Duration,
    ) -> Result<(), ChainError> {
        let asked = Instant::now();
        let moment = self.chain.now().await?;
        let now = moment.tick;
        // A machine that has just started has no time so long ago.
        let seen = asked.checked_sub(moment.age).unwrap_or(asked);
        for service in &self.services {
            let info = self.chain.service(*service).await?;
            let info = info.filter(|info| info.provider == self.provider);
            self.note_offer(*service, info, now);
        }
        self.write().clock = Some(Clock { now, seen });
        let channels = {
            let state = self.read();
            let known = state.channels.keys().chain(more).copied();
            let mut channels: Vec<_> = known
                .filter(|channel| {
                    let seen = state.channels.get(channel);
                    seen.is_none_or(|seen| seen.at.elapsed() >= pause)
                })
                .collect();
            channels.sort_unstable();
            channels.dedup();
            channels
        };
        let looks = channels.into_iter().map(|channel| self.look(channel));
        let mut looks = futures::stream::iter(looks).buffer_unordered(QUESTIONS);
        // One that cannot be read keeps the others from nothing.
        let mut first = Ok(());
        while let Some(looked) = looks.next().await {
            first = first.and(looked.map(drop));
        }
        first
    }

    fn note_offer(&self, service: ServiceId, info: Option<ServiceInfo>, now: Tick) {
        let mut state = self.write();
        let Some(info) = info else {
            state.offers.remove(&service);
            return;
        };
        let before = match state.offers.get(&service) {
            Some(old) if old.info.descriptor.price != info.descriptor.price => {
                let until = now.saturating_add(self.price_leniency);
                Some((old.info.descriptor.price, until))
            }
            Some(old) => old.before,
            None => None,
        };
        state.offers.insert(service, Offer { info, before });
    }
}
