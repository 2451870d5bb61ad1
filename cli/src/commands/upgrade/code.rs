//! The code of an upgrade, read from its file.

use std::path::Path;

use noema_chain_client::Hash;
use noema_commitment::{Hasher, Software};

use crate::{
    failure::Failure,
    wasm::{RuntimeCode, RuntimeVersion},
};

/// A runtime in a file.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) code: RuntimeCode,
    pub(super) version: RuntimeVersion,
    /// What governance authorises.
    pub(super) hash: Hash,
}

impl Candidate {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let no_runtime = |e| Failure::usage(format!("{} is no runtime: {e}", path.display()));
        let bytes = std::fs::read(path).map_err(|e| Failure::io("read", path, &e))?;
        let code = RuntimeCode::new(bytes).map_err(no_runtime)?;
        let version = code.version().map_err(no_runtime)?;
        let hash = hash_of(code.bytes());
        Ok(Self {
            code,
            version,
            hash,
        })
    }

    /// Length of the code as it is handed in.
    pub(super) fn size(&self) -> u64 {
        self.code.bytes().len() as u64
    }
}

/// The BLAKE2b-256 hash, by which the chain knows code and calls.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    Hash(Software::blake2_256(bytes))
}
