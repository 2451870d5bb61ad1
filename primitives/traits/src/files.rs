//! What other layers may ask of the storage layer.

use sp_runtime::DispatchError;

/// Data roots that the chain knows to be stored.
pub trait FileCommitments {
    /// Whether a file with this 0G Storage `root` and this `size` in bytes is held and proven by
    /// enough providers right now.
    fn is_stored(root: &[u8; 32], size: u64) -> bool;

    /// Fails with a readable error unless [`FileCommitments::is_stored`].
    fn ensure_stored(root: &[u8; 32], size: u64) -> Result<(), DispatchError> {
        if Self::is_stored(root, size) {
            Ok(())
        } else {
            Err(DispatchError::Other(
                "the file is not stored by enough providers",
            ))
        }
    }
}

/// No storage layer: nothing is stored.
impl FileCommitments for () {
    fn is_stored(_root: &[u8; 32], _size: u64) -> bool {
        false
    }
}
