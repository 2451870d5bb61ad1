//! Row inclusion, row by row against the library that codes blobs.

use codec::{Encode, MaxEncodedLen};
use noema_da_primitives::{
    climb, leaf, verify_row, Commitment, Hasher, RowError, RowProof, Shape, SizeClass, Software,
    MAX_DEPTH, MAX_ROW_BYTES,
};
use rsema1d::{
    encode_in_place, verify_row_inclusion, ExtendedData, Parameters, RowInclusionProof, RowMatrix,
};

/// Bytes that repeat nowhere nearby, from a seed.
fn fill(bytes: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for byte in bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = (state >> 32) as u8;
    }
}

fn coded(shape: &Shape, seed: u64) -> (Parameters, ExtendedData) {
    let (k, rows) = (usize::from(shape.original()), usize::from(shape.rows()));
    let row_bytes = shape.row_bytes() as usize;
    let parameters = Parameters::new(k, rows - k, row_bytes).unwrap();
    let mut matrix = RowMatrix::zeroed(rows, row_bytes).unwrap();
    fill(&mut matrix.as_row_major_mut()[..k * row_bytes], seed);
    (parameters, encode_in_place(matrix, &parameters).unwrap())
}

fn check(
    shape: &Shape,
    commitment: &Commitment,
    proof: &RowInclusionProof,
) -> Result<(), RowError> {
    verify_row::<Software>(
        commitment,
        shape,
        proof.index as u16,
        &proof.row,
        &proof.row_proof,
        &proof.rlc_root,
    )
}

#[test]
fn verify_row_every_row_of_every_class_agrees_with_the_library() {
    // The smallest blob of each class, and rows of more than one step where that is cheap.
    for size in [
        0,
        512,
        513,
        40_000,
        65_537,
        1 << 20,
        (4 << 20) + 1,
        (32 << 20) + 1,
    ] {
        let shape = Shape::of(size).unwrap();
        let (parameters, data) = coded(&shape, size);
        let commitment = Commitment(data.commitment());
        for index in 0..shape.rows() {
            let mut proof = data.generate_row_inclusion_proof(index.into()).unwrap();
            assert_eq!(check(&shape, &commitment, &proof), Ok(()));
            assert!(verify_row_inclusion(&proof, &commitment.0, &parameters).is_ok());
            let row_root =
                climb::<Software>(leaf::<Software>(&proof.row), index.into(), &proof.row_proof);
            assert_eq!(row_root, data.row_root());

            // Neither takes the row for its neighbour, which differs from it in the lowest sibling's side.
            proof.index ^= 1;
            assert!(matches!(
                check(&shape, &commitment, &proof),
                Err(RowError::WrongCommitment { .. })
            ));
            assert!(verify_row_inclusion(&proof, &commitment.0, &parameters).is_err());
        }
    }
}

#[test]
fn verify_row_each_change_is_refused_with_its_own_error() {
    let shape = Shape::of(2_000).unwrap();
    assert_eq!(shape.class(), SizeClass::Small);
    let (_, data) = coded(&shape, 1);
    let commitment = Commitment(data.commitment());
    let honest = data.generate_row_inclusion_proof(11).unwrap();
    let with = |change: &dyn Fn(&mut RowInclusionProof)| {
        let mut proof = honest.clone();
        change(&mut proof);
        check(&shape, &commitment, &proof)
    };
    assert_eq!(with(&|_| ()), Ok(()));
    assert_eq!(
        with(&|proof| proof.index = 32),
        Err(RowError::OutOfRange {
            index: 32,
            last: 31
        })
    );
    assert_eq!(
        with(&|proof| proof.row = proof.row.slice(1..)),
        Err(RowError::WrongLength {
            index: 11,
            expected: shape.row_bytes(),
            found: 255
        })
    );
    for count in [0, 4] {
        assert_eq!(
            with(&|proof| proof.row_proof.truncate(count)),
            Err(RowError::WrongSiblingCount {
                index: 11,
                expected: 5,
                found: count
            })
        );
    }
    let wrong = |change: &dyn Fn(&mut RowInclusionProof)| {
        let Err(RowError::WrongCommitment {
            index: 11,
            expected,
            found,
        }) = with(change)
        else {
            panic!("accepted");
        };
        assert_eq!(expected, commitment);
        assert_ne!(found, commitment);
    };
    for bit in 0..8 * 256 {
        wrong(&|proof| {
            let mut row = proof.row.to_vec();
            row[bit / 8] ^= 1 << (bit % 8);
            proof.row = row.into();
        });
    }
    for sibling in 0..5 {
        wrong(&|proof| proof.row_proof[sibling][31] ^= 0x80);
    }
    wrong(&|proof| proof.rlc_root[0] ^= 1);

    // The same through the type that goes over the wire.
    let proof = RowProof {
        row: honest.row.to_vec().try_into().unwrap(),
        siblings: honest.row_proof.clone().try_into().unwrap(),
        combinations_root: honest.rlc_root,
    };
    assert_eq!(proof.verify::<Software>(&commitment, &shape, 11), Ok(()));
    assert!(proof.verify::<Software>(&commitment, &shape, 12).is_err());
}

/// The longest rows of the largest classes, without coding half a gigabyte: any row and siblings lead to
/// some commitment.
#[test]
fn verify_the_longest_row_of_large_and_huge_blobs_fits_the_type() {
    for (size, last, depth) in [(32u64 << 20, 4_095, 12), (128 << 20, 16_383, MAX_DEPTH)] {
        let shape = Shape::of(size).unwrap();
        assert_eq!(shape.row_bytes(), MAX_ROW_BYTES);
        let mut row = vec![0; MAX_ROW_BYTES as usize];
        fill(&mut row, size);
        let siblings: Vec<[u8; 32]> = (0..depth).map(|level| [level as u8; 32]).collect();
        let proof = RowProof {
            row: row.clone().try_into().unwrap(),
            siblings: siblings.clone().try_into().unwrap(),
            combinations_root: [9; 32],
        };
        let root = climb::<Software>(leaf::<Software>(&row), last, &siblings);
        let commitment = Commitment(Software::sha2_256(&[&root, &[9; 32]]));
        let index = last as u16;
        assert_eq!(proof.verify::<Software>(&commitment, &shape, index), Ok(()));
        let neighbour = proof.verify::<Software>(&commitment, &shape, index - 1);
        assert!(matches!(neighbour, Err(RowError::WrongCommitment { .. })));
        // The lengths of both lists are compact: 4 bytes and 1.
        let expected = 4 + row.len() + 1 + 32 * siblings.len() + 32;
        assert_eq!(proof.encoded_size(), expected);
        assert_eq!(
            proof.encoded_size() == RowProof::max_encoded_len(),
            depth == MAX_DEPTH
        );
        let longer: Result<RowProof, _> = codec::Decode::decode(
            &mut &[
                codec::Compact(MAX_ROW_BYTES + 1).encode(),
                vec![0; MAX_ROW_BYTES as usize + 600],
            ]
            .concat()[..],
        );
        assert!(longer.is_err());
    }
}
