//! A small chain that goes where a test wants it.

use crate::audits::{
    block::{Block, Load},
    book::{Audits, Drawn, Outcome},
    parameters::{ChallengeCount, Pace, Parameters},
    population::{Item, Leaf},
    proof::Proof,
    rounds::State,
    Account, Balance, RoundIndex,
};

/// Enough bond for any test.
pub(super) const BOND: Balance = 1_000_000_000_000_000_000_000;

/// Quick rounds, few challenges.
pub(super) fn quick() -> Parameters {
    let mut parameters = Parameters::production();
    parameters.pace = Pace {
        round_ticks: 14,
        answer_ticks: 5,
        draw_delay: 2,
    };
    parameters.seed_gap = 2;
    parameters.seed_history = 20;
    parameters.seed_window = 4;
    parameters.challenges = ChallengeCount {
        least: 2,
        most: 6,
        unit: 16 * 256,
    };
    parameters.penalties.jail = 30;
    assert!(parameters.pace.fits(parameters.seed_gap));
    parameters
}

/// The same with more challenges: what is lost is hit.
pub(super) fn thorough() -> Parameters {
    let mut parameters = quick();
    parameters.challenges.least = 8;
    parameters.challenges.most = 16;
    parameters
}

/// A VRF output that no other block has.
pub(super) fn output(salt: u64) -> [u8; 32] {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&salt.to_le_bytes());
    bytes
}

/// A block of others' bytes or weight, so full that it is no tick.
pub(super) fn full(salt: u64) -> Block {
    Block {
        load: Load {
            normal: 751,
            ..Load::default()
        },
        ..Block::usual(output(salt))
    }
}

/// A chain and a counter for outputs.
#[derive(Clone)]
pub(super) struct Scene<A> {
    pub(super) chain: A,
    pub(super) salt: u64,
}

impl<A: Audits> Scene<A> {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self {
            chain: A::new(parameters),
            salt: 0,
        }
    }

    /// Registers providers that hold nothing.
    pub(super) fn with(mut self, accounts: &[Account]) -> Self {
        for account in accounts {
            self.chain.book_mut().register(*account, BOND, 0);
        }
        self
    }

    /// Provider 1 has a replica of each of these sizes, in sectors, before the next round is drawn.
    pub(super) fn holding(sectors: &[u64]) -> Self {
        let mut scene = Self::new(quick()).with(&[1]);
        scene.go_to_calm();
        scene.give(1, sectors);
        scene
    }

    pub(super) fn usual(&mut self) -> Block {
        self.salt += 1;
        Block::usual(output(self.salt))
    }

    /// An empty block.
    pub(super) fn pass(&mut self) {
        let block = self.usual();
        self.chain.pass(&block);
    }

    /// Empty blocks until something holds.
    pub(super) fn pass_until(&mut self, holds: impl Fn(&A) -> bool) {
        for _ in 0..200 {
            if holds(&self.chain) {
                return;
            }
            self.pass();
        }
        panic!("it never holds: {:?}", self.chain.book().timeline.round);
    }

    pub(super) fn round(&self) -> RoundIndex {
        self.chain.book().timeline.round.index
    }

    pub(super) fn is_open(chain: &A) -> bool {
        chain.book().timeline.open_seed().is_some()
    }

    /// To where a round is over, drawn or not, and the next has not begun: populations change
    /// freely.
    pub(super) fn go_to_calm(&mut self) {
        self.pass_until(|chain| !chain.book().timeline.is_drawing() && !Self::is_open(chain));
    }

    /// To where a round is being drawn.
    pub(super) fn go_to_draw(&mut self) {
        self.go_to_close();
        self.pass_until(|chain| chain.book().timeline.is_drawing());
    }

    /// To where a round can be answered: the one that is being drawn, else the next.
    pub(super) fn go_to_open(&mut self) {
        self.go_to_close();
        self.pass_until(Self::is_open);
    }

    /// To where the window of the running round is over.
    pub(super) fn go_to_close(&mut self) {
        self.pass_until(|chain| !Self::is_open(chain));
    }

    /// Gives a provider replicas of so many sectors each, now.
    pub(super) fn give(&mut self, account: Account, sectors: &[u64]) {
        for sectors in sectors {
            self.salt += 1;
            let leaf = Leaf {
                replica: self.salt,
                sectors: *sectors,
            };
            assert_eq!(self.chain.insert(account, leaf), Ok(()));
        }
    }

    pub(super) fn challenges(&self, account: Account) -> Drawn {
        self.chain.challenges(account).expect("it is challenged")
    }

    /// Answers everything that the provider has; what it has is told by `has`. Whether that was
    /// everything.
    pub(super) fn answer(&mut self, account: Account, has: impl Fn(&Item) -> bool) -> bool {
        let drawn = self.challenges(account);
        let answers: Vec<(u8, Proof)> = (0u8..)
            .zip(&drawn.items)
            .filter(|(index, item)| !drawn.answered.contains(index) && has(item))
            .map(|(index, item)| (index, Proof::of(*item)))
            .collect();
        if answers.is_empty() {
            return false;
        }
        let round = self.round();
        let accepted = self.chain.answer(account, round, &answers);
        accepted.expect("right answers are taken").left == 0
    }

    pub(super) fn outcomes(&self, account: Account) -> Vec<Outcome> {
        let provider = &self.chain.book().providers[&account];
        provider
            .outcomes
            .iter()
            .map(|(_, outcome)| *outcome)
            .collect()
    }

    pub(super) fn points(&self, account: Account) -> u32 {
        self.chain.book().providers[&account].points
    }

    pub(super) fn size(&self, account: Account) -> usize {
        self.chain.book().providers[&account]
            .population
            .leaves()
            .len()
    }

    pub(super) fn seed(&self) -> [u8; 32] {
        match self.chain.book().timeline.round.state {
            State::Open { seed, .. } => seed,
            state => panic!("no seed: {state:?}"),
        }
    }
}
