//! When a block gets a seed, and which.

use crate::{
    mock::*, seed_value, Event, MissingReason, Output, Outputs, Recorded, Seeds, Span, WeightInfo,
    FORGOTTEN_PER_BLOCK, WINDOW,
};
use frame_support::{
    traits::Hooks,
    weights::{Weight, WeightMeter},
};
use proptest::prelude::*;

/// The formula of the design, written out once more.
fn expected_seed(epoch: Output, block: u32, outputs: impl IntoIterator<Item = Output>) -> Output {
    let mut input = b"noema/entropy/v1".to_vec();
    input.extend(epoch);
    input.extend(block.to_le_bytes());
    outputs.into_iter().for_each(|output| input.extend(output));
    sp_io::hashing::blake2_256(&input)
}

#[test]
fn seed_value_matches_vector() {
    // Computed with Python's hashlib: blake2b, 32 bytes, of the 16 + 32 + 4 + 32 * 32 bytes.
    let outputs: Vec<Output> = (1..=32).map(|byte| [byte; 32]).collect();
    assert_eq!(
        seed_value(&[0xee; 32], 77, &outputs),
        hex("49960fa4c5902a4876b7a807ca953a1183a7c17ac2f9838cb3ea523ba3c832a8")
    );
}

fn hex(text: &str) -> Output {
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).unwrap();
    }
    bytes
}

#[test]
fn on_poll_before_window_is_full_records_no_seed() {
    build_and_execute(|| {
        poll_range(1, WINDOW - 1);
        assert_eq!(Seeds::<Test>::iter().count(), 0);
        assert_eq!(Recorded::<Test>::get(), None);
        assert_eq!(Outputs::<Test>::get().len(), 31);
        System::assert_last_event(
            Event::NoSeed {
                block: WINDOW - 1,
                reason: MissingReason::Collecting,
            }
            .into(),
        );
    });
}

#[test]
fn on_poll_with_full_window_records_seed_of_formula() {
    build_and_execute(|| {
        poll_range(1, WINDOW);
        let outputs = (1..=WINDOW).map(output_of);
        assert_eq!(
            Seeds::<Test>::get(WINDOW),
            Some(expected_seed([0xee; 32], WINDOW, outputs))
        );
        assert_eq!(
            Recorded::<Test>::get(),
            Some(Span {
                oldest: WINDOW,
                newest: WINDOW
            })
        );
    });
}

#[test]
fn on_poll_later_uses_last_outputs_and_current_epoch() {
    build_and_execute(|| {
        poll_range(1, 39);
        set_epoch([5; 32]);
        poll_range(40, 40);
        let outputs = (9..=40).map(output_of);
        assert_eq!(
            Seeds::<Test>::get(40),
            Some(expected_seed([5; 32], 40, outputs))
        );
    });
}

#[test]
fn on_poll_without_output_records_no_seed_and_keeps_window() {
    build_and_execute(|| {
        poll_range(1, 40);
        let before = Outputs::<Test>::get();
        poll_with(41, None);
        assert_eq!(Seeds::<Test>::get(41), None);
        assert_eq!(Outputs::<Test>::get(), before);
        System::assert_last_event(
            Event::NoSeed {
                block: 41,
                reason: MissingReason::NoOutput,
            }
            .into(),
        );
        // The next block's window leaves the missing one out.
        poll_range(42, 42);
        let outputs = (10..=40).chain([42]).map(output_of);
        assert_eq!(
            Seeds::<Test>::get(42),
            Some(expected_seed([0xee; 32], 42, outputs))
        );
    });
}

#[test]
fn on_poll_after_pause_continues_with_window() {
    build_and_execute(|| {
        poll_range(1, 40);
        poll_range(60, 60);
        let outputs = (10..=40).chain([60]).map(output_of);
        assert_eq!(
            Seeds::<Test>::get(60),
            Some(expected_seed([0xee; 32], 60, outputs))
        );
        assert!((41..60).all(|block| Seeds::<Test>::get(block).is_none()));
    });
}

#[test]
fn on_poll_without_weight_does_nothing() {
    build_and_execute(|| {
        poll_range(1, 40);
        let before = Outputs::<Test>::get();
        System::reset_events();
        System::set_block_number(41);
        set_output(Some([1; 32]));
        let worst =
            <<Test as crate::Config>::WeightInfo as WeightInfo>::on_poll(FORGOTTEN_PER_BLOCK);
        let mut meter = WeightMeter::with_limit(worst - Weight::from_parts(1, 0));
        NoemaEntropy::on_poll(41, &mut meter);
        assert_eq!(meter.consumed(), Weight::zero());
        assert_eq!(Seeds::<Test>::get(41), None);
        assert_eq!(Outputs::<Test>::get(), before);
        assert!(System::events().is_empty());
    });
}

#[test]
fn on_poll_consumes_what_it_did() {
    build_and_execute(|| {
        poll_range(1, 40);
        System::set_block_number(41);
        let mut meter = WeightMeter::new();
        NoemaEntropy::on_poll(41, &mut meter);
        assert_eq!(
            meter.consumed(),
            <<Test as crate::Config>::WeightInfo as WeightInfo>::on_poll(0)
        );
        // Far later, eight seeds go at once.
        System::set_block_number(1_000);
        let mut meter = WeightMeter::new();
        NoemaEntropy::on_poll(1_000, &mut meter);
        assert_eq!(
            meter.consumed(),
            <<Test as crate::Config>::WeightInfo as WeightInfo>::on_poll(FORGOTTEN_PER_BLOCK)
        );
    });
}

#[test]
fn on_poll_in_ordinary_blocks_emits_nothing() {
    build_and_execute(|| {
        poll_range(1, 40);
        System::reset_events();
        poll_range(41, 60);
        assert!(System::events().is_empty());
    });
}

proptest! {
    /// Every input byte matters: whoever knows all but one output knows nothing.
    #[test]
    fn seed_value_depends_on_every_input(
        outputs in prop::collection::vec(any::<[u8; 32]>(), 32),
        epoch in any::<[u8; 32]>(),
        block in any::<u32>(),
        place in 0usize..32,
        byte in 0usize..32,
        bit in 0u32..8,
    ) {
        let seed = seed_value(&epoch, block, &outputs);
        let mut other = outputs.clone();
        other[place][byte] ^= 1 << bit;
        prop_assert_ne!(seed, seed_value(&epoch, block, &other));
        let mut other_epoch = epoch;
        other_epoch[byte] ^= 1 << bit;
        prop_assert_ne!(seed, seed_value(&other_epoch, block, &outputs));
        prop_assert_ne!(seed, seed_value(&epoch, block ^ (1 << bit), &outputs));
    }
}
