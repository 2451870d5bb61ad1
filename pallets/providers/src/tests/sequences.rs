//! Random sequences of all calls, slashes, jail terms, rewards and reservations, by providers and by
//! those who delegate to them. After every step the pallet and the model agree, every invariant
//! holds, and nothing was minted or lost; at the end every account gets its funds out by calls of its
//! own.

use super::{
    model::{parameters, Model, Outcome, Record, Refusal, State},
    pool_model::{Member, PoolModel},
    *,
};
use crate::{
    Censuses, ClosedPools, DelegationOf, Delegations, NextPool, Operators, PoolId, Pools,
    ProviderState, TreeNodes,
};
use frame_support::{assert_ok, traits::fungible::Inspect};
use noema_traits::{ProviderDiscipline, ProviderRegistry};
use proptest::prelude::*;
use sp_runtime::{DispatchError, Perbill};

const ROLES: [Role; 2] = [Role::Storage, Role::Compute];
const PROVIDERS: std::ops::RangeInclusive<AccountId> = 1..=4;

/// How many sequences are tried: `PROPTEST_CASES`, or few enough for every run of the tests.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(64)
}

/// An amount of money that depends on the state in which it is used.
#[derive(Clone, Copy, Debug)]
enum Amount {
    Exactly(Balance),
    /// The whole bond.
    Bond,
    /// All that is unbonding.
    Unbonding,
    /// Own bond, own unbonding and this much of the delegations beyond them.
    Beyond(Balance),
}

#[derive(Clone, Debug)]
enum Step {
    Register(Balance, AccountId, u64),
    BondMore(Balance),
    Unbond(Amount),
    Rebond(Amount),
    Withdraw,
    SetOperator(AccountId),
    SetEndpoint(bool),
    SetCapacity(u64),
    Chill,
    Activate,
    Unjail,
    Slash(Amount, Option<(AccountId, u32)>),
    Jail(u32),
    Reward(AccountId, Balance),
    Reserve(u64),
    Release(u64),
    Advance(u32),
    OpenPool(u32, u32),
    SetCommission(u32),
    SetTerms(bool, u32),
    /// To which provider, how much, and the highest commission that is accepted.
    Delegate(AccountId, Balance, u32),
    Undelegate(AccountId, Option<Balance>),
    WithdrawDelegation(AccountId),
    Collect(u64, AccountId),
}

fn balance() -> impl Strategy<Value = Balance> {
    prop_oneof![
        1 => Just(0),
        4 => 1..600u128,
        4 => 600..3_000u128,
        1 => 3_000..FUNDS * 2,
    ]
}

fn amount() -> impl Strategy<Value = Amount> {
    prop_oneof![
        3 => balance().prop_map(Amount::Exactly),
        2 => Just(Amount::Bond),
        1 => Just(Amount::Unbonding),
        2 => balance().prop_map(Amount::Beyond),
    ]
}

fn bytes() -> impl Strategy<Value = u64> {
    prop_oneof![
        1 => Just(0),
        6 => 1..20 * MIB,
        2 => 20 * MIB..2_000 * MIB,
        1 => Just(u64::MAX),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (500..5_000u128, 1..7u64, bytes()).prop_map(|(bond, operator, declared)| {
            Step::Register(bond, operator, declared)
        }),
        1 => (balance(), 1..7u64, bytes()).prop_map(|(bond, operator, declared)| {
            Step::Register(bond, operator, declared)
        }),
        2 => balance().prop_map(Step::BondMore),
        4 => amount().prop_map(Step::Unbond),
        3 => amount().prop_map(Step::Rebond),
        3 => Just(Step::Withdraw),
        1 => (1..7u64).prop_map(Step::SetOperator),
        1 => any::<bool>().prop_map(Step::SetEndpoint),
        1 => bytes().prop_map(Step::SetCapacity),
        1 => Just(Step::Chill),
        3 => Just(Step::Activate),
        2 => Just(Step::Unjail),
        2 => (amount(), prop::option::of((prop_oneof![1..7u64, Just(77)], 0..=100u32)))
            .prop_map(|(amount, reporter)| Step::Slash(amount, reporter)),
        1 => (0..30u32).prop_map(Step::Jail),
        1 => (1..7u64, balance()).prop_map(|(payer, amount)| Step::Reward(payer, amount)),
        4 => bytes().prop_map(Step::Reserve),
        3 => bytes().prop_map(Step::Release),
        3 => (1..15u32).prop_map(Step::Advance),
    ]
}

