//! Keystore files: any bytes in the place of one. What is accepted has the form of Polkadot.js and is
//! written back as it was read; what it asks of the machine to be opened stays within bounds.

#![no_main]

#[allow(dead_code)]
#[path = "../../cli/src/keystore.rs"]
mod keystore;

use std::{fs, path::PathBuf, sync::OnceLock};

use base64::{engine::general_purpose::STANDARD, Engine};
use keystore::{KeystoreError, KeystoreFile};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

struct Place {
    path: PathBuf,
    _dir: tempfile::TempDir,
}

fn place() -> &'static Place {
    static PLACE: OnceLock<Place> = OnceLock::new();
    PLACE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        Place {
            path: dir.path().join("key.json"),
            _dir: dir,
        }
    })
}

fuzz_target!(|input: &[u8]| {
    let path = &place().path;
    fs::write(path, input).unwrap();
    match KeystoreFile::read(path) {
        Ok(file) => accepted(&file, input),
        Err(KeystoreError::Malformed { reason, .. }) => assert!(!reason.is_empty()),
        Err(other) => panic!("{other}"),
    }
});

fn accepted(file: &KeystoreFile, input: &[u8]) {
    let path = &place().path;
    let theirs: Value = serde_json::from_slice(input).expect("a keystore file is JSON");
    let ours = serde_json::to_value(file).unwrap();
    assert_eq!(ours["encoded"], theirs["encoded"]);
    assert_eq!(ours["encoding"]["version"], "3");
    assert_eq!(file.name(), theirs["meta"]["name"].as_str());
    let address = theirs["address"].as_str().unwrap();
    assert_eq!(address.parse(), Ok(file.account()));

    // Stretching a password takes 50 ms and 32 MiB, so that it is left out here; other parameters than
    // those Polkadot.js writes must be refused before anything is stretched.
    let encoded = STANDARD.decode(ours["encoded"].as_str().unwrap()).unwrap();
    let log_n_p_r = [1 << 13, 1 << 14, 1 << 15, 1 << 16, 1 << 17].map(u32::to_le_bytes);
    if log_n_p_r.iter().all(|n| encoded[32..36] != n[..]) {
        assert!(matches!(
            file.open("password", path),
            Err(KeystoreError::Malformed { .. })
        ));
    }
}
