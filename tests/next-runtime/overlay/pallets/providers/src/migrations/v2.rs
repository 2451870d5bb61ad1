//! Version 2: every record says since when its provider has been registered.

use super::PALLET_ID;
use crate::{
    types::{BalanceOf, BlockNumberOf, EndpointOf, UnlockingOf},
    Config, Pallet, Provider, ProviderState,
};
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::{
    migrations::{MigrationId, SteppedMigration, SteppedMigrationError},
    pallet_prelude::*,
    traits::GetStorageVersion,
    weights::WeightMeter,
};
use noema_traits::Role;

/// What version 1 stored.
mod v1 {
    use super::*;

    /// A record without the block of its registration.
    #[derive(Encode, Decode)]
    pub(super) struct Provider<T: Config> {
        pub(super) operator: T::AccountId,
        pub(super) endpoint: EndpointOf<T>,
        pub(super) state: ProviderState<BlockNumberOf<T>>,
        pub(super) declared: u64,
        pub(super) reserved: u64,
        pub(super) bond: BalanceOf<T>,
        pub(super) unlocking: UnlockingOf<T>,
        pub(super) leaf: u32,
    }

    #[frame_support::storage_alias]
    pub(super) type Providers<T: Config> = StorageDoubleMap<
        Pallet<T>,
        Twox64Concat,
        Role,
        Blake2_128Concat,
        <T as frame_system::Config>::AccountId,
        Provider<T>,
    >;
}

/// Adds `since` to every record: 0, for those that were there before anybody counted.
///
/// One record per step. It leaves nothing of a block for a second step, so that tests see blocks in between; one for a chain would not.
///
/// Safe to run twice: a record of version 2 begins with what version 1 had.
pub struct AddSince<T>(PhantomData<T>);

impl<T: Config> SteppedMigration for AddSince<T> {
    /// The key of the last record that was done.
    type Cursor = BoundedVec<u8, ConstU32<256>>;
    type Identifier = MigrationId<{ PALLET_ID.len() }>;

    fn id() -> Self::Identifier {
        MigrationId {
            pallet_id: *PALLET_ID,
            version_from: 1,
            version_to: 2,
        }
    }

    fn step(
        cursor: Option<Self::Cursor>,
        meter: &mut WeightMeter,
    ) -> Result<Option<Self::Cursor>, SteppedMigrationError> {
        if Pallet::<T>::on_chain_storage_version() >= 2 {
            return Ok(None);
        }
        let required = T::DbWeight::get().reads_writes(2, 1);
        if !meter.can_consume(required) {
            return Err(SteppedMigrationError::InsufficientWeight { required });
        }
        let mut records = match &cursor {
            Some(last) => v1::Providers::<T>::iter_from(last.to_vec()),
            None => v1::Providers::<T>::iter(),
        };
        let Some((role, who, old)) = records.next() else {
            StorageVersion::new(2).put::<Pallet<T>>();
            return Ok(None);
        };
        let new = Provider {
            operator: old.operator,
            endpoint: old.endpoint,
            state: old.state,
            declared: old.declared,
            reserved: old.reserved,
            bond: old.bond,
            unlocking: old.unlocking,
            leaf: old.leaf,
            since: Default::default(),
        };
        let key = crate::Providers::<T>::hashed_key_for(role, &who);
        crate::Providers::<T>::insert(role, who, new);
        meter.consume(meter.remaining());
        key.try_into()
            .map(Some)
            .map_err(|_| SteppedMigrationError::Failed)
    }

    #[cfg(feature = "try-runtime")]
    fn pre_upgrade() -> Result<alloc::vec::Vec<u8>, sp_runtime::TryRuntimeError> {
        let count = v1::Providers::<T>::iter().count();
        Ok(u64::try_from(count).unwrap_or(u64::MAX).encode())
    }

    #[cfg(feature = "try-runtime")]
    fn post_upgrade(before: alloc::vec::Vec<u8>) -> Result<(), sp_runtime::TryRuntimeError> {
        let before = u64::decode(&mut before.as_slice()).map_err(|_| "the count is a number")?;
        let after = crate::Providers::<T>::iter().count();
        frame_support::ensure!(
            u64::try_from(after) == Ok(before),
            "every record is decoded in its new form"
        );
        Ok(())
    }
}
