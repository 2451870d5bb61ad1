//! Registration, what an agent says about itself, burning, money out.

use crate::{mock::*, Agents as Records, Error, Event, Metadata, NextAgent};
use frame_support::{assert_noop, assert_ok};
use noema_agents_primitives::WALLET_KEY;
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

/// Something of another layer keeps the account alive, which it was not asked for: an asset, for instance.
#[test]
fn burn_of_an_account_that_others_keep_alive_leaves_the_existential_deposit() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let account = account_of(agent);
        assert_ok!(System::inc_consumers(&account));
        let (free, held) = funds(&account);
        let all = free + held;
        assert_ok!(Agents::burn(signed(ALICE), agent));
        assert_eq!(funds(&account), (ED, 0));
        System::assert_has_event(
            Event::<Test>::Burned {
                agent,
                owner: crate::mock::account(ALICE),
                returned: all - ED,
                left: ED,
            }
            .into(),
        );
    });
}

#[test]
fn burn_while_more_than_the_existential_deposit_is_frozen_is_refused() {
    use frame_support::traits::{LockableCurrency, WithdrawReasons};
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let account = account_of(agent);
        let lock = |amount| {
            <Balances as LockableCurrency<AccountId>>::set_lock(
                *b"vesting_",
                &account,
                amount,
                WithdrawReasons::all(),
            );
        };
        lock(ED + 1);
        assert_noop!(
            Agents::burn(signed(ALICE), agent),
            Error::<Test>::AccountInUse
        );
        lock(ED);
        assert_ok!(Agents::burn(signed(ALICE), agent));
        assert_eq!(funds(&account), (ED, 0));
    });
}

/// Records that contradict each other are noticed before anything is lost.
#[test]
fn burn_and_transfer_of_what_is_counted_wrong_change_nothing() {
    new_test_ext().execute_with(|| {
        let agent = register(ALICE);
        let count = |change: fn(&mut crate::Counts)| {
            Records::<Test>::mutate(agent, |record| change(&mut record.as_mut().unwrap().counts));
        };
        type Change = fn(&mut crate::Counts);
        let changes: [(Change, Change, bool); 4] = [
            (|c| c.data = 1, |c| c.data = 0, true),
            (|c| c.usages = 1, |c| c.usages = 0, true),
            (|c| c.metadata = 1, |c| c.metadata = 0, false),
            (|c| c.tags = 1, |c| c.tags = 0, false),
        ];
        for (wrong, right, ends_with_the_tenure) in changes {
            count(wrong);
            assert_noop!(
                Agents::burn(signed(ALICE), agent),
                Error::<Test>::Inconsistent
            );
            if ends_with_the_tenure {
                assert_noop!(
                    Agents::transfer(signed(ALICE), agent, account(BOB)),
                    Error::<Test>::Inconsistent
                );
            }
            count(right);
        }
        assert_ok!(Agents::burn(signed(ALICE), agent));
    });
}
