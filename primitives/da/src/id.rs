//! What names a blob, a member of a bundle and a committee: 32 bytes each, which must not be mistaken
//! for one another.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Hasher, Shape, SEAT_KEY_BYTES};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

const BLOB_DOMAIN: &[u8] = b"noema/da/blob/v1";
const MEMBER_DOMAIN: &[u8] = b"noema/da/member/v1";
const COMMITTEE_DOMAIN: &[u8] = b"noema/da/committee/v1";

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            Encode,
            Decode,
            DecodeWithMemTracking,
            MaxEncodedLen,
            TypeInfo,
        )]
        pub struct $name(pub [u8; 32]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0x")?;
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

hash_type! {
    /// What the coding commits to: `SHA-256(row root ‖ root of the linear combinations)`, as `rsema1d`
    /// computes it. It fixes every row, and with them how many there are and their length.
    Commitment
}

hash_type! {
    /// What names a coded blob. Unlike the commitment it binds the exact size.
    BlobId
}

hash_type! {
    /// What names one of the small blobs in a bundle, whatever bundle that is.
    MemberId
}

hash_type! {
    /// What names a committee: its era, and the key and stake of each seat in order.
    CommitteeId
}

impl BlobId {
    /// `SHA-256("noema/da/blob/v1" ‖ class as u8 ‖ size as u32 LE ‖ commitment)`.
    pub fn new<H: Hasher>(shape: &Shape, commitment: &Commitment) -> Self {
        Self(H::sha2_256(&[
            BLOB_DOMAIN,
            &[shape.class().index()],
            &shape.size().to_le_bytes(),
            &commitment.0,
        ]))
    }
}

impl MemberId {
    /// `SHA-256("noema/da/member/v1" ‖ bytes)`.
    pub fn of<H: Hasher>(bytes: &[u8]) -> Self {
        Self(H::sha2_256(&[MEMBER_DOMAIN, bytes]))
    }
}

impl CommitteeId {
    /// `SHA-256("noema/da/committee/v1" ‖ era as u32 LE ‖ seats as u8 ‖ each seat's 48-byte key and
    /// stake as u128 LE)`.
    pub fn new<'a, H: Hasher>(
        era: u32,
        seats: impl ExactSizeIterator<Item = (&'a [u8; SEAT_KEY_BYTES], u128)>,
    ) -> Self {
        // More than fit a committee are told apart by what follows.
        let count = u8::try_from(seats.len()).unwrap_or(u8::MAX);
        let mut bytes = Vec::new();
        for (key, stake) in seats {
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(&stake.to_le_bytes());
        }
        Self(H::sha2_256(&[
            COMMITTEE_DOMAIN,
            &era.to_le_bytes(),
            &[count],
            &bytes,
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Software;

    #[test]
    fn ids_of_equal_bytes_differ_by_their_domain() {
        let shape = Shape::of(3).unwrap();
        let commitment = Commitment([7; 32]);
        let blob = BlobId::new::<Software>(&shape, &commitment);
        let longer = BlobId::new::<Software>(&Shape::of(4).unwrap(), &commitment);
        assert_ne!(blob, longer);
        assert_ne!(blob.0, MemberId::of::<Software>(&commitment.0).0);
        assert_eq!(
            MemberId::of::<Software>(b"").to_string(),
            format!(
                "0x{}",
                hex::encode(Software::sha2_256(&[b"noema/da/member/v1"]))
            )
        );
    }

    #[test]
    fn committee_id_any_change_changes_it() {
        let key = [1; SEAT_KEY_BYTES];
        let other = [2; SEAT_KEY_BYTES];
        let id = |era, seats: &[(&[u8; SEAT_KEY_BYTES], u128)]| {
            CommitteeId::new::<Software>(era, seats.iter().copied())
        };
        let first = id(1, &[(&key, 5), (&other, 6)]);
        assert_eq!(first, id(1, &[(&key, 5), (&other, 6)]));
        for changed in [
            id(2, &[(&key, 5), (&other, 6)]),
            id(1, &[(&other, 6), (&key, 5)]),
            id(1, &[(&key, 5), (&other, 7)]),
            id(1, &[(&key, 5)]),
        ] {
            assert_ne!(first, changed);
        }
    }
}
