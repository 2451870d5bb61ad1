//! That the scenes in which the weights of audits are measured are what they are meant to be in this runtime: slashes reach what they can, and pay is shared.
#![cfg(feature = "runtime-benchmarks")]

mod chain;

use frame_support::assert_ok;
use noema_core::units::{GIB, NOEMA};
use noema_runtime::{
    configs::money::RepairFundAccount, parameters, AccountId, Audits, Balances, Providers, Runtime,
    RuntimeOrigin, Storage, System,
};
use noema_traits::{
    Auditable, Payroll, ProviderDiscipline, ProviderRegistry, Role, RoundIndex, Ticks,
};
use pallet_noema_audits::{Audited, Record, Round, RoundState, Running, Standing};
use sp_keyring::Sr25519Keyring::{Bob, Charlie, Eve};

const ROLE: Role = Role::Storage;
const RUNNING: RoundIndex = 1_000;
const RESERVED: u64 = 1 << 40;

fn round(index: RoundIndex) -> Round<u32> {
    Round {
        index,
        began_at: 99_999,
        draw_at: 100_000,
        ends: 200_000,
        answer_ticks: 1_000,
        state: RoundState::Open {
            seed: [7; 32],
            drawn_at: 100_000,
            until: 91_000,
        },
    }
}

/// As the benchmarks put it: so many replicas, so many unsettled rounds, each of which is paid.
fn put_provider(items: u32, unsettled: u32, points: u32) -> AccountId {
    System::set_block_number(100_000);
    <Audits as Ticks>::set_tick(90_000);
    let who = Bob.to_account_id();
    Providers::set_active(ROLE, &who, &Charlie.to_account_id(), RESERVED);
    assert_ok!(Providers::reserve(ROLE, &who, RESERVED));
    Running::<Runtime>::put(round(RUNNING - unsettled - 1));
    Storage::fill(&who, items);
    Running::<Runtime>::put(round(RUNNING));
    let record = Record {
        next: RUNNING - unsettled,
        points,
        standing: Standing::Good,
        taken: 0,
    };
    Audited::<Runtime>::insert(&who, record);
    who
}

fn poke(who: &AccountId) {
    let settler = RuntimeOrigin::signed(Eve.to_account_id());
    assert_ok!(Audits::poke(settler, who.clone()));
}

fn pool(who: &AccountId) -> (u128, u128) {
    let pool = pallet_noema_providers::Pools::<Runtime>::get(ROLE, who).expect("it has a pool");
    (pool.stake.value, pool.unbonding.value)
}

#[test]
fn a_miss_of_who_has_next_to_nothing_left_reaches_both_sides_of_its_pool() {
    chain::genesis("benchmarks").execute_with(|| {
        let who = put_provider(1, 1, 71);
        let bond = Providers::bond(ROLE, &who);
        let left = parameters::AUDIT_MISS_FEE / 2;
        assert_ok!(Providers::slash(ROLE, &who, bond - left, None));
        // Half a fee, sixteen units, and four times that of others.
        assert_eq!(Providers::collateral(ROLE, &who), 5 * (left + 16));
        let before = pool(&who);
        poke(&who);
        assert_eq!(Providers::bond(ROLE, &who), 0);
        let after = pool(&who);
        assert!(after.0 < before.0 && after.1 < before.1);
        assert!(before.0 - after.0 > before.0 / 1_000, "the percentage, too");
    });
}

#[test]
fn the_miss_that_drops_changes_the_weight_of_an_active_provider() {
    chain::genesis("benchmarks").execute_with(|| {
        let who = put_provider(1, 1, 72);
        assert!(Providers::free_bytes(ROLE, &who) > 0);
        let before = Providers::bond(ROLE, &who);
        poke(&who);
        assert!(!Providers::is_active(ROLE, &who));
        assert_eq!(Providers::free_bytes(ROLE, &who), 0);
        // A tenth of a thousand tokens of collateral.
        let taken = before - Providers::bond(ROLE, &who);
        assert_eq!(taken, parameters::AUDIT_MISS_FEE + 1_024 * NOEMA / 10);
    });
}

#[test]
fn forfeited_rounds_pay_the_repair_fund_each() {
    chain::genesis("benchmarks").execute_with(|| {
        let who = put_provider(1, 16, 72);
        Audited::<Runtime>::mutate(&who, |record| {
            let record = record.as_mut().expect("it is on record");
            record.standing = Standing::Dropping {
                since: RUNNING - 16,
            };
        });
        let fund = || Balances::free_balance(RepairFundAccount::get());
        let before = fund();
        let owed = Storage::next(&who).expect("something is owed");
        poke(&who);
        assert_eq!(Storage::next(&who), Some(owed + 16));
        assert_eq!(fund() - before, 16 * 1_000_000);
    });
}

#[test]
fn a_pass_is_shared_with_delegators_and_the_largest_population_has_the_most_challenges() {
    chain::genesis("benchmarks").execute_with(|| {
        // As many as the benchmarks draw from would take minutes here.
        let who = put_provider(4, 0, 50);
        let each = Storage::population(&who, 0).bytes / 4;
        let most = parameters::MAX_CHALLENGES;
        let count = |bytes| {
            pallet_noema_audits::challenge_count(bytes, parameters::MIN_CHALLENGES, most, GIB)
        };
        assert_eq!(count(each << 14), most);
        let (_, _, challenges) = Audits::challenges(&who).expect("it is challenged");
        let answers: Vec<_> = challenges
            .iter()
            .map(|(index, item, _)| (*index, Storage::answer_for(item)))
            .collect();
        let operator = RuntimeOrigin::signed(Charlie.to_account_id());
        assert_ok!(Audits::answer(
            operator,
            RUNNING,
            answers.try_into().expect("they fit")
        ));
        let pool = pallet_noema_providers::Pools::<Runtime>::get(ROLE, &who).expect("a pool");
        assert!(pool.incoming.amount > 0);
    });
}
