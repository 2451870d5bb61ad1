//! Each attack of the note: it fails, or costs what the note says.

use super::scene::{full, quick, Scene, BOND};
use crate::audits::{
    block::Block,
    book::{Audits, Outcome, Standing},
    draw,
    eager::Eager,
    error::Error,
    lazy::Lazy,
    parameters::Parameters,
    population::{Item, Leaf, Population},
    proof::Proof,
    rounds::State,
    worth::dilution,
};

// --- Moving the population ------------------------------------------------------------------------

#[test]
fn removing_what_is_challenged_frees_nobody_from_the_challenge() {
    let mut scene = Scene::<Lazy>::holding(&[5, 6, 7]);
    scene.go_to_open();
    let drawn = scene.challenges(1);
    while scene.size(1) > 0 {
        assert!(scene.chain.remove(1, 0).is_ok());
        assert_eq!(scene.challenges(1), drawn);
    }
    let mut honest = scene.clone();
    assert!(
        honest.answer(1, |_| true),
        "what is kept until the window ends can be proven"
    );
    scene.go_to_close();
    assert_eq!(scene.chain.poke(1, 9).unwrap().missed, 1);
    assert_eq!((scene.points(1), honest.points(1)), (24, 0));
}

#[test]
fn adding_other_replicas_dilutes_nothing() {
    let mut scene = Scene::<Lazy>::holding(&[5]);
    scene.go_to_open();
    let drawn = scene.challenges(1);
    scene.give(1, &[1_000_000]);
    assert_eq!(scene.challenges(1), drawn);
    scene.go_to_close();
    scene.chain.poke(1, 9).unwrap();
    scene.go_to_open();
    assert!(scene
        .challenges(1)
        .items
        .iter()
        .any(|item| item.sectors == 1_000_000));
}

#[test]
fn populations_stand_still_while_a_round_is_drawn_and_move_freely_before() {
    let mut scene = Scene::<Lazy>::holding(&[5, 6]);
    scene.go_to_draw();
    let before = scene.clone();
    assert_eq!(
        scene.chain.insert(
            1,
            Leaf {
                replica: 9,
                sectors: 9
            }
        ),
        Err(Error::Drawing)
    );
    assert_eq!(scene.chain.remove(1, 0), Err(Error::Drawing));
    assert_eq!(format!("{:?}", scene.chain), format!("{:?}", before.chain));
    // For as long as the draw takes, and no longer.
    scene.go_to_open();
    assert!(scene.chain.remove(1, 0).is_ok());

    // What changes before counts.
    let changed = |remove: bool| {
        let mut scene = Scene::<Lazy>::holding(&[50, 60]);
        if remove {
            scene.chain.remove(1, 0).unwrap();
        }
        scene.go_to_open();
        scene.challenges(1).items
    };
    assert!(changed(true).iter().all(|item| item.sectors == 60));
    assert_ne!(changed(false), changed(true));
}

#[test]
fn who_holds_nothing_at_the_draw_is_neither_challenged_nor_paid() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    scene.go_to_open();
    assert_eq!(scene.chain.challenges(1), None);
    scene.give(1, &[9]);
    assert_eq!(scene.chain.challenges(1), None, "not in this round");
    scene.go_to_close();
    assert_eq!(scene.chain.poke(1, 9), Err(Error::NothingToSettle));
    scene.go_to_open();
    assert!(scene.answer(1, |_| true));
    assert_eq!(scene.outcomes(1), [Outcome::Passed]);
}

#[test]
fn emptying_before_every_draw_earns_nothing() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    for _ in 0..10 {
        scene.go_to_calm();
        while scene.size(1) > 0 {
            scene.chain.remove(1, 0).unwrap();
        }
        scene.go_to_open();
        scene.give(1, &[9]);
    }
    let provider = &scene.chain.book().providers[&1];
    assert_eq!((provider.pay.paid, provider.outcomes.len()), (0, 0));
}

#[test]
fn hollow_files_that_dilute_what_is_lost_take_collateral_and_rent_for_all_of_them() {
    // To miss one round in twenty, with eight challenges, 155 bytes must be there for each that is
    // not.
    assert_eq!(dilution(0.05, 8).floor() as u32, 155);
    assert_eq!(dilution(0.5, 8).floor() as u32, 11);
}

