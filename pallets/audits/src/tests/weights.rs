//! That what is charged covers what was done and no more, and that the largest calls fit.

use crate::{mock::*, AnswersOf, Config, Error, Pallet, WeightInfo};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    dispatch::{DispatchClass, DispatchResultWithPostInfo, GetDispatchInfo, Pays},
    instances::Instance1,
    weights::Weight,
};
use noema_traits::AuditFreeze;

/// The mock's, of which every part is told from every other.
type W = <Test as Config>::WeightInfo;
/// Those that runtimes take.
type Given = <Test as Config<Instance1>>::WeightInfo;

/// Half a second of a block of which three quarters are for the normal class: what Noema has.
const NOEMA_ROOM: Weight = Weight::from_parts(500_000_000_000 / 4 * 3 / 4, u64::MAX);

/// What a call that failed with this error is charged.
#[track_caller]
fn charged_for(error: Error<Test>, result: DispatchResultWithPostInfo) -> Weight {
    let failed = result.expect_err("it is refused");
    assert_eq!(failed.error, error.into());
    assert_eq!(failed.post_info.pays_fee, Pays::Yes);
    failed
        .post_info
        .actual_weight
        .expect("what was not done is given back")
}

#[test]
fn the_largest_answer_fits_the_room_of_the_runtime_it_is_meant_for() {
    let worst = Pallet::<Test, Instance1>::weight_of_answer(32);
    assert!(worst.all_lte(NOEMA_ROOM), "{worst:?}");
    // As a part of a proof of execution that is no larger than a block.
    assert!(worst.proof_size() < 5 << 20, "{worst:?}");
}

#[test]
fn the_largest_answer_is_as_long_as_its_type_says() {
    new_test_ext().execute_with(|| {
        let proof = Proof::of(Item {
            replica: u64::MAX,
            sectors: 1,
            sector: 0,
        });
        let answers: AnswersOf<Test> = vec![(255, proof); 6].try_into().unwrap();
        assert_eq!(answers.encoded_size(), AnswersOf::<Test>::max_encoded_len());
    });
}

#[test]
fn answer_is_charged_its_worst_and_given_back_what_it_did_not_take() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        let answers = right(1);
        let call = crate::Call::<Test>::answer {
            round: round(),
            answers: answers.clone().try_into().unwrap(),
        };
        let info = call.get_dispatch_info();
        let most = W::poke()
            .saturating_add(W::write_down())
            .saturating_add(W::answer(3));
        assert_eq!(info.call_weight, most);
        assert_eq!(info.class, DispatchClass::Normal);
        let taken = answer(1, round(), &answers).unwrap().actual_weight.unwrap();
        let expected = W::settle(0)
            .saturating_add(W::write_down())
            .saturating_add(W::answer(3));
        assert_eq!(taken, expected);
        to_close();
        to_open();
        to_close();
        to_open();
        let answers = right(1);
        let taken = answer(1, round(), &answers).unwrap().actual_weight.unwrap();
        let expected = W::settle(0)
            .saturating_add(W::settle_missed())
            .saturating_add(W::write_down())
            .saturating_add(W::answer(3));
        assert_eq!(taken, expected);
    });
}

#[test]
fn answer_of_what_is_written_down_already_is_not_charged_for_drawing() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        let answers = right(1);
        let taken = |batch| answer(1, round(), batch).unwrap().actual_weight.unwrap();
        let once = W::settle(0).saturating_add(W::answer(1));
        assert_eq!(taken(&answers[..1]), once.saturating_add(W::write_down()));
        assert_eq!(taken(&answers[1..2]), once);
        assert_eq!(taken(&answers[2..]), once);
        // A change of the population has it written down as well.
        to_close();
        to_open();
        give(1, &[5]);
        let answers = right(1);
        let expected = W::settle(0).saturating_add(W::answer(3));
        assert_eq!(
            answer(1, round(), &answers).unwrap().actual_weight.unwrap(),
            expected
        );
    });
}

#[test]
fn answer_that_is_refused_is_charged_for_what_was_done_until_then() {
    build_and_execute(&[1, 2], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        let right = right(1);
        let looked = W::settle(0);
        let refused =
            |error, provider, answers: &[_]| charged_for(error, answer(provider, round(), answers));
        // There is nothing to draw.
        assert_eq!(refused(Error::NothingToAnswer, 2, &right), looked);
        // Drawn, and thrown away with the rest.
        let drawn = looked.saturating_add(W::write_down());
        let twice = [right[0], right[0]];
        assert_eq!(refused(Error::DuplicateIndex, 1, &twice), drawn);
        let mut long = right.clone();
        long[2].1.siblings += 1;
        assert_eq!(refused(Error::WrongProofLength, 1, &long), drawn);
        // Only what is hashed is paid as if it were right.
        let mut wrong = right.clone();
        wrong[2].1.flipped = true;
        let hashed = drawn.saturating_add(W::answer(3));
        assert_eq!(refused(Error::WrongProof, 1, &wrong), hashed);
        answer(1, round(), &right[..1]).unwrap();
        assert_eq!(refused(Error::AlreadyAnswered, 1, &right[..1]), looked);
        answer(1, round(), &right[1..]).unwrap();
        assert_eq!(refused(Error::NothingToAnswer, 1, &right), looked);
        to_close();
        assert_eq!(refused(Error::TooLate, 1, &right), looked);
        assert_eq!(refused(Error::NotAnOperator, 9, &right), looked);
    });
}

