//! The streaming builder against the plain reference, and proofs against tampering.

mod reference;

use codec::{Decode, Encode, MaxEncodedLen};
use noema_commitment::{
    drawn_sectors, file_id, path, sector_proof, segment_root, tree_root, tree_siblings,
    verify_sector, verify_segment, Builder, Commitment, Hasher, ProofError, SectorProof, Shape,
    ShapeError, Software, MAX_SIBLINGS, MAX_SIZE, SEGMENT_SIZE,
};
use proptest::prelude::*;

fn commit(data: &[u8]) -> Commitment {
    let mut builder = Builder::new();
    builder.push(data).unwrap();
    builder.finish().unwrap()
}

/// Segment `index` as it is transferred.
fn wire(data: &[u8], index: u64) -> Vec<u8> {
    let segment = data.chunks(SEGMENT_SIZE).nth(index as usize).unwrap();
    let mut bytes = segment.to_vec();
    bytes.resize(segment.len().next_multiple_of(256), 0);
    bytes
}

/// The proof of a sector, made as a daemon makes it.
fn prove(data: &[u8], commitment: &Commitment, sector: u64) -> SectorProof {
    let shape = commitment.shape();
    let (segment, within) = shape.segment_of_sector(sector).unwrap();
    let siblings = commitment.segment_siblings(segment).unwrap();
    sector_proof::<Software>(shape, segment, &wire(data, segment), within, &siblings).unwrap()
}

fn verify(root: &[u8; 32], shape: &Shape, index: u64, proof: &SectorProof) -> bool {
    verify_sector::<Software>(root, shape, index, proof).is_ok()
}

