//! The queue against a small chain in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::{mpsc, oneshot, watch};

use super::{
    backend::{Outcome, Refusal, SignedTx, TxBackend},
    queue::{Command, Queue},
    Finalized,
};
use crate::{
    call::Call,
    error::{ChainError, DispatchFailure, SubmitError},
    follower::Head,
    types::{AccountId, BlockNumber, BlockRef, Hash},
};

const LIFE: u32 = 16;

/// A pool and a chain that finalises at once. A transaction's bytes are nonce, runtime version and
/// a running number, then the remark of its call.
#[derive(Default)]
struct Chain {
    runtime: u8,
    signed: u64,
    tips: Vec<(u64, u128)>,
    nonce: u64,
    pool: BTreeMap<u64, Vec<u8>>,
    blocks: Vec<Vec<Vec<u8>>>,
    executed: Vec<Vec<u8>>,
    poor: bool,
    silent: bool,
    fail: bool,
    /// What a transaction must add to get into a block.
    least_tip: u128,
}

impl Chain {
    fn tip_of(&self, tx: &[u8]) -> u128 {
        let number = u64::from_le_bytes(tx[9..17].try_into().unwrap());
        self.tips[number as usize - 1].1
    }
}

#[derive(Clone)]
struct Fake {
    chain: Arc<Mutex<Chain>>,
    heads: watch::Sender<Head>,
}

fn hash(bytes: &[u8]) -> Hash {
    use subxt::config::{substrate::BlakeTwo256, Hasher};
    Hash(BlakeTwo256.hash(bytes).0)
}

fn nonce_of(tx: &[u8]) -> u64 {
    u64::from_le_bytes(tx[..8].try_into().unwrap())
}

impl Fake {
    fn new() -> Self {
        let genesis = Head {
            number: 0,
            hash: Hash([0; 32]),
            seen_at: Instant::now(),
        };
        let (heads, _) = watch::channel(genesis);
        Self {
            chain: Arc::new(Mutex::new(Chain::default())),
            heads,
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Chain) -> T) -> T {
        work(&mut self.chain.lock().unwrap())
    }

    /// Makes a block of what the pool has ready, or of these transactions.
    fn block(&self, only: Option<Vec<Vec<u8>>>) {
        let number = self.with(|chain| {
            let mut block = only.unwrap_or_default();
            loop {
                let next = chain.nonce + block.len() as u64;
                let paid = |tx: &Vec<u8>| chain.tip_of(tx) >= chain.least_tip;
                if !chain.pool.get(&next).is_some_and(paid) {
                    break;
                }
                block.extend(chain.pool.remove(&next));
            }
            chain.nonce += block.len() as u64;
            let nonce = chain.nonce;
            chain.pool.retain(|n, _| *n >= nonce);
            for tx in &block {
                chain.executed.push(tx[17..].to_vec());
            }
            chain.blocks.push(block);
            chain.blocks.len() as u32
        });
        let hash = Hash([number as u8; 32]);
        self.heads.send_replace(Head {
            number,
            hash,
            seen_at: Instant::now(),
        });
    }

    fn queue(&self) -> mpsc::Sender<Command> {
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(Queue::new(self.clone(), receiver).run());
        sender
    }

    /// Makes blocks until `answer` comes.
    async fn run<T>(&self, mut answer: oneshot::Receiver<T>) -> T {
        for _ in 0..400 {
            tokio::time::sleep(Duration::from_millis(1000)).await;
            self.block(None);
            tokio::time::sleep(Duration::from_millis(10)).await;
            if let Ok(found) = answer.try_recv() {
                return found;
            }
        }
        panic!("no answer")
    }
}

impl TxBackend for Fake {
    fn account(&self) -> AccountId {
        AccountId([1; 32])
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.heads.subscribe()
    }

    async fn next_nonce(&self) -> Result<u64, ChainError> {
        Ok(self.with(|chain| {
            (chain.nonce..)
                .find(|nonce| !chain.pool.contains_key(nonce))
                .unwrap()
        }))
    }

    async fn nonce_at(&self, _block: BlockRef) -> Result<u64, ChainError> {
        Ok(self.with(|chain| chain.nonce))
    }

