//! What can go wrong with stored rows.

use std::{io, path::PathBuf};

use noema_da_primitives::RowError;
use noema_journal::JournalError;

use crate::chain::SubmissionId;

/// Why rows cannot be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory cannot be used.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The records cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record cannot be understood.
    #[error("the record of submission {submission} is damaged")]
    DamagedRecord {
        /// Which.
        submission: SubmissionId,
    },
    /// Rows without records.
    #[error("{path} is missing, and there are rows that were signed for: put it back, or move the data directory away if they are lost")]
    NoRecords {
        /// The database of records.
        path: PathBuf,
    },
    /// Somebody else sends the same rows.
    #[error(
        "{most} uploads of submission {submission} are under way; try again when they are over"
    )]
    UnderWay {
        /// Which.
        submission: SubmissionId,
        /// How many there may be.
        most: usize,
    },
    /// They are there.
    #[error("the rows of submission {submission} are here already")]
    Held {
        /// Which.
        submission: SubmissionId,
    },
    /// The seat signed something else of this submission.
    #[error("this seat has signed another attestation of submission {submission}: it signs once")]
    SignedOther {
        /// Which.
        submission: SubmissionId,
    },
    /// Of one payer so much may wait.
    #[error(
        "submissions of {found} bytes of this payer wait for attestation: at most {most} at a time"
    )]
    PayerFull {
        /// Bytes with these.
        found: u64,
        /// What may wait.
        most: u64,
    },
    /// Everything that waits has a share of the disk.
    #[error("shards of {found} bytes wait for attestation: at most {most} at a time")]
    WaitingFull {
        /// Bytes with these.
        found: u64,
        /// What may wait.
        most: u64,
    },
    /// So many may wait.
    #[error("{most} submissions wait for attestation")]
    TooManyWait {
        /// What may wait.
        most: usize,
    },
    /// The disk's part for rows is used up.
    #[error("{found} bytes would be stored: at most {most} are allowed")]
    BudgetFull {
        /// Bytes with these.
        found: u64,
        /// What may be stored.
        most: u64,
    },
    /// The disk itself is.
    #[error("{free} bytes are free on the disk: {reserve} stay free")]
    DiskFull {
        /// Bytes that are free.
        free: u64,
        /// Bytes that stay free.
        reserve: u64,
    },
    /// The seat does not hold that row.
    #[error("row {row} of submission {submission} is not one of this seat's")]
    NotHeld {
        /// Which.
        submission: SubmissionId,
        /// The row.
        row: u16,
    },
    /// A row came for which there is no place.
    #[error("{found} rows came, {expected} are this seat's")]
    WrongCount {
        /// Rows of the seat.
        expected: usize,
        /// Rows that came.
        found: usize,
    },
    /// What is on the disk is not what was written.
    #[error("row {row} of submission {submission} is damaged on the disk: {reason}")]
    DamagedRow {
        /// Which.
        submission: SubmissionId,
        /// The row.
        row: u16,
        /// What it is.
        reason: RowError,
    },
    /// The same of the combinations.
    #[error("the combinations of submission {submission} are damaged on the disk")]
    DamagedCombinations {
        /// Which.
        submission: SubmissionId,
    },
    /// The file is not there, or not whole.
    #[error("{path} has {found} bytes: expected {expected}")]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that it has.
        found: u64,
    },
    /// The program ends.
    #[error("the seat is stopping")]
    Closing,
}

impl StoreError {
    pub(super) fn io(
        what: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// Whether there is no room for now, whoever's fault it is.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(
                    source.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
                )
            }
            Self::PayerFull { .. }
            | Self::WaitingFull { .. }
            | Self::TooManyWait { .. }
            | Self::BudgetFull { .. }
            | Self::DiskFull { .. } => true,
            _ => false,
        }
    }

    /// Whether what was stored is not there any more as it was.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::DamagedRecord { .. }
                | Self::DamagedRow { .. }
                | Self::DamagedCombinations { .. }
                | Self::DamagedFile { .. }
        )
    }
}
