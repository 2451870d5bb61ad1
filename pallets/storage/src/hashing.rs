//! The hash functions of the host.

use noema_commitment::Hasher;

/// Hashes through the host functions of the client: what a runtime puts into `Config::FileHasher`.
pub struct HostHashing;

impl Hasher for HostHashing {
    fn keccak_256(data: &[u8]) -> [u8; 32] {
        sp_io::hashing::keccak_256(data)
    }

    fn blake2_256(data: &[u8]) -> [u8; 32] {
        sp_io::hashing::blake2_256(data)
    }
}