/// What delegators do, and what their providers do for them or suffer.
fn pool_step() -> impl Strategy<Value = Step> {
    let percent = prop_oneof![1 => Just(0), 6 => 0..40u32, 1 => Just(100)];
    let stake = prop_oneof![1 => balance(), 6 => 100..2_000u128];
    let part = prop::option::of(prop_oneof![3 => balance(), 2 => 100..400u128]);
    prop_oneof![
        2 => (percent.clone(), 0..=220u32).prop_map(|(rate, most)| Step::OpenPool(rate, most)),
        2 => percent.clone().prop_map(Step::SetCommission),
        1 => (prop::bool::weighted(0.8), 50..=220u32)
            .prop_map(|(accepting, most)| Step::SetTerms(accepting, most)),
        12 => (1..3u64, stake, prop_oneof![1 => percent, 4 => Just(100)])
            .prop_map(|(to, amount, most)| Step::Delegate(to, amount, most)),
        8 => (1..3u64, part).prop_map(|(from, amount)| Step::Undelegate(from, amount)),
        4 => (1..3u64).prop_map(Step::WithdrawDelegation),
        2 => (0..4u64, 1..7u64).prop_map(|(pool, who)| Step::Collect(pool, who)),
        4 => (1..7u64, balance()).prop_map(|(payer, amount)| Step::Reward(payer, amount)),
        2 => amount().prop_map(|amount| Step::Slash(amount, Some((6, 30)))),
        3 => (1..15u32).prop_map(Step::Advance),
    ]
}

/// Two providers with pools, then mostly what delegators do with them.
fn pool_steps() -> impl Strategy<Value = Vec<(usize, AccountId, Step)>> {
    let begin = |who: AccountId, rate| {
        let register = Step::Register(3_000, who + 2, 500 * MIB);
        [(0, who, register), (0, who, Step::OpenPool(rate, 200))]
    };
    let rest = prop::collection::vec(
        prop_oneof![
            4 => (Just(0), 1..7u64, pool_step()),
            1 => (Just(0), 1..3u64, pool_step()),
            1 => (Just(0), 1..3u64, step()),
        ],
        1..160,
    );
    rest.prop_map(move |rest| {
        let begin = begin(1, 10).into_iter().chain(begin(2, 0));
        begin.chain(rest).collect()
    })
}

/// A step, the role it is in, and who takes it or suffers it.
fn steps() -> impl Strategy<Value = Vec<(usize, AccountId, Step)>> {
    // 5 and 6 are only ever operators, delegators or strangers.
    prop::collection::vec(
        (
            0..ROLES.len(),
            prop_oneof![8 => 1..5u64, 1 => 5..7u64],
            prop_oneof![14 => step(), 1 => pool_step()],
        ),
        1..120,
    )
}

/// Both refused for the same reason, or both did it.
fn agree(pallet: Result<(), DispatchError>, model: Outcome, step: &Step) {
    match (pallet, model) {
        (Ok(()), Ok(())) => {}
        (Err(DispatchError::Module(found)), Err(Refusal::Pallet(expected))) => {
            let expected: DispatchError = expected.into();
            assert_eq!(DispatchError::Module(found), expected, "{step:?}");
        }
        (Err(DispatchError::Token(_)), Err(Refusal::Currency)) => {}
        (pallet, model) => panic!("{step:?}: the pallet says {pallet:?}, the model {model:?}"),
    }
}