/// Sizes at which something changes: around sectors, powers of two of them, and segments.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        3 => 1..20_000usize,
        2 => (0..12u32, 0..3usize).prop_map(|(power, off)| (256usize << power) + off - 1),
        1 => 1..(3 * SEGMENT_SIZE),
        1 => (1..4usize, 0..600usize).prop_map(|(n, off)| n * SEGMENT_SIZE + off - 300),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn builder_equals_reference(
        size in size(),
        seed: u64,
        pieces in prop::collection::vec(prop_oneof![0..600usize, 0..400_000usize], 1..8),
    ) {
        let data = reference::noise(size, seed);
        let mut builder = Builder::new();
        let mut rest = data.as_slice();
        for length in pieces {
            let (piece, beyond) = rest.split_at(length.min(rest.len()));
            builder.push(piece).unwrap();
            rest = beyond;
        }
        builder.push(rest).unwrap();
        prop_assert_eq!(builder.size(), size as u64);
        let commitment = builder.finish().unwrap();

        let leaves = reference::leaves(&data);
        prop_assert_eq!(commitment.root, reference::root(&leaves));
        prop_assert_eq!(commitment.size, size as u64);
        let segments: Vec<_> = leaves.chunks(1024).map(reference::root).collect();
        let stored = commitment.segment_roots.len();
        prop_assert_eq!(&commitment.segment_roots[..], &segments[..stored]);
        prop_assert_eq!(commitment.shape().padded_segments(), segments.len() as u64);
        for index in 0..stored {
            let expected = reference::siblings(&segments, index);
            let index = index as u64;
            prop_assert_eq!(commitment.segment_siblings(index), Some(expected));
            prop_assert_eq!(
                segment_root::<Software>(commitment.shape(), index, &wire(&data, index)),
                Some(commitment.segment_roots[index as usize])
            );
        }

        let mut first = 0usize;
        for node in commitment.submission_nodes() {
            let end = first + (1usize << node.height);
            prop_assert_eq!(node.root, reference::root(&leaves[first..end]));
            first = end;
        }
        prop_assert_eq!(first, leaves.len());
    }

    #[test]
    fn sector_proofs_verify_and_any_flipped_bit_fails(
        size in size(),
        seed: u64,
        sector: prop::sample::Index,
        bit: prop::sample::Index,
        other: prop::sample::Index,
    ) {
        let data = reference::noise(size, seed);
        let commitment = commit(&data);
        let (root, shape) = (&commitment.root, commitment.shape());
        let index = sector.index(shape.sectors() as usize) as u64;
        let proof = prove(&data, &commitment, index);
        let expected = reference::siblings(&reference::leaves(&data), index as usize);
        prop_assert_eq!(&proof.siblings[..], &expected[..]);
        prop_assert_eq!(verify_sector::<Software>(root, shape, index, &proof), Ok(()));

        let encoded = proof.encode();
        prop_assert!(encoded.len() <= SectorProof::max_encoded_len());
        let decoded = SectorProof::decode(&mut &encoded[..]).unwrap();
        prop_assert_eq!(&decoded, &proof);

        // A bit anywhere in the encoded proof: sector, number of siblings or a sibling.
        let mut tampered = encoded.clone();
        let flipped = bit.index(encoded.len() * 8);
        tampered[flipped / 8] ^= 1 << (flipped % 8);
        if let Ok(tampered) = SectorProof::decode(&mut &tampered[..]) {
            prop_assert!(!verify(root, shape, index, &tampered));
        }
        // Every sibling, not only the one that was hit.
        for position in 0..proof.siblings.len() {
            let mut tampered = proof.clone();
            tampered.siblings[position][flipped % 32] ^= 1 << (flipped % 8);
            prop_assert!(!verify(root, shape, index, &tampered));
        }
        // Another index: any single bit of it, and any other sector.
        for power in 0..u64::BITS {
            prop_assert!(!verify(root, shape, index ^ (1 << power), &proof));
        }
        let elsewhere = other.index(shape.sectors() as usize) as u64;
        prop_assert_eq!(verify(root, shape, elsewhere, &proof), elsewhere == index);
        // Another root, one sibling more or less.
        let mut wrong = *root;
        wrong[flipped % 32] ^= 1 << (flipped % 8);
        prop_assert!(!verify(&wrong, shape, index, &proof));
        let mut longer = proof.clone();
        prop_assert!(longer.siblings.try_push([0; 32]).is_ok());
        prop_assert!(!verify(root, shape, index, &longer));
        let mut shorter = proof;
        if shorter.siblings.pop().is_some() {
            prop_assert!(!verify(root, shape, index, &shorter));
        }
    }

    #[test]
    fn segments_verify_and_any_flipped_bit_fails(
        size in size(),
        seed: u64,
        segment: prop::sample::Index,
        bit: prop::sample::Index,
    ) {
        let data = reference::noise(size, seed);
        let commitment = commit(&data);
        let (root, shape) = (&commitment.root, commitment.shape());
        let index = segment.index(shape.segments() as usize) as u64;
        let bytes = wire(&data, index);
        let siblings = commitment.segment_siblings(index).unwrap();
        let check = |index, bytes: &[u8], siblings: &[[u8; 32]]| {
            verify_segment::<Software>(root, shape, index, bytes, siblings)
        };
        prop_assert_eq!(
            check(index, &bytes, &siblings),
            Ok(commitment.segment_roots[index as usize])
        );

        let flipped = bit.index(bytes.len() * 8);
        let mut tampered = bytes.clone();
        tampered[flipped / 8] ^= 1 << (flipped % 8);
        prop_assert!(check(index, &tampered, &siblings).is_err());
        for position in 0..siblings.len() {
            let mut tampered = siblings.clone();
            tampered[position][flipped % 32] ^= 1 << (flipped % 8);
            prop_assert!(check(index, &bytes, &tampered).is_err());
        }
        for power in [0, 1, 2, 3, 10, 31, 63] {
            prop_assert!(check(index ^ (1 << power), &bytes, &siblings).is_err());
        }
        let mut longer = siblings.clone();
        longer.push([0; 32]);
        prop_assert!(check(index, &bytes, &longer).is_err());
        prop_assert!(check(index, &bytes[..bytes.len() - 1], &siblings).is_err());
        prop_assert!(check(index, &bytes[..bytes.len() - 256], &siblings).is_err());
        prop_assert!(check(index, &[], &siblings).is_err());
        prop_assert!(check(index, &[&bytes[..], &[0]].concat(), &siblings).is_err());
    }

    /// All segments verify under another size only if the file has the same root with that size,
    /// that is, if the difference is zeros.
    #[test]
    fn wrong_size_does_not_verify(size in 1..40_000usize, seed: u64, power in 0..18u32, zeros in 0..600usize) {
        let mut data = reference::noise(size, seed);
        let kept = size.saturating_sub(zeros);
        data[kept..].fill(0);
        let claimed = size ^ (1 << power);
        prop_assume!(claimed > 0 && claimed <= SEGMENT_SIZE);
        let root = commit(&data).root;
        let mut resized = data.clone();
        resized.resize(claimed, 0);
        let fits = commit(&resized).root == root;
        let shape = Shape::new(claimed as u64).unwrap();
        let mut candidate = data;
        candidate.resize(claimed.next_multiple_of(256), 0);
        let verdict = verify_segment::<Software>(&root, &shape, 0, &candidate, &[]);
        // Bytes behind the claimed end of the last sector must be zero all the same.
        let zeros_behind = candidate[claimed..].iter().all(|byte| *byte == 0);
        prop_assert_eq!(verdict.is_ok(), fits && zeros_behind);
    }

    #[test]
    fn shapes_hold_together(size in prop_oneof![1..=MAX_SIZE, 1..10_000_000u64, (0..48u32).prop_map(|p| 1u64 << p)]) {
        let shape = Shape::new(size).unwrap();
        let (sectors, padded) = (shape.sectors(), shape.padded_sectors());
        prop_assert!(sectors * 256 >= size && (sectors - 1) * 256 < size);
        prop_assert!(padded >= sectors && (padded - sectors) * 8 <= sectors);
        prop_assert_eq!(shape.padded_bytes(), padded * 256);
        prop_assert_eq!(shape.segments(), sectors.div_ceil(1024));
        prop_assert_eq!(shape.padded_segments(), padded.div_ceil(1024));

        let heights: Vec<u32> = shape.submission_node_heights().collect();
        prop_assert!((1..=4).contains(&heights.len()));
        prop_assert!(heights.windows(2).all(|pair| pair[0] > pair[1]));
        prop_assert!(heights[0] - heights[heights.len() - 1] < 4 || padded < 16);
        prop_assert_eq!(heights.iter().map(|height| 1u64 << height).sum::<u64>(), padded);

        let last = shape.segments() - 1;
        for index in [0, last / 2, last] {
            let len = shape.segment_len(index).unwrap();
            prop_assert!(index == last || len == SEGMENT_SIZE);
            prop_assert_eq!(len as u64, shape.segment_sectors(index).unwrap() * 256);
            prop_assert!(shape.segment_sectors_padded(index) >= shape.segment_sectors(index));
        }
        let before = last * SEGMENT_SIZE as u64;
        prop_assert_eq!(before + shape.segment_bytes(last).unwrap() as u64, size);
        prop_assert_eq!(shape.segment_len(last + 1), None);
        prop_assert_eq!(shape.segment_bytes(last + 1), None);
        prop_assert_eq!(shape.segment_len(u64::MAX), None);
        let last = sectors - 1;
        prop_assert_eq!(last * 256 + shape.sector_bytes(last).unwrap() as u64, size);
        prop_assert_eq!(shape.sector_bytes(sectors), None);
        prop_assert_eq!(shape.segment_of_sector(last), Some((last / 1024, last % 1024)));
        prop_assert_eq!(shape.segment_of_sector(sectors), None);

        // Paths stay within the tree and cover all leaves but one; padding is a power of two.
        for index in [0, last / 3, last] {
            let steps: Vec<_> = path(index, padded).collect();
            prop_assert!(steps.len() <= MAX_SIBLINGS as usize);
            prop_assert_eq!(steps.iter().map(|step| step.leaves).sum::<u64>(), padded - 1);
            for step in steps {
                prop_assert!(step.first + step.leaves <= padded);
                prop_assert!(step.first < sectors || step.leaves.is_power_of_two());
            }
        }
    }

    #[test]
    fn trees_equal_reference(count in 1..200usize, index: prop::sample::Index, seed: u64) {
        let leaves: Vec<[u8; 32]> = (0..count as u64)
            .map(|i| Software::keccak_256(&(seed ^ i).to_le_bytes()))
            .collect();
        prop_assert_eq!(tree_root::<Software>(&leaves), Some(reference::root(&leaves)));
        let index = index.index(count);
        prop_assert_eq!(
            tree_siblings::<Software>(&leaves, index as u64),
            Some(reference::siblings(&leaves, index))
        );
    }

    #[test]
    fn drawn_sectors_follow_the_formula(seed: [u8; 32], file: [u8; 32], owner: [u8; 32], provider: [u8; 32], slot: u8, size in 1..=MAX_SIZE) {
        let shape = Shape::new(size).unwrap();
        let drawn: Vec<u64> =
            drawn_sectors::<Software>(&seed, &file, &owner, &provider, slot, &shape, 8).collect();
        prop_assert_eq!(drawn.len(), 8);
        for (i, sector) in (0u32..).zip(drawn) {
            let mut bytes = b"noema/storage/sector/v1".to_vec();
            for part in [seed, file, owner, provider] {
                bytes.extend(part);
            }
            bytes.push(slot);
            bytes.extend(i.to_le_bytes());
            let hash = Software::blake2_256(&bytes);
            let number = u128::from_le_bytes(hash[..16].try_into().unwrap());
            prop_assert_eq!(u128::from(sector), number % u128::from(size.div_ceil(256)));
        }
    }
}

