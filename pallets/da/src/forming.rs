//! How an era gets its committee: candidates are fixed, then drawn by a seed that nobody knew when they were.
//!
//! ```text
//!            an era is due           all keys looked at           seed, or none
//! (nothing) ───────────────▶ Collecting ────────────────▶ Drawing ──────────────▶ (nothing), committee formed
//! ```

use crate::{
    bls, BalanceOf, Candidate, Candidates, CommitteeRecord, Committees, Config, EraIndex, Event,
    Forming, FormingState, HostHashing, KeyRecord, Keys, LastCommittee, NextEra, Pallet, Seat,
    SeatBits, WeightInfo,
};
use alloc::vec::Vec;
use codec::Encode;
use frame_support::{defensive, traits::Get, weights::WeightMeter, BoundedVec};
use noema_da_primitives::{CommitteeId, MAX_SEATS};
use noema_traits::{AgedRandomness, Rounds};
use sp_core::U256;
use sp_runtime::traits::{BlockNumberProvider, Saturating};

/// What stands before the hash of each draw.
pub const DRAW_DOMAIN: &[u8; 16] = b"noema/da/seat/v1";

/// Eras between the one that begins and the one whose candidates are fixed then.
pub const AHEAD: EraIndex = 2;

type FormingOf<T> = Forming<
    <T as frame_system::Config>::AccountId,
    frame_system::pallet_prelude::BlockNumberFor<T>,
>;

/// The places in `candidates` of at most `seats` that are drawn, ascending: one after the other without replacement, each with a probability in proportion to its
/// stake among those that are left. All of them, if they are no more. Draw number i takes SHA-256([`DRAW_DOMAIN`] ‖ seed ‖ era ‖ i), a number of 256 bits, modulo the
/// stake that is left.
pub(crate) fn drawn(stakes: &[u128], seats: usize, era: EraIndex, seed: &[u8; 32]) -> Vec<usize> {
    if stakes.len() <= seats {
        return (0..stakes.len()).collect();
    }
    let mut left: Vec<u128> = stakes.to_vec();
    let mut total = left.iter().fold(U256::zero(), |sum, stake| {
        sum.saturating_add(U256::from(*stake))
    });
    let mut places = Vec::new();
    for number in 0..u32::try_from(seats).unwrap_or(u32::MAX) {
        let preimage = (DRAW_DOMAIN, seed, era, number).encode();
        let hash = U256::from_little_endian(&sp_io::hashing::sha2_256(&preimage));
        let Some(mut target) = hash.checked_rem(total) else {
            // Nobody with stake is left.
            break;
        };
        for (place, stake) in left.iter_mut().enumerate() {
            let part = U256::from(*stake);
            match target.checked_sub(part) {
                Some(rest) => target = rest,
                None => {
                    places.push(place);
                    *stake = 0;
                    total = total.saturating_sub(part);
                    break;
                }
            }
        }
    }
    places.sort_unstable();
    places
}

impl<T: Config> Pallet<T> {
    /// The era that runs.
    pub fn era() -> EraIndex {
        T::Clock::current()
    }

    /// The committee of an era, while it is kept.
    pub fn committee(era: EraIndex) -> Option<CommitteeRecord<T::AccountId>> {
        Committees::<T>::get(era)
    }

    /// The seat that a provider has in an era.
    pub fn seat_of(era: EraIndex, provider: &T::AccountId) -> Option<u8> {
        let committee = Committees::<T>::get(era)?;
        let place = committee
            .seats
            .binary_search_by(|seat| seat.provider.cmp(provider))
            .ok()?;
        u8::try_from(place).ok()
    }

    /// Takes away the committee of an era of which nothing can be asked for any more.
    pub(crate) fn forget_committee(era: EraIndex) {
        Committees::<T>::remove(era);
    }

    /// Goes on with making committees, as far as the weight reaches.
    pub(crate) fn form_committees(meter: &mut WeightMeter) {
        if meter.try_consume(T::WeightInfo::form_base()).is_err() {
            return;
        }
        // One that was begun before a standstill, for an era that is over, would serve nobody, and never be forgotten.
        let going_on = FormingState::<T>::get().filter(|forming| {
            let (Forming::Collecting { era, .. } | Forming::Drawing { era, .. }) = forming;
            *era >= Self::era()
        });
        match going_on.or_else(Self::begin_forming) {
            None => {}
            Some(Forming::Collecting { era, after }) => Self::collect(era, after, meter),
            Some(Forming::Drawing { era, draw_at }) => Self::draw_if_due(era, draw_at, meter),
        }
    }

    /// Begins with the next era that has no committee, if it is time for that and there is somebody to look at. The first committee of a chain, and the first after
    /// there was none, is for the era that runs: its candidates do not know their seed either.
    fn begin_forming() -> Option<FormingOf<T>> {
        let running = Self::era();
        let era = NextEra::<T>::get().max(running);
        let carried = LastCommittee::<T>::get().is_some();
        let due = era <= running.saturating_add(AHEAD);
        if !due || (!carried && Keys::<T>::count() < T::MinSeats::get()) {
            return None;
        }
        let forming = Forming::Collecting { era, after: None };
        Candidates::<T>::kill();
        FormingState::<T>::put(&forming);
        Some(forming)
    }

