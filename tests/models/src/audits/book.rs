//! The providers, and what ends a round for one of them. When that is done is another matter: see
//! [`eager`](super::eager) and [`lazy`](super::lazy).

use crate::audits::{
    block::Block,
    error::Error,
    funds::Funds,
    parameters::Parameters,
    population::{Item, Leaf, Population},
    proof::Proof,
    rounds::{State, Timeline},
    strikes::Level,
    Account, Balance, BlockNumber, RoundIndex,
};
use std::collections::{BTreeMap, BTreeSet};

/// How a round ended for a provider that was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was answered in time.
    Passed,
    /// Something was not.
    Missed,
    /// There was no seed. Its pay waits for the provider's next round.
    Skipped,
    /// There was nothing to challenge it for. What was carried is paid; no points come or go. Only
    /// said of who has something carried.
    Idle,
    /// Everything was being taken from it already.
    Forfeited,
}

/// Whether a provider takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is challenged.
    Good,
    /// Too many misses: its replicas are being taken from it. It is not challenged and not paid.
    Dropping {
        /// The round whose miss was one too many.
        since: RoundIndex,
    },
}

/// The challenges of one round, written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// The round.
    pub round: RoundIndex,
    /// What is asked for, by index.
    pub items: Vec<Item>,
    /// The indices that are answered.
    pub answered: BTreeSet<u8>,
    /// Sectors of the whole population that they were drawn from.
    pub units: u128,
}

impl Drawn {
    /// Whether every challenge is answered.
    pub fn is_complete(&self) -> bool {
        self.answered.len() == self.items.len()
    }
}

/// The pay of rounds. What leases make of it is the money note's; here every sector earns the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pay {
    /// Of rounds passed.
    pub paid: Balance,
    /// Of skipped rounds that no other round has followed yet.
    pub carried: Balance,
    /// Of rounds missed, for repair.
    pub lost: Balance,
}

/// What the chain knows of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// What it must hold, as far as it can be challenged.
    pub population: Population,
    /// What stands behind it.
    pub funds: Funds,
    /// Strike points. They stay when it leaves.
    pub points: u32,
    /// Whether it takes part.
    pub standing: Standing,
    /// The first block in which it may become active again.
    pub jailed_until: BlockNumber,
    /// The first round that is not settled.
    pub next: RoundIndex,
    /// Its challenges, once written down, until they are settled. Without items when there was
    /// nothing to challenge.
    pub drawn: Option<Drawn>,
    /// What it earned and lost.
    pub pay: Pay,
    /// All that was settled, in order.
    pub outcomes: Vec<(RoundIndex, Outcome)>,
    /// How often everything was dropped.
    pub drops: u32,
}

/// What settling a miss brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Struck {
    /// The level reached.
    pub level: Level,
    /// Paid to whoever settled it.
    pub reward: Balance,
}

/// An accepted batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Challenges that are still open.
    pub left: usize,
}

/// One answer of a batch: the index of the challenge, and its proof.
pub type Answer = (u8, Proof);

/// Everything on chain.
#[derive(Clone, Debug)]
pub struct Book {
    /// Ticks, seeds, rounds.
    pub timeline: Timeline,
    /// The providers.
    pub providers: BTreeMap<Account, Provider>,
    /// Where slashes go.
    pub fund: Balance,
    /// What was paid to those who settled misses.
    pub rewards: BTreeMap<Account, Balance>,
}

impl Book {
    /// A chain without providers, at genesis.
    pub fn new(parameters: Parameters) -> Self {
        Self {
            timeline: Timeline::new(parameters),
            providers: BTreeMap::new(),
            fund: 0,
            rewards: BTreeMap::new(),
        }
    }

    /// What governance decided.
    pub fn parameters(&self) -> &Parameters {
        &self.timeline.parameters
    }

    /// Registers a provider, or brings one back that left: its points are as they were.
    pub fn register(&mut self, account: Account, bond: Balance, delegated: Balance) {
        let next = self.timeline.first_not_drawn();
        let provider = self.providers.entry(account).or_insert_with(|| Provider {
            population: Population::default(),
            funds: Funds::default(),
            points: 0,
            standing: Standing::Good,
            jailed_until: 0,
            next,
            drawn: None,
            pay: Pay::default(),
            outcomes: Vec::new(),
            drops: 0,
        });
        provider.funds.bond += bond;
        provider.funds.delegated += delegated;
    }

