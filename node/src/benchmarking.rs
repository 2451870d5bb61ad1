//! The `benchmark` sub-commands: what weights and hardware requirements are made from.

use crate::{
    cli::Cli,
    executor::{
        AddedHostFunctions, BenchmarkingHostFunctions, CurveHostFunctions, StatementHostFunctions,
    },
    service::{self, FullClient, Parts},
};
use codec::Encode;
use frame_benchmarking_cli::{
    BenchmarkCmd, ExtrinsicBuilder, ExtrinsicFactory, SubstrateRemarkBuilder,
    SUBSTRATE_REFERENCE_HARDWARE,
};
use noema_core::{AccountId, Hash, OpaqueBlock as Block, Signature};
use noema_runtime::{
    Runtime, RuntimeCall, SignedPayload, TxExtension, UncheckedExtrinsic, VERSION,
};
use sc_cli::SubstrateCli;
use sc_client_api::UsageProvider;
use sp_inherents::{InherentData, InherentDataProvider};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::Era,
    traits::{HashingFor, Zero},
    OpaqueExtrinsic,
};
use std::{sync::Arc, time::Duration};

/// Runs a `benchmark` sub-command.
///
/// # Errors
/// When the client was built without what the sub-command needs, or the measurement fails.
pub(crate) fn run(cli: &Cli, command: &BenchmarkCmd) -> sc_cli::Result<()> {
    let runner = cli.create_runner(command)?;
    runner.sync_run(|mut config| match command {
        BenchmarkCmd::Pallet(command) => {
            // The benchmarks are the runtime's own. Any client runs those of a runtime given as a file; one built for
            // measuring has them in its embedded runtime too.
            if command.runtime.is_none() && !cfg!(feature = "runtime-benchmarks") {
                return Err(
                    "`benchmark pallet` needs a runtime built with its benchmarks: name its wasm with `--runtime`, or \
                     run `scripts/bench-weights.sh`, which builds one"
                        .into(),
                );
            }
            // Genesis is that of the runtime that is measured.
            let chain_spec = command.runtime.is_none().then_some(config.chain_spec);
            command.run_with_spec::<HashingFor<Block>, AddedHostFunctions>(chain_spec)
        }
        BenchmarkCmd::Overhead(command) => command.run_with_default_builder_and_spec::<Block, (
            BenchmarkingHostFunctions,
            StatementHostFunctions,
            CurveHostFunctions,
        )>(Some(config.chain_spec)),
        BenchmarkCmd::Extrinsic(command) => {
            let Parts { client, .. } = service::new_partial(&mut config, &cli.wasm_cache)?;
            let builders: Vec<Box<dyn ExtrinsicBuilder>> = vec![
                Box::new(SubstrateRemarkBuilder::new_from_client(client.clone())?),
                Box::new(TransferBuilder::new(&client)),
            ];
            command.run(
                client,
                first_block_inherents()?,
                Vec::new(),
                &ExtrinsicFactory(builders),
            )
        }
        BenchmarkCmd::Block(command) => {
            let Parts { client, .. } = service::new_partial(&mut config, &cli.wasm_cache)?;
            command.run(client)
        }
        #[cfg(feature = "runtime-benchmarks")]
        BenchmarkCmd::Storage(command) => {
            let Parts {
                client, backend, ..
            } = service::new_partial(&mut config, &cli.wasm_cache)?;
            let database = backend.expose_db();
            let storage = backend.expose_storage();
            let trie_cache = backend.expose_shared_trie_cache();
            command.run(config, client, database, storage, trie_cache)
        }
        #[cfg(not(feature = "runtime-benchmarks"))]
        BenchmarkCmd::Storage(_) => Err(no_storage_benchmark()),
        BenchmarkCmd::Machine(command) => {
            command.run(&config, SUBSTRATE_REFERENCE_HARDWARE.clone())
        }
    })
}

#[cfg(not(feature = "runtime-benchmarks"))]
fn no_storage_benchmark() -> sc_cli::Error {
    "`benchmark storage` needs a client built for measuring: \
     `cargo build --release -p noema-node --features runtime-benchmarks`"
        .into()
}

/// The inherents of a block that is built on genesis for measuring: the first slot, at time zero, where BABE accepts a
/// block without a claim.
fn first_block_inherents() -> sc_cli::Result<InherentData> {
    let mut data = InherentData::new();
    let time = sp_timestamp::InherentDataProvider::new(Duration::ZERO.into());
    futures::executor::block_on(time.provide_inherent_data(&mut data))
        .map_err(|error| format!("the timestamp inherent cannot be made: {error}"))?;
    Ok(data)
}

/// Builds transfers of the existential deposit from Alice to Bob, valid on top of genesis.
struct TransferBuilder {
    genesis: Hash,
}

impl TransferBuilder {
    fn new(client: &Arc<FullClient>) -> Self {
        Self {
            genesis: client.usage_info().chain.genesis_hash,
        }
    }
}

impl ExtrinsicBuilder for TransferBuilder {
    fn pallet(&self) -> &str {
        "balances"
    }

    fn extrinsic(&self) -> &str {
        "transfer_keep_alive"
    }

    fn build(&self, nonce: u32) -> Result<OpaqueExtrinsic, &'static str> {
        let sender = Sr25519Keyring::Alice;
        let receiver: AccountId = Sr25519Keyring::Bob.to_account_id();
        let call = RuntimeCall::Balances(pallet_balances::Call::transfer_keep_alive {
            dest: receiver.into(),
            value: <Runtime as pallet_balances::Config>::ExistentialDeposit::get(),
        });
        let extension: TxExtension = (
            frame_system::CheckNonZeroSender::new(),
            frame_system::CheckSpecVersion::new(),
            frame_system::CheckTxVersion::new(),
            frame_system::CheckGenesis::new(),
            frame_system::CheckMortality::from(Era::Immortal),
            frame_system::CheckNonce::from(nonce),
            frame_system::CheckWeight::new(),
            pallet_transaction_payment::ChargeTransactionPayment::from(Zero::zero()),
            frame_metadata_hash_extension::CheckMetadataHash::new(false),
            frame_system::WeightReclaim::new(),
        );
        let signed_beside = (
            (),
            VERSION.spec_version,
            VERSION.transaction_version,
            self.genesis,
            self.genesis,
            (),
            (),
            (),
            None,
            (),
        );
        let payload = SignedPayload::from_raw(call.clone(), extension.clone(), signed_beside);
        let signature = payload.using_encoded(|bytes| sender.sign(bytes));
        let account: AccountId = sender.to_account_id();
        Ok(UncheckedExtrinsic::new_signed(
            call,
            account.into(),
            Signature::Sr25519(signature),
            extension,
        )
        .into())
    }
}
