//! A chain in memory: genesis from a preset, blocks authored with real VRF signatures and executed
//! as any node would.
#![allow(dead_code, reason = "each test binary uses its own part")]

pub(crate) mod answers;

use codec::{Decode, Encode};
use noema_runtime::{
    genesis_presets, AccountId, Babe, Balance, Block, Executive, Hash, Header, Runtime,
    RuntimeCall, Signature, SignedPayload, System, TxExtension, UncheckedExtrinsic, VERSION,
};
use sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryVRFPreDigest};
use sp_core::crypto::VrfSecret;
use sp_genesis_builder::runtime_decl_for_genesis_builder::GenesisBuilderV1;
use sp_io::TestExternalities;
use sp_keyring::Sr25519Keyring;
use sp_runtime::{
    generic::{Digest, DigestItem, Era},
    traits::Header as _,
    ApplyExtrinsicResult,
};

/// Slots in an epoch.
pub(crate) const EPOCH: u64 = 600;

/// The JSON of a preset, merged into that of the default genesis state.
pub(crate) fn preset_json(preset: &str) -> serde_json::Value {
    let parse = |bytes: Vec<u8>| serde_json::from_slice(&bytes).expect("a JSON value");
    let mut json = parse(Runtime::get_preset(&None).expect("the default exists"));
    let patch = parse(
        genesis_presets::get_preset(&preset.into())
            .unwrap_or_else(|| panic!("there is a preset {preset}")),
    );
    merge(&mut json, patch);
    json
}

