//! What readers are told.

use crate::{mock::*, MAX_PAGE};
use frame_support::assert_ok;
use noema_agents_primitives::{ServiceKind, UsageScope};
use noema_traits::AgentIdentity;

#[test]
fn read_agent_and_its_lists() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(Agents::set_metadata(
            signed(ALICE),
            agent,
            b"a".to_vec().try_into().unwrap(),
            Some(b"b".to_vec().try_into().unwrap())
        ));
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
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 10)),
            plan(7, 0, 1, 5)
        ));
        assert_ok!(act(agent, pay(BOB, 30)));

        let info = Agents::read_agent(agent).unwrap();
        assert_eq!(info.owner, account(ALICE));
        assert_eq!(info.endpoints, endpoints());
        assert_eq!(info.offered, Some(account(BOB)));
        assert_eq!(Agents::read_agent_of_account(info.account), Some(agent));
        assert_eq!(Agents::read_all_metadata(agent).len(), 1);
        let data = Agents::read_data(agent);
        assert_eq!(data[0].staged, Some((account(BOB), [2; 32])));
        let sessions = Agents::read_sessions(agent);
        assert_eq!(
            (sessions[0].spent, sessions[0].left_in_period),
            (30, ALLOWANCE.most - 30)
        );
        let scheduled = Agents::read_scheduled(agent);
        assert_eq!((scheduled[0].due, scheduled[0].reward), (7, 5));
        assert_eq!(scheduled[0].call, codec::Encode::encode(&pay(BOB, 10)));
        assert!(Agents::read_agent(agent + 1).is_none());
        assert!(Agents::read_sessions(agent + 1).is_empty());
    });
}

#[test]
fn read_may_use_says_what_exercise_would() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let scope = UsageScope::Service(ServiceKind::Mcp);
        let may = |wanted| Agents::read_may_use(agent, account(BOB), wanted);
        assert!(!may(scope));
        let expires = Tick::get() + 5;
        assert_ok!(Agents::authorize_usage(
            signed(ALICE),
            agent,
            account(BOB),
            scope,
            expires,
            1
        ));
        assert!(may(scope) && !may(UsageScope::All));
        assert_eq!(Agents::read_usages(agent).len(), 1);
        assert_ok!(Agents::exercise(signed(BOB), agent, scope, [0; 32]));
        assert!(!may(scope));
    });
}

#[test]
fn read_wallet_payload_is_what_bind_wallet_checks() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let deadline = Tick::get() + 10;
        let payload = Agents::read_wallet_payload(agent, key(KEYS[1]), deadline).unwrap();
        assert_ok!(Agents::bind_wallet(
            signed(ALICE),
            agent,
            key(KEYS[1]),
            deadline,
            sign(KEYS[1], &payload)
        ));
    });
}

#[test]
fn read_pages_go_on_where_they_ended() {
    build_and_execute(|| {
        let agent = register(ALICE);
        register(BOB);
        for _ in 0..4 {
            register(ALICE);
        }
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = Agents::read_agents_of(account(ALICE), after, 2);
            assert!(page.entries.len() <= 2);
            found.extend(page.entries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        found.sort_unstable();
        assert_eq!(found, [0, 2, 3, 4, 5]);

        assert_ok!(dispatch(signed(BOB), pay_to(account_of(agent), 50)));
        for value in 0..5 {
            assert_ok!(Agents::feedback(
                signed(BOB),
                agent,
                10,
                rating(value),
                None
            ));
        }
        assert_ok!(Agents::revoke_feedback(signed(BOB), agent, 1));
        let first = Agents::read_feedbacks(agent, None, 2);
        let numbers = |page: &[crate::FeedbackInfo<AccountId>]| {
            page.iter().map(|given| given.feedback).collect::<Vec<_>>()
        };
        assert_eq!(numbers(&first.entries), [0, 2]);
        let second = Agents::read_feedbacks(agent, first.next, 100);
        assert_eq!(numbers(&second.entries), [3, 4]);
        assert_eq!(second.next, None);
        let by = Agents::read_feedbacks_by(account(BOB), None, u32::MAX);
        assert_eq!(by.entries.len(), 4);
        assert!(by.entries.len() <= MAX_PAGE);
    });
}

#[test]
fn identity_for_other_layers() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        assert!(Agents::may_act(agent, &account(ALICE)));
        assert!(Agents::may_act(agent, &key(KEYS[0])));
        assert!(!Agents::may_act(agent, &account(BOB)));
        assert_eq!(Agents::account(agent), Some(account_of(agent)));
        advance(500);
        assert!(!Agents::may_act(agent, &key(KEYS[0])));
        assert!(!Agents::may_act(agent + 1, &account(ALICE)));
        assert_eq!(Agents::owner(agent + 1), None);
    });
}

/// Measured by the proof of all that is read: ten thousand ratings cost what ten cost, but for the depth of the trie, which grows by a level for every sixteen times as many.
#[test]
fn reading_and_rating_read_the_same_after_ten_thousand_ratings_as_after_ten() {
    use frame_support::traits::fungible::Mutate;
    let nodes = |ratings: u64| {
        let rate = |value: u16| Agents::feedback(signed(CAROL), 0, 10, rating(value), None);
        let mut ext = new_test_ext();
        ext.execute_with(|| {
            let agent = register(ALICE);
            Balances::set_balance(&account(CAROL), 1 << 80);
            let amount = u128::from(ratings + 1) * 10;
            assert_ok!(dispatch(signed(CAROL), pay_to(account_of(agent), amount)));
            for value in 0..ratings {
                assert_ok!(rate(u16::try_from(value % 10_000).unwrap()));
            }
        });
        ext.commit_all().unwrap();
        let (summary, proof) = ext.execute_and_prove(|| Agents::read_summary(0, None).unwrap());
        assert_eq!(summary.all.count, ratings);
        let to_read = proof.into_iter_nodes().count();
        let (given, proof) = ext.execute_and_prove(|| rate(1));
        assert_ok!(given);
        (to_read, proof.into_iter_nodes().count())
    };
    let (few, many) = (nodes(10), nodes(10_000));
    // Reading meets no rating; a new one is put among the others, in two lists.
    assert!(many.0 <= few.0 + 2, "{few:?} {many:?}");
    assert!(many.1 <= few.1 + 10, "{few:?} {many:?}");
}
