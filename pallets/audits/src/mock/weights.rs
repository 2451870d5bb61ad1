//! Weights that tell every part of a call from every other: the whole is more than the sum of what a test does, so that nothing is hidden by the limit.

use super::*;

/// Each part has a decimal place of its own, in microseconds and in bytes.
pub struct PlacedWeights;

/// So many microseconds, and as many bytes.
const fn place(units: u64) -> Weight {
    Weight::from_parts(units * 1_000_000, units)
}

impl crate::WeightInfo for PlacedWeights {
    fn on_poll() -> Weight {
        place(1)
    }
    fn on_poll_draw() -> Weight {
        place(2)
    }
    fn on_poll_skip() -> Weight {
        place(3)
    }
    fn on_idle() -> Weight {
        place(1)
    }
    fn answer(n: u32) -> Weight {
        place(10 + u64::from(n))
    }
    fn poke() -> Weight {
        place(90_000)
    }
    fn before_change() -> Weight {
        place(80_000)
    }
    fn write_down() -> Weight {
        place(100)
    }
    fn enlist() -> Weight {
        place(5)
    }
    fn emptied() -> Weight {
        place(300)
    }
    fn settle(r: u32) -> Weight {
        place(200 + 1_000 * u64::from(r))
    }
    fn settle_missed() -> Weight {
        place(2_200)
    }
    fn settle_dropped() -> Weight {
        place(30_000)
    }
}
