//! Files held to an on-chain commitment.

use super::entropy::MAX_SEED_GAP;
use crate::{
    configs::money::{deposit, RepairFundAccount, TreasuryAccount},
    governance::origins::GeneralAdmin,
    parameters,
    weights::{self, block::MAX_BLOCK_WEIGHT},
    AccountId, Audits, Balance, Balances, BlockNumber, Entropy, Providers, Runtime,
    RuntimeHoldReason, System,
};
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU8, EitherOf, Get},
    weights::Weight,
    PalletId,
};
use frame_system::EnsureRoot;
use noema_core::{
    time::EPOCH_DURATION_IN_BLOCKS,
    units::{MILLI, TIB},
};
use noema_traits::{Rounds, Tick};
use sp_runtime::{
    traits::{AccountIdConversion, ConvertInto},
    Perbill,
};

parameter_types! {
    /// The largest file, in bytes.
    pub const MaxFileSize: u64 = TIB;
    /// Blocks from a commitment to the draw of its providers.
    pub const DrawDelay: BlockNumber = 2;
    /// Blocks to the next draw when nobody had room.
    pub const RedrawDelay: BlockNumber = 30;
    /// Blocks from `ready` to the draw of the sectors to prove.
    pub const ProofDrawDelay: BlockNumber = 2;
    /// How far past a draw point a seed is looked for.
    pub const MaxSeedGap: BlockNumber = MAX_SEED_GAP;
    /// Ticks that a provider has to fetch a file, whatever its size.
    pub const ReadyWindowBase: Tick = 60;
    /// Ticks that it has beside these for each MiB.
    pub const ReadyWindowPerMib: Tick = 1;
    /// Ticks that a provider has to prove the sectors drawn.
    pub const ProveWindow: Tick = 60;
    /// The most weight that the agenda takes of one block.
    pub MaxAgendaWeight: Weight = Perbill::from_percent(14) * MAX_BLOCK_WEIGHT;
    /// How often a provider is drawn before a draw is given up.
    pub const MaxDrawAttempts: u8 = 16;
    /// Deposit for a deal: it, its owner's entry and the commitment's.
    pub const StorageDepositBase: Balance = deposit(4, 420);
    /// Deposit for each replica: its slot, its assignment, its task and its leaf.
    pub const StorageDepositPerReplica: Balance = deposit(2, 400);
    /// What layout 1 held for each MiB of each replica. Leases are paid out of it when deals of layout 1 become such.
    pub const FormerDepositPerMib: Balance = MILLI;
    /// The account with what was paid for rounds to come.
    pub PotAccount: AccountId = PalletId(*b"nm/lease").into_account_truncating();
    /// Units per GiB and round, until governance sets others.
    pub const StorageBasePrice: Balance = parameters::STORAGE_BASE_PRICE;
    /// The least that it can set.
    pub const MinStorageBasePrice: Balance = parameters::MIN_STORAGE_BASE_PRICE;
    /// The most.
    pub const MaxStorageBasePrice: Balance = parameters::MAX_STORAGE_BASE_PRICE;
    /// Bounties, of what a dropped provider's own slashes were.
    pub const BountyShare: Perbill = parameters::BOUNTY_SHARE;
}

/// Blocks from the proof until a replica is audited: three epochs, so that it was there before anything is known of the randomness of the third. On a chain whose
/// rounds are shorter than nine epochs, which only genesis can say, a third of a round: who develops does not wait for half an hour.
pub struct MaturingDelay;

impl MaturingDelay {
    /// With rounds of so many ticks.
    pub(crate) fn of(round_ticks: Tick) -> BlockNumber {
        const THREE_EPOCHS: BlockNumber = 3 * EPOCH_DURATION_IN_BLOCKS;
        let third = round_ticks.div_ceil(3);
        BlockNumber::try_from(third).map_or(THREE_EPOCHS, |third| third.clamp(1, THREE_EPOCHS))
    }
}

impl Get<BlockNumber> for MaturingDelay {
    fn get() -> BlockNumber {
        Self::of(<Audits as Rounds>::length())
    }
}

impl pallet_noema_storage::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Providers;
    type Discipline = Providers;
    type Audits = Audits;
    type Clock = Audits;
    type Randomness = Entropy;
    type FileHasher = pallet_noema_storage::HostHashing;
    type AccountBytes = ConvertInto;
    type BlockNumberProvider = System;
    type MaxReplicas = ConstU32<16>;
    type MaxFileSize = MaxFileSize;
    type DrawDelay = DrawDelay;
    type RedrawDelay = RedrawDelay;
    type ProofDrawDelay = ProofDrawDelay;
    type MaxSeedGap = MaxSeedGap;
    type ReadyWindowBase = ReadyWindowBase;
    type ReadyWindowPerMib = ReadyWindowPerMib;
    type ProveWindow = ProveWindow;
    type MaturingDelay = MaturingDelay;
    type ProofSectors = ConstU32<8>;
    type MaxTasksPerBlock = ConstU32<64>;
    type AgendaSearch = ConstU32<32>;
    type AgendaCatchUp = ConstU32<16>;
    type MaxAgendaWeight = MaxAgendaWeight;
    type MaxDrawAttempts = MaxDrawAttempts;
    type DepositBase = StorageDepositBase;
    type DepositPerReplica = StorageDepositPerReplica;
    type Pot = PotAccount;
    type RepairFund = RepairFundAccount;
    type Treasury = TreasuryAccount;
    type PriceOrigin = EitherOf<EnsureRoot<AccountId>, GeneralAdmin>;
    type BasePrice = StorageBasePrice;
    type MinBasePrice = MinStorageBasePrice;
    type MaxBasePrice = MaxStorageBasePrice;
    type MinRounds = ConstU32<{ parameters::MIN_LEASE_ROUNDS }>;
    type MaxRounds = ConstU32<{ parameters::MAX_LEASE_ROUNDS }>;
    type GraceRounds = ConstU32<{ parameters::LEASE_GRACE_ROUNDS }>;
    type HandOverRounds = ConstU32<{ parameters::HAND_OVER_ROUNDS }>;
    type PlacementRounds = ConstU32<{ parameters::PLACEMENT_ROUNDS }>;
    type MibPerPlacementRound = ConstU32<{ parameters::MIB_PER_PLACEMENT_ROUND }>;
    type MinRoundsLeft = ConstU32<{ parameters::MIN_ROUNDS_LEFT }>;
    type MaxFailures = ConstU8<{ parameters::MAX_PLACEMENT_FAILURES }>;
    type BountyShare = BountyShare;
    type MaxReporterShare = super::providers::MaxReporterShare;
    type MaxBatch = ConstU32<{ parameters::MAX_LEASE_BATCH }>;
    type DropsPerBlock = ConstU32<4>;
    type WeightInfo = weights::pallet_noema_storage::WeightInfo<Runtime>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet_noema_audits::Pace;

    #[test]
    fn replicas_mature_in_three_epochs_unless_rounds_are_short() {
        let of = |pace: Pace| MaturingDelay::of(pace.round_ticks.into());
        assert_eq!(of(Pace::PRODUCTION), 3 * EPOCH_DURATION_IN_BLOCKS);
        assert_eq!(of(parameters::DEVELOPMENT_PACE), 20);
        assert_eq!(MaturingDelay::of(0), 1);
        assert_eq!(MaturingDelay::of(Tick::MAX), 3 * EPOCH_DURATION_IN_BLOCKS);
    }
}
