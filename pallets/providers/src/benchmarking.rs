//! Benchmarks: each call in its worst case.
//!
//! A node of the sum tree has the same size however many leaves are used, so that a tree with few
//! providers costs as much as a full one.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "benchmarks set up their own state and may stop when it is impossible"
)]

mod active;

pub(crate) use active::make_active;

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{Inspect, Mutate},
    Get,
};
use frame_system::RawOrigin;
use noema_traits::Role;
use sp_runtime::{
    traits::{BlockNumberProvider, Bounded, Saturating, UniqueSaturatedFrom, Zero},
    Perbill, SaturatedConversion,
};

const ROLE: Role = Role::Storage;

/// Bytes that benchmarked providers declare: more than any bond covers.
const CAPACITY: u64 = u64::MAX;

/// What benchmarked providers keep of their delegators' rewards.
const COMMISSION: Perbill = Perbill::from_percent(3);

/// Twice the minimum, so that half of it can be unbonded.
fn bond_of<T: Config>() -> BalanceOf<T> {
    Pallet::<T>::minimum_bond(ROLE).saturating_mul(2u32.into())
}

/// An endpoint of `length` bytes, at least 82.
fn endpoint_of_length(length: u32) -> Vec<u8> {
    let key = [b"#sha256=".as_slice(), &[b'f'; 64]].concat();
    let mut endpoint = b"https://a/".to_vec();
    endpoint.resize(length as usize - key.len(), b'x');
    endpoint.extend(key);
    endpoint
}

/// The longest endpoint there can be.
fn longest_endpoint<T: Config>() -> Vec<u8> {
    endpoint_of_length(T::MaxEndpointLen::get())
}

/// Gives `who` enough for whatever a benchmark needs.
fn fund<T: Config>(who: &T::AccountId) {
    let parts = T::MaxUnlocking::get().saturating_add(10);
    let amount = bond_of::<T>().saturating_mul(parts.into()) + T::Currency::minimum_balance();
    T::Currency::set_balance(who, T::Currency::balance(who).saturating_add(amount));
}

/// Registers a funded account with an operator key of its own, and opens its pool: a provider with one
/// costs more than one without.
fn register_one<T: Config>(name: &'static str) -> (T::AccountId, T::AccountId) {
    let (who, operator) = register_without_pool::<T>(name);
    let percent = T::MaxDelegationPercent::get();
    Pallet::<T>::do_open_pool(ROLE, &who, COMMISSION, percent).unwrap();
    (who, operator)
}

/// Registers a funded account with an operator key of its own.
fn register_without_pool<T: Config>(name: &'static str) -> (T::AccountId, T::AccountId) {
    let who: T::AccountId = account(name, 0, 0);
    let operator: T::AccountId = account(name, 1, 0);
    fund::<T>(&who);
    Pallet::<T>::do_register(
        ROLE,
        who.clone(),
        bond_of::<T>(),
        operator.clone(),
        longest_endpoint::<T>(),
        CAPACITY,
    )
    .unwrap();
    (who, operator)
}

/// Gives the provider `count` chunks that mature in blocks 1, 2 and so on.
fn add_chunks<T: Config>(who: &T::AccountId, count: u32) {
    let amount = Pallet::<T>::minimum_bond(ROLE);
    for index in 0..count {
        Pallet::<T>::hold(ROLE, who, amount).unwrap();
        Providers::<T>::mutate(ROLE, who, |provider| {
            let matures_at = (index + 1).into();
            provider
                .as_mut()
                .unwrap()
                .unlocking
                .try_push(Chunk { amount, matures_at })
                .unwrap();
        });
    }
}

/// Goes to a block in which everything has matured.
fn mature_all<T: Config>() {
    let block = BlockNumberOf::<T>::from(T::MaxUnlocking::get())
        .saturating_add(T::UnbondingPeriod::get())
        .saturating_add(10u32.into());
    T::BlockNumberProvider::set_block_number(block);
}

/// Lets a provider leave for good, so that its leaf lies on the stack of free ones.
fn leave_one_free_leaf<T: Config>() {
    let (who, _) = register_one::<T>("gone");
    Pallet::<T>::do_unbond(ROLE, &who, bond_of::<T>()).unwrap();
    let now = T::BlockNumberProvider::current_block_number();
    T::BlockNumberProvider::set_block_number(now.saturating_add(T::UnbondingPeriod::get()));
    Pallet::<T>::do_withdraw(ROLE, &who).unwrap();
}

