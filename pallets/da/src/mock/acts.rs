//! What providers and others do, and what a test reads.

use super::*;
use frame_support::assert_ok;
use sp_runtime::DispatchResult;

pub(crate) fn signed(who: u64) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// A provider with the key of its own number.
pub(crate) fn give_seat(provider: u64, stake: u128) {
    Registry::register(provider, stake);
    assert_ok!(set_key(provider, provider));
}

/// The operator of a provider sets the key with this number.
pub(crate) fn set_key(provider: u64, number: u64) -> DispatchResult {
    Da::set_key(
        signed(operator_of(provider)),
        key(number),
        proof(provider, number),
        None,
    )
}

/// Puts a key where it belongs without a proof, for tests that need many.
pub(crate) fn put_seat(provider: u64, stake: u128) {
    Registry::register(provider, stake);
    let key = key(provider);
    let record = crate::KeyRecord {
        key,
        point: crate::bls::point_of(&key).unwrap(),
        deposit: 0,
    };
    crate::Keys::<Test>::insert(provider, record);
}

/// The next block, with so much weight for hooks.
pub(crate) fn next_block_with(weight: Weight) {
    let number = System::block_number() + 1;
    System::initialize(&number, &Default::default(), &Default::default());
    TickNow::mutate(|tick| *tick += 1);
    let mut meter = WeightMeter::with_limit(weight);
    Da::on_poll(number, &mut meter);
}

/// The next block.
pub(crate) fn next_block() {
    next_block_with(BLOCK);
}

/// So many blocks.
pub(crate) fn next_blocks(number: u32) {
    (0..number).for_each(|_| next_block());
}

/// Blocks until an era has a committee.
pub(crate) fn to_committee(era: crate::EraIndex) -> crate::CommitteeRecord<u64> {
    for _ in 0..200 {
        if let Some(committee) = Da::committee(era) {
            return committee;
        }
        next_block();
    }
    panic!("era {era} gets no committee");
}

/// Who has a seat in an era.
pub(crate) fn seats_of(era: crate::EraIndex) -> Vec<u64> {
    let committee = Da::committee(era).expect("the era has a committee");
    committee.seats.iter().map(|seat| seat.provider).collect()
}

/// The pallet's events of this block, then none.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
    let events = System::events();
    System::reset_events();
    events
        .into_iter()
        .filter_map(|record| match record.event {
            RuntimeEvent::Da(event) => Some(event),
            _ => None,
        })
        .collect()
}