/// Takes a step in both worlds.
fn take(model: &mut Model, role: Role, who: AccountId, step: &Step) {
    let resolve = |model: &Model, amount: &Amount| {
        let record = model.records.get(&(role, who));
        match amount {
            Amount::Exactly(amount) => *amount,
            Amount::Bond => record.map_or(1, |record| record.bond),
            Amount::Unbonding => record.map_or(1, Record::unlocking),
            Amount::Beyond(amount) => {
                amount + record.map_or(1, |record| record.bond + record.unlocking())
            }
        }
    };
    let origin = signed(who);
    let (pallet, modelled) = match step {
        Step::Register(bond, operator, declared) => (
            NoemaProviders::register(origin, role, *bond, *operator, GOOD.to_vec(), *declared),
            model.register(role, who, *bond, *operator, *declared),
        ),
        Step::BondMore(amount) => (
            NoemaProviders::bond_more(origin, role, *amount),
            model.bond_more(role, who, *amount),
        ),
        Step::Unbond(amount) => {
            let amount = resolve(model, amount);
            (
                NoemaProviders::unbond(origin, role, amount),
                model.unbond(role, who, amount),
            )
        }
        Step::Rebond(amount) => {
            let amount = resolve(model, amount);
            (
                NoemaProviders::rebond(origin, role, amount),
                model.rebond(role, who, amount),
            )
        }
        Step::Withdraw => (
            NoemaProviders::withdraw(origin, role)
                .map(drop)
                .map_err(|error| error.error),
            model.withdraw(role, who),
        ),
        Step::SetOperator(operator) => (
            NoemaProviders::set_operator(origin, role, *operator),
            model.set_operator(role, who, *operator),
        ),
        Step::SetEndpoint(valid) => {
            let endpoint = if *valid { GOOD } else { b"http://?" };
            (
                NoemaProviders::set_endpoint(origin, role, endpoint.to_vec()),
                model.set_endpoint(role, who, *valid),
            )
        }
        Step::SetCapacity(bytes) => (
            NoemaProviders::set_capacity(origin, role, *bytes),
            model.set_capacity(role, who, *bytes),
        ),
        Step::Chill => (NoemaProviders::chill(origin, role), model.chill(role, who)),
        Step::Activate => (
            NoemaProviders::activate(origin, role),
            model.activate(role, who),
        ),
        Step::Unjail => (
            NoemaProviders::unjail(origin, role),
            model.unjail(role, who),
        ),
        Step::Slash(amount, reporter) => {
            let amount = resolve(model, amount);
            let by = reporter.map(|(by, percent)| (by, Perbill::from_percent(percent)));
            let by = by.as_ref().map(|(by, share)| (by, *share));
            let pallet = NoemaProviders::slash(role, &who, amount, by);
            let modelled = model.slash(role, who, amount, *reporter);
            if let (Ok(found), Ok(expected)) = (&pallet, &modelled) {
                assert_eq!((found.slashed, found.to_reporter, found.to_fund), *expected);
            }
            (pallet.map(drop), modelled.map(drop))
        }
        Step::Jail(blocks) => (
            NoemaProviders::jail(role, &who, *blocks),
            model.jail(role, who, *blocks),
        ),
        Step::Reward(payer, amount) => (
            NoemaProviders::reward(role, payer, &who, *amount),
            model.reward(role, *payer, who, *amount),
        ),
        Step::Reserve(bytes) => (
            NoemaProviders::reserve(role, &who, *bytes),
            model.reserve(role, who, *bytes),
        ),
        Step::Release(bytes) => {
            // More than is reserved would be a defect of the caller.
            let Some(record) = model.records.get(&(role, who)) else {
                return;
            };
            let bytes = (*bytes).min(record.reserved);
            NoemaProviders::release(role, &who, bytes);
            (Ok(()), model.release(role, who, bytes))
        }
        Step::Advance(blocks) => {
            advance(*blocks);
            model.now += blocks;
            (Ok(()), Ok(()))
        }
        Step::OpenPool(rate, most) => (
            NoemaProviders::open_pool(origin, role, Perbill::from_percent(*rate), *most),
            model.open_pool(role, who, *rate, *most),
        ),
        Step::SetCommission(rate) => (
            NoemaProviders::set_commission(origin, role, Perbill::from_percent(*rate)),
            model.set_commission(role, who, *rate),
        ),
        Step::SetTerms(accepting, most) => (
            NoemaProviders::set_delegation_terms(origin, role, *accepting, *most),
            model.set_delegation_terms(role, who, *accepting, *most),
        ),
        Step::Delegate(to, amount, most) => (
            NoemaProviders::delegate(origin, role, *to, *amount, Perbill::from_percent(*most)),
            model.delegate(role, who, *to, *amount, *most),
        ),
        Step::Undelegate(from, amount) => (
            NoemaProviders::undelegate(origin, role, *from, *amount),
            model.undelegate(role, who, *from, *amount),
        ),
        Step::WithdrawDelegation(from) => (
            NoemaProviders::withdraw_delegation(origin, role, *from),
            model.withdraw_delegation(role, who, *from),
        ),
        Step::Collect(pool, of) => (
            NoemaProviders::collect_delegation(origin, *pool, *of),
            model.collect(*pool, *of),
        ),
    };
    agree(pallet, modelled, step);
}

