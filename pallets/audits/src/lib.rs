#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::let_underscore_must_use,
        clippy::panic,
        clippy::string_slice,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

mod answer;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod clock;
mod draw;
mod freeze;
mod integrity;
mod math;
pub mod migrations;
#[cfg(test)]
mod mock;
mod reading;
mod rounds;
mod settle;
mod strikes;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "try-runtime", test))]
mod try_state;
pub mod types;
pub mod weights;

pub use math::{challenge_count, challenge_hash, target, Strikes, DOMAIN};
pub use pallet::*;
pub use types::{
    ClockState, Drawn, Level, Pace, Record, Round, RoundState, SeedValue, Standing, StandingInfo,
};
pub use weights::WeightInfo;

use alloc::vec::Vec;
use frame_support::BoundedVec;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_traits::{Auditable, RoundIndex, Tick};

/// The running round of this chain.
pub type RoundOf<T> = Round<BlockNumberFor<T>>;
/// What is on record of a provider of this chain.
pub type RecordOf<T, I = ()> = Record<<T as Config<I>>::Balance>;
/// One challenge of this chain.
pub type ItemOf<T, I = ()> = <<T as Config<I>>::Audited as Auditable<
    <T as frame_system::Config>::AccountId,
    <T as Config<I>>::Balance,
>>::Item;
/// One proof of this chain.
pub type ProofOf<T, I = ()> = <<T as Config<I>>::Audited as Auditable<
    <T as frame_system::Config>::AccountId,
    <T as Config<I>>::Balance,
>>::Proof;
/// Challenges of one round for one provider.
pub type ItemsOf<T, I = ()> = BoundedVec<ItemOf<T, I>, <T as Config<I>>::MaxChallenges>;
/// The same, written down.
pub type DrawnOf<T, I = ()> = Drawn<ItemsOf<T, I>>;
/// A batch of answers: indices of challenges, with their proofs.
pub type AnswersOf<T, I = ()> = BoundedVec<(u8, ProofOf<T, I>), <T as Config<I>>::MaxChallenges>;
/// What a provider is asked for: the round, the first tick that is too late, and each challenge with its index and whether it is answered.
pub type Challenges<Item> = (RoundIndex, Tick, Vec<(u8, Item, bool)>);

