//! The one way in which records change, so that tree, census and record never part.

use crate::{
    BalanceOf, BlockNumberOf, Censuses, Config, EndpointOf, Error, Event, HoldReason, Operators,
    Pallet, ParametersByRole, Provider, ProviderOf, ProviderState, Providers, UncoveredSince,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, MutateHold},
        tokens::{Fortitude, Precision, Preservation},
        Get,
    },
};
use noema_endpoint::{Endpoint, EndpointError};
use noema_traits::{ReturnGate, Role};
use sp_runtime::{
    traits::{BlockNumberProvider, Zero},
    DispatchError, DispatchResult, Perbill,
};

/// Length of `https://a`, `#sha256=` and the hash, in bytes.
const SHORTEST_PINNED: u32 = 9 + 8 + 64;

/// The reason under which the bond of `role` is held.
impl From<Role> for HoldReason {
    fn from(role: Role) -> Self {
        match role {
            Role::Storage => HoldReason::StorageBond,
            Role::DataAvailability => HoldReason::DataAvailabilityBond,
            Role::Compute => HoldReason::ComputeBond,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// The present time, as unbonding and jail count it.
    pub(crate) fn now() -> BlockNumberOf<T> {
        T::BlockNumberProvider::current_block_number()
    }

    /// The smallest bond of an active provider.
    pub(crate) fn minimum_bond(role: Role) -> BalanceOf<T> {
        T::Parameters::parameters(role).minimum_bond
    }

    /// The reason under which the bond of `role` is held, as the runtime knows it.
    pub(crate) fn hold_reason(role: Role) -> T::RuntimeHoldReason {
        HoldReason::from(role).into()
    }

    /// The provider for which `signer` speaks: itself if it is one, else the one it operates.
    pub(crate) fn resolve(role: Role, signer: T::AccountId) -> Result<T::AccountId, DispatchError> {
        if Providers::<T>::contains_key(role, &signer) {
            return Ok(signer);
        }
        Ok(Operators::<T>::get(role, &signer).ok_or(Error::<T>::UnknownProvider)?)
    }

    /// Changes a record, and with it the leaf's weight, the census, and since when its stake is too small. Nothing is written when
    /// `change` fails.
    pub(crate) fn try_mutate_provider<R>(
        role: Role,
        who: &T::AccountId,
        change: impl FnOnce(&mut ProviderOf<T>) -> Result<R, DispatchError>,
    ) -> Result<R, DispatchError> {
        let mut provider = Providers::<T>::get(role, who).ok_or(Error::<T>::UnknownProvider)?;
        let was_active = provider.state.is_active();
        let result = change(&mut provider)?;
        Self::set_leaf_weight(
            role,
            provider.leaf,
            Self::free_bytes_of(role, who, &provider),
        )?;
        Self::count_active(role, was_active, provider.state.is_active());
        Self::note_cover(role, who, Self::is_covered(role, who, &provider));
        Providers::<T>::insert(role, who, provider);
        Ok(result)
    }

    /// Whether the stake covers what is reserved.
    fn is_covered(role: Role, who: &T::AccountId, provider: &ProviderOf<T>) -> bool {
        provider.reserved.is_zero()
            || provider.reserved <= Self::backed_bytes(role, who, provider.bond)
    }

    /// Remembers since when it does not: whoever takes replicas from one whose stake is too small must have left it the time to bond more.
    ///
    /// What stands there is looked at, not what would have stood there before: other parameters may cover what the old ones did not.
    fn note_cover(role: Role, who: &T::AccountId, is: bool) {
        match (UncoveredSince::<T>::contains_key(role, who), is) {
            (true, true) => UncoveredSince::<T>::remove(role, who),
            (false, false) => UncoveredSince::<T>::insert(role, who, Self::now()),
            (true, false) | (false, true) => {}
        }
    }

    /// Brings leaf, census and since when the stake is too small in line with the record, after [`Config::Parameters`] changed. An active
    /// provider that has less than the new minimum is chilled. Whether that changed anything: the call behind it is free then, and a
    /// migration may make use of it for every provider.
    pub fn bring_in_line(role: Role, who: &T::AccountId) -> Result<bool, DispatchError> {
        let before = Self::derived(role, who)?;
        Self::try_mutate_provider(role, who, |provider| {
            Self::chill_if_bond_too_small(role, who, provider);
            Ok(())
        })?;
        Ok(Self::derived(role, who)? != before)
    }

    pub(crate) fn do_refresh(role: Role, who: &T::AccountId) -> DispatchResult {
        ensure!(
            Self::bring_in_line(role, who)?,
            Error::<T>::NothingToRefresh
        );
        Self::deposit_event(Event::Refreshed {
            role,
            provider: who.clone(),
        });
        Ok(())
    }

    /// What follows from a record and the parameters: weight of the leaf, whether it is active, whether it is noted as uncovered.
    fn derived(role: Role, who: &T::AccountId) -> Result<(u64, bool, bool), DispatchError> {
        let provider = Providers::<T>::get(role, who).ok_or(Error::<T>::UnknownProvider)?;
        Ok((
            Self::leaf_weight(role, provider.leaf),
            provider.state.is_active(),
            UncoveredSince::<T>::contains_key(role, who),
        ))
    }

    fn count_active(role: Role, was: bool, is: bool) {
        match (was, is) {
            (false, true) => Censuses::<T>::mutate(role, |census| {
                census.active = census.active.saturating_add(1);
            }),
            (true, false) => Censuses::<T>::mutate(role, |census| {
                census.active = census.active.saturating_sub(1);
            }),
            (true, true) | (false, false) => {}
        }
    }

    /// Puts `amount` of free balance under the role's hold. The account keeps its existential
    /// deposit, so that every release finds it alive.
    pub(crate) fn hold(role: Role, who: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
        let free = T::Currency::reducible_balance(who, Preservation::Preserve, Fortitude::Force);
        ensure!(amount <= free, Error::<T>::InsufficientBalance);
        T::Currency::hold(&Self::hold_reason(role), who, amount)
    }

    fn check_endpoint(bytes: Vec<u8>) -> Result<EndpointOf<T>, DispatchError> {
        let bounded: EndpointOf<T> = bytes.try_into().map_err(|_| Error::<T>::EndpointTooLong)?;
        Endpoint::parse(&bounded).map_err(|error| match error {
            EndpointError::Malformed => Error::<T>::EndpointInvalid,
            EndpointError::NotEncrypted => Error::<T>::EndpointNotEncrypted,
            EndpointError::NotPinned => Error::<T>::EndpointNotPinned,
        })?;
        Ok(bounded)
    }

    /// Registers `who`. Not transactional by itself.
    pub(crate) fn do_register(
        role: Role,
        who: T::AccountId,
        bond: BalanceOf<T>,
        operator: T::AccountId,
        endpoint: Vec<u8>,
        capacity: u64,
    ) -> DispatchResult {
        let endpoint = Self::check_endpoint(endpoint)?;
        ensure!(
            !Providers::<T>::contains_key(role, &who),
            Error::<T>::AlreadyRegistered
        );
        ensure!(bond >= Self::minimum_bond(role), Error::<T>::BondTooSmall);
        // What an earlier record of the account held may still be being taken: it would be active at once.
        ensure!(
            T::ReturnGate::may_return(role, &who),
            Error::<T>::BeingDropped
        );
        ensure!(
            !Operators::<T>::contains_key(role, &operator),
            Error::<T>::OperatorInUse
        );
        Self::hold(role, &who, bond)?;
        let leaf = Self::take_leaf(role, &who)?;
        let provider = Provider {
            operator: operator.clone(),
            endpoint,
            state: ProviderState::Active,
            declared: capacity,
            reserved: 0,
            bond,
            unlocking: Default::default(),
            leaf,
        };
        Self::set_leaf_weight(role, leaf, Self::free_bytes_of(role, &who, &provider))?;
        Self::count_active(role, false, true);
        Operators::<T>::insert(role, &operator, &who);
        Providers::<T>::insert(role, &who, provider);
        Self::deposit_event(Event::Registered {
            role,
            provider: who,
            operator,
            bond,
            capacity,
        });
        Ok(())
    }

    pub(crate) fn do_set_operator(
        role: Role,
        who: &T::AccountId,
        operator: T::AccountId,
    ) -> DispatchResult {
        Self::try_mutate_provider(role, who, |provider| {
            let taken = Operators::<T>::get(role, &operator).is_some_and(|served| served != *who);
            ensure!(!taken, Error::<T>::OperatorInUse);
            Operators::<T>::remove(role, &provider.operator);
            Operators::<T>::insert(role, &operator, who);
            provider.operator = operator.clone();
            Ok(())
        })?;
        Self::deposit_event(Event::OperatorSet {
            role,
            provider: who.clone(),
            operator,
        });
        Ok(())
    }

    pub(crate) fn do_set_endpoint(
        role: Role,
        who: &T::AccountId,
        endpoint: Vec<u8>,
    ) -> DispatchResult {
        let endpoint = Self::check_endpoint(endpoint)?;
        Self::try_mutate_provider(role, who, |provider| {
            provider.endpoint = endpoint.clone();
            Ok(())
        })?;
        Self::deposit_event(Event::EndpointSet {
            role,
            provider: who.clone(),
            endpoint,
        });
        Ok(())
    }

    /// Ends the record of a provider that has nothing left.
    pub(crate) fn remove_provider(
        role: Role,
        who: &T::AccountId,
        provider: &ProviderOf<T>,
    ) -> DispatchResult {
        let empty = provider.bond.is_zero()
            && provider.unlocking.is_empty()
            && provider.reserved.is_zero()
            && !provider.state.is_active();
        ensure!(empty, Error::<T>::Inconsistent);
        Self::give_leaf_back(role, provider.leaf)?;
        Operators::<T>::remove(role, &provider.operator);
        Providers::<T>::remove(role, who);
        UncoveredSince::<T>::remove(role, who);
        Self::deposit_event(Event::Deregistered {
            role,
            provider: who.clone(),
        });
        Ok(())
    }

    /// Releases `amount` from the role's hold, all of it or nothing.
    pub(crate) fn release_held(
        role: Role,
        who: &T::AccountId,
        amount: BalanceOf<T>,
    ) -> DispatchResult {
        T::Currency::release(&Self::hold_reason(role), who, amount, Precision::Exact).map(drop)
    }
}

/// Stops a runtime whose parameters make no sense. Called by the pallet's `integrity_test`.
pub(crate) fn integrity_test<T: Config>() {
    assert!(
        (1..=noema_sum_tree::MAX_LEAVES).contains(&T::MaxProviders::get()),
        "pallet-noema-providers: `MaxProviders` is {}, expected 1 to {}, the leaves of the sum tree",
        T::MaxProviders::get(),
        noema_sum_tree::MAX_LEAVES,
    );
    assert!(
        T::MaxUnlocking::get() > 0,
        "pallet-noema-providers: `MaxUnlocking` is 0, so that nobody could ever leave; raise it",
    );
    assert!(
        !T::UnbondingPeriod::get().is_zero(),
        "pallet-noema-providers: `UnbondingPeriod` is 0, so that bond leaves before any evidence; raise it",
    );
    assert!(
        T::MaxReporterShare::get() < Perbill::one(),
        "pallet-noema-providers: `MaxReporterShare` is 100 %, so that reporting oneself costs nothing; lower it",
    );
    assert!(
        T::MaxEndpointLen::get() >= SHORTEST_PINNED,
        "pallet-noema-providers: `MaxEndpointLen` is {}, which no pinned endpoint fits; raise it",
        T::MaxEndpointLen::get(),
    );
    assert!(
        T::MinDelegation::get() >= T::Currency::minimum_balance() && !T::MinDelegation::get().is_zero(),
        "pallet-noema-providers: `MinDelegation` is {:?}, expected at least the existential deposit {:?}, since it \
         pays for a record",
        T::MinDelegation::get(),
        T::Currency::minimum_balance(),
    );
    assert!(
        !T::CommissionNotice::get().is_zero(),
        "pallet-noema-providers: `CommissionNotice` is 0, so that nobody could leave before a rise; raise it",
    );
    assert!(
        !T::RewardDrip::get().is_zero(),
        "pallet-noema-providers: `RewardDrip` is 0, so that staking just before a reward earns all of it; raise it",
    );
    for role in Role::ALL {
        let parameters = T::Parameters::parameters(role);
        assert!(
            parameters.minimum_bond >= T::Currency::minimum_balance()
                && !parameters.minimum_bond.is_zero(),
            "pallet-noema-providers: the minimum bond of {role:?} is {:?}, expected at least the existential \
             deposit {:?}",
            parameters.minimum_bond,
            T::Currency::minimum_balance(),
        );
        assert!(
            !parameters.collateral_per_mib.is_zero(),
            "pallet-noema-providers: the collateral of {role:?} is 0 per MiB, so that a minimum bond carries \
             unlimited promises; raise it",
        );
    }
}
