//! A streamed answer on its way to the application: each piece at once, the last when its receipt is checked.

use std::sync::Arc;

use bytes::Bytes;
use noema_chain_client::AccountId;
use noema_compute_engine::form::{FormError, Reading, Seen, Terms};
use noema_compute_primitives::Usage;
use tokio::{sync::mpsc, time::timeout};

use super::{
    ask::{Began, Failure},
    Proxy, PIECE_TIME,
};
use crate::{
    chain::ComputeChain,
    openai::{ApiError, Piece},
    receipts::{AnswerFault, Asked, StreamCheck},
    sse::Event,
    SignedReceipt,
};

/// Why a stream is not good.
#[derive(Debug)]
pub(super) enum StreamFault {
    Lie(AnswerFault),
    NoReceipt(String),
}

/// What of a stream has come.
pub(super) struct Checking {
    asked: Asked,
    check: StreamCheck,
    has_answer: bool,
    is_told: bool,
    piece: Piece,
    /// Of a job.
    reading: Option<Reading>,
    /// What of an answer to a job cannot be true.
    untrue: Option<FormError>,
}

impl Checking {
    /// `terms` are those of a job.
    pub(super) fn new(asked: Asked, terms: Option<Terms>) -> Self {
        Self {
            asked,
            check: StreamCheck::new(200),
            has_answer: false,
            is_told: false,
            piece: Piece::default(),
            reading: terms.map(Reading::new),
            untrue: None,
        }
    }

    /// What the last event was that is no receipt.
    pub(super) const fn piece(&self) -> &Piece {
        &self.piece
    }

    /// Takes the next event. What it comes to, when it is the receipt.
    pub(super) fn event(&mut self, event: &Event) -> Option<Result<SignedReceipt, StreamFault>> {
        if !event.is_receipt() {
            let piece = event.data().map(|data| self.read(&data));
            let piece = piece.unwrap_or_default();
            self.check.event(event.raw(), piece.usage);
            self.has_answer |= piece.has_choices;
            self.is_told |= piece.usage.is_some();
            self.piece = piece;
            return None;
        }
        let text = event.data().unwrap_or_default();
        let signed = SignedReceipt::from_text(&text)
            .map_err(|e| StreamFault::NoReceipt(format!("its receipt is none: {e}")));
        Some(signed.and_then(|signed| {
            self.finish(&signed).map_err(StreamFault::Lie)?;
            Ok(signed)
        }))
    }

    /// What an event says that counts here.
    fn read(&mut self, data: &[u8]) -> Piece {
        let Some(reading) = &mut self.reading else {
            return Piece::parse(data);
        };
        let ended = match reading.event(data) {
            Ok(seen) => matches!(seen, Seen::Ended(_)),
            Err(error) => {
                self.untrue.get_or_insert(error);
                false
            }
        };
        let units = reading.units().filter(|_| ended);
        Piece {
            usage: units.map(|units| Usage::Units { units }),
            has_choices: ended,
            ..Piece::default()
        }
    }

    fn finish(&self, signed: &SignedReceipt) -> Result<(), AnswerFault> {
        self.check.finish(&self.asked, signed)?;
        if let Some(untrue) = &self.untrue {
            return Err(untrue.clone().into());
        }
        // The usage was asked for, whatever the application did.
        match signed.receipt.amount {
            0 => Ok(()),
            amount if !self.has_answer => Err(AnswerFault::NoAnswer { amount }),
            _ if !self.is_told => Err(AnswerFault::NoUsage),
            _ => Ok(()),
        }
    }
}

impl<C: ComputeChain> Proxy<C> {
    /// Passes a stream on until its end, and tells the application by the last event whether it is good.
    pub(super) async fn pass_on(
        self: Arc<Self>,
        began: Began,
        provider: AccountId,
        to: mpsc::Sender<Bytes>,
    ) {
        let Began {
            mut taken,
            first,
            mut events,
            include_usage,
            terms,
            after,
        } = began;
        let mut checking = Checking::new(taken.pending.asked(&self.genesis), terms);
        let mut last: Option<Event> = None;
        let mut next = Ok(Some(first));
        let failure = loop {
            let event = match next {
                Ok(Some(event)) => event,
                Ok(None) => break Failure::Unwell("the stream ended without a receipt".to_owned()),
                Err(failure) => break failure,
            };
            match checking.event(&event) {
                Some(Ok(receipt)) => {
                    self.book.settle(&taken.key, &receipt, true);
                    self.metrics.answered(&receipt.receipt);
                    match (&last, receipt.receipt.amount) {
                        (Some(_), _) => self.market.answered(provider, after),
                        (None, 0) => self.market.failed(provider),
                        (None, _) => self.market.charged_in_vain(provider),
                    }
                    if let Some(last) = last {
                        // An application that is gone has paid all the same.
                        let _ = timeout(PIECE_TIME, to.send(last.raw().clone())).await;
                    }
                    return;
                }
                Some(Err(fault)) => break self.judge(&taken, provider, fault).await,
                // Held back; nothing of an answer comes behind it.
                None if event.is_done() => last = Some(event),
                None if last.is_some() => {}
                // Programs that did not ask for it do not expect it.
                None if checking.piece().is_usage_only() && !include_usage => {}
                None => {
                    let sent = timeout(PIECE_TIME, to.send(event.raw().clone())).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        // The provider sees that nobody reads any more, and what was done is asked for.
                        tracing::debug!("an application went away");
                        drop((events, taken));
                        return;
                    }
                }
            }
            next = tokio::select! {
                next = events.next() => next,
                () = to.closed() => {
                    drop((events, taken));
                    return;
                }
            };
        };
        if matches!(failure, Failure::Unwell(_)) {
            self.market.failed(provider);
            taken.broke = true;
        }
        tracing::warn!(%provider, %failure, "a stream is not good");
        let message = format!("the answer of provider {provider} is not good: {failure}");
        let error = ApiError::upstream("bad_answer", message);
        let event = Event::new(None, &error.body().to_string());
        let _ = timeout(PIECE_TIME, to.send(event.raw().clone())).await;
        drop(taken);
    }
}
