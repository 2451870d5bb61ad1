//! Emergency levers: safe mode stops everything but what repairs the chain, tx-pause stops single
//! calls. Both are root's.
//!
//! Root itself passes every filter, so whoever holds it needs only the call that brings it: `sudo`,
//! possibly through a multisignature or a proxy account.

use crate::{
    weights, AccountId, Balances, BlockNumber, Runtime, RuntimeCall, RuntimeEvent,
    RuntimeHoldReason, SafeMode, TxPause,
};
use frame_support::{
    migrations::{FailedMigrationHandler, FailedMigrationHandling},
    parameter_types,
    traits::{ConstU32, Contains, InsideBoth, SafeMode as SafeModeControl},
};
use frame_system::{EnsureRoot, EnsureRootWithSuccess};
use noema_core::time::DAYS;
use pallet_tx_pause::RuntimeCallNameOf;

/// What any origin but root may call: neither stopped by safe mode nor paused.
pub type CallFilter = InsideBoth<SafeMode, TxPause>;

parameter_types! {
    /// For how long root enters or extends safe mode at a time. It may leave at any moment.
    pub const SafeModeDuration: BlockNumber = DAYS;
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
    type EnterDuration = SafeModeDuration;
    type ExtendDuration = SafeModeDuration;
    type EnterDepositAmount = NotForSale;
    type ExtendDepositAmount = NotForSale;
    type ForceEnterOrigin = EnsureRootWithSuccess<AccountId, SafeModeDuration>;
    type ForceExtendOrigin = EnsureRootWithSuccess<AccountId, SafeModeDuration>;
    type ForceExitOrigin = EnsureRoot<AccountId>;
    type ForceDepositOrigin = EnsureRoot<AccountId>;
    type Notify = ();
    type ReleaseDelay = NoRelease;
    type WeightInfo = weights::pallet_safe_mode::WeightInfo<Runtime>;
}

impl pallet_tx_pause::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PauseOrigin = EnsureRoot<AccountId>;
    type UnpauseOrigin = EnsureRoot<AccountId>;
    type WhitelistedCalls = NeverPaused;
    type MaxNameLen = ConstU32<256>;
    type WeightInfo = weights::pallet_tx_pause::WeightInfo<Runtime>;
}

/// What stays open in safe mode: the time of the block, reports of equivocations, the ways to root, and handing in the code
/// of an upgrade that root authorised. Everything else is denied; a test wants a decision for every call.
pub struct OpenInSafeMode;

impl Contains<RuntimeCall> for OpenInSafeMode {
    fn contains(call: &RuntimeCall) -> bool {
        match call {
            RuntimeCall::Timestamp(_)
            | RuntimeCall::Sudo(_)
            | RuntimeCall::SafeMode(_)
            | RuntimeCall::TxPause(_)
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
            RuntimeCall::System(system) => {
                matches!(system, frame_system::Call::apply_authorized_upgrade { .. })
            }
            _ => false,
        }
    }
}

/// What cannot be paused, because a chain without it could not be repaired: a paused `timestamp.set`
/// would stop block production. Tx-pause refuses to pause its own calls by itself.
pub struct NeverPaused;

impl Contains<RuntimeCallNameOf<Runtime>> for NeverPaused {
    fn contains((pallet, call): &RuntimeCallNameOf<Runtime>) -> bool {
        matches!(
            (pallet.as_slice(), call.as_slice()),
            (b"Timestamp", b"set")
                | (b"Sudo", _)
                | (b"SafeMode", _)
                | (b"System", b"apply_authorized_upgrade")
        )
    }
}

/// A failed multi-block migration leaves state between two versions. The chain enters safe mode
/// without an end and takes calls again: only root can act, and nobody can harm the state by using
/// it. Should safe mode be refused, the chain takes inherents only.
///
/// The SDK's own handler for this keeps the chain stuck even in safe mode, which leaves root no
/// way to act.
pub struct RepairUnderSafeMode;

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
