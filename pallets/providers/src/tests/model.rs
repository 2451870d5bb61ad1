//! The pallet's rules once more, as a plain program: what the random sequences compare it with.
//! Written from `docs/design/providers.md` and `docs/design/delegation.md`, with sums and maps instead of storage, holds and a tree.

use super::{delegation_model::MAX_PERCENT, pool_model::PoolModel};
use crate::{mock::*, Error};
use noema_traits::Role;
use std::collections::BTreeMap;

/// Bytes of a MiB.
const MIB: u128 = 1 << 20;

/// What a provider may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Active,
    Chilled,
    Jailed(u32),
    Leaving(Option<u32>),
}

/// One provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) operator: AccountId,
    pub(super) state: State,
    pub(super) declared: u64,
    pub(super) reserved: u64,
    pub(super) bond: Balance,
    /// Amounts by the block in which they mature.
    pub(super) chunks: BTreeMap<u32, Balance>,
}

impl Record {
    pub(super) fn unlocking(&self) -> Balance {
        self.chunks.values().sum()
    }

    /// Takes `amount` from the chunks, latest first.
    fn take_from_chunks(&mut self, mut amount: Balance) {
        while amount > 0 {
            let mut last = self
                .chunks
                .last_entry()
                .expect("there is enough in the chunks");
            let taken = amount.min(*last.get());
            *last.get_mut() -= taken;
            amount -= taken;
            if *last.get() == 0 {
                last.remove();
            }
        }
    }
}

/// Why the model refuses: the pallet's error, or one of the currency's.
#[derive(Debug)]
pub(super) enum Refusal {
    Pallet(Error<Test>),
    Currency,
}

impl From<Error<Test>> for Refusal {
    fn from(error: Error<Test>) -> Self {
        Refusal::Pallet(error)
    }
}

pub(super) type Outcome<T = ()> = Result<T, Refusal>;

/// The whole world of the pallet.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) now: u32,
    pub(super) records: BTreeMap<(Role, AccountId), Record>,
    /// Open pools by their providers.
    pub(super) pools: BTreeMap<(Role, AccountId), PoolModel>,
    /// Closed ones by number, with the accounts that opened them.
    pub(super) closed: BTreeMap<u64, (AccountId, PoolModel)>,
    pub(super) next_pool: u64,
    /// What each account has free.
    pub(super) free: BTreeMap<AccountId, Balance>,
    pub(super) period: u32,
    pub(super) max_unlocking: usize,
    pub(super) max_providers: usize,
}

pub(super) fn ensure(condition: bool, error: Error<Test>) -> Outcome {
    condition.then_some(()).ok_or(Refusal::Pallet(error))
}

/// Minimum bond and collateral per MiB.
pub(super) fn parameters(role: Role) -> (Balance, Balance) {
    match role {
        Role::Storage => (1_000, 100),
        Role::DataAvailability => (2_000, 50),
        Role::Compute => (500, 1),
    }
}

fn backed(role: Role, bond: Balance) -> u64 {
    u64::try_from(bond * MIB / parameters(role).1).unwrap_or(u64::MAX)
}

impl Model {
    /// The mock's first block.
    pub(super) fn new() -> Self {
        Self {
            now: 1,
            records: BTreeMap::new(),
            pools: BTreeMap::new(),
            closed: BTreeMap::new(),
            next_pool: 0,
            free: (1..10)
                .map(|who| (who, FUNDS))
                .chain([(FUND, ED)])
                .collect(),
            period: 20,
            max_unlocking: 4,
            max_providers: MaxProviders::get() as usize,
        }
    }

    pub(super) fn record(&mut self, role: Role, who: AccountId) -> Outcome<&mut Record> {
        self.records
            .get_mut(&(role, who))
            .ok_or(Error::UnknownProvider.into())
    }

    pub(super) fn operator_of(&self, role: Role, operator: AccountId) -> Option<AccountId> {
        self.records
            .iter()
            .find(|((of, _), record)| *of == role && record.operator == operator)
            .map(|((_, who), _)| *who)
    }

    fn resolve(&self, role: Role, signer: AccountId) -> Outcome<AccountId> {
        if self.records.contains_key(&(role, signer)) {
            return Ok(signer);
        }
        self.operator_of(role, signer)
            .ok_or(Error::UnknownProvider.into())
    }

    /// What the account may still bond or give away.
    pub(super) fn spendable(&self, who: AccountId) -> Balance {
        self.free.get(&who).copied().unwrap_or(0).saturating_sub(ED)
    }

    pub(super) fn free_bytes(&self, role: Role, who: AccountId) -> u64 {
        match self.records.get(&(role, who)) {
            Some(record) if record.state == State::Active => record
                .declared
                .min(backed(role, self.collateral(role, who, record.bond)))
                .saturating_sub(record.reserved),
            _ => 0,
        }
    }

