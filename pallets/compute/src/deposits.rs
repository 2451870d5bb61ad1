//! What is held for the bytes that somebody puts into state.

use crate::{
    Balance, Book, ChannelOf, Config, Error, HoldReason, Lane, Pair, Pallet, Purse, ServiceOf,
    SessionOf,
};
use codec::MaxEncodedLen;
use frame_support::{
    defensive,
    storage::with_storage_layer,
    traits::{
        fungible::{hold::Mutate as _, InspectHold as _},
        tokens::Precision,
        Get,
    },
};
use noema_compute_primitives::{ChannelId, LaneId, ModelName, ServiceId, ServiceKind, SessionId};
use sp_runtime::DispatchResult;

/// Bytes that `Twox64Concat` puts before a key.
const TWOX: usize = 8;
/// Bytes that `Blake2_128Concat` puts before a key.
const BLAKE: usize = 16;

/// The deposit for items of at most these bytes, keys and their hashes included. What all keys of a map begin with is there once.
fn price<T: Config>(items: impl IntoIterator<Item = usize>) -> Balance {
    items.into_iter().fold(0, |sum: Balance, bytes| {
        let bytes = Balance::try_from(bytes).unwrap_or(Balance::MAX);
        sum.saturating_add(T::ItemDeposit::get())
            .saturating_add(T::ByteDeposit::get().saturating_mul(bytes))
    })
}

/// The most bytes of a value and its keys together, after those of the hashes before the keys.
macro_rules! bytes {
    ($($hash:ident)*; $($part:ty),+) => {
        0_usize$(.saturating_add($hash))*$(.saturating_add(<$part>::max_encoded_len()))+
    };
}

/// A service with its three entries in lists, and the provider's book.
pub(crate) fn service<T: Config>() -> Balance {
    price::<T>([
        bytes!(TWOX; ServiceId, ServiceOf<T>),
        bytes!(BLAKE TWOX; T::AccountId, ServiceId),
        bytes!(TWOX TWOX; ServiceKind, ServiceId),
        bytes!(BLAKE TWOX; ModelName, ServiceId),
        bytes!(BLAKE; T::AccountId, Book),
    ])
}

/// A channel with its two entries in lists, and the provider's book.
pub(crate) fn channel<T: Config>() -> Balance {
    price::<T>([
        bytes!(TWOX; ChannelId, ChannelOf<T>),
        bytes!(BLAKE TWOX; T::AccountId, ChannelId),
        bytes!(BLAKE TWOX; T::AccountId, ChannelId),
        bytes!(BLAKE; T::AccountId, Book),
    ])
}

/// A session with so many lanes.
pub(crate) fn session<T: Config>(lanes: LaneId) -> Balance {
    let lane = price::<T>([bytes!(TWOX TWOX; ChannelId, SessionId, LaneId, Lane)]);
    price::<T>([bytes!(TWOX TWOX; ChannelId, SessionId, SessionOf<T>)])
        .saturating_add(lane.saturating_mul(lanes.into()))
}

/// A purse.
pub(crate) fn purse<T: Config>() -> Balance {
    price::<T>([bytes!(BLAKE; T::AccountId, Purse)])
}

/// The record of what two have had to do with each other.
pub(crate) fn pair<T: Config>() -> Balance {
    price::<T>([bytes!(BLAKE BLAKE; T::AccountId, T::AccountId, Pair)])
}

impl<T: Config> Pallet<T> {
    /// Holds a deposit.
    pub(crate) fn hold_deposit(who: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::hold(&HoldReason::Deposit.into(), who, amount)
            .map_err(|_| Error::<T>::InsufficientFunds.into())
    }

    /// Gives a deposit back; as much as is there, so that nothing outside this pallet that took from the hold can keep a record in state.
    pub(crate) fn release_deposit(who: &T::AccountId, amount: Balance) {
        let reason = HoldReason::Deposit.into();
        let there = T::Currency::balance_on_hold(&reason, who).min(amount);
        let released =
            with_storage_layer(|| T::Currency::release(&reason, who, there, Precision::Exact));
        if released != Ok(amount) {
            defensive!("the hold is not the sum of the deposits");
        }
    }
}
