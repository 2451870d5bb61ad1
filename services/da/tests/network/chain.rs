//! A chain in memory: committees, submissions, attestations and audits by the pallet's rules, as far as daemons meet them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use noema_chain_client::{
    AccountId, BlockRef, ChainError, DispatchFailure, Hash, Head, SubmitError,
};
use noema_da::{
    bls::{verify_aggregate, PublicKeyBytes, SeatSecret, SignatureBytes},
    chain::{
        Asked, AskedRow, CommitteeInfo, CommitteeView, DaCalls, DaState, EraIndex, NewSubmission,
        Parameters, Plan, Quote, RowAudits, SeatSet, Standing, SubmissionId, SubmissionInfo,
        SubmissionPage,
    },
};
use noema_da_primitives::{
    Commitment, CommitteeId, Hasher, Namespace, RowProof, RowSeed, SeatInfo, Shape, Software,
};
use tokio::sync::watch;

pub(crate) const GENESIS: [u8; 32] = [7; 32];
const PALLET: u8 = 65;

/// A committee's era and id, for those who do not care which.
pub(crate) const ERA: EraIndex = 5;

#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) info: SubmissionInfo,
    /// Whether it will get no seed.
    lost: bool,
}

pub(crate) struct State {
    pub(crate) tick: u64,
    pub(crate) era: EraIndex,
    pub(crate) attest_ticks: u64,
    pub(crate) committees: BTreeMap<EraIndex, CommitteeInfo>,
    pub(crate) endpoints: BTreeMap<AccountId, String>,
    pub(crate) submissions: BTreeMap<SubmissionId, Submission>,
    pub(crate) next: SubmissionId,
    /// Calls that were executed, by name.
    pub(crate) calls: Vec<&'static str>,
    /// What the chain asks each provider for.
    pub(crate) asked: BTreeMap<AccountId, Asked>,
    /// Of these, the calls that answered.
    pub(crate) answers: Vec<(AccountId, Vec<(u8, RowProof)>)>,
    /// Submissions from this number on lose their seed.
    pub(crate) lose_from: Option<SubmissionId>,
    /// Calls that come to nothing although they are executed: their answers are lost.
    pub(crate) lose_answers: u32,
}

#[derive(Clone)]
pub(crate) struct MemoryChain {
    state: Arc<Mutex<State>>,
    heads: watch::Sender<Head>,
    signer: AccountId,
}

pub(crate) fn account(n: u8) -> AccountId {
    AccountId([n; 32])
}

pub(crate) fn secret(n: u8) -> SeatSecret {
    SeatSecret::from_material(&[n; 32])
}

pub(crate) fn committee(era: EraIndex, stakes: &[u128]) -> CommitteeInfo {
    let seats: Vec<_> = stakes
        .iter()
        .zip(1u8..)
        .map(|(stake, n)| SeatInfo {
            provider: account(n),
            key: secret(n).public().0,
            stake: *stake,
            gone: false,
        })
        .collect();
    let id = CommitteeId::new::<Software>(era, seats.iter().map(|seat| (&seat.key, seat.stake)));
    CommitteeInfo { era, id, seats }
}

impl MemoryChain {
    pub(crate) fn new(stakes: &[u128]) -> Self {
        let state = State {
            tick: 1_000,
            era: ERA,
            attest_ticks: 1_000_000,
            committees: [(ERA, committee(ERA, stakes))].into(),
            endpoints: BTreeMap::new(),
            submissions: BTreeMap::new(),
            next: 1,
            calls: Vec::new(),
            asked: BTreeMap::new(),
            answers: Vec::new(),
            lose_from: None,
            lose_answers: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            heads: watch::Sender::new(head(1)),
            signer: account(200),
        }
    }

    pub(crate) fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// The next block, in which row seeds are drawn and refunds fall due.
    pub(crate) fn advance(&self) {
        self.change(|state| {
            state.tick += 1;
            for (id, submission) in &mut state.submissions {
                if submission.info.standing == Standing::AwaitsSeed {
                    let seed = RowSeed(Software::sha2_256(&[b"seed", &id.to_le_bytes()]));
                    submission.info.standing = match submission.lost {
                        true => Standing::SeedLost,
                        false => Standing::Submitted { seed },
                    };
                }
            }
        });
        let number = self.heads.borrow().number + 1;
        self.heads.send_replace(head(number));
    }

