//! What books and payments ask of a committee.

use crate::{bls, CommitteeRecord, Config, Pallet, SeatBits, WeightInfo};
use alloc::vec::Vec;
use frame_support::weights::Weight;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_traits::{AuditFreeze, RoundIndex, Rounds, Tick, Ticks};
use sp_runtime::traits::BlockNumberProvider;

/// Seats of the largest committee: for fewer, no more keys are added.
const SEATS: u32 = 100;

impl SeatBits {
    /// Without the other's.
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = *self;
        for seat in other.iter() {
            left.clear(seat);
        }
        left
    }
}

impl<AccountId: Clone> CommitteeRecord<AccountId> {
    /// The stakes of all seats, in order.
    pub fn stakes(&self) -> Vec<u128> {
        self.seats.iter().map(|seat| seat.stake).collect()
    }

    /// The stake of all seats.
    pub fn total(&self) -> u128 {
        self.seats
            .iter()
            .fold(0, |sum, seat| sum.saturating_add(seat.stake))
    }

    /// The stake of these seats. None if one of them is no seat.
    pub fn stake_of(&self, bits: &SeatBits) -> Option<u128> {
        bits.iter().try_fold(0u128, |sum, seat| {
            let seat = self.seats.get(usize::from(seat))?;
            Some(sum.saturating_add(seat.stake))
        })
    }

    /// Who has a seat, and its stake.
    pub fn seat(&self, seat: u8) -> Option<(AccountId, u128)> {
        let seat = self.seats.get(usize::from(seat))?;
        Some((seat.provider.clone(), seat.stake))
    }
}

impl<T: Config> Pallet<T> {
    /// The current block.
    pub(crate) fn now() -> BlockNumberFor<T> {
        T::BlockNumberProvider::current_block_number()
    }

    /// The round that runs, which is the running era.
    pub(crate) fn round() -> RoundIndex {
        <T::Clock as Rounds>::current()
    }

    /// Ticks until now.
    pub(crate) fn tick() -> Tick {
        <T::Clock as Ticks>::now()
    }

    /// What an attestation by so many seats weighs, of which so many are put on record with the audits.
    pub(crate) fn weight_of_attest(bits: &SeatBits, enlisted: u32) -> Weight {
        T::WeightInfo::attest(enlisted)
            .saturating_add(T::WeightInfo::verify_aggregate(bls::additions(
                bits.count(),
                SEATS,
            )))
            .saturating_add(T::Audits::weight_of_enlist().saturating_mul(enlisted.into()))
    }
}
