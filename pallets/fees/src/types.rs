//! What is on record.

use crate::Config;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::traits::{
    fungible::{Credit, Inspect},
    NoDrop,
};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;

/// An amount of the token.
pub type BalanceOf<T> =
    <<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// Issued tokens that are in no account yet.
pub type CreditOf<T> = Credit<<T as frame_system::Config>::AccountId, <T as Config>::Currency>;

/// What the transactions of a block paid. It stays issued while it is stored.
#[derive(Encode, Decode, MaxEncodedLen, TypeInfo)]
#[scale_info(skip_type_params(T))]
pub struct Collected<T: Config> {
    /// The block in which the first of it was paid.
    pub block: BlockNumberFor<T>,
    /// The author of all of it, if there is one and it is known.
    pub author: Option<T::AccountId>,
    /// Fees without tips.
    pub fees: NoDrop<CreditOf<T>>,
    /// Tips.
    pub tips: NoDrop<CreditOf<T>>,
}
