//! How keys, committees and blobs as an earlier version left them become those of this one.
//!
//! Version 1 is the first, so there is nothing yet. Whoever changes what is stored
//!
//! 1. copies the old types to `v<N>.rs` here, under storage aliases: never the live ones, which change again;
//! 2. writes a `SteppedMigration` beside them, whose step does as many records as its meter allows (a block makes one step), with checks before
//!    and after (`pre_upgrade`, `post_upgrade`), and ends it by writing the new storage version;
//! 3. raises `STORAGE_VERSION`, and puts the migration into the runtime's list (`runtime/src/migrations.rs`).
//!
//! `tests/next-runtime` has one, and runs it on a network.

/// First part of the identifiers of this pallet's migrations; the second says from which version to which.
pub const PALLET_ID: &[u8; b"pallet-noema-da".len()] = b"pallet-noema-da";
