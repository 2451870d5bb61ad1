//! Shards over the wire: read in any pieces, and refused with an error of its own for each change.

mod common;

use bytes::{Bytes, BytesMut};
use common::{assign, bundle, data, plain};
use noema_da::coding::{
    check_shard, Accepted, CodedBlob, EncodeError, Progress, Rebuilder, RowVerifier, SeatCheck,
    ShardDecoder, ShardError, ShardHeader, ShardItem, VerifyError, WireError, SHARD_HEADER_BYTES,
};
use noema_da_primitives::{RowError, ShapeError, SizeClass};
use proptest::prelude::*;

fn wire(coded: &CodedBlob, rows: &[u16]) -> Vec<u8> {
    coded.shard(rows).unwrap().flatten().collect()
}

fn check(coded: &CodedBlob, rows: &[u16], shard: &[u8]) -> Result<(), ShardError> {
    let (commitment, shape) = (coded.commitment(), *coded.shape());
    check_shard(commitment, shape, *coded.content(), rows, shard).map(|_| ())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn decode_in_any_pieces_gives_the_same_rows_and_waits_for_little(
        size in prop_oneof![0usize..600, 500usize..70_000],
        rows in prop::collection::btree_set(0u16..1024, 0..60),
        pieces in prop::collection::vec(1usize..5_000, 1..20),
    ) {
        let coded = plain(&data(size, 3));
        let shape = *coded.shape();
        let rows: Vec<u16> = rows.into_iter().filter(|row| *row < shape.rows()).collect();
        let shard = wire(&coded, &rows);
        let header = ShardHeader { commitment: coded.commitment(), shape, rows: rows.len() as u16 };
        prop_assert_eq!(shard.len() as u64, header.shard_bytes());
        let mut decoder = ShardDecoder::new(coded.commitment(), shape, shape.rows());
        let mut source = BytesMut::new();
        let mut items = Vec::new();
        let (mut rest, mut turn) = (&shard[..], 0);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(pieces[turn % pieces.len()].min(rest.len()));
            (rest, turn) = (after, turn + 1);
            source.extend_from_slice(piece);
            while let Some(item) = decoder.decode(&mut source).unwrap() {
                items.push(item);
            }
            prop_assert!(source.len() < decoder.most_buffered());
            prop_assert_eq!(decoder.finish(&source).is_ok(), rest.is_empty());
        }
        prop_assert_eq!(items.remove(0), ShardItem::Combinations(coded.combinations().clone()));
        let expected: Vec<ShardItem> = rows.iter().map(|row| ShardItem::Row(coded.row(*row).unwrap())).collect();
        prop_assert_eq!(items, expected);
    }

    #[test]
    fn decode_any_bytes_behind_a_sound_header_never_panics(
        size in 0usize..3_000, rows in 0u16..40, rest in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        let coded = plain(&data(size, 4));
        let header = ShardHeader { commitment: coded.commitment(), shape: *coded.shape(), rows };
        let mut shard = header.encode().to_vec();
        shard.extend(rest);
        let all: Vec<u16> = (0..rows).collect();
        prop_assert!(check(&coded, &all, &shard).is_err());
    }
}

/// Every byte of a shard counts, and the error says which part is wrong.
#[test]
fn check_shard_with_any_byte_changed_is_refused() {
    let coded = plain(&data(700, 5));
    let shape = *coded.shape();
    assert_eq!(shape.class(), SizeClass::Small);
    let rows = assign(&shape, &coded.commitment(), &[1, 1, 1, 1, 2]).sorted_rows(2);
    let shard = wire(&coded, &rows);
    assert_eq!(check(&coded, &rows, &shard), Ok(()));
    let combinations_end = SHARD_HEADER_BYTES + 8 * 16;
    let row_bytes = 2 + 5 * 32 + shape.row_bytes() as usize;
    for at in 0..shard.len() {
        for change in [1, 0x80] {
            let mut changed = shard.clone();
            changed[at] ^= change;
            let error = check(&coded, &rows, &changed).unwrap_err();
            let first = rows[0];
            let known = match (at, &error) {
                (0, ShardError::Wire(WireError::UnknownVersion { .. }))
                | (1, ShardError::Wire(WireError::UnknownClass { .. } | WireError::Shape(_)))
                | (
                    2..4,
                    ShardError::Wire(
                        WireError::TooManyRows { .. } | WireError::TrailingBytes { .. },
                    ),
                )
                | (4..8, ShardError::Wire(WireError::OtherSize { .. } | WireError::Shape(_)))
                | (8..40, ShardError::Wire(WireError::OtherBlob { .. })) => true,
                // Other combinations lead to another commitment, with the first row.
                (
                    _,
                    ShardError::Verify(VerifyError::Row(RowError::WrongCommitment {
                        index, ..
                    })),
                ) if at < combinations_end => *index == first,
                (
                    _,
                    ShardError::Wire(WireError::WrongRow { .. }) | ShardError::NotAssigned { .. },
                ) => (at - combinations_end) % row_bytes < 2,
                (
                    _,
                    ShardError::Verify(VerifyError::Row(RowError::WrongCommitment {
                        index, ..
                    })),
                ) => *index == rows[(at - combinations_end) / row_bytes],
                _ => false,
            };
            assert!(known, "byte {at}: {error:?}");
        }
    }
}

