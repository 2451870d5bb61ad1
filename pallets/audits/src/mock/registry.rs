//! Providers: bonds, slashes, jail.

use super::*;

/// A provider, and what stands behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Funds {
    pub(crate) bond: Balance,
    pub(crate) unbonding: Vec<Balance>,
    pub(crate) delegated: Balance,
    pub(crate) active: bool,
    pub(crate) jailed_until: u32,
}

impl Funds {
    pub(crate) fn all(&self) -> Balance {
        self.bond + self.unbonding.iter().sum::<Balance>() + self.delegated
    }
}

#[storage_alias]
pub(crate) type FundsOf = StorageMap<MockRegistry, Twox64Concat, u64, Funds>;
/// Where slashes go.
#[storage_alias]
pub(crate) type RepairFund =
    StorageValue<MockRegistry, Balance, frame_support::pallet_prelude::ValueQuery>;
/// What was paid to those who settled misses.
#[storage_alias]
pub(crate) type Rewards =
    StorageMap<MockRegistry, Twox64Concat, u64, Balance, frame_support::pallet_prelude::ValueQuery>;
/// Operators that a benchmark names.
#[cfg(feature = "runtime-benchmarks")]
#[storage_alias]
pub(crate) type OperatorOf = StorageMap<MockRegistry, Twox64Concat, u64, u64>;
/// All that was ever brought in.
#[storage_alias]
pub(crate) type BroughtIn =
    StorageValue<MockRegistry, Balance, frame_support::pallet_prelude::ValueQuery>;

/// Collateral of a sector: a token for a GiB.
pub(crate) const COLLATERAL: Balance = NOEMA >> 22;
/// What everybody bonds.
pub(crate) const BOND: Balance = 1_000 * NOEMA;
/// The most that delegations count beside a bond, in percent.
const COUNTED: Balance = 400;

/// Providers in storage.
pub struct Registry;

impl Registry {
    pub(crate) fn register(provider: u64, bond: Balance, delegated: Balance) {
        let funds = Funds {
            bond,
            delegated,
            active: true,
            ..Funds::default()
        };
        BroughtIn::mutate(|all| *all += funds.all());
        FundsOf::insert(provider, funds);
    }

    /// It leaves with what it has.
    pub(crate) fn leave(provider: u64) {
        let funds = FundsOf::take(provider).unwrap();
        BroughtIn::mutate(|all| *all -= funds.all());
    }

    /// Comes back after a jail term, if it may.
    pub(crate) fn activate(provider: u64) -> bool {
        let may = Audits::may_return(Role::Storage, &provider);
        FundsOf::mutate(provider, |funds| {
            let funds = funds.as_mut().unwrap();
            funds.active |= may && System::block_number() >= funds.jailed_until;
            funds.active
        })
    }

    pub(crate) fn funds(provider: u64) -> Funds {
        FundsOf::get(provider).unwrap()
    }
}

/// The hot key of a provider.
pub(crate) const fn operator_of(provider: u64) -> u64 {
    provider + 1_000_000
}

impl ProviderRegistry<u64, Balance> for Registry {
    fn is_active(_role: Role, provider: &u64) -> bool {
        FundsOf::get(provider).is_some_and(|funds| funds.active)
    }
    fn active_count(_role: Role) -> u32 {
        FundsOf::iter_values().filter(|funds| funds.active).count() as u32
    }
    fn total_free(_role: Role) -> u128 {
        0
    }
    fn bond(_role: Role, provider: &u64) -> Balance {
        FundsOf::get(provider).map_or(0, |funds| funds.bond)
    }
    fn stake(_role: Role, provider: &u64) -> Balance {
        FundsOf::get(provider).map_or(0, |funds| {
            funds.bond + funds.delegated.min(funds.bond * COUNTED / 100)
        })
    }
    fn collateral(_role: Role, provider: &u64) -> Balance {
        let promised = Replicas::population(provider, 0)
            .units
            .saturating_mul(COLLATERAL);
        let behind = FundsOf::get(provider).map_or(0, |funds| {
            let own = funds.bond + funds.unbonding.iter().sum::<Balance>();
            own + funds.delegated.min(own * COUNTED / 100)
        });
        promised.min(behind)
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        #[cfg(feature = "runtime-benchmarks")]
        if let Some(provider) = OperatorOf::get(operator) {
            return Some(provider);
        }
        let provider = operator.checked_sub(1_000_000)?;
        FundsOf::contains_key(provider).then_some(provider)
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
    fn set_active(_role: Role, provider: &u64, operator: &u64, _free: u64) {
        OperatorOf::insert(operator, *provider);
        Self::register(*provider, BOND, 0);
    }
}

impl ProviderDiscipline<u64, Balance, u32> for Registry {
    fn slash(
        role: Role,
        provider: &u64,
        amount: Balance,
        reporter: Option<(&u64, Perbill)>,
    ) -> Result<SlashOutcome<Balance>, DispatchError> {
        assert_eq!(role, Role::Storage);
        let mut funds = FundsOf::get(provider).ok_or(DispatchError::CannotLookup)?;
        let mut rest = amount;
        let mut take = |from: &mut Balance| {
            let taken = rest.min(*from);
            *from -= taken;
            rest -= taken;
            taken
        };
        let mut own = take(&mut funds.bond);
        for chunk in funds.unbonding.iter_mut().rev() {
            own += take(chunk);
        }
        let delegated = take(&mut funds.delegated);
        FundsOf::insert(provider, funds);
        let to_reporter = reporter.map_or(0, |(_, share)| share.mul_floor(own));
        if let Some((who, _)) = reporter {
            Rewards::mutate(who, |reward| *reward += to_reporter);
        }
        let slashed = own + delegated;
        RepairFund::mutate(|fund| *fund += slashed - to_reporter);
        Ok(SlashOutcome {
            slashed,
            own,
            to_reporter,
            to_fund: slashed - to_reporter,
        })
    }

    fn jail(role: Role, provider: &u64, blocks: u32) -> DispatchResult {
        assert_eq!(role, Role::Storage);
        FundsOf::try_mutate(provider, |funds| {
            let funds = funds.as_mut().ok_or(DispatchError::CannotLookup)?;
            funds.active = false;
            funds.jailed_until = funds.jailed_until.max(System::block_number() + blocks);
            Ok(())
        })
    }

    fn reward(_role: Role, _payer: &u64, _provider: &u64, _amount: Balance) -> DispatchResult {
        Ok(())
    }
}
