//! From blobs to rows and back.

mod common;

use codec::{Encode, MaxEncodedLen};
use common::{assign, bundle, data, front, plain};
use noema_da::coding::{
    check_shard, BlobWriter, CodedBlob, EncodeError, Progress, RebuildError, Rebuilder, Row,
};
use noema_da_primitives::{
    BlobId, BlobKind, Bundle, BundleError, BundleHeader, Content, FrontError, RowProof, Shape,
    ShapeError, SizeClass, Software, BLOB_HEADER_BYTES, MAX_BLOB_SIZE, MAX_ROW_BYTES,
};
use proptest::prelude::*;

fn rebuild(coded: &CodedBlob, rows: impl Iterator<Item = u16>) -> (BlobKind, Vec<u8>) {
    let mut rebuilder = Rebuilder::new(coded.commitment(), *coded.shape());
    for index in rows {
        let row = coded.row(index).unwrap();
        if rebuilder.accept(coded.combinations(), &row).unwrap() == Progress::Enough {
            break;
        }
    }
    let blob = rebuilder.rebuild().unwrap();
    (blob.kind, blob.bytes.to_vec())
}

#[test]
fn rebuild_at_the_bounds_of_every_class_gives_the_exact_bytes() {
    let mebi = 1 << 20;
    for size in [
        0,
        1,
        55,
        56,
        57,
        512,
        513,
        65_536,
        65_537,
        mebi,
        4 * mebi,
        4 * mebi + 1,
        32 * mebi + 1,
    ] {
        let blob = data(size, size as u64);
        let coded = plain(&blob);
        let shape = *coded.shape();
        assert_eq!(
            coded.id(),
            BlobId::new::<Software>(&shape, &Content::Plain, &coded.commitment())
        );
        // Nothing but parity, the last rows first.
        let parity = (shape.original()..shape.rows()).rev();
        assert_eq!(rebuild(&coded, parity), (BlobKind::Plain, blob.clone()));
        // The blob's own rows, and one of them replaced by parity.
        assert_eq!(rebuild(&coded, 0..shape.rows()).1, blob);
        assert_eq!(rebuild(&coded, 1..shape.rows()).1, blob);
    }
}

/// Rows as long as they can be: each leads to the commitment, in the form in which audits take it.
fn longest_rows(coded: &CodedBlob) {
    let (shape, commitment) = (*coded.shape(), coded.commitment());
    assert_eq!(shape.row_bytes(), MAX_ROW_BYTES);
    let root = coded.combinations_root();
    for index in [0, 1, shape.original(), shape.rows() - 1] {
        let proof = coded.row(index).unwrap().proof(root).unwrap();
        assert_eq!(proof.verify::<Software>(&commitment, &shape, index), Ok(()));
        assert!(proof
            .verify::<Software>(&commitment, &shape, index ^ 1)
            .is_err());
        let most = RowProof::max_encoded_len();
        let spare = 32 * usize::from(shape.class() < SizeClass::Huge) * 2;
        assert_eq!(proof.encoded_size(), most - spare);
    }
}

#[test]
fn rebuild_the_largest_blob_of_the_large_class_gives_the_exact_bytes() {
    let blob = data(32 << 20, 1);
    let coded = plain(&blob);
    assert_eq!(coded.shape().class(), SizeClass::Large);
    longest_rows(&coded);
    let parity = (coded.shape().original()..coded.shape().rows()).step_by(3);
    assert!(rebuild(&coded, parity).1 == blob);
}

// Half a gigabyte of rows.
#[test]
fn full_size_rebuild_the_largest_blob_gives_the_exact_bytes() {
    let blob = data(MAX_BLOB_SIZE as usize, 1);
    let coded = plain(&blob);
    assert_eq!(coded.shape().class(), SizeClass::Huge);
    longest_rows(&coded);
    let parity = (coded.shape().original()..coded.shape().rows()).step_by(3);
    assert!(rebuild(&coded, parity).1 == blob);
}

