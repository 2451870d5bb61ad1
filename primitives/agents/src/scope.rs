//! What keys and users may do.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{DataIndex, ServiceKind, MAX_CALLS};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_session::Covers;
use scale_info::TypeInfo;

/// A call of the runtime, by the two bytes with which its encoding begins.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct CallId {
    /// Index of the pallet in the runtime.
    pub pallet: u8,
    /// Index of the call in the pallet.
    pub call: u8,
}

/// The calls that a key may make; what is not named, it may not.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Scope {
    calls: BoundedVec<CallId, ConstU32<MAX_CALLS>>,
}

/// A scope of no calls, or of more than [`MAX_CALLS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCalls;

impl Scope {
    /// The scope of these calls.
    ///
    /// # Errors
    /// When there are none or too many.
    pub fn new(calls: impl IntoIterator<Item = CallId>) -> Result<Self, NoCalls> {
        let mut named = BoundedVec::new();
        for call in calls {
            named.try_push(call).map_err(|_| NoCalls)?;
        }
        let scope = Self { calls: named };
        if scope.is_empty() {
            Err(NoCalls)
        } else {
            Ok(scope)
        }
    }

    /// The calls.
    pub fn calls(&self) -> &[CallId] {
        &self.calls
    }

    /// Whether it names none: decoded ones may.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

impl Covers<CallId> for Scope {
    fn covers(&self, call: &CallId) -> bool {
        self.calls.contains(call)
    }
}

/// What a user may ask of an agent.
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
pub enum UsageScope {
    /// Everything that it does.
    #[codec(index = 0)]
    All,
    /// What uses one entry of its data.
    #[codec(index = 1)]
    Data(DataIndex),
    /// What it answers at one endpoint.
    #[codec(index = 2)]
    Service(ServiceKind),
}

impl Covers<Self> for UsageScope {
    fn covers(&self, wanted: &Self) -> bool {
        *self == Self::All || self == wanted
    }
}
