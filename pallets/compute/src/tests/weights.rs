//! What calls say that they weigh.

use crate::{mock::*, Call, Channels, Lanes, WeightInfo};
use codec::Encode;
use frame_support::{assert_ok, dispatch::GetDispatchInfo};

type Weights = <Test as crate::Config>::WeightInfo;

#[test]
fn redeem_weighs_by_claims() {
    new_test_ext().execute_with(|| {
        let (channel, _) = alice_opens(100);
        let one = claim(voucher(channel, 1, 0, 10), 10);
        for count in [1_usize, 16] {
            let claims = vec![one.clone(); count].try_into().unwrap();
            let info = RuntimeCall::Compute(Call::redeem { claims }).get_dispatch_info();
            assert_eq!(info.call_weight, Weights::redeem(count as u32));
        }
    });
}

#[test]
fn remove_and_drop_session_are_charged_for_what_was_there() {
    build_and_execute(|| {
        let (channel, _) = alice_opens(100);
        assert_ok!(Compute::close(signed(PROVIDER), channel));
        let call = Call::remove { channel };
        let before = RuntimeCall::Compute(call.clone()).get_dispatch_info();
        assert_eq!(
            before.call_weight,
            Weights::remove(3, MaxLanes::get().into())
        );
        let after = dispatch(ALICE, call).unwrap();
        assert_eq!(after.actual_weight, Some(Weights::remove(1, 3)));

        let channel = open(ALICE, 0, 100);
        assert_ok!(Compute::revoke(signed(ALICE), channel, 0));
        advance(CloseLock::get());
        let session = 0;
        let after = dispatch(ALICE, Call::drop_session { channel, session }).unwrap();
        assert_eq!(after.actual_weight, Some(Weights::drop_session(3)));
    });
}

/// A claim settles a lane, however many requests it had: it weighs the same, and leaves as much in state.
#[test]
fn redeem_of_a_million_requests_weighs_as_much_as_of_one() {
    let settled = |requests: u64| {
        let mut weighed = None;
        build_and_execute(|| {
            let (channel, _) = alice_opens(20_000);
            let last = voucher(channel, requests, 10_000, 1);
            let claims = vec![claim(last, 10_001)].try_into().unwrap();
            let call = Call::redeem { claims };
            let weight = RuntimeCall::Compute(call.clone())
                .get_dispatch_info()
                .call_weight;
            let actual = dispatch(PROVIDER, call).unwrap().actual_weight;
            assert_eq!(left(channel), 9_999);
            assert_eq!(Lanes::<Test>::iter().count(), 1);
            weighed = Some((
                weight,
                actual,
                Channels::<Test>::get(channel).encoded_size(),
            ));
        });
        weighed.unwrap()
    };
    assert_eq!(settled(1), settled(1_000_000));
}
