//! A runtime with nothing but balances and this pallet; a provider registry, seeds, rounds and audits that the tests choose. All keep their state in storage, so that
//! it is undone with everything else when a call or a task fails.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_storage;
use crate::{Config, DealOf, Deals, FileId, SectorProofsOf, SlotOf, SlotState, TaskOf};
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::DispatchResultWithPostInfo,
    parameter_types, storage_alias,
    traits::{
        fungible::{InspectHold, Mutate as _},
        tokens::Preservation,
        Hooks, OnGenesis,
    },
    weights::{Weight, WeightMeter},
    Twox64Concat,
};
use noema_commitment::{
    drawn_sectors, tree_root, tree_siblings, Hasher, SectorProof, Shape, SECTOR_SIZE,
};
use noema_traits::{
    AgedRandomness, AuditFreeze, Auditable, Frozen, Outcome, Payroll, ProviderDiscipline,
    ProviderRegistry, Refusal, Role, RoundIndex, Rounds, Seed, Shortfall, SlashOutcome, Tick,
    Ticks,
};
use sp_runtime::{
    traits::{Convert, Dispatchable},
    BuildStorage, DispatchError, DispatchResult, Perbill, TokenError,
};
use std::collections::BTreeMap;

mod acts;
mod audits;
mod files;
mod registry;
mod seeds;

pub(crate) use acts::*;
pub(crate) use audits::*;
pub(crate) use files::*;
pub(crate) use registry::*;
pub(crate) use seeds::*;

type Block = frame_system::mocking::MockBlockU32<Test>;

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
        RuntimeTask
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;

    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances;

    #[runtime::pallet_index(2)]
    pub type Storage = pallet_noema_storage;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
    type ExistentialDeposit = ExistentialDeposit;
}

parameter_types! {
    pub const MaxReplicas: u32 = 16;
    pub static MaxFileSize: u64 = 1 << 40;
    pub static DrawDelay: u32 = 2;
    pub static RedrawDelay: u32 = 10;
    pub static ProofDrawDelay: u32 = 2;
    pub static MaxSeedGap: u32 = 4;
    pub static ReadyWindowBase: Tick = 20;
    pub const ReadyWindowPerMib: Tick = 1;
    pub static ProveWindow: Tick = 10;
    pub static MaturingDelay: u32 = 1_000;
    /// Whether blocks are no ticks.
    pub static StandStill: bool = false;
    /// Ticks of a round.
    pub static RoundLength: Tick = 100_000;
    pub static ProofSectors: u32 = 8;
    pub static MaxTasksPerBlock: u32 = 64;
    pub static AgendaSearch: u32 = 8;
    pub static AgendaCatchUp: u32 = 4;
    pub static MaxAgendaWeight: Weight = Weight::from_parts(400_000_000_000, u64::MAX);
    pub static MaxDrawAttempts: u8 = 16;
    pub static DepositBase: u64 = 1_000;
    pub static DepositPerReplica: u64 = 100;
    pub static History: u32 = 64;
    pub const PotAccount: u64 = POT;
    pub const FundAccount: u64 = FUND;
    pub const TreasuryAccount: u64 = TREASURY;
    pub static BasePrice: u64 = 1_000;
    pub static MinBasePrice: u64 = 1;
    pub static MaxBasePrice: u64 = 1_000_000_000;
    pub static MinRounds: RoundIndex = 4;
    pub static MaxRounds: RoundIndex = 40;
    pub static GraceRounds: RoundIndex = 2;
    pub static HandOverRounds: RoundIndex = 3;
    pub static PlacementRounds: RoundIndex = 2;
    pub static MibPerPlacementRound: u32 = 1 << 20;
    pub static MinRoundsLeft: RoundIndex = 2;
    pub static MaxFailures: u8 = 3;
    pub static BountyShare: Perbill = Perbill::from_percent(50);
    pub static MaxReporterShare: Perbill = Perbill::from_percent(20);
    pub const MaxBatch: u32 = 64;
    pub static DropsPerBlock: u32 = 4;
    pub static ExistentialDeposit: u64 = 1;
    /// What the audits take to hear of a change.
    pub static ChangeWeight: Weight = Weight::from_parts(2_000_000_000, 0);
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Registry;
    type Discipline = Registry;
    type Audits = Audits;
    type Clock = Clock;
    type Randomness = Seeds;
    type FileHasher = crate::HostHashing;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MaxReplicas = MaxReplicas;
    type MaxFileSize = MaxFileSize;
    type DrawDelay = DrawDelay;
    type RedrawDelay = RedrawDelay;
    type ProofDrawDelay = ProofDrawDelay;
    type MaxSeedGap = MaxSeedGap;
    type ReadyWindowBase = ReadyWindowBase;
    type ReadyWindowPerMib = ReadyWindowPerMib;
    type ProveWindow = ProveWindow;
    type MaturingDelay = MaturingDelay;
    type ProofSectors = ProofSectors;
    type MaxTasksPerBlock = MaxTasksPerBlock;
    type AgendaSearch = AgendaSearch;
    type AgendaCatchUp = AgendaCatchUp;
    type MaxAgendaWeight = MaxAgendaWeight;
    type MaxDrawAttempts = MaxDrawAttempts;
    type DepositBase = DepositBase;
    type DepositPerReplica = DepositPerReplica;
    type Pot = PotAccount;
    type RepairFund = FundAccount;
    type Treasury = TreasuryAccount;
    type PriceOrigin = frame_system::EnsureRoot<u64>;
    type BasePrice = BasePrice;
    type MinBasePrice = MinBasePrice;
    type MaxBasePrice = MaxBasePrice;
    type MinRounds = MinRounds;
    type MaxRounds = MaxRounds;
    type GraceRounds = GraceRounds;
    type HandOverRounds = HandOverRounds;
    type PlacementRounds = PlacementRounds;
    type MibPerPlacementRound = MibPerPlacementRound;
    type MinRoundsLeft = MinRoundsLeft;
    type MaxFailures = MaxFailures;
    type BountyShare = BountyShare;
    type MaxReporterShare = MaxReporterShare;
    type MaxBatch = MaxBatch;
    type DropsPerBlock = DropsPerBlock;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// Account numbers as 32 bytes.
pub struct PaddedAccount;
impl Convert<u64, [u8; 32]> for PaddedAccount {
    fn convert(account: u64) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&account.to_le_bytes());
        bytes
    }
}

