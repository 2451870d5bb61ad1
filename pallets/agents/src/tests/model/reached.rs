//! What random calls must have reached.

/// Calls and how they ended.
pub(super) const REACHED: &[&str] = &["register: done"];
