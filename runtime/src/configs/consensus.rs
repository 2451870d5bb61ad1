//! Who authors, who finalises, and in which sessions.

use super::staking::{election::MAX_VOTERS, ReportLongevity, BONDING_ERAS, SESSIONS_PER_ERA};
use crate::{
    weights::consensus::ConsensusWeights, AccountId, Babe, Balance, Balances, Historical, Offences,
    Runtime, RuntimeEvent, Session, SessionKeys, Staking,
};
use alloc::vec::Vec;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64},
};
use noema_core::time::{EPOCH_DURATION_IN_BLOCKS, MILLISECS_PER_BLOCK};
use pallet_session::{
    disabling::UpToLimitWithReEnablingDisablingStrategy,
    historical::{self as pallet_session_historical, NoteHistoricalRoot},
};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::traits::{ConvertInto, OpaqueKeys};
use sp_session::MembershipProof;
use sp_staking::SessionIndex;

/// Validators at most. Lowering it needs a migration.
pub const MAX_AUTHORITIES: u32 = 256;

/// Length of an epoch in slots. It can never change on a running chain.
pub const EPOCH_DURATION_IN_SLOTS: u64 = EPOCH_DURATION_IN_BLOCKS as u64;

/// For how many sessions a validator set can be proven after it: as long as a bond stays slashable, and
/// two eras, since one era is planned while another one is running.
pub const HISTORY_IN_SESSIONS: SessionIndex = (BONDING_ERAS + 2) * SESSIONS_PER_ERA;

/// Slots as they are dealt out from genesis: one in twenty is a primary slot, whose author nobody
/// else knows beforehand; all others have one author each, drawn with a VRF proof, so that every
/// block brings randomness. Root changes it with `babe.plan_config_change`, without an upgrade.
pub const BABE_GENESIS_EPOCH_CONFIG: BabeEpochConfiguration = BabeEpochConfiguration {
    c: (1, 20),
    allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots,
};

parameter_types! {
    /// What registering session keys holds: they are one entry per validator and three per key.
    pub KeyDeposit: Balance = super::money::deposit(4, 400);
}

impl pallet_babe::Config for Runtime {
    type EpochDuration = ConstU64<EPOCH_DURATION_IN_SLOTS>;
    type ExpectedBlockTime = ConstU64<MILLISECS_PER_BLOCK>;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type DisabledValidators = Session;
    type WeightInfo = ConsensusWeights;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<MAX_VOTERS>;
    type KeyOwnerProof = MembershipProof;
    type EquivocationReportSystem =
        pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ConsensusWeights;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<MAX_VOTERS>;
    type MaxSetIdSessionEntries = ConstU64<{ HISTORY_IN_SESSIONS as u64 }>;
    type KeyOwnerProof = MembershipProof;
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_authorship::Config for Runtime {
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Runtime, Babe>;
    type EventHandler = Staking;
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Babe;
    type NextSessionRotation = Babe;
    type SessionManager = NoteHistoricalRoot<Runtime, ElectedValidators>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    // At most a third is disabled; a worse offender takes the place of a lesser one.
    type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}

impl pallet_session_historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    // What stands behind a validator is on record with staking, era by era.
    type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Runtime>;
}

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
}

/// The validators whom staking elects, with their keys on record as they are used.
///
/// Staking plans a set once an era. Keys may change at any time, and the root on record, against which ownership of a
/// key is proven, is of the keys at planning: with a changed key the set is planned anew, so that whoever equivocates with it
/// can be reported. So it is when no root is on record yet, as on a chain whose genesis has no stakers; otherwise the authorities
/// stay as they are within an era, and GRANDPA's voter set with them.
pub struct ElectedValidators;

impl ElectedValidators {
    fn replan(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        let recorded = Historical::historical_root(new_index.saturating_sub(1)).is_some();
        let queued = Session::queued_keys();
        let rekeyed = || {
            queued
                .iter()
                .any(|(who, keys)| Session::load_keys(who).as_ref() != Some(keys))
        };
        (!recorded || rekeyed()).then(Session::validators)
    }
}

impl pallet_session::SessionManager<AccountId> for ElectedValidators {
    fn new_session(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        <Staking as pallet_session::SessionManager<AccountId>>::new_session(new_index)
            .or_else(|| Self::replan(new_index))
    }

    fn new_session_genesis(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        <Staking as pallet_session::SessionManager<AccountId>>::new_session_genesis(new_index)
    }

    fn start_session(start_index: SessionIndex) {
        <Staking as pallet_session::SessionManager<AccountId>>::start_session(start_index);
    }

    fn end_session(end_index: SessionIndex) {
        <Staking as pallet_session::SessionManager<AccountId>>::end_session(end_index);
        // Staking prunes with the eras; this does when there are none.
        Historical::prune_up_to(end_index.saturating_sub(HISTORY_IN_SESSIONS));
    }
}

impl pallet_session_historical::SessionManager<AccountId, ()> for ElectedValidators {
    fn new_session(new_index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        <Self as pallet_session::SessionManager<AccountId>>::new_session(new_index)
            .map(unidentified)
    }

    fn new_session_genesis(new_index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        <Self as pallet_session::SessionManager<AccountId>>::new_session_genesis(new_index)
            .map(unidentified)
    }

    fn start_session(start_index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::start_session(start_index);
    }

    fn end_session(end_index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::end_session(end_index);
    }
}

fn unidentified(validators: Vec<AccountId>) -> Vec<(AccountId, ())> {
    validators.into_iter().map(|who| (who, ())).collect()
}
