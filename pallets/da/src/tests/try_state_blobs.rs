//! Each invariant of submissions, lists and pay is found broken when it is.

use crate::{
    mock::*, records::State, Accounts, AttestedBlobs, Batches, Books, ByCommitment, Committees,
    DeadlineCursor, Drops, EndingMembers, Entries, Heights, InFlight, Log, MemberEnds, Members,
    Pallet, Running, SeedCursor, StoredBytes, Submissions, Sums,
};
use frame_support::{
    assert_ok,
    traits::{fungible::MutateHold, tokens::Precision},
};

const STAKES: [u128; 5] = [100, 200, 300, 200, 100];

/// Two blobs of different eras, one of them closed; one that waits; a member.
fn scene() {
    seat(&STAKES);
    available(1, 1_000, 3, &[0, 1, 2]);
    assert_ok!(attest(0, &[3]));
    to_round(2);
    let front = bundle(&[1_000, 50_000]);
    let id = available_bundle(&front, 2, &[0, 1, 2]);
    let proof = front.prover().prove(0).unwrap();
    assert_ok!(dispatch(BOB, member_call(id, proof, SPACE, 1)));
    seeded(3, 500, 1);
    Pallet::<Test>::do_try_state().unwrap();
}

/// Breaks something, and expects to be told so.
fn finds(fault: &str, breaks: impl Fn()) {
    new_test_ext().execute_with(|| {
        scene();
        breaks();
        let found = Pallet::<Test>::do_try_state().expect_err(fault);
        let found: &'static str = match found {
            sp_runtime::DispatchError::Other(text) => text,
            other => other.into(),
        };
        assert_eq!(found, format!("pallet-noema-da: {fault}"));
    });
}

#[test]
fn try_state_finds_broken_submissions() {
    finds("a submission has no number or no window", || {
        Submissions::<Test>::mutate(0, |one| one.as_mut().unwrap().days = 14);
    });
    finds("a submission without quorum was passed over", || {
        DeadlineCursor::<Test>::put(3);
    });
    finds("submissions were passed over that were never made", || {
        DeadlineCursor::<Test>::put(9);
    });
    finds("a submission is in another's batch", || {
        Submissions::<Test>::mutate(0, |one| one.as_mut().unwrap().batch = 1);
    });
    finds("a submission has no batch", || {
        Batches::<Test>::remove(0);
    });
    finds("a submission is not found by its commitment", || {
        ByCommitment::<Test>::remove(commitment(1), 0);
    });
    finds("a commitment has a submission that there is not", || {
        ByCommitment::<Test>::insert(commitment(9), 0, ());
    });
    finds("a batch miscounts its submissions", || {
        Batches::<Test>::mutate(0, |one| one.as_mut().unwrap().live = 2);
    });
    finds(
        "a batch has other base fees than its submissions paid",
        || {
            Batches::<Test>::mutate(0, |one| one.as_mut().unwrap().base = 1);
        },
    );
    finds("a batch is on the wrong side of the cursor", || {
        SeedCursor::<Test>::put(1);
    });
    finds("bytes in flight are miscounted", || {
        InFlight::<Test>::insert(ALICE, 1);
    });
    finds("bytes in flight are not counted", || {
        InFlight::<Test>::remove(ALICE);
    });
}

#[test]
fn try_state_finds_broken_counts_of_what_is_available() {
    finds("an available blob is not known long enough", || {
        AttestedBlobs::<Test>::mutate((commitment(1), 1_000), |one| {
            one.as_mut().unwrap().until -= 1;
        });
    });
    finds("available blobs are miscounted", || {
        AttestedBlobs::<Test>::mutate((commitment(1), 1_000), |one| {
            one.as_mut().unwrap().count += 1;
        });
    });
    finds(
        "the stored bytes are not those of the available blobs",
        || {
            StoredBytes::<Test>::put(1);
        },
    );
    finds("something available is not in its namespace", || {
        let height = Log::<Test>::get(SPACE, 0).unwrap().height;
        Log::<Test>::remove(SPACE, 0);
        Heights::<Test>::remove(SPACE, height);
    });
    finds(
        "an entry of a namespace is of nothing that there is",
        || {
            Log::<Test>::mutate(SPACE, 0, |one| one.as_mut().unwrap().submission = 7);
        },
    );
    finds("an entry is not found by its block", || {
        let height = Log::<Test>::get(SPACE, 0).unwrap().height;
        Heights::<Test>::remove(SPACE, height);
    });
    finds("an entry has a number out of order", || {
        let height = Log::<Test>::get(SPACE, 0).unwrap().height;
        Heights::<Test>::mutate(SPACE, height, |one| one.as_mut().unwrap().first = 5);
    });
    finds("the entries of a block are miscounted", || {
        let height = Log::<Test>::get(SPACE, 0).unwrap().height;
        Heights::<Test>::mutate(SPACE, height, |one| one.as_mut().unwrap().live = 5);
    });
    finds("a member never ends", || {
        let (namespace, index, _) = Members::<Test>::iter().next().unwrap();
        Members::<Test>::mutate(namespace, index, |one| one.as_mut().unwrap().until += 1);
    });
    finds("the end of a member is passed over", || {
        let (until, _) = MemberEnds::<Test>::iter_keys().next().unwrap();
        EndingMembers::<Test>::insert(until, 0);
    });
    finds(
        "the deposits held on an account are not those of its records",
        || {
            let reason = crate::HoldReason::Deposit.into();
            assert_ok!(Balances::release(&reason, &BOB, 1, Precision::Exact));
        },
    );
}

