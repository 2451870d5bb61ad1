//! What a runtime decides.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod config {
    /// What a runtime decides.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<RuntimeEvent: From<Event<Self>>, Hash: Into<[u8; 32]>>
    {
        /// The calls of the runtime.
        type RuntimeCall: Parameter
            + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin, PostInfo = PostDispatchInfo>
            + GetDispatchInfo
            + From<Call<Self>>
            + IsType<<Self as frame_system::Config>::RuntimeCall>;

        /// The token that agents have and spend.
        type Currency: fungible::Inspect<Self::AccountId, Balance = Balance>
            + fungible::Mutate<Self::AccountId>
            + fungible::InspectHold<Self::AccountId, Reason = Self::RuntimeHoldReason>
            + fungible::MutateHold<Self::AccountId>;

        /// The hold reasons of the whole runtime.
        type RuntimeHoldReason: From<HoldReason>;

        /// Signatures of wallets and sessions. A key is named by its account.
        type Signature: Verify<Signer: IdentifyAccount<AccountId = Self::AccountId>> + Parameter;

        /// The calls that can be made in an agent's name, and what each spends. `()` knows none.
        type Classifier: CallClassifier<<Self as Config>::RuntimeCall, Balance>;

        /// What was really paid, which feedback consumes. With `()` nobody can rate.
        type Paid: PaidInteractions<Self::AccountId, Balance>;

        /// What of other layers stands against another owner for an agent's account.
        type HandOver: HandOver<Self::AccountId>;

        /// The clock of all deadlines. With one that stands still (`()`) nothing ever expires, and no period ever ends.
        type Ticks: Ticks;

        /// For how many ticks ahead a wallet can sign.
        #[pallet::constant]
        type MaxDeadline: Get<Tick>;

        /// Length in ticks of a period of ratings: the recent ones are those of this period and the one before. Whoever changes it migrates what is kept.
        #[pallet::constant]
        type ReputationPeriod: Get<Tick>;

        /// The least that a feedback consumes, in units.
        #[pallet::constant]
        type MinFeedback: Get<Balance>;

        /// What is held for each item that somebody puts into state, in units.
        #[pallet::constant]
        type ItemDeposit: Get<Balance>;

        /// What is held for each byte that somebody puts into state, in units.
        #[pallet::constant]
        type ByteDeposit: Get<Balance>;

        /// How many entries of metadata one agent can have.
        #[pallet::constant]
        type MaxMetadata: Get<u32>;

        /// How many entries of data one agent can have.
        #[pallet::constant]
        type MaxData: Get<u32>;

        /// How many users one agent can have at a time.
        #[pallet::constant]
        type MaxUsages: Get<u32>;

        /// How many sessions one agent can have at a time.
        #[pallet::constant]
        type MaxSessions: Get<u32>;

        /// How many acts of one agent can be scheduled at a time.
        #[pallet::constant]
        type MaxScheduled: Get<u32>;

        /// The longest encoded call that can be scheduled, in bytes.
        #[pallet::constant]
        type MaxScheduledCall: Get<u32>;

        /// How many tags one agent can have.
        #[pallet::constant]
        type MaxTags: Get<u32>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;

        /// Signs and calls for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<
            Self::AccountId,
            Self::Signature,
            <Self as Config>::RuntimeCall,
        >;
    }
}
