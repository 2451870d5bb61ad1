//! The hash function of the host.

use noema_da_primitives::Hasher;

/// SHA-256 through the host function of the client.
pub struct HostHashing;

impl Hasher for HostHashing {
    fn sha2_256(parts: &[&[u8]]) -> [u8; 32] {
        sp_io::hashing::sha2_256(&parts.concat())
    }
}
