//! A runtime with balances and this pallet.
#![allow(
    unreachable_pub,
    reason = "the runtime of the mock is public as macros make it"
)]

use crate as pallet_noema_providers;
use crate::{Config, Pallet, ParametersByRole, RoleParameters};
use frame_support::{
    derive_impl, parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU128, ConstU32},
};
use noema_traits::Role;
use sp_runtime::{BuildStorage, Perbill};

pub(crate) type Balance = u128;
pub(crate) type AccountId = u64;
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
    pub type NoemaProviders = pallet_noema_providers;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountData = pallet_balances::AccountData<Balance>;
}

/// Existential deposit of the mock.
pub(crate) const ED: Balance = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<ED>;
    type AccountStore = System;
}

/// Where slashes end up.
pub(crate) const FUND: AccountId = 999;

parameter_types! {
    pub static KeptOut: Option<u64> = None;
    pub const FundAccount: AccountId = FUND;
    pub static UnbondingPeriod: u32 = 20;
    pub static MaxUnlocking: u32 = 4;
    pub static MaxProviders: u32 = 20;
    pub static MaxReporterShare: Perbill = Perbill::from_percent(50);
    pub static MinDelegation: Balance = 100;
    pub static Promised: Option<(Role, u64, Balance)> = None;
    pub static MaxDelegationPercent: u32 = 200;
    pub static MaxCommissionIncrease: Perbill = Perbill::from_percent(10);
    pub static CommissionNotice: u32 = 15;
    pub static RewardDrip: u32 = 12;
    pub static StorageParameters: RoleParameters<Balance> =
        RoleParameters { minimum_bond: 1_000, collateral_per_mib: 100 };
}

/// Different parameters for every role, those of storage changeable by tests.
pub struct TestParameters;
impl ParametersByRole<Balance> for TestParameters {
    fn parameters(role: Role) -> RoleParameters<Balance> {
        match role {
            Role::Storage => StorageParameters::get(),
            Role::DataAvailability => RoleParameters {
                minimum_bond: 2_000,
                collateral_per_mib: 50,
            },
            Role::Compute => RoleParameters {
                minimum_bond: 500,
                collateral_per_mib: 1,
            },
        }
    }
}

/// Keeps whoever the tests say from coming back.
pub struct Gate;
impl noema_traits::ReturnGate<u64> for Gate {
    fn may_return(_role: Role, provider: &u64) -> bool {
        KeptOut::get() != Some(*provider)
    }
}

/// What the tests say that another pallet promised on the strength of a bond.
pub struct Promises;
impl noema_traits::BondGate<u64, Balance> for Promises {
    fn may_shrink(role: Role, provider: &u64, left: Balance) -> bool {
        Promised::get().is_none_or(|(of, who, bond)| (of, who) != (role, *provider) || left >= bond)
    }

    fn may_leave(role: Role, provider: &u64) -> bool {
        Promised::get().is_none_or(|(of, who, _)| (of, who) != (role, *provider))
    }
}

impl Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type SlashFund = ResolveTo<FundAccount, Balances>;
    type Parameters = TestParameters;
    type BlockNumberProvider = System;
    type UnbondingPeriod = UnbondingPeriod;
    type MaxUnlocking = MaxUnlocking;
    type MaxEndpointLen = ConstU32<128>;
    type MaxProviders = MaxProviders;
    type MaxReporterShare = MaxReporterShare;
    type MinDelegation = MinDelegation;
    type MaxDelegationPercent = MaxDelegationPercent;
    type MaxCommissionIncrease = MaxCommissionIncrease;
    type CommissionNotice = CommissionNotice;
    type RewardDrip = RewardDrip;
    type ReturnGate = Gate;
    type BondGate = Promises;
    type WeightInfo = crate::weights::SubstrateWeight<Test>;
}

/// What each of the accounts 1 to 9 has at the beginning.
pub(crate) const FUNDS: Balance = 100_000;

/// Externalities in block 1: accounts 1 to 9 and the fund exist.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default()
        .build_storage()
        .unwrap();
    pallet_balances::GenesisConfig::<Test> {
        balances: (1..10)
            .map(|who| (who, FUNDS))
            .chain([(FUND, ED)])
            .collect(),
        ..Default::default()
    }
    .assimilate_storage(&mut storage)
    .unwrap();
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Runs a test and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        Pallet::<Test>::do_try_state().unwrap();
    });
}

/// Goes `blocks` blocks on.
pub(crate) fn advance(blocks: u32) {
    System::set_block_number(System::block_number() + blocks);
}
