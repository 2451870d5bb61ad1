//! The smallest pallet that shows a new call works after an upgrade: it remembers who called last, and with what.

#![no_std]

mod fault;

pub use fault::MayFail;
pub use pallet::*;

/// The pallet.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;

    /// Nothing to configure.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {}

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Who called last, and with what.
    #[pallet::storage]
    pub type Last<T: Config> = StorageValue<_, (T::AccountId, u32), OptionQuery>;

    /// What happened.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Somebody called.
        #[codec(index = 0)]
        Pinged {
            /// Who.
            who: T::AccountId,
            /// With what.
            value: u32,
        },
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_initialize(_now: BlockNumberFor<T>) -> Weight {
            crate::fault::panic_if_wanted();
            Weight::zero()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Remembers the caller and `value`.
        #[pallet::call_index(0)]
        #[pallet::weight(T::DbWeight::get().writes(1).saturating_add(Weight::from_parts(10_000_000, 0)))]
        pub fn ping(origin: OriginFor<T>, value: u32) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Last::<T>::put((&who, value));
            Self::deposit_event(Event::Pinged { who, value });
            Ok(())
        }
    }
}
