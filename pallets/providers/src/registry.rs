//! The directory as other pallets read it.

use crate::{
    math, tree::RoleTree, BalanceOf, Censuses, Config, Operators, Pallet, ParametersByRole,
    Providers, UncoveredSince,
};
use alloc::vec::Vec;
use noema_traits::{ProviderRegistry, Role, Shortfall};
use sp_runtime::{
    traits::{Saturating, UniqueSaturatedInto},
    DispatchResult, SaturatedConversion,
};

impl<T: Config> ProviderRegistry<T::AccountId, BalanceOf<T>> for Pallet<T> {
    fn is_active(role: Role, provider: &T::AccountId) -> bool {
        Providers::<T>::get(role, provider).is_some_and(|record| record.state.is_active())
    }

    fn active_count(role: Role) -> u32 {
        Censuses::<T>::get(role).active
    }

    fn bond(role: Role, provider: &T::AccountId) -> BalanceOf<T> {
        Providers::<T>::get(role, provider)
            .map(|record| record.bond)
            .unwrap_or_default()
    }

    fn stake(role: Role, provider: &T::AccountId) -> BalanceOf<T> {
        let bond = <Self as ProviderRegistry<_, _>>::bond(role, provider);
        // Always fits: no more than is held.
        Self::stake_behind(role, provider, bond).saturated_into()
    }

    fn collateral(role: Role, provider: &T::AccountId) -> BalanceOf<T> {
        let Some(record) = Providers::<T>::get(role, provider) else {
            return BalanceOf::<T>::default();
        };
        // What is on its way out carries no new promises, but answers for those that were made.
        let behind = Self::slashable_behind(role, provider, &record);
        // A seat reserves no bytes: what it promises weighs in a quorum as much as all that stands behind it.
        if role == Role::DataAvailability {
            return behind.saturated_into();
        }
        let per_mib = T::Parameters::parameters(role).collateral_per_mib;
        let promised = math::required_bond(record.reserved, per_mib.unique_saturated_into());
        // Always fits: no more than is held.
        promised.min(behind).saturated_into()
    }

    fn shortfall(role: Role, provider: &T::AccountId) -> Option<Shortfall> {
        let record = Providers::<T>::get(role, provider)?;
        let backed = Self::backed_bytes(role, provider, record.bond);
        let bytes = record
            .reserved
            .checked_sub(backed)
            .filter(|bytes| *bytes > 0)?;
        let now = Self::now();
        let since = UncoveredSince::<T>::get(role, provider).unwrap_or(now);
        Some(Shortfall {
            bytes,
            blocks: now.saturating_sub(since).unique_saturated_into(),
        })
    }

    fn total_free(role: Role) -> u128 {
        noema_sum_tree::total(&RoleTree::<T>::new(role))
    }

    fn endpoint(role: Role, provider: &T::AccountId) -> Option<Vec<u8>> {
        Providers::<T>::get(role, provider).map(|record| record.endpoint.into_inner())
    }

    fn provider_of_operator(role: Role, operator: &T::AccountId) -> Option<T::AccountId> {
        Operators::<T>::get(role, operator)
    }

    fn free_bytes(role: Role, provider: &T::AccountId) -> u64 {
        Providers::<T>::get(role, provider)
            .map_or(0, |record| Self::free_bytes_of(role, provider, &record))
    }

    fn draw(role: Role, random: &[u8; 32]) -> Option<T::AccountId> {
        Self::draw_provider(role, random)
    }

    fn reserve(role: Role, provider: &T::AccountId, bytes: u64) -> DispatchResult {
        Self::do_reserve(role, provider, bytes)
    }

    fn release(role: Role, provider: &T::AccountId, bytes: u64) {
        use frame_support::traits::DefensiveResult;
        // A record outlives its reservations, so that there is always one to release them from.
        Self::do_release(role, provider, bytes).defensive_ok();
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(role: Role, provider: &T::AccountId, operator: &T::AccountId, free: u64) {
        crate::benchmarking::make_active::<T>(role, provider, operator, free);
    }
}
