//! The audits against a chain in memory, a store on disk and peers in this process.

use std::collections::HashSet;

use noema_chain_client::{
    AccountId, AuditStanding, ChainEvent, Challenge, Challenges, DispatchFailure, Hash,
    ProviderPay, SectorProof,
};
use noema_commitment::{verify_sector, Software, SEGMENT_SIZE};
use noema_transport::Rate;
use serde_json::json;
use tempfile::TempDir;

use super::{outcome::hex, *};

use crate::{
    client::{FileRef, StorageClient},
    deny::DenyList,
    directory::Directory,
    metrics::Metrics,
    penalty::Penalties,
    testing::{data_path, fill, head, open_store, tracked, FakeChain, Sample, TestProvider},
};

pub(super) const ME: AccountId = AccountId([40; 32]);
pub(super) const OTHER: AccountId = AccountId([41; 32]);

pub(super) struct Setup {
    pub(super) chain: FakeChain,
    shared: Arc<Shared<FakeChain>>,
    auditor: Auditor<FakeChain>,
    block: u32,
    dir: TempDir,
}

fn setup() -> Setup {
    setup_with(false)
}

/// What a daemon with this chain and data directory shares.
pub(super) fn shared_of(chain: &FakeChain, dir: &TempDir) -> Arc<Shared<FakeChain>> {
    let store = open_store(dir.path(), ME);
    Arc::new(Shared {
        chain: chain.clone(),
        provider: ME,
        operator: ME,
        store: store.clone(),
        directory: Arc::new(Directory::new(ME, store)),
        metrics: Metrics::new().unwrap(),
        client: StorageClient::default(),
        penalties: Penalties::default(),
        grace: Duration::from_secs(3600),
        pin: None,
        denied: DenyList::default(),
        pull_rate: Rate::default(),
    })
}

pub(super) fn setup_with(poke_others: bool) -> Setup {
    let (dir, chain) = (tempfile::tempdir().unwrap(), FakeChain::new());
    let shared = shared_of(&chain, &dir);
    let duties = Duties {
        hand_over: true,
        poke_others,
    };
    let auditor = Auditor::new(shared.clone(), duties);
    Setup {
        chain,
        shared,
        auditor,
        block: 10,
        dir,
    }
}

/// Round 4, whose window has ticks 100 to 129.
pub(super) fn round(tick: u64) -> AuditRound {
    AuditRound {
        index: 4,
        tick,
        ends: 160,
        answer_ticks: 30,
        state: AuditRoundState::Open {
            drawn_at: 9,
            until: 130,
        },
    }
}

pub(super) fn standing(next: u32, points: u32) -> AuditStanding {
    AuditStanding {
        next,
        unsettled: 0,
        points,
        dropping: false,
    }
}

fn challenges(asked: &[(&Sample, u64)]) -> Challenges {
    let items = (0u8..)
        .zip(asked)
        .map(|(index, (sample, sector))| Challenge {
            index,
            root: sample.file.root,
            size: sample.file.size(),
            owner: crate::testing::alice().account(),
            slot: 0,
            sector: *sector,
            answered: false,
        });
    Challenges {
        round: 4,
        until: 130,
        items: items.collect(),
    }
}

impl Setup {
    fn ask(&self, asked: &[(&Sample, u64)]) {
        self.chain.with(|state| {
            state.round = Some(round(100));
            state.challenges.insert(ME, challenges(asked));
            state.standings.insert(ME, standing(4, 0));
        });
    }

    /// The next finalised block, and time for what it starts.
    pub(super) async fn step(&mut self) {
        self.block += 1;
        self.chain.head.send_replace(head(self.block));
        self.step_at(head(self.block)).await;
    }

    async fn step_at(&mut self, head: Head) {
        self.auditor.standing = Standing::default();
        self.auditor.step(head).await.unwrap();
        self.settle().await;
    }

    async fn settle(&mut self) {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            while let Some(ended) = self.auditor.calls.try_join_next() {
                self.auditor.note(ended);
            }
            if self.auditor.calls.is_empty() {
                return;
            }
        }
    }

    /// Batches of answers that were submitted.
    fn batches(&self) -> Vec<Vec<(u8, SectorProof)>> {
        let calls = self.chain.submitted().into_iter();
        calls
            .filter_map(|call| match call {
                Call::Answer { round: 4, answers } => Some(answers),
                Call::Answer { .. } => panic!("{call:?}"),
                _ => None,
            })
            .collect()
    }

    fn answered(&self) -> Vec<u8> {
        let mut all: Vec<u8> = self.batches().concat().iter().map(|(i, _)| *i).collect();
        all.sort_unstable();
        all
    }

    pub(super) fn expect_figure(&self, line: &str) {
        let text = self.shared.metrics.text();
        assert!(
            text.contains(&format!("noema_storage_{line}\n")),
            "{line}: {text}"
        );
    }

    fn damage(&self, sample: &Sample) {
        let path = data_path(self.dir.path(), sample);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[7] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
}

