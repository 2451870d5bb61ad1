#![doc = include_str!("../README.md")]

pub mod batch;
pub mod ledger;
pub mod notes;
