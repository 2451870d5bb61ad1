//! Which sectors a provider must prove in a round.

use crate::audits::{
    parameters::ChallengeCount,
    population::{Item, Population},
    rounds::Seed,
    Account, RoundIndex,
};
use sp_crypto_hashing::blake2_256;

/// Separates challenges from every other use of the hash.
pub const DOMAIN: &[u8] = b"noema/audits/challenge/v1";

/// The role of the audits instance, as its codec index: storage.
const ROLE: u8 = 0;

/// An account as 32 bytes.
pub fn account_bytes(account: Account) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(account.to_le_bytes()) {
        *to = from;
    }
    bytes
}

/// `blake2_256(domain ‖ role ‖ seed ‖ provider ‖ round as u32 LE ‖ index as u32 LE)`.
pub fn challenge_hash(seed: &Seed, provider: Account, round: RoundIndex, index: u32) -> [u8; 32] {
    let mut message = DOMAIN.to_vec();
    message.push(ROLE);
    message.extend(seed);
    message.extend(account_bytes(provider));
    message.extend(round.to_le_bytes());
    message.extend(index.to_le_bytes());
    blake2_256(&message)
}

/// A hash's first 16 bytes, little endian, modulo `total`, which is not 0.
pub fn target(hash: &[u8; 32], total: u128) -> u128 {
    let mut low = [0; 16];
    for (to, from) in low.iter_mut().zip(hash) {
        *to = *from;
    }
    u128::from_le_bytes(low) % total.max(1)
}

/// The challenges of a provider, in the order of their indices. Sectors are drawn with replacement.
pub fn challenges(
    count: &ChallengeCount,
    seed: &Seed,
    provider: Account,
    round: RoundIndex,
    population: &Population,
) -> Vec<Item> {
    let total = population.units();
    (0..count.of(population.bytes()))
        .filter_map(|index| {
            let hash = challenge_hash(seed, provider, round, index);
            population.item_at(target(&hash, total))
        })
        .collect()
}
