//! Values for tests.
#![allow(missing_docs)]

use noema_chain_client::SigningKey;
use noema_compute_primitives::{Price, Receipt, Usage, Voucher};

pub(crate) const PRICE: Price = Price::Tokens {
    input: 1_000_000,
    cached: 100_000,
    output: 2_000_000,
};

pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::dev(name).unwrap()
}

pub(crate) fn voucher() -> Voucher {
    Voucher {
        channel: 3,
        session: 1,
        lane: 2,
        nonce: 1,
        service: 9,
        paid: 0,
        maximum: 10_000,
        request: [5; 32],
        expires: 1_000,
        price: PRICE,
    }
}

pub(crate) fn receipt_for(voucher: &Voucher, output: u64) -> Receipt {
    let usage = Usage::Tokens {
        input: 10,
        cached: 0,
        output,
    };
    let amount = voucher.price.cost(&usage).unwrap().min(voucher.maximum);
    Receipt {
        channel: voucher.channel,
        session: voucher.session,
        lane: voucher.lane,
        nonce: voucher.nonce,
        service: voucher.service,
        request: voucher.request,
        response: [6; 32],
        response_bytes: 20,
        model: b"tiny/1".to_vec().try_into().unwrap(),
        usage,
        price: voucher.price,
        amount,
        cumulative: voucher.paid + amount,
        time: 1_700_000_000_000,
    }
}

pub(crate) fn receipt() -> Receipt {
    receipt_for(&voucher(), 30)
}