    /// A provider.
    pub fn provider(&self, account: Account) -> Result<&Provider, Error> {
        self.providers.get(&account).ok_or(Error::NotAnOperator)
    }

    /// A provider, to be changed.
    pub fn provider_mut(&mut self, account: Account) -> Result<&mut Provider, Error> {
        self.providers.get_mut(&account).ok_or(Error::NotAnOperator)
    }

    /// Whether everything is being taken from the provider.
    pub fn is_dropping(&self, account: Account) -> bool {
        self.providers
            .get(&account)
            .is_some_and(|provider| provider.standing != Standing::Good)
    }

    /// Ends a round for a provider: its next one, and no other.
    pub fn conclude(
        &mut self,
        account: Account,
        round: RoundIndex,
        outcome: Outcome,
        units: u128,
        settler: Option<Account>,
    ) -> Result<Option<Struck>, Error> {
        let parameters = self.timeline.parameters.clone();
        let now = self.timeline.block;
        let provider = self.provider_mut(account)?;
        debug_assert_eq!(provider.next, round, "rounds are settled in order");
        provider.next = round + 1;
        provider.outcomes.push((round, outcome));
        if provider
            .drawn
            .as_ref()
            .is_some_and(|drawn| drawn.round == round)
        {
            provider.drawn = None;
        }
        let earned = units * parameters.price;
        let pay = &mut provider.pay;
        match outcome {
            Outcome::Passed | Outcome::Idle => {
                pay.paid += std::mem::take(&mut pay.carried) + earned;
            }
            Outcome::Skipped => pay.carried += earned,
            Outcome::Forfeited => pay.lost += std::mem::take(&mut pay.carried),
            Outcome::Missed => pay.lost += std::mem::take(&mut pay.carried) + earned,
        }
        match outcome {
            Outcome::Passed => provider.points = parameters.strikes.passed(provider.points),
            Outcome::Skipped | Outcome::Idle | Outcome::Forfeited => {}
            Outcome::Missed => {
                let (points, level) = parameters.strikes.missed(provider.points);
                provider.points = points;
                if level == Level::Drop {
                    provider.points = parameters.strikes.on_probation();
                    provider.standing = Standing::Dropping { since: round };
                    provider.drawn = None;
                    provider.drops += 1;
                    let term = now + parameters.penalties.jail;
                    provider.jailed_until = provider.jailed_until.max(term);
                }
                let reward = self.punish(account, level, settler)?;
                return Ok(Some(Struck { level, reward }));
            }
        }
        Ok(None)
    }

    /// Takes the fee, of which the settler has its share, and then what the level takes of the
    /// collateral of what the provider holds.
    fn punish(
        &mut self,
        account: Account,
        level: Level,
        settler: Option<Account>,
    ) -> Result<Balance, Error> {
        let penalties = self.parameters().penalties;
        let counted = self.parameters().delegation_percent;
        let provider = self.provider_mut(account)?;
        let promised = provider.population.units() * penalties.collateral;
        let base = promised.min(provider.funds.slashable(counted));
        let fee = provider.funds.slash(penalties.fee);
        let [first, second, third, drop] = penalties.percent;
        let percent = match level {
            Level::First => first,
            Level::Second => second,
            Level::Third => third,
            Level::Drop => drop,
        };
        let part = provider.funds.slash(base * Balance::from(percent) / 100);
        // Never of what others lose, or somebody could have itself slashed to be paid by its
        // delegators.
        let reward = match settler {
            Some(_) => fee.own * Balance::from(penalties.reporter_percent) / 100,
            None => 0,
        };
        if let Some(settler) = settler {
            *self.rewards.entry(settler).or_default() += reward;
        }
        self.fund += fee.total() + part.total() - reward;
        Ok(reward)
    }

