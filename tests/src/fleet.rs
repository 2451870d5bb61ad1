//! What all nodes of a network say of one chain: that they agree, and that none of them waits long for finality.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context};
use noema_local_net::{LocalNet, Node, Seen, Sighting};
use tokio::task::JoinHandle;

use crate::network;

/// How long a node may take to catch up with the others.
const PATIENCE: Duration = Duration::from_secs(90);
/// How much longer each further block may take: three of four slots have one.
const EACH: Duration = Duration::from_secs(3);

/// The finalised chain as each node told it.
#[derive(Debug, Default)]
pub struct Told {
    /// The first hash that any node said to be final at each height.
    chain: BTreeMap<u64, String>,
    /// Of each node, when it finalised what.
    nodes: BTreeMap<usize, Vec<(Instant, u64)>>,
    /// What must never happen, in words.
    contradictions: Vec<String>,
}

impl Told {
    /// Takes down what a node said.
    pub fn hear(&mut self, said: &Sighting) {
        if said.seen == Seen::Imported {
            return;
        }
        let hash = self.chain.entry(said.number).or_insert(said.hash.clone());
        if *hash != said.hash {
            let contradiction = format!(
                "block {} is {hash} to one node and {} to the node with place {}",
                said.number, said.hash, said.node
            );
            self.contradictions.push(contradiction);
        }
        if said.seen != Seen::Finalized {
            return;
        }
        let node = self.nodes.entry(said.node).or_default();
        if let Some((_, before)) = node.last() {
            if said.number <= *before {
                let contradiction = format!(
                    "the node with place {} finalised block {} after block {before}",
                    said.node, said.number
                );
                self.contradictions.push(contradiction);
            }
        }
        node.push((said.at, said.number));
    }

    /// The longest time between `from` and `to` in which the node finalised nothing, `from` and `to` being the ends of what counts.
    pub fn longest_wait(&self, node: usize, from: Instant, to: Instant) -> Duration {
        let times = self.nodes.get(&node).into_iter().flatten();
        let within = times
            .map(|(at, _)| *at)
            .filter(|at| (from..to).contains(at));
        let mut last = from;
        let mut longest = Duration::ZERO;
        for at in within.chain([to]) {
            longest = longest.max(at.saturating_duration_since(last));
            last = at;
        }
        longest
    }

    /// Blocks that the node finalised between `from` and `to`.
    pub fn finalized(&self, node: usize, from: Instant, to: Instant) -> usize {
        let all = self.nodes.get(&node).into_iter().flatten();
        all.filter(|(at, _)| (from..to).contains(at)).count()
    }
}

/// Watches every node of a network, those that follow included, until it is dropped.
#[derive(Debug)]
pub struct Fleet {
    told: Arc<Mutex<Told>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Fleet {
    /// Begins to watch.
    pub fn watch(net: &LocalNet) -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let watched = net.nodes().iter().chain(net.followers());
        let tasks = watched
            .map(|node| {
                let mut sightings = node.watch();
                let told = Arc::clone(&told);
                tokio::spawn(async move {
                    while let Some(sighting) = sightings.recv().await {
                        locked(&told).hear(&sighting);
                    }
                })
            })
            .collect();
        Self { told, tasks }
    }

    /// Fails if the nodes with these places did not finalise blocks throughout, from `from` until now, without waiting for as long as
    /// `limit`. Says what the longest wait was.
    pub fn finalised_throughout(
        &self,
        what: &str,
        nodes: &[usize],
        from: Instant,
        limit: Duration,
    ) -> anyhow::Result<()> {
        let (told, to) = (locked(&self.told), Instant::now());
        let waits = nodes.iter().map(|node| told.longest_wait(*node, from, to));
        let longest = waits.max().context("no node was watched")?;
        let blocks = nodes.iter().map(|node| told.finalized(*node, from, to));
        let fewest = blocks.min().unwrap_or_default();
        println!(
            "{what}: {:.0} s, {fewest} blocks finalised by each of {nodes:?}, longest wait {:.2} s",
            (to - from).as_secs_f64(),
            longest.as_secs_f64()
        );
        ensure!(
            longest < limit,
            "{what}: no block was finalised for {longest:?}"
        );
        Ok(())
    }

    /// The newest block that the node said to have finalised while it was watched.
    pub fn newest(&self, node: usize) -> Option<u64> {
        let told = locked(&self.told);
        told.nodes.get(&node)?.last().map(|(_, number)| *number)
    }

