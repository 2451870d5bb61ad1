//! The fleet against a chain and providers in memory: a slot is drawn in the block after its commitment, and held in the block
//! after its upload.

// The errors are those of the calls that are stood in for.
#![allow(clippy::result_large_err)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    sync::{Arc, Mutex},
};

use noema_chain_client::{
    AccountId, BlockRef, ChainError, Deal, DispatchFailure, FileId, Hash, Slot, SlotState, Terms,
};
use noema_storage::client::{ClientError, Peer, UploadError, UploadOptions, UploadReport};
use tokio::sync::watch;

use super::{
    super::item::{tests::item, Known},
    *,
};
use crate::testing::{constants, who};

#[derive(Clone)]
struct Fake {
    state: Arc<Mutex<State>>,
    heads: watch::Sender<Head>,
}

#[derive(Default)]
struct State {
    deals: HashMap<FileId, Deal>,
    /// Who has which file.
    have: BTreeSet<(FileId, AccountId)>,
    /// Providers that are down.
    down: BTreeSet<AccountId>,
    /// How the next transactions fail.
    failures: Vec<&'static str>,
    /// The calls that were executed.
    batches: Vec<usize>,
    removed: Vec<FileId>,
    /// Uploads to each provider.
    asked: BTreeMap<AccountId, usize>,
    looked_up: usize,
    /// Files that are found to be changed when they are uploaded.
    changed: BTreeSet<FileId>,
}

fn head(number: u32) -> Head {
    Head {
        number,
        hash: Hash([number as u8; 32]),
        seen_at: std::time::Instant::now(),
    }
}

fn slot(state: SlotState) -> Slot {
    Slot {
        state,
        token: 0,
        passed_over: None,
        leaving: None,
        bounty: 0,
    }
}

impl Fake {
    fn new() -> Self {
        Self {
            state: Arc::default(),
            heads: watch::channel(head(1)).0,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// A block: what is drawing becomes assigned, to providers 1, 2, ..., and what is uploaded is held.
    fn block(&self) {
        self.with(|state| {
            for (file, deal) in &mut state.deals {
                for (slot, n) in deal.slots.iter_mut().zip(1..) {
                    let provider = who(n);
                    slot.state = match slot.state {
                        SlotState::Drawing { .. } => SlotState::Assigned {
                            provider,
                            ready_by: 99,
                        },
                        SlotState::Assigned { .. }
                            if state.have.iter().any(|(of, _)| of == file) =>
                        {
                            deal.held += 1;
                            SlotState::Held {
                                provider,
                                since: 1,
                                joined: None,
                            }
                        }
                        other => other,
                    };
                }
            }
        });
        let next = self.heads.borrow().number + 1;
        self.heads.send_replace(head(next));
    }

    /// Makes blocks until the fleet is done.
    async fn run(&self, fleet: &mut Fleet<Fake>) {
        let fake = self.clone();
        let blocks = async move {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                fake.block();
            }
        };
        tokio::select! {
            () = async { fleet.run().await; fleet.take_back().await } => {}
            () = blocks => {}
        }
    }
}

impl World for Fake {
    fn owner(&self) -> AccountId {
        who(100)
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.heads.subscribe()
    }

    async fn deals(
        &self,
        _at: Head,
        of: &[(FileId, AccountId)],
    ) -> Result<Vec<Option<Deal>>, ChainError> {
        Ok(self.with(|state| {
            of.iter()
                .map(|(file, _)| state.deals.get(file).cloned())
                .collect()
        }))
    }

    async fn endpoint(&self, provider: AccountId) -> Result<Option<String>, ChainError> {
        self.with(|state| state.looked_up += 1);
        Ok(Some(format!("http://{provider}")))
    }

    async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let (number, tx) = (self.heads.borrow().number, Hash([1; 32]));
        let block = BlockRef {
            number,
            hash: Hash([2; 32]),
        };
        self.with(|state| {
            if !state.failures.is_empty() {
                let failure = DispatchFailure {
                    pallet: Some("Storage".into()),
                    name: state.failures.remove(0).into(),
                    docs: "no".into(),
                };
                return Err(SubmitError::Dispatch { failure, block, tx });
            }
            match call {
                Call::CommitMany { files, .. } => {
                    state.batches.push(files.len());
                    for (root, size, replicas) in files {
                        let file = noema_storage::client::FileRef::new(root, size)
                            .unwrap()
                            .file;
                        let drawing = slot(SlotState::Drawing { draw_at: 1 });
                        let deal = Deal {
                            root,
                            size,
                            deposit: 0,
                            committed_at: number,
                            terms: Terms::default(),
                            balance: 0,
                            offered_to: None,
                            held: 0,
                            slots: vec![drawing; replicas.into()],
                        };
                        let before = state.deals.insert(file, deal);
                        assert!(before.is_none(), "committed twice");
                    }
                }
                Call::Remove { file, replicas } => {
                    let deal = state.deals.remove(&file).unwrap();
                    assert_eq!(replicas, deal.replicas());
                    state.removed.push(file);
                }
                other => panic!("{other:?}"),
            }
            Ok(Finalized {
                block,
                tx,
                events: Vec::new(),
            })
        })
    }

