//! The chain's answers that are asked for again and again, remembered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use noema_chain_client::{BlockNumber, ChainError};

use super::{
    committee::CommitteeFault, CommitteeView, DaState, EraIndex, Parameters, Plan, PlanError,
    SubmissionId, SubmissionInfo,
};

/// Committees that are remembered: of the eras whose blobs are read. 10 KB each.
const COMMITTEES: usize = 64;
/// Plans that are remembered. At most 34 KB each.
const PLANS: usize = 128;

/// Why there is no plan.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookupError {
    /// The node does not answer.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// There is no such submission.
    #[error("there is no submission {submission} in finalised state: it is not final yet, was refunded, or its window is over")]
    UnknownSubmission {
        /// Which.
        submission: SubmissionId,
    },
    /// There is no committee any more.
    #[error("the chain has no committee for era {era}")]
    NoCommittee {
        /// Of which era.
        era: EraIndex,
    },
    /// What the node says contradicts itself.
    #[error(transparent)]
    Committee(#[from] CommitteeFault),
    /// Rows cannot be assigned.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

#[derive(Debug, Default)]
struct Known {
    parameters: Option<(BlockNumber, Parameters)>,
    committees: BTreeMap<EraIndex, Arc<CommitteeView>>,
    plans: BTreeMap<SubmissionId, Arc<Plan>>,
}

/// Asks the chain, and remembers what does not change. Cloning is cheap and shares what is known.
#[derive(Clone, Debug)]
pub struct Lookup<C> {
    chain: C,
    known: Arc<Mutex<Known>>,
}

impl<C: DaState> Lookup<C> {
    /// Knows nothing yet.
    pub fn new(chain: C) -> Self {
        Self {
            chain,
            known: Arc::default(),
        }
    }

    /// The chain itself.
    pub fn chain(&self) -> &C {
        &self.chain
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rules, and where the chain is: asked once for each finalised block.
    pub async fn parameters(&self) -> Result<Parameters, ChainError> {
        let head = self.chain.heads().borrow().number;
        if let Some((block, parameters)) = self.known().parameters {
            if block == head {
                return Ok(parameters);
            }
        }
        let parameters = self.chain.parameters().await?;
        self.known().parameters = Some((head, parameters));
        Ok(parameters)
    }

    /// How a submission stands.
    pub async fn submission(
        &self,
        submission: SubmissionId,
    ) -> Result<SubmissionInfo, LookupError> {
        self.chain
            .submission(submission)
            .await?
            .ok_or(LookupError::UnknownSubmission { submission })
    }

    /// The committee of an era. Who lost everything since it was first asked for may not be marked: nothing relies on that.
    pub async fn committee(&self, era: EraIndex) -> Result<Arc<CommitteeView>, LookupError> {
        if let Some(committee) = self.known().committees.get(&era) {
            return Ok(committee.clone());
        }
        let info = self.chain.committee(era).await?;
        let info = info.ok_or(LookupError::NoCommittee { era })?;
        let committee = Arc::new(CommitteeView::new(&info)?);
        let mut known = self.known();
        if known.committees.len() >= COMMITTEES {
            known.committees.pop_first();
        }
        known.committees.insert(era, committee.clone());
        Ok(committee)
    }

    /// How a submission stands, and the plan for its rows.
    pub async fn plan(
        &self,
        submission: SubmissionId,
    ) -> Result<(Arc<Plan>, SubmissionInfo), LookupError> {
        let info = self.submission(submission).await?;
        if let Some(plan) = self.known().plans.get(&submission) {
            return Ok((plan.clone(), info));
        }
        let parameters = self.parameters().await?;
        let committee = self.committee(info.era).await?;
        let plan = Plan::new(self.chain.genesis(), &parameters, &info, committee)?;
        let plan = Arc::new(plan);
        let mut known = self.known();
        if known.plans.len() >= PLANS {
            known.plans.pop_first();
        }
        known.plans.insert(submission, plan.clone());
        Ok((plan, info))
    }
}
