//! Metadata and intelligent data.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{FileId, Hash, MAX_DESCRIPTION, MAX_HOLDERS, MAX_KEY, MAX_SEALED, MAX_VALUE};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Names an entry of metadata.
pub type Key = BoundedVec<u8, ConstU32<MAX_KEY>>;
/// An entry of metadata.
pub type Value = BoundedVec<u8, ConstU32<MAX_VALUE>>;
/// Says what an entry of data is.
pub type Description = BoundedVec<u8, ConstU32<MAX_DESCRIPTION>>;
/// The key of encrypted data, encrypted for one holder.
pub type SealedKey = BoundedVec<u8, ConstU32<MAX_SEALED>>;
/// The key of one entry of data, for each holder.
pub type Holders<AccountId> = BoundedVec<SealedFor<AccountId>, ConstU32<MAX_HOLDERS>>;

/// The key under which ERC-8004 keeps the wallet: it is no entry of metadata, since it is bound by a signature.
pub const WALLET_KEY: &[u8] = b"agentWallet";

/// A key for one holder.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SealedFor<AccountId> {
    /// Who can open it.
    pub holder: AccountId,
    /// The key, encrypted.
    pub key: SealedKey,
}

/// What an encrypted file is, and who can open it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Commitment<AccountId> {
    /// Hash of the encrypted data.
    pub hash: Hash,
    /// Where they are, if in storage.
    pub file: Option<FileId>,
    /// Their key, for each holder.
    pub holders: Holders<AccountId>,
}

impl<AccountId: PartialEq> Commitment<AccountId> {
    /// Whether the key is sealed for some holder twice.
    pub fn repeats_a_holder(&self) -> bool {
        // At most MAX_HOLDERS of them.
        self.holders.iter().enumerate().any(|(at, sealed)| {
            self.holders
                .iter()
                .take(at)
                .any(|before| before.holder == sealed.holder)
        })
    }
}
