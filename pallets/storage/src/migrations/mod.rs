//! How deals and their tasks as an earlier version left them become those of this one.
//!
//! Version 2 brings leases ([`v2`]). Whoever changes what is stored
//!
//! 1. copies the old types to `v<N>.rs` here, under storage aliases: never the live ones, which change again;
//! 2. writes a `SteppedMigration` beside them, whose step does as many records as its meter allows (a block makes one step), with checks before
//!    and after (`pre_upgrade`, `post_upgrade`), and ends it by writing the new storage version;
//! 3. raises `STORAGE_VERSION`, and puts the migration into the runtime's list (`runtime/src/migrations.rs`).
//!
//! `tests/next-runtime` has one, and runs it on a network.

pub mod v2;

/// First part of the identifiers of this pallet's migrations; the second says from which version to which.
pub const PALLET_ID: &[u8; b"pallet-noema-storage".len()] = b"pallet-noema-storage";
