//! That what is charged covers what was done, and that the largest calls fit.

use crate::{mock::*, AnswersOf, Config, Pallet, WeightInfo};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    instances::Instance1,
    weights::Weight,
};
use noema_traits::AuditFreeze;

type W = <Test as Config>::WeightInfo;

/// Half a second of a block of which three quarters are for the normal class: what Noema has.
const NOEMA_ROOM: Weight = Weight::from_parts(500_000_000_000 / 4 * 3 / 4, u64::MAX);

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
        assert_eq!(info.call_weight, W::poke().saturating_add(W::answer(3)));
        assert_eq!(info.class, DispatchClass::Normal);
        let taken = answer(1, round(), &answers).unwrap().actual_weight.unwrap();
        assert_eq!(taken, W::settle(0).saturating_add(W::answer(3)));
        to_close();
        to_open();
        to_close();
        to_open();
        let answers = right(1);
        let taken = answer(1, round(), &answers).unwrap().actual_weight.unwrap();
        let expected = W::settle(0)
            .saturating_add(W::settle_missed())
            .saturating_add(W::answer(3));
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
        let taken = poke(1).unwrap().actual_weight.unwrap();
        let expected = W::settle(unsettled - 4)
            .saturating_add(W::settle_missed().saturating_mul(3))
            .saturating_add(W::settle_dropped());
        // What was measured of the whole may be less than the sum of its parts.
        assert_eq!(taken, expected.min(W::poke()));
        assert!(taken.all_lte(W::poke()));
    });
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
    assert!(W::answer(1).ref_time() < W::answer(2).ref_time());
    assert!(W::settle(1).all_lt(W::settle(2)));
    assert!(
        W::settle(1).all_lt(W::settle_missed()) && W::settle_missed().all_lt(W::settle_dropped())
    );
    let hooks = W::on_poll().saturating_add(W::on_poll_draw().max(W::on_poll_skip()));
    // A hundredth of a block.
    assert!(hooks.saturating_add(W::on_idle()).ref_time() < 5_000_000_000);
}