// Three times half a gigabyte of rows.
#[test]
fn full_size_check_shard_of_a_quarter_of_the_largest_blob_codes_it_once_more() {
    let blob = data(MAX_BLOB_SIZE as usize, 2);
    let coded = plain(&blob);
    let (commitment, shape) = (coded.commitment(), *coded.shape());
    let assigned = assign(&shape, &commitment, &[1; 4]).sorted_rows(1);
    assert_eq!(assigned.len(), usize::from(shape.original()));
    let wire: Vec<u8> = coded.shard(&assigned).unwrap().flatten().collect();
    drop(coded);
    let (_, rows) = check_shard(commitment, shape, Content::Plain, &assigned, &wire).unwrap();
    assert_eq!(rows.len(), assigned.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn rebuild_from_any_rows_gives_the_exact_bytes(
        size in prop_oneof![0usize..600, 0usize..66_000, 65_000usize..300_000],
        bundled: bool, seed: u64,
    ) {
        let member = data(size, seed);
        let (coded, kind, blob) = match bundled {
            true => {
                let members = [member];
                let bytes = [front(&members).bytes(), &members[0]].concat();
                (bundle(&members), BlobKind::Bundle, bytes)
            }
            false => (plain(&member), BlobKind::Plain, member),
        };
        let mut order: Vec<u16> = (0..coded.shape().rows()).collect();
        let turns = data(2 * order.len(), seed ^ 1);
        order.sort_by_key(|row| (turns[usize::from(*row)], turns[2 * usize::from(*row)], *row));
        prop_assert_eq!(rebuild(&coded, order.into_iter()), (kind, blob));
    }

    #[test]
    fn write_in_any_pieces_codes_the_same(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 0..10),
    ) {
        let blob = pieces.concat();
        let mut writer = BlobWriter::new(Content::Plain, blob.len() as u64).unwrap();
        for piece in &pieces {
            writer.write(piece).unwrap();
        }
        let expected = writer.shape().size();
        prop_assert_eq!(writer.write(&[1]), Err(EncodeError::TooManyBytes { expected }));
        let coded = writer.finish().unwrap();
        prop_assert_eq!(coded.commitment(), plain(&blob).commitment());
    }

    /// Whichever seats remain: with a quarter of the stake they rebuild the blob from their shards.
    #[test]
    fn rebuild_from_seats_with_a_quarter_of_the_stake(
        size in prop_oneof![Just(1usize), Just(3_000), Just(70_000)],
        stakes in prop::collection::vec(1u128..1_000, 1..=100), seed: u64,
    ) {
        let blob = data(size, seed);
        let coded = plain(&blob);
        let (shape, commitment) = (*coded.shape(), coded.commitment());
        let assignment = assign(&shape, &commitment, &stakes);
        let mut rebuilder = Rebuilder::new(commitment, shape);
        let (mut stake, total) = (0, stakes.iter().sum::<u128>());
        let first = seed as usize % stakes.len();
        for i in 0..stakes.len() {
            let seat = (first + i) % stakes.len();
            let assigned = assignment.sorted_rows(seat);
            let wire: Vec<u8> = coded.shard(&assigned).unwrap().flatten().collect();
            let (verifier, rows) = check_shard(commitment, shape, Content::Plain, &assigned, &wire).unwrap();
            prop_assert_eq!(rows.len(), assigned.len());
            for row in &rows {
                rebuilder.accept(verifier.combinations(), row).unwrap();
            }
            stake += stakes[seat];
            if 4 * stake >= total {
                break;
            }
        }
        prop_assert_eq!(rebuilder.rebuild().unwrap().bytes, blob);
    }
}

#[test]
fn encode_too_large_or_of_another_size_than_announced_fails() {
    let size = u64::from(MAX_BLOB_SIZE) + 1;
    assert_eq!(
        BlobWriter::new(Content::Plain, size).err(),
        Some(EncodeError::Shape(ShapeError::TooLarge { size }))
    );
    let mut writer = BlobWriter::new(Content::Plain, 10).unwrap();
    writer.write(&[1; 9]).unwrap();
    let expected = 10;
    assert_eq!(
        writer.write(&[1; 2]),
        Err(EncodeError::TooManyBytes { expected })
    );
    assert_eq!(
        writer.finish().err(),
        Some(EncodeError::TooFewBytes { expected, found: 9 })
    );
}

