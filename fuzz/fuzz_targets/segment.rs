//! Segments as they arrive over HTTP: any bytes and siblings are verified for any shape without a
//! panic, honest segments verify and changed ones never do.

#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use noema_commitment::{
    segment_root, tree_root, tree_siblings, verify_segment, zero_root, Builder, Shape, Software,
    SEGMENT_SIZE,
};

#[derive(Arbitrary, Debug)]
struct Input {
    root: [u8; 32],
    /// Added to the file's size to claim another one.
    size_off: i16,
    index: u64,
    siblings: Vec<[u8; 32]>,
    /// Segments of zeros in front of the file.
    zeros: u8,
    file: Vec<u8>,
    /// Where a byte of the segment is changed, and by what.
    change: (u32, u8),
}

fuzz_target!(|input: Input| {
    let size = (input.file.len() as u64).saturating_add_signed(input.size_off.into());
    if let Ok(shape) = Shape::new(size) {
        for index in [0, input.index] {
            let data = &input.file[..];
            // The fuzzer sees what the root is compared with and may pick that one, so either verdict is right.
            let _ = verify_segment::<Software>(&input.root, &shape, index, data, &input.siblings);
        }
    }
    honest_and_changed(&input);
});

/// Verifies the last segment of a file that begins with segments of zeros, and expects changed ones to fail.
fn honest_and_changed(input: &Input) {
    let before = u64::from(input.zeros % 40);
    let index = before;
    let size = before * SEGMENT_SIZE as u64 + input.file.len() as u64;
    if input.file.is_empty() {
        return;
    }
    let shape = &Shape::new(size).unwrap();
    let mut wire = input.file.clone();
    wire.resize(shape.segment_len(index).unwrap(), 0);

    // Zeros have known roots, so that large files cost no hashing.
    let sectors = |index| shape.segment_sectors_padded(index).unwrap();
    let mut roots: Vec<_> = (0..shape.padded_segments())
        .map(|index| zero_root::<Software>(sectors(index)))
        .collect();
    let own = segment_root::<Software>(shape, index, &wire).unwrap();
    roots[index as usize] = own;
    let root = &tree_root::<Software>(&roots).unwrap();
    let siblings = tree_siblings::<Software>(&roots, index).unwrap();
    if before == 0 {
        let mut builder = Builder::new();
        for piece in input.file.chunks(1 + input.index as u16 as usize) {
            builder.push(piece).unwrap();
        }
        let commitment = builder.finish().unwrap();
        assert_eq!((&commitment.root, commitment.shape()), (root, shape));
        assert_eq!(commitment.segment_siblings(0), Some(siblings.clone()));
    }
    assert_eq!(
        verify_segment::<Software>(root, shape, index, &wire, &siblings),
        Ok(own)
    );
    if input.siblings != siblings {
        assert!(verify_segment::<Software>(root, shape, index, &wire, &input.siblings).is_err());
    }

    let (place, change) = input.change;
    let place = place as usize % wire.len();
    wire[place] ^= change;
    assert_eq!(
        verify_segment::<Software>(root, shape, index, &wire, &siblings).is_ok(),
        change == 0
    );
}
