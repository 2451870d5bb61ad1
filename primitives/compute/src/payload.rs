//! What stands before everything that is signed.

use crate::Hash;
use alloc::vec::Vec;
use codec::Encode;

/// Begins the payload of a voucher: pallet, kind, version.
pub const VOUCHER_DOMAIN: &[u8; 24] = b"noema/compute/voucher/v1";
/// Begins the payload of a receipt.
pub const RECEIPT_DOMAIN: &[u8; 24] = b"noema/compute/receipt/v1";

/// Begins the payload of a demand.
pub const DEMAND_DOMAIN: &[u8; 23] = b"noema/compute/demand/v1";

/// The bytes that are signed.
pub(crate) fn payload(domain: &[u8], genesis: &Hash, signed: &impl Encode) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(domain);
    bytes.extend_from_slice(genesis);
    signed.encode_to(&mut bytes);
    bytes
}
