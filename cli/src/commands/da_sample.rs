//! `noema da sample`.

use noema_chain_client::ChainClient;
use noema_da::{
    chain::{Lookup, NodeState},
    client::{BlobReader, SampleError, SeatClient},
};
use noema_light::{LightChain, LightError, LightOptions};
use serde_json::json;

use super::da::{find, reports};
use crate::{
    args::da::Sample,
    failure::Failure,
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
};

impl From<LightError> for Failure {
    fn from(error: LightError) -> Self {
        let message = error.to_string();
        match error {
            LightError::Spec(_) => Self::usage(message),
            LightError::NotFound(_) => Self::new("node", message),
            _ => Self::new("light_client", message),
        }
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::Read(error) => error.into(),
            error => Self::usage(error.to_string()),
        }
    }
}

pub(super) async fn run(session: &Session, sample: &Sample) -> Result<(), Failure> {
    match &sample.chain_spec {
        None => draw(session, sample, &session.connect().await?, false).await,
        Some(path) => {
            let spec = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
            let options = LightOptions {
                bootnodes: sample.bootnode.clone(),
                ..LightOptions::default()
            };
            let waiting = Shown::waiting(&session.output, "finding the chain, proof by proof");
            let chain = LightChain::connect(&spec, options).await;
            drop(waiting);
            let chain = chain?;
            draw(session, sample, chain.client(), true).await
        }
    }
}

async fn draw(
    session: &Session,
    sample: &Sample,
    client: &ChainClient,
    proven: bool,
) -> Result<(), Failure> {
    let info = find(client, sample.blob).await?;
    let head = client.finalized();
    let lookup = Lookup::new(NodeState::new(client.clone()));
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
    let chain = match proven {
        true => format!("proven by the light client, block {}", head.number),
        false => "as the node says".to_owned(),
    };
    let text = Fields::new()
        .add("submission", info.submission)
        .add("commitment", info.commitment)
        .add("chain", chain)
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
        "proven": proven,
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
