//! A runtime with nothing but this pallet, twice; populations over plain maps and a sum tree of six levels; a registry, a discipline and a payroll that
//! count money to the unit; and seeds and blocks that the tests choose. All keep their state in storage, so that it is undone with everything else when
//! a call or a change fails.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_audits;
use crate::{
    Audited, Config, DrawnOf, Pace, PaceInForce, Pallet, RoundOf, RoundState, Running, Written,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    derive_impl,
    dispatch::{DispatchClass, DispatchResultWithPostInfo},
    instances::Instance1,
    parameter_types, storage_alias,
    traits::{ConstU32, Hooks, IntegrityTest, OnGenesis},
    weights::{Weight, WeightMeter},
    Blake2_128Concat, Twox64Concat,
};
use noema_models::audits::block::{Block as ModelBlock, Kind, Load};
use noema_sum_tree::{Node, NodeStore};
use noema_traits::{
    AgedRandomness, AuditFreeze, Auditable, Frozen, Outcome, Payroll, Population, ProofFault,
    ProviderDiscipline, ProviderRegistry, Refusal, ReturnGate, Role, RoundIndex, Seed,
    SlashOutcome, Tick, Ticks,
};
use scale_info::TypeInfo;
use sp_runtime::{
    traits::{Convert, Dispatchable},
    BuildStorage, DispatchError, DispatchResult, Perbill,
};
use std::collections::{BTreeMap, BTreeSet};

mod acts;
mod blocks;
mod registry;
mod replicas;
mod rows;
mod seeds;
mod wages;
mod weights;

pub(crate) use acts::*;
pub(crate) use blocks::*;
pub(crate) use registry::*;
pub(crate) use replicas::*;
pub(crate) use rows::*;
pub(crate) use seeds::*;
pub(crate) use wages::*;
pub(crate) use weights::*;

pub(crate) type Balance = u128;
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
    pub type Audits = pallet_noema_audits;

    /// Another kind of thing, of which there is nothing yet.
    #[runtime::pallet_index(2)]
    pub type RowAudits = pallet_noema_audits<Instance1>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type BlockWeights = BlockWeights;
    type BlockLength = BlockLength;
    type DbWeight = frame_support::weights::constants::RocksDbWeight;
}

/// A token.
pub(crate) const NOEMA: Balance = 1_000_000_000_000_000_000;
/// Weight of a block.
pub(crate) const BLOCK: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);
/// What the normal class may use of it, and of the bytes.
pub(crate) const NORMAL: u64 = 750_000_000_000;
/// Bytes that the normal class may use.
pub(crate) const LENGTH: u32 = 4_000_000;

fn block_weights() -> frame_system::limits::BlockWeights {
    frame_system::limits::BlockWeights::builder()
        .base_block(Weight::zero())
        .for_class(DispatchClass::Normal, |weights| {
            weights.base_extrinsic = Weight::from_parts(100_000_000, 0);
            weights.max_total = Some(Weight::from_parts(NORMAL, u64::MAX / 4 * 3));
        })
        .for_class(DispatchClass::Operational, |weights| {
            weights.max_total = Some(BLOCK);
        })
        .build_or_panic()
}

fn block_length() -> frame_system::limits::BlockLength {
    frame_system::limits::BlockLength::builder()
        .max_length(LENGTH + LENGTH / 3)
        .modify_max_length_for_class(DispatchClass::Normal, |most| *most = LENGTH)
        .build()
}

parameter_types! {
    pub static BlockWeights: frame_system::limits::BlockWeights = block_weights();
    pub static BlockLength: frame_system::limits::BlockLength = block_length();
    pub const StorageRole: Role = Role::Storage;
    pub const RowRole: Role = Role::DataAvailability;
    pub static MaxSeedGap: u32 = 2;
    pub static History: u32 = 20;
    pub static Answerable: bool = true;
    pub static MinChallenges: u32 = 2;
    pub static MaxChallenges: u32 = 6;
    pub static ChallengeUnit: u64 = 16 * 256;
    pub static MissPoints: u32 = 24;
    pub static PassPoints: u32 = 1;
    pub static DropPoints: u32 = 96;
    pub static MissFee: Balance = NOEMA / 20;
    pub static ReporterShare: Perbill = Perbill::from_percent(20);
    pub static MaxReporterShare: Perbill = Perbill::from_percent(20);
    pub static SecondSlash: Perbill = Perbill::from_percent(1);
    pub static ThirdSlash: Perbill = Perbill::from_percent(4);
    pub static DropSlash: Perbill = Perbill::from_percent(10);
    pub static JailTerm: u32 = 30;
    pub static MaxSettle: u32 = 16;
    /// Whether everybody's challenges are drawn when a round opens, to be compared with what is written down.
    pub static Eagerly: bool = true;
    /// Whether whoever begins a drop has everything taken at once.
    pub static DropAtOnce: bool = false;
}

