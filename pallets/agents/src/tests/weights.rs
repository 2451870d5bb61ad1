//! What calls say that they weigh.

use crate::{mock::*, weights, Call, WeightInfo};
use frame_support::{assert_ok, dispatch::GetDispatchInfo, weights::Weight};

type Weights = <Test as crate::Config>::WeightInfo;

#[test]
fn act_weighs_what_it_carries() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let inner = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: account(BOB),
            value: 1,
        });
        let carried = inner.get_dispatch_info().call_weight;
        assert!(carried.any_gt(Weight::zero()));
        let act = RuntimeCall::Agents(Call::act {
            agent,
            call: Box::new(inner),
        });
        assert_eq!(
            act.get_dispatch_info().call_weight,
            Weights::act().saturating_add(carried)
        );
    });
}

#[test]
fn transfer_and_burn_are_charged_for_what_was_there() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let transfer = Call::<Test>::transfer {
            agent,
            to: account(BOB),
        };
        assert_eq!(
            RuntimeCall::from(transfer.clone())
                .get_dispatch_info()
                .call_weight,
            Weights::transfer(3, weights::most_ended::<Test>())
        );
        let after = dispatch(signed(ALICE), transfer).unwrap();
        assert_eq!(after.actual_weight, Some(Weights::transfer(0, 1)));
        assert_ok!(Agents::add_tag(signed(BOB), agent, tag("speed")));
        let after = dispatch(signed(BOB), Call::burn { agent }).unwrap();
        assert_eq!(after.actual_weight, Some(Weights::burn(0, 1)));
    });
}
