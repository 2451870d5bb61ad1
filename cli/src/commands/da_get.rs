//! `noema da get`.

use bytes::Bytes;
use noema_da::{
    chain::{Lookup, NodeState},
    client::{BlobReader, ReadError, SeatClient, SeatReport},
};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::{
    da::{find, reports},
    da_put::gateway,
};
use crate::{
    args::da::{GatewayArgs, Get},
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
    sink::Sink,
};

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::TooFewRows { .. } => Self::new("too_few_rows", message),
            ReadError::NoBundle { .. } | ReadError::OutOfRange { .. } => Self::usage(message),
            ReadError::Rebuild(_) | ReadError::Bundle(_) => Self::new("no_blob", message),
            _ => Self::new("chain", message),
        }
    }
}

pub(super) async fn run(session: &Session, get: &Get) -> Result<(), Failure> {
    let client = session.connect().await?;
    let info = find(&client, get.blob).await?;
    let submission = info.submission;
    let mut sink = Sink::open(&get.output, get.force)?;
    let shown = Shown::waiting(&session.output, "collecting rows");
    let (bytes, faults): (Bytes, Vec<SeatReport>) = match &get.gateway {
        Some(url) => {
            let gateway = gateway(&GatewayArgs {
                gateway: url.clone(),
                token_file: get.token_file.clone(),
            })?;
            let bytes = match get.member {
                Some(member) => gateway.get_member(submission, member).await?,
                None => gateway.get_submission(submission).await?,
            };
            (bytes, Vec::new())
        }
        None => {
            let lookup = Lookup::new(NodeState::new(client));
            let reader = BlobReader::new(lookup, SeatClient::default());
            match get.member {
                Some(member) => {
                    let read = reader.member(submission, member).await?;
                    (read.bytes, read.reports)
                }
                None => {
                    let read = reader.read(submission).await?;
                    (read.bytes, read.reports)
                }
            }
        }
    };
    drop(shown);
    let written = sink.write_all(&bytes).await;
    written.map_err(|e| Failure::new("file", format!("cannot write the blob: {e}")))?;
    let to_stdout = sink.is_stdout();
    sink.finish().await?;
    let verified = get.gateway.is_none();
    let text = Fields::new()
        .add("submission", submission)
        .add("size", format!("{} bytes", bytes.len()))
        .add(
            "verified",
            if verified {
                "every row"
            } else {
                "by the gateway"
            },
        );
    let json = json!({
        "submission": submission,
        "commitment": info.commitment.to_string(),
        "size": bytes.len(),
        "verified": verified,
        "faults": reports(session, &faults),
    });
    let answer = Answer::new(text.to_string(), json);
    match to_stdout {
        true => session.output.answer_beside_data(&answer),
        false => session.output.answer(&answer)?,
    }
    Ok(())
}
