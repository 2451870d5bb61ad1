//! What a start finds.

use std::{
    fs,
    path::Path,
    sync::{atomic::AtomicU64, Arc, Mutex},
};

use codec::Encode;
use noema_chain_client::AccountId;
use noema_journal::Journal;

use super::{
    books::{Books, Waiting},
    bytes_of, create_dir, incoming_dir, record_of, shard_path, shards_dir, sync_dir, Budget, Inner,
    Keep, Store, StoreError, BLOBS, SHARDS,
};
use crate::chain::SubmissionId;

/// Records that are looked at together.
const PAGE: usize = 256;

/// What a start found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Shards that are held.
    pub shards: u64,
    /// Files that no record knows, deleted: nothing was signed for them.
    pub orphans: u64,
    /// Submissions that were signed for and whose file is missing or not whole: the first of them.
    pub damaged: Vec<SubmissionId>,
    /// How many there are of these.
    pub damaged_count: u64,
}

/// Damaged submissions that are named.
const NAMED: usize = 100;

impl Store {
    /// Opens the shards of a provider on a chain in `dir`, made if it is not there. Looks at each record and each file once; what it keeps in memory is what waits
    /// for attestation.
    ///
    /// # Errors
    /// When the directory cannot be used, or belongs to somebody else.
    pub fn open(
        dir: &Path,
        genesis: [u8; 32],
        provider: AccountId,
        budget: Budget,
    ) -> Result<(Self, Opened), StoreError> {
        for dir in [dir, &incoming_dir(dir), &shards_dir(dir)] {
            create_dir(dir)?;
        }
        sync_dir(dir)?;
        let records = dir.join("seat.redb");
        // Without them every file would be taken for one that nobody signed for.
        if !records.exists() && entries(&shards_dir(dir))?.next().is_some() {
            return Err(StoreError::NoRecords { path: records });
        }
        let owner = (b"seat/1", genesis, provider).encode();
        let journal = Journal::open(&records, &owner, &[SHARDS, BLOBS])?;
        let (mut books, mut opened) = (Books::default(), Opened::default());
        look_at_records(dir, &journal, &mut books, &mut opened)?;
        delete_orphans(dir, &journal, &mut opened)?;
        let store = Self {
            inner: Arc::new(Inner {
                dir: dir.to_owned(),
                journal,
                budget,
                books: Mutex::new(books),
                committing: tokio::sync::Mutex::default(),
                next_part: AtomicU64::new(0),
            }),
        };
        Ok((store, opened))
    }
}

fn look_at_records(
    dir: &Path,
    journal: &Journal,
    books: &mut Books,
    opened: &mut Opened,
) -> Result<(), StoreError> {
    let mut from = 0u64;
    loop {
        let notes = journal.page(SHARDS, &from.to_be_bytes(), PAGE)?;
        for note in &notes {
            let record = record_of(note)?;
            let (submission, expected) = (record.submission(), bytes_of(&record)?);
            books.hold(expected);
            if record.keep == Keep::Waiting {
                let waiting = Waiting {
                    payer: record.payer,
                    blob: record.attestation.size.into(),
                    shard: expected,
                    held: true,
                };
                books.wait(submission, waiting);
            }
            opened.shards += 1;
            let path = shard_path(dir, submission);
            let found = fs::metadata(&path).map_or(0, |file| file.len());
            if found != expected {
                let path = path.display();
                tracing::error!(submission, %path, expected, found, "rows that were signed for are damaged on the disk");
                opened.damaged_count += 1;
                if opened.damaged.len() < NAMED {
                    opened.damaged.push(submission);
                }
            }
        }
        let last = notes.last().and_then(|(key, _)| key[..].try_into().ok());
        match last.map(u64::from_be_bytes).and_then(|n| n.checked_add(1)) {
            Some(next) if notes.len() == PAGE => from = next,
            _ => return Ok(()),
        }
    }
}

fn delete_orphans(dir: &Path, journal: &Journal, opened: &mut Opened) -> Result<(), StoreError> {
    let incoming = incoming_dir(dir);
    for part in entries(&incoming)? {
        delete(&part?.path(), opened)?;
    }
    for below in entries(&shards_dir(dir))? {
        let below = below?.path();
        if !below.is_dir() {
            continue;
        }
        for file in entries(&below)? {
            let path = file?.path();
            let name = path.file_stem().and_then(|name| name.to_str());
            let number = name.and_then(|name| u64::from_str_radix(name, 16).ok());
            // What is called otherwise was not put there by this program.
            let Some(number) = number.filter(|n| shard_path(dir, *n) == path) else {
                let path = path.display();
                tracing::warn!(%path, "a file that does not belong here is left alone");
                continue;
            };
            if journal.get(SHARDS, &number.to_be_bytes())?.is_none() {
                delete(&path, opened)?;
            }
        }
    }
    Ok(())
}

fn entries(
    dir: &Path,
) -> Result<impl Iterator<Item = Result<fs::DirEntry, StoreError>> + '_, StoreError> {
    let read = fs::read_dir(dir).map_err(StoreError::io("read", dir))?;
    Ok(read.map(move |entry| entry.map_err(StoreError::io("read", dir))))
}

fn delete(path: &Path, opened: &mut Opened) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(StoreError::io("delete", path))?;
    opened.orphans += 1;
    Ok(())
}
