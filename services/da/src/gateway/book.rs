//! All blobs of a gateway: notes in a journal, bytes in a spool.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Mutex, MutexGuard, PoisonError,
    },
};

use codec::{DecodeAll, Encode};
use noema_chain_client::AccountId;
use noema_da_primitives::{BundleError, BundleFront, Content, MemberEntry, Software};
use noema_journal::{Change, Journal, JournalError, Table};

use super::record::{Request, RequestId, Stage};
use crate::{
    chain::SubmissionId,
    coding::{BlobWriter, CodedBlob, EncodeError},
};

/// The notes, by request.
const REQUESTS: Table = "requests";
/// Notes that are read together.
const PAGE: usize = 256;
/// Bytes that are read at once from the spool.
const PIECE: usize = 256 << 10;

/// Why a gateway cannot keep or read what it was given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// The notes cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A note cannot be understood.
    #[error("the note of a blob is damaged: {0}")]
    Damaged(String),
    /// The spool cannot be used.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The bytes make no blob of the size that was announced.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The members make no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// There is no room for more.
    #[error("{found} bytes wait to become available: at most {most} at a time; try again later")]
    Full {
        /// Bytes with these.
        found: u64,
        /// What may wait.
        most: u64,
    },
    /// The program ends.
    #[error("the gateway is stopping")]
    Closing,
}

impl BookError {
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// All blobs of a gateway.
#[derive(Debug)]
pub(crate) struct Book {
    journal: Journal,
    spool: PathBuf,
    next: AtomicU64,
    most: u64,
    /// Bytes in the spool, and on their way there.
    spooled: Mutex<u64>,
}

/// Room in the spool for a blob that is on its way; given back unless it arrives.
pub(crate) struct Room<'a> {
    book: &'a Book,
    bytes: u64,
    pub(crate) path: PathBuf,
    pub(crate) id: RequestId,
    arrived: bool,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if !self.arrived {
            // It may not have been made.
            let _ = fs::remove_file(&self.path);
            self.book.give_back(self.bytes);
        }
    }
}

impl Book {
    /// Opens the book of an account on a chain, made if there is none. Bytes that no note knows are deleted: nobody was told that they were taken. Returns what
    /// is not done.
    pub(crate) fn open(
        dir: &Path,
        genesis: [u8; 32],
        account: AccountId,
        most: u64,
    ) -> Result<(Self, Vec<Request>), BookError> {
        let spool = dir.join("spool");
        fs::create_dir_all(&spool).map_err(BookError::io("create", &spool))?;
        let owner = (b"da-gateway/1", genesis, account).encode();
        let journal = Journal::open(&dir.join("gateway.redb"), &owner, &[REQUESTS])?;
        let (mut open, mut last, mut spooled) = (Vec::new(), 0, 0);
        let mut from = Vec::new();
        loop {
            let notes = journal.page(REQUESTS, &from, PAGE)?;
            for (_, value) in &notes {
                let request = decode(value)?;
                last = request.id.number();
                if !request.done {
                    if request.members.is_empty() {
                        spooled += u64::from(request.size);
                    }
                    open.push(request);
                }
            }
            match notes.last() {
                Some((key, _)) if notes.len() == PAGE => from = [&key[..], &[0]].concat(),
                _ => break,
            }
        }
        let book = Self {
            journal,
            spool,
            next: AtomicU64::new(last + 1),
            most,
            spooled: Mutex::new(spooled),
        };
        book.delete_unknown(&open)?;
        Ok((book, open))
    }

    fn delete_unknown(&self, open: &[Request]) -> Result<(), BookError> {
        let known: HashSet<PathBuf> = open.iter().map(|request| self.path(&request.id)).collect();
        let entries = fs::read_dir(&self.spool).map_err(BookError::io("read", &self.spool))?;
        for entry in entries {
            let path = entry.map_err(BookError::io("read", &self.spool))?.path();
            if !known.contains(&path) {
                fs::remove_file(&path).map_err(BookError::io("delete", &path))?;
            }
        }
        Ok(())
    }

    /// All submissions that belong to a request, done with or not.
    pub(crate) fn claimed(&self) -> Result<HashSet<SubmissionId>, BookError> {
        let (mut claimed, mut from) = (HashSet::new(), Vec::new());
        loop {
            let notes = self.journal.page(REQUESTS, &from, PAGE)?;
            for (_, value) in &notes {
                match decode(value)?.stage {
                    Stage::Submitted { submission, .. } | Stage::Available { submission, .. } => {
                        claimed.insert(submission);
                    }
                    _ => {}
                }
            }
            match notes.last() {
                Some((key, _)) if notes.len() == PAGE => from = [&key[..], &[0]].concat(),
                _ => return Ok(claimed),
            }
        }
    }

