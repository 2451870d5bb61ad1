//! Capacity: what a bond covers, what is reserved, what is free.

use crate::{
    math, BalanceOf, Config, Error, Event, Pallet, ParametersByRole, ProviderOf, RoleParameters,
};
use frame_support::ensure;
use noema_traits::Role;
use sp_runtime::{traits::UniqueSaturatedInto, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Bytes that `bond` and the delegations that count beside it cover.
    pub(crate) fn backed_bytes(role: Role, who: &T::AccountId, bond: BalanceOf<T>) -> u64 {
        let RoleParameters {
            collateral_per_mib, ..
        } = T::Parameters::parameters(role);
        math::backed_bytes(
            Self::stake_behind(role, who, bond),
            collateral_per_mib.unique_saturated_into(),
        )
    }

    /// Bytes that the provider can still be assigned; zero unless it is active. This is its weight
    /// in the sum tree.
    pub(crate) fn free_bytes_of(role: Role, who: &T::AccountId, provider: &ProviderOf<T>) -> u64 {
        if provider.state.is_active() {
            let backed = Self::backed_bytes(role, who, provider.bond);
            math::free_bytes(provider.declared, backed, provider.reserved)
        } else {
            0
        }
    }

    pub(crate) fn do_set_capacity(role: Role, who: &T::AccountId, capacity: u64) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            provider.declared = capacity;
            Ok(())
        })?;
        Self::deposit_event(Event::CapacitySet {
            role,
            provider: who.clone(),
            capacity,
        });
        Ok(())
    }

    /// Sets `bytes` aside. Changes nothing when it fails.
    pub(crate) fn do_reserve(role: Role, who: &T::AccountId, bytes: u64) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            let free = Self::free_bytes_of(role, who, provider);
            ensure!(bytes <= free, Error::<T>::NotEnoughFreeBytes);
            // Cannot saturate: what is free and what is reserved fit into what is declared.
            provider.reserved = provider.reserved.saturating_add(bytes);
            Ok(())
        })
    }

    /// Gives `bytes` back. More than are reserved is an error of the caller: all are given back.
    pub(crate) fn do_release(role: Role, who: &T::AccountId, bytes: u64) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            frame_support::defensive_assert!(
                bytes <= provider.reserved,
                "more bytes are released than are reserved"
            );
            provider.reserved = provider.reserved.saturating_sub(bytes);
            Ok(())
        })
    }
}