/// Owners with money.
pub(crate) const ALICE: u64 = 1;
pub(crate) const BOB: u64 = 2;
/// An account with nothing but the existential deposit.
pub(crate) const PAUPER: u64 = 3;
/// What Alice and Bob start with.
pub(crate) const ENDOWMENT: u64 = 1_000_000_000;
/// Free bytes of each provider to start with.
pub(crate) const CAPACITY: u64 = 1 << 50;

/// The account with all escrows, the repair fund, the treasury.
pub(crate) const POT: u64 = 1_000_001;
pub(crate) const FUND: u64 = 1_000_002;
pub(crate) const TREASURY: u64 = 1_000_003;
/// A term that is long enough.
pub(crate) const ROUNDS: RoundIndex = 10;
/// A maximum that is never in the way.
pub(crate) const AMPLE: u64 = u64::MAX / 2;

/// The bonded account of the `n`-th provider.
pub(crate) const fn provider(n: u64) -> u64 {
    100 + n
}

/// The operator key of a provider.
pub(crate) const fn operator_of(provider: u64) -> u64 {
    provider + 100
}

/// What tests change of the configuration lives in the thread, which they may share.
fn reset_parameters() {
    MaxFileSize::set(1 << 40);
    DrawDelay::set(2);
    RedrawDelay::set(10);
    ProofDrawDelay::set(2);
    MaxSeedGap::set(4);
    ReadyWindowBase::set(20);
    ProveWindow::set(10);
    ProofSectors::set(8);
    MaxTasksPerBlock::set(64);
    AgendaSearch::set(8);
    AgendaCatchUp::set(4);
    MaxAgendaWeight::set(Weight::from_parts(400_000_000_000, u64::MAX));
    MaxDrawAttempts::set(16);
    History::set(64);
    MaturingDelay::set(1_000);
    StandStill::set(false);
    RoundLength::set(100_000);
    DepositBase::set(1_000);
    DepositPerReplica::set(100);
    BasePrice::set(1_000);
    MinBasePrice::set(1);
    MaxBasePrice::set(1_000_000_000);
    MinRounds::set(4);
    MaxRounds::set(40);
    GraceRounds::set(2);
    HandOverRounds::set(3);
    PlacementRounds::set(2);
    MibPerPlacementRound::set(1 << 20);
    MinRoundsLeft::set(2);
    MaxFailures::set(3);
    BountyShare::set(Perbill::from_percent(50));
    MaxReporterShare::set(Perbill::from_percent(20));
    DropsPerBlock::set(4);
    ExistentialDeposit::set(1);
    ChangeWeight::set(Weight::from_parts(2_000_000_000, 0));
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    reset_parameters();
    let mut genesis = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: vec![
            (ALICE, ENDOWMENT),
            (BOB, ENDOWMENT),
            (PAUPER, 1),
            (POT, 1),
            (FUND, 1),
            (TREASURY, 1),
        ],
        ..Default::default()
    }
    .assimilate_storage(&mut genesis)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(genesis);
    ext.execute_with(|| {
        Storage::on_genesis();
        System::set_block_number(1);
        TickNow::put(1);
        RoundEnds::put(RoundLength::get());
        Seeds::remember(1);
        poll(Weight::MAX);
        System::reset_events();
    });
    ext
}