    fn spooled(&self) -> MutexGuard<'_, u64> {
        self.spooled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, bytes: u64) {
        let mut spooled = self.spooled();
        *spooled = spooled.saturating_sub(bytes);
    }

    /// Bytes in the spool.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        *self.spooled()
    }

    /// Whether notes can be written.
    pub(crate) fn works(&self) -> Result<(), BookError> {
        Ok(self.journal.works()?)
    }

    /// Where the bytes of a blob are.
    pub(crate) fn path(&self, id: &RequestId) -> PathBuf {
        self.spool.join(format!("{id}.blob"))
    }

    /// A name for one that has no bytes of its own: a bundle.
    pub(crate) fn name(&self) -> RequestId {
        RequestId::new(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Keeps room for so many bytes.
    pub(crate) fn reserve(&self, bytes: u32) -> Result<Room<'_>, BookError> {
        let bytes = u64::from(bytes);
        let mut spooled = self.spooled();
        let found = spooled.saturating_add(bytes);
        if found > self.most {
            let most = self.most;
            return Err(BookError::Full { found, most });
        }
        *spooled = found;
        drop(spooled);
        let id = self.name();
        Ok(Room {
            book: self,
            bytes,
            path: self.path(&id),
            id,
            arrived: false,
        })
    }

    /// Takes a blob whose bytes are durable in the spool. It is kept through restarts from now on.
    pub(crate) async fn take(
        &self,
        mut room: Room<'_>,
        request: &Request,
    ) -> Result<(), BookError> {
        let dir = self.spool.clone();
        let syncing = tokio::task::spawn_blocking(move || {
            let synced = fs::File::open(&dir).and_then(|dir| dir.sync_all());
            synced.map_err(BookError::io("sync", &dir))
        });
        syncing.await.map_err(|_| BookError::Closing)??;
        self.write(&[request]).await?;
        room.arrived = true;
        Ok(())
    }

    /// Notes these, all or none; durable when this returns.
    pub(crate) async fn write(&self, requests: &[&Request]) -> Result<(), BookError> {
        let changes = requests.iter().map(|request| Change {
            table: REQUESTS,
            key: request.id.0.to_vec(),
            value: Some(request.encode()),
        });
        self.journal.write(changes.collect()).await?;
        tracing::trace!(target: "noema_da::durable", step = "requests noted");
        Ok(())
    }

    /// A blob by its name.
    pub(crate) fn get(&self, id: &RequestId) -> Result<Option<Request>, BookError> {
        let found = self.journal.get(REQUESTS, &id.0)?;
        found.map(|value| decode(&value)).transpose()
    }

    /// Notes that everything is done with these, and deletes their bytes.
    pub(crate) async fn close(&self, requests: &mut [Request]) -> Result<(), BookError> {
        for request in requests.iter_mut() {
            request.done = true;
        }
        self.write(&requests.iter().collect::<Vec<_>>()).await?;
        for request in requests.iter().filter(|request| request.members.is_empty()) {
            let path = self.path(&request.id);
            if let Err(error) = tokio::fs::remove_file(&path).await {
                tracing::warn!(%error, path = %path.display(), "a file stays until the next start");
            }
            self.give_back(request.size.into());
        }
        Ok(())
    }

    /// The members of a bundle, in their order.
    pub(crate) fn members(&self, bundle: &Request) -> Result<Vec<Request>, BookError> {
        let of = |id| {
            let missing = || BookError::Damaged(format!("member {id} is missing"));
            self.get(id)?.ok_or_else(missing)
        };
        bundle.members.iter().map(of).collect()
    }

    /// What stands before the members of a bundle, and shows them.
    pub(crate) fn front(&self, bundle: &Request) -> Result<BundleFront, BookError> {
        let entries = self.members(bundle)?.into_iter().map(|member| {
            let damaged = || BookError::Damaged(format!("{} is no member", member.id));
            match member.stage {
                Stage::Bundled { member: id, .. } => Ok(MemberEntry {
                    size: member.size,
                    id,
                }),
                _ => Err(damaged()),
            }
        });
        let entries: Vec<MemberEntry> = entries.collect::<Result<_, _>>()?;
        Ok(BundleFront::new::<Software>(&entries)?)
    }

    /// Codes a blob from the spool: a bundle from its members, one after the other. Its bytes are in memory once, where they are coded. Blocks.
    pub(crate) fn code(&self, request: &Request) -> Result<CodedBlob, BookError> {
        let mut writer = match request.content {
            Content::Plain => BlobWriter::new(Content::Plain, request.size.into())?,
            Content::Bundle(_) => BlobWriter::bundle(&self.front(request)?)?,
        };
        let parts = match request.members.is_empty() {
            true => std::slice::from_ref(&request.id),
            false => &request.members[..],
        };
        let mut piece = vec![0; PIECE];
        for part in parts {
            let path = self.path(part);
            let mut file = fs::File::open(&path).map_err(BookError::io("open", &path))?;
            loop {
                match file
                    .read(&mut piece)
                    .map_err(BookError::io("read", &path))?
                {
                    0 => break,
                    length => writer.write(&piece[..length])?,
                }
            }
        }
        Ok(writer.finish()?)
    }
}

fn decode(value: &[u8]) -> Result<Request, BookError> {
    Request::decode_all(&mut &value[..]).map_err(|error| BookError::Damaged(error.to_string()))
}
