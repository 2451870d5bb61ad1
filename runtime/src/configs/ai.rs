//! The AI layers: seeds, providers, storage.

use super::money::{deposit, RepairFundAccount};
use crate::{
    weights::{self, block::MAX_BLOCK_WEIGHT},
    Balance, Balances, BlockNumber, Entropy, Providers, Runtime, RuntimeHoldReason, System,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU32},
    weights::Weight,
};
use noema_core::{
    time::{DAYS, MINUTES},
    units::{MILLI, NOEMA, TIB},
};
use noema_traits::Role;
use pallet_noema_entropy::babe::{CurrentEpochRandomness, CurrentVrfOutput};
use pallet_noema_providers::{ParametersByRole, RoleParameters};
use sp_runtime::{traits::ConvertInto, Perbill};

/// How many blocks after the one asked for may stand in for it when it has no seed. The first block
/// of a session never has one.
const MAX_SEED_GAP: u32 = 8;

impl pallet_noema_entropy::Config for Runtime {
    type VrfOutput = CurrentVrfOutput<Runtime>;
    type EpochRandomness = CurrentEpochRandomness<Runtime>;
    // Ten minutes: ten times as long as the longest wait for an answer that needs a seed.
    type History = ConstU32<{ 10 * MINUTES }>;
    type MaxGap = ConstU32<MAX_SEED_GAP>;
    type WeightInfo = weights::pallet_noema_entropy::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = CurrentVrfOutput<Runtime>;
}

parameter_types! {
    /// For how long bond stays slashable after `unbond`.
    pub const UnbondingPeriod: BlockNumber = 28 * DAYS;
    /// The largest part of a slash that a reporter is paid.
    pub const MaxReporterShare: Perbill = Perbill::from_percent(20);
}

impl pallet_noema_providers::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type SlashFund = ResolveTo<RepairFundAccount, Balances>;
    type Parameters = BondByRole;
    type BlockNumberProvider = System;
    type UnbondingPeriod = UnbondingPeriod;
    type MaxUnlocking = ConstU32<16>;
    type MaxEndpointLen = ConstU32<{ noema_endpoint::MAX_LEN as u32 }>;
    type MaxProviders = ConstU32<65_536>;
    type MaxReporterShare = MaxReporterShare;
    type WeightInfo = weights::pallet_noema_providers::WeightInfo<Runtime>;
}

/// What each role asks of its providers. The smallest bond carries the smallest useful provider; what
/// it may promise beyond grows with its bond.
pub struct BondByRole;

impl BondByRole {
    /// A storage provider bonds at least 100 NOEMA and 1 NOEMA per GiB: 100 GiB to start with.
    pub const STORAGE: RoleParameters<Balance> = RoleParameters {
        minimum_bond: 100 * NOEMA,
        collateral_per_mib: NOEMA / 1024,
    };

    /// A data-availability provider bonds ten times as much: it holds data for a short time only,
    /// but a quorum of these says that data is there.
    pub const DATA_AVAILABILITY: RoleParameters<Balance> = RoleParameters {
        minimum_bond: 1_000 * NOEMA,
        collateral_per_mib: 10 * NOEMA / 1024,
    };

    /// A compute provider bonds at least 500 NOEMA. The capacity that it declares is the memory of
    /// its machines.
    pub const COMPUTE: RoleParameters<Balance> = RoleParameters {
        minimum_bond: 500 * NOEMA,
        collateral_per_mib: NOEMA / 1024,
    };
}

impl ParametersByRole<Balance> for BondByRole {
    fn parameters(role: Role) -> RoleParameters<Balance> {
        match role {
            Role::Storage => Self::STORAGE,
            Role::DataAvailability => Self::DATA_AVAILABILITY,
            Role::Compute => Self::COMPUTE,
        }
    }
}

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
    /// Blocks that a provider has to fetch a file, whatever its size.
    pub const ReadyWindowBase: BlockNumber = 60;
    /// Blocks that it has beside these for each MiB.
    pub const ReadyWindowPerMib: BlockNumber = 1;
    /// Blocks that a provider has to prove the sectors drawn.
    pub const ProveWindow: BlockNumber = 60;
    /// The most weight that the agenda takes of one block: a fifth.
    pub MaxAgendaWeight: Weight = Perbill::from_percent(20) * MAX_BLOCK_WEIGHT;
    /// How often a provider is drawn before a draw is given up.
    pub const MaxDrawAttempts: u8 = 16;
    /// Deposit for a deal: it, its owner's entry and the commitment's.
    pub const StorageDepositBase: Balance = deposit(3, 320);
    /// Deposit for each replica: its slot, its assignment and its task.
    pub const StorageDepositPerReplica: Balance = deposit(1, 300);
    /// Deposit for each MiB of each replica: about 1 NOEMA per GiB, what its providers put up for it.
    pub const StorageDepositPerMib: Balance = MILLI;
}

impl pallet_noema_storage::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Providers;
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
    type ProofSectors = ConstU32<8>;
    type MaxTasksPerBlock = ConstU32<64>;
    type AgendaSearch = ConstU32<32>;
    type AgendaCatchUp = ConstU32<16>;
    type MaxAgendaWeight = MaxAgendaWeight;
    type MaxDrawAttempts = MaxDrawAttempts;
    type DepositBase = StorageDepositBase;
    type DepositPerReplica = StorageDepositPerReplica;
    type DepositPerMib = StorageDepositPerMib;
    type WeightInfo = weights::pallet_noema_storage::WeightInfo<Runtime>;
}
