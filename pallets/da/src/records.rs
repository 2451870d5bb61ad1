//! What is kept of submissions, eras and seats. Plain data.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{lists::LISTS, Day, EraIndex, SeatBits};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use noema_da_primitives::{Commitment, Content, MemberId, Namespace, RowSeed, MAX_SEATS};
use noema_traits::{RoundIndex, Tick};
use scale_info::TypeInfo;

/// Number of a submission, never given twice.
pub type SubmissionId = u64;

/// Entries of a chunk.
pub const CHUNK: u32 = 64;

/// Most eras of a provider whose rounds are not settled.
pub const MAX_ERAS: u32 = 96;

/// One paid entry on chain.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Submission<AccountId, Balance, BlockNumber> {
    /// Who paid, put up the deposit, and is paid for members.
    pub payer: AccountId,
    /// Where it is listed.
    pub namespace: Namespace,
    /// What the coding commits to.
    pub commitment: Commitment,
    /// Exact bytes.
    pub size: u32,
    /// What the blob is.
    pub content: Content,
    /// The era whose committee attests.
    pub era: EraIndex,
    /// The submissions of the same block, which have the same row seed.
    pub batch: u64,
    /// The first tick in which it is too late for bits.
    pub deadline: Tick,
    /// Days that are paid for.
    pub days: Day,
    /// Units that were paid for them in all, the base fee aside.
    pub fee: Balance,
    /// The base fee.
    pub base: Balance,
    /// Held on the payer's account until the record is gone.
    pub deposit: Balance,
    /// Where it stands.
    pub state: State<BlockNumber>,
}

/// Where a submission stands.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum State<BlockNumber> {
    /// It waits for attestation; its fee is on hold.
    #[codec(index = 0)]
    Submitted,
    /// Seats with two thirds of the stake signed.
    #[codec(index = 1)]
    Available {
        /// Whoever signed.
        bits: SeatBits,
        /// Its number in the namespace.
        index: u64,
        /// The block in which it became so.
        height: BlockNumber,
    },
}

/// The submissions of one block, whose numbers follow each other.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Batch<Balance, BlockNumber> {
    /// The block that took them.
    pub block: BlockNumber,
    /// The first.
    pub first: SubmissionId,
    /// How many.
    pub count: u32,
    /// How many of them are still on record.
    pub live: u32,
    /// Their base fees, until it is known whether there is a seed.
    pub base: Balance,
    /// The row seed.
    pub seed: SeedState,
}

/// What is known of a row seed.
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
pub enum SeedState {
    /// Its block has not come.
    #[codec(index = 0)]
    Awaited,
    /// It was drawn.
    #[codec(index = 1)]
    Drawn(RowSeed),
    /// There is none, and never will be: everything is refunded.
    #[codec(index = 2)]
    Lost,
}

/// What one call put into a list.
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
pub struct Entry {
    /// Of which submission.
    pub submission: SubmissionId,
    /// Its units: bytes of its original rows, K R.
    pub units: u64,
    /// The bits that the call set.
    pub bits: SeatBits,
}

/// Units behind each seat's bits, up to the end of a chunk.
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
pub struct RunningSums(pub [u64; MAX_SEATS]);

impl Default for RunningSums {
    fn default() -> Self {
        Self([0; MAX_SEATS])
    }
}

impl RunningSums {
    /// The units behind the bits of a seat.
    pub fn of(&self, seat: u8) -> u64 {
        self.0.get(usize::from(seat)).copied().unwrap_or_default()
    }
}

/// The sums of one list.
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
pub struct ListSums<Balance> {
    /// Entries, additions of late seats included; none again when the list was taken away.
    pub entries: u32,
    /// Units of its blobs, each counted once.
    pub units: u64,
    /// Units of money that its blobs pay a round.
    pub pay: Balance,
    /// Seats with units: who has something to show is known without looking at running sums.
    pub holders: SeatBits,
}

/// What is kept of an era since something of it was attested.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Book<Balance> {
    /// The stake of its committee.
    pub stake: u128,
    /// Seats whose provider lost everything since: nothing is asked of them, nothing paid to them.
    pub gone: SeatBits,
    /// Seats whose sums are still kept.
    pub seats: u32,
    /// One bit for each list whose sums were written to its seats', after it was closed.
    pub noted: u32,
    /// Whether nothing can be added or extended any more, and the committee is forgotten.
    pub finished: bool,
    /// By list.
    pub lists: [ListSums<Balance>; LISTS],
}

/// What a provider's bits of one era amount to.
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
pub struct SeatSums {
    /// Its seat.
    pub seat: u8,
    /// Its stake in that committee.
    pub stake: u128,
    /// Units behind its bits, by list, of those that were noted.
    pub sums: [u64; LISTS],
}

/// How the pay of a provider stands.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PayAccount<Balance> {
    /// The last round that was settled.
    pub settled: RoundIndex,
    /// Pay of rounds that were skipped since the last that was not.
    pub carried: Balance,
    /// The eras of which sums are kept, ascending.
    pub eras: BoundedVec<EraIndex, ConstU32<MAX_ERAS>>,
}

/// Blobs of the same commitment and size that are available.
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
pub struct Attested {
    /// How many submissions of it there are.
    pub count: u32,
    /// The last round of any of them. Those that end earlier go earlier.
    pub until: RoundIndex,
}

/// What a namespace is.
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
pub struct NamespaceRecord {
    /// The number of its next entry.
    pub next: u64,
}

/// An entry of a namespace.
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
pub struct LogEntry<BlockNumber> {
    /// The block in which it was entered.
    pub height: BlockNumber,
    /// The submission.
    pub submission: SubmissionId,
    /// Of a bundle's member, which.
    pub member: Option<u32>,
}

/// The entries of a namespace in one block, whose numbers follow each other.
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
pub struct HeightEntries {
    /// The number of the first.
    pub first: u64,
    /// How many there were.
    pub count: u32,
    /// How many of them are still on record.
    pub live: u32,
}

/// A member of an available bundle, kept by its place in a namespace.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MemberRecord<AccountId, Balance, BlockNumber> {
    /// Who paid the gateway, and put up the deposit.
    pub payer: AccountId,
    /// The bundle's submission.
    pub submission: SubmissionId,
    /// Which member it is.
    pub member: u32,
    /// The block in which it was recorded.
    pub height: BlockNumber,
    /// What names its bytes.
    pub id: MemberId,
    /// Where it begins in the bundle.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
    /// The last round of its window.
    pub until: RoundIndex,
    /// Held on the payer's account until the record is gone.
    pub deposit: Balance,
}
