//! What is measured with so many files committed.

use anyhow::Context;
use codec::Encode;
use frame_support::dispatch::GetDispatchInfo;
use noema_benches::table::median;
use noema_runtime::{RuntimeCall, Storage, System};
use noema_traits::Auditable;
use sp_core::Blake2Hasher;
use sp_io::hashing::blake2_256;
use sp_runtime::StateVersion;
use sp_state_machine::{Backend, TrieBackendBuilder};
use sp_trie::recorder::Recorder;

use crate::{
    chain::{within, Chain, Changes, Took},
    scene::Scene,
};

/// What came of one number of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Level {
    /// Files committed.
    pub(crate) files: u32,
    /// A transaction that does nothing.
    pub(crate) nothing: Took,
    /// One answer, the first of the round, which draws all of it.
    pub(crate) first: Took,
    /// One more.
    pub(crate) next: Took,
    /// All answers of the round in one transaction, which passes it and is paid.
    pub(crate) batch: Took,
    /// The new root of the state after that.
    pub(crate) root: Took,
    /// What the round asks for.
    pub(crate) challenges: usize,
    /// Weight of one answer in microseconds: before, and as it is taken of the block.
    pub(crate) weight_of_one: (u64, u64),
    /// Of the batch.
    pub(crate) weight_of_batch: (u64, u64),
    /// Bytes of the transaction with one answer.
    pub(crate) bytes_of_one: usize,
    /// Of the batch.
    pub(crate) bytes_of_batch: usize,
    /// Items of the state that the batch touches.
    pub(crate) items: usize,
    /// Bytes of the nodes of the trie that show what these were.
    pub(crate) proof: usize,
    /// Finding the file of one challenge.
    pub(crate) draw: Took,
    /// The same by going through all files before it.
    pub(crate) scan: Took,
}

/// How often a file is looked for.
const AGAIN: u32 = 9;
/// With more files the peer, which takes seconds, looks once.
const FEW: u32 = 10_000;
/// Picoseconds in the unit of the figures.
const PICOSECONDS: u64 = 1_000_000;

/// Measures everything, the answers in so many rounds, of which the medians count.
pub(crate) fn level(
    chain: &Chain,
    scene: &Scene,
    files: u32,
    rounds: u32,
) -> anyhow::Result<Level> {
    let mut samples = Samples::default();
    let mut level = Level {
        files,
        ..Level::default()
    };
    warm_up(chain)?;
    for round in 0..rounds.max(1) {
        let seed = blake2_256(&(files, round).encode());
        one_round(chain, scene, seed, &mut level, &mut samples)?;
    }
    samples.medians(&mut level).context("at least one round")?;
    recorded(chain, scene, &mut level)?;
    draws(chain, scene, &mut level)?;
    Ok(level)
}

/// Lets the executor compile the runtime, which a node does once.
fn warm_up(chain: &Chain) -> anyhow::Result<()> {
    let state = chain.state();
    let mut changes = block(&state, [0; 32]);
    let nothing = within(&state, &mut changes, Scene::nothing);
    chain.apply(&state, &mut changes, &nothing).map(drop)
}

/// What each round took.
#[derive(Default)]
struct Samples {
    nothing: Vec<Took>,
    first: Vec<Took>,
    next: Vec<Took>,
    batch: Vec<Took>,
    root: Vec<Took>,
}

impl Samples {
    fn medians(&self, level: &mut Level) -> Option<()> {
        level.nothing = median(&self.nothing)?;
        level.first = median(&self.first)?;
        level.next = median(&self.next)?;
        level.batch = median(&self.batch)?;
        level.root = median(&self.root)?;
        Some(())
    }
}

/// A block in which the round of this seed is open.
fn block<B: Backend<Blake2Hasher>>(state: &B, seed: [u8; 32]) -> Changes {
    let mut changes = Changes::default();
    within(state, &mut changes, || Scene::open_round(seed));
    changes
}

/// Weight that the block has taken so far, in microseconds.
fn taken<B: Backend<Blake2Hasher>>(state: &B, changes: &mut Changes) -> u64 {
    let weight = within(state, changes, || System::block_weight().total());
    weight.ref_time() / PICOSECONDS
}

