//! Tests by subject.

mod acting;
mod data;
mod deny;
mod identity;
mod integrity;
mod model;
mod reading;
mod reputation;
mod schedule;
mod sessions;
mod try_state;
mod usages;
mod weights;
