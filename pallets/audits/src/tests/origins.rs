//! The table of README.md: who may call what.

use crate::{mock::*, Error};
use frame_support::assert_noop;
use sp_runtime::DispatchError;

#[test]
fn answer_is_for_the_operator() {
    build_and_execute(&[1, 2], || {
        to_calm();
        give(1, &[9]);
        to_open();
        let answers: crate::AnswersOf<Test> = right(1).try_into().unwrap();
        let call = |origin| {
            transact(|| {
                let answered = Audits::answer(origin, round(), answers.clone());
                answered.map_err(|failed| failed.error)
            })
        };
        assert_noop!(call(RuntimeOrigin::none()), DispatchError::BadOrigin);
        assert_noop!(call(RuntimeOrigin::root()), DispatchError::BadOrigin);
        // The bonded account itself does not answer.
        assert_noop!(call(signed(1)), Error::<Test>::NotAnOperator);
        assert_noop!(call(signed(POKER)), Error::<Test>::NotAnOperator);
        assert_noop!(call(signed(operator_of(2))), Error::<Test>::NothingToAnswer);
        assert!(call(signed(operator_of(1))).is_ok());
    });
}

#[test]
fn poke_is_for_anybody_who_signs() {
    build_and_execute(&[1], || {
        to_calm();
        give(1, &[9]);
        assert_noop!(
            Audits::poke(RuntimeOrigin::none(), 1),
            DispatchError::BadOrigin
        );
        assert_noop!(
            Audits::poke(RuntimeOrigin::root(), 1),
            DispatchError::BadOrigin
        );
        for who in [POKER, 1, operator_of(1)] {
            to_open();
            to_close();
            assert!(Audits::poke(signed(who), 1).is_ok());
        }
    });
}
