//! Who an agent is, and whose.

use crate::{
    deposits::{self, whole},
    AccountOf, Agent, AgentOf, Agents, AgentsOf, Aggregate, Balance, ByAccount, Config, Counts,
    EndpointsOf, EndpointsRecord, Error, Event, HoldReason, Metadata, MetadataRecord, NextAgent,
    Pallet, Reputations, TagReputations,
};
use codec::Decode;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect as _, InspectHold as _, Mutate as _},
        tokens::{Fortitude, Precision, Preservation},
        Get,
    },
};
use noema_agents_primitives::{
    account_preimage, AgentId, EndpointFault, Endpoints, FileId, Hash, Key, ServiceEndpoint, Value,
    WALLET_KEY,
};
use noema_traits::{HandOver, Tick, Ticks};
use sp_runtime::{
    traits::{TrailingZeroInput, Zero},
    ArithmeticError, DispatchError, DispatchResult,
};

impl<T: Config> Pallet<T> {
    /// The present tick.
    pub(crate) fn now() -> Tick {
        T::Ticks::now()
    }

    /// What separates the signatures of this chain from those of all others.
    pub(crate) fn genesis() -> Hash {
        frame_system::Pallet::<T>::block_hash(
            frame_system::pallet_prelude::BlockNumberFor::<T>::zero(),
        )
        .into()
    }

    /// The account of the agent with this number, whether there is one or not.
    pub(crate) fn account_of(agent: AgentId) -> Result<AccountOf<T>, DispatchError> {
        let hash = sp_io::hashing::blake2_256(&account_preimage(&Self::genesis(), agent));
        AccountOf::<T>::decode(&mut TrailingZeroInput::new(&hash))
            .map_err(|_| Error::<T>::Inconsistent.into())
    }

    pub(crate) fn agent(agent: AgentId) -> Result<AgentOf<T>, DispatchError> {
        Agents::<T>::get(agent).ok_or_else(|| Error::<T>::UnknownAgent.into())
    }

    /// The agent, if `who` owns it.
    pub(crate) fn owned(who: &AccountOf<T>, agent: AgentId) -> Result<AgentOf<T>, DispatchError> {
        let record = Self::agent(agent)?;
        ensure!(Self::is_owner(&record, who), Error::<T>::NotYourAgent);
        Ok(record)
    }

    /// Whether `who` owns an agent and may say so. An agent's account may not, though it can own one: whoever transfers an agent to the account of a number to come, which
    /// can be computed, has thrown it away.
    pub(crate) fn is_owner(record: &AgentOf<T>, who: &AccountOf<T>) -> bool {
        record.owner == *who && !ByAccount::<T>::contains_key(who)
    }

    /// The agent, if `who` owns it, or is it: a session acts as the agent's account.
    pub(crate) fn own(who: &AccountOf<T>, agent: AgentId) -> Result<AgentOf<T>, DispatchError> {
        let record = Self::agent(agent)?;
        ensure!(
            record.account == *who || Self::is_owner(&record, who),
            Error::<T>::NotYourAgent
        );
        Ok(record)
    }

