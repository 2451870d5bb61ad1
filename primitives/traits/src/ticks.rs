//! Time that costs nobody anything without having left room to act: ticks, and the rounds counted in them.

/// Blocks that took transactions and left room for answers, counted from genesis.
pub type Tick = u64;

/// Number of a round of audits.
pub type RoundIndex = u32;

/// The clock of all deadlines that can cost somebody something.
pub trait Ticks {
    /// Ticks until now. Within a block it does not change.
    fn now() -> Tick;

    /// Sets the clock, so that a benchmark can let a deadline pass.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(tick: Tick);
}

/// No clock: time stands still, and no deadline ever passes.
impl Ticks for () {
    fn now() -> Tick {
        0
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(_tick: Tick) {}
}

/// The rounds by which audits go and leases are counted.
pub trait Rounds {
    /// The round that runs.
    fn current() -> RoundIndex;

    /// Ticks of a round, as set at present.
    fn length() -> Tick;

    /// The tick at which the running round ends, as far as can be known: it never ends before.
    fn ends() -> Tick;

    /// Lets this round run, so that a benchmark can end a lease.
    #[cfg(feature = "runtime-benchmarks")]
    fn set_round(round: RoundIndex);
}

/// Round 0, without an end.
impl Rounds for () {
    fn current() -> RoundIndex {
        0
    }

    fn length() -> Tick {
        Tick::MAX
    }

    fn ends() -> Tick {
        Tick::MAX
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_round(_round: RoundIndex) {}
}
