//! Asking for the receipt of a voucher on which nobody waits any more.

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::Response;
use tokio::time::timeout;

use super::{
    ask::Failure,
    book::Liar,
    lanes::Pending,
    response::{body_within, broke_off, receipt_of},
    Proxy,
};
use crate::{
    chain::ComputeChain, gateway::LaneKey, receipts::check_unseen, unix_millis,
    wire::VOUCHER_HEADER,
};

/// How long a gateway may take in all to give a receipt, or to say why not; and how many bytes that may be.
const RESOLVE_TIME: Duration = Duration::from_secs(30);
const MAX_REFUSAL: usize = 64 << 10;

impl<C: ComputeChain> Proxy<C> {
    /// What it comes to when a gateway has no receipt for a voucher: it works on the request still, or it counts the lane otherwise, for good.
    async fn without_receipt(&self, key: &LaneKey, response: Response) -> Result<bool, Failure> {
        let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
        let body = body_within(response, self.settings.patience, MAX_REFUSAL).await?;
        let code = error_code(&body).unwrap_or_default();
        if status == StatusCode::CONFLICT && code == "lane_busy" {
            return Ok(false);
        }
        if status == StatusCode::CONFLICT {
            let reason = format!(
                "the gateway counts the lane otherwise ({code:?}); it holds one maximum at most"
            );
            tracing::warn!(channel = key.channel, lane = key.lane, %reason, "a lane is stopped");
            self.book.stop(key, &reason).await?;
        }
        Err(Failure::Unwell(format!(
            "it answers {status} without a receipt: {code:?}"
        )))
    }

    /// Asks for the receipt of a voucher on which nobody waits. Whether its lane goes on.
    pub(super) async fn resolve(&self, key: &LaneKey, pending: &Pending) -> Result<bool, Failure> {
        let most = RESOLVE_TIME.min(self.settings.patience);
        let resolving = timeout(most, self.resolve_slowly(key, pending));
        let late = |_| Failure::Unwell("it gives no receipt in time".to_owned());
        resolving.await.map_err(late)?
    }

    async fn resolve_slowly(&self, key: &LaneKey, pending: &Pending) -> Result<bool, Failure> {
        let voucher = &pending.signed.voucher;
        let service = self.chain.service(voucher.service).await;
        let service = service.map_err(|e| Failure::Unwell(e.to_string()))?;
        let service =
            service.ok_or_else(|| Failure::Unwell("the service is retired".to_owned()))?;
        let endpoint = service.descriptor.endpoint;
        let endpoint = std::str::from_utf8(&endpoint).unwrap_or_default();
        let url = self.clients.url(endpoint, "v1/receipt");
        let url = url.map_err(|e| Failure::Unwell(e.to_string()))?;
        let sending = url
            .client
            .post(url.url)
            .header(VOUCHER_HEADER, pending.signed.to_text())
            .send();
        let response = sending.await.map_err(broke_off)?;
        let Some(receipt) = receipt_of(response.headers()) else {
            return self.without_receipt(key, response).await;
        };
        match check_unseen(&pending.asked(&self.genesis), &receipt) {
            Ok(_) => {
                let broke = self.book.take_broken(key);
                self.book.settle(key, &receipt, false);
                self.metrics.unseen.inc();
                if broke && receipt.receipt.amount > 0 {
                    self.market.charged_in_vain(service.provider);
                }
                Ok(true)
            }
            Err(fault) => {
                let reason = fault.to_string();
                let provider = service.provider;
                tracing::error!(%provider, %reason, "a provider lied; it is asked no more");
                self.metrics.liars.inc();
                let liar = Liar {
                    reason: reason.clone(),
                    time: unix_millis(),
                };
                self.book.note_liar(provider, liar).await?;
                self.book.stop(key, &reason).await?;
                Err(Failure::Liar(fault))
            }
        }
    }
}

/// The code of an error in OpenAI's form.
fn error_code(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    body.get("error")?.get("code")?.as_str().map(str::to_owned)
}
