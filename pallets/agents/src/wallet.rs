//! The wallet where an agent is paid: bound by its own signature.

use crate::{AccountOf, AgentOf, Agents, Config, Error, Event, Pallet};
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, WalletBinding};
use noema_traits::Tick;
use sp_runtime::{traits::Verify, ArithmeticError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_bind_wallet(
        who: &AccountOf<T>,
        agent: AgentId,
        wallet: AccountOf<T>,
        deadline: Tick,
        signature: &T::Signature,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        let now = Self::now();
        ensure!(now < deadline, Error::<T>::DeadlinePassed);
        ensure!(
            deadline.saturating_sub(now) <= T::MaxDeadline::get(),
            Error::<T>::DeadlineTooFar
        );
        let binding = WalletBinding {
            agent,
            owner: who.clone(),
            wallet: wallet.clone(),
            nonce: record.bindings,
            deadline,
        };
        ensure!(
            signature.verify(binding.payload(&Self::genesis()).as_slice(), &wallet),
            Error::<T>::BadSignature
        );
        record.wallet = Some(wallet.clone());
        Self::end_binding(&mut record)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::WalletBound { agent, wallet });
        Ok(())
    }

    pub(crate) fn do_unbind_wallet(who: &AccountOf<T>, agent: AgentId) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        let wallet = record.wallet.take().ok_or(Error::<T>::NoWallet)?;
        ensure!(
            record.owner == *who || wallet == *who,
            Error::<T>::NotYourAgent
        );
        Self::end_binding(&mut record)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::WalletUnbound { agent, wallet });
        Ok(())
    }

    /// Makes everything that wallets have signed until now worthless.
    pub(crate) fn end_binding(record: &mut AgentOf<T>) -> DispatchResult {
        record.bindings = record
            .bindings
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        Ok(())
    }
}
