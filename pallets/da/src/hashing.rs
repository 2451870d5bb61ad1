//! SHA-256 by the host.

use alloc::vec::Vec;
use noema_da_primitives::Hasher;

/// [`Hasher`] by the host's function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostHashing;

impl Hasher for HostHashing {
    fn sha2_256(parts: &[&[u8]]) -> [u8; 32] {
        match parts {
            [whole] => sp_io::hashing::sha2_256(whole),
            parts => {
                let bytes: Vec<u8> = parts.concat();
                sp_io::hashing::sha2_256(&bytes)
            }
        }
    }
}
