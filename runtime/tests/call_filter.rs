//! What safe mode leaves open, what cannot be paused, and that root finds its way out.

mod chain;

use frame_support::{assert_noop, assert_ok, traits::Contains};
use noema_runtime::{
    configs::safety::{CallFilter, RepairUnderSafeMode},
    Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin, SafeMode, System, TxPause,
};
use sp_keyring::Sr25519Keyring;
use sp_runtime::traits::Dispatchable;
use std::collections::BTreeSet;

/// Open in safe mode. Whatever is not here is closed: a new call needs a line here or is closed on
/// purpose.
const OPEN_IN_SAFE_MODE: &[&str] = &[
    "Babe::report_equivocation",
    "Babe::report_equivocation_unsigned",
    "Grandpa::report_equivocation",
    "Grandpa::report_equivocation_unsigned",
    "Compute::close",
    "Compute::redeem",
    "Compute::report",
    "Compute::settle",
    "ConvictionVoting::delegate",
    "ConvictionVoting::remove_other_vote",
    "ConvictionVoting::remove_vote",
    "ConvictionVoting::undelegate",
    "ConvictionVoting::unlock",
    "ConvictionVoting::vote",
    "Multisig::approve_as_multi",
    "Multisig::as_multi",
    "Multisig::as_multi_threshold_1",
    "Multisig::cancel_as_multi",
    "Multisig::poke_deposit",
    "Preimage::ensure_updated",
    "Preimage::note_preimage",
    "Preimage::request_preimage",
    "Preimage::unnote_preimage",
    "Preimage::unrequest_preimage",
    "Proxy::proxy",
    "Proxy::proxy_announced",
    "Referenda::cancel",
    "Referenda::kill",
    "Referenda::nudge_referendum",
    "Referenda::one_fewer_deciding",
    "Referenda::place_decision_deposit",
    "Referenda::refund_decision_deposit",
    "Referenda::refund_submission_deposit",
    "Referenda::set_metadata",
    "Referenda::submit",
    "SafeMode::enter",
    "SafeMode::extend",
    "SafeMode::force_enter",
    "SafeMode::force_exit",
    "SafeMode::force_extend",
    "SafeMode::force_release_deposit",
    "SafeMode::force_slash_deposit",
    "SafeMode::release_deposit",
    "Sudo::remove_key",
    "Sudo::set_key",
    "Sudo::sudo",
    "Sudo::sudo_as",
    "Sudo::sudo_unchecked_weight",
    "System::apply_authorized_upgrade",
    "TechnicalCommittee::close",
    "TechnicalCommittee::disapprove_proposal",
    "TechnicalCommittee::execute",
    "TechnicalCommittee::kill",
    "TechnicalCommittee::propose",
    "TechnicalCommittee::release_proposal_cost",
    "TechnicalCommittee::set_members",
    "TechnicalCommittee::vote",
    "Timestamp::set",
    "Treasury::spend",
    "Treasury::void_spend",
    "TxPause::pause",
    "TxPause::unpause",
    "Whitelist::dispatch_whitelisted_call",
    "Whitelist::dispatch_whitelisted_call_with_preimage",
    "Whitelist::remove_deferred_dispatch",
    "Whitelist::remove_whitelisted_call",
    "Whitelist::whitelist_call",
];

/// Never open, but to root.
const NOT_OFFERED: &[&str] = &["Treasury::remove_approval", "Treasury::spend_local"];

