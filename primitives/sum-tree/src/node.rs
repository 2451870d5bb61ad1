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
/// ```
/// use noema_sum_tree::{draw, set_weight, total, Node, NodeStore};
/// use std::collections::BTreeMap;
///
/// /// The tree of one role among those that a map holds.
/// struct RoleTree<'a>(u8, &'a mut BTreeMap<(u8, u32, u32), Node>);
///
/// impl NodeStore for RoleTree<'_> {
///     fn get(&self, level: u32, index: u32) -> Option<Node> {
///         self.1.get(&(self.0, level, index)).copied()
///     }
///     fn set(&mut self, level: u32, index: u32, node: Node) {
///         self.1.insert((self.0, level, index), node);
///     }
///     fn remove(&mut self, level: u32, index: u32) {
///         self.1.remove(&(self.0, level, index));
///     }
/// }
///
/// let mut nodes = BTreeMap::new();
/// let mut tree = RoleTree(0, &mut nodes);
/// set_weight(&mut tree, 7, 30)?;
/// set_weight(&mut tree, 9, 70)?;
/// assert_eq!(total(&tree), 100);
/// assert_eq!(draw(&tree, 29), Some(7));
/// assert_eq!(draw(&tree, 30), Some(9));
/// # Ok::<(), noema_sum_tree::Error>(())
/// ```
pub trait NodeStore {
    /// Levels of nodes, 1 to [`MAX_DEPTH`](crate::MAX_DEPTH): the tree has room for [`leaves(DEPTH)`](crate::leaves), and every access reads that
    /// many nodes. A store of another depth is another tree.
    const DEPTH: u32 = crate::DEPTH;

    /// The node at `(level, index)`, if there is one.
    fn get(&self, level: u32, index: u32) -> Option<Node>;

    /// Puts `node` at `(level, index)`, over what was there.
    fn set(&mut self, level: u32, index: u32, node: Node);

    /// Removes the node at `(level, index)`. Not an error when there is none.
    fn remove(&mut self, level: u32, index: u32);
}
