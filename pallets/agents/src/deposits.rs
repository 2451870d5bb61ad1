//! What is held for the bytes that somebody puts into state: all of it on the agent's account, but for feedbacks and what is staged.

use crate::{
    AgentOf, Aggregate, Balance, Config, DataOf, EndpointsRecord, Error, FeedbackOf, HoldReason,
    MetadataRecord, Pallet, ScheduledOf, SessionOf, TagRecord, Usage,
};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    defensive,
    traits::{
        fungible::{hold::Mutate as _, InspectHold as _},
        tokens::{Fortitude, Precision, Preservation},
        Get,
    },
};
use noema_agents_primitives::{AgentId, DataIndex, FeedbackId, Key, ScheduleId, SessionId, Tag};
use sp_runtime::{DispatchError, DispatchResult};

/// Bytes that `Twox64Concat` puts before a key.
const TWOX: usize = 8;
/// Bytes that `Blake2_128Concat` puts before a key.
const BLAKE: usize = 16;

/// The deposit for items of these bytes, keys and their hashes included. What all keys of a map begin with is there once.
fn price<T: Config>(items: impl IntoIterator<Item = usize>) -> Balance {
    items.into_iter().fold(0, |sum: Balance, bytes| {
        let bytes = Balance::try_from(bytes).unwrap_or(Balance::MAX);
        sum.saturating_add(T::ItemDeposit::get())
            .saturating_add(T::ByteDeposit::get().saturating_mul(bytes))
    })
}

/// The bytes of hashes, of keys at their most, and so many more.
macro_rules! bytes {
    ($($hash:ident)*; $($part:ty),* $(; $more:expr)?) => {
        0_usize$(.saturating_add($hash))*$(.saturating_add(<$part>::max_encoded_len()))*$(.saturating_add($more))?
    };
}

/// An agent at its largest, its entries in two lists, and its reputation.
pub(crate) fn agent<T: Config>() -> Balance {
    price::<T>([
        bytes!(TWOX; AgentId, AgentOf<T>),
        bytes!(BLAKE TWOX; T::AccountId, AgentId),
        bytes!(BLAKE; T::AccountId, AgentId),
        bytes!(TWOX; AgentId, Aggregate),
    ])
}

/// Endpoints; nothing for none.
pub(crate) fn endpoints<T: Config>(record: &EndpointsRecord) -> Balance {
    if record.endpoints.is_empty() {
        return 0;
    }
    price::<T>([bytes!(TWOX; AgentId; record.encoded_size())])
}

/// An entry of metadata.
pub(crate) fn metadata<T: Config>(key: &Key, record: &MetadataRecord) -> Balance {
    price::<T>([
        bytes!(TWOX BLAKE; AgentId; key.encoded_size().saturating_add(record.encoded_size())),
    ])
}

/// An entry of data.
pub(crate) fn data<T: Config>(record: &DataOf<T>) -> Balance {
    price::<T>([bytes!(TWOX TWOX; AgentId, DataIndex; record.encoded_size())])
}

/// A usage.
pub(crate) fn usage<T: Config>() -> Balance {
    price::<T>([bytes!(TWOX BLAKE; AgentId, T::AccountId, Usage)])
}

/// A session, and its key in a list. Nothing in it grows.
pub(crate) fn session<T: Config>(record: &SessionOf<T>) -> Balance {
    price::<T>([
        bytes!(TWOX TWOX; AgentId, SessionId; record.encoded_size()),
        bytes!(TWOX BLAKE; AgentId, T::AccountId, SessionId),
    ])
}

/// A scheduled act.
pub(crate) fn scheduled<T: Config>(record: &ScheduledOf<T>) -> Balance {
    price::<T>([bytes!(TWOX TWOX; AgentId, ScheduleId; record.encoded_size())])
}

/// A tag with what is kept under it.
pub(crate) fn tag<T: Config>(tag: &Tag) -> Balance {
    price::<T>([bytes!(TWOX BLAKE; AgentId, TagRecord; tag.encoded_size())])
}

/// A feedback at its largest, so that there is room for the response, and its entry in a list.
pub(crate) fn feedback<T: Config>() -> Balance {
    price::<T>([
        bytes!(TWOX TWOX; AgentId, FeedbackId, FeedbackOf<T>),
        bytes!(BLAKE TWOX; T::AccountId, AgentId, FeedbackId),
    ])
}

impl<T: Config> Pallet<T> {
    /// Holds a deposit on `account`, paid by `who`: out of its own balance, or out of the account's if that is who acts.
    pub(crate) fn hold_deposit(
        who: &T::AccountId,
        account: &T::AccountId,
        amount: Balance,
    ) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let reason = HoldReason::Deposit.into();
        if who == account {
            T::Currency::hold(&reason, account, amount)
        } else {
            T::Currency::transfer_and_hold(
                &reason,
                who,
                account,
                amount,
                Precision::Exact,
                Preservation::Preserve,
                Fortitude::Polite,
            )
            .map(drop)
        }
        .map_err(|error| whole(error, Error::<T>::InsufficientFunds))
    }

    /// Gives a deposit back to the account on which it is held; as much as is there, so that nothing outside this pallet that took from the hold can keep a
    /// record in state. In no layer of storage of its own: what fails here fails the call.
    pub(crate) fn release_deposit(account: &T::AccountId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let reason = HoldReason::Deposit.into();
        let there = T::Currency::balance_on_hold(&reason, account).min(amount);
        if there < amount {
            defensive!("the hold is not the sum of the deposits");
        }
        T::Currency::release(&reason, account, there, Precision::Exact).map(drop)
    }

    /// What is held for an entry of an agent becomes `new` instead of `old`.
    pub(crate) fn change_deposit(
        who: &T::AccountId,
        account: &T::AccountId,
        old: Balance,
        new: Balance,
    ) -> DispatchResult {
        Self::release_deposit(account, old.saturating_sub(new))?;
        Self::hold_deposit(who, account, new.saturating_sub(old))
    }
}

/// The error that a call is refused with: that of the call, unless there is no layer of storage left. Then it says so, for whoever made this call within another one: nothing
/// may count as done or failed by itself because somebody nested it too deeply.
pub(crate) fn whole(found: DispatchError, otherwise: impl Into<DispatchError>) -> DispatchError {
    match found {
        DispatchError::Transactional(_) => found,
        _ => otherwise.into(),
    }
}
