//! What several benchmarks share: a state with many files in it, chain specifications, and tables.

pub mod built;
pub mod specification;
pub mod table;
