//! Intelligent data: commitments to encrypted files, with keys sealed for holders.

use crate::{
    deposits, identity::limit, AccountOf, AgentOf, Agents, Balance, CommitmentOf, Config, Data,
    DataEntries, DataOf, Error, Event, Pallet, Staged, StagedEntries,
};
use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, DataIndex, Description};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_commit_data(
        who: &AccountOf<T>,
        agent: AgentId,
        description: Description,
        commitment: CommitmentOf<T>,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        ensure!(!commitment.repeats_a_holder(), Error::<T>::HolderRepeated);
        ensure!(record.counts.data < T::MaxData::get(), Error::<T>::TooMany);
        record.counts.data = record.counts.data.saturating_add(1);
        let index = record.next_data;
        record.next_data = index.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let hash = commitment.hash;
        let mut data = Data {
            description,
            commitment,
            version: 0,
            deposit: 0,
        };
        data.deposit = deposits::data::<T>(&data);
        Self::hold_deposit(who, &record.account, data.deposit)?;
        DataEntries::<T>::insert(agent, index, data);
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::DataCommitted { agent, index, hash });
        Ok(())
    }

    pub(crate) fn do_update_data(
        who: &AccountOf<T>,
        agent: AgentId,
        index: DataIndex,
        commitment: CommitmentOf<T>,
    ) -> DispatchResult {
        let record = Self::own(who, agent)?;
        let data = Self::data(agent, index)?;
        ensure!(!commitment.repeats_a_holder(), Error::<T>::HolderRepeated);
        let (old, new) = (data.commitment.hash, commitment.hash);
        let before = data.deposit;
        let data = Self::replaced(data, commitment)?;
        Self::change_deposit(who, &record.account, before, data.deposit)?;
        DataEntries::<T>::insert(agent, index, data);
        Self::deposit_event(Event::DataUpdated {
            agent,
            index,
            old,
            new,
        });
        Ok(())
    }

    /// An entry with another commitment, and the deposit that is to be held for it.
    fn replaced(
        mut data: DataOf<T>,
        commitment: CommitmentOf<T>,
    ) -> Result<DataOf<T>, DispatchError> {
        data.commitment = commitment;
        data.version = data
            .version
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        data.deposit = deposits::data::<T>(&data);
        Ok(data)
    }

    pub(crate) fn do_drop_data(
        who: &AccountOf<T>,
        agent: AgentId,
        index: DataIndex,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        let data = Self::data(agent, index)?;
        record.counts.data = record
            .counts
            .data
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        DataEntries::<T>::remove(agent, index);
        Self::unstage(agent, index)?;
        Self::release_deposit(&record.account, data.deposit)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::DataDropped { agent, index });
        Ok(())
    }

    pub(crate) fn do_stage_data(
        who: &AccountOf<T>,
        agent: AgentId,
        index: DataIndex,
        commitment: CommitmentOf<T>,
    ) -> DispatchResult {
        let record = Self::agent(agent)?;
        ensure!(record.offered.as_ref() == Some(who), Error::<T>::NotOffered);
        let data = Self::data(agent, index)?;
        ensure!(!commitment.repeats_a_holder(), Error::<T>::HolderRepeated);
        Self::unstage(agent, index)?;
        let hash = commitment.hash;
        let deposit = Self::replaced(data, commitment.clone())?.deposit;
        // On the account of whoever stages it: it is theirs until the agent is.
        Self::hold_deposit(who, who, deposit)?;
        let staged = Staged {
            by: who.clone(),
            commitment,
            deposit,
        };
        StagedEntries::<T>::insert(agent, index, staged);
        Self::deposit_event(Event::DataStaged {
            agent,
            index,
            by: who.clone(),
            hash,
        });
        Ok(())
    }

    pub(crate) fn do_unstage_data(
        who: &AccountOf<T>,
        agent: AgentId,
        index: DataIndex,
    ) -> DispatchResult {
        let staged = StagedEntries::<T>::get(agent, index).ok_or(Error::<T>::NothingStaged)?;
        ensure!(staged.by == *who, Error::<T>::NotYourAgent);
        Self::unstage(agent, index)
    }

    /// Removes what is staged for an entry, if anything is.
    fn unstage(agent: AgentId, index: DataIndex) -> DispatchResult {
        if let Some(staged) = StagedEntries::<T>::take(agent, index) {
            Self::release_deposit(&staged.by, staged.deposit)?;
            Self::deposit_event(Event::DataUnstaged {
                agent,
                index,
                by: staged.by,
            });
        }
        Ok(())
    }

    fn data(agent: AgentId, index: DataIndex) -> Result<DataOf<T>, DispatchError> {
        DataEntries::<T>::get(agent, index).ok_or_else(|| Error::<T>::UnknownData.into())
    }

    /// Lets what `to` has staged take the place of all data. Fails if there are any for which it has staged none. Returns how many entries there are.
    pub(crate) fn take_staged(
        agent: AgentId,
        record: &AgentOf<T>,
        to: &AccountOf<T>,
    ) -> Result<u32, DispatchError> {
        let entries: Vec<_> = DataEntries::<T>::iter_prefix(agent)
            .take(limit(record.counts.data))
            .collect();
        let counted = limit(record.counts.data);
        ensure!(entries.len() == counted, Error::<T>::Inconsistent);
        for (index, data) in entries {
            let staged = StagedEntries::<T>::take(agent, index)
                .filter(|staged| staged.by == *to)
                .ok_or(Error::<T>::PrivateData)?;
            let before = data.deposit;
            let (old, new) = (data.commitment.hash, staged.commitment.hash);
            let mut data = Self::replaced(data, staged.commitment)?;
            data.deposit = staged.deposit;
            Self::move_deposit(to, &record.account, staged.deposit)?;
            Self::release_deposit(&record.account, before)?;
            DataEntries::<T>::insert(agent, index, data);
            Self::deposit_event(Event::DataUpdated {
                agent,
                index,
                old,
                new,
            });
        }
        Ok(record.counts.data)
    }

    /// Removes all data and what is staged for them. Returns how many entries there were.
    pub(crate) fn remove_data(agent: AgentId, record: &AgentOf<T>) -> Result<u32, DispatchError> {
        let entries: Vec<_> = DataEntries::<T>::drain_prefix(agent)
            .take(limit(record.counts.data))
            .collect();
        let counted = limit(record.counts.data);
        ensure!(entries.len() == counted, Error::<T>::Inconsistent);
        let mut released: Balance = 0;
        for (index, data) in entries {
            released = released.saturating_add(data.deposit);
            Self::unstage(agent, index)?;
        }
        Self::release_deposit(&record.account, released)?;
        Ok(record.counts.data)
    }
}
