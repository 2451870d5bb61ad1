//! What is kept of keys and committees. Plain data.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::SeatBits;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use noema_da_primitives::{CommitteeId, MAX_SEATS, SEAT_KEY_BYTES};
use noema_traits::RoundIndex;
use scale_info::TypeInfo;

/// Number of a DA era, which is that of its round of audits.
pub type EraIndex = RoundIndex;

/// A BLS12-381 point of the first group, compressed: a seat's public key.
pub type SeatKey = [u8; SEAT_KEY_BYTES];

/// The same point uncompressed, which takes no square root to read. Only what [`crate::bls`] wrote.
pub type KeyPoint = [u8; 96];

/// [`MAX_SEATS`] as a bound.
pub type MaxSeats = ConstU32<{ seats() }>;

#[allow(clippy::as_conversions, reason = "a constant that fits")]
const fn seats() -> u32 {
    MAX_SEATS as u32
}

/// A provider's key.
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
pub struct KeyRecord<Balance> {
    /// The key.
    pub key: SeatKey,
    /// The same point.
    pub point: KeyPoint,
    /// Held on the provider's account for this record.
    pub deposit: Balance,
}

/// A seat of a committee.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Seat<AccountId> {
    /// Who has it.
    pub provider: AccountId,
    /// The key with which it signs in this era.
    pub key: SeatKey,
    /// The same point.
    pub point: KeyPoint,
    /// Its weight: what stood behind the provider when candidates were fixed.
    pub stake: u128,
}

/// The committee of an era, kept as long as anything that it attested can be asked for.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct CommitteeRecord<AccountId> {
    /// Its name: era, keys and stakes.
    pub id: CommitteeId,
    /// At least one seat, in the order of their accounts.
    pub seats: BoundedVec<Seat<AccountId>, MaxSeats>,
    /// Sum of all keys.
    pub sum: KeyPoint,
    /// Whom the audits have on record for this era.
    pub enlisted: SeatBits,
}

/// Who may be drawn, with what stands behind it.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Candidate<AccountId> {
    /// Who.
    pub provider: AccountId,
    /// Stake at the time, capped so that a committee's can be computed with.
    pub stake: u128,
}

/// A committee that is being made.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Forming<AccountId, BlockNumber> {
    /// Candidates and stakes are being fixed.
    #[codec(index = 0)]
    Collecting {
        /// For which era.
        era: EraIndex,
        /// The last key that was looked at.
        after: Option<AccountId>,
    },
    /// They are fixed; the seed is awaited.
    #[codec(index = 1)]
    Drawing {
        /// For which era.
        era: EraIndex,
        /// The block whose seed draws.
        draw_at: BlockNumber,
    },
}
