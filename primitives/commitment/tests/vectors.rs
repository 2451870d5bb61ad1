//! Known roots, nodes and proofs. Those of files are for the content "byte i is i mod 251" unless a
//! test says otherwise.

use std::num::NonZeroUsize;

use hex_literal::hex;
use noema_commitment::{
    commit_reader, tree_root, tree_siblings, verify_segment, zero_root, Builder, Commitment,
    Hasher, Lanes, Shape, ShapeError, Software, SubmissionNode, SEGMENT_SIZE,
};

/// The commitment, which every way of hashing must agree on.
fn commit(data: &[u8]) -> Commitment {
    let commitment = commit_with::<Software>(data);
    assert_eq!(commit_with::<Lanes<1>>(data), commitment);
    assert_eq!(commit_with::<Lanes<4>>(data), commitment);
    assert_eq!(commit_with::<Lanes<8>>(data), commitment);
    let threads = NonZeroUsize::new(3).unwrap();
    let by_threads = commit_reader::<Software>(data, threads, |_| {}).unwrap();
    assert_eq!(by_threads, commitment);
    commitment
}

fn commit_with<H: Hasher>(data: &[u8]) -> Commitment {
    let mut builder = Builder::<H>::with_hasher();
    builder.push(data).unwrap();
    builder.finish().unwrap()
}

fn counting(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i % 251) as u8).collect()
}

/// Fold of the nodes from the right: what 0G's node makes of a submission.
fn fold(nodes: &[SubmissionNode]) -> [u8; 32] {
    let (last, others) = nodes.split_last().unwrap();
    others.iter().rev().fold(last.root, |right, node| {
        Software::keccak_256(&[node.root, right].concat())
    })
}

struct Vector {
    size: usize,
    sectors: u64,
    padded: u64,
    heights: &'static [u32],
    root: [u8; 32],
}

const VECTORS: &[Vector] = &[
    Vector {
        size: 1,
        sectors: 1,
        padded: 1,
        heights: &[0],
        root: hex!("d397b3b043d87fcd6fad1291ff0bfd16401c274896d8c63a923727f077b8e0b5"),
    },
    Vector {
        size: 255,
        sectors: 1,
        padded: 1,
        heights: &[0],
        root: hex!("037a0c9cbd377fa4d88832b1adb2de77b7a2939815debfc83137ecf1b89bf984"),
    },
    Vector {
        size: 256,
        sectors: 1,
        padded: 1,
        heights: &[0],
        root: hex!("e2a94a8afb5941b26a9be1be979c403e33559570b52961b48b3f7d36237fecc8"),
    },
    Vector {
        size: 257,
        sectors: 2,
        padded: 2,
        heights: &[1],
        root: hex!("24b74d6cdc150cad90a1ba71ff747a7e0d377f676fc78dbcc9218d22dafa503b"),
    },
    Vector {
        size: 513,
        sectors: 3,
        padded: 3,
        heights: &[1, 0],
        root: hex!("e049f2ef01ba47692ee32f24428319a73872124e59965a362734d068eec7ffda"),
    },
    Vector {
        size: 768,
        sectors: 3,
        padded: 3,
        heights: &[1, 0],
        root: hex!("6d7c4fcd7671d38afa95e3f95ba75ab82fb2df459f753885f0154e7627e67391"),
    },
    Vector {
        size: 1280,
        sectors: 5,
        padded: 5,
        heights: &[2, 0],
        root: hex!("59bf68b3f20f78aeaf7cfcb40260d224b84e8706881ab4915bd42b2ada6cbcc1"),
    },
    Vector {
        size: 4096,
        sectors: 16,
        padded: 16,
        heights: &[4],
        root: hex!("aef6d19a4161f0fabc7a71f56477d1c829d6ba7967d6a987750ff67fbfb430a5"),
    },
    Vector {
        size: 4097,
        sectors: 17,
        padded: 18,
        heights: &[4, 1],
        root: hex!("b6c1b3198755cdcf3e030b73b31801aaea2ea41be49229e5e0b5eaa0be775ed8"),
    },
    Vector {
        size: 8193,
        sectors: 33,
        padded: 36,
        heights: &[5, 2],
        root: hex!("cac609b504f079ec466a570537f2a7a3c4e17d6c463d30d8044d9d931bd79625"),
    },
    Vector {
        size: 262_143,
        sectors: 1024,
        padded: 1024,
        heights: &[10],
        root: hex!("f8f1aae97b95c26ee1d7b2190ac539b7f708c150b75d8f31f701ad1e1514b65a"),
    },
    Vector {
        size: 262_144,
        sectors: 1024,
        padded: 1024,
        heights: &[10],
        root: hex!("4d533607c0f4423a9287d761e7394aa61552adb7d6a080cdb278ddb65b2eacb7"),
    },
    Vector {
        size: 262_145,
        sectors: 1025,
        padded: 1152,
        heights: &[10, 7],
        root: hex!("1458412a6ece9f4f9dc83ade0c68037378ef3e10fe484cea5d451cc10c9212d0"),
    },
    Vector {
        size: 524_288,
        sectors: 2048,
        padded: 2048,
        heights: &[11],
        root: hex!("3af70feaa83ba05461a297676ed6322a793fa2dcc130900f6988918511605705"),
    },
    Vector {
        size: 524_289,
        sectors: 2049,
        padded: 2304,
        heights: &[11, 8],
        root: hex!("2e97cf072a5571c775cb5882abcb07394670c26574b2f6fe618dc50c221a85fa"),
    },
    Vector {
        size: 786_432,
        sectors: 3072,
        padded: 3072,
        heights: &[11, 10],
        root: hex!("a19fb682db92e89f0ce29f55c6eeebe690e2d6d139ae62afb0b7b707b86083c8"),
    },
    Vector {
        size: 1_048_577,
        sectors: 4097,
        padded: 4608,
        heights: &[12, 9],
        root: hex!("3bdc4fe98b58589538649dc2bfa4675ab5d18d30908256443d6e86ad70da2756"),
    },
];

