//! What users may ask.

use crate::{mock::*, Error, Usages};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use noema_agents_primitives::{ServiceKind, UsageScope};

fn authorize(agent: u64, scope: UsageScope, expires: u64, count: u32) -> DispatchResult {
    Agents::authorize_usage(signed(ALICE), agent, account(BOB), scope, expires, count)
}

fn exercise(agent: u64, wanted: UsageScope) -> DispatchResult {
    Agents::exercise(signed(BOB), agent, wanted, [7; 32])
}

#[test]
fn exercise_within_scope_time_and_count() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let scope = UsageScope::Service(ServiceKind::Mcp);
        assert_ok!(authorize(agent, scope, Tick::get() + 10, 2));
        assert_noop!(
            exercise(agent, UsageScope::All),
            Error::<Test>::UsageOutOfScope
        );
        assert_noop!(
            exercise(agent, UsageScope::Data(0)),
            Error::<Test>::UsageOutOfScope
        );
        assert_ok!(exercise(agent, scope));
        let usage = Usages::<Test>::get(agent, account(BOB)).unwrap();
        assert_eq!((usage.left, usage.used, usage.request), (1, 1, [7; 32]));
        assert_ok!(exercise(agent, scope));
        assert_noop!(exercise(agent, scope), Error::<Test>::UsageSpent);
        assert_ok!(authorize(agent, UsageScope::All, Tick::get() + 10, 2));
        assert_ok!(exercise(agent, UsageScope::Data(5)));
        advance(10);
        assert_noop!(exercise(agent, scope), Error::<Test>::UsageOver);
    });
}

#[test]
fn authorize_usage_that_is_none_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let now = Tick::get();
        assert_noop!(
            authorize(agent, UsageScope::All, now, 1),
            Error::<Test>::UsageOver
        );
        assert_noop!(
            authorize(agent, UsageScope::All, now + 1, 0),
            Error::<Test>::UsageSpent
        );
        assert_noop!(
            Agents::authorize_usage(
                signed(BOB),
                agent,
                account(BOB),
                UsageScope::All,
                now + 1,
                1
            ),
            Error::<Test>::NotYourAgent
        );
        assert_noop!(
            exercise(agent, UsageScope::All),
            Error::<Test>::UnknownUsage
        );
    });
}

#[test]
fn authorize_usage_is_bounded_and_held_for_once() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let authorize = |user| {
            Agents::authorize_usage(
                signed(ALICE),
                agent,
                account(user),
                UsageScope::All,
                9_999,
                1,
            )
        };
        assert_ok!(authorize(1));
        let held = funds(&account_of(agent)).1;
        assert_ok!(authorize(1));
        assert_eq!(funds(&account_of(agent)).1, held);
        assert_ok!(authorize(2));
        assert_ok!(authorize(3));
        assert_noop!(authorize(4), Error::<Test>::TooMany);
    });
}

#[test]
fn revoke_usage_by_owner_user_or_anybody_when_over() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let revoke = |who| Agents::revoke_usage(signed(who), agent, account(BOB));
        let held = funds(&account_of(agent)).1;
        for who in [ALICE, BOB] {
            assert_ok!(authorize(agent, UsageScope::All, Tick::get() + 10, 1));
            assert_noop!(revoke(CAROL), Error::<Test>::NotYourAgent);
            assert_ok!(revoke(who));
        }
        assert_ok!(authorize(agent, UsageScope::All, Tick::get() + 10, 1));
        assert_ok!(exercise(agent, UsageScope::All));
        assert_ok!(revoke(CAROL));
        assert_ok!(authorize(agent, UsageScope::All, Tick::get() + 10, 1));
        advance(10);
        assert_ok!(revoke(CAROL));
        assert_noop!(revoke(ALICE), Error::<Test>::UnknownUsage);
        assert_eq!(funds(&account_of(agent)).1, held);
    });
}
