//! A runtime with balances and this pallet; providers, seeds, rounds and audits that the tests choose. All keep their state in storage, so that it is undone with
//! everything else when a call fails.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

mod acts;
mod audits;
mod blobs;
mod keys;
mod registry;
mod seeds;

pub(crate) use acts::*;
pub(crate) use audits::*;
pub(crate) use blobs::*;
pub(crate) use keys::*;
pub(crate) use registry::*;
pub(crate) use seeds::*;

use crate as pallet_noema_da;
use crate::{Config, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU128, Hooks, OnGenesis},
    weights::{Weight, WeightMeter},
};
use sp_runtime::BuildStorage;

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

    #[runtime::pallet_index(65)]
    pub type Da = pallet_noema_da;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<u128>;
    type BlockWeights = BlockWeights;
}

/// Existential deposit of the mock.
pub(crate) const ED: u128 = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

/// Weight of a block.
pub(crate) const BLOCK: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);

parameter_types! {
    pub BlockWeights: frame_system::limits::BlockWeights = frame_system::limits::BlockWeights::simple_max(BLOCK);
    pub static MaxKeys: u32 = 1_000;
    pub static MinSeats: u32 = 4;
    pub static KeysPerBlock: u32 = 50;
    pub const SeatDrawDelay: u32 = 8;
    pub const MaxSeedGap: u32 = 2;
    pub static AttestTicks: u64 = 20;
    pub const RowDrawDelay: u32 = 2;
    pub static MaxInFlight: u64 = 1 << 28;
    pub const PotAccount: u64 = POT;
    pub const FundAccount: u64 = FUND;
    pub const TreasuryAccount: u64 = TREASURY;
    pub static BasePrice: u128 = 1_000_000;
    pub static MinBasePrice: u128 = 1;
    pub static MaxBasePrice: u128 = 1 << 60;
    pub static RecordFee: u128 = 50;
    pub static SendingFee: u128 = 1_000_000;
    pub static MaxAgendaWeight: Weight = Weight::from_parts(500_000_000_000, u64::MAX);
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Providers = Registry;
    type Discipline = Registry;
    type Eligible = Registry;
    type Clock = Audits;
    type Audits = Audits;
    type Randomness = Seeds;
    type MaxSeedGap = MaxSeedGap;
    type SeatDrawDelay = SeatDrawDelay;
    type BlockNumberProvider = System;
    type MaxKeys = MaxKeys;
    type MinSeats = MinSeats;
    type KeysPerBlock = KeysPerBlock;
    type ItemDeposit = ConstU128<100>;
    type ByteDeposit = ConstU128<1>;
    type AttestTicks = AttestTicks;
    type RowDrawDelay = RowDrawDelay;
    type MaxInFlight = MaxInFlight;
    type Pot = PotAccount;
    type RepairFund = FundAccount;
    type Treasury = TreasuryAccount;
    type PriceOrigin = frame_system::EnsureRoot<u64>;
    type BasePrice = BasePrice;
    type MinBasePrice = MinBasePrice;
    type MaxBasePrice = MaxBasePrice;
    type RecordFee = RecordFee;
    type SendingFee = SendingFee;
    type MaxAgendaWeight = MaxAgendaWeight;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// What everybody has at the beginning.
pub(crate) const FUNDS: u128 = 1_000_000_000;

/// Externalities in block 1, in which the accounts 1 to 200 have their funds.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    MaxKeys::set(1_000);
    MinSeats::set(4);
    KeysPerBlock::set(50);
    AttestTicks::set(20);
    MaxInFlight::set(1 << 28);
    BasePrice::set(1_000_000);
    MinBasePrice::set(1);
    MaxBasePrice::set(1 << 60);
    RecordFee::set(50);
    SendingFee::set(1_000_000);
    MaxAgendaWeight::set(Weight::from_parts(500_000_000_000, u64::MAX));
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..=200).map(|who| (who, FUNDS)).collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        Da::on_genesis();
        System::set_block_number(1);
    });
    ext
}

/// Runs a test and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Pallet::<Test>::do_try_state().unwrap();
    });
}