    /// The checks of a batch that do not depend on the provider.
    pub fn check_round(&self, round: RoundIndex, answers: &[Answer]) -> Result<(), Error> {
        let running = &self.timeline.round;
        if round > running.index {
            return Err(Error::RoundNotBegun);
        }
        if round < running.index {
            return Err(Error::RoundOver);
        }
        match running.state {
            State::Drawing => return Err(Error::NotDrawn),
            State::Skipped => return Err(Error::RoundSkipped),
            State::Open { until, .. } if self.timeline.tick >= until => {
                return Err(Error::TooLate);
            }
            State::Open { .. } => {}
        }
        match answers.is_empty() {
            true => Err(Error::NoAnswers),
            false => Ok(()),
        }
    }

    /// Checks a batch against what is drawn, all that is cheap of all answers before anything that
    /// takes hashing, and marks what it answers.
    pub fn accept(drawn: &mut Drawn, answers: &[Answer]) -> Result<Accepted, Error> {
        let mut seen = BTreeSet::new();
        let mut pairs = Vec::new();
        for (index, proof) in answers {
            let item = drawn.items.get(usize::from(*index));
            let item = item.ok_or(Error::UnknownChallenge)?;
            if !seen.insert(*index) {
                return Err(Error::DuplicateIndex);
            }
            if drawn.answered.contains(index) {
                return Err(Error::AlreadyAnswered);
            }
            pairs.push((item, proof));
        }
        for (item, proof) in &pairs {
            proof.check_length(item)?;
        }
        for (item, proof) in &pairs {
            proof.verify(item)?;
        }
        drawn.answered.extend(seen);
        Ok(Accepted {
            left: drawn.items.len() - drawn.answered.len(),
        })
    }

    /// Takes replicas from a provider that is being dropped, the last first. Returns how many.
    pub fn take(&mut self, account: Account, most: usize) -> Result<usize, Error> {
        let provider = self.provider_mut(account)?;
        if provider.standing == Standing::Good {
            return Err(Error::NothingToDrop);
        }
        let mut taken = 0;
        while taken < most {
            let last = provider.population.leaves().len().wrapping_sub(1);
            if provider.population.remove(last).is_none() {
                break;
            }
            taken += 1;
        }
        if provider.population.is_empty() {
            provider.standing = Standing::Good;
        }
        Ok(taken)
    }

    /// Whether the provider may become active again.
    pub fn may_return(&self, account: Account) -> Result<(), Error> {
        let provider = self.provider(account)?;
        if provider.standing != Standing::Good {
            return Err(Error::BeingDropped);
        }
        match self.timeline.block >= provider.jailed_until {
            true => Ok(()),
            false => Err(Error::StillJailed),
        }
    }

    /// Everything there is of money, for conservation: funds, the fund, rewards.
    pub fn all_money(&self) -> Balance {
        let funds: Balance = self
            .providers
            .values()
            .map(|provider| provider.funds.all())
            .sum();
        let rewards: Balance = self.rewards.values().sum();
        funds + self.fund + rewards
    }
}

/// What both kinds of model can do, so that one history runs through either.
pub trait Audits: Clone {
    /// A chain without providers.
    fn new(parameters: Parameters) -> Self;
    /// What is on chain.
    fn book(&self) -> &Book;
    /// What is on chain, to be changed where audits have no say: registrations, money.
    fn book_mut(&mut self) -> &mut Book;
    /// What happens in a block before its transactions.
    fn begin(&mut self, block: &Block);
    /// What happens in it after them.
    fn end(&mut self, block: &Block);
    /// A replica becomes auditable.
    fn insert(&mut self, account: Account, leaf: Leaf) -> Result<(), Error>;
    /// A replica leaves, whoever wants it: its owner, its provider by an orderly hand-over, or the
    /// end of its lease.
    fn remove(&mut self, account: Account, place: usize) -> Result<Leaf, Error>;
    /// The provider answers.
    fn answer(
        &mut self,
        account: Account,
        round: RoundIndex,
        answers: &[Answer],
    ) -> Result<Accepted, Error>;
    /// Takes replicas from a provider that is being dropped.
    fn take(&mut self, account: Account, most: usize) -> Result<usize, Error>;
    /// What the provider has to prove in the running round: none when there is nothing, or nothing
    /// more.
    fn challenges(&self, account: Account) -> Option<Drawn>;

    /// A whole block without transactions.
    fn pass(&mut self, block: &Block) {
        self.begin(block);
        self.end(block);
    }
}
