//! What must hold of amounts after every block. Each function checks one invariant.

use crate::{
    Balance, Book, Books, ChannelState, Channels, Config, HoldReason, Lanes, Pairs, Pallet, Purses,
    Services, Sessions,
};
use alloc::collections::btree_map::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use noema_compute_primitives::{ChannelId, SessionId};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// A provider's book counts its services and its channels that are not settled, and sums what these have left; an empty one is not kept. A settled channel
    /// has nothing left.
    pub(crate) fn try_state_books_match() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<T::AccountId, Book> = BTreeMap::new();
        for service in Services::<T>::iter_values() {
            let book = expected.entry(service.provider).or_default();
            book.services = book.services.saturating_add(1);
        }
        for channel in Channels::<T>::iter_values() {
            if let ChannelState::Settled { .. } = channel.state {
                ensure!(channel.left == 0, "a settled channel has something left");
                continue;
            }
            let book = expected.entry(channel.provider).or_default();
            book.channels = book.channels.saturating_add(1);
            book.reserved = book.reserved.saturating_add(channel.left);
        }
        let books: BTreeMap<T::AccountId, Book> = Books::<T>::iter().collect();
        ensure!(
            books == expected,
            "a provider's book differs from its services and channels"
        );
        Ok(())
    }

    /// A purse has reserved what its channels have left, no more than it holds, and counts its channels; an empty one without channels is not kept.
    pub(crate) fn try_state_purses_match() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<T::AccountId, (Balance, u32)> = BTreeMap::new();
        for channel in Channels::<T>::iter_values() {
            let (reserved, channels) = expected.entry(channel.payer).or_default();
            *reserved = reserved.saturating_add(channel.left);
            *channels = channels.saturating_add(1);
        }
        for (who, purse) in Purses::<T>::iter() {
            let sums = expected.remove(&who).unwrap_or_default();
            ensure!(
                sums == (purse.reserved, purse.channels),
                "a purse has reserved something else than its channels have left, or counts them wrong"
            );
            ensure!(
                purse.reserved <= purse.balance,
                "channels have reserved more than a purse holds"
            );
            ensure!(
                purse.balance > 0 || purse.channels > 0,
                "an empty purse is kept"
            );
        }
        ensure!(expected.is_empty(), "a channel has no purse");
        Ok(())
    }

    /// A pair counts the channels between the two, and every channel has its pair.
    pub(crate) fn try_state_pairs_match() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<(T::AccountId, T::AccountId), u32> = BTreeMap::new();
        for channel in Channels::<T>::iter_values() {
            let channels = expected
                .entry((channel.payer, channel.provider))
                .or_default();
            *channels = channels.saturating_add(1);
        }
        for (payer, provider, pair) in Pairs::<T>::iter() {
            let channels = expected.remove(&(payer, provider)).unwrap_or_default();
            ensure!(
                channels == pair.channels,
                "a pair counts other channels than there are"
            );
        }
        ensure!(expected.is_empty(), "a channel has no pair");
        Ok(())
    }

    /// A session has spent what its lanes have paid, within its limit, and a channel has paid at least that of all its sessions.
    pub(crate) fn try_state_redeemed_is_the_sum_of_lanes() -> Result<(), TryRuntimeError> {
        let mut of_lanes: BTreeMap<(ChannelId, SessionId), Balance> = BTreeMap::new();
        for ((channel, session), _, lane) in Lanes::<T>::iter() {
            let sum = of_lanes.entry((channel, session)).or_default();
            *sum = sum.saturating_add(lane.redeemed);
        }
        let mut of_sessions: BTreeMap<ChannelId, Balance> = BTreeMap::new();
        for (channel, number, record) in Sessions::<T>::iter() {
            let spent = record.session.spent();
            let paid = of_lanes.get(&(channel, number)).copied().unwrap_or(0);
            ensure!(
                spent == paid,
                "a session has spent something else than its lanes have paid"
            );
            ensure!(
                spent <= record.session.grant().limits.total,
                "a session has spent more than it may"
            );
            let sum = of_sessions.entry(channel).or_default();
            *sum = sum.saturating_add(spent);
        }
        for (number, channel) in Channels::<T>::iter() {
            ensure!(
                channel.redeemed >= of_sessions.get(&number).copied().unwrap_or(0),
                "a channel has paid less than its sessions have spent"
            );
        }
        Ok(())
    }

    /// `held(Purse, account) = balance of the purse`, exactly, on every account that there is: also those without a purse.
    pub(crate) fn try_state_holds_equal_purses() -> Result<(), TryRuntimeError> {
        for (who, purse) in Purses::<T>::iter() {
            let held = T::Currency::balance_on_hold(&HoldReason::Purse.into(), &who);
            ensure!(
                held == purse.balance,
                "what is held for requests differs from the purse"
            );
        }
        for who in frame_system::Account::<T>::iter_keys() {
            let held = T::Currency::balance_on_hold(&HoldReason::Purse.into(), &who);
            ensure!(
                held == 0 || Purses::<T>::contains_key(&who),
                "something is held for requests of an account without a purse"
            );
        }
        Ok(())
    }

    /// `held(Deposit, account) = Σ deposits of its services, channels, sessions, purse and pairs`, exactly, on every account that there is: also those without any.
    pub(crate) fn try_state_holds_equal_deposits() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<T::AccountId, Balance> = BTreeMap::new();
        let mut add = |who: T::AccountId, deposit: Balance| {
            let sum = expected.entry(who).or_default();
            *sum = sum.saturating_add(deposit);
        };
        for service in Services::<T>::iter_values() {
            add(service.provider, service.deposit);
        }
        for channel in Channels::<T>::iter_values() {
            add(channel.payer, channel.deposit);
        }
        for (channel, _, session) in Sessions::<T>::iter() {
            let channel =
                Channels::<T>::get(channel).ok_or("a session is of a channel that is not there")?;
            add(channel.payer, session.deposit);
        }
        for (who, purse) in Purses::<T>::iter() {
            add(who, purse.deposit);
        }
        for (payer, _, pair) in Pairs::<T>::iter() {
            add(payer, pair.deposit);
        }
        for (who, deposits) in &expected {
            let held = T::Currency::balance_on_hold(&HoldReason::Deposit.into(), who);
            ensure!(
                held == *deposits,
                "what is held as deposits differs from the records"
            );
        }
        for who in frame_system::Account::<T>::iter_keys() {
            let held = T::Currency::balance_on_hold(&HoldReason::Deposit.into(), &who);
            ensure!(
                held == 0 || expected.contains_key(&who),
                "something is held as a deposit of an account without records"
            );
        }
        Ok(())
    }
}
