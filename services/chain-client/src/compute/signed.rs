//! Who signed what.

use noema_compute_primitives::{Demand, Receipt, Voucher};

use crate::{
    keys::SigningKey,
    types::{AccountId, Balance, Hash},
};

/// A voucher with the signature of a session's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedVoucher {
    /// What is promised.
    pub voucher: Voucher,
    /// Of sr25519.
    pub signature: [u8; 64],
}

/// A receipt with the signature of a service's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    /// What is stated.
    pub receipt: Receipt,
    /// Of sr25519.
    pub signature: [u8; 64],
}

/// What a provider brings to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The last voucher of the lane of which the amount is covered by a receipt.
    pub voucher: SignedVoucher,
    /// What the lane owes in all by that receipt, in the smallest unit.
    pub amount: Balance,
    /// Signature of the service's key over what is demanded; needed unless the bonded account sends the claim.
    pub demand: Option<[u8; 64]>,
}

impl SignedVoucher {
    /// Signs a voucher for the chain with this genesis hash.
    pub fn sign(voucher: Voucher, key: &SigningKey, genesis: &Hash) -> Self {
        Self {
            signature: key.sign(&voucher.payload(&genesis.0)),
            voucher,
        }
    }

    /// Whether `key` signed it for the chain with this genesis hash.
    pub fn is_signed_by(&self, key: &AccountId, genesis: &Hash) -> bool {
        SigningKey::verify(key, &self.voucher.payload(&genesis.0), &self.signature)
    }
}

impl SignedReceipt {
    /// Signs a receipt for the chain with this genesis hash.
    pub fn sign(receipt: Receipt, key: &SigningKey, genesis: &Hash) -> Self {
        Self {
            signature: key.sign(&receipt.payload(&genesis.0)),
            receipt,
        }
    }

    /// Whether `key` signed it for the chain with this genesis hash.
    pub fn is_signed_by(&self, key: &AccountId, genesis: &Hash) -> bool {
        SigningKey::verify(key, &self.receipt.payload(&genesis.0), &self.signature)
    }
}

impl Claim {
    /// A claim that the bonded account itself sends.
    pub const fn of(voucher: SignedVoucher, amount: Balance) -> Self {
        Self {
            voucher,
            amount,
            demand: None,
        }
    }

    /// The same with the demand of the service's key, so that the operator can send it.
    pub fn demanded(self, service_key: &SigningKey, genesis: &Hash) -> Self {
        let demand = Demand::new(&self.voucher.voucher, self.amount);
        Self {
            demand: Some(service_key.sign(&demand.payload(&genesis.0))),
            ..self
        }
    }
}
