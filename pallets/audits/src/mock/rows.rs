//! Populations that are another one in each round, closed before it begins, as those of data availability are; audited by the second instance.

use super::*;

/// Units of a provider in a round.
#[storage_alias]
pub(crate) type RowUnits = StorageDoubleMap<MockRows, Twox64Concat, u64, Twox64Concat, u32, u64>;
/// Who is being dropped.
#[storage_alias]
pub(crate) type RowDrops = StorageMap<MockRows, Twox64Concat, u64, ()>;

/// Populations by round.
pub struct Rows;

impl Rows {
    /// Gives the provider a population in a round to come, and has it put on record.
    pub(crate) fn give(provider: u64, round: RoundIndex, units: u64) {
        RowUnits::insert(provider, round, units);
        RowAudits::enlist(&provider);
    }

    /// What is done in the blocks after a drop began.
    pub(crate) fn finish_drop(provider: u64) {
        RowDrops::remove(provider);
        RowAudits::emptied(&provider);
    }
}

impl Auditable<u64, Balance> for Rows {
    type Item = Item;
    type Proof = Proof;

    fn population(provider: &u64, round: RoundIndex) -> Population {
        let units = u128::from(RowUnits::get(provider, round).unwrap_or(0));
        Population {
            units,
            bytes: 256 * units,
        }
    }

    fn item_at(provider: &u64, round: RoundIndex, target: u128) -> Option<Item> {
        let sectors = RowUnits::get(provider, round)?;
        let sector = u64::try_from(target).ok().filter(|at| *at < sectors)?;
        Some(Item {
            replica: round.into(),
            sectors,
            sector,
        })
    }

    fn next_populated(provider: &u64, from: RoundIndex) -> Option<RoundIndex> {
        RowUnits::iter_key_prefix(provider)
            .filter(|round| *round >= from)
            .min()
    }

    fn check(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        Replicas::check(item, proof)
    }

    fn verify(item: &Item, proof: &Proof) -> Result<(), ProofFault> {
        Replicas::verify(item, proof)
    }

    fn begin_drop(provider: &u64, _taken: Balance) {
        RowDrops::insert(provider, ());
        let rounds: Vec<u32> = RowUnits::iter_key_prefix(provider).collect();
        for round in rounds {
            RowUnits::remove(provider, round);
        }
    }

    /// Who will be asked for something. What is over may be settled, and the record gone.
    fn populated() -> Vec<u64> {
        let running = <RowAudits as noema_traits::Rounds>::current();
        let to_come = RowUnits::iter_keys().filter(|(_, round)| *round > running);
        to_come.map(|(provider, _)| provider).collect()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn fill(_provider: &u64, _items: u32) {}

    #[cfg(feature = "runtime-benchmarks")]
    fn answer_for(item: &Item) -> Proof {
        Proof::of(*item)
    }
}

/// The same providers in the other role.
pub struct RowRegistry;

impl ProviderRegistry<u64, Balance> for RowRegistry {
    fn is_active(_role: Role, provider: &u64) -> bool {
        Registry::is_active(Role::Storage, provider)
    }
    fn active_count(_role: Role) -> u32 {
        Registry::active_count(Role::Storage)
    }
    fn total_free(_role: Role) -> u128 {
        0
    }
    fn bond(_role: Role, provider: &u64) -> Balance {
        Registry::bond(Role::Storage, provider)
    }
    fn endpoint(_role: Role, _provider: &u64) -> Option<Vec<u8>> {
        None
    }
    fn provider_of_operator(role: Role, operator: &u64) -> Option<u64> {
        assert_eq!(role, Role::DataAvailability);
        Registry::provider_of_operator(Role::Storage, operator)
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
        Registry::set_active(Role::Storage, provider, operator, free);
    }
}

impl ProviderDiscipline<u64, Balance, u32> for RowRegistry {
    fn slash(
        role: Role,
        provider: &u64,
        amount: Balance,
        reporter: Option<(&u64, Perbill)>,
    ) -> Result<SlashOutcome<Balance>, DispatchError> {
        assert_eq!(role, Role::DataAvailability);
        Registry::slash(Role::Storage, provider, amount, reporter)
    }

    fn jail(role: Role, provider: &u64, blocks: u32) -> DispatchResult {
        assert_eq!(role, Role::DataAvailability);
        Registry::jail(Role::Storage, provider, blocks)
    }

    fn reward(_role: Role, _payer: &u64, _provider: &u64, _amount: Balance) -> DispatchResult {
        Ok(())
    }
}
