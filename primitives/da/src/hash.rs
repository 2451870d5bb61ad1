//! The hash function, and who computes it.

use sha2::{Digest, Sha256};

/// SHA-256, the one hash function of this crate. A runtime implements this with its host function,
/// native code uses [`Software`].
pub trait Hasher {
    /// SHA-256 of the parts, one after the other.
    fn sha2_256(parts: &[&[u8]]) -> [u8; 32];
}

/// [`Hasher`] in plain Rust; nothing is copied together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Software;

impl Hasher for Software {
    fn sha2_256(parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}
