//! Who is asked: services of the chain, channels that pay for them, and what was seen of their providers.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use noema_chain_client::{AccountId, ChainError};
use noema_compute_primitives::{
    ChannelId, Metering, Price, ServiceId, ServiceKind, VerificationMode,
};

use crate::chain::{
    Browse, ChannelInfo, ChannelState, ComputeChain, ServiceInfo, SessionInfo, Tick,
};

/// Pages of services, and of channels, that are read.
const PAGES: usize = 50;
/// How long a provider is left alone after its first failure, doubled with each further one, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LAST_PAUSE: Duration = Duration::from_secs(300);
/// How long a provider is not asked at all that charges for answers which do not come: at first, since one that was killed does so, too; doubled each time, and at most. After so many good ones in a row, half of it is forgotten.
const FIRST_BAR: Duration = Duration::from_millis(250);
const LONGEST_BAR: Duration = Duration::from_secs(24 * 60 * 60);
const GOOD: u32 = 32;
/// How much of a latency the newest one is.
const NEWEST: f64 = 0.25;

/// What comes first among providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preference {
    /// The least that the request can cost.
    Price,
    /// The least time to the first byte.
    Latency,
    /// Price, with a second of latency counting as much as the price itself.
    #[default]
    Balanced,
}

/// Which services come into question.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What comes first.
    pub preference: Preference,
    /// In which modes answers may be checked; all of them when it is empty. Every mode's label is shown with the answer.
    pub modes: Vec<VerificationMode>,
    /// The dearest price of tokens, in every part of it.
    pub max_price: Option<Price>,
    /// The dearest price of a unit.
    pub max_unit: Option<u128>,
    /// These providers and no others; all when it is empty.
    pub only: Vec<AccountId>,
}

impl Choice {
    /// The dearest price of what is counted so.
    fn most(&self, metering: Metering) -> Option<Price> {
        match metering {
            Metering::Tokens => self.max_price,
            Metering::Units => self.max_unit.map(|unit| Price::Units { unit }),
        }
    }
}

/// A channel that this buyer's key can sign for.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) channel: ChannelId,
    pub(crate) info: Arc<ChannelInfo>,
    pub(crate) session: SessionInfo,
}

/// A service that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) info: ServiceInfo,
    pub(crate) accounts: Vec<Account>,
}

/// What the chain says, read at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listing {
    pub(crate) now: Tick,
    pub(crate) services: Vec<ServiceInfo>,
    /// Open channels of the payer's with a session of this buyer's key, by service.
    pub(crate) accounts: BTreeMap<ServiceId, Vec<Account>>,
    /// All channels of the payer's with such a session.
    pub(crate) channels: BTreeMap<ChannelId, Arc<ChannelInfo>>,
    /// When the block was seen of which it is the state.
    pub(crate) read_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Health {
    failures: u32,
    until: Option<Instant>,
    /// Milliseconds to the first byte.
    latency: Option<f64>,
    /// For how long it was last not asked at all, since it charged for what never came; and until when.
    bar: Duration,
    barred_until: Option<Instant>,
    /// Good answers since.
    good: u32,
}

impl Health {
    fn is_barred(&self, now: Instant) -> bool {
        self.barred_until.is_some_and(|until| until > now)
    }
}

/// The market as one buyer sees it.
#[derive(Debug)]
pub(crate) struct Market<C> {
    chain: C,
    payer: AccountId,
    key: AccountId,
    choice: Choice,
    listing: RwLock<Arc<Listing>>,
    health: Mutex<HashMap<AccountId, Health>>,
}

impl<C: ComputeChain> Market<C> {
    pub(crate) fn new(chain: C, payer: AccountId, key: AccountId, choice: Choice) -> Self {
        Self {
            chain,
            payer,
            key,
            choice,
            listing: RwLock::default(),
            health: Mutex::default(),
        }
    }

    /// What was last read.
    pub(crate) fn listing(&self) -> Arc<Listing> {
        let listing = self.listing.read().unwrap_or_else(PoisonError::into_inner);
        listing.clone()
    }

