//! Where vouchers and receipts travel, and the routes that are paid for. Their form is [`SignedVoucher::to_text`](crate::SignedVoucher::to_text).

use noema_compute_primitives::ServiceKind;

use crate::openai::Route;

/// The request header with the voucher.
pub const VOUCHER_HEADER: &str = "noema-voucher";
/// The response header with the receipt of an answer that is a whole.
pub const RECEIPT_HEADER: &str = "noema-receipt";
/// The server-sent event with the receipt of a stream.
pub const RECEIPT_EVENT: &str = "noema-receipt";

/// Where jobs are ordered.
pub const JOBS_PATH: &str = "/v1/jobs";
/// What is hashed of that route: method and path.
pub const JOBS_ROUTE: &str = "POST /v1/jobs";

/// What requests are paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaidRoute {
    /// Something of OpenAI's interface.
    Model(Route),
    /// Jobs.
    Jobs,
}

impl PaidRoute {
    /// The path.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Model(route) => route.path(),
            Self::Jobs => JOBS_PATH,
        }
    }

    /// What is hashed of it: method and path.
    pub const fn hashed(self) -> &'static str {
        match self {
            Self::Model(route) => route.hashed(),
            Self::Jobs => JOBS_ROUTE,
        }
    }

    /// The kind of service that answers.
    pub const fn kind(self) -> ServiceKind {
        match self {
            Self::Model(route) => route.kind(),
            Self::Jobs => ServiceKind::Job,
        }
    }
}
