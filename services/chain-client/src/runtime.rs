//! Types and addresses generated from `metadata.scale`, which is written from the runtime and
//! compared with it in CI.
//!
//! Addresses and calls are used unvalidated: values are decoded and encoded by the names in the
//! metadata of the block at hand, so that an upgrade which adds fields or calls, or moves indices,
//! needs no new program; one that removes what is used is reported as
//! [`crate::ChainError::Incompatible`].

#![allow(missing_docs, unreachable_pub)]

#[subxt::subxt(runtime_metadata_path = "metadata.scale")]
mod generated {}

pub(crate) use generated::{constants, runtime_apis, runtime_types, storage, tx};