#[test]
fn try_state_finds_broken_lists() {
    let list = 2;
    finds("the entries of a list are miscounted", || {
        Entries::<Test>::mutate((0, list, 0), drop_last);
    });
    finds("a bit was set twice", || {
        Entries::<Test>::mutate((0, list, 0), |entries| entries[1].bits.set(0));
    });
    finds(
        "the running sums of a chunk are not those of its entries",
        || Running::<Test>::mutate((0, list, 0), |sums| sums.0[0] += 1),
    );
    finds("the units of a list are not those of its blobs", || {
        Books::<Test>::mutate(0, |book| book.as_mut().unwrap().lists[2].units += 1);
    });
    finds("the holders of a list are not those of its entries", || {
        Books::<Test>::mutate(0, |book| book.as_mut().unwrap().lists[2].holders.set(9));
    });
    finds("the bits of a blob are not those of its entries", || {
        Submissions::<Test>::mutate(0, |one| {
            if let State::Available { bits, .. } = &mut one.as_mut().unwrap().state {
                bits.clear(0);
            }
        });
    });
    finds("a closed list was never noted", || {
        Books::<Test>::mutate(0, |book| book.as_mut().unwrap().noted = 0);
    });
    finds("a list is noted that is not closed", || {
        Books::<Test>::mutate(2, |book| book.as_mut().unwrap().noted = 2);
    });
    finds("the sums of a seat are not what its bits amount to", || {
        Sums::<Test>::mutate(0, 1, |seat| seat.as_mut().unwrap().sums[2] += 1);
    });
    finds("a chunk is of no list", || {
        Running::<Test>::insert((0, 5, 0), crate::RunningSums::default());
    });
}

fn drop_last(
    entries: &mut frame_support::BoundedVec<crate::Entry, frame_support::traits::ConstU32<64>>,
) {
    entries.truncate(1);
}

#[test]
fn try_state_finds_broken_seats_accounts_and_money() {
    finds("the seats of an era are miscounted", || {
        Books::<Test>::mutate(0, |book| book.as_mut().unwrap().seats += 1);
    });
    finds("a committee is kept too long, or not long enough", || {
        Committees::<Test>::remove(0);
    });
    finds("a seat is gone and has sums", || {
        Books::<Test>::mutate(0, |book| book.as_mut().unwrap().gone.set(0));
    });
    finds("the sums of a seat are another's", || {
        Sums::<Test>::mutate(0, 1, |seat| seat.as_mut().unwrap().stake += 1);
    });
    finds("an account names an era without sums", || {
        Accounts::<Test>::mutate(1, |account| {
            account.as_mut().unwrap().eras.try_push(3).unwrap();
        });
    });
    finds("sums are of no account's era", || {
        Accounts::<Test>::mutate(1, |account| {
            account.as_mut().unwrap().eras.pop();
        });
    });
    finds("an account says nothing", || {
        let account = crate::PayAccount {
            settled: 0,
            carried: 0,
            eras: Default::default(),
        };
        Accounts::<Test>::insert(77, account);
    });
    finds(
        "the audits do not know that a provider loses everything",
        || Drops::<Test>::insert(1, 2),
    );
    finds("a provider loses everything and keeps it", || {
        Dropping::insert(1, ());
    });
    finds("the pot does not hold exactly what it owes", || {
        let reason = crate::HoldReason::Escrow.into();
        assert_ok!(Balances::release(&reason, &POT, 1, Precision::Exact));
    });
    finds("the pot does not hold exactly what it owes", || {
        Books::<Test>::mutate(2, |book| book.as_mut().unwrap().lists[1].pay += 1);
    });
}
