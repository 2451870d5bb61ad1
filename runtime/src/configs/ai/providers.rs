//! Bonds and capacity of the off-chain roles.

use crate::{
    configs::money::RepairFundAccount, weights, Balance, Balances, BlockNumber, Runtime,
    RuntimeHoldReason, System,
};
use frame_support::{
    parameter_types,
    traits::{tokens::imbalance::ResolveTo, ConstU32},
};
use noema_core::{time::DAYS, units::NOEMA};
use noema_traits::Role;
use pallet_noema_providers::{ParametersByRole, RoleParameters};
use sp_runtime::Perbill;

parameter_types! {
    /// For how long bond stays slashable after `unbond`.
    pub const UnbondingPeriod: BlockNumber = 28 * DAYS;
    /// The largest part of a slash that a reporter is paid.
    pub const MaxReporterShare: Perbill = Perbill::from_percent(20);
    /// The smallest delegation.
    pub const MinDelegation: Balance = NOEMA;
    /// The most by which a commission rises at once.
    pub const MaxCommissionIncrease: Perbill = Perbill::from_percent(5);
    /// How long a higher commission is announced before it counts.
    pub const CommissionNotice: BlockNumber = 7 * DAYS;
    /// Over how long a reward becomes stake of the delegators.
    pub const RewardDrip: BlockNumber = 7 * DAYS;
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
    type MinDelegation = MinDelegation;
    // Four times its own bond: a provider has a fifth of all that stands behind it, and loses it first.
    type MaxDelegationPercent = ConstU32<400>;
    type MaxCommissionIncrease = MaxCommissionIncrease;
    type CommissionNotice = CommissionNotice;
    type RewardDrip = RewardDrip;
    type ReturnGate = (crate::Audits, crate::RowAudits);
    type WeightInfo = weights::pallet_noema_providers::WeightInfo<Runtime>;
    // Open channels stand on the bond of a compute provider, and reserve no bytes of it.
    type BondGate = crate::Compute;
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
