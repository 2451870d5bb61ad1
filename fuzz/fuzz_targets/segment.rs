//! Segments as they arrive over HTTP: any bytes and siblings are verified for any shape without a
//! panic, honest segments verify and changed ones never do.

#![no_main]

use libfuzzer_sys::{
    arbitrary::{self, Arbitrary},
    fuzz_target,
};
use noema_commitment::{verify_segment, Builder, Shape, Software, SEGMENT_SIZE};

#[derive(Arbitrary, Debug)]
struct Input {
    root: [u8; 32],
    /// Added to the file's size to claim another one.
    size_off: i16,
    index: u64,
    siblings: Vec<[u8; 32]>,
    /// Zeros in front of the file, so that it can have several segments.
    zeros: u32,
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

/// Commits to a file, verifies one of its segments, and expects changed ones to fail.
fn honest_and_changed(input: &Input) {
    // Hashing several segments takes most of the time of a run: a few of them do.
    let zeros = match input.zeros % 32 {
        0 => input.zeros as usize % (3 * SEGMENT_SIZE),
        _ => input.zeros as usize % 2048,
    };
    let mut file = vec![0; zeros];
    file.extend_from_slice(&input.file);
    let mut builder = Builder::new();
    for piece in file.chunks(1 + input.index as u16 as usize) {
        builder.push(piece).unwrap();
    }
    let Ok(commitment) = builder.finish() else {
        assert!(file.is_empty());
        return;
    };
    let (root, shape) = (&commitment.root, commitment.shape());
    let index = input.index % shape.segments();
    let mut wire = file
        .chunks(SEGMENT_SIZE)
        .nth(index as usize)
        .unwrap()
        .to_vec();
    wire.resize(shape.segment_len(index).unwrap(), 0);
    let siblings = commitment.segment_siblings(index).unwrap();
    assert_eq!(
        verify_segment::<Software>(root, shape, index, &wire, &siblings),
        Ok(commitment.segment_roots[index as usize])
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
