//! Audits: what the chain asks for is shown, once, and what cannot be shown keeps nothing else back.

use noema_da::chain::{Asked, AskedRow};

use crate::{chain::*, harness::*};

fn asked(chain: &MemoryChain, submission: u64, seat: usize, index: u8, number: u16) -> AskedRow {
    let plan = chain.plan(submission);
    AskedRow {
        index,
        commitment: plan.commitment(),
        shape: plan.shape,
        row: plan.assignment.row(seat, number).unwrap(),
        answered: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_asked_for_are_shown() {
    let network = Network::new(&[1; 5]).await;
    let one = submission_of(&network.put(&data(80_000, 1)).await);
    let two = submission_of(&network.put(&data(3, 2)).await);
    let seat = 3;
    let rows = vec![
        asked(&network.chain, one, seat, 0, 0),
        asked(&network.chain, one, seat, 1, 7),
        asked(&network.chain, two, seat, 2, 0),
        // Nobody has it: the others are shown all the same.
        AskedRow {
            commitment: noema_da_primitives::Commitment([9; 32]),
            ..asked(&network.chain, one, seat, 3, 0)
        },
    ];
    network.chain.change(|state| {
        let round = ERA + 2;
        let until = u64::MAX;
        let what = Asked { round, until, rows };
        state.asked.insert(provider(seat), what);
    });
    until(|| async {
        network.chain.change(|state| {
            let rows = &state.asked[&provider(seat)].rows;
            rows[..3].iter().all(|row| row.answered).then_some(())
        })
    })
    .await;
    let answers = network.chain.change(|state| {
        let all = state.answers.iter();
        all.map(|(_, proofs)| proofs.len()).sum::<usize>()
    });
    assert_eq!(answers, 3, "each once");
    let lacking = figure(&network.seats[seat], "noema_da_seat_audit_answers_lacking").await;
    assert_eq!(lacking, 1.0);
    network.stop().await;
}
