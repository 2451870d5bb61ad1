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

/// What became of the pay of a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled<Balance> {
    /// Went to the provider and its delegators.
    pub paid: Balance,
    /// Went to the fund for repair.
    pub forfeited: Balance,
    /// Waits for the next round.
    pub carried: Balance,
}

/// Pays providers for rounds. Audits tell it how each ended.
pub trait Payroll<AccountId, Balance> {
    /// Settles the pay of `round`. Rounds are settled in order, each once: a round that is settled
    /// already changes nothing, and one that was passed over had nothing to pay. Never fails: what
    /// cannot be paid out goes elsewhere.
    fn settle(provider: &AccountId, round: RoundIndex, outcome: Outcome) -> Settled<Balance>;

    /// The provider's first round that is not settled, if anything is owed to it for that round or a
    /// later one.
    fn next(provider: &AccountId) -> Option<RoundIndex>;
}

/// No pay: nothing is owed to anybody.
impl<AccountId, Balance: Default> Payroll<AccountId, Balance> for () {
    fn settle(_provider: &AccountId, _round: RoundIndex, _outcome: Outcome) -> Settled<Balance> {
        Settled::default()
    }

    fn next(_provider: &AccountId) -> Option<RoundIndex> {
        None
    }
}
