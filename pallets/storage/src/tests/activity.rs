//! When a deal is active, and what other pallets see of it.

use crate::{mock::*, CommitmentCount, Commitments, Event};
use frame_support::{assert_err, assert_ok};
use noema_traits::FileCommitments;

fn is_stored(file: &TestFile) -> bool {
    Storage::is_stored(&file.root, file.size)
}

#[test]
fn activity_begins_with_the_quorum() {
    for (replicas, quorum) in [(1u8, 1u8), (2, 2), (3, 2), (4, 3)] {
        build_and_execute(u64::from(replicas) + 2, || {
            let file = TestFile::new(300, 0);
            let id = assigned(&file, replicas);
            for slot in 0..replicas {
                take_events();
                make_held(&file, slot);
                assert_eq!(is_stored(&file), slot + 1 >= quorum);
                let activated = take_events().contains(&Event::FileActivated {
                    file: id,
                    owner: ALICE,
                });
                assert_eq!(activated, slot + 1 == quorum);
            }
            assert_eq!(
                Commitments::<Test>::get(file.root, file.size),
                CommitmentCount {
                    deals: 1,
                    active: 1
                }
            );
        });
    }
}

#[test]
fn activity_ends_below_the_quorum_and_comes_back() {
    build_and_execute(5, || {
        let file = TestFile::new(300, 0);
        let id = assigned(&file, 3);
        for slot in 0..3 {
            make_held(&file, slot);
        }
        let deactivated = Event::FileDeactivated {
            file: id,
            owner: ALICE,
        };
        take_events();
        assert_ok!(Storage::resign(
            signed(provider_of(id, ALICE, 0)),
            id,
            ALICE,
            0
        ));
        assert!(is_stored(&file));
        assert!(!take_events().contains(&deactivated));
        assert_ok!(Storage::resign(
            signed(provider_of(id, ALICE, 1)),
            id,
            ALICE,
            1
        ));
        assert!(!is_stored(&file));
        assert!(take_events().contains(&deactivated));
        run_blocks(2);
        make_held(&file, 1);
        assert!(is_stored(&file));
        assert!(take_events().contains(&Event::FileActivated {
            file: id,
            owner: ALICE
        }));
    });
}

#[test]
fn activity_of_slots_that_are_not_held_does_not_count() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        let (id, operator) = proving(&file);
        assert!(!is_stored(&file));
        assert_err!(
            Storage::ensure_stored(&file.root, file.size),
            "the file is not stored by enough providers"
        );
        take_events();
        assert_ok!(Storage::resign(signed(operator), id, ALICE, 0));
        assert!(!take_events().contains(&Event::FileDeactivated {
            file: id,
            owner: ALICE
        }));
    });
}

#[test]
fn activity_of_one_owner_is_enough() {
    build_and_execute(2, || {
        let file = TestFile::new(300, 0);
        assert_ok!(Storage::commit(
            signed(BOB),
            file.root,
            file.size,
            1,
            ROUNDS,
            AMPLE
        ));
        let id = assigned(&file, 1);
        make_held(&file, 0);
        assert!(is_stored(&file));
        assert_ok!(Storage::ensure_stored(&file.root, file.size));
        assert_eq!(
            Commitments::<Test>::get(file.root, file.size),
            CommitmentCount {
                deals: 2,
                active: 1
            }
        );
        assert_ok!(Storage::remove(signed(ALICE), id, MOST));
        assert!(!is_stored(&file));
        assert_eq!(
            Commitments::<Test>::get(file.root, file.size),
            CommitmentCount {
                deals: 1,
                active: 0
            }
        );
    });
}

#[test]
fn activity_is_of_root_and_size_together() {
    build_and_execute(1, || {
        let file = TestFile::new(300, 0);
        assigned(&file, 1);
        make_held(&file, 0);
        assert!(!Storage::is_stored(&file.root, file.size + 1));
        assert!(!Storage::is_stored(&[1; 32], file.size));
    });
}
