//! Where a download goes: a file that appears when it is complete, or something that takes bytes as
//! they come.

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
};

use tempfile::NamedTempFile;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::failure::Failure;

/// The output of a download.
#[derive(Debug)]
pub(crate) struct Sink {
    writer: Writer,
    kind: Kind,
}

#[derive(Debug)]
enum Writer {
    Stdout(tokio::io::Stdout),
    File(tokio::fs::File),
}

#[derive(Debug)]
enum Kind {
    /// Standard output, a device or a pipe: bytes go out as they come.
    Stream,
    /// Goes away with this value unless it takes its name.
    Temporary {
        file: NamedTempFile,
        path: PathBuf,
        force: bool,
    },
}

impl Sink {
    /// For `-`, standard output. A regular file is written beside its place first; one that exists is
    /// only replaced by `force`. What exists and is no regular file is written to as it is.
    pub(crate) fn open(path: &Path, force: bool) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Ok(Self {
                writer: Writer::Stdout(tokio::io::stdout()),
                kind: Kind::Stream,
            });
        }
        match std::fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                return Err(Failure::new(
                    "file",
                    format!("{} is a directory; name the file to write", path.display()),
                ));
            }
            Ok(there) if !there.is_file() => {
                let file = File::options().write(true).open(path);
                let file = file.map_err(|e| Failure::io("write to", path, &e))?;
                return Ok(Self {
                    writer: Writer::of(file),
                    kind: Kind::Stream,
                });
            }
            Ok(_) if !force => return Err(exists(path)),
            _ => {}
        }
        let file = tempfile::Builder::new()
            .prefix(".noema-get-")
            // As any new file: what the umask allows.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory(path))
            .map_err(|e| Failure::io("write to the directory of", path, &e))?;
        let writer = file.reopen().map_err(|e| Failure::io("write", path, &e))?;
        let kind = Kind::Temporary {
            file,
            path: path.to_owned(),
            force,
        };
        Ok(Self {
            writer: Writer::of(writer),
            kind,
        })
    }

    /// Whether data goes to standard output, where nothing else may go then.
    pub(crate) fn is_stdout(&self) -> bool {
        matches!(self.writer, Writer::Stdout(_))
    }

    /// Makes what was written durable and gives it its name.
    pub(crate) async fn finish(mut self) -> Result<(), Failure> {
        let failed = |path: &Path, e: io::Error| Failure::io("write", path, &e);
        let shown = match &self.kind {
            Kind::Stream => PathBuf::from("the output"),
            Kind::Temporary { path, .. } => path.clone(),
        };
        self.writer.flush().await.map_err(|e| failed(&shown, e))?;
        let Kind::Temporary { file, path, force } = self.kind else {
            return Ok(());
        };
        let name = move || -> Result<(), (io::Error, bool)> {
            file.as_file().sync_all().map_err(|e| (e, false))?;
            let named = if force {
                file.persist(&path).map(drop)
            } else {
                file.persist_noclobber(&path).map(drop)
            };
            named.map_err(|e| {
                let exists = e.error.kind() == io::ErrorKind::AlreadyExists;
                (e.error, exists)
            })?;
            File::open(directory(&path))
                .and_then(|directory| directory.sync_all())
                .map_err(|e| (e, false))
        };
        match tokio::task::spawn_blocking(name).await {
            Ok(Ok(())) => Ok(()),
            // Somebody made it meanwhile.
            Ok(Err((_, true))) => Err(exists(&shown)),
            Ok(Err((e, false))) => Err(failed(&shown, e)),
            Err(e) => Err(Failure::new(
                "file",
                format!("cannot write {}: {e}", shown.display()),
            )),
        }
    }
}

fn exists(path: &Path) -> Failure {
    Failure::new(
        "exists",
        format!("{} exists already; --force replaces it", path.display()),
    )
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

impl Writer {
    fn of(file: File) -> Self {
        Self::File(tokio::fs::File::from_std(file))
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Stdout(out) => Pin::new(out).poll_write(cx, bytes),
            Self::File(file) => Pin::new(file).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Stdout(out) => Pin::new(out).poll_flush(cx),
            Self::File(file) => Pin::new(file).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Stdout(out) => Pin::new(out).poll_shutdown(cx),
            Self::File(file) => Pin::new(file).poll_shutdown(cx),
        }
    }
}

impl AsyncWrite for Sink {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().writer).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writer).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().writer).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn write(path: &Path, force: bool, bytes: &[u8]) -> Result<(), Failure> {
        let mut sink = Sink::open(path, force)?;
        sink.write_all(bytes).await.unwrap();
        sink.finish().await
    }

    fn entries(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[tokio::test]
    async fn the_file_appears_when_it_is_complete() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let mut sink = Sink::open(&path, false).unwrap();
        sink.write_all(b"data").await.unwrap();
        assert!(!path.exists());
        sink.finish().await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"data");
        assert_eq!(entries(dir.path()), 1);
    }

    #[tokio::test]
    async fn one_that_is_not_finished_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut sink = Sink::open(&dir.path().join("out"), false).unwrap();
        sink.write_all(b"data").await.unwrap();
        sink.flush().await.unwrap();
        assert_eq!(entries(dir.path()), 1);
        drop(sink);
        assert_eq!(entries(dir.path()), 0);
    }

    #[tokio::test]
    async fn an_existing_file_is_replaced_by_force_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        std::fs::write(&path, "old").unwrap();
        assert_eq!(
            write(&path, false, b"new").await.unwrap_err().code(),
            "exists"
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        write(&path, true, b"new").await.unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        // Also one that somebody makes meanwhile.
        let late = dir.path().join("late");
        let sink = Sink::open(&late, false).unwrap();
        std::fs::write(&late, "theirs").unwrap();
        assert_eq!(sink.finish().await.unwrap_err().code(), "exists");
        assert_eq!(std::fs::read(&late).unwrap(), b"theirs");
        assert_eq!(entries(dir.path()), 2);
    }

    #[tokio::test]
    async fn a_device_is_written_to_and_stays_one() {
        write(Path::new("/dev/null"), false, b"data").await.unwrap();
        let mut full = Sink::open(Path::new("/dev/full"), true).unwrap();
        let written = full.write_all(b"data").await.and(full.flush().await);
        assert!(written.is_err());
        assert!(!std::fs::metadata("/dev/full").unwrap().is_file());
    }

    #[test]
    fn a_directory_is_no_output() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Sink::open(dir.path(), true).is_err());
        assert!(Sink::open(&dir.path().join("absent/out"), false).is_err());
    }
}
