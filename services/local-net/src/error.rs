//! What can go wrong while a local network starts, runs or stops.

use std::{io, path::PathBuf};

/// A failure of the local network; the text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program that the network runs was not found.
    #[error(
        "the program `{name}` was not found (looked at: {searched}); build it with `make build`, or \
         name its directory with NOEMA_BIN_DIR"
    )]
    BinaryMissing {
        /// File name of the program.
        name: &'static str,
        /// The paths that were tried, separated by commas.
        searched: String,
    },
    /// A daemon has no usable TLS key.
    #[error(transparent)]
    Identity(#[from] noema_transport::IdentityError),
    /// Another local network runs on the same data directory.
    #[error(
        "{} is in use by another local network{}; stop that one or choose another data directory",
        dir.display(),
        owner.as_deref().map(|o| format!(" (process {o})")).unwrap_or_default()
    )]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// Process id of the network that holds it, when it could be read.
        owner: Option<String>,
    },
    /// The data directory holds something else.
    #[error(
        "{} is not empty and was not made by `noema up`; choose another data directory",
        dir.display()
    )]
    ForeignDirectory {
        /// The data directory.
        dir: PathBuf,
    },
    /// The data directory holds a network of another shape, which cannot be changed after genesis.
    #[error(
        "{} holds a network with {found} validator(s), but {expected} were asked for; use the same \
         number, or another data directory",
        dir.display()
    )]
    OtherValidators {
        /// The data directory.
        dir: PathBuf,
        /// Validators asked for now.
        expected: usize,
        /// Validators of the network on disk.
        found: usize,
    },
    /// The shape asked for is impossible.
    #[error("{0}")]
    BadShape(String),
    /// An operation on a file or directory failed.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb phrase.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A process could not be started.
    #[error("cannot start {name}: {source}")]
    Spawn {
        /// Name of the process in this network.
        name: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A process was asked to start while it runs.
    #[error("{name} runs already")]
    RunsAlready {
        /// Name of the process in this network.
        name: String,
    },
    /// No free port was found.
    #[error("no free TCP port was found on 127.0.0.1 for {what}")]
    NoPort {
        /// What the port was for.
        what: &'static str,
    },
    /// A process took another port than the one it was given.
    #[error("{name} could not take port {port}, another program has it: {line}")]
    PortTaken {
        /// Name of the process in this network.
        name: String,
        /// The port it was given.
        port: u16,
        /// The line of its log that says so.
        line: String,
    },
    /// A process ended by itself.
    #[error("{0}")]
    Died(#[from] Crash),
    /// A process did not become ready in time.
    #[error("{name} was not ready after {seconds} s: {why}; its last log lines:\n{tail}")]
    NotReady {
        /// Name of the process in this network.
        name: String,
        /// How long it was waited for, in seconds.
        seconds: u64,
        /// What was missing at the last look.
        why: String,
        /// The last lines of its log.
        tail: String,
    },
    /// The chain did not do what was asked.
    #[error("cannot {what}: {why}")]
    Chain {
        /// What was tried, as a verb phrase.
        what: String,
        /// What the chain or the connection answered.
        why: String,
    },
}

/// A process that ended without having been told to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} ended unexpectedly ({status}); its last log lines:\n{tail}")]
pub struct Crash {
    /// Name of the process in this network.
    pub name: String,
    /// Exit code or signal, in words.
    pub status: String,
    /// The last lines of its log.
    pub tail: String,
}

impl Error {
    /// For `map_err`: an [`Error::Io`] about `path`.
    pub(crate) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }
}