/// Whatever sectors somebody shows for a size that does not fit, some sector cannot be shown.
#[test]
fn wrong_number_of_sectors_leaves_a_sector_without_proof() {
    for sectors in 1..=24usize {
        let data = reference::noise(sectors * 256, 7);
        let commitment = commit(&data);
        let proofs: Vec<SectorProof> = (0..sectors as u64)
            .map(|index| prove(&data, &commitment, index))
            .collect();
        for claimed in (1..=24u64).filter(|claimed| *claimed != sectors as u64) {
            let shape = Shape::new(claimed * 256).unwrap();
            // Zeros behind the file are part of what the root holds, up to the padding.
            if claimed > sectors as u64
                && claimed <= commitment.shape().padded_sectors()
                && shape.padded_sectors() == commitment.shape().padded_sectors()
            {
                continue;
            }
            let shown = (0..claimed).all(|index| {
                proofs
                    .iter()
                    .any(|proof| verify(&commitment.root, &shape, index, proof))
            });
            assert!(!shown, "{sectors} sectors shown as {claimed}");
        }
    }
}

#[test]
fn sector_with_bytes_behind_the_end_fails() {
    let data = reference::noise(300, 1);
    let commitment = commit(&data);
    let mut proof = prove(&data, &commitment, 1);
    // The file of 301 bytes whose last byte is zero has the same root, that of 299 bytes has not.
    let root = &commitment.root;
    assert!(verify(root, &Shape::new(301).unwrap(), 1, &proof));
    assert_eq!(
        verify_sector::<Software>(root, &Shape::new(299).unwrap(), 1, &proof),
        Err(ProofError::DataBehindEnd {
            item: noema_commitment::Item::Sector,
            index: 1,
            end: 43
        })
    );
    proof.sector[255] = 1;
    assert!(matches!(
        verify_sector::<Software>(root, commitment.shape(), 1, &proof),
        Err(ProofError::DataBehindEnd { end: 44, .. })
    ));
}

