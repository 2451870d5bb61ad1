//! A chain that goes on from a state, in memory, block by block, as its validators would.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use codec::{Decode, Encode};
use noema_core::{Hash, Header};
use sp_consensus_babe::{
    digests::{PreDigest, SecondaryPlainPreDigest},
    BABE_ENGINE_ID,
};
use sp_core::{
    storage::{well_known_keys, StateVersion},
    traits::{CallContext, CodeExecutor, ReadRuntimeVersionExt, RuntimeCode, WrappedRuntimeCode},
};
use sp_crypto_hashing::blake2_256;
use sp_externalities::Extensions;
use sp_inherents::InherentData;
use sp_runtime::{
    traits::{BlakeTwo256, Header as _},
    ApplyExtrinsicResult, Digest, DigestItem, DispatchError, ExtrinsicInclusionMode,
};
use sp_state_machine::{InMemoryBackend, OverlayedChanges, StateMachine};
use sp_version::RuntimeVersion;

use crate::{
    metadata::{key, Metadata},
    state::{Proven, Values},
    Error,
};

type Overlay = OverlayedChanges<BlakeTwo256>;

/// A chain in memory.
#[derive(Clone)]
pub(crate) struct Chain<E> {
    executor: E,
    backend: InMemoryBackend<BlakeTwo256>,
    values: Values,
    head: Header,
}

/// A block that was made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) number: u32,
    /// The block itself, encoded.
    pub(crate) block: Vec<u8>,
    /// Execution alone.
    pub(crate) took: Duration,
    /// Whether only inherents may be in it: migrations are under way.
    pub(crate) inherents_only: bool,
    /// Every key that was written, whether its value changed or not.
    pub(crate) touched: BTreeSet<Vec<u8>>,
    /// Keys whose value is another one than before, and whether there is one now.
    pub(crate) changed: BTreeMap<Vec<u8>, bool>,
    /// Values written in child tries.
    pub(crate) child_writes: usize,
}

/// Why a call of the runtime, or a block, failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    pub(crate) call: String,
    pub(crate) reason: String,
    /// What the runtime answered, if an extrinsic was executed without success.
    pub(crate) dispatch: Option<DispatchError>,
}

impl Failed {
    fn new(call: &str, reason: impl Into<String>) -> Self {
        Self {
            call: call.to_owned(),
            reason: reason.into(),
            dispatch: None,
        }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Error::Present {
            what: failed.call,
            reason: failed.reason,
        }
    }
}

