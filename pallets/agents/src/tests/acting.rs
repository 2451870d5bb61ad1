//! Acts, and the limits that bound them.

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::DispatchError;

fn refused(result: frame_support::dispatch::DispatchResultWithPostInfo) -> DispatchError {
    result.unwrap_err().error
}

#[test]
fn act_pays_from_the_agents_account_and_is_told() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let before = funds(&account_of(agent)).0;
        assert_ok!(act(agent, pay(BOB, 100)));
        assert_eq!(funds(&account_of(agent)).0, before - 100);
        assert_eq!(spent(agent, session), 100);
        System::assert_has_event(
            Event::<Test>::Acted {
                agent,
                session,
                by: key(KEYS[0]),
                nonce: None,
                call: call_id(&pay(BOB, 100)),
                spent: 100,
                result: Ok(()),
            }
            .into(),
        );
    });
}

#[test]
fn act_above_one_use_a_period_or_all_is_refused() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_eq!(
            refused(act(agent, pay(BOB, 101))),
            Error::<Test>::AbovePerUse.into()
        );
        assert_ok!(act(agent, pay(BOB, 100)));
        assert_eq!(
            refused(act(agent, pay(BOB, 51))),
            Error::<Test>::AbovePeriod.into()
        );
        assert_ok!(act(agent, pay(BOB, 50)));
        for _ in 0..8 {
            advance(10);
            assert_ok!(act(agent, pay(BOB, 100)));
        }
        assert_eq!(spent(agent, session), 950);
        advance(10);
        assert_eq!(
            refused(act(agent, pay(BOB, 51))),
            Error::<Test>::AboveTotal.into()
        );
        assert_ok!(act(agent, pay(BOB, 50)));
    });
}

#[test]
fn act_that_reserves_counts_when_it_reserves() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(act(agent, reserve(100)));
        assert_eq!(spent(agent, session), 100);
        assert_ok!(act(agent, release(100)));
        // What came back is not given back to the limit.
        assert_eq!(spent(agent, session), 100);
        assert_eq!(
            refused(act(agent, reserve(100))),
            Error::<Test>::AbovePeriod.into()
        );
    });
}

#[test]
fn act_that_spends_more_than_it_declares_counts_what_it_spent() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(act(agent, lie(0, 100)));
        assert_eq!(spent(agent, session), 100);
        let before = funds(&account_of(agent)).0;
        advance(10);
        assert_eq!(
            refused(act(agent, lie(0, 101))),
            Error::<Test>::AbovePerUse.into()
        );
        // Undone.
        assert_eq!(funds(&account_of(agent)).0, before);
        assert_ok!(act(agent, lie(90, 10)));
        assert_eq!(spent(agent, session), 190);
    });
}

#[test]
fn act_whose_call_fails_is_told_and_costs_no_limit() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(act(agent, release(5)));
        assert_eq!(spent(agent, session), 0);
        let told = System::events().into_iter().any(|record| {
            matches!(
                record.event,
                RuntimeEvent::Agents(Event::Acted { result: Err(_), .. })
            )
        });
        assert!(told);
    });
}

#[test]
fn act_out_of_scope_or_over_or_by_another_key_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let transfer: RuntimeCall = pallet_balances::Call::transfer_keep_alive {
            dest: account(BOB),
            value: 1,
        }
        .into();
        assert_eq!(
            refused(act(agent, transfer)),
            Error::<Test>::OutOfScope.into()
        );
        assert_noop!(
            Agents::act(signed(BOB), agent, Box::new(pay(BOB, 1))),
            Error::<Test>::UnknownSession
        );
        advance(500);
        assert_eq!(
            refused(act(agent, pay(BOB, 1))),
            Error::<Test>::SessionOver.into()
        );
    });
}

#[test]
fn act_signed_is_made_once() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let genesis = Agents::genesis();
        let expires = Tick::get() + 5;
        let bring = |nonce| {
            signed_act(
                KEYS[0],
                genesis,
                (agent, session, nonce, expires),
                pay(BOB, 10),
            )
        };
        assert_eq!(refused(bring(1)), Error::<Test>::WrongNonce.into());
        assert_ok!(bring(0));
        assert_eq!(refused(bring(0)), Error::<Test>::WrongNonce.into());
        System::reset_events();
        assert_ok!(bring(1));
        assert_eq!(spent(agent, session), 20);
        System::assert_has_event(
            Event::<Test>::Acted {
                agent,
                session,
                by: account(CAROL),
                nonce: Some(1),
                call: call_id(&pay(BOB, 10)),
                spent: 10,
                result: Ok(()),
            }
            .into(),
        );
        advance(5);
        assert_eq!(refused(bring(2)), Error::<Test>::DeadlinePassed.into());
    });
}

