//! Emergency levers: safe mode stops everything but what repairs the chain, tx-pause stops single
//! calls. Both are moved by root and, since a referendum takes its time, by most of the technical
//! committee: for a while only, and never against the way by which others take the levers from it.
//!
//! Root itself passes every filter, so it takes only what brings it: a referendum with all that leads
//! to it, or `sudo`, possibly through a multisignature or a proxy account.

use super::governance::EmergencyCommittee;
use crate::{
    parameters, weights, AccountId, Balances, BlockNumber, Runtime, RuntimeCall, RuntimeEvent,
    RuntimeHoldReason, SafeMode, TxPause,
};
use frame_support::{
    migrations::{FailedMigrationHandler, FailedMigrationHandling},
    parameter_types,
    storage::{transactional::TRANSACTION_LEVEL_KEY, unhashed},
    traits::{ConstU32, Contains, EitherOf, InsideBoth, SafeMode as SafeModeControl},
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess, EnsureWithSuccess};
use pallet_tx_pause::RuntimeCallNameOf;

/// What any origin but root may call: offered at all, not nested too deeply, not stopped by safe mode, not paused.
pub type CallFilter = InsideBoth<Offered, InsideBoth<Shallow, InsideBoth<SafeMode, TxPause>>>;

/// Storage layers in which a call may be made. FRAME opens one for every call within a call and refuses more than 255. What a pallet does in a
/// layer of its own would fail there and nothing else: whoever brings a transaction could choose that a slash takes nothing, by nesting
/// the call that settles it. With so few, more than 200 are left to every call.
const MAX_LAYERS: u32 = 32;

/// Calls that are not nested too deeply, by whatever means: batches, proxies, multisigs, or any that comes later.
pub struct Shallow;

impl Contains<RuntimeCall> for Shallow {
    fn contains(_: &RuntimeCall) -> bool {
        unhashed::get_or_default::<u32>(TRANSACTION_LEVEL_KEY) <= MAX_LAYERS
    }
}

/// Who moves the levers.
type Emergency = EitherOf<EnsureRoot<AccountId>, EmergencyCommittee>;

/// Who enters or extends safe mode, and for how long.
type EmergencyFor = EitherOf<
    EnsureRootWithSuccess<AccountId, RootDuration>,
    EnsureWithSuccess<EmergencyCommittee, AccountId, CommitteeDuration>,
>;

parameter_types! {
    /// For how long root enters or extends safe mode at a time. It may leave at any moment.
    pub const RootDuration: BlockNumber = parameters::ROOT_SAFE_MODE;
    /// For how long the committee does.
    pub const CommitteeDuration: BlockNumber = parameters::COMMITTEE_SAFE_MODE;
    /// Nobody enters safe mode by a deposit.
    pub const NotForSale: Option<noema_core::Balance> = None;
    /// There are no deposits, so there is nothing to release.
    pub const NoRelease: Option<BlockNumber> = None;
}

impl pallet_safe_mode::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WhitelistedCalls = OpenInSafeMode;
    type EnterDuration = RootDuration;
    type ExtendDuration = RootDuration;
    type EnterDepositAmount = NotForSale;
    type ExtendDepositAmount = NotForSale;
    type ForceEnterOrigin = EmergencyFor;
    type ForceExtendOrigin = EmergencyFor;
    type ForceExitOrigin = Emergency;
    type ForceDepositOrigin = EnsureRoot<AccountId>;
    type Notify = ();
    type ReleaseDelay = NoRelease;
    type WeightInfo = weights::pallet_safe_mode::WeightInfo<Runtime>;
}

impl pallet_tx_pause::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PauseOrigin = Emergency;
    type UnpauseOrigin = Emergency;
    type WhitelistedCalls = NeverPaused;
    type MaxNameLen = ConstU32<256>;
    type WeightInfo = weights::pallet_tx_pause::WeightInfo<Runtime>;
}

/// Everything but calls of SDK pallets that have a successor: there is one way to spend from the
/// treasury, `spend`, whose payments can be looked at, claimed and taken back.
pub struct Offered;

impl Contains<RuntimeCall> for Offered {
    fn contains(call: &RuntimeCall) -> bool {
        use pallet_treasury::Call;
        !matches!(
            call,
            RuntimeCall::Treasury(Call::spend_local { .. } | Call::remove_approval { .. })
        )
    }
}

/// What stays open in safe mode: the time of the block, reports of equivocations, the ways to root, from the preimage of a
/// proposal to its votes, what referenda decide about themselves, the committee and the treasury's
/// records, the end of payment channels, and handing in the code of an upgrade that root authorised. Everything else is denied; a
/// test wants a decision for every call.
pub struct OpenInSafeMode;