/// The model's view of a record in storage.
fn seen(record: &ProviderOf<Test>) -> Record {
    Record {
        operator: record.operator,
        state: match record.state {
            ProviderState::Active => State::Active,
            ProviderState::Chilled => State::Chilled,
            ProviderState::Jailed { until } => State::Jailed(until),
            ProviderState::Leaving { jailed_until } => State::Leaving(jailed_until),
        },
        declared: record.declared,
        reserved: record.reserved,
        bond: record.bond,
        chunks: record
            .unlocking
            .iter()
            .map(|chunk| (chunk.matures_at, chunk.amount))
            .collect(),
    }
}

/// The model's view of a pool in storage. Its numbers are compared with the model's sums.
fn pool_seen(pool: &PoolOf<Test>) -> PoolModel {
    let percent = |rate: Perbill| rate.deconstruct() / 10_000_000;
    PoolModel {
        id: pool.id,
        accepting: pool.accepting,
        max_percent: pool.max_percent,
        commission: percent(pool.commission.rate),
        rise: pool
            .commission
            .rise
            .map(|(rate, from)| (percent(rate), from)),
        members: members_seen(pool.id),
        stake: pool.stake.value,
        unbonding: pool.unbonding.value,
        incoming: pool.incoming.amount,
        since: pool.incoming.since,
        until: pool.incoming.until,
        leaves_at: pool.leaves_at,
    }
}

fn members_seen(pool: PoolId) -> std::collections::BTreeMap<AccountId, Member> {
    let member = |record: DelegationOf<Test>| Member {
        shares: record.shares,
        chunks: record
            .unlocking
            .iter()
            .map(|chunk| (chunk.matures_at, chunk.amount))
            .collect(),
    };
    Delegations::<Test>::iter()
        .filter(|(_, of, _)| *of == pool)
        .map(|(who, _, record)| (who, member(record)))
        .collect()
}

/// Both worlds have the same pools. Returns what is in all of them and in their accounts.
fn compare_pools(model: &Model) -> Balance {
    assert_eq!(Pools::<Test>::iter().count(), model.pools.len());
    assert_eq!(ClosedPools::<Test>::iter().count(), model.closed.len());
    assert_eq!(NextPool::<Test>::get(), model.next_pool);
    let mut in_all = 0;
    for ((role, who), expected) in &model.pools {
        let pool = Pools::<Test>::get(role, who).expect("the model has it");
        assert_eq!(pool_seen(&pool), *expected, "pool of {who}");
        assert_eq!(pool.stake.shares, expected.shares());
        assert_eq!(pool.unbonding.shares, expected.unlocking());
    }
    for (id, (opener, expected)) in &model.closed {
        let pool = ClosedPools::<Test>::get(id).expect("the model has it");
        assert_eq!((pool.provider, pool.stake.value), (*opener, expected.stake));
        assert_eq!(pool.unbonding.value, expected.unbonding);
        assert_eq!(members_seen(*id), expected.members);
    }
    let closed = model.closed.values().map(|(_, pool)| pool);
    for pool in model.pools.values().chain(closed) {
        let pot = NoemaProviders::pot_of(pool.id).unwrap();
        assert_eq!(Balances::balance(&pot), ED);
        assert_eq!(Balances::total_balance(&pot), ED + pool.held());
        in_all += ED + pool.held();
    }
    in_all
}

/// Both worlds are the same, and the pallet's is sound.
fn compare(model: &Model, issuance: Balance) {
    assert_ok!(NoemaProviders::do_try_state());
    let mut held_in_all = compare_pools(model);
    for role in Role::ALL {
        let stored: Vec<_> = Providers::<Test>::iter_prefix(role)
            .map(|(who, record)| ((role, who), seen(&record)))
            .collect();
        for (key, record) in &stored {
            assert_eq!(model.records.get(key), Some(record), "{key:?}");
        }
        let modelled = model.records.keys().filter(|(of, _)| *of == role).count();
        assert_eq!(stored.len(), modelled);
        assert_eq!(NoemaProviders::active_count(role), model.active(role));
        for who in 1..10 {
            let record = model.records.get(&(role, who));
            let owed = record.map_or(0, |record| record.bond + record.unlocking());
            assert_eq!(held(role, who), owed, "hold of {who} as {role:?}");
            assert_eq!(
                NoemaProviders::free_bytes(role, &who),
                model.free_bytes(role, who)
            );
            let bond = record.map_or(0, |record| record.bond);
            assert_eq!(
                NoemaProviders::stake(role, &who),
                model.collateral(role, who, bond)
            );
            let reserved = Balance::from(record.map_or(0, |record| record.reserved));
            let promised = (reserved * parameters(role).1).div_ceil(MIB.into());
            assert_eq!(
                NoemaProviders::collateral(role, &who),
                promised.min(model.slashable(role, who))
            );
            assert_eq!(
                NoemaProviders::provider_of_operator(role, &who),
                model.operator_of(role, who)
            );
            held_in_all += owed;
        }
        let drawn = NoemaProviders::draw(role, &[0x5a; 32]);
        assert_eq!(
            drawn.is_some(),
            (1..10).any(|who| model.free_bytes(role, who) > 0)
        );
        assert!(drawn.is_none_or(|who| model.free_bytes(role, who) > 0));
    }
    for (who, free) in &model.free {
        assert_eq!(Balances::balance(who), *free, "free balance of {who}");
    }
    assert_eq!(Balances::total_issuance(), issuance);
    assert_eq!(model.free.values().sum::<Balance>() + held_in_all, issuance);
}

