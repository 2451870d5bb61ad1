//! Services, and channels that pay for their requests.

use crate::{
    configs::money::{TreasuryAccount, DEPOSIT_PER_BYTE, DEPOSIT_PER_ITEM},
    governance::speed::paced,
    parameters, weights, Audits, Balances, BlockNumber, Providers, Runtime, RuntimeHoldReason,
    Signature,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU128, ConstU16, ConstU32, Get},
};
use noema_traits::Tick;
use sp_runtime::{Perbill, Permill};

parameter_types! {
    /// The protocol's part of what is redeemed.
    pub const CutShare: Permill = parameters::COMPUTE_CUT;
    /// The payer's part of a slash, out of the own bond of who redeemed too much.
    pub const PayerShare: Perbill = parameters::COMPUTE_PAYER_SHARE;
    /// For how long it is jailed.
    pub const ComputeJailTerm: BlockNumber = parameters::COMPUTE_JAIL_TERM;
}

/// A period in ticks, at the pace of this chain: as many as it has blocks, which is the least time that they take.
pub struct PacedTicks<const PERIOD: BlockNumber>;

impl<const PERIOD: BlockNumber> Get<Tick> for PacedTicks<PERIOD> {
    fn get() -> Tick {
        paced(PERIOD).into()
    }
}

impl pallet_noema_compute::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Signature = Signature;
    type Providers = Providers;
    type Discipline = Providers;
    type Ticks = Audits;
    type Cut = ResolveTo<TreasuryAccount, Balances>;
    type CutShare = CutShare;
    type PriceNotice = PacedTicks<{ parameters::PRICE_NOTICE }>;
    type CloseLock = PacedTicks<{ parameters::CLOSE_LOCK }>;
    type EvidenceWindow = PacedTicks<{ parameters::EVIDENCE_WINDOW }>;
    type CapPerBond = ConstU32<{ parameters::CAP_PER_BOND }>;
    type MinCap = ConstU128<{ parameters::MIN_CHANNEL_CAP }>;
    type MaxServices = ConstU32<{ parameters::MAX_SERVICES }>;
    type MaxSessions = ConstU32<{ parameters::MAX_CHANNEL_SESSIONS }>;
    type MaxLanes = ConstU16<{ parameters::MAX_CHANNEL_LANES }>;
    type MaxClaims = ConstU32<{ parameters::MAX_CLAIMS }>;
    type ItemDeposit = ConstU128<DEPOSIT_PER_ITEM>;
    type ByteDeposit = ConstU128<DEPOSIT_PER_BYTE>;
    type SlashFactor = ConstU32<{ parameters::COMPUTE_SLASH_FACTOR }>;
    type MinSlash = ConstU128<{ parameters::MIN_COMPUTE_SLASH }>;
    type PayerShare = PayerShare;
    type JailTerm = ComputeJailTerm;
    type WeightInfo = weights::pallet_noema_compute::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}
