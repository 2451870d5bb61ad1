//! The sum tree of each role, kept in storage, and the leaves that providers have in it.

use crate::{Censuses, Config, Error, FreeLeaves, Leaves, Pallet, TreeNodes};
use core::marker::PhantomData;
use frame_support::{defensive, ensure, traits::Get};
use noema_sum_tree::{Node, NodeStore};
use noema_traits::Role;
use sp_runtime::DispatchError;

/// The tree of one role.
pub(crate) struct RoleTree<T>(Role, PhantomData<T>);

impl<T> RoleTree<T> {
    /// The tree of `role`.
    pub(crate) const fn new(role: Role) -> Self {
        Self(role, PhantomData)
    }
}

impl<T: Config> NodeStore for RoleTree<T> {
    fn get(&self, level: u32, index: u32) -> Option<Node> {
        TreeNodes::<T>::get(self.0, (level, index))
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        TreeNodes::<T>::insert(self.0, (level, index), node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        TreeNodes::<T>::remove(self.0, (level, index));
    }
}

impl<T: Config> Pallet<T> {
    /// The weight of `leaf` in free bytes.
    pub(crate) fn leaf_weight(role: Role, leaf: u32) -> u64 {
        noema_sum_tree::weight(&RoleTree::<T>::new(role), leaf)
    }

    /// Gives `leaf` a weight in free bytes. Changes nothing when it fails.
    pub(crate) fn set_leaf_weight(role: Role, leaf: u32, free: u64) -> Result<(), DispatchError> {
        noema_sum_tree::set_weight(&mut RoleTree::<T>::new(role), leaf, free).map_err(|error| {
            defensive!("the sum tree refused a weight", error);
            Error::<T>::Inconsistent.into()
        })
    }

    /// Gives `who` a leaf: one that was given back, or a new one.
    pub(crate) fn take_leaf(role: Role, who: &T::AccountId) -> Result<u32, DispatchError> {
        Censuses::<T>::try_mutate(role, |census| {
            ensure!(
                census.registered() < T::MaxProviders::get(),
                Error::<T>::TooManyProviders
            );
            let leaf = match census.free_leaves.checked_sub(1) {
                Some(top) => {
                    census.free_leaves = top;
                    FreeLeaves::<T>::take(role, top).ok_or(Error::<T>::Inconsistent)?
                }
                None => {
                    let leaf = census.next_leaf;
                    census.next_leaf = leaf.checked_add(1).ok_or(Error::<T>::TooManyProviders)?;
                    leaf
                }
            };
            Leaves::<T>::insert(role, leaf, who);
            Ok(leaf)
        })
    }

    /// Takes a leaf back, to be given to the next provider that registers.
    pub(crate) fn give_leaf_back(role: Role, leaf: u32) -> Result<(), DispatchError> {
        Self::set_leaf_weight(role, leaf, 0)?;
        Leaves::<T>::remove(role, leaf);
        Censuses::<T>::mutate(role, |census| {
            FreeLeaves::<T>::insert(role, census.free_leaves, leaf);
            census.free_leaves = census.free_leaves.saturating_add(1);
        });
        Ok(())
    }

    /// Draws a provider with a probability proportional to its free bytes.
    pub(crate) fn draw_provider(role: Role, random: &[u8; 32]) -> Option<T::AccountId> {
        let tree = RoleTree::<T>::new(role);
        let target = noema_sum_tree::target_from_random(random, noema_sum_tree::total(&tree));
        let leaf = noema_sum_tree::draw(&tree, target)?;
        Leaves::<T>::get(role, leaf)
    }
}
