//! A buyer of the compute market who wants work for nothing: uses a voucher again, for the same request and for another, and goes back on what the lane owes.

use anyhow::{ensure, Context};
use noema_compute::{
    bounds::ceiling,
    openai::Route,
    wire::{RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{request_hash, Voucher};
use serde::Serialize;
use serde_json::Value;

use crate::buyer::Buyer;

/// What the gateway made of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// What was tried.
    pub what: String,
    /// Status of the answer.
    pub status: u16,
    /// Code of its error.
    pub code: String,
    /// Whether it came with a receipt.
    pub has_receipt: bool,
    /// Whether there was something of an answer in it.
    pub has_answer: bool,
}

/// Buys once, honestly, and then tries everything. The lane is at the same nonce as before the attempts, if the gateway took none of them.
pub async fn rob(buyer: &mut Buyer, body: &str, other_body: &str) -> anyhow::Result<Vec<Attempt>> {
    let before = (buyer.nonce, buyer.owed);
    let (_, receipt) = buyer.chat(body).await?;
    ensure!(buyer.owed > before.1, "an answer costs something");
    let used = voucher(buyer, before, body)?;
    // The very voucher that was used: as it was signed, or with the signature for the same.
    ensure!(used.voucher.request == receipt.receipt.request);
    let now = (buyer.nonce, buyer.owed);
    let mut tried = vec![
        send(buyer, "replay", body, &used).await?,
        send(buyer, "replay for another request", other_body, &used).await?,
    ];
    // The next nonce, as if nothing had been owed, and as if less was.
    for (what, paid) in [
        ("go back to nothing", before.1),
        ("go back by a unit", now.1 - 1),
    ] {
        let back = voucher(buyer, (now.0, paid), body)?;
        tried.push(send(buyer, what, body, &back).await?);
    }
    let skipped = voucher(buyer, (now.0 + 1, now.1), body)?;
    tried.push(send(buyer, "skip a request", body, &skipped).await?);
    let mut forged = voucher(buyer, now, body)?;
    forged.voucher.maximum += 1;
    tried.push(send(buyer, "promise more than was signed", body, &forged).await?);
    Ok(tried)
}

/// The voucher after a nonce, with what the lane is said to owe.
fn voucher(buyer: &Buyer, (nonce, paid): (u64, u128), body: &str) -> anyhow::Result<SignedVoucher> {
    let voucher = Voucher {
        channel: buyer.channel,
        session: buyer.session,
        lane: buyer.lane,
        nonce: nonce + 1,
        service: buyer.service,
        paid,
        maximum: ceiling(&buyer.price, body.len() as u64, crate::buyer::OUTPUT)?,
        request: request_hash(Route::Chat.hashed(), body.as_bytes())?,
        expires: u64::MAX,
        price: buyer.price,
    };
    Ok(SignedVoucher::sign(&buyer.key, &buyer.genesis, voucher))
}

async fn send(
    buyer: &Buyer,
    what: &str,
    body: &str,
    signed: &SignedVoucher,
) -> anyhow::Result<Attempt> {
    let response = buyer
        .client
        .post(format!("{}{}", buyer.gateway, Route::Chat.path()))
        .header("content-type", "application/json")
        .header(VOUCHER_HEADER, signed.to_text())
        .body(body.to_owned())
        .send()
        .await?;
    let status = response.status().as_u16();
    let receipt = response.headers().get(RECEIPT_HEADER).cloned();
    let answer: Value = response.json().await.context("every answer is JSON")?;
    if let Some(text) = &receipt {
        // Of what was answered before, and of nothing else.
        let signed = SignedReceipt::from_text(text.as_bytes())?;
        ensure!(signed.receipt.nonce <= buyer.nonce, "{what}: {signed:?}");
    }
    Ok(Attempt {
        what: what.to_owned(),
        status,
        code: answer["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        has_receipt: receipt.is_some(),
        has_answer: answer.get("choices").is_some(),
    })
}
