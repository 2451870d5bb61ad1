//! A chain in memory whose runtime is the compiled WASM, called as a client calls it: through its interfaces, nothing is linked.

use codec::{Decode, Encode};
use sc_executor::WasmExecutor;
use serde_json::Value;
use sp_core::{
    storage::{well_known_keys, StateVersion, Storage},
    traits::{CallContext, CodeExecutor, Externalities, RuntimeCode, WrappedRuntimeCode},
    H256,
};
use sp_genesis_builder::PresetId;
use sp_inherents::InherentData;
use sp_io::TestExternalities;
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, Hash as _, Header as _},
    ApplyExtrinsicResult, ExtrinsicInclusionMode, OpaqueExtrinsic,
};
use sp_state_machine::BasicExternalities;

type Header = generic::Header<u32, BlakeTwo256>;
type Block = generic::Block<Header, OpaqueExtrinsic>;

/// Milliseconds between two blocks.
const BLOCK_MILLIS: u64 = 6_000;

/// The runtime.
struct Wasm {
    code: Vec<u8>,
    executor: WasmExecutor<sp_io::SubstrateHostFunctions>,
}

impl Wasm {
    fn call(&self, state: &mut dyn Externalities, method: &str, arguments: &[u8]) -> Vec<u8> {
        let code = RuntimeCode {
            code_fetcher: &WrappedRuntimeCode(self.code.as_slice().into()),
            heap_pages: None,
            hash: BlakeTwo256::hash(&self.code).encode(),
        };
        self.executor
            .call(
                state,
                &code,
                method,
                arguments,
                CallContext::Onchain { import: false },
            )
            .0
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn ask<Answer: Decode>(
        &self,
        state: &mut dyn Externalities,
        method: &str,
        arguments: impl Encode,
    ) -> Answer {
        let answer = self.call(state, method, &arguments.encode());
        Answer::decode(&mut answer.as_slice())
            .unwrap_or_else(|error| panic!("{method} answers something else: {error}"))
    }

    /// The genesis state of a preset.
    fn genesis(&self, preset: &str) -> Storage {
        let json = |id: Option<PresetId>| -> Value {
            let bytes: Option<Vec<u8>> = self.ask(
                &mut BasicExternalities::new_empty(),
                "GenesisBuilder_get_preset",
                &id,
            );
            let bytes = bytes.unwrap_or_else(|| panic!("there is no preset {id:?}"));
            serde_json::from_slice(&bytes).expect("a preset is JSON")
        };
        let mut config = json(None);
        sc_chain_spec::json_patch::merge(&mut config, json(Some(preset.into())));
        let mut state = BasicExternalities::new_empty();
        let built: sp_genesis_builder::Result = self.ask(
            &mut state,
            "GenesisBuilder_build_state",
            config.to_string().into_bytes(),
        );
        built.expect("the preset builds");
        let mut storage = state.into_storages();
        storage
            .top
            .insert(well_known_keys::CODE.to_vec(), self.code.clone());
        storage
    }
}

/// A chain, and a second node that follows it.
pub(crate) struct Chain {
    wasm: Wasm,
    author: TestExternalities,
    follower: TestExternalities,
    head: Header,
    genesis_hash: H256,
}

impl Chain {
    /// The genesis block of the preset `development`.
    pub(crate) fn development(code: Option<&[u8]>) -> Self {
        let wasm = Wasm {
            code: code
                .expect("the runtime was built without SKIP_WASM_BUILD")
                .to_vec(),
            executor: WasmExecutor::builder().build(),
        };
        let storage = wasm.genesis("development");
        let state = || TestExternalities::new_with_state_version(storage.clone(), StateVersion::V1);
        let head = Header::new(
            0,
            Default::default(),
            Default::default(),
            Default::default(),
            Default::default(),
        );
        Self {
            author: state(),
            follower: state(),
            genesis_hash: head.hash(),
            head,
            wasm,
        }
    }

    pub(crate) fn genesis_hash(&self) -> H256 {
        self.genesis_hash
    }

    /// The number of the last block.
    pub(crate) fn number(&self) -> u32 {
        self.head.number
    }

    /// Reads the state after the last block.
    pub(crate) fn state<R>(&mut self, read: impl FnOnce() -> R) -> R {
        self.author.execute_with(read)
    }

    /// Authors a block with these transactions, and has the other node execute it. Each transaction must be valid; answers how it ended.
    pub(crate) fn block(&mut self, transactions: &[impl Encode]) -> Vec<ApplyExtrinsicResult> {
        let number = self.head.number + 1;
        let start = Header::new(
            number,
            Default::default(),
            Default::default(),
            self.head.hash(),
            Default::default(),
        );
        let mut state = self.author.ext();
        let mode: ExtrinsicInclusionMode =
            self.wasm.ask(&mut state, "Core_initialize_block", &start);
        assert_eq!(mode, ExtrinsicInclusionMode::AllExtrinsics);
        let mut data = InherentData::new();
        let now = sp_timestamp::Timestamp::new(u64::from(number) * BLOCK_MILLIS);
        data.put_data(sp_timestamp::INHERENT_IDENTIFIER, &now)
            .expect("the only inherent");
        let mut extrinsics: Vec<OpaqueExtrinsic> =
            self.wasm
                .ask(&mut state, "BlockBuilder_inherent_extrinsics", data);
        let inherents = extrinsics.len();
        extrinsics.extend(transactions.iter().map(|transaction| {
            OpaqueExtrinsic::decode(&mut transaction.encode().as_slice()).expect("an extrinsic")
        }));
        let results: Vec<ApplyExtrinsicResult> = extrinsics
            .iter()
            .map(|extrinsic| {
                let result: ApplyExtrinsicResult =
                    self.wasm
                        .ask(&mut state, "BlockBuilder_apply_extrinsic", extrinsic);
                assert!(result.is_ok(), "block {number}: {result:?}");
                result
            })
            .collect();
        let header: Header = self.wasm.ask(&mut state, "BlockBuilder_finalize_block", ());
        self.author.commit_all().expect("the state is stored");

        let block = Block {
            header: header.clone(),
            extrinsics,
        };
        // Panics unless every root in the header is what it comes to here.
        let () = self
            .wasm
            .ask(&mut self.follower.ext(), "Core_execute_block", block);
        self.follower.commit_all().expect("the state is stored");
        self.head = header;
        results.into_iter().skip(inherents).collect()
    }

    /// Authors a block with one transaction, whose call must succeed.
    pub(crate) fn done(&mut self, transaction: impl Encode) {
        let results = self.block(&[transaction]);
        assert_eq!(results, [Ok(Ok(()))], "block {}", self.number());
    }

    /// Authors empty blocks until `found` finds something, at most `blocks`.
    pub(crate) fn until<R>(&mut self, blocks: u32, found: impl Fn() -> Option<R>) -> R {
        for _ in 0..=blocks {
            if let Some(found) = self.state(&found) {
                return found;
            }
            self.block(&[] as &[Vec<u8>]);
        }
        panic!("not within {blocks} blocks");
    }
}