/// Every provider leaves, by its own calls only, once its reservations are released.
fn providers_leave() {
    let providers: Vec<_> = Providers::<Test>::iter_keys().collect();
    for (role, who) in &providers {
        let record = Providers::<Test>::get(role, who).unwrap();
        if record.reserved > 0 {
            NoemaProviders::release(*role, who, record.reserved);
        }
    }
    // Makes room for the chunk of the last unbonding.
    advance(20);
    for (role, who) in &providers {
        let _nothing_matured = NoemaProviders::withdraw(signed(*who), *role);
    }
    for (role, who) in &providers {
        let Some(record) = Providers::<Test>::get(role, who) else {
            continue;
        };
        if !record.state.is_leaving() {
            assert_ok!(NoemaProviders::unbond(signed(*who), *role, record.bond));
        }
    }
    advance(20);
    for (role, who) in &providers {
        if Providers::<Test>::contains_key(role, who) {
            assert_ok!(NoemaProviders::withdraw(signed(*who), *role));
        }
    }
}

/// Every delegator leaves, by its own calls only.
fn delegators_leave() {
    // Makes room for the chunk of the last unbonding.
    advance(20);
    for (role, provider, pool) in Pools::<Test>::iter().collect::<Vec<_>>() {
        for (who, _) in members_seen(pool.id) {
            let _nothing_matured = NoemaProviders::withdraw_delegation(signed(who), role, provider);
            if Delegations::<Test>::get(who, pool.id).is_some_and(|left| left.shares > 0) {
                assert_ok!(NoemaProviders::undelegate(
                    signed(who),
                    role,
                    provider,
                    None
                ));
            }
        }
    }
    advance(20);
    for (role, provider, pool) in Pools::<Test>::iter().collect::<Vec<_>>() {
        for (who, _) in members_seen(pool.id) {
            assert_ok!(NoemaProviders::withdraw_delegation(
                signed(who),
                role,
                provider
            ));
        }
    }
    for pool in ClosedPools::<Test>::iter_keys().collect::<Vec<_>>() {
        for (who, _) in members_seen(pool) {
            assert_ok!(NoemaProviders::collect_delegation(signed(who), pool, who));
        }
    }
}

fn nothing_is_left(issuance: Balance) {
    assert_ok!(NoemaProviders::do_try_state());
    assert_eq!(Providers::<Test>::iter().count(), 0);
    assert_eq!(Operators::<Test>::iter().count(), 0);
    assert_eq!(TreeNodes::<Test>::iter().count(), 0);
    assert_eq!(Pools::<Test>::iter().count(), 0);
    assert_eq!(ClosedPools::<Test>::iter().count(), 0);
    assert_eq!(Delegations::<Test>::iter().count(), 0);
    for pool in 0..NextPool::<Test>::get() {
        let pot = NoemaProviders::pot_of(pool).unwrap();
        assert!(!System::account_exists(&pot), "the account of pool {pool}");
    }
    for role in Role::ALL {
        let census = Censuses::<Test>::get(role);
        assert_eq!((census.registered(), census.active), (0, 0));
        for who in 1..10 {
            assert_eq!(held(role, who), 0);
        }
    }
    let accounts = (1..10).chain([FUND, 77]);
    assert_eq!(
        accounts.map(|who| Balances::balance(&who)).sum::<Balance>(),
        issuance
    );
}

