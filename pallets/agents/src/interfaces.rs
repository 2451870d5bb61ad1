//! What other layers may ask.

use crate::{AccountOf, Agents, ByAccount, Config, Pallet, SessionKeys, Sessions};
use noema_traits::AgentIdentity;

impl<T: Config> AgentIdentity<AccountOf<T>> for Pallet<T> {
    fn owner(agent: u64) -> Option<AccountOf<T>> {
        Agents::<T>::get(agent).map(|record| record.owner)
    }

    fn account(agent: u64) -> Option<AccountOf<T>> {
        Agents::<T>::get(agent).map(|record| record.account)
    }

    fn wallet(agent: u64) -> Option<AccountOf<T>> {
        Agents::<T>::get(agent).map(|record| record.payee().clone())
    }

    fn agent_of(account: &AccountOf<T>) -> Option<u64> {
        ByAccount::<T>::get(account)
    }

    fn may_act(agent: u64, key: &AccountOf<T>) -> bool {
        let Some(record) = Agents::<T>::get(agent) else {
            return false;
        };
        Self::is_owner(&record, key)
            || SessionKeys::<T>::get(agent, key)
                .and_then(|session| Sessions::<T>::get(agent, session))
                .is_some_and(|session| !session.session.is_over(Self::now()))
    }
}
