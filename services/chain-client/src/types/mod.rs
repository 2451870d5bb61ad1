//! Plain data read from the chain, free of any RPC or metadata type.

mod account;
mod block;
mod constants;
mod deal;
mod file;
mod provider;
mod validator;

pub use account::{AccountId, AccountState, Balance, ParseAccountError};
pub use block::{BlockNumber, BlockRef, Hash, RoundIndex, SeedAt, Tick};
pub use constants::{Constants, LeaseQuote};
pub use deal::{Assignment, CommitmentCount, Deal, Slot, SlotState};
pub use file::{FileId, ParseHexError};
pub use provider::{ProviderPage, ProviderRecord, ProviderStatus, Role, Unlocking};
pub use validator::{
    Candidacy, Era, EraPoints, Eras, Exposure, OwnershipProof, ParseBytesError, Payee,
    PendingSlash, SessionKeys, Stake, StakingLimits, Unbonding, Unpaid,
};