/// A bundle is coded only as what it is.
#[test]
fn encode_a_bundle_with_another_front_or_too_small_fails() {
    let members = [data(100, 1), data(200, 2)];
    let front = front(&members);
    let header = *front.header();
    let bytes = [front.bytes(), &members.concat()].concat();
    let encode = |content| CodedBlob::encode(content, &bytes).map(|coded| coded.commitment());
    assert!(encode(Content::Bundle(header)).is_ok());
    let expected = BundleHeader {
        root: [0; 32],
        ..header
    };
    assert_eq!(
        encode(Content::Bundle(expected)),
        Err(EncodeError::Content(FrontError::OtherBundle {
            expected,
            found: header
        }))
    );
    let count = 20;
    let error = BundleError::Truncated {
        expected: 760,
        found: bytes.len(),
    };
    assert_eq!(
        encode(Content::Bundle(BundleHeader { count, ..header })),
        Err(EncodeError::Content(FrontError::Bundle(error)))
    );
}

#[test]
fn rebuild_with_a_row_too_few_fails() {
    let coded = plain(&data(70_000, 1));
    let mut rebuilder = Rebuilder::new(coded.commitment(), *coded.shape());
    for index in 0..255 {
        let row = coded.row(index).unwrap();
        let needed = 255 - index;
        // The second time changes nothing.
        for _ in 0..2 {
            let progress = rebuilder.accept(coded.combinations(), &row);
            assert_eq!(progress, Ok(Progress::Needs(needed)));
        }
    }
    assert_eq!(
        rebuilder.rebuild(),
        Err(RebuildError::TooFewRows {
            expected: 256,
            found: 255
        })
    );
}

/// Rows that are a codeword, but of something else than a blob of this size: every reader finds the same.
#[test]
fn rebuild_other_size_than_the_chain_has_fails_alike_from_any_rows() {
    let coded = plain(&data(3_000, 1));
    // The chain was told one byte less, which makes the same rows.
    let told = Shape::of(2_999).unwrap();
    assert_eq!(told.row_bytes(), coded.shape().row_bytes());
    for start in [0, 8, 24] {
        let mut rebuilder = Rebuilder::new(coded.commitment(), told);
        for index in start..start + 8 {
            let row = coded.row(index).unwrap();
            rebuilder.accept(coded.combinations(), &row).unwrap();
        }
        let Err(RebuildError::Header(error)) = rebuilder.rebuild() else {
            panic!("accepted");
        };
        assert_eq!(
            error.to_string(),
            "the blob's header says 3000 bytes: the chain says 2999"
        );
    }
}

/// A member is addressed, shown and read by itself: row 0 shows the bundle's header, and the member's
/// bytes lie in the original rows where its proof says.
#[test]
fn bundle_member_is_shown_by_row_zero_and_its_proof() {
    let blobs: Vec<Vec<u8>> = (0..50).map(|i| data(i * 37, i as u64)).collect();
    let written = front(&blobs);
    let coded = bundle(&blobs);
    assert_eq!(*coded.content(), Content::Bundle(*written.header()));
    let (shape, commitment) = (*coded.shape(), coded.commitment());

    let shown = coded
        .row(0)
        .unwrap()
        .proof(coded.combinations_root())
        .unwrap();
    assert_eq!(shown.verify::<Software>(&commitment, &shape, 0), Ok(()));
    let header = BundleHeader::from_bytes(&shown.row[BLOB_HEADER_BYTES as usize..]).unwrap();
    assert_eq!(header, *written.header());
    let proof = written.prover().prove(31).unwrap();
    assert_eq!(proof.verify::<Software>(&header, shape.size()), Ok(()));

    let row_bytes = shape.row_bytes();
    let start = BLOB_HEADER_BYTES + proof.offset;
    let rows = start / row_bytes..=(start + proof.size - 1) / row_bytes;
    let first = *rows.start();
    let rows: Vec<Row> = rows.map(|row| coded.row(row as u16).unwrap()).collect();
    let joined: Vec<u8> = rows.iter().flat_map(|row| row.bytes.to_vec()).collect();
    let at = (start - first * row_bytes) as usize;
    assert_eq!(&joined[at..at + proof.size as usize], blobs[31].as_slice());

    let (kind, read) = rebuild(&coded, shape.original()..shape.rows());
    assert_eq!(kind, BlobKind::Bundle);
    let bundle = Bundle::parse::<Software>(&read).unwrap();
    let members = bundle.members().map(|member| member.bytes);
    assert!(members.eq(blobs.iter().map(Vec::as_slice)));
    assert!(bundle
        .members()
        .all(|member| member.verify::<Software>().is_ok()));
}
