//! A runtime with nothing but this pallet, and outputs that the tests choose.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_entropy;
use crate::{Config, Output, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{Get, Hooks},
    weights::WeightMeter,
};
use sp_runtime::BuildStorage;
use std::cell::RefCell;

type Block = frame_system::mocking::MockBlockU32<Test>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type NoemaEntropy = pallet_noema_entropy;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
}

thread_local! {
    static OUTPUT: RefCell<Option<Output>> = const { RefCell::new(None) };
    static EPOCH: RefCell<Output> = const { RefCell::new([0xee; 32]) };
}

/// What the tests set as this block's output.
pub struct TestOutput;
impl Get<Option<Output>> for TestOutput {
    fn get() -> Option<Output> {
        OUTPUT.with_borrow(|output| *output)
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for TestOutput {
    fn provide_output() {
        set_output(Some([3; 32]));
    }
}

/// What the tests set as the epoch's randomness.
pub struct TestEpoch;
impl Get<Output> for TestEpoch {
    fn get() -> Output {
        EPOCH.with_borrow(|epoch| *epoch)
    }
}

pub(crate) fn set_output(output: Option<Output>) {
    OUTPUT.set(output);
}

pub(crate) fn set_epoch(randomness: Output) {
    EPOCH.set(randomness);
}

parameter_types! {
    pub static History: u32 = 50;
    pub static MaxGap: u32 = 5;
}

impl Config for Test {
    type VrfOutput = TestOutput;
    type EpochRandomness = TestEpoch;
    type History = History;
    type MaxGap = MaxGap;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = TestOutput;
}

/// Externalities in block 1 with empty storage.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        set_output(None);
        set_epoch([0xee; 32]);
    });
    ext
}

/// Runs a test and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Pallet::<Test>::do_try_state().unwrap();
    });
}

/// A different output for every block.
pub(crate) fn output_of(block: u32) -> Output {
    sp_io::hashing::blake2_256(&block.to_le_bytes())
}

/// Enters block `block` and runs the hook with this output.
pub(crate) fn poll_with(block: u32, output: Option<Output>) {
    System::set_block_number(block);
    set_output(output);
    NoemaEntropy::on_poll(block, &mut WeightMeter::new());
}

/// Runs blocks `from..=to`, each with its own output.
pub(crate) fn poll_range(from: u32, to: u32) {
    for block in from..=to {
        poll_with(block, Some(output_of(block)));
    }
}
