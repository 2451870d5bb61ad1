//! What rounds earn.
#![allow(
    clippy::as_conversions,
    reason = "the derives of codec and scale-info cast the indices of variants"
)]

use crate::RoundIndex;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// How a round ended for a provider, as far as its pay goes.
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
pub enum Outcome {
    /// It is paid, with whatever was carried.
    #[codec(index = 0)]
    Passed,
    /// It is not, nor is what was carried: that is for repair.
    #[codec(index = 1)]
    Missed,
    /// There was no challenge for anybody. The round's pay is carried to the next round that is not
    /// skipped, and shares its fate.
    #[codec(index = 2)]
    Skipped,
}

/// Pays providers for rounds. Audits tell it how each ended.
pub trait Payroll<AccountId> {
    /// Settles the pay of `round`. Rounds are settled in order, each once: for one that is settled
    /// already it does nothing, and rounds that were passed over had nothing to challenge. Forfeited
    /// rounds come as missed, rounds in which nothing was asked as passed while something is owed.
    /// Never fails: what cannot be paid out goes elsewhere.
    fn settle(provider: &AccountId, round: RoundIndex, outcome: Outcome);

    /// The provider's first round that is not settled, if anything is owed to it for that round or a
    /// later one.
    fn next(provider: &AccountId) -> Option<RoundIndex>;
}

/// No pay: nothing is owed to anybody.
impl<AccountId> Payroll<AccountId> for () {
    fn settle(_provider: &AccountId, _round: RoundIndex, _outcome: Outcome) {}

    fn next(_provider: &AccountId) -> Option<RoundIndex> {
        None
    }
}
