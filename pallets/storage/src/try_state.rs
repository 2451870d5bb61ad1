//! What must hold of the pallet's state at the end of every block. One function for each
//! invariant; each has a test that it detects a broken state.

use crate::{
    Agenda, AgendaCursor, Assignments, BalanceOf, BlockOf, CommitmentCount, Commitments, Config,
    DealOf, Deals, DealsOf, FileId, HoldReason, NextToken, Pallet, SlotState, TaskKind,
};
use alloc::{
    collections::{btree_map::BTreeMap, btree_set::BTreeSet},
    vec::Vec,
};
use codec::Encode;
use frame_support::{ensure, traits::fungible::InspectHold};
use noema_commitment::file_id;
use sp_runtime::{
    traits::{One, Saturating, Zero},
    TryRuntimeError,
};

/// Whether an invariant holds, or what does not.
pub(crate) type Found = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Every invariant of this pallet.
    pub fn do_try_state() -> Found {
        let deals: Vec<_> = Deals::<T>::iter().collect();
        Self::check_deals(&deals)?;
        Self::check_deals_of(&deals)?;
        Self::check_holds(&deals)?;
        Self::check_commitments(&deals)?;
        Self::check_assignments(&deals)?;
        Self::check_agenda(&deals)?;
        Self::check_cursor()?;
        Self::check_money(&deals)
    }

    /// Each deal is filed under the id of its root and size, has 1 to `MaxReplicas` slots, counts
    /// its held slots rightly, and gives no provider two of them.
    fn check_deals(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        let next = NextToken::<T>::get();
        let mut tokens = BTreeSet::new();
        for (file, _, deal) in deals {
            ensure!(
                *file == file_id::<T::FileHasher>(&deal.root, deal.size),
                "a deal is filed under another file id than that of its root and size"
            );
            ensure!(!deal.slots.is_empty(), "a deal has no slots");
            let held = deal.slots.iter().filter(|slot| slot.is_held()).count();
            ensure!(
                usize::from(deal.held) == held,
                "a deal miscounts its held slots"
            );
            let mut providers = BTreeSet::new();
            for slot in &deal.slots {
                for provider in slot.providers() {
                    ensure!(
                        providers.insert(provider.encode()),
                        "a provider has two slots of one deal"
                    );
                }
                let earns = matches!(
                    slot.state,
                    SlotState::Held {
                        joined: Some(_),
                        ..
                    }
                );
                ensure!(slot.leaving.is_none() || !earns, "a slot has two earners");
                ensure!(
                    slot.token < next,
                    "a slot has a token that was not given out yet"
                );
                ensure!(tokens.insert(slot.token), "two slots have the same token");
            }
            ensure!(
                deal.token < next && tokens.insert(deal.token),
                "a deal's task has a token that was not given out, or a slot's"
            );
        }
        Ok(())
    }

    /// `DealsOf` lists exactly the deals.
    fn check_deals_of(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        for (file, owner, _) in deals {
            ensure!(
                DealsOf::<T>::contains_key(owner, file),
                "a deal is not listed for its owner"
            );
        }
        ensure!(
            DealsOf::<T>::iter_keys().count() == deals.len(),
            "a deal is listed for an owner that has none"
        );
        Ok(())
    }

    /// On each owner's account exactly the sum of the deposits of its deals is held.
    fn check_holds(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        let mut sums: BTreeMap<Vec<u8>, (&T::AccountId, BalanceOf<T>)> = BTreeMap::new();
        for (_, owner, deal) in deals {
            let (_, sum) = sums.entry(owner.encode()).or_insert((owner, Zero::zero()));
            *sum = sum.saturating_add(deal.deposit);
        }
        for (owner, sum) in sums.values() {
            ensure!(
                T::Currency::balance_on_hold(&HoldReason::Deposit.into(), owner) == *sum,
                "what is held on an owner's account is not the sum of its deposits"
            );
        }
        Ok(())
    }

    /// `Commitments` counts the deals, and the active ones, of each root and size.
    fn check_commitments(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        let mut counts: BTreeMap<([u8; 32], u64), CommitmentCount> = BTreeMap::new();
        for (_, _, deal) in deals {
            let count = counts.entry((deal.root, deal.size)).or_default();
            count.deals = count.deals.saturating_add(1);
            count.active = count.active.saturating_add(deal.is_active().into());
        }
        for ((root, size), count) in &counts {
            ensure!(
                Commitments::<T>::get(root, size) == *count,
                "the deals or the active deals of a file are miscounted"
            );
        }
        ensure!(
            Commitments::<T>::iter_keys().count() == counts.len(),
            "a file is counted that has no deal"
        );
        Ok(())
    }

    /// `Assignments` lists exactly the slots that have a provider.
    fn check_assignments(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        let mut slots = 0usize;
        for (file, owner, deal) in deals {
            for (index, slot) in deal.slots.iter().enumerate() {
                for provider in slot.providers() {
                    slots = slots.saturating_add(1);
                    let listed = Assignments::<T>::get(provider, (file, owner));
                    ensure!(
                        listed.map(usize::from) == Some(index),
                        "a slot is not listed for its provider"
                    );
                }
            }
        }
        ensure!(
            Assignments::<T>::iter_keys().count() == slots,
            "a slot is listed for a provider that does not have it"
        );
        Ok(())
    }

    /// Every deal has exactly one task for its end, and every slot that its state says, each in the agenda block that deal or slot names, which is not done yet; and there
    /// are no other tasks.
    fn check_agenda(deals: &[(FileId, T::AccountId, DealOf<T>)]) -> Found {
        let mut agenda: BTreeMap<u64, (BlockOf<T>, crate::TaskOf<T>)> = BTreeMap::new();
        let cursor = AgendaCursor::<T>::get();
        for (due, tasks) in Agenda::<T>::iter() {
            ensure!(!tasks.is_empty(), "an empty agenda block is stored");
            ensure!(
                cursor.is_some_and(|cursor| cursor <= due),
                "a task is due before the cursor and will never run"
            );
            for task in tasks {
                ensure!(
                    agenda.insert(task.token, (due, task)).is_none(),
                    "a task is on the agenda twice"
                );
            }
        }
        let round = Self::round();
        for (file, owner, deal) in deals {
            let mut expected = Vec::new();
            for (index, slot) in (0u8..).zip(&deal.slots) {
                let idle = deal.is_over(round) || !Self::is_worth_a_draw(deal);
                match (&slot.state, slot.due) {
                    (_, Some(due)) => expected.push((slot.token, due, index, TaskKind::Slot)),
                    (
                        SlotState::Held {
                            joined: Some(_), ..
                        },
                        None,
                    ) => {}
                    // Waits for a renewal, or to be cleaned up.
                    (SlotState::Drawing { .. }, None) if idle => {}
                    (_, None) if deal.is_over(round) => {}
                    (SlotState::Held { provider, .. }, None)
                        if crate::Drops::<T>::contains_key(provider) => {}
                    (_, None) => return Err("a slot that waits for something has no task".into()),
                }
                ensure!(
                    slot.due.is_none()
                        || !matches!(
                            slot.state,
                            SlotState::Held {
                                joined: Some(_),
                                ..
                            }
                        ),
                    "a slot that earns has a task"
                );
            }
            let due = deal.due.ok_or("a deal has no task for its end")?;
            expected.push((deal.token, due, 0, TaskKind::End));
            for (token, due, slot, kind) in expected {
                let Some((at, task)) = agenda.remove(&token) else {
                    return Err("a task is not on the agenda".into());
                };
                ensure!(
                    at == due
                        && task.file == *file
                        && task.owner == *owner
                        && task.slot == slot
                        && task.kind == kind,
                    "a task is not where its slot or deal says, or for another"
                );
            }
        }
        ensure!(
            agenda.is_empty(),
            "the agenda has a task that nothing waits for"
        );
        Ok(())
    }

    /// The cursor is never past the next block, so that nothing is ever scheduled before it.
    fn check_cursor() -> Found {
        let next = Self::now().saturating_add(One::one());
        ensure!(
            AgendaCursor::<T>::get().is_none_or(|cursor| cursor <= next),
            "the agenda's cursor is ahead of the chain"
        );
        Ok(())
    }
}
