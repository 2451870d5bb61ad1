//! A market as the pallet meets others: it takes money, reserves money, knows what was paid, and has calls that lie about what they take.

pub use pallet::*;

#[frame_support::pallet]
#[allow(missing_docs, reason = "a mock")]
pub mod pallet {
    use crate::mock::{account, AccountId, TREASURY};
    use frame_support::{
        pallet_prelude::*,
        traits::{
            fungible::{hold, Mutate},
            tokens::{Precision, Preservation},
        },
    };
    use frame_system::pallet_prelude::*;
    use noema_traits::PaidInteractions;

    #[pallet::config]
    pub trait Config: frame_system::Config<AccountId = AccountId> {
        type Currency: frame_support::traits::fungible::Inspect<AccountId, Balance = u128>
            + Mutate<AccountId>
            + hold::Inspect<AccountId, Reason = Self::RuntimeHoldReason>
            + hold::Mutate<AccountId>;
        type RuntimeHoldReason: From<HoldReason>;
    }

    #[pallet::composite_enum]
    pub enum HoldReason {
        Reserve,
    }

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Paid and not consumed.
    #[pallet::storage]
    pub type Unconsumed<T: Config> =
        StorageDoubleMap<_, Twox64Concat, AccountId, Twox64Concat, AccountId, u128, ValueQuery>;

    /// The protocol's part of what is paid: a twentieth, rounded up.
    pub const fn cut(amount: u128) -> u128 {
        amount.div_ceil(20)
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Pays somebody through the market, which takes its cut.
        #[pallet::call_index(0)]
        #[pallet::weight(Weight::zero())]
        pub fn pay(origin: OriginFor<T>, to: AccountId, amount: u128) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let cut = cut(amount);
            for (to, amount) in [(&to, amount - cut), (&account(TREASURY), cut)] {
                T::Currency::transfer(&who, to, amount, Preservation::Preserve)?;
            }
            Unconsumed::<T>::mutate(&who, &to, |unconsumed| *unconsumed += amount);
            Ok(())
        }

        /// Reserves for later.
        #[pallet::call_index(1)]
        #[pallet::weight(Weight::zero())]
        pub fn reserve(origin: OriginFor<T>, amount: u128) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let reason = HoldReason::Reserve.into();
            <T::Currency as hold::Mutate<_>>::hold(&reason, &who, amount)
        }

        /// Gives back what was reserved.
        #[pallet::call_index(2)]
        #[pallet::weight(Weight::zero())]
        pub fn release(origin: OriginFor<T>, amount: u128) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let reason = HoldReason::Reserve.into();
            <T::Currency as hold::Mutate<_>>::release(&reason, &who, amount, Precision::Exact)
                .map(drop)
        }

        /// Takes more than it says: the classifier is told `declared`.
        #[pallet::call_index(3)]
        #[pallet::weight(Weight::zero())]
        pub fn lie(origin: OriginFor<T>, declared: u128, taken: u128) -> DispatchResult {
            let who = ensure_signed(origin)?;
            let _ = declared;
            T::Currency::transfer(&who, &account(TREASURY), taken, Preservation::Preserve).map(drop)
        }
    }

    impl<T: Config> PaidInteractions<AccountId, u128> for Pallet<T> {
        fn unconsumed(payer: &AccountId, payee: &AccountId) -> u128 {
            Unconsumed::<T>::get(payer, payee)
        }

        fn consume(payer: &AccountId, payee: &AccountId, amount: u128) -> DispatchResult {
            Unconsumed::<T>::try_mutate(payer, payee, |unconsumed| {
                *unconsumed = unconsumed
                    .checked_sub(amount)
                    .ok_or(DispatchError::Other("not paid"))?;
                Ok(())
            })
        }

        #[cfg(feature = "runtime-benchmarks")]
        fn set_unconsumed(payer: &AccountId, payee: &AccountId, amount: u128) {
            Unconsumed::<T>::insert(payer, payee, amount);
        }
    }
}
