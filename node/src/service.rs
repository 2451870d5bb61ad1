//! The parts of a node and how they are put together.

use crate::{
    clock, consensus, equivocation, executor::RuntimeExecutor, finality::CatchUp,
    genesis::GenesisBlock, missing_blocks, pruning, rpc, wasm_cache::WasmCache,
};
use futures::{FutureExt, StreamExt};
use jsonrpsee::RpcModule;
use noema_core::OpaqueBlock as Block;
use noema_runtime::RuntimeApi;
use sc_client_api::{Backend, BlockBackend};
use sc_consensus::ImportQueue;
use sc_consensus_grandpa::SharedVoterState;
use sc_network::{
    config::{NetworkBackendType, SetConfig},
    event::Event,
    NetworkBackend, NetworkEventStream,
};
use sc_network_sync::{
    block_request_handler::BlockRequestHandler, service::network::NetworkServiceProvider,
};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::{
    Configuration, Error as ServiceError, PartialComponents, TaskManager, WarpSyncConfig,
};
use sc_storage_monitor::{StorageMonitorParams, StorageMonitorService};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::BabeCreateInherentDataProviders;
use sp_runtime::traits::Block as BlockT;
use std::{path::Path, sync::Arc};

/// Access to the chain: blocks, state, and calls into the runtime.
pub(crate) type FullClient = sc_service::TFullClient<Block, RuntimeApi, RuntimeExecutor>;
/// The database.
pub(crate) type FullBackend = sc_service::TFullBackend<Block>;
/// Picks the block to build on: the head of the longest chain that contains the finalised block.
pub(crate) type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// The transaction pool, fork-aware unless `--pool-type` says otherwise.
pub(crate) type FullPool = TransactionPoolHandle<Block, FullClient>;

type GrandpaBlockImport =
    sc_consensus_grandpa::GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type GrandpaLink = sc_consensus_grandpa::LinkHalf<Block, FullClient, FullSelectChain>;

/// The way of every block into the database: held against what else its author made, checked by BABE, then by GRANDPA, then executed and
/// stored.
type BlockImport = equivocation::Watch<
    sc_consensus_babe::BabeBlockImport<
        Block,
        FullClient,
        GrandpaBlockImport,
        BabeCreateInherentDataProviders<Block>,
        FullSelectChain,
    >,
>;

type RpcBuilder = dyn Fn(SubscriptionTaskExecutor) -> Result<RpcModule<()>, ServiceError>;

/// Parts of a node that its consensus needs, besides those every node has.
pub(crate) struct ConsensusParts {
    block_import: BlockImport,
    babe_link: sc_consensus_babe::BabeLink<Block>,
    grandpa_link: GrandpaLink,
    voter_state: SharedVoterState,
    rpc_builder: Box<RpcBuilder>,
    telemetry: Option<Telemetry>,
}

/// A node without network: what the sub-commands work on.
pub(crate) type Parts = PartialComponents<
    FullClient,
    FullBackend,
    FullSelectChain,
    sc_consensus::DefaultImportQueue<Block>,
    FullPool,
    ConsensusParts,
>;