    async fn sign(&self, call: &Call, nonce: u64, tip: u128) -> Result<SignedTx, ChainError> {
        let birth = self.heads.borrow().number;
        let bytes = self.with(|chain| {
            chain.signed += 1;
            chain.tips.push((nonce, tip));
            let mut bytes = nonce.to_le_bytes().to_vec();
            bytes.push(chain.runtime);
            bytes.extend(chain.signed.to_le_bytes());
            let Call::Remark(remark) = call else {
                panic!("a remark")
            };
            bytes.extend(remark);
            bytes
        });
        Ok(SignedTx {
            hash: hash(&bytes),
            bytes,
            birth,
            dead_after: birth + LIFE - 1,
        })
    }

    async fn broadcast(&self, tx: &SignedTx) -> Result<(), Refusal> {
        let now = self.heads.borrow().number;
        self.with(|chain| {
            if chain.silent {
                return Err(Refusal::NoAnswer("silence".into()));
            }
            if chain.poor {
                return Err(Refusal::CannotPay);
            }
            let nonce = nonce_of(&tx.bytes);
            if nonce < chain.nonce {
                return Err(Refusal::NonceUsed);
            }
            if tx.bytes[8] != chain.runtime || tx.dead_after <= now {
                return Err(Refusal::Unfit("bad signature".into()));
            }
            match chain.pool.get(&nonce) {
                Some(known) if *known == tx.bytes => Err(Refusal::Known),
                Some(known) if chain.tip_of(&tx.bytes) > chain.tip_of(known) => {
                    chain.pool.insert(nonce, tx.bytes.clone());
                    Ok(())
                }
                Some(_) => Err(Refusal::NonceUsed),
                None => {
                    chain.pool.insert(nonce, tx.bytes.clone());
                    Ok(())
                }
            }
        })
    }

    async fn transactions(&self, number: BlockNumber) -> Result<(BlockRef, Vec<Hash>), ChainError> {
        let hashes = self.with(|chain| {
            chain.blocks[number as usize - 1]
                .iter()
                .map(|tx| hash(tx))
                .collect()
        });
        Ok((
            BlockRef {
                number,
                hash: Hash([number as u8; 32]),
            },
            hashes,
        ))
    }

    async fn outcomes(
        &self,
        _block: BlockRef,
        indices: &[usize],
    ) -> Result<Vec<Outcome>, ChainError> {
        let outcome = if self.with(|chain| chain.fail) {
            Err(DispatchFailure {
                pallet: None,
                name: "BadOrigin".into(),
                docs: String::new(),
            })
        } else {
            Ok(Vec::new())
        };
        Ok(vec![outcome; indices.len()])
    }
}

