//! Acts that are due later.

use crate::{mock::*, Error, ScheduledActs};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};

/// By Alice: `call` from `due` on, `times` times, every 20 ticks.
fn schedule(agent: u64, call: RuntimeCall, due: u64, times: u32, reward: u128) -> DispatchResult {
    Agents::schedule(
        signed(ALICE),
        agent,
        0,
        Box::new(call),
        plan(due, 20, times, reward),
    )
}

fn run(agent: u64, number: u32, call: RuntimeCall) -> DispatchResult {
    Agents::run(signed(CAROL), agent, number, Box::new(call))
        .map(drop)
        .map_err(|error| error.error)
}

#[test]
fn run_when_due_as_often_as_scheduled_for_a_reward() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let held = funds(&account_of(agent)).1;
        let due = Tick::get() + 10;
        assert_ok!(schedule(agent, pay(BOB, 20), due, 2, 5));
        assert_noop!(run(agent, 0, pay(BOB, 20)), Error::<Test>::NotDue);
        advance(10);
        assert_noop!(run(agent, 0, pay(BOB, 21)), Error::<Test>::AnotherCall);
        let before = Balances::free_balance(account(CAROL));
        assert_ok!(run(agent, 0, pay(BOB, 20)));
        assert_eq!(Balances::free_balance(account(CAROL)), before + 5);
        assert_eq!(spent(agent, session), 25);
        assert_noop!(run(agent, 0, pay(BOB, 20)), Error::<Test>::NotDue);
        // Late: what was missed is not made up for.
        advance(100);
        assert_ok!(run(agent, 0, pay(BOB, 20)));
        assert_noop!(run(agent, 0, pay(BOB, 20)), Error::<Test>::UnknownSchedule);
        assert_eq!(funds(&account_of(agent)).1, held);
    });
}

#[test]
fn run_beyond_the_limits_of_the_session_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        assert_noop!(
            schedule(agent, pay(BOB, 96), 0, 1, 5),
            Error::<Test>::AbovePerUse
        );
        assert_ok!(schedule(agent, pay(BOB, 95), 0, 1, 5));
        assert_ok!(act(agent, pay(BOB, 100)));
        assert_noop!(run(agent, 0, pay(BOB, 95)), Error::<Test>::AbovePeriod);
        advance(10);
        assert_ok!(run(agent, 0, pay(BOB, 95)));
    });
}

#[test]
fn run_of_a_call_that_fails_costs_the_reward_and_the_time() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(schedule(agent, release(7), 0, 1, 5));
        assert_ok!(run(agent, 0, release(7)));
        assert_eq!(spent(agent, session), 5);
        assert_noop!(run(agent, 0, release(7)), Error::<Test>::UnknownSchedule);
    });
}

#[test]
fn run_after_the_session_is_refused_and_anybody_cancels() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(schedule(agent, pay(BOB, 1), 0, 1, 0));
        assert_noop!(
            Agents::cancel(signed(CAROL), agent, 0),
            Error::<Test>::StillScheduled
        );
        assert_ok!(Agents::revoke_session(signed(ALICE), agent, session));
        assert_noop!(run(agent, 0, pay(BOB, 1)), Error::<Test>::UnknownSession);
        assert_ok!(Agents::cancel(signed(CAROL), agent, 0));
        assert_eq!(ScheduledActs::<Test>::iter().count(), 0);
    });
}

#[test]
fn schedule_by_the_key_is_without_reward_and_its_deposit_counts() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 10_000);
        let granted = noema_session::Grant {
            limits: noema_session::Limits {
                per_use: 500,
                total: 500,
            },
            ..grant(KEYS[0])
        };
        let allowance = noema_session::Allowance {
            period: 10,
            most: 500,
        };
        assert_ok!(Agents::grant_session(
            signed(ALICE),
            agent,
            granted,
            allowance
        ));
        let by_key = |reward| {
            Agents::schedule(
                signed_by_key(KEYS[0]),
                agent,
                0,
                Box::new(pay(BOB, 1)),
                plan(0, 0, 1, reward),
            )
        };
        assert_noop!(by_key(1), Error::<Test>::RewardNotYours);
        let held = funds(&account_of(agent)).1;
        assert_ok!(by_key(0));
        assert_eq!(spent(agent, 0), funds(&account_of(agent)).1 - held);
        assert_ok!(Agents::cancel(signed_by_key(KEYS[0]), agent, 0));
    });
}