/// Cannot be paused.
const NEVER_PAUSED: &[&str] = &[
    "Compute::close",
    "Compute::redeem",
    "Compute::report",
    "Compute::settle",
    "ConvictionVoting::delegate",
    "ConvictionVoting::remove_other_vote",
    "ConvictionVoting::remove_vote",
    "ConvictionVoting::undelegate",
    "ConvictionVoting::unlock",
    "ConvictionVoting::vote",
    "Preimage::ensure_updated",
    "Preimage::note_preimage",
    "Preimage::request_preimage",
    "Preimage::unnote_preimage",
    "Preimage::unrequest_preimage",
    "Referenda::cancel",
    "Referenda::kill",
    "Referenda::nudge_referendum",
    "Referenda::one_fewer_deciding",
    "Referenda::place_decision_deposit",
    "Referenda::refund_decision_deposit",
    "Referenda::refund_submission_deposit",
    "Referenda::set_metadata",
    "Referenda::submit",
    "SafeMode::enter",
    "SafeMode::extend",
    "SafeMode::force_enter",
    "SafeMode::force_exit",
    "SafeMode::force_extend",
    "SafeMode::force_release_deposit",
    "SafeMode::force_slash_deposit",
    "SafeMode::release_deposit",
    "Sudo::remove_key",
    "Sudo::set_key",
    "Sudo::sudo",
    "Sudo::sudo_as",
    "Sudo::sudo_unchecked_weight",
    "System::apply_authorized_upgrade",
    "TechnicalCommittee::close",
    "TechnicalCommittee::disapprove_proposal",
    "TechnicalCommittee::execute",
    "TechnicalCommittee::kill",
    "TechnicalCommittee::propose",
    "TechnicalCommittee::release_proposal_cost",
    "TechnicalCommittee::set_members",
    "TechnicalCommittee::vote",
    "Timestamp::set",
    "TxPause::pause",
    "TxPause::unpause",
    "Whitelist::dispatch_whitelisted_call",
    "Whitelist::dispatch_whitelisted_call_with_preimage",
    "Whitelist::remove_deferred_dispatch",
    "Whitelist::remove_whitelisted_call",
    "Whitelist::whitelist_call",
];

fn open() -> BTreeSet<String> {
    chain::every_call()
        .into_iter()
        .filter(|(_, call)| CallFilter::contains(call))
        .map(|(name, _)| name)
        .collect()
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| name.to_string()).collect()
}

#[test]
fn everything_that_is_offered_is_open_on_an_ordinary_day() {
    chain::genesis("development").execute_with(|| {
        let every: BTreeSet<String> = chain::every_call().into_keys().collect();
        let closed: BTreeSet<String> = every.difference(&open()).cloned().collect();
        assert_eq!(closed, names(NOT_OFFERED));
    });
}

#[test]
fn safe_mode_leaves_exactly_the_listed_calls_open() {
    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        assert_ok!(SafeMode::force_enter(RuntimeOrigin::root()));
        assert_eq!(open(), names(OPEN_IN_SAFE_MODE));
    });
}

#[test]
fn a_pause_stops_every_call_but_the_listed_ones() {
    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        let mut unpausable = BTreeSet::new();
        for (name, call) in chain::every_call() {
            let (pallet, function) = name.split_once("::").expect("two names");
            let full_name = (
                pallet
                    .as_bytes()
                    .to_vec()
                    .try_into()
                    .expect("names are short"),
                function
                    .as_bytes()
                    .to_vec()
                    .try_into()
                    .expect("names are short"),
            );
            match TxPause::pause(RuntimeOrigin::root(), full_name) {
                Ok(()) => assert!(!CallFilter::contains(&call), "{name} is paused"),
                Err(error) => {
                    assert_eq!(error, pallet_tx_pause::Error::<Runtime>::Unpausable.into());
                    assert!(CallFilter::contains(&call), "{name} stays open");
                    unpausable.insert(name);
                }
            }
        }
        assert_eq!(unpausable, names(NEVER_PAUSED));
    });
}

/// Whether a remark is made that is in so many batches, each in the other.
fn remarks(depth: u32) -> bool {
    let remark = RuntimeCall::System(frame_system::Call::remark_with_event { remark: vec![1] });
    let call = (0..depth).fold(remark, |call, _| {
        RuntimeCall::Utility(pallet_utility::Call::batch { calls: vec![call] })
    });
    System::reset_events();
    // A batch goes well also where what is in it does not.
    assert_ok!(call.dispatch(RuntimeOrigin::signed(Sr25519Keyring::Alice.to_account_id())));
    System::events().iter().any(|record| {
        let event = &record.event;
        matches!(
            event,
            RuntimeEvent::System(frame_system::Event::Remarked { .. })
        )
    })
}

