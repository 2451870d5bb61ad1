//! Tests by subject.

mod acting;
mod data;
mod deny;
mod identity;
mod integrity;
mod layers;
mod model;
mod reading;
mod reputation;
mod schedule;
mod sessions;
mod transfer;
mod try_state;
mod usages;
mod wallet;
mod weights;
