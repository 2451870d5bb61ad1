//! Nobody gets what is root's, a track's or the committee's by wrapping the call in another.
//!
//! Everything privileged that the issue of governance names is tried as an account without any rights,
//! wrapped in every call that makes calls, and again one level deeper. What decides is the state: the
//! same calls do change it when root makes them.

use crate::people::{account, advance, call, on_a_chain, signed};
use codec::Encode;
use frame_support::{
    assert_ok,
    storage::with_transaction,
    traits::{fungible::Mutate, schedule::DispatchTime, Bounded},
};
use noema_core::units::NOEMA;
use noema_runtime::{
    configs::utility::ProxyType, governance::origins::Origin, Balances, Hash, OriginCaller, Proxy,
    Runtime, RuntimeCall, RuntimeOrigin, System, Treasury,
};
use sp_keyring::Sr25519Keyring::{Alice, Bob, Eve, Ferdie};
use sp_runtime::{DispatchError, TransactionOutcome};
use std::collections::BTreeMap;

fn set_storage() -> RuntimeCall {
    RuntimeCall::System(frame_system::Call::set_storage {
        items: vec![(b"mark".to_vec(), vec![1])],
    })
}

/// What only root, a referendum or the committee may do.
fn privileged() -> Vec<(&'static str, RuntimeCall)> {
    let name = |text: &str| text.as_bytes().to_vec().try_into().expect("a short name");
    vec![
        (
            "set code",
            RuntimeCall::System(frame_system::Call::set_code_without_checks { code: vec![1; 8] }),
        ),
        (
            "authorise code",
            RuntimeCall::System(frame_system::Call::authorize_upgrade_without_checks {
                code_hash: Hash::repeat_byte(1),
            }),
        ),
        ("set storage", set_storage()),
        (
            "kill storage",
            RuntimeCall::System(frame_system::Call::kill_storage {
                keys: vec![b"kept".to_vec()],
            }),
        ),
        (
            "pause a call",
            RuntimeCall::TxPause(pallet_tx_pause::Call::pause {
                full_name: (name("Balances"), name("burn")),
            }),
        ),
        (
            "enter safe mode",
            RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {}),
        ),
        (
            "spend",
            RuntimeCall::Treasury(pallet_treasury::Call::spend {
                asset_kind: Box::new(()),
                amount: NOEMA,
                beneficiary: Box::new(account(Eve)),
                valid_from: None,
            }),
        ),
        (
            "whitelist",
            RuntimeCall::Whitelist(pallet_whitelist::Call::whitelist_call {
                call_hash: Hash::repeat_byte(2),
            }),
        ),
        (
            "dispatch what is whitelisted",
            RuntimeCall::Whitelist(
                pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage {
                    call: Box::new(set_storage()),
                },
            ),
        ),
        (
            "issue tokens",
            RuntimeCall::Balances(pallet_balances::Call::force_set_balance {
                who: account(Eve).into(),
                new_free: 99 * NOEMA,
            }),
        ),
        (
            "choose the committee",
            RuntimeCall::TechnicalCommittee(pallet_collective::Call::set_members {
                new_members: vec![account(Eve)],
                prime: None,
                old_count: 3,
            }),
        ),
        (
            "cancel a referendum",
            RuntimeCall::Referenda(pallet_referenda::Call::cancel { index: 0 }),
        ),
        (
            "kill a referendum",
            RuntimeCall::Referenda(pallet_referenda::Call::kill { index: 0 }),
        ),
        (
            "schedule",
            RuntimeCall::Scheduler(pallet_scheduler::Call::schedule_after {
                after: 1,
                maybe_periodic: None,
                priority: 0,
                call: Box::new(set_storage()),
            }),
        ),
        (
            "make an asset without a deposit",
            RuntimeCall::Assets(pallet_assets::Call::force_create {
                id: 1.into(),
                owner: account(Eve).into(),
                is_sufficient: true,
                min_balance: 1,
            }),
        ),
        (
            "judge who judges",
            RuntimeCall::Identity(pallet_identity::Call::add_registrar {
                account: account(Eve).into(),
            }),
        ),
    ]
}

