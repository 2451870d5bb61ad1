//! What transactions cost, and how the price follows demand.

mod chain;

use codec::Encode;
use frame_support::dispatch::{DispatchClass, GetDispatchInfo};
use noema_core::units::{MICRO, MILLI, NOEMA};
use noema_runtime::{
    configs::money::{
        deposit, MaximumMultiplier, MinimumMultiplier, BYTE_PRICE, EXISTENTIAL_DEPOSIT,
        MICROSECOND_PRICE,
    },
    weights::block::{BlockWeights, NORMAL_RATIO},
    Balance, Runtime, RuntimeCall, System, TransactionPayment,
};
use pallet_transaction_payment::Multiplier;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    traits::{Convert, One},
    FixedPointNumber,
};

type Update = <Runtime as pallet_transaction_payment::Config>::FeeMultiplierUpdate;

fn transfer() -> RuntimeCall {
    RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: Sr25519Keyring::Bob.to_account_id().into(),
        value: NOEMA,
    })
}

#[test]
fn a_plain_transfer_costs_about_a_third_of_a_milli() {
    let mut chain = chain::Chain::development();
    chain.author(vec![]);
    let transaction = chain.signed(Sr25519Keyring::Alice, transfer());
    let length = transaction.encode().len() as u32;
    let fee = chain.query(|| TransactionPayment::query_info(transaction, length).partial_fee);
    assert!(
        (250 * MICRO..400 * MICRO).contains(&fee),
        "the documented price is 0.0003, not {fee}"
    );
}

#[test]
fn weight_and_length_are_priced_in_the_documented_units() {
    chain::genesis("development").execute_with(|| {
        let micros = |count: u64| frame_support::weights::Weight::from_parts(count * 1_000_000, 0);
        assert_eq!(MICROSECOND_PRICE, MICRO);
        assert_eq!(TransactionPayment::weight_to_fee(micros(1)), MICRO);
        assert_eq!(
            TransactionPayment::weight_to_fee(micros(375_000)),
            375 * MILLI
        );
        assert_eq!(BYTE_PRICE * 10, MICRO);
        assert_eq!(TransactionPayment::length_to_fee(1_024), 1_024 * MICRO / 10);
    });
}

#[test]
fn filling_every_block_for_an_hour_costs_thousands_at_first() {
    chain::genesis("development").execute_with(|| {
        let normal = BlockWeights::get()
            .get(DispatchClass::Normal)
            .max_total
            .expect("limited");
        let longest = noema_runtime::weights::block::BlockLength::get();
        let length = *longest.max.get(DispatchClass::Normal);
        let time = TransactionPayment::weight_to_fee(normal) * 3_600;
        assert!(
            (1_300 * NOEMA..1_400 * NOEMA).contains(&time),
            "by time: {time}"
        );
        let both = time + TransactionPayment::length_to_fee(length) * 3_600;
        assert!(
            (2_700 * NOEMA..2_900 * NOEMA).contains(&both),
            "and by length: {both}"
        );
    });
}

#[test]
fn the_factor_grows_by_a_fifth_in_an_hour_of_full_blocks_and_sinks_in_empty_ones() {
    chain::genesis("development").execute_with(|| {
        let an_hour_of = |part: u64, start: Multiplier| {
            let normal = NORMAL_RATIO * BlockWeights::get().max_block;
            System::set_block_consumed_resources(normal / 4 * part, 0);
            (0..3_600).fold(start, |factor, _| Update::convert(factor))
        };
        let hundred = Multiplier::saturating_from_integer(100);
        let full = an_hour_of(4, hundred);
        assert!(
            full > Multiplier::saturating_from_integer(121)
                && full < Multiplier::saturating_from_integer(124),
            "{full:?}"
        );
        let on_target = an_hour_of(1, hundred);
        assert!(
            on_target > Multiplier::saturating_from_integer(99)
                && on_target < Multiplier::saturating_from_integer(101),
            "{on_target:?}"
        );
        let empty = an_hour_of(0, hundred);
        assert!(
            empty > Multiplier::saturating_from_integer(92)
                && empty < Multiplier::saturating_from_integer(95),
            "{empty:?}"
        );
    });
}

#[test]
fn the_factor_stays_within_its_bounds_and_can_always_leave_them() {
    chain::genesis("development").execute_with(|| {
        assert_eq!(MinimumMultiplier::get(), Multiplier::one());
        System::set_block_consumed_resources(frame_support::weights::Weight::zero(), 0);
        assert_eq!(
            Update::convert(MinimumMultiplier::get()),
            MinimumMultiplier::get()
        );
        assert!(Update::convert(MaximumMultiplier::get()) < MaximumMultiplier::get());
        System::set_block_consumed_resources(NORMAL_RATIO * BlockWeights::get().max_block, 0);
        assert!(Update::convert(MinimumMultiplier::get()) > MinimumMultiplier::get());
        assert_eq!(
            Update::convert(MaximumMultiplier::get()),
            MaximumMultiplier::get()
        );
    });
}

#[test]
fn deposits_are_linear_in_items_and_bytes() {
    assert_eq!(deposit(0, 0), 0);
    assert_eq!(deposit(1, 0), 20 * MILLI);
    assert_eq!(deposit(0, 1_000), 100 * MILLI);
    assert_eq!(
        deposit(u32::MAX, u32::MAX),
        Balance::from(u32::MAX) * (20 * MILLI + 100 * MICRO)
    );
    assert_eq!(EXISTENTIAL_DEPOSIT, MILLI);
}

#[test]
fn four_fifths_of_a_fee_go_to_the_treasury_and_a_fifth_with_the_tip_to_the_author() {
    use noema_runtime::configs::money::TreasuryAccount;
    let mut chain = chain::Chain::development();
    chain.author(vec![]);
    let author = Sr25519Keyring::Alice.to_account_id();
    let (bob, treasury) = (Sr25519Keyring::Bob.to_account_id(), TreasuryAccount::get());
    let before = [chain.free(&author), chain.free(&bob), chain.free(&treasury)];

    let tip = 7 * MILLI;
    let call = RuntimeCall::System(frame_system::Call::remark {
        remark: vec![1; 100],
    });
    assert!(call.get_dispatch_info().call_weight.ref_time() > 0);
    let transaction = chain.signed_with(Sr25519Keyring::Bob, call, 0, tip);
    let (_, results) = chain.author(vec![transaction]);
    assert_eq!(results, [Ok(Ok(()))]);

    assert_eq!(
        [chain.free(&author), chain.free(&treasury)],
        [before[0], before[2]],
        "a block's fees are paid out in the next one"
    );
    chain.author(vec![]);

    let paid = before[1] - chain.free(&bob);
    let fee = paid - tip;
    assert!(fee > 0);
    let to_author = chain.free(&author) - before[0];
    let to_treasury = chain.free(&treasury) - before[2];
    assert_eq!(to_author + to_treasury, paid, "nothing is lost");
    assert_eq!(to_treasury, fee * 4 / 5);
    assert_eq!(to_author, paid - fee * 4 / 5);
}
