//! A buyer who has no proxy: signs each voucher and checks each receipt with the client library.

use anyhow::{ensure, Context};
use noema_chain_client::{AccountId, SigningKey};
use noema_compute::{
    bounds::ceiling,
    openai::{usage_of, Piece, Route},
    receipts::{check_whole, Asked, StreamCheck},
    sse::Events,
    wire::{RECEIPT_HEADER, VOUCHER_HEADER},
    SignedReceipt, SignedVoucher,
};
use noema_compute_primitives::{
    request_hash, ChannelId, LaneId, ModelName, Price, ServiceId, SessionId, Voucher,
};
use reqwest::Response;

/// Tokens of output that a request is paid for at most.
pub(crate) const OUTPUT: u64 = 100;

/// One lane of a buyer's.
#[derive(Debug)]
pub struct Buyer {
    /// Of the network, and of nothing else.
    pub client: reqwest::Client,
    /// Where the gateway answers.
    pub gateway: String,
    /// Hash of the chain's first block.
    pub genesis: [u8; 32],
    /// Signs vouchers.
    pub key: SigningKey,
    /// Signs receipts.
    pub service_key: AccountId,
    /// What pays.
    pub channel: ChannelId,
    /// The session of the key.
    pub session: SessionId,
    /// The lane of the session.
    pub lane: LaneId,
    /// What is asked.
    pub service: ServiceId,
    /// Its model.
    pub model: ModelName,
    /// Its price.
    pub price: Price,
    /// Nonce of the last voucher.
    pub nonce: u64,
    /// What the lane owes, by its last receipt.
    pub owed: u128,
}

/// A request that is on its way.
struct Sent {
    asked: Asked,
    response: Response,
}

impl Buyer {
    async fn send(&self, body: &str) -> anyhow::Result<Sent> {
        let voucher = Voucher {
            channel: self.channel,
            session: self.session,
            lane: self.lane,
            nonce: self.nonce + 1,
            service: self.service,
            paid: self.owed,
            maximum: ceiling(&self.price, body.len() as u64, OUTPUT)?,
            request: request_hash(Route::Chat.hashed(), body.as_bytes())?,
            expires: u64::MAX,
            price: self.price,
        };
        let signed = SignedVoucher::sign(&self.key, &self.genesis, voucher);
        let response = self
            .client
            .post(format!("{}{}", self.gateway, Route::Chat.path()))
            .header("content-type", "application/json")
            .header(VOUCHER_HEADER, signed.to_text())
            .body(body.to_owned())
            .send()
            .await?;
        let asked = Asked {
            voucher,
            model: self.model.clone(),
            key: self.service_key,
            genesis: self.genesis,
            body_bytes: body.len() as u64,
            max_output: Some(OUTPUT),
        };
        Ok(Sent { asked, response })
    }

    fn settle(&mut self, signed: &SignedReceipt) {
        self.nonce = signed.receipt.nonce;
        self.owed = signed.receipt.cumulative;
    }

    /// A conversation that is answered as a whole: its answer and the receipt, which is good.
    pub async fn chat(&mut self, body: &str) -> anyhow::Result<(Vec<u8>, SignedReceipt)> {
        let Sent { asked, response } = self.send(body).await?;
        let status = response.status().as_u16();
        let receipt = response.headers().get(RECEIPT_HEADER).cloned();
        let answer = response.bytes().await?;
        let said = String::from_utf8_lossy(&answer);
        let receipt = receipt.with_context(|| format!("{status} without a receipt: {said}"))?;
        let signed = SignedReceipt::from_text(receipt.as_bytes())?;
        check_whole(&asked, &signed, status, &answer, usage_of(&answer))?;
        self.settle(&signed);
        ensure!(status == 200, "{status}: {said}");
        Ok((answer.to_vec(), signed))
    }

    /// A conversation whose answer is streamed: the data of its events, and the receipt, which is good.
    pub async fn stream(&mut self, body: &str) -> anyhow::Result<(Vec<String>, SignedReceipt)> {
        let Sent { asked, response } = self.send(body).await?;
        let status = response.status().as_u16();
        let text = response.bytes().await?;
        let said = String::from_utf8_lossy(&text);
        let (mut events, mut check) = (Events::default(), StreamCheck::new(status));
        let (mut data, mut receipt) = (Vec::new(), None);
        events.push(&text);
        while let Some(event) = events.next_event()? {
            ensure!(receipt.is_none(), "something comes behind the receipt");
            let found = event.data().unwrap_or_default();
            if event.is_receipt() {
                receipt = Some(SignedReceipt::from_text(&found)?);
                continue;
            }
            check.event(event.raw(), Piece::parse(&found).usage);
            data.push(String::from_utf8(found)?);
        }
        let signed = receipt.with_context(|| format!("{status} without a receipt: {said}"))?;
        check.finish(&asked, &signed)?;
        self.settle(&signed);
        Ok((data, signed))
    }
}
