//! Where vouchers and receipts travel. Their form is [`SignedVoucher::to_text`](crate::SignedVoucher::to_text).

/// The request header with the voucher.
pub const VOUCHER_HEADER: &str = "noema-voucher";
/// The response header with the receipt of an answer that is a whole.
pub const RECEIPT_HEADER: &str = "noema-receipt";
/// The server-sent event with the receipt of a stream.
pub const RECEIPT_EVENT: &str = "noema-receipt";
