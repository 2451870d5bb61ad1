//! What a provider's stake is short of, and when replicas are handed over for it: for the call and for the runtime API, so that the two cannot differ.

use crate::{Config, Error, LeavingBytes, Pallet};
use codec::{Decode, DecodeWithMemTracking, Encode};
use frame_support::ensure;
use noema_traits::{ProviderRegistry, Role, Rounds};
use scale_info::TypeInfo;

/// A provider whose stake covers less than what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Uncovered {
    /// Bytes that are reserved beyond what its stake covers.
    pub bytes: u64,
    /// Bytes of the replicas that it is leaving already.
    pub leaving: u64,
    /// Blocks since its stake covers less, without a break.
    pub blocks: u64,
    /// Blocks that it has to bond more before replicas are handed over.
    pub grace: u64,
}

impl Uncovered {
    /// Whether the time to bond more is over.
    pub fn is_due(&self) -> bool {
        self.blocks >= self.grace
    }

    /// What it is short of beyond what it is leaving already.
    pub fn missing(&self) -> u64 {
        self.bytes.saturating_sub(self.leaving)
    }
}

impl<T: Config> Pallet<T> {
    /// What a provider's stake is short of. None while it covers what the provider holds.
    pub fn uncovered(provider: &T::AccountId) -> Option<Uncovered> {
        let short = T::Providers::shortfall(Role::Storage, provider)?;
        Some(Uncovered {
            bytes: short.bytes,
            leaving: LeavingBytes::<T>::get(provider),
            blocks: short.blocks,
            grace: <T::Clock as Rounds>::length(),
        })
    }

    /// Bytes of replicas that anyone may let a provider begin to hand over; not none. Else why not.
    pub(crate) fn ensure_to_hand_over(provider: &T::AccountId) -> Result<u64, Error<T>> {
        let short = Self::uncovered(provider).ok_or(Error::<T>::StillCovered)?;
        ensure!(short.is_due(), Error::<T>::CoverMayCome);
        let missing = short.missing();
        ensure!(missing > 0, Error::<T>::StillCovered);
        Ok(missing)
    }

    /// The same for the runtime API: none where `hand_over` is refused. It is refused as well for a replica that does not earn.
    pub fn to_hand_over(provider: &T::AccountId) -> u64 {
        Self::ensure_to_hand_over(provider).unwrap_or(0)
    }
}
