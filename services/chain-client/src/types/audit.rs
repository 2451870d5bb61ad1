//! Rounds of audits, what a provider is asked for in them, and where it stands.

use serde::Serialize;

use super::{AccountId, Balance, BlockNumber, RoundIndex, Tick};

/// The running round, and the tick by which its window counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditRound {
    /// Counted from 0.
    pub index: RoundIndex,
    /// Ticks until the block that was read.
    pub tick: Tick,
    /// The tick at which the next round begins.
    pub ends: Tick,
    /// Length of its window in ticks.
    pub answer_ticks: u32,
    /// What it waits for.
    pub state: AuditRoundState,
}

/// What a round waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AuditRoundState {
    /// Its seed is not known yet.
    Drawing,
    /// It can be answered while the tick is below `until`.
    Open {
        /// The block whose seed drew it.
        drawn_at: BlockNumber,
        /// The first tick that is too late.
        until: Tick,
    },
    /// It has no seed: nobody is asked for anything.
    Skipped,
}

impl AuditRound {
    /// Ticks in which it can still be answered; 0 if it cannot.
    pub fn ticks_left(&self) -> Tick {
        match self.state {
            AuditRoundState::Open { until, .. } => until.saturating_sub(self.tick),
            _ => 0,
        }
    }

    /// Whether its window is over: whatever was not answered is missed.
    pub fn is_over(&self) -> bool {
        matches!(self.state, AuditRoundState::Open { until, .. } if self.tick >= until)
    }

    /// Whether more than a part in `parts` of its window has passed.
    pub fn is_late(&self, parts: u64) -> bool {
        let window = Tick::from(self.answer_ticks);
        let passed = window.saturating_sub(self.ticks_left());
        self.ticks_left() > 0 && passed.saturating_mul(parts) > window
    }
}

/// One sector that a provider has to prove, complete: its deal may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Challenge {
    /// Its number among those of the provider in the round.
    pub index: u8,
    /// 0G Storage root of the file.
    #[serde(serialize_with = "super::deal::hex_bytes")]
    pub root: [u8; 32],
    /// Size of the file in bytes.
    pub size: u64,
    /// Owner of the deal.
    pub owner: AccountId,
    /// Number of the slot.
    pub slot: u8,
    /// The sector.
    pub sector: u64,
    /// Whether the chain has its proof.
    pub answered: bool,
}

/// What a provider is asked for in a round that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Challenges {
    /// The round.
    pub round: RoundIndex,
    /// The first tick that is too late.
    pub until: Tick,
    /// What is asked, by index.
    pub items: Vec<Challenge>,
}

/// Where a provider stands with the audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditStanding {
    /// Its first round that is not settled.
    pub next: RoundIndex,
    /// Rounds that are over and not settled.
    pub unsettled: u32,
    /// Strike points.
    pub points: u32,
    /// Whether everything is being taken from it.
    pub dropping: bool,
}

/// Parameters of the audits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AuditLimits {
    /// Challenges of a provider in a round, and answers in a call, at most.
    pub max_challenges: u32,
    /// Rounds that are settled at once at most; with more unsettled a provider cannot answer.
    pub max_settle: u32,
    /// Points of a missed round.
    pub miss_points: u32,
    /// Points with which everything is dropped.
    pub drop_points: u32,
    /// What every miss takes, in the smallest unit.
    pub miss_fee: Balance,
    /// Rounds after which who leaves a slot may go without a replacement.
    pub hand_over_rounds: RoundIndex,
}

/// Some of the providers that the audits have on record, in the order of the chain's map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditedPage {
    /// Their accounts.
    pub providers: Vec<AccountId>,
    /// Where the next page starts; `None` after the last one.
    pub next: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(tick: Tick) -> AuditRound {
        AuditRound {
            index: 4,
            tick,
            ends: 160,
            answer_ticks: 30,
            state: AuditRoundState::Open {
                drawn_at: 9,
                until: 130,
            },
        }
    }

    #[test]
    fn a_window_counts_down_to_its_end_and_not_beyond() {
        assert_eq!(open(100).ticks_left(), 30);
        assert!(!open(110).is_late(3), "exactly a third has passed");
        assert!(open(111).is_late(3));
        assert!(!open(129).is_over());
        assert!(open(130).is_over() && open(150).is_over());
        assert!(!open(130).is_late(3), "it is over, not late");
        assert_eq!(open(131).ticks_left(), 0);
    }

    #[test]
    fn what_is_not_open_has_no_window() {
        for state in [AuditRoundState::Drawing, AuditRoundState::Skipped] {
            let round = AuditRound { state, ..open(100) };
            assert!(!round.is_over() && !round.is_late(3));
            assert_eq!(round.ticks_left(), 0);
        }
    }
}
