//! The strike rule: points for misses, fewer with every pass.

/// Points for misses and passes, and how many are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strikes {
    /// Points for a missed round.
    pub miss: u32,
    /// Points that a passed round takes away.
    pub pass: u32,
    /// With this many points everything is dropped: a multiple of `miss`.
    pub drop_at: u32,
}

/// What a miss brings beside the loss of the round's pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The fee.
    First,
    /// The fee and a small part of the collateral.
    Second,
    /// The fee and a larger part.
    Third,
    /// The fee and a large part; everything is dropped, and the provider jailed.
    Drop,
}

impl Strikes {
    /// A miss is forgotten after 24 passes, four in a row drop.
    pub const PRODUCTION: Self = Self {
        miss: 24,
        pass: 1,
        drop_at: 96,
    };

    /// Points after a miss, and what it brings.
    pub fn missed(&self, points: u32) -> (u32, Level) {
        let points = points.saturating_add(self.miss);
        let level = match points {
            _ if points >= self.drop_at => Level::Drop,
            _ if points >= 3 * self.miss => Level::Third,
            _ if points >= 2 * self.miss => Level::Second,
            _ => Level::First,
        };
        (points, level)
    }

    /// Points after a pass.
    pub fn passed(&self, points: u32) -> u32 {
        points.saturating_sub(self.pass)
    }

    /// Points of a provider that was dropped: one more miss drops it again.
    pub fn on_probation(&self) -> u32 {
        self.drop_at.saturating_sub(self.miss)
    }

    /// Misses in a row from no points until everything is dropped.
    pub fn misses_until_drop(&self) -> u32 {
        self.drop_at.div_ceil(self.miss)
    }
}
