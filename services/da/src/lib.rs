#![doc = include_str!("../README.md")]

pub mod bls;
pub mod chain;
pub mod client;
pub mod coding;
pub mod config;
pub mod disperser;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod gateway;
pub mod registration;
mod replies;
pub mod seat;
pub mod store;
pub mod wire;
