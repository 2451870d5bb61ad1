//! Weights of calls and hooks, each in its worst case: as many keys, candidates and seats as there can be.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
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
        EnsureOrigin, Get,
    },
    weights::WeightMeter,
    BoundedVec,
};
use frame_system::RawOrigin;
use noema_da_primitives::{Possession, MAX_SEATS};
use noema_traits::{AgedRandomness, ProviderRegistry, Rounds};
use sp_runtime::traits::{BlockNumberProvider, Bounded, Saturating};

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

pub(crate) mod scene;

#[benchmarks]
mod benchmarks {
    use super::{scene::*, *};
    use crate::{
        lists::List, records::Entry, ClosingCursor, Day, DeadlineCursor, Drops, EndingCursor,
        MemberCursor, Members, NextSubmission, Price, SeedCursor, Submissions,
    };
    use noema_da_primitives::{BundleFront, Content, MemberEntry, MemberId, Namespace};
    use noema_traits::{Outcome, Payroll};

    #[benchmark]
    fn set_key() {
        let (who, operator) = provider::<T>(1);
        let (least, of_least) = provider::<T>(2);
        let (key, point) = signing::key_of(1);
        let proof = possession::<T>(&least, 1);
        Pallet::<T>::do_set_key(&of_least, &key, &proof, None).expect("the key is right");
        // More than the other has.
        T::Providers::set_active(ROLE, &who, &operator, 1 << 41);
        for number in 1..T::MaxKeys::get() {
            let deposit = 0u32.into();
            let record = KeyRecord {
                key,
                point,
                deposit,
            };
            Keys::<T>::insert(account::<T::AccountId>("keyed", number, 0), record);
        }
        let (key, _) = signing::key_of(2);
        let proof = possession::<T>(&who, 2);

        #[extrinsic_call]
        _(RawOrigin::Signed(operator), key, proof, Some(least.clone()));

        assert!(!Keys::<T>::contains_key(&least));

        assert_eq!(Keys::<T>::get(&who).unwrap().key, key);
    }

