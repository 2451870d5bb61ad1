//! Intervals, forks and lags, out of what nodes announced.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use noema_local_net::{Seen, Sighting};

use crate::table::percentile;

/// A block, as all nodes announced it.
#[derive(Debug)]
struct Block {
    number: u64,
    /// Who announced it first, and when: its author, who imports its own block before it sends it.
    authored: (Instant, usize),
    /// When each node finalised it.
    finalized: BTreeMap<usize, Instant>,
}

/// What four nodes announced of the blocks that were authored within some time.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Between the moments at which two successive final blocks were authored.
    pub(crate) intervals: Vec<Duration>,
    /// From a block's first announcement to the announcement of its finality by each of the other nodes.
    pub(crate) lags: Vec<Duration>,
    /// Heights at which nodes announced more than one block.
    pub(crate) forks: usize,
    /// The longest time in which a node announced no newly final block.
    pub(crate) longest_wait: Duration,
    /// Hashes of the final blocks, by number.
    pub(crate) finalized: BTreeMap<u64, String>,
}

impl Figures {
    /// Counts the blocks that were authored from `from` until before `to`; what was announced later tells when they were final.
    pub(crate) fn of(sightings: &[Sighting], from: Instant, to: Instant) -> Self {
        let mut blocks = BTreeMap::<&str, Block>::new();
        let mut moments = BTreeMap::<usize, Vec<Instant>>::new();
        for sighting in sightings {
            let (at, node) = (sighting.at, sighting.node);
            let block = blocks.entry(&sighting.hash);
            match sighting.seen {
                Seen::Known => {}
                Seen::Imported => {
                    let block = block.or_insert(Block {
                        number: sighting.number,
                        authored: (at, node),
                        finalized: BTreeMap::new(),
                    });
                    // Announcements of different nodes arrive in any order.
                    block.authored = block.authored.min((at, node));
                }
                Seen::Finalized => {
                    moments.entry(node).or_default().push(at);
                    block.and_modify(|block| {
                        block.finalized.entry(node).or_insert(at);
                    });
                }
            }
        }
        blocks.retain(|_, block| (from..to).contains(&block.authored.0));

        let mut heights = BTreeMap::<u64, BTreeSet<&str>>::new();
        for (hash, block) in &blocks {
            heights.entry(block.number).or_default().insert(hash);
        }
        let mut final_ones: Vec<(&&str, &Block)> = blocks
            .iter()
            .filter(|(_, block)| !block.finalized.is_empty())
            .collect();
        final_ones.sort_unstable_by_key(|(_, block)| block.number);
        let intervals = final_ones
            .windows(2)
            .map(|pair| pair[1].1.authored.0 - pair[0].1.authored.0)
            .collect();
        let lags = final_ones
            .iter()
            .flat_map(|(_, block)| {
                let (authored, author) = block.authored;
                let others = block.finalized.iter();
                others
                    .filter(move |(node, _)| **node != author)
                    .map(move |(_, at)| *at - authored)
            })
            .collect();
        let longest_wait = moments
            .values()
            .map(|moments| longest_wait(moments, from, to));
        Self {
            intervals,
            lags,
            forks: heights.values().filter(|hashes| hashes.len() > 1).count(),
            longest_wait: longest_wait.max().unwrap_or(to - from),
            finalized: final_ones
                .iter()
                .map(|(hash, block)| (block.number, (**hash).to_owned()))
                .collect(),
        }
    }
}

fn longest_wait(moments: &[Instant], from: Instant, to: Instant) -> Duration {
    let within = moments.iter().filter(|at| (from..to).contains(*at));
    let ends: Vec<Instant> = std::iter::once(from)
        .chain(within.copied())
        .chain([to])
        .collect();
    let waits = ends.windows(2).map(|pair| pair[1] - pair[0]);
    waits.max().unwrap_or_default()
}

/// Half and 95 per cent of the measurements, in milliseconds.
pub(crate) fn halves(of: &[Duration]) -> String {
    let shown = |share| {
        percentile(of, share).map_or_else(|| "-".to_owned(), |found| found.as_millis().to_string())
    };
    format!("{} / {}", shown(50), shown(95))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    struct Told {
        from: Instant,
        sightings: Vec<Sighting>,
    }

    impl Told {
        fn say(&mut self, node: usize, after: u32, number: u64, hash: &str, seen: Seen) {
            self.sightings.push(Sighting {
                node,
                at: self.from + MS * after,
                number,
                hash: hash.to_owned(),
                seen,
            });
        }
    }

    /// Two blocks and a fork, as three nodes tell them.
    fn told() -> Told {
        let mut told = Told {
            from: Instant::now() + Duration::from_secs(60),
            sightings: Vec::new(),
        };
        // Heard before its author's own announcement.
        told.say(1, 110, 1, "a", Seen::Imported);
        told.say(0, 100, 1, "a", Seen::Imported);
        told.say(2, 105, 1, "b", Seen::Imported);
        for (node, after) in [(0, 450), (1, 500), (2, 600)] {
            told.say(node, after, 1, "a", Seen::Finalized);
        }
        told.say(1, 1_100, 2, "c", Seen::Imported);
        told.say(0, 1_110, 2, "c", Seen::Imported);
        told.say(0, 1_400, 2, "c", Seen::Finalized);
        told.say(1, 1_300, 2, "c", Seen::Finalized);
        told
    }

    #[test]
    fn lags_are_those_of_nodes_that_did_not_author() {
        let told = told();
        let figures = Figures::of(&told.sightings, told.from, told.from + MS * 2_000);
        assert_eq!(figures.lags, [MS * 400, MS * 500, MS * 300]);
        assert_eq!(figures.intervals, [MS * 1_000]);
        assert_eq!(figures.forks, 1);
        // The last node finalised nothing after 600 ms.
        assert_eq!(figures.longest_wait, MS * 1_400);
        let finalized: Vec<_> = figures.finalized.into_iter().collect();
        assert_eq!(finalized, [(1, "a".to_owned()), (2, "c".to_owned())]);
    }

    #[test]
    fn only_blocks_authored_within_the_time_count() {
        let told = told();
        let figures = Figures::of(&told.sightings, told.from, told.from + MS * 1_000);
        assert_eq!(figures.lags, [MS * 400, MS * 500]);
        let later = Figures::of(
            &told.sightings,
            told.from + MS * 1_000,
            told.from + MS * 2_000,
        );
        assert_eq!((later.lags, later.forks), (vec![MS * 300], 0));
    }

    #[test]
    fn silence_is_one_long_wait() {
        let from = Instant::now();
        let figures = Figures::of(&[], from, from + MS * 500);
        assert_eq!(figures.longest_wait, MS * 500);
        assert_eq!(halves(&figures.lags), "- / -");
        assert_eq!(halves(&[MS * 3, MS * 1, MS * 2]), "2 / 3");
    }
}
