//! Providers, payers and channels for benchmarks.

use super::*;
use crate::{Claim, ClaimOf, GrantOf, Lane, NextChannel, NextService, SessionRecord};
use alloc::vec;
use frame_support::traits::fungible::{Inspect, Mutate};
use noema_compute_primitives::{
    ChannelId, Demand, Descriptor, Receipt, ServiceId, ServiceKind, Usage, VerificationMode,
    Voucher, MAX_MODEL,
};
use noema_session::{Grant, Limits, Session};
use noema_traits::{ProviderRegistry, Role};

/// Of the service key; sessions have lower ones.
const SERVICE_KEY: u32 = u32::MAX;

/// Enough for every deposit and reservation.
fn riches<T: Config>() -> Balance {
    T::Currency::minimum_balance()
        .saturating_add(crate::deposits::service::<T>())
        .saturating_add(crate::deposits::session::<T>(u16::MAX))
        .saturating_mul(1_000)
        .saturating_add(cap::<T>().saturating_mul(1_000))
}

/// What each channel reserves.
pub(super) fn cap<T: Config>() -> Balance {
    T::MinCap::get()
        .max(1_000)
        .max(T::Currency::minimum_balance())
}

pub(super) fn operator<T: Config>(number: u32) -> T::AccountId {
    account("operator", number, 0)
}

/// An active provider with money.
pub(super) fn provider<T: Config>(number: u32) -> T::AccountId {
    let provider: T::AccountId = account("provider", number, 0);
    for who in [&provider, &operator::<T>(number)] {
        T::Currency::set_balance(who, riches::<T>());
    }
    T::Providers::set_active(Role::Compute, &provider, &operator::<T>(number), 1 << 40);
    provider
}

pub(super) fn payer<T: Config>(number: u32) -> T::AccountId {
    let payer: T::AccountId = account("payer", number, 0);
    T::Currency::set_balance(&payer, riches::<T>());
    payer
}

/// With the longest name and endpoint.
pub(super) fn largest_descriptor() -> Descriptor {
    let mut endpoint = b"https://".to_vec();
    endpoint.extend(b"abcdefg.".repeat(20));
    endpoint.extend(b"org#sha256=");
    endpoint.extend([b'0'; 64]);
    Descriptor {
        kind: ServiceKind::Chat,
        model: vec![b'm'; MAX_MODEL as usize].try_into().unwrap(),
        weights: Some([7; 32]),
        endpoint: endpoint.try_into().unwrap(),
        price: Price::Tokens {
            input: 1,
            cached: 1,
            output: 1,
        },
        verification: VerificationMode::None,
        capacity: 1,
    }
}

/// A provider with one service.
pub(super) fn offered<T: Config>() -> (T::AccountId, ServiceId) {
    let provider = provider::<T>(0);
    let service = NextService::<T>::get();
    let key = T::BenchmarkHelper::key(SERVICE_KEY);
    Pallet::<T>::announce(
        RawOrigin::Signed(provider.clone()).into(),
        largest_descriptor(),
        key,
    )
    .unwrap();
    (provider, service)
}

/// A service whose provider is none any more.
pub(super) fn left_behind<T: Config>() -> (T::AccountId, ServiceId) {
    let provider = payer::<T>(77);
    let service = NextService::<T>::get();
    let key = T::BenchmarkHelper::key(SERVICE_KEY);
    Pallet::<T>::add_service(provider.clone(), largest_descriptor(), key).unwrap();
    (provider, service)
}

pub(super) fn granted<T: Config>(key: u32) -> GrantOf<T> {
    Grant {
        key: T::BenchmarkHelper::key(key),
        scope: (),
        limits: Limits {
            per_use: Balance::MAX,
            total: Balance::MAX,
        },
        expires: u64::MAX,
    }
}

