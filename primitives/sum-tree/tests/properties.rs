//! The tree against a plain vector of weights.

use noema_sum_tree::{
    check, draw, leaves, set_weight, target_from_random, total, weight, Error, Inconsistency, Node,
    NodeStore, DEPTH, FAN_OUT, MAX_DEPTH, MAX_LEAVES,
};
use proptest::prelude::*;
use std::{cell::Cell, collections::BTreeMap};

/// A store that counts what is done to it.
#[derive(Default)]
struct Map {
    nodes: BTreeMap<(u32, u32), Node>,
    reads: Cell<u32>,
    writes: u32,
}

impl NodeStore for Map {
    fn get(&self, level: u32, index: u32) -> Option<Node> {
        self.reads.set(self.reads.get() + 1);
        self.nodes.get(&(level, index)).copied()
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        self.writes += 1;
        self.nodes.insert((level, index), node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        self.writes += 1;
        self.nodes.remove(&(level, index));
    }
}

/// The same store under a tree of `LEVELS` levels.
#[derive(Default)]
struct Levels<const LEVELS: u32>(Map);

impl<const LEVELS: u32> NodeStore for Levels<LEVELS> {
    const DEPTH: u32 = LEVELS;

    fn get(&self, level: u32, index: u32) -> Option<Node> {
        self.0.get(level, index)
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        self.0.set(level, index, node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        self.0.remove(level, index);
    }
}

/// Leaves close together, so that nodes fill and empty, and far apart.
fn leaf() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..40u32,
        0..MAX_LEAVES,
        Just(MAX_LEAVES - 1),
        (0..16u32).prop_map(|i| i * 4096)
    ]
}

fn heft() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0u64), 4 => 0..20u64, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

/// The leaf whose interval contains `target`, by walking over all weights.
fn owner(weights: &BTreeMap<u32, u64>, target: u128) -> Option<u32> {
    let mut end = 0u128;
    for (leaf, weight) in weights {
        end += u128::from(*weight);
        if target < end {
            return Some(*leaf);
        }
    }
    None
}

proptest! {
    #[test]
    fn tree_equals_plain_weights(
        changes in prop::collection::vec((leaf(), heft()), 1..120),
        targets in prop::collection::vec(any::<u128>(), 20),
    ) {
        let mut tree = Map::default();
        let mut weights = BTreeMap::new();
        for (leaf, heft) in changes {
            tree.reads.set(0);
            tree.writes = 0;
            prop_assert_eq!(set_weight(&mut tree, leaf, heft), Ok(()));
            prop_assert!(tree.reads.get() <= DEPTH && tree.writes <= DEPTH);
            weights.insert(leaf, heft);
            prop_assert_eq!(weight(&tree, leaf), heft);
            let sum: u128 = weights.values().map(|w| u128::from(*w)).sum();
            prop_assert_eq!(total(&tree), sum);
        }
        prop_assert_eq!(check(&tree), Ok(tree.nodes.len() as u32));
        for (leaf, heft) in &weights {
            prop_assert_eq!(weight(&tree, *leaf), *heft);
        }

        // Targets at random, and at both ends of every leaf's interval.
        let sum = total(&tree);
        let mut asked: Vec<u128> = targets
            .iter()
            .filter_map(|target| target.checked_rem(sum))
            .collect();
        let mut end = 0u128;
        for heft in weights.values() {
            asked.extend([end.checked_sub(1), Some(end), end.checked_add(1)].into_iter().flatten());
            end += u128::from(*heft);
        }
        for target in asked {
            tree.reads.set(0);
            prop_assert_eq!(draw(&tree, target), owner(&weights, target));
            prop_assert!(tree.reads.get() <= DEPTH);
        }
        prop_assert_eq!(draw(&tree, sum), None);
        prop_assert_eq!(draw(&tree, u128::MAX), None);

        // Taking everything out leaves nothing behind.
        for leaf in weights.keys() {
            prop_assert_eq!(set_weight(&mut tree, *leaf, 0), Ok(()));
        }
        prop_assert!(tree.nodes.is_empty());
        prop_assert_eq!(draw(&tree, 0), None);
    }

    /// Every target of a small tree is drawn by its owner: the distribution is exact.
    #[test]
    fn every_target_maps_to_its_owner(
        weights in prop::collection::btree_map(leaf(), 0..30u64, 1..30),
    ) {
        let mut tree = Map::default();
        for (leaf, heft) in &weights {
            prop_assert_eq!(set_weight(&mut tree, *leaf, *heft), Ok(()));
        }
        let mut drawn: BTreeMap<u32, u64> = BTreeMap::new();
        for target in 0..total(&tree) {
            let leaf = draw(&tree, target).unwrap();
            prop_assert_eq!(Some(leaf), owner(&weights, target));
            *drawn.entry(leaf).or_default() += 1;
        }
        let expected: BTreeMap<u32, u64> =
            weights.into_iter().filter(|(_, heft)| *heft > 0).collect();
        prop_assert_eq!(drawn, expected);
    }

    #[test]
    fn targets_are_below_the_total(random: [u8; 32], total in 1..(1u128 << 80)) {
        let target = target_from_random(&random, total);
        prop_assert!(target < total);
        let number = u128::from_le_bytes(random[..16].try_into().unwrap());
        prop_assert_eq!(target, number % total);
        prop_assert_eq!(target_from_random(&random, 0), 0);
    }
}

