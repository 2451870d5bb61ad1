//! What the sequencer posts.

use codec::{Decode, DecodeAll, Encode};
use noema_chain_client::{AccountId, SigningKey};
use sha2::{Digest, Sha256};

/// Separates what is signed here from everything else that the key may sign.
const DOMAIN: &[u8] = b"noema/example/rollup/batch/v1";

/// A batch: some transactions, bound to those before it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Batch {
    /// Its number, from 0 on.
    pub number: u64,
    /// Hash of the batch before; zeros for the first.
    pub parent: [u8; 32],
    /// Transactions in their order.
    pub transactions: Vec<String>,
}

/// A batch with the sequencer's signature, as it is posted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedBatch {
    /// The batch.
    pub batch: Batch,
    /// sr25519, over domain, chain, namespace and batch.
    pub signature: [u8; 64],
}

/// Where batches are posted: a signature counts there and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Hash of the chain's first block.
    pub genesis: [u8; 32],
    /// The namespace.
    pub namespace: [u8; 28],
}

impl Batch {
    /// Names it, and is the parent of the next.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.encode()).into()
    }

    fn signing_bytes(&self, place: &Place) -> Vec<u8> {
        (DOMAIN, place.genesis, place.namespace, self).encode()
    }

    /// Signs it for a place.
    pub fn sign(self, key: &SigningKey, place: &Place) -> SignedBatch {
        let signature = key.sign(&self.signing_bytes(place));
        SignedBatch {
            batch: self,
            signature,
        }
    }
}

impl SignedBatch {
    /// What is posted.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode()
    }

    /// The batch in a blob of the namespace, if the sequencer signed it. Whatever else lies there is somebody's and means nothing.
    pub fn read(bytes: &[u8], sequencer: &AccountId, place: &Place) -> Option<Batch> {
        let Self { batch, signature } = Self::decode_all(&mut &bytes[..]).ok()?;
        SigningKey::verify(sequencer, &batch.signing_bytes(place), &signature).then_some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        genesis: [1; 32],
        namespace: [2; 28],
    };

    fn batch() -> Batch {
        Batch {
            number: 3,
            parent: [9; 32],
            transactions: vec!["mint ann 1".into()],
        }
    }

    #[test]
    fn a_batch_is_its_sequencer_s_in_its_place() {
        let key = SigningKey::dev("Alice").unwrap();
        let (alice, bytes) = (key.account(), batch().sign(&key, &PLACE).to_bytes());
        assert_eq!(SignedBatch::read(&bytes, &alice, &PLACE), Some(batch()));
        let bob = SigningKey::dev("Bob").unwrap().account();
        assert_eq!(SignedBatch::read(&bytes, &bob, &PLACE), None);
        for elsewhere in [
            Place {
                genesis: [0; 32],
                ..PLACE
            },
            Place {
                namespace: [0; 28],
                ..PLACE
            },
        ] {
            assert_eq!(SignedBatch::read(&bytes, &alice, &elsewhere), None);
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(SignedBatch::read(&changed, &alice, &PLACE), None, "{at}");
        }
        assert_eq!(
            SignedBatch::read(&[&bytes[..], &[0]].concat(), &alice, &PLACE),
            None
        );
        assert_eq!(SignedBatch::read(b"", &alice, &PLACE), None);
    }
}
