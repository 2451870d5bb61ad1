//! What is accepted, and with which error everything else is refused.

use super::scene::{quick, Scene};
use crate::audits::{
    book::{Answer, Audits, Outcome},
    eager::Eager,
    error::Error,
    lazy::Lazy,
    proof::Proof,
};

/// Providers 1 and 2 with several replicas each, in an open round.
fn scene<A: Audits>() -> Scene<A> {
    let mut scene = Scene::<A>::new(quick()).with(&[1, 2, 3]);
    scene.go_to_calm();
    scene.give(1, &[5, 9, 30]);
    scene.give(2, &[7, 80]);
    scene.go_to_open();
    scene
}

fn right<A: Audits>(scene: &Scene<A>, account: u32) -> Vec<Answer> {
    let items = scene.challenges(account).items;
    (0..).zip(items.into_iter().map(Proof::of)).collect()
}

/// Refused, and nothing has changed.
fn refused<A: Audits>(
    scene: &mut Scene<A>,
    account: u32,
    round: u32,
    answers: &[Answer],
    error: Error,
) {
    let before = format!("{:?}", scene.chain.book());
    assert_eq!(scene.chain.answer(account, round, answers), Err(error));
    assert_eq!(format!("{:?}", scene.chain.book()), before);
}

fn each_error<A: Audits>() {
    let mut scene = scene::<A>();
    let round = scene.round();
    let answers = right(&scene, 1);
    let first = answers[0];

    refused(&mut scene, 9, round, &answers, Error::NotAnOperator);
    refused(&mut scene, 1, round + 1, &answers, Error::RoundNotBegun);
    refused(&mut scene, 1, round - 1, &answers, Error::RoundOver);
    refused(&mut scene, 1, round, &[], Error::NoAnswers);
    refused(&mut scene, 3, round, &answers, Error::NothingToAnswer);
    let beyond = (u8::try_from(answers.len()).unwrap(), first.1);
    refused(&mut scene, 1, round, &[beyond], Error::UnknownChallenge);
    refused(&mut scene, 1, round, &[first, first], Error::DuplicateIndex);

    let truncated = Proof {
        siblings: first.1.siblings - 1,
        ..first.1
    };
    refused(
        &mut scene,
        1,
        round,
        &[(0, truncated)],
        Error::WrongProofLength,
    );
    let flipped = Proof {
        flipped: true,
        ..first.1
    };
    refused(&mut scene, 1, round, &[(0, flipped)], Error::WrongProof);
    // A batch with one bad proof is refused whole, and its length is looked at first.
    refused(
        &mut scene,
        1,
        round,
        &[
            (0, flipped),
            (
                1,
                Proof {
                    siblings: 60,
                    ..answers[1].1
                },
            ),
        ],
        Error::WrongProofLength,
    );
    // Another provider's answers: what was drawn for it is not what was drawn for this one.
    for answer in right(&scene, 2) {
        let result = scene.chain.answer(1, round, &[answer]);
        assert!(matches!(
            result,
            Err(Error::WrongProof | Error::WrongProofLength | Error::UnknownChallenge)
        ));
    }

    assert_eq!(
        scene.chain.answer(1, round, &[first]).unwrap().left,
        answers.len() - 1
    );
    refused(&mut scene, 1, round, &[first], Error::AlreadyAnswered);
    assert_eq!(scene.chain.answer(1, round, &answers[1..]).unwrap().left, 0);
    assert_eq!(scene.outcomes(1), [Outcome::Passed]);
    refused(&mut scene, 1, round, &[first], Error::NothingToAnswer);

    let late = right(&scene, 2);
    scene.go_to_close();
    refused(&mut scene, 2, round, &late, Error::TooLate);
    scene.go_to_draw();
    let next = scene.round();
    refused(&mut scene, 2, round, &late, Error::RoundOver);
    refused(&mut scene, 2, next, &late, Error::NotDrawn);
    scene.go_to_open();
    // Replayed into the next round.
    for answer in late {
        let result = scene.chain.answer(2, next, &[answer]);
        assert!(
            matches!(
                result,
                Err(Error::WrongProof | Error::WrongProofLength | Error::UnknownChallenge)
            ),
            "{result:?}"
        );
    }
}

#[test]
fn every_wrong_answer_has_an_error_of_its_own_and_changes_nothing() {
    each_error::<Eager>();
    each_error::<Lazy>();
}

#[test]
fn answers_may_come_in_any_order_and_any_number_of_batches() {
    let mut scene = scene::<Lazy>();
    let round = scene.round();
    for answer in right(&scene, 1).into_iter().rev() {
        assert!(scene.chain.answer(1, round, &[answer]).is_ok());
    }
    assert_eq!(scene.outcomes(1), [Outcome::Passed]);
}

#[test]
fn nobody_answers_a_skipped_round() {
    let mut scene = scene::<Lazy>();
    scene.go_to_draw();
    let round = scene.round();
    let answer = (
        0,
        Proof {
            of: crate::audits::population::Item {
                replica: 1,
                sectors: 1,
                sector: 0,
            },
            siblings: 0,
            flipped: false,
        },
    );
    for salt in 0..5 {
        scene.chain.pass(&crate::audits::block::Block {
            output: None,
            ..super::scene::full(salt)
        });
    }
    refused(&mut scene, 1, round, &[answer], Error::RoundSkipped);
}
