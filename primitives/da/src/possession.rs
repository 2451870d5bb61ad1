//! What a provider signs to show that it has the secret of a key.

use crate::SEAT_KEY_BYTES;
use alloc::vec::Vec;

/// What stands before every proof of possession.
pub const POSSESSION_DOMAIN: &[u8; 22] = b"noema/da/possession/v1";

/// "This key is mine": bound to the chain, the pallet and the provider, so that nobody can register another's key, here or elsewhere. Signed under the suite
/// of proofs of possession, not of signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Possession<'a> {
    /// Hash of the chain's first block.
    pub genesis: [u8; 32],
    /// The pallet's index in its runtime.
    pub pallet: u8,
    /// The provider's bonded account, as it is encoded: 32 bytes on Noema.
    pub provider: &'a [u8],
    /// The key, compressed.
    pub key: &'a [u8; SEAT_KEY_BYTES],
}

impl Possession<'_> {
    /// The bytes that are signed: [`POSSESSION_DOMAIN`] ‖ genesis ‖ pallet ‖ key ‖ provider. All but the last are of fixed length.
    pub fn signing_bytes(&self) -> Vec<u8> {
        [
            POSSESSION_DOMAIN.as_slice(),
            &self.genesis,
            &[self.pallet],
            self.key,
            self.provider,
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_bytes_are_domain_and_fields_in_order() {
        let possession = Possession {
            genesis: [1; 32],
            pallet: 65,
            provider: &[3; 32],
            key: &[2; 48],
        };
        let mut expected = b"noema/da/possession/v1".to_vec();
        expected.extend([1; 32]);
        expected.push(65);
        expected.extend([2; 48]);
        expected.extend([3; 32]);
        assert_eq!(possession.signing_bytes(), expected);
    }
}
