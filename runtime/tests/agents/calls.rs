//! A session's key tries every call of the runtime.

use crate::{
    chain,
    encoding::Maker,
    scene::{call_id, open, transfer, Scene, AGENT, KEYS, OWNER},
};
use frame_support::storage::with_transaction;
use noema_agents_primitives::{Scope, MAX_CALLS};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::ai::agents::Leaves, Agents, Balance, Balances, Runtime, RuntimeCall, RuntimeOrigin,
};
use noema_session::{Allowance, Grant, Limits};
use noema_traits::CallClassifier;
use pallet_noema_agents::{Call, Error};
use sp_keyring::Sr25519Keyring::Bob;
use sp_runtime::{traits::Dispatchable, DispatchError, TransactionOutcome};
use std::collections::BTreeSet;

/// What can be made in an agent's name. A new call needs a line here, and one in the design, or cannot.
const LEAVES: &[&str] = &[
    "Agents::exercise",
    "Agents::feedback",
    "Agents::respond",
    "Agents::revoke_feedback",
    "Agents::set_metadata",
    "Agents::update_data",
    "Balances::transfer_keep_alive",
    "Compute::close",
    "Compute::deposit",
    "Compute::drop_session",
    "Compute::forget",
    "Compute::open",
    "Compute::remove",
    "Compute::revoke",
    "Compute::settle",
    "Compute::top_up",
    "Compute::withdraw",
    "DataAvailability::extend",
    "DataAvailability::submit",
    "DataAvailability::submit_member",
    "Storage::commit",
    "Storage::commit_many",
    "Storage::remove",
    "Storage::renew",
];

/// Of these, what says how much it spends.
const SPENDING: &[&str] = &[
    "Balances::transfer_keep_alive",
    "Compute::deposit",
    "Compute::top_up",
    "DataAvailability::extend",
    "DataAvailability::submit",
    "DataAvailability::submit_member",
    "Storage::commit",
    "Storage::commit_many",
    "Storage::renew",
];

/// What a key may spend at once here.
const PER_USE: Balance = NOEMA;

/// An agent with a session of the key for every call in the list.
fn with_session(calls: &[&str]) -> Scene {
    let mut scene = Scene::new();
    let every = chain::every_call();
    let named = calls.iter().map(|name| call_id(&every[*name]));
    let grant = Call::grant_session {
        agent: AGENT,
        grant: Grant {
            key: KEYS[0].to_account_id(),
            scope: Scope::new(named).expect("a scope has room for all leaves"),
            limits: Limits {
                per_use: PER_USE,
                total: 10 * PER_USE,
            },
            expires: u64::MAX,
        },
        allowance: Allowance {
            period: 1_000_000,
            most: 10 * PER_USE,
        },
    };
    assert_eq!(scene.agents(OWNER, grant), Ok(()));
    scene
}

/// The key tries a call, of which nothing is kept. How it ended, and what the agent's account lost of what is free.
fn try_act(call: &RuntimeCall) -> (Result<(), DispatchError>, Balance) {
    let account = Agents::read_agent(AGENT).expect("it is there").account;
    with_transaction(|| {
        let before = Balances::free_balance(&account);
        let act = RuntimeCall::Agents(Call::act {
            agent: AGENT,
            call: Box::new(call.clone()),
        });
        let result = act.dispatch(RuntimeOrigin::signed(KEYS[0].to_account_id()));
        let lost = before.saturating_sub(Balances::free_balance(&account));
        let result = result.map(drop).map_err(|failed| failed.error);
        TransactionOutcome::Rollback(Ok::<_, DispatchError>((result, lost)))
    })
    .expect("one level of transactions")
}

fn not_a_leaf() -> Result<(), DispatchError> {
    Err(Error::<Runtime>::NotALeaf.into())
}

