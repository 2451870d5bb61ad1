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
        clippy::string_slice,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod check;
mod demand;
mod hashing;
mod market;
mod over_redemption;
mod payload;
mod price;
mod receipt;
mod service;
mod verification;
mod voucher;

pub use check::{Agreed, ReceiptFault, Received, ResponseCheck};
pub use demand::Demand;
pub use hashing::{request_hash, response_hash, ResponseHasher, RouteTooLong};
pub use market::{
    Balance, Browse, ChannelInfo, ChannelPage, ChannelState, LaneInfo, NextPrice, Page,
    ProviderInfo, Purse, Room, ServiceInfo, SessionInfo, Tick,
};
pub use over_redemption::Redemption;
pub use payload::{DEMAND_DOMAIN, RECEIPT_DOMAIN, VOUCHER_DOMAIN};
pub use price::{CostError, Price, Usage, MILLION};
pub use receipt::Receipt;
pub use service::{Descriptor, DescriptorError, EndpointBytes, Metering, ModelName, ServiceKind};
pub use verification::{Unverified, Verdict, Verification, VerificationContext, VerificationMode};
pub use voucher::{Voucher, VoucherOverflow};

/// Number of a service, from 0; never used again.
pub type ServiceId = u64;
/// Number of a channel, from 0; never used again.
pub type ChannelId = u64;
/// Number of a session within its channel, from 0; never used again.
pub type SessionId = u32;
/// Number of a lane within its session, from 0.
pub type LaneId = u16;
/// A SHA-256 or genesis hash.
pub type Hash = [u8; 32];

/// The longest name of a model, in bytes.
pub const MAX_MODEL: u32 = 96;
/// The longest endpoint of a service, in bytes; as for providers.
pub const MAX_ENDPOINT: u32 = 256;
