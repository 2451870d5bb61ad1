//! Keys that act for an agent.

use crate::{
    deposits, identity::limit, AccountOf, AgentOf, Agents, Balance, Config, Error, Event, GrantOf,
    Pallet, ScheduledActs, SessionKeys, SessionOf, SessionRecord, Sessions, Usages,
};
use frame_support::{ensure, traits::Get};
use noema_agents_primitives::{AgentId, SessionId};
use noema_session::{Allowance, GrantError, Refused, Session, Window};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_grant_session(
        who: &AccountOf<T>,
        agent: AgentId,
        grant: GrantOf<T>,
        allowance: Allowance,
    ) -> DispatchResult {
        let mut record = Self::owned(who, agent)?;
        let now = Self::now();
        grant.check(now).map_err(|error| match error {
            GrantError::Expired { .. } => Error::<T>::GrantExpired,
            GrantError::UseAboveTotal { .. } => Error::<T>::GrantLimits,
        })?;
        ensure!(!grant.scope.is_empty(), Error::<T>::NoCalls);
        ensure!(allowance.period > 0, Error::<T>::PeriodInvalid);
        let key = grant.key.clone();
        let principal =
            key == record.owner || key == record.account || record.wallet.as_ref() == Some(&key);
        ensure!(!principal, Error::<T>::KeyIsPrincipal);
        ensure!(
            !SessionKeys::<T>::contains_key(agent, &key),
            Error::<T>::KeyInUse
        );
        ensure!(
            record.counts.sessions < T::MaxSessions::get(),
            Error::<T>::TooMany
        );
        record.counts.sessions = record.counts.sessions.saturating_add(1);
        let session = record.next_session;
        record.next_session = session.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        let expires = grant.expires;
        let mut granted = SessionRecord {
            session: Session::new(grant),
            allowance,
            window: Window::new(now),
            nonce: 0,
            used: false,
            deposit: 0,
        };
        granted.deposit = deposits::session::<T>(&granted);
        Self::hold_deposit(who, &record.account, granted.deposit)?;
        Sessions::<T>::insert(agent, session, granted);
        SessionKeys::<T>::insert(agent, &key, session);
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::SessionGranted {
            agent,
            session,
            key,
            expires,
        });
        Ok(())
    }

    /// By the owner and the key itself at any time, by anybody when it is over. Nobody relies on it, so that it ends at once.
    pub(crate) fn do_revoke_session(
        who: &AccountOf<T>,
        agent: AgentId,
        session: SessionId,
    ) -> DispatchResult {
        let mut record = Self::agent(agent)?;
        let revoked = Self::session(agent, session)?;
        let key = &revoked.session.grant().key;
        ensure!(
            key == who || revoked.session.is_over(Self::now()) || Self::is_owner(&record, who),
            Error::<T>::NotYourAgent
        );
        record.counts.sessions = record
            .counts
            .sessions
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        Sessions::<T>::remove(agent, session);
        SessionKeys::<T>::remove(agent, key);
        Self::release_deposit(&record.account, revoked.deposit)?;
        Agents::<T>::insert(agent, record);
        Self::deposit_event(Event::SessionRevoked { agent, session });
        Ok(())
    }

    pub(crate) fn session(
        agent: AgentId,
        session: SessionId,
    ) -> Result<SessionOf<T>, DispatchError> {
        Sessions::<T>::get(agent, session).ok_or_else(|| Error::<T>::UnknownSession.into())
    }

    /// The session of a key.
    pub(crate) fn session_of_key(
        agent: AgentId,
        key: &AccountOf<T>,
    ) -> Result<SessionId, DispatchError> {
        SessionKeys::<T>::get(agent, key).ok_or_else(|| Error::<T>::UnknownSession.into())
    }

    /// Notes that the key of a session has acted itself.
    pub(crate) fn note_use(agent: AgentId, session: SessionId) -> DispatchResult {
        let mut record = Self::session(agent, session)?;
        if !record.used {
            record.used = true;
            Sessions::<T>::insert(agent, session, record);
        }
        Ok(())
    }

    /// Counts `spent` against every limit of a session, which is read here and not before: whatever was called in between may have counted, too.
    pub(crate) fn charge(agent: AgentId, session: SessionId, spent: Balance) -> DispatchResult {
        let mut record = Self::session(agent, session)?;
        ensure!(
            spent <= record.session.grant().limits.per_use,
            Error::<T>::AbovePerUse
        );
        record
            .window
            .spend(&record.allowance, Self::now(), spent)
            .map_err(|_| Error::<T>::AbovePeriod)?;
        record.session.spend(spent).map_err(Self::refused)?;
        Sessions::<T>::insert(agent, session, record);
        Ok(())
    }

    pub(crate) fn refused(refused: Refused) -> Error<T> {
        match refused {
            Refused::Over { .. } => Error::<T>::SessionOver,
            Refused::OutOfScope => Error::<T>::OutOfScope,
            Refused::AbovePerUse { .. } => Error::<T>::AbovePerUse,
            Refused::AboveTotal { .. } => Error::<T>::AboveTotal,
        }
    }

    /// Ends all that an owner lets others do: sessions, scheduled acts, usages. Returns how many there were.
    pub(crate) fn end_tenure(
        agent: AgentId,
        record: &mut AgentOf<T>,
    ) -> Result<u32, DispatchError> {
        let counts = record.counts;
        let mut released: Balance = 0;
        let mut ended: u32 = 0;
        for (_, session) in Sessions::<T>::drain_prefix(agent).take(limit(counts.sessions)) {
            SessionKeys::<T>::remove(agent, &session.session.grant().key);
            released = released.saturating_add(session.deposit);
            ended = ended.saturating_add(1);
        }
        for (_, act) in ScheduledActs::<T>::drain_prefix(agent).take(limit(counts.scheduled)) {
            released = released.saturating_add(act.deposit);
            ended = ended.saturating_add(1);
        }
        for (_, usage) in Usages::<T>::drain_prefix(agent).take(limit(counts.usages)) {
            released = released.saturating_add(usage.deposit);
            ended = ended.saturating_add(1);
        }
        let counted = counts
            .sessions
            .saturating_add(counts.scheduled)
            .saturating_add(counts.usages);
        ensure!(ended == counted, Error::<T>::Inconsistent);
        record.counts.sessions = 0;
        record.counts.scheduled = 0;
        record.counts.usages = 0;
        Self::release_deposit(&record.account, released)?;
        Ok(ended)
    }
}
