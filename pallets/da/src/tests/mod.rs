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
mod pricing;
mod reading;
mod rows;
mod submit;
mod try_state;
mod try_state_blobs;
mod weights;