impl Contains<RuntimeCall> for OpenInSafeMode {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Timestamp(_)
            | RuntimeCall::Sudo(_)
            | RuntimeCall::SafeMode(_)
            | RuntimeCall::TxPause(_)
            | RuntimeCall::Preimage(_)
            | RuntimeCall::Referenda(_)
            | RuntimeCall::ConvictionVoting(_)
            | RuntimeCall::Whitelist(_)
            | RuntimeCall::TechnicalCommittee(_)
            // The call inside is filtered as well.
            | RuntimeCall::Multisig(_) => true,
            // Whoever attacks the chain from within must not get off because it is being repaired.
            RuntimeCall::Babe(babe) => matches!(
                babe,
                pallet_babe::Call::report_equivocation { .. }
                    | pallet_babe::Call::report_equivocation_unsigned { .. }
            ),
            RuntimeCall::Grandpa(grandpa) => matches!(
                grandpa,
                pallet_grandpa::Call::report_equivocation { .. }
                    | pallet_grandpa::Call::report_equivocation_unsigned { .. }
            ),
            RuntimeCall::Proxy(proxy) => matches!(
                proxy,
                pallet_proxy::Call::proxy { .. } | pallet_proxy::Call::proxy_announced { .. }
            ),
            // A referendum's call is made once: a spend that safe mode refused would be lost. It is
            // claimed when safe mode has ended.
            RuntimeCall::Treasury(treasury) => matches!(
                treasury,
                pallet_treasury::Call::spend { .. } | pallet_treasury::Call::void_spend { .. }
            ),
            RuntimeCall::System(system) => {
                matches!(system, frame_system::Call::apply_authorized_upgrade { .. })
            }
            // What is owed by a time can be claimed, and what is held comes free: nobody can be kept from either.
            RuntimeCall::Compute(compute) => {
                use pallet_noema_compute::Call;
                let ends = matches!(
                    compute,
                    Call::redeem { .. }
                        | Call::report { .. }
                        | Call::close { .. }
                        | Call::settle { .. }
                );
                ends && !RepairUnderSafeMode::is_needed()
            }
            _ => false,
        }
    }
}

/// What cannot be paused, because a chain without it could not be repaired: a paused `timestamp.set`
/// would stop block production, and a committee that could pause votes could not be replaced. Tx-pause
/// refuses to pause its own calls by itself.
///
/// Nor can what a payment channel's lock and window run against, because their clock does not stand still for it, as it does
/// for answers to audits: a provider that could not redeem would lose what it earned, and evidence would come too late.
pub struct NeverPaused;

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
    fn contains((pallet, call): &RuntimeCallNameOf<Runtime>) -> bool {
        matches!(
            (pallet.as_slice(), call.as_slice()),
            (b"Timestamp", b"set")
                | (b"Sudo", _)
                | (b"SafeMode", _)
                | (b"Preimage", _)
                | (b"Referenda", _)
                | (b"ConvictionVoting", _)
                | (b"Whitelist", _)
                | (b"TechnicalCommittee", _)
                | (b"System", b"apply_authorized_upgrade")
                | (b"Compute", b"redeem" | b"report" | b"close" | b"settle")
        )
    }
}

/// A failed multi-block migration leaves state between two versions. The chain enters safe mode
/// without an end and takes calls again: only the way to root is open, and nobody can harm the state
/// by using it. Should safe mode be refused, the chain takes inherents only.
///
/// The SDK's own handler for this keeps the chain stuck even in safe mode, which leaves root no
/// way to act.
///
/// Nor is anything of payment channels open then, as it is in a safe mode with an end: their clock stands still meanwhile, and nobody loses by waiting.
pub struct RepairUnderSafeMode;

impl RepairUnderSafeMode {
    /// Whether safe mode was entered by a failed migration, and state may be between two versions: then it has no end.
    fn is_needed() -> bool {
        pallet_safe_mode::EnteredUntil::<Runtime>::get() == Some(BlockNumber::MAX)
    }
}

impl FailedMigrationHandler for RepairUnderSafeMode {
    fn failed(_migration: Option<u32>) -> FailedMigrationHandling {
        let entered = if SafeMode::is_entered() {
            <SafeMode as SafeModeControl>::extend(BlockNumber::MAX)
        } else {
            <SafeMode as SafeModeControl>::enter(BlockNumber::MAX)
        };
        match entered {
            Ok(()) => FailedMigrationHandling::ForceUnstuck,
            Err(_) => FailedMigrationHandling::KeepStuck,
        }
    }
}
