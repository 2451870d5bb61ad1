//! No way around the limits: every call of the runtime, wrapped or not, as the metadata of the runtime lists them.

use crate::{mock::*, Error};
use codec::{Decode, Encode};
use frame_support::traits::GetCallName;
use sp_runtime::DispatchError;

/// Every call of the runtime, its arguments all zero. A call that comes later is among them.
fn every_call() -> Vec<RuntimeCall> {
    let mut calls = Vec::new();
    for pallet in 0..=u8::MAX {
        for call in 0..=u8::MAX {
            let mut bytes = vec![pallet, call];
            bytes.resize(600, 0);
            calls.extend(RuntimeCall::decode(&mut bytes.as_slice()));
        }
    }
    calls
}

/// Wraps a call in everything that there is.
fn wrapped(call: &RuntimeCall, agent: u64) -> Vec<RuntimeCall> {
    let boxed = || Box::new(call.clone());
    let calls = || vec![call.clone()];
    let own = account_of(agent);
    vec![
        pallet_utility::Call::batch { calls: calls() }.into(),
        pallet_utility::Call::batch_all { calls: calls() }.into(),
        pallet_utility::Call::force_batch { calls: calls() }.into(),
        pallet_utility::Call::as_derivative {
            index: 0,
            call: boxed(),
        }
        .into(),
        pallet_utility::Call::if_else {
            main: boxed(),
            fallback: boxed(),
        }
        .into(),
        pallet_proxy::Call::proxy {
            real: own.clone(),
            force_proxy_type: None,
            call: boxed(),
        }
        .into(),
        pallet_multisig::Call::as_multi_threshold_1 {
            other_signatories: vec![account(BOB)],
            call: boxed(),
        }
        .into(),
        pallet_sudo::Call::sudo { call: boxed() }.into(),
        pallet_sudo::Call::sudo_as {
            who: own,
            call: boxed(),
        }
        .into(),
        crate::Call::act {
            agent,
            call: boxed(),
        }
        .into(),
        crate::Call::act_by_owner {
            agent,
            call: boxed(),
        }
        .into(),
        crate::Call::run {
            agent,
            schedule: 0,
            call: boxed(),
        }
        .into(),
    ]
}

#[test]
fn every_call_but_the_listed_ones_is_refused() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        let listed = [pay(BOB, 0), reserve(0), release(0), lie(0, 0)].map(|call| call_id(&call));
        let calls = every_call();
        // As many as the runtime says that there are.
        let names = pallet_balances::Call::<Test>::get_call_names().len()
            + frame_system::Call::<Test>::get_call_names().len()
            + crate::Call::<Test>::get_call_names().len()
            + market::Call::<Test>::get_call_names().len()
            + pallet_utility::Call::<Test>::get_call_names().len()
            + pallet_proxy::Call::<Test>::get_call_names().len()
            + pallet_multisig::Call::<Test>::get_call_names().len()
            + pallet_sudo::Call::<Test>::get_call_names().len();
        assert_eq!(calls.len(), names);
        for call in calls {
            let before = funds(&account_of(agent)).0;
            let result = act(agent, call.clone());
            if listed.contains(&call_id(&call)) {
                assert!(result.is_ok(), "{call:?}: {result:?}");
                continue;
            }
            let error = result.unwrap_err().error;
            let expected: [DispatchError; 2] = [
                Error::<Test>::NotALeaf.into(),
                Error::<Test>::OutOfScope.into(),
            ];
            assert!(expected.contains(&error), "{call:?}: {error:?}");
            assert_eq!(funds(&account_of(agent)).0, before);
        }
    });
}

#[test]
fn a_listed_call_is_refused_when_it_is_nested_up_to_three_deep() {
    build_and_execute(|| {
        let (agent, session) = alice_with_session();
        let mut calls = vec![pay(BOB, 1)];
        for depth in 1..=3 {
            calls = calls.iter().flat_map(|call| wrapped(call, agent)).collect();
            for call in &calls {
                let error = act(agent, call.clone()).unwrap_err().error;
                assert_eq!(error, Error::<Test>::NotALeaf.into(), "{call:?}");
            }
            assert_eq!(calls.len(), 12_usize.pow(depth));
        }
        assert_eq!(spent(agent, session), 0);
    });
}

/// The owner's leaves are the same: what it cannot do by the agent's account, it cannot leave behind.
#[test]
fn the_owner_makes_no_call_that_is_no_leaf() {
    build_and_execute(|| {
        let (agent, _) = alice_with_session();
        for call in every_call() {
            let leaf = <Leaves as noema_traits::CallClassifier<RuntimeCall, u128>>::classify(&call);
            let carried = crate::Call::act_by_owner {
                agent,
                call: Box::new(call.clone()),
            };
            let result = dispatch(signed(ALICE), carried);
            match leaf {
                Some(_) => assert!(result.is_ok(), "{call:?}"),
                None => assert_eq!(result.unwrap_err().error, Error::<Test>::NotALeaf.into()),
            }
        }
    });
}

