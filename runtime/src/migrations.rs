//! What runs once when this runtime replaces an older one.
//!
//! How to add to the lists:
//!
//! - A migration that surely fits in one block: a `VersionedMigration` of the pallet concerned in
//!   [`SingleBlock`]. It runs before the first block's `on_initialize`, decodes the *old* types (a
//!   storage alias or a copy of them, never the live ones), may run twice without harm and has
//!   `pre_upgrade` and `post_upgrade` checks.
//! - Anything that grows with the chain: a `SteppedMigration` in [`MultiBlock`]. It runs in steps
//!   within a weight limit; until it ends, blocks contain inherents only, no `on_poll` runs (so that
//!   no seed is drawn and no task of ours is due), and no other upgrade is accepted.
//!
//! A migration leaves the list in the release after the one that brought it.

/// Migrations that fit in the upgrade's block.
pub type SingleBlock = ();

/// Migrations that run in steps over several blocks.
pub type MultiBlock = (
    pallet_noema_storage::migrations::v2::ToLeases<
        crate::Runtime,
        crate::configs::ai::storage::FormerDepositPerMib,
    >,
);
