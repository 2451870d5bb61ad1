//! The price of the present round, and its base: as storage's does, it follows use.

use crate::{BalanceOf, Config, Error, Event, Pallet, Price, StoredBytes, Used, WeightInfo};
use frame_support::{ensure, traits::Get, weights::WeightMeter};
use noema_price::{self as price, PriceState, Usage, MILLION};
use noema_traits::{ProviderRegistry, Role};
use sp_runtime::{traits::CheckedAdd, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The price in force.
    pub(crate) fn price() -> PriceState<BalanceOf<T>> {
        Price::<T>::get().unwrap_or_else(|| PriceState {
            round: Self::round(),
            base: T::BasePrice::get(),
            next_base: T::BasePrice::get(),
            multiplier: MILLION,
        })
    }

    /// Units per GiB and round.
    pub(crate) fn per_gib(state: &PriceState<BalanceOf<T>>) -> Result<BalanceOf<T>, DispatchError> {
        Self::amount(price::per_gib(Self::wide(state.base), state.multiplier))
    }

    /// What is in use and free now: bytes of available blobs, against what active providers of the role declared.
    fn usage() -> Usage {
        let reserved = StoredBytes::<T>::get();
        Usage {
            reserved,
            free: T::Providers::total_free(Role::DataAvailability).saturating_sub(reserved),
        }
    }

    /// Fixes the price of a round in its first block, before any transaction, by what every block of the round before saw; and sees what this one does.
    pub(crate) fn fix_price(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::on_poll()).is_err() {
            return;
        }
        let round = Self::round();
        let before = Price::<T>::get();
        let seen = Self::usage();
        if before.is_some_and(|price| price.round == round) {
            Used::<T>::mutate(|all| *all = all.and(&seen));
            return;
        }
        if meter.try_consume(T::WeightInfo::on_poll_price()).is_err() {
            return;
        }
        let state = match before {
            Some(before) => {
                let all = Used::<T>::get();
                // Nobody looked: hooks that did not run.
                let all = if all == Usage::default() { seen } else { all };
                before.moved(round, all.utilisation())
            }
            // The first round begins at the base price, whatever is used.
            None => Self::price(),
        };
        Price::<T>::put(state);
        Used::<T>::put(seen);
        if let Ok(price) = Self::per_gib(&state) {
            Self::deposit_event(Event::PriceMoved { round, price });
        }
    }

    /// Sets the base price of the next round.
    pub(crate) fn do_set_base_price(base: BalanceOf<T>) -> DispatchResult {
        let mut state = Self::price();
        let twice = |amount: BalanceOf<T>| amount.checked_add(&amount);
        let not_above = twice(state.base).is_none_or(|most| base <= most);
        let not_below = twice(base).is_none_or(|doubled| doubled >= state.base);
        ensure!(
            base >= T::MinBasePrice::get()
                && base <= T::MaxBasePrice::get()
                && not_above
                && not_below,
            Error::<T>::PriceOutOfBounds
        );
        state.next_base = base;
        Price::<T>::put(state);
        Self::deposit_event(Event::BasePriceSet {
            price: base,
            from: state.round.saturating_add(1),
        });
        Ok(())
    }
}
