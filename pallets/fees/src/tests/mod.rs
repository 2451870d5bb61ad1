//! Tests by subject.

mod conservation;
mod paying;
