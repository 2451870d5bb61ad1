//! Typed access to the Noema chain for daemons and tools.
//!
//! - [`ChainClient`] connects to a node over WebSocket, reconnects by itself, follows finalised
//!   blocks and hands out [`StateAt`], a view of the chain's state at one block.
//! - [`Submitter`] signs calls with one key, sends several at a time in order, and answers when
//!   each is finalised.
//! - [`Call`] builds the calls; [`types`](crate::types) are plain data.
//!
//! Nothing here links the node or the runtime: the chain is met over RPC, through its metadata, as
//! any third party would. A runtime upgrade needs no restart: metadata and spec version are read
//! at the block at hand, for reading as well as for signing.

pub mod agents;
mod call;
mod client;
pub mod compute;
mod error;
mod events;
mod follower;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod json;
mod keys;
mod runtime;
mod session_keys;
mod state;
mod submit;
#[cfg(any(test, fuzzing))]
mod testing;
pub mod types;

pub use call::{
    AgentCall, AgentGrant, AgentPlan, Call, ComputeCall, DaCall, LeaseCall, RegisterProvider,
    ValidatorCall,
};
pub use client::{ChainClient, ConnectOptions, NodeInfo};
pub use error::{ChainError, DispatchFailure, SubmitError};
pub use events::ChainEvent;
pub use follower::Head;
pub use keys::{KeyError, SigningKey};
pub use noema_commitment::SectorProof;
pub use state::{call_value, StateAt, MAX_ASSIGNMENT_PAGE};
pub use submit::{Finalized, SubmitOptions, Submitter};
pub use subxt::dynamic::Value;
pub use types::{
    AccountId, AccountState, AgentData, AgentPage, AgentRecord, AgentSession, AgentSummary,
    Assignment, AssignmentPage, AuditLimits, AuditRound, AuditRoundState, AuditStanding,
    AuditedPage, Balance, BlockNumber, BlockRef, Candidacy, Challenge, Challenges, ChannelInfo,
    CommitmentCount, CommitteeInfo, ComputeLimits, Constants, DaParameters, Deal, Era, EraPoints,
    Eras, Exposure, FeeQuote, FileId, Hash, Lease, LeaseQuote, LeaseStatus, Leaving,
    NamespaceEntry, NamespacePage, OwnershipProof, Payee, PendingSlash, ProviderPage, ProviderPay,
    ProviderRecord, ProviderStatus, RateChange, Ratings, RenewalQuote, Role, RoundIndex,
    RowChallenge, RowChallenges, ScheduledAct, SealedKeyOf, SeedAt, Segment, ServiceInfo,
    ServicePage, SessionInfo, SessionKeys, Slot, SlotState, Stake, StakingLimits, StoragePrice,
    SubmissionInfo, SubmissionPage, SubmissionStanding, Terms, Tick, Unbonding, Uncovered,
    Unlocking, Unpaid,
};
