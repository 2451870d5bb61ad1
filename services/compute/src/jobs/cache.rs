//! Stored files on the gateway's disk, so that a module or an input that is used often is fetched once. Bounded; what was not used longest goes first.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc, Mutex, MutexGuard, PoisonError,
    },
};

use noema_compute_engine::job::FileId;

/// What the name of a file ends in that is still written.
const PARTIAL: &str = ".part";

/// The files that are kept.
#[derive(Debug)]
pub(crate) struct FileCache {
    dir: PathBuf,
    most: u64,
    state: Mutex<State>,
    /// For names of files that are written.
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<FileId, Kept>,
    /// Bytes of files that are kept, and of those that are being fetched.
    bytes: u64,
    /// Counts uses.
    clock: u64,
    /// Files that are being fetched: whoever wants the same one waits for it.
    fetching: HashMap<FileId, Arc<tokio::sync::Mutex<()>>>,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    size: u64,
    used: u64,
}

/// A file that is to be written, with its bytes set aside. They are free again when this is dropped and the file was not kept.
#[derive(Debug)]
pub(crate) struct Reserved<'a> {
    cache: &'a FileCache,
    id: FileId,
    size: u64,
    path: PathBuf,
    kept: bool,
}

impl FileCache {
    /// The files in `dir`, at most so many bytes of them. What an earlier run left half written is removed; what it kept is used again.
    pub(crate) fn open(dir: PathBuf, most: u64) -> io::Result<Self> {
        fs::create_dir_all(&dir)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            let about = entry.metadata()?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|_| about.is_file()) else {
                continue;
            };
            match id_of(name) {
                Some(id) => found.push((about.modified()?, id, about.len())),
                None if name.ends_with(PARTIAL) => fs::remove_file(entry.path())?,
                // Somebody else's.
                None => {}
            }
        }
        found.sort_unstable_by_key(|(modified, ..)| *modified);
        let mut state = State::default();
        for (_, id, size) in found {
            state.clock += 1;
            state.bytes = state.bytes.saturating_add(size);
            let used = state.clock;
            state.kept.insert(id, Kept { size, used });
        }
        let cache = Self {
            dir,
            most,
            state: Mutex::new(state),
            next: AtomicU64::default(),
        };
        let mut state = cache.state();
        cache.make_room(&mut state, 0);
        drop(state);
        Ok(cache)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, id: &FileId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// A file that is kept, opened: it can be read though it is removed meanwhile.
    pub(crate) fn get(&self, id: &FileId) -> Option<fs::File> {
        let mut state = self.state();
        state.clock += 1;
        let now = state.clock;
        state.kept.get_mut(id)?.used = now;
        match fs::File::open(self.path(id)) {
            Ok(file) => Some(file),
            Err(_) => {
                // Somebody removed it.
                self.forget(&mut state, id);
                None
            }
        }
    }

    /// Forgets a file, since it turned out to be another.
    pub(crate) fn remove(&self, id: &FileId) {
        let mut state = self.state();
        self.forget(&mut state, id);
    }

    fn forget(&self, state: &mut State, id: &FileId) {
        if let Some(kept) = state.kept.remove(id) {
            state.bytes = state.bytes.saturating_sub(kept.size);
            remove(&self.path(id));
        }
    }

    /// The turn to fetch a file: one at a time has it.
    pub(crate) fn turn(&self, id: &FileId) -> Arc<tokio::sync::Mutex<()>> {
        let mut state = self.state();
        // Nobody holds those any more.
        state.fetching.retain(|_, turn| Arc::strong_count(turn) > 1);
        state.fetching.entry(*id).or_default().clone()
    }

    /// Sets bytes aside for a file. None when it is larger than all that may be kept, or everything is taken by files that are being fetched.
    pub(crate) fn reserve(&self, id: &FileId, size: u64) -> Option<Reserved<'_>> {
        let mut state = self.state();
        self.make_room(&mut state, size);
        if state.bytes.saturating_add(size) > self.most {
            return None;
        }
        state.bytes += size;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.dir.join(format!("{id}.{number}{PARTIAL}"));
        Some(Reserved {
            cache: self,
            id: *id,
            size,
            path,
            kept: false,
        })
    }

    fn make_room(&self, state: &mut State, size: u64) {
        while state.bytes.saturating_add(size) > self.most {
            let oldest = state.kept.iter().min_by_key(|(_, kept)| kept.used);
            let Some(id) = oldest.map(|(id, _)| *id) else {
                return;
            };
            self.forget(state, &id);
        }
    }
}

