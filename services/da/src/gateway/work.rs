//! What is done with a blob, from the spool to its attestation. Every step is noted before it counts, so that a restart goes on where it was and pays nothing twice.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use noema_chain_client::{ChainError, SubmitError};
use noema_da_primitives::{Commitment, Shape};
use tokio::time::{sleep, timeout};

use super::{
    book::BookError,
    disperse::{disperse, Seats},
    record::{FailureKind, Request, Stage},
    Gateway,
};
use crate::{
    bls::{aggregate, SignatureError},
    chain::{
        DaCalls, LookupError, NewSubmission, Plan, PlanError, SeatSet, Standing, SubmissionId,
        SubmissionInfo,
    },
    coding::CodedBlob,
};

/// Pause after a failure that may pass.
const PAUSE: Duration = Duration::from_secs(2);

/// Why a blob does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error(transparent)]
    Book(#[from] BookError),
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    Submit(#[from] SubmitError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Nothing comes of it.
    #[error("{reason}")]
    Failed { kind: FailureKind, reason: String },
    #[error("the gateway is stopping")]
    Stopping,
}

impl From<ChainError> for WorkError {
    fn from(error: ChainError) -> Self {
        Self::Lookup(error.into())
    }
}

/// What is seen of a blob while it is worked on.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) plan: OnceLock<Arc<Plan>>,
    pub(crate) seats: OnceLock<Arc<Seats>>,
}

fn failed(kind: FailureKind, reason: impl Into<String>) -> WorkError {
    let reason = reason.into();
    WorkError::Failed { kind, reason }
}

impl<C: DaCalls> Gateway<C> {
    /// Works on a blob until it is done with. What may pass is tried again.
    pub(crate) async fn work(&self, mut request: Request, live: &Live, mut resumed: bool) {
        loop {
            let (kind, reason) = match self.step(&mut request, live, resumed).await {
                Ok(()) => break,
                Err(WorkError::Stopping) => return,
                Err(WorkError::Failed { kind, reason }) => (kind, reason),
                Err(WorkError::Book(
                    error @ (BookError::Encode(_) | BookError::Bundle(_) | BookError::Damaged(_)),
                )) => (FailureKind::Refused, error.to_string()),
                Err(error) => {
                    tracing::warn!(request = %request.id, %error, "a blob does not go on; trying again");
                    sleep(PAUSE).await;
                    // Whatever was begun may have come to something.
                    resumed = true;
                    continue;
                }
            };
            tracing::warn!(request = %request.id, reason, "a blob does not become available");
            request.stage = Stage::Failed { kind, reason };
            break;
        }
        if let (Some(plan), Some(seats)) = (live.plan.get(), live.seats.get()) {
            let reports = seats.reports(plan, true);
            let fault = |report: crate::client::SeatReport| {
                let words = report.fault.to_string();
                // A committee has a hundred seats.
                (report.seat as u8, report.fault.word().to_owned(), words)
            };
            request.faults = reports.into_iter().map(fault).collect();
        }
        let state = match request.stage {
            Stage::Available { .. } => "available",
            _ => "failed",
        };
        self.metrics.blobs.with_label_values(&[state]).inc();
        loop {
            match self.close(request.clone()).await {
                Ok(()) => return,
                Err(error) => tracing::error!(%error, "what a blob came to cannot be noted"),
            }
            sleep(PAUSE).await;
        }
    }

    /// Closes a blob; of a bundle, its members with it.
    async fn close(&self, request: Request) -> Result<(), BookError> {
        let mut all = self.book.members(&request)?;
        all.push(request);
        self.book.close(&mut all).await
    }

    async fn step(
        &self,
        request: &mut Request,
        live: &Live,
        resumed: bool,
    ) -> Result<(), WorkError> {
        let shape = Shape::of(request.size.into());
        let shape = shape.map_err(|error| failed(FailureKind::Refused, error.to_string()))?;
        let _memory = self.memory.take(&shape).await.ok_or(WorkError::Stopping)?;
        let blob = Arc::new(self.code(request).await?);
        let commitment = blob.commitment();
        let submission = match request.stage {
            Stage::Submitted { submission, .. } | Stage::Available { submission, .. } => submission,
            _ => self.submit(request, commitment, resumed).await?,
        };
        let plan = self.planned(submission).await?;
        let seats = Arc::new(Seats::new(plan.committee.seats().len()));
        let seats = live.seats.get_or_init(|| seats).clone();
        let plan = live.plan.get_or_init(|| plan);
        let sending = disperse(&self.lookup, &self.seats, plan, &blob, &seats, resumed);
        let attested = async {
            self.until_available(request, plan, &seats).await?;
            self.late_seats(plan, &seats).await;
            Ok(())
        };
        tokio::select! {
            outcome = attested => outcome,
            () = async { sending.await; std::future::pending().await } => Ok(()),
        }
    }

