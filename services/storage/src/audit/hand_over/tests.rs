//! Handing over against a chain in memory.

use std::collections::HashMap;

use noema_chain_client::{AuditRound, AuditRoundState, FileId, SubmitError, Terms};
use tempfile::TempDir;

use super::*;
use crate::{
    audit::tests::{round, setup_with, shared_of, standing, ME, OTHER},
    testing::{alice, deal, FakeChain, Sample},
};

const MIB: usize = 1 << 20;

/// A provider whose replicas have these sizes and earn since these rounds.
fn holds(chain: &FakeChain, who: AccountId, replicas: &[(usize, u32)]) -> Vec<FileId> {
    let place = |(n, (size, joined)): (usize, &(usize, u32))| {
        let sample = Sample::new(*size, n as u8 + who.0[0]);
        let held = SlotState::Held {
            provider: who,
            since: 3,
            joined: Some(*joined),
        };
        let mut deal = deal(&sample, vec![(held, 1)]);
        deal.terms = Terms {
            end: 40,
            ..Terms::default()
        };
        let file = sample.file.file;
        chain.with(|state| state.deals.insert((file, alice().account()), deal));
        file
    };
    replicas.iter().enumerate().map(place).collect()
}

fn is_short(chain: &FakeChain, who: AccountId, bytes: usize, blocks: u64) {
    let short = Uncovered {
        bytes: bytes as u64,
        leaving: 0,
        blocks,
        grace: 24,
    };
    chain.with(|state| {
        state.round = Some(round(100));
        state.uncovered.insert(who, short);
    });
}

/// The files that were handed over, in this order.
fn handed_over(chain: &FakeChain) -> Vec<FileId> {
    let calls = chain.submitted().into_iter();
    let files = calls.filter_map(|call| match call {
        Call::HandOver { file, .. } => Some(file),
        _ => None,
    });
    files.collect()
}

struct Own {
    chain: FakeChain,
    shared: Arc<Shared<FakeChain>>,
    look: HandOver,
    _dir: TempDir,
}

impl Own {
    fn new(enabled: bool) -> Self {
        let (chain, dir) = (FakeChain::new(), tempfile::tempdir().unwrap());
        Self {
            shared: shared_of(&chain, &dir),
            chain,
            look: HandOver::new(enabled),
            _dir: dir,
        }
    }

