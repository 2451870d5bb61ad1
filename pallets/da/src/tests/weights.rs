//! What calls and hooks say that they weigh.

use crate::{mock::*, Call, Event, SeatBits, WeightInfo};
use frame_support::{dispatch::GetDispatchInfo, weights::Weight};

type Weights = <Test as crate::Config>::WeightInfo;

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

#[test]
fn attest_is_charged_for_its_keys_and_for_whom_it_put_on_record() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = seeded(1, 100, 1);
        let call = |seats: &[u8]| {
            RuntimeCall::from(Call::<Test>::attest {
                submission: id,
                bits: bits(seats),
                signature: signature(id, seats),
            })
        };
        let first = call(&[0, 1, 2]);
        let before = first.get_dispatch_info().call_weight;
        assert_eq!(
            before,
            Weights::attest(3).saturating_add(Weights::verify_aggregate(3))
        );
        assert_eq!(attest(id, &[0, 1, 2]).unwrap().actual_weight, Some(before));
        // Known already in this era.
        let second = seeded(2, 100, 1);
        let done = attest(second, &[0, 1, 2]).unwrap();
        let expected = Weights::attest(0).saturating_add(Weights::verify_aggregate(3));
        assert_eq!(done.actual_weight, Some(expected));
    });
}

#[test]
fn keys_are_added_of_the_fewer() {
    let of = |seats: usize| crate::Pallet::<Test>::weight_of_attest(&SeatBits::all(seats), 0);
    assert_eq!(of(100), of(0));
    assert_eq!(of(67), of(33));
    assert!(of(50).all_gte(of(67)));
}

#[test]
fn agenda_takes_no_more_than_its_share() {
    build_and_execute(|| {
        seat(&STAKES);
        for number in 0..30 {
            submit(ALICE, number, 100, 1);
            next_block();
        }
        let share = Da::least_agenda_weight();
        MaxAgendaWeight::set(share);
        let mut meter = frame_support::weights::WeightMeter::new();
        Da::run_agenda(&mut meter);
        assert!(meter.consumed().all_lte(share));
        let mut none = frame_support::weights::WeightMeter::with_limit(Weight::zero());
        Da::run_agenda(&mut none);
        assert_eq!(none.consumed(), Weight::zero());
    });
}

#[test]
fn seeds_come_before_everything_else_in_a_tight_block() {
    build_and_execute(|| {
        seat(&STAKES);
        submit(ALICE, 1, 100, 1);
        next_blocks(1);
        take_events();
        // Room for little: what committees and price look at, and one seed.
        let room = Weights::form_base()
            .saturating_add(Weights::on_poll())
            .saturating_add(Weights::step_seeded());
        next_block_with(room);
        let drawn = |event: &Event<Test>| matches!(event, Event::RowSeedDrawn { .. });
        assert!(take_events().iter().any(drawn));
    });
}
