//! Ticks and rounds that the tests count, and audits that say what the tests let them say.

use super::*;

#[storage_alias]
pub(crate) type TickNow = StorageValue<MockClock, Tick, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub(crate) type RoundNow =
    StorageValue<MockClock, RoundIndex, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub(crate) type RoundEnds =
    StorageValue<MockClock, Tick, frame_support::pallet_prelude::ValueQuery>;

/// The clock.
pub struct Clock;

impl Clock {
    /// A tick goes by, and with it the round if it is over.
    pub(crate) fn tick() {
        TickNow::mutate(|tick| *tick += 1);
        if TickNow::get() >= RoundEnds::get() {
            Self::next_round();
        }
    }

    /// The next round begins.
    pub(crate) fn next_round() {
        RoundNow::mutate(|round| *round += 1);
        RoundEnds::put(TickNow::get() + RoundLength::get());
    }
}

impl Ticks for Clock {
    fn now() -> Tick {
        TickNow::get()
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_tick(tick: Tick) {
        TickNow::put(tick);
    }
}

impl Rounds for Clock {
    fn current() -> RoundIndex {
        RoundNow::get()
    }
    fn length() -> Tick {
        RoundLength::get()
    }
    fn ends() -> Tick {
        RoundEnds::get()
    }
    #[cfg(feature = "runtime-benchmarks")]
    fn set_round(round: RoundIndex) {
        RoundNow::put(round);
        RoundEnds::put(Tick::MAX);
    }
}

/// Everybody from whom everything is being taken.
#[storage_alias]
pub(crate) type Dropping = StorageMap<MockAudits, Twox64Concat, u64, ()>;
/// Whoever changed or may be changed since the tests last asked.
#[storage_alias]
pub(crate) type Heard = StorageMap<MockAudits, Twox64Concat, u64, ()>;
/// Whose population cannot be changed.
#[storage_alias]
pub(crate) type FrozenAs = StorageMap<MockAudits, Twox64Concat, u64, Frozen>;

/// What hearing of a change takes at most.
pub(crate) const MOST_OF_A_CHANGE: Weight = Weight::from_parts(20_000_000_000, 0);

/// Audits.
pub struct Audits;

impl Audits {
    /// Everything is taken from a provider, of whose own so much was taken before.
    pub(crate) fn begin_drop(provider: u64, taken: u64) {
        Dropping::insert(provider, ());
        Registry::set_activity(provider, false);
        Storage::begin_drop(&provider, taken);
    }

    /// Settles the next round of a provider that is not settled.
    pub(crate) fn settle(provider: u64, outcome: Outcome) {
        if let Some(next) = Storage::next(&provider) {
            <Storage as Payroll<u64>>::settle(&provider, next, outcome);
        }
    }
}

impl AuditFreeze<u64> for Audits {
    fn before_change(provider: &u64) -> Result<Weight, Refusal> {
        let weight = ChangeWeight::get();
        if let Some(reason) = FrozenAs::get(provider) {
            if reason == Frozen::Unsettled || !Dropping::contains_key(provider) {
                return Err(Refusal { reason, weight });
            }
        }
        // What the real ones do: they draw from what is stored.
        let population = Storage::population(provider, 0);
        for target in [0, population.units / 2, population.units.saturating_sub(1)] {
            let item = Storage::item_at(provider, 0, target);
            assert_eq!(
                item.is_some(),
                population.units > 0,
                "an item for each unit"
            );
        }
        Heard::insert(provider, ());
        Ok(weight)
    }

    fn enlist(_provider: &u64) -> Weight {
        Weight::zero()
    }

    fn emptied(provider: &u64) {
        assert!(
            Dropping::contains_key(provider),
            "only whoever drops is emptied"
        );
        while Storage::next(provider).is_some_and(|next| next <= RoundNow::get()) {
            Self::settle(*provider, Outcome::Missed);
        }
        Dropping::remove(provider);
    }

    fn is_dropping(provider: &u64) -> bool {
        Dropping::contains_key(provider)
    }

    fn dropping() -> Vec<u64> {
        Dropping::iter_keys().collect()
    }

    fn weight_of_before_change() -> Weight {
        MOST_OF_A_CHANGE
    }

    fn weight_of_emptied() -> Weight {
        Weight::from_parts(10_000_000, 0)
    }
}
