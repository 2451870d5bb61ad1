//! Random histories of all calls. After each step both books agree to the unit, with each other and with the record.

use super::{
    ops::{op, outcome},
    pair::Pair,
};
use crate::leases::Outcome;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use std::collections::BTreeSet;

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(256);
    ProptestConfig {
        cases,
        max_shrink_iters: 4_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn both_books_agree_on_every_balance_after_every_step(
        ops in prop::collection::vec(op(), 100..300), deposit in any::<bool>(), last in outcome(),
    ) {
        Pair::history(deposit, &ops, last);
    }
}

/// The histories are worth something: within a few of them everything happens that the rules have words for.
#[test]
fn random_histories_meet_everything() {
    let mut runner = TestRunner::deterministic();
    let mut met = BTreeSet::new();
    for _ in 0..48 {
        let ops = prop::collection::vec(op(), 300)
            .new_tree(&mut runner)
            .expect("it is a vector")
            .current();
        met.extend(Pair::history(met.len() % 2 == 0, &ops, Outcome::Passed).met);
    }
    let expected = BTreeSet::from([
        "a bounty waited",
        "a bounty waited in a deal that was over",
        "a bounty was set",
        "a bounty was taken",
        "a deal had credit",
        "a dropped provider forfeited at the end",
        "a lapsed deal",
        "a lease came to its next segment",
        "a lease had a next segment",
        "a lease was over and not cleaned up",
        "a lease was renewed out of credit",
        "a provider was dropped",
        "a provider was leaving",
        "a provider went without a replacement",
        "a replacement was proven and not auditable",
        "a round was carried",
        "a skipped round was lost later",
        "a skipped round was paid later",
        "a call that said too few replicas",
        "an owner changed",
        "delegators were slashed",
        "pay could not be received",
        "pay was forfeited during a drop",
        "rounds were settled late",
        "somebody else renewed",
        "whoever did not cover handed over",
    ]);
    let missing: Vec<_> = expected.difference(&met).collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
}
