//! Tests by topic. Each runs in [`crate::mock::build_and_execute`], which ends with every invariant
//! checked.

mod activity;
mod agenda;
mod charging;
mod commit;
mod deadlines;
mod draw;
mod integrity;
mod leases;
mod migration;
mod model;
mod origins;
mod prove;
mod random_calls;
mod ready;
mod remove;
mod resign;
mod try_state;
mod weights;
mod witness;
