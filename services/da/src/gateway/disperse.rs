//! Sending seats their shards, and taking their signatures: each verified by itself, so that who gives a wrong one is named and the sum is right.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::stream;
use noema_chain_client::{AccountId, ChainError};
use tokio::sync::{watch, Semaphore};

use crate::{
    bls::SignatureBytes,
    chain::{DaState, Lookup, Plan, SeatSet},
    client::{SeatClient, SeatFault, SeatReport},
    coding::{CodedBlob, ShardHeader},
};

/// Seats that are sent to at the same time.
const PARALLEL: usize = 16;
/// Pause before a seat is tried again, doubled each time.
const PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How a seat stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SeatState {
    /// It is being asked for the first time.
    Asked,
    /// It signed.
    Signed(SignatureBytes),
    /// What it gave last was nothing of use.
    Faulty(SeatFault),
}

/// How all seats stand; changes are seen by who watches.
#[derive(Debug)]
pub(crate) struct Seats {
    states: Mutex<Vec<SeatState>>,
    changed: watch::Sender<()>,
}

impl Seats {
    pub(crate) fn new(count: usize) -> Self {
        Self {
            states: Mutex::new(vec![SeatState::Asked; count]),
            changed: watch::Sender::new(()),
        }
    }

    fn states(&self) -> MutexGuard<'_, Vec<SeatState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, seat: usize, state: SeatState) {
        if let Some(known) = self.states().get_mut(seat) {
            *known = state;
        }
        self.changed.send_replace(());
    }

    pub(crate) fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(crate) fn snapshot(&self) -> Vec<SeatState> {
        self.states().clone()
    }

    /// Who signed.
    pub(crate) fn signed(&self) -> SeatSet {
        let is_signed = |(seat, state): (usize, &SeatState)| {
            matches!(state, SeatState::Signed(_)).then_some(seat)
        };
        let states = self.states();
        states.iter().enumerate().filter_map(is_signed).collect()
    }

    /// The signatures of these seats.
    pub(crate) fn signatures(&self, of: &SeatSet) -> Vec<SignatureBytes> {
        let states = self.states();
        of.iter()
            .filter_map(|seat| match states.get(seat) {
                Some(SeatState::Signed(signature)) => Some(*signature),
                _ => None,
            })
            .collect()
    }

    /// Whether each has answered, whatever it was.
    pub(crate) fn all_answered(&self) -> bool {
        !self.states().contains(&SeatState::Asked)
    }

    /// Those that did not sign, and why; at the end also those that have not answered.
    pub(crate) fn reports(&self, plan: &Plan, ended: bool) -> Vec<SeatReport> {
        let seats = self.snapshot().into_iter().enumerate();
        let report = |(seat, state)| {
            let fault = match state {
                SeatState::Faulty(fault) => fault,
                SeatState::Asked if ended => SeatFault::TooSlow,
                SeatState::Asked | SeatState::Signed(_) => return None,
            };
            Some(SeatReport {
                seat,
                provider: plan.committee.seats().get(seat)?.provider,
                fault,
            })
        };
        seats.filter_map(report).collect()
    }
}

/// Sends all seats their shards, and those that do not sign again and again, until it is dropped or everybody signed.
pub(crate) async fn disperse<C: DaState>(
    lookup: &Lookup<C>,
    client: &SeatClient,
    plan: &Arc<Plan>,
    blob: &Arc<CodedBlob>,
    seats: &Seats,
    resumed: bool,
) {
    let turns = Semaphore::new(PARALLEL);
    let sending = (0..plan.committee.seats().len()).map(|seat| {
        let one = Sending {
            lookup,
            client,
            plan,
            blob,
            seats,
            turns: &turns,
        };
        async move { one.until_signed(seat, resumed).await }
    });
    futures::future::join_all(sending).await;
}

struct Sending<'a, C> {
    lookup: &'a Lookup<C>,
    client: &'a SeatClient,
    plan: &'a Arc<Plan>,
    blob: &'a Arc<CodedBlob>,
    seats: &'a Seats,
    turns: &'a Semaphore,
}

impl<C: DaState> Sending<'_, C> {
    async fn until_signed(&self, seat: usize, resumed: bool) {
        let Some(view) = self.plan.committee.seats().get(seat) else {
            return;
        };
        let (mut pause, mut again) = (PAUSE, resumed);
        loop {
            let Ok(turn) = self.turns.acquire().await else {
                return;
            };
            let asked = self.ask(seat, view.provider, again).await;
            drop(turn);
            match asked {
                Ok(signature) => {
                    self.seats.set(seat, SeatState::Signed(signature));
                    return;
                }
                Err(fault) => {
                    let (submission, provider) = (self.plan.submission(), view.provider);
                    tracing::debug!(submission, seat, %provider, %fault, "a seat has not signed");
                    self.seats.set(seat, SeatState::Faulty(fault));
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            again = true;
        }
    }

    async fn ask(
        &self,
        seat: usize,
        provider: AccountId,
        again: bool,
    ) -> Result<SignatureBytes, SeatFault> {
        let endpoint = self.lookup.chain().endpoint(provider).await;
        let unknown = |error: ChainError| SeatFault::NoEndpoint(error.to_string());
        let missing = || SeatFault::NoEndpoint("the chain has none".to_owned());
        let endpoint = endpoint.map_err(unknown)?.ok_or_else(missing)?;
        // A seat that has the rows need not be sent them once more.
        if again {
            let known = self.client.signature(&endpoint, self.plan.submission());
            if let Ok(signature) = known.await {
                if let Ok(signature) = self.verified(seat, signature).await {
                    return Ok(signature);
                }
            }
        }
        let rows = self.plan.assignment.shard_rows(seat, self.plan.content());
        let header = ShardHeader {
            commitment: self.plan.commitment(),
            shape: self.plan.shape,
            // A blob has fewer rows.
            rows: rows.len() as u16,
        };
        let pieces = pieces(self.blob.clone(), header, rows);
        let length = header.shard_bytes();
        let submission = self.plan.submission();
        let signature = self
            .client
            .send_shard(&endpoint, submission, pieces, length)
            .await?;
        self.verified(seat, signature).await
    }

    async fn verified(
        &self,
        seat: usize,
        signature: SignatureBytes,
    ) -> Result<SignatureBytes, SeatFault> {
        let plan = self.plan.clone();
        let verifying = tokio::task::spawn_blocking(move || {
            let key = plan.committee.seats().get(seat).map(|view| view.key);
            let attestation = &plan.attestation;
            key.map_or(Ok(()), |key| key.verify(attestation, &signature))
        });
        let verified = verifying.await;
        verified.map_err(|_| SeatFault::Unreachable("this program is ending".to_owned()))??;
        Ok(signature)
    }
}

/// A shard piece by piece, sharing the blob's memory.
fn pieces(
    blob: Arc<CodedBlob>,
    header: ShardHeader,
    rows: Vec<u16>,
) -> impl futures::Stream<Item = bytes::Bytes> + Send + 'static {
    let front = [
        bytes::Bytes::copy_from_slice(&header.encode()),
        blob.combinations().clone(),
    ];
    let rows = rows.into_iter().filter_map(move |row| blob.row(row));
    stream::iter(front.into_iter().chain(rows.flat_map(|row| row.frame())))
}