fn event(pallet: &str, name: &str, fields: serde_json::Value) -> ChainEvent {
    ChainEvent {
        pallet: pallet.into(),
        name: name.into(),
        fields,
    }
}

#[tokio::test]
async fn challenges_are_proven_in_batches_at_once_and_sent_once() {
    let mut setup = setup();
    let sample = Sample::new(2 * SEGMENT_SIZE + 900, 0);
    fill(&setup.shared.store, &sample).await;
    let sectors = [5u64, 1024, 5, 0, 2050, 1023];
    let asked: Vec<_> = sectors.iter().map(|sector| (&sample, *sector)).collect();
    setup.ask(&asked);
    setup.step().await;
    let batches = setup.batches();
    let sizes: Vec<_> = batches.iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 2], "the chain takes four in a batch");
    assert_eq!(setup.answered(), [0, 1, 2, 3, 4, 5]);
    for (index, proof) in batches.concat() {
        let sector = sectors[usize::from(index)];
        verify_sector::<Software>(&sample.file.root, &sample.file.shape, sector, &proof).unwrap();
    }
    // Their block is 11; a head at or behind it decides.
    setup.chain.with(|state| state.challenges.clear());
    for _ in 0..3 {
        setup.step().await;
    }
    assert_eq!(setup.batches().len(), 2);
    setup.expect_figure("challenges_total{result=\"seen\"} 6");
    setup.expect_figure("challenges_total{result=\"answered\"} 6");
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 1");
    setup.expect_figure("audit_last_passed_round 4");
}

#[tokio::test]
async fn a_restart_answers_only_what_the_chain_does_not_have() {
    let mut setup = setup();
    let sample = Sample::new(1000, 0);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0), (&sample, 1), (&sample, 2)]);
    setup.chain.with(|state| {
        let asked = state.challenges.get_mut(&ME).unwrap();
        asked.items[1].answered = true;
    });
    setup.step().await;
    assert_eq!(setup.answered(), [0, 2]);
}

#[tokio::test]
async fn answers_that_failed_are_given_again_after_a_pause() {
    let mut setup = setup();
    let sample = Sample::new(1000, 0);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0)]);
    let failure = SubmitError::Dispatch {
        failure: DispatchFailure {
            pallet: Some("Audits".into()),
            name: "WrongProof".into(),
            docs: String::new(),
        },
        block: head(12).block(),
        tx: Hash([1; 32]),
    };
    setup.chain.with(|state| state.failures.push(failure));
    setup.step().await;
    assert_eq!(setup.answered(), [0]);
    setup.auditor.not_before = None;
    setup.step_at(head(11)).await;
    assert_eq!(
        setup.answered(),
        [0],
        "the state of block 11 does not know how the call ended"
    );
    setup.step_at(head(12)).await;
    assert_eq!(setup.answered(), [0, 0]);
    setup.expect_figure("calls_total{call=\"answer\",result=\"failed\"} 1");
}

