//! How what an earlier version left in storage becomes what this one expects.
//!
//! Version 1 is the first, so there is nothing yet. Whoever changes what is stored copies the old types to `v<N>.rs` here, writes a `SteppedMigration` beside them
//! with checks before and after, raises `STORAGE_VERSION`, and puts the migration into the runtime's list.

/// First part of the identifiers of this pallet's migrations; the second says from which version to which.
pub const PALLET_ID: &[u8; b"pallet-noema-agents".len()] = b"pallet-noema-agents";