    /// Reads the chain anew.
    pub(crate) async fn refresh(&self) -> Result<(), ChainError> {
        let asked = Instant::now();
        let moment = self.chain.now().await?;
        let mut listing = Listing {
            now: moment.tick,
            read_at: Some(asked.checked_sub(moment.age).unwrap_or(asked)),
            ..Listing::default()
        };
        for kind in [ServiceKind::Chat, ServiceKind::Embedding, ServiceKind::Job] {
            let wanted = Browse {
                kind: Some(kind),
                at_most: self.choice.most(kind.metering()),
                ..Browse::default()
            };
            let mut after = None;
            for _ in 0..PAGES {
                let page = self.chain.browse(&wanted, after).await?;
                listing.services.extend(page.items);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        let mut after = None;
        for _ in 0..PAGES {
            let page = self.chain.channels_of(&self.payer, after).await?;
            for channel in page.items {
                if let Some(info) = self.chain.channel(channel).await? {
                    self.list(&mut listing, channel, info);
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        *self.listing.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(listing);
        Ok(())
    }

    fn list(&self, listing: &mut Listing, channel: ChannelId, info: ChannelInfo) {
        let info = Arc::new(info);
        let ours = info.sessions.iter().filter(|one| one.key == self.key);
        let mut any = false;
        for session in ours {
            any = true;
            if info.state == ChannelState::Open && !session.revoked && session.ends > listing.now {
                let account = Account {
                    channel,
                    info: info.clone(),
                    session: session.clone(),
                };
                let accounts = listing.accounts.entry(info.service).or_default();
                accounts.push(account);
            }
        }
        if any {
            listing.channels.insert(channel, info);
        }
    }

    /// Whether a service comes into question at all.
    pub(crate) fn suits(&self, info: &ServiceInfo) -> bool {
        let choice = &self.choice;
        let listed =
            |mode: &VerificationMode| choice.modes.is_empty() || choice.modes.contains(mode);
        info.active
            && listed(&info.descriptor.verification)
            && (choice.only.is_empty() || choice.only.contains(&info.provider))
            && choice
                .most(info.descriptor.price.metering())
                .is_none_or(|most| info.descriptor.price.is_at_most(&most))
    }

    /// The services that answer for a model, the best first; those that failed lately last. `most` is what the request costs at most at a price.
    pub(crate) fn candidates(
        &self,
        kind: ServiceKind,
        model: &str,
        most: impl Fn(&Price) -> Option<u128>,
        is_liar: impl Fn(&AccountId) -> bool,
    ) -> Vec<Candidate> {
        let listing = self.listing();
        let health = self.health();
        let now = Instant::now();
        let mut ranked: Vec<((bool, f64), Candidate)> = listing
            .services
            .iter()
            .filter(|info| {
                let seen = health.get(&info.provider);
                info.descriptor.kind == kind
                    && info.descriptor.model[..] == *model.as_bytes()
                    && self.suits(info)
                    && !is_liar(&info.provider)
                    && !seen.is_some_and(|seen| seen.is_barred(now))
            })
            .filter_map(|info| {
                let price = most(&info.descriptor.price)?;
                let seen = health.get(&info.provider).copied().unwrap_or_default();
                let unwell = seen.until.is_some_and(|until| until > now);
                let accounts = listing.accounts.get(&info.service);
                let candidate = Candidate {
                    info: info.clone(),
                    accounts: accounts.cloned().unwrap_or_default(),
                };
                Some(((unwell, self.rank(price, seen.latency)), candidate))
            })
            .collect();
        ranked.sort_by(|(a, x), (b, y)| {
            let rank = a.0.cmp(&b.0);
            let rank = rank.then(a.1.partial_cmp(&b.1).unwrap_or(Ordering::Equal));
            rank.then(x.info.service.cmp(&y.info.service))
        });
        ranked.into_iter().map(|(_, candidate)| candidate).collect()
    }

    /// The smaller, the better. Who was never asked counts as quick, so that everybody is asked once.
    fn rank(&self, price: u128, latency: Option<f64>) -> f64 {
        // A rank needs no more digits than a float has.
        let (price, latency) = (price as f64, latency.unwrap_or(0.0));
        match self.choice.preference {
            Preference::Price => price,
            Preference::Latency => latency,
            Preference::Balanced => price.max(1.0) * (1.0 + latency / 1_000.0),
        }
    }

    fn health(&self) -> MutexGuard<'_, HashMap<AccountId, Health>> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A provider has given an answer that is good, and began with it after so long.
    pub(crate) fn answered(&self, provider: AccountId, after: Duration) {
        let mut all = self.health();
        let health = all.entry(provider).or_default();
        let millis = after.as_secs_f64() * 1_000.0;
        let before = health.latency.unwrap_or(millis);
        health.latency = Some(before + (millis - before) * NEWEST);
        health.failures = 0;
        health.until = None;
        health.good = health.good.saturating_add(1);
        if health.good >= GOOD {
            health.good = 0;
            health.bar /= 2;
        }
    }

    /// A provider has charged for an answer that never came, or not as a whole, though nobody went away from it. It proves no lie, but it is not asked for a while, and longer each time: so this
    /// costs a few maxima and not one for every request.
    pub(crate) fn charged_in_vain(&self, provider: AccountId) {
        let now = Instant::now();
        let mut all = self.health();
        let health = all.entry(provider).or_default();
        health.good = 0;
        // Several at the same time are once.
        if !health.is_barred(now) {
            health.bar = (health.bar * 2).clamp(FIRST_BAR, LONGEST_BAR);
            health.barred_until = Some(now + health.bar);
            tracing::warn!(%provider, millis = health.bar.as_millis() as u64, "a provider charged for an answer that did not come; it is not asked for a while");
        }
    }

    /// Whether a provider is not asked now, since it charged for what did not come.
    pub(crate) fn is_barred(&self, provider: &AccountId) -> bool {
        let health = self.health();
        let seen = health.get(provider);
        seen.is_some_and(|seen| seen.is_barred(Instant::now()))
    }

    /// A provider did not answer as it should. For a while it is asked last.
    pub(crate) fn failed(&self, provider: AccountId) {
        let mut all = self.health();
        let health = all.entry(provider).or_default();
        let doublings = health.failures.min(16);
        let pause = FIRST_PAUSE.saturating_mul(1 << doublings).min(LAST_PAUSE);
        health.failures = health.failures.saturating_add(1);
        health.until = Some(Instant::now() + pause);
    }

    /// Providers that failed lately, and how often in a row.
    pub(crate) fn unwell(&self) -> Vec<(AccountId, u32)> {
        let now = Instant::now();
        let all = self.health();
        let unwell = all
            .iter()
            .filter(|(_, seen)| seen.is_barred(now) || seen.until.is_some_and(|until| until > now));
        let mut unwell: Vec<_> = unwell.map(|(who, seen)| (*who, seen.failures)).collect();
        unwell.sort_unstable();
        unwell
    }
}