impl Config for Test {
    type Balance = Balance;
    type Role = StorageRole;
    type Audited = Replicas;
    type Payroll = Wages;
    type Providers = Registry;
    type Discipline = Registry;
    type Randomness = Seeds;
    type MaxSeedGap = MaxSeedGap;
    type Answerable = Answerable;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MinChallenges = MinChallenges;
    type MaxChallenges = MaxChallenges;
    type ChallengeUnit = ChallengeUnit;
    type MissPoints = MissPoints;
    type PassPoints = PassPoints;
    type DropPoints = DropPoints;
    type MissFee = MissFee;
    type ReporterShare = ReporterShare;
    type MaxReporterShare = MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = JailTerm;
    type MaxSettle = MaxSettle;
    type WeightInfo = PlacedWeights;
}

impl Config<Instance1> for Test {
    type Balance = Balance;
    type Role = RowRole;
    type Audited = Rows;
    type Payroll = ();
    type Providers = RowRegistry;
    type Discipline = RowRegistry;
    type Randomness = Seeds;
    type MaxSeedGap = MaxSeedGap;
    type Answerable = Answerable;
    type AccountBytes = PaddedAccount;
    type BlockNumberProvider = System;
    type MinChallenges = ConstU32<8>;
    type MaxChallenges = ConstU32<32>;
    type ChallengeUnit = ChallengeUnit;
    type MissPoints = MissPoints;
    type PassPoints = PassPoints;
    type DropPoints = DropPoints;
    type MissFee = MissFee;
    type ReporterShare = ReporterShare;
    type MaxReporterShare = MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = JailTerm;
    type MaxSettle = MaxSettle;
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

/// Quick rounds.
pub(crate) const QUICK: Pace = Pace {
    round_ticks: 14,
    answer_ticks: 5,
    draw_delay: 2,
};

/// What tests change of the configuration lives in the thread, which they may share.
fn reset_parameters() {
    BlockWeights::set(block_weights());
    BlockLength::set(block_length());
    MaxSeedGap::set(2);
    History::set(20);
    Answerable::set(true);
    MinChallenges::set(2);
    MaxChallenges::set(6);
    ChallengeUnit::set(16 * 256);
    MissPoints::set(24);
    PassPoints::set(1);
    DropPoints::set(96);
    MissFee::set(NOEMA / 20);
    ReporterShare::set(Perbill::from_percent(20));
    MaxReporterShare::set(Perbill::from_percent(20));
    SecondSlash::set(Perbill::from_percent(1));
    ThirdSlash::set(Perbill::from_percent(4));
    DropSlash::set(Perbill::from_percent(10));
    JailTerm::set(30);
    MaxSettle::set(16);
    Eagerly::set(true);
    DropAtOnce::set(false);
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    reset_parameters();
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    crate::GenesisConfig::<Test> {
        pace: Some(QUICK),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        Audits::on_genesis();
        RowAudits::on_genesis();
    });
    ext
}

/// Where as many challenges as can be are drawn.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn new_bench_ext() -> sp_io::TestExternalities {
    let ext = new_test_ext();
    MinChallenges::set(8);
    MaxChallenges::set(32);
    ChallengeUnit::set(1 << 30);
    ext
}

/// Runs a test in which these providers are registered, and checks every invariant at its end.
pub(crate) fn build_and_execute(providers: &[u64], test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        for provider in providers {
            Registry::register(*provider, BOND, 0);
        }
        test();
        check_invariants();
    });
}

/// `do_try_state`, and what only the mock can see.
pub(crate) fn check_invariants() {
    Audits::do_try_state().unwrap();
    RowAudits::do_try_state().unwrap();
    // No unit comes or goes.
    let funds: Balance = FundsOf::iter_values().map(|funds| funds.all()).sum();
    let rewards: Balance = Rewards::iter_values().sum();
    assert_eq!(
        funds + RepairFund::get() + rewards,
        BroughtIn::get(),
        "units of the token came or went"
    );
    for (provider, totals) in WageTotals::iter() {
        let gone = totals.paid + totals.lost + totals.forfeited;
        assert_eq!(
            gone + Wages::carried(provider),
            totals.due,
            "pay of {provider} came or went"
        );
    }
    // Each round is settled once, in order.
    for (provider, log) in WageLog::iter() {
        assert!(
            log.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "{provider}: {log:?}"
        );
    }
    // Whoever drops is known to storage, and the other way round.
    let dropping: BTreeSet<u64> = Audited::<Test>::iter()
        .filter_map(|(who, record)| record.is_dropping().then_some(who))
        .collect();
    assert_eq!(
        dropping,
        Drops::iter_keys().collect(),
        "who is being dropped"
    );
    // What is written down of the open round is what was drawn when it opened.
    let running = Running::<Test>::get();
    for (provider, drawn) in Written::<Test>::iter() {
        if let (true, Some(round)) = (Eagerly::get(), running) {
            if drawn.round == round.index {
                let (of, items) =
                    DrawnAtOpening::get(provider).unwrap_or((round.index, Vec::new()));
                let items = if of == round.index { items } else { Vec::new() };
                assert_eq!(drawn.items.to_vec(), items, "{provider}");
            }
        }
    }
}
