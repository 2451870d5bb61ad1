#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod assignment;
mod attestation;
mod bundle;
mod bundle_error;
mod class;
mod committee;
mod content;
mod front;
mod hash;
mod header;
mod id;
mod member;
mod merkle;
mod namespace;
mod permutation;
mod possession;
mod reading;
mod row;

pub use assignment::{Assignment, Rows, Window};
pub use attestation::{Attestation, ATTESTATION_DOMAIN};
pub use bundle::{
    Bundle, BundleHeader, Members, BUNDLE_HEADER_BYTES, BUNDLE_VERSION, ENTRY_BYTES, MAX_MEMBERS,
};
pub use bundle_error::BundleError;
pub use class::{
    ClassParameters, Shape, ShapeError, SizeClass, CLASSES, MAX_BLOB_SIZE, MAX_DEPTH,
    MAX_ROW_BYTES, ROW_STEP,
};
pub use committee::{Committee, CommitteeError, MAX_SEATS, MAX_TOTAL_STAKE, SEAT_KEY_BYTES};
pub use content::{Content, FrontError};
pub use front::{BundleFront, MemberEntry, MemberProver};
pub use hash::{Hasher, Software};
pub use header::{BlobHeader, BlobKind, HeaderError, BLOB_HEADER_BYTES, BLOB_VERSION};
pub use id::{BlobId, Commitment, CommitteeId, MemberId, RowSeed};
pub use member::{Member, MemberProof, MAX_MEMBER_DEPTH};
pub use merkle::{climb, leaf};
pub use namespace::{Namespace, NAMESPACE_BYTES};
pub use permutation::RowOrder;
pub use possession::{Possession, POSSESSION_DOMAIN};
pub use reading::{
    CommitteeInfo, DaParameters, EntryInfo, FeeQuote, MemberInfo, NamespacePage, SeatInfo,
    Standing, SubmissionInfo, SubmissionPage, MAX_PAGE,
};
pub use row::{verify_row, RowError, RowProof};