#[test]
fn check_shard_of_another_blob_class_or_seat_is_refused() {
    let coded = plain(&data(700, 6));
    let (shape, commitment) = (*coded.shape(), coded.commitment());
    let rows = [1, 4, 9];
    let shard = wire(&coded, &rows);

    let other = plain(&data(700, 7));
    assert_eq!(
        check(&other, &rows, &shard),
        Err(WireError::OtherBlob {
            expected: other.commitment(),
            found: commitment
        }
        .into())
    );
    // The header of a larger class before the same rows.
    let mut wrong = shard.clone();
    wrong[1] = SizeClass::Medium.index();
    assert_eq!(
        check(&coded, &rows, &wrong),
        Err(WireError::Shape(ShapeError::WrongClass {
            size: 700,
            expected: SizeClass::Small,
            found: SizeClass::Medium
        })
        .into())
    );
    let mut wrong = shard.clone();
    wrong[1] = 5;
    assert_eq!(
        check(&coded, &rows, &wrong),
        Err(WireError::UnknownClass { found: 5 }.into())
    );
    assert_eq!(
        check(&coded, &[1, 5, 9], &shard),
        Err(ShardError::NotAssigned {
            expected: 5,
            found: 4
        })
    );
    assert_eq!(
        check(&coded, &[1, 4], &shard),
        Err(WireError::TooManyRows { most: 2, found: 3 }.into())
    );
    assert_eq!(
        check(&coded, &[1, 4, 9, 30, 31], &shard),
        Err(ShardError::Missing {
            first: 30,
            count: 2
        })
    );
    assert_eq!(
        check(&coded, &rows, &[&shard[..], &[0]].concat()),
        Err(WireError::TrailingBytes { found: 1 }.into())
    );
    for (len, rows_left) in [
        (0, 0),
        (39, 0),
        (40, 3),
        (SHARD_HEADER_BYTES + 128, 3),
        (shard.len() - 1, 1),
    ] {
        assert_eq!(
            check(&coded, &rows, &shard[..len]),
            Err(WireError::Truncated { rows: rows_left }.into())
        );
    }
    let (least, last) = (5, 31);
    let row = 2 + 5 * 32 + shape.row_bytes() as usize;
    let third = SHARD_HEADER_BYTES + 128 + 2 * row;
    for found in [4, 32] {
        let mut wrong = shard.clone();
        wrong[third] = found;
        let found = found.into();
        assert_eq!(
            check(&coded, &rows, &wrong),
            Err(WireError::WrongRow { least, last, found }.into())
        );
    }
    for rows in [&[3, 3][..], &[3, 2], &[32]] {
        let found = *rows.last().unwrap();
        assert_eq!(
            coded.shard(rows).err(),
            Some(EncodeError::WrongRow { found, last })
        );
    }
}

/// Row by row, as a seat checks what arrives over a connection.
#[test]
fn seat_check_takes_its_rows_in_order_and_no_others() {
    let coded = plain(&data(700, 10));
    let (commitment, shape) = (coded.commitment(), *coded.shape());
    let row = |index| coded.row(index).unwrap();
    let check = || {
        let combinations = coded.combinations().clone();
        let verifier = RowVerifier::new(commitment, shape, combinations).unwrap();
        SeatCheck::new(verifier, *coded.content(), vec![2, 30])
    };
    let mut seat = check();
    let not_yet = ShardError::NotAssigned {
        expected: 2,
        found: 30,
    };
    assert_eq!(seat.accept(&row(30)), Err(not_yet));
    assert_eq!(seat.accept(&row(2)), Ok(Accepted::Own));
    let mut wrong = row(30);
    wrong.siblings[0][0] ^= 1;
    assert!(matches!(
        seat.accept(&wrong),
        Err(ShardError::Verify(VerifyError::Row(
            RowError::WrongCommitment { index: 30, .. }
        )))
    ));
    // A wrong row leaves the place open.
    assert_eq!(seat.accept(&row(30)), Ok(Accepted::Own));
    assert_eq!(
        seat.accept(&row(31)),
        Err(ShardError::Surplus { found: 31 })
    );
    let verifier = seat.finish().unwrap();
    assert_eq!(verifier.combinations_root(), coded.combinations_root());

    let mut seat = check();
    seat.accept(&row(2)).unwrap();
    let missing = ShardError::Missing {
        first: 30,
        count: 1,
    };
    assert_eq!(seat.finish().err(), Some(missing));
}

