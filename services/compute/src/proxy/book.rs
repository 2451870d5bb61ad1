//! What a buyer has promised, owes and may spend: in memory to decide, in the journal to survive.

mod kept;
mod taken;

use std::{
    collections::{BTreeMap, HashSet},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::AccountId;
use noema_compute_primitives::Hash;
use noema_journal::{Change, Journal, JournalError, Table};
use tokio::sync::Notify;

pub(crate) use super::spending::BookRefusal;
pub use super::spending::Spending;
use super::{
    lanes::{BuyerLane, Pending},
    market::Account,
};

use crate::{
    chain::{ChannelSessions, SessionLanes},
    gateway::LaneKey,
    SignedReceipt,
};
pub(crate) use kept::{Found, KeptPage, ReceiptNumber};
use kept::{ANSWERS, RECEIPTS};
pub(crate) use taken::Taken;

const LANES: Table = "lanes";
const APPLICATIONS: Table = "applications";
const LIARS: Table = "liars";

/// A provider that was caught.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Liar {
    /// What it said and what was expected.
    pub reason: String,
    /// When, in milliseconds since 1970.
    pub time: u64,
}

/// The book.
#[derive(Debug)]
pub(crate) struct Book {
    journal: Journal,
    state: Mutex<State>,
    spending: Spending,
    /// Told when a lane is let go of, on which a voucher may be out.
    pub(crate) orphaned: Notify,
}

#[derive(Debug, Default)]
struct State {
    lanes: BTreeMap<LaneKey, BuyerLane>,
    /// Units that each application has spent.
    applications: BTreeMap<String, u128>,
    liars: BTreeMap<AccountId, Liar>,
    /// Lanes on which a request is being answered now.
    active: HashSet<LaneKey>,
    /// Lanes that wait for the receipt of an answer which their provider broke off, and nobody else.
    broken: HashSet<LaneKey>,
    next_receipt: u64,
}

/// What a request needs of the book.
#[derive(Clone, Debug)]
pub(crate) struct Order<'a> {
    pub(crate) account: &'a Account,
    pub(crate) maximum: u128,
    pub(crate) application: &'a str,
    /// The most that the application may spend.
    pub(crate) limit: Option<u128>,
}

