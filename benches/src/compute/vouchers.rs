//! What a gateway does of every request before any work: read the voucher, and verify its signature.

use std::time::{Duration, Instant};

use anyhow::ensure;
use noema_chain_client::{compute::SignedVoucher, SigningKey};
use noema_compute_primitives::{Price, Voucher};

/// Vouchers that differ, so that nothing is computed once for all.
const DIFFERENT: u64 = 256;

/// Vouchers a second.
pub(super) fn verified(seconds: u64) -> anyhow::Result<f64> {
    let genesis = [7; 32];
    let key = SigningKey::dev("Dave//session")?;
    let texts: Vec<String> = (1..=DIFFERENT)
        .map(|nonce| SignedVoucher::sign(&key, &genesis, voucher(nonce)).to_text())
        .collect();
    let account = key.account();
    let (begun, limit) = (Instant::now(), Duration::from_secs(seconds.max(1)));
    let mut count = 0u64;
    while begun.elapsed() < limit {
        for text in &texts {
            let signed = SignedVoucher::from_text(text.as_bytes())?;
            ensure!(
                signed.is_by(&account, &genesis),
                "a voucher is not verified"
            );
            count += 1;
        }
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

fn voucher(nonce: u64) -> Voucher {
    Voucher {
        channel: 1,
        session: 0,
        lane: 0,
        nonce,
        service: 1,
        paid: u128::from(nonce) * 1_000,
        maximum: 1_000_000,
        request: [3; 32],
        expires: 100_000,
        price: Price::Tokens {
            input: 1,
            cached: 2,
            output: 3,
        },
    }
}
