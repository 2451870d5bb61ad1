//! Modules and inputs: bytes, or files of the storage layer.

use std::io::Cursor;

use async_trait::async_trait;
use bytes::Bytes;
use noema_commitment::{commit_reader, file_id, Software};

use super::shares::Held;

/// A file id: a hash over root and size (`primitives/commitment`).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileId(pub [u8; 32]);

impl std::fmt::Display for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for FileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileId({self})")
    }
}

/// Where a module or an input comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// Here it is.
    Bytes(Bytes),
    /// From the storage layer.
    File(FileId),
}

/// Gets files. Nothing that it says is believed: root and id are computed again of what it gives. It must bound the time that it takes: an
/// order that waits for a file holds a place.
#[async_trait]
pub trait Files: Send + Sync + 'static {
    /// The content of a file, or an error if it is larger than `most` bytes.
    async fn get(&self, id: FileId, most: u64) -> Result<Bytes, FilesError>;
}

/// Where there is no storage: knows no file.
#[async_trait]
impl Files for () {
    async fn get(&self, id: FileId, _: u64) -> Result<Bytes, FilesError> {
        Err(FilesError::Unknown(id))
    }
}

/// Why a file is not there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FilesError {
    /// Nobody has it.
    #[error("file {0} is not known here: is it stored, and active?")]
    Unknown(FileId),
    /// It is larger than may be.
    #[error("file {id} has more than the {most} bytes that may come of it")]
    TooLarge {
        /// Which file.
        id: FileId,
        /// Bytes that are allowed.
        most: u64,
    },
    /// Something else was given for it.
    #[error("what was given for file {id} is file {found}")]
    Other {
        /// Which file was asked for.
        id: FileId,
        /// The id of what was given.
        found: FileId,
    },
    /// It could not be got.
    #[error("file {id} could not be fetched: {why}")]
    Failed {
        /// Which file.
        id: FileId,
        /// Why not.
        why: String,
    },
}

impl Source {
    /// The bytes, at most `most`. Those of a file are verified against its id; this goes on when nobody waits any more, and then holds `held`.
    pub(super) async fn get(
        &self,
        files: &dyn Files,
        most: u64,
        held: Option<&Held>,
    ) -> Result<Bytes, FilesError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.clone()),
            Self::File(id) => {
                let bytes = files.get(*id, most).await?;
                if u64::try_from(bytes.len()).map_or(true, |len| len > most) {
                    return Err(FilesError::TooLarge { id: *id, most });
                }
                verified(*id, bytes, held.cloned()).await
            }
        }
    }
}

async fn verified(id: FileId, bytes: Bytes, held: Option<Held>) -> Result<Bytes, FilesError> {
    let failed = |why: String| FilesError::Failed { id, why };
    let hashing = tokio::task::spawn_blocking(move || {
        let threads = std::num::NonZeroUsize::MIN;
        let commitment = commit_reader::<Software>(Cursor::new(bytes.clone()), threads, |_| {});
        drop(held);
        commitment.map(|commitment| {
            (
                FileId(file_id::<Software>(&commitment.root, commitment.size)),
                bytes,
            )
        })
    });
    let result = hashing.await.map_err(|error| failed(error.to_string()))?;
    let (found, bytes) = result.map_err(|error| failed(error.to_string()))?;
    match found == id {
        true => Ok(bytes),
        false => Err(FilesError::Other { id, found }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    struct Same(&'static [u8]);

    #[async_trait]
    impl Files for Same {
        async fn get(&self, _: FileId, _: u64) -> Result<Bytes, FilesError> {
            Ok(Bytes::from_static(self.0))
        }
    }

    fn id_of(bytes: &[u8]) -> FileId {
        let commitment =
            commit_reader::<Software>(bytes, std::num::NonZeroUsize::MIN, |_| {}).unwrap();
        FileId(file_id::<Software>(&commitment.root, commitment.size))
    }

    #[tokio::test]
    async fn get_the_file_itself_is_accepted() {
        let id = id_of(b"hello");
        assert_eq!(
            Source::File(id).get(&Same(b"hello"), 5, None).await,
            Ok(Bytes::from_static(b"hello"))
        );
    }

    #[tokio::test]
    async fn get_another_file_is_refused() {
        let id = id_of(b"hello");
        let found = id_of(b"hellp");
        assert_eq!(
            Source::File(id).get(&Same(b"hellp"), 5, None).await,
            Err(FilesError::Other { id, found })
        );
        // The same root, another size: padding is zeros.
        let found = id_of(b"hello\0");
        assert_eq!(
            Source::File(id).get(&Same(b"hello\0"), 9, None).await,
            Err(FilesError::Other { id, found })
        );
    }

    #[tokio::test]
    async fn get_too_much_is_refused() {
        let id = id_of(b"hello");
        assert_eq!(
            Source::File(id).get(&Same(b"hello"), 4, None).await,
            Err(FilesError::TooLarge { id, most: 4 })
        );
        assert_eq!(
            Source::File(id).get(&(), 4, None).await,
            Err(FilesError::Unknown(id))
        );
    }

    #[tokio::test]
    async fn get_hashing_holds_its_place_after_its_caller_is_gone() {
        let long = Box::leak(vec![1; 16 << 20].into_boxed_slice());
        let places = Arc::new(Semaphore::new(1));
        let place = Arc::clone(&places).try_acquire_owned().map(Arc::new);
        let place = place.unwrap();
        let source = Source::File(FileId([0; 32]));
        let files = Same(long);
        {
            let getting = source.get(&files, 1 << 30, Some(&place));
            assert!(futures::poll!(std::pin::pin!(getting)).is_pending());
        }
        drop(place);
        assert_eq!(places.available_permits(), 0);
        // Until it is done.
        drop(places.acquire().await.unwrap());
    }
}
