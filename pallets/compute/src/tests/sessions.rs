//! Keys that sign vouchers.

use crate::{mock::*, Call, Channels, Error, Sessions};
use frame_support::{assert_noop, assert_ok};

fn grant_call(channel: u64, lanes: u16, grant: crate::GrantOf<Test>) -> Call<Test> {
    Call::grant {
        channel,
        lanes,
        grant,
    }
}

#[test]
fn grant_adds_a_key_with_lanes_of_its_own() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let deposits = funds(ALICE).2;
        assert_ok!(dispatch(ALICE, grant_call(channel, 2, grant(50))));
        let record = Channels::<Test>::get(channel).unwrap();
        assert_eq!((record.sessions, record.lanes), (2, 5));
        assert!(funds(ALICE).2 > deposits);
        let mut by_second = voucher(channel, 1, 0, 30);
        by_second.session = 1;
        assert_ok!(redeem(PROVIDER, vec![claim_by(50, by_second, 30)]));
        // Lane 0 of the first session is another one.
        let by_first = voucher(channel, 1, 0, 20);
        assert_ok!(redeem(PROVIDER, vec![claim(by_first, 20)]));
        assert_eq!(left(channel), 50);
    });
}

#[test]
fn grant_that_makes_no_sense_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_noop!(
            dispatch(BOB, grant_call(channel, 1, grant(50))),
            Error::<Test>::NotYourChannel
        );
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 0, grant(50))),
            Error::<Test>::NoLanes
        );
        let mut expired = grant(50);
        expired.expires = Tick::get();
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 1, expired)),
            Error::<Test>::GrantExpired
        );
        let mut contradictory = grant(50);
        contradictory.limits.total = 1;
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 1, contradictory)),
            Error::<Test>::GrantLimits
        );
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 4, grant(50))),
            Error::<Test>::TooManySessions
        );
        assert_ok!(dispatch(ALICE, grant_call(channel, 1, grant(50))));
        assert_ok!(dispatch(ALICE, grant_call(channel, 1, grant(51))));
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 1, grant(52))),
            Error::<Test>::TooManySessions
        );
        assert_ok!(Compute::close(signed(ALICE), channel));
        assert_noop!(
            dispatch(ALICE, grant_call(channel, 1, grant(52))),
            Error::<Test>::NotOpen
        );
    });
}

#[test]
fn revoke_has_the_delay_and_earlier_vouchers_stay_redeemable() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let call = Call::revoke {
            channel,
            session: 0,
        };
        assert_noop!(dispatch(BOB, call.clone()), Error::<Test>::NotYourChannel);
        assert_ok!(dispatch(ALICE, call.clone()));
        advance(CloseLock::get() - 1);
        let before = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(before, 30)]));
        // Revoking again is allowed and changes nothing.
        assert_ok!(dispatch(ALICE, call.clone()));
        advance(1);
        assert_noop!(
            redeem(PROVIDER, vec![claim(before, 40)]),
            Error::<Test>::SessionOver
        );
        assert_noop!(dispatch(ALICE, call), Error::<Test>::SessionOver);
    });
}

#[test]
fn revoke_of_what_is_not_there_is_refused() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let session = 1;
        assert_noop!(
            dispatch(ALICE, Call::revoke { channel, session }),
            Error::<Test>::UnknownSession
        );
        assert_noop!(
            dispatch(ALICE, Call::drop_session { channel, session }),
            Error::<Test>::UnknownSession
        );
    });
}

#[test]
fn drop_session_gives_the_deposit_back_and_never_the_number() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        let first = voucher(channel, 1, 0, 40);
        assert_ok!(redeem(PROVIDER, vec![claim(first, 40)]));
        let call = Call::drop_session {
            channel,
            session: 0,
        };
        assert_noop!(dispatch(ALICE, call.clone()), Error::<Test>::SessionNotOver);
        assert_ok!(Compute::revoke(signed(ALICE), channel, 0));
        advance(CloseLock::get());
        assert_noop!(dispatch(BOB, call.clone()), Error::<Test>::NotYourChannel);
        let deposits = funds(ALICE).2;
        assert_ok!(dispatch(ALICE, call));
        assert!(funds(ALICE).2 < deposits);
        assert!(crate::Lanes::<Test>::iter().next().is_none());
        // The same key again, in another session: what it signed before is worth nothing.
        assert_ok!(dispatch(
            ALICE,
            grant_call(channel, 3, grant(session_key(ALICE)))
        ));
        assert!(Sessions::<Test>::contains_key(channel, 1));
        assert_noop!(
            redeem(PROVIDER, vec![claim(first, 40)]),
            Error::<Test>::UnknownSession
        );
    });
}

#[test]
fn drop_session_of_a_settled_channel_needs_no_revocation() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert_ok!(Compute::drop_session(signed(ALICE), channel, 0));
        assert_ok!(Compute::remove(signed(ALICE), channel));
    });
}

#[test]
fn limits_of_a_key_bound_what_is_redeemed() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let mut limited = grant(50);
        limited.limits.per_use = 40;
        limited.limits.total = 60;
        limited.expires = Tick::get() + 10;
        assert_ok!(dispatch(ALICE, grant_call(channel, 2, limited)));
        let mut by_limited = voucher(channel, 1, 0, 41);
        by_limited.session = 1;
        assert_noop!(
            redeem(PROVIDER, vec![claim_by(50, by_limited, 41)]),
            Error::<Test>::AbovePerUse
        );
        by_limited.maximum = 40;
        assert_ok!(redeem(PROVIDER, vec![claim_by(50, by_limited, 40)]));
        // In another lane: only what is left of all together.
        by_limited.lane = 1;
        assert_ok!(redeem(PROVIDER, vec![claim_by(50, by_limited, 40)]));
        assert_eq!(left(channel), 940);
        assert_noop!(
            redeem(PROVIDER, vec![claim_by(50, by_limited, 40)]),
            Error::<Test>::SessionSpent
        );
        advance(10);
        assert_noop!(
            redeem(PROVIDER, vec![claim_by(50, by_limited, 40)]),
            Error::<Test>::SessionOver
        );
    });
}