    /// Blocks, until what is returned is dropped.
    pub(crate) fn run(&self) -> tokio_util::task::AbortOnDropHandle<()> {
        let chain = self.clone();
        tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
            let mut blocks = tokio::time::interval(Duration::from_millis(10));
            loop {
                blocks.tick().await;
                chain.advance();
            }
        }))
    }

    /// Submits for somebody, without a gateway, and draws the row seed.
    pub(crate) fn submit_now(&self, new: NewSubmission) -> SubmissionId {
        let id = self.change(|state| state.submit(self.signer, &new).unwrap());
        self.advance();
        id
    }

    /// The plan of a submission whose row seed is drawn.
    pub(crate) fn plan(&self, id: SubmissionId) -> Plan {
        self.change(|state| {
            let info = state.submissions[&id].info.clone();
            let view = CommitteeView::new(&state.committees[&info.era]).unwrap();
            Plan::new(GENESIS, &state.parameters(), &info, Arc::new(view)).unwrap()
        })
    }

    pub(crate) fn standing(&self, id: SubmissionId) -> Option<Standing> {
        self.change(|state| Some(state.submissions.get(&id)?.info.standing))
    }
}

pub(crate) fn new_submission(
    commitment: Commitment,
    size: u32,
    content: noema_da_primitives::Content,
) -> NewSubmission {
    NewSubmission {
        commitment,
        size,
        content,
        namespace: Namespace::default(),
        days: 1,
        max_fee: 1_000,
    }
}

fn head(number: u32) -> Head {
    Head {
        number,
        hash: Hash([1; 32]),
        seen_at: Instant::now(),
    }
}

impl State {
    fn parameters(&self) -> Parameters {
        Parameters {
            rules: 1,
            pallet: PALLET,
            era: self.era,
            tick: self.tick,
            attest_ticks: self.attest_ticks,
            row_draw_delay: 2,
            max_in_flight: 256 << 20,
            price: 1,
            stored_bytes: 0,
            next_submission: self.next,
        }
    }

    fn submit(
        &mut self,
        payer: AccountId,
        new: &NewSubmission,
    ) -> Result<SubmissionId, &'static str> {
        if new.max_fee < 1_000 {
            return Err("FeeAboveMaximum");
        }
        let shape = Shape::of(new.size.into()).map_err(|_| "BlobTooLarge")?;
        let checked = new.content.check(&shape);
        checked.map_err(|_| "BadBundle")?;
        let id = self.next;
        self.next += 1;
        let info = SubmissionInfo {
            submission: id,
            payer,
            namespace: new.namespace,
            commitment: new.commitment,
            class: shape.class(),
            size: new.size,
            content: new.content,
            era: self.era,
            deadline: self.tick + self.attest_ticks,
            days: new.days,
            until: self.era + 1 + 4 * u32::from(new.days),
            fee: 1_000,
            standing: Standing::AwaitsSeed,
        };
        let lost = self.lose_from.is_some_and(|from| id >= from);
        self.submissions.insert(id, Submission { info, lost });
        self.calls.push("submit");
        Ok(id)
    }

    fn attest(
        &mut self,
        id: SubmissionId,
        seats: SeatSet,
        signature: &SignatureBytes,
    ) -> Result<(), &'static str> {
        let parameters = self.parameters();
        let submission = self.submissions.get_mut(&id).ok_or("UnknownSubmission")?;
        let info = &mut submission.info;
        if parameters.tick >= info.deadline {
            return Err("TooLate");
        }
        if seats.is_empty() {
            return Err("NoBits");
        }
        let view = CommitteeView::new(&self.committees[&info.era]).unwrap();
        let known = match info.standing {
            Standing::Available { signed, .. } => SeatSet::from_bytes(signed),
            Standing::Submitted { .. } if view.is_quorum(&seats) => SeatSet::default(),
            Standing::Submitted { .. } => return Err("TooLittleStake"),
            _ => return Err("SeedNotDrawn"),
        };
        if seats.iter().any(|seat| known.contains(seat)) {
            return Err("AlreadyAttested");
        }
        let plan = Plan::new(GENESIS, &parameters, info, Arc::new(view.clone())).unwrap();
        let keys: Vec<PublicKeyBytes> = seats.iter().map(|seat| view.seats()[seat].key).collect();
        if verify_aggregate(&keys, &plan.attestation, signature).is_err() {
            return Err("BadSignature");
        }
        let all: SeatSet = known.iter().chain(seats.iter()).collect();
        info.standing = Standing::Available {
            seed: plan.attestation.seed,
            index: id,
            height: 1,
            signed: all.to_bytes(),
            holders: all.to_bytes(),
        };
        self.calls.push("attest");
        Ok(())
    }
}

