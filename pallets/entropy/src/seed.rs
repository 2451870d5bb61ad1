//! The seed of a block, as a pure function.

use crate::Output;
use alloc::vec::Vec;
use sp_io::hashing::blake2_256;

/// Separates seeds from every other use of the hash.
pub const DOMAIN: &[u8] = b"noema/entropy/v1";

/// `blake2_256(DOMAIN ‖ epoch randomness ‖ block as u32 LE ‖ outputs, oldest first)`.
pub fn seed_value(epoch_randomness: &Output, block: u32, outputs: &[Output]) -> Output {
    let mut input = Vec::with_capacity(
        DOMAIN
            .len()
            .saturating_add(36)
            .saturating_add(outputs.len().saturating_mul(32)),
    );
    input.extend_from_slice(DOMAIN);
    input.extend_from_slice(epoch_randomness);
    input.extend_from_slice(&block.to_le_bytes());
    for output in outputs {
        input.extend_from_slice(output);
    }
    blake2_256(&input)
}
