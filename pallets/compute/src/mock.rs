//! A runtime with balances and this pallet, a clock that tests set, and providers whose bonds lie in one account.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

mod acts;
mod registry;

pub(crate) use acts::*;
pub(crate) use registry::*;

use crate as pallet_noema_compute;
use crate::{Config, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU128, ConstU32},
};
use sp_runtime::{AccountId32, BuildStorage, MultiSignature, Perbill, Permill};

pub(crate) type AccountId = AccountId32;
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
    pub type Compute = pallet_noema_compute;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = sp_runtime::traits::IdentityLookup<AccountId>;
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
    type MaxFreezes = ConstU32<1>;
    type FreezeIdentifier = [u8; 1];
}

parameter_types! {
    pub static BlockWeights: frame_system::limits::BlockWeights = Default::default();
    pub const Treasury: AccountId = account(TREASURY);
    pub static Tick: u64 = 1_000;
    pub static CutShare: Permill = Permill::from_percent(5);
    pub static PriceNotice: u64 = 100;
    pub static CloseLock: u64 = 50;
    pub static EvidenceWindow: u64 = 200;
    pub static CapPerBond: u32 = 4;
    pub static MinCap: u128 = 10;
    pub static MaxLanes: u16 = 6;
    pub static MaxClaims: u32 = 16;
    pub static SlashFactor: u32 = 4;
    pub static PayerShare: Perbill = Perbill::from_percent(50);
}

/// The clock of the tests.
pub struct Clock;
impl noema_traits::Ticks for Clock {
    fn now() -> u64 {
        Tick::get()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(tick: u64) {
        Tick::set(tick);
    }
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Signature = MultiSignature;
    type Providers = Registry;
    type Discipline = Registry;
    type Ticks = Clock;
    type Cut = ResolveTo<Treasury, Balances>;
    type CutShare = CutShare;
    type PriceNotice = PriceNotice;
    type CloseLock = CloseLock;
    type EvidenceWindow = EvidenceWindow;
    type CapPerBond = CapPerBond;
    type MinCap = MinCap;
    type MaxServices = ConstU32<3>;
    type MaxSessions = ConstU32<3>;
    type MaxLanes = MaxLanes;
    type MaxClaims = MaxClaims;
    type ItemDeposit = ConstU128<10>;
    type ByteDeposit = ConstU128<1>;
    type SlashFactor = SlashFactor;
    type MinSlash = ConstU128<20>;
    type PayerShare = PayerShare;
    type JailTerm = ConstU32<30>;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

/// Two providers, two payers, one payer with little.
pub(crate) const PROVIDER: u8 = 1;
pub(crate) const RIVAL: u8 = 2;
pub(crate) const ALICE: u8 = 3;
pub(crate) const BOB: u8 = 4;
pub(crate) const PAUPER: u8 = 5;
pub(crate) const STRANGER: u8 = 6;
pub(crate) const TREASURY: u8 = 100;

/// What everybody but the pauper has at the beginning.
pub(crate) const FUNDS: u128 = 1_000_000;
/// What the pauper has.
pub(crate) const POOR: u128 = 700;
/// What each provider bonds.
pub(crate) const BOND: u128 = 5_000;

/// The account with this number.
pub(crate) const fn account(number: u8) -> AccountId {
    AccountId::new([number; 32])
}

/// Externalities in block 1: accounts have their funds, both providers are active.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    let rich = [PROVIDER, RIVAL, ALICE, BOB, STRANGER];
    pallet_balances::GenesisConfig::<Test> {
        balances: rich
            .map(|who| (account(who), FUNDS))
            .into_iter()
            .chain([
                (account(PAUPER), POOR),
                (account(TREASURY), ED),
                (account(VAULT), 2 * BOND + ED),
                (account(FUND), ED),
            ])
            .collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        Tick::set(1_000);
        MaxLanes::set(6);
        CloseLock::set(50);
        for provider in [PROVIDER, RIVAL] {
            Registry::register(provider, BOND);
        }
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

/// Goes `ticks` ticks on.
pub(crate) fn advance(ticks: u64) {
    Tick::set(Tick::get() + ticks);
}

/// The same with a keystore, in which benchmarks keep their keys.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn with_keys() -> sp_io::TestExternalities {
    use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
    let mut ext = new_test_ext();
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext
}
