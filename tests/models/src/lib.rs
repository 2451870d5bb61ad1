//! The protocol once more, as plain programs without a chain: what `docs/design` says, executable. The pallets are tested against them.

pub mod agents;
pub mod audits;
pub mod compute;
pub mod da;
pub mod leases;
