//! Host functions: what the runtime may ask of the client.
//!
//! A runtime upgrade brings new logic but never new host functions: a runtime that imports a function which a
//! validator's client lacks cannot run there. So everything that the SDK offers in a stable form is present from genesis,
//! whether today's runtime imports it or not. Taking one away later would be a fork; a unit test holds the list.
//!
//! Left out on purpose: `sp-virtualization` (PolkaVM inside a runtime call), whose interface its authors declare unstable
//! and unfit for production.

use sp_crypto_ec_utils as curves;

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
