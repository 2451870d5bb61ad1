//! Segment frames as they arrive over HTTP, at the daemon from owners and at clients from providers:
//! what decodes encodes back to the same bytes, what is verified is the file's data.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use noema_fuzz::Bytes;
use noema_storage::{
    frame::{encode, expected_len, Frame, MAX_FRAME_LEN},
    fuzzing::{client, Sample},
};

/// A small file, and one whose last segment is small and has siblings.
fn samples() -> &'static [Sample; 2] {
    static SAMPLES: OnceLock<[Sample; 2]> = OnceLock::new();
    SAMPLES.get_or_init(|| [Sample::new(300), Sample::new((256 << 10) + 300)])
}

fuzz_target!(|input: &[u8]| {
    let mut bytes = Bytes(input);
    let sample = &samples()[usize::from(bytes.byte() % 2)];
    let index = u64::from(bytes.byte() % 3);
    anything(sample, index, bytes.0);
    changed(sample, bytes.0);
});

/// The bytes as a frame.
fn anything(sample: &Sample, index: u64, bytes: &[u8]) {
    let decoded = Frame::decode(bytes.to_vec().into());
    if let Ok(frame) = &decoded {
        assert_eq!(&encode(&frame.siblings, &frame.data)[..], bytes);
        assert!(bytes.len() <= MAX_FRAME_LEN);
    }
    match client::segment(&sample.file, index, bytes) {
        // Nobody finds another preimage, so it is the file's own frame.
        Ok(segment) => {
            assert_eq!(bytes, &sample.frame(index)[..]);
            assert_eq!(segment.data, sample.segment(index).data);
            assert_eq!(Some(bytes.len()), expected_len(&sample.file.shape, index));
        }
        Err(fault) => assert!(!fault.to_string().is_empty()),
    }
}

/// The bytes as changes of the file's own last frame.
fn changed(sample: &Sample, changes: &[u8]) {
    let index = sample.file.shape.segments() - 1;
    let honest = sample.frame(index);
    let mut bytes = honest.to_vec();
    for (byte, change) in bytes.iter_mut().zip(changes) {
        *byte ^= change;
    }
    let accepted = client::segment(&sample.file, index, &bytes).is_ok();
    assert_eq!(accepted, bytes == honest);
}