#[test]
fn act_signed_for_another_chain_key_or_call_is_refused() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let genesis = Agents::genesis();
        let message = (agent, session, 0, Tick::get() + 5);
        let bad = Error::<Test>::BadSignature.into();
        let call = pay(BOB, 10);
        assert_eq!(
            refused(signed_act(KEYS[0], [99; 32], message, call.clone())),
            bad
        );
        assert_eq!(
            refused(signed_act(KEYS[1], genesis, message, call.clone())),
            bad
        );
        // The signature of one call does not carry another.
        let signing = noema_agents_primitives::SignedAct {
            agent,
            session,
            nonce: 0,
            expires: message.3,
            call: Agents::call_hash(&call),
        };
        let another = crate::Call::act_signed {
            agent,
            session,
            nonce: 0,
            expires: message.3,
            call: Box::new(pay(CAROL, 10)),
            signature: sign(KEYS[0], &signing.payload(&genesis)),
        };
        assert_eq!(refused(dispatch(signed(CAROL), another)), bad);
    });
}

#[test]
fn act_by_owner_has_no_limits_but_leaves() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 10_000);
        let by_owner = |who, call: RuntimeCall| {
            dispatch(
                signed(who),
                crate::Call::act_by_owner {
                    agent,
                    call: Box::new(call),
                },
            )
        };
        assert_ok!(by_owner(ALICE, pay(BOB, 9_000)));
        assert_eq!(
            refused(by_owner(BOB, pay(BOB, 1))),
            Error::<Test>::NotYourAgent.into()
        );
        // No proxy that would outlast the owner.
        let proxy = pallet_proxy::Call::add_proxy {
            delegate: account(ALICE),
            proxy_type: AnyProxy,
            delay: 0,
        };
        assert_eq!(
            refused(by_owner(ALICE, proxy.into())),
            Error::<Test>::NotALeaf.into()
        );
    });
}

/// A message costs its nonce, a scheduled act its time and the reward: not for what the runtime does not let anybody do now.
#[test]
fn acts_while_their_call_is_paused_are_refused_and_cost_nothing() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 1)),
            plan(0, 0, 1, 5)
        ));
        let bring = || {
            let message = (agent, session, 0, Tick::get() + 5);
            signed_act(KEYS[0], Agents::genesis(), message, pay(BOB, 1))
        };
        let run = || Agents::run(signed(CAROL), agent, 0, Box::new(pay(BOB, 1)));
        let by_owner = || Agents::act_by_owner(signed(ALICE), agent, Box::new(pay(BOB, 1)));
        let money = || funds(&account_of(agent));
        let before = money();
        Paused::set(true);
        let closed = frame_system::Error::<Test>::CallFiltered.into();
        assert_eq!(refused(act(agent, pay(BOB, 1))), closed);
        assert_eq!(refused(bring()), closed);
        assert_eq!(refused(run()), closed);
        assert_eq!(refused(by_owner()), closed);
        assert_eq!((money(), spent(agent, session)), (before, 0));
        Paused::set(false);
        assert_ok!(bring());
        assert_ok!(run());
        assert_ok!(by_owner());
        assert_ok!(act(agent, pay(BOB, 1)));
    });
}

/// What is too long to be a leaf is not hashed nor compared: it is refused before.
#[test]
fn acts_that_are_no_leaves_are_refused_before_all_else() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let long = || -> RuntimeCall {
            let remark = vec![7; 100_000];
            frame_system::Call::remark { remark }.into()
        };
        let message = (agent, session, 9, 0);
        let no_leaf = Error::<Test>::NotALeaf.into();
        let bring = signed_act(KEYS[1], [0; 32], message, long());
        assert_eq!(refused(bring), no_leaf);
        assert_ok!(Agents::schedule(
            signed(ALICE),
            agent,
            session,
            Box::new(pay(BOB, 1)),
            plan(Tick::get() + 9, 0, 1, 0)
        ));
        let run = Agents::run(signed(CAROL), agent, 0, Box::new(long()));
        assert_eq!(refused(run), no_leaf);
    });
}
