//! What governance decides.

use crate::audits::{strikes::Strikes, Balance, BlockNumber, Tick};

/// How fast rounds go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Ticks from the beginning of a round to that of the next, at least.
    pub round_ticks: Tick,
    /// Ticks in which a drawn round can be answered.
    pub answer_ticks: Tick,
    /// Blocks from the one that begins a round to the one whose seed draws it: at least 1.
    pub draw_delay: BlockNumber,
}

impl Pace {
    /// Of a chain that people depend on: 6 h, 5 h, 8 s.
    pub const PRODUCTION: Self = Self {
        round_ticks: 21_600,
        answer_ticks: 18_000,
        draw_delay: 8,
    };
    /// Of development presets: a minute, half of it, 2 s.
    pub const DEVELOPMENT: Self = Self {
        round_ticks: 60,
        answer_ticks: 30,
        draw_delay: 2,
    };

    /// Whether a round's window always ends before the next round begins: a seed comes, or is given
    /// up, within `draw_delay + seed_gap + 1` blocks.
    pub fn fits(&self, seed_gap: BlockNumber) -> bool {
        let until_drawn = u64::from(self.draw_delay) + u64::from(seed_gap) + 2;
        self.draw_delay >= 1
            && self.answer_ticks >= 1
            && self.answer_ticks + until_drawn <= self.round_ticks
    }
}

/// How many challenges a population gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChallengeCount {
    /// For the smallest population that is not empty.
    pub least: u32,
    /// For the largest; at most 64, the bits of the record of what is answered.
    pub most: u32,
    /// Bytes from which doubling adds one challenge.
    pub unit: u64,
}

impl ChallengeCount {
    /// `min(most, least + floor(log2(1 + bytes / unit)))`, none for no bytes.
    pub fn of(&self, bytes: u128) -> u32 {
        if bytes == 0 {
            return 0;
        }
        let units = bytes / u128::from(self.unit.max(1));
        self.most.min(self.least + (1 + units).ilog2())
    }
}

/// What misses cost, in money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Penalties {
    /// Taken for every miss, in units; the reporter's share is of this.
    pub fee: Balance,
    /// Percent of the fee that whoever settles a miss is paid.
    pub reporter_percent: u32,
    /// Percent of the collateral of what is held that is taken beside the fee, by level: first,
    /// second, third, drop.
    pub percent: [u32; 4],
    /// Collateral of a unit (sector), in units of the token.
    pub collateral: Balance,
    /// Blocks for which a dropped provider is jailed.
    pub jail: BlockNumber,
}

/// Everything that governance decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How fast rounds go. A round keeps the pace that it began with.
    pub pace: Pace,
    /// How many blocks after a draw point may stand in for it.
    pub seed_gap: BlockNumber,
    /// For how many blocks a seed is remembered.
    pub seed_history: BlockNumber,
    /// VRF outputs that a seed hashes.
    pub seed_window: usize,
    /// How many challenges a population gets.
    pub challenges: ChallengeCount,
    /// Points for misses and passes.
    pub strikes: Strikes,
    /// What misses cost.
    pub penalties: Penalties,
    /// Rounds that one call settles for one provider, at most.
    pub max_settle: u32,
    /// Blocks for which unbonding funds can be slashed.
    pub unbonding: BlockNumber,
    /// The most that delegations count beside a bond, in percent of it.
    pub delegation_percent: u32,
    /// Pay of a unit (sector) for a round, in units of the token.
    pub price: Balance,
}

/// One token: 10^18 units.
pub const NOEMA: Balance = 1_000_000_000_000_000_000;

/// Blocks of a day.
pub const DAY: BlockNumber = 24 * 60 * 60;

impl Parameters {
    /// What the note proposes for a chain that people depend on.
    pub fn production() -> Self {
        Self {
            pace: Pace::PRODUCTION,
            seed_gap: 8,
            seed_history: 600,
            seed_window: 32,
            challenges: ChallengeCount {
                least: 8,
                most: 32,
                unit: 1 << 30,
            },
            strikes: Strikes::PRODUCTION,
            penalties: Penalties {
                fee: NOEMA / 20,
                reporter_percent: 20,
                percent: [0, 1, 4, 10],
                // A NOEMA for a GiB.
                collateral: NOEMA >> 22,
                jail: 7 * DAY,
            },
            max_settle: 16,
            unbonding: 28 * DAY,
            delegation_percent: 400,
            price: 1,
        }
    }

    /// What the note proposes for development.
    pub fn development() -> Self {
        let mut parameters = Self::production();
        parameters.pace = Pace::DEVELOPMENT;
        parameters.penalties.jail = 600;
        parameters
    }
}
