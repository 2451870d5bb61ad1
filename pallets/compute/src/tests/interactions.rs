//! What payers have really paid.

use crate::{mock::*, Call, Error, Pairs};
use frame_support::{assert_noop, assert_ok};
use noema_traits::PaidInteractions;

#[test]
fn consume_takes_each_unit_once() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let (alice, provider) = (account(ALICE), account(PROVIDER));
        assert_ok!(redeem(
            PROVIDER,
            vec![claim(voucher(channel, 1, 0, 100), 100)]
        ));
        assert_eq!(Compute::unconsumed(&alice, &provider), 100);
        assert_ok!(Compute::consume(&alice, &provider, 60));
        assert_noop!(
            Compute::consume(&alice, &provider, 41),
            Error::<Test>::NotPaid
        );
        assert_ok!(Compute::consume(&alice, &provider, 40));
        assert_ok!(Compute::consume(&alice, &provider, 0));
        assert_noop!(
            Compute::consume(&provider, &alice, 1),
            Error::<Test>::NotPaid
        );
        assert_eq!(Compute::unconsumed(&alice, &provider), 0);
    });
}

#[test]
fn forget_ends_the_record_when_there_are_no_channels() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(1_000);
        let provider = account(PROVIDER);
        let call = Call::forget {
            provider: provider.clone(),
        };
        assert_noop!(dispatch(ALICE, call.clone()), Error::<Test>::StillChannels);
        assert_noop!(dispatch(BOB, call.clone()), Error::<Test>::UnknownPair);
        assert_ok!(redeem(
            PROVIDER,
            vec![claim(voucher(channel, 1, 0, 100), 100)]
        ));
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        assert_noop!(dispatch(ALICE, call.clone()), Error::<Test>::StillChannels);
        assert_ok!(Compute::remove(signed(ALICE), channel));
        // What was paid outlives the channel.
        assert_eq!(Compute::unconsumed(&account(ALICE), &provider), 100);
        assert_ok!(dispatch(ALICE, call));
        assert!(Pairs::<Test>::iter().next().is_none());
    });
}
