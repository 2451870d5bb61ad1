//! The chain's side: ticks, seeds, the running round. Nothing here depends on a provider.

use crate::audits::{block::Block, parameters::Parameters, BlockNumber, RoundIndex, Tick};
use sp_crypto_hashing::blake2_256;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// 32 random bytes.
pub type Seed = [u8; 32];

/// What the running round waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its seed is not known. Populations stand still.
    Drawing,
    /// Its seed is known; it can be answered while the tick is below `until`.
    Open {
        /// The seed.
        seed: Seed,
        /// The first tick that is too late.
        until: Tick,
    },
    /// It has no seed and never will.
    Skipped,
}

/// The running round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    /// Counted from 0.
    pub index: RoundIndex,
    /// The block at whose end it began.
    pub began_at: BlockNumber,
    /// The block whose seed draws it.
    pub draw_at: BlockNumber,
    /// The tick at which the next one begins, if this one is decided.
    pub ends: Tick,
    /// The length of its window, in ticks.
    pub answer_ticks: Tick,
    /// What it waits for.
    pub state: State,
}

/// What a hook did to the running round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Happened {
    /// This round was drawn.
    pub drawn: Option<RoundIndex>,
    /// This round was skipped.
    pub skipped: Option<RoundIndex>,
    /// The window of this round ended.
    pub closed: Option<RoundIndex>,
    /// This round began.
    pub began: Option<RoundIndex>,
}

/// Ticks, seeds and rounds.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What governance decides.
    pub parameters: Parameters,
    /// The block that is executed, or was last.
    pub block: BlockNumber,
    /// Ticks until now.
    pub tick: Tick,
    /// The last block in whose `on_poll` answers were allowed.
    polled: Option<BlockNumber>,
    /// The last VRF outputs, oldest first.
    outputs: VecDeque<[u8; 32]>,
    /// Seeds by block.
    seeds: BTreeMap<BlockNumber, Seed>,
    /// The running round.
    pub round: Round,
    /// All rounds that were skipped. The pallet keeps them for ever as well, 256 to an item.
    pub skipped: BTreeSet<RoundIndex>,
}

impl Timeline {
    /// At genesis, where round 0 begins.
    pub fn new(parameters: Parameters) -> Self {
        let pace = parameters.pace;
        Self {
            round: Round {
                index: 0,
                began_at: 0,
                draw_at: pace.draw_delay,
                ends: pace.round_ticks,
                answer_ticks: pace.answer_ticks,
                state: State::Drawing,
            },
            parameters,
            block: 0,
            tick: 0,
            polled: None,
            outputs: VecDeque::new(),
            seeds: BTreeMap::new(),
            skipped: BTreeSet::new(),
        }
    }

    /// The first seed from block `not_before` on, as the entropy pallet answers it.
    pub fn seed_from(&self, not_before: BlockNumber) -> Option<Seed> {
        if not_before + self.parameters.seed_history < self.block {
            return None;
        }
        let last = not_before + self.parameters.seed_gap;
        let mut range = self.seeds.range(not_before..=last);
        range.next().map(|(_, seed)| *seed)
    }

    /// What happens in a block before its transactions: `on_poll` of entropy, then of audits.
    pub fn poll(&mut self, block: &Block) -> Happened {
        self.block += 1;
        let mut happened = Happened::default();
        if !block.kind.polls() {
            return happened;
        }
        self.record(block.output);
        self.polled = block.open.0.then_some(self.block);
        let round = &self.round;
        if round.state != State::Drawing || self.block < round.draw_at {
            return happened;
        }
        match self.seed_from(round.draw_at) {
            Some(seed) => {
                let until = self.tick + round.answer_ticks;
                self.round.state = State::Open { seed, until };
                happened.drawn = Some(self.round.index);
            }
            None if self.block > round.draw_at + self.parameters.seed_gap => {
                self.skipped.insert(round.index);
                self.round.state = State::Skipped;
                happened.skipped = Some(self.round.index);
            }
            None => {}
        }
        happened
    }

    /// Makes the block's seed, if it has an output and enough were before it.
    fn record(&mut self, output: Option<[u8; 32]>) {
        let Some(output) = output else { return };
        self.outputs.push_back(output);
        if self.outputs.len() > self.parameters.seed_window {
            self.outputs.pop_front();
        }
        if self.outputs.len() == self.parameters.seed_window {
            let mut message = b"noema/entropy/v1".to_vec();
            message.extend(self.block.to_le_bytes());
            message.extend(self.outputs.iter().flatten());
            self.seeds.insert(self.block, blake2_256(&message));
            let oldest = self.block.saturating_sub(self.parameters.seed_history);
            self.seeds = self.seeds.split_off(&oldest);
        }
    }

    /// What happens in a block after its transactions: `on_idle` of audits.
    pub fn idle(&mut self, block: &Block) -> Happened {
        let mut happened = Happened::default();
        let took_transactions = self.polled == Some(self.block);
        if !(block.kind.idles() && took_transactions && block.open.1 && block.has_room()) {
            return happened;
        }
        self.tick += 1;
        match self.round.state {
            // A round never ends undrawn or unanswered, whatever the pace is set to meanwhile.
            State::Drawing => return happened,
            State::Open { until, .. } if self.tick < until => return happened,
            State::Open { until, .. } if self.tick == until => {
                happened.closed = Some(self.round.index);
            }
            State::Open { .. } | State::Skipped => {}
        }
        if self.tick >= self.round.ends {
            let pace = self.parameters.pace;
            self.round = Round {
                index: self.round.index + 1,
                began_at: self.block,
                draw_at: self.block + pace.draw_delay,
                ends: self.tick + pace.round_ticks,
                answer_ticks: pace.answer_ticks,
                state: State::Drawing,
            };
            happened.began = Some(self.round.index);
        }
        happened
    }

    /// The seed of the running round while it can be answered.
    pub fn open_seed(&self) -> Option<Seed> {
        match self.round.state {
            State::Open { seed, until } if self.tick < until => Some(seed),
            _ => None,
        }
    }

    /// Whether populations stand still.
    pub fn is_drawing(&self) -> bool {
        self.round.state == State::Drawing
    }

    /// The first round that is not over: every one before it can be settled.
    pub fn first_not_over(&self) -> RoundIndex {
        match self.round.state {
            State::Drawing => self.round.index,
            State::Open { until, .. } if self.tick < until => self.round.index,
            State::Open { .. } | State::Skipped => self.round.index + 1,
        }
    }

    /// The first round whose population is not fixed: the one that is being drawn, or the next.
    pub fn first_not_drawn(&self) -> RoundIndex {
        match self.round.state {
            State::Drawing => self.round.index,
            State::Open { .. } | State::Skipped => self.round.index + 1,
        }
    }
}