/// Opens the database and makes everything that does not need a network. The state pruning in use is written into
/// `config`.
///
/// # Errors
/// When the database, the keystore or the genesis of the chain cannot be opened or made.
pub(crate) fn new_partial(
    config: &mut Configuration,
    wasm_cache: &WasmCache,
) -> Result<Parts, ServiceError> {
    let backend = pruning::open_backend(config)?;
    let config = &*config;

    let telemetry = config
        .telemetry_endpoints
        .clone()
        .filter(|endpoints| !endpoints.is_empty())
        .map(|endpoints| -> Result<_, sc_telemetry::Error> {
            let worker = TelemetryWorker::new(16)?;
            let telemetry = worker.handle().new_telemetry(endpoints);
            Ok((worker, telemetry))
        })
        .transpose()?;

    let executor = wasm_cache.executor(&config.executor);
    let genesis = GenesisBlock {
        chain_spec: config.chain_spec.cloned_box(),
        commit_state: !config.no_genesis(),
        backend: backend.clone(),
        executor: executor.clone(),
    };
    let (client, backend, keystore_container, task_manager) =
        sc_service::new_full_parts_with_genesis_builder::<Block, RuntimeApi, _, _>(
            config,
            telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
            executor,
            backend,
            genesis,
            false,
        )?;
    let client = Arc::new(client);

    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager
            .spawn_handle()
            .spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = sc_consensus::LongestChain::new(backend.clone());
    let transaction_pool = Arc::new(
        sc_transaction_pool::Builder::new(
            task_manager.spawn_essential_handle(),
            client.clone(),
            config.role.is_authority().into(),
        )
        .with_options(config.transaction_pool.clone())
        .with_prometheus(config.prometheus_registry())
        .build(),
    );

    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        consensus::GRANDPA_JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        telemetry.as_ref().map(Telemetry::handle),
    )?;
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (babe_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        client.clone(),
        consensus::inherent_data_providers(slot_duration),
        select_chain.clone(),
        OffchainTransactionPoolFactory::new(equivocation::Nowhere),
    )?;
    let block_import = equivocation::Watch::new(
        babe_import,
        client.clone(),
        OffchainTransactionPoolFactory::new(transaction_pool.clone()),
    );
    let (import_queue, babe_worker_handle) =
        sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
            link: babe_link.clone(),
            block_import: block_import.clone(),
            justification_import: Some(Box::new(grandpa_import)),
            client: client.clone(),
            slot_duration,
            spawner: &task_manager.spawn_essential_handle(),
            registry: config.prometheus_registry(),
            telemetry: telemetry.as_ref().map(Telemetry::handle),
        })?;

    let voter_state = SharedVoterState::empty();
    let rpc_builder = {
        let authority_set = grandpa_link.shared_authority_set().clone();
        let justification_stream = grandpa_link.justification_stream();
        let finality_provider = sc_consensus_grandpa::FinalityProofProvider::new_for_service(
            backend.clone(),
            Some(authority_set.clone()),
        );
        let client = client.clone();
        let pool = transaction_pool.clone();
        let select_chain = select_chain.clone();
        let chain_spec = config.chain_spec.cloned_box();
        let keystore = keystore_container.keystore();
        let voter_state = voter_state.clone();
        Box::new(move |executor: SubscriptionTaskExecutor| {
            let deps = rpc::Deps {
                client: client.clone(),
                pool: pool.clone(),
                select_chain: select_chain.clone(),
                chain_spec: chain_spec.cloned_box(),
                babe: rpc::BabeDeps {
                    worker_handle: babe_worker_handle.clone(),
                    keystore: keystore.clone(),
                },
                grandpa: rpc::GrandpaDeps {
                    voter_state: voter_state.clone(),
                    authority_set: authority_set.clone(),
                    justification_stream: justification_stream.clone(),
                    finality_provider: finality_provider.clone(),
                },
            };
            rpc::create(deps, executor).map_err(ServiceError::Application)
        })
    };

    Ok(PartialComponents {
        client,
        backend,
        task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other: ConsensusParts {
            block_import,
            babe_link,
            grandpa_link,
            voter_state,
            rpc_builder,
            telemetry,
        },
    })
}

/// Starts a node with the network backend that `config` names.
///
/// # Errors
/// When a part cannot be made, a port is taken, or there is less disk space than `monitor` asks for.
pub(crate) fn new_full(
    config: Configuration,
    wasm_cache: &WasmCache,
    monitor: StorageMonitorParams,
) -> Result<TaskManager, ServiceError> {
    match config.network.network_backend {
        NetworkBackendType::Litep2p => {
            start::<sc_network::Litep2pNetworkBackend>(config, wasm_cache, monitor)
        }
        NetworkBackendType::Libp2p => start::<
            sc_network::NetworkWorker<Block, <Block as BlockT>::Hash>,
        >(config, wasm_cache, monitor),
    }
}

