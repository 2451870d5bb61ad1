//! Intelligent data, and their hand-over.

use crate::{mock::*, DataEntries, Error, StagedEntries};
use frame_support::{assert_noop, assert_ok};

fn with_data() -> u64 {
    let agent = register(ALICE);
    assert_ok!(Agents::commit_data(
        signed(ALICE),
        agent,
        b"memory".to_vec().try_into().unwrap(),
        commitment(1, &[ALICE, CAROL])
    ));
    agent
}

#[test]
fn commit_data_is_the_owners_and_bounded() {
    build_and_execute(|| {
        let agent = with_data();
        let commit = |who, holders: &[u8]| {
            Agents::commit_data(
                signed(who),
                agent,
                Default::default(),
                commitment(2, holders),
            )
        };
        assert_noop!(commit(BOB, &[]), Error::<Test>::NotYourAgent);
        assert_noop!(commit(ALICE, &[BOB, BOB]), Error::<Test>::HolderRepeated);
        assert_ok!(commit(ALICE, &[]));
        assert_ok!(commit(ALICE, &[]));
        assert_noop!(commit(ALICE, &[]), Error::<Test>::TooMany);
    });
}

#[test]
fn update_data_replaces_all_sealed_keys() {
    build_and_execute(|| {
        let agent = with_data();
        let held = funds(&account_of(agent)).1;
        assert_ok!(Agents::update_data(
            signed(ALICE),
            agent,
            0,
            commitment(2, &[BOB])
        ));
        let data = DataEntries::<Test>::get(agent, 0).unwrap();
        assert_eq!(data.commitment, commitment(2, &[BOB]));
        assert_eq!(data.version, 1);
        assert!(funds(&account_of(agent)).1 < held);
        assert_noop!(
            Agents::update_data(signed(ALICE), agent, 1, commitment(2, &[])),
            Error::<Test>::UnknownData
        );
        assert_noop!(
            Agents::update_data(signed(BOB), agent, 0, commitment(2, &[])),
            Error::<Test>::NotYourAgent
        );
    });
}

/// An agent writes down where its memory is by a session that may do nothing else.
#[test]
fn update_data_by_a_session_is_paid_by_the_agent_and_counts() {
    build_and_execute(|| {
        let agent = with_data();
        endow(agent, 1_000);
        let larger: RuntimeCall = crate::Call::update_data {
            agent,
            index: 0,
            commitment: commitment(2, &[ALICE, BOB, CAROL]),
        }
        .into();
        let granted = noema_session::Grant {
            scope: scope(std::slice::from_ref(&larger)),
            ..grant(KEYS[0])
        };
        assert_ok!(Agents::grant_session(
            signed(ALICE),
            agent,
            granted,
            ALLOWANCE
        ));
        let (free, held) = funds(&account_of(agent));
        assert_ok!(act(agent, larger));
        assert_eq!(DataEntries::<Test>::get(agent, 0).unwrap().version, 1);
        let more = funds(&account_of(agent)).1 - held;
        assert!(more > 0);
        assert_eq!(funds(&account_of(agent)).0, free - more);
        assert_eq!(spent(agent, 0), more);
    });
}

#[test]
fn transfer_with_data_of_the_owner_is_refused_until_they_are_dropped() {
    build_and_execute(|| {
        let agent = with_data();
        assert_noop!(
            Agents::transfer(signed(ALICE), agent, account(BOB)),
            Error::<Test>::PrivateData
        );
        assert_ok!(Agents::drop_data(signed(ALICE), agent, 0));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));
    });
}

#[test]
fn transfer_puts_what_the_receiver_staged_in_place_of_the_old_data() {
    build_and_execute(|| {
        let agent = with_data();
        assert_ok!(Agents::offer(signed(ALICE), agent, Some(account(BOB))));
        assert_ok!(Agents::stage_data(
            signed(BOB),
            agent,
            0,
            commitment(9, &[BOB])
        ));
        // Until then nothing has changed for the owner.
        let data = DataEntries::<Test>::get(agent, 0).unwrap();
        assert_eq!(data.commitment.hash, [1; 32]);
        assert_noop!(
            Agents::transfer(signed(ALICE), agent, account(CAROL)),
            Error::<Test>::PrivateData
        );
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));
        let data = DataEntries::<Test>::get(agent, 0).unwrap();
        assert_eq!(data.commitment, commitment(9, &[BOB]));
        assert_eq!(StagedEntries::<Test>::iter().count(), 0);
        assert_eq!(funds(&account(BOB)).1, 0);
    });
}

#[test]
fn transfer_with_one_entry_not_staged_is_refused() {
    build_and_execute(|| {
        let agent = with_data();
        assert_ok!(Agents::commit_data(
            signed(ALICE),
            agent,
            Default::default(),
            commitment(2, &[])
        ));
        assert_ok!(Agents::offer(signed(ALICE), agent, Some(account(BOB))));
        assert_ok!(Agents::stage_data(
            signed(BOB),
            agent,
            0,
            commitment(9, &[BOB])
        ));
        assert_noop!(
            Agents::transfer(signed(ALICE), agent, account(BOB)),
            Error::<Test>::PrivateData
        );
    });
}

#[test]
fn stage_data_is_for_whom_the_agent_is_offered_to() {
    build_and_execute(|| {
        let agent = with_data();
        let stage = |who| Agents::stage_data(signed(who), agent, 0, commitment(9, &[who]));
        assert_noop!(stage(BOB), Error::<Test>::NotOffered);
        assert_ok!(Agents::offer(signed(ALICE), agent, Some(account(BOB))));
        assert_noop!(stage(CAROL), Error::<Test>::NotOffered);
        assert_ok!(stage(BOB));
        assert_ok!(stage(BOB));
        assert_noop!(
            Agents::stage_data(signed(BOB), agent, 1, commitment(9, &[])),
            Error::<Test>::UnknownData
        );
        // Withdrawn: Bob has his deposit back when he wants.
        assert_ok!(Agents::offer(signed(ALICE), agent, None));
        assert_noop!(stage(BOB), Error::<Test>::NotOffered);
        assert_noop!(
            Agents::unstage_data(signed(CAROL), agent, 0),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::unstage_data(signed(BOB), agent, 0));
        assert_eq!(Balances::free_balance(account(BOB)), FUNDS);
        assert_noop!(
            Agents::unstage_data(signed(BOB), agent, 0),
            Error::<Test>::NothingStaged
        );
    });
}

#[test]
fn drop_data_gives_back_what_was_staged_for_them() {
    build_and_execute(|| {
        let agent = with_data();
        assert_ok!(Agents::offer(signed(ALICE), agent, Some(account(BOB))));
        assert_ok!(Agents::stage_data(
            signed(BOB),
            agent,
            0,
            commitment(9, &[BOB])
        ));
        assert_noop!(
            Agents::drop_data(signed(BOB), agent, 0),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::drop_data(signed(ALICE), agent, 0));
        assert_eq!(Balances::free_balance(account(BOB)), FUNDS);
        assert_noop!(
            Agents::drop_data(signed(ALICE), agent, 0),
            Error::<Test>::UnknownData
        );
    });
}
