//! How many answers a tick and a block have room for: the figures of `docs/design/ticks-and-randomness.md` that follow from weights.

mod chain;

use chain::{
    answers::{normal, proof},
    Chain,
};
use codec::Encode;
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::Get,
};
use noema_commitment::Shape;
use noema_core::units::TIB;
use noema_models::audits::{blocking::room, parameters::Pace};
use noema_runtime::{
    weights::block::{BlockLength, BlockWeights},
    Runtime, RuntimeCall,
};
use pallet_noema_audits::WeightInfo as _;
use sp_keyring::Sr25519Keyring::Bob;

type AuditsWeight = <Runtime as pallet_noema_audits::Config>::WeightInfo;

/// The largest batch of answers of a file of a TiB.
fn largest_batch() -> RuntimeCall {
    let shape = Shape::new(TIB).expect("a size");
    let proof = proof(&shape, 0);
    let most = <Runtime as pallet_noema_audits::Config>::MaxChallenges::get();
    let answers: Vec<_> = (0..most)
        .map(|index| (u8::try_from(index).expect("few"), proof.clone()))
        .collect();
    RuntimeCall::Audits(pallet_noema_audits::Call::answer {
        round: 0,
        answers: answers.try_into().expect("as many as there can be"),
    })
}

/// How many batches fit: each is charged in advance what it could take, and given back what it did not.
fn fit(room: u64, declared: u64, taken: u64) -> u64 {
    room.checked_sub(declared)
        .map_or(0, |rest| 1 + rest / taken)
}

/// The figures of `docs/design/ticks-and-randomness.md` that follow from weights. They were provisional when it was written: measured ones are lower, so that
/// more batches fit than it says.
#[test]
fn a_tick_has_room_for_as_many_batches_as_the_design_counts_on() {
    let mut chain = Chain::development();
    let transaction = chain.signed(Bob, largest_batch());
    let most = <Runtime as pallet_noema_audits::Config>::MaxChallenges::get();
    let info = transaction.get_dispatch_info();
    let base = BlockWeights::get().get(info.class).base_extrinsic;
    let declared = info.total_weight().saturating_add(base);
    // The first and only batch of a provider that has nothing unsettled.
    let not_taken = largest_batch()
        .get_dispatch_info()
        .call_weight
        .saturating_sub(AuditsWeight::settle(0))
        .saturating_sub(AuditsWeight::write_down())
        .saturating_sub(AuditsWeight::answer(most));
    let taken = declared.saturating_sub(not_taken);
    let (declared, taken) = (declared.ref_time(), taken.ref_time());
    let in_block = fit(normal().ref_time(), declared, taken);
    let in_tick = fit(normal().ref_time() / 4, declared, taken);
    let length = u64::try_from(transaction.encoded_size()).expect("short");
    let bytes = u64::from(*BlockLength::get().max.get(DispatchClass::Normal));
    let priority = (BlockWeights::get().max_block.ref_time() / declared).min(bytes / length);
    let found = format!(
        "{in_tick} in a tick's room, {in_block} in a block, tips count {priority} times, {} and {} by length; {declared} ps declared, {taken} taken",
        bytes / 4 / length,
        bytes / length,
    );
    println!("{found}");
    for (is, says) in [
        (in_tick, room::BATCHES_OF_A_TICK),
        (in_block, room::BATCHES_OF_A_BLOCK),
        (priority, room::TIPS),
    ] {
        // No fewer than it says, and not so many that it should say something else.
        assert!((says..=says * 8).contains(&is), "{found}");
    }
    assert_eq!(
        (bytes / 4 / length, bytes / length),
        (room::BY_LENGTH / 4, room::BY_LENGTH)
    );
    // All providers there can be get their answers in within a window, each the largest.
    let providers: u32 = <Runtime as pallet_noema_providers::Config>::MaxProviders::get();
    assert!(
        in_tick * Pace::PRODUCTION.answer_ticks >= u64::from(providers),
        "{found}"
    );
}

/// The share of a block's weight that answers take when all providers hold 100 TiB each.
#[test]
fn answers_of_all_providers_leave_most_of_the_blocks_to_others() {
    let providers: u32 = <Runtime as pallet_noema_providers::Config>::MaxProviders::get();
    let taken = AuditsWeight::settle(0)
        .saturating_add(AuditsWeight::write_down())
        .saturating_add(AuditsWeight::answer(24));
    let share = |round_ticks: u64| {
        let each_block = taken.ref_time() * u64::from(providers) / round_ticks;
        each_block * 1_000 / normal().ref_time()
    };
    let (six_hours, one_hour) = (share(Pace::PRODUCTION.round_ticks), share(3_600));
    println!("{six_hours} and {one_hour} thousandths of the normal class");
    assert!(six_hours <= room::ALL_ANSWERS_PER_MILLE, "{six_hours}");
    // With rounds of an hour they would take most of it.
    assert!(one_hour / 6 <= six_hours + 1);
}
