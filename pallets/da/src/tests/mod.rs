//! Tests by topic. Each runs in [`crate::mock::build_and_execute`], which ends with every invariant checked.

mod attest;
mod bls;
mod expiry;
mod extend;
mod forming;
mod keys;
mod lists;
mod members;
mod model;
mod payroll;
mod submit;
mod try_state;
