//! Data availability over a node, or over whatever else a [`ChainClient`] is connected to.

use noema_chain_client::{
    AccountId, Call, ChainClient, ChainError, DaCall, Finalized, Head, Role, SigningKey, StateAt,
    SubmitError, Submitter,
};
use noema_da_primitives::{Commitment, Namespace, RowProof, Shape};
use tokio::sync::watch;

use super::{
    Asked, AskedRow, CommitteeInfo, DaCalls, DaState, EraIndex, NewSubmission, Parameters, Quote,
    RowAudits, SeatSet, SubmissionId, SubmissionInfo, SubmissionPage,
};
use crate::bls::SignatureBytes;

/// Submissions asked for at once; the runtime gives no more than these.
const PAGE: u32 = 100;

/// Reads data availability through a node's finalised state. It has no key: readers and samplers need none.
#[derive(Clone, Debug)]
pub struct NodeState {
    client: ChainClient,
}

impl NodeState {
    /// Asks through `client`.
    pub fn new(client: ChainClient) -> Self {
        Self { client }
    }

    /// The connection it asks through.
    pub fn client(&self) -> &ChainClient {
        &self.client
    }

    async fn state(&self) -> Result<StateAt, ChainError> {
        self.client.at_finalized().await
    }
}

impl DaState for NodeState {
    fn genesis(&self) -> [u8; 32] {
        self.client.genesis_hash().0
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.client.finalized_heads()
    }

    async fn parameters(&self) -> Result<Parameters, ChainError> {
        self.state().await?.da_parameters().await
    }

    async fn submission(
        &self,
        submission: SubmissionId,
    ) -> Result<Option<SubmissionInfo>, ChainError> {
        self.state().await?.submission(submission).await
    }

    async fn submissions_of(
        &self,
        commitment: Commitment,
        after: Option<SubmissionId>,
    ) -> Result<SubmissionPage, ChainError> {
        let state = self.state().await?;
        state.submissions_of(&commitment, after, PAGE).await
    }

    async fn committee(&self, era: EraIndex) -> Result<Option<CommitteeInfo>, ChainError> {
        self.state().await?.committee(era).await
    }

    async fn endpoint(&self, provider: AccountId) -> Result<Option<String>, ChainError> {
        let state = self.state().await?;
        let record = state.provider(Role::DataAvailability, &provider).await?;
        Ok(record.map(|record| record.endpoint))
    }
}

/// A node, and the key that submits to it: a gateway's own, or the operator key of a seat.
#[derive(Clone, Debug)]
pub struct NodeChain {
    state: NodeState,
    submitter: Submitter,
}

impl NodeChain {
    /// Asks through `client` and submits with `key`. Must be called within a Tokio runtime.
    pub fn new(client: ChainClient, key: SigningKey) -> Self {
        let submitter = Submitter::new(client.clone(), key);
        let state = NodeState::new(client);
        Self { state, submitter }
    }

    /// The connection it asks through.
    pub fn client(&self) -> &ChainClient {
        self.state.client()
    }

    pub(crate) async fn submit_call(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submitter.submit(call).await
    }

    async fn call(&self, call: DaCall) -> Result<Finalized, SubmitError> {
        self.submit_call(Call::Da(Box::new(call))).await
    }
}

impl DaState for NodeChain {
    fn genesis(&self) -> [u8; 32] {
        self.state.genesis()
    }

    fn heads(&self) -> watch::Receiver<Head> {
        self.state.heads()
    }

    async fn parameters(&self) -> Result<Parameters, ChainError> {
        self.state.parameters().await
    }

    async fn submission(
        &self,
        submission: SubmissionId,
    ) -> Result<Option<SubmissionInfo>, ChainError> {
        self.state.submission(submission).await
    }

    async fn submissions_of(
        &self,
        commitment: Commitment,
        after: Option<SubmissionId>,
    ) -> Result<SubmissionPage, ChainError> {
        self.state.submissions_of(commitment, after).await
    }

    async fn committee(&self, era: EraIndex) -> Result<Option<CommitteeInfo>, ChainError> {
        self.state.committee(era).await
    }

    async fn endpoint(&self, provider: AccountId) -> Result<Option<String>, ChainError> {
        self.state.endpoint(provider).await
    }
}

impl DaCalls for NodeChain {
    fn account(&self) -> AccountId {
        self.submitter.account()
    }

    async fn quote(
        &self,
        size: u32,
        namespace: Namespace,
        days: u8,
    ) -> Result<Option<Quote>, ChainError> {
        let state = self.state.state().await?;
        state.da_quote(size, &namespace, days).await
    }

    async fn submit(&self, submission: NewSubmission) -> Result<SubmissionId, SubmitError> {
        let done = self
            .call(DaCall::Submit {
                commitment: submission.commitment,
                size: submission.size,
                content: submission.content,
                namespace: submission.namespace,
                days: submission.days,
                max_fee: submission.max_fee,
            })
            .await?;
        let event = done.event("DataAvailability", "Submitted");
        let number = event.and_then(|event| {
            let number = event.fields.get("submission")?;
            // Numbers beyond 2^53 are text in JSON.
            number.as_u64().or_else(|| number.as_str()?.parse().ok())
        });
        if let Some(number) = number {
            return Ok(number);
        }
        // The call succeeded without its event: the runtime is another than this program knows.
        let state = self.state.client.at(done.block).await?;
        Err(SubmitError::Chain(ChainError::Incompatible {
            spec_version: state.spec_version(),
            what: "DataAvailability::Submitted".to_owned(),
            reason: "the call raised no event with the submission's number".to_owned(),
        }))
    }

    async fn attest(
        &self,
        submission: SubmissionId,
        seats: SeatSet,
        signature: SignatureBytes,
    ) -> Result<(), SubmitError> {
        self.call(DaCall::Attest {
            submission,
            bits: seats.to_bytes(),
            signature: signature.0,
        })
        .await?;
        Ok(())
    }
}

impl RowAudits for NodeChain {
    async fn asked(&self, provider: AccountId) -> Result<Option<Asked>, ChainError> {
        let state = self.state.state().await?;
        let Some(asked) = state.row_challenges(&provider).await? else {
            return Ok(None);
        };
        let mut rows = Vec::with_capacity(asked.rows.len());
        for row in asked.rows {
            let shape = Shape::of(row.size.into()).map_err(|fault| ChainError::Incompatible {
                spec_version: state.spec_version(),
                what: "RowAuditsApi::row_challenges".to_owned(),
                reason: fault.to_string(),
            })?;
            rows.push(AskedRow {
                index: row.index,
                commitment: row.commitment,
                shape,
                row: row.row,
                answered: row.answered,
            });
        }
        Ok(Some(Asked {
            round: asked.round,
            until: asked.until,
            rows,
        }))
    }

    async fn most_answers(&self) -> Result<usize, ChainError> {
        let most = self.state.state().await?.max_row_challenges()?;
        Ok(usize::try_from(most).unwrap_or(usize::MAX))
    }

    async fn answer(
        &self,
        _provider: AccountId,
        round: u32,
        answers: Vec<(u8, RowProof)>,
    ) -> Result<(), SubmitError> {
        // The chain knows whose operator signs.
        self.call(DaCall::Answer { round, answers }).await?;
        Ok(())
    }
}
