//! System and time.

use crate::{
    migrations,
    weights::{
        self,
        block::{BlockLength, BlockWeights},
        database::DatabaseWeight,
    },
    AccountId, Babe, Balance, Block, Hash, MultiBlockMigrations, Nonce, PalletInfo, Runtime,
    RuntimeCall, RuntimeEvent, RuntimeOrigin, RuntimeTask, VERSION,
};
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU32, ConstU64},
};
use noema_core::{
    time::{HOURS, SLOT_DURATION},
    units::SS58_PREFIX,
    BlockNumber,
};
use sp_runtime::traits::AccountIdLookup;
use sp_version::RuntimeVersion;

parameter_types! {
    /// For how many blocks a block's hash is remembered, and so how old the block may be to which a
    /// transaction's era is anchored: four hours, enough for a signature made by hand on a machine
    /// without a network.
    pub const BlockHashCount: BlockNumber = 4 * HOURS;
    /// The version of this runtime.
    pub const Version: RuntimeVersion = VERSION;
    /// The prefix with which addresses of this chain are written.
    pub const SS58Prefix: u16 = SS58_PREFIX;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type BaseCallFilter = super::safety::CallFilter;
    type BlockWeights = BlockWeights;
    type BlockLength = BlockLength;
    type AccountId = AccountId;
    type Nonce = Nonce;
    type Hash = Hash;
    type Lookup = AccountIdLookup<AccountId, ()>;
    type Block = Block;
    type BlockHashCount = BlockHashCount;
    // Of the client's default database. Who runs another must be as fast.
    type DbWeight = DatabaseWeight;
    type Version = Version;
    type AccountData = pallet_balances::AccountData<Balance>;
    type SystemWeightInfo = weights::frame_system::WeightInfo<Runtime>;
    type ExtensionsWeightInfo = weights::frame_system_extensions::WeightInfo<Runtime>;
    type SS58Prefix = SS58Prefix;
    type MaxConsumers = ConstU32<16>;
    type SingleBlockMigrations = migrations::SingleBlock;
    type MultiBlockMigrator = MultiBlockMigrations;
}

impl pallet_timestamp::Config for Runtime {
    /// Milliseconds since 1970.
    type Moment = u64;
    type OnTimestampSet = Babe;
    // BABE takes twice this as the length of a slot.
    type MinimumPeriod = ConstU64<{ SLOT_DURATION / 2 }>;
    type WeightInfo = weights::pallet_timestamp::WeightInfo<Runtime>;
}
