//! Why an upgrade could not be checked.

use std::{io, path::PathBuf};

/// The check could not be made. What is wrong with an upgrade is no error here but a finding in the [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The node does not answer, or not with what was asked for.
    #[error("cannot fetch the state from {url}: {what}: {reason}")]
    Fetch {
        /// Address of the node.
        url: String,
        /// What was asked for.
        what: &'static str,
        /// Why it did not come.
        reason: String,
    },
    /// What was read is not the state that the block's header names.
    #[error("the state is incomplete or damaged: its root is {found:?}, the header of block {number} says {expected:?}")]
    WrongRoot {
        /// The block.
        number: u32,
        /// Root in the header.
        expected: noema_core::Hash,
        /// Root of what was read.
        found: noema_core::Hash,
    },
    /// A file cannot be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no snapshot of a state: {reason}", path.display())]
    NoSnapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The state lacks what every chain that can be checked here has.
    #[error("the state has no {what}: only chains that author with BABE can be checked")]
    Missing {
        /// What is not there.
        what: &'static str,
    },
    /// The runtime that the chain runs today does not do what it does on the chain.
    #[error("the chain's present runtime fails at {what}: {reason}")]
    Present {
        /// What it was asked to do.
        what: String,
        /// How it failed.
        reason: String,
    },
}
