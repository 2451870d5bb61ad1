//! What users may ask of an agent, and that they asked.

use crate::{deposits, AccountOf, Agents, Config, Error, Event, Pallet, Usage, Usages};
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, Hash, UsageScope};
use noema_session::Covers;
use noema_traits::Tick;
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_authorize_usage(
        who: &AccountOf<T>,
        agent: AgentId,
        user: AccountOf<T>,
        scope: UsageScope,
        expires: Tick,
        count: u32,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        ensure!(Self::now() < expires, Error::<T>::UsageOver);
        ensure!(count > 0, Error::<T>::UsageSpent);
        let deposit = deposits::usage::<T>();
        let before = match Usages::<T>::get(agent, &user) {
            Some(old) => old.deposit,
            None => {
                ensure!(
                    record.counts.usages < T::MaxUsages::get(),
                    Error::<T>::TooMany
                );
                record.counts.usages = record.counts.usages.saturating_add(1);
                0
            }
        };
        Self::change_deposit(who, &record.account, before, deposit)?;
        let usage = Usage {
            scope,
            expires,
            left: count,
            used: 0,
            request: Hash::default(),
            deposit,
        };
        Usages::<T>::insert(agent, &user, usage);
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::UsageAuthorized {
            agent,
            user,
            scope,
            expires,
            count,
        });
        Ok(())
    }

    /// By the owner and the user at any time, by anybody when it is over.
    pub(crate) fn do_revoke_usage(
        who: &AccountOf<T>,
        agent: AgentId,
        user: AccountOf<T>,
    ) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        let usage = Self::usage(agent, &user)?;
        let over = usage.expires <= Self::now() || usage.left == 0;
        ensure!(
            over || user == *who || Self::is_owner(&record, who),
            Error::<T>::NotYourAgent
        );
        record.counts.usages = record
            .counts
            .usages
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Usages::<T>::remove(agent, &user);
        Self::release_deposit(&record.account, usage.deposit)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::UsageRevoked { agent, user });
        Ok(())
    }

    pub(crate) fn do_exercise(
        user: AccountOf<T>,
        agent: AgentId,
        wanted: UsageScope,
        request: Hash,
    ) -> DispatchResult {
        let mut usage = Self::usage(agent, &user)?;
        ensure!(Self::now() < usage.expires, Error::<T>::UsageOver);
        ensure!(usage.scope.covers(&wanted), Error::<T>::UsageOutOfScope);
        usage.left = usage.left.checked_sub(1).ok_or(Error::<T>::UsageSpent)?;
        usage.used = usage.used.saturating_add(1);
        usage.request = request;
        let left = usage.left;
        Usages::<T>::insert(agent, &user, usage);
        Self::deposit_event(Event::UsageExercised {
            agent,
            user,
            wanted,
            request,
            left,
        });
        Ok(())
    }

    fn usage(agent: AgentId, user: &AccountOf<T>) -> Result<Usage, DispatchError> {
        Usages::<T>::get(agent, user).ok_or_else(|| Error::<T>::UnknownUsage.into())
    }
}
