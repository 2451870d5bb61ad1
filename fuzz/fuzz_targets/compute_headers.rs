//! Vouchers and receipts as they arrive in headers and events: what is read is written back the same, and only what the key signed, for this chain, is accepted.

#![no_main]

use std::sync::OnceLock;

use base64::{engine::general_purpose::URL_SAFE_NO_PAD, Engine};
use codec::Encode;
use libfuzzer_sys::fuzz_target;
use noema_chain_client::SigningKey;
use noema_compute::{SignedReceipt, SignedVoucher};
use noema_compute_primitives::{Price, Voucher};
use noema_fuzz::Bytes;

const GENESIS: [u8; 32] = [7; 32];

fn signed() -> &'static (SigningKey, SignedVoucher) {
    static SIGNED: OnceLock<(SigningKey, SignedVoucher)> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let key = SigningKey::dev("Alice").unwrap();
        let voucher = Voucher {
            channel: 1,
            session: 2,
            lane: 3,
            nonce: 4,
            service: 5,
            paid: 6,
            maximum: 7,
            request: [8; 32],
            expires: 9,
            price: Price::Tokens {
                input: 10,
                cached: 11,
                output: 12,
            },
        };
        let signed = SignedVoucher::sign(&key, &GENESIS, voucher);
        (key, signed)
    })
}

fuzz_target!(|input: &[u8]| {
    text(input);
    text(URL_SAFE_NO_PAD.encode(input).as_bytes());
    changed(&mut Bytes(input));
});

/// One text for the same bytes.
fn text(input: &[u8]) {
    if let Ok(read) = SignedVoucher::from_text(input) {
        assert_eq!(read.to_text().as_bytes(), input);
        accepted(&read);
    }
    if let Ok(read) = SignedReceipt::from_text(input) {
        assert_eq!(read.to_text().as_bytes(), input);
    }
}

/// The bytes as changes of a good voucher.
fn changed(input: &mut Bytes<'_>) {
    let mut bytes = signed().1.encode();
    for byte in &mut bytes {
        *byte ^= input.byte();
    }
    let text = URL_SAFE_NO_PAD.encode(bytes);
    if let Ok(read) = SignedVoucher::from_text(text.as_bytes()) {
        accepted(&read);
    }
}

fn accepted(read: &SignedVoucher) {
    let (key, good) = signed();
    if read.is_by(&key.account(), &GENESIS) {
        assert_eq!(read.voucher, good.voucher);
    }
}
