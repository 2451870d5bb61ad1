//! The sum tree: against a plain list of weights when it is used as it should be, and over a store of
//! any bytes, where nothing may panic and a refused change changes nothing.

#![no_main]

use std::collections::BTreeMap;

use codec::{DecodeAll, Encode, MaxEncodedLen};
use libfuzzer_sys::fuzz_target;
use noema_fuzz::Bytes;
use noema_sum_tree::{
    check, draw, set_weight, target_from_random, total, weight, Node, NodeStore, MAX_LEAVES,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Nodes(BTreeMap<(u32, u32), Node>);

impl NodeStore for Nodes {
    fn get(&self, level: u32, index: u32) -> Option<Node> {
        self.0.get(&(level, index)).copied()
    }

    fn set(&mut self, level: u32, index: u32, node: Node) {
        self.0.insert((level, index), node);
    }

    fn remove(&mut self, level: u32, index: u32) {
        self.0.remove(&(level, index));
    }
}

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    match bytes.byte() % 2 {
        0 => against_a_list(bytes),
        _ => over_any_store(bytes),
    }
});

/// A number below [`MAX_LEAVES`] that is often one used before, and sometimes one too high.
fn leaf(bytes: &mut Bytes<'_>) -> u32 {
    match bytes.byte() {
        few @ 0..=200 => u32::from(few % 20),
        201 => u32::from_le_bytes(bytes.array()),
        _ => u32::from(u16::from_le_bytes(bytes.array())),
    }
}

/// Whether the sums are right and every node is reached from the root.
fn is_consistent(tree: &Nodes) -> bool {
    check(tree).is_ok_and(|nodes| nodes as usize == tree.0.len())
}

fn against_a_list(mut bytes: Bytes<'_>) {
    let (mut tree, mut list) = (Nodes::default(), BTreeMap::new());
    for _ in 0..64 {
        if bytes.is_empty() {
            break;
        }
        let (leaf, weight) = (leaf(&mut bytes), bytes.number());
        if set_weight(&mut tree, leaf, weight).is_ok() {
            assert!(leaf < MAX_LEAVES);
            list.insert(leaf, weight);
        } else {
            assert!(leaf >= MAX_LEAVES);
        }
    }
    assert!(is_consistent(&tree));
    let sum: u128 = list.values().map(|weight| u128::from(*weight)).sum();
    assert_eq!(total(&tree), sum);
    assert_eq!(draw(&tree, sum), None);
    let mut first = 0;
    for (leaf, expected) in &list {
        assert_eq!(weight(&tree, *leaf), *expected);
        if let Some(last) = (first + u128::from(*expected))
            .checked_sub(1)
            .filter(|l| *l >= first)
        {
            assert_eq!(
                (draw(&tree, first), draw(&tree, last)),
                (Some(*leaf), Some(*leaf))
            );
            first = last + 1;
        }
    }
    let random = bytes.array();
    let target = target_from_random(&random, sum);
    assert_eq!(draw(&tree, target).is_some(), sum > 0);
}

fn over_any_store(mut bytes: Bytes<'_>) {
    let mut tree = Nodes::default();
    for _ in 0..8 {
        if bytes.is_empty() {
            break;
        }
        let place = (u32::from(bytes.byte() % 5), u32::from(bytes.byte()));
        // Sums of a few bytes each, so that a short input fills a node.
        let mut node = Node::default();
        for sum in &mut node.sums {
            *sum = match bytes.byte() {
                0..=127 => 0,
                128 => u128::MAX,
                _ => u128::from_le_bytes(bytes.array()),
            };
        }
        let encoded = node.encode();
        assert_eq!(encoded.len(), Node::max_encoded_len());
        assert_eq!(Node::decode_all(&mut &encoded[..]), Ok(node));
        tree.0.insert(place, node);
    }
    let consistent = is_consistent(&tree);
    let sum = total(&tree);
    let target = match bytes.byte() % 2 {
        0 => target_from_random(&bytes.array(), sum),
        _ => u128::from_le_bytes(bytes.array()),
    };
    let drawn = draw(&tree, target);
    if consistent {
        // A store that passes the check behaves as a tree, however it came about.
        assert_eq!(drawn.is_some(), target < sum);
        assert!(drawn.is_none_or(|leaf| leaf < MAX_LEAVES && weight(&tree, leaf) > 0));
    }
    let (leaf, to) = (leaf(&mut bytes), bytes.number());
    let before = tree.clone();
    match set_weight(&mut tree, leaf, to) {
        Ok(()) => {
            assert_eq!(weight(&tree, leaf), to);
            if consistent {
                assert!(is_consistent(&tree));
                let (old, new) = (u128::from(weight(&before, leaf)), u128::from(to));
                assert_eq!(total(&tree) + old, sum + new);
            }
        }
        Err(_) => {
            assert_eq!(tree, before, "a refused change left something");
            assert!(!consistent || leaf >= MAX_LEAVES);
        }
    }
}
