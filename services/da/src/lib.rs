#![doc = include_str!("../README.md")]

pub mod bls;
pub mod chain;
pub mod coding;
pub mod store;
