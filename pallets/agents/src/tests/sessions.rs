//! Grants, and their end.

use crate::{mock::*, Error, GrantOf, SessionKeys};
use frame_support::{assert_noop, assert_ok, dispatch::DispatchResult};
use noema_agents_primitives::Scope;
use noema_session::{Allowance, Limits};

fn grant_to(agent: u64, grant: GrantOf<Test>) -> DispatchResult {
    Agents::grant_session(signed(ALICE), agent, grant, ALLOWANCE)
}

#[test]
fn grant_session_that_makes_no_sense_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let good = || grant(KEYS[0]);
        let no_calls: Scope = codec::Decode::decode(&mut [0_u8].as_slice()).unwrap();
        let expired = GrantOf::<Test> {
            expires: Tick::get(),
            ..good()
        };
        let contradictory = GrantOf::<Test> {
            limits: Limits {
                per_use: 2,
                total: 1,
            },
            ..good()
        };
        let empty = GrantOf::<Test> {
            scope: no_calls,
            ..good()
        };
        assert_noop!(grant_to(agent, expired), Error::<Test>::GrantExpired);
        assert_noop!(grant_to(agent, contradictory), Error::<Test>::GrantLimits);
        assert_noop!(grant_to(agent, empty), Error::<Test>::NoCalls);
        let endless = Allowance { period: 0, most: 1 };
        assert_noop!(
            Agents::grant_session(signed(ALICE), agent, good(), endless),
            Error::<Test>::PeriodInvalid
        );
        assert_noop!(
            Agents::grant_session(signed(BOB), agent, good(), ALLOWANCE),
            Error::<Test>::NotYourAgent
        );
    });
}

#[test]
fn grant_session_to_a_principal_or_twice_is_refused() {
    build_and_execute(|| {
        let agent = register(ALICE);
        bind(agent, KEYS[1]);
        for key in [account(ALICE), account_of(agent), key(KEYS[1])] {
            let granted = GrantOf::<Test> {
                key,
                ..grant(KEYS[0])
            };
            assert_noop!(grant_to(agent, granted), Error::<Test>::KeyIsPrincipal);
        }
        assert_ok!(grant_to(agent, grant(KEYS[0])));
        assert_noop!(grant_to(agent, grant(KEYS[0])), Error::<Test>::KeyInUse);
        assert_ok!(grant_to(agent, grant(KEYS[2])));
        assert_ok!(grant_to(agent, grant(90)));
        assert_noop!(grant_to(agent, grant(91)), Error::<Test>::TooMany);
    });
}

#[test]
fn revoke_session_by_owner_key_or_anybody_when_over() {
    build_and_execute(|| {
        let agent = register(ALICE);
        let held = funds(&account_of(agent)).1;
        let mut number = 0;
        let mut granted = || {
            assert_ok!(grant_to(agent, grant(KEYS[0])));
            number += 1;
            number - 1
        };
        let session = granted();
        assert_noop!(
            Agents::revoke_session(signed(CAROL), agent, session),
            Error::<Test>::NotYourAgent
        );
        assert_ok!(Agents::revoke_session(signed(ALICE), agent, session));
        // Numbers are not used again.
        let session = granted();
        assert_eq!(SessionKeys::<Test>::get(agent, key(KEYS[0])), Some(1));
        assert_ok!(Agents::revoke_session(
            signed_by_key(KEYS[0]),
            agent,
            session
        ));
        let session = granted();
        advance(500);
        assert_ok!(Agents::revoke_session(signed(CAROL), agent, session));
        assert_noop!(
            Agents::revoke_session(signed(ALICE), agent, session),
            Error::<Test>::UnknownSession
        );
        assert_eq!(funds(&account_of(agent)).1, held);
    });
}
