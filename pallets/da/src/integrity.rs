//! Stops a runtime whose parameters make no sense.

use crate::{Config, WeightInfo};
use frame_support::traits::Get;
use noema_da_primitives::MAX_SEATS;
use noema_traits::AgedRandomness;
use sp_runtime::traits::{One, Saturating, Zero};

/// Called by the pallet's `integrity_test`.
pub(crate) fn integrity_test<T: Config>() {
    let (least, most) = (T::MinSeats::get(), T::MaxKeys::get());
    assert!(
        least > 0 && usize::try_from(least).is_ok_and(|least| least <= MAX_SEATS),
        "pallet-noema-da: `MinSeats` is {least}, expected 1 to {MAX_SEATS}"
    );
    assert!(
        most >= least,
        "pallet-noema-da: `MaxKeys` is {most}, less than `MinSeats`, so that there is never a committee; raise it"
    );
    assert!(
        T::KeysPerBlock::get() > 0,
        "pallet-noema-da: `KeysPerBlock` is 0, so that candidates are never fixed; raise it"
    );
    assert!(
        !T::SeatDrawDelay::get().is_zero(),
        "pallet-noema-da: `SeatDrawDelay` is 0, so that seeds are known before candidates are fixed; raise it"
    );
    let wait = T::MaxSeedGap::get().saturating_add(One::one());
    assert!(
        T::Randomness::history() > wait,
        "pallet-noema-da: seeds are forgotten before a full block lets a committee be drawn; raise the history of `Randomness` above `MaxSeedGap`"
    );
    let limits = T::BlockWeights::get().max_block;
    let step = T::WeightInfo::form_base()
        .saturating_add(T::WeightInfo::draw(most))
        .max(T::WeightInfo::form_base().saturating_add(T::WeightInfo::collect(1)));
    assert!(
        step.all_lt(limits),
        "pallet-noema-da: drawing a committee weighs {step:?}, a block has {limits:?}; lower `MaxKeys`"
    );
}
