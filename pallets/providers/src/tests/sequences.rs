//! Random sequences of all calls, slashes, jail terms, rewards and reservations. After every step
//! the pallet and the model agree, every invariant holds, and nothing was minted or lost; at the
//! end every account gets its funds out by calls of its own.

use super::{
    model::{Model, Outcome, Record, Refusal, State},
    *,
};
use crate::{Censuses, Operators, ProviderState, TreeNodes};
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

/// A step, the role it is in, and who takes it or suffers it.
fn steps() -> impl Strategy<Value = Vec<(usize, AccountId, Step)>> {
    // 5 and 6 are only ever operators, or strangers.
    prop::collection::vec(
        (
            0..ROLES.len(),
            prop_oneof![8 => 1..5u64, 1 => 5..7u64],
            step(),
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

/// Both worlds are the same, and the pallet's is sound.
fn compare(model: &Model, issuance: Balance) {
    assert_ok!(NoemaProviders::do_try_state());
    let mut held_in_all = 0;
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
fn everybody_leaves(model: &Model) {
    for ((role, who), record) in &model.records {
        if record.reserved > 0 {
            NoemaProviders::release(*role, who, record.reserved);
        }
    }
    // Makes room for the chunk of the last unbonding.
    advance(20);
    for (role, who) in model.records.keys() {
        let _nothing_matured = NoemaProviders::withdraw(signed(*who), *role);
    }
    for (role, who) in model.records.keys() {
        let Some(record) = Providers::<Test>::get(role, who) else {
            continue;
        };
        if !record.state.is_leaving() {
            assert_ok!(NoemaProviders::unbond(signed(*who), *role, record.bond));
        }
    }
    advance(20);
    for (role, who) in model.records.keys() {
        if Providers::<Test>::contains_key(role, who) {
            assert_ok!(NoemaProviders::withdraw(signed(*who), *role));
        }
    }
}

fn nothing_is_left(issuance: Balance) {
    assert_ok!(NoemaProviders::do_try_state());
    assert_eq!(Providers::<Test>::iter().count(), 0);
    assert_eq!(Operators::<Test>::iter().count(), 0);
    assert_eq!(TreeNodes::<Test>::iter().count(), 0);
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

fn run(steps: &[(usize, AccountId, Step)]) {
    new_test_ext().execute_with(|| {
        // Fewer places than providers, so that sequences meet the bound.
        MaxProviders::set(3);
        let issuance = Balances::total_issuance();
        let mut model = Model::new();
        for (role, who, step) in steps {
            take(&mut model, ROLES[*role], *who, step);
            compare(&model, issuance);
        }
        everybody_leaves(&model);
        nothing_is_left(issuance);
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases())
    })]

    #[test]
    fn random_calls_agree_with_model_and_strand_nothing(steps in steps()) {
        run(&steps);
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
    for _ in 0..60 {
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
    assert!(slashed_chunks && removed && full);
}
