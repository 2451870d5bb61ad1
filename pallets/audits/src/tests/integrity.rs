//! Parameters that do not fit together are refused before a chain starts.

use crate::{mock::*, Pace};
use sp_runtime::{BuildStorage, Perbill};

fn refused(change: impl FnOnce()) -> String {
    let mut message = String::new();
    new_test_ext().execute_with(|| {
        integrity_test();
        change();
        let result = std::panic::catch_unwind(integrity_test);
        let panic = result.expect_err("the parameters were accepted");
        message = match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).into(),
        };
    });
    message
}

#[test]
fn integrity_of_bad_parameters_names_the_parameter() {
    type Change = fn();
    let changes: [(&str, Change); 15] = [
        ("`MaxChallenges` is 0", || MaxChallenges::set(0)),
        ("`MaxChallenges` is 65", || MaxChallenges::set(65)),
        ("`MinChallenges` is 0", || MinChallenges::set(0)),
        ("`MinChallenges` is 7", || MinChallenges::set(7)),
        ("`ChallengeUnit`", || ChallengeUnit::set(0)),
        ("`DropPoints` is 97", || DropPoints::set(97)),
        ("`DropPoints` is 0", || DropPoints::set(0)),
        ("`MissPoints` (0)", || MissPoints::set(0)),
        ("`PassPoints`", || PassPoints::set(0)),
        ("more than everything together", || {
            DropSlash::set(Perbill::from_percent(96));
        }),
        ("`ReporterShare`", || {
            ReporterShare::set(Perbill::from_percent(21));
        }),
        ("`MaxSettle`", || MaxSettle::set(0)),
        ("remembered for 10 blocks", || History::set(10)),
        ("does not fit", || MaxSeedGap::set(4_000)),
        ("the largest answer", || {
            let mut length = BlockLength::get();
            *length
                .max
                .get_mut(frame_support::dispatch::DispatchClass::Normal) = 2_000;
            BlockLength::set(length);
        }),
    ];
    for (name, change) in changes {
        let message = refused(change);
        assert!(message.contains(name), "{message:?} does not name {name}");
    }
}

#[test]
fn integrity_of_blocks_too_small_for_an_answer_is_refused() {
    let message = refused(|| {
        let mut limits = BlockWeights::get();
        let small = frame_support::weights::Weight::from_parts(10_000_000_000, u64::MAX);
        limits
            .per_class
            .get_mut(frame_support::dispatch::DispatchClass::Normal)
            .max_total = Some(small);
        BlockWeights::set(limits);
    });
    assert!(message.contains("the largest answer"), "{message}");
}

#[test]
fn integrity_of_a_chain_without_seeds_passes() {
    use noema_traits::AgedRandomness;
    new_test_ext().execute_with(|| {
        History::set(<() as AgedRandomness<u32>>::history());
        integrity_test();
    });
}

#[test]
fn pace_fits_when_every_window_ends_before_the_next_draw() {
    assert!(Pace::PRODUCTION.fits(8));
    assert!(Pace::DEVELOPMENT.fits(8));
    assert!(QUICK.fits(2));
    let pace = |round_ticks, answer_ticks, draw_delay| Pace {
        round_ticks,
        answer_ticks,
        draw_delay,
    };
    assert!(pace(42, 30, 2).fits(8));
    assert!(!pace(41, 30, 2).fits(8));
    assert!(!pace(42, 0, 2).fits(8));
    assert!(!pace(42, 30, 0).fits(8));
    assert!(!pace(u32::MAX, 1, 1).fits(u64::MAX));
}

#[test]
fn pace_of_the_note_is_that_of_the_model() {
    use noema_models::audits::parameters::Pace as Model;
    for (ours, model) in [
        (Pace::PRODUCTION, Model::PRODUCTION),
        (Pace::DEVELOPMENT, Model::DEVELOPMENT),
    ] {
        assert_eq!(u64::from(ours.round_ticks), model.round_ticks);
        assert_eq!(u64::from(ours.answer_ticks), model.answer_ticks);
        assert_eq!(ours.draw_delay, model.draw_delay);
    }
}

#[test]
#[should_panic(expected = "does not fit")]
fn genesis_with_a_pace_that_does_not_fit_is_refused() {
    let pace = Some(Pace {
        round_ticks: 10,
        answer_ticks: 9,
        draw_delay: 2,
    });
    let genesis = crate::GenesisConfig::<Test> {
        pace,
        ..Default::default()
    };
    drop(genesis.build_storage());
}
