//! What readers ask: bounded, however large the market is.

use crate::{
    Books, Channels, ChannelsOf, ChannelsWith, Config, Lane, Lanes, Pallet, ServiceOf, Services,
    ServicesByKind, ServicesByModel, Sessions,
};
use alloc::{boxed::Box, vec::Vec};
use frame_support::traits::Get;
use noema_compute_primitives::{
    Browse, ChannelId, ChannelInfo, ChannelPage, Descriptor, LaneId, LaneInfo, Page, ProviderInfo,
    Room, ServiceId, ServiceInfo, SessionId, SessionInfo,
};
use noema_traits::{ProviderRegistry, Role};

/// Entries that one page has at most.
pub const MAX_PAGE: usize = 100;
/// Records that are looked at for one page at most.
pub const MAX_SCAN: usize = 1_000;

impl<T: Config> Pallet<T> {
    /// Services of active providers that fit, at most `limit` and [`MAX_PAGE`], after the one with the number `after` of the page before.
    pub fn browse(
        wanted: &Browse,
        after: Option<ServiceId>,
        limit: u32,
    ) -> Page<ServiceInfo<T::AccountId>, ServiceId> {
        let numbers: Box<dyn Iterator<Item = ServiceId>> = match (&wanted.model, wanted.kind) {
            (Some(model), _) => match after {
                None => Box::new(ServicesByModel::<T>::iter_key_prefix(model)),
                Some(after) => {
                    let from = ServicesByModel::<T>::hashed_key_for(model, after);
                    Box::new(ServicesByModel::<T>::iter_key_prefix_from(model, from))
                }
            },
            (None, Some(kind)) => match after {
                None => Box::new(ServicesByKind::<T>::iter_key_prefix(kind)),
                Some(after) => {
                    let from = ServicesByKind::<T>::hashed_key_for(kind, after);
                    Box::new(ServicesByKind::<T>::iter_key_prefix_from(kind, from))
                }
            },
            (None, None) => match after {
                None => Box::new(Services::<T>::iter_keys()),
                Some(after) => Box::new(Services::<T>::iter_keys_from(
                    Services::<T>::hashed_key_for(after),
                )),
            },
        };
        page(numbers, after, limit, |service| {
            let info = Self::service_info(*service)?;
            (info.active && fits(&info.descriptor, wanted)).then_some(info)
        })
    }

    /// A service, with the price in force. None when there is none.
    pub fn service_info(service: ServiceId) -> Option<ServiceInfo<T::AccountId>> {
        let record: ServiceOf<T> = Services::<T>::get(service)?;
        let now = Self::now();
        let price = record.price_at(now);
        Some(ServiceInfo {
            service,
            active: Self::is_active(&record.provider),
            provider: record.provider,
            key: record.key,
            descriptor: Descriptor {
                price,
                ..record.descriptor
            },
            next: record.next.filter(|next| next.from > now),
        })
    }

    /// How a channel stands. None when there is none.
    pub fn channel_info(channel: ChannelId) -> Option<ChannelInfo<T::AccountId>> {
        let record = Channels::<T>::get(channel)?;
        // As many as a channel can have.
        let sessions = Sessions::<T>::iter_prefix(channel)
            .take(MAX_SCAN)
            .map(|(number, granted)| {
                let session = granted.session;
                SessionInfo {
                    session: number,
                    key: session.grant().key.clone(),
                    limits: session.grant().limits,
                    spent: session.spent(),
                    ends: session.ends(),
                    revoked: session.revoked().is_some(),
                    lanes: granted.lanes,
                    redeemed: Self::lanes_info(channel, number),
                }
            })
            .collect();
        Some(ChannelInfo {
            payer: record.payer,
            provider: record.provider,
            service: record.service,
            key: record.key,
            left: record.left,
            redeemed: record.redeemed,
            state: record.state,
            sessions,
        })
    }

    fn lanes_info(channel: ChannelId, session: SessionId) -> Vec<LaneInfo> {
        let info = |(lane, record): (LaneId, Lane)| LaneInfo {
            lane,
            nonce: record.nonce,
            maximum: record.maximum,
            redeemed: record.redeemed,
            at: record.at,
            punished: record.punished,
        };
        Lanes::<T>::iter_prefix((channel, session))
            .take(MAX_SCAN)
            .map(info)
            .collect()
    }

    /// The channels of a payer.
    pub fn channels_of(payer: &T::AccountId, after: Option<ChannelId>, limit: u32) -> ChannelPage {
        let numbers: Box<dyn Iterator<Item = ChannelId>> = match after {
            None => Box::new(ChannelsOf::<T>::iter_key_prefix(payer)),
            Some(after) => {
                let from = ChannelsOf::<T>::hashed_key_for(payer, after);
                Box::new(ChannelsOf::<T>::iter_key_prefix_from(payer, from))
            }
        };
        page(numbers, after, limit, |channel| Some(*channel))
    }

    /// The channels with a provider.
    pub fn channels_with(
        provider: &T::AccountId,
        after: Option<ChannelId>,
        limit: u32,
    ) -> ChannelPage {
        let numbers: Box<dyn Iterator<Item = ChannelId>> = match after {
            None => Box::new(ChannelsWith::<T>::iter_key_prefix(provider)),
            Some(after) => {
                let from = ChannelsWith::<T>::hashed_key_for(provider, after);
                Box::new(ChannelsWith::<T>::iter_key_prefix_from(provider, from))
            }
        };
        page(numbers, after, limit, |channel| Some(*channel))
    }

    /// What stands behind a provider and what it has promised.
    pub fn provider_info(provider: &T::AccountId) -> ProviderInfo {
        let bond = T::Providers::bond(Role::Compute, provider);
        let book = Books::<T>::get(provider).unwrap_or_default();
        let most = Self::carried_by(bond);
        let room = if !Self::is_active(provider) {
            Room::Inactive
        } else {
            match most.checked_sub(book.reserved) {
                None => Room::UnderBonded {
                    by: book.reserved.saturating_sub(most),
                },
                Some(room) if room < T::MinCap::get() => Room::Full,
                Some(room) => Room::UpTo(room),
            }
        };
        ProviderInfo {
            bond,
            services: book.services,
            channels: book.channels,
            reserved: book.reserved,
            room,
        }
    }
}

/// Goes through numbers until there are enough items, or enough was looked at.
fn page<Entry>(
    numbers: impl Iterator<Item = u64>,
    after: Option<u64>,
    limit: u32,
    mut entry: impl FnMut(&u64) -> Option<Entry>,
) -> Page<Entry, u64> {
    let limit = usize::try_from(limit).map_or(MAX_PAGE, |limit| limit.min(MAX_PAGE));
    let mut items = Vec::new();
    if limit == 0 {
        // Nothing was asked for, and nothing is looked at: the answer says where to go on, which is where it began.
        return Page { items, next: after };
    }
    for (looked_at, number) in (1_usize..).zip(numbers) {
        items.extend(entry(&number));
        if items.len() >= limit || looked_at >= MAX_SCAN {
            return Page {
                items,
                next: Some(number),
            };
        }
    }
    Page { items, next: None }
}

fn fits(descriptor: &Descriptor, wanted: &Browse) -> bool {
    wanted.kind.is_none_or(|kind| descriptor.kind == kind)
        && wanted
            .model
            .as_ref()
            .is_none_or(|model| descriptor.model == *model)
        && wanted
            .mode
            .is_none_or(|mode| descriptor.verification == mode)
        && wanted
            .at_most
            .is_none_or(|most| descriptor.price.is_at_most(&most))
}
