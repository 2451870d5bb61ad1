//! Many small blobs in one coded blob.
//!
//! Layout: version as u8 (1), three zero bytes, count as u32 LE, root (32 bytes); then for each member
//! its size as u32 LE and its [`MemberId`]; then the members' bytes, one after the other, and nothing
//! else. Offsets count from the beginning of the bundle, follow from the sizes, and are written nowhere:
//! members neither overlap nor leave gaps.
//!
//! With the blob's own header before it, version, count and root lie in the first 64 bytes and so in
//! row 0 of every coded bundle. A submission says count and root, every seat is sent row 0 and attests
//! that it says the same ([`Content`](crate::Content)).
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{
    front::{MemberEntry, MemberProver},
    BundleError, Hasher, Member, MemberId,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// Most members of a bundle.
pub const MAX_MEMBERS: u32 = 1 << 16;

/// Bytes before the table of members.
pub const BUNDLE_HEADER_BYTES: u32 = 40;

/// Bytes of the table for each member.
pub const ENTRY_BYTES: u32 = 36;

/// [`BUNDLE_HEADER_BYTES`] and [`ENTRY_BYTES`] as lengths.
pub(crate) const HEADER: usize = 40;
const ENTRY: usize = 36;

/// The version that is written, and the only one that is read.
pub const BUNDLE_VERSION: u8 = 1;

const ROOT_DOMAIN: &[u8] = b"noema/da/bundle/v1";

/// The front of a bundle.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct BundleHeader {
    /// How many members there are: 1 to [`MAX_MEMBERS`].
    pub count: u32,
    /// `SHA-256("noema/da/bundle/v1" ‖ count as u32 LE ‖ root of the tree over the members)`. The tree is
    /// as RFC 6962 hashes it, padded with 32 zero bytes to a power of two; the leaf of a member is offset as
    /// u32 LE ‖ size as u32 LE ‖ id.
    pub root: [u8; 32],
}

impl fmt::Display for BundleHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} members with root 0x", self.count)?;
        self.root
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl BundleHeader {
    /// The header's bytes in a bundle.
    pub fn to_bytes(&self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        let fields = [BUNDLE_VERSION, 0, 0, 0]
            .into_iter()
            .chain(self.count.to_le_bytes())
            .chain(self.root);
        for (byte, field) in bytes.iter_mut().zip(fields) {
            *byte = field;
        }
        bytes
    }

    /// Reads a header from the front of the `bytes` of a bundle.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BundleError> {
        let truncated = BundleError::Truncated {
            expected: BUNDLE_HEADER_BYTES.into(),
            found: bytes.len(),
        };
        let (fixed, rest) = bytes.split_first_chunk::<8>().ok_or(truncated)?;
        let root = rest.first_chunk::<32>().ok_or(truncated)?;
        let [version, r0, r1, r2, a, b, c, d] = *fixed;
        if version != BUNDLE_VERSION {
            return Err(BundleError::UnknownVersion { found: version });
        }
        if [r0, r1, r2] != [0; 3] {
            return Err(BundleError::ReservedNotZero);
        }
        let count = u32::from_le_bytes([a, b, c, d]);
        check_count(count.into())?;
        Ok(Self { count, root: *root })
    }

    /// Whether a bundle of `size` bytes can have so many members.
    pub fn check(&self, size: u32) -> Result<(), BundleError> {
        check_count(self.count.into())?;
        match self.data_offset() <= size {
            true => Ok(()),
            false => Err(BundleError::Truncated {
                expected: self.data_offset().into(),
                found: usize::try_from(size).unwrap_or(usize::MAX),
            }),
        }
    }

    /// Where the first member begins.
    pub fn data_offset(&self) -> u32 {
        // At most 40 + 36 × 65,536.
        BUNDLE_HEADER_BYTES.saturating_add(self.count.saturating_mul(ENTRY_BYTES))
    }
}

/// The root for a count and the root of the tree.
pub(crate) fn bundle_root<H: Hasher>(count: u32, tree: &[u8; 32]) -> [u8; 32] {
    H::sha2_256(&[ROOT_DOMAIN, &count.to_le_bytes(), tree])
}

pub(crate) fn check_count(found: u64) -> Result<(), BundleError> {
    match (1..=u64::from(MAX_MEMBERS)).contains(&found) {
        true => Ok(()),
        false => Err(BundleError::WrongCount { found }),
    }
}

/// A bundle whose table of members is sound: it leads to the root, and its sizes add up. Whether each
/// member's bytes are what its id names is checked by [`Member::verify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    header: BundleHeader,
    table: &'a [u8],
    data: &'a [u8],
}

impl<'a> Bundle<'a> {
    /// Reads a bundle from exactly these bytes. Hashes twice per member.
    pub fn parse<H: Hasher>(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let header = BundleHeader::from_bytes(bytes)?;
        let truncated = BundleError::Truncated {
            expected: header.data_offset().into(),
            found: bytes.len(),
        };
        let table_end = usize::try_from(header.data_offset()).map_err(|_| truncated)?;
        let (front, data) = bytes.split_at_checked(table_end).ok_or(truncated)?;
        let table = front.get(HEADER..).ok_or(truncated)?;
        let bundle = Self {
            header,
            table,
            data,
        };
        // At most 65,536 sizes of 32 bits.
        let expected = bundle
            .entries()
            .map(|entry| u64::from(entry.size))
            .fold(u64::from(header.data_offset()), u64::saturating_add);
        if u64::try_from(bytes.len()) != Ok(expected) {
            return Err(BundleError::WrongLength {
                expected,
                found: bytes.len(),
            });
        }
        match bundle.prover::<H>().header() == &header {
            true => Ok(bundle),
            false => Err(BundleError::WrongRoot),
        }
    }

    /// The bundle's header.
    pub fn header(&self) -> &BundleHeader {
        &self.header
    }

    /// The members in order.
    pub fn members(&self) -> Members<'a> {
        Members {
            bundle: *self,
            index: 0,
            offset: self.header.data_offset(),
            data: self.data,
        }
    }

    /// What shows that members are in the bundle. Hashes twice per member, once for all of them.
    pub fn prover<H: Hasher>(&self) -> MemberProver {
        MemberProver::new::<H>(self.header.count, self.entries().collect())
    }

    /// Sizes and ids in order.
    fn entries(&self) -> impl Iterator<Item = MemberEntry> + 'a {
        self.table.as_chunks::<ENTRY>().0.iter().filter_map(entry)
    }
}

fn entry(bytes: &[u8; ENTRY]) -> Option<MemberEntry> {
    let (size, id) = bytes.split_first_chunk::<4>()?;
    Some(MemberEntry {
        size: u32::from_le_bytes(*size),
        id: MemberId(*id.first_chunk::<32>()?),
    })
}

/// The members of a bundle: [`Bundle::members`].
#[derive(Clone, Debug)]
pub struct Members<'a> {
    bundle: Bundle<'a>,
    index: u32,
    offset: u32,
    data: &'a [u8],
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let place = usize::try_from(self.index).ok()?;
        let MemberEntry { size, id } = entry(self.bundle.table.as_chunks::<ENTRY>().0.get(place)?)?;
        let (bytes, rest) = self.data.split_at_checked(usize::try_from(size).ok()?)?;
        let member = Member {
            index: self.index,
            offset: self.offset,
            id,
            bytes,
        };
        self.data = rest;
        self.index = self.index.saturating_add(1);
        self.offset = self.offset.saturating_add(size);
        Some(member)
    }
}
