//! What must hold of escrow, accounts, populations and drops: the invariants of `docs/design/money.md`.

use crate::{
    try_state::Found, Accounts, Assignments, BalanceOf, Config, DealOf, Drops, FileId, HoldReason,
    LeafCounts, LeafNodes, Leaves, LeavingBytes, Pallet, RateChanges, Reserved,
};
use alloc::{collections::btree_map::BTreeMap, vec::Vec};
use codec::Encode;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, InspectHold},
        Get,
    },
};
use noema_traits::{AuditFreeze, RoundIndex};
use sp_runtime::traits::{CheckedAdd, CheckedSub, Zero};

/// All deals with their keys.
type Known<T> = [(FileId, <T as frame_system::Config>::AccountId, DealOf<T>)];

/// What must be a sum and overflows is not what was paid in.
const TOO_MUCH: &str = "an amount does not fit into a balance";

impl<T: Config> Pallet<T> {
    /// Every invariant that is about money, or about what it is paid for.
    pub(crate) fn check_money(deals: &Known<T>) -> Found {
        Self::check_pot(deals)?;
        Self::check_balances(deals)?;
        Self::check_accounts()?;
        Self::check_rates(deals)?;
        Self::check_populations(deals)?;
        Self::check_reserved(deals)?;
        Self::check_leaving(deals)?;
        Self::check_drops()
    }

    /// On the pot's account exactly what deals, accounts and waiting bounties say is held, and it lives by itself.
    fn check_pot(deals: &Known<T>) -> Found {
        let mut sum = BalanceOf::<T>::zero();
        let mut add = |amount: BalanceOf<T>| -> Found {
            sum = sum.checked_add(&amount).ok_or(TOO_MUCH)?;
            Ok(())
        };
        for (_, _, deal) in deals {
            add(deal.balance)?;
            for slot in &deal.slots {
                add(slot.bounty)?;
            }
        }
        for account in Accounts::<T>::iter_values() {
            add(account.owed)?;
        }
        let pot = T::Pot::get();
        ensure!(
            T::Currency::balance_on_hold(&HoldReason::Escrow.into(), &pot) == sum,
            "the pot does not hold exactly what it owes"
        );
        ensure!(
            sum.is_zero() || T::Currency::balance(&pot) >= T::Currency::minimum_balance(),
            "the pot does not live by itself"
        );
        Ok(())
    }

    /// Each deal that is not over has what its rounds to come take of slots without an earner. The rest is its credit.
    fn check_balances(deals: &Known<T>) -> Found {
        let round = Self::round();
        for (_, _, deal) in deals {
            ensure!(
                deal.is_over(round) || deal.credit(round).is_some(),
                "a deal has less than its rounds to come take"
            );
            ensure!(
                deal.terms.next.is_none_or(|next| next.end > deal.terms.end),
                "a next segment ends before the running one"
            );
        }
        Ok(())
    }

    /// What is owed to each provider is what its rates add up to, which end; changes are netted and lie ahead.
    fn check_accounts() -> Found {
        let mut changes: BTreeMap<Vec<u8>, BTreeMap<RoundIndex, _>> = BTreeMap::new();
        for (provider, round, change) in RateChanges::<T>::iter() {
            ensure!(
                change.begins.is_zero() != change.ends.is_zero(),
                "a change of rate is not netted"
            );
            changes
                .entry(provider.encode())
                .or_default()
                .insert(round, change);
        }
        for (provider, account) in Accounts::<T>::iter() {
            ensure!(
                !account.owed.is_zero(),
                "an account to which nothing is owed is kept"
            );
            ensure!(
                account.settled <= Self::round(),
                "a round is settled that has not begun"
            );
            let mut rate = account.rate;
            let mut owed = account.carried;
            let mut from = account.settled.saturating_add(1);
            for (round, change) in changes.remove(&provider.encode()).unwrap_or_default() {
                let rounds = round
                    .checked_sub(from)
                    .ok_or("a change of rate is kept for a settled round")?;
                owed = Self::product(rate, 1, rounds)
                    .ok()
                    .and_then(|sum| owed.checked_add(&sum))
                    .ok_or(TOO_MUCH)?;
                from = round;
                rate = rate
                    .checked_add(&change.begins)
                    .and_then(|rate| rate.checked_sub(&change.ends))
                    .ok_or("a rate falls below zero")?;
            }
            ensure!(rate.is_zero(), "a rate never ends");
            ensure!(
                owed == account.owed,
                "what is owed is not the sum of the rates to come"
            );
        }
        ensure!(changes.is_empty(), "a change of rate has no account");
        Ok(())
    }