#[test]
fn answer_with_too_much_unsettled_is_charged_for_the_settling_that_was_undone() {
    build_and_execute(&[1], || {
        MissPoints::set(1);
        DropPoints::set(100);
        MaxSettle::set(2);
        to_calm();
        give(1, &[10, 20]);
        pass_rounds(4);
        to_open();
        let right = right(1);
        let taken = charged_for(Error::Unsettled, answer(1, round(), &right));
        let expected = W::settle(0).saturating_add(W::settle_missed().saturating_mul(2));
        assert_eq!(taken, expected);
    });
}

#[test]
fn poke_is_given_back_what_it_did_not_take() {
    build_and_execute(&[1], || {
        let call = crate::Call::<Test>::poke { provider: 1 };
        assert_eq!(call.get_dispatch_info().call_weight, W::poke());
        to_calm();
        give(1, &[10, 20]);
        to_skipped();
        let taken = poke(1).unwrap().actual_weight.unwrap();
        assert_eq!(taken, W::settle(1));
        pass_rounds(9);
        to_calm();
        // Three misses, the drop, the rest forfeited.
        let unsettled = Audits::standing(&1).unwrap().unsettled;
        assert_eq!(unsettled, 9);
        let taken = poke(1).unwrap().actual_weight.unwrap();
        let expected = W::settle(unsettled - 4)
            .saturating_add(W::settle_missed().saturating_mul(3))
            .saturating_add(W::settle_dropped());
        assert_eq!(taken, expected);
        assert!(taken.all_lt(W::poke()), "the limit hides nothing");
    });
}

#[test]
fn poke_that_comes_second_is_charged_for_having_looked() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        to_open();
        to_close();
        poke(1).unwrap();
        let looked = W::settle(0);
        assert_eq!(charged_for(Error::NothingToSettle, poke(1)), looked);
        assert_eq!(charged_for(Error::NothingToSettle, poke(77)), looked);
    });
}

#[test]
fn no_call_is_charged_more_for_its_parts_than_for_the_whole() {
    let settled = |rounds, missed, dropped| crate::settle::SettledRounds {
        rounds,
        missed,
        dropped,
    };
    let work = crate::settle::Work {
        settled: settled(16, 4, 1),
        drew: true,
        hashed: 32,
    };
    let most = Pallet::<Test, Instance1>::weight_of_answer(32);
    assert_eq!(work.weight::<Given>(), most);
}

#[test]
fn before_change_says_what_it_weighs_at_most() {
    let most = Audits::weight_of_before_change();
    assert!(W::before_change().all_lte(most) && W::poke().all_lte(most));
    assert!(W::write_down().all_lt(W::before_change()));
    assert_eq!(Audits::weight_of_emptied(), W::emptied());
    assert_eq!(
        <() as AuditFreeze<u64>>::weight_of_before_change(),
        Weight::zero()
    );
}

#[test]
fn before_change_says_what_it_took() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[10, 20]);
        assert_eq!(Audits::before_change(&1), Ok(W::settle(0)));
        to_open();
        let drawn = W::settle(0).saturating_add(W::write_down());
        assert_eq!(Audits::before_change(&1), Ok(drawn));
        // What is written down is not drawn again.
        assert_eq!(Audits::before_change(&1), Ok(W::settle(0)));
        pass_rounds(1);
        to_open();
        let taken = Audits::before_change(&1).unwrap();
        assert!(W::settle_missed().all_lte(taken));
        assert!(taken.all_lte(Audits::weight_of_before_change()));
    });
}

#[test]
fn weights_grow_with_what_is_done() {
    assert!(Given::answer(1).ref_time() < Given::answer(2).ref_time());
    assert!(Given::settle(1).all_lt(Given::settle(2)));
    assert!(
        Given::settle(1).all_lt(Given::settle_missed())
            && Given::settle_missed().all_lt(Given::settle_dropped())
    );
    assert!(Given::settle(0).all_lt(Given::write_down()));
    let hooks = Given::on_poll().saturating_add(Given::on_poll_draw().max(Given::on_poll_skip()));
    // A hundredth of a block.
    assert!(hooks.saturating_add(Given::on_idle()).ref_time() < 5_000_000_000);
}