fn state_of<T: Config>(who: &T::AccountId) -> ProviderState<BlockNumberOf<T>> {
    Providers::<T>::get(ROLE, who).unwrap().state
}

/// Stake of one delegator in benchmarks of pools: far less than what the bond leads.
fn stake_of<T: Config>() -> BalanceOf<T> {
    T::MinDelegation::get().saturating_mul(2u32.into())
}

/// Registers a provider and bonds enough for several delegators beside it.
fn open_one<T: Config>() -> T::AccountId {
    let (who, _) = register_one::<T>("provider");
    let more = T::MinDelegation::get().saturating_mul(100u32.into());
    let funds = T::Currency::balance(&who).saturating_add(more);
    T::Currency::set_balance(&who, funds);
    Pallet::<T>::do_bond_more(ROLE, &who, more).unwrap();
    who
}

/// Has a funded account delegate to `provider`.
fn delegate_one<T: Config>(name: &'static str, provider: &T::AccountId) -> T::AccountId {
    let who: T::AccountId = account(name, 0, 0);
    fund::<T>(&who);
    T::Currency::set_balance(&who, T::Currency::balance(&who) + stake_of::<T>());
    Pallet::<T>::do_delegate(ROLE, &who, provider, stake_of::<T>(), Perbill::one()).unwrap();
    who
}

/// Pays `provider` and its delegators a reward, of which some is incoming afterwards.
fn reward_one<T: Config>(provider: &T::AccountId) {
    use noema_traits::ProviderDiscipline;
    let payer: T::AccountId = account("payer", 0, 0);
    fund::<T>(&payer);
    let amount = bond_of::<T>();
    <Pallet<T> as ProviderDiscipline<_, _, _>>::reward(ROLE, &payer, provider, amount).unwrap();
    let pool = Pools::<T>::get(ROLE, provider).unwrap();
    assert!(pool.incoming.amount > 0);
}

/// Gives a delegator `count` chunks beside its shares, which mature in blocks 1, 2 and so on.
fn split_into_chunks<T: Config>(who: &T::AccountId, provider: &T::AccountId, count: u32) {
    let mut pool = Pools::<T>::get(ROLE, provider).unwrap();
    let each: u128 = T::MinDelegation::get().saturated_into();
    let mut delegation = Delegations::<T>::get(who, pool.id).unwrap();
    for index in 0..count {
        T::Currency::set_balance(
            who,
            T::Currency::balance(who) + T::MinDelegation::get() + T::Currency::minimum_balance(),
        );
        Pallet::<T>::hold_in_pot(pool.id, who, T::MinDelegation::get()).unwrap();
        let amount = pool.unbonding.put(each).unwrap();
        let matures_at = (index + 1).into();
        delegation
            .unlocking
            .try_push(Chunk { amount, matures_at })
            .unwrap();
    }
    Delegations::<T>::insert(who, pool.id, delegation);
    Pools::<T>::insert(ROLE, provider, pool);
}

#[benchmarks]
mod benchmarks {
    use super::*;

    /// With a leaf that another provider gave back.
    #[benchmark]
    fn register(e: Linear<82, { T::MaxEndpointLen::get() }>) {
        leave_one_free_leaf::<T>();
        let who: T::AccountId = whitelisted_caller();
        let operator: T::AccountId = account("operator", 0, 0);
        fund::<T>(&who);
        let endpoint = endpoint_of_length(e);

        #[extrinsic_call]
        register(
            RawOrigin::Signed(who.clone()),
            ROLE,
            bond_of::<T>(),
            operator,
            endpoint,
            CAPACITY,
        );

        assert!(state_of::<T>(&who).is_active());
        assert_eq!(Censuses::<T>::get(ROLE).free_leaves, 0);
    }

    /// With all chunks there are.
    #[benchmark]
    fn bond_more() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        let amount = bond_of::<T>();

        #[extrinsic_call]
        bond_more(RawOrigin::Signed(who.clone()), ROLE, amount);

