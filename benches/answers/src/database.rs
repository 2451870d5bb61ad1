//! The state as a node keeps it: a trie in ParityDB. Reads are counted.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use parity_db::{CompressionType, Db, Operation, Options};
use sp_core::{Blake2Hasher, H256};
use sp_state_machine::{BackendTransaction, DBValue, TrieBackendStorage};

/// The only column.
const STATE: u8 = 0;
/// Bytes of a hash, which come behind a prefix in the keys of a transaction.
const HASH: usize = 32;

/// A database of trie nodes.
pub(crate) struct Database {
    db: Db,
    reads: AtomicU64,
}

impl Database {
    /// Opens it, or makes it, with the settings that the client has for its state.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let mut options = Options::with_columns(path, 1);
        for column in &mut options.columns {
            column.preimage = true;
            column.uniform = true;
            column.ref_counted = true;
            column.compression = CompressionType::Lz4;
        }
        let db = Db::open_or_create(&options)
            .with_context(|| format!("open a database in {}", path.display()))?;
        Ok(Self {
            db,
            reads: AtomicU64::new(0),
        })
    }

    /// How often it was read since it was opened.
    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Writes what a block changes, and takes away what it replaces.
    pub(crate) fn commit(
        &self,
        mut changes: BackendTransaction<Blake2Hasher>,
    ) -> anyhow::Result<()> {
        let mut operations = Vec::new();
        for (mut key, (value, count)) in changes.drain() {
            key.drain(..key.len().saturating_sub(HASH));
            for _ in 0..count {
                operations.push((STATE, Operation::Set(key.clone(), value.clone())));
            }
            for _ in count..0 {
                operations.push((STATE, Operation::Dereference(key.clone())));
            }
        }
        self.db
            .commit_changes(operations)
            .context("write to the database")
    }
}

impl TrieBackendStorage<Blake2Hasher> for Database {
    fn get(
        &self,
        key: &H256,
        _prefix: (&[u8], Option<u8>),
    ) -> Result<Option<DBValue>, sp_state_machine::DefaultError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.db
            .get(STATE, key.as_bytes())
            .map_err(|error| error.to_string())
    }
}
