//! What the queue needs of a chain.

use std::future::Future;

use tokio::sync::watch;

use crate::{
    call::Call,
    error::{ChainError, DispatchFailure},
    events::ChainEvent,
    follower::Head,
    types::{AccountId, Balance, BlockNumber, BlockRef, Hash},
};

/// A signed transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignedTx {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: Hash,
    /// The block from which on it is valid.
    pub(crate) birth: BlockNumber,
    /// The last block that can include it.
    pub(crate) dead_after: BlockNumber,
}

/// Why a node does not take a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It has it.
    Known,
    /// The account cannot pay.
    CannotPay,
    /// The nonce was used, in a block or by another transaction that waits.
    NonceUsed,
    /// Signed for another runtime or fork: sign it again.
    Unfit(String),
    /// Not now.
    Later(String),
    /// Never.
    Never(String),
    /// Nobody answers; whether the node has it is not known.
    NoAnswer(String),
}

/// How a transaction ended.
pub(crate) type Outcome = Result<Vec<ChainEvent>, DispatchFailure>;

/// A chain to which one key submits.
pub(crate) trait TxBackend: Send + Sync + 'static {
    /// The signing account.
    fn account(&self) -> AccountId;

    /// Finalised blocks.
    fn heads(&self) -> watch::Receiver<Head>;

    /// The next nonce of the account, counting what waits in the pool.
    fn next_nonce(&self) -> impl Future<Output = Result<u64, ChainError>> + Send;

    /// The account's nonce in the state of a finalised block.
    fn nonce_at(&self, block: BlockRef) -> impl Future<Output = Result<u64, ChainError>> + Send;

    /// Signs `call` for the present runtime.
    fn sign(
        &self,
        call: &Call,
        nonce: u64,
        tip: Balance,
    ) -> impl Future<Output = Result<SignedTx, ChainError>> + Send;

    /// Gives a transaction to the node.
    fn broadcast(&self, tx: &SignedTx) -> impl Future<Output = Result<(), Refusal>> + Send;

    /// Hashes of the transactions in a finalised block, in order.
    fn transactions(
        &self,
        number: BlockNumber,
    ) -> impl Future<Output = Result<(BlockRef, Vec<Hash>), ChainError>> + Send;

    /// How these transactions of a finalised block ended, in the same order.
    fn outcomes(
        &self,
        block: BlockRef,
        indices: &[usize],
    ) -> impl Future<Output = Result<Vec<Outcome>, ChainError>> + Send;
}
