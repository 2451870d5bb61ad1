//! Who answers whenever a block with room lets it is never penalised: a thousand rounds of whatever may come.

use crate::{mock::*, RoundState};
use noema_models::audits::block::{Block, Kind, Load};

/// A small generator of numbers, so that a thousand rounds are always the same thousand.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// The weather of a block, nine in ten times that of the one before.
fn weather(dice: &mut Dice, kind: &mut u64) -> Block {
    if dice.below(10) == 0 {
        // Usual again more often than not.
        *kind = dice.below(28);
    }
    let usual = usual();
    let load = |normal, total, length| Load {
        normal,
        total,
        length,
    };
    match *kind {
        0 => full(),
        1 => Block {
            load: load(30, 20, 760),
            ..usual
        },
        2 => Block {
            load: load(0, 900, 0),
            ..usual
        },
        3 => Block {
            load: load(990, 740, 100),
            ..usual
        },
        4 => of_kind(Kind::SessionStart),
        5 => of_kind(Kind::Migrating),
        6 => of_kind(Kind::MigrationEnds),
        7 => Block {
            load: load(750, 1_000, 0),
            ..of_kind(Kind::Brimful)
        },
        8 => Block {
            open: (false, false),
            ..usual
        },
        9 => Block {
            open: (true, false),
            ..usual
        },
        10 => Block {
            open: (false, true),
            ..usual
        },
        11 | 12 => without_seed(),
        _ => usual,
    }
}

/// Whether an honest provider can bring its answers in: blocks with room whose author does not censor, and at the latest the last tick of the window.
fn can_answer(block: &Block, censored: bool) -> bool {
    let RoundState::Open { until, .. } = running().state else {
        return false;
    };
    let last_chance = block.is_tick() && tick() + 1 >= until;
    block.can_take_answers() && (!censored || last_chance)
}

#[test]
fn an_honest_provider_is_never_penalised_in_a_thousand_rounds() {
    build_and_execute(&[1, 2, 3], || {
        let mut dice = Dice(7);
        let mut kind = 27;
        // 2 never answers: a witness that there is something to miss.
        to_calm();
        give(1, &[40, 3, 25]);
        give(2, &[40]);
        let mut skipped = 0;
        let mut blocks = 0u32;
        // The round that it has done with.
        let mut done = None;
        while round() < 1_000 {
            let was_drawing = is_drawing();
            let block = weather(&mut dice, &mut kind);
            let seed = block.output;
            begin_block(&block, seed);
            skipped += u32::from(was_drawing && running().state == RoundState::Skipped);
            if block.kind.polls() {
                // Owners come and go, and strangers poke; some of it is refused.
                match dice.below(20) {
                    0 if Replicas::count(1) < 12 => drop(Replicas::insert(
                        1,
                        Leaf {
                            replica: blocks.into(),
                            sectors: 1 + dice.below(60),
                        },
                    )),
                    1 if Replicas::count(1) > 1 => drop(Replicas::remove(1, 0)),
                    2 => drop(poke(1)),
                    3 => drop(poke(2)),
                    4 => drop(poke(3)),
                    _ => {}
                }
            }
            let censored = dice.below(3) > 0;
            if done != Some(round()) && can_answer(&block, censored) {
                done = Some(round());
                if let Some((of, _, challenges)) = Audits::challenges(&1) {
                    let batch: Vec<_> = challenges
                        .into_iter()
                        .filter_map(|(index, item, answered)| {
                            (!answered).then_some((index, Proof::of(item)))
                        })
                        .collect();
                    answer(1, of, &batch).unwrap();
                }
            }
            end_block(&block);
            blocks += 1;
            if blocks.is_multiple_of(512) {
                check_invariants();
            }
        }
        while poke(1).is_ok() {}
        while poke(2).is_ok() {}
        assert_eq!(record(1).points, 0);
        assert_eq!(Registry::funds(1).bond, BOND);
        let totals = Wages::totals(1);
        assert_eq!((totals.lost, totals.forfeited), (0, 0));
        let log = Wages::log(1);
        let passed = log.iter().filter(|(_, paid)| *paid == Paid::Passed).count();
        assert!(log
            .iter()
            .all(|(_, paid)| matches!(paid, Paid::Passed | Paid::Skipped)));
        assert!(
            passed > 800 && skipped > 20,
            "{passed} passed, {skipped} skipped in {blocks} blocks"
        );
        assert!(record(2).is_dropping());
    });
}
