//! Nothing is free, everything fits.

mod chain;

use frame_support::{
    dispatch::{DispatchClass, GetDispatchInfo},
    traits::Get,
    weights::Weight,
};
use noema_runtime::{
    parameters,
    weights::block::{BlockLength, BlockWeights, MAX_BLOCK_LENGTH, MAX_BLOCK_WEIGHT},
    Runtime, RuntimeCall,
};
use pallet_noema_agents::WeightInfo as _;
use pallet_noema_audits::WeightInfo as _;
use pallet_noema_compute::WeightInfo as _;
use pallet_noema_da::WeightInfo as _;
use pallet_noema_entropy::WeightInfo as _;
use pallet_noema_providers::WeightInfo as _;
use pallet_noema_storage::WeightInfo as _;

type DaWeight = <Runtime as pallet_noema_da::Config>::WeightInfo;
type AgentsWeight = <Runtime as pallet_noema_agents::Config>::WeightInfo;
type AuditsWeight = <Runtime as pallet_noema_audits::Config>::WeightInfo;
type ComputeWeight = <Runtime as pallet_noema_compute::Config>::WeightInfo;
type EntropyWeight = <Runtime as pallet_noema_entropy::Config>::WeightInfo;
type ProvidersWeight = <Runtime as pallet_noema_providers::Config>::WeightInfo;
type StorageWeight = <Runtime as pallet_noema_storage::Config>::WeightInfo;

const MICRO: u64 = 1_000_000;

#[test]
fn the_limits_of_a_block_are_consistent() {
    let weights = BlockWeights::get()
        .validate()
        .expect("the limits are consistent");
    assert_eq!(weights.max_block, MAX_BLOCK_WEIGHT);
    let normal = weights.get(DispatchClass::Normal);
    let operational = weights.get(DispatchClass::Operational);
    assert_eq!(
        normal.max_total.map(|weight| weight.ref_time()),
        Some(375_000 * MICRO)
    );
    assert_eq!(
        operational.reserved.map(|weight| weight.ref_time()),
        Some(175_000 * MICRO)
    );
    assert_eq!(weights.get(DispatchClass::Mandatory).max_total, None);
    let lengths = BlockLength::get();
    assert_eq!(
        *lengths.max.get(DispatchClass::Normal),
        MAX_BLOCK_LENGTH / 4 * 3
    );
    assert_eq!(
        *lengths.max.get(DispatchClass::Operational),
        MAX_BLOCK_LENGTH
    );
    assert_eq!(lengths.max_header_size(), 100 * 1024);
}

#[test]
fn every_call_weighs_something_and_fits_in_a_block() {
    let limits = BlockWeights::get();
    for (name, call) in chain::every_call() {
        let info = call.get_dispatch_info();
        // Root states the weight of what it calls here.
        let stated =
            ["Sudo::sudo_unchecked_weight", "Utility::with_weight"].contains(&name.as_str());
        assert!(info.call_weight.ref_time() > 0 || stated, "{name} is free");
        if let Some(most) = limits.get(info.class).max_extrinsic {
            assert!(
                info.call_weight.all_lte(most),
                "{name} ({:?}) does not fit in {most:?}",
                info.call_weight
            );
        }
    }
}

