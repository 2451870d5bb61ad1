//! Host functions: what the runtime may ask of the client.
//!
//! A runtime upgrade brings new logic but never new host functions: a runtime that imports a function which a
//! validator's client lacks cannot run there. So everything that the SDK offers in a stable form is present from genesis,
//! whether today's runtime imports it or not. Taking one away later would be a fork; a unit test holds the list.
//!
//! Left out on purpose: `sp-virtualization` (PolkaVM inside a runtime call), whose interface its authors declare unstable
//! and unfit for production.

use sc_executor::{HeapAllocStrategy, DEFAULT_HEAP_ALLOC_STRATEGY};
use sc_service::config::ExecutorConfiguration;
use sp_crypto_ec_utils as curves;
use std::{
    fs::DirBuilder,
    io,
    path::{Path, PathBuf},
};

/// Point multiplication, multi-scalar multiplication and pairings on the curves of `sp-crypto-ec-utils`. BLS12-381 carries
/// the aggregate attestations; the others serve proof systems.
pub(crate) type CurveHostFunctions = (
    curves::bls12_377::host_calls::HostFunctions,
    curves::bls12_381::host_calls::HostFunctions,
    curves::bw6_761::host_calls::HostFunctions,
    curves::ed_on_bls12_377::host_calls::HostFunctions,
    curves::ed_on_bls12_381_bandersnatch::host_calls::HostFunctions,
    curves::pallas::host_calls::HostFunctions,
    curves::vesta::host_calls::HostFunctions,
);

/// The size of the storage proof recorded so far, for reclaiming proof weight.
pub(crate) type ProofSizeHostFunctions =
    cumulus_primitives_proof_size_hostfunction::storage_proof_size::HostFunctions;

/// The statement store: signed statements gossiped beside the chain.
pub(crate) type StatementHostFunctions = sp_statement_store::runtime_api::HostFunctions;

/// Database and timing control, imported only by runtimes built with `runtime-benchmarks`.
pub(crate) type BenchmarkingHostFunctions = frame_benchmarking::benchmarking::HostFunctions;

/// What Noema adds to the functions that every tool of the SDK registers by itself.
pub(crate) type AddedHostFunctions = (
    ProofSizeHostFunctions,
    StatementHostFunctions,
    CurveHostFunctions,
);

/// Every host function of the client.
pub(crate) type HostFunctions = (
    sp_io::SubstrateHostFunctions,
    BenchmarkingHostFunctions,
    AddedHostFunctions,
);

/// Runs the runtime's wasm with [`HostFunctions`].
pub(crate) type RuntimeExecutor = sc_executor::WasmExecutor<HostFunctions>;

/// Where compiled runtimes are kept, if anywhere.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct WasmCache {
    /// Keep compiled runtimes in this directory, and take them from there.
    ///
    /// To compile a runtime takes a machine seconds, at every start and in the block that brings a new one: no block is imported meanwhile. A node
    /// finds a new runtime compiled when `noema-node check-upgrade` rehearsed it on this machine with the same directory. What lies there is
    /// executed as it is: nobody else may write to it.
    #[arg(long, value_name = "DIR", env = "NOEMA_WASM_CACHE")]
    wasm_cache: Option<PathBuf>,
}

impl WasmCache {
    /// Builds an executor as [`sc_service::new_wasm_executor`] does, which knows no such directory.
    pub(crate) fn executor(&self, config: &ExecutorConfiguration) -> RuntimeExecutor {
        let heap = config
            .default_heap_pages
            .map_or(DEFAULT_HEAP_ALLOC_STRATEGY, |pages| {
                HeapAllocStrategy::Static {
                    extra_pages: u32::try_from(pages).unwrap_or(u32::MAX),
                }
            });
        let builder = RuntimeExecutor::builder()
            .with_execution_method(config.wasm_method)
            .with_onchain_heap_alloc_strategy(heap)
            .with_offchain_heap_alloc_strategy(heap)
            .with_max_runtime_instances(config.max_runtime_instances)
            .with_runtime_cache_size(config.runtime_cache_size);
        match self.wasm_cache.as_deref().map(prepare) {
            Some(Ok(directory)) => builder.with_cache_path(directory).build(),
            Some(Err(error)) => {
                // It only saves time.
                tracing::warn!("compiled runtimes are not kept: {error}");
                builder.build()
            }
            None => builder.build(),
        }
    }
}

/// Makes the directory if it is missing, for this user alone. Returns its absolute path.
fn prepare(directory: &Path) -> io::Result<PathBuf> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)?;
    directory.canonicalize()
}

#[cfg(test)]
mod tests {
    use super::HostFunctions;
    use sc_executor::HostFunctions as _;
    use std::collections::BTreeSet;

    /// One name per line, sorted.
    const AT_GENESIS: &str = include_str!("host_functions.txt");

    #[test]
    fn host_functions_match_the_list_fixed_at_genesis() {
        let provided: Vec<&str> = HostFunctions::host_functions()
            .iter()
            .map(|f| f.name())
            .collect();
        let names: BTreeSet<&str> = provided.iter().copied().collect();
        assert_eq!(
            names.len(),
            provided.len(),
            "a host function is registered twice"
        );

        let expected: BTreeSet<&str> = AT_GENESIS.lines().collect();
        let missing: Vec<_> = expected.difference(&names).collect();
        let unlisted: Vec<_> = names.difference(&expected).collect();
        assert!(
            missing.is_empty() && unlisted.is_empty(),
            "the host functions changed.\nMissing, which forks every runtime that imports them: {missing:#?}\n\
             New, add them to src/host_functions.txt: {unlisted:#?}",
        );
    }

    #[test]
    fn host_functions_cover_every_area() {
        for area in [
            "storage_get_version_1",
            "statement_store_submit_statement_version_1",
            "storage_proof_size_storage_proof_size_version_1",
            "benchmarking_current_time_version_1",
        ] {
            let name = format!("ext_{area}");
            assert!(AT_GENESIS.lines().any(|line| line == name), "no {name}");
        }
        for curve in [
            "bls12_381",
            "bls12_377",
            "bw6_761",
            "bandersnatch",
            "pallas",
            "vesta",
        ] {
            assert!(
                AT_GENESIS.lines().any(|line| line.contains(curve)),
                "no function for {curve}"
            );
        }
    }
}
