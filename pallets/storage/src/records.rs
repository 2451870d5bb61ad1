//! Plain data beside the deals: reasons, what is owed to providers, drops, leaves and challenges.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::types::FileId;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;

/// Why a provider lost a slot.
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
pub enum DropReason {
    /// It did not call `ready` in time.
    #[codec(index = 0)]
    NotReady,
    /// It did not prove the sectors drawn in time.
    #[codec(index = 1)]
    NotProven,
    /// It gave the slot up.
    #[codec(index = 2)]
    Resigned,
    /// It missed too many rounds and loses everything.
    #[codec(index = 3)]
    Struck,
    /// It was leaving, and its replacement earns.
    #[codec(index = 4)]
    Replaced,
    /// It was leaving, and went without a replacement.
    #[codec(index = 5)]
    LetGo,
}

/// Why a deal ended.
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
pub enum EndReason {
    /// Its owner ended it.
    #[codec(index = 0)]
    Removed,
    /// Its last round is over.
    #[codec(index = 1)]
    Over,
    /// It was never delivered.
    #[codec(index = 2)]
    Lapsed,
}

/// What is owed to a provider.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Account<Balance> {
    /// The last round that is settled.
    pub settled: RoundIndex,
    /// What all its replicas earned in that round.
    pub rate: Balance,
    /// For all rounds after it, and what is carried.
    pub owed: Balance,
    /// Of rounds that were skipped.
    pub carried: Balance,
}

/// By how much a rate changes with a round. Only one of both is not 0.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct RateChange<Balance> {
    /// More.
    pub begins: Balance,
    /// Less.
    pub ends: Balance,
}

/// A provider that loses all it has.
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
pub struct Drop<Balance> {
    /// Bounties for its replicas at most.
    pub budget: Balance,
    /// What is left of it.
    pub left: Balance,
    /// Bytes of the replicas that were auditable when it began.
    pub bytes: u128,
}

/// A replica that can be challenged: one leaf of its provider's sum tree, weighed by the sectors that hold data.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Leaf<AccountId> {
    /// The file of the deal.
    pub file: FileId,
    /// The owner of the deal.
    pub owner: AccountId,
    /// The number of the slot.
    pub slot: u8,
}

/// A sector that a provider is asked for, complete: it can be checked when its deal is gone.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Challenge<AccountId> {
    /// The 0G Storage root of the file.
    pub root: [u8; 32],
    /// Size of the file in bytes.
    pub size: u64,
    /// The owner of the deal.
    pub owner: AccountId,
    /// The number of the slot.
    pub slot: u8,
    /// The sector.
    pub sector: u64,
}
