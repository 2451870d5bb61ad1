//! Parameters that do not fit together are refused before a chain starts.
#![allow(
    clippy::panic,
    reason = "runs when a runtime is tested and when genesis is built, never in a block"
)]

use crate::{clock::Room, AnswersOf, Config, Pace, Pallet};
use codec::MaxEncodedLen;
use frame_support::{dispatch::DispatchClass, traits::Get};
use noema_traits::AgedRandomness;
use sp_runtime::{
    traits::{Saturating, UniqueSaturatedInto, Zero},
    Perbill,
};

/// Bytes of an extrinsic beside its answers, at most: signature, extensions, the round, lengths.
const ENVELOPE: u32 = 512;

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// Refuses a pace under which a round's window could end after the round, or seeds be forgotten.
    pub(crate) fn assert_pace(pace: &Pace) {
        let gap: u64 = T::MaxSeedGap::get().unique_saturated_into();
        assert!(
            pace.fits(gap),
            "pallet-noema-audits: {pace:?} does not fit: expected draw_delay and answer_ticks of at least 1, and \
             answer_ticks + draw_delay + MaxSeedGap ({gap}) + 2 <= round_ticks",
        );
        let needed = T::MaxSeedGap::get().saturating_add(pace.draw_delay.into());
        assert!(
            T::Randomness::history() > needed,
            "pallet-noema-audits: seeds are remembered for {:?} blocks, expected more than draw_delay + MaxSeedGap ({needed:?})",
            T::Randomness::history(),
        );
    }

    pub(crate) fn assert_integrity() {
        let (least, most) = (T::MinChallenges::get(), T::MaxChallenges::get());
        assert!(
            (1..=64).contains(&most),
            "pallet-noema-audits: `MaxChallenges` is {most}, expected 1 to 64: each has a bit of the record"
        );
        assert!(
            (1..=most).contains(&least),
            "pallet-noema-audits: `MinChallenges` is {least}, expected 1 to `MaxChallenges` ({most})"
        );
        assert!(
            T::ChallengeUnit::get() > 0,
            "pallet-noema-audits: `ChallengeUnit` is 0, expected at least a byte"
        );
        let rule = Self::strikes();
        assert!(
            rule.miss > 0
                && rule.drop_at >= rule.miss
                && rule.drop_at.checked_rem(rule.miss) == Some(0),
            "pallet-noema-audits: `DropPoints` is {}, expected a multiple of `MissPoints` ({})",
            rule.drop_at,
            rule.miss,
        );
        assert!(
            rule.pass >= 1,
            "pallet-noema-audits: `PassPoints` is 0: a miss would never be forgotten"
        );
        let parts = [
            T::SecondSlash::get(),
            T::ThirdSlash::get(),
            T::DropSlash::get(),
        ];
        let sum = parts.iter().fold(0u64, |sum, part| {
            sum.saturating_add(part.deconstruct().into())
        });
        assert!(
            sum <= Perbill::one().deconstruct().into(),
            "pallet-noema-audits: `SecondSlash`, `ThirdSlash` and `DropSlash` are more than everything together"
        );
        assert!(
            T::ReporterShare::get() <= T::MaxReporterShare::get(),
            "pallet-noema-audits: `ReporterShare` is more than `MaxReporterShare`"
        );
        assert!(
            !T::MaxSettle::get().is_zero(),
            "pallet-noema-audits: `MaxSettle` is 0, nothing would ever be settled"
        );
        Self::assert_pace(&Pace::PRODUCTION);
        Self::assert_answer_fits();
    }

    /// The worst answer fits into the room that every tick has.
    fn assert_answer_fits() {
        let weights = T::BlockWeights::get();
        let room = Room::of(&weights, &T::BlockLength::get());
        let bytes = AnswersOf::<T, I>::max_encoded_len();
        let length = u32::try_from(bytes)
            .unwrap_or(u32::MAX)
            .saturating_add(ENVELOPE);
        let most = usize::try_from(T::MaxChallenges::get()).unwrap_or(usize::MAX);
        // As the SDK counts: what every extrinsic costs, and its length as a part of the proof.
        let weight = Self::weight_of_answer(most)
            .saturating_add(weights.get(DispatchClass::Normal).base_extrinsic)
            .saturating_add_proof_size(length.into());
        assert!(
            weight.all_lte(room.weight) && length <= room.length,
            "pallet-noema-audits: the largest answer needs {weight:?} and {length} bytes, but a tick has room for {:?} and \
             {} bytes; lower `MaxChallenges` or raise the block's limits",
            room.weight,
            room.length,
        );
    }
}
