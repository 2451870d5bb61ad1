//! A chain's state and its runtime, as a node has them: the trie in a database without a cache of its nodes, the runtime as WASM.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{anyhow, Context};
use codec::{DecodeAll, Encode};
use noema_benches::specification::Items;
use noema_runtime::UncheckedExtrinsic;
use sc_executor::WasmExecutor;
use sp_core::{
    traits::{CallContext, RuntimeCode, WrappedRuntimeCode},
    Blake2Hasher, H256,
};
use sp_externalities::Extensions;
use sp_runtime::{ApplyExtrinsicResult, StateVersion};
use sp_state_machine::{
    Backend, Ext, OverlayedChanges, StateMachine, TrieBackend, TrieBackendBuilder,
};

use crate::database::Database;

/// Where a state has the runtime.
const CODE: &[u8] = b":code";

/// Changes on top of a state, not stored.
pub(crate) type Changes = OverlayedChanges<Blake2Hasher>;
/// The state in the database.
pub(crate) type State<'a> = TrieBackend<&'a Database, Blake2Hasher>;

/// A chain at one block.
pub(crate) struct Chain {
    path: PathBuf,
    database: Database,
    root: H256,
    code: Vec<u8>,
    executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
}

/// What something took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Took {
    /// Of the wall clock.
    pub(crate) time: Duration,
    /// Nodes of the trie, and values beside them, that were read from the database.
    pub(crate) reads: u64,
}

/// Does something natively in a state with changes.
pub(crate) fn within<B: Backend<Blake2Hasher>, R>(
    state: &B,
    changes: &mut Changes,
    work: impl FnOnce() -> R,
) -> R {
    let mut ext = Ext::new(changes, state, None);
    sp_externalities::set_and_run_with_externalities(&mut ext, work)
}

impl Chain {
    /// A chain with these items at first, in a new database.
    pub(crate) fn begin(path: &Path, items: &Items) -> anyhow::Result<Self> {
        let code = items
            .get(CODE)
            .context("the specification has no runtime")?
            .clone();
        let executor = WasmExecutor::builder()
            // Those that our runtime does not call are left out here.
            .with_allow_missing_host_functions(true)
            .build();
        let mut chain = Self {
            path: path.to_owned(),
            database: Database::open(path)?,
            root: *sp_state_machine::new_in_mem::<Blake2Hasher>().root(),
            code,
            executor,
        };
        chain.write(|| {
            for (key, value) in items {
                sp_io::storage::set(key, value);
            }
            Ok(())
        })?;
        Ok(chain)
    }

    /// The state as it is stored.
    pub(crate) fn state(&self) -> State<'_> {
        TrieBackendBuilder::new(&self.database, self.root).build()
    }

    /// Does something in the state and stores what it changes.
    pub(crate) fn write<R>(
        &mut self,
        work: impl FnOnce() -> anyhow::Result<R>,
    ) -> anyhow::Result<R> {
        let state = TrieBackendBuilder::<_, Blake2Hasher>::new(&self.database, self.root).build();
        let mut changes = Changes::default();
        let result = within(&state, &mut changes, work)?;
        let changes = changes
            .drain_storage_changes(&state, StateVersion::V1)
            .map_err(|error| anyhow!("the changes make no trie: {error}"))?;
        self.database.commit(changes.transaction)?;
        self.root = changes.transaction_storage_root;
        Ok(result)
    }

    /// Closes the database, so that everything is where it stays, and opens it again.
    pub(crate) fn settle(self) -> anyhow::Result<Self> {
        let Self {
            path,
            database,
            root,
            code,
            executor,
        } = self;
        drop(database);
        Ok(Self {
            database: Database::open(&path)?,
            path,
            root,
            code,
            executor,
        })
    }

    /// Measures something.
    pub(crate) fn measure<R>(&self, work: impl FnOnce() -> R) -> (R, Took) {
        let before = self.database.reads();
        let begun = Instant::now();
        let result = work();
        let time = begun.elapsed();
        let reads = self.database.reads().saturating_sub(before);
        (result, Took { time, reads })
    }

    /// Applies a transaction as a block does, by the runtime of the chain. Fails when it is not valid or the call fails.
    pub(crate) fn apply<B: Backend<Blake2Hasher>>(
        &self,
        state: &B,
        changes: &mut Changes,
        transaction: &UncheckedExtrinsic,
    ) -> anyhow::Result<Took> {
        let fetcher = WrappedRuntimeCode(Cow::Borrowed(&self.code));
        let code = RuntimeCode {
            code_fetcher: &fetcher,
            heap_pages: None,
            // The executor keeps what it compiled by this.
            hash: b"the runtime".to_vec(),
        };
        let transaction = transaction.encode();
        let mut extensions = Extensions::default();
        let mut machine = StateMachine::new(
            state,
            changes,
            &self.executor,
            "BlockBuilder_apply_extrinsic",
            &transaction,
            &mut extensions,
            &code,
            CallContext::Onchain { import: false },
        );
        let (answer, took) = self.measure(|| machine.execute());
        let answer = answer.map_err(|error| anyhow!("the runtime fails: {error}"))?;
        let result = ApplyExtrinsicResult::decode_all(&mut &*answer)
            .context("understand what the runtime answers")?;
        match result {
            Ok(Ok(())) => Ok(took),
            Ok(Err(error)) => Err(anyhow!("the call fails: {error:?}")),
            Err(error) => Err(anyhow!("the transaction is not valid: {error:?}")),
        }
    }
}
