//! Shares of something scarce.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// Idle entries kept before they are cleared away.
const IDLE: usize = 256;

/// So many turns at the same time, of which one party has no more than its share. Whoever comes
/// when none is free waits a while.
#[derive(Debug)]
pub struct Turns<K> {
    all: Arc<Semaphore>,
    share: usize,
    wait: Duration,
    parties: Mutex<HashMap<K, Arc<Semaphore>>>,
}

/// A turn; over when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_party: OwnedSemaphorePermit,
}

impl<K: Eq + Hash> Turns<K> {
    /// `total` turns, half of them (at least one) for each party, and how long one waits for a turn.
    pub fn new(total: usize, wait: Duration) -> Self {
        Self {
            all: Arc::new(Semaphore::new(total)),
            share: total.div_ceil(2),
            wait,
            parties: Mutex::default(),
        }
    }

    /// A turn for `party`; `None` if none was free in time.
    pub async fn take(&self, party: K) -> Option<Turn> {
        let of_party = self.party(party);
        let taking = async {
            // In this order: whoever waits for its own share keeps nobody else waiting.
            let of_party = of_party.acquire_owned().await.ok()?;
            let of_all = self.all.clone().acquire_owned().await.ok()?;
            Some(Turn {
                _of_all: of_all,
                _of_party: of_party,
            })
        };
        timeout(self.wait, taking).await.ok().flatten()
    }

    fn party(&self, party: K) -> Arc<Semaphore> {
        let mut parties = self.parties.lock().unwrap_or_else(PoisonError::into_inner);
        if parties.len() >= IDLE {
            // An entry that a waiting request also has is not idle.
            parties.retain(|_, turns| {
                turns.available_permits() < self.share || Arc::strong_count(turns) > 1
            });
        }
        parties
            .entry(party)
            .or_insert_with(|| Arc::new(Semaphore::new(self.share)))
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn one_party_has_its_share_and_leaves_the_rest_to_others() {
        let turns = Turns::new(4, NOW);
        let mut held = Vec::new();
        while let Some(turn) = turns.take('a').await {
            held.push(turn);
        }
        assert_eq!(held.len(), 2);
        held.extend(turns.take('b').await);
        held.extend(turns.take('c').await);
        assert_eq!(held.len(), 4);
        assert!(turns.take('d').await.is_none(), "all are taken");
        held.clear();
        assert!(turns.take('a').await.is_some());
    }

    #[tokio::test]
    async fn whoever_waits_gets_a_turn_when_one_is_over() {
        let turns = Arc::new(Turns::new(1, Duration::from_secs(10)));
        let first = turns.take('a').await.unwrap();
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take('b').await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn parties_that_are_gone_are_forgotten() {
        let turns = Turns::new(4, NOW);
        for party in 0..10 * IDLE {
            drop(turns.take(party).await.unwrap());
        }
        assert!(turns.parties.lock().unwrap().len() <= IDLE);
    }
}
