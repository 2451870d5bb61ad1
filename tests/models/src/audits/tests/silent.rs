//! Who never answers is struck once for every round that it was in, and dropped when the note says
//! so.

use super::{
    histories::{any_history, walk, Act, Step},
    scene::{quick, Scene, BOND},
};
use crate::audits::{
    book::{Audits, Outcome, Standing},
    eager::Eager,
    lazy::Lazy,
    population::Leaf,
    strikes::Level,
    Account,
};
use proptest::prelude::*;
use std::convert::Infallible;

const SILENT: Account = 0;

/// A chain, and the misses that a bystander has counted on it.
#[derive(Clone)]
struct Watched<A> {
    chain: A,
    misses: u32,
}

fn run<A: Audits>(history: &[Step], poke: impl Fn(&mut A)) -> Watched<A> {
    let mut chain = A::new(quick());
    chain.book_mut().register(SILENT, BOND, 0);
    let watched = Watched { chain, misses: 0 };
    let Ok(watched) = walk::<_, Infallible>(history, watched, |now, step, salt| {
        let block = step.weather.block(salt);
        let was_open = now.chain.book().timeline.open_seed().is_some();
        now.chain.begin(&block);
        let opened = !was_open && now.chain.book().timeline.open_seed().is_some();
        // The bystander counts each round that was drawn over something, until the one that was too
        // much.
        let dropped = now.misses >= 4;
        let held = !now.chain.book().providers[&SILENT].population.is_empty();
        if opened && held && !dropped {
            now.misses += 1;
        }
        if block.kind.polls() {
            for act in &step.acts {
                let _ = match *act {
                    Act::Insert(who, sectors) => now.chain.insert(
                        who,
                        Leaf {
                            replica: salt,
                            sectors,
                        },
                    ),
                    Act::Remove(who, place) => now.chain.remove(who, place).map(drop),
                    Act::Poke(_) => {
                        poke(&mut now.chain);
                        Ok(())
                    }
                    _ => Ok(()),
                };
            }
        }
        now.chain.end(&block);
        Ok(())
    });
    watched
}

/// Ends the running window, so that all that was counted is settled.
fn finish<A: Audits>(chain: A) -> Scene<A> {
    let mut scene = Scene {
        chain,
        salt: 1_000_000,
    };
    scene.go_to_close();
    scene
}

fn check<A: Audits>(scene: &Scene<A>, misses: u32) -> Result<(), TestCaseError> {
    let provider = &scene.chain.book().providers[&SILENT];
    let missed = provider
        .outcomes
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Missed)
        .count();
    prop_assert_eq!(missed, usize::try_from(misses).unwrap());
    let rounds: std::collections::BTreeSet<_> =
        provider.outcomes.iter().map(|(round, _)| *round).collect();
    prop_assert_eq!(rounds.len(), provider.outcomes.len());
    prop_assert_eq!(provider.standing != Standing::Good, misses == 4);
    prop_assert_eq!(provider.drops, u32::from(misses == 4));
    prop_assert_eq!(provider.points, if misses == 4 { 72 } else { 24 * misses });
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn who_never_answers_is_struck_once_for_each_round_it_was_in(history in any_history(1, 150)) {
        let eager = run::<Eager>(&history, |_| ());
        check(&finish(eager.chain), eager.misses)?;
        let lazy = run::<Lazy>(&history, |chain| {
            let _ = chain.poke(SILENT, 99);
        });
        let mut scene = finish(lazy.chain);
        while scene.chain.poke(SILENT, 99).is_ok() {}
        check(&scene, lazy.misses)?;
    }
}

#[test]
fn four_misses_in_a_row_drop_everything_and_each_costs_more() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    scene.go_to_calm();
    scene.give(1, &[1 << 22, 1 << 22]);
    let parameters = scene.chain.book().parameters().clone();
    let fee = parameters.penalties.fee;
    // Two files of a GiB, a NOEMA for each.
    let collateral = 2 * (parameters.penalties.collateral << 22);
    let mut bond = BOND;
    let levels = [
        (Level::First, 0),
        (Level::Second, 1),
        (Level::Third, 4),
        (Level::Drop, 10),
    ];
    for (misses, (level, percent)) in (1..).zip(levels) {
        assert_eq!(scene.chain.book().providers[&1].standing, Standing::Good);
        scene.go_to_open();
        scene.go_to_close();
        assert_eq!(parameters.strikes.missed(scene.points(1)).1, level);
        let poked = scene.chain.poke(1, 99).unwrap();
        assert_eq!((poked.rounds, poked.missed, poked.reward), (1, 1, fee / 5));
        bond -= fee + collateral * percent / 100;
        assert_eq!(
            scene.chain.book().providers[&1].funds.bond,
            bond,
            "{misses} misses"
        );
    }
    assert!(scene.chain.book().is_dropping(1));
    assert_eq!(parameters.strikes.misses_until_drop(), 4);
}

#[test]
fn a_pass_takes_a_point_and_no_more() {
    let mut scene = Scene::<Eager>::holding(&[9]);
    scene.go_to_open();
    scene.go_to_close();
    assert_eq!(scene.points(1), 24);
    for left in (0..24).rev() {
        scene.go_to_open();
        assert!(scene.answer(1, |_| true));
        assert_eq!(scene.points(1), left);
    }
    scene.go_to_open();
    scene.answer(1, |_| true);
    assert_eq!(scene.points(1), 0);
}
