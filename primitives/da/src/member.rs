//! A small blob in a bundle, and the proof that it is there.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{
    bundle::bundle_root, climb, leaf, merkle::depth, BundleError, BundleHeader, Hasher, MemberId,
};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Most siblings of a member.
pub const MAX_MEMBER_DEPTH: u32 = 16;

/// A member of a bundle that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Which member, from 0.
    pub index: u32,
    /// Where it begins, counted from the beginning of the bundle.
    pub offset: u32,
    /// Its id in the bundle's table.
    pub id: MemberId,
    /// Its bytes.
    pub bytes: &'a [u8],
}

impl Member<'_> {
    /// How many bytes it has.
    pub fn size(&self) -> u32 {
        // A bundle has no longer ones.
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    /// Checks that its bytes are what its id names.
    pub fn verify<H: Hasher>(&self) -> Result<(), BundleError> {
        let found = MemberId::of::<H>(self.bytes);
        match found == self.id {
            true => Ok(()),
            false => Err(BundleError::WrongMember {
                index: self.index,
                expected: self.id,
                found,
            }),
        }
    }
}

/// Shows that a bundle lists a member with this id, offset and size.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MemberProof {
    /// Which member, from 0.
    pub index: u32,
    /// Where it begins, counted from the beginning of the bundle.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
    /// Its id.
    pub id: MemberId,
    /// The siblings on the way to the root of the tree over the members, bottom to top.
    pub siblings: BoundedVec<[u8; 32], ConstU32<MAX_MEMBER_DEPTH>>,
}

impl MemberProof {
    /// Checks the proof against the header of a bundle of `bundle_size` bytes, both as its submission says
    /// and its seats attested to.
    ///
    /// This shows that the bundle's root lists such a member, within the bundle. That no two members of
    /// one root share bytes cannot be seen of a proof: who has the whole table sees it
    /// ([`Bundle::parse`](crate::Bundle::parse)). The chain records a member at most once for each index.
    pub fn verify<H: Hasher>(
        &self,
        bundle: &BundleHeader,
        bundle_size: u32,
    ) -> Result<(), BundleError> {
        bundle.check(bundle_size)?;
        let (index, count) = (self.index, bundle.count);
        if index >= count {
            return Err(BundleError::NoSuchMember { index, count });
        }
        let expected = depth(count);
        if u32::try_from(self.siblings.len()) != Ok(expected) {
            return Err(BundleError::WrongSiblingCount {
                index,
                expected,
                found: self.siblings.len(),
            });
        }
        let first = bundle.data_offset();
        let end = self.offset.checked_add(self.size);
        if self.offset < first || end.is_none_or(|end| end > bundle_size) {
            return Err(BundleError::WrongPlace {
                index,
                offset: self.offset,
                size: self.size,
                first,
                end: bundle_size,
            });
        }
        let start = leaf::<H>(&member_leaf(self.offset, self.size, &self.id));
        let tree = climb::<H>(start, index, &self.siblings);
        match bundle_root::<H>(count, &tree) == bundle.root {
            true => Ok(()),
            false => Err(BundleError::WrongRoot),
        }
    }
}

/// What the leaf of a member hashes: offset as u32 LE ‖ size as u32 LE ‖ id.
pub(crate) fn member_leaf(offset: u32, size: u32, id: &MemberId) -> [u8; 40] {
    let mut bytes = [0; 40];
    let fields = offset
        .to_le_bytes()
        .into_iter()
        .chain(size.to_le_bytes())
        .chain(id.0);
    for (byte, field) in bytes.iter_mut().zip(fields) {
        *byte = field;
    }
    bytes
}
