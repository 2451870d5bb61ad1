//! The version of this runtime.

use alloc::borrow::Cow;
use sp_version::RuntimeVersion;

/// The version that clients and wallets compare.
///
/// A release raises `spec_version`; a change of the encoding of calls or of the extension pipeline
/// raises `transaction_version` too. `system_version` 3 delays an upgrade by two blocks, so that
/// every node has the new code prepared when its first block comes, and makes state version 1
/// (values over 32 bytes are stored by hash).
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("noema"),
    impl_name: Cow::Borrowed("noema"),
    authoring_version: 1,
    spec_version: 100,
    impl_version: 1,
    apis: crate::apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 3,
};
