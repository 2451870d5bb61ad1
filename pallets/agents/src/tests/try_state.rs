//! Each invariant is noticed when it is broken.

use crate::{
    mock::*, Agents as Records, AgentsOf, Aggregate, ByAccount, DataEntries, EndpointsOf,
    Feedbacks, FeedbacksBy, HoldReason, NextAgent, Pallet, Reputations, ScheduledActs, SessionKeys,
    Sessions, StagedEntries, TagReputations, Usages,
};
use frame_support::{
    assert_ok,
    traits::{fungible::MutateHold, tokens::Precision},
};
use noema_agents_primitives::UsageScope;

/// Something of everything; then a break, which must be noticed with these words.
fn noticed(words: &str, break_it: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        let (agent, session) = alice_with_session();
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
            commitment(2, &[BOB])
        ));
        assert_ok!(Agents::authorize_usage(
            signed(ALICE),
            agent,
            account(BOB),
            UsageScope::All,
            9_999,
            1
        ));
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 1)),
            plan(0, 0, 1, 0)
        ));
        assert_ok!(Agents::add_tag(signed(ALICE), agent, tag("speed")));
        assert_ok!(act(agent, pay(BOB, 10)));
        assert_ok!(dispatch(signed(BOB), pay_to(account_of(agent), 100)));
        let opinion = crate::Opinion {
            tags: crate::Tags::One(tag("speed")),
            ..rating(5_000)
        };
        assert_ok!(Agents::feedback(signed(BOB), agent, 100, opinion, None));
        Pallet::<Test>::do_try_state().unwrap();
        break_it();
        let error = Pallet::<Test>::do_try_state().unwrap_err();
        let sp_runtime::TryRuntimeError::Other(found) = error else {
            panic!("expected words, found {error:?}");
        };
        assert!(found.contains(words), "expected {words:?}, found {found:?}");
    });
}

fn alter(alter: impl FnOnce(&mut crate::AgentOf<Test>)) {
    Records::<Test>::mutate(0, |record| alter(record.as_mut().unwrap()));
}

#[test]
fn owners_and_accounts_that_drift_are_noticed() {
    noticed("missing in a list", || {
        alter(|record| record.owner = account(BOB));
    });
    noticed("missing in a list", || {
        ByAccount::<Test>::remove(account_of(0));
    });
    noticed("a list has an agent", || {
        AgentsOf::<Test>::insert(account(BOB), 0, ());
    });
    noticed("another one's account", || {
        ByAccount::<Test>::remove(account_of(0));
        ByAccount::<Test>::insert(account(77), 0);
        alter(|record| record.account = account(77));
    });
    noticed("owns itself", || {
        AgentsOf::<Test>::remove(account(ALICE), 0);
        AgentsOf::<Test>::insert(account_of(0), 0, ());
        alter(|record| record.owner = record.account.clone());
    });
}

#[test]
fn numbers_that_were_not_given_out_are_noticed() {
    noticed("an agent has a number", || NextAgent::<Test>::put(0));
    noticed("a session has a number", || {
        alter(|record| record.next_session = 0);
    });
    noticed("data have a number", || {
        alter(|record| record.next_data = 0);
    });
    noticed("a scheduled act has a number", || {
        alter(|record| record.next_schedule = 0);
    });
    noticed("a feedback has a number", || {
        alter(|record| record.next_feedback = 0);
    });
    noticed("will not be made", || {
        ScheduledActs::<Test>::mutate(0, 0, |act| act.as_mut().unwrap().times = 0);
    });
}

#[test]
fn counts_that_drift_are_noticed() {
    noticed("counts other entries", || {
        alter(|record| record.counts.usages = 2);
    });
    noticed("counts other entries", || {
        Usages::<Test>::remove(0, account(BOB));
    });
    noticed("not there", || {
        let usage = Usages::<Test>::get(0, account(BOB)).unwrap();
        Usages::<Test>::insert(9, account(BOB), usage);
    });
    noticed("staged for data that are not there", || {
        let staged = StagedEntries::<Test>::take(0, 0).unwrap();
        StagedEntries::<Test>::insert(0, 5, staged);
    });
    noticed("endpoints are kept", || {
        EndpointsOf::<Test>::mutate(0, |record| {
            record.as_mut().unwrap().endpoints = Default::default();
        });
    });
    noticed("for no times", || {
        Usages::<Test>::mutate(0, account(BOB), |usage| usage.as_mut().unwrap().left = 0);
    });
}

#[test]
fn sessions_that_drift_are_noticed() {
    noticed("not found by its key", || {
        SessionKeys::<Test>::insert(0, key(KEYS[0]), 7);
    });
    noticed("a key has a session", || {
        SessionKeys::<Test>::insert(0, key(KEYS[1]), 0);
    });
    let spent_of = |total: u128, most: u128| {
        Sessions::<Test>::mutate(0, 0, |record| {
            let record = record.as_mut().unwrap();
            let mut grant = record.session.grant().clone();
            grant.limits.total = total;
            let mut spent = noema_session::Session::new(noema_session::Grant {
                limits: noema_session::Limits {
                    per_use: 10,
                    total: 10,
                },
                ..grant.clone()
            });
            spent.spend(10).unwrap();
            // The spent amount is encoded after the grant: put under a grant of less.
            let mut bytes = codec::Encode::encode(&grant);
            let after = codec::Encode::encode(&spent);
            bytes.extend_from_slice(&after[bytes.len()..]);
            record.session = codec::Decode::decode(&mut bytes.as_slice()).unwrap();
            record.allowance.most = most;
        });
    };
    noticed("spent more than it may", || spent_of(9, 1_000));
    noticed("spent more in a period", || spent_of(1_000, 9));
}

#[test]
fn ratings_that_drift_are_noticed() {
    noticed("missing in a list", || {
        FeedbacksBy::<Test>::remove(account(BOB), (0, 0));
    });
    noticed("a list has a feedback", || {
        FeedbacksBy::<Test>::insert(account(BOB), (0, 1), ());
    });
    noticed("would not be accepted", || {
        Feedbacks::<Test>::mutate(0, 0, |given| given.as_mut().unwrap().rating.value = 10_001);
    });
    noticed("not their sum", || {
        Reputations::<Test>::mutate(0, |kept| kept.as_mut().unwrap().all.weight += 1);
    });
    noticed("not their sum", || {
        Reputations::<Test>::mutate(0, |kept| {
            kept.as_mut().unwrap().current = Default::default();
        });
    });
    noticed("not their sum", || {
        TagReputations::<Test>::mutate(0, tag("speed"), |kept| {
            kept.as_mut().unwrap().aggregate = Aggregate::default();
        });
    });
    noticed("a tag that the agent has not", || {
        Feedbacks::<Test>::mutate(0, 0, |given| {
            given.as_mut().unwrap().tags = crate::Tags::Two(tag("speed"), tag("other"));
        });
    });
}

#[test]
fn holds_that_drift_are_noticed() {
    let reason = || HoldReason::Deposit.into();
    let whose: [fn() -> AccountId; 2] = [|| account_of(0), || account(BOB)];
    for who in whose {
        noticed("differs from the records", || {
            assert_ok!(Balances::release(&reason(), &who(), 1, Precision::Exact));
        });
    }
    noticed("without records", || {
        assert_ok!(Balances::hold(&reason(), &account(CAROL), 1));
    });
    noticed("differs from the records", || {
        DataEntries::<Test>::mutate(0, 0, |data| data.as_mut().unwrap().deposit += 1);
    });
}
