//! What happened.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod events {
    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A provider has a key, or another one. It counts from the next committee on whose candidates are fixed.
        #[codec(index = 0)]
        KeySet {
            /// Who.
            provider: T::AccountId,
            /// The key.
            key: SeatKey,
        },
        /// A provider has no key any more. Committees that have it keep it.
        #[codec(index = 1)]
        KeyRetired {
            /// Whose.
            provider: T::AccountId,
        },
        /// It is fixed who may be drawn for an era, with what stake.
        #[codec(index = 2)]
        CandidatesFixed {
            /// The era.
            era: EraIndex,
            /// How many there are.
            candidates: u32,
            /// The block whose seed draws.
            draw_at: BlockNumberFor<T>,
        },
        /// An era has its committee.
        #[codec(index = 3)]
        CommitteeFormed {
            /// The era.
            era: EraIndex,
            /// The committee's name.
            committee: CommitteeId,
            /// How many seats it has.
            seats: u32,
            /// Whether the seats of the committee before serve on, since there were too few candidates or no seed.
            carried: bool,
        },
        /// An era has no committee so far: there are too few candidates, and nobody who could serve on. It is tried again.
        #[codec(index = 4)]
        NoCommittee {
            /// The era.
            era: EraIndex,
        },
    }
}