/// Every call that makes another, around this one, as Eve makes it. Her account is Alice's proxy for
/// everything but transfers, and half of a joint account of one signature.
fn wrapped(inner: &RuntimeCall) -> Vec<(&'static str, RuntimeCall)> {
    use pallet_utility::Call;
    let boxed = || Box::new(inner.clone());
    let root = || Box::new(OriginCaller::system(frame_system::RawOrigin::Root));
    let as_many = |origin| Box::new(OriginCaller::Origins(origin));
    let weight = frame_support::weights::Weight::zero();
    let length = inner.encoded_size() as u32;
    let utility = [
        (
            "batch",
            Call::batch {
                calls: vec![inner.clone()],
            },
        ),
        (
            "batch_all",
            Call::batch_all {
                calls: vec![inner.clone()],
            },
        ),
        (
            "force_batch",
            Call::force_batch {
                calls: vec![inner.clone()],
            },
        ),
        (
            "as_derivative",
            Call::as_derivative {
                index: 0,
                call: boxed(),
            },
        ),
        (
            "dispatch_as root",
            Call::dispatch_as {
                as_origin: root(),
                call: boxed(),
            },
        ),
        (
            "dispatch_as treasurer",
            Call::dispatch_as {
                as_origin: as_many(Origin::Treasurer),
                call: boxed(),
            },
        ),
        (
            "dispatch_as_fallible",
            Call::dispatch_as_fallible {
                as_origin: root(),
                call: boxed(),
            },
        ),
        (
            "with_weight",
            Call::with_weight {
                call: boxed(),
                weight,
            },
        ),
        (
            "if_else",
            Call::if_else {
                main: boxed(),
                fallback: boxed(),
            },
        ),
    ];
    let mut all: Vec<_> = utility
        .into_iter()
        .map(|(name, call)| (name, RuntimeCall::Utility(call)))
        .collect();
    let proxy = |real| {
        RuntimeCall::Proxy(pallet_proxy::Call::proxy {
            real: account(real).into(),
            force_proxy_type: None,
            call: boxed(),
        })
    };
    all.extend([
        ("itself", inner.clone()),
        ("proxy", proxy(Alice)),
        ("proxy of nobody", proxy(Bob)),
        (
            "multisig of one",
            RuntimeCall::Multisig(pallet_multisig::Call::as_multi_threshold_1 {
                other_signatories: vec![account(Ferdie)],
                call: boxed(),
            }),
        ),
        (
            "sudo",
            RuntimeCall::Sudo(pallet_sudo::Call::sudo { call: boxed() }),
        ),
        (
            "sudo_unchecked_weight",
            RuntimeCall::Sudo(pallet_sudo::Call::sudo_unchecked_weight {
                call: boxed(),
                weight,
            }),
        ),
        (
            "sudo_as",
            RuntimeCall::Sudo(pallet_sudo::Call::sudo_as {
                who: account(Alice).into(),
                call: boxed(),
            }),
        ),
        (
            "schedule",
            RuntimeCall::Scheduler(pallet_scheduler::Call::schedule_after {
                after: 1,
                maybe_periodic: None,
                priority: 0,
                call: boxed(),
            }),
        ),
        (
            "whitelisted",
            RuntimeCall::Whitelist(
                pallet_whitelist::Call::dispatch_whitelisted_call_with_preimage { call: boxed() },
            ),
        ),
        (
            "execute",
            RuntimeCall::TechnicalCommittee(pallet_collective::Call::execute {
                proposal: boxed(),
                length_bound: length,
            }),
        ),
        (
            "propose",
            RuntimeCall::TechnicalCommittee(pallet_collective::Call::propose {
                threshold: 1,
                proposal: boxed(),
                length_bound: length,
            }),
        ),
    ]);
    // A referendum that nobody votes for.
    if let Ok(inline) = inner.encode().try_into() {
        all.push((
            "referendum",
            RuntimeCall::Referenda(pallet_referenda::Call::submit {
                proposal_origin: root(),
                proposal: Bounded::Inline(inline),
                enactment_moment: DispatchTime::After(0),
            }),
        ));
    }
    all
}

/// What the privileged calls change, by name.
fn privileged_state() -> BTreeMap<&'static str, Vec<u8>> {
    use noema_runtime::configs::governance::Committee;
    let raw = |key: &[u8]| {
        sp_io::storage::get(key)
            .map(|value| value.to_vec())
            .encode()
    };
    let tasks: usize = pallet_scheduler::Agenda::<Runtime>::iter()
        .flat_map(|(_, agenda)| agenda.into_iter().flatten())
        // Alarms of referenda are everybody's.
        .filter(|task| task.priority != 128)
        .count();
    BTreeMap::from([
        ("code", raw(b":code")),
        ("pending code", raw(b":pending_code")),
        (
            "authorised code",
            System::authorized_upgrade()
                .map(|upgrade| *upgrade.code_hash())
                .encode(),
        ),
        ("storage", raw(b"mark")),
        ("kept storage", raw(b"kept")),
        (
            "paused calls",
            pallet_tx_pause::PausedCalls::<Runtime>::iter_keys()
                .count()
                .to_le_bytes()
                .to_vec(),
        ),
        (
            "safe mode",
            pallet_safe_mode::EnteredUntil::<Runtime>::get().encode(),
        ),
        (
            "spends",
            pallet_treasury::SpendCount::<Runtime>::get().encode(),
        ),
        (
            "whitelist",
            pallet_whitelist::WhitelistedCall::<Runtime>::iter_keys()
                .collect::<Vec<_>>()
                .encode(),
        ),
        (
            "deferred calls",
            pallet_whitelist::DeferredDispatch::<Runtime>::iter_keys()
                .collect::<Vec<_>>()
                .encode(),
        ),
        (
            "committee",
            pallet_collective::Members::<Runtime, Committee>::get().encode(),
        ),
        (
            "motions",
            pallet_collective::ProposalCount::<Runtime, Committee>::get().encode(),
        ),
        ("tasks", tasks.to_le_bytes().to_vec()),
        ("issuance", Balances::total_issuance().encode()),
        (
            "treasury",
            Balances::free_balance(Treasury::account_id()).encode(),
        ),
        (
            "first referendum",
            matches!(
                pallet_referenda::ReferendumInfoFor::<Runtime>::get(0),
                Some(pallet_referenda::ReferendumInfo::Ongoing(_))
            )
            .encode(),
        ),
        (
            "assets",
            pallet_assets::Asset::<Runtime>::iter_keys()
                .collect::<Vec<_>>()
                .encode(),
        ),
        (
            "registrars",
            pallet_identity::Registrars::<Runtime>::get()
                .len()
                .to_le_bytes()
                .to_vec(),
        ),
    ])
}

