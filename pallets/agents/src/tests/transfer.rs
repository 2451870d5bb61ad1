//! Agents that change hands.

use crate::{mock::*, Agents as Records, Error, Sessions, Usages};
use frame_support::{assert_noop, assert_ok};
use noema_agents_primitives::UsageScope;
use noema_traits::AgentIdentity;

#[test]
fn transfer_ends_all_that_the_owner_let_others_do() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        bind(agent, KEYS[1]);
        let deadline = Tick::get() + 10;
        let signature = consent(KEYS[1], agent, ALICE, 1, deadline);
        assert_ok!(Agents::authorize_usage(
            signed(ALICE),
            agent,
            account(CAROL),
            UsageScope::All,
            2_000,
            5
        ));
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 10)),
            plan(0, 0, 1, 5)
        ));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));

        let record = Records::<Test>::get(agent).unwrap();
        assert_eq!((record.owner, record.wallet), (account(BOB), None));
        assert_eq!(record.tenure, 1);
        assert_eq!(Sessions::<Test>::iter().count(), 0);
        assert_eq!(Usages::<Test>::iter().count(), 0);
        assert!(!Agents::may_act(agent, &key(KEYS[0])));
        let error = act(agent, pay(BOB, 1)).unwrap_err().error;
        assert_eq!(error, Error::<Test>::UnknownSession.into());
        assert_noop!(
            Agents::exercise(signed(CAROL), agent, UsageScope::All, [0; 32]),
            Error::<Test>::UnknownUsage
        );
        assert_noop!(
            Agents::run(signed(CAROL), agent, 0, Box::new(pay(BOB, 10))),
            Error::<Test>::UnknownSchedule
        );
        assert_noop!(
            Agents::withdraw(signed(ALICE), agent, 1),
            Error::<Test>::NotYourAgent
        );
        // What the wallet had signed binds it to nobody, not even when the agent comes back to the owner for whom it did.
        let again = |owner| {
            let signature = signature.clone();
            Agents::bind_wallet(signed(owner), agent, key(KEYS[1]), deadline, signature)
        };
        assert_noop!(again(ALICE), Error::<Test>::NotYourAgent);
        assert_noop!(again(BOB), Error::<Test>::BadSignature);
        assert_ok!(Agents::transfer(signed(BOB), agent, account(ALICE)));
        assert_noop!(again(ALICE), Error::<Test>::BadSignature);
    });
}

#[test]
fn transfer_charges_the_receiver_nothing() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let before = Balances::free_balance(account(PAUPER));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(PAUPER)));
        assert_eq!(Balances::free_balance(account(PAUPER)), before);
        assert_eq!(Agents::owner(agent), Some(account(PAUPER)));
    });
}

#[test]
fn transfer_to_oneself_or_an_agent_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let other = register(BOB);
        assert_noop!(
            Agents::transfer(signed(ALICE), agent, account(ALICE)),
            Error::<Test>::AlreadyOwner
        );
        for to in [account_of(agent), account_of(other)] {
            assert_noop!(
                Agents::transfer(signed(ALICE), agent, to.clone()),
                Error::<Test>::OwnerIsAgent
            );
            assert_noop!(
                Agents::offer(signed(ALICE), agent, Some(to)),
                Error::<Test>::OwnerIsAgent
            );
        }
        assert_noop!(
            Agents::transfer(signed(BOB), agent, account(BOB)),
            Error::<Test>::NotYourAgent
        );
    });
}

#[test]
fn transfer_against_another_layer_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        MayChangeHands::set(false);
        assert_noop!(
            Agents::transfer(signed(ALICE), agent, account(BOB)),
            Error::<Test>::CannotChangeHands
        );
    });
}

/// The account of a number to come can be computed. Whoever transfers an agent to it has thrown that away: nobody acts for one agent through another.
#[test]
fn transfer_to_the_account_of_an_agent_to_come_leaves_nobody_who_may() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let to_come = account_of(agent + 1);
        assert_ok!(Agents::transfer(signed(ALICE), agent, to_come.clone()));
        let other = register(BOB);
        assert_eq!(account_of(other), to_come);
        let origin = || RuntimeOrigin::signed(to_come.clone());
        assert_noop!(
            Agents::set_metadata(origin(), agent, vec![1].try_into().unwrap(), None),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::transfer(origin(), agent, account(BOB)),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(Agents::burn(origin(), agent), Error::<Test>::NotYourAgent);
        assert!(!Agents::may_act(agent, &to_come));
        // Of itself it says what it may.
        assert_noop!(
            Agents::set_metadata(origin(), other, vec![1].try_into().unwrap(), None),
            Error::<Test>::UnknownMetadata
        );
    });
}

#[test]
fn transfer_tells_which_data_are_replaced() {
    build_and_execute(|| {
        let agent = register(ALICE);
        assert_ok!(Agents::commit_data(
            signed(ALICE),
            agent,
            Default::default(),
            commitment(1, &[ALICE])
        ));
        assert_ok!(Agents::offer(signed(ALICE), agent, Some(account(BOB))));
        assert_ok!(Agents::stage_data(
            signed(BOB),
            agent,
            0,
            commitment(9, &[BOB])
        ));
        assert_ok!(Agents::transfer(signed(ALICE), agent, account(BOB)));
        System::assert_has_event(
            crate::Event::<Test>::DataUpdated {
                agent,
                index: 0,
                old: [1; 32],
                new: [9; 32],
            }
            .into(),
        );
    });
}