/// A channel of the payer with this number, whose session has the key with this number and one lane.
pub(super) fn opened<T: Config>(number: u32, service: ServiceId) -> (T::AccountId, ChannelId) {
    let payer = payer::<T>(number);
    let channel = NextChannel::<T>::get();
    Pallet::<T>::open(
        RawOrigin::Signed(payer.clone()).into(),
        service,
        cap::<T>(),
        1,
        granted::<T>(number),
    )
    .unwrap();
    (payer, channel)
}

/// A claim on all of a channel, with its demand.
pub(super) fn claim<T: Config>(key: u32, channel: ChannelId) -> ClaimOf<T> {
    let voucher = Voucher {
        channel,
        session: 0,
        lane: 0,
        nonce: 1,
        service: 0,
        paid: 0,
        maximum: cap::<T>(),
        request: [7; 32],
        expires: u64::MAX,
        price: largest_descriptor().price,
    };
    let genesis = Pallet::<T>::genesis();
    let demand = Demand::new(&voucher, cap::<T>()).payload(&genesis);
    Claim {
        signature: T::BenchmarkHelper::sign(key, &voucher.payload(&genesis)),
        voucher,
        amount: cap::<T>(),
        demand: Some(T::BenchmarkHelper::sign(SERVICE_KEY, &demand)),
    }
}

/// The longest receipt, which says that nothing is owed.
pub(super) fn evidence<T: Config>(channel: ChannelId) -> (Receipt, T::Signature) {
    let receipt = Receipt {
        channel,
        session: 0,
        lane: 0,
        nonce: 1,
        service: 0,
        request: [7; 32],
        response: [7; 32],
        response_bytes: u64::MAX,
        model: largest_descriptor().model,
        usage: Usage::Tokens {
            input: 0,
            cached: 0,
            output: 0,
        },
        price: largest_descriptor().price,
        amount: 0,
        cumulative: 0,
        time: 0,
    };
    let payload = receipt.payload(&Pallet::<T>::genesis());
    let signature = T::BenchmarkHelper::sign(SERVICE_KEY, &payload);
    (receipt, signature)
}

/// Takes the sessions of a channel away.
pub(super) fn free_sessions<T: Config>(channel: ChannelId) {
    let mut record = Channels::<T>::get(channel).unwrap();
    let deposit = Pallet::<T>::remove_sessions(channel, &record).unwrap();
    Pallet::<T>::release_deposit(&record.payer, deposit);
    (record.sessions, record.lanes) = (0, 0);
    Channels::<T>::insert(channel, record);
}

/// Lets a session have so many lanes, all of which paid.
pub(super) fn fill_lanes<T: Config>(channel: ChannelId, session: u32, lanes: u32) {
    let lanes = u16::try_from(lanes).unwrap();
    let mut record = Channels::<T>::get(channel).unwrap();
    let deposit = crate::deposits::session::<T>(lanes);
    let payer = record.payer.clone();
    match Sessions::<T>::get(channel, session) {
        Some(old) => {
            Pallet::<T>::release_deposit(&payer, old.deposit);
            record.lanes -= old.lanes;
        }
        None => record.sessions += 1,
    }
    Pallet::<T>::hold_deposit(&payer, deposit).unwrap();
    record.lanes += lanes;
    record.next_session = record.next_session.max(session + 1);
    Channels::<T>::insert(channel, record);
    let filled = SessionRecord {
        session: Session::new(granted::<T>(session)),
        lanes,
        deposit,
    };
    Sessions::<T>::insert(channel, session, filled);
    for lane in 0..lanes {
        Lanes::<T>::insert((channel, session), lane, Lane::default());
    }
}

/// Lets a channel have so many sessions with so many lanes in all.
pub(super) fn fill_sessions<T: Config>(channel: ChannelId, sessions: u32, lanes: u32) {
    for session in 0..sessions {
        let share = if session == 0 {
            lanes - (sessions - 1)
        } else {
            1
        };
        fill_lanes::<T>(channel, session, share);
    }
}
