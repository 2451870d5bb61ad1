//! What readers ask.

use crate::{mock::*, Error};
use frame_support::{assert_noop, assert_ok};
use noema_da_primitives::{SizeClass, Standing, MAX_PAGE};
use noema_traits::DataAvailability;

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

#[test]
fn waiting_is_what_seats_may_have_to_hold() {
    build_and_execute(|| {
        seat(&STAKES);
        let first = seeded(1, 100, 1);
        let second = submit(ALICE, 2, 200, 1);
        let page = Da::waiting(0, 0, 10);
        let found: Vec<_> = page.submissions.iter().map(|one| one.submission).collect();
        assert_eq!((found, page.next), (vec![first, second], None));
        assert!(matches!(
            page.submissions[0].standing,
            Standing::Submitted { .. }
        ));
        assert_eq!(page.submissions[1].standing, Standing::AwaitsSeed);
        assert_eq!(page.submissions[1].class, SizeClass::Tiny);
        // One that is available still takes bits.
        assert_ok!(attest(first, &[0, 1, 2]));
        let page = Da::waiting(0, 0, 1);
        assert_eq!((page.submissions.len(), page.next), (1, Some(1)));
        assert_eq!(Da::waiting(0, 1, 10).submissions.len(), 1);
        assert!(Da::waiting(1, 0, 10).submissions.is_empty());
        run_to_tick(record_of(first).deadline);
        let page = Da::waiting(0, 0, 10);
        assert_eq!(page.submissions.len(), 1, "the other one has time yet");
    });
}

#[test]
fn pages_are_bounded_and_continue() {
    build_and_execute(|| {
        MaxInFlight::set(1 << 40);
        seat(&STAKES);
        let count = u64::from(MAX_PAGE) + 7;
        for _ in 0..count {
            submit(ALICE, 1, 100, 1);
        }
        let page = Da::waiting(0, 0, u32::MAX);
        assert_eq!((page.submissions.len(), page.next), (100, Some(100)));
        let rest = Da::waiting(0, 100, u32::MAX);
        assert_eq!((rest.submissions.len(), rest.next), (7, None));
        let page = Da::submissions_of(&commitment(1), None, u32::MAX);
        let rest = Da::submissions_of(&commitment(1), page.next, u32::MAX);
        assert_eq!((page.submissions.len(), rest.submissions.len()), (100, 7));
        assert_eq!(rest.next, None);
        assert!(Da::submissions_of(&commitment(1), None, 0)
            .submissions
            .is_empty());
    });
}

#[test]
fn namespace_pages_go_from_a_number_and_leave_out_what_expired() {
    build_and_execute(|| {
        seat(&STAKES);
        for number in 0..4 {
            available(number, 100, 1 + number % 2, &[0, 1, 2]);
        }
        let page = Da::entries_of(&SPACE, 1, 2);
        assert_eq!((page.entries.len(), page.next, page.end), (2, 3, 4));
        assert_eq!(page.entries[0].commitment, commitment(1));
        to_round(6);
        let page = Da::entries_of(&SPACE, 0, 10);
        let left: Vec<_> = page.entries.iter().map(|one| one.index).collect();
        assert_eq!((left, page.next, page.end), (vec![1, 3], 4, 4));
        let none = Da::entries_of(&SPACE, 9, 10);
        assert_eq!((none.entries.len(), none.next, none.end), (0, 4, 4));
        assert_eq!(
            Da::entries_of(&noema_da_primitives::Namespace([1; 28]), 0, 10).end,
            0
        );
    });
}

#[test]
fn committee_is_told_with_who_is_gone() {
    build_and_execute(|| {
        seat(&STAKES);
        available(1, 100, 1, &[0, 1, 2]);
        Audits::begin_drop(2);
        next_block();
        let info = Da::committee_info(0).unwrap();
        assert_eq!(info.id, Da::committee(0).unwrap().id);
        let gone: Vec<_> = info.seats.iter().map(|seat| seat.gone).collect();
        assert_eq!(gone, [false, true, false, false, false]);
        assert_eq!(info.seats[2].stake, 300);
        assert!(Da::committee_info(9).is_none());
    });
}

#[test]
fn quote_is_what_submit_takes_and_refuses_what_it_refuses() {
    build_and_execute(|| {
        seat(&STAKES);
        let quote = Da::quote(70_000, &SPACE, 13).unwrap();
        assert_eq!(quote.class, SizeClass::Medium);
        assert_eq!(quote.total, quote.base + quote.fee + quote.namespace);
        let before = wealth(ALICE);
        submit(ALICE, 1, 70_000, 13);
        // The deposit is held on the same account.
        assert_eq!(before - wealth(ALICE), quote.total);
        assert_eq!(held(ALICE), quote.deposit);
        assert_noop!(Da::quote(1, &SPACE, 0), Error::<Test>::BadWindow);
        assert_noop!(Da::quote(u32::MAX, &SPACE, 1), Error::<Test>::BlobTooLarge);
        let parameters = Da::parameters();
        assert_eq!((parameters.pallet, parameters.next_submission), (65, 1));
        assert_eq!(parameters.attest_ticks, AttestTicks::get());
    });
}

#[test]
fn other_layers_are_told_what_is_available() {
    build_and_execute(|| {
        seat(&STAKES);
        assert!(Da::ensure_available(&[1; 32], 100).is_err());
        available(1, 100, 1, &[0, 1, 2]);
        assert_ok!(Da::ensure_available(&[1; 32], 100));
        assert_eq!(
            <() as DataAvailability>::available_until(&[1; 32], 100),
            None
        );
    });
}
