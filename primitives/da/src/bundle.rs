//! Many small blobs in one coded blob.
//!
//! Layout: version as u8 (1), three zero bytes, count as u32 LE, root (32 bytes); then for each member
//! its size as u32 LE and its [`MemberId`]; then the members' bytes, one after the other, and nothing
//! else. Offsets count from the beginning of the bundle, follow from the sizes, and are written nowhere:
//! members neither overlap nor leave gaps.
//!
//! With the blob's own header before it, version, count and root lie in the first 64 bytes and so in
//! row 0 of every coded bundle: one row's proof shows them.

use crate::{
    leaf,
    member::{member_leaf, Member},
    merkle::root_and_path,
    Hasher, MemberId, MemberProof, MAX_BLOB_SIZE,
};
use alloc::vec::Vec;

/// Most members of a bundle.
pub const MAX_MEMBERS: u32 = 1 << 16;

/// Bytes before the table of members.
pub const BUNDLE_HEADER_BYTES: u32 = 40;

/// Bytes of the table for each member.
pub const ENTRY_BYTES: u32 = 36;

/// [`BUNDLE_HEADER_BYTES`] and [`ENTRY_BYTES`] as lengths.
const HEADER: usize = 40;
const ENTRY: usize = 36;

/// The version that is written, and the only one that is read.
pub const BUNDLE_VERSION: u8 = 1;

const ROOT_DOMAIN: &[u8] = b"noema/da/bundle/v1";

/// Why bytes are no bundle, or something is no member of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Too few bytes for the header or the table.
    #[error("the bundle has {found} bytes: header and table of members need {expected}")]
    Truncated {
        /// Bytes needed.
        expected: u64,
        /// Bytes given.
        found: usize,
    },
    /// Written by a later version, or no bundle at all.
    #[error("bundle version {found}: this software reads version {BUNDLE_VERSION}")]
    UnknownVersion {
        /// The version given.
        found: u8,
    },
    /// What is kept free is not zero.
    #[error("the reserved bytes of the bundle's header are not zero")]
    ReservedNotZero,
    /// No members, or too many.
    #[error("a bundle of {found} members: expected 1 to {MAX_MEMBERS}")]
    WrongCount {
        /// Members given.
        found: u64,
    },
    /// The members' sizes do not add up to the bundle's.
    #[error("the bundle has {found} bytes: header, table and members need {expected}")]
    WrongLength {
        /// What the table of members says.
        expected: u64,
        /// Bytes given.
        found: usize,
    },
    /// The table does not lead to the root in the header.
    #[error("the table of members does not lead to the bundle's root")]
    WrongRoot,
    /// A member's bytes are not what its id names.
    #[error("the bytes of member {index} have id {found}: the table says {expected}")]
    WrongMember {
        /// The member.
        index: u32,
        /// Its id in the table.
        expected: MemberId,
        /// The id of its bytes.
        found: MemberId,
    },
    /// The bundle has no such member.
    #[error("the bundle has no member {index}: it has {count}")]
    NoSuchMember {
        /// The member asked for.
        index: u32,
        /// Members of the bundle.
        count: u32,
    },
    /// A proof has the wrong number of siblings.
    #[error("member {index} comes with {found} siblings: expected {expected}")]
    WrongSiblingCount {
        /// The member.
        index: u32,
        /// Siblings of a member of this bundle.
        expected: u32,
        /// Siblings given.
        found: usize,
    },
    /// A proof places a member where none can be.
    #[error("member {index} cannot lie at {offset} with {size} bytes in a bundle of {count}")]
    WrongPlace {
        /// The member.
        index: u32,
        /// Where it is said to begin.
        offset: u32,
        /// Its bytes.
        size: u32,
        /// Members of the bundle.
        count: u32,
    },
}

/// The front of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleHeader {
    /// How many members there are: 1 to [`MAX_MEMBERS`].
    pub count: u32,
    /// `SHA-256("noema/da/bundle/v1" ‖ count as u32 LE ‖ root of the tree over the members)`. The tree is
    /// as RFC 6962 hashes it, padded with 32 zero bytes to a power of two; the leaf of a member is offset as
    /// u32 LE ‖ size as u32 LE ‖ id.
    pub root: [u8; 32],
}