    /// What a provider earns in the next round is the rents of its replicas, and the bounties that are due then.
    fn check_rates(deals: &Known<T>) -> Found {
        let now = Self::round();
        let next = now.saturating_add(1);
        let mut rates: BTreeMap<Vec<u8>, BalanceOf<T>> = BTreeMap::new();
        for (_, _, deal) in deals {
            for (_, earner) in deal.earners() {
                let bounty = if earner.joined == now {
                    earner.bounty
                } else {
                    Zero::zero()
                };
                let rate = rates
                    .entry(earner.provider.encode())
                    .or_insert_with(Zero::zero);
                *rate = rate
                    .checked_add(&deal.terms.rent_in(next))
                    .and_then(|sum| sum.checked_add(&bounty))
                    .ok_or(TOO_MUCH)?;
            }
        }
        for (provider, account) in Accounts::<T>::iter() {
            let mut rate = account.rate;
            let mut changes: Vec<_> = RateChanges::<T>::iter_prefix(&provider)
                .filter(|(round, _)| *round <= next)
                .collect();
            changes.sort_by_key(|(round, _)| *round);
            for (_, change) in changes {
                rate = rate
                    .checked_add(&change.begins)
                    .and_then(|rate| rate.checked_sub(&change.ends))
                    .ok_or("a rate falls below zero")?;
            }
            let expected = rates.remove(&provider.encode()).unwrap_or_else(Zero::zero);
            // One that has settled the next round already cannot be: it has not begun.
            ensure!(
                rate == expected,
                "a provider earns something else in the next round than its replicas pay"
            );
        }
        ensure!(
            rates.values().all(Zero::is_zero),
            "a provider earns and has no account"
        );
        Ok(())
    }

    /// Each earning slot is a leaf of its provider and the other way round, in deals that are over as well; leaves have no gaps and weigh what they must.
    fn check_populations(deals: &Known<T>) -> Found {
        let mut leaves: BTreeMap<(Vec<u8>, u32), _> = Leaves::<T>::iter()
            .map(|(provider, number, leaf)| ((provider.encode(), number), leaf))
            .collect();
        let mut counts: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        for (file, owner, deal) in deals {
            let sectors = Self::data_sectors(deal.size)?;
            for (index, earner) in deal.earners() {
                let key = (earner.provider.encode(), earner.leaf);
                let leaf = leaves
                    .remove(&key)
                    .ok_or("a replica that earns is no leaf")?;
                ensure!(
                    leaf.file == *file && leaf.owner == *owner && leaf.slot == index,
                    "a leaf is of another replica than its slot says"
                );
                let tree = crate::population::LeafTree::<T>::new(&earner.provider);
                ensure!(
                    noema_sum_tree::weight(&tree, earner.leaf) == sectors,
                    "a leaf has another weight than its file has sectors"
                );
                let count = counts.entry(key.0).or_default();
                *count = count.saturating_add(1);
                ensure!(
                    earner.leaf < LeafCounts::<T>::get(&earner.provider),
                    "leaves have gaps"
                );
            }
        }
        ensure!(leaves.is_empty(), "a leaf is of no replica that earns");
        let mut nodes = 0usize;
        for (provider, count) in LeafCounts::<T>::iter() {
            ensure!(
                counts.remove(&provider.encode()) == Some(count),
                "the leaves of a provider are miscounted"
            );
            let tree = crate::population::LeafTree::<T>::new(&provider);
            let found = noema_sum_tree::check(&tree).map_err(|_| "a sum tree does not add up")?;
            nodes = nodes.saturating_add(usize::try_from(found).unwrap_or(usize::MAX));
        }
        ensure!(counts.is_empty(), "leaves are not counted");
        ensure!(
            LeafNodes::<T>::iter_keys().count() == nodes,
            "a node of a sum tree hangs nowhere"
        );
        Ok(())
    }

    /// `Reserved` is the bytes of all slots with a provider, those of leaving ones included.
    fn check_reserved(deals: &Known<T>) -> Found {
        let mut sum = 0u128;
        for (_, _, deal) in deals {
            let bytes = u128::from(Self::replica_bytes(deal.size)?);
            let providers = deal
                .slots
                .iter()
                .flat_map(crate::SlotOf::<T>::providers)
                .fold(0u128, |count, _| count.saturating_add(1));
            sum = sum.saturating_add(bytes.saturating_mul(providers));
        }
        ensure!(
            Reserved::<T>::get() == sum,
            "the reserved bytes are not the sum of the slots'"
        );
        Ok(())
    }

    /// What is being left of a provider is the sum over the slots that it is leaving.
    fn check_leaving(deals: &Known<T>) -> Found {
        let mut sums: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for (_, _, deal) in deals {
            let bytes = Self::replica_bytes(deal.size)?;
            for old in deal.slots.iter().filter_map(|slot| slot.leaving.as_ref()) {
                let sum = sums.entry(old.provider.encode()).or_default();
                *sum = sum.saturating_add(bytes);
            }
        }
        for (provider, bytes) in LeavingBytes::<T>::iter() {
            ensure!(
                sums.remove(&provider.encode()) == Some(bytes),
                "the bytes that a provider is leaving are not the sum of its slots'"
            );
        }
        ensure!(
            sums.is_empty(),
            "a provider is leaving and it is not counted"
        );
        Ok(())
    }

    /// No drop has more than its budget; whoever drops is known to the audits.
    fn check_drops() -> Found {
        for (provider, drop) in Drops::<T>::iter() {
            ensure!(
                drop.left <= drop.budget,
                "a drop has more left than its budget"
            );
            ensure!(
                T::Audits::is_dropping(&provider),
                "the audits do not know that a provider loses everything"
            );
        }
        // Whoever the audits say so of without a record here could never come to the end of it: found by everything that names providers, replicas or not.
        let known = Assignments::<T>::iter_keys()
            .map(|(provider, _)| provider)
            .chain(Accounts::<T>::iter_keys())
            .chain(T::Audits::dropping());
        for provider in known {
            ensure!(
                !T::Audits::is_dropping(&provider) || Drops::<T>::contains_key(&provider),
                "a provider loses everything and keeps it"
            );
        }
        Ok(())
    }
}