impl Reserved<'_> {
    /// Where it is written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps the file that was written.
    pub(crate) fn keep(mut self) -> io::Result<()> {
        let cache = self.cache;
        let mut state = cache.state();
        fs::rename(&self.path, cache.path(&self.id))?;
        // Whoever had the turn before kept none.
        state.clock += 1;
        let used = state.clock;
        let size = self.size;
        if let Some(before) = state.kept.insert(self.id, Kept { size, used }) {
            state.bytes = state.bytes.saturating_sub(before.size);
        }
        self.kept = true;
        Ok(())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        remove(&self.path);
        let mut state = self.cache.state();
        state.bytes = state.bytes.saturating_sub(self.size);
    }
}

fn remove(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, path = %path.display(), "a cached file cannot be removed");
        }
        _ => {}
    }
}

fn id_of(name: &str) -> Option<FileId> {
    let mut id = [0; 32];
    hex::decode_to_slice(name, &mut id).ok()?;
    Some(FileId(id))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn id(n: u8) -> FileId {
        FileId([n; 32])
    }

    fn put(cache: &FileCache, n: u8, bytes: &[u8]) {
        let reserved = cache.reserve(&id(n), bytes.len() as u64).unwrap();
        fs::write(reserved.path(), bytes).unwrap();
        reserved.keep().unwrap();
    }

    fn read(cache: &FileCache, n: u8) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        cache.get(&id(n))?.read_to_end(&mut bytes).unwrap();
        Some(bytes)
    }

    #[test]
    fn what_was_not_used_longest_goes_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FileCache::open(dir.path().join("files"), 10).unwrap();
        put(&cache, 1, b"aaaa");
        put(&cache, 2, b"bbbb");
        assert_eq!(read(&cache, 1).as_deref(), Some(&b"aaaa"[..]));
        put(&cache, 3, b"cccc");
        assert_eq!(read(&cache, 2), None);
        assert_eq!(read(&cache, 1).as_deref(), Some(&b"aaaa"[..]));
        assert!(cache.reserve(&id(4), 11).is_none());
        // What is being fetched is set aside, and given back when nothing comes of it.
        let all = cache.reserve(&id(4), 10).unwrap();
        assert!(cache.reserve(&id(5), 1).is_none());
        drop(all);
        assert!(cache.reserve(&id(5), 10).is_some());
    }

    #[test]
    fn a_restart_keeps_what_is_whole_and_removes_what_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FileCache::open(dir.path().to_owned(), 100).unwrap();
        put(&cache, 1, b"aaaa");
        fs::write(dir.path().join(format!("{}.7{PARTIAL}", id(2))), b"half").unwrap();
        fs::write(dir.path().join("README"), b"mine").unwrap();
        let cache = FileCache::open(dir.path().to_owned(), 100).unwrap();
        assert_eq!(read(&cache, 1).as_deref(), Some(&b"aaaa"[..]));
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(
            left, 2,
            "the file that is kept, and the one of somebody else"
        );
        // With less room than before.
        let cache = FileCache::open(dir.path().to_owned(), 3).unwrap();
        assert_eq!(read(&cache, 1), None);
    }

    #[test]
    fn a_file_that_is_removed_is_gone_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let cache = FileCache::open(dir.path().to_owned(), 100).unwrap();
        put(&cache, 1, b"aaaa");
        cache.remove(&id(1));
        assert_eq!(read(&cache, 1), None);
        put(&cache, 1, b"bbbb");
        fs::remove_file(dir.path().join(id(1).to_string())).unwrap();
        assert_eq!(read(&cache, 1), None);
        assert!(cache.reserve(&id(2), 100).is_some());
    }
}
