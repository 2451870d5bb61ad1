//! What a provider must prove in a round.

use crate::{math, Config, ItemsOf, Pallet, SeedValue};
use frame_support::{defensive, traits::Get};
use noema_traits::{Auditable, Population, RoundIndex};
use sp_runtime::traits::Convert;

impl<T: Config<I>, I: 'static> Pallet<T, I> {
    /// How many challenges a population gets.
    pub(crate) fn challenges_of(population: &Population) -> u32 {
        if population.units == 0 {
            return 0;
        }
        math::challenge_count(
            population.bytes,
            T::MinChallenges::get(),
            T::MaxChallenges::get(),
            T::ChallengeUnit::get(),
        )
    }

    /// The challenges of a provider in a round, in the order of their indices. What is drawn twice is asked for twice.
    pub(crate) fn draw(
        provider: &T::AccountId,
        population: &Population,
        seed: &SeedValue,
        round: RoundIndex,
    ) -> ItemsOf<T, I> {
        let account = T::AccountBytes::convert(provider.clone());
        let mut items = ItemsOf::<T, I>::default();
        for index in 0..Self::challenges_of(population) {
            let hash = math::challenge_hash(T::Role::get(), seed, &account, round, index);
            let item = math::target(&hash, population.units)
                .and_then(|target| T::Audited::item_at(provider, round, target));
            // Neither can be: the target is below the sum, and there are no more than `MaxChallenges`.
            let pushed = item.map(|item| items.try_push(item).is_ok());
            if pushed != Some(true) {
                defensive!("a population has no item where its units say that there is one");
            }
        }
        items
    }
}