/// How many peers ask for blocks at once.
fn peers_of(set: &SetConfig) -> usize {
    let peers = set.in_peers.saturating_add(set.out_peers);
    usize::try_from(peers).unwrap_or(usize::MAX)
}

fn start<Net>(
    mut config: Configuration,
    wasm_cache: &WasmCache,
    monitor: StorageMonitorParams,
) -> Result<TaskManager, ServiceError>
where
    Net: NetworkBackend<Block, <Block as BlockT>::Hash>,
{
    let PartialComponents {
        client,
        backend,
        mut task_manager,
        import_queue,
        keystore_container,
        select_chain,
        transaction_pool,
        other:
            ConsensusParts {
                block_import,
                babe_link,
                grandpa_link,
                voter_state,
                rpc_builder,
                mut telemetry,
            },
    } = new_partial(&mut config, wasm_cache)?;

    let database_path = config.database.path().map(Path::to_path_buf);
    let role = config.role;
    let prometheus_registry = config.prometheus_registry().cloned();
    let genesis_hash = client.block_hash(0)?.ok_or_else(|| {
        ServiceError::Other("the database has no genesis block; remove it with purge-chain".into())
    })?;

    let metrics = Net::register_notification_metrics(config.prometheus_registry());
    let mut net_config = sc_network::config::FullNetworkConfiguration::<_, _, Net>::new(
        &config.network,
        prometheus_registry.clone(),
    );
    let grandpa_protocol =
        sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
    let (grandpa_protocol_config, grandpa_notifications) =
        sc_consensus_grandpa::grandpa_peers_set_config::<_, Net>(
            grandpa_protocol.clone(),
            metrics.clone(),
            net_config.peer_store_handle(),
        );
    let grandpa_enabled = !config.disable_grandpa;
    // Offered only when somebody listens: litep2p takes no connection at all while a protocol of it has nobody behind it.
    if grandpa_enabled {
        net_config.add_notification_protocol(grandpa_protocol_config);
    }

    let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        backend.clone(),
        grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    ));
    let (noting, announcements) = missing_blocks::announcements::<Block>();
    let requests = NetworkServiceProvider::new();
    let block_relay = BlockRequestHandler::new::<Net>(
        requests.handle(),
        &config.protocol_id(),
        config.chain_spec.fork_id(),
        client.clone(),
        peers_of(&config.network.default_peers_set),
    );
    let (downloader, import) = (block_relay.downloader.clone(), import_queue.service());
    let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
        sc_service::build_network(sc_service::BuildNetworkParams {
            config: &config,
            net_config,
            client: client.clone(),
            transaction_pool: transaction_pool.clone(),
            spawn_handle: task_manager.spawn_handle(),
            spawn_essential_handle: task_manager.spawn_essential_handle(),
            import_queue,
            block_announce_validator_builder: Some(Box::new(|_| Box::new(noting))),
            warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
            block_relay: Some(block_relay),
            metrics,
            gap_sync_body_policy: None,
        })?;
    task_manager.spawn_handle().spawn(
        "block-requests",
        Some("networking"),
        requests.run(Arc::new(network.clone())),
    );
    let fetcher = missing_blocks::Fetcher {
        client: client.clone(),
        sync: sync_service.clone(),
        downloader,
    };
    task_manager.spawn_handle().spawn(
        "missing-blocks",
        Some("networking"),
        fetcher.run(announcements, import),
    );

    if config.offchain_worker.enabled {
        let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
            runtime_api_provider: client.clone(),
            keystore: Some(keystore_container.keystore()),
            offchain_db: backend.offchain_storage(),
            transaction_pool: Some(OffchainTransactionPoolFactory::new(
                transaction_pool.clone(),
            )),
            network_provider: Arc::new(network.clone()),
            is_validator: role.is_authority(),
            enable_http_requests: true,
            custom_extensions: |_| Vec::new(),
        })?;
        task_manager.spawn_handle().spawn(
            "offchain-workers-runner",
            Some("offchain-worker"),
            workers
                .run(client.clone(), task_manager.spawn_handle())
                .boxed(),
        );
    }

    let chain_type = config.chain_spec.chain_type();
    let force_authoring = config.force_authoring;
    let node_name = config.network.node_name.clone();
    let discovery = sc_authority_discovery::WorkerConfig {
        publish_non_global_ips: config.network.allow_non_globals_in_dht,
        public_addresses: config.network.public_addresses.clone(),
        // Every client of this chain signs its record with the network identity too.
        strict_record_validation: true,
        persisted_cache_directory: config.network.net_config_path.clone(),
        ..Default::default()
    };

    sc_service::spawn_tasks(sc_service::SpawnTasksParams {
        config,
        client: client.clone(),
        backend,
        task_manager: &mut task_manager,
        keystore: keystore_container.keystore(),
        transaction_pool: transaction_pool.clone(),
        rpc_builder,
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync_service.clone(),
        telemetry: telemetry.as_mut(),
        tracing_execute_block: None,
    })?;

    if role.is_authority() {
        let mut proposer_factory = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            client.clone(),
            transaction_pool.clone(),
            prometheus_registry.as_ref(),
            telemetry.as_ref().map(Telemetry::handle),
        );
        proposer_factory.set_default_block_size_limit(consensus::BLOCK_SIZE_LIMIT);

        let author = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: keystore_container.keystore(),
            client: client.clone(),
            select_chain,
            env: proposer_factory,
            block_import,
            sync_oracle: sync_service.clone(),
            justification_sync_link: sync_service.clone(),
            create_inherent_data_providers: clock::author_inherents::<Block, _>(
                client.clone(),
                babe_link.config().slot_duration(),
            ),
            force_authoring,
            backoff_authoring_blocks: consensus::backoff_authoring(&chain_type),
            babe_link,
            block_proposal_slot_portion: consensus::proposal_slot_portion(),
            max_block_proposal_slot_portion: Some(consensus::max_proposal_slot_portion()),
            telemetry: telemetry.as_ref().map(Telemetry::handle),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking(
            "babe-proposer",
            Some("block-authoring"),
            author,
        );

        let dht_events =
            network
                .event_stream("authority-discovery")
                .filter_map(|event| async move {
                    match event {
                        Event::Dht(event) => Some(event),
                        _ => None,
                    }
                });
        let (worker, _service) = sc_authority_discovery::new_worker_and_service_with_config(
            discovery,
            client,
            Arc::new(network.clone()),
            Box::pin(dht_events),
            sc_authority_discovery::Role::PublishAndDiscover(keystore_container.keystore()),
            prometheus_registry.clone(),
            task_manager.spawn_handle(),
        );
        task_manager.spawn_handle().spawn(
            "authority-discovery-worker",
            Some("networking"),
            worker.run(),
        );
    }

    if grandpa_enabled {
        let config = sc_consensus_grandpa::Config {
            gossip_duration: consensus::GRANDPA_GOSSIP_DURATION,
            justification_generation_period: consensus::GRANDPA_JUSTIFICATION_PERIOD,
            observer_enabled: false,
            local_role: role,
            name: Some(node_name),
            // Without keys the voter only follows the votes of others.
            keystore: role.is_authority().then(|| keystore_container.keystore()),
            telemetry: telemetry.as_ref().map(Telemetry::handle),
            protocol_name: grandpa_protocol,
        };
        let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
            config,
            link: grandpa_link,
            network,
            sync: Arc::new(sync_service),
            notification_service: Box::new(CatchUp::new(grandpa_notifications)),
            voting_rule: consensus::VOTING_RULE,
            prometheus_registry,
            shared_voter_state: voter_state,
            telemetry: telemetry.as_ref().map(Telemetry::handle),
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
        })?;
        task_manager
            .spawn_essential_handle()
            .spawn_blocking("grandpa-voter", None, voter);
    }

    if let Some(path) = database_path {
        StorageMonitorService::try_spawn(monitor, path, &task_manager.spawn_essential_handle())
            .map_err(|error| ServiceError::Application(error.into()))?;
    }

    Ok(task_manager)
}
