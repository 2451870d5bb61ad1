//! What payers and providers do with channels and sessions.

use super::{Account, Balance, Channel, Error, Grant, Model, Session, State};
use std::collections::BTreeMap;

impl Model {
    /// Opens a channel with one session.
    pub fn open(
        &mut self,
        payer: Account,
        service: u64,
        cap: Balance,
        lanes: u16,
        grant: Grant,
    ) -> Result<(), Error> {
        let offered = *self.services.get(&service).ok_or(Error::UnknownService)?;
        if payer == offered.provider {
            return Err(Error::PayerIsProvider);
        }
        if !self.is_active(offered.provider) {
            return Err(Error::ProviderInactive);
        }
        if cap < self.parameters.min_cap {
            return Err(Error::CapTooSmall);
        }
        self.check_room(offered.provider, cap)?;
        self.atomically(|model| {
            model.cover(payer, cap)?;
            let pair = (payer, offered.provider);
            if !model.pairs.contains_key(&pair) {
                model.hold(payer, model.parameters.pair_deposit)?;
                model.pairs.insert(pair, 0);
            }
            model.hold(payer, model.parameters.channel_deposit)?;
            let channel = Channel {
                payer,
                provider: offered.provider,
                service,
                key: offered.key,
                state: State::Open,
                cap,
                paid_before: 0,
                sessions: BTreeMap::new(),
                next_session: 0,
            };
            let number = model.next_channel;
            model.next_channel += 1;
            model.channels.insert(number, channel);
            model.add_session(number, lanes, grant)
        })
    }

    /// Reserves more.
    pub fn top_up(&mut self, who: Account, channel: u64, amount: Balance) -> Result<(), Error> {
        let record = self.own_channel(who, channel)?;
        let provider = record.provider;
        if record.state != State::Open {
            return Err(Error::NotOpen);
        }
        if amount == 0 {
            return Err(Error::ZeroAmount);
        }
        if !self.is_active(provider) {
            return Err(Error::ProviderInactive);
        }
        self.check_room(provider, amount)?;
        self.atomically(|model| {
            model.cover(who, amount)?;
            model.channel_mut(channel)?.cap += amount;
            Ok(())
        })
    }

    fn check_room(&self, provider: Account, amount: Balance) -> Result<(), Error> {
        let bond = self.providers.get(&provider).map_or(0, |found| found.bond);
        if self.promised_to(provider) + amount > bond * self.parameters.cap_per_bond {
            return Err(Error::CapAboveBond);
        }
        Ok(())
    }

    /// Takes part of a bond back; whether what channels can still ask for lets it.
    pub fn unbond(&mut self, provider: Account, amount: Balance) -> bool {
        let promised = self.promised_to(provider);
        let most = self.parameters.cap_per_bond;
        let Some(record) = self.providers.get_mut(&provider) else {
            return false;
        };
        let left = record.bond.saturating_sub(amount);
        if left == 0 || promised > left * most {
            return false;
        }
        let amount = record.bond - left;
        record.bond = left;
        let paid = self.bank.pay(self.vault, provider, amount).is_ok();
        assert!(paid, "the vault has all bonds");
        true
    }

    /// Whether a provider may leave: it has closed its channels.
    pub fn may_leave(&self, provider: Account) -> bool {
        let open = |channel: &Channel| {
            channel.provider == provider && !matches!(channel.state, State::Settled(_))
        };
        !self.channels.values().any(open)
    }

    /// Sees to it that a purse has `amount` that is not reserved.
    fn cover(&mut self, payer: Account, amount: Balance) -> Result<(), Error> {
        let balance = self.purses.get(&payer).copied().unwrap_or(0);
        let free = balance - self.reserved(payer);
        self.fill(payer, amount.saturating_sub(free))
    }

    /// Lets another key sign.
    pub fn grant(
        &mut self,
        who: Account,
        channel: u64,
        lanes: u16,
        grant: Grant,
    ) -> Result<(), Error> {
        if self.own_channel(who, channel)?.state != State::Open {
            return Err(Error::NotOpen);
        }
        self.atomically(|model| model.add_session(channel, lanes, grant))
    }