/// Padding that hides data: a root over 18 sectors whose last one is not zero, shown as a file of 17.
#[test]
fn data_in_the_padding_fails() {
    let data = reference::noise(18 * 256, 2);
    let commitment = commit(&data);
    let shape = Shape::new(17 * 256).unwrap();
    assert_eq!(shape.padded_sectors(), 18);
    let proof = prove(&data, &commitment, 16);
    assert!(matches!(
        verify_sector::<Software>(&commitment.root, &shape, 16, &proof),
        Err(ProofError::WrongPadding { position: 0, .. })
    ));
    // The same one level up, where whole segments are padding: 17 segments are padded to 18.
    let data = reference::noise(18 * SEGMENT_SIZE, 3);
    let commitment = commit(&data);
    let shape = Shape::new(17 * SEGMENT_SIZE as u64).unwrap();
    assert_eq!((shape.segments(), shape.padded_segments()), (17, 18));
    let siblings = commitment.segment_siblings(16).unwrap();
    assert!(matches!(
        verify_segment::<Software>(&commitment.root, &shape, 16, &wire(&data, 16), &siblings),
        Err(ProofError::WrongPadding { position: 0, .. })
    ));
    let honest = commit(&data[..17 * SEGMENT_SIZE]);
    let siblings = honest.segment_siblings(16).unwrap();
    assert_eq!(
        verify_segment::<Software>(&honest.root, &shape, 16, &wire(&data, 16), &siblings),
        Ok(honest.segment_roots[16])
    );
    let proof = prove(&data[..17 * SEGMENT_SIZE], &honest, 17 * 1024 - 1);
    assert!(verify(&honest.root, &shape, 17 * 1024 - 1, &proof));
}

