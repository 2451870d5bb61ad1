//! What readers ask: bounded, however large the market is.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{
    Balance, Books, ChannelState, Channels, ChannelsOf, ChannelsWith, Config, Lane, Lanes,
    NextPrice, Pallet, ServiceOf, Services, ServicesByKind, ServicesByModel, Sessions,
};
use alloc::{boxed::Box, vec::Vec};
use codec::{Decode, Encode};
use frame_support::traits::Get;
use noema_compute_primitives::{
    ChannelId, Descriptor, LaneId, ModelName, Price, ServiceId, ServiceKind, SessionId,
    VerificationMode,
};
use noema_session::Limits;
use noema_traits::{ProviderRegistry, Role, Tick};
use scale_info::TypeInfo;

/// Entries that one page has at most.
pub const MAX_PAGE: usize = 100;
/// Records that are looked at for one page at most.
pub const MAX_SCAN: usize = 1_000;

/// What is looked for. What is None does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Browse {
    /// Of this kind.
    pub kind: Option<ServiceKind>,
    /// Of this model.
    pub model: Option<ModelName>,
    /// At most at this price, in every part of it, now.
    pub at_most: Option<Price>,
    /// Of this verification mode.
    pub mode: Option<VerificationMode>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Page<Entry, Cursor> {
    /// What was found.
    pub entries: Vec<Entry>,
    /// Where to go on. None at the end; a page may be empty and not the last. Where nothing was asked for, what was passed.
    pub next: Option<Cursor>,
}

/// A service as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ServiceInfo<AccountId> {
    /// Its number.
    pub service: ServiceId,
    /// The bonded account that offers it.
    pub provider: AccountId,
    /// Whether the provider takes new work.
    pub active: bool,
    /// Signs the receipts of channels that are opened now.
    pub key: AccountId,
    /// What the provider says, with the price in force.
    pub descriptor: Descriptor,
    /// The price that was announced and is not yet in force.
    pub next: Option<NextPrice>,
}

/// The last redemption of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct LaneInfo {
    /// The lane.
    pub lane: LaneId,
    /// Nonce of the voucher.
    pub nonce: u64,
    /// Maximum of the voucher.
    pub maximum: Balance,
    /// What the lane has paid in all.
    pub redeemed: Balance,
    /// When: it can be held against the provider for `EvidenceWindow` ticks from then on.
    pub at: Tick,
    /// What of it was shown to be too much, was punished, and is still outstanding: only evidence of more is of use.
    pub punished: Balance,
}

/// Whether a channel can be opened to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Room {
    /// It is not registered, jailed, or takes no new work.
    #[codec(index = 0)]
    Inactive,
    /// A slash left a bond that does not carry the channels that are open.
    #[codec(index = 1)]
    UnderBonded {
        /// By how much these have more reserved than it carries.
        by: Balance,
    },
    /// What its bond still carries is less than the smallest cap.
    #[codec(index = 2)]
    Full,
    /// One with up to this cap.
    #[codec(index = 3)]
    UpTo(Balance),
}

/// What stands behind a provider, and what it has promised. Payers get back what it redeemed too much as long as `SlashFactor` times all of that is within
/// `bond`: for certain, whatever it does in all channels at once, only where `SlashFactor` times `reserved` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ProviderInfo {
    /// Own bond, without what is unbonding.
    pub bond: Balance,
    /// Its services.
    pub services: u32,
    /// Its channels that are not settled.
    pub channels: u32,
    /// What can still be redeemed from these in all.
    pub reserved: Balance,
    /// The channel that can be opened now.
    pub room: Room,
}

/// A session as readers see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SessionInfo<AccountId> {
    /// Its number.
    pub session: SessionId,
    /// The key.
    pub key: AccountId,
    /// What it may spend.
    pub limits: Limits,
    /// What it has spent.
    pub spent: Balance,
    /// The first tick at which nothing signed by it can be redeemed.
    pub ends: Tick,
    /// Whether that is a revocation, after which it should be given no more work.
    pub revoked: bool,
    /// Its lanes are 0 to this number, without it.
    pub lanes: LaneId,
    /// Those from which something was redeemed.
    pub redeemed: Vec<LaneInfo>,
}

/// A channel as readers see it: all that a gateway or a buyer must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ChannelInfo<AccountId> {
    /// Who pays.
    pub payer: AccountId,
    /// Who is paid.
    pub provider: AccountId,
    /// The service that it pays for.
    pub service: ServiceId,
    /// Signs its receipts.
    pub key: AccountId,
    /// What can still be redeemed.
    pub left: Balance,
    /// What was redeemed.
    pub redeemed: Balance,
    /// How far it is.
    pub state: ChannelState,
    /// Its sessions.
    pub sessions: Vec<SessionInfo<AccountId>>,
}

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
    pub fn channels_of(
        payer: &T::AccountId,
        after: Option<ChannelId>,
        limit: u32,
    ) -> Page<ChannelId, ChannelId> {
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
    ) -> Page<ChannelId, ChannelId> {
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

/// Goes through numbers until there are enough entries, or enough was looked at.
fn page<Entry>(
    numbers: impl Iterator<Item = u64>,
    after: Option<u64>,
    limit: u32,
    mut entry: impl FnMut(&u64) -> Option<Entry>,
) -> Page<Entry, u64> {
    let limit = usize::try_from(limit).map_or(MAX_PAGE, |limit| limit.min(MAX_PAGE));
    let mut entries = Vec::new();
    if limit == 0 {
        // Nothing was asked for, and nothing is looked at: the answer says where to go on, which is where it began.
        return Page {
            entries,
            next: after,
        };
    }
    for (looked_at, number) in (1_usize..).zip(numbers) {
        entries.extend(entry(&number));
        if entries.len() >= limit || looked_at >= MAX_SCAN {
            return Page {
                entries,
                next: Some(number),
            };
        }
    }
    Page {
        entries,
        next: None,
    }
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
