//! Segment frames: a segment's data with the way from it to the file's root, as it goes over the
//! wire. See `docs/design/storage-daemon.md`.
//!
//! `u8` version 1 ‖ `u8` number of siblings ‖ siblings of 32 bytes, bottom to top ‖ data.

use bytes::{BufMut, Bytes, BytesMut};
use noema_commitment::{
    path, verify_segment, ProofError, Shape, Software, MAX_SIBLINGS, SEGMENT_SIZE,
};

/// Version of the layout.
const VERSION: u8 = 1;
const HASH: usize = 32;
const HEAD: usize = 2;

/// The longest that a frame can be, in bytes.
pub const MAX_FRAME_LEN: usize = HEAD + MAX_SIBLINGS as usize * HASH + SEGMENT_SIZE;

/// A segment as it came, not verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Siblings from the segment's root to the file's, bottom to top.
    pub siblings: Vec<[u8; 32]>,
    /// Data of the segment.
    pub data: Bytes,
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Fewer bytes than the head says.
    #[error("the frame has {found} bytes: expected at least {expected}")]
    TooShort {
        /// Bytes that must be there.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// More data than a segment can have.
    #[error("the frame has {found} bytes of data: expected at most {SEGMENT_SIZE}")]
    TooLong {
        /// Bytes of data that are there.
        found: usize,
    },
    /// A layout of another version.
    #[error("the frame has version {found}: expected {VERSION}")]
    Version {
        /// The version given.
        found: u8,
    },
    /// More siblings than a tree can have levels.
    #[error("the frame has {found} siblings: expected at most {MAX_SIBLINGS}")]
    TooManySiblings {
        /// The number given.
        found: u8,
    },
}

impl Frame {
    /// Takes a frame apart, copying the siblings only.
    pub fn decode(bytes: Bytes) -> Result<Self, FrameError> {
        let too_short = |expected: usize| FrameError::TooShort {
            expected,
            found: bytes.len(),
        };
        let &[version, count, ..] = &bytes[..] else {
            return Err(too_short(HEAD));
        };
        if version != VERSION {
            return Err(FrameError::Version { found: version });
        }
        if u32::from(count) > MAX_SIBLINGS {
            return Err(FrameError::TooManySiblings { found: count });
        }
        let data_at = HEAD + usize::from(count) * HASH;
        if bytes.len() <= data_at {
            return Err(too_short(data_at + 1));
        }
        let found = bytes.len() - data_at;
        if found > SEGMENT_SIZE {
            return Err(FrameError::TooLong { found });
        }
        let siblings = bytes[HEAD..data_at]
            .chunks_exact(HASH)
            .map(|hash| hash.try_into().expect("chunks of 32 bytes; qed"))
            .collect();
        Ok(Self {
            siblings,
            data: bytes.slice(data_at..),
        })
    }

    /// Verifies the segment against its file and returns the segment's root.
    pub fn verify(
        &self,
        root: &[u8; 32],
        shape: &Shape,
        index: u64,
    ) -> Result<[u8; 32], ProofError> {
        verify_segment::<Software>(root, shape, index, &self.data, &self.siblings)
    }
}

/// Puts a frame together.
pub fn encode(siblings: &[[u8; 32]], data: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEAD + siblings.len() * HASH + data.len());
    frame.put_u8(VERSION);
    frame.put_u8(u8::try_from(siblings.len()).expect("a tree has at most 40 levels; qed"));
    for sibling in siblings {
        frame.put_slice(sibling);
    }
    frame.put_slice(data);
    frame.freeze()
}

/// How long the frame of segment `index` is, in bytes. `None` if the file has no such segment.
pub fn expected_len(shape: &Shape, index: u64) -> Option<usize> {
    let siblings = path(index, shape.padded_segments()).count();
    Some(HEAD + siblings * HASH + shape.segment_len(index)?)
}

#[cfg(test)]
mod tests {
    use noema_commitment::Builder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frame_of_every_segment_verifies_and_has_the_expected_length() {
        let bytes: Vec<u8> = (0..3 * SEGMENT_SIZE + 700)
            .map(|i| (i % 251) as u8)
            .collect();
        let mut builder = Builder::new();
        builder.push(&bytes).unwrap();
        let commitment = builder.finish().unwrap();
        let shape = commitment.shape();
        for index in 0..shape.segments() {
            let start = index as usize * SEGMENT_SIZE;
            let mut data = bytes[start..bytes.len().min(start + SEGMENT_SIZE)].to_vec();
            data.resize(shape.segment_len(index).unwrap(), 0);
            let siblings = commitment.segment_siblings(index).unwrap();
            let encoded = encode(&siblings, &data);
            assert_eq!(Some(encoded.len()), expected_len(shape, index));
            let frame = Frame::decode(encoded).unwrap();
            let root = frame.verify(&commitment.root, shape, index).unwrap();
            assert_eq!(root, commitment.segment_roots[index as usize]);
            assert!(frame.verify(&commitment.root, shape, index + 1).is_err());
        }
        assert_eq!(expected_len(shape, shape.segments()), None);
    }

    #[test]
    fn frame_beyond_the_bounds_is_refused() {
        let decode = |bytes: &[u8]| Frame::decode(Bytes::copy_from_slice(bytes)).unwrap_err();
        assert_eq!(
            decode(&[]),
            FrameError::TooShort {
                expected: 2,
                found: 0
            }
        );
        assert_eq!(
            decode(&[1, 0]),
            FrameError::TooShort {
                expected: 3,
                found: 2
            }
        );
        assert_eq!(decode(&[2, 0, 0]), FrameError::Version { found: 2 });
        assert_eq!(
            decode(&[1, 41, 0]),
            FrameError::TooManySiblings { found: 41 }
        );
        assert_eq!(
            decode(&[1, 1, 0]),
            FrameError::TooShort {
                expected: 35,
                found: 3
            }
        );
        let mut long = vec![1, 0];
        long.resize(2 + SEGMENT_SIZE + 1, 0);
        assert_eq!(
            decode(&long),
            FrameError::TooLong {
                found: SEGMENT_SIZE + 1
            }
        );
    }

    proptest! {
        #[test]
        fn frame_round_trips(
            siblings in prop::collection::vec(any::<[u8; 32]>(), 0..=40),
            data in prop::collection::vec(any::<u8>(), 1..2000),
        ) {
            let encoded = encode(&siblings, &data);
            prop_assert!(encoded.len() <= MAX_FRAME_LEN);
            let frame = Frame::decode(encoded).unwrap();
            prop_assert_eq!(frame.siblings, siblings);
            prop_assert_eq!(&frame.data[..], &data[..]);
        }

        #[test]
        fn decoding_anything_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            if let Ok(frame) = Frame::decode(Bytes::from(bytes.clone())) {
                prop_assert_eq!(&encode(&frame.siblings, &frame.data)[..], &bytes[..]);
            }
        }
    }
}