    pub(super) fn active(&self, role: Role) -> u32 {
        let of_role = self.records.iter().filter(|((of, _), _)| *of == role);
        of_role
            .filter(|(_, record)| record.state == State::Active)
            .count() as u32
    }

    pub(super) fn register(
        &mut self,
        role: Role,
        who: AccountId,
        bond: Balance,
        operator: AccountId,
        declared: u64,
    ) -> Outcome {
        ensure(
            !self.records.contains_key(&(role, who)),
            Error::AlreadyRegistered,
        )?;
        ensure(bond >= parameters(role).0, Error::BondTooSmall)?;
        ensure(
            self.operator_of(role, operator).is_none(),
            Error::OperatorInUse,
        )?;
        ensure(bond <= self.spendable(who), Error::InsufficientBalance)?;
        let registered = self.records.keys().filter(|(of, _)| *of == role).count();
        ensure(registered < self.max_providers, Error::TooManyProviders)?;
        *self.free.get_mut(&who).unwrap() -= bond;
        let state = State::Active;
        let record = Record {
            operator,
            state,
            declared,
            reserved: 0,
            bond,
            chunks: BTreeMap::new(),
        };
        self.records.insert((role, who), record);
        Ok(())
    }

    pub(super) fn bond_more(&mut self, role: Role, who: AccountId, amount: Balance) -> Outcome {
        ensure(amount > 0, Error::ZeroAmount)?;
        let spendable = self.spendable(who);
        let record = self.record(role, who)?;
        ensure(!matches!(record.state, State::Leaving(_)), Error::Leaving)?;
        ensure(amount <= spendable, Error::InsufficientBalance)?;
        record.bond += amount;
        *self.free.get_mut(&who).unwrap() -= amount;
        Ok(())
    }

    pub(super) fn unbond(&mut self, role: Role, who: AccountId, amount: Balance) -> Outcome {
        let (matures_at, max_unlocking) = (self.now + self.period, self.max_unlocking);
        let bond = self.record(role, who)?.bond;
        let left = bond.saturating_sub(amount);
        let leads = self.stake(role, who) <= left * MAX_PERCENT / 100;
        let collateral = self.collateral(role, who, left);
        let record = self.record(role, who)?;
        ensure(!matches!(record.state, State::Leaving(_)), Error::Leaving)?;
        ensure(amount <= bond, Error::NotEnoughBond)?;
        if left == 0 {
            ensure(record.reserved == 0, Error::StillReserved)?;
        } else {
            ensure(amount > 0, Error::ZeroAmount)?;
            ensure(left >= parameters(role).0, Error::BondTooSmall)?;
            ensure(leads, Error::DelegationsNotLed)?;
            ensure(
                backed(role, collateral) >= record.reserved,
                Error::ReservedNotCovered,
            )?;
        }
        let room = record.chunks.len() < max_unlocking || record.chunks.contains_key(&matures_at);
        ensure(room || amount == 0, Error::TooManyUnlocking)?;
        if amount > 0 {
            *record.chunks.entry(matures_at).or_default() += amount;
        }
        record.bond = left;
        if left == 0 {
            record.state = State::Leaving(match record.state {
                State::Jailed(until) => Some(until),
                _ => None,
            });
            if let Some(pool) = self.pools.get_mut(&(role, who)) {
                pool.leaves_at = Some(matures_at);
            }
        }
        Ok(())
    }

    pub(super) fn rebond(&mut self, role: Role, who: AccountId, amount: Balance) -> Outcome {
        ensure(amount > 0, Error::ZeroAmount)?;
        let record = self.record(role, who)?;
        ensure(amount <= record.unlocking(), Error::NotEnoughUnbonding)?;
        let mut stays = false;
        if let State::Leaving(jailed) = record.state {
            ensure(amount >= parameters(role).0, Error::BondTooSmall)?;
            record.state = jailed.map_or(State::Chilled, State::Jailed);
            stays = true;
        }
        record.take_from_chunks(amount);
        record.bond += amount;
        if let Some(pool) = self.pools.get_mut(&(role, who)).filter(|_| stays) {
            pool.leaves_at = None;
        }
        Ok(())
    }

    pub(super) fn withdraw(&mut self, role: Role, who: AccountId) -> Outcome {
        let now = self.now;
        let at_risk = self.pools.get(&(role, who)).is_some_and(|pool| {
            !pool.members.is_empty() && pool.leaves_at.is_none_or(|leaves_at| now < leaves_at)
        });
        let record = self.record(role, who)?;
        let later = record.chunks.split_off(&(now + 1));
        let matured: Balance = std::mem::replace(&mut record.chunks, later)
            .into_values()
            .sum();
        let over =
            matches!(record.state, State::Leaving(_)) && record.chunks.is_empty() && !at_risk;
        ensure(over || matured > 0, Error::NothingMatured)?;
        if over {
            self.records.remove(&(role, who));
            self.close_pool(role, who);
        }
        *self.free.get_mut(&who).unwrap() += matured;
        Ok(())
    }

