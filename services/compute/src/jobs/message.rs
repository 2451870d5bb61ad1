//! What gateway and runner say to each other. Both are of the same build: there are no versions.

use codec::{Decode, Encode};
use noema_compute_engine::{
    form::Piece,
    job::{FileId, Job, Limits, Source},
};

/// Number of a job, given by the gateway.
pub(super) type JobNumber = u64;
/// Number of a file that the runner asks for, given by the runner.
pub(super) type FetchNumber = u64;

/// Bytes of a file in one message.
pub(super) const FILE_PART: usize = 256 << 10;

/// A module or an input.
#[derive(Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub enum Given {
    /// Here it is.
    #[codec(index = 0)]
    Bytes(Vec<u8>),
    /// A stored file, for which the runner asks when its turn has come.
    #[codec(index = 1)]
    File {
        /// Its id.
        id: [u8; 32],
        /// Its size in bytes.
        size: u64,
    },
}

impl Given {
    pub(super) fn of(piece: &Piece) -> Self {
        match piece {
            Piece::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
            Piece::File { id, size } => Self::File {
                id: id.0,
                size: *size,
            },
        }
    }

    fn source(self) -> Source {
        match self {
            Self::Bytes(bytes) => Source::Bytes(bytes.into()),
            Self::File { id, .. } => Source::File(FileId(id)),
        }
    }
}

/// To the runner.
#[derive(Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub enum ToRunner {
    /// Runs a job.
    #[codec(index = 0)]
    Order {
        /// Its number.
        job: JobNumber,
        /// Its module.
        module: Given,
        /// Its inputs.
        inputs: Vec<Given>,
        /// Fuel that it may use.
        fuel: u64,
        /// Bytes of memory.
        memory: u32,
        /// Bytes of output.
        output: u32,
    },
    /// Asks for the next that a running job says. One question at a time.
    #[codec(index = 1)]
    Next {
        /// Which job.
        job: JobNumber,
    },
    /// Ends a job.
    #[codec(index = 2)]
    Stop {
        /// Which job.
        job: JobNumber,
    },
    /// The next bytes of a file.
    #[codec(index = 3)]
    Part {
        /// By the runner's number.
        fetch: FetchNumber,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// All of a file was sent, or there is no more of it.
    #[codec(index = 4)]
    Fetched {
        /// By the runner's number.
        fetch: FetchNumber,
        /// Why not, if not.
        result: Result<(), FileFault>,
    },
}

/// Why a file does not come.
#[derive(Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub enum FileFault {
    /// The chain knows of none.
    #[codec(index = 0)]
    Unknown,
    /// It has another size than the order says.
    #[codec(index = 1)]
    Size {
        /// The size that it has.
        found: u64,
    },
    /// It cannot be had now.
    #[codec(index = 2)]
    Failed(String),
}

/// Why a job does not start.
#[derive(Clone, Copy, Debug, Decode, Encode, PartialEq, Eq)]
pub enum RefusalKind {
    /// The module is none that is run here.
    #[codec(index = 0)]
    Module,
    /// The chain knows no such file.
    #[codec(index = 1)]
    FileUnknown,
    /// A file has another size than the order says.
    #[codec(index = 2)]
    FileSize,
    /// What storage gave is another file.
    #[codec(index = 3)]
    FileWrong,
    /// A file cannot be had now.
    #[codec(index = 4)]
    FileFailed,
    /// It asks for more than is given here.
    #[codec(index = 5)]
    Limits,
    /// Too many wait.
    #[codec(index = 6)]
    Busy,
    /// Something here failed.
    #[codec(index = 7)]
    Fault,
}

/// From the runner.
#[derive(Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub enum FromRunner {
    /// It is there, and nothing was read of it before.
    #[codec(index = 0)]
    Ready,
    /// Asks for a file of a job's.
    #[codec(index = 1)]
    Fetch {
        /// The job for which it is.
        job: JobNumber,
        /// The runner's number for it.
        fetch: FetchNumber,
        /// Its id.
        id: [u8; 32],
    },
    /// A job runs.
    #[codec(index = 2)]
    Started {
        /// Which one.
        job: JobNumber,
    },
    /// A job does not run.
    #[codec(index = 3)]
    Refused {
        /// Which one.
        job: JobNumber,
        /// Why.
        kind: RefusalKind,
        /// In words.
        why: String,
    },
    /// The output of a job goes on.
    #[codec(index = 4)]
    Output {
        /// Which one.
        job: JobNumber,
        /// At most 64 KiB.
        bytes: Vec<u8>,
    },
    /// How far a job is, by its own word.
    #[codec(index = 5)]
    Progress {
        /// Which one.
        job: JobNumber,
        /// Done.
        done: u64,
        /// Of.
        total: u64,
    },
    /// A job ended by itself.
    #[codec(index = 6)]
    Ended {
        /// Which one.
        job: JobNumber,
        /// [`noema_compute_engine::form::Ended`] in JSON.
        report: String,
    },
    /// A job was ended, as it was asked for.
    #[codec(index = 7)]
    Stopped {
        /// Which one.
        job: JobNumber,
        /// Fuel that it used.
        fuel: u64,
    },
    /// A job broke off: no result, by no fault of its own.
    #[codec(index = 8)]
    Broke {
        /// Which one.
        job: JobNumber,
        /// Why.
        why: String,
    },
    /// It takes no more orders, and ends when it has none: it has worked enough.
    #[codec(index = 9)]
    Retiring,
}

/// An order as the runner's library has it.
pub(super) fn job_of(module: Given, inputs: Vec<Given>, limits: Limits) -> Job {
    Job {
        module: module.source(),
        inputs: inputs.into_iter().map(Given::source).collect(),
        limits,
    }
}
