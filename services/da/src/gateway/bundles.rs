//! Putting small blobs together: a bundle is closed when it is large enough, or its oldest member has waited long enough.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use noema_da_primitives::{
    BundleFront, Content, MemberEntry, MemberId, Namespace, Software, ENTRY_BYTES, MAX_MEMBERS,
};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    book::{Book, BookError},
    record::{Request, RequestId, Stage},
    App,
};
use crate::chain::DaCalls;

/// When bundles are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleConfig {
    /// Bytes of a blob that goes into a bundle, at most; larger ones go by themselves.
    pub largest_member: u32,
    /// Bytes with which a bundle is closed.
    pub size: u32,
    /// How long the oldest member waits.
    pub wait: Duration,
}

impl Default for BundleConfig {
    fn default() -> Self {
        Self {
            largest_member: 64 << 10,
            size: 1 << 20,
            wait: Duration::from_secs(2),
        }
    }
}

#[derive(Debug)]
struct Pile {
    since: Instant,
    bytes: u64,
    members: Vec<RequestId>,
}

/// Members that wait, by where and for how long they are listed.
#[derive(Debug)]
pub(crate) struct Bundles {
    config: BundleConfig,
    piles: Mutex<HashMap<(Namespace, u8), Pile>>,
    changed: Notify,
}

impl Bundles {
    pub(crate) fn new(config: BundleConfig) -> Self {
        Self {
            config,
            piles: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn piles(&self) -> MutexGuard<'_, HashMap<(Namespace, u8), Pile>> {
        self.piles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a blob of this size may be a member.
    pub(crate) fn takes(&self, size: u32) -> bool {
        size <= self.config.largest_member
    }

    /// Puts a blob, which is noted, to the others.
    pub(crate) fn put(&self, request: &Request) {
        let mut piles = self.piles();
        let pile = piles
            .entry((request.namespace, request.days))
            .or_insert_with(|| Pile {
                since: Instant::now(),
                bytes: 0,
                members: Vec::new(),
            });
        pile.bytes += u64::from(request.size) + u64::from(ENTRY_BYTES);
        pile.members.push(request.id);
        drop(piles);
        self.changed.notify_one();
    }

    /// Takes what is to be closed; else says when something will be.
    #[allow(
        clippy::type_complexity,
        reason = "what is due, or when something will be"
    )]
    fn take(&self) -> Result<((Namespace, u8), Vec<RequestId>), Option<Instant>> {
        let mut piles = self.piles();
        let now = Instant::now();
        let is_due = |pile: &Pile| {
            pile.bytes >= self.config.size.into()
                || pile.members.len() >= MAX_MEMBERS as usize
                || now >= pile.since + self.config.wait
        };
        let due = piles.iter().find(|(_, pile)| is_due(pile));
        match due.map(|(key, _)| *key) {
            Some(key) => {
                let members = piles.remove(&key).map(|pile| pile.members);
                Ok((key, members.unwrap_or_default()))
            }
            None => Err(piles
                .values()
                .map(|pile| pile.since + self.config.wait)
                .min()),
        }
    }
}

/// Closes bundles until `stop`.
pub(crate) async fn run<C: DaCalls>(app: App<C>, stop: CancellationToken) {
    loop {
        let (key, members) = match app.bundles.take() {
            Ok(due) => due,
            Err(next) => {
                let due = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                let waiting = async {
                    tokio::select! {
                        () = due => {}
                        () = app.bundles.changed.notified() => {}
                    }
                };
                if stop.run_until_cancelled(waiting).await.is_none() {
                    return;
                }
                continue;
            }
        };
        match close(&app.book, key, members).await {
            Ok(bundle) => app.start(bundle, false),
            // They are noted, and go on after a restart.
            Err(error) => {
                tracing::error!(%error, "a bundle cannot be closed; its members wait for a restart");
            }
        }
    }
}

/// Makes a bundle of these, all or none of it durable.
async fn close(
    book: &Arc<Book>,
    (namespace, days): (Namespace, u8),
    members: Vec<RequestId>,
) -> Result<Request, BookError> {
    let id = book.name();
    let reading = {
        let book = book.clone();
        tokio::task::spawn_blocking(move || read(&book, id, members))
    };
    let (mut members, front) = reading.await.map_err(|_| BookError::Closing)??;
    let bundle = Request {
        id,
        size: front.size(),
        content: Content::Bundle(*front.header()),
        namespace,
        days,
        bundle: false,
        members: members.iter().map(|member| member.id).collect(),
        stage: Stage::Received,
        done: false,
        faults: Vec::new(),
    };
    members.push(bundle.clone());
    book.write(&members.iter().collect::<Vec<_>>()).await?;
    Ok(bundle)
}

fn read(
    book: &Book,
    bundle: RequestId,
    members: Vec<RequestId>,
) -> Result<(Vec<Request>, BundleFront), BookError> {
    let (mut requests, mut entries) = (Vec::new(), Vec::new());
    for (index, id) in members.into_iter().enumerate() {
        let missing = || BookError::Damaged(format!("blob {id} is missing"));
        let mut request = book.get(&id)?.ok_or_else(missing)?;
        let path = book.path(&id);
        let bytes = std::fs::read(&path).map_err(BookError::io("read", &path))?;
        let member = MemberId::of::<Software>(&bytes);
        entries.push(MemberEntry {
            size: request.size,
            id: member,
        });
        request.stage = Stage::Bundled {
            bundle,
            // A bundle has at most 65,536 members.
            index: index as u32,
            member,
        };
        requests.push(request);
    }
    Ok((requests, BundleFront::new::<Software>(&entries)?))
}