    /// Looks at as many keys as the weight reaches for.
    pub(crate) fn collect(era: EraIndex, after: Option<T::AccountId>, meter: &mut WeightMeter) {
        let most = T::KeysPerBlock::get();
        let fits = (1..=most)
            .rev()
            .find(|keys| meter.can_consume(T::WeightInfo::collect(*keys)));
        let Some(keys) = fits else { return };
        meter.consume(T::WeightInfo::collect(keys));
        let mut iter = match &after {
            Some(after) => Keys::<T>::iter_from(Keys::<T>::hashed_key_for(after)),
            None => Keys::<T>::iter(),
        };
        let mut last = after;
        let mut candidates = Candidates::<T>::get();
        for _ in 0..keys {
            let Some((provider, _)) = iter.next() else {
                Candidates::<T>::put(&candidates);
                return Self::fix_candidates(era, candidates.len());
            };
            last = Some(provider.clone());
            if let Some(stake) = Self::candidate_stake(&provider) {
                // There are no more keys than that but while one goes and another one comes.
                let candidate = Candidate { provider, stake };
                if candidates.try_push(candidate).is_err() {
                    break;
                }
            }
        }
        Candidates::<T>::put(&candidates);
        FormingState::<T>::put(Forming::Collecting { era, after: last });
    }

    fn fix_candidates(era: EraIndex, count: usize) {
        let draw_at =
            T::BlockNumberProvider::current_block_number().saturating_add(T::SeatDrawDelay::get());
        FormingState::<T>::put(Forming::Drawing { era, draw_at });
        Self::deposit_event(Event::CandidatesFixed {
            era,
            candidates: u32::try_from(count).unwrap_or(u32::MAX),
            draw_at,
        });
    }

    /// Draws when the seed is there, or is lost.
    fn draw_if_due(
        era: EraIndex,
        draw_at: frame_system::pallet_prelude::BlockNumberFor<T>,
        meter: &mut WeightMeter,
    ) {
        let now = T::BlockNumberProvider::current_block_number();
        if now < draw_at {
            return;
        }
        let seed = T::Randomness::seed_from(draw_at).map(|seed| seed.value);
        // It may still come in the last block that counts.
        if seed.is_none() && now <= draw_at.saturating_add(T::MaxSeedGap::get()) {
            return;
        }
        let weight = T::WeightInfo::draw(T::MaxKeys::get());
        if meter.try_consume(weight).is_ok() {
            Self::form(era, seed);
        }
    }

    /// Makes the committee of an era of the candidates.
    pub(crate) fn form(era: EraIndex, seed: Option<[u8; 32]>) {
        let candidates = Candidates::<T>::take();
        FormingState::<T>::kill();
        let chosen = match seed {
            Some(seed) => {
                let stakes: Vec<u128> = candidates.iter().map(|one| one.stake).collect();
                let places = drawn(&stakes, MAX_SEATS, era, &seed);
                let chosen = places.into_iter().filter_map(|place| candidates.get(place));
                Self::seats(chosen.cloned())
            }
            None => Vec::new(),
        };
        // Keys may have been retired since candidates were fixed.
        let is_drawn = u32::try_from(chosen.len()).is_ok_and(|count| count >= T::MinSeats::get());
        let seats = if is_drawn {
            chosen
        } else {
            Self::carried_seats(candidates.into_inner())
        };
        let Some(record) = Self::record(era, seats) else {
            Self::deposit_event(Event::NoCommittee { era });
            return;
        };
        Self::deposit_event(Event::CommitteeFormed {
            era,
            committee: record.id,
            seats: u32::try_from(record.seats.len()).unwrap_or(u32::MAX),
            carried: !is_drawn,
        });
        Committees::<T>::insert(era, record);
        let roster = Committees::<T>::get(era).map(|record| {
            let providers: Vec<_> = record.seats.into_iter().map(|seat| seat.provider).collect();
            BoundedVec::truncate_from(providers)
        });
        LastCommittee::<T>::set(roster);
        NextEra::<T>::put(era.saturating_add(1));
    }

    /// Those of the last committee who may be drawn, with the stakes that they have now.
    fn carried_seats(mut candidates: Vec<Candidate<T::AccountId>>) -> Vec<Seat<T::AccountId>> {
        let last = LastCommittee::<T>::get().unwrap_or_default();
        candidates.retain(|candidate| last.contains(&candidate.provider));
        Self::seats(candidates.into_iter())
    }

    /// The seats of these, in the order of their accounts, with the keys that they have now. Who has none any more is left out.
    pub(crate) fn seats(
        candidates: impl Iterator<Item = Candidate<T::AccountId>>,
    ) -> Vec<Seat<T::AccountId>> {
        let mut seats: Vec<_> = candidates
            .filter_map(|Candidate { provider, stake }| {
                let KeyRecord { key, point, .. }: KeyRecord<BalanceOf<T>> =
                    Keys::<T>::get(&provider)?;
                Some(Seat {
                    provider,
                    key,
                    point,
                    stake,
                })
            })
            .collect();
        seats.sort_by(|a, b| a.provider.cmp(&b.provider));
        seats
    }

    /// The record of a committee of these seats. None if nobody has one.
    pub(crate) fn record(
        era: EraIndex,
        seats: Vec<Seat<T::AccountId>>,
    ) -> Option<CommitteeRecord<T::AccountId>> {
        let id =
            CommitteeId::new::<HostHashing>(era, seats.iter().map(|seat| (&seat.key, seat.stake)));
        if seats.is_empty() {
            return None;
        }
        let Some(sum) = bls::sum_of(seats.iter().map(|seat| &seat.point)) else {
            defensive!("a key was stored that is none");
            return None;
        };
        Some(CommitteeRecord {
            id,
            seats: BoundedVec::try_from(seats).ok()?,
            sum,
            enlisted: SeatBits::default(),
        })
    }
}