#[test]
fn largest_file_fits_the_largest_proof() {
    let shape = Shape::new(MAX_SIZE).unwrap();
    assert_eq!(shape.padded_sectors(), 1 << MAX_SIBLINGS);
    assert_eq!(path(0, 1 << MAX_SIBLINGS).count(), MAX_SIBLINGS as usize);
    let largest_uneven = Shape::new(MAX_SIZE - 256 * 5).unwrap();
    assert_eq!(largest_uneven.padded_sectors(), 1 << MAX_SIBLINGS);
    assert_eq!(
        Shape::new(MAX_SIZE + 1),
        Err(ShapeError::TooLarge {
            found: MAX_SIZE + 1,
            max: MAX_SIZE
        })
    );
    assert!(Shape::new(u64::MAX).is_err());
}

#[test]
fn index_outside_the_file_is_refused() {
    let data = reference::noise(17 * 256, 4);
    let commitment = commit(&data);
    let proof = prove(&data, &commitment, 16);
    // Sector 17 is padding: under the root, but no part of the file.
    for index in [17, 18, u64::MAX] {
        assert!(matches!(
            verify_sector::<Software>(&commitment.root, commitment.shape(), index, &proof),
            Err(ProofError::OutOfRange { limit: 17, .. })
        ));
    }
    assert!(sector_proof::<Software>(commitment.shape(), 0, &wire(&data, 0), 17, &[]).is_err());
    assert!(sector_proof::<Software>(commitment.shape(), 1, &wire(&data, 0), 0, &[]).is_err());
    assert!(sector_proof::<Software>(commitment.shape(), 0, &data[1..], 0, &[]).is_err());
}

#[test]
fn file_id_follows_the_formula() {
    let mut bytes = b"noema/file/v1".to_vec();
    bytes.extend([5; 32]);
    bytes.extend(1234u64.to_le_bytes());
    assert_eq!(
        file_id::<Software>(&[5; 32], 1234),
        Software::blake2_256(&bytes)
    );
}

#[test]
fn errors_say_expected_and_found() {
    let data = reference::noise(600, 5);
    let commitment = commit(&data);
    let mut proof = prove(&data, &commitment, 0);
    proof.siblings.pop();
    let error = verify_sector::<Software>(&commitment.root, commitment.shape(), 0, &proof);
    assert_eq!(
        error.unwrap_err().to_string(),
        "sector 0 comes with 1 siblings: expected 2"
    );
}
