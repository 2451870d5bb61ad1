//! Plain data read from the chain, free of any RPC or metadata type.

mod account;
mod agents;
mod audit;
mod block;
mod compute;
mod constants;
mod da;
mod deal;
mod file;
mod lease;
mod provider;
mod validator;

pub use account::{AccountId, AccountState, Balance, ParseAccountError};
pub use agents::{
    AgentData, AgentPage, AgentRecord, AgentSession, AgentSummary, Ratings, ScheduledAct,
    SealedKeyOf,
};
pub use audit::{
    AuditLimits, AuditRound, AuditRoundState, AuditStanding, AuditedPage, Challenge, Challenges,
};
pub use block::{BlockNumber, BlockRef, Hash, RoundIndex, SeedAt, Tick};
pub use compute::{ChannelInfo, ComputeLimits, ServiceInfo, ServicePage, SessionInfo};
pub use constants::Constants;
pub use da::{
    CommitteeInfo, DaParameters, FeeQuote, NamespaceEntry, NamespacePage, RowChallenge,
    RowChallenges, SubmissionInfo, SubmissionPage, SubmissionStanding,
};
pub use deal::{
    Assignment, AssignmentPage, CommitmentCount, Deal, Leaving, Segment, Slot, SlotState, Terms,
};
pub use file::{FileId, ParseHexError};
pub use lease::{
    Lease, LeaseQuote, LeaseStatus, ProviderPay, RateChange, RenewalQuote, StoragePrice, Uncovered,
};
pub use provider::{ProviderPage, ProviderRecord, ProviderStatus, Role, Unlocking};
pub use validator::{
    Candidacy, Era, EraPoints, Eras, Exposure, OwnershipProof, ParseBytesError, Payee,
    PendingSlash, SessionKeys, Stake, StakingLimits, Unbonding, Unpaid,
};
