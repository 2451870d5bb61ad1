//! Which blocks are ticks, and what passes without one.

use super::scene::{full, output, quick, Scene};
use crate::audits::{
    block::{Block, Kind, Load},
    book::Audits,
    eager::Eager,
    parameters::{Pace, Parameters},
    rounds::{State, Timeline},
    RoundIndex,
};
use proptest::prelude::*;

fn with_load(normal: u32, total: u32, length: u32) -> Block {
    Block {
        load: Load {
            normal,
            total,
            length,
        },
        ..Block::usual(output(1))
    }
}

#[test]
fn a_block_that_leaves_a_quarter_is_a_tick() {
    assert!(with_load(750, 812, 750).is_tick());
}

#[test]
fn a_block_full_of_weight_bytes_or_operational_calls_is_none() {
    assert!(!with_load(751, 0, 0).is_tick());
    assert!(!with_load(0, 0, 751).is_tick());
    // What is not of the normal class keeps answers out as well.
    assert!(!with_load(0, 814, 0).is_tick());
}

#[test]
fn a_block_without_transactions_is_none() {
    for kind in [
        Kind::SessionStart,
        Kind::Migrating,
        Kind::MigrationEnds,
        Kind::Brimful,
    ] {
        let block = Block {
            kind,
            ..Block::usual(output(1))
        };
        assert!(!block.is_tick(), "{kind:?}");
        let mut timeline = Timeline::new(quick());
        timeline.poll(&block);
        timeline.idle(&block);
        assert_eq!(timeline.tick, 0, "{kind:?}");
    }
}

#[test]
fn a_block_in_which_answers_were_paused_at_either_end_is_none() {
    for open in [(false, false), (false, true), (true, false)] {
        let block = Block {
            open,
            ..Block::usual(output(1))
        };
        let mut timeline = Timeline::new(quick());
        timeline.poll(&block);
        timeline.idle(&block);
        assert_eq!(timeline.tick, 0, "{open:?}");
    }
}

#[test]
fn an_answer_fits_into_every_tick() {
    // The reason for the rule: whatever is a tick could have taken an answer.
    for normal in (0..=1_000).step_by(10) {
        for length in (0..=1_000).step_by(10) {
            let block = with_load(normal, normal * 3 / 4, length);
            assert!(!block.is_tick() || block.can_take_answers());
        }
    }
}

#[test]
fn the_proposed_paces_fit() {
    for parameters in [Parameters::production(), Parameters::development(), quick()] {
        assert!(parameters.pace.fits(parameters.seed_gap));
    }
    let too_short = Pace {
        round_ticks: 41,
        ..Pace::DEVELOPMENT
    };
    assert!(!too_short.fits(8));
}

#[test]
fn every_window_has_as_many_ticks_as_promised_and_ends_before_the_next_draw() {
    let mut scene = Scene::<Eager>::new(quick()).with(&[1]);
    for _ in 0..5 {
        scene.go_to_open();
        let opened = scene.chain.book().timeline.tick;
        scene.go_to_close();
        let timeline = &scene.chain.book().timeline;
        // The block that drew it was a tick as well, and took answers.
        assert_eq!(timeline.tick - opened, 4);
        assert!(!timeline.is_drawing());
    }
}

#[test]
fn a_round_keeps_its_pace_and_its_window_when_governance_changes_the_pace() {
    let mut scene = Scene::<Eager>::new(quick()).with(&[1]);
    scene.go_to_open();
    let before = scene.chain.book().timeline.round;
    scene.chain.book_mut().timeline.parameters.pace = Pace {
        round_ticks: 2,
        answer_ticks: 3,
        draw_delay: 1,
    };
    assert_eq!(scene.chain.book().timeline.round, before);
    let State::Open { until, .. } = before.state else {
        panic!()
    };
    scene.pass_until(|chain| chain.book().timeline.round.index > before.index);
    assert!(scene.chain.book().timeline.tick >= before.ends.max(until));
    // A pace that does not fit makes longer rounds, never shorter windows.
    scene.pass_until(Scene::<Eager>::is_open);
    let opened = scene.chain.book().timeline.tick;
    scene.go_to_close();
    // The block that opened it was the first of its three ticks.
    assert_eq!(scene.chain.book().timeline.tick, opened + 2);
}

#[test]
fn a_round_that_is_still_drawn_at_its_end_goes_on_until_it_was_open() {
    let mut parameters = quick();
    parameters.pace = Pace {
        round_ticks: 2,
        answer_ticks: 3,
        draw_delay: 6,
    };
    let mut scene = Scene::<Eager>::new(parameters).with(&[1]);
    scene.go_to_draw();
    let round = scene.chain.book().timeline.round;
    scene.pass_until(|chain| chain.book().timeline.tick > round.ends);
    assert_eq!(scene.round(), round.index);
    assert!(scene.chain.book().timeline.is_drawing());
    scene.go_to_open();
    assert_eq!(scene.round(), round.index);
}

