//! A runtime with balances, this pallet, a market that takes and reserves money, and everything that wraps calls.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

mod acts;
mod classifier;
pub(crate) mod market;

pub(crate) use acts::*;
pub(crate) use classifier::*;

use crate as pallet_noema_agents;
use crate::{Config, Pallet};
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU128, ConstU32, Contains, InstanceFilter},
};
use sp_runtime::{AccountId32, BuildStorage, MultiSignature};

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
    pub type Agents = pallet_noema_agents;

    #[runtime::pallet_index(3)]
    pub type Market = market;

    #[runtime::pallet_index(4)]
    pub type Utility = pallet_utility;

    #[runtime::pallet_index(5)]
    pub type Proxy = pallet_proxy;

    #[runtime::pallet_index(6)]
    pub type Multisig = pallet_multisig;

    #[runtime::pallet_index(7)]
    pub type Sudo = pallet_sudo;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = sp_runtime::traits::IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<u128>;
    type BlockWeights = BlockWeights;
    type BaseCallFilter = NotPaused;
}

/// Existential deposit of the mock.
pub(crate) const ED: u128 = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = u128;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

/// Every proxy may do everything.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    codec::Encode,
    codec::Decode,
    codec::DecodeWithMemTracking,
    codec::MaxEncodedLen,
    scale_info::TypeInfo,
)]
pub struct AnyProxy;

impl InstanceFilter<RuntimeCall> for AnyProxy {
    fn filter(&self, _call: &RuntimeCall) -> bool {
        true
    }
}

impl pallet_proxy::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = AnyProxy;
    type ProxyDepositBase = ConstU128<1>;
    type ProxyDepositFactor = ConstU128<1>;
    type MaxProxies = ConstU32<4>;
    type WeightInfo = ();
    type MaxPending = ConstU32<4>;
    type CallHasher = sp_runtime::traits::BlakeTwo256;
    type AnnouncementDepositBase = ConstU128<1>;
    type AnnouncementDepositFactor = ConstU128<1>;
    type BlockNumberProvider = System;
}

impl pallet_multisig::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type DepositBase = ConstU128<1>;
    type DepositFactor = ConstU128<1>;
    type MaxSignatories = ConstU32<3>;
    type WeightInfo = ();
    type BlockNumberProvider = System;
}

impl pallet_sudo::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = ();
}

impl market::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
}

/// Every call, but what the market sells while it is paused.
pub struct NotPaused;

impl Contains<RuntimeCall> for NotPaused {
    fn contains(call: &RuntimeCall) -> bool {
        !(Paused::get() && matches!(call, RuntimeCall::Market(_)))
    }
}

parameter_types! {
    pub static Paused: bool = false;
    pub static BlockWeights: frame_system::limits::BlockWeights = Default::default();
    pub static Tick: u64 = 1_000;
    pub static MinFeedback: u128 = 10;
    pub static MaxData: u32 = 3;
    pub static MayChangeHands: bool = true;
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

/// Lets accounts change hands, or not.
pub struct Gate;
impl noema_traits::HandOver<AccountId> for Gate {
    fn may_change_hands(_account: &AccountId) -> bool {
        MayChangeHands::get()
    }
}

/// Ticks that a wallet can sign ahead.
pub(crate) const MAX_DEADLINE: u64 = 50;
/// Length of a period of ratings in ticks.
pub(crate) const PERIOD: u64 = 100;

impl Config for Test {
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Signature = MultiSignature;
    type Classifier = Leaves;
    type Paid = Market;
    type HandOver = Gate;
    type Ticks = Clock;
    type MaxDeadline = frame_support::traits::ConstU64<MAX_DEADLINE>;
    type ReputationPeriod = frame_support::traits::ConstU64<PERIOD>;
    type MinFeedback = MinFeedback;
    type ItemDeposit = ConstU128<10>;
    type ByteDeposit = ConstU128<1>;
    type MaxMetadata = ConstU32<3>;
    type MaxData = MaxData;
    type MaxUsages = ConstU32<3>;
    type MaxSessions = ConstU32<3>;
    type MaxScheduled = ConstU32<3>;
    type MaxScheduledCall = ConstU32<128>;
    type MaxTags = ConstU32<2>;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

/// Owners, users, payers.
pub(crate) const ALICE: u8 = 1;
pub(crate) const BOB: u8 = 2;
pub(crate) const CAROL: u8 = 3;
pub(crate) const PAUPER: u8 = 4;
/// Holds what nobody else has; root's key.
pub(crate) const TREASURY: u8 = 100;
/// Keys of sessions and wallets, which are accounts, too.
pub(crate) const KEYS: [u8; 3] = [51, 52, 53];

/// What everybody but the pauper has at the beginning.
pub(crate) const FUNDS: u128 = 1_000_000;
/// What the pauper has.
pub(crate) const POOR: u128 = 100;

/// Externalities in block 1: accounts have their funds.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: [ALICE, BOB, CAROL]
            .map(|who| (account(who), FUNDS))
            .into_iter()
            .chain(KEYS.map(|key| (self::key(key), FUNDS)))
            .chain([(account(PAUPER), POOR), (account(TREASURY), ED)])
            .collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    pallet_sudo::GenesisConfig::<Test> {
        key: Some(account(TREASURY)),
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        Tick::set(1_000);
        MinFeedback::set(10);
        MayChangeHands::set(true);
        Careless::set(false);
        Paused::set(false);
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

/// The same with a keystore, in which benchmarks keep their keys.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn with_keys() -> sp_io::TestExternalities {
    use sp_keystore::{testing::MemoryKeystore, KeystoreExt};
    let mut ext = new_test_ext();
    ext.register_extension(KeystoreExt::new(MemoryKeystore::new()));
    ext
}
