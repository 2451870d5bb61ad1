//! Registration, wallet, transfer, burn.

use crate::{mock::*, Agents as Records, Error, Metadata, NextAgent, Sessions, Usages};
use frame_support::{assert_noop, assert_ok};
use noema_agents_primitives::{UsageScope, WalletBinding, WALLET_KEY};
use noema_traits::AgentIdentity;

#[test]
fn register_makes_an_agent_with_an_account_that_holds_its_deposits() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let record = Records::<Test>::get(agent).unwrap();
        assert_eq!(record.owner, account(ALICE));
        let (free, held) = funds(&record.account);
        assert_eq!(free, ED);
        assert_eq!(Balances::free_balance(account(ALICE)), FUNDS - ED - held);
        assert_eq!(Agents::agent_of(&record.account), Some(agent));
        assert_eq!(Agents::wallet(agent), Some(record.account));
    });
}

#[test]
fn register_without_funds_is_refused() {
    build_and_execute(|| {
        assert_noop!(
            Agents::register(signed(PAUPER), None, endpoints()),
            Error::<Test>::InsufficientFunds
        );
    });
}

#[test]
fn register_by_an_agents_account_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 10_000);
        assert_noop!(
            Agents::register(RuntimeOrigin::signed(account_of(agent)), None, endpoints()),
            Error::<Test>::OwnerIsAgent
        );
    });
}

#[test]
fn register_with_bad_endpoints_is_refused() {
    build_and_execute(|| {
        let mut twice = endpoints();
        twice.try_push(twice[0].clone()).unwrap();
        assert_noop!(
            Agents::register(signed(ALICE), None, twice),
            Error::<Test>::EndpointRepeated
        );
        let mut plain = endpoints();
        plain[0].url = b"http://a.example".to_vec().try_into().unwrap();
        assert_noop!(
            Agents::register(signed(ALICE), None, plain),
            Error::<Test>::EndpointInvalid
        );
    });
}

#[test]
fn set_endpoints_and_file_are_the_owners() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let before = funds(&account_of(agent));
        assert_ok!(Agents::set_endpoints(
            signed(ALICE),
            agent,
            Default::default()
        ));
        assert!(funds(&account_of(agent)).1 < before.1);
        assert_ok!(Agents::set_endpoints(signed(ALICE), agent, endpoints()));
        assert_eq!(funds(&account_of(agent)).1, before.1);
        assert_ok!(Agents::set_file(signed(ALICE), agent, Some([7; 32])));
        assert_eq!(Records::<Test>::get(agent).unwrap().file, Some([7; 32]));
        assert_noop!(
            Agents::set_file(signed(BOB), agent, None),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::set_endpoints(signed(BOB), agent, endpoints()),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::set_file(signed(ALICE), 7, None),
            Error::<Test>::UnknownAgent
        );
    });
}

#[test]
fn set_metadata_under_a_key_that_is_kept_for_the_wallet_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        for key in [WALLET_KEY, b""] {
            assert_noop!(
                Agents::set_metadata(
                    signed(ALICE),
                    agent,
                    key.to_vec().try_into().unwrap(),
                    Some(Default::default())
                ),
                Error::<Test>::KeyInvalid
            );
        }
    });
}

#[test]
fn set_metadata_holds_by_size_and_is_bounded() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let set = |key: u8, value: Option<usize>| {
            Agents::set_metadata(
                signed(ALICE),
                agent,
                vec![key].try_into().unwrap(),
                value.map(|length| vec![0; length].try_into().unwrap()),
            )
        };
        let held = || funds(&account_of(agent)).1;
        let before = held();
        assert_ok!(set(1, Some(10)));
        let small = held();
        assert_ok!(set(1, Some(30)));
        assert_eq!(held(), small + 20);
        assert_ok!(set(1, Some(10)));
        assert_eq!(held(), small);
        assert_ok!(set(2, Some(0)));
        assert_ok!(set(3, Some(0)));
        assert_noop!(set(4, Some(0)), Error::<Test>::TooMany);
        assert_noop!(set(4, None), Error::<Test>::UnknownMetadata);
        for key in 1..=3 {
            assert_ok!(set(key, None));
        }
        assert_eq!(held(), before);
        assert_eq!(Metadata::<Test>::iter().count(), 0);
    });
}

