//! Who an agent is, and whose.

use super::{Account, Agent, Balance, Consent, Error, Former, Model};
use std::collections::{BTreeMap, BTreeSet};

impl Model {
    /// Registers an agent.
    pub fn register(&mut self, who: Account) -> Result<(), Error> {
        if self.agent_of(who).is_some() {
            return Err(Error::OwnerIsAgent);
        }
        let agent = self.next_agent;
        let account = Self::account(agent);
        self.atomically(|model| {
            let parameters = model.parameters;
            model
                .bank
                .pay(who, account, parameters.existential_deposit)
                .map_err(|_| Error::InsufficientFunds)?;
            model.hold(who, account, parameters.agent_deposit)?;
            model.next_agent += 1;
            let record = Agent {
                owner: who,
                wallet: None,
                former: Vec::new(),
                offered: None,
                file: None,
                endpoints: false,
                tenure: 0,
                bindings: 0,
                metadata: BTreeMap::new(),
                data: BTreeMap::new(),
                staged: BTreeMap::new(),
                usages: BTreeMap::new(),
                sessions: BTreeMap::new(),
                scheduled: BTreeMap::new(),
                tags: BTreeSet::new(),
                next_data: 0,
                next_session: 0,
                next_schedule: 0,
                next_feedback: 0,
            };
            model.agents.insert(agent, record);
            Ok(())
        })
    }

    /// Names another registration file.
    pub fn set_file(&mut self, who: Account, agent: u64, file: Option<u8>) -> Result<(), Error> {
        self.owned(who, agent)?;
        self.change(agent).file = file;
        Ok(())
    }

    /// Says where the agent answers, or that it does not.
    pub fn set_endpoints(&mut self, who: Account, agent: u64, some: bool) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        let deposit = |some: bool| Balance::from(some) * self.parameters.endpoints_deposit;
        let (before, after) = (deposit(record.endpoints), deposit(some));
        self.atomically(|model| {
            model.rehold(who, Self::account(agent), before, after)?;
            model.change(agent).endpoints = some;
            Ok(())
        })
    }

    /// Sets an entry of metadata to so many bytes, or removes it.
    pub fn set_metadata(
        &mut self,
        who: Account,
        agent: u64,
        key: u8,
        value: Option<usize>,
    ) -> Result<(), Error> {
        let record = self.own(who, agent)?;
        let old = record.metadata.get(&key).copied();
        if value.is_none() && old.is_none() {
            return Err(Error::UnknownMetadata);
        }
        if old.is_none() && record.metadata.len() >= self.parameters.max_metadata {
            return Err(Error::TooMany);
        }
        let deposit =
            |length: Option<usize>| length.map_or(0, |length| self.metadata_deposit(length));
        let (before, after) = (deposit(old), deposit(value));
        self.atomically(|model| {
            model.rehold(who, Self::account(agent), before, after)?;
            let metadata = &mut model.change(agent).metadata;
            match value {
                Some(length) => metadata.insert(key, length),
                None => metadata.remove(&key),
            };
            Ok(())
        })
    }

    /// Binds a wallet.
    pub fn bind_wallet(
        &mut self,
        who: Account,
        agent: u64,
        wallet: Account,
        deadline: u64,
        consent: &Consent,
    ) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        if deadline <= self.now {
            return Err(Error::DeadlinePassed);
        }
        if deadline - self.now > self.parameters.max_deadline {
            return Err(Error::DeadlineTooFar);
        }
        if self.session_of_key(agent, wallet).is_some() {
            return Err(Error::KeyInUse);
        }
        let wanted = Consent {
            agent,
            owner: who,
            wallet,
            nonce: record.bindings,
            deadline,
            signer: wallet,
        };
        if *consent != wanted {
            return Err(Error::BadSignature);
        }
        let others = self
            .former_wallets(agent)
            .into_iter()
            .map(|former| former.wallet)
            .chain(record.wallet)
            .filter(|other| *other != wallet)
            .count();
        if others >= self.parameters.max_wallets {
            return Err(Error::TooManyWallets);
        }
        self.end_binding(agent);
        let record = self.change(agent);
        record.former.retain(|former| former.wallet != wallet);
        record.wallet = Some(wallet);
        Ok(())
    }

    /// The wallets whose bindings ended less than two periods ago.
    pub fn former_wallets(&self, agent: u64) -> Vec<Former> {
        let former = self.agents.get(&agent).map(|record| record.former.clone());
        let mut former = former.unwrap_or_default();
        former.retain(|former| self.now < former.ended + 2 * self.parameters.period);
        former
    }

    fn end_binding(&mut self, agent: u64) {
        let ended = self.now;
        let record = self.change(agent);
        record.bindings += 1;
        let tenure = record.tenure;
        if let Some(wallet) = record.wallet.take() {
            record.former.push(Former {
                wallet,
                ended,
                tenure,
            });
        }
    }

    /// Ends the binding.
    pub fn unbind_wallet(&mut self, who: Account, agent: u64) -> Result<(), Error> {
        let record = self.agent(agent)?;
        let wallet = record.wallet.ok_or(Error::NoWallet)?;
        if who != wallet && !self.is_owner(who, record) {
            return Err(Error::NotYourAgent);
        }
        self.end_binding(agent);
        Ok(())
    }

    /// Offers an agent.
    pub fn offer(&mut self, who: Account, agent: u64, to: Option<Account>) -> Result<(), Error> {
        self.owned(who, agent)?;
        if let Some(to) = to {
            self.check_receiver(who, to)?;
        }
        self.change(agent).offered = to;
        Ok(())
    }

    fn check_receiver(&self, owner: Account, to: Account) -> Result<(), Error> {
        if owner == to {
            return Err(Error::AlreadyOwner);
        }
        match self.agent_of(to) {
            Some(_) => Err(Error::OwnerIsAgent),
            None => Ok(()),
        }
    }

    /// Gives an agent to somebody.
    pub fn transfer(&mut self, who: Account, agent: u64, to: Account) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        self.check_receiver(who, to)?;
        let staged = |index: &u32| {
            record
                .staged
                .get(index)
                .is_some_and(|staged| staged.by == to)
        };
        if !record.data.keys().all(staged) {
            return Err(Error::PrivateData);
        }
        self.take_staged(agent);
        self.end_tenure(agent);
        self.end_binding(agent);
        let record = self.change(agent);
        record.owner = to;
        record.offered = None;
        record.tenure += 1;
        Ok(())
    }

    /// Ends an agent.
    pub fn burn(&mut self, who: Account, agent: u64) -> Result<(), Error> {
        self.owned(who, agent)?;
        let account = Self::account(agent);
        self.atomically(|model| {
            for index in model.agents[&agent]
                .data
                .keys()
                .copied()
                .collect::<Vec<_>>()
            {
                model.drop_data(who, agent, index)?;
            }
            let held = model.deposits(agent);
            model.bank.release(account, held);
            model.agents.remove(&agent);
            if model.bank.money(account).held > 0 {
                return Err(Error::AccountInUse);
            }
            model.bank.leave(account, who);
            Ok(())
        })
    }

    /// Takes free money out.
    pub fn withdraw(&mut self, who: Account, agent: u64, amount: Balance) -> Result<(), Error> {
        self.owned(who, agent)?;
        if amount == 0 {
            return Err(Error::ZeroAmount);
        }
        self.bank
            .pay(Self::account(agent), who, amount)
            .map_err(|_| Error::InsufficientFunds)
    }
}
