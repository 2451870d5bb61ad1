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

pub mod apis;

#[warn(missing_docs)]
pub mod genesis_presets;

#[cfg(feature = "std")]
pub use apis::RuntimeApi;

// The macros below name `Vec` without a path.
use alloc::{borrow::Cow, vec::Vec};
use frame_support::{
    derive_impl, parameter_types,
    traits::{
        tokens::imbalance::ResolveTo, ConstU128, ConstU32, ConstU64, ConstU8, VariantCountOf,
    },
    weights::{constants::WEIGHT_REF_TIME_PER_SECOND, IdentityFee, Weight},
};
use frame_system::limits::BlockWeights;
use noema_traits::Role;
use pallet_noema_providers::{ParametersByRole, RoleParameters};
use pallet_transaction_payment::{ConstFeeMultiplier, FungibleAdapter, Multiplier};
use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, One, Verify},
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
    spec_name: Cow::Borrowed("minimal-providers"),
    impl_name: Cow::Borrowed("minimal-providers"),
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
    pub type Providers = pallet_noema_providers;
}

parameter_types! {
    pub const Version: RuntimeVersion = VERSION;
    pub Weights: BlockWeights = BlockWeights::with_sensible_defaults(
        Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND, u64::MAX),
        Perbill::from_percent(75),
    );
    pub FeeMultiplier: Multiplier = Multiplier::one();
    pub const MaxReporterShare: Perbill = Perbill::from_percent(20);
    pub const MaxCommissionIncrease: Perbill = Perbill::from_percent(5);
    pub SlashFund: AccountId = sp_keyring::Sr25519Keyring::Alice.to_account_id();
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

impl pallet_noema_providers::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    // What is slashed goes to the first account of the development preset; `()` burns it.
    type SlashFund = ResolveTo<SlashFund, Balances>;
    type Parameters = Bonds;
    type BlockNumberProvider = System;
    type UnbondingPeriod = ConstU32<10>;
    type MaxUnlocking = ConstU32<8>;
    type MaxEndpointLen = ConstU32<128>;
    type MaxProviders = ConstU32<1_024>;
    type MaxReporterShare = MaxReporterShare;
    type MinDelegation = ConstU128<UNIT>;
    type MaxDelegationPercent = ConstU32<400>;
    type MaxCommissionIncrease = MaxCommissionIncrease;
    type CommissionNotice = ConstU32<10>;
    type RewardDrip = ConstU32<10>;
    type ReturnGate = ();
    type WeightInfo = pallet_noema_providers::weights::SubstrateWeight<Runtime>;
    type BondGate = ();
}

/// The same of every role: a token at least, and a token per GiB.
pub struct Bonds;

impl ParametersByRole<Balance> for Bonds {
    fn parameters(_role: Role) -> RoleParameters<Balance> {
        RoleParameters {
            minimum_bond: UNIT,
            collateral_per_mib: UNIT / 1_024,
        }
    }
}
