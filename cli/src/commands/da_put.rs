//! `noema da put`.

use std::{io, path::Path, time::Duration};

use bytes::Bytes;
use futures::{stream, Stream, StreamExt};
use noema_da::{
    client::{GatewayClient, GatewayError, PutOptions},
    wire::{BlobState, BlobStatus},
};
use noema_da_primitives::MAX_BLOB_SIZE;
use noema_transport::read_secret;
use serde_json::json;
use tokio::io::AsyncReadExt;

use crate::{
    args::da::{GatewayArgs, Put},
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
};

/// Bytes that are read at once.
const PIECE: usize = 256 << 10;
/// Pause between two looks at how the blob stands.
const PAUSE: Duration = Duration::from_millis(300);
/// Looks that may fail one after another before the gateway counts as gone: a minute.
const LOOKS: u32 = 200;

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        let message = error.to_string();
        match error {
            GatewayError::Url(_) => Self::usage(message),
            GatewayError::Http(_) => Self::new("gateway", message),
            GatewayError::Refused { status, code, .. } => {
                Self::new("refused", message).with(json!({ "status": status, "reason": code }))
            }
            _ => Self::new("bad_answer", message),
        }
    }
}

/// A gateway with its token.
pub(super) fn gateway(args: &GatewayArgs) -> Result<GatewayClient, Failure> {
    let token = args.token_file.as_deref().map(read_secret).transpose();
    let token = token.map_err(|e| Failure::new("file", e.to_string()))?;
    let token = token.map(|token| token.trim().to_owned());
    Ok(GatewayClient::new(args.gateway.clone(), token))
}

pub(super) async fn run(session: &Session, put: &Put) -> Result<(), Failure> {
    let gateway = gateway(&put.gateway)?;
    let options = PutOptions {
        namespace: put.namespace,
        days: put.days,
        bundle: put.bundle,
    };
    let (pieces, size) = open(&put.file).await?;
    if size > MAX_BLOB_SIZE.into() {
        let message = format!("{size} bytes: a blob has at most {MAX_BLOB_SIZE}; split it");
        return Err(Failure::new("too_large", message));
    }
    let bar = Shown::bytes(&session.output, "sending", size);
    let part = bar.part();
    let mut sent = 0u64;
    let pieces = pieces.inspect(move |piece| {
        if let Ok(piece) = piece {
            sent += piece.len() as u64;
            part.reach(sent);
        }
    });
    let taken = gateway.put(pieces, size, options).await;
    drop(bar);
    let taken = taken?;
    let status = match put.no_wait {
        true => taken,
        false => settled(session, &gateway, &taken.id).await?,
    };
    session.output.answer(&answer(&status))?;
    match (status.state, &status.reason) {
        (BlobState::Failed | BlobState::TooFewSignatures, reason) => {
            let reason = reason
                .clone()
                .unwrap_or_else(|| "too few seats signed".to_owned());
            let message = format!("the blob did not become available: {reason}");
            Err(Failure::new("not_available", message))
        }
        _ => Ok(()),
    }
}

/// The bytes and how many they are. What comes from standard input is held in memory: its length is needed first.
async fn open(
    path: &Path,
) -> Result<(futures::stream::BoxStream<'static, io::Result<Bytes>>, u64), Failure> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        let most = u64::from(MAX_BLOB_SIZE) + 1;
        tokio::io::stdin()
            .take(most)
            .read_to_end(&mut bytes)
            .await
            .map_err(|e| Failure::new("file", format!("cannot read standard input: {e}")))?;
        let size = bytes.len() as u64;
        let pieces = stream::iter([Ok(Bytes::from(bytes))]);
        return Ok((pieces.boxed(), size));
    }
    let failed = |e: io::Error| Failure::io("read", path, &e);
    let file = tokio::fs::File::open(path).await.map_err(failed)?;
    let metadata = file.metadata().await.map_err(failed)?;
    if !metadata.is_file() {
        let message = format!(
            "{} is no regular file; `-` reads standard input",
            path.display()
        );
        return Err(Failure::new("file", message));
    }
    Ok((pieces(file).boxed(), metadata.len()))
}

fn pieces(file: tokio::fs::File) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok((read > 0).then(|| (Bytes::from(piece), file)))
    })
}

/// Waits until it is known what becomes of the blob. The gateway may restart meanwhile.
async fn settled(
    session: &Session,
    gateway: &GatewayClient,
    id: &str,
) -> Result<BlobStatus, Failure> {
    let shown = Shown::waiting(&session.output, "the gateway has it");
    let mut failures = 0;
    loop {
        match gateway.status(id).await {
            Ok(status) if status.state.is_final() => return Ok(status),
            Ok(status) => {
                failures = 0;
                shown.say(match status.state {
                    BlobState::Submitted => "on chain, seats are given their rows",
                    BlobState::Submitting => "coded, being submitted",
                    _ => "the gateway has it",
                });
            }
            Err(error @ GatewayError::Refused { .. }) => return Err(error.into()),
            Err(error) if failures >= LOOKS => {
                let said = format!("its name there is {id}, and it goes on when the gateway does");
                return Err(Failure::from(error).and(&said));
            }
            Err(_) => failures += 1,
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn answer(status: &BlobStatus) -> Answer {
    let state = match status.state {
        BlobState::Available => "available",
        BlobState::Failed => "failed",
        BlobState::TooFewSignatures => {
            "too few signatures; what was paid for the window comes back"
        }
        _ => "taken by the gateway",
    };
    let mut text = Fields::new()
        .add("state", state)
        .add("size", format!("{} bytes", status.size))
        .add("name at the gateway", &status.id);
    if let Some(commitment) = status.commitment {
        text = text.add("commitment", commitment);
    }
    if let Some(submission) = status.submission {
        text = text.add("submission", submission);
    }
    if let Some(member) = &status.member {
        text = text.add("member of the bundle", member.index);
    }
    for fault in &status.faults {
        text = text.add(format!("seat {}", fault.seat), &fault.message);
    }
    Answer::new(text.to_string(), json!(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_comes_in_pieces_and_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..2 * PIECE + 5).map(|n| n as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        let (pieces, size) = open(file.path()).await.unwrap();
        assert_eq!(size, bytes.len() as u64);
        let pieces: Vec<_> = pieces.map(Result::unwrap).collect().await;
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE));
        assert_eq!(pieces.concat(), bytes);
    }

    #[tokio::test]
    async fn what_is_no_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(open(dir.path()).await.is_err());
        assert!(open(&dir.path().join("none")).await.is_err());
    }
}