#[test]
fn calls_nested_so_deeply_that_their_own_layers_of_storage_might_fail_are_refused() {
    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        assert!([0, 1, 10, 30].iter().all(|depth| remarks(*depth)));
        assert!(![34, 100, 254].iter().any(|depth| remarks(*depth)));
    });
}

#[test]
fn no_account_moves_the_levers() {
    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        let alice = RuntimeOrigin::signed(Sr25519Keyring::Alice.to_account_id());
        let bad = sp_runtime::DispatchError::BadOrigin;
        let name = || {
            (
                b"Balances".to_vec().try_into().unwrap(),
                b"burn".to_vec().try_into().unwrap(),
            )
        };
        assert_noop!(SafeMode::force_enter(alice.clone()), bad);
        assert_noop!(TxPause::pause(alice.clone(), name()), bad);
        assert_noop!(
            SafeMode::enter(alice.clone()),
            pallet_safe_mode::Error::<Runtime>::NotConfigured
        );
        assert_ok!(SafeMode::force_enter(RuntimeOrigin::root()));
        assert_ok!(TxPause::pause(RuntimeOrigin::root(), name()));
        assert_noop!(SafeMode::force_exit(alice.clone()), bad);
        assert_noop!(TxPause::unpause(alice, name()), bad);
    });
}

#[test]
fn sudo_leaves_safe_mode_in_a_block_in_which_transfers_are_refused() {
    let mut chain = chain::Chain::development();
    chain.author(vec![]);
    let sudo = |call: RuntimeCall| {
        RuntimeCall::Sudo(pallet_sudo::Call::sudo {
            call: Box::new(call),
        })
    };
    let enter = sudo(RuntimeCall::SafeMode(
        pallet_safe_mode::Call::force_enter {},
    ));
    let exit = sudo(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_exit {}));
    let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
        dest: Sr25519Keyring::Bob.to_account_id().into(),
        value: 1,
    });

    let enter = chain.signed(Sr25519Keyring::Alice, enter);
    let (_, results) = chain.author(vec![enter]);
    assert_eq!(results, [Ok(Ok(()))]);
    assert!(chain.query(SafeMode::is_entered));

    let refused = chain.signed(Sr25519Keyring::Charlie, transfer.clone());
    let exit = chain.signed(Sr25519Keyring::Alice, exit);
    let (_, results) = chain.author(vec![refused, exit]);
    assert_eq!(
        results,
        [
            Ok(Err(frame_system::Error::<Runtime>::CallFiltered.into())),
            Ok(Ok(()))
        ]
    );
    assert!(!chain.query(SafeMode::is_entered));

    let transfer = chain.signed(Sr25519Keyring::Charlie, transfer);
    let (_, results) = chain.author(vec![transfer]);
    assert_eq!(results, [Ok(Ok(()))]);
}

#[test]
fn failed_migration_leads_to_safe_mode_and_takes_calls_again() {
    use frame_support::migrations::{FailedMigrationHandler, FailedMigrationHandling};
    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        for _ in 0..2 {
            assert_eq!(
                RepairUnderSafeMode::failed(Some(0)),
                FailedMigrationHandling::ForceUnstuck
            );
            assert_eq!(
                pallet_safe_mode::EnteredUntil::<Runtime>::get(),
                Some(u32::MAX),
                "no end"
            );
            // Nothing touches state that may be between two versions.
            let expected = names(OPEN_IN_SAFE_MODE);
            let repair = |name: &String| !name.starts_with("Compute::");
            assert_eq!(open(), expected.into_iter().filter(repair).collect());
        }
    });
}