// --- Strikes, identities, money -------------------------------------------------------------------

/// A provider that missed four rounds, all taken from it.
fn dropped() -> Scene<Lazy> {
    let mut scene = Scene::<Lazy>::holding(&[100, 100, 100]);
    for _ in 0..4 {
        scene.go_to_open();
        scene.go_to_close();
    }
    while scene.chain.poke(1, 9).is_ok() {}
    assert!(scene.chain.book().is_dropping(1));
    scene
}

#[test]
fn who_was_dropped_comes_back_empty_after_its_term_and_goes_with_the_next_miss() {
    let mut scene = dropped();
    assert_eq!(scene.chain.book().may_return(1), Err(Error::BeingDropped));
    assert_eq!(
        scene.chain.insert(
            1,
            Leaf {
                replica: 1,
                sectors: 1
            }
        ),
        Err(Error::BeingDropped)
    );
    // Long after its term, as long as it is not empty.
    for _ in 0..200 {
        scene.pass();
    }
    assert_eq!(scene.chain.book().may_return(1), Err(Error::BeingDropped));
    assert_eq!(scene.chain.take(1, 2), Ok(2));
    assert_eq!(scene.chain.book().may_return(1), Err(Error::BeingDropped));
    assert_eq!(scene.chain.take(1, 2), Ok(1));
    assert_eq!(scene.chain.book().may_return(1), Ok(()));
    assert_eq!(scene.points(1), 72);

    scene.go_to_calm();
    scene.give(1, &[9]);
    scene.go_to_open();
    scene.go_to_close();
    scene.chain.poke(1, 9).unwrap();
    assert!(scene.chain.book().is_dropping(1));
    assert_eq!(scene.chain.book().providers[&1].drops, 2);
}

#[test]
fn a_jail_term_holds_also_when_everything_is_gone_at_once() {
    let mut scene = dropped();
    scene.chain.take(1, 9).unwrap();
    assert_eq!(scene.chain.book().may_return(1), Err(Error::StillJailed));
}

#[test]
fn who_is_being_dropped_is_neither_challenged_nor_paid_nor_struck() {
    let mut scene = dropped();
    let before = scene.chain.book().providers[&1].clone();
    scene.go_to_open();
    assert_eq!(scene.chain.challenges(1), None);
    let answer = (
        0,
        Proof::of(Item {
            replica: 1,
            sectors: 100,
            sector: 0,
        }),
    );
    assert_eq!(
        scene.chain.answer(1, scene.round(), &[answer]),
        Err(Error::BeingDropped)
    );
    scene.go_to_close();
    assert_eq!(scene.chain.poke(1, 9).unwrap().missed, 0);
    let after = &scene.chain.book().providers[&1];
    assert_eq!(scene.outcomes(1).last(), Some(&Outcome::Forfeited));
    assert_eq!(
        (after.points, after.pay, &after.funds),
        (before.points, before.pay, &before.funds)
    );
}

#[test]
fn strikes_survive_leaving_and_registering_again() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    for _ in 0..2 {
        scene.go_to_open();
        scene.go_to_close();
    }
    // Everything is given up; that settles what is over.
    scene.chain.remove(1, 0).unwrap();
    assert_eq!(scene.points(1), 48);
    let provider = scene.chain.book_mut().provider_mut(1).unwrap();
    let bond = provider.funds.bond;
    provider.funds.unbond(bond, 0);
    provider.funds.withdraw(1);
    scene.chain.book_mut().register(1, BOND, 0);
    assert_eq!(scene.points(1), 48);
    // Rounds in which it held nothing shed no strikes either.
    for _ in 0..30 {
        scene.go_to_open();
    }
    scene.go_to_calm();
    scene.give(1, &[9]);
    assert_eq!(scene.points(1), 48);
}

