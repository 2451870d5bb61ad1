//! Parameters that do not fit together are refused before a chain starts.
#![allow(
    clippy::panic,
    reason = "runs when a runtime is tested, never in a block"
)]

use crate::{math, price, BlockOf, Config, Pallet};
use frame_support::traits::Get;
use noema_commitment::Shape;
use noema_traits::{AgedRandomness, Tick};
use sp_runtime::{
    traits::{One, Saturating, UniqueSaturatedInto, Zero},
    Perbill,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn assert_integrity() {
        Self::assert_placement();
        Self::assert_agenda();
        Self::assert_leases();
    }

    /// How files are placed and proven.
    fn assert_placement() {
        let one = BlockOf::<T>::one();
        assert!(
            (1..=u32::from(u8::MAX)).contains(&T::MaxReplicas::get()),
            "MaxReplicas must be 1 to 255"
        );
        assert!(
            !T::MaxFileSize::get().is_zero() && Shape::new(T::MaxFileSize::get()).is_ok(),
            "MaxFileSize must be the size of a file that has a shape"
        );
        for (name, blocks) in [
            ("DrawDelay", T::DrawDelay::get()),
            ("RedrawDelay", T::RedrawDelay::get()),
            ("ProofDrawDelay", T::ProofDrawDelay::get()),
            ("MaturingDelay", T::MaturingDelay::get()),
        ] {
            assert!(blocks >= one, "{name} must be at least one block");
        }
        assert!(
            T::ReadyWindowBase::get() >= 1,
            "ReadyWindowBase must be at least one tick"
        );
        assert!(
            T::RedrawDelay::get() >= T::DrawDelay::get(),
            "RedrawDelay must not be shorter than DrawDelay"
        );
        let gap: Tick = T::MaxSeedGap::get().unique_saturated_into();
        assert!(
            T::ProveWindow::get() > gap,
            "ProveWindow must be longer than MaxSeedGap, or sectors are drawn too late to prove"
        );
        let window: BlockOf<T> = T::ProveWindow::get().unique_saturated_into();
        let remembered = T::ProofDrawDelay::get()
            .saturating_add(window)
            .saturating_add(T::MaxSeedGap::get())
            .saturating_add(T::AgendaSearch::get().into());
        assert!(
            remembered < T::Randomness::history(),
            "seeds must be remembered for longer than ProofDrawDelay + ProveWindow + MaxSeedGap + \
             AgendaSearch"
        );
        assert!(
            !T::ProofSectors::get().is_zero(),
            "ProofSectors must be at least 1"
        );
        assert!(
            !T::MaxDrawAttempts::get().is_zero(),
            "MaxDrawAttempts must be at least 1"
        );
    }

    /// That the agenda has room for deals, and makes progress.
    fn assert_agenda() {
        assert!(
            T::AgendaCatchUp::get() >= 2,
            "AgendaCatchUp must be at least 2"
        );
        let room = T::AgendaSearch::get()
            .saturating_add(1)
            .saturating_mul(T::MaxTasksPerBlock::get());
        assert!(
            room >= T::MaxReplicas::get(),
            "the agenda must have room for the slots of a deal: \
             (AgendaSearch + 1) × MaxTasksPerBlock >= MaxReplicas"
        );
        let least = Self::needed_agenda_weight();
        assert!(
            least.all_lte(T::MaxAgendaWeight::get()),
            "MaxAgendaWeight must allow {least:?}"
        );
        assert!(
            T::DropsPerBlock::get() >= 1,
            "DropsPerBlock must be at least 1"
        );
    }

    /// The inequalities of `docs/design/money.md` whose numbers are known here.
    fn assert_leases() {
        let (least, base, most) = (
            T::MinBasePrice::get(),
            T::BasePrice::get(),
            T::MaxBasePrice::get(),
        );
        assert!(
            !least.is_zero() && least <= base && base <= most,
            "0 < MinBasePrice <= BasePrice <= MaxBasePrice must hold"
        );
        // 4: bounties and reporter's share must not give a slash back.
        let back = T::BountyShare::get()
            .deconstruct()
            .saturating_add(T::MaxReporterShare::get().deconstruct());
        assert!(
            back < Perbill::one().deconstruct(),
            "BountyShare + MaxReporterShare must be less than one"
        );
        assert!(T::MaxFailures::get() >= 1, "MaxFailures must be at least 1");
        assert!(T::MaxBatch::get() >= 1, "MaxBatch must be at least 1");
        assert!(
            T::MibPerPlacementRound::get() >= 1,
            "MibPerPlacementRound must be at least 1"
        );
        // 5: what a reservation without delivery costs is as much as renting the place.
        let covered = Tick::from(T::PlacementRounds::get())
            .saturating_mul(T::MibPerPlacementRound::get().into())
            .saturating_mul(T::ReadyWindowPerMib::get());
        assert!(
            T::ReadyWindowBase::get() <= covered,
            "ReadyWindowBase must be paid for by PlacementRounds: \
             ReadyWindowBase <= PlacementRounds × MibPerPlacementRound × ReadyWindowPerMib"
        );
        // 6: a lease can be served.
        let (shortest, longest) = (T::MinRounds::get(), T::MaxRounds::get());
        assert!(
            shortest >= 1
                && T::MinRoundsLeft::get() <= shortest
                && shortest.saturating_add(T::GraceRounds::get()) <= longest,
            "1 <= MinRounds, MinRoundsLeft <= MinRounds and MinRounds + GraceRounds <= MaxRounds must hold"
        );
        Self::assert_products();
    }

    /// 7: no product of a purchase overflows.
    fn assert_products() {
        let sectors =
            Shape::new(T::MaxFileSize::get()).map_or(u64::MAX, |shape| shape.padded_sectors());
        let highest: u128 = T::MaxBasePrice::get().unique_saturated_into();
        let placement = math::placement_rounds(
            T::PlacementRounds::get(),
            T::MibPerPlacementRound::get(),
            sectors,
        );
        let rounds = T::MaxRounds::get().saturating_add(placement);
        let largest = price::per_gib(highest, price::HIGHEST_MULTIPLIER)
            .and_then(|price| price::rent(price, sectors))
            .and_then(|rent| rent.checked_mul(u8::MAX.into()))
            .and_then(|sum| sum.checked_mul(rounds.into()));
        assert!(
            largest.is_some_and(|sum| sum.leading_zeros() > 0),
            "the largest lease must cost less than 2^127 units"
        );
    }
}