/// Runs a test over `providers` providers, and checks every invariant at its end.
pub(crate) fn build_and_execute(providers: u64, test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        for n in 0..providers {
            Registry::insert(provider(n), operator_of(provider(n)), CAPACITY);
        }
        test();
        check_invariants();
    });
}

/// `do_try_state`, and what only the mock registry can see: each provider has exactly the bytes
/// reserved that its slots take.
pub(crate) fn check_invariants() {
    Storage::do_try_state().unwrap();
    let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
    for deal in Deals::<Test>::iter_values() {
        for provider in deal.slots.iter().flat_map(|slot| slot.providers()) {
            *expected.entry(*provider).or_default() +=
                Shape::new(deal.size).unwrap().padded_bytes();
        }
    }
    for (provider, entry) in Registry::all() {
        let expected = expected.get(&provider).copied().unwrap_or_default();
        assert_eq!(
            entry.reserved, expected,
            "bytes reserved of provider {provider}"
        );
    }
}

fn begin_block(with_seed: bool) {
    let block = System::block_number() + 1;
    System::set_block_number(block);
    if !StandStill::get() {
        Clock::tick();
    }
    if with_seed {
        Seeds::remember(block);
    }
    if let Some(old) = block.checked_sub(History::get()) {
        Seeds::forget(old);
    }
}

/// What hooks take beside the agenda when there is nothing for them to do, added to what the agenda may take.
pub(crate) fn with_hooks(agenda: Weight) -> Weight {
    type W = <Test as Config>::WeightInfo;
    agenda + <W as crate::WeightInfo>::on_poll() + <W as crate::WeightInfo>::drop_none()
}

fn poll(limit: Weight) -> Weight {
    let mut meter = WeightMeter::with_limit(limit);
    Storage::on_poll(System::block_number(), &mut meter);
    meter.consumed()
}

/// The next block, with a seed.
pub(crate) fn next_block() {
    begin_block(true);
    poll(Weight::MAX);
}

/// The next block, without a seed.
pub(crate) fn next_block_without_seed() {
    begin_block(false);
    poll(Weight::MAX);
}

/// The next block, in which hooks may take no more than `limit`. Returns what they took.
pub(crate) fn next_block_within(limit: Weight) -> Weight {
    begin_block(true);
    poll(limit)
}

/// The next block, in which no hook runs, as during a migration.
pub(crate) fn next_block_without_hooks() {
    begin_block(true);
}

pub(crate) fn run_to(block: u32) {
    while System::block_number() < block {
        next_block();
    }
}

/// To a tick: the block of the same number, where every block is one.
pub(crate) fn run_to_tick(tick: Tick) {
    while TickNow::get() < tick {
        next_block();
    }
}

pub(crate) fn run_blocks(blocks: u32) {
    run_to(System::block_number() + blocks);
}
