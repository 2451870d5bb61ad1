//! What calls say that they weigh.

use crate::{mock::*, Call, WeightInfo};
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
        assert_eq!(before.call_weight, Weights::remove(3, MaxLanes::get()));
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

/// A million requests on a thousand channels, each with a few lanes, fit into few blocks: what is settled does not grow with requests.
#[test]
fn redeem_weighs_nothing_for_requests() {
    let per_claim = Weights::redeem(2).saturating_sub(Weights::redeem(1));
    assert!(per_claim.ref_time() < 2_000_000_000, "{per_claim:?}");
}
