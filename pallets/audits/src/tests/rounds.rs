//! How rounds follow each other.

use crate::{mock::*, Event, Pace, PaceInForce, RoundState, Running, SkippedRounds};
use frame_support::{traits::Hooks, weights::WeightMeter};
use noema_models::audits::block::{Block, Kind};
use noema_traits::{AgedRandomness, Rounds};

/// Rounds that were skipped, of the first 256.
fn skipped() -> Vec<u32> {
    (0..256)
        .filter(|round| Audits::is_skipped(*round))
        .collect()
}

#[test]
fn round_before_the_first_tick_is_none() {
    build_and_execute(&[1], || {
        assert_eq!(Running::<Test>::get(), None);
        assert_eq!((Audits::current(), Audits::length()), (0, 14));
        pass(&full());
        assert_eq!(Running::<Test>::get(), None);
        next_block();
        let round = running();
        assert_eq!((round.index, round.began_at, round.draw_at), (0, 2, 4));
        assert_eq!((round.ends, round.answer_ticks), (15, 5));
        assert_eq!(
            take_events(),
            [Event::RoundBegan {
                round: 0,
                draw_at: 4,
                ends: 15
            }]
        );
    });
}

#[test]
fn round_is_drawn_by_the_seed_of_its_draw_point() {
    build_and_execute(&[], || {
        to_draw();
        let began = running();
        assert_eq!(began.began_at, System::block_number());
        next_block();
        assert!(is_drawing());
        next_block();
        let seed = Seeds::seed_from(began.draw_at).unwrap();
        // The block in which it opens is a tick of its window.
        let until = tick() - 1 + 5;
        assert_eq!(
            running().state,
            RoundState::Open {
                seed: seed.value,
                drawn_at: began.draw_at,
                until
            }
        );
        assert_eq!(
            take_events(),
            [Event::RoundDrawn {
                round: 0,
                drawn_at: began.draw_at,
                until
            }]
        );
    });
}

#[test]
fn round_is_drawn_by_a_later_seed_when_its_draw_point_has_none() {
    build_and_execute(&[], || {
        to_draw();
        let began = running();
        next_block();
        for _ in 0..2 {
            pass(&without_seed());
            assert!(is_drawing());
        }
        next_block();
        assert!(matches!(
            running().state,
            RoundState::Open { drawn_at, .. } if drawn_at == began.draw_at + 2
        ));
    });
}

#[test]
fn round_without_a_seed_is_skipped_one_block_after_the_last_that_counts() {
    build_and_execute(&[], || {
        to_draw();
        let began = running();
        while System::block_number() < began.draw_at + 2 {
            pass(&without_seed());
            assert!(is_drawing());
        }
        next_block();
        assert_eq!(running().state, RoundState::Skipped);
        assert_eq!(take_events(), [Event::RoundSkipped { round: 0 }]);
        assert_eq!(skipped(), [0]);
        // The next one comes when it would have come.
        pass_until(is_drawing);
        assert_eq!((running().index, tick()), (1, began.ends));
    });
}

#[test]
fn skipped_rounds_have_a_bit_each_and_others_none() {
    build_and_execute(&[], || {
        to_draw();
        for _ in 0..9 {
            to_skipped();
            pass_rounds(1);
            to_open();
        }
        assert_eq!(skipped(), (0..18).step_by(2).collect::<Vec<_>>());
        assert_eq!(SkippedRounds::<Test>::iter().count(), 1);
        let mut bits = [0; 32];
        bits[..3].copy_from_slice(&[0b0101_0101, 0b0101_0101, 1]);
        assert_eq!(SkippedRounds::<Test>::get(0), Some(bits));
    });
}

#[test]
fn every_window_has_as_many_ticks_as_promised_and_ends_before_the_next_draw() {
    build_and_execute(&[], || {
        for _ in 0..5 {
            to_open();
            let opened = tick();
            to_close();
            // The block that drew it was a tick as well, and took answers.
            assert_eq!(tick() - opened, 4);
            assert!(!is_drawing());
        }
    });
}

#[test]
fn round_keeps_its_pace_when_another_is_set() {
    build_and_execute(&[], || {
        to_open();
        let before = running();
        // It does not fit: longer rounds, never shorter windows.
        set_pace(Pace {
            round_ticks: 2,
            answer_ticks: 3,
            draw_delay: 1,
        });
        assert_eq!(running(), before);
        assert_eq!(Audits::length(), 2);
        pass_until(|| round() > before.index);
        assert!(tick() >= before.ends);
        let next = running();
        assert_eq!((next.ends - tick(), next.answer_ticks), (2, 3));
        assert_eq!(next.draw_at, System::block_number() + 1);
        pass_until(is_open);
        let opened = tick();
        to_close();
        assert_eq!(tick() - opened, 2);
        pass_until(|| round() > next.index);
    });
}

