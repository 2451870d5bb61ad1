//! Blocks, one after the other, as the executive makes them, and the way to the state of a round that a test wants.

use super::*;

/// A block whose author has nothing to put into it.
pub(crate) fn usual() -> ModelBlock {
    ModelBlock::usual(sp_io::hashing::blake2_256(
        &(b"seed", System::block_number() + 1).encode(),
    ))
}

/// A block of others' weight, so full that it is no tick.
pub(crate) fn full() -> ModelBlock {
    ModelBlock {
        load: Load {
            normal: 751,
            ..Load::default()
        },
        ..usual()
    }
}

/// A block without a seed.
pub(crate) fn without_seed() -> ModelBlock {
    ModelBlock {
        output: None,
        ..usual()
    }
}

/// A block of another kind.
pub(crate) fn of_kind(kind: Kind) -> ModelBlock {
    ModelBlock { kind, ..usual() }
}

/// What happens in a block before its transactions. The seed is what the block brings along.
pub(crate) fn begin_block(block: &ModelBlock, seed: Option<[u8; 32]>) {
    let number = System::block_number() + 1;
    System::initialize(&number, &Default::default(), &Default::default());
    System::reset_events();
    Answerable::set(block.open.0);
    if let Some(seed) = seed.filter(|_| block.kind.polls()) {
        Seeds::set(number, seed);
        if let Some(old) = number.checked_sub(History::get() + 1) {
            SeedOf::remove(old);
        }
    }
    if block.kind.polls() {
        let was_open = is_open();
        Audits::on_poll(number, &mut WeightMeter::with_limit(BLOCK));
        RowAudits::on_poll(number, &mut WeightMeter::with_limit(BLOCK));
        if Eagerly::get() && !was_open && is_open() {
            draw_everybody();
        }
    }
}

/// As if everybody's challenges were drawn at once.
fn draw_everybody() {
    let round = running();
    let RoundState::Open { seed, .. } = round.state else {
        panic!("the round is not open");
    };
    for provider in LeafCount::iter_keys().collect::<Vec<_>>() {
        let population = Replicas::population(&provider, round.index);
        let items = Audits::draw(&provider, &population, &seed, round.index);
        DrawnAtOpening::insert(provider, (round.index, items.to_vec()));
    }
}

/// How much of a block's limits this is.
fn per_mille(of: u64, share: u32) -> u64 {
    of / 1_000 * u64::from(share)
}

/// What happens in a block after its transactions, as the executive does it.
pub(crate) fn end_block(block: &ModelBlock) {
    let number = System::block_number();
    Answerable::set(block.open.1);
    let normal = per_mille(NORMAL, block.load.normal);
    let total = per_mille(BLOCK.ref_time(), block.load.total);
    let length = per_mille(LENGTH.into(), block.load.length);
    System::set_block_consumed_resources(Weight::from_parts(normal, 0), length as usize);
    let others = total.saturating_sub(normal);
    System::register_extra_weight_unchecked(
        Weight::from_parts(others, 0),
        DispatchClass::Operational,
    );
    idle(block.kind.idles(), number);
    Answerable::set(true);
}

/// `on_idle` with what is left of the block.
pub(crate) fn idle(runs: bool, number: u32) {
    let limits = <Test as frame_system::Config>::BlockWeights::get();
    let remaining = limits
        .max_block
        .saturating_sub(System::block_weight().total());
    if runs && remaining.all_gt(Weight::zero()) {
        let used = Audits::on_idle(number, remaining);
        assert!(used.all_lte(remaining));
        RowAudits::on_idle(number, remaining);
    }
}

/// A whole block without transactions.
pub(crate) fn pass(block: &ModelBlock) {
    begin_block(block, block.output);
    end_block(block);
}

/// The next block, an empty one.
pub(crate) fn next_block() {
    pass(&usual());
}

/// Begins the next block, an empty one, and does something in it before it ends.
pub(crate) fn in_next_block<R>(transactions: impl FnOnce() -> R) -> R {
    let block = usual();
    begin_block(&block, block.output);
    let result = transactions();
    end_block(&block);
    result
}

pub(crate) fn next_blocks(number: u32) {
    (0..number).for_each(|_| next_block());
}

/// Empty blocks until something holds.
pub(crate) fn pass_until(holds: impl Fn() -> bool) {
    for _ in 0..200 {
        if holds() {
            return;
        }
        next_block();
    }
    panic!("it never holds: {:?}", Running::<Test>::get());
}

pub(crate) fn tick() -> Tick {
    <Audits as Ticks>::now()
}

pub(crate) fn running() -> RoundOf<Test> {
    Running::<Test>::get().expect("a round runs")
}

pub(crate) fn round() -> RoundIndex {
    running().index
}

/// Whether the running round can be answered.
pub(crate) fn is_open() -> bool {
    Running::<Test>::get().is_some_and(|round| round.open_seed(tick()).is_some())
}

pub(crate) fn is_drawing() -> bool {
    Running::<Test>::get().is_some_and(|round| round.is_drawing())
}

/// To where a round is over and the next has not begun: populations change freely.
pub(crate) fn to_calm() {
    pass_until(|| Running::<Test>::exists() && !is_drawing() && !is_open());
}

/// To where the window of the running round is over.
pub(crate) fn to_close() {
    pass_until(|| !is_open());
}

/// To where a round is being drawn.
pub(crate) fn to_draw() {
    to_close();
    pass_until(is_drawing);
}

/// To where a round can be answered: the one that is being drawn, else the next.
pub(crate) fn to_open() {
    to_close();
    pass_until(is_open);
}

/// Runs through a round that has no seed.
pub(crate) fn to_skipped() {
    to_draw();
    let round = round();
    while is_drawing() {
        pass(&without_seed());
    }
    assert!(Audits::is_skipped(round));
}
