//! What is signed, and the account that nobody can sign for.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{AgentId, Hash, SessionId};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Begins what a wallet signs: pallet, kind, version.
pub const WALLET_DOMAIN: &[u8; 22] = b"noema/agents/wallet/v1";
/// Begins what the key of a session signs.
pub const ACT_DOMAIN: &[u8; 19] = b"noema/agents/act/v1";
/// Begins what the account of an agent is the hash of.
pub const ACCOUNT_DOMAIN: &[u8; 23] = b"noema/agents/account/v1";

fn payload(domain: &[u8], genesis: &Hash, signed: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(domain);
    bytes.extend_from_slice(genesis);
    signed.encode_to(&mut bytes);
    bytes
}

/// The same payload as wallets in browsers sign it: between `<Bytes>` and `</Bytes>`, so that nobody signs a transaction unawares. No payload begins like that, since each begins
/// with its domain: what is signed in one form is not another message in the other.
pub fn wrapped(payload: &[u8]) -> Vec<u8> {
    [b"<Bytes>".as_slice(), payload, b"</Bytes>"].concat()
}

/// What the account of an agent is the BLAKE2b-256 of.
pub fn account_preimage(genesis: &Hash, agent: AgentId) -> Vec<u8> {
    payload(ACCOUNT_DOMAIN, genesis, &agent)
}

/// A wallet's consent to be where an agent is paid.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct WalletBinding<AccountId> {
    /// The agent.
    pub agent: AgentId,
    /// Its owner: consent is to this one only.
    pub owner: AccountId,
    /// The wallet.
    pub wallet: AccountId,
    /// The agent's count of bindings and what ended them, so that a signature binds once.
    pub nonce: u64,
    /// The first tick at which the signature is worth nothing.
    pub deadline: u64,
}

impl<AccountId: Encode> WalletBinding<AccountId> {
    /// The bytes that are signed, for the chain with this genesis hash.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        payload(WALLET_DOMAIN, genesis, self)
    }
}

/// An act that somebody else brings to the chain.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct SignedAct {
    /// The agent.
    pub agent: AgentId,
    /// The session whose key signs.
    pub session: SessionId,
    /// How many acts of the session were signed before.
    pub nonce: u64,
    /// The first tick at which it is worth nothing.
    pub expires: u64,
    /// BLAKE2b-256 of the encoded call.
    pub call: Hash,
}

impl SignedAct {
    /// The bytes that are signed, for the chain with this genesis hash.
    pub fn payload(&self, genesis: &Hash) -> Vec<u8> {
        payload(ACT_DOMAIN, genesis, self)
    }
}