#[tokio::test]
async fn an_operator_that_cannot_pay_waits_and_tries_again() {
    let mut setup = setup();
    let sample = Sample::new(1000, 0);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0)]);
    let failure = SubmitError::CannotPay { account: ME };
    setup.chain.with(|state| state.failures.push(failure));
    setup.step().await;
    setup.step().await;
    assert_eq!(setup.answered(), [0], "not at every block");
    assert_eq!(setup.auditor.pause, FIRST_PAUSE * 2);
    assert_eq!(
        setup.auditor.longest_pause,
        Duration::from_secs(7),
        "a quarter of the window of 30 ticks"
    );
    setup.auditor.not_before = None;
    setup.step().await;
    assert_eq!(setup.answered(), [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_comes_from_peers_and_is_answered_in_time() {
    let mut setup = setup();
    let sample = Sample::new(SEGMENT_SIZE + 900, 0);
    fill(&setup.shared.store, &sample).await;
    let peer = TestProvider::start(1, &[&sample]).await;
    fill(&peer.store, &sample).await;
    setup.chain.with(|state| {
        let endpoint = peer.endpoint.clone();
        state.endpoints.insert(peer.account, endpoint);
    });
    let mine = tracked(&sample, ME, &[peer.account]);
    setup.shared.directory.replace(&[mine]).await;
    setup.damage(&sample);
    setup.ask(&[(&sample, 3), (&sample, 1025)]);
    setup.step().await;
    assert_eq!(setup.answered(), [1], "what is sound is answered at once");
    setup.expect_figure("audit_answers_lacking 1");
    for _ in 0..100 {
        if setup.answered().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        setup.chain.with(|state| {
            let asked = state.challenges.get_mut(&ME).unwrap();
            asked.items[1].answered = true;
        });
        setup.step().await;
    }
    assert_eq!(setup.answered(), [0, 1]);
    setup.expect_figure("audit_answers_lacking 0");
    setup.expect_figure("damaged_segments_total 1");
}

#[tokio::test]
async fn a_missed_round_says_what_was_lost_and_what_was_late() {
    let mut setup = setup();
    let (lost, kept) = (Sample::new(700, 1), Sample::new(700, 2));
    fill(&setup.shared.store, &lost).await;
    fill(&setup.shared.store, &kept).await;
    setup.damage(&lost);
    setup.ask(&[(&lost, 0), (&kept, 0)]);
    setup
        .chain
        .with(|state| state.failures.push(SubmitError::Stopped));
    setup.step().await;
    setup.chain.with(|state| state.round = Some(round(130)));
    setup.step().await;
    setup.step().await;
    setup.expect_figure("challenges_total{result=\"unanswerable\"} 1");
    setup.expect_figure("challenges_total{result=\"late\"} 1");
    setup.expect_figure("audit_rounds_total{result=\"missed\"} 1");
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 0");
    assert_eq!(
        setup.batches().len(),
        1,
        "nothing is answered when it is over"
    );
}

#[tokio::test]
async fn a_round_that_was_settled_without_a_strike_was_passed() {
    let mut setup = setup();
    let sample = Sample::new(700, 1);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0)]);
    setup.step().await;
    // The next state that is seen is one in which the round is over.
    setup.chain.with(|state| {
        state.challenges.clear();
        state.standings.insert(ME, standing(5, 0));
        state.round = Some(AuditRound {
            index: 5,
            state: AuditRoundState::Drawing,
            ..round(160)
        });
    });
    setup.step().await;
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 1");
    setup.expect_figure("audit_rounds_total{result=\"missed\"} 0");
}

#[tokio::test]
async fn pay_is_counted_to_the_unit_when_the_last_answer_settles() {
    let mut setup = setup();
    let sample = Sample::new(700, 1);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0)]);
    let own = format!("0x{}", hex(&ME.0));
    let paid = |who: &str, amount: serde_json::Value| {
        let fields = json!({ "provider": who, "round": 4, "amount": amount });
        event("Storage", "RoundPaid", fields)
    };
    setup.chain.with(|state| {
        state.events = vec![
            paid(&own, json!("1500000000000000000")),
            paid(&format!("0x{}", hex(&OTHER.0)), json!(7)),
            paid(&own, json!(0)),
            event(
                "Audits",
                "RoundPassed",
                json!({ "provider": own, "round": 4, "points": 0 }),
            ),
        ];
        state.pay = Some(ProviderPay {
            settled: 3,
            rate: 1_500_000_000_000_000_000,
            owed: 3_000_000_000_000_000_000,
            carried: 0,
            changes: Vec::new(),
        });
    });
    setup.step().await;
    setup.expect_figure("pay_earned_noema_total 1.5");
    setup.expect_figure("pay_owed_noema 3");
    setup.expect_figure("pay_per_round_noema 1.5");
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 1");
    // The state says so as well, and it is not counted twice.
    setup.chain.with(|state| state.challenges.clear());
    setup.step().await;
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 1");
    setup.expect_figure("challenges_total{result=\"answered\"} 1");
}

#[tokio::test]
async fn with_too_many_rounds_unsettled_it_pokes_itself_before_it_answers() {
    let mut setup = setup();
    let sample = Sample::new(700, 1);
    fill(&setup.shared.store, &sample).await;
    setup.ask(&[(&sample, 0)]);
    let unsettled = |unsettled| AuditStanding {
        unsettled,
        ..standing(4, 0)
    };
    setup
        .chain
        .with(|state| state.standings.insert(ME, unsettled(17)));
    setup.step().await;
    setup.settle().await;
    assert_eq!(setup.chain.submitted(), [Call::Poke { provider: ME }]);
    setup
        .chain
        .with(|state| state.standings.insert(ME, unsettled(1)));
    setup.step().await;
    assert_eq!(setup.answered(), [0]);
}

