//! Weights of calls and hooks, each in its worst case: as many keys, candidates and seats as there can be.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a benchmark that cannot do what it is for must stop"
)]

use crate::{
    bls::{self, POSSESSION_SUITE, SIGNATURE_SUITE},
    keys::ROLE,
    signing, Call, Candidate, Candidates, Committees, Config, EraIndex, Forming, FormingState,
    KeyRecord, Keys, LastCommittee, NextEra, Pallet, SeatBits, WeightInfo,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{
        fungible::{Inspect, Mutate},
        Get,
    },
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use noema_da_primitives::{Possession, MAX_SEATS};
use noema_traits::{ProviderRegistry, Rounds};
use sp_runtime::traits::{BlockNumberProvider, Saturating};

/// The era that benchmarks run in.
pub(crate) const ERA: EraIndex = 8;

/// An active provider with its operator, and funds on both.
pub(crate) fn provider<T: Config>(number: u32) -> (T::AccountId, T::AccountId) {
    let who: T::AccountId = account("provider", number, 0);
    let operator: T::AccountId = account("operator", number, 0);
    let much = T::Currency::minimum_balance().saturating_mul(1_000_000u32.into());
    for one in [&who, &operator] {
        T::Currency::mint_into(one, much).expect("there is room for it");
    }
    T::Providers::set_active(ROLE, &who, &operator, 1 << 40);
    (who, operator)
}

/// A proof that the provider has this secret.
fn possession<T: Config>(who: &T::AccountId, secret: u64) -> bls::SignatureBytes {
    let (key, _) = signing::key_of(secret);
    let message = Possession {
        genesis: Pallet::<T>::genesis(),
        pallet: Pallet::<T>::pallet_index(),
        provider: &who.encode(),
        key: &key,
    };
    signing::sign(secret, POSSESSION_SUITE, &message.signing_bytes())
}

/// Gives a provider a key.
fn put_key<T: Config>(who: &T::AccountId, secret: u64) {
    let (key, point) = signing::key_of(secret);
    let record = KeyRecord {
        key,
        point,
        deposit: 0u32.into(),
    };
    Keys::<T>::insert(who, record);
}

/// So many candidates, who are no providers: nobody asks.
fn candidates<T: Config>(number: u32) -> Vec<Candidate<T::AccountId>> {
    (0..number)
        .map(|number| Candidate {
            provider: account("candidate", number, 0),
            stake: u128::from(number) + 1,
        })
        .collect()
}

/// A committee of so many seats whose secrets are 1, 2, 3 and so on, each of an active provider of that number.
pub(crate) fn put_committee<T: Config>(era: EraIndex, seats: u32) {
    let seats: Vec<_> = (1..=seats)
        .map(|number| {
            let (who, _) = provider::<T>(number);
            put_key::<T>(&who, number.into());
            Candidate {
                provider: who,
                stake: 1_000,
            }
        })
        .collect();
    let seats = Pallet::<T>::seats(seats.into_iter());
    let record = Pallet::<T>::record(era, seats).expect("it has seats");
    Committees::<T>::insert(era, record);
    NextEra::<T>::put(era + 1);
    LastCommittee::<T>::put(BoundedVec::default());
}

/// Everybody's secret of a committee, added up, but of those who are absent: the seats with the highest numbers.
pub(crate) fn secret_of<T: Config>(era: EraIndex, bits: &SeatBits) -> u64 {
    let committee = Committees::<T>::get(era).expect("it is there");
    let keys: Vec<_> = (1..=MAX_SEATS as u64)
        .map(|secret| signing::key_of(secret).0)
        .collect();
    bits.iter()
        .map(|seat| {
            let key = committee.seats[usize::from(seat)].key;
            keys.iter().position(|one| *one == key).unwrap() as u64 + 1
        })
        .sum()
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn set_key() {
        let (who, operator) = provider::<T>(1);
        put_key::<T>(&who, 1);
        let (key, _) = signing::key_of(2);
        let proof = possession::<T>(&who, 2);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), key, proof);

        assert_eq!(Keys::<T>::get(&who).unwrap().key, key);
    }

    #[benchmark]
    fn retire_key() -> Result<(), BenchmarkError> {
        let (who, operator) = provider::<T>(1);
        let (key, _) = signing::key_of(2);
        Pallet::<T>::do_set_key(&operator, &key, &possession::<T>(&who, 2))
            .map_err(|_| BenchmarkError::Stop("the key is refused"))?;

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), who.clone());

        assert!(!Keys::<T>::contains_key(&who));
        Ok(())
    }

    #[benchmark]
    fn form_base() {
        T::Clock::set_round(ERA);
        NextEra::<T>::put(ERA + 2);
        LastCommittee::<T>::put(BoundedVec::default());
        let now = T::BlockNumberProvider::current_block_number();
        let forming = Forming::Drawing {
            era: ERA + 2,
            draw_at: now,
        };
        FormingState::<T>::put(forming);
        let mut meter = WeightMeter::with_limit(T::WeightInfo::form_base());

        #[block]
        {
            Pallet::<T>::form_committees(&mut meter);
        }

        assert!(FormingState::<T>::exists());
    }

    #[benchmark]
    fn collect(k: Linear<1, { T::KeysPerBlock::get() }>) {
        T::Clock::set_round(ERA);
        for number in 0..k {
            let (who, _) = provider::<T>(number);
            put_key::<T>(&who, 1);
        }
        let before = candidates::<T>(T::MaxKeys::get() - k);
        Candidates::<T>::put(BoundedVec::truncate_from(before));
        let limit = T::WeightInfo::collect(k);
        let mut meter = WeightMeter::with_limit(limit);

        #[block]
        {
            Pallet::<T>::collect(ERA, None, &mut meter);
        }

        assert_eq!(Candidates::<T>::get().len() as u32, T::MaxKeys::get());
    }

    #[benchmark]
    fn draw(k: Linear<{ MAX_SEATS as u32 }, { T::MaxKeys::get() }>) {
        T::Clock::set_round(ERA);
        let fixed = candidates::<T>(k);
        for candidate in &fixed {
            put_key::<T>(&candidate.provider, 1);
        }
        Candidates::<T>::put(BoundedVec::truncate_from(fixed));

        #[block]
        {
            Pallet::<T>::form(ERA, Some([7; 32]));
        }

        assert_eq!(Committees::<T>::get(ERA).unwrap().seats.len(), MAX_SEATS);
    }

    #[benchmark]
    fn verify_aggregate(k: Linear<0, 50>) {
        let seats = MAX_SEATS as u32;
        put_committee::<T>(ERA, seats);
        let mut bits = SeatBits::all(MAX_SEATS);
        for seat in 0..k {
            bits.clear((seats - 1 - seat) as u8);
        }
        let message = [7u8; 256];
        let signature = signing::sign(secret_of::<T>(ERA, &bits), SIGNATURE_SUITE, &message);
        let verdict;

        #[block]
        {
            let committee = Committees::<T>::get(ERA).unwrap();
            verdict = bls::aggregate_verifies(&committee, &bits, &message, &signature);
        }

        assert_eq!(verdict, Ok(()));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
