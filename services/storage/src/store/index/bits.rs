//! Which segments of a chunk are held, a bit for each.

use super::{CHUNK, CHUNK_BYTES};

pub(super) fn place(index: u64) -> (usize, u8) {
    let bit = (index % CHUNK) as usize;
    (bit / 8, 1 << (bit % 8))
}

pub(super) fn is_held(bits: &[u8], index: u64) -> bool {
    let (byte, bit) = place(index);
    bits.get(byte).is_some_and(|byte| byte & bit != 0)
}

pub(super) fn copy_bits(to: &mut [u8; CHUNK_BYTES], from: &[u8]) {
    let len = from.len().min(CHUNK_BYTES);
    to[..len].copy_from_slice(&from[..len]);
}
