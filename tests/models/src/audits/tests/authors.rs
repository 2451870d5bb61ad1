//! What block authors and others who make blocks can do to rounds and draws.

use super::scene::{output, quick, thorough, Scene};
use crate::audits::{
    block::{Block, Kind},
    book::Audits,
    lazy::Lazy,
    parameters::Parameters,
    population::Item,
    proof::Proof,
    rounds::{State, Timeline},
    steering::{foresight, steered_miss, steered_miss_before},
};
use sp_crypto_hashing::blake2_256;

#[test]
fn the_seed_depends_on_every_block_from_the_begin_of_the_round_to_its_draw_point() {
    let mut parameters = Parameters::production();
    parameters.seed_window = 32;
    let run = |changed: Option<u32>| {
        let mut timeline = Timeline::new(parameters.clone());
        // A round that has begun at block 100: its draw point is 108.
        timeline.round.began_at = 100;
        timeline.round.draw_at = 108;
        while timeline.round.state == State::Drawing {
            let next = timeline.block + 1;
            let salt = u64::from(next) + if changed == Some(next) { 1 << 32 } else { 0 };
            let block = Block::usual(output(salt));
            timeline.poll(&block);
            timeline.idle(&block);
        }
        timeline.round.state
    };
    let mut seen = vec![run(None)];
    for block in 101..=108 {
        let state = run(Some(block));
        assert!(!seen.contains(&state), "block {block}");
        seen.push(state);
    }
    // Blocks after it do not matter.
    assert_eq!(run(Some(109)), run(None));
}

/// What a coalition that authors every block from the round's begin to its draw point can do: it
/// knows the seed while it can still move the population. It tries which of its accomplice's
/// replicas to remove until everything that is drawn is there.
#[test]
fn who_authors_all_blocks_from_begin_to_draw_can_choose_and_does_so_as_often_as_computed() {
    let mut scene = Scene::<Lazy>::new(thorough()).with(&[1]);
    scene.go_to_calm();
    // A quarter of what it should hold is lost; ten tiny files are its accomplice's.
    scene.give(1, &[40, 40]);
    scene.give(1, &[1; 10]);
    let ends = scene.chain.book().timeline.round.ends;
    scene.pass_until(|chain| chain.book().timeline.tick + 1 == ends);
    let has = |item: &Item| item.sector < 30;
    let found = (0..1024u32).find(|choice| {
        let mut trial = scene.clone();
        for place in (0..10).rev().filter(|place| choice >> place & 1 == 1) {
            trial.chain.remove(1, 2 + place).unwrap();
        }
        trial.go_to_open();
        trial.challenges(1).items.iter().all(has)
    });
    assert!(found.is_some());
    // With a third of all authors, once in 20,000 rounds by luck.
    assert!(foresight(1.0 / 3.0, 8) < 1.0 / 19_000.0);
    assert!((foresight(1.0 / 3.0, 8) - 3f64.powi(-9)).abs() < 1e-12);
}

#[test]
fn pauses_that_begin_and_end_within_blocks_let_no_tick_pass() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    scene.go_to_open();
    let tick = scene.chain.book().timeline.tick;
    for salt in 0..20 {
        let open = if salt % 2 == 0 {
            (true, false)
        } else {
            (false, true)
        };
        scene.chain.pass(&Block {
            open,
            ..Block::usual(output(4_000_000 + salt))
        });
    }
    assert_eq!(scene.chain.book().timeline.tick, tick);
}

#[test]
fn the_block_that_ends_a_migration_is_no_tick() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    scene.go_to_open();
    let tick = scene.chain.book().timeline.tick;
    let block = Block {
        kind: Kind::MigrationEnds,
        ..Block::usual(output(5_000_000))
    };
    assert!(block.kind.idles() && !block.can_take_answers());
    scene.chain.pass(&block);
    assert_eq!(scene.chain.book().timeline.tick, tick);
}

#[test]
fn an_answer_that_a_reorganisation_took_back_is_given_again_on_the_new_fork() {
    let mut scene = Scene::<Lazy>::holding(&[50, 60, 70]);
    scene.go_to_draw();
    let fork = scene.clone();
    scene.go_to_open();
    let old = scene.challenges(1);
    assert!(scene.answer(1, |_| true));

    // The same height, other authors: another seed, other challenges. The old batch is refused and
    // has changed nothing.
    let mut other = fork;
    other.salt = 9_000_000;
    other.go_to_open();
    assert_ne!(other.seed(), scene.seed());
    let batch: Vec<_> = (0..)
        .zip(old.items.iter().map(|item| Proof::of(*item)))
        .collect();
    assert!(other.chain.answer(1, other.round(), &batch).is_err());
    assert!(other.answer(1, |_| true));
    assert_eq!((scene.points(1), other.points(1)), (0, 0));
}

/// Numbers from 0 to 1, always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 += 1;
        let hash = blake2_256(&self.0.to_le_bytes());
        let number = u32::from_le_bytes(hash[..4].try_into().unwrap());
        f64::from(number) / 2f64.powi(32)
    }
}

/// Plays slots before a draw point: own ones with probability `authors`. Returns whether the round
/// is missed.
fn play(dice: &mut Dice, mut remaining: u32, authors: f64, miss: f64) -> bool {
    loop {
        let mut run = 0u32;
        while dice.roll() < authors {
            run += 1;
        }
        // Every choice of `remaining` out of the run ends at a seed of its own.
        let seeds = (0u32..1 << run.min(16)).filter(|choice| choice.count_ones() == remaining);
        if seeds.into_iter().any(|_| dice.roll() >= miss) {
            return false;
        }
        // Somebody else's slot comes next; before it, as much of the run as serves best.
        let value = |left: u32| match left {
            1 => miss,
            _ => steered_miss_before(left - 1, authors, miss),
        };
        let published = (0..=run.min(remaining - 1))
            .min_by(|a, b| value(remaining - a).total_cmp(&value(remaining - b)))
            .unwrap();
        remaining -= published + 1;
        if remaining == 0 {
            return dice.roll() < miss;
        }
    }
}

#[test]
fn authors_in_league_gain_by_withholding_what_is_computed_and_no_more() {
    for (authors, miss) in [(1.0 / 3.0, 0.57), (0.2, 0.3), (0.1, 0.9)] {
        for blocks in [1, 2, 4] {
            let mut dice = Dice(0);
            let games = 3_000;
            let missed = (0..games)
                .filter(|_| play(&mut dice, blocks, authors, miss))
                .count();
            let computed = steered_miss_before(blocks, authors, miss);
            let seen = missed as f64 / f64::from(games);
            // Four standard deviations.
            assert!(
                (seen - computed).abs() < 4.0 * (0.25 / f64::from(games)).sqrt(),
                "{seen} {computed}"
            );
        }
    }
}

#[test]
fn one_block_before_the_draw_point_it_is_one_bit_for_each_block_withheld() {
    for (authors, miss) in [(1.0 / 3.0, 0.57), (0.2, 0.077), (0.01, 0.9)] {
        let one_bit = miss * (1.0 - authors) / (1.0 - authors * miss);
        assert!((steered_miss_before(1, authors, miss) - one_bit).abs() < 1e-9);
        assert!(steered_miss(authors, miss) <= one_bit);
        assert!(steered_miss(authors, miss) > miss * (1.0 - authors) * (1.0 - 2.0 * authors));
    }
    assert!((steered_miss(0.0, 0.3) - 0.3).abs() < 1e-12);
    assert!(
        (steered_miss(1.0 / 3.0, 1.0) - 1.0).abs() < 1e-9,
        "who has nothing cannot be helped"
    );
}
