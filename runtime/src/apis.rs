//! The runtime interfaces: what the client needs to make and check blocks, and what wallets, daemons
//! and tools ask.

use crate::{
    configs::consensus::{BABE_GENESIS_EPOCH_CONFIG, EPOCH_DURATION_IN_SLOTS},
    genesis_presets, AccountId, Agents, Audits, AuthorityDiscovery, Babe, Balance, Block, Compute,
    DataAvailability, Executive, Grandpa, Historical, InherentDataExt, NominationPools, Nonce,
    RowAudits, Runtime, RuntimeCall, RuntimeGenesisConfig, SessionKeys, Staking, Storage, System,
    TransactionPayment, VERSION,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{
    genesis_builder_helper::{build_state, get_preset},
    traits::KeyOwnerProofSystem,
    weights::Weight,
};
use noema_agents_primitives::{AgentId, FeedbackId, Key, Tag, UsageScope, Value};
use noema_compute_primitives::{
    Browse, ChannelId, ChannelInfo, ChannelPage, Page, ProviderInfo, Purse, ServiceId, ServiceInfo,
};
use noema_da_primitives::{
    Commitment, CommitteeInfo, DaParameters, FeeQuote, Namespace, NamespacePage, SubmissionInfo,
    SubmissionPage,
};
use noema_traits::{DataAvailability as AvailableData, PaidInteractions};
use pallet_noema_agents::{
    AgentInfo, DataInfo, FeedbackInfo, Page as Pages, ScheduledInfo, SessionInfo, Summary,
    UsageInfo,
};
use pallet_nomination_pools::PoolId;
use pallet_transaction_payment::{FeeDetails, RuntimeDispatchInfo};
use sp_api::impl_runtime_apis;
use sp_core::OpaqueMetadata;
use sp_runtime::{
    traits::{Block as BlockT, NumberFor},
    transaction_validity::{TransactionSource, TransactionValidity},
    ApplyExtrinsicResult, DispatchError, ExtrinsicInclusionMode,
};
use sp_session::OpaqueGeneratedSessionKeys;
use sp_version::RuntimeVersion;

impl_runtime_apis! {
    impl sp_api::Core<Block> for Runtime {
        fn version() -> RuntimeVersion {
            VERSION
        }

        fn execute_block(block: <Block as BlockT>::LazyBlock) {
            Executive::execute_block(block);
        }

        fn initialize_block(header: &<Block as BlockT>::Header) -> ExtrinsicInclusionMode {
            Executive::initialize_block(header)
        }
    }

    impl sp_api::Metadata<Block> for Runtime {
        fn metadata() -> OpaqueMetadata {
            OpaqueMetadata::new(Runtime::metadata().into())
        }

        fn metadata_at_version(version: u32) -> Option<OpaqueMetadata> {
            Runtime::metadata_at_version(version)
        }

        fn metadata_versions() -> Vec<u32> {
            Runtime::metadata_versions()
        }
    }

    impl frame_support::view_functions::runtime_api::RuntimeViewFunction<Block> for Runtime {
        fn execute_view_function(
            id: frame_support::view_functions::ViewFunctionId,
            input: Vec<u8>,
        ) -> Result<Vec<u8>, frame_support::view_functions::ViewFunctionDispatchError> {
            Runtime::execute_view_function(id, input)
        }
    }

    impl sp_block_builder::BlockBuilder<Block> for Runtime {
        fn apply_extrinsic(extrinsic: <Block as BlockT>::Extrinsic) -> ApplyExtrinsicResult {
            Executive::apply_extrinsic(extrinsic)
        }

        fn finalize_block() -> <Block as BlockT>::Header {
            Executive::finalize_block()
        }

        fn inherent_extrinsics(data: sp_inherents::InherentData) -> Vec<<Block as BlockT>::Extrinsic> {
            data.create_extrinsics()
        }

        fn check_inherents(
            block: <Block as BlockT>::LazyBlock,
            data: sp_inherents::InherentData,
        ) -> sp_inherents::CheckInherentsResult {
            data.check_extrinsics(&block)
        }
    }

    impl sp_transaction_pool::runtime_api::TaggedTransactionQueue<Block> for Runtime {
        fn validate_transaction(
            source: TransactionSource,
            transaction: <Block as BlockT>::Extrinsic,
            block_hash: <Block as BlockT>::Hash,
        ) -> TransactionValidity {
            Executive::validate_transaction(source, transaction, block_hash)
        }
    }

    impl sp_offchain::OffchainWorkerApi<Block> for Runtime {
        fn offchain_worker(header: &<Block as BlockT>::Header) {
            Executive::offchain_worker(header);
        }
    }

    impl sp_session::SessionKeys<Block> for Runtime {
        fn generate_session_keys(owner: Vec<u8>, seed: Option<Vec<u8>>) -> OpaqueGeneratedSessionKeys {
            SessionKeys::generate(&owner, seed).into()
        }

        fn decode_session_keys(
            encoded: Vec<u8>,
        ) -> Option<Vec<(Vec<u8>, sp_core::crypto::KeyTypeId)>> {
            SessionKeys::decode_into_raw_public_keys(&encoded)
        }
    }

    impl sp_consensus_babe::BabeApi<Block> for Runtime {
        fn configuration() -> sp_consensus_babe::BabeConfiguration {
            let epoch = Babe::epoch_config().unwrap_or(BABE_GENESIS_EPOCH_CONFIG);
            sp_consensus_babe::BabeConfiguration {
                slot_duration: Babe::slot_duration(),
                epoch_length: EPOCH_DURATION_IN_SLOTS,
                c: epoch.c,
                authorities: Babe::authorities().to_vec(),
                randomness: Babe::randomness(),
                allowed_slots: epoch.allowed_slots,
            }
        }

        fn current_epoch_start() -> sp_consensus_babe::Slot {
            Babe::current_epoch_start()
        }

        fn current_epoch() -> sp_consensus_babe::Epoch {
            Babe::current_epoch()
        }

        fn next_epoch() -> sp_consensus_babe::Epoch {
            Babe::next_epoch()
        }

        fn generate_key_ownership_proof(
            _slot: sp_consensus_babe::Slot,
            authority_id: sp_consensus_babe::AuthorityId,
        ) -> Option<sp_consensus_babe::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_babe::KEY_TYPE, authority_id))
                .map(|proof| sp_consensus_babe::OpaqueKeyOwnershipProof::new(proof.encode()))
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            proof: sp_consensus_babe::EquivocationProof<<Block as BlockT>::Header>,
            key_owner_proof: sp_consensus_babe::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Babe::submit_unsigned_equivocation_report(proof, key_owner_proof.decode()?)
        }
    }

    impl sp_consensus_grandpa::GrandpaApi<Block> for Runtime {
        fn grandpa_authorities() -> sp_consensus_grandpa::AuthorityList {
            Grandpa::grandpa_authorities()
        }

        fn current_set_id() -> sp_consensus_grandpa::SetId {
            pallet_grandpa::CurrentSetId::<Runtime>::get()
        }

        fn generate_key_ownership_proof(
            _set_id: sp_consensus_grandpa::SetId,
            authority_id: sp_consensus_grandpa::AuthorityId,
        ) -> Option<sp_consensus_grandpa::OpaqueKeyOwnershipProof> {
            Historical::prove((sp_consensus_grandpa::KEY_TYPE, authority_id))
                .map(|proof| sp_consensus_grandpa::OpaqueKeyOwnershipProof::new(proof.encode()))
        }

        fn submit_report_equivocation_unsigned_extrinsic(
            proof: sp_consensus_grandpa::EquivocationProof<
                <Block as BlockT>::Hash,
                NumberFor<Block>,
            >,
            key_owner_proof: sp_consensus_grandpa::OpaqueKeyOwnershipProof,
        ) -> Option<()> {
            Grandpa::submit_unsigned_equivocation_report(proof, key_owner_proof.decode()?)
        }
    }

    impl sp_authority_discovery::AuthorityDiscoveryApi<Block> for Runtime {
        fn authorities() -> Vec<sp_authority_discovery::AuthorityId> {
            AuthorityDiscovery::authorities()
        }
    }

    impl frame_system_rpc_runtime_api::AccountNonceApi<Block, AccountId, Nonce> for Runtime {
        fn account_nonce(account: AccountId) -> Nonce {
            System::account_nonce(account)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentApi<Block, Balance> for Runtime {
        fn query_info(
            extrinsic: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_info(extrinsic, len)
        }

        fn query_fee_details(
            extrinsic: <Block as BlockT>::Extrinsic,
            len: u32,
        ) -> FeeDetails<Balance> {
            TransactionPayment::query_fee_details(extrinsic, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_transaction_payment_rpc_runtime_api::TransactionPaymentCallApi<Block, Balance, RuntimeCall>
        for Runtime
    {
        fn query_call_info(call: RuntimeCall, len: u32) -> RuntimeDispatchInfo<Balance> {
            TransactionPayment::query_call_info(call, len)
        }

        fn query_call_fee_details(call: RuntimeCall, len: u32) -> FeeDetails<Balance> {
            TransactionPayment::query_call_fee_details(call, len)
        }

        fn query_weight_to_fee(weight: Weight) -> Balance {
            TransactionPayment::weight_to_fee(weight)
        }

        fn query_length_to_fee(length: u32) -> Balance {
            TransactionPayment::length_to_fee(length)
        }
    }

    impl pallet_staking_runtime_api::StakingApi<Block, Balance, AccountId> for Runtime {
        fn nominations_quota(balance: Balance) -> u32 {
            Staking::api_nominations_quota(balance)
        }

        fn eras_stakers_page_count(era: sp_staking::EraIndex, account: AccountId) -> sp_staking::Page {
            Staking::api_eras_stakers_page_count(era, account)
        }

        fn pending_rewards(era: sp_staking::EraIndex, account: AccountId) -> bool {
            Staking::api_pending_rewards(era, account)
        }
    }

    impl pallet_nomination_pools_runtime_api::NominationPoolsApi<Block, AccountId, Balance> for Runtime {
        fn pending_rewards(who: AccountId) -> Balance {
            NominationPools::api_pending_rewards(who).unwrap_or_default()
        }

        fn points_to_balance(pool_id: PoolId, points: Balance) -> Balance {
            NominationPools::api_points_to_balance(pool_id, points)
        }

        fn balance_to_points(pool_id: PoolId, new_funds: Balance) -> Balance {
            NominationPools::api_balance_to_points(pool_id, new_funds)
        }

        fn pool_pending_slash(pool_id: PoolId) -> Balance {
            NominationPools::api_pool_pending_slash(pool_id)
        }

        fn member_pending_slash(member: AccountId) -> Balance {
            NominationPools::api_member_pending_slash(member)
        }

        fn pool_needs_delegate_migration(pool_id: PoolId) -> bool {
            NominationPools::api_pool_needs_delegate_migration(pool_id)
        }

        fn member_needs_delegate_migration(member: AccountId) -> bool {
            NominationPools::api_member_needs_delegate_migration(member)
        }

        fn member_total_balance(who: AccountId) -> Balance {
            NominationPools::api_member_total_balance(who)
        }

        fn pool_balance(pool_id: PoolId) -> Balance {
            NominationPools::api_pool_balance(pool_id)
        }

        fn pool_accounts(pool_id: PoolId) -> (AccountId, AccountId) {
            NominationPools::api_pool_accounts(pool_id)
        }
    }

    impl sp_genesis_builder::GenesisBuilder<Block> for Runtime {
        fn build_state(json: Vec<u8>) -> sp_genesis_builder::Result {
            build_state::<RuntimeGenesisConfig>(json)
        }

        fn get_preset(id: &Option<sp_genesis_builder::PresetId>) -> Option<Vec<u8>> {
            get_preset::<RuntimeGenesisConfig>(id, genesis_presets::get_preset)
        }

        fn preset_names() -> Vec<sp_genesis_builder::PresetId> {
            genesis_presets::preset_names()
        }
    }

    impl pallet_noema_audits_runtime_api::AuditsApi<Block, AccountId, crate::BlockNumber, pallet_noema_storage::Challenge<AccountId>> for Runtime {
        fn round() -> Option<pallet_noema_audits::Round<crate::BlockNumber>> {
            Audits::round()
        }

        fn challenges(provider: AccountId) -> Option<pallet_noema_audits::Challenges<pallet_noema_storage::Challenge<AccountId>>> {
            Audits::challenges(&provider)
        }

        fn standing(provider: AccountId) -> Option<pallet_noema_audits::StandingInfo> {
            Audits::standing(&provider)
        }
    }

    impl pallet_noema_audits_runtime_api::RowAuditsApi<Block, AccountId, crate::BlockNumber, pallet_noema_da::AskedRow> for Runtime {
        fn row_round() -> Option<pallet_noema_audits::Round<crate::BlockNumber>> {
            RowAudits::round()
        }

        fn row_challenges(provider: AccountId) -> Option<pallet_noema_audits::Challenges<pallet_noema_da::AskedRow>> {
            RowAudits::challenges(&provider)
        }

        fn row_standing(provider: AccountId) -> Option<pallet_noema_audits::StandingInfo> {
            RowAudits::standing(&provider)
        }
    }

    impl pallet_noema_da_runtime_api::DataAvailabilityApi<Block, AccountId, Balance, crate::BlockNumber> for Runtime {
        fn submission(submission: u64) -> Option<SubmissionInfo<AccountId, Balance, crate::BlockNumber>> {
            DataAvailability::submission_info(submission)
        }

        fn submissions_of(commitment: Commitment, after: Option<u64>, limit: u32) -> SubmissionPage<AccountId, Balance, crate::BlockNumber> {
            DataAvailability::submissions_of(&commitment, after, limit)
        }

        fn waiting(era: u32, from: u64, limit: u32) -> SubmissionPage<AccountId, Balance, crate::BlockNumber> {
            DataAvailability::waiting(era, from, limit)
        }

        fn entries_of(namespace: Namespace, from: u64, limit: u32) -> NamespacePage<AccountId, crate::BlockNumber> {
            DataAvailability::entries_of(&namespace, from, limit)
        }

        fn entries_at(namespace: Namespace, height: crate::BlockNumber, from: u32, limit: u32) -> NamespacePage<AccountId, crate::BlockNumber> {
            DataAvailability::entries_at(&namespace, height, from, limit)
        }

        fn available_until(commitment: Commitment, size: u32) -> Option<u32> {
            <DataAvailability as AvailableData>::available_until(&commitment.0, size)
        }

        fn committee(era: u32) -> Option<CommitteeInfo<AccountId>> {
            DataAvailability::committee_info(era)
        }

        fn quote(size: u32, namespace: Namespace, days: u8) -> Result<FeeQuote<Balance>, DispatchError> {
            DataAvailability::quote(size, &namespace, days)
        }

        fn parameters() -> DaParameters<Balance, crate::BlockNumber> {
            DataAvailability::parameters()
        }
    }

    impl pallet_noema_storage_runtime_api::LeasesApi<Block, AccountId, Balance> for Runtime {
        fn price() -> Option<pallet_noema_storage::PriceInfo<Balance>> {
            Storage::price_info()
        }

        fn quote(size: u64, replicas: u8, rounds: u32) -> Result<pallet_noema_storage::Quote<Balance>, DispatchError> {
            Storage::quote(size, replicas, rounds)
        }

        fn quote_renewal(
            file: [u8; 32],
            owner: AccountId,
            until: u32,
        ) -> Result<pallet_noema_storage::RenewalQuote<Balance>, DispatchError> {
            Storage::quote_renewal(&file, &owner, until)
        }

        fn lease(file: [u8; 32], owner: AccountId) -> Option<pallet_noema_storage::Lease<Balance>> {
            Storage::lease(&file, &owner)
        }

        fn provider(account: AccountId) -> Option<pallet_noema_storage::ProviderPay<Balance>> {
            Storage::provider_pay(&account)
        }

        fn uncovered(provider: AccountId) -> Option<pallet_noema_storage::Uncovered> {
            Storage::uncovered(&provider)
        }

        fn to_hand_over(provider: AccountId) -> u64 {
            Storage::to_hand_over(&provider)
        }
    }

    impl pallet_noema_compute_runtime_api::ComputeApi<Block, AccountId> for Runtime {
        fn browse(
            wanted: Browse,
            after: Option<ServiceId>,
            limit: u32,
        ) -> Page<ServiceInfo<AccountId>, ServiceId> {
            Compute::browse(&wanted, after, limit)
        }

        fn service(service: ServiceId) -> Option<ServiceInfo<AccountId>> {
            Compute::service_info(service)
        }

        fn channel(channel: ChannelId) -> Option<ChannelInfo<AccountId>> {
            Compute::channel_info(channel)
        }

        fn channels_of(payer: AccountId, after: Option<ChannelId>, limit: u32) -> ChannelPage {
            Compute::channels_of(&payer, after, limit)
        }

        fn channels_with(provider: AccountId, after: Option<ChannelId>, limit: u32) -> ChannelPage {
            Compute::channels_with(&provider, after, limit)
        }

        fn purse(payer: AccountId) -> Option<Purse> {
            pallet_noema_compute::Purses::<Runtime>::get(payer)
        }

        fn provider(provider: AccountId) -> ProviderInfo {
            Compute::provider_info(&provider)
        }

        fn unconsumed(payer: AccountId, provider: AccountId) -> Balance {
            <Compute as PaidInteractions<AccountId, Balance>>::unconsumed(&payer, &provider)
        }
    }

    impl pallet_noema_agents_runtime_api::AgentsApi<Block, AccountId> for Runtime {
        fn agent(agent: AgentId) -> Option<AgentInfo<AccountId>> {
            Agents::read_agent(agent)
        }

        fn agents_of(owner: AccountId, after: Option<AgentId>, limit: u32) -> Pages<AgentId, AgentId> {
            Agents::read_agents_of(owner, after, limit)
        }

        fn agent_of_account(account: AccountId) -> Option<AgentId> {
            Agents::read_agent_of_account(account)
        }

        fn metadata(agent: AgentId, key: Key) -> Option<Value> {
            Agents::read_metadata(agent, key)
        }

        fn all_metadata(agent: AgentId) -> Vec<(Key, Value)> {
            Agents::read_all_metadata(agent)
        }

        fn wallet_payload(agent: AgentId, wallet: AccountId, deadline: u64) -> Option<Vec<u8>> {
            Agents::read_wallet_payload(agent, wallet, deadline)
        }

        fn intelligent_data_of(agent: AgentId) -> Vec<DataInfo<AccountId>> {
            Agents::read_data(agent)
        }

        fn authorized_users_of(agent: AgentId) -> Vec<UsageInfo<AccountId>> {
            Agents::read_usages(agent)
        }

        fn may_use(agent: AgentId, user: AccountId, wanted: UsageScope) -> bool {
            Agents::read_may_use(agent, user, wanted)
        }

        fn sessions(agent: AgentId) -> Vec<SessionInfo<AccountId>> {
            Agents::read_sessions(agent)
        }

        fn scheduled(agent: AgentId) -> Vec<ScheduledInfo> {
            Agents::read_scheduled(agent)
        }

        fn summary(agent: AgentId, tag: Option<Tag>) -> Option<Summary> {
            Agents::read_summary(agent, tag)
        }

        fn tags(agent: AgentId) -> Vec<Tag> {
            Agents::read_tags(agent)
        }

        fn feedback(agent: AgentId, feedback: FeedbackId) -> Option<FeedbackInfo<AccountId>> {
            Agents::read_feedback(agent, feedback)
        }

        fn feedbacks(
            agent: AgentId,
            after: Option<FeedbackId>,
            limit: u32,
        ) -> Pages<FeedbackInfo<AccountId>, FeedbackId> {
            Agents::read_feedbacks(agent, after, limit)
        }

        fn feedbacks_by(
            giver: AccountId,
            after: Option<(AgentId, FeedbackId)>,
            limit: u32,
        ) -> Pages<(AgentId, FeedbackId), (AgentId, FeedbackId)> {
            Agents::read_feedbacks_by(giver, after, limit)
        }

        fn unconsumed(payer: AccountId, agent: AgentId, wallet: Option<AccountId>) -> Option<Balance> {
            Agents::read_unconsumed(payer, agent, wallet)
        }
    }

    #[cfg(feature = "try-runtime")]
    impl frame_try_runtime::TryRuntime<Block> for Runtime {
        fn on_runtime_upgrade(checks: frame_try_runtime::UpgradeCheckSelect) -> (Weight, Weight) {
            // A failed check has to stop the tool that called this; blocks never come here.
            let weight = Executive::try_runtime_upgrade(checks)
                .expect("the upgrade's checks must pass; the log names the failed one");
            (weight, crate::weights::block::BlockWeights::get().max_block)
        }

        fn execute_block(
            block: <Block as BlockT>::LazyBlock,
            state_root_check: bool,
            signature_check: bool,
            select: frame_try_runtime::TryStateSelect,
        ) -> Weight {
            Executive::try_execute_block(block, state_root_check, signature_check, select)
                .expect("the block must execute; the log names the failed check")
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    impl frame_benchmarking::Benchmark<Block> for Runtime {
        fn benchmark_metadata(
            extra: bool,
        ) -> (Vec<frame_benchmarking::BenchmarkList>, Vec<frame_support::traits::StorageInfo>) {
            crate::benchmarks::metadata(extra)
        }

        fn dispatch_benchmark(
            config: frame_benchmarking::BenchmarkConfig,
        ) -> Result<Vec<frame_benchmarking::BenchmarkBatch>, alloc::string::String> {
            crate::benchmarks::dispatch(config)
        }
    }
}
