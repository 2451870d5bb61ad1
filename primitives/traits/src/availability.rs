//! What other layers may ask of the data availability layer.

use crate::RoundIndex;
use sp_runtime::DispatchError;

/// Blobs that the chain knows to be attested.
pub trait DataAvailability {
    /// The last round of the window of a blob with this `commitment` and `size` in bytes, which is attested and whose window is not over; the latest, if it
    /// was submitted more than once. Rounds are those of the audits of data availability.
    fn available_until(commitment: &[u8; 32], size: u32) -> Option<RoundIndex>;

    /// Fails with a readable error unless the blob is available at present.
    fn ensure_available(commitment: &[u8; 32], size: u32) -> Result<RoundIndex, DispatchError> {
        Self::available_until(commitment, size).ok_or(DispatchError::Other(
            "the blob is not attested, or its window is over",
        ))
    }
}

/// No data availability layer: nothing is attested.
impl DataAvailability for () {
    fn available_until(_commitment: &[u8; 32], _size: u32) -> Option<RoundIndex> {
        None
    }
}
