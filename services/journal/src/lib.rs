#![doc = include_str!("../README.md")]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    thread::{self, JoinHandle},
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::{mpsc, oneshot};

/// Changes that one transaction takes together.
const TOGETHER: usize = 1024;
/// Memory for pages of the database, in bytes.
const CACHE: usize = 16 << 20;
/// The table and key that say whose database it is.
const META: &str = "meta";
const OWNER: &[u8] = b"owner";

/// A part of the database. Its keys are in the order of their bytes.
pub type Table = &'static str;

/// A note: its key and its value.
pub type Note = (Vec<u8>, Vec<u8>);

/// A note that is written, or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// In which table.
    pub table: Table,
    /// Of which note.
    pub key: Vec<u8>,
    /// What it says from now on; nothing, if it goes.
    pub value: Option<Vec<u8>>,
}

/// The notes cannot be read or written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be used.
    #[error("cannot open {path}: {reason}; is another process using it, or is the disk full?")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// It belongs to another chain or account.
    #[error("{path} belongs to another chain, account or part of this program: take another data directory")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A note could not be read.
    #[error("cannot read the notes: {0}")]
    Read(String),
    /// A change is perhaps not durable.
    #[error("cannot write the notes: {0}; restart when the cause is mended")]
    Write(String),
}

#[derive(Debug)]
struct Job {
    changes: Vec<Change>,
    done: oneshot::Sender<Result<(), JournalError>>,
}

/// The notes of one program. Cloning is cheap; the file is free again when the last clone is gone.
#[derive(Clone, Debug)]
pub struct Journal {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Arc<Database>,
    /// None while it ends.
    jobs: Option<mpsc::UnboundedSender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// Why nothing can be written any more.
    broken: Arc<OnceLock<JournalError>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.jobs = None;
        // What was submitted is written; a writer that panicked has said so.
        let _ = self.writer.take().map(JoinHandle::join);
    }
}

fn table(name: Table) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(name)
}

impl Journal {
    /// Opens the file, making it if it is not there, for `owner`: what distinguishes whoever may use it.
    ///
    /// # Errors
    /// When it cannot be used, or belongs to somebody else.
    pub fn open(path: &Path, owner: &[u8], tables: &[Table]) -> Result<Self, JournalError> {
        let failed = |reason: String| JournalError::Open {
            path: path.to_owned(),
            reason,
        };
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(|e| failed(e.to_string()))?;
        }
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE);
        let database = builder.create(path).map_err(|e| failed(e.to_string()))?;
        let found = prepare(&database, owner, tables).map_err(|e| failed(e.to_string()))?;
        if found != owner {
            let path = path.to_owned();
            return Err(JournalError::Foreign { path });
        }
        let database = Arc::new(database);
        let (jobs, waiting) = mpsc::unbounded_channel();
        let broken = Arc::new(OnceLock::new());
        let (writing, breaking) = (database.clone(), broken.clone());
        let writer = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(&writing, waiting, &breaking))
            .map_err(|e| failed(e.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                database,
                jobs: Some(jobs),
                writer: Some(writer),
                broken,
            }),
        })
    }

    /// Every note of a table.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn read(&self, name: Table) -> Result<Vec<Note>, JournalError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.inner.database.begin_read()?;
            let table = transaction.open_table(table(name))?;
            let mut notes = Vec::new();
            for entry in table.range::<&[u8]>(..)? {
                let (key, value) = entry?;
                notes.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(notes)
        };
        read().map_err(|e| JournalError::Read(e.to_string()))
    }

    /// The last notes of a table whose keys are before one, the last first; at most so many.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_before(
        &self,
        name: Table,
        before: &[u8],
        most: usize,
    ) -> Result<Vec<Note>, JournalError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.inner.database.begin_read()?;
            let table = transaction.open_table(table(name))?;
            let mut notes = Vec::new();
            for entry in table.range::<&[u8]>(..before)?.rev().take(most) {
                let (key, value) = entry?;
                notes.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(notes)
        };
        read().map_err(|e| JournalError::Read(e.to_string()))
    }

    /// One note.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(&self, name: Table, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.inner.database.begin_read()?;
            let table = transaction.open_table(table(name))?;
            let found = table.get(key)?;
            Ok(found.map(|value| value.value().to_vec()))
        };
        read().map_err(|e| JournalError::Read(e.to_string()))
    }

    /// The notes of a table from a key on, that one included, at most so many: to look through more than fits the memory.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn page(&self, name: Table, from: &[u8], limit: usize) -> Result<Vec<Note>, JournalError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.inner.database.begin_read()?;
            let table = transaction.open_table(table(name))?;
            let mut notes = Vec::new();
            for entry in table.range(from..)?.take(limit) {
                let (key, value) = entry?;
                notes.push((key.value().to_vec(), value.value().to_vec()));
            }
            Ok(notes)
        };
        read().map_err(|e| JournalError::Read(e.to_string()))
    }

    /// The last key of a table.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_key(&self, name: Table) -> Result<Option<Vec<u8>>, JournalError> {
        let read = || -> Result<_, redb::Error> {
            let transaction = self.inner.database.begin_read()?;
            let table = transaction.open_table(table(name))?;
            let last = table.last()?;
            Ok(last.map(|(key, _)| key.value().to_vec()))
        };
        read().map_err(|e| JournalError::Read(e.to_string()))
    }

    /// Whether every change so far could be written. After one that could not, the database takes no more until it is opened again.
    ///
    /// # Errors
    /// What the first one failed of.
    pub fn works(&self) -> Result<(), JournalError> {
        self.inner.broken.get().map_or(Ok(()), |e| Err(e.clone()))
    }

    /// Makes changes, all or none. They are durable when this returns; on an error they may be or not.
    ///
    /// # Errors
    /// When they could not be written, or some before could not.
    pub async fn write(&self, changes: Vec<Change>) -> Result<(), JournalError> {
        self.submit(changes).durable().await
    }

    /// Has changes made, in the order in which this is called: under the lock under which they were decided. As many wait as there are requests under way.
    pub fn submit(&self, changes: Vec<Change>) -> Written {
        let (done, written) = oneshot::channel();
        // Without a writer nobody answers, which is the answer.
        let job = Job { changes, done };
        let _ = self.inner.jobs.as_ref().map(|jobs| jobs.send(job));
        Written(written)
    }
}

