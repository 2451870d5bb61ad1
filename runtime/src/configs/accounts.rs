//! What accounts have beside their balance: names that registrars judge, tokens that they get over
//! time, and assets of others' making. The numbers are in [`parameters`].

use crate::{
    governance::origins::GeneralAdmin, parameters, weights, AccountId, Balance, Balances, Runtime,
    RuntimeEvent, Signature, System, Treasury,
};
use codec::Compact;
use frame_support::{
    parameter_types,
    traits::{AsEnsureOriginWithArg, ConstU128, ConstU32, EitherOf, WithdrawReasons},
};
use frame_system::{EnsureRoot, EnsureSigned};
use pallet_identity::legacy::IdentityInfo;
use sp_runtime::traits::{ConvertInto, Verify};

/// Names an asset. Who creates one chooses a number that is free.
pub type AssetId = u32;

parameter_types! {
    /// What tokens may be used for that are given but not vested yet: fees.
    pub UnvestedMayPay: WithdrawReasons =
        WithdrawReasons::except(WithdrawReasons::TRANSFER | WithdrawReasons::RESERVE);
}

/// The general admin chooses those whose judgement counts; what they say is theirs.
impl pallet_identity::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type BasicDeposit = ConstU128<{ parameters::IDENTITY_DEPOSIT }>;
    type ByteDeposit = ConstU128<{ parameters::IDENTITY_BYTE_DEPOSIT }>;
    type UsernameDeposit = ConstU128<{ parameters::USERNAME_DEPOSIT }>;
    type SubAccountDeposit = ConstU128<{ parameters::SUB_ACCOUNT_DEPOSIT }>;
    type MaxSubAccounts = ConstU32<{ parameters::MAX_SUB_ACCOUNTS }>;
    type IdentityInformation = IdentityInfo<ConstU32<{ parameters::MAX_ADDITIONAL_FIELDS }>>;
    type MaxRegistrars = ConstU32<{ parameters::MAX_REGISTRARS }>;
    type Slashed = Treasury;
    type ForceOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type RegistrarOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type OffchainSignature = Signature;
    type SigningPublicKey = <Signature as Verify>::Signer;
    type UsernameAuthorityOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type PendingUsernameExpiration = ConstU32<{ parameters::USERNAME_ACCEPTANCE }>;
    type UsernameGracePeriod = ConstU32<{ parameters::USERNAME_GRACE }>;
    type MaxSuffixLength = ConstU32<{ parameters::MAX_SUFFIX_LENGTH }>;
    type MaxUsernameLength = ConstU32<{ parameters::MAX_USERNAME_LENGTH }>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
    type WeightInfo = weights::pallet_identity::WeightInfo<Runtime>;
}

impl pallet_vesting::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type BlockNumberToBalance = ConvertInto;
    type MinVestedTransfer = ConstU128<{ parameters::MIN_VESTED_TRANSFER }>;
    type WeightInfo = weights::pallet_vesting::WeightInfo<Runtime>;
    type UnvestedFundsAllowedWithdrawReasons = UnvestedMayPay;
    type BlockNumberProvider = System;
    const MAX_VESTING_SCHEDULES: u32 = parameters::MAX_VESTING_SCHEDULES;
}

/// Anybody makes an asset, and has the rights that its owner has. Force is root's alone: it can make
/// anybody the owner of any asset, and so of what its holders have.
impl pallet_assets::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Balance = Balance;
    type RemoveItemsLimit = ConstU32<{ parameters::ASSET_REMOVE_LIMIT }>;
    type AssetId = AssetId;
    type AssetIdParameter = Compact<AssetId>;
    type ReserveData = ();
    type Currency = Balances;
    type CreateOrigin = AsEnsureOriginWithArg<EnsureSigned<AccountId>>;
    type ForceOrigin = EnsureRoot<AccountId>;
    type AssetDeposit = ConstU128<{ parameters::ASSET_DEPOSIT }>;
    type AssetAccountDeposit = ConstU128<{ parameters::ASSET_ACCOUNT_DEPOSIT }>;
    type MetadataDepositBase = ConstU128<{ parameters::ASSET_METADATA_DEPOSIT }>;
    type MetadataDepositPerByte = ConstU128<{ parameters::ASSET_METADATA_BYTE_DEPOSIT }>;
    type ApprovalDeposit = ConstU128<{ parameters::ASSET_APPROVAL_DEPOSIT }>;
    type StringLimit = ConstU32<{ parameters::ASSET_STRING_LIMIT }>;
    type Freezer = ();
    type Holder = ();
    type Extra = ();
    type CallbackHandle = ();
    type AssetIdAllocator = ();
    type WeightInfo = weights::pallet_assets::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}
