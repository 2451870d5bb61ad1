//! Someone who stores one file after the other.

use std::{
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
};

use anyhow::Context;
use noema_storage::client::{commit_file, FileRef};
use tokio::task::JoinHandle;

use crate::{cli::Noema, files::write_seeded};

/// A file that was put.
#[derive(Clone, Debug)]
pub struct Put {
    /// Where the original is.
    pub path: PathBuf,
    /// What was committed to.
    pub file: FileRef,
}

/// Puts one file after the other with the command line.
#[derive(Debug)]
pub struct Puts {
    end: Arc<AtomicBool>,
    task: JoinHandle<anyhow::Result<Vec<Put>>>,
}

impl Puts {
    /// Begins with files of `size` bytes in `dir`, which follow from `seed`, each with `replicas` replicas.
    pub fn start(noema: Noema, dir: PathBuf, size: u64, replicas: usize, seed: u64) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let at_end = end.clone();
        let task = tokio::spawn(async move {
            let mut puts = Vec::new();
            while !at_end.load(Ordering::SeqCst) {
                let number = puts.len();
                let path = dir.join(format!("put-{number}"));
                write_seeded(&path, size, seed.wrapping_add(u64::try_from(number)?))?;
                let put = noema.put(&path, replicas).await;
                puts.push(put.with_context(|| format!("put {number} of a series"))?);
            }
            Ok(puts)
        });
        Self { end, task }
    }

    /// Ends when the file that is on its way has arrived. Fails if any put has failed.
    pub async fn finish(self) -> anyhow::Result<Vec<Put>> {
        self.end.store(true, Ordering::SeqCst);
        self.task.await?
    }
}

impl Noema {
    /// Puts the file at `path`.
    ///
    /// # Errors
    /// When the command fails.
    pub async fn put(&self, path: &std::path::Path, replicas: usize) -> anyhow::Result<Put> {
        let name = path.to_str().context("a path in UTF-8")?;
        let replicas = replicas.to_string();
        self.ask(&["storage", "put", name, "--replicas", &replicas])
            .await?;
        Ok(Put {
            path: path.to_owned(),
            file: FileRef::from(&commit_file(path, None).await?),
        })
    }
}