#[test]
fn round_of_a_pace_of_nothing_still_has_a_window_and_a_later_draw_point() {
    build_and_execute(&[], || {
        to_open();
        set_pace(Pace {
            round_ticks: 0,
            answer_ticks: 0,
            draw_delay: 0,
        });
        for _ in 0..10 {
            to_draw();
            assert_eq!(running().draw_at, System::block_number() + 1);
            assert_eq!(running().answer_ticks, 1);
            // The block that draws it is its whole window, and begins the next.
            let before = round();
            next_block();
            assert_eq!(round(), before + 1);
        }
    });
}

#[test]
fn window_goes_on_where_it_stopped_after_a_standstill() {
    build_and_execute(&[1, 2], || {
        to_calm();
        give(1, &[10]);
        give(2, &[10]);
        to_open();
        answer_all(1);
        let before = (tick(), Audits::challenges(&2));
        for n in 0..2_000 {
            match n % 3 {
                0 => pass(&full()),
                1 => pass(&of_kind(Kind::Migrating)),
                _ => pass(&Block {
                    open: (false, false),
                    ..usual()
                }),
            }
        }
        assert_eq!((tick(), Audits::challenges(&2)), before);
        answer_all(2);
        assert_eq!(record(2).points, 0);
    });
}

#[test]
fn round_being_drawn_in_a_standstill_is_drawn_by_its_seed_while_that_is_remembered() {
    build_and_execute(&[], || {
        to_draw();
        let draw_at = running().draw_at;
        next_blocks(1);
        // The seed is made, and audits' hook has no weight.
        System::initialize(&draw_at, &Default::default(), &Default::default());
        Seeds::set(draw_at, [9; 32]);
        for _ in 0..15 {
            pass(&of_kind(Kind::Migrating));
        }
        assert!(is_drawing());
        next_block();
        assert!(
            matches!(running().state, RoundState::Open { seed: [9, ..], drawn_at, .. } if drawn_at == draw_at)
        );
    });
}

#[test]
fn round_being_drawn_in_a_longer_standstill_is_skipped() {
    build_and_execute(&[], || {
        to_draw();
        let draw_at = running().draw_at;
        next_blocks(1);
        System::initialize(&draw_at, &Default::default(), &Default::default());
        Seeds::set(draw_at, [9; 32]);
        for _ in 0..25 {
            pass(&of_kind(Kind::Migrating));
        }
        next_block();
        assert_eq!(running().state, RoundState::Skipped);
    });
}

#[test]
fn on_poll_with_weight_for_itself_alone_draws_later() {
    build_and_execute(&[], || {
        use crate::WeightInfo;
        to_draw();
        next_block();
        let number = System::block_number() + 1;
        System::initialize(&number, &Default::default(), &Default::default());
        Seeds::set(number, [9; 32]);
        let version = <Test as frame_system::Config>::DbWeight::get().reads(1);
        let least = <Test as crate::Config>::WeightInfo::on_poll() + version;
        let mut meter = WeightMeter::with_limit(least);
        Audits::on_poll(number, &mut meter);
        assert_eq!(meter.consumed(), least);
        idle(true, number);
        assert!(is_drawing());
        next_block();
        assert!(matches!(
            running().state,
            RoundState::Open { seed: [9, ..], .. }
        ));
    });
}

#[test]
fn pace_at_genesis_is_that_of_production_unless_another_is_given() {
    use sp_runtime::BuildStorage;
    let storage = crate::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    sp_io::TestExternalities::new(storage).execute_with(|| {
        assert_eq!(PaceInForce::<Test>::get(), Pace::PRODUCTION);
        assert!(!PaceInForce::<Test>::exists());
    });
    new_test_ext().execute_with(|| assert_eq!(PaceInForce::<Test>::get(), QUICK));
}

#[test]
fn instances_have_clocks_and_rounds_of_their_own() {
    build_and_execute(&[], || {
        to_open();
        let ours = running();
        let rows = Running::<Test, frame_support::instances::Instance1>::get().unwrap();
        // Its pace is that of production.
        assert_eq!((rows.index, rows.ends), (0, 21_601));
        assert_eq!(ours.index, 0);
        let mut meter = WeightMeter::new();
        RowAudits::on_poll(System::block_number(), &mut meter);
        assert_eq!(running(), ours);
    });
}
