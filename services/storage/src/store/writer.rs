//! The thread that does all writing.

use std::{
    collections::{btree_map::Entry, BTreeMap, BTreeSet},
    fs::File,
    os::unix::fs::FileExt,
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    thread::JoinHandle,
};

use noema_chain_client::FileId;
use noema_commitment::SEGMENT_SIZE;
use tokio::sync::{mpsc, oneshot};

use super::{
    index::{Index, ScrubProgress, SlotNote},
    layout::{DataDirLock, Layout},
    reader::{self, Access},
    space,
    sync::{self, Unsynced},
    NewSegment, StoreError, StoreOptions,
};
use crate::{client::FileRef, unix_now};

/// Segments, or files made known, written with one transaction.
const MAX_GROUP: usize = 64;
/// Segment records removed in one transaction.
const DELETE_STEP: usize = 4096;
/// Files looked up together whose deletion was broken off.
const DELETE_FILES: usize = 256;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Something to write.
pub(super) enum Operation {
    AddFile {
        file: FileRef,
        answer: Answer<()>,
    },
    Put {
        segment: NewSegment,
        answer: Answer<()>,
    },
    Forget {
        file: FileRef,
        index: u64,
        answer: Answer<bool>,
    },
    Reconcile {
        file: FileRef,
        answer: Answer<bool>,
    },
    NoteScrub {
        progress: ScrubProgress,
        answer: Answer<()>,
    },
    NoteSlots {
        notes: Vec<SlotNote>,
        answer: Answer<()>,
    },
    MarkOrphan {
        file: FileId,
        at: u64,
        answer: Answer<()>,
    },
    DeleteOrphan {
        file: FileId,
        answer: Answer<bool>,
    },
    FinishDeletions {
        answer: Answer<u64>,
    },
}

/// Whether the last write worked.
#[derive(Debug)]
pub(super) struct WriterHealth(AtomicBool);

impl Default for WriterHealth {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl WriterHealth {
    pub(super) fn is_ok(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn note<T>(&self, result: &Result<T, StoreError>) {
        let ok = !matches!(result, Err(StoreError::Io { .. } | StoreError::Index(_)));
        self.0.store(ok, Ordering::Relaxed);
    }
}

/// Waits for the thread when it goes, so that the directory's lock is free afterwards.
#[derive(Debug)]
pub(super) struct WriterThread(Option<JoinHandle<()>>);

impl Drop for WriterThread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

/// Finishes interrupted deletions and starts the thread, which ends when `queue` closes.
pub(super) fn spawn(
    lock: DataDirLock,
    layout: Layout,
    index: Arc<Index>,
    options: StoreOptions,
    queue: mpsc::Receiver<Operation>,
    health: Arc<WriterHealth>,
) -> Result<WriterThread, StoreError> {
    let mut writer = Writer {
        layout,
        index,
        options,
        queue,
        health,
        grown: BTreeSet::new(),
    };
    writer.finish_deletions()?;
    let path = writer.layout.index();
    let thread = std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            writer.run();
            drop(writer);
            drop(lock);
        })
        .map_err(StoreError::io("start the writer of", &path))?;
    Ok(WriterThread(Some(thread)))
}

struct Writer {
    layout: Layout,
    index: Arc<Index>,
    options: StoreOptions,
    queue: mpsc::Receiver<Operation>,
    health: Arc<WriterHealth>,
    /// Directories in which files are new. They stay here until they are synced, whatever fails before.
    grown: BTreeSet<PathBuf>,
}

impl Writer {
    fn run(&mut self) {
        let mut carried = None;
        while let Some(first) = carried.take().or_else(|| self.queue.blocking_recv()) {
            // What waits is taken together, in order; anything of another kind ends the group.
            let (mut segments, mut files) = (Vec::new(), Vec::new());
            let mut next = Some(first);
            loop {
                match next {
                    Some(Operation::Put { segment, answer })
                        if files.is_empty() && segments.len() < MAX_GROUP =>
                    {
                        segments.push((segment, answer));
                    }
                    Some(Operation::AddFile { file, answer })
                        if segments.is_empty() && files.len() < MAX_GROUP =>
                    {
                        files.push((file, answer));
                    }
                    other => {
                        next = other;
                        break;
                    }
                }
                next = self.queue.try_recv().ok();
            }
            match (segments.is_empty(), files.is_empty()) {
                (false, _) => self.put_group(segments),
                (true, false) => self.add_group(files),
                (true, true) => {
                    next.into_iter()
                        .for_each(|operation| self.single(operation));
                    continue;
                }
            }
            carried = next;
        }
    }

    fn single(&mut self, operation: Operation) {
        // A caller that no longer waits is no error.
        match operation {
            Operation::AddFile { file, answer } => self.add_group(vec![(file, answer)]),
            Operation::Put { segment, answer } => self.put_group(vec![(segment, answer)]),
            Operation::Forget {
                file,
                index,
                answer,
            } => {
                let _ = answer.send(self.forget(&file, index));
            }
            Operation::Reconcile { file, answer } => {
                let _ = answer.send(self.index.reconcile(&file));
            }
            Operation::NoteScrub { progress, answer } => {
                let _ = answer.send(self.index.note_scrub(&progress));
            }
            Operation::NoteSlots { notes, answer } => {
                let _ = answer.send(self.index.note_slots(&notes));
            }
            Operation::MarkOrphan { file, at, answer } => {
                let _ = answer.send(self.index.mark_orphan(&file, at));
            }
            Operation::DeleteOrphan { file, answer } => {
                let _ = answer.send(self.delete_orphan(&file));
            }
            Operation::FinishDeletions { answer } => {
                let _ = answer.send(self.finish_deletions());
            }
        }
    }

