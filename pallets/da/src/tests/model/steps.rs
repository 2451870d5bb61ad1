//! What happens in random histories.

use crate::mock::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
pub(super) struct Submit {
    pub(super) who: u64,
    pub(super) number: u8,
    pub(super) size: u32,
    pub(super) days: u8,
    pub(super) namespace: u8,
    /// Of a bundle, its members.
    pub(super) sizes: Vec<u32>,
    /// So much less than it costs.
    pub(super) tight: Option<u8>,
    /// Whether two blocks follow, in which the row seed is drawn.
    pub(super) seeded: bool,
}

#[derive(Clone, Debug)]
pub(super) struct SubmitMember {
    pub(super) who: u64,
    /// Of which bundle, counted back from the last.
    pub(super) back: u64,
    pub(super) index: u32,
    pub(super) days: u8,
    pub(super) namespace: u8,
    pub(super) shown: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Block {
        seed: bool,
        hooks: bool,
    },
    Round {
        hooks: bool,
    },
    /// Blocks without seeds, so many that a row seed is lost.
    Drought,
    Submit(Submit),
    Attest {
        back: u64,
        seats: Vec<u8>,
        signed: bool,
    },
    Extend {
        who: u64,
        back: u64,
        days: u8,
    },
    Expire {
        nth: usize,
    },
    /// Rounds go by without hooks, and then somebody expires the oldest.
    Overdue,
    SubmitMember(SubmitMember),
    ExpireMember {
        namespace: u8,
        nth: usize,
    },
    Settle {
        provider: u64,
        outcome: u8,
    },
    Drop {
        provider: u64,
    },
}

fn any_payer() -> impl Strategy<Value = u64> {
    prop_oneof![8 => Just(ALICE), 4 => Just(BOB), 1 => Just(super::PAUPER)]
}

fn any_seats() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => Just(vec![0, 1, 2]),
        3 => Just(vec![3]),
        3 => Just(vec![4]),
        3 => Just(vec![1, 2, 3]),
        2 => Just(vec![0, 1, 2, 3, 4]),
        4 => prop::collection::btree_set(0..5u8, 0..4).prop_map(|seats| seats.into_iter().collect()),
        1 => Just(vec![4, 5]),
    ]
}

fn any_back() -> impl Strategy<Value = u64> {
    prop_oneof![6 => Just(0u64), 3 => 0..3u64, 2 => 0..12u64]
}

fn any_size() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0..600u32,
        4 => 0..70_000u32,
        1 => Just(5 << 20),
        1 => Just(128u32 << 20),
        1 => Just((128u32 << 20) + 1),
    ]
}

fn any_days() -> impl Strategy<Value = u8> {
    prop_oneof![6 => 1..4u8, 2 => 1..14u8, 1 => Just(0), 1 => Just(14)]
}

fn any_submit() -> impl Strategy<Value = Submit> {
    (
        any_payer(),
        0..4u8,
        any_size(),
        any_days(),
        0..3u8,
        prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(0..5_000u32, 1..4)],
        prop_oneof![8 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(1))],
        prop::bool::weighted(0.7),
    )
        .prop_map(
            |(who, number, size, days, namespace, sizes, tight, seeded)| Submit {
                who,
                number,
                size,
                days,
                namespace,
                sizes,
                tight,
                seeded,
            },
        )
}

fn any_member() -> impl Strategy<Value = SubmitMember> {
    (
        any_payer(),
        0..2u64,
        0..3u32,
        any_days(),
        0..4u8,
        prop::bool::weighted(0.8),
    )
        .prop_map(|(who, back, index, days, namespace, shown)| SubmitMember {
            who,
            back,
            index,
            days,
            namespace,
            shown,
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    let flag = prop::bool::weighted;
    prop_oneof![
        10 => (flag(0.85), flag(0.85)).prop_map(|(seed, hooks)| Step::Block { seed, hooks }),
        3 => flag(0.85).prop_map(|hooks| Step::Round { hooks }),
        8 => any_submit().prop_map(Step::Submit),
        20 => (any_back(), any_seats(), flag(0.93)).prop_map(|(back, seats, signed)| Step::Attest { back, seats, signed }),
        4 => (any_payer(), any_back(), any_days()).prop_map(|(who, back, days)| Step::Extend { who, back, days }),
        2 => (0..4usize).prop_map(|nth| Step::Expire { nth }),
        1 => Just(Step::Overdue),
        1 => Just(Step::Drought),
        8 => any_member().prop_map(Step::SubmitMember),
        8 => (0..4u8, 0..2usize).prop_map(|(namespace, nth)| Step::ExpireMember { namespace, nth }),
        8 => (1..6u64, 0..3u8).prop_map(|(provider, outcome)| Step::Settle { provider, outcome }),
        2 => (1..6u64).prop_map(|provider| Step::Drop { provider }),
    ]
}

/// Up to so many steps.
pub(super) fn any_steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any_step(), most / 2..most)
}
