//! Which announced blocks have not come, and whom to ask for them.

use sc_network::PeerId;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// Blocks that are watched; of more, those of the lowest numbers go first.
const MOST: usize = 64;
/// For how long the sync is left to it, and between two questions for one block.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// After this the sync has either come to it or knows better.
const GIVE_UP: Duration = Duration::from_secs(180);
/// How often one peer is asked for one block: nodes take a third time within a minute for spam.
const MOST_OF_ONE: usize = 2;

/// A block by its number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Block<Hash, Number> {
    pub(super) number: Number,
    pub(super) hash: Hash,
}

/// A peer, and the block that it says is its best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Peer<Hash, Number> {
    pub(super) id: PeerId,
    pub(super) best: Block<Hash, Number>,
}

#[derive(Debug)]
struct Missing {
    since: Instant,
    next: Instant,
    asked: Vec<PeerId>,
}

/// Announced blocks that have not come.
#[derive(Debug)]
pub(super) struct List<Hash, Number> {
    missing: BTreeMap<Block<Hash, Number>, Missing>,
}

impl<Hash: Copy + Ord, Number: Copy + Ord> List<Hash, Number> {
    pub(super) fn new() -> Self {
        Self {
            missing: BTreeMap::new(),
        }
    }

    /// Notes that this block was announced.
    pub(super) fn note(&mut self, block: Block<Hash, Number>, now: Instant) {
        self.missing.entry(block).or_insert_with(|| Missing {
            since: now,
            next: now + PATIENCE,
            asked: Vec::new(),
        });
        if self.missing.len() > MOST {
            self.missing.pop_first();
        }
    }

    /// Forgets blocks that are no longer wanted, and those that were waited for long enough.
    pub(super) fn retain(
        &mut self,
        now: Instant,
        mut wanted: impl FnMut(&Block<Hash, Number>) -> bool,
    ) {
        self.missing.retain(|block, missing| {
            now.duration_since(missing.since) < GIVE_UP && (now < missing.next || wanted(block))
        });
    }

    /// Whether a block has been waited for long enough to be asked for.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.missing.values().any(|missing| missing.next <= now)
    }

    /// A block to ask for now, and whom: the highest, for its ancestors come with it. Who is there to be asked may change; a block that nobody has
    /// waits for the next time.
    pub(super) fn next(
        &mut self,
        now: Instant,
        peers: &[Peer<Hash, Number>],
    ) -> Option<(Block<Hash, Number>, PeerId)> {
        let due = self.missing.iter_mut().rev();
        for (block, missing) in due.filter(|(_, missing)| missing.next <= now) {
            missing.next = now + PATIENCE;
            let times = |peer: &PeerId| missing.asked.iter().filter(|asked| *asked == peer).count();
            let chosen = peers
                .iter()
                .filter(|peer| peer.best.number >= block.number)
                .map(|peer| (times(&peer.id), peer.best != *block, peer.id))
                .filter(|(times, ..)| *times < MOST_OF_ONE)
                .min();
            if let Some((.., peer)) = chosen {
                missing.asked.push(peer);
                return Some((*block, peer));
            }
        }
        None
    }

    /// How long ago a block was announced.
    pub(super) fn age(&self, block: &Block<Hash, Number>, now: Instant) -> Duration {
        self.missing
            .get(block)
            .map_or(Duration::ZERO, |missing| now.duration_since(missing.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u32) -> Block<u64, u32> {
        Block {
            number,
            hash: u64::from(number) * 1000,
        }
    }

    fn peer(best: u32) -> Peer<u64, u32> {
        Peer {
            id: PeerId::random(),
            best: block(best),
        }
    }

    #[test]
    fn a_block_is_asked_for_when_it_has_not_come_in_time() {
        let (mut list, start) = (List::new(), Instant::now());
        let peers = [peer(7)];
        list.note(block(7), start);
        let early = start + PATIENCE / 2;
        assert!(!list.is_due(early));
        assert_eq!(list.next(early, &peers), None);
        // Announced once more by another peer: the time counts from the first.
        list.note(block(7), early);
        let late = start + PATIENCE;
        assert!(list.is_due(late));
        assert_eq!(list.next(late, &peers), Some((block(7), peers[0].id)));
        assert_eq!(list.age(&block(7), late), PATIENCE);
        assert!(!list.is_due(late));
    }

    #[test]
    fn what_came_is_forgotten_and_what_is_not_due_is_not_looked_at() {
        let (mut list, start) = (List::new(), Instant::now());
        list.note(block(7), start);
        list.note(block(8), start + PATIENCE);
        let mut looked = Vec::new();
        list.retain(start + PATIENCE, |block| {
            looked.push(block.number);
            false
        });
        assert_eq!(looked, [7]);
        let later = start + 2 * PATIENCE;
        assert_eq!(list.next(later, &[peer(9)]).unwrap().0, block(8));
    }

    #[test]
    fn after_some_minutes_the_sync_alone_is_left() {
        let (mut list, start) = (List::new(), Instant::now());
        list.note(block(7), start);
        list.retain(start + GIVE_UP, |_| true);
        assert!(!list.is_due(start + GIVE_UP + PATIENCE));
    }

    #[test]
    fn the_highest_is_asked_for_first_and_of_who_has_it() {
        let (mut list, start) = (List::new(), Instant::now());
        list.note(block(7), start);
        list.note(block(9), start);
        let peers = [peer(6), peer(12), peer(9)];
        let now = start + PATIENCE;
        assert_eq!(list.next(now, &peers), Some((block(9), peers[2].id)));
        let (next, asked) = list.next(now, &peers).unwrap();
        assert_eq!(next, block(7));
        assert_ne!(asked, peers[0].id, "it is not as far");
    }

    #[test]
    fn a_block_that_nobody_has_keeps_no_other_from_being_asked_for() {
        let (mut list, start) = (List::new(), Instant::now());
        list.note(block(7), start);
        list.note(block(90), start);
        let peers = [peer(8)];
        let now = start + PATIENCE;
        assert_eq!(list.next(now, &peers), Some((block(7), peers[0].id)));
    }

    #[test]
    fn nobody_is_asked_three_times() {
        let (mut list, start) = (List::new(), Instant::now());
        list.note(block(7), start);
        let peers = [peer(7), peer(7)];
        let mut asked: Vec<_> = (1..=6)
            .filter_map(|n| list.next(start + n * PATIENCE, &peers))
            .map(|(_, peer)| peer)
            .collect();
        assert_ne!(asked[0], asked[1], "the other one before the same again");
        asked.sort();
        let mut expected = [peers[0].id, peers[0].id, peers[1].id, peers[1].id];
        expected.sort();
        assert_eq!(asked, expected);
    }

    #[test]
    fn the_list_is_bounded_and_keeps_the_highest() {
        let (mut list, start) = (List::new(), Instant::now());
        for number in 0..1000 {
            list.note(block(number), start);
        }
        let kept: Vec<_> = list.missing.keys().map(|block| block.number).collect();
        assert_eq!(kept, (1000 - MOST as u32..1000).collect::<Vec<_>>());
    }
}
