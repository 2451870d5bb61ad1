//! Who signed what.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec cast the indices of variants"
)]

use codec::{Decode, Encode};
use noema_compute_primitives::{Demand, Receipt, Voucher};

use super::Signature;
use crate::{
    keys::SigningKey,
    types::{AccountId, Balance},
};

/// A voucher with the signature of its session's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedVoucher {
    /// What is promised.
    pub voucher: Voucher,
    /// By whom.
    pub signature: Signature,
}

/// A receipt with the signature of the service key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct SignedReceipt {
    /// What is stated.
    pub receipt: Receipt,
    /// By whom.
    pub signature: Signature,
}

/// What a provider brings to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The last voucher of the lane of which the amount is covered by a receipt.
    pub voucher: SignedVoucher,
    /// What the lane owes in all by that receipt, in the smallest unit.
    pub amount: Balance,
    /// The service key's over what is demanded; needed unless the bonded account sends the claim.
    pub demand: Option<Signature>,
}

impl SignedVoucher {
    /// Signs a voucher for the chain with this genesis hash.
    pub fn sign(key: &SigningKey, genesis: &[u8; 32], voucher: Voucher) -> Self {
        let signature = Signature::sign(key, &voucher.payload(genesis));
        Self { voucher, signature }
    }

    /// Whether the key of `account` signed it for the chain with this genesis hash.
    pub fn is_by(&self, account: &AccountId, genesis: &[u8; 32]) -> bool {
        self.signature
            .is_by(account, &self.voucher.payload(genesis))
    }
}

impl SignedReceipt {
    /// Signs a receipt for the chain with this genesis hash.
    pub fn sign(key: &SigningKey, genesis: &[u8; 32], receipt: Receipt) -> Self {
        let signature = Signature::sign(key, &receipt.payload(genesis));
        Self { receipt, signature }
    }

    /// Whether the key of `account` signed it for the chain with this genesis hash.
    pub fn is_by(&self, account: &AccountId, genesis: &[u8; 32]) -> bool {
        self.signature
            .is_by(account, &self.receipt.payload(genesis))
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

    /// The same with the demand of the service key, so that the operator can send it.
    pub fn demanded(self, service_key: &SigningKey, genesis: &[u8; 32]) -> Self {
        let demand = Demand::new(&self.voucher.voucher, self.amount);
        Self {
            demand: Some(Signature::sign(service_key, &demand.payload(genesis))),
            ..self
        }
    }
}
