//! Storage providers, honest and not.

use std::{
    io::Cursor,
    num::NonZeroUsize,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        Arc,
    },
};

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
    Router,
};
use bytes::Bytes;
use noema_commitment::{commit_reader, Commitment, Software, SEGMENT_SIZE};
use noema_compute_engine::{form::Piece, job::FileId};
use noema_storage::{client::FileRef, frame};
use tokio::net::TcpListener;

use crate::chain::TestChain;

/// A file, and who has it.
#[derive(Clone)]
pub(super) struct Stored(Arc<Inner>);

struct Inner {
    bytes: Bytes,
    commitment: Commitment,
    asked: AtomicUsize,
    lies: AtomicBool,
}

impl Stored {
    pub(super) fn new(bytes: Bytes) -> Self {
        let threads = NonZeroUsize::MIN;
        let commitment = commit_reader::<Software>(Cursor::new(bytes.clone()), threads, |_| {});
        Self(Arc::new(Inner {
            bytes,
            commitment: commitment.unwrap(),
            asked: AtomicUsize::default(),
            lies: AtomicBool::default(),
        }))
    }

    pub(super) fn piece(&self) -> Piece {
        let file = FileRef::from(&self.0.commitment);
        Piece::File {
            id: FileId(file.file.0),
            size: file.size(),
        }
    }

    /// Segments that were asked for.
    pub(super) fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// Begins, or ceases, to give something else.
    pub(super) fn lie(&self, lies: bool) {
        self.0.lies.store(lies, Ordering::SeqCst);
    }

    /// Serves it, and has the chain say so.
    pub(super) async fn serve(&self, chain: &TestChain) {
        let router = Router::new()
            .route("/v1/files/{file}/segments/{index}", get(segment))
            .with_state(self.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let commitment = &self.0.commitment;
        let entry = (commitment.root, commitment.size, vec![endpoint]);
        chain.change(|state| state.files.push(entry));
    }
}

async fn segment(State(stored): State<Stored>, Path((_, index)): Path<(String, u64)>) -> Response {
    let Inner {
        bytes,
        commitment,
        asked,
        lies,
    } = &*stored.0;
    asked.fetch_add(1, Ordering::SeqCst);
    let start = index as usize * SEGMENT_SIZE;
    let mut data = bytes[start..bytes.len().min(start + SEGMENT_SIZE)].to_vec();
    data.resize(commitment.shape().segment_len(index).unwrap(), 0);
    if lies.load(Ordering::SeqCst) {
        data[0] ^= 1;
    }
    let siblings = commitment.segment_siblings(index).unwrap();
    frame::encode(&siblings, &data).into_response()
}
