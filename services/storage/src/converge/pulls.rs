//! Fetching files that are not complete from peers, in the background: so many at a time, in turn.

use std::{
    collections::HashMap,
    sync::{
        atomic::{AtomicBool, Ordering},
        Arc,
    },
    time::{Duration, Instant},
};

use noema_chain_client::FileId;
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use super::Shared;
use crate::{
    chain_view::ChainView,
    client::FileRef,
    pull::{Puller, Pulling},
};

/// Files fetched from peers at the same time.
const MAX_PULLS: usize = 4;
/// Files that are fetched or wait for their turn or for a peer. Others get the place of one that is complete, or for which no peer had anything.
pub(super) const MAX_TASKS: usize = 256;
/// How often whoever pauses looks whether others wait.
const LOOK: Duration = Duration::from_secs(1);

/// The files that are being fetched.
pub(super) struct Pulls {
    tasks: HashMap<FileId, AbortOnDropHandle<()>>,
    turns: Arc<Semaphore>,
    /// Whether others wait for a place.
    crowded: Arc<AtomicBool>,
    /// Where the next places are given from, so that every file gets one.
    next: FileId,
}

impl Default for Pulls {
    fn default() -> Self {
        Self {
            tasks: HashMap::new(),
            turns: Arc::new(Semaphore::new(MAX_PULLS)),
            crowded: Arc::default(),
            next: FileId([0; 32]),
        }
    }
}

impl Pulls {
    /// Keeps to these files, in the order of their ids. Returns those for which there is a place that was not theirs already; each is to
    /// be [`begun`](Self::begin).
    pub(super) fn keep_to(&mut self, wanted: &[FileId]) -> Vec<FileId> {
        self.tasks
            .retain(|file, task| !task.is_finished() && wanted.binary_search(file).is_ok());
        let chosen = choose(wanted, self.next, MAX_TASKS - self.tasks.len(), |file| {
            self.tasks.contains_key(file)
        });
        if let Some(last) = chosen.last() {
            self.next = *last;
        }
        let crowded = self.tasks.len() + chosen.len() < wanted.len();
        self.crowded.store(crowded, Ordering::Relaxed);
        chosen
    }

    /// Fetches what is missing of a file. `held`: its slot has no deadline.
    pub(super) fn begin<C: ChainView>(
        &mut self,
        shared: &Arc<Shared<C>>,
        file: FileRef,
        held: bool,
    ) {
        let puller = Puller::new(shared.clone(), file);
        let turns = self.turns.clone();
        let crowded = self.crowded.clone();
        let last_pause = match held {
            true => Pulling::LAST_PAUSE_HELD,
            false => Pulling::LAST_PAUSE,
        };
        if held {
            tracing::info!(file = %file.file, "segments of a file that is held are missing: they are fetched from peers");
        }
        let task = tokio::spawn(async move {
            // A file for which no peer has anything must not keep others from their turn.
            let mut pause = Pulling::FIRST_PAUSE;
            loop {
                let Ok(turn) = turns.acquire().await else {
                    return;
                };
                let progress = puller.round().await;
                drop(turn);
                pause = match progress {
                    Pulling::Complete => {
                        if held {
                            tracing::info!(file = %file.file, "the file is whole again");
                        }
                        return;
                    }
                    Pulling::Some => Pulling::FIRST_PAUSE,
                    Pulling::Nothing => (pause * 2).min(last_pause),
                };
                if !matches!(progress, Pulling::Some) {
                    // Whoever waits for a place does not wait for the end of a long pause.
                    let until = Instant::now() + pause;
                    while Instant::now() < until {
                        let rest = until.saturating_duration_since(Instant::now());
                        tokio::time::sleep(rest.min(LOOK)).await;
                        if crowded.load(Ordering::Relaxed) {
                            return;
                        }
                    }
                }
            }
        });
        self.tasks.insert(file.file, AbortOnDropHandle::new(task));
    }

    #[cfg(test)]
    pub(super) fn contains(&self, file: &FileId) -> bool {
        self.tasks.contains_key(file)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }
}

/// Up to `places` of the sorted `wanted` that have none, from behind `after` on and around.
fn choose(
    wanted: &[FileId],
    after: FileId,
    places: usize,
    has_place: impl Fn(&FileId) -> bool,
) -> Vec<FileId> {
    let at = wanted.partition_point(|file| *file <= after);
    let (before, behind) = wanted.split_at_checked(at).unwrap_or((&[], wanted));
    let around = behind.iter().chain(before);
    around
        .filter(|file| !has_place(file))
        .take(places)
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn file(n: u16) -> FileId {
        let mut id = [0; 32];
        id[..2].copy_from_slice(&n.to_be_bytes());
        FileId(id)
    }

    #[test]
    fn places_are_given_in_turn_and_every_file_gets_one() {
        let wanted: Vec<_> = (0..1000).map(file).collect();
        let mut pulls = Pulls::default();
        let mut had = BTreeSet::new();
        for _ in 0..4 {
            // Nothing was begun: each looks as one that gave its place up.
            let chosen = pulls.keep_to(&wanted);
            assert_eq!(chosen.len(), MAX_TASKS);
            had.extend(chosen);
            assert!(pulls.crowded.load(Ordering::Relaxed));
        }
        assert_eq!(had.len(), wanted.len());
        assert_eq!(pulls.keep_to(&wanted[..5]), wanted[..5]);
        assert!(!pulls.crowded.load(Ordering::Relaxed));
        assert!(pulls.keep_to(&[]).is_empty());
    }

    #[test]
    fn whoever_has_a_place_gets_no_other() {
        let wanted: Vec<_> = (0..6).map(file).collect();
        let has_place = |other: &FileId| *other == file(4);
        let chosen = choose(&wanted, file(2), 4, has_place);
        assert_eq!(chosen, [file(3), file(5), file(0), file(1)]);
        assert_eq!(choose(&wanted, file(2), 0, has_place), []);
    }
}