async fn send(
    queue: &mpsc::Sender<Command>,
    text: &str,
    seconds: u64,
) -> oneshot::Receiver<Result<Finalized, SubmitError>> {
    let (answer, answered) = oneshot::channel();
    let call = Call::Remark(text.as_bytes().to_vec());
    let timeout = Duration::from_secs(seconds);
    queue
        .send(Command {
            call,
            timeout,
            max_tip: 0,
            answer,
        })
        .await
        .unwrap();
    answered
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_kept_out_of_blocks_offers_more_up_to_its_limit_and_is_executed_once() {
    for (least, enough) in [(300, true), (641, false)] {
        let fake = Fake::new();
        fake.with(|chain| chain.least_tip = least);
        let (answer, answered) = oneshot::channel();
        let command = Command {
            call: Call::Remark(b"a".to_vec()),
            timeout: Duration::from_secs(50),
            max_tip: 640,
            answer,
        };
        fake.queue().send(command).await.unwrap();
        let result = fake.run(answered).await;
        assert_eq!(result.is_ok(), enough, "{result:?}");
        let tips = fake.with(|chain| chain.tips.clone());
        assert!(tips.iter().all(|(nonce, _)| *nonce == 0), "{tips:?}");
        let tips: Vec<_> = tips.iter().map(|(_, tip)| *tip).collect();
        let expected = [0, 10, 20, 40, 80, 160, 320, 640];
        let expected = if enough {
            &expected[..7]
        } else {
            &expected[..]
        };
        assert_eq!(tips, expected);
        assert_eq!(executed(&fake).len(), usize::from(enough));
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_limit_for_tips_offers_none() {
    let fake = Fake::new();
    fake.with(|chain| chain.least_tip = 1);
    let first = send(&fake.queue(), "a", 30).await;
    assert!(fake.run(first).await.is_err());
    assert!(fake.with(|chain| chain.tips.iter().all(|(_, tip)| *tip == 0)));
}

fn executed(fake: &Fake) -> Vec<String> {
    fake.with(|c| {
        c.executed
            .iter()
            .map(|r| String::from_utf8(r.clone()).unwrap())
            .collect()
    })
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_together_are_executed_in_order() {
    let fake = Fake::new();
    let queue = fake.queue();
    let first = send(&queue, "a", 60).await;
    let second = send(&queue, "b", 60).await;
    let third = send(&queue, "c", 60).await;
    let result = fake.run(first).await.unwrap();
    assert!(result.block.number >= 1);
    second.await.unwrap().unwrap();
    third.await.unwrap().unwrap();
    assert_eq!(executed(&fake), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_answered_with_its_error() {
    let fake = Fake::new();
    fake.with(|chain| chain.fail = true);
    let queue = fake.queue();
    let answer = send(&queue, "a", 60).await;
    let error = fake.run(answer).await.unwrap_err();
    assert_eq!(error.dispatch().unwrap().name, "BadOrigin");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_pay_is_told_at_once_and_the_next_call_works() {
    let fake = Fake::new();
    fake.with(|chain| chain.poor = true);
    let queue = fake.queue();
    let answer = send(&queue, "a", 60).await;
    assert!(matches!(
        answer.await.unwrap(),
        Err(SubmitError::CannotPay { .. })
    ));
    fake.with(|chain| chain.poor = false);
    let answer = send(&queue, "b", 60).await;
    fake.run(answer).await.unwrap();
    assert_eq!(executed(&fake), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_forgets_gets_the_transactions_again() {
    let fake = Fake::new();
    let queue = fake.queue();
    let first = send(&queue, "a", 60).await;
    let second = send(&queue, "b", 60).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    fake.with(|chain| chain.pool.clear());
    fake.run(first).await.unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(executed(&fake), ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn after_an_upgrade_transactions_are_signed_again_with_the_same_nonce() {
    let fake = Fake::new();
    let queue = fake.queue();
    let first = send(&queue, "a", 60).await;
    let second = send(&queue, "b", 60).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    fake.with(|chain| {
        chain.pool.clear();
        chain.runtime = 1;
    });
    fake.run(first).await.unwrap();
    fake.run(second).await.unwrap();
    assert_eq!(executed(&fake), ["a", "b"]);
    assert_eq!(fake.with(|chain| chain.nonce), 2);
}

#[tokio::test(start_paused = true)]
async fn a_nonce_taken_by_someone_else_is_replaced_and_nothing_runs_twice() {
    let fake = Fake::new();
    let queue = fake.queue();
    let answer = send(&queue, "a", 60).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Another program with the same key gets its transaction into the block instead.
    fake.with(|chain| chain.pool.clear());
    let mut foreign = 0u64.to_le_bytes().to_vec();
    foreign.extend([0; 9]);
    foreign.extend(b"foreign");
    fake.block(Some(vec![foreign]));
    fake.run(answer).await.unwrap();
    assert_eq!(executed(&fake), ["foreign", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_took_it_without_answering_executes_it_once() {
    let fake = Fake::new();
    let queue = fake.queue();
    fake.with(|chain| chain.silent = true);
    let answer = send(&queue, "a", 600).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    fake.with(|chain| chain.silent = false);
    fake.run(answer).await.unwrap();
    for _ in 0..40 {
        fake.block(None);
    }
    assert_eq!(executed(&fake), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn an_expired_transaction_gets_a_new_nonce() {
    let fake = Fake::new();
    let queue = fake.queue();
    fake.with(|chain| chain.silent = true);
    let answer = send(&queue, "a", 600).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..=LIFE {
        fake.block(None);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fake.with(|chain| chain.silent = false);
    fake.run(answer).await.unwrap();
    assert_eq!(executed(&fake), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_chain_that_stands_still_ends_the_wait_in_time() {
    let fake = Fake::new();
    let queue = fake.queue();
    let answer = send(&queue, "a", 30).await;
    let error = answer.await.unwrap().unwrap_err();
    let SubmitError::NotFinalized {
        seconds,
        dead_after,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((seconds, dead_after), (30, LIFE - 1));
}