#[test]
fn bond_that_is_unbonding_is_slashed_and_nobody_empties_itself_before_it_is_settled() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    scene.go_to_open();
    let unbonding = scene.chain.book().parameters().unbonding;
    let matures = scene.chain.book().timeline.block + unbonding;
    scene
        .chain
        .book_mut()
        .provider_mut(1)
        .unwrap()
        .funds
        .unbond(BOND, matures);
    scene.go_to_close();
    // Giving its replicas up is what settles the miss, before they are gone.
    scene.chain.remove(1, 0).unwrap();
    let provider = &scene.chain.book().providers[&1];
    let fee = scene.chain.book().parameters().penalties.fee;
    assert_eq!(provider.funds.unbonding, [(BOND - fee, matures)]);
    assert_eq!(provider.points, 24);
    // A round is over long before.
    assert!(
        u64::from(Parameters::production().unbonding)
            > 100 * Parameters::production().pace.round_ticks
    );
}

#[test]
fn small_identities_have_more_challenges_and_lose_as_much() {
    let loss = |sectors: &[u64]| {
        let accounts: Vec<u32> = (1..).take(sectors.len()).collect();
        let mut parameters = quick();
        parameters.penalties.fee = 0;
        let mut scene = Scene::<Lazy>::new(parameters).with(&accounts);
        scene.go_to_calm();
        for (account, sectors) in accounts.iter().zip(sectors) {
            scene.give(*account, &[*sectors]);
        }
        scene.go_to_open();
        let challenges: usize = accounts
            .iter()
            .map(|account| scene.challenges(*account).items.len())
            .sum();
        for _ in 0..4 {
            scene.go_to_open();
            scene.go_to_close();
        }
        for account in &accounts {
            while scene.chain.poke(*account, 99).is_ok() {}
        }
        (challenges, scene.chain.book().fund)
    };
    let (one, lost_by_one) = loss(&[1 << 24]);
    let (many, lost_by_many) = loss(&[1 << 20; 16]);
    assert!(many > one);
    // Each slash of each identity rounds down by less than a unit.
    assert!(lost_by_one - lost_by_many < 16 * 4);
    assert!(lost_by_many > 0);
}

#[test]
fn who_pokes_itself_loses_four_fifths_of_the_fee() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    scene.go_to_open();
    scene.go_to_close();
    scene.chain.poke(1, 1).unwrap();
    let book = scene.chain.book();
    let fee = book.parameters().penalties.fee;
    assert_eq!(
        BOND - book.providers[&1].funds.bond - book.rewards[&1],
        fee * 4 / 5
    );
    assert_eq!(scene.chain.poke(1, 1), Err(Error::NothingToSettle), "once");
}

#[test]
fn nobody_is_paid_out_of_delegators_money() {
    let mut scene = Scene::<Lazy>::new(quick());
    scene.chain.book_mut().register(1, 0, BOND);
    scene.go_to_calm();
    scene.give(1, &[9]);
    scene.go_to_open();
    scene.go_to_close();
    assert_eq!(scene.chain.poke(1, 9).unwrap().reward, 0);
    let book = scene.chain.book();
    assert_eq!(book.fund, book.parameters().penalties.fee);
}

#[test]
fn the_ladder_takes_less_than_a_provider_must_have_of_its_own() {
    let parameters = Parameters::production();
    let all: u32 = parameters.penalties.percent.iter().sum();
    let own_share = 100 * 100 / (100 + parameters.delegation_percent);
    assert!(
        all < own_share,
        "{all} % of the collateral, of which {own_share} % are its own"
    );
}

// --- Settling late, or never ----------------------------------------------------------------------

#[test]
fn three_hundred_rounds_that_nobody_settled_are_settled_as_if_each_had_been() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    let mut eager = Scene::<Eager>::new(quick()).with(&[1]);
    scene.go_to_calm();
    scene.give(1, &[9]);
    eager.go_to_calm();
    eager.give(1, &[9]);
    for _ in 0..300 {
        scene.go_to_open();
        eager.go_to_open();
    }
    assert!(scene.outcomes(1).is_empty());
    assert_eq!(scene.chain.remove(1, 0), Err(Error::Unsettled));
    let mut pokes = 0;
    while scene.chain.poke(1, 9).is_ok() {
        pokes += 1;
    }
    assert_eq!(pokes, 300usize.div_ceil(16));
    assert_eq!(scene.outcomes(1), eager.outcomes(1));
    assert_eq!(scene.points(1), eager.points(1));
    let missed = scene
        .outcomes(1)
        .iter()
        .filter(|outcome| **outcome == Outcome::Missed)
        .count();
    assert_eq!(missed, 4);
}

