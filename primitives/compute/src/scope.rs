//! What a session of a channel may pay for.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::ServiceId;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_session::Covers;
use scale_info::TypeInfo;

/// For which of the provider's services a key may sign vouchers.
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
pub enum ChannelScope {
    /// For all of them.
    #[codec(index = 0)]
    Any,
    /// For this one.
    #[codec(index = 1)]
    Service(ServiceId),
}

impl Covers<ServiceId> for ChannelScope {
    fn covers(&self, service: &ServiceId) -> bool {
        match self {
            Self::Any => true,
            Self::Service(only) => only == service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_one_service_or_all() {
        assert!(ChannelScope::Any.covers(&7));
        assert!(ChannelScope::Service(7).covers(&7));
        assert!(!ChannelScope::Service(7).covers(&8));
    }
}