    async fn code(&self, request: &Request) -> Result<CodedBlob, WorkError> {
        let (book, request) = (self.book.clone(), request.clone());
        let timer = self.metrics.coding_seconds.start_timer();
        let coding = tokio::task::spawn_blocking(move || book.code(&request));
        let coded = coding.await.map_err(|_| WorkError::Stopping)??;
        timer.observe_duration();
        Ok(coded)
    }

    /// Submits a blob, or finds the submission that was made before.
    async fn submit(
        &self,
        request: &mut Request,
        commitment: Commitment,
        resumed: bool,
    ) -> Result<SubmissionId, WorkError> {
        if let (true, Stage::Submitting { from, .. }) = (resumed, &request.stage) {
            if let Some(found) = self.find_again(request, commitment, *from).await? {
                return self.submitted(request, commitment, found).await;
            }
        }
        let from = self.lookup.parameters().await?.next_submission;
        let block = self.lookup.chain().heads().borrow().number;
        request.stage = Stage::Submitting {
            commitment,
            from,
            block,
        };
        self.book.write(&[&*request]).await?;
        loop {
            let new = self.priced(request, commitment).await?;
            let refused = match self.lookup.chain().submit(new).await {
                Ok(submission) => return self.submitted(request, commitment, submission).await,
                Err(error) => error,
            };
            let Some(failure) = refused.dispatch() else {
                return Err(refused.into());
            };
            let may_pass = ["TooMuchInFlight", "FeeAboveMaximum", "NoCommittee"];
            match may_pass.iter().any(|name| failure.name == *name) {
                true => {
                    tracing::info!(request = %request.id, %refused, "the chain does not take a blob yet");
                }
                false => return Err(failed(FailureKind::Refused, refused.to_string())),
            }
            self.next_block().await?;
        }
    }

    async fn submitted(
        &self,
        request: &mut Request,
        commitment: Commitment,
        submission: SubmissionId,
    ) -> Result<SubmissionId, WorkError> {
        self.claimed().insert(submission);
        request.stage = Stage::Submitted {
            commitment,
            submission,
        };
        self.book.write(&[&*request]).await?;
        tracing::info!(request = %request.id, submission, %commitment, "a blob is on chain");
        Ok(submission)
    }

    async fn priced(
        &self,
        request: &Request,
        commitment: Commitment,
    ) -> Result<NewSubmission, WorkError> {
        let (namespace, days) = (request.namespace, request.days);
        let chain = self.lookup.chain();
        let quote = chain.quote(request.size, namespace, days).await?;
        let Some(quote) = quote else {
            let size = request.size;
            let reason = format!("the chain takes no blob of {size} bytes for {days} days");
            return Err(failed(FailureKind::Refused, reason));
        };
        if let Some(most) = self.max_fee.filter(|most| quote.total > *most) {
            let reason = format!(
                "the submission costs {} units: at most {most} are allowed",
                quote.total
            );
            return Err(failed(FailureKind::Refused, reason));
        }
        Ok(NewSubmission {
            commitment,
            size: request.size,
            content: request.content,
            namespace,
            days,
            max_fee: quote.total,
        })
    }

    /// Looks for a submission that was made before a restart, until none can come any more: a transaction of before may still be on its way.
    async fn find_again(
        &self,
        request: &Request,
        commitment: Commitment,
        from: SubmissionId,
    ) -> Result<Option<SubmissionId>, WorkError> {
        let chain = self.lookup.chain();
        let begun = chain.heads().borrow().number;
        loop {
            let now = chain.heads().borrow().number;
            let mut after = None;
            loop {
                let page = chain.submissions_of(commitment, after).await?;
                let is_own = |info: &SubmissionInfo| {
                    info.payer == chain.account()
                        && info.submission >= from
                        && info.size == request.size
                        && info.content == request.content
                        && info.namespace == request.namespace
                };
                let claimed = self.claimed().clone();
                let mut own = page.submissions.iter().filter(|info| is_own(info));
                if let Some(found) = own.find(|info| !claimed.contains(&info.submission)) {
                    return Ok(Some(found.submission));
                }
                match page.next {
                    None => break,
                    next => after = next,
                }
            }
            if now > begun.saturating_add(self.transactions_live) {
                return Ok(None);
            }
            self.next_block().await?;
        }
    }