#[test]
fn who_holds_nothing_is_settled_in_one_step_however_late() {
    let mut scene = Scene::<Lazy>::new(quick()).with(&[1]);
    for _ in 0..300 {
        scene.go_to_open();
    }
    scene.give(1, &[9]);
    assert!(scene.outcomes(1).is_empty());
}

#[test]
fn when_all_who_could_poke_are_in_league_nothing_is_paid_and_the_provider_settles_itself() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    for _ in 0..3 {
        scene.go_to_open();
        scene.go_to_close();
    }
    assert_eq!(scene.chain.book().providers[&1].pay.paid, 0);
    scene.go_to_open();
    // To be paid at all it must answer, and that settles the three misses.
    assert!(scene.answer(1, |_| true));
    assert_eq!(
        scene.outcomes(1),
        [
            Outcome::Missed,
            Outcome::Missed,
            Outcome::Missed,
            Outcome::Passed
        ]
    );
    assert_eq!(scene.points(1), 71);
}

#[test]
fn nobody_is_settled_before_its_window_is_over() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    scene.go_to_draw();
    assert_eq!(scene.chain.poke(1, 9), Err(Error::NothingToSettle));
    scene.go_to_open();
    while scene.chain.book().timeline.open_seed().is_some() {
        assert_eq!(scene.chain.poke(1, 9), Err(Error::NothingToSettle));
        scene.pass();
    }
    assert!(scene.chain.poke(1, 9).is_ok());
}

#[test]
fn a_skipped_round_is_paid_only_with_the_next_proof() {
    let run = |answers: bool| {
        let mut scene = Scene::<Lazy>::holding(&[9]);
        scene.go_to_draw();
        for salt in 0..8 {
            scene.chain.pass(&Block {
                output: None,
                ..full(3_000_000 + salt)
            });
        }
        assert_eq!(scene.chain.book().timeline.round.state, State::Skipped);
        scene.chain.poke(1, 9).unwrap();
        assert_eq!(scene.chain.book().providers[&1].pay.carried, 9);
        scene.go_to_open();
        if answers {
            assert!(scene.answer(1, |_| true));
        }
        scene.go_to_close();
        let _ = scene.chain.poke(1, 9);
        (scene.chain.book().providers[&1].pay, scene.points(1))
    };
    let (honest, none) = run(true);
    assert_eq!(
        (honest.paid, honest.carried, honest.lost, none),
        (18, 0, 0, 0)
    );
    let (cheater, some) = run(false);
    assert_eq!(
        (cheater.paid, cheater.carried, cheater.lost, some),
        (0, 0, 18, 24)
    );
}

#[test]
fn what_is_carried_is_paid_to_who_has_nothing_left_to_prove() {
    let mut scene = Scene::<Lazy>::holding(&[9]);
    scene.go_to_draw();
    for salt in 0..8 {
        scene.chain.pass(&Block {
            output: None,
            ..full(3_000_000 + salt)
        });
    }
    scene.chain.remove(1, 0).unwrap();
    scene.go_to_open();
    // A new replica does not make the carried pay wait, nor count for this round.
    scene.give(1, &[50]);
    scene.go_to_close();
    scene.chain.poke(1, 9).unwrap();
    assert_eq!(scene.outcomes(1), [Outcome::Skipped, Outcome::Idle]);
    assert_eq!(scene.chain.book().providers[&1].pay.paid, 9);
}

#[test]
fn the_draw_itself_leaves_nothing_to_choose() {
    // Same seed, same population: the same challenges, whoever draws them and when.
    let mut population = Population::default();
    population.insert(Leaf {
        replica: 1,
        sectors: 99,
    });
    let count = quick().challenges;
    let once = draw::challenges(&count, &[3; 32], 1, 1, &population);
    assert_eq!(once, draw::challenges(&count, &[3; 32], 1, 1, &population));
    assert_eq!(
        once.len(),
        usize::try_from(count.of(population.bytes())).unwrap()
    );
}

#[test]
fn standing_is_good_before_anything_happened() {
    let scene = Scene::<Lazy>::new(quick()).with(&[1]);
    assert_eq!(scene.chain.book().providers[&1].standing, Standing::Good);
    assert_eq!(scene.chain.book().may_return(1), Ok(()));
}
