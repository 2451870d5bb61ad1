//! The origins that only referenda have, one for each track but root's, and what takes them.
//!
//! A pallet, since origins and storage belong to one. It has no calls: how fast governance runs
//! ([`GovernanceSpeed`]) is decided by the genesis state, and later by root with `set_storage`.

pub use pallet::*;

use crate::{parameters, Balance, OriginCaller, RuntimeOrigin};
use frame_support::traits::{EnsureOrigin, OriginTrait};

/// The pallet.
#[frame_support::pallet]
pub mod pallet {
    use frame_support::pallet_prelude::*;

    /// The pallet.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// Nothing to decide.
    #[pallet::config]
    pub trait Config: frame_system::Config {}

    /// With which rights a referendum's call is made. A variant keeps its index for ever: referenda
    /// and scheduled calls in state name it.
    #[pallet::origin]
    #[derive(
        Clone,
        Copy,
        Debug,
        PartialEq,
        Eq,
        Encode,
        Decode,
        DecodeWithMemTracking,
        MaxEncodedLen,
        TypeInfo,
    )]
    pub enum Origin {
        /// Dispatches, as root, calls that the technical committee has whitelisted.
        #[codec(index = 0)]
        WhitelistedCaller,
        /// Spends most, and takes back approved spends.
        #[codec(index = 1)]
        Treasurer,
        /// Chooses the technical committee, registrars and those who give user names.
        #[codec(index = 2)]
        GeneralAdmin,
        /// Ends referenda.
        #[codec(index = 3)]
        ReferendumCanceller,
        /// Ends referenda and takes their deposits.
        #[codec(index = 4)]
        ReferendumKiller,
        /// Spends little.
        #[codec(index = 5)]
        SmallSpender,
        /// Spends more.
        #[codec(index = 6)]
        MediumSpender,
        /// Spends much.
        #[codec(index = 7)]
        BigSpender,
    }

    /// How many times as fast as their parameters say referenda, votes and eras run. One, but in
    /// development.
    #[pallet::storage]
    pub type GovernanceSpeed<T> = StorageValue<_, u32, ValueQuery, AsParametersSay>;

    /// The speed of a chain that does not say otherwise.
    #[pallet::type_value]
    pub fn AsParametersSay() -> u32 {
        1
    }

    /// What a genesis state decides.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// See [`GovernanceSpeed`].
        pub governance_speed: u32,
        /// Nothing.
        #[serde(skip)]
        pub phantom: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                governance_speed: AsParametersSay::get(),
                phantom: Default::default(),
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            assert!(self.governance_speed > 0, "governance cannot stand still");
            if self.governance_speed != AsParametersSay::get() {
                GovernanceSpeed::<T>::put(self.governance_speed);
            }
        }
    }
}

/// The origin of a referendum, if it is one.
fn of(origin: &RuntimeOrigin) -> Option<Origin> {
    match origin.caller() {
        OriginCaller::Origins(origin) => Some(*origin),
        _ => None,
    }
}

/// Defines what takes one origin only.
macro_rules! only {
    ($($origin:ident: $who:literal,)*) => {$(
        #[doc = concat!("Takes ", $who, ".")]
        pub struct $origin;

        impl EnsureOrigin<RuntimeOrigin> for $origin {
            type Success = ();

            fn try_origin(origin: RuntimeOrigin) -> Result<(), RuntimeOrigin> {
                match of(&origin) {
                    Some(Origin::$origin) => Ok(()),
                    _ => Err(origin),
                }
            }

            #[cfg(feature = "runtime-benchmarks")]
            fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
                Ok(Origin::$origin.into())
            }
        }
    )*};
}

only! {
    WhitelistedCaller: "a referendum on a whitelisted call",
    Treasurer: "a referendum of the treasurer",
    GeneralAdmin: "a referendum of the general admin",
    ReferendumCanceller: "a referendum that cancels another",
    ReferendumKiller: "a referendum that kills another",
}

/// Takes a referendum that may spend, and says how much.
pub struct Spender;

impl EnsureOrigin<RuntimeOrigin> for Spender {
    type Success = Balance;

    fn try_origin(origin: RuntimeOrigin) -> Result<Balance, RuntimeOrigin> {
        match of(&origin) {
            Some(Origin::SmallSpender) => Ok(parameters::SMALL_SPENDER_LIMIT),
            Some(Origin::MediumSpender) => Ok(parameters::MEDIUM_SPENDER_LIMIT),
            Some(Origin::BigSpender) => Ok(parameters::BIG_SPENDER_LIMIT),
            Some(Origin::Treasurer) => Ok(parameters::TREASURER_LIMIT),
            _ => Err(origin),
        }
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn try_successful_origin() -> Result<RuntimeOrigin, ()> {
        Ok(Origin::Treasurer.into())
    }
}
