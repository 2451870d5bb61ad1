//! A node and the store that keeps nodes.

use crate::FAN_OUT;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// The sums of [`FAN_OUT`] children, in the order of their indices. Encoded as 16 `u128`, 256 bytes.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub struct Node {
    /// Sum of the weights under each child; at level 0 the weights themselves.
    pub sums: [u128; FAN_OUT],
}

impl Node {
    /// Sum of all children; `None` when it does not fit, which only a corrupted store can bring about.
    pub fn sum(&self) -> Option<u128> {
        self.sums
            .iter()
            .try_fold(0u128, |sum, child| sum.checked_add(*child))
    }

    /// Whether all sums are zero. Such a node is not kept in a store.
    pub fn is_empty(&self) -> bool {
        self.sums.iter().all(|child| *child == 0)
    }
}

/// Where the nodes of one tree are kept.
///
/// Methods take `self` so that an adapter can carry the key of its tree, for example the role whose
/// tree it is, in front of a double map. A store must give back what was last set, and `None` for
/// what was never set or was removed.
///
/// ```ignore
/// struct RoleTree<T>(Role, PhantomData<T>);
/// impl<T: Config> NodeStore for RoleTree<T> {
///     fn get(&self, level: u32, index: u32) -> Option<Node> { Nodes::<T>::get(self.0, (level, index)) }
///     fn set(&mut self, level: u32, index: u32, node: Node) { Nodes::<T>::insert(self.0, (level, index), node) }
///     fn remove(&mut self, level: u32, index: u32) { Nodes::<T>::remove(self.0, (level, index)) }
/// }
/// ```
pub trait NodeStore {
    /// The node at `(level, index)`, if there is one.
    fn get(&self, level: u32, index: u32) -> Option<Node>;

    /// Puts `node` at `(level, index)`, over what was there.
    fn set(&mut self, level: u32, index: u32, node: Node);

    /// Removes the node at `(level, index)`. Not an error when there is none.
    fn remove(&mut self, level: u32, index: u32);
}
