//! Why a call did nothing.

use frame_support::pallet_macros::pallet_section;

/// Part of the pallet, imported in `lib.rs`.
#[pallet_section]
mod errors {
    /// Why a call did nothing.
    #[pallet::error]
    #[derive(PartialEq)]
    pub enum Error<T> {
        /// The provider is not registered for data availability, or not active. Register and activate it first.
        #[codec(index = 0)]
        ProviderInactive,
        /// The bytes are no BLS12-381 public key: 48 bytes, a compressed point of the first group other than its neutral element.
        #[codec(index = 1)]
        InvalidKey,
        /// The proof of possession is no signature by this key of chain, pallet, key and provider under the suite of such proofs. Sign again with the key itself.
        #[codec(index = 2)]
        InvalidPossession,
        /// `MaxKeys` providers have a key. Wait until one retires, or retire the key of one that is no longer active.
        #[codec(index = 3)]
        TooManyKeys,
        /// The provider has no key.
        #[codec(index = 4)]
        NoKey,
        /// The provider is active: only itself or its operator can retire its key.
        #[codec(index = 5)]
        StillActive,
        /// The account cannot put up the deposit.
        #[codec(index = 6)]
        InsufficientDeposit,
    }
}
