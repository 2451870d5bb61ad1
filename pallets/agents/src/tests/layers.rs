//! Calls within calls, as deep as the layers of storage go: each is made as a whole, or fails as a whole. Whoever nests must not choose which part of it fails.

use crate::{mock::*, Sessions};
use frame_support::{assert_ok, dispatch::DispatchResult, storage::with_storage_layer};
use sp_runtime::{DispatchError, TransactionalError};

/// Does something in so many layers of storage.
fn nested(layers: u32, act: &dyn Fn() -> DispatchResult) -> DispatchResult {
    if layers == 0 {
        act()
    } else {
        with_storage_layer(|| nested(layers - 1, act))
    }
}

/// Tries a call at every depth. Deep enough, it must say that there is no layer left.
fn at_every_depth(prepare: impl Fn(), call: impl Fn() -> DispatchResult, check: impl Fn()) {
    let mut refused = 0;
    // With one that the externalities do not count, as FRAME allows 255.
    for layers in 0..=255 {
        new_test_ext().execute_with(|| {
            prepare();
            match nested(layers, &call) {
                Ok(()) => check(),
                Err(error) => {
                    let limit = TransactionalError::LimitReached.into();
                    assert_eq!(error, limit, "in {layers} layers");
                    refused += 1;
                }
            }
            crate::Pallet::<Test>::do_try_state().unwrap();
        });
    }
    assert!((1..10).contains(&refused), "{refused} were refused");
}

fn without_weight(result: frame_support::dispatch::DispatchResultWithPostInfo) -> DispatchResult {
    result
        .map(drop)
        .map_err(|failed| -> DispatchError { failed.error })
}

#[test]
fn act_in_any_depth_is_made_or_fails_as_a_whole() {
    let prepare = || {
        alice_with_session();
    };
    at_every_depth(
        prepare,
        || without_weight(act(0, pay(BOB, 100))),
        || assert_eq!(spent(0, 0), 100),
    );
}

#[test]
fn run_in_any_depth_is_made_or_fails_as_a_whole() {
    let prepare = || {
        alice_with_session();
        let call = Box::new(pay(BOB, 10));
        assert_ok!(Agents::schedule(
            signed(ALICE),
            0,
            0,
            call,
            plan(0, 0, 1, 5)
        ));
    };
    let run = || {
        let carried = crate::Call::run {
            agent: 0,
            schedule: 0,
            call: Box::new(pay(BOB, 10)),
        };
        without_weight(dispatch(signed(CAROL), carried))
    };
    at_every_depth(prepare, run, || assert_eq!(spent(0, 0), 15));
}

#[test]
fn revoke_session_in_any_depth_gives_the_deposit_back_or_fails() {
    let prepare = || {
        alice_with_session();
    };
    let revoke = || {
        let call = crate::Call::revoke_session {
            agent: 0,
            session: 0,
        };
        without_weight(dispatch(signed(ALICE), call))
    };
    at_every_depth(prepare, revoke, || {
        assert!(Sessions::<Test>::get(0, 0).is_none());
    });
}
