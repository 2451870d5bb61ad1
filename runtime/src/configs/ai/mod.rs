//! The AI layers, one file each: a chain without one leaves its file out.

pub mod agents;
pub mod audits;
pub mod compute;
pub mod da;
pub mod entropy;
pub mod providers;
pub mod storage;
