//! Parameters of submissions and their pay that do not fit together are refused before a chain starts.
#![allow(
    clippy::panic,
    reason = "runs when a runtime is tested, never in a block"
)]

use crate::{lists::MAX_DAYS, Config, Pallet, WeightInfo};
use frame_support::{dispatch::DispatchClass, traits::Get};
use noema_da_primitives::{Shape, MAX_BLOB_SIZE};
use noema_price::{per_gib, HIGHEST_MULTIPLIER};
use noema_traits::{AgedRandomness, Tick};
use sp_runtime::traits::{One, Saturating, UniqueSaturatedInto, Zero};

impl<T: Config> Pallet<T> {
    pub(crate) fn assert_blobs() {
        let gap: Tick = T::RowDrawDelay::get()
            .saturating_add(T::MaxSeedGap::get())
            .unique_saturated_into();
        assert!(
            T::RowDrawDelay::get() >= One::one(),
            "RowDrawDelay must be at least one block"
        );
        assert!(
            T::AttestTicks::get() > gap,
            "AttestTicks must be longer than RowDrawDelay + MaxSeedGap, or rows are drawn too late to attest"
        );
        assert!(
            T::RowDrawDelay::get().saturating_add(T::MaxSeedGap::get()) < T::Randomness::history(),
            "seeds must be remembered for longer than RowDrawDelay + MaxSeedGap"
        );
        assert!(
            T::MaxInFlight::get() >= MAX_BLOB_SIZE.into(),
            "MaxInFlight must be at least the largest blob, {MAX_BLOB_SIZE} bytes"
        );
        let (least, base, most) = (
            T::MinBasePrice::get(),
            T::BasePrice::get(),
            T::MaxBasePrice::get(),
        );
        assert!(
            !least.is_zero() && least <= base && base <= most,
            "0 < MinBasePrice <= BasePrice <= MaxBasePrice must hold"
        );
        assert!(
            !T::RecordFee::get().is_zero(),
            "RecordFee must be more than nothing, or records cost nothing"
        );
        let needed = Self::least_agenda_weight();
        assert!(
            needed.all_lte(T::MaxAgendaWeight::get()),
            "MaxAgendaWeight must allow {needed:?}"
        );
        Self::assert_products();
        Self::assert_weights();
    }

    /// No product of a purchase overflows.
    fn assert_products() {
        let bytes = Shape::of(MAX_BLOB_SIZE.into()).map_or(u64::MAX, |shape| shape.stored_bytes());
        let highest = Self::wide(T::MaxBasePrice::get());
        let largest = per_gib(highest, HIGHEST_MULTIPLIER)
            .and_then(|price| crate::fees::for_bytes(price, bytes, 52));
        assert!(
            largest.is_some_and(|sum| sum.leading_zeros() > 0) && MAX_DAYS == 13,
            "the largest window must cost less than 2^127 units"
        );
    }

    /// The heaviest calls fit a transaction.
    fn assert_weights() {
        let most = T::BlockWeights::get()
            .get(DispatchClass::Normal)
            .max_extrinsic
            .unwrap_or_else(|| T::BlockWeights::get().max_block);
        let all = crate::SeatBits::all(100);
        let half = crate::SeatBits::all(50);
        for (name, weight) in [
            ("attest", Self::weight_of_attest(&all, 100)),
            ("attest by half", Self::weight_of_attest(&half, 50)),
            ("extend", T::WeightInfo::extend(MAX_DAYS.into())),
        ] {
            assert!(
                weight.all_lte(most),
                "{name} weighs {weight:?}, and a transaction may weigh {most:?}"
            );
        }
    }
}
