//! Someone who gets files again and again, and compares every byte.

use std::{
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
};

use anyhow::{ensure, Context};
use noema_chain_client::ChainClient;
use tokio::task::JoinHandle;

use crate::{cli::Noema, files::first_difference, puts::Put};

/// Gets one file after the other with the command line, one with each finalised block.
#[derive(Debug)]
pub struct Gets {
    end: Arc<AtomicBool>,
    task: JoinHandle<anyhow::Result<usize>>,
}

impl Gets {
    /// Begins. `copy` is where each file is put, in the place of the one before.
    pub fn start(client: &ChainClient, noema: Noema, puts: Vec<Put>, copy: PathBuf) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let (at_end, mut heads) = (end.clone(), client.finalized_heads());
        let task = tokio::spawn(async move {
            let mut done = 0;
            for put in puts.iter().cycle() {
                if at_end.load(Ordering::SeqCst) {
                    break;
                }
                heads.changed().await?;
                let got = noema.get_same(put, &copy).await;
                got.with_context(|| format!("get {done} of a series"))?;
                done += 1;
            }
            Ok(done)
        });
        Self { end, task }
    }

    /// Fails if one of them has failed by now.
    pub async fn check(self) -> anyhow::Result<Self> {
        if self.task.is_finished() {
            let done = self.task.await??;
            anyhow::bail!("the series of gets ended by itself after {done}");
        }
        Ok(self)
    }

    /// Ends when the file that is on its way is here. How many there were; fails if any has failed.
    pub async fn finish(self) -> anyhow::Result<usize> {
        self.end.store(true, Ordering::SeqCst);
        self.task.await?
    }
}

impl Noema {
    /// Gets a file from whoever has it, and fails unless it is what was put.
    pub async fn get_same(&self, put: &Put, copy: &std::path::Path) -> anyhow::Result<()> {
        let (id, out) = (put.file.file.to_string(), copy.display().to_string());
        self.ask(&["storage", "get", &id, "--output", &out, "--force"])
            .await?;
        let difference = first_difference(&put.path, copy)?;
        ensure!(
            difference.is_none(),
            "the copy of {id} differs from what was put from byte {difference:?} on"
        );
        Ok(())
    }
}
