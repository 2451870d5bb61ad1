//! Rows from many seats at the same time, every one of them verified with its combination. Who gives something wrong is named and not asked again.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::{stream::FuturesUnordered, StreamExt};
use rand::seq::SliceRandom;
use tokio::time::{sleep_until, Instant};

use super::{SeatClient, SeatFault, SeatReport};
use crate::{
    chain::{Plan, SeatSet},
    coding::RowSet,
};

/// Rows that one seat is asked for at once.
const ROWS: usize = 256;
/// Bytes of rows that one seat is asked for at once.
const BYTES: usize = 2 << 20;
/// Seats that are asked at the same time.
const PARALLEL: usize = 8;
/// How long an answer may take before others are asked for rows in its place.
const HEDGE: Duration = Duration::from_secs(4);

/// Which rows are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Any K, which rebuild the blob.
    Any,
    /// Exactly these.
    These(BTreeSet<u16>),
}

/// What was collected.
pub struct Collected {
    /// The rows, all verified.
    pub rows: RowSet,
    /// Whether they are all that was wanted.
    pub complete: bool,
    /// Seats that gave nothing of use, or something wrong.
    pub reports: Vec<SeatReport>,
}

/// Where the rows of one submission are.
#[derive(Clone, Debug)]
pub struct Collector {
    client: SeatClient,
    plan: Arc<Plan>,
    /// Of each seat.
    endpoints: Vec<Option<String>>,
    holders: SeatSet,
}

/// A seat that may be asked.
struct Source {
    seat: usize,
    rows: Vec<u16>,
    is_busy: bool,
    fault: Option<SeatFault>,
}

/// Rows that a seat is asked for.
struct Asking {
    seat: usize,
    rows: Vec<u16>,
    since: Instant,
}

impl Collector {
    /// Asks those of `holders` that have an endpoint.
    pub fn new(
        client: SeatClient,
        plan: Arc<Plan>,
        endpoints: Vec<Option<String>>,
        holders: SeatSet,
    ) -> Self {
        Self {
            client,
            plan,
            endpoints,
            holders,
        }
    }

