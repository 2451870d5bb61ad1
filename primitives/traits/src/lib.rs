//! The traits through which Noema pallets meet each other. A pallet never names another pallet of
//! ours, it names a trait of this crate; each trait is also implemented for `()`, so that a chain
//! builder can leave any layer out.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod agents;
mod audits;
mod availability;
mod bonds;
mod files;
mod interactions;
mod payroll;
mod providers;
mod randomness;
mod ticks;

pub use agents::{AgentIdentity, CallClassifier, HandOver, Leaf};
pub use audits::{AuditFreeze, Auditable, Frozen, Population, ProofFault, Refusal, ReturnGate};
pub use availability::DataAvailability;
pub use bonds::BondGate;
pub use files::FileCommitments;
pub use interactions::PaidInteractions;
pub use payroll::{Outcome, Payroll};
pub use providers::{ProviderDiscipline, ProviderRegistry, Role, Shortfall, SlashOutcome};
pub use randomness::{AgedRandomness, Seed};
pub use ticks::{RoundIndex, Rounds, Tick, Ticks};