    /// Waits until each of the nodes with these places has finalised `blocks` more than now.
    pub async fn goes_on(&self, nodes: &[usize], blocks: u64) -> anyhow::Result<()> {
        let goal = |node: &usize| (*node, self.newest(*node).unwrap_or_default() + blocks);
        let goals: Vec<_> = nodes.iter().map(goal).collect();
        let patience = PATIENCE + EACH * u32::try_from(blocks)?;
        for (node, goal) in goals {
            let what = format!("block {goal} final at the node with place {node}");
            network::until(&what, patience, || async {
                Ok(self.newest(node).filter(|newest| *newest >= goal))
            })
            .await?;
        }
        Ok(())
    }

    /// Fails if two nodes ever finalised different blocks at one height, or one of them finalised a block twice or backwards.
    pub fn agree(&self) -> anyhow::Result<()> {
        match locked(&self.told).contradictions.first() {
            Some(contradiction) => bail!("{contradiction}"),
            None => Ok(()),
        }
    }
}

fn locked(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the node has finalised what `other` has finalised now, the same block. Returns its number and how long it took.
pub async fn catches_up(node: &Node, other: &Node) -> anyhow::Result<(u64, Duration)> {
    let began = Instant::now();
    let goal = other.finalized().await?;
    let what = format!("block {goal} final at {}", node.name());
    network::until(&what, PATIENCE, || async {
        Ok((node.finalized().await? >= goal).then_some(()))
    })
    .await?;
    let (ours, theirs) = (node.block_hash(goal).await?, other.block_hash(goal).await?);
    ensure!(
        ours.is_some() && ours == theirs,
        "block {goal} is {ours:?} to {} and {theirs:?} to {}",
        node.name(),
        other.name()
    );
    Ok((goal, began.elapsed()))
}

/// Fails unless all these nodes have the same finalised blocks from `first` up to the newest that all of them have. Returns how many.
pub async fn same_chain(nodes: &[&Node], first: u64) -> anyhow::Result<u64> {
    let mut newest = u64::MAX;
    for node in nodes {
        newest = newest.min(node.finalized().await?);
    }
    for number in first..=newest {
        let mut known: Option<(String, &Node)> = None;
        for node in nodes {
            let hash = node.block_hash(number).await?;
            let hash = hash.with_context(|| format!("{} lacks block {number}", node.name()))?;
            if let Some((known, of)) = &known {
                ensure!(
                    *known == hash,
                    "block {number} is {known} to {} and {hash} to {}",
                    of.name(),
                    node.name()
                );
            }
            known = Some((hash, node));
        }
    }
    Ok((newest + 1).saturating_sub(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn sighting(node: usize, at: Instant, number: u64, hash: &str, seen: Seen) -> Sighting {
        Sighting {
            node,
            at,
            number,
            hash: hash.to_owned(),
            seen,
        }
    }

    #[test]
    fn different_blocks_at_one_height_are_a_contradiction_only_when_final() {
        let (mut told, now) = (Told::default(), Instant::now());
        told.hear(&sighting(0, now, 1, "a", Seen::Imported));
        told.hear(&sighting(1, now, 1, "b", Seen::Imported));
        told.hear(&sighting(0, now, 1, "a", Seen::Finalized));
        told.hear(&sighting(2, now, 1, "a", Seen::Known));
        assert!(told.contradictions.is_empty());
        told.hear(&sighting(1, now, 1, "b", Seen::Known));
        assert_eq!(told.contradictions.len(), 1);
    }

    #[test]
    fn a_node_that_finalises_backwards_contradicts_itself() {
        let (mut told, now) = (Told::default(), Instant::now());
        told.hear(&sighting(0, now, 2, "b", Seen::Finalized));
        // What it says again after a restart is no news.
        told.hear(&sighting(0, now, 2, "b", Seen::Known));
        assert!(told.contradictions.is_empty());
        told.hear(&sighting(0, now, 1, "a", Seen::Finalized));
        assert_eq!(told.contradictions.len(), 1);
    }

    #[test]
    fn waits_are_counted_from_end_to_end() {
        let (mut told, from) = (Told::default(), Instant::now());
        for (after, number) in [(0, 1), (1, 2), (2, 3), (7, 4), (8, 5), (30, 6)] {
            let at = from + SECOND * after;
            told.hear(&sighting(
                3,
                at,
                number,
                &number.to_string(),
                Seen::Finalized,
            ));
        }
        assert_eq!(told.longest_wait(3, from, from + SECOND * 9), SECOND * 5);
        assert_eq!(told.longest_wait(3, from, from + SECOND * 20), SECOND * 12);
        assert_eq!(told.finalized(3, from, from + SECOND * 9), 5);
        // Who says nothing waits all the time.
        assert_eq!(told.longest_wait(0, from, from + SECOND * 9), SECOND * 9);
    }
}
