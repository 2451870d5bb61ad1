//! Files held to an on-chain commitment.

use super::entropy::MAX_SEED_GAP;
use crate::{
    configs::money::deposit,
    weights::{self, block::MAX_BLOCK_WEIGHT},
    Balance, Balances, BlockNumber, Entropy, Providers, Runtime, RuntimeHoldReason, System,
};
use frame_support::{parameter_types, traits::ConstU32, weights::Weight};
use noema_core::units::{MILLI, TIB};
use sp_runtime::{traits::ConvertInto, Perbill};

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
