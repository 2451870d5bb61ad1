//! Why something is no bundle, or no part of it.

use crate::{MemberId, BUNDLE_VERSION, MAX_MEMBERS};

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
    #[error("member {index} cannot lie at {offset} with {size} bytes: members lie between {first} and {end}")]
    WrongPlace {
        /// The member.
        index: u32,
        /// Where it is said to begin.
        offset: u32,
        /// Its bytes.
        size: u32,
        /// Where the first member begins.
        first: u32,
        /// Bytes of the bundle.
        end: u32,
    },
}
