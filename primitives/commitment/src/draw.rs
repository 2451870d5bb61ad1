//! What is derived from a commitment: the file id and the sectors that a provider must prove.

use crate::{Hasher, Shape};
use alloc::vec::Vec;

const FILE_DOMAIN: &[u8] = b"noema/file/v1";
const SECTOR_DOMAIN: &[u8] = b"noema/storage/sector/v1";

/// The file id: `blake2_256("noema/file/v1" ‖ root ‖ size as u64 LE)`. Unlike the root it binds the
/// size.
pub fn file_id<H: Hasher>(root: &[u8; 32], size: u64) -> [u8; 32] {
    H::blake2_256(&[FILE_DOMAIN, root, &size.to_le_bytes()].concat())
}

/// The `count` sectors of a file that the provider of a replica slot has to prove, in the order in
/// which the proofs are given. The same sector may be drawn more than once.
///
/// For `i` in `0..count`: `h = blake2_256("noema/storage/sector/v1" ‖ seed ‖ file ‖ owner ‖ provider ‖
/// slot as u8 ‖ i as u32 LE)`; sector = (first 16 bytes of `h` as `u128` LE) mod the number of sectors
/// that hold data. `owner` and `provider` are the 32 bytes of the accounts.
pub fn drawn_sectors<H: Hasher>(
    seed: &[u8; 32],
    file: &[u8; 32],
    owner: &[u8; 32],
    provider: &[u8; 32],
    slot: u8,
    shape: &Shape,
    count: u32,
) -> impl Iterator<Item = u64> {
    let sectors = shape.sectors();
    let prefix: Vec<u8> = [
        SECTOR_DOMAIN,
        seed.as_slice(),
        file,
        owner,
        provider,
        &[slot],
    ]
    .concat();
    (0..count).map(move |i| {
        let hash = H::blake2_256(&[prefix.as_slice(), &i.to_le_bytes()].concat());
        let (low, _) = hash.split_at(16);
        // A shape has at least one sector and 16 bytes are a u128, so that 0 is never the fallback.
        <[u8; 16]>::try_from(low)
            .ok()
            .and_then(|bytes| u128::from_le_bytes(bytes).checked_rem(u128::from(sectors)))
            .and_then(|sector| u64::try_from(sector).ok())
            .unwrap_or(0)
    })
}