    #[benchmark]
    fn retire_key() -> Result<(), BenchmarkError> {
        let (who, operator) = provider::<T>(1);
        let (key, _) = signing::key_of(2);
        Pallet::<T>::do_set_key(&operator, &key, &possession::<T>(&who, 2), None)
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

    #[benchmark]
    fn on_poll() {
        begin::<T>();
        let mut meter = WeightMeter::new();
        Pallet::<T>::fix_price(&mut meter);

        #[block]
        {
            Pallet::<T>::fix_price(&mut meter);
        }

        assert!(Price::<T>::exists());
    }

    #[benchmark]
    fn on_poll_price() {
        begin::<T>();
        let mut meter = WeightMeter::new();
        Pallet::<T>::fix_price(&mut meter);
        T::Clock::set_round(ERA + 1);

        #[block]
        {
            Pallet::<T>::fix_price(&mut meter);
        }

        assert_eq!(Price::<T>::get().unwrap().round, ERA + 1);
    }

    #[benchmark]
    fn step_passed() {
        begin::<T>();
        available::<T>(largest(), 1);
        ClosingCursor::<T>::put((ERA, 3));

        #[block]
        {
            Pallet::<T>::step_closing().unwrap();
        }

        assert_eq!(ClosingCursor::<T>::get(), Some((ERA, 4)));
    }

    #[benchmark]
    fn step_seeded() {
        begin::<T>();
        let all = crate::BalanceOf::<T>::max_value();
        Pallet::<T>::do_submit(payer::<T>(0), largest(), SPACE, 1, all).unwrap();
        let block = T::BlockNumberProvider::current_block_number() + T::RowDrawDelay::get();
        T::Randomness::set_seed(block, [5; 32]);

        #[block]
        {
            Pallet::<T>::step_seed().unwrap();
        }

        assert_eq!(SeedCursor::<T>::get(), 1);
    }

    #[benchmark]
    fn step_noted() {
        begin::<T>();
        available::<T>(largest(), 1);
        T::Clock::set_round(ERA + 2);
        ClosingCursor::<T>::put((ERA + 2, 0));

        #[block]
        {
            Pallet::<T>::step_closing().unwrap();
        }

        assert!(crate::Books::<T>::get(ERA).unwrap().is_noted(0));
    }

    #[benchmark]
    fn step_dropped() {
        begin::<T>();
        available::<T>(largest(), 13);
        T::Clock::set_round(ERA + 2);
        ClosingCursor::<T>::put((ERA + 2, 12));
        Pallet::<T>::step_closing().unwrap();
        ClosingCursor::<T>::put((ERA + 3, 0));
        let (who, _) = provider::<T>(1);
        Drops::<T>::insert(&who, ERA + 2);

        #[block]
        {
            Pallet::<T>::step_drop().unwrap();
        }

        assert!(crate::Accounts::<T>::get(&who).unwrap().eras.is_empty());
    }

    #[benchmark]
    fn step_refunded() {
        begin::<T>();
        let id = submitted::<T>(largest(), 1);
        DeadlineCursor::<T>::put(id);
        after_bits::<T>();

        #[block]
        {
            Pallet::<T>::pass_next_deadline().unwrap();
        }

        assert!(!Submissions::<T>::contains_key(id));
    }

    /// Of a list with one chunk more than the one whose last entry goes.
    #[benchmark]
    fn step_ended() {
        begin::<T>();
        let id = available::<T>(largest(), 1);
        let mut book = crate::Books::<T>::get(ERA).unwrap();
        let bits = SeatBits::all(MAX_SEATS);
        for _ in 0..64 {
            let entry = Entry {
                submission: id,
                units: 1,
                bits,
            };
            Pallet::<T>::append_entry(&mut book, ERA, 0, entry).unwrap();
        }
        crate::Books::<T>::insert(ERA, book);
        T::Clock::set_round(ERA + 6);
        ClosingCursor::<T>::put((ERA + 7, 0));
        EndingCursor::<T>::put((ERA + 6, 0, 63));

        #[block]
        {
            Pallet::<T>::step_ending().unwrap();
        }

        assert!(!Submissions::<T>::contains_key(id));
        assert_eq!(crate::Entries::<T>::iter().count(), 1);
    }

    #[benchmark]
    fn step_finished() {
        begin::<T>();
        let id = available::<T>(largest(), 1);
        T::Clock::set_round(ERA + 2);
        ClosingCursor::<T>::put((ERA + 2, 0));
        Pallet::<T>::step_closing().unwrap();
        T::Clock::set_round(ERA + 6);
        let seated: Vec<_> = crate::Sums::<T>::iter_prefix(ERA).collect();
        for (who, _) in seated {
            for round in ERA + 2..ERA + 6 {
                <Pallet<T> as Payroll<T::AccountId>>::settle(&who, round, Outcome::Missed);
            }
        }
        ClosingCursor::<T>::put((ERA + 7, 0));
        EndingCursor::<T>::put((ERA + 6, 0, 0));

        #[block]
        {
            Pallet::<T>::step_ending().unwrap();
        }

        assert!(!Submissions::<T>::contains_key(id));
        assert!(!crate::Books::<T>::contains_key(ERA));
    }

    /// A bundle of as many members as there can be, and the last of them.
    fn bundle() -> (crate::submissions::Blob, BundleFront) {
        let member = MemberEntry {
            size: 16,
            id: MemberId([4; 32]),
        };
        let members = alloc::vec![member; noema_da_primitives::MAX_MEMBERS as usize];
        let front = BundleFront::new::<crate::HostHashing>(&members).unwrap();
        let blob = crate::submissions::Blob {
            commitment: noema_da_primitives::Commitment([6; 32]),
            size: front.size(),
            content: Content::Bundle(*front.header()),
        };
        (blob, front)
    }

    const OTHER: Namespace = Namespace([8; 28]);

    #[benchmark]
    fn step_member_ended() {
        begin::<T>();
        let (blob, front) = bundle();
        let id = available::<T>(blob, 1);
        let proof = front.prover().prove(65_535).unwrap();
        let all = crate::BalanceOf::<T>::max_value();
        Pallet::<T>::do_submit_member(payer::<T>(1), id, &proof, OTHER, 1, all).unwrap();
        T::Clock::set_round(ERA + 6);
        MemberCursor::<T>::put((ERA + 5, 0));

        #[block]
        {
            Pallet::<T>::step_member().unwrap();
        }

        assert!(!Members::<T>::contains_key(OTHER, 0));
    }

    #[benchmark]
    fn submit() {
        begin::<T>();
        let who = payer::<T>(0);
        let crate::submissions::Blob {
            commitment,
            size,
            content,
        } = largest();
        let all = crate::BalanceOf::<T>::max_value();

        #[extrinsic_call]
        _(
            RawOrigin::Signed(who),
            commitment,
            size,
            content,
            SPACE,
            13 as Day,
            all,
        );

        assert_eq!(NextSubmission::<T>::get(), 1);
    }

    #[benchmark]
    fn attest(e: Linear<0, { MAX_SEATS as u32 }>) {
        begin::<T>();
        let id = submitted::<T>(largest(), 13);
        // The others are on record.
        let all = SeatBits::all(MAX_SEATS);
        let mut committee = Committees::<T>::get(ERA).unwrap();
        let mut book = Pallet::<T>::new_book(committee.total());
        let mut others = SeatBits::default();
        for seat in e..MAX_SEATS as u32 {
            others.set(seat as u8);
        }
        Pallet::<T>::enlist(&mut book, ERA, &others, &mut committee).unwrap();
        crate::Books::<T>::insert(ERA, book);
        let done;

        #[block]
        {
            let case = Pallet::<T>::open_attest(id, all).unwrap();
            done = Pallet::<T>::close_attest(case).unwrap();
        }

        assert!(done.first && done.enlisted == e);
    }

    #[benchmark]
    fn expire() {
        begin::<T>();
        let id = available::<T>(largest(), 1);
        T::Clock::set_round(ERA + 6);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer::<T>(1)), id);

