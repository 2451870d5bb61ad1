//! Ticks, rounds, challenges and strike points of storage providers.

use super::entropy::MAX_SEED_GAP;
use crate::{
    configs::safety::CallFilter, parameters, weights, Balance, BlockNumber, Entropy, Providers,
    Runtime, RuntimeCall, Storage, System,
};
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64, Contains, Get},
};
use noema_core::units::GIB;
use noema_traits::Role;
use sp_runtime::{traits::ConvertInto, Perbill};

parameter_types! {
    /// Whose audits these are.
    pub const AuditedRole: Role = Role::Storage;
    /// How far past a draw point a seed is looked for.
    pub const AuditSeedGap: BlockNumber = MAX_SEED_GAP;
    /// Slashed with every miss.
    pub const MissFee: Balance = parameters::AUDIT_MISS_FEE;
    /// The part of it that whoever settles a miss is paid.
    pub const AuditReporterShare: Perbill = parameters::AUDIT_REPORTER_SHARE;
    /// Taken of the collateral with a second miss.
    pub const SecondSlash: Perbill = parameters::AUDIT_SLASHES[0];
    /// With a third.
    pub const ThirdSlash: Perbill = parameters::AUDIT_SLASHES[1];
    /// With the one that drops everything.
    pub const DropSlash: Perbill = parameters::AUDIT_SLASHES[2];
    /// For how long a dropped provider is jailed.
    pub const AuditJailTerm: BlockNumber = parameters::AUDIT_JAIL_TERM;
}

/// Whether answers pass the call filter now: while they are paused, no tick goes by.
pub struct Answerable;

impl Get<bool> for Answerable {
    fn get() -> bool {
        let call = RuntimeCall::Audits(pallet_noema_audits::Call::answer {
            round: 0,
            answers: Default::default(),
        });
        CallFilter::contains(&call)
    }
}

impl pallet_noema_audits::Config for Runtime {
    type Balance = Balance;
    type Role = AuditedRole;
    type Audited = Storage;
    type Payroll = Storage;
    type Providers = Providers;
    type Discipline = Providers;
    type Randomness = Entropy;
    type MaxSeedGap = AuditSeedGap;
    type Answerable = Answerable;
    type AccountBytes = ConvertInto;
    type BlockNumberProvider = System;
    type MinChallenges = ConstU32<{ parameters::MIN_CHALLENGES }>;
    type MaxChallenges = ConstU32<{ parameters::MAX_CHALLENGES }>;
    type ChallengeUnit = ConstU64<GIB>;
    type MissPoints = ConstU32<{ parameters::MISS_POINTS }>;
    type PassPoints = ConstU32<{ parameters::PASS_POINTS }>;
    type DropPoints = ConstU32<{ parameters::DROP_POINTS }>;
    type MissFee = MissFee;
    type ReporterShare = AuditReporterShare;
    type MaxReporterShare = super::providers::MaxReporterShare;
    type SecondSlash = SecondSlash;
    type ThirdSlash = ThirdSlash;
    type DropSlash = DropSlash;
    type JailTerm = AuditJailTerm;
    type MaxSettle = ConstU32<{ parameters::MAX_SETTLE }>;
    type WeightInfo = weights::pallet_noema_audits::WeightInfo<Runtime>;
}