    async fn next_block(&self) -> Result<(), WorkError> {
        let mut heads = self.lookup.chain().heads();
        heads.borrow_and_update();
        let changed = heads.changed().await;
        changed.map_err(|_| WorkError::Stopping)
    }

    /// The plan of a submission, once its row seed is drawn and final.
    async fn planned(&self, submission: SubmissionId) -> Result<Arc<Plan>, WorkError> {
        loop {
            match self.lookup.plan(submission).await {
                Ok((plan, _)) => return Ok(plan),
                Err(LookupError::Plan(PlanError::AwaitsSeed { .. })) => self.next_block().await?,
                Err(error) => return Err(ended(error)),
            }
        }
    }

    /// Attests once seats with two thirds of the stake signed. Returns when the blob is available in a finalised block.
    async fn until_available(
        &self,
        request: &mut Request,
        plan: &Plan,
        seats: &Seats,
    ) -> Result<(), WorkError> {
        let submission = plan.submission();
        let mut changes = seats.watch();
        let mut heads = self.lookup.chain().heads();
        loop {
            if self.standing(submission).await?.is_some() {
                break;
            }
            let signed = seats.signed();
            if self.lookup.parameters().await?.tick >= plan.deadline {
                let stake = plan.committee.stake_of(&signed);
                let all = plan.committee.stakes().total();
                let reason = format!(
                    "seats with {stake} of {all} of the stake signed in time: two thirds are needed, in a finalised block"
                );
                return Err(failed(FailureKind::TooFewSignatures, reason));
            }
            if plan.committee.is_quorum(&signed) {
                // The first call is free, whoever is in it: those that are about to sign are waited for.
                let all =
                    async { while !seats.all_answered() && changes.changed().await.is_ok() {} };
                let _ = timeout(self.gather, all).await;
                match self.attest(plan, seats, seats.signed()).await {
                    Ok(()) => continue,
                    // Somebody else may have attested; the chain says so at once.
                    Err(WorkError::Submit(error)) if error.dispatch().is_some() => {
                        tracing::info!(submission, %error, "an attestation is refused");
                    }
                    Err(error) => return Err(error),
                }
            }
            tokio::select! {
                changed = changes.changed() => changed.map_err(|_| WorkError::Stopping)?,
                changed = heads.changed() => changed.map_err(|_| WorkError::Stopping)?,
            }
        }
        if !matches!(request.stage, Stage::Available { .. }) {
            let commitment = plan.commitment();
            request.stage = Stage::Available {
                commitment,
                submission,
            };
            self.book.write(&[&*request]).await?;
            tracing::info!(request = %request.id, submission, "a blob is available");
        }
        Ok(())
    }

    /// Who signed, if the blob is available.
    async fn standing(&self, submission: SubmissionId) -> Result<Option<SeatSet>, WorkError> {
        let info = self.lookup.submission(submission).await.map_err(ended)?;
        Ok(match info.standing {
            Standing::Available { signed, .. } => Some(SeatSet::from_bytes(signed)),
            _ => None,
        })
    }

    async fn attest(&self, plan: &Plan, seats: &Seats, of: SeatSet) -> Result<(), WorkError> {
        let sum = aggregate(&seats.signatures(&of))?;
        let submission = plan.submission();
        self.lookup.chain().attest(submission, of, sum).await?;
        Ok(())
    }

    /// Adds seats that sign within a while, in one call, which pays.
    async fn late_seats(&self, plan: &Plan, seats: &Seats) {
        let mut changes = seats.watch();
        let count = plan.committee.seats().len();
        let all = async {
            while seats.signed().iter().count() < count && changes.changed().await.is_ok() {}
        };
        let _ = timeout(self.late, all).await;
        let added = async {
            let known = self.standing(plan.submission()).await?;
            let new = seats.signed().minus(&known.unwrap_or_default());
            match new.is_empty() {
                true => Ok(()),
                false => self.attest(plan, seats, new).await,
            }
        };
        if let Err(error) = added.await {
            // Their bits are their pay, not the blob's.
            tracing::warn!(submission = plan.submission(), %error, "late seats are not added");
        }
    }
}

/// A submission that is not there any more was refunded.
fn ended(error: LookupError) -> WorkError {
    let reason = error.to_string();
    match error {
        LookupError::UnknownSubmission { .. } => failed(FailureKind::TooFewSignatures, reason),
        LookupError::Plan(PlanError::SeedLost { .. }) => failed(FailureKind::SeedLost, reason),
        LookupError::Plan(PlanError::UnknownRules { .. }) => failed(FailureKind::Refused, reason),
        error => error.into(),
    }
}