/// The weights of everything of ours, at its largest.
fn ours() -> Vec<(&'static str, Weight)> {
    let replicas = <Runtime as pallet_noema_storage::Config>::MaxReplicas::get();
    let tasks = <Runtime as pallet_noema_storage::Config>::MaxTasksPerBlock::get();
    let endpoint = <Runtime as pallet_noema_providers::Config>::MaxEndpointLen::get();
    let attempts = u32::from(<Runtime as pallet_noema_storage::Config>::MaxDrawAttempts::get());
    let challenges = <Runtime as pallet_noema_audits::Config>::MaxChallenges::get();
    let rounds = <Runtime as pallet_noema_audits::Config>::MaxSettle::get();
    let data = parameters::MAX_AGENT_DATA;
    let ended = parameters::MAX_AGENT_SESSIONS
        + parameters::MAX_SCHEDULED_ACTS
        + parameters::MAX_AGENT_USAGES;
    let kept = parameters::MAX_AGENT_METADATA + parameters::MAX_AGENT_TAGS;
    let call = parameters::MAX_SCHEDULED_CALL;
    vec![
        ("Agents::register", AgentsWeight::register()),
        ("Agents::set_file", AgentsWeight::set_file()),
        ("Agents::set_endpoints", AgentsWeight::set_endpoints()),
        ("Agents::set_metadata", AgentsWeight::set_metadata()),
        ("Agents::bind_wallet", AgentsWeight::bind_wallet()),
        ("Agents::unbind_wallet", AgentsWeight::unbind_wallet()),
        ("Agents::offer", AgentsWeight::offer()),
        ("Agents::withdraw", AgentsWeight::withdraw()),
        ("Agents::commit_data", AgentsWeight::commit_data()),
        ("Agents::update_data", AgentsWeight::update_data()),
        ("Agents::drop_data", AgentsWeight::drop_data()),
        ("Agents::stage_data", AgentsWeight::stage_data()),
        ("Agents::unstage_data", AgentsWeight::unstage_data()),
        ("Agents::authorize_usage", AgentsWeight::authorize_usage()),
        ("Agents::revoke_usage", AgentsWeight::revoke_usage()),
        ("Agents::exercise", AgentsWeight::exercise()),
        ("Agents::grant_session", AgentsWeight::grant_session()),
        ("Agents::revoke_session", AgentsWeight::revoke_session()),
        ("Agents::act", AgentsWeight::act()),
        ("Agents::act_signed", AgentsWeight::act_signed()),
        ("Agents::act_by_owner", AgentsWeight::act_by_owner()),
        ("Agents::cancel", AgentsWeight::cancel()),
        ("Agents::add_tag", AgentsWeight::add_tag()),
        ("Agents::feedback", AgentsWeight::feedback()),
        ("Agents::revoke_feedback", AgentsWeight::revoke_feedback()),
        ("Agents::respond", AgentsWeight::respond()),
        ("Agents::transfer", AgentsWeight::transfer(data, ended)),
        ("Agents::burn", AgentsWeight::burn(data, ended + kept)),
        ("Agents::schedule", AgentsWeight::schedule(call)),
        ("Agents::run", AgentsWeight::run(call)),
        ("Audits::on_poll", AuditsWeight::on_poll()),
        ("Audits draws", AuditsWeight::on_poll_draw()),
        ("Audits skips", AuditsWeight::on_poll_skip()),
        ("Audits::on_idle", AuditsWeight::on_idle()),
        ("Audits::answer", AuditsWeight::answer(challenges)),
        ("Audits draws for a provider", AuditsWeight::write_down()),
        ("Audits::poke", AuditsWeight::poke()),
        ("Audits before a change", AuditsWeight::before_change()),
        ("Audits when all is taken", AuditsWeight::emptied()),
        ("Audits settles", AuditsWeight::settle(rounds)),
        ("Audits settles a miss", AuditsWeight::settle_missed()),
        ("Audits begins a drop", AuditsWeight::settle_dropped()),
        ("Compute::announce", ComputeWeight::announce()),
        ("Compute::set_endpoint", ComputeWeight::set_endpoint()),
        ("Compute::set_capacity", ComputeWeight::set_capacity()),
        ("Compute::set_price", ComputeWeight::set_price()),
        ("Compute::set_key", ComputeWeight::set_key()),
        ("Compute::retire", ComputeWeight::retire()),
        ("Compute::deposit", ComputeWeight::deposit()),
        ("Compute::withdraw", ComputeWeight::withdraw()),
        ("Compute::open", ComputeWeight::open()),
        ("Compute::top_up", ComputeWeight::top_up()),
        ("Compute::grant", ComputeWeight::grant()),
        ("Compute::revoke", ComputeWeight::revoke()),
        ("Compute::redeem, a claim", ComputeWeight::redeem(1)),
        ("Compute::close", ComputeWeight::close()),
        ("Compute::settle", ComputeWeight::settle()),
        ("Compute::report", ComputeWeight::report()),
        ("Compute::forget", ComputeWeight::forget()),
        (
            "Entropy::on_poll",
            EntropyWeight::on_poll(pallet_noema_entropy::FORGOTTEN_PER_BLOCK),
        ),
        ("Providers::register", ProvidersWeight::register(endpoint)),
        ("Providers::bond_more", ProvidersWeight::bond_more()),
        ("Providers::unbond", ProvidersWeight::unbond()),
        ("Providers::rebond", ProvidersWeight::rebond()),
        ("Providers::withdraw", ProvidersWeight::withdraw_some()),
        (
            "Providers::withdraw, the last",
            ProvidersWeight::withdraw_last(),
        ),
        ("Providers::set_operator", ProvidersWeight::set_operator()),
        (
            "Providers::set_endpoint",
            ProvidersWeight::set_endpoint(endpoint),
        ),
        ("Providers::set_capacity", ProvidersWeight::set_capacity()),
        ("Providers::chill", ProvidersWeight::chill()),
        ("Providers::activate", ProvidersWeight::activate()),
        ("Providers::unjail", ProvidersWeight::unjail()),
        ("Providers::open_pool", ProvidersWeight::open_pool()),
        (
            "Providers::set_commission",
            ProvidersWeight::set_commission(),
        ),
        (
            "Providers::set_delegation_terms",
            ProvidersWeight::set_delegation_terms(),
        ),
        ("Providers::delegate", ProvidersWeight::delegate()),
        ("Providers::undelegate", ProvidersWeight::undelegate()),
        (
            "Providers::withdraw_delegation",
            ProvidersWeight::withdraw_delegation(),
        ),
        (
            "Providers::collect_delegation",
            ProvidersWeight::collect_delegation(),
        ),
        ("Providers::refresh", ProvidersWeight::refresh()),
        ("Storage::commit", StorageWeight::commit(replicas)),
        ("Storage::commit_repeated", StorageWeight::commit_repeated()),
        ("Storage::ready", StorageWeight::ready()),
        ("Storage::prove", StorageWeight::prove()),
        ("Storage::remove", StorageWeight::remove(1)),
        (
            "Storage refuses a witness",
            StorageWeight::witness_too_low(),
        ),
        ("Storage::resign", StorageWeight::resign()),
        ("Storage agenda", StorageWeight::agenda_base()),
        ("Storage agenda block", StorageWeight::agenda_block(tasks)),
        ("Storage stale task", StorageWeight::task_stale()),
        ("Storage waiting task", StorageWeight::task_wait()),
        ("Storage draw", StorageWeight::task_draw(attempts)),
        ("Storage expiry", StorageWeight::task_expire()),
        ("Storage::commit_many", StorageWeight::commit(replicas)),
        ("Storage::top_up", StorageWeight::top_up()),
        ("Storage::offer", StorageWeight::offer()),
        ("Storage::hand_over", StorageWeight::hand_over()),
        ("Storage::set_base_price", StorageWeight::set_base_price()),
        ("Storage price", StorageWeight::on_poll_price()),
        ("Storage maturing", StorageWeight::task_mature()),
        ("DataAvailability::set_key", DaWeight::set_key()),
        ("DataAvailability::retire_key", DaWeight::retire_key()),
        ("DataAvailability::submit", DaWeight::submit()),
        ("DataAvailability::expire", DaWeight::expire()),
        ("DataAvailability::extend", DaWeight::extend(13)),
        ("DataAvailability::submit_member", DaWeight::submit_member()),
        ("DataAvailability::expire_member", DaWeight::expire_member()),
        (
            "DataAvailability::set_base_price",
            DaWeight::set_base_price(),
        ),
        ("DataAvailability on_poll", DaWeight::on_poll()),
        ("DataAvailability price", DaWeight::on_poll_price()),
        ("DataAvailability forms", DaWeight::form_base()),
        ("DataAvailability verifies", DaWeight::verify_aggregate(50)),
        ("Storage end", StorageWeight::task_end()),
    ]
}

