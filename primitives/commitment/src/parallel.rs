//! Committing to what a reader gives, on several threads.
//!
//! Segments do not depend on each other. Every thread takes the next one from the reader when it is its
//! turn, and hashes it while others read theirs; there is no queue, so that memory is bounded by one
//! segment per thread.

use std::{
    io::{ErrorKind, Read},
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Scope},
};

use crate::{
    segment::perfect_root, Builder, Commitment, Hasher, ShapeError, MAX_SIZE, SECTOR_SIZE,
    SEGMENT_SIZE,
};

/// Threads beyond which reading, which is done by one at a time, is what takes long.
const MOST_THREADS: usize = 8;

/// Why there is no commitment to what a reader gives.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The reader failed.
    #[error("reading failed: {0}")]
    Read(#[source] std::io::Error),
    /// It gave no bytes or too many.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// As many threads as hashing gains from on this machine: its processors, at most 8.
pub fn usual_threads() -> NonZeroUsize {
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    processors.min(NonZeroUsize::new(MOST_THREADS).unwrap_or(NonZeroUsize::MIN))
}

/// Computes the commitment of all that `source` gives up to its end, on at most `threads` threads, the
/// calling one among them. The result is the same as [`Builder`]'s, whatever their number.
///
/// Takes 256 KiB of memory per thread and what the [`Commitment`] takes. A thread is only started when
/// there is a segment for it. `progress` is called with the number of bytes read so far.
pub fn commit_reader<H: Hasher>(
    source: impl Read + Send,
    threads: NonZeroUsize,
    progress: impl FnMut(u64) + Send,
) -> Result<Commitment, CommitError> {
    let shared = Mutex::new(Input {
        source,
        progress,
        size: 0,
        roots: Vec::new(),
        end: None,
        helpers: threads.get().saturating_sub(1),
    });
    thread::scope(|scope| hash_segments::<H, _, _>(scope, &shared));
    let input = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut builder = Builder::<H>::after_segments(input.roots);
    match input.end {
        Some(Ok(tail)) => builder.push(&tail)?,
        Some(Err(error)) => return Err(error),
        // Every thread ends at the end.
        None => {}
    }
    Ok(builder.finish()?)
}

/// What the threads share.
struct Input<R, P> {
    source: R,
    progress: P,
    /// Bytes read.
    size: u64,
    /// Roots of the full segments that were read; zeros for those that are being hashed.
    roots: Vec<[u8; 32]>,
    /// What came after the last full segment, or why no more is read.
    end: Option<Result<Vec<u8>, CommitError>>,
    /// Threads that may still be started.
    helpers: usize,
}

/// Takes one segment after another and hashes it, until the end.
fn hash_segments<'scope, H, R, P>(
    scope: &'scope Scope<'scope, '_>,
    shared: &'scope Mutex<Input<R, P>>,
) where
    H: Hasher,
    R: Read + Send,
    P: FnMut(u64) + Send,
{
    let mut segment = vec![0u8; SEGMENT_SIZE];
    let mut hashed: Option<(usize, [u8; 32])> = None;
    loop {
        let mut input = lock(shared);
        if let Some((index, root)) = hashed.take() {
            if let Some(known) = input.roots.get_mut(index) {
                *known = root;
            }
        }
        let Some(index) = input.next(&mut segment) else {
            return;
        };
        let help = input.helpers > 0;
        input.helpers = input.helpers.saturating_sub(1);
        drop(input);
        if help {
            // Without one more the others take longer.
            let _ = thread::Builder::new()
                .name("commitment".to_owned())
                .spawn_scoped(scope, || hash_segments::<H, R, P>(scope, shared));
        }
        let (sectors, _) = segment.as_chunks::<SECTOR_SIZE>();
        hashed = perfect_root::<H>(sectors).map(|root| (index, root));
    }
}

/// A thread that panics takes the others with it at the end of the scope.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<R: Read, P: FnMut(u64)> Input<R, P> {
    /// Reads the next segment and says which one it is. `None` when there is no full one any more;
    /// `end` then says why.
    fn next(&mut self, segment: &mut [u8]) -> Option<usize> {
        if self.end.is_some() {
            return None;
        }
        match self.fill(segment) {
            Ok(read) if read == segment.len() => {
                let index = self.roots.len();
                self.roots.push([0; 32]);
                Some(index)
            }
            Ok(read) => {
                let tail = segment.get(..read).unwrap_or_default();
                self.end = Some(Ok(tail.to_vec()));
                None
            }
            Err(error) => {
                self.end = Some(Err(error));
                None
            }
        }
    }

    /// Reads until the segment is full or the source ends. Returns how many bytes there are.
    fn fill(&mut self, segment: &mut [u8]) -> Result<usize, CommitError> {
        let mut filled = 0usize;
        while let Some(free) = segment.get_mut(filled..).filter(|free| !free.is_empty()) {
            let read = match self.source.read(free) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(CommitError::Read(error)),
            };
            filled = filled.saturating_add(read);
            self.size = u64::try_from(read).map_or(u64::MAX, |read| self.size.saturating_add(read));
            if self.size > MAX_SIZE {
                let (found, max) = (self.size, MAX_SIZE);
                return Err(ShapeError::TooLarge { found, max }.into());
            }
        }
        if filled > 0 {
            (self.progress)(self.size);
        }
        Ok(filled)
    }
}