    /// The plan of the submission.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Collects rows until they are enough, or nobody is left to be asked.
    pub async fn collect(&self, wanted: &Wanted) -> Collected {
        let set = Arc::new(Mutex::new(RowSet::new(
            self.plan.commitment(),
            self.plan.shape,
        )));
        let mut sources = self.sources(wanted);
        let mut asking: Vec<Asking> = Vec::new();
        let mut answers = FuturesUnordered::new();
        let complete = loop {
            if is_enough(&lock(&set), wanted) {
                break true;
            }
            while asking.len() < PARALLEL {
                let Some((seat, rows)) = self.next(&lock(&set), &mut sources, &asking, wanted)
                else {
                    break;
                };
                asking.push(Asking {
                    seat,
                    rows: rows.clone(),
                    since: Instant::now(),
                });
                answers.push(self.ask(seat, rows, set.clone()));
            }
            let hedge = asking.iter().map(|one| one.since + HEDGE);
            let hedge = hedge.filter(|at| *at > Instant::now()).min();
            let later = async {
                match hedge {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let (seat, outcome) = tokio::select! {
                answer = answers.next() => match answer {
                    Some(answer) => answer,
                    None => break false,
                },
                () = later => continue,
            };
            asking.retain(|one| one.seat != seat);
            for source in sources.iter_mut().filter(|source| source.seat == seat) {
                source.is_busy = false;
                source.fault = outcome.as_ref().err().cloned();
            }
        };
        drop(answers);
        let reports = sources.into_iter().filter_map(|source| {
            Some(SeatReport {
                seat: source.seat,
                provider: self.plan.committee.seats().get(source.seat)?.provider,
                fault: source.fault?,
            })
        });
        let reports = reports.collect();
        let empty = RowSet::new(self.plan.commitment(), self.plan.shape);
        let rows = std::mem::replace(&mut *lock(&set), empty);
        Collected {
            rows,
            complete,
            reports,
        }
    }

    /// Seats that have some of what is wanted, in random order.
    fn sources(&self, wanted: &Wanted) -> Vec<Source> {
        let of = |seat: usize| Source {
            seat,
            rows: self.plan.assignment.sorted_rows(seat),
            is_busy: false,
            fault: None,
        };
        let mut sources: Vec<Source> = self.holders.iter().map(of).collect();
        if let Wanted::These(these) = wanted {
            for source in &mut sources {
                source.rows.retain(|row| these.contains(row));
            }
        }
        sources.retain(|source| !source.rows.is_empty());
        sources.shuffle(&mut rand::thread_rng());
        sources
    }

    /// Whom to ask next, and for which rows: none that are there or asked for just now.
    fn next(
        &self,
        set: &RowSet,
        sources: &mut [Source],
        asking: &[Asking],
        wanted: &Wanted,
    ) -> Option<(usize, Vec<u16>)> {
        let now = Instant::now();
        let fresh = asking.iter().filter(|one| now < one.since + HEDGE);
        let coming: BTreeSet<u16> = fresh.flat_map(|one| one.rows.iter().copied()).collect();
        let needed = match wanted {
            Wanted::Any => {
                let original = usize::from(self.plan.shape.original());
                let come = usize::from(set.len()) + coming.len();
                original.saturating_sub(come)
            }
            Wanted::These(these) => these.len(),
        };
        let of_bytes = BYTES / self.plan.shape.row_bytes().max(1) as usize;
        // Spread over all that can be asked: it is faster, and each gives no more than so many rows of a blob.
        let is_idle = |source: &&Source| !source.is_busy && source.fault.is_none();
        let idle = sources.iter().filter(is_idle).count();
        let free = (PARALLEL - asking.len().min(PARALLEL)).min(idle).max(1);
        let most = needed.div_ceil(free).min(ROWS).min(of_bytes.max(1));
        if most == 0 {
            return None;
        }
        let idle = sources
            .iter_mut()
            .filter(|source| !source.is_busy && source.fault.is_none());
        for source in idle {
            let rows = source.rows.iter().copied();
            let rows: Vec<u16> = rows
                .filter(|row| !set.contains(*row) && !coming.contains(row))
                .take(most)
                .collect();
            if !rows.is_empty() {
                source.is_busy = true;
                return Some((source.seat, rows));
            }
        }
        None
    }

    /// Asks a seat, and verifies what it gives.
    async fn ask(
        &self,
        seat: usize,
        rows: Vec<u16>,
        set: Arc<Mutex<RowSet>>,
    ) -> (usize, Result<(), SeatFault>) {
        (seat, self.ask_for(seat, &rows, set).await)
    }

    async fn ask_for(
        &self,
        seat: usize,
        wanted: &[u16],
        set: Arc<Mutex<RowSet>>,
    ) -> Result<(), SeatFault> {
        let missing = || SeatFault::NoEndpoint("the chain has none".to_owned());
        let endpoint = self.endpoints.get(seat).and_then(Option::as_deref);
        let endpoint = endpoint.ok_or_else(missing)?;
        let submission = self.plan.submission();
        let known = lock(&set).combinations().cloned();
        let combinations: Bytes = match known {
            Some(known) => known,
            None => {
                let shape = &self.plan.shape;
                self.client
                    .combinations(endpoint, submission, shape)
                    .await?
            }
        };
        let blob = (self.plan.commitment(), self.plan.shape);
        let mut rows = Vec::with_capacity(wanted.len());
        let take = |row| rows.push(row);
        let fetched = self
            .client
            .rows(endpoint, submission, blob, wanted, take)
            .await;
        // What came before it broke off is as good as any.
        let verifying = tokio::task::spawn_blocking(move || {
            let verify = |row| lock(&set).accept(&combinations, row);
            rows.iter().try_for_each(verify)
        });
        let verified = verifying.await;
        verified.map_err(|_| SeatFault::Unreachable("this program is ending".to_owned()))??;
        fetched
    }
}

fn is_enough(set: &RowSet, wanted: &Wanted) -> bool {
    match wanted {
        Wanted::Any => set.len() >= set.shape().original(),
        Wanted::These(these) => these.iter().all(|row| set.contains(*row)),
    }
}

fn lock(set: &Mutex<RowSet>) -> MutexGuard<'_, RowSet> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
