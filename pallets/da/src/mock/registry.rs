//! Providers: stakes, operators, activity.

use super::*;
use codec::{Decode, Encode};
use frame_support::{storage_alias, traits::Contains, Twox64Concat};
use noema_traits::{ProviderDiscipline, ProviderRegistry, Role, SlashOutcome};
use sp_runtime::{DispatchError, DispatchResult, Perbill};

/// A provider.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Provider {
    pub(crate) stake: u128,
    pub(crate) active: bool,
    /// Whether too many of its rounds are unsettled.
    pub(crate) behind: bool,
}

#[storage_alias]
pub(crate) type Providers = StorageMap<MockRegistry, Twox64Concat, u64, Provider>;

/// Operators that a benchmark names.
#[cfg(feature = "runtime-benchmarks")]
#[storage_alias]
type OperatorOf = StorageMap<MockRegistry, Twox64Concat, u64, u64>;

/// Free bytes of all providers together, if a test says so.
#[storage_alias]
pub(crate) type Capacity = StorageValue<MockRegistry, u128>;

/// Providers in storage.
pub struct Registry;

/// The hot key of a provider.
pub(crate) const fn operator_of(provider: u64) -> u64 {
    provider + 1_000_000
}

impl Registry {
    pub(crate) fn register(provider: u64, stake: u128) {
        let record = Provider {
            stake,
            active: true,
            behind: false,
        };
        Providers::insert(provider, record);
    }

    /// Changes a provider.
    pub(crate) fn change(provider: u64, change: impl FnOnce(&mut Provider)) {
        Providers::mutate(provider, |record| change(record.as_mut().unwrap()));
    }
}

/// Not those who are behind.
impl Contains<u64> for Registry {
    fn contains(provider: &u64) -> bool {
        Providers::get(provider).is_some_and(|record| !record.behind)
    }
}

impl ProviderRegistry<u64, u128> for Registry {
    fn is_active(role: Role, provider: &u64) -> bool {
        assert_eq!(role, Role::DataAvailability);
        Providers::get(provider).is_some_and(|record| record.active)
    }
    fn active_count(_role: Role) -> u32 {
        Providers::iter_values()
            .filter(|record| record.active)
            .count() as u32
    }
    fn bond(_role: Role, provider: &u64) -> u128 {
        Providers::get(provider).map_or(0, |record| record.stake)
    }
    fn total_free(_role: Role) -> u128 {
        Capacity::get().unwrap_or(1 << 40)
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::DataAvailability);
        #[cfg(feature = "runtime-benchmarks")]
        if let Some(provider) = OperatorOf::get(operator) {
            return Some(provider);
        }
        let provider = operator.checked_sub(1_000_000)?;
        Providers::contains_key(provider).then_some(provider)
    }
    fn free_bytes(_role: Role, _provider: &u64) -> u64 {
        0
    }
    fn draw(_role: Role, _random: &[u8; 32]) -> Option<u64> {
        None
    }
    fn reserve(_role: Role, _provider: &u64, _bytes: u64) -> DispatchResult {
        Ok(())
    }
    fn release(_role: Role, _provider: &u64, _bytes: u64) {}
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, provider: &u64, operator: &u64, free: u64) {
        OperatorOf::insert(operator, *provider);
        Self::register(*provider, free.into());
    }
}

impl ProviderDiscipline<u64, u128, u32> for Registry {
    fn slash(
        _role: Role,
        _provider: &u64,
        _amount: u128,
        _reporter: Option<(&u64, Perbill)>,
    ) -> Result<SlashOutcome<u128>, DispatchError> {
        Ok(SlashOutcome::default())
    }

    fn jail(_role: Role, _provider: &u64, _blocks: u32) -> DispatchResult {
        Ok(())
    }

    fn reward(role: Role, payer: &u64, provider: &u64, amount: u128) -> DispatchResult {
        use frame_support::traits::{fungible::Mutate, tokens::Preservation};
        assert_eq!(role, Role::DataAvailability);
        Balances::transfer(payer, provider, amount, Preservation::Preserve).map(drop)
    }
}
