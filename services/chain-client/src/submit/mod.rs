//! Submitting calls until they are final.
//!
//! [`Submitter`] is the handle, [`queue`] the task that owns the nonces, [`backend`] what the queue
//! needs of a chain, [`node`] that for a real node.

mod backend;
mod node;
pub(crate) mod outcome;
mod queue;
#[cfg(test)]
mod tests;
mod unsigned;

use std::{sync::Arc, time::Duration};

use node::Node;
use queue::{Command, Queue};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    call::Call,
    client::ChainClient,
    error::{ChainError, SubmitError},
    events::ChainEvent,
    keys::SigningKey,
    types::{AccountId, Balance, BlockRef, Hash},
};

/// Calls that may wait to be signed.
const WAITING: usize = 256;

/// How a call is submitted.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
    /// How long to wait for finality.
    pub timeout: Duration,
    /// What may be added to the fee, in the smallest unit, when the call is not in a block after some time. It is raised step by step, with the same nonce, and paid also
    /// where the fee is given back.
    pub max_tip: Balance,
}

impl Default for SubmitOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(180),
            max_tip: 0,
        }
    }
}

/// A call that was executed successfully in a finalised block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finalized {
    /// The finalised block.
    pub block: BlockRef,
    /// Hash of the transaction.
    pub tx: Hash,
    /// What it raised.
    pub events: Vec<ChainEvent>,
}

impl Finalized {
    /// The first event `name` of pallet `pallet`.
    pub fn event(&self, pallet: &str, name: &str) -> Option<&ChainEvent> {
        self.events.iter().find(|event| event.is(pallet, name))
    }
}

/// Signs and submits calls with one key. Cloning is cheap; clones share the queue, so that nonces
/// follow each other. Several calls may be under way at once; they are executed in order.
///
/// A call is executed at most once: a transaction that was lost is replaced by one with the same
/// nonce, and gets another nonce only when every earlier one is expired or its nonce was used by
/// someone else, in finalised state.
#[derive(Clone, Debug)]
pub struct Submitter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: ChainClient,
    key: SigningKey,
    commands: mpsc::Sender<Command>,
    _queue: AbortOnDropHandle<()>,
}

impl Submitter {
    /// Starts a queue for `key`. Must be called within a Tokio runtime.
    pub fn new(client: ChainClient, key: SigningKey) -> Self {
        let (commands, receiver) = mpsc::channel(WAITING);
        let queue = Queue::new(Node::new(client.clone(), key.clone()), receiver);
        let queue = AbortOnDropHandle::new(tokio::spawn(queue.run()));
        Self {
            inner: Arc::new(Inner {
                client,
                key,
                commands,
                _queue: queue,
            }),
        }
    }

    /// The signing account.
    pub fn account(&self) -> AccountId {
        self.inner.key.account()
    }

    /// The connection it submits to.
    pub fn client(&self) -> &ChainClient {
        &self.inner.client
    }

    /// Submits `call` and waits until it is final, with default options.
    pub async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submit_with(call, SubmitOptions::default()).await
    }

    /// Submits `call` and waits until it is final. Whatever is lost on the way (connection, pool,
    /// node restart, runtime upgrade) is submitted again without ever being executed twice.
    /// Dropping the future does not take the call back.
    pub async fn submit_with(
        &self,
        call: Call,
        options: SubmitOptions,
    ) -> Result<Finalized, SubmitError> {
        let (answer, answered) = oneshot::channel();
        let command = Command {
            call,
            timeout: options.timeout,
            max_tip: options.max_tip,
            answer,
        };
        self.inner
            .commands
            .send(command)
            .await
            .map_err(|_| SubmitError::Stopped)?;
        answered.await.map_err(|_| SubmitError::Stopped)?
    }

    /// What the fee of `call` would be now, in the smallest unit.
    pub async fn estimate_fee(&self, call: &Call) -> Result<Balance, ChainError> {
        Node::new(self.inner.client.clone(), self.inner.key.clone())
            .estimate_fee(call)
            .await
    }
}
