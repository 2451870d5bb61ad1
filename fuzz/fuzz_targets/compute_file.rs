//! Files with vouchers, receipts and claims: what is read is written back as the same, and a signature holds for nothing else.

#![no_main]

use libfuzzer_sys::fuzz_target;
use noema_chain_client::{
    compute::{Claim, SignedReceipt, SignedVoucher},
    SigningKey,
};

const GENESIS: [u8; 32] = [7; 32];

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    match SignedVoucher::from_json(text) {
        Ok(voucher) => {
            let again = SignedVoucher::from_json(&voucher.to_json().to_string());
            assert_eq!(again, Ok(voucher));
            resigned(voucher);
        }
        Err(error) => assert!(error.to_string().starts_with("not a voucher: ")),
    }
    match SignedReceipt::from_json(text) {
        Ok(receipt) => {
            let again = SignedReceipt::from_json(&receipt.to_json().to_string());
            assert_eq!(again, Ok(receipt));
        }
        Err(error) => assert!(error.to_string().starts_with("not a receipt: ")),
    }
    match Claim::from_json(text) {
        Ok(claim) => {
            let again = Claim::from_json(&claim.to_json().to_string());
            assert_eq!(again, Ok(claim));
        }
        Err(error) => assert!(error.to_string().starts_with("not a claim: ")),
    }
});

/// Signed anew it is accepted, and not when anything is changed.
fn resigned(voucher: SignedVoucher) {
    let key = SigningKey::from_seed([1; 32]).unwrap();
    let mut signed = SignedVoucher::sign(&key, &GENESIS, voucher.voucher);
    assert!(signed.is_by(&key.account(), &GENESIS));
    signed.voucher.maximum ^= 1;
    assert!(!signed.is_by(&key.account(), &GENESIS));
}
