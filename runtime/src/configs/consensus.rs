//! Who authors, who finalises, and in which sessions.

use crate::{
    weights::consensus::ConsensusWeights, AccountId, Babe, Balance, Balances, Historical, Runtime,
    RuntimeEvent, Session, SessionKeys,
};
use alloc::vec::Vec;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64},
};
use noema_core::time::{DAYS, EPOCH_DURATION_IN_BLOCKS, MILLISECS_PER_BLOCK};
use pallet_session::historical::{self as pallet_session_historical, NoteHistoricalRoot};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::{
    traits::{Convert, ConvertInto, OpaqueKeys},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    DispatchError,
};
use sp_session::MembershipProof;
use sp_staking::{offence::OffenceReportSystem, SessionIndex};

/// Validators at most. Lowering it needs a migration.
pub const MAX_AUTHORITIES: u32 = 256;

/// Length of an epoch in slots. It can never change on a running chain.
pub const EPOCH_DURATION_IN_SLOTS: u64 = EPOCH_DURATION_IN_BLOCKS as u64;

/// For how many sessions a validator set can be proven after it: 28 days, the time for which a bond
/// stays slashable.
pub const HISTORY_IN_SESSIONS: SessionIndex = 28 * DAYS / EPOCH_DURATION_IN_BLOCKS;

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
    type MaxNominators = ConstU32<0>;
    type KeyOwnerProof = MembershipProof;
    type EquivocationReportSystem = ReportsRefused;
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ConsensusWeights;
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<{ HISTORY_IN_SESSIONS as u64 }>;
    type KeyOwnerProof = MembershipProof;
    type EquivocationReportSystem = ReportsRefused;
}

impl pallet_authorship::Config for Runtime {
    type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Runtime, Babe>;
    type EventHandler = ();
}

impl pallet_session::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = AccountId;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = Babe;
    type NextSessionRotation = Babe;
    type SessionManager = NoteHistoricalRoot<Runtime, GenesisValidators>;
    type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
    type Keys = SessionKeys;
    // Nobody can be reported yet (see `ReportsRefused`), so nobody is disabled.
    type DisablingStrategy = ();
    type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type KeyDeposit = KeyDeposit;
}

impl pallet_session_historical::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = NothingBehind;
}

impl pallet_authority_discovery::Config for Runtime {
    type MaxAuthorities = ConstU32<MAX_AUTHORITIES>;
}

/// Nothing stands behind a validator but its account, as long as there is no staking.
pub struct NothingBehind;

impl Convert<AccountId, Option<()>> for NothingBehind {
    fn convert(_validator: AccountId) -> Option<()> {
        Some(())
    }
}

/// Keeps the validators of genesis, until there is staking. Their keys may change at any time.
///
/// The set is planned anew only when a key has changed or when the set's root is not on record yet;
/// otherwise the authorities stay as they are, and GRANDPA's voter set with them.
pub struct GenesisValidators;

impl GenesisValidators {
    fn plan(new_index: SessionIndex) -> Option<Vec<AccountId>> {
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

impl pallet_session::SessionManager<AccountId> for GenesisValidators {
    fn new_session(new_index: SessionIndex) -> Option<Vec<AccountId>> {
        Self::plan(new_index)
    }

    fn new_session_genesis(_new_index: SessionIndex) -> Option<Vec<AccountId>> {
        // The genesis configuration names them.
        None
    }

    fn start_session(_start_index: SessionIndex) {}

    fn end_session(end_index: SessionIndex) {
        Historical::prune_up_to(end_index.saturating_sub(HISTORY_IN_SESSIONS));
    }
}

impl pallet_session_historical::SessionManager<AccountId, ()> for GenesisValidators {
    fn new_session(new_index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        Self::plan(new_index)
            .map(|validators| validators.into_iter().map(|who| (who, ())).collect())
    }

    fn new_session_genesis(_new_index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
        None
    }

    fn start_session(start_index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::start_session(start_index);
    }

    fn end_session(end_index: SessionIndex) {
        <Self as pallet_session::SessionManager<AccountId>>::end_session(end_index);
    }
}

/// Refuses every equivocation report: there is no bond to slash yet, so nothing would follow from
/// one.
///
/// The SDK's own placeholder, `()`, accepts every report unseen and without a fee, signed or not,
/// which would let anybody fill blocks for nothing.
pub struct ReportsRefused;

impl<Reporter, Evidence> OffenceReportSystem<Reporter, Evidence> for ReportsRefused {
    type Longevity = ConstU64<0>;

    fn publish_evidence(_evidence: Evidence) -> Result<(), ()> {
        Err(())
    }

    fn check_evidence(_evidence: Evidence) -> Result<(), TransactionValidityError> {
        Err(InvalidTransaction::Call.into())
    }

    fn process_evidence(_reporter: Reporter, _evidence: Evidence) -> Result<(), DispatchError> {
        Err(DispatchError::Other(
            "this chain does not act on equivocation reports yet",
        ))
    }
}
