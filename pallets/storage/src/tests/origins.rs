//! The table of README.md: who may call what.

use crate::{mock::*, Error};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResultWithPostInfo};
use sp_runtime::DispatchError;

const NOBODY: u64 = 77;

/// Every account of the table, by its part in a deal of Alice's.
fn cast(id: crate::FileId) -> [(&'static str, u64); 6] {
    let holder = provider_of(id, ALICE, 0);
    let other = if holder == provider(0) {
        provider(1)
    } else {
        provider(0)
    };
    [
        ("owner", ALICE),
        ("holder", holder),
        ("holder's operator", operator_of(holder)),
        ("other provider", other),
        ("other operator", operator_of(other)),
        ("nobody", NOBODY),
    ]
}

fn check(
    prepare: fn(&TestFile) -> crate::FileId,
    call: fn(RuntimeOrigin, &TestFile) -> DispatchResultWithPostInfo,
    allowed: &[&str],
) {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        let id = prepare(&file);
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(call(origin, &file), DispatchError::BadOrigin);
        }
        for (part, who) in cast(id) {
            let result = frame_support::storage::with_transaction(|| {
                let result = call(signed(who), &file);
                sp_runtime::TransactionOutcome::Rollback(result.map_err(|error| error.error))
            });
            assert_eq!(
                result.is_ok(),
                allowed.contains(&part),
                "{part}: {result:?}"
            );
        }
    });
}

#[test]
fn ready_is_for_the_operator_of_the_slot() {
    check(
        |file| assigned(file, 1),
        |origin, file| Storage::ready(origin, file.id(), ALICE, 0),
        &["holder's operator"],
    );
}

#[test]
fn prove_is_for_the_operator_of_the_slot() {
    check(
        |file| proving(file).0,
        |origin, file| Storage::prove(origin, file.id(), ALICE, 0, file.proof(ALICE, 0)),
        &["holder's operator"],
    );
}

#[test]
fn remove_is_for_the_owner() {
    check(
        |file| assigned(file, 1),
        |origin, file| Storage::remove(origin, file.id(), MOST),
        &["owner"],
    );
}

#[test]
fn resign_is_for_provider_and_operator_of_the_slot() {
    check(
        |file| assigned(file, 1),
        |origin, file| Storage::resign(origin, file.id(), ALICE, 0).map(|_| ().into()),
        &["holder", "holder's operator"],
    );
}

#[test]
fn commit_is_for_anybody_who_can_pay() {
    build_and_execute(2, || {
        for origin in [RuntimeOrigin::none(), RuntimeOrigin::root()] {
            assert_noop!(
                Storage::commit(origin, [1; 32], 300, 1, ROUNDS, AMPLE),
                DispatchError::BadOrigin
            );
        }
        assert_ok!(Storage::commit(signed(BOB), [1; 32], 300, 1, ROUNDS, AMPLE));
        assert_noop!(
            Storage::commit(signed(NOBODY), [1; 32], 300, 1, ROUNDS, AMPLE),
            Error::<Test>::InsufficientDeposit
        );
    });
}
