//! Building a bundle without copying its members, and proving them.

use crate::{
    bundle::{bundle_root, check_count, HEADER},
    leaf,
    member::member_leaf,
    merkle::Tree,
    BundleError, BundleHeader, Hasher, MemberId, MemberProof, MAX_BLOB_SIZE,
};
use alloc::vec::Vec;

/// A line of a bundle's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberEntry {
    /// Bytes of the member.
    pub size: u32,
    /// Its id.
    pub id: MemberId,
}

impl MemberEntry {
    /// The entry of these bytes. None if they are more than any bundle holds.
    pub fn of<H: Hasher>(bytes: &[u8]) -> Option<Self> {
        let size = u32::try_from(bytes.len()).ok()?;
        (size <= MAX_BLOB_SIZE).then(|| Self {
            size,
            id: MemberId::of::<H>(bytes),
        })
    }
}

/// Shows members of one bundle: keeps its tree, so that each proof hashes nothing.
#[derive(Clone, Debug)]
pub struct MemberProver {
    header: BundleHeader,
    /// Offset and entry of each member.
    members: Vec<(u32, MemberEntry)>,
    tree: Tree,
}

impl MemberProver {
    pub(crate) fn new<H: Hasher>(count: u32, entries: Vec<MemberEntry>) -> Self {
        let mut header = BundleHeader {
            count,
            root: [0; 32],
        };
        let mut offset = header.data_offset();
        let mut members = Vec::with_capacity(entries.len());
        for entry in entries {
            members.push((offset, entry));
            // Who builds or reads a bundle checks the sum.
            offset = offset.saturating_add(entry.size);
        }
        let leaves = members
            .iter()
            .map(|(offset, entry)| leaf::<H>(&member_leaf(*offset, entry.size, &entry.id)))
            .collect();
        let tree = Tree::new::<H>(leaves);
        header.root = bundle_root::<H>(count, &tree.root());
        Self {
            header,
            members,
            tree,
        }
    }

    /// The bundle's header.
    pub fn header(&self) -> &BundleHeader {
        &self.header
    }

    /// Shows that member `index` is in the bundle.
    pub fn prove(&self, index: u32) -> Result<MemberProof, BundleError> {
        let no_such_member = BundleError::NoSuchMember {
            index,
            count: self.header.count,
        };
        let place = usize::try_from(index).map_err(|_| no_such_member)?;
        let (offset, entry) = *self.members.get(place).ok_or(no_such_member)?;
        Ok(MemberProof {
            index,
            offset,
            size: entry.size,
            id: entry.id,
            // A tree of at most 65,536 leaves has at most 16 levels.
            siblings: self
                .tree
                .path(place)
                .try_into()
                .map_err(|_| no_such_member)?,
        })
    }
}

/// What stands before the members of a bundle. The members' bytes follow in order and are never held
/// here: a gateway writes the front, then each member, to where the bundle is coded.
#[derive(Clone, Debug)]
pub struct BundleFront {
    bytes: Vec<u8>,
    size: u32,
    prover: MemberProver,
}

impl BundleFront {
    /// The front of a bundle with these members. Fails if they are none, too many, or too large together
    /// for one coded blob. Hashes twice per member.
    pub fn new<H: Hasher>(members: &[MemberEntry]) -> Result<Self, BundleError> {
        let found = u64::try_from(members.len()).unwrap_or(u64::MAX);
        check_count(found)?;
        let count = u32::try_from(found).map_err(|_| BundleError::WrongCount { found })?;
        let root = [0; 32];
        let data = BundleHeader { count, root }.data_offset();
        let length = members
            .iter()
            .map(|entry| u64::from(entry.size))
            .fold(u64::from(data), u64::saturating_add);
        let too_long = BundleError::WrongLength {
            expected: MAX_BLOB_SIZE.into(),
            found: usize::try_from(length).unwrap_or(usize::MAX),
        };
        let size = u32::try_from(length).map_err(|_| too_long)?;
        if size > MAX_BLOB_SIZE {
            return Err(too_long);
        }
        let prover = MemberProver::new::<H>(count, members.to_vec());
        let mut bytes = Vec::with_capacity(usize::try_from(data).unwrap_or(HEADER));
        bytes.extend_from_slice(&prover.header().to_bytes());
        for entry in members {
            bytes.extend_from_slice(&entry.size.to_le_bytes());
            bytes.extend_from_slice(&entry.id.0);
        }
        Ok(Self {
            bytes,
            size,
            prover,
        })
    }

    /// The bundle's header.
    pub fn header(&self) -> &BundleHeader {
        self.prover.header()
    }

    /// Header and table: all that stands before the first member.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the whole bundle.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// What shows the members.
    pub fn prover(&self) -> &MemberProver {
        &self.prover
    }
}