#[test]
fn leaf_outside_the_tree_is_refused_without_trace() {
    let mut tree = Map::default();
    for leaf in [MAX_LEAVES, u32::MAX] {
        let expected = Error::LeafOutOfRange {
            leaf,
            limit: leaves(DEPTH),
        };
        assert_eq!(set_weight(&mut tree, leaf, 1), Err(expected));
        assert_eq!(weight(&tree, leaf), 0);
    }
    assert!(tree.nodes.is_empty());
}

/// The first leaf and the last, in a tree of `LEVELS` levels.
fn ends_of<const LEVELS: u32>() {
    let mut tree = Levels::<LEVELS>::default();
    let limit = leaves(LEVELS);
    assert_eq!(limit, 16u64.pow(LEVELS));
    let last = u32::try_from(limit - 1).unwrap();
    set_weight(&mut tree, 0, 3).unwrap();
    set_weight(&mut tree, last, u64::MAX).unwrap();
    assert_eq!(total(&tree), u128::from(u64::MAX) + 3);
    assert_eq!((weight(&tree, 0), weight(&tree, last)), (3, u64::MAX));
    tree.0.reads.set(0);
    assert_eq!(draw(&tree, 2), Some(0));
    assert_eq!(tree.0.reads.get(), LEVELS);
    assert_eq!(draw(&tree, 3), Some(last));
    assert_eq!(draw(&tree, total(&tree) - 1), Some(last));
    assert_eq!(draw(&tree, total(&tree)), None);
    assert_eq!(check(&tree), Ok(2 * LEVELS - 1));
    if let Ok(leaf) = u32::try_from(limit) {
        let outside = Error::LeafOutOfRange { leaf, limit };
        assert_eq!(set_weight(&mut tree, leaf, 1), Err(outside));
        assert_eq!(weight(&tree, leaf), 0);
    }
    set_weight(&mut tree, 0, 0).unwrap();
    set_weight(&mut tree, last, 0).unwrap();
    assert!(tree.0.nodes.is_empty());
}

#[test]
fn a_store_decides_how_many_levels_its_tree_has() {
    ends_of::<2>();
    ends_of::<DEPTH>();
    ends_of::<6>();
    ends_of::<MAX_DEPTH>();
}

#[test]
fn heaviest_tree_does_not_overflow() {
    let mut tree = Map::default();
    for leaf in 0..MAX_LEAVES {
        set_weight(&mut tree, leaf, u64::MAX).unwrap();
    }
    let sum = u128::from(u64::MAX) * u128::from(MAX_LEAVES);
    assert_eq!(total(&tree), sum);
    assert_eq!(draw(&tree, sum - 1), Some(MAX_LEAVES - 1));
    assert_eq!(draw(&tree, 0), Some(0));
    assert_eq!(check(&tree), Ok(4096 + 256 + 16 + 1));
}

#[test]
fn unchanged_weight_writes_nothing() {
    let mut tree = Map::default();
    set_weight(&mut tree, 3, 9).unwrap();
    tree.writes = 0;
    set_weight(&mut tree, 3, 9).unwrap();
    set_weight(&mut tree, 4, 0).unwrap();
    assert_eq!(tree.writes, 0);
}

#[test]
fn check_finds_what_is_broken() {
    let broken = |change: fn(&mut Map)| {
        let mut tree = Map::default();
        set_weight(&mut tree, 5, 7).unwrap();
        set_weight(&mut tree, 40_000, 8).unwrap();
        assert_eq!(check(&tree), Ok(7));
        change(&mut tree);
        check(&tree).unwrap_err()
    };
    let lost = broken(|tree| tree.remove(1, 0));
    assert_eq!(
        lost,
        Inconsistency::WrongSum {
            level: 1,
            index: 0,
            expected: 7,
            found: 0
        }
    );
    let changed = broken(|tree| {
        tree.nodes.get_mut(&(0, 0)).unwrap().sums[1] = 1;
    });
    assert_eq!(
        changed,
        Inconsistency::WrongSum {
            level: 0,
            index: 0,
            expected: 7,
            found: 8
        }
    );
    let empty = broken(|tree| tree.set(0, 1, Node::default()));
    assert_eq!(empty, Inconsistency::EmptyNode { level: 0, index: 1 });
    let too_large = broken(|tree| {
        tree.nodes.get_mut(&(3, 0)).unwrap().sums = [u128::MAX; FAN_OUT];
    });
    assert_eq!(too_large, Inconsistency::TooLarge { level: 3, index: 0 });
}

#[test]
fn overflowing_store_is_reported_without_trace() {
    let mut tree = Map::default();
    set_weight(&mut tree, 0, 1).unwrap();
    let root = Node {
        sums: [u128::MAX; FAN_OUT],
    };
    tree.set(DEPTH - 1, 0, root);
    let before = tree.nodes.clone();
    assert_eq!(
        set_weight(&mut tree, 0, 2),
        Err(Error::SumOverflow {
            level: DEPTH - 1,
            index: 0
        })
    );
    assert_eq!(tree.nodes, before);
    assert_eq!(total(&tree), 0);
}

#[test]
fn draw_from_a_store_that_lost_a_node_gives_none() {
    let mut tree = Map::default();
    set_weight(&mut tree, 5, 7).unwrap();
    tree.remove(1, 0);
    assert_eq!(draw(&tree, 3), None);
}
