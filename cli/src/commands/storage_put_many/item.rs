//! The files by content: each is committed to and uploaded once, under however many names it is there.

use std::{collections::HashMap, num::NonZeroUsize, path::PathBuf, sync::Arc};

use futures::{stream, StreamExt};
use noema_chain_client::{AccountId, BlockNumber, Deal, FileId, SlotState};
use noema_commitment::Commitment;
use noema_storage::client::{FileRef, Peer};

use super::providers::Attempts;
use crate::{failure::Failure, output::Output, progress::Shown, source::Source};

/// What is known of a file before anything is done with it.
#[derive(Debug)]
pub(super) struct Known {
    /// The first of its names, from which it is read.
    pub(super) source: Source,
    pub(super) commitment: Commitment,
    pub(super) file: FileRef,
}

/// How far a file is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It is to be committed to.
    Queued,
    /// It is in a transaction that is not final.
    Committing,
    /// It has a deal.
    Placing,
    /// It is as far as asked for.
    Stored,
    /// It is given up in this run.
    Failed(Failure),
}

/// A file on its way.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) known: Arc<Known>,
    /// Other names of the same content.
    pub(super) also: Vec<PathBuf>,
    pub(super) stage: Stage,
    /// The block in which this run committed to it.
    pub(super) committed_in: Option<BlockNumber>,
    /// Its deal as it was seen last.
    pub(super) deal: Option<Deal>,
    /// Whether it is being uploaded.
    pub(super) uploading: bool,
    /// Who took it from us.
    pub(super) uploaded: Option<Peer>,
    pub(super) attempts: Attempts,
}

impl Item {
    fn new(known: Known) -> Self {
        Self {
            known: Arc::new(known),
            also: Vec::new(),
            stage: Stage::Queued,
            committed_in: None,
            deal: None,
            uploading: false,
            uploaded: None,
            attempts: Attempts::default(),
        }
    }

    pub(super) fn file(&self) -> &FileRef {
        &self.known.file
    }

    /// Its key among the deals of `owner`.
    pub(super) fn key(&self, owner: AccountId) -> (FileId, AccountId) {
        (self.file().file, owner)
    }

    /// Slots that wait for their draw, as far as is known of them.
    pub(super) fn drawing(&self, replicas: u8) -> usize {
        match &self.deal {
            None => usize::from(replicas),
            Some(deal) => {
                let drawing = |state: &SlotState| matches!(state, SlotState::Drawing { .. });
                let slots = deal.slots.iter();
                slots.filter(|slot| drawing(&slot.state)).count()
            }
        }
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.stage = Stage::Failed(failure);
    }
}

/// A file whose root could not be computed.
#[derive(Debug)]
pub(super) struct Unread {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) failure: Failure,
}

/// Computes the roots of all files, as many at the same time as there are processors: each takes a few hundred KiB. Those with
/// the same content become one.
pub(super) async fn read_all(output: &Output, sources: Vec<Source>) -> (Vec<Item>, Vec<Unread>) {
    let total = sources.iter().map(Source::size).sum();
    let bar = Shown::files(output, "hashing", total);
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let count = sources.len();
    let mut reading = stream::iter(sources)
        .map(|source| {
            let part = bar.part();
            async move {
                let commitment = source.commit_with(part.on_progress()).await;
                (source, commitment)
            }
        })
        .buffered(processors);
    let mut all = Merged::default();
    let mut done = 0_usize;
    while let Some((source, commitment)) = reading.next().await {
        done = done.saturating_add(1);
        bar.say(format!("{done} of {count} files"));
        all.add(source, commitment);
    }
    drop(reading);
    (all.items, all.unread)
}

#[derive(Default)]
struct Merged {
    items: Vec<Item>,
    by_file: HashMap<FileId, usize>,
    unread: Vec<Unread>,
}

impl Merged {
    fn add(&mut self, source: Source, commitment: Result<Commitment, Failure>) {
        let commitment = match commitment {
            Ok(commitment) => commitment,
            Err(failure) => {
                let (path, size) = (source.path().to_owned(), source.size());
                return self.unread.push(Unread {
                    path,
                    size,
                    failure,
                });
            }
        };
        let file = FileRef::from(&commitment);
        let first = self.by_file.get(&file.file);
        match first.and_then(|index| self.items.get_mut(*index)) {
            Some(item) => item.also.push(source.path().to_owned()),
            None => {
                self.by_file.insert(file.file, self.items.len());
                self.items.push(Item::new(Known {
                    source,
                    commitment,
                    file,
                }));
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// A file with this content.
    pub(crate) fn item(dir: &Path, name: &str, content: &str) -> Item {
        let path = dir.join(name);
        fs::write(&path, content).unwrap();
        let mut builder = noema_commitment::Builder::new();
        builder.push(content.as_bytes()).unwrap();
        let commitment = builder.finish().unwrap();
        Item::new(Known {
            source: Source::open(&path).unwrap(),
            file: FileRef::from(&commitment),
            commitment,
        })
    }

    #[tokio::test]
    async fn the_same_content_is_one_file_and_what_changes_meanwhile_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, content: &str| {
            let path = dir.path().join(name);
            fs::write(&path, content).unwrap();
            Source::open(&path).unwrap()
        };
        let sources = vec![
            make("a", "one"),
            make("b", "two"),
            make("c", "one"),
            make("gone", "three"),
            make("d", "one"),
        ];
        fs::remove_file(dir.path().join("gone")).unwrap();
        let (items, unread) = read_all(&Output::new(true), sources).await;
        let names: Vec<_> = items
            .iter()
            .map(|item| (item.known.source.path().to_owned(), item.also.len()))
            .collect();
        let at = |name: &str| dir.path().join(name);
        assert_eq!(names, [(at("a"), 2), (at("b"), 0)]);
        assert_eq!(items[0].also, [at("c"), at("d")]);
        assert_eq!(unread.len(), 1);
        assert_eq!(unread[0].path, at("gone"));
        assert_eq!(unread[0].size, 5);
    }
}
