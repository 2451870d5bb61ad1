//! A receipt is good only if everything in it is what the buyer knows.

use noema_compute_primitives::*;

fn name(text: &str) -> ModelName {
    text.as_bytes().to_vec().try_into().unwrap()
}

const PRICE: Price = Price::Tokens {
    input: 2_000_000,
    cached: 0,
    output: 5_000_000,
};

fn voucher() -> Voucher {
    Voucher {
        channel: 1,
        session: 2,
        lane: 3,
        nonce: 4,
        service: 5,
        paid: 100,
        maximum: 1_000,
        request: [6; 32],
        expires: u64::MAX,
        price: PRICE,
    }
}

/// 10 tokens in, 20 out: 120 units.
fn receipt() -> Receipt {
    Receipt {
        channel: 1,
        session: 2,
        lane: 3,
        nonce: 4,
        service: 5,
        request: [6; 32],
        response: [7; 32],
        response_bytes: 50,
        model: name("tiny/1"),
        usage: Usage::Tokens {
            input: 10,
            cached: 0,
            output: 20,
        },
        price: PRICE,
        amount: 120,
        cumulative: 220,
        time: 0,
    }
}

const ANSWER: Received<'static> = Received {
    hash: &[7; 32],
    bytes: 50,
};

fn check_with(
    voucher: &Voucher,
    receipt: &Receipt,
    response: Option<Received<'_>>,
) -> Result<ResponseCheck, ReceiptFault> {
    receipt.check(&Agreed {
        voucher,
        response,
        model: &name("tiny/1"),
    })
}

fn check(voucher: &Voucher, receipt: &Receipt) -> Result<ResponseCheck, ReceiptFault> {
    check_with(voucher, receipt, Some(ANSWER))
}

#[test]
fn check_of_a_good_receipt_passes() {
    assert_eq!(check(&voucher(), &receipt()), Ok(ResponseCheck::Matches));
}

#[test]
fn check_of_an_answer_that_was_cut_off_is_payable_and_unverified() {
    let cut_off = |receipt: &Receipt| check_with(&voucher(), receipt, None);
    assert_eq!(cut_off(&receipt()), Ok(ResponseCheck::Unverified));
    // All else is checked as ever.
    let dearer = Receipt {
        amount: 121,
        cumulative: 221,
        ..receipt()
    };
    assert!(cut_off(&dearer).is_err());
    let of_another = Receipt {
        request: [0; 32],
        ..receipt()
    };
    assert_eq!(cut_off(&of_another), Err(ReceiptFault::RequestHash));
}

#[test]
fn check_charges_the_price_that_the_voucher_binds() {
    let cheaper = Voucher {
        price: Price::Tokens {
            input: 1_000_000,
            cached: 0,
            output: 5_000_000,
        },
        ..voucher()
    };
    assert_eq!(check(&cheaper, &receipt()), Err(ReceiptFault::Price));
}

#[test]
fn check_notices_every_change() {
    type Change = fn(&mut Receipt);
    let changes: [(Change, ReceiptFault); 14] = [
        (|r| r.channel = 9, ReceiptFault::OtherRequest),
        (|r| r.session = 9, ReceiptFault::OtherRequest),
        (|r| r.lane = 9, ReceiptFault::OtherRequest),
        (|r| r.nonce = 3, ReceiptFault::OtherRequest),
        (|r| r.service = 9, ReceiptFault::OtherRequest),
        (|r| r.request[0] ^= 1, ReceiptFault::RequestHash),
        (|r| r.response[31] ^= 1, ReceiptFault::ResponseHash),
        (|r| r.response_bytes = 49, ReceiptFault::ResponseHash),
        (|r| r.model = name("tiny/2"), ReceiptFault::Model),
        (
            |r| {
                r.price = Price::Tokens {
                    input: 1,
                    cached: 0,
                    output: 0,
                }
            },
            ReceiptFault::Price,
        ),
        (
            |r| r.usage = Usage::Units { units: 1 },
            ReceiptFault::Cost(CostError::Mismatch {
                price: Metering::Tokens,
                usage: Metering::Units,
            }),
        ),
        (
            |r| r.amount = 121,
            ReceiptFault::Amount {
                expected: 120,
                found: 121,
            },
        ),
        (
            |r| r.amount = 119,
            ReceiptFault::Amount {
                expected: 120,
                found: 119,
            },
        ),
        (
            |r| r.cumulative = 221,
            ReceiptFault::Cumulative {
                expected: 220,
                found: 221,
            },
        ),
    ];
    for (change, fault) in changes {
        let mut changed = receipt();
        change(&mut changed);
        assert_eq!(check(&voucher(), &changed), Err(fault));
    }
}

#[test]
fn check_bounds_the_amount_by_the_maximum() {
    let bounded = Voucher {
        maximum: 70,
        ..voucher()
    };
    assert!(check(&bounded, &receipt()).is_err());
    let charged = Receipt {
        amount: 70,
        cumulative: 170,
        ..receipt()
    };
    assert_eq!(check(&bounded, &charged), Ok(ResponseCheck::Matches));
}

#[test]
fn mode_none_is_labelled_unverified_and_proves_nothing() {
    assert_eq!(VerificationMode::None.to_string(), "unverified");
    assert_eq!(Unverified::MODE, VerificationMode::None);
    let descriptor = Descriptor {
        kind: ServiceKind::Chat,
        model: name("tiny/1"),
        weights: None,
        endpoint: EndpointBytes::default(),
        price: PRICE,
        verification: VerificationMode::None,
        capacity: 1,
    };
    let context = VerificationContext {
        now: 0,
        key: &[],
        descriptor: &descriptor,
    };
    assert_eq!(
        Unverified::verify(&context, &receipt(), &()),
        Verdict::Unverified
    );
}

#[test]
fn payloads_of_vouchers_receipts_and_demands_never_meet() {
    let genesis = [1; 32];
    let demand = Demand::new(&voucher(), 220).payload(&genesis);
    let payloads = [
        voucher().payload(&genesis),
        receipt().payload(&genesis),
        demand,
    ];
    for (index, payload) in payloads.iter().enumerate() {
        for other in &payloads[index + 1..] {
            assert_ne!(payload[..23], other[..23]);
        }
    }
    assert_ne!(voucher().payload(&genesis), voucher().payload(&[2; 32]));
}
