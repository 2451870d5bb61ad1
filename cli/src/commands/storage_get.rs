//! `noema storage get`: a file or part of it, verified on its way.

use std::path::PathBuf;

use noema_storage::client::{DownloadError, DownloadReport, FileRef, StorageClient};
use serde_json::{json, Value};

use super::storage_deal::hex0x;
use crate::{
    args::storage::Get,
    download::Download,
    failure::Failure,
    lookup::{self, endpoints, order},
    output::{Answer, Fields},
    progress::Shown,
    session::Session,
    sink::Sink,
};

pub(crate) async fn run(session: &Session, get: &Get) -> Result<(), Failure> {
    let client = session.connect().await?;
    let state = client.at_finalized().await?;
    let found = lookup::find(&state, &get.which).await?;
    let file = found.file;
    let range = match get.range {
        Some(range) => range.within(file.size()).map_err(Failure::usage)?,
        None => 0..file.size(),
    };
    let order = order(&found.holders(), &get.from, &get.exclude)?;
    let first = endpoints(&state, order.first).await?;
    let then = endpoints(&state, order.then).await?;

    let path = get
        .output
        .clone()
        .unwrap_or_else(|| PathBuf::from(file.file.to_string()));
    let mut sink = Sink::open(&path, get.force)?;
    let bar = Shown::bytes(&session.output, "download", range.end - range.start);
    let progress = bar.on_progress();
    let download = Download {
        file,
        first,
        then,
        range,
        progress,
    };
    let done = download.run(&StorageClient::default(), &mut sink).await;
    drop(bar);
    let report = done.map_err(|e| failed(&e))?;
    let to_stdout = sink.is_stdout();
    sink.finish().await?;

    for fault in &report.misbehaved {
        session
            .output
            .warn(format_args!("{fault}; the data came from others"));
    }
    for (peer, why) in &report.failed {
        session
            .output
            .warn(format_args!("provider {}: {why}", peer.provider));
    }
    let answer = answer(&file, &path, &report);
    if to_stdout {
        session.output.answer_beside_data(&answer);
        Ok(())
    } else {
        session.output.answer(&answer)
    }
}

fn failed(error: &DownloadError) -> Failure {
    let failure = Failure::new(
        match error {
            DownloadError::NoPeers(_) => "no_provider",
            DownloadError::Write(_) => "file",
            _ => "unavailable",
        },
        error.to_string(),
    );
    match error {
        DownloadError::Unavailable {
            segment, report, ..
        } => {
            let mut details = report_json(report);
            if let Some(details) = details.as_object_mut() {
                details.insert("segment".into(), json!(segment));
            }
            failure.with(details)
        }
        _ => failure,
    }
}

/// Who delivered how much, who served something wrong, who failed.
fn report_json(report: &DownloadReport) -> Value {
    let delivered: Vec<_> = report
        .delivered
        .iter()
        .map(|(peer, segments)| {
            json!({ "provider": peer.provider, "endpoint": peer.endpoint, "segments": segments })
        })
        .collect();
    let failed: Vec<_> = report
        .failed
        .iter()
        .map(|(peer, error)| {
            json!({ "provider": peer.provider, "endpoint": peer.endpoint, "error": error })
        })
        .collect();
    json!({ "delivered": delivered, "misbehaved": report.misbehaved, "failed": failed })
}

fn answer(file: &FileRef, path: &std::path::Path, report: &DownloadReport) -> Answer {
    let mut text = Fields::new()
        .add("id", file.file)
        .add("root", hex0x(&file.root))
        .add("bytes", report.bytes)
        .add("output", path.display());
    for (peer, segments) in &report.delivered {
        let plural = if *segments == 1 {
            "segment"
        } else {
            "segments"
        };
        text = text.add("from", format!("{} ({segments} {plural})", peer.provider));
    }
    let mut json = report_json(report);
    if let Some(json) = json.as_object_mut() {
        json.insert("file".into(), json!(file.file));
        json.insert("root".into(), json!(hex0x(&file.root)));
        json.insert("size".into(), json!(file.size()));
        json.insert("bytes".into(), json!(report.bytes));
        json.insert("output".into(), json!(path));
    }
    Answer::new(text.to_string(), json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::AccountId;
    use noema_storage::client::{Fault, Misbehaviour, Peer};

    #[test]
    fn the_answer_names_who_delivered_and_who_lied() {
        let peer = |n: u8| Peer {
            provider: AccountId([n; 32]),
            endpoint: format!("http://h:{n}"),
        };
        let report = DownloadReport {
            bytes: 10,
            delivered: vec![(peer(1), 1)],
            misbehaved: vec![Misbehaviour {
                provider: peer(2).provider,
                endpoint: peer(2).endpoint,
                segment: 0,
                fault: Fault::Length {
                    expected: 5,
                    found: 4,
                },
            }],
            failed: vec![(peer(3), "away".into())],
        };
        let file = FileRef::new([1; 32], 10).unwrap();
        let answer = answer(&file, std::path::Path::new("out"), &report);
        let json = answer.json();
        assert_eq!(json["delivered"][0]["segments"], 1);
        assert_eq!(
            json["misbehaved"][0]["provider"],
            peer(2).provider.to_string()
        );
        assert_eq!(json["failed"][0]["error"], "away");
        assert_eq!(json["size"], 10);
        assert!(answer.text().contains("(1 segment)"));
    }
}
