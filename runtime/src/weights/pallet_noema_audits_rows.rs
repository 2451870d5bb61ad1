//! Weights of the instance of audits over rows: **provisional**, made by hand, not measured yet.
//!
//! Those of the instance over files, and what populations and pay of data availability take beyond: the sums of up to 54 eras, two items each, read once and decoded
//! four times for a round; for each challenge drawn up to 20 items and the order of the rows of the largest class, 16,384 steps with a hash for each eight of them.

use super::pallet_noema_audits::WeightInfo as OverFiles;
use core::marker::PhantomData;
use frame_support::{traits::Get, weights::Weight};

/// Items of the eras of a provider.
const ERAS: u64 = 108;
/// Challenges that are drawn.
const CHALLENGES: u64 = crate::parameters::ROW_CHALLENGES as u64;

/// Weights over rows, provisional.
pub struct WeightInfo<T>(PhantomData<T>);

/// Reading the eras of a provider.
fn eras<T: frame_system::Config>() -> Weight {
    Weight::from_parts(600_000_000, 60_000).saturating_add(T::DbWeight::get().reads(ERAS))
}

/// Going through them for so many rounds.
fn rounds(rounds: u64) -> Weight {
    Weight::from_parts(2_000_000_000, 0).saturating_mul(rounds)
}

/// Drawing what is asked for.
fn drawing<T: frame_system::Config>() -> Weight {
    Weight::from_parts(5_000_000_000, 120_000)
        .saturating_mul(CHALLENGES)
        .saturating_add(T::DbWeight::get().reads(CHALLENGES.saturating_mul(20)))
}

impl<T: frame_system::Config> pallet_noema_audits::WeightInfo for WeightInfo<T> {
    fn on_poll() -> Weight {
        OverFiles::<T>::on_poll()
    }
    fn on_poll_draw() -> Weight {
        OverFiles::<T>::on_poll_draw()
    }
    fn on_poll_skip() -> Weight {
        OverFiles::<T>::on_poll_skip()
    }
    fn on_idle() -> Weight {
        OverFiles::<T>::on_idle()
    }
    fn answer(n: u32) -> Weight {
        OverFiles::<T>::answer(n)
            .saturating_add(eras::<T>())
            .saturating_add(rounds(1))
            .saturating_add(Weight::from_parts(300_000_000, 0).saturating_mul(n.into()))
    }
    fn poke() -> Weight {
        OverFiles::<T>::poke()
            .saturating_add(eras::<T>())
            .saturating_add(rounds(crate::parameters::MAX_ROW_SETTLE.into()))
    }
    fn before_change() -> Weight {
        OverFiles::<T>::before_change()
            .saturating_add(eras::<T>())
            .saturating_add(rounds(crate::parameters::MAX_ROW_SETTLE.into()))
            .saturating_add(drawing::<T>())
    }
    fn write_down() -> Weight {
        OverFiles::<T>::write_down()
            .saturating_add(eras::<T>())
            .saturating_add(drawing::<T>())
    }
    fn enlist() -> Weight {
        OverFiles::<T>::enlist()
    }
    fn emptied() -> Weight {
        OverFiles::<T>::emptied().saturating_add(eras::<T>())
    }
    fn settle(r: u32) -> Weight {
        OverFiles::<T>::settle(r)
            .saturating_add(eras::<T>())
            .saturating_add(rounds(r.into()))
    }
    fn settle_missed() -> Weight {
        OverFiles::<T>::settle_missed()
            .saturating_add(eras::<T>())
            .saturating_add(rounds(1))
    }
    fn settle_dropped() -> Weight {
        OverFiles::<T>::settle_dropped()
            .saturating_add(eras::<T>())
            .saturating_add(rounds(1))
    }
}
