//! Punishment and reward: what other pallets do to providers.

use crate::{
    bonding::{sum_of_chunks, take_from_chunks},
    BalanceOf, BlockNumberOf, Config, Error, Event, Pallet, Pools, ProviderState, Providers,
};
use frame_support::{
    ensure,
    storage::with_storage_layer,
    traits::{
        fungible::{Balanced, BalancedHold, Credit, Mutate},
        tokens::Preservation,
        Get, Imbalance, OnUnbalanced,
    },
};
use noema_traits::{ProviderDiscipline, Role, SlashOutcome};
use sp_runtime::{
    traits::{Saturating, Zero},
    DispatchError, DispatchResult, Perbill,
};

impl<T: Config> ProviderDiscipline<T::AccountId, BalanceOf<T>, BlockNumberOf<T>> for Pallet<T> {
    fn slash(
        role: Role,
        provider: &T::AccountId,
        amount: BalanceOf<T>,
        reporter: Option<(&T::AccountId, Perbill)>,
    ) -> Result<SlashOutcome<BalanceOf<T>>, DispatchError> {
        // Callers may be hooks, where nothing is rolled back for them.
        with_storage_layer(|| Self::do_slash(role, provider, amount, reporter))
    }

    fn jail(role: Role, provider: &T::AccountId, blocks: BlockNumberOf<T>) -> DispatchResult {
        let end = Self::now().saturating_add(blocks);
        let until = Self::try_mutate_provider(role, provider, |record| {
            let until = match record.state {
                ProviderState::Jailed { until: before } => end.max(before),
                ProviderState::Leaving {
                    jailed_until: Some(before),
                } => end.max(before),
                ProviderState::Active
                | ProviderState::Chilled
                | ProviderState::Leaving { jailed_until: None } => end,
            };
            record.state = if record.state.is_leaving() {
                ProviderState::Leaving {
                    jailed_until: Some(until),
                }
            } else {
                ProviderState::Jailed { until }
            };
            Ok(until)
        })?;
        Self::deposit_event(Event::Jailed {
            role,
            provider: provider.clone(),
            until,
        });
        Ok(())
    }

    fn reward(
        role: Role,
        payer: &T::AccountId,
        provider: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        ensure!(
            Providers::<T>::contains_key(role, provider),
            Error::<T>::UnknownProvider
        );
        // A payer is never emptied by a reward: a pot that dies would lose its references.
        with_storage_layer(|| {
            let to_delegators = if Pools::<T>::contains_key(role, provider) {
                Self::try_mutate_provider(role, provider, |record| {
                    Self::reward_pool(role, payer, provider, record.bond, amount)
                })?
            } else {
                Zero::zero()
            };
            let rest = amount.saturating_sub(to_delegators);
            T::Currency::transfer(payer, provider, rest, Preservation::Preserve).map(drop)
        })?;
        Self::deposit_event(Event::Rewarded {
            role,
            provider: provider.clone(),
            payer: payer.clone(),
            amount,
        });
        Ok(())
    }
}

impl<T: Config> Pallet<T> {
    fn do_slash(
        role: Role,
        who: &T::AccountId,
        amount: BalanceOf<T>,
        reporter: Option<(&T::AccountId, Perbill)>,
    ) -> Result<SlashOutcome<BalanceOf<T>>, DispatchError> {
        let (own, delegated, bond) = Self::try_mutate_provider(role, who, |provider| {
            let there = provider
                .bond
                .saturating_add(sum_of_chunks::<T, _>(&provider.unlocking));
            let (credit, missing) =
                T::Currency::slash(&Self::hold_reason(role), who, amount.min(there));
            // What the records say is held: anything else would leave records without funds.
            ensure!(missing.is_zero(), Error::<T>::Inconsistent);

            let taken = credit.peek();
            let from_bond = taken.min(provider.bond);
            provider.bond = provider.bond.saturating_sub(from_bond);
            let rest = taken.saturating_sub(from_bond);
            let missing = take_from_chunks::<T, _>(&mut provider.unlocking, rest);
            ensure!(missing.is_zero(), Error::<T>::Inconsistent);
            Self::chill_if_bond_too_small(role, who, provider);
            // First loss is the provider's own; those who delegated to it pay for the rest.
            let rest = amount.saturating_sub(taken);
            let delegated = Self::slash_pool(role, who, rest)?;
            Ok((credit, delegated, provider.bond))
        })?;
        // Only now, with records and pool written, may code of others run.
        let from_delegators = delegated.peek();
        let outcome = Self::share_out(own, reporter);
        T::SlashFund::on_unbalanced(delegated);
        Self::deposit_event(Event::Slashed {
            role,
            provider: who.clone(),
            amount: outcome.slashed,
            to_reporter: outcome.to_reporter,
            to_fund: outcome.to_fund,
            bond,
        });
        Ok(SlashOutcome {
            slashed: outcome.slashed.saturating_add(from_delegators),
            own: outcome.own,
            to_reporter: outcome.to_reporter,
            to_fund: outcome.to_fund.saturating_add(from_delegators),
        })
    }

    /// Pays the reporter's share of what was the offender's own and hands the rest to the fund. What
    /// the reporter's account cannot receive goes to the fund, too.
    fn share_out(
        credit: Credit<T::AccountId, T::Currency>,
        reporter: Option<(&T::AccountId, Perbill)>,
    ) -> SlashOutcome<BalanceOf<T>> {
        let slashed = credit.peek();
        let mut to_reporter = BalanceOf::<T>::zero();
        let mut for_fund = credit;
        if let Some((reporter, share)) = reporter {
            let share = share.min(T::MaxReporterShare::get());
            let (reward, rest) = for_fund.split(share.mul_floor(slashed));
            let reward_size = reward.peek();
            for_fund = match T::Currency::resolve(reporter, reward) {
                Ok(()) => {
                    to_reporter = reward_size;
                    rest
                }
                Err(unpaid) => rest.merge(unpaid),
            };
        }
        let to_fund = for_fund.peek();
        T::SlashFund::on_unbalanced(for_fund);
        SlashOutcome {
            slashed,
            own: slashed,
            to_reporter,
            to_fund,
        }
    }
}