        assert!(!Submissions::<T>::contains_key(id));
    }

    #[benchmark]
    fn extend(d: Linear<1, 12>) {
        begin::<T>();
        let id = available::<T>(largest(), 1);
        after_bits::<T>();
        let who = payer::<T>(1);
        let all = crate::BalanceOf::<T>::max_value();

        #[extrinsic_call]
        _(RawOrigin::Signed(who), id, d as Day, all);

        let list = List::Only(2).index().unwrap();
        assert_eq!(
            crate::Books::<T>::get(ERA)
                .unwrap()
                .list(list)
                .unwrap()
                .entries,
            1
        );
    }

    #[benchmark]
    fn submit_member() {
        begin::<T>();
        let (blob, front) = bundle();
        let id = available::<T>(blob, 1);
        let proof = front.prover().prove(65_535).unwrap();
        let all = crate::BalanceOf::<T>::max_value();

        #[extrinsic_call]
        _(
            RawOrigin::Signed(payer::<T>(1)),
            id,
            proof,
            OTHER,
            1 as Day,
            all,
        );

        assert!(Members::<T>::contains_key(OTHER, 0));
    }

    #[benchmark]
    fn expire_member() {
        begin::<T>();
        let (blob, front) = bundle();
        let id = available::<T>(blob, 1);
        let proof = front.prover().prove(65_535).unwrap();
        let all = crate::BalanceOf::<T>::max_value();
        Pallet::<T>::do_submit_member(payer::<T>(1), id, &proof, OTHER, 1, all).unwrap();
        T::Clock::set_round(ERA + 6);

        #[extrinsic_call]
        _(RawOrigin::Signed(payer::<T>(2)), OTHER, 0);

        assert!(!Members::<T>::contains_key(OTHER, 0));
    }

    #[benchmark]
    fn set_base_price() -> Result<(), BenchmarkError> {
        let origin =
            T::PriceOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let price = T::BasePrice::get();

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, price);

        assert_eq!(Price::<T>::get().unwrap().next_base, price);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
