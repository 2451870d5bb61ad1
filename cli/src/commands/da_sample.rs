//! `noema da sample`.

use noema_da::{
    chain::{Lookup, NodeState},
    client::{BlobReader, SampleError, SeatClient},
};
use serde_json::json;

use super::da::{find, reports};
use crate::{
    args::da::Sample,
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
};

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Read(error) => error.into(),
            error => Self::usage(error.to_string()),
        }
    }
}

pub(super) async fn run(session: &Session, sample: &Sample) -> Result<(), Failure> {
    let client = session.connect().await?;
    let info = find(&client, sample.blob).await?;
    let head = client.finalized();
    let lookup = Lookup::new(NodeState::new(client));
    let reader = BlobReader::new(lookup, SeatClient::default());
    let waiting = Shown::waiting(&session.output, "drawing rows");
    // No more than 1,024.
    let sampled = reader.sample(info.submission, sample.rows as usize).await;
    drop(waiting);
    let sampled = sampled?;
    let (drawn, verified) = (sampled.drawn.len(), sampled.verified);
    let fooled = sampled.fooled_with();
    let confidence = fooled.map_or_else(
        || "none: rows are missing".to_owned(),
        |chance| {
            format!("too few rows are held, and none was missed, with a chance below {chance:.1e}")
        },
    );
    let text = Fields::new()
        .add("submission", info.submission)
        .add("commitment", info.commitment)
        .add("block", head.number)
        .add(
            "rows",
            format!(
                "{verified} of {drawn} were had and verified, {} bytes",
                sampled.bytes
            ),
        )
        .add("confidence", confidence);
    let json = json!({
        "submission": info.submission,
        "commitment": info.commitment.to_string(),
        "block": head.number,
        "drawn": drawn,
        "verified": verified,
        "bytes": sampled.bytes,
        "fooled_with": fooled,
        "faults": reports(session, &sampled.reports),
    });
    session
        .output
        .answer(&Answer::new(text.to_string(), json))?;
    match sampled.is_complete() {
        true => Ok(()),
        false => Err(Failure::new(
            "not_sampled",
            format!("{} of {drawn} rows could not be had", drawn - verified),
        )),
    }
}
