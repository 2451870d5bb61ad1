//! Tests by topic. Each runs in [`crate::mock::build_and_execute`], which ends with every invariant checked.

mod bls;
mod forming;
mod keys;
mod try_state;
