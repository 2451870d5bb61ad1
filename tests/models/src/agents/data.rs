//! Data, and what users may ask.

use super::{Account, Data, Error, Model, Staged, Usage};

impl Model {
    /// Commits to data.
    pub fn commit_data(&mut self, who: Account, agent: u64, data: Data) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        check_holders(&data)?;
        if record.data.len() >= self.parameters.max_data {
            return Err(Error::TooMany);
        }
        let deposit = self.data_deposit(&data);
        self.hold(who, Self::account(agent), deposit)?;
        let record = self.change(agent);
        record.data.insert(record.next_data, data);
        record.next_data += 1;
        Ok(())
    }

    /// Replaces data.
    pub fn update_data(
        &mut self,
        who: Account,
        agent: u64,
        index: u32,
        data: Data,
    ) -> Result<(), Error> {
        let record = self.own(who, agent)?;
        let old = record.data.get(&index).ok_or(Error::UnknownData)?;
        check_holders(&data)?;
        let (before, after) = (self.data_deposit(old), self.data_deposit(&data));
        self.atomically(|model| {
            model.rehold(who, Self::account(agent), before, after)?;
            model.change(agent).data.insert(index, data);
            Ok(())
        })
    }

    /// Drops data.
    pub fn drop_data(&mut self, who: Account, agent: u64, index: u32) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        let data = record.data.get(&index).ok_or(Error::UnknownData)?;
        let deposit = self.data_deposit(data);
        self.unstage(agent, index);
        self.change(agent).data.remove(&index);
        self.bank.release(Self::account(agent), deposit);
        Ok(())
    }

    /// Says what takes the place of data.
    pub fn stage_data(
        &mut self,
        who: Account,
        agent: u64,
        index: u32,
        data: Data,
    ) -> Result<(), Error> {
        let record = self.agent(agent)?;
        if record.offered != Some(who) {
            return Err(Error::NotOffered);
        }
        if !record.data.contains_key(&index) {
            return Err(Error::UnknownData);
        }
        check_holders(&data)?;
        let deposit = self.data_deposit(&data);
        self.atomically(|model| {
            model.unstage(agent, index);
            model.hold(who, who, deposit)?;
            let staged = Staged { by: who, data };
            model.change(agent).staged.insert(index, staged);
            Ok(())
        })
    }

    /// Takes that back.
    pub fn unstage_data(&mut self, who: Account, agent: u64, index: u32) -> Result<(), Error> {
        let staged = self.agents.get(&agent).map(|record| &record.staged);
        let staged = staged
            .and_then(|staged| staged.get(&index))
            .ok_or(Error::NothingStaged)?;
        if staged.by != who {
            return Err(Error::NotYourAgent);
        }
        self.unstage(agent, index);
        Ok(())
    }

    fn unstage(&mut self, agent: u64, index: u32) {
        if let Some(staged) = self.change(agent).staged.remove(&index) {
            let deposit = self.data_deposit(&staged.data);
            self.bank.release(staged.by, deposit);
        }
    }

    /// Everything staged takes its place.
    pub(super) fn take_staged(&mut self, agent: u64) {
        let account = Self::account(agent);
        for (index, staged) in std::mem::take(&mut self.change(agent).staged) {
            let new = self.data_deposit(&staged.data);
            let old = self.change(agent).data.insert(index, staged.data);
            self.bank.move_held(staged.by, account, new);
            let old = old.map_or(0, |old| self.data_deposit(&old));
            self.bank.release(account, old);
        }
    }

    /// Lets a user ask.
    pub fn authorize_usage(
        &mut self,
        who: Account,
        agent: u64,
        user: Account,
        usage: Usage,
    ) -> Result<(), Error> {
        let record = self.owned(who, agent)?;
        if usage.expires <= self.now {
            return Err(Error::UsageOver);
        }
        if usage.left == 0 {
            return Err(Error::UsageSpent);
        }
        if !record.usages.contains_key(&user) {
            if record.usages.len() >= self.parameters.max_usages {
                return Err(Error::TooMany);
            }
            self.hold(who, Self::account(agent), self.parameters.usage_deposit)?;
        }
        self.change(agent).usages.insert(user, usage);
        Ok(())
    }

    /// Ends that.
    pub fn revoke_usage(&mut self, who: Account, agent: u64, user: Account) -> Result<(), Error> {
        let record = self.agent(agent)?;
        let usage = record.usages.get(&user).ok_or(Error::UnknownUsage)?;
        let over = usage.expires <= self.now || usage.left == 0;
        if !over && who != user && !self.is_owner(who, record) {
            return Err(Error::NotYourAgent);
        }
        self.change(agent).usages.remove(&user);
        self.bank
            .release(Self::account(agent), self.parameters.usage_deposit);
        Ok(())
    }

    /// Asks, about one entry of data or anything.
    pub fn exercise(&mut self, user: Account, agent: u64, data: Option<u32>) -> Result<(), Error> {
        let now = self.now;
        let usage = self
            .agents
            .get_mut(&agent)
            .and_then(|record| record.usages.get_mut(&user))
            .ok_or(Error::UnknownUsage)?;
        if usage.expires <= now {
            return Err(Error::UsageOver);
        }
        if usage.data.is_some() && usage.data != data {
            return Err(Error::UsageOutOfScope);
        }
        usage.left = usage.left.checked_sub(1).ok_or(Error::UsageSpent)?;
        Ok(())
    }
}

fn check_holders(data: &Data) -> Result<(), Error> {
    let mut holders = data.holders.clone();
    holders.sort_unstable();
    holders.dedup();
    if holders.len() == data.holders.len() {
        Ok(())
    } else {
        Err(Error::HolderRepeated)
    }
}
