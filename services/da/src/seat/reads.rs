//! How much a seat gives to whom. A peer gets the rows of one blob that rebuild it so many times, and then none of it for a round, and so many bytes a round: to fetch from here
//! what one was paid to hold shall cost more than holding it. It bounds what is given to those who ask openly; who asks through many addresses is not bound by it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use noema_transport::Peer;

use crate::chain::SubmissionId;

/// Peers and blobs that are remembered. Beyond, those who took the least are forgotten.
const REMEMBERED: usize = 1 << 16;

/// Why a peer gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadLimit {
    #[error("rows of submission {submission} were given to this address already: at most {most} in a round")]
    Rows { submission: SubmissionId, most: u32 },
    #[error("{most} bytes were given to this address: no more in this round")]
    Bytes { most: u64 },
}

#[derive(Debug, Default)]
struct Given {
    round: u32,
    rows: HashMap<(Peer, SubmissionId), u32>,
    bytes: HashMap<Peer, u64>,
}

/// What was given in the round that runs.
#[derive(Debug)]
pub(crate) struct ReadLimits {
    reads_per_round: u32,
    bytes_per_round: u64,
    given: Mutex<Given>,
}

impl ReadLimits {
    /// So many times the rows that rebuild a blob, and so many bytes in all, for a peer in a round.
    pub(crate) fn new(reads_per_round: u32, bytes_per_round: u64) -> Self {
        Self {
            reads_per_round,
            bytes_per_round,
            given: Mutex::default(),
        }
    }

    /// Books `rows` of a blob of which `original` rebuild it, and `bytes` in all.
    pub(crate) fn take(
        &self,
        round: u32,
        peer: Peer,
        submission: SubmissionId,
        (rows, original): (u16, u16),
        bytes: u64,
    ) -> Result<(), ReadLimit> {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        if given.round != round {
            *given = Given {
                round,
                ..Given::default()
            };
        }
        let had = given.rows.get(&(peer, submission)).copied().unwrap_or(0);
        let with = had.saturating_add(rows.into());
        let most = u32::from(original).saturating_mul(self.reads_per_round);
        if with > most {
            return Err(ReadLimit::Rows { submission, most });
        }
        let taken = given.bytes.get(&peer).copied().unwrap_or(0);
        let total = taken.saturating_add(bytes);
        if total > self.bytes_per_round {
            let most = self.bytes_per_round;
            return Err(ReadLimit::Bytes { most });
        }
        if rows > 0 {
            given.rows.insert((peer, submission), with);
            forget(&mut given.rows);
        }
        given.bytes.insert(peer, total);
        forget(&mut given.bytes);
        Ok(())
    }
}

/// Makes room among too many.
fn forget<K: Eq + std::hash::Hash, V: Copy + Ord>(known: &mut HashMap<K, V>) {
    if known.len() <= REMEMBERED {
        return;
    }
    let mut values: Vec<V> = known.values().copied().collect();
    let middle = values.len() / 2;
    let (_, median, _) = values.select_nth_unstable(middle);
    let median = *median;
    known.retain(|_, value| *value > median);
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn peer(n: u32) -> Peer {
        IpAddr::V4(Ipv4Addr::from_bits(n)).into()
    }

    #[test]
    fn a_peer_gets_what_rebuilds_a_blob_so_often_in_a_round() {
        let limits = ReadLimits::new(1, 1_000_000);
        let take =
            |round, who, submission, rows| limits.take(round, peer(who), submission, (rows, 8), 10);
        assert_eq!(take(1, 1, 7, 5), Ok(()));
        let refused = Err(ReadLimit::Rows {
            submission: 7,
            most: 8,
        });
        assert_eq!(take(1, 1, 7, 4), refused);
        assert_eq!(take(1, 1, 7, 3), Ok(()));
        assert_eq!(take(1, 1, 7, 1), refused);
        assert_eq!(take(1, 1, 8, 8), Ok(()), "another blob");
        assert_eq!(take(1, 2, 7, 8), Ok(()), "another peer");
        assert_eq!(take(2, 1, 7, 8), Ok(()), "another round");
        let limits = ReadLimits::new(3, 1_000_000);
        let take = || limits.take(1, peer(1), 7, (8, 8), 10);
        assert_eq!([take(), take(), take()], [Ok(()); 3]);
        assert!(matches!(take(), Err(ReadLimit::Rows { most: 24, .. })));
    }

    #[test]
    fn a_peer_gets_so_many_bytes_a_round() {
        let limits = ReadLimits::new(1, 100);
        let take = |round, who, bytes| limits.take(round, peer(who), bytes, (0, 8), bytes);
        assert_eq!(take(1, 1, 60), Ok(()));
        assert_eq!(take(1, 1, 60), Err(ReadLimit::Bytes { most: 100 }));
        assert_eq!(take(1, 1, 40), Ok(()));
        assert_eq!(take(1, 2, 100), Ok(()));
        assert_eq!(take(2, 1, 100), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_who_took_the_most_stays() {
        let limits = ReadLimits::new(1, u64::MAX);
        let greedy = peer(u32::MAX);
        limits.take(1, greedy, 1, (8, 8), 1_000).unwrap();
        for who in 0..3 * REMEMBERED as u32 {
            limits.take(1, peer(who), 1, (1, 8), 1).unwrap();
        }
        {
            let given = limits.given.lock().unwrap();
            assert!(given.rows.len() <= REMEMBERED && given.bytes.len() <= REMEMBERED);
        }
        assert!(limits.take(1, greedy, 1, (1, 8), 1).is_err());
    }
}