    fn with_room<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let result =
            space::check_room(&self.layout, self.options.reserve).and_then(|()| work(self));
        self.health.note(&result);
        result
    }

    fn add_group(&mut self, group: Vec<(FileRef, Answer<()>)>) {
        let files: Vec<&FileRef> = group.iter().map(|(file, _)| file).collect();
        match self.with_room(|writer| writer.index.add_files(&files)) {
            Ok(added) => {
                for ((file, answer), added) in group.into_iter().zip(added) {
                    let _ = answer.send(match added {
                        true => Ok(()),
                        false => Err(StoreError::Deleting(file.file)),
                    });
                }
            }
            Err(error) => {
                for (_, answer) in group {
                    let _ = answer.send(Err(error.again()));
                }
            }
        }
    }

    fn put_group(&mut self, group: Vec<(NewSegment, Answer<()>)>) {
        let (segments, answers): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let result = self.with_room(|writer| writer.write_segments(&segments));
        match result {
            Ok(recorded) => {
                let outcomes = segments.iter().zip(recorded);
                for (answer, (segment, recorded)) in answers.into_iter().zip(outcomes) {
                    let outcome = if recorded {
                        Ok(())
                    } else {
                        Err(StoreError::UnknownFile(segment.file))
                    };
                    let _ = answer.send(outcome);
                }
            }
            Err(error) => {
                for answer in answers {
                    let _ = answer.send(Err(error.again()));
                }
            }
        }
    }

    /// Data first, synced, then the records, durable.
    fn write_segments(&mut self, segments: &[NewSegment]) -> Result<Vec<bool>, StoreError> {
        let mut open: BTreeMap<FileId, Option<File>> = BTreeMap::new();
        for segment in segments {
            let data = match open.entry(segment.file) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    let known = self.index.file(&segment.file)?.is_some();
                    let data = known.then(|| self.layout.create_data(&segment.file));
                    let data = data.transpose()?.map(|(data, dir)| {
                        self.grown.extend(dir);
                        data
                    });
                    new.insert(data)
                }
            };
            if let Some(data) = data {
                let offset = segment.index.saturating_mul(SEGMENT_SIZE as u64);
                data.write_all_at(&segment.data, offset)
                    .map_err(StoreError::io("write", &self.layout.data(&segment.file)))?;
            }
        }
        let data = open.iter().filter_map(|(file, data)| {
            let data = data.as_ref()?;
            Some(Unsynced::Data(self.layout.data(file), data))
        });
        // One that somebody removed must not stop all that follows.
        self.grown.retain(|dir| dir.is_dir());
        let grown = self.grown.iter().cloned().map(Unsynced::Dir);
        let unsynced: Vec<_> = data.chain(grown).collect();
        sync::all(&unsynced)?;
        self.grown.clear();
        let written: Vec<_> = segments
            .iter()
            .filter(|s| open.get(&s.file).is_some_and(Option::is_some))
            .collect();
        let mut recorded = self.index.record(&written)?.into_iter();
        Ok(segments
            .iter()
            .map(|segment| {
                let written = open.get(&segment.file).is_some_and(Option::is_some);
                written && recorded.next().unwrap_or(false)
            })
            .collect())
    }

    /// Forgets a segment if it is damaged; says whether it was. It is read once more: whoever found it so may have read it while it was
    /// being written or deleted, which happens in this thread only.
    fn forget(&self, file: &FileRef, index: u64) -> Result<bool, StoreError> {
        if self.index.file(&file.file)?.is_none() {
            return Ok(false);
        }
        match reader::read_segment(&self.layout, &self.index, file, index, Access::Disk) {
            Err(StoreError::Damaged { .. }) => {
                let len = file.shape.segment_len(index).unwrap_or(0);
                self.index
                    .forget(&file.file, index, len as u64, unix_now())?;
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Finishes deletions that an error interrupted. Says how many.
    fn finish_deletions(&self) -> Result<u64, StoreError> {
        let (mut finished, mut after) = (0, None);
        loop {
            let page = self.index.deleting_after(after.as_ref(), DELETE_FILES)?;
            let Some(last) = page.last() else {
                return Ok(finished);
            };
            after = Some(*last);
            for file in page {
                self.finish_delete(&file)?;
                finished += 1;
            }
        }
    }

    fn delete_orphan(&self, file: &FileId) -> Result<bool, StoreError> {
        if !self.index.begin_delete(file)? {
            return Ok(false);
        }
        self.finish_delete(file)?;
        Ok(true)
    }

    /// The part of a deletion that is repeated after a crash.
    fn finish_delete(&self, file: &FileId) -> Result<(), StoreError> {
        while self.index.delete_records(file, DELETE_STEP)? {}
        self.layout.remove_data(file)?;
        self.index.finish_delete(file)
    }
}
