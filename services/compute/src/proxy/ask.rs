//! One request at one provider: voucher, answer, receipt.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;
use noema_chain_client::AccountId;
use noema_compute_engine::form::Terms;
use noema_compute_primitives::{Price, ResponseCheck, Usage, Voucher};
use reqwest::{header::CONTENT_TYPE, Response};
use tokio::time::timeout;

use super::{
    asking::{Asking, Work},
    book::{BookRefusal, Liar, Order, Taken},
    lanes::Pending,
    market::{Account, Candidate},
    response::{broke_off, is_error, receipt_of, whole_body, EventStream},
    Proxy,
};
use crate::{
    bounds::{affordable_output, ceiling},
    chain::ComputeChain,
    openai::{usage_of, Limits},
    receipts::{check_job, check_unseen, check_whole, AnswerFault},
    sse::Event,
    unix_millis,
    wire::VOUCHER_HEADER,
    JournalError, SignedReceipt, SignedVoucher,
};

/// An answer that is good, and paid for.
#[derive(Debug)]
pub(super) struct Good {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
    pub(super) receipt: SignedReceipt,
}

/// A stream that has begun: its first event has come, and is no error.
pub(super) struct Began {
    pub(super) taken: Taken,
    pub(super) first: Event,
    pub(super) events: EventStream,
    /// Whether the application asked for the usage. What a job used is told in any case.
    pub(super) include_usage: bool,
    /// Of a job.
    pub(super) terms: Option<Terms>,
    /// How long it took to begin.
    pub(super) after: Duration,
}

/// What came of a request.
enum Came {
    Whole(Box<Good>),
    Stream(Event, EventStream),
}

pub(super) enum Outcome {
    Whole(Box<Good>),
    Stream(Box<Began>),
}