        assert_eq!(
            Providers::<T>::get(ROLE, &who).unwrap().bond,
            bond_of::<T>() + amount
        );
    }

    /// Everything, by an active provider, into the last chunk there is room for.
    #[benchmark]
    fn unbond() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get().saturating_sub(1));
        mature_all::<T>();

        #[extrinsic_call]
        unbond(RawOrigin::Signed(who.clone()), ROLE, bond_of::<T>());

        assert!(state_of::<T>(&who).is_leaving());
    }

    /// All chunks, by an active provider, whose free bytes grow.
    #[benchmark]
    fn rebond() {
        let (who, _) = register_one::<T>("provider");
        let chunks = T::MaxUnlocking::get();
        add_chunks::<T>(&who, chunks);
        let amount = Pallet::<T>::minimum_bond(ROLE).saturating_mul(chunks.into());

        #[extrinsic_call]
        rebond(RawOrigin::Signed(who.clone()), ROLE, amount);

        assert!(Providers::<T>::get(ROLE, &who)
            .unwrap()
            .unlocking
            .is_empty());
    }

    /// All chunks, by a provider that stays.
    #[benchmark]
    fn withdraw_some() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        mature_all::<T>();

        #[extrinsic_call]
        withdraw(RawOrigin::Signed(who.clone()), ROLE);

        assert!(Providers::<T>::get(ROLE, &who)
            .unwrap()
            .unlocking
            .is_empty());
    }

    /// All chunks, by a provider that leaves.
    #[benchmark]
    fn withdraw_last() {
        let (who, _) = register_one::<T>("provider");
        Pallet::<T>::do_unbond(ROLE, &who, bond_of::<T>()).unwrap();
        add_chunks_before::<T>(&who, T::MaxUnlocking::get().saturating_sub(1));
        mature_all::<T>();

        #[extrinsic_call]
        withdraw(RawOrigin::Signed(who.clone()), ROLE);

        assert!(!Providers::<T>::contains_key(ROLE, &who));
    }

    #[benchmark]
    fn set_operator() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        let operator: T::AccountId = account("operator", 0, 0);

        #[extrinsic_call]
        set_operator(RawOrigin::Signed(who.clone()), ROLE, operator.clone());

        assert_eq!(Operators::<T>::get(ROLE, &operator), Some(who));
    }

    /// By the operator.
    #[benchmark]
    fn set_endpoint(e: Linear<82, { T::MaxEndpointLen::get() }>) {
        let (who, operator) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        let endpoint = endpoint_of_length(e);

        #[extrinsic_call]
        set_endpoint(RawOrigin::Signed(operator), ROLE, endpoint.clone());

        assert_eq!(
            Providers::<T>::get(ROLE, &who)
                .unwrap()
                .endpoint
                .into_inner(),
            endpoint
        );
    }

    #[benchmark]
    fn set_capacity() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());

        #[extrinsic_call]
        set_capacity(RawOrigin::Signed(who.clone()), ROLE, 1);

        assert_eq!(Providers::<T>::get(ROLE, &who).unwrap().declared, 1);
    }

    /// By the operator.
    #[benchmark]
    fn chill() {
        let (who, operator) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());

        #[extrinsic_call]
        chill(RawOrigin::Signed(operator), ROLE);

        assert!(!state_of::<T>(&who).is_active());
    }

    #[benchmark]
    fn activate() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        Pallet::<T>::do_chill(ROLE, &who).unwrap();

        #[extrinsic_call]
        activate(RawOrigin::Signed(who.clone()), ROLE);

        assert!(state_of::<T>(&who).is_active());
    }

    #[benchmark]
    fn unjail() {
        use noema_traits::ProviderDiscipline;
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        <Pallet<T> as ProviderDiscipline<_, _, _>>::jail(ROLE, &who, 1u32.into()).unwrap();
        mature_all::<T>();

        #[extrinsic_call]
        unjail(RawOrigin::Signed(who.clone()), ROLE);

        assert_eq!(state_of::<T>(&who), ProviderState::Chilled);
    }

    #[benchmark]
    fn open_pool() {
        let (who, _) = register_without_pool::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());

        #[extrinsic_call]
        open_pool(
            RawOrigin::Signed(who.clone()),
            ROLE,
            COMMISSION,
            T::MaxDelegationPercent::get(),
        );

        assert!(Pools::<T>::contains_key(ROLE, &who));
    }

    /// A rise, in place of another one.
    #[benchmark]
    fn set_commission() {
        let who = open_one::<T>();
        let step = T::MaxCommissionIncrease::get();
        let half = Perbill::from_parts(step.deconstruct() / 2);
        Pallet::<T>::do_set_commission(ROLE, &who, COMMISSION + half).unwrap();
        let commission = COMMISSION + step;

        #[extrinsic_call]
        set_commission(RawOrigin::Signed(who.clone()), ROLE, commission);

        let pool = Pools::<T>::get(ROLE, &who).unwrap();
        assert_eq!(pool.commission.rise.unwrap().0, commission);
    }

    #[benchmark]
    fn set_delegation_terms() {
        let who = open_one::<T>();

        #[extrinsic_call]
        set_delegation_terms(RawOrigin::Signed(who.clone()), ROLE, false, 1);

        assert!(!Pools::<T>::get(ROLE, &who).unwrap().accepting);
    }

    /// By one of several, with all chunks there are, while a reward drips.
    #[benchmark]
    fn delegate() {
        let provider = open_one::<T>();
        delegate_one::<T>("first", &provider);
        let who = delegate_one::<T>("delegator", &provider);
        split_into_chunks::<T>(&who, &provider, T::MaxUnlocking::get());
        reward_one::<T>(&provider);
        let before = Pools::<T>::get(ROLE, &provider).unwrap().stake;

        #[extrinsic_call]
        delegate(
            RawOrigin::Signed(who),
            ROLE,
            provider.clone(),
            stake_of::<T>(),
            Perbill::one(),
        );

        assert!(Pools::<T>::get(ROLE, &provider).unwrap().stake.shares > before.shares);
    }

    /// Everything, by the only one, into the last chunk there is room for, while a reward drips: the
    /// rest of it goes to the provider.
    #[benchmark]
    fn undelegate() {
        let provider = open_one::<T>();
        let who = delegate_one::<T>("delegator", &provider);
        split_into_chunks::<T>(&who, &provider, T::MaxUnlocking::get().saturating_sub(1));
        mature_all::<T>();
        reward_one::<T>(&provider);

        #[extrinsic_call]
        undelegate(RawOrigin::Signed(who), ROLE, provider.clone(), None);

        let pool = Pools::<T>::get(ROLE, &provider).unwrap();
        assert_eq!((pool.stake.shares, pool.incoming.amount), (0, 0));
    }

    /// All chunks, by one that stays.
    #[benchmark]
    fn withdraw_delegation() {
        let provider = open_one::<T>();
        let who = delegate_one::<T>("delegator", &provider);
        split_into_chunks::<T>(&who, &provider, T::MaxUnlocking::get());
        mature_all::<T>();

        #[extrinsic_call]
        withdraw_delegation(RawOrigin::Signed(who), ROLE, provider.clone());

        let pool = Pools::<T>::get(ROLE, &provider).unwrap();
        assert_eq!(pool.unbonding.shares, 0);
    }

    /// Shares and all chunks, by a stranger, of the last one that has something in the pool.
    #[benchmark]
    fn collect_delegation() {
        let provider = open_one::<T>();
        let who = delegate_one::<T>("delegator", &provider);
        split_into_chunks::<T>(&who, &provider, T::MaxUnlocking::get());
        let pool = Pools::<T>::get(ROLE, &provider).unwrap().id;
        Pallet::<T>::close_pool(ROLE, &provider).unwrap();
        let stranger: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        collect_delegation(RawOrigin::Signed(stranger), pool, who.clone());

        assert!(!ClosedPools::<T>::contains_key(pool));
        assert!(!Delegations::<T>::contains_key(&who, pool));
    }

    /// Other parameters, as the record sees them: a bond that was enough to be active and to cover what is reserved is not any more.
    #[benchmark]
    fn refresh() {
        let (who, _) = register_one::<T>("provider");
        add_chunks::<T>(&who, T::MaxUnlocking::get());
        Providers::<T>::mutate(ROLE, &who, |provider| {
            let provider = provider.as_mut().unwrap();
            provider.bond = 1u32.into();
            provider.reserved = u64::MAX;
        });
        let stranger: T::AccountId = whitelisted_caller();

        #[extrinsic_call]
        refresh(RawOrigin::Signed(stranger), ROLE, who.clone());

        assert!(!state_of::<T>(&who).is_active());
        assert!(UncoveredSince::<T>::contains_key(ROLE, &who));
    }

    /// Gives a leaving provider `count` more chunks, of earlier maturity than the one it has.
    fn add_chunks_before<T: Config>(who: &T::AccountId, count: u32) {
        let amount = Pallet::<T>::minimum_bond(ROLE);
        for index in (0..count).rev() {
            Pallet::<T>::hold(ROLE, who, amount).unwrap();
            Providers::<T>::mutate(ROLE, who, |provider| {
                let matures_at = index.into();
                let unlocking = &mut provider.as_mut().unwrap().unlocking;
                unlocking
                    .try_insert(0, Chunk { amount, matures_at })
                    .unwrap();
            });
        }
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
