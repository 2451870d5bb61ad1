//! For fuzz targets only (`cfg(fuzzing)`): the daemon's HTTP side over connections in memory.

use std::{path::Path, sync::Arc, time::Duration, time::Instant};

use axum::Router;
use bytes::Bytes;
use noema_chain_client::{AccountId, Hash, Head, SigningKey, SlotState};
use noema_commitment::{Builder, Commitment, SEGMENT_SIZE};
use noema_transport::{ConnectionLimits, Gate, Rate, Turns};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
    time::timeout,
};

use crate::{
    client::{FileRef, Limits},
    deny::DenyList,
    directory::{Directory, Tracked},
    frame::{self, MAX_FRAME_LEN},
    metrics::Metrics,
    server::{self, App},
    store::{NewSegment, Store, StoreIdentity, StoreOptions},
    unix_now, Reserve, UploadToken,
};

pub use crate::client::fuzzing as client;
pub use crate::store::fuzzing as store;

const GENESIS: Hash = Hash([7; 32]);
const PROVIDER: AccountId = AccountId([9; 32]);
/// A connection whose client has sent everything ends within this time, or hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file with its commitment.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What is committed to.
    pub commitment: Commitment,
    /// The file.
    pub file: FileRef,
}

impl Sample {
    /// A file of `len` bytes, at least one.
    pub fn new(len: usize) -> Self {
        let bytes: Vec<u8> = (0..len.max(1)).map(|i| (i % 251) as u8).collect();
        let mut builder = Builder::new();
        builder.push(&bytes).expect("shorter than any limit; qed");
        let commitment = builder.finish().expect("not empty; qed");
        let file = FileRef::from(&commitment);
        Self {
            bytes,
            commitment,
            file,
        }
    }

    /// A segment as it is transferred.
    pub fn segment(&self, index: u64) -> NewSegment {
        let start = index as usize * SEGMENT_SIZE;
        let end = self.bytes.len().min(start + SEGMENT_SIZE);
        let mut data = self.bytes[start..end].to_vec();
        data.resize(
            self.file
                .shape
                .segment_len(index)
                .expect("within the file; qed"),
            0,
        );
        NewSegment {
            file: self.file.file,
            index,
            root: self.commitment.segment_roots[index as usize],
            siblings: self
                .commitment
                .segment_siblings(index)
                .expect("within the file; qed"),
            data: Bytes::from(data),
        }
    }

    /// The frame of a segment.
    pub fn frame(&self, index: u64) -> Bytes {
        let segment = self.segment(index);
        frame::encode(&segment.siblings, &segment.data)
    }
}

/// The daemon's HTTP side with a store of its own.
#[derive(Debug)]
pub struct HttpDaemon {
    router: Router,
    /// A file that is held in whole.
    pub complete: Sample,
    /// A file of two segments, of which none is held in the beginning.
    pub partial: Sample,
    /// The store.
    pub store: Store,
    owner: SigningKey,
    _heads: watch::Sender<Head>,
}

impl HttpDaemon {
    /// Opens a store in `dir` and fills it.
    pub async fn open(dir: &Path) -> Self {
        let owner = SigningKey::dev("Alice").expect("a well-known key; qed");
        let (complete, partial) = (Sample::new(700), Sample::new(SEGMENT_SIZE + 300));
        let identity = StoreIdentity {
            genesis: GENESIS,
            provider: PROVIDER,
        };
        let options = StoreOptions {
            index_cache: 1 << 20,
            reserve: Reserve::Bytes(1),
        };
        let store = Store::open(dir, identity, options).expect("the directory is empty");
        store.add_file(&complete.file).await.expect("it is new");
        store
            .put(complete.segment(0))
            .await
            .expect("the file is known");
        let directory = Arc::new(Directory::new(PROVIDER, store.clone()));
        let tracked = [&complete, &partial].map(|sample| Tracked {
            file: sample.file,
            owner: owner.account(),
            slot: 0,
            state: assigned(),
            token: 1,
            below_replicas: true,
            peers: Vec::new(),
        });
        directory.replace(&tracked).await;
        let head = Head {
            number: 5,
            hash: Hash([5; 32]),
            seen_at: Instant::now(),
        };
        let (heads, receiver) = watch::channel(head);
        let router = server::router(App {
            store: store.clone(),
            directory,
            heads: receiver,
            metrics: Metrics::new().expect("the names are fixed; qed"),
            genesis: GENESIS,
            provider: PROVIDER,
            operator: PROVIDER,
            limits: Limits {
                max_uploads: 4,
                max_downloads: 4,
                max_body: MAX_FRAME_LEN,
            },
            uploads: Arc::new(Turns::new(4, server::TURN)),
            downloads: Arc::new(Turns::new(4, server::TURN)),
            upload_rate: Rate::default(),
            download_rate: Rate::default(),
            scrubs: true,
            gate: Gate::new(ConnectionLimits {
                total: 1,
                per_peer: 1,
            }),
            denied: DenyList::default(),
        });
        Self {
            router,
            complete,
            partial,
            store,
            owner,
            _heads: heads,
        }
    }

    /// A valid token of the owner's for the partial file.
    pub fn token(&self) -> UploadToken {
        let expires = unix_now() + 600;
        UploadToken::sign(
            &self.owner,
            &GENESIS,
            &self.partial.file.file,
            &PROVIDER,
            expires,
        )
    }

    /// What a client gets that sends `bytes` over a new connection and nothing more.
    pub async fn answer(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let connection = noema_transport::fuzzing::answer(server, self.router.clone());
        let mut answer = Vec::new();
        let talk = async {
            let (mut read, mut write) = tokio::io::split(&mut client);
            let send = async {
                // The daemon may hang up on what it does not like.
                let _ = write.write_all(bytes).await;
                let _ = write.shutdown().await;
            };
            tokio::join!(send, read.read_to_end(&mut answer)).1
        };
        let ended = timeout(PATIENCE, async { tokio::join!(connection, talk) }).await;
        assert!(ended.is_ok(), "the connection hangs");
        answer
    }
}

fn assigned() -> SlotState {
    SlotState::Assigned {
        provider: PROVIDER,
        ready_by: 100,
    }
}
