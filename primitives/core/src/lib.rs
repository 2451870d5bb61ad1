//! Basic types, units and time constants of the Noema chain: what the runtime, the client and the
//! daemons must agree on.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

pub mod time;
pub mod units;

use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiAddress, MultiSignature,
};

/// A signature of any of the schemes that accounts may use (sr25519, ed25519, ecdsa).
pub type Signature = MultiSignature;

/// Public identity of an account: 32 bytes.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;

/// An account as transactions name it.
pub type Address = MultiAddress<AccountId, ()>;

/// An amount in the smallest unit of the native token (see [`units`]).
pub type Balance = u128;

/// Number of a block, from 0 at genesis. At one block per second it lasts 136 years.
pub type BlockNumber = u32;

/// Count of the transactions that an account has sent.
pub type Nonce = u32;

/// A BLAKE2b-256 hash.
pub type Hash = sp_core::H256;

/// The block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;

/// A block whose extrinsics are opaque bytes, as the client handles them.
pub type OpaqueBlock = generic::Block<Header, sp_runtime::OpaqueExtrinsic>;
