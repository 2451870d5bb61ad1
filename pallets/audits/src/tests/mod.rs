//! Tests by topic. Each runs in [`crate::mock::build_and_execute`], which ends with every invariant checked.

mod answer;
mod clock;
mod closed;
mod detection;
mod draw;
mod dropping;
mod freeze;
mod honest;
mod integrity;
mod model;
mod origins;
mod reading;
mod rounds;
mod settle;
mod strikes;
mod try_state;
mod weights;
