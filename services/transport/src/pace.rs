//! Bodies with data, for readers who may be slow.

use std::{io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::{stream, Stream, StreamExt};
use tokio::{sync::mpsc, time::timeout};

use crate::{Caller, Rate, Turn};

/// Bytes that are handed over at once. What was handed over waits in the connection's memory for a
/// reader who does not read, so that this times the streams of all connections is what those can
/// fill.
const PIECE: usize = 32 << 10;
/// How long a reader may take for a piece.
const PIECE_TIME: Duration = Duration::from_secs(30);

/// A body of `chunks` in small pieces, each when `rate` has room for it. The turn lasts until the last piece is
/// taken; a reader who takes none for too long loses the connection.
pub fn paced<S>(chunks: S, turn: Turn, caller: Caller, rate: Rate) -> Body
where
    S: Stream<Item = io::Result<Bytes>> + Send + 'static,
{
    let (pieces, taken) = mpsc::channel(1);
    tokio::spawn(async move {
        let _turn = turn;
        let cut = chunks.flat_map(|chunk| stream::iter(cut(chunk)));
        let mut cut = std::pin::pin!(cut);
        while let Some(piece) = cut.next().await {
            if let Ok(piece) = &piece {
                // A reader who went away meanwhile is not waited for.
                tokio::select! {
                    _ = rate.take(piece.len() as u64) => {}
                    () = pieces.closed() => return,
                }
            }
            match timeout(PIECE_TIME, pieces.send(piece)).await {
                Ok(Ok(())) => {}
                // The reader is gone.
                Ok(Err(_)) => return,
                Err(_) => return caller.hang_up(),
            }
        }
        if timeout(PIECE_TIME, pieces.reserve()).await.is_err() {
            caller.hang_up();
        }
    });
    Body::from_stream(stream::unfold(taken, |mut taken| async move {
        Some((taken.recv().await?, taken))
    }))
}

fn cut(chunk: io::Result<Bytes>) -> impl Iterator<Item = io::Result<Bytes>> {
    let (error, mut bytes) = match chunk {
        Ok(bytes) => (None, bytes),
        Err(error) => (Some(Err(error)), Bytes::new()),
    };
    let pieces = std::iter::from_fn(move || {
        let length = bytes.len().min(PIECE);
        (length > 0).then(|| Ok(bytes.split_to(length)))
    });
    error.into_iter().chain(pieces)
}