#[allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::unreachable,
    reason = "the pallet macros cast indices of variants, expect the instance and match exhaustively"
)]
#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use crate::settle::Work;
    use frame_support::{
        dispatch::WithPostDispatchInfo, pallet_prelude::*, traits::tokens, weights::WeightMeter,
    };
    use frame_system::pallet_prelude::*;
    use noema_storage_layers::ensure_storage_layers;
    use noema_traits::{AgedRandomness, Payroll, ProviderDiscipline, ProviderRegistry, Role};
    use sp_runtime::{
        traits::{BlockNumberProvider, Convert},
        Perbill,
    };

    /// Version of the layout of this pallet's storage.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// The pallet: a clock, rounds, challenges, strike points. One instance for each kind of thing that is held.
    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T, I = ()>(PhantomData<(T, I)>);

    #[pallet::config]
    pub trait Config<I: 'static = ()>: frame_system::Config {
        /// Units of the token.
        type Balance: tokens::Balance;

        /// The role of those who are audited by this instance. No two instances have the same: it enters the hash that draws.
        #[pallet::constant]
        type Role: Get<Role>;

        /// What is audited.
        type Audited: Auditable<Self::AccountId, Self::Balance>;

        /// What rounds earn.
        type Payroll: Payroll<Self::AccountId>;

        /// The bonded providers.
        type Providers: ProviderRegistry<Self::AccountId, Self::Balance>;

        /// Who takes from them.
        type Discipline: ProviderDiscipline<Self::AccountId, Self::Balance, BlockNumberFor<Self>>;

        /// Seeds of rounds. They are remembered for longer than `draw_delay + MaxSeedGap` blocks.
        type Randomness: AgedRandomness<BlockNumberFor<Self>>;

        /// How many blocks past a draw point [`Config::Randomness`] looks for a seed before it is lost.
        #[pallet::constant]
        type MaxSeedGap: Get<BlockNumberFor<Self>>;

        /// Whether `answer` of this instance passes the runtime's call filter now. Asked in `on_poll` and in `on_idle`.
        type Answerable: Get<bool>;

        /// The 32 bytes by which an account enters draws; for `AccountId32` it is `sp_runtime::traits::ConvertInto`. No two accounts may share them.
        type AccountBytes: Convert<Self::AccountId, [u8; 32]>;

        /// The block number by which draw points count: the one by which [`Config::Randomness`] dates its seeds.
        type BlockNumberProvider: BlockNumberProvider<BlockNumber = BlockNumberFor<Self>>;

        /// Challenges of the smallest population that is not empty; at least 1.
        #[pallet::constant]
        type MinChallenges: Get<u32>;

        /// Challenges of the largest; at most 64.
        #[pallet::constant]
        type MaxChallenges: Get<u32>;

        /// Bytes from which on doubling adds one challenge; at least 1.
        #[pallet::constant]
        type ChallengeUnit: Get<u64>;

        /// Points for a missed round.
        #[pallet::constant]
        type MissPoints: Get<u32>;

        /// Points that a passed round takes away; at least 1.
        #[pallet::constant]
        type PassPoints: Get<u32>;

        /// With so many points everything is dropped; a multiple of [`Config::MissPoints`].
        #[pallet::constant]
        type DropPoints: Get<u32>;

        /// Slashed with every miss.
        #[pallet::constant]
        type MissFee: Get<Self::Balance>;

        /// The part of the fee that whoever settles a miss is paid, of the provider's own bond.
        #[pallet::constant]
        type ReporterShare: Get<Perbill>;

        /// The largest share of a slash that [`Config::Discipline`] pays a reporter.
        #[pallet::constant]
        type MaxReporterShare: Get<Perbill>;

        /// The part of the collateral that a second miss takes, with at least twice `MissPoints`.
        #[pallet::constant]
        type SecondSlash: Get<Perbill>;

        /// The part that a third takes.
        #[pallet::constant]
        type ThirdSlash: Get<Perbill>;

        /// The part that the miss takes which drops everything.
        #[pallet::constant]
        type DropSlash: Get<Perbill>;

        /// Blocks for which a dropped provider is jailed.
        #[pallet::constant]
        type JailTerm: Get<BlockNumberFor<Self>>;

        /// Rounds that are settled at once for one provider, at most; at least 1.
        #[pallet::constant]
        type MaxSettle: Get<u32>;

        /// Weights of calls and hooks.
        type WeightInfo: WeightInfo;
    }

    /// The clock.
    #[pallet::storage]
    pub type Clock<T: Config<I>, I: 'static = ()> =
        StorageValue<_, ClockState<BlockNumberFor<T>>, ValueQuery>;

    /// The running round. None before the first tick.
    #[pallet::storage]
    pub type Running<T: Config<I>, I: 'static = ()> = StorageValue<_, RoundOf<T>, OptionQuery>;

    /// The pace that the next round takes.
    #[pallet::storage]
    pub type PaceInForce<T: Config<I>, I: 'static = ()> = StorageValue<_, Pace, ValueQuery>;

    /// Which rounds were skipped, by their number / 256: bit number % 256, the lowest bit of the first byte first. Kept for ever; nothing where none
    /// was. Nobody chooses the keys.
    #[pallet::storage]
    pub type SkippedRounds<T: Config<I>, I: 'static = ()> =
        StorageMap<_, Twox64Concat, u32, [u8; 32], OptionQuery>;

    /// What is on record of providers.
    #[pallet::storage]
    pub type Audited<T: Config<I>, I: 'static = ()> =
        StorageMap<_, Blake2_128Concat, T::AccountId, RecordOf<T, I>, OptionQuery>;

    /// Challenges that are written down, until their round is settled.
    #[pallet::storage]
    pub type Written<T: Config<I>, I: 'static = ()> =
        StorageMap<_, Blake2_128Concat, T::AccountId, DrawnOf<T, I>, OptionQuery>;

    /// The pace at genesis.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config<I>, I: 'static = ()> {
        /// The pace of the first rounds; [`Pace::PRODUCTION`] if none is given.
        pub pace: Option<Pace>,
        /// Of no use.
        #[serde(skip)]
        pub phantom: PhantomData<(T, I)>,
    }

    #[pallet::genesis_build]
    impl<T: Config<I>, I: 'static> BuildGenesisConfig for GenesisConfig<T, I> {
        fn build(&self) {
            if let Some(pace) = self.pace {
                Pallet::<T, I>::assert_pace(&pace);
                PaceInForce::<T, I>::put(pace);
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(crate) fn deposit_event)]
    pub enum Event<T: Config<I>, I: 'static = ()> {
        /// A round began: its seed is awaited, and populations stand still.
        #[codec(index = 0)]
        RoundBegan {
            /// Its number.
            round: RoundIndex,
            /// The block whose seed draws it.
            draw_at: BlockNumberFor<T>,
            /// The tick at which the next one begins.
            ends: Tick,
        },
        /// A round was drawn: it can be answered.
        #[codec(index = 1)]
        RoundDrawn {
            /// Its number.
            round: RoundIndex,
            /// The block whose seed drew it.
            drawn_at: BlockNumberFor<T>,
            /// The first tick that is too late.
            until: Tick,
        },
        /// A round has no seed: nobody is asked for anything.
        #[codec(index = 2)]
        RoundSkipped {
            /// Its number.
            round: RoundIndex,
        },
        /// A batch of answers was accepted.
        #[codec(index = 3)]
        Answered {
            /// Whose.
            provider: T::AccountId,
            /// Of which round.
            round: RoundIndex,
            /// Challenges that the batch answered.
            answered: u8,
            /// Challenges that are left.
            left: u8,
        },
        /// A provider answered everything.
        #[codec(index = 4)]
        RoundPassed {
            /// Who.
            provider: T::AccountId,
            /// Of which round.
            round: RoundIndex,
            /// Its points now.
            points: u32,
        },
        /// A provider did not.
        #[codec(index = 5)]
        RoundMissed {
            /// Who.
            provider: T::AccountId,
            /// Which round.
            round: RoundIndex,
            /// The challenges that were not answered, a bit for each index, the lowest first. All ones when nothing was ever drawn for it.
            unanswered: u64,
            /// The points that decided, this miss included.
            points: u32,
            /// What they bring.
            level: Level,
            /// What was taken, fee included.
            slashed: T::Balance,
            /// What the settler was paid of it.
            reward: T::Balance,
            /// Who settled it for a reward. None: the provider itself, or a change of its population.
            settler: Option<T::AccountId>,
        },
        /// Rounds of a provider were settled. Once for each call that settled any.
        #[codec(index = 6)]
        Settled {
            /// Whose.
            provider: T::AccountId,
            /// Its first round that is not settled.
            next: RoundIndex,
        },
        /// Too many misses: everything is being taken from a provider.
        #[codec(index = 7)]
        DropBegan {
            /// From whom.
            provider: T::AccountId,
            /// The round that was one too many.
            round: RoundIndex,
            /// What the misses that led here took of its own.
            taken: T::Balance,
        },
        /// Everything was taken: the provider may come back.
        #[codec(index = 8)]
        DropEnded {
            /// From whom.
            provider: T::AccountId,
        },
    }

    #[pallet::error]
    pub enum Error<T, I = ()> {
        /// The sender is no operator key of a provider of this role.
        NotAnOperator,
        /// The round is yet to come.
        RoundNotBegun,
        /// The round is over: it was settled, or will be, without this.
        RoundOver,
        /// The round's seed is not there yet. Try again in a few blocks.
        NotDrawn,
        /// The round has no seed and never will. Nobody has to answer.
        RoundSkipped,
        /// The round's window is over.
        TooLate,
        /// The batch is empty. Send one answer at least.
        NoAnswers,
        /// More rounds of the provider are unsettled than one call settles. `poke` it first.
        Unsettled,
        /// Everything is being taken from the provider.
        BeingDropped,
        /// The provider has no challenge in this round, or has answered all.
        NothingToAnswer,
        /// The provider has fewer challenges in this round.
        UnknownChallenge,
        /// The batch answers a challenge twice.
        DuplicateIndex,
        /// The challenge is answered already.
        AlreadyAnswered,
        /// The proof has not the length that one of this sector has.
        WrongProofLength,
        /// The proof says what cannot be.
        MalformedProof,
        /// The proof is not one of what is challenged. Read the challenges at the finalised head.
        WrongProof,
        /// No round of the provider is over and unsettled.
        NothingToSettle,
        /// The round is being drawn. Try again in a few blocks.
        Drawing,
    }

    #[pallet::hooks]
    impl<T: Config<I>, I: 'static> Hooks<BlockNumberFor<T>> for Pallet<T, I> {
        fn on_poll(now: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::poll(now, meter);
        }

        fn on_idle(now: BlockNumberFor<T>, remaining: Weight) -> Weight {
            Self::idle(now, remaining)
        }

        fn integrity_test() {
            Self::assert_integrity();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_now: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config<I>, I: 'static> Pallet<T, I> {
        /// Answers challenges of the running round, in any number of batches, each all or nothing.
        ///
        /// The origin is the operator key of the provider. Free when it is accepted, which every
        /// challenge is once; the fee is withdrawn first and given back.
        #[pallet::call_index(0)]
        #[pallet::weight(Pallet::<T, I>::weight_of_answer(answers.len()))]
        pub fn answer(
            origin: OriginFor<T>,
            round: RoundIndex,
            answers: AnswersOf<T, I>,
        ) -> DispatchResultWithPostInfo {
            let operator = ensure_signed(origin)?;
            ensure_storage_layers()?;
            // One that fails pays for what was done until then: for its proofs only when one of them was hashed.
            let mut work = Work::default();
            let answered = Self::do_answer(&operator, round, &answers, &mut work);
            let weight = work.weight::<T::WeightInfo>();
            answered.map_err(|error| error.with_weight(weight))?;
            Ok((Some(weight), Pays::No).into())
        }

        /// Settles up to `MaxSettle` rounds of a provider that are over, and takes its record away when
        /// nothing is left to say.
        ///
        /// The origin is any signed account. Free when it settles a miss; a share of the miss's fee is
        /// the sender's.
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::poke())]
        pub fn poke(origin: OriginFor<T>, provider: T::AccountId) -> DispatchResultWithPostInfo {
            let settler = ensure_signed(origin)?;
            ensure_storage_layers()?;
            // Whoever is second pays for having looked, and not for what the first one settled.
            let settled = Self::do_poke(&settler, &provider)
                .map_err(|error| error.with_weight(Work::default().weight::<T::WeightInfo>()))?;
            let pays = if settled.missed == 0 {
                Pays::Yes
            } else {
                Pays::No
            };
            let work = Work {
                settled,
                ..Work::default()
            };
            Ok((Some(work.weight::<T::WeightInfo>()), pays).into())
        }
    }
}
