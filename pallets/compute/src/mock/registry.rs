//! Providers: bonds, operators, slashes, jail.

use super::{account, AccountId, Balances, Compute, System, Test};
use codec::{Decode, Encode};
use frame_support::{
    pallet_prelude::Twox64Concat,
    storage_alias,
    traits::{fungible::Mutate, tokens::Preservation},
};
use noema_traits::{BondGate, ProviderDiscipline, ProviderRegistry, Role, SlashOutcome};
use sp_runtime::{DispatchError, DispatchResult, Perbill};

/// Has all bonds.
pub(crate) const VAULT: u8 = 101;
/// Gets what slashes leave.
pub(crate) const FUND: u8 = 102;

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Record {
    pub(crate) bond: u128,
    pub(crate) active: bool,
    pub(crate) operator: AccountId,
    pub(crate) jailed_until: u32,
}

#[storage_alias]
type Providers = StorageMap<MockRegistry, Twox64Concat, AccountId, Record>;

/// Providers in storage.
pub struct Registry;

/// The hot key of a provider.
pub(crate) const fn operator_of(provider: u8) -> u8 {
    provider + 200
}

impl Registry {
    pub(crate) fn register(provider: u8, bond: u128) {
        let record = Record {
            bond,
            active: true,
            operator: account(operator_of(provider)),
            jailed_until: 0,
        };
        Providers::insert(account(provider), record);
    }

    pub(crate) fn record(provider: u8) -> Record {
        Providers::get(account(provider)).unwrap()
    }

    pub(crate) fn set_active(provider: u8, active: bool) {
        Providers::mutate(account(provider), |record| {
            record.as_mut().unwrap().active = active;
        });
    }

    /// The provider takes part of its bond back, as far as the pallet lets it; whether it did.
    pub(crate) fn unbond(provider: u8, amount: u128) -> bool {
        let who = account(provider);
        let mut record = Self::record(provider);
        let Some(left) = record.bond.checked_sub(amount).filter(|left| *left > 0) else {
            return false;
        };
        let may = <Compute as BondGate<AccountId, u128>>::may_shrink(Role::Compute, &who, left);
        if may {
            record.bond = left;
            Providers::insert(&who, record);
            <Balances as Mutate<AccountId>>::transfer(
                &account(VAULT),
                &who,
                amount,
                Preservation::Preserve,
            )
            .unwrap();
        }
        may
    }

    /// Whether the pallet lets the provider leave.
    pub(crate) fn may_leave(provider: u8) -> bool {
        <Compute as BondGate<AccountId, u128>>::may_leave(Role::Compute, &account(provider))
    }

    /// The provider leaves; its bond stays in the vault.
    pub(crate) fn leave(provider: u8) {
        Providers::remove(account(provider));
    }
}

impl ProviderRegistry<AccountId, u128> for Registry {
    fn is_active(role: Role, provider: &AccountId) -> bool {
        assert_eq!(role, Role::Compute);
        Providers::get(provider).is_some_and(|record| record.active)
    }
    fn active_count(_role: Role) -> u32 {
        Providers::iter_values()
            .filter(|record| record.active)
            .count() as u32
    }
    fn bond(role: Role, provider: &AccountId) -> u128 {
        assert_eq!(role, Role::Compute);
        Providers::get(provider).map_or(0, |record| record.bond)
    }
    fn total_free(_role: Role) -> u128 {
        0
    }
    fn endpoint(_role: Role, _provider: &AccountId) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &AccountId) -> Option<AccountId> {
        assert_eq!(role, Role::Compute);
        Providers::iter()
            .find(|(_, record)| record.operator == *operator)
            .map(|(provider, _)| provider)
    }
    fn free_bytes(_role: Role, _provider: &AccountId) -> u64 {
        0
    }
    fn draw(_role: Role, _random: &[u8; 32]) -> Option<AccountId> {
        None
    }
    fn reserve(_role: Role, _provider: &AccountId, _bytes: u64) -> DispatchResult {
        Err(DispatchError::Other("the mock reserves nothing"))
    }
    fn release(_role: Role, _provider: &AccountId, _bytes: u64) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, provider: &AccountId, operator: &AccountId, _free: u64) {
        let bond = 1 << 60;
        Balances::mint_into(&account(VAULT), bond).unwrap();
        let record = Record {
            bond,
            active: true,
            operator: operator.clone(),
            jailed_until: 0,
        };
        Providers::insert(provider, record);
    }
}

impl ProviderDiscipline<AccountId, u128, u32> for Registry {
    fn slash(
        role: Role,
        provider: &AccountId,
        amount: u128,
        reporter: Option<(&AccountId, Perbill)>,
    ) -> Result<SlashOutcome<u128>, DispatchError> {
        assert_eq!(role, Role::Compute);
        let mut record =
            Providers::get(provider).ok_or(DispatchError::Other("there is no such provider"))?;
        let slashed = amount.min(record.bond);
        record.bond -= slashed;
        Providers::insert(provider, record);
        let (reporter, share) = reporter.unwrap();
        let to_reporter = share.mul_floor(slashed);
        let vault = account(VAULT);
        let pay = |to: &AccountId, amount| {
            <Balances as Mutate<AccountId>>::transfer(&vault, to, amount, Preservation::Preserve)
        };
        pay(reporter, to_reporter)?;
        pay(&account(FUND), slashed - to_reporter)?;
        Ok(SlashOutcome {
            slashed,
            own: slashed,
            to_reporter,
            to_fund: slashed - to_reporter,
        })
    }

    fn jail(_role: Role, provider: &AccountId, blocks: u32) -> DispatchResult {
        let mut record =
            Providers::get(provider).ok_or(DispatchError::Other("there is no such provider"))?;
        record.active = false;
        record.jailed_until = System::block_number() + blocks;
        Providers::insert(provider, record);
        Ok(())
    }

    fn reward(
        _role: Role,
        _payer: &AccountId,
        _provider: &AccountId,
        _amount: u128,
    ) -> DispatchResult {
        Err(DispatchError::Other("the mock rewards nobody"))
    }
}

/// Only here so that the type of the runtime is used with the alias.
pub(crate) fn bond_of(provider: u8) -> u128 {
    <<Test as crate::Config>::Providers as ProviderRegistry<AccountId, u128>>::bond(
        Role::Compute,
        &account(provider),
    )
}