/// Prepares what the calls are about: a referendum, something stored, funds, a proxy.
fn prepare() {
    sp_io::storage::set(b"kept", b"value");
    assert_ok!(Balances::mint_into(&Treasury::account_id(), 5_000 * NOEMA));
    crate::people::submit(crate::people::root(), set_storage());
    assert_ok!(Proxy::add_proxy(
        signed(Alice),
        account(Eve).into(),
        ProxyType::NonTransfer,
        0
    ));
    let joint = pallet_multisig::Pallet::<Runtime>::multi_account_id(
        &{
            let mut both = [account(Eve), account(Ferdie)];
            both.sort();
            both
        },
        1,
    );
    assert_ok!(Balances::mint_into(&joint, NOEMA));
}

/// Makes a call and lets what it may have scheduled happen. Leaves nothing behind but the answer:
/// what of the privileged state is another than before.
fn changes(who: RuntimeOrigin, made: RuntimeCall) -> Vec<&'static str> {
    with_transaction(|| {
        let before = privileged_state();
        // It may well succeed and do nothing, as batches do.
        let _ = call(who, made);
        advance(3);
        let after = privileged_state();
        let changed = before
            .iter()
            .filter(|(name, value)| after[*name] != **value)
            .map(|(name, _)| *name)
            .collect();
        TransactionOutcome::Rollback(Ok::<Vec<&'static str>, DispatchError>(changed))
    })
    .expect("one level of transactions")
}

#[test]
fn root_does_change_what_the_attempts_below_must_not() {
    on_a_chain(|| {
        prepare();
        // Its call waits for the committee.
        for (name, privileged) in privileged() {
            let changed = changes(RuntimeOrigin::root(), privileged);
            assert!(!changed.is_empty(), "{name} is not seen");
        }
        assert!(changes(
            RuntimeOrigin::root(),
            RuntimeCall::System(frame_system::Call::remark { remark: vec![] })
        )
        .is_empty());
    });
}

#[test]
fn no_wrapping_gives_an_account_rights_that_it_does_not_have() {
    on_a_chain(|| {
        prepare();
        let mut wrong = Vec::new();
        for (name, privileged) in privileged() {
            for (outer, once) in wrapped(&privileged) {
                let changed = changes(signed(Eve), once.clone());
                if !changed.is_empty() {
                    wrong.push(format!("{name} in {outer}: {changed:?}"));
                }
                for (outermost, twice) in wrapped(&once) {
                    let changed = changes(signed(Eve), twice);
                    if !changed.is_empty() {
                        wrong.push(format!("{name} in {outer} in {outermost}: {changed:?}"));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// Alice is a member of the committee and has the sudo key of this chain: her proxy has neither.
#[test]
fn a_proxy_without_transfers_does_not_reach_sudo_and_acts_as_one_member_only() {
    on_a_chain(|| {
        prepare();
        let sudo = RuntimeCall::Sudo(pallet_sudo::Call::sudo {
            call: Box::new(set_storage()),
        });
        let through = |inner: RuntimeCall| {
            RuntimeCall::Proxy(pallet_proxy::Call::proxy {
                real: account(Alice).into(),
                force_proxy_type: None,
                call: Box::new(inner),
            })
        };
        assert!(changes(signed(Eve), through(sudo.clone())).is_empty());
        assert!(!changes(signed(Alice), sudo).is_empty());
        let pause = privileged().remove(4).1;
        let alone = RuntimeCall::TechnicalCommittee(pallet_collective::Call::propose {
            threshold: 1,
            length_bound: pause.encoded_size() as u32,
            proposal: Box::new(pause),
        });
        assert!(changes(signed(Eve), through(alone)).is_empty());
    });
}
