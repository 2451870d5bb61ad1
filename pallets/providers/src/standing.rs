//! Active, chilled, jailed: the calls that move a provider between them.

use crate::{ChillReason, Config, Error, Event, Pallet, ProviderOf, ProviderState};
use frame_support::ensure;
use noema_traits::{ReturnGate, Role};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_chill(role: Role, who: &T::AccountId) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            ensure!(provider.state.is_active(), Error::<T>::NotActive);
            provider.state = ProviderState::Chilled;
            Ok(())
        })?;
        Self::deposit_event(Event::Chilled {
            role,
            provider: who.clone(),
            reason: ChillReason::OwnCall,
        });
        Ok(())
    }

    pub(crate) fn do_activate(role: Role, who: &T::AccountId) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            match provider.state {
                ProviderState::Active => Err(Error::<T>::AlreadyActive),
                ProviderState::Jailed { .. } => Err(Error::<T>::StillJailed),
                ProviderState::Leaving { .. } => Err(Error::<T>::Leaving),
                ProviderState::Chilled => Ok(()),
            }?;
            ensure!(
                provider.bond >= Self::minimum_bond(role),
                Error::<T>::BondTooSmall
            );
            ensure!(
                T::ReturnGate::may_return(role, who),
                Error::<T>::BeingDropped
            );
            provider.state = ProviderState::Active;
            Ok::<_, DispatchError>(())
        })?;
        Self::deposit_event(Event::Activated {
            role,
            provider: who.clone(),
        });
        Ok(())
    }

    pub(crate) fn do_unjail(role: Role, who: &T::AccountId) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            let ProviderState::Jailed { until } = provider.state else {
                return Err(Error::<T>::NotJailed.into());
            };
            ensure!(Self::now() >= until, Error::<T>::StillJailed);
            provider.state = ProviderState::Chilled;
            Ok(())
        })?;
        Self::deposit_event(Event::Unjailed {
            role,
            provider: who.clone(),
        });
        Ok(())
    }

    /// Chills an active provider whose bond is under the minimum.
    pub(crate) fn chill_if_bond_too_small(
        role: Role,
        who: &T::AccountId,
        provider: &mut ProviderOf<T>,
    ) {
        if provider.state.is_active() && provider.bond < Self::minimum_bond(role) {
            provider.state = ProviderState::Chilled;
            Self::deposit_event(Event::Chilled {
                role,
                provider: who.clone(),
                reason: ChillReason::BondTooSmall,
            });
        }
    }
}