    /// Looks, however long ago that was done, and waits for what it begins.
    async fn look(&mut self, is_dropping: bool) {
        (self.look.not_before, self.look.task) = (None, None);
        self.look_if_due(is_dropping).await;
        while self
            .look
            .task
            .as_ref()
            .is_some_and(|task| !task.is_finished())
        {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn look_if_due(&mut self, is_dropping: bool) {
        let state = self.chain.clone();
        self.look.step(&self.shared, &state, is_dropping).await;
    }

    fn expect_figure(&self, line: &str) {
        let text = self.shared.metrics.text();
        assert!(
            text.contains(&format!("noema_storage_{line}\n")),
            "{line}: {text}"
        );
    }
}

#[tokio::test]
async fn what_the_stake_does_not_cover_goes_after_the_grace_and_no_more() {
    let mut own = Own::new(true);
    let files = holds(
        &own.chain,
        ME,
        &[(MIB, 1), (4 * MIB, 2), (MIB, 3), (2 * MIB, 1)],
    );
    own.look(false).await;
    own.expect_figure("uncovered_bytes 0");
    is_short(&own.chain, ME, 4 * MIB + 7, 23);
    own.look(false).await;
    assert!(handed_over(&own.chain).is_empty(), "it may bond more");
    own.expect_figure("uncovered_bytes 4194311");
    own.expect_figure("to_hand_over_bytes 4194311");
    is_short(&own.chain, ME, 4 * MIB + 7, 24);
    own.look(false).await;
    // The largest, and of the smallest, which are enough then, the newest.
    assert_eq!(handed_over(&own.chain), [files[1], files[2]]);
    own.expect_figure("calls_total{call=\"hand-over\",result=\"ok\"} 2");
    own.look(false).await;
    assert_eq!(
        handed_over(&own.chain).len(),
        2,
        "what is leaving is enough"
    );
    own.expect_figure("to_hand_over_bytes 0");
    own.expect_figure("uncovered_bytes 4194311");
    own.chain.with(|state| state.uncovered.clear());
    own.look(false).await;
    own.expect_figure("uncovered_bytes 0");
}

#[tokio::test]
async fn whoever_turned_it_off_or_loses_everything_hands_nothing_over() {
    for (enabled, is_dropping) in [(false, false), (true, true)] {
        let mut own = Own::new(enabled);
        holds(&own.chain, ME, &[(MIB, 1)]);
        is_short(&own.chain, ME, MIB, 24);
        own.look(is_dropping).await;
        assert!(handed_over(&own.chain).is_empty());
        own.expect_figure("to_hand_over_bytes 1048576");
    }
}

#[tokio::test]
async fn a_call_that_fails_is_followed_by_a_pause() {
    let mut own = Own::new(true);
    let files = holds(&own.chain, ME, &[(MIB, 1), (MIB, 2)]);
    is_short(&own.chain, ME, 2 * MIB, 24);
    own.chain
        .with(|state| state.failures.push(SubmitError::Stopped));
    own.look(false).await;
    assert_eq!(handed_over(&own.chain), [files[1]]);
    own.expect_figure("calls_total{call=\"hand-over\",result=\"failed\"} 1");
    own.look_if_due(false).await;
    let pause = own.look.not_before.unwrap() - Instant::now();
    assert!(pause > PAUSE / 2, "{pause:?}");
    own.look_if_due(false).await;
    assert!(own.look.task.is_none());
    own.look(false).await;
    assert_eq!(handed_over(&own.chain), [files[1], files[1], files[0]]);
}

#[tokio::test]
async fn nothing_that_does_not_earn_is_handed_over_and_looking_for_it_pauses() {
    let mut own = Own::new(true);
    let files = holds(&own.chain, ME, &[(MIB, 1), (MIB, 2), (MIB, 3)]);
    is_short(&own.chain, ME, 9 * MIB, 24);
    own.chain.with(|state| {
        let key = |n: usize| (files[n], alice().account());
        state.deals.get_mut(&key(0)).unwrap().terms.end = 3;
        state.deals.get_mut(&key(1)).unwrap().slots[0].state = SlotState::Held {
            provider: ME,
            since: 3,
            joined: None,
        };
    });
    own.look(false).await;
    assert_eq!(handed_over(&own.chain), [files[2]]);
    own.look_if_due(false).await;
    assert!(own.look.not_before.unwrap() - Instant::now() > PAUSE / 2);
}

#[tokio::test]
async fn a_replica_that_went_meanwhile_is_passed_over() {
    let own = Own::new(true);
    let files = holds(&own.chain, ME, &[(MIB, 1), (3 * MIB, 2)]);
    let mut replicas = earning(&own.chain, &ME).await.unwrap();
    assert_eq!(replicas.len(), 2);
    own.chain
        .with(|state| state.deals.remove(&(files[1], alice().account())));
    let missing = 3 << 20;
    let next = take_next(&own.chain, &ME, &mut replicas, missing)
        .await
        .unwrap();
    assert_eq!(next.unwrap().at.file, files[0]);
    let next = take_next(&own.chain, &ME, &mut replicas, missing)
        .await
        .unwrap();
    assert!(next.is_none());
}

#[tokio::test]
async fn others_hand_over_only_if_they_are_poked_and_some_at_once() {
    for poke_others in [false, true] {
        let mut setup = setup_with(poke_others);
        let chain = setup.chain.clone();
        let sizes = vec![(1000, 2); OTHERS_AT_ONCE as usize + 3];
        holds(&chain, OTHER, &sizes);
        let third = AccountId([43; 32]);
        holds(&chain, third, &[(1000, 2)]);
        for who in [OTHER, third] {
            is_short(&chain, who, 100 * MIB, 24);
        }
        chain.with(|state| {
            state.round = Some(AuditRound {
                state: AuditRoundState::Open {
                    drawn_at: 9,
                    until: 130,
                },
                ..round(159)
            });
            let dropped = noema_chain_client::AuditStanding {
                dropping: true,
                ..standing(5, 0)
            };
            state.standings = HashMap::from([(OTHER, standing(5, 0)), (third, dropped)]);
        });
        setup.step().await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let expected = if poke_others { OTHERS_AT_ONCE } else { 0 };
        assert_eq!(handed_over(&chain).len(), expected as usize);
        let figure = format!("calls_total{{call=\"hand-over-others\",result=\"ok\"}} {expected}");
        setup.expect_figure(&figure);
    }
}

fn replica(size: u64, joined: u32, n: u8) -> Replica {
    Replica {
        size,
        joined,
        at: Assignment {
            file: FileId([n; 32]),
            owner: AccountId([1; 32]),
            slot: 0,
        },
    }
}

/// How many go, and how many bytes.
fn greedy(sizes: &[u64], missing: u64) -> (u32, u64) {
    let mut replicas: Vec<_> = sizes.iter().map(|size| replica(*size, 1, 1)).collect();
    let (mut count, mut gone) = (0, 0);
    while gone < missing {
        let Some(index) = choose(&replicas, missing - gone) else {
            break;
        };
        gone += replicas.swap_remove(index).size;
        count += 1;
    }
    (count, gone)
}

#[test]
fn as_few_replicas_as_possible_go() {
    let sets: [&[u64]; 4] = [
        &[1, 2, 3, 4, 5, 6],
        &[7, 7, 7],
        &[1, 1, 1, 9, 30, 31],
        &[5, 8, 13, 21, 34],
    ];
    for sizes in sets {
        let all: u64 = sizes.iter().sum();
        for missing in 1..=all {
            let enough = (0u32..1 << sizes.len()).filter(|set| {
                let chosen = sizes.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1);
                chosen.map(|(_, size)| size).sum::<u64>() >= missing
            });
            let fewest = enough.map(u32::count_ones).min().unwrap();
            let (count, gone) = greedy(sizes, missing);
            assert!(gone >= missing);
            assert_eq!(count, fewest, "{missing} of {sizes:?}");
        }
        assert_eq!(greedy(sizes, all + 1).0 as usize, sizes.len());
    }
}

#[test]
fn of_replicas_of_one_size_the_newest_goes() {
    let replicas = [replica(5, 2, 1), replica(5, 9, 2), replica(5, 4, 3)];
    for missing in [1, 5, 6] {
        assert_eq!(choose(&replicas, missing), Some(1));
    }
    assert_eq!(choose(&[], 1), None);
}