#[test]
fn a_key_makes_the_listed_calls_and_no_other_of_the_runtime() {
    assert!(LEAVES.len() <= usize::try_from(MAX_CALLS).expect("a few"));
    let listed: BTreeSet<&str> = LEAVES.iter().copied().collect();
    let calls = Maker::new().calls(false);
    let names: BTreeSet<String> = chain::every_call().into_keys().collect();
    let made: BTreeSet<String> = calls.keys().cloned().collect();
    assert_eq!(made, names, "metadata and dispatch have the same calls");
    let mut scene = with_session(LEAVES);
    scene.chain.query(|| {
        let mut found = BTreeSet::new();
        for (name, (call, carries)) in &calls {
            let leaf = Leaves::classify(call);
            let (result, lost) = try_act(call);
            assert!(lost <= PER_USE, "{name} took {lost}");
            let Some(leaf) = leaf else {
                assert_eq!(result, not_a_leaf(), "{name}");
                assert_eq!(lost, 0, "{name}");
                continue;
            };
            found.insert(name.as_str());
            // Whatever is a leaf takes no call, so that nothing is nested.
            assert!(!carries, "{name} takes a call");
            assert_eq!(result, Ok(()), "{name}");
            let id = call_id(call);
            assert_eq!((leaf.pallet, leaf.call), (id.pallet, id.call), "{name}");
        }
        assert_eq!(found, listed);
    });
}

#[test]
fn a_key_makes_no_call_out_of_its_scope() {
    let mut scene = with_session(&LEAVES[..1]);
    let calls = Maker::new().calls(false);
    scene.chain.query(|| {
        for name in &LEAVES[1..] {
            let (result, lost) = try_act(&calls[*name].0);
            let out = Error::<Runtime>::OutOfScope.into();
            assert_eq!((result, lost), (Err(out), 0), "{name}");
        }
    });
}

#[test]
fn a_key_makes_no_call_above_its_limits() {
    let mut scene = with_session(LEAVES);
    let calls = Maker::new().calls(true);
    scene.chain.query(|| {
        for (name, (call, _)) in &calls {
            let (result, lost) = try_act(call);
            assert!(lost <= PER_USE, "{name} took {lost}");
            if SPENDING.contains(&name.as_str()) {
                let above = Error::<Runtime>::AbovePerUse.into();
                assert_eq!(result, Err(above), "{name}");
            }
        }
        // A key for vouchers that would stay for ever.
        assert_eq!(try_act(&calls["Compute::open"].0).0, not_a_leaf());
        let above = Err(Error::<Runtime>::AbovePerUse.into());
        assert_eq!(try_act(&open(PER_USE + 1, PER_USE + 1, 1_000)).0, above);
        assert_eq!(try_act(&open(1, PER_USE + 1, 1_000)).0, above);
        assert_eq!(try_act(&transfer(Bob, PER_USE + 1)).0, above);
        assert_eq!(try_act(&transfer(Bob, PER_USE)), (Ok(()), PER_USE));
    });
}

/// Whatever takes a call, by the metadata, with a call in it that the key may make, one to three deep.
#[test]
fn a_key_makes_no_call_that_is_nested() {
    let mut scene = with_session(LEAVES);
    let maker = Maker::new();
    let wrappers = maker.wrapped(&transfer(Bob, 1));
    let names: BTreeSet<&str> = wrappers.iter().map(|(name, _)| name.as_str()).collect();
    let known = [
        "Agents::act",
        "Agents::act_by_owner",
        "Agents::act_signed",
        "Agents::run",
        "Agents::schedule",
        "Multisig::as_multi",
        "Proxy::proxy",
        "Scheduler::schedule",
        "Sudo::sudo",
        "TechnicalCommittee::propose",
        "Utility::batch",
        "Utility::batch_all",
        "Utility::if_else",
        "Whitelist::dispatch_whitelisted_call_with_preimage",
    ];
    for name in known {
        assert!(names.contains(name), "{name} takes a call: {names:?}");
    }
    scene.chain.query(|| {
        let refused = |name: &str, call: &RuntimeCall| {
            assert_eq!(try_act(call), (not_a_leaf(), 0), "{name}");
        };
        for (innermost, once) in &wrappers {
            refused(innermost, once);
            for (middle, twice) in maker.wrapped(once) {
                refused(&middle, &twice);
                for (outermost, thrice) in maker.wrapped(&twice) {
                    refused(&outermost, &thrice);
                }
            }
        }
    });
}