#[test]
fn shapes_and_roots_are_the_known_ones() {
    for vector in VECTORS {
        let size = vector.size;
        let commitment = commit(&counting(size));
        let shape = commitment.shape();
        assert_eq!(shape.sectors(), vector.sectors, "sectors of {size}");
        assert_eq!(shape.padded_sectors(), vector.padded, "padded of {size}");
        let heights: Vec<u32> = shape.submission_node_heights().collect();
        assert_eq!(heights, vector.heights, "heights of {size}");
        assert_eq!(commitment.root, vector.root, "root of {size}");

        let nodes = commitment.submission_nodes();
        let heights: Vec<u32> = nodes.iter().map(|node| node.height).collect();
        assert_eq!(heights, vector.heights, "nodes of {size}");
        assert_eq!(fold(&nodes), vector.root, "fold of {size}");
    }
}

#[test]
fn empty_file_is_rejected() {
    assert_eq!(Shape::new(0), Err(ShapeError::Empty));
    assert_eq!(Builder::new().finish(), Err(ShapeError::Empty));
}

#[test]
fn other_contents_have_the_known_roots() {
    assert_eq!(
        commit(b"hello").root,
        hex!("3c0a2457170aa849c8f7051e23d7874a362be798d95fbb333c901c6cf19dca5a")
    );
    assert_eq!(
        commit(&[0; 257]).root,
        hex!("f73e6947d7d1628b9976a6e40d7b278a8a16405e96324a68df45b12a51b7cfde")
    );
    assert_eq!(
        commit(&[0; SEGMENT_SIZE]).root,
        hex!("e68d02859bb6211cec64f52368b77d422de3b8eac34bf615942b814b643301b5")
    );
}

/// The root of a file of one zero byte is that of a sector of zeros, and appended zeros do not show:
/// the size is bound by the file id, not by the root.
#[test]
fn zeros_within_the_padding_do_not_change_the_root() {
    assert_eq!(commit(&[0]).root, zero_root::<Software>(1));
    assert_eq!(commit(&[0]).root, commit(&[0; 256]).root);
    assert_eq!(commit(&[0; 257]).root, zero_root::<Software>(2));
    assert_eq!(commit(&[0; SEGMENT_SIZE]).root, zero_root::<Software>(1024));
    assert_ne!(
        noema_commitment::file_id::<Software>(&commit(&[0]).root, 1),
        noema_commitment::file_id::<Software>(&commit(&[0]).root, 256)
    );
}

