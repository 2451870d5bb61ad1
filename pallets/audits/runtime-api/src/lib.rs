//! What a provider's daemon asks the runtime about its audits. `docs/design/ticks-and-randomness.md` says when it asks and at which block.
#![cfg_attr(not(feature = "std"), no_std)]

use codec::Codec;
use pallet_noema_audits::{Challenges, Round, StandingInfo};

sp_api::decl_runtime_apis! {
    /// Rounds, challenges and standings, of one kind of thing that is audited. A runtime with more than one instance answers for storage.
    pub trait AuditsApi<AccountId, BlockNumber, Item>
    where
        AccountId: Codec,
        BlockNumber: Codec,
        Item: Codec,
    {
        /// The running round. None before the first tick.
        fn round() -> Option<Round<BlockNumber>>;

        /// What the provider is asked for while the running round can be answered: its number, the first tick that is too late, and each challenge with
        /// its index and whether it is answered. Drawn if need be, without writing. None when nothing is asked.
        fn challenges(provider: AccountId) -> Option<Challenges<Item>>;

        /// Where the provider stands. None for who is not on record.
        fn standing(provider: AccountId) -> Option<StandingInfo>;
    }

    /// The same of the instance that audits rows of data availability, in a runtime that has both.
    pub trait RowAuditsApi<AccountId, BlockNumber, Item>
    where
        AccountId: Codec,
        BlockNumber: Codec,
        Item: Codec,
    {
        /// The running round, which is the era as well. None before the first tick.
        fn row_round() -> Option<Round<BlockNumber>>;

        /// What the provider is asked for while the running round can be answered: as [`AuditsApi::challenges`].
        fn row_challenges(provider: AccountId) -> Option<Challenges<Item>>;

        /// Where the provider stands. None for who is not on record.
        fn row_standing(provider: AccountId) -> Option<StandingInfo>;
    }
}