fn run(steps: &[(usize, AccountId, Step)], providers_first: bool) {
    new_test_ext().execute_with(|| {
        // Fewer places than providers, so that sequences meet the bound.
        MaxProviders::set(3);
        let issuance = Balances::total_issuance();
        let mut model = Model::new();
        for (role, who, step) in steps {
            take(&mut model, ROLES[*role], *who, step);
            compare(&model, issuance);
        }
        if providers_first {
            providers_leave();
            delegators_leave();
        } else {
            delegators_leave();
            providers_leave();
        }
        nothing_is_left(issuance);
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn random_calls_agree_with_model_and_strand_nothing(steps in steps(), first in any::<bool>()) {
        run(&steps, first);
    }

    #[test]
    fn random_delegations_agree_with_model_and_strand_nothing(
        steps in pool_steps(),
        first in any::<bool>(),
    ) {
        run(&steps, first);
    }
}

/// The generator reaches every state and most refusals: a sequence test that never gets anywhere
/// would prove nothing.
#[test]
fn random_calls_reach_every_state() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut states = std::collections::BTreeSet::new();
    let (mut slashed_chunks, mut removed, mut full) = (false, false, false);
    for _ in 0..150 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        new_test_ext().execute_with(|| {
            MaxProviders::set(3);
            let mut model = Model::new();
            for (role, who, step) in &steps {
                let before = model.clone();
                take(&mut model, ROLES[*role], *who, step);
                for record in model.records.values() {
                    states.insert(match record.state {
                        State::Active => "active",
                        State::Chilled => "chilled",
                        State::Jailed(_) => "jailed",
                        State::Leaving(None) => "leaving",
                        State::Leaving(Some(_)) => "leaving and jailed",
                    });
                }
                let unlocking = |model: &Model| -> Balance {
                    model.records.values().map(Record::unlocking).sum()
                };
                slashed_chunks |=
                    matches!(step, Step::Slash(..)) && unlocking(&model) < unlocking(&before);
                removed |= model.records.len() < before.records.len();
                full |= PROVIDERS
                    .filter(|who| model.records.contains_key(&(Role::Storage, *who)))
                    .count()
                    == 3;
            }
        });
    }
    assert_eq!(states.len(), 5, "{states:?}");
    assert!(slashed_chunks, "no chunk was ever slashed");
    assert!(removed, "nobody ever left");
    assert!(full, "the role was never full");
}

/// The same for pools.
#[test]
fn random_delegations_reach_every_state() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut seen = std::collections::BTreeMap::<&str, u32>::new();
    for _ in 0..80 {
        let steps = pool_steps().new_tree(&mut runner).unwrap().current();
        new_test_ext().execute_with(|| {
            let mut model = Model::new();
            for (role, who, step) in &steps {
                let before = model.clone();
                take(&mut model, ROLES[*role], *who, step);
                let mut note = |what, happened: bool| {
                    *seen.entry(what).or_default() += u32::from(happened);
                };
                let left = before.pools.len() + before.closed.len();
                note("collected", left > model.pools.len() + model.closed.len());
                note("closed", model.closed.len() > before.closed.len());
                for (key, pool) in &model.pools {
                    let Some(old) = before.pools.get(key) else {
                        continue;
                    };
                    note("two delegators", pool.members.len() > 1);
                    note("rose", pool.rise.is_some_and(|(_, from)| from <= model.now));
                    note("leaving", pool.leaves_at.is_some());
                    note(
                        "stayed",
                        pool.leaves_at.is_none() && old.leaves_at.is_some(),
                    );
                    note("rewarded", pool.incoming > old.incoming);
                    note("withdrawn", pool.unlocking() < old.unlocking());
                    note("dear", pool.stake > pool.shares());
                    note("cheap", pool.stake < pool.shares());
                    let slashed = matches!(step, Step::Slash(..));
                    note(
                        "slashed unbonding",
                        slashed && pool.unbonding < old.unbonding,
                    );
                    let bond = model.records[key].bond;
                    note(
                        "not led",
                        pool.stake > bond * 2 && model.records[key].state == State::Active,
                    );
                    let emptied = pool.shares() == 0 && old.incoming > 0 && old.shares() > 0;
                    note("incoming returned", emptied);
                }
            }
        });
    }
    assert!(seen.values().all(|times| *times > 0), "{seen:?}");
    assert_eq!(seen.len(), 13, "{seen:?}");
}
