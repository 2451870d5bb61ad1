//! Sessions: keys that sign vouchers, each in lanes of its own.

use crate::{
    deposits, Balance, ChannelOf, ChannelState, Channels, Config, Error, Event, GrantOf, Lanes,
    Pallet, SessionOf, SessionRecord, Sessions,
};
use frame_support::{ensure, traits::Get};
use noema_compute_primitives::{ChannelId, LaneId, SessionId};
use noema_session::{GrantError, Session};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    pub(crate) fn do_grant(
        who: &T::AccountId,
        channel: ChannelId,
        lanes: LaneId,
        grant: GrantOf<T>,
    ) -> DispatchResult {
        let mut record = Self::own_channel(who, channel)?;
        ensure!(record.state == ChannelState::Open, Error::<T>::NotOpen);
        Self::add_session(channel, &mut record, lanes, grant)?;
        Channels::<T>::insert(channel, record);
        Ok(())
    }

    /// Adds a session to a channel, which the caller stores.
    pub(crate) fn add_session(
        channel: ChannelId,
        record: &mut ChannelOf<T>,
        lanes: LaneId,
        grant: GrantOf<T>,
    ) -> DispatchResult {
        grant.check(Self::now()).map_err(|error| match error {
            GrantError::Expired { .. } => Error::<T>::GrantExpired,
            GrantError::UseAboveTotal { .. } => Error::<T>::GrantLimits,
        })?;
        ensure!(lanes > 0, Error::<T>::NoLanes);
        let all_lanes = record
            .lanes
            .checked_add(lanes)
            .filter(|all| *all <= T::MaxLanes::get() && record.sessions < T::MaxSessions::get())
            .ok_or(Error::<T>::TooManySessions)?;
        let session = record.next_session;
        record.next_session = session.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        record.sessions = record.sessions.saturating_add(1);
        record.lanes = all_lanes;
        let deposit = deposits::session::<T>(lanes);
        Self::hold_deposit(&record.payer, deposit)?;
        let key = grant.key.clone();
        let granted = SessionRecord {
            session: Session::new(grant),
            lanes,
            deposit,
        };
        Sessions::<T>::insert(channel, session, granted);
        Self::deposit_event(Event::SessionGranted {
            channel,
            session,
            key,
            lanes,
        });
        Ok(())
    }

    pub(crate) fn do_revoke(
        who: &T::AccountId,
        channel: ChannelId,
        session: SessionId,
    ) -> DispatchResult {
        Self::own_channel(who, channel)?;
        let mut record = Self::session(channel, session)?;
        let now = Self::now();
        ensure!(!record.session.is_over(now), Error::<T>::SessionOver);
        let ends = record.session.revoke(now, T::CloseLock::get());
        Sessions::<T>::insert(channel, session, record);
        Self::deposit_event(Event::SessionRevoked {
            channel,
            session,
            ends,
        });
        Ok(())
    }

    /// Returns how many lanes went with the session.
    pub(crate) fn do_drop_session(
        who: &T::AccountId,
        channel: ChannelId,
        session: SessionId,
    ) -> Result<u32, DispatchError> {
        let mut record = Self::own_channel(who, channel)?;
        let dropped = Self::session(channel, session)?;
        let settled = matches!(record.state, ChannelState::Settled { .. });
        ensure!(
            settled || dropped.session.is_over(Self::now()),
            Error::<T>::SessionNotOver
        );
        let lanes = dropped.lanes;
        record.sessions = record
            .sessions
            .checked_sub(1)
            .ok_or(Error::<T>::Inconsistent)?;
        record.lanes = record
            .lanes
            .checked_sub(lanes)
            .ok_or(Error::<T>::Inconsistent)?;
        Channels::<T>::insert(channel, record);
        Sessions::<T>::remove(channel, session);
        Self::remove_lanes(channel, session, dropped.lanes);
        Self::release_deposit(who, dropped.deposit);
        Self::deposit_event(Event::SessionDropped { channel, session });
        Ok(lanes.into())
    }

    /// Removes all sessions of a channel. Returns the deposits that were held for them, which the caller releases.
    pub(crate) fn remove_sessions(
        channel: ChannelId,
        record: &ChannelOf<T>,
    ) -> Result<Balance, DispatchError> {
        let (mut released, mut found): (Balance, u32) = (0, 0);
        // At most as many as a channel can have.
        let limit = usize::try_from(record.sessions).unwrap_or(usize::MAX);
        for (session, dropped) in Sessions::<T>::drain_prefix(channel).take(limit) {
            Self::remove_lanes(channel, session, dropped.lanes);
            released = released.saturating_add(dropped.deposit);
            found = found.saturating_add(1);
        }
        ensure!(found == record.sessions, Error::<T>::Inconsistent);
        Ok(released)
    }

    fn remove_lanes(channel: ChannelId, session: SessionId, lanes: LaneId) {
        for lane in 0..lanes {
            Lanes::<T>::remove((channel, session), lane);
        }
    }

    pub(crate) fn session(
        channel: ChannelId,
        session: SessionId,
    ) -> Result<SessionOf<T>, Error<T>> {
        Sessions::<T>::get(channel, session).ok_or(Error::<T>::UnknownSession)
    }
}