    fn add_session(&mut self, channel: u64, lanes: u16, grant: Grant) -> Result<(), Error> {
        let record = self.channel(channel)?;
        if grant.expires <= self.now {
            return Err(Error::GrantExpired);
        }
        if grant.per_use > grant.total {
            return Err(Error::GrantLimits);
        }
        if lanes == 0 {
            return Err(Error::NoLanes);
        }
        if record.sessions.len() >= self.parameters.max_sessions
            || record.lanes() + u32::from(lanes) > self.parameters.max_lanes
        {
            return Err(Error::TooManySessions);
        }
        self.hold(record.payer, self.session_deposit(lanes))?;
        let session = Session {
            grant,
            revoked: None,
            lanes,
            paid: BTreeMap::new(),
        };
        let record = self.channel_mut(channel)?;
        record.sessions.insert(record.next_session, session);
        record.next_session += 1;
        Ok(())
    }

    pub(super) fn session_deposit(&self, lanes: u16) -> Balance {
        self.parameters.session_deposit + self.parameters.lane_deposit * Balance::from(lanes)
    }

    /// Revokes a key, with the delay.
    pub fn revoke(&mut self, who: Account, channel: u64, session: u32) -> Result<(), Error> {
        let (now, lock) = (self.now, self.parameters.close_lock);
        self.own_channel(who, channel)?;
        let record = self
            .channel_mut(channel)?
            .sessions
            .get_mut(&session)
            .ok_or(Error::UnknownSession)?;
        if now >= record.ends() {
            return Err(Error::SessionOver);
        }
        record.revoked = record.revoked.or(Some(now + lock));
        Ok(())
    }

    /// Removes a session that is over.
    pub fn drop_session(&mut self, who: Account, channel: u64, session: u32) -> Result<(), Error> {
        let record = self.own_channel(who, channel)?;
        let dropped = record
            .sessions
            .get(&session)
            .ok_or(Error::UnknownSession)?
            .clone();
        if !matches!(record.state, State::Settled(_)) && self.now < dropped.ends() {
            return Err(Error::SessionNotOver);
        }
        self.bank.release(who, self.session_deposit(dropped.lanes));
        let record = self.channel_mut(channel)?;
        record.sessions.remove(&session);
        record.paid_before += dropped.spent();
        Ok(())
    }

    /// Ends a channel: at once, or after the lock.
    pub fn close(&mut self, who: Account, channel: u64) -> Result<(), Error> {
        let (now, lock) = (self.now, self.parameters.close_lock);
        let record = self.channel_mut(channel)?;
        if who == record.provider {
            if matches!(record.state, State::Settled(_)) {
                return Err(Error::AlreadySettled);
            }
            record.state = State::Settled(now);
            return Ok(());
        }
        if who != record.payer {
            return Err(Error::NotYourChannel);
        }
        if record.state != State::Open {
            return Err(Error::NotOpen);
        }
        record.state = State::Closing(now + lock);
        Ok(())
    }

    /// Ends a channel whose lock is over.
    pub fn settle(&mut self, channel: u64) -> Result<(), Error> {
        let now = self.now;
        let record = self.channel_mut(channel)?;
        match record.state {
            State::Open => Err(Error::NotClosing),
            State::Settled(_) => Err(Error::AlreadySettled),
            State::Closing(until) if now < until => Err(Error::Locked),
            State::Closing(_) => {
                record.state = State::Settled(now);
                Ok(())
            }
        }
    }

    /// Removes a settled channel.
    pub fn remove(&mut self, who: Account, channel: u64) -> Result<(), Error> {
        let record = self.channel(channel)?;
        let State::Settled(at) = record.state else {
            return Err(Error::NotSettled);
        };
        if who != record.payer && self.now < at + self.parameters.evidence_window {
            return Err(Error::EvidencePossible);
        }
        let payer = record.payer;
        let deposits: Balance = record
            .sessions
            .values()
            .map(|session| self.session_deposit(session.lanes))
            .sum();
        self.bank
            .release(payer, deposits + self.parameters.channel_deposit);
        self.channels.remove(&channel);
        self.tidy_purse(payer);
        Ok(())
    }

    pub(super) fn channel(&self, channel: u64) -> Result<&Channel, Error> {
        self.channels.get(&channel).ok_or(Error::UnknownChannel)
    }

    pub(super) fn channel_mut(&mut self, channel: u64) -> Result<&mut Channel, Error> {
        self.channels.get_mut(&channel).ok_or(Error::UnknownChannel)
    }

    fn own_channel(&self, who: Account, channel: u64) -> Result<&Channel, Error> {
        let record = self.channel(channel)?;
        if record.payer == who {
            Ok(record)
        } else {
            Err(Error::NotYourChannel)
        }
    }
}
