//! Coders that cheat: rows that are no codeword, at several depths, original rows among them; and rows
//! that are one, but not of what was submitted.

mod common;

use common::{assign, bundle, data, plain, Cheat, Fit};
use noema_da::coding::{check_shard, CodedBlob, Rebuilder, ShardError, VerifyError};
use noema_da_primitives::{
    BlobKind, BundleHeader, Content, FrontError, SizeClass, Software, BLOB_HEADER_BYTES,
};

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

fn assert_reads(cheat: &Cheat, rows: impl Iterator<Item = u16>, blob: &[u8]) {
    let mut rebuilder = Rebuilder::new(cheat.commitment, cheat.shape);
    for index in rows {
        let row = cheat.row(index);
        rebuilder.accept(&cheat.combinations, &row).unwrap();
    }
    assert!(rebuilder.rebuild().unwrap().bytes == blob);
}

/// What a seat says to a blob in which only a few rows are wrong: it refuses if one of them is its own, or
/// if it has enough rows to code the blob once more.
fn assert_refusal(refusal: Option<ShardError>, holds_wrong: bool, recodes: bool, what: &str) {
    let as_expected = match &refusal {
        Some(ShardError::Verify(VerifyError::NotOfTheCode { .. })) => holds_wrong,
        Some(ShardError::NotTheCodeword { .. }) => recodes && !holds_wrong,
        Some(_) => false,
        None => !recodes && !holds_wrong,
    };
    assert!(as_expected, "{what}: {refusal:?}");
}

/// One wrong row, an original or a parity one: those who hold it refuse, and those who can rebuild;
/// everybody else is right to sign, and the blob is whole.
#[test]
fn one_wrong_row_is_refused_by_its_holders_and_harms_nobody() {
    for size in SIZES {
        let blob = data(size, 1);
        let honest = plain(&blob);
        let (k, rows) = (honest.shape().original(), honest.shape().rows());
        let class = honest.shape().class();
        for wrong in [0, k / 2, k, rows - 1] {
            let change = |index: u16, row: &mut [u8]| {
                if index == wrong {
                    spoil(row);
                }
            };
            // Combinations that fit K rows of which the wrong one is none.
            let fitting: Vec<u16> = (0..rows).filter(|index| *index != wrong).collect();
            let cheat = Cheat::new(&honest, change, Fit::Rows(&fitting[..usize::from(k)]));
            let verifying = cheat.verifying();
            assert_eq!(verifying, fitting);
            assert_consistent(&cheat, &verifying);
            assert_reads(&cheat, verifying.iter().rev().copied(), &blob);
            assert_reads(&cheat, verifying.iter().copied(), &blob);

            let (small, large) = (&[1; 4][..], &[1; 8][..]);
            for stakes in [small, large] {
                // Of the largest class one seat that holds the wrong row and one that does not are enough.
                let mut done = [false; 2];
                let assignment = assign(&cheat.shape, &cheat.commitment, stakes);
                for seat in 0..stakes.len() {
                    let holds = assignment.holds(seat, wrong);
                    if class == SizeClass::Huge && done[usize::from(holds)] {
                        continue;
                    }
                    done[usize::from(holds)] = true;
                    let recodes = assignment.count(seat) >= k;
                    assert_eq!(recodes, stakes.len() == 4 || class == SizeClass::Tiny);
                    let refusal = cheat.refusal(&assignment, seat);
                    let what = format!("{class}, row {wrong}, seat {seat} of {}", stakes.len());
                    assert_refusal(refusal, holds, recodes, &what);
                }
            }
        }
    }
}

/// Every original row made up, which is no more than unique decoding tolerates: readers get the blob that
/// parity spans. A row's inclusion shows nothing of that, its combination does.
#[test]
fn all_original_rows_wrong_are_refused_and_readers_find_the_codeword() {
    for size in SIZES {
        let blob = data(size, 3);
        let honest = plain(&blob);
        let (k, rows) = (honest.shape().original(), honest.shape().rows());
        let parity: Vec<u16> = (k..rows).collect();
        let change = |index: u16, row: &mut [u8]| {
            if index < k {
                row.copy_from_slice(&data(row.len(), u64::from(index) + 1));
            }
        };
        let cheat = Cheat::new(&honest, change, Fit::Rows(&parity[..usize::from(k)]));
        assert_eq!(cheat.verifying(), parity);
        assert_reads(&cheat, parity.iter().rev().copied(), &blob);
        let first = cheat.row(0);
        let root = cheat.verifier().combinations_root();
        let included = first.proof(root).unwrap();
        assert_eq!(
            included.verify::<Software>(&cheat.commitment, &cheat.shape, 0),
            Ok(())
        );
        assert_eq!(
            cheat.verifier().verify(&first),
            Err(VerifyError::NotOfTheCode { index: 0 })
        );
        let assignment = assign(&cheat.shape, &cheat.commitment, &[1; 8]);
        for seat in 0..2 {
            let holds = assignment.rows(seat).any(|row| row < k);
            let recodes = assignment.count(seat) >= k;
            let refusal = cheat.refusal(&assignment, seat);
            assert_refusal(refusal, holds, recodes, &format!("{}", cheat.shape.class()));
        }
    }
}

