//! The state, and what anybody can ask of it.

use super::{
    Account, Balance, Block, Entry, Error, List, Log, Member, Parameters, Round, Seat, Seed,
    Submission, Tick,
};
use crate::leases::{Bank, Price, Usage};
use std::collections::{BTreeMap, BTreeSet};

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What the chain decides.
    pub parameters: Parameters,
    /// All money.
    pub bank: Bank,
    /// Has what was paid for rounds to come.
    pub pot: Account,
    /// Gets what nobody earns.
    pub fund: Account,
    /// Gets what namespaces cost.
    pub treasury: Account,
    /// The present block.
    pub block: Block,
    /// The present tick.
    pub tick: Tick,
    /// The running round.
    pub round: Round,
    /// The price in force, and its round.
    pub price: Price,
    pub(super) priced: Option<Round>,
    pub(super) usage: Usage,
    /// Free bytes of active providers.
    pub capacity: u128,
    /// Blocks that have a seed.
    pub seeds: BTreeSet<Block>,
    /// Provider and stake of each seat, by era.
    pub committees: BTreeMap<Round, Vec<(Account, u128)>>,
    /// Submissions on record.
    pub submissions: BTreeMap<u64, Submission>,
    /// The number of the next.
    pub next_submission: u64,
    pub(super) passed: u64,
    /// What was ever put into lists.
    pub lists: BTreeMap<(Round, List), Vec<Entry>>,
    /// Lists that were closed by the agenda.
    pub(super) closed: BTreeSet<(Round, List)>,
    /// Seats with a bit, by era.
    pub enlisted: BTreeMap<Round, BTreeSet<Seat>>,
    /// Those of them whose provider lost everything since.
    pub gone: BTreeMap<Round, BTreeSet<Seat>>,
    /// The last round that a provider settled.
    pub settled: BTreeMap<Account, Round>,
    /// What it carries.
    pub carried: BTreeMap<Account, Balance>,
    /// Who is losing everything.
    pub dropping: BTreeSet<Account>,
    /// Namespaces.
    pub namespaces: BTreeMap<u8, Log>,
    /// Members on record, by namespace and number there.
    pub members: BTreeMap<(u8, u64), Member>,
}

impl Model {
    /// A chain on which nothing was submitted.
    pub fn new(parameters: Parameters, price: Price, accounts: [Account; 3]) -> Self {
        let [pot, fund, treasury] = accounts;
        Self {
            parameters,
            bank: Bank::new(parameters.existential_deposit, treasury),
            pot,
            fund,
            treasury,
            block: 0,
            tick: 0,
            round: 0,
            price,
            priced: None,
            usage: Usage::default(),
            capacity: 0,
            seeds: BTreeSet::new(),
            committees: BTreeMap::new(),
            submissions: BTreeMap::new(),
            next_submission: 0,
            passed: 0,
            lists: BTreeMap::new(),
            closed: BTreeSet::new(),
            enlisted: BTreeMap::new(),
            gone: BTreeMap::new(),
            settled: BTreeMap::new(),
            carried: BTreeMap::new(),
            dropping: BTreeSet::new(),
            namespaces: BTreeMap::new(),
            members: BTreeMap::new(),
        }
    }

    /// Does something as a whole or not at all.
    pub(super) fn atomically<R>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut after = self.clone();
        let result = act(&mut after)?;
        *self = after;
        Ok(result)
    }

    /// Bytes of a payer that wait.
    pub fn in_flight(&self, payer: Account) -> u64 {
        self.submissions
            .values()
            .filter(|one| one.payer == payer && one.available.is_none())
            .map(|one| u64::from(one.size))
            .sum()
    }

    /// Bytes of everything that is available, as it is stored.
    pub fn stored(&self) -> u128 {
        self.submissions
            .values()
            .filter(|one| one.available.is_some())
            .filter_map(|one| super::shape(one.size))
            .map(|shape| shape.stored)
            .sum()
    }

    /// The last round in which a blob can be had.
    pub fn available_until(&self, commitment: u8, size: u32) -> Option<Round> {
        self.submissions
            .values()
            .filter(|one| one.available.is_some())
            .filter(|one| one.commitment == commitment && one.size == size)
            .map(Submission::until)
            .filter(|until| *until >= self.round)
            .max()
    }

    /// Eras whose committee must be kept: bits may come, or something of it is available.
    pub fn needs_committee(&self, era: Round) -> bool {
        let alive = |one: &Submission| one.era == era && one.available.is_some();
        self.round < era + 2 || self.submissions.values().any(alive)
    }

    pub(super) fn seat_of(&self, era: Round, provider: Account) -> Option<(Seat, u128)> {
        let seats = self.committees.get(&era)?;
        let place = seats.iter().position(|(who, _)| *who == provider)?;
        Some((Seat::try_from(place).ok()?, seats.get(place)?.1))
    }

    /// What must hold whatever happens: the pot has exactly what it owes.
    pub fn check(&self) -> Result<(), String> {
        let waiting: Balance = self
            .submissions
            .values()
            .filter(|one| one.available.is_none())
            .map(|one| one.fee)
            .sum();
        let base: Balance = self
            .submissions
            .values()
            .filter(|one| one.seed != Seed::Drawn)
            .map(|one| one.base)
            .sum();
        let owed: Balance = self.lists.keys().map(|key| self.owed_by(*key)).sum();
        let carried: Balance = self.carried.values().sum();
        let held = self.bank.money(self.pot).held;
        let expected = waiting + base + owed + carried;
        if held != expected {
            return Err(format!("the pot holds {held}, and owes {expected}"));
        }
        Ok(())
    }
}
