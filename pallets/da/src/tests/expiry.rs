//! The end of windows.

use crate::{
    mock::*, AttestedBlobs, Batches, Call, Error, Event, Heights, Log, StoredBytes, Submissions,
};
use frame_support::{assert_noop, assert_ok};
use noema_traits::{Auditable, DataAvailability};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

#[test]
fn blob_is_available_until_its_last_round_and_then_leaves_nothing() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 1 << 20, 1, &[0, 1, 2]);
        let height = System::block_number();
        to_round(5);
        assert_eq!(Da::available_until(&[1; 32], 1 << 20), Some(5));
        assert_noop!(
            dispatch(BOB, Call::expire { submission: id }).map_err(|e| e.error),
            Error::<Test>::NotOver
        );
        take_events();
        to_round(6);
        let ended = Event::Expired {
            submission: id,
            namespace: SPACE,
            index: 0,
            height,
        };
        assert!(
            System::events()
                .iter()
                .any(|one| one.event == ended.clone().into())
                || Submissions::<Test>::get(id).is_none()
        );
        assert_eq!(Da::available_until(&[1; 32], 1 << 20), None);
        assert_eq!((held(ALICE), StoredBytes::<Test>::get()), (0, 0));
        assert_eq!(
            Batches::<Test>::iter().count() + Log::<Test>::iter().count(),
            0
        );
        assert_eq!(
            Heights::<Test>::iter().count() + AttestedBlobs::<Test>::iter().count(),
            0
        );
        // Numbers are never given again.
        available(1, 100, 1, &[0, 1, 2]);
        assert!(Log::<Test>::contains_key(SPACE, 1));
    });
}

#[test]
fn expire_by_anyone_when_the_window_is_over() {
    build_and_execute(|| {
        seat(&STAKES);
        let id = available(1, 100, 1, &[0, 1, 2]);
        to_round(5);
        RoundNow::put(6);
        next_block_with(frame_support::weights::Weight::zero());
        assert_eq!(
            Da::available_until(&[1; 32], 100),
            None,
            "whatever the agenda did"
        );
        assert_ok!(dispatch(BOB, Call::expire { submission: id }));
        Da::do_try_state().unwrap();
        assert_noop!(
            dispatch(BOB, Call::expire { submission: id }).map_err(|e| e.error),
            Error::<Test>::UnknownSubmission
        );
        next_blocks(5);
        assert_eq!(<Da as Auditable<u64, u128>>::population(&1, 6).units, 0);
    });
}

#[test]
fn blob_submitted_twice_is_available_as_long_as_the_longer() {
    build_and_execute(|| {
        seat(&STAKES);
        available(1, 100, 3, &[0, 1, 2]);
        available(1, 100, 1, &[0, 1, 2]);
        assert_eq!(Da::available_until(&[1; 32], 100), Some(13));
        let page = Da::submissions_of(&commitment(1), None, 10);
        assert_eq!((page.submissions.len(), page.next), (2, None));
        to_round(6);
        assert_eq!(Da::available_until(&[1; 32], 100), Some(13));
        assert_eq!(
            Da::submissions_of(&commitment(1), None, 10)
                .submissions
                .len(),
            1
        );
        to_round(14);
        assert_eq!(Da::available_until(&[1; 32], 100), None);
    });
}

#[test]
fn agenda_catches_up_with_little_weight() {
    build_and_execute(|| {
        seat(&STAKES);
        for number in 0..20 {
            available(number, 100, 1 + number % 2, &[0, 1, 2]);
        }
        to_round(1);
        // A step of each queue in a block, and hardly more.
        let least = Da::least_agenda_weight();
        MaxAgendaWeight::set(least);
        for _ in 0..4 {
            RoundNow::mutate(|round| *round += 1);
            next_blocks(3);
            Da::do_try_state().unwrap();
        }
        RoundNow::put(30);
        for _ in 0..400 {
            next_block();
        }
        Da::do_try_state().unwrap();
        assert_eq!(Submissions::<Test>::iter().count(), 0);
        assert!(Da::committee(0).is_none());
    });
}
