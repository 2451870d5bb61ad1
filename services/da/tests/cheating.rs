//! Coders that cheat: rows that are no codeword, at several depths.

mod common;

use common::{assign, data, plain, Cheat, Fit};
use noema_da::coding::{CodedBlob, Rebuilder};
use noema_da_primitives::SizeClass;

/// A small blob of each class: what matters is the number of rows.
const SIZES: [usize; 5] = [500, 600, 65_537, (4 << 20) + 1, (32 << 20) + 1];

fn spoil(row: &mut [u8]) {
    row[5] ^= 0x40;
}

/// The verifying rows, K at a time from several places, all rebuild to the same.
fn assert_consistent(cheat: &Cheat, verifying: &[u16]) -> Vec<u8> {
    let k = usize::from(cheat.shape.original());
    let first = cheat.rebuilt(&verifying[..k]);
    for start in [verifying.len() - k, (verifying.len() - k) / 2] {
        assert_eq!(cheat.rebuilt(&verifying[start..start + k]), first);
    }
    first
}

/// One wrong row: those who hold it refuse, everybody else is right to sign, and the blob is whole.
#[test]
fn one_wrong_row_is_refused_by_its_holders_and_harms_nobody() {
    for size in SIZES {
        let blob = data(size, 1);
        let honest = plain(&blob);
        let k = honest.shape().original();
        for wrong in [k, honest.shape().rows() - 1] {
            let change = |index, row: &mut [u8]| {
                if index == wrong {
                    spoil(row);
                }
            };
            let cheat = Cheat::new(&honest, change, Fit::Original);
            let expected = (0..honest.shape().rows()).filter(|index| *index != wrong);
            let verifying = cheat.verifying();
            assert!(expected.eq(verifying.iter().copied()));
            assert_consistent(&cheat, &verifying);

            let (stakes, verifier) = ([1; 8], cheat.verifier());
            let assignment = assign(&cheat.shape, &cheat.commitment, &stakes);
            for seat in 0..stakes.len() {
                // Eight seats check all of a blob's rows once more; once is enough of the largest class.
                let refuses = assignment.holds(seat, wrong);
                if refuses || cheat.shape.class() < SizeClass::Huge {
                    assert_eq!(cheat.signs(&verifier, &assignment, seat), !refuses);
                }
            }
            let mut rebuilder = Rebuilder::new(cheat.commitment, cheat.shape);
            for index in verifying.iter().rev() {
                rebuilder
                    .accept(&cheat.combinations, &cheat.row(*index))
                    .unwrap();
            }
            assert_eq!(rebuilder.rebuild().unwrap().bytes, blob);
        }
    }
}

/// Cheats that leave more rows wrong than unique decoding tolerates, from just beyond that to nothing
/// that fits but K rows.
fn deep_cheats(honest: &CodedBlob) -> Vec<(&'static str, Cheat)> {
    let shape = *honest.shape();
    let (k, rows) = (shape.original(), shape.rows());
    let beyond = (rows - k) / 2 + 1;
    let other = plain(&data(shape.size() as usize, 77));
    let splice = |from: u16| {
        let other = &other;
        move |index: u16, row: &mut [u8]| {
            if index >= from {
                row.copy_from_slice(&other.row(index).unwrap().bytes);
            }
        }
    };
    let last: Vec<u16> = (rows - k..rows).collect();
    let apart: Vec<u16> = (0..rows).step_by(4).collect();
    let mut cheats = vec![
        (
            "just beyond the radius",
            Cheat::new(
                honest,
                |index, row| {
                    if index >= rows - beyond {
                        spoil(row);
                    }
                },
                Fit::Original,
            ),
        ),
        (
            "all parity",
            Cheat::new(
                honest,
                |index, row| {
                    if index >= k {
                        row.fill(index as u8 ^ 0x5a);
                    }
                },
                Fit::Original,
            ),
        ),
        (
            "two blobs spliced, the first fits",
            Cheat::new(honest, splice(rows / 2), Fit::Original),
        ),
        (
            "two blobs spliced, the second fits",
            Cheat::new(honest, splice(rows / 2), Fit::Rows(&last)),
        ),
        (
            "every row made up, K of them fit",
            Cheat::new(
                honest,
                |index, row| row.copy_from_slice(&data(row.len(), index.into())),
                Fit::Rows(&apart),
            ),
        ),
        (
            "honest rows, combinations of another blob",
            Cheat::new(honest, |_, _| (), Fit::Other(&other)),
        ),
    ];
    // Where none verifies, each derives the coefficients anew: of 16,384 rows that takes long.
    if shape.class() == SizeClass::Huge {
        cheats.pop();
    }
    cheats
}

#[test]
fn deep_cheats_are_refused_by_every_seat_of_a_small_committee_and_never_get_a_quorum() {
    for size in SIZES {
        let honest = plain(&data(size, 2));
        let class = honest.shape().class();
        for (name, cheat) in deep_cheats(&honest) {
            let verifying = cheat.verifying();
            let rows = usize::from(cheat.shape.rows());
            let tolerated = (rows - usize::from(cheat.shape.original())) / 2;
            assert!(verifying.len() < rows - tolerated, "{class}, {name}");
            // Whatever verifies belongs together. Rows of zeros fit any combinations, so that a few may.
            if verifying.len() >= usize::from(cheat.shape.original()) {
                assert_consistent(&cheat, &verifying);
            }
            let mut verifies = vec![false; rows];
            for row in verifying {
                verifies[usize::from(row)] = true;
            }
            for seats in [1, 4, 8, 20, 100] {
                let assignment = assign(&cheat.shape, &cheat.commitment, &vec![1; seats]);
                let signers = (0..seats)
                    .filter(|seat| assignment.rows(*seat).all(|row| verifies[usize::from(row)]))
                    .count();
                if class >= SizeClass::Medium {
                    // A quorum takes two thirds, of which at most one may lie.
                    assert!(3 * signers < seats, "{class}, {name}, {seats} seats");
                    // A seat with 40 rows is certain by itself.
                    if assignment.count(0) >= 40 {
                        assert_eq!(signers, 0, "{class}, {name}, {seats} seats");
                    }
                }
            }
        }
    }
}

/// In the small classes a seat holds few rows and alone is not certain. It need not be: all that verifies
/// belongs to one codeword, and honest signers with a quarter of the stake hold enough of it.
#[test]
fn signers_of_a_cheated_small_blob_rebuild_it_or_are_too_few() {
    for size in [1, 100, 500, 600, 3_000] {
        for seed in 0..8 {
            let honest = plain(&data(size, seed));
            for (name, cheat) in deep_cheats(&honest) {
                let verifier = cheat.verifier();
                let k = usize::from(cheat.shape.original());
                for seats in [4, 7, 20, 100] {
                    let assignment = assign(&cheat.shape, &cheat.commitment, &vec![1; seats]);
                    let signers: Vec<usize> = (0..seats)
                        .filter(|seat| cheat.signs(&verifier, &assignment, *seat))
                        .collect();
                    let mut held: Vec<u16> = signers
                        .iter()
                        .flat_map(|seat| assignment.rows(*seat))
                        .collect();
                    held.sort_unstable();
                    held.dedup();
                    if 4 * signers.len() >= seats {
                        assert!(held.len() >= k, "{name}, {seats} seats");
                        assert_eq!(assert_consistent(&cheat, &held), cheat.rebuilt(&held[..k]));
                    }
                }
            }
        }
    }
}