#[test]
fn bind_wallet_by_its_own_signature_only() {
    build_and_execute(|| {
        let agent = register(ALICE);
        bind(agent, KEYS[1]);
        assert_eq!(Agents::wallet(agent), Some(key(KEYS[1])));
        // By another key, for another owner, agent, time or nonce.
        let now = Tick::get();
        let others = [
            consent(KEYS[2], agent, ALICE, 1, now + 10),
            consent(KEYS[1], agent, BOB, 1, now + 10),
            consent(KEYS[1], agent + 1, ALICE, 1, now + 10),
            consent(KEYS[1], agent, ALICE, 1, now + 11),
            consent(KEYS[1], agent, ALICE, 0, now + 10),
        ];
        for signature in others {
            assert_noop!(
                Agents::bind_wallet(signed(ALICE), agent, key(KEYS[1]), now + 10, signature),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn bind_wallet_by_the_signature_for_another_chain_or_domain_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let binding = WalletBinding {
            agent,
            owner: account(ALICE),
            wallet: key(KEYS[1]),
            nonce: 0,
            deadline,
        };
        let elsewhere = binding.payload(&[99; 32]);
        let mut other_pallet = binding.payload(&Agents::genesis());
        other_pallet[6..12].copy_from_slice(b"others");
        for payload in [elsewhere, other_pallet] {
            assert_noop!(
                Agents::bind_wallet(
                    signed(ALICE),
                    agent,
                    key(KEYS[1]),
                    deadline,
                    sign(KEYS[1], &payload)
                ),
                Error::<Test>::BadSignature
            );
        }
    });
}

#[test]
fn bind_wallet_with_a_deadline_past_or_far_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let now = Tick::get();
        let bind = |deadline| {
            let signature = consent(KEYS[1], agent, ALICE, 0, deadline);
            Agents::bind_wallet(signed(ALICE), agent, key(KEYS[1]), deadline, signature)
        };
        assert_noop!(bind(now), Error::<Test>::DeadlinePassed);
        assert_noop!(bind(now + MAX_DEADLINE + 1), Error::<Test>::DeadlineTooFar);
        assert_ok!(bind(now + MAX_DEADLINE));
    });
}

#[test]
fn unbind_wallet_by_owner_or_wallet_makes_the_signature_worthless() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let signature = consent(KEYS[1], agent, ALICE, 0, deadline);
        let again = || {
            Agents::bind_wallet(
                signed(ALICE),
                agent,
                key(KEYS[1]),
                deadline,
                signature.clone(),
            )
        };
        assert_noop!(
            Agents::unbind_wallet(signed(ALICE), agent),
            Error::<Test>::NoWallet
        );
        assert_ok!(again());
        assert_noop!(
            Agents::unbind_wallet(signed(BOB), agent),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::unbind_wallet(signed_by_key(KEYS[1]), agent));
        assert_noop!(again(), Error::<Test>::BadSignature);
        bind(agent, KEYS[1]);
        assert_ok!(Agents::unbind_wallet(signed(ALICE), agent));
    });
}

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
        // What the wallet had signed for the old owner binds it to nobody.
        for owner in [ALICE, BOB] {
            assert!(Agents::bind_wallet(
                signed(owner),
                agent,
                key(KEYS[1]),
                deadline,
                signature.clone()
            )
            .is_err());
        }
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

#[test]
fn burn_returns_everything_and_the_number_is_never_used_again() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        assert_ok!(Agents::commit_data(
            signed(ALICE),
            agent,
            Default::default(),
            commitment(1, &[ALICE])
        ));
        assert_ok!(Agents::add_tag(signed(ALICE), agent, tag("speed")));
        let account = account_of(agent);
        assert_noop!(
            Agents::burn(signed(BOB), agent),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::burn(signed(ALICE), agent));
        assert_eq!(funds(&account), (0, 0));
        // With what Carol gave the agent.
        assert_eq!(
            Balances::free_balance(crate::mock::account(ALICE)),
            FUNDS + 10_000
        );
        assert_eq!(register(ALICE), agent + 1);
        assert_eq!(NextAgent::<Test>::get(), agent + 2);
    });
}

#[test]
fn burn_while_others_hold_something_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 1_000);
        assert_ok!(Agents::act_by_owner(
            signed(ALICE),
            agent,
            Box::new(reserve(100))
        ));
        assert_noop!(
            Agents::burn(signed(ALICE), agent),
            Error::<Test>::AccountInUse
        );
        assert_ok!(Agents::act_by_owner(
            signed(ALICE),
            agent,
            Box::new(release(100))
        ));
        assert_ok!(Agents::burn(signed(ALICE), agent));
    });
}

#[test]
fn withdraw_leaves_the_account_alive() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 1_000);
        assert_noop!(
            Agents::withdraw(signed(ALICE), agent, 0),
            Error::<Test>::ZeroAmount
        );
        assert_noop!(
            Agents::withdraw(signed(ALICE), agent, 1_001),
            Error::<Test>::InsufficientFunds
        );
        assert_ok!(Agents::withdraw(signed(ALICE), agent, 1_000));
        assert_eq!(funds(&account_of(agent)).0, ED);
    });
}
