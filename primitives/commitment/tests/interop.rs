//! Roots, submission nodes and segment proofs of files of arbitrary sizes as 0G's own SDK makes them.

mod reference;

use noema_commitment::{path, verify_segment, Builder, Side, Software, SEGMENT_SIZE};

const FROM_SDK: &str = include_str!("0g-ts-sdk.txt");

fn hash(text: &str) -> [u8; 32] {
    assert_eq!(text.len(), 64);
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    std::array::from_fn(|i| byte(2 * i))
}

/// Pairs of the form `name:hash`, separated by spaces.
fn pairs(text: &str) -> Vec<(&str, [u8; 32])> {
    text.split(' ')
        .filter_map(|pair| pair.split_once(':'))
        .map(|(name, root)| (name, hash(root)))
        .collect()
}

#[test]
fn commitments_equal_those_of_the_sdk() {
    let lines: Vec<&str> = FROM_SDK
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    assert_eq!(lines.len(), 27);
    for line in lines {
        let fields: Vec<&str> = line.split(" | ").collect();
        let [size, root, nodes, siblings] = fields[..] else {
            panic!("four fields expected: {line}");
        };
        let size: usize = size.parse().unwrap();
        let data = reference::noise(size, size as u64);
        let mut builder = Builder::new();
        builder.push(&data).unwrap();
        let commitment = builder.finish().unwrap();
        assert_eq!(commitment.root, hash(root), "root of {size}");
        assert_eq!(
            commitment.root,
            reference::root(&reference::leaves(&data)),
            "reference root of {size}"
        );

        let ours: Vec<(u32, [u8; 32])> = commitment
            .submission_nodes()
            .iter()
            .map(|node| (node.height, node.root))
            .collect();
        let theirs: Vec<(u32, [u8; 32])> = pairs(nodes)
            .into_iter()
            .map(|(height, root)| (height.parse().unwrap(), root))
            .collect();
        assert_eq!(ours, theirs, "submission nodes of {size}");

        let shape = commitment.shape();
        let last = shape.segments() - 1;
        let ours = commitment.segment_siblings(last).unwrap();
        let with_sides: Vec<(&str, [u8; 32])> = path(last, shape.padded_segments())
            .zip(&ours)
            .map(|(step, sibling)| match step.side {
                Side::Left => ("L", *sibling),
                Side::Right => ("R", *sibling),
            })
            .collect();
        assert_eq!(with_sides, pairs(siblings), "proof of {size}");
        let mut wire = data[last as usize * SEGMENT_SIZE..].to_vec();
        wire.resize(wire.len().next_multiple_of(256), 0);
        let verdict = verify_segment::<Software>(&commitment.root, shape, last, &wire, &ours);
        assert_eq!(verdict, Ok(commitment.segment_roots[last as usize]));
        // The siblings of a reference tree, so that it stands for the interoperable one elsewhere.
        let leaves = reference::leaves(&data);
        let segments: Vec<_> = leaves.chunks(1024).map(reference::root).collect();
        assert_eq!(reference::siblings(&segments, last as usize), ours);
    }
}