fn members() -> Vec<Vec<u8>> {
    (0..30).map(|i| data(i * 97, i as u64)).collect()
}

/// A bundle whose row 0 is not the codeword's, but lists other members: included, and yet no seat signs,
/// whether row 0 is its own or not.
#[test]
fn bundle_with_a_wrong_row_zero_is_refused_by_every_seat() {
    let honest = bundle(&members());
    let k = honest.shape().original();
    let Content::Bundle(header) = *honest.content() else {
        panic!("no bundle");
    };
    let other = BundleHeader {
        root: [7; 32],
        ..header
    };
    let at = BLOB_HEADER_BYTES as usize;
    let change = |index: u16, row: &mut [u8]| {
        if index == 0 {
            row[at..at + 40].copy_from_slice(&other.to_bytes());
        }
    };
    let fitting: Vec<u16> = (1..=k).collect();
    let mut cheat = Cheat::new(&honest, change, Fit::Rows(&fitting));
    // What the chain would have been shown.
    cheat.content = Content::Bundle(other);
    let front = cheat.row(0);
    let root = cheat.verifier().combinations_root();
    let included = front.proof(root).unwrap();
    assert_eq!(
        included.verify::<Software>(&cheat.commitment, &cheat.shape, 0),
        Ok(())
    );
    assert_eq!(
        cheat.content.check_front(&cheat.shape, &front.bytes),
        Ok(())
    );
    for seats in [1, 4, 8, 20, 100] {
        let assignment = assign(&cheat.shape, &cheat.commitment, &vec![1; seats]);
        for seat in 0..seats {
            assert_eq!(
                cheat.refusal(&assignment, seat),
                Some(ShardError::Verify(VerifyError::NotOfTheCode { index: 0 })),
                "seat {seat} of {seats}"
            );
        }
    }
}

/// A codeword, but not of what was submitted: another root, another count, another kind.
#[test]
fn honest_rows_of_other_content_than_submitted_are_refused_by_every_seat() {
    let coded = bundle(&members());
    let Content::Bundle(header) = *coded.content() else {
        panic!("no bundle");
    };
    let (root, count) = ([7; 32], header.count + 1);
    let others = [
        Content::Bundle(BundleHeader { root, ..header }),
        Content::Bundle(BundleHeader { count, ..header }),
        Content::Plain,
    ];
    let (commitment, shape) = (coded.commitment(), *coded.shape());
    let assignment = assign(&shape, &commitment, &[1; 20]);
    for content in others {
        for seat in 0..20 {
            let own = assignment.sorted_rows(seat);
            let sent = assignment.shard_rows(seat, &content);
            let wire: Vec<u8> = coded.shard(&sent).unwrap().flatten().collect();
            let verdict = check_shard(commitment, shape, content, &own, &wire).map(|_| ());
            let expected = match content {
                Content::Bundle(expected) => Err(ShardError::Content(FrontError::OtherBundle {
                    expected,
                    found: header,
                })),
                // Nothing on chain depends on it: whoever holds row 0 notices.
                Content::Plain if own[0] == 0 => Err(ShardError::Content(FrontError::WrongKind {
                    expected: BlobKind::Plain,
                    found: BlobKind::Bundle,
                })),
                Content::Plain => Ok(()),
            };
            assert_eq!(verdict, expected);
        }
    }
    for seat in 0..20 {
        let own = assignment.sorted_rows(seat);
        let sent = assignment.shard_rows(seat, coded.content());
        let wire: Vec<u8> = coded.shard(&sent).unwrap().flatten().collect();
        let (_, rows) = check_shard(commitment, shape, *coded.content(), &own, &wire).unwrap();
        // Row 0 is checked, and handed on only to its holder.
        assert!(rows.iter().map(|row| row.index).eq(own));
    }
    // Neither does the coder itself take a bundle for another.
    let blob = coded_bytes(&coded);
    for content in others {
        assert!(CodedBlob::encode(content, &blob).is_ok() == (content == Content::Plain));
    }
}