/// Why a provider gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No lane, no money: the provider was not asked.
    #[error(transparent)]
    Book(#[from] BookRefusal),
    /// It was asked and gave nothing that is paid for.
    #[error("{0}")]
    Unwell(String),
    /// It answered, and the receipt is good: it cannot now.
    #[error("it answers {status}")]
    Busy { status: StatusCode },
    /// It lied.
    #[error("it lied: {0}")]
    Liar(AnswerFault),
    /// The book cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl<C: ComputeChain> Proxy<C> {
    /// Has a provider answer by way of one of its accounts.
    pub(super) async fn ask(
        &self,
        asking: &Asking,
        candidate: &Candidate,
        account: &Account,
    ) -> Result<Outcome, Failure> {
        let provider = candidate.info.provider;
        let mut taken = self.promise(asking, candidate, account).await?;
        let endpoint = &candidate.info.descriptor.endpoint[..];
        let endpoint = std::str::from_utf8(endpoint).unwrap_or_default();
        let began = Instant::now();
        let answered = async {
            let path = asking.route().path().trim_start_matches('/');
            let url = self.clients.url(endpoint, path);
            let url = url.map_err(|e| Failure::Unwell(e.to_string()))?;
            let sending = url
                .client
                .post(url.url)
                .header(CONTENT_TYPE, "application/json")
                .header(VOUCHER_HEADER, taken.pending.signed.to_text())
                .body(asking.body.clone())
                .send();
            tracing::trace!(target: "noema_compute::durable", step = "request sent");
            match timeout(self.settings.patience, sending).await {
                Ok(sent) => sent.map_err(broke_off),
                Err(_) => Err(Failure::Unwell(
                    "it did not begin to answer in time".to_owned(),
                )),
            }
        };
        let came = match answered.await {
            Ok(response) => {
                let after = began.elapsed();
                let came = self.take(response, &taken, asking, provider).await;
                came.map(|came| (came, after))
            }
            Err(failure) => Err(failure),
        };
        match came {
            Ok((Came::Whole(good), after)) => {
                self.market.answered(provider, after);
                Ok(Outcome::Whole(good))
            }
            Ok((Came::Stream(first, events), after)) => Ok(Outcome::Stream(Box::new(Began {
                taken,
                first,
                events,
                include_usage: match asking.work {
                    Work::Model { include_usage, .. } => include_usage,
                    Work::Job(_) => true,
                },
                terms: asking.terms(),
                after,
            }))),
            Err(failure) => {
                if matches!(failure, Failure::Unwell(_) | Failure::Busy { .. }) {
                    self.market.failed(provider);
                }
                taken.broke = matches!(failure, Failure::Unwell(_));
                Err(failure)
            }
        }
    }

    /// Signs a voucher on a free lane and notes it.
    async fn promise(
        &self,
        asking: &Asking,
        candidate: &Candidate,
        account: &Account,
    ) -> Result<Taken, Failure> {
        let price = candidate.info.descriptor.price;
        let body_bytes = asking.body.len() as u64;
        let maximum = self.maximum(asking, candidate);
        let max_output = match &asking.work {
            Work::Model { limits, .. } => limits
                .max_output()
                .or_else(|| affordable_output(&price, maximum, body_bytes)),
            Work::Job(terms) => Some(terms.most_units()),
        };
        let order = Order {
            account,
            maximum,
            application: &asking.application,
            limit: asking.limit,
        };
        let now = self.market.listing().now;
        let expires = now.saturating_add(self.settings.voucher_ticks);
        let taken = self.book.begin(&order, |key, lane| {
            let (nonce, paid) = lane.next();
            let voucher = Voucher {
                channel: key.channel,
                session: key.session,
                lane: key.lane,
                nonce,
                service: candidate.info.service,
                paid,
                maximum,
                request: asking.hash,
                expires: expires.min(account.session.ends).max(lane.expires()),
                price,
            };
            Pending {
                signed: SignedVoucher::sign(&self.session_key, &self.genesis, voucher),
                model: asking.model.clone(),
                key: account.info.key,
                body_bytes,
                max_output,
                application: asking.application.clone(),
            }
        });
        Ok(taken.await?)
    }

    /// What a request costs at most at a provider.
    pub(super) fn maximum(&self, asking: &Asking, candidate: &Candidate) -> u128 {
        // A price that cannot be counted is nobody's.
        self.most(asking, &candidate.info.descriptor.price)
            .unwrap_or(u128::MAX)
    }

    /// What a request costs at most at a price. None when that cannot be counted.
    pub(super) fn most(&self, asking: &Asking, price: &Price) -> Option<u128> {
        match &asking.work {
            Work::Model { limits, .. } => {
                let output = self.output_of(limits);
                ceiling(price, asking.body.len() as u64, output).ok()
            }
            Work::Job(terms) => {
                let units = terms.most_units();
                price.cost(&Usage::Units { units }).ok()
            }
        }
    }

    /// Tokens of output that are paid for at most.
    fn output_of(&self, limits: &Limits) -> u64 {
        let usual = self.settings.default_max_tokens;
        let tokens = limits.max_tokens.unwrap_or(usual);
        tokens.saturating_mul(limits.choices)
    }

    async fn take(
        &self,
        response: Response,
        taken: &Taken,
        asking: &Asking,
        provider: AccountId,
    ) -> Result<Came, Failure> {
        let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or_default();
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        let terms = asking.terms();
        if is_stream && status == StatusCode::OK && asking.may_stream() {
            return self.first_event(response, taken, terms, provider).await;
        }
        let receipt = receipt_of(response.headers());
        let body = whole_body(response, self.settings.patience).await?;
        let Some(receipt) = receipt else {
            // A stranger's words: quoted, and not too many.
            let text = String::from_utf8_lossy(&body[..body.len().min(300)]).into_owned();
            return Err(Failure::Unwell(format!(
                "it answers {status} without a receipt: {text:?}"
            )));
        };
        let asked = taken.pending.asked(&self.genesis);
        let checked = match (status, receipt.receipt.amount, terms) {
            // The receipt of an answer that was given before; but this voucher was not sent before.
            (StatusCode::CONFLICT, 0, _) => check_unseen(&asked, &receipt),
            (status, _, Some(terms)) => check_job(&asked, terms, &receipt, status.as_u16(), &body),
            (status, _, None) => {
                check_whole(&asked, &receipt, status.as_u16(), &body, usage_of(&body))
            }
        };
        let arrived = match checked {
            Ok(check) => check == ResponseCheck::Matches,
            Err(fault) => return Err(self.caught(taken, provider, fault).await),
        };
        self.book.settle(&taken.key, &receipt, arrived);
        let again = [StatusCode::TOO_MANY_REQUESTS, StatusCode::CONFLICT];
        if status.is_server_error() || again.contains(&status) {
            return Err(Failure::Busy { status });
        }
        Ok(Came::Whole(Box::new(Good {
            status,
            body,
            receipt,
        })))
    }

    async fn first_event(
        &self,
        response: Response,
        taken: &Taken,
        terms: Option<Terms>,
        provider: AccountId,
    ) -> Result<Came, Failure> {
        let mut events = EventStream::of(response, self.settings.patience);
        let Some(first) = events.next().await? else {
            return Err(Failure::Unwell("the stream is empty".to_owned()));
        };
        if is_error(&first) {
            // Nothing has reached the application: it costs nothing, and another is asked.
            self.settle_rest(first, events, taken, terms, provider)
                .await?;
            let status = StatusCode::BAD_GATEWAY;
            return Err(Failure::Busy { status });
        }
        Ok(Came::Stream(first, events))
    }

    async fn settle_rest(
        &self,
        first: Event,
        mut events: EventStream,
        taken: &Taken,
        terms: Option<Terms>,
        provider: AccountId,
    ) -> Result<(), Failure> {
        let asked = taken.pending.asked(&self.genesis);
        let mut check = super::stream::Checking::new(asked, terms);
        let mut next = Some(first);
        while let Some(event) = next {
            if let Some(judged) = check.event(&event) {
                return match judged {
                    Ok(receipt) if receipt.receipt.amount > 0 => {
                        let amount = receipt.receipt.amount;
                        let fault = AnswerFault::NoAnswer { amount };
                        Err(self.caught(taken, provider, fault).await)
                    }
                    Ok(receipt) => {
                        self.book.settle(&taken.key, &receipt, true);
                        Ok(())
                    }
                    Err(fault) => Err(self.judge(taken, provider, fault).await),
                };
            }
            next = events.next().await?;
        }
        Err(Failure::Unwell(
            "the stream ended without a receipt".to_owned(),
        ))
    }

    /// What a stream's end that is no receipt comes to.
    pub(super) async fn judge(
        &self,
        taken: &Taken,
        provider: AccountId,
        fault: super::stream::StreamFault,
    ) -> Failure {
        match fault {
            super::stream::StreamFault::Lie(fault) => self.caught(taken, provider, fault).await,
            super::stream::StreamFault::NoReceipt(reason) => Failure::Unwell(reason),
        }
    }

    /// Notes a lie, with the lane on which it was told.
    pub(super) async fn caught(
        &self,
        taken: &Taken,
        provider: AccountId,
        fault: AnswerFault,
    ) -> Failure {
        let reason = fault.to_string();
        tracing::error!(%provider, %reason, "a provider lied; it is asked no more");
        self.metrics.liars.inc();
        let liar = Liar {
            reason: reason.clone(),
            time: unix_millis(),
        };
        let noted = self.book.note_liar(provider, liar).await;
        let stopped = self.book.stop(&taken.key, &reason).await;
        match noted.and(stopped) {
            Ok(()) => Failure::Liar(fault),
            Err(error) => error.into(),
        }
    }
}
