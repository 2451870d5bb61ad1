//! What can go wrong between a program and the chain.

use crate::types::{BlockNumber, BlockRef, Hash};

/// Reading the chain failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The address of the node is not usable.
    #[error("{url:?} is no node address: expected ws:// or wss:// with host and port ({reason})")]
    BadUrl {
        /// The address as given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No node answered.
    #[error("no node answers at {url} within {seconds} s: is it running, and is its RPC port right? ({reason})")]
    Unreachable {
        /// The address of the node.
        url: String,
        /// How long was waited.
        seconds: u64,
        /// What the transport says.
        reason: String,
    },
    /// The node took too long for one answer; it may be reconnecting.
    #[error("the node at {url} gave no answer to {what} within {seconds} s; the client keeps reconnecting, try again")]
    Timeout {
        /// The address of the node.
        url: String,
        /// What was asked.
        what: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// The node answered with an error.
    #[error("the node refused {what}: {reason}")]
    Rpc {
        /// What was asked.
        what: &'static str,
        /// The node's answer.
        reason: String,
    },
    /// The node keeps its keystore to callers on its own machine.
    #[error("the node at {url} does not tell {what} (`{method}`): nodes answer that on their own machine only, and not with --rpc-methods safe ({reason})")]
    NotAllowed {
        /// The address of the node.
        url: String,
        /// What was asked for.
        what: &'static str,
        /// The method that was called.
        method: &'static str,
        /// The node's answer.
        reason: String,
    },
    /// The node does not have the block, or not its state any more.
    #[error("block {hash} is not known to the node or its state is pruned; read at a newer block")]
    BlockUnavailable {
        /// The block asked for.
        hash: Hash,
    },
    /// The node now serves a different chain.
    #[error("the node serves another chain: expected genesis {expected}, found {found}; check the node's address and chain specification")]
    WrongGenesis {
        /// The chain this client connected to.
        expected: Hash,
        /// The chain the node serves now.
        found: Hash,
    },
    /// The runtime lacks something or shapes it differently from what this program knows.
    #[error("the runtime (spec version {spec_version}) does not offer {what} as this program knows it: {reason}; update the program")]
    Incompatible {
        /// Version of the runtime at the block read.
        spec_version: u32,
        /// The storage entry, call or constant.
        what: String,
        /// How they differ.
        reason: String,
    },
}

/// A call was executed and failed. The chain's state is as before, except for the fee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct DispatchFailure {
    /// Name of the pallet, if a pallet raised it.
    pub pallet: Option<String>,
    /// Name of the error, for example `TooManyReplicas`.
    pub name: String,
    /// What the error means, from the runtime's own documentation; may be empty.
    pub docs: String,
}

impl DispatchFailure {
    fn text(&self) -> String {
        let name = match &self.pallet {
            Some(pallet) => format!("{pallet}::{}", self.name),
            None => self.name.clone(),
        };
        if self.docs.is_empty() {
            name
        } else {
            format!("{name}: {}", self.docs)
        }
    }

    /// Whether this is error `name` of pallet `pallet`.
    pub fn is(&self, pallet: &str, name: &str) -> bool {
        self.pallet.as_deref() == Some(pallet) && self.name == name
    }
}

/// Submitting a call failed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The call was executed in a finalised block and failed.
    #[error("the call failed in block {}: {failure}", block.number)]
    Dispatch {
        /// Why, decoded.
        failure: DispatchFailure,
        /// The finalised block.
        block: BlockRef,
        /// Hash of the transaction.
        tx: Hash,
    },
    /// The node did not accept the transaction. Nothing was executed.
    #[error("the node refuses the transaction: {reason}")]
    Rejected {
        /// The node's answer.
        reason: String,
    },
    /// The account cannot pay the fee, or does not exist. Nothing was executed.
    #[error("{account} cannot pay the fee: it needs a balance above the existential deposit; send funds to it first")]
    CannotPay {
        /// The signing account.
        account: crate::AccountId,
    },
    /// No finalised block held the transaction in time. It can still be executed until
    /// `dead_after` is finalised, and never after that.
    #[error("the transaction was not finalised within {seconds} s (it can still be included until block {dead_after}); is the chain finalising?")]
    NotFinalized {
        /// How long was waited.
        seconds: u64,
        /// Last block that may include it.
        dead_after: BlockNumber,
    },
    /// The call cannot be built or encoded for the present runtime.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The submitter was stopped while the call was waiting.
    #[error("the submitter was stopped before the call was finalised")]
    Stopped,
}

impl SubmitError {
    /// The decoded failure of the call, if it was executed and failed.
    pub fn dispatch(&self) -> Option<&DispatchFailure> {
        match self {
            SubmitError::Dispatch { failure, .. } => Some(failure),
            _ => None,
        }
    }
}
