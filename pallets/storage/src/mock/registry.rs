//! Providers in storage, drawn in proportion to their free bytes, or by the tests; and paid as `docs/design/delegation.md` says.

use super::*;

/// A storage provider of the mock registry.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen)]
pub(crate) struct MockProvider {
    pub(crate) operator: u64,
    pub(crate) capacity: u64,
    pub(crate) reserved: u64,
    pub(crate) active: bool,
    /// Its bond and what others delegated to it, of which it keeps a part of the rewards, in millionths.
    pub(crate) bond: u64,
    pub(crate) stake: u64,
    pub(crate) commission: u64,
    /// Since when it has less capacity than is reserved.
    pub(crate) uncovered_since: Option<u32>,
}

impl MockProvider {
    fn note_cover(&mut self) {
        let covered = self.reserved <= self.capacity;
        let since = self.uncovered_since.unwrap_or(System::block_number());
        self.uncovered_since = (!covered).then_some(since);
    }

    pub(crate) fn free(&self) -> u64 {
        if self.active {
            self.capacity.saturating_sub(self.reserved)
        } else {
            0
        }
    }
}

#[storage_alias]
pub(crate) type Providers = StorageMap<MockRegistry, Twox64Concat, u64, MockProvider>;

/// Who is drawn, whatever the seed says; nobody, if it is 0.
#[storage_alias]
pub(crate) type Next = StorageValue<MockRegistry, u64>;

/// The account that has what is delegated to a provider.
pub(crate) const fn pool_of(provider: u64) -> u64 {
    10_000 + provider
}

/// Providers in storage.
pub struct Registry;

impl Registry {
    /// In the order of their accounts.
    pub(crate) fn all() -> BTreeMap<u64, MockProvider> {
        Providers::iter().collect()
    }

    pub(crate) fn change(provider: u64, change: impl FnOnce(&mut MockProvider)) {
        Providers::mutate(provider, |entry| {
            let entry = entry.as_mut().unwrap();
            change(entry);
            entry.note_cover();
        });
    }

    pub(crate) fn set_capacity(provider: u64, capacity: u64) {
        Self::change(provider, |entry| entry.capacity = capacity);
    }

    pub(crate) fn set_activity(provider: u64, active: bool) {
        Self::change(provider, |entry| entry.active = active);
    }

    pub(crate) fn insert(provider: u64, operator: u64, capacity: u64) {
        let entry = MockProvider {
            operator,
            capacity,
            reserved: 0,
            active: true,
            bond: 1_000,
            stake: 0,
            commission: 0,
            uncovered_since: None,
        };
        Providers::insert(provider, entry);
    }
}

impl ProviderRegistry<u64, u64> for Registry {
    fn is_active(_role: Role, provider: &u64) -> bool {
        Providers::get(provider).is_some_and(|entry| entry.active)
    }
    fn active_count(role: Role) -> u32 {
        assert_eq!(role, Role::Storage);
        Providers::iter_values()
            .filter(|entry| entry.active)
            .count() as u32
    }
    fn bond(_role: Role, provider: &u64) -> u64 {
        Providers::get(provider).map_or(0, |entry| entry.bond)
    }
    fn shortfall(_role: Role, provider: &u64) -> Option<Shortfall> {
        let entry = Providers::get(provider)?;
        Some(Shortfall {
            bytes: entry.reserved - entry.capacity.min(entry.reserved),
            blocks: (System::block_number() - entry.uncovered_since?).into(),
        })
    }
    fn total_free(_role: Role) -> u128 {
        Providers::iter_values()
            .map(|entry| u128::from(entry.free()))
            .sum()
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        Self::all()
            .into_iter()
            .find(|(_, entry)| entry.operator == *operator)
            .map(|(who, _)| who)
    }
    fn free_bytes(_role: Role, provider: &u64) -> u64 {
        Providers::get(provider).map_or(0, |entry| entry.free())
    }
    fn draw(role: Role, random: &[u8; 32]) -> Option<u64> {
        assert_eq!(role, Role::Storage);
        if let Some(next) = Next::get() {
            return (next > 0).then_some(next);
        }
        let all = Self::all();
        let total: u128 = all.values().map(|entry| u128::from(entry.free())).sum();
        let mut point = u128::from_le_bytes(random[..16].try_into().unwrap()).checked_rem(total)?;
        for (provider, entry) in all {
            let free = u128::from(entry.free());
            if point < free {
                return Some(provider);
            }
            point -= free;
        }
        None
    }
    fn reserve(role: Role, provider: &u64, bytes: u64) -> DispatchResult {
        assert_eq!(role, Role::Storage);
        Providers::try_mutate(provider, |entry| {
            let entry = entry.as_mut().ok_or(DispatchError::CannotLookup)?;
            if entry.free() < bytes {
                return Err(TokenError::FundsUnavailable.into());
            }
            entry.reserved += bytes;
            Ok(())
        })
    }
    fn release(role: Role, provider: &u64, bytes: u64) {
        assert_eq!(role, Role::Storage);
        Providers::mutate(provider, |entry| {
            let entry = entry.as_mut().expect("only known providers are released");
            entry.reserved = entry
                .reserved
                .checked_sub(bytes)
                .expect("released what was reserved");
            entry.note_cover();
        });
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_active(_role: Role, provider: &u64, operator: &u64, free: u64) {
        Self::insert(*provider, *operator, free);
    }
}

impl ProviderDiscipline<u64, u64, u32> for Registry {
    fn slash(
        _role: Role,
        _provider: &u64,
        _amount: u64,
        _reporter: Option<(&u64, Perbill)>,
    ) -> Result<SlashOutcome<u64>, DispatchError> {
        unreachable!("storage takes from nobody")
    }
    fn jail(_role: Role, _provider: &u64, _blocks: u32) -> DispatchResult {
        unreachable!("storage jails nobody")
    }
    fn reward(role: Role, payer: &u64, provider: &u64, amount: u64) -> DispatchResult {
        assert_eq!(role, Role::Storage);
        let entry = Providers::get(provider).ok_or(DispatchError::CannotLookup)?;
        let all = u128::from(entry.bond) + u128::from(entry.stake);
        let theirs = u128::from(amount) * u128::from(entry.stake) / all.max(1);
        let kept = (theirs * u128::from(entry.commission)).div_ceil(1_000_000);
        let to_pool = u64::try_from(theirs - kept).unwrap();
        let pool = pool_of(*provider);
        if to_pool > 0 {
            Balances::transfer(payer, &pool, to_pool, Preservation::Preserve)?;
            Self::change(*provider, |entry| entry.stake += to_pool);
        }
        Balances::transfer(payer, provider, amount - to_pool, Preservation::Preserve).map(drop)
    }
}
