//! What each type of proxy may do, call by call.

mod chain;

use frame_support::traits::InstanceFilter;
use noema_runtime::{configs::utility::ProxyType, RuntimeCall};
use std::collections::{BTreeMap, BTreeSet};

const ALL: [ProxyType; 9] = [
    ProxyType::Any,
    ProxyType::NonTransfer,
    ProxyType::CancelProxy,
    ProxyType::Provider,
    ProxyType::Storage,
    ProxyType::SessionKeys,
    ProxyType::Governance,
    ProxyType::IdentityJudgement,
    ProxyType::Staking,
];

/// What a `NonTransfer` proxy must not do: move tokens, or act under other names or with more
/// rights. A new call is either here or may be made by every such proxy.
const DENIED_TO_NON_TRANSFER: &[&str] = &[
    "Agents::*",
    "Assets::*",
    "Balances::*",
    "Compute::grant",
    "Compute::open",
    "Compute::top_up",
    "DataAvailability::extend",
    "DataAvailability::submit_member",
    "Identity::add_sub",
    "Identity::request_judgement",
    "Identity::set_subs",
    "Multisig::*",
    "Proxy::add_proxy",
    "Proxy::announce",
    "Proxy::create_pure",
    "Proxy::kill_pure",
    "Proxy::poke_deposit",
    "Proxy::proxy",
    "Proxy::proxy_announced",
    "Proxy::remove_announcement",
    "Proxy::remove_proxies",
    "Proxy::remove_proxy",
    "NominationPools::adjust_pool_deposit",
    "NominationPools::apply_slash",
    "NominationPools::bond_extra_other",
    "NominationPools::claim_commission",
    "NominationPools::claim_payout_other",
    "NominationPools::create",
    "NominationPools::create_with_pool_id",
    "NominationPools::migrate_delegation",
    "NominationPools::migrate_pool_to_delegate_stake",
    "NominationPools::set_claim_permission",
    "NominationPools::set_commission",
    "NominationPools::set_commission_change_rate",
    "NominationPools::set_commission_claim_permission",
    "NominationPools::set_commission_max",
    "NominationPools::set_configs",
    "NominationPools::set_metadata",
    "NominationPools::set_state",
    "NominationPools::update_roles",
    "SafeMode::*",
    "Staking::bond",
    "Staking::cancel_deferred_slash",
    "Staking::chill_other",
    "Staking::deprecate_controller_batch",
    "Staking::force_apply_min_commission",
    "Staking::force_new_era",
    "Staking::force_new_era_always",
    "Staking::force_no_eras",
    "Staking::force_unstake",
    "Staking::increase_validator_count",
    "Staking::manual_slash",
    "Staking::migrate_currency",
    "Staking::reap_stash",
    "Staking::restore_ledger",
    "Staking::scale_validator_count",
    "Staking::set_controller",
    "Staking::set_invulnerables",
    "Staking::set_min_commission",
    "Staking::set_payee",
    "Staking::set_staking_configs",
    "Staking::set_validator_count",
    "Staking::update_payee",
    "Storage::offer",
    "Storage::renew",
    "Storage::top_up",
    "Sudo::*",
    "Utility::as_derivative",
    "Utility::dispatch_as",
    "Utility::dispatch_as_fallible",
    "Utility::if_else",
    "Utility::with_weight",
    "Vesting::force_remove_vesting_schedule",
    "Vesting::force_vested_transfer",
    "Vesting::vested_transfer",
];

const BATCHES: &[&str] = &[
    "Utility::batch",
    "Utility::batch_all",
    "Utility::force_batch",
];

const ALLOWED_TO_CANCEL: &[&str] = &["Proxy::reject_announcement"];
const ALLOWED_TO_PROVIDER: &[&str] = &[
    "Compute::announce",
    "Compute::close",
    "Compute::redeem",
    "Compute::retire",
    "Compute::set_capacity",
    "Compute::set_endpoint",
    "Compute::set_key",
    "Compute::set_price",
    "Compute::settle",
    "Providers::activate",
    "Providers::bond_more",
    "Providers::chill",
    "Providers::open_pool",
    "Providers::rebond",
    "Providers::refresh",
    "Providers::register",
    "Providers::set_capacity",
    "Providers::set_commission",
    "Providers::set_delegation_terms",
    "Providers::set_endpoint",
    "Providers::set_operator",
    "Providers::unbond",
    "Providers::unjail",
    "Providers::withdraw",
    "Storage::ready",
    "Storage::prove",
    "DataAvailability::attest",
    "DataAvailability::retire_key",
    "DataAvailability::set_key",
    "RowAudits::*",
    "Storage::resign",
    "Audits::answer",
    "Audits::poke",
];
const ALLOWED_TO_STORAGE: &[&str] = &[
    "Storage::commit",
    "Storage::commit_many",
    "Storage::expire",
    "Storage::remove",
];
const ALLOWED_TO_SESSION_KEYS: &[&str] = &["Session::set_keys", "Session::purge_keys"];
const ALLOWED_TO_GOVERNANCE: &[&str] = &[
    "ConvictionVoting::*",
    "Referenda::*",
    "Preimage::note_preimage",
    "Preimage::unnote_preimage",
];
const ALLOWED_TO_IDENTITY_JUDGEMENT: &[&str] = &["Identity::provide_judgement"];

