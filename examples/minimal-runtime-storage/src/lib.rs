#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![recursion_limit = "256"]
#![allow(
    missing_docs,
    reason = "the macros generate items that cannot carry documentation; modules warn again"
)]

extern crate alloc;
// Memory is divided inside the WASM, not by calls to the client.
extern crate noema_allocator as _;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

#[warn(missing_docs)]
pub mod adapters;
pub mod apis;
#[warn(missing_docs)]
pub mod genesis_presets;

#[cfg(feature = "std")]
pub use apis::RuntimeApi;

// The macros below name `Vec` without a path.
use alloc::{borrow::Cow, vec::Vec};
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU128, ConstU32, ConstU64, ConstU8, VariantCountOf},
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, IdentityFee, Weight},
    PalletId,
};
use frame_system::limits::BlockWeights;
use pallet_transaction_payment::{ConstFeeMultiplier, FungibleAdapter, Multiplier};
use sp_runtime::{
    generic,
    traits::{AccountIdConversion, BlakeTwo256, IdentifyAccount, One, Verify},
    MultiAddress, MultiSignature, Perbill,
};
use sp_version::RuntimeVersion;

/// A signature of any scheme that accounts may use.
pub type Signature = MultiSignature;
/// 32 bytes.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// An amount in the smallest unit of the token.
pub type Balance = u128;
/// Number of a block.
pub type BlockNumber = u32;
/// Count of the transactions that an account has sent.
pub type Nonce = u32;
/// The block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// A block with extrinsics as this runtime understands them.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// An extrinsic whose signature is not checked yet.
pub type UncheckedExtrinsic =
    generic::UncheckedExtrinsic<MultiAddress<AccountId, ()>, RuntimeCall, Signature, TxExtension>;
/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// What a transaction carries beside its call.
pub type TxExtension = (
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);
/// Executes blocks.
pub type Executive = frame_executive::Executive<
    Runtime,
    Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    AllPalletsWithSystem,
>;

/// One whole token, in the smallest unit.
pub const UNIT: Balance = 1_000_000_000_000;

/// The version of this runtime.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("minimal-storage"),
    impl_name: Cow::Borrowed("minimal-storage"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

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
        RuntimeTask,
        RuntimeViewFunction
    )]
    /// The runtime.
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;

    #[runtime::pallet_index(2)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(3)]
    pub type TransactionPayment = pallet_transaction_payment;

    #[runtime::pallet_index(4)]
    pub type Storage = pallet_noema_storage;
}

parameter_types! {
    pub const Version: RuntimeVersion = VERSION;
    pub Weights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
        Perbill::from_percent(75),
    );
    pub FeeMultiplier: Multiplier = Multiplier::one();
    pub MaxAgendaWeight: Weight = Perbill::from_percent(20) * Weights::get().max_block;
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
    type Block = Block;
    type BlockWeights = Weights;
    type BlockHashCount = ConstU32<256>;
    type Version = Version;
    type AccountData = pallet_balances::AccountData<Balance>;
}

impl pallet_timestamp::Config for Runtime {
    type Moment = u64;
    type OnTimestampSet = ();
    type MinimumPeriod = ConstU64<1>;
    type WeightInfo = ();
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = ();
    type Balance = Balance;
    type DustRemoval = ();
    type ExistentialDeposit = ConstU128<{ UNIT / 1_000 }>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<0>;
    type MaxReserves = ConstU32<0>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, ()>;
    type WeightToFee = IdentityFee<Balance>;
    type LengthToFee = IdentityFee<Balance>;
    type FeeMultiplierUpdate = ConstFeeMultiplier<FeeMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = ();
}

parameter_types! {
    /// The account with what was paid for rounds to come. Genesis gives it its existential deposit.
    pub PotAccount: AccountId = PalletId(*b"mn/lease").into_account_truncating();
    /// Gets what nobody earned.
    pub FundAccount: AccountId = PalletId(*b"mn/funds").into_account_truncating();
    /// Nobody is dropped here.
    pub const NoBounties: Perbill = Perbill::zero();
}

impl pallet_noema_storage::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    // `()` here is a chain on which nobody stores anything: every `commit` answers `NotEnoughProviders`.
    type Providers = adapters::Members;
    // Nobody is paid but by what they agreed on outside: what rounds pay goes to the repair fund.
    type Discipline = ();
    // `()` here is a chain without audits: replicas are proven once.
    type Audits = ();
    // Rounds of an hour of blocks.
    type Clock = adapters::Hours;
    // `()` here is a chain on which nothing is ever drawn.
    type Randomness = adapters::BlockHashes;
    type FileHasher = pallet_noema_storage::HostHashing;
    type AccountBytes = sp_runtime::traits::ConvertInto;
    type BlockNumberProvider = System;
    type MaxReplicas = ConstU32<3>;
    type MaxFileSize = ConstU64<{ 1 << 40 }>;
    type DrawDelay = ConstU32<1>;
    type RedrawDelay = ConstU32<10>;
    type ProofDrawDelay = ConstU32<1>;
    type MaxSeedGap = ConstU32<1>;
    type ReadyWindowBase = ConstU64<60>;
    type ReadyWindowPerMib = ConstU64<1>;
    type ProveWindow = ConstU64<60>;
    type MaturingDelay = ConstU32<60>;
    type ProofSectors = ConstU32<4>;
    type MaxTasksPerBlock = ConstU32<32>;
    type AgendaSearch = ConstU32<16>;
    type AgendaCatchUp = ConstU32<4>;
    type MaxAgendaWeight = MaxAgendaWeight;
    type MaxDrawAttempts = ConstU8<16>;
    type DepositBase = ConstU128<{ UNIT / 10 }>;
    type DepositPerReplica = ConstU128<{ UNIT / 10 }>;
    type Pot = PotAccount;
    type RepairFund = FundAccount;
    type Treasury = FundAccount;
    type PriceOrigin = frame_system::EnsureRoot<AccountId>;
    type BasePrice = ConstU128<{ UNIT / 10_000 }>;
    type MinBasePrice = ConstU128<{ UNIT / 100_000 }>;
    type MaxBasePrice = ConstU128<{ UNIT / 1_000 }>;
    type MinRounds = ConstU32<1>;
    type MaxRounds = ConstU32<10_000>;
    type GraceRounds = ConstU32<24>;
    type HandOverRounds = ConstU32<24>;
    type PlacementRounds = ConstU32<1>;
    type MibPerPlacementRound = ConstU32<3_600>;
    type MinRoundsLeft = ConstU32<1>;
    type MaxFailures = ConstU8<3>;
    type BountyShare = NoBounties;
    type MaxReporterShare = NoBounties;
    type MaxBatch = ConstU32<16>;
    type DropsPerBlock = ConstU32<1>;
    type WeightInfo = pallet_noema_storage::weights::SubstrateWeight<Runtime>;
}
