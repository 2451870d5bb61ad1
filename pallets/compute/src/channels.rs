//! Channels: opened, topped up, closed, settled, removed.

use crate::{
    deposits, Balance, Book, Books, Channel, ChannelOf, ChannelState, Channels, ChannelsOf,
    ChannelsWith, Config, Error, Event, GrantOf, NextChannel, Pair, Pairs, Pallet, Purses,
};
use frame_support::{ensure, traits::Get};
use noema_compute_primitives::{ChannelId, LaneId, ServiceId};
use noema_traits::{ProviderRegistry, Role};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_open(
        payer: T::AccountId,
        service: ServiceId,
        cap: Balance,
        lanes: LaneId,
        grant: GrantOf<T>,
    ) -> DispatchResult {
        let offered = Self::service(service)?;
        let provider = offered.provider;
        ensure!(payer != provider, Error::<T>::PayerIsProvider);
        ensure!(Self::is_active(&provider), Error::<T>::ProviderInactive);
        ensure!(cap >= T::MinCap::get(), Error::<T>::CapTooSmall);
        let channel = NextChannel::<T>::get();
        let next = channel.checked_add(1).ok_or(ArithmeticError::Overflow)?;

        let mut book = Self::book_with_room(&provider, cap)?;
        book.channels = book
            .channels
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        Books::<T>::insert(&provider, book);

        let mut purse = Self::purse_or_new(&payer)?;
        Self::reserve(&payer, &mut purse, cap)?;
        purse.channels = purse
            .channels
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        Purses::<T>::insert(&payer, purse);

        Self::add_channel_to_pair(&payer, &provider)?;
        let deposit = deposits::channel::<T>();
        Self::hold_deposit(&payer, deposit)?;
        let mut record = Channel {
            payer: payer.clone(),
            provider: provider.clone(),
            service,
            key: offered.key.clone(),
            left: cap,
            redeemed: 0,
            state: ChannelState::Open,
            next_session: 0,
            sessions: 0,
            lanes: 0,
            deposit,
        };
        NextChannel::<T>::put(next);
        ChannelsOf::<T>::insert(&payer, channel, ());
        ChannelsWith::<T>::insert(&provider, channel, ());
        Self::deposit_event(Event::ChannelOpened {
            channel,
            payer,
            provider,
            service,
            key: offered.key,
            cap,
        });
        Self::add_session(channel, &mut record, lanes, grant)?;
        Channels::<T>::insert(channel, record);
        Ok(())
    }

    pub(crate) fn do_top_up(
        who: &T::AccountId,
        channel: ChannelId,
        amount: Balance,
    ) -> DispatchResult {
        let mut record = Self::own_channel(who, channel)?;
        ensure!(record.state == ChannelState::Open, Error::<T>::NotOpen);
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        ensure!(
            Self::is_active(&record.provider),
            Error::<T>::ProviderInactive
        );
        let book = Self::book_with_room(&record.provider, amount)?;
        Books::<T>::insert(&record.provider, book);
        let mut purse = Self::purse_or_new(who)?;
        Self::reserve(who, &mut purse, amount)?;
        Purses::<T>::insert(who, purse);
        record.left = record
            .left
            .checked_add(amount)
            .ok_or(ArithmeticError::Overflow)?;
        let left = record.left;
        Channels::<T>::insert(channel, record);
        Self::deposit_event(Event::ToppedUp {
            channel,
            amount,
            left,
        });
        Ok(())
    }

    pub(crate) fn do_close(who: &T::AccountId, channel: ChannelId) -> DispatchResult {
        let mut record = Self::channel(channel)?;
        if *who == record.provider {
            ensure!(
                !matches!(record.state, ChannelState::Settled { .. }),
                Error::<T>::AlreadySettled
            );
            return Self::settle_now(channel, record);
        }
        ensure!(*who == record.payer, Error::<T>::NotYourChannel);
        ensure!(record.state == ChannelState::Open, Error::<T>::NotOpen);
        let until = Self::now().saturating_add(T::CloseLock::get());
        record.state = ChannelState::Closing { until };
        Channels::<T>::insert(channel, record);
        Self::deposit_event(Event::ChannelClosing { channel, until });
        Ok(())
    }

    pub(crate) fn do_settle(channel: ChannelId) -> DispatchResult {
        let record = Self::channel(channel)?;
        match record.state {
            ChannelState::Open => Err(Error::<T>::NotClosing.into()),
            ChannelState::Settled { .. } => Err(Error::<T>::AlreadySettled.into()),
            ChannelState::Closing { until } => {
                ensure!(Self::now() >= until, Error::<T>::Locked);
                Self::settle_now(channel, record)
            }
        }
    }

    /// Ends all reservations of a channel that is not settled.
    fn settle_now(channel: ChannelId, mut record: ChannelOf<T>) -> DispatchResult {
        let returned = core::mem::take(&mut record.left);
        let mut purse = Purses::<T>::get(&record.payer).ok_or(Error::<T>::Inconsistent)?;
        purse.reserved = purse
            .reserved
            .checked_sub(returned)
            .ok_or(Error::<T>::Inconsistent)?;
        Purses::<T>::insert(&record.payer, purse);
        let mut book = Books::<T>::get(&record.provider).ok_or(Error::<T>::Inconsistent)?;
        book.reserved = book
            .reserved
            .checked_sub(returned)
            .ok_or(Error::<T>::Inconsistent)?;
        book.channels = book
            .channels
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Self::put_book(&record.provider, book);
        record.state = ChannelState::Settled { at: Self::now() };
        Channels::<T>::insert(channel, record);
        Self::deposit_event(Event::ChannelSettled { channel, returned });
        Ok(())
    }

    /// Returns how many sessions and lanes went with the channel.
    pub(crate) fn do_remove(
        who: &T::AccountId,
        channel: ChannelId,
    ) -> Result<(u32, u32), DispatchError> {
        let record = Self::channel(channel)?;
        let ChannelState::Settled { at } = record.state else {
            return Err(Error::<T>::NotSettled.into());
        };
        let waived = *who == record.payer;
        let over = Self::now() >= at.saturating_add(T::EvidenceWindow::get());
        ensure!(waived || over, Error::<T>::EvidencePossible);

        let released = Self::remove_sessions(channel, &record)?;
        Channels::<T>::remove(channel);
        ChannelsOf::<T>::remove(&record.payer, channel);
        ChannelsWith::<T>::remove(&record.provider, channel);
        let mut pair =
            Pairs::<T>::get(&record.payer, &record.provider).ok_or(Error::<T>::Inconsistent)?;
        pair.channels = pair
            .channels
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Pairs::<T>::insert(&record.payer, &record.provider, pair);
        let mut purse = Purses::<T>::get(&record.payer).ok_or(Error::<T>::Inconsistent)?;
        purse.channels = purse
            .channels
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Self::put_purse(&record.payer, purse);
        Self::release_deposit(&record.payer, record.deposit.saturating_add(released));
        Self::deposit_event(Event::ChannelRemoved { channel });
        Ok((record.sessions, record.lanes.into()))
    }

    pub(crate) fn channel(channel: ChannelId) -> Result<ChannelOf<T>, Error<T>> {
        Channels::<T>::get(channel).ok_or(Error::<T>::UnknownChannel)
    }

    pub(crate) fn own_channel(
        who: &T::AccountId,
        channel: ChannelId,
    ) -> Result<ChannelOf<T>, Error<T>> {
        let record = Self::channel(channel)?;
        if *who == record.payer {
            Ok(record)
        } else {
            Err(Error::<T>::NotYourChannel)
        }
    }

    /// The most that the provider's channels may hold in all.
    pub(crate) fn most_reserved(provider: &T::AccountId) -> Balance {
        Self::carried_by(T::Providers::bond(Role::Compute, provider))
    }

    /// The most that channels may hold in all on the strength of such a bond.
    pub(crate) fn carried_by(bond: Balance) -> Balance {
        // More than can exist is no limit.
        bond.saturating_mul(T::CapPerBond::get().into())
    }

    /// The provider's book with `amount` more reserved, if its bond carries that. The caller stores it.
    fn book_with_room(provider: &T::AccountId, amount: Balance) -> Result<Book, DispatchError> {
        let mut book = Books::<T>::get(provider).unwrap_or_default();
        let reserved = book.reserved.checked_add(amount);
        let most = Self::most_reserved(provider);
        book.reserved = reserved
            .filter(|reserved| *reserved <= most)
            .ok_or(Error::<T>::CapAboveBond)?;
        Ok(book)
    }

    fn add_channel_to_pair(payer: &T::AccountId, provider: &T::AccountId) -> DispatchResult {
        let mut pair = match Pairs::<T>::get(payer, provider) {
            Some(pair) => pair,
            None => {
                let deposit = deposits::pair::<T>();
                Self::hold_deposit(payer, deposit)?;
                Pair {
                    deposit,
                    ..Pair::default()
                }
            }
        };
        pair.channels = pair
            .channels
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        Pairs::<T>::insert(payer, provider, pair);
        Ok(())
    }
}
