//! What names a blob, a member of a bundle and a committee: 32 bytes each, which must not be mistaken
//! for one another.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Content, Hasher, Shape, SEAT_KEY_BYTES};
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
    /// computes it. Together with the blob's shape it fixes every row; the shape itself, and so how many
    /// rows there are and how long, always comes beside it.
    Commitment
}

hash_type! {
    /// What names a coded blob. Unlike the commitment it binds the exact size and the content.
    BlobId
}

hash_type! {
    /// What names one of the small blobs in a bundle, whatever bundle that is.
    MemberId
}

hash_type! {
    /// What the chain drew for one submission, in a block after the one that took it. Whoever coded the
    /// blob could not know it, so that trying other commitments does not choose who holds which row.
    RowSeed
}

hash_type! {
    /// What names a committee: its era, and the key and stake of each seat in order.
    CommitteeId
}

impl BlobId {
    /// `SHA-256("noema/da/blob/v1" ‖ class as u8 ‖ size as u32 LE ‖ commitment ‖ kind as u8 ‖ of a bundle
    /// count as u32 LE and root)`.
    pub fn new<H: Hasher>(shape: &Shape, content: &Content, commitment: &Commitment) -> Self {
        Self(H::sha2_256(&[
            BLOB_DOMAIN,
            &[shape.class().index()],
            &shape.size().to_le_bytes(),
            &commitment.0,
            &content.encode(),
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
    use crate::{BundleHeader, Software};

    #[test]
    fn ids_of_equal_bytes_differ_by_their_domain() {
        let shape = Shape::of(3).unwrap();
        let commitment = Commitment([7; 32]);
        let id = |shape: &Shape, content| BlobId::new::<Software>(shape, &content, &commitment);
        let blob = id(&shape, Content::Plain);
        assert_ne!(blob, id(&Shape::of(4).unwrap(), Content::Plain));
        let bundle = |count, byte| {
            let root = [byte; 32];
            id(&shape, Content::Bundle(BundleHeader { count, root }))
        };
        assert_ne!(blob, bundle(1, 0));
        assert_ne!(bundle(1, 0), bundle(2, 0));
        assert_ne!(bundle(1, 0), bundle(1, 1));
        let mut bytes = b"noema/da/blob/v1".to_vec();
        bytes.extend([0, 3, 0, 0, 0]);
        bytes.extend([7; 32]);
        bytes.extend([1, 2, 0, 0, 0]);
        bytes.extend([9; 32]);
        assert_eq!(bundle(2, 9).0, Software::sha2_256(&[&bytes]));
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
