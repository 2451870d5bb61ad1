//! Accounts: free and held balances, an existential deposit, and a total that nothing changes.

use super::{Account, Balance, Error};
use std::collections::BTreeMap;

/// What one account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// Spendable, but for the existential deposit.
    pub free: Balance,
    /// On hold, for whatever reason.
    pub held: Balance,
}

/// All accounts. One with less than the existential deposit does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bank {
    accounts: BTreeMap<Account, Money>,
    existential_deposit: Balance,
    /// Where the rest of a dying account goes.
    dust: Account,
}

impl Bank {
    /// No accounts yet.
    pub fn new(existential_deposit: Balance, dust: Account) -> Self {
        Self {
            accounts: BTreeMap::new(),
            existential_deposit,
            dust,
        }
    }

    /// Makes money out of nothing, before anything happens.
    pub fn endow(&mut self, who: Account, amount: Balance) {
        self.accounts.entry(who).or_default().free += amount;
    }

    /// What an account has.
    pub fn money(&self, who: Account) -> Money {
        self.accounts.get(&who).copied().unwrap_or_default()
    }

    /// Free and held.
    pub fn wealth(&self, who: Account) -> Balance {
        let money = self.money(who);
        money.free + money.held
    }

    /// All that there is.
    pub fn issuance(&self) -> Balance {
        self.accounts
            .values()
            .map(|money| money.free + money.held)
            .sum()
    }

    /// What an account can pay and stay alive.
    pub fn spendable(&self, who: Account) -> Balance {
        self.money(who)
            .free
            .saturating_sub(self.existential_deposit)
    }

    /// Whether an account can receive an amount: it is alive, or becomes it.
    pub fn can_receive(&self, who: Account, amount: Balance) -> bool {
        amount == 0 || amount >= self.existential_deposit || self.accounts.contains_key(&who)
    }

    /// Pays out of what is free; the payer stays alive.
    pub fn pay(&mut self, from: Account, to: Account, amount: Balance) -> Result<(), Error> {
        if amount > self.spendable(from) || !self.can_receive(to, amount) {
            return Err(Error::InsufficientFunds);
        }
        self.take_free(from, amount);
        self.give(to, amount);
        Ok(())
    }

    /// Holds what is free; the account stays alive.
    pub fn hold(&mut self, who: Account, amount: Balance) -> Result<(), Error> {
        if amount > self.spendable(who) {
            return Err(Error::InsufficientFunds);
        }
        self.take_free(who, amount);
        if amount > 0 {
            self.accounts.entry(who).or_default().held += amount;
        }
        Ok(())
    }

    /// Frees what is held.
    pub fn release(&mut self, who: Account, amount: Balance) {
        if amount > 0 {
            let money = self.accounts.entry(who).or_default();
            money.held -= amount;
            money.free += amount;
        }
    }

    /// Pays out of what is free into what is held elsewhere.
    pub fn pay_into_hold(
        &mut self,
        from: Account,
        to: Account,
        amount: Balance,
    ) -> Result<(), Error> {
        if amount > self.spendable(from) || !self.can_receive(to, amount) {
            return Err(Error::InsufficientFunds);
        }
        self.take_free(from, amount);
        if amount > 0 {
            self.accounts.entry(to).or_default().held += amount;
        }
        Ok(())
    }

    /// Pays out of what is held; whether the other side could receive it. If not, nothing happened.
    pub fn pay_held(&mut self, from: Account, to: Account, amount: Balance) -> bool {
        let receives = self.can_receive(to, amount);
        if receives {
            self.take_held(from, amount);
            self.give(to, amount);
        }
        receives
    }

    /// Moves what is held to where it is held, too.
    pub fn move_held(&mut self, from: Account, to: Account, amount: Balance) {
        self.take_held(from, amount);
        if amount > 0 {
            self.accounts.entry(to).or_default().held += amount;
        }
    }

    /// Sends everything away that can be sent. An account without holds is gone then.
    pub fn leave(&mut self, from: Account, to: Account) {
        let money = self.money(from);
        if money.held > 0 {
            let amount = self.spendable(from);
            self.take_free(from, amount);
            self.give(to, amount);
        } else {
            self.accounts.remove(&from);
            self.give(to, money.free);
        }
    }

    fn give(&mut self, to: Account, amount: Balance) {
        if amount > 0 {
            self.accounts.entry(to).or_default().free += amount;
        }
    }

    fn take_free(&mut self, from: Account, amount: Balance) {
        if amount > 0 {
            self.accounts.entry(from).or_default().free -= amount;
        }
    }

    /// Without holds, what is left may be too little for an account.
    fn take_held(&mut self, from: Account, amount: Balance) {
        if amount == 0 {
            return;
        }
        let money = self.accounts.entry(from).or_default();
        money.held -= amount;
        if money.held == 0 && money.free < self.existential_deposit {
            let rest = money.free;
            self.accounts.remove(&from);
            self.give(self.dust, rest);
        }
    }
}