impl BundleHeader {
    /// The header's bytes.
    pub fn encode(&self) -> [u8; HEADER] {
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

    /// Reads a header from the front of `bytes`.
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
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

fn check_count(found: u64) -> Result<(), BundleError> {
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
        let header = BundleHeader::decode(bytes)?;
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
            .map(|(size, _)| u64::from(size))
            .fold(u64::from(header.data_offset()), u64::saturating_add);
        if u64::try_from(bytes.len()) != Ok(expected) {
            return Err(BundleError::WrongLength {
                expected,
                found: bytes.len(),
            });
        }
        let (tree, _) = root_and_path::<H>(bundle.leaves::<H>(), 0);
        match bundle_root::<H>(header.count, &tree) == header.root {
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

    /// Shows that member `index` is in the bundle. Hashes twice per member.
    pub fn prove<H: Hasher>(&self, index: u32) -> Result<MemberProof, BundleError> {
        let no_such_member = BundleError::NoSuchMember {
            index,
            count: self.header.count,
        };
        let place = usize::try_from(index).map_err(|_| no_such_member)?;
        let member = self.members().nth(place).ok_or(no_such_member)?;
        let (_, path) = root_and_path::<H>(self.leaves::<H>(), place);
        Ok(MemberProof {
            index,
            offset: member.offset,
            size: member.size(),
            id: member.id,
            // A tree of at most 65,536 leaves has at most 16 levels.
            siblings: path.try_into().map_err(|_| no_such_member)?,
        })
    }

    /// Sizes and ids in order.
    fn entries(&self) -> impl Iterator<Item = (u32, MemberId)> + 'a {
        self.table.as_chunks::<ENTRY>().0.iter().filter_map(entry)
    }

    fn leaves<H: Hasher>(&self) -> Vec<[u8; 32]> {
        let mut offset = self.header.data_offset();
        let leaf = |(size, id): (u32, MemberId)| {
            let bytes = member_leaf(offset, size, &id);
            offset = offset.saturating_add(size);
            leaf::<H>(&bytes)
        };
        self.entries().map(leaf).collect()
    }
}

fn entry(bytes: &[u8; ENTRY]) -> Option<(u32, MemberId)> {
    let (size, id) = bytes.split_first_chunk::<4>()?;
    Some((
        u32::from_le_bytes(*size),
        MemberId(*id.first_chunk::<32>()?),
    ))
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
        let (size, id) = entry(self.bundle.table.as_chunks::<ENTRY>().0.get(place)?)?;
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

/// Puts blobs into a bundle, in order. Fails if they are none, too many, or too large together for one
/// coded blob.
pub fn build_bundle<H: Hasher>(blobs: &[&[u8]]) -> Result<Vec<u8>, BundleError> {
    let found = u64::try_from(blobs.len()).unwrap_or(u64::MAX);
    check_count(found)?;
    let count = u32::try_from(blobs.len()).map_err(|_| BundleError::WrongCount { found })?;
    let mut header = BundleHeader {
        count,
        root: [0; 32],
    };
    let length = blobs
        .iter()
        .map(|blob| u64::try_from(blob.len()).unwrap_or(u64::MAX))
        .fold(u64::from(header.data_offset()), u64::saturating_add);
    let too_long = BundleError::WrongLength {
        expected: MAX_BLOB_SIZE.into(),
        found: usize::try_from(length).unwrap_or(usize::MAX),
    };
    if length > MAX_BLOB_SIZE.into() {
        return Err(too_long);
    }
    let capacity = usize::try_from(length).map_err(|_| too_long)?;
    let mut bytes = Vec::with_capacity(capacity);
    bytes.extend_from_slice(&header.encode());
    let mut leaves = Vec::with_capacity(blobs.len());
    let mut offset = header.data_offset();
    for blob in blobs {
        let size = u32::try_from(blob.len()).map_err(|_| too_long)?;
        let id = MemberId::of::<H>(blob);
        leaves.push(leaf::<H>(&member_leaf(offset, size, &id)));
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&id.0);
        offset = offset.saturating_add(size);
    }
    for blob in blobs {
        bytes.extend_from_slice(blob);
    }
    let (tree, _) = root_and_path::<H>(leaves, 0);
    header.root = bundle_root::<H>(count, &tree);
    if let Some(front) = bytes.first_chunk_mut::<HEADER>() {
        *front = header.encode();
    }
    Ok(bytes)
}