/// A runtime that lists wrappers by mistake: calls in a batch meet the scope again, proxies have no relation to the account, an act in an act counts twice.
#[test]
fn wrappers_that_are_listed_by_mistake_widen_nothing() {
    build_and_execute(|| {
        let agent = register(ALICE);
        endow(agent, 10_000);
        Careless::set(true);
        let batch = |calls: Vec<RuntimeCall>| -> RuntimeCall {
            pallet_utility::Call::batch_all { calls }.into()
        };
        let transfer: RuntimeCall = pallet_balances::Call::transfer_keep_alive {
            dest: account(BOB),
            value: 50,
        }
        .into();
        let nested: RuntimeCall = crate::Call::act {
            agent,
            call: Box::new(pay(BOB, 1)),
        }
        .into();
        let through_proxy: RuntimeCall = pallet_proxy::Call::proxy {
            real: account(BOB),
            force_proxy_type: None,
            call: Box::new(pay(CAROL, 50)),
        }
        .into();
        let granted = noema_session::Grant {
            scope: scope(&[
                batch(vec![]),
                pay(BOB, 0),
                nested.clone(),
                through_proxy.clone(),
            ]),
            ..grant(KEYS[0])
        };
        frame_support::assert_ok!(Agents::grant_session(
            signed(ALICE),
            agent,
            granted,
            ALLOWANCE
        ));
        let free = || funds(&account_of(agent)).0;
        let before = free();

        // Out of scope inside, though its wrapper is within.
        let error = act(agent, batch(vec![transfer])).unwrap_err().error;
        assert_eq!(error, frame_system::Error::<Test>::CallFiltered.into());
        assert_eq!(free(), before);
        // The proxy of nobody; the key of no session.
        for call in [through_proxy, nested] {
            frame_support::assert_ok!(act(agent, call));
            assert_eq!(free(), before);
        }
        // Within scope inside: what is lost is measured, whatever the wrapper declares.
        let error = act(agent, batch(vec![pay(BOB, 60), pay(BOB, 60)]));
        assert_eq!(error.unwrap_err().error, Error::<Test>::AbovePerUse.into());
        frame_support::assert_ok!(act(agent, batch(vec![pay(BOB, 50), pay(BOB, 50)])));
        assert_eq!(spent(agent, 0), 100);
        assert_eq!(free(), before - 100);
        Careless::set(false);
    });
}

/// A grant of all wrappers and of what the market sells, in a runtime that lists wrappers by mistake.
fn careless_session() -> u64 {
    let agent = register(ALICE);
    endow(agent, 100_000);
    Careless::set(true);
    let by_message = signed_call(KEYS[0], [0; 32], (agent, 0, 0, 0), pay(BOB, 0));
    let calls: Vec<_> = wrapped(&pay(BOB, 0), agent)
        .into_iter()
        .chain([pay(BOB, 0), by_message.into()])
        .collect();
    let granted = noema_session::Grant {
        scope: scope(&calls),
        limits: noema_session::Limits {
            per_use: 100,
            total: 90_000,
        },
        ..grant(KEYS[0])
    };
    let allowance = noema_session::Allowance {
        period: 10,
        most: 150,
    };
    frame_support::assert_ok!(Agents::grant_session(
        signed(ALICE),
        agent,
        granted,
        allowance
    ));
    agent
}

/// Nested for real, three deep: what is in scope is counted, what is not is not made, whatever wraps it.
#[test]
fn wrappers_three_deep_that_are_listed_by_mistake_widen_nothing() {
    build_and_execute(|| {
        let agent = careless_session();
        let free = || funds(&account_of(agent)).0;
        let out_of_scope: RuntimeCall = pallet_balances::Call::transfer_keep_alive {
            dest: account(BOB),
            value: 1,
        }
        .into();
        let mut made = 0;
        for innermost in [pay(BOB, 1), out_of_scope.clone()] {
            let mut calls = vec![innermost.clone()];
            for _ in 0..3 {
                calls = calls.iter().flat_map(|call| wrapped(call, agent)).collect();
            }
            for call in calls {
                // Spent is at most the total: the periods are not what is tried here.
                advance(10);
                crate::Sessions::<Test>::mutate(agent, 0, |session| {
                    let expires = Tick::get() + 500;
                    let session = session.as_mut().unwrap();
                    let grant = session.session.grant().clone();
                    let spent = session.session.spent();
                    session.session =
                        noema_session::Session::new(noema_session::Grant { expires, ..grant });
                    session.session.spend(spent).unwrap();
                });
                let (before, counted) = (free(), spent(agent, 0));
                let result = act(agent, call.clone());
                let lost = before - free();
                assert!(lost <= 1, "{call:?}: lost {lost}");
                assert!(spent(agent, 0) - counted >= lost, "{call:?}");
                assert!(lost == 0 || innermost != out_of_scope, "{call:?}");
                assert!(lost == 0 || result.is_ok(), "{call:?}");
                made += lost;
            }
        }
        // Batches in batches reach the call.
        assert!(made >= 27, "{made} were made");
        Careless::set(false);
    });
}

/// The inner one counts what it spends, and the outer one what the account has lost by it.
#[test]
fn an_act_in_an_act_counts_for_both() {
    build_and_execute(|| {
        let agent = careless_session();
        let message = (agent, 0, 0, Tick::get() + 5);
        let inner = signed_call(KEYS[0], Agents::genesis(), message, pay(BOB, 50));
        let before = funds(&account_of(agent)).0;
        frame_support::assert_ok!(act(agent, inner.into()));
        assert_eq!(funds(&account_of(agent)).0, before - 50);
        assert_eq!(spent(agent, 0), 100);
        Careless::set(false);
    });
}

#[test]
fn call_ids_are_the_first_two_bytes_of_the_encoding() {
    let call = pay(BOB, 1);
    assert_eq!(call.encode()[..2], call_id(&call).encode());
}