#[tokio::test]
async fn whoever_is_asked_for_nothing_settles_what_is_owed_once_late_in_the_round() {
    let mut setup = setup();
    let left = AuditStanding {
        unsettled: 2,
        ..standing(2, 0)
    };
    setup.chain.with(|state| {
        state.round = Some(round(110));
        state.standings.insert(ME, left);
        state.pay = Some(ProviderPay {
            settled: 1,
            rate: 5,
            owed: 10,
            carried: 5,
            changes: Vec::new(),
        });
    });
    setup.auditor.step(head(11)).await.unwrap();
    assert_eq!(setup.chain.submitted(), []);
    setup.chain.with(|state| state.round = Some(round(120)));
    for block in 12..15 {
        setup.auditor.step(head(block)).await.unwrap();
        setup.settle().await;
    }
    assert_eq!(setup.chain.submitted(), [Call::Poke { provider: ME }]);
}

#[tokio::test]
async fn a_provider_that_is_dropped_answers_nothing_and_says_so() {
    let mut setup = setup();
    let sample = Sample::new(700, 1);
    fill(&setup.shared.store, &sample).await;
    setup.chain.with(|state| {
        state.round = Some(round(100));
        let dropped = AuditStanding {
            dropping: true,
            ..standing(4, 72)
        };
        state.standings.insert(ME, dropped);
    });
    setup.step().await;
    assert_eq!(setup.chain.submitted(), []);
    setup.expect_figure("being_dropped 1");
    setup.expect_figure("strike_points 72");
    setup.expect_figure("drop_points 96");
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 0");
}

#[tokio::test]
async fn without_finality_the_best_block_is_answered_late_in_the_window() {
    let mut setup = setup();
    let sample = Sample::new(1000, 1);
    fill(&setup.shared.store, &sample).await;
    let Some(long_ago) = Instant::now().checked_sub(STALLED * 2) else {
        return; // The machine has not been up for a minute.
    };
    let stalled = Head {
        seen_at: long_ago,
        ..head(11)
    };
    setup.chain.with(|state| {
        state.round = Some(round(105));
        state.standings.insert(ME, standing(4, 0));
        state.best = Some(head(50).block());
        state.challenges_at_best = Some(challenges(&[(&sample, 2)]));
    });
    setup.chain.with(|state| {
        // The finalised state is asked for something else: it is of before the draw.
        state.challenges.insert(ME, challenges(&[]));
    });
    setup.step_at(stalled).await;
    assert_eq!(setup.answered(), [] as [u8; 0], "not yet");
    setup.chain.with(|state| state.round = Some(round(115)));
    setup.step_at(stalled).await;
    assert_eq!(setup.answered(), [0]);
    setup.chain.with(|state| {
        let asked = state.challenges_at_best.as_mut().unwrap();
        asked.items[0].answered = true;
    });
    setup.step_at(stalled).await;
    assert_eq!(setup.answered(), [0], "once");
    setup.expect_figure("audit_rounds_total{result=\"passed\"} 0");
}

#[tokio::test]
async fn rounds_that_others_missed_are_settled_only_if_asked_for() {
    for poke_others in [false, true] {
        let mut setup = setup_with(poke_others);
        let missed = AuditStanding {
            unsettled: 1,
            ..standing(4, 0)
        };
        let dropped = AuditStanding {
            dropping: true,
            ..missed
        };
        setup.chain.with(|state| {
            state.round = Some(round(159));
            state.standings.insert(OTHER, missed);
            state.standings.insert(AccountId([42; 32]), standing(5, 0));
            state.standings.insert(AccountId([43; 32]), dropped);
        });
        setup.step().await;
        setup.step().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let expected = match poke_others {
            true => vec![Call::Poke { provider: OTHER }],
            false => vec![],
        };
        assert_eq!(setup.chain.submitted(), expected);
    }
}

#[tokio::test]
async fn what_is_challenged_is_kept_though_its_deal_is_gone() {
    let setup = setup();
    let (asked, gone) = (Sample::new(700, 1), Sample::new(700, 2));
    fill(&setup.shared.store, &asked).await;
    fill(&setup.shared.store, &gone).await;
    let (shared, now) = (&setup.shared, crate::unix_now());
    let challenged: HashSet<_> = [asked.file.file].into();
    for _ in 0..2 {
        let grace = Duration::ZERO;
        crate::gc::sweep(&shared.store, &shared.directory, grace, now, &challenged)
            .await
            .unwrap();
    }
    let there = |file: &FileRef| shared.store.file(&file.file).unwrap().is_some();
    assert!(there(&asked.file) && !there(&gone.file));
    crate::gc::sweep(
        &shared.store,
        &shared.directory,
        Duration::ZERO,
        now,
        &HashSet::new(),
    )
    .await
    .unwrap();
    assert!(!there(&asked.file), "the round is over");
}
