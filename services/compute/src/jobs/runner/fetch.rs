//! Files that the gateway is asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use noema_compute_engine::job::{FileId, Files, FilesError};
use tokio::sync::{mpsc, oneshot, OwnedSemaphorePermit, Semaphore};

use crate::jobs::message::{FetchNumber, FileFault, FromRunner, JobNumber};

/// Bytes that are counted as one.
const UNIT: u64 = 1 << 16;

/// What was asked for and did not come yet.
pub(super) struct Fetches {
    says: mpsc::Sender<FromRunner>,
    /// Memory for files, in units.
    room: Arc<Semaphore>,
    all: u64,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next: FetchNumber,
    files: HashMap<FetchNumber, Coming>,
}

struct Coming {
    bytes: Vec<u8>,
    /// Bytes that were set aside for it.
    size: usize,
    done: oneshot::Sender<Result<Vec<u8>, FileFault>>,
}

/// The bytes of a file with their part of the memory, which is free again when nobody reads them any more.
struct Owned {
    bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Fetches {
    /// Of at most `all` bytes at the same time.
    pub(super) fn new(says: mpsc::Sender<FromRunner>, all: u64) -> Arc<Self> {
        let units = usize::try_from(all / UNIT).unwrap_or(usize::MAX);
        Arc::new(Self {
            says,
            room: Arc::new(Semaphore::new(units.clamp(1, Semaphore::MAX_PERMITS))),
            all,
            waiting: Mutex::default(),
        })
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next bytes of a file. Those that nobody waits for any more are dropped.
    pub(super) fn part(&self, fetch: FetchNumber, bytes: &[u8]) {
        let mut waiting = self.waiting();
        let Some(coming) = waiting.files.get_mut(&fetch) else {
            return;
        };
        if coming.bytes.len() + bytes.len() > coming.size {
            if let Some(coming) = waiting.files.remove(&fetch) {
                let fault = FileFault::Failed("more came of it than it has".to_owned());
                // Nobody waits.
                let _ = coming.done.send(Err(fault));
            }
            return;
        }
        coming.bytes.extend_from_slice(bytes);
    }

    /// A file is here, or does not come.
    pub(super) fn end(&self, fetch: FetchNumber, result: Result<(), FileFault>) {
        if let Some(coming) = self.waiting().files.remove(&fetch) {
            // Nobody waits.
            let _ = coming.done.send(result.map(|()| coming.bytes));
        }
    }

    async fn fetch(&self, job: JobNumber, id: FileId, size: u64) -> Result<Bytes, FileFault> {
        let failed = |why: &str| FileFault::Failed(why.to_owned());
        if size > self.all {
            return Err(failed("it is larger than the memory for inputs here"));
        }
        let units = u32::try_from(size.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).acquire_many_owned(units).await;
        let room = room.map_err(|_| failed("the runner ends"))?;
        let size = usize::try_from(size).map_err(|_| failed("it is too large"))?;
        let mut bytes = Vec::new();
        bytes
            .try_reserve_exact(size)
            .map_err(|_| failed("there is no memory for it now"))?;
        let (done, coming) = oneshot::channel();
        let fetch = {
            let mut waiting = self.waiting();
            let fetch = waiting.next;
            waiting.next += 1;
            waiting.files.insert(fetch, Coming { bytes, size, done });
            fetch
        };
        let _forget = Forget { of: self, fetch };
        let ask = FromRunner::Fetch {
            job,
            fetch,
            id: id.0,
        };
        let sent = self.says.send(ask).await;
        sent.map_err(|_| failed("the gateway does not listen"))?;
        let bytes = coming.await.map_err(|_| failed("the runner ends"))??;
        Ok(Bytes::from_owner(Owned { bytes, _room: room }))
    }
}

/// Forgets what nobody waits for any more.
struct Forget<'a> {
    of: &'a Fetches,
    fetch: FetchNumber,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.of.waiting().files.remove(&self.fetch);
    }
}

/// The files of one job, with their sizes as they were ordered.
pub(super) struct JobFiles {
    pub(super) fetches: Arc<Fetches>,
    pub(super) job: JobNumber,
    pub(super) sizes: Vec<(FileId, u64)>,
    /// Why one did not come.
    pub(super) fault: OnceLock<FileFault>,
}

#[async_trait]
impl Files for JobFiles {
    async fn get(&self, id: FileId, most: u64) -> Result<Bytes, FilesError> {
        let size = self.sizes.iter().find(|(known, _)| *known == id);
        let size = size.map(|(_, size)| *size).ok_or(FilesError::Unknown(id))?;
        if size > most {
            return Err(FilesError::TooLarge { id, most });
        }
        let fetched = self.fetches.fetch(self.job, id, size).await;
        fetched.map_err(|fault| {
            let why = format!("{fault:?}");
            self.fault.get_or_init(|| fault);
            FilesError::Failed { id, why }
        })
    }
}