    pub(super) fn set_operator(
        &mut self,
        role: Role,
        who: AccountId,
        operator: AccountId,
    ) -> Outcome {
        let served = self.operator_of(role, operator);
        let record = self.record(role, who)?;
        ensure(
            served.is_none_or(|served| served == who),
            Error::OperatorInUse,
        )?;
        record.operator = operator;
        Ok(())
    }

    pub(super) fn set_endpoint(&self, role: Role, signer: AccountId, valid: bool) -> Outcome {
        self.resolve(role, signer)?;
        ensure(valid, Error::EndpointInvalid)
    }

    pub(super) fn set_capacity(&mut self, role: Role, who: AccountId, bytes: u64) -> Outcome {
        self.record(role, who)?.declared = bytes;
        Ok(())
    }

    pub(super) fn chill(&mut self, role: Role, signer: AccountId) -> Outcome {
        let who = self.resolve(role, signer)?;
        let record = self.record(role, who)?;
        ensure(record.state == State::Active, Error::NotActive)?;
        record.state = State::Chilled;
        Ok(())
    }

    pub(super) fn activate(&mut self, role: Role, who: AccountId) -> Outcome {
        let record = self.record(role, who)?;
        match record.state {
            State::Active => return Err(Error::AlreadyActive.into()),
            State::Jailed(_) => return Err(Error::StillJailed.into()),
            State::Leaving(_) => return Err(Error::Leaving.into()),
            State::Chilled => {}
        }
        ensure(record.bond >= parameters(role).0, Error::BondTooSmall)?;
        record.state = State::Active;
        Ok(())
    }

    pub(super) fn unjail(&mut self, role: Role, who: AccountId) -> Outcome {
        let now = self.now;
        let record = self.record(role, who)?;
        let State::Jailed(until) = record.state else {
            return Err(Error::NotJailed.into());
        };
        ensure(now >= until, Error::StillJailed)?;
        record.state = State::Chilled;
        Ok(())
    }

    /// Returns what was taken, what the reporter got and what the fund got.
    pub(super) fn slash(
        &mut self,
        role: Role,
        who: AccountId,
        amount: Balance,
        reporter: Option<(AccountId, u32)>,
    ) -> Outcome<(Balance, Balance, Balance)> {
        let record = self.record(role, who)?;
        let taken = amount.min(record.bond + record.unlocking());
        let from_bond = taken.min(record.bond);
        record.bond -= from_bond;
        record.take_from_chunks(taken - from_bond);
        if record.state == State::Active && record.bond < parameters(role).0 {
            record.state = State::Chilled;
        }
        let delegated = self.slash_pool(role, who, amount - taken);
        let mut reward = 0;
        if let Some((reporter, percent)) = reporter {
            let share = taken * Balance::from(percent.min(50)) / 100;
            let balance = self.free.entry(reporter).or_default();
            if *balance + share >= ED {
                *balance += share;
                reward = share;
            }
        }
        let to_fund = taken - reward + delegated;
        *self.free.get_mut(&FUND).unwrap() += to_fund;
        Ok((taken + delegated, reward, to_fund))
    }

    pub(super) fn jail(&mut self, role: Role, who: AccountId, blocks: u32) -> Outcome {
        let end = self.now + blocks;
        let record = self.record(role, who)?;
        record.state = match record.state {
            State::Active | State::Chilled => State::Jailed(end),
            State::Jailed(until) => State::Jailed(until.max(end)),
            State::Leaving(until) => State::Leaving(until.max(Some(end))),
        };
        Ok(())
    }

    pub(super) fn reward(
        &mut self,
        role: Role,
        payer: AccountId,
        who: AccountId,
        amount: Balance,
    ) -> Outcome {
        let bond = self.record(role, who)?.bond;
        if amount > 0 && amount > self.spendable(payer) {
            return Err(Refusal::Currency);
        }
        let to_delegators = self.reward_pool(role, who, bond, amount);
        *self.free.get_mut(&payer).unwrap() -= amount;
        *self.free.get_mut(&who).unwrap() += amount - to_delegators;
        Ok(())
    }

    pub(super) fn reserve(&mut self, role: Role, who: AccountId, bytes: u64) -> Outcome {
        let free = self.free_bytes(role, who);
        let record = self.record(role, who)?;
        ensure(bytes <= free, Error::NotEnoughFreeBytes)?;
        record.reserved += bytes;
        Ok(())
    }

    pub(super) fn release(&mut self, role: Role, who: AccountId, bytes: u64) -> Outcome {
        self.record(role, who)?.reserved -= bytes;
        Ok(())
    }
}