impl Book {
    /// Opens the book of a payer's session key in `dir`. Notes that cannot be read stop it: money is in them.
    pub(crate) fn open(
        dir: &Path,
        genesis: &Hash,
        payer: &AccountId,
        key: &AccountId,
        spending: Spending,
    ) -> Result<Arc<Self>, JournalError> {
        let owner = (b"proxy/2", genesis, payer, key).encode();
        let tables = [LANES, APPLICATIONS, LIARS, RECEIPTS, ANSWERS];
        let journal = Journal::open(&dir.join("proxy.redb"), &owner, &tables)?;
        let bad = |what: &str| JournalError::Read(format!("{what} is damaged"));
        let mut state = State::default();
        for (key, value) in journal.read(LANES)? {
            let name = LaneKey::from_bytes(&key).ok_or_else(|| bad("a lane"))?;
            let lane = BuyerLane::decode_all(&mut &value[..]).map_err(|_| bad("a lane"))?;
            state.lanes.insert(name, lane);
        }
        for (key, value) in journal.read(APPLICATIONS)? {
            let name = String::from_utf8(key).map_err(|_| bad("an application"))?;
            let spent = u128::decode_all(&mut &value[..]).map_err(|_| bad("an application"))?;
            state.applications.insert(name, spent);
        }
        for (key, value) in journal.read(LIARS)? {
            let key: [u8; 32] = key.try_into().map_err(|_| bad("a liar"))?;
            let liar = Liar::decode_all(&mut &value[..]).map_err(|_| bad("a liar"))?;
            state.liars.insert(AccountId(key), liar);
        }
        state.next_receipt = kept::next(&journal)?;
        Ok(Arc::new(Self {
            journal,
            state: Mutex::new(state),
            spending,
            orphaned: Notify::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the limits allow a request, whoever answers it.
    pub(crate) fn allows(
        &self,
        maximum: u128,
        application: &str,
        limit: Option<u128>,
    ) -> Result<(), BookRefusal> {
        let state = self.state();
        state.within(&self.spending, maximum, application, limit)
    }

    /// Takes a free lane of the account and has the voucher for it made and noted. Durable when it returns: only then may it be sent.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        order: &Order<'_>,
        make: impl FnOnce(LaneKey, &BuyerLane) -> Pending,
    ) -> Result<Taken, BookRefusal> {
        let (key, before, written, pending) = {
            let mut state = self.state();
            state.within(
                &self.spending,
                order.maximum,
                order.application,
                order.limit,
            )?;
            let account = order.account;
            state.covered(account, order.maximum)?;
            let (key, before) = state.free_lane(account).ok_or(BookRefusal::NoLane)?;
            let pending = make(key, &before);
            let after = before.begin(pending.clone()).ok_or(BookRefusal::NoLane)?;
            let written = self.journal.submit(vec![lane_change(&key, &after)]);
            state.lanes.insert(key, after);
            state.active.insert(key);
            (key, before, written, pending)
        };
        let taken = Taken {
            book: self.clone(),
            key,
            pending,
            broke: false,
        };
        if let Err(error) = written.durable().await {
            // It was not sent, and is not. If the note is on the disk after all, the next start asks for its receipt.
            self.state().lanes.insert(key, before);
            return Err(error.into());
        }
        tracing::trace!(target: "noema_compute::durable", step = "pending noted");
        Ok(taken)
    }

    /// Notes the checked receipt of the voucher that is out on a lane. Nobody waits until it is durable: the voucher is, so that a receipt that is lost is asked for again, and the
    /// gateway, which kept it before it showed it, gives the same one. What the lane promises next is noted behind it. `arrived`: whether the whole answer did, and the receipt binds it.
    pub(crate) fn settle(&self, key: &LaneKey, signed: &SignedReceipt, arrived: bool) {
        let written = {
            let mut state = self.state();
            let Some(lane) = state.lanes.get(key) else {
                return;
            };
            let Some(pending) = lane.pending().cloned() else {
                return;
            };
            let application = pending.application.clone();
            let Some(after) = lane.settle(signed.clone()) else {
                return;
            };
            let mut changes = vec![lane_change(key, &after)];
            state.lanes.insert(*key, after);
            let spent = state.applications.entry(application.clone()).or_default();
            *spent = spent.saturating_add(signed.receipt.amount);
            changes.push(Change {
                table: APPLICATIONS,
                key: application.into_bytes(),
                value: Some(spent.encode()),
            });
            changes.extend(state.keep(&pending, signed, arrived));
            self.journal.submit(changes)
        };
        tokio::spawn(async move {
            match written.durable().await {
                Ok(()) => {
                    tracing::trace!(target: "noema_compute::durable", step = "receipt kept");
                }
                // The next voucher cannot be noted either, and is not signed.
                Err(error) => {
                    tracing::error!(%error, "a receipt cannot be kept; it is asked for again at the next start");
                }
            }
        });
    }

    /// Whether the provider gave no whole answer to the last voucher of a lane; forgets it.
    pub(crate) fn take_broken(&self, key: &LaneKey) -> bool {
        self.state().broken.remove(key)
    }

    /// Stops a lane.
    pub(crate) async fn stop(&self, key: &LaneKey, reason: &str) -> Result<(), JournalError> {
        let written = {
            let mut state = self.state();
            let Some(lane) = state.lanes.get_mut(key) else {
                return Ok(());
            };
            *lane = lane.stop(reason.to_owned());
            self.journal.submit(vec![lane_change(key, lane)])
        };
        written.durable().await
    }

    /// Notes a provider that was caught; it is asked no more.
    pub(crate) async fn note_liar(
        &self,
        provider: AccountId,
        liar: Liar,
    ) -> Result<(), JournalError> {
        let change = Change {
            table: LIARS,
            key: provider.0.to_vec(),
            value: Some(liar.encode()),
        };
        self.state().liars.insert(provider, liar);
        self.journal.write(vec![change]).await
    }

    /// Providers that were caught.
    pub(crate) fn liars(&self) -> BTreeMap<AccountId, Liar> {
        self.state().liars.clone()
    }

    /// Whether a provider was caught.
    pub(crate) fn is_liar(&self, provider: &AccountId) -> bool {
        self.state().liars.contains_key(provider)
    }

    /// Vouchers that are out and on which nobody waits: their receipts are to be asked for.
    pub(crate) fn orphans(&self) -> Vec<(LaneKey, Pending)> {
        let state = self.state();
        let orphans = state.lanes.iter().filter_map(|(key, lane)| {
            let pending = lane.pending()?;
            let waits = lane.stopped().is_none() && !state.active.contains(key);
            waits.then(|| (*key, pending.clone()))
        });
        orphans.collect()
    }

    /// A lane.
    pub(crate) fn lane(&self, key: &LaneKey) -> Option<BuyerLane> {
        self.state().lanes.get(key).cloned()
    }

    /// Units spent by receipts, and promised by vouchers that are out.
    pub(crate) fn totals(&self) -> (u128, u128) {
        let state = self.state();
        let spent = state.applications.values().fold(0, add);
        let promised = state
            .lanes
            .values()
            .map(BuyerLane::promised)
            .fold(0, |sum, one| add(sum, &one));
        (spent, promised)
    }
}

fn add(sum: u128, one: &u128) -> u128 {
    sum.saturating_add(*one)
}

impl State {
    fn within(
        &self,
        spending: &Spending,
        maximum: u128,
        application: &str,
        limit: Option<u128>,
    ) -> Result<(), BookRefusal> {
        let (all, ours) = (self.spent(None), self.spent(Some(application)));
        spending.allows(maximum, all, application, ours, limit)
    }

    /// Units spent and promised, by all or by one application.
    fn spent(&self, application: Option<&str>) -> u128 {
        let spent = match application {
            None => self.applications.values().fold(0, add),
            Some(name) => self.applications.get(name).copied().unwrap_or(0),
        };
        let pending = self.lanes.values().filter_map(BuyerLane::pending);
        let ours = pending.filter(|pending| {
            application.is_none_or(|application| pending.application == application)
        });
        ours.fold(spent, |sum, pending| {
            sum.saturating_add(pending.signed.voucher.maximum)
        })
    }

    /// Whether the channel pays for `maximum` beside all that is promised.
    fn covered(&self, account: &Account, maximum: u128) -> Result<(), BookRefusal> {
        let limit = account.session.limits.per_use;
        if maximum > limit {
            return Err(BookRefusal::PerUse { maximum, limit });
        }
        let first = LaneKey {
            channel: account.channel,
            session: 0,
            lane: 0,
        };
        let lanes = self.lanes.range(first..);
        let lanes = lanes.take_while(|(key, _)| key.channel == account.channel);
        let promised = lanes.fold(0_u128, |sum, (key, lane)| {
            // From the lanes of a session that was dropped nothing can be redeemed.
            let Some(session) = account.info.session(key.session) else {
                return sum;
            };
            let redeemed = session.redeemed(key.lane);
            sum.saturating_add(lane.at_most().saturating_sub(redeemed))
        });
        let left = account.info.left.min(account.session.left());
        if promised.saturating_add(maximum) > left {
            return Err(BookRefusal::Exhausted {
                left,
                promised,
                maximum,
            });
        }
        Ok(())
    }

    fn free_lane(&self, account: &Account) -> Option<(LaneKey, BuyerLane)> {
        (0..account.session.lanes).find_map(|lane| {
            let key = LaneKey {
                channel: account.channel,
                session: account.session.session,
                lane,
            };
            match self.lanes.get(&key) {
                Some(known) => known.is_free().then(|| (key, known.clone())),
                // Something was redeemed of which this book knows nothing: it was lost.
                None if account.session.lane(lane).is_some() => None,
                None => Some((key, BuyerLane::default())),
            }
        })
    }
}

fn lane_change(key: &LaneKey, lane: &BuyerLane) -> Change {
    Change {
        table: LANES,
        key: key.to_bytes(),
        value: Some(lane.encode()),
    }
}