fn failure(name: &str) -> SubmitError {
    SubmitError::Dispatch {
        failure: DispatchFailure {
            pallet: Some("DataAvailability".to_owned()),
            name: name.to_owned(),
            docs: String::new(),
        },
        block: BlockRef {
            number: 1,
            hash: Hash([1; 32]),
        },
        tx: Hash([2; 32]),
    }
}

impl DaState for MemoryChain {
    fn genesis(&self) -> [u8; 32] {
        GENESIS
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.heads.subscribe()
    }

    async fn parameters(&self) -> Result<Parameters, ChainError> {
        Ok(self.change(|state| state.parameters()))
    }

    async fn submission(&self, id: SubmissionId) -> Result<Option<SubmissionInfo>, ChainError> {
        Ok(self.change(|state| Some(state.submissions.get(&id)?.info.clone())))
    }

    async fn submissions_of(
        &self,
        commitment: Commitment,
        after: Option<SubmissionId>,
    ) -> Result<SubmissionPage, ChainError> {
        let submissions = self.change(|state| {
            let all = state.submissions.values().map(|known| known.info.clone());
            all.filter(|info| info.commitment == commitment && Some(info.submission) > after)
                .collect()
        });
        Ok(SubmissionPage {
            submissions,
            next: None,
        })
    }

    async fn committee(&self, era: EraIndex) -> Result<Option<CommitteeInfo>, ChainError> {
        Ok(self.change(|state| state.committees.get(&era).cloned()))
    }

    async fn endpoint(&self, provider: AccountId) -> Result<Option<String>, ChainError> {
        Ok(self.change(|state| state.endpoints.get(&provider).cloned()))
    }
}

impl DaCalls for MemoryChain {
    fn account(&self) -> AccountId {
        self.signer
    }

    async fn quote(&self, size: u32, _: Namespace, _: u8) -> Result<Option<Quote>, ChainError> {
        let class = Shape::of(size.into()).unwrap().class();
        Ok(Some(Quote {
            class,
            stored_bytes: 0,
            base: 0,
            fee: 1_000,
            namespace: 0,
            total: 1_000,
            deposit: 0,
        }))
    }

    async fn submit(&self, new: NewSubmission) -> Result<SubmissionId, SubmitError> {
        let submitted = self.change(|state| {
            let id = state.submit(self.signer, &new)?;
            let lost = state.lose_answers > 0;
            state.lose_answers = state.lose_answers.saturating_sub(1);
            Ok((id, lost))
        });
        match submitted {
            Ok((_, true)) => Err(SubmitError::NotFinalized {
                seconds: 1,
                dead_after: 1,
            }),
            Ok((id, false)) => Ok(id),
            Err(name) => Err(failure(name)),
        }
    }

    async fn attest(
        &self,
        id: SubmissionId,
        seats: SeatSet,
        signature: SignatureBytes,
    ) -> Result<(), SubmitError> {
        self.change(|state| state.attest(id, seats, &signature))
            .map_err(failure)
    }
}

impl RowAudits for MemoryChain {
    async fn asked(&self, provider: AccountId) -> Result<Option<Asked>, ChainError> {
        Ok(self.change(|state| {
            let asked = state.asked.get(&provider)?.clone();
            asked.rows.iter().any(|row| !row.answered).then_some(asked)
        }))
    }

    async fn most_answers(&self) -> Result<usize, ChainError> {
        Ok(2)
    }

    async fn answer(
        &self,
        provider: AccountId,
        round: u32,
        answers: Vec<(u8, RowProof)>,
    ) -> Result<(), SubmitError> {
        self.change(|state| {
            let asked = state.asked.get_mut(&provider).unwrap();
            assert_eq!(asked.round, round);
            assert!(answers.len() <= 2);
            for (index, proof) in &answers {
                let row = asked.rows.iter_mut().find(|row| row.index == *index);
                let row: &mut AskedRow = row.unwrap();
                let verified = proof.verify::<Software>(&row.commitment, &row.shape, row.row);
                verified.map_err(|_| failure("WrongProof"))?;
                row.answered = true;
            }
            state.answers.push((provider, answers));
            Ok(())
        })
    }
}
