//! The native token, fees, and where fees and slashes go.
//!
//! **Prices.** A microsecond of execution on the reference hardware costs 1 MICRO (a millionth of a
//! NOEMA); a byte of a transaction costs a tenth of that. The first is multiplied by a factor
//! between 1 and 1,000 that follows demand, the second is not. On an idle chain a plain transfer
//! costs about 0.0003 NOEMA and a KiB of length about 0.0001 NOEMA; filling every block for an hour
//! costs about 2,800 NOEMA at first, and the factor grows by a fifth in that hour.

use crate::{
    parameters::TREASURY_ID, weights, AccountId, Authorship, Balance, Balances, Fees, Runtime,
    RuntimeEvent, RuntimeFreezeReason, RuntimeHoldReason, System,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU32, ConstU8, Get, VariantCountOf},
    weights::ConstantMultiplier,
    PalletId,
};
use noema_core::units::{MICRO, MILLI};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{
    traits::{AccountIdConversion, One},
    FixedPointNumber, Permill, Perquintill,
};

/// The least an account may have: 0.001 NOEMA. An account with less is removed.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI;

/// Price of a microsecond of execution, before the factor for demand.
pub const MICROSECOND_PRICE: Balance = MICRO;

/// Price of a byte of a transaction.
pub const BYTE_PRICE: Balance = MICRO / 10;

/// Picoseconds, the unit of weight, in a microsecond.
const PICOS_PER_MICRO: Balance = 1_000_000;

/// What a deposit holds for each item put in state: 0.02 NOEMA.
pub const DEPOSIT_PER_ITEM: Balance = 20 * MILLI;

/// What a deposit holds for each byte put in state: 0.0001 NOEMA, about 0.1 NOEMA per KiB.
pub const DEPOSIT_PER_BYTE: Balance = 100 * MICRO;

/// The deposit for keeping `items` entries of `bytes` bytes in all in state. It is given back when
/// they go.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
    DEPOSIT_PER_ITEM * (items as Balance) + DEPOSIT_PER_BYTE * (bytes as Balance)
}

parameter_types! {
    /// The least an account may have.
    pub const ExistentialDeposit: Balance = EXISTENTIAL_DEPOSIT;
    /// Price of a picosecond of execution.
    pub const WeightPrice: Balance = MICROSECOND_PRICE / PICOS_PER_MICRO;
    /// Price of a byte of a transaction.
    pub const LengthPrice: Balance = BYTE_PRICE;

    /// How full ordinary blocks should be: under this the factor sinks, above it grows.
    pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
    /// How fast the factor follows: with full blocks it grows by 22 % an hour, and sinks by 6 % an
    /// hour with empty ones.
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
    /// The factor of an idle chain: the prices above are the lowest there are.
    pub MinimumMultiplier: Multiplier = Multiplier::one();
    /// The factor at most.
    pub MaximumMultiplier: Multiplier = Multiplier::saturating_from_integer(1_000);

    /// The part of fees that a block's author gets.
    pub const AuthorShare: Permill = Permill::from_percent(20);

    /// The account of the treasury, from which referenda spend.
    pub TreasuryAccount: AccountId = TREASURY_ID.into_account_truncating();
    /// The account that keeps what providers lost, to pay for the repair of what they held.
    pub RepairFundAccount: AccountId = PalletId(*b"nm/repar").into_account_truncating();
}

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = weights::pallet_balances::WeightInfo<Runtime>;
    type Balance = Balance;
    type DustRemoval = ResolveTo<TreasuryAccount, Balances>;
    type ExistentialDeposit = ExistentialDeposit;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<50>;
    type MaxReserves = ConstU32<50>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, Fees>;
    type WeightToFee = ConstantMultiplier<Balance, WeightPrice>;
    type LengthToFee = ConstantMultiplier<Balance, LengthPrice>;
    type FeeMultiplierUpdate = TargetedFeeAdjustment<
        Runtime,
        TargetBlockFullness,
        AdjustmentVariable,
        MinimumMultiplier,
        MaximumMultiplier,
    >;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = weights::pallet_transaction_payment::WeightInfo<Runtime>;
}

/// Four fifths of a block's fees go to the treasury, one fifth and all tips to the block's author.
impl pallet_noema_fees::Config for Runtime {
    type Currency = Balances;
    type Author = BlockAuthor;
    type AuthorShare = AuthorShare;
    type Rest = ResolveTo<TreasuryAccount, Balances>;
    type WeightInfo = weights::pallet_noema_fees::WeightInfo<Runtime>;
}

/// The author of the block that is being executed.
pub struct BlockAuthor;

impl Get<Option<AccountId>> for BlockAuthor {
    fn get() -> Option<AccountId> {
        Authorship::author()
    }
}
