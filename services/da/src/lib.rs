#![doc = include_str!("../README.md")]

pub mod bls;
pub mod chain;
pub mod client;
pub mod coding;
pub mod gateway;
mod replies;
pub mod seat;
pub mod store;
pub mod wire;