#[test]
fn everything_of_ours_costs_more_than_its_database_accesses_and_leaves_room() {
    let normal = BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_extrinsic
        .expect("ordinary transactions are limited");
    let read = <Runtime as frame_system::Config>::DbWeight::get().reads(1);
    for (name, weight) in ours() {
        assert!(
            weight.ref_time() > read.ref_time(),
            "{name} weighs {weight:?}"
        );
        // A tenth of what the largest transaction may have.
        assert!(
            weight.ref_time() < normal.ref_time() / 10,
            "{name} weighs {weight:?}"
        );
    }
}

#[test]
fn hooks_of_an_ordinary_block_leave_three_quarters_to_transactions() {
    let limits = BlockWeights::get();
    let entropy = EntropyWeight::on_poll(pallet_noema_entropy::FORGOTTEN_PER_BLOCK);
    let agenda = <Runtime as pallet_noema_storage::Config>::MaxAgendaWeight::get();
    let audits = AuditsWeight::on_poll()
        .saturating_add(AuditsWeight::on_poll_draw().max(AuditsWeight::on_poll_skip()))
        .saturating_add(AuditsWeight::on_idle());
    let hooks = limits
        .base_block
        .saturating_add(entropy)
        .saturating_add(audits)
        .saturating_add(StorageWeight::on_poll_price())
        .saturating_add(agenda)
        // The clock of rows is another, and goes the same way.
        .saturating_add(audits)
        .saturating_add(DaWeight::form_base())
        .saturating_add(DaWeight::on_poll_price())
        .saturating_add(<Runtime as pallet_noema_da::Config>::MaxAgendaWeight::get());
    let normal = limits
        .get(DispatchClass::Normal)
        .max_total
        .expect("limited");
    assert!(
        hooks.saturating_add(normal).ref_time() <= limits.max_block.ref_time(),
        "hooks: {hooks:?}"
    );
}

