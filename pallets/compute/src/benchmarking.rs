//! Weights of the calls, each in its worst case.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    missing_docs,
    reason = "runs in benchmarks and tests only"
)]

mod scene;
mod signing;

use scene::*;
pub use signing::BenchmarkHelper;

use crate::{
    Balance, Books, Call, ChannelState, Channels, ClaimsOf, Config, Lanes, Pairs, Pallet, Purses,
    Services, Sessions,
};
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::traits::Get;
use frame_system::RawOrigin;
use noema_compute_primitives::Price;
use noema_traits::Ticks;

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn announce() {
        let provider = provider::<T>(0);
        let key = T::BenchmarkHelper::key(0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(provider.clone()),
            largest_descriptor(),
            key,
        );

        assert_eq!(Books::<T>::get(provider).unwrap().services, 1);
    }

    #[benchmark]
    fn set_endpoint() {
        let (provider, service) = offered::<T>();
        let endpoint = largest_descriptor().endpoint;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), service, endpoint);

        assert_eq!(Services::<T>::get(service).unwrap().provider, provider);
    }

    #[benchmark]
    fn set_capacity() {
        let (_, service) = offered::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), service, 77);

        assert_eq!(Services::<T>::get(service).unwrap().descriptor.capacity, 77);
    }

    #[benchmark]
    fn set_price() {
        let (provider, service) = offered::<T>();
        let price = Price::Tokens {
            input: 7,
            cached: 7,
            output: 7,
        };
        Pallet::<T>::set_price(RawOrigin::Signed(provider.clone()).into(), service, price).unwrap();
        T::Ticks::set_tick(Pallet::<T>::now() + T::PriceNotice::get());

        #[extrinsic_call]
        _(
            RawOrigin::Signed(provider),
            service,
            largest_descriptor().price,
        );

        assert_eq!(Services::<T>::get(service).unwrap().descriptor.price, price);
    }

    #[benchmark]
    fn set_key() {
        let (provider, service) = offered::<T>();
        let key = T::BenchmarkHelper::key(99);

        #[extrinsic_call]
        _(RawOrigin::Signed(provider), service, key.clone());

        assert_eq!(Services::<T>::get(service).unwrap().key, key);
    }

    #[benchmark]
    fn retire() {
        let (provider, service) = left_behind::<T>();

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), service);

        assert!(!Books::<T>::contains_key(provider));
    }

    #[benchmark]
    fn deposit() {
        let payer = payer::<T>(0);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer.clone()), 1_000);

        assert_eq!(Purses::<T>::get(payer).unwrap().balance, 1_000);
    }

    #[benchmark]
    fn withdraw() {
        let payer = payer::<T>(0);
        Pallet::<T>::deposit(RawOrigin::Signed(payer.clone()).into(), 1_000).unwrap();

        #[extrinsic_call]
        _(RawOrigin::Signed(payer.clone()), 1_000);

        assert!(!Purses::<T>::contains_key(payer));
    }

    #[benchmark]
    fn open() {
        let (_, service) = offered::<T>();
        let payer = payer::<T>(0);

        #[extrinsic_call]
        _(
            RawOrigin::Signed(payer.clone()),
            service,
            cap::<T>(),
            1,
            granted::<T>(0),
        );

        assert_eq!(Purses::<T>::get(payer).unwrap().channels, 1);
    }

    #[benchmark]
    fn top_up() {
        let (_, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 1_000);

        assert_eq!(
            Channels::<T>::get(channel).unwrap().left,
            cap::<T>() + 1_000
        );
    }

    #[benchmark]
    fn grant() {
        let (_, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);
        // As many as the first session left, so that also a runtime with one is measured.
        free_sessions::<T>(channel);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 1, granted::<T>(1));

        assert_eq!(Channels::<T>::get(channel).unwrap().sessions, 1);
    }

    #[benchmark]
    fn revoke() {
        let (_, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 0);

        assert!(Sessions::<T>::get(channel, 0)
            .unwrap()
            .session
            .revoked()
            .is_some());
    }

    #[benchmark]
    fn drop_session(l: Linear<1, { u32::from(T::MaxLanes::get()) }>) {
        let (_, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);
        fill_lanes::<T>(channel, 0, l);
        Pallet::<T>::revoke(RawOrigin::Signed(payer.clone()).into(), channel, 0).unwrap();
        T::Ticks::set_tick(Pallet::<T>::now() + T::CloseLock::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(payer), channel, 0);

        assert_eq!(Lanes::<T>::iter().count(), 0);
    }

    #[benchmark]
    fn redeem(c: Linear<1, { T::MaxClaims::get() }>) {
        let (_, service) = offered::<T>();
        let claims: Vec<_> = (0..c)
            .map(|number| {
                let (_, channel) = opened::<T>(number, service);
                claim::<T>(number, channel)
            })
            .collect();
        let claims: ClaimsOf<T> = claims.try_into().unwrap();

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), claims);

        assert_eq!(Lanes::<T>::iter().count(), c as usize);
    }

    #[benchmark]
    fn close() {
        let (provider, service) = offered::<T>();
        let (_, channel) = opened::<T>(0, service);

        #[extrinsic_call]
        _(RawOrigin::Signed(provider), channel);

        let state = Channels::<T>::get(channel).unwrap().state;
        assert!(matches!(state, ChannelState::Settled { .. }));
    }

    #[benchmark]
    fn settle() {
        let (provider, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);
        Pallet::<T>::retire(RawOrigin::Signed(provider.clone()).into(), service).unwrap();
        Pallet::<T>::close(RawOrigin::Signed(payer).into(), channel).unwrap();
        T::Ticks::set_tick(Pallet::<T>::now() + T::CloseLock::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), channel);

        assert!(!Books::<T>::contains_key(provider));
    }

    #[benchmark]
    fn remove(
        s: Linear<1, { T::MaxSessions::get() }>,
        l: Linear<1, { u32::from(T::MaxLanes::get()) }>,
    ) {
        let (provider, service) = offered::<T>();
        let (_, channel) = opened::<T>(0, service);
        // Fewer lanes than sessions cannot be: then as many.
        fill_sessions::<T>(channel, s, l.max(s));
        Pallet::<T>::close(RawOrigin::Signed(provider.clone()).into(), channel).unwrap();
        T::Ticks::set_tick(Pallet::<T>::now() + T::EvidenceWindow::get());

        #[extrinsic_call]
        _(RawOrigin::Signed(provider), channel);

        assert!(!Channels::<T>::contains_key(channel));
        assert_eq!(Sessions::<T>::iter().count(), 0);
        assert_eq!(Lanes::<T>::iter().count(), 0);
    }

    #[benchmark]
    fn report() {
        let (provider, service) = offered::<T>();
        let (_, channel) = opened::<T>(0, service);
        let claims: ClaimsOf<T> = alloc::vec![claim::<T>(0, channel)].try_into().unwrap();
        Pallet::<T>::redeem(RawOrigin::Signed(provider).into(), claims).unwrap();
        // So much too much that the slash takes all there is: the own bond, what is unbonding, and what others delegated. `set_active` has put these behind it.
        Lanes::<T>::mutate((channel, 0), 0, |lane| {
            let lane = lane.as_mut().unwrap();
            (lane.maximum, lane.redeemed) = (Balance::MAX, Balance::MAX);
        });
        let (receipt, signature) = evidence::<T>(channel);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator::<T>(0)), receipt, signature);

        assert_eq!(
            Lanes::<T>::get((channel, 0), 0).unwrap().punished,
            Balance::MAX
        );
    }

    #[benchmark]
    fn forget() {
        let (provider, service) = offered::<T>();
        let (payer, channel) = opened::<T>(0, service);
        Pallet::<T>::close(RawOrigin::Signed(provider.clone()).into(), channel).unwrap();
        Pallet::<T>::remove(RawOrigin::Signed(payer.clone()).into(), channel).unwrap();

        #[extrinsic_call]
        _(RawOrigin::Signed(payer.clone()), provider.clone());

        assert!(!Pairs::<T>::contains_key(payer, provider));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::with_keys(), crate::mock::Test);
}
