//! A chain on which one provider has very many slots, made up as they are asked for: it takes no memory itself.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use noema_chain_client::{
    AccountId, Assignment, AssignmentPage, AuditLimits, AuditRound, AuditStanding, AuditedPage,
    BlockNumber, BlockRef, Call, ChainError, Challenges, Deal, FileId, Finalized, Hash, Head,
    ProviderPay, ProviderRecord, SeedAt, Slot, SlotState, SubmitError, SubmitOptions, Terms,
    Uncovered,
};
use tokio::sync::watch;

use crate::{
    chain_view::{ChainView, StateView},
    client::FileRef,
    unix_now,
};

/// The chain.
#[derive(Clone)]
pub(crate) struct ManySlots {
    provider: AccountId,
    heads: watch::Sender<Head>,
    asked: Arc<Mutex<Asked>>,
}

/// What it was asked, and what it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Slots of the provider.
    pub(crate) count: u32,
    /// Whether they are held, or just assigned.
    pub(crate) held: bool,
    pub(crate) pages: usize,
    pub(crate) largest_page: usize,
    pub(crate) deals: usize,
    pub(crate) largest_question: usize,
    pub(crate) calls: usize,
}

/// File number `n`: one segment of 4 KiB.
pub(crate) fn file(n: u32) -> FileRef {
    let root = sp_crypto_hashing::blake2_256(&n.to_be_bytes());
    FileRef::new(root, 4096).unwrap()
}

/// Its owner, by whom the file is found again.
pub(crate) fn owner(n: u32) -> AccountId {
    let mut id = [8; 32];
    id[..4].copy_from_slice(&n.to_be_bytes());
    AccountId(id)
}

fn number(owner: &AccountId) -> u32 {
    u32::from_be_bytes(*owner.0.first_chunk().unwrap())
}

impl ManySlots {
    pub(crate) fn new(provider: AccountId, count: u32, held: bool) -> Self {
        let asked = Asked {
            count,
            held,
            ..Asked::default()
        };
        let head = Head {
            number: 10,
            hash: Hash([10; 32]),
            seen_at: Instant::now(),
        };
        Self {
            provider,
            heads: watch::channel(head).0,
            asked: Arc::new(Mutex::new(asked)),
        }
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Asked) -> T) -> T {
        work(&mut self.asked.lock().unwrap())
    }

    fn deal(&self, n: u32, held: bool) -> Deal {
        let slot = |provider| Slot {
            state: match held {
                true => SlotState::Held {
                    provider,
                    since: 3,
                    joined: Some(2),
                },
                false => SlotState::Assigned {
                    provider,
                    ready_by: 100 + u64::from(n),
                },
            },
            token: u64::from(n),
            passed_over: None,
            leaving: None,
            bounty: 0,
        };
        let others = [AccountId([77; 32]), AccountId([78; 32])];
        Deal {
            root: file(n).root,
            size: 4096,
            deposit: 1,
            committed_at: 1,
            terms: Terms::default(),
            balance: 0,
            offered_to: None,
            held: if held { 3 } else { 0 },
            slots: [self.provider]
                .into_iter()
                .chain(others)
                .map(slot)
                .collect(),
        }
    }
}

impl ChainView for ManySlots {
    type State = ManySlots;

    fn heads(&self) -> watch::Receiver<Head> {
        self.heads.subscribe()
    }

    async fn at(&self, _block: BlockRef) -> Result<ManySlots, ChainError> {
        Ok(self.clone())
    }

    async fn best(&self) -> Result<BlockRef, ChainError> {
        Ok(self.heads.borrow().block())
    }

    async fn submit_with(
        &self,
        call: Call,
        _options: SubmitOptions,
    ) -> Result<Finalized, SubmitError> {
        self.submit(call).await
    }

    async fn submit(&self, _call: Call) -> Result<Finalized, SubmitError> {
        self.with(|asked| asked.calls += 1);
        Ok(Finalized {
            block: self.heads.borrow().block(),
            tx: Hash([1; 32]),
            events: Vec::new(),
        })
    }
}

impl StateView for ManySlots {
    async fn assignments_page(
        &self,
        _provider: &AccountId,
        start: Option<&[u8]>,
        limit: u32,
    ) -> Result<AssignmentPage, ChainError> {
        let from = start.map_or(0, |start| u32::from_be_bytes(start.try_into().unwrap()));
        Ok(self.with(|asked| {
            let to = asked.count.min(from.saturating_add(limit));
            let assignments: Vec<_> = (from..to)
                .map(|n| Assignment {
                    file: file(n).file,
                    owner: owner(n),
                    slot: 0,
                })
                .collect();
            asked.pages += 1;
            asked.largest_page = asked.largest_page.max(assignments.len());
            let next = (to < asked.count).then(|| to.to_be_bytes().to_vec());
            AssignmentPage { assignments, next }
        }))
    }

    async fn deals(&self, of: &[(FileId, AccountId)]) -> Result<Vec<Option<Deal>>, ChainError> {
        let (count, held) = self.with(|asked| {
            asked.deals += of.len();
            asked.largest_question = asked.largest_question.max(of.len());
            (asked.count, asked.held)
        });
        let numbers = of.iter().map(|(_, owner)| number(owner));
        Ok(numbers
            .map(|n| (n < count).then(|| self.deal(n, held)))
            .collect())
    }

    async fn seed_from(&self, _draw_at: BlockNumber) -> Result<SeedAt, ChainError> {
        Ok(SeedAt::NotYet)
    }

    async fn provider(&self, _account: &AccountId) -> Result<Option<ProviderRecord>, ChainError> {
        Ok(None)
    }

    async fn timestamp_ms(&self) -> Result<u64, ChainError> {
        Ok(unix_now() * 1000)
    }

    fn proof_sectors(&self) -> Result<u32, ChainError> {
        Ok(8)
    }

    async fn audit_round(&self) -> Result<Option<AuditRound>, ChainError> {
        Ok(None)
    }

    async fn challenges(&self, _provider: &AccountId) -> Result<Option<Challenges>, ChainError> {
        Ok(None)
    }

    async fn audit_standing(
        &self,
        _provider: &AccountId,
    ) -> Result<Option<AuditStanding>, ChainError> {
        Ok(None)
    }

    async fn audited_page(
        &self,
        _start: Option<&[u8]>,
        _limit: u32,
    ) -> Result<AuditedPage, ChainError> {
        Ok(AuditedPage {
            providers: Vec::new(),
            next: None,
        })
    }

    async fn provider_pay(&self, _provider: &AccountId) -> Result<Option<ProviderPay>, ChainError> {
        Ok(None)
    }

    async fn uncovered(&self, _provider: &AccountId) -> Result<Option<Uncovered>, ChainError> {
        Ok(None)
    }

    async fn to_hand_over(&self, _provider: &AccountId) -> Result<u64, ChainError> {
        Ok(0)
    }

    fn audit_limits(&self) -> Result<AuditLimits, ChainError> {
        Ok(AuditLimits {
            max_challenges: 4,
            max_settle: 16,
            miss_points: 24,
            drop_points: 96,
            miss_fee: 50,
            hand_over_rounds: 28,
        })
    }
}
