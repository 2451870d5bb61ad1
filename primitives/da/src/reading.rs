//! What the runtime API of data availability answers with.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{
    Commitment, CommitteeId, Content, MemberId, Namespace, RowSeed, SizeClass, SEAT_KEY_BYTES,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// Most entries of one answer.
pub const MAX_PAGE: u32 = 100;

/// A seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SeatInfo<AccountId> {
    /// Who has it.
    pub provider: AccountId,
    /// The key with which it signs.
    pub key: [u8; SEAT_KEY_BYTES],
    /// Its weight.
    pub stake: u128,
    /// Whether its provider lost everything in this era: it holds nothing any more.
    pub gone: bool,
}

/// The committee of an era, seats in their order.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct CommitteeInfo<AccountId> {
    /// Its era.
    pub era: u32,
    /// Its id, which seats sign.
    pub id: CommitteeId,
    /// Its seats.
    pub seats: Vec<SeatInfo<AccountId>>,
}

/// Where a submission stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Standing<BlockNumber> {
    /// Its row seed has not come.
    #[codec(index = 0)]
    AwaitsSeed,
    /// Its row seed is lost: it will be refunded whole.
    #[codec(index = 1)]
    SeedLost,
    /// It waits for attestation.
    #[codec(index = 2)]
    Submitted {
        /// Its row seed.
        seed: RowSeed,
    },
    /// Seats with two thirds of the stake signed.
    #[codec(index = 3)]
    Available {
        /// Its row seed.
        seed: RowSeed,
        /// Its number in its namespace.
        index: u64,
        /// The block in which it became so.
        height: BlockNumber,
        /// Who signed, a bit for each seat: seat i is bit i % 8 of byte i / 8.
        signed: [u8; 13],
        /// Who of them still holds it.
        holders: [u8; 13],
    },
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubmissionInfo<AccountId, Balance, BlockNumber> {
    /// Its number.
    pub submission: u64,
    /// Who paid.
    pub payer: AccountId,
    /// Where it is listed.
    pub namespace: Namespace,
    /// What the coding commits to.
    pub commitment: Commitment,
    /// Class of the blob.
    pub class: SizeClass,
    /// Exact bytes of the blob.
    pub size: u32,
    /// What the blob is.
    pub content: Content,
    /// The era whose committee attests.
    pub era: u32,
    /// The first tick in which it is too late for bits.
    pub deadline: u64,
    /// Days that are paid for.
    pub days: u8,
    /// The last round of its window.
    pub until: u32,
    /// Units that were paid for the window.
    pub fee: Balance,
    /// Where it stands.
    pub standing: Standing<BlockNumber>,
}

/// A member of a bundle, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct MemberInfo<AccountId> {
    /// Which member.
    pub member: u32,
    /// Who paid the gateway.
    pub payer: AccountId,
    /// What names its bytes.
    pub id: MemberId,
    /// Where it begins in the bundle.
    pub offset: u32,
    /// Its bytes.
    pub size: u32,
    /// The last round of its window.
    pub until: u32,
}

/// An entry of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct EntryInfo<AccountId, BlockNumber> {
    /// Its number in the namespace.
    pub index: u64,
    /// The block in which it was entered.
    pub height: BlockNumber,
    /// The submission.
    pub submission: u64,
    /// Its commitment.
    pub commitment: Commitment,
    /// Exact bytes of its blob.
    pub size: u32,
    /// Of a bundle's member, that member.
    pub member: Option<MemberInfo<AccountId>>,
}

/// Entries of a namespace, from some number on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NamespacePage<AccountId, BlockNumber> {
    /// Those that are there. What has expired is left out: its number is not given again.
    pub entries: Vec<EntryInfo<AccountId, BlockNumber>>,
    /// Where to go on: every entry below this number was looked at.
    pub next: u64,
    /// The number of the next entry that will be made.
    pub end: u64,
}

/// Submissions, from some number on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SubmissionPage<AccountId, Balance, BlockNumber> {
    /// Those that fit.
    pub submissions: Vec<SubmissionInfo<AccountId, Balance, BlockNumber>>,
    /// Where to go on; none at the end.
    pub next: Option<u64>,
}

/// What a submission costs in the round that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct FeeQuote<Balance> {
    /// Class of the blob.
    pub class: SizeClass,
    /// Bytes that a committee stores of it, by which it is paid.
    pub stored_bytes: u64,
    /// The base fee, which is kept.
    pub base: Balance,
    /// That of the window, refunded when no attestation comes.
    pub fee: Balance,
    /// For the namespace, if it is new.
    pub namespace: Balance,
    /// All fees together: the least `max_fee` that is enough.
    pub total: Balance,
    /// What is held beside that, until the record is gone.
    pub deposit: Balance,
}

/// The rules in force, and where the chain is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct DaParameters<Balance, BlockNumber> {
    /// Version of the rules, which seats sign.
    pub rules: u16,
    /// The pallet's index, which seats sign.
    pub pallet: u8,
    /// The running era.
    pub era: u32,
    /// Ticks until now.
    pub tick: u64,
    /// Ticks that seats have for a submission.
    pub attest_ticks: u64,
    /// Blocks from a submission to the draw point of its row seed.
    pub row_draw_delay: BlockNumber,
    /// Bytes of one payer that may wait for attestation.
    pub max_in_flight: u64,
    /// Units per GiB of stored bytes and round.
    pub price: Balance,
    /// Bytes of everything that is available, as it is stored.
    pub stored_bytes: u128,
    /// The number of the next submission.
    pub next_submission: u64,
}