/// What a call weighs before it runs, without the share of every transaction, in microseconds.
fn charged(call: &RuntimeCall) -> u64 {
    call.get_dispatch_info().call_weight.ref_time() / PICOSECONDS
}

fn one_round(
    chain: &Chain,
    scene: &Scene,
    seed: [u8; 32],
    level: &mut Level,
    samples: &mut Samples,
) -> anyhow::Result<()> {
    let state = chain.state();
    let made = within(&state, &mut block(&state, seed), || {
        let answers = scene.answers()?;
        let one = answers.get(..1).context("an answer")?;
        let next = answers.get(1..2).context("a second answer")?;
        anyhow::Ok((
            answers.len(),
            Scene::nothing(),
            Scene::answer(one, 0)?,
            Scene::answer(next, 1)?,
            Scene::answer(&answers, 0)?,
        ))
    });
    let (challenges, nothing, first, next, batch) = made?;

    let mut changes = block(&state, seed);
    samples
        .nothing
        .push(chain.apply(&state, &mut changes, &nothing)?);

    let mut changes = block(&state, seed);
    let before = taken(&state, &mut changes);
    samples
        .first
        .push(chain.apply(&state, &mut changes, &first)?);
    let weight_of_first = taken(&state, &mut changes).saturating_sub(before);
    samples.next.push(chain.apply(&state, &mut changes, &next)?);

    let mut changes = block(&state, seed);
    samples
        .batch
        .push(chain.apply(&state, &mut changes, &batch)?);
    let weight_of_batch = taken(&state, &mut changes).saturating_sub(before);
    within(&state, &mut changes, || scene.ensure_passed())?;
    let (_, root) = chain.measure(|| changes.storage_root(&state, StateVersion::V1));
    samples.root.push(root);

    level.challenges = challenges;
    level.weight_of_one = (charged(&first.function), weight_of_first);
    level.weight_of_batch = (charged(&batch.function), weight_of_batch);
    level.bytes_of_one = first.encoded_size();
    level.bytes_of_batch = batch.encoded_size();
    Ok(())
}

/// What the batch touches, from a run that is not timed.
fn recorded(chain: &Chain, scene: &Scene, level: &mut Level) -> anyhow::Result<()> {
    let state = chain.state();
    let seed = blake2_256(b"recorded");
    let batch = within(&state, &mut block(&state, seed), || {
        Scene::answer(&scene.answers()?, 0)
    })?;
    let mut changes = block(&state, seed);
    let recorder = Recorder::<Blake2Hasher>::default();
    let recording = TrieBackendBuilder::wrap(&state)
        .with_recorder(recorder.clone())
        .build();
    chain.apply(&recording, &mut changes, &batch)?;
    level.items = recorder.recorded_keys().values().map(|of| of.len()).sum();
    level.proof = recorder.to_storage_proof().encoded_size();
    Ok(())
}

/// Finds the file in the middle, by the tree and by the peer.
fn draws(chain: &Chain, scene: &Scene, level: &mut Level) -> anyhow::Result<()> {
    let state = chain.state();
    let mut changes = Changes::default();
    let target = within(&state, &mut changes, || {
        Storage::population(&scene.holder.account, 0).units / 2
    });
    let (mut draws, mut scans) = (Vec::new(), Vec::new());
    for again in 0..AGAIN {
        let (item, draw) = chain.measure(|| {
            within(&state, &mut changes, || {
                Storage::item_at(&scene.holder.account, 0, target)
            })
        });
        draws.push(draw);
        if again > 0 && level.files > FEW {
            continue;
        }
        let (number, scan) = chain.measure(|| within(&state, &mut changes, || scene.scan(target)));
        scans.push(scan);
        let root = scene.files.commitment(number?)?.root;
        let item = item.context("the tree finds nothing")?;
        anyhow::ensure!(item.root == root, "the tree and the peer find other files");
    }
    let draw = median(&draws).context("at least one draw")?;
    let scan = median(&scans).context("at least one draw")?;
    level.draw = draw;
    level.scan = scan;
    Ok(())
}
