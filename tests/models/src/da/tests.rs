//! What the rules promise, of random histories of the model by itself.

use super::*;
use crate::leases::{Price, MILLION};
use proptest::prelude::*;
use std::collections::BTreeSet;

const POT: Account = 1_000;
const FUND: Account = 1_001;
const TREASURY: Account = 1_002;

fn parameters() -> Parameters {
    Parameters {
        existential_deposit: 1,
        attest_ticks: 10,
        draw_delay: 2,
        seed_gap: 2,
        max_in_flight: 1 << 28,
        record_fee: 5,
        sending_fee: 1_000,
        namespace_fee: 3,
        submission_deposit: 7,
        member_deposit: 4,
    }
}

fn model() -> Model {
    let price = Price {
        base: 1_000_000,
        next_base: 1_000_000,
        multiplier: MILLION,
    };
    let mut model = Model::new(parameters(), price, [POT, FUND, TREASURY]);
    model.capacity = 1 << 40;
    for who in (0..10).chain([POT, FUND, TREASURY]) {
        model.bank.endow(who, 1_000_000_000_000);
    }
    for era in 0..80 {
        model
            .committees
            .insert(era, vec![(5, 100), (6, 200), (7, 300), (8, 100)]);
    }
    model
}

#[derive(Clone, Debug)]
enum Op {
    Blocks(u8, bool),
    Round,
    Submit(u8, u32, u8),
    Attest(u64, u8),
    Extend(u64, u8),
    Settle(u64, u8),
    Drop(u64),
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (1..4u8, prop::bool::weighted(0.9)).prop_map(|(n, seed)| Op::Blocks(n, seed)),
        2 => Just(Op::Round),
        4 => (0..3u8, 0..100_000u32, 1..14u8).prop_map(|(c, s, d)| Op::Submit(c, s, d)),
        4 => (0..20u64, 1..16u8).prop_map(|(id, seats)| Op::Attest(id, seats)),
        1 => (0..20u64, 1..4u8).prop_map(|(id, days)| Op::Extend(id, days)),
        4 => (5..9u64, 0..3u8).prop_map(|(who, outcome)| Op::Settle(who, outcome)),
        1 => (5..9u64).prop_map(Op::Drop),
    ]
}

fn run(model: &mut Model, op: &Op) {
    match op {
        Op::Blocks(number, seed) => (0..*number).for_each(|_| model.next_block(*seed, true)),
        Op::Round => {
            model.next_round();
            model.next_block(true, true);
        }
        Op::Submit(commitment, size, days) => {
            model
                .submit(1, *commitment, *size, None, 0, *days, Balance::MAX)
                .ok();
        }
        Op::Attest(back, mask) => {
            let seats: BTreeSet<Seat> = (0..4).filter(|seat| mask >> seat & 1 == 1).collect();
            let id = model.next_submission.saturating_sub(1 + back);
            model.attest(id, &seats, true).ok();
        }
        Op::Extend(back, days) => {
            let id = model.next_submission.saturating_sub(1 + back);
            model.extend(2, id, *days, Balance::MAX).ok();
        }
        Op::Settle(provider, outcome) => {
            let outcome =
                [Outcome::Passed, Outcome::Missed, Outcome::Skipped][usize::from(*outcome)];
            let next = model.settled.get(provider).map_or(0, |settled| settled + 1);
            if next <= model.round {
                model.settle(*provider, next, outcome);
            }
        }
        Op::Drop(provider) => model.begin_drop(*provider),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The pot has what it owes after every step, nothing is made or lost, and when everything is over and settled, the pot is empty.
    #[test]
    fn what_is_paid_in_is_what_leaves(ops in prop::collection::vec(any_op(), 1..120)) {
        let mut model = model();
        let issuance = model.bank.issuance();
        for op in &ops {
            run(&mut model, op);
            if let Err(fault) = model.check() {
                prop_assert!(false, "{:?}: {}", op, fault);
            }
            prop_assert_eq!(model.bank.issuance(), issuance);
        }
        for _ in 0..70 {
            model.next_round();
            (0..12).for_each(|_| model.next_block(true, true));
            for provider in 5..9 {
                let next = model.settled.get(&provider).map_or(0, |settled| settled + 1);
                (next..=model.round).for_each(|round| model.settle(provider, round, Outcome::Passed));
            }
        }
        prop_assert_eq!(model.bank.money(POT).held, 0);
        prop_assert_eq!(model.bank.money(1).held, 0);
        prop_assert!(model.submissions.is_empty());
    }

    /// What a provider can be asked for in a round that has begun does not change before it settles it, unless it loses everything.
    #[test]
    fn populations_of_begun_rounds_stand_still(ops in prop::collection::vec(any_op(), 1..80)) {
        let mut model = model();
        for op in &ops {
            let before: Vec<_> = (5..9).map(|who| model.asked(who, model.round)).collect();
            let round = model.round;
            run(&mut model, op);
            if matches!(op, Op::Drop(_) | Op::Blocks(..) | Op::Round) {
                continue;
            }
            let after: Vec<_> = (5..9).map(|who| model.asked(who, round)).collect();
            prop_assert_eq!(before, after);
        }
    }
}

#[test]
fn shapes_are_those_of_the_design_note() {
    let of = |size| shape(size).map(|shape| (shape.units, shape.stored));
    assert_eq!(of(0), Some((64, 4 * 64 + 1_600)));
    assert_eq!(of(1 << 20), Some((256 * 4_160, 1_024 * 4_160 + 409_600)));
    assert_eq!(
        of(128 << 20),
        Some((4_096 * 32_832, 16_384 * 32_832 + 6_553_600))
    );
    assert_eq!(of((128 << 20) + 1), None);
}
