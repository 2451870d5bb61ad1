//! Keys of providers: set with a proof of possession, replaced, retired.

use crate::{
    bls::{self, KeyFault, SignatureBytes},
    BalanceOf, Config, Error, Event, HoldReason, KeyRecord, Keys, Pallet, SeatKey,
};
use codec::{Encode, MaxEncodedLen};
use frame_support::{
    defensive, ensure,
    storage::with_storage_layer,
    traits::{fungible::hold::Mutate as _, tokens::Precision, Get, PalletInfoAccess},
};
use noema_da_primitives::Possession;
use noema_traits::{ProviderRegistry, Role};
use sp_runtime::{
    traits::{UniqueSaturatedInto, Zero},
    DispatchResult,
};

/// The role whose providers have seats.
pub(crate) const ROLE: Role = Role::DataAvailability;

/// Bytes that `Blake2_128Concat` puts before a key.
const BLAKE: usize = 16;

impl<T: Config> From<KeyFault> for Error<T> {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::NoKey => Self::InvalidKey,
            KeyFault::NoPossession => Self::InvalidPossession,
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Hash of the chain's first block.
    pub(crate) fn genesis() -> [u8; 32] {
        frame_system::Pallet::<T>::block_hash(
            frame_system::pallet_prelude::BlockNumberFor::<T>::zero(),
        )
        .into()
    }

    /// The pallet's index in its runtime.
    pub(crate) fn pallet_index() -> u8 {
        u8::try_from(<Self as PalletInfoAccess>::index()).unwrap_or(u8::MAX)
    }

    /// The provider for which this account acts: itself, if it has a bond, else the one that it operates. Whom others name as their operator, without asking,
    /// speaks for itself all the same.
    fn acting_for(who: &T::AccountId) -> T::AccountId {
        if !T::Providers::bond(ROLE, who).is_zero() {
            return who.clone();
        }
        T::Providers::provider_of_operator(ROLE, who).unwrap_or_else(|| who.clone())
    }

    /// Whether this account speaks for the provider.
    fn speaks_for(who: &T::AccountId, provider: &T::AccountId) -> bool {
        who == provider
            || T::Providers::provider_of_operator(ROLE, who).is_some_and(|of| of == *provider)
    }

    /// What is held for a key.
    pub(crate) fn key_deposit() -> BalanceOf<T> {
        let bytes = BLAKE
            .saturating_add(T::AccountId::max_encoded_len())
            .saturating_add(KeyRecord::<BalanceOf<T>>::max_encoded_len());
        let bytes: BalanceOf<T> = u32::try_from(bytes).unwrap_or(u32::MAX).into();
        sp_runtime::Saturating::saturating_add(
            T::ItemDeposit::get(),
            sp_runtime::Saturating::saturating_mul(T::ByteDeposit::get(), bytes),
        )
    }

    /// Gives the provider for which `who` acts this key, whatever it had.
    pub(crate) fn do_set_key(
        who: &T::AccountId,
        key: &SeatKey,
        proof: &SignatureBytes,
        instead_of: Option<T::AccountId>,
    ) -> DispatchResult {
        let provider = Self::acting_for(who);
        ensure!(
            T::Providers::is_active(ROLE, &provider),
            Error::<T>::ProviderInactive
        );
        let before = Keys::<T>::get(&provider);
        if before.is_none() && Keys::<T>::count() >= T::MaxKeys::get() {
            let least = instead_of.ok_or(Error::<T>::TooManyKeys)?;
            Self::give_way(least, &provider)?;
        }
        let message = Possession {
            genesis: Self::genesis(),
            pallet: Self::pallet_index(),
            provider: &provider.encode(),
            key,
        }
        .signing_bytes();
        let point = bls::verify_possession(key, proof, &message).map_err(Error::<T>::from)?;
        let deposit = match before {
            // It stays as it was, whatever deposits are now.
            Some(record) => record.deposit,
            None => {
                let deposit = Self::key_deposit();
                T::Currency::hold(&HoldReason::Deposit.into(), &provider, deposit)
                    .map_err(|_| Error::<T>::InsufficientDeposit)?;
                deposit
            }
        };
        let record = KeyRecord {
            key: *key,
            point,
            deposit,
        };
        Keys::<T>::insert(&provider, record);
        Self::deposit_event(Event::KeySet {
            provider,
            key: *key,
        });
        Ok(())
    }

    /// Retires the key of one provider for another that has more stake. Who may not be drawn has none.
    fn give_way(least: T::AccountId, newcomer: &T::AccountId) -> DispatchResult {
        let record = Keys::<T>::get(&least).ok_or(Error::<T>::NoKey)?;
        ensure!(
            Self::candidate_stake(&least) < Self::candidate_stake(newcomer),
            Error::<T>::StakeNotLess
        );
        Self::remove_key(least, &record);
        Ok(())
    }

    /// Takes a provider's key away: for whoever acts for it, for everybody when it is no longer active.
    pub(crate) fn do_retire_key(who: &T::AccountId, provider: T::AccountId) -> DispatchResult {
        let record = Keys::<T>::get(&provider).ok_or(Error::<T>::NoKey)?;
        ensure!(
            Self::speaks_for(who, &provider) || !T::Providers::is_active(ROLE, &provider),
            Error::<T>::StillActive
        );
        Self::remove_key(provider, &record);
        Ok(())
    }

    fn remove_key(provider: T::AccountId, record: &KeyRecord<BalanceOf<T>>) {
        Keys::<T>::remove(&provider);
        let released = with_storage_layer(|| {
            T::Currency::release(
                &HoldReason::Deposit.into(),
                &provider,
                record.deposit,
                Precision::BestEffort,
            )
        })
        .unwrap_or_default();
        if released != record.deposit {
            defensive!("the hold is not the sum of the deposits");
        }
        Self::deposit_event(Event::KeyRetired { provider });
    }

    /// What stands behind a provider, in units, so that a hundred such can be computed with; none for who may not be drawn.
    pub(crate) fn candidate_stake(provider: &T::AccountId) -> Option<u128> {
        use frame_support::traits::Contains;
        let most = noema_da_primitives::MAX_TOTAL_STAKE.checked_div(
            noema_da_primitives::MAX_SEATS
                .try_into()
                .unwrap_or(u128::MAX),
        )?;
        let may = T::Providers::is_active(ROLE, provider) && T::Eligible::contains(provider);
        let stake: u128 = may
            .then(|| T::Providers::stake(ROLE, provider))?
            .unique_saturated_into();
        Some(stake.min(most)).filter(|stake| *stake > 0)
    }
}
