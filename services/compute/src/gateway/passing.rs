//! A stream on its way from the engine to the client, and its receipt behind it.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use futures::{
    future::BoxFuture,
    stream::{BoxStream, CatchUnwind},
    StreamExt,
};
use noema_compute_primitives::ResponseHasher;
use tokio::{sync::mpsc, time::timeout};

use super::{
    meter::Meter,
    work::{malformed, panicked, Broken, Job},
};
use crate::{
    engine::EngineError,
    openai::{usage_piece, Piece},
    sse::{Event, Events},
    wire::RECEIPT_EVENT,
};

/// Pieces that wait for a reader.
pub(super) const PIECES: usize = 32;
/// How long a reader may keep an engine waiting, for one piece and in all.
const PIECE_TIME: Duration = Duration::from_secs(30);
pub(super) const READER_TIME: Duration = Duration::from_secs(120);
/// How long the usage may take to follow an answer whose reader has gone.
const LAST_USAGE: Duration = Duration::from_secs(2);

type Pieces = CatchUnwind<AssertUnwindSafe<BoxStream<'static, Result<Bytes, EngineError>>>>;

/// How a stream ended.
enum End {
    Done(Event),
    Broken(Broken),
    ClientGone,
}

/// Who reads, and how long it may still be waited for.
pub(super) struct Reader {
    to: mpsc::Sender<Bytes>,
    left: Duration,
}

impl Reader {
    pub(super) const fn new(to: mpsc::Sender<Bytes>, left: Duration) -> Self {
        Self { to, left }
    }

    /// Hands a piece over. False when the reader has gone, or is too slow.
    pub(super) async fn send(&mut self, piece: Bytes) -> bool {
        let began = Instant::now();
        let sent = timeout(self.left.min(PIECE_TIME), self.to.send(piece)).await;
        self.left = self.left.saturating_sub(began.elapsed());
        matches!(sent, Ok(Ok(())))
    }

    /// Hands the last piece over, to whoever still reads.
    pub(super) async fn send_last(&self, piece: Bytes) {
        // A client that is gone asks for the receipt.
        let _ = timeout(PIECE_TIME, self.to.send(piece)).await;
        tracing::trace!(target: "noema_compute::durable", step = "last byte sent");
    }

    /// Returns when nobody reads any more.
    pub(super) async fn closed(&self) {
        self.to.closed().await;
    }
}

/// What of a stream has come.
struct Passing {
    hasher: ResponseHasher,
    meter: Meter,
    events: Events,
}

/// The next piece. None at the end.
async fn next_piece(pieces: &mut Pieces) -> Option<Result<Bytes, EngineError>> {
    let piece = pieces.next().await?;
    Some(piece.unwrap_or_else(|_| Err(panicked())))
}

impl Job {
    /// Passes a stream on, with its receipt behind it.
    pub(super) async fn pass_on(
        &self,
        pieces: BoxStream<'static, Result<Bytes, EngineError>>,
        mut over: BoxFuture<'static, ()>,
        mut reader: Reader,
    ) {
        let mut pieces = AssertUnwindSafe(pieces).catch_unwind();
        let mut passing = Passing {
            hasher: ResponseHasher::new(200),
            meter: self.meter(),
            events: Events::default(),
        };
        let end = loop {
            let piece = tokio::select! {
                biased;
                () = reader.closed() => break End::ClientGone,
                () = &mut over => break End::Broken(Broken::Late),
                () = self.core.cut.cancelled() => break End::Broken(Broken::Stopping),
                piece = next_piece(&mut pieces) => piece,
            };
            match piece {
                Some(Ok(piece)) => passing.events.push(&piece),
                Some(Err(error)) => break End::Broken(error.into()),
                None => break End::Broken(malformed("the stream ended without [DONE]")),
            }
            if let Some(end) = self.pass_events(&mut passing, &mut reader).await {
                break end;
            }
        };
        if matches!(end, End::ClientGone) && passing.meter.is_finished() {
            // Engines tell the usage last: going just before is no discount.
            let _ = timeout(LAST_USAGE, passing.read_usage(&mut pieces)).await;
        }
        // The engine need not go on.
        drop(pieces);
        let Passing {
            mut hasher, meter, ..
        } = passing;
        let last = match end {
            End::ClientGone => return self.end_unread(&hasher, meter.unread()).await,
            End::Done(event) => event,
            End::Broken(broken) => {
                let error = self.broke(&broken, meter.has_answer());
                Event::new(None, &error.body().to_string())
            }
        };
        let mut end = BytesMut::new();
        if self.include_usage && meter.has_answer() && !meter.is_told() {
            // Whoever pays must see for what.
            let model = String::from_utf8_lossy(&self.model);
            if let Some(usage) = usage_piece(&model, meter.streamed()) {
                end.extend_from_slice(Event::new(None, &usage).raw());
            }
        }
        end.extend_from_slice(last.raw());
        hasher.update(&end);
        let receipt = match self.finish(&hasher, meter.streamed()).await {
            Ok(receipt) => receipt,
            Err(error) => {
                tracing::error!(%error, "a receipt cannot be noted; its request is lost");
                return;
            }
        };
        let event = Event::new(Some(RECEIPT_EVENT), &receipt.to_text());
        end.extend_from_slice(event.raw());
        reader.send_last(end.freeze()).await;
    }

    /// Passes the events on that are complete. How it ended, if it did.
    async fn pass_events(&self, passing: &mut Passing, reader: &mut Reader) -> Option<End> {
        loop {
            let event = match passing.events.next_event() {
                Ok(Some(event)) => event,
                Ok(None) => return None,
                Err(error) => return Some(End::Broken(malformed(&error.to_string()))),
            };
            if event.is_done() {
                return Some(End::Done(event));
            }
            if event.is_receipt() {
                continue;
            }
            let piece = passing.count(&event);
            if piece.is_usage_only() && !self.include_usage {
                continue;
            }
            passing.hasher.update(event.raw());
            if !reader.send(event.raw().clone()).await {
                return Some(End::ClientGone);
            }
            tracing::trace!(target: "noema_compute::durable", step = "piece sent");
        }
    }
}

impl Passing {
    fn count(&mut self, event: &Event) -> Piece {
        let data = event.data();
        let piece = data.map_or_else(Piece::default, |data| Piece::parse(&data));
        self.meter.piece(&piece);
        piece
    }

    /// Reads on, for nobody, until the engine has said what it used.
    async fn read_usage(&mut self, pieces: &mut Pieces) {
        while !self.meter.is_told() {
            match self.events.next_event() {
                Ok(Some(event)) if event.is_done() => return,
                Ok(Some(event)) => {
                    self.count(&event);
                }
                Ok(None) => match next_piece(pieces).await {
                    Some(Ok(piece)) => self.events.push(&piece),
                    Some(Err(_)) | None => return,
                },
                Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_may_keep_an_engine_waiting_for_so_long_in_all() {
        let (sender, mut pieces) = mpsc::channel(1);
        let mut reader = Reader::new(sender, Duration::from_millis(200));
        let reading = tokio::spawn(async move {
            let mut read = 0;
            loop {
                tokio::time::sleep(Duration::from_millis(60)).await;
                match pieces.recv().await {
                    Some(_) => read += 1,
                    None => return read,
                }
            }
        });
        let mut sent = 0;
        while reader.send(Bytes::from_static(b"a")).await {
            sent += 1;
            assert!(sent < 50, "it would wait for ever");
        }
        drop(reader);
        assert_eq!(reading.await.unwrap(), sent);
    }
}