/// Changes that were submitted.
#[must_use = "changes count when they are durable"]
pub struct Written(oneshot::Receiver<Result<(), JournalError>>);

impl Written {
    /// Returns when they are durable; on an error they may be or not.
    ///
    /// # Errors
    /// When they could not be written.
    pub async fn durable(self) -> Result<(), JournalError> {
        let gone = |_| JournalError::Write("the writer has stopped".to_owned());
        self.0.await.map_err(gone)?
    }
}

fn prepare(database: &Database, owner: &[u8], tables: &[Table]) -> Result<Vec<u8>, redb::Error> {
    let transaction = database.begin_write()?;
    let found = {
        for name in tables {
            transaction.open_table(table(name))?;
        }
        let mut meta = transaction.open_table(table(META))?;
        let found = meta.get(OWNER)?.map(|found| found.value().to_vec());
        match found {
            Some(found) => found,
            None => {
                meta.insert(OWNER, owner)?;
                owner.to_vec()
            }
        }
    };
    transaction.commit()?;
    Ok(found)
}

fn write_all(
    database: &Database,
    mut waiting: mpsc::UnboundedReceiver<Job>,
    broken: &OnceLock<JournalError>,
) {
    while let Some(first) = waiting.blocking_recv() {
        let mut jobs = vec![first];
        while jobs.len() < TOGETHER {
            let Ok(next) = waiting.try_recv() else { break };
            jobs.push(next);
        }
        let written = write_some(database, &jobs).map_err(|error| {
            tracing::error!(%error, "the notes cannot be written");
            JournalError::Write(error.to_string())
        });
        if let Err(error) = &written {
            broken.get_or_init(|| error.clone());
        }
        for job in jobs {
            // Whoever does not wait any more needs no answer.
            let _ = job.done.send(written.clone());
        }
    }
}

fn write_some(database: &Database, jobs: &[Job]) -> Result<(), redb::Error> {
    // Durable when it returns: that is how transactions begin.
    let transaction = database.begin_write()?;
    for change in jobs.iter().flat_map(|job| &job.changes) {
        let mut table = transaction.open_table(table(change.table))?;
        match &change.value {
            Some(value) => table.insert(&change.key[..], &value[..])?,
            None => table.remove(&change.key[..])?,
        };
    }
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Table = "t";

    fn change(key: &[u8], value: Option<&[u8]>) -> Change {
        Change {
            table: T,
            key: key.to_vec(),
            value: value.map(<[u8]>::to_vec),
        }
    }

    #[tokio::test]
    async fn what_was_written_is_there_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("below/journal");
        let journal = Journal::open(&path, b"me", &[T]).unwrap();
        let many = (0..200u8).map(|n| {
            let journal = journal.clone();
            async move { journal.write(vec![change(&[n], Some(&[n, 1]))]).await }
        });
        for written in futures::future::join_all(many).await {
            written.unwrap();
        }
        journal.write(vec![change(&[7], None)]).await.unwrap();
        drop(journal);
        let journal = Journal::open(&path, b"me", &[T]).unwrap();
        let notes = journal.read(T).unwrap();
        assert_eq!(notes.len(), 199);
        assert_eq!(notes[0], (vec![0], vec![0, 1]));
        assert_eq!(journal.get(T, &[8]).unwrap(), Some(vec![8, 1]));
        assert_eq!(journal.get(T, &[7]).unwrap(), None);
        let keys = |from: &[u8]| -> Vec<Vec<u8>> {
            let page = journal.page(T, from, 2).unwrap();
            page.into_iter().map(|(key, _)| key).collect()
        };
        assert_eq!(keys(&[]), [[0], [1]]);
        assert_eq!(keys(&[6]), [[6], [8]]);
        assert_eq!(keys(&[199]), [[199]]);
        assert!(keys(&[200]).is_empty());
    }

    #[tokio::test]
    async fn a_journal_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journal = Journal::open(&path, b"me", &[T]).unwrap();
        let again = Journal::open(&path, b"me", &[T]);
        assert!(matches!(again, Err(JournalError::Open { .. })), "in use");
        drop(journal);
        let found = Journal::open(&path, b"you", &[T]);
        assert!(matches!(found, Err(JournalError::Foreign { .. })));
    }
}