#[test]
fn a_draw_point_without_a_seed_takes_the_first_after_it_and_keeps_it() {
    let parameters = quick();
    let mut timeline = Timeline::new(parameters);
    let mut seen = Vec::new();
    for salt in 1..=12 {
        let mut block = Block::usual(output(salt));
        if salt == 8 {
            block.output = None;
        }
        timeline.poll(&block);
        timeline.idle(&block);
        seen.push(timeline.seed_from(8));
    }
    // Blocks up to 8 have not made it; 9 makes it, and later ones change nothing.
    assert!(seen[..8].iter().all(Option::is_none));
    assert!(seen[8].is_some() && seen[8..].iter().all(|seed| *seed == seen[8]));
    assert_eq!(timeline.seed_from(8), timeline.seed_from(9));
    assert_ne!(timeline.seed_from(9), timeline.seed_from(10));
}

#[test]
fn ticks_frozen_for_days_cost_nobody_anything_and_the_window_goes_on() {
    let mut scene = Scene::<Eager>::new(quick()).with(&[1, 2]);
    scene.go_to_calm();
    scene.give(1, &[10]);
    scene.give(2, &[10]);
    scene.go_to_open();
    assert!(scene.answer(1, |_| true));
    let before = (scene.chain.book().timeline.tick, scene.challenges(2));
    for salt in 0..20_000 {
        let block = match salt % 3 {
            0 => full(1_000_000 + salt),
            1 => Block {
                kind: Kind::Migrating,
                ..full(1_000_000 + salt)
            },
            _ => Block {
                open: (false, false),
                ..Block::usual(output(1_000_000 + salt))
            },
        };
        scene.chain.pass(&block);
    }
    assert_eq!(
        (scene.chain.book().timeline.tick, scene.challenges(2)),
        before
    );
    assert!(scene.answer(2, |_| true));
    assert_eq!(scene.points(1) + scene.points(2), 0);
}

#[test]
fn a_draw_within_a_long_migration_is_skipped_and_costs_nobody_anything() {
    let mut scene = Scene::<Eager>::holding(&[10]);
    scene.go_to_draw();
    let round = scene.round();
    for salt in 0..50 {
        scene.chain.pass(&Block {
            kind: Kind::Migrating,
            ..full(2_000_000 + salt)
        });
    }
    scene.pass();
    assert!(scene.chain.book().timeline.skipped.contains(&round));
    scene.go_to_open();
    assert_eq!(scene.points(1), 0);
    assert_eq!(scene.round(), round + 1);
}

/// What a random block is like.
fn any_block() -> impl Strategy<Value = Block> {
    let kinds = prop_oneof![
        6 => Just(Kind::Usual),
        1 => Just(Kind::SessionStart),
        1 => Just(Kind::Migrating),
        1 => Just(Kind::MigrationEnds),
        1 => Just(Kind::Brimful),
    ];
    let load = (0..1_000u32, 0..1_000u32, 0..1_000u32);
    let open = (prop::bool::weighted(0.9), prop::bool::weighted(0.9));
    let output = prop::option::weighted(0.8, any::<u64>().prop_map(output));
    (kinds, load, open, output).prop_map(|(kind, (normal, total, length), open, output)| Block {
        kind,
        load: Load {
            normal,
            total,
            length,
        },
        output,
        open,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rounds_follow_each_other_whatever_blocks_come(blocks in prop::collection::vec(any_block(), 0..300)) {
        let mut timeline = Timeline::new(quick());
        let mut drawn: Option<RoundIndex> = None;
        let mut drawing_since = 0;
        for block in &blocks {
            let before = (timeline.tick, timeline.round);
            let polled = timeline.poll(block);
            let idled = timeline.idle(block);
            // One block, one tick at most, and only a block with room.
            prop_assert!(timeline.tick == before.0 + u64::from(block.is_tick()));
            for round in polled.drawn.into_iter().chain(polled.skipped) {
                // Each round is decided once, in order.
                prop_assert!(drawn.is_none_or(|last| round == last + 1));
                drawn = Some(round);
            }
            if let Some(round) = idled.began {
                prop_assert_eq!(Some(round - 1), drawn);
                prop_assert!(timeline.tick >= before.1.ends);
                drawing_since = 0;
            }
            // Nothing stands still for longer than a seed is waited for, counted in blocks that
            // take transactions.
            if block.kind.polls() {
                drawing_since += 1;
            }
            let parameters = &timeline.parameters;
            let longest = parameters.pace.draw_delay + parameters.seed_gap + 1;
            prop_assert!(!timeline.is_drawing() || drawing_since <= longest);
            // What is drawn is drawn by a seed of its draw point or a later block.
            if let (Some(_), State::Open { until, .. }) = (polled.drawn, timeline.round.state) {
                prop_assert!(timeline.block >= timeline.round.draw_at);
                prop_assert!(until <= timeline.round.ends);
            }
        }
    }
}
