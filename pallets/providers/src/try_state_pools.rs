//! What must hold for pools after every block. Each function checks one invariant.

use crate::{
    bonding::sum_of_chunks, pool::Side, ClosedPools, Config, Delegations, NextPool, Pallet, PoolId,
    Pools, Providers,
};
use alloc::collections::btree_map::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use noema_traits::Role;
use sp_runtime::{traits::UniqueSaturatedInto, TryRuntimeError};

/// What a pool has: its two sides, and what is incoming, in units of the token.
type Contents = (Side, Side, u128);

impl<T: Config> Pallet<T> {
    /// Open pools of all roles and closed ones, by number. A number has one pool.
    fn all_pools() -> Result<BTreeMap<PoolId, Contents>, TryRuntimeError> {
        let open = Pools::<T>::iter_values()
            .map(|pool| (pool.id, (pool.stake, pool.unbonding, pool.incoming.amount)));
        let closed =
            ClosedPools::<T>::iter().map(|(id, pool)| (id, (pool.stake, pool.unbonding, 0)));
        let mut all = BTreeMap::new();
        for (id, contents) in open.chain(closed) {
            ensure!(
                all.insert(id, contents).is_none(),
                "two pools have one number"
            );
            ensure!(
                id < NextPool::<T>::get(),
                "a pool has a number that was never given out"
            );
        }
        Ok(all)
    }

    /// Every open pool belongs to a registered provider, and its clock runs exactly while that leaves.
    pub(crate) fn try_state_pools_fit_providers(role: Role) -> Result<(), TryRuntimeError> {
        for (who, pool) in Pools::<T>::iter_prefix(role) {
            let record = Providers::<T>::get(role, &who);
            let record = record.ok_or("an open pool belongs to nobody")?;
            ensure!(
                record.state.is_leaving() == pool.leaves_at.is_some(),
                "a pool's clock does not fit the state of its provider"
            );
        }
        Ok(())
    }

    /// Open pools can go on: value and shares are there together, no side is depleted, unbonding is
    /// never worth more than its shares, and nothing is incoming for nobody. Closed pools are not
    /// empty, and have nothing that belongs to no share.
    pub(crate) fn try_state_pools_are_sound() -> Result<(), TryRuntimeError> {
        for pool in Pools::<T>::iter_values() {
            for side in [pool.stake, pool.unbonding] {
                ensure!(
                    (side.shares == 0) == (side.value == 0),
                    "an open pool has shares without value, or value without shares"
                );
                ensure!(!side.is_depleted(), "an open pool is depleted");
            }
            ensure!(
                pool.unbonding.value <= pool.unbonding.shares,
                "a share of unbonding is worth more than one unit"
            );
            ensure!(
                pool.stake.shares != 0 || pool.incoming.amount == 0,
                "a reward drips for nobody"
            );
        }
        for pool in ClosedPools::<T>::iter_values() {
            ensure!(
                pool.stake.shares != 0 || pool.unbonding.shares != 0,
                "a closed pool is empty"
            );
            for side in [pool.stake, pool.unbonding] {
                ensure!(
                    side.shares != 0 || side.value == 0,
                    "a closed pool has value without shares"
                );
            }
        }
        Ok(())
    }

    /// `held(pot) = stake + unbonding + incoming`, exactly.
    pub(crate) fn try_state_pots_equal_pools() -> Result<(), TryRuntimeError> {
        for (id, (stake, unbonding, incoming)) in Self::all_pools()? {
            let pot = Self::pot_of(id).map_err(|_| "a pool has no account")?;
            let held = T::Currency::balance_on_hold(&Self::delegation_reason(), &pot);
            let recorded = stake
                .value
                .saturating_add(unbonding.value)
                .saturating_add(incoming);
            let held: u128 = held.unique_saturated_into();
            ensure!(held == recorded, "a pot's hold differs from its pool");
        }
        Ok(())
    }

    /// The shares of all delegations are the shares of their pools; no delegation is empty, and its
    /// chunks stand in the order of maturity.
    pub(crate) fn try_state_delegations_equal_shares() -> Result<(), TryRuntimeError> {
        let mut sums = BTreeMap::<PoolId, (u128, u128)>::new();
        for (_, pool, delegation) in Delegations::<T>::iter() {
            ensure!(
                delegation.shares != 0 || !delegation.unlocking.is_empty(),
                "a delegation is empty"
            );
            let mut before = None;
            for chunk in &delegation.unlocking {
                ensure!(chunk.amount != 0, "a chunk of a delegation is empty");
                ensure!(
                    before < Some(chunk.matures_at),
                    "chunks of a delegation are out of order"
                );
                before = Some(chunk.matures_at);
            }
            let (stake, unbonding) = sums.entry(pool).or_default();
            *stake = stake.saturating_add(delegation.shares);
            let chunks = sum_of_chunks::<T, u128>(&delegation.unlocking);
            *unbonding = unbonding.saturating_add(chunks);
        }
        for (id, (stake, unbonding, _)) in Self::all_pools()? {
            let (staked, leaving) = sums.remove(&id).unwrap_or_default();
            ensure!(
                staked == stake.shares,
                "shares of stake differ from the delegations"
            );
            ensure!(
                leaving == unbonding.shares,
                "shares of unbonding differ from the delegations"
            );
        }
        ensure!(sums.is_empty(), "a delegation has no pool");
        Ok(())
    }
}
