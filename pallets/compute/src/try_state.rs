//! What must hold after every block. Each function checks one invariant; those of money stand beside.

use crate::{
    Channels, ChannelsOf, ChannelsWith, Config, Lanes, NextChannel, NextService, Pallet, Services,
    ServicesByKind, ServicesByModel, ServicesOf, Sessions,
};
use alloc::{collections::btree_map::BTreeMap, collections::btree_set::BTreeSet};
use frame_support::{ensure, traits::Get};
use noema_compute_primitives::{ChannelId, LaneId, SessionId};
use noema_endpoint::Endpoint;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Checks every invariant of the pallet's storage.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_state_services_are_valid()?;
        Self::try_state_services_are_listed()?;
        Self::try_state_channels_are_listed()?;
        Self::try_state_sessions_are_counted()?;
        Self::try_state_lanes_have_sessions()?;
        Self::try_state_books_match()?;
        Self::try_state_purses_match()?;
        Self::try_state_pairs_match()?;
        Self::try_state_redeemed_is_the_sum_of_lanes()?;
        Self::try_state_holds_equal_purses()?;
        Self::try_state_holds_equal_deposits()
    }

    /// Every service has a number that was given out and a description that would be accepted.
    pub(crate) fn try_state_services_are_valid() -> Result<(), TryRuntimeError> {
        for (number, service) in Services::<T>::iter() {
            ensure!(
                number < NextService::<T>::get(),
                "a service has a number that was not given out"
            );
            ensure!(
                service.descriptor.check().is_ok()
                    && Endpoint::parse(&service.descriptor.endpoint).is_ok(),
                "a service has a description that is none"
            );
            let metering = service.descriptor.kind.metering();
            ensure!(
                service
                    .next
                    .is_none_or(|next| next.price.metering() == metering),
                "a service will have a price for what its kind does not count"
            );
        }
        Ok(())
    }

    /// Every service is in the lists of its provider, kind and model, and nothing else is.
    pub(crate) fn try_state_services_are_listed() -> Result<(), TryRuntimeError> {
        let mut services = 0_usize;
        for (number, service) in Services::<T>::iter() {
            services = services.saturating_add(1);
            ensure!(
                ServicesOf::<T>::contains_key(&service.provider, number)
                    && ServicesByKind::<T>::contains_key(service.descriptor.kind, number)
                    && ServicesByModel::<T>::contains_key(&service.descriptor.model, number),
                "a service is missing in a list"
            );
        }
        let lists = [
            ServicesOf::<T>::iter_keys().count(),
            ServicesByKind::<T>::iter_keys().count(),
            ServicesByModel::<T>::iter_keys().count(),
        ];
        ensure!(
            lists.into_iter().all(|listed| listed == services),
            "a list has a service that is not there, or not so"
        );
        Ok(())
    }

    /// Every channel has a number that was given out, and is in the lists of its payer and its provider, and nothing else is.
    pub(crate) fn try_state_channels_are_listed() -> Result<(), TryRuntimeError> {
        let mut channels = 0_usize;
        for (number, channel) in Channels::<T>::iter() {
            channels = channels.saturating_add(1);
            ensure!(
                number < NextChannel::<T>::get(),
                "a channel has a number that was not given out"
            );
            ensure!(
                channel.service < NextService::<T>::get(),
                "a channel is for a service that there never was"
            );
            ensure!(
                channel.payer != channel.provider,
                "a channel pays its own payer"
            );
            ensure!(
                ChannelsOf::<T>::contains_key(&channel.payer, number)
                    && ChannelsWith::<T>::contains_key(&channel.provider, number),
                "a channel is missing in a list"
            );
        }
        ensure!(
            ChannelsOf::<T>::iter_keys().count() == channels
                && ChannelsWith::<T>::iter_keys().count() == channels,
            "a list has a channel that is not there, or not so"
        );
        Ok(())
    }

    /// Every channel counts its sessions and their lanes, within the limits; their numbers were given out; none is without a channel.
    pub(crate) fn try_state_sessions_are_counted() -> Result<(), TryRuntimeError> {
        let mut counts: BTreeMap<ChannelId, (u32, LaneId)> = BTreeMap::new();
        for (channel, number, session) in Sessions::<T>::iter() {
            let record =
                Channels::<T>::get(channel).ok_or("a session is of a channel that is not there")?;
            ensure!(
                number < record.next_session,
                "a session has a number that was not given out"
            );
            ensure!(session.lanes > 0, "a session has no lanes");
            let (sessions, lanes) = counts.entry(channel).or_default();
            *sessions = sessions.saturating_add(1);
            *lanes = lanes.saturating_add(session.lanes);
        }
        for (number, channel) in Channels::<T>::iter() {
            let counted = counts.get(&number).copied().unwrap_or_default();
            ensure!(
                counted == (channel.sessions, channel.lanes),
                "a channel counts other sessions or lanes than it has"
            );
            ensure!(
                channel.sessions <= T::MaxSessions::get() && channel.lanes <= T::MaxLanes::get(),
                "a channel has more sessions or lanes than it may"
            );
        }
        Ok(())
    }

    /// Every lane is one of its session's, and was redeemed.
    pub(crate) fn try_state_lanes_have_sessions() -> Result<(), TryRuntimeError> {
        let mut lanes: BTreeSet<(ChannelId, SessionId, LaneId)> = BTreeSet::new();
        for ((channel, session), number, lane) in Lanes::<T>::iter() {
            let record = Sessions::<T>::get(channel, session)
                .ok_or("a lane is of a session that is not there")?;
            ensure!(number < record.lanes, "a session has a lane too many");
            ensure!(lane.redeemed > 0, "a lane is kept that paid nothing");
            ensure!(
                lane.at <= Self::now(),
                "a lane was redeemed at a tick to come"
            );
            ensure!(
                lanes.insert((channel, session, number)),
                "a lane is there twice"
            );
        }
        Ok(())
    }
}
