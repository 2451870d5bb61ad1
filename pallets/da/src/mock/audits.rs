//! Ticks and rounds that tests set, and whom the audits have on record.

use super::*;
use frame_support::{pallet_prelude::ValueQuery, storage_alias, Twox64Concat};
use noema_traits::{AuditFreeze, Refusal, RoundIndex, Rounds, Tick, Ticks};

#[storage_alias]
pub(crate) type TickNow = StorageValue<MockAudits, Tick, ValueQuery>;
#[storage_alias]
pub(crate) type RoundNow = StorageValue<MockAudits, RoundIndex, ValueQuery>;
/// Who is on record, with the round that ran when it came there.
#[storage_alias]
pub(crate) type Enlisted = StorageMap<MockAudits, Twox64Concat, u64, RoundIndex>;
/// From whom everything is being taken.
#[storage_alias]
pub(crate) type Dropping = StorageMap<MockAudits, Twox64Concat, u64, ()>;

/// The audits over rows.
pub struct Audits;

impl Ticks for Audits {
    fn now() -> Tick {
        TickNow::get()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(tick: Tick) {
        TickNow::put(tick);
    }
}

impl Rounds for Audits {
    fn current() -> RoundIndex {
        RoundNow::get()
    }

    fn length() -> Tick {
        21_600
    }

    fn ends() -> Tick {
        Tick::from(RoundNow::get() + 1) * Self::length()
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn set_round(round: RoundIndex) {
        RoundNow::put(round);
    }
}

impl AuditFreeze<u64> for Audits {
    fn before_change(_provider: &u64) -> Result<Weight, Refusal> {
        Ok(Weight::zero())
    }

    fn enlist(provider: &u64) -> Weight {
        if !Enlisted::contains_key(provider) {
            Enlisted::insert(provider, RoundNow::get());
        }
        Weight::zero()
    }

    fn emptied(provider: &u64) {
        Dropping::remove(provider);
    }

    fn is_dropping(provider: &u64) -> bool {
        Dropping::contains_key(provider)
    }

    fn dropping() -> Vec<u64> {
        Dropping::iter_keys().collect()
    }
}

impl Audits {
    /// Everything is taken from a provider.
    pub(crate) fn begin_drop(provider: u64) {
        Dropping::insert(provider, ());
        <Da as noema_traits::Auditable<u64, u128>>::begin_drop(&provider, 0);
    }
}