    pub(crate) fn do_register(
        who: AccountOf<T>,
        file: Option<FileId>,
        endpoints: Endpoints,
    ) -> DispatchResult {
        ensure!(
            !ByAccount::<T>::contains_key(&who),
            Error::<T>::OwnerIsAgent
        );
        let agent = NextAgent::<T>::get();
        let next = agent.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let account = Self::account_of(agent)?;
        // The account keeps this for as long as the agent is there, so that deposits can be held on it.
        T::Currency::transfer(
            &who,
            &account,
            T::Currency::minimum_balance(),
            Preservation::Preserve,
        )
        .map_err(|error| whole(error, Error::<T>::InsufficientFunds))?;
        let deposit = deposits::agent::<T>();
        Self::hold_deposit(&who, &account, deposit)?;
        NextAgent::<T>::put(next);
        let record = Agent {
            owner: who.clone(),
            account: account.clone(),
            wallet: None,
            former: Default::default(),
            offered: None,
            file,
            tenure: 0,
            bindings: 0,
            next_session: 0,
            next_data: 0,
            next_schedule: 0,
            next_feedback: 0,
            counts: Counts::default(),
            deposit,
        };
        AgentsOf::<T>::insert(&who, agent, ());
        ByAccount::<T>::insert(&account, agent);
        Reputations::<T>::insert(agent, Aggregate::default());
        Self::put_endpoints(&who, agent, &record, endpoints)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::Registered {
            agent,
            owner: who,
            account,
        });
        Ok(())
    }

    pub(crate) fn do_set_file(
        who: &AccountOf<T>,
        agent: AgentId,
        file: Option<FileId>,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        record.file = file;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::FileSet { agent, file });
        Ok(())
    }

    pub(crate) fn do_set_endpoints(
        who: &AccountOf<T>,
        agent: AgentId,
        endpoints: Endpoints,
    ) -> DispatchResult {
        let record = Self::owned(who, agent)?;
        Self::put_endpoints(who, agent, &record, endpoints)?;
        Self::deposit_event(Event::EndpointsSet { agent });
        Ok(())
    }

    fn put_endpoints(
        who: &AccountOf<T>,
        agent: AgentId,
        record: &AgentOf<T>,
        endpoints: Endpoints,
    ) -> DispatchResult {
        ServiceEndpoint::check_all(&endpoints).map_err(|fault| match fault {
            EndpointFault::Invalid => Error::<T>::EndpointInvalid,
            EndpointFault::Repeated => Error::<T>::EndpointRepeated,
        })?;
        let old = EndpointsOf::<T>::get(agent).map_or(0, |old| old.deposit);
        let mut new = EndpointsRecord {
            endpoints,
            deposit: 0,
        };
        new.deposit = deposits::endpoints::<T>(&new);
        Self::change_deposit(who, &record.account, old, new.deposit)?;
        if new.endpoints.is_empty() {
            EndpointsOf::<T>::remove(agent);
        } else {
            EndpointsOf::<T>::insert(agent, new);
        }
        Ok(())
    }

    pub(crate) fn do_set_metadata(
        who: &AccountOf<T>,
        agent: AgentId,
        key: Key,
        value: Option<Value>,
    ) -> DispatchResult {
        let mut record = Self::own(who, agent)?;
        ensure!(
            !key.is_empty() && key.as_slice() != WALLET_KEY,
            Error::<T>::KeyInvalid
        );
        let old = Metadata::<T>::get(agent, &key);
        let before = old.as_ref().map_or(0, |old| old.deposit);
        match &value {
            Some(value) => {
                if old.is_none() {
                    ensure!(
                        record.counts.metadata < T::MaxMetadata::get(),
                        Error::<T>::TooMany
                    );
                    record.counts.metadata = record.counts.metadata.saturating_add(1);
                }
                let mut new = MetadataRecord {
                    value: value.clone(),
                    deposit: 0,
                };
                new.deposit = deposits::metadata::<T>(&key, &new);
                Self::change_deposit(who, &record.account, before, new.deposit)?;
                Metadata::<T>::insert(agent, &key, new);
            }
            None => {
                ensure!(old.is_some(), Error::<T>::UnknownMetadata);
                record.counts.metadata = record
                    .counts
                    .metadata
                    .checked_sub(1)
                    .ok_or(Error::<T>::Inconsistent)?;
                Metadata::<T>::remove(agent, &key);
                Self::release_deposit(&record.account, before)?;
            }
        }
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::MetadataSet { agent, key, value });
        Ok(())
    }

    pub(crate) fn do_offer(
        who: &AccountOf<T>,
        agent: AgentId,
        to: Option<AccountOf<T>>,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        if let Some(to) = &to {
            Self::ensure_can_own(&record, to)?;
        }
        record.offered = to.clone();
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::Offered { agent, to });
        Ok(())
    }

    /// Agents own no agents: whoever acts for one would act for the other, by limits that were not set for that.
    fn ensure_can_own(record: &AgentOf<T>, to: &AccountOf<T>) -> DispatchResult {
        ensure!(record.owner != *to, Error::<T>::AlreadyOwner);
        ensure!(!ByAccount::<T>::contains_key(to), Error::<T>::OwnerIsAgent);
        Ok(())
    }

    /// Returns how many records were replaced or removed.
    pub(crate) fn do_transfer(
        who: &AccountOf<T>,
        agent: AgentId,
        to: AccountOf<T>,
    ) -> Result<Removed, DispatchError> {
        let mut record = Self::owned(who, agent)?;
        Self::ensure_can_own(&record, &to)?;
        ensure!(
            T::HandOver::may_change_hands(&record.account),
            Error::<T>::CannotChangeHands
        );
        let data = Self::take_staged(agent, &record, &to)?;
        let others = Self::end_tenure(agent, &mut record)?;
        Self::end_binding(&mut record)?;
        record.owner = to.clone();
        record.offered = None;
        record.tenure = record
            .tenure
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        AgentsOf::<T>::remove(who, agent);
        AgentsOf::<T>::insert(&to, agent, ());
        let tenure = record.tenure;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::Transferred {
            agent,
            from: who.clone(),
            to,
            tenure,
        });
        Ok(Removed { data, others })
    }

    /// Returns how many records were removed.
    pub(crate) fn do_burn(who: &AccountOf<T>, agent: AgentId) -> Result<Removed, DispatchError> {
        let mut record = Self::owned(who, agent)?;
        let ended = Self::end_tenure(agent, &mut record)?;
        let data = Self::remove_data(agent, &record)?;
        let mut released = record.deposit;
        let counts = record.counts;
        let mut found: u32 = 0;
        for entry in Metadata::<T>::drain_prefix(agent).take(limit(counts.metadata)) {
            released = released.saturating_add(entry.1.deposit);
            found = found.saturating_add(1);
        }
        for entry in TagReputations::<T>::drain_prefix(agent).take(limit(counts.tags)) {
            released = released.saturating_add(entry.1.deposit);
            found = found.saturating_add(1);
        }
        let counted = counts.metadata.saturating_add(counts.tags);
        ensure!(found == counted, Error::<T>::Inconsistent);
        if let Some(endpoints) = EndpointsOf::<T>::take(agent) {
            released = released.saturating_add(endpoints.deposit);
        }
        Reputations::<T>::remove(agent);
        Agents::<T>::remove(agent);
        AgentsOf::<T>::remove(who, agent);
        ByAccount::<T>::remove(&record.account);
        Self::release_deposit(&record.account, released)?;
        let (returned, left) = Self::empty_account(who, &record.account)?;
        Self::deposit_event(Event::Burned {
            agent,
            owner: who.clone(),
            returned,
            left,
        });
        Ok(Removed {
            data,
            others: ended.saturating_add(counted),
        })
    }

    /// Gives everything on the account to the owner. Refused while something is held or frozen there, since nobody has a key of it. At most the existential deposit stays, where
    /// another layer keeps the account alive without asking: an asset that somebody gave it, for instance. Returns what the owner got, and what stays.
    fn empty_account(
        owner: &AccountOf<T>,
        account: &AccountOf<T>,
    ) -> Result<(Balance, Balance), DispatchError> {
        let all = T::Currency::total_balance(account);
        ensure!(
            T::Currency::balance(account) == all,
            Error::<T>::AccountInUse
        );
        let movable =
            T::Currency::reducible_balance(account, Preservation::Expendable, Fortitude::Polite);
        let left = all.checked_sub(movable).ok_or(Error::<T>::Inconsistent)?;
        ensure!(
            left <= T::Currency::minimum_balance(),
            Error::<T>::AccountInUse
        );
        if movable > 0 {
            T::Currency::transfer(account, owner, movable, Preservation::Expendable)
                .map_err(|error| whole(error, Error::<T>::AccountInUse))?;
        }
        Ok((movable, left))
    }

    pub(crate) fn do_withdraw(
        who: &AccountOf<T>,
        agent: AgentId,
        amount: Balance,
    ) -> DispatchResult {
        let record = Self::owned(who, agent)?;
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        T::Currency::transfer(&record.account, who, amount, Preservation::Preserve)
            .map_err(|error| whole(error, Error::<T>::InsufficientFunds))?;
        Self::deposit_event(Event::Withdrawn { agent, amount });
        Ok(())
    }

    /// Moves a deposit from whoever staged an entry to the agent's account.
    pub(crate) fn move_deposit(
        from: &AccountOf<T>,
        account: &AccountOf<T>,
        amount: Balance,
    ) -> DispatchResult {
        use frame_support::traits::{fungible::MutateHold as _, tokens::Restriction};
        let reason = HoldReason::Deposit.into();
        ensure!(
            T::Currency::balance_on_hold(&reason, from) >= amount,
            Error::<T>::Inconsistent
        );
        T::Currency::transfer_on_hold(
            &reason,
            from,
            account,
            amount,
            Precision::Exact,
            Restriction::OnHold,
            Fortitude::Polite,
        )?;
        Ok(())
    }
}

/// How many records a call replaced or removed.
pub(crate) struct Removed {
    /// Entries of data.
    pub(crate) data: u32,
    /// All others.
    pub(crate) others: u32,
}

/// A number of records as a limit of an iteration.
pub(crate) fn limit(records: u32) -> usize {
    usize::try_from(records).unwrap_or(usize::MAX)
}