fn coded_bytes(coded: &CodedBlob) -> Vec<u8> {
    let k = coded.shape().original();
    let rows: Vec<u8> = (0..k)
        .flat_map(|row| coded.row(row).unwrap().bytes)
        .collect();
    let start = BLOB_HEADER_BYTES as usize;
    rows[start..start + coded.shape().size() as usize].to_vec()
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
    vec![
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
            "just beyond the radius, all original rows among them",
            Cheat::new(
                honest,
                |index, row| {
                    if index < beyond {
                        spoil(row);
                    }
                },
                Fit::Rows(&last),
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
    ]
}

#[test]
fn deep_cheats_are_refused_by_every_seat_of_a_small_committee_and_never_get_a_quorum() {
    for size in SIZES {
        let honest = plain(&data(size, 2));
        let class = honest.shape().class();
        let k = honest.shape().original();
        for (name, cheat) in deep_cheats(&honest) {
            let verifying = cheat.verifying();
            let rows = usize::from(cheat.shape.rows());
            let tolerated = (rows - usize::from(k)) / 2;
            assert!(verifying.len() < rows - tolerated, "{class}, {name}");
            // Whatever verifies belongs together. Combinations of another blob fit nothing but rows of zeros,
            // which fit any.
            match verifying.len() >= usize::from(k) {
                true => drop(assert_consistent(&cheat, &verifying)),
                false => {
                    let zeros = |row: &u16| cheat.row(*row).bytes.iter().all(|byte| *byte == 0);
                    assert!(name.contains("another blob") && verifying.iter().all(zeros));
                }
            }
            let mut verifies = vec![false; rows];
            for row in verifying {
                verifies[usize::from(row)] = true;
            }
            for seats in [1, 4, 8, 20, 100] {
                let assignment = assign(&cheat.shape, &cheat.commitment, &vec![1; seats]);
                let fits =
                    |seat: &usize| assignment.rows(*seat).all(|row| verifies[usize::from(row)]);
                // A seat that can rebuild codes the blob once more; one of each is tried below.
                let recodes = assignment.count(0) >= k;
                let signers: Vec<usize> =
                    (0..seats).filter(|seat| fits(seat) && !recodes).collect();
                let what = format!("{class}, {name}, {seats} seats");
                if recodes && (class < SizeClass::Huge || seats == 1) {
                    assert!(cheat.refusal(&assignment, seats - 1).is_some(), "{what}");
                }
                // A quorum takes two thirds, of which at most one third may lie.
                if class >= SizeClass::Medium {
                    assert!(3 * signers.len() < seats, "{what}");
                }
                // 27 bits and more, by itself.
                if assignment.count(0) >= 40 {
                    assert!(signers.is_empty(), "{what}");
                }
                // Where honest signers have a quarter of the stake, they hold all of one blob.
                if 4 * signers.len() >= seats {
                    assert!(class < SizeClass::Medium, "{what}");
                    let mut held: Vec<u16> = signers
                        .iter()
                        .flat_map(|seat| assignment.rows(*seat))
                        .collect();
                    held.sort_unstable();
                    held.dedup();
                    assert!(held.len() >= usize::from(k), "{what}");
                    assert_consistent(&cheat, &held);
                }
            }
        }
    }
}

/// In the small class a seat holds few rows and alone is not certain. It need not be: all that verifies
/// belongs to one codeword, and honest signers with a quarter of the stake hold enough of it. In the tiny
/// class every seat can rebuild, and none signs.
#[test]
fn signers_of_a_cheated_small_blob_rebuild_it_or_are_too_few() {
    let (mut enough, mut too_few) = (0, 0);
    for size in [1, 100, 500, 600, 3_000] {
        for seed in 0..8 {
            let honest = plain(&data(size, seed));
            for (name, cheat) in deep_cheats(&honest) {
                let k = usize::from(cheat.shape.original());
                for seats in [4, 7, 20, 100] {
                    let assignment = assign(&cheat.shape, &cheat.commitment, &vec![1; seats]);
                    let signers: Vec<usize> = (0..seats)
                        .filter(|seat| cheat.refusal(&assignment, *seat).is_none())
                        .collect();
                    // Enough rows to rebuild.
                    if k == 1 || seats == 4 {
                        assert!(signers.is_empty(), "{size} bytes, {name}, {seats} seats");
                    }
                    if 4 * signers.len() < seats {
                        too_few += 1;
                        continue;
                    }
                    enough += 1;
                    let mut held: Vec<u16> = signers
                        .iter()
                        .flat_map(|seat| assignment.rows(*seat))
                        .collect();
                    held.sort_unstable();
                    held.dedup();
                    assert!(held.len() >= k, "{name}, {seats} seats");
                    assert_eq!(assert_consistent(&cheat, &held), cheat.rebuilt(&held[..k]));
                }
            }
        }
    }
    // Both happen, so that both are checked.
    assert!(enough >= 20 && too_few >= 20, "{enough}, {too_few}");
}
