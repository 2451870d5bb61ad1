//! Plain data: the clock, the running round, what is on record of a provider, what is drawn for it.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use noema_traits::{RoundIndex, Tick};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// 32 bytes that draw a round.
pub type SeedValue = [u8; 32];

/// The clock.
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
pub struct ClockState<BlockNumber> {
    /// Ticks until now.
    pub tick: Tick,
    /// The last block in whose `on_poll` answers were allowed.
    pub polled: Option<BlockNumber>,
}

impl<BlockNumber> Default for ClockState<BlockNumber> {
    fn default() -> Self {
        Self {
            tick: 0,
            polled: None,
        }
    }
}

/// How fast rounds go.
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
    Serialize,
    Deserialize,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pace {
    /// Ticks from the beginning of a round to that of the next, at least.
    pub round_ticks: u32,
    /// Ticks in which a drawn round can be answered.
    pub answer_ticks: u32,
    /// Blocks from the one that begins a round to the one whose seed draws it.
    pub draw_delay: u32,
}

impl Pace {
    /// Of a chain that people depend on, with a block each second: 6 h, 5 h, 8 s.
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

    /// Whether the window of a round always ends before the next round begins: its seed comes, or is
    /// given up, within `draw_delay + max_gap + 1` blocks.
    pub fn fits(&self, max_gap: u64) -> bool {
        let until_drawn = u64::from(self.draw_delay)
            .saturating_add(max_gap)
            .saturating_add(2);
        self.draw_delay >= 1
            && self.answer_ticks >= 1
            && u64::from(self.answer_ticks).saturating_add(until_drawn)
                <= u64::from(self.round_ticks)
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::PRODUCTION
    }
}

/// What the running round waits for.
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
pub enum RoundState<BlockNumber> {
    /// Its seed is not known. Populations stand still.
    #[codec(index = 0)]
    Drawing,
    /// Its seed is known; it can be answered while the tick is below `until`.
    #[codec(index = 1)]
    Open {
        /// The seed.
        seed: SeedValue,
        /// The block whose seed it is.
        drawn_at: BlockNumber,
        /// The first tick that is too late.
        until: Tick,
    },
    /// It has no seed and never will.
    #[codec(index = 2)]
    Skipped,
}

/// The running round.
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
pub struct Round<BlockNumber> {
    /// Counted from 0.
    pub index: RoundIndex,
    /// The block at whose end it began.
    pub began_at: BlockNumber,
    /// The block whose seed draws it, or the first after it that has one.
    pub draw_at: BlockNumber,
    /// The tick at which the next one begins, if this one is decided.
    pub ends: Tick,
    /// The length of its window, in ticks.
    pub answer_ticks: u32,
    /// What it waits for.
    pub state: RoundState<BlockNumber>,
}

impl<BlockNumber> Round<BlockNumber> {
    /// Whether populations stand still.
    pub const fn is_drawing(&self) -> bool {
        matches!(self.state, RoundState::Drawing)
    }

    /// The seed, while it can be answered.
    pub fn open_seed(&self, tick: Tick) -> Option<SeedValue> {
        match self.state {
            RoundState::Open { seed, until, .. } if tick < until => Some(seed),
            _ => None,
        }
    }

    /// The first round that is not over: every one before it can be settled.
    pub fn first_not_over(&self, tick: Tick) -> RoundIndex {
        match self.state {
            RoundState::Drawing => self.index,
            RoundState::Open { until, .. } if tick < until => self.index,
            RoundState::Open { .. } | RoundState::Skipped => self.index.saturating_add(1),
        }
    }

    /// The first round whose challenges are not fixed: the one that is being drawn, else the next.
    pub fn first_not_drawn(&self) -> RoundIndex {
        match self.state {
            RoundState::Drawing => self.index,
            RoundState::Open { .. } | RoundState::Skipped => self.index.saturating_add(1),
        }
    }
}

/// Whether a provider takes part.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum Standing {
    /// It is challenged.
    #[default]
    #[codec(index = 0)]
    Good,
    /// Too many misses: everything is being taken from it. It is not challenged and not paid.
    #[codec(index = 1)]
    Dropping {
        /// The round whose miss was one too many.
        since: RoundIndex,
    },
}

/// What the chain knows of a provider's rounds.
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
pub struct Record<Balance> {
    /// The first round that is not settled.
    pub next: RoundIndex,
    /// Strike points. They stay when it leaves.
    pub points: u32,
    /// Whether it takes part.
    pub standing: Standing,
    /// What the ladder took of its own since its points were 0 last.
    pub taken: Balance,
}

impl<Balance> Record<Balance> {
    /// Whether everything is being taken from it.
    pub const fn is_dropping(&self) -> bool {
        matches!(self.standing, Standing::Dropping { .. })
    }
}

/// The challenges of one round for one provider, written down.
#[derive(
    Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Drawn<Items> {
    /// The round.
    pub round: RoundIndex,
    /// Which indices are answered, the lowest bit first.
    pub answered: u64,
    /// What is asked for, by index. Nothing where there was nothing to challenge.
    pub items: Items,
}

/// What a miss brings beside the loss of the round's pay.
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
pub enum Level {
    /// The fee.
    #[codec(index = 0)]
    First,
    /// The fee and a small part of the collateral.
    #[codec(index = 1)]
    Second,
    /// The fee and a larger part.
    #[codec(index = 2)]
    Third,
    /// The fee and a large part; everything is dropped, and the provider jailed.
    #[codec(index = 3)]
    Drop,
}

/// Where a provider stands, for those who ask the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct StandingInfo {
    /// The first round that is not settled.
    pub next: RoundIndex,
    /// Rounds that are over and not settled. While there are more than `MaxSettle`, it must be poked before it can answer or its population change.
    pub unsettled: u32,
    /// Strike points.
    pub points: u32,
    /// Whether everything is being taken from it.
    pub dropping: bool,
}
