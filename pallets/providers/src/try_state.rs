//! What must hold after every block. Each function checks one invariant.

use crate::{
    bonding::sum_of_chunks, tree::RoleTree, BalanceOf, Censuses, Config, FreeLeaves, Leaves,
    Operators, Pallet, ProviderOf, ProviderState, Providers, TreeNodes, UncoveredSince,
};
use alloc::collections::btree_set::BTreeSet;
use frame_support::{
    ensure,
    traits::{fungible::InspectHold, Get},
};
use noema_endpoint::Endpoint;
use noema_traits::Role;
use sp_runtime::{
    traits::{Saturating, Zero},
    SaturatedConversion, TryRuntimeError,
};

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        for role in Role::ALL {
            Self::try_state_holds_equal_records(role)?;
            Self::try_state_states_fit(role)?;
            Self::try_state_chunks_are_ordered(role)?;
            Self::try_state_operators_match(role)?;
            Self::try_state_endpoints_are_valid(role)?;
            Self::try_state_leaves_match(role)?;
            Self::try_state_tree_matches(role)?;
            Self::try_state_census_matches(role)?;
            Self::try_state_pools_fit_providers(role)?;
            Self::try_state_cover_is_noted(role)?;
        }
        Self::try_state_pools_are_sound()?;
        Self::try_state_pots_equal_pools()?;
        Self::try_state_delegations_equal_shares()
    }

    /// `held(reason, account) = bond + Σ unlocking`, exactly.
    pub(crate) fn try_state_holds_equal_records(role: Role) -> Result<(), TryRuntimeError> {
        for (who, provider) in Providers::<T>::iter_prefix(role) {
            let recorded: BalanceOf<T> = provider
                .bond
                .saturating_add(sum_of_chunks::<T, _>(&provider.unlocking));
            let held = T::Currency::balance_on_hold(&Self::hold_reason(role), &who);
            ensure!(
                held == recorded,
                "a provider's hold differs from its bond and unbonding"
            );
        }
        Ok(())
    }

    /// An active provider has at least the minimum bond; a leaving one has neither bond nor
    /// reserved bytes.
    pub(crate) fn try_state_states_fit(role: Role) -> Result<(), TryRuntimeError> {
        for provider in Providers::<T>::iter_prefix_values(role) {
            match provider.state {
                ProviderState::Active => ensure!(
                    provider.bond >= Self::minimum_bond(role),
                    "an active provider has less than the minimum bond"
                ),
                ProviderState::Leaving { .. } => {
                    ensure!(provider.bond.is_zero(), "a leaving provider still has bond");
                    ensure!(
                        provider.reserved.is_zero(),
                        "a leaving provider has reserved bytes"
                    );
                }
                ProviderState::Chilled | ProviderState::Jailed { .. } => {}
            }
        }
        Ok(())
    }

    /// Only of registered providers that have something reserved is it noted since when their stake is too small, and never from a block to come.
    pub(crate) fn try_state_cover_is_noted(role: Role) -> Result<(), TryRuntimeError> {
        for (who, since) in UncoveredSince::<T>::iter_prefix(role) {
            ensure!(
                Providers::<T>::get(role, &who)
                    .is_some_and(|provider| !provider.reserved.is_zero()),
                "a provider that has nothing reserved is noted as uncovered"
            );
            ensure!(
                since <= Self::now(),
                "a provider is noted as uncovered since a block to come"
            );
        }
        Ok(())
    }

    /// Chunks stand in the order of maturity, no two with the same, none empty.
    pub(crate) fn try_state_chunks_are_ordered(role: Role) -> Result<(), TryRuntimeError> {
        for provider in Providers::<T>::iter_prefix_values(role) {
            let mut before = None;
            for chunk in provider.unlocking {
                ensure!(!chunk.amount.is_zero(), "a chunk is empty");
                ensure!(before < Some(chunk.matures_at), "chunks are out of order");
                before = Some(chunk.matures_at);
            }
        }
        Ok(())
    }

    /// Every provider is found through its operator key, and every operator key leads to a provider
    /// that names it.
    pub(crate) fn try_state_operators_match(role: Role) -> Result<(), TryRuntimeError> {
        for (who, provider) in Providers::<T>::iter_prefix(role) {
            ensure!(
                Operators::<T>::get(role, &provider.operator) == Some(who),
                "an operator key does not lead to its provider"
            );
        }
        for (operator, who) in Operators::<T>::iter_prefix(role) {
            ensure!(
                Providers::<T>::get(role, who).is_some_and(|record| record.operator == operator),
                "an operator key leads to a provider that does not name it"
            );
        }
        Ok(())
    }

    /// Stored endpoints are well formed.
    pub(crate) fn try_state_endpoints_are_valid(role: Role) -> Result<(), TryRuntimeError> {
        for provider in Providers::<T>::iter_prefix_values(role) {
            ensure!(
                Endpoint::parse(&provider.endpoint).is_ok(),
                "a stored endpoint is invalid"
            );
        }
        Ok(())
    }

    /// Every leaf below `next_leaf` belongs either to one provider, whose record names it, or to the
    /// stack of free leaves, once.
    pub(crate) fn try_state_leaves_match(role: Role) -> Result<(), TryRuntimeError> {
        let census = Censuses::<T>::get(role);
        let mut seen = BTreeSet::new();
        for (leaf, who) in Leaves::<T>::iter_prefix(role) {
            ensure!(
                leaf < census.next_leaf,
                "a provider has a leaf that was never given out"
            );
            ensure!(
                Providers::<T>::get(role, who).is_some_and(|record| record.leaf == leaf),
                "a leaf leads to a provider that does not name it"
            );
            seen.insert(leaf);
        }
        for (position, leaf) in FreeLeaves::<T>::iter_prefix(role) {
            ensure!(
                position < census.free_leaves,
                "a free leaf lies beyond the stack"
            );
            ensure!(leaf < census.next_leaf, "a free leaf was never given out");
            ensure!(
                seen.insert(leaf),
                "a leaf is free and in use, or free twice"
            );
        }
        let given_out: u64 = census.next_leaf.into();
        ensure!(
            seen.len().saturated_into::<u64>() == given_out,
            "a leaf was lost"
        );
        Ok(())
    }

    /// The tree is sound, each provider's leaf weighs its free bytes, and the total is their sum.
    pub(crate) fn try_state_tree_matches(role: Role) -> Result<(), TryRuntimeError> {
        let tree = RoleTree::<T>::new(role);
        let reached = noema_sum_tree::check(&tree)
            .map_err(|_| "a node of the sum tree differs from the sum of its children")?;
        let stored: u32 = TreeNodes::<T>::iter_key_prefix(role)
            .count()
            .saturated_into();
        ensure!(reached == stored, "a node hangs outside the sum tree");

        let mut sum = 0u128;
        for (who, provider) in Providers::<T>::iter_prefix(role) {
            let free = Self::free_bytes_of(role, &who, &provider);
            ensure!(
                noema_sum_tree::weight(&tree, provider.leaf) == free,
                "a leaf does not weigh its provider's free bytes"
            );
            sum = sum.saturating_add(free.into());
        }
        ensure!(
            noema_sum_tree::total(&tree) == sum,
            "the tree's total is not the sum of all free bytes"
        );
        Ok(())
    }

    /// The census counts the records, and they are within `MaxProviders`.
    pub(crate) fn try_state_census_matches(role: Role) -> Result<(), TryRuntimeError> {
        let census = Censuses::<T>::get(role);
        let is_active = |record: &ProviderOf<T>| record.state.is_active();
        let records: u32 = Providers::<T>::iter_prefix_values(role)
            .count()
            .saturated_into();
        let active: u32 = Providers::<T>::iter_prefix_values(role)
            .filter(is_active)
            .count()
            .saturated_into();
        ensure!(
            census.registered() == records,
            "the census miscounts the providers"
        );
        ensure!(
            census.active == active,
            "the census miscounts the active providers"
        );
        ensure!(
            records <= T::MaxProviders::get(),
            "there are more than `MaxProviders`"
        );
        Ok(())
    }
}
