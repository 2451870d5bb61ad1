//! Messages on a pipe: their length in four bytes, the least first, and then the message in SCALE.

use codec::{DecodeAll, Encode};
use noema_compute_engine::form::MAX_INLINE;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest message, in bytes: an order with all that it may have within itself.
pub const MAX_FRAME: usize = MAX_INLINE + (64 << 10);

/// What comes over a pipe is no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// It is longer than any message.
    #[error("a message of {found} bytes; expected at most {MAX_FRAME}")]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// It is none.
    #[error("a message of {length} bytes that cannot be read: {source}")]
    Malformed {
        /// Its length.
        length: usize,
        /// What is wrong.
        source: codec::Error,
    },
    /// The pipe broke.
    #[error("the pipe broke: {0}")]
    Pipe(#[from] std::io::Error),
}

/// The next message. None when the other end has closed the pipe between two messages.
///
/// # Errors
/// When it is none, or the pipe broke within it.
pub async fn read_frame<T: DecodeAll>(
    from: &mut (impl AsyncRead + Unpin),
) -> Result<Option<T>, FrameError> {
    let mut length = [0; 4];
    if from.read(&mut length[..1]).await? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..]).await?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_FRAME {
        return Err(FrameError::TooLong { found: length });
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).await?;
    let message = T::decode_all(&mut &bytes[..]);
    message
        .map(Some)
        .map_err(|source| FrameError::Malformed { length, source })
}

/// A message as it is written.
pub(super) fn frame(message: &impl Encode) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    message.encode_to(&mut bytes);
    let length = u32::try_from(bytes.len() - 4).unwrap_or(u32::MAX);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Writes what was made by [`frame`].
pub(super) async fn write_frame(
    to: &mut (impl AsyncWrite + Unpin),
    frame: &[u8],
) -> std::io::Result<()> {
    to.write_all(frame).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_come_out_as_they_went_in() {
        let mut pipe = Vec::new();
        for text in ["", "one", "two"] {
            write_frame(&mut pipe, &frame(&text.to_owned()))
                .await
                .unwrap();
        }
        let mut from = &pipe[..];
        for text in ["", "one", "two"] {
            let read: Option<String> = read_frame(&mut from).await.unwrap();
            assert_eq!(read.as_deref(), Some(text));
        }
        assert!(read_frame::<String>(&mut from).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_is_no_message_is_refused_before_it_takes_memory() {
        let long = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes();
        let read = read_frame::<String>(&mut &long[..]).await;
        assert!(matches!(read, Err(FrameError::TooLong { .. })));
        let rest = [2, 0, 0, 0, 4, b'a', 9];
        let read = read_frame::<String>(&mut &rest[..6]).await.unwrap();
        assert_eq!(read.as_deref(), Some("a"));
        let longer = [3, 0, 0, 0, 4, b'a', 9];
        let read = read_frame::<String>(&mut &longer[..]).await;
        assert!(
            matches!(read, Err(FrameError::Malformed { .. })),
            "bytes are left over"
        );
        for cut in 1..6 {
            let read = read_frame::<String>(&mut &rest[..cut]).await;
            assert!(matches!(read, Err(FrameError::Pipe(_))), "cut after {cut}");
        }
    }
}
