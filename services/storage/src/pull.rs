//! Fetching segments from other providers of the same deals.

use std::{sync::Arc, time::Duration};

use futures::{stream, StreamExt};
use noema_chain_client::AccountId;

use crate::{
    chain_view::{ChainView, StateView},
    client::{ClientError, FileRef, FileStatus, Misbehaviour, Peer},
    converge::Shared,
    store::{NewSegment, StoreError},
};

/// While the owner uploaded within this time, nothing is fetched from peers.
const UPLOAD_WINDOW: Duration = Duration::from_secs(3);
/// Segments fetched at the same time for one file.
const PARALLEL: usize = 12;
/// Segments fetched before the peers are looked at again.
const BATCH: usize = 128;

/// What a round achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pulling {
    /// The file is complete.
    Complete,
    /// Some segments came.
    Some,
    /// No peer has anything that is missing here, or the owner is uploading.
    Nothing,
}

impl Pulling {
    /// Pause after a round that brought nothing.
    pub(crate) const FIRST_PAUSE: Duration = Duration::from_millis(500);
    /// The longest pause while the slot has a deadline.
    pub(crate) const LAST_PAUSE: Duration = Duration::from_secs(8);
    /// The longest pause for a slot that is held: what is healed has no deadline.
    pub(crate) const LAST_PAUSE_HELD: Duration = Duration::from_secs(120);
}

/// Fetches one file.
pub(crate) struct Puller<C> {
    shared: Arc<Shared<C>>,
    file: FileRef,
}

/// A peer and which segments it says it has.
struct Source {
    peer: Peer,
    status: FileStatus,
}

impl Source {
    fn has(&self, index: u64) -> bool {
        let missing = &self.status.missing;
        let listed = missing
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&index));
        // Beyond a list that was cut nothing is known.
        let beyond = missing.len() >= 1000 && missing.last().is_some_and(|(_, last)| index > *last);
        !listed && !beyond
    }
}

impl<C: ChainView> Puller<C> {
    pub(crate) fn new(shared: Arc<Shared<C>>, file: FileRef) -> Self {
        Self { shared, file }
    }

    /// Fetches a number of missing segments from the peers that have them.
    pub(crate) async fn round(&self) -> Pulling {
        match self.try_round().await {
            Ok(pulling) => pulling,
            Err(error) => {
                tracing::warn!(file = %self.file.file, %error, "cannot fetch from peers");
                Pulling::Nothing
            }
        }
    }

    async fn try_round(&self) -> Result<Pulling, StoreError> {
        let (shared, file) = (&self.shared, &self.file);
        let segments = file.shape.segments();
        let missing = shared.store.missing(&file.file, segments, 1000)?;
        if missing.is_empty() {
            return Ok(Pulling::Complete);
        }
        if shared.directory.is_uploading(&file.file, UPLOAD_WINDOW) {
            return Ok(Pulling::Nothing);
        }
        shared.store.check_room()?;
        let sources = self.sources().await?;
        let wanted: Vec<u64> = missing
            .iter()
            .flat_map(|(first, last)| *first..=*last)
            .filter(|index| sources.iter().any(|source| source.has(*index)))
            .take(BATCH)
            .collect();
        if wanted.is_empty() {
            return Ok(Pulling::Nothing);
        }
        let sources = &sources;
        let fetched: Vec<Result<bool, StoreError>> = stream::iter(wanted)
            .map(|index| self.fetch(sources, index))
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        let mut some = false;
        for result in fetched {
            some |= result?;
        }
        Ok(if some {
            Pulling::Some
        } else {
            Pulling::Nothing
        })
    }

    /// Fetches one segment at once, whatever else is under way, if it is missing and a peer has it. Says whether it is here.
    pub(crate) async fn segment(&self, index: u64) -> Result<bool, StoreError> {
        if self.shared.store.has(&self.file.file, index)? {
            return Ok(true);
        }
        let sources = self.sources().await?;
        self.fetch(&sources, index).await
    }

    /// The peers that answer, have something and are not left at present.
    async fn sources(&self) -> Result<Vec<Source>, StoreError> {
        let peers = self.shared.directory.peers(&self.file.file)?;
        let asking = peers
            .into_iter()
            .filter(|peer| !self.shared.penalties.is_left(peer))
            .map(|peer| self.source(peer));
        Ok(stream::iter(asking)
            .buffer_unordered(PARALLEL)
            .filter_map(std::future::ready)
            .collect()
            .await)
    }

    async fn source(&self, provider: AccountId) -> Option<Source> {
        let endpoint = match self.endpoint(&provider).await {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return None,
            Err(error) => {
                tracing::debug!(%provider, %error, "cannot read where a peer answers");
                return None;
            }
        };
        let peer = Peer { provider, endpoint };
        match self
            .shared
            .client
            .file_status(&peer.endpoint, &self.file.file)
            .await
        {
            Ok(Some(status)) if status.have > 0 => Some(Source { peer, status }),
            Ok(_) => None,
            Err(error) => {
                tracing::debug!(%provider, %error, "a peer does not help");
                None
            }
        }
    }

    /// Where a peer answers, by the newest finalised state.
    async fn endpoint(
        &self,
        provider: &AccountId,
    ) -> Result<Option<String>, noema_chain_client::ChainError> {
        let head = *self.shared.chain.heads().borrow();
        let state = self.shared.chain.at(head.block()).await?;
        Ok(state
            .provider(provider)
            .await?
            .map(|record| record.endpoint))
    }

    /// Fetches one segment from the first peer that delivers it. Says whether it came; only errors of
    /// the own store are errors.
    async fn fetch(&self, sources: &[Source], index: u64) -> Result<bool, StoreError> {
        let shared = &self.shared;
        let turn = usize::try_from(index).unwrap_or(0);
        for at in 0..sources.len() {
            // Every segment begins with another peer, so that the load is shared.
            let source = &sources[(turn + at) % sources.len()];
            let provider = source.peer.provider;
            if !source.has(index) || shared.penalties.is_left(&provider) {
                continue;
            }
            let len = self.file.shape.segment_len(index).unwrap_or(0);
            shared.pull_rate.take(len as u64).await;
            match shared
                .client
                .segment(&source.peer.endpoint, &self.file, index)
                .await
            {
                Ok(segment) => {
                    let pulled = segment.data.len() as u64;
                    let segment = NewSegment {
                        file: self.file.file,
                        index,
                        root: segment.root,
                        siblings: segment.siblings,
                        data: segment.data,
                    };
                    shared.store.put(segment).await?;
                    // Not before: with a full disk nothing is pulled, however much is fetched.
                    shared.metrics.pulled_bytes.inc_by(pulled);
                    return Ok(true);
                }
                Err(ClientError::WrongSegment { fault, .. }) => {
                    let misbehaviour = Misbehaviour::new(&source.peer, index, fault);
                    let left_for = shared.penalties.punish(provider);
                    shared.metrics.bad_peer(&provider);
                    tracing::warn!(
                        file = %self.file.file,
                        %misbehaviour,
                        ?left_for,
                        "a peer lies and is left for a while"
                    );
                }
                Err(error) => tracing::debug!(%provider, %error, index, "a peer does not deliver"),
            }
        }
        Ok(false)
    }
}
