//! The storage provider: a daemon that holds files to their on-chain commitment, and the client
//! that gives it files and gets them back.
#![doc = include_str!("../README.md")]

pub mod client;
mod frame;
pub mod store;
mod token;

pub use token::{TokenError, UploadToken, MAX_AHEAD_SECONDS};