fn merge(into: &mut serde_json::Value, patch: serde_json::Value) {
    match (into, patch) {
        (serde_json::Value::Object(into), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

/// The development preset with these validators in the place of its own: each stakes a million, and Ferdie nominates all
/// of them with as much as half of one.
pub(crate) fn genesis_of(validators: &[Sr25519Keyring]) -> TestExternalities {
    use serde_json::json;
    use sp_core::crypto::Ss58Codec;
    let account = |who: &Sr25519Keyring| who.to_account_id().to_ss58check();
    let grandpa = |who: &Sr25519Keyring| {
        let seed = who.to_seed();
        let pair = <sp_core::ed25519::Pair as sp_core::Pair>::from_string(&seed, None);
        sp_core::Pair::public(&pair.expect("a seed of development")).to_ss58check()
    };
    let mut patch = preset_json("development");
    let stake = patch["staking"]["stakers"][0][2].clone();
    let nominator = patch["staking"]["stakers"][1].clone();
    let mut stakers: Vec<_> = validators
        .iter()
        .map(|who| json!([account(who), account(who), stake, "Validator"]))
        .collect();
    stakers.push(json!([
        nominator[0],
        nominator[1],
        nominator[2],
        { "Nominator": validators.iter().map(account).collect::<Vec<_>>() }
    ]));
    patch["staking"]["stakers"] = json!(stakers);
    patch["origins"]["governanceSpeed"] = json!(1);
    patch["staking"]["validatorCount"] = json!(validators.len());
    patch["session"]["keys"] = validators
        .iter()
        .map(|who| {
            let babe = who.public().to_ss58check();
            let keys =
                json!({ "babe": babe, "grandpa": grandpa(who), "authority_discovery": babe });
            json!([account(who), account(who), keys])
        })
        .collect();
    build(&patch)
}

/// The genesis state of a preset.
pub(crate) fn genesis(preset: &str) -> TestExternalities {
    build(&preset_json(preset))
}

fn build(json: &serde_json::Value) -> TestExternalities {
    let json = serde_json::to_vec(json).expect("JSON is written");
    let mut state = TestExternalities::new_empty();
    state.execute_with(|| Runtime::build_state(json).expect("the preset builds"));
    state.commit_all().expect("the genesis state is stored");
    state
}

/// A chain with its state.
pub(crate) struct Chain {
    /// The state after the head.
    pub(crate) state: TestExternalities,
    /// The last block's header.
    pub(crate) head: Header,
    /// The last block's slot.
    pub(crate) slot: u64,
    /// The hash of the genesis block.
    pub(crate) genesis_hash: Hash,
    /// Whether every pallet's invariants must hold after each block, in builds with `try-state`.
    pub(crate) checked: bool,
}

impl Chain {
    /// A chain that has only the genesis block of the development preset.
    pub(crate) fn development() -> Self {
        Self::from_state(genesis("development"))
    }

    /// A chain of these validators, of which Alice must be one, since she authors every block.
    pub(crate) fn of(validators: &[Sr25519Keyring]) -> Self {
        Self::from_state(genesis_of(validators))
    }

    fn from_state(state: TestExternalities) -> Self {
        let head = Header::new(
            0,
            Default::default(),
            Default::default(),
            Default::default(),
            Default::default(),
        );
        Self {
            state,
            genesis_hash: head.hash(),
            head,
            slot: 1_000_000,
            checked: true,
        }
    }

    /// Authors a block in the slot after the last, as Alice. Panics when an inherent is refused.
    pub(crate) fn author(
        &mut self,
        transactions: Vec<UncheckedExtrinsic>,
    ) -> (Block, Vec<ApplyExtrinsicResult>) {
        self.author_after(1, transactions)
    }

    /// Authors a block `slots` after the last.
    pub(crate) fn author_after(
        &mut self,
        slots: u64,
        transactions: Vec<UncheckedExtrinsic>,
    ) -> (Block, Vec<ApplyExtrinsicResult>) {
        self.slot += slots;
        let slot = self.slot;
        let parent = self.head.hash();
        let number = self.head.number + 1;
        let (header, extrinsics, results) = self.state.execute_with(|| {
            let start = Header::new(
                number,
                Default::default(),
                Default::default(),
                parent,
                Digest {
                    logs: vec![DigestItem::babe_pre_digest(claim(number, slot))],
                },
            );
            Executive::initialize_block(&start);
            let time =
                UncheckedExtrinsic::new_bare(RuntimeCall::Timestamp(pallet_timestamp::Call::set {
                    now: slot * 1_000,
                }));
            Executive::apply_extrinsic(time.clone())
                .expect("the time is valid")
                .expect("the time is set");
            let mut extrinsics = vec![time];
            let mut results = Vec::new();
            for transaction in transactions {
                let result = apply(transaction.clone());
                if result.is_ok() {
                    extrinsics.push(transaction);
                }
                results.push(result);
            }
            (Executive::finalize_block(), extrinsics, results)
        });
        self.state.commit_all().expect("the state is stored");
        if self.checked {
            check_invariants(&mut self.state);
        }
        self.head = header.clone();
        (Block { header, extrinsics }, results)
    }

    /// Executes somebody else's block. Panics when it is not valid.
    pub(crate) fn import(&mut self, block: &Block) {
        self.state
            .execute_with(|| Executive::execute_block(block.clone().into()));
        self.state.commit_all().expect("the state is stored");
        if self.checked {
            check_invariants(&mut self.state);
        }
        self.head = block.header.clone();
        self.slot += 1;
    }

    /// Does something in the state after the head, as if in a block, without keeping it.
    pub(crate) fn query<R>(&mut self, ask: impl FnOnce() -> R) -> R {
        self.state.execute_with(|| {
            frame_support::storage::with_transaction(|| {
                sp_runtime::TransactionOutcome::Rollback(Ok::<R, sp_runtime::DispatchError>(ask()))
            })
            .expect("one level of transactions")
        })
    }

    /// A transaction of `who`, signed for the state after the head.
    pub(crate) fn signed(&mut self, who: Sr25519Keyring, call: RuntimeCall) -> UncheckedExtrinsic {
        self.signed_with(who, call, 0, 0)
    }

    /// A transaction with a tip, `ahead` after the next nonce.
    pub(crate) fn signed_with(
        &mut self,
        who: Sr25519Keyring,
        call: RuntimeCall,
        ahead: u32,
        tip: Balance,
    ) -> UncheckedExtrinsic {
        let genesis_hash = self.genesis_hash;
        self.query(|| sign(who, call, ahead, tip, genesis_hash))
    }

    /// The free balance of an account.
    pub(crate) fn free(&mut self, who: &AccountId) -> Balance {
        self.query(|| System::account(who).data.free)
    }
}

/// Runs every pallet's invariants.
#[cfg(feature = "try-state")]
fn check_invariants(state: &mut TestExternalities) {
    use frame_support::traits::{TryState, TryStateSelect};
    // Which one does not hold is only logged.
    sp_tracing::try_init_simple();
    state.execute_with(|| {
        noema_runtime::AllPalletsWithSystem::try_state(System::block_number(), TryStateSelect::All)
            .expect("every invariant holds");
    });
}

/// The invariants are there in builds with `try-state` only.
#[cfg(not(feature = "try-state"))]
fn check_invariants(_state: &mut TestExternalities) {}

/// Applies a transaction as the client does: one that cannot be included leaves nothing behind.
fn apply(transaction: UncheckedExtrinsic) -> ApplyExtrinsicResult {
    use frame_support::storage::with_transaction;
    use sp_runtime::{DispatchError, TransactionOutcome};
    with_transaction(|| {
        let result = Executive::apply_extrinsic(transaction);
        if result.is_ok() {
            TransactionOutcome::Commit(Ok::<_, DispatchError>(result))
        } else {
            TransactionOutcome::Rollback(Ok(result))
        }
    })
    .expect("one level of transactions")
}

/// The pre-digest with which Alice claims a secondary slot.
fn claim(number: u32, slot: u64) -> PreDigest {
    // The epoch as it will be once the block is initialised.
    let (randomness, authorities, epoch) = if number == 1 {
        (Babe::randomness(), Babe::authorities(), 0)
    } else {
        let epoch = (slot - *Babe::genesis_slot()) / EPOCH;
        let current = Babe::epoch_index();
        if epoch == current {
            (Babe::randomness(), Babe::authorities(), epoch)
        } else {
            (
                pallet_babe::NextRandomness::<Runtime>::get(),
                pallet_babe::NextAuthorities::<Runtime>::get(),
                epoch,
            )
        }
    };
    let alice = Sr25519Keyring::Alice.public().into();
    let index = authorities.iter().position(|(who, _)| *who == alice);
    let data = sp_consensus_babe::make_vrf_sign_data(&randomness, slot.into(), epoch);
    PreDigest::SecondaryVRF(SecondaryVRFPreDigest {
        authority_index: index
            .expect("Alice is a validator")
            .try_into()
            .expect("validators are few"),
        slot: slot.into(),
        vrf_signature: Sr25519Keyring::Alice.pair().vrf_sign(&data),
    })
}

/// Signs a call in the present state.
fn sign(
    who: Sr25519Keyring,
    call: RuntimeCall,
    ahead: u32,
    tip: Balance,
    genesis: Hash,
) -> UncheckedExtrinsic {
    let nonce = System::account_nonce(who.to_account_id()) + ahead;
    let extension: TxExtension = (
        frame_system::CheckNonZeroSender::new(),
        frame_system::CheckSpecVersion::new(),
        frame_system::CheckTxVersion::new(),
        frame_system::CheckGenesis::new(),
        frame_system::CheckMortality::from(Era::Immortal),
        frame_system::CheckNonce::from(nonce),
        frame_system::CheckWeight::new(),
        pallet_transaction_payment::ChargeTransactionPayment::from(tip),
        frame_metadata_hash_extension::CheckMetadataHash::new(false),
        frame_system::WeightReclaim::new(),
    );
    let beside = (
        (),
        VERSION.spec_version,
        VERSION.transaction_version,
        genesis,
        genesis,
        (),
        (),
        (),
        None,
        (),
    );
    let payload = SignedPayload::from_raw(call.clone(), extension.clone(), beside);
    let signature = payload.using_encoded(|bytes| who.sign(bytes));
    let account: AccountId = who.to_account_id();
    UncheckedExtrinsic::new_signed(
        call,
        account.into(),
        Signature::Sr25519(signature),
        extension,
    )
}

/// A call of every kind that the runtime has, by `Pallet::call`, with arguments that decode from
/// nearly nothing. Panics when a call is missing.
pub(crate) fn every_call() -> std::collections::BTreeMap<String, RuntimeCall> {
    use frame_support::traits::GetCallMetadata;
    use std::collections::{BTreeMap, BTreeSet};

    let mut calls = BTreeMap::new();
    for pallet in 0..=u8::MAX {
        for call in 0..=u8::MAX {
            // Ones for enums that have no variant 0.
            let decoded = [0u8, 1].into_iter().find_map(|filler| {
                let mut bytes = vec![pallet, call];
                bytes.resize(4_096, filler);
                RuntimeCall::decode(&mut bytes.as_slice()).ok()
            });
            if let Some(decoded) = decoded {
                let name = decoded.get_call_metadata();
                calls.insert(
                    format!("{}::{}", name.pallet_name, name.function_name),
                    decoded,
                );
            }
        }
    }
    let named: BTreeSet<String> = RuntimeCall::get_module_names()
        .iter()
        .flat_map(|pallet| {
            RuntimeCall::get_call_names(pallet)
                .iter()
                .map(move |call| format!("{pallet}::{call}"))
        })
        .collect();
    let missing: Vec<_> = named
        .iter()
        .filter(|name| !calls.contains_key(*name))
        .collect();
    assert!(
        missing.is_empty(),
        "no arguments were found for {missing:?}"
    );
    calls
}
