//! Extensions.

use crate::{lists::List, mock::*, Call, Error, Event};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{Auditable, DataAvailability, Outcome};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

fn extend(id: u64, days: u8) -> Call<Test> {
    Call::extend {
        submission: id,
        days,
        max_fee: AMPLE,
    }
}

#[test]
fn extend_buys_days_one_by_one_at_the_price_of_the_day() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 1 << 20, 1, &[0, 1, 2]);
        to_round(2);
        let before = (wealth(BOB), pot(), wealth(FUND));
        let fee = Da::window_fee(&Da::shape_of(1 << 20).unwrap(), 8).unwrap();
        take_events();
        assert_ok!(dispatch(BOB, extend(id, 2)));
        assert_eq!(wealth(BOB), before.0 - fee);
        assert!(take_events().contains(&Event::Extended {
            submission: id,
            namespace: SPACE,
            days: 3,
            until: 13,
            fee
        }));
        assert_eq!(Da::available_until(&[1; 32], 1 << 20), Some(13));
        let book = book_of(0);
        for day in [2, 3] {
            let list = book.lists[usize::from(List::Only(day).index().unwrap())];
            assert_eq!(
                (list.entries, list.units, list.pay),
                (1, 256 * 4_160, fee / 8)
            );
        }
        assert_eq!(pot() - before.1, fee / 8 * 8);
        assert_eq!(wealth(FUND) - before.2, fee % 8);
        let units = |round| <Da as Auditable<u64, u128>>::population(&1, round).units;
        assert_eq!(
            (units(5), units(6), units(13), units(14)),
            (units(2), units(2), units(2), 0)
        );
        // All of it is earned, and then everything is gone.
        for round in 2..=13 {
            to_round(round);
            (1..=3).for_each(|provider| settle(provider, round, Outcome::Passed));
        }
        to_round(14);
        assert_eq!((pot(), held(ALICE)), (0, 0));
        assert!(crate::Books::<Test>::iter().next().is_none());
    });
}

#[test]
fn extend_a_round_ahead_and_no_later() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 100, 1, &[0, 1, 2]);
        // Day 2 is rounds 6 to 9, and its list closes when round 5 begins.
        to_round(4);
        assert_ok!(dispatch(BOB, extend(id, 1)));
        to_round(8);
        assert_ok!(dispatch(BOB, extend(id, 1)));
        next_round();
        let other = available(2, 100, 1, &[0, 1, 2]);
        to_round(14);
        assert_noop!(
            dispatch(BOB, extend(other, 1)).map_err(|e| e.error),
            Error::<Test>::ExtendedTooLate
        );
    });
}

#[test]
fn extend_refuses_what_cannot_be() {
    build_and_execute(|| {
        seat(&STAKES);
        let refused = |call, error: Error<Test>| {
            assert_noop!(dispatch(BOB, call).map_err(|e| e.error), error);
        };
        refused(extend(3, 1), Error::<Test>::UnknownSubmission);
        let waiting = seeded(1, 100, 1);
        refused(extend(waiting, 1), Error::<Test>::NotAvailable);
        assert_ok!(attest(waiting, &[0, 1, 2]));
        refused(extend(waiting, 1), Error::<Test>::StillAttesting);
        run_to_tick(record_of(waiting).deadline);
        refused(extend(waiting, 0), Error::<Test>::BadWindow);
        refused(extend(waiting, 13), Error::<Test>::BadWindow);
        refused(extend(waiting, 255), Error::<Test>::BadWindow);
        let fee = Da::window_fee(&Da::shape_of(100).unwrap(), 4).unwrap();
        let dear = Call::extend {
            submission: waiting,
            days: 1,
            max_fee: fee - 1,
        };
        refused(dear, Error::<Test>::FeeAboveMaximum);
        assert_noop!(
            dispatch(NOBODY, extend(waiting, 1)).map_err(|e| e.error),
            Error::<Test>::InsufficientFunds
        );
        // Whoever signed it lost everything.
        (1..=3).for_each(Audits::begin_drop);
        next_blocks(2);
        refused(extend(waiting, 1), Error::<Test>::NobodyHolds);
        next_round();
        refused(extend(waiting, 12), Error::<Test>::NobodyHolds);
    });
}

#[test]
fn extend_to_the_last_day() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 100, 1, &[0, 1, 2]);
        run_to_tick(record_of(id).deadline);
        assert_ok!(dispatch(BOB, extend(id, 12)));
        assert_eq!(Da::available_until(&[1; 32], 100), Some(53));
        assert_noop!(
            dispatch(BOB, extend(id, 1)).map_err(|e| e.error),
            Error::<Test>::BadWindow
        );
        to_round(53);
        assert!(Da::committee(0).is_some());
        assert_eq!(<Da as Auditable<u64, u128>>::population(&1, 53).units, 128);
        to_round(54);
        assert!(crate::Submissions::<Test>::get(id).is_none());
        assert!(Da::committee(0).is_none());
    });
}
