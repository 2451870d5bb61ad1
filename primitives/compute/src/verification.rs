//! How answers can be checked.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::{Descriptor, Receipt};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use core::fmt;
use scale_info::TypeInfo;

/// By what answers of a service can be checked. A new version of a mode is a variant of its own, so that what was announced
/// never changes its meaning.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum VerificationMode {
    /// By nothing: the receipt proves what the provider said, not that it computed it.
    #[codec(index = 0)]
    None,
}

impl VerificationMode {
    /// The words that stand wherever a service of this mode is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "unverified",
        }
    }
}

impl fmt::Display for VerificationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What looking at evidence came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing was proven, neither way.
    Unverified,
    /// The answer is what the model gives.
    Verified,
    /// It is not.
    Refuted,
}

/// What a verdict may depend on beside the receipt and the evidence.
#[derive(Clone, Copy, Debug)]
pub struct VerificationContext<'a> {
    /// Milliseconds since 1970 by the clock of whoever checks: certificates are valid for a time.
    pub now: u64,
    /// SCALE of the account that names the key which signed the receipt, as the channel froze it: a quote binds the key of the machine that it vouches for.
    pub key: &'a [u8],
    /// What the provider says about the service: the model and weights that must have answered.
    pub descriptor: &'a Descriptor,
}

/// A way to check answers: one for each mode. Another form of evidence, or another rule for it, is another mode; there is no version beside it.
pub trait Verification {
    /// The mode that stands behind it.
    const MODE: VerificationMode;
    /// What is looked at beside the receipt.
    type Evidence;

    /// Whether the evidence shows that the answer which the receipt binds is right. Whoever calls this has checked the
    /// receipt's signature and hashes before.
    fn verify(
        context: &VerificationContext<'_>,
        receipt: &Receipt,
        evidence: &Self::Evidence,
    ) -> Verdict;
}

/// [`VerificationMode::None`]: there is no evidence, and so never a verdict.
#[derive(Clone, Copy, Debug)]
pub struct Unverified;

impl Verification for Unverified {
    const MODE: VerificationMode = VerificationMode::None;
    type Evidence = ();

    fn verify(_context: &VerificationContext<'_>, _receipt: &Receipt, _evidence: &()) -> Verdict {
        Verdict::Unverified
    }
}