#[test]
fn table_of_zeros_is_what_zeros_hash_to() {
    let mut expected = Software::keccak_256(&[0; 256]);
    for height in 0..=40 {
        assert_eq!(zero_root::<Software>(1 << height), expected, "{height}");
        expected = Software::keccak_256(&[expected, expected].concat());
    }
    for count in 1..70u64 {
        let leaves = vec![zero_root::<Software>(1); count as usize];
        assert_eq!(
            Some(zero_root::<Software>(count)),
            tree_root::<Software>(&leaves),
            "{count}"
        );
    }
}

/// The tree alone, over hashes of the strings "chunk data - i", which are no sectors. From the tests
/// of 0G's TypeScript SDK and Go client. (The roots of `example.ts` and `example.md` in the SDK's tests
/// are not here: these files are not part of this repository.)
#[test]
fn trees_over_any_leaves_have_the_known_roots() {
    let leaves: Vec<[u8; 32]> = (0..36)
        .map(|i| Software::keccak_256(format!("chunk data - {i}").as_bytes()))
        .collect();
    for (count, root) in [
        (
            3,
            hex!("6f5d8d4ca0790ea245a280ece40fb7493d5f957b8d42931e3326ba3fd0c86e41"),
        ),
        (
            4,
            hex!("2418ddec22d6fb98525835c9876a95db78491cc3430df47a9ed4b2a337c5452c"),
        ),
        (
            5,
            hex!("2dea03c693750777940bcd0cc3f5d93543c075fa3b9a07b9fd86ec8fbaf6a8b2"),
        ),
        (
            6,
            hex!("318c92000aefba6ebf570a8a6daa57aa643f04350ffbe583999ddd9e24ceb147"),
        ),
        (
            7,
            hex!("ca80116fb7fb8d6ef4a47e322f22e94ae8beb03e6fcbf8ab59c4d6f54fe42c4d"),
        ),
        (
            35,
            hex!("209c511bf4349096c4951cb825bebbf219de745c2b36261bed8c64a105982912"),
        ),
        (
            36,
            hex!("c8855b6bfb57c37673397678dd3199fbbe6cd3b0b4cda2800cfab298d271ae2a"),
        ),
    ] {
        assert_eq!(
            tree_root::<Software>(&leaves[..count]),
            Some(root),
            "{count}"
        );
    }
    assert_eq!(tree_root::<Software>(&[]), None);
    assert_eq!(tree_siblings::<Software>(&leaves, 36), None);
}

/// The example of a proof: a file of 262,145 bytes, whose second segment is one sector.
#[test]
fn segments_of_the_proof_example_verify() {
    let data = counting(262_145);
    let commitment = commit(&data);
    let first = hex!("4d533607c0f4423a9287d761e7394aa61552adb7d6a080cdb278ddb65b2eacb7");
    let second = hex!("ccbcdbc37fd2c6dd3f67f5e88b1358108db019d506e6bf8d8ef630ee5b390533");
    assert_eq!(commitment.segment_roots, [first, second]);
    assert_eq!(commitment.segment_siblings(0), Some(vec![second]));
    assert_eq!(commitment.segment_siblings(1), Some(vec![first]));
    assert_eq!(commitment.segment_siblings(2), None);

    let shape = commitment.shape();
    assert_eq!((shape.segments(), shape.padded_segments()), (2, 2));
    assert_eq!(shape.segment_len(0), Some(SEGMENT_SIZE));
    assert_eq!(shape.segment_len(1), Some(256));
    assert_eq!(shape.segment_len(2), None);
    assert_eq!(shape.segment_bytes(1), Some(1));
    assert_eq!(shape.segment_sectors_padded(1), Some(128));

    let mut wire = data[SEGMENT_SIZE..].to_vec();
    wire.resize(256, 0);
    let root = &commitment.root;
    let verify = verify_segment::<Software>;
    assert_eq!(
        verify(root, shape, 0, &data[..SEGMENT_SIZE], &[second]),
        Ok(first)
    );
    assert_eq!(verify(root, shape, 1, &wire, &[first]), Ok(second));
}