const ALLOWED_TO_STAKING: &[&str] = &[
    "NominationPools::bond_extra",
    "NominationPools::chill",
    "NominationPools::claim_payout",
    "NominationPools::join",
    "NominationPools::nominate",
    "NominationPools::pool_withdraw_unbonded",
    "NominationPools::unbond",
    "NominationPools::withdraw_unbonded",
    "Providers::collect_delegation",
    "Providers::delegate",
    "Providers::undelegate",
    "Providers::withdraw_delegation",
    "Staking::bond_extra",
    "Staking::chill",
    "Staking::kick",
    "Staking::nominate",
    "Staking::payout_stakers",
    "Staking::payout_stakers_by_page",
    "Staking::rebond",
    "Staking::unbond",
    "Staking::validate",
    "Staking::withdraw_unbonded",
    "VoterList::*",
];

/// The calls that a list names, which must all exist.
fn expand(calls: &BTreeMap<String, RuntimeCall>, lists: &[&[&str]]) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for pattern in lists.iter().flat_map(|list| list.iter()) {
        let before = named.len();
        match pattern.strip_suffix('*') {
            Some(pallet) => {
                named.extend(
                    calls
                        .keys()
                        .filter(|name| name.starts_with(pallet))
                        .cloned(),
                );
            }
            None => {
                named.extend(calls.contains_key(*pattern).then(|| (*pattern).to_owned()));
            }
        }
        assert!(
            named.len() > before,
            "{pattern} names no call, or one that is listed twice"
        );
    }
    named
}

fn allowed(calls: &BTreeMap<String, RuntimeCall>, proxy: ProxyType) -> BTreeSet<String> {
    calls
        .iter()
        .filter(|(_, call)| proxy.filter(call))
        .map(|(name, _)| name.clone())
        .collect()
}

#[test]
fn each_type_allows_exactly_what_its_list_says() {
    let calls = chain::every_call();
    let every: BTreeSet<String> = calls.keys().cloned().collect();
    for proxy in ALL {
        let expected = match proxy {
            ProxyType::Any => every.clone(),
            ProxyType::NonTransfer => &every - &expand(&calls, &[DENIED_TO_NON_TRANSFER]),
            ProxyType::CancelProxy => expand(&calls, &[ALLOWED_TO_CANCEL]),
            ProxyType::Provider => expand(&calls, &[ALLOWED_TO_PROVIDER, BATCHES]),
            ProxyType::Storage => expand(&calls, &[ALLOWED_TO_STORAGE, BATCHES]),
            ProxyType::SessionKeys => expand(&calls, &[ALLOWED_TO_SESSION_KEYS, BATCHES]),
            ProxyType::Governance => expand(&calls, &[ALLOWED_TO_GOVERNANCE, BATCHES]),
            ProxyType::IdentityJudgement => {
                expand(&calls, &[ALLOWED_TO_IDENTITY_JUDGEMENT, BATCHES])
            }
            ProxyType::Staking => expand(&calls, &[ALLOWED_TO_STAKING, BATCHES]),
        };
        assert_eq!(allowed(&calls, proxy), expected, "{proxy:?}");
    }
}

#[test]
fn a_superset_allows_what_the_other_allows() {
    let calls = chain::every_call();
    for a in ALL {
        for b in ALL {
            if a.is_superset(&b) {
                let (a_set, b_set) = (allowed(&calls, a), allowed(&calls, b));
                assert!(a_set.is_superset(&b_set), "{a:?} is said to include {b:?}");
            }
        }
        assert!(a.is_superset(&a));
        assert!(ProxyType::Any.is_superset(&a));
        assert_eq!(a.is_superset(&ProxyType::Any), a == ProxyType::Any);
    }
}

#[test]
fn the_encoding_of_types_is_fixed() {
    use codec::Encode;
    let bytes: Vec<Vec<u8>> = ALL.iter().map(Encode::encode).collect();
    assert_eq!(bytes, [[0], [1], [2], [3], [4], [5], [6], [7], [8]]);
    assert_eq!(ProxyType::default(), ProxyType::Any);
}

#[test]
fn a_batch_does_not_widen_a_proxy() {
    use frame_support::assert_ok;
    use noema_runtime::{Balances, Proxy, Runtime, RuntimeEvent, RuntimeOrigin, System};
    use sp_keyring::Sr25519Keyring::{Alice, Bob, Charlie};

    chain::genesis("development").execute_with(|| {
        System::set_block_number(1);
        assert_ok!(Proxy::add_proxy(
            RuntimeOrigin::signed(Alice.to_account_id()),
            Bob.to_account_id().into(),
            ProxyType::Storage,
            0,
        ));
        let transfer = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: Charlie.to_account_id().into(),
            value: 1_000,
        });
        let batch = RuntimeCall::Utility(pallet_utility::Call::batch {
            calls: vec![transfer],
        });
        let before = Balances::free_balance(Charlie.to_account_id());
        assert_ok!(Proxy::proxy(
            RuntimeOrigin::signed(Bob.to_account_id()),
            Alice.to_account_id().into(),
            None,
            Box::new(batch),
        ));
        assert_eq!(Balances::free_balance(Charlie.to_account_id()), before);
        System::assert_has_event(RuntimeEvent::Utility(
            pallet_utility::Event::BatchInterrupted {
                index: 0,
                error: frame_system::Error::<Runtime>::CallFiltered.into(),
            },
        ));
    });
}
