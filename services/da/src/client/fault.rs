//! What seats do wrong.

use noema_chain_client::AccountId;
use noema_transport::UrlError;

use crate::{
    bls::SignatureError,
    coding::{VerifyError, WireError},
    wire::ErrorDetail,
};

/// Why a seat gave nothing of use.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeatFault {
    /// The chain has no endpoint for it, or none that clients use.
    #[error("it has no endpoint: {0}")]
    NoEndpoint(String),
    /// It does not answer.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// It answers too slowly, or stopped in the middle.
    #[error("it is too slow, or stopped in the middle")]
    TooSlow,
    /// It refuses.
    #[error("it refuses ({status}, {}): {}", detail.code, detail.message)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        detail: ErrorDetail,
    },
    /// Its answer is not what was asked for.
    #[error("its answer is malformed: {0}")]
    Malformed(String),
    /// Bytes that are no rows.
    #[error("its answer is malformed: {0}")]
    Wire(#[from] WireError),
    /// Rows or combinations that are not the blob's.
    #[error("it lies: {0}")]
    WrongRow(#[from] VerifyError),
    /// A signature that is not its own of this submission.
    #[error("it lies: {0}")]
    WrongSignature(#[from] SignatureError),
}

impl SeatFault {
    /// Whether it gave something wrong, and not only nothing: nobody who follows the rules does.
    pub fn is_lie(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_) | Self::Wire(_) | Self::WrongRow(_) | Self::WrongSignature(_)
        )
    }

    /// A word for it, of a fixed set.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoEndpoint(_) => "no_endpoint",
            Self::Unreachable(_) => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Refused { .. } => "refused",
            Self::Malformed(_) | Self::Wire(_) => "malformed",
            Self::WrongRow(_) => "wrong_row",
            Self::WrongSignature(_) => "wrong_signature",
        }
    }
}

impl From<UrlError> for SeatFault {
    fn from(error: UrlError) -> Self {
        Self::NoEndpoint(error.to_string())
    }
}

/// A seat that gave nothing of use, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatReport {
    /// Its place in the committee.
    pub seat: usize,
    /// Whose it is.
    pub provider: AccountId,
    /// What it did.
    pub fault: SeatFault,
}

impl std::fmt::Display for SeatReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seat {} of {}: {}", self.seat, self.provider, self.fault)
    }
}
