//! JSON-RPC methods beyond those that `sc-service` merges by itself.
//!
//! `sc-service` brings the RPC v2 groups (`chainHead_v1`, `transaction_v1`, `transactionWatch_v1`, `chainSpec_v1`, and
//! `archive_v1` where both prunings keep everything) and the older `author`, `chain`, `state`, `childstate`, `offchain` and
//! `system`. This module adds account nonces and dry runs, fees, BABE, GRANDPA and the sync state. Whatever concerns
//! Noema's own pallets is read through runtime APIs and storage, which every client library already knows.

use crate::service::{FullBackend, FullClient, FullPool, FullSelectChain};
use jsonrpsee::RpcModule;
use noema_core::{AccountId, BlockNumber, Hash, Nonce, OpaqueBlock as Block};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
    FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_rpc::SubscriptionTaskExecutor;
use sc_service::ChainSpec;
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_keystore::KeystorePtr;
use std::{error::Error, sync::Arc};
use substrate_frame_rpc_system::{System, SystemApiServer};

/// What the BABE methods read.
pub(crate) struct BabeDeps {
    /// Answers for the epochs of any fork.
    pub(crate) worker_handle: BabeWorkerHandle<Block>,
    /// Holds this node's authoring keys.
    pub(crate) keystore: KeystorePtr,
}

/// What the GRANDPA methods read.
pub(crate) struct GrandpaDeps {
    /// The rounds that this node takes part in.
    pub(crate) voter_state: SharedVoterState,
    /// The validators and their weights.
    pub(crate) authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// Justifications as they are made.
    pub(crate) justification_stream: GrandpaJustificationStream<Block>,
    /// Proves old blocks final.
    pub(crate) finality_provider: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What the methods of this module read.
pub(crate) struct Deps {
    pub(crate) client: Arc<FullClient>,
    pub(crate) pool: Arc<FullPool>,
    pub(crate) select_chain: FullSelectChain,
    pub(crate) chain_spec: Box<dyn ChainSpec>,
    pub(crate) babe: BabeDeps,
    pub(crate) grandpa: GrandpaDeps,
}

/// Makes the module that `sc-service` merges with its own.
///
/// # Errors
/// When two methods have the same name, or the chain specification is of a kind that cannot carry a sync state.
pub(crate) fn create(
    deps: Deps,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Box<dyn Error + Send + Sync>> {
    let Deps {
        client,
        pool,
        select_chain,
        chain_spec,
        babe,
        grandpa,
    } = deps;
    let mut module = RpcModule::new(());

    module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(
        System::new(client.clone(), pool),
    ))?;
    module.merge(TransactionPayment::new(client.clone()).into_rpc())?;
    module.merge(
        Babe::new(
            client.clone(),
            babe.worker_handle.clone(),
            babe.keystore,
            select_chain,
        )
        .into_rpc(),
    )?;
    module.merge(
        Grandpa::new(
            executor,
            grandpa.authority_set.clone(),
            grandpa.voter_state,
            grandpa.justification_stream,
            grandpa.finality_provider,
        )
        .into_rpc(),
    )?;
    module.merge(
        SyncState::new(
            chain_spec,
            client,
            grandpa.authority_set,
            babe.worker_handle,
        )?
        .into_rpc(),
    )?;

    Ok(module)
}