#[test]
fn schedule_of_what_could_never_be_made_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let batch: RuntimeCall = pallet_utility::Call::batch { calls: vec![] }.into();
        assert_noop!(schedule(agent, batch, 0, 1, 0), Error::<Test>::NotALeaf);
        assert_noop!(
            schedule(agent, pay(BOB, 1), 0, 0, 0),
            Error::<Test>::NoTimes
        );
        assert_noop!(
            Agents::schedule(
                signed(ALICE),
                agent,
                0,
                Box::new(pay(BOB, 1)),
                plan(0, 0, 2, 0)
            ),
            Error::<Test>::NoTimes
        );
        assert_noop!(
            Agents::schedule(
                signed(BOB),
                agent,
                0,
                Box::new(pay(BOB, 1)),
                plan(0, 0, 1, 0)
            ),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            Agents::schedule(
                signed(ALICE),
                agent,
                1,
                Box::new(pay(BOB, 1)),
                plan(0, 0, 1, 0)
            ),
            Error::<Test>::UnknownSession
        );
        for _ in 0..3 {
            assert_ok!(schedule(agent, pay(BOB, 1), 0, 1, 0));
        }
        assert_noop!(
            schedule(agent, pay(BOB, 1), 0, 1, 0),
            Error::<Test>::TooMany
        );
    });
}

#[test]
fn schedule_of_a_long_call_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 1_000);
        let long: RuntimeCall = crate::Call::set_metadata {
            agent,
            key: vec![1].try_into().unwrap(),
            value: Some(vec![0; 200].try_into().unwrap()),
        }
        .into();
        let granted = noema_session::Grant {
            scope: scope(std::slice::from_ref(&long)),
            ..grant(KEYS[0])
        };
        assert_ok!(Agents::grant_session(
            signed(ALICE),
            agent,
            granted,
            ALLOWANCE
        ));
        assert_noop!(schedule(agent, long, 0, 1, 0), Error::<Test>::CallTooLong);
    });
}

#[test]
fn schedule_of_what_is_due_when_the_session_is_over_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let ends = Tick::get() + 500;
        assert_noop!(
            schedule(agent, pay(BOB, 1), ends, 1, 0),
            Error::<Test>::NeverDue
        );
        assert_ok!(schedule(agent, pay(BOB, 1), ends - 1, 1, 0));
    });
}

/// A key that schedules whatever it can leaves the owner's places to the owner, and is told from it by the event.
#[test]
fn schedule_by_keys_leaves_half_of_the_places() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 10_000);
        let granted = noema_session::Grant {
            limits: noema_session::Limits {
                per_use: 500,
                total: 5_000,
            },
            ..grant(KEYS[0])
        };
        let allowance = noema_session::Allowance {
            period: 10,
            most: 5_000,
        };
        assert_ok!(Agents::grant_session(
            signed(ALICE),
            agent,
            granted,
            allowance
        ));
        let by_key = || {
            let call = Box::new(pay(BOB, 1));
            Agents::schedule(signed_by_key(KEYS[0]), agent, 0, call, plan(0, 0, 1, 0))
        };
        assert_ok!(by_key());
        let deposit = ScheduledActs::<Test>::get(agent, 0).unwrap().deposit;
        let told = |schedule, spent| {
            let due = 0;
            let session = 0;
            System::assert_has_event(
                crate::Event::<Test>::Scheduled {
                    agent,
                    schedule,
                    session,
                    due,
                    spent,
                }
                .into(),
            );
        };
        told(0, deposit);
        assert_ok!(by_key());
        assert_noop!(by_key(), Error::<Test>::TooMany);
        assert_ok!(schedule(agent, pay(BOB, 1), 0, 1, 0));
        told(2, 0);
    });
}
