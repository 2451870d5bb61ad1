//! Downloading from those asked for, and from the others where they fail.

use std::{ops::Range, sync::Arc};

use noema_storage::client::{
    DownloadError, DownloadOptions, DownloadReport, FileRef, OnProgress, Peer, Progress,
    StorageClient,
};
use tokio::io::AsyncWrite;

/// What is downloaded, and from whom.
pub(crate) struct Download {
    pub(crate) file: FileRef,
    /// Asked alone at first; may be empty.
    pub(crate) first: Vec<Peer>,
    /// Take over where those fail.
    pub(crate) then: Vec<Peer>,
    /// Bytes wanted, end excluded.
    pub(crate) range: Range<u64>,
    pub(crate) progress: OnProgress,
}

impl Download {
    /// Writes the bytes wanted to `output`, in order and verified. The report covers both attempts,
    /// also when they fail.
    pub(crate) async fn run(
        self,
        storage: &StorageClient,
        output: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<DownloadReport, DownloadError> {
        let rounds = DownloadOptions::default().rounds;
        if self.first.is_empty() || self.then.is_empty() {
            let peers = [self.first.as_slice(), &self.then].concat();
            return self.attempt(storage, &peers, output, 0, rounds).await;
        }
        // Whoever fails once is not waited for: others are there.
        let broke_off = match self.attempt(storage, &self.first, output, 0, 1).await {
            Err(DownloadError::Unavailable { report, .. }) => *report,
            done => return done,
        };
        let lied = |peer: &Peer| {
            broke_off
                .misbehaved
                .iter()
                .any(|m| m.provider == peer.provider)
        };
        let others: Vec<_> = self
            .then
            .iter()
            .chain(&self.first)
            .filter(|peer| !lied(peer))
            .cloned()
            .collect();
        match self
            .attempt(storage, &others, output, broke_off.bytes, rounds)
            .await
        {
            Ok(report) => Ok(merge(broke_off, report)),
            Err(DownloadError::Unavailable {
                segment,
                report,
                last,
            }) => {
                let report = Box::new(merge(broke_off, *report));
                Err(DownloadError::Unavailable {
                    segment,
                    report,
                    last,
                })
            }
            Err(e) => Err(e),
        }
    }

    /// Downloads what is left after the first `done` bytes.
    async fn attempt(
        &self,
        storage: &StorageClient,
        peers: &[Peer],
        output: &mut (impl AsyncWrite + Unpin + Send),
        done: u64,
        rounds: u32,
    ) -> Result<DownloadReport, DownloadError> {
        let total = self.range.end - self.range.start;
        let shown = self.progress.clone();
        let progress: OnProgress = Arc::new(move |p: Progress| {
            shown(Progress {
                done: done + p.done,
                total,
            });
        });
        let options = DownloadOptions {
            range: Some(self.range.start + done..self.range.end),
            rounds,
            progress: Some(progress),
            ..DownloadOptions::default()
        };
        storage.download(&self.file, peers, output, options).await
    }
}

/// Both reports in one, each provider once.
fn merge(mut first: DownloadReport, second: DownloadReport) -> DownloadReport {
    first.bytes += second.bytes;
    for (peer, segments) in second.delivered {
        match first.delivered.iter_mut().find(|(known, _)| *known == peer) {
            Some((_, sum)) => *sum += segments,
            None => first.delivered.push((peer, segments)),
        }
    }
    for fault in second.misbehaved {
        if !first
            .misbehaved
            .iter()
            .any(|known| known.provider == fault.provider)
        {
            first.misbehaved.push(fault);
        }
    }
    for (peer, why) in second.failed {
        if !first.failed.iter().any(|(known, _)| *known == peer) {
            first.failed.push((peer, why));
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use noema_chain_client::AccountId;

    fn peer(n: u8) -> Peer {
        // Nothing answers there.
        Peer {
            provider: AccountId([n; 32]),
            endpoint: "http://127.0.0.1:9".into(),
        }
    }

    #[test]
    fn reports_add_up_with_each_provider_once() {
        let report = |delivered: &[(u8, u64)], failed: &[u8], bytes| DownloadReport {
            bytes,
            delivered: delivered
                .iter()
                .map(|(n, count)| (peer(*n), *count))
                .collect(),
            misbehaved: vec![],
            failed: failed.iter().map(|n| (peer(*n), "away".into())).collect(),
        };
        let both = merge(
            report(&[(1, 2)], &[1], 10),
            report(&[(1, 1), (2, 3)], &[1, 3], 20),
        );
        assert_eq!(both, report(&[(1, 3), (2, 3)], &[1, 3], 30));
    }

    #[tokio::test]
    async fn whoever_is_asked_first_and_fails_is_in_the_report_with_the_others() {
        let download = Download {
            file: FileRef::new([1; 32], 10).unwrap(),
            first: vec![peer(1)],
            then: vec![peer(2)],
            range: 0..10,
            progress: Arc::new(|_| {}),
        };
        let mut output = Vec::new();
        let error = download
            .run(&StorageClient::default(), &mut output)
            .await
            .unwrap_err();
        let DownloadError::Unavailable { report, .. } = error else {
            panic!("{error}")
        };
        let failed: Vec<_> = report
            .failed
            .iter()
            .map(|(peer, _)| peer.provider)
            .collect();
        assert_eq!(failed, [peer(1).provider, peer(2).provider]);
        assert!(output.is_empty());
    }
}
