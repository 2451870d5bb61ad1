//! Active providers for benchmarks of other pallets: with all that reading, rewarding and slashing one can meet.

use super::*;

/// Has the next provider that registers take the leaf furthest from all others: its number in base 16, read backwards. No two of
/// the first 16 then share more of the tree than its root, which is what drawing and releasing several providers costs at worst.
fn spread_next_leaf<T: Config>(role: Role) {
    Censuses::<T>::mutate(role, |census| {
        let number = census.registered();
        let leaf = (0..4).fold(0, |leaf, digit| {
            (leaf << 4) | ((number >> (4 * digit)) & 0xf)
        });
        FreeLeaves::<T>::insert(role, census.free_leaves, leaf);
        census.free_leaves += 1;
        census.next_leaf += 1;
    });
}

/// Gives a provider all that slashes may have to reach and rewards to be shared with: as many chunks as there can be, of a unit each, and a pool
/// with somebody's stake and unbonding.
fn put_others_behind<T: Config>(role: Role, provider: &T::AccountId) {
    let kept = T::Currency::minimum_balance();
    let chunks = T::MaxUnlocking::get();
    let balance = T::Currency::balance(provider)
        .saturating_add(chunks.into())
        .saturating_add(kept);
    T::Currency::set_balance(provider, balance);
    let from = Pallet::<T>::now().saturating_add(T::UnbondingPeriod::get());
    Pallet::<T>::hold(role, provider, chunks.into()).unwrap();
    Providers::<T>::mutate(role, provider, |record| {
        let unlocking = &mut record.as_mut().unwrap().unlocking;
        for index in 0..chunks {
            let chunk = Chunk {
                amount: 1u32.into(),
                matures_at: from.saturating_add(index.into()),
            };
            unlocking.try_push(chunk).unwrap();
        }
    });
    let percent = T::MaxDelegationPercent::get();
    Pallet::<T>::do_open_pool(role, provider, COMMISSION, percent).unwrap();
    let delegator: T::AccountId = account("behind", 0, 0);
    let each = T::MinDelegation::get();
    let both = each.saturating_mul(2u32.into());
    let balance = T::Currency::balance(&delegator)
        .saturating_add(both)
        .saturating_add(kept);
    T::Currency::set_balance(&delegator, balance);
    Pallet::<T>::do_delegate(role, &delegator, provider, both, Perbill::one()).unwrap();
    Pallet::<T>::do_undelegate(role, &delegator, provider, Some(each)).unwrap();
}

/// Makes `provider` active with at least `free` bytes free, for benchmarks of other pallets.
pub(crate) fn make_active<T: Config>(
    role: Role,
    provider: &T::AccountId,
    operator: &T::AccountId,
    free: u64,
) {
    let RoleParameters {
        minimum_bond,
        collateral_per_mib,
    } = T::Parameters::parameters(role);
    let record = Providers::<T>::get(role, provider);
    let needed = free.saturating_add(record.as_ref().map_or(0, |record| record.reserved));
    let covering = math::required_bond(needed, collateral_per_mib.saturated_into());
    let bond = minimum_bond.max(BalanceOf::<T>::unique_saturated_from(covering));
    let bonded = record
        .as_ref()
        .map_or_else(Zero::zero, |record| record.bond);
    let more: BalanceOf<T> = bond.saturating_sub(bonded);
    assert!(
        more < BalanceOf::<T>::max_value() / 2u32.into(),
        "no balance covers {free} bytes"
    );
    // For the account, and for that of its pool.
    let kept = T::Currency::minimum_balance().saturating_mul(2u32.into());
    let balance = T::Currency::balance(provider)
        .saturating_add(more)
        .saturating_add(kept);
    T::Currency::set_balance(provider, balance);
    if record.is_none() {
        spread_next_leaf::<T>(role);
        // It declares more than it covers, so that whatever is taken from it changes its weight.
        Pallet::<T>::do_register(
            role,
            provider.clone(),
            bond,
            operator.clone(),
            longest_endpoint::<T>(),
            CAPACITY,
        )
        .unwrap();
        put_others_behind::<T>(role, provider);
        return;
    }
    Pallet::<T>::do_set_operator(role, provider, operator.clone()).unwrap();
    Pallet::<T>::hold(role, provider, more).unwrap();
    Pallet::<T>::try_mutate_provider(role, provider, |record| {
        record.bond = record.bond.saturating_add(more);
        record.declared = record.declared.max(needed);
        record.state = ProviderState::Active;
        Ok(())
    })
    .unwrap();
}
