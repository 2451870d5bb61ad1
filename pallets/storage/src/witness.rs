//! The witness of `remove`, `accept` and `expire`: how many replicas the sender says that the deal has.
//!
//! What these calls take goes by the replicas: for each that earns the audits may have to settle rounds and draw, which is most of it. Without the number in the call
//! the largest deal would be charged in advance, nearly a block. The witness is the number of slots, which no block changes, and not that of those who earn: that one
//! changes by itself, and a call that was right when it was signed would be refused.

use crate::{Config, DealOf, Error, Pallet, WeightInfo};
use frame_support::{
    dispatch::{DispatchErrorWithPostInfo, WithPostDispatchInfo},
    ensure,
    traits::Get,
    weights::Weight,
};
use noema_traits::AuditFreeze;
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
    /// What is charged in advance for a deal with so many replicas, all of which earn: `own` for this pallet, and what the audits take at most. No deal has more than
    /// `MaxReplicas`, whatever the sender says; and a refusal is paid for even where none are said.
    pub(crate) fn weight_by_witness(replicas: u8, own: impl Fn(u32) -> Weight) -> Weight {
        let replicas = u32::from(replicas).min(T::MaxReplicas::get());
        let audits = T::Audits::weight_of_before_change().saturating_mul(replicas.into());
        own(replicas)
            .saturating_add(audits)
            .max(T::WeightInfo::witness_too_low())
    }

    /// The deal that was looked for, if it has no more replicas than the witness says. A refusal weighs what looking takes, here and where there is no such deal.
    pub(crate) fn witnessed(
        found: Result<DealOf<T>, DispatchError>,
        replicas: u8,
    ) -> Result<DealOf<T>, DispatchErrorWithPostInfo> {
        let look = T::WeightInfo::witness_too_low();
        let deal = found.map_err(|error| error.with_weight(look))?;
        ensure!(
            deal.replicas() <= replicas,
            Error::<T>::WitnessTooLow.with_weight(look)
        );
        Ok(deal)
    }
}
