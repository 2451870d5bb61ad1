//! The metadata that programs outside the runtime are built on is committed, so that every change
//! of an interface shows in a diff. After an intended change:
//! `UPDATE_METADATA=1 cargo test -p noema-runtime --test metadata`.

use noema_runtime::Runtime;
use std::{fs, path::PathBuf};

/// The version that is committed: the newest that all clients read.
const VERSION: u32 = 15;

fn committed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../services/chain-client/metadata.scale")
}

fn current() -> Vec<u8> {
    Runtime::metadata_at_version(VERSION)
        .expect("the runtime makes this version")
        .to_vec()
}

#[test]
#[cfg_attr(
    any(feature = "runtime-benchmarks", feature = "try-runtime"),
    ignore = "the committed metadata is that of the plain runtime"
)]
fn committed_metadata_is_that_of_the_runtime() {
    let path = committed();
    if std::env::var_os("UPDATE_METADATA").is_some_and(|value| value == "1") {
        fs::write(&path, current()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
    let found = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert!(
        found == current(),
        "{} is not the metadata of this runtime. If the interface was meant to change, run \
         `UPDATE_METADATA=1 cargo test -p noema-runtime --test metadata`, commit the file and raise \
         the spec version (and the transaction version, if calls or extensions changed).",
        path.display(),
    );
}

#[test]
fn every_version_in_use_is_made() {
    assert_eq!(Runtime::metadata_versions(), [14, 15, 16]);
    for version in Runtime::metadata_versions() {
        let metadata = Runtime::metadata_at_version(version).expect("a listed version is made");
        assert_eq!(metadata.get(..4), Some(b"meta".as_slice()));
        assert_eq!(metadata.get(4).copied().map(u32::from), Some(version));
    }
    assert!(Runtime::metadata_at_version(13).is_none());
}