#[test]
fn an_upgrade_fits_beside_a_full_load_of_ordinary_transactions() {
    let code = vec![0u8; 4 * 1024 * 1024];
    let call = RuntimeCall::System(frame_system::Call::apply_authorized_upgrade { code });
    let info = call.get_dispatch_info();
    assert_eq!(info.class, DispatchClass::Operational);
    let reserved = BlockWeights::get()
        .get(DispatchClass::Operational)
        .reserved
        .expect("operational calls have a reserve");
    assert!(
        info.call_weight.ref_time() <= reserved.ref_time(),
        "{:?}",
        info.call_weight
    );
    assert!(codec::Encode::encoded_size(&call) < MAX_BLOCK_LENGTH as usize);
}

#[test]
fn no_pallet_of_ours_uses_the_empty_weights() {
    for name in [
        core::any::type_name::<AgentsWeight>(),
        core::any::type_name::<AuditsWeight>(),
        core::any::type_name::<ComputeWeight>(),
        core::any::type_name::<DaWeight>(),
        core::any::type_name::<EntropyWeight>(),
        core::any::type_name::<ProvidersWeight>(),
        core::any::type_name::<StorageWeight>(),
    ] {
        assert_ne!(name, "()");
    }
}

/// What ends a deal of so many replicas, or hands it to another owner.
fn endings(replicas: u8) -> [RuntimeCall; 3] {
    use pallet_noema_storage::Call;
    let file = [1; 32];
    let owner = sp_keyring::Sr25519Keyring::Alice.to_account_id();
    let expire = Call::expire {
        file,
        owner: owner.clone(),
        replicas,
    };
    let accept = Call::accept {
        file,
        owner,
        replicas,
        max: 0,
    };
    [Call::remove { file, replicas }, expire, accept].map(RuntimeCall::Storage)
}

fn largest_transaction() -> Weight {
    BlockWeights::get()
        .get(DispatchClass::Normal)
        .max_extrinsic
        .expect("ordinary transactions are limited")
}

/// What asks the audits for every replica of a deal weighs most of ours. It must fit nevertheless, or owners could not end what they have.
#[test]
fn the_end_of_the_largest_deal_fits_a_transaction() {
    let most: u32 = <Runtime as pallet_noema_storage::Config>::MaxReplicas::get();
    let most = u8::try_from(most).expect("a byte says how many replicas there are");
    let drop = RuntimeCall::Storage(pallet_noema_storage::Call::drop_replicas {
        provider: sp_keyring::Sr25519Keyring::Alice.to_account_id(),
        limit: 12,
    });
    // Whatever the sender says.
    let calls = [most, u8::MAX].into_iter().flat_map(endings);
    for call in calls.chain([drop]) {
        let weight = call.get_dispatch_info().call_weight;
        assert!(
            weight.all_lte(largest_transaction()),
            "{call:?} weighs {weight:?}"
        );
    }
}

/// Several such fit into a block beside others, and a full one has room for one soon.
#[test]
fn the_end_of_a_usual_deal_takes_less_than_a_fifth_of_a_block() {
    for call in endings(3) {
        let weight = call.get_dispatch_info().call_weight;
        assert!(
            weight.ref_time() < largest_transaction().ref_time() / 5,
            "{call:?} weighs {weight:?}"
        );
    }
}
