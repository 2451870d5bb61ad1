//! What submitters, seats, gateways and readers ask the runtime about data availability. `docs/design/da.md` says what the answers mean.
#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
use noema_da_primitives::{
    Commitment, CommitteeInfo, DaParameters, FeeQuote, Namespace, NamespacePage, SubmissionInfo,
    SubmissionPage,
};
use sp_runtime::DispatchError;

sp_api::decl_runtime_apis! {
    /// Submissions, namespaces and committees. Every list comes in pages of at most 100 entries, for each of which at most 1,000 records are looked at.
    pub trait DataAvailabilityApi<AccountId, Balance, BlockNumber>
    where
        AccountId: Codec,
        Balance: Codec,
        BlockNumber: Codec,
    {
        /// How a submission stands. None when there is none, or no more.
        fn submission(submission: u64) -> Option<SubmissionInfo<AccountId, Balance, BlockNumber>>;

        /// The submissions of a commitment, after the one where the page before ended.
        fn submissions_of(commitment: Commitment, after: Option<u64>, limit: u32) -> SubmissionPage<AccountId, Balance, BlockNumber>;

        /// What the seats of an era may have to hold: its submissions that wait for attestation or still take bits, from this number on.
        fn waiting(era: u32, from: u64, limit: u32) -> SubmissionPage<AccountId, Balance, BlockNumber>;

        /// The entries of a namespace from this number on, in the order in which they became available.
        fn entries_of(namespace: Namespace, from: u64, limit: u32) -> NamespacePage<AccountId, BlockNumber>;

        /// The entries that a namespace got in a block, from the one with this number among them, counted from 0.
        fn entries_at(namespace: Namespace, height: BlockNumber, from: u32, limit: u32) -> NamespacePage<AccountId, BlockNumber>;

        /// Until which round a blob of this commitment and size is available. None when it is not.
        fn available_until(commitment: Commitment, size: u32) -> Option<u32>;

        /// The committee of an era. None when there is none, or no more.
        fn committee(era: u32) -> Option<CommitteeInfo<AccountId>>;

        /// What a submission of so many bytes for so many days costs in the round that runs.
        fn quote(size: u32, namespace: Namespace, days: u8) -> Result<FeeQuote<Balance>, DispatchError>;

        /// The rules in force, and where the chain is.
        fn parameters() -> DaParameters<Balance, BlockNumber>;
    }
}
