//! The wallet where an agent is paid: bound by its own signature. What a wallet was paid can be rated with for two periods after its binding has ended, so that an owner
//! cannot choose who rates by binding and unbinding.

use crate::{
    identity::limit, AccountOf, AgentOf, Agents, Config, Error, Event, FormerWallet, Pallet,
    SessionKeys, MAX_WALLETS,
};
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{wrapped, AgentId, WalletBinding};
use noema_traits::Tick;
use sp_runtime::{traits::Verify, ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Whether a key signed the payload, as it is or as wallets in browsers wrap it.
    pub(crate) fn is_signed(signature: &T::Signature, payload: &[u8], key: &AccountOf<T>) -> bool {
        signature.verify(payload, key) || signature.verify(wrapped(payload).as_slice(), key)
    }

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
        // Who acts for an agent is not where it is paid: whoever holds the key would spend both.
        ensure!(
            !SessionKeys::<T>::contains_key(agent, &wallet),
            Error::<T>::KeyInUse
        );
        let binding = WalletBinding {
            agent,
            owner: who.clone(),
            wallet: wallet.clone(),
            nonce: record.bindings,
            deadline,
        };
        ensure!(
            Self::is_signed(signature, &binding.payload(&Self::genesis()), &wallet),
            Error::<T>::BadSignature
        );
        let replaced = Self::end_binding(&mut record)?.filter(|before| *before != wallet);
        record.former.retain(|former| former.wallet != wallet);
        // With room for this one, so that the end of a binding is never refused.
        ensure!(
            limit(MAX_WALLETS) > record.former.len(),
            Error::<T>::TooManyWallets
        );
        record.wallet = Some(wallet.clone());
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::WalletBound {
            agent,
            wallet,
            replaced,
        });
        Ok(())
    }

    pub(crate) fn do_unbind_wallet(who: &AccountOf<T>, agent: AgentId) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        let bound = record.wallet.as_ref().ok_or(Error::<T>::NoWallet)?;
        ensure!(
            bound == who || Self::is_owner(&record, who),
            Error::<T>::NotYourAgent
        );
        let ended = Self::end_binding(&mut record)?;
        let wallet = ended.ok_or(Error::<T>::NoWallet)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::WalletUnbound { agent, wallet });
        Ok(())
    }

    /// Makes everything that wallets have signed until now worthless, and the wallet that is bound, which is returned, a former one.
    pub(crate) fn end_binding(
        record: &mut AgentOf<T>,
    ) -> Result<Option<AccountOf<T>>, DispatchError> {
        record.bindings = record
            .bindings
            .checked_add(1)
            .ok_or(ArithmeticError::Overflow)?;
        let now = Self::now();
        record
            .former
            .retain(|former| Self::can_be_rated_for(former, now));
        let Some(wallet) = record.wallet.take() else {
            return Ok(None);
        };
        let former = FormerWallet {
            wallet: wallet.clone(),
            ended: now,
            tenure: record.tenure,
        };
        record
            .former
            .try_push(former)
            .map_err(|_| Error::<T>::Inconsistent)?;
        Ok(Some(wallet))
    }

    /// Whether what this wallet was paid can still be rated with.
    pub(crate) fn can_be_rated_for(former: &FormerWallet<AccountOf<T>>, now: Tick) -> bool {
        let periods = T::ReputationPeriod::get().saturating_mul(2);
        now < former.ended.saturating_add(periods)
    }

    /// The tenure to which ratings with what was paid to this account belong. None unless the agent is paid there, or was in the last two periods: the account of the
    /// agent itself, which goes along with it, and its wallets.
    pub(crate) fn tenure_of_payments(record: &AgentOf<T>, payee: &AccountOf<T>) -> Option<u32> {
        if *payee == record.account || record.wallet.as_ref() == Some(payee) {
            return Some(record.tenure);
        }
        let now = Self::now();
        record
            .former
            .iter()
            .find(|former| former.wallet == *payee && Self::can_be_rated_for(former, now))
            .map(|former| former.tenure)
    }
}
