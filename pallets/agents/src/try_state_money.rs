//! What must hold of amounts after every block.

use crate::{
    AccountOf, Agents, Balance, Config, DataEntries, EndpointsOf, Feedbacks, HoldReason, Metadata,
    Pallet, ScheduledActs, Sessions, StagedEntries, TagReputations, Usages,
};
use alloc::collections::btree_map::BTreeMap;
use frame_support::{ensure, traits::fungible::InspectHold};
use noema_agents_primitives::AgentId;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// On each account is held exactly what the records of its agent, what it has staged and its feedbacks say, and on all other accounts nothing.
    pub(crate) fn try_state_holds_equal_deposits() -> Result<(), TryRuntimeError> {
        let mut expected: BTreeMap<AccountOf<T>, Balance> = BTreeMap::new();
        let mut add = |who: AccountOf<T>, amount: Balance| {
            let sum = expected.entry(who).or_default();
            *sum = sum.saturating_add(amount);
        };
        for (number, agent) in Agents::<T>::iter() {
            add(
                agent.account,
                agent.deposit.saturating_add(Self::entries_deposit(number)),
            );
        }
        for staged in StagedEntries::<T>::iter_values() {
            add(staged.by, staged.deposit);
        }
        for feedback in Feedbacks::<T>::iter_values() {
            add(feedback.giver, feedback.deposit);
        }
        for (who, deposits) in &expected {
            let held = T::Currency::balance_on_hold(&HoldReason::Deposit.into(), who);
            ensure!(
                held == *deposits,
                "what is held as deposits differs from the records"
            );
        }
        for who in frame_system::Account::<T>::iter_keys() {
            let held = T::Currency::balance_on_hold(&HoldReason::Deposit.into(), &who);
            ensure!(
                held == 0 || expected.contains_key(&who),
                "something is held as a deposit of an account without records"
            );
        }
        Ok(())
    }

    /// The deposits of all entries of an agent.
    fn entries_deposit(agent: AgentId) -> Balance {
        Metadata::<T>::iter_prefix_values(agent)
            .map(|entry| entry.deposit)
            .chain(EndpointsOf::<T>::get(agent).map(|entry| entry.deposit))
            .chain(DataEntries::<T>::iter_prefix_values(agent).map(|entry| entry.deposit))
            .chain(Usages::<T>::iter_prefix_values(agent).map(|entry| entry.deposit))
            .chain(Sessions::<T>::iter_prefix_values(agent).map(|entry| entry.deposit))
            .chain(ScheduledActs::<T>::iter_prefix_values(agent).map(|entry| entry.deposit))
            .chain(TagReputations::<T>::iter_prefix_values(agent).map(|entry| entry.deposit))
            .fold(0, Balance::saturating_add)
    }
}
