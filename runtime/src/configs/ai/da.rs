//! Data availability: seats, submissions, and the audits of what seats hold.

use super::{
    audits::{
        AuditJailTerm, AuditReporterShare, AuditSeedGap, DropSlash, MissFee, SecondSlash,
        ThirdSlash,
    },
    entropy::MAX_SEED_GAP,
};
use crate::{
    configs::{
        money::{RepairFundAccount, TreasuryAccount, DEPOSIT_PER_BYTE, DEPOSIT_PER_ITEM},
        safety::CallFilter,
    },
    governance::origins::GeneralAdmin,
    parameters,
    weights::{self, block::MAX_BLOCK_WEIGHT},
    AccountId, Balance, Balances, BlockNumber, DataAvailability, Entropy, Providers, RowAudits,
    Runtime, RuntimeCall, RuntimeHoldReason, System,
};
use frame_support::{
    instances::Instance1,
    parameter_types,
    traits::{ConstU128, ConstU32, ConstU64, Contains, EitherOf, Get},
    weights::Weight,
    PalletId,
};
use frame_system::EnsureRoot;
use noema_core::units::GIB;
use noema_traits::{Role, Rounds, Tick};
use sp_runtime::{
    traits::{AccountIdConversion, ConvertInto},
    Perbill,
};

parameter_types! {
    /// How far past a draw point a seed is looked for.
    pub const DaSeedGap: BlockNumber = MAX_SEED_GAP;
    /// Blocks from the fixing of candidates to their draw.
    pub const SeatDrawDelay: BlockNumber = 8;
    /// Blocks from a submission to the draw point of its row seed.
    pub const RowDrawDelay: BlockNumber = 2;
    /// The account with what was paid for rounds to come.
    pub DaPotAccount: AccountId = PalletId(*b"nm/blobs").into_account_truncating();
    /// Units per GiB of stored bytes and round, until governance sets others.
    pub const DaBasePrice: Balance = parameters::DA_BASE_PRICE;
    /// The least that it can set.
    pub const MinDaBasePrice: Balance = parameters::MIN_DA_BASE_PRICE;
    /// The most.
    pub const MaxDaBasePrice: Balance = parameters::MAX_DA_BASE_PRICE;
    /// What a base fee takes for the record.
    pub const DaRecordFee: Balance = parameters::DA_RECORD_FEE;
    /// What it takes for each GiB that the largest blob of the class makes a committee store.
    pub const DaSendingFee: Balance = parameters::DA_SENDING_FEE;
    /// The most weight that the agenda takes of one block: a twelfth.
    pub MaxDaAgendaWeight: Weight = Perbill::from_percent(8) * MAX_BLOCK_WEIGHT;
    /// Whose audits these are.
    pub const RowRole: Role = Role::DataAvailability;
}

/// Ticks that seats have for a submission. On a chain whose rounds are shorter, which only genesis can say, a round.
pub struct AttestTicks;

impl AttestTicks {
    /// With rounds of so many ticks.
    pub(crate) fn of(round_ticks: Tick) -> Tick {
        round_ticks.min(parameters::ATTEST_TICKS.into())
    }
}

impl Get<Tick> for AttestTicks {
    fn get() -> Tick {
        Self::of(<RowAudits as Rounds>::length())
    }
}

/// Who is not drawn: whoever has more rounds unsettled than a call settles, so that what cannot be pruned does not pile up.
pub struct Settled;

impl Contains<AccountId> for Settled {
    fn contains(provider: &AccountId) -> bool {
        RowAudits::standing(provider)
            .is_none_or(|standing| standing.unsettled <= parameters::MAX_ROW_SETTLE)
    }
}

impl pallet_noema_da::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Providers;
    type Discipline = Providers;
    type Eligible = Settled;
    type Clock = RowAudits;
    type Audits = RowAudits;
    type Randomness = Entropy;
    type MaxSeedGap = DaSeedGap;
    type SeatDrawDelay = SeatDrawDelay;
    type BlockNumberProvider = System;
    type MaxKeys = ConstU32<{ parameters::MAX_SEAT_KEYS }>;
    type MinSeats = ConstU32<{ parameters::MIN_SEATS }>;
    type KeysPerBlock = ConstU32<{ parameters::SEAT_KEYS_PER_BLOCK }>;
    type ItemDeposit = ConstU128<DEPOSIT_PER_ITEM>;
    type ByteDeposit = ConstU128<DEPOSIT_PER_BYTE>;
    type AttestTicks = AttestTicks;
    type RowDrawDelay = RowDrawDelay;
    type MaxInFlight = ConstU64<{ parameters::MAX_UNATTESTED_BYTES }>;
    type Pot = DaPotAccount;
    type RepairFund = RepairFundAccount;
    type Treasury = TreasuryAccount;
    type PriceOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type BasePrice = DaBasePrice;
    type MinBasePrice = MinDaBasePrice;
    type MaxBasePrice = MaxDaBasePrice;
    type RecordFee = DaRecordFee;
    type SendingFee = DaSendingFee;
    type MaxAgendaWeight = MaxDaAgendaWeight;
    type WeightInfo = weights::pallet_noema_da::WeightInfo<Runtime>;
}

/// Whether answers pass the call filter now: while they are paused, no tick goes by.
pub struct RowAnswerable;

impl Get<bool> for RowAnswerable {
    fn get() -> bool {
        let call = RuntimeCall::RowAudits(pallet_noema_audits::Call::answer {
            round: 0,
            answers: Default::default(),
        });
        CallFilter::contains(&call)
    }
}

impl pallet_noema_audits::Config<Instance1> for Runtime {
    type Balance = Balance;
    type Role = RowRole;
    type Audited = DataAvailability;
    type Payroll = DataAvailability;
    type Providers = Providers;
    type Discipline = Providers;
    type Randomness = Entropy;
    type MaxSeedGap = AuditSeedGap;
    type Answerable = RowAnswerable;
    type AccountBytes = ConvertInto;
    type BlockNumberProvider = System;
    type MinChallenges = ConstU32<{ parameters::ROW_CHALLENGES }>;
    type MaxChallenges = ConstU32<{ parameters::ROW_CHALLENGES }>;
    type ChallengeUnit = ConstU64<GIB>;
    type MissPoints = ConstU32<{ parameters::MISS_POINTS }>;
    type PassPoints = ConstU32<{ parameters::PASS_POINTS }>;
    type DropPoints = ConstU32<{ parameters::DROP_POINTS }>;
    type MissFee = MissFee;
    type ReporterShare = AuditReporterShare;
    type MaxReporterShare = super::providers::MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = AuditJailTerm;
    type MaxSettle = ConstU32<{ parameters::MAX_ROW_SETTLE }>;
    type WeightInfo = weights::pallet_noema_audits_rows::WeightInfo<Runtime>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet_noema_audits::Pace;

    #[test]
    fn seats_have_twenty_minutes_unless_rounds_are_shorter() {
        let of = |pace: Pace| AttestTicks::of(pace.round_ticks.into());
        assert_eq!(of(Pace::PRODUCTION), 1_200);
        assert_eq!(of(parameters::DEVELOPMENT_PACE), 60);
    }
}