impl<E: CodeExecutor> Chain<E> {
    /// Goes on from `state`.
    pub(crate) fn from_state(executor: E, state: &Proven) -> Self {
        Self {
            executor,
            backend: state.backend.clone(),
            values: state.top.clone(),
            head: state.header.clone(),
        }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    pub(crate) fn head(&self) -> &Header {
        &self.head
    }

    /// The runtime's code.
    pub(crate) fn code(&self) -> Option<&[u8]> {
        self.values.get(well_known_keys::CODE).map(Vec::as_slice)
    }

    /// Writes to the state beside any block: for what governance will have done.
    pub(crate) fn set(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let pair = (key.clone(), Some(value.clone()));
        self.backend.insert([(None, vec![pair])], StateVersion::V1);
        self.values.insert(key, value);
    }

    /// Calls the runtime on top of the newest block and throws away what it writes.
    pub(crate) fn ask(&self, method: &str, data: &[u8]) -> Result<Vec<u8>, Failed> {
        self.call(&mut Overlay::default(), method, data)
    }

    /// What the runtime says of itself.
    pub(crate) fn version(&self) -> Result<RuntimeVersion, Failed> {
        decoded("Core_version", &self.ask("Core_version", &[])?)
    }

    pub(crate) fn metadata(&self) -> Result<Metadata, Failed> {
        const METHOD: &str = "Metadata_metadata";
        Metadata::decode(&self.ask(METHOD, &[])?).map_err(|reason| Failed::new(METHOD, reason))
    }

    fn call(&self, overlay: &mut Overlay, method: &str, data: &[u8]) -> Result<Vec<u8>, Failed> {
        let code = self
            .code()
            .ok_or_else(|| Failed::new(method, "the state has no code"))?;
        let fetcher = WrappedRuntimeCode(code.into());
        let runtime = RuntimeCode {
            code_fetcher: &fetcher,
            heap_pages: self
                .values
                .get(well_known_keys::HEAP_PAGES)
                .and_then(|pages| u64::decode(&mut &pages[..]).ok()),
            hash: blake2_256(code).to_vec(),
        };
        // Runtimes ask for the version of the code that is to replace them.
        let mut extensions = Extensions::default();
        extensions.register(ReadRuntimeVersionExt::new(self.executor.clone()));
        let context = CallContext::Onchain { import: false };
        let mut machine = StateMachine::new(
            &self.backend,
            overlay,
            &self.executor,
            method,
            data,
            &mut extensions,
            &runtime,
            context,
        );
        machine
            .execute()
            .map_err(|error| Failed::new(method, error.to_string()))
    }

    /// Makes the next block: inherents, then `transactions`. On failure the chain stays where it is.
    pub(crate) fn make_block(&mut self, transactions: &[Vec<u8>]) -> Result<Made, Failed> {
        let (header, time) = self.next_header()?;
        let mut overlay = Overlay::default();
        let begun = Instant::now();
        let mode: ExtrinsicInclusionMode = decoded(
            "Core_initialize_block",
            &self.call(&mut overlay, "Core_initialize_block", &header.encode())?,
        )?;
        let inherents_only = mode == ExtrinsicInclusionMode::OnlyInherents;
        let mut extrinsics = self.inherents(&mut overlay, time)?;
        for inherent in &extrinsics {
            self.apply(&mut overlay, inherent, "an inherent")?;
        }
        for transaction in transactions {
            self.apply(&mut overlay, transaction, "a transaction")?;
        }
        extrinsics.extend_from_slice(transactions);
        const FINALIZE: &str = "BlockBuilder_finalize_block";
        let head: Header = decoded(FINALIZE, &self.call(&mut overlay, FINALIZE, &[])?)?;
        let took = begun.elapsed();

        let changes = overlay
            .drain_storage_changes(&self.backend, StateVersion::V1)
            .map_err(|e| Failed::new(FINALIZE, e))?;
        if changes.transaction_storage_root != *head.state_root() {
            let reason = "the root in the header is not that of the changes";
            return Err(Failed::new(FINALIZE, reason));
        }
        self.backend
            .apply_transaction(changes.transaction_storage_root, changes.transaction);
        let mut made = Made {
            number: *head.number(),
            block: (&head, extrinsics).encode(),
            took,
            inherents_only,
            touched: BTreeSet::new(),
            changed: BTreeMap::new(),
            child_writes: changes
                .child_storage_changes
                .iter()
                .map(|(_, c)| c.len())
                .sum(),
        };
        for (key, value) in changes.main_storage_changes {
            made.touched.insert(key.clone());
            let is_there = value.is_some();
            let before = match value {
                Some(value) => self.values.insert(key.clone(), value),
                None => self.values.remove(&key),
            };
            if before.as_ref() != self.values.get(&key) {
                made.changed.insert(key, is_there);
            }
        }
        self.head = head;
        Ok(made)
    }

    /// Header of the next block, authored in the next slot, and the time in that slot.
    fn next_header(&self) -> Result<(Header, u64), Failed> {
        const CONFIGURATION: &str = "BabeApi_configuration";
        // The first field of the answer is the length of a slot in milliseconds.
        let slot_length: u64 = decoded(CONFIGURATION, &self.ask(CONFIGURATION, &[])?)?;
        let slot = self.values.get(&key("Babe", "CurrentSlot"));
        let slot = slot.and_then(|slot| u64::decode(&mut &slot[..]).ok());
        let slot = slot
            .ok_or_else(|| Failed::new(CONFIGURATION, "the state has no slot of BABE"))?
            .saturating_add(1);
        let claim = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
            authority_index: 0,
            slot: slot.into(),
        });
        let digest = Digest {
            logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, claim.encode())],
        };
        let header = Header::new(
            self.head.number().saturating_add(1),
            Hash::zero(),
            Hash::zero(),
            self.head.hash(),
            digest,
        );
        Ok((header, slot.saturating_mul(slot_length)))
    }

    /// The inherents that the runtime wants for a block at this time.
    fn inherents(&self, overlay: &mut Overlay, time: u64) -> Result<Vec<Vec<u8>>, Failed> {
        const METHOD: &str = "BlockBuilder_inherent_extrinsics";
        let mut data = InherentData::new();
        data.put_data(
            sp_timestamp::INHERENT_IDENTIFIER,
            &sp_timestamp::InherentType::new(time),
        )
        .map_err(|e| Failed::new(METHOD, e.to_string()))?;
        overlay.start_transaction();
        let answer = self.call(overlay, METHOD, &data.encode());
        closed(overlay.rollback_transaction(), METHOD)?;
        decoded(METHOD, &answer?)
    }

    /// Applies an extrinsic, given without the length before it.
    fn apply(&self, overlay: &mut Overlay, extrinsic: &[u8], what: &str) -> Result<(), Failed> {
        const METHOD: &str = "BlockBuilder_apply_extrinsic";
        overlay.start_transaction();
        let answer = self.call(overlay, METHOD, &extrinsic.to_vec().encode());
        let applied = answer.and_then(|answer| decoded::<ApplyExtrinsicResult>(METHOD, &answer));
        match applied {
            Ok(Ok(outcome)) => {
                closed(overlay.commit_transaction(), METHOD)?;
                outcome.map_err(|error| Failed {
                    dispatch: Some(error),
                    ..Failed::new(METHOD, format!("{what} fails: {error:?}"))
                })
            }
            Ok(Err(invalid)) => {
                closed(overlay.rollback_transaction(), METHOD)?;
                let reason: &'static str = invalid.into();
                Err(Failed::new(METHOD, format!("{what} is refused: {reason}")))
            }
            Err(failed) => Err(failed),
        }
    }
}

fn decoded<T: Decode>(method: &str, answer: &[u8]) -> Result<T, Failed> {
    T::decode(&mut &answer[..])
        .map_err(|e| Failed::new(method, format!("its answer cannot be read: {e}")))
}

fn closed<T>(result: Result<(), T>, method: &str) -> Result<(), Failed> {
    result.map_err(|_| {
        let reason =
            "the runtime left a storage transaction open or closed one that is not its own";
        Failed::new(method, reason)
    })
}