    async fn upload(
        &self,
        known: &Known,
        peer: &Peer,
        _options: UploadOptions,
    ) -> Result<UploadReport, UploadError> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.with(|state| {
            *state.asked.entry(peer.provider).or_default() += 1;
            if state.changed.contains(&known.file.file) {
                return Err(UploadError::Changed {
                    path: known.source.path().to_owned(),
                    segment: 0,
                });
            }
            if state.down.contains(&peer.provider) {
                return Err(UploadError::Provider {
                    peer: peer.clone(),
                    source: ClientError::Unreachable {
                        endpoint: peer.endpoint.clone(),
                        reason: "connection refused".into(),
                    },
                });
            }
            state.have.insert((known.file.file, peer.provider));
            Ok(UploadReport::default())
        })
    }
}

fn fleet(fake: &Fake, dir: &Path, count: usize, replicas: u8) -> Fleet<Fake> {
    let make = |n: usize| item(dir, &format!("f{n}"), &format!("content {n}"));
    let items: Vec<Item> = (0..count).map(make).collect();
    let waiting = (0..count).map(|index| Waiting {
        index,
        size: 10,
        price: 1,
    });
    Fleet {
        output: Output::new(true),
        world: fake.clone(),
        order: Order {
            replicas,
            rounds: 12,
        },
        wait: Wait::Active,
        parallel: 16,
        batches: Batches::new(waiting.collect(), replicas, 1_000, &constants()),
        items,
        spent: Spent::default(),
    }
}

fn stored(fleet: &Fleet<Fake>) -> usize {
    let stored = |item: &&Item| matches!(item.stage, Stage::Stored);
    fleet.items.iter().filter(stored).count()
}

fn code(item: &Item) -> &str {
    match &item.stage {
        Stage::Failed(failure) => failure.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn all_files_are_committed_in_batches_uploaded_once_and_stored() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    let mut fleet = fleet(&fake, dir.path(), 200, 3);
    fake.run(&mut fleet).await;
    assert_eq!(stored(&fleet), 200);
    fake.with(|state| {
        assert_eq!(state.batches.iter().sum::<usize>(), 200);
        assert!(state.batches.len() <= 6, "{:?}", state.batches);
        assert_eq!(state.asked.values().sum::<usize>(), 200);
        assert_eq!(state.looked_up, 3, "each provider once");
    });
    assert_eq!(fleet.spent.batches, fake.with(|state| state.batches.len()));
}

#[tokio::test(start_paused = true)]
async fn what_has_a_deal_is_gone_on_with_and_not_committed_again() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    let mut first = fleet(&fake, dir.path(), 70, 1);
    fake.run(&mut first).await;
    let batches = fake.with(|state| state.batches.len());
    let mut again = fleet(&fake, dir.path(), 70, 1);
    again.batches.give_up();
    for item in &mut again.items {
        item.stage = Stage::Placing;
    }
    fake.run(&mut again).await;
    assert_eq!(stored(&again), 70);
    fake.with(|state| {
        assert_eq!(state.batches.len(), batches);
        assert_eq!(state.asked.values().sum::<usize>(), 70, "sent once");
    });
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_is_passed_over_and_not_asked_for_each_file() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    fake.with(|state| state.down.insert(who(1)));
    let mut fleet = fleet(&fake, dir.path(), 150, 2);
    fake.run(&mut fleet).await;
    assert_eq!(stored(&fleet), 150);
    let asked = fake.with(|state| state.asked.clone());
    assert_eq!(asked[&who(2)], 150);
    // Those that were under way together, and a few to see how it is.
    assert!(asked[&who(1)] <= 16 + 4, "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn files_that_nobody_takes_fail_with_the_reason() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    fake.with(|state| state.down.insert(who(1)));
    let mut fleet = fleet(&fake, dir.path(), 40, 1);
    fake.run(&mut fleet).await;
    for item in &fleet.items {
        assert_eq!(code(item), "upload_failed");
        let Stage::Failed(failure) = &item.stage else {
            panic!()
        };
        assert!(
            failure.to_string().contains("connection refused"),
            "{failure}"
        );
    }
    assert_eq!(fake.with(|state| state.deals.len()), 40, "the deals stand");
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_is_busy_is_waited_for() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    fake.with(|state| state.failures = vec!["Busy", "Busy"]);
    let mut fleet = fleet(&fake, dir.path(), 100, 1);
    fake.run(&mut fleet).await;
    assert_eq!(stored(&fleet), 100);
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_fails_and_no_more_are_sent() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    fake.with(|state| state.failures = vec!["PriceAboveMaximum"]);
    // More than may be under way at first.
    let mut fleet = fleet(&fake, dir.path(), 700, 1);
    fake.run(&mut fleet).await;
    assert_eq!(code(&fleet.items[0]), "refused");
    assert_eq!(code(&fleet.items[699]), "not_committed");
    let under_way = (TRANSACTIONS - 1) * 64;
    assert_eq!(stored(&fleet), under_way, "what was under way is stored");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_changed_fails_alone_and_its_commitment_is_taken_back() {
    let (fake, dir) = (Fake::new(), tempfile::tempdir().unwrap());
    let mut fleet = fleet(&fake, dir.path(), 20, 1);
    let changed = fleet.items[7].file().file;
    fake.with(|state| state.changed.insert(changed));
    // This one changes before it is committed to.
    std::fs::write(dir.path().join("f9"), "something else").unwrap();
    fake.run(&mut fleet).await;
    assert_eq!(stored(&fleet), 18);
    assert_eq!(code(&fleet.items[7]), "file_changed");
    assert_eq!(code(&fleet.items[9]), "file_changed");
    assert_eq!(fake.with(|state| state.removed.clone()), [changed]);
    let never = fleet.items[9].file().file;
    assert!(!fake.with(|state| state.deals.contains_key(&never)));
}
