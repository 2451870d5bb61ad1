//! How many replicas `remove`, `accept` and `expire` are charged for: as many as the call says, and never fewer than there are.

use crate::{mock::*, Call, Config, Error, WeightInfo};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo, WithPostDispatchInfo},
    weights::Weight,
};
use noema_traits::Frozen;

type W = <Test as Config>::WeightInfo;

/// The three calls about a deal of Alice's, each with its own share of the weight.
fn calls(file: crate::FileId, replicas: u8) -> [(u64, Call<Test>, fn(u32) -> Weight); 3] {
    let owner = ALICE;
    let accept = Call::accept {
        file,
        owner,
        replicas,
        max: AMPLE,
    };
    let expire = Call::expire {
        file,
        owner,
        replicas,
    };
    [
        (ALICE, Call::remove { file, replicas }, W::remove),
        (BOB, accept, W::accept),
        (PAUPER, expire, W::remove),
    ]
}

fn charged(call: Call<Test>) -> Weight {
    RuntimeCall::from(call).get_dispatch_info().call_weight
}

fn taken(result: DispatchResultWithPostInfo) -> Weight {
    let weight = result.expect("it is accepted").actual_weight;
    weight.expect("it says what it took")
}

/// A deal of three replicas that earn, offered to Bob; over, if that is asked for.
fn offered(over: bool) -> crate::FileId {
    let id = earning(&TestFile::new(300, 0), 3);
    assert_ok!(Storage::offer(signed(ALICE), id, Some(BOB)));
    if over {
        next_rounds(deal_of(id, ALICE).terms.last() + 1);
    }
    id
}

#[test]
fn calls_are_charged_by_the_witness_up_to_the_most_replicas() {
    for replicas in 1..=MOST {
        let all = u32::from(replicas);
        let audits = MOST_OF_A_CHANGE * u64::from(replicas);
        for (_, call, own) in calls([1; 32], replicas) {
            assert_eq!(charged(call), own(all) + audits);
        }
    }
    let most = calls([1; 32], MOST).map(|(_, call, _)| charged(call));
    assert_eq!(
        calls([1; 32], MOST + 1).map(|(_, call, _)| charged(call)),
        most
    );
    assert_eq!(
        calls([1; 32], u8::MAX).map(|(_, call, _)| charged(call)),
        most
    );
}

#[test]
fn witness_of_nothing_pays_for_its_refusal() {
    for (_, call, _) in calls([1; 32], 0) {
        assert!(W::witness_too_low().all_lte(charged(call)));
    }
}

#[test]
fn calls_with_too_low_a_witness_change_nothing_for_the_price_of_a_look() {
    for over in [false, true] {
        build_and_execute(3, || {
            let id = offered(over);
            for (who, call, _) in (0..3).flat_map(|replicas| calls(id, replicas)) {
                // What is over cannot be taken over, whatever is said of it.
                let error = match call {
                    Call::accept { .. } if over => Error::<Test>::UnknownDeal,
                    _ => Error::<Test>::WitnessTooLow,
                };
                let refused = error.with_weight(W::witness_too_low());
                assert_noop!(dispatch(who, call), refused);
            }
        });
    }
}

#[test]
fn witness_is_checked_before_the_audits_are_asked() {
    build_and_execute(3, || {
        let id = offered(false);
        FrozenAs::insert(provider_of(id, ALICE, 0), Frozen::Drawing);
        let remove = |replicas| dispatch(ALICE, Call::remove { file: id, replicas });
        let refused = Error::<Test>::WitnessTooLow.with_weight(W::witness_too_low());
        assert_noop!(remove(2), refused);
        assert_noop!(remove(3), Error::<Test>::RoundDrawing);
    });
}

#[test]
fn calls_with_an_exact_witness_take_what_they_are_charged_where_audits_take_the_most() {
    for over in [false, true] {
        for nth in 0..3 {
            build_and_execute(3, || {
                let id = offered(over);
                ChangeWeight::set(MOST_OF_A_CHANGE);
                let [(who, call, _)] = [calls(id, 3)[nth].clone()];
                let possible = match call {
                    Call::remove { .. } => true,
                    Call::accept { .. } => !over,
                    _ => over,
                };
                if possible {
                    assert_eq!(taken(dispatch(who, call.clone())), charged(call));
                }
            });
        }
    }
}

#[test]
fn calls_with_too_high_a_witness_are_given_back_the_rest() {
    for replicas in [3, 4, MOST, u8::MAX] {
        build_and_execute(3, || {
            let id = offered(false);
            let audits = ChangeWeight::get() * 3;
            let accept = calls(id, replicas)[1].1.clone();
            assert_eq!(taken(dispatch(BOB, accept)), W::accept(3) + audits);
            let remove = Call::remove { file: id, replicas };
            assert_eq!(taken(dispatch(BOB, remove)), W::remove(3) + audits);
        });
    }
}

/// So the witness of who read the deal stays right, whatever happens to it before the call is in a block.
#[test]
fn witness_of_a_deal_stays_right_while_its_slots_change() {
    build_and_execute(4, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 3);
        let said = deal_of(id, ALICE).replicas();
        make_held(&file, 0);
        mature();
        let holder = provider_of(id, ALICE, 0);
        assert_ok!(Storage::resign(signed(holder), id, ALICE, 0));
        run_blocks(DrawDelay::get());
        assert_eq!(deal_of(id, ALICE).replicas(), said);
        assert_ok!(Storage::remove(signed(ALICE), id, said));
    });
}
