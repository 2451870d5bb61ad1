//! The state, and what payers hold.

use super::{Account, Balance, Channel, Error, Parameters, Provider, Service, Tick};
use crate::leases::Bank;
use std::collections::BTreeMap;

/// The market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What the chain decides.
    pub parameters: Parameters,
    /// The present tick.
    pub now: Tick,
    /// All money.
    pub bank: Bank,
    /// Gets the protocol's part.
    pub treasury: Account,
    /// Has the bonds.
    pub vault: Account,
    /// Gets what slashes leave.
    pub fund: Account,
    /// The bonded providers.
    pub providers: BTreeMap<Account, Provider>,
    /// Services by number.
    pub services: BTreeMap<u64, Service>,
    /// The number of the next service.
    pub next_service: u64,
    /// What payers hold for requests.
    pub purses: BTreeMap<Account, Balance>,
    /// Channels by number.
    pub channels: BTreeMap<u64, Channel>,
    /// The number of the next channel.
    pub next_channel: u64,
    /// What was paid and not consumed, by payer and provider.
    pub pairs: BTreeMap<(Account, Account), Balance>,
}

impl Model {
    /// An empty market, in which nobody has anything.
    pub fn new(parameters: Parameters, treasury: Account, vault: Account, fund: Account) -> Self {
        Self {
            parameters,
            now: 0,
            bank: Bank::new(parameters.existential_deposit, treasury),
            treasury,
            vault,
            fund,
            providers: BTreeMap::new(),
            services: BTreeMap::new(),
            next_service: 0,
            purses: BTreeMap::new(),
            channels: BTreeMap::new(),
            next_channel: 0,
            pairs: BTreeMap::new(),
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

    /// What a payer's channels can still be asked for.
    pub fn reserved(&self, payer: Account) -> Balance {
        self.channels
            .values()
            .filter(|channel| channel.payer == payer)
            .map(Channel::left)
            .sum()
    }

    /// What the channels with a provider can still be asked for.
    pub fn promised_to(&self, provider: Account) -> Balance {
        self.channels
            .values()
            .filter(|channel| channel.provider == provider)
            .map(Channel::left)
            .sum()
    }

    /// Whether an account may be given new work.
    pub(super) fn is_active(&self, provider: Account) -> bool {
        self.providers
            .get(&provider)
            .is_some_and(|provider| provider.active)
    }

    /// Whether `who` is the provider or its operator.
    pub(super) fn acts_for(&self, who: Account, provider: Account) -> bool {
        let operates = self
            .providers
            .get(&provider)
            .is_some_and(|provider| provider.operator == who);
        who == provider || operates
    }

    pub(super) fn hold(&mut self, who: Account, amount: Balance) -> Result<(), Error> {
        self.bank
            .hold(who, amount)
            .map_err(|_| Error::InsufficientFunds)
    }

    /// Holds more for requests.
    pub fn deposit(&mut self, who: Account, amount: Balance) -> Result<(), Error> {
        if amount == 0 {
            return Err(Error::ZeroAmount);
        }
        self.atomically(|model| model.fill(who, amount))
    }

    /// Puts `amount` into a purse, which is new if there is none.
    pub(super) fn fill(&mut self, who: Account, amount: Balance) -> Result<(), Error> {
        if !self.purses.contains_key(&who) {
            self.hold(who, self.parameters.purse_deposit)?;
        }
        self.hold(who, amount)?;
        *self.purses.entry(who).or_default() += amount;
        Ok(())
    }

    /// Gives back what is held for requests and not reserved.
    pub fn withdraw(&mut self, who: Account, amount: Balance) -> Result<(), Error> {
        if amount == 0 {
            return Err(Error::ZeroAmount);
        }
        let balance = *self.purses.get(&who).ok_or(Error::NoPurse)?;
        if amount > balance - self.reserved(who) {
            return Err(Error::Reserved);
        }
        self.bank.release(who, amount);
        self.purses.insert(who, balance - amount);
        self.tidy_purse(who);
        Ok(())
    }

    /// Removes a purse that is of no use.
    pub(super) fn tidy_purse(&mut self, who: Account) {
        let has_channels = self.channels.values().any(|channel| channel.payer == who);
        if self.purses.get(&who) == Some(&0) && !has_channels {
            self.purses.remove(&who);
            self.bank.release(who, self.parameters.purse_deposit);
        }
    }

    /// Ends the record of what was paid to a provider.
    pub fn forget(&mut self, who: Account, provider: Account) -> Result<(), Error> {
        if !self.pairs.contains_key(&(who, provider)) {
            return Err(Error::UnknownPair);
        }
        let related = |channel: &Channel| channel.payer == who && channel.provider == provider;
        if self.channels.values().any(related) {
            return Err(Error::StillChannels);
        }
        self.pairs.remove(&(who, provider));
        self.bank.release(who, self.parameters.pair_deposit);
        Ok(())
    }
}
