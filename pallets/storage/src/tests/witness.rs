//! How many replicas `remove`, `accept` and `expire` are charged for: as many as the call says, and never fewer than there are.

use crate::{mock::*, Call, Config, Error, WeightInfo};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{DispatchResultWithPostInfo, GetDispatchInfo, WithPostDispatchInfo},
    weights::Weight,
};
use noema_traits::Frozen;

type W = <Test as Config>::WeightInfo;

/// One of the three calls about a deal of Alice's.
#[derive(Clone)]
struct Case {
    who: u64,
    call: Call<Test>,
    /// The share of this pallet in what it weighs.
    own: fn(u32) -> Weight,
}

impl Case {
    fn charged(&self) -> Weight {
        let call = RuntimeCall::from(self.call.clone());
        call.get_dispatch_info().call_weight
    }

    fn dispatch(&self) -> DispatchResultWithPostInfo {
        dispatch(self.who, self.call.clone())
    }
}

fn cases(file: crate::FileId, replicas: u8) -> [Case; 3] {
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
        Case {
            who: ALICE,
            call: Call::remove { file, replicas },
            own: W::remove,
        },
        Case {
            who: BOB,
            call: accept,
            own: W::accept,
        },
        Case {
            who: PAUPER,
            call: expire,
            own: W::remove,
        },
    ]
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
        let audits = MOST_OF_A_CHANGE * u64::from(replicas);
        for case in cases([1; 32], replicas) {
            assert_eq!(case.charged(), (case.own)(replicas.into()) + audits);
        }
    }
    let most = |replicas| cases([1; 32], replicas).map(|case| case.charged());
    assert_eq!(most(MOST + 1), most(MOST));
    assert_eq!(most(u8::MAX), most(MOST));
}

#[test]
fn witness_of_nothing_pays_for_its_refusal() {
    for case in cases([1; 32], 0) {
        assert!(W::witness_too_low().all_lte(case.charged()));
    }
}

#[test]
fn calls_with_too_low_a_witness_change_nothing_for_the_price_of_a_look() {
    for over in [false, true] {
        build_and_execute(3, || {
            let id = offered(over);
            for case in (0..3).flat_map(|replicas| cases(id, replicas)) {
                // What is over cannot be taken over, whatever is said of it.
                let error = match case.call {
                    Call::accept { .. } if over => Error::<Test>::UnknownDeal,
                    _ => Error::<Test>::WitnessTooLow,
                };
                let refused = error.with_weight(W::witness_too_low());
                assert_noop!(case.dispatch(), refused);
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
    let remove = |id| cases(id, 3)[0].clone();
    let accept = |id| cases(id, 3)[1].clone();
    let expire = |id| cases(id, 3)[2].clone();
    type Made = fn(crate::FileId) -> Case;
    let possible: [(bool, Made); 4] = [
        (false, remove),
        (true, remove),
        (false, accept),
        (true, expire),
    ];
    for (over, made) in possible {
        build_and_execute(3, || {
            let case = made(offered(over));
            ChangeWeight::set(MOST_OF_A_CHANGE);
            assert_eq!(taken(case.dispatch()), case.charged());
        });
    }
}

#[test]
fn calls_with_too_high_a_witness_are_given_back_the_rest() {
    for replicas in [3, 4, MOST, u8::MAX] {
        build_and_execute(3, || {
            let id = offered(false);
            let audits = ChangeWeight::get() * 3;
            let [_, accept, _] = cases(id, replicas);
            assert_eq!(taken(accept.dispatch()), W::accept(3) + audits);
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