/// A seat of a bundle sees row 0 first and need not keep it.
#[test]
fn seat_check_of_a_bundle_sees_row_zero_and_keeps_its_own() {
    let coded = bundle(&[data(300, 1), data(900, 2)]);
    let (commitment, shape, content) = (coded.commitment(), *coded.shape(), *coded.content());
    let row = |index| coded.row(index).unwrap();
    let check = |own| {
        let combinations = coded.combinations().clone();
        let verifier = RowVerifier::new(commitment, shape, combinations).unwrap();
        SeatCheck::new(verifier, content, own)
    };
    let mut seat = check(vec![3, 4]);
    let missing = ShardError::NotAssigned {
        expected: 0,
        found: 3,
    };
    assert_eq!(seat.accept(&row(3)), Err(missing));
    assert_eq!(seat.accept(&row(0)), Ok(Accepted::Front));
    assert_eq!(seat.accept(&row(3)), Ok(Accepted::Own));
    assert_eq!(seat.accept(&row(4)), Ok(Accepted::Own));
    assert!(seat.finish().is_ok());

    let mut seat = check(vec![0, 9]);
    assert_eq!(seat.accept(&row(0)), Ok(Accepted::Own));
    assert_eq!(seat.accept(&row(9)), Ok(Accepted::Own));
    assert!(seat.finish().is_ok());

    // With K rows, row 0 counted, it codes the blob once more.
    let k = shape.original();
    let mut seat = check((10..10 + k - 1).collect());
    for index in [0].into_iter().chain(10..10 + k - 1) {
        seat.accept(&row(index)).unwrap();
    }
    assert!(seat.finish().is_ok());
}

/// Liars among those that a reader asks: each is refused, and the blob comes out whole.
#[test]
fn rebuilder_refuses_liars_and_rebuilds_from_the_others() {
    let blob = data(5_000, 8);
    let coded = plain(&blob);
    let other = plain(&data(5_000, 9));
    let mut rebuilder = Rebuilder::new(coded.commitment(), *coded.shape());
    let honest = coded.combinations();
    let refused = |error: Result<Progress, VerifyError>| error.unwrap_err();

    // Before anything is known: another blob's rows, with their own combinations and with the right ones.
    for combinations in [other.combinations(), honest] {
        assert!(matches!(
            refused(rebuilder.accept(combinations, &other.row(3).unwrap())),
            VerifyError::Row(RowError::WrongCommitment { index: 3, .. })
        ));
    }
    assert_eq!(
        refused(rebuilder.accept(&honest.slice(1..), &coded.row(3).unwrap())),
        VerifyError::WrongCombinations {
            expected: 128,
            found: 127
        }
    );
    assert_eq!(rebuilder.progress(), Progress::Needs(8));
    rebuilder.accept(honest, &coded.row(30).unwrap()).unwrap();
    // From now on the combinations are known.
    assert_eq!(
        refused(rebuilder.accept(other.combinations(), &coded.row(3).unwrap())),
        VerifyError::OtherCombinations
    );
    let mut row = coded.row(3).unwrap();
    row.bytes = Bytes::from(vec![0; 640]);
    assert!(matches!(
        refused(rebuilder.accept(honest, &row)),
        VerifyError::Row(RowError::WrongCommitment { index: 3, .. })
    ));
    row.index = 32;
    assert_eq!(
        refused(rebuilder.accept(honest, &row)),
        VerifyError::Row(RowError::OutOfRange {
            index: 32,
            last: 31
        })
    );
    for index in 10..16 {
        rebuilder
            .accept(honest, &coded.row(index).unwrap())
            .unwrap();
    }
    assert_eq!(rebuilder.progress(), Progress::Needs(1));
    assert_eq!(
        rebuilder.accept(honest, &coded.row(0).unwrap()),
        Ok(Progress::Enough)
    );
    assert_eq!(rebuilder.rebuild().unwrap().bytes, blob);
}
