//! The metadata that programs outside the runtime are built on is committed, so that every change
//! of an interface shows in a diff, and so is its hash, which is compiled into the WASM. After an
//! intended change: `make metadata`.

use codec::Decode;
use frame_metadata::RuntimeMetadataPrefixed;
use merkleized_metadata::{generate_metadata_digest, ExtraInfo};
use noema_core::units::{DECIMALS, SYMBOL};
use noema_runtime::{Runtime, VERSION};
use sp_io::TestExternalities;
use std::{fs, path::PathBuf};

/// The version that is committed: the newest that all clients read, and the one that is hashed.
const METADATA_VERSION: u32 = 15;

fn path(from_here: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(from_here)
}

/// On a chain without a state: the pace of referenda, which is among the constants, is the usual one.
fn at_version(version: u32) -> Option<Vec<u8>> {
    let made =
        TestExternalities::new_empty().execute_with(|| Runtime::metadata_at_version(version));
    Some(made?.to_vec())
}

fn current() -> Vec<u8> {
    at_version(METADATA_VERSION).expect("the runtime makes this version")
}

/// The hash of the metadata and of what a wallet shows, as RFC 78 of the Polkadot Fellowship says.
fn hash() -> String {
    let metadata = RuntimeMetadataPrefixed::decode(&mut &current()[..])
        .expect("metadata decodes")
        .1;
    let shown = ExtraInfo {
        spec_version: VERSION.spec_version,
        spec_name: VERSION.spec_name.to_string(),
        base58_prefix: <Runtime as frame_system::Config>::SS58Prefix::get(),
        decimals: DECIMALS,
        token_symbol: SYMBOL.to_owned(),
    };
    let digest = generate_metadata_digest(&metadata, shown).expect("this version can be hashed");
    format!("0x{}\n", hex::encode(digest.hash()))
}

/// Compares a committed file with what it should be; with `UPDATE_METADATA=1` writes it before.
fn is_committed(file: &str, expected: &[u8]) {
    let path = path(file);
    if std::env::var_os("UPDATE_METADATA").is_some_and(|value| value == "1") {
        fs::write(&path, expected).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let found = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        found == expected,
        "{} is not that of this runtime. If the interface was meant to change, run `make metadata`, \
         commit the file and raise the spec version (and the transaction version, if calls or \
         extensions changed).",
        path.display(),
    );
}

#[test]
#[cfg_attr(
    any(feature = "runtime-benchmarks", feature = "try-runtime"),
    ignore = "the committed metadata is that of the plain runtime"
)]
fn committed_metadata_and_its_hash_are_those_of_the_runtime() {
    is_committed("../services/chain-client/metadata.scale", &current());
    is_committed("metadata-hash.txt", hash().as_bytes());
}

#[test]
fn every_version_in_use_is_made() {
    assert_eq!(Runtime::metadata_versions(), [14, 15, 16]);
    for version in Runtime::metadata_versions() {
        let metadata = at_version(version).expect("a listed version is made");
        assert_eq!(metadata.get(..4), Some(b"meta".as_slice()));
        assert_eq!(metadata.get(4).copied().map(u32::from), Some(version));
    }
    assert!(at_version(13).is_none());
}
